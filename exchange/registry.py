"""The database of an exchange, reached from another process than the one that serves: for the command line.

Belongs here: finding it, running or not. Does not belong here: what is done with accounts or money.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import asyncpg

from exchange.adapters.postgres import PostgresJournal, PostgresSnapshots, shards_of
from exchange.archive import Archive
from exchange.database import DRIVER_ERRORS, StoreUnavailable
from exchange.embedded_postgres import DATABASE, PORT, ROLE, EmbeddedPostgres
from exchange.migrations import migrate, migration_sources
from exchange.ports import Journal, SnapshotStore
from exchange.postgres_troubles import DataDirectoryInUse
from exchange.refusal_archive import RefusalArchive
from exchange.settings import Settings

CONNECT_SECONDS_MAX = 10.0


@dataclass(frozen=True, slots=True)
class Records:
    """The record of sales, for reading and archiving."""

    shards: Sequence[Journal]
    """The journal of each shard; of a lot, each has all records."""
    snapshots: SnapshotStore
    archive: Archive
    refusals: RefusalArchive

    @property
    def journal(self) -> Journal:
        """The journal, for those who ask for one lot."""
        return self.shards[0]


@asynccontextmanager
async def opened_records(settings: Settings) -> AsyncIterator[Records]:
    """Give the record of sales of the exchange that the settings describe, as `opened_pool` finds it.

    Raises: EmbeddedPostgresError, MigrationError, StoreUnavailable.
    """
    async with opened_pool(settings) as pool:
        shards = await shards_of(pool)
        journals = [PostgresJournal("", pool, shard) for shard in shards]
        yield Records(journals, PostgresSnapshots(pool), Archive(pool), RefusalArchive(pool))


@asynccontextmanager
async def opened_pool(settings: Settings) -> AsyncIterator[asyncpg.Pool]:
    """Give connections to the migrated database that the settings describe; whether the exchange runs is the same.

    The embedded database is started for this when it does not run, and stopped afterwards.

    Raises: EmbeddedPostgresError, MigrationError, StoreUnavailable.
    """
    async with reached_server(settings) as dsn, _pool(dsn) as pool:
        yield pool


@asynccontextmanager
async def one_connection(dsn: str) -> AsyncIterator[asyncpg.Pool]:
    """Give a pool of one connection to a database as it is: nothing is migrated.  Raises: StoreUnavailable."""
    try:
        pool = await asyncpg.create_pool(dsn, min_size=1, max_size=1, timeout=CONNECT_SECONDS_MAX)
    except DRIVER_ERRORS as error:
        raise StoreUnavailable(str(error) or type(error).__name__) from error
    async with pool:
        yield pool


@asynccontextmanager
async def reached_server(settings: Settings) -> AsyncIterator[str]:
    """Give the address of the database that the settings describe, as it is: nothing is migrated.

    Raises: EmbeddedPostgresError.
    """
    async with AsyncExitStack() as stack:
        given = settings.journal_url or settings.database_url
        yield given or await _embedded(stack, settings.data_dir / "postgres")


def running_server(settings: Settings) -> str:
    """Return the address at which the database is to be found while the exchange runs; nothing is started."""
    return settings.database_url or _running_dsn(settings.data_dir / "postgres")


@asynccontextmanager
async def _pool(dsn: str) -> AsyncIterator[asyncpg.Pool]:
    try:
        pool = await asyncpg.create_pool(dsn, min_size=1, max_size=2, timeout=CONNECT_SECONDS_MAX)
    except DRIVER_ERRORS as error:
        raise StoreUnavailable(str(error) or type(error).__name__) from error
    async with pool:
        async with pool.acquire() as connection:
            await migrate(connection, migration_sources())
        yield pool


async def _embedded(stack: AsyncExitStack, directory: Path) -> str:
    """Return the address of the embedded database, which a running exchange may have in its hands."""
    postgres = EmbeddedPostgres(directory)
    try:
        dsn = await postgres.start()
    except DataDirectoryInUse:
        return _running_dsn(directory)
    stack.push_async_callback(postgres.stop)
    return dsn


def _running_dsn(directory: Path) -> str:
    """Return the address of the server that another process runs; its folder says where the socket is."""
    folder = directory / "socket"
    elsewhere = directory / "socket.path"
    if not (folder / f".s.PGSQL.{PORT}").exists() and elsewhere.exists():
        folder = Path(elsewhere.read_text(encoding="utf-8"))
    return f"postgresql://{ROLE}@/{DATABASE}?host={quote(str(folder), safe='')}&port={PORT}"
