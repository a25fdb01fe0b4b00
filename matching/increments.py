"""How far the next bid must rise above the leading one (加价幅度).

Belongs here: step tables and the asking price.
Does not belong here: who may bid, and when.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise
from typing import TypeAlias

from msgspec import Struct

from matching.problems import Fault, Problem
from matching.units import Amount, AmountOrZero, PositiveAmount

STEPS_MAX = 64


class Step(Struct, frozen=True, array_like=True):
    """From a leading price of `threshold` (inclusive) on, the next bid rises by at least `increment`."""

    threshold: AmountOrZero
    increment: PositiveAmount


IncrementTable: TypeAlias = tuple[Step, ...]
"""Steps in strictly ascending order of threshold, the first at 0. One step is a fixed increment."""


def fixed(increment: Amount) -> IncrementTable:
    """Return the table of a lot with one fixed step, in minor units."""
    return (Step(0, increment),)


def _threshold(step: Step) -> Amount:
    return step.threshold


def increment_at(table: IncrementTable, price: Amount) -> Amount:
    """Return the step, in minor units, that applies when `price` leads."""
    if len(table) == 1:
        return table[0].increment
    return table[bisect_right(table, price, key=_threshold) - 1].increment


def table_problems(table: IncrementTable) -> list[Problem]:
    """List what makes a step table unusable; empty when it is sound."""
    problems = []
    if not table:
        return [Problem(Fault.LADDER_EMPTY, "increments")]
    if len(table) > STEPS_MAX:
        problems.append(Problem(Fault.LADDER_TOO_LONG, "increments", STEPS_MAX))
    if table[0].threshold != 0:
        problems.append(Problem(Fault.LADDER_NOT_FROM_ZERO, "increments"))
    if any(later.threshold <= earlier.threshold for earlier, later in pairwise(table)):
        problems.append(Problem(Fault.LADDER_NOT_RISING, "increments"))
    return problems
