"""axe on every page: both languages, light and dark, wide and narrow; and each as it is hardest to read and to walk."""

from __future__ import annotations

import asyncio
import re
from typing import Literal

import pytest
from playwright.async_api import expect

from gateways.pages import PAGES
from gateways.portal.routes import ADDRESSES
from tests.browser.axe import axe_program, violations
from tests.browser.people import Building, Person, open_building
from tests.browser.reading import obstacles
from tests.exchange_process import ExchangeProcess

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NOWHERE = "/there-is-no-such-page"
PUBLIC = [path for path in ADDRESSES if "." not in path and not path.endswith("/notice")]
"""The portal's pages; its files and the fragment of a page are not looked at by themselves."""

VIEWERS = {
    "/sign-in": "",
    "/register": "",
    "/hall": "",
    "/me": "bidder1",
    "/room": "bidder1",
    "/account": "bidder1",
    "/host": "host1",
    "/rehearsal": "host1",
    "/finance": "finance1",
    "/admin": "admin1",
}
"""Who looks at a page and those below it; the empty name is nobody's, who has not signed in."""

PARTS = {
    "/room": ["?lots=1,2"],
    "/hall": ["?view=wall"],
    "/host": ["?lot=1"],
    "/host/papers": ["?lot=1"],
    "/finance": ["#in", "#out", "#bank", "#sales", "#close", "#register"],
    "/admin/lots": ["#published", "#centre"],
    "/admin": ["#identities", "#audit", "#centre", "#rulebooks", "#system", "#settings"],
}
"""What else a page shows, by what stands behind its address."""

NUMBER = re.compile(r"\{\w+:\[0-9\](\+|\{1,15\})\}")
LOOKS: dict[str, list[tuple[Literal["light", "dark"], int]]] = {
    "zh-CN": [("light", 1280), ("dark", 360)],
    "en-GB": [("dark", 1280), ("light", 360)],
}
"""By language: under which light and how wide. Any two of the three meet in one of these four."""

UNTIL_DRAWN = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"
STAND_STILL = """
addEventListener("DOMContentLoaded", () => {
  const still = new CSSStyleSheet();
  still.replaceSync("*, *::before, *::after { transition: none !important; animation: none !important }");
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, still];
});
"""
"""A colour on its way to another is nobody's colour."""


def addresses() -> dict[str, list[str]]:
    """Return the addresses of all pages by who looks at them."""
    by_viewer = {"": [*PUBLIC, NOWHERE]}
    for path in PAGES:
        viewers = [viewer for start, viewer in VIEWERS.items() if path.startswith(start)]
        assert viewers, f"who looks at {path}?"
        looked_at = by_viewer.setdefault(viewers[0], [])
        looked_at += [path, *(path + part for part in PARTS.get(path, ()))]
    return {viewer: [NUMBER.sub("1", path) for path in paths] for viewer, paths in by_viewer.items()}


async def look_at(person: Person, language: str, paths: list[str]) -> list[str]:
    """Visit pages one after the other and return what is wrong with them, and when."""
    wrong: list[str] = []
    for path in paths:
        answer = await person.page.goto(person.url + path)
        assert answer is None or answer.status == (404 if path == NOWHERE else 200), path
        for light, width in LOOKS[language]:
            await person.page.set_viewport_size({"width": width, "height": 800})
            await person.page.emulate_media(color_scheme=light)
            await expect(person.at("main h1, main .hall-tile").first).to_be_visible()
            await expect(person.at("#loading, [aria-busy=true]")).to_have_count(0)
            await person.page.evaluate(UNTIL_DRAWN)
            wrong += [f"{path} {light} {width}: {each}" for each in await violations(person.page)]
        wrong += [f"{path} narrow and spaced: {each}" for each in await obstacles(person.page)]
    return wrong


async def seat(building: Building, language: str, login: str) -> Person:
    """Seat somebody at a browser with axe in it, signed in if he has a name."""
    person = await building.person(language, script=axe_program() + STAND_STILL)
    if login:
        await person.sign_in_unseen(login)
    return person


@pytest.mark.parametrize("language", LOOKS)
async def test_every_page_can_be_read_and_walked_by_everybody(
    exchange: ExchangeProcess, language: str
) -> None:
    async with open_building(exchange.url) as building:
        viewers = {login: await seat(building, language, login) for login in addresses()}
        looks = [look_at(viewers[login], language, paths) for login, paths in addresses().items()]
        wrong = [each for found in await asyncio.gather(*looks) for each in found]
        for login, person in viewers.items():
            await expect(person.at("#signed-in-as")).to_have_count(1 if login else 0)
            spoken = await person.page.evaluate("document.documentElement.lang")
            assert spoken[:2] == language[:2], spoken
        expected = "the server responded with a status of 404"
        assert [one for one in building.complaints if expected not in one] == []
    assert not wrong, "\n".join(wrong)
