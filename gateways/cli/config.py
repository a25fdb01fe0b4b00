"""`luochui config`: what may be set, whether it is right, and what holds."""

import enum
import json
from collections.abc import Mapping
from pathlib import Path

import typer

from exchange.setting_sources import load_settings_with_sources
from exchange.setting_words import SettingDescription, describe_settings, shown_value

app = typer.Typer(no_args_is_help=True, add_completion=False)

ConfigOption = typer.Option(
    None, "--config", metavar="FILE", help="TOML file instead of luochui.toml. 指定 TOML 配置文件"
)


class DocumentForm(enum.StrEnum):
    """Forms in which the list of settings is printed."""

    TEXT = "text"
    TOML = "toml"
    MARKDOWN = "markdown"
    JSON = "json"


@app.command()
def doc(
    form: DocumentForm = typer.Option(DocumentForm.TEXT, "--format", help="Form of the list. 输出形式"),
) -> None:
    """Print every setting with its default, bounds and meaning. 列出全部配置项

    With --format toml the output is a complete luochui.toml with every line commented out.
    """
    write = {
        DocumentForm.TEXT: _as_text,
        DocumentForm.TOML: _as_toml,
        DocumentForm.MARKDOWN: _as_markdown,
        DocumentForm.JSON: _as_json,
    }
    typer.echo(write[form](describe_settings()))


@app.command()
def check(config: Path | None = ConfigOption) -> None:
    """Check file and environment; every problem is told at once. 检查配置，一次报告全部问题"""
    load_settings_with_sources(config=config)
    typer.echo("The configuration is right. 配置无误。")


@app.command()
def show(
    config: Path | None = ConfigOption,
    as_json: bool = typer.Option(False, "--json", help="As JSON, for programs. 输出 JSON"),
) -> None:
    """Print the values that hold and where each comes from. 显示生效值及其来源"""
    loaded = load_settings_with_sources(config=config)
    values = {key: shown_value(key, value) for key, value in loaded.settings.model_dump().items()}
    typer.echo(
        _values_as_json(values, loaded.sources) if as_json else _values_as_text(values, loaded.sources)
    )


def _as_text(settings: tuple[SettingDescription, ...]) -> str:
    return "\n\n".join(
        f"{setting.key} ({setting.kind}; default {setting.default or 'none'})\n"
        f"    {setting.description}\n    {setting.description_zh}\n"
        f"    {setting.variable}   {setting.flag}"
        for setting in settings
    )


def _as_toml(settings: tuple[SettingDescription, ...]) -> str:
    return "\n\n".join(
        f"# {setting.description}\n# {setting.description_zh}\n# {setting.kind}\n"
        f"# {setting.key} = {_toml_value(setting)}"
        for setting in settings
    )


def _toml_value(setting: SettingDescription) -> str:
    if setting.kind == "list of texts":
        return "[]"
    is_bare = setting.kind == "true | false" or setting.kind.startswith("integer")
    return setting.default if is_bare else json.dumps(setting.default, ensure_ascii=False)


def _as_markdown(settings: tuple[SettingDescription, ...]) -> str:
    head = "| key | environment | values | default | meaning | 含义 |\n|---|---|---|---|---|---|\n"
    return head + "\n".join(
        f"| `{setting.key}` | `{setting.variable}` | {setting.kind.replace('|', '/')} | {setting.default} "
        f"| {setting.description} | {setting.description_zh} |"
        for setting in settings
    )


def _as_json(settings: tuple[SettingDescription, ...]) -> str:
    fields = SettingDescription.__dataclass_fields__
    rows = [{name: getattr(setting, name) for name in fields} for setting in settings]
    return json.dumps(rows, ensure_ascii=False, indent=2)


def _values_as_text(values: Mapping[str, str], sources: Mapping[str, str]) -> str:
    width = max(map(len, values))
    return "\n".join(
        f"{key:<{width}}  {value or '-'}  ({_source(key, sources)})" for key, value in values.items()
    )


def _values_as_json(values: Mapping[str, str], sources: Mapping[str, str]) -> str:
    rows = {key: {"value": value, "source": _source(key, sources)} for key, value in values.items()}
    return json.dumps(rows, ensure_ascii=False, indent=2)


def _source(key: str, sources: Mapping[str, str]) -> str:
    return sources.get(key, "default 默认值")
