"""Old months go into files and come back; whatever interrupts it, no record is in neither place."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from exchange.adapters.clock import SimulatedClock
from exchange.adapters.lease import PostgresLease
from exchange.adapters.places import PostgresPlaces
from exchange.adapters.postgres import PostgresJournal, PostgresSnapshots
from exchange.archive import Archive, ArchiveRefusal, Kept
from exchange.archive_files import ArchiveBroken, Manifest, manifest_path, read_manifest, read_rows
from exchange.archive_months import DatabaseOccupied, RestoreRefusal, alone
from exchange.journal_months import JournalMonths
from exchange.ports import Archived, Batch
from exchange.records import GENESIS, JournalRow, Record, chained, encode
from exchange.recovery import recover_ended
from exchange.verification import JournalReport, verify_journal
from gateways.cli import app
from matching.commands import HammerLot
from matching.events import BidPlaced
from tests.halls import Building, Hall

SEPTEMBER, OCTOBER, NOVEMBER, DECEMBER = (
    int(datetime(2031, month, 1, tzinfo=UTC).timestamp()) * 1_000_000 for month in (9, 10, 11, 12)
)
DAY_US = 86_400 * 1_000_000


class Cellar:
    """A journal of three months over two shards: lots 1 and 2 ended in September and October, 3 in November."""

    def __init__(self, pool: asyncpg.Pool, address: str, folder: Path) -> None:
        self.pool = pool
        self.folder = folder
        self.archive = Archive(pool)
        self.snapshots = PostgresSnapshots(pool)
        self.journals = [PostgresJournal(address, pool, shard) for shard in range(2)]
        self.clock = SimulatedClock(SEPTEMBER + DAY_US)
        leases = [PostgresLease(pool, shard) for shard in range(2)]
        stores = Building(PostgresPlaces(pool), self.snapshots, list(self.journals), list(leases), self.clock)
        self.halls = [Hall(stores, shard) for shard in range(2)]

    async def fill(self) -> None:
        """Make the months and sell the lots; lot 2 moves from shard 0 to shard 1 on its way."""
        for month in (SEPTEMBER, OCTOBER, NOVEMBER):
            assert await self.pool.fetchval("SELECT exchange.open_month($1)", month)
        first, second = self.halls
        async with first.running(), second.running():
            for lot in (1, 2):
                await first.open_lot(lot, host_may_hammer=True, fair_warnings_min=0, duration_us=None)
                await first.bid(lot, 101, 100)
            await first.give(HammerLot(1, 9001))
            await first.engine.release(2, 1)
            await second.mover.look()
            await second.bid(2, 102, 110)
            self.clock.advance(30 * DAY_US)
            await second.bid(2, 103, 120)
            await second.give(HammerLot(2, 9001))
            self.clock.advance(30 * DAY_US)
            await first.open_lot(3)
            await first.bid(3, 101, 100)
            await second.engine.release(2, 0)
            await first.engine.release(3, 1)
            await second.mover.look()
            await second.bid(3, 102, 110)
            await second.engine.release(3, 0)
            await first.mover.look()
        for journal in self.journals:
            await journal.close()

    async def settle(self) -> None:
        """Say that every outcome has been settled."""
        for name in ("settlement", "settlement:1"):
            await self.pool.execute("INSERT INTO ledger.cursor (name, position) VALUES ($1, 1000)", name)

    async def take_away(self, before_us: int = NOVEMBER, keep: bool = False) -> list[Kept]:
        """Archive what may go."""
        kept = self.archive.archive(before_us, self.folder, keep=keep, progress=lambda part, done: None)
        return [each async for each in kept]

    async def restore(self, part: str) -> object:
        """Bring one month back."""
        return await self.archive.restore(manifest_path(self.folder, part), lambda part, done: None)

    async def proof(self) -> JournalReport:
        """Prove what is in the database, as far as that goes."""
        return await verify_journal(self.journals, self.snapshots, absent=await self.archive.absent())

    async def proof_with_files(self) -> JournalReport:
        """Prove the files and the database together."""
        shards = await self.archive.shards_with_files(2, self.folder)
        return await verify_journal(shards, self.snapshots)

    async def parts(self) -> list[str]:
        """Return the months in the database that hold something."""
        rows = await self.pool.fetch(
            "SELECT DISTINCT tableoid::regclass::text AS part FROM exchange.journal ORDER BY 1"
        )
        return [row["part"] for row in rows]


@pytest.fixture
async def cellar(database_url: str, tmp_path: Path) -> AsyncIterator[Cellar]:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=6) as pool:
        cellar = Cellar(pool, database_url, tmp_path / "archive")
        await cellar.fill()
        yield cellar


MONTHS = ["exchange.journal_2031_09", "exchange.journal_2031_10", "exchange.journal_2031_11"]


async def test_months_go_into_files_and_come_back_the_same(cellar: Cellar) -> None:
    await cellar.settle()
    whole = await cellar.proof()
    before = [await journal.read_from(0, 1_000) for journal in cellar.journals]
    assert whole.is_sound and await cellar.parts() == MONTHS
    kept = await cellar.take_away()
    assert [(each.part.part, each.refusal) for each in kept] == [
        ("journal_2031_09", None),
        ("journal_2031_10", None),
    ]
    assert await cellar.parts() == MONTHS[2:]
    assert set((await PostgresPlaces(cellar.pool).read()).moved) == {3}, "what has ended needs no place"
    assert sorted(path.name for path in cellar.folder.iterdir()) == [
        "journal_2031_09.jsonl.zst", "journal_2031_09.manifest.json",
        "journal_2031_10.jsonl.zst", "journal_2031_10.manifest.json",
    ]  # fmt: skip
    rest, together = await cellar.proof(), await cellar.proof_with_files()
    assert rest.is_sound, rest.discrepancies
    assert together.is_sound, together.discrepancies
    assert together.digests == whole.digests and together.records == whole.records > rest.records
    assert await cellar.restore("journal_2031_09") is RestoreRefusal.LATER_FIRST
    for part in ("journal_2031_10", "journal_2031_09"):
        assert await cellar.restore(part) == read_manifest(manifest_path(cellar.folder, part))
    assert await cellar.restore("journal_2031_09") is RestoreRefusal.NOT_ARCHIVED
    assert [await journal.read_from(0, 1_000) for journal in cellar.journals] == before
    again = await cellar.proof()
    assert again.is_sound and again.digests == whole.digests
    with pytest.raises(asyncpg.RestrictViolationError):
        await cellar.pool.execute("DELETE FROM exchange.journal_2031_09")
    with pytest.raises(asyncpg.PostgresError, match="term"):
        await cellar.pool.execute(
            "INSERT INTO exchange.journal_2031_09 SELECT * FROM exchange.journal_2031_09"
        )


async def test_a_month_stays_while_a_lot_of_it_is_open_or_not_settled(cellar: Cellar) -> None:
    assert [each.refusal for each in await cellar.take_away()] == [ArchiveRefusal.NOT_SETTLED]
    await cellar.settle()
    kept = await cellar.take_away(before_us=DECEMBER)
    assert [each.refusal for each in kept] == [None, None, ArchiveRefusal.LOTS_OPEN]
    assert await cellar.parts() == MONTHS[2:]


async def test_the_end_of_a_lot_in_the_archive_is_still_told(cellar: Cellar) -> None:
    await cellar.settle()
    await cellar.pool.execute("DELETE FROM exchange.snapshot")
    await cellar.take_away()
    journal = cellar.journals[0]
    with pytest.raises(Archived) as told:
        await journal.read_lot(1, 0, 10)
    assert told.value.file == "journal_2031_09.jsonl.zst"
    assert await journal.read_lot(77, 0, 10) == []
    held = await recover_ended(journal, cellar.snapshots, 1)
    assert held is not None and held.lot.is_closed
    hall = cellar.halls[0]
    async with hall.running():
        view = await hall.engine.load(1)
        assert view is not None and view.hammer_price == 100
        assert hall.engine.holds(3)
    await cellar.pool.execute("DELETE FROM exchange.snapshot")
    with pytest.raises(Archived):
        await recover_ended(journal, cellar.snapshots, 1)


async def test_keep_writes_the_files_and_takes_nothing_away(cellar: Cellar) -> None:
    await cellar.settle()
    kept = await cellar.take_away(keep=True)
    assert [each.refusal for each in kept] == [None, None] and await cellar.parts() == MONTHS
    assert await cellar.restore("journal_2031_10") is RestoreRefusal.NOT_ARCHIVED
    lines = list(read_rows(cellar.folder / "journal_2031_09.jsonl.zst"))
    rows = [row for journal in cellar.journals for row in await journal.read_from(0, 1_000)]
    assert [line.row for line in lines] == [row for row in rows if row.at_us < OCTOBER]


async def test_a_changed_file_is_found(cellar: Cellar) -> None:
    await cellar.settle()
    await cellar.take_away()
    file = cellar.folder / "journal_2031_10.jsonl.zst"
    good = file.read_bytes()
    for bad in (good[:-20], good[:200] + bytes([good[200] ^ 1]) + good[201:], b"", good + good):
        file.write_bytes(bad)
        with pytest.raises(ArchiveBroken):
            await cellar.restore("journal_2031_10")
        with pytest.raises(ArchiveBroken):
            await cellar.proof_with_files()
    manifest = manifest_path(cellar.folder, "journal_2031_10")
    file.write_bytes(good)
    manifest.write_text(manifest.read_text().replace('"sha256": "', '"sha256": "00'))
    assert await cellar.restore("journal_2031_10") is RestoreRefusal.OTHER_FILE
    assert await cellar.parts() == MONTHS[2:]


async def test_a_month_that_was_made_anew_while_it_was_away_gives_way_if_nothing_came_into_it(
    cellar: Cellar,
) -> None:
    await cellar.settle()
    whole = await cellar.proof()
    await cellar.take_away()
    for month in (SEPTEMBER, OCTOBER):  # as a start makes them, by a clock that has gone back
        assert await cellar.pool.fetchval("SELECT exchange.open_month($1)", month)
    assert await cellar.take_away() == [], "an empty month is no month to archive, and its file stays"
    for part in ("journal_2031_10", "journal_2031_09"):
        assert await cellar.restore(part) == read_manifest(manifest_path(cellar.folder, part))
    assert await cellar.parts() == MONTHS
    again = await cellar.proof()
    assert again.is_sound and again.digests == whole.digests
    assert [each.refusal for each in await cellar.take_away()] == [None, None], "and they go once more"


@pytest.mark.parametrize("made_anew", [True, False])
async def test_a_month_into_which_others_have_come_stays_in_its_file(cellar: Cellar, made_anew: bool) -> None:
    await cellar.settle()
    await cellar.take_away()
    if made_anew:
        assert await cellar.pool.fetchval("SELECT exchange.open_month($1)", OCTOBER)
    body = encode(Record(9, 1, OCTOBER, "", BidPlaced(101, 100)))
    row = JournalRow(await cellar.journals[0].head() + 1, 9, 1, OCTOBER, False, body, chained(GENESIS, body))
    term = await PostgresLease(cellar.pool, 0).acquire("test")
    await cellar.pool.execute("INSERT INTO exchange.lot_place (lot_id, shard) VALUES (9, 0)")
    await cellar.journals[0].append(term, Batch([row], []))
    parts = await cellar.parts()
    file = cellar.folder / "journal_2031_10.jsonl.zst"
    before = file.read_bytes()
    assert await cellar.restore("journal_2031_10") is RestoreRefusal.MONTH_IN_USE
    assert await cellar.parts() == parts and (await cellar.proof_with_files()).digests
    if made_anew:
        kept = await cellar.take_away()
        assert [each.refusal for each in kept] == [ArchiveRefusal.AWAY_ALREADY]
    assert file.read_bytes() == before


async def test_a_folder_that_holds_another_exchanges_month_is_not_written_over(cellar: Cellar) -> None:
    await cellar.settle()
    await cellar.take_away(keep=True)
    await cellar.take_away(keep=True)
    manifest = manifest_path(cellar.folder, "journal_2031_09")
    others = manifest.read_text().replace('"epoch": "', '"epoch": "00')
    manifest.write_text(others)
    with pytest.raises(ArchiveBroken, match="another exchange"):
        await cellar.take_away()
    assert manifest.read_text() == others and await cellar.parts() == MONTHS


async def test_a_month_from_before_a_restored_backup_comes_back(cellar: Cellar) -> None:
    await cellar.settle()
    await cellar.take_away()
    await cellar.pool.execute("UPDATE exchange.journal_identity SET epoch = DEFAULT")
    assert not isinstance(await cellar.restore("journal_2031_10"), RestoreRefusal)
    assert await cellar.restore("journal_2031_10") is RestoreRefusal.OTHER_JOURNAL


async def test_one_at_a_time_takes_months_away_or_brings_them_back(cellar: Cellar) -> None:
    await cellar.settle()
    await cellar.take_away(keep=True)
    async with alone(cellar.pool):
        with pytest.raises(DatabaseOccupied):
            await cellar.take_away()
        with pytest.raises(DatabaseOccupied):
            await cellar.restore("journal_2031_10")
    assert [each.refusal for each in await cellar.take_away()] == [None, None]
    answers = await asyncio.gather(
        cellar.restore("journal_2031_10"), cellar.restore("journal_2031_10"), return_exceptions=True
    )
    assert sum(isinstance(answer, Manifest) for answer in answers) == 1, answers
    assert await cellar.parts() == MONTHS[1:]


async def test_while_somebody_reads_the_journal_a_month_stays_and_nothing_is_half(cellar: Cellar) -> None:
    await cellar.settle()
    async with cellar.pool.acquire() as reader:
        reading = reader.transaction()
        await reading.start()
        await reader.fetchval("SELECT count(*) FROM exchange.journal")
        whole, cellar.archive = cellar.archive, Archive(cellar.pool, tries=2)
        with pytest.raises(DatabaseOccupied):
            await cellar.take_away()
        cellar.archive = whole
        await reading.rollback()
    assert await cellar.parts() == MONTHS and (await cellar.proof()).is_sound
    assert [each.refusal for each in await cellar.take_away()] == [None, None]


STEPS = {
    "write": "",
    "away": "LOCK TABLE",
    "detached": "DROP TABLE",
    "copy": "",
    "attached": "DROP CONSTRAINT",
}
"""Where it is killed, and by which statement that moment is known."""

KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
import asyncpg
from exchange.archive import Archive
from exchange.archive_files import manifest_path

def die():
    os.kill(os.getpid(), signal.SIGKILL)

class Dying(asyncpg.Connection):
    async def execute(self, query, *args, **kwargs):
        if statement and statement in query:
            die()
        return await super().execute(query, *args, **kwargs)

def progress(part, done):
    if step in ("write", "copy"):
        die()

async def main():
    async with asyncpg.create_pool(address, min_size=1, max_size=2, connection_class=Dying) as pool:
        archive = Archive(pool)
        if step in ("copy", "attached"):
            await archive.restore(manifest_path(folder, "journal_2031_10"), progress)
        async for kept in archive.archive(before_us, folder, keep=False, progress=progress):
            pass

address, folder, step, statement, before_us = sys.argv[1], Path(sys.argv[2]), *sys.argv[3:5], int(sys.argv[5])
asyncio.run(main())
"""


async def test_killed_between_any_two_steps_it_leaves_nothing_half(cellar: Cellar, database_url: str) -> None:
    await cellar.settle()
    whole = await cellar.proof()
    for step, statement in STEPS.items():
        if step == "copy":
            assert [each.refusal for each in await cellar.take_away()] == [None, None]
        where = [database_url, str(cellar.folder), step, statement, str(NOVEMBER)]
        program = [sys.executable, "-c", KILLED, *where]
        ended = await asyncio.to_thread(
            subprocess.run,
            program,
            capture_output=True,
            text=True,
            timeout=120,
            cwd=Path(__file__).parents[2],
        )
        assert ended.returncode == -9, (step, ended.stderr)
        away = step in ("copy", "attached")
        proof = await (cellar.proof_with_files() if away else cellar.proof())
        assert proof.is_sound and proof.digests == whole.digests, step
        assert await cellar.parts() == (MONTHS[2:] if away else MONTHS), step
    for part in ("journal_2031_10", "journal_2031_09"):
        await cellar.restore(part)
    assert (await cellar.proof()).digests == whole.digests


async def test_months_are_made_ahead_and_an_odd_time_has_its_place(cellar: Cellar) -> None:
    months = JournalMonths(cellar.pool)
    made = await months.keep()
    assert made <= 1, "the migration has made them, but for one if a month has ended since"
    assert await months.keep() == 0
    parts = await cellar.pool.fetch(
        "SELECT part FROM exchange.journal_part WHERE part NOT LIKE 'journal_2031%'"
    )
    assert len(parts) == 3 + made
    cellar.clock.advance(50 * 365 * DAY_US)
    async with cellar.halls[0].running():
        assert await cellar.halls[0].bid(3, 103, 200)
    assert "exchange.journal_other" in await cellar.parts()
    assert not await cellar.pool.fetchval("SELECT exchange.open_month($1)", cellar.clock.now_us())
    assert (await cellar.proof()).is_sound


async def test_the_commands_archive_prove_and_restore_and_move(cellar: Cellar, database_url: str) -> None:
    await cellar.settle()
    folder = cellar.folder
    files = [str(folder / f"journal_2031_{month}.jsonl.zst") for month in ("09", "10")]

    async def call(*arguments: str) -> Result:
        command = [*arguments, "--database-url", database_url]
        return await asyncio.to_thread(CliRunner().invoke, app, command, env={"COLUMNS": "200"})

    assert (await call("journal", "archive", "--before", "soon", "--to", str(folder))).exit_code == 2
    done = await call("journal", "archive", "--before", "2031-12", "--to", str(folder))
    assert done.exit_code == 1 and files[1] in done.output and "not all of its lots have ended" in done.output
    assert await cellar.parts() == MONTHS[2:]
    assert (await call("journal", "verify")).exit_code == 0
    assert "are sound" in (await call("journal", "verify", "--archive", str(folder))).output
    assert (await call("journal", "verify", "--archive", str(folder / "nowhere"))).exit_code == 1
    assert "lie in the archive" in (await call("journal", "show", "2")).output
    await cellar.pool.execute("UPDATE exchange.lease SET taken_at = now() - interval '1 hour'")
    assert (await call("shards", "move", "3", "--to", "1")).exit_code == 0
    assert await cellar.journals[1].open_lots() == [3]
    refused = await call("shards", "move", "1", "--to", "1")
    assert refused.exit_code == 1 and "there is no such lot" in refused.output
    listed = await call("shards", "list", "--json")
    assert [state["open_lots"] for state in json.loads(listed.output)] == [0, 1]
    assert "From lot" in (await call("shards", "grow", "2")).output
    assert (await call("journal", "restore", *files)).exit_code == 0
    assert await cellar.parts() == MONTHS
    assert "not taken out of this database" in (await call("journal", "restore", files[0])).output
