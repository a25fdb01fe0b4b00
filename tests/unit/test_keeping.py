"""Answers that are kept for a moment."""

from __future__ import annotations

import asyncio

import pytest

from exchange.keeping import Kept


class Asked:
    """Counts how often it is asked, and answers when it may."""

    def __init__(self) -> None:
        self.times = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def __call__(self) -> int:
        self.times += 1
        await self.may_answer.wait()
        return self.times


async def test_many_who_ask_at_once_are_told_what_one_was_told() -> None:
    kept: Kept[int] = Kept(seconds=3600, most=2)
    asked = Asked()
    asked.may_answer.clear()
    waiting = [asyncio.create_task(kept.get("a", asked)) for _ in range(5)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    asked.may_answer.set()
    assert [await one for one in waiting[1:]] == [1, 1, 1, 1]
    assert await kept.get("a", asked) == 1
    with pytest.raises(asyncio.CancelledError):
        await waiting[0]


async def test_what_is_old_or_forgotten_is_asked_anew() -> None:
    asked = Asked()
    old: Kept[int] = Kept(seconds=0, most=2)
    assert [await old.get("a", asked) for _ in range(3)] == [1, 2, 3]
    few: Kept[int] = Kept(seconds=3600, most=2)
    for key in ("a", "b", "a", "c"):
        await few.get(key, asked)
    assert asked.times == 6
    assert (await few.get("a", asked), await few.get("b", asked)) == (4, 7)


async def test_a_failure_is_told_to_all_who_wait_and_to_nobody_after() -> None:
    kept: Kept[int] = Kept(seconds=3600, most=2)
    times = 0

    async def fail() -> int:
        nonlocal times
        times += 1
        await asyncio.sleep(0)
        raise ValueError(times)

    told = await asyncio.gather(*(kept.get("a", fail) for _ in range(3)), return_exceptions=True)
    assert [str(error) for error in told] == ["1", "1", "1"]
    with pytest.raises(ValueError, match="2"):
        await kept.get("a", fail)
