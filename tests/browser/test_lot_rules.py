"""The rules on a lot's page: phases in words, the running one marked; the rulebook with articles and sureness."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import AsyncIterator, Iterator
from typing import Any

import msgspec
import pytest
from playwright.async_api import expect

from exchange.demo.templates import read_demo_lots, round_terms
from exchange.rulebooks.drafting import sample
from exchange.rulebooks.library import shipped
from exchange.rulebooks.programme import TERMS_BY_FORMAT
from matching.increments import fixed
from matching.terms import JapaneseTerms, LotTerms, RoundItem, SimultaneousTerms
from tests.browser.people import Building, open_building
from tests.exchange_process import ExchangeProcess

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MISSING = re.compile(r"[a-z]+_[a-z_]+|undefined|null|NaN|\{|\}")


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExchangeProcess]:
    """Run a whole exchange with its demo lots."""
    process = ExchangeProcess(tmp_path_factory.mktemp("exchange"), "--demo")
    process.start()
    yield process
    process.stop()


@pytest.fixture
async def building(exchange: ExchangeProcess) -> AsyncIterator[Building]:
    """Open one Chromium; at the end no console may have complained."""
    async with open_building(exchange.url) as building:
        yield building
        assert building.complaints == []


def demo_lot(exchange: ExchangeProcess, key: str) -> int:
    with urllib.request.urlopen(f"{exchange.url}/api/v1/lots?q=DEMO-{key}-", timeout=30) as answer:
        lot: int = json.load(answer)["lots"][0]["lot"]
        return lot


def all_terms() -> list[LotTerms]:
    """Return terms of every format: of the demo lots, of every rulebook, and of the formats without one."""
    found = [round_terms(one, 1_790_000_000_000_000, one.duration_us) for one in read_demo_lots().templates]
    found += [sample(rulebook).terms for rulebook in shipped().all()]
    rounds = SimultaneousTerms(
        items=(RoundItem(1, 100_00, points=2),), round_us=60_000_000, activity_basis_points=8_000, waivers=1
    )
    others = (JapaneseTerms(increments=fixed(1_00)), rounds)
    return [*found, LotTerms(currency="CNY", opening_price=100_00, opens_at_us=0, programme=others)]


async def test_every_format_is_told_in_words_in_both_languages(building: Building) -> None:
    person = await building.person()
    await person.visit("/")
    terms = all_terms()
    told = {str(phase.__struct_config__.tag) for one in terms for phase in one.programme}
    assert told == set(TERMS_BY_FORMAT)
    for language in ("zh", "en"):
        texts: list[list[str]] = await person.page.evaluate(
            """async ([all, language]) => {
              const { setLanguage } = await import("/static/js/language.js");
              const { phaseItems } = await import("/static/js/programme.js");
              setLanguage(language);
              return all.map((terms) => phaseItems(terms, { state: "open", phase: 0 }).map((node) => node.textContent));
            }""",
            [msgspec.to_builtins(terms), language],
        )
        for one, phases in zip(terms, texts, strict=True):
            assert len(phases) == len(one.programme)
            assert ("进行中" if language == "zh" else "running now") in phases[0]
            assert not any("running now" in text or "进行中" in text for text in phases[1:])
            for text in phases:
                assert not MISSING.search(text), text
                assert len(text) > 10


async def test_what_terms_leave_out_is_shown_as_the_rules_have_it(building: Building) -> None:
    person = await building.person()
    await person.visit("/")
    defaults: dict[str, dict[str, Any]] = await person.page.evaluate(
        "async () => (await import('/static/js/programme.js')).DEFAULTS"
    )
    assert set(defaults) == set(TERMS_BY_FORMAT)
    for name, shown in defaults.items():
        fields = {field.name: field for field in msgspec.structs.fields(TERMS_BY_FORMAT[name])}
        for field, value in shown.items():
            assert value == msgspec.to_builtins(fields[field].default), f"{name}.{field}"


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


async def test_where_staff_have_to_enter_something_the_clock_says_so(building: Building) -> None:
    person = await building.person()
    await person.visit("/")
    texts: list[str] = await person.page.evaluate(
        """async () => {
          const { countdown } = await import("/static/js/standing.js");
          const view = (host) => ({ state: "open", ends_at_us: 0, host_may_hammer: host });
          return [true, false].map((host) => countdown(view(host), 0).text);
        }"""
    )
    assert texts == ["When the host hammers", "When staff have entered what is missing"]


async def test_a_round_over_several_items_tells_where_they_stand(
    exchange: ExchangeProcess, building: Building
) -> None:
    person = await building.person()
    await person.visit(f"/lots/{demo_lot(exchange, 'estate-debt')}")
    round_closed = person.at("#timeline [data-event=RoundClosed]").first
    await expect(round_closed).to_contain_text(
        re.compile(r"Round \d+: item \d: ¥[\d,]+, leader"), timeout=120_000
    )
