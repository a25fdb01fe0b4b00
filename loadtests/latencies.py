"""Latencies counted in steps of a tenth of a millisecond: as many as one likes, in bounded memory, from many processes.

Belongs here: counting, adding up, quantiles. Does not belong here: clocks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

STEP_US = 100
LONGEST_US = 60_000_000
"""Anything longer counts as this long."""


class Latencies:
    """How often each latency was seen."""

    def __init__(self, steps: Mapping[int, int] | None = None) -> None:
        self._steps: Counter[int] = Counter(steps or {})

    def add(self, latency_us: int, times: int = 1) -> None:
        """Count a latency in microseconds; what a clock puts before its cause counts as none."""
        self._steps[min(max(latency_us, 0), LONGEST_US) // STEP_US] += times

    def merge(self, others: Iterable[Latencies]) -> Latencies:
        """Add the counts of others, and return this."""
        for other in others:
            self._steps.update(other._steps)
        return self

    @property
    def count(self) -> int:
        """How many were seen."""
        return self._steps.total()

    def quantile_ms(self, share: float) -> float:
        """Return the latency in milliseconds, rounded up to a step, that `share` did not exceed; 0.0 for none."""
        wanted = share * self.count
        for step in sorted(self._steps):
            wanted -= self._steps[step]
            if wanted <= 0:
                return (step + 1) * STEP_US / 1000
        return 0.0

    def summary(self) -> dict[str, float]:
        """Return the quantiles that a report shows, in milliseconds."""
        shares = (("p50_ms", 0.5), ("p99_ms", 0.99), ("p999_ms", 0.999), ("max_ms", 1.0))
        return {name: self.quantile_ms(share) for name, share in shares}

    def steps(self) -> list[tuple[int, int]]:
        """Return the counts, for another process."""
        return list(self._steps.items())
