"""A lot in a list, as the public reads it: picture, state, price, the moment that comes next.

Belongs here: what a card has. Does not belong here: which figures that are (`figures`), where lists come from.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from exchange.lot_sheets import LotCard
from gateways.api.services import Services
from gateways.portal.figures import Figure, asking_of, bids_key, clock_of, price_of
from matching.units import TimeUs


class Card(Struct, frozen=True):
    """A lot and what is shown of it: keys of phrases, figures, 0 for none.

    Args:
        photo: number of the file whose thumbnail is shown.
        bids_key: how the number of bids is said; empty where it is not.
        clock_label: what happens at `at_us`; where that is 0, `clock_key` says who decides.
    """

    lot: LotCard
    photo: int
    price: Figure
    asking: Figure | None
    bids_key: str
    clock_label: str
    at_us: TimeUs
    clock_key: str


async def cards(found: Sequence[LotCard], services: Services) -> list[Card]:
    """Return the cards of some lots."""
    photos = await services.lot_files.first_photos([lot.lot for lot in found])
    return [card_of(lot, photos[lot.lot].id if lot.lot in photos else 0) for lot in found]


def card_of(lot: LotCard, photo: int) -> Card:
    """Return the card of a lot; `photo` is the number of a file, 0 for none."""
    view = lot.view
    label, at_us, key = clock_of(view)
    return Card(
        lot, photo, price_of(view), asking_of(view), bids_key(view), label, lot.closed_at_us or at_us, key
    )
