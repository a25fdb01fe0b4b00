"""Amounts as people write and read them: major units outside, whole minor units inside.

Belongs here: reading 12,300.50 or 1.2万, and writing amounts with their currency.
Does not belong here: which amounts are bids.
"""

from __future__ import annotations

import re
from decimal import Decimal

MINOR_UNITS = 100
MULTIPLIERS = {"": 1, "万": 10_000, "萬": 10_000, "亿": 100_000_000, "億": 100_000_000}
SIGNS = {"CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "HKD": "HK$"}

_WRITTEN = re.compile(
    r"(?:CNY|RMB|USD|EUR|GBP|HKD|[¥￥$€£])?\s*"
    r"(?P<number>[0-9]{1,3}(?:[,，][0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?)\s*"
    r"(?P<multiplier>[万萬亿億]?)\s*(?:元|圆)?",
    re.IGNORECASE,
)


class NotAnAmount(ValueError):
    """The text is no amount of money, or is finer than the smallest unit."""


def read_amount(text: str) -> int:
    """Return what a person wrote, in minor units.

    Thousands may be parted by commas in groups of three; 万 and 亿 multiply.

    Raises: NotAnAmount.
    """
    written = _WRITTEN.fullmatch(text.strip())
    if written is None:
        raise NotAnAmount(text)
    number = Decimal(re.sub("[,，]", "", written["number"]))
    minor = number * MULTIPLIERS[written["multiplier"]] * MINOR_UNITS
    if minor != minor.to_integral_value():
        raise NotAnAmount(text)
    return int(minor)


def write_amount(minor: int, currency: str) -> str:
    """Return an amount for reading: ¥12,300.50."""
    whole, part = divmod(abs(minor), MINOR_UNITS)
    sign = SIGNS.get(currency, f"{currency} ")
    return f"{'-' if minor < 0 else ''}{sign}{whole:,}.{part:02d}"
