"""The whole life of deposits over HTTP, as finance leads it: statement in, refund out, books closed; and every no."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import aiohttp
import msgspec
import pytest

from exchange.people import Role
from exchange.rulebooks.working_days import CENTRE_TIME
from ledger.bank.webhook import signature
from ledger.payouts import Payout
from ledger.payouts.records import end_to_end_id
from tests.bank_files import Entry, notification, statement
from tests.e2e.test_api_deposits import lot_with_deposit, sold
from tests.e2e.test_api_lots import LOT
from tests.payouts import NUMBER, status_report, transfer_said
from tests.served import API, Person, Served

CENTRE = "0200004509014430001"
DEPOSIT = "50.00"


@pytest.fixture
async def host(floor: Served) -> Person:
    return await floor.program("host", Role.HOST)


@pytest.fixture
async def cashier(floor: Served) -> Person:
    return await floor.person("cashier", Role.CASHIER)


@pytest.fixture
async def checker(floor: Served) -> Person:
    return await floor.person("checker", Role.CHECKER)


@pytest.fixture
async def accountant(floor: Served) -> Person:
    accountant = await floor.person("accountant", Role.ACCOUNTANT)
    account = {"slug": "main", "number": CENTRE, "holder": "某交易中心", "is_main": True}
    assert (await accountant.post("/bank/accounts", account))["account"] == "assets:bank:cny"
    return accountant


async def send(
    person: Person, path: str, content: bytes, name: str = "对账单.xml", **options: Any
) -> tuple[int, Any]:
    """Upload a file as the body of a request."""
    headers = {"Content-Type": "application/octet-stream", "X-File-Name": quote(name)}
    async with person.http.post(API + path, data=content, headers=headers, **options) as answer:
        return answer.status, await answer.json()


async def signed_up(floor: Served, lot: int, *logins: str) -> list[tuple[Person, dict[str, Any]]]:
    """Enter bidders for a lot."""
    bidders = [await floor.person(login, Role.BIDDER) for login in logins]
    return [(bidder, await bidder.post(f"/lots/{lot}/sign-up")) for bidder in bidders]


def paid(state: dict[str, Any], login: str, reference: str, **changes: Any) -> Entry:
    """Describe the payment of a deposit."""
    wanted = {
        "amount": DEPOSIT,
        "reference": reference,
        "name": f"Person {login}",
        "remittance": state["reference"],
    }
    return Entry(**{**wanted, "number": NUMBER, **changes})


async def refused(answer: tuple[int, Any], status: int, code: str, detail: str = "") -> None:
    assert (answer[0], answer[1]["code"]) == (status, code), answer
    assert not detail or answer[1]["detail"] == detail, answer


async def test_the_life_of_two_deposits_from_the_statement_to_the_refund_that_the_bank_has_paid(
    floor: Served, host: Person, cashier: Person, checker: Person, accountant: Person
) -> None:
    lot = await lot_with_deposit(host)
    (anna, annas), (ben, bens) = await signed_up(floor, lot, "anna", "ben")
    entries = [paid(annas, "anna", "b-1"), paid(bens, "ben", "b-2")]
    content = statement(entries, opening="0.00", closing="100.00", account=CENTRE)
    status, preview = await send(cashier, "/bank/files/preview", content)
    assert status == 200 and preview["is_preview"] and preview["movements"] == 2
    assert (await anna.get(f"/lots/{lot}/sign-up"))["state"] == "awaiting_deposit"

    status, report = await send(cashier, "/bank/files", content)
    assert status == 200 and report["is_new"] and report["lots"] == [lot], report
    assert report["file"]["name"] == "对账单.xml"
    assert [line["outcome"] for line in report["lines"]] == ["credited", "credited"]
    assert [(await one.get(f"/lots/{lot}/sign-up"))["paddle"] for one in (anna, ben)] == [1, 2]
    status, again = await send(cashier, "/bank/files", content)
    assert status == 200 and not again["is_new"] and again["file"] == report["file"]
    assert [file["file_id"] for file in (await checker.get("/bank/files"))["files"]] == [
        report["file"]["file_id"]
    ]

    await sold(floor, host, lot, ben)
    clocks = (await checker.get("/refund-clocks", params={"lot": lot}))["refunds"]
    assert [(one["payer_name"], one["owed"], one["level"]) for one in clocks] == [
        ("Person anna", 50_00, "running")
    ]
    await cashier.post("/payouts/refunds", {"lot": lot})
    (payout,) = (await cashier.get("/payouts", params={"lot": lot}))["payouts"]
    number = payout["payout_id"]
    assert (payout["state"], payout["payee_account"], payout["amount"]) == ("proposed", NUMBER, 50_00)
    assert payout["due_at_us"] == clocks[0]["due_at_us"]
    entered = await cashier.ask("PUT", f"/payouts/{number}/account", {"account": "not an account?"})
    await refused(entered, 409, "REFUSED_BY_LEDGER", "payee_account_malformed")
    await cashier.ask("PUT", f"/payouts/{number}/account", {"account": NUMBER, "bank": "102100099996"})

    await refused(await cashier.ask("POST", f"/payouts/{number}/approval"), 403, "NOT_ALLOWED")
    approved = await checker.post(f"/payouts/{number}/approval")
    assert approved["is_new"] and approved["payout"]["state"] == "approved"
    assert not (await checker.post(f"/payouts/{number}/approval"))["is_new"]
    await paid_out(cashier, checker, number)

    history = await checker.get(f"/payouts/{number}")
    states = [step["state"] for step in history["steps"]]
    assert states == ["proposed", "proposed", "approved", "batched", "sent", "paid"]
    assert "Person checker" in history["people"].values()
    await pages_of_the_register(checker, lot)
    rows = (await checker.get("/deposits", params={"lot": lot}))["deposits"]
    assert [(row["payer_name"], row["state"], row["refund_due"]) for row in rows] == [
        ("Person anna", "refunded", 0), ("Person ben", "applied_to_price", 0),
    ]  # fmt: skip
    assert (await checker.get("/refund-clocks", params={"lot": lot}))["refunds"] == []
    verification = await checker.get("/ledger/verification")
    assert verification["is_sound"], verification
    await books_agree(accountant, checker)


async def pages_of_the_register(checker: Person, lot: int) -> None:
    """Read the register page by page, the latest first, with words, a state and the sums of all of it."""
    first = await checker.get("/deposits/page", params={"limit": 1})
    second = await checker.get("/deposits/page", params={"limit": 1, "offset": 1})
    names = [page["deposits"][0]["payer_name"] for page in (first, second)]
    assert (names, first["found"]) == (["Person ben", "Person anna"], 2)
    assert [one["lot"] for one in first["lots"]] == [lot]
    sums = {
        "currency": "CNY",
        "deposits": 2,
        "received": 100_00,
        "held": 0,
        "applied": 50_00,
        "refund_due": 0,
    }
    assert first["sums"] == [sums]
    for asked, found in (
        ({"words": "ANNA"}, 1),
        ({"words": first["deposits"][0]["reference"][:6]}, 1),
        ({"words": first["lots"][0]["code"]}, 2),
        ({"state": "refunded"}, 1),
        ({"lot": lot + 1}, 0),
    ):
        assert (await checker.get("/deposits/page", params=asked))["found"] == found, asked


async def paid_out(cashier: Person, checker: Person, number: int) -> None:
    """Make the file, take it to the bank, and read the bank's answer; each of it twice."""
    paying = {
        "name": "main",
        "account": "assets:bank:cny",
        "currency": "CNY",
        "holder": "某交易中心",
        "number": CENTRE,
    }
    await cashier.post("/payouts/paying-accounts", paying)
    wanted = {"paid_from": "main", "version": "001.001.09", "payouts": [number]}
    made = await cashier.post("/payouts/batches", wanted)
    batch = made["batch"]["batch_id"]
    assert made["is_new"] and not (await cashier.post("/payouts/batches", wanted))["is_new"]
    files = []
    for _ in range(2):
        async with cashier.http.get(f"{API}/payouts/batches/{batch}/file") as answer:
            assert answer.status == 200 and made["file_name"] in answer.headers["Content-Disposition"]
            files.append(await answer.read())
    assert files[0] == files[1]
    assert ElementTree.fromstring(files[0]).tag.endswith("pain.001.001.09}Document")
    before = await send(cashier, "/payouts/results", said(number, made, "ACSC", await now(checker, number)))
    assert before[1]["to_clarify"][0]["outcome"] == "not_sent"
    assert (await cashier.post(f"/payouts/batches/{batch}/sent"))["is_new"]
    assert not (await cashier.post(f"/payouts/batches/{batch}/sent"))["is_new"]
    answer_file = said(number, made, "ACSC", await now(checker, number), message_id="bank-2")
    status, first = await send(cashier, "/payouts/results", answer_file)
    assert (status, first["paid"], first["was_read_before"]) == (200, 1, False), first
    status, second = await send(cashier, "/payouts/results", answer_file)
    assert (status, second["paid"], second["was_read_before"]) == (200, 0, True)


def said(number: int, made: dict[str, Any], word: str, payout: Payout, message_id: str = "bank-1") -> bytes:
    """Write what the bank answers of a payout."""
    return status_report(made["batch"]["message_id"], [transfer_said(payout, word)], message_id=message_id)


async def now(person: Person, number: int) -> Payout:
    return msgspec.convert((await person.get(f"/payouts/{number}"))["payout"], Payout)


async def books_agree(accountant: Person, checker: Person) -> None:
    """Look at the balances, and close nothing that is not over."""
    rows = (await accountant.get("/ledger/trial-balance"))["accounts"]
    totals = {row["account"]: row["debits_posted"] - row["credits_posted"] for row in rows}
    assert totals["assets:bank:cny"] == 50_00 and sum(totals.values()) == 0
    before = (await accountant.get("/ledger/trial-balance", params={"at_us": 0}))["accounts"]
    assert sum(row["debits_posted"] for row in before) == 0
    account = await accountant.get("/ledger/account", params={"account": "assets:bank:cny"})
    assert account["account"]["balance"] == 50_00
    assert [entry["posted_change"] for entry in account["entries"]] == [50_00, 50_00, 50_00]
    tomorrow = day_after(1)
    await refused(
        await accountant.ask("POST", "/periods/days/proposal", {"day": tomorrow}),
        409,
        "REFUSED_BY_LEDGER",
        "not_over",
    )
    await refused(
        await accountant.ask("POST", "/periods/days/confirmation", {"day": tomorrow}), 403, "NOT_ALLOWED"
    )
    missing = await accountant.ask("POST", "/periods/days/proposal", {"day": "2026-03-02"})
    assert missing[0] in (200, 409)


async def test_nobody_approves_what_he_made_whatever_his_roles(
    floor: Served, host: Person, accountant: Person
) -> None:
    lot = await lot_with_deposit(host)
    ((_, annas),) = await signed_up(floor, lot, "anna")
    one, other = await floor.person("one", Role.FINANCE), await floor.person("other", Role.FINANCE)
    entries = [paid(annas, "anna", "b-1", number="")]
    await send(one, "/bank/files", statement(entries, closing=DEPOSIT, account=CENTRE))
    await sold(floor, host, lot, await floor.program("nobody", Role.BIDDER))
    await one.post("/payouts/refunds", {})
    (payout,) = (await one.get("/payouts"))["payouts"]
    place = f"/payouts/{payout['payout_id']}"
    assert payout["payee_account"] == ""
    await refused(
        await other.ask("POST", f"{place}/approval"), 409, "REFUSED_BY_LEDGER", "payee_account_missing"
    )
    await one.ask("PUT", f"{place}/account", {"account": NUMBER})
    await refused(await one.ask("POST", f"{place}/approval"), 409, "REFUSED_BY_LEDGER", "same_person")
    many = await one.post("/payouts/approvals", {"payouts": [payout["payout_id"], 999]})
    assert [answer["refusal"] for answer in many["answers"]] == ["same_person", "payout_unknown"]
    assert (await other.post(f"{place}/approval"))["payout"]["approved_by"] == account_id(other)
    await refused(await one.ask("POST", "/payouts/999/approval"), 404, "NOT_ON_FILE")
    declined = await other.post(f"{place}/decline", {"reason": "wrong account"})
    assert declined["payout"]["state"] == "declined"
    due = (await other.get("/payouts/refunds-due"))["refunds"]
    assert [(refund["amount"], refund["last"]["reason"]) for refund in due] == [(50_00, "wrong account")]


async def test_money_that_comes_after_the_deadline_goes_back(
    floor: Served, host: Person, cashier: Person, checker: Person, accountant: Person
) -> None:
    lot = await lot_with_deposit(host)
    sheet = await host.get(f"/lots/{lot}")
    assert sheet["deposit_by_us"] == 0
    by_us = int((time.time() + 86_400) * 1_000_000)
    timed = await lot_with_deposit(host, deposit_by_us=by_us)
    ((anna, annas),) = await signed_up(floor, timed, "anna")
    assert annas["deposit_by_us"] == by_us == (await anna.get(f"/lots/{timed}"))["deposit_by_us"]
    past = await host.ask("POST", "/lots", {**LOT, "deposit": 50_00, "deposit_by_us": 1})
    await refused(past, 422, "TERMS_INVALID")
    late = paid(annas, "anna", "b-1", day=day_after(3))
    status, report = await send(cashier, "/bank/files", statement([late], closing="50.00", account=CENTRE))
    assert status == 200 and report["lines"][0]["reason"] == "deadline_passed"
    (item,) = (await checker.get("/suspense"))["items"]
    assert (item["reason"], item["proposal"]["act"]) == ("deadline_passed", "give_back")
    receipt = {"receipt_id": item["receipt_id"]}
    form = {**receipt, "lot": timed, "bidder": item["bidder_id"], "reason": "he asks for it"}
    await refused(
        await cashier.ask("POST", "/suspense/assignments", form),
        409, "REFUSED_BY_LEDGER", "deadline_passed",
    )  # fmt: skip
    assert (await cashier.post("/suspense/returns", receipt))["amount"] == 50_00
    assert (await anna.get(f"/lots/{timed}/sign-up"))["state"] == "awaiting_deposit"


def day_after(days: int) -> str:
    """Return a day to come, by the centre's calendar."""
    return f"{datetime.now(CENTRE_TIME) + timedelta(days=days):%Y-%m-%d}"


async def test_suspense_is_worked_off_with_one_click(
    floor: Served, host: Person, cashier: Person, checker: Person, accountant: Person
) -> None:
    lot = await lot_with_deposit(host)
    ((anna, annas),) = await signed_up(floor, lot, "anna")
    entries = [
        paid(annas, "anna", "b-1", remittance="deposit"),
        Entry(amount="7.00", reference="b-2", name="某人", remittance="??", number=NUMBER),
    ]
    status, report = await send(cashier, "/bank/files", statement(entries, closing="57.00", account=CENTRE))
    assert status == 200 and {line["outcome"] for line in report["lines"]} == {"suspense"}
    items = (await checker.get("/suspense"))["items"]
    assert [(item["amount"], item["proposal"]["act"]) for item in items] == [
        (50_00, "assign"),
        (7_00, "give_back"),
    ]
    proposal = items[0]["proposal"]
    form = {"receipt_id": items[0]["receipt_id"], "lot": proposal["lot_id"], "bidder": proposal["bidder_id"]}
    assert (await cashier.post("/suspense/assignments", {**form, "reason": "he said so"}))[
        "received"
    ] == 50_00
    assert (await anna.get(f"/lots/{lot}/sign-up"))["state"] == "admitted"
    again = await cashier.ask("POST", "/suspense/assignments", {**form, "reason": "again"})
    await refused(again, 409, "REFUSED_BY_LEDGER", "already_worked_off")
    back = await cashier.post("/suspense/returns", {"receipt_id": items[1]["receipt_id"]})
    (payout,) = (await cashier.get("/payouts"))["payouts"]
    assert (payout["payout_id"], payout["kind"], payout["amount"]) == (
        back["payout_id"],
        "suspense_return",
        7_00,
    )
    await refused(await cashier.ask("POST", "/suspense/returns", {"receipt_id": "none"}), 404, "NOT_ON_FILE")
    assert (await checker.get("/suspense"))["items"] == []
    await gone_by_the_statement(cashier, checker, back["payout_id"])
    done = (await checker.get("/suspense", params={"all": "true"}))["items"]
    assert {item["state"] for item in done} == {"assigned", "returned"}
    assert (await checker.get("/ledger/verification"))["is_sound"]


async def gone_by_the_statement(cashier: Person, checker: Person, number: int) -> None:
    """A payout is paid when a statement shows its debit, without an answer of the bank."""
    paying = {"name": "main", "account": "assets:bank:cny", "currency": "CNY", "holder": "某交易中心"}
    await cashier.post("/payouts/paying-accounts", paying | {"number": CENTRE})
    await checker.post(f"/payouts/{number}/approval")
    batch = (await cashier.post("/payouts/batches", {"paid_from": "main"}))["batch"]["batch_id"]
    await cashier.post(f"/payouts/batches/{batch}/sent")
    under_way = {"under_way": "true", "latest": "true"}
    assert [one["state"] for one in (await cashier.get("/payouts", params=under_way))["payouts"]] == ["sent"]
    debit = Entry(
        amount="7.00", reference="b-9", name="某人", is_credit=False, end_to_end_id=end_to_end_id(number)
    )
    content = statement(
        [debit], opening="57.00", closing="50.00", message_id="M-2", name="S-2", account=CENTRE, opens_on="2026-03-02"
    )  # fmt: skip
    status, _ = await send(cashier, "/bank/files", content)
    assert status == 200
    assert (await now(checker, number)).state == "paid"
    assert (await cashier.get("/payouts", params=under_way))["payouts"] == []
    assert len((await cashier.get("/payouts", params={"under_way": "false"}))["payouts"]) == 1


@pytest.mark.parametrize(
    ("content", "code", "detail"),
    [
        (b"", "FILE_REFUSED", "empty"),
        (b"<Document", "FILE_REFUSED", "not_xml"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "FILE_REFUSED", "doctype_not_allowed"),
        (
            statement([Entry(amount="1.00", reference="x")], closing="2.00", account=CENTRE),
            "FILE_REFUSED", "not_balanced",
        ),
        (statement([], account="999"), "FILE_REFUSED", "account_unknown"),
        (
            statement([Entry(amount="1.005", reference="x")], closing="1.00", account=CENTRE),
            "FILE_REFUSED", "amount_too_precise",
        ),
    ],
)  # fmt: skip
async def test_a_file_that_cannot_be_right_is_refused_whole_with_where(
    cashier: Person, accountant: Person, content: bytes, code: str, detail: str
) -> None:
    answer = await send(cashier, "/bank/files", content)
    await refused(answer, 422, code, detail)
    assert answer[1]["problems"]
    assert (await cashier.get("/bank/files"))["files"] == []


async def test_a_file_comes_in_a_form_too_and_not_without_end(
    cashier: Person, accountant: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("file", statement([], account=CENTRE), filename="../etc/三月.xml")
    async with cashier.http.post(f"{API}/bank/files", data=form) as answer:
        assert (await answer.json())["file"]["name"] == "三月.xml"
    empty = aiohttp.FormData()
    empty.add_field("note", "no file", content_type="multipart/form-data")
    async with cashier.http.post(f"{API}/bank/files", data=empty) as answer:
        assert (answer.status, (await answer.json())["code"]) == (400, "MALFORMED")
    monkeypatch.setattr("gateways.api.finance_bank.FILE_BYTES_MAX", 1_000)
    await refused(await send(cashier, "/bank/files", b"x" * 100_000), 413, "TOO_LARGE")


async def test_a_bank_pushes_what_it_signs_and_nobody_else_is_believed(
    floor: Served, host: Person, cashier: Person, accountant: Person
) -> None:
    lot = await lot_with_deposit(host)
    ((anna, annas),) = await signed_up(floor, lot, "anna")
    key = await accountant.post("/bank/accounts/main/keys")
    body = notification([paid(annas, "anna", "b-1")], account=CENTRE)
    stamp = str(int(time.time()))
    headers = {
        "X-Luochui-Key": key["key_id"],
        "X-Luochui-Timestamp": stamp,
        "X-Luochui-Signature": signature(bytes.fromhex(key["secret"]), stamp, body),
    }
    bank = await floor.nobody()
    forged = {**headers, "X-Luochui-Signature": "v1=" + "0" * 64}
    for changed, detail in (
        (forged, "signature_wrong"),
        ({**headers, "X-Luochui-Timestamp": "1"}, "signature_wrong"),
        ({**headers, "X-Luochui-Key": "0" * 16}, "key_unknown"),
        ({}, "key_unknown"),
    ):
        status, answer = await bank.ask("POST", "/bank/notices", data=body, headers=changed)
        await refused((status, answer), 403, "NOTICE_NOT_BELIEVED", detail)
    status, report = await bank.ask("POST", "/bank/notices", data=body, headers=headers)
    assert status == 200 and report["file"]["channel"] == "webhook" and report["is_new"], report
    assert (await anna.get(f"/lots/{lot}/sign-up"))["state"] == "admitted"
    assert not (await bank.ask("POST", "/bank/notices", data=body, headers=headers))[1]["is_new"]
    await accountant.post("/bank/keys/end", {"key_id": key["key_id"]})
    status, answer = await bank.ask("POST", "/bank/notices", data=body, headers=headers)
    await refused((status, answer), 403, "NOTICE_NOT_BELIEVED", "key_unknown")
    assert "secret" not in str(await cashier.get("/bank/accounts/main/keys"))


async def test_what_is_wrong_is_undone_by_two_and_the_bank_is_compared(
    floor: Served, host: Person, cashier: Person, checker: Person, accountant: Person
) -> None:
    entries = [Entry(amount="7.00", reference="b-1", name="某人", remittance="??")]
    await send(cashier, "/bank/files", statement(entries, closing="7.00", account=CENTRE))
    await accountant.post("/reconciliation/run")
    compared = await checker.get(
        "/reconciliation/days", params={"account": "assets:bank:cny", "since": "2026-03-02"}
    )
    assert compared["days"][0]["bank"]["closing"] == 7_00
    assert (await checker.get("/reconciliation/accounts"))["accounts"][0]["account"] == "assets:bank:cny"
    await checker.get("/reconciliation/unmatched", params={"account": "assets:bank:cny"})
    async with accountant.http.get(f"{API}/exports/journal", params={"format": "jsonl"}) as answer:
        lines = [msgspec.json.decode(line) for line in (await answer.read()).splitlines()]
    transfer = lines[0]["transfer"]
    form = {"transfer_id": transfer, "reason": "booked by mistake"}
    await refused(await cashier.ask("POST", "/reversals", form), 403, "NOT_ALLOWED")
    proposed = await accountant.post("/reversals", form)
    place = f"/reversals/{proposed['proposal_id']}"
    again = await accountant.ask("POST", "/reversals", form)
    await refused(again, 409, "REFUSED_BY_LEDGER", "already_proposed")
    done = await checker.post(f"{place}/confirmation")
    assert done["is_confirmed"]
    await refused(
        await checker.ask("POST", f"{place}/confirmation"), 409, "REFUSED_BY_LEDGER", "already_decided"
    )
    rows = (await checker.get("/ledger/trial-balance"))["accounts"]
    assert all(row["debits_posted"] == row["credits_posted"] for row in rows)
    assert (await checker.get("/reversals"))["reversals"][0]["decided_by"] == account_id(checker)


READS = (
    "/bank/accounts", "/bank/files", "/suspense", "/payouts", "/payouts/refunds-due", "/payouts/batches",
    "/payouts/paying-accounts", "/refund-clocks", "/refund-clocks/alerts", "/defaults", "/periods", "/periods/days",
    "/periods/months", "/reversals", "/reconciliation/accounts", "/reconciliation/write-offs",
    "/ledger/trial-balance", "/ledger/verification", "/deposits", "/deposits/suspense",
)  # fmt: skip
ACTS = (
    "/bank/accounts", "/bank/files", "/bank/files/preview", "/bank/receipts", "/suspense/assignments",
    "/suspense/returns", "/payouts", "/payouts/refunds", "/payouts/approvals", "/payouts/results",
    "/payouts/batches", "/payouts/1/approval", "/payouts/1/decline", "/lots/1/contract", "/lots/1/fees",
    "/lots/1/seller-payouts", "/treasury/payouts", "/payouts/batches/1/sent", "/payouts/batches/1/withdrawal",
    "/payouts/batches/1/withdrawal/confirmation", "/payouts/batches/1/withdrawal/decline",
    "/defaults/1/bidders/2/proposal", "/defaults/1/bidders/2/confirmation", "/periods/days/proposal",
    "/periods/days/confirmation", "/reversals", "/reversals/1/confirmation", "/reconciliation/run",
    "/reconciliation/write-offs", "/reconciliation/write-offs/1/confirmation",
)  # fmt: skip


async def test_an_auditor_reads_everything_and_changes_nothing_and_a_bidder_neither(floor: Served) -> None:
    auditor, bidder = await floor.program("auditor", Role.AUDITOR), await floor.program("bidder", Role.BIDDER)
    for path in READS:
        assert (await auditor.ask("GET", path))[0] == 200, path
        assert (await bidder.ask("GET", path))[0] == 403, path
    for path in ACTS:
        for person in (auditor, bidder):
            assert (await person.ask("POST", path, {}))[0] == 403, path


def account_id(person: Person) -> int:
    assert person.account is not None
    return person.account.id
