"""The parts of exports that need no database: cells, closing lines, day books and the folding of days."""

import csv
import io
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import openpyxl
import pytest

from ledger.chain import ChainHead
from ledger.exports import STATE_NAMES_ZH
from ledger.exports.beancount import beancount_chunks
from ledger.exports.cells import CHOICES_ZH, harmless_cell, moment_text, start_us, text_cell
from ledger.exports.delimited import csv_chunks
from ledger.exports.hledger import hledger_chunks
from ledger.exports.reports import (
    MOVEMENT_COLUMNS,
    SHAPES,
    ExportRefusal,
    Format,
    Refused,
    Report,
    ReportWanted,
    refusal_of,
)
from ledger.exports.summaries import DaySum, period_rows
from ledger.exports.tables import Block, Closing, Column, ColumnKind, Sheet, Table, block_of
from ledger.exports.workbook import spreadsheet_amount, workbook_chunks
from ledger.records import ReceiptStatus, SuspenseReason
from ledger.register import DepositState
from ledger.transfers import Kind, Purpose

START_US = 1_700_000_000_000_000  # 2023-11-15 06:13:20 in China
DAY_US = 86_400_000_000
HEAD = ChainHead(3, b"\x01" * 32, START_US)
BANK, DEPOSIT, PRICE = (
    "assets:bank:cny",
    "liabilities:deposit:lot-1:bidder-7",
    "liabilities:price-payable:lot-1",
)
EVIL = 'a "quoted"; memo: with [2000-01-01] date:2000-01-01, | (code) \\ \r\n  assets:bank:cny  1 CNY'


def sheet_of(columns: tuple[Column, ...], rows: list[tuple[Any, ...]], **options: Any) -> Sheet:
    async def blocks() -> AsyncIterator[Block]:
        if rows:
            yield block_of(columns, rows)

    return Sheet(Table("test", "测试", columns, blocks()), Closing(HEAD), **options)


async def content_of(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])


# Cells


@pytest.mark.parametrize(
    "text",
    [
        "=1",
        "+1",
        "-1",
        "@x",
        "\t=1",
        "\r=1",
        "\n=1",
        "＝1",
        "＋1",
        "－1",
        "＠x",
        "  =1",
        "\u3000=1",
        "\u200b=1",
        "\ufeff=1",
    ],
)
def test_no_start_of_a_formula_is_left(text: str) -> None:
    assert harmless_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "张三", "a=b", "3-4", "12.50", "O'Neil", "(=1)"])
def test_honest_texts_stay(text: str) -> None:
    assert harmless_cell(text) == text


def test_long_numbers_are_grouped_before_a_spreadsheet_rounds_them() -> None:
    assert text_cell("6222021234567890123") == "6222 0212 3456 7890 123"
    assert text_cell("12345678901") == "12345678901"
    assert text_cell("GB29NWBK60161331926819") == "GB29NWBK60161331926819"


def test_moments_are_of_the_centre_and_exact() -> None:
    assert moment_text(START_US + 1) == "2023-11-15 06:13:20.000001+08:00"
    assert moment_text(start_us(date(2023, 11, 15))) == "2023-11-15 00:00:00.000000+08:00"


def test_every_choice_has_a_chinese_name() -> None:
    closed_lists = (DepositState, ReceiptStatus, SuspenseReason, Kind)
    assert {each.value for choices in closed_lists for each in choices} <= set(CHOICES_ZH)
    assert set(STATE_NAMES_ZH) == set(DepositState)


def test_purposes_have_chinese_names() -> None:
    assert [purpose.value for purpose in Purpose if purpose.value not in CHOICES_ZH] == []


def test_every_report_has_columns_of_different_names() -> None:
    for report in Report:
        names = [column.name for column in SHAPES[report].columns]
        assert len(set(names)) == len(names)
        assert all(column.heading_zh for column in SHAPES[report].columns)


# Spreadsheets


def test_amounts_beyond_fifteen_digits_are_texts() -> None:
    assert spreadsheet_amount(999_999_999_999_999, "CNY") == 9_999_999_999_999.99
    assert spreadsheet_amount(10**15, "CNY") == "10000000000000.00"
    assert spreadsheet_amount(-(10**15) - 5, "CNY") == "-10000000000000.05"
    assert spreadsheet_amount(10**15, "JPY") == "1000000000000000"
    assert spreadsheet_amount(500, "JPY") == 500
    assert spreadsheet_amount(None, "CNY") is None


async def test_a_workbook_is_formatted_and_proved() -> None:
    columns = (
        Column("payer", "付款人"),
        Column("currency", "币种", ColumnKind.CODE),
        Column("amount", "金额", ColumnKind.AMOUNT, is_totalled=True),
        Column("amount_in_words", "大写", ColumnKind.WORDS, amount_column="amount"),
    )
    rows = [("=1+1", "CNY", 100_05), ("Bob", "JPY", 7), ("Eve", "CNY", 10**16)]
    sheet = sheet_of(columns, rows, language="zh", about={"download": "12"})
    book = openpyxl.load_workbook(io.BytesIO(await content_of(workbook_chunks(sheet))))
    page, proof = book.worksheets
    assert (page.title, proof.title) == ("测试", "结尾")
    assert (page.freeze_panes, page.auto_filter.ref) == ("A2", "A1:D6")
    assert [cell.font.b for cell in page[1]] == [True] * 4
    assert (page["A2"].value, page["A2"].data_type) == ("'=1+1", "s")
    assert (page["C2"].value, page["C2"].number_format) == (100.05, "#,##0.00")
    assert (page["C3"].value, page["C3"].number_format) == (7, "#,##0")
    assert (page["C4"].value, page["C4"].data_type) == ("100000000000000.00", "s")
    assert [page.cell(5, at).value for at in (1, 2, 3, 4)] == [
        "合计", "CNY", "100000000000100.05", "人民币壹佰万亿零壹佰元零伍分",
    ]  # fmt: skip
    values = {row[0]: row[1] for row in proof.iter_rows(values_only=True)}
    assert (values["行数"], values["下载编号"], values["序号"], values["链值"]) == ("3", "12", "3", "01" * 32)


async def test_a_file_without_rows_says_so() -> None:
    columns = (Column("payer", "付款人"), Column("currency", "币种", ColumnKind.CODE))
    content = await content_of(csv_chunks(sheet_of(columns, [])))
    lines = list(csv.reader(io.StringIO(content.decode(), newline="")))
    assert lines == [["payer", "currency"], ["rows", "0"], ["chain_head", "3", "01" * 32]]
    book = openpyxl.load_workbook(io.BytesIO(await content_of(workbook_chunks(sheet_of(columns, [])))))
    assert book.worksheets[0].max_row == 1


# Plain-text journals over several days


def movements() -> list[tuple[Any, ...]]:
    """Return two receipts on two days and, two days later, what the price took, with turnovers after each."""
    rows: list[tuple[Any, ...]] = []
    turnover = {BANK: [0, 0], DEPOSIT: [0, 0], PRICE: [0, 0]}
    for number, (days, debit, credit, amount) in enumerate(
        [(0, BANK, DEPOSIT, 1_00), (1, BANK, DEPOSIT, 2_50), (3, DEPOSIT, PRICE, 3_00)], 1
    ):
        turnover[debit][0] += amount
        turnover[credit][1] += amount
        at_us = START_US + days * DAY_US
        rows.append(
            (
                *(
                    number,
                    at_us,
                    at_us,
                    UUID(int=number),
                    "purpose",
                    debit,
                    credit,
                    amount,
                    "CNY",
                    EVIL,
                    EVIL,
                ),
                *turnover[debit],
                *turnover[credit],
            )
        )
    return rows


async def test_beancount_states_the_balances_after_each_day() -> None:
    text = (await content_of(beancount_chunks(sheet_of(MOVEMENT_COLUMNS, movements())))).decode()
    assert [
        line for line in text.splitlines() if " open " in line or " commodity " in line or " balance " in line
    ] == [
        "2023-11-15 commodity CNY",
        "2023-11-15 open Assets:Bank:Cny CNY",
        "2023-11-15 open Liabilities:Deposit:Lot-1:Bidder-7 CNY",
        "2023-11-16 balance Assets:Bank:Cny 1.00 ~ 0 CNY",
        "2023-11-16 balance Liabilities:Deposit:Lot-1:Bidder-7 -1.00 ~ 0 CNY",
        "2023-11-17 balance Assets:Bank:Cny 3.50 ~ 0 CNY",
        "2023-11-17 balance Liabilities:Deposit:Lot-1:Bidder-7 -3.50 ~ 0 CNY",
        "2023-11-18 open Liabilities:Price-payable:Lot-1 CNY",
        "2023-11-19 balance Liabilities:Deposit:Lot-1:Bidder-7 -0.50 ~ 0 CNY",
        "2023-11-19 balance Liabilities:Price-payable:Lot-1 -3.00 ~ 0 CNY",
    ]
    assert text.endswith(f"; rows: 3\n; total moved: 6.50 CNY\n; chain head: 3 {'01' * 32}\n")


async def test_hledger_states_the_balances_at_the_end_of_each_day() -> None:
    text = (await content_of(hledger_chunks(sheet_of(MOVEMENT_COLUMNS, movements())))).decode()
    assert [
        line for line in text.splitlines() if line.startswith(("commodity", "account")) or " = " in line
    ] == [
        "commodity 1000.00 CNY",
        f"account {BANK}",
        f"account {DEPOSIT}",
        f"    {BANK}    0 CNY = 1.00 CNY",
        f"    {DEPOSIT}    0 CNY = -1.00 CNY",
        f"    {BANK}    0 CNY = 3.50 CNY",
        f"    {DEPOSIT}    0 CNY = -3.50 CNY",
        f"account {PRICE}",
        f"    {DEPOSIT}    0 CNY = -0.50 CNY",
        f"    {PRICE}    0 CNY = -3.00 CNY",
    ]


async def test_a_wrong_running_total_is_seen_by_the_auditors(tmp_path: Path) -> None:
    rows = movements()
    wrong = [*rows[:1], (*rows[1][:11], rows[1][11] + 1, *rows[1][12:]), *rows[2:]]
    for chunks, command, seen in (
        (
            beancount_chunks,
            [str(Path(sys.executable).with_name("bean-check")), "--no-cache"],
            "Balance failed",
        ),
        (hledger_chunks, ["hledger", "check", "-s", "-f"], "balance assertion"),
    ):
        program = command[0]
        if shutil.which(program) is None:
            pytest.skip(f"{program} is absent")
        for content, is_right in ((rows, True), (wrong, False)):
            journal = tmp_path / "journal"
            journal.write_bytes(await content_of(chunks(sheet_of(MOVEMENT_COLUMNS, content))))
            checked = subprocess.run([*command, journal], capture_output=True, text=True, check=False)
            assert (checked.returncode == 0) == is_right, checked.stderr
            assert is_right or seen in checked.stdout + checked.stderr


# Days and months


def day(number: int, debit: str, credit: str, moved: int = 0, held: int = 0, unheld: int = 0) -> DaySum:
    return DaySum(number, "CNY", debit, credit, moved, held, unheld, 1)


BANKS, DEPOSITS, PRICES = "assets:bank", "liabilities:deposit", "liabilities:price-payable"
REFUNDS, TRANSIT, FORFEITS = (
    "liabilities:refund-payable",
    "liabilities:payout-in-transit",
    "liabilities:forfeited",
)
LIFE = [
    day(0, BANKS, DEPOSITS, 100),
    day(0, DEPOSITS, PRICES, held=80),
    day(1, DEPOSITS, PRICES, 60, unheld=80),
    day(1, DEPOSITS, REFUNDS, 30),
    day(1, DEPOSITS, FORFEITS, 10),
    day(31, REFUNDS, TRANSIT, 30),
    day(31, TRANSIT, BANKS, 30),
    day(31, FORFEITS, "income:service-fee", 4),
    day(31, BANKS, TRANSIT, 30),
]


def test_days_are_folded_to_flows_and_balances() -> None:
    rows = list(period_rows(LIFE, str, lambda name: True))
    assert [row["period"] for row in rows] == ["1970-01-01", "1970-01-02", "1970-02-01"]
    first, second, third = rows
    assert (first["received"], first["holds_placed"], first["held_balance"]) == (100, 80, 80)
    assert (second["applied_to_price"], second["released"], second["forfeited"]) == (60, 30, 10)
    assert (second["holds_ended"], second["held_balance"], second["deposits_balance"]) == (80, 0, 0)
    assert (third["paid_out"], third["paid_back_in"], third["income"]) == (30, 30, 4)
    assert (third["bank_balance"], third["in_transit_balance"], third["other_balance"]) == (100, 30, 4)
    for row in rows:
        owed = [
            row[name]
            for name in row
            if name.endswith("_balance") and name not in ("bank_balance", "held_balance")
        ]
        assert sum(owed) == row["bank_balance"]


def test_a_reversal_takes_back_from_its_own_flow() -> None:
    wrong = DaySum(1, "CNY", DEPOSITS, BANKS, 40, 0, 0, 1, is_reversal=True)
    _, second = period_rows([LIFE[0], wrong], str, lambda name: True)
    assert (second["received"], second["paid_out"], second["bank_balance"], second["deposits_balance"]) == (
        -40,
        0,
        60,
        60,
    )


def test_months_carry_what_was_before_them() -> None:
    (february,) = period_rows(LIFE, lambda each: f"{each:%Y-%m}", lambda name: name >= "1970-02")
    assert (february["period"], february["postings"], february["bank_balance"]) == ("1970-02", 4, 100)
    assert february["received"] == 0


def test_parquet_is_refused_by_name_where_its_extra_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = ReportWanted(report=Report.JOURNAL, format=Format.PARQUET)
    assert refusal_of(wanted) is None
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert refusal_of(wanted) == Refused(ExportRefusal.PARQUET_NOT_INSTALLED, "luochui[parquet]")


def test_formats_know_their_files() -> None:
    assert {format for report in Report for format in SHAPES[report].formats} == set(Format)
