"""`luochui backup`: copies of the database from which any moment can be brought back."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from exchange import backups
from exchange.database import StoreUnavailable
from exchange.registry import one_connection, reached_server, running_server
from exchange.setting_sources import load_settings
from exchange.settings import Settings
from gateways.cli.on_record import note
from gateways.cli.outcomes import CommandFailed

app = typer.Typer(no_args_is_help=True, add_completion=False)

Folder = Annotated[
    Path, typer.Argument(help="Folder of the backups, best on another disk. 备份目录，宜在另一磁盘")
]
DatabaseUrl = Annotated[
    str | None, typer.Option(help="PostgreSQL of the exchange, if not the embedded one. 交易所的 PostgreSQL")
]
DataDir = Annotated[Path | None, typer.Option(help="Folder of the exchange's data. 交易所数据目录")]
Result = TypeVar("Result")


@app.command()
def create(
    folder: Folder,
    keep: Annotated[
        int | None,
        typer.Option(min=1, help="Afterwards keep only so many, the newest. 完成后只保留最新的若干份"),
    ] = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Copy the whole database while it works, and check the copy. 在线备份整个数据库并校验"""
    settings = _settings(database_url, data_dir)

    async def work() -> None:
        async with reached_server(settings) as dsn:
            base = await backups.create(dsn, folder)
            await _noted(dsn, str(base.folder))
        typer.echo(f"{base.folder}  complete 已完成")
        for old in await backups.thin_out(folder, keep) if keep else ():
            typer.echo(f"{old.folder}  removed 已删除")
        if not (folder / "wal").is_dir():
            typer.echo(
                "Nobody receives the changes since then; see `luochui backup follow`. "
                "此后的变更尚无人接收，请运行 luochui backup follow。",
                err=True,
            )

    _run(work())


@app.command()
def follow(folder: Folder, database_url: DatabaseUrl = None, data_dir: DataDir = None) -> None:
    """Receive every change of the running database until Ctrl-C. 持续接收运行中数据库的全部变更

    Together with a copy made by `create`, any later moment can be brought back from it. 与备份一起可恢复此后任一时刻。
    """
    settings = _settings(database_url, data_dir)
    typer.echo(f"Receiving into 正在接收至 {folder / 'wal'}; Ctrl-C ends it 按 Ctrl-C 结束")
    _run(_until_stopped(settings, folder))


@app.command("list")
def list_(folder: Folder) -> None:
    """List the complete copies, oldest first. 列出完整备份，旧者在前"""
    for base in backups.bases(folder):
        typer.echo(f"{base.finished_at.astimezone().isoformat(timespec='seconds')}  {base.folder}")


@app.command()
def restore(
    folder: Folder,
    to: Annotated[
        str | None,
        typer.Option(help='Moment, as "2026-03-01 10:30:00+08:00"; none: all there is. 时刻；不填则恢复全部'),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Build the embedded database anew as it was at a moment. 将内嵌数据库恢复到某一时刻

    The exchange must not run, and its data folder must hold no database: move `postgres` aside first. Afterwards begin
    a new folder of backups. 须先停止交易所并移走数据目录下的 postgres；恢复后请另建备份目录。
    """
    moment = None if to is None else _moment(to)
    settings = _settings(None, data_dir)
    restored = _run(backups.restore(folder, settings.data_dir, moment))
    last = restored.last_change_at or restored.base.finished_at
    typer.echo(f"From the copy 所用备份:  {restored.base.folder}")
    typer.echo(f"Last change 最后变更:  {last.astimezone().isoformat()}")
    typer.echo("Now prove it 请核验:  luochui journal verify  ·  luochui ledger verify")


async def _noted(dsn: str, folder: str) -> None:
    """Leave on record that a copy was made; the copy is good without it."""
    try:
        async with one_connection(dsn) as pool:
            await note(pool, "create_backup", folder=folder)
    except StoreUnavailable as error:
        typer.echo(f"Not on record: {error}. 未能写入审计记录", err=True)


async def _until_stopped(settings: Settings, folder: Path) -> None:
    receiving = asyncio.ensure_future(
        backups.follow(lambda: running_server(settings), folder, lambda text: typer.echo(text, err=True))
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, receiving.cancel)
    await asyncio.wait([receiving])


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter("a time as 2026-03-01 10:30:00+08:00 时刻格式有误") from error
    return moment if moment.tzinfo else moment.astimezone()


def _settings(database_url: str | None, data_dir: Path | None) -> Settings:
    given = {"database_url": database_url, "data_dir": data_dir}
    return load_settings({name: value for name, value in given.items() if value is not None})


def _run(work: Coroutine[Any, Any, Result]) -> Result:
    try:
        return asyncio.run(work)
    except (backups.BackupProblem, OSError) as problem:
        raise CommandFailed(str(problem)) from problem
