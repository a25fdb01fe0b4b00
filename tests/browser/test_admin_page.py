"""The administration: an account from its making to its end, the centre's card, the record of it all, every part."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from playwright.async_api import Page, expect

from tests.browser.axe import axe_program, violations
from tests.browser.people import REFUSED, Building, Person
from tests.browser.test_accessibility import STAND_STILL

pytestmark = [pytest.mark.browser, pytest.mark.slow]
FORGIVEN = REFUSED

PARTS = {
    "people": "#accounts",
    "audit": "#audit",
    "centre": "#centre",
    "rulebooks": "#rulebook-limits",
    "system": "#findings",
    "settings": "#settings",
}
"""The parts of the page, each with what is there once it is drawn."""

FITS = "document.documentElement.scrollWidth <= innerWidth"
OWN_PASSWORD = "a password of my own"


async def read_once(page: Page) -> str:
    """Return what is shown once."""
    await expect(page.locator(".shown-once")).to_be_visible()
    return await page.locator(".shown-once").inner_text()


async def find(admin: Person, login: str) -> None:
    """Open an account's file."""
    await admin.page.fill("#account-search", login)
    await expect(admin.at("#accounts .choose")).to_have_count(1)
    await admin.page.click("#accounts .choose")
    await admin.sees("#account-file", login)


async def change_password(person: Person, old: str, new: str) -> None:
    await person.page.fill("#old-password", old)
    await person.page.fill("#new-password", new)
    await person.page.fill("#new-password-again", new)
    await person.page.click("#change-password")


async def test_an_account_from_its_making_to_its_end_with_everything_on_record(building: Building) -> None:
    admin, clerk, visitor = [await building.person() for _ in range(3)]
    await admin.sign_in("admin1", "/admin")
    await admin.page.click("#open-new-account")
    await admin.page.fill("#new-login", "new-clerk")
    await admin.page.fill("#new-name", "新同事 / New colleague")
    await admin.page.uncheck("#new-account [name=role-bidder]")
    await admin.page.check("#new-account [name=role-host]")
    await admin.page.click("#make-account")
    password = await read_once(admin.page)
    await admin.page.keyboard.press("Escape")

    await clerk.visit("/sign-in?next=/host")
    await clerk.page.fill("#login", "new-clerk")
    await clerk.page.fill("#password", password)
    await clerk.page.click("#submit")
    await clerk.page.wait_for_url(f"{clerk.url}/account?next={quote('/host', safe='')}")
    await expect(clerk.at("#change-first")).to_be_visible()
    await change_password(clerk, password, OWN_PASSWORD)
    await clerk.page.click("#go-on")
    await clerk.page.wait_for_url(clerk.url + "/host")
    await clerk.visit("/account")
    await expect(clerk.at(".sign-ins li")).to_have_count(1)
    await clerk.page.fill(".token-name", "robot")
    await clerk.page.keyboard.press("Enter")
    assert (await read_once(clerk.page)).startswith("lc_")

    await find(admin, "new-clerk")
    await admin.page.check("#account-file [name=role-auditor]")
    await admin.page.click("#save-roles")
    await admin.confirm("stands in for the auditor")
    await admin.sees("#account-history", "stands in for the auditor")
    await clerk.visit("/admin")
    await expect(clerk.at("#accounts")).to_be_visible()
    await expect(clerk.at("#open-new-account")).to_have_count(0)
    await admin.page.click("#keep-out")
    await admin.confirm("has left us")
    await expect(admin.at("#let-in")).to_be_visible()
    await clerk.visit("/account")
    await expect(clerk.at("#status")).to_be_visible()

    await admin.visit("/admin#centre")
    await admin.page.fill("[name=complaint_line]", "0591-12345")
    await admin.page.click("#save-centre")
    await admin.confirm("the line is new")
    await admin.sees("#centre-versions", "the line is new")
    await visitor.visit("/sign-in")
    await visitor.sees("#site-footer", "0591-12345")

    await admin.visit("/admin#audit")
    for act in ("change_centre", "set_standing", "set_roles", "make_account"):
        await admin.page.select_option("#audit-operation", act)
        await expect(admin.at("#audit tbody tr")).to_have_count(1)
        await admin.sees("#audit tbody", "admin1")
    await admin.page.click("#verify-audit")
    await expect(admin.at("#main code.digest")).to_be_visible()
    assert [*admin.complaints, *visitor.complaints] == []


@pytest.mark.parametrize(("language", "width"), [("zh-CN", 1280), ("en-GB", 360)])
async def test_every_part_is_whole_on_a_wide_and_a_narrow_screen(
    building: Building, language: str, width: int
) -> None:
    admin = await building.person(language, width, script=axe_program() + STAND_STILL)
    await admin.sign_in_unseen("admin1")
    wrong: list[str] = []
    await admin.visit("/admin")
    for part, drawn in PARTS.items():
        await admin.page.evaluate("part => { location.hash = part }", part)
        await expect(admin.at(drawn)).to_be_visible()
        await admin.until(FITS)
        wrong += [f"{part}: {each}" for each in await violations(admin.page)]
    await admin.page.evaluate("location.hash = 'rulebooks?name=land-fujian&with=land-taicang'")
    await expect(admin.at("#rulebook-sides .is-different").first).to_be_visible()
    wrong += await violations(admin.page)
    await admin.page.evaluate("location.hash = 'people'")
    await admin.page.click("#accounts .choose >> nth=1")
    await expect(admin.at("#account-file")).to_be_visible()
    wrong += await violations(admin.page)
    assert wrong == []
    assert admin.complaints == []
