"""Bidders as a load: connections that keep a fixed number of bids in flight, and what that gave.

Belongs here: sending, counting, latency. One process, no task per connection, no object per bid.
Does not belong here: preparing lots and accounts, printing.
"""

from __future__ import annotations

import asyncio
import os
import time
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlsplit

import orjson

from gateways.client import API_PREFIX
from gateways.wire import JSON_PROTOCOL
from loadtests.frames import (
    CLOSE,
    END_OF_HEADERS,
    PING,
    client_frame,
    client_header,
    opening_request,
    server_frames,
)

FIRST_AMOUNT = 10**9
"""Amounts have ten digits throughout, so that all frames are of one size and the header is made once."""
CONNECT_TIMEOUT_S = 30.0
DRAIN_TIMEOUT_S = 30.0
PONG = 0xA

BID_START = b'{"type":"bid","id":"'
RECEIPT_START = b'{"type":"receipt","id":"'
REFUSAL_START = b'{"type":"refusal","id":"'
SEQUENCE_MARK = b'"sequence":'
SERIAL_DIGITS = 16
"""Of the 32 digits of a command id, the first half names the run and the second counts."""


class LoadFailed(Exception):
    """The load could not be put on, or what came back was not what the protocol promises."""


@dataclass(slots=True)
class Tally:
    """What one measurement counted; latencies in seconds."""

    answered: int = 0
    refused: int = 0
    refusals: dict[str, int] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)
    others: int = 0
    """Frames that were no answer: outbid notices."""
    latencies: array[float] = field(default_factory=lambda: array("d"))
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Answers that were yes, a second."""
        return self.answered / self.seconds if self.seconds else 0.0

    def percentile_ms(self, share: float) -> float:
        """Return the latency that `share` of the answers did not exceed, in milliseconds."""
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1000 if ordered else 0.0


class Load:
    """What all connections of one run share: the rising amount, the clock of every bid, the tally."""

    def __init__(self, lot: int) -> None:
        self.lot = lot
        self.tally = Tally()
        self.sent_at_s = array("d")
        self.sequences = array("q")
        """By serial number of the bid: the sequence of its receipt, 0 without one."""
        self.is_sending = False
        self.in_flight = 0
        self.failure: Exception | None = None
        body = BID_START + os.urandom(8).hex().encode() + b"%016x" + b'","lot":%d,"amount":' % lot + b"%d}"
        length = len(body % (0, FIRST_AMOUNT))
        self.frame_bytes = len(client_header(length)) + length
        self._template = client_header(length) + body

    def bids(self, count: int, now_s: float) -> bytes:
        """Return the frames of the next bids."""
        first = len(self.sent_at_s)
        self.sent_at_s.extend([now_s] * count)
        self.sequences.extend([0] * count)
        self.in_flight += count
        template = self._template
        if count == 1:
            return template % (first, FIRST_AMOUNT + first)
        return b"".join(template % (serial, FIRST_AMOUNT + serial) for serial in range(first, first + count))

    def acknowledged(self) -> dict[int, int]:
        """Return the amounts of all acknowledged bids by their sequence, warm-up included.

        Raises: LoadFailed when two bids were given one sequence.
        """
        pairs = [
            (sequence, FIRST_AMOUNT + serial) for serial, sequence in enumerate(self.sequences) if sequence
        ]
        amounts = dict(pairs)
        if len(amounts) != len(pairs):
            raise LoadFailed(f"{len(pairs) - len(amounts)} receipts name a sequence that another one names")
        return amounts


class Bidder(asyncio.Protocol):
    """One connection that answers every answer with the next bid."""

    def __init__(self, load: Load, request: bytes) -> None:
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._load = load
        self._request = request
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._is_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the WebSocket."""
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._request)

    def connection_lost(self, error: Exception | None) -> None:
        """Fail the run when it is still going on."""
        self._fail(LoadFailed(f"a connection was lost: {error or 'closed by the server'}"))

    def start(self, in_flight: int) -> None:
        """Send the first bids."""
        self.write(self._load.bids(in_flight, time.perf_counter()))

    def write(self, data: bytes) -> None:
        """Send bytes."""
        assert self._transport is not None
        self._transport.write(data)

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Count the answers and send as many bids again."""
        if self._rest:
            data = self._rest + data
        if not self._is_open:
            if END_OF_HEADERS not in data:
                self._rest = data
                return
            data = self._opening(data)
        frames, rest = server_frames(data)
        self._rest = data[rest:]
        answers = 0
        now_s = time.perf_counter()
        for opcode, start, end in frames:
            if opcode >= CLOSE:
                self._control(opcode, data[start:end])
            else:
                answers += self.take(data, start, end, now_s)
        load = self._load
        load.in_flight -= answers
        if answers and load.is_sending:
            self.write(load.bids(answers, time.perf_counter()))

    def take(self, data: bytes, start: int, end: int, now_s: float) -> int:
        """Take one frame; returns 1 when it answers a bid."""
        load = self._load
        if data.startswith(RECEIPT_START, start):
            tail = start + len(RECEIPT_START) + SERIAL_DIGITS
            serial = int(data[tail : tail + SERIAL_DIGITS], 16)
            mark = data.index(SEQUENCE_MARK, tail) + len(SEQUENCE_MARK)
            load.sequences[serial] = int(data[mark : data.index(b",", mark)])
            load.tally.answered += 1
            load.tally.latencies.append(now_s - load.sent_at_s[serial])
            return 1
        if data.startswith(REFUSAL_START, start):
            code = orjson.loads(data[start:end])["code"]
            load.tally.refused += 1
            load.tally.refusals[code] = load.tally.refusals.get(code, 0) + 1
            return 1
        if data.startswith(b'{"type":"error"', start):
            return self._take_error(data[start:end])
        load.tally.others += 1
        return 0

    def _take_error(self, payload: bytes) -> int:
        error = orjson.loads(payload)
        errors = self._load.tally.errors
        errors[error["code"]] = errors.get(error["code"], 0) + 1
        return 1 if error.get("id") else 0

    def _opening(self, data: bytes) -> bytes:
        """Return what follows the server's handshake."""
        head, _, rest = data.partition(END_OF_HEADERS)
        if b" 101 " not in head.partition(b"\r\n")[0]:
            self._fail(LoadFailed(head.partition(b"\r\n")[0].decode("latin-1")))
            return b""
        self._is_open = True
        self.opened.set_result(None)
        return rest

    def _control(self, opcode: int, payload: bytes) -> None:
        if opcode == PING:
            self.write(client_frame(payload, PONG))
        elif opcode == CLOSE:
            code = int.from_bytes(payload[:2], "big")
            self._fail(LoadFailed(f"the server closed a connection: {code} {payload[2:]!r}"))

    def _fail(self, failure: Exception) -> None:
        if not self.opened.done():
            self.opened.set_exception(failure)
        elif self._load.is_sending and self._load.failure is None:
            self._load.failure = failure


class Echoed(Bidder):
    """The same connection against an echo: what comes back is the bid itself."""

    def take(self, data: bytes, start: int, end: int, now_s: float) -> int:
        """Take one frame; every frame is an answer."""
        load = self._load
        tail = start + len(BID_START) + SERIAL_DIGITS
        serial = int(data[tail : tail + SERIAL_DIGITS], 16)
        load.sequences[serial] = serial + 1
        load.tally.answered += 1
        load.tally.latencies.append(now_s - load.sent_at_s[serial])
        return 1


async def open_bidders(kind: type[Bidder], load: Load, url: str, tokens: Sequence[str]) -> list[Bidder]:
    """Open one connection for each token.

    Raises: LoadFailed.
    """
    loop = asyncio.get_running_loop()
    address = urlsplit(url)
    host, port = address.hostname or "127.0.0.1", address.port or 80
    bidders: list[Bidder] = []
    for token in tokens:
        headers: Mapping[str, str] = {
            "Authorization": f"Bearer {token}",
            "Sec-WebSocket-Protocol": JSON_PROTOCOL,
        }
        bidder = kind(load, opening_request(host, port, f"{API_PREFIX}/live", headers))
        await loop.create_connection(lambda bidder=bidder: bidder, host, port)  # type: ignore[misc]
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            await bidder.opened
        bidders.append(bidder)
    return bidders


async def measure(
    load: Load, bidders: Sequence[Bidder], in_flight: int, warm_up_s: float, seconds: float
) -> Tally:
    """Keep `in_flight` bids of every bidder under way and count what comes back after the warm-up.

    Raises: LoadFailed.
    """
    load.is_sending = True
    for bidder in bidders:
        bidder.start(in_flight)
    await asyncio.sleep(warm_up_s)
    tally = load.tally = Tally()
    began_s = time.perf_counter()
    await asyncio.sleep(seconds)
    tally.seconds = time.perf_counter() - began_s
    load.tally = Tally()
    load.is_sending = False
    await _drain(load)
    if load.failure is not None:
        raise load.failure
    return tally


async def _drain(load: Load) -> None:
    """Wait for the answers that are still under way."""
    until_s = time.monotonic() + DRAIN_TIMEOUT_S
    while load.in_flight > 0 and time.monotonic() < until_s:
        await asyncio.sleep(0.01)
    if load.in_flight > 0:
        raise LoadFailed(f"{load.in_flight} bids were never answered")
