"""Two PostgreSQL servers, the second a synchronous standby: the first dies, and nothing that was answered is gone."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import asyncpg

from exchange.adapters.answering import UNREACHABLE
from exchange.embedded_postgres import DATABASE, ROLE, EmbeddedPostgres
from exchange.migrations import migrate, migration_sources
from exchange.ports import Accepted
from exchange.postgres_processes import ACCOUNTS_OF_ROOT, server_binaries
from exchange.standby import term_when_quiet
from exchange.verification import verify_journal
from tests.halls import Hall, building
from tests.patience import PATIENCE_SECONDS, until


async def answer(address: str, question: str) -> object:
    """Ask a server one thing."""
    connection = await asyncpg.connect(address)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def until_true(address: str, question: str) -> None:
    """Ask a server until it says yes; one that is only just starting does not answer."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                if await answer(address, question):
                    return
            except (asyncpg.PostgresError, *UNREACHABLE):
                pass
            await asyncio.sleep(0.1)


@asynccontextmanager
async def follower(primary: str, folder: Path) -> AsyncIterator[str]:
    """Run a standby of a server and give its address."""
    host = parse_qs(urlsplit(primary).query)["host"][0]
    cluster, sockets, programs = folder / "cluster", folder / "socket", server_binaries()
    sockets.mkdir(parents=True, mode=0o700)
    copy = [
        programs / "pg_basebackup",
        "-h",
        host,
        "-U",
        ROLE,
        "-D",
        cluster,
        "-R",
        "-X",
        "stream",
        "-c",
        "fast",
    ]
    await asyncio.to_thread(
        partial(subprocess.run, copy, check=True, timeout=PATIENCE_SECONDS, capture_output=True)
    )
    prefix = ACCOUNTS_OF_ROOT[0].prefix if os.geteuid() == 0 else ()
    options = {"listen_addresses": "", "unix_socket_directories": str(sockets), "port": "5432"}
    given = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*prefix, programs / "postgres", "-D", cluster, *given], stdout=log, stderr=log
        )
    try:
        address = f"postgresql://{ROLE}@/{DATABASE}?host={quote(str(sockets), safe='')}&port=5432"
        await until_true(address, "SELECT pg_is_in_recovery()")
        yield address
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)


async def test_nothing_answered_is_lost_when_the_first_server_dies(tmp_path: Path) -> None:
    first = EmbeddedPostgres(tmp_path / "first", options={"wal_level": "replica", "max_wal_senders": "4"})
    try:
        primary = await first.start()
        connection = await asyncpg.connect(primary)
        await migrate(connection, migration_sources())
        async with follower(primary, tmp_path / "second") as secondary:
            await connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            await connection.execute("SELECT pg_reload_conf()")
            await until_true(
                primary, "SELECT count(*) > 0 FROM pg_stat_replication WHERE sync_state = 'sync'"
            )
            connection.terminate()
            receipts = await bid_until_killed(primary, first)
            await answer(secondary, "SELECT pg_promote()")
            await check_and_go_on(secondary, receipts)
    finally:
        await first.stop()


async def bid_until_killed(address: str, server: EmbeddedPostgres) -> dict[int, bytes]:
    """Bid against a server, kill it in the middle, and return the links of all receipts by sequence."""
    receipts: dict[int, bytes] = {}
    async with building(address, shards=1) as stores:
        hall = Hall(stores, owner="first")

        async def keep_bidding() -> None:
            for step in range(100_000):
                given = await hall.bid(1, 101 + step % 2, 100 + 10 * step)
                if isinstance(given, Accepted):
                    receipts[given.sequence] = given.link

        async with hall.running():
            await hall.open_lot(1)
            bidding = asyncio.create_task(keep_bidding())
            await until(lambda: len(receipts) >= 100)
            server.kill()
            await until(lambda: not hall.engine.is_writable)
            bidding.cancel()
            await asyncio.gather(bidding, return_exceptions=True)
    return receipts


async def check_and_go_on(address: str, receipts: dict[int, bytes]) -> None:
    """Take over at the second server, and find everything that was answered."""
    async with building(address, shards=1) as stores:
        hall = Hall(stores, owner="second")
        await until_true(address, "SELECT NOT pg_is_in_recovery()")
        term = await term_when_quiet(stores.leases[0], hall.owner, standby_after_ms=500)
        async with hall.running(term):
            rows = await stores.journals[0].read_lot(1, 0, 1_000_000)
            links = {row.sequence: row.link for row in rows}
            assert {sequence: links.get(sequence) for sequence in receipts} == receipts
            assert isinstance(await hall.bid(1, 103, 10_000_000), Accepted)
        assert (await verify_journal(stores.journals, stores.snapshots)).is_sound
