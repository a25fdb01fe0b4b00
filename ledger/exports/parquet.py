"""Parquet: columns with types, the closing in the file's metadata.

Amounts are minor units as 64-bit integers, moments timestamps in microseconds. Needs the extra `luochui[parquet]`.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

import msgspec

from ledger.exports.cells import words
from ledger.exports.json_lines import closing_object
from ledger.exports.tables import CURRENCY, Block, Column, ColumnKind, Sheet

ROWS_PER_GROUP: Final = 16_384
CLOSING_KEY: Final = "luochui.closing"
ABOUT_KEY: Final = "luochui.about"
TYPES: Final = {
    ColumnKind.NUMBER: "int64",
    ColumnKind.AMOUNT: "int64",
    ColumnKind.DAY: "date32",
    ColumnKind.DIGEST: "binary",
}


def is_parquet_installed() -> bool:
    """Tell whether the extra that writes Parquet is there."""
    return find_spec("pyarrow") is not None


async def parquet_chunks(sheet: Sheet) -> AsyncIterator[bytes]:
    """Stream a sheet as Parquet, a group of rows at a time."""
    columns = sheet.table.columns
    sink = _Sink()
    schema = _schema(columns)
    writer = import_module("pyarrow.parquet").ParquetWriter(sink, schema, compression="zstd")
    try:
        async for group in _groups(sheet):
            await asyncio.to_thread(_write, writer, columns, schema, group)
            yield sink.taken()
    finally:
        await asyncio.to_thread(_finish, writer, sheet)
    yield sink.taken()


class _Sink:
    """Takes what the writer writes until it is sent."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._position = 0
        self.closed = False

    def write(self, part: Any) -> int:
        content = bytes(part)
        self._parts.append(content)
        self._position += len(content)
        return len(content)

    def tell(self) -> int:
        return self._position

    def flush(self) -> None:
        """Keep everything: it is taken, not flushed."""

    def close(self) -> None:
        self.closed = True

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


async def _groups(sheet: Sheet) -> AsyncIterator[Block]:
    """Join blocks to groups of rows; a file without rows has none."""
    waiting: list[Block] = []
    count = 0
    async for block in sheet.blocks():
        waiting.append(block)
        count += len(next(iter(block.values())))
        if count >= ROWS_PER_GROUP:
            yield _joined(waiting)
            waiting, count = [], 0
    if count:
        yield _joined(waiting)


def _joined(blocks: Sequence[Block]) -> Block:
    return {name: [value for block in blocks for value in block[name]] for name in blocks[0]}


def _schema(columns: Sequence[Column]) -> Any:
    pyarrow = import_module("pyarrow")
    named = {"int64": pyarrow.int64(), "date32": pyarrow.date32(), "binary": pyarrow.binary()}
    moment = pyarrow.timestamp("us", tz="Asia/Shanghai")
    types = {kind: named[name] for kind, name in TYPES.items()} | {ColumnKind.MOMENT: moment}
    return pyarrow.schema([(column.name, types.get(column.kind, pyarrow.string())) for column in columns])


def _write(writer: Any, columns: Sequence[Column], schema: Any, group: Block) -> None:
    pyarrow = import_module("pyarrow")
    arrays = [
        pyarrow.array(_values(column, group), type=field.type)
        for column, field in zip(columns, schema, strict=True)
    ]
    writer.write_table(pyarrow.Table.from_arrays(arrays, schema=schema))


def _values(column: Column, group: Block) -> Sequence[Any]:
    values = group[column.source]
    match column.kind:
        case ColumnKind.WORDS:
            pairs = zip(values, group[CURRENCY], strict=True)
            return [None if value is None else words(value, currency) for value, currency in pairs]
        case ColumnKind.NUMBER | ColumnKind.AMOUNT | ColumnKind.MOMENT | ColumnKind.DAY | ColumnKind.DIGEST:
            return values
        case _:
            return [None if value is None else str(value) for value in values]


def _finish(writer: Any, sheet: Sheet) -> None:
    about = msgspec.json.encode(dict(sheet.about)).decode()
    closing = msgspec.json.encode(closing_object(sheet.closing)).decode()
    writer.add_key_value_metadata({CLOSING_KEY: closing, ABOUT_KEY: about})
    writer.close()
