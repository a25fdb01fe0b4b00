"""What finance's side does by itself, over a real database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import asyncpg
import pytest

from exchange.adapters.clock import SystemClock
from exchange.finance import Finance, finance
from exchange.measures import Measures
from ledger.accounts import AccountFlags, new_account
from ledger.postgres import PostgresLedgerStore
from ledger.transfers import Kind, Purpose, Transfer, derived_id
from tests.patience import PATIENCE_SECONDS

FROM, TO = "assets:promised:cny", "liabilities:promised:cny"


@pytest.fixture
async def side(database_url: str) -> AsyncIterator[Finance]:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=4) as pool:
        yield finance(PostgresLedgerStore(pool), SystemClock(), Measures())


def promise(name: str, timeout_us: int) -> Transfer:
    return Transfer(
        id=derived_id("test", name),
        kind=Kind.PENDING,
        debit=FROM,
        credit=TO,
        amount=5_00,
        currency="CNY",
        purpose=Purpose.SUSPENSE_ASSIGNED,
        timeout_us=timeout_us,
    )


async def promised(side: Finance) -> int:
    """Return what is promised, in minor units."""
    async with side.store.reading() as reader:
        account = await reader.account(TO)
    assert account is not None
    return account.credits_pending


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await is_so():
            await asyncio.sleep(0.05)


async def test_what_was_promised_for_a_time_ends_though_nobody_posts(side: Finance) -> None:
    accounts = (new_account(FROM, "CNY", AccountFlags.NONE), new_account(TO, "CNY", AccountFlags.NONE))
    long, short = promise("long", 3_600_000_000), promise("short", 200_000)
    result = await side.store.post([long, short], new_accounts=accounts)
    assert result.is_accepted, result.outcomes
    task = asyncio.create_task(side.run())

    async def has_ended() -> bool:
        return await promised(side) == 5_00

    try:
        await until(has_ended)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    assert await side.expire_holds() == 0
    async with side.store.reading() as reader:
        *_, last = [posting.transfer async for posting in reader.postings()]
    assert (last.kind, last.pending_id) == (Kind.EXPIRE, short.id)
