"""When bids come: how their rate grows towards the end of an auction, from recorded ones.

`python -m loadtests.late_bids .../ebay/auctions.csv` derives the figures below again.

Source: 5,564 bids in 325 eBay auctions of three, five and seven days (Modeling Online Auctions, as kept in
github.com/ajaykuma/Datasets_For_Work), each with its time from the start; the figures are our own counts. The end was
fixed, so they say nothing of what a soft close does to late bids.

Belongs here: the curve, and how it is derived. Does not belong here: who bids (`loadtests.locustfile`).
"""

from __future__ import annotations

import csv
import sys
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

DAY_S = 86_400
SECONDS_LEFT = (0, 5, 10, 15, 20, 30, 45, 60, 120, 300, 600, 3_600, 86_400)
BIDS = 5_564
LATE_BIDS = (0, 13, 33, 49, 73, 109, 144, 164, 240, 370, 494, 845, 2_759)
"""How many of all bids came at most so many seconds before the end, for each of `SECONDS_LEFT`."""


def bids_a_second(seconds_left: float) -> float:
    """Return how many of the recorded bids came in a second, at this distance from the end; 0.0 outside the curve."""
    if not 0 <= seconds_left < SECONDS_LEFT[-1]:
        return 0.0
    place = bisect_right(SECONDS_LEFT, seconds_left)
    return _rates()[place - 1]


def intensity(seconds_left: float) -> float:
    """Return the rate of bids as a share of the highest that the curve reaches."""
    return bids_a_second(seconds_left) / max(_rates())


def derived(seconds_left: Sequence[float]) -> tuple[int, ...]:
    """Count the bids at each distance of `SECONDS_LEFT` from the end; `seconds_left` of every bid, in any order."""
    ordered = sorted(seconds_left)
    return tuple(bisect_right(ordered, bound) if bound else 0 for bound in SECONDS_LEFT)


def seconds_left_in(file: Path) -> list[float]:
    """Return how long before the end of its auction each recorded bid came.  Raises: OSError, KeyError, ValueError."""
    with file.open(encoding="utf-8", newline="") as lines:
        return [_seconds_left(row) for row in csv.DictReader(lines)]


def _seconds_left(row: dict[str, str]) -> float:
    days = int(row["auction_type"].split()[0])
    return (days - float(row["bidtime"])) * DAY_S


def _rates() -> list[float]:
    spans: Iterable[tuple[int, int]] = pairwise(SECONDS_LEFT)
    counts = [later - earlier for earlier, later in pairwise(LATE_BIDS)]
    return [count / (end - begin) for count, (begin, end) in zip(counts, spans, strict=True)]


if __name__ == "__main__":
    found = seconds_left_in(Path(sys.argv[1]))
    print(f"BIDS = {len(found)}")
    print(f"LATE_BIDS = {derived(found)}")
