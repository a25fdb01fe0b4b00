"""What a plain-text journal needs of the ledger: its movements by day, first uses, and the balances of each day's end.

Here belongs the order of things that beancount and hledger share. Not here: how either of them spells it.

The balances are the running totals that the ledger stored with each entry, and not sums made here: so the auditor's
own arithmetic over the transactions is compared with what the ledger believes.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Protocol
from uuid import UUID

from ledger.accounts import AccountCode
from ledger.exports.cells import day_of
from ledger.exports.tables import Closing, Sheet
from ledger.units import Amount, Currency, decimal_text


@dataclass(frozen=True, slots=True)
class Movement:
    """A posting that moved money; balances are debits less credits after it.

    `opens` has the accounts that it is the first to move anything on.
    """

    sequence: int
    day: date
    event_at_us: int
    id: UUID
    purpose: str
    debit: AccountCode
    credit: AccountCode
    amount: Amount
    currency: Currency
    reference: str
    memo: str
    debit_balance: Amount
    credit_balance: Amount
    opens: tuple[AccountCode, ...]


class Spelling(Protocol):
    """How one of the programs spells things; every text ends with a line feed."""

    def start(self, about: dict[str, str]) -> str:
        """Return what the file begins with."""

    def commodity(self, day: date, currency: Currency) -> str:
        """Return the declaration of a currency."""

    def account(self, day: date, code: AccountCode, currency: Currency) -> str:
        """Return the declaration of an account."""

    def transaction(self, movement: Movement) -> str:
        """Return a transaction."""

    def assertions(self, day: date, balances: list[tuple[AccountCode, Amount, Currency]]) -> str:
        """Return what states the balances at the end of a day."""

    def comment(self, text: str) -> str:
        """Return a line that the program passes over."""


async def journal_chunks(sheet: Sheet, spelling: Spelling) -> AsyncIterator[bytes]:
    """Stream the movements as a journal, with a statement of balances for each day and account it touched.

    A transaction has the day on which it was recorded, so that the journal only grows at its end.
    """
    book = _DayBook(spelling)
    yield spelling.start(dict(sheet.about)).encode()
    async for block in sheet.blocks():
        rows = zip(*block.values(), strict=True)
        yield "".join(
            text for row in rows for text in book.texts(movement(dict(zip(block, row, strict=True))))
        ).encode()
    yield (book.day_end() + closing_comments(sheet.closing, spelling)).encode()


def movement(row: dict[str, Any]) -> Movement:
    """Return a row of the movements as what it is."""
    amount = row["amount"]
    debit_turnover = row["debit_debits"] + row["debit_credits"]
    credit_turnover = row["credit_debits"] + row["credit_credits"]
    sides = ((row["debit"], debit_turnover), (row["credit"], credit_turnover))
    return Movement(
        sequence=row["sequence"],
        day=day_of(row["recorded_at"]),
        event_at_us=row["event_at"],
        id=row["transfer"],
        purpose=row["purpose"],
        debit=row["debit"],
        credit=row["credit"],
        amount=amount,
        currency=row["currency"],
        reference=row["reference"],
        memo=row["memo"],
        debit_balance=row["debit_debits"] - row["debit_credits"],
        credit_balance=row["credit_debits"] - row["credit_credits"],
        opens=tuple(code for code, turnover in sides if turnover == amount),
    )


def closing_comments(closing: Closing, spelling: Spelling) -> str:
    """Return the comments that close a journal."""
    totals = [
        f"total moved: {decimal_text(total['amount'], currency)} {currency}"
        for currency, total in sorted(closing.totals.items())
    ]
    head = f"chain head: {closing.head.sequence} {closing.head.hash.hex()}"
    return "\n" + "".join(spelling.comment(text) for text in (f"rows: {closing.rows}", *totals, head))


class _DayBook:
    """Where a journal stands: the day that is open, and the balances that it has changed."""

    def __init__(self, spelling: Spelling) -> None:
        self._spelling = spelling
        self._currencies: set[Currency] = set()
        self._balances: dict[AccountCode, tuple[Amount, Currency]] = {}
        self._today: date | None = None

    def texts(self, movement: Movement) -> Iterator[str]:
        """Write a movement, with what must stand before it."""
        if movement.day != self._today:
            yield self.day_end()
            self._today = movement.day
        if movement.currency not in self._currencies:
            self._currencies.add(movement.currency)
            yield self._spelling.commodity(movement.day, movement.currency)
        for code in movement.opens:
            yield self._spelling.account(movement.day, code, movement.currency)
        yield self._spelling.transaction(movement)
        self._balances[movement.debit] = (movement.debit_balance, movement.currency)
        self._balances[movement.credit] = (movement.credit_balance, movement.currency)

    def day_end(self) -> str:
        """State the balances that the open day has changed, and forget them."""
        if self._today is None:
            return ""
        balances = [(code, *self._balances[code]) for code in sorted(self._balances)]
        self._balances.clear()
        return self._spelling.assertions(self._today, balances)


def day_after(day: date) -> date:
    """Return the next day."""
    return day + timedelta(days=1)


def one_line(text: str) -> str:
    """Return a text without line breaks and other control characters."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
