"""Texts that people read, in both languages side by side.

Belongs here: the pair itself. Does not belong here: any particular sentence.
"""

from __future__ import annotations

import re
from typing import Final

from msgspec import Struct

_HAN: Final = re.compile(r"[\u3400-\u9fff]")


class BothLanguages(Struct, frozen=True):
    """A text in Chinese and in English."""

    zh: str
    en: str


def halves(text: str) -> BothLanguages:
    """Return both halves of a name that carries both languages, as 甲 / A; any other text whole on either side."""
    chinese, sign, english = text.partition(" / ")
    is_both = sign and " / " not in english and _HAN.search(chinese) and not _HAN.search(english)
    return BothLanguages(chinese, english) if is_both else BothLanguages(text, text)


NO_TEXT = BothLanguages("", "")
