"""What the commands that start a process of the exchange have in common: options, settings, log, and what can go wrong.

Does not belong here: what one of these commands starts.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop
from rich.console import Console

from exchange.ground import DatabaseUnusable
from exchange.observability import configure_logging
from exchange.setting_sources import LoadedSettings, load_settings_with_sources
from exchange.settings import Settings
from gateways.cli.outcomes import CommandFailed, ExitCode

Host = Annotated[str | None, typer.Option(help="Address to listen on. 监听地址")]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(help="A PostgreSQL of your own instead of the embedded one. 使用自备 PostgreSQL"),
]
RedisUrl = Annotated[
    str | None,
    typer.Option(
        help="Redis between engines and gateways; without it, a socket in the data folder. "
        "引擎与网关之间的 Redis；不填则用数据目录中的套接字"
    ),
]
DataDir = Annotated[Path | None, typer.Option(help="Folder for all data. 数据目录")]
Demo = Annotated[
    bool | None,
    typer.Option("--demo/--no-demo", help="With or without the demo centre. 是否载入演示中心"),
]
Config = Annotated[Path | None, typer.Option(help="TOML file; see `luochui config doc`. 配置文件")]
Named = Annotated[
    list[str] | None,
    typer.Option("--set", help="Any other setting, as name=value. 其他配置项，形如 name=value"),
]


def loaded_settings(flags: dict[str, object], set_: list[str] | None, config: Path | None) -> LoadedSettings:
    """Return the settings from all sources, with what the command line says.  Raises: SettingsProblems."""
    given = {name: value for name, value in flags.items() if value is not None}
    return load_settings_with_sources(given | _named_values(set_ or []), config=config)


def _named_values(assignments: list[str]) -> dict[str, object]:
    wrong = [text for text in assignments if "=" not in text]
    if wrong:
        raise CommandFailed(
            f"--set takes name=value, not {wrong[0]!r}. --set 须为 name=value", ExitCode.USAGE
        )
    return {name.strip(): value for name, _, value in (text.partition("=") for text in assignments)}


def log_as(settings: Settings, *, to_file: bool) -> None:
    """Set the log up: on the terminal what a person must know, the rest in a file; or all of it on the terminal."""
    file = settings.log_path if to_file else settings.log_file
    is_terse = to_file and settings.log_level != "debug"
    terminal_level = "warning" if is_terse else settings.log_level
    configure_logging(settings.log_level, settings.log_format, file, terminal_level=terminal_level)


def reporting(console: Console) -> Callable[[str, str], None]:
    """Return what tells a person each step of the start."""

    def report(english: str, chinese: str) -> None:
        console.print(f"  [dim]…[/] {english}  [dim]{chinese}[/]")

    return report


def finished(work: Coroutine[Any, Any, None]) -> None:
    """Run a process of the exchange to its end, and say in words what kept it from starting."""
    from exchange.ports import JournalUnavailable
    from gateways.listening import PortTaken
    from gateways.pages import PagesNotBuilt
    from gateways.supervisor import GatewayDidNotStart

    try:
        uvloop.run(work)
    except PortTaken as error:
        raise CommandFailed(
            f"{error} is taken by another program; choose another with --port. 端口已被占用，请用 --port 另选",
            ExitCode.CONFIGURATION,
        ) from error
    except (DatabaseUnusable, JournalUnavailable) as error:
        raise CommandFailed(
            f"The database does not answer: {error}. 无法使用数据库", ExitCode.UNREACHABLE
        ) from error
    except PagesNotBuilt as error:
        raise CommandFailed(f"{error}. 页面尚未构建，请运行 make setup", ExitCode.CONFIGURATION) from error
    except GatewayDidNotStart as error:
        raise CommandFailed(
            f"A gateway did not start ({error}); its log is in the data folder. 网关未能启动，日志见数据目录"
        ) from error


def collect_rarely() -> None:
    """What the start has built stays; what comes later is looked at while it is young, in passes of a millisecond.

    A full pass over 15,000 connections would hold everybody up for a second. None is needed: a connection that ends
    leaves no circle of references behind, and `gateways.live.hub` makes up for the rest when the house is quiet.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(2_000, 5, 1_000_000)
