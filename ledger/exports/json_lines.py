"""JSON Lines: an object per row under stable names, and a last line that closes the file.

For machines: amounts are minor units, moments ISO 8601 with the zone, choices their codes, texts as they are.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, Final

import msgspec

from ledger.exports.cells import moment, words
from ledger.exports.tables import CURRENCY, Block, Closing, Column, ColumnKind, Sheet

_ENCODER: Final = msgspec.json.Encoder()


async def json_lines_chunks(sheet: Sheet) -> AsyncIterator[bytes]:
    """Stream a sheet as JSON Lines; the last line has the one key `closing`."""
    columns = sheet.table.columns
    names = [column.name for column in columns]
    async for block in sheet.blocks():
        values = [plain(column, block) for column in columns]
        yield _ENCODER.encode_lines([dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)])
    yield _ENCODER.encode_lines([{"closing": closing_object(sheet.closing)}])


def plain(column: Column, block: Block) -> Sequence[Any]:
    """Return a column of a block as values that JSON has."""
    values = block[column.source]
    match column.kind:
        case ColumnKind.WORDS:
            pairs = zip(values, block[CURRENCY], strict=True)
            return [None if value is None else words(value, currency) for value, currency in pairs]
        case ColumnKind.MOMENT:
            return [None if value is None else moment(value).isoformat() for value in values]
        case ColumnKind.DIGEST:
            return [None if value is None else value.hex() for value in values]
        case ColumnKind.NUMBER | ColumnKind.AMOUNT:
            return values
        case _:
            return _texts(values)


def _texts(values: Iterable[Any]) -> Sequence[str | None]:
    return [None if value is None else str(value) for value in values]


def closing_object(closing: Closing) -> dict[str, Any]:
    """Return what closes a file, for formats that carry structures."""
    return {
        "rows": closing.rows,
        "totals": {currency: dict(total) for currency, total in sorted(closing.totals.items())},
        "chain_head": {"sequence": closing.head.sequence, "hash": closing.head.hash.hex()},
    }
