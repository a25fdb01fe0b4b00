"""Which figures of a lot a page shows without its script: what matters, what is asked, how many bids, which clock.

Belongs here: choosing and naming them, as `lot/standing.ts` and `lot/figures.ts` do for a page that follows a lot.
Does not belong here: how amounts are written (`writing`).
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from matching.details import Depth, Dimension, Items, Rounds, Supply
from matching.lot import CLOSED_STATES, LotState
from matching.terms import Direction
from matching.units import NOBODY, Amount, Quantity, TimeUs
from matching.view import LotView

CALLED: Final = frozenset({"dutch", "japanese"})
"""Formats in which the price itself is called."""

MARKETS: Final = frozenset({"order_book", "call_auction"})
UNSEEN: Final = frozenset(
    {"offers", "sealed", "multi_unit", "draw", "interval", "first_refusal", "simultaneous"}
)
"""Formats in which no bids are made, or none that anybody sees."""

UNASKED: Final = UNSEEN | MARKETS | CALLED | {"debt"}
"""Formats whose asking price is the called price, or no price at all."""


class Figure(Struct, frozen=True):
    """A figure and the key of its name: money in minor units, a count of a unit, or one with the other.

    Args:
        money: None where only something else is counted.
        unit: what `count` counts.
        each: what the money is paid for one of; empty for all together.
    """

    label: str
    money: Amount | None
    count: Quantity = 0
    unit: str = ""
    each: str = ""


def price_of(view: LotView) -> Figure:
    """Return what matters now: opening, called, leading or hammer price, or what leads in a second dimension."""
    detail = view.detail
    is_closed = view.state in CLOSED_STATES
    if view.winner:
        unit = detail.unit if isinstance(detail, Dimension) else ""
        return Figure("hammer_price", view.hammer_price, view.hammer_quantity if unit else 0, unit)
    match detail:
        case Rounds(price=price) if price and view.format in CALLED and _runs(view):
            return Figure("called_price", price)
        case Depth(last_price=price):
            return Figure("last_price", price) if price else Figure("reference_price", view.opening_price)
        case Supply(unit=unit):
            label = "clearing_price" if view.price else "opening_price_each"
            return Figure(label, view.price or view.opening_price, each=unit)
        case Dimension(unit=unit, quantity=quantity) if quantity and not is_closed:
            return Figure("leading_bid", None, quantity, unit)
    if view.price:
        label = "hammer_price" if view.awards else "highest_bid" if is_closed else "leading_price"
        return Figure(label, view.price)
    return Figure("ceiling_price" if _is_falling(view) else "opening_price", view.opening_price)


def asking_of(view: LotView) -> Figure | None:
    """Return what the next bid has to be; None where no price is asked of everybody."""
    if view.state in CLOSED_STATES or not view.asking_price or view.format in UNASKED:
        return None
    match view.detail:
        case Rounds(turn=turn) if view.format == "turns" and turn != NOBODY:
            return None  # it is asked of whoever has the turn, and of nobody else
        case Dimension(unit=unit):
            return Figure("asking_price", None, view.asking_price, unit)
    return Figure("asking_price_most" if _is_falling(view) else "asking_price", view.asking_price)


def bids_key(view: LotView) -> str:
    """Return how the number of bids is said; empty where there are none that anybody sees."""
    if view.format in MARKETS:
        return "n_orders"
    return "" if not view.bids and view.format in UNSEEN | {"japanese"} else "n_bids"


def clock_of(view: LotView) -> tuple[str, TimeUs, str]:
    """Return what comes next: its label, when, and what to say where no moment is set."""
    match view.state:
        case LotState.ANNOUNCED:
            return "opens_label", view.opens_at_us, "host_opens"
        case LotState.OPEN:
            key = "host_hammers" if view.host_may_hammer else "staff_enter"
            return _end_label(view) if view.ends_at_us else "ends_label", view.ends_at_us, key
        case LotState.FROZEN:
            return "resumes_label", view.resumes_at_us, "host_resumes"
        case _:
            return "ended_label", 0, f"state_{view.state}"


def _end_label(view: LotView) -> str:
    """Return what ends when the clock runs out: all of the bidding, or only a round of it."""
    match view.detail:
        case Rounds(is_pause=True):
            return "entry_ends_label" if view.format == "japanese" else "round_begins_label"
        case Items(open_items=open_items) if view.format == "simultaneous":
            return "round_ends_label" if open_items else "round_begins_label"
        case Rounds():
            return "price_moves_label" if view.format in CALLED else "round_ends_label"
    return "ends_label"


def _runs(view: LotView) -> bool:
    return view.state in (LotState.OPEN, LotState.FROZEN)


def _is_falling(view: LotView) -> bool:
    return view.direction is Direction.FALLING
