"""Registering and being identified over HTTP: what everybody may do, what is shown to whom, what goes on record."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import to_builtins

from exchange.people import Role
from exchange.terms_of_use import terms_of_use
from gateways.identity import COOKIE
from tests.identities import of_company, of_person
from tests.live import lot_form
from tests.served import API, Person, Served, served

PASSWORD = "a long password"
NUMBER = str(of_person("王小明", 1).number)


@pytest.fixture
async def floor(database_url: str, tmp_path: Path) -> AsyncIterator[Served]:
    limits = {"registrations_per_hour": 4, "identity_required": "confirmed"}
    async with served(database_url, tmp_path, demo=False, **limits) as floor:
        yield floor


def form(login: str = "xm", person: int = 1, **changes: Any) -> dict[str, Any]:
    identity = to_builtins(of_person("王小明", person)) | changes
    return {"login": login, "password": PASSWORD, "identity": identity, "terms": terms_of_use().sha256}


async def entries(boss: Person, operation: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await boss.get("/audit", params={"operation": operation}))["entries"]
    return [kept["entry"] for kept in found if kept["entry"]["code"] == "OK"]


async def test_from_registering_to_a_paddle_where_the_centre_confirms_identities(floor: Served) -> None:
    boss, host = await floor.person("boss", Role.ADMIN), await floor.person("host", Role.HOST)
    lot = (await host.post("/lots", lot_form()))["lot"]
    visitor = await floor.nobody()
    assert (await visitor.get("/me"))["may_register"] is True
    offer = await visitor.get("/registration")
    assert offer["is_open"] and offer["terms"]["sha256"] == terms_of_use().sha256
    for wrong, code in (
        (form(number="1"), "RESIDENT_ID_WRONG"),
        (form() | {"terms": "0" * 64}, "TERMS_DIFFER"),
    ):
        assert (await visitor.ask("POST", "/registration", wrong))[1]["code"] == code
    assert (await visitor.ask("POST", f"/lots/{lot}/sign-up"))[1]["code"] == "NOT_SIGNED_IN"

    async with visitor.http.post(API + "/registration", json=form()) as answer:
        assert answer.status == 200 and answer.cookies[COOKIE]["httponly"]
        account = (await answer.json())["account"]
    assert (account["name"], account["roles"]) == ("王小明", ["bidder"])
    assert (await visitor.get("/me"))["account"] == account, "one is signed in after it"

    mine = await visitor.get("/me/identity")
    assert (mine["state"], mine["missing"]) == ("declared", "IDENTITY_NOT_CONFIRMED")
    assert (await visitor.ask("POST", f"/lots/{lot}/sign-up"))[1]["code"] == "IDENTITY_NOT_CONFIRMED"
    identity = mine["history"][0]["id"]
    waiting = await boss.get("/identities", params={"state": "declared"})
    assert [one["standing"]["identity"]["id"] for one in waiting["identities"]] == [identity]
    assert NUMBER not in str(mine) + str(waiting) + str(await boss.get(f"/accounts/{account['id']}/identity"))
    whole = await boss.post(f"/identities/{identity}/disclosure", {"reason": "to compare the card"})
    assert (whole["number"], whole["held_by"]) == (NUMBER, None)
    status, answer = await boss.ask("POST", f"/identities/{identity}/review", {"is_confirmed": False})
    assert (status, answer["code"]) == (422, "INVALID"), "a bidder is told why"
    back = {"is_confirmed": False, "reason": "please use the name of your bank account"}
    await boss.post(f"/identities/{identity}/review", back)
    mine = await visitor.get("/me/identity")
    assert (mine["missing"], mine["history"][0]["review"]["reason"]) == ("IDENTITY_RETURNED", back["reason"])

    again = form(name="王晓明", number=None, telephone=None)["identity"]
    mine = (await visitor.ask("PUT", "/me/identity", again))[1]
    assert (mine["state"], mine["history"][0]["number"]) == ("declared", mine["history"][1]["number"])
    assert (await visitor.get("/me"))["account"]["name"] == "王晓明"
    await boss.post(f"/identities/{mine['history'][0]['id']}/review", {"is_confirmed": True})
    assert (await visitor.post(f"/lots/{lot}/sign-up"))["identity"] == mine["history"][0]["id"]

    (disclosure,) = await entries(boss, "disclose_identity")
    assert disclosure["about"] == {"identity": identity, "reason": "to compare the card"}
    for operation, kept in (("review_identity", 2), ("register", 1), ("declare_own_identity", 1)):
        found = await entries(boss, operation)
        assert len(found) == kept and NUMBER not in str(found)


async def test_a_registration_that_is_sent_again_is_the_same_and_another_of_that_login_is_refused(
    floor: Served,
) -> None:
    visitor, same, other = [await floor.nobody() for _ in range(3)]
    first = await visitor.post("/registration", form())
    assert (await same.post("/registration", form()))["account"] == first["account"]
    for wrong in (form(person=2), form() | {"password": "another password"}):
        assert (await other.ask("POST", "/registration", wrong))[1]["code"] == "LOGIN_TAKEN"
    status, answer = await other.ask("POST", "/registration", form("late", 9))
    assert (status, answer["code"]) == (429, "RATE_LIMITED"), "four attempts an hour"


async def test_a_centre_may_keep_registering_to_itself(database_url: str, tmp_path: Path) -> None:
    async with served(database_url, tmp_path, demo=False, registration_open=False) as floor:
        visitor = await floor.nobody()
        assert (await visitor.get("/me"))["may_register"] is False
        assert (await visitor.ask("POST", "/registration", form()))[1]["code"] == "REGISTRATION_CLOSED"
        assert not (await visitor.get("/registration"))["is_open"]


async def test_staff_declare_for_those_who_cannot_and_nobody_else_reads_or_confirms(floor: Served) -> None:
    boss, host = await floor.person("boss", Role.ADMIN), await floor.person("host", Role.HOST)
    auditor, anna = await floor.person("auditor", Role.AUDITOR), await floor.person("anna", Role.BIDDER)
    new = {
        "login": "firm",
        "name": "x",
        "roles": ["bidder"],
        "identity": to_builtins(of_company("澜川公司", 5)),
    }
    wrong = new | {"identity": to_builtins(of_company("澜川公司", 5)) | {"agent": ""}}
    assert (await boss.ask("POST", "/accounts", wrong))[1]["code"] == "AGENT_MISSING"
    firm = (await boss.post("/accounts", new))["account"]["id"]
    seen = await auditor.get(f"/accounts/{firm}/identity")
    assert (seen["state"], seen["history"][0]["name"]) == ("declared", "澜川公司")
    status, after = await boss.ask(
        "PUT", f"/accounts/{firm}/identity", to_builtins(of_company("澜川集团", 5))
    )
    assert (status, len(after["history"])) == (200, 2)
    identity = seen["history"][0]["id"]
    for person, method, path, body in (
        (host, "GET", "/identities", None),
        (anna, "GET", f"/accounts/{firm}/identity", None),
        (auditor, "POST", f"/identities/{identity}/disclosure", {"reason": "curious"}),
        (auditor, "POST", f"/identities/{identity}/review", {"is_confirmed": True}),
        (host, "PUT", "/me/identity", to_builtins(of_person("王", 3))),
    ):
        assert (await person.ask(method, path, body))[1]["code"] == "NOT_ALLOWED", (method, path)
    other = boss.account
    assert other is not None
    status, answer = await boss.ask("PUT", f"/accounts/{other.id}/identity", to_builtins(of_person("王", 3)))
    assert answer["code"] == "ACCOUNT_UNKNOWN", "who does not bid has no identity as a bidder"
    assert (await boss.ask("POST", f"/identities/{identity}/review", {"is_confirmed": True}))[1]["code"] == (
        "IDENTITY_REPLACED"
    )
