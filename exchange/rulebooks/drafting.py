"""A lot with a rulebook's own figures: where every default comes together.

Belongs here: drafting. Does not belong here: titles and descriptions, publishing.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, structs

from exchange.categories import Category
from exchange.rulebooks.parameters import Draft, Earlier
from exchange.rulebooks.programme import Occasion, amount_of, lot_terms, whole_yuan
from exchange.rulebooks.quantities import (
    WHOLE,
    Base,
    Count,
    Days,
    Money,
    NotAQuantity,
    Quantity,
    Share,
    read_quantity,
    span_us,
)
from exchange.rulebooks.rulebook import Rulebook
from exchange.rulebooks.working_days import after_days, after_working_days
from matching.terms import DAY_US, HOUR_US, MINUTE_US
from matching.units import Amount, BasisPoints, TimeUs

NOTICE_LEAST_US = MINUTE_US
"""Between publishing and opening, where a rulebook asks for no notice."""

SAMPLE_NOW_US: TimeUs = 1_772_413_200_000_000
"""2026-03-02 09:00 at the centre, a Monday: when a rulebook's sample lot is published."""

SAMPLE_EARLIER_LOT = 1


class Subject(Struct, frozen=True, kw_only=True):
    """The thing to be sold, as far as figures depend on it. Amounts are minor units, 0 for unknown."""

    category: Category
    opening_price: Amount
    now_us: TimeUs
    valuation: Amount = 0
    earlier: Earlier | None = None
    opens_at_us: TimeUs = 0
    """0 for the earliest moment that the notice allows."""


def drafted(rulebook: Rulebook, subject: Subject) -> Draft:
    """Return a lot with the rulebook's own figures for everything that the subject leaves open.

    Raises: NotAQuantity, PriceMissing, msgspec.ValidationError, for figures that cannot be.
    """
    occasion = occasion_of(rulebook, subject)
    draft = Draft(
        terms=lot_terms(rulebook, occasion),
        category=subject.category,
        now_us=subject.now_us,
        valuation=subject.valuation,
        earlier=subject.earlier,
    )
    return structs.replace(
        draft,
        deposit=_amount(_normal(rulebook, subject, "deposit"), occasion.prices),
        commission=_basis_points(_normal(rulebook, subject, "commission")),
    )


def occasion_of(rulebook: Rulebook, subject: Subject) -> Occasion:
    """Return what the rulebook's figures depend on: the prices of the subject, and when it opens."""
    prices = {
        Base.OPENING_PRICE: subject.opening_price,
        Base.VALUATION: subject.valuation,
        Base.EARLIER_PRICE: 0 if subject.earlier is None else subject.earlier.opening_price,
    }
    return Occasion(prices, subject.opens_at_us or _earliest_opening_us(rulebook, subject))


def relisting_price(rulebook: Rulebook, category: Category, earlier_price: Amount) -> Amount:
    """Return the opening price at which a lot that passed is sold again: the rulebook's own reduction.

    From a hundred yuan on it is rounded up to whole yuan, so that it never lies below what the limit allows; without
    a limit of the reduction, the price stays as it was.
    """
    limit = rulebook.limit("reduction", category)
    reduction = None if limit is None else (limit.normal or limit.max)
    if not isinstance(reduction, Share):
        return earlier_price
    kept = Share(WHOLE - reduction.basis_points, Base.EARLIER_PRICE)
    return whole_yuan(amount_of(kept, {Base.EARLIER_PRICE: earlier_price}))


def sample(rulebook: Rulebook) -> Draft:
    """Return the rulebook's sample lot, drafted.

    Raises: as `drafted`.
    """
    return drafted(rulebook, sample_subject(rulebook))


def sample_subject(rulebook: Rulebook) -> Subject:
    """Return the thing that stands for all others under a rulebook.  Raises: NotAQuantity."""
    given = rulebook.sample
    earlier = None
    if given.earlier_opening_price:
        ended_at_us = SAMPLE_NOW_US - DAY_US
        earlier = Earlier(SAMPLE_EARLIER_LOT, _money(given.earlier_opening_price), ended_at_us)
    return Subject(
        category=given.category,
        opening_price=_money(given.opening_price),
        now_us=SAMPLE_NOW_US,
        valuation=_money(given.valuation) if given.valuation else 0,
        earlier=earlier,
    )


def _earliest_opening_us(rulebook: Rulebook, subject: Subject) -> TimeUs:
    notice = _normal(rulebook, subject, "notice")
    match notice:
        case Days(number=number, are_working=True):
            return after_working_days(subject.now_us, number)
        case Days(number=number):
            return after_days(subject.now_us, number)
    length_us = None if notice is None else span_us(notice)
    return subject.now_us + max(length_us or HOUR_US, NOTICE_LEAST_US)


def _normal(rulebook: Rulebook, subject: Subject, parameter: str) -> Quantity | None:
    limit = rulebook.limit(parameter, subject.category)
    return None if limit is None else limit.normal


def _amount(quantity: Quantity | None, prices: Mapping[Base, Amount]) -> Amount:
    match quantity:
        case Money(minor=minor):
            return minor
        case Share(of=Base()) as share:
            return amount_of(share, prices)
        case Count(number=number):
            return number
    return 0


def _basis_points(quantity: Quantity | None) -> BasisPoints:
    return quantity.basis_points if isinstance(quantity, Share) else 0


def _money(written: str) -> Amount:
    quantity = read_quantity(written)
    if not isinstance(quantity, Money):
        raise NotAQuantity(written)
    return quantity.minor
