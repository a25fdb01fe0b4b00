"""Parameters of the window of a judicial sell-off. The behaviour is in `matching.phases.sell_off`."""

from __future__ import annotations

from matching.problems import Fault, Problem
from matching.terms.phase import DAY_US, Direction, PhaseTerms
from matching.units import Amount, Span


class SellOffTerms(PhaseTerms, frozen=True, tag="sell_off"):
    """Parameters of the window in which the first bid starts an auction. Times are microseconds.

    The auction is the phase that follows: `EnglishTerms` with its defaults, 24 hours and five-minute extensions.

    Source: 法明传〔2017〕455号 as platforms tell it: 变卖期 of 60 days; second-hand.
    """

    duration_us: Span = 60 * DAY_US
    """How long the lot waits for a first bid."""
    max_bids_allowed: bool = True
    """Whether the first bid may be a max bid; it goes on in the auction that follows, where that knows max bids."""

    def problems(self, opening_price: Amount, direction: Direction) -> list[Problem]:
        """List what makes the parameters unusable; empty when they make sense together."""
        problems = super().problems(opening_price, direction)
        return problems if self.duration_us else [*problems, Problem(Fault.WINDOW_ZERO, "duration_us")]
