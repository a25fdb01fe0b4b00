"""The first page: what is open now, what opens next, the latest notices, and the centre's figures."""

from __future__ import annotations

import asyncio
from typing import Final

from exchange.categories import Category
from exchange.lot_search import Search
from gateways.api.services import Services
from gateways.portal.cards import cards
from gateways.portal.rendering import Shown
from gateways.portal.visit import Visit
from matching.lot import LotState

CARDS: Final = 6
NOTICES: Final = 8


async def show(visit: Visit, services: Services) -> Shown:
    """Show the first page."""
    catalogue = services.catalogue
    open_now, coming, notices, figures = await asyncio.gather(
        catalogue.search(Search(state=LotState.OPEN, limit=CARDS)),
        catalogue.search(Search(state=LotState.ANNOUNCED, limit=CARDS)),
        services.notices.latest(NOTICES),
        services.statistics.figures(),
    )
    return Shown(
        "home.html",
        {
            "open_now": await cards(open_now.cards, services),
            "open_total": open_now.total,
            "coming": await cards(coming.cards, services),
            "coming_total": coming.total,
            "notices": notices,
            "titles": await catalogue.titles({notice.lot for notice in notices}),
            "figures": figures,
            "categories": list(Category),
        },
    )
