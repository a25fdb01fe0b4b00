"""The pages in a real browser against a whole exchange: what a bidder, a host and finance do with a lot."""

from __future__ import annotations

import asyncio
import json
import re
import urllib.request
from pathlib import Path

import pytest
from playwright.async_api import Route, expect

from exchange.demo.identities import resident_id
from tests.browser.axe import axe_program, violations
from tests.browser.keyboard import press, write
from tests.browser.people import REFUSED, Building, Person
from tests.exchange_process import ExchangeProcess

pytestmark = [pytest.mark.browser, pytest.mark.slow]

FORGIVEN = REFUSED
OPENING_PRICE = 10_000_00
STEP = 100_00
DEPOSIT = 2_000_00
REFERENCE = re.compile(r"^\d{4}( \d{4}){3}$")


def publish_lot(exchange: ExchangeProcess, **changes: object) -> int:
    """Publish a lot that the host opens and hammers, with one fair warning; `changes` are to its terms."""
    phase = {
        "phase": "english",
        "increments": [[0, STEP]],
        "bid_rule": "step_multiple",
        "duration_us": None,
        "raise_steps_max": 40,
        "host_may_hammer": True,
        "fair_warnings_min": 1,
    }
    terms = {
        "currency": "CNY",
        "opening_price": OPENING_PRICE,
        "opens_at_us": 0,
        "programme": [phase],
    } | changes
    lot = {
        "category": "vehicle",
        "title_zh": "测试车辆一辆",
        "title_en": "One vehicle for the test",
        "deposit": DEPOSIT,
        "terms": terms,
    }
    request = urllib.request.Request(
        f"{exchange.url}/api/v1/lots",
        data=json.dumps(lot).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {exchange.operator_token}"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        number: int = json.load(answer)["lot"]
        return number


async def test_a_lot_from_sign_up_to_refund(exchange: ExchangeProcess, building: Building) -> None:
    lot = publish_lot(exchange)
    first, second = await building.person(), await building.person("zh-CN", 360)
    host, finance = await building.person(), await building.person()
    await first.sign_in("bidder1", f"/lots/{lot}")
    await come_for_the_first_time(second, lot)
    for bidder, paddle in ((first, 1), (second, 2)):
        await sign_up_and_pay(bidder)
        await expect(bidder.at("#my-paddle")).to_have_text(str(paddle))
    await first.sees("#bid-hint", "Not open yet")

    await host.sign_in("host1", f"/host?lot={lot}")
    await act(host, "open", confirmed=True)
    await bid_refuse_and_outbid(first, second)
    await pause_and_resume(host, first, second)
    await leave_max_bid(first, second)
    await hammer(host, first, second)
    await look_at_record(host)
    await keep_books(finance, lot)


async def come_for_the_first_time(visitor: Person, lot: int) -> None:
    """From the lot to registering and back, past a number that cannot be one; nobody is shown the right one."""
    await visitor.visit(f"/lots/{lot}")
    await visitor.page.click("#sign-up a[href^='/register']")
    await visitor.page.click("#submit")
    await expect(visitor.at("#register-login")).to_be_focused()
    number = resident_id(777)
    await visitor.register("newcomer", "王小明", number[:-1])
    await visitor.sees("#number-wrong", "居民身份证号码有误")
    await expect(visitor.at("#of-number")).to_be_focused()
    await visitor.page.fill("#of-number", number)
    await visitor.page.click("#submit")
    await visitor.page.wait_for_url(f"{visitor.url}/lots/{lot}")
    await visitor.sees("#signed-in-as", "王小明")
    await visitor.sees("#identity-name", "王小明")
    assert number not in await visitor.page.content()


async def sign_up_and_pay(bidder: Person) -> None:
    """Sign up, take the reference, and let the demo bank pay it."""
    await bidder.sign_up()
    await expect(bidder.at("#reference")).to_have_text(REFERENCE)
    await expect(bidder.at(".demo-bank")).to_be_visible()
    await bidder.page.click("#demo-bank-pay")
    await expect(bidder.at("#bidding")).to_be_visible()


async def act(host: Person, name: str, *, confirmed: bool = False, reason: str = "") -> None:
    """Press one of the host's buttons and wait until the act is on record."""
    asked = await host.at(f"[data-act={name}]").inner_text()
    await host.page.click(f"[data-act={name}]")
    if confirmed:
        await host.confirm(reason)
    await host.sees("#outcomes li:first-child.outcome-good", f"Accepted · {asked}")


async def bid_refuse_and_outbid(first: Person, second: Person) -> None:
    """The first bids with a double click, which is one bid; a low bid is refused; the second outbids."""
    await expect(first.at("#bid-asking")).to_have_text("Bid ¥10,000")
    await first.at("#bid-asking").dblclick()
    await expect(first.at("#outcomes .outcome-good")).to_have_count(1)
    await first.sees("#outcomes", "record")
    await first.sees("#leader", "you")
    await expect(first.at("#timeline [data-event=BidPlaced]")).to_have_count(1)

    await second.page.fill("#free-amount", "0.5万")
    await second.sees("#free-preview", "伍仟元整")
    await second.page.press("#free-amount", "Enter")
    await second.sees("#outcomes [data-code=BELOW_ASKING_PRICE]", "¥10,100")

    await second.page.fill("#free-amount", "10,150")
    await second.sees("#free-preview", "相邻为 ¥10,100 和 ¥10,200")
    await second.page.fill("#free-amount", "")
    await expect(second.at("[data-steps='3']")).to_contain_text("¥10,300")
    await second.page.wait_for_timeout(700)
    await second.page.click("[data-steps='3']")
    await second.sees("#price", "¥10,300")
    await first.sees("#banner", "outbid")
    await first.sees("#banner", "¥10,400")
    await first.sees("#price", "¥10,300")


async def pause_and_resume(host: Person, first: Person, second: Person) -> None:
    """A pause needs a reason, which everybody reads; while it lasts nobody can bid."""
    await host.page.click("[data-act=pause]")
    await host.page.click("#confirm-yes")
    await expect(host.at("dialog")).to_be_visible()
    await host.confirm("Title deed under review")
    await first.sees("#banner", "Title deed under review")
    await second.sees("#banner", "已暂停")
    await expect(first.at("#bid-asking")).to_be_disabled()
    await act(host, "resume", confirmed=True)
    await expect(first.at("#bid-asking")).to_be_enabled()


async def leave_max_bid(first: Person, second: Person) -> None:
    """The first leaves a max bid; the second is outbid by it without its limit being shown."""
    await first.page.fill("#max-amount", "12,000")
    await first.page.press("#max-amount", "Enter")
    await first.sees("dialog", "壹万贰仟元整")
    await first.confirm()
    await expect(first.at("#my-limit")).to_have_text("¥12,000")
    await first.sees("#leader", "you")

    await expect(second.at("#bid-asking")).to_be_enabled()
    await second.page.click("#bid-asking")
    await second.sees("#banner", "已被超越")
    await first.sees("#banner", "You are leading")
    assert "12,000" not in await second.at("#lot").inner_text()

    await second.page.wait_for_timeout(700)
    await second.page.fill("#free-amount", "13,000")
    await second.page.press("#free-amount", "Enter")
    await second.sees("dialog", "壹万叁仟元整")
    await second.confirm()
    await second.sees("#price", "¥13,000")
    await first.sees("#banner", "outbid")


async def hammer(host: Person, first: Person, second: Person) -> None:
    """The hammer waits for the fair warning, then falls; winner and loser are told."""
    await expect(host.at("[data-act=hammer]")).to_have_attribute("title", "1 fair warning is missing.")
    await act(host, "fair_warning")
    await first.sees("#timeline", "Fair warning 1")
    await host.page.click("[data-act=hammer]")
    await host.confirm()
    await second.sees("#banner", "恭喜")
    await first.sees("#banner", "Sold for ¥13,000 to paddle 2")
    await expect(first.at("#bidding")).to_be_hidden()
    await first.sees("#deposit", "Due back to you")
    await second.sees("#deposit", "已转价款")


async def look_at_record(host: Person) -> None:
    """Every act stands in the record with who did it."""
    await host.page.check("#only-acts")
    timeline = host.at("#timeline")
    for event in ("LotOpened", "LotFrozen", "LotResumed", "FairWarningGiven", "LotSold"):
        entry = timeline.locator(f"[data-event={event}]")
        await expect(entry).to_contain_text("Demo host")
        await expect(entry.locator("time")).not_to_be_empty()
    assert await timeline.locator("[data-event=BidPlaced]").count() == 0


async def keep_books(finance: Person, lot: int) -> None:
    """Finance sees the winner's deposit applied, the loser's due back, books a stray receipt, downloads."""
    await finance.sign_in("finance1", "/finance")
    await finance.page.click(".desk-parts a[href='#register']")
    await expect(finance.at(f"#lot option[value='{lot}']")).to_have_count(1)
    await finance.page.select_option("#lot", str(lot))
    await expect(finance.at("#register tr")).to_have_count(2)
    await expect(finance.at("#register tr[data-state=applied_to_price]")).to_contain_text("¥2,000.00")
    await expect(finance.at("#register tr[data-state=refund_due]")).to_contain_text("¥2,000.00")
    await finance.sees("#verdict", "sound")
    reference = await finance.at("#register code").first.inner_text()
    await enter_stray_receipt(finance)
    await finance.page.click(".desk-parts a[href='#register']")
    for report, form, marks in (
        ("deposits", "CSV", (reference, "refund_due")),
        ("journal", "CSV", ("deposit_received", "STRAY-1")),
        ("journal", "beancount", ("open Assets", "STRAY-1")),
    ):
        text = await download(finance, report, form)
        for mark in marks:
            assert mark in text, f"{report} as {form} has {mark}"


async def enter_stray_receipt(finance: Person) -> None:
    """Money without a deposit lands in suspense."""
    await finance.page.click(".desk-parts a[href='#in']")
    fields = {"id": "STRAY-1", "reference": "0000000000000000", "amount": "1.2万", "payer": "Nobody known"}
    for name, value in fields.items():
        await finance.page.fill(f"#receipt-{name}", value)
    await finance.page.press("#receipt-payer", "Enter")
    await finance.sees("#receipt-outcome", "suspense")
    await finance.sees("#suspense", "¥12,000.00")


async def download(finance: Person, report: str, form: str) -> str:
    """Download a file through its link and return its text."""
    async with finance.page.expect_download() as waiting:
        await finance.at(f".downloads [data-report={report}] a").filter(has_text=form).click()
    file = await (await waiting.value).path()
    return Path(file).read_text()


async def test_the_language_switch_keeps_the_page(exchange: ExchangeProcess, building: Building) -> None:
    for _ in range(2):
        publish_lot(exchange)  # which nobody opens, as the demo does with its own
    announced = "/lots?q=for+the+test&state=announced"
    person = await building.person("en-GB")
    await person.visit(announced)
    await expect(person.at("#cards .card").first).to_contain_text("Announced")
    shown = await person.at("#cards .card").count()
    await person.page.click("#language")
    await expect(person.at("#cards .card").first).to_contain_text("预告中")
    assert await person.at("#cards .card").count() == shown >= 2
    assert person.page.url.endswith(announced)
    await person.visit("/sign-in")
    await person.sees("h1", "登录")
    await person.page.fill("#login", "half-wri")
    await person.page.click("#language")
    await person.sees("h1", "Sign in")
    await expect(person.at("#login")).to_have_value("half-wri")


async def test_what_needs_an_account_leads_to_signing_in(building: Building) -> None:
    person = await building.person("en-GB")
    for path in ("/me", "/host", "/finance"):
        await person.visit(path)
        await person.sees("#status", "Please sign in first")
        link = await person.at("#status a").get_attribute("href")
        assert link == f"/sign-in?next=%2F{path[1:]}"


async def test_no_answer_is_not_taken_for_a_stranger(building: Building) -> None:
    """Before anything is there a page says that it loads; that nobody answered is said, and asked again by a key."""
    host = await building.person("en-GB")
    await host.sign_in_unseen("host1")
    is_looked_at = asyncio.Event()

    async def answer_late_and_badly(route: Route) -> None:
        await is_looked_at.wait()
        await route.fulfill(status=429, json={"code": "RATE_LIMITED"})

    await host.page.route("**/api/v1/me", answer_late_and_badly)
    await host.visit("/host")
    await expect(host.at(".opening")).to_have_css("opacity", "1")
    is_looked_at.set()
    await expect(host.at("#unanswered")).to_be_visible()
    await expect(host.at("a[href^='/sign-in']")).to_have_count(0)
    await host.page.unroute_all()
    await press(host, "#ask-again")
    await expect(host.at("#console")).to_be_visible()
    await host.sees("#signed-in-as", "host")


async def test_every_office_does_its_work_by_keys_alone(
    exchange: ExchangeProcess, building: Building
) -> None:
    lot = publish_lot(exchange)
    host, finance, admin, seller = [await building.person(script=axe_program()) for _ in range(4)]
    for person, login in ((host, "host1"), (finance, "finance1"), (admin, "admin1"), (seller, "host1")):
        await person.sign_in_unseen(login)
    await asyncio.gather(
        open_by_keys(host, lot), book_by_keys(finance), make_account_by_keys(admin), put_up_by_keys(seller)
    )


async def open_by_keys(host: Person, lot: int) -> None:
    """Open a lot; the question takes the focus and gives it back."""
    await host.visit(f"/host?lot={lot}")
    await press(host, "[data-act=open]")
    await expect(host.at("dialog")).to_be_visible()
    assert await violations(host.page) == []
    await host.page.keyboard.press("Escape")
    await expect(host.at("[data-act=open]")).to_be_focused()
    await host.page.keyboard.press("Enter")
    await press(host, "#confirm-yes")
    await host.sees("#outcomes li:first-child.outcome-good", "Open")


async def book_by_keys(finance: Person) -> None:
    """Go to the part where money comes in, and enter a receipt."""
    await finance.visit("/finance")
    await press(finance, ".desk-parts a[href='#in']")
    for field, text in (("id", "BY-KEYS"), ("reference", "0"), ("amount", "12"), ("payer", "Nobody")):
        await write(finance, f"#receipt-{field}", text)
    await finance.page.keyboard.press("Enter")
    await finance.sees("#receipt-outcome", "suspense")


async def make_account_by_keys(admin: Person) -> None:
    """Make an account, and read the password that is shown once."""
    await admin.visit("/admin")
    await press(admin, "#open-new-account")
    await write(admin, "#new-login", "made-by-keys")
    await write(admin, "#new-name", "Made by keys")
    assert await violations(admin.page) == []
    await press(admin, "#make-account")
    await expect(admin.at(".shown-once")).to_be_visible()
    assert await violations(admin.page) == []


async def put_up_by_keys(seller: Person) -> None:
    """Put up a lot, step by step; the last look before it is public takes the focus."""
    await seller.visit("/admin/lots")
    await write(seller, "#lot-title-zh", "键盘发布")
    await write(seller, "#lot-title-en", "Put up by keys")
    await press(seller, "#step-next")
    await write(seller, "#lot-opening-price", "1000")
    await write(seller, "#rung-step-0", "10")
    for _ in range(2):
        await press(seller, "#step-next")
    await press(seller, "#publish")
    await expect(seller.at("dialog")).to_be_visible()
    assert await violations(seller.page) == []
    await press(seller, "#confirm-yes")
    await seller.sees("#lot-papers h2", "Put up by keys")
