"""`luochui run`: start the exchange and serve it until Ctrl-C."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from exchange.bootstrap import Exchange
from exchange.demo.accounts import DEMO_PASSWORD
from exchange.setting_sources import as_environment
from exchange.settings import Settings
from gateways.cli.starting import (
    Config,
    DatabaseUrl,
    DataDir,
    Demo,
    Host,
    Named,
    collect_rarely,
    finished,
    loaded_settings,
    log_as,
    reporting,
    see_pages,
)

if TYPE_CHECKING:
    from gateways.supervisor import Launch

DEMO_ACCOUNTS = (
    ("bidder1 … bidder5", "bidders", "竞买人"),
    ("host1", "host", "主持人"),
    ("finance1, finance2", "finance, all three parts", "财务（出纳、复核、会计）"),
    ("cashier1, checker1", "cashier, checker", "出纳、复核"),
    ("accountant1, auditor1", "accountant, auditor", "会计、审计"),
    ("admin1", "administrator", "管理员"),
)


def command(
    host: Host = None,
    port: Annotated[
        int | None,
        typer.Option(help="Port; by default 8080 or the next free one. 端口，默认 8080 或其后空闲端口"),
    ] = None,
    gateways: Annotated[
        int | None,
        typer.Option(
            help="Gateway processes in front of the engine, all on this port; 0: one process for everything. "
            "引擎前同一端口上的网关进程数；0 表示单进程"
        ),
    ] = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
    demo: Demo = None,
    config: Config = None,
    set_: Named = None,
) -> None:
    """Builds the database on first use and continues where it was on every later start. Ctrl-C stops everything.

    首次运行会建立数据库，此后每次从上次的状态继续；Ctrl-C 停止全部进程。
    """
    flags: dict[str, object] = {
        "host": host,
        "port": port,
        "gateways": gateways,
        "database_url": database_url,
        "data_dir": data_dir,
        "demo": demo,
    }
    loaded = loaded_settings(flags, set_, config)
    create_user = create_user_command(database_url, data_dir, config)
    _run(loaded.settings, may_move="port" not in loaded.sources, create_user=create_user)


def _run(settings: Settings, may_move: bool, create_user: str) -> None:
    from gateways.serve import serve, serve_with

    see_pages()
    log_as(settings, to_file=True)
    console = Console(stderr=True)
    report = reporting(console)

    def ready(exchange: Exchange, address: str) -> None:
        collect_rarely()
        _welcome(console, exchange.settings, address, create_user)

    console.print("[bold]Luochui 落槌[/] is starting  正在启动")
    if settings.gateways:
        finished(serve_with(_launches, settings, report, ready, may_move=may_move))
    else:
        finished(serve(settings, report, ready, may_move=may_move))
    console.print("Luochui has stopped. 已停止")


def _launches(exchange: Exchange, port: int) -> Sequence[Launch]:
    """Return how each gateway is started: with our own settings, on our port, with a log of its own."""
    from gateways.supervisor import Launch

    settings = exchange.settings
    command = (sys.executable, "-m", "gateways.cli", "gateway", "--supervised")
    return [
        Launch(
            command,
            {
                **os.environ,
                **as_environment(settings),
                "LUOCHUI_PORT": str(port),
                "LUOCHUI_OWN_PORT": str(settings.own_port and settings.own_port + place),
                "LUOCHUI_LOG_FILE": str(settings.log_path.with_suffix(f".gateway-{place}.log")),
            },
            settings.drain_ms / 1000,
        )
        for place in range(1, settings.gateways + 1)
    ]


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
            console.print(f"  {logins:<21}  {role} {chinese}")
        console.print(f"  password for all 统一密码: [bold]{DEMO_PASSWORD}[/]")
    else:
        console.print(f"  first administrator 首个管理员: [bold]{create_user}[/]", soft_wrap=True)
    console.print(f"  [dim]data and log 数据与日志[/]  {settings.data_dir}", soft_wrap=True)
    console.print("  [dim]Ctrl-C stops everything 停止全部[/]")
