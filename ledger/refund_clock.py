"""Until when a refund has to be paid: hours, days or working days from a moment.

Pure. Here belong the clock, the count of its days and how near its end is.
Not here: which lot goes by which clock (money_rule), lists and alarms (clocks).
"""

import re
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final

import msgspec

from ledger.working_days import centre_day, day_begins_at_us, is_announced, is_working_day

HOUR_US: Final = 3_600_000_000
DAY_US: Final = 24 * HOUR_US
NUMBER_MAX: Final = 999
_WRITTEN: Final = re.compile(r"(hours|days|working_days):([1-9][0-9]{0,2})")


class ClockUnit(StrEnum):
    """What a clock counts."""

    HOURS = "hours"
    DAYS = "days"
    WORKING_DAYS = "working_days"


class ClockStart(StrEnum):
    """The moment from which a clock counts.

    BIDDING_ENDED when nobody could bid any more; SETTLEMENT when the sale was final, or the lot had passed or was
    withdrawn; CONTRACT when it was signed, which somebody has to tell the ledger.
    """

    BIDDING_ENDED = "bidding_ended"
    SETTLEMENT = "settlement"
    CONTRACT = "contract"


class RefundClock(msgspec.Struct, frozen=True):
    """So many hours, days or working days."""

    unit: ClockUnit
    number: int

    @property
    def text(self) -> str:
        """Its spelling, e.g. `working_days:5`."""
        return f"{self.unit.value}:{self.number}"

    @classmethod
    def hours(cls, number: int) -> "RefundClock":
        """Return a clock of hours, each of sixty minutes, day and night."""
        return _checked(cls(ClockUnit.HOURS, number))

    @classmethod
    def days(cls, number: int) -> "RefundClock":
        """Return a clock of calendar days."""
        return _checked(cls(ClockUnit.DAYS, number))

    @classmethod
    def working_days(cls, number: int) -> "RefundClock":
        """Return a clock of working days."""
        return _checked(cls(ClockUnit.WORKING_DAYS, number))


class Due(msgspec.Struct, frozen=True):
    """The end of a period: the first moment, in microseconds since the Unix epoch, at which it is too late.

    `is_provisional` when it reaches into a year whose moved days are not announced. Every day then counts as a
    working day, so that the moment given is never later than the true one; it is computed anew at each reading.
    """

    at_us: int
    is_provisional: bool


class Level(StrEnum):
    """How urgent a refund is."""

    WAITING = "waiting"
    """Its clock has not begun: the contract is not signed, or nobody has said so."""
    RUNNING = "running"
    SOON = "soon"
    OVERDUE = "overdue"


def read_clock(text: str) -> RefundClock:
    """Return the clock that a text spells, e.g. `hours:24`, `days:3`, `working_days:5`.

    Raises: ValueError.
    """
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise ValueError(f"not a clock: {text!r}")
    return RefundClock(ClockUnit(found[1]), int(found[2]))


@lru_cache(maxsize=4096)
def due_at(clock: RefundClock, from_us: int) -> Due:
    """Return when a period ends that begins at a moment.

    Hours are counted from the moment itself. The day on which a period of days begins is not counted, and it ends
    with the end of its last day by the centre's clock; a last calendar day on which nobody works moves to the next
    working day. Business hours are not looked at.

    Source: Civil Code (民法典), art. 201 and 203.
    """
    if clock.unit is ClockUnit.HOURS:
        return Due(from_us + clock.number * HOUR_US, is_provisional=False)
    first = centre_day(from_us)
    last = _last_day(clock, first)
    days = ((last - first).days, clock.number)
    is_provisional = any(not is_announced((first + timedelta(days=number)).year) for number in days)
    return Due(day_begins_at_us(last + timedelta(days=1)), is_provisional)


def level(clock: RefundClock, due: Due | None, now_us: int) -> Level:
    """Tell how urgent a refund is; `due` is None while its clock has not begun."""
    if due is None:
        return Level.WAITING
    if now_us >= due.at_us:
        return Level.OVERDUE
    return Level.SOON if now_us >= due.at_us - lead_us(clock) else Level.RUNNING


def lead_us(clock: RefundClock) -> int:
    """Return how long before its end a clock begins to press: a quarter of hours, else the last day but none."""
    if clock.unit is ClockUnit.HOURS:
        return clock.number * HOUR_US // 4
    return DAY_US if clock.number > 1 else DAY_US // 2


def _checked(clock: RefundClock) -> RefundClock:
    if not 1 <= clock.number <= NUMBER_MAX:
        raise ValueError(f"not a number of {clock.unit.value}: {clock.number}")
    return clock


def _last_day(clock: RefundClock, first: date) -> date:
    if clock.unit is ClockUnit.DAYS:
        return _next_working(first + timedelta(days=clock.number))
    day, left = first, clock.number
    while left:
        day += timedelta(days=1)
        left -= _may_be_working(day)
    return day


def _next_working(day: date) -> date:
    while not _may_be_working(day):
        day += timedelta(days=1)
    return day


def _may_be_working(day: date) -> bool:
    """Tell whether a day can be a working day: in a year whose moved days are not announced, any day can."""
    return not is_announced(day.year) or is_working_day(day)
