"""The office over HTTP: accounts, passwords, the centre's card, the record of acts, and who may see any of it."""

from __future__ import annotations

import asyncio
import csv
import io
from datetime import datetime
from typing import Any

import aiohttp
import pytest

from exchange.people import Role
from gateways.wire import CloseCode
from tests.patience import PATIENCE_SECONDS
from tests.served import API, PASSWORD, Person, Served


@pytest.fixture
async def boss(floor: Served) -> Person:
    return await floor.person("boss", Role.ADMIN)


async def entries(person: Person, **query: object) -> list[dict[str, Any]]:
    page = await person.get("/audit", params={key: str(value) for key, value in query.items()})
    return [{"position": kept["position"], **kept["entry"]} for kept in page["entries"]]


async def test_an_account_is_made_with_a_password_that_its_owner_changes_before_all_else(
    floor: Served, boss: Person
) -> None:
    form = {"login": "anna", "name": "安娜", "roles": ["bidder"], "is_password_made": True}
    made = await boss.post("/accounts", form)
    assert made["token"] is None and len(made["password"]) == 23
    anna = await floor.nobody()
    await anna.post("/session", {"login": "anna", "password": made["password"]})
    me = await anna.get("/me")
    assert me["must_change_password"] and me["account"]["login"] == "anna"
    for method, path, body in (
        ("GET", "/me/sign-ups", None),
        ("POST", "/me/tokens", {"label": "x"}),
        ("POST", "/lots/1/sign-up", {}),
        ("GET", "/accounts", None),
    ):
        status, answer = await anna.ask(method, path, body)
        assert (status, answer["code"]) == (403, "PASSWORD_CHANGE_REQUIRED"), path
    await anna.get("/lots")
    socket = await anna.http.ws_connect(API + "/live", protocols=("luochui.v1.json",))
    hello = await asyncio.wait_for(socket.receive_json(), PATIENCE_SECONDS)
    assert not hello["you"]["account"] if isinstance(hello.get("you"), dict) else not hello.get("you")
    await socket.close()

    change = {"old": made["password"], "new": "my own password"}
    status, answer = await anna.ask("PUT", "/me/password", change | {"old": "something else"})
    assert (status, answer["code"]) == (401, "WRONG_CREDENTIALS")
    status, answer = await anna.ask("PUT", "/me/password", change | {"new": made["password"]})
    assert (status, answer["code"]) == (409, "SAME_PASSWORD")
    assert (await anna.ask("PUT", "/me/password", change))[0] == 200
    assert not (await anna.get("/me"))["must_change_password"]
    assert (await anna.get("/me/tokens"))["tokens"] == []


async def test_the_office_finds_changes_and_keeps_out_accounts(floor: Served, boss: Person) -> None:
    anna = await floor.person("anna", Role.BIDDER)
    assert anna.account is not None and boss.account is not None
    number = anna.account.id
    found = await boss.get("/accounts", params={"q": "anna", "state": "in", "role": "bidder"})
    assert (found["total"], found["accounts"][0]["sign_ins"]) == (1, 1)
    roles = {"roles": ["host", "auditor"], "reason": "joins the hall"}
    assert (await boss.ask("PUT", f"/accounts/{number}/roles", roles))[0] == 204
    assert (await anna.get("/me"))["account"]["roles"] == ["host", "auditor"]
    file = await boss.get(f"/accounts/{number}")
    assert [(one["kind"], one["reason"], one["by_name"]) for one in file["changes"]] == [
        ("roles", "joins the hall", "Person boss")
    ]
    assert [one["address"] for one in file["sign_ins"]] == ["127.0.0.1"]

    elsewhere = await floor.nobody()
    await elsewhere.post("/session", {"login": "anna", "password": PASSWORD})
    sign_ins = (await anna.get("/me/sign-ins"))["sign_ins"]
    (other,) = [one for one in sign_ins if not one["is_this"]]
    assert len(sign_ins) == 2
    assert (await boss.ask("DELETE", f"/accounts/{number}/sign-ins/{other['id']}"))[0] == 204
    assert (await elsewhere.get("/me"))["account"] is None
    assert (await boss.ask("DELETE", f"/accounts/{number}/sign-ins/{other['id']}"))[1]["code"] == (
        "SIGN_IN_UNKNOWN"
    )

    tab = await anna.http.ws_connect(API + "/live", protocols=("luochui.v1.json",))
    await asyncio.wait_for(tab.receive_json(), PATIENCE_SECONDS)
    out = {"is_active": False, "reason": "identity in doubt"}
    assert (await boss.ask("PUT", f"/accounts/{number}/standing", out))[0] == 204
    assert (await asyncio.wait_for(tab.receive(), PATIENCE_SECONDS)).type is aiohttp.WSMsgType.CLOSE
    assert tab.close_code == CloseCode.SIGNED_OUT
    assert (await anna.get("/me"))["account"] is None
    assert (await boss.ask("PUT", f"/accounts/{number}/standing", out | {"is_active": True}))[0] == 204
    made = await boss.post(f"/accounts/{number}/password", {"reason": "forgotten"})
    again = await floor.nobody()
    await again.post("/session", {"login": "anna", "password": made["password"]})
    assert (await again.get("/me"))["must_change_password"]


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("PUT", "/accounts/{own}/roles", {"roles": ["host"], "reason": "x"}, (409, "OWN_ACCOUNT")),
        ("PUT", "/accounts/{own}/standing", {"is_active": False, "reason": "x"}, (409, "OWN_ACCOUNT")),
        ("POST", "/accounts/{own}/password", {"reason": "x"}, (409, "OWN_ACCOUNT")),
        ("PUT", "/accounts/{own}/roles", {"roles": ["admin"], "reason": " "}, (422, "INVALID")),
        ("PUT", "/accounts/{own}/roles", {"roles": [], "reason": "x"}, (422, "INVALID")),
        ("PUT", "/accounts/999/roles", {"roles": ["host"], "reason": "x"}, (404, "ACCOUNT_UNKNOWN")),
        ("PUT", "/accounts/999/standing", {"is_active": True, "reason": "x"}, (404, "ACCOUNT_UNKNOWN")),
        ("POST", "/accounts/999/password", {"reason": "x"}, (404, "ACCOUNT_UNKNOWN")),
        ("GET", "/accounts/999", None, (404, "ACCOUNT_UNKNOWN")),
        ("GET", "/accounts?limit=100000", None, (422, "INVALID")),
        ("DELETE", "/accounts/{own}/tokens/999", None, (404, "TOKEN_UNKNOWN")),
        ("GET", "/rulebooks/no-such-rules/lots", None, (404, "RULEBOOK_UNKNOWN")),
    ],
)
async def test_what_the_office_cannot_do_is_refused_with_a_code(
    boss: Person, method: str, path: str, body: object, expected: tuple[int, str]
) -> None:
    assert boss.account is not None
    status, answer = await boss.ask(method, path.format(own=boss.account.id), body)
    assert (status, answer["code"]) == expected


OFFICE = (
    ("GET", "/accounts", {Role.ADMIN, Role.AUDITOR}),
    ("GET", "/accounts/1", {Role.ADMIN, Role.AUDITOR}),
    ("PUT", "/accounts/1/roles", {Role.ADMIN}),
    ("PUT", "/accounts/1/standing", {Role.ADMIN}),
    ("POST", "/accounts/1/password", {Role.ADMIN}),
    ("DELETE", "/accounts/1/sign-ins", {Role.ADMIN}),
    ("DELETE", "/accounts/1/sign-ins/1", {Role.ADMIN}),
    ("DELETE", "/accounts/1/tokens/1", {Role.ADMIN}),
    ("PUT", "/centre", {Role.ADMIN}),
    ("GET", "/centre/versions", {Role.ADMIN, Role.AUDITOR}),
    ("GET", "/audit", {Role.ADMIN, Role.AUDITOR}),
    ("GET", "/audit/operations", {Role.ADMIN, Role.AUDITOR}),
    ("GET", "/audit/verification", {Role.ADMIN, Role.AUDITOR}),
    ("GET", "/exports/audit.csv", {Role.ADMIN, Role.AUDITOR}),
    ("GET", "/system", {Role.ADMIN, Role.AUDITOR}),
    ("GET", "/settings", {Role.ADMIN, Role.AUDITOR}),
)


async def test_each_role_sees_and_does_what_is_its_own(floor: Served) -> None:
    nobody = await floor.nobody()
    for method, path, _ in OFFICE:
        status, answer = await nobody.ask(method, path)
        assert (status, answer["code"]) == (401, "NOT_SIGNED_IN"), path
    for role in Role:
        person = await floor.program(f"a-{role.value}", role)
        for method, path, allowed in OFFICE:
            status, answer = await person.ask(method, path, {} if method in ("PUT", "POST") else None)
            code = answer["code"] if isinstance(answer, dict) and "code" in answer else ""
            assert (code == "NOT_ALLOWED") is (role not in allowed), (role, method, path, status, code)


async def test_the_centres_card_is_public_and_changed_in_versions(floor: Served, boss: Person) -> None:
    visitor = await floor.nobody()
    now = await visitor.get("/centre")
    assert (await visitor.get("/me"))["centre"]["name"] == now["card"]["name"]
    card = now["card"] | {
        "name": {"zh": "福州公共资源交易中心", "en": "Fuzhou Public Resource Trading Centre"},
        "complaint_line": "0591-12345",
    }
    form = {"card": card, "seen": now["version"], "reason": "named"}
    changed = await boss.ask("PUT", "/centre", form)
    assert changed[0] == 200 and changed[1]["version"] == now["version"] + 1
    assert (await visitor.get("/me"))["centre"]["complaint_line"] == "0591-12345"
    status, answer = await boss.ask("PUT", "/centre", form)
    assert (status, answer["code"]) == (409, "CHANGED_MEANWHILE")
    bad = form | {"card": card | {"map_link": "javascript:alert(1)"}}
    assert (await boss.ask("PUT", "/centre", bad))[1]["code"] == "INVALID"
    nameless = form | {"card": card | {"name": {"zh": " ", "en": "x"}}}
    assert (await boss.ask("PUT", "/centre", nameless))[1]["code"] == "INVALID"
    latest = (await boss.get("/centre/versions"))["versions"][0]
    assert (latest["reason"], latest["by_name"]) == ("named", "Person boss")


async def test_acts_sign_ins_and_refusals_are_on_record_without_secrets(floor: Served, boss: Person) -> None:
    anna = await floor.person("anna", Role.BIDDER)
    await boss.ask("POST", "/session", {"login": "boss", "password": "a wrong password"})
    await anna.ask("GET", "/audit")
    await anna.ask("GET", "/me/sign-ups")
    form = {"login": "carl", "name": "Carl", "roles": ["host"], "password": "carls password"}
    made = await boss.post("/accounts", form, headers={"X-Request-Id": "from-a-proxy-1"})
    change = {"roles": ["bidder"], "reason": "a mistake"}
    await boss.ask("PUT", f"/accounts/{made['account']['id']}/roles", change)
    found = await entries(boss)
    told = [(one["operation"], one["code"], one["login"]) for one in found]
    assert told == [
        ("set_roles", "OK", "boss"),
        ("make_account", "OK", "boss"),
        ("list_audit", "NOT_ALLOWED", "anna"),
        ("sign_in", "WRONG_CREDENTIALS", "boss"),
        ("sign_in", "OK", "anna"),
        ("sign_in", "OK", "boss"),
    ]
    number = made["account"]["id"]
    assert found[0]["about"] == {"account": number, "reason": "a mistake", "roles": ["bidder"]}
    assert found[1]["about"] == {"account": number, "login": "carl", "roles": ["host"]}
    assert found[1]["request"] == "from-a-proxy-1"
    assert "account" not in found[3], "who fails to sign in is nobody, whatever he calls himself"
    text = str(found)
    assert "carls password" not in text and "a wrong password" not in text and PASSWORD not in text
    assert [one["position"] for one in await entries(boss, operation="sign_in", limit=2)] == [3, 2]
    assert await entries(boss, lot=77) == []
    assert "set_roles" in (await boss.get("/audit/operations"))["operations"]
    report = await boss.get("/audit/verification")
    assert (report["entries"], report["flaws"]) == (6, [])
    async with boss.http.get(API + "/exports/audit.csv") as answer:
        assert answer.content_type == "text/csv" and answer.headers["X-Request-Id"]
        rows = list(csv.DictReader(io.StringIO((await answer.text()).lstrip("\ufeff"))))
    assert [row["operation"] for row in rows] == [one["operation"] for one in found]
    assert [datetime.fromisoformat(row["at"]).timestamp() for row in rows] == [
        int(row["at_us"]) / 1e6 for row in rows
    ]


async def test_a_cell_of_the_table_is_no_formula(floor: Served, boss: Person) -> None:
    stranger = await floor.nobody()
    await stranger.ask("POST", "/session", {"login": "=cmd|' /C calc'!A0", "password": "x"})
    async with boss.http.get(API + "/exports/audit.csv") as answer:
        (row, *_) = csv.DictReader(io.StringIO((await answer.text()).lstrip("\ufeff")))
    assert row["login"].startswith("'=")


async def test_the_state_of_the_machine_is_said_in_words(floor: Served, boss: Person) -> None:
    state = await boss.get("/system")
    subjects = {finding["subject"]: finding for finding in state["findings"]}
    assert subjects["commands"]["level"] == "good"
    assert subjects["shard 0"]["level"] == "good" and "0" in subjects["shard 0"]["text"]["zh"]
    assert (subjects["backup"]["level"], subjects["backup"]["runbook"]) == ("attention", 8)
    assert state["store"]["shards"][0]["owner"] and state["process"]["lateness"]["deadlines"] >= 0
    settings = {line["key"]: line for line in (await boss.get("/settings"))["settings"]}
    assert settings["database_url"]["variable"] == "LUOCHUI_DATABASE_URL"
    assert settings["data_dir"]["description"]["zh"]


async def test_lots_of_a_rulebook_are_listed(floor: Served, boss: Person) -> None:
    name = (await boss.get("/rulebooks"))["rulebooks"][0]["name"]
    assert (await boss.get(f"/rulebooks/{name}/lots"))["lots"] == []
