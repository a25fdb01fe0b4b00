"""What makes terms unusable, by code alone."""

from __future__ import annotations

from collections.abc import Iterable

from matching.problems import Problem
from matching.refusals import Refusal, Refused


def codes(problems: Iterable[Problem]) -> list[str]:
    """Return the codes of problems, in their order."""
    return [problem.code.value for problem in problems]


def refused_codes(decision: object) -> list[str]:
    """Return the codes for which terms were refused."""
    assert isinstance(decision, Refused) and decision.code is Refusal.TERMS_INVALID, decision
    return [problem.split(": ")[1].split(" ")[0] for problem in decision.detail.split("; ")]
