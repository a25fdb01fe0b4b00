"""A table in months: one of its months leaves the database, or comes back, while everybody else goes on.

The journal is such a table and so are the refused commands. The months of `exchange.X` are listed by `exchange.X_part`,
those in files by `exchange.X_archive`, and what came at an odd time is in `exchange.X_other`.

Belongs here: locks, what may come back, putting a month in its place. Does not belong here: what may go, and the files
(`exchange.archive`, `exchange.refusal_archive`, `exchange.archive_files`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Protocol

import asyncpg
from msgspec import Struct

from exchange.adapters.answering import reaching
from exchange.ports import ExchangeError
from matching.units import TimeUs

PAGE_ROWS = 2_000
TRIES = 20
RETRY_SECONDS = 0.5
NOBODY_BEFORE_US = -(2**63)
"""Where the first part begins: it has no lower bound."""

# A lock on a whole table that is waited for holds every append up behind it.
_PATIENCE = "SET LOCAL lock_timeout = '200ms'"
_ALONE = "SELECT pg_try_advisory_xact_lock(hashtextextended('exchange.archive', 0))"


class RestoreRefusal(StrEnum):
    """Why a file is not brought back, in order of precedence."""

    OTHER_JOURNAL = "OTHER_JOURNAL"
    NOT_ARCHIVED = "NOT_ARCHIVED"
    OTHER_FILE = "OTHER_FILE"
    LATER_FIRST = "LATER_FIRST"
    MONTH_IN_USE = "MONTH_IN_USE"


class DatabaseOccupied(ExchangeError):
    """Others have the months in use so that none can be taken away or brought back now; nothing has changed."""


class MonthInUse(ExchangeError):
    """Others have come into the month while it was away; nothing has changed."""


class Part(Struct, frozen=True):
    """A month in the database, with the bounds of its records' times."""

    part: str
    begins_us: TimeUs
    before_us: TimeUs

    @property
    def table(self) -> str:
        """Its table, for a statement."""
        return f'exchange."{self.part}"'


class Filed(Protocol):
    """What the manifest of every kind of month says."""

    @property
    def part(self) -> str:
        """Return its name."""

    @property
    def epoch(self) -> str:
        """Return the epoch of the journal when it left."""

    @property
    def begins_us(self) -> TimeUs:
        """Return where its times begin."""

    @property
    def before_us(self) -> TimeUs:
        """Return where its times end."""

    @property
    def sha256(self) -> str:
        """Return the digest of its file."""


Progress = Callable[[str, int], None]
"""Told the month that is worked on, and how many of its records are written."""

Fill = Callable[[asyncpg.Connection, str], Awaitable[None]]
"""Fills a new table of the schema, which it is given the name of."""


@asynccontextmanager
async def alone(pool: asyncpg.Pool) -> AsyncIterator[None]:
    """Be the only one who takes months away from the database or brings them back.

    Raises: DatabaseOccupied, JournalUnavailable.
    """
    async with reaching():
        connection = await pool.acquire()
    try:
        # A lock of the transaction, which a pooler in transaction mode keeps as well.
        transaction = connection.transaction()
        async with reaching():
            await transaction.start()
            is_alone = await connection.fetchval(_ALONE)
        try:
            if not is_alone:
                raise DatabaseOccupied(
                    "months are being archived or restored already; wait until that is done\n"
                    "归档或恢复正在进行，请待其完成"
                )
            yield
        finally:
            async with reaching():
                await transaction.rollback()
    finally:
        await pool.release(connection)


async def in_quiet_moment(
    pool: asyncpg.Pool, tries: int, work: Callable[[asyncpg.Connection], Awaitable[None]]
) -> None:
    """Do something in one transaction that needs a whole table for a moment, without making others wait.

    Raises: DatabaseOccupied, JournalUnavailable; what the work raises.
    """
    async with reaching(), pool.acquire() as connection:
        for _ in range(tries):
            try:
                async with connection.transaction():
                    await connection.execute(_PATIENCE)
                    await work(connection)
                return
            except asyncpg.LockNotAvailableError:
                await asyncio.sleep(RETRY_SECONDS)
    raise DatabaseOccupied(
        "the journal is being read all the time; try again at a quieter hour\n日志一直被读取，请在空闲时重试"
    )


def restore_refusal(filed: Filed, archives: dict[str, str], epoch: str) -> RestoreRefusal | None:
    """Tell why a file is not one of those that took a month away; `archives` are their digests by part.

    The digest decides. A restored backup has given the journal another epoch; the files from before are still its own.

    Refuses: OTHER_JOURNAL, NOT_ARCHIVED, OTHER_FILE.
    """
    if archives.get(filed.part) == filed.sha256:
        return None
    if filed.epoch != epoch:
        return RestoreRefusal.OTHER_JOURNAL
    return RestoreRefusal.OTHER_FILE if filed.part in archives else RestoreRefusal.NOT_ARCHIVED


async def drop_month(connection: asyncpg.Connection, name: str, table: str) -> None:
    """Take a month out of `exchange.<name>` and out of the database."""
    await connection.execute(f"ALTER TABLE exchange.{name} DETACH PARTITION {table}")
    await connection.execute(f"DROP TABLE {table}")


async def put_back(connection: asyncpg.Connection, name: str, filed: Filed, fill: Fill) -> None:
    """Make a month of `exchange.<name>` again and let the table have it, in the place of an empty one.

    It is filled under another name, so that nobody waits meanwhile; the locks come last.

    Raises: MonthInUse; what `fill` raises.
    """
    await _empty_months(connection, name, filed)
    coming = f"{filed.part}_coming"
    table = f'exchange."{coming}"'
    await connection.execute(
        f"CREATE TABLE {table} (LIKE exchange.{name} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"
    )
    await fill(connection, coming)
    await connection.execute(
        f"SELECT exchange.index_{name}($1::regclass), exchange.guard_{name}($1::regclass)", table
    )
    if await _empty_months(connection, name, filed):
        await connection.execute(f"LOCK TABLE exchange.{name} IN ACCESS EXCLUSIVE MODE")
    for empty in await _empty_months(connection, name, filed):
        await drop_month(connection, name, empty.table)
    await _attach(connection, name, table, filed)
    await connection.execute(f'ALTER TABLE {table} RENAME TO "{filed.part}"')
    await connection.execute(f"DELETE FROM exchange.{name}_archive WHERE part = $1", filed.part)


async def _empty_months(connection: asyncpg.Connection, name: str, filed: Filed) -> list[Part]:
    """Return what was made anew where a month has its place.  Raises: MonthInUse."""
    bounds = filed.begins_us, filed.before_us
    rows = await connection.fetch(
        f"SELECT part, begins_us, before_us FROM exchange.{name}_part WHERE begins_us < $2 AND before_us > $1",
        *bounds,
    )
    there = [Part(*row.values()) for row in rows]
    for table in (f"exchange.{name}_other", *(part.table for part in there)):
        if await connection.fetchval(
            f"SELECT EXISTS (SELECT FROM {table} WHERE at_us >= $1 AND at_us < $2)", *bounds
        ):
            raise MonthInUse(filed.part)
    return there


async def _attach(connection: asyncpg.Connection, name: str, table: str, filed: Filed) -> None:
    begins = "MINVALUE" if filed.begins_us == NOBODY_BEFORE_US else str(filed.begins_us)
    # The check spares the look through all its records under a lock.
    bounds = f"CHECK (at_us >= {filed.begins_us} AND at_us < {filed.before_us})"
    await connection.execute(f"ALTER TABLE {table} ADD CONSTRAINT month {bounds}")
    await connection.execute(
        f"ALTER TABLE exchange.{name} ATTACH PARTITION {table} FOR VALUES FROM ({begins}) TO ({filed.before_us})"
    )
    await connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT month")
