"""Taking a report out of the ledger: opened on one snapshot, recorded, streamed, and ended as whole or aborted.

Here belongs the service that every way out goes through, so that nothing leaves without a record.
Not here: HTTP and files (gateways), rows (postgres), formats.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

import msgspec

from ledger.chain import ChainHead
from ledger.exports import postgres
from ledger.exports.beancount import beancount_chunks
from ledger.exports.cells import day_of, moment_text
from ledger.exports.delimited import csv_chunks
from ledger.exports.hledger import hledger_chunks
from ledger.exports.json_lines import json_lines_chunks
from ledger.exports.parquet import parquet_chunks
from ledger.exports.reports import (
    MEDIA_TYPES,
    SHAPES,
    ExportRefusal,
    Format,
    Refused,
    Report,
    ReportWanted,
    refusal_of,
)
from ledger.exports.tables import Closing, Sheet
from ledger.exports.workbook import workbook_chunks
from ledger.postgres import Desk, PostgresLedgerStore
from ledger.store import LedgerUnavailable

WRITERS: Final[dict[Format, Callable[[Sheet], AsyncIterator[bytes]]]] = {
    Format.CSV: csv_chunks,
    Format.XLSX: workbook_chunks,
    Format.JSON_LINES: json_lines_chunks,
    Format.PARQUET: parquet_chunks,
    Format.BEANCOUNT: beancount_chunks,
    Format.HLEDGER: hledger_chunks,
}


class Channel(StrEnum):
    """The way out."""

    HTTP = "http"
    COMMAND_LINE = "command_line"


class DownloadOutcome(StrEnum):
    """What became of a download. UNFINISHED ones are under way, or their process died."""

    COMPLETED = "completed"
    ABORTED = "aborted"
    UNFINISHED = "unfinished"


class Taker(msgspec.Struct, frozen=True, kw_only=True):
    """Who takes a report: `account_id` 0 is somebody on the exchange's own machine, whose user is `name`."""

    account_id: int
    name: str
    channel: Channel


class Download(msgspec.Struct, frozen=True, kw_only=True):
    """A recorded download; what is None is known at its end only. `parameters` is a JSON object."""

    download_id: int
    report: str
    format: str
    parameters: msgspec.Raw
    taken_by: int
    taker: str
    channel: Channel
    head_sequence: int
    head_hash: str
    started_at_us: int
    outcome: DownloadOutcome
    rows: int | None
    bytes: int | None
    sha256: str | None
    ended_at_us: int | None


class Export:
    """A report under way: stream `chunks` to their end, and call `complete` when the last byte has left."""

    def __init__(
        self, download_id: int, wanted: ReportWanted, sheet: Sheet, expected_rows: int | None, day: str
    ) -> None:
        self.download_id = download_id
        self.expected_rows = expected_rows
        self.is_complete = False
        self._wanted = wanted
        self._sheet = sheet
        self._day = day
        self._digest = sha256()
        self._bytes = 0
        self._is_exhausted = False

    @property
    def media_type(self) -> str:
        """The media type of the bytes."""
        return MEDIA_TYPES[self._wanted.format]

    @property
    def file_name(self) -> str:
        """A name in ASCII, with the day."""
        return f"luochui-{self._wanted.report}-{self._day}.{self._wanted.format}"

    @property
    def file_name_zh(self) -> str:
        """A name in Chinese, with the day."""
        return f"落槌-{SHAPES[self._wanted.report].title_zh}-{self._day}.{self._wanted.format}"

    @property
    def head(self) -> ChainHead:
        """The last posting of the books that it is read from."""
        return self._sheet.closing.head

    @property
    def rows(self) -> int:
        """How many rows have been written so far."""
        return self._sheet.closing.rows

    @property
    def closing(self) -> Closing:
        """Rows and totals, complete when the chunks are."""
        return self._sheet.closing

    @property
    def size_bytes(self) -> int:
        """How many bytes have been handed over so far."""
        return self._bytes

    @property
    def sha256(self) -> bytes:
        """The digest of the bytes handed over so far."""
        return self._digest.digest()

    async def chunks(self) -> AsyncIterator[bytes]:
        """Stream the bytes; once."""
        async for chunk in WRITERS[self._wanted.format](self._sheet):
            if chunk:
                self._digest.update(chunk)
                self._bytes += len(chunk)
                yield chunk
        self._is_exhausted = True

    def complete(self) -> None:
        """Say that the last byte has left; without this the download is recorded as aborted."""
        assert self._is_exhausted, "all chunks are taken before a download is complete"
        self.is_complete = True


class Exports:
    """Takes reports out of the ledger in PostgreSQL, each with a record of who took it.

    Args:
        store: the ledger.
    """

    def __init__(self, store: PostgresLedgerStore) -> None:
        self._store = store

    @asynccontextmanager
    async def opened(self, wanted: ReportWanted, taker: Taker) -> AsyncIterator[Export | Refused]:
        """Open a report on the books as they are now, and record that it is taken.

        The record is on disk before the report is handed out, and ended when the context is left: as completed
        if `complete` was called, else as aborted.

        Refuses: ExportRefusal, as the value; then nothing is recorded.
        Raises: LedgerUnavailable, LedgerStoreError.
        """
        async with self._store.snapshot() as connection:
            refused = refusal_of(wanted) or await _unknown(connection, wanted)
            if refused is not None:
                yield refused
                return
            export = await self._started(connection, wanted, taker)
            try:
                yield export
            finally:
                # without the database it stays unfinished, and is seen as such
                with suppress(LedgerUnavailable):
                    await asyncio.shield(self._end(export))

    async def downloads(self, before_id: int | None = None, limit: int = 100) -> list[Download]:
        """Return recorded downloads, the newest first.

        Args:
            before_id: only those before this one.
            limit: at most so many.
        """
        async with self._store.snapshot() as connection:
            rows = await connection.fetch(postgres.DOWNLOADS, before_id, limit)
        return [_download(row) for row in rows]

    async def _started(self, connection: Any, wanted: ReportWanted, taker: Taker) -> Export:
        head = await postgres.head_of_books(connection)
        expected = await postgres.expected_rows(connection, wanted)

        async def record(desk: Desk) -> tuple[int, int]:
            number = await desk.connection.fetchval(
                postgres.START_DOWNLOAD,
                wanted.report.value,
                wanted.format.value,
                postgres.parameters_json(wanted),
                taker.account_id,
                taker.name,
                taker.channel.value,
                head.sequence,
                head.hash,
                desk.now_us,
            )
            return number, desk.now_us

        download_id, now_us = await self._store.at_desk(record)
        sheet = Sheet(
            table=postgres.table_of(connection, wanted),
            closing=Closing(head),
            language=wanted.language,
            with_byte_order_mark=wanted.with_byte_order_mark,
            about={
                "download": str(download_id),
                "taken_at": moment_text(now_us),
                "time_zone": "Asia/Shanghai",
                "parameters": postgres.parameters_json(wanted),
            },
        )
        return Export(download_id, wanted, sheet, expected, str(day_of(now_us)))

    async def _end(self, export: Export) -> None:
        outcome = DownloadOutcome.COMPLETED if export.is_complete else DownloadOutcome.ABORTED

        async def record(desk: Desk) -> None:
            await desk.connection.execute(
                postgres.END_DOWNLOAD,
                export.download_id,
                outcome.value,
                export.rows,
                export.size_bytes,
                export.sha256,
                desk.now_us,
            )

        await self._store.at_desk(record)


async def _unknown(connection: Any, wanted: ReportWanted) -> Refused | None:
    """Tell whether a report is asked for of something that the ledger does not have."""
    lot_id = wanted.lot_id if wanted.report is Report.LOT else None
    if lot_id is not None and not await postgres.is_lot_known(connection, lot_id):
        return Refused(ExportRefusal.LOT_UNKNOWN, str(lot_id))
    if wanted.account is not None and not await postgres.is_account_known(connection, wanted.account):
        return Refused(ExportRefusal.ACCOUNT_UNKNOWN, wanted.account)
    return None


def _download(row: Any) -> Download:
    return Download(
        download_id=row["download_id"],
        report=row["report"],
        format=row["format"],
        parameters=msgspec.Raw(row["parameters"].encode()),
        taken_by=row["taken_by"],
        taker=row["taker"],
        channel=Channel(row["channel"]),
        head_sequence=row["head_sequence"],
        head_hash=row["head_hash"].hex(),
        started_at_us=row["started_at_us"],
        outcome=DownloadOutcome(row["outcome"]),
        rows=row["rows"],
        bytes=row["bytes"],
        sha256=None if row["sha256"] is None else row["sha256"].hex(),
        ended_at_us=row["ended_at_us"],
    )
