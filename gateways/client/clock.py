"""The server's clock, seen from here: of several exchanges the one with the shortest round trip errs least.

Belongs here: choosing among exchanges. Does not belong here: sending them.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

EXCHANGES_KEPT: Final = 20
EXCHANGE_LIFE_US: Final = 120_000_000
"""An older exchange counts only where there is no other: clocks drift."""


def now_us() -> int:
    """Return this machine's time in microseconds since the Unix epoch."""
    return time.time_ns() // 1000


@dataclass(frozen=True, slots=True)
class Exchange:
    """One ping and its pong: microseconds of the round trip, of the server's lead, and when it came back."""

    round_trip_us: int
    offset_us: int
    at_us: int


class ServerClock:
    """Estimates the server's time.

    Args:
        read: this machine's time in microseconds since the Unix epoch.
    """

    def __init__(self, read: Callable[[], int] = now_us) -> None:
        self._read = read
        self._exchanges: deque[Exchange] = deque(maxlen=EXCHANGES_KEPT)
        self._hint_us = 0

    def hint(self, server_time_us: int) -> None:
        """Take the time in a hello as a first guess, and forget what was measured with another server."""
        self._exchanges.clear()
        self._hint_us = server_time_us - self._read()

    def take(self, sent_us: int, received_us: int, server_time_us: int) -> Exchange:
        """Take an exchange over: sent and received by our clock, in between the server's."""
        offset_us = server_time_us - (sent_us + received_us) // 2
        exchange = Exchange(max(received_us - sent_us, 0), offset_us, received_us)
        self._exchanges.append(exchange)
        return exchange

    @property
    def best(self) -> Exchange | None:
        """The exchange that errs least: the shortest of the recent ones; None until one was made."""
        since_us = self._read() - EXCHANGE_LIFE_US
        recent = [one for one in self._exchanges if one.at_us >= since_us] or list(self._exchanges)[-1:]
        return min(recent, key=lambda one: one.round_trip_us, default=None)

    @property
    def offset_us(self) -> int:
        """The server's clock minus ours."""
        return self._hint_us if (best := self.best) is None else best.offset_us

    def now_us(self) -> int:
        """Return the server's time in microseconds since the Unix epoch."""
        return self._read() + self.offset_us
