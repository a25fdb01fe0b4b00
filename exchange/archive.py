"""Taking old months of the journal away into files, and bringing them back.

A month goes only when all its lots have ended and are settled, oldest first, so that what remains of each shard is
one stretch without gaps. The file is complete and read back before the month leaves the database, and it leaves in
one transaction: whatever interrupts this, the records are in the database or, proven, in a file.

Belongs here: what may go, the order of the steps. Does not belong here: the form of the files
(`exchange.archive_files`), the locks (`exchange.archive_months`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from enum import StrEnum
from functools import partial
from itertools import islice
from pathlib import Path

import asyncpg
from msgspec import Struct

from exchange import recovery
from exchange.adapters.answering import reaching
from exchange.adapters.postgres import PostgresJournal, PostgresSnapshots
from exchange.archive_files import (
    ArchiveBroken,
    ArchivedRow,
    FileWriter,
    Manifest,
    manifest_path,
    prove,
    read_manifest,
    read_rows,
)
from exchange.archive_months import (
    PAGE_ROWS,
    TRIES,
    DatabaseOccupied,
    MonthInUse,
    Part,
    Progress,
    RestoreRefusal,
    alone,
    drop_month,
    in_quiet_moment,
    put_back,
    restore_refusal,
)
from exchange.records import JournalRow
from exchange.settlement import cursor_of
from exchange.verification import Absent
from ledger.postgres import PostgresLedgerStore
from matching.units import LotId, TimeUs

_PARTS = (
    "SELECT part, begins_us, before_us FROM exchange.journal_part WHERE before_us <= $1 ORDER BY before_us"
)
_OPEN_LOTS = """
SELECT count(DISTINCT lot_id) FROM {part} AS here
 WHERE NOT EXISTS (SELECT FROM exchange.journal WHERE is_outcome AND journal.lot_id = here.lot_id)"""
_STRETCHES = """
SELECT shard, min(position), max(position), count(*), coalesce(max(position) FILTER (WHERE is_outcome), 0)
  FROM {part} GROUP BY shard ORDER BY shard"""
_HEAD = "SELECT max(position) FROM exchange.journal WHERE shard = $1"
_ROWS = """
SELECT shard, position, lot_id, sequence, at_us, is_outcome, convert_from(body, 'UTF8'), encode(link, 'hex')
  FROM {part} ORDER BY shard, position"""
_WITHOUT_END = """
SELECT here.lot_id FROM (SELECT DISTINCT lot_id FROM {part}) AS here
  JOIN exchange.journal AS ended ON ended.lot_id = here.lot_id AND ended.is_outcome
  LEFT JOIN exchange.snapshot AS kept ON kept.lot_id = here.lot_id
 WHERE kept.sequence IS DISTINCT FROM ended.sequence ORDER BY here.lot_id"""
_NOTE = """
INSERT INTO exchange.journal_archive (part, begins_us, before_us, file, sha256, records)
VALUES ($1, $2, $3, $4, $5, $6)"""
_NOTE_POSITIONS = "INSERT INTO exchange.archived_positions VALUES ($1, $2, $3, $4)"
_ARCHIVED_TO = "SELECT coalesce(max(last_sequence), 0) FROM exchange.archived_lot WHERE lot_id = $1"
_FORGET_PLACES = "DELETE FROM exchange.lot_place WHERE lot_id = ANY($1)"
_COLUMNS = ("position", "lot_id", "sequence", "at_us", "is_outcome", "body", "link", "shard")
_IS_AWAY = "SELECT EXISTS (SELECT FROM exchange.journal_archive WHERE part = $1)"
_ARCHIVES = "SELECT part, sha256 FROM exchange.journal_archive ORDER BY before_us"
_ABSENT_POSITIONS = "SELECT shard, max(last_position) FROM exchange.archived_positions GROUP BY shard"
_ABSENT_LOTS = """
SELECT DISTINCT ON (lot_id) lot_id, last_sequence, last_link FROM exchange.archived_lot
 ORDER BY lot_id, last_sequence DESC"""


class ArchiveRefusal(StrEnum):
    """Why a month stays where it is, in order of precedence."""

    AWAY_ALREADY = "AWAY_ALREADY"
    LOTS_OPEN = "LOTS_OPEN"
    HOLDS_HEAD = "HOLDS_HEAD"
    NOT_SETTLED = "NOT_SETTLED"
    POSITIONS_APART = "POSITIONS_APART"


class Kept(Struct, frozen=True):
    """A month that was looked at; it stays for `refusal`, or else is in the file that `manifest` describes."""

    part: Part
    refusal: ArchiveRefusal | None = None
    manifest: Manifest | None = None


class Archive:
    """The journal's months in a database, and the files that took their place."""

    def __init__(self, pool: asyncpg.Pool, tries: int = TRIES) -> None:
        self._pool = pool
        self._tries = tries
        self._journal = PostgresJournal("", pool)
        self._snapshots = PostgresSnapshots(pool)
        self._ledger = PostgresLedgerStore(pool)

    # -- away --------------------------------------------------------------------------------------------------

    async def archive(
        self, before_us: TimeUs, folder: Path, *, keep: bool, progress: Progress
    ) -> AsyncIterator[Kept]:
        """Write the months that ended by a moment into files, oldest first, and take them away unless they are kept.

        The first that must stay ends it: later ones stay as well.

        Refuses: ArchiveRefusal.
        Raises: JournalUnavailable, LedgerUnavailable, ArchiveBroken, DatabaseOccupied, OSError.
        """
        async with alone(self._pool):
            async with reaching():
                parts = [Part(*row.values()) for row in await self._pool.fetch(_PARTS, before_us)]
            reached = dict((await self.absent()).positions)
            for part in parts:
                async with reaching():
                    stretches = await self._pool.fetch(_STRETCHES.format(part=part.table))
                if not stretches:
                    continue
                refusal = await self._refusal(part, stretches, reached)
                if refusal is not None:
                    yield Kept(part, refusal)
                    return
                manifest = await self._written(part, folder, progress)
                reached |= {each.shard: each.last for each in manifest.shards}
                if not keep:
                    await self._keep_ends(part)
                    await self._take_away(part, manifest)
                yield Kept(part, None, manifest)

    async def _refusal(
        self, part: Part, stretches: list[asyncpg.Record], reached: dict[int, int]
    ) -> ArchiveRefusal | None:
        async with reaching():
            if await self._pool.fetchval(_IS_AWAY, part.part):
                return ArchiveRefusal.AWAY_ALREADY
            if await self._pool.fetchval(_OPEN_LOTS.format(part=part.table)):
                return ArchiveRefusal.LOTS_OPEN
            for shard, _, last, _, last_outcome in stretches:
                if last == await self._pool.fetchval(_HEAD, shard):
                    return ArchiveRefusal.HOLDS_HEAD
                if await self._ledger.cursor(cursor_of(shard)) < last_outcome:
                    return ArchiveRefusal.NOT_SETTLED
        for shard, first, last, count, _ in stretches:
            if first != reached.get(shard, 0) + 1 or count != last - first + 1:
                return ArchiveRefusal.POSITIONS_APART
        return None

    async def _written(self, part: Part, folder: Path, progress: Progress) -> Manifest:
        epoch = await self._journal.epoch()
        writer, done = FileWriter(folder, part.part, epoch), 0
        try:
            async with (
                reaching(),
                self._pool.acquire() as connection,
                connection.transaction(isolation="repeatable_read", readonly=True),
            ):
                async for row in connection.cursor(_ROWS.format(part=part.table), prefetch=PAGE_ROWS):
                    writer.write(ArchivedRow(*row.values()))
                    done += 1
                    if done % PAGE_ROWS == 0:
                        progress(part.part, done)
            progress(part.part, done)
            return writer.finish(part.begins_us, part.before_us)
        except BaseException:
            writer.abandon()
            raise

    async def _keep_ends(self, part: Part) -> None:
        """See that the last state of each lot of a month is a snapshot, to answer from when the records are gone."""
        async with reaching():
            lots = await self._pool.fetch(_WITHOUT_END.format(part=part.table))
        for row in lots:
            held = await recovery.recover_ended(self._journal, self._snapshots, row["lot_id"])
            assert held is not None, "the journal holds every lot that it says has ended"
            await self._snapshots.save([held.snapshot()])

    async def _take_away(self, part: Part, manifest: Manifest) -> None:
        async def work(connection: asyncpg.Connection) -> None:
            await connection.execute(f"LOCK TABLE {part.table} IN SHARE MODE")
            if await connection.fetchval(f"SELECT count(*) FROM {part.table}") != manifest.records:
                raise DatabaseOccupied(
                    "somebody has added to the month meanwhile; try again\n其间有新记录写入该月，请重试"
                )
            await _note(connection, manifest)
            await drop_month(connection, "journal", part.table)

        await in_quiet_moment(self._pool, self._tries, work)

    # -- back --------------------------------------------------------------------------------------------------

    async def restore(self, path: Path, progress: Progress) -> Manifest | RestoreRefusal:
        """Bring the month of a file back, proven against its manifest and against what the database knows of it.

        An empty month that was made meanwhile gives way. When it is refused nothing has changed.

        Refuses: RestoreRefusal.  Raises: JournalUnavailable, ArchiveBroken, DatabaseOccupied, OSError.
        """
        manifest = read_manifest(path)
        async with alone(self._pool):
            async with reaching():
                archives = {row["part"]: row["sha256"] for row in await self._pool.fetch(_ARCHIVES)}
                refusal = restore_refusal(manifest, archives, await self._journal.epoch())
            if refusal is None and list(archives)[-1] != manifest.part:
                refusal = RestoreRefusal.LATER_FIRST
            if refusal is not None:
                return refusal
            file = path.with_name(manifest.file_name)
            prove(manifest, file)

            async def work(connection: asyncpg.Connection) -> None:
                await put_back(connection, "journal", manifest, partial(_copied, manifest, file, progress))

            try:
                await in_quiet_moment(self._pool, self._tries, work)
            except MonthInUse:
                return RestoreRefusal.MONTH_IN_USE
            return manifest

    # -- for the proof -----------------------------------------------------------------------------------------

    async def absent(self) -> Absent:
        """Return what lies in files.  Raises: JournalUnavailable."""
        async with reaching():
            positions = dict(tuple(row.values()) for row in await self._pool.fetch(_ABSENT_POSITIONS))
            lots = await self._pool.fetch(_ABSENT_LOTS)
        return Absent(positions, {lot: (sequence, link) for lot, sequence, link in lots})

    async def archived_to(self, lot: LotId) -> int:
        """Return the last record of a lot that lies in a file; 0 for none.  Raises: JournalUnavailable."""
        async with reaching():
            sequence: int = await self._pool.fetchval(_ARCHIVED_TO, lot)
            return sequence

    async def shards_with_files(self, shards: int, folder: Path) -> list[ArchivedShard]:
        """Return the rows of each shard, from the archive's files and then from the database; files are proven first.

        Raises: JournalUnavailable, ArchiveBroken, OSError.
        """
        async with reaching():
            archives = await self._pool.fetch(_ARCHIVES)
        manifests = [read_manifest(manifest_path(folder, part)) for part, _ in archives]
        for manifest, (part, sha256) in zip(manifests, archives, strict=True):
            if manifest.sha256 != sha256:
                raise ArchiveBroken(f"{part} is not the file that took the month away\n{part} 不是原归档文件")
            prove(manifest, folder / manifest.file_name)
        files = [folder / manifest.file_name for manifest in manifests]
        return [
            ArchivedShard(shard, files, PostgresJournal("", self._pool, shard)) for shard in range(shards)
        ]


class ArchivedShard:
    """`exchange.verification.Rows`: one shard's rows from files, then from the database. Read it from front to back."""

    def __init__(self, shard: int, files: list[Path], journal: PostgresJournal) -> None:
        self._journal = journal
        self._filed = (line.row for file in files for line in read_rows(file) if line.shard == shard)

    async def head(self) -> int:
        """Return the last position; a month that holds it is never taken away."""
        return await self._journal.head()

    async def read_from(self, position: int, limit: int) -> list[JournalRow]:
        """Return rows after `position`, which is where the last call ended."""
        return list(islice(self._filed, limit)) or await self._journal.read_from(position, limit)


async def _note(connection: asyncpg.Connection, manifest: Manifest) -> None:
    await connection.execute(
        _NOTE, manifest.part, manifest.begins_us, manifest.before_us, manifest.file_name, manifest.sha256,
        manifest.records,
    )  # fmt: skip
    # They have ended: whoever is asked for one reads its snapshot, and the map of moved lots stays small.
    await connection.execute(_FORGET_PLACES, [end.lot for end in manifest.lots])
    positions = [(manifest.part, each.shard, each.first, each.last) for each in manifest.shards]
    await connection.executemany(_NOTE_POSITIONS, positions)
    await connection.copy_records_to_table(
        "archived_lot",
        schema_name="exchange",
        columns=("lot_id", "part", "first_sequence", "last_sequence", "last_link"),
        records=[
            (end.lot, manifest.part, end.first, end.last, bytes.fromhex(end.link)) for end in manifest.lots
        ],
    )


async def _copied(
    manifest: Manifest, file: Path, progress: Progress, connection: asyncpg.Connection, table: str
) -> None:
    """Fill a table from a month's file."""
    done = 0
    page: list[tuple[object, ...]] = []
    for line in read_rows(file):
        page.append(_values(line))
        if len(page) == PAGE_ROWS:
            done += await _copy(connection, table, page)
            progress(manifest.part, done)
            page = []
    done += await _copy(connection, table, page)
    progress(manifest.part, done)
    assert done == manifest.records, "the file was proven before"


async def _copy(connection: asyncpg.Connection, table: str, page: list[tuple[object, ...]]) -> int:
    await connection.copy_records_to_table(table, schema_name="exchange", columns=_COLUMNS, records=page)
    return len(page)


def _values(line: ArchivedRow) -> tuple[object, ...]:
    row = line.row
    return row.position, row.lot, row.sequence, row.at_us, row.is_outcome, row.body, row.link, line.shard
