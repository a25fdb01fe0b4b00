"""Who takes part in a phase, as its state holds them: paddles in ascending order, so that looking one up is cheap.

Belongs here: looking up and narrowing down such lists. Does not belong here: the rule by which a phase names them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from matching.units import NOBODY, Paddle


def is_among(paddles: tuple[Paddle, ...], paddle: Paddle) -> bool:
    """Tell whether `paddle` is one of `paddles`, which ascend."""
    position = bisect_left(paddles, paddle)
    return position < len(paddles) and paddles[position] == paddle


def ascending(paddles: Iterable[Paddle], eligible: tuple[Paddle, ...] | None) -> tuple[Paddle, ...]:
    """Return each of `paddles` once, in ascending order, as far as `eligible` lets them; None lets everybody."""
    named = set(paddles) - {NOBODY}
    return tuple(sorted(named if eligible is None else named & set(eligible)))
