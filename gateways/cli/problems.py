"""What an exchange refuses, as lines of a terminal: the code in words, each field with what would be accepted.

Belongs here: putting the API's own words into lines. Does not belong here: the words (`gateways.messages`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gateways.cli.language import Language
from gateways.client import ApiProblem
from gateways.messages import MESSAGES


def problem_lines(problem: ApiProblem, words: Language) -> list[str]:
    """Return what was refused: the code, what it means, and every field or limit that is wrong."""
    message = MESSAGES.get(problem.code)
    said = "" if message is None else words.say(message.en, message.zh)
    lines = [" ".join(part for part in (problem.code, said or problem.detail) if part)]
    told = [*map(words_of_field(words), problem.fields), *map(words_of_violation(words), problem.violations)]
    return lines + (told or list(problem.problems))


def words_of_field(words: Language) -> Callable[[Mapping[str, Any]], str]:
    """Return what says a field that is wrong in a language."""

    def said(one: Mapping[str, Any]) -> str:
        text, allowed = (words.say(one[key]["en"], one[key]["zh"]) for key in ("text", "allowed"))
        return words.say(
            f"{one['field']}: {text}; accepted: {allowed}", f"{one['field']}：{text}；应为：{allowed}"
        )

    return said


def words_of_violation(words: Language) -> Callable[[Mapping[str, Any]], str]:
    """Return what says in a language which limit of a rulebook is not kept."""

    def said(one: Mapping[str, Any]) -> str:
        name, given, allowed, article = (
            words.say(one[key]["en"], one[key]["zh"]) for key in ("name", "given", "allowed", "article")
        )
        return words.say(
            f"{name}: {given}; allowed: {allowed} ({article})",
            f"{name}：{given}；应为 {allowed}（{article}）",
        )

    return said
