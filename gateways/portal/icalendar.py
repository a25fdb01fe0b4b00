"""Dates of lots as an iCalendar file (RFC 5545).

Belongs here: the format: escaping, folding, moments. Does not belong here: which dates.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

from exchange.lot_calendar import Dated
from gateways.portal.texts import Language
from matching.units import TimeUs

LINE_BYTES_MAX: Final = 75
"""Longer lines are folded: RFC 5545, 3.1."""


def calendar_file(events: Iterable[Dated], language: Language, origin: str, now_us: TimeUs) -> str:
    """Return the text of a calendar.

    Args:
        events: what it holds.
        language: of titles.
        origin: of the pages that events lead to.
        now_us: when it is written.
    """
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Luochui//Calendar of lots//ZH",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{escaped(language.say('brand') + ' ' + language.say('calendar'))}",
    ]
    for event in events:
        lines += _event(event, language, origin, now_us)
    lines.append("END:VCALENDAR")
    return "".join(f"{piece}\r\n" for line in lines for piece in folded(line))


def escaped(text: str) -> str:
    """Return a text as a value holds it: RFC 5545, 3.3.11."""
    for sign in ("\\", ";", ","):
        text = text.replace(sign, "\\" + sign)
    return text.replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "\\n")


def folded(line: str) -> Iterator[str]:
    """Cut a line into pieces of at most 75 bytes, at whole characters; those after the first begin with a space."""
    piece, size = "", 0
    for character in line:
        width = len(character.encode())
        if size + width > LINE_BYTES_MAX:
            yield piece
            piece, size = " ", 1
        piece += character
        size += width
    yield piece


def _event(event: Dated, language: Language, origin: str, now_us: TimeUs) -> list[str]:
    summary = f"{language.say(f'occasion_{event.occasion}')}: {language.pick(event.title)}"
    address = f"{origin}/lots/{event.lot}"
    return [
        "BEGIN:VEVENT",
        f"UID:{event.lot}-{event.occasion}@luochui",
        f"DTSTAMP:{_moment(now_us)}",
        f"DTSTART:{_moment(event.at_us)}",
        f"SUMMARY:{escaped(summary)}",
        f"DESCRIPTION:{escaped(event.code)}",
        f"URL:{address}",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
    ]


def _moment(at_us: TimeUs) -> str:
    return f"{datetime.fromtimestamp(at_us // 1_000_000, UTC):%Y%m%dT%H%M%SZ}"
