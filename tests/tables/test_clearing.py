"""Arithmetic of a division, figure by figure: sharing at the margin, payments, means, money orders, packages."""

from __future__ import annotations

from fractions import Fraction

import pytest

from matching.clearing import (
    Bid,
    Clearing,
    Margin,
    MoneyOrder,
    best_first,
    cleared,
    cleared_by_money,
    margin,
    paid,
    shared,
    trimmed_mean,
)
from matching.terms.multi_unit import Sharing
from matching.vickrey import PackageBid, cleared_packages, too_large

IN_TURN, PRO_RATA, RATIO = Sharing.IN_TURN, Sharing.PRO_RATA, Sharing.PUBLISHED_RATIO

SHARES = {
    "the first is served, the last gets the remainder": (IN_TURN, [4, 4, 4], 6, [4, 2, 0]),
    "in proportion without remainder": (PRO_RATA, [4, 6], 5, [2, 3]),
    "4.55, 4.55 and 0.91: the units left over to the largest remainders": (PRO_RATA, [5, 5, 1], 10, [5, 4, 1]),
    "equal remainders: the earlier": (PRO_RATA, [1, 1, 1], 2, [1, 1, 0]),
    "one unit among many": (PRO_RATA, [5, 5, 6], 1, [0, 0, 1]),
    "a ratio of 0.909090: the first lacks what two roundings gave": (RATIO, [1, 5, 5], 10, [0, 5, 5]),
    "a ratio of 0.583333, cut off just below a half": (RATIO, [6, 6], 7, [4, 3]),
    "a ratio of 0.25, half up": (RATIO, [10, 10], 5, [2, 3]),
    "all round to nothing, and the first cannot take it all": (RATIO, [1, 1, 1, 1, 1], 2, [1, 1, 0, 0, 0]),
    "all round up, until nothing is left": (RATIO, [1, 1, 1, 1], 2, [0, 0, 1, 1]),
}  # fmt: skip


@pytest.mark.parametrize("name", SHARES)
def test_shares_at_the_margin(name: str) -> None:
    sharing, wanted, left, expected = SHARES[name]
    assert shared(wanted, left, sharing, 6) == expected
    assert sum(expected) == left


def test_the_margin_is_where_the_supply_runs_out() -> None:
    bids = [Bid(1, 5, 3), Bid(2, 7, 3), Bid(3, 5, 3), Bid(4, 4, 3)]
    assert best_first(bids, 1) == [1, 0, 2, 3]
    assert best_first(bids, -1) == [3, 0, 2, 1]
    assert margin(bids, 7, 1) == Margin(5, 4, (0, 2))
    assert margin(bids, 9, 1) is None, "the supply ends between two prices"
    assert margin(bids, 12, 1) is None
    assert margin(bids, 13, 1) is None
    assert margin(bids, 4, -1) == Margin(5, 1, (0, 2))


CLEARED = {
    "better than the margin in full, beyond it nothing": (
        [Bid(1, 5, 3), Bid(2, 7, 3), Bid(3, 5, 3), Bid(4, 4, 3)], 7, 1, IN_TURN, Clearing((3, 3, 1, 0), 7, 5),
    ),
    "no bids": ([], 7, 1, PRO_RATA, Clearing((), 0, 0)),
    "more supply than bids": ([Bid(1, 5, 3), Bid(2, 4, 2)], 7, 1, PRO_RATA, Clearing((3, 2), 5, 4)),
    "a purchase takes the lowest": ([Bid(1, 5, 3), Bid(2, 7, 3)], 4, -1, IN_TURN, Clearing((3, 1), 4, 7)),
    "the supply ends between two prices": ([Bid(1, 5, 3), Bid(2, 7, 3)], 3, 1, IN_TURN, Clearing((0, 3), 3, 7)),
}  # fmt: skip


@pytest.mark.parametrize("name", CLEARED)
def test_cleared(name: str) -> None:
    bids, supply, sign, sharing, expected = CLEARED[name]
    assert cleared(bids, supply, sign, sharing) == expected


def test_payments_round_half_up_to_the_unit() -> None:
    assert [paid(1, quantity, 5) for quantity in range(2, 9)] == [0, 5, 5, 5, 5, 5, 10]
    assert [paid(1, quantity, 10) for quantity in (4, 5, 14, 15)] == [0, 10, 10, 20]
    assert paid(333, 3, 1) == 999


def test_trimmed_means() -> None:
    assert trimmed_mean([], 1000) == 0
    assert trimmed_mean([7], 1000) == 7
    assert trimmed_mean([1, 2], 1000) == 2, "1.5, half up"
    assert trimmed_mean([0, *[10] * 8, 999], 1000) == 10
    assert trimmed_mean([0, *[10] * 17, 999], 1000) == 10, "of 19 one goes at each end"
    assert trimmed_mean([0, *[10] * 7, 999], 1000) == 119, "of 9 none goes: 1069 over 9"


def test_money_buys_the_whole_supply_at_the_highest_price_it_can() -> None:
    orders = [MoneyOrder(20, 10), MoneyOrder(30, 30)]
    assert cleared_by_money(orders, 10, Fraction(1, 2)).price == 2, "the first alone, at its limit"
    assert cleared_by_money(orders, 15, Fraction(1, 2)).price == Fraction(4, 3), "between the limits"
    partly = cleared_by_money(orders, 40, Fraction(1, 2))
    assert partly.price == 1
    assert sum(partly.money) == 40
    assert partly.marginal == 1
    assert cleared_by_money(orders, 80, Fraction(1, 2)).price == Fraction(5, 8)
    short = cleared_by_money(orders, 200, Fraction(1, 2))
    assert short.price == Fraction(1, 2)
    assert list(short.money) == [20, 30]
    assert list(cleared_by_money(orders, 40, Fraction(3, 2)).money) == [20, 0], (
        "the reserve shuts the second out"
    )
    assert cleared_by_money([], 5, Fraction(7)).price == 7


def test_one_item_goes_at_the_second_price() -> None:
    groups = [[PackageBid(1, 90, {1: 1})], [PackageBid(2, 70, {1: 1})], [PackageBid(3, 40, {1: 1})]]
    result = cleared_packages(groups, {1: 1})
    assert (result.winners, result.payments, result.value) == (((0, 0),), {1: 70}, 90)


def test_two_units_at_the_third_price() -> None:
    groups = [[PackageBid(paddle, value, {1: 1})] for paddle, value in ((1, 90), (2, 70), (3, 40))]
    assert cleared_packages(groups, {1: 2}).payments == {1: 40, 2: 40}


def test_of_equal_packages_the_earlier_wins_and_worthless_ones_never() -> None:
    groups = [[PackageBid(1, 50, {1: 1}), PackageBid(1, 50, {2: 1})], [PackageBid(2, 50, {1: 1, 2: 1})]]
    assert cleared_packages(groups, {1: 1, 2: 1}).winners == ((0, 0),)
    worthless = [[PackageBid(1, 0, {1: 1})], [PackageBid(2, 9, {})], [PackageBid(3, 9, {4: 1})]]
    assert cleared_packages(worthless, {1: 1}).winners == ()


def test_what_is_too_large_is_told_before() -> None:
    assert not too_large([], {1: 1000})
    assert too_large([], dict.fromkeys(range(20), 1))
    with pytest.raises(AssertionError):
        cleared_packages([], dict.fromkeys(range(20), 1))
