"""The rehearsals that this gateway holds: who may come in and as what, their live floors, and their ends.

A rehearsal lives in the process in which it was begun and ends with it. Gateways of one machine lead each other to the
one that holds them (`gateways.shared_stage`); where gateways of several machines stand behind one address, the balancer
leads everything under `/api/v1/rehearsals` to one of them (deploy/README.md).

Belongs here: a hub and a door for each rehearsal, the bounds on how many there are and for how long.
Does not belong here: what happens on the stage (`exchange.rehearsal`), the HTTP operations (`gateways.api.rehearsals`).
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

import structlog
from aiohttp import web
from msgspec import structs

from exchange.people import Account, People, Role
from exchange.ports import Clock
from exchange.rehearsal.crowd import Robot
from exchange.rehearsal.scene import Scene
from exchange.rehearsal.stage import LENGTH_US_MAX, LOT, Cast, Rehearsal
from exchange.settings import Settings
from gateways.live.door import Door
from gateways.live.frames import TEXT
from gateways.live.hub import Hub
from gateways.live.session import Floor
from gateways.wire import CloseCode, View
from matching.units import BidderId, TimeUs

log = structlog.get_logger(__name__)

REHEARSALS_MAX: Final = 4
UNSEEN_SECONDS_MAX: Final = 600.0
"""A rehearsal that nobody looks at for so long is over."""

SWEEP_SECONDS: Final = 1.0
NAME_BYTES: Final = 10
"""Of chance: whoever has the name of a rehearsal was given it."""

HOSTS: Final = frozenset({Role.HOST, Role.ADMIN})
ROBOT_RTT_MS: Final = (15, 140)


class TooManyRehearsals(Exception):
    """This gateway holds as many rehearsals as it can."""


class RobotLine:
    """The connection that a robot would have: it makes him present for the host, and takes whatever it is told."""

    is_host = False
    opcode = TEXT
    silent_seconds = 0.0

    def __init__(self, robot: Robot) -> None:
        self.account_id = robot.id
        self.rtt_ms = Random(robot.id).randint(*ROBOT_RTT_MS)

    @property
    def out(self) -> RobotLine:
        """Where what it is told goes: nowhere."""
        return self

    def put(self, frame: bytes) -> None:
        """Take a frame."""

    def put_with_crowd(self, frame: bytes) -> None:
        """Take a frame."""

    def put_latest(self, frame: bytes) -> bool:
        """Take a frame."""
        return True


@dataclass(slots=True, kw_only=True)
class HeldRehearsal:
    """A rehearsal with its live floor. `seen_at` is when somebody last looked, in seconds of the loop's clock."""

    name: str
    by: Account
    rehearsal: Rehearsal
    hub: Hub
    door: Door
    lines: dict[BidderId, RobotLine] = field(default_factory=dict)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    seen_at: float = 0.0

    @property
    def ends_at_us(self) -> TimeUs:
        """When it ends by itself at the latest."""
        return self.rehearsal.began_at_us + LENGTH_US_MAX

    def tell_presence(self, bidder: BidderId, is_here: bool) -> None:
        """Take a robot's line away, or give it back."""
        line = self.lines[bidder]
        if is_here:
            self.hub.enter(line)
            self.hub.follow(LOT, View.STATE, line)
        else:
            self.hub.leave(line)


class Rehearsals:
    """All rehearsals of this gateway. `run` until cancelled, then `close`."""

    def __init__(self, people: People, clock: Clock, settings: Settings) -> None:
        self._people = people
        self._clock = clock
        self._settings = settings
        self._held: dict[str, HeldRehearsal] = {}

    @property
    def all(self) -> list[HeldRehearsal]:
        """Return those under way, the latest first."""
        return list(reversed(self._held.values()))

    def get(self, name: str) -> HeldRehearsal | None:
        """Return one, which counts as looking at it; None when this gateway does not hold it."""
        held = self._held.get(name)
        if held is not None:
            held.seen_at = asyncio.get_running_loop().time()
        return held

    async def begin(self, scene: Scene, cast: Cast, by: Account) -> HeldRehearsal:
        """Begin a rehearsal.  Raises: TooManyRehearsals, TermsUnusable."""
        if len(self._held) >= REHEARSALS_MAX:
            raise TooManyRehearsals
        held = self._staged(scene, cast, by)
        self._held[held.name] = held
        rehearsal = held.rehearsal
        try:
            deciding = await rehearsal.begin()
        except BaseException:
            del self._held[held.name]
            raise
        for robot in rehearsal.crowd.robots:
            held.lines[robot.id] = RobotLine(robot)
            held.tell_presence(robot.id, True)
        rehearsal.feed.listen(held.hub.tell)
        held.tasks.append(deciding)
        work: Sequence[Coroutine[Any, Any, None]] = (rehearsal.run(), held.hub.run(), held.door.watch())
        held.tasks += [asyncio.create_task(part) for part in work]
        log.info("rehearsal.begun", rehearsal=held.name, by=by.id, robots=cast.robots, pace=cast.pace)
        return held

    async def end(self, name: str) -> None:
        """End a rehearsal and see everybody out; nothing happens where there is none."""
        held = self._held.pop(name, None)
        if held is None:
            return
        for task in held.tasks:
            task.cancel()
        for task in held.tasks:
            with suppress(asyncio.CancelledError, Exception):
                await task
        await held.door.end_all(CloseCode.OVER)
        log.info("rehearsal.ended", rehearsal=name)

    async def enter(self, request: web.Request) -> web.StreamResponse:
        """Let a connection into a rehearsal, as `part` says: host, bidder, or anything else to watch."""
        held = self.get(request.match_info["name"])
        if held is None:
            body = {"code": "REHEARSAL_UNKNOWN", "detail": "", "problems": []}
            return web.json_response(body, status=404)
        return await held.door.enter(request)

    def revoked(self, proof: bytes) -> None:
        """End the conversations of those whom this proof let in."""
        for held in self.all:
            held.door.revoked(proof)

    async def run(self) -> None:
        """End what is over, unseen or broken; for ever."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            await self.sweep(asyncio.get_running_loop().time())

    async def sweep(self, now: float) -> None:
        """End what is over, unseen or broken by a moment of the loop's clock."""
        for held in self.all:
            if held.door.is_visited:
                held.seen_at = now
            broken = [task for task in held.tasks if task.done() and not task.cancelled()]
            for task in broken:
                log.error("rehearsal.broke_off", rehearsal=held.name, error=repr(task.exception()))
            if broken or held.rehearsal.is_over or now - held.seen_at > UNSEEN_SECONDS_MAX:
                await self.end(held.name)

    async def close(self) -> None:
        """End them all."""
        for held in self.all:
            await self.end(held.name)

    def _staged(self, scene: Scene, cast: Cast, by: Account) -> HeldRehearsal:
        settings = self._settings
        rehearsal = Rehearsal(scene, cast, self._clock)
        name = secrets.token_hex(NAME_BYTES)
        hub = Hub(rehearsal.feed, rehearsal.hall.now_us, name, settings.watcher_tick_ms, rehearsal.measures)
        floor = Floor.under(
            settings,
            hall=rehearsal.hall,
            feed=rehearsal.feed,
            journal=rehearsal.journal,
            hub=hub,
            measures=rehearsal.measures,
        )
        door = Door(
            floor,
            self._people,
            public_origins=settings.public_origins,
            per_account_max=settings.connections_per_account_max,
            per_address_max=settings.connections_per_address_max,
            recheck_seconds=settings.sign_in_recheck_ms / 1000,
            cast=cast_as,
        )
        seen_at = asyncio.get_running_loop().time()
        held = HeldRehearsal(name=name, by=by, rehearsal=rehearsal, hub=hub, door=door, seen_at=seen_at)
        rehearsal.director.tell_presence = held.tell_presence
        return held


def may_host(account: Account | None) -> bool:
    """Tell whether somebody may host a rehearsal."""
    return account is not None and not HOSTS.isdisjoint(account.roles)


def cast_as(request: web.Request, account: Account | None) -> Account | None:
    """Return who somebody is in a rehearsal: its host if he is one, a bidder whoever he is, or a watcher."""
    part = request.query.get("part", "")
    if account is None or part not in ("host", "bidder") or (part == "host" and not may_host(account)):
        return None
    return structs.replace(account, roles=(Role.HOST if part == "host" else Role.BIDDER,))


REHEARSALS: Final = web.AppKey("rehearsals", Rehearsals)
