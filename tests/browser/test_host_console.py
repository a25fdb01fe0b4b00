"""The host's console in a real browser: a host and two bidders, from an announcement to the next lot."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.axe import axe_program, violations
from tests.browser.people import Building, Person
from tests.browser.test_pages import act, bid_refuse_and_outbid, publish_lot, sign_up_and_pay
from tests.exchange_process import ExchangeProcess

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SAID = "卖方更正：里程 12,000 公里 The mileage is 12,000 km"


async def test_a_host_leads_a_lot_from_announcement_to_the_next(
    exchange: ExchangeProcess, building: Building
) -> None:
    lot = publish_lot(exchange, reserve_places=1)
    first, second = await building.person(), await building.person("zh-CN", 360)
    host, hall = await building.person(), await building.person()
    for number, bidder in enumerate((first, second), 1):
        await bidder.sign_in(f"bidder{number}", f"/lots/{lot}")
        await sign_up_and_pay(bidder)
    await hall.visit(f"/hall?lots={lot}")
    await host.sign_in("host1", f"/host?lot={lot}")
    waiting = host.at(f"#board [data-group=needed] tr[data-lot='{lot}']")
    await expect(waiting.locator("[data-light=to_open]")).to_be_visible()
    await expect(host.at("#guide [data-step=open]")).to_have_attribute("data-state", "now")
    await act(host, "open", confirmed=True)
    await announce(host, first, hall)
    await bid_refuse_and_outbid(first, second)
    await see_who_is_there(host, lot, second)
    await let_the_hammer_fall(host)
    await default_and_confirm(host)
    await sign_the_papers(host)
    await host.page.click("#next-lot")
    await expect(host.at("#selected-title")).not_to_have_text("One vehicle for the test")
    await expect(host.at("#selected-title")).to_be_focused()


async def announce(host: Person, bidder: Person, hall: Person) -> None:
    """What the host says reaches the room, the hall and the record."""
    await host.page.select_option("#announce-template", "correction")
    await expect(host.at("#announce-text")).to_have_value("Correction: ")
    await host.page.fill("#announce-text", SAID)
    await host.page.click("#announce-send")
    await expect(host.at("#announce-text")).to_have_value("")
    await host.sees("#outcomes li:first-child.outcome-good", "Announce")
    await hall.sees("#spoken", SAID)
    for person in (host, bidder):
        await expect(person.at("#timeline [data-event=AnnouncementMade]")).to_contain_text(SAID)


async def see_who_is_there(host: Person, lot: int, leaver: Person) -> None:
    """The host sees both bidders with their round trip, what was refused to whom, and who has gone."""
    for paddle in (1, 2):
        await host.sees(f"#online li[data-paddle='{paddle}']", " ms")
    await host.sees("#refusals [data-code=BELOW_ASKING_PRICE]", "1×")
    await host.sees("#refusals [data-code=BELOW_ASKING_PRICE]", "paddles 2")
    await leaver.page.goto("about:blank")
    await expect(host.at("#online li[data-paddle='2']")).to_have_attribute("data-quality", "offline")
    await expect(host.at(f"#board tr[data-lot='{lot}'] [data-light=some_offline]")).to_be_visible()


async def let_the_hammer_fall(host: Person) -> None:
    """The guide asks for the warning, then for the hammer: a tap only asks, holding the button down does it."""
    guide = host.at("#guide")
    await expect(guide.locator("[data-step=warning_1]")).to_have_attribute("data-state", "now")
    await expect(guide.locator("[data-step=hammer]")).to_contain_text("1 fair warning is missing")
    await act(host, "fair_warning")
    await expect(host.at("[data-act=fair_warning]")).to_be_focused()
    await expect(guide.locator("[data-step=hammer]")).to_have_attribute("aria-current", "step")
    await host.page.evaluate(axe_program())
    assert await violations(host.page) == []
    await host.sees("[data-act=fair_warning]", "Warn once more")
    await host.page.click("[data-act=hammer]")
    await host.sees("dialog .consequences", "Knocked down to paddle 2 for ¥10,300")
    await expect(host.at("#confirm-yes")).to_be_disabled()
    await host.page.click("#confirm-no")
    await expect(host.at("dialog")).to_have_count(0)
    await host.at("[data-act=hammer]").hover()
    await host.page.mouse.down()
    await expect(host.at("#tags .badge-knocked_down")).to_be_visible()
    await host.page.mouse.up()
    await expect(host.at("dialog")).to_have_count(0)


async def default_and_confirm(host: Person) -> None:
    """The buyer does not sign: a reason from the rules, who is called next, and his confirmation."""
    sign = host.at("#guide [data-step=sign]")
    await expect(sign).to_contain_text("Paddle 2 at ¥10,300")
    await host.page.click("[data-act=default]")
    await host.sees("dialog .consequences", "Paddle 1 is called at ¥10,000")
    await host.page.select_option("#confirm-template", "default_unsigned")
    await expect(host.at("#confirm-reason")).to_have_value("The buyer refuses to sign the confirmation")
    assert await violations(host.page) == []
    await host.confirm("Not signed within three days")
    await expect(sign).to_contain_text("Paddle 1 at ¥10,000")
    await expect(host.at("#timeline [data-event=WinnerDefaulted]")).to_contain_text("three days")
    await act(host, "confirm", confirmed=True)
    await expect(host.at("#guide [data-step=papers]")).to_have_attribute("data-state", "now")


async def sign_the_papers(host: Person) -> None:
    """Confirmation and minutes name the buyer and every record with its link, on paper, and in a file by itself."""
    async with host.page.context.expect_page() as opened:
        await host.page.click("#to-papers")
    papers = Person(await opened.value, host.url)
    await papers.sees(".sheet-confirmation", "¥10,000.00")
    await papers.sees(".sheet-confirmation", "壹万元整")
    await papers.sees(".sheet-minutes", "Not signed within three days")
    rows = papers.at("#minutes-course tr")
    await expect(rows.last).to_contain_text("Sold to paddle 1")
    await papers.sees(".sheet-minutes .chain-link", await rows.last.locator(".course-link").inner_text())
    await papers.page.evaluate(axe_program())
    assert await violations(papers.page) == []
    async with papers.page.expect_download() as kept:
        await papers.page.click("#papers-keep")
    text = (await (await kept.value).path()).read_text(encoding="utf-8")
    assert text.count("<article") == 2
    assert "@page" in text
    await papers.page.emulate_media(media="print")
    await expect(papers.at(".papers-tools")).to_be_hidden()
    assert papers.complaints == []
    await papers.page.close()
    await expect(host.at("#guide [data-step=next]")).to_have_attribute("data-state", "now")
