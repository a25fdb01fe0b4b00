"""Who won a thing and did not honour his bid may not take part when it is sold again, where the rulebook says so."""

from __future__ import annotations

from msgspec import structs

from exchange.capacities import Capacity
from exchange.lot_sheets import NewLot
from exchange.people import Account
from exchange.relisting import Relisting
from exchange.rulebooks.drafting import drafted, sample_subject
from exchange.rulebooks.library import Library, shipped
from exchange.rulebooks.rulebook import Rulebook
from exchange.sign_up import SignUpRefusal, SignUpState
from matching.commands import DeclareDefault, OpenLot, PlaceBid
from matching.units import Partner
from tests.floor import HOST
from tests.procedure import Procedure, relist


async def defaulted(procedure: Procedure, winner: Account, rulebook: str) -> int:
    """Sell a lot to somebody who does not honour his bid, and return it."""
    rules = shipped().get(rulebook)
    assert rules is not None
    thing = structs.replace(sample_subject(rules), now_us=procedure.floor.clock.now_us())
    draft = drafted(rules, thing)
    terms = structs.replace(draft.terms, reserve_places=1)
    lot = await procedure.catalogue.publish(
        NewLot(
            draft.category, "标的", "Lot", terms, draft.deposit, rulebook=rulebook, valuation=draft.valuation
        ),
        HOST,
    )
    await procedure.admitted(lot, winner)
    await procedure.floor.give(OpenLot(lot, HOST))
    await procedure.floor.give(PlaceBid(lot, winner.id, terms.opening_price))
    await ended(procedure, lot)
    await procedure.floor.give(DeclareDefault(lot, HOST, "has not paid"))
    await procedure.settlement.settle_due()
    return lot


def own_rulebook() -> Rulebook:
    """Return a centre's own rulebook that keeps defaulters out and asks for no deposit."""
    judicial, goods = shipped().get("judicial-first"), shipped().get("confiscated-goods")
    assert judicial is not None and goods is not None
    limits = tuple(limit for limit in goods.limits if limit.parameter not in ("deposit", "reduction"))
    return structs.replace(goods, name="own", limits=limits, duties=judicial.duties, is_shipped=False)


async def ended(procedure: Procedure, lot: int) -> None:
    """Let the clock come to the end of a lot."""
    state = procedure.engine.view(lot)
    assert state is not None and state.ends_at_us
    await procedure.floor.pass_time(state.ends_at_us - procedure.floor.clock.now_us())


async def anew(procedure: Procedure, lot: int, **changes: object) -> int:
    """Sell a thing again."""
    now_us = procedure.floor.clock.now_us()
    return await relist(procedure.catalogue, lot, Relisting(**changes), HOST, now_us)  # type: ignore[arg-type]


async def test_a_defaulter_is_kept_from_the_judicial_sale_anew_and_from_those_after_it(
    procedure: Procedure,
) -> None:
    anna, bela, carl = [await procedure.bidder(name) for name in ("anna", "bela", "carl")]
    sign_up = procedure.sign_ups.sign_up
    again = await anew(procedure, await defaulted(procedure, anna, "judicial-first"))
    assert await sign_up(again, anna) is SignUpRefusal.DEFAULTED_BEFORE
    assert isinstance(await sign_up(again, bela), SignUpState)
    await procedure.capacities.enter(again, carl.id, Capacity(0, (Partner(anna.id, 3_000),)), bela.id)
    assert await sign_up(again, carl) is SignUpRefusal.DEFAULTED_BEFORE
    await procedure.floor.give(OpenLot(again, HOST))
    await ended(procedure, again)
    await procedure.settlement.settle_due()
    third = await anew(procedure, again)
    assert await sign_up(third, anna) is SignUpRefusal.DEFAULTED_BEFORE
    assert isinstance(await sign_up(third, carl), SignUpState)


async def test_a_defaulter_is_not_admitted_by_the_centre_either_where_no_deposit_is_asked(
    procedure: Procedure,
) -> None:
    anna, bela, carl = [await procedure.bidder(name) for name in ("anna", "bela", "carl")]
    procedure.catalogue.rulebooks = Library({one.name: one for one in (*shipped().all(), own_rulebook())})
    again = await anew(
        procedure, await defaulted(procedure, anna, "confiscated-goods"), rulebook="own", deposit=0
    )
    admit = procedure.sign_ups.admit_free
    assert await admit(again, [bela.id, anna.id]) is SignUpRefusal.DEFAULTED_BEFORE
    await procedure.capacities.enter(again, carl.id, Capacity(0, (Partner(anna.id, 3_000),)), bela.id)
    assert await admit(again, [carl.id]) is SignUpRefusal.DEFAULTED_BEFORE
    admitted = await admit(again, [bela.id])
    assert isinstance(admitted, list) and len(admitted) == 1, (
        "the others of the list were not admitted with him"
    )


async def test_where_the_rulebook_does_not_say_so_a_defaulter_may_try_again(procedure: Procedure) -> None:
    anna = await procedure.bidder("anna")
    again = await anew(procedure, await defaulted(procedure, anna, "confiscated-goods"))
    assert isinstance(await procedure.sign_ups.sign_up(again, anna), SignUpState)
