"""Months of refused commands: into files when the journal's records of that time are in files, and back.

    refusal_2026_10.jsonl.zst       one refusal a line, by time
    refusal_2026_10.manifest.json   SHA-256 of the file, how many it holds, the bounds of their times

Nobody recomputes anything from refusals; they answer complaints. So a file is proven by its digest, its number of
lines and their times, and months go and come back in any order.

Belongs here: what may go, the files, the order of the steps. Does not belong here: the journal's months
(`exchange.archive`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import zstandard
from msgspec import Struct

from exchange.adapters.answering import reaching
from exchange.archive_files import (
    LEVEL,
    ROWS_SUFFIX,
    ArchiveBroken,
    give_names,
    make_durable,
    manifest_in,
    manifest_path,
    read_lines,
    require,
    sha256_of,
    unfinished_in,
)
from exchange.archive_months import (
    PAGE_ROWS,
    TRIES,
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
from matching.units import TimeUs

PREFIX = "refusal_"
FORMAT = 1

_PARTS = (
    "SELECT part, begins_us, before_us FROM exchange.refusal_part WHERE before_us <= $1 ORDER BY before_us"
)
_IS_NEEDED = "SELECT EXISTS (SELECT FROM exchange.journal WHERE at_us < $1)"
_ROWS = """
SELECT lot_id, command_id, party, at_us, amount, code, convert_from(refused, 'UTF8') FROM {part} ORDER BY at_us"""
_EPOCH = "SELECT epoch FROM exchange.journal_identity"
_NOTE = """
INSERT INTO exchange.refusal_archive (part, begins_us, before_us, file, sha256, refusals)
VALUES ($1, $2, $3, $4, $5, $6)"""
_ARCHIVES = "SELECT part, sha256 FROM exchange.refusal_archive ORDER BY before_us"
_COLUMNS = ("lot_id", "command_id", "party", "at_us", "amount", "code", "refused")


class FiledRefusal(Struct, frozen=True, gc=False):
    """A line of the file."""

    lot: int
    command_id: str
    party: int
    at_us: TimeUs
    amount: int
    code: int
    refused: str
    """The answer that was given, as JSON."""

    @property
    def values(self) -> tuple[object, ...]:
        """What the table holds of it."""
        return (
            self.lot, self.command_id, self.party, self.at_us, self.amount, self.code, self.refused.encode(),
        )  # fmt: skip


class RefusalManifest(Struct, frozen=True):
    """What a file must hold. `begins_us` and `before_us` bound the times of its refusals."""

    part: str
    epoch: str
    begins_us: TimeUs
    before_us: TimeUs
    refusals: int
    sha256: str
    format: int = FORMAT

    @property
    def file_name(self) -> str:
        """The name of the file, beside the manifest."""
        return self.part + ROWS_SUFFIX


class RefusalArchive:
    """The months of refusals in a database, and the files that took their place."""

    def __init__(self, pool: asyncpg.Pool, tries: int = TRIES) -> None:
        self._pool = pool
        self._tries = tries

    async def archive(
        self, before_us: TimeUs, folder: Path, *, keep: bool, progress: Progress
    ) -> AsyncIterator[RefusalManifest]:
        """Write the months that ended by a moment into files, and take them away unless they are kept.

        A month stays as long as the journal holds a record from before its end: that lot may still be complained of. So
        does what came into a month by a clock that went back after the month had left.

        Raises: JournalUnavailable, ArchiveBroken, DatabaseOccupied, OSError.
        """
        async with alone(self._pool):
            async with reaching():
                parts = [Part(*row.values()) for row in await self._pool.fetch(_PARTS, before_us)]
                away = {row["part"] for row in await self._pool.fetch(_ARCHIVES)}
            for part in parts:
                async with reaching():
                    if part.part in away or not await self._pool.fetchval(
                        f"SELECT EXISTS (SELECT FROM {part.table})"
                    ):
                        continue
                    if not keep and await self._pool.fetchval(_IS_NEEDED, part.before_us):
                        return
                manifest = await self._written(part, folder, progress)
                if not keep:
                    await in_quiet_moment(self._pool, self._tries, partial(_take_away, part, manifest))
                yield manifest

    async def _written(self, part: Part, folder: Path, progress: Progress) -> RefusalManifest:
        async with reaching():
            epoch = await self._pool.fetchval(_EPOCH)
        unfinished = unfinished_in(folder, part.part, epoch)
        try:
            written = await self._write(part, unfinished, progress)
            manifest = RefusalManifest(
                part.part, epoch, part.begins_us, part.before_us, written, sha256_of(unfinished)
            )
            prove_refusals(manifest, unfinished)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
        give_names(unfinished, manifest)
        return manifest

    async def _write(self, part: Part, path: Path, progress: Progress) -> int:
        written = 0
        compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
        with path.open("wb") as file:
            with compressor.stream_writer(file, closefd=False) as stream:
                async for refusal in self._refusals(part):
                    stream.write(_encode(refusal) + b"\n")
                    written += 1
                    if written % PAGE_ROWS == 0:
                        progress(part.part, written)
            make_durable(file)
        progress(part.part, written)
        return written

    async def _refusals(self, part: Part) -> AsyncIterator[FiledRefusal]:
        async with (
            reaching(),
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            async for row in connection.cursor(_ROWS.format(part=part.table), prefetch=PAGE_ROWS):
                yield FiledRefusal(*row.values())

    async def restore(self, path: Path, progress: Progress) -> RefusalManifest | RestoreRefusal:
        """Bring the month of a file back, proven against its manifest and against what the database knows of it.

        Refuses: OTHER_JOURNAL, NOT_ARCHIVED, OTHER_FILE, MONTH_IN_USE.
        Raises: JournalUnavailable, ArchiveBroken, DatabaseOccupied, OSError.
        """
        manifest = read_refusal_manifest(path)

        async def fill(connection: asyncpg.Connection, table: str) -> None:
            rows = (refusal.values for refusal in read_refusals(path.with_name(manifest.file_name)))
            await connection.copy_records_to_table(
                table, schema_name="exchange", columns=_COLUMNS, records=rows
            )
            progress(manifest.part, manifest.refusals)

        async def work(connection: asyncpg.Connection) -> None:
            await put_back(connection, "refusal", manifest, fill)

        async with alone(self._pool):
            async with reaching():
                archives = {row["part"]: row["sha256"] for row in await self._pool.fetch(_ARCHIVES)}
                refusal = restore_refusal(manifest, archives, await self._pool.fetchval(_EPOCH))
            if refusal is not None:
                return refusal
            prove_refusals(manifest, path.with_name(manifest.file_name))
            try:
                await in_quiet_moment(self._pool, self._tries, work)
            except MonthInUse:
                return RestoreRefusal.MONTH_IN_USE
            return manifest

    async def prove_files(self, folder: Path) -> int:
        """Prove that a folder holds every month that was taken away, and return how many refusals they hold.

        Raises: JournalUnavailable, ArchiveBroken, OSError.
        """
        async with reaching():
            archives = await self._pool.fetch(_ARCHIVES)
        refusals = 0
        for part, sha256 in archives:
            manifest = read_refusal_manifest(manifest_path(folder, part))
            if manifest.sha256 != sha256:
                raise ArchiveBroken(f"{part} is not the file that took the month away\n{part} 不是原归档文件")
            prove_refusals(manifest, folder / manifest.file_name)
            refusals += manifest.refusals
        return refusals


def holds_refusals(path: Path) -> bool:
    """Tell by its name whether a file of the archive, or its manifest, is one of refusals."""
    return path.name.startswith(PREFIX)


def read_refusal_manifest(path: Path) -> RefusalManifest:
    """Return a manifest, from its own path or from that of its file.  Raises: ArchiveBroken, OSError."""
    manifest = manifest_in(path, RefusalManifest, FORMAT)
    require(manifest.part.startswith(PREFIX), "name of the month in", path.name, "月份名称")
    return manifest


def read_refusals(path: Path) -> Iterator[FiledRefusal]:
    """Return the refusals of a file, in its order.  Raises: ArchiveBroken."""
    return read_lines(path, _decode)


def prove_refusals(manifest: RefusalManifest, path: Path) -> None:
    """Read a file to its end and compare it with its manifest.  Raises: ArchiveBroken, OSError."""
    require(sha256_of(path) == manifest.sha256, "SHA-256 of", path.name, "文件 SHA-256")
    refusals = 0
    for refusal in read_refusals(path):
        inside = manifest.begins_us <= refusal.at_us < manifest.before_us
        require(inside, "time of refusal", refusals + 1, "记录时间")
        refusals += 1
    require(refusals == manifest.refusals, "number of refusals in", path.name, "记录数")


async def _take_away(part: Part, manifest: RefusalManifest, connection: Any) -> None:
    await connection.execute(f"LOCK TABLE {part.table} IN SHARE MODE")
    here = await connection.fetchval(f"SELECT count(*) FROM {part.table}")
    require(here == manifest.refusals, "number of refusals in", part.part, "记录数")
    await connection.execute(
        _NOTE, manifest.part, manifest.begins_us, manifest.before_us, manifest.file_name, manifest.sha256,
        manifest.refusals,
    )  # fmt: skip
    await drop_month(connection, "refusal", part.table)


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(FiledRefusal).decode
