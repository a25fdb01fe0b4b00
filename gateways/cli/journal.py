"""`luochui journal`: reading and proving the record of sales, from the machine on which the data lie."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from exchange.ports import JournalUnavailable
from exchange.registry import Records, opened_records
from exchange.settings import load_settings
from exchange.verification import JournalReport, verify_journal
from gateways.cli.outcomes import CommandFailed, ExitCode

app = typer.Typer(no_args_is_help=True, add_completion=False)

DatabaseUrl = Annotated[
    str | None, typer.Option(help="PostgreSQL of the exchange, if not the embedded one. 交易所的 PostgreSQL")
]
DataDir = Annotated[Path | None, typer.Option(help="Folder of the exchange's data. 交易所数据目录")]
AsJson = Annotated[bool, typer.Option("--json", help="For machines. 输出 JSON")]

SHOWN_AT_ONCE = 1_000
Result = TypeVar("Result")


@app.command()
def verify(database_url: DatabaseUrl = None, data_dir: DataDir = None, json: AsJson = False) -> None:
    """Recompute numbering, hash chain, lots and snapshots from all records. 由全部记录重算并核验日志"""

    async def work(records: Records) -> JournalReport:
        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("reading the journal 读取日志", total=None)
            return await verify_journal(
                records.shards,
                records.snapshots,
                lambda done, total: progress.update(task, completed=done, total=total),
            )

    report = _over_records(database_url, data_dir, work)
    if json:
        typer.echo(msgspec.json.encode(report))
    else:
        _print(report)
    if not report.is_sound:
        raise typer.Exit(ExitCode.REFUSED)


@app.command()
def show(
    lot: Annotated[int, typer.Argument(min=1, help="Number of the lot. 标的编号")],
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """Print the whole record of a lot, withheld facts included. 打印一个标的的全部记录（含未公开事实）"""

    async def work(records: Records) -> None:
        after = 0
        while rows := await records.journal.read_lot(lot, after, SHOWN_AT_ONCE):
            for row in rows:
                typer.echo(
                    row.body if json else f"{row.sequence:>6}  {row.link.hex()[:12]}  {row.body.decode()}"
                )
            after = rows[-1].sequence
        if not after:
            raise CommandFailed(f"There is no lot {lot}. 没有标的 {lot}")

    _over_records(database_url, data_dir, work)


def _print(report: JournalReport) -> None:
    console = Console()
    console.print(f"{report.records:,} records, {report.lots:,} lots, {report.snapshots:,} snapshots read")
    console.print(f"已读 {report.records:,} 条记录、{report.lots:,} 个标的、{report.snapshots:,} 份快照")
    if report.is_sound:
        console.print(
            "[green]numbering, hash chain, outcomes and snapshots are sound  编号、哈希链、结果与快照无误"
        )
        return
    table = Table("lot 标的", "record 记录", "what is wrong 问题")
    for each in report.discrepancies:
        table.add_row(str(each.lot), str(each.sequence), each.what)
    console.print(table)


def _over_records(
    database_url: str | None, data_dir: Path | None, work: Callable[[Records], Awaitable[Result]]
) -> Result:
    given = {"database_url": database_url, "data_dir": data_dir}
    settings = load_settings({name: value for name, value in given.items() if value is not None})

    async def opened() -> Result:
        async with opened_records(settings) as records:
            return await work(records)

    try:
        return asyncio.run(opened())
    except JournalUnavailable as error:
        raise CommandFailed(
            f"The database does not answer: {error}. 数据库没有应答", ExitCode.UNREACHABLE
        ) from error
