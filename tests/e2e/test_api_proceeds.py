"""What a sale brought, over HTTP: to its seller by two persons, and files for the bank that are withdrawn by two."""

from __future__ import annotations

import pytest

from exchange.people import Role
from tests.e2e.test_api_deposits import lot_with_deposit, sold
from tests.payouts import NUMBER
from tests.served import Person, Served

PAYING = {
    "name": "main",
    "account": "assets:bank:cny",
    "currency": "CNY",
    "holder": "某交易中心",
    "number": NUMBER,
}
SELLER = {"payee_name": "某公司", "payee_account": NUMBER, "payee_bank": "102100099996"}


@pytest.fixture
async def cashier(floor: Served) -> Person:
    return await floor.person("cashier", Role.CASHIER)


@pytest.fixture
async def checker(floor: Served) -> Person:
    return await floor.person("checker", Role.CHECKER)


@pytest.fixture
async def lot(floor: Served) -> int:
    """A lot that anna bought for 100.00, of which her deposit has paid 50.00."""
    host = await floor.program("host", Role.HOST)
    lot = await lot_with_deposit(host)
    anna = await floor.person("anna", Role.BIDDER)
    reference = (await anna.post(f"/lots/{lot}/sign-up"))["reference"]
    await anna.post("/demo-bank/payments", {"reference": reference})
    await sold(floor, host, lot, anna)
    return lot


def refused(answer: tuple[int, object], status: int, code: str, detail: str = "") -> None:
    assert answer[0] == status, answer
    assert isinstance(answer[1], dict) and answer[1]["code"] == code, answer
    assert not detail or answer[1]["detail"] == detail, answer


async def test_the_seller_is_paid_by_two_persons(lot: int, cashier: Person, checker: Person) -> None:
    money = await checker.get(f"/lots/{lot}/money")
    assert (money["payable"], money["fees"], money["payouts"]) == (50_00, [], [])
    assert money["rule"]["rulebook"] == "" and money["refund_clock"] == "working_days:5"
    refused(await checker.ask("POST", f"/lots/{lot}/seller-payouts", SELLER), 403, "NOT_ALLOWED")
    part = await cashier.post(f"/lots/{lot}/seller-payouts", {**SELLER, "amount": 20_00})
    assert (part["payout"]["kind"], part["payout"]["amount"]) == ("seller", 20_00)
    rest = await cashier.post(f"/lots/{lot}/seller-payouts", SELLER)
    assert rest["payout"]["amount"] == 30_00
    again = await cashier.ask("POST", f"/lots/{lot}/seller-payouts", SELLER)
    refused(again, 409, "REFUSED_BY_LEDGER", "nothing_payable")
    place = f"/payouts/{rest['payout']['payout_id']}/approval"
    refused(await cashier.ask("POST", place), 403, "NOT_ALLOWED")
    assert (await checker.post(place))["payout"]["state"] == "approved"
    money = await checker.get(f"/lots/{lot}/money")
    assert (money["payable"], [one["amount"] for one in money["payouts"]]) == (0, [20_00, 30_00])
    assert (await checker.get("/ledger/verification"))["is_sound"]


async def test_what_is_not_there_is_paid_to_nobody(lot: int, cashier: Person, checker: Person) -> None:
    treasury = {**SELLER, "payee_name": "某市财政局"}
    answer = await cashier.ask("POST", "/treasury/payouts", treasury)
    refused(answer, 409, "REFUSED_BY_LEDGER", "nothing_payable")
    assert (await cashier.post(f"/lots/{lot}/fees"))["taken"] == 0
    refused(await checker.ask("POST", f"/lots/{lot}/fees"), 403, "NOT_ALLOWED")
    for method, path in (("GET", "money"), ("POST", "fees"), ("POST", "seller-payouts")):
        body = SELLER if path == "seller-payouts" else None
        refused(await cashier.ask(method, f"/lots/999/{path}", body), 404, "LOT_UNKNOWN")


async def test_a_file_is_withdrawn_by_two_persons(lot: int, cashier: Person, checker: Person) -> None:
    number = (await cashier.post(f"/lots/{lot}/seller-payouts", SELLER))["payout"]["payout_id"]
    await checker.post(f"/payouts/{number}/approval")
    await cashier.post("/payouts/paying-accounts", PAYING)
    batch = (await cashier.post("/payouts/batches", {"paid_from": "main"}))["batch"]["batch_id"]
    place = f"/payouts/batches/{batch}"
    answer = await checker.ask("POST", f"{place}/withdrawal/confirmation")
    refused(answer, 409, "REFUSED_BY_LEDGER", "withdrawal_not_proposed")
    reason = {"reason": "paid from the wrong account"}
    refused(await checker.ask("POST", f"{place}/withdrawal", reason), 403, "NOT_ALLOWED")
    proposed = await cashier.post(f"{place}/withdrawal", reason)
    assert proposed["batch"]["withdrawal"]["reason"] == reason["reason"]
    refused(await cashier.ask("POST", f"{place}/sent"), 409, "REFUSED_BY_LEDGER", "withdrawal_proposed")
    declined = await checker.post(f"{place}/withdrawal/decline", {"reason": "it is the right one"})
    assert declined["batch"]["withdrawal"] is None
    await cashier.post(f"{place}/withdrawal", reason)
    refused(await cashier.ask("POST", f"{place}/withdrawal/confirmation"), 403, "NOT_ALLOWED")
    assert (await checker.post(f"{place}/withdrawal/confirmation"))["is_new"]
    assert not (await checker.post(f"{place}/withdrawal/confirmation"))["is_new"]
    refused(await cashier.ask("GET", f"{place}/file"), 409, "REFUSED_BY_LEDGER", "batch_withdrawn")
    refused(await cashier.ask("POST", f"{place}/sent"), 409, "REFUSED_BY_LEDGER", "batch_withdrawn")
    refused(await checker.ask("POST", "/payouts/batches/999/withdrawal/confirmation"), 404, "NOT_ON_FILE")
    listed = await checker.get("/payouts/batches")
    assert listed["batches"][0]["withdrawal"]["confirmed_by"] and len(listed["people"]) == 2
    assert (await checker.get(f"/payouts/{number}"))["payout"]["state"] == "cancelled"
    assert (await checker.get(f"/lots/{lot}/money"))["payable"] == 50_00
