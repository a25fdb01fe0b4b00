"""`luochui replay`: recorded auctions against a running exchange, compared with what really happened."""

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars
from rich.table import Table

from gateways.cli.operator import operator_token
from gateways.cli.outcomes import CommandFailed, ExitCode
from gateways.client import DEFAULT_URL, ClientProblem, ConnectionEnded, Unreachable
from gateways.recorded import ColumnsMissing, Reason, RecordedAuction, read_auctions
from gateways.replay import (
    PARALLEL,
    PARALLEL_MAX,
    Comparison,
    Progress,
    ReplayPlan,
    ReplayRefused,
    Report,
    Totals,
    replay,
)

TOKEN_UNKNOWN = (
    "The exchange does not know this token; give one with the roles admin and host.\n"
    "交易所不认此令牌；请提供具有 admin 与 host 角色的令牌。"
)

REASONS = {
    Reason.MALFORMED: "record incomplete 记录不全",
    Reason.HIDDEN_RESERVE: "fits a hidden reserve 与保密底价相符",
    Reason.BELOW_MINIMUM: "a bid below the minimum 有低于最低价的报价",
    Reason.TOP_BID_AND_PRICE_DISAGREE: "top bid and price disagree 最高价与成交价不符",
    Reason.RULE: "DIFFERS FROM OUR RULE 与本所规则不符",
    Reason.UNEXPLAINED: "unexplained 原因不明",
}


def command(
    file: Path = typer.Argument(
        ..., metavar="FILE", exists=True, dir_okay=False, help="CSV of recorded bids. 历史出价 CSV"
    ),
    url: str = typer.Option(DEFAULT_URL, envvar="LUOCHUI_URL", help="The exchange. 交易所地址"),
    token: str | None = typer.Option(
        None, envvar="LUOCHUI_TOKEN", help="API token with the roles admin and host. 管理员令牌"
    ),
    data_dir: Path | None = typer.Option(
        None, envvar="LUOCHUI_DATA_DIR", help="Where operator.token lies when no token is given. 数据目录"
    ),
    parallel: int = typer.Option(
        PARALLEL, min=1, max=PARALLEL_MAX, help="Auctions at once. 同时进行的拍卖数"
    ),
    infer_reserve: bool = typer.Option(
        False, "--infer-reserve", help="Give a lot the secret reserve that explains its price. 推断保密底价"
    ),
    limit: int | None = typer.Option(None, min=1, help="Only the first so many auctions. 只取前若干场"),
    speed: float | None = typer.Option(
        None, min=0.001, help="Recorded seconds in one of ours; else at most a minute in all. 时间压缩倍数"
    ),
    as_json: bool = typer.Option(
        False, "--json", help="As JSON, for programs, on standard output. 输出 JSON"
    ),
) -> None:
    """Every auction of the file becomes a lot. The exchange must be running. 每场拍卖成为一个标的；须先启动交易所。

    Every bid is left as a max bid by its bidder, over a WebSocket of his own, in the order of the record.

    每笔报价由其竞买人经各自的 WebSocket 连接、按记录顺序以代理报价提交。
    """
    auctions = _read(file)[:limit]
    plan = ReplayPlan(url, token or operator_token(data_dir), parallel, speed, infer_reserve)
    report = _run(auctions, plan)
    if as_json:
        typer.echo(msgspec.json.encode(report))
    else:
        _print(report)
    if report.totals.reasons.get(Reason.RULE):
        raise typer.Exit(ExitCode.REFUSED)


def _read(file: Path) -> list[RecordedAuction]:
    try:
        return read_auctions(file)
    except (OSError, UnicodeDecodeError, ColumnsMissing) as error:
        raise CommandFailed(f"{file}: {error}", ExitCode.USAGE) from error


def _run(auctions: Sequence[RecordedAuction], plan: ReplayPlan) -> Report:
    with _Bars(auctions) as bars:
        try:
            return asyncio.run(replay(auctions, plan, bars))
        except Unreachable as problem:
            raise CommandFailed(
                f"The exchange cannot be reached; is `luochui run` running? {problem}\n"
                f"无法连接交易所，请确认 luochui run 正在运行。",
                ExitCode.UNREACHABLE,
            ) from problem
        except (ReplayRefused, ClientProblem) as problem:
            if isinstance(problem, ConnectionEnded) and problem.code == HTTPStatus.UNAUTHORIZED:
                raise CommandFailed(TOKEN_UNKNOWN) from problem
            raise CommandFailed(f"The replay ended early 重放中断: {problem}") from problem


class _Bars(Progress):
    """Progress on standard error, so that standard output holds the result alone."""

    def __init__(self, auctions: Sequence[RecordedAuction]) -> None:
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        runnable = [auction for auction in auctions if auction.may_run]
        self._accounts = self._bars.add_task("accounts 账户", total=None)
        self._bids = self._bars.add_task("bids 报价", total=sum(len(auction.bids) for auction in runnable))
        self._auctions = self._bars.add_task("auctions 拍卖", total=len(runnable))
        self._stack = ExitStack()

    def __enter__(self) -> "_Bars":
        self._stack.enter_context(self._bars)
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def accounts_made(self, made: int, total: int) -> None:
        self._bars.update(self._accounts, completed=made, total=total)

    def bid_answered(self, auction: RecordedAuction) -> None:
        self._bars.advance(self._bids)

    def auction_done(self, comparison: Comparison) -> None:
        self._bars.advance(self._auctions)


def _print(report: Report) -> None:
    console = Console()
    if not console.is_terminal:
        console.width = 160
    console.print(_table(report.auctions))
    console.print(_summary(report.totals))


def _table(comparisons: Sequence[Comparison]) -> Table:
    table = Table(title="Recorded and replayed 历史与重放", header_style="bold")
    for heading in ("auction 拍卖", "recorded 记录价", "ours 重放价"):
        table.add_column(heading, justify="right")
    for heading in ("leader 记录领先", "ours 重放领先"):
        table.add_column(heading)
    table.add_column("bids 报价", justify="right")
    table.add_column("refused 拒绝")
    table.add_column("agrees 一致")
    for comparison in comparisons:
        table.add_row(*_row(comparison))
    return table


def _row(comparison: Comparison) -> list[str]:
    return [
        comparison.auction,
        _money(comparison.recorded_price),
        _money(comparison.our_price),
        comparison.recorded_leader,
        comparison.our_leader,
        str(comparison.bids),
        ", ".join(f"{number} {_words(code)}" for code, number in comparison.refused.items()) or "–",
        _verdict(comparison),
    ]


def _verdict(comparison: Comparison) -> str:
    if comparison.reason is None:
        return "✓ with reserve 含底价" if comparison.reserve_price else "✓"
    problems = f" ({'; '.join(comparison.problems)})" if comparison.problems else ""
    return f"✗ {REASONS[comparison.reason]}{problems}"


def _summary(totals: Totals) -> Table:
    table = Table(show_header=False, box=None)
    table.add_column(justify="right", style="bold")
    table.add_column()
    table.add_row(
        f"{totals.agreed} of {totals.auctions}",
        f"prices agree 成交价一致, {totals.agreed_with_reserve} of them with an inferred reserve 其中推断底价",
    )
    table.add_row(f"{totals.leaders_agreed} of {totals.run}", "leaders agree 领先者一致")
    table.add_row(
        f"{totals.bids}", f"bids sent 报价, {totals.accepted} accepted 接受, {totals.refused} refused 拒绝"
    )
    table.add_row(f"{totals.below_minimum}", "bids below the minimum at their time 低于当时最低价的报价")
    table.add_row(
        f"{totals.seconds:.1f} s", f"used 用时, one second for {totals.speed:,.0f} recorded 时间压缩倍数"
    )
    for reason, number in totals.reasons.items():
        table.add_row(str(number), f"✗ {REASONS[Reason(reason)]}")
    return table


def _money(cents: int) -> str:
    return f"{cents // 100:,}.{cents % 100:02d}" if cents else "–"


def _words(code: str) -> str:
    return code.lower().replace("_", " ")
