"""What is published of a lot: what staff enter, what everybody may read, and how a row becomes either.

Belongs here: the shapes, what keeps a lot from being published. Does not belong here: statements to the database
(`exchange.catalogue`, `exchange.lot_search`), bidding.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from exchange.categories import Category
from exchange.database import Row
from exchange.money_rules import COMMISSION_MAX
from exchange.rulebooks.compliance import Violation
from exchange.rulebooks.parameters import Draft, Earlier
from exchange.rulebooks.rulebook import NAME_PATTERN
from exchange.terms_words import FieldProblem, in_words
from exchange.texts import NO_TEXT, BothLanguages
from exchange.whereabouts import Place, VisitorText, place_problems
from ledger.units import is_currency
from matching.problems import Fault, Problem
from matching.terms import LotTerms, terms_problems
from matching.units import Amount, AmountOrZero, BasisPoints, LotId, Moment, TimeUs
from matching.view import LotView

CARD_COLUMNS = """
id, code, category, region, title_zh, title_en, seller_zh, seller_en, deposit, deposit_by_us, currency, is_demo,
final_view::text, coalesce(closed_at_us, 0) AS closed_at_us
"""
SHEET_COLUMNS = """
latitude_e6, longitude_e6, address_zh, address_en, inspection_zh, inspection_en, contact_zh, contact_en
"""

Title = Annotated[str, Meta(min_length=1, max_length=200)]
Description = Annotated[str, Meta(max_length=10_000)]
Seller = Annotated[str, Meta(max_length=200)]
Code = Annotated[str, Meta(pattern=r"^(?!LC-[0-9])[A-Za-z0-9][A-Za-z0-9._-]{1,39}$(?!\n)")]
"""A lot's public code of somebody's own; those that begin with LC- and a digit are given by the exchange."""


class NewLot(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A lot to be published. `deposit` is minor units of the terms' currency; 0 when none is asked for."""

    category: Category
    title_zh: Title
    title_en: Title
    terms: LotTerms
    deposit: AmountOrZero = 0
    region: Annotated[str, Meta(max_length=100)] = ""
    description_zh: Description = ""
    description_en: Description = ""
    seller_zh: Seller = ""
    seller_en: Seller = ""
    code: Code | None = None
    is_demo: bool = False
    rulebook: Annotated[str, Meta(pattern=f"{NAME_PATTERN}|^$", max_length=40)] = ""
    """The rulebook that the lot has to keep; empty for none."""
    valuation: AmountOrZero = 0
    """What the thing was valued at, in minor units; 0 when nobody valued it."""
    commission: BasisPoints = 0
    """What the buyer pays on top of the price."""
    notice_at_us: Moment = 0
    """When the notice was published; 0 for now."""
    relisted_from: Annotated[int, Meta(ge=0, le=2**53 - 1)] = 0
    """The lot that passed and is sold again with this one; 0 for none."""
    deposit_by_us: Moment = 0
    """Until when deposits may arrive; 0 for until the lot ends."""
    place: Place | None = None
    inspection_zh: VisitorText = ""
    inspection_en: VisitorText = ""
    contact_zh: VisitorText = ""
    contact_en: VisitorText = ""


class Passed(Struct, frozen=True):
    """A lot that found no buyer: how it was published, and what a sale after it has to know."""

    published: NewLot
    sale: Earlier


class LotCard(Struct, frozen=True):
    """A lot in a list: what it is, and where it stands.

    Deposits may arrive until `deposit_by_us`; 0 for its end. `closed_at_us` is 0 as long as the lot is under way.
    """

    lot: LotId
    code: str
    category: Category
    region: str
    title: BothLanguages
    seller: BothLanguages
    deposit: int
    deposit_by_us: TimeUs
    currency: str
    is_demo: bool
    view: LotView
    closed_at_us: TimeUs


class LotRules(Struct, frozen=True):
    """What a lot was published under. `rulebook_digest` is the SHA-256 of the rulebook's file as it was then."""

    rulebook: str
    rulebook_title: BothLanguages | None
    rulebook_digest: str
    valuation: int
    commission: int
    notice_at_us: TimeUs
    relisted_from: LotId


class LotSheet(Struct, frozen=True):
    """A lot by itself, with all that is public of it: `terms` are without a reserve.

    `relisted_as` is the lot with which this one, having passed, is sold again; 0 for none, or one that was withdrawn.
    """

    card: LotCard
    description: BothLanguages
    terms: LotTerms
    rules: LotRules
    place: Place | None = None
    inspection: BothLanguages = NO_TEXT
    """How and when the thing can be looked at (看样、踏勘)."""
    contact: BothLanguages = NO_TEXT
    relisted_as: LotId = 0


class LotUnderRulebook(Struct, frozen=True):
    """A lot that was published under a rulebook, and the digest of the rulebook's file as it was then."""

    lot: LotId
    code: str
    title: BothLanguages
    digest: str
    outcome: str | None


class LotTitle(Struct, frozen=True):
    """How a lot is called."""

    code: str
    title: BothLanguages


class LotCheck(Struct, frozen=True):
    """What keeps a lot from being published, in terms and in its rulebook, and the notice that it would have."""

    problems: tuple[FieldProblem, ...]
    violations: tuple[Violation, ...]
    notice_title: BothLanguages
    notice_body: BothLanguages


def lot_problems(new: NewLot, now_us: TimeUs) -> list[FieldProblem]:
    """List what keeps a lot from being published; empty when nothing does."""
    problems = [problem.within("terms") for problem in terms_problems(new.terms)]
    problems += place_problems(new.place)
    if not is_currency(new.terms.currency):
        problems.append(Problem(Fault.CURRENCY_NOT_BOOKED, "terms.currency"))
    if new.commission > COMMISSION_MAX:
        problems.append(Problem(Fault.COMMISSION_TOO_HIGH, "commission", COMMISSION_MAX // 100))
    if new.deposit_by_us and not new.deposit:
        problems.append(Problem(Fault.DEADLINE_WITHOUT_DEPOSIT, "deposit_by_us"))
    if 0 < new.deposit_by_us <= now_us:
        problems.append(Problem(Fault.DEADLINE_PASSED, "deposit_by_us"))
    return [in_words(problem, new.terms.currency) for problem in problems]


def draft_of(new: NewLot, earlier: Earlier | None, now_us: TimeUs) -> Draft:
    """Return a lot to be published as rulebooks look at it."""
    return Draft(
        terms=new.terms,
        category=new.category,
        now_us=now_us,
        deposit=new.deposit,
        deposit_by_us=new.deposit_by_us,
        valuation=new.valuation,
        commission=new.commission,
        notice_at_us=new.notice_at_us,
        earlier=earlier,
    )


def published_of(row: Row) -> NewLot:
    """Return a lot as it was published, its reserve included."""
    return NewLot(
        category=Category(row["category"]),
        title_zh=row["title_zh"],
        title_en=row["title_en"],
        terms=terms_of(row),
        deposit=row["deposit"],
        deposit_by_us=row["deposit_by_us"],
        region=row["region"],
        description_zh=row["description_zh"],
        description_en=row["description_en"],
        seller_zh=row["seller_zh"],
        seller_en=row["seller_en"],
        is_demo=row["is_demo"],
        rulebook=row["rulebook"],
        valuation=row["valuation"],
        commission=row["commission"],
        notice_at_us=row["notice_at_us"],
        relisted_from=row["relisted_from"],
        place=place_of(row),
        inspection_zh=row["inspection_zh"],
        inspection_en=row["inspection_en"],
        contact_zh=row["contact_zh"],
        contact_en=row["contact_en"],
    )


def shown_price(view: LotView) -> Amount:
    """Return the price that matters now, in minor units: opening, leading or hammer price."""
    return view.hammer_price if view.winner else view.price or view.opening_price


def card_of(row: Row, view: LotView) -> LotCard:
    return LotCard(
        lot=row["id"],
        code=row["code"],
        category=Category(row["category"]),
        region=row["region"],
        title=title_of(row),
        seller=BothLanguages(row["seller_zh"], row["seller_en"]),
        deposit=row["deposit"],
        deposit_by_us=row["deposit_by_us"],
        currency=row["currency"],
        is_demo=row["is_demo"],
        view=view,
        closed_at_us=row["closed_at_us"],
    )


def place_of(row: Row) -> Place | None:
    if row["latitude_e6"] is None:
        return None
    address = BothLanguages(row["address_zh"], row["address_en"])
    return Place(row["latitude_e6"], row["longitude_e6"], address)


def title_of(row: Row) -> BothLanguages:
    return BothLanguages(row["title_zh"], row["title_en"])


def terms_of(row: Row) -> LotTerms:
    return msgspec.json.decode(row["terms"], type=LotTerms)
