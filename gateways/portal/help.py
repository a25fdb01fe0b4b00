"""The help pages: what each kind of user does, in both languages, with pictures.

Belongs here: from Markdown to a page. Does not belong here: the words and finding them (`help/`, `help_words`), how
the pictures are taken (`tests/pictures.py`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache, partial
from typing import Final, TypeAlias

from markdown_it import MarkdownIt
from markdown_it.token import Token
from msgspec import Struct

from gateways.api.services import Services
from gateways.pages import ASSETS
from gateways.portal.help_words import TOPICS, find, markdown_of
from gateways.portal.rendering import Shown
from gateways.portal.texts import Language
from gateways.portal.visit import Query, Visit

PICTURE: Final = "picture:"
"""An image's address that begins so names a picture of a page, taken in the reader's language."""

Page: TypeAlias = Callable[[Visit, Services], Awaitable[Shown]]


class Topic(Struct, frozen=True):
    """A page of help, written."""

    name: str
    title: str
    body: str

    @property
    def path(self) -> str:
        """Return its address; the first topic is where help begins."""
        return "/help" if self.name == TOPICS[0] else f"/help/{self.name}"


def addresses() -> dict[str, Page]:
    """Return the address of each topic, and what shows it."""
    names = {"/help": TOPICS[0]} | {f"/help/{name}": name for name in TOPICS}
    return {path: partial(_show, name) for path, name in names.items()}


@cache
def topic(name: str, language: Language) -> Topic:
    """Return one of `TOPICS` in a language."""
    heading, _, rest = markdown_of(name, language).partition("\n")
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(rest)
    for token in tokens:
        for part in token.children or ():
            if part.type == "image":
                _address(part, language)
    body: str = markdown.renderer.render(tokens, markdown.options, {})
    return Topic(name, heading.removeprefix("# "), body)


def _address(image: Token, language: Language) -> None:
    name = str(image.attrGet("src")).removeprefix(PICTURE)
    image.attrSet("src", f"{ASSETS}help/{name}.{language}.webp")
    image.attrSet("loading", "lazy")


async def _show(name: str, visit: Visit, services: Services) -> Shown:
    topics = [topic(one, visit.language) for one in TOPICS]
    words = Query(visit).text("q")
    values = {"topics": topics, "shown": topics[TOPICS.index(name)], "words": words}
    paths = {one.name: one.path for one in topics}
    return Shown("help.html", {**values, "found": find(words, visit.language), "paths": paths})
