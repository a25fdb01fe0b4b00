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
    try:
        configure_logging(settings.log_level, settings.log_format, file, terminal_level=terminal_level)
    except OSError as error:
        raise CommandFailed(
            f"{error.filename or file} cannot be used ({error.strerror}): "
            "give a folder that this account may write, by --data-dir (or log_file).\n"
            f"无法使用 {error.filename or file}（{error.strerror}）："
            "请用 --data-dir（或 log_file）指定当前用户可写的目录。",
            ExitCode.CONFIGURATION,
        ) from error


def reporting(console: Console) -> Callable[[str, str], None]:
    """Return what tells a person each step of the start."""

    def report(english: str, chinese: str) -> None:
        console.print(f"  [dim]…[/] {english}  [dim]{chinese}[/]")

    return report


def finished(work: Coroutine[Any, Any, None]) -> None:
    """Run a process of the exchange to its end, and say in words what kept it from starting."""
    from exchange.ports import Fenced, JournalFailed, JournalUnavailable
    from exchange.standby import HeldByAnother
    from gateways.listening import AddressUnusable, PortTaken
    from gateways.supervisor import GatewayDidNotStart

    try:
        uvloop.run(work)
    except KeyboardInterrupt:
        typer.echo(
            "Stopped before it was ready; start it again at any time. 尚未就绪即已停止，可再次启动",
            err=True,
        )
        raise
    except PortTaken as error:
        raise CommandFailed(
            f"{error} is taken by another program; choose another with --port. 端口已被占用，请用 --port 另选",
            ExitCode.CONFIGURATION,
        ) from error
    except (DatabaseUnusable, JournalUnavailable) as error:
        raise CommandFailed(
            f"The database does not answer: {error}. 无法使用数据库", ExitCode.UNREACHABLE
        ) from error
    except AddressUnusable as error:
        raise CommandFailed(
            f"Nobody can listen on {error} here; give an address of this machine with --host, a port above 1023 with "
            "--port. 无法在此地址监听：请用 --host 指定本机地址，用 --port 指定 1023 以上的端口",
            ExitCode.CONFIGURATION,
        ) from error
    except HeldByAnother as error:
        raise CommandFailed(
            "Another exchange works over this database and would be ended by a second one: stop it first. To have one "
            "ready that takes over when it fails, use `luochui engine`.\n"
            "另一交易所正在使用此数据库，重复启动会使其终止：请先停止它。如需故障时自动接管，请用 luochui engine。"
        ) from error
    except GatewayDidNotStart as error:
        raise CommandFailed(
            f"A gateway did not start ({error}); its log is in the data folder. 网关未能启动，日志见数据目录"
        ) from error
    except BaseExceptionGroup as group:
        if group.subgroup(JournalFailed) is not None:
            typer.echo(
                "The database refused to write for good: is its disk full? What was answered is on record; "
                "make room and start again. 数据库拒绝写入（磁盘是否已满？）；已答复的均已入账，请处理后重新启动",
                err=True,
            )
        if group.split(Fenced)[1] is not None:
            raise
        raise CommandFailed(
            "Another engine has taken over; this one has ended, and what it had answered is on record. "
            "另一引擎已接管，本进程已退出；已答复的内容均已入账"
        ) from group


def see_pages() -> None:
    """Return if the pages are built.  Raises: CommandFailed, before anything has been started."""
    from gateways.pages import PagesNotBuilt, see_that_they_are_built

    try:
        see_that_they_are_built()
    except PagesNotBuilt as error:
        raise CommandFailed(
            f"The pages have to be built: {error}. Run `make setup` in the project's folder, then start again.\n"
            "页面尚未构建或版本过旧：请在项目目录运行 make setup，然后重新启动。",
            ExitCode.CONFIGURATION,
        ) from error


def collect_rarely() -> None:
    """What the start has built stays; what comes later is looked at while it is young, in passes of a millisecond.

    A full pass over 15,000 connections would hold everybody up for a second. None is needed: a connection that ends
    leaves no circle of references behind, and `gateways.live.hub` makes up for the rest when the house is quiet.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(2_000, 5, 1_000_000)
