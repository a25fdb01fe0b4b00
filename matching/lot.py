"""A lot and its whole life: announced → open ⇄ frozen → (knocked down →) sold | passed | withdrawn.

`decide` maps (lot, command, time given) to events or a refusal and changes nothing; `apply` takes an event over.
The same events always give the same lot (`digest`), so a journal is enough to rebuild it.

Belongs here: the life that every format shares, and the running of a programme of phases.
Does not belong here: what a particular format accepts (see `matching.phases`).
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from itertools import islice
from typing import TypeAlias, cast

import msgspec

from matching import commands as command
from matching import events as event
from matching.events import FreezeCause, PassReason
from matching.phases import PHASES, AnyPhase
from matching.phases.phase import Decided
from matching.phases.standing import Closing, Standing
from matching.refusals import Refusal, Refused
from matching.setting import Setting
from matching.terms import LotTerms, terms_problems
from matching.units import (
    AMOUNT_MAX,
    ANNOUNCEMENT_CHARACTERS_MAX,
    NOBODY,
    Amount,
    BidderId,
    DurationUs,
    LotId,
    Paddle,
    Quantity,
    Sequence,
    StaffId,
    TimeUs,
)

BIDDERS_MAX = 300_000
"""More than the largest known session had (277,889 applicants for car plates)."""

WHOLE = 10_000
"""All the shares of joint bidders together, in basis points."""

CLOCK: StaffId = 0
"""Who acts when nobody did: the engine's clock."""

LOT_EVENTS = frozenset(
    {
        event.LotAnnounced,
        event.ReserveSet,
        event.BidderAdmitted,
        event.LotOpened,
        event.PhaseBegan,
        event.LotFrozen,
        event.ResumptionAnnounced,
        event.LotResumed,
        event.AnnouncementMade,
        event.LotKnockedDown,
        event.WinnerDefaulted,
        event.LotSold,
        event.LotAwarded,
        event.LotPassed,
        event.LotWithdrawn,
    }
)
"""Events that change the lot itself; every other is its phase's alone."""

Decision: TypeAlias = list[event.Event] | Refused


class LotState(StrEnum):
    """Where a lot stands in its life."""

    ANNOUNCED = "announced"
    OPEN = "open"
    FROZEN = "frozen"
    KNOCKED_DOWN = "knocked_down"
    """Bidding is over; the sale waits to be confirmed, and runners-up are bound until then."""
    SOLD = "sold"
    PASSED = "passed"
    WITHDRAWN = "withdrawn"


CLOSED_STATES = frozenset({LotState.SOLD, LotState.PASSED, LotState.WITHDRAWN})
ENDED_STATES = CLOSED_STATES | {LotState.KNOCKED_DOWN}
"""Nobody can bid any more."""


class Lot(Setting):
    """State of one lot. `sequence` is the position of the last event taken over."""

    partners: dict[BidderId, Paddle] = msgspec.field(default_factory=dict)
    """Who bids jointly under the paddle of another."""
    sequence: Sequence = 0
    state: LotState = LotState.ANNOUNCED
    phase: AnyPhase | None = None
    frozen_at_us: TimeUs = 0
    resumes_at_us: TimeUs = 0
    freeze_reason: str = ""
    freeze_cause: FreezeCause | None = None
    is_reserve_set: bool = False
    winner: Paddle = NOBODY
    hammer_price: Amount = 0
    hammer_quantity: Quantity = 0
    """What the winner reached in the second dimension, where the price was capped."""
    runners_up: tuple[event.Place, ...] = ()
    defaulted: tuple[Paddle, ...] = ()
    """Who did not honour his bid, in the order in which they were called."""
    awards: tuple[event.Award, ...] = ()

    @property
    def due_at_us(self) -> TimeUs:
        """The next moment at which the clock must act on the lot; 0 for none."""
        if self.state is LotState.OPEN:
            return self.phase.due_at_us if self.phase is not None else 0
        if self.state is LotState.ANNOUNCED:
            return self.terms.opens_at_us
        return self.resumes_at_us if self.state is LotState.FROZEN else 0

    @property
    def is_closed(self) -> bool:
        """Tell whether the lot's life is over."""
        return self.state in CLOSED_STATES


def announce(given: command.AnnounceLot) -> Decision:
    """Return the first events of a new lot.

    Refuses: TERMS_INVALID.
    """
    problems = terms_problems(given.terms)
    if problems:
        return Refused(Refusal.TERMS_INVALID, detail="; ".join(map(str, problems)))
    public_terms = msgspec.structs.replace(given.terms, reserve_price=0)
    events: list[event.Event] = [event.LotAnnounced(public_terms, given.by)]
    if given.terms.reserve_price:
        events.append(event.ReserveSet(given.terms.reserve_price))
    return events


def announced(lot_id: LotId, first: event.LotAnnounced) -> Lot:
    """Return the lot that its first event starts; the event still has to be applied."""
    return Lot(lot_id, first.terms, paddles={}, ranks={})


def decide(lot: Lot, given: command.Command, at_us: TimeUs) -> Decision:
    """Return what `given`, decided at `at_us`, makes happen, or why it is refused. Changes nothing.

    Args:
        lot: the lot that the command names.
        given: the command, its identities already established.
        at_us: the engine's time for this command, never earlier than that of any event before it.

    Refuses: everything in `Refusal` except LOT_UNKNOWN and COMMAND_ID_REUSED, in its order of precedence.
    Raises: nothing.
    """
    if type(given) in command.BIDDER_COMMANDS:  # almost all there are: found without asking for each type
        return _decide_bid(lot, cast("command.BidderCommand", given), at_us)
    match given:
        case command.MeetDeadline(due_at_us=due_at_us):
            return _decide_deadline(lot, due_at_us, at_us)
        case command.AdmitBidder():
            return _decide_admission(lot, given)
        case command.OpenLot(by=by):
            return _decide_opening(lot, by, at_us)
        case command.PauseLot(by=by, reason=reason):
            return _decide_pause(lot, by, reason, at_us)
        case command.ResumeLot(by=by):
            return _decide_resumption(lot, by, at_us)
        case command.WithdrawLot(by=by, reason=reason):
            return _decide_withdrawal(lot, by, reason)
        case command.GiveFairWarning(by=by):
            return _decide_fair_warning(lot, by, at_us)
        case command.HammerLot(by=by):
            return _decide_hammer(lot, by, at_us)
        case command.SetReserve():
            return _decide_reserve(lot, given, at_us)
        case command.ConfirmSale(by=by):
            return _decide_confirmation(lot, by)
        case command.DeclareDefault(by=by, reason=reason):
            return _decide_default(lot, by, reason)
        case command.MakeAnnouncement(by=by, text=text):
            return _decide_announcement(lot, by, text)
        case command.AnnounceLot():
            return Refused(Refusal.LOT_ALREADY_ANNOUNCED)
        case (
            command.OpenOffers()
            | command.EnterScores()
            | command.CommitSeed()
            | command.RevealSeed()
            | command.PublishBeacon()
        ):
            return _decide_act(lot, given, at_us)
        case _:
            raise AssertionError("every command is a bidder's, staff's or the clock's")


def apply(lot: Lot, happened: event.Event, at_us: TimeUs) -> None:
    """Take over the next event of the lot, recorded at `at_us`."""
    lot.sequence += 1
    if type(happened) not in LOT_EVENTS:
        assert lot.phase is not None, "only a phase that runs makes anything happen"
        lot.phase.apply(happened, at_us)
        return
    match happened:
        case event.BidderAdmitted():
            _admit(lot, happened)
            if lot.phase is not None:
                lot.phase.apply(happened, at_us)
        case event.ReserveSet(amount=amount):
            lot.reserve_price = amount
            lot.is_reserve_set = True
            if lot.phase is not None:
                lot.phase.apply(happened, at_us)
        case event.LotOpened():
            lot.state = LotState.OPEN
        case event.PhaseBegan():
            terms = lot.terms.programme[happened.index]
            lot.phase = PHASES[type(terms)].begun(terms, lot, happened, _left_to(lot, happened.index), at_us)
        case event.LotFrozen():
            _freeze(lot, happened, at_us)
        case event.ResumptionAnnounced(resumes_at_us=resumes_at_us):
            lot.resumes_at_us = resumes_at_us
        case event.LotResumed():
            lot.state = LotState.OPEN
            _forget_freeze(lot)
            _running_phase(lot).apply(happened, at_us)
        case event.AnnouncementMade():
            pass  # said, and on record: nothing follows from it
        case event.LotAnnounced():
            assert lot.sequence == 1, "a lot is announced once, first"
        case (
            event.LotKnockedDown()
            | event.WinnerDefaulted()
            | event.LotSold()
            | event.LotAwarded()
            | event.LotPassed()
            | event.LotWithdrawn()
        ):
            _end(lot, happened)
        case _:
            raise AssertionError("every event is the lot's or its phase's")


def outcome(lot: Lot, by: StaffId) -> event.Event:
    """Return what a lot whose bidding is over ends with, recomputed from its state: for whoever checks a record."""
    if lot.state is not LotState.KNOCKED_DOWN:
        return _outcome(lot, Standing() if lot.phase is None else lot.phase.standing, by)
    return _next_called(lot, by) if lot.winner == NOBODY else _confirmed(lot, by)


def digest(lot: Lot) -> str:
    """Return a fingerprint of the whole state: equal for equal histories, on any machine."""
    return hashlib.sha256(msgspec.msgpack.encode(lot)).hexdigest()


def _freeze(lot: Lot, happened: event.LotFrozen, at_us: TimeUs) -> None:
    """Stop the clock of the lot, once: a freeze that follows a freeze keeps the moment of the first."""
    if lot.state is not LotState.FROZEN:
        lot.frozen_at_us = at_us
    lot.state = LotState.FROZEN
    lot.resumes_at_us = happened.resumes_at_us
    lot.freeze_reason = happened.reason
    lot.freeze_cause = happened.cause


def _forget_freeze(lot: Lot) -> None:
    lot.frozen_at_us = lot.resumes_at_us = 0
    lot.freeze_reason = ""
    lot.freeze_cause = None


def _admit(lot: Lot, admitted: event.BidderAdmitted) -> None:
    lot.paddles[admitted.bidder] = admitted.paddle
    if admitted.rank:
        lot.ranks[admitted.paddle] = admitted.rank
    for partner in admitted.partners:
        lot.partners[partner.bidder] = admitted.paddle


def _end(lot: Lot, happened: event.Event) -> None:
    match happened:
        case event.LotKnockedDown():
            lot.state = LotState.KNOCKED_DOWN
            lot.winner = happened.paddle
            lot.hammer_price = happened.price
            lot.hammer_quantity = happened.quantity
            lot.runners_up = happened.runners_up
        case event.WinnerDefaulted(paddle=paddle):
            lot.defaulted += (paddle,)
            lot.winner = NOBODY
            lot.hammer_price = lot.hammer_quantity = 0
        case event.LotSold():
            lot.state = LotState.SOLD
            lot.winner = happened.paddle
            lot.hammer_price = happened.price
            lot.hammer_quantity = happened.quantity
        case event.LotAwarded(awards=awards):
            lot.state = LotState.SOLD
            lot.awards = awards
        case event.LotPassed():
            lot.state = LotState.PASSED
        case event.LotWithdrawn():
            lot.state = LotState.WITHDRAWN
            lot.winner = NOBODY
            lot.hammer_price = lot.hammer_quantity = 0
            _forget_freeze(lot)


def _decide_bid(lot: Lot, given: command.BidderCommand, at_us: TimeUs) -> Decision:
    phase = lot.phase
    if phase is None or lot.state is not LotState.OPEN or 0 < phase.due_at_us <= at_us:
        return _refusal_as_not_open(lot)
    if given.phase is not None and given.phase != phase.index:
        return Refused(Refusal.MEANT_FOR_ANOTHER_PHASE)
    if isinstance(given, command.RoundCommand) and not _is_meant_now(phase, given.ends_at_us):
        return Refused(Refusal.MEANT_FOR_ANOTHER_ROUND)
    paddle = lot.paddles.get(given.bidder, NOBODY)
    if paddle == NOBODY:
        is_partner = given.bidder in lot.partners
        return Refused(Refusal.LEAD_BIDDER_BIDS if is_partner else Refusal.NOT_ADMITTED)
    decided = phase.decide(lot, given, paddle, at_us)
    return _carried_on(lot, decided, CLOCK, at_us) if isinstance(decided, Closing) else decided


def _is_meant_now(phase: AnyPhase, ends_at_us: TimeUs | None) -> bool:
    """Tell whether the round or question that ends at `ends_at_us` runs; 0 is the first of the lot, None any."""
    if ends_at_us is None or not phase.has_called_ends:
        return True
    if not ends_at_us:
        return phase.index == 0 and phase.is_first_round
    return ends_at_us == phase.due_at_us


def _decide_act(lot: Lot, given: command.PhaseAct, at_us: TimeUs) -> Decision:
    refused = _refusal_unless_open(lot, at_us)
    if refused is not None:
        return refused
    return _carried_on(lot, _running_phase(lot).act(lot, given, at_us), CLOCK, at_us)


def _decide_deadline(lot: Lot, due_at_us: TimeUs, at_us: TimeUs) -> Decision:
    """Act on a moment that has come. One that the lot has meanwhile moved, or met, is not due any more."""
    if lot.due_at_us != due_at_us or not due_at_us or at_us < due_at_us:
        return Refused(Refusal.DEADLINE_NOT_DUE)
    if lot.state is LotState.ANNOUNCED:
        return _opening(lot, CLOCK, at_us)
    if lot.state is LotState.FROZEN:
        return _resumption(lot, CLOCK, at_us)
    if at_us - due_at_us > lot.terms.outage_tolerance_us:
        notice_us = _notice_us(lot.terms, at_us - due_at_us)
        return [event.LotFrozen(FreezeCause.OUTAGE, "", CLOCK, at_us + notice_us)]
    return _carried_on(lot, _running_phase(lot).meet_deadline(lot, at_us), CLOCK, at_us)


def _notice_us(terms: LotTerms, outage_us: DurationUs) -> DurationUs:
    """Return how long a lot that an outage froze stands still before it resumes by itself."""
    prompt_us = terms.prompt_resume_within_us
    is_long = prompt_us is not None and outage_us > prompt_us
    return terms.late_resume_notice_us if is_long else terms.outage_notice_us


def _decide_admission(lot: Lot, given: command.AdmitBidder) -> Decision:
    if lot.state in ENDED_STATES:
        return Refused(Refusal.LOT_CLOSED)
    joint = [given.bidder, *(partner.bidder for partner in given.partners)]
    if any(bidder in lot.paddles or bidder in lot.partners for bidder in joint):
        return Refused(Refusal.ALREADY_ADMITTED)
    if len(lot.paddles) >= BIDDERS_MAX:
        return Refused(Refusal.TOO_MANY_BIDDERS)
    shares = [partner.share for partner in given.partners]
    if len(set(joint)) < len(joint) or sum(shares) >= WHOLE or not all(shares):
        return Refused(Refusal.SHARES_INVALID)
    return [event.BidderAdmitted(len(lot.paddles) + 1, given.bidder, given.rank, given.partners)]


def _decide_opening(lot: Lot, by: StaffId, at_us: TimeUs) -> Decision:
    if lot.is_closed:
        return Refused(Refusal.LOT_CLOSED)
    if lot.state is not LotState.ANNOUNCED:
        return Refused(Refusal.LOT_ALREADY_OPEN)
    return _opening(lot, by, at_us)


def _decide_pause(lot: Lot, by: StaffId, reason: str, at_us: TimeUs) -> Decision:
    """Freeze the lot. The host may also hold a frozen lot that would resume by itself, after an outage or a notice."""
    if not (lot.state is LotState.FROZEN and lot.resumes_at_us):
        refused = _refusal_unless_open(lot, at_us)
        if refused is not None:
            return refused
    if not reason.strip():
        return Refused(Refusal.REASON_MISSING)
    return [event.LotFrozen(FreezeCause.HOST, reason.strip(), by, 0)]


def _decide_resumption(lot: Lot, by: StaffId, at_us: TimeUs) -> Decision:
    if lot.is_closed:
        return Refused(Refusal.LOT_CLOSED)
    if lot.state is not LotState.FROZEN:
        return Refused(Refusal.LOT_NOT_FROZEN)
    prompt_us = lot.terms.prompt_resume_within_us
    if prompt_us is None or at_us - _still_since_us(lot) <= prompt_us:
        return _resumption(lot, by, at_us)
    if lot.resumes_at_us:
        return Refused(Refusal.RESUMPTION_UNDER_NOTICE)
    return [event.ResumptionAnnounced(at_us + lot.terms.late_resume_notice_us, by)]


def _still_since_us(lot: Lot) -> TimeUs:
    """Return since when a frozen lot has stood still: an outage was there when the end was missed, if not before."""
    due_at_us = _running_phase(lot).due_at_us
    return min(lot.frozen_at_us, due_at_us) if due_at_us else lot.frozen_at_us


def _resumption(lot: Lot, by: StaffId, at_us: TimeUs) -> list[event.Event]:
    """Go on where the freeze began, or from the earlier phase that the running one names."""
    phase = _running_phase(lot)
    resumed: list[event.Event] = [event.LotResumed(phase.resumed_end_us(lot.frozen_at_us, at_us), by)]
    index = phase.terms.resume_at_phase
    return resumed if index is None else [*resumed, *_phase_start(lot, index, phase.unfinished, at_us)]


def _decide_withdrawal(lot: Lot, by: StaffId, reason: str) -> Decision:
    if lot.is_closed:
        return Refused(Refusal.LOT_CLOSED)
    if not reason.strip():
        return Refused(Refusal.REASON_MISSING)
    return [event.LotWithdrawn(reason.strip(), by)]


def _decide_fair_warning(lot: Lot, by: StaffId, at_us: TimeUs) -> Decision:
    refused = _refusal_unless_open(lot, at_us)
    if refused is not None:
        return refused
    return [event.FairWarningGiven(_running_phase(lot).warnings + 1, by)]


def _decide_announcement(lot: Lot, by: StaffId, text: str) -> Decision:
    """Let the host speak as long as the lot lives, also while it is frozen, due, or waits to be confirmed."""
    if lot.is_closed:
        return Refused(Refusal.LOT_CLOSED)
    said = text.strip()
    if not 0 < len(said) <= ANNOUNCEMENT_CHARACTERS_MAX:
        return Refused(Refusal.ANNOUNCEMENT_INVALID)
    return [event.AnnouncementMade(said, by)]


def _decide_hammer(lot: Lot, by: StaffId, at_us: TimeUs) -> Decision:
    refused = _refusal_unless_open(lot, at_us)
    if refused is not None:
        return refused
    return _carried_on(lot, _running_phase(lot).hammer(lot, at_us), by, at_us)


def _decide_reserve(lot: Lot, given: command.SetReserve, at_us: TimeUs) -> Decision:
    """Take the reserve from the person, and in the time, that the terms name; once, and unchangeable."""
    refused = _refusal_unless_open(lot, at_us)
    if refused is not None:
        return refused
    late = lot.terms.late_reserve
    if late is None:
        return Refused(Refusal.RESERVE_NOT_NOW)
    if given.by != late.by:
        return Refused(Refusal.NOT_THE_NAMED_PERSON)
    if lot.is_reserve_set:
        return Refused(Refusal.RESERVE_ALREADY_SET)
    phase = _running_phase(lot)
    left_us = phase.due_at_us - at_us
    if phase.index != late.phase or not late.closes_before_us < left_us <= late.opens_before_us:
        return Refused(Refusal.RESERVE_NOT_NOW)
    opening = lot.terms.opening_price
    if not 0 < given.amount <= AMOUNT_MAX or lot.sign * given.amount < lot.sign * opening:
        return Refused(Refusal.RESERVE_OUT_OF_RANGE, asking_price=opening)
    return [event.ReserveSet(given.amount, given.by)]


def _decide_confirmation(lot: Lot, by: StaffId) -> Decision:
    if lot.state is not LotState.KNOCKED_DOWN:
        return Refused(Refusal.LOT_NOT_KNOCKED_DOWN)
    return [_confirmed(lot, by)]


def _confirmed(lot: Lot, by: StaffId) -> event.Event:
    return event.LotSold(lot.winner, lot.hammer_price, by, lot.hammer_quantity)


def _decide_default(lot: Lot, by: StaffId, reason: str) -> Decision:
    """Call the next in reserve, if there is one left."""
    if lot.state is not LotState.KNOCKED_DOWN:
        return Refused(Refusal.LOT_NOT_KNOCKED_DOWN)
    if not reason.strip():
        return Refused(Refusal.REASON_MISSING)
    return [event.WinnerDefaulted(lot.winner, reason.strip(), by), _next_called(lot, by)]


def _next_called(lot: Lot, by: StaffId) -> event.Event:
    if not lot.runners_up:
        return event.LotPassed(PassReason.DEFAULTED, by)
    called, *others = lot.runners_up
    return event.LotKnockedDown(called.paddle, called.amount, by, tuple(others), called.quantity)


def _refusal_unless_open(lot: Lot, at_us: TimeUs) -> Refused | None:
    """Tell why nothing can be done in the lot at `at_us`; from the moment that it is due, only its deadline can."""
    if lot.state is LotState.OPEN and not 0 < _running_phase(lot).due_at_us <= at_us:
        return None
    return _refusal_as_not_open(lot)


def _refusal_as_not_open(lot: Lot) -> Refused:
    if lot.state is LotState.ANNOUNCED:
        return Refused(Refusal.LOT_NOT_OPEN_YET)
    if lot.state is LotState.FROZEN:
        return Refused(Refusal.LOT_FROZEN, detail=lot.freeze_reason)
    return Refused(Refusal.LOT_CLOSED)


def _opening(lot: Lot, by: StaffId, at_us: TimeUs) -> list[event.Event]:
    return [event.LotOpened(by), *_onward(lot, 0, Standing(), by, at_us)]


def _phase_start(lot: Lot, index: int, standing: Standing, at_us: TimeUs) -> list[event.Event]:
    terms = lot.terms.programme[index]
    return PHASES[type(terms)].begin(terms, lot, index, standing, at_us)


def _carried_on(lot: Lot, decided: Decided, by: StaffId, at_us: TimeUs) -> Decision:
    """After a phase that is over, let the programme go on."""
    if not isinstance(decided, Closing):
        return decided
    index = _running_phase(lot).index + 1
    return [*decided.events, *_onward(lot, index, decided.standing, by, at_us)]


def _onward(lot: Lot, index: int, standing: Standing, by: StaffId, at_us: TimeUs) -> list[event.Event]:
    """Begin the first phase from `index` on that is not left out; with none left, end the lot with its outcome."""
    while standing.pass_reason is None and index < len(lot.terms.programme):
        begun = _phase_start(lot, index, standing, at_us)
        if begun:
            return begun
        index += 1
    return [_outcome(lot, standing, by)]


def _outcome(lot: Lot, standing: Standing, by: StaffId) -> event.Event:
    if standing.pass_reason is not None:
        return event.LotPassed(standing.pass_reason, by)
    if len(lot.paddles) < lot.terms.bidders_min and (standing.leader or standing.awards):
        return event.LotPassed(PassReason.TOO_FEW_BIDDERS, by)
    if standing.awards:
        return event.LotAwarded(standing.awards, by)
    if standing.leader == NOBODY:
        return event.LotPassed(PassReason.NO_BIDS, by)
    if lot.reserve_price and lot.sign * standing.price < lot.sign * lot.reserve_price:
        return event.LotPassed(PassReason.BELOW_RESERVE, by)
    if not lot.terms.reserve_places:
        return event.LotSold(standing.leader, standing.price, by, standing.quantity)
    runners_up = _runners_up(lot, standing)
    return event.LotKnockedDown(standing.leader, standing.price, by, runners_up, standing.quantity)


def _runners_up(lot: Lot, standing: Standing) -> tuple[event.Place, ...]:
    """Return who is called if the winner defaults: the best after him who reach the reserve."""
    others = (
        place
        for place in standing.places
        if place.paddle != standing.leader
        and (not lot.reserve_price or lot.sign * place.amount >= lot.sign * lot.reserve_price)
    )
    return tuple(islice(others, lot.terms.reserve_places))


def _left_to(lot: Lot, index: int) -> Standing:
    """Return what the running phase leaves to phase `index`: one that does not come later was gone back to."""
    phase = lot.phase
    if phase is None:
        return Standing()
    return phase.standing if index > phase.index else phase.unfinished


def _running_phase(lot: Lot) -> AnyPhase:
    assert lot.phase is not None, "an open or frozen lot runs a phase"
    return lot.phase
