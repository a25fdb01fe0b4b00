"""The months of the journal: making those to come ahead of time.

A month that was not made in time costs nothing but its own part: its records go to the catch-all part.

Belongs here: when months are made. Does not belong here: how, which is a function of the database, and taking old
ones away (`exchange.archive`).
"""

from __future__ import annotations

import asyncio

import asyncpg
import structlog

from exchange.adapters.answering import reaching
from exchange.ports import JournalUnavailable

log = structlog.get_logger(__name__)

LOOK_SECONDS = 3_600.0
_PATIENCE = "SET LOCAL lock_timeout = '2s'"
_OPEN_MONTHS = "SELECT exchange.open_months_ahead()"


class JournalMonths:
    """Keeps this month and the next two ready."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def run(self) -> None:
        """Look every hour, for ever; what cannot be done now has two months' time."""
        while True:
            try:
                await self.keep()
            except JournalUnavailable as error:
                log.warning("journal_months.delayed", error=str(error))
            await asyncio.sleep(LOOK_SECONDS)

    async def keep(self) -> int:
        """Make the months that are missing and return how many; none while somebody reads the whole journal.

        Raises: JournalUnavailable.
        """
        async with reaching(), self._pool.acquire() as connection:
            try:
                async with connection.transaction():
                    await connection.execute(_PATIENCE)
                    made: int = await connection.fetchval(_OPEN_MONTHS)
            except asyncpg.LockNotAvailableError:
                log.info("journal_months.delayed", error="somebody reads the whole journal")
                return 0
        if made:
            log.info("journal_months.made", months=made)
        return made
