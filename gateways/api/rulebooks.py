"""The rulebooks that lots are published under: which there are, and what each asks for on which article."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from exchange.categories import Category
from exchange.lot_sheets import LotUnderRulebook
from exchange.people import Role
from exchange.rulebooks.drafting import Subject, drafted
from exchange.rulebooks.explanation import Explanation, RulebookSummary, explanation, summary
from exchange.rulebooks.programme import PriceMissing
from exchange.rulebooks.quantities import NotAQuantity
from exchange.rulebooks.rulebook import Rulebook
from gateways.api.errors import ApiCode, ApiError
from gateways.api.operation import ANYONE, NAME, Asked, Operation, only
from matching.terms import LotTerms
from matching.units import AmountOrZero, Moment, PositiveAmount


class RulebookList(Struct, frozen=True):
    """Every rulebook of the exchange: those that ship with it, then the centre's own."""

    rulebooks: list[RulebookSummary]


class RulebookLotsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """A page of lots: so many, below a number."""

    before: Annotated[int, Meta(ge=1, lt=2**53)] = 2**53 - 1
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


class RulebookLots(Struct, frozen=True):
    """Lots that were published under a rulebook, the latest first."""

    lots: list[LotUnderRulebook]


async def list_rulebooks(asked: Asked) -> RulebookList:
    """List the rulebooks that a lot can be published under."""
    return RulebookList([summary(rulebook) for rulebook in asked.services.catalogue.rulebooks.all()])


async def show_rulebook(asked: Asked) -> Explanation:
    """Show what one rulebook asks for, with the article of each figure and how sure we are of it."""
    return explanation(_rulebook(asked))


class LotSubject(Struct, frozen=True, forbid_unknown_fields=True):
    """What the figures of a lot follow from. Amounts are minor units, 0 for unknown; times 0 for now and for open."""

    category: Category
    opening_price: PositiveAmount
    valuation: AmountOrZero = 0
    notice_at_us: Moment = 0
    opens_at_us: Moment = 0
    """0 for the earliest moment that the rulebook's notice allows."""


class LotFigures(Struct, frozen=True):
    """A rulebook's own figures for a lot: terms, deposit in minor units, commission in basis points."""

    terms: LotTerms
    deposit: int
    commission: int


async def draft_lot(asked: Asked) -> LotFigures:
    """Draft a lot with a rulebook's own figures; nothing is made."""
    subject: LotSubject = asked.body
    rulebook = _rulebook(asked)
    try:
        draft = drafted(
            rulebook,
            Subject(
                category=subject.category,
                opening_price=subject.opening_price,
                now_us=subject.notice_at_us or asked.services.clock.now_us(),
                valuation=subject.valuation,
                opens_at_us=subject.opens_at_us,
            ),
        )
    except PriceMissing as error:
        raise ApiError(ApiCode.PRICE_MISSING, str(error)) from error
    except (NotAQuantity, msgspec.ValidationError) as error:
        raise ApiError(ApiCode.TERMS_INVALID, problems=(str(error),)) from error
    return LotFigures(draft.terms, draft.deposit, draft.commission)


def _rulebook(asked: Asked) -> Rulebook:
    rulebook = asked.services.catalogue.rulebooks.get(asked.names[NAME])
    if rulebook is None:
        raise ApiError(ApiCode.RULEBOOK_UNKNOWN, asked.names[NAME])
    return rulebook


async def list_lots_of_rulebook(asked: Asked) -> RulebookLots:
    """List the lots that were published under a rulebook."""
    query: RulebookLotsQuery = asked.query
    lots = await asked.services.catalogue.under_rulebook(_rulebook(asked).name, query.before, query.limit)
    return RulebookLots(lots)


OPERATIONS = (
    Operation("GET", "/rulebooks", list_rulebooks, ANYONE, answer=RulebookList),
    Operation(
        "GET",
        "/rulebooks/{name}",
        show_rulebook,
        ANYONE,
        answer=Explanation,
        codes=(ApiCode.RULEBOOK_UNKNOWN,),
    ),
    Operation(
        "POST",
        "/rulebooks/{name}/draft",
        draft_lot,
        only(Role.ADMIN, Role.HOST),
        body=LotSubject,
        answer=LotFigures,
        codes=(ApiCode.RULEBOOK_UNKNOWN, ApiCode.PRICE_MISSING, ApiCode.TERMS_INVALID),
        is_question=True,
    ),
    Operation(
        "GET",
        "/rulebooks/{name}/lots",
        list_lots_of_rulebook,
        ANYONE,
        query=RulebookLotsQuery,
        answer=RulebookLots,
        codes=(ApiCode.RULEBOOK_UNKNOWN,),
    ),
)
