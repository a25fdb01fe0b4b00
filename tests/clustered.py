"""An exchange in several parts, an engine here and gateways there, connected by any carrier, in one event loop."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

from exchange.adapters.clock import SimulatedClock
from exchange.adapters.memory import MemoryJournal, MemoryLease, MemorySnapshots
from exchange.adapters.ring import RingFeed
from exchange.cluster.carrier import Carrier
from exchange.cluster.engine_end import EngineEnd
from exchange.cluster.gateway_end import HallLimits, OneShard, Placing, RemoteHall, ShardLink
from exchange.engine import Engine, EngineLimits
from exchange.measures import Measures
from exchange.ports import Answer, Busy, Journal, Lease, OutcomeUnknown, SnapshotStore
from exchange.shards import Placement
from matching.commands import AdmitBidder, AnnounceLot, Command, OpenLot, PlaceBid
from tests.floor import HOST, START_US, terms
from tests.patience import PATIENCE_SECONDS, until

Carriers = Callable[[bool], Carrier]
"""Makes an end of a shard's carrier: True for the engine's, False for a gateway's."""


class Stores:
    """What outlives every process of a cluster."""

    def __init__(
        self,
        journal: Journal | None = None,
        lease: Lease | None = None,
        snapshots: SnapshotStore | None = None,
    ) -> None:
        memory_lease = MemoryLease()
        self.lease = lease or memory_lease
        self.journal = journal or MemoryJournal(memory_lease)
        self.snapshots = snapshots or MemorySnapshots()
        self.clock = SimulatedClock(START_US)


class EngineProcess:
    """An engine and its end."""

    def __init__(
        self,
        stores: Stores,
        carrier: Carrier,
        limits: EngineLimits | None = None,
        shard: int = 0,
        placement: Placement | None = None,
    ) -> None:
        self.carrier = carrier
        self.end = EngineEnd(carrier=carrier, clock=stores.clock, shard=shard)
        self.engine = Engine(
            clock=stores.clock,
            journal=stores.journal,
            snapshots=stores.snapshots,
            lease=stores.lease,
            feed=RingFeed(),
            measures=Measures(),
            limits=limits or EngineLimits(retry_ms=10, command_deadline_ms=20_000),
            owner=secrets.token_hex(4),
            outside=self.end,
            placement=placement,
            shard=shard,
        )
        self.tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Take the shard over and serve it."""
        await self.engine.start()
        self.tasks = [asyncio.create_task(self.engine.run()), asyncio.create_task(self.end.run(self.engine))]

    async def kill(self) -> None:
        """End it without a word."""
        await ended(self.tasks)


class GatewayProcess:
    """A gateway's hall and its feed."""

    def __init__(
        self,
        stores: Stores,
        carrier: Carrier,
        limits: HallLimits | None = None,
        shards: Sequence[ShardLink] = (),
        placement: Placing | None = None,
        link_to: Callable[[int], ShardLink] | None = None,
    ) -> None:
        self.carrier = carrier
        self.feed = RingFeed()
        self.hall = RemoteHall(
            shards=shards or [ShardLink(carrier, stores.journal)],
            placement=placement or OneShard(),
            snapshots=stores.snapshots,
            feed=self.feed,
            clock=stores.clock,
            measures=Measures(),
            limits=limits,
            link_to=link_to,
        )
        self.tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Follow the journal, and wait until commands are taken."""
        await self.begin()
        await until(lambda: self.hall.is_writable)

    async def begin(self) -> None:
        """Follow the journal."""
        await self.hall.start()
        self.tasks = [asyncio.create_task(self.hall.run())]

    async def give(self, command: Command, command_id: str | None = None) -> Answer:
        """Give a command and return the answer."""
        return await self.hall.submit(command_id or secrets.token_hex(16), command)

    async def open_lot(self, lot: int = 1, bidders: int = 3, **changes: object) -> None:
        """Announce a lot, admit bidders 101, 102, … and open it."""
        await self.insist(AnnounceLot(lot, HOST, terms(**changes)))
        for number in range(1, bidders + 1):
            await self.insist(AdmitBidder(lot, 100 + number))
        await self.insist(OpenLot(lot, HOST))

    async def bid(self, bidder: int, amount: int, lot: int = 1, command_id: str | None = None) -> Answer:
        """Place a bid."""
        return await self.give(PlaceBid(lot, bidder, amount), command_id)

    async def insist(self, command: Command) -> Answer:
        """Give a command again and again under one id, as clients do, until there is an answer."""
        command_id = secrets.token_hex(16)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                try:
                    return await self.give(command, command_id)
                except (Busy, OutcomeUnknown):
                    await asyncio.sleep(0.02)

    async def kill(self) -> None:
        """End it without a word."""
        await ended(self.tasks)


class Cluster:
    """Makes processes over the same stores, and ends them all at the end."""

    def __init__(self, stores: Stores, carriers: Carriers, stack: AsyncExitStack) -> None:
        self.stores = stores
        self.carriers = carriers
        self._stack = stack

    @property
    def rows(self) -> list[Any]:
        """The journal in memory."""
        assert isinstance(self.stores.journal, MemoryJournal)
        return self.stores.journal.rows

    async def engine(self, limits: EngineLimits | None = None) -> EngineProcess:
        """Start an engine process."""
        process = EngineProcess(self.stores, self.carriers(True), limits)
        self._stack.push_async_callback(process.kill)
        await process.start()
        return process

    def new_gateway(self, limits: HallLimits | None = None) -> GatewayProcess:
        """Make a gateway process and do not start it yet."""
        process = GatewayProcess(self.stores, self.carriers(False), limits)
        self._stack.push_async_callback(process.kill)
        return process

    async def gateway(self, limits: HallLimits | None = None) -> GatewayProcess:
        """Start a gateway process."""
        process = self.new_gateway(limits)
        await process.start()
        return process


@asynccontextmanager
async def cluster(carriers: Carriers, stores: Stores | None = None) -> AsyncIterator[Cluster]:
    """Give a cluster without processes yet."""
    async with AsyncExitStack() as stack:
        yield Cluster(stores or Stores(), carriers, stack)


async def ended(tasks: list[asyncio.Task[None]]) -> None:
    """Cancel tasks and wait for their end, however it comes."""
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError, Exception):
            await task
