"""Changes over HTTP that are made once: under a command id, also when many ask at once, and never without an entry."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

import pytest

from exchange.people import Role
from tests.e2e.test_api_lots import LOT
from tests.served import Person, Served

NOTICE = {"title_zh": "公告", "title_en": "Notice", "body_zh": "正文", "body_en": "Text"}


@pytest.fixture
async def boss(floor: Served) -> Person:
    return await floor.person("boss", Role.ADMIN, Role.ACCOUNTANT)


def named() -> dict[str, dict[str, str]]:
    """Return the options of a request with an id of its own."""
    return {"headers": {"X-Command-Id": secrets.token_hex(16)}}


async def test_a_lot_is_published_once_for_each_id_and_the_rest_gets_the_same_answer(
    floor: Served, boss: Person
) -> None:
    once = named()
    answers = await asyncio.gather(*(boss.ask("POST", "/lots", LOT, **once) for _ in range(5)))
    assert {(status, answer["lot"]) for status, answer in answers} == {(201, answers[0][1]["lot"])}
    assert (await boss.get("/lots"))["total"] == 1
    status, refused = await boss.ask("POST", "/lots", LOT | {"title_en": "Another"}, **once)
    assert (status, refused["code"]) == (409, "COMMAND_ID_REUSED")
    other = await floor.person("other", Role.ADMIN)
    assert (await other.ask("POST", "/lots", LOT, **once))[0] == 201, "an id is of whoever made it"
    published = [one["entry"] for one in (await boss.get("/audit"))["entries"]]
    assert [one["code"] for one in published if one["operation"] == "publish_lot"] == [
        "OK",
        "COMMAND_ID_REUSED",
        "OK",
    ]


async def test_what_was_refused_may_be_put_right_under_the_same_id(boss: Person) -> None:
    once = named()
    wrong = LOT | {"terms": LOT["terms"] | {"reserve_price": 1}}
    assert (await boss.ask("POST", "/lots", wrong, **once))[0] == 422
    assert (await boss.ask("POST", "/lots", LOT, **once))[0] == 201


async def test_every_change_that_would_be_made_twice_is_made_once(boss: Person) -> None:
    lot = (await boss.post("/lots", LOT))["lot"]
    assert boss.account is not None
    card = (await boss.get("/centre"))["card"]
    changes: list[tuple[str, str, Any]] = [
        ("POST", f"/lots/{lot}/notices", NOTICE),
        ("POST", "/notices", NOTICE),
        ("PUT", "/centre", {"card": card, "seen": 0, "reason": "first day"}),
    ]
    for method, path, body in changes:
        once = named()
        first = await boss.ask(method, path, body, **once)
        assert first[0] in (200, 201), first
        assert await boss.ask(method, path, body, **once) == first, path
    assert len((await boss.get("/notices"))["notices"]) == 3
    assert len((await boss.get("/centre/versions"))["versions"]) == 1


async def test_what_could_be_read_only_once_is_not_told_again(boss: Person) -> None:
    form = {"login": "anna", "name": "安娜", "roles": ["bidder"], "is_password_made": True}
    once = named()
    assert (await boss.ask("POST", "/accounts", form, **once))[0] == 201
    status, again = await boss.ask("POST", "/accounts", form, **once)
    assert (status, again["code"]) == (409, "DONE_ALREADY")
    assert (await boss.get("/accounts"))["total"] == 2


async def test_an_id_looks_like_those_of_commands(boss: Person) -> None:
    status, answer = await boss.ask("POST", "/lots", LOT, headers={"X-Command-Id": "mine"})
    assert (status, answer["code"]) == (422, "INVALID")


async def test_no_act_is_done_whose_entry_cannot_be_kept(floor: Served, boss: Person) -> None:
    await floor.exchange.people._database.run("ALTER TABLE exchange.audit RENAME TO audit_elsewhere")
    assert (await boss.ask("POST", "/me/tokens", {"label": "x"}))[0] == 503
    assert (await boss.get("/me/tokens"))["tokens"] == []
    account = {"slug": "main", "number": "6222000000000000", "holder": "某交易中心", "is_main": True}
    assert (await boss.ask("POST", "/bank/accounts", account))[0] == 503
    await floor.exchange.people._database.run("ALTER TABLE exchange.audit_elsewhere RENAME TO audit")
    assert (await boss.get("/bank/accounts"))["accounts"] == []
    assert (await boss.ask("POST", "/bank/accounts", account))[0] == 200
    entries = [one["entry"] for one in (await boss.get("/audit"))["entries"]]
    assert [one["code"] for one in entries if one["operation"] == "register_bank_account"] == ["OK"]
    assert (await boss.get("/audit/verification"))["flaws"] == []
