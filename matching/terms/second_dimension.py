"""Parameters of bidding in something else once the price is capped. See `matching.phases.second_dimension`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from matching.problems import Fault, Problem
from matching.terms.phase import MINUTE_US, Direction, PhaseTerms
from matching.units import Amount, NonZeroQuantity, Quantity, Span


class SecondDimensionTerms(PhaseTerms, frozen=True, tag="second_dimension"):
    """Parameters of bidding in a second dimension. Times are microseconds, quantities whole numbers of `unit`.

    Source: 竞配建, 竞自持, 公租房面积: the listing systems of 苏州 and 太仓 (countdown of four minutes), 东莞 (its own
    cap, after which offers are made once).
    """

    unit: Annotated[str, Meta(min_length=1, max_length=40)]
    """What is bid, as people read it: `㎡`, `0.01 %`, `分`."""
    start: NonZeroQuantity
    """The least first bid."""
    step: NonZeroQuantity
    """Every bid is the start plus a whole number of these."""
    cap: Quantity = 0
    """How far bids may go: there, or less than a step before it, the phase ends. 0 for none."""
    duration_us: Span = 4 * MINUTE_US
    """From the beginning to the first end."""
    soft_close_window_us: Span = 4 * MINUTE_US
    """A bid this near to the end moves the end; 0 for a fixed end."""
    extension_us: Span = 4 * MINUTE_US
    """The moved end lies this long after the bid."""
    extensions_max: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    hard_end_after_us: Span | None = None
    """No extension passes this long after the phase began."""
    leader_may_raise: bool = False
    raise_steps_max: Annotated[int, Meta(gt=0, le=1_000_000)] | None = None
    """A bid above the least next one by more steps is taken for a slip of the finger; None for no bound."""

    def problems(self, opening_price: Amount, direction: Direction) -> list[Problem]:
        """List what makes the parameters unusable; empty when they make sense together."""
        problems = super().problems(opening_price, direction)
        if not self.duration_us:
            problems.append(Problem(Fault.DURATION_ZERO, "duration_us"))
        if self.soft_close_window_us and not self.extension_us:
            problems.append(Problem(Fault.EXTENSION_ZERO, "extension_us"))
        if self.hard_end_after_us is not None and self.hard_end_after_us < self.duration_us:
            problems.append(Problem(Fault.HARD_END_TOO_EARLY, "hard_end_after_us", self.duration_us))
        if self.cap and self.cap < self.start:
            problems.append(Problem(Fault.CAP_BELOW_START, "cap", self.start))
        return problems
