"""Selling again what passed: the lot is drafted from the earlier one and from the rulebook of the sale that follows.

Belongs here: what the new lot takes over, and at what price it opens.
Does not belong here: whether that is allowed (`exchange.rulebooks.compliance`), publishing (`exchange.catalogue`).
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct, structs

from exchange.catalogue import Catalogue, TermsInvalid
from exchange.lot_sheets import Code, NewLot, Passed
from exchange.rulebooks.drafting import Subject, drafted, relisting_price
from exchange.rulebooks.parameters import Draft, planned
from exchange.rulebooks.programme import PriceMissing
from exchange.rulebooks.rulebook import NAME_PATTERN, Rulebook
from exchange.terms_words import in_words
from matching.problems import Fault, Problem
from matching.terms import LotTerms
from matching.units import Amount, AmountOrZero, LotId, Moment, TimeUs


class Relisting(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How a lot that passed is to be sold again; what is left out follows from the earlier lot and the rulebook."""

    rulebook: Annotated[str, Meta(pattern=f"{NAME_PATTERN}|^$", max_length=40)] = ""
    """Empty for the one that follows the earlier lot's."""
    opening_price: AmountOrZero = 0
    """0 for the earlier one less the reduction that the rulebook names; without one, the earlier one."""
    opens_at_us: Moment = 0
    """0 for the earliest moment that the rulebook's notice allows; without a rulebook the host opens."""
    deposit: AmountOrZero | None = None
    """None for the same share of the opening price as before, or what the rulebook names."""
    reserve_price: AmountOrZero = 0
    """An earlier reserve does not go on by itself."""
    notice_at_us: Moment = 0
    deposit_by_us: Moment = 0
    """0 for until the lot ends: an earlier deadline is past."""
    code: Code | None = None


async def lot_again(catalogue: Catalogue, lot_id: LotId, relisting: Relisting, now_us: TimeUs) -> NewLot:
    """Return the lot with which one that passed is sold again, by default at the price of its rulebook's reduction.

    Raises: NotPassed, RulebookUnknown, TermsInvalid.
    """
    passed = await catalogue.passed(lot_id)
    before = catalogue.rulebook(passed.published.rulebook)
    followed_by = "" if before is None else before.followed_by or before.name
    rulebook = catalogue.rulebook(relisting.rulebook or followed_by)
    return relisted(passed, relisting, rulebook, now_us)


def relisted(passed: Passed, relisting: Relisting, rulebook: Rulebook | None, now_us: TimeUs) -> NewLot:
    """Return the lot that sells again what passed.

    Raises: TermsInvalid, when the rulebook needs a price that nobody knows.
    """
    before = passed.published
    price = relisting.opening_price or _price(passed, rulebook)
    draft = None if rulebook is None else _draft(passed, relisting, rulebook, price, now_us)
    opens_at_us = relisting.opens_at_us if draft is None else draft.terms.opens_at_us
    terms = structs.replace(
        _terms(before.terms, rulebook, draft),
        opening_price=price,
        opens_at_us=opens_at_us,
        reserve_price=relisting.reserve_price,
    )
    return structs.replace(
        before,
        terms=terms,
        deposit=_deposit(passed, relisting, draft, terms),
        code=relisting.code,
        rulebook="" if rulebook is None else rulebook.name,
        notice_at_us=relisting.notice_at_us,
        deposit_by_us=relisting.deposit_by_us,
        relisted_from=passed.sale.lot,
    )


def _price(passed: Passed, rulebook: Rulebook | None) -> Amount:
    earlier = passed.sale.opening_price
    return earlier if rulebook is None else relisting_price(rulebook, passed.published.category, earlier)


def _draft(passed: Passed, relisting: Relisting, rulebook: Rulebook, price: Amount, now_us: TimeUs) -> Draft:
    subject = Subject(
        category=passed.published.category,
        opening_price=price,
        now_us=relisting.notice_at_us or now_us,
        valuation=passed.published.valuation,
        earlier=passed.sale,
        opens_at_us=relisting.opens_at_us,
    )
    try:
        return drafted(rulebook, subject)
    except PriceMissing as error:
        raise TermsInvalid([in_words(Problem(Fault.PRICE_UNKNOWN, error.base.value))]) from error


def _terms(before: LotTerms, rulebook: Rulebook | None, draft: Draft | None) -> LotTerms:
    """Return the earlier terms where they still fit the programme, else the rulebook's own."""
    if rulebook is None or draft is None or planned(rulebook, before.programme) is not None:
        return before
    return draft.terms


def _deposit(passed: Passed, relisting: Relisting, draft: Draft | None, terms: LotTerms) -> Amount:
    """Return the deposit: as given, or the same share of the opening price as before, rounded down to the fen."""
    if relisting.deposit is not None:
        return relisting.deposit
    before = passed.published
    if draft is not None and terms.programme is draft.terms.programme:
        return draft.deposit
    return before.deposit * terms.opening_price // before.terms.opening_price
