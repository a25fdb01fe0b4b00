"""The crowd of the soak before a real exchange, for a moment: everybody comes, everybody goes, nothing goes wrong."""

from __future__ import annotations

import asyncio

from loadtests.house_life import Crowd, House
from tests.e2e.conftest import House as RunningHouse


async def test_lots_bidders_and_watchers_come_and_go(house: RunningHouse) -> None:
    crowd = Crowd(
        bidders=3,
        bids_per_second=20.0,
        watchers=5,
        lots_per_second=5.0,
        lot_s=(1.0, 2.0),
        visit_s=(0.5, 1.0),
        watch_s=(0.2, 0.4),
    )
    async with House(house.url, house.operator, crowd).living() as life, asyncio.timeout(60):
        while not (life.bids > 5 and life.ended > 2 and life.visits > 3 and life.watched > 5):
            await asyncio.sleep(0.05)
    figures = life.figures()
    assert figures["faults"] == 0, figures
    assert set(figures["refused"]) <= {"BELOW_ASKING_PRICE", "LEADER_MAY_NOT_RAISE", "LOT_CLOSED"}


async def test_who_is_lost_on_the_way_is_told(house: RunningHouse) -> None:
    """A crowd that has silently gone away would prove nothing."""
    nobody_can_watch = Crowd(bidders=1, watchers=0, lots_per_second=5.0)
    async with House(house.url, house.operator, nobody_can_watch).living() as life, asyncio.timeout(60):
        watching = next(task for task in asyncio.all_tasks() if "_watchers" in str(task.get_coro()))
        await asyncio.wait([watching])
    assert any("lost on the way" in problem for problem in life.problems)
