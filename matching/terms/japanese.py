"""Parameters of a clock that the bidders leave one by one. The behaviour is in `matching.phases.japanese`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from matching.increments import IncrementTable, table_problems
from matching.problems import Fault, Problem
from matching.terms.awarding import TieRule
from matching.terms.phase import MINUTE_US, Direction, PhaseTerms
from matching.units import Amount, Span

TICKS_MAX = 100_000


class JapaneseTerms(PhaseTerms, frozen=True, tag="japanese"):
    """Parameters of a Japanese clock: the price ticks, who does not want to go on leaves, the last one has won.

    Times are microseconds. Source: the form as auction theory knows it (the "button" auction).
    """

    increments: IncrementTable
    """By how much the price moves with each tick."""
    entry_us: Span = 5 * MINUTE_US
    """How long bidders can enter; whoever does has accepted the first price."""
    tick_us: Span = MINUTE_US
    """How long each price stands."""
    ticks_max: Annotated[int, Meta(ge=1, le=TICKS_MAX)] = 1000
    """After so many prices the clock stops, and all who have stayed are tied."""
    must_confirm: bool = False
    """Whoever does not accept before the tick ends leaves with it; else whoever says nothing stays."""
    ties: TieRule = TieRule.EARLIER
    """Who comes first among those who left at the same tick; the time that counts is that of entering."""

    def problems(self, opening_price: Amount, direction: Direction) -> list[Problem]:
        """List what makes the parameters unusable; empty when they make sense together."""
        problems = super().problems(opening_price, direction) + table_problems(self.increments)
        if not self.entry_us:
            problems.append(Problem(Fault.ENTRY_ZERO, "entry_us"))
        if not self.tick_us:
            problems.append(Problem(Fault.TICK_ZERO, "tick_us"))
        return problems
