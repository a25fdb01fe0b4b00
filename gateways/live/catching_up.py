"""Waiting until this gateway has seen what a client has seen at another: nobody is shown an older state.

Belongs here: who waits for which position of a lot. Does not belong here: what is shown then, and what becomes of
those who waited in vain (`gateways.live.session`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TypeAlias

from exchange.ports import EventFeed, FeedEntry
from matching.units import LotId

Waiting: TypeAlias = list[tuple[int, asyncio.Future[None]]]


class CatchingUp:
    """Those who wait for a lot's position, woken by what is published."""

    def __init__(self, feed: EventFeed) -> None:
        self._feed = feed
        self._waiting: dict[LotId, Waiting] = {}

    async def reached(self, lot: LotId, offset: int, seconds: float) -> bool:
        """Wait until a lot is published up to an offset; False when it is not after so many seconds."""
        if self._feed.offset(lot) >= offset:
            return True
        shown: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        place = (offset, shown)
        self._waiting.setdefault(lot, []).append(place)
        try:
            async with asyncio.timeout(seconds):
                await shown
        except TimeoutError:
            return False
        finally:
            self._leave(lot, place)
        return True

    def is_awaited(self, lot: LotId) -> bool:
        """Tell whether anybody waits for a position of a lot."""
        return lot in self._waiting

    def tell(self, entries: Sequence[FeedEntry]) -> None:
        """Wake those whose position has been published."""
        if not self._waiting:
            return
        for entry in entries:
            for offset, shown in self._waiting.get(entry.lot, ()):
                if offset <= entry.offset and not shown.done():
                    shown.set_result(None)

    def _leave(self, lot: LotId, place: tuple[int, asyncio.Future[None]]) -> None:
        waiting = self._waiting[lot]
        waiting.remove(place)
        if not waiting:
            del self._waiting[lot]
