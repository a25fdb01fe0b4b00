"""An engine of one's own over a migrated PostgreSQL of one's own, in this process.

Belongs here: the database for the length of a measurement, and building the parts over it as the product does.
Does not belong here: what is measured.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from exchange.adapters.clock import SystemClock
from exchange.adapters.lease import PostgresLease
from exchange.adapters.postgres import PostgresJournal, PostgresSnapshots
from exchange.adapters.ring import RingFeed
from exchange.embedded_postgres import EmbeddedPostgres
from exchange.engine import Engine, EngineLimits
from exchange.measures import Measures
from exchange.migrations import migrate, migration_sources
from exchange.ports import Clock, ExchangeError, JournalUnavailable
from exchange.postgres_troubles import EmbeddedPostgresError

__all__ = ["ENGINE_FAILURES", "EngineLimits", "Room", "opened_room"]

ENGINE_FAILURES = (ExchangeError, EmbeddedPostgresError)
"""What a measurement over an engine may end with, for whoever prints it."""

RING_RECORDS = 2_000
"""As the product keeps them by default."""


@dataclass(frozen=True, slots=True)
class Room:
    """A migrated database, and connections to it."""

    database_url: str
    pool: asyncpg.Pool

    @asynccontextmanager
    async def engine(
        self, limits: EngineLimits | None = None, clock: Clock | None = None
    ) -> AsyncIterator[tuple[Engine, RingFeed]]:
        """Give an engine that is not started, and its feed; by the system's clock unless another is given."""
        journal = PostgresJournal(self.database_url, self.pool)
        feed = RingFeed(RING_RECORDS)
        engine = Engine(
            clock=clock or SystemClock(),
            journal=journal,
            snapshots=PostgresSnapshots(self.pool),
            lease=PostgresLease(self.pool),
            feed=feed,
            measures=Measures(),
            limits=limits,
        )
        try:
            yield engine, feed
        finally:
            await journal.close()

    @asynccontextmanager
    async def running_engine(
        self, limits: EngineLimits | None = None, clock: Clock | None = None
    ) -> AsyncIterator[tuple[Engine, RingFeed]]:
        """Start an engine and let it run until the block ends; when it ends by itself, so does the block.

        Raises: whatever ends the engine.
        """
        async with self.engine(limits, clock) as (engine, feed):
            await engine.start()
            try:
                async with asyncio.TaskGroup() as group:
                    running = group.create_task(engine.run())
                    yield engine, feed
                    running.cancel()
            except ExceptionGroup as failures:
                raise failures.exceptions[0] from None


@asynccontextmanager
async def opened_room(database_url: str | None) -> AsyncIterator[Room]:
    """Migrate a database, the embedded one when none is given, and open it until the block ends.

    Raises: EmbeddedPostgresError, JournalUnavailable.
    """
    with tempfile.TemporaryDirectory(prefix="luochui-bench-", ignore_cleanup_errors=True) as folder:
        postgres = None if database_url else EmbeddedPostgres(Path(folder))
        try:
            if postgres is not None:
                await postgres.start()
                database_url = postgres.dsn()
            assert database_url is not None
            connection = await asyncpg.connect(database_url)
            try:
                await migrate(connection, migration_sources())
                if await connection.fetchval("SELECT EXISTS (SELECT FROM exchange.journal)"):
                    raise JournalUnavailable("the database holds a journal already; give an empty one")
            finally:
                await connection.close()
            async with asyncpg.create_pool(database_url, min_size=2, max_size=8) as pool:
                yield Room(database_url, pool)
        finally:
            if postgres is not None:
                await postgres.stop()
