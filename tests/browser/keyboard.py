"""Going through a page with the keyboard alone: where the tabulator leads, and whether the focus shows there.

Belongs here: keys and what has the focus. Does not belong here: what a page does with them.
"""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.people import Person

STOPS_MAX = 150
"""Times that the tabulator is pressed before a place counts as out of reach."""

FOCUS_IS_AT = "selector => document.activeElement !== null && document.activeElement.matches(selector)"
SHOWS = "getComputedStyle(document.activeElement).outlineStyle !== 'none'"
NAME = "document.activeElement?.outerHTML.slice(0, 120)"


async def tab_to(person: Person, selector: str) -> None:
    """Press the tabulator until a place that takes input has the focus, and see that it shows."""
    await expect(person.at(selector).first).to_be_enabled()
    for _ in range(STOPS_MAX):
        await person.page.keyboard.press("Tab")
        if await person.page.evaluate(FOCUS_IS_AT, selector):
            assert await person.page.evaluate(SHOWS), f"the focus at {selector} does not show"
            return
    raise AssertionError(f"the tabulator does not lead to {selector}, but {await person.page.evaluate(NAME)}")


async def press(person: Person, selector: str, key: str = "Enter") -> None:
    """Go somewhere by the tabulator and press a key there."""
    await tab_to(person, selector)
    await person.page.keyboard.press(key)


async def write(person: Person, selector: str, text: str) -> None:
    """Go somewhere by the tabulator and write."""
    await tab_to(person, selector)
    await person.page.keyboard.type(text)
