"""The proof of the books beside procedure and bank: holds are admissions, refunds due are released less paid."""

from __future__ import annotations

from uuid import UUID

import pytest

from ledger.accounts import payout_in_transit, refund_payable
from ledger.transfers import Purpose, Transfer
from ledger.verify import Check, verify
from tests.procedure import DEPOSIT, Procedure


async def checks_of(procedure: Procedure) -> dict[str, Check]:
    report = await verify(procedure.ledger, procedure.sign_ups.admissions)
    return {check.name: check for check in report.checks}


async def test_holds_are_those_of_who_may_bid(procedure: Procedure) -> None:
    anna, bruno = await procedure.bidder("anna"), await procedure.bidder("bruno")
    lot, ended = await procedure.publish(), await procedure.publish()
    await procedure.admitted(lot, anna)
    await procedure.sign_ups.sign_up(lot, bruno)
    await procedure.admitted(ended, anna)
    await procedure.sold(ended, anna, 1_000)
    check = (await checks_of(procedure))["admissions"]
    assert check.discrepancies == ()
    assert check.examined >= 2
    assert check.found[0].endswith("2 live holds")


async def test_a_bidder_without_a_hold_is_found(procedure: Procedure) -> None:
    bruno = await procedure.bidder("bruno")
    lot = await procedure.publish()
    await procedure.sign_ups.sign_up(lot, bruno)
    await procedure.pool.execute(
        "UPDATE exchange.sign_up SET state = 'admitted' WHERE account = $1", bruno.id
    )
    check = (await checks_of(procedure))["admissions"]
    assert check.discrepancies == (f"bidder {bruno.id} may bid on lot {lot} without a hold",)


async def test_a_hold_of_nobody_is_found(procedure: Procedure) -> None:
    anna = await procedure.bidder("anna")
    lot = await procedure.publish()
    await procedure.admitted(lot, anna)
    await procedure.pool.execute("DELETE FROM exchange.sign_up WHERE account = $1", anna.id)
    check = (await checks_of(procedure))["admissions"]
    assert check.discrepancies == (f"bidder {anna.id} is held for lot {lot}, not signed up",)


async def test_refunds_due_are_released_less_paid(procedure: Procedure) -> None:
    anna = await procedure.bidder("anna")
    lot = await procedure.publish()
    await procedure.admitted(lot, anna)
    await procedure.withdrawn(lot)
    await procedure.settlement.settle_due()
    due, transit = refund_payable(lot, anna.id, "CNY"), payout_in_transit("CNY")
    sent = transfer(1, due.code, transit.code, 3_000, Purpose.PAYOUT_SENT)
    back = transfer(2, transit.code, due.code, 1_000, Purpose.PAYOUT_REJECTED)
    paid = transfer(3, transit.code, "assets:bank:cny", 500, Purpose.PAYOUT_PAID)
    assert (await procedure.ledger.post([sent, back, paid], new_accounts=[transit])).is_accepted
    check = (await checks_of(procedure))["refunds"]
    assert check.discrepancies == ()
    assert check.found == ("CNY: released 50.00, handed to the bank 20.00, due 30.00; in transit 15.00",)
    assert DEPOSIT == 50_00


@pytest.mark.parametrize("prefix", ["liabilities:refund-payable:", "liabilities:payout-in-transit:"])
async def test_a_refund_that_vanished_is_found(procedure: Procedure, prefix: str) -> None:
    anna = await procedure.bidder("anna")
    lot = await procedure.publish()
    await procedure.admitted(lot, anna)
    await procedure.withdrawn(lot)
    await procedure.settlement.settle_due()
    due, transit = refund_payable(lot, anna.id, "CNY"), payout_in_transit("CNY")
    sent = transfer(1, due.code, transit.code, 3_000, Purpose.PAYOUT_SENT)
    assert (await procedure.ledger.post([sent], new_accounts=[transit])).is_accepted
    change = "UPDATE ledger.account SET credits_posted = credits_posted + {} WHERE starts_with(code, $1)"
    async with procedure.pool.acquire() as connection:
        await connection.execute("SET session_replication_role = replica")
        await connection.execute(change.format("1"), prefix)
        assert len((await checks_of(procedure))["refunds"].discrepancies) == 1
        await connection.execute(change.format("-1"), prefix)
        await connection.execute("SET session_replication_role = DEFAULT")


def transfer(number: int, debit: str, credit: str, amount: int, purpose: Purpose) -> Transfer:
    return Transfer(
        id=UUID(int=number), debit=debit, credit=credit, amount=amount, currency="CNY", purpose=purpose
    )
