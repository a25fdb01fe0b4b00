"""Who has seen more of a lot elsewhere is shown no older state: he waits for this gateway, or is sent on."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any

import aiohttp
import pytest

from exchange.people import Role
from exchange.ports import Accepted
from gateways.app import HUB
from gateways.live.catching_up import CatchingUp
from gateways.wire import CloseCode
from matching.commands import OpenLot
from tests.live import bid, lot_form
from tests.patience import PATIENCE_SECONDS
from tests.served import API, Person, Served


async def heard(socket: aiohttp.ClientWebSocketResponse, kind: str) -> Any:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (frame := await socket.receive_json())["type"] != kind:
            pass
    return frame


async def follow(socket: aiohttp.ClientWebSocketResponse, lot: int, **position: object) -> None:
    await socket.send_json({"type": "subscribe", "lot": lot, **position})


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


async def test_who_is_ahead_is_shown_the_lot_once_it_has_come_as_far(
    floor: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateways.live.session.CATCH_UP_SECONDS", PATIENCE_SECONDS)
    lot, bidder = await open_lot(floor)
    visitor, hub = await floor.nobody(), floor.server.app[HUB]
    async with visitor.http.ws_connect(API + "/live") as socket, bidder.http.ws_connect(API + "/live") as own:
        await follow(socket, lot)
        start = await heard(socket, "snapshot")
        position = {"epoch": start["epoch"], "offset": start["offset"] + 1}
        await socket.send_json({"type": "unsubscribe", "lot": lot})
        await follow(socket, lot, **position)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not hub.catching_up.is_awaited(lot):
                await asyncio.sleep(0.005)
        await own.send_json(bid(lot, 1_000) | {"id": secrets.token_hex(16)})
        shown = await heard(socket, "snapshot")
        assert (shown["offset"], shown["is_recovered"], shown["records"]) == (position["offset"], True, [])
        assert shown["state"]["price"] == 1_000
        assert not hub.catching_up.is_awaited(lot)
        monkeypatch.setattr("gateways.live.session.CATCH_UP_SECONDS", 0.1)
        await follow(socket, lot, epoch=start["epoch"], offset=10**6)
        closing = await asyncio.wait_for(socket.receive(), PATIENCE_SECONDS)
        assert closing.type is aiohttp.WSMsgType.CLOSE
        assert socket.close_code == CloseCode.BEHIND and CloseCode.BEHIND.may_return


async def test_nobody_is_waited_for_who_has_gone(floor: Served) -> None:
    lot, _ = await open_lot(floor)
    catching_up = CatchingUp(floor.exchange.feed)
    waiting = asyncio.create_task(catching_up.reached(lot, 10**6, PATIENCE_SECONDS))
    await asyncio.sleep(0)
    assert catching_up.is_awaited(lot)
    waiting.cancel()
    await asyncio.wait({waiting})
    assert not catching_up.is_awaited(lot)
    assert await catching_up.reached(lot, floor.exchange.feed.offset(lot), 0.0)
