"""Parameters that hidden and sealed offers share: who may offer, how much, how often, and which offer wins.

Belongs here: what the two ways of keeping offers secret have in common.
Does not belong here: how they are kept secret (`matching.terms.offers`, `matching.terms.sealed`).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from matching.problems import Fault, Problem
from matching.terms.awarding import AnyAwardRule, BestPrice, CombinedScore, ScoresMoment, TieRule
from matching.terms.phase import MINUTE_US, Direction, PhaseTerms
from matching.units import Amount, AmountOrZero, PositiveAmount, Span

REVISIONS_MAX = 1000

Count = Annotated[int, Meta(ge=0, le=100_000)]


class MayOffer(StrEnum):
    """Who may make an offer. A phase in which nobody may is left out."""

    EVERYBODY = "everybody"
    ELIGIBLE = "eligible"
    """Those whom the phase before named; everybody if it named none."""
    NOT_LEADER = "not_leader"
    """Those who are eligible, except the leader; without a leader the phase is left out."""
    LEADER = "leader"
    PLACED = "placed"
    """Those who have made an offer in an earlier phase."""
    TIED = "tied"
    """Those between whom the phase before could not decide."""


class Base(StrEnum):
    """What the range of amounts is counted from."""

    ABSOLUTE = "absolute"
    """Nothing: `least` and `most` are amounts themselves."""
    OPENING = "opening"
    PRICE = "price"
    """The leading price that the phase began with; the opening price without one."""
    OWN = "own"
    """The bidder's own last offer or bid in an earlier phase; the opening price without one."""


class ContestTerms(PhaseTerms, frozen=True, kw_only=True):
    """Parameters of offers that are compared all at once. Times are microseconds, amounts minor units.

    An offer lies `least` to `most` better than the base: above it where prices rise, below it where they fall.
    """

    duration_us: Span = 4 * MINUTE_US
    """How long offers are taken."""
    who: MayOffer = MayOffer.EVERYBODY
    base: Base = Base.OPENING
    least: AmountOrZero = 0
    most: AmountOrZero | None = None
    """None for no bound."""
    least_is_excluded: bool = False
    """An offer has to lie beyond `least`, not on it."""
    most_is_excluded: bool = False
    unit: PositiveAmount = 1
    """Offers are whole multiples of this."""
    revisions_max: Annotated[int, Meta(ge=0, le=REVISIONS_MAX)] = 0
    """How often a bidder may replace his offer; one made after taking back counts as a revision."""
    may_take_back: bool = False
    revision_keeps_time: bool = False
    """A revised offer keeps the time of the first one, among equals."""
    award: AnyAwardRule = BestPrice()
    ties: TieRule = TieRule.EARLIER
    offers_min: Count = 0
    """With fewer valid offers than this the lot passes. With 0 and no offer, the standing before goes on."""
    is_count_public: bool = False
    """How many offers there are is shown while they are hidden."""
    scoring_us: Span = 0
    """How long scores that are missing at the end are waited for."""
    earlier_offers_stand: bool = False
    """Offers and bids of earlier phases are ranked together with those of this one."""
    advances_max: Count = 0
    """Only so many, the best, may take part from here on (多轮次: the worst drop out); 0 for no limit."""
    leader_answers: bool = False
    """Only the leader whom the phase began with may take part from here on."""
    only_if_capped: bool = False
    """The phase is left out unless the price has reached its cap."""
    places_min: Count = 0
    """The phase is left out unless so many bidders have a place."""

    @property
    def waits_for_scores(self) -> bool:
        """Tell whether scores are entered only after the offers are known."""
        rule = self.award
        return isinstance(rule, CombinedScore) and rule.scores_come is ScoresMoment.AFTER_OPENING

    def problems(self, opening_price: Amount, direction: Direction) -> list[Problem]:
        """List what makes the parameters unusable; empty when they make sense together."""
        problems = super().problems(opening_price, direction) + self.award.problems()
        if not self.duration_us:
            problems.append(Problem(Fault.DURATION_ZERO, "duration_us"))
        if self.base is Base.ABSOLUTE and not self.least:
            problems.append(Problem(Fault.RANGE_WITHOUT_LEAST, "least"))
        if self._is_range_empty(opening_price, direction.sign):
            problems.append(Problem(Fault.RANGE_EMPTY, "most"))
        if self.earlier_offers_stand and not self.award.is_by_price:
            problems.append(Problem(Fault.EARLIER_OFFERS_NEED_PRICE, "earlier_offers_stand"))
        if self.award.needs_points and self.waits_for_scores and not self.scoring_us:
            problems.append(Problem(Fault.SCORING_TIME_ZERO, "scoring_us"))
        if self.leader_answers and self.advances_max:
            problems.append(Problem(Fault.LEADER_AND_ADVANCE, "advances_max"))
        return problems

    def _is_range_empty(self, opening_price: Amount, sign: int) -> bool:
        """Tell whether no amount at all can be offered, as far as the terms alone show it."""
        if self.base is Base.OPENING and sign < 0 and self.least + self.least_is_excluded >= opening_price:
            return True
        if self.most is None:
            return False
        span = (self.most - self.least) * (sign if self.base is Base.ABSOLUTE else 1)
        return span < (self.least_is_excluded or self.most_is_excluded)
