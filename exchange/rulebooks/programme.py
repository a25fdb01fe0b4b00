"""From the phases that a rulebook writes to the terms that the rules of competition take.

A phase of a rulebook has the fields of its terms; spans of time are written without the unit in their name
(`duration = "24 h"` for `duration_us`), amounts as money or as a share of a price, which becomes an amount once that
price is known.

Belongs here: that translation. Does not belong here: what is allowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, get_args, get_type_hints

import msgspec
from msgspec import Struct

from exchange.rulebooks.quantities import (
    MINOR_UNITS,
    WHOLE,
    Base,
    Choice,
    Count,
    Days,
    Duration,
    Money,
    Quantity,
    Share,
    read_quantity,
    span_us,
)
from exchange.rulebooks.rulebook import PhasePlan, Rulebook
from exchange.rulebooks.working_days import working_period_us
from matching.terms import AnyPhaseTerms, LotTerms, PhaseTerms
from matching.units import Amount, TimeUs

TERMS_BY_FORMAT: dict[str, type[PhaseTerms]] = {
    str(terms.__struct_config__.tag): terms for terms in (get_args(AnyPhaseTerms) or (AnyPhaseTerms,))
}
"""The terms of each format, by the name that rulebooks, terms and views give it."""

TIME_SUFFIX = "_us"
WHOLE_YUAN_FROM = 100 * MINOR_UNITS


class Occasion(Struct, frozen=True):
    """What a rulebook's figures may depend on: prices in minor units that shares are shares of, and the opening.

    A period of working days counts from the opening, so only the first phase can have one.
    """

    prices: Mapping[Base, Amount]
    opens_at_us: TimeUs


class PriceMissing(ValueError):
    """A rulebook gives a figure as a share of a price that the lot does not have."""

    def __init__(self, base: Base) -> None:
        super().__init__(str(base))
        self.base = base


def phase_terms(plan: PhasePlan, occasion: Occasion) -> AnyPhaseTerms:
    """Return the terms of a phase with the rulebook's own figures.

    Raises: NotAQuantity, PriceMissing, msgspec.ValidationError, for what the rulebook cannot mean.
    """
    texts = _texts(TERMS_BY_FORMAT[plan.phase])
    words = {key: value for key, value in plan.terms.items() if key in texts}
    figures = {key: value for key, value in plan.terms.items() if key not in texts}
    written = {"phase": plan.phase, **words, **_plain_table(figures, occasion)}
    return msgspec.convert(written, AnyPhaseTerms)  # type: ignore[no-any-return, arg-type, unused-ignore]


def lot_terms(rulebook: Rulebook, occasion: Occasion) -> LotTerms:
    """Return the terms of a lot with the rulebook's own figures.

    Raises: NotAQuantity, PriceMissing, msgspec.ValidationError, for what the rulebook cannot mean.
    """
    programme = [msgspec.to_builtins(phase_terms(plan, occasion)) for plan in rulebook.phases]
    written = {
        "currency": "CNY",
        **_plain_table(rulebook.lot, occasion),
        "opening_price": occasion.prices[Base.OPENING_PRICE],
        "opens_at_us": occasion.opens_at_us,
        "programme": programme,
    }
    return msgspec.convert(written, LotTerms)


def amount_of(share: Share, prices: Mapping[Base, Amount]) -> Amount:
    """Return a share of a price as an amount, rounded up to the fen.

    Raises: PriceMissing.
    """
    assert share.of is not None, "only a share of a price is an amount"
    price = prices.get(share.of, 0)
    if not price:
        raise PriceMissing(share.of)
    return -(-price * share.basis_points // WHOLE)


def whole_yuan(amount: Amount) -> Amount:
    """Round an amount up to whole yuan; below a hundred yuan, where that would tell, leave it as it is."""
    return amount if amount < WHOLE_YUAN_FROM else -(-amount // MINOR_UNITS) * MINOR_UNITS


@cache
def _texts(terms: type[PhaseTerms]) -> frozenset[str]:
    """Return the fields that hold words, whatever they look like: the unit `0.01 %` is no share."""
    hints = get_type_hints(terms)
    return frozenset(name for name in terms.__struct_fields__ if hints[name] is str)


def _plain_table(table: Mapping[str, Any], occasion: Occasion) -> dict[str, Any]:
    plain = {}
    for key, value in table.items():
        name = key + TIME_SUFFIX if _is_span(value) and not key.endswith(TIME_SUFFIX) else key
        plain[name] = _plain(value, occasion)
    if "increments" in table:
        plain["increments"] = [[threshold, whole_yuan(step)] for threshold, step in plain["increments"]]
    return plain


def _is_span(value: Any) -> bool:
    """Tell whether a value is a span of time, or several."""
    if isinstance(value, list):
        return bool(value) and all(_is_span(item) for item in value)
    return isinstance(value, str) and isinstance(read_quantity(value), Duration | Days)


def _plain(value: Any, occasion: Occasion) -> Any:
    if isinstance(value, dict):
        return _plain_table(value, occasion)
    if isinstance(value, list):
        return [_plain(item, occasion) for item in value]
    if isinstance(value, str):
        return _plain_quantity(read_quantity(value), value, occasion)
    return value


def _plain_quantity(quantity: Quantity, written: str, occasion: Occasion) -> Any:
    match quantity:
        case Money(minor=minor):
            return minor
        case Share(of=None, basis_points=points):
            return points
        case Share():
            return amount_of(quantity, occasion.prices)
        case Days(number=number, are_working=True):
            return working_period_us(occasion.opens_at_us, number)
        case Duration() | Days():
            return span_us(quantity)
        case Count(number=number):
            return number
        case Choice():
            return None if written == "none" else written
    raise AssertionError("every quantity has a plain form")
