"""Files for finance, streamed from the ledger as it is at one moment."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Annotated, Literal, TypeAlias

import structlog
from aiohttp import web
from msgspec import Meta, Struct

from exchange.people import Role
from gateways.api.errors import ApiCode
from gateways.api.operation import Asked, Operation, only
from ledger.exports import CENTRE_ZONE, beancount_journal, journal_csv, register_csv
from ledger.store import LedgerReader

log = structlog.get_logger(__name__)

DOWNLOAD_SECONDS_MAX = 600
"""A download holds one view of the ledger open; a reader slower than this is cut."""

CSV = "text/csv; charset=utf-8"
PLAIN = "text/plain; charset=utf-8"

Chunks: TypeAlias = Callable[[LedgerReader], AsyncIterator[bytes]]


class ExportQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """The language of headings and states; a file in Chinese begins with the mark that spreadsheets need."""

    language: Literal["zh", "en"] = "zh"


class RegisterQuery(ExportQuery, frozen=True, forbid_unknown_fields=True):
    """As other exports, of one lot or of all."""

    lot: Annotated[int, Meta(gt=0, lt=2**53)] | None = None


async def export_register(asked: Asked) -> web.StreamResponse:
    """Download the deposit register as CSV."""
    query: RegisterQuery = asked.query
    mark = query.language == "zh"
    return await _streamed(
        asked,
        "deposits",
        "csv",
        lambda reader: register_csv(
            reader, lot_id=query.lot, language=query.language, with_byte_order_mark=mark
        ),
    )


async def export_journal(asked: Asked) -> web.StreamResponse:
    """Download all postings as CSV."""
    query: ExportQuery = asked.query
    mark = query.language == "zh"
    return await _streamed(
        asked,
        "journal",
        "csv",
        lambda reader: journal_csv(reader, language=query.language, with_byte_order_mark=mark),
    )


async def export_beancount(asked: Asked) -> web.StreamResponse:
    """Download the journal for beancount."""
    return await _streamed(asked, "journal", "beancount", beancount_journal)


async def _streamed(asked: Asked, name: str, ending: str, chunks: Chunks) -> web.StreamResponse:
    """Send a file chunk by chunk. What fails before the first chunk is an error answer, later a cut connection."""
    today = datetime.fromtimestamp(asked.services.clock.now_us() / 1_000_000, CENTRE_ZONE).date()
    response = web.StreamResponse(
        headers={
            "Content-Type": CSV if ending == "csv" else PLAIN,
            "Content-Disposition": f'attachment; filename="luochui-{name}-{today}.{ending}"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
    )
    async with asked.services.whole_ledger() as ledger, ledger.reading() as reader:
        parts = chunks(reader)
        first = await anext(parts, b"")
        await response.prepare(asked.request)
        try:
            async with asyncio.timeout(DOWNLOAD_SECONDS_MAX):
                await _send(response, first, parts)
        except Exception as error:  # noqa: BLE001 the edge of a download: nothing can be answered any more
            _cut(asked.request, error)
    return response


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


FINANCE = only(Role.FINANCE)
BUSY = (ApiCode.BUSY,)
OPERATIONS = (
    Operation(
        "GET", "/exports/deposits.csv", export_register, FINANCE, query=RegisterQuery, media="text/csv", codes=BUSY
    ),
    Operation("GET", "/exports/journal.csv", export_journal, FINANCE, query=ExportQuery, media="text/csv", codes=BUSY),
    Operation("GET", "/exports/journal.beancount", export_beancount, FINANCE, media="text/plain", codes=BUSY),
)  # fmt: skip
