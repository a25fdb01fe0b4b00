"""A rulebook laid out for reading: phases, limits and duties, each with its article and how sure we are of it.

Belongs here: putting a rulebook into words that pages, programs and terminals share.
Does not belong here: how they show it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec
from msgspec import Struct

from exchange.categories import Category
from exchange.rulebooks.compliance import allowed_text
from exchange.rulebooks.parameters import field_label, parameter
from exchange.rulebooks.phase_names import phase_name
from exchange.rulebooks.quantities import Share, described, read_quantity
from exchange.rulebooks.rulebook import Duty, Limit, PhasePlan, Rulebook, Sureness
from exchange.texts import BothLanguages, halves
from ledger.fees import FeeTerms
from ledger.forfeits import default_order

NOTHING = BothLanguages("", "")
COUNTED_IN_UNITS: Final = ("start", "step", "cap", "supply", "lot_size", "line_min", "bidder_max")
"""What a phase counts in its own unit; in phases without one these are money, and written so."""


class RulebookSummary(Struct, frozen=True):
    """A rulebook in a list. `programme` names the format of each phase."""

    name: str
    title: BothLanguages
    basis: BothLanguages
    programme: tuple[str, ...]
    is_shipped: bool


class Figure(Struct, frozen=True):
    """One thing that a rulebook writes of a phase, in words."""

    name: BothLanguages
    value: BothLanguages


class PhaseText(Struct, frozen=True):
    """A phase as the rulebook writes it; `name` is what people call it, `figures` are its terms in words."""

    called: str
    name: BothLanguages
    phase: str
    is_optional: bool
    terms: dict[str, Any]
    figures: tuple[Figure, ...]


class Line(Struct, frozen=True):
    """A limit or a duty in words. `default` of a duty is the time within which it is due."""

    parameter: str
    name: BothLanguages
    default: BothLanguages
    allowed: BothLanguages
    article: BothLanguages
    sure: Sureness
    categories: tuple[Category, ...] = ()


class Explanation(Struct, frozen=True):
    """A whole rulebook in words. `terms` are those of the lot itself; `digest` is the SHA-256 of its file."""

    name: str
    title: BothLanguages
    notes: BothLanguages
    basis: BothLanguages
    phases: tuple[PhaseText, ...]
    terms: dict[str, Any]
    limits: tuple[Line, ...]
    duties: tuple[Line, ...]
    followed_by: str
    is_shipped: bool
    digest: str


def summary(rulebook: Rulebook) -> RulebookSummary:
    """Return a rulebook as a list shows it."""
    programme = tuple(plan.phase for plan in rulebook.phases)
    return RulebookSummary(rulebook.name, rulebook.title, rulebook.basis, programme, rulebook.is_shipped)


def explanation(rulebook: Rulebook) -> Explanation:
    """Return a rulebook in words."""
    return Explanation(
        name=rulebook.name,
        title=rulebook.title,
        notes=rulebook.notes,
        basis=rulebook.basis,
        phases=tuple(_phase_text(plan) for plan in rulebook.phases),
        terms=rulebook.lot,
        limits=tuple(_limit_line(rulebook, limit) for limit in rulebook.limits),
        duties=(*(_duty_line(duty) for duty in rulebook.duties), *_money_lines(rulebook)),
        followed_by=rulebook.followed_by,
        is_shipped=rulebook.is_shipped,
        digest=rulebook.digest,
    )


def _phase_text(plan: PhasePlan) -> PhaseText:
    unit = plan.terms.get("unit", "")
    figures = tuple(
        Figure(field_label(field), _counted_text(value, unit if field in COUNTED_IN_UNITS else ""))
        for field, value in plan.terms.items()
    )
    return PhaseText(plan.called, phase_name(plan.called), plan.phase, plan.is_optional, plan.terms, figures)


def _counted_text(value: Any, unit: object) -> BothLanguages:
    """Return a figure with the unit that it counts, in words."""
    text = _written_text(value)
    if not isinstance(value, int) or not isinstance(unit, str) or not unit or isinstance(value, bool):
        return text
    called = halves(unit)
    figure = f"{value:,} ×" if unit[0].isdecimal() else f"{value:,}"
    return BothLanguages(f"{figure} {called.zh}", f"{figure} {called.en}")


def _written_text(value: Any) -> BothLanguages:
    """Return what a rulebook writes in words, also where it is a list or a table."""
    match value:
        case bool():
            return BothLanguages("是", "yes") if value else BothLanguages("否", "no")
        case str() | int():
            return described(read_quantity(value))
        case [[_, _], *_] if all(isinstance(one, list) and len(one) == 2 for one in value):
            steps = [(_written_text(threshold), _written_text(step)) for threshold, step in value]
            return BothLanguages(
                "；".join(f"自 {threshold.zh} 起 {step.zh}" for threshold, step in steps),
                "; ".join(f"from {threshold.en} {step.en}" for threshold, step in steps),
            )
        case list():
            parts = [_written_text(one) for one in value]
            return BothLanguages("、".join(one.zh for one in parts), ", ".join(one.en for one in parts))
        case dict():
            named = [(field_label(field), _written_text(one)) for field, one in value.items()]
            return BothLanguages(
                "，".join(f"{name.zh} {one.zh}" for name, one in named),
                ", ".join(f"{name.en} {one.en}" for name, one in named),
            )
    text = msgspec.json.encode(value).decode()
    return BothLanguages(text, text)


def _limit_line(rulebook: Rulebook, limit: Limit) -> Line:
    known = parameter(limit.parameter, rulebook)
    assert known is not None, "a rulebook that was read names only parameters that exist"
    return Line(
        parameter=limit.parameter,
        name=known.name,
        default=_default_text(rulebook, limit),
        allowed=allowed_text(limit),
        article=limit.article,
        sure=limit.sure,
        categories=limit.categories,
    )


def _default_text(rulebook: Rulebook, limit: Limit) -> BothLanguages:
    """Return the figure that a lot gets which says nothing: what the phase or lot writes, else the limit's own."""
    place, _, field = limit.parameter.partition(".")
    if field:
        tables = [plan.terms for plan in rulebook.phases if place in (plan.called, plan.phase)]
        tables += [rulebook.lot] if place == "lot" else []
        written = next((table[field] for table in tables if field in table), None)
        if written is not None:
            return _written_text(written)
    normal = limit.normal
    return NOTHING if normal is None else described(normal)


def _duty_line(duty: Duty) -> Line:
    within = NOTHING if duty.within is None else described(duty.within)
    return Line("", duty.what, within, NOTHING, duty.article, duty.sure)


def _money_lines(rulebook: Rulebook) -> Iterator[Line]:
    """Return what becomes of a defaulter's deposit, and of interest and fees where there are any."""
    money = rulebook.money
    if money is None:
        return
    order = default_order(money.default_order)
    assert order is not None, "a rulebook that was read names an order that exists"
    told = BothLanguages(order.article_zh, order.article_en)
    charges = (
        (BothLanguages("委托人佣金", "commission of the seller"), money.seller_commission),
        (BothLanguages("交易服务费", "service fee"), money.service_fee),
        (
            BothLanguages("保证金利息（年）", "interest on deposits, a year"),
            FeeTerms(basis_points=money.interest_basis_points),
        ),
    )
    defaulted = BothLanguages("违约竞得人的保证金", "the deposit of a buyer who defaults")
    yield Line("", defaulted, NOTHING, told, money.article, money.sure)
    for name, terms in charges:
        if not terms.is_none:
            yield Line("", name, _charge_text(terms), NOTHING, money.article, money.sure)


def _charge_text(terms: FeeTerms) -> BothLanguages:
    if terms.scale:
        return BothLanguages("法定分档比例", "the legal scale")
    return described(Share(terms.basis_points))
