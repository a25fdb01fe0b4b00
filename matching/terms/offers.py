"""Parameters of offers that the exchange keeps hidden and reveals together. Behaviour: `matching.phases.offers`."""

from __future__ import annotations

from matching.problems import Fault, Problem
from matching.terms.contest import ContestTerms
from matching.terms.phase import Direction
from matching.units import Amount


class OffersTerms(ContestTerms, frozen=True, kw_only=True, tag="offers"):
    """Parameters of hidden offers, revealed together when their time is over.

    Source: 苏州 2016 一次报价 and 东莞 2019 终次报价; 宁夏 一次性报价; the sealed and best-bid parts of dgfInsider.
    """

    distinct_amounts: bool = False
    """An amount that somebody has offered is refused, and the later bidder must change his."""

    def problems(self, opening_price: Amount, direction: Direction) -> list[Problem]:
        """List what makes the parameters unusable; empty when they make sense together."""
        problems = super().problems(opening_price, direction)
        if self.distinct_amounts and (self.revisions_max or self.may_take_back):
            problems.append(Problem(Fault.DISTINCT_NEEDS_BINDING, "distinct_amounts"))
        return problems
