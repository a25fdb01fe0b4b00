"""What the centre's sales come to: sold and passed lots, turnover, premium, bidders, by month, category and region.

Belongs here: adding up lots that have ended. Does not belong here: single lots (`exchange.catalogue`), money that was
paid (`ledger`), charts.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from exchange.database import Database, Row
from exchange.keeping import Kept
from exchange.ports import Clock
from exchange.rulebooks.working_days import CENTRE_TIME

KEPT_SECONDS: Final = 60.0
CURRENCIES_KEPT: Final = 16
MONTHS: Final = 12
"""How many months are added up, the present one included."""

MONTHS_KNOWN_MAX: Final = 240
REGIONS_MAX: Final = 50
ROWS_MAX: Final = 2_000
SELECT_CURRENCIES: Final = """
SELECT currency FROM exchange.ended_lots WHERE NOT is_demo OR $1
 GROUP BY currency ORDER BY sum(sold + passed + withdrawn) DESC LIMIT $2
"""
SELECT_MONTHS: Final = (
    "SELECT DISTINCT month FROM exchange.ended_lots WHERE NOT is_demo OR $1 ORDER BY month DESC LIMIT $2"
)
SELECT_SUMS: Final = """
SELECT grouping(month, category, region) AS level, month, category, region,
       sum(sold) AS sold, sum(passed) AS passed, sum(withdrawn) AS withdrawn, sum(turnover) AS turnover,
       sum(compared_hammer) AS compared_hammer, sum(compared_opening) AS compared_opening, sum(bidders) AS bidders
  FROM exchange.ended_lots
 WHERE currency = $1 AND (NOT is_demo OR $2) AND month >= $3
 GROUP BY GROUPING SETS ((), (month), (category), (region))
HAVING count(*) > 0
 ORDER BY level DESC, sum(sold + passed + withdrawn) DESC
 LIMIT $4
"""
ALL, BY_MONTH, BY_CATEGORY, BY_REGION = 0b111, 0b011, 0b101, 0b110


class Sums(Struct, frozen=True):
    """What some lots came to; amounts are minor units.

    Args:
        key: the month as 2026-11, the category or the region; empty for all together.
        turnover: what the buyers of sold lots owe.
        premium: hundredths of a per cent that hammer prices lie above opening prices, where prices rise and one
            bidder won; None without such a lot.
        bidders: admitted, of lots that were not withdrawn.
    """

    key: str
    sold: int = 0
    passed: int = 0
    withdrawn: int = 0
    turnover: int = 0
    premium: int | None = None
    bidders: int = 0

    @property
    def decided(self) -> int:
        """Return how many lots were sold or passed."""
        return self.sold + self.passed

    @property
    def pass_rate(self) -> int:
        """Return the share of decided lots that found no buyer, in hundredths of a per cent."""
        return 0 if not self.decided else round(self.passed * 10_000 / self.decided)

    @property
    def bidders_a_lot(self) -> float:
        """Return the mean number of bidders."""
        return 0.0 if not self.decided else self.bidders / self.decided


class Figures(Struct, frozen=True):
    """The sums of one currency over twelve months: months in their order, the rest with the most lots first."""

    currency: str
    since_month: str
    total: Sums
    by_month: tuple[Sums, ...]
    by_category: tuple[Sums, ...]
    by_region: tuple[Sums, ...]


class Statistics:
    """Sums over PostgreSQL, at most a minute old.  Methods raise StoreUnavailable."""

    def __init__(self, pool: Any, clock: Clock, *, with_demo: bool) -> None:
        """Take a pool that the caller opens and closes, and whether lots of the demonstration count."""
        self._database = Database(pool)
        self._clock = clock
        self._with_demo = with_demo
        self._figures: Kept[Figures] = Kept(KEPT_SECONDS, CURRENCIES_KEPT)
        self._currencies: Kept[tuple[str, ...]] = Kept(KEPT_SECONDS, 1)
        self._months: Kept[tuple[str, ...]] = Kept(KEPT_SECONDS, 1)

    async def figures(self, currency: str = "CNY") -> Figures:
        """Return the sums of lots sold in one currency."""
        return await self._figures.get(currency, lambda: self._add_up(currency))

    async def currencies(self) -> tuple[str, ...]:
        """Return the currencies in which lots have ended, the most used first."""
        return await self._currencies.get((), self._used)

    async def months(self) -> tuple[str, ...]:
        """Return the months in which lots have ended, as 2026-11, the latest first, at most `MONTHS_KNOWN_MAX`."""
        return await self._months.get((), self._ended)

    async def _ended(self) -> tuple[str, ...]:
        rows = await self._database.rows(SELECT_MONTHS, self._with_demo, MONTHS_KNOWN_MAX)
        return tuple(row["month"] for row in rows)

    async def _used(self) -> tuple[str, ...]:
        rows = await self._database.rows(SELECT_CURRENCIES, self._with_demo, CURRENCIES_KEPT)
        return tuple(row["currency"] for row in rows)

    async def _add_up(self, currency: str) -> Figures:
        months = last_months(datetime.fromtimestamp(self._clock.now_us() / 1_000_000, CENTRE_TIME), MONTHS)
        rows = await self._database.rows(SELECT_SUMS, currency, self._with_demo, months[0], ROWS_MAX)
        found = {sums.key: sums for sums in _of_level(rows, BY_MONTH, "month")}
        totals = list(_of_level(rows, ALL, ""))
        return Figures(
            currency=currency,
            since_month=months[0],
            total=totals[0] if totals else Sums(""),
            by_month=tuple(found.get(month, Sums(month)) for month in months),
            by_category=tuple(_of_level(rows, BY_CATEGORY, "category")),
            by_region=tuple(_of_level(rows, BY_REGION, "region"))[:REGIONS_MAX],
        )


def last_months(now: datetime, count: int) -> list[str]:
    """Return so many months up to that of a moment, as 2026-11, the earliest first."""
    last = now.year * 12 + now.month - 1
    return [f"{month // 12:04d}-{month % 12 + 1:02d}" for month in range(last - count + 1, last + 1)]


def _of_level(rows: Iterable[Row], level: int, key: str) -> list[Sums]:
    return [_sums(row, row[key] if key else "") for row in rows if row["level"] == level]


def _sums(row: Row, key: str) -> Sums:
    opening, hammer = int(row["compared_opening"]), int(row["compared_hammer"])
    return Sums(
        key=key,
        sold=int(row["sold"]),
        passed=int(row["passed"]),
        withdrawn=int(row["withdrawn"]),
        turnover=int(row["turnover"]),
        premium=round((hammer - opening) * 10_000 / opening) if opening else None,
        bidders=int(row["bidders"]),
    )
