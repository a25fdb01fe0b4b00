"""Another engine's matching cases, run through our order book as a lot: trades, depth and sizes after every step.

Not everything means the same there and here, and such cases are counted apart, with the reason:
- an order for all or nothing that waits in the book is unknown here; one that is filled at once is our whole order;
- a market order waits there, here what it does not fill lapses.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from matching import commands as command
from matching.events import OrdersMatched
from matching.lot import Lot, announce, announced, apply, decide
from matching.phases.order_book import MarketPhase
from matching.refusals import Refusal, Refused
from matching.terms import LotTerms, OrderBookTerms

LOT = 1
OPENS_US = 1_750_000_000_000_000
REFERENCE = 1250
VALIDITIES = {
    None: command.Validity.DAY,
    "oc_immediate_or_cancel": command.Validity.IMMEDIATE,
    "IOC": command.Validity.IMMEDIATE,
    "FOK": command.Validity.WHOLE,
    "oc_fill_or_kill": command.Validity.WHOLE,
    "oc_all_or_none": command.Validity.WHOLE,
    "AON": command.Validity.WHOLE,
}
ALL_OR_NONE = ("oc_all_or_none", "AON")
SIDES = {"buy": command.Side.BUY, "sell": command.Side.SELL}


class NotOurs(Exception):
    """The case needs something that our rules do not have."""


class Market:
    """A session without price band in which every order has a bidder of its own."""

    def __init__(self, orders: dict[str, Any]) -> None:
        terms = OrderBookTerms(duration_us=1_000_000, band=None, quantity_max=1_000_000)
        first = announce(command.AnnounceLot(LOT, 9, LotTerms("USD", REFERENCE, OPENS_US, (terms,))))
        assert not isinstance(first, Refused)
        self.lot: Lot = announced(LOT, first[0])  # type: ignore[arg-type]
        self.orders = orders
        self.bidders = {name: number for number, name in enumerate(orders, 1)}
        self.numbers: dict[str, int] = {}
        self._give(command.OpenLot(LOT, 9))
        for bidder in self.bidders.values():
            self._give(command.AdmitBidder(LOT, bidder))

    @property
    def phase(self) -> MarketPhase:
        assert isinstance(self.lot.phase, MarketPhase)
        return self.lot.phase

    def _give(self, asked: command.Command) -> list[OrdersMatched] | Refused:
        decision = decide(self.lot, asked, OPENS_US)
        if isinstance(decision, Refused):
            return decision
        for happened in decision:
            apply(self.lot, happened, OPENS_US)
        return [happened for happened in decision if isinstance(happened, OrdersMatched)]

    def add(self, step: dict[str, Any]) -> list[OrdersMatched]:
        name = step["order"]
        order, condition = self.orders[name], step["conditions"]
        if condition not in VALIDITIES:
            raise NotOurs(f"condition {condition}")
        if condition in ALL_OR_NONE and not step["expect_complete"]:
            raise NotOurs("an order for all or nothing that waits")
        price = 0 if order["price"] in ("0", "market") else int(order["price"])
        bidder, side = self.bidders[name], SIDES[order["side"]]
        placed = command.PlaceOrder(LOT, bidder, side, int(order["qty"]), price, VALIDITIES[condition])
        trades = self._give(placed)
        if isinstance(trades, Refused):
            assert trades.code is Refusal.CANNOT_BE_FILLED, trades
            if not price and VALIDITIES[condition] is command.Validity.DAY:
                raise NotOurs("a market order that waits")
            return []
        self.numbers[name] = self.phase.last_order
        filled = sum(trade.quantity for trade in trades)
        if not price and filled < int(order["qty"]) and condition is None:
            raise NotOurs("a market order that waits")
        assert bool(filled) is step["expect_match"], f"{name}: {trades}"
        assert (filled == int(order["qty"])) is step["expect_complete"], f"{name}: {trades}"
        return trades

    def cancel(self, step: dict[str, Any]) -> None:
        name = step["order"]
        was_open = self.numbers.get(name) in self.phase.orders
        cancelled = self._give(command.CancelOrder(LOT, self.bidders[name], self.numbers.get(name, 0)))
        assert isinstance(cancelled, Refused) is not was_open

    def replace(self, step: dict[str, Any]) -> list[OrdersMatched]:
        number = self.numbers[step["order"]]
        order = self.phase.orders[number]
        price = order.price if step["new_price"] is None else int(step["new_price"])
        quantity = order.quantity + int(step["size_change"])
        trades = self._give(command.ReplaceOrder(LOT, self.bidders[step["order"]], number, quantity, price))
        assert not isinstance(trades, Refused), trades
        if step["match_qty"] is not None:
            assert sum(trade.quantity for trade in trades) == int(step["match_qty"])
        return trades

    def filled(self, trades: list[OrdersMatched]) -> dict[str, tuple[int, int]]:
        """What each order got in this step: quantity and cost."""
        names = {number: name for name, number in self.numbers.items()}
        sums: dict[str, tuple[int, int]] = {}
        for trade in trades:
            for number in (trade.buy, trade.sell):
                quantity, cost = sums.get(names[number], (0, 0))
                sums[names[number]] = (quantity + trade.quantity, cost + trade.quantity * trade.price)
        return sums

    def levels(self, side: command.Side) -> list[list[str]]:
        book = self.phase.book
        levels = (book.buys if side is command.Side.BUY else book.sells).best_first()
        return [
            [str(next(iter(level.orders.values())).price), str(len(level.orders)), str(level.quantity)]
            for level in levels
        ]


def run(case: dict[str, Any]) -> None:
    market = Market(case["orders"])
    for step in case["events"]:
        trades: list[OrdersMatched] = []
        match step["op"]:
            case "add":
                trades = market.add(step)
            case "cancel":
                market.cancel(step)
            case "replace":
                trades = market.replace(step)
            case "size":
                side = command.Side.BUY if step["side"] == "bids" else command.Side.SELL
                assert sum(int(level[1]) for level in market.levels(side)) == int(step["n"]), step
            case "depth":
                assert market.levels(command.Side.BUY)[:5] == shown(step["bids"])
                assert market.levels(command.Side.SELL)[:5] == shown(step["asks"])
            case other:
                raise NotOurs(f"step {other}")
        fills = {fill["order"]: (int(fill["qty"]), int(fill["cost"])) for fill in step.get("fills", ())}
        if fills:
            assert market.filled(trades) == {name: fill for name, fill in fills.items() if fill[0]}


def shown(levels: list[list[str]]) -> list[list[str]]:
    """Return the levels of a depth without the empty ones that fill it up."""
    return [level for level in levels if level[2] != "0"]


@pytest.fixture(scope="module")
def cases(data_folder: Path) -> list[dict[str, Any]]:
    file = data_folder / "matching" / "liquibook_cases.json"
    if not file.is_file():
        pytest.skip(f"no matching cases: {file} is absent")
    loaded: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    return loaded


def test_all_cases_agree_or_need_what_we_do_not_have(cases: list[dict[str, Any]]) -> None:
    outcome: Counter[str] = Counter()
    disagreements = []
    for case in cases:
        try:
            run(case)
            outcome["agrees"] += 1
        except NotOurs as reason:
            outcome[f"not ours: {reason}"] += 1
        except AssertionError as failure:
            disagreements.append(f"{case['test']}: {failure}")
    print(f"{len(cases)} cases:", dict(outcome), disagreements)
    assert not disagreements
    assert outcome["agrees"] >= len(cases) // 2
