"""The days that matter of lots: when they open, until when deposits may arrive, when they end.

Belongs here: finding them in a stretch of time. Does not belong here: months, weeks and files (`gateways.portal`).
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct

from exchange.categories import Category
from exchange.database import Database, Row
from exchange.ports import LotBook
from exchange.texts import BothLanguages
from matching.lot import LotState
from matching.units import LotId, TimeUs

EVENTS_MAX: Final = 2_000
SELECT_DATED: Final = """
SELECT id, code, category, title_zh, title_en, deposit_by_us, outcome, coalesce(closed_at_us, 0) AS closed_at_us,
       coalesce((terms->>'opens_at_us')::bigint, 0) AS opens_at_us
  FROM exchange.lot
 WHERE is_announced AND ($3::text IS NULL OR category = $3)
   AND (outcome IS NULL OR closed_at_us >= $1 AND closed_at_us < $2
        OR deposit_by_us >= $1 AND deposit_by_us < $2
        OR (terms->>'opens_at_us')::bigint >= $1 AND (terms->>'opens_at_us')::bigint < $2)
 ORDER BY id DESC LIMIT $4
"""


class Occasion(StrEnum):
    """What happens to a lot at a moment."""

    OPENS = "opens"
    DEPOSIT = "deposit"
    """Deposits may arrive until then."""
    ENDS = "ends"
    """The end as it stands now; a bid may move it."""
    ENDED = "ended"


class Dated(Struct, frozen=True):
    """Something that happens to a lot, and when; `outcome` is there once it has ended."""

    at_us: TimeUs
    occasion: Occasion
    lot: LotId
    code: str
    category: Category
    title: BothLanguages
    outcome: LotState | None


class LotCalendar:
    """Dates over PostgreSQL and the lots that the engine holds.  Methods raise StoreUnavailable."""

    def __init__(self, pool: Any, book: LotBook) -> None:
        """Take a pool that the caller opens and closes, and the engine's lots."""
        self._database = Database(pool)
        self._book = book

    async def between(
        self, from_us: TimeUs, until_us: TimeUs, category: Category | None = None
    ) -> list[Dated]:
        """Return what happens from one moment to before another, in order, of the latest `EVENTS_MAX` lots.

        Lots that are opened by hand have no day, nor have those that a host hammers an end.
        """
        wanted = None if category is None else category.value
        rows = await self._database.rows(SELECT_DATED, from_us, until_us, wanted, EVENTS_MAX)
        found = (dated for row in rows for dated in self._dates(row) if from_us <= dated.at_us < until_us)
        return sorted(found, key=lambda dated: (dated.at_us, dated.lot))

    def _dates(self, row: Row) -> Iterator[Dated]:
        outcome = None if row["outcome"] is None else LotState(row["outcome"])
        view = self._book.view(row["id"])
        moments = [(row["opens_at_us"], Occasion.OPENS), (row["deposit_by_us"], Occasion.DEPOSIT)]
        if outcome is not None:
            moments.append((row["closed_at_us"], Occasion.ENDED))
        elif view is not None:
            moments.append((view.ends_at_us, Occasion.ENDS))
        title = BothLanguages(row["title_zh"], row["title_en"])
        for at_us, occasion in moments:
            if at_us:
                yield Dated(
                    at_us, occasion, row["id"], row["code"], Category(row["category"]), title, outcome
                )
