"""How conversations end: sent on by a gateway that closes, signed out by time, told when to come back."""

from __future__ import annotations

import asyncio
import gc
import json
import secrets
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest

from exchange.people import People, Role
from exchange.ports import Accepted
from gateways.app import DOOR
from gateways.live.door import Handshake
from gateways.live.session import Session
from gateways.wire import CloseCode
from matching.commands import OpenLot
from tests.live import bid, lot_form
from tests.patience import PATIENCE_SECONDS, until
from tests.served import API, Person, Served, served

HOUR_US = 3_600_000_000


async def live(person: Person) -> aiohttp.ClientWebSocketResponse:
    """Open a live connection and hear its hello."""
    socket = await person.http.ws_connect(API + "/live")
    assert (await asyncio.wait_for(socket.receive_json(), PATIENCE_SECONDS))["type"] == "hello"
    return socket


async def is_heard(socket: aiohttp.ClientWebSocketResponse) -> bool:
    await socket.send_json({"type": "ping", "sent": 1})
    return bool((await asyncio.wait_for(socket.receive_json(), PATIENCE_SECONDS))["type"] == "pong")


async def open_lot(floor: Served) -> tuple[int, Person]:
    """Publish a lot, admit one bidder, open it."""
    admin, bidder = (
        await floor.program("admin", Role.ADMIN, Role.HOST),
        await floor.program("anna", Role.BIDDER),
    )
    assert admin.account is not None and bidder.account is not None
    lot = int((await admin.post("/lots", lot_form()))["lot"])
    await admin.post(f"/lots/{lot}/admissions", {"bidders": [bidder.account.id]})
    assert isinstance(await floor.give(OpenLot(lot, admin.account.id)), Accepted)
    return lot, bidder


async def farewell(socket: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    """Return what the close frame says."""
    closing = await asyncio.wait_for(socket.receive(), PATIENCE_SECONDS)
    assert closing.type is aiohttp.WSMsgType.CLOSE, closing
    said: dict[str, Any] = json.loads(closing.extra or "")
    return said | {"close_code": socket.close_code}


async def test_a_closing_gateway_sends_everybody_on_and_lets_nobody_in(floor: Served) -> None:
    anna, visitor = await floor.program("anna", Role.BIDDER), await floor.nobody()
    sockets = [await live(anna), await live(visitor)]
    door = floor.server.app[DOOR]
    draining = asyncio.create_task(door.drain())
    said = [await farewell(socket) for socket in sockets]
    await draining
    for each in said:
        assert (each["close_code"], each["code"]) == (CloseCode.SHUTTING_DOWN, "SHUTTING_DOWN")
        assert 0 < each["reconnect_min_ms"] < each["reconnect_max_ms"]
    assert said[1]["reconnect_min_ms"] >= said[0]["reconnect_max_ms"], "who may act comes back first"
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await live(visitor)
    assert refused.value.status == 503


async def test_a_command_under_way_is_answered_before_its_connection_ends(
    database_url: str, tmp_path: Path
) -> None:
    async with served(database_url, tmp_path, command_deadline_ms=60_000) as floor:
        lot, bidder = await open_lot(floor)
        door, socket = floor.server.app[DOOR], await live(bidder)
        blocker = await asyncpg.connect(database_url)
        async with blocker.transaction():
            await blocker.execute("SELECT 1 FROM exchange.lease FOR UPDATE")  # no append can end now
            await socket.send_json(bid(lot, 1_000) | {"id": secrets.token_hex(16)})
            await until(lambda: door.under_way == 1)
            draining = asyncio.create_task(door.drain(PATIENCE_SECONDS))
            await until(lambda: door.is_closing)
            await socket.send_json(bid(lot, 2_000) | {"id": secrets.token_hex(16)})
        receipt = await asyncio.wait_for(socket.receive_json(), PATIENCE_SECONDS)
        while receipt["type"] != "receipt":
            receipt = await asyncio.wait_for(socket.receive_json(), PATIENCE_SECONDS)
        assert receipt["amount"] == 1_000
        assert (await farewell(socket))["close_code"] == CloseCode.SHUTTING_DOWN
        await draining
        await blocker.close()


async def test_what_has_no_answer_in_time_is_sent_on_as_well(database_url: str, tmp_path: Path) -> None:
    async with served(database_url, tmp_path, command_deadline_ms=60_000) as floor:
        lot, bidder = await open_lot(floor)
        door, socket = floor.server.app[DOOR], await live(bidder)
        blocker = await asyncpg.connect(database_url)
        async with blocker.transaction():
            await blocker.execute("SELECT 1 FROM exchange.lease FOR UPDATE")
            await socket.send_json(bid(lot, 1_000) | {"id": secrets.token_hex(16)})
            await until(lambda: door.under_way == 1)
            draining = asyncio.create_task(door.drain(0.05))
            assert (await farewell(socket))["close_code"] == CloseCode.SHUTTING_DOWN
            await draining
        await blocker.close()


async def test_a_sign_in_that_runs_out_ends_its_live_connections(floor: Served) -> None:
    anna, visitor = await floor.person("anna", Role.BIDDER), await floor.nobody()
    program = await floor.program("robot", Role.BIDDER)
    tab, others = await live(anna), [await live(program), await live(visitor)]
    door, now_us = floor.server.app[DOOR], floor.exchange.hall.now_us()
    await door.sweep(now_us)
    assert await is_heard(tab)
    await door.sweep(now_us + 13 * HOUR_US)
    said = await farewell(tab)
    assert (said["close_code"], said["reconnect_max_ms"]) == (CloseCode.SIGNED_OUT, 0)
    assert all([await is_heard(socket) for socket in others])


async def test_a_sign_out_that_no_note_told_of_ends_live_connections(
    database_url: str, tmp_path: Path
) -> None:
    """Another process ends a session, a token and an account, and the gateway hears of none of it."""
    async with (
        served(database_url, tmp_path, sign_in_recheck_ms=100) as floor,
        asyncpg.create_pool(database_url, min_size=1, max_size=1) as pool,
    ):
        anna, robot = await floor.person("anna", Role.BIDDER), await floor.program("robot", Role.BIDDER)
        bela, carla = await floor.person("bela", Role.BIDDER), await floor.person("carla", Role.BIDDER)
        assert robot.account is not None and bela.account is not None
        over = [await live(anna), await live(anna), await live(robot), await live(bela)]
        others = [await live(carla), await live(await floor.nobody())]
        elsewhere = People(pool, floor.exchange.clock)
        (cookie,) = anna.http.cookie_jar
        await elsewhere.sign_out(cookie.value)
        (label,) = await elsewhere.tokens(robot.account.id)
        await elsewhere.revoke_token(robot.account.id, label.id)
        closing = "UPDATE exchange.account SET is_active = false WHERE id = $1"
        await pool.execute(closing, bela.account.id)
        for said in await asyncio.gather(*map(farewell, over)):
            assert (said["close_code"], said["reconnect_max_ms"]) == (CloseCode.SIGNED_OUT, 0)
        assert all([await is_heard(socket) for socket in others])


async def test_who_cannot_be_looked_up_stays(floor: Served) -> None:
    anna, door = await floor.person("anna", Role.BIDDER), floor.server.app[DOOR]
    tab = await live(anna)
    blocker = await asyncpg.connect(floor.exchange.settings.database_url)
    async with blocker.transaction():
        await blocker.execute("LOCK TABLE exchange.session IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(TimeoutError):
            await door.recheck()
    await blocker.close()
    assert await is_heard(tab)


async def test_a_connection_that_ends_leaves_nothing_for_the_garbage_collector(floor: Served) -> None:
    visitor = await floor.nobody()

    async def come_and_go() -> None:
        sockets = [await live(visitor) for _ in range(5)]
        for socket in sockets:
            await socket.close()
        await until(lambda: floor.exchange.measures.connections == 0)

    await come_and_go()
    gc.collect()
    gc.disable()
    try:
        await come_and_go()
        await until(lambda: not [one for one in gc.get_objects() if type(one) in (Session, Handshake)])
    finally:
        gc.enable()
