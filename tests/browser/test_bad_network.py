"""Bidding over a wire that is cut and slow: no bid is lost or made twice, and the page comes back by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect

from tests.browser.floor import Floor, Said, in_the_room
from tests.browser.people import OF_THE_NETWORK, Building, Person
from tests.fault_proxy import TcpFaultProxy, laid_wire

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FORGIVEN = OF_THE_NETWORK
HOUR_US = 3_600_000_000
CURVE = "**/assets/BidCurve-*"
SHOWN_MS = "Number(/ (\\d+) ms/.exec(document.querySelector('#connection').textContent)?.[1])"


@pytest.fixture
async def wire(floor: Floor) -> AsyncIterator[TcpFaultProxy]:
    """Lay a wire to the exchange that can be cut."""
    async with laid_wire(floor.exchange.port) as wire:
        yield wire


async def test_a_bid_whose_answer_is_cut_off_is_on_record_once(
    floor: Floor, building: Building, wire: TcpFaultProxy
) -> None:
    lot = await floor.open_lot("Cut off", "anna", "bela", duration_us=HOUR_US)
    anna = await building.person(url=wire.url)
    bela = await building.person("zh-CN", 360, 740, has_touch=True)
    watcher = await building.person(url=wire.url)
    said = Said(anna)
    await anna.page.route(CURVE, lambda route: route.abort())
    await in_the_room(anna, "anna", lot)
    await in_the_room(bela, "bela", lot)

    await watcher.visit("/lots?q=Cut")
    await expect(watcher.at("[data-live=countdown]")).not_to_be_empty()

    wire.cut(only_answers=True)
    await anna.page.click("#bid-asking")
    await bela.sees("#bid-asking", "¥1,010")  # the price alone is that of the opening, too
    await expect(anna.at("#bid-asking")).to_be_disabled()
    await expect(anna.at("#outcomes .outcome-good")).to_have_count(0)
    await bela.at("#bid-asking").tap()
    await bela.sees("#price", "¥1,010")

    for person in (anna, watcher):
        await person.page.context.set_offline(True)
        await person.sees("#offline", "offline")
    wire.cut()
    wire.mend(breaks=True)
    await expect(anna.at("#connection")).to_have_attribute("data-state", "recovering")
    await expect(anna.at("#bid-asking")).to_be_disabled()
    await watcher.sees("#standing-still", "may be out of date")
    for person in (anna, watcher):
        await person.page.context.set_offline(False)

    await expect(anna.at("#connection")).to_have_attribute("data-state", "live")
    for person in (anna, watcher):
        await expect(person.at("#offline, #standing-still")).to_have_count(0)
    await expect(anna.at("#outcomes .outcome-good")).to_have_count(1)
    await anna.sees("#price", "¥1,010")
    await expect(anna.at("#timeline [data-event=BidPlaced]")).to_have_count(2)
    assert await anna.page.evaluate("window.hasStayed")
    assert len(said.bids) > 1
    assert len({bid["id"] for bid in said.bids}) == 1
    amounts = [record["event"]["amount"] for record in await floor.records(lot, "BidPlaced")]
    assert amounts == [1_000_00, 1_010_00]
    await expect(anna.at("#bid-asking")).to_be_enabled()
    await shows_figures_until_there_is_a_curve(anna)
    await tells_how_slow_it_is(anna, wire)


async def shows_figures_until_there_is_a_curve(person: Person) -> None:
    """What could not be loaded while the network was away is told otherwise, and asked for again."""
    await expect(person.at("[data-curve=missing] tbody tr")).to_have_count(2)
    await person.sees("[data-curve=missing]", "¥1,010")
    await person.page.unroute(CURVE)
    await person.page.evaluate("dispatchEvent(new Event('online'))")
    await expect(person.at(".curve svg")).to_be_visible()


async def tells_how_slow_it_is(person: Person, wire: TcpFaultProxy) -> None:
    """What is shown is the wire as it is now: while an answer is awaited, after it, and once it goes well again."""
    wire.delay_s = 1.0
    round_trip_ms = 2 * 1000 * wire.delay_s
    await person.page.click("#bid-asking")
    await expect(person.at("#connection")).to_have_attribute("data-quality", "poor")
    await expect(person.at("#outcomes .outcome-good")).to_have_count(2)
    await person.until(f"{SHOWN_MS} >= {round_trip_ms}")
    await expect(person.at("#connection")).to_have_attribute("data-quality", "poor")
    wire.delay_s = 0.0
    wire.mend(breaks=True)
    await person.until(f"{SHOWN_MS} < {round_trip_ms}")
