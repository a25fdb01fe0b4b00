"""What locust's users see of a real exchange, and that a missing record would be a failure of theirs."""

from __future__ import annotations

import asyncio

from loadtests.locust_floor import Floor, WrongSequence
from tests.e2e.conftest import House


class Noted:
    """What was reported."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.problems: list[Exception] = []

    def __call__(self, name: str, seconds: float, length: int, problem: Exception | None) -> None:
        self.names.append(name)
        if problem is not None:
            self.problems.append(problem)


async def test_a_bidder_sees_all_that_happens_and_comes_back_to_where_he_was(house: House) -> None:
    lot, noted = await house.open_lot(), Noted()
    await house.caught_up()
    floor = Floor(house.url, lot, "full", noted, house.bidders[0].token)
    other = Floor(house.url, lot, "state", noted, house.bidders[1].token)

    def visit() -> None:
        for visitor in (floor, other):
            visitor.connect()
            answer = visitor.command({"type": "bid", "amount": visitor.state["asking_price"]})
            while answer["type"] == "refusal":  # the other's bid may not have been told yet
                answer = visitor.command({"type": "bid", "amount": answer["asking_price"]})
        for visitor in (floor, other):
            visitor.leave()

    await asyncio.to_thread(visit)
    await asyncio.to_thread(visit)
    assert noted.problems == []
    assert noted.names.count("connect") == 4 and "news: events" in noted.names
    assert 0 < floor._owed <= floor.offset and 0 < other._owed <= other.offset


async def test_news_of_ones_own_that_never_come_are_a_failure(house: House) -> None:
    lot, noted = await house.open_lot(), Noted()
    await house.caught_up()
    floor = Floor(house.url, lot, "full", noted)
    await asyncio.to_thread(floor.connect)
    floor._owed = floor.offset + 1
    await asyncio.to_thread(floor.leave, 0.3)
    assert [type(problem) for problem in noted.problems] == [WrongSequence]


async def test_a_frame_that_does_not_follow_is_a_failure(house: House) -> None:
    lot, noted = await house.open_lot(), Noted()
    await house.caught_up()
    floor = Floor(house.url, lot, "full", noted, house.bidders[0].token)

    def visit() -> None:
        floor.connect()
        floor.offset -= 1
        floor.command({"type": "bid", "amount": floor.state["asking_price"]})
        floor.leave()

    await asyncio.to_thread(visit)
    assert WrongSequence in [type(problem) for problem in noted.problems]
