"""The sources of the pages stay tidy: every phrase is said and there where it is said, every class and export is used.

Belongs here: what can be read off the sources. Does not belong here: what a browser shows (`tests/browser`).
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
SOURCES = PROJECT / "gateways/web/src"
PORTAL = PROJECT / "gateways/portal"
OPEN_TO_ALL = SOURCES / "texts/phrases.ts"
"""The phrases that every page knows."""

PHRASE_MAP = re.compile(
    r"^(?:export )?const ([A-Z_]+)\b[^{=]*= \{(.*?)\n?\}[^\n]*;$", re.DOTALL | re.MULTILINE
)
KEY = re.compile(r'^ +"?([\w.]+)"?: \[', re.MULTILINE)
SPREAD = re.compile(r"\.\.\.(\w+)")
IMPORTED = re.compile(r'(?:from|import\(|import) ?"(\.[^"]+)"')
SAID = re.compile(r"\bsay\(((?:[^()]|\([^()]*\))*)\)")
TEXT = re.compile(r"""(?<![=!]== )(?<!\w)(["'])([\w.-]+)\1""")
ANY_TEXT = re.compile(r"""["'`]([\w.-]+)["'`]""")
TEMPLATE = re.compile(r"`([^`\n]*\$\{[^`\n]*)`")
FILLED = re.compile(r"\$\{[^}]*\}")
CALL = re.compile(r"\.\w+\([^()]*\)")
CLASS = re.compile(r"\.(-?[a-z][\w-]*)")
EXPORT = re.compile(r"^export (?:async )?(?:const|function|class|interface|type|enum) (\w+)", re.MULTILINE)


@cache
def sources() -> dict[Path, str]:
    """Return what people wrote for the pages, by path; neither tests nor what is generated."""
    return {
        path: path.read_text(encoding="utf-8")
        for path in sorted(SOURCES.rglob("*"))
        if path.suffix in (".ts", ".vue", ".css") and not path.name.endswith((".test.ts", ".d.ts"))
    }


@cache
def phrase_maps() -> dict[tuple[Path, str], set[str]]:
    """Return what every map of phrases holds, by its file and name: keys, and the names of maps that it takes in."""
    return {
        (path, name): {*KEY.findall(body), *(f"...{other}" for other in SPREAD.findall(body))}
        for path, text in sources().items()
        for name, body in PHRASE_MAP.findall(text)
        if KEY.search(body) or SPREAD.search(body)
        if path.suffix == ".ts" and "PHRASES" in text
    }


def keys_of(path: Path, name: str) -> set[str]:
    """Return the keys of a map as its file or one that it imports has it, with those of the maps that it takes in."""
    at = next(((one, name) for one in [path, *imported_by(path)] if (one, name) in phrase_maps()), None)
    own = phrase_maps()[at] if at else set()
    taken_in = {
        key for one in own if one.startswith("...") for key in keys_of(at[0] if at else path, one[3:])
    }
    return {one for one in own if not one.startswith("...")} | taken_in


def imported_by(path: Path) -> list[Path]:
    """Return the files that a file imports, at once or later."""
    found = []
    for name in IMPORTED.findall(sources()[path]):
        at = (path.parent / name).resolve()
        options = [at, at.with_name(at.name + ".ts"), at / "index.ts"]
        found += [one for one in options if one in sources()][:1]
    return found


def shown_by(page: Path) -> set[Path]:
    """Return all files that a page is made of."""
    found, left = {page}, [page]
    while left:
        new = [path for path in imported_by(left.pop()) if path not in found]
        found.update(new)
        left += new
    return found


def patterns(texts: list[str]) -> list[re.Pattern[str]]:
    """Return what texts that are put together may become; those without a fixed part could be anything."""
    made = [FILLED.sub("\0", text) for text in texts]
    parts = {part for text in made for part in text.split() if "\0" in part and re.search("[a-z]{2}", part)}
    return [re.compile(re.escape(part).replace("\0", r"[\w.-]*") + "$") for part in sorted(parts)]


def test_every_phrase_is_said_somewhere() -> None:
    books = {path for path, _ in phrase_maps()}
    written = [text for path, text in sources().items() if path.suffix != ".css" and path not in books]
    literals = {text for source in written for text in ANY_TEXT.findall(source)}
    possible = patterns([text for source in written for text in TEMPLATE.findall(source)])
    silent = {
        f"{path.parent.name}/{path.name}: {key}"
        for path, name in phrase_maps()
        for key in phrase_maps()[path, name]
        if not key.startswith("...")
        and not any(is_among(one, literals, possible) for one in (key, key.removesuffix("_one")))
    }
    assert sorted(silent) == []


def is_among(name: str, literals: set[str], possible: list[re.Pattern[str]]) -> bool:
    return name in literals or any(pattern.match(name) for pattern in possible)


def test_every_page_knows_the_phrases_that_it_says() -> None:
    unknown = []
    for page in sorted((SOURCES / "pages").glob("*.ts")):
        known = keys_of(OPEN_TO_ALL, "PHRASES")
        for path in (page, SOURCES / "portal/portal.ts") if page.stem == "portal" else (page,):
            for name in re.findall(r"\w+_PHRASES", sources()[path]):
                known |= keys_of(path, name)
        unknown += [
            f"{page.stem}: {key} in {path.name}"
            for path in sorted(shown_by(page))
            for said in SAID.findall(sources()[path])
            for _, key in TEXT.findall(CALL.sub("", said.split(", {")[0]))
            if key not in known
        ]
    assert unknown == []


def test_every_phrase_of_the_portal_is_said_somewhere() -> None:
    """A key counts as said where it stands, or where what it begins with does: the rest may be put to it."""
    books = [PORTAL / "phrases.py", PORTAL / "programme_phrases.py"]
    files = [path for path in PORTAL.rglob("*") if path.suffix in (".py", ".html") and path not in books]
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    literals = set(re.findall(r"""["'](\w+?)_?(?:["']|\{)""", text))
    keys = {
        key for book in books for key in re.findall(r'^    "(\w+)": ', book.read_text("utf-8"), re.MULTILINE)
    }
    starts = {key: {key[: end.start()] for end in re.finditer("_|$", key)} for key in keys}
    assert sorted(key for key in keys if not starts[key] & literals) == []


def styles(text: str) -> str:
    """Return the selectors of a style sheet, or of the styles of a component."""
    sheet = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    selectors = re.findall(r"([^{};]+)\{", sheet)
    return "\n".join(one for part in selectors for one in part.split(",") if ".el-" not in one)


def test_every_class_with_a_style_is_given_to_something() -> None:
    sheets = {path: text for path, text in sources().items() if path.suffix == ".css"}
    sheets |= {
        path: "\n".join(re.findall(r"<style[^>]*>(.*?)</style>", text, re.DOTALL))
        for path, text in sources().items()
        if path.suffix == ".vue"
    }
    given = [
        re.sub(r"<style.*?</style>", "", text, flags=re.DOTALL)
        for path, text in sources().items()
        if path.suffix != ".css"
    ]
    given += [
        path.read_text("utf-8")
        for path in [*PORTAL.rglob("*.html"), *PORTAL.rglob("*.py"), PROJECT / "gateways/pages.py"]
    ]
    text = "\n".join(given)
    words = set(re.findall(r"[\w-]+", text))
    possible = patterns(
        [
            *TEMPLATE.findall(text),
            *(re.sub(r"\{\{.*?\}\}", "${}", one) for one in re.findall(r'class="([^"]*\{\{[^"]*)"', text)),
        ]
    )
    unused = [
        f"{path.relative_to(SOURCES)}: {name}"
        for path, sheet in sheets.items()
        for name in sorted({*CLASS.findall(styles(sheet))})
        if not is_among(name, words, possible)
    ]
    assert unused == []


def test_every_export_is_used_somewhere() -> None:
    text = "\n".join(path.read_text("utf-8") for path in SOURCES.rglob("*") if path.suffix in (".ts", ".vue"))
    uses = Counter(re.findall(r"\w+", text))
    unused = [
        f"{path.relative_to(SOURCES)}: {name}"
        for path, source in sources().items()
        for name in EXPORT.findall(source)
        if uses[name] == 1
    ]
    assert unused == []
