"""The bidder's pages: signing up and bidding by keyboard on a telephone, several lots at once, receipts to keep."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from matching.terms import MINUTE_US
from tests.browser.axe import axe_program, violations
from tests.browser.floor import Floor
from tests.browser.keyboard import press
from tests.browser.people import Building, Person
from tests.exchange_process import ExchangeProcess

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DEPOSIT = 2_000_00
LONG: dict[str, Any] = {"duration_us": 60 * MINUTE_US}


async def fits(person: Person, width: int = 360) -> None:
    assert await person.page.evaluate("document.documentElement.scrollWidth") <= width


async def quick_bid(person: Person, lot: int) -> None:
    """Bid the asking price in one of several lots: a press that names it, and one that gives it."""
    tile = person.at(f".tile[data-lot='{lot}']")
    await tile.locator("[data-quick='0']").click()
    await expect(tile.locator("[data-fire]")).to_be_enabled()
    await person.page.wait_for_timeout(400)  # what comes sooner belongs to the first press
    await tile.locator("[data-fire]").click()
    await expect(tile).to_have_attribute("data-position", "leading")


async def kept(person: Person, selector: str) -> str:
    """Click and return the text of the file that is downloaded."""
    async with person.page.expect_download() as waiting:
        await person.at(selector).click()
    return Path(await (await waiting.value).path()).read_text()


async def test_by_keyboard_on_a_telephone_and_in_several_lots_at_once(
    exchange: ExchangeProcess, building: Building
) -> None:
    floor = Floor(exchange)
    first = await floor.open_lot("Lot by keyboard", "ben", **LONG)
    second = await floor.open_lot("Lot beside it", "anna", "ben", **LONG)
    anna = await building.person("zh-CN", 360, script=axe_program())
    ben = await building.person("en-GB")

    await anna.sign_in_unseen("anna")
    await anna.visit(f"/lots/{first}")
    await sign_up_by_keyboard(anna)
    await bid_by_keyboard(anna)
    await fits(anna)

    sockets: list[str] = []
    ben.page.on("websocket", lambda socket: sockets.append(socket.url))
    await ben.sign_in_unseen("ben")
    await ben.visit(f"/room?lots={first}")
    await ben.page.fill("#pick", str(second))
    await ben.page.press("#pick", "Enter")
    await expect(ben.at(".tile")).to_have_count(2)
    assert ben.page.url.endswith(f"/room?lots={first},{second}")
    await quick_bid(ben, first)
    await quick_bid(ben, second)
    assert len(sockets) == 1

    await switch_and_go_on(anna)
    await answer_a_refusal(anna)
    await expect(ben.at(f"[data-call='{first}']")).to_contain_text("outbid")
    await expect(ben.at(f".tile[data-lot='{first}']")).to_have_attribute("data-position", "outbid")
    await expect(ben.page).to_have_title("(Outbid) Several lots at once · Luochui")
    await ben.at(f".tile[data-lot='{second}'] .tile-remove").press("Enter")
    await expect(ben.at(".tile")).to_have_count(1)
    await expect(ben.at(f".tile[data-lot='{first}']")).to_be_focused()

    await keep_receipts(anna, first, await floor.records(first, "BidPlaced"))


async def sign_up_by_keyboard(anna: Person) -> None:
    """Who I am, what I commit to, my paddle: nothing but Tab, Space and Enter."""
    await expect(anna.at("#sign-up")).to_have_attribute("data-step", "identity")
    await anna.sees("#identity-name", "竞买人 anna")
    await press(anna, "#identity-next")
    await anna.sees("#commitment-text", "竞买承诺：")
    await press(anna, "#sign-up-button")
    await anna.sees("#commitment-problem", "勾选")
    for box in ("#commitment-read", "#commitment-agree"):
        await press(anna, box, "Space")
    await press(anna, "#sign-up-button")
    await expect(anna.at("#my-paddle")).to_have_text("2")


async def bid_by_keyboard(anna: Person) -> None:
    """A key leads to the button, and only Enter bids; the receipt is kept by keyboard, too."""
    await expect(anna.at("#position")).to_have_attribute("data-position", "none")
    await expect(anna.at("#bid-asking")).to_be_enabled()
    await anna.page.keyboard.press("?")
    await anna.sees("dialog", "不会直接出价")
    assert await violations(anna.page) == []
    await anna.page.keyboard.press("Escape")
    await expect(anna.at("dialog")).to_have_count(0)
    await anna.page.keyboard.press("b")
    await expect(anna.at("#bid-asking")).to_be_focused()
    await expect(anna.at("#outcomes li")).to_have_count(0)
    await anna.page.keyboard.press("Enter")
    await expect(anna.at("#outcomes .outcome-good")).to_have_count(1)
    await expect(anna.at("#position")).to_have_attribute("data-position", "leading")
    async with anna.page.expect_download() as waiting:
        await press(anna, "#outcomes li:first-child [data-receipt=json]")
    assert json.loads(Path(await (await waiting.value).path()).read_text())["amount"] == 1_000_00


async def switch_and_go_on(anna: Person) -> None:
    """A switch of the language keeps the page with what has been typed."""
    await expect(anna.at("#position")).to_have_attribute("data-position", "outbid")
    await expect(anna.at("#bid-asking")).to_be_enabled()
    await anna.at("#free-amount").press_sequentially("12")
    for words in ("Bid ¥", "出价 ¥"):
        await anna.page.click("#language")
        await anna.sees("#bid-asking", words)
        await expect(anna.at("#free-amount")).to_have_value("12")
    await anna.page.fill("#free-amount", "")


async def answer_a_refusal(anna: Person) -> None:
    """An amount is grouped while it is typed; what is refused comes with what would be accepted, one press away.

    It stands in its field still, with the refusal beside it; to press once more without a change is asked about.
    """
    await expect(anna.at("#position")).to_have_attribute("data-position", "outbid")
    await expect(anna.at("#bid-asking")).to_be_enabled()
    await anna.at("#free-amount").press_sequentially("1000")
    await expect(anna.at("#free-amount")).to_have_value("1,000")
    await anna.sees("#free-preview", "壹仟元整")
    await anna.page.press("#free-amount", "Enter")
    await expect(anna.at("#outcomes [data-code=BELOW_ASKING_PRICE]")).to_be_visible()
    await expect(anna.at("[data-remedy=bid]")).to_have_text("改报 ¥1,020")
    field = anna.at("#free-amount")
    await expect(field).to_have_value("1,000")
    await expect(field).to_be_focused()
    await expect(field).to_have_accessible_description(re.compile("报价低于最低有效报价"))
    await expect(anna.at("#bid-asking")).to_be_enabled()
    await field.press("Enter")
    await anna.sees("dialog", "未作修改")
    await anna.page.keyboard.press("Escape")
    await expect(anna.at("#outcomes .outcome-bad")).to_have_count(1)
    await field.press("End")
    await field.press("Backspace")
    await expect(anna.at("#free-refused")).to_have_count(0)
    await field.press_sequentially("0")
    await field.press("Enter")  # changed and changed back is meant anew
    await expect(anna.at("#outcomes .outcome-bad")).to_have_count(2)
    await expect(anna.at("#bid-asking")).to_be_enabled()
    await anna.at("[data-remedy=bid]").press("Enter")
    await expect(anna.at("#position")).to_have_attribute("data-position", "leading")
    await expect(anna.at("#bid-hint")).to_be_focused()
    await expect(field).to_have_value("")


async def keep_receipts(anna: Person, lot: int, bids: list[dict[str, Any]]) -> None:
    """The receipt of a bid is there at once, from the record, and for all bids of a lot, each with its link."""
    last = bids[-1]
    receipt = json.loads(await kept(anna, "#outcomes li:first-child [data-receipt=json]"))
    assert (receipt["sequence"], receipt["link"], receipt["amount"]) == (
        last["sequence"],
        last["link"],
        1_020_00,
    )
    page = await kept(anna, "#timeline [data-receipt=record] >> nth=0")
    assert last["link"] in page and "壹仟零贰拾元整" in page
    await anna.visit("/me")
    every = json.loads(await kept(anna, f"[data-receipts='{lot}']"))
    mine = [bid for bid in bids if bid["event"]["paddle"] == 2]
    assert [one["link"] for one in every["receipts"]] == [bid["link"] for bid in mine]
    await fits(anna)


async def test_the_deposit_is_asked_for_with_everything_a_transfer_needs(
    exchange: ExchangeProcess, building: Building
) -> None:
    floor = Floor(exchange)
    lot = await floor.publish("Lot with a deposit", deposit=DEPOSIT, **LONG)
    await floor.open_lot("Lot for an account", "carl", **LONG)
    carl = await building.person("en-GB", 360)
    await carl.sign_in_unseen("carl")
    await carl.visit(f"/lots/{lot}")
    await carl.sign_up()
    await expect(carl.at("#sign-up")).to_have_attribute("data-step", "deposit")
    reference = await carl.at("#reference").inner_text()
    await carl.sees("#deposit-news", "Waiting for the deposit")
    await carl.sees("#deposit", "¥2,000.00")
    await carl.page.click(".qr-more summary")
    told = await carl.at(".qr").get_attribute("aria-label") or ""
    assert reference.replace(" ", "") in told
    await carl.page.reload()
    await expect(carl.at("#sign-up")).to_have_attribute("data-step", "deposit")
    await expect(carl.at("#reference")).to_have_text(reference)
    await fits(carl)
    await carl.visit("/me")
    await carl.sees(f"[data-deposit='{lot}']", "Pay ¥2,000.00")
    await carl.sees(f"[data-deposit='{lot}']", "within 5 working days of the settlement")
    await fits(carl)
