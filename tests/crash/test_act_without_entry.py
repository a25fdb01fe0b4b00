"""Killed between an act and its entry: no act is without one, and no number is shown without one.

The entry that says how an act ended is held up by a lock until the exchange is dead.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
from msgspec import to_builtins

from exchange.audit import BEGUN, Audit, EntrySearch
from tests.e2e.test_api_lots import LOT
from tests.exchange_process import ExchangeProcess
from tests.identities import of_person

PATIENCE_SECONDS = 60.0
LOCK = 77
HOLD_UP = f"""
CREATE FUNCTION exchange.hold_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared({LOCK});
    RETURN NEW;
END $$;
CREATE TRIGGER a_outcome_is_held_up BEFORE INSERT ON exchange.audit
    FOR EACH ROW WHEN (NOT NEW.is_begun) EXECUTE FUNCTION exchange.hold_up();
"""
WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = $1 AND NOT granted"
ACCOUNT = {"login": "anna", "name": "安娜", "roles": ["bidder"], "is_password_made": True}
BANK = {"slug": "main", "number": "6222000000000000", "holder": "某交易中心", "is_main": True}


async def test_killed_before_the_entry_an_act_is_undone_or_on_record_as_begun(
    database_url: str, tmp_path: Path
) -> None:
    exchange = ExchangeProcess(tmp_path / "data", "--no-demo", "--database-url", database_url)
    await asyncio.to_thread(exchange.start)
    try:
        async with asyncpg.create_pool(database_url, min_size=1, max_size=4) as pool, pool.acquire() as gate:
            identity = await declared(exchange)
            before = len(await Audit(pool).search(EntrySearch()))
            await pool.execute(HOLD_UP)
            await gate.execute("SELECT pg_advisory_lock($1)", LOCK)
            asking = [
                asyncio.create_task(ask(exchange, path, body))
                for path, body in (
                    ("/accounts", ACCOUNT),
                    ("/lots", LOT),
                    ("/bank/accounts", BANK),
                    (f"/identities/{identity}/disclosure", {"reason": "to be sure"}),
                )
            ]
            async with asyncio.timeout(PATIENCE_SECONDS):
                while await pool.fetchval(WAITING, LOCK) < len(asking):
                    await asyncio.sleep(0.05)
            exchange.kill()
            for task in asking:
                with suppress(aiohttp.ClientError, OSError):
                    await task
            await gate.execute("SELECT pg_advisory_unlock($1)", LOCK)
            assert await pool.fetchval("SELECT count(*) FROM exchange.account WHERE login = 'anna'") == 0
            assert await pool.fetchval("SELECT count(*) FROM exchange.lot") == 0
            # What lies in the ledger is done; that somebody was about to do it stands in the record, without an end.
            entries = [kept.entry for kept in await Audit(pool).search(EntrySearch())][:-before]
            assert [(entry.operation, entry.code) for entry in entries] == [("register_bank_account", BEGUN)]
            assert (await Audit(pool).verify()).is_sound
    finally:
        exchange.kill()


async def declared(exchange: ExchangeProcess) -> int:
    """Make a bidder whose declaration can be looked at, and return its number."""
    headers = {"Authorization": f"Bearer {exchange.operator_token}"}
    bidder = ACCOUNT | {"login": "bela", "identity": to_builtins(of_person("白拉", 1))}
    async with aiohttp.ClientSession(headers=headers) as http:
        async with http.post(f"{exchange.url}/api/v1/accounts", json=bidder) as answer:
            account = (await answer.json())["account"]["id"]
        async with http.get(f"{exchange.url}/api/v1/accounts/{account}/identity") as answer:
            number: int = (await answer.json())["history"][0]["id"]
    return number


async def ask(exchange: ExchangeProcess, path: str, body: Any) -> None:
    headers = {"Authorization": f"Bearer {exchange.operator_token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.post(f"{exchange.url}/api/v1{path}", json=body) as answer,
    ):
        raise AssertionError(f"{path} was answered {answer.status}, although the entry was held up")
