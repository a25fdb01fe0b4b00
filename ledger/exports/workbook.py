"""XLSX: a formatted sheet with a frozen heading, totals and their spelling, and a sheet that proves it.

The workbook is built row by row in a temporary folder, outside the event loop, and sent when it is whole: its
format is an archive whose directory comes last. Texts are stored as texts, never as formulas.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import xlsxwriter
from xlsxwriter.format import Format as Style
from xlsxwriter.worksheet import Worksheet

from ledger.exports.cells import DAY_US, closing_word, printed, start_us, words
from ledger.exports.tables import CURRENCY, Block, Column, ColumnKind, Sheet
from ledger.units import MINOR_DIGITS, Amount, Currency

ROWS_PER_SHEET_MAX: Final = 1_000_000
"""A sheet holds 1,048,576 rows; what goes beyond this stands on the next one."""

EXACT_MAX: Final = 10**15
"""Spreadsheets keep fifteen digits; a larger amount is written as a text."""

CHUNK_BYTES: Final = 262_144
ZONE_US: Final = 8 * 3_600_000_000
EPOCH_DAY: Final = 25_569
"""1970-01-01 as spreadsheets count days."""

WIDTHS: Final = {
    ColumnKind.NUMBER: 10,
    ColumnKind.TEXT: 26,
    ColumnKind.CODE: 38,
    ColumnKind.CHOICE: 18,
    ColumnKind.REFERENCE: 22,
    ColumnKind.MOMENT: 20,
    ColumnKind.DAY: 12,
    ColumnKind.AMOUNT: 18,
    ColumnKind.WORDS: 44,
    ColumnKind.DIGEST: 30,
}


async def workbook_chunks(sheet: Sheet) -> AsyncIterator[bytes]:
    """Build a sheet as an XLSX workbook, then stream it."""
    with TemporaryDirectory(prefix="luochui-export-") as folder:
        path = Path(folder) / "export.xlsx"
        book = _Book(path, sheet)
        try:
            async for block in sheet.blocks():
                await asyncio.to_thread(book.write, block)
        finally:
            await asyncio.to_thread(book.close)
        with path.open("rb") as file:
            while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
                yield chunk


class _Book:
    """The workbook while it grows; rows must come in order, since written ones are on disk already."""

    def __init__(self, path: Path, sheet: Sheet) -> None:
        self._sheet = sheet
        self._columns = sheet.table.columns
        options = {"constant_memory": True, "tmpdir": str(path.parent), "in_memory": False}
        self._book = xlsxwriter.Workbook(str(path), options)
        self._styles = _Styles(self._book)
        self._sheets = 0
        self._open_sheet()

    def write(self, block: Block) -> None:
        """Write some rows below the others."""
        cells = [self._cells(column, block) for column in self._columns]
        for row in zip(*cells, strict=True):
            if self._row > ROWS_PER_SHEET_MAX:
                self._finish_sheet()
                self._open_sheet()
            self._write_row(row)

    def close(self) -> None:
        """Write what closes the file and put it together."""
        self._write_totals()
        self._finish_sheet()
        self._write_proof()
        self._book.close()

    def _open_sheet(self) -> None:
        self._sheets += 1
        title = self._sheet.table.title(self._sheet.language)
        self._page: Worksheet = self._book.add_worksheet(
            title if self._sheets == 1 else f"{title} {self._sheets}"
        )
        for place, column in enumerate(self._columns):
            self._page.set_column(place, place, WIDTHS[column.kind])
            self._page.write_string(0, place, column.heading(self._sheet.language), self._styles.heading)
        self._page.freeze_panes(1, 0)
        self._row = 1

    def _finish_sheet(self) -> None:
        self._page.autofilter(0, 0, max(self._row - 1, 1), len(self._columns) - 1)

    def _cells(self, column: Column, block: Block) -> Sequence[Any]:
        """Return a column as pairs of value and style; a number is a number of the spreadsheet."""
        styles = self._styles
        match column.kind:
            case ColumnKind.AMOUNT:
                pairs = zip(block[column.source], block[CURRENCY], strict=True)
                return [
                    (spreadsheet_amount(value, currency), styles.amount(currency))
                    for value, currency in pairs
                ]
            case ColumnKind.MOMENT:
                return [(_serial(value), styles.moment) for value in block[column.source]]
            case ColumnKind.DAY:
                return [
                    (None if value is None else _serial(start_us(value)), styles.day)
                    for value in block[column.source]
                ]
            case _:
                return [(value, None) for value in printed(column, block, self._sheet.language)]

    def _write_row(self, cells: Sequence[tuple[Any, Style | None]]) -> None:
        page, row = self._page, self._row
        for place, (value, style) in enumerate(cells):
            if type(value) is str:
                page.write_string(row, place, value, style)
            elif value is not None:
                page.write_number(row, place, value, style)
        self._row += 1

    def _write_totals(self) -> None:
        closing, language = self._sheet.closing, self._sheet.language
        for currency, total in sorted(closing.totals.items()):
            self._write_row([self._total(column, total, currency) for column in self._columns])
            self._page.write_string(self._row - 1, 0, closing_word("total", language), self._styles.strong)

    def _total(
        self, column: Column, total: dict[str, Amount], currency: Currency
    ) -> tuple[Any, Style | None]:
        strong = self._styles.strong
        if column.name == CURRENCY:
            return currency, strong
        if column.source not in total:
            return None, strong
        if column.kind is ColumnKind.WORDS:
            return words(total[column.source], currency), strong
        return spreadsheet_amount(total[column.source], currency), self._styles.total(currency)

    def _write_proof(self) -> None:
        """Write the sheet that says how many rows there are, what they sum up to, and from which books they are."""
        sheet, closing = self._sheet, self._sheet.closing
        page = self._book.add_worksheet(closing_word("closing", sheet.language))
        page.set_column(0, 0, 22)
        page.set_column(1, 1, 70)
        lines = [
            ("rows", str(closing.rows)),
            *((name, text) for name, text in sheet.about.items()),
            ("sequence", str(closing.head.sequence)),
            ("hash", closing.head.hash.hex()),
        ]
        for row, (name, text) in enumerate(lines):
            page.write_string(row, 0, closing_word(name, sheet.language), self._styles.heading)
            page.write_string(row, 1, text)
        self._write_proof_totals(page, len(lines) + 1)

    def _write_proof_totals(self, page: Worksheet, row: int) -> None:
        sheet = self._sheet
        headings = {column.name: column.heading(sheet.language) for column in self._columns}
        for currency, total in sorted(sheet.closing.totals.items()):
            for name, amount in total.items():
                page.write_string(row, 0, f"{currency} {headings[name]}", self._styles.heading)
                value = spreadsheet_amount(amount, currency)
                if isinstance(value, str):
                    page.write_string(row, 1, value)
                else:
                    page.write_number(row, 1, value, self._styles.amount(currency))
                page.write_string(row, 2, words(amount, currency))
                row += 1


class _Styles:
    """The formats of one workbook."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        self._book = book
        self.heading = book.add_format(
            {"bold": True, "bg_color": "#E7ECF3", "bottom": 1, "valign": "vcenter"}
        )
        self.strong = book.add_format({"bold": True, "top": 1})
        self.moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self.day = book.add_format({"num_format": "yyyy-mm-dd"})
        self._amounts: dict[Currency, Style] = {}
        self._totals: dict[Currency, Style] = {}

    def amount(self, currency: Currency) -> Style:
        style = self._amounts.get(currency)
        if style is None:
            style = self._amounts[currency] = self._book.add_format({"num_format": _number_format(currency)})
        return style

    def total(self, currency: Currency) -> Style:
        if currency not in self._totals:
            shape = {"num_format": _number_format(currency), "bold": True, "top": 1}
            self._totals[currency] = self._book.add_format(shape)
        return self._totals[currency]


def spreadsheet_amount(amount: Amount | None, currency: Currency) -> int | float | str | None:
    """Return an amount as the number that a spreadsheet keeps exactly, or as a text when it could not."""
    if amount is None:
        return None
    size = 10 ** MINOR_DIGITS[currency]
    if abs(amount) < EXACT_MAX:
        return amount if size == 1 else amount / size
    sign, (whole, rest) = "-" if amount < 0 else "", divmod(abs(amount), size)
    return f"{sign}{whole}.{rest:0{MINOR_DIGITS[currency]}d}" if size > 1 else f"{sign}{whole}"


def _number_format(currency: Currency) -> str:
    digits = MINOR_DIGITS[currency]
    return "#,##0" + ("." + "0" * digits if digits else "")


def _serial(at_us: int | None) -> float | None:
    """Return a moment as the days that a spreadsheet counts, at the centre."""
    return None if at_us is None else (at_us + ZONE_US) / DAY_US + EPOCH_DAY
