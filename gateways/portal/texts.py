"""Saying things in the reader's language: phrases by key, and texts that exist in both languages.

Belongs here: choosing. Does not belong here: the phrases themselves (`phrases`, `programme_phrases`).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from exchange.texts import BothLanguages, halves
from gateways.portal.phrases import PHRASES
from gateways.portal.programme_phrases import PROGRAMME_PHRASES

_ALL: Final = {**PHRASES, **PROGRAMME_PHRASES}


class Language(StrEnum):
    """The languages of everything that people read."""

    ZH = "zh"
    EN = "en"

    @property
    def other(self) -> Language:
        """Return the one that a reader can switch to."""
        return Language.EN if self is Language.ZH else Language.ZH

    @property
    def tag(self) -> str:
        """Return the language as documents name it."""
        return "zh-Hans" if self is Language.ZH else "en"

    def say(self, key: str, **values: object) -> str:
        """Return a phrase with its values filled in; one of something may have words of its own."""
        one = f"{key}_one"
        pair = _ALL[one if values.get("n") == 1 and one in _ALL else key]
        text = pair[0] if self is Language.ZH else pair[1]
        return text.format(**values) if values else text

    def pick(self, text: BothLanguages | None) -> str:
        """Return the reader's half of a text, the other where there is only that."""
        if text is None:
            return ""
        return (text.zh or text.en) if self is Language.ZH else (text.en or text.zh)

    def half_of(self, chinese: str, english: str) -> str:
        """Return the reader's one of two texts that say the same."""
        return chinese if self is Language.ZH else english

    def half(self, text: str) -> str:
        """Return the reader's half of a name that carries both languages, as 甲 / A; any other text whole."""
        return self.pick(halves(text))


def language_of(cookie: str | None, accepted: str) -> Language:
    """Return what a reader wants: what he chose, else what his browser asks for first, else Chinese."""
    if cookie in ("zh", "en"):
        return Language(cookie)
    for name in accepted.split(","):
        first = name.strip()[:2].lower()
        if first in ("zh", "en"):
            return Language(first)
    return Language.ZH
