"""The command line as a whole: every noun is there, helps in two languages, and ends with its documented code."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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


def help_of(*command: str) -> str:
    """Return the words of a command's help, without what surrounds and colours them."""
    shown = CliRunner().invoke(app, [*command, "--help"]).stdout
    return " ".join(re.sub("\x1b\\[[0-9;]*m|│", "", shown).split())


def test_help_shows_names_as_they_are_typed_and_loses_no_word_on_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert "assets:bank:cny" in help_of("ledger", "account")
    engine = help_of("engine")
    assert "健康检查与指标端口； 0表示不提供" in engine
    assert "demo centre. Every engine settles the lots" in engine


def commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Give a command and all below it, with how each is called."""
    yield name, command
    for inner_name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, f"{name} {inner_name}")


@pytest.mark.parametrize("noun", NOUNS)
def test_every_option_is_told_in_both_languages(noun: str) -> None:
    for called, command in commands(load_noun(noun), noun):
        assert CHINESE.search(command.help), called
        for parameter in command.params:
            if not getattr(parameter, "hidden", False):
                told = parameter.help or ""
                assert CHINESE.search(told) and re.search("[A-Za-z]{2}", told), (called, parameter.name)


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--data-dir", "{file}"], "cannot be used"),
        (["--data-dir", "{file}/below"], "cannot be used"),
        (["--data-dir", "{folder}", "--host", "203.0.113.1"], "Nobody can listen on 203.0.113.1"),
        (["--data-dir", "{folder}", "--port", "99999"], "1..65535"),
    ],
)
def test_a_start_that_cannot_be_says_what_to_change(flags: list[str], told: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    places = {"file": tmp_path / "file", "folder": tmp_path / "data"}
    command = [sys.executable, "-m", "gateways.cli", "run", *(flag.format(**places) for flag in flags)]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path)
    assert ended.returncode == ExitCode.CONFIGURATION, ended.stderr
    assert told in ended.stderr and CHINESE.search(ended.stderr) and "Traceback" not in ended.stderr


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
