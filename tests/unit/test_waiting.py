"""A bound on waiting holds also where what is waited for does not heed its cancellation."""

from __future__ import annotations

import asyncio

import pytest

from exchange.waiting import within


async def test_what_comes_in_time_is_returned_or_raised() -> None:
    async def answer() -> int:
        await asyncio.sleep(0)
        return 7

    async def fail() -> int:
        raise ConnectionError("gone")

    assert await within(60, answer()) == 7
    with pytest.raises(ConnectionError, match="gone"):
        await within(60, fail())


async def test_what_does_not_heed_its_cancellation_is_left_alone() -> None:
    go_on, has_ended = asyncio.Event(), asyncio.Event()

    async def deaf() -> None:
        try:
            await go_on.wait()
        except asyncio.CancelledError:
            await go_on.wait()
        has_ended.set()
        raise ConnectionError("too late to matter")

    with pytest.raises(TimeoutError):
        await within(0.01, deaf())
    assert not has_ended.is_set()
    go_on.set()
    async with asyncio.timeout(60):
        await has_ended.wait()


async def test_who_waits_can_be_cancelled() -> None:
    was_cancelled = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            was_cancelled.set()

    waiting = asyncio.create_task(within(60, work()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    async with asyncio.timeout(60):
        await was_cancelled.wait()
