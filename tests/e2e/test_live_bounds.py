"""Every bound of a live connection, reached over real sockets, with the code that says so."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from pathlib import Path

import aiohttp
import pytest

from exchange.people import Role
from exchange.ports import Accepted
from gateways.wire import CloseCode
from matching.commands import OpenLot
from tests.live import lot_form
from tests.patience import PATIENCE_SECONDS, until
from tests.served import API, Served, served

LOTS = 3
HANDSHAKE = (
    f"GET {API}/live HTTP/1.1\r\nHost: {{host}}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


async def lots_of(floor: Served) -> list[int]:
    """Publish and open some lots."""
    admin = await floor.program("admin", Role.ADMIN, Role.HOST)
    assert admin.account is not None
    lots = [int((await admin.post("/lots", lot_form()))["lot"]) for _ in range(LOTS)]
    for lot in lots:
        assert isinstance(await floor.give(OpenLot(lot, admin.account.id)), Accepted)
    return lots


async def test_the_bounds_of_an_address_and_of_a_connection_are_kept(
    database_url: str, tmp_path: Path
) -> None:
    async with served(
        database_url, tmp_path, demo=False, connections_per_address_max=2, subscriptions_max=LOTS - 1,
        frames_per_second=1, frames_burst=10, frame_bytes_max=2_048,
    ) as floor:  # fmt: skip
        lots, visitor = await lots_of(floor), await floor.nobody()
        first, second = [await visitor.http.ws_connect(API + "/live") for _ in range(2)]
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await visitor.http.ws_connect(API + "/live")
        assert refused.value.status == 429
        hello = await asyncio.wait_for(first.receive_json(), PATIENCE_SECONDS)
        assert hello["limits"] == {
            "frame_bytes_max": 2_048, "frames_per_second": 1, "frames_burst": 10, "subscriptions_max": LOTS - 1,
        }  # fmt: skip
        for lot in lots:
            await first.send_json({"type": "subscribe", "lot": lot})
        answers = [await asyncio.wait_for(first.receive_json(), PATIENCE_SECONDS) for _ in lots]
        assert [answer["type"] for answer in answers] == ["snapshot"] * (LOTS - 1) + ["error"]
        assert (answers[-1]["code"], answers[-1]["retryable"]) == ("TOO_MANY_SUBSCRIPTIONS", False)
        await first.send_json({"type": "unsubscribe", "lot": lots[0]})
        await first.send_json({"type": "subscribe", "lot": lots[-1]})
        assert (await asyncio.wait_for(first.receive_json(), PATIENCE_SECONDS))["lot"] == lots[-1], (
            "a place is free again"
        )

        for _ in range(300):
            await first.send_json({"type": "ping"})
        limited = 0
        while (
            message := await asyncio.wait_for(first.receive(), PATIENCE_SECONDS)
        ).type is aiohttp.WSMsgType.TEXT:
            limited += json.loads(message.data).get("code") == "RATE_LIMITED"
        assert (limited, first.close_code) == (200, CloseCode.TOO_FAST)
        await second.send_str("x" * 2_049)
        hello, closing = await second.receive(), await asyncio.wait_for(second.receive(), PATIENCE_SECONDS)
        assert closing.type is aiohttp.WSMsgType.CLOSE and second.close_code == CloseCode.FRAME_TOO_LARGE
        assert json.loads(closing.extra or "")["reconnect_max_ms"] == 0
        await until(lambda: floor.exchange.measures.connections == 0)
        async with visitor.http.ws_connect(API + "/live") as third:
            assert (await asyncio.wait_for(third.receive_json(), PATIENCE_SECONDS))["type"] == "hello", (
                "the address has room"
            )


async def test_a_reader_who_stops_reading_is_cut_by_age_though_nothing_more_comes(
    database_url: str, tmp_path: Path
) -> None:
    async with served(
        database_url, tmp_path, demo=False, frames_burst=100_000, frames_per_second=100_000,
        outbox_bytes_max=67_108_864, outbox_age_ms_max=200,
    ) as floor:  # fmt: skip
        lots = await lots_of(floor)
        address = floor.server.make_url("/")
        with socket.create_connection((address.host, address.port)) as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            deaf.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_sendall(deaf, HANDSHAKE.format(host=f"{address.host}:{address.port}").encode())
            await loop.sock_recv(deaf, 64)
            asked = b'{"type":"subscribe","lot":%d}' % lots[0]
            with contextlib.suppress(ConnectionError):  # he may be cut while he still asks
                await loop.sock_sendall(deaf, (bytes((0x81, 0x80 | len(asked), 0, 0, 0, 0)) + asked) * 10_000)
            await until(lambda: floor.exchange.measures.slow_clients == 1)
            await until(lambda: floor.exchange.measures.connections == 0)
