"""Settings: which source wins, what is refused and how it is told, and that the documentation is complete."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from exchange.setting_sources import (
    SettingsProblems,
    as_environment,
    load_settings,
    load_settings_with_sources,
)
from exchange.setting_words import SettingDescription, describe_settings, shown_value
from exchange.settings import Settings, default_data_directory
from gateways.cli import app
from gateways.cli.outcomes import ExitCode

HOME = {"HOME": "/home/bidder"}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in an empty folder, so that nobody's luochui.toml is read."""
    monkeypatch.chdir(tmp_path)


def toml(text: str) -> Path:
    file = Path("given.toml")
    file.write_text(text, encoding="utf-8")
    return file


def problems_of(
    flags: dict[str, object], environment: dict[str, str], config: Path | None = None
) -> dict[str, str]:
    with pytest.raises(SettingsProblems) as refused:
        load_settings(flags, config=config, environment=environment)
    return {problem.key: problem.allowed for problem in refused.value.problems}


def test_without_any_source_the_defaults_hold() -> None:
    settings = load_settings(environment=HOME)
    assert (settings.host, settings.port, settings.demo) == ("127.0.0.1", 8080, True)
    assert settings.data_dir == Path("/home/bidder/.local/share/luochui")
    assert settings.log_path == settings.data_dir / "luochui.log"


def test_flags_beat_environment_beats_file_beats_default() -> None:
    file = toml("port = 1001\nsession_hours = 2\nheartbeat_ms = 3000\n")
    environment = {**HOME, "LUOCHUI_PORT": "1002", "LUOCHUI_SESSION_HOURS": "3"}
    loaded = load_settings_with_sources({"port": 1003, "host": None}, config=file, environment=environment)
    settings = loaded.settings
    assert (settings.port, settings.session_hours, settings.heartbeat_ms) == (1003, 3, 3000)
    assert loaded.sources["port"].startswith("command line")
    assert loaded.sources["session_hours"].startswith("environment")
    assert loaded.sources["heartbeat_ms"] == "given.toml"
    assert "host" not in loaded.sources


def test_the_file_of_the_working_folder_is_read_unless_another_is_named() -> None:
    Path("luochui.toml").write_text("port = 1001\n", encoding="utf-8")
    assert load_settings(environment=HOME).port == 1001
    named = {**HOME, "LUOCHUI_CONFIG": str(toml("port = 1002\n"))}
    assert load_settings(environment=named).port == 1002


def test_every_problem_of_every_source_is_told_at_once() -> None:
    environment = {"LUOCHUI_SESSION_HOURS": "0", "LUOCHUI_PUBLIC_ORIGINS": "https://good.example, nonsense"}
    found = problems_of({"port": "x"}, environment, toml('prot = 1\nlog_level = "loud"\nframes_burst = 5\n'))
    assert found["session_hours"] == "integer 1..720"
    assert "'nonsense' is none" in found["public_origins"]
    assert found["port"] == "integer 1..65535"
    assert "did you mean port?" in found["prot"]
    assert found["log_level"] == "debug | info | warning | error"
    assert "at least frames_per_second" in found["frames_burst"]
    assert "HOME is not set" in found["data_dir"]
    assert len(found) == 7


def test_a_problem_names_key_value_source_and_both_languages() -> None:
    with pytest.raises(SettingsProblems) as refused:
        load_settings(environment={**HOME, "LUOCHUI_FRAMES_BURST": "10"})
    told = str(refused.value)
    assert "frames_burst = 10" in told
    assert "environment" in told
    assert "at least frames_per_second, which is 50" in told
    assert "不小于 frames_per_second（50）" in told


@pytest.mark.parametrize(
    ("text", "part"),
    [("port = ", "a TOML file in UTF-8"), (None, "a file that exists")],
    ids=["broken", "absent"],
)
def test_a_file_that_cannot_be_used_is_a_problem(text: str | None, part: str) -> None:
    file = Path("absent.toml") if text is None else toml(text)
    assert part in problems_of({}, HOME, file)[""]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("host", "two words"),
        ("host", "300.1.1.1"),
        ("database_url", "mysql://there/db"),
        ("public_origins", ["https://host/path"]),
        ("public_origins", ["https://user@host"]),
        ("trusted_proxies", "127.0.0.1, proxy.example"),
        ("outbox_bytes_max", 65_535),
        ("demo", "perhaps"),
        ("redis_url", "http://there"),
    ],
)
def test_what_makes_no_sense_is_refused(key: str, value: object) -> None:
    assert list(problems_of({key: value}, HOME)) == [key]


@pytest.mark.parametrize(
    "field", [s for s in describe_settings() if s.kind.startswith("integer")], ids=lambda setting: setting.key
)
def test_bounds_hold_at_both_ends(field: SettingDescription) -> None:
    kind, key = field.kind, field.key
    low, high = (int(bound) for bound in kind.removeprefix("integer ").split(".."))
    others = {"frames_per_second": 1, "frame_bytes_max": 1_024}
    for value, is_allowed in ((low - 1, False), (low, True), (high, True), (high + 1, False)):
        flags: dict[str, object] = {
            **others,
            "frames_burst": 1_000_000,
            "outbox_bytes_max": 67_108_864,
            key: value,
        }
        if is_allowed:
            assert getattr(load_settings(flags, environment=HOME), key) == value
        else:
            assert key in problems_of(flags, HOME)


def test_another_process_gets_the_same_settings_by_its_environment() -> None:
    flags: dict[str, object] = {
        "database_url": "postgresql://me:secret@host/db",
        "trusted_proxies": "127.0.0.1, ::1",
        "demo": False,
        "shard": 2,
    }
    settings = load_settings(flags, environment=HOME)
    assert load_settings(environment=as_environment(settings)) == settings


def test_the_default_folder_follows_the_user() -> None:
    assert default_data_directory({"XDG_DATA_HOME": "/data", **HOME}) == Path("/data/luochui")
    assert default_data_directory({"XDG_DATA_HOME": "relative", **HOME}) == Path(
        "/home/bidder/.local/share/luochui"
    )
    with pytest.raises(ValueError, match="HOME"):
        default_data_directory({})


def test_settings_cannot_be_changed_and_read_nothing_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUOCHUI_PORT", "1")
    settings = Settings(data_dir=Path("/data"))
    assert settings.port == 8080
    with pytest.raises(ValueError, match="frozen"):
        settings.port = 2


def test_passwords_are_never_shown() -> None:
    assert shown_value("database_url", "postgresql://me:secret@host/db") == "postgresql://me:********@host/db"


def test_every_setting_is_described_in_both_languages() -> None:
    described = describe_settings()
    assert [setting.key for setting in described] == list(Settings.model_fields)
    for setting in described:
        assert setting.description.endswith(".")
        assert setting.description_zh.endswith("。")


def test_the_documented_toml_is_a_valid_file_once_uncommented() -> None:
    printed = CliRunner().invoke(app, ["config", "doc", "--format", "toml"]).stdout
    lines = [line.removeprefix("# ") for line in printed.splitlines() if " = " in line]
    lines = [line for line in lines if not line.endswith('""')]
    assert load_settings(config=toml("\n".join(lines)), environment=HOME) == load_settings(
        {"data_dir": Path("~/.local/share/luochui")}, environment=HOME
    )


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_every_form_of_the_documentation_names_every_setting(form: str) -> None:
    printed = CliRunner().invoke(app, ["config", "doc", "--format", form])
    assert printed.exit_code == ExitCode.OK
    assert all(key in printed.stdout for key in Settings.model_fields)


def test_check_ends_with_the_code_for_configuration_problems() -> None:
    refused = CliRunner().invoke(app, ["config", "check"], env={"LUOCHUI_PORT": "0"})
    assert refused.exit_code == ExitCode.CONFIGURATION
    assert "port = 0" in refused.stderr
    assert CliRunner().invoke(app, ["config", "check"]).exit_code == ExitCode.OK


def test_show_prints_value_and_source_and_hides_the_password() -> None:
    shown = (
        CliRunner()
        .invoke(
            app,
            ["config", "show"],
            env={"LUOCHUI_PORT": "1234", "LUOCHUI_DATABASE_URL": "postgresql://a:secret@b/c"},
        )
        .stdout
    )
    assert "1234  (environment" in shown
    assert "secret" not in shown
