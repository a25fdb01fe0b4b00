"""Whether a rulebook can be what it says: parameters that exist, phases that run, a sample lot that it would let pass.

Belongs here: what is wrong with a rulebook that could be read, place by place.
Does not belong here: TOML and its lines (`reading`), real lots (`compliance`).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

import msgspec

from exchange.categories import Category
from exchange.rulebooks.compliance import violations
from exchange.rulebooks.drafting import drafted, occasion_of, sample_subject
from exchange.rulebooks.parameters import Draft, known_parameters, parameter
from exchange.rulebooks.programme import TIME_SUFFIX, Occasion, PriceMissing, phase_terms
from exchange.rulebooks.quantities import NotAQuantity
from exchange.rulebooks.rulebook import PhasePlan, Rulebook
from exchange.terms_words import in_words
from exchange.texts import BothLanguages
from matching.problems import Problem
from matching.terms import LotTerms, terms_problems

PROGRAMME = "programme"
Fault = tuple[str, BothLanguages]
"""Where something is wrong, as a path such as `limit.2.max`, and what."""


def faults(rulebook: Rulebook) -> Iterator[Fault]:
    """Return everything that keeps a rulebook from being used, as far as one fault does not hide another."""
    of_parameters = list(_of_parameters(rulebook))
    yield from of_parameters
    try:
        occasion = occasion_of(rulebook, sample_subject(rulebook))
    except NotAQuantity as error:
        yield "sample", _no_figure(error)
        return
    of_phases = [
        fault for index, plan in enumerate(rulebook.phases) for fault in _of_phase(index, plan, occasion)
    ]
    yield from of_phases
    if not of_parameters and not of_phases:
        yield from _of_sample(rulebook)


def nearest(word: str, known: Iterable[str]) -> BothLanguages:
    """Return the question whether something like a word was meant; empty when nothing is like it."""
    near = difflib.get_close_matches(word, list(known), 1)
    return (
        BothLanguages(f"，是否想写 {near[0]}？", f"; did you mean {near[0]}?")
        if near
        else BothLanguages("", "")
    )


def _of_parameters(rulebook: Rulebook) -> Iterator[Fault]:
    seen: set[tuple[str, Category | None]] = set()
    for index, limit in enumerate(rulebook.limits):
        where = f"limit.{index}.parameter"
        if parameter(limit.parameter, rulebook) is None:
            hint = nearest(limit.parameter, known_parameters(rulebook))
            yield (
                where,
                BothLanguages(
                    f"没有参数“{limit.parameter}”{hint.zh}",
                    f"there is no parameter {limit.parameter!r}{hint.en}",
                ),
            )
        place = limit.parameter.partition(".")[0]
        if sum(place in (plan.called, plan.phase) for plan in rulebook.phases) > 1:
            yield (
                where,
                BothLanguages(
                    f"“{place}”不止一个阶段，请用 called 命名后指明",
                    f"several phases are {place!r}: name them with `called`",
                ),
            )
        for category in limit.categories or (None,):
            if (limit.parameter, category) in seen or (limit.parameter, None) in seen:
                yield where, BothLanguages("同一参数限制了两次", "the same parameter is limited twice")
            seen.add((limit.parameter, category))


def _of_phase(index: int, plan: PhasePlan, occasion: Occasion) -> Iterator[Fault]:
    """Return why the rules of competition would not take a phase."""
    where = f"phase.{index}"
    try:
        phase_terms(plan, occasion)
    except PriceMissing as error:
        yield where, _price_missing(error)
    except NotAQuantity as error:
        yield where, _no_figure(error)
    except msgspec.ValidationError as error:
        yield _not_taken(where, plan, str(error))


def _not_taken(where: str, plan: PhasePlan, message: str) -> Fault:
    """Return where in a phase something of the wrong kind stands."""
    what, _, path = message.partition(" - at `$")
    if "unknown field" in what:
        key = what.split("`")[1]
        wanted = BothLanguages(
            f"{key} 应为时长，如 5 min、24 h", f"{key} takes a span of time, such as 5 min or 24 h"
        )
        return f"{where}.{key}", wanted
    key = path.rstrip("`").lstrip(".").split("[")[0].split(".")[0].removesuffix(TIME_SUFFIX)
    place = f"{where}.{key}" if key in plan.terms else where
    return place, BothLanguages(f"{key}：{what}", f"{key}: {what}")


def _of_sample(rulebook: Rulebook) -> Iterator[Fault]:
    """Draft the sample lot; it has to be a lot that the rulebook itself lets pass."""
    try:
        draft = drafted(rulebook, sample_subject(rulebook))
    except PriceMissing as error:
        yield "sample", _price_missing(error)
    except NotAQuantity as error:
        yield "lot", _no_figure(error)
    except msgspec.ValidationError as error:
        what, _, path = str(error).partition(" - at `$")
        field = path.rstrip("`").lstrip(".")
        place = "lot" if field.split(".")[0] in LotTerms.__struct_fields__ else "sample"
        yield place, BothLanguages(f"{field}：{what}", f"{field}: {what}")
    else:
        yield from _of_draft(rulebook, draft)


def _of_draft(rulebook: Rulebook, draft: Draft) -> Iterator[Fault]:
    terms = draft.terms
    for problem in terms_problems(terms):
        yield _place_of(problem), _contradiction(problem)
    for violation in violations(rulebook, draft):
        parameters = [limit.parameter for limit in rulebook.limits]
        place = (
            f"limit.{parameters.index(violation.parameter)}"
            if violation.parameter in parameters
            else "sample"
        )
        name, given, allowed = violation.name, violation.given, violation.allowed
        yield (
            place,
            BothLanguages(
                f"示例标的自己就不合规：{name.zh} {given.zh}，应 {allowed.zh}",
                f"its own sample lot breaks it: {name.en} {given.en}, allowed {allowed.en}",
            ),
        )


def _place_of(problem: Problem) -> str:
    """Return where in the rulebook a problem of its sample lot comes from: the phase, or the lot."""
    field = problem.field.split(".")
    return f"phase.{field[1]}" if field[0] == PROGRAMME else "lot"


def _contradiction(problem: Problem) -> BothLanguages:
    said = in_words(problem)
    name = problem.field.split(".")[-1].removesuffix(TIME_SUFFIX)
    return BothLanguages(
        f"默认参数自相矛盾：{name}：{said.text.zh}；应为：{said.allowed.zh}",
        f"the defaults contradict each other: {name}: {said.text.en}; accepted: {said.allowed.en}",
    )


def _price_missing(error: PriceMissing) -> BothLanguages:
    base = error.base
    return BothLanguages(f"示例标的缺少{base.zh}", f"the sample lot lacks the {base} that a share refers to")


def _no_figure(error: NotAQuantity) -> BothLanguages:
    return BothLanguages(f"“{error}”不是可用的数值", f"{str(error)!r} is no figure that can stand here")
