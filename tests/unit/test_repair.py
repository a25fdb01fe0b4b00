"""Repairs: tried at the start, when asked for, and again after a failure, with a pause in between."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from exchange import repair
from exchange.database import StoreUnavailable
from exchange.repair import Repair

MANY = 3


class Work:
    """Something to do that fails a number of times."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.begun_at: list[float] = []
        self.is_done = asyncio.Event()

    async def __call__(self) -> None:
        self.begun_at.append(asyncio.get_running_loop().time())
        if len(self.begun_at) <= self.failures:
            raise StoreUnavailable("gone")
        self.is_done.set()


async def test_it_is_done_at_the_start_and_once_more_a_while_after_a_failure() -> None:
    work = Work(failures=1)
    running = asyncio.create_task(Repair("test", work).run())
    await asyncio.wait_for(work.is_done.wait(), 60)
    assert len(work.begun_at) == 2
    assert work.begun_at[1] - work.begun_at[0] >= repair.INTERVAL_SECONDS - 0.01
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_it_is_done_again_only_when_asked_for() -> None:
    work = Work(failures=0)
    mended = Repair("test", work)
    running = asyncio.create_task(mended.run())
    await asyncio.wait_for(work.is_done.wait(), 60)
    work.is_done.clear()
    for _ in range(MANY):
        mended.ask(StoreUnavailable("gone"), lot=1)
    await asyncio.wait_for(work.is_done.wait(), 60)
    assert len(work.begun_at) == 2, "asked for many times, done once"
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_what_nobody_expects_is_not_hidden() -> None:
    async def broken() -> None:
        raise RuntimeError("a mistake")

    with pytest.raises(RuntimeError):
        await Repair("test", broken).run()
