"""Clocks: the system's, and one that only moves when told."""

from __future__ import annotations

import time

from matching.units import TimeUs


class SystemClock:
    """The machine's clock; keep it in step with NTP."""

    def now_us(self) -> TimeUs:
        """Return microseconds since the Unix epoch."""
        return time.time_ns() // 1000


class SimulatedClock:
    """A clock for tests and simulations."""

    def __init__(self, now_us: TimeUs) -> None:
        self._now_us = now_us

    def now_us(self) -> TimeUs:
        """Return microseconds since the Unix epoch, as last set."""
        return self._now_us

    def advance(self, by_us: int) -> None:
        """Move on; a negative span steps back, as clocks of machines do."""
        self._now_us += by_us
