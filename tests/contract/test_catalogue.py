"""Publishing and finding lots over a real database and an engine in memory."""

from __future__ import annotations

import pytest

from exchange.catalogue import CodeTaken, TermsInvalid
from exchange.categories import Category
from exchange.lot_search import Found, LotOrder, Search
from exchange.people import Account
from exchange.ports import Answer, Busy
from gateways.portal.phrases import PHRASES
from matching.commands import Command, OpenLot, PauseLot
from matching.events import LotAnnounced
from matching.increments import fixed
from matching.lot import LotState
from tests.floor import HOST, START_US, Floor, terms
from tests.procedure import Fuse, Killed, Procedure, new_lot

YEAR = 2027
"""Of the simulated clock, at the centre."""


class BusyBus:
    """An engine that takes nothing."""

    def post(self, command_id: str, command: Command, reply: object) -> None:
        """Take nothing."""
        raise Busy(command_id)

    async def submit(self, command_id: str, command: Command) -> Answer:
        """Take nothing."""
        raise Busy(command_id)


def names(found: Found) -> list[str]:
    return [card.title.en for card in found.cards]


async def test_a_published_lot_is_announced_with_a_code_and_its_reserve_stays_secret(
    procedure: Procedure,
) -> None:
    lot = await procedure.publish(reserve_price=900, region="大理")
    sheet = await procedure.catalogue.get(lot)
    assert sheet is not None
    assert (sheet.card.code, sheet.card.region) == (f"LC-{YEAR}-{lot:06d}", "大理")
    assert sheet.card.view.state is LotState.ANNOUNCED and sheet.card.view.has_reserve
    assert sheet.terms == terms(host_may_hammer=True, fair_warnings_min=0)
    held = procedure.engine.lot(lot)
    assert held is not None and held.reserve_price == 900


async def test_terms_that_make_no_sense_are_listed_and_nothing_is_made(procedure: Procedure) -> None:
    with pytest.raises(TermsInvalid) as refused:
        await procedure.publish(reserve_price=50, resume_countdown_us=0)
    assert len(refused.value.problems) == 2
    with pytest.raises(TermsInvalid):
        await procedure.publish(currency="XAU")
    assert await procedure.pool.fetchval("SELECT count(*) FROM exchange.lot") == 0


async def test_a_code_belongs_to_one_lot(procedure: Procedure) -> None:
    await procedure.publish(code="PLOT-7")
    with pytest.raises(CodeTaken):
        await procedure.publish(code="PLOT-7")
    assert (await procedure.catalogue.search(Search())).total == 1


async def test_a_lot_that_the_engine_could_not_take_is_announced_later_once(procedure: Procedure) -> None:
    stuck = Procedure(procedure.pool, procedure.floor, bus=BusyBus())
    lot = await stuck.publish()
    assert await stuck.catalogue.get(lot) is None
    assert (await stuck.catalogue.search(Search())).total == 0
    with pytest.raises(Busy):
        await stuck.catalogue.announce_missing()
    assert await procedure.catalogue.announce_missing() == 1
    assert await procedure.catalogue.announce_missing() == 0
    sheet = await procedure.catalogue.get(lot)
    assert sheet is not None and sheet.card.view.state is LotState.ANNOUNCED


@pytest.mark.parametrize("is_after", [False, True])
@pytest.mark.parametrize("operations", range(4))
async def test_a_crash_while_publishing_is_mended_at_the_next_start(
    procedure: Procedure, operations: int, is_after: bool
) -> None:
    with pytest.raises(Killed):
        await procedure.dying(Fuse(operations, is_after=is_after)).publish()
    is_entered = await procedure.pool.fetchval("SELECT count(*) FROM exchange.lot")
    await procedure.catalogue.announce_missing()
    assert (await procedure.catalogue.search(Search())).total == is_entered
    rows = await procedure.floor.journal.read_from(0, 100)
    assert len([row for row in rows if isinstance(row.event, LotAnnounced)]) == is_entered


async def test_a_lot_that_ran_and_ended_before_its_row_was_marked_is_not_announced_anew(
    procedure: Procedure,
) -> None:
    with pytest.raises(Killed):
        await procedure.dying(Fuse(2, is_after=True)).publish()
    lot = await procedure.pool.fetchval("SELECT id FROM exchange.lot")
    await procedure.withdrawn(lot)
    after = procedure.restarted(procedure.floor.successor())
    async with after.floor.running():
        assert await after.catalogue.announce_missing() == 1
    assert len(await procedure.floor.journal.read_lot(lot, 0, 100)) == 2


async def test_lots_under_way_come_first_then_the_closed_latest_first(
    procedure: Procedure,
) -> None:
    bidder = await procedure.bidder("anna")
    lots = {}
    for name in ("later", "sooner", "open", "frozen", "closed first", "closed last"):
        opens_in = {"later": 9, "sooner": 5}.get(name, 0)
        lots[name] = await procedure.publish(
            0, title_en=name, opens_at_us=START_US + opens_in * 3_600_000_000 if opens_in else 0
        )
    await procedure.floor.give(OpenLot(lots["open"], HOST))
    await procedure.floor.give(OpenLot(lots["frozen"], HOST))
    await procedure.floor.give(PauseLot(lots["frozen"], HOST, "a fault"))
    for name in ("closed first", "closed last"):
        await _sold(procedure, lots[name], bidder)
        procedure.floor.clock.advance(1)
    await procedure.settlement.settle_due()
    found = await procedure.catalogue.search(Search())
    assert names(found) == ["open", "frozen", "sooner", "later", "closed last", "closed first"]
    assert found.total == 6
    pages = [await procedure.catalogue.search(Search(limit=2, offset=offset)) for offset in (0, 2, 4, 6)]
    assert [name for page in pages for name in names(page)] == names(found)
    assert [page.total for page in pages] == [6, 6, 6, 6]
    middle = await procedure.catalogue.search(Search(limit=3, offset=3))
    assert names(middle) == ["later", "closed last", "closed first"]


async def test_lots_are_found_by_state_category_and_words(procedure: Procedure) -> None:
    bidder = await procedure.bidder("anna")
    sold = await procedure.publish(0, title_en="Red car", title_zh="红色轿车", category=Category.VEHICLE)
    await procedure.publish(0, title_en="Blue car", seller_en="100% Court", category=Category.VEHICLE)
    await procedure.publish(0, title_en="Forest", region="大理州", category=Category.FOREST)
    await _sold(procedure, sold, bidder)

    async def found(**wanted: object) -> list[str]:
        return sorted(names(await procedure.catalogue.search(Search(**wanted))))  # type: ignore[arg-type]

    for _ in range(2):
        assert await found(state=LotState.SOLD) == ["Red car"]
        assert await found(state=LotState.ANNOUNCED) == ["Blue car", "Forest"]
        assert await found(state=LotState.PASSED) == []
        assert await found(words="CAR") == ["Blue car", "Red car"]
        assert await found(words="轿车") == ["Red car"]
        assert await found(words="大理") == ["Forest"]
        assert await found(words="100%") == ["Blue car"]
        assert await found(words="1_0") == await found(words="\\") == []
        assert await found(words="car", state=LotState.SOLD) == ["Red car"]
        await procedure.settlement.settle_due()
    assert names(await procedure.catalogue.search(Search(category=Category.FOREST))) == ["Forest"]


async def test_words_of_chinese_are_found_within_words_and_every_term_counts(procedure: Procedure) -> None:
    bidder = await procedure.bidder("anna")
    car = await procedure.publish(
        0,
        title_zh="昆明市滇池路小型轿车（云Ａ）",
        title_en="Sedan",
        category=Category.VEHICLE,
        region="昆明市 / Kunming",
    )
    await procedure.publish(
        0, title_zh="大理市下关地块", title_en="Plot", category=Category.LAND, region="大理州 / Dali"
    )

    async def found(words: str, **wanted: object) -> list[str]:
        return sorted(names(await procedure.catalogue.search(Search(words=words, **wanted))))  # type: ignore[arg-type]

    for is_closed in (False, True):
        if is_closed:
            await _sold(procedure, car, bidder)
            await procedure.settlement.settle_due()
        for words in (
            "轿车",
            "轿",
            "滇池路",
            "昆明 轿车",
            "轿车　kunming",
            "云a",
            "ＳＥＤＡＮ",
            "汽车",
            f"{car:06d}",
        ):
            assert await found(words) == ["Sedan"], words
        for words in ("轿车 大理", "池车", "jiaoche", "车轿"):
            assert await found(words) == [], words
        assert await found("土地") == ["Plot"]
        assert await found("市") == ["Plot", "Sedan"]
        assert await found("", region="kunming") == await found("", region="昆明市 / Kunming") == ["Sedan"]


async def test_lots_that_have_ended_are_found_by_when_they_did(procedure: Procedure) -> None:
    bidder = await procedure.bidder("anna")
    lot = await procedure.publish(0)
    await procedure.publish(0)
    await _sold(procedure, lot, bidder)
    await procedure.settlement.settle_due()
    ended_us = (await procedure.catalogue.search(Search(state=LotState.SOLD))).cards[0].closed_at_us
    for from_us, until_us, count in (
        (ended_us, ended_us + 1, 1),
        (ended_us + 1, 0, 0),
        (0, ended_us, 0),
        (1, 0, 1),
    ):
        found = await procedure.catalogue.search(Search(ended_from_us=from_us, ended_until_us=until_us))
        assert found.total == len(found.cards) == count


async def test_every_category_is_found_by_what_the_public_pages_call_it(procedure: Procedure) -> None:
    for category in Category:
        words = await procedure.pool.fetchval("SELECT exchange.words_of_category($1)", category.value)
        if category is not Category.OTHER:
            assert all(name.lower() in words for name in PHRASES[f"category_{category}"]), category


async def test_lots_are_found_by_region_and_price_within_one_currency_and_ordered_by_price(
    procedure: Procedure,
) -> None:
    bidder = await procedure.bidder("anna")
    for name, price, currency in (("low", 200, "CNY"), ("high", 900, "CNY"), ("dollars", 500, "USD")):
        await procedure.publish(0, title_en=name, opening_price=price, currency=currency, region=f"{name} 州")
    sold = await procedure.publish(0, title_en="sold", region="low 州")
    await _sold(procedure, sold, bidder)

    async def found(**wanted: object) -> list[str]:
        page = await procedure.catalogue.search(Search(**wanted))  # type: ignore[arg-type]
        assert page.total == len(page.cards)
        return names(page)

    for cheap in (["sold", "low"], ["low", "sold"]):
        assert sorted(await found(region="low")) == ["low", "sold"]
        assert await found(price_from=200) == await found(price_from=200, currency="CNY") == ["high", "low"]
        assert await found(price_to=200, order=LotOrder.CHEAPEST) == cheap
        assert await found(price_from=201, price_to=800) == []
        assert await found(price_from=201, price_to=800, currency="USD") == ["dollars"]
        await procedure.settlement.settle_due()
    assert await found(order=LotOrder.DEAREST) == ["high", "low", "sold"]
    assert await found(order=LotOrder.CHEAPEST) == ["low", "high", "sold"]
    assert await found(order=LotOrder.NEWEST, currency="USD") == ["dollars"]
    assert await procedure.catalogue.regions() == ["dollars 州", "high 州", "low 州"]


async def test_a_closed_lot_is_shown_as_it_ended_also_when_the_engine_does_not_hold_it(
    procedure: Procedure,
) -> None:
    bidder = await procedure.bidder("anna")
    lot = await procedure.publish(0)
    await _sold(procedure, lot, bidder)
    await procedure.settlement.settle_due()
    before = await procedure.catalogue.get(lot)
    after = procedure.restarted(Floor())
    assert await after.catalogue.get(lot) == before
    assert before is not None and before.card.view.hammer_price == 100
    assert (await after.catalogue.search(Search(state=LotState.SOLD))).cards == [before.card]


async def test_the_step_table_survives_the_way_through_the_database(procedure: Procedure) -> None:
    lot = await procedure.publish(increments=fixed(2_500))
    sheet = await procedure.catalogue.get(lot)
    assert sheet is not None and sheet.terms == new_lot(increments=fixed(2_500)).terms
    titles = await procedure.catalogue.titles([lot, 999])
    assert {key: title.title.zh for key, title in titles.items()} == {lot: "地块"}


async def _sold(procedure: Procedure, lot: int, bidder: Account) -> None:
    await procedure.admitted(lot, bidder)
    await procedure.sold(lot, bidder, 100)
