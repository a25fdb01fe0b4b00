"""The page of results: lots that have ended, with price, premium over the opening price, and bidders."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from exchange.categories import Category
from exchange.lot_search import Search
from exchange.lot_sheets import LotCard
from gateways.api.services import Services
from gateways.portal.awaited import first_result
from gateways.portal.calendar import midnight, next_month, read_month
from gateways.portal.lots import PAGES_MAX, pages_of
from gateways.portal.rendering import Shown
from gateways.portal.visit import Query, Visit
from matching.details import Dimension, Supply
from matching.lot import LotState
from matching.terms import Direction
from matching.view import LotView

PAGE_RESULTS: Final = 40
OUTCOMES: Final = (LotState.SOLD, LotState.PASSED, LotState.WITHDRAWN)


class Result(Struct, frozen=True):
    """How a lot ended.

    Args:
        price: of a single buyer, in minor units; 0 without.
        awarded: what several buyers pay together, in minor units.
        premium: hundredths of a per cent over the opening price.
        buyers: how many there are.
        quantity: what was bid beside the price, or bought by all together, of `unit`; 0 for none.
        reason: key of the phrase that says why there is no buyer; empty where there is one.
    """

    lot: LotCard
    price: int
    awarded: int
    premium: int | None
    buyers: int
    quantity: int
    unit: str
    reason: str


async def show(visit: Visit, services: Services) -> Shown:
    """Show lots that have ended, latest first."""
    query = Query(visit)
    page = query.number("page", 1, PAGES_MAX, 1)
    state = query.read("state", _outcome, None)
    category = query.read("category", Category, None)
    month = query.read("month", read_month, None)
    found = await services.catalogue.search(
        Search(
            state=state,
            category=category,
            words=query.text("q"),
            region=query.text("region"),
            has_ended=True,
            ended_from_us=0 if month is None else midnight(month),
            ended_until_us=0 if month is None else midnight(next_month(month)),
            limit=PAGE_RESULTS,
            offset=(page - 1) * PAGE_RESULTS,
        )
    )
    return Shown(
        "results.html",
        {
            "results": [result_of(card) for card in found.cards],
            "awaited": await first_result(services) if not found.total and not visit.query else None,
            "total": found.total,
            "is_more": found.is_more,
            "page": page,
            "pages": pages_of(found.total, PAGE_RESULTS),
            "state": state,
            "category": category,
            "words": query.text("q"),
            "region": query.text("region"),
            "regions": await services.catalogue.regions(),
            "month": "" if month is None else f"{month:%Y-%m}",
            "months": await services.statistics.months(),
            "states": OUTCOMES,
            "categories": list(Category),
            "ignored": query.ignored,
        },
    )


def result_of(card: LotCard) -> Result:
    """Return how a lot ended; a premium is told of one buyer whose price could only rise."""
    view = card.view
    price = view.hammer_price if view.winner else 0
    is_compared = price > 0 and view.opening_price > 0 and view.direction is Direction.RISING
    unit = unit_of(view)
    bought = [award for award in view.awards if award.amount > 0]
    return Result(
        lot=card,
        price=price,
        awarded=sum(award.amount for award in bought),
        premium=round((price - view.opening_price) * 10_000 / view.opening_price) if is_compared else None,
        buyers=len(bought) or int(bool(view.winner)),
        quantity=(sum(award.quantity for award in bought) or view.hammer_quantity) if unit else 0,
        unit=unit,
        reason=_reason(view),
    )


def unit_of(view: LotView) -> str:
    """Return in what a lot is bid for beside money, as its rules write it; empty for money alone."""
    return view.detail.unit if isinstance(view.detail, Dimension | Supply) else ""


def _reason(view: LotView) -> str:
    """Return the key of why nobody bought, as far as it can be read from where the lot stood."""
    if view.state is LotState.WITHDRAWN:
        return "why_withdrawn"
    if view.state is not LotState.PASSED:
        return ""
    if not view.bids and not view.leader:
        return "why_no_bids" if view.bidders else "why_no_bidders"
    return "why_below_reserve" if view.has_reserve and not view.is_reserve_met else "why_passed"


def _outcome(text: str) -> LotState:
    state = LotState(text)
    if state not in OUTCOMES:
        raise ValueError(text)
    return state
