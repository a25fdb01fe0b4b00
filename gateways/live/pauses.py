"""How long the event loop makes others wait, and the one long wait that is put off until nobody minds.

Belongs here: a timer that should be punctual, and by how much it was not; full passes of the garbage collector.
Does not belong here: cutting work into slices (`gateways.live.slices`).
"""

from __future__ import annotations

import asyncio
import gc
from time import monotonic, thread_time
from typing import Final

from exchange.measures import Measures

BEAT_SECONDS: Final = 0.005
QUIET_SECONDS: Final = 60.0
QUIET_CONNECTIONS_MAX: Final = 20
FULL_PASS_SECONDS: Final = 3_600.0


async def watch_pauses(measures: Measures) -> None:
    """Note by how much each beat was late, and how much of that may be our own doing; for ever."""
    while True:
        due, worked = (
            monotonic() + BEAT_SECONDS,
            thread_time(),
        )  # the loop's own clock stands still within a turn
        await asyncio.sleep(BEAT_SECONDS)
        measures.paused(max(monotonic() - due, 0.0), thread_time() - worked, due)


async def collect_when_quiet(measures: Measures) -> None:
    """Make a full pass of the garbage collector at most once an hour, and only while hardly anybody is there."""
    collected_at = monotonic()
    while True:
        await asyncio.sleep(QUIET_SECONDS)
        is_due = monotonic() - collected_at >= FULL_PASS_SECONDS
        if is_due and measures.connections <= QUIET_CONNECTIONS_MAX:
            gc.collect()
            collected_at = monotonic()
