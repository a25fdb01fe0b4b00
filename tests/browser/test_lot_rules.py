"""The rules on a lot's page: phases in words, the running one marked; the rulebook with articles and sureness."""

from __future__ import annotations

import json
import re
import urllib.request

import pytest
from playwright.async_api import expect

from tests.browser.people import Building
from tests.exchange_process import ExchangeProcess

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def demo_lot(exchange: ExchangeProcess, key: str) -> int:
    with urllib.request.urlopen(f"{exchange.url}/api/v1/lots?q=DEMO-{key}-", timeout=60) as answer:
        lot: int = json.load(answer)["lots"][0]["lot"]
        return lot


async def test_a_lot_under_a_rulebook_shows_it_with_articles_and_sureness(
    exchange: ExchangeProcess, building: Building
) -> None:
    lot = demo_lot(exchange, "villa-judicial")
    person, other = await building.person(), await building.person("zh-CN", 360)
    await person.visit(f"/lots/{lot}")
    await person.sees("#phases [aria-current=step]", "running now")
    await person.sees("#phases .phase", "priority at the same price")
    await person.sees("#rulebook-title", "Online judicial auction, first sale")
    assert not await person.at("#rulebook-limits").is_visible()
    await person.page.click("#rulebook-title")
    await person.sees("#rulebook-facts", "judicial-first")
    await person.sees("#rulebook-limits", "art. 20: extensions without limit")
    await person.sees("#rulebook-limits .sure-verified >> nth=0", "verified")
    await person.sees("#rulebook-limits .sure-to_be_checked >> nth=0", "to be checked")
    await expect(person.at("#rulebook-limits")).not_to_contain_text("art. 12 (movables)")
    await person.page.click("#language")
    await person.sees("#rulebook-limits", "法释〔2016〕18号第20条")
    await other.visit(f"/lots/{lot}")
    await other.page.click("#rulebook-title")
    await other.sees("#rulebook-limits", "待核实")
    assert await other.page.evaluate("document.documentElement.scrollWidth") <= 360


async def test_a_lot_with_terms_of_its_own_says_so(exchange: ExchangeProcess, building: Building) -> None:
    lot = demo_lot(exchange, "land-cap-average")
    person = await building.person()
    await person.visit(f"/lots/{lot}")
    await expect(person.at("#phases .phase")).to_have_count(3)
    await person.sees("#phases .phase >> nth=2", "the offer closest to the mean of all")
    await person.page.click("#rulebook-title")
    await person.sees("#rulebook-limits", "This lot names no rulebook")


async def test_a_round_over_several_items_tells_where_they_stand(
    exchange: ExchangeProcess, building: Building
) -> None:
    person = await building.person()
    await person.visit(f"/lots/{demo_lot(exchange, 'estate-debt')}")
    round_closed = person.at("#timeline [data-event=RoundClosed]").first
    await expect(round_closed).to_contain_text(
        re.compile(r"Round \d+: item \d: ¥[\d,]+, leader"), timeout=240_000
    )
