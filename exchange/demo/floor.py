"""The robots at work: they sign up, pay through the demo bank and bid, one command after the other.

Belongs here: carrying out what `robots` and `players` decide, through the services that people use.
Does not belong here: deciding.
"""

from __future__ import annotations

import heapq
import secrets
from collections.abc import Sequence
from random import Random

import structlog
from msgspec import Struct

from exchange.capacities import Capacities, Capacity
from exchange.demo.bank import DemoBank
from exchange.demo.players import next_step, player
from exchange.demo.robots import NEVER, Move, Seat, next_move, seats
from exchange.demo.templates import EnglishTemplate, Template
from exchange.people import Account
from exchange.ports import Clock, CommandBus, ExchangeError, LotBook, Rejected
from exchange.sign_up import SignUpRefusal, SignUps
from exchange.simulation.bidders import Bidder, here, is_all_said, second_try
from ledger.store import LedgerUnavailable
from matching.commands import BidderCommand
from matching.lot import Lot
from matching.refusals import Refused
from matching.terms import MINUTE_US, SECOND_US
from matching.units import NOBODY, DurationUs, LotId, Paddle, StaffId, TimeUs
from matching.view import LotView

log = structlog.get_logger(__name__)

VISITS_PER_STEP_MAX = 40
"""So that a crowd of robots does not keep the schedule waiting."""

RETRY_US = 3 * SECOND_US
SHORT_US = MINUTE_US
"""To a round that is planned no longer than this all of them come at once, also where everything takes its time."""

JOINING_US_MAX = 5 * SECOND_US
"""The first robot of a round, and whoever finds the lot open or about to open, signs up within this long."""

EARLY_US = 3 * MINUTE_US
"""The others follow within this long: a lot that robots come to is not one that nobody has signed up for."""


class Guest(Struct, frozen=True):
    """A robot on its way to a round of so long a length, or in it. `player` is there in lots of other formats."""

    lot: LotId
    account: Account
    seat: Seat
    planned_us: DurationUs
    player: Bidder | None


class RobotFloor:
    """All robots of the centre. `attend` sends them to a round, `step` does what is due.

    What it forgets at the end of the process, `attend` finds again: seats follow from the round's code.
    """

    def __init__(
        self,
        robots: Sequence[Account],
        *,
        sign_ups: SignUps,
        capacities: Capacities,
        clerk: StaffId,
        bank: DemoBank,
        bus: CommandBus,
        book: LotBook,
        clock: Clock,
        chance: Random,
    ) -> None:
        self._robots = {robot.id: robot for robot in robots}
        self._sign_ups = sign_ups
        self._capacities = capacities
        self._clerk = clerk
        self._bank = bank
        self._bus = bus
        self._book = book
        self._clock = clock
        self._chance = chance
        self._due: list[tuple[TimeUs, int, Guest]] = []
        self._entered = 0

    @property
    def guests(self) -> list[Guest]:
        """The robots that are on their way or in a round."""
        return [guest for _, _, guest in self._due]

    def players(self, lot_id: LotId) -> list[Bidder]:
        """Return the robots in a lot of another format."""
        found = [guest.player for guest in self.guests if guest.lot == lot_id and guest.player is not None]
        return [one for one in found if one.paddle]

    def attend(self, lot_id: LotId, code: str, template: Template, opens_at_us: TimeUs) -> None:
        """Send to a round the robots that come to it: the same for the same code."""
        for place, seat in enumerate(seats(template, sorted(self._robots), Random(code))):
            role = None if isinstance(template, EnglishTemplate) else player(seat)
            guest = Guest(lot_id, self._robots[seat.bidder], seat, template.duration_us, role)
            self._plan(guest, self._joins_at_us(guest, opens_at_us, is_first=place == 0))

    async def step(self) -> None:
        """Let every robot whose time has come look at its lot, and act.

        Raises: nothing; what cannot be done now is tried again soon.
        """
        for _ in range(VISITS_PER_STEP_MAX):
            now_us = self._clock.now_us()
            if not self._due or self._due[0][0] > now_us:
                return
            _, _, guest = heapq.heappop(self._due)
            looks_at_us = await self._visit(guest, now_us)
            if looks_at_us != NEVER:
                self._plan(guest, looks_at_us)

    def _plan(self, guest: Guest, looks_at_us: TimeUs) -> None:
        self._entered += 1
        heapq.heappush(self._due, (looks_at_us, self._entered, guest))

    def _joins_at_us(self, guest: Guest, opens_at_us: TimeUs, *, is_first: bool) -> TimeUs:
        """When a robot signs up: early in the announcement, at once when it is the first or little of it is left."""
        now_us = self._clock.now_us()
        lot = self._book.lot(guest.lot)
        if guest.planned_us <= SHORT_US or (lot is not None and guest.account.id in lot.paddles):
            return now_us
        early_us = now_us if is_first else min(opens_at_us - MINUTE_US, now_us + EARLY_US)
        latest_us = max(early_us, now_us + JOINING_US_MAX)
        return self._chance.randint(now_us, latest_us)

    async def _visit(self, guest: Guest, now_us: TimeUs) -> TimeUs:
        """Do what a robot does at a visit and return when it looks again."""
        try:
            lot = self._book.lot(guest.lot)
            if lot is None:
                return await self._wait_for_announcement(guest, now_us)
            if lot.is_closed:
                return NEVER
            paddle = lot.paddles.get(guest.account.id, NOBODY)
            if paddle == NOBODY:
                return await self._join(guest, now_us)
            return await self._act(guest, lot, paddle, now_us)
        except (ExchangeError, LedgerUnavailable) as error:
            log.info("demo.robot_waits", lot=guest.lot, robot=guest.account.login, error=type(error).__name__)
            return now_us + RETRY_US

    async def _wait_for_announcement(self, guest: Guest, now_us: TimeUs) -> TimeUs:
        view = await self._book.load(guest.lot)
        return now_us + RETRY_US if view is None else NEVER

    async def _join(self, guest: Guest, now_us: TimeUs) -> TimeUs:
        """Sign up and pay what is missing; the paddle comes by itself, with the rank that the clerk has entered."""
        if guest.seat.rank:
            await self._capacities.enter(guest.lot, guest.account.id, Capacity(guest.seat.rank), self._clerk)
        state = await self._sign_ups.sign_up(guest.lot, guest.account)
        if isinstance(state, SignUpRefusal):
            return NEVER if state is SignUpRefusal.LOT_CLOSED else now_us + RETRY_US
        if state.missing:
            await self._bank.pay(
                state.reference,
                state.missing,
                state.currency,
                guest.account.name,
                receipt_id=f"demo-robot-{state.reference}",
                payer_id=guest.account.id,
            )
        return now_us + self._chance.randint(SECOND_US, RETRY_US)

    async def _act(self, guest: Guest, lot: Lot, paddle: Paddle, now_us: TimeUs) -> TimeUs:
        view = self._book.view(lot.id)
        if view is None:
            return now_us + RETRY_US
        move = self._move(guest, lot, view, paddle, now_us)
        if move.command is None:
            return move.looks_at_us
        refused = await self._submit(move.command)
        if guest.player is not None:
            await self._take_answer(guest.player, lot.sign, view, move.command, refused)
        return move.looks_at_us

    def _move(self, guest: Guest, lot: Lot, view: LotView, paddle: Paddle, now_us: TimeUs) -> Move:
        is_led_by_person = self._is_person(lot, view.leader)
        robot = guest.player
        if robot is None:
            return next_move(view, guest.seat, paddle, is_led_by_person, now_us, self._chance)
        robot.paddle = paddle
        return next_step(
            lot, view, guest.seat, robot, guest.planned_us, is_led_by_person, now_us, self._chance
        )

    async def _take_answer(
        self, robot: Bidder, sign: int, view: LotView, command: BidderCommand, refused: Refused | None
    ) -> None:
        """Try once more where a refusal has told the bounds, and rest where all is said."""
        again = None if refused is None else second_try(command, refused, robot, sign)
        if again is not None:
            refused = await self._submit(again)
        if is_all_said(view, refused):
            robot.rests = here(view)

    async def _submit(self, command: BidderCommand) -> Refused | None:
        answer = await self._bus.submit(secrets.token_hex(16), command)
        if isinstance(answer, Rejected):
            log.debug("demo.robot_refused", lot=command.lot, refused=answer.refused.code.name)
            return answer.refused
        return None

    def _is_person(self, lot: Lot, paddle: Paddle) -> bool:
        return paddle != NOBODY and all(lot.paddles.get(robot) != paddle for robot in self._robots)
