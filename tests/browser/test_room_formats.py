"""What a room shows where something else than money is bid, and the client library as its README teaches it."""

from __future__ import annotations

import asyncio
import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import ConsoleMessage, Route, expect
from typer.testing import CliRunner

from gateways.cli import app
from gateways.client import ApiClient, LiveClient, Refusal
from gateways.wire import HostAct
from matching.terms import MINUTE_US
from tests.browser.floor import CAPPED, UNIT, Floor, in_the_room
from tests.browser.people import PASSWORD, Building, Person

pytestmark = [pytest.mark.browser, pytest.mark.slow]

README = Path(__file__).parents[2] / "gateways" / "web" / "README.md"
REFUSAL: list[dict[str, Any]] = [
    {"phase": "english", "increments": [[0, 10_00]], "duration_us": None, "host_may_hammer": True,
     "fair_warnings_min": 0},
    {"phase": "first_refusal", "window_us": 30 * MINUTE_US},
]  # fmt: skip
ROUNDS: dict[str, Any] = {
    "phase": "simultaneous", "round_us": 30 * MINUTE_US, "activity_basis_points": 0,
    "items": [{"item": 1, "opening_price": 1_000_00}, {"item": 2, "opening_price": 500_00}],
}  # fmt: skip
CLOCK: dict[str, Any] = {
    **ROUNDS, "is_clock": True, "increment_basis_points": 1_000,
    "items": [{"item": 1, "opening_price": 1_000_00, "supply": 5}, {"item": 2, "opening_price": 500_00, "supply": 3}],
}  # fmt: skip


async def test_area_is_said_as_area_everywhere(floor: Floor, building: Building) -> None:
    lot = await floor.publish("Capped", {"programme": CAPPED})
    await floor.admit(lot, "anna", "bela")
    await floor.act(lot, HostAct.OPEN)
    anna, bela, hall = await building.person(), await building.person("zh-CN", 360), await building.person()
    await in_the_room(anna, "anna", lot)
    await in_the_room(bela, "bela", lot)
    await hall.visit(f"/hall?lots={lot}")
    await bela.at("#bid-asking").hover()
    await bela.page.mouse.down()
    await anna.page.click("#bid-asking")
    await bela.sees("#bid-asking", f"500 {UNIT}")
    await bela.page.mouse.up()  # what stood there was money, and counts nothing here
    await bela.sees("#bid-hint", "阶段")
    async with ApiClient(floor.exchange.url) as api:
        await api.sign_in("bela", PASSWORD)
        async with LiveClient(floor.exchange.url, cookie=api.cookie) as program:
            for late in ({"amount": 1_000_00}, {"amount": 1_000_00, "phase": 0}):
                refusal = await program.command({"type": "bid", "lot": lot, **late})
                assert isinstance(refusal, Refusal) and refusal.code == "MEANT_FOR_ANOTHER_PHASE"
    await bela.page.click("#bid-asking")
    await bela.sees("#outcomes .outcome-good", f"500 {UNIT}")
    await anna.sees("#position", f"600 {UNIT}")
    await anna.sees("#price", f"500 {UNIT}")
    await expect(anna.at("#bid-asking")).to_be_enabled()
    await anna.page.fill("#free-amount", "1,200")
    await anna.sees("#free-preview", f"1,200 {UNIT}")
    await anna.page.press("#free-amount", "Enter")
    await hall.sees("#price", f"1,200 {UNIT}")
    await expect(hall.at(".hall-bids li").first).to_contain_text(f"1,200 {UNIT}")
    await expect(hall.at(".hall-bids li").last).to_contain_text("¥1,000")

    bids = anna.at("#timeline [data-event=BidPlaced] .entry-amount")
    await expect(bids).to_have_text([f"1,200 {UNIT}", f"500 {UNIT}", "¥1,000"])
    for row, amount in ((0, f"1,200 {UNIT}"), (1, "¥1,000.00")):
        async with anna.page.expect_download() as waiting:
            await anna.at("#timeline [data-receipt=record]").nth(row).click()
        assert amount in Path(await (await waiting.value).path()).read_text(encoding="utf-8")
    await expect(bela.at("#bid-asking")).to_be_enabled()
    await bela.page.fill("#free-amount", "9000")
    await bela.page.press("#free-amount", "Enter")
    await bela.page.click("#confirm-yes")
    await anna.sees("#banner", f"¥1,000 + 9,000 {UNIT}")
    await hall.sees("#price", f"¥1,000 + 9,000 {UNIT}")
    await expect(bela.at("#asking")).to_have_count(0)


async def test_only_who_is_asked_answers_and_an_offer_says_beforehand_whether_it_is_the_only_one(
    floor: Floor, building: Building, tmp_path: Path
) -> None:
    once = await floor.publish(
        "One offer", {"programme": [{"phase": "offers", "duration_us": 30 * MINUTE_US}]}
    )
    await floor.admit(once, "anna", "bela")
    refusal = await floor.publish("First refusal", {"programme": REFUSAL})
    await floor.entitle(refusal, "anna", 1)
    await floor.admit(refusal, "anna", "bela")
    sealed = await floor.publish(
        "Sealed", {"programme": [{"phase": "sealed", "duration_us": 30 * MINUTE_US}]}
    )
    await floor.admit(sealed, "anna")
    for lot in (once, refusal, sealed):
        await floor.act(lot, HostAct.OPEN)
    anna, bela = await building.person(), await building.person("zh-CN", 360)
    await in_the_room(bela, "bela", refusal)
    await bela.page.click("#bid-asking")
    await bela.sees("#outcomes .outcome-good", "¥1,000")
    await floor.act(refusal, HostAct.HAMMER)
    await bela.sees("#acts [data-answer]", "您无须操作")
    await bela.sees("#position", "无人行权的，由您竞得")

    await anna.sign_in_unseen("anna")
    await anna.visit(f"/lots/{once}")
    await anna.sees("#takes", "cannot be changed")
    await expect(anna.at("#offer-bid button[type=submit]")).to_be_enabled()
    await anna.page.fill("#offer-amount", "1,200")
    await anna.page.press("#offer-amount", "Enter")
    await anna.sees("dialog", "one offer")
    await anna.confirm()
    await anna.sees("#acts [data-only-offer]", "¥1,200")
    await expect(anna.at("#offer-amount")).to_have_count(0)

    await anna.visit(f"/lots/{sealed}")
    await anna.sees("#sealed", f"luochui bid {sealed} --seal")
    kept = tmp_path / "offer.enc"
    kept.write_bytes(b"a ciphertext")
    words = ["bid", str(sealed), "--seal", str(kept), "--url", floor.exchange.url, "--login", "anna"]
    told = await asyncio.to_thread(CliRunner().invoke, app, [*words, "--password", PASSWORD])
    assert told.exit_code == 0, told.output
    await anna.sees(".sealed-handle", hashlib.sha256(b"a ciphertext").hexdigest())

    rounds = await floor.publish("Rounds", {"programme": [ROUNDS]})
    await floor.admit(rounds, "anna", "bela")
    await floor.act(rounds, HostAct.OPEN)
    await bela.visit(f"/lots/{rounds}")
    await anna.visit(f"/lots/{rounds}")
    await bid_on_an_item(anna, "900", "#acts [data-refused]", "below the asking price")
    await bid_on_an_item(anna, "1,234", "#own-item-bids [data-item='1']", "¥1,234")
    await expect(anna.at("[data-act=item_bids] [name=price]")).to_have_value("")
    await anna.page.reload()
    await anna.sees("#own-item-bids [data-item='1']", "¥1,234")
    await expect(anna.at("#position")).to_have_attribute("data-position", "offered")
    await expect(bela.at("[data-act=item_bids]")).to_be_visible()
    assert "1,234" not in await bela.at("#lot").inner_text()
    await want_units_of_all_items_at_once(floor, bela)
    await bela.visit(f"/lots/{refusal}")

    await anna.visit(f"/lots/{refusal}")
    await expect(anna.at("#position")).to_have_attribute("data-position", "asked")
    await expect(anna.at("[data-word=accept]")).to_be_enabled()
    async with ApiClient(floor.exchange.url) as api:
        await api.sign_in("anna", PASSWORD)
        async with LiveClient(floor.exchange.url, cookie=api.cookie) as program:
            for other in ({}, {"ends_at_us": 1}):
                said = {"type": "declare", "lot": refusal, "word": "accept", "phase": 1, **other}
                answer = await program.command(said)
                assert isinstance(answer, Refusal) and answer.code == "MEANT_FOR_ANOTHER_ROUND"
    await anna.page.click("[data-word=accept]")
    await anna.confirm()
    await anna.sees("#banner", "¥1,000")
    await expect(anna.at("#position")).to_have_attribute("data-position", "won")
    await expect(anna.at("#position")).to_be_focused()  # its button went with the lot
    await expect(bela.at("#position")).to_have_attribute("data-position", "lost")


async def want_units_of_all_items_at_once(floor: Floor, person: Person) -> None:
    """In a clock the last word of a round counts whole: of every item so many units."""
    clock = await floor.publish("Clock", {"programme": [CLOCK]})
    await floor.admit(clock, "bela")
    await floor.act(clock, HostAct.OPEN)
    await person.visit(f"/lots/{clock}")
    fields = person.at("#acts .clock-form [name=quantity]")
    await expect(fields).to_have_count(2)
    await fields.nth(0).fill("6")
    await fields.nth(1).fill("2")
    await person.sees("#acts [data-most]", "¥7,000")
    await fields.nth(1).press("Enter")
    await person.confirm()
    await expect(person.at("#acts [data-refused]")).to_be_visible()
    await fields.nth(0).fill("4")
    await expect(person.at("#acts [data-refused]")).to_have_count(0)
    await expect(person.at("#acts .clock-form button")).to_be_enabled()
    await fields.nth(0).press("Enter")
    await person.confirm()
    own = person.at("#own-item-bids [data-item]")
    await expect(own).to_have_text([re.compile("4 × 本轮叫价"), re.compile("2 × 本轮叫价")])
    await person.page.reload()
    await expect(own).to_have_count(2)
    await expect(fields.nth(0)).to_have_value("4")


async def bid_on_an_item(person: Person, amount: str, where: str, text: str) -> None:
    """Bid on the first item, and wait until the answer stands where it belongs."""
    await expect(person.at("[data-act=item_bids] button[type=submit]")).to_be_enabled()
    await person.page.fill("[data-act=item_bids] [name=price]", amount)
    await person.page.press("[data-act=item_bids] [name=price]", "Enter")
    await person.confirm()
    await person.sees(where, text)


async def test_the_example_of_the_client_library_runs_as_it_is_printed(
    floor: Floor, building: Building
) -> None:
    lot = await floor.open_lot("For a program", "anna")
    anna = await building.person()
    said: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        said.append(message.text)

    anna.page.on("console", hear)
    example = re.search(r"```js\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert example is not None
    program = example[1].replace("const lot = 24;", f"const lot = {lot};")
    assert f"const lot = {lot};" in program
    program += "\nObject.assign(window, { bidOnce, sees: (bids) => room.view?.bids === bids });\n"

    async def serve(route: Route) -> None:
        await route.fulfill(body=program, content_type="text/javascript")

    await anna.page.route("**/assets/example.js", serve)
    await anna.sign_in_unseen("anna")
    await anna.visit("/help")
    await anna.page.evaluate(
        "void document.head.append(Object.assign(document.createElement('script'), "
        "{ type: 'module', src: '/assets/example.js' }))"
    )
    await anna.until("window.sees?.(0) === true")
    await anna.page.evaluate("bidOnce()")
    placed = await floor.records(lot, "BidPlaced")
    assert [record["event"]["amount"] for record in placed] == [1_000_00]
    await anna.until("window.sees(1)")
    await anna.page.evaluate("bidOnce()")
    assert len(await floor.records(lot, "BidPlaced")) == 1, "the leader has no reason to bid again"
    assert {"live", f"recorded as {placed[0]['sequence']}"} <= {*said}
