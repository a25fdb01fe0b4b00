"""What a lot is sold under: opening price, reserve, and the programme of phases with their parameters.

Belongs here: parameters with units, and the check that they make sense together. One module for each format.
Does not belong here: behaviour (see `matching.phases`), legal ranges of a rulebook.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from matching.problems import Fault, Problem
from matching.terms.debt import DebtTerms, SaleOrder
from matching.terms.draw import Beacon, DrawTerms, Entrants
from matching.terms.dutch import DutchTerms
from matching.terms.english import BidRule, EnglishTerms, EqualLimits, PriorityRule
from matching.terms.first_refusal import FirstRefusalTerms, SeveralMatch, Stake
from matching.terms.gong import GongTerms
from matching.terms.interval import Inquiry, IntervalTerms, Presumed
from matching.terms.items import SaleItem
from matching.terms.japanese import JapaneseTerms
from matching.terms.multi_unit import MultiUnitTerms
from matching.terms.offers import OffersTerms
from matching.terms.order_book import CallAuctionTerms, MarketTerms, OrderBookTerms, TradePrice
from matching.terms.phase import (
    DAY_US,
    HOUR_US,
    MINUTE_US,
    PHASES_MAX,
    SECOND_US,
    Direction,
    PhaseNumber,
    PhaseTerms,
)
from matching.terms.sealed import SealedTerms
from matching.terms.second_dimension import SecondDimensionTerms
from matching.terms.sell_off import SellOffTerms
from matching.terms.simultaneous import ItemTies, PaddlePoints, RoundItem, SimultaneousTerms
from matching.terms.turns import TurnsTerms
from matching.units import AmountOrZero, Moment, PositiveAmount, Span, StaffId

__all__ = [
    "DAY_US",
    "HOUR_US",
    "MINUTE_US",
    "PHASES_MAX",
    "SECOND_US",
    "AnyPhaseTerms",
    "Beacon",
    "BidRule",
    "CallAuctionTerms",
    "DebtTerms",
    "Direction",
    "DrawTerms",
    "DutchTerms",
    "EnglishTerms",
    "Entrants",
    "EqualLimits",
    "FirstRefusalTerms",
    "GongTerms",
    "Inquiry",
    "IntervalTerms",
    "ItemTies",
    "JapaneseTerms",
    "LateReserve",
    "LotTerms",
    "MarketTerms",
    "MultiUnitTerms",
    "OffersTerms",
    "OrderBookTerms",
    "PaddlePoints",
    "PhaseTerms",
    "Presumed",
    "PriorityRule",
    "RoundItem",
    "SaleItem",
    "SaleOrder",
    "SealedTerms",
    "SecondDimensionTerms",
    "SellOffTerms",
    "SeveralMatch",
    "SimultaneousTerms",
    "Stake",
    "TradePrice",
    "TurnsTerms",
    "terms_problems",
]

AnyPhaseTerms: TypeAlias = (
    CallAuctionTerms
    | DebtTerms
    | DrawTerms
    | DutchTerms
    | EnglishTerms
    | FirstRefusalTerms
    | GongTerms
    | IntervalTerms
    | JapaneseTerms
    | MultiUnitTerms
    | OffersTerms
    | OrderBookTerms
    | SealedTerms
    | SecondDimensionTerms
    | SellOffTerms
    | SimultaneousTerms
    | TurnsTerms
)
"""The parameters of any one phase, told apart by their tag."""


class LateReserve(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A reserve that is entered while the lot is open, once, by the person whom the terms name.

    It is taken from `opens_before_us` to `closes_before_us` before the end of phase `phase`.
    Source: land listings; 太仓 within 30 minutes of the end, 福建 at least one hour before it.
    """

    by: StaffId
    opens_before_us: Span
    closes_before_us: Span = 0
    phase: PhaseNumber = 0


class LotTerms(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Everything that the rules need to know of a lot. Times are microseconds, amounts minor units."""

    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")]
    opening_price: PositiveAmount
    """Where bidding starts; the ceiling where prices fall; the reference price of an order book."""
    opens_at_us: Moment
    """When the clock opens the lot; 0 when only the host does."""
    programme: Annotated[tuple[AnyPhaseTerms, ...], Meta(min_length=1, max_length=PHASES_MAX)]
    reserve_price: AmountOrZero = 0
    """Secret minimum, or maximum where prices fall; 0 for none. Recorded apart from the public terms."""
    bidders_min: Annotated[int, Meta(ge=1, le=1000)] = 1
    outage_tolerance_us: Span = 3 * SECOND_US
    """An end decided later than this after it was due was an outage: the lot freezes instead of closing."""
    outage_notice_us: Span = 30 * SECOND_US
    """How long a lot frozen by an outage waits before it resumes by itself."""
    direction: Direction = Direction.RISING
    late_reserve: LateReserve | None = None
    reserve_places: Annotated[int, Meta(ge=0, le=100)] = 0
    """How many runners-up stay bound until the sale is confirmed, to be called if the winner defaults.
    With any, the hammer only knocks the lot down; 0 makes it final at once."""
    prompt_resume_within_us: Span | None = None
    """A freeze up to this long ends as soon as the host resumes; a longer one only after notice. None: always at once.
    Source: 福建 ch. 8: repaired within an hour, at once; else after 24 hours with 24 hours' notice."""
    late_resume_notice_us: Span = 0


def terms_problems(terms: LotTerms) -> list[Problem]:
    """List what makes the terms unusable; empty when a lot may be announced under them."""
    problems: list[Problem] = []
    sign = terms.direction.sign
    if terms.reserve_price and sign * terms.reserve_price < sign * terms.opening_price:
        fault = Fault.RESERVE_BELOW_OPENING if sign > 0 else Fault.RESERVE_ABOVE_OPENING
        problems.append(Problem(fault, "reserve_price", terms.opening_price))
    if terms.reserve_price and terms.late_reserve is not None:
        problems.append(Problem(Fault.RESERVE_TWICE, "reserve_price"))
    late = terms.late_reserve
    if late is not None and late.opens_before_us <= late.closes_before_us:
        problems.append(
            Problem(Fault.RESERVE_TIME_EMPTY, "late_reserve.opens_before_us", late.closes_before_us)
        )
    if late is not None and late.phase >= len(terms.programme):
        problems.append(Problem(Fault.RESERVE_PHASE_MISSING, "late_reserve.phase", len(terms.programme) - 1))
    if terms.late_resume_notice_us and terms.prompt_resume_within_us is None:
        problems.append(Problem(Fault.NOTICE_WITHOUT_LENGTH, "prompt_resume_within_us"))
    for index, phase in enumerate(terms.programme):
        place = f"programme.{index}"
        found = phase.problems(terms.opening_price, terms.direction)
        problems += [problem.within(place) for problem in found]
        if phase.resume_at_phase is not None and phase.resume_at_phase > index:
            problems.append(Problem(Fault.RESUMES_FORWARD, f"{place}.resume_at_phase", index))
    return problems
