"""Every report in every format, taken out of a real PostgreSQL and read back by readers that are not ours."""

import asyncio
import csv
import hashlib
import io
import json
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import openpyxl
import pytest
from pyarrow import parquet

from ledger.deposits import Deposits
from ledger.exports import (
    SHAPES,
    Channel,
    DayOf,
    DownloadOutcome,
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
from ledger.records import BankReceipt, Deposit
from ledger.settlement import LotOutcome, Purchase
from ledger.units import MINOR_DIGITS
from tests.closing import away_from_midnight

NOW_US = 1_700_000_000_000_000  # 2023-11-15 06:13:20 in China
PAYLOADS = (
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1+1)",
    "\t=1+1",
    "\r=1+1",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(A1)",
    '=HYPERLINK("http://example.org","x")',
    " =1+1",
    "\u200b=1+1",
    '李"四",;\\有限公司',
    "two\nlines; account: x [2000-01-01] date:2000-01-01 | (9) , x",
)
DANGEROUS = tuple("=+-@\t\r\n＝＋－＠")
TAKER = Taker(account_id=77, name="finance", channel=Channel.HTTP)
TABLES = (Format.CSV, Format.XLSX, Format.JSON_LINES, Format.PARQUET)


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Any]:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=4) as pool:
        yield pool


@pytest.fixture
async def store(pool: Any) -> PostgresLedgerStore:
    """A ledger with two settled lots in two currencies, one that is open, and receipts nobody could assign."""
    await away_from_midnight()
    store = PostgresLedgerStore(pool)
    deposits = Deposits(store, lambda: NOW_US)
    for number, name in enumerate(PAYLOADS, 1):
        await pay(deposits, await opened(deposits, 12, number, name, 100_000, "CNY"), 100_000 + number)
        await deposits.hold(12, number)
    await pay(deposits, await opened(deposits, 13, 1, "Bob", 500, "JPY"), 500)
    await pay(deposits, await opened(deposits, 13, 2, "张三", 500, "JPY"), 499)
    await deposits.hold(13, 1)
    await pay(deposits, await opened(deposits, 14, 1, "Carol", 5, "CNY"), 3)
    for number, text in enumerate(PAYLOADS):
        await deposits.receive(receipt(text, 12 + number, "CNY", f"lost-{number}", text))
    for lot_id, winner, price, currency in ((12, 1, 70_000, "CNY"), (13, 1, 9_000, "JPY")):
        outcome = LotOutcome(
            lot_id=lot_id,
            source_sequence=9,
            purchases=(Purchase(winner, price),),
            currency=currency,
            decided_at_us=NOW_US,
        )
        await deposits.settle(outcome)
    return store


async def opened(
    deposits: Deposits, lot_id: int, bidder_id: int, name: str, required: int, currency: str
) -> Deposit:
    bookable = "".join(letter if letter.isprintable() else " " for letter in name)
    deposit = await deposits.open(lot_id, bidder_id, required, currency, bookable)
    assert isinstance(deposit, Deposit)
    return deposit


async def pay(deposits: Deposits, deposit: Deposit, amount: int) -> None:
    number = f"{deposit.lot_id}-{deposit.bidder_id}"
    await deposits.receive(receipt(deposit.reference, amount, deposit.currency, number, deposit.payer_name))


def receipt(reference: str, amount: int, currency: str, number: str, name: str) -> BankReceipt:
    return BankReceipt(
        receipt_id=f"bank-{number}",
        reference=reference,
        amount=amount,
        currency=currency,
        payer_name=name,
        received_at_us=NOW_US,
    )


def wanted(report: Report, format: Format, **parameters: Any) -> ReportWanted:
    if report is Report.LOT:
        parameters.setdefault("lot_id", 12)
    if report is Report.STATEMENT:
        parameters.setdefault("account", "assets:bank:cny")
    return ReportWanted(report=report, format=format, **parameters)


async def taken(store: PostgresLedgerStore, wish: ReportWanted) -> tuple[bytes, Export]:
    """Take a report to its end."""
    async with Exports(store).opened(wish, TAKER) as export:
        assert isinstance(export, Export), export
        content = b"".join([chunk async for chunk in export.chunks()])
        export.complete()
    return content, export


# Readers that are not ours. Each gives rows by column name, amounts as decimals, and what closes the file.

Rows = list[dict[str, Any]]


def read_csv(content: bytes) -> tuple[Rows, dict[str, Any]]:
    heading, *lines = csv.reader(io.StringIO(content.decode(), newline=""))
    first_closing = next(at for at, line in enumerate(lines) if line[0] == "rows" and len(line) == 2)
    rows = [dict(zip(heading, line, strict=True)) for line in lines[:first_closing]]
    closing = lines[first_closing:]
    totals = {
        line[heading.index("currency")]: {
            name: Decimal(cell)
            for name, cell in zip(heading[1:], line[1:], strict=True)
            if cell and name != "currency" and not name.endswith("_in_words")
        }
        for line in closing[1:-1]
    }
    assert closing[-1][0] == "chain_head"
    return rows, {"rows": int(closing[0][1]), "totals": totals, "head": (int(closing[-1][1]), closing[-1][2])}


def read_xlsx(content: bytes) -> tuple[Rows, dict[str, Any]]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet, proof = book.worksheets
    assert sheet.freeze_panes == "A2"
    assert not [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]
    heading, *lines = sheet.iter_rows(values_only=True)
    named = {str(row[0]): row[1] for row in proof.iter_rows(values_only=True) if row[0] is not None}
    count = int(str(named["rows"]))
    rows = [dict(zip(map(str, heading), line, strict=True)) for line in lines[:count]]
    totals = {}
    for line in lines[count:]:
        assert line[0] == "total"
        cells = dict(zip(map(str, heading[1:]), line[1:], strict=True))
        currency = cells.pop("currency")
        totals[currency] = {
            name: Decimal(str(cell))
            for name, cell in cells.items()
            if cell is not None and not name.endswith("_in_words")
        }
    return rows, {"rows": count, "totals": totals, "head": (int(str(named["sequence"])), named["hash"])}


def read_jsonl(content: bytes) -> tuple[Rows, dict[str, Any]]:
    *rows, last = [json.loads(line) for line in content.decode().splitlines()]
    return rows, of_closing(last["closing"])


def read_parquet(content: bytes) -> tuple[Rows, dict[str, Any]]:
    table = parquet.read_table(io.BytesIO(content))
    closing = json.loads(parquet.ParquetFile(io.BytesIO(content)).metadata.metadata[b"luochui.closing"])
    return table.to_pylist(), of_closing(closing)


def of_closing(closing: dict[str, Any]) -> dict[str, Any]:
    totals = {
        currency: {name: decimal(amount, currency) for name, amount in total.items()}
        for currency, total in closing["totals"].items()
    }
    head = (closing["chain_head"]["sequence"], closing["chain_head"]["hash"])
    return {"rows": closing["rows"], "totals": totals, "head": head}


def decimal(amount: int, currency: str) -> Decimal:
    return Decimal(amount).scaleb(-MINOR_DIGITS[currency])


READERS = {
    Format.CSV: read_csv,
    Format.XLSX: read_xlsx,
    Format.JSON_LINES: read_jsonl,
    Format.PARQUET: read_parquet,
}


def amounts_of(rows: Rows, report: Report, format: Format) -> dict[str, dict[str, Decimal]]:
    """Sum the totalled columns of what was read, per currency, as decimals."""
    totalled = [column.name for column in SHAPES[report].columns if column.is_totalled]
    sums: dict[str, dict[str, Decimal]] = {}
    for row in rows:
        sum_of = sums.setdefault(row["currency"], dict.fromkeys(totalled, Decimal(0)))
        for name in totalled:
            if row[name] in (None, ""):
                continue
            is_minor = format in (Format.JSON_LINES, Format.PARQUET)
            value = decimal(row[name], row["currency"]) if is_minor else Decimal(str(row[name]))
            sum_of[name] += value
    return sums


@pytest.mark.parametrize("format", TABLES)
@pytest.mark.parametrize("report", list(Report))
async def test_a_file_adds_up_and_names_the_books(
    store: PostgresLedgerStore, report: Report, format: Format
) -> None:
    content, export = await taken(store, wanted(report, format))
    rows, closing = READERS[format](content)
    assert len(rows) == closing["rows"] == export.rows
    assert rows
    assert closing["totals"] == amounts_of(rows, report, format)
    async with store.reading() as reader:
        head = await reader.head()
    assert closing["head"] == (head.sequence, head.hash.hex())
    assert list(rows[0]) == [column.name for column in SHAPES[report].columns]
    (record,) = await Exports(store).downloads()
    assert record.outcome is DownloadOutcome.COMPLETED
    assert (record.rows, record.bytes) == (len(rows), len(content))
    assert record.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("format", TABLES)
async def test_all_formats_say_the_same(store: PostgresLedgerStore, format: Format) -> None:
    async def numbers(of: Format) -> list[Any]:
        rows, _ = READERS[of]((await taken(store, wanted(Report.DEPOSITS, of)))[0])
        sums = amounts_of(rows, Report.DEPOSITS, of)
        told = [(int(row["lot"]), int(row["bidder"]), row["received_in_words"] or "") for row in rows]
        return [*told, sums]

    assert await numbers(format) == await numbers(Format.JSON_LINES)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("report", list(Report))
async def test_no_cell_of_a_spreadsheet_is_a_formula(
    store: PostgresLedgerStore, report: Report, language: str
) -> None:
    content, _ = await taken(store, wanted(report, Format.CSV, language=language))
    numbers = {column.name for column in SHAPES[report].columns if column.kind.name in ("AMOUNT", "NUMBER")}
    for line in list(csv.reader(io.StringIO(content.decode(), newline="")))[1:]:
        for column, cell in zip(SHAPES[report].columns, line, strict=False):
            if column.name not in numbers:
                assert not cell.lstrip(" \u200b").startswith(DANGEROUS), cell
    book = openpyxl.load_workbook(
        io.BytesIO((await taken(store, wanted(report, Format.XLSX, language=language)))[0])
    )
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row]
    assert not [cell.value for cell in cells if cell.data_type == "f"]
    texts = [cell.value for cell in cells if isinstance(cell.value, str)]
    assert not [text for text in texts if text.lstrip(" \u200b").startswith(DANGEROUS)]


async def test_payloads_are_kept_behind_an_apostrophe(store: PostgresLedgerStore) -> None:
    rows, _ = read_csv((await taken(store, wanted(Report.RECEIPTS, Format.CSV)))[0])
    payers = {row["payer"] for row in rows}
    assert "'=cmd|' /C calc'!A0" in payers
    assert "'＝1+1" in payers
    assert '李"四",;\\有限公司' in payers
    as_they_are, _ = read_jsonl((await taken(store, wanted(Report.RECEIPTS, Format.JSON_LINES)))[0])
    assert "=cmd|' /C calc'!A0" in {row["payer"] for row in as_they_are}


async def test_numbers_stay_numbers(store: PostgresLedgerStore) -> None:
    content, _ = await taken(store, wanted(Report.DEPOSITS, Format.XLSX))
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    heading = [cell.value for cell in sheet[1]]
    received = sheet.cell(2, heading.index("received") + 1)
    assert (received.value, received.number_format) == (1000.01, "#,##0.00")
    opened_at = sheet.cell(2, heading.index("opened_at") + 1)
    assert opened_at.value == datetime(2023, 11, 15, 6, 13, 20)  # noqa: DTZ001 spreadsheets know no zones
    assert sheet.cell(2, heading.index("received_in_words") + 1).value == "人民币壹仟元零壹分"
    text = (await taken(store, wanted(Report.DEPOSITS, Format.CSV)))[0].decode()
    assert '"CNY",1000.00,1000.01,' in text


async def test_a_file_for_excel_begins_with_the_mark(store: PostgresLedgerStore) -> None:
    with_mark, _ = await taken(
        store, wanted(Report.DEPOSITS, Format.CSV, language="zh", with_byte_order_mark=True)
    )
    assert with_mark.startswith(b'\xef\xbb\xbf"' + "标的".encode())
    without, _ = await taken(store, wanted(Report.DEPOSITS, Format.CSV))
    assert without.startswith(b'"lot"')


# Auditors that are not ours


def bean_check(journal: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("bean-check")
    if not program.exists():
        pytest.skip("bean-check is absent: beancount is a development dependency")
    return subprocess.run([program, "--no-cache", journal], capture_output=True, text=True, check=False)


def hledger_check(journal: Path) -> subprocess.CompletedProcess[str]:
    program = shutil.which("hledger")
    if program is None:
        pytest.skip("hledger is absent: apt install hledger")
    return subprocess.run(
        [program, "-f", journal, "check", "-s", "ordereddates"], capture_output=True, text=True, check=False
    )


AUDITORS = {Format.BEANCOUNT: bean_check, Format.HLEDGER: hledger_check}


async def audited(store: PostgresLedgerStore, format: Format, folder: Path) -> str:
    """Write the journal and have the auditor accept it."""
    content, _ = await taken(store, wanted(Report.JOURNAL, format))
    journal = folder / f"journal.{format}"
    journal.write_bytes(content)
    checked = AUDITORS[format](journal)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
    return content.decode()


@pytest.mark.parametrize("format", AUDITORS)
async def test_an_outside_auditor_accepts_the_journal(
    store: PostgresLedgerStore, format: Format, tmp_path: Path
) -> None:
    text = await audited(store, format, tmp_path)
    async with store.reading() as reader:
        moved = [
            p async for p in reader.postings() if p.transfer.kind in ("posted", "post") and p.transfer.amount
        ]
        head = await reader.head()
    assert f"; rows: {len(moved)}\n" in text
    assert text.endswith(f"; chain head: {head.sequence} {head.hash.hex()}\n")


@pytest.mark.parametrize(
    ("format", "seen"), [(Format.BEANCOUNT, "Balance failed"), (Format.HLEDGER, "balance assertion")]
)
async def test_the_auditor_sees_a_changed_amount(
    store: PostgresLedgerStore, format: Format, seen: str, tmp_path: Path
) -> None:
    text = await audited(store, format, tmp_path)
    changed = text.replace(" 1000.01 CNY", " 1000.02 CNY", 1).replace(" -1000.01 CNY", " -1000.02 CNY", 1)
    assert changed != text
    journal = tmp_path / f"changed.{format}"
    journal.write_text(changed, encoding="utf-8")
    checked = AUDITORS[format](journal)
    assert checked.returncode != 0
    assert seen in checked.stdout + checked.stderr


@pytest.mark.parametrize("format", AUDITORS)
async def test_balances_are_stated_for_every_day_and_account_that_moved(
    store: PostgresLedgerStore, pool: Any, format: Format, tmp_path: Path
) -> None:
    text = await audited(store, format, tmp_path)
    async with store.reading() as reader:
        accounts = [account async for account in reader.accounts()]
    moved = [account for account in accounts if account.debits_posted or account.credits_posted]
    stated = [
        line
        for line in text.splitlines()
        if (" balance " in line if format is Format.BEANCOUNT else " = " in line)
    ]
    assert len(stated) == len(moved)
    declared = " open " if format is Format.BEANCOUNT else "account "
    assert len([line for line in text.splitlines() if declared in line]) == len(moved)


@pytest.mark.parametrize("format", AUDITORS)
async def test_an_empty_ledger_is_a_journal_too(pool: Any, format: Format, tmp_path: Path) -> None:
    text = await audited(PostgresLedgerStore(pool), format, tmp_path)
    assert "; rows: 0\n" in text
    assert text.endswith(f"; chain head: 0 {'00' * 32}\n")


# What reports say


async def test_a_trial_balance_balances_now_and_then(store: PostgresLedgerStore) -> None:
    async with store.reading() as reader:
        postings = [posting async for posting in reader.postings()]
    for at_us in (None, postings[len(postings) // 2].recorded_at_us):
        rows, closing = read_jsonl(
            (await taken(store, wanted(Report.TRIAL_BALANCE, Format.JSON_LINES, at_us=at_us)))[0]
        )
        for total in closing["totals"].values():
            assert total["debits"] == total["credits"]
            assert total["debit_balance"] == total["credit_balance"]
            assert total["debits_pending"] == total["credits_pending"]
        async with store.reading() as reader:
            for row in rows:
                account = await reader.balance(row["account"], at_us or 2**62)
                assert account is not None
                assert (row["debits"], row["credits"]) == (account.debits_posted, account.credits_posted)


async def test_a_statement_runs_and_carries_forward(store: PostgresLedgerStore) -> None:
    rows, _ = read_jsonl((await taken(store, wanted(Report.STATEMENT, Format.JSON_LINES)))[0])
    balance = 0
    for row in rows:
        balance += row["debit"] - row["credit"]
        assert (row["side"], row["balance"]) == ("debit", balance)
        assert row["counter_account"].startswith("liabilities:")
    today = datetime.fromisoformat(rows[0]["recorded_at"]).date()
    later, closing = read_jsonl(
        (await taken(store, wanted(Report.STATEMENT, Format.JSON_LINES, from_day=date(2100, 1, 1))))[0]
    )
    assert [(row["kind"], row["balance"]) for row in later] == [("brought_forward", balance)]
    assert closing["totals"]["CNY"] == {"debit": 0, "credit": 0}
    same, _ = read_jsonl(
        (await taken(store, wanted(Report.STATEMENT, Format.JSON_LINES, from_day=today, until_day=today)))[0]
    )
    assert same == rows


async def test_the_journal_of_a_period_has_its_days_only(store: PostgresLedgerStore) -> None:
    whole, _ = read_jsonl((await taken(store, wanted(Report.JOURNAL, Format.JSON_LINES)))[0])
    today = datetime.fromisoformat(whole[0]["recorded_at"]).date()
    same, _ = read_jsonl((await taken(store, wanted(Report.JOURNAL, Format.JSON_LINES, until_day=today)))[0])
    none, closing = read_jsonl(
        (await taken(store, wanted(Report.JOURNAL, Format.JSON_LINES, from_day=date(2100, 1, 1))))[0]
    )
    assert (len(same), none, closing["rows"]) == (len(whole), [], 0)


@pytest.mark.parametrize("report", [Report.DAILY, Report.MONTHLY])
@pytest.mark.parametrize("day_of", ["recorded", "event"])
async def test_a_periodic_report_agrees_with_the_accounts(
    store: PostgresLedgerStore, report: Report, day_of: str
) -> None:
    wish = wanted(report, Format.JSON_LINES, day_of=DayOf(day_of))
    rows, _ = read_jsonl((await taken(store, wish))[0])
    assert {row["currency"] for row in rows} == {"CNY", "JPY"}
    for row in rows:
        owed = sum(
            row[name]
            for name in row
            if name.endswith("_balance") and name not in ("bank_balance", "held_balance")
        )
        assert row["bank_balance"] == owed
        async with store.reading() as reader:
            bank = await reader.account(f"assets:bank:{row['currency'].lower()}")
            assert bank is not None
            assert row["bank_balance"] == bank.debits_posted - bank.credits_posted
            deposits = [account async for account in reader.accounts("liabilities:deposit:")]
        of_currency = [account for account in deposits if account.currency == row["currency"]]
        assert row["deposits_balance"] == sum(a.credits_posted - a.debits_posted for a in of_currency)
        assert row["held_balance"] == sum(a.debits_pending for a in of_currency)
    cny = next(row for row in rows if row["currency"] == "CNY")
    count = len(PAYLOADS)
    assert cny["received"] == 100_000 * count + count * (count + 1) // 2 + 3
    assert (cny["holds_placed"], cny["holds_ended"]) == (100_000 * count, 100_000 * count)
    assert cny["applied_to_price"] == 70_000
    async with store.reading() as reader:
        suspense = await reader.account("liabilities:suspense:cny")
    assert suspense is not None
    assert cny["to_suspense"] == cny["suspense_balance"] == suspense.credits_posted > 0


async def test_the_settlement_sheet_accounts_for_every_fen(store: PostgresLedgerStore) -> None:
    rows, closing = read_jsonl((await taken(store, wanted(Report.LOT, Format.JSON_LINES)))[0])
    assert [row["line"] for row in rows] == list(range(1, len(rows) + 1))
    assert (rows[0]["item"], rows[0]["price"], rows[0]["bidder"]) == ("price", 70_000, 1)
    received = sum(row["amount"] for row in rows if row["item"] == "deposit_received")
    assert sum(row["balance"] or 0 for row in rows) == received
    assert closing["totals"]["CNY"]["balance"] == decimal(received, "CNY")
    assert all(":lot-12" in (row["debit"] or "") + (row["credit"] or "") for row in rows[1:])
    applied = next(row for row in rows if row["item"] == "deposit_towards_price")
    assert applied["amount_in_words"] == "人民币柒佰元整"


async def test_the_refund_register_has_what_is_owed(store: PostgresLedgerStore) -> None:
    rows, _ = read_jsonl((await taken(store, wanted(Report.REFUNDS, Format.JSON_LINES, lot_id=12)))[0])
    winner = rows[0]
    assert (winner["bidder"], winner["owed"], winner["not_proposed"], winner["state"]) == (
        1,
        30_001,
        30_001,
        "due",
    )
    for row in rows:
        assert row["owed"] == row["not_proposed"] + row["in_preparation"] + row["in_transit"] + row["paid"]
    assert len(rows) == len(PAYLOADS)


async def test_receipts_in_suspense_give_their_reason(store: PostgresLedgerStore) -> None:
    rows, closing = read_jsonl((await taken(store, wanted(Report.RECEIPTS, Format.JSON_LINES)))[0])
    waiting = [row for row in rows if row["status"] == "suspense"]
    assert {row["reason"] for row in waiting} == {"unknown_reference"}
    assert sum(row["in_suspense"] for row in rows) == sum(row["amount"] for row in waiting)
    async with store.reading() as reader:
        suspense = await reader.account("liabilities:suspense:cny")
    assert suspense is not None
    assert closing["totals"]["CNY"]["in_suspense"] == decimal(
        suspense.credits_posted - suspense.debits_posted, "CNY"
    )


# The record of downloads


async def test_a_download_is_recorded_before_its_first_byte(store: PostgresLedgerStore) -> None:
    async with Exports(store).opened(wanted(Report.JOURNAL, Format.CSV, language="zh"), TAKER) as export:
        assert isinstance(export, Export)
        (record,) = await Exports(store).downloads()
        assert (record.download_id, record.outcome) == (export.download_id, DownloadOutcome.UNFINISHED)
        assert (record.taken_by, record.taker, record.channel) == (77, "finance", Channel.HTTP)
        assert (record.report, record.format) == ("journal", "csv")
        assert json.loads(bytes(record.parameters)) == {"language": "zh"}
        assert record.head_hash == export.head.hash.hex()


async def test_a_download_that_breaks_off_is_seen_as_such(store: PostgresLedgerStore) -> None:
    async def take_one_chunk() -> None:
        async with Exports(store).opened(wanted(Report.JOURNAL, Format.CSV), TAKER) as export:
            assert isinstance(export, Export)
            await anext(export.chunks())
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await take_one_chunk()
    (record,) = await Exports(store).downloads()
    assert record.outcome is DownloadOutcome.ABORTED
    assert record.bytes is not None
    assert record.bytes > 0


async def test_records_of_downloads_only_grow(store: PostgresLedgerStore, pool: Any) -> None:
    await taken(store, wanted(Report.DEPOSITS, Format.CSV))
    for statement in (
        "UPDATE ledger.download SET taken_by = 1",
        "DELETE FROM ledger.download_end",
        "TRUNCATE ledger.download CASCADE",
        "UPDATE ledger.download_end SET outcome = 'aborted'",
    ):
        with pytest.raises(asyncpg.RestrictViolationError):
            await pool.execute(statement)
    with pytest.raises(asyncpg.UniqueViolationError):
        await pool.execute("INSERT INTO ledger.download_end SELECT * FROM ledger.download_end")


async def test_an_export_shows_one_moment_while_others_write(store: PostgresLedgerStore) -> None:
    async with Exports(store).opened(wanted(Report.JOURNAL, Format.JSON_LINES), TAKER) as export:
        assert isinstance(export, Export)
        deposits = Deposits(store, lambda: NOW_US)
        await deposits.receive(receipt("late", 1, "CNY", "late", "late"))
        content = b"".join([chunk async for chunk in export.chunks()])
        export.complete()
    rows, closing = read_jsonl(content)
    assert closing["head"][0] == len(rows) == export.head.sequence
    async with store.reading() as reader:
        assert (await reader.head()).sequence == export.head.sequence + 1


@pytest.mark.parametrize(
    ("wish", "refusal", "subject"),
    [
        (
            ReportWanted(report=Report.DEPOSITS, format=Format.BEANCOUNT),
            ExportRefusal.FORMAT_NOT_OF_REPORT,
            "beancount",
        ),
        (ReportWanted(report=Report.DEPOSITS, account="x"), ExportRefusal.PARAMETER_NOT_OF_REPORT, "account"),
        (
            ReportWanted(report=Report.JOURNAL, format=Format.HLEDGER, from_day=date(2026, 1, 1)),
            ExportRefusal.PARAMETER_NOT_OF_REPORT,
            "from_day",
        ),
        (
            ReportWanted(report=Report.TRIAL_BALANCE, at_us=1, until_day=date(2026, 1, 1)),
            ExportRefusal.PARAMETER_NOT_OF_REPORT,
            "at_us",
        ),
        (ReportWanted(report=Report.STATEMENT), ExportRefusal.PARAMETER_MISSING, "account"),
        (ReportWanted(report=Report.LOT), ExportRefusal.PARAMETER_MISSING, "lot_id"),
        (
            ReportWanted(report=Report.DAILY, from_day=date(2026, 1, 2), until_day=date(2026, 1, 1)),
            ExportRefusal.PERIOD_REVERSED,
            "2026-01-02 > 2026-01-01",
        ),
        (ReportWanted(report=Report.LOT, lot_id=999), ExportRefusal.LOT_UNKNOWN, "999"),
        (
            ReportWanted(report=Report.STATEMENT, account="assets:none"),
            ExportRefusal.ACCOUNT_UNKNOWN,
            "assets:none",
        ),
    ],
)
async def test_what_cannot_be_made_is_refused_and_not_recorded(
    pool: Any, wish: ReportWanted, refusal: ExportRefusal, subject: str
) -> None:
    exports = Exports(PostgresLedgerStore(pool))
    async with exports.opened(wish, TAKER) as opened:
        assert opened == Refused(refusal, subject)
    assert await exports.downloads() == []


async def test_file_names_are_in_both_languages(store: PostgresLedgerStore) -> None:
    _, export = await taken(store, wanted(Report.TRIAL_BALANCE, Format.XLSX))
    assert export.file_name.startswith("luochui-trial-balance-20")
    assert export.file_name_zh.startswith("落槌-试算平衡表-20")
    assert export.file_name_zh.endswith(".xlsx")
