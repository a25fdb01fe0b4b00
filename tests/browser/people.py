"""People at their browsers: real Chromium, one context a person, every complaint of the console kept."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, ConsoleMessage, Error, Locator, Page, async_playwright, expect

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PASSWORD = "luochui-demo"
PATIENCE_MS = 60_000
OF_THE_NETWORK = re.compile(
    r"WebSocket connection to .* failed|net::ERR_|Failed to load resource"
    r"|Unable to preload CSS|Failed to fetch dynamically imported module"
)
"""What a console says of an exchange that cannot be reached."""

REFUSED = re.compile("status of 4")
"""What a console says of what was refused."""

REPORT_VIOLATIONS = """
addEventListener("securitypolicyviolation", (violation) =>
  console.error(`blocked by policy: ${violation.violatedDirective} ${violation.blockedURI}`));
"""


class Person:
    """Somebody at a page of the exchange. `complaints` is what the browser's console said against it."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.url = url
        page.on("console", self._hear)
        page.on("pageerror", self._fail)

    async def visit(self, path: str) -> None:
        """Open a page of the exchange."""
        await self.page.goto(self.url + path)

    async def sign_in(self, login: str, path: str) -> None:
        """Sign in with a demo account and come out at `path`."""
        await self.visit(f"/sign-in?next={path}")
        await self.page.fill("#login", login)
        await self.page.fill("#password", PASSWORD)
        await self.page.click("#submit")
        await self.page.wait_for_url(self.url + path)
        await expect(self.at("#signed-in-as")).to_be_visible()

    async def register(self, login: str, name: str, number: str) -> None:
        """Register at this page as a person with this identity number, and come out where one came from."""
        await self.page.fill("#register-login", login)
        for field in ("#register-password", "#register-password-again"):
            await self.page.fill(field, PASSWORD)
        for field, text in (("#of-name", name), ("#of-number", number), ("#of-telephone", "138 0000 0000")):
            await self.page.fill(field, text)
        await self.page.check("#register-agree")
        await self.page.click("#submit")

    async def sign_in_unseen(self, login: str) -> None:
        """Sign in with a demo account without opening a page."""
        words = {"login": login, "password": PASSWORD}
        answer = await self.page.request.post(
            f"{self.url}/api/v1/session", data=words, headers={"Origin": self.url}
        )
        assert answer.ok, await answer.text()

    def at(self, selector: str) -> Locator:
        """Return a place on the page."""
        return self.page.locator(selector)

    async def sees(self, selector: str, text: str) -> None:
        """Wait until a place says something."""
        await expect(self.at(selector)).to_contain_text(text)

    async def until(self, expression: str) -> None:
        """Wait until an expression is true of the page, whose policy keeps Playwright from waiting by itself."""
        async with asyncio.timeout(PATIENCE_MS / 1000):
            while not await self.page.evaluate(expression):
                await asyncio.sleep(0.05)

    async def confirm(self, reason: str = "") -> None:
        """Say yes in the dialog, with a reason where one is asked for."""
        if reason:
            await self.page.fill("#confirm-reason", reason)
        word = self.at("#confirm-word")
        if await word.count():
            await word.fill(await word.get_attribute("data-word") or "")
        await self.page.click("#confirm-yes")
        await expect(self.at("dialog")).to_have_count(0)

    async def sign_up(self) -> None:
        """Sign up for the lot at this page: say who one is, read the commitment, agree to it."""
        await self.page.click("#identity-next")
        await self.page.check("#commitment-read")
        await self.page.check("#commitment-agree")
        await self.page.click("#sign-up-button")

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _fail(self, error: Error) -> None:
        self.complaints.append(error.message)


class Building:
    """Where people sit: one Chromium."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self._url = url
        self.people: list[Person] = []

    async def person(
        self,
        language: str = "en-GB",
        width: int = 1280,
        height: int = 900,
        *,
        has_touch: bool = False,
        url: str = "",
        script: str = "",
        runs_scripts: bool = True,
    ) -> Person:
        """Seat somebody who reads `language`, at a screen `width` pixels wide.

        Args:
            has_touch: whether it is a phone, which is touched and not clicked.
            url: another way to the exchange than everybody else's.
            script: what every page of his runs first, past its policy.
            runs_scripts: whether his browser runs any.
        """
        context = await self._browser.new_context(
            viewport={"width": width, "height": height}, locale=language, accept_downloads=True,
            has_touch=has_touch, is_mobile=has_touch, java_script_enabled=runs_scripts,
        )  # fmt: skip
        context.set_default_timeout(PATIENCE_MS)
        await context.add_init_script(REPORT_VIOLATIONS + script)
        person = Person(await context.new_page(), url or self._url)
        self.people.append(person)
        return person

    async def second_tab(self, person: Person, url: str = "") -> Person:
        """Open another tab in somebody's browser, perhaps by another way to the exchange."""
        tab = Person(await person.page.context.new_page(), url or person.url)
        self.people.append(tab)
        return tab

    @property
    def complaints(self) -> list[str]:
        """What all consoles together said against the pages."""
        return [complaint for person in self.people for complaint in person.complaints]


@asynccontextmanager
async def open_building(url: str) -> AsyncIterator[Building]:
    """Start Chromium for the exchange at `url`; skips where there is none."""
    if not CHROMIUM.exists():
        pytest.skip(f"no browser: {CHROMIUM} is absent (Debian: apt install chromium)")
    expect.set_options(timeout=PATIENCE_MS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        try:
            yield Building(browser, url)
        finally:
            await browser.close()
