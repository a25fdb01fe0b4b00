"""Vickrey-Clarke-Groves: the allocation worth most to those who bid, and what each winner's presence costs the others.

A bidder may hand in several groups of bids; of each group at most one bid wins. What he pays is what the others could
have had without him, less what they have with him. For one item that is the second price. The search is exhaustive
and so bounded: see `too_large`.

Belongs here: the arithmetic. Does not belong here: who may bid, and when.

Source: Vickrey 1961, Clarke 1971, Groves 1973.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import TypeAlias

from msgspec import Struct

from matching.units import Amount, ItemId, Paddle, Quantity

STATES_MAX = 1_000_000
"""Groups, and one, times the ways in which the supply can be used up in part: more is not searched."""

Supply: TypeAlias = Mapping[ItemId, Quantity]
Left: TypeAlias = tuple[Quantity, ...]


class PackageBid(Struct, frozen=True):
    """`paddle` pays up to `value` minor units for all of `items` together."""

    paddle: Paddle
    value: Amount
    items: dict[ItemId, Quantity]


Group: TypeAlias = Sequence[PackageBid]
"""Bids of one bidder of which at most one wins."""


class PackageClearing(Struct, frozen=True):
    """Which bids win, as (group, bid in it), what each winner pays, and what the allocation is worth."""

    winners: tuple[tuple[int, int], ...]
    payments: dict[Paddle, Amount]
    value: Amount


def too_large(groups: Sequence[Group], supply: Supply) -> bool:
    """Tell whether the search would go through more than `STATES_MAX` states."""
    return (len(groups) + 1) * prod(quantity + 1 for quantity in supply.values()) > STATES_MAX


def cleared_packages(groups: Sequence[Group], supply: Supply) -> PackageClearing:
    """Find the allocation worth most, and the Clarke payments of its winners.

    Of allocations worth the same, the one counts in which the earlier group wins, with its earlier bid. A bid for
    nothing, for more than there is, or worth nothing never wins.

    Args:
        groups: each of one bidder, who may have several.
        supply: units of each item.
    """
    assert not too_large(groups, supply), "the search is bounded; ask `too_large` before"
    winners = _best(groups, supply)
    value = sum(groups[group][bid].value for group, bid in winners)
    own: dict[Paddle, Amount] = {}
    for group, bid in winners:
        won = groups[group][bid]
        own[won.paddle] = own.get(won.paddle, 0) + won.value
    payments = {
        paddle: _value_without(paddle, groups, supply) - (value - worth) for paddle, worth in own.items()
    }
    return PackageClearing(tuple(winners), payments, value)


def _value_without(paddle: Paddle, groups: Sequence[Group], supply: Supply) -> Amount:
    others = [[bid for bid in group if bid.paddle != paddle] for group in groups]
    return sum(others[group][bid].value for group, bid in _best(others, supply))


def _best(groups: Sequence[Group], supply: Supply) -> list[tuple[int, int]]:
    """Return the winning bids: the states that can be reached forward, then the best of them backward."""
    items = sorted(supply)
    full = tuple(supply[item] for item in items)
    reached: list[set[Left]] = [{full}]
    for group in groups:
        after = set(reached[-1])
        after.update(
            left for before in reached[-1] for left in _used(group, before, items) if left is not None
        )
        reached.append(after)
    values: list[dict[Left, Amount]] = [{} for _ in groups] + [dict.fromkeys(reached[-1], 0)]
    choices: list[dict[Left, int]] = [{} for _ in groups]
    for position in range(len(groups) - 1, -1, -1):
        for before in reached[position]:
            choice, value = _choice(groups[position], before, items, values[position + 1])
            choices[position][before], values[position][before] = choice, value
    return _walked(groups, full, items, choices)


def _choice(group: Group, before: Left, items: list[ItemId], after: dict[Left, Amount]) -> tuple[int, Amount]:
    """Return which bid of a group is best taken with so much left, -1 for none, and what all from here is worth."""
    best, value = -1, after[before]
    for position, left in enumerate(_used(group, before, items)):
        if left is None:
            continue
        worth = group[position].value + after[left]
        if worth > value or (worth == value and best < 0):
            best, value = position, worth
    return best, value


def _used(group: Group, before: Left, items: list[ItemId]) -> list[Left | None]:
    """Return what each bid of a group would leave; None for one that cannot win."""
    return [_left_after(bid, before, items) for bid in group]


def _left_after(bid: PackageBid, before: Left, items: list[ItemId]) -> Left | None:
    if bid.value <= 0 or not any(bid.items.values()) or not bid.items.keys() <= set(items):
        return None
    left = tuple(have - bid.items.get(item, 0) for have, item in zip(before, items, strict=True))
    return left if min(left) >= 0 else None


def _walked(
    groups: Sequence[Group], full: Left, items: list[ItemId], choices: list[dict[Left, int]]
) -> list[tuple[int, int]]:
    winners = []
    left = full
    for position, group in enumerate(groups):
        bid = choices[position][left]
        if bid < 0:
            continue
        winners.append((position, bid))
        after = _left_after(group[bid], left, items)
        assert after is not None, "a bid that was chosen can win"
        left = after
    return winners
