"""The page of statistics: sums as tables, which a script draws as charts."""

from __future__ import annotations

from gateways.api.services import Services
from gateways.portal.rendering import Shown
from gateways.portal.visit import Query, Visit
from ledger.units import is_currency


async def show(visit: Visit, services: Services) -> Shown:
    """Show what sales come to, in one currency."""
    query = Query(visit)
    currency = query.read("currency", _currency, "CNY")
    return Shown(
        "statistics.html",
        {
            "figures": await services.statistics.figures(currency),
            "currencies": await services.statistics.currencies(),
            "ignored": query.ignored,
        },
    )


def _currency(text: str) -> str:
    if not is_currency(text):
        raise ValueError(text)
    return text
