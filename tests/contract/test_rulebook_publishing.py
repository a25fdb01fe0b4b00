"""Publishing under rulebooks, and selling again what passed, over a real database and an engine in memory."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from exchange.catalogue import (
    AgainstRulebook,
    AlreadyRelisted,
    Catalogue,
    NotPassed,
    RulebookUnknown,
    TermsInvalid,
)
from exchange.categories import Category
from exchange.lot_sheets import NewLot
from exchange.relisting import Relisting
from exchange.rulebooks.drafting import Subject, drafted, sample_subject
from exchange.rulebooks.library import Library, library, shipped
from exchange.rulebooks.parameters import Earlier
from exchange.rulebooks.reading import read_rulebook
from exchange.rulebooks.rulebook import Rulebook
from matching.commands import OpenLot
from matching.lot import LotState
from matching.terms import DAY_US
from tests.floor import HOST
from tests.procedure import Procedure, relist
from tests.unit.test_rulebook_reading import GOOD


def rulebook(name: str) -> Rulebook:
    found = shipped().get(name)
    assert found is not None
    return found


def subject(rules: Rulebook, procedure: Procedure, earlier: Earlier | None = None) -> Subject:
    """Return the rulebook's sample thing, to be published now."""
    given = sample_subject(rules)
    return structs.replace(given, now_us=procedure.floor.clock.now_us(), earlier=earlier or given.earlier)


def new_lot(rules: Rulebook, thing: Subject, **changes: Any) -> NewLot:
    draft = drafted(rules, thing)
    lot = NewLot(
        category=draft.category,
        title_zh="标的",
        title_en="Lot",
        terms=draft.terms,
        deposit=draft.deposit,
        rulebook=rules.name,
        valuation=draft.valuation,
        commission=draft.commission,
    )
    return structs.replace(lot, **changes)


async def passed_lot(procedure: Procedure, rules: Rulebook, thing: Subject, **changes: Any) -> int:
    """Publish a lot, let nobody bid, and settle."""
    lot = await procedure.catalogue.publish(new_lot(rules, thing, **changes), HOST)
    await procedure.floor.give(OpenLot(lot, HOST))
    ends_at_us = (await state(procedure, lot)).ends_at_us
    await procedure.floor.pass_time(ends_at_us - procedure.floor.clock.now_us())
    assert (await state(procedure, lot)).state is LotState.PASSED
    await procedure.settlement.settle_due()
    return lot


async def state(procedure: Procedure, lot: int) -> Any:
    return await procedure.engine.load(lot)


async def test_the_default_lot_of_every_rulebook_is_published(procedure: Procedure) -> None:
    for rules in shipped().all():
        thing, earlier = await with_earlier_sale(procedure, rules)
        lot = await procedure.catalogue.publish(new_lot(rules, thing, relisted_from=earlier), HOST)
        sheet = await procedure.catalogue.get(lot)
        assert sheet is not None and sheet.card.view.state is LotState.ANNOUNCED, rules.name
        assert (sheet.rules.rulebook, sheet.rules.rulebook_digest) == (rules.name, rules.digest)
        assert sheet.rules.rulebook_title == rules.title
        assert sheet.rules.notice_at_us == procedure.floor.clock.now_us()
        assert sheet.rules.relisted_from == earlier


async def with_earlier_sale(procedure: Procedure, rules: Rulebook) -> tuple[Subject, int]:
    """Return the rulebook's sample thing, after the sale that passed where there has to be one, and that lot."""
    thing = subject(rules, procedure)
    if thing.earlier is None:
        return thing, 0
    price = thing.earlier.opening_price
    before = structs.replace(thing, opening_price=price, valuation=price, earlier=None)
    lot = await passed_lot(procedure, rulebook("judicial-first"), before)
    return subject(rules, procedure, (await procedure.catalogue.passed(lot)).sale), lot


async def test_a_lot_that_breaks_its_rulebook_is_refused_with_the_articles_and_nothing_is_made(
    procedure: Procedure,
) -> None:
    rules = rulebook("judicial-first")
    thing = subject(rules, procedure)
    terms = structs.replace(new_lot(rules, thing).terms, opens_at_us=thing.now_us + 10 * DAY_US)
    bad = new_lot(rules, thing, deposit=175_000_00, terms=terms)
    with pytest.raises(AgainstRulebook) as refused:
        await procedure.catalogue.publish(bad, HOST)
    told = [(one.parameter, one.given.en, one.article.zh) for one in refused.value.violations]
    assert told == [
        ("notice", "10 days", "法释〔2016〕18号第12条（不动产或其他财产权）"),
        ("deposit", "25 % of the opening price (175,000 yuan)", "法释〔2016〕18号第17条"),
    ]
    with pytest.raises(TermsInvalid):
        await procedure.catalogue.publish(
            structs.replace(bad, terms=structs.replace(terms, reserve_price=1)), HOST
        )
    with pytest.raises(RulebookUnknown):
        await procedure.catalogue.publish(structs.replace(bad, rulebook="nobody-knows"), HOST)
    assert await procedure.pool.fetchval("SELECT count(*) FROM exchange.lot") == 0


async def test_a_lot_without_a_rulebook_is_held_to_none(procedure: Procedure) -> None:
    lot = await procedure.publish(opens_at_us=0)
    sheet = await procedure.catalogue.get(lot)
    assert sheet is not None
    assert (sheet.rules.rulebook, sheet.rules.rulebook_title) == ("", None)


async def test_a_centres_own_rulebook_binds_like_ours(procedure: Procedure) -> None:
    own = read_rulebook(GOOD)
    catalogue = Catalogue(
        procedure.pool, procedure.engine, procedure.bus, procedure.floor.clock, Library({own.name: own})
    )
    thing = subject(own, procedure)
    lot = await catalogue.publish(new_lot(own, thing), HOST)
    sheet = await catalogue.get(lot)
    assert sheet is not None and sheet.rules.rulebook_title == own.title
    with pytest.raises(AgainstRulebook, match="art. 1"):
        await catalogue.publish(new_lot(own, thing, deposit=0), HOST)
    without = await procedure.catalogue.get(lot)
    assert without is not None and without.rules.rulebook_title is None
    assert library(None).get(own.name) is None


async def test_what_passed_is_sold_again_at_the_legal_reduction(procedure: Procedure) -> None:
    first = rulebook("judicial-first")
    lot = await passed_lot(procedure, first, subject(first, procedure), deposit=140_000_00)
    now_us = procedure.floor.clock.now_us()
    again = await relist(procedure.catalogue, lot, Relisting(), HOST, now_us)
    sheet = await procedure.catalogue.get(again)
    assert sheet is not None
    assert sheet.terms.opening_price == 560_000_00 and sheet.card.deposit == 112_000_00
    assert (sheet.rules.rulebook, sheet.rules.relisted_from) == ("judicial-second", lot)
    assert (sheet.terms.opens_at_us - now_us) // DAY_US == 15
    assert sheet.card.title.en == "Lot" and sheet.rules.valuation == 1_000_000_00
    with pytest.raises(AlreadyRelisted):
        await relist(procedure.catalogue, lot, Relisting(), HOST, now_us)
    await procedure.withdrawn(again)
    await procedure.settlement.settle_due()
    assert await relist(procedure.catalogue, lot, Relisting(), HOST, now_us) > again


async def test_a_reduction_of_thirty_percent_is_refused_with_its_article(procedure: Procedure) -> None:
    first = rulebook("judicial-first")
    lot = await passed_lot(procedure, first, subject(first, procedure))
    lower = Relisting(opening_price=490_000_00)
    with pytest.raises(AgainstRulebook) as refused:
        await relist(procedure.catalogue, lot, lower, HOST, procedure.floor.clock.now_us())
    (found,) = refused.value.violations
    assert (found.parameter, found.given.zh, found.allowed.zh) == (
        "reduction",
        "30%",
        "不低于 0%，不高于 20%",
    )
    assert found.article.zh == "法释〔2016〕18号第26条"


async def test_after_the_second_sale_comes_the_sell_off_with_a_programme_of_its_own(
    procedure: Procedure,
) -> None:
    first = rulebook("judicial-first")
    lot = await passed_lot(procedure, first, subject(first, procedure))
    second = await relist(procedure.catalogue, lot, Relisting(), HOST, procedure.floor.clock.now_us())
    await procedure.floor.give(OpenLot(second, HOST))
    ends_at_us = (await state(procedure, second)).ends_at_us
    await procedure.floor.pass_time(ends_at_us - procedure.floor.clock.now_us())
    await procedure.settlement.settle_due()
    third = await relist(procedure.catalogue, second, Relisting(), HOST, procedure.floor.clock.now_us())
    sheet = await procedure.catalogue.get(third)
    assert sheet is not None and sheet.rules.rulebook == "judicial-selloff"
    assert [type(one).__name__ for one in sheet.terms.programme] == ["SellOffTerms", "EnglishTerms"]
    assert sheet.terms.opening_price == sheet.card.deposit == 560_000_00


async def test_only_what_passed_is_sold_again(procedure: Procedure) -> None:
    bidder = await procedure.bidder("anna")
    lot = await procedure.publish(0)
    now_us = procedure.floor.clock.now_us()
    for unsold in (lot, 999):
        with pytest.raises(NotPassed):
            await relist(procedure.catalogue, unsold, Relisting(), HOST, now_us)
    await procedure.admitted(lot, bidder)
    await procedure.sold(lot, bidder, 100)
    await procedure.settlement.settle_due()
    with pytest.raises(NotPassed):
        await relist(procedure.catalogue, lot, Relisting(), HOST, now_us)


async def test_a_lot_without_rulebook_is_sold_again_as_it_was(procedure: Procedure) -> None:
    lot = await procedure.publish(500, reserve_price=900, category=Category.VEHICLE, duration_us=DAY_US)
    await procedure.floor.give(OpenLot(lot, HOST))
    await procedure.floor.pass_time(DAY_US)
    await procedure.settlement.settle_due()
    now_us = procedure.floor.clock.now_us()
    again = await relist(procedure.catalogue, lot, Relisting(opening_price=50), HOST, now_us)
    sheet = await procedure.catalogue.get(again)
    assert sheet is not None
    assert (sheet.terms.opening_price, sheet.card.deposit, sheet.card.view.has_reserve) == (50, 250, False)
    assert sheet.card.category is Category.VEHICLE and sheet.rules.relisted_from == lot
