"""Another operator's uniform-price settlements, worked by hand: one price for divisible units, orders in money.

All that are visible agree: the price exactly, and what the marginal order spends. "simple e2e" gives its limit of
1/12 cut off after 18 digits, which does not touch the price.
"""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from matching.clearing import MoneyClearing, MoneyOrder, cleared_by_money

SCALE = 10**18
"""The source counts money and units in 10^-18."""


def scaled(figure: str) -> int:
    return int(Decimal(figure) * SCALE)


@pytest.fixture(scope="module")
def cases(data_folder: Path) -> list[dict[str, Any]]:
    file = data_folder / "uniform_price" / "easyauction_cases.json"
    if not file.is_file():
        pytest.skip(f"no uniform-price settlements: {file} is absent")
    loaded: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["cases"]
    return loaded


def settled(case: dict[str, Any]) -> MoneyClearing:
    in_turn = sorted(case["orders"], key=lambda order: order["user"])
    orders = [MoneyOrder(scaled(order["money"]), scaled(order["min_units"])) for order in in_turn]
    supply = scaled(case["supply"])
    return cleared_by_money(orders, supply, Fraction(scaled(case["min_money_for_all"]), supply))


def disagreement(case: dict[str, Any]) -> str:
    """Say in what our settlement differs from the expected one; nothing where it does not."""
    ours = settled(case)
    expected = case["expect"]
    price = Fraction(Decimal(expected["price_num"])) / Fraction(Decimal(expected["price_den"]))
    if ours.price != price:
        return f"price {ours.price} for {price}"
    part = ours.money[ours.marginal] if ours.marginal is not None else 0
    filled = expected["money_filled_of_marginal_order"]
    if filled is not None and part != scaled(filled):
        return f"the marginal order spends {part} for {scaled(filled)}"
    return ""


def test_prices_and_marginal_orders(cases: list[dict[str, Any]]) -> None:
    differing = {case["case"]: reason for case in cases if (reason := disagreement(case))}
    print(
        f"\nuniform_price: {len(cases) - len(differing)} of {len(cases)} settlements; {differing or 'none differs'}"
    )
    assert not differing


def test_no_order_pays_more_than_its_limit_or_buys_more_than_there_is(cases: list[dict[str, Any]]) -> None:
    for case in cases:
        ours = settled(case)
        orders = sorted(case["orders"], key=lambda order: order["user"])
        for order, money in zip(orders, ours.money, strict=True):
            assert 0 <= money <= scaled(order["money"])
            assert not money or ours.price <= Fraction(scaled(order["money"]), scaled(order["min_units"]))
        assert sum(ours.money) / ours.price <= scaled(case["supply"])
