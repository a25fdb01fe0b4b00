"""What a process of the exchange stands on: the database, migrated and connected, and our own server kept up.

Belongs here: reaching PostgreSQL at the start, and letting go of it at the end.
Does not belong here: what is built upon it (`exchange.bootstrap`), queries.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import asyncpg
import structlog

from exchange.adapters.clock import SystemClock
from exchange.adapters.postgres import pool_options
from exchange.database import DRIVER_ERRORS
from exchange.embedded_postgres import EmbeddedPostgres
from exchange.journal_months import JournalMonths
from exchange.measures import Measures
from exchange.migrations import Migration, migrate, migration_sources, read_migrations
from exchange.ports import Clock, ExchangeError
from exchange.postgres_troubles import EmbeddedPostgresError
from exchange.registry import running_server
from exchange.settings import Settings

log = structlog.get_logger(__name__)

SERVER_CONNECTIONS = 50
"""What our own PostgreSQL lets in, beside the connections of gateways."""

WATCH_SECONDS = 0.5
CLOSE_SECONDS_MAX = 5.0


class DatabaseUnusable(ExchangeError):
    """The PostgreSQL that the exchange was given cannot be used."""


Report = Callable[[str, str], None]
"""Told what is being done, in English and in Chinese."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A migrated database, with what else every part needs.

    Args:
        dsn: of the database.
        postgres: our own server, if this process runs one.
    """

    settings: Settings
    dsn: str
    pool: asyncpg.Pool
    postgres: EmbeddedPostgres | None
    clock: Clock = field(default_factory=SystemClock)
    measures: Measures = field(default_factory=Measures)

    async def watch(self) -> None:
        """Bring our own PostgreSQL back when it has died, for ever."""
        while self.postgres is not None:
            await asyncio.sleep(WATCH_SECONDS)
            if not self.postgres.is_running:
                await _brought_back(self.postgres)


@asynccontextmanager
async def own_ground(settings: Settings, report: Report) -> AsyncIterator[Ground]:
    """Give the database that the settings name, or a server of our own, which ends with this.

    Raises: EmbeddedPostgresError, MigrationError, DatabaseUnusable.
    """
    if settings.database_url:
        async with _connected(settings, settings.database_url, None, report) as ground:
            yield ground
        return
    report("starting PostgreSQL", "启动 PostgreSQL")
    connections = SERVER_CONNECTIONS + settings.gateways * (settings.database_connections_max + 1)
    options = {"max_connections": str(connections)}
    async with (
        EmbeddedPostgres(settings.data_dir / "postgres", options=options) as postgres,
        _connected(settings, postgres.dsn(), postgres, report) as ground,
    ):
        yield ground


@asynccontextmanager
async def shared_ground(settings: Settings, report: Report) -> AsyncIterator[Ground]:
    """Give the database that the settings name, or the server that another process of ours runs.

    Raises: MigrationError, DatabaseUnusable.
    """
    async with _connected(settings, running_server(settings), None, report) as ground:
        yield ground


@asynccontextmanager
async def _connected(
    settings: Settings, dsn: str, postgres: EmbeddedPostgres | None, report: Report
) -> AsyncIterator[Ground]:
    try:
        await _migrated(settings.journal_url or dsn, report)
        pool = await asyncpg.create_pool(
            dsn, min_size=2, max_size=settings.database_connections_max, **pool_options(settings)
        )
    except DRIVER_ERRORS as error:
        raise DatabaseUnusable(str(error) or type(error).__name__) from error
    try:
        await JournalMonths(pool).keep()
        yield Ground(settings=settings, dsn=dsn, pool=pool, postgres=postgres)
    finally:
        await _closed(pool)


async def _migrated(dsn: str, report: Report) -> None:
    every = len(read_migrations(migration_sources()))

    def progress(migration: Migration, position: int, count: int) -> None:
        if count == every:
            if position == 1:
                report("building the database", "建立数据库")
            return
        report(
            f"migrating {position}/{count}: {migration.name}", f"迁移 {position}/{count}：{migration.name}"
        )

    connection = await asyncpg.connect(dsn)
    try:
        await migrate(connection, migration_sources(), progress)
    finally:
        await connection.close()


async def _closed(pool: asyncpg.Pool) -> None:
    try:
        await asyncio.wait_for(pool.close(), CLOSE_SECONDS_MAX)
    except TimeoutError:
        pool.terminate()


async def _brought_back(postgres: EmbeddedPostgres) -> None:
    log.error("postgres.died", log_file=str(postgres.log_file))
    try:
        await postgres.stop()
        await postgres.start()
    except EmbeddedPostgresError as error:
        log.error("postgres.not_restarted", error=str(error))
