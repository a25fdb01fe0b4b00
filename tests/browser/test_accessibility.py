"""axe on every page: both languages, light and dark, wide and narrow; nothing serious may be found."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.async_api import expect

from gateways.pages import PAGES
from gateways.portal.routes import ADDRESSES
from tests.browser.axe import axe_program, violations
from tests.browser.people import Building, Person, open_building
from tests.exchange_process import ExchangeProcess

pytestmark = [pytest.mark.browser, pytest.mark.slow]

VIEWERS = {"/me": "bidder1", "/host": "host1", "/finance": "finance1"}
"""Who looks at a page and those below it; nobody has signed in for the others."""

NOT_PAGES = (".xml", ".txt", ".ics", "}/notice")
"""What programs and other pages read of the portal."""

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


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExchangeProcess]:
    """Run a whole exchange with its demo accounts and lots."""
    process = ExchangeProcess(tmp_path_factory.mktemp("exchange"), "--demo")
    process.start()
    yield process
    process.stop()


def addresses() -> dict[str, list[str]]:
    """Return the addresses of all pages by who looks at them; the empty name is nobody's."""
    by_viewer: dict[str, list[str]] = {}
    for pattern in (*PAGES, *(path for path in ADDRESSES if not path.endswith(NOT_PAGES))):
        path = re.sub(r"\{.*\}$", "1", pattern)
        viewer = next((who for start, who in VIEWERS.items() if path.startswith(start)), "")
        by_viewer.setdefault(viewer, []).append(path)
    by_viewer[""].append("/there-is-no-such-page")
    return by_viewer


async def look_at(person: Person, language: str, paths: list[str]) -> list[str]:
    """Visit pages one after the other and return what is wrong with them, and when."""
    wrong: list[str] = []
    for path in paths:
        await person.visit(path)
        for light, width in LOOKS[language]:
            await person.page.set_viewport_size({"width": width, "height": 800})
            await person.page.emulate_media(color_scheme=light)
            await expect(person.at("h1").first).to_be_visible()
            await expect(person.at("#loading, [aria-busy=true]")).to_have_count(0)
            await person.page.evaluate(UNTIL_DRAWN)
            wrong += [f"{path} {light} {width}: {each}" for each in await violations(person.page)]
    return wrong


async def seat(building: Building, language: str, login: str) -> Person:
    """Seat somebody at a browser with axe in it, signed in if he has a name."""
    person = await building.person(language, script=axe_program() + STAND_STILL)
    if login:
        await person.sign_in_unseen(login)
    return person


@pytest.mark.parametrize("language", LOOKS)
async def test_axe_finds_nothing_serious_on_any_page(exchange: ExchangeProcess, language: str) -> None:
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
    assert wrong == []
