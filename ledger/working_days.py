"""Working days (工作日) of mainland China, by the centre's clock.

The days come from the library `holidays`: weekends, statutory holidays, and the days that the State Council moves
each year. It announces a year's moved days in the autumn before. Until the library knows them, that year counts with
its statutory holidays and weekends alone, and `is_announced` says so.

Belongs here: which days are working days. Does not belong here: what is due on them (clocks, rulebooks).
"""

from datetime import date, datetime, timedelta, timezone
from functools import cache
from typing import Final

import holidays

CENTRE_TIME: Final = timezone(timedelta(hours=8))
"""China Standard Time, without summer time."""

_SECOND_US: Final = 1_000_000


def centre_day(at_us: int) -> date:
    """Return the day, by the centre's clock, on which a moment lies.

    Args:
        at_us: microseconds since the Unix epoch.
    """
    return datetime.fromtimestamp(at_us // _SECOND_US, CENTRE_TIME).date()


def day_begins_at_us(day: date) -> int:
    """Return the first moment of a day, by the centre's clock, in microseconds since the Unix epoch."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=CENTRE_TIME)
    return int(midnight.timestamp()) * _SECOND_US


def is_working_day(day: date) -> bool:
    """Tell whether people work on a day: moved working Saturdays do count, moved holidays do not."""
    return _calendar().is_working_day(day)


def is_announced(year: int) -> bool:
    """Tell whether the moved days of a year are known; otherwise only its statutory holidays are."""
    return year in _calendar().special_public_holidays


@cache
def _calendar() -> holidays.HolidayBase:
    return holidays.country_holidays("CN")
