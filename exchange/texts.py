"""Texts that people read, in both languages side by side.

Belongs here: the pair itself. Does not belong here: any particular sentence.
"""

from __future__ import annotations

from msgspec import Struct


class BothLanguages(Struct, frozen=True):
    """A text in Chinese and in English."""

    zh: str
    en: str


NO_TEXT = BothLanguages("", "")
