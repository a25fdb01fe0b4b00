"""Parameters of hidden offers for parts of a supply. Behaviour: `matching.phases.multi_unit`, `matching.clearing`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from matching.problems import Fault, Problem
from matching.terms.draw import Beacon
from matching.terms.phase import HOUR_US, Direction, PhaseTerms
from matching.units import (
    AMOUNT_MAX,
    Amount,
    BasisPoints,
    Digest,
    NonZeroQuantity,
    PositiveAmount,
    Span,
)

WHOLE = 10_000
"""One, in basis points."""

HINTS_MAX = 24


class Pricing(StrEnum):
    """What is paid for a unit."""

    UNIFORM = "uniform"
    """The worst price that was accepted, by everybody."""
    PAY_AS_BID = "pay_as_bid"
    """What was offered for it."""


class Precedence(StrEnum):
    """Who comes first among offers at the same price."""

    TIME = "time"
    """Whoever offered earlier."""
    RANK = "rank"
    """The priority purchaser of the better rank, then whoever offered earlier."""
    DRAW = "draw"
    """Whom a draw puts first; its seed is named in the terms, and a round of a public beacon too, if they name one."""


class Sharing(StrEnum):
    """How offers at the clearing price share what the better ones leave."""

    IN_TURN = "in_turn"
    """The first gets what he asks for, then the next; the last of them gets the remainder."""
    PRO_RATA = "pro_rata"
    """In proportion: shares are rounded down, and the units left over go to the largest remainders."""
    PUBLISHED_RATIO = "published_ratio"
    """Each gets the ratio that is published, rounded half up; the first gets, or lacks, what rounding leaves."""


class ReserveRule(StrEnum):
    """What the secret reserve does."""

    EXCLUDES = "excludes"
    """Offers beyond it do not count."""
    CANCELS = "cancels"
    """Nothing is sold where the clearing price lies beyond it."""


class Undersubscription(StrEnum):
    """What happens when less is asked for than there is."""

    SELL = "sell"
    CANCEL = "cancel"


class MultiUnitTerms(PhaseTerms, frozen=True, tag="multi_unit"):
    """Parameters of hidden offers for parts of a supply. Times are microseconds, amounts minor units for one unit.

    The opening price of the lot is the public floor, or the ceiling where prices fall. In a purchase the supply is
    what is asked for.

    Source: (EU) No 1031/2010 art. 7 and the EEX auction design; 上海 and 广东 碳配额有偿竞价; 深圳 小汽车增量指标竞价;
    Swiss tariff quotas for the published ratio and for payments in five Rappen.
    """

    supply: NonZeroQuantity
    unit: Annotated[str, Meta(min_length=1, max_length=40)]
    """What one unit is called: t, kg, plate."""
    duration_us: Span = 2 * HOUR_US
    """How long offers are taken; 0 to divide at once what earlier phases collected."""
    pricing: Pricing = Pricing.UNIFORM
    precedence: Precedence = Precedence.TIME
    sharing: Sharing = Sharing.IN_TURN
    ratio_decimals: Annotated[int, Meta(ge=1, le=12)] = 6
    """Digits of the published ratio; it is rounded down."""
    seed: Digest | None = None
    """What a draw is recomputed from, by `matching.draws` as the seed of staff 0."""
    beacon: Beacon | None = None
    """The first of its rounds after the end goes into the draw too, and the lot waits for it."""
    reserve_rule: ReserveRule = ReserveRule.EXCLUDES
    undersubscription: Undersubscription = Undersubscription.SELL
    lot_size: NonZeroQuantity = 1
    """Quantities are whole numbers of this, and so is the supply."""
    line_min: NonZeroQuantity = 1
    """The least that one line may ask for."""
    lines_max: Annotated[int, Meta(ge=1, le=50)] = 10
    """Lines of one offer, each at another price."""
    bidder_max: NonZeroQuantity | None = None
    """The most that one bidder may ask for, over all his lines; None for no bound but the supply for each line."""
    price_step: PositiveAmount = 1
    """Prices lie whole steps from the opening price."""
    revisions_max: Annotated[int, Meta(ge=0, le=1000)] | None = None
    """How often an offer may be replaced, the last counts; one made after taking back counts too. None: no bound."""
    revision_keeps_time: bool = False
    """A replaced offer keeps the time of the first one, among equals."""
    may_take_back: bool = False
    hints_after_us: Annotated[tuple[Span, ...], Meta(max_length=HINTS_MAX)] = ()
    """When the trimmed mean of the prices offered is published, counted from the beginning."""
    hint_trim: BasisPoints = 1000
    """What part of the prices is left out at either end, in basis points."""
    hint_offers_min: Annotated[int, Meta(ge=1, le=100_000)] = 10
    """With fewer offers no mean is published, lest it give one of them away."""
    is_count_public: bool = False
    """How many offers there are is shown while they are hidden; hints tell it in any case."""
    payment_unit: PositiveAmount = 1
    """Payments are rounded half up to whole multiples of this: for each line, or for each bidder at a uniform price."""

    def problems(self, opening_price: Amount, direction: Direction) -> list[Problem]:
        """List what makes the parameters unusable; empty when they make sense together."""
        problems = super().problems(opening_price, direction)
        problems += self._quantity_problems() + self._hint_problems()
        if self.supply * opening_price > AMOUNT_MAX:
            problems.append(Problem(Fault.SUPPLY_WORTH_TOO_MUCH, "supply", AMOUNT_MAX // opening_price))
        if self.precedence is Precedence.DRAW and self.seed is None and self.beacon is None:
            problems.append(Problem(Fault.DRAW_NEEDS_SOURCE, "seed"))
        if self.precedence is not Precedence.DRAW and (self.seed is not None or self.beacon is not None):
            problems.append(Problem(Fault.SOURCE_WITHOUT_DRAW, "precedence"))
        if self.precedence is Precedence.DRAW and self.sharing is not Sharing.IN_TURN:
            problems.append(Problem(Fault.DRAW_WITHOUT_TURN, "sharing"))
        return problems

    def _quantity_problems(self) -> list[Problem]:
        problems = []
        if self.supply % self.lot_size or (self.line_min % self.lot_size and self.line_min > 1):
            problems.append(Problem(Fault.SUPPLY_NOT_WHOLE_LOTS, "supply", self.lot_size))
        most = self.supply if self.bidder_max is None else min(self.bidder_max, self.supply)
        if most < max(self.line_min, self.lot_size):
            problems.append(Problem(Fault.LINE_TOO_LARGE, "line_min", most))
        return problems

    def _hint_problems(self) -> list[Problem]:
        problems = []
        moments = (0, *self.hints_after_us, self.duration_us)
        if self.hints_after_us and sorted(set(moments)) != list(moments):
            problems.append(Problem(Fault.HINTS_OUT_OF_ORDER, "hints_after_us", self.duration_us))
        if 2 * self.hint_trim >= WHOLE:
            problems.append(Problem(Fault.HINT_TRIM_ALL, "hint_trim"))
        return problems
