"""Bring a database to the form that this program expects: numbered SQL files, each applied once, in order.

What belongs here is finding the files, applying them and remembering it. What does not: the SQL itself (it
lies in `exchange/sql/migrations` and `ledger/sql/migrations`) and moving back: a further file mends a mistake.
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable

import asyncpg

ADVISORY_LOCK = 0x6C756F63687569
"""Key of the lock under which migrations run: the bytes of "luochui"."""

FILE_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")

CREATE_RECORD = """
CREATE SCHEMA IF NOT EXISTS exchange;
CREATE TABLE IF NOT EXISTS exchange.migration (
    source     text        NOT NULL,
    name       text        NOT NULL,
    sha256     text        NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (source, name)
)
"""
RECORD_EXISTS = "SELECT to_regclass('exchange.migration') IS NOT NULL"
SELECT_APPLIED = "SELECT source, name, sha256 FROM exchange.migration"
INSERT_APPLIED = "INSERT INTO exchange.migration (source, name, sha256) VALUES ($1, $2, $3)"
LOCK = "SELECT pg_advisory_lock($1)"
UNLOCK = "SELECT pg_advisory_unlock($1)"


@dataclass(frozen=True, slots=True)
class Migration:
    """One SQL file of one source.

    Args:
        source: whose file it is: `exchange` or `ledger`.
        name: file name, `NNNN_what_it_does.sql`.
        sql: its text.
        sha256: digest of its bytes, in hexadecimal.
    """

    source: str
    name: str
    sql: str
    sha256: str


class MigrationError(Exception):
    """The database cannot be brought to the expected form."""


class MigrationMisnamed(MigrationError):
    """A file's name is not `NNNN_name.sql`, or two files of one source carry one number."""


class MigrationChanged(MigrationError):
    """A file that was applied has another text now."""


class DatabaseIsNewer(MigrationError):
    """The database has seen a migration that this program does not know: it belongs to a later version."""


class MigrationFailed(MigrationError):
    """A file's SQL failed; nothing of that file remains in the database."""


def migration_sources() -> list[tuple[str, Traversable]]:
    """Return the product's sources, in the order in which they are applied."""
    return [(name, files(name) / "sql" / "migrations") for name in ("exchange", "ledger")]


def read_migrations(sources: Sequence[tuple[str, Traversable]]) -> list[Migration]:
    """Return every migration of the sources: sources in the order given, files by number.

    A source whose folder is absent has none.

    Raises: MigrationMisnamed.
    """
    return [migration for source, folder in sources for migration in _of_source(source, folder)]


async def migrate(
    connection: asyncpg.Connection,
    sources: Sequence[tuple[str, Traversable]],
    progress: Callable[[Migration, int, int], None] | None = None,
) -> int:
    """Apply what the database has not seen, and return how many files that were.

    Each file runs in one transaction together with the record that it ran. An advisory lock keeps two
    processes from migrating at once; the second waits, then finds nothing to do. Cancelled, it leaves whole
    files.

    Args:
        connection: outside any transaction; its account may create schemas.
        sources: (name, folder) in the order to apply.
        progress: called before each file with the file, its position from 1, and how many there are.

    Raises: MigrationMisnamed, MigrationChanged, DatabaseIsNewer, MigrationFailed.
    """
    migrations = read_migrations(sources)
    await connection.execute(LOCK, ADVISORY_LOCK)
    try:
        if not await connection.fetchval(RECORD_EXISTS):
            await connection.execute(CREATE_RECORD)
        due = _due(migrations, await _applied(connection, [name for name, _ in sources]))
        for position, migration in enumerate(due, 1):
            if progress is not None:
                progress(migration, position, len(due))
            await _apply(connection, migration)
    finally:
        await connection.execute(UNLOCK, ADVISORY_LOCK)
    return len(due)


def _of_source(source: str, folder: Traversable) -> list[Migration]:
    if not folder.is_dir():
        return []
    entries = sorted(
        (entry for entry in folder.iterdir() if entry.name.endswith(".sql")), key=lambda e: e.name
    )
    numbers = set()
    for entry in entries:
        match = FILE_NAME.fullmatch(entry.name)
        if match is None or match[1] in numbers:
            raise MigrationMisnamed(f"{source}: {entry.name} is not NNNN_name.sql with a number of its own")
        numbers.add(match[1])
    return [_read(source, entry) for entry in entries]


def _read(source: str, entry: Traversable) -> Migration:
    content = entry.read_bytes()
    return Migration(source, entry.name, content.decode("utf-8"), hashlib.sha256(content).hexdigest())


async def _applied(connection: asyncpg.Connection, sources: Sequence[str]) -> dict[tuple[str, str], str]:
    rows = await connection.fetch(SELECT_APPLIED)
    return {(row["source"], row["name"]): row["sha256"] for row in rows if row["source"] in sources}


def _due(migrations: Sequence[Migration], applied: dict[tuple[str, str], str]) -> list[Migration]:
    """Return what is to be applied, after checking what was.

    Raises: MigrationChanged, DatabaseIsNewer.
    """
    known = {(migration.source, migration.name): migration for migration in migrations}
    for key, sha256 in applied.items():
        if key not in known:
            raise DatabaseIsNewer(
                f"the database has applied {'/'.join(key)}, which this program does not have"
            )
        if known[key].sha256 != sha256:
            raise MigrationChanged(
                f"{'/'.join(key)} was changed after it was applied: put it back and add a further file"
            )
    return [migration for key, migration in known.items() if key not in applied]


async def _apply(connection: asyncpg.Connection, migration: Migration) -> None:
    try:
        async with connection.transaction():
            await connection.execute(migration.sql)
            await connection.execute(INSERT_APPLIED, migration.source, migration.name, migration.sha256)
    except asyncpg.PostgresError as error:
        raise MigrationFailed(f"{migration.source}/{migration.name}: {error}") from error
