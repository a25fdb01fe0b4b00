"""Waiting for others within a bound that holds whatever they do."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def within(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """Return what comes of some work.

    `asyncio.timeout` waits until the work has taken note of its cancellation. A database driver whose connection has
    been cut without a word may not do that for a quarter of an hour; here it is left to itself.

    Raises: TimeoutError, in time; what the work raises.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=seconds)
    finally:
        if not task.done():
            task.cancel()
            task.add_done_callback(_forget)
    if not task.done():
        raise TimeoutError(f"no answer within {seconds} s")
    return task.result()


def _forget(task: asyncio.Task[Any]) -> None:
    """Take note of how abandoned work ended."""
    if not task.cancelled():
        task.exception()
