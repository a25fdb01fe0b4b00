"""A pool of PostgreSQL connections as the stores of the procedure use it.

Belongs here: the driver, wrapped once: its errors become ours.
Does not belong here: SQL of a particular store, and the journal's and the ledger's own adapters.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

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


class Change:
    """What one request changes: a single transaction from its first change on, whichever stores take part in it.

    While it is under way, every `Database` over the same pool in the same task joins it, from the first
    `Database.transaction()` on; before that nothing is changed, and no connection is held. It is rolled back unless
    it is committed.
    """

    def __init__(self, pool: Any) -> None:
        self.pool = pool
        self.is_over = False
        self._connection: Any = None
        self._transaction: Any = None
        self._afterwards: list[Callable[[], None]] = []
        self._token: Token[Change | None] | None = None

    async def __aenter__(self) -> Self:
        self._token = _UNDER_WAY.set(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._token is not None, "a change is left by who entered it"
        _UNDER_WAY.reset(self._token)
        await self._end(is_good=False)

    @property
    def connection(self) -> Any:
        """The connection that everything goes over; None before the first change and after the end."""
        return self._connection

    async def open(self) -> Any:
        """Begin the transaction unless it has begun, and return its connection."""
        assert not self.is_over, "a change that is over adds nothing more"
        if self._connection is None:
            self._connection = await self.pool.acquire()
            self._transaction = self._connection.transaction()
            await self._transaction.start()
        return self._connection

    async def begin(self) -> None:
        """Begin the transaction now, although nothing has been changed yet.  Raises: StoreUnavailable."""
        with _wrapped():
            await self.open()

    async def commit(self) -> None:
        """Make everything durable that was changed, and do what was to be done then.

        Raises: StoreUnavailable, StoreFailed; whether anything was changed is then unknown.
        """
        with _wrapped():
            await self._end(is_good=True)
        for then in self._afterwards:
            then()

    def afterwards(self, then: Callable[[], None]) -> None:
        """Have something done once the change is durable, and not at all when it is rolled back."""
        self._afterwards.append(then)

    async def _end(self, *, is_good: bool) -> None:
        self.is_over = True
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            if is_good:
                await self._transaction.commit()
            elif not connection.is_closed():
                await self._transaction.rollback()
        finally:
            await self.pool.release(connection)


_UNDER_WAY: Final[ContextVar[Change | None]] = ContextVar("luochui_change", default=None)


def change_under_way(pool: Any = None) -> Change | None:
    """Return the change of this task that is not over, if there is one; with a pool, only one over that."""
    change = _UNDER_WAY.get()
    is_meant = change is not None and not change.is_over and pool in (None, change.pool)
    return change if is_meant else None


class _Way:
    """Where a statement goes: into the change under way once that has changed something, else to the pool."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    @property
    def _executor(self) -> Any:
        change = change_under_way(self._pool)
        return self._pool if change is None else change.connection or self._pool

    async def fetch(self, sql: str, *values: object) -> Any:
        return await self._executor.fetch(sql, *values)

    async def fetchrow(self, sql: str, *values: object) -> Any:
        return await self._executor.fetchrow(sql, *values)

    async def fetchval(self, sql: str, *values: object) -> Any:
        return await self._executor.fetchval(sql, *values)

    async def execute(self, sql: str, *values: object) -> Any:
        return await self._executor.execute(sql, *values)


class Database(Statements):
    """Statements over a pool that somebody else opens and closes."""

    def __init__(self, pool: Any) -> None:
        super().__init__(_Way(pool))
        self._pool = pool

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Statements]:
        """Run what happens inside as one transaction: all of it, or, after an exception, nothing.

        As part of a change it becomes durable with that, and not before.
        """
        change = change_under_way(self._pool)
        with _wrapped():
            if change is not None:
                connection = await change.open()
                async with connection.transaction():
                    yield Statements(connection)
            else:
                async with self._pool.acquire() as connection, connection.transaction():
                    yield Statements(connection)
