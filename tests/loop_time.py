"""The time of an event loop in the hands of a test, so that no pause of the machine can change what it sees."""

from __future__ import annotations

import asyncio

import pytest

TURNS = 5
"""Turns of the loop after each step of time: enough for what has come due, and for what that puts on its way."""


class LoopTime:
    """Stands still but for `passes`.  What is awaited with a timeout meanwhile never times out."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        loop = asyncio.get_running_loop()
        self._now = loop.time()
        monkeypatch.setattr(loop, "time", lambda: self._now)

    async def passes(self, seconds: float) -> None:
        """Let time pass at once, and everything that is due then happen."""
        self._now += seconds
        for _ in range(TURNS):
            await asyncio.sleep(0)
