"""One sale from sign-up to the paid refund: bidders, host, finance and a watcher, each at a browser, at once."""

from __future__ import annotations

import pytest
from playwright.async_api import FilePayload, expect

from exchange.demo.books import NUMBER as CENTRE
from tests.bank_files import Entry, statement
from tests.browser.axe import axe_program, violations
from tests.browser.floor import Floor
from tests.browser.people import REFUSED, Building, Person
from tests.browser.test_finance_page import four_eyes, pay, turn_to
from tests.browser.test_pages import DEPOSIT, act, sign_up_and_pay
from tests.exchange_process import ExchangeProcess
from tests.payouts import NUMBER

pytestmark = [pytest.mark.browser, pytest.mark.slow]

TITLE = "From beginning to end"
MINUTE_US = 60_000_000
FORGIVEN = REFUSED


async def test_a_whole_sale_with_everybody_at_a_browser(
    exchange: ExchangeProcess, building: Building
) -> None:
    lot = await Floor(exchange).publish(
        TITLE,
        deposit=DEPOSIT,
        duration_us=10 * MINUTE_US,
        soft_close_window_us=10 * MINUTE_US,
        extension_us=11 * MINUTE_US,
        fair_warnings_min=1,
    )
    first = await building.person(script=axe_program())
    second = await building.person("zh-CN", 360, 740, has_touch=True, script=axe_program())
    watcher = await building.person("zh-CN")
    host, maker, checker = [await building.person() for _ in range(3)]
    await watcher.visit(f"/lots/{lot}")
    await watcher.sees("#tags", "预告中")
    await maker.sign_in("finance1", "/finance")

    await pay_by_bank(first, maker, lot)
    await second.sign_in("bidder2", f"/lots/{lot}")
    await sign_up_and_pay(second)
    await host.sign_in("host1", f"/host?lot={lot}")
    await act(host, "open", confirmed=True)
    await bid_and_outbid(first, second, watcher)
    await act(host, "fair_warning")
    await first.sees("#banner", "Fair warning")
    await act(host, "hammer", confirmed=True)
    for person, words in ((first, "Sold for ¥1,010 to paddle 2"), (second, "恭喜"), (watcher, "¥1,010")):
        await person.sees("#banner", words)
    await expect(watcher.at("#bidding")).to_have_count(0)
    await first.sees("#deposit", "Due back to you")
    await watcher.visit("/results")
    await watcher.sees(f"a[href='/lots/{lot}'] >> nth=0", TITLE)

    await checker.sign_in("finance2", "/finance")
    await turn_to(checker, "out")
    await checker.page.fill("#payout-search", "Demo bidder 1")
    payout = checker.at("#payouts [data-payout]").filter(has_text="Demo bidder 1")
    await expect(payout).to_have_count(1)
    number = int(await payout.get_attribute("data-payout") or 0)
    await four_eyes(maker, checker, number)
    await pay(maker, checker, number)
    await expect(maker.at(f"#payouts [data-payout='{number}'][data-state=paid]")).to_be_visible()
    await first.visit("/me")
    await first.sees("#deposits", "It has been refunded to the account it came from.")
    assert await violations(first.page) == []


async def pay_by_bank(bidder: Person, maker: Person, lot: int) -> None:
    """Sign up, pay at one's bank, and be admitted when finance has taken the bank's statement."""
    await bidder.sign_in("bidder1", f"/lots/{lot}")
    await bidder.sign_up()
    await expect(bidder.at("#reference")).not_to_be_empty()
    reference = (await bidder.at("#reference").inner_text()).replace(" ", "")
    assert await violations(bidder.page) == []
    amount = f"{DEPOSIT / 100:.2f}"
    payer = "演示竞买人 1 / Demo bidder 1"
    entry = Entry(amount=amount, reference="sale-1", name=payer, number=NUMBER, remittance=reference)
    file: FilePayload = {
        "name": "statement.xml",
        "mimeType": "application/xml",
        "buffer": statement([entry], closing=amount, account=CENTRE),
    }
    await turn_to(maker, "in")
    await maker.page.set_input_files("#statement-file", [file])
    await expect(maker.at("#statement-report strong")).to_have_text("statement.xml: 1 movements")
    await expect(bidder.at("#bidding")).to_be_visible()
    await expect(bidder.at("#my-paddle")).to_have_text("1")


async def bid_and_outbid(first: Person, second: Person, watcher: Person) -> None:
    """One bids and the end moves; the other outbids; who only watches sees all of it, and nobody's name."""
    await first.page.click("#bid-asking")
    await first.sees("#banner", "You are leading")
    for person in (second, watcher):
        await person.sees("#price", "¥1,000")
        await person.sees("#leader", "1")  # the price alone is that of the opening, too
    await watcher.sees("#timeline [data-event=LotExtended]", "延时")
    assert await violations(first.page) == []
    await second.at("#bid-asking").tap()
    await first.sees("#banner", "outbid")
    await watcher.sees("#leader", "2")
    for person in (first, second):
        assert await violations(person.page) == []
    assert "Demo bidder" not in await watcher.at("#main").inner_text()
