"""The days that matter of lots: when they open, until when deposits may arrive, when they end.

Belongs here: finding them in a stretch of time. Does not belong here: months, weeks and files (`gateways.portal`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct

from exchange.categories import Category
from exchange.database import Database, Row
from exchange.ports import LotBook
from exchange.texts import BothLanguages
from matching.lot import LotState
from matching.units import LotId, TimeUs

LOTS_MAX: Final = 1_000
SELECT_DATED: Final = """
WITH dated AS (
    (SELECT id FROM exchange.lot WHERE outcome IS NULL AND is_announced AND ($3::text IS NULL OR category = $3)
      ORDER BY id DESC LIMIT $4)
    UNION
    (SELECT id FROM exchange.lot WHERE outcome IS NOT NULL AND closed_at_us >= $1 AND closed_at_us < $2
        AND ($3::text IS NULL OR category = $3) ORDER BY closed_at_us DESC LIMIT $4)
    UNION
    (SELECT id FROM exchange.lot WHERE deposit_by_us > 0 AND deposit_by_us >= $1 AND deposit_by_us < $2
        AND is_announced AND ($3::text IS NULL OR category = $3) ORDER BY deposit_by_us DESC LIMIT $4)
    UNION
    (SELECT id FROM exchange.lot WHERE opens_at_us > 0 AND opens_at_us >= $1 AND opens_at_us < $2
        AND is_announced AND ($3::text IS NULL OR category = $3) ORDER BY opens_at_us DESC LIMIT $4)
)
SELECT id, code, category, title_zh, title_en, deposit_by_us, outcome, coalesce(closed_at_us, 0) AS closed_at_us,
       opens_at_us
  FROM exchange.lot JOIN dated USING (id)
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


class Dates(Struct, frozen=True):
    """What happens in a stretch of time, in order; `is_whole` unless there are more lots than are looked at."""

    events: Sequence[Dated]
    is_whole: bool


class LotCalendar:
    """Dates over PostgreSQL and the lots that the engine holds.  Methods raise StoreUnavailable."""

    def __init__(self, pool: Any, book: LotBook) -> None:
        """Take a pool that the caller opens and closes, and the engine's lots."""
        self._database = Database(pool)
        self._book = book

    async def between(self, from_us: TimeUs, until_us: TimeUs, category: Category | None = None) -> Dates:
        """Return what happens from one moment to before another, of the latest `LOTS_MAX` lots.

        Lots that are opened by hand have no day, nor have those that a host hammers an end; of a lot that was taken out
        of sale, nothing happens any more after that.
        """
        wanted = None if category is None else category.value
        rows = await self._database.rows(SELECT_DATED, from_us, until_us, wanted, LOTS_MAX)
        found = (dated for row in rows for dated in self._dates(row) if from_us <= dated.at_us < until_us)
        return Dates(sorted(found, key=lambda dated: (dated.at_us, dated.lot)), len(rows) < LOTS_MAX)

    def _dates(self, row: Row) -> Iterator[Dated]:
        outcome = None if row["outcome"] is None else LotState(row["outcome"])
        view = self._book.view(row["id"])
        moments = [(row["opens_at_us"], Occasion.OPENS), (row["deposit_by_us"], Occasion.DEPOSIT)]
        if outcome is not None:
            moments.append((row["closed_at_us"], Occasion.ENDED))
        elif view is not None:
            moments.append((view.ends_at_us, Occasion.ENDS))
        title = BothLanguages(row["title_zh"], row["title_en"])
        ended_at_us = row["closed_at_us"] if outcome is not None else 0
        for at_us, occasion in moments:
            if at_us and (not ended_at_us or at_us <= ended_at_us):
                yield Dated(
                    at_us, occasion, row["id"], row["code"], Category(row["category"]), title, outcome
                )
