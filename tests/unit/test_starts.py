"""What a start has to read: snapshots taken in time, answers of the last minutes, and nothing of what is long past."""

from __future__ import annotations

import asyncio
import gc
import secrets

from exchange.engine import SNAPSHOT_RECORDS_MIN, EngineLimits
from exchange.ports import Accepted, Rejected
from exchange.recovery import ANSWERS_HORIZON_US, recover
from matching.lot import digest
from tests.floor import Floor

DAY_US = 24 * 3_600 * 1_000_000


async def _bid(floor: Floor, lot: int, count: int, first: int = 0) -> None:
    """Let two bidders raise each other."""
    for number in range(first, first + count):
        answer = await floor.bid(101 + number % 2, 100 + 10 * number, lot)
        assert isinstance(answer, Accepted), answer


async def _saved(floor: Floor, lot: int) -> int:
    snapshot = await floor.snapshots.load(lot)
    return 0 if snapshot is None else snapshot.sequence


async def test_when_all_lots_together_have_grown_much_each_that_has_grown_is_snapshotted() -> None:
    limits = EngineLimits(tail_records_max=3 * SNAPSHOT_RECORDS_MIN)
    floor = Floor(limits=limits)
    async with floor.running():
        for lot in (1, 2, 3):
            await floor.open_lot(lot)
        await _bid(floor, 3, 1)
        for number in range(2 * SNAPSHOT_RECORDS_MIN):
            await _bid(floor, 1, 1, number)
            await _bid(floor, 2, 1, number)
        async with asyncio.timeout(60):
            while not (await _saved(floor, 1) and await _saved(floor, 2)):
                await asyncio.sleep(0)
    assert await _saved(floor, 3) == 0


async def test_a_start_over_a_long_tail_snapshots_it_for_the_next() -> None:
    floor = Floor()
    async with floor.running():
        await floor.open_lot(1)
        await _bid(floor, 1, SNAPSHOT_RECORDS_MIN)
    assert await _saved(floor, 1) == 0
    floor.limits = EngineLimits(tail_records_max=SNAPSHOT_RECORDS_MIN - 1)
    successor = floor.successor()
    async with successor.running():
        async with asyncio.timeout(60):
            while not await _saved(floor, 1):
                await asyncio.sleep(0)


async def test_lots_are_the_same_from_snapshots_and_from_records() -> None:
    floor = Floor(limits=EngineLimits(snapshot_every_records=7))
    async with floor.running() as engine:
        for lot in range(1, 6):
            await floor.open_lot(lot)
            await _bid(floor, lot, 3 * lot)
        held = {lot: digest(engine.lot(lot)) for lot in range(1, 6)}  # type: ignore[arg-type]
    recovered = await recover(floor.journal, floor.snapshots, floor.clock.now_us())
    whole = await recover(floor.journal, Floor().snapshots, floor.clock.now_us())
    for found in (recovered, whole):
        assert {lot: digest(each.lot) for lot, each in found.lots.items()} == held
    assert gc.isenabled()


async def test_answers_older_than_the_horizon_are_let_go_and_younger_ones_kept() -> None:
    floor, old, refused, young = Floor(), *(secrets.token_hex(16) for _ in range(3))
    async with floor.running():
        await floor.open_lot(1, duration_us=DAY_US)
        await floor.bid(101, 100, command_id=old)
        floor.clock.advance(ANSWERS_HORIZON_US + 1)
        await floor.bid(102, 105, command_id=refused)
        await floor.bid(102, 110, command_id=young)
    recovered = await recover(floor.journal, floor.snapshots, floor.clock.now_us())
    answers = recovered.lots[1].answers
    assert set(answers) == {refused, young}
    assert isinstance(answers[refused], Rejected) and isinstance(answers[young], Accepted)


async def test_lots_under_one_rulebook_share_its_parameters() -> None:
    floor = Floor()
    async with floor.running():
        for lot in (1, 2):
            await floor.open_lot(lot)
        await floor.open_lot(3, duration_us=DAY_US)
    recovered = await recover(floor.journal, floor.snapshots, floor.clock.now_us())
    first, second, third = (recovered.lots[lot].lot.terms.programme for lot in (1, 2, 3))
    assert first is second
    assert first != third
