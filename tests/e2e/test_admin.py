"""`luochui admin`: the first administrator, made while the exchange runs and while it does not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from exchange.embedded_postgres import EmbeddedPostgres
from tests.conftest import finish

PASSWORD = "a long password"


def admin(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return luochui("admin", *arguments, given=given)


def luochui(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LUOCHUI_")}
    return subprocess.run(
        [sys.executable, "-m", "gateways.cli", *arguments],
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=environment,
    )


@pytest.fixture
def place(database_url: str) -> tuple[str, str]:
    return "--database-url", database_url


def test_accounts_and_tokens_are_made_and_listed(place: tuple[str, str]) -> None:
    roles = ("--role", "admin", "--role", "host")
    made = admin(
        "create-user", "--login", "boss", "--name", "主管", *roles, "--password-stdin", *place, given=PASSWORD
    )
    assert (made.returncode, "boss (admin, host)" in made.stdout) == (0, True), made.stderr
    token = admin("create-token", "--login", "boss", *place)
    assert token.returncode == 0 and token.stdout.startswith("lc_") and len(token.stdout.split()) == 1
    listed = json.loads(admin("list-users", "--json", *place).stdout)
    assert [(one["login"], one["name"], one["roles"]) for one in listed] == [
        ("boss", "主管", ["admin", "host"])
    ]
    assert "boss" in admin("list-users", *place).stdout


def test_what_cannot_be_made_is_said_with_an_exit_code(place: tuple[str, str]) -> None:
    user = ("create-user", "--role", "admin", "--password-stdin", *place)
    assert admin(*user, "--login", "boss", given=PASSWORD).returncode == 0
    taken = admin(*user, "--login", "boss", given=PASSWORD)
    assert (taken.returncode, "taken" in taken.stderr) == (1, True)
    assert admin(*user, "--login", "other", given="short").returncode == 2
    assert admin(*user, "--login", "Not a login", given=PASSWORD).returncode == 2
    assert admin(*user, "--login", "x1", "--role", "king", given=PASSWORD).returncode == 2
    unknown = admin("create-token", "--login", "nobody", *place)
    assert (unknown.returncode, unknown.stdout) == (1, "")
    away = admin("list-users", "--database-url", "postgresql://nobody@127.0.0.1:1/none")
    assert (away.returncode, "Traceback" in away.stderr) == (3, False)


def test_the_embedded_database_is_used_whether_it_runs_or_not(tmp_path: Path) -> None:
    place = ("--data-dir", str(tmp_path))
    user = ("create-user", "--role", "admin", "--password-stdin", *place)
    first = admin(*user, "--login", "first", given=PASSWORD)
    assert first.returncode == 0, first.stderr
    running = EmbeddedPostgres(tmp_path / "postgres")
    finish(running.start())
    try:
        second = admin(*user, "--login", "second", given=PASSWORD)
        assert second.returncode == 0, second.stderr
    finally:
        finish(running.stop())
    listed = json.loads(admin("list-users", "--json", *place).stdout)
    assert [one["login"] for one in listed] == ["first", "second"]


def test_what_the_command_line_does_is_on_record_and_the_record_is_proven(place: tuple[str, str]) -> None:
    user = ("create-user", "--login", "boss", "--role", "admin", "--password-stdin", *place)
    assert admin(*user, given=PASSWORD).returncode == 0
    assert admin("create-token", "--login", "boss", *place).returncode == 0
    proven = luochui("audit", "verify", "--json", *place)
    report = json.loads(proven.stdout)
    assert (proven.returncode, report["entries"], report["flaws"]) == (0, 2, [])
    noted = f"{report['position']}:{report['link']}"
    assert luochui("audit", "verify", "--noted", noted, *place).returncode == 0
    other = f"{report['position']}:{'0' * 64}"
    refused = luochui("audit", "verify", "--noted", other, *place)
    assert (refused.returncode, "not the one that was noted" in refused.stdout) == (1, True)
    assert luochui("audit", "verify", "--noted", "nonsense", *place).returncode == 2
