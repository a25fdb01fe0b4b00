"""`luochui rulebook`: which rulebooks there are, what one asks for on which article, and whether a file is one.

Belongs here: options, tables, JSON. Does not belong here: reading and checking (`exchange.rulebooks`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from exchange.rulebooks.explanation import Explanation, Line, explanation, summary
from exchange.rulebooks.library import Library, RulebooksUnusable, library
from exchange.rulebooks.reading import Finding, RulebookUnreadable, read_rulebook
from exchange.rulebooks.rulebook import Rulebook, Sureness
from exchange.setting_sources import load_settings
from exchange.texts import BothLanguages
from gateways.cli.language import Language, language_of
from gateways.cli.outcomes import CommandFailed, ExitCode

app = typer.Typer(no_args_is_help=True, add_completion=False)

STYLES = {Sureness.VERIFIED: "green", Sureness.SECOND_HAND: "yellow", Sureness.TO_BE_CHECKED: "red"}
PLAIN_WIDTH = 160
"""Columns of a table that goes into a file or a pipe."""

AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for programs. 输出 JSON")]
Speech = Annotated[Language | None, typer.Option("--language", help="zh or en; else by LANG. 语言")]
Folder = Annotated[
    Path | None,
    typer.Option(
        "--rulebooks-dir", metavar="DIR", help="Folder of the centre's own rulebooks. 本中心规则目录"
    ),
]
RulebookName = Annotated[str, typer.Argument(metavar="NAME", help="Name of a rulebook. 规则名")]
RulebookFile = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="TOML file of a rulebook. 规则文件", exists=True, dir_okay=False),
]


@app.command("list")
def list_rulebooks(as_json: AsJson = False, language: Speech = None, folder: Folder = None) -> None:
    """List the rulebooks with their formats and legal basis. 列出全部规则"""
    words = language or language_of()
    rulebooks = opened(folder, words).all()
    if as_json:
        typer.echo(_json([summary(rulebook) for rulebook in rulebooks]))
        return
    table = Table(box=box.SIMPLE_HEAD)
    for title in (("name", "规则"), ("title", "名称"), ("programme", "程序"), ("basis", "依据")):
        table.add_column(words.say(*title), overflow="fold")
    for rulebook in rulebooks:
        name = rulebook.name + ("" if rulebook.is_shipped else words.say(" (own)", "（本中心）"))
        programme = " → ".join(plan.phase for plan in rulebook.phases)
        table.add_row(name, said(words, rulebook.title), programme, said(words, rulebook.basis))
    console().print(table)


@app.command()
def explain(
    name: RulebookName, as_json: AsJson = False, language: Speech = None, folder: Folder = None
) -> None:
    """Show what a rulebook asks for, with the article of each figure and how sure it is. 逐条说明一部规则"""
    words = language or language_of()
    explained = explanation(found(name, opened(folder, words), words))
    if as_json:
        typer.echo(_json(explained))
        return
    _show(explained, words)


@app.command()
def check(file: RulebookFile, as_json: AsJson = False, language: Speech = None) -> None:
    """Check a rulebook: every mistake with its line, and what may stand there instead. 检查规则文件，逐行指出问题"""
    words = language or language_of()
    try:
        rulebook = read_rulebook(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise CommandFailed(words.say(f"{file} is not UTF-8.", f"{file} 不是 UTF-8 编码。")) from error
    except RulebookUnreadable as error:
        _tell(file, error.findings, as_json, words)
        raise typer.Exit(ExitCode.REFUSED) from error
    if as_json:
        typer.echo(_json({"name": rulebook.name, "findings": []}))
        return
    typer.echo(
        words.say(
            f"{file}: {rulebook.name} can be used: {len(rulebook.phases)} phases, {len(rulebook.limits)} limits, "
            f"{len(rulebook.duties)} duties.",
            f"{file}：规则 {rulebook.name} 可用：{len(rulebook.phases)} 个阶段，{len(rulebook.limits)} 项限制，"
            f"{len(rulebook.duties)} 项义务。",
        )
    )


def opened(folder: Path | None, words: Language) -> Library:
    """Return the rulebooks at hand: the shipped ones, and those of the folder that is given or set.

    Raises: CommandFailed, SettingsProblems.
    """
    settings = load_settings({"rulebooks_dir": folder})
    try:
        return library(settings.rulebooks_dir)
    except RulebooksUnusable as error:
        lines = [
            f"{file}: {finding_text(finding, words)}"
            for file, findings in error.findings.items()
            for finding in findings
        ]
        raise CommandFailed("\n".join(lines), ExitCode.CONFIGURATION) from error


def found(name: str, rulebooks: Library, words: Language) -> Rulebook:
    """Return the rulebook of a name.  Raises: CommandFailed."""
    rulebook = rulebooks.get(name)
    if rulebook is None:
        names = ", ".join(one.name for one in rulebooks.all())
        raise CommandFailed(
            words.say(
                f"There is no rulebook {name!r}. There are: {names}", f"没有规则“{name}”。可用：{names}"
            ),
            ExitCode.USAGE,
        )
    return rulebook


def said(words: Language, text: BothLanguages) -> str:
    """Return a text in the language of the command."""
    return words.say(text.en, text.zh)


def console() -> Console:
    """Return where tables go: as wide as the terminal, or wide enough where there is none."""
    screen = Console(highlight=False)
    return screen if screen.is_terminal else Console(highlight=False, width=PLAIN_WIDTH)


def finding_text(finding: Finding, words: Language) -> str:
    """Return a finding as one line."""
    where = f"{finding.where}: " if finding.where else ""
    line = words.say(f"line {finding.line}: ", f"第 {finding.line} 行：") if finding.line else ""
    return f"{line}{where}{said(words, finding.text)}"


def _tell(file: Path, findings: tuple[Finding, ...], as_json: bool, words: Language) -> None:
    if as_json:
        typer.echo(_json({"findings": findings}))
        return
    for finding in findings:
        typer.echo(f"{file}: {finding_text(finding, words)}", err=True)


def _show(explained: Explanation, words: Language) -> None:
    screen = console()
    screen.print(Text(f"{explained.name}  {said(words, explained.title)}", style="bold"))
    screen.print(said(words, explained.basis))
    screen.print(said(words, explained.notes).strip() + "\n")
    screen.print(_programme(explained, words))
    heads = (("parameter", "参数"), ("default", "默认"), ("allowed", "允许范围"))
    screen.print(_table(words, heads, explained.limits))
    if explained.duties:
        screen.print(_table(words, (("duty", "义务"), ("within", "期限"), ("", "")), explained.duties))


def _programme(explained: Explanation, words: Language) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for title in (("phase", "阶段"), ("format", "竞价方式"), ("parameters", "参数")):
        table.add_column(words.say(*title), overflow="fold")
    for phase in explained.phases:
        optional = words.say(" (optional)", "（可省略）") if phase.is_optional else ""
        table.add_row(phase.called + optional, phase.phase, _written(phase.terms))
    return table


def _written(terms: Mapping[str, Any]) -> str:
    return "\n".join(f"{key} = {_value(value)}" for key, value in terms.items())


def _value(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _table(words: Language, heads: tuple[tuple[str, str], ...], lines: tuple[Line, ...]) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for title in (*heads, ("article", "条款"), ("sure", "可靠程度")):
        table.add_column(words.say(*title), overflow="fold")
    for line in lines:
        table.add_row(
            said(words, line.name) + _of_categories(line, words),
            said(words, line.default),
            said(words, line.allowed),
            said(words, line.article),
            Text(said(words, line.sure.text), style=STYLES[line.sure]),
        )
    return table


def _of_categories(line: Line, words: Language) -> str:
    if not line.categories:
        return ""
    return words.say(f" ({', '.join(line.categories)})", f"（{'、'.join(line.categories)}）")


def _json(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value)).decode()
