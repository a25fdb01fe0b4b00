"""The settings as people read them: key, variable, flag, bounds and meaning of each, and values without their secrets.

Belongs here: words about settings. Does not belong here: reading them (`exchange.setting_sources`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args, get_origin
from urllib.parse import urlsplit

from pydantic.fields import FieldInfo

from exchange.settings import ENVIRONMENT_PREFIX, Settings

SECRET_MASK = "********"


@dataclass(frozen=True, slots=True)
class SettingDescription:
    """One setting as documentation shows it."""

    key: str
    variable: str
    flag: str
    kind: str
    default: str
    description: str
    description_zh: str


def describe_settings() -> tuple[SettingDescription, ...]:
    """Return every setting with its key, variable, flag, type with bounds, default and meaning."""
    return tuple(_description(key, field) for key, field in Settings.model_fields.items())


def shown_value(key: str, value: object) -> str:
    """Return a value as it may be shown: a password inside an address is masked."""
    if key in ("database_url", "journal_url", "redis_url") and isinstance(value, str):
        return _without_password(value)
    return as_text(value)


def as_text(value: object) -> str:
    """Return a value as a variable of the environment holds it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (tuple, list)):
        return ",".join(str(item) for item in value)
    return "" if value is None else str(value)


def kind(field: FieldInfo) -> str:
    """Return what a field takes, in short words: `integer 1..65535`, `json | console`, `path`."""
    annotation = field.annotation
    options = [part for part in get_args(annotation) if part is not type(None)]
    if get_origin(annotation) is Literal:
        return " | ".join(options)
    if annotation is bool:
        return "true | false"
    if annotation is int:
        low, high = (getattr(bound, sign) for bound, sign in zip(field.metadata, ("ge", "le"), strict=True))
        return f"integer {low}..{high}"
    if get_origin(annotation) is tuple:
        return "list of texts"
    return "path" if annotation is Path or Path in options else "text"


def _description(key: str, field: FieldInfo) -> SettingDescription:
    extra = field.json_schema_extra
    assert isinstance(extra, dict) and field.description is not None, f"{key} is described in both languages"
    default = "~/.local/share/luochui" if key == "data_dir" else shown_value(key, field.default)
    dashed = key.replace("_", "-")
    return SettingDescription(
        key=key,
        variable=ENVIRONMENT_PREFIX + key.upper(),
        flag=f"--{dashed}/--no-{dashed}" if field.annotation is bool else f"--{dashed}",
        kind=kind(field),
        default=default,
        description=field.description,
        description_zh=str(extra["description_zh"]),
    )


def _without_password(address: str) -> str:
    parts = urlsplit(address)
    if parts.password is None:
        return address
    return address.replace(f":{parts.password}@", f":{SECRET_MASK}@", 1)
