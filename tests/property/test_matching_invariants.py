"""What holds in every lot, whatever is asked of it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import commands as command
from matching import events as event
from matching.events import Withheld, is_public, public_view
from matching.increments import fixed
from matching.lot import Decision, Lot, LotState, announce, announced, apply, decide, digest
from matching.phases.english import EnglishPhase
from matching.refusals import Refusal, Refused
from matching.terms import EnglishTerms, FirstRefusalTerms, LotTerms
from matching.units import AMOUNT_MAX, NOBODY, Amount, Paddle, TimeUs
from matching.view import lot_view
from tests.oracle.moves import BIDDERS, HOST, LOT, START_US, admission, random_move, random_terms

MOVES = 60
CHANCE = st.randoms(use_true_random=False)


Answer: TypeAlias = tuple[command.Command, TimeUs, Decision]


@dataclass
class Course:
    """A lot with everything that has happened to it."""

    lot: Lot
    journal: list[tuple[TimeUs, event.Event]] = field(default_factory=list)
    named: dict[Paddle, Amount] = field(default_factory=dict)
    """The most that each paddle has named in an accepted command."""

    def give(self, given: command.Command, at_us: TimeUs) -> Decision:
        """Decide a command and take over what happened."""
        decision = decide(self.lot, given, at_us)
        if not isinstance(decision, Refused):
            self.take_over(decision, at_us)
            self._note(given)
        return decision

    def take_over(self, events: list[event.Event], at_us: TimeUs) -> None:
        """Apply events and keep them."""
        for happened in events:
            apply(self.lot, happened, at_us)
            self.journal.append((at_us, happened))

    def _note(self, given: command.Command) -> None:
        match given:
            case (
                command.PlaceBid(bidder=bidder, amount=amount)
                | command.LeaveMaxBid(bidder=bidder, limit=amount)
            ):
                paddle = self.lot.paddles[bidder]
                self.named[paddle] = self.better(self.named.get(paddle, amount), amount)
            case command.Declare(bidder=bidder, word=command.Word.ACCEPT):
                assert self.lot.phase is not None
                self.named[self.lot.paddles[bidder]] = self.lot.phase.price

    def better(self, *amounts: Amount) -> Amount:
        """Return the amount that is best for the lot."""
        return max(amounts) if self.lot.sign > 0 else min(amounts)


def begun(terms: LotTerms, bidders: int = 0) -> Course:
    """Return the course of a lot that was announced, with bidders admitted."""
    first = announce(command.AnnounceLot(LOT, HOST, terms))
    assert not isinstance(first, Refused), first.detail
    assert isinstance(first[0], event.LotAnnounced)
    course = Course(announced(LOT, first[0]))
    course.take_over(first, START_US)
    for bidder in range(1, bidders + 1):
        course.give(admission(bidder), START_US)
    return course


def walk(
    course: Course, chance: random.Random, moves: int = MOVES
) -> Iterator[tuple[command.Command, TimeUs, Decision]]:
    """Make moves by chance; yield each command, its moment and what was decided."""
    now_us = START_US
    for _ in range(moves):
        move = random_move(chance, course.lot, now_us)
        now_us = move.at_us(course.lot, now_us)
        given = move.command(course.lot)
        yield given, now_us, course.give(given, now_us)


def replayed(journal: list[tuple[TimeUs, event.Event]]) -> Lot:
    """Return the lot that a journal tells of."""
    first = journal[0][1]
    assert isinstance(first, event.LotAnnounced)
    lot = announced(LOT, first)
    for at_us, happened in journal:
        apply(lot, happened, at_us)
    return lot


@given(CHANCE)
@settings(max_examples=120)
def test_one_leader_who_never_exceeds_himself_and_a_price_that_never_falls(chance: random.Random) -> None:
    course = begun(random_terms(chance), bidders=BIDDERS - 1)
    lot = course.lot
    price = 0
    for _ in walk(course, chance):
        view = lot_view(lot)
        assert course.better(view.price, price or view.price) == view.price
        price = view.price
        assert (view.leader == NOBODY) == (price == 0)
        assert view.leader == NOBODY or view.leader in lot.paddles.values()
        if view.leader:
            assert course.better(price, course.named[view.leader]) == course.named[view.leader]
            assert course.better(price, view.asking_price) == view.asking_price
        assert sorted(lot.paddles.values()) == list(range(1, view.bidders + 1))
        _check_outcome(course)


def _check_outcome(course: Course) -> None:
    lot, view = course.lot, lot_view(course.lot)
    if lot.state is LotState.SOLD and view.awards:
        assert sum(award.amount for award in view.awards) == view.price
        assert {award.paddle for award in view.awards} <= set(lot.paddles.values())
        assert lot.phase is not None and isinstance(lot.phase.terms, FirstRefusalTerms)
        assert sum(award.quantity for award in view.awards) == lot.phase.terms.units
    elif lot.state in (LotState.SOLD, LotState.KNOCKED_DOWN):
        called = [(view.leader, view.price), *((place.paddle, place.amount) for place in _places(lot))]
        assert (view.winner, view.hammer_price) in called
        assert len({paddle for paddle, _ in called[1:]}) == len(called) - 1
        assert course.better(view.hammer_price, lot.reserve_price or view.hammer_price) == view.hammer_price
        assert course.better(view.hammer_price, course.named[view.winner]) == course.named[view.winner]
    else:
        assert (view.winner, view.hammer_price) == (NOBODY, 0)


def _places(lot: Lot) -> tuple[event.Place, ...]:
    assert lot.phase is not None
    return lot.phase.standing.places


@given(CHANCE)
@settings(max_examples=80)
def test_the_sequence_has_no_gaps_and_a_refused_command_changes_nothing(chance: random.Random) -> None:
    course = begun(random_terms(chance), bidders=BIDDERS - 1)
    before = digest(course.lot)
    for _, _, decision in walk(course, chance):
        after = digest(course.lot)
        assert (after == before) == isinstance(decision, Refused)
        assert course.lot.sequence == len(course.journal)
        assert decision != []
        before = after


@given(CHANCE)
@settings(max_examples=80)
def test_replaying_the_journal_gives_the_same_lot(chance: random.Random) -> None:
    course = begun(random_terms(chance), bidders=BIDDERS - 1)
    for _ in walk(course, chance):
        pass
    copied = msgspec.msgpack.decode(
        msgspec.msgpack.encode(course.journal), type=list[tuple[int, event.Event]]
    )
    assert digest(replayed(copied)) == digest(course.lot)


@given(CHANCE, st.integers(0, MOVES - 1), st.sampled_from(("msgpack", "json")))
@settings(max_examples=80)
def test_a_snapshot_goes_on_like_the_lot_itself(chance: random.Random, cut: int, form: str) -> None:
    course = begun(random_terms(chance), bidders=BIDDERS - 1)
    for _ in walk(course, chance, cut):
        pass
    codec = getattr(msgspec, form)
    other = Course(codec.decode(codec.encode(course.lot), type=Lot))
    assert digest(other.lot) == digest(course.lot)
    for told, at_us, decision in walk(course, chance, MOVES - cut):
        assert other.give(told, at_us) == decision
    assert digest(other.lot) == digest(course.lot)


@given(CHANCE)
@settings(max_examples=80)
def test_a_bid_is_in_time_before_the_end_and_late_at_it(chance: random.Random) -> None:
    course = begun(random_terms(chance), bidders=BIDDERS - 1)
    for _, at_us, _ in walk(course, chance):
        due_at_us = course.lot.due_at_us
        bid = _next_bid(course.lot)
        if course.lot.state is not LotState.OPEN or not at_us < due_at_us or bid is None:
            continue
        assert not isinstance(decide(course.lot, bid, due_at_us - 1), Refused)
        assert decide(course.lot, bid, due_at_us) == Refused(Refusal.LOT_CLOSED)
        assert decide(course.lot, command.MeetDeadline(LOT, due_at_us), due_at_us - 1) == Refused(
            Refusal.DEADLINE_NOT_DUE
        )
        assert not isinstance(decide(course.lot, command.MeetDeadline(LOT, due_at_us), due_at_us), Refused)


def _next_bid(lot: Lot) -> command.PlaceBid | None:
    """The least bid of somebody who may bid and does not lead, if there is one."""
    phase = lot.phase
    if not isinstance(phase, EnglishPhase) or not phase.asking_price:
        return None
    rivals = (bidder for bidder, paddle in lot.paddles.items() if paddle != phase.leader)
    is_for = phase.eligible
    rival = next((bidder for bidder in rivals if is_for is None or lot.paddles[bidder] in is_for), None)
    return None if rival is None else command.PlaceBid(LOT, rival, phase.asking_price)


@given(CHANCE)
@settings(max_examples=80)
def test_an_end_never_moves_back_and_never_passes_the_hard_end(chance: random.Random) -> None:
    course = begun(random_terms(chance), bidders=BIDDERS - 1)
    phase, ends_at_us = -1, 0
    for _ in walk(course, chance):
        running = course.lot.phase
        if not isinstance(running, EnglishPhase):
            continue
        if running.index == phase:
            assert running.ends_at_us >= ends_at_us
        if running.hard_end_us and running.ends_at_us:
            assert running.ends_at_us <= running.hard_end_us
        phase, ends_at_us = running.index, running.ends_at_us


def _public(course: Course) -> list[object]:
    return [*(public_view(happened) for _, happened in course.journal), lot_view(course.lot)]


@given(CHANCE)
@settings(max_examples=80)
def test_nobody_sees_who_stands_behind_a_paddle(chance: random.Random) -> None:
    course = begun(random_terms(chance), bidders=BIDDERS - 1)
    masked = begun(msgspec.structs.replace(course.lot.terms, reserve_price=course.lot.reserve_price))
    for bidder in range(1, BIDDERS):
        masked.give(admission(bidder, bidder + 10**12), START_US)
    for told, at_us, _ in walk(course, chance):
        if isinstance(told, command.PlaceBid | command.LeaveMaxBid | command.Declare | command.AdmitBidder):
            masked.give(msgspec.structs.replace(told, bidder=told.bidder + 10**12), at_us)
        else:
            masked.give(told, at_us)
        assert _public(masked) == _public(course)
    assert b"1000000000001" not in msgspec.json.encode(_public(masked))


AMOUNTS = st.lists(st.tuples(st.integers(2, 5), st.booleans(), st.integers(100, 20_000)), max_size=25)


def _bid_against(limit: Amount, reserve: Amount, others: list[tuple[int, bool, Amount]]) -> Course:
    terms = LotTerms("CNY", 100, 0, (EnglishTerms(fixed(10)),), reserve_price=reserve)
    course = begun(terms, bidders=BIDDERS)
    course.give(command.OpenLot(LOT, HOST), START_US)
    course.give(command.LeaveMaxBid(LOT, 1, limit), START_US)
    for bidder, is_max, amount in others:
        kind = command.LeaveMaxBid if is_max else command.PlaceBid
        course.give(kind(LOT, bidder, amount), START_US)
    return course


@given(AMOUNTS, st.integers(20_010, AMOUNT_MAX), st.integers(20_010, AMOUNT_MAX))
def test_the_public_cannot_tell_one_limit_from_another(
    others: list[tuple[int, bool, Amount]], limit: Amount, other_limit: Amount
) -> None:
    assert _public(_bid_against(limit, 0, others)) == _public(_bid_against(other_limit, 0, others))


@given(AMOUNTS, st.integers(20_012, AMOUNT_MAX), st.integers(20_012, AMOUNT_MAX))
def test_the_public_cannot_tell_one_missed_reserve_from_another(
    others: list[tuple[int, bool, Amount]], reserve: Amount, other_reserve: Amount
) -> None:
    courses = [_bid_against(20_011, secret, others) for secret in (reserve, other_reserve)]
    for course in courses:
        course.give(command.MeetDeadline(LOT, course.lot.due_at_us), course.lot.due_at_us)
        assert course.lot.state is LotState.PASSED
    assert _public(courses[0]) == _public(courses[1])


@given(CHANCE)
@settings(max_examples=40)
def test_withheld_facts_keep_their_place_and_nothing_else(chance: random.Random) -> None:
    course = begun(random_terms(chance), bidders=BIDDERS - 1)
    for _ in walk(course, chance):
        pass
    for _, happened in course.journal:
        shown = public_view(happened)
        assert shown is happened if is_public(happened) else shown == Withheld()
        assert is_public(happened) != isinstance(
            happened, event.ReserveSet | event.BidderAdmitted | event.MaxBidLeft
        )
