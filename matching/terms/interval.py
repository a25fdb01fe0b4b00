"""Parameters of a time in which nobody bids: a gap, a preparation, an inquiry. See `matching.phases.interval`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from matching.problems import Fault, Problem
from matching.terms.phase import MINUTE_US, Direction, PhaseTerms
from matching.units import Amount, Span


class Inquiry(StrEnum):
    """What the bidders are asked. Whoever does not say yes is out from here on."""

    NOTHING = "nothing"
    GO_ON = "go_on"
    """Whether they take part in what follows (是否参加限时竞价)."""
    TAKE_CAP = "take_cap"
    """Whether they accept the price at its cap (是否接受最高限价)."""


class Presumed(StrEnum):
    """Whose yes is taken for granted."""

    NOBODY = "nobody"
    LEADER = "leader"
    BIDDERS = "bidders"
    """Everybody who has bid: his bid says it."""


class IntervalTerms(PhaseTerms, frozen=True, tag="interval"):
    """Parameters of a time in which nobody bids. Times are microseconds.

    Source: land listings: 太仓 and 苏州工业园区 (an hour), 福建 art. 40 (15 minutes of preparation), 汕头 (inquiry of
    five minutes); 东莞 (a pause of 15 minutes, then five minutes for accepting the cap).
    """

    duration_us: Span = 5 * MINUTE_US
    inquiry: Inquiry = Inquiry.NOTHING
    presumed: Presumed = Presumed.NOBODY
    own_bid_required: bool = False
    """Only those who have bid may go on, asked or not."""
    ends_early_when_all_answered: bool = False
    """The interval is over as soon as everybody who is asked has answered."""
    only_if_capped: bool = False
    """Left out unless the price has reached its cap."""
    only_if_uncapped: bool = False
    """Left out once the price has reached its cap."""
    recent_min: Annotated[int, Meta(ge=0, le=1000)] = 0
    """Left out with fewer bidders who bid shortly before the phase before ended."""

    def problems(self, opening_price: Amount, direction: Direction) -> list[Problem]:
        """List what makes the parameters unusable; empty when they make sense together."""
        problems = super().problems(opening_price, direction)
        if not self.duration_us:
            problems.append(Problem(Fault.DURATION_ZERO, "duration_us"))
        if self.only_if_capped and self.only_if_uncapped:
            problems.append(Problem(Fault.NEVER_RUNS, "only_if_capped"))
        asks = self.inquiry is not Inquiry.NOTHING
        if not asks and (self.presumed is not Presumed.NOBODY or self.ends_early_when_all_answered):
            problems.append(Problem(Fault.ASKS_NOTHING, "inquiry"))
        if self.inquiry is Inquiry.TAKE_CAP and not self.only_if_capped:
            problems.append(Problem(Fault.CAP_NOT_THERE, "only_if_capped"))
        return problems
