"""What a phase leaves behind: to the next phase, and in the end to the hammer."""

from __future__ import annotations

from msgspec import Struct

from matching.events import Award, Event, PassReason, Place, Revealed
from matching.order_book import OpenBook
from matching.units import NOBODY, Amount, Paddle, Quantity


class Standing(Struct, frozen=True):
    """Who leads and at what price in minor units, nobody and 0 before the first bid; and what else phases hand on.

    A phase that has no say in a field hands on what it was given.
    """

    leader: Paddle = NOBODY
    price: Amount = 0
    limit: Amount = 0
    """How far the leader's max bid goes beyond the price, 0 without one."""
    bids: int = 0
    """Bids in the lot so far."""
    places: tuple[Place, ...] = ()
    """The best offer of each bidder who made one, best first, the leader's included."""
    tied: tuple[Paddle, ...] = ()
    """Bidders between whom only a draw can decide."""
    eligible: tuple[Paddle, ...] | None = None
    """Who may take part from here on; None for everybody admitted."""
    recent: tuple[Paddle, ...] = ()
    """Who bid shortly before the end of the phase that was to remember it."""
    is_capped: bool = False
    """The price has reached its cap."""
    quantity: Quantity = 0
    """What was reached in the second dimension."""
    awards: tuple[Award, ...] = ()
    """Who gets what, where a lot is divided."""
    offers: tuple[Revealed, ...] = ()
    """Offers of several lines as they were made, in the order of time."""
    book: OpenBook | None = None
    """The orders that are open when one session of an order book hands over to the next."""
    pass_reason: PassReason | None = None
    """Why the lot cannot be sold, whatever was bid."""


class Closing(Struct, frozen=True):
    """A phase that is over: its last events, and the standing once they have been taken over."""

    events: list[Event]
    standing: Standing
