"""Whether a lot keeps its rulebook, and if not, which article it breaks.

All comparisons are exact: shares are compared by cross products, never divided.

Belongs here: holding a lot against limits. Does not belong here: what a limit says (the rulebook).
"""

from __future__ import annotations

from msgspec import Struct

from exchange.rulebooks.parameters import (
    Draft,
    Measured,
    Missing,
    Notice,
    Period,
    Plain,
    Ratio,
    Span,
    Word,
    parameter,
    planned,
)
from exchange.rulebooks.quantities import (
    WHOLE,
    Base,
    Choice,
    Count,
    Days,
    Duration,
    Money,
    Quantity,
    Share,
    described,
    money_words,
    percent_text,
    span_us,
)
from exchange.rulebooks.rulebook import Limit, Rulebook, Sureness
from exchange.rulebooks.working_days import (
    centre_day,
    days_before,
    is_announced,
    working_days_between,
    working_days_through,
)
from exchange.texts import BothLanguages
from matching.terms import DAY_US
from matching.units import Amount, TimeUs


class Violation(Struct, frozen=True):
    """One limit that a lot does not keep: what was given, what is allowed, and where that is written."""

    parameter: str
    name: BothLanguages
    given: BothLanguages
    allowed: BothLanguages
    article: BothLanguages
    sure: Sureness

    def __str__(self) -> str:
        return (
            f"{self.name.en}: {self.given.en}; allowed: {self.allowed.en} "
            f"({self.article.en}; {self.sure.text.en})"
        )


def violations(rulebook: Rulebook, draft: Draft) -> list[Violation]:
    """List every limit of the rulebook that a lot breaks, in the rulebook's order; empty when it keeps them all."""
    found = _programme_violations(rulebook, draft)
    if draft.notice_at_us > draft.now_us:
        found.append(_notice_to_come(rulebook))
    for limit in rulebook.limits_for(draft.category):
        measure = parameter(limit.parameter, rulebook)
        assert measure is not None, "a rulebook that was read names only parameters that exist"
        measured = measure.measure(draft)
        if not keeps(limit, measured, draft):
            given = given_text(limit, measured, draft)
            found.append(
                Violation(
                    limit.parameter, measure.name, given, allowed_text(limit), limit.article, limit.sure
                )
            )
    return found


def keeps(limit: Limit, measured: Measured, draft: Draft) -> bool:
    """Tell whether a figure lies within a limit; a phase that was left out breaks none."""
    if measured == Word("left out"):
        return True
    if limit.exactly is not None and not equals(measured, limit.exactly, draft):
        return False
    if limit.one_of and not any(equals(measured, one, draft) for one in limit.one_of):
        return False
    if limit.min is not None and (comparison(measured, limit.min, draft) or 0) < 0:
        return False
    if limit.max is not None and (comparison(measured, limit.max, draft) or 0) > 0:
        return False
    bounds = [bound for bound in (limit.min, limit.max) if bound is not None]
    return all(comparison(measured, bound, draft) is not None for bound in bounds)


def equals(measured: Measured, prescribed: Quantity, draft: Draft) -> bool:
    """Tell whether a figure is what is prescribed; a share of a price may be rounded to the fen either way."""
    distance = comparison(measured, prescribed, draft)
    if isinstance(measured, Plain) and isinstance(prescribed, Share) and prescribed.of is not None:
        return distance is not None and abs(distance) < WHOLE
    return distance == 0


def comparison(measured: Measured, bound: Quantity, draft: Draft) -> int | None:
    """Return a number below, at or above 0 as a figure lies below, at or above a bound; None when they do not compare.

    A share of a price that the lot does not have compares with nothing.
    """
    match measured, bound:
        case Plain(number=number), Money(minor=minor):
            is_yuan = draft.terms.currency == "CNY" or not minor
            return number - minor if is_yuan else None
        case Plain(number=number), Count(number=other):
            return number - other
        case Plain(number=number), Share(of=None, basis_points=points):
            return number - points
        case Plain(number=number), Share(of=Base() as of, basis_points=points):
            base = base_price(of, draft)
            return number * WHOLE - points * base if base else None
        case Ratio(part=part, whole=whole), Share(of=None, basis_points=points):
            return part * WHOLE - points * whole
        case Span(us=us), (Duration() | Days()) if (length_us := span_us(bound)) is not None:
            return us - length_us
        case Notice(from_us=first, to_us=then), Days(number=number, are_working=working):
            return (working_days_between(first, then) if working else days_before(first, then)) - number
        case Period(from_us=first, to_us=then), Days(number=number, are_working=True):
            return working_days_through(first, then) - number
        case ((Period(from_us=first, to_us=then) | Notice(from_us=first, to_us=then)), (Duration() | Days())):
            return (then - first) - (span_us(bound) or 0)
        case Word(word=word), Choice(word=other):
            return 0 if word == other else None
    return None


def base_price(base: Base, draft: Draft) -> Amount:
    """Return what shares are taken of, in minor units or units of the lot; 0 when the lot does not have it."""
    match base:
        case Base.OPENING_PRICE:
            return draft.terms.opening_price
        case Base.VALUATION:
            return draft.valuation
        case Base.EARLIER_PRICE:
            return 0 if draft.earlier is None else draft.earlier.opening_price
        case Base.SUPPLY:
            return max(getattr(terms, "supply", 0) for terms in draft.terms.programme)
    raise AssertionError("every base is known")


def allowed_text(limit: Limit) -> BothLanguages:
    """Return what a limit allows, in words."""
    if limit.exactly is not None:
        return described(limit.exactly)
    if limit.one_of:
        texts = [described(one) for one in limit.one_of]
        return BothLanguages("、".join(text.zh for text in texts), " or ".join(text.en for text in texts))
    zh, en = [], []
    if limit.min is not None:
        text = described(limit.min)
        zh.append(f"不低于 {text.zh}" if not _is_time(limit.min) else f"不少于 {text.zh}")
        en.append(f"at least {text.en}")
    if limit.max is not None:
        text = described(limit.max)
        zh.append(f"不高于 {text.zh}" if not _is_time(limit.max) else f"不超过 {text.zh}")
        en.append(f"at most {text.en}")
    return BothLanguages("，".join(zh) or "不限", " and ".join(en) or "anything")


def given_text(limit: Limit, measured: Measured, draft: Draft) -> BothLanguages:
    """Return what a lot says, in words that fit the limit it is held against."""
    match measured:
        case Missing(what=what):
            return BothLanguages(f"未提供{what.zh}", f"without {what.en}")
        case Plain(number=number):
            return _plain_text(limit, number, draft)
        case Ratio(part=part, whole=whole):
            points = _points(part, whole, limit)
            text = f"{'-' if points < 0 else ''}{percent_text(abs(points))}"
            return BothLanguages(f"{text}%", f"{text} %")
        case Span(us=us):
            return described(Duration(us))
        case Notice(from_us=first, to_us=then) | Period(from_us=first, to_us=then):
            days = _days_given(limit, measured, first, then)
            return _provisional(described(days), then) if days.are_working else described(days)
        case Word(word=word):
            return described(Choice(word))
    raise AssertionError("every figure can be described")


def _provisional(text: BothLanguages, then_us: TimeUs) -> BothLanguages:
    """Add that the moved days of a year are not announced yet, where they may still change a count."""
    year = centre_day(then_us).year
    if is_announced(year):
        return text
    return BothLanguages(
        f"{text.zh}（{year} 年调休尚未公布）", f"{text.en} (the moved days of {year} are not announced yet)"
    )


def _days_given(limit: Limit, measured: Measured, first: int, then: int) -> Days:
    bounds = (limit.min, limit.max, limit.exactly)
    if any(isinstance(bound, Days) and bound.are_working for bound in bounds):
        count = working_days_between if isinstance(measured, Notice) else working_days_through
        return Days(max(count(first, then), 0), True)
    if isinstance(measured, Notice):
        return Days(max(days_before(first, then), 0))
    return Days(max(-(-(then - first) // DAY_US) if limit.max else (then - first) // DAY_US, 0))


def _plain_text(limit: Limit, number: int, draft: Draft) -> BothLanguages:
    bounds = [bound for bound in (limit.min, limit.max, limit.exactly, *limit.one_of) if bound is not None]
    shares = [bound for bound in bounds if isinstance(bound, Share)]
    if shares and shares[0].of is None:
        return described(Share(number))
    if not shares:
        is_money = any(isinstance(bound, Money) for bound in bounds)
        return money_words(number, draft.terms.currency) if is_money else described(Count(number))
    of = shares[0].of
    assert of is not None, "a share without a base was met above"
    base = base_price(of, draft)
    is_supply = of is Base.SUPPLY
    figure = (
        BothLanguages(f"{number:,}", f"{number:,}")
        if is_supply
        else money_words(number, draft.terms.currency)
    )
    if not base:
        return BothLanguages(f"{figure.zh}，未提供{of.zh}", f"{figure.en}, without the {of}")
    percent = percent_text(_points(number, base, limit))
    return BothLanguages(f"{of.zh}的 {percent}%（{figure.zh}）", f"{percent} % of the {of} ({figure.en})")


def _points(part: int, whole: int, limit: Limit) -> int:
    """Return a share in basis points for reading; what lies a little above a maximum is rounded up."""
    points, rest = divmod(part * WHOLE, whole)
    is_above = isinstance(limit.max, Share) and points >= limit.max.basis_points
    return points + (1 if rest and is_above else 0)


def _is_time(quantity: Quantity) -> bool:
    return isinstance(quantity, Duration | Days)


def _programme_violations(rulebook: Rulebook, draft: Draft) -> list[Violation]:
    if planned(rulebook, draft.terms.programme) is not None:
        return []
    given = " → ".join(str(terms.__struct_config__.tag) for terms in draft.terms.programme)
    allowed = " → ".join(f"[{plan.phase}]" if plan.is_optional else plan.phase for plan in rulebook.phases)
    name = BothLanguages("竞价程序", "programme")
    return [
        _of_rulebook(
            rulebook, "programme", name, BothLanguages(given, given), BothLanguages(allowed, allowed)
        )
    ]


def _notice_to_come(rulebook: Rulebook) -> Violation:
    name = BothLanguages("公告时间", "time of the notice")
    given = BothLanguages("晚于发布时间", "after the publishing of the lot")
    return _of_rulebook(
        rulebook, "notice_at_us", name, given, BothLanguages("不晚于发布时间", "not after it")
    )


def _of_rulebook(
    rulebook: Rulebook, key: str, name: BothLanguages, given: BothLanguages, allowed: BothLanguages
) -> Violation:
    """Return what breaks the rulebook as a whole and no article of it in particular."""
    return Violation(key, name, given, allowed, rulebook.basis, Sureness.VERIFIED)
