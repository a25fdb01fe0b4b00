"""`luochui run`: start the exchange and serve it until Ctrl-C."""

from __future__ import annotations

import gc
import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console

from exchange.bootstrap import DatabaseUnusable, Exchange
from exchange.demo.accounts import DEMO_PASSWORD
from exchange.observability import configure_logging
from exchange.settings import Settings, load_settings_with_sources
from gateways.cli.outcomes import CommandFailed, ExitCode

DEMO_ACCOUNTS = (
    ("bidder1 … bidder5", "bidders", "竞买人"),
    ("host1", "host", "主持人"),
    ("finance1, finance2", "finance: cashier, checker and accountant", "财务（出纳、复核、会计）"),
    ("cashier1, checker1", "cashier, checker", "出纳、复核"),
    ("accountant1, auditor1", "accountant, auditor", "会计、审计"),
    ("admin1", "administrator", "管理员"),
)


def command(
    host: Annotated[str | None, typer.Option(help="Address to listen on. 监听地址")] = None,
    port: Annotated[
        int | None,
        typer.Option(help="Port; by default 8080 or the next free one. 端口，默认 8080 或其后空闲端口"),
    ] = None,
    database_url: Annotated[
        str | None,
        typer.Option(help="A PostgreSQL of your own instead of the embedded one. 使用自备 PostgreSQL"),
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder for all data. 数据目录")] = None,
    demo: Annotated[
        bool | None,
        typer.Option("--demo/--no-demo", help="With or without the demo centre. 是否载入演示中心"),
    ] = None,
    config: Annotated[Path | None, typer.Option(help="TOML file; see `luochui config doc`. 配置文件")] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="Any other setting, as name=value. 其他配置项，形如 name=value"),
    ] = None,
) -> None:
    """Builds the database on first use and continues where it was on every later start. Ctrl-C stops everything.

    首次运行会建立数据库，此后每次从上次的状态继续；Ctrl-C 停止全部进程。
    """
    flags = {"host": host, "port": port, "database_url": database_url, "data_dir": data_dir, "demo": demo}
    given: dict[str, object] = {name: value for name, value in flags.items() if value is not None}
    given |= _named_values(set_ or [])
    loaded = load_settings_with_sources(given, config=config)
    create_user = create_user_command(database_url, data_dir, config)
    _run(loaded.settings, may_move="port" not in loaded.sources, create_user=create_user)


def _named_values(assignments: list[str]) -> dict[str, object]:
    wrong = [text for text in assignments if "=" not in text]
    if wrong:
        raise CommandFailed(
            f"--set takes name=value, not {wrong[0]!r}. --set 须为 name=value", ExitCode.USAGE
        )
    return {name.strip(): value for name, _, value in (text.partition("=") for text in assignments)}


def _run(settings: Settings, may_move: bool, create_user: str) -> None:
    from gateways.serve import PortTaken, serve

    console = Console(stderr=True)
    terminal_level = "debug" if settings.log_level == "debug" else "warning"
    configure_logging(
        settings.log_level, settings.log_format, settings.log_path, terminal_level=terminal_level
    )

    def report(english: str, chinese: str) -> None:
        console.print(f"  [dim]…[/] {english}  [dim]{chinese}[/]")

    def ready(exchange: Exchange, address: str) -> None:
        _collect_rarely()
        _welcome(console, exchange.settings, address, create_user)

    console.print("[bold]Luochui 落槌[/] is starting  正在启动")
    try:
        uvloop.run(serve(settings, report, ready, may_move=may_move))
    except PortTaken as error:
        raise CommandFailed(
            f"{error} is taken by another program; choose another with --port. 端口已被占用，请用 --port 另选",
            ExitCode.CONFIGURATION,
        ) from error
    except DatabaseUnusable as error:
        raise CommandFailed(
            f"The database does not answer: {error}. 无法使用数据库", ExitCode.UNREACHABLE
        ) from error
    console.print("Luochui has stopped. 已停止")


def _collect_rarely() -> None:
    """What the start has built stays; the garbage collector need not look at it again in every full pass."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def create_user_command(database_url: str | None, data_dir: Path | None, config: Path | None) -> str:
    """Return the command for the first administrator: this program as it was called, and the same data."""
    called = Path(sys.argv[0])
    program = "luochui" if called.name != "luochui" or shutil.which("luochui") == str(called) else str(called)
    places = {"--database-url": database_url and "…", "--data-dir": data_dir, "--config": config}
    where = "".join(f" {option} {place}" for option, place in places.items() if place)
    return f"{program} admin create-user --role admin{where}"


def _welcome(console: Console, settings: Settings, address: str, create_user: str) -> None:
    console.print(f"\n[bold green]Open 请打开[/]  {address}/")
    if not address.endswith(f":{settings.port}"):
        console.print(
            f"  port {settings.port} was taken, so this is the next free one 端口 {settings.port} 已占用"
        )
    if settings.demo:
        for logins, role, chinese in DEMO_ACCOUNTS:
            console.print(f"  {logins:<20} {role} {chinese}")
        console.print(f"  password for all 统一密码: [bold]{DEMO_PASSWORD}[/]")
    else:
        console.print(f"  first administrator 首个管理员: [bold]{create_user}[/]", soft_wrap=True)
    console.print(f"  [dim]data and log 数据与日志[/]  {settings.data_dir}", soft_wrap=True)
    console.print("  [dim]Ctrl-C stops everything 停止全部[/]")
