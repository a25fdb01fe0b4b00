"""A small chart out of block characters: a price over the course of a lot, or amounts side by side.

Belongs here: figures as rows of text. Does not belong here: colours, which figures.
"""

from __future__ import annotations

from collections.abc import Sequence

BLOCKS = " ▁▂▃▄▅▆▇█"
EIGHTHS = 8
HEIGHT = 8
WIDTH = 72


def course(values: Sequence[int], height: int = HEIGHT, width: int = WIDTH) -> list[str]:
    """Return the rows of a chart, the highest first: one column for each value, or for the last of several.

    The lowest value still has one eighth of a row, so that nothing is taken for missing.
    """
    if not values:
        return []
    count = len(values)
    columns = values if count <= width else [values[_last_of(index, count, width)] for index in range(width)]
    low, high = min(columns), max(columns)
    full = height * EIGHTHS
    levels = [
        1 + (value - low) * (full - 1) // (high - low) if high > low else full // 2 for value in columns
    ]
    return ["".join(_block(level, row) for level in levels) for row in range(height - 1, -1, -1)]


def bar(value: int, most: int, width: int = WIDTH // 2) -> str:
    """Return a bar as long as its value is of the most; anything above nothing is seen."""
    if value <= 0 or most <= 0:
        return ""
    return "█" * max(value * width // most, 1)


def _last_of(index: int, count: int, width: int) -> int:
    return (index + 1) * count // width - 1


def _block(level: int, row: int) -> str:
    return BLOCKS[min(max(level - row * EIGHTHS, 0), EIGHTHS)]
