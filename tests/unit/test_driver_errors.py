"""Every way in which the driver says that PostgreSQL is gone ends as "in doubt", never as a broken process."""

from __future__ import annotations

import asyncpg
import pytest

from exchange.adapters.answering import reaching
from exchange.database import Database, StoreUnavailable
from exchange.ports import JournalUnavailable

GONE = [
    ConnectionRefusedError(111, "refused"),
    ConnectionResetError(104, "reset"),
    TimeoutError(),
    asyncpg.InterfaceError("connection is closed"),
    asyncpg.InternalClientError("cannot switch to state 15; another operation (2) is in progress"),
    asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
    asyncpg.AdminShutdownError("terminating connection"),
    asyncpg.CannotConnectNowError("the database system is starting up"),
]


@pytest.mark.parametrize("error", GONE, ids=lambda error: type(error).__name__)
async def test_a_driver_error_of_a_lost_database_means_unavailable(error: Exception) -> None:
    with pytest.raises(JournalUnavailable):
        async with reaching():
            raise error

    class Pool:
        async def fetch(self, sql: str, *values: object) -> None:
            raise error

    with pytest.raises(StoreUnavailable):
        await Database(Pool()).rows("SELECT 1")
