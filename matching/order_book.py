"""An order book: open orders at price levels, the best price first, within a price the earlier order first.

`matches` tells what an order would be filled with and changes nothing; `enter`, `fill`, `amend` and `remove` change the
book. All of them cost the same however many orders the book holds; only a new price level costs more the more levels
there are.

Belongs here: the data structure. Does not belong here: which orders are taken, and the price of a call auction.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator

from msgspec import Struct

from matching.commands import Side
from matching.events import OrdersMatched
from matching.terms.order_book import TradePrice
from matching.units import AMOUNT_MAX, Amount, OrderId, Paddle, Quantity

MARKET_KEY = AMOUNT_MAX + 1
"""The key of orders without a limit: better than every price."""


class Order(Struct, array_like=True, gc=False):
    """An open order; `quantity` is what is left of it, price 0 a market order."""

    paddle: Paddle
    side: Side
    price: Amount
    quantity: Quantity


class OpenBook(Struct, frozen=True):
    """The open orders that one session leaves to the next, in the order of their time, and the market so far."""

    orders: tuple[tuple[OrderId, Order], ...]
    last_order: OrderId
    last_price: Amount
    volume: Quantity


class PriceLevel:
    """All open orders at one price, in the order of their time."""

    __slots__ = ("orders", "quantity")

    def __init__(self) -> None:
        self.orders: dict[OrderId, Order] = {}
        self.quantity: Quantity = 0


class BookSide:
    """One side of a book. A level's key is its price, turned so that the better price has the larger key."""

    __slots__ = ("keys", "levels")

    def __init__(self) -> None:
        self.levels: dict[int, PriceLevel] = {}
        self.keys: list[int] = []
        """Ascending, so that the best stands at the end."""

    def best_first(self) -> Iterator[PriceLevel]:
        """Yield the levels, the best first."""
        levels = self.levels
        return (levels[key] for key in reversed(self.keys))

    def level(self, key: int) -> PriceLevel:
        """Return the level at `key`, a new one if there was none."""
        found = self.levels.get(key)
        if found is None:
            found = self.levels[key] = PriceLevel()
            keys = self.keys
            if not keys or key > keys[-1]:
                keys.append(key)
            else:
                insort(keys, key)
        return found

    def drop(self, key: int) -> None:
        """Forget the empty level at `key`."""
        del self.levels[key]
        keys = self.keys
        if keys[-1] == key:
            keys.pop()
        else:
            del keys[bisect_left(keys, key)]


def key_of(side: Side, price: Amount) -> int:
    """Return where an order stands on its side: the larger, the better."""
    return (price if side is Side.BUY else -price) or MARKET_KEY


class OrderBook:
    """Open orders by number, and what finds them quickly. The orders alone are the state; the rest follows from them.

    Args:
        orders: open orders in the order of their time; the book changes this very dictionary.
    """

    __slots__ = ("buys", "orders", "own", "sells")

    def __init__(self, orders: dict[OrderId, Order]) -> None:
        self.orders = orders
        self.buys = BookSide()
        self.sells = BookSide()
        self.own: dict[Paddle, dict[OrderId, Order]] = {}
        """The open orders of each paddle."""
        for order_id, order in orders.items():
            self._index(order_id, order)

    def enter(self, order_id: OrderId, order: Order) -> None:
        """Add an order behind all others at its price."""
        self.orders[order_id] = order
        self._index(order_id, order)

    def remove(self, order_id: OrderId) -> None:
        """Take an open order out of the book."""
        order = self.orders[order_id]
        self.fill(order_id, order.quantity)

    def fill(self, order_id: OrderId, quantity: Quantity) -> Order:
        """Take `quantity` off an open order, which leaves the book when nothing is left; return the order."""
        order = self.orders[order_id]
        if order.side is Side.BUY:
            side, key = self.buys, order.price or MARKET_KEY
        else:
            side, key = self.sells, -order.price or MARKET_KEY
        level = side.levels[key]
        level.quantity -= quantity
        if quantity < order.quantity:
            order.quantity -= quantity
            return order
        assert quantity == order.quantity, "no more can be filled than is open"
        del self.orders[order_id], level.orders[order_id], self.own[order.paddle][order_id]
        if not level.orders:
            side.drop(key)
        return order

    def amend(self, order_id: OrderId, price: Amount, quantity: Quantity) -> None:
        """Give an order a new price and open quantity. It keeps its time only for less at the same price."""
        order = self.orders[order_id]
        if price == order.price and quantity <= order.quantity:
            side = self.buys if order.side is Side.BUY else self.sells
            side.levels[key_of(order.side, price)].quantity += quantity - order.quantity
            order.quantity = quantity
        else:
            self.remove(order_id)
            self.enter(order_id, Order(order.paddle, order.side, price, quantity))

    def is_crossed_by(self, side: Side, price: Amount) -> bool:
        """Tell whether an order would meet the best of the other side."""
        if side is Side.BUY:
            keys, least = self.sells.keys, -(price or MARKET_KEY)
        else:
            keys, least = self.buys.keys, price or -MARKET_KEY
        return bool(keys) and keys[-1] >= least

    def matches(
        self, order_id: OrderId, order: Order, rule: TradePrice = TradePrice.RESTING
    ) -> list[OrdersMatched] | None:
        """Return the trades of an order that comes in now, best price first, then time; None if it met his own."""
        is_buy = order.side is Side.BUY
        other = self.sells if is_buy else self.buys
        least = -key_of(order.side, order.price)
        left = order.quantity
        at_seller = rule is TradePrice.LOWEST and not is_buy and order.price > 0
        trades: list[OrdersMatched] = []
        for key in reversed(other.keys):
            if key < least:
                break
            for resting_id, resting in other.levels[key].orders.items():
                if resting.paddle == order.paddle:
                    return None
                quantity = min(left, resting.quantity)
                buy, sell = (order_id, resting_id) if is_buy else (resting_id, order_id)
                trades.append(OrdersMatched(buy, sell, order.price if at_seller else resting.price, quantity))
                left -= quantity
                if not left:
                    return trades
        return trades

    def available(self, order: Order) -> Quantity:
        """Return how much of an order the other side could fill, whoever stands there."""
        other = self.sells if order.side is Side.BUY else self.buys
        least = -key_of(order.side, order.price)
        total = 0
        for key in reversed(other.keys):
            if key < least or total >= order.quantity:
                break
            total += other.levels[key].quantity
        return total

    def meets_own(self, paddle: Paddle, side: Side, price: Amount, but: OrderId = 0) -> bool:
        """Tell whether an order could trade with an open order of the same paddle, however much lies between them."""
        least = -key_of(side, price)
        return any(
            order.side is not side and order_id != but and key_of(order.side, order.price) >= least
            for order_id, order in self.own.get(paddle, {}).items()
        )

    def _index(self, order_id: OrderId, order: Order) -> None:
        if order.side is Side.BUY:
            level = self.buys.level(order.price or MARKET_KEY)
        else:
            level = self.sells.level(-order.price or MARKET_KEY)
        level.orders[order_id] = order
        level.quantity += order.quantity
        own = self.own.get(order.paddle)
        if own is None:
            self.own[order.paddle] = {order_id: order}
        else:
            own[order_id] = order


def in_priority(side: BookSide) -> Iterable[tuple[OrderId, Order]]:
    """Yield the orders of a side in the order in which they are filled."""
    for level in side.best_first():
        yield from level.orders.items()
