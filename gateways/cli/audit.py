"""`luochui audit`: the record of who did what, from the machine on which the exchange's data lie."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from exchange.audit import Audit, AuditReport, Entry, Kept
from exchange.database import StoreUnavailable
from exchange.registry import opened_pool
from exchange.setting_sources import load_settings
from gateways.cli.language import Language, language_of
from gateways.cli.outcomes import CommandFailed, ExitCode

app = typer.Typer(no_args_is_help=True, add_completion=False)

DatabaseUrl = Annotated[
    str | None, typer.Option(help="PostgreSQL of the exchange, if not the embedded one. 交易所的 PostgreSQL")
]
DataDir = Annotated[Path | None, typer.Option(help="Folder of the exchange's data. 交易所数据目录")]


@app.callback()
def root() -> None:
    """The record of who did what. 操作审计记录"""


@app.command()
def verify(
    noted: Annotated[
        str | None,
        typer.Option(
            help="A place that was noted earlier, as this command prints it: POSITION:LINK. "
            "此前记下的位置，形如 序号:链值"
        ),
    ] = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON, for programs. 输出 JSON")] = False,
    language: Annotated[Language | None, typer.Option(help="zh or en; else by LANG. 语言")] = None,
) -> None:
    """Recompute the chain of all entries. 由全部记录重算并核验审计链

    Note the end that it prints in another place, and give it with --noted next time: whoever owns the database could
    write the whole chain anew, but not what you have noted. 请将末位另行保存，下次以 --noted 传入。
    """
    known = None if noted is None else _place(noted)
    report = _read(database_url, data_dir, known)
    if json:
        typer.echo(msgspec.json.encode(report))
    else:
        _print(report, language or language_of())
    if not report.is_sound:
        raise typer.Exit(ExitCode.REFUSED)


def _read(database_url: str | None, data_dir: Path | None, known: Kept | None) -> AuditReport:
    given = {"database_url": database_url, "data_dir": data_dir}
    settings = load_settings({name: value for name, value in given.items() if value is not None})

    async def reading() -> AuditReport:
        async with opened_pool(settings) as pool:
            return await Audit(pool).verify(known)

    try:
        return asyncio.run(reading())
    except StoreUnavailable as error:
        raise CommandFailed(
            f"The database does not answer: {error}. 无法使用数据库", ExitCode.UNREACHABLE
        ) from error


def _place(text: str) -> Kept:
    position, _, link = text.partition(":")
    if not position.isdecimal() or len(link) != 64 or set(link) - set("0123456789abcdef"):
        raise CommandFailed("--noted takes POSITION:LINK. --noted 须为 序号:链值", ExitCode.USAGE)
    return Kept(int(position), link, Entry(0, "", ""))


def _print(report: AuditReport, words: Language) -> None:
    for flaw in report.flaws:
        typer.echo(
            words.say(f"entry {flaw.position}: {flaw.what.en}", f"第 {flaw.position} 条：{flaw.what.zh}")
        )
    verdict = words.say("sound", "完好") if report.is_sound else words.say("NOT SOUND", "有异常")
    typer.echo(words.say(f"{report.entries:,} entries, {verdict}", f"{report.entries:,} 条记录，{verdict}"))
    if report.position:
        typer.echo(f"{words.say('end', '末位')}  {report.position}:{report.link}")
