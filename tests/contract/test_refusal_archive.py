"""Refused commands lie in months as the journal does, leave after its records, and come back as they were."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner

from exchange.adapters.lease import PostgresLease
from exchange.adapters.postgres import PostgresJournal
from exchange.archive_files import ArchiveBroken, manifest_path
from exchange.archive_months import RestoreRefusal
from exchange.migrations import migrate, migration_sources
from exchange.ports import Batch, RefusalRow
from exchange.records import GENESIS, JournalRow, Record, chained, encode
from exchange.refusal_archive import RefusalArchive
from gateways.cli import app
from matching.events import BidPlaced
from matching.refusals import Refusal, Refused

SEPTEMBER, OCTOBER, NOVEMBER, FAR = (
    int(datetime(year, month, 1, tzinfo=UTC).timestamp()) * 1_000_000
    for year, month in ((2031, 9), (2031, 10), (2031, 11), (2081, 5))
)
REFUSED = Refused(Refusal.BELOW_ASKING_PRICE, asking_price=110, increment=10, detail="不足")
LOT = 5


def refusal(at_us: int) -> RefusalRow:
    return RefusalRow(LOT, f"{at_us:032x}", 101, at_us, 105, REFUSED)


def record(at_us: int) -> JournalRow:
    body = encode(Record(LOT, 1, at_us, "", BidPlaced(1, 100)))
    return JournalRow(1, LOT, 1, at_us, False, body, chained(GENESIS, body))


REFUSALS = [refusal(month + minute) for month in (SEPTEMBER, OCTOBER, NOVEMBER) for minute in range(3)]


class Cellar:
    """A database with three months of refusals of one lot."""

    def __init__(self, pool: asyncpg.Pool, address: str, folder: Path) -> None:
        self.pool = pool
        self.folder = folder
        self.archive = RefusalArchive(pool)
        self.journal = PostgresJournal(address, pool)
        self.term = 0

    async def fill(self) -> None:
        for month in (SEPTEMBER, OCTOBER, NOVEMBER):
            assert await self.pool.fetchval("SELECT exchange.open_refusal_month($1)", month)
        self.term = await PostgresLease(self.pool).acquire("test")
        await self.journal.append(self.term, Batch([], REFUSALS))

    async def kept(self) -> list[RefusalRow]:
        return await self.journal.read_refusals(LOT, 0, 100)

    async def take_away(self, *, keep: bool = False) -> list[str]:
        away = self.archive.archive(NOVEMBER, self.folder, keep=keep, progress=lambda part, done: None)
        return [manifest.part async for manifest in away]

    async def restore(self, part: str) -> object:
        return await self.archive.restore(manifest_path(self.folder, part), lambda part, done: None)


@pytest.fixture
async def cellar(database_url: str, tmp_path: Path) -> AsyncIterator[Cellar]:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=4) as pool:
        cellar = Cellar(pool, database_url, tmp_path / "archive")
        await cellar.fill()
        yield cellar
        await cellar.journal.close()


AWAY = ["refusal_2031_09", "refusal_2031_10"]


async def test_months_of_refusals_go_into_files_and_come_back_in_any_order(cellar: Cellar) -> None:
    assert await cellar.kept() == REFUSALS
    assert await cellar.take_away() == AWAY
    assert await cellar.kept() == REFUSALS[6:]
    assert await cellar.archive.prove_files(cellar.folder) == 6
    assert await cellar.take_away() == []
    for part in AWAY:
        assert not isinstance(await cellar.restore(part), RestoreRefusal)
    assert await cellar.kept() == REFUSALS
    assert await cellar.restore(AWAY[0]) is RestoreRefusal.NOT_ARCHIVED
    for part in (*AWAY, "refusal_2031_11", "refusal_other", "refusal"):
        for change in ("UPDATE exchange.{} SET at_us = 0", "DELETE FROM exchange.{}", "TRUNCATE exchange.{}"):
            with pytest.raises(asyncpg.RestrictViolationError):
                await cellar.pool.execute(change.format(part))
        with pytest.raises(asyncpg.PostgresError, match="is not the current one"):
            await cellar.pool.execute(f"INSERT INTO exchange.{part} SELECT * FROM exchange.refusal LIMIT 1")


async def test_refusals_stay_as_long_as_records_of_their_time(cellar: Cellar) -> None:
    assert await cellar.pool.fetchval("SELECT exchange.open_month($1)", OCTOBER)
    await cellar.journal.append(cellar.term, Batch([record(OCTOBER)], []))
    assert await cellar.take_away(keep=True) == AWAY
    assert await cellar.kept() == REFUSALS
    assert await cellar.take_away() == AWAY[:1]
    assert await cellar.kept() == REFUSALS[3:]


async def test_a_month_that_was_made_anew_gives_way_or_keeps_what_came_into_it(cellar: Cellar) -> None:
    assert await cellar.take_away() == AWAY
    assert await cellar.pool.fetchval("SELECT exchange.open_refusal_month($1)", OCTOBER)
    assert not isinstance(await cellar.restore(AWAY[1]), RestoreRefusal)
    assert await cellar.kept() == REFUSALS[3:]
    late = refusal(SEPTEMBER + 7)
    await cellar.journal.append(cellar.term, Batch([], [late]))  # into the part for odd times
    assert await cellar.restore(AWAY[0]) is RestoreRefusal.MONTH_IN_USE
    assert await cellar.kept() == [late, *REFUSALS[3:]]
    assert await cellar.take_away() == AWAY[1:]
    assert await cellar.pool.fetchval("SELECT exchange.open_refusal_month($1)", OCTOBER)
    later = refusal(OCTOBER + 7)
    await cellar.journal.append(cellar.term, Batch([], [later]))
    file = cellar.folder / "refusal_2031_10.jsonl.zst"
    before = file.read_bytes()
    assert await cellar.take_away() == [] and file.read_bytes() == before
    assert await cellar.restore(AWAY[1]) is RestoreRefusal.MONTH_IN_USE
    assert await cellar.kept() == [late, later, *REFUSALS[6:]]


async def test_a_changed_file_is_found(cellar: Cellar) -> None:
    await cellar.take_away()
    file, manifest = cellar.folder / "refusal_2031_09.jsonl.zst", manifest_path(cellar.folder, AWAY[0])
    good, described = file.read_bytes(), manifest.read_text()
    file.write_bytes(good[:-1] + b"?")
    with pytest.raises(ArchiveBroken):
        await cellar.archive.prove_files(cellar.folder)
    with pytest.raises(ArchiveBroken):
        await cellar.restore(AWAY[0])
    file.write_bytes(good)
    manifest.write_text(described.replace('"sha256": "', '"sha256": "00'))
    assert await cellar.restore(AWAY[0]) is RestoreRefusal.OTHER_FILE
    assert await cellar.kept() == REFUSALS[6:]


async def test_a_refusal_at_an_odd_time_has_its_place(cellar: Cellar) -> None:
    await cellar.journal.append(cellar.term, Batch([], [refusal(FAR)]))
    assert await cellar.kept() == [*REFUSALS, refusal(FAR)]
    assert await cellar.pool.fetchval("SELECT count(*) FROM exchange.refusal_other") == 1
    assert not await cellar.pool.fetchval("SELECT exchange.open_refusal_month($1)", FAR)


async def test_refusals_from_before_the_months_are_kept(empty_database_url: str, tmp_path: Path) -> None:
    (_, present), ledger = migration_sources()
    past = tmp_path / "migrations"
    shutil.copytree(str(present), past)
    for file in past.glob("*.sql"):
        if file.name >= "0012":
            file.unlink()
    async with asyncpg.create_pool(empty_database_url, min_size=1, max_size=4) as pool:
        async with pool.acquire() as connection:
            await migrate(connection, [("exchange", past), ledger])
        journal = PostgresJournal(empty_database_url, pool)
        await journal.append(await PostgresLease(pool).acquire("test"), Batch([], REFUSALS[:6]))
        await journal.close()
        async with pool.acquire() as connection:
            await migrate(connection, migration_sources())
        await journal.append(await PostgresLease(pool).acquire("test"), Batch([], REFUSALS[6:]))
        assert await journal.read_refusals(LOT, 0, 100) == REFUSALS
        assert await pool.fetchval("SELECT count(*) FROM exchange.refusal_first_table") == 6
        archive = RefusalArchive(pool)
        away = archive.archive(NOVEMBER, tmp_path, keep=False, progress=lambda part, done: None)
        assert [manifest.part async for manifest in away] == ["refusal_first_table"]
        await archive.restore(manifest_path(tmp_path, "refusal_first_table"), lambda part, done: None)
        assert await journal.read_refusals(LOT, 0, 100) == REFUSALS
        await journal.close()


async def test_the_commands_take_refusals_along(cellar: Cellar, database_url: str) -> None:
    folder = str(cellar.folder)

    async def call(*arguments: str) -> str:
        command = ["journal", *arguments, "--database-url", database_url]
        done = await asyncio.to_thread(CliRunner().invoke, app, command, env={"COLUMNS": "200"})
        assert done.exit_code == 0, done.output
        return done.output

    assert "refusal_2031_10.jsonl.zst" in await call("archive", "--before", "2031-11", "--to", folder)
    assert "are sound" in await call("verify", "--archive", folder)
    files = [str(path) for path in cellar.folder.iterdir()]
    assert len(files) == 4, "each month is named twice, as FOLDER/* does"
    assert AWAY[1] in await call("restore", *files)
    assert await cellar.kept() == REFUSALS
