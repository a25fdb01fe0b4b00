"""Help as text: topics that somebody has written, the one made of the words for refusals, and finding words in them.

Belongs here: where the words come from, and which passage holds some of them.
Does not belong here: how a topic becomes a page (`help`), the words for refusals (`gateways.messages`).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Final

from msgspec import Struct

from gateways.messages import MESSAGES
from gateways.portal.texts import Language

WRITTEN: Final = (
    "start",
    "register",
    "sign-up",
    "bidding-room",
    "watching",
    "hosting",
    "finance",
    "administration",
    "programs",
)
"""In the order in which they are offered; each is a Markdown file in `help/` for each language."""

REFUSALS: Final = "refusals"
TOPICS: Final = (*WRITTEN, REFUSALS)
FOUND_MAX: Final = 30
TERMS_MAX: Final = 8


class Passage(Struct, frozen=True):
    """A part of a topic under a heading of its own, as plain text without marks."""

    topic: str
    heading: str
    text: str


def markdown_of(name: str, language: Language) -> str:
    """Return one of `TOPICS` as Markdown, its title in the first line."""
    if name == REFUSALS:
        return _refusals(language)
    folder = files(__package__ or "gateways.portal") / "help"
    return (folder / f"{name}.{language}.md").read_text("utf-8")


def find(words: str, language: Language) -> list[Passage]:
    """Return the passages that hold all of some words, at most `FOUND_MAX`; topics before single refusals."""
    terms = words.casefold().split()[:TERMS_MAX]
    if not terms:
        return []
    found = (one for one in _passages(language) if all(term in _sought(one) for term in terms))
    return [passage for passage, _ in zip(found, range(FOUND_MAX), strict=False)]


def _sought(passage: Passage) -> str:
    return f"{passage.heading} {passage.text}".casefold()


@cache
def _passages(language: Language) -> tuple[Passage, ...]:
    written = (passage for name in WRITTEN for passage in _parts(name, markdown_of(name, language)))
    refusals = (
        Passage(REFUSALS, language.half_of(message.zh, message.en), _next(code, language))
        for code, message in MESSAGES.items()
    )
    return (*written, *refusals)


def _parts(name: str, markdown: str) -> Iterator[Passage]:
    """Return a topic by its headings; what stands before the first goes by the topic's own."""
    title, *parts = markdown.removeprefix("# ").split("\n## ")
    heading, _, text = title.partition("\n")
    yield Passage(name, heading, _plain(text))
    for part in parts:
        below, _, text = part.partition("\n")
        yield Passage(name, f"{heading} · {below}", _plain(text))


def _plain(markdown: str) -> str:
    """Return Markdown without its marks: pictures, addresses of links, rows of tables."""
    lines = (line.strip() for line in markdown.splitlines())
    kept = (line for line in lines if line and not line.startswith(("![", "|---")))
    text = " ".join(line.strip("|").replace(" | ", "：").strip(" -#") for line in kept)
    for mark in ("**", "`", "["):
        text = text.replace(mark, "")
    while (begin := text.find("](")) >= 0 and (end := text.find(")", begin)) >= 0:
        text = text[:begin] + text[end + 1 :]
    return text


def _next(code: str, language: Language) -> str:
    message = MESSAGES[code]
    return f"{language.half_of(message.next_zh, message.next_en)} ({code})"


def _refusals(language: Language) -> str:
    """Return every refusal that a person or a program can meet, in the words that the pages use."""
    lines = [
        f"# {language.say('help_refusals')}",
        "",
        language.say("help_refusals_text"),
        "",
        f"| {language.say('help_says')} | {language.say('help_do')} |",
        "|---|---|",
    ]
    for code, message in MESSAGES.items():
        says = language.half_of(message.zh, message.en)
        do = language.half_of(message.next_zh, message.next_en)
        lines.append(f"| {says} `{code}` | {do} |".replace("\n", " "))
    return "\n".join(lines)
