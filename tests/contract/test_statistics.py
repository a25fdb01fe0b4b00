"""Sums over lots that have ended, and the days of lots, over a real database."""

from __future__ import annotations

from exchange.categories import Category
from exchange.lot_calendar import LotCalendar, Occasion
from exchange.statistics import MONTHS, Statistics, Sums
from matching.commands import HammerLot, OpenLot
from tests.floor import HOST, START_US
from tests.procedure import Procedure

HOUR_US = 3_600_000_000


async def ended_lots(procedure: Procedure) -> None:
    """Two lots are sold, one passes, one is withdrawn, one is sold for dollars, one of the demo is sold."""
    anna = await procedure.bidder("anna")
    forest = {"category": Category.FOREST, "region": "大理州"}
    for price, fields in (
        (100, {}),
        (250, forest),
        (700, {"currency": "USD"}),
        (900, {"is_demo": True}),
    ):
        lot = await procedure.publish(0, **fields)
        await procedure.admitted(lot, anna)
        await procedure.sold(lot, anna, price)
    passed = await procedure.publish(0, **forest)
    await procedure.floor.give(OpenLot(passed, HOST))
    await procedure.floor.give(HammerLot(passed, HOST))
    await procedure.withdrawn(await procedure.publish(0))
    await procedure.settlement.settle_due()


async def test_sums_are_told_of_all_of_each_month_category_and_region(procedure: Procedure) -> None:
    statistics = Statistics(procedure.pool, procedure.floor.clock, with_demo=False)
    empty = await Statistics(procedure.pool, procedure.floor.clock, with_demo=False).figures()
    assert empty.total == Sums("") and len(empty.by_month) == MONTHS and empty.by_category == ()
    await ended_lots(procedure)
    figures = await statistics.figures()
    total = Sums("", sold=2, passed=1, withdrawn=1, turnover=350, premium=7_500, bidders=2)
    assert figures.total == total
    assert (total.pass_rate, round(total.bidders_a_lot, 2)) == (3_333, 0.67)
    assert [sums.sold for sums in figures.by_month] == [0] * (MONTHS - 1) + [2]
    forest = Sums("forest", sold=1, passed=1, turnover=250, premium=15_000, bidders=1)
    assert {sums.key: sums for sums in figures.by_category}["forest"] == forest
    assert {sums.key: sums.sold for sums in figures.by_region} == {"大理州": 1, "": 1}
    assert (await statistics.figures("USD")).total.turnover == 700
    assert await statistics.currencies() == ("CNY", "USD")
    with_demo = Statistics(procedure.pool, procedure.floor.clock, with_demo=True)
    assert (await with_demo.figures()).total.turnover == 1_250
    assert await with_demo.months() == (figures.by_month[-1].key,)


async def test_sums_that_grew_with_each_end_are_those_of_all_lots_together(procedure: Procedure) -> None:
    await ended_lots(procedure)
    grown = await procedure.pool.fetch("SELECT * FROM exchange.ended_lots ORDER BY 1, 2, 3, 4, 5")
    await procedure.pool.execute("SELECT exchange.add_up_ended_lots()")
    assert grown == await procedure.pool.fetch("SELECT * FROM exchange.ended_lots ORDER BY 1, 2, 3, 4, 5")
    assert sum(row["sold"] + row["passed"] + row["withdrawn"] for row in grown) == 6


async def test_the_calendar_holds_openings_deadlines_and_ends(procedure: Procedure) -> None:
    calendar = LotCalendar(procedure.pool, procedure.floor.engine)
    anna = await procedure.bidder("anna")
    sold = await procedure.publish(0, category=Category.VEHICLE)
    await procedure.admitted(sold, anna)
    await procedure.sold(sold, anna, 100)
    await procedure.settlement.settle_due()
    coming = await procedure.publish(
        opens_at_us=START_US + 2 * HOUR_US, deposit_by_us=START_US + HOUR_US, title_en="Plot 7"
    )
    running = await procedure.publish(0)
    await procedure.floor.give(OpenLot(running, HOST))

    async def found(
        hours_from: int, hours_until: int, category: Category | None = None
    ) -> list[tuple[int, str]]:
        dated = await calendar.between(
            START_US + hours_from * HOUR_US, START_US + hours_until * HOUR_US, category
        )
        return [(one.lot, one.occasion.value) for one in dated.events]

    day = [
        (sold, Occasion.ENDED),
        (coming, Occasion.DEPOSIT),
        (running, Occasion.ENDS),
        (coming, Occasion.OPENS),
    ]
    assert await found(0, 24) == day
    assert await found(0, 24, Category.VEHICLE) == [(sold, Occasion.ENDED)]
    assert await found(2, 24) == [(coming, Occasion.OPENS)]
    assert await found(24, 48) == []
