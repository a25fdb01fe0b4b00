"""Parameters of rounds in which bidders move one after another. The behaviour is in `matching.phases.turns`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from matching.problems import Fault, Problem
from matching.terms.phase import MINUTE_US, Direction, PhaseTerms
from matching.units import Amount, PositiveAmount, Span

ROUNDS_MAX = 20


class TurnsTerms(PhaseTerms, frozen=True, tag="turns"):
    """Parameters of bidding in turns, from the worst offer to the best. Times are microseconds.

    The offers that it begins with come from an earlier phase; without any the phase is left out.
    Source: three-round auctions of public purchases (pauses of 5 and 2 minutes, turns of 2) and of leases of public
    property (5, 3 and 3, the defaults).
    """

    step: PositiveAmount
    """By at least so much, in minor units, a bidder has to better his own offer."""
    rounds: Annotated[int, Meta(ge=1, le=ROUNDS_MAX)] = 3
    first_pause_us: Span = 5 * MINUTE_US
    """Before the first round, in which the offers can be studied."""
    pause_us: Span = 3 * MINUTE_US
    """Before every later round."""
    turn_us: Span = 3 * MINUTE_US
    """How long each bidder has in each round."""

    def problems(self, opening_price: Amount, direction: Direction) -> list[Problem]:
        """List what makes the parameters unusable; empty when they make sense together."""
        return super().problems(opening_price, direction) + (
            [] if self.turn_us else [Problem(Fault.TURN_ZERO, "turn_us")]
        )
