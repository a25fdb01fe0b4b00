"""PostgreSQL stands still, and its kernel goes on answering: only limits of our own notice that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from exchange.adapters.clock import SimulatedClock
from exchange.adapters.lease import PostgresLease
from exchange.adapters.places import PostgresPlaces
from exchange.adapters.postgres import PostgresJournal, PostgresSnapshots
from exchange.embedded_postgres import EmbeddedPostgres
from exchange.migrations import migrate, migration_sources
from exchange.ports import Accepted, JournalUnavailable
from exchange.verification import verify_journal
from matching.commands import PlaceBid
from tests.bidding import bidding_on, further
from tests.e2e.conftest import House, people_of
from tests.exchange_process import ExchangeProcess
from tests.floor import START_US
from tests.halls import Building, Hall
from tests.live import Talk, bid
from tests.patience import PATIENCE_SECONDS, until
from tests.standing_still import needs_proc, server_processes, standing_still

LIMIT_MS = 1_000
BIDS_MAX = 1_000_000

BACKENDS = """
SELECT pid FROM pg_stat_activity
 WHERE backend_type = 'client backend' AND datname = current_database() AND pid <> pg_backend_pid()"""


@asynccontextmanager
async def impatient(address: str) -> AsyncIterator[Building]:
    """Give the stores of one shard over a database, which wait for a second and share a pool, as in a process."""
    async with asyncpg.create_pool(address, min_size=1, max_size=6) as pool:
        journal = PostgresJournal(address, pool, timeout_ms=LIMIT_MS)
        lease, places = PostgresLease(pool, timeout_ms=LIMIT_MS), PostgresPlaces(pool)
        yield Building(places, PostgresSnapshots(pool), [journal], [lease], SimulatedClock(START_US))
        await journal.close()


@needs_proc
async def test_a_server_that_stands_still_loses_no_receipt_and_doubles_none(tmp_path: Path) -> None:
    async with EmbeddedPostgres(tmp_path / "postgres") as postgres:
        flags = ("--no-demo", "--database-url", postgres.dsn(), "--set", "command_deadline_ms=1000")
        exchange = ExchangeProcess(tmp_path / "data", *flags)
        exchange.start()
        try:
            house = House(exchange, await people_of(exchange))
            spare = await house.open_lot()
            async with bidding_on(house) as biddings, house.talk(0) as talk:
                with standing_still(server_processes(postgres)):
                    answer = await talk.ask(bid(spare, 1_000))
                    while answer["code"] != "BUSY":  # the first ones wait for the append that does not end
                        assert answer["code"] == "OUTCOME_UNKNOWN"
                        answer = await talk.ask(bid(spare, 1_000))
                    assert "engine.journal_unavailable" in exchange.output
                await further(biddings)
                assert await _goes_on(talk, spare)
            assert exchange.exit_code is None, exchange.output[-3_000:]
        finally:
            exchange.kill()


async def _goes_on(talk: Talk, lot: int) -> bool:
    """Bid until that is answered."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (answer := await talk.ask(bid(lot, 5_000)))["type"] == "error":
            await asyncio.sleep(0.05)
    return bool(answer["type"] == "receipt")


async def test_backends_that_stand_still_are_left_for_new_ones(database_url: str) -> None:
    """The server lives, but no connection that the engine has: as behind a switch of machines that forgot them."""
    async with impatient(database_url) as stores:
        watcher = await asyncpg.connect(database_url)
        hall = Hall(stores)
        async with hall.running() as running:
            await hall.open_lot(1)
            assert isinstance(await _answered(hall, 101, 100), Accepted)
            await until(lambda: hall.engine.is_writable)
            first_term = hall.engine.term
            with standing_still([row["pid"] for row in await watcher.fetch(BACKENDS)]):
                assert isinstance(await _answered(hall, 102, 110), Accepted)
                assert hall.engine.term > first_term
            # The old backends come back with what they have been sent: under a term that is over.
            assert isinstance(await _answered(hall, 103, 120), Accepted)
            assert not running.done()
        amounts = [row.record.event.amount for row in await stores.journals[0].read_lot(1, 0, 100)
                   if hasattr(row.record.event, "amount")]  # fmt: skip
        assert amounts == [100, 110, 120]
        assert (await verify_journal(stores.journals, stores.snapshots)).is_sound
        await watcher.close()


async def _answered(hall: Hall, bidder: int, amount: int) -> object:
    """Bid under one id until that is answered."""
    return await hall.insist(PlaceBid(1, bidder, amount), f"{bidder}-{amount}")


async def test_what_waits_for_its_synchronous_copy_is_shown_to_nobody(tmp_path: Path) -> None:
    """Whoever gives up an append and takes a new term must not make PostgreSQL show what the copy has not got."""
    async with EmbeddedPostgres(tmp_path / "postgres") as postgres:
        address = postgres.dsn()
        connection = await asyncpg.connect(address)
        await migrate(connection, migration_sources())
        async with impatient(address) as stores:
            hall = Hall(stores)
            async with hall.running():
                await hall.open_lot(1)
                head = await stores.journals[0].head()
                receipts: list[object] = []

                async def keep_bidding() -> None:
                    while len(receipts) < BIDS_MAX:
                        step = len(receipts)
                        receipts.append(await _answered(hall, 101 + step % 2, 100 + 10 * step))

                bidding = asyncio.create_task(keep_bidding())
                await connection.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
                await connection.execute("SELECT pg_reload_conf()")
                await until(lambda: not hall.engine.is_writable)
                for _ in range(2):
                    with pytest.raises(JournalUnavailable):
                        await stores.leases[0].renew(hall.owner)
                assert await stores.journals[0].head() == head + len(receipts)
                before = len(receipts)
                await connection.execute("ALTER SYSTEM RESET synchronous_standby_names")
                await connection.execute("SELECT pg_reload_conf()")
                await until(lambda: len(receipts) > before + 1)
                bidding.cancel()
                assert all(isinstance(receipt, Accepted) for receipt in receipts)
        await connection.close()
