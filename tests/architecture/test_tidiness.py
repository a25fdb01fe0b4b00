"""The house stays tidy: rooms, names, and what pure rules may never touch.

The rules of matching and of the ledger must give the same answer for ever, so nothing in them may ask a clock, a
random source or the network, and nothing may be a floating-point number.
"""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from exchange.settings import Settings

PROJECT = Path(__file__).resolve().parents[2]
ROOMS = ("exchange", "gateways", "ledger", "loadtests", "matching")
TOP_FOLDERS = {*ROOMS, "deploy", "tests", ".ci", ".github"}
VAGUE_NAMES = {"base", "common", "helper", "helpers", "manager", "misc", "util", "utils"}

IMPURE_MODULES = {
    "aiohttp", "asyncio", "asyncpg", "calendar", "datetime", "http", "io", "locale", "logging", "os", "pathlib",
    "random", "redis", "secrets", "select", "shutil", "socket", "sqlite3", "ssl", "subprocess", "sys", "tempfile",
    "threading", "time", "urllib", "zoneinfo",
}  # fmt: skip
IMPURE_CALLS = {"eval", "exec", "float", "hash", "id", "input", "open", "print", "uuid1", "uuid4"}
"""`hash` differs between processes for texts, `id` between runs."""

LEDGER_RULES = {
    "accounts.py", "chain.py", "exports/uppercase.py", "fees.py", "forfeits.py", "interest.py", "lot_rules.py",
    "receipts.py", "records.py", "register.py", "rules.py", "settlement.py", "transfers.py", "units.py",
    "payouts/rules.py", "payouts/decisions.py",
    "bank/booking.py", "bank/camt.py", "bank/csv_file.py", "bank/documents.py", "bank/notice.py", "bank/proposals.py",
    "bank/reading.py", "bank/records.py", "bank/references.py", "bank/statements.py", "bank/values.py",
    "bank/webhook.py",
}  # fmt: skip
"""Modules of the ledger that are rules; the others talk to a database, read files or a calendar."""

UNFINISHED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|NotImplemented" + r"Error)\b")


def tracked() -> list[Path]:
    """Return the project's own files: those that git knows or would take."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout, so its own files cannot be told from others")
    return [path for line in listed.stdout.splitlines() if (path := PROJECT / line).is_file()]


def modules(*rooms: str) -> list[Path]:
    return sorted(path for room in rooms for path in (PROJECT / room).rglob("*.py"))


def pure_modules() -> list[Path]:
    ledger = PROJECT / "ledger"
    rules = (path for path in modules("ledger") if str(path.relative_to(ledger)) in LEDGER_RULES)
    return [*modules("matching"), *rules]


def impurities(tree: ast.AST) -> Iterator[str]:
    """Yield what a pure module may not contain, with the line where it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = {(node.module or "").split(".")[0]}
        else:
            names = set()
        yield from (f"{_line(node)}: imports {name}" for name in sorted(names & IMPURE_MODULES))
        if isinstance(node, ast.Call) and _called(node) in IMPURE_CALLS:
            yield f"{_line(node)}: calls {_called(node)}"
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield f"{_line(node)}: the floating-point number {node.value}"
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            yield f"{_line(node)}: a division that gives a floating-point number"


def _line(node: ast.AST) -> str:
    return f"line {getattr(node, 'lineno', 0)}"


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def named(path: Path) -> str:
    return str(path.relative_to(PROJECT))


def test_the_folders_at_the_top_are_those_of_the_layout() -> None:
    folders = {path.relative_to(PROJECT).parts[0] for path in tracked() if path.parent != PROJECT}
    assert folders <= TOP_FOLDERS


@pytest.mark.parametrize("path", pure_modules(), ids=named)
def test_rules_are_pure(path: Path) -> None:
    assert list(impurities(ast.parse(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    "line",
    [
        "import random",
        "from time import sleep",
        "import os.path",
        "x = 0.5",
        "x = 1 / 2",
        "x = float(3)",
        "open('x')",
    ],
)
def test_the_check_of_purity_sees_what_it_should(line: str) -> None:
    assert list(impurities(ast.parse(line))) != []


def test_no_module_has_a_name_that_says_nothing() -> None:
    vague = [named(path) for path in modules(*ROOMS, "tests") if {path.stem, path.parent.name} & VAGUE_NAMES]
    assert vague == []


def test_every_module_says_what_it_is() -> None:
    silent = [
        named(path)
        for path in modules(*ROOMS, "tests")
        if (text := path.read_text(encoding="utf-8")) and ast.get_docstring(ast.parse(text)) is None
    ]
    assert silent == []


def test_nothing_is_left_unfinished() -> None:
    suffixes = {".py", ".sql", ".js", ".html", ".css", ".sh", ".toml", ".yml", ".md"}
    unfinished = [
        f"{named(path)}:{number}"
        for path in tracked()
        if path.suffix in suffixes
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if UNFINISHED.search(line)
    ]
    assert unfinished == []


def test_no_page_of_prose_says_a_chapter_twice() -> None:
    for path in (path for path in tracked() if path.suffix == ".md"):
        chapters = re.findall(r"^## .+$", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert len(set(chapters)) == len(chapters), f"{path}: {chapters}"


def test_tests_replace_no_code_of_ours() -> None:
    patching = [
        named(path)
        for path in modules("tests")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom | ast.Import)
        and any("mock" in name for name in [getattr(node, "module", "") or "", *(a.name for a in node.names)])
    ]
    assert patching == []


def test_the_pinned_requirements_name_no_download_address() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (PROJECT / name).read_text(encoding="utf-8")
        assert "://" not in text
        pins = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
        assert all("==" in pin and pin.endswith("\\") for pin in pins)


def test_every_setting_is_read_somewhere() -> None:
    read = {
        node.attr
        for path in modules(*ROOMS)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value).split(".")[-1] == "settings"
    }
    read.add("log_file")  # stands behind the property `log_path`
    assert set(Settings.model_fields) - read == set()
