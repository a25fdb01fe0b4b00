"""Money as whole minor units with an ISO 4217 currency.

Here belong the limits of an amount, the known currencies and their decimal text.
Not here: arithmetic between currencies, which the ledger never does.
"""

from typing import Final

Amount = int
Currency = str

AMOUNT_MAX: Final[Amount] = 2**63 - 1
"""Greatest amount and greatest balance: what one PostgreSQL bigint holds."""

MINOR_DIGITS: Final[dict[Currency, int]] = {
    "AUD": 2,
    "BHD": 3,
    "CAD": 2,
    "CHF": 2,
    "CNY": 2,
    "EUR": 2,
    "GBP": 2,
    "HKD": 2,
    "IDR": 2,
    "INR": 2,
    "JPY": 0,
    "KRW": 0,
    "KWD": 3,
    "MOP": 2,
    "MYR": 2,
    "NZD": 2,
    "PHP": 2,
    "RUB": 2,
    "SGD": 2,
    "THB": 2,
    "TWD": 2,
    "USD": 2,
    "VND": 0,
}
"""Currencies that the centre can book, with the digits of their minor unit (ISO 4217)."""


def is_currency(text: str) -> bool:
    """Tell whether the ledger can book money in this currency.

    Args:
        text: an ISO 4217 code in capitals.
    """
    return text in MINOR_DIGITS


def is_amount(amount: int) -> bool:
    """Tell whether a whole number can be an amount: from 0 to AMOUNT_MAX minor units."""
    return 0 <= amount <= AMOUNT_MAX


def decimal_text(amount: Amount, currency: Currency) -> str:
    """Write minor units as a decimal of the currency, without float and without grouping.

    Args:
        amount: minor units; may be negative, as a balance or a change can be.
        currency: a code from MINOR_DIGITS.

    Raises: KeyError for a currency that the ledger cannot book.
    """
    digits = MINOR_DIGITS[currency]
    sign = "-" if amount < 0 else ""
    whole, rest = divmod(abs(amount), 10**digits)
    return f"{sign}{whole}.{rest:0{digits}d}" if digits else f"{sign}{whole}"
