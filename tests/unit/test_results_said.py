"""How a lot ended, in words: units of what is bid beside money, and why nobody bought."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from exchange.categories import Category
from exchange.lot_sheets import LotCard
from exchange.notice_texts import of_event
from exchange.texts import NO_TEXT
from gateways.portal.cards import card_of
from gateways.portal.results import result_of
from gateways.portal.texts import Language
from gateways.portal.writing import moment_text, quantity_text, share_text
from matching.commands import AnnounceLot
from matching.details import Dimension, Supply
from matching.events import Award, LotAwarded
from matching.lot import LotState
from matching.view import LotView
from tests.floor import HOST, Floor, terms


@pytest.fixture
async def announced() -> LotView:
    floor = Floor()
    async with floor.running():
        await floor.give(AnnounceLot(1, HOST, terms()))
        view = floor.engine.view(1)
    assert view is not None
    return view


def card(view: LotView, **changes: Any) -> LotCard:
    ended = msgspec.structs.replace(view, **changes)
    return LotCard(1, "LC-1", Category.OTHER, "", NO_TEXT, NO_TEXT, 0, 0, "CNY", False, ended, 1)


async def test_units_are_said_with_what_is_bid_beside_money(announced: LotView) -> None:
    awards = (Award(1, 300, 30_000), Award(2, 200, 20_000))
    shared = {"state": LotState.SOLD, "awards": awards, "detail": Supply(500, "t", 2), "price": 100}
    result = result_of(card(announced, **shared))
    assert (result.awarded, result.buyers, result.quantity, result.unit) == (50_000, 2, 500, "t")
    shown = card_of(card(announced, **shared), 0)
    assert (shown.price.label, shown.price.each) == ("clearing_price", "t")
    capped = {"state": LotState.SOLD, "winner": 3, "hammer_price": 900, "hammer_quantity": 1_200}
    result = result_of(card(announced, **capped, detail=Dimension(900, "㎡")))
    assert (result.price, result.quantity, result.unit) == (900, 1_200, "㎡")
    assert quantity_text(12_000, "t", Language.ZH) == "12,000 吨"
    assert quantity_text(12_000, "吨 / t", Language.EN) == "12,000 t"
    assert share_text(-1_800) == "−18 %"
    ended = msgspec.structs.replace(announced, **shared)
    notice = of_event(LotAwarded(awards, HOST), ended)
    assert (
        notice is not None
        and "竞买号 1：300 吨，共" in notice.body.zh
        and "Paddle 1: 300 t" in notice.body.en
    )


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"bidders": 0}, "why_no_bidders"),
        ({"bidders": 2}, "why_no_bids"),
        ({"bidders": 2, "bids": 1, "has_reserve": True, "is_reserve_met": False}, "why_below_reserve"),
        ({"bidders": 2, "bids": 1}, "why_passed"),
    ],
)
async def test_a_lot_that_passed_says_why(announced: LotView, changes: dict[str, Any], why: str) -> None:
    assert result_of(card(announced, state=LotState.PASSED, **changes)).reason == why


def test_a_moment_is_written_as_its_readers_write_it_and_as_the_pages_write_it_again() -> None:
    at_us = 1_788_365_109_000_000
    assert moment_text(at_us, Language.ZH) == "2026-09-03 00:05 北京时间"
    assert moment_text(at_us, Language.EN) == "3 Sept 2026, 00:05 UTC+8"
    assert moment_text(at_us, Language.EN, has_zone=False) == "3 Sept 2026, 00:05"
