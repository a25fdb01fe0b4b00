"""Work that is taken up again in the background until it succeeds: what a crash or an outage cut off.

Belongs here: when it is tried. Does not belong here: what is repaired; that can be repeated without harm.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from exchange.ports import ExchangeError
from ledger.store import LedgerUnavailable

log = structlog.get_logger(__name__)

INTERVAL_SECONDS = 1.0


class Repair:
    """One kind of work that may have been left undone."""

    def __init__(self, name: str, work: Callable[[], Awaitable[object]]) -> None:
        """Take what is to be done, and its name in the log.

        Args:
            work: does all that is undone; raises ExchangeError or LedgerUnavailable when it cannot now.
        """
        self._name = name
        self._work = work
        self._is_needed = asyncio.Event()

    def ask(self, error: Exception, **where: int) -> None:
        """Have the work done soon, because `error` left some of it undone."""
        log.warning(self._name, error=str(error) or type(error).__name__, **where)
        self._is_needed.set()

    async def run(self) -> None:
        """Do it at once, for what an earlier process left, and again whenever it is asked for; for ever.

        There is at least INTERVAL_SECONDS between two attempts.
        """
        self._is_needed.set()
        while True:
            await self._is_needed.wait()
            self._is_needed.clear()
            try:
                await self._work()
            except (ExchangeError, LedgerUnavailable) as error:
                self.ask(error)
            await asyncio.sleep(INTERVAL_SECONDS)
