"""A reader who does not read is cut, and nobody else notices."""

from __future__ import annotations

import asyncio
import re
import secrets
import socket
import urllib.request
from pathlib import Path

import orjson

from tests.e2e.conftest import House, people_of
from tests.exchange_process import ExchangeProcess
from tests.live import bid

HANDSHAKE = (
    "GET /api/v1/live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def masked(payload: bytes) -> bytes:
    """Return a client's text frame of less than 126 bytes, masked with zeros."""
    return bytes((0x81, 0x80 | len(payload), 0, 0, 0, 0)) + payload


def counted(url: str, metric: str) -> int:
    with urllib.request.urlopen(f"{url}/metrics", timeout=60) as answer:
        found = re.search(rf"^{metric} (\S+)$", answer.read().decode(), re.MULTILINE)
    assert found is not None
    return int(float(found[1]))


async def test_a_reader_who_does_not_read_is_cut_and_bidding_goes_on(tmp_path: Path) -> None:
    exchange = ExchangeProcess(tmp_path / "data", "--no-demo", "--set", "frames_per_second=100000",
                               "--set", "frames_burst=100000", "--set", "outbox_bytes_max=65536")  # fmt: skip
    exchange.start()
    try:
        house = House(exchange, await people_of(exchange))
        lot = await house.open_lot(leader_may_raise=True)
        with socket.create_connection(("127.0.0.1", exchange.port)) as deaf:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            deaf.sendall(HANDSHAKE.format(port=exchange.port).encode())
            await asyncio.to_thread(deaf.recv, 1_024)
            deaf.sendall(masked(orjson.dumps({"type": "subscribe", "lot": lot})))
            async with house.talk(0) as talk:
                amount, cut = 1_000, 0
                while not cut and amount < 1_000_000:
                    frames = [bid(lot, amount + 10 * n) | {"id": secrets.token_hex(16)} for n in range(200)]
                    amount += 2_000
                    for frame in frames:
                        await talk.say(frame)
                    answers = [await talk.hear("receipt") for _ in frames]
                    assert len(answers) == len(frames)
                    cut = await asyncio.to_thread(counted, exchange.url, "luochui_slow_clients_total")
            assert cut == 1
        assert exchange.stop() == 0
    finally:
        if exchange.exit_code is None:
            exchange.kill()
