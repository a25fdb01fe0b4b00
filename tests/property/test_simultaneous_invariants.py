"""What holds in simultaneous rounds, in a clock and in a sale for a debt, whatever is bid."""

from __future__ import annotations

import random
from collections import Counter

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import commands as command
from matching.events import Event, ItemsBid, ItemStanding, LotAwarded, RoundBegan, RoundClosed
from matching.increments import fixed
from matching.lot import Lot, LotState, digest
from matching.refusals import Refused
from matching.terms import (
    MINUTE_US,
    SECOND_US,
    DebtTerms,
    Direction,
    ItemTies,
    LotTerms,
    RoundItem,
    SaleItem,
    SaleOrder,
    SimultaneousTerms,
)
from matching.units import NOBODY, Amount, ItemId, Paddle
from matching.view import lot_view
from tests.oracle.moves import HOST, LOT, START_US
from tests.property.test_matching_invariants import Course, begun, replayed

CHANCE = st.integers(0, 2**32).map(random.Random)
BIDDERS = 4
ITEMS = 3


def _lot_terms(phase: SimultaneousTerms | DebtTerms, direction: Direction = Direction.RISING) -> LotTerms:
    return LotTerms(
        currency="CNY", opening_price=1000, opens_at_us=START_US, programme=(phase,), direction=direction
    )


def rounds(chance: random.Random, *, is_clock: bool) -> LotTerms:
    """Return the terms of simultaneous rounds."""
    ties = chance.choice(tuple(ItemTies))
    phase = SimultaneousTerms(
        items=tuple(
            RoundItem(
                item,
                chance.randint(80, 120),
                points=chance.randint(1, 4),
                supply=chance.randint(1, 5) if is_clock else 1,
            )
            for item in range(1, ITEMS + 1)
        ),
        round_us=MINUTE_US,
        pause_us=chance.choice((0, SECOND_US)),
        activity_basis_points=chance.choice((0, 5000, 9500, 10_000)),
        increment_basis_points=chance.choice((0, 700, 2000)),
        increment_min=chance.choice((1, 10)),
        waivers=0 if is_clock else chance.randint(0, 2),
        start_points=chance.choice((0, 8)),
        ties=ties,
        tie_seed="5a" * 32 if ties is ItemTies.SEED else None,
        rounds_max=chance.choice((4, 1000)),
        is_clock=is_clock,
    )
    direction = Direction.RISING if is_clock else chance.choice(tuple(Direction))
    return _lot_terms(phase, direction)


def debts(chance: random.Random) -> LotTerms:
    """Return the terms of a sale for a debt."""
    items = tuple(SaleItem(item, chance.randint(80, 120)) for item in range(1, ITEMS + 1))
    return _lot_terms(
        DebtTerms(
            items=items,
            increments=fixed(10),
            debt=chance.randint(50, 500),
            costs=chance.choice((0, 20)),
            sells_all=chance.random() < 0.2,
            order=chance.choice(tuple(SaleOrder)),
            duration_us=10 * MINUTE_US,
            covered_countdown_us=chance.choice((None, MINUTE_US)),
        )
    )


def _bids(chance: random.Random) -> tuple[command.ItemBid, ...]:
    items = chance.sample(range(1, ITEMS + 1), chance.randint(1, ITEMS))
    return tuple(
        command.ItemBid(
            item,
            chance.choice((0, chance.randint(40, 110), chance.randint(90, 250))),
            chance.choice((1, 1, chance.randint(0, 5))),
        )
        for item in items
    )


def _move(chance: random.Random, lot: Lot, now_us: int) -> tuple[command.Command, int]:
    kind = chance.random()
    bidder = chance.randint(1, BIDDERS)
    if kind < 0.15:
        return command.MeetDeadline(LOT, lot.due_at_us), max(now_us, lot.due_at_us)
    now_us += chance.choice((0, 1, SECOND_US))
    if kind < 0.2:
        return command.Declare(LOT, bidder, command.Word.WAIVE), now_us
    if kind < 0.23:
        return chance.choice((command.PauseLot(LOT, HOST, "why"), command.ResumeLot(LOT, HOST))), now_us
    return command.BidOnItems(LOT, bidder, _bids(chance)), now_us


def held(chance: random.Random, terms: LotTerms, moves: int = 80) -> Course:
    """Return a sale as far as chance took it."""
    course = begun(terms, BIDDERS)
    now_us = START_US
    for _ in range(moves):
        if course.lot.is_closed:
            break
        given_command, now_us = _move(chance, course.lot, now_us)
        course.give(given_command, now_us)
    return course


def any_terms(chance: random.Random) -> LotTerms:
    """Return the terms of any of the three."""
    kind = chance.randint(0, 2)
    return debts(chance) if kind == 2 else rounds(chance, is_clock=kind == 1)


def _events(course: Course) -> list[Event]:
    return [happened for _, happened in course.journal]


@given(CHANCE)
@settings(max_examples=120)
def test_a_bid_that_nobody_made_never_leads_and_prices_go_one_way(chance: random.Random) -> None:
    terms = chance.choice((rounds(chance, is_clock=False), debts(chance)))
    course = held(chance, terms)
    made: set[tuple[Paddle, ItemId, Amount]] = set()
    last: dict[ItemId, ItemStanding] = {}
    sign = terms.direction.sign
    for happened in _events(course):
        if isinstance(happened, ItemsBid):
            made |= {(happened.paddle, bid.item, bid.amount) for bid in happened.bids}
        if isinstance(happened, RoundClosed):
            for standing in happened.items:
                before = last.get(standing.item, standing)
                assert sign * standing.price >= sign * before.price
                if standing.paddle != NOBODY:
                    assert (standing.paddle, standing.item, standing.price) in made
                else:
                    assert before.paddle == NOBODY
                last[standing.item] = standing
    for award in course.lot.awards:
        assert (award.paddle, award.item, award.amount) in made
        assert last[award.item].paddle == award.paddle
        assert award.quantity == 1
    assert len({award.item for award in course.lot.awards}) == len(course.lot.awards)


@given(CHANCE)
@settings(max_examples=120)
def test_rights_only_shrink_and_nobody_leads_beyond_them(chance: random.Random) -> None:
    terms = rounds(chance, is_clock=chance.random() < 0.5)
    phase = terms.programme[0]
    assert isinstance(phase, SimultaneousTerms)
    points = {item.item: item.points for item in phase.items}
    before = {paddle: (phase.points_at_start(paddle), phase.waivers) for paddle in range(1, BIDDERS + 1)}
    for happened in _events(held(chance, terms)):
        if isinstance(happened, RoundClosed):
            led = Counter[Paddle]()
            for standing in happened.items:
                led[standing.paddle] += points[standing.item]
            for paddle, held_points, waivers in happened.eligibility:
                assert held_points <= before[paddle][0]
                assert 0 <= waivers <= before[paddle][1]
                assert phase.is_clock or led[paddle] <= before[paddle][0]
                before[paddle] = (held_points, waivers)


@given(CHANCE)
@settings(max_examples=150)
def test_a_clock_sells_no_more_than_there_is_and_nobody_pays_beyond_his_word(chance: random.Random) -> None:
    """Whoever is held to units that he wanted to give up in the last round pays no more than he named then."""
    terms = rounds(chance, is_clock=True)
    phase = terms.programme[0]
    assert isinstance(phase, SimultaneousTerms)
    course = held(chance, terms, moves=150)
    sold = Counter[ItemId]()
    for award in course.lot.awards:
        sold[award.item] += award.quantity
        assert award.amount == award.quantity * award.price
    assert all(sold[item.item] <= item.supply for item in phase.items)
    last: dict[Paddle, dict[ItemId, command.ItemBid]] = {}
    number = 0
    for happened in _events(course):
        if isinstance(happened, RoundBegan) and not happened.is_pause:
            last, number = {}, happened.number
        if isinstance(happened, ItemsBid):
            last[happened.paddle] = {bid.item: bid for bid in happened.bids}
    for award in course.lot.awards:
        bid = last.get(award.paddle, {}).get(award.item)
        if number > 1 and bid is not None and bid.quantity < award.quantity and bid.amount:
            assert award.price <= bid.amount


@given(CHANCE)
@settings(max_examples=120)
def test_a_debt_is_covered_by_no_more_items_than_it_takes(chance: random.Random) -> None:
    terms = debts(chance)
    phase = terms.programme[0]
    assert isinstance(phase, DebtTerms)
    course = held(chance, terms)
    if course.lot.state is not LotState.SOLD:
        return
    prices = [award.amount for award in course.lot.awards]
    standing: dict[ItemId, Amount] = {}
    for happened in _events(course):
        if isinstance(happened, RoundClosed):
            standing |= {one.item: one.price for one in happened.items}
    if phase.sells_all or sum(standing.values()) < phase.target:
        assert sorted(prices) == sorted(standing.values())
    else:
        assert sum(prices) >= phase.target > sum(prices[:-1])


@given(CHANCE)
@settings(max_examples=60)
def test_nothing_shows_of_a_round_before_it_is_closed(chance: random.Random) -> None:
    course = held(chance, rounds(chance, is_clock=chance.random() < 0.5), moves=chance.randint(0, 40))
    before = lot_view(course.lot)
    for bidder in range(1, BIDDERS + 1):
        course.give(command.BidOnItems(LOT, bidder, _bids(chance)), max(START_US, course.lot.due_at_us - 1))
    assert lot_view(course.lot) == before


@given(CHANCE, st.sampled_from(("msgpack", "json")))
@settings(max_examples=80)
def test_journal_and_snapshot_are_the_sale(chance: random.Random, form: str) -> None:
    course = held(chance, any_terms(chance), moves=chance.randint(0, 80))
    assert digest(replayed(course.journal)) == digest(course.lot)
    coder = msgspec.msgpack if form == "msgpack" else msgspec.json
    copy = Course(coder.decode(coder.encode(course.lot), type=Lot), list(course.journal))
    assert digest(copy.lot) == digest(course.lot)
    for _ in range(10):
        due_at_us = course.lot.due_at_us
        given_command = command.MeetDeadline(LOT, due_at_us)
        assert copy.give(given_command, due_at_us) == course.give(given_command, due_at_us)
        assert digest(copy.lot) == digest(course.lot)


@given(CHANCE)
@settings(max_examples=60)
def test_bids_are_refused_from_the_end_on(chance: random.Random) -> None:
    course = held(chance, any_terms(chance), moves=chance.randint(0, 30))
    due_at_us = course.lot.due_at_us
    if course.lot.state is LotState.OPEN and due_at_us:
        assert isinstance(course.give(command.BidOnItems(LOT, 1, _bids(chance)), due_at_us), Refused)


@given(CHANCE)
@settings(max_examples=60)
def test_the_award_is_what_the_phase_left(chance: random.Random) -> None:
    course = held(chance, any_terms(chance), moves=150)
    if course.lot.state is LotState.SOLD:
        assert course.lot.phase is not None
        assert course.lot.phase.standing.awards == course.lot.awards
        outcome = _events(course)[-1]
        assert isinstance(outcome, LotAwarded)
        assert outcome.awards == course.lot.awards
