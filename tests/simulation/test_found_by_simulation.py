"""The smallest stories of what the simulation has found wrong in the exchange, so that it stays found."""

from __future__ import annotations

from exchange.adapters.memory import MemoryJournal, MemoryLease
from exchange.ports import Accepted, JournalUnavailable
from exchange.records import JournalRow
from matching.commands import HammerLot
from matching.lot import LotState
from matching.units import LotId
from tests.floor import HOST, Floor


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
