"""Copied and followed under load, the disk lost, a moment brought back: what was answered by then is there."""

from __future__ import annotations

import asyncio
import os
import secrets
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from exchange import backups
from exchange.embedded_postgres import EmbeddedPostgres
from exchange.registry import running_server
from exchange.settings import Settings
from gateways.client import ApiClient
from tests.crash.test_kill import Frame, ask, converse, hang_up, hosts, records_of
from tests.exchange_process import ExchangeProcess
from tests.live import lot_form
from tests.patience import PATIENCE_SECONDS

BIDS_BETWEEN = 20
"""Before the copy, after it, and after the moment."""

RECEIVED = """
SELECT coalesce(bool_or(flush_lsn >= $1::text::pg_lsn), false) FROM pg_stat_replication WHERE application_name = $2"""


@dataclass
class Sale:
    """Two bidders on one lot: receipts with the time at which each was heard."""

    lot: int
    tokens: list[str]
    receipts: list[tuple[datetime, Frame]] = field(default_factory=list)

    async def bid(self, url: str, stop: asyncio.Event) -> None:
        """Outbid one another by the asking price until told to stop."""
        sockets = [await converse(url, token) for token in self.tokens]
        asking = 1_000
        while not stop.is_set():
            frame = {"type": "bid", "id": secrets.token_hex(16), "lot": self.lot, "amount": asking}
            receipt = await ask(sockets[len(self.receipts) % 2], frame)
            assert receipt["type"] == "receipt", receipt
            self.receipts.append((datetime.now(UTC), receipt))
            asking = receipt["asking_price"]
        for socket in sockets:
            await hang_up(socket)

    async def until_more(self, count: int) -> None:
        """Wait until so many more bids have been answered."""
        wanted = len(self.receipts) + count
        await _until(lambda: len(self.receipts) >= wanted, "bids are answered")


async def _until(is_so: Any, what: str) -> None:
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < give_up_at, what
        await asyncio.sleep(0.01)


async def opened_sale(exchange: ExchangeProcess) -> Sale:
    async with ApiClient(exchange.url, token=exchange.operator_token) as api:
        forms = [{"login": f"bidder-{n}", "name": f"bidder {n}", "roles": ["bidder"]} for n in range(2)]
        bidders = await api.create_accounts(forms)
        lot = await api.publish_lot(lot_form("followed", 0))
        await api.admit(lot, [bidder["id"] for bidder in bidders])
    host = await converse(exchange.url, exchange.operator_token)
    assert (await ask(host, hosts("open", lot)))["type"] == "receipt"
    await hang_up(host)
    return Sale(lot, [bidder["token"] for bidder in bidders])


async def everything_received(exchange: ExchangeProcess) -> None:
    """Wait until what is committed by now lies in the folder of backups."""
    connection = await asyncpg.connect(running_server(Settings(data_dir=exchange.data_dir)))
    try:
        position = await connection.fetchval("SELECT pg_current_wal_flush_lsn()::text")
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while not await connection.fetchval(RECEIVED, position, backups.SLOT):
            assert time.monotonic() < give_up_at, "the receiver follows"
            await asyncio.sleep(0.02)
    finally:
        await connection.close()


async def luochui(*words: str) -> str:
    """Run a command of ours and return what it printed; it must succeed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateways.cli", *words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip
    printed, _ = await process.communicate()
    assert process.returncode == 0, printed.decode()
    return printed.decode()


async def test_a_moment_and_the_end_are_brought_back_after_the_disk_is_lost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place, folder = tmp_path / "data", tmp_path / "backups"
    exchange = ExchangeProcess(place, "--no-demo", "--set", "frames_per_second=10000",
                               "--set", "frames_burst=10000")  # fmt: skip
    exchange.start()
    receiver = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateways.cli", "backup", "follow", str(folder), "--data-dir", str(place)
    )
    stop = asyncio.Event()
    try:
        sale = await opened_sale(exchange)
        bidding = asyncio.create_task(sale.bid(exchange.url, stop))
        await everything_received(exchange)
        await sale.until_more(BIDS_BETWEEN)
        await luochui("backup", "create", str(folder), "--keep", "1", "--data-dir", str(place))
        await sale.until_more(BIDS_BETWEEN)
        moment = datetime.now(UTC)
        await sale.until_more(BIDS_BETWEEN)
        stop.set()
        await bidding
        await everything_received(exchange)
        exchange.kill()
        receiver.terminate()
        assert await asyncio.wait_for(receiver.wait(), PATIENCE_SECONDS) == 0
    finally:
        stop.set()
        for process in (exchange, receiver):
            with suppress(ProcessLookupError):
                process.kill()
        await receiver.wait()
    place.rename(tmp_path / "lost")  # its server still ends there
    by_then = [receipt for heard_at, receipt in sale.receipts if heard_at <= moment]

    there = await brought_back(tmp_path / "moment", folder, sale.lot, "--to", moment.isoformat())
    assert {receipt["link"] for receipt in by_then} <= there.keys()
    assert max(there.values()) <= moment.timestamp() * 1_000_000
    everything = await brought_back(tmp_path / "end", folder, sale.lot)
    assert {receipt["link"] for _, receipt in sale.receipts} <= everything.keys()
    assert there.keys() < everything.keys()
    with capsys.disabled():
        print(f"\nbackup: {len(sale.receipts)} bids answered, {len(by_then)} by the moment, nothing lost")


async def brought_back(place: Path, folder: Path, lot: int, *to: str) -> dict[str, int]:
    """Restore into a new data folder, start an exchange over it, prove it, and return its links with their times."""
    await luochui("backup", "restore", str(folder), *to, "--data-dir", str(place))
    exchange = ExchangeProcess(place, "--no-demo")
    exchange.start()
    try:
        await luochui("journal", "verify", "--data-dir", str(place))
        await luochui("ledger", "verify", "--data-dir", str(place))
        async with ApiClient(exchange.url, token=exchange.operator_token) as api:
            records = await records_of(api, lot)
    finally:
        exchange.stop()
    return {record["link"]: record["at_us"] for record in records.values()}


async def test_what_cannot_be_restored_is_said_and_nothing_is_overwritten(tmp_path: Path) -> None:
    folder, place = tmp_path / "backups", tmp_path / "data"
    async with EmbeddedPostgres(place / "postgres") as postgres:
        with pytest.raises(backups.BackupProblem, match="does not answer|pg_basebackup"):
            await backups.create("postgresql://nobody@127.0.0.1:1/none", folder)
        connection = await asyncpg.connect(postgres.dsn())
        await connection.execute(
            "CREATE SCHEMA exchange; CREATE TABLE exchange.journal_identity (epoch text)"
        )
        await connection.close()
        before = datetime.now(UTC)
        first = await backups.create(postgres.dsn(), folder)
        second = await backups.create(postgres.dsn(), folder)
    assert backups.bases(folder) == [first, second]
    assert await backups.thin_out(folder, 1) == [first]
    with pytest.raises(backups.BackupProblem, match="move it aside"):
        await backups.restore(folder, place, None)
    with pytest.raises(backups.BackupProblem, match="no copy"):
        await backups.restore(folder, tmp_path / "new", before)
    with pytest.raises(backups.BackupProblem, match="ends before"):
        await backups.restore(folder, tmp_path / "new", datetime(2199, 1, 1, tzinfo=UTC))
    assert (await backups.restore(folder, tmp_path / "new", None)).base == second
    (second.folder / "PG_VERSION").write_text("17\n")
    with pytest.raises(backups.BackupProblem, match="not what was copied"):
        await backups.restore(folder, tmp_path / "newer", None)
