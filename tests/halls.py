"""Several engines over one journal, each with its shard, for tests of moving and of standing by."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial

import asyncpg

from exchange.adapters.clock import SimulatedClock
from exchange.adapters.lease import PostgresLease
from exchange.adapters.memory import MemoryJournal, MemoryLease, MemoryPlaces, MemorySnapshots
from exchange.adapters.places import PostgresPlaces
from exchange.adapters.postgres import PostgresJournal, PostgresSnapshots
from exchange.adapters.ring import RingFeed
from exchange.engine import Engine, EngineLimits
from exchange.measures import Measures
from exchange.moving import Mover
from exchange.ports import Answer, Busy, Journal, Lease, OutcomeUnknown, SnapshotStore
from exchange.records import GENESIS, JournalRow, Record, chained, encode
from exchange.shards import Placement, Places
from matching.commands import AdmitBidder, AnnounceLot, Command, OpenLot, PlaceBid
from matching.events import BidPlaced
from tests.floor import HOST, START_US, hung_up, terms
from tests.patience import PATIENCE_SECONDS


@dataclass
class Building:
    """What the engines of all shards share."""

    places: Places
    snapshots: SnapshotStore
    journals: list[Journal]
    leases: list[Lease]
    clock: SimulatedClock
    opened: Callable[[int], Journal] | None = None
    """Opens a shard's journal anew, over a connection of its own, as each process does."""

    def journal(self, shard: int) -> Journal:
        """Return the journal that an engine of a shard writes to."""
        return self.journals[shard] if self.opened is None else self.opened(shard)


@asynccontextmanager
async def building(address: str, shards: int = 2) -> AsyncIterator[Building]:
    """Give the stores of so many shards, over a database or, without an address, in memory."""
    clock = SimulatedClock(START_US)
    if not address:
        memory = MemoryPlaces()
        lease_of = [MemoryLease() for _ in range(shards)]
        in_memory = [MemoryJournal(lease, shard, memory) for shard, lease in enumerate(lease_of)]
        yield Building(memory, MemorySnapshots(), list(in_memory), list(lease_of), clock)
        return
    async with asyncpg.create_pool(address, min_size=1, max_size=6) as pool:
        journals = [PostgresJournal(address, pool, shard) for shard in range(shards)]
        leases = [PostgresLease(pool, shard) for shard in range(shards)]
        places, snapshots = PostgresPlaces(pool), PostgresSnapshots(pool)
        opened = partial(PostgresJournal, address, pool)
        yield Building(places, snapshots, list(journals), list(leases), clock, opened)
        for journal in journals:
            await journal.close()


class Hall:
    """The engine of one shard, with its own map."""

    def __init__(self, building: Building, shard: int = 0, owner: str = "") -> None:
        self.building = building
        self.placement = Placement(building.places)
        self.owner = owner or f"engine of shard {shard}"
        self._journal = building.journal(shard)
        self.engine = Engine(
            clock=building.clock,
            journal=self._journal,
            snapshots=building.snapshots,
            lease=building.leases[shard],
            feed=RingFeed(),
            measures=Measures(),
            limits=EngineLimits(retry_ms=10, command_deadline_ms=20_000),
            owner=self.owner,
            placement=self.placement,
            shard=shard,
        )
        self.mover = Mover(self.engine, self.placement, shard)

    @asynccontextmanager
    async def running(self, term: int | None = None) -> AsyncIterator[asyncio.Task[None]]:
        """Start the engine, give its task, and end it like a crash."""
        await self.engine.start(term)
        task = asyncio.create_task(self.engine.run())
        try:
            yield task
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await task
            await hung_up(self._journal)

    async def give(self, command: Command, command_id: str | None = None) -> Answer:
        """Give a command and return the answer."""
        return await self.engine.submit(command_id or secrets.token_hex(16), command)

    async def insist(self, command: Command, command_id: str | None = None) -> Answer:
        """Give a command again and again under one id, as clients do, until there is an answer."""
        command_id = command_id or secrets.token_hex(16)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                try:
                    return await self.give(command, command_id)
                except (Busy, OutcomeUnknown):
                    await asyncio.sleep(0.05)

    async def open_lot(self, lot: int, **changes: object) -> None:
        """Announce a lot, admit bidders 101, 102, 103 and open it."""
        await self.insist(AnnounceLot(lot, HOST, terms(**changes)))
        for bidder in (101, 102, 103):
            await self.insist(AdmitBidder(lot, bidder))
        await self.insist(OpenLot(lot, HOST))

    async def bid(self, lot: int, bidder: int, amount: int, command_id: str | None = None) -> Answer:
        """Place a bid."""
        return await self.give(PlaceBid(lot, bidder, amount), command_id)


def row(position: int, lot: int, sequence: int) -> JournalRow:
    """Return a row as an engine would write it, with a chain of its own."""
    body = encode(Record(lot, sequence, START_US, "", BidPlaced(1, 100 + sequence)))
    return JournalRow(position, lot, sequence, START_US, False, body, chained(GENESIS, body))
