"""The robots at work: they sign up, pay through the demo bank and bid, one command after the other.

Belongs here: carrying out what `robots` decides, through the services that people use.
Does not belong here: deciding.
"""

from __future__ import annotations

import heapq
import secrets
from collections.abc import Sequence
from random import Random

import structlog
from msgspec import Struct

from exchange.catalogue import LotBook
from exchange.demo.bank import DemoBank
from exchange.demo.robots import NEVER, Seat, next_move, seats
from exchange.demo.templates import Template
from exchange.people import Account
from exchange.ports import Clock, CommandBus, ExchangeError, Rejected
from exchange.sign_up import SignUpRefusal, SignUps
from ledger.store import LedgerUnavailable
from matching.lot import Lot
from matching.terms import MINUTE_US, SECOND_US
from matching.units import NOBODY, LotId, Paddle, TimeUs

log = structlog.get_logger(__name__)

VISITS_PER_STEP_MAX = 40
"""So that a crowd of robots does not keep the schedule waiting."""

RETRY_US = 3 * SECOND_US
JOINING_US_MAX = 5 * SECOND_US
"""A robot that finds a lot open, or about to open, signs up within this long."""


class Guest(Struct, frozen=True):
    """A robot on its way to a round, or in it."""

    lot: LotId
    account: Account
    seat: Seat


class RobotFloor:
    """All robots of the centre. `attend` sends them to a round, `step` does what is due.

    What it forgets at the end of the process, `attend` finds again: seats follow from the round's code.
    """

    def __init__(
        self,
        robots: Sequence[Account],
        *,
        sign_ups: SignUps,
        bank: DemoBank,
        bus: CommandBus,
        book: LotBook,
        clock: Clock,
        chance: Random,
    ) -> None:
        self._robots = {robot.id: robot for robot in robots}
        self._sign_ups = sign_ups
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

    def attend(self, lot_id: LotId, code: str, template: Template, opens_at_us: TimeUs) -> None:
        """Send to a round the robots that come to it: the same for the same code."""
        for seat in seats(template, sorted(self._robots), Random(code)):
            guest = Guest(lot_id, self._robots[seat.bidder], seat)
            self._plan(guest, self._joins_at_us(lot_id, seat, opens_at_us))

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

    def _joins_at_us(self, lot_id: LotId, seat: Seat, opens_at_us: TimeUs) -> TimeUs:
        """When a robot signs up: spread over the announcement, soon when there is little of it left."""
        now_us = self._clock.now_us()
        lot = self._book.lot(lot_id)
        if lot is not None and seat.bidder in lot.paddles:
            return now_us
        latest_us = max(opens_at_us - MINUTE_US, now_us + JOINING_US_MAX)
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
            return await self._bid(guest, lot, paddle, now_us)
        except (ExchangeError, LedgerUnavailable) as error:
            log.info("demo.robot_waits", lot=guest.lot, robot=guest.account.login, error=type(error).__name__)
            return now_us + RETRY_US

    async def _wait_for_announcement(self, guest: Guest, now_us: TimeUs) -> TimeUs:
        view = await self._book.load(guest.lot)
        return now_us + RETRY_US if view is None else NEVER

    async def _join(self, guest: Guest, now_us: TimeUs) -> TimeUs:
        """Sign up and pay what is missing; the paddle comes by itself."""
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
            )
        return now_us + self._chance.randint(SECOND_US, RETRY_US)

    async def _bid(self, guest: Guest, lot: Lot, paddle: Paddle, now_us: TimeUs) -> TimeUs:
        view = self._book.view(lot.id)
        if view is None:
            return now_us + RETRY_US
        is_led_by_person = self._is_person(lot, view.leader)
        move = next_move(view, guest.seat, paddle, is_led_by_person, now_us, self._chance)
        if move.command is None:
            return move.looks_at_us
        answer = await self._bus.submit(secrets.token_hex(16), move.command)
        if isinstance(answer, Rejected):
            log.debug("demo.robot_refused", lot=lot.id, refused=answer.refused.code.name)
        return move.looks_at_us

    def _is_person(self, lot: Lot, paddle: Paddle) -> bool:
        return paddle != NOBODY and all(lot.paddles.get(robot) != paddle for robot in self._robots)
