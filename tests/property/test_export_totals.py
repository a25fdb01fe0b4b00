"""Whatever the rows are: the totals in the file are the sum of its rows and of what was put in, in every format."""

import asyncio
import csv
import io
import json
from collections import Counter
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import openpyxl
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from ledger.chain import ChainHead
from ledger.exports.delimited import csv_chunks
from ledger.exports.json_lines import json_lines_chunks
from ledger.exports.parquet import parquet_chunks
from ledger.exports.tables import Block, Closing, Column, ColumnKind, Sheet, Table, block_of
from ledger.exports.workbook import workbook_chunks
from ledger.units import MINOR_DIGITS

COLUMNS = (
    Column("name", "名称"),
    Column("currency", "币种", ColumnKind.CODE),
    Column("amount", "金额", ColumnKind.AMOUNT, is_totalled=True),
    Column("amount_in_words", "大写", ColumnKind.WORDS, amount_column="amount"),
    Column("change", "变动", ColumnKind.AMOUNT, is_totalled=True),
    Column("at", "时间", ColumnKind.MOMENT),
)
HEAD = ChainHead(7, bytes(range(32)), 1)

Row = tuple[str, str, int, int, int | None]

texts = st.one_of(
    st.text(max_size=11),
    st.sampled_from(
        ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "＝1", '"', ",", "\n", "rows", "total", "'", "\ufeff=1"]
    ),
).filter(
    lambda text: (
        not any(
            0xD800 <= ord(letter) < 0xE000 or ord(letter) < 32 for letter in text if letter not in "\t\r\n"
        )
    )
)
rows_of_any_kind = st.lists(
    st.tuples(
        texts,
        st.sampled_from(["CNY", "JPY", "KWD"]),
        st.integers(0, 10**14),
        st.integers(-(10**14), 10**14),
        st.one_of(st.none(), st.integers(0, 4_000_000_000_000_000)),
    ),
    max_size=30,
)


def written(rows: list[Row], writer: Any, page: int) -> tuple[bytes, Closing]:
    """Write rows with one of the formats, in pages of some size."""

    async def blocks() -> AsyncIterator[Block]:
        for at in range(0, len(rows), page):
            yield block_of(COLUMNS, rows[at : at + page])

    closing = Closing(HEAD)
    sheet = Sheet(Table("proof", "证明", COLUMNS, blocks()), closing)

    async def content() -> bytes:
        return b"".join([chunk async for chunk in writer(sheet)])

    return asyncio.run(content()), closing


def sums(rows: list[Row]) -> dict[str, tuple[int, int]]:
    """Sum amounts and changes per currency, minor units."""
    amounts: Counter[str] = Counter()
    changes: Counter[str] = Counter()
    for _, currency, amount, change, _ in rows:
        amounts[currency] += amount
        changes[currency] += change
    return {currency: (amounts[currency], changes[currency]) for _, currency, *_ in rows}


def minor(decimal: object, currency: str) -> int:
    return int(Decimal(str(decimal)).scaleb(MINOR_DIGITS[currency]))


@given(rows_of_any_kind, st.integers(1, 7))
def test_csv_adds_up(rows: list[Row], page: int) -> None:
    content, closing = written(rows, csv_chunks, page)
    lines = list(csv.reader(io.StringIO(content.decode(), newline="")))[1:]
    body, ending = lines[: len(rows)], lines[len(rows) :]
    assert [(line[1], minor(line[2], line[1]), minor(line[4], line[1])) for line in body] == [
        (currency, amount, change) for _, currency, amount, change, _ in rows
    ]
    assert [line[0].removeprefix("'") for line in body] == [name.removeprefix("'") for name, *_ in rows]
    assert ending[0] == ["rows", str(len(rows))]
    totals = {line[1]: (minor(line[2], line[1]), minor(line[4], line[1])) for line in ending[1:-1]}
    assert totals == sums(rows)
    assert ending[-1] == ["chain_head", "7", HEAD.hash.hex()]
    assert {currency: tuple(total.values()) for currency, total in closing.totals.items()} == totals


@given(rows_of_any_kind, st.integers(1, 7))
def test_json_lines_add_up(rows: list[Row], page: int) -> None:
    content, _ = written(rows, json_lines_chunks, page)
    *body, last = [json.loads(line) for line in content.decode().split("\n")[:-1]]
    assert [(row["name"], row["currency"], row["amount"], row["change"]) for row in body] == [
        row[:4] for row in rows
    ]
    totals = {
        currency: (total["amount"], total["change"]) for currency, total in last["closing"]["totals"].items()
    }
    assert totals == sums(rows)
    assert (last["closing"]["rows"], last["closing"]["chain_head"]["sequence"]) == (len(rows), 7)


@given(rows_of_any_kind, st.integers(1, 7))
@settings(max_examples=40)
def test_parquet_adds_up(rows: list[Row], page: int) -> None:
    content, _ = written(rows, parquet_chunks, page)
    table = parquet.read_table(io.BytesIO(content))
    names = ("name", "currency", "amount", "change")
    assert [tuple(row[name] for name in names) for row in table.to_pylist()] == [row[:4] for row in rows]
    closing = json.loads(parquet.ParquetFile(io.BytesIO(content)).metadata.metadata[b"luochui.closing"])
    totals = {currency: (total["amount"], total["change"]) for currency, total in closing["totals"].items()}
    assert (totals, closing["rows"]) == (sums(rows), len(rows))


@given(rows_of_any_kind, st.integers(1, 7))
@settings(max_examples=40)
def test_workbooks_add_up(rows: list[Row], page: int) -> None:
    content, _ = written(rows, workbook_chunks, page)
    sheet, proof = openpyxl.load_workbook(io.BytesIO(content)).worksheets
    lines = list(sheet.iter_rows(min_row=2, values_only=True))
    body, ending = lines[: len(rows)], lines[len(rows) :]
    assert [(line[1], minor(line[2], str(line[1])), minor(line[4], str(line[1]))) for line in body] == [
        (currency, amount, change) for _, currency, amount, change, _ in rows
    ]
    totals = {
        line[1]: (minor(line[2], str(line[1])), minor(line[4], str(line[1])))
        for line in ending
        if line[0] == "total"
    }
    assert totals == sums(rows)
    assert proof["B1"].value == str(len(rows))
