"""A pool of PostgreSQL connections as the stores of the procedure use it.

Belongs here: the driver, wrapped once: its errors become ours.
Does not belong here: SQL of a particular store, and the journal's and the ledger's own adapters.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeAlias

import asyncpg

from exchange.ports import ExchangeError

Row: TypeAlias = Mapping[str, Any]

DRIVER_ERRORS = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    # What the driver says when a connection breaks while it is between two states of its protocol.
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
"""Everything with which the driver says that something did not work."""


class StoreUnavailable(ExchangeError):
    """The database cannot be reached or did not answer; whether the last change was made is unknown."""


class StoreFailed(ExchangeError):
    """The database refused a statement for a reason that waiting will not cure."""


class NotStorable(StoreFailed):
    """A text holds characters that PostgreSQL keeps in no text, such as NUL."""


class NotUnique(ExchangeError):
    """A row with this value is there already; `constraint` names what it breaks."""

    def __init__(self, constraint: str) -> None:
        super().__init__(constraint)
        self.constraint = constraint


@contextmanager
def _wrapped() -> Iterator[None]:
    try:
        yield
    except asyncpg.UniqueViolationError as error:
        raise NotUnique(str(error.constraint_name)) from error
    except (asyncpg.CharacterNotInRepertoireError, asyncpg.UntranslatableCharacterError) as error:
        raise NotStorable(str(error)) from error
    except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
        raise StoreFailed(str(error)) from error
    except DRIVER_ERRORS as error:
        raise StoreUnavailable(str(error) or type(error).__name__) from error


class Statements:
    """Runs statements, on a connection of its own for each or all on that of one transaction.

    Every method raises StoreUnavailable, StoreFailed, NotUnique. Cancelled, a change has been made or not.
    """

    def __init__(self, executor: Any) -> None:
        self._executor = executor

    async def rows(self, sql: str, *values: object) -> Sequence[Row]:
        """Return all rows of a statement; its bound stands in the statement."""
        with _wrapped():
            found: Sequence[Row] = await self._executor.fetch(sql, *values)
            return found

    async def row(self, sql: str, *values: object) -> Row | None:
        """Return the first row of a statement, if there is one."""
        with _wrapped():
            found: Row | None = await self._executor.fetchrow(sql, *values)
            return found

    async def value(self, sql: str, *values: object) -> Any:
        """Return the first value of the first row, None without a row."""
        with _wrapped():
            return await self._executor.fetchval(sql, *values)

    async def run(self, sql: str, *values: object) -> None:
        """Carry out a statement that returns nothing."""
        with _wrapped():
            await self._executor.execute(sql, *values)


class Database(Statements):
    """Statements over a pool that somebody else opens and closes."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        super().__init__(pool)
        self._pool = pool

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Statements]:
        """Run what happens inside as one transaction: all of it, or, after an exception, nothing."""
        with _wrapped():
            async with self._pool.acquire() as connection, connection.transaction():
                yield Statements(connection)
