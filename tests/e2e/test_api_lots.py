"""Lots, records and admissions over HTTP."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from exchange.people import Role
from matching.commands import OpenLot, PauseLot, PlaceBid, WithdrawLot
from tests.served import Person, Served

LOT: dict[str, Any] = {
    "category": "land",
    "region": "大理州",
    "title_zh": "地块一",
    "title_en": "Plot one",
    "description_en": "A plot.",
    "seller_zh": "某局",
    "terms": {
        "currency": "CNY",
        "opening_price": 100_00,
        "opens_at_us": 0,
        "reserve_price": 500_00,
        "programme": [{"phase": "english", "increments": [[0, 10_00]], "host_may_hammer": True}],
    },
}
RECORDS_MAX = 1_000


@pytest.fixture
async def host(floor: Served) -> Person:
    return await floor.program("host", Role.HOST, Role.ADMIN)


async def test_a_lot_is_published_found_and_shown_without_its_reserve(floor: Served, host: Person) -> None:
    lot = (await host.post("/lots", LOT))["lot"]
    visitor = await floor.nobody()
    page = await visitor.get("/lots")
    assert page["total"] == 1
    card = page["lots"][0]
    assert (card["lot"], card["title"], card["seller"]["zh"]) == (
        lot,
        {"zh": "地块一", "en": "Plot one"},
        "某局",
    )
    assert card["view"]["state"] == "announced" and card["view"]["has_reserve"]
    shown = await visitor.get(f"/lots/{lot}")
    assert {name: shown[name] for name in card} == card
    assert shown["description"]["en"] == "A plot."
    assert shown["terms"]["opening_price"] == 100_00 and "reserve_price" not in shown["terms"]
    assert shown["my"] is None
    assert "50000" not in msgspec.json.encode(shown).decode()


async def test_lots_are_searched_by_query(floor: Served, host: Person) -> None:
    for number in range(3):
        await host.post("/lots", LOT | {"title_en": f"Plot {number}"})
    await host.post("/lots", LOT | {"category": "vehicle", "title_en": "Car", "code": "CAR-1"})
    visitor = await floor.nobody()

    async def found(**params: Any) -> tuple[list[str], int]:
        page = await visitor.get("/lots", params=params)
        return [card["title"]["en"] for card in page["lots"]], page["total"]

    assert await found(category="vehicle") == (["Car"], 1)
    assert await found(q="plot", limit=2, offset=2) == (["Plot 0"], 3)
    assert await found(state="sold") == ([], 0)
    for params, named in (
        ({"state": "gone"}, "state"),
        ({"limit": "0"}, "limit"),
        ({"limit": "201"}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"offset": "-1"}, "offset"),
        ({"colour": "red"}, "colour"),
    ):
        status, answer = await visitor.ask("GET", "/lots", params=params)
        assert (status, answer["code"]) == (422, "INVALID")
        assert named in answer["problems"][0]


async def test_a_lot_that_cannot_be_is_refused_with_every_reason(floor: Served, host: Person) -> None:
    english = LOT["terms"]["programme"][0]
    bad = LOT["terms"] | {
        "reserve_price": 1,
        "programme": [english | {"increments": [], "resume_countdown_us": 0}],
    }
    status, answer = await host.ask("POST", "/lots", LOT | {"terms": bad})
    assert (status, answer["code"], len(answer["problems"])) == (422, "TERMS_INVALID", 3)
    told = {one["code"]: (one["field"], one["text"]["zh"], one["allowed"]["zh"]) for one in answer["fields"]}
    assert told["RESERVE_BELOW_OPENING"] == (
        "terms.reserve_price",
        "保留价低于起始价",
        "不低于 100 元，或不填",
    )
    assert told["LADDER_EMPTY"][0] == "terms.programme.0.increments"
    checked = await host.post("/lots/check", LOT | {"terms": bad})
    assert {one["code"] for one in checked["problems"]} == set(told)
    for change, field in (
        ({"terms": LOT["terms"] | {"opening_price": -1}}, "terms.opening_price"),
        ({"terms": LOT["terms"] | {"programme": []}}, "terms.programme"),
        ({"deposit": 2**60}, "deposit"),
        ({"category": "castle"}, "category"),
        ({"title_zh": ""}, "title_zh"),
        ({"code": "LC-2026-000001"}, "code"),
        ({"colour": "red"}, "colour"),
    ):
        status, answer = await host.ask("POST", "/lots", LOT | change)
        assert (status, answer["code"]) == (422, "INVALID")
        assert field in answer["problems"][0]
    await host.post("/lots", LOT | {"code": "PLOT-1"})
    status, answer = await host.ask("POST", "/lots", LOT | {"code": "PLOT-1"})
    assert (status, answer["code"], answer["detail"]) == (409, "CODE_TAKEN", "PLOT-1")
    assert (await host.get("/lots"))["total"] == 1


async def test_records_are_read_in_pages_and_only_staff_sees_after_the_end_what_was_withheld(
    floor: Served, host: Person
) -> None:
    lot = (await host.post("/lots", LOT))["lot"]
    bidders = await host.post(
        "/accounts/bulk",
        {"accounts": [{"login": f"b{n}", "name": f"B {n}", "roles": ["bidder"]} for n in (1, 2)]},
    )
    ids = [one["id"] for one in bidders["accounts"]]
    admitted = await host.post(f"/lots/{lot}/admissions", {"bidders": [*ids, ids[0]]})
    assert admitted == [{"bidder": ids[0], "paddle": 1}, {"bidder": ids[1], "paddle": 2}]
    assert host.account is not None
    await floor.give(OpenLot(lot, host.account.id))
    await floor.give(PlaceBid(lot, ids[1], 100_00))
    visitor = await floor.nobody()
    everything = await visitor.get(f"/lots/{lot}/records")
    kinds = [record["event"]["type"] for record in everything["records"]]
    assert kinds == [
        "LotAnnounced", "Withheld", "Withheld", "Withheld", "LotOpened", "PhaseBegan", "BidPlaced",
    ]  # fmt: skip
    assert [record["sequence"] for record in everything["records"]] == list(range(1, 8))
    actors = [(record["event"].get("by", 0), record.get("by_name")) for record in everything["records"]]
    acted = (host.account.id, host.account.name)
    assert actors == [acted, (0, None), (0, None), (0, None), acted, (0, None), (0, None)]
    assert not everything["has_more"] and everything["epoch"] == floor.exchange.hall.epoch
    part = await visitor.get(f"/lots/{lot}/records", params={"after": 2, "limit": 3})
    assert part["records"] == everything["records"][2:5] and part["has_more"]
    assert await host.get(f"/lots/{lot}/records") == everything, "while the lot is under way nobody sees more"
    await floor.give(WithdrawLot(lot, host.account.id, "the seller's wish"))
    seen = (await host.get(f"/lots/{lot}/records"))["records"][:7]
    assert (await visitor.get(f"/lots/{lot}/records"))["records"][:7] == everything["records"]
    assert seen[1]["event"] == {"type": "ReserveSet", "amount": 500_00}
    assert seen[3]["event"] == {"type": "BidderAdmitted", "paddle": 2, "bidder": ids[1]}
    assert [record["link"] for record in seen] == [record["link"] for record in everything["records"]]
    assert (await visitor.get(f"/lots/{lot}/records", params={"after": 99}))["records"] == []
    status, answer = await visitor.ask("GET", "/lots/999/records")
    assert (status, answer["code"]) == (404, "LOT_UNKNOWN")
    status, answer = await visitor.ask("GET", f"/lots/{lot}/records", params={"limit": RECORDS_MAX + 1})
    assert (status, answer["code"]) == (422, "INVALID")


async def test_admission_without_deposit_is_for_bidders_and_lots_without_one(
    floor: Served, host: Person
) -> None:
    dear = (await host.post("/lots", LOT | {"deposit": 10_00}))["lot"]
    free = (await host.post("/lots", LOT))["lot"]
    anna = await floor.program("anna", Role.BIDDER)
    assert anna.account is not None and host.account is not None
    body = {"bidders": [anna.account.id]}
    assert (await host.ask("POST", f"/lots/{dear}/admissions", body))[1]["code"] == "DEPOSIT_REQUIRED"
    assert (await host.ask("POST", "/lots/999/admissions", body))[1]["code"] == "LOT_UNKNOWN"
    status, answer = await host.ask(
        "POST", f"/lots/{free}/admissions", {"bidders": [anna.account.id, host.account.id, 999]}
    )
    assert (status, answer["code"]) == (404, "ACCOUNT_UNKNOWN")
    assert answer["problems"] == [str(host.account.id), "999"]
    assert await host.post(f"/lots/{free}/admissions", body) == [{"bidder": anna.account.id, "paddle": 1}]
    assert (await anna.get(f"/lots/{free}"))["my"]["paddle"] == 1
    await floor.give(WithdrawLot(free, host.account.id, "the seller's wish"))
    assert (await host.ask("POST", f"/lots/{free}/admissions", body))[1]["code"] == "LOT_CLOSED"
    status, answer = await host.ask("POST", f"/lots/{free}/admissions", {"bidders": list(range(1, 1_002))})
    assert (status, answer["code"]) == (422, "INVALID")


async def test_even_a_strange_reason_does_not_hold_settlement_up(floor: Served, host: Person) -> None:
    assert host.account is not None
    by = host.account.id
    strange, other = (await host.post("/lots", LOT))["lot"], (await host.post("/lots", LOT))["lot"]
    await floor.give(OpenLot(strange, by))
    await floor.give(PauseLot(strange, by, "a\0b"))
    await floor.give(WithdrawLot(strange, by, "c\0d"))
    await floor.give(WithdrawLot(other, by, "plain"))
    await floor.settle()
    page = await host.get("/lots", params={"state": "withdrawn"})
    assert {card["lot"] for card in page["lots"]} == {strange, other}
