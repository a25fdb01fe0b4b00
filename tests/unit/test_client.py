"""The client of programs against an exchange that plays by a script: what is sent, and what comes of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgpack
import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from gateways.client import (
    ApiClient,
    ApiProblem,
    ConnectionEnded,
    LiveClient,
    NoAnswer,
    NotTaken,
    Receipt,
    Refusal,
    Subscription,
    Unreachable,
    Update,
)
from gateways.client.returning import told_delay_s
from gateways.wire import JSON_PROTOCOL, MSGPACK_PROTOCOL, HostAct, View

Frame = dict[str, Any]
Script = Callable[["Conversation"], Awaitable[None]]


class Conversation:
    """The server's side of one connection."""

    def __init__(self, number: int, socket: web.WebSocketResponse, request: web.Request) -> None:
        self.number = number
        self.socket = socket
        self.request = request

    async def say(self, **frame: Any) -> None:
        if self.socket.ws_protocol == MSGPACK_PROTOCOL:
            await self.socket.send_bytes(msgpack.packb(frame))
        else:
            await self.socket.send_str(orjson.dumps(frame).decode())

    async def hear(self) -> Frame:
        message = await self.socket.receive()
        assert message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY), message
        is_text = message.type is aiohttp.WSMsgType.TEXT
        frame: Frame = orjson.loads(message.data) if is_text else msgpack.unpackb(message.data)
        return frame

    async def wait(self) -> None:
        """Stay until the client goes."""
        async for _ in self.socket:
            pass


@asynccontextmanager
async def exchange(script: Script, hello: Frame | None = None) -> AsyncIterator[str]:
    """Serve the script on every connection and give the address."""
    numbers = iter(range(1_000))

    async def live(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=(JSON_PROTOCOL, MSGPACK_PROTOCOL))
        await socket.prepare(request)
        conversation = Conversation(next(numbers), socket, request)
        await conversation.say(type="hello", server_time_us=time.time_ns() // 1000, who=None, **hello or {})
        await script(conversation)
        return socket

    application = web.Application()
    application.router.add_get("/api/v1/live", live)
    server = TestServer(application)
    await server.start_server(shutdown_timeout=0.05)
    try:
        yield str(server.make_url("/"))
    finally:
        await server.close()


def receipt(frame: Frame, **changes: Any) -> Frame:
    return {
        "type": "receipt", "id": frame["id"], "lot": frame["lot"], "sequence": 7, "at_us": 1, "link": "00",
        "amount": frame.get("amount", 0), "is_leading": True, "price": 500, "asking_price": 600,
        "is_repeat": False, "server_time_us": 1,
    } | changes  # fmt: skip


def snapshot(offset: int, **changes: Any) -> Frame:
    return {
        "type": "snapshot", "lot": 5, "epoch": "e", "offset": offset, "is_recovered": True, "state": {},
        "records": [], "you": None, "server_time_us": 1,
    } | changes  # fmt: skip


def events(first: int, last: int) -> Frame:
    records = [{"sequence": sequence, "event": {}} for sequence in range(first, last + 1)]
    return {
        "type": "events", "lot": 5, "epoch": "e", "offset": last, "state": {}, "records": records,
        "server_time_us": 1,
    }  # fmt: skip


async def next_sequences(subscription: Subscription, updates: int) -> list[int]:
    found: list[int] = []
    for _ in range(updates):
        update: Update = await anext(subscription)
        found += [record["sequence"] for record in update.records]
    return found


@pytest.mark.parametrize("protocol", [JSON_PROTOCOL, MSGPACK_PROTOCOL])
async def test_a_bid_gets_its_receipt_in_either_encoding(protocol: str) -> None:
    heard: list[Frame] = []

    async def script(talk: Conversation) -> None:
        heard.append(await talk.hear())
        await talk.say(**receipt(heard[0], sequence=12))
        await talk.wait()

    async with exchange(script) as url, LiveClient(url, protocol=protocol) as client:
        answer = await client.bid(5, 12_345)
    assert isinstance(answer, Receipt)
    assert (answer.sequence, answer.amount, answer.is_leading) == (12, 12_345, True)
    assert heard[0]["type"] == "bid"
    assert len(heard[0]["id"]) == 32


async def test_a_refusal_is_a_value_that_says_what_would_be_accepted() -> None:
    async def script(talk: Conversation) -> None:
        frame = await talk.hear()
        await talk.say(type="refusal", id=frame["id"], lot=5, code="BELOW_ASKING_PRICE", retryable=False,
                       server_time_us=1, asking_price=600, increment=100)  # fmt: skip
        await talk.wait()

    async with exchange(script) as url, LiveClient(url) as client:
        answer = await client.max_bid(5, 550, "ab" * 16)
    assert answer == Refusal("ab" * 16, 5, "BELOW_ASKING_PRICE", 600, 100)


async def test_what_is_given_is_meant_for_the_phase_that_was_looked_at_last() -> None:
    heard: list[Frame] = []

    async def script(talk: Conversation) -> None:
        await talk.hear()
        await talk.say(**snapshot(1, state={"phase": 1}))
        await talk.say(**events(2, 2) | {"state": {"phase": 2}})
        for _ in range(6):
            heard.append(await talk.hear())
            await talk.say(**receipt(heard[-1]))
        await talk.wait()

    async with exchange(script) as url, LiveClient(url) as client:
        lot = await client.subscribe(5)
        assert (await anext(lot)).state["phase"] == 1
        await client.bid(5, 100)
        await client.bid(5, 100, phase=4)
        assert (await anext(lot)).state["phase"] == 2
        await client.max_bid(5, 100)
        await client.command({"type": "declare", "lot": 5, "word": "accept"})
        await client.host(5, HostAct.OPEN)
        await client.bid(6, 100)
    assert [frame.get("phase") for frame in heard] == [1, 4, 2, 2, None, None]


async def test_a_word_answers_the_round_that_was_looked_at_last() -> None:
    heard: list[Frame] = []

    async def script(talk: Conversation) -> None:
        await talk.hear()
        await talk.say(**snapshot(1, state={"phase": 1, "ends_at_us": 60}))
        await talk.say(**events(2, 2) | {"state": {"phase": 1, "ends_at_us": 120}})
        for _ in range(7):
            heard.append(await talk.hear())
            await talk.say(**receipt(heard[-1]))
        await talk.wait()

    stay = {"type": "declare", "lot": 5, "word": "accept"}
    async with exchange(script) as url, LiveClient(url) as client:
        lot = await client.subscribe(5)
        assert (await anext(lot)).state["ends_at_us"] == 60
        await client.command(stay)
        await client.take_back(5, ends_at_us=7)
        assert (await anext(lot)).state["ends_at_us"] == 120
        await client.command(stay)
        await client.command({"type": "item_bids", "lot": 5, "bids": [[1, 1]]})
        await client.take_back(5)
        await client.bid(5, 100)
        await client.command({**stay, "lot": 6})
    assert [frame.get("ends_at_us") for frame in heard] == [60, 7, 120, 120, 120, None, None]


async def test_answers_find_their_command_in_any_order() -> None:
    async def script(talk: Conversation) -> None:
        frames = [await talk.hear(), await talk.hear()]
        for frame in reversed(frames):
            await talk.say(**receipt(frame))
        await talk.wait()

    async with exchange(script) as url, LiveClient(url) as client, asyncio.TaskGroup() as group:
        first = group.create_task(client.bid(5, 100))
        second = group.create_task(client.bid(5, 200))
    assert isinstance(first.result(), Receipt)
    assert isinstance(second.result(), Receipt)
    assert (first.result().amount, second.result().amount) == (100, 200)  # type: ignore[union-attr]


async def test_a_busy_exchange_is_asked_again_under_the_same_id() -> None:
    ids: list[str] = []

    async def script(talk: Conversation) -> None:
        for attempt in range(3):
            frame = await talk.hear()
            ids.append(frame["id"])
            if attempt < 2:
                await talk.say(type="error", code="BUSY", retryable=True, id=frame["id"])
        await talk.say(**receipt(frame))
        await talk.wait()

    async with exchange(script) as url, LiveClient(url) as client:
        assert isinstance(await client.host(5, HostAct.OPEN), Receipt)
    assert len(ids) == 3
    assert len(set(ids)) == 1


async def test_a_command_survives_a_lost_connection_under_the_same_id() -> None:
    ids: list[str] = []

    async def script(talk: Conversation) -> None:
        frame = await talk.hear()
        ids.append(frame["id"])
        if talk.number == 0:
            assert talk.request.transport is not None
            talk.request.transport.abort()
            return
        await talk.say(**receipt(frame, is_repeat=True))
        await talk.wait()

    async with exchange(script) as url, LiveClient(url) as client:
        answer = await client.bid(5, 100)
        assert client.reconnections == 1
    assert isinstance(answer, Receipt)
    assert answer.is_repeat
    assert ids == [answer.id, answer.id]


async def test_silence_ends_in_no_answer_after_all_attempts() -> None:
    heard: list[Frame] = []

    async def script(talk: Conversation) -> None:
        while len(heard) < 3:
            heard.append(await talk.hear())
        await talk.wait()

    async with exchange(script) as url, LiveClient(url, answer_timeout_s=0.05, attempts_max=3) as client:
        with pytest.raises(NoAnswer) as caught:
            await client.bid(5, 100, "cd" * 16)
    assert caught.value.command_id == "cd" * 16
    assert [frame["id"] for frame in heard] == ["cd" * 16] * 3


async def test_what_may_not_be_asked_is_not_asked_again() -> None:
    async def script(talk: Conversation) -> None:
        frame = await talk.hear()
        await talk.say(type="error", code="NOT_SIGNED_IN", retryable=False, detail="", id=frame["id"])
        await talk.wait()

    async with exchange(script) as url, LiveClient(url) as client:
        with pytest.raises(NotTaken) as caught:
            await client.bid(5, 100)
    assert caught.value.code == "NOT_SIGNED_IN"
    assert "Sign in" in str(caught.value)


async def test_a_close_code_of_the_45_hundreds_is_final() -> None:
    connections: list[int] = []

    async def script(talk: Conversation) -> None:
        connections.append(talk.number)
        await talk.hear()
        await talk.socket.close(code=4503)

    async with exchange(script) as url, LiveClient(url) as client:
        with pytest.raises(ConnectionEnded) as caught:
            await client.bid(5, 100)
        with pytest.raises(ConnectionEnded):
            await client.bid(5, 200)
    assert caught.value.code == 4503
    assert "4503 SIGNED_OUT" in str(caught.value) and "sign in again" in str(caught.value)
    assert connections == [0]


async def test_a_token_that_is_not_known_is_told_how_to_make_one() -> None:
    server = TestServer(web.Application())

    async def refuse(_: web.Request) -> web.StreamResponse:
        return web.Response(status=401)

    server.app.router.add_get("/api/v1/live", refuse)
    async with server:
        with pytest.raises(ConnectionEnded, match=r"401 .*create-token --login") as caught:
            await LiveClient(str(server.make_url("/")), token="nobody's").connect()
    assert caught.value.code == 401


def test_an_address_that_is_none_is_told_what_one_looks_like() -> None:
    for none in ("127.0.0.1:8080", "centre.example", "ws://centre.example/live", ""):
        with pytest.raises(ValueError, match="http://host:port"):
            LiveClient(none)


def test_a_refusal_says_what_to_do_next() -> None:
    assert "lot" in Refusal("1", 5, "NOT_ADMITTED").words
    assert Refusal("1", 5, "OF_A_LATER_VERSION").words == ""


async def test_a_close_code_of_the_44_hundreds_brings_the_client_back() -> None:
    async def script(talk: Conversation) -> None:
        frame = await talk.hear()
        if talk.number == 0:
            await talk.socket.close(code=4400)
            return
        await talk.say(**receipt(frame))
        await talk.wait()

    async with exchange(script) as url, LiveClient(url) as client:
        assert isinstance(await client.bid(5, 100), Receipt)


@pytest.mark.parametrize("has_farewell", [True, False], ids=["close frame", "hello"])
async def test_the_client_stays_away_as_long_as_it_is_told(has_farewell: bool) -> None:
    lost_at_s: list[float] = []
    delay = {"reconnect_min_ms": 400, "reconnect_max_ms": 500}

    async def script(talk: Conversation) -> None:
        if lost_at_s:
            lost_at_s.append(asyncio.get_running_loop().time())
            await talk.wait()
            return
        await talk.hear()
        lost_at_s.append(asyncio.get_running_loop().time())
        reason = orjson.dumps({"code": "SHUTTING_DOWN", **delay}) if has_farewell else b"not ours"
        await talk.socket.close(code=4400, message=reason)

    async with exchange(script, {} if has_farewell else delay) as url, LiveClient(url) as client:
        await client._send(client._encode({"type": "ping", "sent": 1}))
        async with asyncio.timeout(60):
            while client.reconnections == 0:
                await asyncio.sleep(0.01)
    assert lost_at_s[1] - lost_at_s[0] >= 0.4


@pytest.mark.parametrize(
    "said",
    [{}, {"reconnect_min_ms": 5}, {"reconnect_min_ms": 5, "reconnect_max_ms": 4}, {"reconnect_min_ms": "5"}],
)
def test_a_delay_that_makes_no_sense_is_not_followed(said: Frame) -> None:
    assert told_delay_s(said) is None


async def test_an_exchange_that_stays_away_is_unreachable() -> None:
    async def script(talk: Conversation) -> None:
        await talk.hear()

    async with exchange(script) as url:
        client = LiveClient(url, patience_s=0.3)
        await client.connect()
    with pytest.raises(Unreachable):
        await client.bid(5, 100)
    await client.close()


async def test_nobody_there_is_unreachable_at_once() -> None:
    with pytest.raises(Unreachable):
        async with LiveClient("http://127.0.0.1:9"):
            pass


async def test_a_gap_is_filled_from_the_position_before_it() -> None:
    asked: list[Frame] = []

    async def script(talk: Conversation) -> None:
        asked.append(await talk.hear())
        await talk.say(**snapshot(3))
        await talk.say(**events(4, 5))
        await talk.say(**events(7, 7))
        asked.append(await talk.hear())
        await talk.say(**events(8, 8))  # between question and answer: already contained in the answer
        await talk.say(**snapshot(8, records=events(6, 8)["records"]))
        await talk.say(**events(9, 9))
        await talk.wait()

    async with exchange(script) as url, LiveClient(url) as client:
        subscription = await client.subscribe(5)
        assert await next_sequences(subscription, 4) == [4, 5, 6, 7, 8, 9]
    assert [(frame["epoch"], frame["offset"]) for frame in asked] == [("", -1), ("e", 5)]


async def test_after_a_reconnection_the_news_go_on_where_they_stopped() -> None:
    asked: list[Frame] = []

    async def script(talk: Conversation) -> None:
        asked.append(await talk.hear())
        if talk.number == 0:
            await talk.say(**snapshot(3))
            await talk.say(**events(4, 4))
            await talk.socket.close(code=4401)
            return
        await talk.say(**snapshot(6, records=events(5, 6)["records"]))
        await talk.wait()

    async with exchange(script) as url, LiveClient(url) as client:
        subscription = await client.subscribe(5)
        assert await next_sequences(subscription, 3) == [4, 5, 6]
    assert (asked[1]["epoch"], asked[1]["offset"]) == ("e", 4)


async def test_a_slow_reader_lets_news_pass_and_recovers_them() -> None:
    asked: list[Frame] = []

    async def script(talk: Conversation) -> None:
        asked.append(await talk.hear())
        await talk.say(**snapshot(0))
        for sequence in range(1, 11):
            await talk.say(**events(sequence, sequence))
        frame = await talk.hear()  # a ping: everything before it has arrived
        await talk.say(type="pong", sent=frame["sent"], server_time_us=time.time_ns() // 1000)
        asked.append(await talk.hear())
        offset = asked[1]["offset"]
        await talk.say(**snapshot(10, records=events(offset + 1, 10)["records"]))
        await talk.wait()

    async with exchange(script) as url, LiveClient(url, updates_waiting_max=3) as client:
        subscription = await client.subscribe(5)
        await client.measure_clock(samples=1)
        assert await next_sequences(subscription, 4) == list(range(1, 11))
    assert asked[1]["offset"] == 2


async def test_a_watcher_of_the_state_gets_the_latest_only() -> None:
    async def script(talk: Conversation) -> None:
        await talk.hear()
        await talk.say(**snapshot(0))
        for offset in range(1, 21):
            await talk.say(
                type="state", lot=5, epoch="e", offset=offset, server_time_us=1, state={"price": offset}
            )
        frame = await talk.hear()
        await talk.say(type="pong", sent=frame["sent"], server_time_us=time.time_ns() // 1000)
        await talk.wait()

    async with exchange(script) as url, LiveClient(url) as client:
        subscription = await client.subscribe(5, View.STATE)
        await client.measure_clock(samples=1)
        offsets = [(await anext(subscription)).offset for _ in range(2)]
    assert offsets == [19, 20]
    assert subscription.state == {"price": 20}


async def test_an_unknown_lot_is_told_to_the_one_who_subscribes() -> None:
    async def script(talk: Conversation) -> None:
        await talk.hear()
        await talk.say(type="error", code="LOT_UNKNOWN", retryable=False, detail="lot 5")
        await talk.wait()

    async with exchange(script) as url, LiveClient(url) as client:
        with pytest.raises(NotTaken) as caught:
            await client.subscribe(5)
    assert caught.value.code == "LOT_UNKNOWN"


async def test_the_clock_follows_the_server() -> None:
    ahead_us = 3_600_000_000

    async def script(talk: Conversation) -> None:
        async for _ in talk.socket:
            frame = orjson.loads(_.data)
            await talk.say(type="pong", sent=frame["sent"], server_time_us=time.time_ns() // 1000 + ahead_us)

    async with exchange(script) as url, LiveClient(url) as client:
        assert abs(client.clock_offset_us) < 60_000_000
        offset_us = await client.measure_clock()
        assert abs(offset_us - ahead_us) < 60_000_000
        assert abs(client.server_now_us() - time.time_ns() // 1000 - ahead_us) < 60_000_000


async def test_notices_go_to_whoever_asked_for_them() -> None:
    notices: list[Frame] = []

    async def script(talk: Conversation) -> None:
        await talk.say(type="outbid", lot=5, price=700, asking_price=800, server_time_us=1)
        await talk.say(**receipt(await talk.hear()))
        await talk.wait()

    async with exchange(script) as url, LiveClient(url, on_notice=notices.append) as client:
        await client.bid(5, 100)
    assert [(notice["type"], notice["price"]) for notice in notices] == [("outbid", 700)]


async def test_identity_travels_in_the_handshake_only() -> None:
    seen: list[tuple[str | None, str | None, str | None]] = []

    async def script(talk: Conversation) -> None:
        headers = talk.request.headers
        seen.append((headers.get("Authorization"), headers.get("Cookie"), headers.get("Origin")))
        await talk.wait()

    async with exchange(script) as url:
        for identity in ({"token": "lc_x"}, {"cookie": "abc"}, {}):
            async with LiveClient(url, **identity):  # type: ignore[arg-type]
                pass
    origin = url.rstrip("/")
    assert seen == [
        ("Bearer lc_x", None, origin),
        (None, "luochui_session=abc", origin),
        (None, None, origin),
    ]


@asynccontextmanager
async def http_exchange(routes: list[web.RouteDef]) -> AsyncIterator[str]:
    application = web.Application()
    application.router.add_routes(routes)
    async with TestServer(application) as server:
        yield str(server.make_url("/"))


async def test_the_api_says_no_with_a_code_and_what_is_wrong() -> None:
    async def publish(request: web.Request) -> web.Response:
        body = {"code": "TERMS_INVALID", "detail": "no", "problems": ["the step table is empty"]}
        return web.json_response(body, status=422)

    async def broken(request: web.Request) -> web.Response:
        return web.Response(status=502, text="<html>")

    routes = [web.post("/api/v1/lots", publish), web.get("/api/v1/me", broken)]
    async with http_exchange(routes) as url, ApiClient(url, token="lc_x") as api:
        with pytest.raises(ApiProblem) as caught:
            await api.publish_lot({})
        with pytest.raises(ApiProblem) as bare:
            await api.me()
    assert (caught.value.status, caught.value.code) == (422, "TERMS_INVALID")
    assert caught.value.problems == ("the step table is empty",)
    assert bare.value.code == "HTTP_502"


async def test_a_sign_in_keeps_the_session_cookie() -> None:
    async def sign_in(request: web.Request) -> web.Response:
        assert await request.json() == {"login": "wang", "password": "p"}
        response = web.json_response({"account": {"id": 3, "login": "wang"}, "expires_at_us": 1})
        response.set_cookie("luochui_session", "secret", httponly=True, samesite="Lax", path="/")
        return response

    async def me(request: web.Request) -> web.Response:
        return web.json_response({"account": request.cookies.get("luochui_session")})

    routes = [web.post("/api/v1/session", sign_in), web.get("/api/v1/me", me)]
    async with http_exchange(routes) as url, ApiClient(url) as api:
        assert api.cookie is None
        assert (await api.sign_in("wang", "p"))["id"] == 3
        assert api.cookie == "secret"
        assert (await api.me())["account"] == "secret"
