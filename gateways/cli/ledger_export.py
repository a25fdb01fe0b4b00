"""`luochui ledger export` and `luochui ledger downloads`: reports as files, and the record of who took them.

Belongs here: options, progress, files. Does not belong here: the reports and their formats (`ledger.exports`).
"""

from __future__ import annotations

import asyncio
import getpass
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, TypeVar

import msgspec
import typer

from exchange.setting_sources import load_settings
from exchange.settings import Settings
from gateways.cli.language import Language, language_of
from gateways.cli.outcomes import CommandFailed, ExitCode
from ledger.exports import (
    CENTRE_ZONE,
    Channel,
    DayOf,
    Download,
    Export,
    ExportRefusal,
    Exports,
    Format,
    Refused,
    Report,
    ReportWanted,
    Taker,
)

if TYPE_CHECKING:
    from rich.progress import Progress

Result = TypeVar("Result")

BINARY = (Format.XLSX, Format.PARQUET)
DAY_FORMATS = ["%Y-%m-%d"]
MOMENT_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]

REFUSALS = {
    ExportRefusal.FORMAT_NOT_OF_REPORT: ("this report has no such format", "该报表没有此格式"),
    ExportRefusal.PARAMETER_NOT_OF_REPORT: ("this report does not take it", "该报表不支持此条件"),
    ExportRefusal.PARAMETER_MISSING: ("this report needs it", "该报表需要此条件"),
    ExportRefusal.PERIOD_REVERSED: ("the period ends before it begins", "期间的结束早于开始"),
    ExportRefusal.PARQUET_NOT_INSTALLED: (
        "Parquet needs an extra: pip install 'luochui[parquet]'",
        "Parquet 需要附加组件：pip install 'luochui[parquet]'",
    ),
    ExportRefusal.LOT_UNKNOWN: ("the ledger knows no such lot", "账簿中没有此标的"),
    ExportRefusal.ACCOUNT_UNKNOWN: ("the ledger has no such account", "账簿中没有此科目"),
}

Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="File to write. 写入文件，默认标准输出")
]
Lot = Annotated[int | None, typer.Option("--lot", min=1, help="Only this lot. 仅此标的")]
AccountCode = Annotated[str | None, typer.Option("--account", help="Account of a statement. 明细账的科目")]
At = Annotated[
    datetime | None,
    typer.Option("--at", formats=MOMENT_FORMATS, help="Moment of a trial balance, UTC+8. 试算平衡时点"),
]
From = Annotated[datetime | None, typer.Option("--from", formats=DAY_FORMATS, help="First day. 起始日")]
Until = Annotated[datetime | None, typer.Option("--until", formats=DAY_FORMATS, help="Last day. 截止日")]
Days = Annotated[DayOf, typer.Option("--day-of", help="What a day of a report is. 按记账日或发生日")]
Excel = Annotated[
    bool, typer.Option("--excel", help="CSV begins with a byte-order mark, for Excel. 供 Excel 打开")
]
Speech = Annotated[Language | None, typer.Option("--language", help="zh or en. 语言")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for programs. 输出 JSON")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=100_000, help="How many. 条数")]
DatabaseUrl = Annotated[
    str | None, typer.Option(help="PostgreSQL of the exchange, if not the embedded one. 交易所的 PostgreSQL")
]
DataDir = Annotated[Path | None, typer.Option(help="Folder of the exchange's data. 交易所数据目录")]
Config = Annotated[Path | None, typer.Option(help="TOML file; see `luochui config doc`. 配置文件")]


def export(
    report: Annotated[Report, typer.Argument(help="Which report. 报表")],
    format: Annotated[Format, typer.Option("--format", "-f", help="As what. 格式")] = Format.CSV,
    output: Output = None,
    lot: Lot = None,
    account: AccountCode = None,
    at: At = None,
    since: From = None,
    until: Until = None,
    day_of: Days = DayOf.RECORDED,
    excel: Excel = False,
    language: Speech = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
    config: Config = None,
) -> None:
    """Write a report to a file or to standard output; who took it is recorded. 导出报表"""
    speech = language or language_of()
    wanted = ReportWanted(
        report=report,
        format=format,
        language=speech.value,
        with_byte_order_mark=excel,
        lot_id=lot,
        account=account,
        at_us=None if at is None else int(at.replace(tzinfo=CENTRE_ZONE).timestamp()) * 1_000_000,
        from_day=_day(since),
        until_day=_day(until),
        day_of=day_of,
    )
    if format in BINARY and output is None and sys.stdout.isatty():
        raise CommandFailed(
            speech.say("Give --output: this is no text.", "请用 --output 指定文件：此格式不是文本。"),
            ExitCode.USAGE,
        )
    settings = load_settings({"database_url": database_url, "data_dir": data_dir}, config=config)
    if output is None:
        _with_exports(settings, lambda exports: _write(exports, wanted, sys.stdout.buffer, speech))
    else:
        with _whole_file(output) as file:
            _with_exports(settings, lambda exports: _write(exports, wanted, file, speech))


def downloads(
    limit: Limit = 50,
    as_json: AsJson = False,
    language: Speech = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
    config: Config = None,
) -> None:
    """List who took which report, when, and the digest of its bytes. 导出记录"""
    settings = load_settings({"database_url": database_url, "data_dir": data_dir}, config=config)
    taken = _with_exports(settings, lambda exports: exports.downloads(limit=limit))
    if as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(taken)).decode())
    else:
        _print_downloads(taken, language or language_of())


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()


def _with_exports(settings: Settings, work: Callable[[Exports], Awaitable[Result]]) -> Result:
    from exchange.database import StoreUnavailable
    from exchange.registry import opened_pool
    from ledger.postgres import PostgresLedgerStore
    from ledger.store import LedgerUnavailable

    async def doing() -> Result:
        async with opened_pool(settings) as pool:
            return await work(Exports(PostgresLedgerStore(pool)))

    try:
        return asyncio.run(doing())
    except (StoreUnavailable, LedgerUnavailable) as error:
        raise CommandFailed(
            f"The database does not answer: {error}. 无法使用数据库", ExitCode.UNREACHABLE
        ) from error


async def _write(exports: Exports, wanted: ReportWanted, file: IO[bytes], speech: Language) -> None:
    taker = Taker(account_id=0, name=_user(), channel=Channel.COMMAND_LINE)
    async with exports.opened(wanted, taker) as opened:
        if isinstance(opened, Refused):
            english, chinese = REFUSALS[opened.refusal]
            raise CommandFailed(f"{opened.subject}: {speech.say(english, chinese)}", ExitCode.USAGE)
        try:
            with _progress() as progress:
                await _copy(opened, file, progress)
            file.flush()
        except OSError as error:
            raise CommandFailed(f"Cannot write: {error.strerror}. 无法写入文件") from error
        opened.complete()
        typer.echo(_summary(opened, speech), err=True)


async def _copy(export: Export, file: IO[bytes], progress: Progress) -> None:
    task = progress.add_task(export.file_name, total=export.expected_rows)
    async for chunk in export.chunks():
        file.write(chunk)
        progress.update(task, completed=export.rows)
    progress.update(task, completed=export.rows, total=export.rows)


def _progress() -> Progress:
    """Return a display of rows written, on standard error; it is silent where that is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _summary(export: Export, speech: Language) -> str:
    rows = speech.say(
        f"{export.rows} rows, download {export.download_id}",
        f"{export.rows} 行，下载编号 {export.download_id}",
    )
    return f"{rows}, sha256 {export.sha256.hex()}"


@contextmanager
def _whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Give a file that appears under its name only once it is whole."""
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise CommandFailed(f"Cannot write {path}: {error.strerror}. 无法写入文件") from error
    finally:
        part.unlink(missing_ok=True)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _print_downloads(taken: list[Download], speech: Language) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    pairs = [
        ("No.", "编号"), ("Report", "报表"), ("Format", "格式"), ("Taken by", "导出人"), ("At", "时间"),
        ("Outcome", "结果"), ("Rows", "行数"), ("SHA-256", "摘要值"),
    ]  # fmt: skip
    table = Table(*(speech.say(*pair) for pair in pairs), title=speech.say("Downloads", "导出记录"))
    for each in taken:
        at = datetime.fromtimestamp(each.started_at_us // 1_000_000, CENTRE_ZONE)
        cells = (
            str(each.download_id),
            each.report,
            each.format,
            each.taker,
            f"{at:%Y-%m-%d %H:%M:%S}",
            speech.say(each.outcome.value, OUTCOMES_ZH[each.outcome.value]),
            "" if each.rows is None else str(each.rows),
            each.sha256 or "",
        )
        table.add_row(*(Text(cell) for cell in cells))
    console = Console() if sys.stdout.isatty() else Console(width=240)
    console.print(table)


OUTCOMES_ZH = {"completed": "完成", "aborted": "中断", "unfinished": "未完成"}
