"""Worked examples of Vickrey-Clarke-Groves from two other implementations: who wins, and what each winner pays.

All that are visible agree. Where the source broke a tie by something outside the bids, its winners are one optimum of
several: then our allocation has to be worth as much, and payments are compared only if the winners are the same.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from matching.vickrey import PackageBid, PackageClearing, cleared_packages

SCALE = 10**6
"""Values may have decimals; ours are whole."""


@pytest.fixture(scope="module")
def cases(data_folder: Path) -> list[dict[str, Any]]:
    file = data_folder / "vcg" / "vcg_cases.json"
    if not file.is_file():
        pytest.skip(f"no worked VCG examples: {file} is absent")
    loaded: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"), parse_float=Decimal)
    return loaded


def scaled(value: int | Decimal) -> int:
    return int(value * SCALE)


class Example:
    """One case with its names turned into numbers."""

    def __init__(self, case: dict[str, Any]) -> None:
        groups = case["xor_groups"]
        self.items = {name: number for number, name in enumerate(case["items"], 1)}
        named = dict.fromkeys(bid["bidder"] for group in groups for bid in group)
        self.paddles = {name: number for number, name in enumerate(named, 1)}
        self.supply = {self.items[name]: count for name, count in case["items"].items()}
        self.groups = [[self.package(bid) for bid in group] for group in groups]
        self.winners = {(group, bid) for group, bid in case["expect"]["winning"]}
        self.payments = {
            self.paddles[name]: scaled(value) for name, value in case["expect"]["payments"].items()
        }
        self.is_tied = case["tie_broken_externally"]

    def package(self, bid: dict[str, Any]) -> PackageBid:
        """Return a bid; an item that is not for sale gets a number of its own."""
        items = {self.items.get(name, 1000): count for name, count in bid["items"].items()}
        return PackageBid(self.paddles[bid["bidder"]], scaled(bid["value"]), items)

    @property
    def ours(self) -> PackageClearing:
        return cleared_packages(self.groups, self.supply)

    def disagreement(self) -> str:
        """Say in what ours differs; nothing where it does not."""
        ours = self.ours
        if set(ours.winners) != self.winners:
            value = sum(self.groups[group][bid].value for group, bid in self.winners)
            if self.is_tied and value == ours.value:
                return ""
            return f"winners {ours.winners} worth {ours.value} for {self.winners} worth {value}"
        paid = {paddle: amount for paddle, amount in ours.payments.items() if amount}
        due = {paddle: amount for paddle, amount in self.payments.items() if amount}
        return "" if paid == due else f"payments {paid} for {due}"


def test_winners_and_payments(cases: list[dict[str, Any]]) -> None:
    differing = {case["name"]: reason for case in cases if (reason := Example(case).disagreement())}
    print(f"\nvcg: {len(cases) - len(differing)} of {len(cases)} examples; {differing or 'none differs'}")
    assert not differing


def test_nobody_pays_more_than_he_bid(cases: list[dict[str, Any]]) -> None:
    for case in cases:
        example = Example(case)
        ours = example.ours
        worth: dict[int, int] = {}
        for group, bid in ours.winners:
            won = example.groups[group][bid]
            worth[won.paddle] = worth.get(won.paddle, 0) + won.value
        assert ours.payments.keys() == worth.keys()
        assert all(0 <= amount <= worth[paddle] for paddle, amount in ours.payments.items())
