"""What finance downloads over HTTP: every report in every format, under both names, and the record of it."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import re
from typing import Any
from urllib.parse import unquote

import openpyxl
import pytest
from pyarrow import parquet

from exchange.people import Role
from gateways.api.exports import REPORTS
from ledger.exports import MEDIA_TYPES, SHAPES, Format, Report
from tests.e2e.test_api_deposits import lot_with_deposit, sold
from tests.large_ledger import fill
from tests.served import API, Person, Served


@pytest.fixture
async def host(floor: Served) -> Person:
    return await floor.program("host", Role.HOST)


@pytest.fixture
async def finance(floor: Served) -> Person:
    return await floor.person("finance", Role.FINANCE)


@pytest.fixture
async def lot(floor: Served, host: Person) -> int:
    """A lot that anna has paid for and bought."""
    lot, anna = await lot_with_deposit(host), await floor.person("anna", Role.BIDDER)
    state = await anna.post(f"/lots/{lot}/sign-up")
    await anna.post("/demo-bank/payments", {"reference": state["reference"]})
    await sold(floor, host, lot, anna)
    return lot


def query_of(report: Report, lot: int) -> dict[str, str]:
    if report is Report.LOT:
        return {"lot": str(lot)}
    return {"account": "assets:bank:cny"} if report is Report.STATEMENT else {}


async def downloads(finance: Person) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = (await finance.get("/exports/downloads"))["downloads"]
    return listed


def is_whole(format: Format, content: bytes) -> bool:
    """Tell whether a reader that is not ours finds the end of the file."""
    match format:
        case Format.XLSX:
            return len(openpyxl.load_workbook(io.BytesIO(content)).worksheets) == 2
        case Format.PARQUET:
            return b"luochui.closing" in parquet.ParquetFile(io.BytesIO(content)).metadata.metadata
        case Format.JSON_LINES:
            return "closing" in json.loads(content.splitlines()[-1])
        case Format.CSV:
            return content.splitlines()[-1].startswith('"链头",'.encode())
        case Format.BEANCOUNT | Format.HLEDGER:
            return content.splitlines()[-1].startswith(b"; chain head: ")


async def test_every_report_comes_in_each_of_its_formats(lot: int, finance: Person) -> None:
    for report, _, _ in REPORTS:
        for format in sorted(SHAPES[report].formats):
            query = {**query_of(report, lot), "format": format.value}
            async with finance.http.get(f"{API}/exports/{report.value}", params=query) as answer:
                content = await answer.read()
                assert answer.status == 200, content
                assert answer.headers["Content-Type"] == MEDIA_TYPES[format]
                name = answer.headers["Content-Disposition"]
            assert re.fullmatch(
                rf'attachment; filename="luochui-{report.value}-[\d-]{{10}}\.{format}"; filename\*=UTF-8\'\'\S+',
                name,
            )
            assert SHAPES[report].title_zh in unquote(name)
            assert is_whole(format, content)
            newest = (await downloads(finance))[0]
            assert (newest["report"], newest["format"], newest["outcome"]) == (report, format, "completed")
            assert (newest["taker"], newest["channel"]) == ("finance", "http")
            assert (newest["bytes"], newest["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())


async def test_a_mark_for_excel_is_written_on_request(lot: int, finance: Person) -> None:
    for query, start in (("?bom=true", b'\xef\xbb\xbf"'), ("", b'"')):
        async with finance.http.get(f"{API}/exports/journal{query}") as answer:
            assert (await answer.read()).startswith(start)


@pytest.mark.parametrize(
    ("path", "status", "problem"),
    [
        ("/exports/lot?lot=999", 404, ""),
        ("/exports/statement?account=assets:none", 422, "account_unknown: assets:none"),
        ("/exports/statement", 422, "missing required field `account`"),
        ("/exports/deposits?format=beancount", 422, "format: "),
        ("/exports/deposits?account=assets:bank:cny", 422, "unknown field `account`"),
        ("/exports/journal?format=hledger&from=2026-01-01", 422, "parameter_not_of_report: from_day"),
        ("/exports/daily?from=2026-01-02&until=2026-01-01", 422, "period_reversed: "),
        ("/exports/daily?from=yesterday", 422, "from: "),
        ("/exports/trial-balance?at_us=1&until=2026-01-01", 422, "parameter_not_of_report: at_us"),
    ],
)
async def test_what_cannot_be_made_is_answered_as_such(
    floor: Served, finance: Person, path: str, status: int, problem: str
) -> None:
    answered, answer = await finance.ask("GET", path)
    assert answered == status
    assert problem in " ".join(answer.get("problems", []))
    assert await downloads(finance) == []


async def test_only_finance_takes_reports_out(floor: Served) -> None:
    for person in (await floor.person("anna", Role.BIDDER), await floor.program("admin", Role.ADMIN)):
        for report, _, _ in REPORTS:
            assert (await person.ask("GET", f"/exports/{report.value}"))[0] == 403
        assert (await person.ask("GET", "/exports/downloads"))[0] == 403


async def test_an_auditor_takes_reports_out(lot: int, floor: Served) -> None:
    auditor = await floor.person("auditor", Role.AUDITOR)
    async with auditor.http.get(f"{API}/exports/journal") as answer:
        assert answer.status == 200
        await answer.read()
    assert [each["taker"] for each in await downloads(auditor)] == ["auditor"]


async def test_a_download_that_is_cut_stays_on_record_as_aborted(floor: Served, finance: Person) -> None:
    url = floor.exchange.settings.database_url
    assert url is not None
    await fill(url, 40_000)
    async with finance.http.get(f"{API}/exports/journal") as answer:
        await answer.content.readany()
        answer.close()
    async with asyncio.timeout(60):
        while (cut := (await downloads(finance))[0])["outcome"] == "unfinished":
            await asyncio.sleep(0.05)
    assert cut["outcome"] == "aborted"
    assert 0 < cut["rows"] < 40_000
