"""The calendar: a month of openings, deposit deadlines and ends, as a page and as a file for other calendars."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from msgspec import Struct

from exchange.categories import Category
from exchange.lot_calendar import LOTS_MAX, Dated
from exchange.rulebooks.working_days import CENTRE_TIME
from gateways.api.services import Services
from gateways.portal.icalendar import calendar_file
from gateways.portal.rendering import Document, Shown
from gateways.portal.visit import Query, Visit
from gateways.portal.writing import WEEKDAYS, day_of, month_text
from matching.units import TimeUs

DAY_EVENTS_SHOWN: Final = 6
YEARS: Final = (2000, 2199)
WEEK: Final = 7


class Day(Struct, frozen=True):
    """A day of the month that is shown; of its events some are seen at once, the others when asked for.

    Of today those that come next are seen, and `earlier` are those that are past.
    """

    date: date
    is_in_month: bool
    is_today: bool
    earlier: Sequence[Dated]
    events: Sequence[Dated]
    others: Sequence[Dated]


async def show(visit: Visit, services: Services) -> Shown:
    """Show a month."""
    query = Query(visit)
    now_us = services.clock.now_us()
    today = day_of(now_us)
    first = query.read("month", read_month, today.replace(day=1))
    category = query.read("category", Category, None)
    dates = await services.lot_calendar.between(midnight(first), midnight(next_month(first)), category)
    weeks = month_weeks(first, dates.events, now_us)
    return Shown(
        "calendar.html",
        {
            "title": visit.language.say("calendar_of", month=month_text(first, visit.language)),
            "first": first,
            "this_month": today.replace(day=1),
            "previous": f"{first - timedelta(days=1):%Y-%m}",
            "next": f"{next_month(first):%Y-%m}",
            "month": f"{first:%Y-%m}",
            "weeks": weeks,
            "is_whole": dates.is_whole,
            "lots_max": LOTS_MAX,
            "days": [day for week in weeks for day in week if day.events],
            "weekdays": WEEKDAYS[visit.language],
            "category": category,
            "categories": list(Category),
            "ignored": query.ignored,
        },
    )


async def show_file(visit: Visit, services: Services) -> Document:
    """Give a month as an iCalendar file."""
    query = Query(visit)
    now_us = services.clock.now_us()
    first = query.read("month", read_month, day_of(now_us).replace(day=1))
    category = query.read("category", Category, None)
    dates = await services.lot_calendar.between(midnight(first), midnight(next_month(first)), category)
    text = calendar_file(dates.events, visit.language, visit.origin, now_us)
    return Document(text.encode(), "text/calendar")


def read_month(text: str) -> date:
    """Return the first day of a month written as 2026-11.  Raises: ValueError."""
    first = datetime.strptime(text, "%Y-%m").replace(tzinfo=CENTRE_TIME).date()
    if not YEARS[0] <= first.year <= YEARS[1]:
        raise ValueError(text)
    return first


def next_month(first: date) -> date:
    """Return the first day of the month after one."""
    return (first + timedelta(days=31)).replace(day=1)


def month_weeks(first: date, events: Sequence[Dated], now_us: TimeUs) -> list[list[Day]]:
    """Return the weeks of a month, Monday first, whole weeks also where they reach into its neighbours."""
    by_day: dict[date, list[Dated]] = {}
    for event in events:
        by_day.setdefault(day_of(event.at_us), []).append(event)
    last = next_month(first) - timedelta(days=1)
    start = first - timedelta(days=first.weekday())
    count = ((last - start).days // WEEK + 1) * WEEK
    days = [_day(start + timedelta(days=place), first, by_day, now_us) for place in range(count)]
    return [days[place : place + WEEK] for place in range(0, count, WEEK)]


def _day(on: date, first: date, by_day: dict[date, list[Dated]], now_us: TimeUs) -> Day:
    events, is_today = by_day.get(on, []), on == day_of(now_us)
    past = sum(event.at_us < now_us for event in events) if is_today else 0
    begin = max(0, min(past, len(events) - DAY_EVENTS_SHOWN))
    end = begin + DAY_EVENTS_SHOWN
    return Day(on, on.month == first.month, is_today, events[:begin], events[begin:end], events[end:])


def midnight(on: date) -> TimeUs:
    """Return the moment at which a day begins at the centre."""
    return int(datetime(on.year, on.month, on.day, tzinfo=CENTRE_TIME).timestamp()) * 1_000_000
