"""Files for finance, streamed from the ledger as it is at one moment, each download on record.

Belongs here: parameters, headers, and cutting a download that fails. Does not belong here: what is in the files and
the record of who took them (`ledger.exports`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Annotated, Any, Literal, TypeAlias
from urllib.parse import quote

import msgspec
import structlog
from aiohttp import web
from msgspec import Meta, Struct, field

from gateways.api.errors import ApiCode, ApiError
from gateways.api.finance_roles import READERS
from gateways.api.operation import Asked, Handle, Operation
from ledger.exports import (
    MEDIA_TYPES,
    Channel,
    DayOf,
    Download,
    Export,
    ExportRefusal,
    Exports,
    Format,
    Refused,
    Report,
    ReportWanted,
    Taker,
)
from ledger.postgres import PostgresLedgerStore
from matching.units import TIME_US_MAX

log = structlog.get_logger(__name__)

DOWNLOAD_SECONDS_MAX = 600
"""A download holds one view of the ledger open; a reader slower than this is cut."""

DOWNLOADS_LISTED_MAX = 1_000

LotId: TypeAlias = Annotated[int, Meta(gt=0, lt=2**53)]
TableFormat: TypeAlias = Literal["csv", "xlsx", "jsonl", "parquet"]
JournalFormat: TypeAlias = Literal["csv", "xlsx", "jsonl", "parquet", "beancount", "hledger"]


class ExportQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """The format, the language of headings, and whether CSV begins with the mark that Excel needs."""

    format: TableFormat = "csv"
    language: Literal["zh", "en"] = "zh"
    bom: bool = False


class LotRegisterQuery(ExportQuery, frozen=True, forbid_unknown_fields=True):
    """As other exports, of one lot or of all."""

    lot: LotId | None = None


class PeriodQuery(ExportQuery, frozen=True, forbid_unknown_fields=True):
    """As other exports, from a first to a last day (ISO 8601, at the centre)."""

    since: date | None = field(name="from", default=None)
    until: date | None = None


class JournalQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """As other exports of a period, also as a journal for beancount or hledger, which is always of everything."""

    format: JournalFormat = "csv"
    language: Literal["zh", "en"] = "zh"
    bom: bool = False
    since: date | None = field(name="from", default=None)
    until: date | None = None


class TrialBalanceQuery(ExportQuery, frozen=True, forbid_unknown_fields=True):
    """As other exports, at a moment in microseconds or at the end of a day; now, when neither is given."""

    at_us: Annotated[int, Meta(ge=0, le=TIME_US_MAX)] | None = None
    until: date | None = None


class StatementQuery(PeriodQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """As other exports of a period, of one account of the ledger."""

    account: Annotated[str, Meta(min_length=1, max_length=120)]


class LotSheetQuery(ExportQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """As other exports, of one lot."""

    lot: LotId


class SummaryQuery(PeriodQuery, frozen=True, forbid_unknown_fields=True):
    """As other exports of a period; a day is that of recording, or that on which it happened."""

    day_of: Literal["recorded", "event"] = "recorded"


class OldRegisterQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """The language; a file in Chinese begins with the mark that spreadsheets need. Of one lot or of all."""

    language: Literal["zh", "en"] = "zh"
    lot: LotId | None = None


class OldJournalQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """The language; a file in Chinese begins with the mark that spreadsheets need."""

    language: Literal["zh", "en"] = "zh"


class DownloadsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """A page of the record: so many, before a number."""

    before: LotId | None = None
    limit: Annotated[int, Meta(ge=1, le=DOWNLOADS_LISTED_MAX)] = 100


class DownloadRow(Struct, frozen=True):
    """A recorded download; `parameters` is what was asked for, `outcome` completed, aborted or unfinished."""

    id: int
    report: str
    format: str
    parameters: dict[str, Any]
    taken_by: int
    taker: str
    channel: str
    head_sequence: int
    head_hash: str
    started_at_us: int
    outcome: str
    rows: int | None
    bytes: int | None
    sha256: str | None
    ended_at_us: int | None


class Downloads(Struct, frozen=True):
    """Recorded downloads, the newest first."""

    downloads: list[DownloadRow]


async def list_downloads(asked: Asked) -> Downloads:
    """List who took which report, when, and the digest of its bytes."""
    query: DownloadsQuery = asked.query
    return Downloads([_row(each) for each in await _exports(asked).downloads(query.before, query.limit)])


def _row(download: Download) -> DownloadRow:
    return DownloadRow(
        id=download.download_id,
        report=download.report,
        format=download.format,
        parameters=msgspec.json.decode(download.parameters, type=dict[str, Any]),
        taken_by=download.taken_by,
        taker=download.taker,
        channel=download.channel.value,
        head_sequence=download.head_sequence,
        head_hash=download.head_hash,
        started_at_us=download.started_at_us,
        outcome=download.outcome.value,
        rows=download.rows,
        bytes=download.bytes,
        sha256=download.sha256,
        ended_at_us=download.ended_at_us,
    )


def wanted_of(report: Report, query: Any) -> ReportWanted:
    """Return what a query asks for."""
    return ReportWanted(
        report=report,
        format=Format(query.format),
        language=query.language,
        with_byte_order_mark=query.bom,
        lot_id=getattr(query, "lot", None),
        account=getattr(query, "account", None),
        at_us=getattr(query, "at_us", None),
        from_day=getattr(query, "since", None),
        until_day=getattr(query, "until", None),
        day_of=DayOf(getattr(query, "day_of", DayOf.RECORDED)),
    )


def _exporting(report: Report, summary: str) -> Handle:
    """Return the handler of a report; its name and summary go into the OpenAPI document."""

    async def export(asked: Asked) -> web.StreamResponse:
        return await _streamed(asked, wanted_of(report, asked.query))

    export.__name__ = f"export_{report.value.replace('-', '_')}"
    export.__doc__ = summary
    return export


async def export_deposits_csv(asked: Asked) -> web.StreamResponse:
    """Download the deposit register as CSV, for spreadsheets."""
    query: OldRegisterQuery = asked.query
    wanted = ReportWanted(
        report=Report.DEPOSITS,
        language=query.language,
        with_byte_order_mark=query.language == "zh",
        lot_id=query.lot,
    )
    return await _streamed(asked, wanted)


async def export_journal_csv(asked: Asked) -> web.StreamResponse:
    """Download all postings as CSV, for spreadsheets."""
    query: OldJournalQuery = asked.query
    wanted = ReportWanted(
        report=Report.JOURNAL, language=query.language, with_byte_order_mark=query.language == "zh"
    )
    return await _streamed(asked, wanted)


async def export_journal_beancount(asked: Asked) -> web.StreamResponse:
    """Download the journal for beancount."""
    return await _streamed(asked, ReportWanted(report=Report.JOURNAL, format=Format.BEANCOUNT))


async def _streamed(asked: Asked, wanted: ReportWanted) -> web.StreamResponse:
    """Send a file chunk by chunk. What fails before the first chunk is an error answer, later a cut connection."""
    async with _opened(asked, wanted) as export:
        parts = export.chunks()
        first = await anext(parts, b"")
        response = web.StreamResponse(headers=_headers(export))
        await response.prepare(asked.request)
        try:
            async with asyncio.timeout(DOWNLOAD_SECONDS_MAX):
                await _send(response, first, parts)
            export.complete()
        except Exception as error:  # noqa: BLE001 the edge of a download: nothing can be answered any more
            _cut(asked.request, error)
        return response


@asynccontextmanager
async def _opened(asked: Asked, wanted: ReportWanted) -> AsyncIterator[Export]:
    """Open a report for the caller, who is one of the few to read the whole ledger now.

    Raises: ApiError, Busy.
    """
    caller = asked.caller
    taker = Taker(account_id=caller.id, name=caller.login, channel=Channel.HTTP)
    async with asked.services.whole_ledger(), _exports(asked).opened(wanted, taker) as opened:
        if isinstance(opened, Refused):
            raise _error(opened)
        yield opened


def _exports(asked: Asked) -> Exports:
    ledger = asked.services.ledger
    assert isinstance(ledger, PostgresLedgerStore), "reports are read from PostgreSQL"
    return Exports(ledger)


def _error(refused: Refused) -> ApiError:
    if refused.refusal is ExportRefusal.LOT_UNKNOWN:
        return ApiError(ApiCode.LOT_UNKNOWN, refused.subject)
    return ApiError(ApiCode.INVALID, "query", (f"{refused.refusal.value}: {refused.subject}",))


def _headers(export: Export) -> dict[str, str]:
    """Return the headers of a file, with its name in two languages.

    Source: RFC 6266, sections 4.3 and 5; RFC 8187.
    """
    return {
        "Content-Type": export.media_type,
        "Content-Disposition": (
            f"attachment; filename=\"{export.file_name}\"; filename*=UTF-8''{quote(export.file_name_zh)}"
        ),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "X-Download-Number": str(export.download_id),
    }


async def _send(response: web.StreamResponse, first: bytes, rest: AsyncIterator[bytes]) -> None:
    await response.write(first)
    async for part in rest:
        await response.write(part)
    await response.write_eof()


def _cut(request: web.Request, error: Exception) -> None:
    """End the connection without the end of the file, so that nobody takes a part for the whole."""
    log.warning("export.cut", path=request.path, error=str(error) or type(error).__name__)
    if request.transport is not None:
        request.transport.abort()


CSV = MEDIA_TYPES[Format.CSV].partition(";")[0]
CODES = (ApiCode.BUSY,)
REPORTS: tuple[tuple[Report, type, str], ...] = (
    (Report.DEPOSITS, LotRegisterQuery, "Download the deposit register."),
    (
        Report.REFUNDS,
        LotRegisterQuery,
        "Download the refund register: what is owed back, under way and paid.",
    ),
    (Report.RECEIPTS, PeriodQuery, "Download the receipts, with what is in suspense."),
    (Report.JOURNAL, JournalQuery, "Download all postings with both legs."),
    (Report.TRIAL_BALANCE, TrialBalanceQuery, "Download the balances of all accounts at a moment."),
    (Report.STATEMENT, StatementQuery, "Download one account's entries with its running balance."),
    (Report.LOT, LotSheetQuery, "Download the settlement sheet of a lot."),
    (Report.DAILY, SummaryQuery, "Download what came in, was held and went out, by day."),
    (Report.MONTHLY, SummaryQuery, "Download what came in, was held and went out, by month."),
)
OPERATIONS = (
    *(
        Operation(
            "GET",
            f"/exports/{report.value}",
            _exporting(report, summary),
            READERS,
            query=query,
            media=CSV,
            codes=(*CODES, ApiCode.LOT_UNKNOWN) if report is Report.LOT else CODES,
        )
        for report, query, summary in REPORTS
    ),
    Operation("GET", "/exports/downloads", list_downloads, READERS, query=DownloadsQuery, answer=Downloads),
    Operation(
        "GET", "/exports/deposits.csv", export_deposits_csv, READERS, query=OldRegisterQuery, media=CSV, codes=CODES
    ),
    Operation(
        "GET", "/exports/journal.csv", export_journal_csv, READERS, query=OldJournalQuery, media=CSV, codes=CODES
    ),
    Operation(
        "GET", "/exports/journal.beancount", export_journal_beancount, READERS, media="text/plain", codes=CODES
    ),
)  # fmt: skip
