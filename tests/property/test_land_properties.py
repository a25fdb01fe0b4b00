"""What holds in every land listing and under every cap, whoever bids, answers, freezes or sleeps."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import commands as command
from matching import events as event
from matching.commands import Word
from matching.lot import Decision, Lot, LotState, announce, announced, apply, decide, digest
from matching.phases.interval import IntervalPhase
from matching.phases.offers import OffersPhase
from matching.phases.second_dimension import SecondDimensionPhase
from matching.refusals import Refusal, Refused
from matching.terms import Direction, LotTerms
from matching.units import Line, TimeUs
from matching.view import lot_view
from tests.tables.land_presets import CAP_PRESETS, FUJIAN, PRESETS
from tests.tables.scenario import HOST, LOT, START_US, span_us

BIDDERS = 4
MOVES = 70
CHANCE = st.integers(0, 2**32 - 1).map(random.Random)
PROGRAMMES = {
    **PRESETS,
    **{name: terms for name, terms in CAP_PRESETS.items() if name != "lottery"},
    "falling": msgspec.structs.replace(PRESETS["shantou"], direction=Direction.FALLING, late_reserve=None),
    "placed": msgspec.structs.replace(CAP_PRESETS["housing"], reserve_places=2),
}
HOUR_US = span_us("1:00:00")


@dataclass
class Course:
    """A lot with its journal, moved along by chance."""

    lot: Lot
    chance: random.Random
    now_us: TimeUs = START_US
    journal: list[tuple[TimeUs, event.Event]] = field(default_factory=list)

    def give(self, given: command.Command) -> Decision:
        """Decide a command now, take over what happened, and return it."""
        decision = decide(self.lot, given, self.now_us)
        if not isinstance(decision, Refused):
            for happened in decision:
                apply(self.lot, happened, self.now_us)
                self.journal.append((self.now_us, happened))
        return decision

    def walk(self, moves: int = MOVES) -> Iterator[tuple[command.Command, Decision]]:
        """Make moves by chance."""
        for _ in range(moves):
            self.wait()
            given = self.move()
            yield given, self.give(given)

    def wait(self) -> None:
        """Let some time go by: mostly little, sometimes to the next deadline or just before it."""
        due_at_us = self.lot.due_at_us or self.now_us
        aims = [
            self.now_us,
            self.now_us + span_us("0:10"),
            due_at_us - 1,
            due_at_us,
            due_at_us + span_us("0:02"),
        ]
        aims += [self.now_us + span_us("20:00")]
        aim = self.chance.choices(aims, [20, 20, 4, 5, 1, 3])[0]
        self.now_us = max(self.now_us, aim)

    def move(self) -> command.Command:
        """Return a command that fits the moment, or does not."""
        lot, chance = self.lot, self.chance
        if lot.due_at_us and self.now_us >= lot.due_at_us and chance.random() < 0.8:
            return command.MeetDeadline(LOT, lot.due_at_us)
        kinds: list[Callable[[], command.Command]] = [self._bid, self._say, self._offer, self._of_host]
        weights = [30, 2, 2, 4]
        if lot.state in (LotState.FROZEN, LotState.KNOCKED_DOWN):
            weights = [2, 1, 1, 30]
        elif isinstance(lot.phase, IntervalPhase):
            weights = [2, 20, 2, 4]
        elif isinstance(lot.phase, OffersPhase):
            weights = [4, 2, 30, 4]
        return chance.choices(kinds, weights)[0]()

    def _bidder(self) -> int:
        return self.chance.randint(1, BIDDERS + 1)

    def _bid(self) -> command.Command:
        view = lot_view(self.lot)
        step = self.lot.sign * (view.increment or 100)
        offset = self.chance.choice([0, 0, 0, 0, step, step, 4 * step, -1, 1, -step])
        return command.PlaceBid(LOT, self._bidder(), view.asking_price + offset)

    def _say(self) -> command.Command:
        word = self.chance.choices([Word.ACCEPT, Word.DECLINE, Word.WAIVE], [8, 3, 1])[0]
        return command.Declare(LOT, self._bidder(), word)

    def _offer(self) -> command.Command:
        price = self.chance.randint(1990, 2410)
        return command.SubmitOffer(LOT, self._bidder(), (Line(price),))

    def _of_host(self) -> command.Command:
        kinds: list[command.Command] = [
            command.PauseLot(LOT, HOST, "power"),
            command.ResumeLot(LOT, HOST),
            command.SetReserve(LOT, HOST, self.chance.randint(900, 2100)),
            command.ConfirmSale(LOT, HOST),
            command.DeclareDefault(LOT, HOST, "debts"),
        ]
        return self.chance.choices(kinds, [6, 12, 12, 1, 2])[0]


def begun(terms: LotTerms, chance: random.Random) -> Course:
    """Return an announced lot with bidders."""
    first = announce(command.AnnounceLot(LOT, HOST, terms))
    assert not isinstance(first, Refused), first.detail
    assert isinstance(first[0], event.LotAnnounced)
    course = Course(announced(LOT, first[0]), chance)
    for happened in first:
        apply(course.lot, happened, START_US)
        course.journal.append((START_US, happened))
    for bidder in range(1, BIDDERS + 1):
        course.give(command.AdmitBidder(LOT, bidder))
    course.give(command.MeetDeadline(LOT, START_US))
    return course


def replayed(journal: list[tuple[TimeUs, event.Event]]) -> Lot:
    """Return the lot that a journal tells of."""
    first = journal[0][1]
    assert isinstance(first, event.LotAnnounced)
    lot = announced(LOT, first)
    for at_us, happened in journal:
        apply(lot, happened, at_us)
    return lot


@pytest.mark.parametrize("name", PROGRAMMES)
@given(CHANCE)
@settings(max_examples=25)
def test_one_leader_a_price_that_only_goes_one_way_and_a_quantity_that_only_rises(
    name: str, chance: random.Random
) -> None:
    course = begun(PROGRAMMES[name], chance)
    lot = course.lot
    price = quantity = 0
    for _ in course.walk():
        assert lot.phase is not None
        left = lot.phase.standing
        assert (left.leader == 0) == (left.price == 0)
        assert not price or lot.sign * left.price >= lot.sign * price
        assert left.quantity >= quantity
        assert [place.paddle for place in left.places] == list(
            dict.fromkeys(place.paddle for place in left.places)
        )
        if left.places and left.awards == ():
            assert left.places[0].paddle == left.leader
        price, quantity = left.price, left.quantity
        if lot.state is LotState.SOLD and not lot.defaulted:
            assert (lot.winner, lot.hammer_price, lot.hammer_quantity) == (left.leader, price, quantity)


@pytest.mark.parametrize("name", PROGRAMMES)
@given(CHANCE)
@settings(max_examples=25)
def test_nobody_pays_what_he_has_not_named_or_reached(name: str, chance: random.Random) -> None:
    course = begun(PROGRAMMES[name], chance)
    lot = course.lot
    named: dict[int, list[int]] = {}
    for given_command, decision in course.walk():
        if isinstance(decision, Refused):
            continue
        match given_command:
            case command.PlaceBid(bidder=bidder, amount=amount):
                named.setdefault(lot.paddles[bidder], []).append(amount)
            case command.SubmitOffer(bidder=bidder, lines=lines):
                named.setdefault(lot.paddles[bidder], []).append(lines[0].price)
    if lot.winner:
        assert lot.hammer_price in named[lot.winner] or lot.hammer_quantity in named[lot.winner]


@pytest.mark.parametrize("name", PROGRAMMES)
@given(CHANCE)
@settings(max_examples=25)
def test_only_who_was_let_through_takes_part(name: str, chance: random.Random) -> None:
    course = begun(PROGRAMMES[name], chance)
    for given_command, decision in course.walk():
        if isinstance(decision, Refused):
            continue
        phase = course.lot.phase
        assert phase is not None
        for happened in decision:
            if isinstance(happened, event.BidPlaced) and phase.given.eligible is not None:
                assert happened.paddle in phase.given.eligible
        if isinstance(phase, IntervalPhase) and isinstance(decision[-1], event.Declared):
            assert isinstance(given_command, command.Declare)
            left = phase.standing
            assert left.eligible is not None
            assert phase.accepted == len(left.eligible)
            assert list(left.eligible) == sorted(left.eligible)
            if phase.terms.own_bid_required:
                assert set(left.eligible) <= {place.paddle for place in left.places}


@pytest.mark.parametrize("name", PROGRAMMES)
@given(CHANCE, st.integers(0, MOVES))
@settings(max_examples=20)
def test_a_journal_rebuilds_the_lot_and_a_snapshot_goes_on_like_it(
    name: str, chance: random.Random, cut: int
) -> None:
    course = begun(PROGRAMMES[name], chance)
    for _ in course.walk(cut):
        pass
    copied = msgspec.msgpack.decode(
        msgspec.msgpack.encode(course.journal), type=list[tuple[int, event.Event]]
    )
    snapshot = msgspec.msgpack.decode(msgspec.msgpack.encode(course.lot), type=Lot)
    assert digest(replayed(copied)) == digest(snapshot) == digest(course.lot)
    for given_command, decision in course.walk(MOVES - cut):
        assert decide(snapshot, given_command, course.now_us) == decision
        if not isinstance(decision, Refused):
            for happened in decision:
                apply(snapshot, happened, course.now_us)
    assert digest(snapshot) == digest(course.lot)


@pytest.mark.parametrize("name", PROGRAMMES)
@given(CHANCE)
@settings(max_examples=20)
def test_what_is_in_time_before_the_end_is_late_at_it(name: str, chance: random.Random) -> None:
    course = begun(PROGRAMMES[name], chance)
    lot = course.lot
    for _ in course.walk(40):
        due_at_us = lot.due_at_us
        if lot.state is not LotState.OPEN or course.now_us >= due_at_us:
            continue
        bidder = course._bidder()
        for given_command in (
            command.PlaceBid(LOT, bidder, lot_view(lot).asking_price),
            command.Declare(LOT, bidder, Word.ACCEPT),
        ):
            early = decide(lot, given_command, due_at_us - 1)
            assert not isinstance(early, Refused) or early.code is not Refusal.LOT_CLOSED
            assert decide(lot, given_command, due_at_us) == Refused(Refusal.LOT_CLOSED)
        assert decide(lot, command.MeetDeadline(LOT, due_at_us), due_at_us - 1) == Refused(
            Refusal.DEADLINE_NOT_DUE
        )
        assert not isinstance(decide(lot, command.MeetDeadline(LOT, due_at_us), due_at_us), Refused)


@given(st.integers(0, span_us("2:59:59.9")), st.integers(0, span_us("1:00:00")))
@settings(max_examples=60)
def test_a_freeze_extends_the_listing_by_as_long_and_leaves_no_more_than_an_hour_of_its_last(
    frozen_after_us: int, frozen_for_us: int
) -> None:
    """福建 art. 55."""
    course = begun(FUJIAN, random.Random(0))
    before_us = course.lot.due_at_us
    course.now_us += frozen_after_us
    course.give(command.PauseLot(LOT, HOST, "power"))
    course.now_us += frozen_for_us
    course.give(command.ResumeLot(LOT, HOST))
    assert course.lot.state is LotState.OPEN
    assert course.lot.due_at_us >= before_us + frozen_for_us
    left_us = before_us - START_US - frozen_after_us
    if left_us <= HOUR_US:
        assert course.lot.due_at_us - course.now_us <= HOUR_US
    else:
        assert course.lot.due_at_us == before_us + frozen_for_us


@given(CHANCE)
@settings(max_examples=60)
def test_quantities_lie_on_their_steps_and_within_their_cap(chance: random.Random) -> None:
    course = begun(CAP_PRESETS["dongguan"], chance)
    seen: set[int] = set()
    for _ in course.walk():
        phase = course.lot.phase
        if isinstance(phase, SecondDimensionPhase) and phase.quantity:
            terms = phase.terms
            assert terms.start <= phase.quantity <= terms.cap
            assert (phase.quantity - terms.start) % terms.step == 0
            assert phase.price == phase.given.price
            assert phase.quantity not in seen or phase.quantity == max(seen)
            seen.add(phase.quantity)


@given(CHANCE)
@settings(max_examples=40)
def test_the_reserve_is_entered_once_and_never_seen(chance: random.Random) -> None:
    course = begun(PRESETS["shantou"], chance)
    for _ in course.walk():
        pass
    entered = [happened for _, happened in course.journal if isinstance(happened, event.ReserveSet)]
    assert len(entered) <= 1
    if entered and course.lot.state is LotState.SOLD:
        assert course.lot.hammer_price >= entered[0].amount
