"""Finding lots: by words, region, category, state and price, in the order that a reader wants.

Lots under way are few and move; they are compared in memory with where the engine has them. Those that have ended
are many and still, and found by the database.

Belongs here: searching. Does not belong here: publishing (`exchange.catalogue`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Final

import msgspec
from msgspec import Struct

from exchange.categories import Category
from exchange.database import Database, Row
from exchange.lot_sheets import CARD_COLUMNS, LotCard, card_of, shown_price
from exchange.ports import LotBook
from matching.lot import CLOSED_STATES, LotState
from matching.units import AMOUNT_MAX
from matching.view import LotView

UNDER_WAY_MAX = 20_000
"""Lots under way that one search looks at."""

REGIONS_MAX = 300
COMPARED_IN = "CNY"
"""The currency in which prices are compared where nobody names one."""

MATCHES = """
($1::text IS NULL OR category = $1)
AND ($2::text IS NULL OR concat_ws(' ', code, title_zh, title_en, seller_zh, seller_en, region) ILIKE $2)
AND ($3::text IS NULL OR region ILIKE $3)
AND ($4::text IS NULL OR currency = $4)
"""
SELECT_UNDER_WAY = f"""
SELECT {CARD_COLUMNS} FROM exchange.lot WHERE outcome IS NULL AND is_announced ORDER BY id DESC LIMIT $1
"""
SELECT_WHICH_UNDER_WAY = """
SELECT count(*) AS lots, coalesce(max(id), 0) AS latest, coalesce(sum(id), 0) AS all_of_them
  FROM exchange.lot WHERE outcome IS NULL AND is_announced
"""
"""Tells whether the rows that were read are those that would be read now: a lot's own words never change."""

FINAL_PRICE = """
CASE WHEN (final_view->>'winner')::bigint <> 0 THEN (final_view->>'hammer_price')::bigint
     WHEN (final_view->>'price')::bigint <> 0 THEN (final_view->>'price')::bigint
     ELSE (final_view->>'opening_price')::bigint END
"""
"""What `shown_price` says of a lot that has ended."""

CLOSED_MATCHES = f"""
outcome IS NOT NULL AND {MATCHES} AND ($5::text IS NULL OR outcome = $5)
AND ($6::bigint = 0 OR {FINAL_PRICE} >= $6) AND ($7::bigint = 0 OR {FINAL_PRICE} <= $7)
"""
COUNT_CLOSED = f"SELECT count(*) FROM exchange.lot WHERE {CLOSED_MATCHES}"
SELECT_CLOSED = f"""
SELECT {CARD_COLUMNS} FROM exchange.lot WHERE {CLOSED_MATCHES} ORDER BY {{order}} LIMIT $8 OFFSET $9
"""
SELECT_REGIONS = (
    "SELECT DISTINCT region FROM exchange.lot WHERE region <> '' AND is_announced ORDER BY 1 LIMIT $1"
)


class Found(Struct, frozen=True):
    """One page of a search, and how many lots there are in all."""

    cards: list[LotCard]
    total: int


class LotOrder(StrEnum):
    """In which order lots are found; those under way always stand before the closed."""

    URGENT = "urgent"
    """The next to open or to end in front; of the closed, the latest."""
    NEWEST = "newest"
    """The latest published in front."""
    CHEAPEST = "cheapest"
    DEAREST = "dearest"


class Search(Struct, frozen=True):
    """What somebody looks for.

    Args:
        words: in title, seller, region or code.
        region: in the region alone.
        price_from, price_to: bounds of the price that is shown, in minor units of `currency`; 0 for none.
        currency: empty for any, or for CNY where there is a bound or an order of prices.
        has_ended: leave out the lots under way.
    """

    state: LotState | None = None
    category: Category | None = None
    words: str = ""
    limit: int = 50
    offset: int = 0
    region: str = ""
    price_from: int = 0
    price_to: int = 0
    currency: str = ""
    order: LotOrder = LotOrder.URGENT
    has_ended: bool = False

    @property
    def looks_at_prices(self) -> bool:
        """Tell whether prices are compared, which is possible within one currency."""
        return bool(self.price_from or self.price_to) or self.order in (LotOrder.CHEAPEST, LotOrder.DEAREST)


class LotSearch:
    """Lots over PostgreSQL, joined with where the engine has them.

    Every method raises StoreUnavailable when the database does not answer.
    """

    def __init__(self, database: Database, book: LotBook) -> None:
        """Take the database and the engine's lots."""
        self._database = database
        self._book = book
        self._known_under_way: tuple[tuple[int, ...], Sequence[Row]] = ((), ())

    async def find(self, search: Search) -> Found:
        """Find lots: those under way first, the next to end in front, then the closed, latest first."""
        under_way = [] if search.has_ended else await self._under_way(search)
        shown = under_way[search.offset : search.offset + search.limit]
        page = [card_of(row, view) for row, view in shown]
        if search.state is not None and search.state not in CLOSED_STATES:
            return Found(page, len(under_way))
        outcome = None if search.state is None else search.state.value
        wanted = (*_wanted(search), outcome, search.price_from, search.price_to)
        closed = await self._database.value(COUNT_CLOSED, *wanted)
        offset = max(0, search.offset - len(under_way))
        ordered = SELECT_CLOSED.format(order=CLOSED_ORDER[search.order])
        rows = await self._database.rows(ordered, *wanted, search.limit - len(page), offset)
        return Found([*page, *self._cards(rows)], len(under_way) + closed)

    async def regions(self) -> list[str]:
        """Return the regions that lots lie in, at most `REGIONS_MAX`."""
        return [row["region"] for row in await self._database.rows(SELECT_REGIONS, REGIONS_MAX)]

    def view(self, row: Row) -> LotView | None:
        """Return where the lot stands: what the engine holds, or how it ended."""
        held = self._book.view(row["id"])
        if held is None and row["final_view"] is not None:
            return msgspec.json.decode(row["final_view"], type=LotView)
        return held

    async def _under_way(self, search: Search) -> list[tuple[Row, LotView]]:
        rows = await self._rows_under_way()
        seen = ((row, self.view(row)) for row in rows if _is_wanted(row, search))
        found = [(row, view) for row, view in seen if view is not None]
        if search.state is not None:
            found = [one for one in found if one[1].state is search.state]
        if search.price_from or search.price_to:
            most = search.price_to or AMOUNT_MAX
            found = [one for one in found if search.price_from <= shown_price(one[1]) <= most]
        order = UNDER_WAY_ORDER[search.order]
        return sorted(found, key=lambda one: order(one[1]))

    async def _rows_under_way(self) -> Sequence[Row]:
        """Return the rows of all lots under way, read anew only when there are others than before."""
        which = await self._database.row(SELECT_WHICH_UNDER_WAY)
        assert which is not None, "sums over rows are one row"
        now = (which["lots"], which["latest"], which["all_of_them"])
        known, rows = self._known_under_way
        if known != now:
            rows = await self._database.rows(SELECT_UNDER_WAY, UNDER_WAY_MAX)
            self._known_under_way = (now, rows)
        return rows

    def _cards(self, rows: Iterable[Row]) -> list[LotCard]:
        seen = ((row, self.view(row)) for row in rows)
        return [card_of(row, view) for row, view in seen if view is not None]


_URGENCY = {LotState.OPEN: 0, LotState.FROZEN: 1, LotState.ANNOUNCED: 2}
_NEVER = 2**62


def _urgency(view: LotView) -> tuple[int, int, int]:
    moment = view.opens_at_us if view.state is LotState.ANNOUNCED else view.ends_at_us
    return _URGENCY.get(view.state, 3), moment or _NEVER, -view.lot


UNDER_WAY_ORDER: Final[dict[LotOrder, Callable[[LotView], tuple[int, ...]]]] = {
    LotOrder.URGENT: _urgency,
    LotOrder.NEWEST: lambda view: (-view.lot,),
    LotOrder.CHEAPEST: lambda view: (shown_price(view), -view.lot),
    LotOrder.DEAREST: lambda view: (-shown_price(view), -view.lot),
}
CLOSED_ORDER: Final = {
    LotOrder.URGENT: "closed_at_us DESC, id DESC",
    LotOrder.NEWEST: "id DESC",
    LotOrder.CHEAPEST: f"{FINAL_PRICE}, id DESC",
    LotOrder.DEAREST: f"{FINAL_PRICE} DESC, id DESC",
}


def _wanted(search: Search) -> tuple[str | None, str | None, str | None, str | None]:
    category = None if search.category is None else search.category.value
    currency = search.currency or (COMPARED_IN if search.looks_at_prices else None)
    return category, _containing(search.words), _containing(search.region), currency


def _is_wanted(row: Row, search: Search) -> bool:
    """Tell of a lot under way what `MATCHES` tells of those that have ended."""
    if search.category is not None and row["category"] != search.category.value:
        return False
    currency = search.currency or (COMPARED_IN if search.looks_at_prices else "")
    if currency and row["currency"] != currency:
        return False
    region = row["region"].casefold()
    if search.region and search.region.strip().casefold() not in region:
        return False
    words = search.words.strip().casefold()
    return not words or words in _words_of(row).casefold()


def _words_of(row: Row) -> str:
    """Return what words are looked for in."""
    return " ".join(
        row[name] for name in ("code", "title_zh", "title_en", "seller_zh", "seller_en", "region")
    )


def _containing(text: str) -> str | None:
    """Return the pattern of texts that hold this one; None where nothing is looked for."""
    text = text.strip()
    for sign in "\\%_":
        text = text.replace(sign, "\\" + sign)
    return f"%{text}%" if text else None
