"""How offers that are compared all at once are put in order, and what the winner pays: the parameters.

Belongs here: award rules, price formulas and tie rules, with their units. The arithmetic is in `matching.award_rules`.
Does not belong here: who may offer, and when (`matching.terms.contest`).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from matching.problems import Fault, Problem
from matching.units import AmountOrZero, BasisPoints, NonZeroQuantity

FULL_SCORE = 10_000
"""A hundred points, in hundredths of a point."""

PricePoints = Annotated[int, Meta(gt=0, le=FULL_SCORE)]
Deduction = Annotated[int, Meta(ge=0, le=FULL_SCORE)]


class TieRule(StrEnum):
    """Who comes first among offers that are worth the same."""

    EARLIER = "earlier"
    """Whoever offered earlier."""
    RANK = "rank"
    """The priority purchaser of the better rank, then whoever offered earlier."""
    DRAW = "draw"
    """Nobody yet: those at the top are handed on as tied, for a draw. The earlier one leads until then."""


class ScoresMoment(StrEnum):
    """When the experts' scores are entered."""

    BEFORE_OPENING = "before_opening"
    AFTER_OPENING = "after_opening"


class AwardRule(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="rule"):
    """What all award rules have in common."""

    @property
    def needs_points(self) -> bool:
        """Tell whether something besides the price is scored."""
        return False

    @property
    def is_by_price(self) -> bool:
        """Tell whether the better price always comes first, so that offers of several phases can be compared."""
        return True

    def problems(self) -> list[Problem]:
        """List what makes the parameters unusable."""
        return []


class BestPrice(AwardRule, frozen=True, tag="best_price"):
    """The highest offer wins where prices rise, the lowest where they fall; the winner pays what he offered."""


class SecondPrice(AwardRule, frozen=True, tag="second_price"):
    """The best offer wins and pays the second; alone, it pays the reserve, or without one the opening price.

    The price is never worse than the reserve, nor better for the seller than the winner's own offer.
    """


class ClosestToAverage(AwardRule, frozen=True, tag="closest_to_average"):
    """The offer closest to the mean of all wins and pays itself; of two as close, the one below the mean.

    Source: 苏州 2016 一次报价 (mean to 0.01 yuan, half up); 东莞 2019 终次报价 (the mean as it is).
    """

    mean_unit: AmountOrZero = 1
    """The mean is rounded half up to whole multiples of this, in minor units; 0 leaves it exact."""

    @property
    def is_by_price(self) -> bool:
        """Tell whether the better price always comes first."""
        return False


class RatioToBest(Struct, frozen=True, forbid_unknown_fields=True, tag_field="formula", tag="ratio_to_best"):
    """Full marks for the best price; others in the ratio of lowest to own (falling) or own to highest (rising)."""


class BenchmarkDeviation(
    Struct,
    frozen=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="formula",
    tag="benchmark_deviation",
):
    """Full marks at the benchmark (合理低价), less so much for each percent that a price lies away from it.

    The benchmark is the mean of the offers times `factor`, rounded half up to a minor unit. Parts of a percent
    count in proportion; no score is negative. Deductions are hundredths of a point.
    """

    deduction_above: Deduction
    deduction_below: Deduction
    factor: BasisPoints = 10_000
    trimmed_from: Annotated[int, Meta(ge=3, le=1000)] | None = None
    """From so many offers on, the highest and the lowest are left out of the mean."""


PriceFormula: TypeAlias = RatioToBest | BenchmarkDeviation


class CombinedScore(AwardRule, frozen=True, tag="combined_score"):
    """The highest score wins and pays what it offered: points for the price, plus the points the experts gave.

    Both parts are rounded half up to a hundredth of a point. A bidder without a score is not ranked.
    """

    price_points: PricePoints = FULL_SCORE
    """The most that the price can earn, in hundredths of a point; the rest of the 100 points is for the scores."""
    formula: PriceFormula = RatioToBest()
    points_max: NonZeroQuantity = FULL_SCORE
    """The most that experts can give, in hundredths of a point; it is scaled to what the price leaves of 100 points."""
    scores_come: ScoresMoment = ScoresMoment.BEFORE_OPENING
    price_breaks_ties: bool = True
    """Of equal scores the better price comes first."""

    @property
    def needs_points(self) -> bool:
        """Tell whether something besides the price is scored."""
        return self.price_points < FULL_SCORE

    @property
    def is_by_price(self) -> bool:
        """Tell whether the better price always comes first."""
        return False

    def problems(self) -> list[Problem]:
        """List what makes the parameters unusable."""
        formula = self.formula
        if isinstance(formula, BenchmarkDeviation) and not formula.factor:
            return [Problem(Fault.BENCHMARK_ZERO, "award.formula.factor")]
        return []


AnyAwardRule: TypeAlias = BestPrice | SecondPrice | ClosestToAverage | CombinedScore
