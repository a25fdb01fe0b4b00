"""Quantities as rulebooks write them, and working days as the State Council makes them."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from exchange.rulebooks.quantities import (
    Base,
    Choice,
    Count,
    Days,
    Duration,
    Money,
    NotAQuantity,
    Quantity,
    Share,
    described,
    read_quantity,
    span_us,
)
from exchange.rulebooks.working_days import (
    CENTRE_TIME,
    after_days,
    after_working_days,
    days_before,
    is_announced,
    is_working_day,
    working_days_between,
    working_days_through,
    working_period_us,
)
from matching.terms import DAY_US, HOUR_US, MINUTE_US, SECOND_US

READ: list[tuple[object, Quantity]] = [
    ("20 %", Share(2_000)),
    ("0.5%", Share(50)),
    ("20 % of the opening price", Share(2_000, Base.OPENING_PRICE)),
    ("70 % of valuation", Share(7_000, Base.VALUATION)),
    ("评估价的 70%", Share(7_000, Base.VALUATION)),
    ("前次起始价的80%", Share(8_000, Base.EARLIER_PRICE)),
    ("50 % of the supply", Share(5_000, Base.SUPPLY)),
    ("5,000 yuan", Money(5_000_00)),
    ("0.01 yuan", Money(1)),
    ("1.2 万元", Money(12_000_00)),
    ("3亿元", Money(300_000_000_00)),
    ("24 h", Duration(24 * HOUR_US)),
    ("5min", Duration(5 * MINUTE_US)),
    ("90 s", Duration(90 * SECOND_US)),
    ("1 h 30 min", Duration(90 * MINUTE_US)),
    ("24小时", Duration(24 * HOUR_US)),
    ("5分钟", Duration(5 * MINUTE_US)),
    ("1小时30分", Duration(90 * MINUTE_US)),
    ("240秒", Duration(240 * SECOND_US)),
    ("250 ms", Duration(SECOND_US // 4)),
    ("15 days", Days(15)),
    ("15日", Days(15)),
    ("20 working days", Days(20, True)),
    ("20个工作日", Days(20, True)),
    (3, Count(3)),
    (True, Choice("true")),
    ("none", Choice("none")),
    ("step_multiple", Choice("step_multiple")),
    ("㎡", Choice("㎡")),
]


@pytest.mark.parametrize(("written", "quantity"), READ, ids=[str(written) for written, _ in READ])
def test_a_quantity_is_read_exactly(written: object, quantity: Quantity) -> None:
    assert read_quantity(written) == quantity


@pytest.mark.parametrize("written", ["0.001 %", "0.001 yuan", "20 % of the moon", 1.5, ["5 min"]])
def test_what_is_finer_than_the_smallest_unit_or_no_quantity_is_refused(written: object) -> None:
    with pytest.raises(NotAQuantity):
        read_quantity(written)


@pytest.mark.parametrize(
    ("quantity", "zh", "en"),
    [
        (Share(2_000, Base.OPENING_PRICE), "起始价的 20%", "20 % of the opening price"),
        (Share(50), "0.5%", "0.5 %"),
        (Money(12_300_50), "12,300.50 元", "12,300.50 yuan"),
        (Duration(24 * HOUR_US), "24 小时", "24 h"),
        (Duration(60 * DAY_US), "60 日", "60 days"),
        (Duration(90 * SECOND_US), "1 分钟 30 秒", "1 min 30 s"),
        (Duration(0), "0 秒", "0 s"),
        (Days(1), "1 日", "1 day"),
        (Days(20, True), "20 个工作日", "20 working days"),
        (Choice("none"), "无", "none"),
        (Choice("false"), "否", "no"),
        (Choice("pay_as_bid"), "各按报价", "pay as bid"),
        (Count(3), "3", "3"),
    ],
)
def test_a_quantity_is_told_in_both_languages(quantity: Quantity, zh: str, en: str) -> None:
    told = described(quantity)
    assert (told.zh, told.en) == (zh, en)


def test_only_calendar_spans_have_a_length() -> None:
    assert span_us(Days(2)) == 2 * DAY_US
    assert span_us(Days(2, True)) is None
    assert span_us(Count(2)) is None


def at(year: int, month: int, day: int, hour: int = 9) -> int:
    return int(datetime(year, month, day, hour, tzinfo=CENTRE_TIME).timestamp()) * SECOND_US


def test_moved_days_count_as_the_state_council_moved_them() -> None:
    # Spring Festival 2026: 15 to 23 February off, worked for on Saturday the 14th and the 28th.
    assert is_working_day(date(2026, 2, 14))
    assert not any(is_working_day(date(2026, 2, day)) for day in range(15, 24))
    assert is_working_day(date(2026, 2, 28))
    assert is_announced(2026)


def test_a_year_that_is_not_announced_counts_with_its_statutory_holidays_alone() -> None:
    assert not is_announced(2050)
    assert not is_working_day(date(2050, 5, 1))
    assert not is_working_day(date(2050, 10, 3))
    assert is_working_day(date(2050, 11, 1))


def test_a_notice_counts_neither_its_own_day_nor_that_of_the_opening() -> None:
    monday, friday = at(2026, 3, 2), at(2026, 3, 6)
    assert working_days_between(monday, friday) == 3
    assert working_days_through(monday, friday) == 4
    assert days_before(monday, friday) == 4
    assert working_days_between(friday, monday) == working_days_through(monday, monday) == 0
    over_the_festival = at(2026, 2, 13), at(2026, 2, 24)
    assert working_days_between(*over_the_festival) == 1


def test_days_are_those_of_the_centre_whatever_the_hour() -> None:
    late, early = at(2026, 3, 2, 23), at(2026, 3, 17, 0)
    assert days_before(late, early) == 15


@pytest.mark.parametrize("number", [1, 5, 10, 20, 45])
@pytest.mark.parametrize("start", [at(2026, 1, 30), at(2026, 2, 14), at(2026, 9, 27), at(2026, 12, 24)])
def test_the_earliest_moment_after_working_days_is_the_earliest(start: int, number: int) -> None:
    then = after_working_days(start, number)
    assert working_days_between(start, then) == number > working_days_between(start, then - DAY_US)
    end = start + working_period_us(start, number)
    assert working_days_through(start, end) == number > working_days_through(start, end - DAY_US)
    assert days_before(start, after_days(start, number)) == number


def test_counting_agrees_with_counting_day_by_day() -> None:
    first, then = date(2025, 9, 1), date(2026, 3, 31)
    moment = at(first.year, first.month, first.day), at(then.year, then.month, then.day)
    days = [first + timedelta(days=number) for number in range(1, (then - first).days)]
    assert working_days_between(*moment) == sum(map(is_working_day, days))
