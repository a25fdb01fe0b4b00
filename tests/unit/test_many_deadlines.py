"""Lots that are due together, more than one step meets: in order, portion by portion, before any command."""

from __future__ import annotations

import asyncio
import secrets

from exchange.adapters.memory import MemoryJournal
from exchange.engine import EngineLimits
from exchange.ports import Answer, Rejected
from matching.commands import PlaceBid
from matching.refusals import Refusal
from tests.floor import MINUTE_US, Floor

LOTS = 25
PORTION = 10


async def _with_lots(floor: Floor) -> None:
    """Open the lots so that each ends at the same moment as its neighbour, the highest numbers first."""
    for lot in range(LOTS, 0, -1):
        await floor.open_lot(lot, bidders=1, duration_us=MINUTE_US, soft_close_window_us=0)
        if lot % 2:
            floor.clock.advance(1)


async def _until_all_are_told(floor: Floor) -> None:
    async with asyncio.timeout(60):
        while any(floor.feed.view(lot).state != "passed" for lot in range(1, LOTS + 1)):  # type: ignore[union-attr]
            await asyncio.sleep(0)


async def test_what_is_due_together_is_decided_in_order_and_in_portions() -> None:
    floor = Floor(limits=EngineLimits(batch_deadlines_max=PORTION))
    portions: list[int] = []
    async with floor.running():
        await _with_lots(floor)
        due = {lot: floor.feed.view(lot).ends_at_us for lot in range(1, LOTS + 1)}  # type: ignore[union-attr]
        floor.feed.listen(lambda entries: portions.append(len(entries)))
        floor.clock.advance(MINUTE_US)
        floor.engine._wake.set()
        await _until_all_are_told(floor)
    assert isinstance(floor.journal, MemoryJournal)
    ended = [row.lot for row in floor.journal.rows if row.is_outcome]
    assert ended == sorted(due, key=lambda lot: (due[lot], lot))
    assert portions == [PORTION, PORTION, LOTS - 2 * PORTION]


async def test_commands_wait_in_their_order_until_all_that_was_due_is_decided() -> None:
    floor = Floor(limits=EngineLimits(batch_deadlines_max=PORTION, batch_commands_max=3))
    answers: list[tuple[int, object]] = []
    async with floor.running() as engine:
        await _with_lots(floor)
        floor.clock.advance(MINUTE_US)
        ended: list[int] = []
        floor.feed.listen(lambda entries: ended.extend(entry.lot for entry in entries))

        def noted(number: int, answer: Answer | Exception) -> None:
            answers.append((number, answer))
            assert len(ended) == LOTS, "deadlines that are due come before commands"

        for number in range(8):
            command = PlaceBid(1 + number % 2, 101, 100)
            engine.post(secrets.token_hex(16), command, lambda answer, number=number: noted(number, answer))  # type: ignore[misc]
        await _until_all_are_told(floor)
        async with asyncio.timeout(60):
            while len(answers) < 8:
                await asyncio.sleep(0)
    assert [number for number, _ in answers] == list(range(8))
    for _, answer in answers:
        assert isinstance(answer, Rejected) and answer.refused.code is Refusal.LOT_CLOSED


async def test_every_lot_that_ended_is_snapshotted_once_there_is_time() -> None:
    floor = Floor(limits=EngineLimits(batch_deadlines_max=PORTION))
    async with floor.running():
        await _with_lots(floor)
        floor.clock.advance(MINUTE_US)
        floor.engine._wake.set()
        await _until_all_are_told(floor)
        async with asyncio.timeout(60):
            while not all([await floor.snapshots.load(lot) for lot in range(1, LOTS + 1)]):
                await asyncio.sleep(0)
