"""Parameters of English bidding. The behaviour is in `matching.phases.english`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from matching.increments import IncrementTable, table_problems
from matching.problems import Fault, Problem
from matching.terms.phase import MINUTE_US, Direction, PhaseTerms
from matching.units import Amount, AmountOrZero, Span


class BidRule(StrEnum):
    """Which amounts at or above the asking price are bids."""

    FREE = "free"
    """Any amount."""
    STEP_MULTIPLE = "step_multiple"
    """The leading price plus a whole number of steps."""


class EqualLimits(StrEnum):
    """Who leads when two max bids have the same limit. Either way he pays that limit."""

    EARLIER_LIMIT = "earlier_limit"
    """Whoever named this limit first.

    Source: GSA Auctions, eBay: of equal automatic bids the one placed earlier leads.
    """
    EARLIER_BIDDER = "earlier_bidder"
    """Whoever left his first max bid in this phase earlier, whenever he raised it to this limit.

    Source: the Estonian domain auctions, which order by the creation of the autobid.
    """


class PriorityRule(StrEnum):
    """What a priority purchaser (优先购买权人) may do that nobody else may."""

    NONE = "none"
    """Nothing: he bids like everybody."""
    EQUAL_PRICE = "equal_price"
    """Take the lead at the leading price from an ordinary bidder or from a later rank; of one rank the earlier leads.

    Source: 法释〔2016〕18号 art. 21.
    """
    EQUAL_PRICE_DRAW = "equal_price_draw"
    """The same, and several of one rank may stand at one price: a draw that follows decides between them.

    Source: 江苏 农村产权, 竞价优先权.
    """


class EnglishTerms(PhaseTerms, frozen=True, tag="english"):
    """Parameters of English bidding with soft close, rising or falling as the lot does.

    Source: 法释〔2016〕18号 art. 20 for the defaults (24 hours, five-minute extension). Times are microseconds,
    amounts minor units.
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
    max_bids_allowed: bool = True
    equal_limits: EqualLimits = EqualLimits.EARLIER_LIMIT
    proxy_raise: AmountOrZero = 0
    """How far a max bid goes beyond the rival whom it answers; 0 for one step."""
    leader_may_raise: bool = False
    raise_steps_max: Annotated[int, Meta(gt=0, le=1_000_000)] | None = None
    """A bid above asking price plus this many steps is taken for a slip of the finger; None for no bound."""
    host_may_hammer: bool = False
    fair_warnings_min: Annotated[int, Meta(ge=0, le=10)] = 3
    """Fair warnings that the host must have given since the last bid before the hammer may fall."""
    priority: PriorityRule = PriorityRule.NONE
    cap_price: AmountOrZero = 0
    """How far the price may go (最高限价): there, or less than a step before it, the phase ends. 0 for none."""
    buy_now_price: AmountOrZero = 0
    """Whoever bids this ends the phase at once. 0 for none."""
    first_step_up: bool = True
    """The first bid goes a step beyond the price that the phase began with; else it may be made at that price."""
    recent_window_us: Span = 0
    """Who bid this shortly before the end is remembered, as `Standing.recent`; 0 to remember nobody."""
    entrants_min: Annotated[int, Meta(ge=0, le=1000)] = 0
    """With fewer bidders who may take part the phase is left out."""
    recent_min: Annotated[int, Meta(ge=0, le=1000)] = 0
    """With fewer bidders who bid shortly before the phase before ended, this one is left out."""

    @property
    def takes_any_amount(self) -> bool:
        """Tell whether every amount from the asking price on is a bid."""
        return (
            self.raise_steps_max is None
            and self.bid_rule is BidRule.FREE
            and not self.cap_price
            and not self.buy_now_price
        )

    def problems(self, opening_price: Amount, direction: Direction) -> list[Problem]:
        """List what makes the parameters unusable; empty when they make sense together."""
        problems = super().problems(opening_price, direction) + table_problems(self.increments)
        if self.duration_us is None and not self.host_may_hammer:
            problems.append(Problem(Fault.NO_END, "duration_us"))
        if self.duration_us == 0:
            problems.append(Problem(Fault.DURATION_ZERO, "duration_us"))
        if self.soft_close_window_us and not self.extension_us:
            problems.append(Problem(Fault.EXTENSION_ZERO, "extension_us"))
        hard_end = self.hard_end_after_us
        if hard_end is not None and self.duration_us is not None and hard_end < self.duration_us:
            problems.append(Problem(Fault.HARD_END_TOO_EARLY, "hard_end_after_us", self.duration_us))
        if self.recent_window_us and (self.duration_us is None or self.host_may_hammer):
            problems.append(Problem(Fault.RECENT_NEEDS_CLOCK, "recent_window_us"))
        return problems + self._price_problems(opening_price, direction)

    def _price_problems(self, opening_price: Amount, direction: Direction) -> list[Problem]:
        problems = []
        sides = (
            (self.cap_price, Fault.CAP_WRONG_SIDE, "cap_price"),
            (self.buy_now_price, Fault.BUY_NOW_WRONG_SIDE, "buy_now_price"),
        )
        for price, fault, field in sides:
            if price and direction.sign * price < direction.sign * opening_price:
                problems.append(Problem(fault, field, opening_price))
        if self.cap_price and self.buy_now_price:
            problems.append(Problem(Fault.CAP_AND_BUY_NOW, "buy_now_price"))
        return problems
