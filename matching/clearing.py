"""Dividing a supply among bids that are all known: who gets how much, at what price.

The supply goes to the best prices first. The last price at which anything is given is the clearing price; the bids at
it share what the better ones leave, by one of three rules (`Sharing`). Whole numbers only; where units are divisible
without limit (`cleared_by_money`), exact fractions.

Buying is selling with the sign turned round: the supply is then what is asked for, and the lowest price comes first.

Belongs here: arithmetic on bids that are all known. Does not belong here: who may bid, and what is hidden
(`matching.phases.multi_unit`); the parameters (`matching.terms.multi_unit`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import TypeAlias

from msgspec import Struct

from matching.terms.multi_unit import WHOLE, Sharing
from matching.units import Amount, BasisPoints, Paddle, Quantity

Quantities: TypeAlias = tuple[Quantity, ...]
"""What each bid gets, in the order in which the bids were given."""


class Bid(Struct, frozen=True, array_like=True):
    """`quantity` units at up to `price` minor units each (at least `price`, where prices fall)."""

    paddle: Paddle
    price: Amount
    quantity: Quantity


class Margin(Struct, frozen=True):
    """The price at which the supply runs out: `bids` says which bids stand there, `left` what they share."""

    price: Amount
    left: Quantity
    bids: tuple[int, ...]


class Clearing(Struct, frozen=True):
    """What each bid gets, how much that is together, and the worst price at which anything was given, 0 for none."""

    quantities: Quantities
    sold: Quantity
    price: Amount


def best_first(bids: Sequence[Bid], sign: int) -> list[int]:
    """Return the positions of bids in the order of their prices; equal prices stay in the order given.

    Args:
        bids: in the order that decides between equals: time, rank or a draw.
        sign: +1 where more is better, -1 where less is.
    """
    return sorted(range(len(bids)), key=lambda position: -sign * bids[position].price)


def margin(bids: Sequence[Bid], supply: Quantity, sign: int) -> Margin | None:
    """Return the price at which the supply does not suffice for all; None where it does at every price.

    Args:
        bids, sign: as for `best_first`.
        supply: units to be given, more than zero.
    """
    left = supply
    by_price: dict[Amount, list[int]] = {}
    for position in best_first(bids, sign):
        by_price.setdefault(bids[position].price, []).append(position)
    for price, positions in by_price.items():
        wanted = sum(bids[position].quantity for position in positions)
        if wanted > left:
            return Margin(price, left, tuple(positions)) if left else None
        left -= wanted
    return None


def cleared(
    bids: Sequence[Bid],
    supply: Quantity,
    sign: int,
    sharing: Sharing,
    lot_size: Quantity = 1,
    ratio_decimals: int = 6,
) -> Clearing:
    """Divide the supply: every bid better than the margin in full, none beyond it, those at it by `sharing`.

    Args:
        bids, sign: as for `best_first`.
        supply: units to be given, a whole number of lots.
        sharing: how bids at the margin share.
        lot_size: quantities are whole numbers of this.
        ratio_decimals: digits of the published ratio, where `sharing` is by it.
    """
    given = {bid_at: bids[bid_at].quantity for bid_at in range(len(bids))}
    edge = margin(bids, supply, sign)
    if edge is None:
        given = _in_turn(bids, supply, best_first(bids, sign))
    else:
        wanted = [bids[position].quantity // lot_size for position in edge.bids]
        shares = shared(wanted, edge.left // lot_size, sharing, ratio_decimals)
        given |= {position: share * lot_size for position, share in zip(edge.bids, shares, strict=True)}
        given |= {at: 0 for at, bid in enumerate(bids) if sign * bid.price < sign * edge.price}
    quantities = tuple(given[position] for position in range(len(bids)))
    prices = [sign * bid.price for bid, quantity in zip(bids, quantities, strict=True) if quantity]
    return Clearing(quantities, sum(quantities), sign * min(prices, default=0))


def shared(
    wanted: Sequence[Quantity], left: Quantity, sharing: Sharing, ratio_decimals: int
) -> list[Quantity]:
    """Return what each of the bids at the margin gets of what is left; together exactly that.

    Args:
        wanted: what each asks for, more than `left` together, in the order that decides between equals.
        left: what there is.
        sharing, ratio_decimals: as for `cleared`.
    """
    if sharing is Sharing.IN_TURN:
        return _shared_in_turn(wanted, left)
    if sharing is Sharing.PRO_RATA:
        return _shared_pro_rata(wanted, left)
    return _shared_by_ratio(wanted, left, ratio_decimals)


def paid(price: Amount, quantity: Quantity, payment_unit: Amount) -> Amount:
    """Return what `quantity` units cost, rounded to whole multiples of `payment_unit`, half of one up."""
    return (2 * price * quantity + payment_unit) // (2 * payment_unit) * payment_unit


def trimmed_mean(prices: Iterable[Amount], trim: BasisPoints) -> Amount:
    """Return the mean of what remains when the same number of prices is left out at both ends; 0 of nothing.

    That number is `trim` of all, rounded down; the mean is rounded half up to a minor unit.

    Source: 深圳 小汽车增量指标竞价: the mean is told twice, without the highest and the lowest 10 %.
    """
    ordered = sorted(prices)
    out = len(ordered) * trim // WHOLE
    kept = ordered[out : len(ordered) - out]
    return (2 * sum(kept) + len(kept)) // (2 * len(kept)) if kept else 0


def floor_price(trades: Iterable[tuple[Amount, Quantity]], factor: BasisPoints) -> Amount:
    """Return the floor that follows from trades: their mean weighted by quantity, times `factor`, half up; 0 of none.

    Args:
        trades: (price in minor units, units traded at it).
        factor: in basis points, 12,000 for 1.2.

    Source: 上海 碳配额有偿竞价: the weighted average of a period times 1.2; 广东: times 1.
    """
    value = volume = 0
    for price, quantity in trades:
        value += price * quantity
        volume += quantity
    divisor = volume * WHOLE
    return (2 * value * factor + divisor) // (2 * divisor) if volume else 0


class MoneyOrder(Struct, frozen=True, array_like=True):
    """An order to spend `money` in full, for at least `units_min` units: a limit of money / units_min each."""

    money: int
    units_min: int

    @property
    def limit(self) -> Fraction:
        """The highest price that still gives the units asked for."""
        return Fraction(self.money, self.units_min)


class MoneyClearing(Struct, frozen=True):
    """One price for all, and how much of each order's money is taken, in the order given.

    `marginal` is the order of which only part, or nothing, is taken although the price is its limit; None for none.
    """

    price: Fraction
    money: tuple[Fraction, ...]
    marginal: int | None = None


def cleared_by_money(orders: Sequence[MoneyOrder], supply: int, reserve: Fraction) -> MoneyClearing:
    """Find the highest price at which the money of those who accept it buys the whole supply, else the reserve.

    Orders with the same limit come in the order given. At a price between two limits all the money above it is taken.

    Args:
        orders: each with more than zero money and units.
        supply: units, divisible without limit.
        reserve: the lowest price.
    """
    money = Fraction(0)
    taken = [Fraction(0)] * len(orders)
    for position in sorted(range(len(orders)), key=lambda position: -orders[position].limit):
        limit = orders[position].limit
        if limit < reserve or money >= supply * limit:
            break
        part = min(Fraction(orders[position].money), supply * limit - money)
        taken[position] = part
        money += part
        if money == supply * limit:
            return MoneyClearing(limit, tuple(taken), position)
    return MoneyClearing(max(money * Fraction(1, supply), reserve), tuple(taken))


def _in_turn(bids: Sequence[Bid], supply: Quantity, order: Sequence[int]) -> dict[int, Quantity]:
    """Give each bid what it asks for, as long as there is something."""
    shares = _shared_in_turn([bids[position].quantity for position in order], supply)
    return dict(zip(order, shares, strict=True))


def _shared_in_turn(wanted: Sequence[Quantity], left: Quantity) -> list[Quantity]:
    shares = []
    for quantity in wanted:
        shares.append(min(quantity, left))
        left -= shares[-1]
    return shares


def _shared_pro_rata(wanted: Sequence[Quantity], left: Quantity) -> list[Quantity]:
    """Round every exact share down; the units left over go to the largest remainders, equal ones in turn."""
    total = sum(wanted)
    shares = [quantity * left // total for quantity in wanted]
    by_remainder = sorted(range(len(wanted)), key=lambda position: -(wanted[position] * left % total))
    for position in by_remainder[: left - sum(shares)]:
        shares[position] += 1
    return shares


def _shared_by_ratio(wanted: Sequence[Quantity], left: Quantity, decimals: int) -> list[Quantity]:
    """Publish left / wanted, rounded down, and give each bid that part, half up; the first gets what this leaves.

    From the last bid to the first, nobody gets more than he asks for or more than is left; and nobody gets so little
    that those before him could not take the rest.
    """
    scale = 10**decimals
    before = sum(wanted)
    ratio = left * scale // before
    shares = [0] * len(wanted)
    for position in range(len(wanted) - 1, -1, -1):
        before -= wanted[position]
        part = (2 * wanted[position] * ratio + scale) // (2 * scale)
        shares[position] = min(max(part, left - before), wanted[position], left)
        left -= shares[position]
    return shares
