"""A rehearsal in real browsers: the host's console with robots, a colleague's seat on a phone, the hall, the review."""

from __future__ import annotations

from urllib.parse import parse_qs, quote, urlsplit

import pytest
from playwright.async_api import expect

from tests.browser.people import PASSWORD, REFUSED, Building, Person

pytestmark = [pytest.mark.browser, pytest.mark.slow]
FORGIVEN = REFUSED

SHOWS_A_KEY = """
[...document.querySelectorAll("#seat *")].some((one) => /^[a-z]+(_[a-z]+)+$/.test(one.textContent.trim()))
"""


async def sign_in(person: Person, login: str, path: str) -> None:
    """Sign in and come out at an address that has a query."""
    await person.visit(f"/sign-in?next={quote(path, safe='')}")
    await person.page.fill("#login", login)
    await person.page.fill("#password", PASSWORD)
    await person.page.click("#submit")
    await expect(person.at("#signed-in-as")).to_be_visible()
    await expect(person.at("#rehearsal-band")).to_be_visible()


async def test_a_host_rehearses_with_robots_and_a_colleague(building: Building) -> None:
    host, colleague, hall = (
        await building.person(),
        await building.person("zh-CN", 360),
        await building.person(),
    )
    await sign_in(host, "host1", "/rehearsal")
    await host.sees("#rehearsal-band", "REHEARSAL")
    await host.page.fill("#bidders", "6")
    await host.page.select_option("#pace", "20")
    await host.page.fill("#seed", "5")
    await host.page.uncheck("#script")
    await host.page.click("#begin")
    await host.sees("#selected-title", "Plain rising auction")
    name = parse_qs(urlsplit(host.page.url).query)["name"][0]

    await sign_in(colleague, "bidder1", f"/rehearsal?name={name}&part=bidder")
    await colleague.sees("#rehearsal-band", "彩排")
    await colleague.page.click("#take-paddle")
    await colleague.sees("#my-paddle", "7")
    assert await colleague.page.evaluate("document.documentElement.scrollWidth") <= 360
    await hall.visit(f"/rehearsal?name={name}&part=hall")
    await hall.sees("#hall-title", "Plain rising auction")
    await hall.sees("#rehearsal-band", "REHEARSAL")

    await host.page.click("[data-act=open]")
    await host.confirm()
    await host.sees("#tags", "Open")
    await expect(host.at(".entry-bid").first).to_be_visible()
    await expect(hall.at(".hall-bids li").first).to_be_visible()
    await colleague.sees("#bid-asking", "出价 ¥")
    assert not await colleague.page.evaluate(SHOWS_A_KEY), "a text without its words"

    await host.page.click("[data-cause=complaint]")
    await expect(host.at(".incident[data-kind=complaint][data-open=true]")).to_have_count(1)
    await host.page.click("[data-act=pause]")
    await host.confirm("Checking what a bidder has reported")
    await expect(host.at(".incident[data-kind=complaint][data-open=false]")).to_have_count(1)
    await host.page.click("[data-act=withdraw]")
    word = await host.at("#confirm-word").get_attribute("data-word")
    await host.page.fill("#confirm-word", word or "")
    await host.confirm("The rehearsal ends here")
    await expect(host.at("#review")).to_be_visible()
    await expect(host.at("#review-acts li")).to_have_count(3)
    await host.sees("#reaction", "s")
    await colleague.sees("#seat", "已撤回")

    await host.page.click("#end-rehearsal")
    await host.confirm()
    await host.sees("#over", "is over")
    await expect(colleague.at("#over")).to_be_visible()
    told = "the server responded with a status of 404"
    assert [one for one in building.complaints if told not in one] == [], "only that it is over may be said"
