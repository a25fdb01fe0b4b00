"""Long walks over many connections, cut so that nobody else waits for them.

Belongs here: how long a slice is and when the loop is let free. Does not belong here: what is done on the way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import Final, TypeVar

Item = TypeVar("Item")

SLICE_SECONDS: Final = 0.002


async def in_slices(items: Iterable[Item], act: Callable[[Item], object]) -> float:
    """Do something for each item in turn; after every slice the loop is free for as long as the slice took.

    Args:
        items: not to change meanwhile.
        act: takes microseconds; what it raises ends the walk.

    Returns: the seconds that the slices took together.
    """
    spent = 0.0
    began = perf_counter()
    for item in items:
        act(item)
        if (took := perf_counter() - began) >= SLICE_SECONDS:
            spent += took
            await asyncio.sleep(took)
            began = perf_counter()
    return spent + perf_counter() - began
