"""How many bytes a browser fetches for each page, compressed: out of the manifest that the build leaves.

Belongs here: which files a page needs, and their size. Does not belong here: how long they take.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

BUILT: Final = Path(str(files("gateways") / "web" / "dist"))
ENTRIES: Final = "src/pages/"
CHARTS: Final = ("curve", "chart")
"""A chunk that draws is known by its name."""

Manifest = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Weight:
    """Bytes of scripts and styles, compressed by gzip, without the document itself."""

    at_once: int
    """Before the page can run."""
    before_charts: int
    """With all that it fetches later, but charts."""
    whole: int
    """With charts."""


def page_weights(built: Path = BUILT) -> dict[str, Weight]:
    """Return the weight of every page by its name.  Raises: FileNotFoundError, where nothing is built."""
    manifest: Manifest = json.loads((built / "manifest.json").read_bytes())
    sizes = dict(_sizes(built, manifest))
    return {
        entry.removeprefix(ENTRIES).removesuffix(".ts"): Weight(
            at_once=_sum(sizes, manifest, _reached(manifest, entry, is_later_too=False)),
            before_charts=_sum(sizes, manifest, _reached(manifest, entry, is_later_too=True, leave_out=CHARTS)),
            whole=_sum(sizes, manifest, _reached(manifest, entry, is_later_too=True)),
        )
        for entry, chunk in manifest.items()
        if chunk.get("isEntry") and entry.startswith(ENTRIES)
    }  # fmt: skip


def _reached(
    manifest: Manifest, entry: str, *, is_later_too: bool, leave_out: tuple[str, ...] = ()
) -> list[str]:
    """Return a chunk and all that it fetches, each once."""
    reached = [entry]
    for name in reached:
        chunk = manifest[name]
        wanted = [*chunk.get("imports", ()), *(chunk.get("dynamicImports", ()) if is_later_too else ())]
        for other in wanted:
            if other not in reached and not any(mark in other.lower() for mark in leave_out):
                reached.append(other)
    return reached


def _sum(sizes: dict[str, int], manifest: Manifest, chunks: Iterable[str]) -> int:
    return sum({file: sizes[file] for name in chunks for file in _files(manifest[name])}.values())


def _sizes(built: Path, manifest: Manifest) -> Iterator[tuple[str, int]]:
    for file in {file for chunk in manifest.values() for file in _files(chunk)}:
        yield file, len(gzip.compress((built / file).read_bytes(), 6, mtime=0))


def _files(chunk: dict[str, Any]) -> list[str]:
    return [file for file in (chunk["file"], *chunk.get("css", ())) if file.endswith((".js", ".css"))]
