"""The ordinary life of a house, for as long as one likes: lots come and go, and so do bidders and watchers.

Belongs here: who does what, at random, and what nobody may experience. Does not belong here: measuring the server.
"""

from __future__ import annotations

import asyncio
import random
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from gateways.client import ApiClient, ClientProblem, LiveClient, Receipt, Refusal
from gateways.wire import HostAct
from loadtests.hot_lot import new_lot
from loadtests.swarm import running_swarm

ADMITTED = 8
"""Bidders of each lot."""
WATCHED_LOTS = 8
STEPS_MAX = 3
OPENING_PRICE = 1
ENDINGS_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Crowd:
    """How many there are of each kind, and how often they act."""

    bidders: int = 20
    bids_per_second: float = 5.0
    """Of each bidder."""
    watchers: int = 300
    lots_per_second: float = 3.0
    lot_s: tuple[float, float] = (4.0, 30.0)
    """Between these a lot stays open."""
    visit_s: tuple[float, float] = (10.0, 60.0)
    """Between these a bidder stays connected."""
    watch_s: tuple[float, float] = (5.0, 20.0)
    """Between these watchers stay."""


@dataclass(slots=True)
class Experiences:
    """What happened to everybody together."""

    bids: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    opened: int = 0
    ended: int = 0
    visits: int = 0
    watched: int = 0
    """Watchers who came, over all the times they came."""
    deliveries: int = 0
    faults: int = 0
    """Gaps, doubles and misread frames of watchers, and connections that the server cut."""
    problems: list[str] = field(default_factory=list)
    """What ended somebody's work; the life goes on with everybody else."""

    def figures(self) -> dict[str, Any]:
        """Return what a report shows."""
        counts = ("bids", "opened", "ended", "visits", "watched", "deliveries", "faults", "problems")
        return {name: getattr(self, name) for name in counts} | {"refused": dict(self.refused)}


@dataclass(slots=True)
class _OpenLot:
    lot: int
    bidders: frozenset[int]
    """By their place in the list of accounts."""
    asking_price: int = OPENING_PRICE


class House:
    """Everybody who comes, before an exchange that runs elsewhere."""

    def __init__(self, url: str, token: str, crowd: Crowd) -> None:
        self._url = url
        self._token = token
        self._crowd = crowd
        self._accounts: list[dict[str, Any]] = []
        self._open: dict[int, _OpenLot] = {}
        self.experiences = Experiences()

    @asynccontextmanager
    async def living(self) -> AsyncIterator[Experiences]:
        """Let everybody come, and go when the block ends.  Raises: ClientProblem, before anybody has come."""
        run = secrets.token_hex(3)
        names = [f"soak-{run}-{number}" for number in range(self._crowd.bidders)]
        async with ApiClient(self._url, token=self._token) as api:
            wanted = [{"login": name, "name": name, "roles": ["bidder"]} for name in names]
            self._accounts = await api.create_accounts(wanted)
        people = [self._host(), self._watchers()]
        people += [self._bidder(place) for place in range(self._crowd.bidders)]
        tasks = [asyncio.create_task(person) for person in people]
        try:
            yield self.experiences
        finally:
            self._note_the_lost(tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    # -- the host ----------------------------------------------------------------------------------------------

    async def _host(self) -> None:
        """Open lot after lot, and let each end when its time has come."""
        endings = asyncio.Semaphore(ENDINGS_AT_ONCE)
        try:
            async with (
                ApiClient(self._url, token=self._token) as api,
                LiveClient(self._url, token=self._token) as live,
                asyncio.TaskGroup() as lives,
            ):
                while True:
                    lot = await self._opened(api, live)
                    lives.create_task(self._end(live, lot, endings))
                    await asyncio.sleep(random.expovariate(self._crowd.lots_per_second))
        except* ClientProblem as problems:
            self._note("the host", problems.exceptions[0])

    async def _opened(self, api: ApiClient, live: LiveClient) -> int:
        places = random.sample(range(len(self._accounts)), min(ADMITTED, len(self._accounts)))
        lot = await api.publish_lot(new_lot())
        await api.admit(lot, [self._accounts[place]["id"] for place in places])
        answer = await live.host(lot, HostAct.OPEN)
        if isinstance(answer, Refusal):
            self._note("the host", answer)
        self._open[lot] = _OpenLot(lot, frozenset(places))
        self.experiences.opened += 1
        return lot

    async def _end(self, live: LiveClient, lot: int, endings: asyncio.Semaphore) -> None:
        await asyncio.sleep(random.uniform(*self._crowd.lot_s))
        self._open.pop(lot, None)
        async with endings:
            answer = await live.host(lot, HostAct.HAMMER)
        if isinstance(answer, Refusal):
            self._note("the host", answer)
        self.experiences.ended += 1

    # -- bidders -----------------------------------------------------------------------------------------------

    async def _bidder(self, place: int) -> None:
        """Come, bid for a while, go, and come again."""
        while True:
            try:
                async with LiveClient(self._url, token=self._accounts[place]["token"]) as live:
                    self.experiences.visits += 1
                    async with asyncio.timeout(random.uniform(*self._crowd.visit_s)):
                        await self._bid(live, place)
            except TimeoutError:
                await asyncio.sleep(random.uniform(0.0, 2.0))
            except ClientProblem as problem:
                self._note("a bidder", problem)
                await asyncio.sleep(2.0)

    async def _bid(self, live: LiveClient, place: int) -> None:
        while True:
            await asyncio.sleep(random.expovariate(self._crowd.bids_per_second))
            mine = [lot for lot in self._open.values() if place in lot.bidders]
            if not mine:
                continue
            lot = random.choice(mine)
            answer = await live.bid(lot.lot, lot.asking_price + random.randrange(STEPS_MAX))
            if isinstance(answer, Receipt):
                self.experiences.bids += 1
            else:
                self.experiences.refused[answer.code] += 1
            lot.asking_price = max(lot.asking_price, answer.asking_price)

    # -- watchers ----------------------------------------------------------------------------------------------

    async def _watchers(self) -> None:
        """Let a crowd come to some of the lots, stay a while and go all at once, again and again."""
        while True:
            await asyncio.sleep(0.5)
            lots = list(self._open)[-WATCHED_LOTS:]
            if lots:
                await self._watch(lots, random.choice(("state", "full")))

    async def _watch(self, lots: list[int], view: str) -> None:
        watchers = random.randint(1, self._crowd.watchers)
        async with running_swarm(self._url, lots, watchers, view=view, processes=1) as swarm:
            joined = await swarm.connect(timeout_s=30)
            await asyncio.sleep(random.uniform(*self._crowd.watch_s))
            seen = await swarm.seen()
        lived = self.experiences
        lived.watched += joined.connected
        lived.deliveries += seen.deliveries
        lived.faults += seen.faults + sum(seen.lost.values())
        if joined.refused or seen.faults or seen.lost:
            self._note("watchers", f"refused {joined.refused}, faults {seen.faults}, lost {seen.lost}")

    def _note_the_lost(self, tasks: list[asyncio.Task[None]]) -> None:
        """Nobody leaves for good while the house lives: whoever did has broken, and a quiet house proves nothing."""
        for task in tasks:
            if task.done():
                self._note("somebody who was lost on the way", repr(task.exception()))

    def _note(self, who: str, what: object) -> None:
        self.experiences.problems.append(f"{who}: {what}")
