"""The journal for beancount, which `bean-check` accepts; holds move no money and are not in it."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Final

from ledger.accounts import AccountCode
from ledger.exports.cells import moment_text
from ledger.exports.day_book import Movement, day_after, journal_chunks, one_line
from ledger.exports.tables import Sheet
from ledger.units import Amount, Currency, decimal_text

TITLE: Final = "Luochui"


def beancount_chunks(sheet: Sheet) -> AsyncIterator[bytes]:
    """Stream the movements as a beancount journal."""
    return journal_chunks(sheet, Beancount())


class Beancount:
    """How beancount spells a journal (see Spelling)."""

    def start(self, about: dict[str, str]) -> str:
        """Return the option that names the file."""
        return f"option {_quoted('title')} {_quoted(TITLE)}\n\n"

    def commodity(self, day: date, currency: Currency) -> str:
        """Return a commodity directive."""
        return f"{day} commodity {currency}\n"

    def account(self, day: date, code: AccountCode, currency: Currency) -> str:
        """Return an open directive, for one currency only."""
        return f"{day} open {beancount_account(code)} {currency}\n"

    def transaction(self, movement: Movement) -> str:
        """Return a transaction with its place in the chain as metadata."""
        text = decimal_text(movement.amount, movement.currency)
        return (
            f"{movement.day} * {_quoted(movement.memo)} {_quoted(movement.purpose)}\n"
            f"  sequence: {movement.sequence}\n"
            f"  transfer: {_quoted(str(movement.id))}\n"
            f"  reference: {_quoted(movement.reference)}\n"
            f"  event-at: {_quoted(moment_text(movement.event_at_us))}\n"
            f"  {beancount_account(movement.debit)}  {text} {movement.currency}\n"
            f"  {beancount_account(movement.credit)}  -{text} {movement.currency}\n\n"
        )

    def assertions(self, day: date, balances: list[tuple[AccountCode, Amount, Currency]]) -> str:
        """Return balance directives; they hold when the next day begins.

        "~ 0" asks for no tolerance: beancount would let one minor unit pass.
        """
        next_day = day_after(day)
        lines = [
            f"{next_day} balance {beancount_account(code)} {decimal_text(balance, currency)} ~ 0 {currency}\n"
            for code, balance, currency in balances
        ]
        return "".join([*lines, "\n"])

    def comment(self, text: str) -> str:
        """Return a comment."""
        return f"; {text}\n"


def beancount_account(code: AccountCode) -> str:
    """Spell an account code as beancount does: each part begins with a capital or a digit."""
    return ":".join(part[:1].upper() + part[1:] for part in code.split(":"))


def _quoted(text: str) -> str:
    escaped = one_line(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
