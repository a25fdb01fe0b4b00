"""What is rehearsed: the terms of a lot, made short enough to be played through, and without anybody's secret.

Belongs here: shortening terms, the plain lot that is rehearsed where none is named.
Does not belong here: where lots and rulebooks come from (`gateways.api.rehearsals`), playing (`stage`).
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from msgspec import Meta, Struct, structs

from exchange.categories import Category
from exchange.texts import BothLanguages
from matching.increments import fixed
from matching.terms import MINUTE_US, SECOND_US, EnglishTerms, LateReserve, LotTerms, MultiUnitTerms
from matching.units import Amount, DurationUs, StaffId

PACE_MAX: Final = 20
BIDDERS_MAX: Final = 50
SPAN_US_MIN: Final = SECOND_US
SPAN_US_MAX: Final = 10 * MINUTE_US
"""What lasts longer in the real lot lasts so long in a rehearsal, so that it comes to its end."""

AS_IT_IS: Final = frozenset(
    {"opens_at_us", "outage_tolerance_us", "outage_notice_us", "genesis_us", "period_us", "delay_us"}
)
"""Moments, and times that belong to machines and not to people."""

INVENTED_RESERVE_PERCENT: Final = 105

Pace = Annotated[int, Meta(ge=1, le=PACE_MAX)]
BidderCount = Annotated[int, Meta(ge=1, le=BIDDERS_MAX)]


class Scene(Struct, frozen=True, kw_only=True):
    """What is played. `copied_from` is the real lot, 0 for none; `rulebook` the name of one, empty for none."""

    title: BothLanguages
    terms: LotTerms
    category: Category = Category.OTHER
    region: str = ""
    seller: BothLanguages = BothLanguages("", "")
    deposit: Amount = 0
    copied_from: int = 0
    rulebook: str = ""
    priority_bidders: int = 0


PLAIN_HALL: Final = Scene(
    title=BothLanguages("普通增价拍卖（主持人落槌）", "Plain rising auction, the host hammers"),
    terms=LotTerms(
        currency="CNY",
        opening_price=1_000_000_00,
        opens_at_us=0,
        programme=(
            EnglishTerms(
                increments=fixed(10_000_00),
                duration_us=None,
                host_may_hammer=True,
                fair_warnings_min=3,
                raise_steps_max=100,
                soft_close_window_us=0,
            ),
        ),
    ),
)
"""What is rehearsed where neither a lot nor a rulebook is named."""


def rehearsed(terms: LotTerms, pace: int, by: StaffId, *, has_reserve: bool = False) -> LotTerms:
    """Return the terms under which a lot is rehearsed.

    It opens when the host opens it. A secret reserve is replaced by an invented one: how a rehearsal ends must tell
    nobody the real one.

    Args:
        terms: those of the real lot, or of a rulebook's sample.
        pace: how many times faster than in earnest, 1 for real time.
        by: who rehearses; he enters a late reserve.
        has_reserve: whether the real lot has a reserve that its terms do not show.
    """
    short: LotTerms = _shortened(terms, pace)
    reserve = 0
    if has_reserve or terms.reserve_price:
        percent = INVENTED_RESERVE_PERCENT if terms.direction.sign > 0 else 200 - INVENTED_RESERVE_PERCENT
        reserve = terms.opening_price * percent // 100
    return structs.replace(
        short, opens_at_us=0, reserve_price=reserve, late_reserve=_late_reserve(short.late_reserve, by)
    )


def shorter(span_us: DurationUs, pace: int) -> DurationUs:
    """Return how long something takes at a pace; nothing stays nothing."""
    return min(max(span_us // pace, SPAN_US_MIN), SPAN_US_MAX) if span_us else 0


def _shortened(terms: Any, pace: int, name: str = "") -> Any:
    """Shorten every span within terms, however deep it lies."""
    if isinstance(terms, Struct):
        fields = {field: getattr(terms, field) for field in terms.__struct_fields__}
        short = structs.replace(terms, **{key: _shortened(value, pace, key) for key, value in fields.items()})
        return _with_hints_in_time(short) if isinstance(short, MultiUnitTerms) else short
    if isinstance(terms, tuple):
        return tuple(_shortened(value, pace, name) for value in terms)
    is_span = name.endswith("_us") and name not in AS_IT_IS and isinstance(terms, int)
    return shorter(terms, pace) if is_span else terms


def _with_hints_in_time(terms: MultiUnitTerms) -> MultiUnitTerms:
    """Keep the hints that still come one after the other before the end."""
    hints = sorted({after_us for after_us in terms.hints_after_us if after_us < terms.duration_us})
    return structs.replace(terms, hints_after_us=tuple(hints))


def _late_reserve(late: LateReserve | None, by: StaffId) -> LateReserve | None:
    """Let the rehearsing host enter the reserve, within a time that shortening has left open."""
    if late is None:
        return None
    return structs.replace(
        late, by=by, closes_before_us=min(late.closes_before_us, late.opens_before_us // 2)
    )
