"""The journal for hledger, which `hledger check -s` accepts; holds move no money and are not in it."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Final

from ledger.accounts import AccountCode
from ledger.exports.cells import moment_text
from ledger.exports.day_book import Movement, journal_chunks, one_line
from ledger.exports.tables import Sheet
from ledger.units import MINOR_DIGITS, Amount, Currency, decimal_text

MEANINGFUL: Final = str.maketrans(
    {";": "；", "|": "｜", ":": "：", ",": "，", "[": "［", "]": "］", "(": "（", ")": "）"}
)
"""What would begin a comment, a tag, a date or a code gets its full-width form in texts of others."""


def hledger_chunks(sheet: Sheet) -> AsyncIterator[bytes]:
    """Stream the movements as an hledger journal."""
    return journal_chunks(sheet, Hledger())


class Hledger:
    """How hledger spells a journal (see Spelling)."""

    def start(self, about: dict[str, str]) -> str:
        """Return a comment that names the file."""
        return "; Luochui\n\n"

    def commodity(self, day: date, currency: Currency) -> str:
        """Return a commodity directive with the digits of the minor unit."""
        return f"commodity 1000.{'0' * MINOR_DIGITS[currency]} {currency}\n"

    def account(self, day: date, code: AccountCode, currency: Currency) -> str:
        """Return an account directive."""
        return f"account {code}\n"

    def transaction(self, movement: Movement) -> str:
        """Return a transaction with its place in the chain as tags."""
        text = decimal_text(movement.amount, movement.currency)
        return (
            f"{movement.day} * ({movement.sequence}) {movement.purpose}\n"
            f"    ; transfer:{movement.id}\n"
            f"    ; reference:{_harmless(movement.reference)}\n"
            f"    ; memo:{_harmless(movement.memo)}\n"
            f"    ; happened:{_harmless(moment_text(movement.event_at_us))}\n"
            f"    {movement.debit}    {text} {movement.currency}\n"
            f"    {movement.credit}    -{text} {movement.currency}\n\n"
        )

    def assertions(self, day: date, balances: list[tuple[AccountCode, Amount, Currency]]) -> str:
        """Return a transaction that moves nothing and states the balances at the end of its day."""
        lines = [
            f"    {code}    0 {currency} = {decimal_text(balance, currency)} {currency}\n"
            for code, balance, currency in balances
        ]
        return "".join([f"{day} * balances of the day\n", *lines, "\n"])

    def comment(self, text: str) -> str:
        """Return a comment."""
        return f"; {text}\n"


def _harmless(text: str) -> str:
    return one_line(text).translate(MEANINGFUL)
