"""The page on which lots are found.

Belongs here: the form's values and the pages of a search. Does not belong here: searching (`exchange.catalogue`).
"""

from __future__ import annotations

from typing import Final

from exchange.categories import Category
from exchange.lot_search import LotOrder, Search
from gateways.amounts import read_amount
from gateways.api.services import Services
from gateways.portal.cards import cards
from gateways.portal.rendering import Shown
from gateways.portal.visit import Query, Visit
from matching.lot import LotState

PAGE_LOTS: Final = 24
PAGES_MAX: Final = 10_000


async def show(visit: Visit, services: Services) -> Shown:
    """Show the lots that somebody looks for."""
    query = Query(visit)
    page = query.number("page", 1, PAGES_MAX, 1)
    search = Search(
        state=query.read("state", LotState, None),
        category=query.read("category", Category, None),
        words=query.text("q"),
        region=query.text("region"),
        rulebook=query.read("rulebook", services.catalogue.rulebook_name, ""),
        price_from=query.read("price_from", read_amount, 0),
        price_to=query.read("price_to", read_amount, 0),
        order=query.read("order", LotOrder, LotOrder.URGENT),
        limit=PAGE_LOTS,
        offset=(page - 1) * PAGE_LOTS,
    )
    found = await services.catalogue.search(search)
    home = (await services.centre.current()).card.region
    return Shown(
        "lots.html",
        {
            "search": search,
            "ignored": query.ignored,
            "cards": await cards(found.cards, services),
            "total": found.total,
            "is_more": found.is_more,
            "page": page,
            "pages": pages_of(found.total, PAGE_LOTS),
            "regions": home_first(await services.catalogue.regions(), home),
            "home_region": home,
            "categories": list(Category),
            "states": list(LotState),
            "orders": list(LotOrder),
            "rulebooks": services.catalogue.rulebooks.all(),
        },
    )


def home_first(regions: list[str], home: str) -> list[str]:
    """Return the regions that lots lie in, the centre's own in front."""
    return sorted(regions, key=lambda region: region != home)


def pages_of(total: int, size: int) -> int:
    """Return how many pages there are, at least one."""
    return max(1, -(-total // size))
