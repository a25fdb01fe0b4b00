"""What the parameters of every phase have in common.

Belongs here: durations as words, and the fields and checks that all formats share.
Does not belong here: the parameters of one format (a module of its own beside this one).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from matching.problems import Fault, Problem
from matching.units import Amount, Span

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US

PHASES_MAX = 16
PhaseNumber: TypeAlias = Annotated[int, Meta(ge=0, lt=PHASES_MAX)]
"""A phase by its place in the programme, from 0."""


class Direction(StrEnum):
    """Which way the price moves."""

    RISING = "rising"
    """A sale: more is better."""
    FALLING = "falling"
    """A purchase or competitive pricing: less is better; the opening price is the ceiling."""

    @property
    def sign(self) -> int:
        """Return +1 where more is better, -1 where less is: `sign * amount` always wants to be large."""
        return 1 if self is Direction.RISING else -1


class PhaseTerms(
    Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="phase", kw_only=True
):
    """Parameters that every phase has. Times are microseconds."""

    resume_countdown_us: Span = 5 * MINUTE_US
    """After a freeze at least this long remains."""
    resume_at_phase: PhaseNumber | None = None
    """After a freeze the programme begins again at this phase (福建: a fresh preparation); None: it goes on here."""

    def problems(self, opening_price: Amount, direction: Direction) -> list[Problem]:
        """List what makes the parameters unusable; empty when they make sense together."""
        return (
            [] if self.resume_countdown_us else [Problem(Fault.FREEZE_COUNTDOWN_ZERO, "resume_countdown_us")]
        )
