"""Statements as CSV, for banks that have no better, and as spreadsheets are saved in China.

Here belongs the reading of this one layout, line by line. Pure. Not here: layouts of single banks.

The first line names the columns, in English or Chinese, in any order:

| column | 列名 | |
|---|---|---|
| account | 本方账号 | required; number or IBAN of the centre's account |
| currency | 币种 | required; ISO 4217 |
| bank_reference | 交易流水号 | required, may be empty; the bank's own name for the movement, used once |
| booked_at | 交易时间 | required; `2026-03-01` or `2026-03-01 09:30:00`, also with `/` or as `20260301` |
| direction | 借贷标志 | required; credit, C, CR, 贷, 收 for money in, debit, D, DR, 借, 付 for money out |
| amount | 交易金额 | required; `1500.00` or `1,500.00`, without sign |
| value_date | 起息日 | |
| counterparty_name, counterparty_account, counterparty_bank | 对方户名, 对方账号, 对方行号 | who paid |
| remittance | 附言 | what the payer wrote |
| end_to_end_id | 客户流水号 | |
| sub_account | 子账号 | the virtual account that was paid to |
| balance | 余额 | the account's balance after this movement; with it every line is checked |

UTF-8 with or without byte-order mark, UTF-16 with one, or GB18030; comma, semicolon or tabulator. One account is one
statement; its lines stand together and in the order of booking.
"""

import codecs
import csv
import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import BinaryIO, Final

from msgspec.structs import replace

from ledger.bank.camt import PROBLEM_OF, REMITTANCE_LENGTH_MAX
from ledger.bank.documents import pieces
from ledger.bank.statements import (
    Balance,
    Fault,
    FileRead,
    FileRefused,
    Movement,
    Part,
    Problem,
    Statement,
    StatementEnd,
    StatementKind,
)
from ledger.bank.values import (
    BALANCE_MAX,
    MOVEMENT_AMOUNT_MAX,
    AmountFault,
    When,
    minor_units,
    plain_text,
    when,
)
from ledger.units import Amount, Currency, decimal_text, is_currency

FORMAT: Final = "csv"
LINE_LENGTH_MAX: Final = 20_000
FIELD_LENGTH_MAX: Final = 500
ID_LENGTH_MAX: Final = 100

COLUMNS: Final = {
    "account": ("本方账号", "账号", "本方账户"),
    "currency": ("币种", "货币"),
    "bank_reference": ("交易流水号", "流水号", "银行流水号"),
    "booked_at": ("交易时间", "交易日期", "记账日期", "booked_on"),
    "direction": ("借贷标志", "收付标志", "借贷"),
    "amount": ("交易金额", "金额", "发生额"),
    "value_date": ("起息日",),
    "counterparty_name": ("对方户名", "对方名称"),
    "counterparty_account": ("对方账号", "对方账户"),
    "counterparty_bank": ("对方行号", "对方开户行号"),
    "remittance": ("附言", "摘要", "用途"),
    "end_to_end_id": ("客户流水号",),
    "sub_account": ("子账号", "虚拟子账号"),
    "balance": ("余额", "账户余额"),
}
REQUIRED: Final = ("account", "currency", "bank_reference", "booked_at", "direction", "amount")
NAMES: Final = {alias: name for name, aliases in COLUMNS.items() for alias in (name, *aliases)}
CREDIT_WORDS: Final = frozenset({"credit", "crdt", "c", "cr", "贷", "贷方", "收", "收入", "转入"})
DEBIT_WORDS: Final = frozenset({"debit", "dbit", "d", "dr", "借", "借方", "付", "支出", "转出"})

CURRENCY_WORDS: Final = {
    "人民币": "CNY",
    "RMB": "CNY",
    "美元": "USD",
    "港币": "HKD",
    "港元": "HKD",
    "欧元": "EUR",
    "日元": "JPY",
}

_GROUPED: Final = re.compile(r"([+-]?)(\d{1,3}(?:,\d{3})+)((?:\.\d*)?)", re.ASCII)
_SLASHED: Final = re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})(.*)", re.ASCII)
_COMPACT: Final = re.compile(r"(\d{4})(\d{2})(\d{2})(?: ?(\d{2}):?(\d{2}):?(\d{2}))?", re.ASCII)
_HOURS_AND_MINUTES: Final = re.compile(r"(.*\d{2}:\d{2})", re.ASCII)


class _Wrong(Exception):
    """A cell cannot be read."""

    def __init__(self, problem: Problem, column: str, detail: str = "") -> None:
        super().__init__(detail)
        self.problem = problem
        self.column = column
        self.detail = detail


def csv_file(source: BinaryIO) -> Iterator[Part]:
    """Read a file; what is wrong in a line is a Fault among the parts, and reading goes on.

    Args:
        source: a file that can be read from its beginning again.

    Raises: FileRefused.
    """
    encoding = text_encoding(source)
    source.seek(0)
    return _Table().parts(_lines(source, encoding))


def text_encoding(source: BinaryIO) -> str:
    """Return the encoding in which a whole file can be read: by its mark, else UTF-8, else GB18030.

    Raises: FileRefused with WRONG_ENCODING, TOO_LARGE or EMPTY.
    """
    head = source.read(4)
    source.seek(0)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    first = _first_undecodable_line(source, "utf-8")
    if first is None:
        return "utf-8-sig"
    source.seek(0)
    other = _first_undecodable_line(source, "gb18030")
    if other is None:
        return "gb18030"
    raise FileRefused(
        Fault(problem=Problem.WRONG_ENCODING, line=max(first, other), detail="neither UTF-8 nor GB18030")
    )


def _first_undecodable_line(source: BinaryIO, encoding: str) -> int | None:
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    for piece in chain(pieces(source), (b"",)):
        try:
            line += decoder.decode(piece, not piece).count("\n")
        except UnicodeDecodeError as error:
            return line + error.object[: error.start].count(b"\n")
    return None


def _lines(source: BinaryIO, encoding: str) -> Iterator[str]:
    """Yield lines with their ends, none longer than allowed."""
    decoder = codecs.getincrementaldecoder(encoding)()
    rest = ""
    number = 1
    for piece in chain(pieces(source), (b"",)):
        try:
            rest += decoder.decode(piece, not piece)
        except UnicodeDecodeError as error:
            raise FileRefused(Fault(problem=Problem.WRONG_ENCODING, line=number, detail=encoding)) from error
        *whole, rest = rest.split("\n")
        for line in whole:
            yield line + "\n"
            number += 1
        if len(rest) > LINE_LENGTH_MAX:
            raise FileRefused(Fault(problem=Problem.TOO_COMPLEX, line=number, detail="a line too long"))
    if rest:
        yield rest


class _Table:
    """One file while it is read."""

    def __init__(self) -> None:
        self._columns: dict[str, int] = {}
        self._statement: Statement | None = None
        self._balance: Amount | None = None
        self._closes: When | None = None
        self._seen: set[tuple[str, Currency]] = set()

    def parts(self, lines: Iterator[str]) -> Iterator[Part]:
        rows = self._rows(lines)
        self._head(next(rows, (0, [])))
        yield FileRead(format=FORMAT)
        for line, row in rows:
            if not any(cell.strip() for cell in row):
                continue
            try:
                yield from self._movement(line, row)
            except _Wrong as wrong:
                yield Fault(
                    problem=wrong.problem, line=line, place=wrong.column, detail=plain_text(wrong.detail, 100)
                )
        yield from self._ended()

    def _rows(self, lines: Iterator[str]) -> Iterator[tuple[int, list[str]]]:
        """Yield each row with the line on which it begins."""
        first = next(lines, "")
        delimiter = max(",;\t", key=first.count)
        reader = csv.reader(chain((first,), lines), delimiter=delimiter, strict=True)
        begins = 1
        while True:
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise FileRefused(Fault(problem=Problem.NOT_CSV, line=begins, detail=str(error))) from error
            yield begins, row
            begins = reader.line_num + 1

    def _head(self, first: tuple[int, list[str]]) -> None:
        for index, cell in enumerate(first[1]):
            written = cell.strip().strip("\ufeff")
            name = NAMES.get(written.lower().replace(" ", "_"), NAMES.get(written))
            if name is None and written:
                raise FileRefused(
                    Fault(problem=Problem.COLUMN_UNKNOWN, line=1, detail=plain_text(written, 100))
                )
            if name in self._columns:
                raise FileRefused(Fault(problem=Problem.COLUMN_UNKNOWN, line=1, detail=f"{name} twice"))
            if name is not None:
                self._columns[name] = index
        missing = [name for name in REQUIRED if name not in self._columns]
        if missing:
            raise FileRefused(Fault(problem=Problem.COLUMN_MISSING, line=1, detail=", ".join(missing)))

    def _movement(self, line: int, row: Sequence[str]) -> Iterator[Part]:
        if len(row) > len(self._columns):
            raise _Wrong(Problem.NOT_CSV, "", f"{len(row)} cells, {len(self._columns)} columns")
        account = "".join(self._cell(row, "account").split()).upper()
        if not account:
            raise _Wrong(Problem.ELEMENT_MISSING, "account")
        currency = self._currency(row)
        amount = self._amount(row, currency)
        balance = self._balance_after(row, currency)
        movement = self._built(line, row, amount, currency)
        if self._statement is None or (self._statement.account, self._statement.currency) != (
            account,
            currency,
        ):
            yield from self._ended()
            yield self._begun(line, account, currency, amount, balance, movement.booked)
        yield from self._follow(line, amount, currency, balance, movement.booked)
        yield movement

    def _begun(
        self,
        line: int,
        account: str,
        currency: Currency,
        amount: Amount,
        balance: Amount | None,
        booked: When,
    ) -> Statement:
        if (account, currency) in self._seen:
            raise _Wrong(
                Problem.VALUE_MALFORMED, "account", f"{account} {currency}: lines do not stand together"
            )
        self._seen.add((account, currency))
        self._balance = None if balance is None else balance - amount
        opening = None if self._balance is None else Balance(self._balance, currency, booked)
        self._statement = Statement(
            kind=StatementKind.NOTIFICATION if balance is None else StatementKind.STATEMENT,
            name="",
            account=account,
            currency=currency,
            opening=opening,
            line=line,
            place=f"line {line}",
        )
        return self._statement

    def _follow(
        self, line: int, amount: Amount, currency: Currency, balance: Amount | None, booked: When
    ) -> Iterator[Part]:
        """Check that the balance follows from the line before; where it does not, say by how much and go on from it."""
        assert self._statement is not None
        if (balance is None) != (self._balance is None):
            raise _Wrong(Problem.ELEMENT_MISSING, "balance", "some lines have one, some have none")
        if balance is None or self._balance is None:
            return
        difference = balance - self._balance - amount
        if difference:
            yield Fault(
                problem=Problem.NOT_BALANCED,
                line=line,
                place="balance",
                detail=f"{decimal_text(balance, currency)}, difference {decimal_text(difference, currency)} {currency}",
                difference=difference,
            )
        self._balance = balance
        self._closes = booked

    def _ended(self) -> Iterator[Part]:
        statement = self._statement
        if statement is None:
            return
        if self._balance is None or statement.opening is None:
            yield StatementEnd(statement)
            return
        closing = Balance(self._balance, statement.currency, self._closes)
        yield StatementEnd(replace(statement, closing=closing))

    # Cells

    def _cell(self, row: Sequence[str], column: str, length_max: int = FIELD_LENGTH_MAX) -> str:
        index = self._columns.get(column)
        text = "" if index is None or index >= len(row) else row[index].strip()
        text = text.removeprefix("'")  # as spreadsheets keep digits from becoming numbers
        if len(text) > length_max:
            raise _Wrong(Problem.VALUE_TOO_LONG, column, text)
        return plain_text(text, length_max)

    def _currency(self, row: Sequence[str]) -> Currency:
        text = self._cell(row, "currency").upper()
        currency = CURRENCY_WORDS.get(text, text)
        if not currency:
            raise _Wrong(Problem.CURRENCY_MISSING, "currency")
        if not is_currency(currency):
            raise _Wrong(Problem.CURRENCY_UNKNOWN, "currency", currency)
        return currency

    def _amount(self, row: Sequence[str], currency: Currency) -> Amount:
        units = self._units(row, "amount", currency, MOVEMENT_AMOUNT_MAX)
        word = self._cell(row, "direction").lower()
        if word in CREDIT_WORDS:
            return units
        if word in DEBIT_WORDS:
            return -units
        raise _Wrong(Problem.VALUE_MALFORMED if word else Problem.ELEMENT_MISSING, "direction", word)

    def _balance_after(self, row: Sequence[str], currency: Currency) -> Amount | None:
        text = self._cell(row, "balance")
        if not text:
            return None
        sign = -1 if text.startswith("-") else 1
        return sign * self._units(row, "balance", currency, BALANCE_MAX)

    def _units(self, row: Sequence[str], column: str, currency: Currency, maximum: Amount) -> Amount:
        text = self._cell(row, column)
        if not text:
            raise _Wrong(Problem.ELEMENT_MISSING, column)
        if found := _GROUPED.fullmatch(text):
            text = found[1] + found[2].replace(",", "") + found[3]
        plain = text.removeprefix("-") if column == "balance" else text
        units = minor_units(plain, currency, maximum)
        if isinstance(units, AmountFault):
            raise _Wrong(PROBLEM_OF[units], column, f"{text} {currency}")
        return units

    def _when(self, row: Sequence[str], column: str) -> When | None:
        text = self._cell(row, column)
        if not text:
            return None
        found = when(_as_iso(text))
        if found is None:
            raise _Wrong(Problem.DATE_MALFORMED, column, text)
        return found

    def _built(self, line: int, row: Sequence[str], amount: Amount, currency: Currency) -> Movement:
        booked = self._when(row, "booked_at")
        if booked is None:
            raise _Wrong(Problem.ELEMENT_MISSING, "booked_at")
        return Movement(
            line=line,
            place=f"line {line}",
            bank_reference=self._cell(row, "bank_reference", ID_LENGTH_MAX),
            amount=amount,
            currency=currency,
            booked=booked,
            valued=self._when(row, "value_date"),
            counterparty_name=plain_text(self._cell(row, "counterparty_name")),
            counterparty_account="".join(
                self._cell(row, "counterparty_account", ID_LENGTH_MAX).split()
            ).upper(),
            counterparty_bank="".join(self._cell(row, "counterparty_bank", ID_LENGTH_MAX).split()).upper(),
            remittance=plain_text(self._cell(row, "remittance"), REMITTANCE_LENGTH_MAX),
            end_to_end_id=self._cell(row, "end_to_end_id", ID_LENGTH_MAX),
            sub_account="".join(self._cell(row, "sub_account", ID_LENGTH_MAX).split()),
        )


def _as_iso(text: str) -> str:
    if found := _SLASHED.fullmatch(text):
        text = f"{found[1]}-{found[2]:>02}-{found[3]:>02}{found[4]}"
    elif found := _COMPACT.fullmatch(text):
        time = f" {found[4]}:{found[5]}:{found[6]}" if found[4] else ""
        text = f"{found[1]}-{found[2]}-{found[3]}{time}"
    if _HOURS_AND_MINUTES.fullmatch(text) and text.count(":") == 1:
        text += ":00"
    return text
