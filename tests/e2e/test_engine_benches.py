"""The benchmarks of the engine work at tiny size; what they measure is not judged here."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from exchange.engine import EngineLimits
from loadtests.engine.closings import Closings, PreparationTooSlow, measured_closings
from loadtests.engine.history import schedule, trade
from loadtests.engine.room import Room, opened_room
from loadtests.engine.starts import measured_start, replay_ceilings, same_lots_either_way


async def _closings(room: Room, limits: EngineLimits) -> Closings:
    """Measure 20 lots, with more time to open them the slower the machine is."""
    first_lot = 1
    for lead_s in (1.0, 5.0, 25.0):
        with suppress(PreparationTooSlow):
            return await measured_closings(
                room, 20, 1_000, limits, lambda text: None, first_lot=first_lot, lead_s=lead_s
            )
        first_lot += 20
    raise AssertionError("twenty lots could not be opened in 25 seconds")


async def test_lots_that_end_together_are_counted(database_url: str) -> None:
    async with opened_room(database_url) as room:
        limits = EngineLimits(batch_deadlines_max=7)
        closings = await _closings(room, limits)
    figures = closings.figures()
    assert (figures["sold"], figures["out_of_order"], figures["not_closed"]) == (20, 0, 0)
    assert sum(closings.commits) == 20 and max(closings.commits) <= 7
    assert closings.decided.count == closings.told.count == 20


async def test_starts_over_a_made_history_are_measured(database_url: str) -> None:
    async with opened_room(database_url) as room:
        limits = EngineLimits(snapshot_every_records=40, tail_records_max=100)
        made = await trade(room, 5, 400, limits, lambda text: None)
        assert made == 400
        assert await same_lots_either_way(room.pool, database_url, 5)
        start = await asyncio.to_thread(measured_start, database_url)
        assert (start["lots"], start["position"]) == (5, 400)
        assert (await replay_ceilings(room.pool, database_url))["records"] == 400


async def test_waiting_lots_are_weighed(database_url: str) -> None:
    async with opened_room(database_url) as room:
        assert await schedule(room, 50, EngineLimits(), lambda text: None) == 50
        start = await asyncio.to_thread(measured_start, database_url)
        assert (start["lots"], start["answers"]) == (50, 50)
