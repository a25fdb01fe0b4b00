"""The order that a published rule gives to offers, and the price that the winner pays.

Whole numbers only; every rounding is half up and said where it happens.

Belongs here: arithmetic on offers that are all known. Does not belong here: who may offer, and what is hidden
(`matching.phases.contest`); the parameters (`matching.terms.awarding`); offers for parts of a supply.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

from matching.events import Place
from matching.terms.awarding import (
    FULL_SCORE,
    AnyAwardRule,
    BenchmarkDeviation,
    ClosestToAverage,
    CombinedScore,
    SecondPrice,
)
from matching.units import FIGURE_MAX, Amount, Paddle, Quantity

Merit: TypeAlias = tuple[int, ...]
"""What an offer is worth under a rule: less is better, equal is a tie."""


class Ranking(Struct, frozen=True):
    """Offers in order, best first, and the figure that the rule computed on the way, over `divisor`; 0 for none."""

    places: tuple[Place, ...]
    reference: Amount = 0
    divisor: int = 1


def half_up(numerator: int, denominator: int) -> int:
    """Return the quotient of numbers that are not negative, rounded half up."""
    return (2 * numerator + denominator) // (2 * denominator)


def ranked(
    rule: AnyAwardRule, sign: int, offers: Sequence[Place], points: Mapping[Paddle, Quantity]
) -> Ranking:
    """Put offers in order.

    Args:
        rule: the published rule.
        sign: +1 where more is better, -1 where less is.
        offers: what was offered, in the order that decides between equals; scores in them are not read.
        points: what each bidder was given besides the price, in hundredths of a point. Where the rule needs it, an
            offer without is not ranked.
    """
    if isinstance(rule, CombinedScore):
        return _ranked_by_score(rule, sign, offers, points)
    places = _in_order(rule, sign, offers)
    if isinstance(rule, ClosestToAverage) and places:
        return Ranking(places, *_mean_told(rule, places))
    return Ranking(places)


def tied(rule: AnyAwardRule, sign: int, places: Sequence[Place]) -> tuple[Paddle, ...]:
    """Return who shares the first place of a ranking; nobody when one bidder has it to himself."""
    merits = _merits(rule, sign, places)
    paddles = tuple(place.paddle for place, merit in zip(places, merits, strict=True) if merit == merits[0])
    return paddles if len(paddles) > 1 else ()


def price_paid(rule: AnyAwardRule, sign: int, places: Sequence[Place], floor: Amount) -> Amount:
    """Return what the first of a ranking pays: his own offer, or under `SecondPrice` the second one.

    Args:
        rule, sign: as for `ranked`.
        places: the ranking, not empty.
        floor: what a second-price winner pays at least (at most, where less is better): reserve or opening price.
    """
    own = places[0].amount
    if not isinstance(rule, SecondPrice):
        return own
    second = max((sign * place.amount for place in places[1:]), default=sign * floor)
    return sign * min(sign * own, max(second, sign * floor))


def benchmark(formula: BenchmarkDeviation, amounts: Iterable[Amount]) -> Amount:
    """Return the price that earns full marks: the mean times the factor, half up to a minor unit, at least one."""
    counted = sorted(amounts)
    if formula.trimmed_from is not None and len(counted) >= formula.trimmed_from:
        counted = counted[1:-1]
    return max(1, half_up(sum(counted) * formula.factor, len(counted) * FULL_SCORE))


def price_score(rule: CombinedScore, sign: int, amount: Amount, reference: Amount) -> int:
    """Return the hundredths of a point that a price earns; `reference` is the best price, or the benchmark."""
    full = rule.price_points
    formula = rule.formula
    if not isinstance(formula, BenchmarkDeviation):
        return half_up(full * amount, reference) if sign > 0 else half_up(full * reference, amount)
    deduction = formula.deduction_above if amount > reference else formula.deduction_below
    earned = full * reference - deduction * 100 * abs(amount - reference)
    return half_up(max(0, earned), reference)


def _ranked_by_score(
    rule: CombinedScore, sign: int, offers: Sequence[Place], points: Mapping[Paddle, Quantity]
) -> Ranking:
    scored = [place for place in offers if not rule.needs_points or place.paddle in points]
    if not scored:
        return Ranking(())
    reference = _price_reference(rule, sign, scored)
    places = [
        Place(
            place.paddle,
            place.amount,
            price_score(rule, sign, place.amount, reference) + _weighted(rule, points.get(place.paddle, 0)),
            place.quantity,
        )
        for place in scored
    ]
    return Ranking(_in_order(rule, sign, places), reference)


def _price_reference(rule: CombinedScore, sign: int, offers: Sequence[Place]) -> Amount:
    amounts = [place.amount for place in offers]
    if isinstance(rule.formula, BenchmarkDeviation):
        return benchmark(rule.formula, amounts)
    return max(amounts) if sign > 0 else min(amounts)


def _weighted(rule: CombinedScore, points: Quantity) -> int:
    """Scale what the experts gave to what the price leaves of a hundred points, half up."""
    return half_up(points * (FULL_SCORE - rule.price_points), rule.points_max)


def _in_order(rule: AnyAwardRule, sign: int, places: Sequence[Place]) -> tuple[Place, ...]:
    merits = _merits(rule, sign, places)
    order = sorted(range(len(places)), key=lambda index: merits[index])
    return tuple(places[index] for index in order)


def _merits(rule: AnyAwardRule, sign: int, places: Sequence[Place]) -> list[Merit]:
    if isinstance(rule, ClosestToAverage):
        return _distances(rule, [place.amount for place in places])
    if isinstance(rule, CombinedScore):
        by_price = rule.price_breaks_ties
        return [(-place.score, -sign * place.amount if by_price else 0) for place in places]
    return [(-sign * place.amount,) for place in places]


def _distances(rule: ClosestToAverage, amounts: Sequence[Amount]) -> list[Merit]:
    """How far each amount lies from the mean, and whether above it; in fractions of one over the divisor."""
    if not amounts:
        return []
    mean, divisor = _mean(rule, amounts)
    return [(abs(amount * divisor - mean), int(amount * divisor > mean)) for amount in amounts]


def _mean(rule: ClosestToAverage, amounts: Sequence[Amount]) -> tuple[int, int]:
    """Return the mean as a numerator over a divisor, rounded as the rule says."""
    if not rule.mean_unit:
        return sum(amounts), len(amounts)
    return half_up(sum(amounts), len(amounts) * rule.mean_unit) * rule.mean_unit, 1


def _mean_told(rule: ClosestToAverage, places: Sequence[Place]) -> tuple[int, int]:
    """Return the mean as it is published: exact, unless the figures grow beyond what a receipt can carry."""
    mean, divisor = _mean(rule, [place.amount for place in places])
    return (mean, divisor) if mean <= FIGURE_MAX else (half_up(mean, divisor), 1)
