"""What holds in every programme of whatever phases, whatever is asked of it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import commands as command
from matching import events as event
from matching.events import amount_named, paddle_of, public_view
from matching.lot import Decision, Lot, LotState, announce, announced, apply, decide, digest
from matching.phases import FORMATS, PHASES
from matching.phases.contest import ContestPhase
from matching.phases.draw import DrawPhase
from matching.phases.phase import Decided
from matching.phases.standing import Closing
from matching.refusals import Refused
from matching.terms import LotTerms, PhaseTerms
from matching.units import AMOUNT_MAX, NOBODY, Amount, TimeUs
from matching.view import lot_view
from tests.oracle.programmes import BIDDERS, HOST, LOT, START_US, STEP, Commands, random_terms

MOVES = 150
EXAMPLES = 12
"""For each format; whatever holds has to hold in each of some two hundred programmes."""
SEED = st.integers(0, 2**32)

FIGURE_MIN = 1000
"""Smaller figures are numbers of things rather than what anybody has kept secret."""


@dataclass
class Course:
    """A lot, its journal, and the formats that it has gone through."""

    lot: Lot
    now_us: TimeUs = START_US
    journal: list[tuple[TimeUs, event.Event]] = field(default_factory=list)
    formats: set[str] = field(default_factory=set)

    def take_over(self, events: list[event.Event]) -> None:
        """Apply events and keep them."""
        for happened in events:
            apply(self.lot, happened, self.now_us)
            self.journal.append((self.now_us, happened))
            if isinstance(happened, event.PhaseBegan):
                self.formats.add(FORMATS[type(self.lot.terms.programme[happened.index])])


def begun(terms: LotTerms, chance: random.Random) -> Course:
    """Return the course of a lot that was announced, with most of its bidders admitted."""
    first = announce(command.AnnounceLot(LOT, HOST, terms))
    assert not isinstance(first, Refused), first.detail
    assert isinstance(first[0], event.LotAnnounced)
    course = Course(announced(LOT, first[0]))
    course.take_over(first)
    for bidder in range(1, BIDDERS):
        admitted = decide(course.lot, command.AdmitBidder(LOT, bidder, chance.choice((0, 0, 1, 2))), START_US)
        assert not isinstance(admitted, Refused)
        course.take_over(admitted)
    return course


def walk(
    course: Course, chance: random.Random, moves: int = MOVES, commands: Commands | None = None
) -> Iterator[tuple[command.Command, Decision]]:
    """Give commands by chance, yield each with its decision before that is taken over; end with the lot."""
    commands = commands or Commands(chance)
    for _ in range(moves):
        if course.lot.is_closed:
            return
        course.now_us = commands.moment(course.lot, course.now_us)
        given = commands.next(course.lot, course.now_us)
        decision = decide(course.lot, given, course.now_us)
        yield given, decision
        if not isinstance(decision, Refused):
            course.take_over(decision)


def phase_answer(lot: Lot, given: command.Command, at_us: TimeUs) -> Decided | None:
    """Return what the running phase itself makes of an accepted command; None where it has no say."""
    assert lot.phase is not None
    if lot.state is not LotState.OPEN:
        return None
    match given:
        case command.MeetDeadline():
            is_outage = at_us - given.due_at_us > lot.terms.outage_tolerance_us
            return None if is_outage else lot.phase.meet_deadline(lot, at_us)
        case command.HammerLot():
            return lot.phase.hammer(lot, at_us)
        case (
            command.OpenOffers()
            | command.EnterScores()
            | command.CommitSeed()
            | command.RevealSeed()
            | command.PublishBeacon()
        ):
            return lot.phase.act(lot, given, at_us)
    if type(given) in command.BIDDER_COMMANDS:
        return lot.phase.decide(lot, given, lot.paddles[given.bidder], at_us)  # type: ignore[arg-type, union-attr]
    return None


def copied(lot: Lot) -> Lot:
    """Return the lot that a snapshot of this one gives."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(lot), type=Lot)


def figures(shown: object) -> set[object]:
    """Return every number and every text in what is shown, however deep."""
    found: set[object] = set()
    waiting = [msgspec.to_builtins(shown)]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list | tuple):
            waiting += one
        elif isinstance(one, str) or (isinstance(one, int) and one >= FIGURE_MIN):
            found.add(one)
    return found


def secrets_of(lot: Lot, odd: set[Amount]) -> dict[object, int]:
    """Return what is hidden now and nobody could name by accident, with the paddle that may know it; -1 for nobody."""
    hidden: dict[object, int] = {lot.reserve_price: -1} if lot.reserve_price % STEP else {}
    if lot.phase is None:
        return hidden
    for paddle in lot.admitted:
        own = lot.phase.own_of(paddle)
        hidden |= {line.price: paddle for line in own.lines if line.price in odd}
        hidden |= {bid.amount: paddle for bid in own.item_bids if bid.amount in odd}
        if own.handle:
            hidden[own.handle] = paddle
        if lot.sign * own.limit > lot.sign * lot.phase.price and own.limit in odd:
            hidden[own.limit] = paddle
    return {figure: paddle for figure, paddle in hidden.items() if figure != lot_view(lot).price}


def rebuilt(journal: list[tuple[TimeUs, event.Event]]) -> Lot:
    """Return the lot that a journal, written down and read again, tells of."""
    kind = list[tuple[int, event.Event]]
    (_, first), *_ = read = msgspec.msgpack.decode(msgspec.msgpack.encode(journal), type=kind)
    assert isinstance(first, event.LotAnnounced)
    lot = announced(LOT, first)
    for at_us, happened in read:
        apply(lot, happened, at_us)
    return lot


EVERY_FORMAT = pytest.mark.parametrize("kind", PHASES, ids=FORMATS.values())


@EVERY_FORMAT
def test_chance_reaches_every_format(kind: type[PhaseTerms]) -> None:
    reached: set[str] = set()
    for seed in range(20):
        chance = random.Random(seed)
        course = begun(random_terms(chance, kind), chance)
        for _ in walk(course, chance):
            pass
        reached |= course.formats
    assert FORMATS[kind] in reached


@EVERY_FORMAT
@given(seed=SEED)
@settings(max_examples=EXAMPLES)
def test_a_refusal_changes_nothing_and_what_is_accepted_names_who_and_how_much(
    kind: type[PhaseTerms], seed: int
) -> None:
    chance = random.Random(seed)
    course = begun(random_terms(chance, kind), chance)
    lot = course.lot
    for given_now, decision in walk(course, chance):
        fingerprint = digest(lot)
        assert decide(lot, given_now, course.now_us) == decision
        assert digest(lot) == fingerprint, "deciding changes nothing"
        if isinstance(decision, Refused):
            continue
        assert decision, "what is accepted makes something happen"
        if type(given_now) in command.BIDDER_COMMANDS:
            assert paddle_of(decision[0]) == lot.paddles[given_now.bidder]  # type: ignore[union-attr]
            assert amount_named(decision[0]) == command.amount_named(given_now)


@EVERY_FORMAT
@given(seed=SEED)
@settings(max_examples=EXAMPLES)
def test_a_phase_leaves_what_it_says_it_leaves(kind: type[PhaseTerms], seed: int) -> None:
    chance = random.Random(seed)
    course = begun(random_terms(chance, kind), chance)
    for given_now, decision in walk(course, chance):
        if isinstance(decision, Refused) or course.lot.phase is None:
            continue
        closing = phase_answer(course.lot, given_now, course.now_us)
        if isinstance(closing, Closing):
            assert decision[: len(closing.events)] == closing.events
            later = copied(course.lot)
            for happened in closing.events:
                apply(later, happened, course.now_us)
            assert later.phase is not None
            assert later.phase.standing == closing.standing


@EVERY_FORMAT
@given(seed=SEED, cut=st.integers(0, MOVES))
@settings(max_examples=EXAMPLES)
def test_the_journal_and_a_snapshot_give_the_lot_and_it_goes_on_alike(
    kind: type[PhaseTerms], seed: int, cut: int
) -> None:
    chance = random.Random(seed)
    course = begun(random_terms(chance, kind), chance)
    for _ in walk(course, chance, cut):
        pass
    replayed, restored = rebuilt(course.journal), copied(course.lot)
    assert digest(replayed) == digest(restored) == digest(course.lot)
    for given_now, decision in walk(course, chance, MOVES - cut):
        for other in (replayed, restored):
            assert decide(other, given_now, course.now_us) == decision
            for happened in [] if isinstance(decision, Refused) else decision:
                apply(other, happened, course.now_us)
    assert digest(replayed) == digest(restored) == digest(course.lot)
    assert digest(rebuilt(course.journal)) == digest(course.lot)


@EVERY_FORMAT
@given(seed=SEED)
@settings(max_examples=EXAMPLES)
def test_what_is_hidden_shows_nowhere(kind: type[PhaseTerms], seed: int) -> None:
    chance = random.Random(seed)
    course = begun(random_terms(chance, kind), chance)
    commands = Commands(chance)
    seen = figures(course.journal[0][1])
    for given_now, decision in walk(course, chance, commands=commands):
        later = copied(course.lot)
        asker = NOBODY
        if isinstance(decision, Refused):
            asker = course.lot.paddles.get(getattr(given_now, "bidder", 0), NOBODY)
            shown = figures(decision)
        else:
            shown = set()
            for happened in decision:
                apply(later, happened, course.now_us)
                shown |= figures(public_view(happened))
                seen |= figures(happened) if isinstance(happened, event.OffersRevealed) else set()
        shown |= figures(lot_view(later))
        hidden = {figure for figure, owner in secrets_of(later, commands.odd).items() if owner != asker}
        assert not (shown - seen) & hidden, f"{given_now} shows {(shown - seen) & hidden}"
        seen |= shown


@EVERY_FORMAT
@given(seed=SEED)
@settings(max_examples=EXAMPLES)
def test_an_outcome_is_sound(kind: type[PhaseTerms], seed: int) -> None:
    chance = random.Random(seed)
    course = begun(random_terms(chance, kind), chance)
    lot = course.lot
    bids = 0
    for _ in walk(course, chance, 2 * MOVES):
        view = lot_view(lot)
        assert (view.leader == NOBODY) or view.leader in lot.admitted
        assert view.bids >= bids
        bids = view.bids
    match course.journal[-1][1]:
        case event.LotSold(paddle, price):
            assert paddle in lot.admitted
            assert 0 < price <= AMOUNT_MAX
            assert not lot.reserve_price or lot.sign * price >= lot.sign * lot.reserve_price
        case event.LotAwarded(awards):
            assert all(award.paddle in lot.admitted for award in awards)
        case event.LotPassed(reason=event.PassReason.NO_BIDS):
            decides_anew = isinstance(lot.phase, DrawPhase | ContestPhase)
            assert lot_view(lot).leader == NOBODY or decides_anew
