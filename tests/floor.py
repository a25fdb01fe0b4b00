"""A small exchange in memory, and shorthand for the commands that tests give it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from exchange.adapters.clock import SimulatedClock
from exchange.adapters.memory import MemoryJournal, MemoryLease, MemorySnapshots
from exchange.adapters.postgres import PostgresJournal
from exchange.adapters.ring import RingFeed
from exchange.engine import Engine, EngineLimits
from exchange.measures import Measures
from exchange.ports import Answer, Journal, Lease, SnapshotStore
from matching.commands import AdmitBidder, AnnounceLot, Command, OpenLot, PlaceBid
from matching.increments import fixed
from matching.terms import EnglishTerms, LotTerms

START_US = 1_800_000_000_000_000
SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOST = 9001


def terms(**changes: object) -> LotTerms:
    """Return terms for a lot that a host opens: opening price 100, step 10, one hour, soft close of 5 minutes."""
    phase = {"increments": fixed(10), "duration_us": 60 * MINUTE_US}
    lot = {"currency": "CNY", "opening_price": 100, "opens_at_us": 0}
    for name, value in changes.items():
        (lot if name in LotTerms.__struct_fields__ else phase)[name] = value
    return LotTerms(programme=(EnglishTerms(**phase),), **lot)  # type: ignore[arg-type]


async def hung_up(journal: Journal) -> None:
    """Let go of the connection that an engine has written over: it does not outlive its process.

    A successor ends it, but that takes a moment, in which the successor would write over it.
    """
    if isinstance(journal, PostgresJournal):
        await journal.close()


class Floor:
    """An engine over given adapters, with a clock that moves when told."""

    def __init__(
        self,
        journal: Journal | None = None,
        snapshots: SnapshotStore | None = None,
        lease: Lease | None = None,
        clock: SimulatedClock | None = None,
        limits: EngineLimits | None = None,
    ) -> None:
        memory_lease = MemoryLease()
        self.lease = lease or memory_lease
        self.journal = journal or MemoryJournal(memory_lease)
        self.snapshots = snapshots or MemorySnapshots()
        self.clock = clock or SimulatedClock(START_US)
        self.limits = limits or EngineLimits(retry_ms=10, command_deadline_ms=20_000)
        self.feed = RingFeed()
        self.engine = self._engine()

    def _engine(self) -> Engine:
        return Engine(
            clock=self.clock,
            journal=self.journal,
            snapshots=self.snapshots,
            lease=self.lease,
            feed=self.feed,
            measures=Measures(),
            limits=self.limits,
        )

    def successor(self) -> Floor:
        """Return a floor over the same stores, as a restarted process would have."""
        return Floor(self.journal, self.snapshots, self.lease, self.clock, self.limits)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Engine]:
        """Start the engine, and end it like a crash: without goodbye."""
        await self.engine.start()
        task = asyncio.create_task(self.engine.run())
        try:
            yield self.engine
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await task
            await hung_up(self.journal)

    async def give(self, command: Command, command_id: str | None = None) -> Answer:
        """Give a command and return the answer."""
        return await self.engine.submit(command_id or secrets.token_hex(16), command)

    async def open_lot(self, lot: int = 1, bidders: int = 3, **changes: object) -> None:
        """Announce a lot, admit bidders 101, 102, … and open it."""
        await self.give(AnnounceLot(lot, HOST, terms(**changes)))
        for number in range(1, bidders + 1):
            await self.give(AdmitBidder(lot, 100 + number))
        await self.give(OpenLot(lot, HOST))

    async def bid(self, bidder: int, amount: int, lot: int = 1, command_id: str | None = None) -> Answer:
        """Place a bid."""
        return await self.give(PlaceBid(lot, bidder, amount), command_id)

    async def pass_time(self, span_us: int) -> None:
        """Move the clock and let the engine see it."""
        self.clock.advance(span_us)
        self.engine._wake.set()
        for _ in range(20):
            await asyncio.sleep(0)
