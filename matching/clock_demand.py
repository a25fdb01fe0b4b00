"""Demand in a clock: which of the changes that bidders ask for in a round take effect, and at what price.

Demand for an item never falls from above its supply to below it: a reduction takes effect only as far as demand exceeds
supply, the rest waits for somebody else's increase. An increase takes effect only as far as the bidder's points go.
Changes are taken in the order of how far the clock has come when they are asked for, of all items together; those that
wait come before later ones.

The price stays where demand fell to supply: at the price that whoever gave way last had named. So nobody who is held to
units that he wanted to give up pays more for them than he named.

Belongs here: the working out of one round. Does not belong here: who may ask for what, and when.

Source: FCC-1002 style clock phases: price points within a round, excess demand, posted prices.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cmp_to_key
from typing import TypeAlias

from msgspec import Struct

from matching.units import Amount, ItemId, Paddle, Quantity

Demands: TypeAlias = dict[Paddle, dict[ItemId, Quantity]]

Moment: TypeAlias = tuple[int, int]
"""How far the clock of an item has come in the round: so much of such a way. Ways differ from item to item."""


class ClockItem(Struct, frozen=True):
    """An item in one round: the clock goes from `start_price` to `clock_price`, both in minor units a unit."""

    item: ItemId
    supply: Quantity
    points: int
    start_price: Amount
    clock_price: Amount


class Change(Struct, frozen=True):
    """`paddle` wants `quantity` units of `item` in all, from `price` on; `turn` puts equal prices in order."""

    paddle: Paddle
    item: ItemId
    quantity: Quantity
    price: Amount
    turn: int


class ClockRound:
    """One round of a clock while it is worked out. Afterwards `demands` is what holds."""

    def __init__(
        self,
        items: Iterable[ClockItem],
        demands: Mapping[Paddle, Mapping[ItemId, Quantity]],
        points: Mapping[Paddle, int],
    ) -> None:
        self.items = {item.item: item for item in items}
        self.demands: Demands = {paddle: dict(wanted) for paddle, wanted in demands.items()}
        self._points = points
        self._total = dict.fromkeys(self.items, 0)
        for wanted in self.demands.values():
            for item, quantity in wanted.items():
                self._total[item] += quantity
        self._cleared_at: dict[ItemId, Amount] = {}
        """What price was named by whoever last brought demand down to supply."""

    def run(self, changes: Iterable[Change]) -> None:
        """Let the changes take effect, in the order of the clock, then of turns."""
        waiting: list[Change] = []
        for change in sorted(changes, key=cmp_to_key(self._order)):
            waiting.append(change)
            while any(self._takes_effect(one) for one in waiting):
                pass
            waiting = [one for one in waiting if self._wanted(one) != one.quantity]

    def total(self, item: ItemId) -> Quantity:
        """Return the demand for an item."""
        return self._total[item]

    def price_after(self, item: ItemId) -> Amount:
        """Return the posted price: the clock's while demand exceeds supply, else where demand fell to supply."""
        given = self.items[item]
        if self._total[item] > given.supply:
            return given.clock_price
        return self._cleared_at.get(item, given.start_price)

    def activity(self, paddle: Paddle) -> int:
        """Return how many points a bidder's demand takes."""
        wanted = self.demands.get(paddle, {})
        return sum(self.items[item].points * quantity for item, quantity in wanted.items())

    def _moment(self, change: Change) -> Moment:
        item = self.items[change.item]
        way = item.clock_price - item.start_price
        return (change.price - item.start_price, way) if way else (0, 1)

    def _order(self, one: Change, other: Change) -> int:
        """Return less than 0 if `one` comes before `other`: shares of the way are compared crosswise, so exactly."""
        (gone, way), (other_gone, other_way) = self._moment(one), self._moment(other)
        ahead = gone * other_way - other_gone * way
        if ahead:
            return ahead
        place, other_place = ((each.turn, each.paddle, each.item) for each in (one, other))
        return (place > other_place) - (place < other_place)

    def _wanted(self, change: Change) -> Quantity:
        return self.demands.get(change.paddle, {}).get(change.item, 0)

    def _takes_effect(self, change: Change) -> bool:
        """Let as much of a change take effect as can; tell whether anything did."""
        now = self._wanted(change)
        step = self._increase(change, now) if change.quantity > now else -self._reduction(change, now)
        if not step:
            return False
        self.demands.setdefault(change.paddle, {})[change.item] = now + step
        self._total[change.item] += step
        if step < 0 and self._total[change.item] == self.items[change.item].supply:
            self._cleared_at[change.item] = change.price
        return True

    def _increase(self, change: Change, now: Quantity) -> Quantity:
        free = self._points[change.paddle] - self.activity(change.paddle)
        return max(0, min(change.quantity - now, free // self.items[change.item].points))

    def _reduction(self, change: Change, now: Quantity) -> Quantity:
        excess = self._total[change.item] - self.items[change.item].supply
        return max(0, min(now - change.quantity, excess))
