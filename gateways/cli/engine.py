"""`luochui engine`: decide the lots of one shard, for gateways in other processes."""

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
    Named,
    RedisUrl,
    collect_rarely,
    finished,
    loaded_settings,
    log_as,
    reporting,
)


def command(
    shard: Annotated[
        int | None, typer.Option(help="The shard whose lots it decides, from 0. 所裁决的分片编号，从 0 起")
    ] = None,
    redis_url: RedisUrl = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
    own_port: Annotated[
        int | None,
        typer.Option(help="Port for health and metrics; 0: none. 健康检查与指标端口；0 表示不提供"),
    ] = None,
    demo: Demo = None,
    config: Config = None,
    set_: Named = None,
) -> None:
    """Waits as a standby while another engine holds the shard, and takes over when that one is silent.

    The engine of shard 0 does the office work as well: refunds, their alarms, the demo centre. Every engine settles
    the lots of its own shard.

    分片已有引擎时作为备用等待，其失联后接管。0 号分片的引擎兼办后台事务（退款、告警、演示中心）；
    各引擎自行结算本分片的标的。
    """
    from gateways.serve import serve_engine

    flags: dict[str, object] = {
        "shard": shard,
        "redis_url": redis_url,
        "database_url": database_url,
        "data_dir": data_dir,
        "own_port": own_port,
        "demo": demo,
    }
    settings = loaded_settings(flags, set_, config).settings
    log_as(settings, to_file=False)
    console = Console(stderr=True)

    def ready(exchange: Exchange, address: str) -> None:
        collect_rarely()
        where = f"  {address}/metrics" if address else ""
        console.print(f"[bold green]Engine of shard {settings.shard} 分片引擎[/]{where}")

    console.print("[bold]Luochui 落槌[/] engine is starting  引擎正在启动")
    finished(serve_engine(settings, reporting(console), ready))
    console.print("The engine has stopped. 引擎已停止")
