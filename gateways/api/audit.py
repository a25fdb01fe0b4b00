"""The record of acts: reading it, proving it, taking it along as a table."""

from __future__ import annotations

import csv
import io
from typing import Annotated, Final

import msgspec
from aiohttp import web
from msgspec import Meta, Struct

from exchange.audit import AuditReport, EntrySearch, Kept
from gateways.api.administration import READERS
from gateways.api.errors import ApiCode
from gateways.api.operation import Asked, Operation
from ledger.exports.cells import moment_text
from matching.units import TIME_US_MAX

PAGE_ENTRIES_MAX = 500
TABLE_ENTRIES_MAX = 20_000
FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r")
COLUMNS: Final = (
    "position", "at", "at_us", "account", "login", "roles", "operation", "code", "about", "address", "request",
    "unsaid", "link",
)  # fmt: skip


class AuditQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which entries: below a position, from and until a time, of an account, an operation, a lot."""

    before: Annotated[int, Meta(ge=1, lt=2**53)] = 2**53 - 1
    from_us: Annotated[int, Meta(ge=0, le=TIME_US_MAX)] = 0
    until_us: Annotated[int, Meta(ge=0, le=TIME_US_MAX)] = TIME_US_MAX
    account: Annotated[int, Meta(ge=0, lt=2**53)] | None = None
    operation: Annotated[str, Meta(max_length=100)] | None = None
    lot: Annotated[int, Meta(ge=0, lt=2**53)] | None = None
    limit: Annotated[int, Meta(ge=1, le=PAGE_ENTRIES_MAX)] = 50


class AuditPage(Struct, frozen=True):
    """Entries, the latest first."""

    entries: list[Kept]


class AuditedOperations(Struct, frozen=True):
    """The operations of which there are entries, by their names in the OpenAPI document."""

    operations: list[str]


async def list_audit(asked: Asked) -> AuditPage:
    """List who did what."""
    return AuditPage(await asked.services.audit.search(_search(asked.query, asked.query.limit)))


async def list_audited_operations(asked: Asked) -> AuditedOperations:
    """List the operations of which there are entries."""
    return AuditedOperations(await asked.services.audit.operations())


async def verify_audit(asked: Asked) -> AuditReport:
    """Read the whole record of acts and say whether it is as it was written."""
    async with asked.services.whole_ledger():
        return await asked.services.audit.verify()


async def export_audit(asked: Asked) -> web.Response:
    """Download the latest entries as CSV, at most 20,000."""
    entries = await asked.services.audit.search(_search(asked.query, TABLE_ENTRIES_MAX))
    headers = {"Content-Disposition": 'attachment; filename="audit.csv"', "Cache-Control": "no-store"}
    return web.Response(text="\ufeff" + table(entries), content_type="text/csv", headers=headers)


def table(entries: list[Kept]) -> str:
    """Return entries as CSV; no cell begins as a formula does."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for kept in entries:
        entry = kept.entry
        about = msgspec.json.encode(entry.about).decode()
        who = (entry.account, entry.login, " ".join(entry.roles))
        what = (entry.operation, entry.code, about, entry.address, entry.request, entry.unsaid)
        row = (kept.position, moment_text(entry.at_us), entry.at_us, *who, *what, kept.link)
        writer.writerow([_cell(value) for value in row])
    return text.getvalue()


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return "'" + text if text.startswith(FORMULA_SIGNS) else text


def _search(query: AuditQuery, limit: int) -> EntrySearch:
    return EntrySearch(
        query.before, query.from_us, query.until_us, query.account, query.operation, query.lot, limit
    )


OPERATIONS = (
    Operation("GET", "/audit", list_audit, READERS, query=AuditQuery, answer=AuditPage),
    Operation("GET", "/audit/operations", list_audited_operations, READERS, answer=AuditedOperations),
    Operation(
        "GET", "/audit/verification", verify_audit, READERS, answer=AuditReport, codes=(ApiCode.BUSY,)
    ),
    Operation("GET", "/exports/audit.csv", export_audit, READERS, query=AuditQuery, media="text/csv"),
)  # fmt: skip
