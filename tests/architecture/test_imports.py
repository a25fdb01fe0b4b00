"""The rooms keep to themselves: the import contracts of pyproject.toml hold."""

from pathlib import Path

import pytest
from importlinter.cli import lint_imports

PROJECT = Path(__file__).resolve().parents[2]


def test_every_import_contract_holds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(PROJECT)
    outcome = lint_imports(config_filename="pyproject.toml", no_cache=True)
    assert outcome == 0, capsys.readouterr().out
