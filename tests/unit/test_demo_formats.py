"""Robots in the demo lots of other formats, over the real rules: every round ends as its programme says."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import TypeVar

import pytest

from exchange.demo.auctioneer import SILENCE_BEFORE_CONFIRMING_US, clerks_act, next_act
from exchange.demo.players import next_step, player
from exchange.demo.robots import NEVER, Seat, seats
from exchange.demo.templates import ProgrammeTemplate, Rhythm, read_demo_lots, round_terms
from exchange.simulation.bidders import here, is_all_said, second_try
from matching import commands
from matching import lot as rules
from matching.events import (
    BeaconPublished,
    BidPlaced,
    CapReached,
    Declared,
    EntrantsDrawn,
    Event,
    HintPublished,
    LotAnnounced,
    LotKnockedDown,
    OffersRevealed,
    OrdersMatched,
    PhaseBegan,
    RoundBegan,
)
from matching.lot import Lot, LotState
from matching.refusals import Refused
from matching.terms import MINUTE_US, SECOND_US
from matching.view import LotView, lot_view

FORMATS = read_demo_lots().formats
BY_KEY = {template.key: template for template in FORMATS}
SHORT = [template for template in FORMATS if template.rhythm is Rhythm.FORMATS]
Kind = TypeVar("Kind")
ROBOTS = [11, 12, 13, 14, 15, 16]
HOST = 7
OPENS_AT_US = 1_790_000_000_000_000
each_format = pytest.mark.parametrize("template", SHORT, ids=lambda template: template.key)


class Session:
    """One round under the real rules: robots in their seats, the robot host as clerk, time in half seconds."""

    def __init__(self, template: ProgrammeTemplate, seed: int) -> None:
        self.template = template
        self.chance = Random(seed)
        self.now_us = OPENS_AT_US - 10 * SECOND_US
        announcement = commands.AnnounceLot(1, HOST, round_terms(template, OPENS_AT_US, template.duration_us))
        first = rules.announce(announcement)
        assert isinstance(first, list) and isinstance(first[0], LotAnnounced)
        self.lot: Lot = rules.announced(1, first[0])
        self.events: list[Event] = []
        self.refused: list[Refused] = []
        self.clerk_refused: list[Refused] = []
        self._apply(first)
        self.seats = {seat.bidder: seat for seat in seats(template, ROBOTS, Random(f"seed {seed}"))}
        for seat in self.seats.values():
            self.submit(commands.AdmitBidder(1, seat.bidder, seat.rank))
        self.players = {bidder: player(seat) for bidder, seat in self.seats.items()}
        for bidder, robot in self.players.items():
            robot.paddle = self.lot.paddles[bidder]
        self.looks = dict.fromkeys(self.seats, self.now_us)
        self.face: object = None
        self.face_since_us = self.now_us

    @property
    def view(self) -> LotView:
        return lot_view(self.lot)

    def submit(self, command: commands.Command) -> Refused | None:
        decision = rules.decide(self.lot, command, self.now_us)
        if isinstance(decision, Refused):
            return decision
        self._apply(decision)
        return None

    def open(self) -> None:
        while self.view.state is not LotState.OPEN:
            self._pass_half_a_second()

    def run(self) -> None:
        for _ in range(2 * 30 * 60):
            if self.lot.is_closed:
                return
            self._pass_half_a_second()
        raise AssertionError(f"{self.template.key} does not end")

    def of(self, kind: type[Kind]) -> list[Kind]:
        return [event for event in self.events if isinstance(event, kind)]

    def _apply(self, events: list[Event]) -> None:
        for event in events:
            rules.apply(self.lot, event, self.now_us)
        self.events += events

    def _pass_half_a_second(self) -> None:
        self.now_us += SECOND_US // 2
        while self.lot.due_at_us and self.lot.due_at_us <= self.now_us and not self.lot.is_closed:
            assert self.submit(commands.MeetDeadline(1, self.lot.due_at_us)) is None
        for bidder, looks_at_us in list(self.looks.items()):
            if looks_at_us != NEVER and looks_at_us <= self.now_us:
                self._look(self.seats[bidder])
        self._let_the_host_act()

    def _look(self, seat: Seat) -> None:
        view, robot = self.view, self.players[seat.bidder]
        move = next_step(
            self.lot, view, seat, robot, self.template.duration_us, False, self.now_us, self.chance
        )
        self.looks[seat.bidder] = move.looks_at_us
        if move.command is None:
            return
        refused = self.submit(move.command)
        again = refused and second_try(move.command, refused, robot, self.lot.sign)
        if again:
            refused = self.submit(again)
        if refused:
            self.refused.append(refused)
        if is_all_said(view, refused):
            robot.rests = here(view)

    def _let_the_host_act(self) -> None:
        view = self.view
        face = (view.state, view.price, view.leader, view.bids, view.warnings)
        if face != self.face:
            self.face, self.face_since_us = face, self.now_us
        unchanged_us = self.now_us - self.face_since_us
        people = list(self.players.values())
        act = next_act(view, unchanged_us, HOST) or clerks_act(
            self.lot, people, unchanged_us, HOST, self.now_us, self.chance
        )
        if act is not None and (refused := self.submit(act)):
            self.clerk_refused.append(refused)


def played(key: str, seed: int) -> Session:
    session = Session(BY_KEY[key], seed)
    session.run()
    return session


@each_format
def test_rounds_end_within_their_time_and_mostly_in_a_sale(template: ProgrammeTemplate) -> None:
    outcomes: Counter[LotState] = Counter()
    acts = refused = 0
    for seed in range(12):
        session = played(template.key, seed)
        outcomes[session.lot.state] += 1
        acts += len(session.events)
        refused += len(session.refused)
        length_us = session.now_us - OPENS_AT_US
        assert length_us <= template.duration_us + 4 * MINUTE_US
        assert not session.clerk_refused
    assert outcomes[LotState.SOLD] >= 9, outcomes
    assert acts > 12 * 14, "a live lot moves"
    assert refused * 2 < acts, "robots mostly know what is acceptable"


def test_the_inquiry_lets_only_those_into_the_countdown_who_said_yes() -> None:
    counted = 0
    for seed in range(10):
        session = played("land-inquiry", seed)
        yes = {one.paddle for one in session.of(Declared) if one.word is commands.Word.ACCEPT}
        begun = [
            at for at, one in enumerate(session.events) if isinstance(one, PhaseBegan) and one.index == 2
        ]
        for at in begun:
            late = {one.paddle for one in session.events[at:] if isinstance(one, BidPlaced)}
            assert late <= yes
            counted += len(late)
    assert counted > 10, "there is something to bid for in the countdown"


def test_neighbours_at_one_price_draw_with_seeds_and_a_beacon_and_the_host_confirms() -> None:
    drawn = 0
    for seed in range(12):
        session = played("dryland-priority", seed)
        (knocked_down,) = session.of(LotKnockedDown)
        confirmed_after_us = session.now_us - OPENS_AT_US
        assert confirmed_after_us > SILENCE_BEFORE_CONFIRMING_US
        drawn += bool(session.of(BeaconPublished)) and bool(session.of(EntrantsDrawn))
        assert session.lot.winner == knocked_down.paddle
    assert drawn >= 3


def test_the_clock_falls_until_a_robot_takes_it() -> None:
    for seed in range(6):
        session = played("claims-dutch", seed)
        (bid,) = session.of(BidPlaced)
        assert len(session.of(RoundBegan)) > 3, "it has fallen"
        assert session.lot.hammer_price == bid.amount < BY_KEY["claims-dutch"].opening_price


def test_the_offer_closest_to_the_mean_wins_after_the_cap() -> None:
    averaged = 0
    for seed in range(8):
        session = played("land-cap-average", seed)
        assert session.of(CapReached)
        for revealed in session.of(OffersRevealed):
            amounts = sorted(offer.lines[0].price for offer in revealed.offers)
            if len(amounts) >= 2:
                mean = sum(amounts) / len(amounts)
                nearest = min(abs(amount - mean) for amount in amounts)
                assert abs(abs(session.lot.hammer_price - mean) - nearest) < 1
                averaged += 1
    assert averaged >= 4


def test_many_units_are_sold_at_one_price_and_hints_are_given() -> None:
    session = played("allowance-uniform", 3)
    assert session.of(HintPublished)
    assert sum(award.quantity for award in session.lot.awards) <= 50_000
    assert len(session.lot.awards) >= 2


def test_orders_meet_in_the_session() -> None:
    session = played("allowance-session", 3)
    assert len(session.of(OrdersMatched)) > 10


def test_holders_leave_the_bidding_to_others_and_match_in_some_rounds() -> None:
    outcomes: Counter[bool] = Counter()
    for seed in range(20):
        session = played("equity-refusal", seed)
        holders = {paddle for bidder, paddle in session.lot.paddles.items() if session.seats[bidder].rank}
        assert not holders & {bid.paddle for bid in session.of(BidPlaced)}
        said = {one.paddle: one.word for one in session.of(Declared)}
        assert said.keys() <= holders
        matched = session.lot.winner in holders
        assert matched == (commands.Word.ACCEPT in said.values())
        outcomes[matched] += 1
    assert outcomes[True] >= 4 and outcomes[False] >= 4, outcomes


def test_a_person_in_the_lead_is_answered_up_to_the_valuation_at_once() -> None:
    template = BY_KEY["barge-runners-up"]
    session = Session(template, 1)
    session.open()
    seat = Seat(ROBOTS[0], template.reference_value)
    limits = []
    for is_against_person in (False, True):
        robot = player(seat)
        next_step(
            session.lot,
            session.view,
            seat,
            robot,
            template.duration_us,
            is_against_person,
            session.now_us,
            Random(1),
        )
        limits.append(robot.limit)
    assert template.opening_price < limits[0] < limits[1] == template.reference_value


def test_the_same_round_gives_the_same_seats_ranks_and_seeds() -> None:
    template = BY_KEY["dryland-priority"]
    first = seats(template, ROBOTS, Random("DEMO-dryland-priority-0001"))
    assert first == seats(template, ROBOTS, Random("DEMO-dryland-priority-0001"))
    assert len({seat.seed for seat in first}) == len(first)
    assert sorted(seat.rank for seat in first) == [0, 1, 1, 1, 1, 1]
    assert len({seat.valuation for seat in first if seat.rank}) == 1


def test_a_paused_round_waits_and_is_freed_like_any_other() -> None:
    session = Session(BY_KEY["land-inquiry"], 2)
    session.open()
    assert session.submit(commands.PauseLot(1, HOST, "a visitor tries the button")) is None
    assert session.view.freeze_reason
    session.run()
    assert session.view.state is LotState.SOLD
