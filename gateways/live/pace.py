"""A token bucket: how fast one connection may speak."""

from __future__ import annotations


class Pace:
    """Allows `burst` frames at once and `per_second` for long."""

    def __init__(self, per_second: int, burst: int, now: float) -> None:
        self._per_second = per_second
        self._burst = burst
        self._tokens = float(burst)
        self._at = now

    def allows(self, now: float) -> bool:
        """Take one token at `now`, in seconds of the event loop's clock; False when none is left."""
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._per_second)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
