"""The synchronous copy of the database is gone: bids wait, are told so in time, and go on when it is back."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg

from exchange.registry import running_server
from exchange.settings import Settings
from tests.crash.test_backup_restore import opened_sale
from tests.crash.test_kill import ask, converse, hang_up
from tests.exchange_process import ExchangeProcess
from tests.patience import PATIENCE_SECONDS


@asynccontextmanager
async def waiting_for_a_copy_that_is_gone(exchange: ExchangeProcess) -> AsyncIterator[None]:
    """Let every commit wait for a standby that nobody has, as after the loss of the only one."""
    connection = await asyncpg.connect(running_server(Settings(data_dir=exchange.data_dir)))
    try:
        await connection.execute("ALTER SYSTEM SET synchronous_standby_names = 'gone'")
        await connection.execute("SELECT pg_reload_conf()")
        yield
        await connection.execute("ALTER SYSTEM RESET synchronous_standby_names")
        await connection.execute("SELECT pg_reload_conf()")
    finally:
        await connection.close()


async def unknown(socket: Any, bid: dict[str, Any]) -> dict[str, Any]:
    """Bid until a commit waits for the copy: the server hears of its settings a moment after they were changed."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < give_up_at:
        frame = bid | {"id": secrets.token_hex(16)}
        answer = await asyncio.wait_for(ask(socket, frame), PATIENCE_SECONDS)
        if answer["type"] == "error":
            assert answer["code"] == "OUTCOME_UNKNOWN", answer
            return frame
    raise AssertionError("no bid waits for the copy that is gone")


async def test_bids_wait_for_the_synchronous_copy_and_are_told_so_in_time(tmp_path: Path) -> None:
    exchange = ExchangeProcess(tmp_path / "data", "--no-demo", "--set", "command_deadline_ms=3000")
    exchange.start()
    try:
        sale = await opened_sale(exchange)
        first, second = [await converse(exchange.url, token) for token in sale.tokens]
        bid = {"type": "max_bid", "lot": sale.lot, "limit": 1_000_000}
        async with waiting_for_a_copy_that_is_gone(exchange):
            in_doubt = await unknown(first, bid)
            turned_away = {"type": "bid", "id": secrets.token_hex(16), "lot": sale.lot, "amount": 5_000}
            assert (await asyncio.wait_for(ask(second, turned_away), PATIENCE_SECONDS))["code"] == "BUSY"
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while (again := await asyncio.wait_for(ask(first, in_doubt), PATIENCE_SECONDS))["type"] == "error":
            assert time.monotonic() < give_up_at, again
            await asyncio.sleep(0.05)
        assert again["type"] in ("receipt", "refusal")
        await hang_up(first)
        await hang_up(second)
        assert exchange.stop() == 0
    finally:
        if exchange.exit_code is None:
            exchange.kill()
