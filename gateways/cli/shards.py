"""`luochui shards`: which engine decides which lots, and moving an open lot to another one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from exchange.adapters.places import PostgresPlaces
from exchange.database import StoreUnavailable
from exchange.ports import JournalUnavailable
from exchange.registry import opened_pool
from exchange.setting_sources import load_settings
from exchange.settings import Settings
from exchange.shards import SHARDS_MAX, MoveRefusal, ShardState
from gateways.cli.outcomes import CommandFailed, ExitCode

app = typer.Typer(no_args_is_help=True, add_completion=False)

DatabaseUrl = Annotated[
    str | None, typer.Option(help="PostgreSQL of the exchange, if not the embedded one. 交易所的 PostgreSQL")
]
DataDir = Annotated[Path | None, typer.Option(help="Folder of the exchange's data. 交易所数据目录")]

WAIT_SECONDS = 30.0
LOOK_SECONDS = 0.2
Result = TypeVar("Result")

NOT_MOVED = {
    MoveRefusal.LOT_UNKNOWN: "there is no such lot. 没有此标的",
    MoveRefusal.LOT_CLOSED: "it has ended. 标的已结束",
    MoveRefusal.SHARD_UNKNOWN: "there is no such shard. 没有此分片",
    MoveRefusal.ALREADY_THERE: "it lies there already. 标的已在该分片",
}


@app.command("list")
def show(
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON, for programs. 输出 JSON")] = False,
) -> None:
    """Show the shards, who holds each, and how many open lots it has. 查看各分片的引擎与在场标的"""

    async def work(places: PostgresPlaces, settings: Settings) -> list[ShardState]:
        return await places.states()

    states = _over_places(database_url, data_dir, work)
    if json:
        typer.echo(msgspec.json.encode(states))
        return
    table = Table(
        "shard 分片", "holder 引擎", "term 任期", "silent 失联", "open lots 在场标的", "new lots 接收新标的"
    )
    for state in states:
        silent = "–" if state.quiet_ms is None else f"{state.quiet_ms / 1000:.1f} s"
        takes = "yes 是" if state.takes_new_lots else "no 否"
        table.add_row(
            str(state.shard), state.owner or "–", str(state.term), silent, f"{state.open_lots:,}", takes
        )
    Console().print(table)


@app.command()
def move(
    lot: Annotated[int, typer.Argument(min=1, help="Number of the lot. 标的编号")],
    to: Annotated[int, typer.Option(min=0, max=SHARDS_MAX - 1, help="The shard it goes to. 目标分片")],
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Move an open lot to another shard; bidders hear "busy" for a second or two. 将在场标的迁移到另一分片"""

    async def work(places: PostgresPlaces, settings: Settings) -> None:
        refusal = await places.ask(lot, to)
        if refusal is not None:
            raise CommandFailed(f"Lot {lot} is not moved: {NOT_MOVED[refusal]}")
        at = await places.shard_of(lot)
        holder = next(state for state in await places.states() if state.shard == at)
        if holder.quiet_ms is None or holder.quiet_ms > settings.standby_after_ms:
            await places.move_from_silent(lot, to)
            return
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                while await places.shard_of(lot) != to:
                    await asyncio.sleep(LOOK_SECONDS)
        except TimeoutError:
            raise CommandFailed(
                f"The engine of shard {at} was asked and has not done it yet. 分片 {at} 的引擎尚未完成迁移"
            ) from None

    _over_places(database_url, data_dir, work)
    typer.echo(f"Lot {lot} lies in shard {to} now. 标的 {lot} 已迁移到分片 {to}")


@app.command()
def grow(
    shards: Annotated[
        int, typer.Argument(min=1, max=SHARDS_MAX, help="Shards for new lots. 新标的使用的分片数")
    ],
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Spread lots to come over so many shards; start an engine for each first. 设定此后新标的使用的分片数"""

    async def work(places: PostgresPlaces, settings: Settings) -> int | None:
        return await places.grow(shards)

    from_lot = _over_places(database_url, data_dir, work)
    if from_lot is None:
        typer.echo(f"New lots go to {shards} shards already. 新标的已使用 {shards} 个分片")
    else:
        typer.echo(
            f"From lot {from_lot} on, lots go to {shards} shards; the gateways learn of it within seconds. "
            f"自标的 {from_lot} 起使用 {shards} 个分片，网关数秒内自动得知"
        )


def _over_places(
    database_url: str | None,
    data_dir: Path | None,
    work: Callable[[PostgresPlaces, Settings], Awaitable[Result]],
) -> Result:
    given = {"database_url": database_url, "data_dir": data_dir}
    settings = load_settings({name: value for name, value in given.items() if value is not None})

    async def opened() -> Result:
        async with opened_pool(settings) as pool:
            return await work(PostgresPlaces(pool), settings)

    try:
        return asyncio.run(opened())
    except (JournalUnavailable, StoreUnavailable) as error:
        raise CommandFailed(
            f"The database does not answer: {error}. 数据库没有应答", ExitCode.UNREACHABLE
        ) from error
