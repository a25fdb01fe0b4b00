"""The smallest stories of what the simulation has found wrong in the exchange, so that it stays found."""

from __future__ import annotations

import asyncio

from exchange.adapters.clock import SimulatedClock
from exchange.adapters.memory import MemoryJournal, MemoryLease, MemorySnapshots
from exchange.adapters.memory_carrier import MemoryWire
from exchange.adapters.ring import RingFeed
from exchange.cluster.engine_end import EngineEnd
from exchange.cluster.gateway_end import OneShard, RemoteHall, ShardLink
from exchange.engine import Engine
from exchange.measures import Measures
from exchange.ports import Accepted, JournalUnavailable
from exchange.records import JournalRow
from matching.commands import AnnounceLot, HammerLot
from matching.lot import LotState
from matching.units import LotId
from tests.floor import HOST, MINUTE_US, START_US, Floor, terms


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


async def test_commands_do_not_expire_because_two_machines_disagree_about_the_time() -> None:
    """Seed 8: an engine whose clock was ahead by more than a command's time took none of them, and closed the lots."""
    lease = MemoryLease()
    journal, snapshots, wire = MemoryJournal(lease), MemorySnapshots(), MemoryWire()
    ahead, behind = SimulatedClock(START_US + MINUTE_US), SimulatedClock(START_US)
    end = EngineEnd(carrier=wire.carrier(), clock=ahead)
    engine = Engine(
        clock=ahead,
        journal=journal,
        snapshots=snapshots,
        lease=lease,
        feed=RingFeed(),
        measures=Measures(),
        outside=end,
    )
    hall = RemoteHall(
        shards=[ShardLink(wire.carrier(), journal)],
        placement=OneShard(),
        snapshots=snapshots,
        feed=RingFeed(),
        clock=behind,
        measures=Measures(),
    )
    await engine.start()
    await hall.start()
    tasks = [asyncio.create_task(work) for work in (engine.run(), end.run(engine), hall.run())]
    try:
        async with asyncio.timeout(30):
            while not hall.is_writable:
                await asyncio.sleep(0.01)
            assert isinstance(await hall.submit("1" * 32, AnnounceLot(1, HOST, terms())), Accepted)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
