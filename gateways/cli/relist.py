"""`luochui relist`: sell again what passed, at the reduction that its rulebook names unless told otherwise.

Belongs here: options and words. Does not belong here: prices and limits (`exchange.relisting`, `exchange.rulebooks`).
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from exchange.rulebooks.working_days import CENTRE_TIME
from gateways.amounts import NotAnAmount, read_amount, write_amount
from gateways.cli.language import Language, language_of
from gateways.cli.operator import operator_token
from gateways.cli.outcomes import CommandFailed, ExitCode
from gateways.cli.problems import problem_lines
from gateways.client import DEFAULT_URL, ApiClient, ApiProblem, Unreachable

SECOND_US = 1_000_000


def command(
    lot: Annotated[
        int, typer.Argument(metavar="LOT", min=1, help="Number of the lot that passed. 流拍标的编号")
    ],
    price: Annotated[
        str | None,
        typer.Option(
            metavar="AMOUNT", help="Opening price; else the legal reduction. 起始价，缺省按规则降价"
        ),
    ] = None,
    opens: Annotated[
        datetime | None,
        typer.Option(help="Opening, by the centre's clock; else as soon as the notice allows. 开始时间"),
    ] = None,
    deposit_by: Annotated[
        datetime | None,
        typer.Option(help="Until when deposits may arrive; else until the lot ends. 保证金到账截止"),
    ] = None,
    rulebook: Annotated[
        str, typer.Option(metavar="NAME", help="Rulebook; else the one that follows. 规则，缺省为后续规则")
    ] = "",
    url: Annotated[str, typer.Option(envvar="LUOCHUI_URL", help="The exchange. 交易所地址")] = DEFAULT_URL,
    token: Annotated[
        str | None, typer.Option(envvar="LUOCHUI_TOKEN", help="API token of a host. 主持人令牌")
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(envvar="LUOCHUI_DATA_DIR", help="Where operator.token lies without a token. 数据目录"),
    ] = None,
    language: Annotated[Language | None, typer.Option(help="zh or en; else by LANG. 语言")] = None,
) -> None:
    """Put a lot that passed up again. 流拍标的再次竞价

    luochui relist 12 --opens 2026-12-20T10:00
    """
    words = language or language_of()
    body = _body(price, opens, deposit_by, rulebook, words)
    try:
        sheet = asyncio.run(_relisted(url, token or operator_token(data_dir), lot, body))
    except Unreachable as problem:
        text = words.say("The exchange cannot be reached", "无法连接交易所")
        raise CommandFailed(f"{text}: {problem}", ExitCode.UNREACHABLE) from problem
    except ApiProblem as problem:
        raise CommandFailed("\n".join(problem_lines(problem, words))) from problem
    typer.echo(_told(sheet, words))


def _body(
    price: str | None, opens: datetime | None, deposit_by: datetime | None, rulebook: str, words: Language
) -> dict[str, Any]:
    body: dict[str, Any] = {"rulebook": rulebook} if rulebook else {}
    if price is not None:
        try:
            body["opening_price"] = read_amount(price)
        except NotAnAmount as error:
            raise CommandFailed(
                words.say(f"{error} is not an amount.", f"{error} 不是金额。"), ExitCode.USAGE
            ) from error
    if opens is not None:
        body["opens_at_us"] = _moment_us(opens)
    if deposit_by is not None:
        body["deposit_by_us"] = _moment_us(deposit_by)
    return body


def _moment_us(by_the_clock: datetime) -> int:
    return int(by_the_clock.replace(tzinfo=CENTRE_TIME).timestamp()) * SECOND_US


async def _relisted(url: str, token: str, lot: int, body: dict[str, Any]) -> dict[str, Any]:
    async with ApiClient(url, token=token) as api:
        made = await api.once("POST", f"/lots/{lot}/relisting", body)
        return await api.lot(made["lot"])


def _told(sheet: dict[str, Any], words: Language) -> str:
    terms = sheet["terms"]
    price = write_amount(terms["opening_price"], terms["currency"])
    rulebook = sheet["rules"]["rulebook"]
    return words.say(
        f"Lot {sheet['lot']} ({sheet['code']}) opens at {price}, {_moment(terms['opens_at_us'], words)}, "
        f"under {rulebook or 'no rulebook'}.",
        f"标的 {sheet['lot']}（{sheet['code']}）以 {price} 起拍，{_moment(terms['opens_at_us'], words)}，"
        f"规则：{rulebook or '无'}。",
    )


def _moment(opens_at_us: int, words: Language) -> str:
    if not opens_at_us:
        return words.say("when the host opens it", "由主持人开始")
    return f"{datetime.fromtimestamp(opens_at_us // SECOND_US, CENTRE_TIME):%Y-%m-%d %H:%M}"
