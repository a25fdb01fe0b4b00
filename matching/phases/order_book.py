"""An order book with its two phases: the call auction, which collects orders, and continuous matching.

A programme may hold several of them in a row, a call before the session and one after it: what is open at the end of
one goes on into the next with its number and its time, and lapses where another kind of phase, or nothing, follows.
Buyers and sellers are both admitted bidders; what each of them bought or sold over the whole programme is his award.

Source: price and time: 湖北 协商议价, 排污权 电子竞价; no trade with oneself: the duty of every exchange to prevent
wash trades.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from typing import Self

from msgspec import Struct, structs

from matching.call_auction import Clearing, clearing, trades_at
from matching.commands import BidderCommand, CancelOrder, PlaceOrder, ReplaceOrder, Validity
from matching.details import Act, Depth, Indication, Level, PhaseView
from matching.events import (
    Award,
    BookUncrossed,
    Event,
    OrderCancelled,
    OrderPlaced,
    OrderReplaced,
    OrdersMatched,
    PhaseBegan,
)
from matching.order_book import BookSide, OpenBook, Order, OrderBook, PriceLevel, in_priority
from matching.phases.phase import Decided, Phase
from matching.phases.standing import Closing, Standing
from matching.refusals import Refusal, Refused
from matching.setting import Setting
from matching.terms import CallAuctionTerms, OrderBookTerms, PhaseTerms
from matching.terms.order_book import ORDER_VALUE_MAX, MarketTerms
from matching.units import AMOUNT_MAX, Amount, OrderId, Paddle, Quantity, TimeUs

LEVELS_SHOWN = 5
LEVELS_INDICATED_MAX = 4_000
"""In a wider book nothing is indicated: it would be computed anew after every batch of orders."""
OPEN_ORDERS_MAX = 50_000
"""Open orders in one book."""
ORDERS_MAX = 5_000_000
"""Orders of one lot in all its sessions. With the largest value of one it keeps every sum within 64 bits."""


class Position(Struct, array_like=True, gc=False):
    """What a bidder bought (or, below zero, sold) so far, and what he pays (or is paid), in minor units."""

    quantity: int
    amount: Amount


class MarketPhase(Phase, kw_only=True, dict=True):
    """What both phases share. `leader` is nobody, `price` that of the last trade, `bids` counts orders."""

    terms: MarketTerms
    lowest_price: Amount
    highest_price: Amount
    orders: dict[OrderId, Order]
    """Open orders in the order of their time. Whoever changes them does it through `book`."""
    positions: dict[Paddle, Position]
    last_order: OrderId = 0
    volume: Quantity = 0

    @classmethod
    def begin(
        cls, terms: PhaseTerms, setting: Setting, index: int, standing: Standing, at_us: TimeUs
    ) -> list[Event]:
        """Return the event that starts the session at `at_us`; none where the whole lot has a buyer already."""
        assert isinstance(terms, MarketTerms)
        return [] if standing.leader else [PhaseBegan(index, at_us + terms.duration_us)]

    @classmethod
    def begun(
        cls, terms: PhaseTerms, setting: Setting, event: PhaseBegan, standing: Standing, at_us: TimeUs
    ) -> Self:
        """Return the session that `event` started, with the orders and positions that the one before left."""
        assert isinstance(terms, MarketTerms)
        left = standing.book or OpenBook((), 0, 0, 0)
        lowest, highest = terms.price_range(setting.terms.opening_price)
        return cls(
            terms=terms,
            index=event.index,
            ends_at_us=event.ends_at_us,
            given=structs.replace(standing, book=None, awards=()),
            price=left.last_price,
            bids=standing.bids,
            lowest_price=lowest,
            highest_price=highest,
            orders={order_id: structs.replace(order) for order_id, order in left.orders},
            positions={
                award.paddle: Position(award.quantity, award.amount)
                for award in standing.awards
                if not award.item
            },
            last_order=left.last_order,
            volume=left.volume,
        )

    @classmethod
    def preview(cls, terms: PhaseTerms, setting: Setting) -> PhaseView:
        """Return the tick."""
        assert isinstance(terms, MarketTerms)
        return PhaseView(increment=terms.tick)

    @cached_property
    def book(self) -> OrderBook:
        """The open orders with what finds them quickly; made from them once, also after a snapshot was read."""
        return OrderBook(self.orders)

    @property
    def standing(self) -> Standing:
        """The open orders, and the net position of everybody who traded."""
        return structs.replace(
            self.given,
            price=self.price,
            bids=self.bids,
            awards=tuple(
                Award(paddle, position.quantity, position.amount)
                for paddle, position in sorted(self.positions.items())
            ),
            book=OpenBook(
                tuple((order_id, structs.replace(order)) for order_id, order in self.orders.items()),
                self.last_order,
                self.price,
                self.volume,
            ),
        )

    def view(self, setting: Setting) -> PhaseView:
        """Return the tick and the best levels of the book."""
        book = self.book
        indication = self._indication(setting)
        depth = Depth(_levels(book.buys), _levels(book.sells), self.price, self.volume, indication)
        return PhaseView(increment=self.terms.tick, accepts=(Act.ORDER,), detail=depth)

    def decide(self, setting: Setting, command: BidderCommand, paddle: Paddle, at_us: TimeUs) -> Decided:
        """Return the events of an order, a cancellation or a replacement, or why it is refused. Changes nothing.

        Refuses: NOT_TAKEN_NOW, AMOUNT_OUT_OF_RANGE, OFFER_BINDS, QUANTITY_OUT_OF_RANGE, ABOVE_OWN_SHARE,
            ORDER_UNKNOWN, OUTSIDE_PRICE_BAND, CANNOT_BE_FILLED, WOULD_TRADE_WITH_HIMSELF.
        """
        match command:
            case PlaceOrder():
                return self._decide_order(command, paddle)
            case CancelOrder(order=order_id):
                order = self.orders.get(order_id)
                if order is None or order.paddle != paddle:
                    return Refused(Refusal.ORDER_UNKNOWN)
                return [OrderCancelled(paddle, order_id, order.quantity)]
            case ReplaceOrder():
                return self._decide_replacement(command, paddle)
            case _:
                return Refused(Refusal.NOT_TAKEN_NOW)

    def meet_deadline(self, setting: Setting, at_us: TimeUs) -> Closing:
        """End the session: its trades if it is a call, then what is open lapses unless another session follows."""
        after = structs.replace(self, orders={i: structs.replace(order) for i, order in self.orders.items()})
        after.positions = {paddle: structs.replace(held) for paddle, held in self.positions.items()}
        events = self._last_trades(setting)
        for event in events:
            after.apply(event, at_us)
        follows = setting.terms.programme[self.index + 1 : self.index + 2]
        goes_on = bool(follows) and isinstance(follows[0], MarketTerms)
        for order_id, order in list(after.orders.items()):
            if not goes_on or not order.price:
                lapse = OrderCancelled(order.paddle, order_id, order.quantity, is_lapse=True)
                after.apply(lapse, at_us)
                events.append(lapse)
        return Closing(events, after.standing)

    def apply(self, event: Event, at_us: TimeUs) -> None:
        """Take over one of the session's events."""
        match event:
            case OrderPlaced():
                self.last_order = event.order
                self.bids += 1
                self.book.enter(event.order, Order(event.paddle, event.side, event.price, event.quantity))
            case OrdersMatched():
                self._settle(event)
            case OrderCancelled():
                self.book.remove(event.order)
            case OrderReplaced():
                self.book.amend(event.order, event.price, event.quantity)
            case BookUncrossed():
                self.price = event.price
            case _:
                super().apply(event, at_us)

    def _settle(self, trade: OrdersMatched) -> None:
        quantity = trade.quantity
        amount = trade.price * quantity
        self.price = trade.price
        self.volume += quantity
        fill, positions = self.book.fill, self.positions
        buyer, seller = fill(trade.buy, quantity).paddle, fill(trade.sell, quantity).paddle
        bought = positions.get(buyer) or positions.setdefault(buyer, Position(0, 0))
        bought.quantity += quantity
        bought.amount += amount
        sold = positions.get(seller) or positions.setdefault(seller, Position(0, 0))
        sold.quantity -= quantity
        sold.amount -= amount

    def _decide_order(self, command: PlaceOrder, paddle: Paddle) -> Decided:
        if len(self.orders) >= OPEN_ORDERS_MAX or self.last_order >= ORDERS_MAX:
            return Refused(Refusal.NOT_TAKEN_NOW, detail="the book is full")
        is_day = command.validity is Validity.DAY
        own = len(self.book.own.get(paddle, ())) if is_day else 0
        refused = self._order_refusal(command.quantity, command.price, own)
        if refused is not None:
            return refused
        order_id = self.last_order + 1
        order = Order(paddle, command.side, command.price, command.quantity)
        trades = self._trades(order_id, order, command.validity)
        if isinstance(trades, Refused):
            return trades
        return [
            OrderPlaced(paddle, order_id, command.side, command.quantity, command.price, command.validity),
            *trades,
        ]

    def _decide_replacement(self, command: ReplaceOrder, paddle: Paddle) -> Decided:
        """Replace an order. One that keeps its time trades with nobody: it did not before."""
        refused = self._order_refusal(command.quantity, command.price, 0)
        order = self.orders.get(command.order)
        if order is None or order.paddle != paddle:
            return _earlier(refused, Refusal.ORDER_UNKNOWN)
        if refused is not None:
            return refused
        amended = Order(paddle, order.side, command.price, command.quantity)
        trades = self._trades(command.order, amended, Validity.DAY)
        if isinstance(trades, Refused):
            return trades
        return [OrderReplaced(paddle, command.order, command.quantity, command.price), *trades]

    def _order_refusal(self, quantity: Quantity, price: Amount, own: int) -> Refused | None:
        """Check one order by itself, and how many the bidder has open: `own`."""
        terms = self.terms
        if not 0 <= price <= AMOUNT_MAX or price * quantity > ORDER_VALUE_MAX:
            return Refused(Refusal.AMOUNT_OUT_OF_RANGE, self.lowest_price, terms.tick, ORDER_VALUE_MAX)
        if not terms.quantity_min <= quantity <= terms.quantity_max or quantity % terms.quantity_step:
            return Refused(
                Refusal.QUANTITY_OUT_OF_RANGE, terms.quantity_min, terms.quantity_step, terms.quantity_max
            )
        if own >= terms.orders_per_bidder_max:
            return Refused(Refusal.ABOVE_OWN_SHARE, largest=terms.orders_per_bidder_max)
        if price and (not self.lowest_price <= price <= self.highest_price or price % terms.tick):
            return Refused(Refusal.OUTSIDE_PRICE_BAND, self.lowest_price, terms.tick, self.highest_price)
        return None

    def _trades(self, order_id: OrderId, order: Order, validity: Validity) -> list[Event] | Refused:
        """Return what follows at once on an order that comes in."""
        raise AssertionError("each of the two phases says what an order meets")

    def _last_trades(self, setting: Setting) -> list[Event]:
        return []

    def _indication(self, setting: Setting) -> Indication | None:
        return None


class CallAuctionPhase(MarketPhase, kw_only=True, tag="call_auction"):
    """State of a call auction: orders wait, and meet at one price at the end."""

    terms: CallAuctionTerms

    def decide(self, setting: Setting, command: BidderCommand, paddle: Paddle, at_us: TimeUs) -> Decided:
        """Return what the command makes happen; shortly before the end nothing is taken back or replaced."""
        binds = self.ends_at_us - at_us <= self.terms.orders_bind_before_us
        if binds and isinstance(command, CancelOrder | ReplaceOrder):
            return Refused(Refusal.OFFER_BINDS)
        return super().decide(setting, command, paddle, at_us)

    def _trades(self, order_id: OrderId, order: Order, validity: Validity) -> list[Event] | Refused:
        """Nothing follows. An order that could meet one of the same bidder is refused already now."""
        if validity is not Validity.DAY:
            return Refused(Refusal.NOT_TAKEN_NOW)
        if self.book.meets_own(order.paddle, order.side, order.price, order_id):
            return Refused(Refusal.WOULD_TRADE_WITH_HIMSELF)
        return []

    def _last_trades(self, setting: Setting) -> list[Event]:
        cleared = self._clearing(setting)
        if cleared is None:
            return []
        buys, sells = in_priority(self.book.buys), in_priority(self.book.sells)
        return [
            BookUncrossed(cleared.price, cleared.quantity, cleared.surplus),
            *trades_at(cleared.price, cleared.quantity, buys, sells),
        ]

    def _indication(self, setting: Setting) -> Indication | None:
        """Return what the call would come to now, of the levels alone: it costs the same however many orders wait."""
        levels = len(self.book.buys.keys) + len(self.book.sells.keys)
        if not self.terms.shows_indication or levels > LEVELS_INDICATED_MAX:
            return None
        cleared = self._clearing(setting)
        return None if cleared is None else Indication(cleared.price, cleared.quantity, cleared.surplus)

    def _clearing(self, setting: Setting) -> Clearing | None:
        reference = self.price or setting.terms.opening_price
        return clearing(_sums(self.book.buys), _sums(self.book.sells), reference)


class OrderBookPhase(MarketPhase, kw_only=True, tag="order_book"):
    """State of continuous matching: an order meets at once whatever it can, and what is left of it waits."""

    terms: OrderBookTerms

    def _trades(self, order_id: OrderId, order: Order, validity: Validity) -> list[Event] | Refused:
        """Return the trades, and the lapse of what is left of an order that does not wait."""
        book = self.book
        waits = validity is Validity.DAY and order.price > 0
        if not book.is_crossed_by(order.side, order.price):
            return [] if waits else Refused(Refusal.CANNOT_BE_FILLED)
        missing = order.quantity - book.available(order) if validity is Validity.WHOLE else 0
        if missing > 0:
            return Refused(Refusal.CANNOT_BE_FILLED, missing=missing)
        trades = book.matches(order_id, order, self.terms.trade_price)
        if trades is None:
            return Refused(Refusal.WOULD_TRADE_WITH_HIMSELF)
        if waits:
            return [*trades]
        left = order.quantity - sum(trade.quantity for trade in trades)
        return [*trades, OrderCancelled(order.paddle, order_id, left, is_lapse=True)] if left else [*trades]


def _earlier(refused: Refused | None, code: Refusal) -> Refused:
    """Return the refusal that takes precedence."""
    return Refused(code) if refused is None or refused.code > code else refused


def _levels(side: BookSide) -> tuple[Level, ...]:
    return tuple(
        Level(_price(level), level.quantity, len(level.orders))
        for level in islice(side.best_first(), LEVELS_SHOWN)
    )


def _sums(side: BookSide) -> Iterator[tuple[Amount, Quantity]]:
    """Yield every level's price, 0 for market orders, and what all its orders come to."""
    return ((_price(level), level.quantity) for level in side.best_first())


def _price(level: PriceLevel) -> Amount:
    return next(iter(level.orders.values())).price
