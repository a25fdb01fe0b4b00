"""Which moment belongs to which accounting day and month."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.accounting_days import (
    TIME_ZONE,
    accounting_day,
    day_begins_us,
    day_ends_us,
    first_of_month,
    is_time_zone,
    last_of_month,
    next_month,
)

ZONES = ["Asia/Shanghai", "UTC", "Europe/Lisbon", "America/St_Johns", "Pacific/Apia", "Asia/Kathmandu"]
DAYS = st.dates(date(1992, 1, 1), date(2099, 12, 30))


def at_us(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> int:
    return int(datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (at_us(2026, 11, 20, 15, 59, 59) + 999_999, date(2026, 11, 20)),
        (at_us(2026, 11, 20, 16, 0, 0), date(2026, 11, 21)),
        (at_us(2026, 12, 31, 16, 0, 0), date(2027, 1, 1)),
        (at_us(2028, 2, 28, 16, 0, 0), date(2028, 2, 29)),
        (0, date(1970, 1, 1)),
        (-8 * 3_600_000_000 - 1, date(1969, 12, 31)),
    ],
)
def test_the_day_turns_at_midnight_of_the_centre(moment: int, day: date) -> None:
    assert accounting_day(moment, TIME_ZONE) == day


def test_a_day_of_shanghai_begins_at_four_in_the_afternoon_of_greenwich() -> None:
    assert day_begins_us(date(2026, 11, 20), TIME_ZONE) == at_us(2026, 11, 19, 16)


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 11, 1), 24)]
)
def test_days_on_which_the_clock_changes_are_shorter_or_longer(day: date, hours: int) -> None:
    assert day_ends_us(day, "Europe/Lisbon") - day_begins_us(day, "Europe/Lisbon") == hours * 3_600_000_000


def test_a_day_that_never_was_has_no_length() -> None:
    """Samoa went over the date line and had no 30th of December 2011."""
    day = date(2011, 12, 30)
    assert day_begins_us(day + timedelta(1), "Pacific/Apia") - day_begins_us(day, "Pacific/Apia") == 0


@pytest.mark.parametrize("zone", [zone for zone in ZONES if zone != "Pacific/Apia"])
@given(day=DAYS)
def test_every_moment_of_a_day_belongs_to_it(zone: str, day: date) -> None:
    begins, ends = day_begins_us(day, zone), day_ends_us(day, zone)
    assert accounting_day(begins, zone) == accounting_day(ends - 1, zone) == day
    assert accounting_day(begins - 1, zone) == day - timedelta(1)


@given(day=DAYS)
def test_months_follow_each_other(day: date) -> None:
    assert first_of_month(day) <= day <= last_of_month(day)
    assert last_of_month(day) + timedelta(1) == next_month(day) == first_of_month(next_month(day))


@pytest.mark.parametrize(
    ("day", "last"),
    [
        (date(2028, 2, 3), date(2028, 2, 29)),
        (date(2027, 2, 28), date(2027, 2, 28)),
        (date(2100, 2, 1), date(2100, 2, 28)),
        (date(2026, 12, 31), date(2026, 12, 31)),
        (date(2026, 4, 30), date(2026, 4, 30)),
    ],
)
def test_months_end_where_they_end(day: date, last: date) -> None:
    assert last_of_month(day) == last


def test_zones_have_names() -> None:
    assert is_time_zone("Asia/Urumqi")
    assert not is_time_zone("Asia/Nowhere")
    assert not is_time_zone("../etc/passwd")
    assert not is_time_zone("")
