"""The refund register, the reports and the journals while refunds go out: proposed, sent, paid, rejected."""

import csv
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ledger.exports import Channel, Export, Exports, Format, Report, ReportWanted, Taker, grouped_reference
from tests.closing import away_from_midnight
from tests.contract.test_export_formats import AUDITORS
from tests.payouts import NUMBER, Centre, running_centre, status_report, transfer_said


@pytest.fixture
async def centre(database_url: str) -> AsyncIterator[Centre]:
    await away_from_midnight()
    async with running_centre(database_url) as centre:
        yield centre


async def taken(centre: Centre, wanted: ReportWanted) -> bytes:
    taker = Taker(account_id=0, name="test", channel=Channel.COMMAND_LINE)
    async with Exports(centre.store).opened(wanted, taker) as export:
        assert isinstance(export, Export), export
        content = b"".join([chunk async for chunk in export.chunks()])
        export.complete()
    return content


async def rows(centre: Centre, report: Report, **wanted: Any) -> list[dict[str, Any]]:
    content = await taken(centre, ReportWanted(report=report, format=Format.JSON_LINES, **wanted))
    return [json.loads(line) for line in content.splitlines()][:-1]


async def states(centre: Centre) -> list[tuple[Any, ...]]:
    names = ("bidder", "owed", "not_proposed", "in_preparation", "in_transit", "paid", "state")
    return [tuple(row[name] for name in names) for row in await rows(centre, Report.REFUNDS)]


async def test_the_refund_register_follows_each_refund(centre: Centre) -> None:
    await centre.owes(1, (7, 8))
    assert await states(centre) == [
        (7, 100_00, 100_00, 0, 0, 0, "due"),
        (8, 100_00, 100_00, 0, 0, 0, "due"),
    ]
    batch, payouts = await centre.sent(lot_id=2, bidder_ids=(5, 6))
    assert (await states(centre))[2:] == [
        (5, 100_00, 0, 0, 100_00, 0, "sent"),
        (6, 100_00, 0, 0, 100_00, 0, "sent"),
    ]
    said = [transfer_said(payouts[0], "ACSC"), transfer_said(payouts[1], "RJCT", "AC04", "账户已销户")]
    await centre.reads(status_report(batch.message_id, said))
    assert (await states(centre))[2:] == [
        (5, 100_00, 0, 0, 0, 100_00, "paid"),
        (6, 100_00, 100_00, 0, 0, 0, "rejected"),
    ]
    paid, rejected = (await rows(centre, Report.REFUNDS, lot_id=2))[:2]
    assert (paid["payee_account"], paid["approved_by"] != paid["proposed_by"]) == (NUMBER, True)
    assert paid["owed_in_words"] == "人民币壹佰元整"
    assert "账户已销户" in rejected["reason"]


async def test_account_numbers_stay_whole_in_a_spreadsheet(centre: Centre) -> None:
    await centre.sent()
    content = await taken(centre, ReportWanted(report=Report.REFUNDS))
    (row,) = [line for line in csv.DictReader(io.StringIO(content.decode())) if line["lot"] == "1"]
    assert row["payee_account"] == grouped_reference(NUMBER)


async def test_the_daily_report_has_what_went_out(centre: Centre) -> None:
    batch, (payout,) = await centre.sent()
    (before,) = await rows(centre, Report.DAILY)
    assert (before["released"], before["paid_out"], before["in_transit_balance"]) == (100_00, 0, 100_00)
    await centre.reads(status_report(batch.message_id, [transfer_said(payout, "ACSC")]))
    (after,) = await rows(centre, Report.DAILY)
    assert (after["paid_out"], after["in_transit_balance"], after["bank_balance"]) == (100_00, 0, 0)
    assert after["paid_out_in_words"] == "人民币壹佰元整"


async def test_a_receipt_leaves_suspense_when_it_is_sent_back(centre: Centre) -> None:
    await centre.receives("nobody", "stray", 50_00, "路人")
    (row,) = await rows(centre, Report.RECEIPTS)
    assert (row["status"], row["in_suspense"], row["resolved_as"]) == ("suspense", 50_00, None)


@pytest.mark.parametrize("format", AUDITORS)
async def test_auditors_accept_refunds(centre: Centre, format: Format, tmp_path: Path) -> None:
    batch, payouts = await centre.sent(bidder_ids=(1, 2))
    said = [transfer_said(payouts[0], "ACSC"), transfer_said(payouts[1], "RJCT", "AC04")]
    await centre.reads(status_report(batch.message_id, said))
    journal = tmp_path / f"journal.{format}"
    journal.write_bytes(await taken(centre, ReportWanted(report=Report.JOURNAL, format=format)))
    checked = AUDITORS[format](journal)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
