"""The shape of what people read about a code."""

from __future__ import annotations

from msgspec import Struct


class Message(Struct, frozen=True):
    """What a code means, and what the person can do about it."""

    zh: str
    en: str
    next_zh: str
    next_en: str
