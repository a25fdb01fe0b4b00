"""Which language a command answers in: what was asked for, else what the environment says."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import StrEnum

VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")


class Language(StrEnum):
    """Languages of everything that people read."""

    ZH = "zh"
    EN = "en"

    def say(self, english: str, chinese: str) -> str:
        """Return the text in this language."""
        return chinese if self is Language.ZH else english


def language_of(environment: Mapping[str, str] = os.environ) -> Language:
    """Return the language of the environment: Chinese for zh_*, else English."""
    locale = next((environment[name] for name in VARIABLES if environment.get(name)), "")
    return Language.ZH if locale.lower().startswith("zh") else Language.EN
