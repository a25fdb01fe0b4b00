"""`luochui lot`: put up a lot from a file, add its photos and papers, publish notices about it.

Belongs here: options, reading files, words. Does not belong here: what a lot may be (`exchange.catalogue`).
"""

from __future__ import annotations

import asyncio
import tomllib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar
from urllib.parse import quote

import msgspec
import typer

from exchange.categories import Category
from gateways.amounts import NotAnAmount, read_amount
from gateways.cli.language import Language, language_of
from gateways.cli.operator import operator_token
from gateways.cli.outcomes import CommandFailed, ExitCode
from gateways.cli.problems import problem_lines, words_of_field, words_of_violation
from gateways.client import DEFAULT_URL, ApiClient, ApiProblem, Unreachable

app = typer.Typer(no_args_is_help=True, add_completion=False)

Answer = TypeVar("Answer")

Url = Annotated[str, typer.Option(envvar="LUOCHUI_URL", help="The exchange. 交易所地址")]
Token = Annotated[str | None, typer.Option(envvar="LUOCHUI_TOKEN", help="API token of a host. 主持人令牌")]
DataDir = Annotated[
    Path | None,
    typer.Option(envvar="LUOCHUI_DATA_DIR", help="Where operator.token lies without a token. 数据目录"),
]
Speech = Annotated[Language | None, typer.Option(help="zh or en; else by LANG. 语言")]
LotNumber = Annotated[int, typer.Argument(metavar="LOT", min=1, help="Number of the lot. 标的编号")]
Written = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", help="TOML or JSON, fields as in the API. 字段同接口", exists=True, dir_okay=False
    ),
]


@app.command()
def publish(
    file: Written,
    check: Annotated[
        bool, typer.Option("--check", help="Only tell what keeps it from being published. 仅核对")
    ] = False,
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
) -> None:
    """Publish a lot: its notice is public at once. 发布标的

    Begin with `luochui lot draft`, fill in what the lot is called, and look with --check whether all is there.
    可先用 luochui lot draft 生成草稿，填写标的名称，再以 --check 核对。

    luochui lot publish hall.json --check
    """
    words = language or language_of()
    lot = _read(file, words)
    if check:
        found = _asked(url, token, data_dir, words, lambda api: api.call("POST", "/lots/check", lot))
        _tell_check(found, words)
        return
    number = _asked(url, token, data_dir, words, lambda api: api.publish_lot(lot))
    typer.echo(words.say(f"Lot {number} is published.", f"标的 {number} 已发布。"))


@app.command()
def draft(
    rulebook: Annotated[str, typer.Argument(metavar="RULEBOOK", help="Name of a rulebook. 规则名")],
    category: Annotated[Category, typer.Option(help="What is sold. 标的类别")],
    price: Annotated[
        str, typer.Option(metavar="AMOUNT", help="Opening price, as 12,300.50 or 1.2万. 起始价")
    ],
    valuation: Annotated[
        str | None, typer.Option(metavar="AMOUNT", help="Valuation, where there is one. 评估价")
    ] = None,
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
) -> None:
    """Print a lot with a rulebook's own figures, as JSON to fill in; nothing is made. 按规则生成标的草稿

    luochui lot draft judicial-first --category property --price 70万 --valuation 100万 > hall.json
    """
    words = language or language_of()
    try:
        subject = {
            "category": category,
            "opening_price": read_amount(price),
            "valuation": read_amount(valuation) if valuation else 0,
        }
    except NotAnAmount as error:
        told = words.say(f"{error} is not an amount.", f"{error} 不是金额。")
        raise CommandFailed(told, ExitCode.USAGE) from error
    figures = _asked(
        url,
        token,
        data_dir,
        words,
        lambda api: api.call("POST", f"/rulebooks/{quote(rulebook)}/draft", subject),
    )
    lot = {
        "category": category,
        "title_zh": "",
        "title_en": "",
        "rulebook": rulebook,
        "valuation": subject["valuation"],
        **figures,
    }
    typer.echo(msgspec.json.format(msgspec.json.encode(lot)).decode())


@app.command()
def attach(
    lot: LotNumber,
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE…", help="Photos and papers. 照片与文件", exists=True, dir_okay=False),
    ],
    caption_zh: Annotated[str, typer.Option(help="What is to be seen, in Chinese. 图注（中文）")] = "",
    caption_en: Annotated[str, typer.Option(help="What is to be seen, in English. 图注（英文）")] = "",
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
) -> None:
    """Publish photos and papers of a lot. 上传标的的照片与文件

    luochui lot attach 12 east.jpg plan.pdf
    """
    words = language or language_of()
    captions = {"caption_zh": caption_zh, "caption_en": caption_en}

    async def send(api: ApiClient) -> None:
        for file in files:
            with file.open("rb") as content:
                taken = await api.send_file(f"/lots/{lot}/files", file.name, content, captions)
            typer.echo(f"{taken['id']}  {taken['name']}  {taken['media_type']}  {taken['size']}")

    _asked(url, token, data_dir, words, send)


@app.command()
def notice(
    lot: LotNumber,
    file: Written,
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
) -> None:
    """Publish a notice about a lot; it cannot be changed, only corrected by another. 发布标的公告

    luochui lot notice 12 answer.toml
    """
    words = language or language_of()
    body = _read(file, words)
    made = _asked(url, token, data_dir, words, lambda api: api.once("POST", f"/lots/{lot}/notices", body))
    typer.echo(words.say(f"Notice {made['id']} is published.", f"公告 {made['id']} 已发布。"))


def _read(file: Path, words: Language) -> dict[str, Any]:
    """Return what a file says.  Raises: CommandFailed."""
    try:
        text = file.read_text(encoding="utf-8")
        found = msgspec.json.decode(text) if file.suffix == ".json" else tomllib.loads(text)
    except (UnicodeDecodeError, msgspec.DecodeError, tomllib.TOMLDecodeError) as error:
        raise CommandFailed(
            words.say(f"{file} cannot be read: {error}", f"无法读取 {file}：{error}"), ExitCode.USAGE
        ) from error
    if not isinstance(found, dict):
        raise CommandFailed(words.say(f"{file} holds no table.", f"{file} 不是字段表。"), ExitCode.USAGE)
    return found


def _asked(
    url: str,
    token: str | None,
    data_dir: Path | None,
    words: Language,
    work: Callable[[ApiClient], Awaitable[Answer]],
) -> Answer:
    """Do something at the exchange.  Raises: CommandFailed."""

    async def done() -> Answer:
        async with ApiClient(url, token=token or operator_token(data_dir)) as api:
            return await work(api)

    try:
        return asyncio.run(done())
    except Unreachable as problem:
        text = words.say("The exchange cannot be reached", "无法连接交易所")
        raise CommandFailed(f"{text}: {problem}", ExitCode.UNREACHABLE) from problem
    except ApiProblem as problem:
        raise CommandFailed("\n".join(problem_lines(problem, words))) from problem


def _tell_check(found: dict[str, Any], words: Language) -> None:
    lines = [
        *map(words_of_field(words), found["problems"]),
        *map(words_of_violation(words), found["violations"]),
    ]
    if lines:
        raise CommandFailed("\n".join(lines))
    typer.echo(words.say("It can be published.", "可以发布。"))
