"""What a rulebook is: a programme with its defaults, limits with their articles, and the duties after a sale.

Belongs here: the shape of a rulebook. Does not belong here: reading files, checking lots.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta, Struct

from exchange.categories import Category
from exchange.rulebooks.quantities import Quantity
from exchange.texts import BothLanguages
from ledger.fees import NO_FEE, FeeTerms
from ledger.forfeits import Party
from ledger.refund_clock import ClockStart

NAME_PATTERN = r"^[a-z][a-z0-9-]{1,38}[a-z0-9]$(?!\n)"

Name = Annotated[str, Meta(pattern=NAME_PATTERN)]


class Sureness(StrEnum):
    """How sure we are that a figure stands in the article that is named for it."""

    VERIFIED = "verified"
    """Read in the text of the rule itself."""
    SECOND_HAND = "second-hand"
    """Only a page about the rule says so."""
    TO_BE_CHECKED = "to be checked"
    """General knowledge; a person has to look it up before anybody relies on it."""

    @property
    def text(self) -> BothLanguages:
        """Return the word for people."""
        return {
            Sureness.VERIFIED: BothLanguages("已核对原文", "verified"),
            Sureness.SECOND_HAND: BothLanguages("转引，未见原文", "second-hand"),
            Sureness.TO_BE_CHECKED: BothLanguages("待核实", "to be checked"),
        }[self]


class Limit(Struct, frozen=True, kw_only=True):
    """What a parameter of a lot may be. `categories` narrows it to some kinds of things; empty is all of them."""

    parameter: str
    article: BothLanguages
    sure: Sureness
    min: Quantity | None = None
    max: Quantity | None = None
    exactly: Quantity | None = None
    one_of: tuple[Quantity, ...] = ()
    default: Quantity | None = None
    categories: tuple[Category, ...] = ()

    @property
    def normal(self) -> Quantity | None:
        """Return what a lot gets that says nothing: the default, else what is prescribed, else the least."""
        return self.default or self.exactly or self.min

    def binds(self, category: Category) -> bool:
        """Tell whether the limit holds for a kind of thing."""
        return not self.categories or category in self.categories


class Duty(Struct, frozen=True, kw_only=True):
    """What has to happen around the sale, and within what time. The exchange shows it; it cannot refuse it."""

    what: BothLanguages
    article: BothLanguages
    sure: Sureness
    within: Quantity | None = None
    refund_from: ClockStart | None = None
    """From what moment `within` is counted, in the one duty that says when deposits go back; None in all others."""
    bars_defaulters: bool = False
    """Whether the duty keeps a winner who defaulted from the sale of the same thing anew. That the exchange refuses."""


class MoneyTerms(Struct, frozen=True, kw_only=True):
    """What becomes of deposits and prices, beside the time within which deposits go back (see Duty.refund_from)."""

    default_order: str
    """Name of the order in which a defaulter's deposit is used."""
    forfeits_to: Party
    """Who gets what is left of it."""
    article: BothLanguages
    sure: Sureness
    interest_basis_points: int = 0
    """A year, on deposits that were honoured."""
    seller_commission: FeeTerms = NO_FEE
    service_fee: FeeTerms = NO_FEE


class PhasePlan(Struct, frozen=True, kw_only=True):
    """A phase of the programme as the rulebook writes it; `terms` still holds shares of prices to come.

    `called` is the name under which limits speak of it, `phase` the format.
    """

    phase: str
    called: str
    terms: dict[str, Any]
    is_optional: bool = False
    """A lot may leave the phase out."""


class Sample(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The lot that stands for all others when a rulebook is checked, explained or played."""

    category: Category = Category.OTHER
    opening_price: str = "1,000,000 yuan"
    valuation: str = ""
    earlier_opening_price: str = ""
    """Of the sale that passed, where the rulebook is for the sale after it."""
    bidders: Annotated[int, Meta(ge=1, le=100)] = 6
    priority_bidders: Annotated[int, Meta(ge=0, le=100)] = 0


class Rulebook(Struct, frozen=True, kw_only=True):
    """One rulebook. `digest` is the SHA-256 of its file."""

    name: Name
    title: BothLanguages
    notes: BothLanguages
    basis: BothLanguages
    phases: tuple[PhasePlan, ...]
    lot: dict[str, Any]
    """Terms of the lot itself, as the rulebook writes them."""
    limits: tuple[Limit, ...]
    duties: tuple[Duty, ...]
    sample: Sample
    digest: str
    money: MoneyTerms | None = None
    """None where the rulebook leaves money to the standard rule of the ledger."""
    followed_by: str = ""
    """The rulebook under which a lot that passed is sold again."""
    is_shipped: bool = True

    @property
    def refund_duty(self) -> Duty | None:
        """The duty that says when deposits go back; None where the rulebook has none."""
        return next((duty for duty in self.duties if duty.refund_from is not None), None)

    @property
    def bars_defaulters(self) -> bool:
        """Whether a winner who defaulted may not take part when the thing is sold again."""
        return any(duty.bars_defaulters for duty in self.duties)

    def limits_for(self, category: Category) -> list[Limit]:
        """Return the limits that hold for a kind of thing."""
        return [limit for limit in self.limits if limit.binds(category)]

    def limit(self, parameter: str, category: Category) -> Limit | None:
        """Return the limit of one parameter; None where the rulebook leaves it open."""
        return next((limit for limit in self.limits_for(category) if limit.parameter == parameter), None)
