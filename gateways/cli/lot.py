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
from gateways.amounts import NotAnAmount, read_amount, write_amount
from gateways.cli.language import Language, language_of
from gateways.cli.operator import operator_token
from gateways.cli.outcomes import CommandFailed, ExitCode
from gateways.cli.problems import problem_lines, words_of_field, words_of_violation
from gateways.client import DEFAULT_URL, ApiClient, ApiProblem, Unreachable
from gateways.lot_documents import AMOUNTS, OF_TERMS, NotReadable, read_lot

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
    typer.Argument(metavar="FILE", help="TOML or JSON. TOML 或 JSON 文件", exists=True, dir_okay=False),
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

    Begin with `luochui lot draft`, or write a file as below, and look with --check whether all is there.
    可先用 luochui lot draft 生成草稿，或按下例书写，再以 --check 核对。

    luochui lot publish hall.toml --check

    Write amounts with their currency, "7,000,000 yuan" or "700 万元": a bare number is in minor units, 700000000 fen.
    Times are 2026-12-01T10:00:00 by the centre's clock, lengths "24 h". With a rulebook, what is left out is its own.
    金额请连单位书写；不带单位的数字以分计。时间为北京时间。适用规则的标的，未写的由规则补足。

    \b
    category = "property"
    title_zh = "厂房"
    title_en = "A hall"
    rulebook = "judicial-first"
    valuation = "1000 万元"
    [terms]
    currency = "CNY"
    opening_price = "7,000,000 yuan"
    opens_at_us = 2027-01-15T10:00:00
    """
    words = language or language_of()
    written = _lot_in(file, words)

    async def send(api: ApiClient) -> tuple[dict[str, Any], Any]:
        lot = await _with_rulebook(api, written)
        return lot, await (api.call("POST", "/lots/check", lot) if check else api.publish_lot(lot))

    lot, answer = _asked(url, token, data_dir, words, send)
    if check:
        _tell_check(answer, words)
    else:
        typer.echo(words.say(f"Lot {answer} is published.", f"标的 {answer} 已发布。"))
    typer.echo(_read_back(lot, words))


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


def _lot_in(file: Path, words: Language) -> dict[str, Any]:
    """Return the lot in a file.  Raises: CommandFailed."""
    try:
        return read_lot(_read(file, words))
    except NotReadable as problem:
        told = words.say(
            f'{problem.field}: {problem.written!r} cannot be read. Write an amount as "12.50 yuan", or as 1250 fen; '
            'a time as 2026-12-01T10:00:00; a length as "24 h".',
            f'{problem.field}：无法识别 {problem.written!r}。金额写作 "12.50 元" 或以分计的整数 1250；'
            '时间写作 2026-12-01T10:00:00；时长写作 "24 h"。',
        )
        raise CommandFailed(told, ExitCode.USAGE) from problem


async def _with_rulebook(api: ApiClient, written: dict[str, Any]) -> dict[str, Any]:
    """Return a lot with its rulebook's own figures for what the file leaves out.

    A table of the terms that is called as a format of the programme tells figures of that phase.

    Raises: as `ApiClient.call`.
    """
    terms = written.get("terms")
    name = written.get("rulebook")
    if not name or not isinstance(terms, dict) or "programme" in terms or "opening_price" not in terms:
        return written
    asked = {
        "category": written.get("category", "other"),
        "opening_price": terms["opening_price"],
        "valuation": written.get("valuation", 0),
        "notice_at_us": written.get("notice_at_us", 0),
        "opens_at_us": terms.get("opens_at_us", 0),
    }
    figures = await api.call("POST", f"/rulebooks/{name}/draft", asked)
    own = figures["terms"]
    programme = [phase | terms.get(phase["phase"], {}) for phase in own["programme"]]
    formats = {phase["phase"] for phase in programme}
    said = {field: value for field, value in terms.items() if field not in formats}
    filled = {"deposit": figures["deposit"], "commission": figures["commission"]}
    return filled | written | {"terms": own | said | {"programme": programme}}


def _read_back(lot: dict[str, Any], words: Language) -> str:
    """Return the amounts of a lot as they will be told, so that a slip of two noughts is seen."""
    terms = lot["terms"]
    names = {
        "opening_price": words.say("opening price", "起始价"),
        "deposit": words.say("deposit", "保证金"),
        "valuation": words.say("valuation", "评估价"),
        "reserve_price": words.say("reserve price", "保留价"),
    }
    found = {field: (terms if field in OF_TERMS else lot).get(field, 0) for field in AMOUNTS}
    told = [
        f"{names[field]} {write_amount(amount, terms['currency'])}"
        for field, amount in found.items()
        if amount
    ]
    return words.say(", ", "，").join(told)


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
