"""The command line as a whole: every noun is there, helps in two languages, and ends with its documented code."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import gateways.cli
from exchange import __version__
from gateways.cli import NOUNS, app, load_noun
from gateways.cli.outcomes import MEANINGS, CommandFailed, ExitCode, code_of
from gateways.cli.run import create_user_command

CHINESE = re.compile("[\u4e00-\u9fff]")


def test_the_overview_lists_every_noun_in_both_languages() -> None:
    shown = CliRunner().invoke(app, ["--help"])
    assert shown.exit_code == ExitCode.OK
    for noun, line in NOUNS.items():
        assert noun in shown.stdout
        assert CHINESE.search(line)


def test_every_module_of_a_noun_is_listed_and_every_listed_noun_has_one() -> None:
    folder = Path(gateways.cli.__file__).parent
    inside = {"__init__", "__main__", "outcomes"}
    found = {
        path.stem
        for path in folder.glob("*.py")
        if path.stem not in inside
        and re.search(r"^(app = typer|def command\()", path.read_text("utf-8"), re.M)
    }
    assert found == set(NOUNS)


@pytest.mark.parametrize("noun", NOUNS)
def test_every_noun_helps(noun: str) -> None:
    assert load_noun(noun).name == noun
    shown = CliRunner().invoke(app, [noun, "--help"])
    assert shown.exit_code == ExitCode.OK
    assert CHINESE.search(shown.stdout)


def test_the_version_is_printed() -> None:
    assert f"luochui {__version__}" in CliRunner().invoke(app, ["--version"]).stdout


def test_an_unknown_noun_is_a_usage_error() -> None:
    refused = CliRunner().invoke(app, ["nonsense"])
    assert refused.exit_code == ExitCode.USAGE
    assert "nonsense" in refused.stderr


def test_the_overview_imports_no_server() -> None:
    program = "import sys, gateways.cli; sys.exit('aiohttp' in sys.modules or 'asyncpg' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_exit_codes_are_documented_and_keep_their_numbers() -> None:
    assert {code.name: code.value for code in ExitCode} == {
        "OK": 0,
        "REFUSED": 1,
        "USAGE": 2,
        "UNREACHABLE": 3,
        "CONFIGURATION": 4,
        "INTERNAL": 70,
    }
    assert set(MEANINGS) == set(ExitCode)


def test_a_failed_command_says_why_and_an_unexpected_error_shows_its_trace(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert code_of(CommandFailed("no exchange there", ExitCode.UNREACHABLE)) == ExitCode.UNREACHABLE
    assert "no exchange there" in capsys.readouterr().err
    assert code_of(ZeroDivisionError("a mistake")) == ExitCode.INTERNAL
    assert "ZeroDivisionError: a mistake" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("called", "on_the_path", "program"),
    [
        (".venv/bin/luochui", None, ".venv/bin/luochui"),
        ("/usr/bin/luochui", "/usr/bin/luochui", "luochui"),
        ("/opt/a/luochui", "/usr/bin/luochui", "/opt/a/luochui"),
        ("/opt/gateways/cli/__main__.py", None, "luochui"),
    ],
)
def test_the_start_names_a_command_that_can_be_typed_as_it_stands(
    monkeypatch: pytest.MonkeyPatch, called: str, on_the_path: str | None, program: str
) -> None:
    monkeypatch.setattr(sys, "argv", [called])
    monkeypatch.setattr(shutil, "which", lambda name: on_the_path)
    assert create_user_command(None, None, None) == f"{program} admin create-user --role admin"


def test_the_named_command_leads_to_the_same_data_and_shows_no_password() -> None:
    command = create_user_command("postgresql://user:secret@host/exchange", Path("/srv/data"), None)
    assert command.endswith("--database-url … --data-dir /srv/data")
