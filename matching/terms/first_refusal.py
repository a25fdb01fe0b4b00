"""Parameters of the right of first refusal. The behaviour is in `matching.phases.first_refusal`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from matching.problems import Fault, Problem
from matching.terms.phase import MINUTE_US, Direction, PhaseTerms
from matching.units import QUANTITY_MAX, Amount, BasisPoints, Span

WHOLE = 10_000
"""All stakes together, in basis points."""


class SeveralMatch(StrEnum):
    """What happens when several holders match the price."""

    RANK = "rank"
    """The earliest rank buys; of one rank, whoever declared first."""
    PRO_RATA = "pro_rata"
    """They share the units in proportion to their stakes."""
    BIDDING = "bidding"
    """They alone bid on, in the English phase that follows; until somebody does, the earliest rank leads."""


class Stake(Struct, frozen=True, array_like=True):
    """What a holder of `rank` already has, in basis points of the whole."""

    rank: Annotated[int, Meta(ge=1, le=99)]
    share: BasisPoints


class FirstRefusalTerms(PhaseTerms, frozen=True, tag="first_refusal"):
    """Parameters of the window in which holders say whether they match the final price. Times are microseconds.

    Source: 漯河 细则 art. 3 (场内行权: declare on the spot whether to match); several holders: usage of the exchanges.
    """

    window_us: Span = 5 * MINUTE_US
    several: SeveralMatch = SeveralMatch.RANK
    units: Annotated[int, Meta(ge=0, le=QUANTITY_MAX)] = 0
    """What is shared pro rata: shares, ㎡ or whatever the lot divides into; 0 where nothing is."""
    stakes: Annotated[tuple[Stake, ...], Meta(max_length=99)] = ()
    """The weights of the holders by rank; none: all weigh the same."""

    def problems(self, opening_price: Amount, direction: Direction) -> list[Problem]:
        """List what makes the parameters unusable; empty when they make sense together."""
        problems = super().problems(opening_price, direction)
        if not self.window_us:
            problems.append(Problem(Fault.WINDOW_ZERO, "window_us"))
        is_shared = self.several is SeveralMatch.PRO_RATA
        if is_shared != bool(self.units):
            problems.append(Problem(Fault.UNITS_AND_SHARING, "units"))
        if self.stakes and not is_shared:
            problems.append(Problem(Fault.STAKES_WITHOUT_SHARING, "stakes"))
        if len({stake.rank for stake in self.stakes}) < len(self.stakes):
            problems.append(Problem(Fault.STAKE_TWICE, "stakes"))
        if sum(stake.share for stake in self.stakes) > WHOLE:
            problems.append(Problem(Fault.STAKES_OVER_WHOLE, "stakes"))
        return problems
