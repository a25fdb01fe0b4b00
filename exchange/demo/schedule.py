"""When which round of which demo lot takes place.

Ends are spread: within each rhythm the next round is given the first moment that keeps a distance from every other
end still to come. So at any time some lots are announced, some live, one near its hammer, and the latest closed.

Belongs here: a pure plan; no clock, no I/O, no chance.
Does not belong here: what a round looks like (`templates`), publishing it (`centre`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from exchange.demo.templates import EnglishTemplate, Rhythm, Template
from matching.lot import CLOSED_STATES, LotState
from matching.terms import HOUR_US, MINUTE_US, SECOND_US
from matching.units import DurationUs, TimeUs


class Pace(Struct, frozen=True):
    """How the rounds of one rhythm follow each other."""

    end_distance_us: DurationUs
    """Between any two planned ends."""
    announced_us_min: DurationUs
    """How long a round is announced before it opens; a centre with nothing live does not wait."""
    live_us_min: DurationUs
    """A round may be shortened to this to fill a gap."""
    pause_us: DurationUs | None
    """From the end of a round to the announcement of the next of the same template; None when there is no next."""


PACES = {
    Rhythm.OPENING: Pace(4 * SECOND_US, 0, 20 * SECOND_US, None),
    Rhythm.FAST: Pace(60 * SECOND_US, 45 * SECOND_US, 60 * SECOND_US, 20 * SECOND_US),
    Rhythm.MEDIUM: Pace(3 * MINUTE_US, 2 * MINUTE_US, 6 * MINUTE_US, MINUTE_US),
    Rhythm.SLOW: Pace(35 * MINUTE_US, 10 * MINUTE_US, 40 * MINUTE_US, 5 * MINUTE_US),
    Rhythm.FORMATS: Pace(20 * SECOND_US, 90 * SECOND_US, 60 * SECOND_US, 45 * SECOND_US),
    Rhythm.LONG: Pace(HOUR_US, 30 * MINUTE_US, HOUR_US, 10 * MINUTE_US),
}
RESTING = frozenset({Rhythm.FAST, Rhythm.FORMATS})
"""What takes no place while nobody watches."""

LIVE_STATES = frozenset({LotState.OPEN, LotState.FROZEN})


class Staged(Struct, frozen=True):
    """The latest round of a template: where it stands, and when it ends, ended, or is expected to."""

    key: str
    number: int
    state: LotState
    ends_at_us: TimeUs


class Publication(Struct, frozen=True):
    """A round to be published now."""

    key: str
    number: int
    opens_at_us: TimeUs
    duration_us: DurationUs


def publications(
    templates: Sequence[Template], staged: Iterable[Staged], now_us: TimeUs, *, is_watched: bool = True
) -> list[Publication]:
    """Return the rounds to publish now, so that a visitor finds lots in every state.

    Args:
        templates: all demo lots.
        staged: the latest round of every template that has had one.
        now_us: the moment to plan for.
        is_watched: whether anybody is looking; a centre that nobody watches lets its fast lots rest.
    """
    latest = {one.key: one for one in staged}
    planned: list[Publication] = []
    for rhythm, pace in PACES.items():
        if is_watched or rhythm not in RESTING:
            of_rhythm = [template for template in templates if template.rhythm is rhythm]
            planned += _publications(of_rhythm, latest, pace, now_us)
    return planned


def _publications(
    templates: Sequence[Template], latest: dict[str, Staged], pace: Pace, now_us: TimeUs
) -> list[Publication]:
    rounds = [latest[template.key] for template in templates if template.key in latest]
    ends = [one.ends_at_us for one in rounds if one.state not in CLOSED_STATES]
    is_live = any(one.state in LIVE_STATES for one in rounds)
    ready_at_us = now_us + (pace.announced_us_min if is_live else 0)
    planned = []
    for template in templates:
        last = latest.get(template.key)
        if last is not None and not _is_over(last, pace, now_us):
            continue
        number = 1 if last is None else last.number + 1
        ends_at_us = free_end(ends, ready_at_us + _least_length_us(template, pace), pace.end_distance_us)
        duration_us = min(template.duration_us, ends_at_us - ready_at_us)
        planned.append(Publication(template.key, number, ends_at_us - duration_us, duration_us))
        ends.append(ends_at_us)
    return planned


def free_end(ends: Iterable[TimeUs], earliest_us: TimeUs, distance_us: DurationUs) -> TimeUs:
    """Return the first moment from `earliest_us` on that lies `distance_us` away from each of `ends`."""
    found = earliest_us
    for end_us in sorted(ends):
        if found - distance_us < end_us < found + distance_us:
            found = end_us + distance_us
    return found


def _least_length_us(template: Template, pace: Pace) -> DurationUs:
    """Return how short a round may be: a programme takes the time that its phases take."""
    return pace.live_us_min if isinstance(template, EnglishTemplate) else template.duration_us


def _is_over(last: Staged, pace: Pace, now_us: TimeUs) -> bool:
    if pace.pause_us is None or last.state not in CLOSED_STATES:
        return False
    return last.ends_at_us + pace.pause_us <= now_us
