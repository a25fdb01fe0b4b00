"""Another operator's proxy-bidding examples, run through our rules."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from matching.commands import AdmitBidder, AnnounceLot, Command, LeaveMaxBid, OpenLot, PlaceBid
from matching.increments import IncrementTable, Step
from matching.lot import Decision, Lot, announce, announced, apply, decide
from matching.refusals import Refused
from matching.terms import MINUTE_US, EnglishTerms, LotTerms
from matching.view import LotView, lot_view

BIDDERS = {"u1": 1, "u2": 2}
DURATION_US = 60 * MINUTE_US


@pytest.fixture(scope="module")
def vectors(data_folder: Path) -> dict[str, Any]:
    file = data_folder / "english_autobid" / "autobid_vectors.json"
    if not file.is_file():
        pytest.skip(f"no proxy-bidding examples: {file} is absent")
    loaded: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return loaded


def cents(text: str) -> int:
    return int(Decimal(text) * 100)


def step_table(vectors: dict[str, Any]) -> IncrementTable:
    return tuple(
        Step(cents(start), cents(step)) for start, _, step in vectors["increment_table_from_to_step"]
    )


class Sale:
    """A lot under the other operator's table, with two bidders."""

    def __init__(self, vectors: dict[str, Any], start: str, **terms: Any) -> None:
        extension_us = terms.pop("extension_us", 0)
        phase = EnglishTerms(
            increments=step_table(vectors), duration_us=DURATION_US, leader_may_raise=True,
            soft_close_window_us=extension_us, extension_us=extension_us, **terms,
        )  # fmt: skip
        first = announce(AnnounceLot(1, 9, LotTerms("EUR", cents(start), 0, (phase,))))
        assert not isinstance(first, Refused)
        self.lot: Lot = announced(1, first[0])  # type: ignore[arg-type]
        self._apply(first, 0)
        for bidder in BIDDERS.values():
            self.do(AdmitBidder(1, bidder))
        self.do(OpenLot(1, 9))

    def do(self, command: Command, at_us: int = 0) -> Decision:
        decision = decide(self.lot, command, at_us)
        if not isinstance(decision, Refused):
            self._apply(decision, at_us)
        return decision

    def bid(self, who: str, kind: str, amount: str, at_us: int = 0) -> Decision | None:
        """Do one row of a case; a standing bid that was switched off is one that nobody leaves."""
        if kind == "max":
            return self.do(LeaveMaxBid(1, BIDDERS[who], cents(amount)), at_us)
        return self.do(PlaceBid(1, BIDDERS[who], cents(amount)), at_us) if kind == "bid" else None

    @property
    def view(self) -> LotView:
        return lot_view(self.lot)

    def _apply(self, events: Any, at_us: int) -> None:
        for event in events:
            apply(self.lot, event, at_us)


def outcome(sale: Sale) -> dict[str, Any]:
    view = sale.view
    winner = next((name for name, paddle in BIDDERS.items() if paddle == view.leader), None)
    return {
        "price": view.price if view.leader else None,
        "winner": winner,
        "next_min": view.asking_price,
        "offers": view.bids,
    }


def expected(case: dict[str, Any]) -> dict[str, Any]:
    return {
        name: cents(value) if name in ("price", "next_min") and value is not None else value
        for name, value in case["expect"].items()
    }


def test_every_price_case_gives_the_expected_price_winner_and_next_bid(vectors: dict[str, Any]) -> None:
    wrong = {}
    for case in vectors["price_cases"]:
        sale = Sale(vectors, case["start"], max_bids_allowed=case.get("platform") != "blind")
        for who, kind, amount in case["bids"]:
            sale.bid(who, kind, amount)
        found = outcome(sale)
        if any(found[name] != value for name, value in expected(case).items()):
            wrong[case["name"]] = (found, expected(case))
    assert len(vectors["price_cases"]) == 12
    assert wrong == {}


def test_every_step_case_gives_the_expected_next_bid(vectors: dict[str, Any]) -> None:
    assert len(vectors["step_cases"]) == 3
    for case in vectors["step_cases"]:
        sale = Sale(vectors, "5.0")
        decision = sale.bid("u1", "bid", case["bid"])
        if "next_min_unchanged" in case:
            assert isinstance(decision, Refused)
            assert decision.asking_price == cents(case["next_min_unchanged"])
        assert sale.view.asking_price == cents(case.get("next_min") or case["next_min_unchanged"]), case


def test_every_soft_close_case_moves_the_end_as_expected(vectors: dict[str, Any]) -> None:
    assert len(vectors["soft_close_cases"]) == 2
    for case in vectors["soft_close_cases"]:
        sale = Sale(vectors, "5.0", extension_us=case["extension_minutes"] * MINUTE_US)
        if case["by"] == "autobid":  # a standing bid of the leader answers a rival's late one
            sale.bid("u1", "max", "200")
        at_us = DURATION_US - case["remaining_minutes_at_bid"] * MINUTE_US
        sale.bid("u2", "max", "150", at_us)
        assert sale.view.ends_at_us == at_us + case["expect_remaining_minutes"] * MINUTE_US, case
