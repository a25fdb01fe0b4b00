"""Robots over the real rules: they never pay more than their valuation, and their rounds end as auctions should."""

from __future__ import annotations

from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.demo.auctioneer import FROZEN_US_MAX, next_act
from exchange.demo.robots import NEVER, Move, Seat, next_move, pacing_ceiling, seats
from exchange.demo.templates import Ending, EnglishTemplate, read_demo_lots, round_terms
from matching import commands
from matching import lot as rules
from matching.events import BidPlaced, LotAnnounced, MaxBidLeft
from matching.lot import Lot, LotState
from matching.refusals import Refused
from matching.terms import SECOND_US
from matching.view import LotView, lot_view

TEMPLATES = read_demo_lots().lots
BY_KEY = {template.key: template for template in TEMPLATES}
ROBOTS = [11, 12, 13, 14, 15, 16]
VISITOR = 99
HOST = 7
OPENS_AT_US = 1_790_000_000_000_000
LIMIT_PERCENT = 160
each_template = pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.key)


class Sale:
    """One lot under the real rules, robots in their seats, time in steps of a second."""

    def __init__(self, template: EnglishTemplate, seed: int, robots: int = 6) -> None:
        self.template = template
        self.chance = Random(seed)
        self.now_us = OPENS_AT_US - 30 * SECOND_US
        announcement = commands.AnnounceLot(1, HOST, round_terms(template, OPENS_AT_US, template.duration_us))
        first = rules.announce(announcement)
        assert isinstance(first, list) and isinstance(first[0], LotAnnounced)
        self.lot: Lot = rules.announced(1, first[0])
        self.offers: list[tuple[int, int]] = []
        self.refused: list[Refused] = []
        self.bid_times_us: list[int] = []
        for event in first:
            rules.apply(self.lot, event, self.now_us)
        self.seats = seats(template, ROBOTS[:robots], Random(f"seed {seed}"))
        for seat in self.seats:
            self.submit(commands.AdmitBidder(1, seat.bidder))
        self.submit(commands.AdmitBidder(1, VISITOR))
        self.looks = {seat.bidder: self.now_us for seat in self.seats}
        self.face_since_us = self.now_us
        self.face: object = None

    @property
    def view(self) -> LotView:
        return lot_view(self.lot)

    def submit(self, command: commands.Command) -> None:
        decision = rules.decide(self.lot, command, self.now_us)
        if isinstance(decision, Refused):
            self.refused.append(decision)
            return
        for event in decision:
            rules.apply(self.lot, event, self.now_us)
            if isinstance(event, BidPlaced | MaxBidLeft):
                amount = event.amount if isinstance(event, BidPlaced) else event.limit
                bidder = next(who for who, paddle in self.lot.paddles.items() if paddle == event.paddle)
                self.offers.append((bidder, amount))
                self.bid_times_us.append(self.now_us)

    def second(self) -> None:
        self.now_us += SECOND_US
        due_at_us = self.lot.due_at_us
        if due_at_us and due_at_us <= self.now_us:
            self.submit(commands.MeetDeadline(1, due_at_us))
        for seat in self.seats:
            if self.looks[seat.bidder] != NEVER and self.looks[seat.bidder] <= self.now_us:
                move = self._move(seat)
                if move.command is not None:
                    self.submit(move.command)
                self.looks[seat.bidder] = move.looks_at_us
        self._host()

    def run(self, seconds: int = 40_000) -> None:
        for _ in range(seconds):
            if self.lot.is_closed:
                return
            self.second()
        raise AssertionError(f"{self.template.key} does not end")

    def _move(self, seat: Seat) -> Move:
        paddle = self.lot.paddles[seat.bidder]
        is_led_by_visitor = self.view.leader == self.lot.paddles[VISITOR]
        return next_move(self.view, seat, paddle, is_led_by_visitor, self.now_us, self.chance)

    def _host(self) -> None:
        view = self.view
        face = (view.state, view.price, view.leader, view.bids, view.warnings)
        if face != self.face:
            self.face, self.face_since_us = face, self.now_us
        act = next_act(view, self.now_us - self.face_since_us, HOST)
        if act is not None:
            self.submit(act)


@each_template
def test_a_round_among_robots_ends_in_a_plausible_price(template: EnglishTemplate) -> None:
    eager = msgspec.structs.replace(template, appeal=1.0)
    sale = Sale(eager, seed=5)
    sale.run()
    valuations = {seat.bidder: seat.valuation for seat in sale.seats}
    assert all(amount <= valuations[bidder] for bidder, amount in sale.offers)
    assert all(value * 100 <= template.reference_value * LIMIT_PERCENT for value in valuations.values())
    assert sale.lot.state in (LotState.SOLD, LotState.PASSED)
    assert sale.lot.state is LotState.SOLD or template.reserve_price
    if sale.lot.state is LotState.SOLD:
        assert template.opening_price <= sale.lot.hammer_price
        assert sale.lot.hammer_price * 100 >= template.reference_value * 75
    assert len(sale.offers) >= 8, "a live lot moves"
    assert not sale.refused, "robots know what is acceptable"


def test_bids_thicken_towards_the_end() -> None:
    early = late = 0
    for seed in range(40):
        sale = Sale(BY_KEY["liquor"], seed)
        sale.run()
        length_us = sale.now_us - OPENS_AT_US
        early += sum(at_us < OPENS_AT_US + length_us // 3 for at_us in sale.bid_times_us)
        late += sum(at_us > OPENS_AT_US + 2 * length_us // 3 for at_us in sale.bid_times_us)
    assert late > early
    assert early > 40, "the first third moves as well"


def test_every_outcome_is_seen_over_many_rounds() -> None:
    outcomes = set()
    for seed in range(60):
        for key in ("market-stall", "jewellery"):
            sale = Sale(BY_KEY[key], seed)
            sale.run()
            outcomes.add((key, sale.lot.state, bool(sale.seats)))
    assert ("market-stall", LotState.SOLD, True) in outcomes
    assert ("market-stall", LotState.PASSED, False) in outcomes, "nobody comes"
    assert ("jewellery", LotState.PASSED, True) in outcomes, "the reserve is not reached"
    assert ("jewellery", LotState.SOLD, True) in outcomes


def test_robots_answer_a_visitor_but_not_for_ever() -> None:
    sale = Sale(BY_KEY["sedan"], seed=1)
    while sale.lot.state is not LotState.OPEN:
        sale.second()
    answers = 0
    while not sale.lot.is_closed:
        view = sale.view
        if view.leader != sale.lot.paddles[VISITOR] and view.asking_price < 10 * view.opening_price:
            answers += bool(view.leader)
            sale.submit(commands.PlaceBid(1, VISITOR, view.asking_price))
        sale.second()
    assert answers >= 5
    assert sale.lot.winner == sale.lot.paddles[VISITOR]
    assert sale.lot.hammer_price * 100 <= BY_KEY["sedan"].reference_value * LIMIT_PERCENT


@given(
    key=st.sampled_from(sorted(BY_KEY)),
    share=st.integers(0, 300),
    passed=st.integers(-100, 200),
    seed=st.integers(0, 10_000),
    is_against_person=st.booleans(),
)
@settings(max_examples=300)
def test_a_robot_never_offers_more_than_its_valuation(
    key: str, share: int, passed: int, seed: int, is_against_person: bool
) -> None:
    template = BY_KEY[key]
    price = template.reference_value * share // 100
    sale = Sale(template, seed=1)
    increment = sale.view.increment
    length_us = template.duration_us
    view = msgspec.structs.replace(
        sale.view,
        state=LotState.OPEN,
        price=price,
        leader=3 if price else 0,
        asking_price=price + increment if price else template.opening_price,
        ends_at_us=0 if template.ends_by is Ending.HOST else OPENS_AT_US + length_us,
    )
    seat = Seat(11, template.reference_value * 120 // 100)
    now_us = OPENS_AT_US + length_us * passed // 100
    move = next_move(view, seat, 2, is_against_person, now_us, Random(seed))
    if isinstance(move.command, commands.PlaceBid):
        assert view.asking_price <= move.command.amount <= seat.valuation
    elif isinstance(move.command, commands.LeaveMaxBid):
        assert view.asking_price <= move.command.limit <= seat.valuation
    if view.asking_price > seat.valuation:
        assert move == Move(None, NEVER)
    else:
        assert move.looks_at_us > now_us


def test_the_ceiling_grows_with_time_from_the_opening_price_to_the_valuation() -> None:
    sale = Sale(BY_KEY["liquor"], seed=1)
    template = sale.template
    view = msgspec.structs.replace(sale.view, ends_at_us=OPENS_AT_US + template.duration_us)
    valuation = template.reference_value
    ceilings = [
        pacing_ceiling(view, valuation, OPENS_AT_US + template.duration_us * tenth // 10)
        for tenth in range(-2, 13)
    ]
    assert ceilings == sorted(ceilings)
    assert template.opening_price <= ceilings[0] < ceilings[-1] == valuation
    assert pacing_ceiling(view, template.opening_price - 1, OPENS_AT_US) == template.opening_price - 1


def test_the_same_round_gives_the_same_seats() -> None:
    template = BY_KEY["suv"]
    assert seats(template, ROBOTS, Random("DEMO-suv-0001")) == seats(
        template, ROBOTS, Random("DEMO-suv-0001")
    )
    assert len(seats(template, ROBOTS, Random("DEMO-suv-0001"))) == template.robots
    nobody = msgspec.structs.replace(template, appeal=0.0)
    assert seats(nobody, ROBOTS, Random("DEMO-suv-0001")) == []


def test_the_robot_host_ends_only_what_the_clock_does_not() -> None:
    sale = Sale(BY_KEY["fish-ponds"], seed=4, robots=0)
    sale.run()
    assert sale.lot.state is LotState.PASSED
    clocked = Sale(BY_KEY["excavators"], seed=4)
    while clocked.lot.state is not LotState.OPEN:
        clocked.second()
    assert next_act(clocked.view, 10**12, HOST) is None, "left to the clock and to visitors"


def test_the_robot_host_frees_a_lot_that_was_paused_and_left() -> None:
    sale = Sale(BY_KEY["sedan"], seed=4)
    while sale.lot.state is not LotState.OPEN:
        sale.second()
    sale.submit(commands.PauseLot(1, HOST, "a visitor tries the button"))
    assert next_act(sale.view, FROZEN_US_MAX - 1, HOST) is None
    assert next_act(sale.view, FROZEN_US_MAX, HOST) == commands.ResumeLot(1, HOST)
    sale.run()
    assert sale.view.state is LotState.SOLD
