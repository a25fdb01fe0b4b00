"""Until when a refund is due: hours to the second, days and working days by the real calendar of mainland China."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.interest import Paid, interest
from ledger.refund_clock import (
    DAY_US,
    HOUR_US,
    Level,
    RefundClock,
    due_at,
    lead_us,
    level,
    read_clock,
)
from ledger.working_days import CENTRE_TIME, centre_day, day_begins_at_us, is_announced, is_working_day


def moment(text: str) -> int:
    """Return a moment of the centre's clock, `2024-02-08 15:30`, in microseconds."""
    return int(datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=CENTRE_TIME).timestamp()) * 1_000_000


def last_day(clock: str, from_us: int) -> str:
    """Return the last day on which a refund is still in time."""
    return centre_day(due_at(read_clock(clock), from_us).at_us - 1).isoformat()


def test_twenty_four_hours_are_twenty_four_hours_also_over_a_holiday() -> None:
    from_us = moment("2024-09-30 23:59") + 999_999
    due = due_at(RefundClock.hours(24), from_us)
    assert due.at_us == from_us + 24 * HOUR_US
    assert not due.is_provisional


@pytest.mark.parametrize(
    ("clock", "begins", "expected"),
    [
        # plain weeks: the day itself does not count, weekends do not either
        ("working_days:1", "2024-03-04 09:00", "2024-03-05"),
        ("working_days:3", "2024-03-06 09:00", "2024-03-11"),
        ("working_days:5", "2024-03-08 23:59", "2024-03-15"),
        ("working_days:5", "2024-03-09 10:00", "2024-03-15"),
        # spring festival 2024: 10 to 17 February off, Sunday the 4th and 18th worked
        ("working_days:1", "2024-02-02 16:00", "2024-02-04"),
        ("working_days:3", "2024-02-08 12:00", "2024-02-19"),
        ("working_days:5", "2024-02-07 12:00", "2024-02-20"),
        # national day 2023: 29 September to 6 October off, Saturday and Sunday 7 and 8 October worked
        ("working_days:3", "2023-09-27 10:00", "2023-10-08"),
        ("working_days:5", "2023-09-28 10:00", "2023-10-11"),
        # labour day 2025: 1 to 5 May off, Sunday 27 April worked
        ("working_days:2", "2025-04-25 10:00", "2025-04-28"),
        ("working_days:3", "2025-04-28 10:00", "2025-05-06"),
        # over the end of a year: 1 January 2025 off
        ("working_days:3", "2024-12-30 10:00", "2025-01-03"),
        # calendar days, over the ends of months; a last day on which nobody works moves on (Civil Code, art. 203)
        ("days:3", "2024-02-26 18:00", "2024-02-29"),
        ("days:3", "2023-02-27 18:00", "2023-03-02"),
        ("days:5", "2024-05-27 00:00", "2024-06-03"),
        ("days:5", "2024-09-27 12:00", "2024-10-08"),
        ("days:1", "2024-10-11 12:00", "2024-10-12"),
    ],
)
def test_days_end_where_the_calendar_says(clock: str, begins: str, expected: str) -> None:
    assert last_day(clock, moment(begins)) == expected
    assert due_at(read_clock(clock), moment(begins)).at_us == day_begins_at_us(
        date.fromisoformat(expected) + timedelta(days=1)
    )


def test_a_day_is_the_centres_and_not_greenwichs() -> None:
    late, early = moment("2024-03-04 23:59"), moment("2024-03-05 00:00")
    assert last_day("working_days:1", late) == "2024-03-05"
    assert last_day("working_days:1", early) == "2024-03-06"


def test_beyond_the_announced_years_every_day_counts_and_it_is_said() -> None:
    year = next(year for year in range(2020, 2100) if not is_announced(year))
    due = due_at(RefundClock.working_days(5), moment(f"{year}-03-01 12:00"))
    assert due.is_provisional
    assert centre_day(due.at_us - 1) == date(year, 3, 6)
    over = due_at(RefundClock.working_days(10), moment(f"{year - 1}-12-28 12:00"))
    assert over.is_provisional
    assert not due_at(RefundClock.working_days(5), moment("2024-03-01 12:00")).is_provisional


@given(st.integers(moment("2010-01-01 00:00"), moment("2040-01-01 00:00")), st.integers(1, 40))
def test_a_period_of_working_days_holds_exactly_so_many_and_ends_on_one(from_us: int, number: int) -> None:
    due = due_at(RefundClock.working_days(number), from_us)
    first, last = centre_day(from_us), centre_day(due.at_us - 1)
    days = [first + timedelta(days=one) for one in range(1, (last - first).days + 1)]
    if due.is_provisional:
        assert len(days) >= number
    else:
        assert sum(map(is_working_day, days)) == number
        assert is_working_day(days[-1])
    assert due.at_us > from_us


@given(st.integers(moment("2010-01-01 00:00"), moment("2040-01-01 00:00")), st.integers(1, 40))
def test_a_clock_that_begins_later_never_ends_earlier(from_us: int, number: int) -> None:
    for clock in (RefundClock.hours(number), RefundClock.days(number), RefundClock.working_days(number)):
        assert due_at(clock, from_us).at_us <= due_at(clock, from_us + DAY_US).at_us


def test_a_clock_presses_before_it_runs_out() -> None:
    clock, from_us = RefundClock.hours(24), moment("2024-03-04 12:00")
    due = due_at(clock, from_us)
    assert lead_us(clock) == 6 * HOUR_US
    assert level(clock, None, from_us) is Level.WAITING
    assert level(clock, due, due.at_us - lead_us(clock) - 1) is Level.RUNNING
    assert level(clock, due, due.at_us - lead_us(clock)) is Level.SOON
    assert level(clock, due, due.at_us - 1) is Level.SOON
    assert level(clock, due, due.at_us) is Level.OVERDUE


@pytest.mark.parametrize(
    "text", ["", "hours", "hours:0", "hours:-1", "weeks:2", "working_days:1000", "days:3 "]
)
def test_what_is_no_clock_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a clock"):
        read_clock(text)


def test_a_clock_is_read_as_it_is_written() -> None:
    for text in ("hours:24", "days:3", "working_days:5"):
        assert read_clock(text).text == text
    with pytest.raises(ValueError, match="not a number"):
        RefundClock.days(0)


# Interest


def test_interest_counts_the_day_of_payment_and_not_that_of_release() -> None:
    paid = [Paid(100_000_000, moment("2024-03-01 23:59"))]
    assert interest(paid, 35, 0, moment("2024-03-01 23:59")) == 0
    assert interest(paid, 35, 0, moment("2024-03-02 00:00")) == 972  # 1,000,000.00 yuan, 9.7222 yuan a day
    assert interest(paid, 35, 0, moment("2024-03-31 12:00")) == 29_167


def test_each_part_earns_from_its_own_day_and_one_rounding_ends_it() -> None:
    parts = [Paid(500_000, moment("2024-03-01 10:00")), Paid(500_000, moment("2024-03-11 10:00"))]
    released = moment("2024-03-21 10:00")
    exact = (500_000 * 20 + 500_000 * 10) * 35 / (10_000 * 360)
    assert interest(parts, 35, 0, released) == round(exact) == 146
    assert interest(parts, 35, moment("2024-03-16 00:00"), released) == 49


def test_half_a_fen_is_rounded_up_and_less_is_not() -> None:
    day = [Paid(180_000, moment("2024-03-01 10:00"))]
    assert interest(day, 10, 0, moment("2024-03-02 10:00")) == 1
    assert interest([Paid(179_999, day[0].at_us)], 10, 0, moment("2024-03-02 10:00")) == 0


def test_money_that_went_back_takes_its_interest_along() -> None:
    parts = [Paid(500_000, moment("2024-03-01 10:00")), Paid(-500_000, moment("2024-03-01 11:00"))]
    assert interest(parts, 35, 0, moment("2024-12-01 00:00")) == 0
