"""What a lot is sold under: opening price, reserve, and the programme of phases with their parameters.

Belongs here: parameters with units, and the check that they make sense together.
Does not belong here: behaviour (see `matching.phases`), legal ranges of a rulebook.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from matching.increments import IncrementTable, table_problems
from matching.units import AmountOrZero, Moment, PositiveAmount, Span

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US

PHASES_MAX = 16


class BidRule(StrEnum):
    """Which amounts at or above the asking price are bids."""

    FREE = "free"
    """Any amount."""
    STEP_MULTIPLE = "step_multiple"
    """The leading price plus a whole number of steps."""


class EnglishTerms(
    Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag="english", tag_field="phase"
):
    """Parameters of English bidding with soft close.

    Source: 法释〔2016〕18号 art. 20 for the defaults (24 hours, five-minute extension). Times are microseconds.
    """

    increments: IncrementTable
    bid_rule: BidRule = BidRule.FREE
    duration_us: Span | None = 24 * 60 * MINUTE_US
    """From the opening to the first end; None when only the host's hammer ends it."""
    soft_close_window_us: Span = 5 * MINUTE_US
    """A bid this near to the end moves the end; 0 for a fixed end."""
    extension_us: Span = 5 * MINUTE_US
    """The moved end lies this long after the bid."""
    extensions_max: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    hard_end_after_us: Span | None = None
    """No extension passes this long after the phase began."""
    resume_countdown_us: Span = 5 * MINUTE_US
    """After a freeze at least this long remains."""
    max_bids_allowed: bool = True
    leader_may_raise: bool = False
    raise_steps_max: Annotated[int, Meta(gt=0, le=1_000_000)] | None = None
    """A bid above asking price plus this many steps is taken for a slip of the finger; None for no bound."""
    host_may_hammer: bool = False
    fair_warnings_min: Annotated[int, Meta(ge=0, le=10)] = 3
    """Fair warnings that the host must have given since the last bid before the hammer may fall."""

    @property
    def takes_any_amount(self) -> bool:
        """Tell whether every amount from the asking price on is a bid."""
        return self.raise_steps_max is None and self.bid_rule is BidRule.FREE


PhaseTerms: TypeAlias = EnglishTerms
"""The parameters of any one phase; grows into a tagged union as formats are added."""


class LotTerms(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Everything that the rules need to know of a lot. Times are microseconds, amounts minor units."""

    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")]
    opening_price: PositiveAmount
    opens_at_us: Moment
    """When the clock opens the lot; 0 when only the host does."""
    programme: Annotated[tuple[PhaseTerms, ...], Meta(min_length=1, max_length=PHASES_MAX)]
    reserve_price: AmountOrZero = 0
    """Secret minimum; 0 for none. Recorded apart from the public terms."""
    bidders_min: Annotated[int, Meta(ge=1, le=1000)] = 1
    outage_tolerance_us: Span = 3 * SECOND_US
    """An end decided later than this after it was due was an outage: the lot freezes instead of closing."""
    outage_notice_us: Span = 30 * SECOND_US
    """How long a lot frozen by an outage waits before it resumes by itself."""


def terms_problems(terms: LotTerms) -> list[str]:
    """List what makes the terms unusable; empty when a lot may be announced under them."""
    problems = []
    if terms.reserve_price and terms.reserve_price < terms.opening_price:
        problems.append("the reserve price lies below the opening price")
    for phase in terms.programme:
        problems += _english_problems(phase)
    return problems


def _english_problems(terms: EnglishTerms) -> list[str]:
    problems = table_problems(terms.increments)
    if terms.duration_us is None and not terms.host_may_hammer:
        problems.append("a phase without duration needs a host who may hammer")
    if terms.duration_us == 0:
        problems.append("the duration is zero")
    if terms.soft_close_window_us and not terms.extension_us:
        problems.append("a soft close needs an extension longer than zero")
    hard_end = terms.hard_end_after_us
    if hard_end is not None and terms.duration_us is not None and hard_end < terms.duration_us:
        problems.append("the hard end lies before the first end")
    if not terms.resume_countdown_us:
        problems.append("the countdown after a freeze is zero")
    return problems
