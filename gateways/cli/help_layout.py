"""How `--help` is laid out: a language a line, sentences that fill the line, names shown as they are typed.

Belongs here: what the renderer of the help would otherwise make of texts in two languages. Does not belong here: the
texts, which stand with the commands.
"""

from __future__ import annotations

import re
from typing import Any

from rich.cells import cell_len, chop_cells

LINE_CELLS_MAX = 30
"""What the narrowest column for help takes on a terminal of 80."""

_CHINESE = "\u3000-\u303f\u4e00-\u9fff\uff00-\uffef"
_BOTH = re.compile(rf"(?P<english>.*?[.;:)`?]) (?P<chinese>[^ ]*[{_CHINESE}].*)", re.DOTALL)
_BETWEEN_CHINESE = re.compile(rf"(?<=[{_CHINESE}])\s*\n\s*(?=[{_CHINESE}])")
_BESIDE_CHINESE = re.compile(rf"(?<=[{_CHINESE}]) | (?=[{_CHINESE}])")
_BEHIND_PUNCTUATION = re.compile("(?<=[，；、。：（）])")
_EMOJI_CODE = re.compile(r":(\w+):")


def laid_out(command: Any) -> None:
    """Lay the help of a command out, and that of its options and its own commands."""
    if command.help:
        command.help = _unharmed("\n\n".join(_paragraph(text) for text in command.help.split("\n\n")))
    for parameter in command.params:
        if getattr(parameter, "help", None):
            parameter.help = _unharmed(_by_language(parameter.help))
    for inner in getattr(command, "commands", {}).values():
        laid_out(inner)


def _paragraph(text: str) -> str:
    """Return a paragraph that wraps where the terminal ends, not where the source did; examples keep their lines."""
    if any(line.lstrip().startswith("luochui ") for line in text.splitlines()):
        return text
    return " ".join(line.strip() for line in _BETWEEN_CHINESE.sub("", text).splitlines())


def _by_language(text: str) -> str:
    """Return a text with its Chinese on lines of its own, unless both are short.

    The renderer breaks lines at spaces only, and cuts off what is longer than its column.
    """
    both = _BOTH.fullmatch(text)
    if both is None or cell_len(text) <= LINE_CELLS_MAX:
        return text
    return "\n\n".join([both["english"], *_lines(_BESIDE_CHINESE.sub("", both["chinese"]))])


def _lines(chinese: str) -> list[str]:
    """Break Chinese behind its punctuation where it would not fit a line."""
    lines = [""]
    for part in _BEHIND_PUNCTUATION.split(chinese):
        if cell_len(lines[-1] + part) <= LINE_CELLS_MAX:
            lines[-1] += part
        else:
            lines += chop_cells(part, LINE_CELLS_MAX)
    return [line for line in lines if line]


def _unharmed(text: str) -> str:
    """Return a text in which `assets:bank:cny` is not taken for one with a picture of a bank in it."""
    return _EMOJI_CODE.sub(r":[not blink]\1[/not blink]:", text)
