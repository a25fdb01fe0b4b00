"""How long tests wait, in one place: so long that only what never comes makes one fail, however busy the machine is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

PATIENCE_SECONDS: Final = 120.0
LOOK_EVERY_SECONDS: Final = 0.005
"""Shorter than anything of ours stays down before it comes up again by itself."""


async def until(is_so: Callable[[], object], every_seconds: float = LOOK_EVERY_SECONDS) -> None:
    """Wait for a condition; one that is dear to ask for is asked for less often.  Raises: TimeoutError."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not is_so():
            await asyncio.sleep(every_seconds)
