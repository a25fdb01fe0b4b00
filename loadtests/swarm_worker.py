"""One process of the swarm: up to some 19,000 raw sockets on one epoll: `loadtests.swarm` starts and leads it.

Orders come as JSON lines on standard input, each is answered by one line on standard output; it ends with its input.
A watcher costs a socket, one small object, and, as all of an audience get the same bytes, one comparison for each read.

Belongs here: sockets, and what their followers saw. Does not belong here: what a fault is (`loadtests.news`).
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import sys
import time
from collections import Counter, deque
from enum import IntEnum
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
import orjson

from gateways.client import API_PREFIX
from gateways.wire import JSON_PROTOCOL
from loadtests.frames import CLOSE, END_OF_HEADERS, PING, client_frame, opening_request
from loadtests.latencies import Latencies
from loadtests.news import OTHER, SNAPSHOT, Arrived, Faults, Told, arrived, follow, is_consistent

PONG: Final = 0xA
READ_BYTES = 32_768
"""Small enough that the allocator need not ask the system for the memory of each read."""
EVENTS_AT_ONCE = 1_024
CONNECTIONS_PER_ADDRESS = 10_000
"""Well below the ephemeral ports that one address has towards one listener."""
IP_BIND_ADDRESS_NO_PORT: Final = 24
"""Linux: a source address is chosen now, its port only when connecting, so that ports can serve many addresses."""
LOST_WITHOUT_A_CODE: Final = 1006


class Plan(msgspec.Struct, frozen=True):
    """What the watchers of this process do."""

    url: str
    lots: tuple[int, ...]
    view: str
    first_number: int
    """Of this process's watchers, over the whole swarm: decides lot, source address and who belongs to the sample."""
    sample_every: int


class Order(msgspec.Struct, frozen=True):
    """What the leader wants: `connect` so many, `begin` counting anew, `report`, `drop` all."""

    do: str
    count: int = 0
    at_once: int = 0
    timeout_s: float = 0.0
    sequence: int = 0


class Stage(IntEnum):
    """How far a watcher has come."""

    AWAY = 0
    CONNECTING = 1
    ASKED = 2
    """The WebSocket is asked for."""
    OPEN = 3
    """The lot is asked for."""
    JOINED = 4


class Watcher:
    """One socket and the position of its follower, which outlives the socket."""

    __slots__ = ("began_at_s", "is_sampled", "lot", "number", "offset", "rest", "socket", "stage")

    def __init__(self, number: int, lot: int, is_sampled: bool) -> None:
        self.number = number
        self.lot = lot
        self.is_sampled = is_sampled
        self.socket: socket.socket | None = None
        self.offset = 0
        self.rest = b""
        self.stage = Stage.AWAY
        self.began_at_s = 0.0


class Counts:
    """What this process saw since it was told to begin."""

    def __init__(self) -> None:
        self.deliveries = self.reads = self.bytes = self.sampled = self.restarts = 0
        self.faults = Faults()
        self.latencies = Latencies()
        self.lost: Counter[int] = Counter()
        self.processor_s = time.process_time()


class Worker:
    """All watchers of one process."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        address = urlsplit(plan.url)
        self._host, self._port = address.hostname or "127.0.0.1", address.port or 80
        self._epoll = select.epoll()
        self._by_descriptor: dict[int, Watcher] = {}
        self._watchers: list[Watcher] = []
        self._counts = Counts()
        self._epoch = ""
        self._last_read = b""
        self._last_arrived = Arrived([], [], 0)
        headers = {"Sec-WebSocket-Protocol": JSON_PROTOCOL}
        self._request = opening_request(self._host, self._port, f"{API_PREFIX}/live", headers)
        # While connecting:
        self._waiting: deque[Watcher] = deque()
        self._under_way = 0
        self._opened = Latencies()
        self._joined = Latencies()
        self._refused: Counter[str] = Counter()

    def run(self) -> None:
        """Obey until the input ends."""
        orders = sys.stdin.fileno()
        self._epoll.register(orders, select.EPOLLIN)
        text = b""
        while True:
            for descriptor, _ in self._epoll.poll(1.0, EVENTS_AT_ONCE):
                if descriptor != orders:
                    self._ready(descriptor)
                    continue
                chunk = os.read(orders, 65_536)
                if not chunk:
                    return
                *lines, text = (text + chunk).split(b"\n")
                for line in lines:
                    self._obey(msgspec.json.decode(line, type=Order))

    def _obey(self, order: Order) -> None:
        match order.do:
            case "connect":
                answer = self._connect(order.count, order.at_once, order.timeout_s)
            case "begin":
                self._counts = Counts()
                answer = {}
            case "drop":
                answer = {"dropped": self._drop()}
            case _:
                answer = self._report(order.sequence)
        sys.stdout.buffer.write(orjson.dumps(answer, option=orjson.OPT_NON_STR_KEYS) + b"\n")
        sys.stdout.buffer.flush()

    # -- connecting --------------------------------------------------------------------------------------------

    def _connect(self, count: int, at_once: int, timeout_s: float) -> dict[str, Any]:
        """Bring the process to `count` joined watchers; those who were there before come back to their position."""
        while len(self._watchers) < count:
            self._watchers.append(self._new_watcher())
        self._opened, self._joined, self._refused = Latencies(), Latencies(), Counter()
        self._waiting = deque(watcher for watcher in self._watchers[:count] if watcher.socket is None)
        began_s = time.perf_counter()
        while (self._waiting or self._under_way) and time.perf_counter() - began_s < timeout_s:
            while self._waiting and self._under_way < at_once:
                self._open(self._waiting.popleft())
            for descriptor, _ in self._epoll.poll(0.05, EVENTS_AT_ONCE):
                if descriptor in self._by_descriptor:
                    self._ready(descriptor)
        seconds = time.perf_counter() - began_s
        self._give_up_on_the_rest()
        return {
            "connected": len(self._joined_watchers()),
            "refused": self._refused,
            "seconds": seconds,
            "opened": self._opened.steps(),
            "joined": self._joined.steps(),
        }

    def _new_watcher(self) -> Watcher:
        plan = self._plan
        number = plan.first_number + len(self._watchers)
        return Watcher(number, plan.lots[number % len(plan.lots)], number % plan.sample_every == 0)

    def _open(self, watcher: Watcher) -> None:
        """Begin to connect; refusals of the system, such as no descriptor left, count like those of the server."""
        watcher.began_at_s = time.perf_counter()
        watcher.rest = b""
        try:
            opening = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        except OSError as error:
            self._refused[errno.errorcode.get(error.errno or 0, "?")] += 1
            return
        if self._host.startswith("127."):
            block = watcher.number // CONNECTIONS_PER_ADDRESS
            opening.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
            opening.bind((f"127.0.{1 + block // 250}.{1 + block % 250}", 0))
        result = opening.connect_ex((self._host, self._port))
        if result not in (0, errno.EINPROGRESS):
            opening.close()
            self._refused[errno.errorcode.get(result, "?")] += 1
            return
        watcher.socket = opening
        watcher.stage = Stage.CONNECTING
        self._by_descriptor[opening.fileno()] = watcher
        self._epoll.register(opening.fileno(), select.EPOLLOUT)
        self._under_way += 1

    def _connected(self, watcher: Watcher, connection: socket.socket) -> None:
        """The connection stands: ask for the WebSocket."""
        problem = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if problem:
            self._lose(watcher, errno.errorcode.get(problem, "?"), LOST_WITHOUT_A_CODE)
            return
        watcher.stage = Stage.ASKED
        self._send(watcher, self._request)
        self._epoll.modify(connection.fileno(), select.EPOLLIN)

    def _handshake(self, watcher: Watcher, data: bytes) -> bytes | None:
        """Return what follows the server's handshake, having subscribed; None when it is not all there, or refused."""
        head, end, rest = data.partition(END_OF_HEADERS)
        if not end:
            watcher.rest = data
            return None
        status = head.partition(b"\r\n")[0].decode("latin-1")
        if " 101 " not in status:
            self._lose(watcher, status, LOST_WITHOUT_A_CODE)
            return None
        watcher.stage = Stage.OPEN
        watcher.rest = b""
        self._opened.add(_us_since(watcher.began_at_s))
        wanted: dict[str, Any] = {"type": "subscribe", "lot": watcher.lot, "view": self._plan.view}
        if watcher.offset:
            wanted |= {"epoch": self._epoch, "offset": watcher.offset}
        self._send(watcher, client_frame(orjson.dumps(wanted)))
        return rest

    def _give_up_on_the_rest(self) -> None:
        for watcher in self._waiting:
            self._refused["not tried in time"] += watcher.socket is None
        self._waiting.clear()
        for watcher in self._watchers:
            if watcher.socket is not None and watcher.stage is not Stage.JOINED:
                self._lose(watcher, "no answer in time", LOST_WITHOUT_A_CODE)

    # -- following ---------------------------------------------------------------------------------------------

    def _ready(self, descriptor: int) -> None:
        watcher = self._by_descriptor.get(descriptor)
        if watcher is None or watcher.socket is None:
            return
        if watcher.stage is Stage.CONNECTING:
            self._connected(watcher, watcher.socket)
            return
        try:
            data = watcher.socket.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(watcher, errno.errorcode.get(error.errno or 0, "?"), LOST_WITHOUT_A_CODE)
            return
        if not data:
            self._lose(watcher, "closed", LOST_WITHOUT_A_CODE)
            return
        self._counts.reads += 1
        self._counts.bytes += len(data)
        self._take(watcher, data)

    def _take(self, watcher: Watcher, data: bytes) -> None:
        if watcher.stage is Stage.ASKED:
            rest = self._handshake(watcher, watcher.rest + data)
            if not rest:
                return
            data = rest
        if watcher.rest:
            came = arrived(watcher.rest + data)
            watcher.rest = (watcher.rest + data)[came.used :]
        elif data == self._last_read:
            came = self._last_arrived
        else:
            came = arrived(data)
            watcher.rest = data[came.used :]
            if not watcher.rest:
                self._last_read, self._last_arrived = data, came
        now_us = time.time_ns() // 1000
        for told in came.told:
            if told.kind != OTHER:
                self._follow(watcher, told, now_us)
        for opcode, payload in came.controls:
            self._control(watcher, opcode, payload)

    def _follow(self, watcher: Watcher, told: Told, now_us: int) -> None:
        counts = self._counts
        watcher.offset = follow(watcher.offset, told, counts.faults)
        if told.kind == SNAPSHOT:
            self._join(watcher, told)
            return
        counts.deliveries += 1
        counts.latencies.add(now_us - told.sent_at_us)
        if watcher.is_sampled:
            counts.sampled += 1
            counts.faults.misread += not is_consistent(told)

    def _join(self, watcher: Watcher, told: Told) -> None:
        if watcher.stage is Stage.JOINED:
            self._counts.restarts += 1
            return
        watcher.stage = Stage.JOINED
        self._epoch = self._epoch or orjson.loads(told.text)["epoch"]
        self._joined.add(_us_since(watcher.began_at_s))
        self._under_way -= 1

    def _control(self, watcher: Watcher, opcode: int, payload: bytes) -> None:
        if opcode == PING:
            self._send(watcher, client_frame(payload, PONG))
        elif opcode == CLOSE:
            self._lose(watcher, "closed", int.from_bytes(payload[:2], "big"))

    def _send(self, watcher: Watcher, data: bytes) -> None:
        """Send a few bytes; a socket that takes not even those is as good as lost."""
        assert watcher.socket is not None
        with contextlib.suppress(OSError):
            watcher.socket.send(data)

    def _lose(self, watcher: Watcher, why: str, code: int) -> None:
        if watcher.socket is None:
            return
        if watcher.stage is Stage.JOINED:
            self._counts.lost[code] += 1
        else:
            self._refused[why] += 1
            self._under_way -= 1
        self._close(watcher)

    def _close(self, watcher: Watcher) -> None:
        assert watcher.socket is not None
        self._by_descriptor.pop(watcher.socket.fileno(), None)
        watcher.socket.close()
        watcher.socket = None
        watcher.stage = Stage.AWAY

    def _drop(self) -> int:
        """Close every connection without a word, as a network does that fails."""
        connected = [watcher for watcher in self._watchers if watcher.socket is not None]
        for watcher in connected:
            self._close(watcher)
        return len(connected)

    def _joined_watchers(self) -> list[Watcher]:
        return [watcher for watcher in self._watchers if watcher.stage is Stage.JOINED]

    def _report(self, sequence: int) -> dict[str, Any]:
        counts = self._counts
        joined = self._joined_watchers()
        return {
            "connected": len(joined),
            "behind": sum(watcher.offset < sequence for watcher in joined),
            "deliveries": counts.deliveries,
            "reads": counts.reads,
            "bytes": counts.bytes,
            "sampled": counts.sampled,
            "restarts": counts.restarts,
            "gaps": counts.faults.gaps,
            "doubles": counts.faults.doubles,
            "misread": counts.faults.misread,
            "lost": counts.lost,
            "latencies": counts.latencies.steps(),
            "processor_s": time.process_time() - counts.processor_s,
        }


def _us_since(began_at_s: float) -> int:
    return int((time.perf_counter() - began_at_s) * 1_000_000)


if __name__ == "__main__":
    Worker(msgspec.json.decode(sys.argv[1], type=Plan)).run()
