"""What the database says about its copies, for `/metrics`: how far replicas and receivers of changes are behind.

Belongs here: asking it again and again. Does not belong here: names of metrics (`exchange.measures`), alarms.
"""

from __future__ import annotations

import asyncio

import asyncpg
import structlog

from exchange.database import DRIVER_ERRORS
from exchange.measures import Measures

log = structlog.get_logger(__name__)

ROUND_SECONDS = 10.0
ANSWER_SECONDS_MAX = 5.0
COPIES_MAX = 100

_REPLICAS = """
SELECT application_name, coalesce(sync_state, '') AS sync_state,
       coalesce(pg_wal_lsn_diff(pg_current_wal_flush_lsn(), flush_lsn), 0)::bigint AS behind_bytes,
       coalesce(extract(epoch FROM flush_lag), 0)::float8 AS behind_seconds
  FROM pg_stat_replication ORDER BY application_name, pid LIMIT $1"""
_SLOTS = """
SELECT slot_name, coalesce(pg_wal_lsn_diff(pg_current_wal_flush_lsn(), restart_lsn), 0)::bigint AS kept_bytes
  FROM pg_replication_slots ORDER BY slot_name LIMIT $1"""


class DatabaseMeasures:
    """Keeps the measures of the database's copies.

    The account needs the role `pg_monitor`, or owns the server; without it positions are shown as zero.
    """

    def __init__(self, pool: asyncpg.Pool, measures: Measures) -> None:
        self._pool = pool
        self._measures = measures

    async def run(self) -> None:
        """Ask every ten seconds, for ever; what cannot be asked is not shown."""
        while True:
            try:
                await self.take()
            except DRIVER_ERRORS as error:
                self._measures.replicas, self._measures.slots = (), ()
                log.warning("database_measures.delayed", error=str(error) or type(error).__name__)
            await asyncio.sleep(ROUND_SECONDS)

    async def take(self) -> None:
        """Ask once.  Raises: the driver's errors."""
        async with asyncio.timeout(ANSWER_SECONDS_MAX), self._pool.acquire() as connection:
            replicas = await connection.fetch(_REPLICAS, COPIES_MAX)
            slots = await connection.fetch(_SLOTS, COPIES_MAX)
        self._measures.replicas = [tuple(row) for row in replicas]
        self._measures.slots = [tuple(row) for row in slots]
