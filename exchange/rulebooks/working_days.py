"""The days of a notice and of a listing, in days and in working days (工作日), by the centre's clock.

Which days are working days is the ledger's to say (`ledger.working_days`), for its clocks and these periods alike.
Whoever plans across a new year whose moved days are not announced should check again once they are.

Belongs here: counting days. Does not belong here: how many a rulebook asks for.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from datetime import timedelta

from ledger.working_days import CENTRE_TIME, centre_day, is_announced, is_working_day
from matching.terms import DAY_US
from matching.units import TimeUs

__all__ = [
    "CENTRE_TIME",
    "after_days",
    "after_working_days",
    "centre_day",
    "days_before",
    "is_announced",
    "is_working_day",
    "working_days_between",
    "working_days_through",
    "working_period_us",
]

YEARS_AHEAD_MAX = 3
"""No notice that makes sense is longer; it bounds the counting."""


def days_before(first_us: TimeUs, then_us: TimeUs) -> int:
    """Return how many days a moment lies before another: the day of the first is not counted, that of the last is.

    Source: 民法典 art. 201: the day on which a period begins is not counted.
    """
    return (centre_day(then_us) - centre_day(first_us)).days


def working_days_between(first_us: TimeUs, then_us: TimeUs) -> int:
    """Return how many whole working days lie between two moments; neither of the two days is counted."""
    first, then = centre_day(first_us), centre_day(then_us)
    span = min((then - first).days, 366 * YEARS_AHEAD_MAX)
    return sum(is_working_day(first + timedelta(days=number)) for number in range(1, span))


def working_days_through(first_us: TimeUs, then_us: TimeUs) -> int:
    """Return how many working days a period from one moment to another lasts: the last day is counted."""
    return working_days_between(first_us, then_us) + is_working_day(centre_day(then_us)) * (
        centre_day(then_us) > centre_day(first_us)
    )


def working_period_us(from_us: TimeUs, number: int) -> int:
    """Return how long a period of so many working days lasts from a moment on, in microseconds: whole days."""
    return _days_until(from_us, number, lambda then_us: working_days_through(from_us, then_us)) * DAY_US


def after_days(from_us: TimeUs, number: int) -> TimeUs:
    """Return the moment, at the same time of day, that lies so many days later."""
    return from_us + number * DAY_US


def after_working_days(from_us: TimeUs, number: int) -> TimeUs:
    """Return the first moment, at the same time of day, with so many whole working days in between."""
    days = _days_until(from_us, number, lambda then_us: working_days_between(from_us, then_us))
    return from_us + days * DAY_US


def _days_until(from_us: TimeUs, number: int, count: Callable[[TimeUs], int]) -> int:
    """Return the least number of whole days after which `count` has come to `number`."""
    longest = 366 * YEARS_AHEAD_MAX
    return bisect_left(range(longest), number, key=lambda days: count(from_us + days * DAY_US))
