"""The live floor for locust's users, who block: one connection, its lot followed frame by frame.

Every frame with a position is checked against the one before, so a gap or a double is a failure in locust's report as
much as a lost connection is. Belongs here: connecting, answers, what was seen. Does not belong here: who does what.
"""

from __future__ import annotations

import select
import time
from typing import Any, Protocol

import orjson
import websocket

from gateways.client import API_PREFIX, new_command_id
from gateways.wire import JSON_PROTOCOL
from loadtests.news import OTHER, Faults, follow, told_by

TIMEOUT_S = 60.0
CATCH_UP_S = 60.0
"""How long somebody who leaves waits for the news of his own last bid."""


class Report(Protocol):
    """Told how long something took, in seconds, and what went wrong with it."""

    def __call__(self, name: str, seconds: float, length: int, problem: Exception | None) -> None:
        """Count it."""


class WrongSequence(Exception):
    """What came does not follow what came before, or what had to come never came."""


class Floor:
    """One connection that follows one lot."""

    def __init__(self, url: str, lot: int, view: str, report: Report, token: str = "") -> None:
        self._url = url.replace("http", "ws", 1) + f"{API_PREFIX}/live"
        self._headers = [f"Authorization: Bearer {token}"] if token else []
        self._view = view
        self._report = report
        self._faults = Faults()
        self._epoch = ""
        self._owed = 0
        self.lot = lot
        self.offset = 0
        self.state: dict[str, Any] = {}

    def connect(self) -> None:
        """Come, or come back to the position where one was.  Raises: OSError, websocket.WebSocketException."""
        began_s = time.perf_counter()
        self._socket = websocket.create_connection(
            self._url, timeout=TIMEOUT_S, header=self._headers, subprotocols=[JSON_PROTOCOL]
        )
        wanted: dict[str, Any] = {"type": "subscribe", "lot": self.lot, "view": self._view}
        if self.offset:
            wanted |= {"epoch": self._epoch, "offset": self.offset}
        self._send(wanted)
        snapshot = self._next()
        while snapshot["type"] != "snapshot":
            snapshot = self._next()
        self._epoch = snapshot["epoch"]
        self._report("connect", time.perf_counter() - began_s, len(orjson.dumps(snapshot)), None)

    def leave(self, patience_s: float = CATCH_UP_S) -> None:
        """Go, having seen the news of all that one was given a receipt for; that they never come is a failure."""
        until_s = time.monotonic() + patience_s
        try:
            while self.offset < self._owed and time.monotonic() < until_s:
                self.take_news(0.2)
        except (websocket.WebSocketException, OSError) as problem:
            self._report("news", 0.0, 0, problem)
        if self.offset < self._owed:
            missing = WrongSequence(f"record {self._owed} of one's own never came, only {self.offset}")
            self._report("news", 0.0, 0, missing)
        self._socket.close()

    def command(self, frame: dict[str, Any]) -> dict[str, Any]:
        """Give a command for the lot and return its durable answer, taking the news that come before it.

        Raises: OSError, websocket.WebSocketException.
        """
        command_id = new_command_id()
        self._send({"id": command_id, "lot": self.lot} | frame)
        while (answer := self._next()).get("id") != command_id:
            pass
        if answer["type"] == "receipt":
            self._owed = max(self._owed, answer["sequence"])
        return answer

    def take_news(self, seconds: float) -> None:
        """Take what has arrived; wait so long for the first.  Raises: OSError, websocket.WebSocketException."""
        while self._socket.sock is not None and select.select([self._socket.sock], [], [], seconds)[0]:
            self._next()
            seconds = 0.0

    def _send(self, frame: dict[str, Any]) -> None:
        self._socket.send(orjson.dumps(frame).decode())

    def _next(self) -> dict[str, Any]:
        text = self._socket.recv()
        data = text.encode() if isinstance(text, str) else text
        if not data:
            raise websocket.WebSocketConnectionClosedException("closed by the exchange")
        frame: dict[str, Any] = orjson.loads(data)
        told = told_by(data)
        if told.kind != OTHER and frame["lot"] == self.lot:
            before = self.offset, self._faults.total
            self.offset = follow(self.offset, told, self._faults)
            self.state = frame["state"]
            wrong = self._faults.total > before[1]
            problem = WrongSequence(f"after {before[0]} came {told.first or told.offset}") if wrong else None
            late_s = max(time.time() - told.sent_at_us / 1e6, 0.0)
            self._report(f"news: {told.kind}", late_s, len(data), problem)
        return frame
