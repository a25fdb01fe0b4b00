"""What one phase hands to the next, and in the end to the hammer."""

from __future__ import annotations

from msgspec import Struct

from matching.units import NOBODY, Amount, Paddle


class Standing(Struct, frozen=True):
    """Who leads, and at what price in minor units; nobody and 0 before the first bid."""

    leader: Paddle = NOBODY
    price: Amount = 0
