"""A bidder's money over HTTP: from sign-up by way of the bank and the hammer to what finance downloads."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
import re
import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from exchange.people import Role
from gateways.api.services import LEDGER_READERS_MAX, SERVICES
from matching.commands import HammerLot, OpenLot, PlaceBid
from tests.e2e.test_api_lots import LOT
from tests.served import API, Person, Served, served

DEPOSIT = 50_00


@pytest.fixture
async def host(floor: Served) -> Person:
    return await floor.program("host", Role.HOST)


@pytest.fixture
async def finance(floor: Served) -> Person:
    return await floor.person("finance", Role.FINANCE)


async def lot_with_deposit(host: Person, **changes: Any) -> int:
    english = LOT["terms"]["programme"][0] | {"fair_warnings_min": 0}
    terms = {**LOT["terms"], "reserve_price": 0, "programme": [english]}
    lot: int = (await host.post("/lots", {**LOT, "deposit": DEPOSIT, "terms": terms, **changes}))["lot"]
    return lot


async def sold(floor: Served, host: Person, lot: int, winner: Person) -> None:
    assert host.account is not None and winner.account is not None
    await floor.give(OpenLot(lot, host.account.id))
    await floor.give(PlaceBid(lot, winner.account.id, 100_00))
    await floor.give(HammerLot(lot, host.account.id))
    await floor.settle()


async def test_from_sign_up_to_refund(floor: Served, host: Person, finance: Person) -> None:
    lot = await lot_with_deposit(host)
    anna, ben = await floor.person("anna", Role.BIDDER), await floor.person("ben", Role.BIDDER)
    states = [await person.post(f"/lots/{lot}/sign-up") for person in (anna, ben)]
    assert states[0]["state"] == "awaiting_deposit" and states[0]["required"] == DEPOSIT
    assert await anna.get(f"/lots/{lot}/sign-up") == states[0] == (await anna.get(f"/lots/{lot}"))["my"]
    reference = states[0]["reference"]
    part = await anna.post("/demo-bank/payments", {"reference": reference, "amount": 20_00})
    assert part == {"state": "credited", "reason": None, "received": 20_00}
    rest = await anna.post("/demo-bank/payments", {"reference": reference})
    assert rest == {"state": "credited", "reason": None, "received": DEPOSIT}
    status, answer = await anna.ask("POST", "/demo-bank/payments", {"reference": reference})
    assert (status, answer["code"]) == (409, "DEPOSIT_COMPLETE")
    await ben.post("/demo-bank/payments", {"reference": states[1]["reference"]})
    assert [(await person.get(f"/lots/{lot}/sign-up"))["paddle"] for person in (anna, ben)] == [1, 2]
    await sold(floor, host, lot, ben)
    mine = (await anna.get("/me/sign-ups"))["sign_ups"]
    assert [(one["lot"], one["title"]["en"], one["refund_due"], one["deposit_state"]) for one in mine] == [
        (lot, "Plot one", DEPOSIT, "refund_due")
    ]
    assert (await ben.get(f"/lots/{lot}/sign-up"))["applied"] == DEPOSIT
    rows = (await finance.get("/deposits", params={"lot": lot}))["deposits"]
    assert [(row["payer_name"], row["state"]) for row in rows] == [
        ("Person anna", "refund_due"), ("Person ben", "applied_to_price"),
    ]  # fmt: skip
    assert (await finance.get("/deposits", params={"lot": lot + 1}))["deposits"] == []
    assert (await finance.get("/ledger/verification"))["is_sound"]


async def test_one_pays_for_oneself_only_and_only_where_the_demo_bank_is_open(
    floor: Served, host: Person, database_url: str, tmp_path: Path
) -> None:
    lot = await lot_with_deposit(host)
    anna, ben = await floor.person("anna", Role.BIDDER), await floor.person("ben", Role.BIDDER)
    state = await anna.post(f"/lots/{lot}/sign-up")
    for person, reference in ((ben, state["reference"]), (anna, "0000"), (anna, "")):
        status, answer = await person.ask("POST", "/demo-bank/payments", {"reference": reference})
        assert (status, answer["code"]) == (404, "NOT_SIGNED_UP")
    for amount in (0, -1, 10**16, 1.5, "10"):
        body = {"reference": state["reference"], "amount": amount}
        status, answer = await anna.ask("POST", "/demo-bank/payments", body)
        assert (status, answer["code"]) == (422, "INVALID")


async def test_without_the_demo_there_is_no_demo_bank(database_url: str, tmp_path: Path) -> None:
    async with served(database_url, tmp_path, demo=False) as floor:
        anna = await floor.program("anna", Role.BIDDER)
        status, answer = await anna.ask("POST", "/demo-bank/payments", {"reference": "1"})
        assert (status, answer["code"]) == (403, "DEMO_ONLY")
        assert not (await anna.get("/me"))["demo"]


async def test_nobody_signs_up_for_what_is_not_there_or_over(floor: Served, host: Person) -> None:
    lot, anna = await lot_with_deposit(host), await floor.program("anna", Role.BIDDER)
    assert (await anna.ask("GET", f"/lots/{lot}/sign-up"))[1]["code"] == "NOT_SIGNED_UP"
    assert (await anna.ask("POST", "/lots/999/sign-up"))[1]["code"] == "LOT_UNKNOWN"
    assert (await anna.ask("GET", "/lots/999"))[1]["code"] == "LOT_UNKNOWN"
    assert host.account is not None
    await floor.give(OpenLot(lot, host.account.id))
    await floor.give(HammerLot(lot, host.account.id))
    status, answer = await anna.ask("POST", f"/lots/{lot}/sign-up")
    assert (status, answer["code"]) == (409, "LOT_CLOSED")


def receipt(state: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "receipt_id": "bank-1",
        "reference": state["reference"],
        "amount": DEPOSIT,
        "currency": "CNY",
        "payer_name": "Person anna",
        "received_at_us": 1_800_000_000_000_000,
        **changes,
    }


async def test_receipts_of_a_statement_are_answered_one_by_one(
    floor: Served, host: Person, finance: Person
) -> None:
    lot, anna = await lot_with_deposit(host), await floor.person("anna", Role.BIDDER)
    state = await anna.post(f"/lots/{lot}/sign-up")
    receipts = [
        receipt(state),
        receipt(state),
        receipt(state, amount=1),
        receipt(state, receipt_id="bank-2", reference="no such reference"),
        receipt(state, receipt_id="bank-3", payer_name="Somebody else"),
    ]
    outcomes = (await finance.post("/bank/receipts", {"receipts": receipts}))["outcomes"]
    assert finance.account is not None
    entered = await finance.get("/bank/receipts/entries")
    assert [entry["receipt_id"] for entry in entered["entries"]] == [
        "bank-3",
        "bank-2",
        "bank-1",
        "bank-1",
        "bank-1",
    ]
    assert {entry["entered_by"] for entry in entered["entries"]} == {finance.account.id}
    assert entered["people"] == {str(finance.account.id): "Person finance"}
    assert [(one["receipt_id"], one["state"], one["reason"]) for one in outcomes] == [
        ("bank-1", "credited", None),
        ("bank-1", "duplicate", None),
        ("bank-1", "refused", "exists_with_different_amount"),
        ("bank-2", "suspense", "unknown_reference"),
        ("bank-3", "suspense", "payer_mismatch"),
    ]
    assert (outcomes[0]["lot"], outcomes[3]["lot"]) == (lot, None)
    assert (await anna.get(f"/lots/{lot}/sign-up"))["state"] == "admitted"
    waiting = (await finance.get("/deposits/suspense"))["receipts"]
    assert [(row["receipt_id"], row["reason"]) for row in waiting] == [
        ("bank-2", "unknown_reference"), ("bank-3", "payer_mismatch"),
    ]  # fmt: skip
    status, answer = await finance.ask("POST", "/bank/receipts", {"receipts": [receipt(state, amount=0)]})
    assert (status, answer["problems"][0].startswith("receipts[0].amount")) == (422, True)
    many = [receipt(state, receipt_id=f"bank-{n}") for n in range(1_001)]
    assert (await finance.ask("POST", "/bank/receipts", {"receipts": many}))[0] == 422


async def test_files_are_downloaded_with_the_date_in_their_names(
    floor: Served, host: Person, finance: Person, tmp_path: Path
) -> None:
    lot, anna = await lot_with_deposit(host), await floor.person("anna", Role.BIDDER)
    state = await anna.post(f"/lots/{lot}/sign-up")
    await anna.post("/demo-bank/payments", {"reference": state["reference"]})
    await sold(floor, host, lot, anna)
    files = {}
    for name in ("deposits.csv", "journal.csv", "journal.beancount"):
        async with finance.http.get(f"{API}/exports/{name}") as answer:
            assert answer.status == 200
            stem, ending = name.split(".")
            wanted = (
                rf'attachment; filename="luochui-{stem}-\d{{4}}-\d\d-\d\d\.{ending}"; '
                rf"filename\*=UTF-8''%E8%90%BD%E6%A7%8C-[%0-9A-F]+-\d{{4}}-\d\d-\d\d\.{ending}"
            )
            assert re.fullmatch(wanted, answer.headers["Content-Disposition"])
            files[name] = await answer.text()
    assert files["deposits.csv"].startswith('\ufeff"标的",')
    async with finance.http.get(f"{API}/exports/deposits.csv?language=en&lot={lot}") as answer:
        rows = list(csv.reader(io.StringIO(await answer.text())))
    assert rows[0][:4] == ["lot", "bidder", "reference", "payer"]
    assert rows[1][:4] == [
        str(lot),
        str(anna.account.id if anna.account else 0),
        " ".join(re.findall("....", state["reference"])),
        "Person anna",
    ]
    assert len(list(csv.reader(io.StringIO(files["journal.csv"])))) > 4
    journal = tmp_path / "journal.beancount"
    journal.write_text(files["journal.beancount"])
    checked = subprocess.run(
        [Path(sys.executable).parent / "bean-check", journal], check=False, capture_output=True, text=True
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
    status, answer = await finance.ask("GET", "/exports/journal.csv", params={"language": "fr"})
    assert (status, answer["code"]) == (422, "INVALID")


async def test_few_read_the_whole_ledger_at_once(floor: Served, finance: Person) -> None:
    async with AsyncExitStack() as stack:
        services = floor.server.app[SERVICES]
        for _ in range(LEDGER_READERS_MAX):
            await stack.enter_async_context(services.whole_ledger())
        for path in ("/exports/journal.csv", "/ledger/verification"):
            status, answer = await finance.ask("GET", path)
            assert (status, answer["code"]) == (503, "BUSY")
    assert (await finance.get("/ledger/verification"))["is_sound"]


async def test_a_reader_who_goes_away_or_a_ledger_that_breaks_leaves_nothing_open(
    floor: Served, host: Person, finance: Person
) -> None:
    lot, anna = await lot_with_deposit(host), await floor.person("anna", Role.BIDDER)
    state = await anna.post(f"/lots/{lot}/sign-up")
    for _ in range(30):
        await anna.post("/demo-bank/payments", {"reference": state["reference"], "amount": 1})
    for _ in range(20):
        async with finance.http.get(f"{API}/exports/journal.csv") as answer:
            answer.close()
    async with asyncio.timeout(60):
        while floor.server.app[SERVICES].ledger_gate._value < LEDGER_READERS_MAX:
            await asyncio.sleep(0.01)
    assert (await finance.get("/ledger/verification"))["is_sound"]


async def test_a_sign_up_keeps_the_commitment_that_was_read(floor: Served, host: Person) -> None:
    lot, other = await lot_with_deposit(host), await lot_with_deposit(host)
    anna, ben = await floor.person("anna", Role.BIDDER), await floor.person("ben", Role.BIDDER)
    text = await anna.get(f"/lots/{lot}/commitment")
    told = text["text"]
    written = f"{told['zh']}\n\n{told['en']}\n"
    assert hashlib.sha256(written.encode()).hexdigest() == text["sha256"]
    foreign = (await anna.get(f"/lots/{other}/commitment"))["sha256"]
    status, answer = await anna.ask("POST", f"/lots/{lot}/sign-up", {"commitment": foreign})
    assert (status, answer["code"]) == (409, "COMMITMENT_DIFFERS")
    state = await anna.post(f"/lots/{lot}/sign-up", {"commitment": text["sha256"]})
    assert state["commitment"] == text["sha256"] and state["committed_at_us"] > 0
    assert (await ben.post(f"/lots/{lot}/sign-up"))["commitment"] == ""
    assert (await anna.ask("GET", "/lots/999/commitment"))[1]["code"] == "LOT_UNKNOWN"
