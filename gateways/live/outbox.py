"""The bounded way out of one connection: the frames of one tick leave in one write.

Payloads arrive framed already, so that one encoding serves a whole audience. A reader who lets more wait than
the bound in bytes, or anything wait longer than the bound in time, is cut: it recovers by its position.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from msgspec import Struct


class OutboxLimits(Struct, frozen=True):
    """What may wait for one reader."""

    bytes_max: int = 1_048_576
    age_ms_max: int = 5_000


class Tray:
    """The outboxes of a gateway that have something to send; one call a tick flushes them all."""

    def __init__(self) -> None:
        self._waiting: list[Outbox] = []

    def add(self, outbox: Outbox) -> None:
        """Flush an outbox at the end of this tick."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._flush)
        self._waiting.append(outbox)

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        for outbox in waiting:
            outbox.flush()


class Outbox:
    """Frames on their way to one connection."""

    def __init__(
        self,
        transport: asyncio.WriteTransport,
        tray: Tray,
        limits: OutboxLimits,
        too_slow: Callable[[], None],
    ) -> None:
        self._transport = transport
        self._tray = tray
        self._limits = limits
        self._too_slow = too_slow
        self._loop = asyncio.get_running_loop()
        self._frames: list[bytes] = []
        self._waiting_since = 0.0
        self._is_closed = False

    def put(self, frame: bytes) -> None:
        """Send a frame with the next write; everything put until then leaves together."""
        if not self._frames:
            self._tray.add(self)
        self._frames.append(frame)

    def flush(self) -> None:
        """Write what has been put, and see whether the reader keeps up."""
        frames, self._frames = self._frames, []
        if self._is_closed or self._transport.is_closing():
            return
        if frames:
            self._transport.write(frames[0] if len(frames) == 1 else b"".join(frames))
        waiting_bytes = self._transport.get_write_buffer_size()
        if not waiting_bytes:
            self._waiting_since = 0.0
            return
        now = self._loop.time()
        self._waiting_since = self._waiting_since or now
        is_old = (now - self._waiting_since) * 1000 > self._limits.age_ms_max
        if is_old or waiting_bytes > self._limits.bytes_max:
            self._is_closed = True
            self._too_slow()

    def close(self) -> None:
        """Send nothing more."""
        self._is_closed = True
        self._frames.clear()
