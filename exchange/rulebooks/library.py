"""The rulebooks at hand: those that ship with the exchange, and a centre's own from a folder.

Belongs here: finding files, and names that must not be used twice.
Does not belong here: what is in a rulebook (`reading`).
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path

from exchange.ports import ExchangeError
from exchange.rulebooks.reading import Finding, RulebookUnreadable, read_rulebook
from exchange.rulebooks.rulebook import Rulebook
from exchange.texts import BothLanguages

SUFFIX = ".toml"
OWN_RULEBOOKS_MAX = 1_000


class RulebooksUnusable(ExchangeError):
    """A folder of rulebooks holds something that is none; `findings` tells it for each file."""

    def __init__(self, findings: dict[str, tuple[Finding, ...]]) -> None:
        super().__init__(
            "\n".join(f"{file}: {finding}" for file, found in findings.items() for finding in found)
        )
        self.findings = findings


class Library:
    """Rulebooks by name."""

    def __init__(self, rulebooks: dict[str, Rulebook]) -> None:
        self._rulebooks = rulebooks

    def get(self, name: str) -> Rulebook | None:
        """Return one rulebook; None when there is none of this name."""
        return self._rulebooks.get(name)

    def all(self) -> list[Rulebook]:
        """Return every rulebook: the shipped ones by name, then a centre's own."""
        return sorted(self._rulebooks.values(), key=lambda one: (not one.is_shipped, one.name))


@cache
def shipped() -> Library:
    """Return the rulebooks that ship with the exchange."""
    folder = files(__package__)
    texts = {
        file.name: file.read_text(encoding="utf-8") for file in folder.iterdir() if file.name.endswith(SUFFIX)
    }
    return Library(_read(texts, {}, is_shipped=True))


def library(folder: Path | None) -> Library:
    """Return the shipped rulebooks and those of a centre's own folder.

    A name of ours cannot be used for another rulebook: it would change, unseen, what lots were published under.

    Raises: RulebooksUnusable, when the folder cannot be read or a file in it is no rulebook.
    """
    ours = {rulebook.name: rulebook for rulebook in shipped().all()}
    if folder is None:
        return Library(ours)
    return Library(ours | _read(_texts(folder), ours, is_shipped=False))


def _texts(folder: Path) -> dict[str, str]:
    try:
        found = sorted(folder.iterdir())
        own = [file for file in found if file.suffix == SUFFIX and not file.name.startswith(".")]
        return {str(file): file.read_text(encoding="utf-8") for file in own[:OWN_RULEBOOKS_MAX]}
    except (OSError, UnicodeDecodeError) as error:
        text = BothLanguages(f"无法读取：{error}", f"cannot be read: {error}")
        raise RulebooksUnusable({str(folder): (Finding(0, "", text),)}) from error


def _read(texts: dict[str, str], taken: dict[str, Rulebook], *, is_shipped: bool) -> dict[str, Rulebook]:
    read: dict[str, Rulebook] = {}
    findings: dict[str, tuple[Finding, ...]] = {}
    for file, text in texts.items():
        try:
            rulebook = read_rulebook(text, is_shipped=is_shipped)
        except RulebookUnreadable as error:
            findings[file] = error.findings
            continue
        if rulebook.name in taken or rulebook.name in read:
            findings[file] = (_taken(rulebook.name),)
        read[rulebook.name] = rulebook
    known = taken.keys() | read.keys()
    for rulebook in read.values():
        if rulebook.followed_by and rulebook.followed_by not in known:
            findings.setdefault(rulebook.name, (_unknown_follower(rulebook.followed_by),))
    if findings:
        raise RulebooksUnusable(findings)
    return read


def _taken(name: str) -> Finding:
    text = BothLanguages(f"规则名“{name}”已被使用", f"another rulebook is called {name!r}")
    return Finding(0, "name", text)


def _unknown_follower(name: str) -> Finding:
    text = BothLanguages(f"没有规则“{name}”", f"there is no rulebook {name!r}")
    return Finding(0, "followed_by", text)
