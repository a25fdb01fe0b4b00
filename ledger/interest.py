"""Interest on deposits, where the law gives it to those who get theirs back.

Here belongs the arithmetic: whole minor units, whole days by the centre's clock, one rounding at the end.
Not here: which lots bear interest (lot_rules) and its posting (settlement).
"""

from collections.abc import Iterable
from typing import Final

import msgspec

from ledger.units import Amount
from ledger.working_days import centre_day

DAYS_OF_YEAR: Final = 360
"""A bank's daily rate on deposits in yuan is the yearly rate over 360.

Source: conversion of rates for deposits in RMB (人民币存款利率换算: 日利率 = 年利率 / 360).
"""

_WHOLE: Final = 10_000


class Paid(msgspec.Struct, frozen=True):
    """Money that came in, or went back when negative, at a moment in microseconds since the Unix epoch."""

    amount: Amount
    at_us: int


def interest(parts: Iterable[Paid], basis_points: int, from_us: int, to_us: int) -> Amount:
    """Return what a deposit that came in parts has earned, in minor units, half a unit rounded up.

    The day on which money comes counts, that on which it is released does not (算头不算尾).

    Args:
        parts: each earns by itself; nothing before it came.
        basis_points: of a year of 360 days.
        from_us: nothing earns before; 0 for the moment of each part.
        to_us: when the money is released.
    """
    last = centre_day(to_us)
    taken = 0
    for part in parts:
        days = (last - centre_day(max(part.at_us, from_us))).days
        taken += part.amount * max(days, 0)
    taken = max(taken, 0) * basis_points
    whole = _WHOLE * DAYS_OF_YEAR
    return (taken + whole // 2) // whole
