"""Answers that are kept for a moment, because many ask for the same at once.

Belongs here: one asks, the others wait for his answer, and it holds for a while.
Does not belong here: what is asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """Answers by key, each as old as `seconds` at most, the least recently asked for forgotten beyond `most`.

    Who goes away while he waits takes nothing from the others. A failure is told to all who wait, and not kept.
    """

    def __init__(self, seconds: float, most: int) -> None:
        self._seconds = seconds
        self._most = most
        self._answers: dict[Hashable, tuple[float, asyncio.Task[T]]] = {}

    async def get(self, key: Hashable, ask: Callable[[], Awaitable[T]]) -> T:
        """Return the answer at hand, or ask.  Raises: what asking raises."""
        now = asyncio.get_running_loop().time()
        kept = self._answers.pop(key, None)
        if kept is None or (kept[1].done() and (kept[0] <= now or kept[1].exception() is not None)):
            kept = (now + self._seconds, asyncio.create_task(_asked(ask)))
            kept[1].add_done_callback(_heard)
        self._answers[key] = kept
        while len(self._answers) > self._most:
            del self._answers[next(iter(self._answers))]
        return await asyncio.shield(kept[1])


async def _asked(ask: Callable[[], Awaitable[T]]) -> T:
    return await ask()


def _heard(task: asyncio.Task[T]) -> None:
    """Take note of a failure that nobody may be waiting for any more."""
    if not task.cancelled():
        task.exception()
