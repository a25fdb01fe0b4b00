"""Somebody who reads a page: in which language and light, from which address, with which query.

Belongs here: reading all that out of a request, and addresses that keep it.
Does not belong here: who he is; these pages are the same for everybody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from aiohttp import web
from msgspec import Struct

from gateways.portal.texts import Language, language_of

LANGUAGE: Final = "luochui_language"
"""Cookie; the pages of `gateways/web` keep the reader's choice in it too (`src/texts/language.ts`)."""

LIGHT: Final = "luochui_light"
"""Cookie of the choice between light and dark (`src/house/light.ts`)."""

SWITCH: Final = "lang"
CHOSEN_SECONDS: Final = 365 * 24 * 3600
T = TypeVar("T")


class Visit(Struct, frozen=True):
    """What a page depends on beside the records. `origin` has no slash at its end, `query` no language."""

    language: Language
    light: str
    origin: str
    path: str
    query: Mapping[str, str]
    ids: Mapping[str, int]

    @property
    def key(self) -> tuple[object, ...]:
        """Return what tells this visit from others that see something else."""
        return self.language, self.light, self.origin, self.path, tuple(sorted(self.query.items()))

    @property
    def canonical(self) -> str:
        """Return the page's one full address."""
        return self.origin + self.here()

    def here(self, **changes: object) -> str:
        """Return this page's address with some values of its query changed; empty ones are left out."""
        values = {
            name: str(value) for name, value in {**self.query, **changes}.items() if value not in ("", None)
        }
        return self.path + (f"?{urlencode(values)}" if values else "")

    @property
    def sign_in(self) -> str:
        """Return the address of signing in, which leads back here."""
        return f"/sign-in?next={quote(self.here(), safe='')}"

    @property
    def register(self) -> str:
        """Return the address of registering, which leads back here."""
        return f"/register?next={quote(self.here(), safe='')}"

    def in_language(self, language: Language) -> str:
        """Return this page's address in one language."""
        return self.here(**{SWITCH: language.value})


class Query:
    """Reads a query value by value: what makes no sense is left out and remembered by its field."""

    def __init__(self, visit: Visit) -> None:
        self._values = visit.query
        self._language = visit.language
        self._ignored: list[str] = []

    @property
    def ignored(self) -> str:
        """Return the names of what made no sense, for reading; empty when all did."""
        return ("、" if self._language is Language.ZH else ", ").join(map(self._language.say, self._ignored))

    def text(self, name: str, length_max: int = 100) -> str:
        """Return a text, cut at its bound."""
        return self._values.get(name, "").strip()[:length_max].replace("\0", "")

    def read(self, name: str, reader: Callable[[str], T], otherwise: T) -> T:
        """Return what `reader` makes of a value; `otherwise` where there is none, or where it raises ValueError."""
        text = self.text(name)
        if not text:
            return otherwise
        try:
            return reader(text)
        except ValueError:
            self._ignored.append(name)
            return otherwise

    def number(self, name: str, least: int, most: int, otherwise: int) -> int:
        """Return a whole number within bounds."""
        return self.read(name, lambda text: _bounded(text, least, most), otherwise)


def visit_of(request: web.Request, public_origins: tuple[str, ...]) -> Visit:
    """Return what a request asks to see, and how."""
    query = {name: text for name, text in request.query.items() if name != SWITCH}
    asked = request.query.get(SWITCH)
    chosen = asked if asked in ("zh", "en") else request.cookies.get(LANGUAGE)
    light = request.cookies.get(LIGHT, "")
    return Visit(
        language=language_of(chosen, request.headers.get("Accept-Language", "")),
        light=light if light in ("light", "dark") else "",
        origin=public_origins[0] if public_origins else str(request.url.origin()),
        path=request.path,
        query=query,
        ids={name: int(text) for name, text in request.match_info.items() if text.isdecimal()},
    )


def is_switch(request: web.Request) -> bool:
    """Tell whether the reader has just switched the language on one of our pages.

    He is led back to the page's own address. Whoever comes from elsewhere with a language in the address, as search
    engines do, reads the page there.
    """
    if request.query.get(SWITCH) not in ("zh", "en"):
        return False
    came_from = urlsplit(request.headers.get("Referer", "")).netloc
    return came_from == request.host or request.headers.get("Sec-Fetch-Site") == "same-origin"


def remember_language(response: web.StreamResponse, request: web.Request) -> None:
    """Keep the language that an address asks for."""
    asked = request.query.get(SWITCH)
    if asked in ("zh", "en"):
        response.set_cookie(LANGUAGE, asked, max_age=CHOSEN_SECONDS, path="/", samesite="Lax")


def _bounded(text: str, least: int, most: int) -> int:
    number = int(text)
    if not least <= number <= most:
        raise ValueError(text)
    return number
