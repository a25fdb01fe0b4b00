"""The robots of a rehearsal: what they bid and when, as patient or as late as real bidders are.

Each has chance of its own, so that the same seed gives the same people whatever the others do.

Belongs here: who comes, when each looks, carrying out what he decides.
Does not belong here: what can be done in a format (`exchange.simulation`), things that go wrong (`incidents`).
"""

from __future__ import annotations

import heapq
from enum import StrEnum
from random import Random
from typing import Final

from msgspec import Struct, structs

from exchange.demo.players import next_step
from exchange.demo.robots import NEVER, Move, Seat
from exchange.ports import Answer, CommandBus, LotBook, Rejected, Unanswered
from exchange.simulation.bidders import Bidder, bidders, here, is_all_said, second_try
from matching.commands import BidderCommand, PlaceBid
from matching.details import Act
from matching.lot import Lot, LotState
from matching.refusals import Refused
from matching.terms import SECOND_US, LotTerms
from matching.terms.dutch import DutchTerms
from matching.units import NOBODY, Amount, BidderId, LotId, TimeUs
from matching.view import LotView

ROBOTS_FROM: Final[BidderId] = 9_000_000_000_000
"""Accounts of robots are numbered from here, far from those of people."""

LATE_SHARE: Final = 0.35
"""So many of the robots come only at the very end, as real bidders do."""

LATE_US: Final = 8 * SECOND_US
LOOK_US_MIN: Final = SECOND_US // 4
AWAY_US: Final = SECOND_US
RETRY_US: Final = SECOND_US
VISITS_PER_STEP_MAX: Final = 100


class Temper(StrEnum):
    """When somebody bids."""

    STEADY = "steady"
    """All the time, with the price."""
    LATE = "late"
    """In the last seconds; where the host ends the bidding, once he has called."""


class Robot(Struct, kw_only=True):
    """A bidder who is no person. While `is_here` is False his line is dead and he does nothing."""

    seat: Seat
    player: Bidder
    temper: Temper
    chance: Random
    commands: int = 0
    is_here: bool = True

    @property
    def id(self) -> BidderId:
        """His account."""
        return self.player.id

    def command_id(self) -> str:
        """Return the id of his next command: the same in each performance with the same seed."""
        self.commands += 1
        return f"{self.player.id:016x}{self.commands:016x}"


def robots_for(terms: LotTerms, count: int, priority: int, seed: int) -> list[Robot]:
    """Return those who come to a rehearsal: the same for the same terms, count and seed."""
    chance = Random(f"rehearsal {seed} {count}")
    people = bidders(1, count, min(priority, count), _reference(terms), terms.direction.sign, chance)
    found = []
    for number, player in enumerate(people):
        player.id = ROBOTS_FROM + number
        temper = Temper.LATE if chance.random() < LATE_SHARE else Temper.STEADY
        seat = Seat(player.id, player.limit, player.rank, player.seed)
        found.append(Robot(seat=seat, player=player, temper=temper, chance=Random(f"{seed} {number}")))
    if found and all(robot.temper is Temper.LATE for robot in found):
        found[0].temper = Temper.STEADY
    return found


class Crowd:
    """The robots at work in one lot; `step` lets everybody whose time has come look and act."""

    def __init__(self, robots: list[Robot], lot: LotId, bus: CommandBus, book: LotBook, pace: int) -> None:
        self.robots = robots
        self._lot = lot
        self._bus = bus
        self._book = book
        self._pace = pace
        self._due: list[tuple[TimeUs, int, Robot]] = []
        self._ids = frozenset(robot.id for robot in robots)
        self._opened_at_us: TimeUs = 0

    def begin(self, now_us: TimeUs) -> None:
        """Let everybody look for the first time soon."""
        for number, robot in enumerate(self.robots):
            looks_at_us = now_us + robot.chance.randint(0, SECOND_US)
            heapq.heappush(self._due, (looks_at_us, number, robot))

    async def step(self, now_us: TimeUs) -> None:
        """Visit the lot as every robot whose time has come."""
        for _ in range(VISITS_PER_STEP_MAX):
            if not self._due or self._due[0][0] > now_us:
                return
            _, number, robot = heapq.heappop(self._due)
            looks_at_us = await self._visit(robot, now_us)
            if looks_at_us != NEVER:
                heapq.heappush(self._due, (max(looks_at_us, now_us + LOOK_US_MIN), number, robot))

    async def give(self, robot: Robot, command: BidderCommand) -> Refused | None:
        """Hand a robot's command in and return why it was refused, if it was."""
        try:
            answer: Answer = await self._bus.submit(robot.command_id(), command)
        except Unanswered:
            return None
        return answer.refused if isinstance(answer, Rejected) else None

    def free_bidders(self, view: LotView) -> list[Robot]:
        """Return the robots who are there and could bid now: not the leader."""
        lot = self._book.lot(self._lot)
        if lot is None or view.state is not LotState.OPEN or Act.BID not in view.accepts:
            return []
        paddles = lot.paddles
        return [
            robot
            for robot in self.robots
            if robot.is_here and paddles.get(robot.id, NOBODY) not in (NOBODY, view.leader)
        ]

    async def bid(self, robot: Robot, amount: Amount) -> Refused | None:
        """Let a robot bid an amount, whatever it would have done by itself."""
        return await self.give(robot, PlaceBid(self._lot, robot.id, amount))

    async def _visit(self, robot: Robot, now_us: TimeUs) -> TimeUs:
        """Do what a robot does at a look and return when it looks again."""
        lot, view = self._book.lot(self._lot), self._book.view(self._lot)
        if lot is None or view is None:
            return now_us + RETRY_US
        if lot.is_closed:
            return NEVER
        if not robot.is_here:
            return now_us + AWAY_US
        is_eager = robot.temper is Temper.LATE and view.format == "english" and view.state is LotState.OPEN
        if is_eager and (waits_until_us := self._waits_until(robot, view, now_us)):
            return waits_until_us
        move = self._move(robot, lot, view, now_us, is_eager)
        if move.command is not None:
            await self._carry_out(robot, lot.sign, view, move.command)
        return now_us + (move.looks_at_us - now_us) // self._pace

    def _move(self, robot: Robot, lot: Lot, view: LotView, now_us: TimeUs, is_eager: bool) -> Move:
        player = robot.player
        player.paddle = lot.paddles.get(robot.id, NOBODY)
        is_pressed = is_eager or self._is_led_by_person(lot, view)
        if view.state is LotState.OPEN:
            # The terms do not say when a host opens: how far robots go by now is counted from when they saw it open.
            self._opened_at_us = self._opened_at_us or now_us
            # Where nothing but the host ends a round, robots count in time that goes as fast as the rehearsal does.
            passed_us = (now_us - self._opened_at_us) * (1 if view.ends_at_us else self._pace)
            view = structs.replace(view, opens_at_us=now_us - passed_us)
        return next_step(lot, view, robot.seat, player, 0, is_pressed, now_us, robot.chance)

    async def _carry_out(self, robot: Robot, sign: int, view: LotView, command: BidderCommand) -> None:
        """Hand the command in; try once more where a refusal has told the bounds, and rest where all is said."""
        refused = await self.give(robot, command)
        again = None if refused is None else second_try(command, refused, robot.player, sign)
        if again is not None:
            refused = await self.give(robot, again)
        if is_all_said(view, refused):
            robot.player.rests = here(view)

    def _waits_until(self, robot: Robot, view: LotView, now_us: TimeUs) -> TimeUs:
        """Return until when a late bidder waits; 0 when his moment has come."""
        window_us = max(LATE_US // self._pace, 2 * SECOND_US)
        if not view.ends_at_us:
            return 0 if view.warnings or not view.host_may_hammer else now_us + SECOND_US
        if now_us >= view.ends_at_us - window_us:
            return 0
        return view.ends_at_us - robot.chance.randint(SECOND_US, window_us)

    def _is_led_by_person(self, lot: Lot, view: LotView) -> bool:
        return view.leader != NOBODY and all(lot.paddles.get(robot) != view.leader for robot in self._ids)


def _reference(terms: LotTerms) -> Amount:
    """Return the price around which robots value the lot: half the opening price where a clock falls from it."""
    return terms.opening_price // 2 if isinstance(terms.programme[0], DutchTerms) else terms.opening_price
