"""The screen of the auction hall: one lot large with the next ones, or a wall; it lives through a lost connection."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from tests.browser.people import OF_THE_NETWORK, Building
from tests.browser.reading import widened_by
from tests.browser.test_pages import act, bid_refuse_and_outbid, publish_lot, sign_up_and_pay
from tests.exchange_process import ExchangeProcess

pytestmark = [pytest.mark.browser, pytest.mark.slow]
FORGIVEN = OF_THE_NETWORK


async def test_the_hall_sees_every_bid_and_survives_a_restart(
    exchange: ExchangeProcess, building: Building
) -> None:
    lot = publish_lot(exchange)
    hall, first, second, host = [await building.person() for _ in range(4)]
    await hall.visit(f"/hall?lots={lot}")
    await hall.sees("#hall-title", "One vehicle for the test")
    for number, bidder in enumerate((first, second), 1):
        await bidder.sign_in(f"bidder{number}", f"/lots/{lot}")
        await sign_up_and_pay(bidder)
    await host.sign_in("host1", f"/host?lot={lot}")
    await act(host, "open", confirmed=True)
    await second.page.click("#language")
    await second.page.reload()
    await expect(second.at("#bidding")).to_be_visible()
    await bid_refuse_and_outbid(first, second)
    await hall.sees("#price", "¥10,300")
    await hall.sees("#leader", "Paddle 2")
    await hall.sees(".hall-bids li >> nth=0", "¥10,300")

    for screen in (hall, first, second):
        await expect(screen.at(".curve canvas, .curve svg").first).to_be_visible()  # its part comes later
        assert await widened_by(screen.page, ".curve") == 0
    exchange.kill()
    await expect(hall.at("#connection")).to_have_attribute("data-state", "recovering")
    await hall.sees("#price", "¥10,300")
    exchange.start()
    await expect(hall.at("#connection")).to_have_attribute("data-state", "live")
    await hall.sees("#price", "¥10,300")


async def test_the_wall_shows_many_lots_without_scrolling(building: Building) -> None:
    hall = await building.person("zh-CN", 1920)
    await hall.visit("/hall?view=wall")
    await expect(hall.at(".hall-tile")).to_have_count(12)
    await expect(hall.at(".hall-tile-price").first).to_contain_text(re.compile(r"^¥[\d,.]+(／\S+)?$"))
    width, height = await hall.page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.scrollHeight]"
    )
    assert (width, height) == (1920, 900)
    assert hall.complaints == []
