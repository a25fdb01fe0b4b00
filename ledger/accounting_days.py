"""Accounting days and months: which moment belongs to which, in the centre's time zone.

Here belongs the calendar of the books, pure. Not here: working days and legal clocks (clocks), and what it takes to
close a day (periods).
"""

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

TIME_ZONE: Final = "Asia/Shanghai"
"""The centre's time zone unless it is set otherwise before the first day is closed."""

DAY: Final = timedelta(days=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def is_time_zone(name: str) -> bool:
    """Tell whether a time zone of that name is known (IANA database)."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def accounting_day(at_us: int, time_zone: str) -> date:
    """Return the calendar day of a moment.

    Args:
        at_us: microseconds since the Unix epoch.
        time_zone: IANA name.
    """
    return (_EPOCH + at_us * _MICROSECOND).astimezone(ZoneInfo(time_zone)).date()


def day_begins_us(day: date, time_zone: str) -> int:
    """Return the first moment of a day in microseconds since the Unix epoch.

    Where the clock skips midnight, it is the moment of the change.
    """
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(time_zone))
    return (midnight.astimezone(UTC) - _EPOCH) // _MICROSECOND


def day_ends_us(day: date, time_zone: str) -> int:
    """Return the first moment after a day."""
    return day_begins_us(day + DAY, time_zone)


def first_of_month(day: date) -> date:
    """Return the first day of the month of a day."""
    return day.replace(day=1)


def next_month(month: date) -> date:
    """Return the first day of the month after that of a day."""
    return first_of_month(first_of_month(month) + timedelta(days=31))


def last_of_month(day: date) -> date:
    """Return the last day of the month of a day."""
    return next_month(day) - DAY
