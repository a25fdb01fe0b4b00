"""Amounts, days and texts as they stand in bank files.

Here belong the exact ways from text to minor units, days and microseconds. Not here: what a file's elements mean.
"""

import re
import unicodedata
from enum import StrEnum
from typing import Final

import msgspec

from ledger.receipts import TEXT_LENGTH_MAX
from ledger.units import MINOR_DIGITS, Amount, Currency

MOVEMENT_AMOUNT_MAX: Final[Amount] = 10**15
"""Greatest amount of one movement, in minor units, as of one receipt."""
BALANCE_MAX: Final[Amount] = 10**18
"""Greatest balance of a statement, in minor units."""
DAY_US: Final = 86_400_000_000
MINUTE_US: Final = 60_000_000

_DECIMAL: Final = re.compile(r"([+-]?)(\d{0,20})(?:\.(\d{0,20}))?", re.ASCII)
_DAY: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:Z|[+-]\d{2}:\d{2})?", re.ASCII)
_MOMENT: Final = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})?", re.ASCII
)
_DAYS_BEFORE_MONTH: Final = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
_DAYS_OF_MONTH: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_FIRST_YEAR: Final = 1970
_LAST_YEAR: Final = 2099


class AmountFault(StrEnum):
    """Why a text is no amount, in order of precedence."""

    MALFORMED = "malformed"
    NEGATIVE = "negative"
    TOO_PRECISE = "too_precise"
    TOO_LARGE = "too_large"


class When(msgspec.Struct, frozen=True):
    """A day as the bank counts it, with the time where it gives one.

    Args:
        day: days since 1970-01-01.
        time_us: microseconds since the day began; 0 without a time.
        offset_minutes: of the bank's clock from UTC; None where the file does not say.
    """

    day: int
    time_us: int = 0
    offset_minutes: int | None = None

    def at_us(self, default_offset_minutes: int) -> int:
        """Return the moment in microseconds since the Unix epoch.

        Args:
            default_offset_minutes: of the bank's clock, where the file does not say.
        """
        offset = self.offset_minutes
        minutes = default_offset_minutes if offset is None else offset
        return self.day * DAY_US + self.time_us - minutes * MINUTE_US


def minor_units(text: str, currency: Currency, maximum: Amount = MOVEMENT_AMOUNT_MAX) -> Amount | AmountFault:
    """Return a decimal as minor units, exactly; zeros behind the last digit of the currency do not count.

    Args:
        text: such as `1500.00`; ISO 20022 writes amounts without sign.
        currency: one that the ledger can book.
        maximum: in minor units.

    Raises: KeyError for a currency that the ledger cannot book.
    """
    found = _DECIMAL.fullmatch(text)
    if found is None or not (found[2] or found[3]):
        return AmountFault.MALFORMED
    if found[1] == "-":
        return AmountFault.NEGATIVE
    digits = MINOR_DIGITS[currency]
    fraction = (found[3] or "").rstrip("0")
    if len(fraction) > digits:
        return AmountFault.TOO_PRECISE
    amount = int((found[2] or "0") + fraction.ljust(digits, "0"))
    return amount if amount <= maximum else AmountFault.TOO_LARGE


def when(text: str) -> When | None:
    """Return a day (`2026-03-01`) or moment (`2026-03-01T09:30:00+08:00`); None when it is neither.

    Years from 1970 to 2099.
    """
    if found := _DAY.fullmatch(text):
        day = _day(int(found[1]), int(found[2]), int(found[3]))
        return None if day is None else When(day)
    found = _MOMENT.fullmatch(text)
    if found is None:
        return None
    day = _day(int(found[1]), int(found[2]), int(found[3]))
    hour, minute, second = int(found[4]), int(found[5]), int(found[6])
    if day is None or hour > 24 or minute > 59 or second > 60:
        return None
    fraction = int((found[7] or "").ljust(6, "0")[:6])
    time_us = ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction
    return When(day, time_us, _offset_minutes(found[8])) if time_us <= DAY_US else None


def exactly(at_us: int) -> When:
    """Return a moment, in microseconds since the Unix epoch, as a bank's file would give it."""
    return When(at_us // DAY_US, at_us % DAY_US, 0)


def day_text(day: int) -> str:
    """Write a day, counted from 1970-01-01, as `2026-03-01`."""
    year, month, rest = _civil(day)
    return f"{year:04d}-{month:02d}-{rest:02d}"


def plain_text(text: str, length_max: int = TEXT_LENGTH_MAX) -> str:
    """Return a text as it can be booked: one line, without control characters, not too long."""
    if text.isprintable():
        return " ".join(text.split())[:length_max]
    spaced = "".join(" " if unicodedata.category(c) in _SPACING else c for c in text)
    return " ".join(spaced.split())[:length_max]


_SPACING: Final = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})


def _offset_minutes(zone: str | None) -> int | None:
    if zone is None:
        return None
    if zone == "Z":
        return 0
    minutes = int(zone[1:3]) * 60 + int(zone[4:6])
    return -minutes if zone[0] == "-" else minutes


def _day(year: int, month: int, day: int) -> int | None:
    if (
        not _FIRST_YEAR <= year <= _LAST_YEAR
        or not 1 <= month <= 12
        or not 1 <= day <= _DAYS_OF_MONTH[month - 1]
    ):
        return None
    if month == 2 and day == 29 and not _is_leap(year):
        return None
    leaps = _leaps_before(year) - _leaps_before(_FIRST_YEAR)
    days = (year - _FIRST_YEAR) * 365 + leaps + _DAYS_BEFORE_MONTH[month - 1] + day - 1
    return days + (month > 2 and _is_leap(year))


def _civil(days: int) -> tuple[int, int, int]:
    """Turn a day's count into year, month and day, in eras of 400 years that begin in March."""
    era, day_of_era = divmod(days + 719_468, 146_097)
    leaps = day_of_era // 1_460 - day_of_era // 36_524 + day_of_era // 146_096
    year_of_era = (day_of_era - leaps) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * day_of_year + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9
    return era * 400 + year_of_era + (month <= 2), month, day_of_year - (153 * shifted + 2) // 5 + 1


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _leaps_before(year: int) -> int:
    return (year - 1) // 4 - (year - 1) // 100 + (year - 1) // 400
