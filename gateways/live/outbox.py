"""The bounded way out of one connection: the frames of one tick leave in one write.

Payloads arrive framed already, so that one encoding serves a whole audience. A reader who lets more wait than
the bound in bytes, or anything wait longer than the bound in time, is cut: it recovers by its position.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from time import perf_counter

from msgspec import Struct

from gateways.live.slices import SLICE_SECONDS

LAGGING_SECONDS = 0.5
"""How often readers for whom something waits are looked at, whether or not there is more for them."""


class OutboxLimits(Struct, frozen=True):
    """What may wait for one reader."""

    bytes_max: int = 1_048_576
    age_ms_max: int = 5_000


class Tray:
    """The outboxes of a gateway that have something to send: first those that somebody waits for, then the crowd.

    Those are flushed in one call at the end of the tick. The crowd, to whom an event goes, is flushed in slices
    that let the loop free in between; what is put meanwhile joins what waits, so each connection keeps its order.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._urgent: list[Outbox] = []
        self._crowd: deque[Outbox] = deque()
        self._lagging: set[Outbox] = set()
        self._is_called = False
        self._is_resting = False

    def add(self, outbox: Outbox) -> None:
        """Flush an outbox at the end of this tick."""
        self._urgent.append(outbox)
        self._call()

    def add_to_crowd(self, outbox: Outbox) -> None:
        """Flush an outbox as soon as those before it are flushed."""
        self._crowd.append(outbox)
        self._call()

    def watch(self, outbox: Outbox) -> None:
        """Look at an outbox again and again until nothing waits in it."""
        if not self._lagging:
            self._loop.call_later(LAGGING_SECONDS, self._look)
        self._lagging.add(outbox)

    def _call(self) -> None:
        if not self._is_called:
            self._is_called = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._is_called = False
        urgent, self._urgent = self._urgent, []
        for outbox in urgent:
            outbox.is_urgent = False
            outbox.flush()
        if self._crowd and not self._is_resting:
            self._flush_slice()

    def _flush_slice(self) -> None:
        crowd, began, took = self._crowd, perf_counter(), 0.0
        while crowd and took < SLICE_SECONDS:
            outbox = crowd.popleft()
            outbox.is_in_crowd = False
            outbox.flush()
            took = perf_counter() - began
        if crowd:
            self._is_resting = True
            self._loop.call_later(took, self._go_on)

    def _go_on(self) -> None:
        self._is_resting = False
        self._call()

    def _look(self) -> None:
        self._lagging = {outbox for outbox in self._lagging if outbox.is_lagging()}
        if self._lagging:
            self._loop.call_later(LAGGING_SECONDS, self._look)


def _nobody() -> None:
    """Tell nobody that a reader was too slow."""


class Outbox:
    """Frames on their way to one connection."""

    __slots__ = (
        "_frames", "_is_closed", "_lags", "_limits", "_loop", "_mark_at", "_mark_bytes", "_too_slow", "_transport",
        "_tray", "_written_bytes", "is_in_crowd", "is_urgent",
    )  # fmt: skip

    def __init__(
        self,
        transport: asyncio.WriteTransport,
        tray: Tray,
        limits: OutboxLimits,
        too_slow: Callable[[], None],
    ) -> None:
        # What is written leaves at once, so that a slice takes as long as it seems, and what waits is the reader's.
        transport.set_write_buffer_limits(high=0)
        self._transport = transport
        self._tray = tray
        self._limits = limits
        self._too_slow = too_slow
        self._loop = asyncio.get_running_loop()
        self._frames: list[bytes] = []
        self._written_bytes = 0
        self._mark_bytes = 0
        """What had been written at `_mark_at`: as long as it has not all left, something is as old as that."""
        self._mark_at = 0.0
        self._lags = False
        """Something waited when it was last looked at."""
        self._is_closed = False
        self.is_urgent = False
        self.is_in_crowd = False

    def put(self, frame: bytes) -> None:
        """Send a frame at the end of this tick; everything put until then leaves together."""
        self._frames.append(frame)
        if not self.is_urgent:
            self.is_urgent = True
            self._tray.add(self)

    def put_with_crowd(self, frame: bytes) -> None:
        """Send a frame that many others are sent as well, when it is this connection's turn."""
        self._frames.append(frame)
        if not self.is_in_crowd and not self.is_urgent:
            self.is_in_crowd = True
            self._tray.add_to_crowd(self)

    def put_latest(self, frame: bytes) -> bool:
        """Send a frame now, unless earlier ones still wait for the reader; False then: he may get a later one."""
        if self._lags and self._transport.get_write_buffer_size():
            return self._is_closed
        if self._frames:
            self._frames.append(frame)
            self.flush()
            return True
        # As `_write`, which is repeated here for the sake of tens of thousands who get the same.
        transport = self._transport
        if not self._is_closed and not transport.is_closing():
            transport.write(frame)
            self._written_bytes += len(frame)
            if transport.get_write_buffer_size() and self.is_lagging():
                self._tray.watch(self)
        return True

    def flush(self) -> None:
        """Write what has been put."""
        if self._frames:
            frames, self._frames = self._frames, []
            self._write(frames[0] if len(frames) == 1 else b"".join(frames))

    def is_lagging(self) -> bool:
        """Tell whether anything waits for the reader; cut him if that is too much or too old."""
        waiting_bytes = 0 if self._is_closed else self._transport.get_write_buffer_size()
        self._lags = waiting_bytes > 0
        if not waiting_bytes:
            self._mark_at = 0.0
            return False
        now = self._loop.time()
        if not self._mark_at or self._written_bytes - waiting_bytes >= self._mark_bytes:
            self._mark_at, self._mark_bytes = now, self._written_bytes
        is_old = (now - self._mark_at) * 1000 > self._limits.age_ms_max
        if is_old or waiting_bytes > self._limits.bytes_max:
            self._is_closed = True
            self._too_slow()
            return False
        return True

    def close(self) -> None:
        """Send nothing more."""
        self._is_closed = True
        self._frames.clear()

    def let_go(self) -> None:
        """Send nothing more, and hold on to nobody."""
        self.close()
        self._too_slow = _nobody

    def _write(self, data: bytes) -> None:
        if self._is_closed or self._transport.is_closing():
            return
        self._transport.write(data)
        self._written_bytes += len(data)
        if self._transport.get_write_buffer_size() and self.is_lagging():
            self._tray.watch(self)
