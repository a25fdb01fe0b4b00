"""PostgreSQL goes away, or cannot write: nobody hears "accepted" who was not, and nothing accepted is gone."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from exchange.embedded_postgres import EmbeddedPostgres
from gateways.client import ApiClient
from tests.e2e.conftest import House, Person, people_of
from tests.exchange_process import ExchangeProcess, is_ready
from tests.live import Frame, Talk, bid
from tests.patience import PATIENCE_SECONDS, until


async def keep_bidding(
    house: House, person: Person, lot: int, enough: asyncio.Event, heard: list[tuple[Frame, Frame]]
) -> None:
    """Bid the asking price until it is enough; a frame without an answer is answered by {}."""
    asking = 1_000
    async with Talk(house.url, person.token) as talk:
        while not enough.is_set():
            frame = bid(lot, asking) | {"id": secrets.token_hex(16)}
            answer = await talk.ask(frame)
            is_in_doubt = answer.get("code") == "OUTCOME_UNKNOWN"
            while is_in_doubt and answer["type"] == "error":
                await asyncio.sleep(0.03)
                answer = await talk.ask(frame)
            heard.append((frame, answer))
            asking = answer.get("asking_price") or asking
            await asyncio.sleep(0.03)


def receipts(heard: list[tuple[Frame, Frame]]) -> int:
    """Count the bids that were taken."""
    return sum(answer["type"] == "receipt" for _, answer in heard)


def postmaster(exchange: ExchangeProcess) -> int:
    """Return the process id of the exchange's own PostgreSQL; 0 while it writes none."""
    try:
        words = (exchange.data_dir / "postgres/cluster/postmaster.pid").read_text().split("\n")
    except FileNotFoundError:
        return 0
    return int(words[0]) if len(words) > 1 else 0


@pytest.fixture
def near() -> Iterator[Path]:
    """A folder of a short name: a server whose socket does not fit into its own comes back with another one."""
    with tempfile.TemporaryDirectory(prefix="lp-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


async def test_while_postgresql_is_gone_bidders_hear_busy_and_later_go_on(tmp_path: Path, near: Path) -> None:
    postgres = EmbeddedPostgres(near)
    dsn = await postgres.start()
    exchange = ExchangeProcess(tmp_path / "data", "--no-demo", "--database-url", dsn)
    exchange.start()
    try:
        house = House(exchange, await people_of(exchange))
        lot = await house.open_lot()
        heard: list[tuple[Frame, Frame]] = []
        enough = asyncio.Event()
        bidding = [
            asyncio.create_task(keep_bidding(house, person, lot, enough, heard)) for person in house.bidders
        ]
        await until(lambda: receipts(heard) > 30)
        await postgres.stop()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await asyncio.to_thread(is_ready, exchange.url):
                await asyncio.sleep(0.02)  # until somebody's bid has met with the loss
        told: list[tuple[Frame, Frame]] = []
        bidding.append(asyncio.create_task(keep_bidding(house, house.bidders[0], lot, enough, told)))
        await until(lambda: len(told) > 10)
        while_gone = [answer.get("code") for _, answer in told]
        before = receipts(heard)
        await postgres.start()
        await until(lambda: receipts(heard) > before + 20)
        enough.set()
        await asyncio.gather(*bidding)
        assert set(while_gone) == {"BUSY"}
        heard += told
        await check_record(house, lot, heard)
        assert exchange.exit_code is None
        assert exchange.stop() == 0
    finally:
        if exchange.exit_code is None:
            exchange.kill()
        await postgres.stop()


async def check_record(house: House, lot: int, heard: list[tuple[Frame, Frame]]) -> None:
    """Every receipt is on record, nothing refused as busy is, and the records have no gaps."""
    links: dict[int, str] = {}
    async with ApiClient(house.url, token=house.operator) as api:
        while True:
            page = await api.records(lot, after=len(links))
            links |= {each["sequence"]: each["link"] for each in page["records"]}
            if not page["has_more"]:
                break
    assert list(links) == list(range(1, len(links) + 1))
    taken = [answer for _, answer in heard if answer["type"] == "receipt"]
    assert all(links[receipt["sequence"]] == receipt["link"] for receipt in taken)
    opening = 1 + len(house.bidders) + 2
    assert len(links) == opening + len(taken), "what was answered busy is not on record"


async def test_our_own_postgresql_is_brought_back_when_it_dies(tmp_path: Path) -> None:
    exchange = ExchangeProcess(tmp_path / "data", "--no-demo")
    exchange.start()
    try:
        house = House(exchange, await people_of(exchange))
        lot = await house.open_lot()
        pid = postmaster(exchange)
        heard: list[tuple[Frame, Frame]] = []
        enough = asyncio.Event()
        bidding = asyncio.gather(*(keep_bidding(house, each, lot, enough, heard) for each in house.bidders))
        await until(lambda: receipts(heard) > 20)
        os.kill(pid, signal.SIGKILL)
        await until(lambda: postmaster(exchange) not in (0, pid))
        before = receipts(heard)
        await until(lambda: receipts(heard) > before + 20)
        enough.set()
        await bidding
        await check_record(house, lot, heard)
        assert exchange.stop() == 0
    finally:
        if exchange.exit_code is None:
            exchange.kill()


async def test_an_append_that_fails_for_good_ends_the_process_without_an_answer(
    tmp_path: Path, database_url: str
) -> None:
    exchange = ExchangeProcess(tmp_path / "data", "--no-demo", "--database-url", database_url)
    exchange.start()
    try:
        house = House(exchange, await people_of(exchange))
        lot = await house.open_lot()
        connection = await asyncpg.connect(database_url)
        await connection.execute("ALTER TABLE exchange.journal ADD CHECK (sequence < 10) NOT VALID")
        async with house.talk(0) as first, house.talk(1) as second:
            answers = []
            try:
                for amount in range(1_000, 2_000, 20):
                    answers.append(await first.ask(bid(lot, amount)))
                    answers.append(await second.ask(bid(lot, amount + 10)))
            except ConnectionError:
                pass
        assert [answer["type"] for answer in answers] == ["receipt"] * 3
        assert await connection.fetchval("SELECT max(sequence) FROM exchange.journal") == 9
        await connection.close()
        assert await asyncio.to_thread(exchange.wait) == 70
        assert "JournalFailed" in exchange.output
    finally:
        if exchange.exit_code is None:
            exchange.kill()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m,mode=0700", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a small file system can only be mounted by root, where mounting is allowed")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def test_a_full_disk_ends_the_process_and_nothing_answered_is_gone(
    tmp_path: Path, small_disk: Path
) -> None:
    async with EmbeddedPostgres(tmp_path / "postgres") as postgres:
        exchange = ExchangeProcess(tmp_path / "data", "--no-demo", "--database-url", postgres.dsn())
        exchange.start()
        try:
            house = House(exchange, await people_of(exchange))
            lot = await house.open_lot()
            connection = await asyncpg.connect(postgres.dsn())
            location = small_disk / "space"
            location.mkdir(mode=0o700)
            await connection.execute(f"CREATE TABLESPACE small LOCATION '{location}'")
            for row in await connection.fetch("SELECT part FROM exchange.journal_part"):
                await connection.execute(f"ALTER TABLE exchange.{row['part']} SET TABLESPACE small")
            room = os.statvfs(small_disk)
            (small_disk / "filler").write_bytes(b"x" * (room.f_bavail * room.f_frsize - 16_384))
            heard: list[tuple[Frame, Frame]] = []
            bidding = [keep_bidding(house, person, lot, asyncio.Event(), heard) for person in house.bidders]
            async with asyncio.timeout(PATIENCE_SECONDS):
                ends = await asyncio.gather(*bidding, return_exceptions=True)
            assert all(isinstance(end, ConnectionError) for end in ends), ends
            assert await asyncio.to_thread(exchange.wait) == 70
            assert "DiskFull" in exchange.output and "is its disk full?" in exchange.output
            rows = await connection.fetch(
                "SELECT sequence, link FROM exchange.journal WHERE lot_id = $1", lot
            )
            links = {row["sequence"]: row["link"].hex() for row in rows}
            taken = [answer for _, answer in heard if answer["type"] == "receipt"]
            assert taken and all(links[each["sequence"]] == each["link"] for each in taken)
            await connection.close()
        finally:
            if exchange.exit_code is None:
                exchange.kill()
