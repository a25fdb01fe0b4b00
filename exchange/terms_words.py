"""What makes terms unusable, in words: what is wrong, and what would be accepted instead.

Belongs here: saying a problem. Does not belong here: finding problems (`matching.terms`, `exchange.lot_sheets`), how
they are shown.
"""

from __future__ import annotations

from msgspec import Struct

from exchange.rulebooks.quantities import YUAN, Duration, described, money_words
from exchange.terms_sentences import WORDS, Unit
from exchange.texts import BothLanguages
from matching.problems import Problem


class FieldProblem(Struct, frozen=True):
    """One field that is wrong: a code that never changes, in words what is wrong and what would be accepted.

    `field` is its path, such as `terms.programme.0.duration_us`.
    """

    code: str
    field: str
    text: BothLanguages
    allowed: BothLanguages

    def __str__(self) -> str:
        return f"{self.field}: {self.text.en}; accepted: {self.allowed.en}"


def in_words(problem: Problem, currency: str = YUAN) -> FieldProblem:
    """Return a problem as people read it; amounts are of the currency of the terms."""
    words = WORDS[problem.code]
    bound = _bound(problem.bound, words.unit, currency)
    return FieldProblem(
        code=problem.code.value,
        field=problem.field,
        text=BothLanguages(words.zh, words.en),
        allowed=BothLanguages(
            words.allowed_zh.format(bound=bound.zh), words.allowed_en.format(bound=bound.en)
        ),
    )


def _bound(bound: int | None, unit: Unit, currency: str) -> BothLanguages:
    match unit:
        case Unit.MONEY if bound is not None:
            return money_words(bound, currency)
        case Unit.TIME if bound is not None:
            return described(Duration(bound))
    return BothLanguages(f"{bound:,}", f"{bound:,}") if bound is not None else BothLanguages("", "")
