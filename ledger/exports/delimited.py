"""CSV: RFC 4180, UTF-8, every text in quotes and every number without.

Quotes around all texts keep a separator of another country's spreadsheet from splitting one.
"""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from ledger.exports.cells import closing_word, decimal_amount, printed, words
from ledger.exports.tables import CURRENCY, Closing, Column, ColumnKind, Language, Sheet
from ledger.units import Currency

BYTE_ORDER_MARK: Final = "\ufeff"


async def csv_chunks(sheet: Sheet) -> AsyncIterator[bytes]:
    """Stream a sheet as CSV; it closes with lines for the rows, the totals per currency and the chain's head."""
    lines = _Lines()
    if sheet.with_byte_order_mark:
        lines.text.write(BYTE_ORDER_MARK)
    columns, language = sheet.table.columns, sheet.language
    lines.writer.writerow([column.heading(language) for column in columns])
    async for block in sheet.blocks():
        lines.writer.writerows(zip(*(printed(column, block, language) for column in columns), strict=True))
        yield lines.taken()
    lines.writer.writerows(closing_lines(sheet.closing, columns, language))
    yield lines.taken()


class _Lines:
    """Lines that are written and not yet taken."""

    def __init__(self) -> None:
        self.text = io.StringIO(newline="")
        self.writer = csv.writer(self.text, lineterminator="\r\n", quoting=csv.QUOTE_NONNUMERIC)

    def taken(self) -> bytes:
        chunk = self.text.getvalue().encode()
        self.text.seek(0)
        self.text.truncate()
        return chunk


def closing_lines(closing: Closing, columns: Sequence[Column], language: Language) -> list[list[Any]]:
    """Return the closing lines, the totals below their columns."""
    return [
        [closing_word("rows", language), closing.rows],
        *(total_cells(closing, columns, currency, language) for currency in sorted(closing.totals)),
        [closing_word("chain_head", language), closing.head.sequence, closing.head.hash.hex()],
    ]


def total_cells(
    closing: Closing, columns: Sequence[Column], currency: Currency, language: Language
) -> list[Any]:
    """Return the totals of one currency, each below its column; the first cell says what the line is."""
    total = closing.totals[currency]
    cells: list[Any] = [_total_cell(column, total, currency) for column in columns]
    cells[0] = closing_word("total", language)
    return cells


def _total_cell(column: Column, total: dict[str, int], currency: Currency) -> Any:
    if column.name == CURRENCY:
        return currency
    if column.source not in total:
        return None
    if column.kind is ColumnKind.WORDS:
        return words(total[column.source], currency)
    return decimal_amount(total[column.source], currency)
