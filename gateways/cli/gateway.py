"""`luochui gateway`: a way in to engines in other processes; as many as one likes, also on one port."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from exchange.bootstrap import Exchange
from gateways.cli.starting import (
    Config,
    DatabaseUrl,
    DataDir,
    Demo,
    Host,
    Named,
    RedisUrl,
    collect_rarely,
    finished,
    loaded_settings,
    log_as,
    reporting,
    see_pages,
)


def command(
    host: Host = None,
    port: Annotated[
        int | None, typer.Option(help="Port; several gateways may share it. 端口，可由多个网关共用")
    ] = None,
    own_port: Annotated[
        int | None,
        typer.Option(
            help="A port beside it that leads to this process only, for health and metrics; 0: none. "
            "另设的本进程专用端口，用于健康检查与指标；0 表示不设"
        ),
    ] = None,
    redis_url: RedisUrl = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
    demo: Demo = None,
    config: Config = None,
    set_: Named = None,
    supervised: Annotated[bool, typer.Option("--supervised", hidden=True)] = False,
) -> None:
    """Keeps nothing of its own: it may be started, ended or killed at any moment, and no receipt is lost.

    SIGTERM lets commands under way be answered, sends its clients on to the other gateways, and ends it.

    网关不保存任何状态，可随时启动、停止或被终止，回执不会丢失。收到 SIGTERM 后先答复在途命令，
    再请客户端转往其他网关，然后退出。
    """
    from gateways.serve import serve_gateway
    from gateways.supervisor import Tie

    flags: dict[str, object] = {
        "host": host,
        "port": port,
        "own_port": own_port,
        "redis_url": redis_url,
        "database_url": database_url,
        "data_dir": data_dir,
        "demo": demo,
    }
    settings = loaded_settings(flags, set_, config).settings
    see_pages()
    log_as(settings, to_file=supervised)
    console = Console(stderr=True, quiet=supervised)

    def ready(exchange: Exchange, address: str) -> None:
        collect_rarely()
        console.print(f"[bold green]Gateway 网关[/]  {address}/")

    console.print("[bold]Luochui 落槌[/] gateway is starting  网关正在启动")
    finished(serve_gateway(settings, reporting(console), ready, Tie() if supervised else None))
    console.print("The gateway has stopped. 网关已停止")
