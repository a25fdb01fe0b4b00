"""An exchange behind PgBouncer in transaction mode; only the journal's writer and the migrations go past it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from exchange.adapters.lease import PostgresLease
from exchange.adapters.postgres import PostgresJournal
from exchange.ports import Batch, Fenced
from tests.e2e.conftest import House, people_of
from tests.exchange_process import ExchangeProcess
from tests.halls import row
from tests.kept_numbers import free_port
from tests.live import bid

PROGRAM = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
READY_SECONDS = 60.0

# As root it would refuse to run; in a namespace of its own it sees another account, and reaches the same files.
AS_ANOTHER = ("unshare", "--user", "--map-user=65534", "--map-group=65534") if os.geteuid() == 0 else ()


@contextmanager
def pooler(database_url: str, folder: Path) -> Iterator[str]:
    """Run PgBouncer before a database and give the address that leads through it."""
    if not Path(PROGRAM).exists():
        pytest.skip("pgbouncer is not installed")
    server, port = urlsplit(database_url), free_port()
    host = parse_qs(server.query)["host"][0]
    folder.mkdir()
    settings = folder / "pgbouncer.ini"
    settings.write_text(
        f"[databases]\n* = host={host} port=5432 user={server.username}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = any\npool_mode = transaction\ndefault_pool_size = 4\nlogfile = {folder}/log\n"
    )
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen([*AS_ANOTHER, PROGRAM, str(settings)], stdout=output, stderr=output)
    try:
        until = time.monotonic() + READY_SECONDS
        while not _is_open(port):
            assert process.poll() is None, (folder / "output").read_text()
            assert time.monotonic() < until, "PgBouncer does not get ready"
            time.sleep(0.05)
        yield f"postgresql://{server.username}@127.0.0.1:{port}{server.path}"
    finally:
        process.terminate()
        process.wait(60)


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def test_an_exchange_runs_behind_a_pooler_and_writes_its_journal_past_it(
    database_url: str, tmp_path: Path
) -> None:
    with pooler(database_url, tmp_path / "pooler") as pooled:
        flags = ("--no-demo", "--database-url", pooled, "--set", f"journal_url={database_url}")
        exchange = ExchangeProcess(tmp_path / "data", *flags)
        exchange.start()
        try:
            house = House(exchange, await people_of(exchange))
            lot = await house.open_lot()
            async with house.talk(0) as first, house.talk(1) as second:
                for step in range(10):
                    talk = first if step % 2 else second
                    assert (await talk.ask(bid(lot, 1_000 + 100 * step)))["type"] == "receipt"
            assert exchange.stop() == 0
        finally:
            if exchange.exit_code is None:
                exchange.kill()
        connection = await asyncpg.connect(database_url)
        assert await connection.fetchval("SELECT max(sequence) FROM exchange.journal") >= 14
        await connection.close()


async def test_reads_and_take_overs_go_through_a_pooler(database_url: str, tmp_path: Path) -> None:
    with pooler(database_url, tmp_path / "pooler") as pooled:
        options = {"min_size": 3, "max_size": 6, "statement_cache_size": 0}
        async with asyncpg.create_pool(pooled, **options) as pool:
            first, second = PostgresJournal(database_url, pool), PostgresJournal(database_url, pool)
            lease = PostgresLease(pool)
            old = await lease.acquire("old")
            await first.append(old, Batch([row(1, 5, 1)], []))
            assert await lease.acquire_quiet("impatient", 60_000) is None
            term = await lease.acquire("new")
            await lease.pulse(term)
            with pytest.raises(Fenced):
                await second.append(old, Batch([row(2, 5, 2)], []))
            await second.append(term, Batch([row(2, 5, 2)], []))
            assert await second.head() == 2 and len(await second.read_lot(5, 0, 10)) == 2
            await first.close()
            await second.close()
