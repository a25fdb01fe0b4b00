"""A lot and its whole life: announced → open ⇄ frozen → sold | passed | withdrawn.

`decide` maps (lot, command, time given) to events or a refusal and changes nothing; `apply` takes an event over.
The same events always give the same lot (`digest`), so a journal is enough to rebuild it.

Belongs here: the life that every format shares, and the running of a programme of phases.
Does not belong here: what a particular format accepts (see `matching.phases`).
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import TypeAlias

import msgspec
from msgspec import Struct

from matching import commands as command
from matching import events as event
from matching.events import FreezeCause, PassReason
from matching.phases import PHASES, Phase
from matching.phases.standing import Closing, Standing
from matching.refusals import Refusal, Refused
from matching.terms import LotTerms, terms_problems
from matching.units import NOBODY, Amount, BidderId, LotId, Paddle, Sequence, StaffId, TimeUs

BIDDERS_MAX = 100_000
CLOCK: StaffId = 0
"""Who acts when nobody did: the engine's clock."""

Decision: TypeAlias = list[event.Event] | Refused


class LotState(StrEnum):
    """Where a lot stands in its life."""

    ANNOUNCED = "announced"
    OPEN = "open"
    FROZEN = "frozen"
    SOLD = "sold"
    PASSED = "passed"
    WITHDRAWN = "withdrawn"


CLOSED_STATES = frozenset({LotState.SOLD, LotState.PASSED, LotState.WITHDRAWN})


class Lot(Struct):
    """State of one lot. `sequence` is the position of the last event taken over."""

    id: LotId
    terms: LotTerms
    sequence: Sequence = 0
    state: LotState = LotState.ANNOUNCED
    reserve_price: Amount = 0
    paddles: dict[BidderId, Paddle] = {}
    phase: Phase | None = None
    frozen_at_us: TimeUs = 0
    resumes_at_us: TimeUs = 0
    freeze_reason: str = ""
    freeze_cause: FreezeCause | None = None
    winner: Paddle = NOBODY
    hammer_price: Amount = 0

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
        return Refused(Refusal.TERMS_INVALID, detail="; ".join(problems))
    public_terms = msgspec.structs.replace(given.terms, reserve_price=0)
    events: list[event.Event] = [event.LotAnnounced(public_terms, given.by)]
    if given.terms.reserve_price:
        events.append(event.ReserveSet(given.terms.reserve_price))
    return events


def announced(lot_id: LotId, first: event.LotAnnounced) -> Lot:
    """Return the lot that its first event starts; the event still has to be applied."""
    return Lot(lot_id, first.terms, paddles={})


def decide(lot: Lot, given: command.Command, at_us: TimeUs) -> Decision:
    """Return what `given`, decided at `at_us`, makes happen, or why it is refused. Changes nothing.

    Args:
        lot: the lot that the command names.
        given: the command, its identities already established.
        at_us: the engine's time for this command, never earlier than that of any event before it.

    Refuses: everything in `Refusal` except LOT_UNKNOWN and COMMAND_ID_REUSED, in its order of precedence.
    Raises: nothing.
    """
    match given:
        case command.PlaceBid() | command.LeaveMaxBid():
            return _decide_bid(lot, given, at_us)
        case command.MeetDeadline(due_at_us=due_at_us):
            return _decide_deadline(lot, due_at_us, at_us)
        case command.AdmitBidder(bidder=bidder):
            return _decide_admission(lot, bidder)
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
        case command.AnnounceLot():
            return Refused(Refusal.LOT_ALREADY_ANNOUNCED)


def apply(lot: Lot, happened: event.Event, at_us: TimeUs) -> None:
    """Take over the next event of the lot, recorded at `at_us`."""
    lot.sequence += 1
    match happened:
        case event.BidPlaced() | event.MaxBidLeft() | event.LotExtended() | event.FairWarningGiven():
            _running_phase(lot).apply(happened)
        case event.ReserveSet(amount=amount):
            lot.reserve_price = amount
        case event.BidderAdmitted(paddle=paddle, bidder=bidder):
            lot.paddles[bidder] = paddle
        case event.LotOpened():
            lot.state = LotState.OPEN
        case event.PhaseBegan():
            terms = lot.terms.programme[happened.index]
            phase = PHASES[type(terms)]
            lot.phase = phase.begun(terms, lot.terms, happened, _standing(lot), lot.reserve_price, at_us)
        case event.LotFrozen():
            _freeze(lot, happened, at_us)
        case event.LotResumed():
            lot.state = LotState.OPEN
            _forget_freeze(lot)
            _running_phase(lot).apply(happened)
        case event.LotSold(paddle=paddle, price=price):
            lot.state = LotState.SOLD
            lot.winner = paddle
            lot.hammer_price = price
        case event.LotPassed():
            lot.state = LotState.PASSED
        case event.LotWithdrawn():
            lot.state = LotState.WITHDRAWN
            _forget_freeze(lot)
        case event.LotAnnounced():
            assert lot.sequence == 1, "a lot is announced once, first"


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


def _decide_bid(lot: Lot, given: command.BidderCommand, at_us: TimeUs) -> Decision:
    refused = _refusal_unless_open(lot, at_us)
    if refused is not None:
        return refused
    paddle = lot.paddles.get(given.bidder, NOBODY)
    if paddle == NOBODY:
        return Refused(Refusal.NOT_ADMITTED)
    return _carried_on(lot, _running_phase(lot).decide(given, paddle, at_us), CLOCK, at_us)


def _decide_deadline(lot: Lot, due_at_us: TimeUs, at_us: TimeUs) -> Decision:
    """Act on a moment that has come. One that the lot has meanwhile moved, or met, is not due any more."""
    if lot.due_at_us != due_at_us or not due_at_us or at_us < due_at_us:
        return Refused(Refusal.DEADLINE_NOT_DUE)
    if lot.state is LotState.ANNOUNCED:
        return _opening(lot, CLOCK, at_us)
    if lot.state is LotState.FROZEN:
        return [event.LotResumed(_running_phase(lot).resumed_end_us(lot.frozen_at_us, at_us), CLOCK)]
    if at_us - due_at_us > lot.terms.outage_tolerance_us:
        resumes_at_us = at_us + lot.terms.outage_notice_us
        return [event.LotFrozen(FreezeCause.OUTAGE, "", CLOCK, resumes_at_us)]
    return _carried_on(lot, _running_phase(lot).meet_deadline(at_us), CLOCK, at_us)


def _decide_admission(lot: Lot, bidder: BidderId) -> Decision:
    if lot.is_closed:
        return Refused(Refusal.LOT_CLOSED)
    if bidder in lot.paddles:
        return Refused(Refusal.ALREADY_ADMITTED)
    if len(lot.paddles) >= BIDDERS_MAX:
        return Refused(Refusal.TOO_MANY_BIDDERS)
    return [event.BidderAdmitted(len(lot.paddles) + 1, bidder)]


def _decide_opening(lot: Lot, by: StaffId, at_us: TimeUs) -> Decision:
    if lot.is_closed:
        return Refused(Refusal.LOT_CLOSED)
    if lot.state is not LotState.ANNOUNCED:
        return Refused(Refusal.LOT_ALREADY_OPEN)
    return _opening(lot, by, at_us)


def _decide_pause(lot: Lot, by: StaffId, reason: str, at_us: TimeUs) -> Decision:
    """Freeze the lot. The host may also take over a lot that an outage froze, lest it resume by itself."""
    if lot.freeze_cause is not FreezeCause.OUTAGE:
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
    return [event.LotResumed(_running_phase(lot).resumed_end_us(lot.frozen_at_us, at_us), by)]


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


def _decide_hammer(lot: Lot, by: StaffId, at_us: TimeUs) -> Decision:
    refused = _refusal_unless_open(lot, at_us)
    if refused is not None:
        return refused
    return _carried_on(lot, _running_phase(lot).hammer(), by, at_us)


def _refusal_unless_open(lot: Lot, at_us: TimeUs) -> Refused | None:
    """Tell why nothing can be done in the lot at `at_us`; from the moment that it is due, only its deadline can."""
    if lot.state is LotState.OPEN:
        due_at_us = _running_phase(lot).due_at_us
        return Refused(Refusal.LOT_CLOSED) if due_at_us and at_us >= due_at_us else None
    if lot.is_closed:
        return Refused(Refusal.LOT_CLOSED)
    if lot.state is LotState.FROZEN:
        return Refused(Refusal.LOT_FROZEN, detail=lot.freeze_reason)
    return Refused(Refusal.LOT_NOT_OPEN_YET)


def _opening(lot: Lot, by: StaffId, at_us: TimeUs) -> list[event.Event]:
    return [event.LotOpened(by), _phase_start(lot, 0, Standing(), at_us)]


def _phase_start(lot: Lot, index: int, standing: Standing, at_us: TimeUs) -> event.PhaseBegan:
    terms = lot.terms.programme[index]
    return PHASES[type(terms)].begin(terms, lot.terms, index, standing, at_us)


def _carried_on(
    lot: Lot, decided: list[event.Event] | Closing | Refused, by: StaffId, at_us: TimeUs
) -> Decision:
    """After a phase that is over, let the next of the programme begin, or the lot end with its outcome."""
    if not isinstance(decided, Closing):
        return decided
    index = _running_phase(lot).index + 1
    if index < len(lot.terms.programme):
        return [*decided.events, _phase_start(lot, index, decided.standing, at_us)]
    return [*decided.events, _outcome(lot, decided.standing, by)]


def _outcome(lot: Lot, standing: Standing, by: StaffId) -> event.Event:
    if standing.leader == NOBODY:
        return event.LotPassed(PassReason.NO_BIDS, by)
    if len(lot.paddles) < lot.terms.bidders_min:
        return event.LotPassed(PassReason.TOO_FEW_BIDDERS, by)
    if standing.price < lot.reserve_price:
        return event.LotPassed(PassReason.BELOW_RESERVE, by)
    return event.LotSold(standing.leader, standing.price, by)


def _standing(lot: Lot) -> Standing:
    return Standing() if lot.phase is None else lot.phase.standing


def _running_phase(lot: Lot) -> Phase:
    assert lot.phase is not None, "an open or frozen lot runs a phase"
    return lot.phase
