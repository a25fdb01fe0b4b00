"""What goes wrong in a rehearsal, so that the host has practised it: caused on a button, or by a script with a seed.

Belongs here: the closed list of incidents, what each makes the robots do, which act of the host it asks for.
Does not belong here: ordinary bidding (`crowd`), judging what the host did (`review`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import StrEnum
from random import Random
from typing import Final

from msgspec import Struct

from exchange.ports import LotBook
from exchange.rehearsal.crowd import Crowd, Robot
from matching.lot import LotState
from matching.terms import SECOND_US
from matching.units import NOBODY, Amount, BidderId, LotId, Paddle, TimeUs
from matching.view import LotView


class IncidentKind(StrEnum):
    """What can go wrong."""

    DISCONNECT = "disconnect"
    """A bidder, the leader if he is a robot, loses his connection for a while."""
    LAST_SECOND = "last_second"
    """A bid in the last second; where the host ends the bidding, right after his last call."""
    TWO_AT_ONCE = "two_at_once"
    """Two bid the same amount in the same moment."""
    WRONG_AMOUNT = "wrong_amount"
    """Somebody bids what cannot be accepted."""
    FAULT = "fault"
    """The hall reports a fault of its equipment: the lot has to be paused, with a reason."""
    COMPLAINT = "complaint"
    """A bidder complains, and the host has to react."""


NEEDS_BIDDING: Final = frozenset(
    {IncidentKind.LAST_SECOND, IncidentKind.TWO_AT_ONCE, IncidentKind.WRONG_AMOUNT}
)
INCIDENTS_MAX: Final = 200
AWAY_US: Final = 20 * SECOND_US
LAST_US: Final = SECOND_US
FIRST_AFTER_US: Final = 20 * SECOND_US
BETWEEN_US_MIN: Final = 25 * SECOND_US
BETWEEN_US_MAX: Final = 70 * SECOND_US
BETWEEN_US_LEAST: Final = 5 * SECOND_US
TOO_HIGH: Final = 1_000


class Incident(Struct, kw_only=True):
    """Something that was made to happen. `at_us` is 0 while it waits for its moment; `paddles` are those concerned."""

    number: int
    kind: IncidentKind
    is_scripted: bool
    at_us: TimeUs = 0
    paddles: tuple[Paddle, ...] = ()


class Director:
    """Makes things go wrong in one lot. `cause` does it now, `step` by the script and when a moment has come."""

    def __init__(
        self,
        crowd: Crowd,
        lot: LotId,
        book: LotBook,
        *,
        seed: int,
        pace: int,
        is_scripted: bool,
    ) -> None:
        """Take the stage.

        Args:
            seed: of the script: kinds and distances come out of it alone.
        """
        self._crowd = crowd
        self._lot = lot
        self._book = book
        self._chance = Random(f"incidents {seed}")
        self._pace = pace
        self._is_scripted = is_scripted
        self.tell_presence: Callable[[BidderId, bool], None] = _nobody_listens
        """Told when a robot's connection ends and when it is back."""
        self._next_at_us: TimeUs = 0
        self._last_second: list[tuple[Incident, Robot]] = []
        self._away: list[tuple[TimeUs, Robot]] = []
        self.incidents: list[Incident] = []

    async def cause(
        self, kind: IncidentKind, now_us: TimeUs, *, is_scripted: bool = False
    ) -> Incident | None:
        """Make something happen now, or at the moment that it waits for; None where it cannot happen now."""
        view = self._book.view(self._lot)
        if view is None or view.state is not LotState.OPEN or len(self.incidents) >= INCIDENTS_MAX:
            return None
        free = self._crowd.free_bidders(view)
        if kind in NEEDS_BIDDING and len(free) < (2 if kind is IncidentKind.TWO_AT_ONCE else 1):
            return None
        incident = Incident(number=len(self.incidents) + 1, kind=kind, is_scripted=is_scripted)
        if kind is not IncidentKind.LAST_SECOND:
            incident.at_us = now_us
        self.incidents.append(incident)
        await self._play(incident, view, free, now_us)
        return incident

    async def step(self, now_us: TimeUs) -> None:
        """Do what is due: end absences, bid in the last second, go on with the script."""
        self._bring_back(now_us)
        view = self._book.view(self._lot)
        if view is None or view.state is not LotState.OPEN:
            return
        await self._bid_last(view, now_us)
        if not self._is_scripted:
            return
        if not self._next_at_us:
            self._next_at_us = now_us + self._wait_us(FIRST_AFTER_US)
        elif now_us >= self._next_at_us:
            pause_us = self._chance.randint(BETWEEN_US_MIN, BETWEEN_US_MAX)
            self._next_at_us = now_us + self._wait_us(pause_us)
            await self.cause(self._chance.choice(tuple(IncidentKind)), now_us, is_scripted=True)

    async def _play(self, incident: Incident, view: LotView, free: list[Robot], now_us: TimeUs) -> None:
        match incident.kind:
            case IncidentKind.DISCONNECT:
                self._take_away(incident, view, now_us)
            case IncidentKind.LAST_SECOND:
                robot = self._chance.choice(free)
                incident.paddles = self._paddles(robot)
                self._last_second.append((incident, robot))
            case IncidentKind.TWO_AT_ONCE:
                pair = self._chance.sample(free, 2)
                incident.paddles = self._paddles(*pair)
                await asyncio.gather(*(self._crowd.bid(robot, view.asking_price) for robot in pair))
            case IncidentKind.WRONG_AMOUNT:
                robot = self._chance.choice(free)
                incident.paddles = self._paddles(robot)
                await self._crowd.bid(robot, _wrong_amount(view))
            case IncidentKind.COMPLAINT:
                incident.paddles = self._paddles(*self._chance.sample(self._crowd.robots, 1))
            case IncidentKind.FAULT:
                pass  # the hall reports it, no bidder

    def _take_away(self, incident: Incident, view: LotView, now_us: TimeUs) -> None:
        here = [robot for robot in self._crowd.robots if robot.is_here]
        if not here:
            return
        leading = [robot for robot in here if self._paddles(robot) == (view.leader,)]
        robot = leading[0] if leading else self._chance.choice(here)
        robot.is_here = False
        incident.paddles = self._paddles(robot)
        self._away.append((now_us + self._wait_us(AWAY_US), robot))
        self.tell_presence(robot.id, False)

    def _bring_back(self, now_us: TimeUs) -> None:
        for _, robot in [one for one in self._away if one[0] <= now_us]:
            robot.is_here = True
            self.tell_presence(robot.id, True)
        self._away = [one for one in self._away if one[0] > now_us]

    async def _bid_last(self, view: LotView, now_us: TimeUs) -> None:
        if not self._last_second or not _is_last_moment(view, now_us):
            return
        waiting, self._last_second = self._last_second, []
        for incident, robot in waiting:
            now = self._book.view(self._lot)
            if now is not None and robot in self._crowd.free_bidders(now):
                incident.at_us = now_us
                await self._crowd.bid(robot, now.asking_price)
            else:
                self._last_second.append((incident, robot))

    def _paddles(self, *robots: Robot) -> tuple[Paddle, ...]:
        lot = self._book.lot(self._lot)
        return () if lot is None else tuple(lot.paddles.get(robot.id, NOBODY) for robot in robots)

    def _wait_us(self, span_us: int) -> int:
        return max(span_us // self._pace, BETWEEN_US_LEAST)


def _nobody_listens(bidder: BidderId, is_here: bool) -> None:
    """Take what nobody wants to know."""


def _is_last_moment(view: LotView, now_us: TimeUs) -> bool:
    """Tell whether the end is a second away, or the host has made his last call."""
    if view.ends_at_us:
        return view.ends_at_us - now_us <= LAST_US
    return view.host_may_hammer and view.warnings >= max(view.fair_warnings_min, 1)


def _wrong_amount(view: LotView) -> Amount:
    """Return an amount that is refused: far too high where slips are caught, else on the wrong side of the asking."""
    if view.raise_steps_max:
        return view.asking_price + TOO_HIGH * view.raise_steps_max * max(view.increment, 1)
    return max(view.opening_price // 2, 1) if view.price >= view.opening_price else view.opening_price * 2
