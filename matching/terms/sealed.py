"""Parameters of sealed offers, which nobody can read before they are opened. Behaviour: `matching.phases.sealed`."""

from __future__ import annotations

from matching.problems import Fault, Problem
from matching.terms.contest import ContestTerms
from matching.terms.phase import HOUR_US, Direction
from matching.units import Amount, Span


class SealedTerms(ContestTerms, frozen=True, kw_only=True, tag="sealed"):
    """Parameters of sealed offers, opened together after their deadline.

    Source: 矿业权交易规则(试行) art. 17-19: three bidders at least, revised but not taken back.
    """

    opening_us: Span = HOUR_US
    """How long after the deadline the offers can be opened; those not opened by then count as spoiled."""

    def problems(self, opening_price: Amount, direction: Direction) -> list[Problem]:
        """List what makes the parameters unusable; empty when they make sense together."""
        problems = super().problems(opening_price, direction)
        if not self.opening_us:
            problems.append(Problem(Fault.OPENING_TIME_ZERO, "opening_us"))
        return problems
