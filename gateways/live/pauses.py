"""How long the event loop makes others wait: a timer that should be punctual, and by how much it was not.

Belongs here: measuring. Does not belong here: doing anything about it.
"""

from __future__ import annotations

import asyncio
from typing import Final

from exchange.measures import Measures

BEAT_SECONDS: Final = 0.005


async def watch_pauses(measures: Measures) -> None:
    """Note by how much each beat was late; for ever."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + BEAT_SECONDS
        await asyncio.sleep(BEAT_SECONDS)
        measures.paused(loop.time() - due, due)
