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


async def declared_at_the_counter(admin: Person) -> None:
    """Make an account for a bidder who has come with his passport."""
    await admin.page.click("#make-another")
    await admin.page.uncheck("#new-account [name=role-host]")
    await admin.page.check("#new-account [name=role-bidder]")
    await admin.page.fill("#new-login", "at-the-counter")
    await admin.page.check("#new-at-counter")
    await admin.page.fill("#of-name", "Ms Wanderer")
    await admin.page.fill("#of-number", "123")
    await admin.page.fill("#of-telephone", "138 0000 0000")
    await admin.page.click("#make-account")
    await expect(admin.at("#number-wrong")).to_be_visible()
    await expect(admin.at("#of-number")).to_be_focused()
    await admin.page.select_option("#of-document", "passport")
    await admin.page.fill("#of-number", "X1234567")
    await admin.page.click("#make-account")
    await admin.sees("#account-made", "Ms Wanderer")


async def confirmed(admin: Person) -> None:
    """Look at what was declared, see its whole number for a reason, and confirm it."""
    await admin.visit("/admin#identities")
    await admin.page.fill("#identity-search", "at-the-counter")
    await expect(admin.at("#identities .choose")).to_have_count(1)
    await admin.page.click("#identities .choose")
    await admin.sees("#identity-name", "Ms Wanderer")
    await admin.page.click("#disclose-identity")
    await admin.confirm("compared with the passport")
    await admin.sees("#disclosed", "X1234567")
    await admin.page.click("#confirm-identity")
    await expect(admin.at("#identity-file")).to_have_count(0)


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
    await declared_at_the_counter(admin)
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
    await expect(admin.at("#account-outcome")).to_be_focused()
    await clerk.visit("/account")
    await expect(clerk.at("#status")).to_be_visible()

    await confirmed(admin)
    await admin.visit("/admin#people")
    await expect(admin.at("#first-steps [data-step=backup] a")).to_have_attribute("href", "#system")
    for step in ("centre", "host", "finance", "bank", "lot"):
        await expect(admin.at(f"#first-steps [data-step={step}].step-done")).to_be_visible()
    await admin.visit("/admin#centre")
    await admin.page.fill("[name=complaint_line]", "0591-12345")
    await admin.page.click("#save-centre")
    await admin.confirm("the line is new")
    await admin.sees("#centre-versions", "the line is new")
    await visitor.visit("/sign-in")
    await visitor.sees("#site-footer", "0591-12345")

    await admin.visit("/admin#audit")
    acts = {"change_centre": 1, "disclose_identity": 1, "set_standing": 1, "set_roles": 1, "make_account": 2}
    for act, count in acts.items():
        await admin.page.select_option("#audit-operation", act)
        await expect(admin.at("#audit tbody tr .tag-good")).to_have_count(count)
        await admin.sees("#audit tbody", "admin1")
    await admin.page.click("#verify-audit")
    await expect(admin.at("#main code.digest")).to_be_visible()
    assert (len(admin.complaints), visitor.complaints) == (1, []), (
        "the number that was wrong, and nothing else"
    )


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
