"""The page of statistics: sums as tables, which a script draws as charts."""

from __future__ import annotations

from exchange.statistics import Figures
from gateways.api.services import Services
from gateways.portal.awaited import first_result
from gateways.portal.rendering import Shown
from gateways.portal.visit import Query, Visit
from ledger.units import is_currency


async def show(visit: Visit, services: Services) -> Shown:
    """Show what sales come to, in one currency."""
    query = Query(visit)
    currency = query.read("currency", _currency, "CNY")
    figures = await services.statistics.figures(currency)
    return Shown(
        "statistics.html",
        {
            "figures": figures,
            "awaited": None if _has_ended(figures) else await first_result(services),
            "currencies": await services.statistics.currencies(),
            "ignored": query.ignored,
        },
    )


def _has_ended(figures: Figures) -> bool:
    total = figures.total
    return total.sold + total.passed + total.withdrawn > 0


def _currency(text: str) -> str:
    if not is_currency(text):
        raise ValueError(text)
    return text
