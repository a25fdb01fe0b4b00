"""Parameters of an order book, for call auction and continuous matching; behaviour: `matching.phases.order_book`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from matching.problems import Fault, Problem
from matching.terms.phase import MINUTE_US, Direction, PhaseTerms
from matching.units import AMOUNT_MAX, Amount, BasisPoints, NonZeroQuantity, PositiveAmount, Span

ORDER_VALUE_MAX = 10**12
"""The most that one order may be worth, in minor units: ten thousand million yuan."""


class TradePrice(StrEnum):
    """At which price two orders meet in continuous matching."""

    RESTING = "resting"
    """That of the order which stood in the book."""
    LOWEST = "lowest"
    """The seller's, if he named one: the lowest at which both agree (湖北: 按最低价格成交)."""


class MarketTerms(PhaseTerms, frozen=True):
    """What call auction and continuous matching have in common. The opening price of the lot is the reference price.

    Source: national carbon market (CEA): tick 0.01 yuan, unit 1 t, a single order below 100,000 t, price band of 10 %
    (block trades 30 %) around the reference price. Times are microseconds.
    """

    duration_us: Span
    tick: PositiveAmount = 1
    """Prices are whole numbers of ticks, minor units."""
    quantity_step: NonZeroQuantity = 1
    """Quantities are whole numbers of steps (手)."""
    quantity_min: NonZeroQuantity = 1
    quantity_max: NonZeroQuantity = 99_999
    """The largest single order."""
    band: BasisPoints | None = 1000
    """How far a price may lie from the reference price on either side; None for no bound."""
    orders_per_bidder_max: Annotated[int, Meta(gt=0, le=10_000)] = 200
    """Open orders that one bidder may have at a time."""

    def price_range(self, reference: Amount) -> tuple[Amount, Amount]:
        """Return the lowest and the highest price, rounded to the nearest tick, half a tick up."""
        if self.band is None:
            return self.tick, AMOUNT_MAX // self.tick * self.tick
        lowest, highest = (
            (2 * reference * part + 10_000 * self.tick) // (20_000 * self.tick) * self.tick
            for part in (10_000 - self.band, 10_000 + self.band)
        )
        return max(lowest, self.tick), highest

    def problems(self, opening_price: Amount, direction: Direction) -> list[Problem]:
        """List what makes the parameters unusable; empty when they make sense together."""
        problems = super().problems(opening_price, direction)
        if not self.duration_us:
            problems.append(Problem(Fault.DURATION_ZERO, "duration_us"))
        if opening_price % self.tick:
            problems.append(Problem(Fault.PRICE_OFF_TICK, "/opening_price", self.tick))
        if opening_price * self.quantity_max > ORDER_VALUE_MAX:
            problems.append(
                Problem(Fault.ORDER_WORTH_TOO_MUCH, "quantity_max", ORDER_VALUE_MAX // opening_price)
            )
        if self.quantity_min > self.quantity_max:
            problems.append(Problem(Fault.QUANTITY_MIN_ABOVE_MAX, "quantity_min", self.quantity_max))
        if self.quantity_min % self.quantity_step:
            problems.append(Problem(Fault.QUANTITY_MIN_OFF_STEP, "quantity_min", self.quantity_step))
        if direction is not Direction.RISING:
            problems.append(Problem(Fault.BOOK_HAS_NO_DIRECTION, "/direction"))
        return problems


class CallAuctionTerms(MarketTerms, frozen=True, tag="call_auction"):
    """Parameters of a call auction: orders are collected and meet at one price at the end.

    Source: reading of the price rule, see `matching.call_auction`; on Chinese exchanges nothing is cancelled in the
    last minutes of the opening call.
    """

    duration_us: Span = 15 * MINUTE_US
    orders_bind_before_us: Span = 0
    """This long before the end nothing is cancelled or replaced any more; 0 for never."""
    shows_indication: bool = True
    """Whether everybody sees at what price how much would meet if the call ended now.
    Source: 开盘集合竞价期间即时行情 of the Chinese exchanges: 虚拟参考价格, 虚拟匹配量, 虚拟未匹配量."""


class OrderBookTerms(MarketTerms, frozen=True, tag="order_book"):
    """Parameters of continuous matching, best price first, then the earlier order.

    Source: 湖北 协商议价: price, then time, at the lowest price; CEA 挂牌协议.
    """

    duration_us: Span = 120 * MINUTE_US
    trade_price: TradePrice = TradePrice.RESTING
