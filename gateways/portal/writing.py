"""Amounts, moments and spans of time as people read them.

Belongs here: digits and units. Does not belong here: which figure is shown where.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from exchange.notice_texts import UNITS
from exchange.rulebooks.working_days import CENTRE_TIME
from gateways.portal.texts import Language
from ledger.units import MINOR_DIGITS, decimal_text
from matching.units import TimeUs

SIGNS: Final = {"CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "HKD": "HK$", "JPY": "JP¥"}
SECOND_US: Final = 1_000_000
ZONE: Final = {Language.ZH: "北京时间", Language.EN: "UTC+8"}
WEEKDAYS: Final = {
    Language.ZH: ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
    Language.EN: ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}
MONTHS: Final = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
SHORT_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sept", "Oct", "Nov", "Dec")
"""As browsers shorten them for British readers: a page that counts down writes the same moment again."""
LARGE: Final = {
    Language.ZH: ((10**8, "亿"), (10**4, "万")),
    Language.EN: ((10**9, "bn"), (10**6, "m"), (10**3, "k")),
}


def amount_text(minor: int, currency: str) -> str:
    """Return minor units with sign and grouped digits; an even amount without its fraction."""
    whole, _, fraction = decimal_text(abs(minor), currency).partition(".")
    text = f"{int(whole):,}" + (f".{fraction}" if fraction.strip("0") else "")
    return f"{'−' if minor < 0 else ''}{SIGNS.get(currency, f'{currency} ')}{text}"


def short_amount_text(minor: int, currency: str, language: Language) -> str:
    """Return an amount as readers count large ones: ¥1.28亿, ¥128.4m."""
    major = abs(minor) / 10 ** MINOR_DIGITS.get(currency, 2)
    for unit, name in LARGE[language]:
        if major >= unit:
            digits = f"{major / unit:,.2f}".rstrip("0").rstrip(".")
            return f"{'−' if minor < 0 else ''}{SIGNS.get(currency, f'{currency} ')}{digits}{name}"
    return amount_text(minor, currency)


def grouped_text(number: str) -> str:
    """Return the number of an account in groups of four, as people compare it."""
    return " ".join(number[begin : begin + 4] for begin in range(0, len(number), 4))


def moment_text(at_us: TimeUs, language: Language, *, has_zone: bool = True) -> str:
    """Return a moment as date and time at the centre, to the minute, with its zone."""
    at = _at(at_us)
    # Numbers alone would leave English readers in doubt which is the month.
    english = f"{at.day} {SHORT_MONTHS[at.month - 1]} {at.year}, {at:%H:%M}"
    text = english if language is Language.EN else f"{at:%Y-%m-%d %H:%M}"
    return f"{text} {ZONE[language]}" if has_zone else text


def machine_moment(at_us: TimeUs) -> str:
    """Return a moment as the attribute `datetime` takes it."""
    return _at(at_us).isoformat(timespec="seconds")


def clock_text(at_us: TimeUs) -> str:
    """Return the time of day at the centre."""
    return f"{_at(at_us):%H:%M}"


def day_of(at_us: TimeUs) -> date:
    """Return the day of a moment at the centre."""
    return _at(at_us).date()


def month_text(first: date, language: Language) -> str:
    """Return a month of a year."""
    return (
        f"{first.year} 年 {first.month} 月"
        if language is Language.ZH
        else f"{MONTHS[first.month - 1]} {first.year}"
    )


def span_text(span_us: int, language: Language) -> str:
    """Return a configured duration in its largest unit that is even."""
    seconds, rest = divmod(span_us, SECOND_US)
    for size, key in ((86_400, "n_days"), (3_600, "n_hours"), (60, "n_minutes")):
        if not rest and seconds >= size and seconds % size == 0:
            return language.say(key, n=seconds // size)
    return language.say("n_seconds", n=f"{span_us / SECOND_US:g}")


def unit_text(unit: str, language: Language) -> str:
    """Return what a unit is called; one may carry both languages, as 吨 / t."""
    mine = language.half(unit)
    return UNITS.get(mine, mine) if language is Language.ZH else mine


def quantity_text(quantity: int, unit: str, language: Language) -> str:
    """Return so many of a unit, with grouped digits."""
    # 0.01 % as a unit would read as another figure behind the count: 150 × 0.01 %.
    figure = f"{quantity:,} ×" if unit[:1].isdecimal() else f"{quantity:,}"
    return f"{figure} {unit_text(unit, language)}".strip()


def share_text(basis_points: int) -> str:
    """Return hundredths of a per cent as per cent."""
    return f"{'−' if basis_points < 0 else ''}{abs(basis_points) / 100:g} %"


def _at(at_us: TimeUs) -> datetime:
    return datetime.fromtimestamp(at_us // SECOND_US, CENTRE_TIME)
