"""An append that is cut off leaves a journal that can be written to at once, under a new term."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import asyncpg

from exchange.adapters.lease import PostgresLease
from exchange.adapters.postgres import PostgresJournal
from exchange.ports import Batch
from exchange.records import GENESIS, JournalRow, Record, chained, encode
from matching.events import BidPlaced

ROWS = 100
ROUNDS = 15


def _rows(first: int) -> list[JournalRow]:
    bodies = [encode(Record(5, n, 1_000, "", BidPlaced(1, 100 + n))) for n in range(first, first + ROWS)]
    return [
        JournalRow(n, 5, n, 1_000, False, body, chained(GENESIS, body))
        for n, body in enumerate(bodies, first)
    ]


async def test_the_next_append_goes_through_whenever_the_one_before_was_cancelled(database_url: str) -> None:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=2) as pool:
        journal, lease = PostgresJournal(database_url, pool), PostgresLease(pool)
        term = await lease.acquire("test")
        for turns in range(ROUNDS):
            cut_off = asyncio.create_task(journal.append(term, Batch(_rows(1 + await journal.head()), [])))
            for _ in range(turns):
                await asyncio.sleep(0)
            cut_off.cancel()
            with suppress(asyncio.CancelledError):
                await cut_off
            term = await lease.renew("test")
            head = await journal.head()
            await journal.append(term, Batch(_rows(head + 1), []))
            assert await journal.head() == head + ROWS
        await journal.close()
