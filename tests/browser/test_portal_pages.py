"""The public pages in a real browser: read whole without a script, and kept at the present by one."""

from __future__ import annotations

import re

import pytest
from msgspec import to_builtins
from playwright.async_api import expect

from gateways.wire import HostAct
from tests.browser.floor import CAPPED, Floor, in_the_room
from tests.browser.people import Building
from tests.browser.reading import widened_by
from tests.programmes import all_terms

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FIGURES = ".card-figures > div:not(.card-clock), .card-foot"
CLOCKS = "[data-live=clock-label]"
TOLD = """
(what) => Object.fromEntries([...document.querySelectorAll("li.card")].map((card) =>
  [card.dataset.lot, [...card.querySelectorAll(what)].map((place) => place.innerText)]))
"""
TRIES = 60
HOUR_US = 3_600_000_000
CLOCK = re.compile(r"^\d\d:\d\d:\d\d$")


async def test_a_reader_without_scripts_finds_a_lot_and_reads_it_in_both_languages(
    floor: Floor, building: Building
) -> None:
    lot = await floor.publish("Read without a script")
    reader = await building.person("en-GB", 360, runs_scripts=False)
    await reader.visit("/")
    await reader.sees("#coming .card", "Read without a script")
    await reader.page.fill("#search", "WITHOUT A")
    await reader.page.press("#search", "Enter")
    await reader.page.wait_for_url(re.compile(r"/lots\?q=WITHOUT"))
    await expect(reader.at("#cards .card")).to_have_count(1)
    await reader.page.click("#cards .card a")
    await reader.page.wait_for_url(re.compile(rf"/lots/{lot}$"))
    await reader.sees("h1", "Read without a script")
    await reader.sees("#phases", "The leading price plus whole steps")
    await reader.sees(".room", "it needs JavaScript")
    await expect(reader.at("#rulebook-limits")).to_be_hidden()
    await reader.page.click("#rulebook-title")
    await reader.sees("#rulebook-limits", "names no rulebook")
    await reader.page.click("#language")
    await reader.sees("#terms", "起始价")
    assert reader.page.url.endswith(f"/lots/{lot}")
    await reader.page.click("nav a[href='/calendar']")
    await reader.sees("h1", "交易日历")


async def test_cards_live_and_a_lots_notice_follows_what_happens(floor: Floor, building: Building) -> None:
    # In dollars: sums of yuan may have been asked for just before, and are kept for a minute.
    lot = await floor.publish("Watched live", {"currency": "USD"}, duration_us=HOUR_US)
    await floor.admit(lot, "anna")
    watcher, anna = await building.person("en-GB"), await building.person("zh-CN", 360)
    await watcher.visit("/lots?q=Watched")
    card = watcher.at(f"[data-lot='{lot}']")
    await expect(card.locator("[data-live=state]")).to_have_text("Announced")
    await watcher.page.evaluate("window.hasStayed = true")
    await floor.act(lot, HostAct.OPEN)
    await expect(card.locator("[data-live=state]")).to_have_text("Open")
    await expect(card.locator("[data-live=countdown]")).to_have_text(CLOCK)
    await in_the_room(anna, "anna", lot)
    await anna.page.click("#bid-asking")
    await expect(card.locator("[data-live=price-label]")).to_have_text("Leading price")
    await expect(card.locator("[data-live=asking]")).to_have_text("$1,010")
    await expect(card.locator("[data-live=bids]")).to_have_text("1 bid")
    assert await watcher.page.evaluate("window.hasStayed")

    await expect(watcher.at("html")).not_to_have_attribute("data-light", re.compile("."))
    await watcher.page.click("button[aria-label='Switch to dark']")
    await watcher.page.click("#language")
    await expect(card.locator("[data-live=state]")).to_have_text("竞价中")
    await expect(watcher.at("html")).to_have_attribute("data-light", "dark")
    assert watcher.page.url.endswith("/lots?q=Watched")

    await anna.sees("#notice", "加价幅度")
    await anna.sees("#phases [aria-current=step]", "进行中")
    await anna.page.click("#rulebook-title")
    await anna.page.click("#language")
    await anna.sees("#notice", "Increment")
    await anna.sees("#rulebook-limits", "names no rulebook")
    await floor.act(lot, HostAct.HAMMER)
    await anna.sees("#history", "Result")
    await expect(anna.at("#rulebook-limits")).to_be_visible()
    await expect(anna.at("#phases [aria-current=step]")).to_have_count(0)
    await expect(card.locator("[data-live=state]")).to_have_text("已成交")

    await watcher.visit("/statistics?currency=USD")
    await expect(watcher.at(".chart svg").first).to_be_visible()
    await watcher.sees("#by-month", "$1,000")
    assert await widened_by(watcher.page, ".chart") == 0


async def test_a_card_says_the_same_with_and_without_scripts_in_every_format(
    floor: Floor, building: Building
) -> None:
    programmes = {type(one.programme[0]): to_builtins(one) for one in all_terms()}.values()
    lots = [await floor.publish("Twice told", {**one, "opens_at_us": 0}) for one in programmes]
    lots.append(capped := await floor.publish("Twice told", {"programme": CAPPED}))
    watchers = [await building.person(language) for language in ("zh-CN", "en-GB")]
    readers = [await building.person(language, runs_scripts=False) for language in ("zh-CN", "en-GB")]
    for person in watchers:
        await person.visit("/lots?q=Twice")
    await expect(watchers[0].at("li.card")).to_have_count(len(lots))

    async def are_told_alike(state: str, what: str) -> None:
        for watcher, reader in zip(watchers, readers, strict=True):
            await expect(watcher.at(f"li.card[data-state={state}]")).to_have_count(len(lots))
            for _ in range(TRIES):  # a round may end between the two looks
                await reader.visit("/lots?q=Twice")
                told, live = [await each.page.evaluate(TOLD, what) for each in (reader, watcher)]
                if told == live:
                    break
            assert told == live
            assert len(told) == len(lots) and all(told.values())

    for lot in lots:
        await floor.admit(lot, "anna", "bela")
        await floor.act(lot, HostAct.OPEN)
    await are_told_alike("open", CLOCKS)
    await in_the_room(await building.person(), "anna", capped)
    await building.people[-1].page.click("#bid-asking")
    await building.people[-1].sees("#bid-asking", "500")
    for lot in lots:
        await floor.act(lot, HostAct.PAUSE, "Looked at")
    await are_told_alike("frozen", FIGURES)
    await expect(readers[1].at("li.card").filter(has_text="500 ㎡")).to_have_count(1)
