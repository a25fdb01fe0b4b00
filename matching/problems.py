"""What makes a lot's terms unusable: one list of codes, each with the field that it concerns.

Belongs here: the codes. Does not belong here: finding them (`matching.terms`), saying them in words
(`exchange.terms_words`).
"""

from __future__ import annotations

from enum import StrEnum, auto

from msgspec import Struct
from msgspec.structs import replace

OF_THE_LOT = "/"
"""Begins a field of the lot itself where a phase names it."""


class Fault(StrEnum):
    """Why terms are unusable. Codes are never reused for something else."""

    @staticmethod
    def _generate_next_value_(name: str, start: int, count: int, last_values: list[str]) -> str:
        return name

    ADDRESS_TOO_LONG = auto()
    ASKS_NOTHING = auto()
    BENCHMARK_ZERO = auto()
    BOOK_HAS_NO_DIRECTION = auto()
    BUY_NOW_WRONG_SIDE = auto()
    CAP_AND_BUY_NOW = auto()
    CAP_BELOW_START = auto()
    CAP_NOT_THERE = auto()
    CAP_WRONG_SIDE = auto()
    CLOCK_HAS_NO_WAIVERS = auto()
    CLOCK_RISES = auto()
    COMMISSION_TOO_HIGH = auto()
    COVERED_COUNTDOWN_ZERO = auto()
    CURRENCY_NOT_BOOKED = auto()
    DEADLINE_PASSED = auto()
    DEADLINE_WITHOUT_DEPOSIT = auto()
    DEBT_PRICES_RISE = auto()
    DISTINCT_NEEDS_BINDING = auto()
    DRAW_NEEDS_PARTIES = auto()
    DRAW_NEEDS_SOURCE = auto()
    DRAW_WITHOUT_TURN = auto()
    DURATION_ZERO = auto()
    EARLIER_OFFERS_NEED_PRICE = auto()
    ENTRY_ZERO = auto()
    EXTENSION_ZERO = auto()
    FREEZE_COUNTDOWN_ZERO = auto()
    HARD_END_BEFORE_ROUND = auto()
    HARD_END_TOO_EARLY = auto()
    HINTS_OUT_OF_ORDER = auto()
    HINT_TRIM_ALL = auto()
    ITEM_TWICE = auto()
    LADDER_EMPTY = auto()
    LADDER_NOT_FROM_ZERO = auto()
    LADDER_NOT_RISING = auto()
    LADDER_TOO_LONG = auto()
    LEADER_AND_ADVANCE = auto()
    LINE_TOO_LARGE = auto()
    NEVER_RUNS = auto()
    NOTICE_WITHOUT_LENGTH = auto()
    NO_END = auto()
    OPENING_TIME_ZERO = auto()
    ORDER_WORTH_TOO_MUCH = auto()
    PARTIES_TOO_FEW = auto()
    PARTY_TWICE = auto()
    PRICE_BEYOND_ALL = auto()
    PRICE_FALLS_TO_NOTHING = auto()
    PRICE_OFF_TICK = auto()
    PRICE_UNKNOWN = auto()
    QUANTITY_MIN_ABOVE_MAX = auto()
    QUANTITY_MIN_OFF_STEP = auto()
    RANGE_EMPTY = auto()
    RANGE_WITHOUT_LEAST = auto()
    RECENT_NEEDS_CLOCK = auto()
    RESERVE_ABOVE_OPENING = auto()
    RESERVE_BELOW_OPENING = auto()
    RESERVE_PHASE_MISSING = auto()
    RESERVE_TIME_EMPTY = auto()
    RESERVE_TWICE = auto()
    RESUMES_FORWARD = auto()
    ROUND_ZERO = auto()
    SCORING_TIME_ZERO = auto()
    SEED_TIME_UNUSED = auto()
    SEED_TIME_ZERO = auto()
    SOURCE_WITHOUT_DRAW = auto()
    STAKES_OVER_WHOLE = auto()
    STAKES_WITHOUT_SHARING = auto()
    STAKE_TWICE = auto()
    STEP_SHARE_TOO_SMALL = auto()
    STEP_TWICE = auto()
    STOP_WRONG_SIDE = auto()
    SUPPLY_NOT_WHOLE_LOTS = auto()
    SUPPLY_WORTH_TOO_MUCH = auto()
    TICK_ZERO = auto()
    TIES_AND_SEED = auto()
    TURN_ZERO = auto()
    UNITS_AND_SHARING = auto()
    UNITS_NEED_CLOCK = auto()
    WINDOW_ZERO = auto()


class Problem(Struct, frozen=True):
    """One thing that makes terms unusable.

    Args:
        code: what it is.
        field: of the terms that it concerns, as a path: `reserve_price`, `programme.0.duration_us`.
        bound: the figure that would just be accepted, or that it is held against, in the field's own unit.
    """

    code: Fault
    field: str
    bound: int | None = None

    def within(self, place: str) -> Problem:
        """Return the problem of a part as one of the whole; what concerns the lot itself stays where it is."""
        if self.field.startswith(OF_THE_LOT):
            return replace(self, field=self.field.removeprefix(OF_THE_LOT))
        return replace(self, field=f"{place}.{self.field}")

    def __str__(self) -> str:
        bound = "" if self.bound is None else f" ({self.bound})"
        return f"{self.field}: {self.code}{bound}"
