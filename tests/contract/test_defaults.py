"""A winner does not pay: his deposit stays held until two people have divided it, and every unit finds its place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from ledger.defaults import CaseActed, CaseState, DefaultRefusal
from ledger.forfeits import Claim, ClaimKind, ClaimRefusal, Party
from ledger.payouts.records import Acted, PayoutKind
from ledger.proceeds import Payee, ProceedsRefusal
from ledger.register import DepositState
from matching.commands import ConfirmSale, DeclareDefault, HammerLot, OpenLot, PlaceBid
from matching.terms import Direction
from tests.floor import HOST
from tests.house import ANNA, BEN, CARL, CHECKER, DEPOSIT, LOT, MAKER, House, sound_house
from tests.procedure import DEPOSIT as DEPOSIT_OF_LOT
from tests.procedure import Procedure


@pytest.fixture
async def house(database_url: str) -> AsyncIterator[House]:
    """Every test ends with the whole ledger verified, defaults and fees included."""
    async with sound_house(database_url) as house:
        yield house


def claim(kind: ClaimKind, amount: int) -> Claim:
    return Claim(kind=kind, amount=amount, ground="decision 12")


async def test_a_defaulters_deposit_stays_held_while_the_others_are_owed_back(house: House) -> None:
    for bidder in (ANNA, BEN, CARL):
        await house.held(bidder)
    await house.ended(defaulted=(ANNA,), buyer=BEN)
    assert (await house.row(ANNA)).state is DepositState.DEFAULTED
    assert (await house.row(ANNA)).held == DEPOSIT
    assert (await house.row(BEN)).state is DepositState.APPLIED_TO_PRICE
    assert (await house.row(CARL)).state is DepositState.REFUND_DUE
    (case,) = await house.defaults.cases()
    assert (case.bidder_id, case.held, case.state) == (ANNA, DEPOSIT, CaseState.OPEN)


async def test_a_courts_order_pays_costs_then_the_shortfall_then_debts(house: House) -> None:
    await house.rule(default_order="judicial-online", forfeits_to=Party.SELLER)
    await house.held(ANNA, paid=DEPOSIT + 500)
    await house.ended(defaulted=(ANNA,))
    claims = [
        claim(ClaimKind.DEBTS, 90_000),
        claim(ClaimKind.COSTS, 3_000),
        claim(ClaimKind.SHORTFALL, 60_000),
    ]
    acted = await house.posted(claims)
    assert acted.case.proposal is not None
    assert [(one.kind, one.amount) for one in acted.case.proposal.shares] == [
        (ClaimKind.COSTS, 3_000),
        (ClaimKind.SHORTFALL, 60_000),
        (ClaimKind.DEBTS, 37_000),
    ]
    assert acted.case.proposal.uncovered == 53_000
    row = await house.row(ANNA)
    assert (row.state, row.held, row.refund_due) == (DepositState.FORFEITED, 0, 500)
    assert await house.credit(f"liabilities:price-payable:lot-{LOT}") == DEPOSIT
    assert await house.credit(f"liabilities:forfeited:lot-{LOT}") == 0


async def test_land_goes_to_the_treasury_whole_and_knows_no_claims(house: House) -> None:
    await house.rule(default_order="treasury", forfeits_to=Party.TREASURY)
    await house.held(ANNA)
    await house.ended(defaulted=(ANNA,))
    refused = await house.defaults.settle_default(LOT, ANNA, [claim(ClaimKind.COSTS, 1)], MAKER)
    assert refused is ClaimRefusal.CLAIM_NOT_OF_ORDER
    await house.posted([])
    assert await house.credit("liabilities:treasury-payable:cny") == DEPOSIT
    proposed = await house.proceeds.propose_treasury(Payee(name="市财政局", account="110200001"), MAKER)
    assert isinstance(proposed, Acted)
    assert (proposed.payout.kind, proposed.payout.amount) == (PayoutKind.TREASURY, DEPOSIT)
    again = await house.proceeds.propose_treasury(Payee(name="市财政局", account="110200001"), MAKER)
    assert again is ProceedsRefusal.NOTHING_PAYABLE


async def test_what_no_claim_takes_goes_back_under_the_standard_rule(house: House) -> None:
    await house.held(ANNA)
    await house.ended(defaulted=(ANNA,))
    await house.posted([claim(ClaimKind.COMMISSION, 20_000), claim(ClaimKind.SHORTFALL, 30_000)])
    row = await house.row(ANNA)
    assert (row.state, row.refund_due) == (DepositState.FORFEITED, 50_000)
    assert await house.credit("income:commission:cny") == 20_000
    assert await house.credit(f"liabilities:price-payable:lot-{LOT}") == 30_000
    seller = Payee(name="卖方有限公司", account="6222000011112222")
    paid = await house.proceeds.propose_seller(LOT, seller, MAKER)
    assert isinstance(paid, Acted)
    assert (paid.payout.kind, paid.payout.amount) == (PayoutKind.SELLER, 30_000)


async def test_nobody_posts_his_own_proposal_in_the_program_or_the_database(house: House) -> None:
    await house.held(ANNA)
    await house.ended(defaulted=(ANNA,))
    await house.defaults.settle_default(LOT, ANNA, [], MAKER)
    assert await house.defaults.post(LOT, ANNA, MAKER) is DefaultRefusal.SAME_PERSON
    assert (await house.row(ANNA)).state is DepositState.DEFAULTED
    with pytest.raises(asyncpg.RestrictViolationError):
        await house.pool.execute(
            "INSERT INTO ledger.default_decision VALUES ($1, $2, 1, 'posted', '', $3, 0)", LOT, ANNA, MAKER
        )


async def test_a_default_is_posted_once_however_often_it_is_asked(house: House) -> None:
    await house.held(ANNA)
    await house.ended(defaulted=(ANNA,))
    assert (await house.posted([])).is_new
    count = await house.postings()
    again = await house.defaults.post(LOT, ANNA, 103)
    assert isinstance(again, CaseActed)
    assert not again.is_new
    assert again.case.decided_by == CHECKER
    other = await house.defaults.settle_default(LOT, ANNA, [claim(ClaimKind.COSTS, 5)], MAKER)
    assert other is DefaultRefusal.ALREADY_SETTLED
    assert await house.postings() == count


async def test_a_declined_proposal_makes_room_for_another(house: House) -> None:
    await house.held(ANNA)
    await house.ended(defaulted=(ANNA,))
    first = [claim(ClaimKind.COSTS, 5_000)]
    assert isinstance(await house.defaults.settle_default(LOT, ANNA, first, MAKER), CaseActed)
    repeated = await house.defaults.settle_default(LOT, ANNA, first, MAKER)
    assert isinstance(repeated, CaseActed)
    assert not repeated.is_new
    second = [claim(ClaimKind.COSTS, 6_000)]
    refused = await house.defaults.settle_default(LOT, ANNA, second, MAKER)
    assert refused is DefaultRefusal.OTHER_PROPOSAL_OPEN
    assert await house.defaults.decline(LOT, ANNA, "", CHECKER) is DefaultRefusal.REASON_MISSING
    declined = await house.defaults.decline(LOT, ANNA, "the invoice says 6,000", CHECKER)
    assert isinstance(declined, CaseActed)
    assert declined.case.state is CaseState.OPEN
    assert await house.defaults.post(LOT, ANNA, CHECKER) is DefaultRefusal.NOTHING_PROPOSED
    acted = await house.posted(second)
    assert acted.case.proposal is not None
    assert acted.case.proposal.attempt == 2


async def test_only_a_default_can_be_settled_as_one(house: House) -> None:
    await house.held(ANNA)
    await house.held(BEN)
    assert await house.defaults.settle_default(LOT, ANNA, [], 0) is DefaultRefusal.PERSON_MISSING
    assert await house.defaults.settle_default(LOT, ANNA, [], MAKER) is DefaultRefusal.LOT_NOT_SETTLED
    await house.ended(defaulted=(ANNA,), buyer=BEN)
    assert await house.defaults.settle_default(LOT, BEN, [], MAKER) is DefaultRefusal.NOT_DEFAULTED
    assert await house.defaults.post(LOT, ANNA, CHECKER) is DefaultRefusal.NOTHING_PROPOSED


async def test_what_is_decided_cannot_be_changed_in_the_database(house: House) -> None:
    await house.rule(default_order="property", forfeits_to=Party.SELLER)
    await house.held(ANNA)
    await house.ended(defaulted=(ANNA,))
    await house.posted([claim(ClaimKind.SERVICE_FEE, 700)])
    for table in ("lot_rule", "lot_end", "default_proposal", "default_decision"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await house.pool.execute(f"UPDATE ledger.{table} SET lot_id = lot_id")
        with pytest.raises(asyncpg.RestrictViolationError):
            await house.pool.execute(f"DELETE FROM ledger.{table}")


async def test_many_checkers_at_once_post_a_default_once(house: House) -> None:
    await house.held(ANNA)
    await house.ended(defaulted=(ANNA,))
    await house.defaults.settle_default(LOT, ANNA, [claim(ClaimKind.SHORTFALL, 40_000)], MAKER)
    answers = await asyncio.gather(*(house.defaults.post(LOT, ANNA, CHECKER + n) for n in range(5)))
    acted = [answer for answer in answers if isinstance(answer, CaseActed)]
    assert len(acted) == 5
    assert sum(answer.is_new for answer in acted) == 1
    assert len({answer.case.decided_by for answer in acted}) == 1


async def test_the_plan_can_be_seen_before_anything_is_written(house: House) -> None:
    await house.held(ANNA)
    await house.ended(defaulted=(ANNA,))
    seen = await house.defaults.preview(LOT, ANNA, [claim(ClaimKind.SHORTFALL, 40_000)])
    assert isinstance(seen, tuple)
    assert [(share.party, share.amount) for share in seen] == [(Party.SELLER, 40_000), (Party.BIDDER, 60_000)]
    assert await house.defaults.preview(LOT, BEN, []) is DefaultRefusal.NOT_DEFAULTED
    case = await house.defaults.case(LOT, ANNA)
    assert case is not None
    assert case.proposal is None


# The whole way, from the hammer to the books


async def knocked_down(procedure: Procedure) -> tuple[int, list[int]]:
    """Sell a lot to the best of three who bid, with two in reserve; a fourth paid and did not bid."""
    lot = await procedure.publish(opening_price=10_00, reserve_places=2)
    people = [await procedure.bidder(login) for login in ("anna", "ben", "carl", "dora")]
    for person in people:
        await procedure.admitted(lot, person)
    await procedure.floor.give(OpenLot(lot, HOST))
    for person, amount in zip(people[:3], (60_00, 70_00, 80_00), strict=True):
        await procedure.floor.give(PlaceBid(lot, person.id, amount))
    await procedure.floor.give(HammerLot(lot, HOST))
    return lot, [person.id for person in people]


async def states(procedure: Procedure, lot: int) -> list[DepositState]:
    return [row.state for row in await procedure.deposits.register(lot)]


async def test_runners_up_stay_held_until_the_sale_is_confirmed_and_the_defaulter_after_it(
    procedure: Procedure,
) -> None:
    held = DepositState.HELD
    lot, (_, _, carl, _) = await knocked_down(procedure)
    assert await procedure.settlement.settle_due() == 0
    assert await states(procedure, lot) == [held] * 4
    procedure.floor.clock.advance(3_600_000_000)
    await procedure.floor.give(DeclareDefault(lot, HOST, "did not sign"))
    assert await procedure.settlement.settle_due() == 0
    assert await states(procedure, lot) == [held] * 4
    procedure.floor.clock.advance(3_600_000_000)
    await procedure.floor.give(ConfirmSale(lot, HOST))
    assert await procedure.settlement.settle_due() == 1
    assert await states(procedure, lot) == [
        DepositState.REFUND_DUE,
        DepositState.APPLIED_TO_PRICE,
        DepositState.DEFAULTED,
        DepositState.REFUND_DUE,
    ]
    ended = await procedure.pool.fetchrow(
        "SELECT e.bidding_ended_at_us, s.settled_at_us FROM ledger.lot_end e JOIN ledger.settlement s USING (lot_id)"
    )
    assert ended["settled_at_us"] - ended["bidding_ended_at_us"] == 2 * 3_600_000_000
    house = House(procedure.pool)
    claims = [claim(ClaimKind.SHORTFALL, 10_00)]
    assert isinstance(await house.defaults.settle_default(lot, carl, claims, MAKER), CaseActed)
    assert isinstance(await house.defaults.post(lot, carl, CHECKER), CaseActed)
    assert (await states(procedure, lot))[2] is DepositState.FORFEITED
    assert await house.credit(f"liabilities:price-payable:lot-{lot}") == DEPOSIT_OF_LOT + 10_00
    assert await procedure.settlement.settle_due() == 0
    assert await house.faults() == []


async def test_when_nobody_honours_his_bid_all_who_were_called_have_defaulted(procedure: Procedure) -> None:
    lot, (anna, ben, carl, _) = await knocked_down(procedure)
    for _ in range(3):
        await procedure.floor.give(DeclareDefault(lot, HOST, "did not sign"))
    assert await procedure.settlement.settle_due() == 1
    defaulted = DepositState.DEFAULTED
    assert await states(procedure, lot) == [defaulted, defaulted, defaulted, DepositState.REFUND_DUE]
    house = House(procedure.pool)
    assert [case.bidder_id for case in await house.defaults.cases(CaseState.OPEN)] == [anna, ben, carl]
    for bidder in (anna, ben, carl):
        claims = [claim(ClaimKind.COMMISSION, 1_00)]
        assert isinstance(await house.defaults.settle_default(lot, bidder, claims, MAKER), CaseActed)
        assert isinstance(await house.defaults.post(lot, bidder, CHECKER), CaseActed)
        assert await house.faults() == []
    assert await house.defaults.cases(CaseState.OPEN) == []
    assert await house.credit("income:commission:cny") == 3_00
    assert [row.refund_due for row in await procedure.deposits.register(lot)] == [
        *[DEPOSIT_OF_LOT - 1_00] * 3,
        DEPOSIT_OF_LOT,
    ]


async def test_in_a_purchase_the_winner_gets_his_deposit_back_like_everybody(procedure: Procedure) -> None:
    lot = await procedure.publish(opening_price=90_00, direction=Direction.FALLING)
    people = [await procedure.bidder(login) for login in ("anna", "ben")]
    for person in people:
        await procedure.admitted(lot, person)
    await procedure.floor.give(OpenLot(lot, HOST))
    await procedure.floor.give(PlaceBid(lot, people[1].id, 60_00))
    await procedure.floor.give(HammerLot(lot, HOST))
    assert await procedure.settlement.settle_due() == 1
    assert await states(procedure, lot) == [DepositState.REFUND_DUE] * 2
    price = await procedure.pool.fetchval("SELECT price FROM ledger.settlement WHERE lot_id = $1", lot)
    assert price == 60_00
    assert await House(procedure.pool).faults() == []
