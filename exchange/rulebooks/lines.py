"""Where in a TOML text something stands, so that a message can name the line.

Belongs here: finding lines. Does not belong here: reading TOML (the standard library does).
"""

from __future__ import annotations

import re

_TABLE = re.compile(r"^\s*(?P<array>\[\[)?\[?\s*(?P<name>[A-Za-z0-9_.\"-]+)\s*\]")
_KEY = re.compile(r"^\s*(?P<key>[A-Za-z0-9_\"-]+(?:\.[A-Za-z0-9_\"-]+)*)\s*=")


class LineMap:
    """The lines of tables and keys, by their path: `limit.2.max`, `title.zh`, `phase.0`."""

    def __init__(self, text: str) -> None:
        self._lines: dict[str, int] = {}
        counts: dict[str, int] = {}
        place = ""
        for number, line in enumerate(text.splitlines(), 1):
            table = _TABLE.match(line)
            key = _KEY.match(line)
            if table is not None and key is None:
                place = table["name"].replace('"', "")
                if table["array"]:
                    index = counts[place] = counts.get(place, -1) + 1
                    place = f"{place}.{index}"
                self._lines.setdefault(place, number)
            elif key is not None:
                name = key["key"].replace('"', "")
                self._lines.setdefault(f"{place}.{name}" if place else name, number)

    def line(self, path: str) -> int:
        """Return the line of a path, else of the nearest thing around it; 0 for the file as a whole."""
        while path:
            found = self._lines.get(path) or self._lines.get(path + "_us")
            if found:
                return found
            path = path.rpartition(".")[0]
        return 0
