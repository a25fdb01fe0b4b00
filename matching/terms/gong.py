"""Parameters of rounds that a gong ends: at a called price whoever bids first. Behaviour: `matching.phases.gong`."""

from __future__ import annotations

from matching.increments import IncrementTable, table_problems
from matching.problems import Fault, Problem
from matching.terms.phase import HOUR_US, MINUTE_US, SECOND_US, Direction, PhaseTerms
from matching.units import Amount, Span


class GongTerms(PhaseTerms, frozen=True, tag="gong"):
    """Parameters of an English auction in called rounds, with pauses and a hard stop. Times are microseconds.

    Source: leases of public land: rounds of three minutes at most, pauses of 15 seconds, from 10:00 to 17:00.
    """

    increments: IncrementTable
    round_us: Span = 3 * MINUTE_US
    """A round in which nobody bids ends the phase."""
    pause_us: Span = 15 * SECOND_US
    """Before every round, the first as well."""
    hard_end_after_us: Span | None = 7 * HOUR_US
    """So long after the phase began it ends, and cuts the round that runs. A time of day becomes such a span when
    the lot is announced; a freeze moves it as far as it moves the round."""
    leader_may_raise: bool = True

    def problems(self, opening_price: Amount, direction: Direction) -> list[Problem]:
        """List what makes the parameters unusable; empty when they make sense together."""
        problems = super().problems(opening_price, direction) + table_problems(self.increments)
        if not self.round_us:
            problems.append(Problem(Fault.ROUND_ZERO, "round_us"))
        if self.hard_end_after_us is not None and self.hard_end_after_us <= self.pause_us:
            problems.append(Problem(Fault.HARD_END_BEFORE_ROUND, "hard_end_after_us", self.pause_us))
        return problems
