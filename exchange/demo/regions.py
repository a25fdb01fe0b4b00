"""Where the invented regions of the demo would lie, so that a map has something to show.

Belongs here: points near which nothing of this name is. Does not belong here: the lots.
"""

from __future__ import annotations

from random import Random
from typing import Final

from exchange.texts import BothLanguages
from exchange.whereabouts import Place

POINTS: Final = {
    "澜川市": (25_612_000, 100_264_000),
    "沧屿市": (24_118_000, 118_096_000),
    "青禾县": (25_331_000, 100_547_000),
    "鹿鸣县": (26_041_000, 100_118_000),
    "望泽县": (24_873_000, 101_352_000),
    "白蘅县": (25_905_000, 99_684_000),
    "云岚省": (25_042_000, 102_711_000),
}
"""By the beginning of a region's name: latitude and longitude in millionths of a degree."""

SPREAD_E6: Final = 60_000


def demo_place(region: BothLanguages, key: str) -> Place:
    """Return where a lot of a template lies: near its region, always at the same point."""
    latitude, longitude = next(point for name, point in POINTS.items() if region.zh.startswith(name))
    chance = Random(key)
    number = chance.randrange(1, 400)
    address = BothLanguages(
        f"{region.zh}演示路 {number} 号（虚构）", f"{number} Demo Road, {region.en} (invented)"
    )
    return Place(
        latitude + chance.randint(-SPREAD_E6, SPREAD_E6),
        longitude + chance.randint(-SPREAD_E6, SPREAD_E6),
        address,
    )
