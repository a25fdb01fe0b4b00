"""What a phase leaves behind: to the next phase, and in the end to the hammer."""

from __future__ import annotations

from msgspec import Struct

from matching.events import Event
from matching.units import NOBODY, Amount, Paddle


class Standing(Struct, frozen=True):
    """Who leads, and at what price in minor units; nobody and 0 before the first bid.

    `limit` is how far the leader's max bid goes beyond the price, 0 without one; `bids` counts those of the lot so far.
    """

    leader: Paddle = NOBODY
    price: Amount = 0
    limit: Amount = 0
    bids: int = 0


class Closing(Struct, frozen=True):
    """A phase that is over: its last events, and the standing once they have been taken over."""

    events: list[Event]
    standing: Standing
