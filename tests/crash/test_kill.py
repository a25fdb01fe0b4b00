"""kill -9 at random moments under load: what was answered is there, what was paid is there once.

Every round starts bidders and a sale with deposits, kills the process, starts it again, asks for every command once
more, and compares all answers with the lots' records. `LUOCHUI_CRASH_ROUNDS` and `LUOCHUI_CRASH_SEED` choose more
rounds and the same moments again.
"""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest
from msgspec import to_builtins

from gateways.client import ApiClient, ClientProblem
from tests.exchange_process import ExchangeProcess
from tests.identities import of_person
from tests.live import lot_form
from tests.patience import PATIENCE_SECONDS
from tests.seeds import seed

ROUNDS = int(os.environ.get("LUOCHUI_CRASH_ROUNDS", "6"))
SEED = seed("LUOCHUI_CRASH_SEED")
BIDDERS = 6
DEPOSIT = 50_000
RECEIPTS_MIN = 20
"""More than these are given in each round, however slow the machine is."""

Frame = dict[str, Any]


@dataclass
class Person:
    """A bidder with everything he sent and was answered."""

    id: int
    name: str
    token: str
    sent: dict[str, Frame] = field(default_factory=dict)
    receipts: dict[str, Frame] = field(default_factory=dict)
    refusals: dict[str, Frame] = field(default_factory=dict)


def hosts(act: str, lot: int) -> Frame:
    return {"type": "host", "id": secrets.token_hex(16), "lot": lot, "act": act}


async def converse(url: str, token: str) -> aiohttp.ClientWebSocketResponse:
    session = aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"})
    socket = await session.ws_connect(f"{url}/api/v1/live", protocols=("luochui.v1.json",))
    socket.session = session  # type: ignore[attr-defined]
    await socket.receive()
    return socket


async def ask(socket: aiohttp.ClientWebSocketResponse, frame: Frame) -> Frame:
    """Send a command and return what answers it, passing over everything else."""
    await socket.send_str(orjson.dumps(frame).decode())
    while True:
        message = await socket.receive()
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise ConnectionError
        answer: Frame = orjson.loads(message.data)
        if answer.get("id") == frame["id"]:
            return answer


async def hang_up(socket: aiohttp.ClientWebSocketResponse) -> None:
    with suppress(Exception):
        await asyncio.wait_for(socket.close(), 1)
    await socket.session.close()  # type: ignore[attr-defined]


async def keep_bidding(url: str, person: Person, lot: int, chance: random.Random) -> None:
    """Bid until the exchange is gone, noting each answer the moment it is heard."""
    with suppress(ConnectionError, aiohttp.ClientError, OSError):
        socket = await converse(url, person.token)
        asking = 1_000
        try:
            while True:
                kind = "max_bid" if chance.random() < 0.15 else "bid"
                amount = asking + chance.choice((-5, 0, 0, 0, 10, 30))
                frame: Frame = {"type": kind, "id": secrets.token_hex(16), "lot": lot}
                frame["limit" if kind == "max_bid" else "amount"] = amount
                person.sent[frame["id"]] = frame
                answer = await ask(socket, frame)
                if answer["type"] == "receipt":
                    person.receipts[frame["id"]] = answer
                    asking = answer["asking_price"]
                elif answer["type"] == "refusal":
                    person.refusals[frame["id"]] = answer
                    asking = answer["asking_price"] or asking
        finally:
            await hang_up(socket)


async def enough_receipts(people: list[Person]) -> None:
    """Wait until there is enough that could be lost."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while sum(len(person.receipts) for person in people) <= RECEIPTS_MIN:
            await asyncio.sleep(0.01)


async def insist(socket: aiohttp.ClientWebSocketResponse, frame: Frame) -> Frame:
    """Send a command under its id until it is answered for good."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (answer := await ask(socket, frame)).get("retryable"):
            await asyncio.sleep(0.05)
    return answer


async def sell_with_deposits(url: str, token: str, people: list[Person], noted: dict[str, Any]) -> None:
    """Sell one lot from sign-up to hammer, as far as the exchange lives; `noted` says how far that was."""
    with suppress(ConnectionError, aiohttp.ClientError, ClientProblem, OSError):
        async with ApiClient(url, token=token) as staff:
            lot = noted.setdefault("lot", 0) or await staff.publish_lot(lot_form("deposits", DEPOSIT))
            noted["lot"] = lot
            for person in people[:3]:
                async with ApiClient(url, token=person.token) as bidder:
                    sign_up = await bidder.sign_up(lot)
                receipt = {
                    "receipt_id": f"bank-{lot}-{person.id}",
                    "reference": sign_up["reference"],
                    "amount": DEPOSIT,
                    "currency": "CNY",
                    "payer_name": person.name,
                    "received_at_us": 1_800_000_000_000_000,
                }
                await staff.call("POST", "/bank/receipts", {"receipts": [receipt]})
            await asyncio.sleep(0.05)
            socket = await converse(url, token)
            try:
                await ask(socket, hosts("open", lot))
                for person in people[:3]:
                    bidding = await converse(url, person.token)
                    await ask(
                        bidding,
                        {"type": "bid", "id": secrets.token_hex(16), "lot": lot, "amount": 900 + person.id},
                    )
                    await hang_up(bidding)
                await ask(socket, hosts("hammer", lot))
            finally:
                await hang_up(socket)


async def records_of(api: ApiClient, lot: int) -> dict[int, Frame]:
    records: dict[int, Frame] = {}
    while True:
        page = await api.records(lot, after=len(records))
        for record in page["records"]:
            assert record["sequence"] == len(records) + 1, "a lot's records have no gaps"
            records[record["sequence"]] = record
        if not page["has_more"]:
            return records


async def check_answers(url: str, token: str, lot: int, people: list[Person]) -> Counter[str]:
    """Compare every answer with the record, and ask for every command of this round once more."""
    counts: Counter[str] = Counter()
    async with ApiClient(url, token=token) as api:
        records = await records_of(api, lot)
    for person in people:
        socket = await converse(url, person.token)
        for id, frame in person.sent.items():
            again = await insist(socket, frame)
            first = person.receipts.get(id) or person.refusals.get(id)
            counts["checked"] += 1
            if first is None:
                counts["unanswered"] += 1
                if again["type"] == "receipt" and again["is_repeat"]:
                    counts["unanswered, yet on record"] += 1
                continue
            assert again["type"] == first["type"], f"{first} was contradicted by {again}"
            if first["type"] == "receipt":
                counts["receipts"] += 1
                same = ("sequence", "at_us", "amount", "link")
                assert [again[name] for name in same] == [first[name] for name in same]
                assert records[first["sequence"]]["link"] == first["link"]
            else:
                assert (again["code"], again["asking_price"]) == (first["code"], first["asking_price"])
        await hang_up(socket)
        person.sent.clear()
        person.receipts.clear()
        person.refusals.clear()
    return counts


async def check_books(url: str, token: str, sales: list[dict[str, Any]], people: list[Person]) -> int:
    """Finish every sale, and see each deposit once: applied for the winner, due for refund for the others."""
    async with ApiClient(url, token=token) as api:
        for sale in sales:
            await sell_with_deposits(url, token, people, sale)
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while True:
            rows = (await api.call("GET", "/deposits"))["deposits"]
            done = [row for row in rows if row["state"] in ("applied_to_price", "refund_due")]
            if len(done) == 3 * len(sales) or time.monotonic() > give_up_at:
                break
            await asyncio.sleep(0.1)
        assert len(rows) == len(done) == 3 * len(sales), rows
        for sale in sales:
            of_lot = [row for row in rows if row["lot_id"] == sale["lot"]]
            view = (await api.lot(sale["lot"]))["view"]
            price = view["hammer_price"] if view["state"] == "sold" else 0
            applied = min(price, DEPOSIT)
            assert sum(row["applied"] for row in of_lot) == applied
            assert sum(row["refund_due"] for row in of_lot) == 3 * DEPOSIT - applied
            assert all(row["received"] == DEPOSIT for row in of_lot)
        report = await api.call("GET", "/ledger/verification")
        assert report["is_sound"], report
    return len(rows)


async def test_what_was_answered_survives_any_kill(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(SEED)
    with capsys.disabled():
        print(f"\ncrash: seed {SEED}, {ROUNDS} rounds")
    exchange = ExchangeProcess(tmp_path / "data", "--no-demo", "--set", "frames_per_second=10000",
                               "--set", "frames_burst=10000", "--set", "snapshot_every_records=300")  # fmt: skip
    exchange.start()
    totals: Counter[str] = Counter()
    sales: list[dict[str, Any]] = []
    try:
        token = exchange.operator_token
        async with ApiClient(exchange.url, token=token) as api:
            forms = [
                {"login": f"bidder-{n}", "name": f"bidder {n}", "roles": ["bidder"]} for n in range(BIDDERS)
            ]
            made = await api.create_accounts(forms)
            people = [
                Person(account["id"], str(form["name"]), account["token"])
                for account, form in zip(made, forms, strict=True)
            ]
            for person in people[:3]:
                await api.declare_identity(person.id, to_builtins(of_person(person.name, person.id)))
            lot = await api.publish_lot(lot_form("hot", 0))
            await api.admit(lot, [person.id for person in people])
        host = await converse(exchange.url, token)
        assert (await ask(host, hosts("open", lot)))["type"] == "receipt"
        await hang_up(host)
        for _ in range(ROUNDS):
            sales.append({})
            work = [
                keep_bidding(exchange.url, person, lot, random.Random(chance.random())) for person in people
            ]
            work.append(sell_with_deposits(exchange.url, token, people, sales[-1]))
            tasks = [asyncio.create_task(each) for each in work]
            await asyncio.sleep(chance.uniform(0.05, 1.2))
            await enough_receipts(people)
            exchange.kill()
            await asyncio.gather(*tasks)
            exchange.start()
            totals += await check_answers(exchange.url, token, lot, people)
        deposits = await check_books(exchange.url, token, sales, people)
        assert exchange.stop() == 0
    finally:
        if exchange.exit_code is None:
            exchange.kill()
    with capsys.disabled():
        print(f"crash: {dict(totals)}, {deposits} deposits, nothing lost, doubled or contradicted")
    assert totals["receipts"] > RECEIPTS_MIN * ROUNDS


DUE_AFTER_US = 4_000_000
"""So long that the kill comes before it, however slow the machine is."""


async def test_a_lot_due_while_the_exchange_was_dead_comes_back_frozen_and_resumes(tmp_path: Path) -> None:
    exchange = ExchangeProcess(tmp_path / "data", "--no-demo")
    exchange.start()
    try:
        token = exchange.operator_token
        async with ApiClient(exchange.url, token=token) as api:
            form = lot_form("due", 0)
            form["terms"]["programme"][0] |= {
                "duration_us": DUE_AFTER_US,
                "soft_close_window_us": 0,
                "resume_countdown_us": 120_000_000,
            }
            form["terms"] |= {"outage_tolerance_us": 200_000, "outage_notice_us": 1_000_000}
            account = (
                await api.create_accounts([{"login": "late-bidder", "name": "late", "roles": ["bidder"]}])
            )[0]
            lot = await api.publish_lot(form)
            await api.admit(lot, [account["id"]])
        host = await converse(exchange.url, token)
        assert (await ask(host, hosts("open", lot)))["type"] == "receipt"
        exchange.kill()
        await hang_up(host)
        await asyncio.sleep(DUE_AFTER_US / 1_000_000 + 0.5)
        exchange.start()
        bidder = await converse(exchange.url, account["token"])
        bid = {"type": "bid", "lot": lot, "amount": 1_000}
        answers = [await ask(bidder, bid | {"id": secrets.token_hex(16)})]
        async with asyncio.timeout(PATIENCE_SECONDS):
            while answers[-1].get("code") == "LOT_FROZEN":
                await asyncio.sleep(0.05)
                answers.append(await ask(bidder, bid | {"id": secrets.token_hex(16)}))
        assert answers[-1]["type"] == "receipt", answers
        await hang_up(bidder)
        host = await converse(exchange.url, token)
        assert (await ask(host, hosts("hammer", lot)))["type"] == "receipt"
        await hang_up(host)
        async with ApiClient(exchange.url, token=token) as api:
            events = [each["event"]["type"] for each in (await records_of(api, lot)).values()]
        assert events[-4:] == ["LotFrozen", "LotResumed", "BidPlaced", "LotSold"]
        assert exchange.stop() == 0
    finally:
        if exchange.exit_code is None:
            exchange.kill()
