"""The price of a call auction (集合竞价), and who trades with whom at it.

The reading of the rule that is implemented: among the limits of the orders, the price with the largest volume; among
equals the one with the smallest surplus; if what is left over lies on one side at all of these, the highest of them
where buyers are left and the lowest where sellers are; else the one nearest to the reference price, the higher of two
equally near. With no limit in the book at all, the reference price itself.

Belongs here: arithmetic over orders. Does not belong here: taking orders, and the moment at which it is done.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate

from msgspec import Struct

from matching.events import OrdersMatched
from matching.order_book import Order
from matching.units import Amount, OrderId, Quantity


class Clearing(Struct, frozen=True):
    """The outcome: `surplus` is left over at the price, positive when buyers are left."""

    price: Amount
    quantity: Quantity
    surplus: int


def clearing(
    buys: Iterable[tuple[Amount, Quantity]], sells: Iterable[tuple[Amount, Quantity]], reference: Amount
) -> Clearing | None:
    """Return the price at which the orders meet; None when they do not.

    Args:
        buys, sells: limit in minor units, 0 for a market order, and quantity; in any order.
        reference: the price that decides between equals, minor units; 0 where there is none, the highest decides.
    Source: the principle of the largest volume as Xetra and the Chinese exchanges publish it.
    """
    demand, supply = _by_limit(buys), _by_limit(sells)
    prices = sorted((demand.keys() | supply.keys()) - {0}) or [reference] * (reference > 0)
    bought = list(accumulate(reversed([demand.get(price, 0) for price in prices]), initial=demand.get(0, 0)))
    sold = accumulate((supply.get(price, 0) for price in prices), initial=supply.get(0, 0))
    next(sold)
    sums = zip(prices, reversed(bought[1:]), sold, strict=True)
    outcomes = [Clearing(price, min(buying, selling), buying - selling) for price, buying, selling in sums]
    largest = max((outcome.quantity for outcome in outcomes), default=0)
    if not largest:
        return None
    full = [outcome for outcome in outcomes if outcome.quantity == largest]
    least = min(abs(outcome.surplus) for outcome in full)
    return _chosen([outcome for outcome in full if abs(outcome.surplus) == least], reference)


def _by_limit(orders: Iterable[tuple[Amount, Quantity]]) -> dict[Amount, Quantity]:
    sums: dict[Amount, Quantity] = {}
    for limit, quantity in orders:
        sums[limit] = sums.get(limit, 0) + quantity
    return sums


def _chosen(equals: list[Clearing], reference: Amount) -> Clearing:
    """Decide between prices, in ascending order, that fill as much and leave as much."""
    if all(one.surplus > 0 for one in equals):
        return equals[-1]
    if all(one.surplus < 0 for one in equals):
        return equals[0]
    if not reference:
        return equals[-1]
    return min(equals, key=lambda one: (abs(one.price - reference), -one.price))


def trades_at(
    price: Amount,
    quantity: Quantity,
    buys: Iterable[tuple[OrderId, Order]],
    sells: Iterable[tuple[OrderId, Order]],
) -> list[OrdersMatched]:
    """Pair off `quantity` units at `price`; both sides come in the order of their priority."""
    trades: list[OrdersMatched] = []
    waiting = iter(sells)
    sell_id, offered = 0, 0
    for buy_id, buy in buys:
        wanted = min(buy.quantity, quantity)
        quantity -= wanted
        while wanted:
            if not offered:
                sell_id, sell = next(waiting)
                offered = sell.quantity
            traded = min(wanted, offered)
            trades.append(OrdersMatched(buy_id, sell_id, price, traded))
            wanted -= traded
            offered -= traded
        if not quantity:
            break
    return trades
