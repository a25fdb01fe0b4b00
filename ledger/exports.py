"""What leaves the ledger as a file: the deposit register, the journal, and the journal for beancount.

Here belong the formats. Every export streams from one reader, so it is the ledger at one moment, and ends
with its number of rows, the totals per currency and the chain's head, which ties the file to the books.
Not here: who may download and where the bytes go.
"""

import csv
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Final, Literal

from ledger.accounts import AccountCode
from ledger.chain import ChainHead
from ledger.register import DepositRow, DepositState, deposit_row
from ledger.store import LedgerReader
from ledger.transfers import Kind, Posting
from ledger.units import Amount, Currency, decimal_text

Language = Literal["en", "zh"]

CENTRE_ZONE: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
"""Time zone of dates in exports: China Standard Time, which has no summer time."""

BYTE_ORDER_MARK: Final = "\ufeff"
FORMULA_STARTS: Final = "=+-@\t\r\n＝＋－＠"
CHUNK_LINES: Final = 200

REGISTER_COLUMNS: Final = {
    "lot": "标的",
    "bidder": "竞买人",
    "reference": "子账号",
    "payer": "付款人",
    "state": "状态",
    "currency": "币种",
    "required": "应缴",
    "received": "已缴",
    "held": "冻结",
    "applied_to_price": "转作价款",
    "refund_due": "应退",
    "opened_at": "开立时间",
    "received_at": "到账时间",
    "held_at": "冻结时间",
    "settled_at": "结清时间",
}

JOURNAL_COLUMNS: Final = {
    "sequence": "序号",
    "recorded_at": "记账时间",
    "event_at": "发生时间",
    "transfer": "转账编号",
    "kind": "类型",
    "purpose": "用途",
    "debit": "借方科目",
    "credit": "贷方科目",
    "amount": "金额",
    "currency": "币种",
    "pending_transfer": "所结冻结",
    "reference": "凭证号",
    "memo": "摘要",
    "hash": "链值",
}

CLOSING_WORDS: Final = {"rows": "行数", "total": "合计", "total_moved": "过账合计", "chain_head": "链头"}

STATE_NAMES_ZH: Final = {
    DepositState.AWAITING_PAYMENT: "待缴",
    DepositState.PART_PAID: "部分缴纳",
    DepositState.RECEIVED: "已到账",
    DepositState.HELD: "已冻结",
    DepositState.APPLIED_TO_PRICE: "转作价款",
    DepositState.REFUND_DUE: "应退",
    DepositState.LAPSED: "未缴失效",
}

_REGISTER_AMOUNTS: Final = ("required", "received", "held", "applied", "refund_due")


def register_csv(
    reader: LedgerReader,
    *,
    lot_id: int | None = None,
    language: Language = "en",
    with_byte_order_mark: bool = False,
    zone: tzinfo = CENTRE_ZONE,
) -> AsyncIterator[bytes]:
    """Stream the deposit register as CSV (RFC 4180, UTF-8).

    Args:
        reader: the ledger at one moment.
        lot_id: only this lot's deposits, when given.
        language: of the headings and states.
        with_byte_order_mark: spreadsheets that would guess another encoding need it.
        zone: of the dates.
    """
    return _encoded(_register_lines(reader, lot_id, language, zone), with_byte_order_mark)


def journal_csv(
    reader: LedgerReader,
    *,
    language: Language = "en",
    with_byte_order_mark: bool = False,
    zone: tzinfo = CENTRE_ZONE,
) -> AsyncIterator[bytes]:
    """Stream all postings as CSV (RFC 4180, UTF-8), in order of sequence; arguments as `register_csv`."""
    return _encoded(_journal_lines(reader, language, zone), with_byte_order_mark)


def beancount_journal(
    reader: LedgerReader, *, title: str = "Luochui", zone: tzinfo = CENTRE_ZONE
) -> AsyncIterator[bytes]:
    """Stream what has moved as a beancount journal, with a balance assertion per account and day.

    Holds move no money and are not in it. A transaction has the day on which it was recorded, so that the
    journal only grows at its end; when it happened is in its metadata.
    """
    return _encoded(_beancount_lines(reader, title, zone), with_byte_order_mark=False)


async def _encoded(lines: AsyncIterator[str], with_byte_order_mark: bool) -> AsyncIterator[bytes]:
    chunk = [BYTE_ORDER_MARK] if with_byte_order_mark else []
    async for line in lines:
        chunk.append(line)
        if len(chunk) >= CHUNK_LINES:
            yield "".join(chunk).encode()
            chunk.clear()
    yield "".join(chunk).encode()


# CSV


class _Sink:
    """Takes one line from the csv module."""

    def __init__(self) -> None:
        self.line = ""
        self.writer = csv.writer(self, lineterminator="\r\n")

    def write(self, line: str) -> None:
        self.line = line


_SINK: Final = _Sink()


def _line(cells: Iterable[object]) -> str:
    _SINK.writer.writerow(["" if cell is None else cell for cell in cells])
    return _SINK.line


def harmless_cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: an apostrophe goes before a dangerous start.

    Source: OWASP, CSV Injection.
    """
    return f"'{text}" if text.startswith(tuple(FORMULA_STARTS)) else text


def grouped_reference(reference: str) -> str:
    """Write a payment reference in groups of four, as people copy it and spreadsheets keep it whole."""
    return " ".join(reference[at : at + 4] for at in range(0, len(reference), 4))


def _headings(columns: dict[str, str], language: Language) -> list[str]:
    return list(columns.values() if language == "zh" else columns)


def _word(word: str, language: Language) -> str:
    return CLOSING_WORDS[word] if language == "zh" else word


def _moment(at_us: int | None, zone: tzinfo) -> str | None:
    if at_us is None:
        return None
    whole_s, rest_us = divmod(at_us, 1_000_000)
    moment = datetime.fromtimestamp(whole_s, UTC) + timedelta(microseconds=rest_us)
    return moment.astimezone(zone).isoformat(" ", "microseconds")


async def _register_lines(
    reader: LedgerReader, lot_id: int | None, language: Language, zone: tzinfo
) -> AsyncIterator[str]:
    yield _line(_headings(REGISTER_COLUMNS, language))
    count = 0
    totals: dict[Currency, Counter[str]] = {}
    async for position in reader.positions(lot_id):
        row = deposit_row(position)
        count += 1
        totals.setdefault(row.currency, Counter()).update(
            {name: getattr(row, name) for name in _REGISTER_AMOUNTS}
        )
        yield _line(_register_cells(row, language, zone))
    yield _line([_word("rows", language), count])
    for currency, total in sorted(totals.items()):
        amounts = [decimal_text(total[name], currency) for name in _REGISTER_AMOUNTS]
        yield _line([_word("total", language), "", "", "", "", currency, *amounts])
    yield _head_line(await reader.head(), language)


def _register_cells(row: DepositRow, language: Language, zone: tzinfo) -> list[object]:
    amounts = [decimal_text(getattr(row, name), row.currency) for name in _REGISTER_AMOUNTS]
    dates = (row.opened_at_us, row.received_at_us, row.held_at_us, row.settled_at_us)
    return [
        row.lot_id,
        row.bidder_id,
        grouped_reference(row.reference),
        harmless_cell(row.payer_name),
        STATE_NAMES_ZH[row.state] if language == "zh" else row.state.value,
        row.currency,
        *amounts,
        *(_moment(at_us, zone) for at_us in dates),
    ]


async def _journal_lines(reader: LedgerReader, language: Language, zone: tzinfo) -> AsyncIterator[str]:
    yield _line(_headings(JOURNAL_COLUMNS, language))
    count = 0
    moved: Counter[Currency] = Counter()
    async for posting in reader.postings():
        count += 1
        moved[posting.transfer.currency] += _moved(posting)
        yield _line(_journal_cells(posting, zone))
    yield _line([_word("rows", language), count])
    for currency, total in sorted(moved.items()):
        amount = decimal_text(total, currency)
        yield _line([_word("total_moved", language), *[""] * 7, amount, currency])
    yield _head_line(await reader.head(), language)


def _journal_cells(posting: Posting, zone: tzinfo) -> list[object]:
    transfer = posting.transfer
    return [
        posting.sequence,
        _moment(posting.recorded_at_us, zone),
        _moment(transfer.event_at_us, zone),
        transfer.id,
        transfer.kind,
        transfer.purpose,
        transfer.debit,
        transfer.credit,
        decimal_text(transfer.amount, transfer.currency),
        transfer.currency,
        transfer.pending_id,
        harmless_cell(transfer.reference),
        harmless_cell(transfer.memo),
        posting.hash.hex(),
    ]


def _moved(posting: Posting) -> Amount:
    """Return what a posting moved for good."""
    return posting.transfer.amount if posting.transfer.kind in (Kind.POSTED, Kind.POST) else 0


def _head_line(head: ChainHead, language: Language) -> str:
    return _line([_word("chain_head", language), head.sequence, head.hash.hex()])


# Beancount


async def _beancount_lines(reader: LedgerReader, title: str, zone: tzinfo) -> AsyncIterator[str]:
    yield f"option {_quoted('title')} {_quoted(title)}\n\n"
    book = _DayBook()
    async for posting in reader.postings():
        day = _day(posting.recorded_at_us, zone)
        for line in book.lines_before(day):
            yield line
        for line in book.transaction(posting, day):
            yield line
    for line in book.assertions():
        yield line
    yield f"\n; rows: {book.count}\n"
    for currency, total in sorted(book.moved.items()):
        yield f"; total moved: {decimal_text(total, currency)} {currency}\n"
    head = await reader.head()
    yield f"; chain head: {head.sequence} {head.hash.hex()}\n"


class _DayBook:
    """The balances while a journal is written, and which of them the present day has touched."""

    def __init__(self) -> None:
        self.count = 0
        self.moved: Counter[Currency] = Counter()
        self._balances: dict[AccountCode, tuple[Amount, Currency]] = {}
        self._touched: set[AccountCode] = set()
        self._today: date | None = None

    def lines_before(self, day: date) -> Iterator[str]:
        """Close the day before, if this is the first transaction of another one."""
        if self._today is not None and day != self._today:
            yield from self.assertions()
            self._touched.clear()
        self._today = day

    def transaction(self, posting: Posting, day: date) -> Iterator[str]:
        amount = _moved(posting)
        if amount == 0:
            return
        self.count += 1
        transfer = posting.transfer
        self.moved[transfer.currency] += amount
        for code, change in ((transfer.debit, amount), (transfer.credit, -amount)):
            if code not in self._balances:
                yield f"{day} open {beancount_account(code)} {transfer.currency}\n"
            balance, _ = self._balances.get(code, (0, transfer.currency))
            self._balances[code] = (balance + change, transfer.currency)
            self._touched.add(code)
        yield from _transaction_lines(posting, day, amount)

    def assertions(self) -> Iterator[str]:
        """State the balances that the present day has changed; they hold when the next day begins.

        "~ 0" asks for no tolerance: beancount would let one minor unit pass.
        """
        if self._today is None:
            return
        for code in sorted(self._touched):
            balance, currency = self._balances[code]
            next_day = self._today + timedelta(days=1)
            amount = decimal_text(balance, currency)
            yield f"{next_day} balance {beancount_account(code)} {amount} ~ 0 {currency}\n"
        yield "\n"


def _transaction_lines(posting: Posting, day: date, amount: Amount) -> Iterator[str]:
    transfer = posting.transfer
    text = decimal_text(amount, transfer.currency)
    yield f"{day} * {_quoted(transfer.memo)} {_quoted(str(transfer.purpose))}\n"
    yield f"  sequence: {posting.sequence}\n"
    yield f"  transfer: {_quoted(str(transfer.id))}\n"
    yield f"  reference: {_quoted(transfer.reference)}\n"
    yield f"  event-at: {_quoted(_moment(transfer.event_at_us, UTC) or '')}\n"
    yield f"  {beancount_account(transfer.debit)}  {text} {transfer.currency}\n"
    yield f"  {beancount_account(transfer.credit)}  -{text} {transfer.currency}\n\n"


def beancount_account(code: AccountCode) -> str:
    """Spell an account code as beancount does: each part begins with a capital or a digit."""
    return ":".join(part[:1].upper() + part[1:] for part in code.split(":"))


def _day(at_us: int, zone: tzinfo) -> date:
    return datetime.fromtimestamp(at_us // 1_000_000, UTC).astimezone(zone).date()


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{" ".join(escaped.splitlines())}"'
