"""Connections: what one costs in processor time and memory, and what happens when all come back at once.

Belongs here: measuring our gateway and what can be compared with it. Does not belong here: printing.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp

from gateways.client import LiveClient
from loadtests.conditions import own_processor_seconds, processor_seconds, resident_bytes
from loadtests.exchange_process import RunningExchange
from loadtests.fanout import OurFloor, pauses_between
from loadtests.hot_lot import make_hot_lot
from loadtests.load import LoadFailed
from loadtests.peers import running_peer
from loadtests.swarm import Joined, Swarm, running_swarm

SETTLE_S: Final = 2.0
GONE_TIMEOUT_S: Final = 60.0
BID_EVERY_S: Final = 0.05
SWARM_PROCESSES: Final = 2


def _handshakes(joined: Joined, processor_s: float) -> dict[str, Any]:
    us = processor_s * 1e6 / joined.connected if joined.connected else 0.0
    return joined.figures() | {
        "processor_us_per_handshake": round(us, 1),
        "handshakes_per_processor_second": round(1e6 / us) if us else 0,
    }


async def measured_floor(exchange: RunningExchange, connections: int, repetitions: int) -> dict[str, Any]:
    """Measure our gateway: handshakes with a subscription each, memory, and storms.

    Raises: LoadFailed, ClientProblem, SwarmFailed.
    """
    hot = await make_hot_lot(exchange.url, exchange.token, 1)
    process = exchange.process_id
    async with (
        LiveClient(exchange.url, token=hot.tokens[0]) as bidder,
        running_swarm(exchange.url, [hot.lot], connections, processes=SWARM_PROCESSES) as swarm,
    ):
        floor = OurFloor(exchange, hot.lot, bidder)
        await floor.event()
        before, used = resident_bytes(process), own_processor_seconds(process)
        joined = await swarm.connect()
        figures = _handshakes(joined, own_processor_seconds(process) - used)
        await asyncio.sleep(SETTLE_S)
        figures["kb_per_connection"] = round((resident_bytes(process) - before) / 1_000 / connections, 2)
        figures["told"] = await _told_delay(exchange.url)
        storms = [await _storm(exchange, swarm, floor, connections) for _ in range(repetitions)]
        figures["kb_per_connection_after_storms"] = round(
            (resident_bytes(process) - before) / 1_000 / connections, 2
        )
    return figures | {"storms": storms}


async def _storm(
    exchange: RunningExchange, swarm: Swarm, floor: OurFloor, connections: int
) -> dict[str, Any]:
    """Cut all connections and let all come back at once, while somebody bids."""
    dropped = await swarm.drop()
    await _until_gone(exchange.url)
    floor.waits_ms.clear()
    before, used = await floor.pauses(), own_processor_seconds(exchange.process_id)
    async with _bidding(floor):
        joined = await swarm.connect(at_once=connections)
    figures = _handshakes(joined, own_processor_seconds(exchange.process_id) - used)
    waits = sorted(floor.waits_ms)
    return figures | {
        "dropped": dropped,
        "pauses": pauses_between(before, await floor.pauses()),
        "receipts": len(waits),
        "receipt_ms_median": round(waits[len(waits) // 2], 1) if waits else 0.0,
        "receipt_ms_max": round(waits[-1], 1) if waits else 0.0,
    }


@asynccontextmanager
async def _bidding(floor: OurFloor) -> AsyncIterator[None]:
    """Bid again and again while the block runs."""

    async def bid() -> None:
        while True:
            await floor.event()
            await asyncio.sleep(BID_EVERY_S)

    bidding = asyncio.create_task(bid())
    try:
        yield
    finally:
        bidding.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await bidding


async def _until_gone(url: str) -> None:
    """Wait until the gateway has noticed that the swarm has gone: the bidder stays.  Raises: LoadFailed."""
    until = time.monotonic() + GONE_TIMEOUT_S
    async with aiohttp.ClientSession(url) as http:
        while time.monotonic() < until:
            async with http.get("/metrics") as answer:
                found = re.search(r"^luochui_connections (\S+)$", await answer.text(), re.MULTILINE)
            if found is not None and float(found[1]) <= 1:
                return
            await asyncio.sleep(0.2)
    raise LoadFailed("connections that were cut are still counted")


async def _told_delay(url: str) -> dict[str, int]:
    """Return the range of delays that somebody who connects now is told."""
    async with aiohttp.ClientSession() as http, http.ws_connect(f"{url}/api/v1/live") as socket:
        hello = await socket.receive_json(timeout=10)
    return {name: hello[name] for name in ("reconnect_min_ms", "reconnect_max_ms")}


async def measured_peer_connections(name: str, connections: int) -> dict[str, Any]:
    """Measure the handshakes and the memory of a server beside ours, of which nothing is asked but the handshake.

    Raises: PeerFailed, SwarmFailed.
    """
    greeting = b'{"type":"snapshot","lot":1,"epoch":"e","offset":1,"server_time_us":1,"state":{"lot":1},"records":[]}'
    async with (
        running_peer(name, greeting) as peer,
        running_swarm(peer.url, [1], connections, processes=SWARM_PROCESSES) as swarm,
    ):
        before, used = _resident_below(peer.process_id), processor_seconds(peer.process_id)
        joined = await swarm.connect()
        figures = _handshakes(joined, processor_seconds(peer.process_id) - used)
        await asyncio.sleep(SETTLE_S)
        grown = _resident_below(peer.process_id) - before
        return figures | {"kb_per_connection": round(grown / 1_000 / connections, 2)}


def _resident_below(process_id: int) -> int:
    """Return the memory of a process and of those that it has started."""
    children = Path(f"/proc/{process_id}/task/{process_id}/children").read_text(encoding="ascii").split()
    return resident_bytes(process_id) + sum(resident_bytes(int(child)) for child in children)
