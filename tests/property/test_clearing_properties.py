"""What holds in every division of a supply, and in every lot of many units."""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.clearing import Bid, cleared
from matching.commands import AdmitBidder, Command, MeetDeadline, OpenLot, SubmitOffer, TakeBackOffer
from matching.events import Event, LotAwarded
from matching.lot import Lot, apply, decide, digest
from matching.refusals import Refused
from matching.terms import Direction, LotTerms, MultiUnitTerms
from matching.terms.multi_unit import Pricing, Sharing
from matching.units import Line
from tests.tables.scenario import HOST, LOT, START_US, lot_terms, lot_under, span_us

OPENING = 100
SUPPLY = 12
bids = st.lists(st.builds(Bid, st.integers(1, 9), st.integers(1, 5), st.integers(1, 30)), max_size=15)
lines = st.lists(st.builds(Line, st.integers(97, 103), st.integers(1, 8)), min_size=1, max_size=3).map(tuple)
moves = st.lists(st.tuples(st.integers(1, 4), st.none() | lines, st.integers(0, 90)), max_size=25)


@given(bids, st.integers(1, 60), st.sampled_from((1, -1)), st.sampled_from(Sharing), st.integers(1, 8))
def test_a_division_gives_all_there_is_to_the_best(
    bids: list[Bid], supply: int, sign: int, sharing: Sharing, decimals: int
) -> None:
    result = cleared(bids, supply, sign, sharing, 1, decimals)
    assert result.sold == sum(result.quantities) == min(supply, sum(bid.quantity for bid in bids))
    for bid, quantity in zip(bids, result.quantities, strict=True):
        assert 0 <= quantity <= bid.quantity
        if sign * bid.price > sign * result.price:
            assert quantity == bid.quantity, "better than the last price: in full"
        if sign * bid.price < sign * result.price:
            assert not quantity, "worse than the last price: nothing"


@given(st.lists(st.integers(1, 100), min_size=2, max_size=9), st.data())
def test_shares_in_proportion_are_within_a_unit_of_the_exact_ones(
    wanted: list[int], data: st.DataObject
) -> None:
    left = data.draw(st.integers(1, sum(wanted) - 1))
    bids = [Bid(paddle, 5, quantity) for paddle, quantity in enumerate(wanted, 1)]
    result = cleared(bids, left, 1, Sharing.PRO_RATA)
    for quantity, share in zip(wanted, result.quantities, strict=True):
        assert abs(share * sum(wanted) - quantity * left) < sum(wanted)


def terms_of(direction: Direction, pricing: Pricing, sharing: Sharing, reserve: int) -> LotTerms:
    phase = MultiUnitTerms(
        supply=SUPPLY,
        unit="t",
        duration_us=span_us("10:00"),
        hints_after_us=(span_us("5:00"),),
        hint_offers_min=1,
        pricing=pricing,
        sharing=sharing,
        revisions_max=2,
        may_take_back=True,
    )
    reserve = OPENING + direction.sign * reserve if reserve else 0
    return lot_terms(phase, opening=OPENING, opens=None, direction=direction, reserve=reserve)


class Course:
    """A lot with all that was recorded of it."""

    def __init__(self, terms: LotTerms) -> None:
        self.lot = lot_under(terms)
        self.records: list[tuple[Event, int]] = []
        self.refused = 0

    def give(self, command: Command, at_us: int) -> None:
        before = digest(self.lot)
        decided = decide(self.lot, command, at_us)
        assert digest(self.lot) == before
        if isinstance(decided, Refused):
            self.refused += 1
            return
        for happened in decided:
            apply(self.lot, happened, at_us)
            self.records.append((happened, at_us))
        self.lot = reread(self.lot)


def reread(lot: Lot) -> Lot:
    """Return the lot as a snapshot gives it back; everything that follows goes on from there."""
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(lot), type=Lot)
    assert digest(again) == digest(lot)
    return again


def played(terms: LotTerms, moves: list[tuple[int, tuple[Line, ...] | None, int]]) -> Course:
    course = Course(terms)
    for paddle in range(1, 5):
        course.give(AdmitBidder(LOT, paddle), START_US)
    course.give(OpenLot(LOT, HOST), START_US)
    at_us = START_US
    for paddle, offered, seconds in moves:
        at_us += seconds * 1_000_000
        while not course.lot.is_closed and at_us >= course.lot.due_at_us:
            course.give(MeetDeadline(LOT, course.lot.due_at_us), course.lot.due_at_us)
        course.give(
            TakeBackOffer(LOT, paddle) if offered is None else SubmitOffer(LOT, paddle, offered), at_us
        )
    while not course.lot.is_closed:
        course.give(MeetDeadline(LOT, course.lot.due_at_us), course.lot.due_at_us)
    return course


@settings(max_examples=60)
@given(
    st.sampled_from(Direction), st.sampled_from(Pricing), st.sampled_from(Sharing), st.integers(0, 2), moves
)
def test_a_lot_sells_no_more_than_there_is_and_to_nobody_beyond_his_offer(
    direction: Direction,
    pricing: Pricing,
    sharing: Sharing,
    reserve: int,
    moves: list[tuple[int, tuple[Line, ...] | None, int]],
) -> None:
    terms = terms_of(direction, pricing, sharing, reserve)
    course = played(terms, moves)
    assert course.lot.phase is not None
    sign = direction.sign
    offers = {one.paddle: one.lines for one in course.lot.phase.standing.offers}
    awards = course.lot.awards
    assert sum(abs(award.quantity) for award in awards) <= SUPPLY
    assert len({award.paddle for award in awards}) == len(awards)
    for award in awards:
        own = sorted(offers[award.paddle], key=lambda line: -sign * line.price)
        units = [line.price for line in own for _ in range(line.quantity)][: abs(award.quantity)]
        assert len(units) == abs(award.quantity), "nobody gets more than he asked for"
        assert sign * abs(award.amount) <= sign * sum(units), "and on no worse terms"
        assert sign * abs(award.amount) >= sign * (terms.reserve_price or OPENING) * len(units)


@settings(max_examples=40)
@given(st.sampled_from(Direction), st.sampled_from(Sharing), moves)
def test_the_journal_alone_gives_the_same_lot(
    direction: Direction, sharing: Sharing, moves: list[tuple[int, tuple[Line, ...] | None, int]]
) -> None:
    terms = terms_of(direction, Pricing.UNIFORM, sharing, 0)
    course = played(terms, moves)
    again = lot_under(terms)
    for happened, at_us in course.records:
        apply(again, happened, at_us)
    assert digest(again) == digest(course.lot)
    ended = [happened for happened, _ in course.records if isinstance(happened, LotAwarded)]
    assert len(ended) == (1 if course.lot.awards else 0)
