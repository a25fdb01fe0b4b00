"""A lot in a list, as the public reads it: picture, state, price, the moment that comes next.

Belongs here: which figures a card has. Does not belong here: where lists come from.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from exchange.lot_sheets import LotCard, shown_price
from gateways.api.services import Services
from matching.details import Supply
from matching.lot import CLOSED_STATES, LotState
from matching.units import TimeUs
from matching.view import LotView


class Card(Struct, frozen=True):
    """A lot and what is shown of it: keys of phrases, amounts in minor units, 0 for none.

    Args:
        photo: number of the file whose thumbnail is shown.
        price_label: what kind of price `price` is.
        unit: what `price` is paid for one of, as the rules of the lot write it; empty for all together.
        clock_label: what happens at `at_us`; where that is 0, `clock_key` says who decides.
    """

    lot: LotCard
    photo: int
    price_label: str
    price: int
    asking: int
    clock_label: str
    at_us: TimeUs
    clock_key: str
    unit: str


async def cards(found: Sequence[LotCard], services: Services) -> list[Card]:
    """Return the cards of some lots."""
    photos = await services.lot_files.first_photos([lot.lot for lot in found])
    return [card_of(lot, photos[lot.lot].id if lot.lot in photos else 0) for lot in found]


def price_label(view: LotView) -> str:
    """Return what the shown price is."""
    if view.winner or view.awards:
        return "hammer_price"
    if view.state in CLOSED_STATES and view.price:
        return "highest_bid"
    return "leading_price" if view.price else "opening_price"


def clock(view: LotView) -> tuple[str, TimeUs, str]:
    """Return what comes next: its label, when, and what to say where no moment is set."""
    match view.state:
        case LotState.ANNOUNCED:
            return "opens_label", view.opens_at_us, "host_opens"
        case LotState.OPEN:
            return "ends_label", view.ends_at_us, "host_hammers" if view.host_may_hammer else "staff_enter"
        case LotState.FROZEN:
            return "resumes_label", view.resumes_at_us, "host_resumes"
        case _:
            return "ended_label", 0, f"state_{view.state}"


def card_of(lot: LotCard, photo: int) -> Card:
    """Return the card of a lot; `photo` is the number of a file, 0 for none."""
    view = lot.view
    label, at_us, key = clock(view)
    if lot.closed_at_us:
        at_us = lot.closed_at_us
    asking = 0 if view.state in CLOSED_STATES else view.asking_price
    unit = view.detail.unit if isinstance(view.detail, Supply) else ""
    return Card(lot, photo, price_label(view), shown_price(view), asking, label, at_us, key, unit)
