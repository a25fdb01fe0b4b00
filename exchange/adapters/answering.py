"""Waiting for PostgreSQL no longer than a limit of our own.

The kernel tells of another end that is gone (`exchange.adapters.attentive`). It cannot tell of a server that stands
still: there the kernel of the other end goes on acknowledging. Whoever waits for such a server asks it once to give the
statement up, and then hangs up; the request alone would wait for the same server.

A statement that was given up may have been carried out, or may be yet. So what is given up here must do no harm when it
comes late: it names the term that it was meant for.

Belongs here: the driver's errors as ours, and the limit. Does not belong here: statements.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Final

import asyncpg

from exchange.ports import JournalUnavailable

READ_SECONDS_MAX: Final = 60.0
"""How long one answer to a reader is waited for: a start over very many lots on a cold disk takes its time."""

GIVING_UP_SECONDS: Final = 1.0
"""How long a server may take to give up a statement, before it is hung up on."""

UNREACHABLE = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    # What the driver says when a connection breaks while it is between two states of its protocol.
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.TooManyConnectionsError,
)
"""Driver errors that mean: PostgreSQL is not there now."""


@asynccontextmanager
async def reaching() -> AsyncIterator[None]:
    """Turn "the database is not there" into JournalUnavailable."""
    try:
        yield
    except UNREACHABLE as error:
        raise JournalUnavailable(str(error) or type(error).__name__) from error


@asynccontextmanager
async def lent(pool: asyncpg.Pool, seconds: float) -> AsyncIterator[asyncpg.Connection]:
    """Lend a connection of the pool, for hardly longer than `seconds`; then it is hung up on, whatever is under way.

    Where one connection was without an answer, the pool's others are replaced when they are wanted next.

    Raises: JournalUnavailable.
    """
    async with reaching():
        connection = await pool.acquire(timeout=seconds)
        with hung_up_after(connection, seconds + GIVING_UP_SECONDS):
            try:
                yield connection
            except UNREACHABLE:
                await pool.expire_connections()
                raise
            finally:
                await pool.release(connection)


@contextmanager
def hung_up_after(connection: asyncpg.Connection, seconds: float) -> Iterator[None]:
    """End a connection that is still at it after so many seconds."""

    def hang_up() -> None:
        with suppress(asyncpg.InterfaceError):  # it has just gone back to its pool
            connection.terminate()

    hanging_up = asyncio.get_running_loop().call_later(seconds, hang_up)
    try:
        yield
    finally:
        hanging_up.cancel()
