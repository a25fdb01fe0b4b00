"""Other people's readings of exchange rulebooks, run through our call auction; every disagreement is explained here.

Two engines read the Xetra market model, one the Euronext rules. Euronext's market-to-limit orders (an order without
a limit whose rest takes on the price of the auction) are market orders here for the price and the trades.
"""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from matching.call_auction import Clearing, clearing, trades_at
from matching.commands import Side
from matching.events import OrdersMatched
from matching.order_book import Order, OrderBook, in_priority

TENTHS_OF_A_CENT = 1000
MARKET = ("MO", "MTL")
OTHER_RULES = {
    "clob-xetra-4": "without a reference price that engine takes the middle between the limits",
    "clob-xetra-8": "without a reference price that engine takes the middle between the limits",
    "clob-xetra-9": "without a reference price that engine takes the middle between the limits",
    "tinyexch-Ex4": "the price agrees; that engine says there is no surplus where its own book leaves one",
    "strike-ref201": "that engine lets the reference price overrule a surplus on one side",
}
REFERENCE_ITSELF = (
    "Euronext takes the reference price itself where it lies between the limits; ours is always a limit"
)


class NotOurs(Exception):
    """The case needs something that our rules do not have."""


def explained(name: str) -> str | None:
    return next((why for part, why in OTHER_RULES.items() if part in name), None)


class Call:
    """A book of a call auction with names for its orders."""

    def __init__(self) -> None:
        self.book = OrderBook({})
        self.names: dict[int, str] = {}

    def enter(self, name: str, side: Side, price: int, quantity: int) -> None:
        number = len(self.names) + 1
        self.names[number] = name
        self.book.enter(number, Order(number, side, price, quantity))

    def cleared(self, reference: int) -> Clearing | None:
        buys, sells = in_priority(self.book.buys), in_priority(self.book.sells)
        return clearing(
            ((order.price, order.quantity) for _, order in buys),
            ((order.price, order.quantity) for _, order in sells),
            reference,
        )

    def trades(self, cleared: Clearing | None) -> list[tuple[str, str, int, int]]:
        if cleared is None:
            return []
        buys, sells = in_priority(self.book.buys), in_priority(self.book.sells)
        trades = trades_at(cleared.price, cleared.quantity, buys, sells)
        return [self.told(trade) for trade in trades]

    def trade_at_once(
        self, name: str, side: Side, price: int, quantity: int
    ) -> list[tuple[str, str, int, int]]:
        """Let an order in while trading is continuous; who trades is told."""
        number = len(self.names) + 1
        trades = self.book.matches(number, Order(number, side, price, quantity)) or []
        if not price and sum(trade.quantity for trade in trades) < quantity:
            raise NotOurs("a market order that waits while trading is continuous")
        self.enter(name, side, price, quantity)
        for trade in trades:
            self.book.fill(trade.buy, trade.quantity)
            self.book.fill(trade.sell, trade.quantity)
        return [self.told(trade) for trade in trades]

    def told(self, trade: OrdersMatched) -> tuple[str, str, int, int]:
        return self.names[trade.buy], self.names[trade.sell], trade.quantity, trade.price


def loaded(folder: Path, name: str) -> list[dict[str, Any]]:
    file = folder / "call_auction" / name
    if not file.is_file():
        pytest.skip(f"no call auctions: {file} is absent")
    cases: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    return cases


def differences(case: dict[str, Any]) -> list[str]:
    """Return in what our price determination differs from what the case expects."""
    call = Call()
    for number, order in enumerate(case["orders"]):
        limit = 0 if order["type"] == "market" else int(order["limit"])
        call.enter(order.get("id", str(number)), Side(order["side"]), limit, int(order["qty"]))
    cleared = call.cleared(int(case["reference_price"] or 0))
    expect = case["expect"]
    ours = {
        "price": None if cleared is None else str(cleared.price),
        "volume": str(cleared.quantity if cleared else 0),
        "imbalance": str(cleared.surplus if cleared else 0),
        "bid_surplus": str(max(cleared.surplus, 0) if cleared else 0),
        "ask_surplus": str(max(-cleared.surplus, 0) if cleared else 0),
        "trades": [[buy, sell, str(quantity)] for buy, sell, quantity, _ in call.trades(cleared)],
    }
    unknown = expect.keys() - ours.keys()
    assert not unknown, unknown
    return [f"{name} {ours[name]}, theirs {value}" for name, value in expect.items() if ours[name] != value]


def test_price_determination(data_folder: Path) -> None:
    outcome: Counter[str] = Counter()
    unexplained = []
    cases = loaded(data_folder, "price_determination_cases.json")
    for case in cases:
        different = differences(case)
        why = explained(case["id"])
        outcome["differs" if different else "agrees"] += 1
        if different:
            print(f"{case['id']}: {'; '.join(different)}: {why}")
        if different and why is None:
            unexplained.append(case["id"])
    print(f"{len(cases)} cases: {dict(outcome)}")
    assert not unexplained
    assert outcome["agrees"] >= outcome["differs"]


def price_of(text: str) -> int:
    return 0 if text in MARKET else int(Decimal(text) * TENTHS_OF_A_CENT)


class Scenario:
    """One Euronext scenario: its orders, its indicative prices and its trades."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.steps = [step for step in given["steps"] if "step" in step]
        self.call = Call()
        self.reference = 0
        self.is_continuous = not any(
            map(self._mentions, ("CoreCall", "CoreAuction", "class auction completes"))
        )
        self.traded: list[tuple[str, str, int, int]] = []
        self.agreements = 0
        self.differences: list[str] = []

    @property
    def explanation(self) -> str | None:
        """Why the scenario may differ."""
        limits = {order.price for order in self.call.book.orders.values()}
        return REFERENCE_ITSELF if self.reference not in limits and not self.is_continuous else None

    def _mentions(self, words: str) -> bool:
        return words in json.dumps(self.steps)

    def run(self) -> None:
        if self._mentions("Peg"):
            raise NotOurs("pegged orders")
        if self.is_continuous and self._mentions("MTL"):
            raise NotOurs("a market-to-limit order while trading is continuous")
        for step in self.steps:
            self._take(step["step"], step["table"][1:] or step["table"])
        if not self.agreements and not self.differences:
            raise NotOurs("says neither a price nor trades")

    def _take(self, text: str, rows: list[list[str]]) -> None:
        if text.startswith("that reference price is"):
            self.reference = price_of(text.rsplit(maxsplit=1)[-1])
        elif "orders are submitted" in text:
            for name, side, quantity, price in rows:
                self._enter(name, Side(side.lower()), price_of(price), int(quantity))
        elif "calculated IMP" in text:
            cleared = self.call.cleared(self.reference)
            self._compare("price", cleared.price if cleared else None, price_of(rows[0][0]))
        elif "trades are generated" in text:
            ours = self.traded if self.is_continuous else self.call.trades(self.call.cleared(self.reference))
            theirs = [
                (buyer, seller, int(quantity), price_of(price)) for buyer, seller, quantity, price in rows
            ]
            self._compare("trades", ours, theirs)

    def _enter(self, name: str, side: Side, price: int, quantity: int) -> None:
        if self.is_continuous:
            self.traded += self.call.trade_at_once(name, side, price, quantity)
        else:
            self.call.enter(name, side, price, quantity)

    def _compare(self, what: str, ours: object, theirs: object) -> None:
        if ours == theirs:
            self.agreements += 1
        else:
            self.differences.append(f"{what} {ours}, theirs {theirs}")


def test_euronext_scenarios(data_folder: Path) -> None:
    outcome: Counter[str] = Counter()
    unexplained = []
    for given in loaded(data_folder, "euronext_scenarios.json"):
        scenario = Scenario(given)
        try:
            scenario.run()
        except NotOurs as reason:
            outcome[f"not ours: {reason}"] += 1
            continue
        outcome["differs" if scenario.differences else "agrees"] += 1
        outcome["figures that agree"] += scenario.agreements
        if scenario.differences:
            print(f"{given['scenario']}: {'; '.join(scenario.differences)}: {scenario.explanation}")
            if scenario.explanation is None:
                unexplained.append(given["scenario"])
    print(dict(outcome))
    assert not unexplained
    assert outcome["agrees"] > outcome["differs"]
