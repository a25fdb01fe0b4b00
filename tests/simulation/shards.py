"""The two shards of the moving world: their journals, their map, and the processes that run their engines.

Belongs here: what an engine stands on, and how it starts and ends. Does not belong here: the story (`moves`).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass

from exchange.adapters.memory import MemoryJournal, MemoryLease, MemoryPlaces, MemorySnapshots
from exchange.adapters.ring import RingFeed
from exchange.engine import Engine, EngineLimits
from exchange.measures import Measures
from exchange.moving import Mover
from exchange.ports import Batch, Busy, Fenced, JournalFailed, JournalUnavailable, Reply
from exchange.records import JournalRow
from exchange.shards import Layout, Map, Placement
from matching.commands import Command
from matching.units import LotId
from tests.simulation.doors import MachineClock
from tests.simulation.event_loop import Process, SimulatedLoop
from tests.simulation.trace import Trace

SHARDS = 2


class Way:
    """The way to the database: slow, and it loses what goes there or what comes back."""

    def __init__(self, chance: random.Random, losses: float) -> None:
        self._chance = chance
        self._losses = losses
        self.is_good = False
        """Whether nothing is lost any more."""

    async def there(self) -> None:
        """Let a request travel.  Raises: JournalUnavailable."""
        await self._travel("the request was lost")

    async def back(self) -> None:
        """Let an answer travel.  Raises: JournalUnavailable, and yet it has been done."""
        await self._travel("the answer was lost")

    async def _travel(self, otherwise: str) -> None:
        await asyncio.sleep(self._chance.random() ** 3 * 0.05)
        if not self.is_good and self._chance.random() < self._losses:
            raise JournalUnavailable(otherwise)


class ShardJournal(MemoryJournal):
    """One shard's journal behind a way that is slow and breaks, before the commit or after it."""

    def __init__(self, lease: MemoryLease, shard: int, places: MemoryPlaces, way: Way) -> None:
        super().__init__(lease, shard, places)
        self._way = way

    async def append(self, term: int, batch: Batch) -> None:
        """Append, perhaps without hearing of it."""
        await self._way.there()
        await super().append(term, batch)
        await self._way.back()

    async def read_lot(self, lot: LotId, after: int, limit: int) -> list[JournalRow]:
        """Return rows of one lot."""
        await self._way.there()
        return await super().read_lot(lot, after, limit)

    async def open_lots(self) -> list[LotId]:
        """Return the lots that have not ended."""
        await self._way.there()
        return await super().open_lots()


class ShardPlaces(MemoryPlaces):
    """Where lots lie, behind the same way."""

    def __init__(self, way: Way) -> None:
        super().__init__()
        self.map = Map((Layout(0, SHARDS),))
        self._way = way

    async def read(self) -> Map:
        """Return the placement."""
        await self._way.there()
        return await super().read()

    async def release(self, lot: LotId, shard: int, term: int, to: int) -> None:
        """Place a lot elsewhere, perhaps without the engine hearing of it."""
        await self._way.there()
        await super().release(lot, shard, term, to)
        await self._way.back()


@dataclass(frozen=True)
class MovingParts:
    """What this world is built of."""

    engine: Callable[..., Engine] = Engine
    journal: Callable[..., ShardJournal] = ShardJournal
    mover: Callable[..., Mover] = Mover


@dataclass(frozen=True)
class Shards:
    """What all of them stand on."""

    loop: SimulatedLoop
    trace: Trace
    parts: MovingParts
    places: ShardPlaces
    leases: list[MemoryLease]
    journals: list[ShardJournal]
    snapshots: MemorySnapshots


def shards_over(loop: SimulatedLoop, trace: Trace, parts: MovingParts, way: Way) -> Shards:
    """Return empty journals behind a way, with nobody to write them yet."""
    places, leases = ShardPlaces(way), [MemoryLease() for _ in range(SHARDS)]
    journals = [parts.journal(lease, shard, places, way) for shard, lease in enumerate(leases)]
    return Shards(loop, trace, parts, places, leases, journals, MemorySnapshots())


class ShardMachine:
    """The process that runs one shard's engine, one after the other."""

    def __init__(self, shard: int, ground: Shards) -> None:
        self.shard = shard
        self.clock = MachineClock(ground.loop)
        self.engine: Engine | None = None
        self.process = Process(f"engine-{shard}", ground.loop)
        self._ground = ground
        self._starts = 0

    def boot(self) -> None:
        """Start a new process, unless one runs."""
        if self._starts and self.process.is_alive:
            return
        self._starts += 1
        self.process = Process(f"engine-{self.shard}", self._ground.loop)
        self.process.start(self._live())

    def die(self) -> None:
        """End the process where it stands."""
        self.process.kill()
        self.engine = None

    async def _live(self) -> None:
        ground = self._ground
        placement = Placement(ground.places)
        engine = ground.parts.engine(
            clock=self.clock,
            journal=ground.journals[self.shard],
            snapshots=ground.snapshots,
            lease=ground.leases[self.shard],
            feed=RingFeed(),
            measures=Measures(),
            limits=EngineLimits(retry_ms=100, command_deadline_ms=2_000, snapshot_every_records=5),
            owner=f"engine-{self.shard}/{self._starts}",
            shard=self.shard,
            placement=placement,
        )
        mover = ground.parts.mover(engine, placement, self.shard)
        try:
            await engine.start()
            self.engine = engine
            async with asyncio.TaskGroup() as group:
                group.create_task(engine.run())
                group.create_task(mover.run())
        except* (Fenced, JournalFailed, JournalUnavailable) as ended:
            ground.trace.note(self.process.name, "ends", str(ended.exceptions))
        self.die()

    def receive(self, command_id: str, command: Command, reply: Reply) -> None:
        """Take a command as a session does: a lot that is not at hand is fetched first."""
        engine = self.engine
        if engine is None:
            reply(Busy(command_id))
        elif engine.holds(command.lot):
            _post(engine, command_id, command, reply)
        else:
            self.process.start(_post_to_ended(engine, command_id, command, reply))


async def _post_to_ended(engine: Engine, command_id: str, command: Command, reply: Reply) -> None:
    try:
        await engine.load(command.lot)
    except JournalUnavailable:
        reply(Busy(command_id))
    else:
        _post(engine, command_id, command, reply)


def _post(engine: Engine, command_id: str, command: Command, reply: Reply) -> None:
    try:
        engine.post(command_id, command, reply)
    except Busy as busy:
        reply(busy)
