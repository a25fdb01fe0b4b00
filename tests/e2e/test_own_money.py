"""What a bidder reads of his own money: where to pay, what came in, what waits and why, what is owed back and when."""

from __future__ import annotations

from typing import Any

from exchange.people import Role
from ledger.working_days import centre_day
from matching.commands import HammerLot, OpenLot, PlaceBid
from tests.e2e.test_api_lots import LOT
from tests.served import Person, Served

DEPOSIT = 50_00
ACCOUNT = {
    "slug": "main",
    "number": "CN12 3456 7890",
    "currency": "CNY",
    "bank_name": "Bank of Nowhere",
    "holder": "Centre",
}


async def published(host: Person) -> int:
    english = LOT["terms"]["programme"][0] | {"fair_warnings_min": 0}
    terms = {**LOT["terms"], "reserve_price": 0, "programme": [english]}
    lot: int = (await host.post("/lots", {**LOT, "deposit": DEPOSIT, "terms": terms}))["lot"]
    return lot


def receipt(reference: str, number: str, payer: str) -> dict[str, Any]:
    fields = {"receipt_id": number, "reference": reference, "payer_name": payer}
    return {**fields, "amount": DEPOSIT, "currency": "CNY", "received_at_us": 1_800_000_000_000_000}


async def test_a_bidder_follows_his_own_money_and_nobody_elses(floor: Served) -> None:
    host, finance = await floor.program("host", Role.HOST), await floor.person("finance", Role.FINANCE)
    anna, ben = await floor.person("anna", Role.BIDDER), await floor.person("ben", Role.BIDDER)
    await finance.post("/bank/accounts", ACCOUNT)
    lot = await published(host)
    assert (await anna.ask("GET", f"/lots/{lot}/deposit"))[1]["code"] == "NOT_SIGNED_UP"
    references = [(await one.post(f"/lots/{lot}/sign-up"))["reference"] for one in (anna, ben)]

    waiting = await anna.get(f"/lots/{lot}/deposit")
    pay_to = {"bank": "Bank of Nowhere", "holder": "Centre", "number": "CN1234567890", "currency": "CNY"}
    [told] = waiting["pay_to"]
    assert pay_to.items() <= told.items() and not told["replaces_another"]
    assert (waiting["deposit"]["receipts"], waiting["deposit"]["refund"]) == ([], None)
    assert (waiting["deposit"]["refund_clock"], waiting["deposit"]["refund_from"]) == (
        "working_days:5",
        "settlement",
    )

    wrong = [
        receipt(references[0], "bank-1", "Uncle of anna"),
        receipt(references[1], "bank-2", "Person ben"),
    ]
    await finance.post("/bank/receipts", {"receipts": wrong})
    [stray] = (await anna.get(f"/lots/{lot}/deposit"))["deposit"]["receipts"]
    assert (stray["status"], stray["reason"], stray["is_worked_off"]) == ("suspense", "payer_mismatch", False)
    await finance.post("/bank/receipts", {"receipts": [receipt(references[0], "bank-3", "Person anna")]})
    receipts = (await anna.get(f"/lots/{lot}/deposit"))["deposit"]["receipts"]
    assert [(one["receipt_id"], one["status"]) for one in receipts] == [
        ("bank-3", "credited"),
        ("bank-1", "suspense"),
    ]

    assert host.account is not None and anna.account is not None and ben.account is not None
    await floor.give(OpenLot(lot, host.account.id))
    await floor.give(PlaceBid(lot, ben.account.id, 100_00))
    await floor.give(HammerLot(lot, host.account.id))
    await floor.settle()
    mine = await anna.get("/me/deposits")
    [owed] = mine["deposits"]
    assert (owed["lot_id"], owed["refund"]["owed"], owed["refund"]["bidder_id"]) == (
        lot,
        DEPOSIT,
        anna.account.id,
    )
    assert owed["refund"]["due_at_us"] > mine["now_us"]
    assert centre_day(owed["refund"]["due_at_us"]) > centre_day(mine["now_us"])
    [won] = (await ben.get("/me/deposits"))["deposits"]
    assert won["refund"] is None and [one["receipt_id"] for one in won["receipts"]] == ["bank-2"]

    await finance.post("/payouts/refunds", {"lot": lot})  # unless the exchange has proposed it by itself
    proposed = (await finance.get(f"/payouts?lot={lot}"))["payouts"]
    assert [one["payee_name"] for one in proposed] == ["Person anna"]
    [after] = (await anna.get("/me/deposits"))["deposits"]
    assert [(one["amount"], one["state"]) for one in after["payouts"]] == [(DEPOSIT, "proposed")]
    assert (await ben.get("/me/deposits"))["deposits"][0]["payouts"] == []


async def test_who_has_signed_up_for_nothing_has_no_deposits(floor: Served) -> None:
    anna = await floor.person("anna", Role.BIDDER)
    assert (await anna.get("/me/deposits"))["deposits"] == []
