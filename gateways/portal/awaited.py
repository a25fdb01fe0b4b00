"""What there is to wait for where no lot has ended yet: the lot that is due to end first, or to open.

Belongs here: which lot that is. Does not belong here: the pages that say so.
"""

from __future__ import annotations

from msgspec import Struct

from exchange.lot_search import Search
from exchange.lot_sheets import LotCard
from gateways.api.services import Services
from matching.lot import LotState
from matching.units import TimeUs

LOOKED_AT = 50
"""Lots without a set moment are passed over, among so many."""


class Awaited(Struct, frozen=True):
    """A lot and the moment that is set for it; `key` is the phrase that says what then happens."""

    key: str
    at_us: TimeUs
    lot: LotCard


async def first_result(services: Services) -> Awaited | None:
    """Return the open lot that is due to end first, else the announced one that opens first; None without either."""
    for state, key in ((LotState.OPEN, "first_ends"), (LotState.ANNOUNCED, "first_opens")):
        found = await services.catalogue.search(Search(state=state, limit=LOOKED_AT))
        dated = [Awaited(key, _moment(card), card) for card in found.cards if _moment(card)]
        if dated:
            return min(dated, key=lambda one: one.at_us)
    return None


def _moment(card: LotCard) -> TimeUs:
    view = card.view
    return view.ends_at_us if view.state is LotState.OPEN else view.opens_at_us
