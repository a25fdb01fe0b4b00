"""Award rules as tables: amounts in the order of time, the rule, and the order and price that come out."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from matching.award_rules import benchmark, half_up, price_paid, price_score, ranked, tied
from matching.events import Place
from matching.terms.awarding import (
    AnyAwardRule,
    BenchmarkDeviation,
    BestPrice,
    ClosestToAverage,
    CombinedScore,
    SecondPrice,
)
from matching.units import AMOUNT_MAX, FIGURE_MAX

RISING, FALLING = 1, -1


@dataclass(frozen=True)
class Case:
    """Amounts of paddles 1, 2, 3 … in the order of time, and what a rule makes of them."""

    rule: AnyAwardRule
    sign: int
    amounts: tuple[int, ...]
    order: tuple[int, ...]
    price: int
    reference: tuple[int, int] = (0, 1)
    tied: tuple[int, ...] = ()
    floor: int = 1
    points: dict[int, int] = field(default_factory=dict)
    scores: tuple[int, ...] = ()


AVERAGE = ClosestToAverage()
EXACT = ClosestToAverage(mean_unit=0)

CASES = {
    "best price, rising": Case(BestPrice(), RISING, (5, 9, 7), (2, 3, 1), 9),
    "best price, falling": Case(BestPrice(), FALLING, (5, 9, 7), (1, 3, 2), 5),
    "best price: the earlier of equals": Case(BestPrice(), RISING, (5, 9, 9), (2, 3, 1), 9, tied=(2, 3)),
    "second price, rising": Case(SecondPrice(), RISING, (50, 90, 70), (2, 3, 1), 70),
    "second price, falling": Case(SecondPrice(), FALLING, (50, 90, 70), (1, 3, 2), 70, floor=100),
    "second price: equals pay what they offered": Case(SecondPrice(), RISING, (9, 9), (1, 2), 9, tied=(1, 2)),
    "second price: the floor comes before a lower second": Case(
        SecondPrice(), RISING, (90, 60), (1, 2), 75, floor=75
    ),
    "second price: the ceiling comes before a higher second": Case(
        SecondPrice(), FALLING, (60, 90), (1, 2), 75, floor=75
    ),
    "second price: alone": Case(SecondPrice(), RISING, (90,), (1,), 75, floor=75),
    "second price: never more than his own": Case(SecondPrice(), RISING, (70,), (1,), 70, floor=75),
    "second price, falling: never less than his own": Case(SecondPrice(), FALLING, (80,), (1,), 80, floor=75),
    "东莞: the example": Case(EXACT, RISING, (10, 13, 14, 15, 16), (3, 2, 4, 5, 1), 14, (68, 5)),
    "the same in another order of time": Case(
        EXACT, RISING, (16, 10, 15, 14, 13), (4, 5, 3, 1, 2), 14, (68, 5)
    ),
    "苏州: of two as close the one below the mean": Case(AVERAGE, RISING, (300, 100), (2, 1), 100, (200, 1)),
    "苏州: the mean is rounded half up": Case(AVERAGE, RISING, (1, 2), (2, 1), 2, (2, 1)),
    "an exact mean tells the two apart otherwise": Case(EXACT, RISING, (1, 2), (1, 2), 1, (3, 2)),
    "a mean to the tenth of a yuan": Case(
        ClosestToAverage(mean_unit=10), RISING, (100, 111), (2, 1), 111, (110, 1)
    ),
    "closest: the mean itself, twice": Case(EXACT, RISING, (7, 7), (1, 2), 7, (14, 2), tied=(1, 2)),
    "closest: one offer": Case(EXACT, RISING, (7,), (1,), 7, (7, 1)),
    "closest: one below and one above are no tie": Case(EXACT, RISING, (8, 6), (2, 1), 6, (14, 2)),
    "score: ratio to the highest": Case(
        CombinedScore(), RISING, (150, 200, 100), (2, 1, 3), 200, (200, 1), scores=(10000, 7500, 5000)
    ),
    "score: ratio of the lowest, half up": Case(
        CombinedScore(), FALLING, (150, 200, 100), (3, 1, 2), 100, (100, 1), scores=(10000, 6667, 5000)
    ),
    "score: 60 points for the price, 40 for the rest": Case(
        CombinedScore(price_points=6000),
        FALLING,
        (100, 125),
        (2, 1),
        125,
        (100, 1),
        points={1: 6000, 2: 9500},
        scores=(8600, 8400),
    ),
    "score: points are scaled to what the price leaves": Case(
        CombinedScore(price_points=3000, points_max=300),
        FALLING,
        (100, 100),
        (2, 1),
        100,
        (100, 1),
        points={1: 200, 2: 201},
        scores=(7690, 7667),
    ),
    "score: whoever has no points is not ranked, nor is his price": Case(
        CombinedScore(price_points=5000),
        FALLING,
        (50, 100),
        (2,),
        100,
        (100, 1),
        points={2: 0},
        scores=(5000,),
    ),
    "score: of equal scores the better price": Case(
        CombinedScore(price_points=5000),
        FALLING,
        (200, 100),
        (2, 1),
        100,
        (100, 1),
        points={1: 5000, 2: 0},
        scores=(5000, 5000),
    ),
    "score: of equal scores the earlier": Case(
        CombinedScore(price_points=5000, price_breaks_ties=False),
        FALLING,
        (200, 100),
        (1, 2),
        200,
        (100, 1),
        tied=(1, 2),
        points={1: 5000, 2: 0},
        scores=(5000, 5000),
    ),
    "benchmark: the mean, two points off above, one below": Case(
        CombinedScore(formula=BenchmarkDeviation(deduction_above=200, deduction_below=100)),
        FALLING,
        (1100, 1000, 900),
        (2, 3, 1),
        1000,
        (1000, 1),
        scores=(10000, 9000, 8000),
    ),
    "benchmark: parts of a percent count, half up": Case(
        CombinedScore(formula=BenchmarkDeviation(deduction_above=100, deduction_below=100)),
        FALLING,
        (1000, 1001),
        (2, 1),
        1001,
        (1001, 1),
        scores=(10000, 9990),
    ),
    "benchmark: no score is negative": Case(
        CombinedScore(formula=BenchmarkDeviation(deduction_above=10000, deduction_below=10000)),
        RISING,
        (100, 300),
        (2, 1),
        300,
        (200, 1),
        tied=(),
        scores=(0, 0),
    ),
    "benchmark: the highest and the lowest are left out from five offers on": Case(
        CombinedScore(formula=BenchmarkDeviation(deduction_above=100, deduction_below=100, trimmed_from=5)),
        FALLING,
        (1, 90, 100, 110, 9999),
        (3, 2, 4, 1, 5),
        100,
        (100, 1),
        scores=(10000, 9000, 9000, 100, 0),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_rules(name: str) -> None:
    case = CASES[name]
    offers = [Place(paddle, amount) for paddle, amount in enumerate(case.amounts, start=1)]
    ranking = ranked(case.rule, case.sign, offers, case.points)
    assert tuple(place.paddle for place in ranking.places) == case.order
    assert (ranking.reference, ranking.divisor) == case.reference
    assert price_paid(case.rule, case.sign, ranking.places, case.floor) == case.price
    assert tied(case.rule, case.sign, ranking.places) == case.tied
    if case.scores:
        assert tuple(place.score for place in ranking.places) == case.scores


@pytest.mark.parametrize("rule", [BestPrice(), SecondPrice(), AVERAGE, EXACT, CombinedScore()])
def test_no_offers_have_no_order(rule: AnyAwardRule) -> None:
    ranking = ranked(rule, RISING, [], {})
    assert (ranking.places, ranking.reference, tied(rule, RISING, ())) == ((), 0, ())


@pytest.mark.parametrize(
    ("numerator", "denominator", "quotient"),
    [(0, 3, 0), (1, 2, 1), (3, 2, 2), (1, 3, 0), (2, 3, 1), (5, 1, 5)],
)
def test_half_up(numerator: int, denominator: int, quotient: int) -> None:
    assert half_up(numerator, denominator) == quotient


def test_a_benchmark_is_below_the_mean_by_its_factor_and_never_nothing() -> None:
    plain = BenchmarkDeviation(deduction_above=1, deduction_below=1)
    lowered = BenchmarkDeviation(deduction_above=1, deduction_below=1, factor=9500)
    nearly_nothing = BenchmarkDeviation(deduction_above=1, deduction_below=1, factor=1)
    assert benchmark(plain, (100, 101)) == 101
    assert benchmark(lowered, (1000, 1001)) == 950
    assert benchmark(nearly_nothing, (1,)) == 1


def test_a_price_at_the_benchmark_has_full_marks_whatever_the_direction() -> None:
    rule = CombinedScore(price_points=4000, formula=BenchmarkDeviation(deduction_above=1, deduction_below=1))
    assert price_score(rule, RISING, 77, 77) == price_score(rule, FALLING, 77, 77) == 4000


def test_a_mean_beyond_every_receipt_is_told_rounded_and_ranked_exactly() -> None:
    offers = [Place(paddle, AMOUNT_MAX - paddle % 2) for paddle in range(1, 12)]
    ranking = ranked(EXACT, RISING, offers, {})
    assert sum(place.amount for place in offers) > FIGURE_MAX
    assert (ranking.reference, ranking.divisor) == (AMOUNT_MAX - 1, 1)
    assert [place.amount for place in ranking.places] == [AMOUNT_MAX - 1] * 6 + [AMOUNT_MAX] * 5
