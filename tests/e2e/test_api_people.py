"""Sign-in, accounts and tokens over HTTP, and how the API answers what it cannot take."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from exchange.people import Role
from gateways.identity import COOKIE
from gateways.wire import CloseCode
from tests.patience import PATIENCE_SECONDS
from tests.served import API, PASSWORD, Person, Served, served

BIDDER = {"login": "robot-1", "name": "Robot 1", "roles": ["bidder"]}


@pytest.fixture
async def floor(database_url: str, tmp_path: Path) -> AsyncIterator[Served]:
    async with served(database_url, tmp_path, sign_in_attempts_per_minute=5) as floor:
        yield floor


@pytest.fixture
async def admin(floor: Served) -> Person:
    return await floor.person("boss", Role.ADMIN)


async def test_signing_in_sets_a_cookie_out_of_reach_of_scripts_and_signing_out_ends_it(
    floor: Served,
) -> None:
    await floor.person("anna", Role.BIDDER)
    person = await floor.nobody()
    assert (await person.get("/me"))["account"] is None
    async with person.http.post(API + "/session", json={"login": "anna", "password": PASSWORD}) as answer:
        cookie = answer.cookies[COOKIE]
        assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["secure"]) == (
            True,
            "Lax",
            "/",
            "",
        )
        assert answer.headers["Cache-Control"] == "no-store"
        body = await answer.json()
    assert body["account"] == {"id": 1, "login": "anna", "name": "Person anna", "roles": ["bidder"]}
    me = await person.get("/me")
    assert (me["account"], me["demo"]) == (body["account"], True)
    stolen = cookie.value
    assert (await person.ask("DELETE", "/session"))[0] == 204
    assert (await person.get("/me"))["account"] is None
    thief = await floor.nobody(headers={"Cookie": f"{COOKIE}={stolen}"})
    assert (await thief.get("/me"))["account"] is None


async def live(person: Person) -> aiohttp.ClientWebSocketResponse:
    """Open a live connection and hear its hello."""
    socket = await person.http.ws_connect(API + "/live", protocols=("luochui.v1.json",))
    assert (await asyncio.wait_for(socket.receive_json(), PATIENCE_SECONDS))["type"] == "hello"
    return socket


async def is_heard(socket: aiohttp.ClientWebSocketResponse) -> bool:
    await socket.send_json({"type": "ping", "sent": 1})
    return bool((await asyncio.wait_for(socket.receive_json(), PATIENCE_SECONDS))["type"] == "pong")


async def test_signing_out_ends_the_live_connections_of_that_session_alone(floor: Served) -> None:
    anna = await floor.person("anna", Role.BIDDER)
    elsewhere = await floor.nobody()
    await elsewhere.post("/session", {"login": "anna", "password": PASSWORD})
    visitor = await floor.nobody()
    tabs = [await live(anna), await live(anna)]
    others = [await live(elsewhere), await live(visitor)]
    assert (await anna.ask("DELETE", "/session"))[0] == 204
    for tab in tabs:
        assert (await asyncio.wait_for(tab.receive(), PATIENCE_SECONDS)).type is aiohttp.WSMsgType.CLOSE
        assert tab.close_code == CloseCode.SIGNED_OUT
    assert all([await is_heard(socket) for socket in others])


async def test_revoking_a_token_ends_the_live_connections_that_it_opened(floor: Served) -> None:
    program = await floor.program("robot", Role.BIDDER)
    label = (await program.get("/me/tokens"))["tokens"][0]
    other_token = (await program.post("/me/tokens", {"label": "another"}))["token"]
    other = await floor.nobody(headers={"Authorization": f"Bearer {other_token}"})
    socket, kept = await live(program), await live(other)
    assert (await program.ask("DELETE", f"/me/tokens/{label['id']}"))[0] == 204
    assert (await asyncio.wait_for(socket.receive(), PATIENCE_SECONDS)).type is aiohttp.WSMsgType.CLOSE
    assert socket.close_code == CloseCode.SIGNED_OUT
    assert await is_heard(kept)


async def test_behind_https_the_cookie_is_secure(floor: Served) -> None:
    await floor.person("anna", Role.BIDDER)
    person = await floor.nobody()
    origin = f"https://{floor.server.host}:{floor.server.port}"
    async with person.http.post(
        API + "/session", json={"login": "anna", "password": PASSWORD}, headers={"Origin": origin}
    ) as answer:
        assert answer.cookies[COOKIE]["secure"] is True


async def test_wrong_credentials_say_nothing_more_and_are_bounded(floor: Served) -> None:
    await floor.person("anna", Role.BIDDER)
    person = await floor.nobody()
    wrong = {"login": "anna", "password": "wrong password"}
    first = await person.ask("POST", "/session", wrong)
    unknown = await person.ask("POST", "/session", {"login": "nobody", "password": PASSWORD})
    assert (
        first
        == unknown
        == (401, {"code": "WRONG_CREDENTIALS", "detail": "", "problems": [], "violations": [], "fields": []})
    )
    for _ in range(3):
        await person.ask("POST", "/session", wrong)
    status, answer = await person.ask("POST", "/session", {"login": "anna", "password": PASSWORD})
    assert (status, answer["code"]) == (429, "RATE_LIMITED")


@pytest.mark.parametrize("proxy", ["127.0.0.1", "127.0.0.0/8"])
async def test_behind_a_trusted_proxy_visitors_are_told_apart_by_address(
    database_url: str, tmp_path: Path, proxy: str
) -> None:
    limits = {"sign_in_attempts_per_minute": 1, "connections_per_address_max": 1}
    async with served(database_url, tmp_path, trusted_proxies=(proxy,), **limits) as floor:
        first, second = [await floor.nobody(headers={"X-Forwarded-For": f"192.0.2.{n}"}) for n in (1, 2)]
        for person in (first, second):
            socket = await live(person)
            assert await is_heard(socket)
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await live(person)
            assert refused.value.status == 429
            wrong = {"login": f"nobody-{id(person)}", "password": PASSWORD}
            statuses = [(await person.ask("POST", "/session", wrong))[0] for _ in range(2)]
            assert statuses == [401, 429]


async def test_another_sites_page_changes_nothing(floor: Served, admin: Person) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        status, answer = await admin.ask("POST", "/accounts", BIDDER, headers=headers)
        assert (status, answer["code"]) == (403, "FOREIGN_ORIGIN")
    assert await floor.exchange.people.by_login("robot-1") is None
    own = {"Origin": str(floor.server.make_url("/")).rstrip("/"), "Sec-Fetch-Site": "same-origin"}
    await admin.post("/accounts", BIDDER, headers=own)


async def test_accounts_are_made_with_password_or_token(floor: Served, admin: Person) -> None:
    made = await admin.post("/accounts", BIDDER)
    program = await floor.nobody(headers={"Authorization": f"Bearer {made['token']}"})
    assert (await program.get("/me"))["account"] == made["account"]
    with_password = {"login": "carl", "name": "Carl 卡尔", "roles": ["host", "finance"], "password": PASSWORD}
    made = await admin.post("/accounts", with_password)
    assert made["token"] is None
    carl = await floor.nobody()
    await carl.post("/session", {"login": "carl", "password": PASSWORD})
    status, answer = await admin.ask("POST", "/accounts", with_password)
    assert (status, answer["code"], answer["problems"]) == (409, "LOGIN_TAKEN", ["carl"])


async def test_a_thousand_accounts_at_once_get_their_tokens(floor: Served, admin: Person) -> None:
    accounts = [{"login": f"robot-{n}", "name": f"Robot {n}", "roles": ["bidder"]} for n in range(1_000)]
    made = (await admin.post("/accounts/bulk", {"accounts": accounts}))["accounts"]
    assert [one["login"] for one in made] == [one["login"] for one in accounts]
    last = await floor.nobody(headers={"Authorization": f"Bearer {made[-1]['token']}"})
    assert (await last.get("/me"))["account"]["login"] == "robot-999"
    without = await admin.post(
        "/accounts/bulk", {"accounts": [{**BIDDER, "login": "x1"}], "with_tokens": False}
    )
    assert without["accounts"][0]["token"] is None
    status, answer = await admin.ask("POST", "/accounts/bulk", {"accounts": accounts[:2]})
    assert (status, answer["problems"]) == (409, ["robot-0", "robot-1"])
    status, answer = await admin.ask("POST", "/accounts/bulk", {"accounts": [*accounts, BIDDER]})
    assert (status, answer["code"]) == (422, "INVALID")


async def test_tokens_are_issued_listed_and_revoked(floor: Served, admin: Person) -> None:
    anna = await floor.person("anna", Role.BIDDER)
    assert anna.account is not None
    own = (await anna.post("/me/tokens", {"label": "laptop"}))["token"]
    given = (await admin.post(f"/accounts/{anna.account.id}/tokens"))["token"]
    listed = (await anna.get("/me/tokens"))["tokens"]
    assert [token["label"] for token in listed] == ["laptop", "API"]
    program = await floor.nobody(headers={"Authorization": f"Bearer {own}"})
    assert (await program.get("/me"))["account"]["login"] == "anna"
    assert (await anna.ask("DELETE", f"/me/tokens/{listed[0]['id']}"))[0] == 204
    assert (await program.ask("GET", "/me"))[0] == 401
    assert (await anna.ask("DELETE", f"/me/tokens/{listed[0]['id']}"))[1]["code"] == "TOKEN_UNKNOWN"
    assert (await admin.ask("POST", "/accounts/999/tokens"))[1]["code"] == "ACCOUNT_UNKNOWN"
    other = await floor.nobody(headers={"Authorization": f"Bearer {given}"})
    assert (await other.get("/me"))["account"]["login"] == "anna"


@pytest.mark.parametrize(
    ("method", "path", "who", "expected"),
    [
        ("POST", "/accounts", "nobody", (401, "NOT_SIGNED_IN")),
        ("POST", "/accounts", "bidder", (403, "NOT_ALLOWED")),
        ("POST", "/accounts/bulk", "bidder", (403, "NOT_ALLOWED")),
        ("POST", "/lots", "bidder", (403, "NOT_ALLOWED")),
        ("POST", "/lots/1/sign-up", "nobody", (401, "NOT_SIGNED_IN")),
        ("POST", "/lots/1/sign-up", "admin", (403, "NOT_ALLOWED")),
        ("POST", "/lots/1/admissions", "bidder", (403, "NOT_ALLOWED")),
        ("POST", "/bank/receipts", "admin", (403, "NOT_ALLOWED")),
        ("GET", "/deposits", "bidder", (403, "NOT_ALLOWED")),
        ("GET", "/deposits/suspense", "nobody", (401, "NOT_SIGNED_IN")),
        ("GET", "/exports/deposits.csv", "bidder", (403, "NOT_ALLOWED")),
        ("GET", "/exports/journal.csv", "nobody", (401, "NOT_SIGNED_IN")),
        ("GET", "/exports/journal.beancount", "admin", (403, "NOT_ALLOWED")),
        ("GET", "/ledger/verification", "bidder", (403, "NOT_ALLOWED")),
        ("GET", "/me/sign-ups", "nobody", (401, "NOT_SIGNED_IN")),
        ("GET", "/me/deposits", "admin", (403, "NOT_ALLOWED")),
        ("GET", "/lots/1/deposit", "nobody", (401, "NOT_SIGNED_IN")),
        ("DELETE", "/session", "nobody", (401, "NOT_SIGNED_IN")),
    ],
)
async def test_everybody_does_only_what_his_role_allows(
    floor: Served, method: str, path: str, who: str, expected: tuple[int, str]
) -> None:
    roles = {"bidder": Role.BIDDER, "admin": Role.ADMIN}
    person = await floor.nobody() if who == "nobody" else await floor.program(who, roles[who])
    status, answer = await person.ask(method, path, {} if method == "POST" else None)
    assert (status, answer["code"]) == expected


@pytest.mark.parametrize(
    ("body", "status", "code", "problem"),
    [
        (b"{", 400, "MALFORMED", ""),
        (b"", 400, "MALFORMED", ""),
        (b'{"login": "\xff"}', 400, "MALFORMED", ""),
        (b"[]", 422, "INVALID", "Expected `object`"),
        (b'{"login": "robot-1", "name": "R"}', 422, "INVALID", "missing required field `roles`"),
        (b'{"login": 7, "name": "R", "roles": ["bidder"]}', 422, "INVALID", "login: "),
        (b'{"login": "Robot", "name": "R", "roles": ["bidder"]}', 422, "INVALID", "login: "),
        (b'{"login": "robot\\n", "name": "R", "roles": ["bidder"]}', 422, "INVALID", "login: "),
        (b'{"login": "r1", "name": "", "roles": ["bidder"]}', 422, "INVALID", "name: "),
        (b'{"login": "r1", "name": " ", "roles": ["bidder"]}', 422, "INVALID", "name: "),
        (b'{"login": "r1", "name": "R\\u0000", "roles": ["bidder"]}', 422, "INVALID", "name: "),
        (b'{"login": "r1", "name": "R\\ud800", "roles": ["bidder"]}', 400, "MALFORMED", ""),
        (b'{"login": "r1", "name": "a\\nb", "roles": ["bidder"]}', 422, "INVALID", "name: "),
        (b'{"login": "r1", "name": "R", "roles": ["king"]}', 422, "INVALID", "roles[0]: "),
        (b'{"login": "r1", "name": "R", "roles": []}', 422, "INVALID", "roles: "),
        (
            b'{"login": "r1", "name": "R", "roles": ["bidder"], "password": "short"}',
            422,
            "INVALID",
            "password: ",
        ),
        (b'{"login": "r1", "name": "R", "roles": ["bidder"], "id": 1}', 422, "INVALID", "id"),
        (b'{"name": "' + b"x" * 300_000 + b'"}', 413, "TOO_LARGE", ""),
    ],
)
async def test_bad_input_gets_one_coded_answer_that_names_the_field(
    floor: Served, admin: Person, body: bytes, status: int, code: str, problem: str
) -> None:
    options = {"data": body, "headers": {"Content-Type": "application/json"}}
    answered, answer = await admin.ask("POST", "/accounts", **options)
    assert (answered, answer["code"]) == (status, code)
    assert problem in " ".join(answer["problems"])
    assert [account.login for account in await floor.exchange.people.accounts(0, 10)] == ["boss"]


async def test_other_forms_addresses_and_methods_are_refused_as_json(floor: Served, admin: Person) -> None:
    status, answer = await admin.ask("POST", "/accounts", data=b"login=x")
    assert (status, answer["code"]) == (415, "UNSUPPORTED_TYPE")
    for path in ("/nothing", "/lots/abc", "/lots/-1", "/lots/99999999999999999", "/lots/9999999999999999"):
        status, answer = await admin.ask("GET", path)
        assert (status, answer["code"]) == (404, "NOT_FOUND"), path
    async with admin.http.put(API + "/session") as refused:
        assert (refused.status, (await refused.json())["code"]) == (405, "METHOD_NOT_ALLOWED")
        assert set(refused.headers["Allow"].split(",")) == {"POST", "DELETE"}
    async with admin.http.get("/nothing") as page:
        assert page.status == 404 and page.content_type != "application/json"


async def test_characters_that_no_database_keeps_are_refused(floor: Served, admin: Person) -> None:
    attempts: tuple[tuple[str, str, object, dict[str, Any]], ...] = (
        ("POST", "/session", {"login": "an\0na", "password": PASSWORD}, {}),
        ("POST", "/me/tokens", {"label": "a\0b"}, {}),
        ("GET", "/lots", None, {"params": {"q": "a\0b"}}),
    )
    for method, path, body, options in attempts:
        status, answer = await admin.ask(method, path, body, **options)
        assert (status, answer["code"]) == (422, "INVALID"), path


async def test_a_body_without_a_length_is_bounded_too(admin: Person) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 10_000

    status, answer = await admin.ask(
        "POST", "/accounts", data=endless(), headers={"Content-Type": "application/json"}
    )
    assert (status, answer["code"]) == (413, "TOO_LARGE")


async def test_the_messages_and_the_document_are_served_to_anyone(floor: Served) -> None:
    person = await floor.nobody()
    messages = await person.get("/messages")
    assert messages["BELOW_ASKING_PRICE"]["next_zh"]
    document = await person.get("/openapi.json")
    assert "/api/v1/lots/{lot}/records" in document["paths"]


async def test_a_database_that_is_away_is_said_so_and_what_nobody_expects_gets_a_number(
    floor: Served, admin: Person
) -> None:
    await admin.get("/me")
    await floor.exchange.people._database._pool.close()
    status, answer = await admin.ask("GET", "/me/tokens")
    assert (status, answer["code"]) == (503, "STORE_UNAVAILABLE")


async def test_a_compressed_body_and_one_that_breaks_off_change_nothing(floor: Served, admin: Person) -> None:
    packed = {
        "data": gzip.compress(b"{}"),
        "headers": {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    }
    status, answer = await admin.ask("POST", "/accounts", **packed)
    assert (status, answer["code"]) == (415, "UNSUPPORTED_TYPE")
    token = (await admin.post("/me/tokens"))["token"]
    host, port = floor.server.host, floor.server.port
    for body in (
        b"Content-Length: 90\r\n\r\n" + b'{"login": "x1"',
        b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n{\r\n",
    ):
        reader, writer = await asyncio.open_connection(host, port)
        head = f"POST {API}/accounts HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {token}\r\n"
        writer.write(head.encode() + b"Content-Type: application/json\r\n" + body)
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        await reader.read()
    assert [account.login for account in await floor.exchange.people.accounts(0, 10)] == ["boss"]
