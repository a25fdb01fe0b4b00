"""The benchmarks of the engine work at tiny size; what they measure is not judged here."""

from __future__ import annotations

from exchange.engine import EngineLimits
from loadtests.engine.closings import measured_closings
from loadtests.engine.room import opened_room


async def test_lots_that_end_together_are_counted(database_url: str) -> None:
    async with opened_room(database_url) as room:
        limits = EngineLimits(batch_deadlines_max=7)
        closings = await measured_closings(room, 20, 1_000, limits, 1, lambda text: None)
    figures = closings.figures()
    assert (figures["sold"], figures["out_of_order"], figures["not_closed"]) == (20, 0, 0)
    assert sum(closings.commits) == 20 and max(closings.commits) <= 7
    assert closings.decided.count == closings.told.count == 20
