"""A second order book, slow and plain: one list of open orders, sorted anew for each question.

Written from the rules as matching/README.md tells them, with nothing of `matching.order_book`, `matching.call_auction`
or `matching.phases`: the price of a call is found by trying every limit, and each unit of it changes hands by itself.

Belongs here: the rules a second time. Does not belong here: events, speed, anything clever.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from matching.commands import CancelOrder, PlaceOrder, ReplaceOrder, Side, Validity
from matching.refusals import Refusal

Trade = tuple[int, int, int, int]
"""Buy order, sell order, price, quantity."""

VALUE_MAX = 10**12
AMOUNT_MAX = 10**15


@dataclass
class Open:
    """An order of which something is left; `time` orders those of one price."""

    number: int
    paddle: int
    side: Side
    price: int
    quantity: int
    time: int


@dataclass
class NaiveOrderBook:
    """A market with its open orders, and everything that was traded."""

    lowest: int
    highest: int
    tick: int
    quantity_min: int
    quantity_max: int
    quantity_step: int
    own_max: int
    is_call: bool
    at_lowest_price: bool = False
    orders: list[Open] = field(default_factory=list)
    trades: list[Trade] = field(default_factory=list)
    paddles: dict[int, int] = field(default_factory=dict)
    """Who placed each order."""
    clock: int = 0

    def give(self, given: PlaceOrder | CancelOrder | ReplaceOrder, paddle: int) -> Refusal | None:
        """Take a command, or return the first refusal that applies."""
        self.clock += 1
        if isinstance(given, PlaceOrder):
            return self._place(given, paddle)
        order = next((one for one in self.orders if one.number == given.order and one.paddle == paddle), None)
        refusals = set() if order is not None else {Refusal.ORDER_UNKNOWN}
        if isinstance(given, ReplaceOrder):
            refusals |= self._wrong(given.price, given.quantity)
        if refusals or order is None:
            return min(refusals)
        self.orders.remove(order)
        if isinstance(given, CancelOrder):
            return None
        keeps_time = given.price == order.price and given.quantity <= order.quantity
        time = order.time if keeps_time else self.clock
        new = Open(order.number, paddle, order.side, given.price, given.quantity, time)
        refusals = self._unfit(new, Validity.DAY)
        if refusals:
            self.orders.append(order)
            return min(refusals)
        self._take(new, Validity.DAY)
        return None

    def _place(self, given: PlaceOrder, paddle: int) -> Refusal | None:
        new = Open(len(self.paddles) + 1, paddle, given.side, given.price, given.quantity, self.clock)
        refusals = self._wrong(given.price, given.quantity)
        own = [one for one in self.orders if one.paddle == paddle]
        if given.validity is Validity.DAY and len(own) >= self.own_max:
            refusals.add(Refusal.ABOVE_OWN_SHARE)
        refusals = refusals or self._unfit(new, given.validity)
        if refusals:
            return min(refusals)
        self.paddles[new.number] = paddle
        self._take(new, given.validity)
        return None

    def _wrong(self, price: int, quantity: int) -> set[Refusal]:
        wrong = set()
        if price < 0 or price > AMOUNT_MAX or price * quantity > VALUE_MAX:
            wrong.add(Refusal.AMOUNT_OUT_OF_RANGE)
        if quantity < self.quantity_min or quantity > self.quantity_max or quantity % self.quantity_step != 0:
            wrong.add(Refusal.QUANTITY_OUT_OF_RANGE)
        if price != 0 and (price < self.lowest or price > self.highest or price % self.tick != 0):
            wrong.add(Refusal.OUTSIDE_PRICE_BAND)
        return wrong

    def _unfit(self, new: Open, validity: Validity) -> set[Refusal]:
        """What the market has against an order that is right in itself."""
        others = self._reached(new)
        if self.is_call:
            unfit = {Refusal.NOT_TAKEN_NOW} if validity is not Validity.DAY else set()
            if any(other.paddle == new.paddle for other in others):
                unfit.add(Refusal.WOULD_TRADE_WITH_HIMSELF)
            return unfit
        unfit = set()
        there = sum(other.quantity for other in others)
        if (validity is Validity.WHOLE and there < new.quantity) or (
            there == 0 and (validity is Validity.IMMEDIATE or new.price == 0)
        ):
            unfit.add(Refusal.CANNOT_BE_FILLED)
        left = new.quantity
        for other in others:
            if left > 0 and other.paddle == new.paddle:
                unfit.add(Refusal.WOULD_TRADE_WITH_HIMSELF)
            left -= other.quantity
        return unfit

    def _reached(self, new: Open) -> list[Open]:
        """The orders that a new one could meet, in the order of their priority."""
        return [one for one in self.ranked(opposite(new.side)) if agree(one, new)]

    def ranked(self, side: Side) -> list[Open]:
        """The open orders of a side in the order of their priority: market orders, then price, then time."""

        def rank(one: Open) -> tuple[bool, int, int]:
            return (one.price != 0, -one.price if side is Side.BUY else one.price, one.time)

        return sorted((one for one in self.orders if one.side is side), key=rank)

    def _take(self, new: Open, validity: Validity) -> None:
        if not self.is_call:
            for other in self._reached(new):
                if new.quantity > 0:
                    self._trade(new, other, self._price(new, other), min(new.quantity, other.quantity))
        waits = self.is_call or (validity is Validity.DAY and new.price != 0)
        if new.quantity > 0 and waits:
            self.orders.append(new)

    def _price(self, new: Open, other: Open) -> int:
        if not self.at_lowest_price:
            return other.price
        seller = new if new.side is Side.SELL else other
        return seller.price or other.price

    def _trade(self, one: Open, other: Open, price: int, quantity: int) -> None:
        buy, sell = (one, other) if one.side is Side.BUY else (other, one)
        for order in (buy, sell):
            order.quantity -= quantity
        self.orders = [order for order in self.orders if order.quantity > 0]
        if self.trades and self.trades[-1][:3] == (buy.number, sell.number, price):
            quantity += self.trades.pop()[3]
        self.trades.append((buy.number, sell.number, price, quantity))

    def end(self, reference: int) -> None:
        """End the session: a call trades, one unit after the other; whatever is left lapses."""
        price = self.clearing_price(reference) if self.is_call else None
        while price is not None:
            buys = [one for one in self.ranked(Side.BUY) if one.price == 0 or one.price >= price]
            sells = [one for one in self.ranked(Side.SELL) if one.price == 0 or one.price <= price]
            if not buys or not sells:
                break
            self._trade(buys[0], sells[0], price, 1)
        self.orders = []

    def indication(self, reference: int) -> tuple[int, int, int] | None:
        """Price, units that would change hands and units left over if a call ended now; None where none would."""
        price = self.clearing_price(reference) if self.is_call else None
        if price is None:
            return None
        buying, selling = self._at(price)
        return price, min(buying, selling), buying - selling

    def clearing_price(self, reference: int) -> int | None:
        """Try every limit: the most units, the least left over, the side that is left over, the reference price."""
        limits = sorted({one.price for one in self.orders if one.price != 0}) or [reference]
        best = max(min(self._at(limit)) for limit in limits)
        if best == 0:
            return None
        limits = [limit for limit in limits if min(self._at(limit)) == best]
        least = min(abs(buying - selling) for buying, selling in map(self._at, limits))
        limits = [limit for limit in limits if abs(self._at(limit)[0] - self._at(limit)[1]) == least]
        if all(self._at(limit)[0] > self._at(limit)[1] for limit in limits):
            return max(limits)
        if all(self._at(limit)[0] < self._at(limit)[1] for limit in limits):
            return min(limits)
        nearest = min(abs(limit - reference) for limit in limits)
        return max(limit for limit in limits if abs(limit - reference) == nearest)

    def _at(self, price: int) -> tuple[int, int]:
        """Units asked for, and offered, at a price."""
        buying = [
            one.quantity for one in self.orders if one.side is Side.BUY and (one.price or price) >= price
        ]
        selling = [
            one.quantity for one in self.orders if one.side is Side.SELL and (one.price or price) <= price
        ]
        return sum(buying), sum(selling)

    def net(self) -> dict[int, tuple[int, int]]:
        """What everybody who traded has bought and pays, below zero what he has sold and is paid."""
        net: dict[int, tuple[int, int]] = {}
        for buy, sell, price, quantity in self.trades:
            for number, sign in ((buy, 1), (sell, -1)):
                units, amount = net.get(self.paddles[number], (0, 0))
                net[self.paddles[number]] = (units + sign * quantity, amount + sign * quantity * price)
        return net


def opposite(side: Side) -> Side:
    """Return the other side."""
    return Side.SELL if side is Side.BUY else Side.BUY


def agree(one: Open, other: Open) -> bool:
    """Tell whether two orders on different sides name prices at which both would trade."""
    buy, sell = (one, other) if one.side is Side.BUY else (other, one)
    return buy.price == 0 or sell.price == 0 or buy.price >= sell.price
