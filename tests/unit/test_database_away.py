"""Commands that need the database say so when it does not answer, in one line and with an exit code of its own."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from gateways.cli import app
from gateways.cli.outcomes import ExitCode

COMMANDS = (
    ("journal", "verify"),
    ("journal", "archive", "--before", "2026-01", "--to", "archived"),
    ("shards", "list"),
    ("shards", "grow", "2"),
    ("shards", "move", "1", "--to", "1"),
    ("ledger", "verify"),
    ("audit", "verify"),
    ("admin", "create-token", "--login", "anna"),
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_database_that_is_away_is_no_internal_error(command: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, [*command, "--database-url", "postgresql://x@/x?host=/nowhere/at/all"])
    assert result.exit_code == ExitCode.UNREACHABLE, result.output
    assert "The database does not answer" in result.output
    assert "Traceback" not in result.output
