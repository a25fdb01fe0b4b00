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
from exchange.database import Database, Row, Statements
from exchange.lot_sheets import CARD_COLUMNS, LotCard, card_of, shown_price
from exchange.ports import LotBook
from exchange.sought_words import containing, pairs_of, terms_of
from matching.lot import CLOSED_STATES, LotState
from matching.units import AMOUNT_MAX, LotId, TimeUs
from matching.view import LotView

UNDER_WAY_MAX = 20_000
"""Lots under way that one search looks at."""

FOUND_MAX: Final = 10_000
"""Lots that have ended and that one search counts and turns pages of; whoever looks further narrows his search."""

REGIONS_MAX = 300
"""Regions that somebody can choose from."""

REGIONS_KNOWN_MAX: Final = 5_000
COMPARED_IN = "CNY"
"""The currency in which prices are compared where nobody names one."""

SELECT_UNDER_WAY = f"""
SELECT {CARD_COLUMNS}, sought, rulebook
  FROM exchange.lot WHERE outcome IS NULL AND is_announced ORDER BY id DESC LIMIT $1
"""
SELECT_WHICH_UNDER_WAY = """
SELECT count(*) AS lots, coalesce(max(id), 0) AS latest, coalesce(sum(id), 0) AS all_of_them
  FROM exchange.lot WHERE outcome IS NULL AND is_announced
"""
"""Tells whether the rows that were read are those that would be read now: a lot's own words never change."""

FOR_ONE_SEARCH: Final = """
SET LOCAL plan_cache_mode = force_custom_plan;
SET LOCAL jit = off;
SET LOCAL statement_timeout = '5s'
"""
"""A plan that suits a rare word is slow for a frequent one, so none is kept; and nobody's search goes on for ever."""

COUNT_CLOSED: Final = (
    "SELECT count(*) FROM (SELECT FROM exchange.lot WHERE {conditions} LIMIT {most}) AS found"
)
SELECT_CLOSED: Final = f"""
SELECT {CARD_COLUMNS} FROM exchange.lot WHERE {{conditions}} ORDER BY {{order}} LIMIT {{limit}} OFFSET {{offset}}
"""
SELECT_REGIONS = """
WITH RECURSIVE step AS (
    SELECT min(region) AS region FROM exchange.lot WHERE is_announced AND region > ''
    UNION ALL
    SELECT (SELECT min(region) FROM exchange.lot WHERE is_announced AND region > step.region)
      FROM step WHERE step.region IS NOT NULL
)
SELECT region FROM step WHERE region IS NOT NULL LIMIT $1
"""
"""Steps from one region to the next in the index, as many steps as there are regions and not as there are lots."""

SELECT_NUMBERS: Final = """
SELECT id FROM exchange.lot WHERE is_announced AND id >= $1 AND id < $2 ORDER BY id
"""
SELECT_LATEST: Final = "SELECT coalesce(max(id), 0) FROM exchange.lot"


class Found(Struct, frozen=True):
    """One page of a search, and how many lots there are in all.

    Of those that have ended `FOUND_MAX` are counted; `is_more` tells that there are others.
    """

    cards: list[LotCard]
    total: int
    is_more: bool = False


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
        words: terms parted by spaces, all of which a lot has in its title, seller, region, address, code, or in what
            its category and its rulebook are called.
        region: in the region alone.
        price_from, price_to: bounds of the price that is shown, in minor units of `currency`; 0 for none.
        currency: empty for any, or for CNY where there is a bound or an order of prices.
        rulebook: name of the one that lots were published under.
        has_ended: leave out the lots under way.
        ended_from_us, ended_until_us: ended at or after the one and before the other; 0 for no bound. Only lots that
            have ended are found where there is one.
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
    rulebook: str = ""
    has_ended: bool = False
    ended_from_us: TimeUs = 0
    ended_until_us: TimeUs = 0

    @property
    def is_of_ended(self) -> bool:
        """Tell whether lots under way are left out."""
        return self.has_ended or bool(self.ended_from_us or self.ended_until_us)

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
        terms = terms_of(search.words)
        under_way = [] if search.is_of_ended else await self._under_way(search, terms)
        page = [card_of(row, view) for row, view in under_way[search.offset : search.offset + search.limit]]
        if search.state is not None and search.state not in CLOSED_STATES:
            return Found(page, len(under_way))
        conditions = await self._conditions(search, terms)
        offset = max(0, search.offset - len(under_way))
        async with self._database.transaction() as statements:
            await statements.run(FOR_ONE_SEARCH)
            count = await _count(statements, conditions)
            limit = min(search.limit - len(page), FOUND_MAX - offset, count - offset)
            rows = await _closed(statements, conditions, search.order, limit, offset) if limit > 0 else ()
        page += self._cards(rows)
        return Found(page, len(under_way) + min(count, FOUND_MAX), count > FOUND_MAX)

    async def regions(self) -> list[str]:
        """Return the regions that lots lie in, at most `REGIONS_MAX`."""
        return await self._regions(REGIONS_MAX)

    async def numbers(self, first: LotId, last: LotId) -> list[LotId]:
        """Return the numbers of the lots from one to before another, at most as many as there are between."""
        return [row["id"] for row in await self._database.rows(SELECT_NUMBERS, first, last)]

    async def latest(self) -> LotId:
        """Return the highest number of a lot, 0 without any."""
        latest: LotId = await self._database.value(SELECT_LATEST)
        return latest

    def view(self, row: Row) -> LotView | None:
        """Return where the lot stands: what the engine holds, or how it ended."""
        held = self._book.view(row["id"])
        if held is None and row["final_view"] is not None:
            return msgspec.json.decode(row["final_view"], type=LotView)
        return held

    async def _regions(self, most: int) -> list[str]:
        return [row["region"] for row in await self._database.rows(SELECT_REGIONS, most)]

    async def _conditions(self, search: Search, terms: Sequence[str]) -> Conditions:
        """Return what is asked of lots that have ended."""
        conditions = Conditions()
        for term in terms:
            conditions.ask_term(term)
        if search.category is not None:
            conditions.ask("category = {}", search.category.value)
        if search.rulebook:
            conditions.ask("rulebook = {}", search.rulebook)
        if search.state is not None:
            conditions.ask("outcome = {}", search.state.value)
        if region := search.region.strip().casefold():
            meant = [one for one in await self._regions(REGIONS_KNOWN_MAX) if region in one.casefold()]
            conditions.ask("region = ANY({}::text[])", meant)
        if currency := _currency(search):
            conditions.ask("currency = {}", currency)
        for condition, bound in (
            ("final_price >= {}", search.price_from),
            ("final_price <= {}", search.price_to),
            ("closed_at_us >= {}", search.ended_from_us),
            ("closed_at_us < {}", search.ended_until_us),
        ):
            if bound:
                conditions.ask(condition, bound)
        return conditions

    async def _under_way(self, search: Search, terms: Sequence[str]) -> list[tuple[Row, LotView]]:
        rows = await self._rows_under_way()
        seen = ((row, self.view(row)) for row in rows if _is_wanted(row, search, terms))
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
    LotOrder.CHEAPEST: lambda view: (shown_price(view), view.lot),
    LotOrder.DEAREST: lambda view: (-shown_price(view), -view.lot),
}
CLOSED_ORDER: Final = {
    LotOrder.URGENT: "lot.closed_at_us DESC, id DESC",
    LotOrder.NEWEST: "id DESC",
    LotOrder.CHEAPEST: "final_price, id",
    LotOrder.DEAREST: "final_price DESC, id DESC",
}


class Conditions:
    """What is asked of lots that have ended, and the values of it.

    Only what somebody asks for is said, so that the database can choose its way by that.
    """

    def __init__(self) -> None:
        self.values: list[object] = []
        self._said = ["outcome IS NOT NULL"]

    @property
    def text(self) -> str:
        """Return all that is asked, for a statement."""
        return " AND ".join(self._said)

    def ask(self, condition: str, *values: object) -> None:
        """Ask for one more thing; each `{}` stands for a value."""
        first = len(self.values) + 1
        self._said.append(condition.format(*(f"${first + place}" for place in range(len(values)))))
        self.values += values

    def ask_term(self, term: str) -> None:
        """Ask for a term among what a lot is found by; its pairs of signs lead there, the pattern is what counts."""
        self.ask(
            "sought LIKE {} AND exchange.pairs_of_signs(sought) @> {}::text[]",
            containing(term),
            pairs_of(term),
        )


async def _count(statements: Statements, conditions: Conditions) -> int:
    """Count the lots that have ended, as far as one more than is shown."""
    statement = COUNT_CLOSED.format(conditions=conditions.text, most=FOUND_MAX + 1)
    count: int = await statements.value(statement, *conditions.values)
    return count


async def _closed(
    statements: Statements, conditions: Conditions, order: LotOrder, limit: int, offset: int
) -> Sequence[Row]:
    statement = SELECT_CLOSED.format(
        conditions=conditions.text, order=CLOSED_ORDER[order], limit=limit, offset=offset
    )
    return await statements.rows(statement, *conditions.values)


def _currency(search: Search) -> str:
    return search.currency or (COMPARED_IN if search.looks_at_prices else "")


def _is_wanted(row: Row, search: Search, terms: Iterable[str]) -> bool:
    """Tell of a lot under way what `Conditions` ask of those that have ended."""
    if search.category is not None and row["category"] != search.category.value:
        return False
    currency = _currency(search)
    if currency and row["currency"] != currency:
        return False
    if search.region and search.region.strip().casefold() not in row["region"].casefold():
        return False
    if search.rulebook and row["rulebook"] != search.rulebook:
        return False
    return all(term in row["sought"] for term in terms)
