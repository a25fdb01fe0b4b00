"""One intention is one bid, however the hand comes down: twice, long, by keys, by touch, in two tabs, slowly."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect

from gateways.client import ApiClient, LiveClient, Receipt
from matching.units import Amount
from tests.browser.floor import Floor, Said, in_the_room
from tests.browser.keyboard import press, write
from tests.browser.people import PASSWORD, Building, Person
from tests.fault_proxy import TcpFaultProxy, laid_wire

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SLOW_S = 0.4
KEY_REPEATS = 40


@pytest.fixture
async def wire(floor: Floor) -> AsyncIterator[TcpFaultProxy]:
    """Lay a wire to the exchange that can be cut, and slow."""
    async with laid_wire(floor.exchange.port) as wire:
        yield wire


async def amounts_of(floor: Floor, lot: int) -> list[Amount]:
    return [record["event"]["amount"] for record in await floor.records(lot, "BidPlaced")]


async def test_a_double_click_on_a_slow_wire_and_a_key_held_down_are_one_bid_each(
    floor: Floor, building: Building, wire: TcpFaultProxy
) -> None:
    lot = await floor.open_lot("Held down", "anna", leader_may_raise=True)
    anna = await building.person(url=wire.url)
    said = Said(anna)
    await in_the_room(anna, "anna", lot)
    wire.delay_s = SLOW_S
    wire.cut(only_answers=True)  # and no faster than this test looks
    await anna.at("#bid-asking").dblclick()
    await expect(anna.at("#bid-asking")).to_be_disabled()
    wire.mend(breaks=False)
    await anna.sees("#price", "¥1,000")
    await expect(anna.at("#bid-asking")).to_be_enabled()
    assert intentions(said) == 1

    wire.delay_s = 0.0
    await anna.at("#bid-asking").focus()
    await hold_enter(anna, 2)
    await expect(anna.at("#bid-asking")).to_be_enabled()
    await anna.page.fill("#free-amount", "1,030")
    await hold_enter(anna, 3)
    await expect(anna.at("#free-amount")).to_have_value("")
    await anna.at("#steps [data-steps='2']").focus()
    await hold(anna, "Space")
    await expect(anna.at("#outcomes .outcome-good")).to_have_count(4)
    assert await amounts_of(floor, lot) == [1_000_00, 1_010_00, 1_030_00, 1_050_00]

    await expect(anna.at("#bid-asking")).to_be_enabled()
    await anna.page.fill("#free-amount", "5,000")
    await hold(anna, "Enter")
    await expect(anna.at("dialog #confirm-yes")).to_be_focused()
    assert intentions(said) == 4, "the key that opened the question has answered it, too"


def intentions(said: Said) -> int:
    """Count the bids that a page meant: one whose answer is late is sent again under its id."""
    return len({frame["id"] for frame in said.bids})


async def hold_enter(person: Person, bids: int) -> None:
    """Hold the key down until the bid is accepted and the controls are free again, and for a while longer."""
    await hold(person, "Enter")
    await expect(person.at("#outcomes .outcome-good")).to_have_count(bids)


async def hold(person: Person, key: str) -> None:
    """Hold a key down for as long as the keyboard repeats it so often."""
    for _ in range(KEY_REPEATS):
        await person.page.keyboard.down(key)
        await person.page.wait_for_timeout(25)
    await person.page.keyboard.up(key)


async def test_two_tabs_of_one_bidder_that_bid_at_once_make_one_bid(
    floor: Floor, building: Building, wire: TcpFaultProxy
) -> None:
    lot = await floor.open_lot("Two tabs", "anna", "bela")
    anna, bela = await building.person("zh-CN"), await building.person()
    await in_the_room(anna, "anna", lot)
    await in_the_room(bela, "bela", lot)
    other = await building.second_tab(anna, url=wire.url)
    await other.visit(f"/lots/{lot}")
    await expect(other.at("#bid-asking")).to_be_enabled()
    wire.cut(only_answers=True)
    await anna.page.click("#bid-asking")
    await anna.sees("#leader", "您")
    await other.page.click("#bid-asking")
    wire.mend(breaks=False)
    await other.sees("#leader", "您")
    await expect(other.at("#outcomes .outcome-bad")).to_have_count(1)
    await expect(anna.at("#outcomes .outcome-good")).to_have_count(1)
    assert await amounts_of(floor, lot) == [1_000_00]
    await bela.page.click("#bid-asking")
    for tab in (anna, other):
        await expect(tab.at("#banner")).to_have_attribute("data-kind", "bad")
        await tab.sees("#banner", "¥1,020")
    await bela.sees("#outcomes .outcome-good", "¥1,010")
    await press_while_the_price_moves(floor, anna, bela, lot)


async def press_while_the_price_moves(floor: Floor, anna: Person, bela: Person, lot: int) -> None:
    """What is bid stood on the button when it was touched, or its key went down, whatever stands there afterwards."""
    await expect(anna.at("#bid-asking")).to_be_enabled()
    await anna.at("#bid-asking").hover()
    await anna.page.mouse.down()
    await floor.admit(lot, "carl")
    async with ApiClient(floor.exchange.url) as api:
        await api.sign_in("carl", PASSWORD)
        async with LiveClient(floor.exchange.url, cookie=api.cookie) as carl:
            assert isinstance(await carl.bid(lot, 1_020_00), Receipt)
    await anna.sees("#bid-asking", "¥1,030")
    await anna.page.mouse.up()
    await anna.sees("#outcomes [data-code=BELOW_ASKING_PRICE]", "1,020")
    await bela.sees("#bid-asking", "¥1,030")
    await expect(bela.at("#bid-asking")).to_be_enabled()
    await bela.at("#bid-asking").focus()
    await bela.page.keyboard.down("Space")
    await expect(anna.at("#bid-asking")).to_be_enabled()
    await anna.page.click("[data-remedy=bid]")
    await bela.sees("#bid-asking", "¥1,040")
    await bela.page.keyboard.up("Space")
    await bela.sees("#outcomes [data-code=BELOW_ASKING_PRICE]", "¥1,030")
    assert await amounts_of(floor, lot) == [1_000_00, 1_010_00, 1_020_00, 1_030_00]


async def test_from_the_catalogue_to_a_bid_by_keys_alone_and_by_touch_alone(
    floor: Floor, building: Building
) -> None:
    lot = await floor.open_lot("By keys and by touch", "anna", "bela")
    anna = await building.person()
    phone = await building.person("zh-CN", 360, 740, has_touch=True)
    await phone.page.emulate_media(color_scheme="dark")
    await sign_in_by_keys(anna, "anna")
    await press(anna, f"a[href='/lots/{lot}']")
    await press(anna, "#bid-asking")
    await anna.sees("#outcomes .outcome-good", "¥1,000")

    await phone.sign_in_unseen("bela")
    await phone.visit("/")
    await phone.at(f"a[href='/lots/{lot}']").first.tap()
    await expect(phone.at("#bid-asking")).to_be_enabled()
    await phone.at("#bid-asking").tap()
    await phone.sees("#outcomes .outcome-good", "¥1,010")
    width = await phone.page.evaluate("document.documentElement.scrollWidth")
    assert width <= 360
    await anna.sees("#banner", "outbid")
    await write(anna, "#free-amount", "1,050")
    await anna.page.keyboard.press("Enter")
    await phone.sees("#price", "¥1,050")


async def sign_in_by_keys(person: Person, login: str) -> None:
    """Find the way from the first page to being signed in without a pointer."""
    await person.visit("/")
    await press(person, "a[href^='/sign-in']")
    await expect(person.at("#login")).to_be_focused()
    await person.page.keyboard.type(login)
    await write(person, "#password", PASSWORD)
    await person.page.keyboard.press("Enter")
    await expect(person.at("#signed-in-as")).to_be_visible()
