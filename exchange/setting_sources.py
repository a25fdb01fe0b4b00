"""Where settings come from: defaults, a TOML file, the environment, the command line; the later one wins.

Belongs here: merging the sources, and saying everything that is wrong with them at once.
Does not belong here: the settings themselves (`exchange.settings`).
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import EnvSettingsSource

from exchange.setting_checks import NotAllowed
from exchange.setting_words import as_text, kind, shown_value
from exchange.settings import ENVIRONMENT_PREFIX, Settings, default_data_directory

CONFIG_VARIABLE = "LUOCHUI_CONFIG"
CONFIG_FILE = "luochui.toml"


@dataclass(frozen=True, slots=True)
class SettingProblem:
    """One thing that is wrong with what was given.

    Args:
        key: setting, as in the TOML file; empty when the whole source is at fault.
        source: where the value came from, in words.
        given: the value, as text; a secret is masked.
        allowed: what may stand there, English.
        allowed_zh: the same in Chinese.
    """

    key: str
    source: str
    given: str
    allowed: str
    allowed_zh: str

    def __str__(self) -> str:
        what = f"{self.key} = {self.given}" if self.key else self.given
        return f"{what}  ({self.source})\n    allowed: {self.allowed}\n    可用值：{self.allowed_zh}"


class SettingsProblems(Exception):
    """The settings cannot be used; `problems` holds everything that is wrong, at once."""

    def __init__(self, problems: list[SettingProblem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """Settings together with where each value came from, in words, by key."""

    settings: Settings
    sources: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Given:
    """One source: its name for people, its values, and what is wrong with it as a whole."""

    name: str
    values: Mapping[str, object]
    problems: tuple[SettingProblem, ...] = ()


def load_settings(
    flags: Mapping[str, object] | None = None,
    *,
    config: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """Return the settings from defaults, TOML, environment and flags; see `load_settings_with_sources`.

    Raises: SettingsProblems.
    """
    return load_settings_with_sources(flags, config=config, environment=environment).settings


def load_settings_with_sources(
    flags: Mapping[str, object] | None = None,
    *,
    config: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> LoadedSettings:
    """Merge all sources and check the result.

    Args:
        flags: values from the command line by key; None means not given.
        config: TOML file; when absent `$LUOCHUI_CONFIG`, then `luochui.toml` here, if there is one.
        environment: variables; the process's own when absent.

    Raises: SettingsProblems, with every problem of every source.
    """
    variables = os.environ if environment is None else environment
    given = [_toml_values(config, variables), _environment_values(variables), _flag_values(flags or {})]
    values: dict[str, object] = {}
    sources: dict[str, str] = {}
    problems = [problem for source in given for problem in source.problems]
    for source in given:
        values.update(source.values)
        sources.update(dict.fromkeys(source.values, source.name))
    if "data_dir" not in values:
        problems += _default_data_dir(values, variables)
    settings = _validated(values, sources, problems)
    if problems or settings is None:
        raise SettingsProblems(problems)
    settings._sources = MappingProxyType(sources)
    return LoadedSettings(settings, sources)


def as_environment(settings: Settings) -> dict[str, str]:
    """Return the variables by which another process of ours gets the same settings, passwords included."""
    values = ((key, getattr(settings, key)) for key in Settings.model_fields)
    return {ENVIRONMENT_PREFIX + key.upper(): as_text(value) for key, value in values}


def _toml_values(config: Path | None, variables: Mapping[str, str]) -> _Given:
    named = config or (Path(variables[CONFIG_VARIABLE]) if variables.get(CONFIG_VARIABLE) else None)
    file = named or Path(CONFIG_FILE)
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if named is None:
            return _Given(str(file), {})
        return _Given(str(file), {}, (_bad_file(file, "a file that exists", "存在的文件"),))
    except OSError as error:
        hint = f"a file that can be read ({error.strerror})"
        return _Given(str(file), {}, (_bad_file(file, hint, f"可读取的文件（{error.strerror}）"),))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        hint = f"a TOML file in UTF-8 ({error})"
        return _Given(str(file), {}, (_bad_file(file, hint, f"UTF-8 编码的 TOML 文件（{error}）"),))
    return _Given(str(file), values)


def _bad_file(file: Path, allowed: str, allowed_zh: str) -> SettingProblem:
    return SettingProblem("", "configuration file 配置文件", str(file), allowed, allowed_zh)


def _environment_values(variables: Mapping[str, str]) -> _Given:
    """Return what `LUOCHUI_*` says; an empty variable counts as not given, unknown ones are left alone."""
    source = EnvSettingsSource(Settings, env_ignore_empty=True)
    source.env_vars = {name.lower(): value for name, value in variables.items() if value}
    return _Given("environment 环境变量", source())


def _flag_values(flags: Mapping[str, object]) -> _Given:
    return _Given("command line 命令行", {key: value for key, value in flags.items() if value is not None})


def _default_data_dir(values: dict[str, object], variables: Mapping[str, str]) -> list[SettingProblem]:
    try:
        values["data_dir"] = default_data_directory(variables)
    except ValueError as error:
        hint = f"set LUOCHUI_DATA_DIR or --data-dir ({error})"
        hint_zh = "请设置 LUOCHUI_DATA_DIR 或 --data-dir（HOME 未设置）"
        return [SettingProblem("data_dir", "default 默认值", "", hint, hint_zh)]
    return []


def _validated(
    values: Mapping[str, object], sources: Mapping[str, str], problems: list[SettingProblem]
) -> Settings | None:
    """Build the settings; what is wrong is added to the problems instead."""
    fallback = {} if "data_dir" in values else {"data_dir": Path("/")}
    try:
        return Settings.model_validate({**values, **fallback})
    except ValidationError as error:
        problems += [_problem(details, values, sources) for details in error.errors()]
        return None


def _problem(
    details: ErrorDetails, values: Mapping[str, object], sources: Mapping[str, str]
) -> SettingProblem:
    key = str(details["loc"][0]) if details["loc"] else ""
    source = sources.get(key, "default 默认值")
    given = shown_value(key, values.get(key))
    if details["type"] == "extra_forbidden":
        near = difflib.get_close_matches(key, Settings.model_fields, 1)
        meant = f"; did you mean {near[0]}?" if near else ""
        meant_zh = f"；是否想写 {near[0]}？" if near else ""
        hint = f"this key does not exist{meant} (luochui config doc lists all)"
        return SettingProblem(key, source, given, hint, f"没有此配置项{meant_zh}（见 luochui config doc）")
    taken = kind(Settings.model_fields[key]) if key in Settings.model_fields else details["msg"]
    refusal = details.get("ctx", {}).get("error")
    if isinstance(refusal, NotAllowed):
        return SettingProblem(key, source, given, refusal.allowed, refusal.allowed_zh)
    return SettingProblem(key, source, given, taken, taken)
