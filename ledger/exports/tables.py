"""What every file is made of: named columns, blocks of rows, and the closing lines that prove it whole.

Here belong the shapes and the counting. Not here: what a report contains (reports, postgres), bytes (the formats).
"""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Literal

from ledger.chain import ChainHead
from ledger.units import Currency

Language = Literal["en", "zh"]

Block = Mapping[str, Sequence[Any]]
"""Some hundred rows, by column."""

CURRENCY = "currency"
"""Name of the column that says which currency the amounts of its row have."""


class ColumnKind(Enum):
    """What a cell holds, and in which Python type a block carries it.

    NUMBER an int; TEXT what somebody wrote; CODE a name of ours; CHOICE one of a closed list; REFERENCE a payment
    reference; MOMENT microseconds since the Unix epoch; DAY a date; AMOUNT minor units; WORDS an amount spelled out;
    DIGEST bytes. Any of them may be None.
    """

    NUMBER = auto()
    TEXT = auto()
    CODE = auto()
    CHOICE = auto()
    REFERENCE = auto()
    MOMENT = auto()
    DAY = auto()
    AMOUNT = auto()
    WORDS = auto()
    DIGEST = auto()


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a report.

    Args:
        name: stable name; also the English heading.
        heading_zh: Chinese heading.
        kind: what its cells hold.
        is_totalled: whether the closing lines sum it, per currency.
        amount_column: for WORDS, which amount is spelled out; such a column is not in the blocks.
    """

    name: str
    heading_zh: str
    kind: ColumnKind = ColumnKind.TEXT
    is_totalled: bool = False
    amount_column: str = ""

    @property
    def source(self) -> str:
        """The name under which a block has its values."""
        return self.amount_column or self.name

    def heading(self, language: Language) -> str:
        """Return what stands above it."""
        return self.heading_zh if language == "zh" else self.name


@dataclass(frozen=True, slots=True)
class Table:
    """A report that can be read once, from its first row to its last.

    Args:
        name: stable name; also the English title.
        title_zh: Chinese title.
        columns: in order.
        blocks: the rows; stored columns only.
    """

    name: str
    title_zh: str
    columns: tuple[Column, ...]
    blocks: AsyncIterator[Block]

    @property
    def totalled(self) -> tuple[str, ...]:
        """Names of the columns that the closing lines sum."""
        return tuple(column.name for column in self.columns if column.is_totalled)

    def title(self, language: Language) -> str:
        """Return what stands on the sheet."""
        return self.title_zh if language == "zh" else self.name


@dataclass(slots=True)
class Closing:
    """What ends a file: how many rows, the totals per currency, and the last posting of the books it was read from.

    `totals` has minor units by currency and column. It is complete when the last block has been taken.
    """

    head: ChainHead
    rows: int = 0
    totals: dict[Currency, Counter[str]] = field(default_factory=dict)

    def add(self, block: Block, totalled: Sequence[str]) -> None:
        """Count a block of rows."""
        currencies = block.get(CURRENCY, ())
        self.rows += len(next(iter(block.values())))
        for name in totalled:
            for currency, amount in zip(currencies, block[name], strict=True):
                total = self.totals.setdefault(currency, Counter())
                total[name] += amount or 0


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with everything that a format needs beside it.

    Args:
        table: what is to be written.
        closing: filled while it is written.
        language: of headings, choices and closing words, where a format has them.
        with_byte_order_mark: for spreadsheets that would guess another encoding.
        about: words on the file for formats that have a place for them, e.g. the day it was asked for.
    """

    table: Table
    closing: Closing
    language: Language = "en"
    with_byte_order_mark: bool = False
    about: Mapping[str, str] = field(default_factory=dict)

    async def blocks(self) -> AsyncIterator[Block]:
        """Hand out the table's blocks, counting them."""
        totalled = self.table.totalled
        async for block in self.table.blocks:
            self.closing.add(block, totalled)
            yield block


def block_of(columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> Block:
    """Return rows by column; their values stand in the order of the stored columns."""
    stored = [column.name for column in columns if not column.amount_column]
    values = zip(*rows, strict=True) if rows else ((),) * len(stored)
    return dict(zip(stored, values, strict=True))
