"""The host's desk over HTTP: refusals by reason, and what the lots under way still wait for."""

from __future__ import annotations

from exchange.people import Role
from matching.commands import HammerLot, OpenLot, PlaceBid, ResumeLot, SealOffer, WithdrawLot
from tests.live import lot_form
from tests.served import Person, Served


async def admitted(floor: Served, host: Person, lot: int, *people: Person) -> list[int]:
    ids = [person.account.id for person in people if person.account]
    await host.post(f"/lots/{lot}/admissions", {"bidders": ids})
    return ids


async def test_refusals_are_counted_by_reason_for_hosts_only(floor: Served) -> None:
    host = await floor.program("host", Role.HOST, Role.ADMIN)
    anna, bela, guest = [await floor.program(name, Role.BIDDER) for name in ("anna", "bela", "guest")]
    lot = (await host.post("/lots", lot_form()))["lot"]
    first, second = await admitted(floor, host, lot, anna, bela)
    assert guest.account and host.account
    await floor.give(PlaceBid(lot, first, 1_000))
    await floor.give(OpenLot(lot, host.account.id))
    for bidder, amount in ((first, 1_000), (first, 999), (second, 1_001), (second, 1_005), (second, 1_006)):
        await floor.give(PlaceBid(lot, bidder, amount))
    await floor.give(PlaceBid(lot, guest.account.id, 2_000))
    await floor.give(ResumeLot(lot, host.account.id))
    await floor.give(HammerLot(lot, host.account.id))
    told = await host.get(f"/lots/{lot}/refusals")
    counted = {one["code"]: (one["count"], one["bidders"], one["paddles"]) for one in told["reasons"]}
    assert counted == {
        "BELOW_ASKING_PRICE": (3, 1, [2]),
        "LEADER_MAY_NOT_RAISE": (1, 1, [1]),
        "LOT_NOT_OPEN_YET": (1, 1, [1]),
        "NOT_ADMITTED": (1, 1, []),
    }, "what the host was refused is no business of the bidders"
    assert (told["lot"], told["total"], told["is_all"]) == (lot, 6, True)
    latest = told["reasons"][0]["last_at_us"]
    assert len(latest) == 3 and latest == sorted(latest, reverse=True)
    later = await host.get(f"/lots/{lot}/refusals?since_us={latest[0]}")
    assert {one["code"] for one in later["reasons"]} == {"BELOW_ASKING_PRICE", "NOT_ADMITTED"}
    assert (await host.ask("GET", "/lots/999/refusals"))[1]["code"] == "LOT_UNKNOWN"
    for other in (anna, await floor.nobody()):
        assert (await other.ask("GET", f"/lots/{lot}/refusals"))[0] in (401, 403)


async def test_the_desk_shows_what_lots_under_way_wait_for(floor: Served) -> None:
    host = await floor.program("host", Role.HOST, Role.ADMIN)
    anna, bela = [await floor.program(name, Role.BIDDER) for name in ("anna", "bela")]
    assert host.account and anna.account
    dear = (await host.post("/lots", lot_form(deposit=500)))["lot"]
    free = (await host.post("/lots", lot_form()))["lot"]
    await bela.post(f"/lots/{dear}/sign-up")
    await admitted(floor, host, free, anna)
    await floor.give(PlaceBid(free, anna.account.id, 1_000))
    desk = await host.get("/desk")
    assert desk["is_writable"]
    nobody = {
        "awaiting_deposit": 0,
        "admission_pending": 0,
        "admitted": 0,
        "refused": 0,
        "late_reserve": None,
    }
    assert desk["lots"] == [
        nobody | {"lot": dear, "awaiting_deposit": 1},
        nobody | {"lot": free, "admitted": 1, "refused": 1},
    ]
    assert (await anna.ask("GET", "/desk"))[0] == 403


async def test_who_was_behind_a_paddle_is_told_once_the_lot_is_over(floor: Served) -> None:
    host = await floor.program("host", Role.HOST, Role.ADMIN)
    anna, bela, carl = [await floor.program(name, Role.BIDDER) for name in ("anna", "bela", "carl")]
    assert host.account and anna.account and bela.account
    lot = (await host.post("/lots", lot_form()))["lot"]
    joint = {"partners": [[bela.account.id, 4_000]]}
    status, answer = await host.ask("PUT", f"/lots/{lot}/bidders/{anna.account.id}/capacity", joint)
    assert status == 200, answer
    await admitted(floor, host, lot, anna, carl)
    assert (await host.ask("GET", f"/lots/{lot}/participants"))[1]["code"] == "LOT_NOT_OVER"
    undeclared = {"number": "", "representative": "", "agent": ""}
    await floor.give(WithdrawLot(lot, host.account.id, "the seller has gone"))
    assert await host.get(f"/lots/{lot}/participants") == {
        "lot": lot,
        "total": 2,
        "participants": [
            {"paddle": 1, "name": "Program anna", "partners": ["Program bela"]} | undeclared,
            {"paddle": 2, "name": "Program carl", "partners": []} | undeclared,
        ],
    }
    assert (await host.ask("GET", "/lots/999/participants"))[1]["code"] == "LOT_UNKNOWN"
    for other in (anna, await floor.nobody()):
        assert (await other.ask("GET", f"/lots/{lot}/participants"))[0] in (401, 403)


async def test_sealed_offers_are_told_to_hosts_and_not_before_their_deadline(floor: Served) -> None:
    host = await floor.program("host", Role.HOST, Role.ADMIN)
    anna = await floor.program("anna", Role.BIDDER)
    assert host.account
    form = lot_form()
    form["terms"]["programme"] = [{"phase": "sealed", "duration_us": 3_600_000_000}]
    lot = (await host.post("/lots", form))["lot"]
    (bidder,) = await admitted(floor, host, lot, anna)
    await floor.give(OpenLot(lot, host.account.id))
    await floor.give(SealOffer(lot, bidder, "0a" * 32))
    asked = f"/lots/{lot}/sealed-offers"
    assert await host.get(asked) == {"lot": lot, "offers": []}
    for other in (anna, await floor.nobody()):
        assert (await other.ask("GET", asked))[0] in (401, 403)
    assert (await host.ask("GET", "/lots/999/sealed-offers"))[1]["code"] == "LOT_UNKNOWN"


async def test_who_enters_the_reserve_has_a_name(floor: Served) -> None:
    host = await floor.program("host", Role.HOST, Role.ADMIN)
    assert host.account
    late = {"by": host.account.id, "opens_before_us": 60_000_000, "closes_before_us": 1_000_000}
    form = lot_form()
    form["terms"]["late_reserve"] = late
    lot = (await host.post("/lots", form))["lot"]
    assert [one["late_reserve"] for one in (await host.get("/desk"))["lots"]] == [late]
    assert (await host.get(f"/lots/{lot}"))["reserve_by_name"] == "Program host"
