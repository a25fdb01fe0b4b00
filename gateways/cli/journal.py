"""`luochui journal`: reading, proving and archiving the record of sales, from the machine on which the data lie."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from exchange.archive import ArchiveRefusal
from exchange.archive_files import ArchiveBroken, manifest_of, read_manifest
from exchange.archive_months import DatabaseOccupied, RestoreRefusal
from exchange.database import StoreUnavailable
from exchange.ports import JournalUnavailable
from exchange.refusal_archive import holds_refusals
from exchange.registry import Records, opened_records
from exchange.setting_sources import load_settings
from exchange.verification import JournalReport, verify_journal
from gateways.cli.outcomes import CommandFailed, ExitCode
from ledger.store import LedgerUnavailable

app = typer.Typer(no_args_is_help=True, add_completion=False)

DatabaseUrl = Annotated[
    str | None, typer.Option(help="PostgreSQL of the exchange, if not the embedded one. 交易所的 PostgreSQL")
]
DataDir = Annotated[Path | None, typer.Option(help="Folder of the exchange's data. 交易所数据目录")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for programs. 输出 JSON")]

SHOWN_AT_ONCE = 1_000

STAYS = {
    ArchiveRefusal.AWAY_ALREADY: "it left the database before, and what came into it since, by a clock that went back, "
    "stays here; keep its file. 该月此前已归档，其后因时钟回拨产生的记录留在数据库，请保留原文件",
    ArchiveRefusal.LOTS_OPEN: "not all of its lots have ended. 尚有标的未结束",
    ArchiveRefusal.HOLDS_HEAD: "it holds the latest record of a shard. 含有分片的最新记录",
    ArchiveRefusal.NOT_SETTLED: "not all that ended in it is settled yet; start the exchange. 尚有结果未结算，请先启动",
    ArchiveRefusal.POSITIONS_APART: "records with odd times lie before it. 其前有时间异常的记录",
}
NOT_RESTORED = {
    RestoreRefusal.OTHER_JOURNAL: "the file belongs to another exchange. 归档属于另一交易所",
    RestoreRefusal.NOT_ARCHIVED: "the month was not taken out of this database, or is back already. "
    "该月份未从此数据库归档，或已恢复",
    RestoreRefusal.OTHER_FILE: "this is not the file that took the month away. 并非该月份的原归档文件",
    RestoreRefusal.LATER_FIRST: "later archived months come back first. 须先恢复较晚的月份",
    RestoreRefusal.MONTH_IN_USE: "other records came into the month while it was away, by a clock that went back; "
    "nothing has changed. Keep the file: `luochui journal verify --archive FOLDER` proves it with the database. "
    "该月归档后因时钟回拨产生了新记录，未作任何更改；请保留归档文件，用 luochui journal verify --archive 目录 一并核验",
}
Result = TypeVar("Result")


@app.command()
def verify(
    archive: Annotated[
        Path | None,
        typer.Option(help="Folder with archived months, to prove them as well. 归档目录，一并核验"),
    ] = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """Recompute numbering, hash chain, lots and snapshots from all records. 由全部记录重算并核验日志"""

    async def work(records: Records) -> JournalReport:
        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("reading the journal 读取日志", total=None)

            def show(done: int, total: int) -> None:
                progress.update(task, completed=done, total=total)

            if archive is None:
                absent = await records.archive.absent()
                return await verify_journal(records.shards, records.snapshots, show, absent)
            await records.refusals.prove_files(archive)
            shards = await records.archive.shards_with_files(len(records.shards), archive)
            return await verify_journal(shards, records.snapshots, show)

    report = _over_records(database_url, data_dir, work)
    if json:
        typer.echo(msgspec.json.encode(report))
    else:
        _print(report)
    if not report.is_sound:
        raise typer.Exit(ExitCode.REFUSED)


@app.command("archive")
def take_away(
    before: Annotated[str, typer.Option(help="Months before this one, as YYYY-MM. 归档此月之前的月份")],
    to: Annotated[Path, typer.Option(help="Folder for the files. 存放归档文件的目录")],
    keep: Annotated[
        bool, typer.Option("--keep", help="Write the files, take nothing away. 只写文件，不从数据库移除")
    ] = False,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Put months whose lots have all ended into files, and take them out of the database. 归档已全部结束的月份"""
    before_us = _month_us(before)

    async def work(records: Records) -> None:
        console = Console()
        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("archiving 归档", total=None)

            def show(part: str, done: int) -> None:
                progress.update(task, description=f"{part} {done:,}")

            def tell(number: int, file: Path) -> None:
                console.print(f"{number:>12,}  {file}", soft_wrap=True)

            stays = ""
            async for kept in records.archive.archive(before_us, to, keep=keep, progress=show):
                if kept.refusal is not None:
                    stays = f"{kept.part.part}: {STAYS[kept.refusal]}"
                else:
                    assert kept.manifest is not None, "a month that is not refused has been written"
                    tell(kept.manifest.records, to / kept.manifest.file_name)
            async for written in records.refusals.archive(before_us, to, keep=keep, progress=show):
                tell(written.refusals, to / written.file_name)
            if stays:
                raise CommandFailed(stays)

    _over_records(database_url, data_dir, work)


@app.command()
def restore(
    files: Annotated[list[Path], typer.Argument(help="Archived months, in any order. 归档文件，次序不限")],
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Bring archived months back into the database, proven against their manifests. 将归档月份恢复到数据库"""

    async def work(records: Records) -> None:
        console = Console()
        # `FOLDER/*` names each month twice, by its file and by its manifest.
        months = dict.fromkeys(manifest_of(path).resolve() for path in files)
        refused = [path for path in months if holds_refusals(path)]
        manifests = sorted(
            ((read_manifest(path), path) for path in months if path not in refused),
            key=lambda pair: pair[0].begins_us,
        )
        with Progress(console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("restoring 恢复", total=None)

            def show(part: str, done: int) -> None:
                progress.update(task, description=f"{part} {done:,}")

            for manifest, path in reversed(manifests):
                answer = await records.archive.restore(path, show)
                if isinstance(answer, RestoreRefusal):
                    raise CommandFailed(f"{manifest.part}: {NOT_RESTORED[answer]}")
                console.print(f"{manifest.records:>12,}  {manifest.part}")
            for path in refused:
                brought = await records.refusals.restore(path, show)
                if isinstance(brought, RestoreRefusal):
                    raise CommandFailed(f"{path.name}: {NOT_RESTORED[brought]}")
                console.print(f"{brought.refusals:>12,}  {brought.part}")

    _over_records(database_url, data_dir, work)


@app.command()
def show(
    lot: Annotated[int, typer.Argument(min=1, help="Number of the lot. 标的编号")],
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
    json: AsJson = False,
) -> None:
    """Print the whole record of a lot, withheld facts included. 打印一个标的的全部记录（含未公开事实）"""

    async def work(records: Records) -> None:
        after = await records.archive.archived_to(lot)
        if after:
            typer.echo(f"records 1 to {after} lie in the archive 第 1 至 {after} 条记录在归档中", err=True)
        while rows := await records.journal.read_lot(lot, after, SHOWN_AT_ONCE):
            for row in rows:
                typer.echo(
                    row.body if json else f"{row.sequence:>6}  {row.link.hex()[:12]}  {row.body.decode()}"
                )
            after = rows[-1].sequence
        if not after:
            raise CommandFailed(f"There is no lot {lot}. 没有标的 {lot}")

    _over_records(database_url, data_dir, work)


def _month_us(text: str) -> int:
    try:
        month = datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC)
    except ValueError as error:
        raise CommandFailed(
            f"{text!r} is no month such as 2026-11. 月份须形如 2026-11", ExitCode.USAGE
        ) from error
    return int(month.timestamp()) * 1_000_000


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
    except (ArchiveBroken, DatabaseOccupied) as error:
        raise CommandFailed(str(error)) from error
    except OSError as error:
        raise CommandFailed(f"The file cannot be used: {error}. 无法使用该文件") from error
    except (JournalUnavailable, LedgerUnavailable, StoreUnavailable) as error:
        raise CommandFailed(
            f"The database does not answer: {error}. 数据库没有应答", ExitCode.UNREACHABLE
        ) from error
