"""How the acts of `luochui ledger` reach the exchange: over HTTP, as the person whose token is given.

What reads the books (register, exports, verify) reads the database, whether the exchange runs or not. What acts goes
through the exchange, because four eyes need two persons, and a person is proven by his token alone.

Belongs here: options, asking, telling a refusal, tables. Does not belong here: what any command asks.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeVar

import msgspec
import typer

from exchange.rulebooks.working_days import CENTRE_TIME
from gateways.amounts import NotAnAmount, read_amount, write_amount
from gateways.cli.language import Language, language_of
from gateways.cli.operator import operator_token
from gateways.cli.outcomes import CommandFailed, ExitCode
from gateways.client import ApiClient, ApiProblem, Unreachable
from gateways.messages import MESSAGES

SECOND_US = 1_000_000
PIPE_WIDTH = 240

Result = TypeVar("Result")

Url = Annotated[str, typer.Option("--url", envvar="LUOCHUI_URL", help="The exchange. 交易所地址")]
Token = Annotated[
    str | None,
    typer.Option(
        "--token",
        envvar="LUOCHUI_TOKEN",
        help="API token of the person who acts; without one the operator's. 经办人令牌，缺省为操作员",
    ),
]
DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir", envvar="LUOCHUI_DATA_DIR", help="Where operator.token lies without a token. 数据目录"
    ),
]
Speech = Annotated[Language | None, typer.Option("--language", help="zh or en; else by LANG. 语言")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for programs. 输出 JSON")]


class Way(NamedTuple):
    """Where the exchange is, who asks, and how the answer is shown."""

    url: str
    token: str
    words: Language
    as_json: bool


def way(url: str, token: str | None, data_dir: Path | None, language: Language | None, as_json: bool) -> Way:
    """Return the way that options describe.

    Raises: CommandFailed when there is no token.
    """
    return Way(url, token or operator_token(data_dir), language or language_of(), as_json)


def ask(
    there: Way,
    method: str,
    path: str,
    body: Mapping[str, Any] | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> Any:
    """Call the API and return its answer; parameters that are None are left out.

    Raises: CommandFailed with what the exchange says, in the person's language.
    """
    given = {name: value for name, value in (parameters or {}).items() if value is not None}
    return with_exchange(there, lambda api: api.call(method, path, body, given or None))


def with_exchange(there: Way, work: Callable[[ApiClient], Awaitable[Result]]) -> Result:
    """Do something with the exchange.  Raises: CommandFailed."""

    async def doing() -> Result:
        async with ApiClient(there.url, token=there.token) as api:
            return await work(api)

    try:
        return asyncio.run(doing())
    except Unreachable as problem:
        text = there.words.say("The exchange cannot be reached", "无法连接交易所")
        raise CommandFailed(f"{text}: {problem}", ExitCode.UNREACHABLE) from problem
    except ApiProblem as problem:
        raise CommandFailed(_told(problem, there.words)) from problem


def show(there: Way, answer: Any, told: Callable[[], None]) -> None:
    """Print an answer for machines, or have it told to people."""
    if there.as_json:
        typer.echo(msgspec.json.format(msgspec.json.encode(answer)).decode())
    else:
        told()


def print_table(title: str, headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table; what another program reads is not cut to a width."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # Text, not markup: the ledger's accounts hold what would read as an emoji, `assets:bank:`.
    table = Table(*headings, title=Text(title))
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console = Console() if sys.stdout.isatty() else Console(width=PIPE_WIDTH)
    console.print(table)


def show_done(there: Way, answer: Any, english: str, chinese: str) -> None:
    """Show the answer to an act: one sentence for people."""
    show(there, answer, lambda: typer.echo(there.words.say(english, chinese)))


def show_proposed(there: Way, answer: Any) -> None:
    """Show the answer to a proposal, which another person confirms under its number."""
    number = answer["proposal_id"]
    show_done(
        there, answer, f"Proposal {number}; another person confirms it.", f"提议 {number}，待第二人复核。"
    )


def money(amount: int, currency: str) -> str:
    """Return an amount for reading."""
    return write_amount(amount, currency)


def moment(at_us: int | None) -> str:
    """Return a moment by the centre's clock; nothing for none."""
    return (
        "" if at_us is None else f"{datetime.fromtimestamp(at_us // SECOND_US, CENTRE_TIME):%Y-%m-%d %H:%M}"
    )


def sentence(code: str, words: Language) -> str:
    """Return what a code means; the code itself where nobody wrote words for it."""
    message = MESSAGES.get(code)
    return code.replace("_", " ") if message is None else words.say(message.en, message.zh)


def amount_of(text: str, words: Language) -> int:
    """Return what a person wrote as an amount, in minor units.  Raises: CommandFailed."""
    try:
        return read_amount(text)
    except NotAnAmount as error:
        raise CommandFailed(
            words.say(f"{error} is not an amount.", f"{error} 不是金额。"), ExitCode.USAGE
        ) from error


def _told(problem: ApiProblem, words: Language) -> str:
    """Say a refusal: the ledger's reason where it gives one, what to do next, and what it concerns."""
    code = problem.detail if problem.detail in MESSAGES else problem.code
    message = MESSAGES.get(code)
    if message is None:
        return "\n".join((f"{problem.code} {problem.detail}".rstrip(), *problem.problems))
    text = words.say(f"{message.en} {message.next_en}", f"{message.zh}{message.next_zh}")
    return "\n".join((f"{text} ({code})", *problem.problems))
