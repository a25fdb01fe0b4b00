"""The smallest stories of what the simulation has found wrong in the exchange, so that it stays found."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from exchange.adapters.clock import SimulatedClock
from exchange.adapters.memory import MemoryJournal, MemoryLease, MemoryPlaces, MemorySnapshots
from exchange.adapters.memory_carrier import MemoryWire, on_time
from exchange.adapters.ring import RingFeed
from exchange.cluster.carrier import COMMANDS
from exchange.cluster.engine_end import EngineEnd
from exchange.cluster.gateway_end import OneShard, RemoteHall, ShardLink
from exchange.engine import Engine
from exchange.follower import Follower
from exchange.measures import Measures
from exchange.ports import Accepted, FeedEntry, JournalUnavailable
from exchange.records import JournalRow
from exchange.shards import Layout, Map
from matching.commands import AnnounceLot, HammerLot
from matching.lot import LotState
from matching.units import LotId
from tests.floor import HOST, MINUTE_US, START_US, Floor, terms
from tests.halls import Building, Hall

PATIENCE_SECONDS = 30


class FlickeringJournal(MemoryJournal):
    """A journal that goes away again in the middle of being read."""

    failing_reads = 0

    async def read_lot(self, lot: LotId, after: int, limit: int) -> list[JournalRow]:
        """Return rows of a lot, or fail as often as asked for."""
        if self.failing_reads:
            self.failing_reads -= 1
            raise JournalUnavailable
        return await super().read_lot(lot, after, limit)


async def test_the_end_of_a_lot_in_doubt_is_told_although_rebuilding_failed_at_first() -> None:
    """Seed 27: the second attempt had forgotten which lots were held, and said busy to what was on record."""
    lease = MemoryLease()
    journal = FlickeringJournal(lease)
    floor = Floor(journal=journal, lease=lease)
    async with floor.running() as engine:
        await floor.open_lot(duration_us=None, host_may_hammer=True, fair_warnings_min=0)
        await floor.bid(101, 100)
        journal.loses_answer_of_next_append = True
        journal.failing_reads = 1
        assert isinstance(await floor.give(HammerLot(1, HOST)), Accepted)
        view = engine.view(1)
        assert view is not None and view.state is LotState.SOLD


class Cluster:
    """An engine and a gateway on one wire, each with a clock of its own."""

    def __init__(self, engine_clock: SimulatedClock, gateway_clock: SimulatedClock) -> None:
        lease = MemoryLease()
        journal, snapshots, self.wire = MemoryJournal(lease), MemorySnapshots(), MemoryWire()
        self._end = EngineEnd(carrier=self.wire.carrier(), clock=engine_clock)
        self._engine = Engine(
            clock=engine_clock,
            journal=journal,
            snapshots=snapshots,
            lease=lease,
            feed=RingFeed(),
            measures=Measures(),
            outside=self._end,
        )
        self._hall = RemoteHall(
            shards=[ShardLink(self.wire.carrier(), journal)],
            placement=OneShard(),
            snapshots=snapshots,
            feed=RingFeed(),
            clock=gateway_clock,
            measures=Measures(),
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[RemoteHall]:
        """Give the gateway's hall once the engine is heard there."""
        await self._engine.start()
        await self._hall.start()
        work = (self._engine.run(), self._end.run(self._engine), self._hall.run())
        tasks = [asyncio.create_task(each) for each in work]
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not self._hall.is_writable:
                    await asyncio.sleep(0.01)
            yield self._hall
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def test_commands_do_not_expire_because_two_machines_disagree_about_the_time() -> None:
    """Seed 8: an engine whose clock was ahead by more than a command's time took none of them, and closed the lots."""
    cluster = Cluster(SimulatedClock(START_US + MINUTE_US), SimulatedClock(START_US))
    async with cluster.running() as hall:
        assert isinstance(await hall.submit("1" * 32, AnnounceLot(1, HOST, terms())), Accepted)


async def test_whoever_asks_again_before_he_is_answered_gets_the_receipt() -> None:
    """Seed 944: of two askings with one id only the first waited for the record, and the other was answered busy."""
    clock = SimulatedClock(START_US)
    cluster = Cluster(clock, clock)
    given = "1" * 32, AnnounceLot(1, HOST, terms())
    async with cluster.running() as hall:
        cluster.wire.fate = lambda topic, entry: () if topic == COMMANDS else (0.0,)
        lost = asyncio.create_task(hall.submit(*given))
        await asyncio.sleep(0.01)
        cluster.wire.fate = on_time
        async with asyncio.timeout(PATIENCE_SECONDS):
            answers = await asyncio.gather(lost, hall.submit(*given))
    assert all(isinstance(answer, Accepted) and answer.sequence == 1 for answer in answers)


class SlowJournal(MemoryJournal):
    """A journal that is read only when it is let."""

    def __init__(self, lease: MemoryLease) -> None:
        super().__init__(lease)
        self.may_be_read = asyncio.Event()

    async def read_lot(self, lot: LotId, after: int, limit: int) -> list[JournalRow]:
        """Return rows of a lot, in due course."""
        await self.may_be_read.wait()
        return await super().read_lot(lot, after, limit)


async def test_a_copy_that_is_fetched_leaves_out_no_record_of_one_that_has_begun_to_come() -> None:
    """Seed 100222: what was fetched replaced what had come, and whoever followed the lot missed what lay between."""
    floor, journal, feed = Floor(), SlowJournal(MemoryLease()), RingFeed()
    async with floor.running():
        await floor.open_lot()
    assert isinstance(floor.journal, MemoryJournal)
    rows = journal.rows = floor.journal.rows
    follower, offsets = Follower(feed, MemorySnapshots()), [1]

    def follow(entries: Sequence[FeedEntry]) -> None:
        for entry in entries:
            assert entry.offset - len(entry.records) == offsets[-1]
            offsets.append(entry.offset)

    fetching = asyncio.create_task(follower.load(journal, 1))
    await asyncio.sleep(0)
    follower.replay([(row, row.record) for row in rows[:1]], None)
    feed.listen(follow)
    journal.may_be_read.set()
    await fetching
    follower.replay([(row, row.record) for row in rows[1:]], None)
    assert offsets == [1, len(rows)]


class MovedMeanwhile(MemoryPlaces):
    """A map in which a lot moves to shard 0 right after somebody has read it."""

    moving: LotId = 0

    async def read(self) -> Map:
        """Return the map as it was until now."""
        found = await super().read()
        if self.moving:
            self.map = Map(found.layouts, {**found.moved, self.moving: 0})
            self.moving = 0
        return found


async def test_a_lot_that_arrives_while_an_engine_starts_does_not_go_back_in_time() -> None:
    """The map was read before the journal: a lot that came in between was taken for one that had always been there."""
    places, leases = MovedMeanwhile(), [MemoryLease(), MemoryLease()]
    places.map = Map((Layout(0, 2),))
    journals = [MemoryJournal(lease, shard, places) for shard, lease in enumerate(leases)]
    clocks = [SimulatedClock(START_US), SimulatedClock(START_US + MINUTE_US)]
    snapshots = MemorySnapshots()
    first, second = (
        Hall(Building(places, snapshots, list(journals), list(leases), clock), shard)
        for shard, clock in enumerate(clocks)
    )
    async with second.running():
        await second.open_lot(1)
        await second.bid(1, 101, 100)
    places.moving = 1
    async with first.running():
        await first.mover.look()
        await first.bid(1, 102, 110)
    rows = places.rows_of(1)
    assert journals[0].rows and [row.sequence for row in rows] == list(range(1, len(rows) + 1))
    times = [row.at_us for row in rows]
    assert times == sorted(times)
