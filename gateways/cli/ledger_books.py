"""`luochui ledger due | periods | reverse | reconcile | defaults | trial-balance | account`: clocks and closing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any

import typer

from exchange.rulebooks.working_days import CENTRE_TIME
from gateways.cli.ledger_exchange import (
    SECOND_US,
    AsJson,
    DataDir,
    Speech,
    Token,
    Url,
    Way,
    amount_of,
    ask,
    moment,
    money,
    print_table,
    sentence,
    show,
    show_done,
    show_proposed,
    way,
)
from gateways.cli.outcomes import CommandFailed, ExitCode
from gateways.client import DEFAULT_URL

PERIODS_TEACHING = """Closed days and months, by two persons. 结账

\b
  luochui ledger periods show
  luochui ledger periods close 2026-03-02                   an accountant proposes
  luochui ledger periods confirm 2026-03-02 --token CHECKER another confirms: final
  luochui ledger periods close 2026-03-01 --month
"""
REVERSE_TEACHING = """Corrections: a posting's exact opposite, by two persons. 冲销

\b
  luochui ledger reverse propose TRANSFER_ID --reason "booked twice"
  luochui ledger reverse confirm 1 --token CHECKER
"""
RECONCILE_TEACHING = """Books beside the bank. 银行对账

\b
  luochui ledger reconcile run                              match what both sides say alike
  luochui ledger reconcile days assets:bank:cny --since 2026-03-01
  luochui ledger reconcile unmatched assets:bank:cny
  luochui ledger reconcile match assets:bank:cny --movement 5 --posting 17 --note "one booking"
"""
DEFAULTS_TEACHING = """Winners who did not honour their bids, by two persons. 悔拍保证金处置

\b
  luochui ledger defaults list
  luochui ledger defaults propose 12 7 --claim costs=1200=invoice-5 --claim shortfall=30000=lot-19
  luochui ledger defaults confirm 12 7 --token CHECKER
"""

periods = typer.Typer(no_args_is_help=True, add_completion=False, help=PERIODS_TEACHING)
reverse = typer.Typer(no_args_is_help=True, add_completion=False, help=REVERSE_TEACHING)
reconcile = typer.Typer(no_args_is_help=True, add_completion=False, help=RECONCILE_TEACHING)
defaults = typer.Typer(no_args_is_help=True, add_completion=False, help=DEFAULTS_TEACHING)

LEVELS_ZH = {"waiting": "待起算", "running": "计时中", "soon": "即将到期", "overdue": "已逾期"}

Day = Annotated[datetime, typer.Argument(metavar="DAY", formats=["%Y-%m-%d"], help="As 2026-03-02. 日期")]
IsMonth = Annotated[bool, typer.Option("--month", help="The month of that day. 该日所在月")]
Why = Annotated[str, typer.Option("--reason", help="Why; it is kept. 理由（留存）")]
Code = Annotated[str, typer.Argument(metavar="ACCOUNT", help="Such as assets:bank:cny. 账簿账户")]
Proposal = Annotated[int, typer.Argument(metavar="PROPOSAL", min=1, help="Its number. 提议编号")]
Lot = Annotated[int, typer.Argument(metavar="LOT", min=1, help="Number of the lot. 标的编号")]
Bidder = Annotated[int, typer.Argument(metavar="BIDDER", min=1, help="Number of the bidder. 竞买人编号")]


def due(
    level: Annotated[str | None, typer.Option(help="overdue | soon | running | waiting. 紧急程度")] = None,
    lot: Annotated[int | None, typer.Option("--lot", min=1, help="Only this lot. 仅此标的")] = None,
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """List the refunds that have not left, by their legal clocks; exit code 1 if one is late. 退款期限"""
    there = way(url, token, data_dir, language, as_json)
    answer = ask(there, "GET", "/refund-clocks", parameters={"level": level, "lot": lot})
    pairs = (
        ("Lot", "标的"),
        ("Payee", "收款人"),
        ("Owed", "应退"),
        ("Clock", "期限"),
        ("Due", "到期"),
        ("Level", "状态"),
    )
    rows = [
        (
            str(one["lot_id"]),
            one["payer_name"],
            money(one["owed"], one["currency"]),
            one["clock"],
            moment(one["due_at_us"]),
            there.words.say(one["level"], LEVELS_ZH[one["level"]]),
        )
        for one in answer["refunds"]
    ]
    show(there, answer, lambda: _table(there, ("Refunds", "退款"), pairs, rows))
    if any(one["level"] == "overdue" for one in answer["refunds"]):
        raise CommandFailed(there.words.say("Refunds are overdue.", "有逾期未退款项。"))


def contract(
    lot: Lot,
    signed: Annotated[datetime, typer.Argument(metavar="SIGNED", help="By the centre's clock. 签约时间")],
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Write down when a lot's contract was signed; some refund clocks begin with it. 登记签约时间"""
    there = way(url, token, data_dir, language, as_json)
    at_us = int(signed.replace(tzinfo=CENTRE_TIME).timestamp()) * SECOND_US
    answer = ask(there, "POST", f"/lots/{lot}/contract", {"signed_at_us": at_us})
    show(there, answer, lambda: typer.echo(moment(answer["signed_at_us"])))


def trial_balance(
    day: Annotated[
        datetime | None, typer.Option("--day", formats=["%Y-%m-%d"], help="At the end of a day. 某日终")
    ] = None,
    at: Annotated[
        datetime | None, typer.Option("--at", help="As recorded up to then, by the centre's clock. 某一时刻")
    ] = None,
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Show the totals of every account, now, at a moment or at the end of a day. 试算平衡"""
    there = way(url, token, data_dir, language, as_json)
    at_us = None if at is None else int(at.replace(tzinfo=CENTRE_TIME).timestamp()) * SECOND_US
    parameters = {"day": None if day is None else _day(day), "at_us": at_us}
    answer = ask(there, "GET", "/ledger/trial-balance", parameters=parameters)
    pairs = (
        ("Account", "科目"),
        ("Debits", "借方"),
        ("Credits", "贷方"),
        ("Balance", "余额"),
        ("Promised", "冻结"),
    )
    rows = [
        (
            one["account"],
            money(one["debits_posted"], one["currency"]),
            money(one["credits_posted"], one["currency"]),
            money(one["debits_posted"] - one["credits_posted"], one["currency"]),
            money(max(one["debits_pending"], one["credits_pending"]), one["currency"]),
        )
        for one in answer["accounts"]
    ]
    show(there, answer, lambda: _table(there, ("Trial balance", "试算平衡表"), pairs, rows))


def account(
    code: Code,
    after: Annotated[int, typer.Option(min=0, help="Behind this version. 起始版本")] = 0,
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Show an account of the ledger with its changes and running balance. 账户明细"""
    there = way(url, token, data_dir, language, as_json)
    answer = ask(there, "GET", "/ledger/account", parameters={"account": code, "after": after})
    pairs = (
        ("Version", "版本"),
        ("Posting", "分录"),
        ("When", "时间"),
        ("Side", "方向"),
        ("Change", "发生额"),
        ("Balance", "余额"),
    )
    rows = [
        (
            str(one["account_version"]),
            str(one["sequence"]),
            moment(one["recorded_at_us"]),
            one["side"],
            money(one["posted_change"], one["currency"]),
            money(one["debits_posted"] - one["credits_posted"], one["currency"]),
        )
        for one in answer["entries"]
    ]
    show(there, answer, lambda: _table(there, (code, code), pairs, rows))


@periods.command("show")
def show_periods(
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Show what is closed and what waits for a second person. 结账状态"""
    there = way(url, token, data_dir, language, as_json)
    answer = ask(there, "GET", "/periods")
    state = answer["state"]

    def told() -> None:
        last = state["last_closed_day"] or "–"
        typer.echo(there.words.say(f"Closed up to {last} ({state['time_zone']})", f"已结账至 {last}"))
        pairs = (("Period", "期间"), ("From", "起"), ("Proposed by", "提出"), ("Reason", "理由"))
        rows = [
            (
                one["period"],
                one["begins_on"],
                answer["people"].get(str(one["proposed_by"]), ""),
                one["reason"],
            )
            for one in state["proposals"]
        ]
        _table(there, ("Waiting for a second person", "待复核"), pairs, rows)

    show(there, answer, told)


@periods.command("close")
def close_period(
    day: Day,
    is_month: IsMonth = False,
    reason: Annotated[
        str, typer.Option("--reason", help="Why, in spite of what stands against it. 强制结账理由")
    ] = "",
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Propose to close a day or month (accountant). 提出结账"""
    there = way(url, token, data_dir, language, as_json)
    body = {"day": _day(day), "reason": reason}
    answer = ask(there, "POST", f"/periods/{_kind(is_month)}/proposal", body)
    show_done(there, answer, "Proposed; another person confirms it.", "已提出，待第二人复核。")


@periods.command("confirm")
def confirm_period(
    day: Day,
    is_month: IsMonth = False,
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Close what another person proposed; it does not change from then on (checker). 复核结账"""
    there = way(url, token, data_dir, language, as_json)
    answer = ask(there, "POST", f"/periods/{_kind(is_month)}/confirmation", {"day": _day(day)})
    show_done(there, answer, "Closed.", "已结账。")


@reverse.command("list")
def list_reversals(
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """List reversals. 冲销列表"""
    there = way(url, token, data_dir, language, as_json)
    answer = ask(there, "GET", "/reversals")
    pairs = (
        ("No.", "编号"),
        ("Transfer", "转账"),
        ("Reason", "理由"),
        ("Proposed by", "提出"),
        ("Decided by", "复核"),
        ("Done", "结果"),
    )
    rows = [
        (
            str(one["proposal_id"]),
            one["transfer_id"],
            one["reason"],
            answer["people"].get(str(one["proposed_by"]), ""),
            answer["people"].get(str(one["decided_by"]), ""),
            {True: "✓", False: "✗", None: "…"}[one["is_confirmed"]],
        )
        for one in answer["reversals"]
    ]
    show(there, answer, lambda: _table(there, ("Reversals", "冲销"), pairs, rows))


@reverse.command("propose")
def propose_reversal(
    transfer: Annotated[str, typer.Argument(metavar="TRANSFER_ID", help="As in the journal. 转账编号")],
    reason: Why,
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Propose to undo a posting (accountant). 提出冲销"""
    there = way(url, token, data_dir, language, as_json)
    answer = ask(there, "POST", "/reversals", {"transfer_id": transfer, "reason": reason})
    show_proposed(there, answer)


@reverse.command("confirm")
def confirm_reversal(
    proposal: Proposal,
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Post the opposite of what another person wants undone (checker). 复核冲销"""
    there = way(url, token, data_dir, language, as_json)
    answer = ask(there, "POST", f"/reversals/{proposal}/confirmation", {})
    show_done(there, answer, "Reversed.", "已冲销。")


@reverse.command("decline")
def decline_reversal(
    proposal: Proposal,
    reason: Why,
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Decline a reversal, with the reason; it can be proposed again (checker). 否决冲销"""
    there = way(url, token, data_dir, language, as_json)
    answer = ask(there, "POST", f"/reversals/{proposal}/decline", {"reason": reason})
    show_done(there, answer, "Declined.", "已否决。")


@reconcile.command("run")
def run_reconciliation(
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Match what bank and books say alike; again finds nothing new. 自动对账"""
    there = way(url, token, data_dir, language, as_json)
    answer = ask(there, "POST", "/reconciliation/run", {})
    rows = [(one["account"], str(one["matches"])) for one in answer["matched"]]
    show(
        there,
        answer,
        lambda: _table(there, ("Matched", "已匹配"), (("Account", "账户"), ("Matches", "笔数")), rows),
    )


@reconcile.command("days")
def compare_days(
    code: Code,
    since: Annotated[datetime, typer.Option("--since", formats=["%Y-%m-%d"], help="First day. 起始日")],
    days: Annotated[int, typer.Option(min=1, max=62, help="How many. 天数")] = 31,
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Show an account beside its bank, day by day. 逐日对账"""
    there = way(url, token, data_dir, language, as_json)
    parameters = {"account": code, "since": _day(since), "days": days}
    answer = ask(there, "GET", "/reconciliation/days", parameters=parameters)
    pairs = (("Day", "日期"), ("Bank", "银行"), ("Books", "账簿"), ("Differences", "差异"))
    rows = [
        (
            one["day"],
            "–" if one["bank"] is None else _plain(one["bank"]["closing"]),
            _plain(one["books"]["closing"]),
            "; ".join(
                f"{sentence(each['reason'], there.words)} {_plain(each['amount'])}"
                for each in one["differences"]
            ),
        )
        for one in answer["days"]
    ]
    show(there, answer, lambda: _table(there, (code, code), pairs, rows))


@reconcile.command("unmatched")
def list_unmatched(
    code: Code,
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """List every line without counterpart, with what might be it. 未达账项"""
    there = way(url, token, data_dir, language, as_json)
    answer = ask(there, "GET", "/reconciliation/unmatched", parameters={"account": code})
    pairs = (
        ("Movement", "银行记录"),
        ("Posting", "分录"),
        ("Amount", "金额"),
        ("What", "说明"),
        ("Perhaps", "可能对应"),
    )
    rows = [
        (
            str(one["movement_id"] or ""),
            str(one["sequence"] or ""),
            _plain(one["amount"]),
            f"{sentence(one['reason'], there.words)} {one['reference']} {one['party']}",
            str(one["suggested"] or ""),
        )
        for one in answer["differences"]
    ]
    show(there, answer, lambda: _table(there, ("Unmatched", "未达账项"), pairs, rows))


@reconcile.command("match")
def match_lines(
    code: Code,
    note: Annotated[str, typer.Option("--note", help="Why. 说明")],
    movement: Annotated[
        list[int] | None, typer.Option("--movement", help="Line of the bank. 银行记录")
    ] = None,
    posting: Annotated[list[int] | None, typer.Option("--posting", help="Its number. 分录编号")] = None,
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Write down that lines are the same money (accountant). 手工对账"""
    there = way(url, token, data_dir, language, as_json)
    body = {"account": code, "movement_ids": movement or [], "sequences": posting or [], "note": note}
    show_done(there, ask(there, "POST", "/reconciliation/matches", body), "Matched.", "已匹配。")


@defaults.command("list")
def list_defaults(
    lot: Annotated[int | None, typer.Option("--lot", min=1, help="Only this lot. 仅此标的")] = None,
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """List defaults with what is held and how far they are. 悔拍案件"""
    there = way(url, token, data_dir, language, as_json)
    answer = ask(there, "GET", "/defaults", parameters={"lot": lot})
    pairs = (("Lot", "标的"), ("Bidder", "竞买人"), ("Held", "冻结"), ("State", "状态"), ("Order", "依据"))
    rows = [
        (
            str(one["lot_id"]),
            f"{one['bidder_id']} {one['payer_name']}",
            money(one["held"], one["currency"]),
            one["state"],
            there.words.say(one["order"]["article_en"], one["order"]["article_zh"]),
        )
        for one in answer["cases"]
    ]
    show(there, answer, lambda: _table(there, ("Defaults", "悔拍"), pairs, rows))


@defaults.command("propose")
def propose_division(
    lot: Lot,
    bidder: Bidder,
    claim: Annotated[
        list[str] | None,
        typer.Option(
            "--claim",
            metavar="KIND=AMOUNT=GROUND",
            help="costs, shortfall, debts, commission or service_fee; may be repeated. "
            "主张：种类=金额=依据，可重复",
        ),
    ] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Only look. 仅预览")] = False,
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Propose how a defaulter's deposit is divided. 提出处置方案"""
    there = way(url, token, data_dir, language, as_json)
    body = {"claims": [_claim(text, there) for text in claim or []]}
    act = "division" if preview else "proposal"
    answer = ask(there, "POST", f"/defaults/{lot}/bidders/{bidder}/{act}", body)
    shares = answer["shares"] if preview else answer["case"]["proposal"]["shares"]
    pairs = (("For", "事由"), ("To", "归属"), ("Claimed", "主张"), ("Gets", "所得"))
    rows = [
        (
            one["kind"] or there.words.say("the rest", "余额"),
            one["party"],
            _plain(one["claimed"]),
            _plain(one["amount"]),
        )
        for one in shares
    ]
    show(there, answer, lambda: _table(there, ("Division", "处置"), pairs, rows))


@defaults.command("confirm")
def confirm_division(
    lot: Lot,
    bidder: Bidder,
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Post what another person proposed, once and for all (checker). 复核处置方案"""
    there = way(url, token, data_dir, language, as_json)
    answer = ask(there, "POST", f"/defaults/{lot}/bidders/{bidder}/confirmation", {})
    show_done(there, answer, "Posted.", "已处置。")


@defaults.command("decline")
def decline_division(
    lot: Lot,
    bidder: Bidder,
    reason: Why,
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Decline the open proposal (checker). 否决处置方案"""
    there = way(url, token, data_dir, language, as_json)
    answer = ask(there, "POST", f"/defaults/{lot}/bidders/{bidder}/decline", {"reason": reason})
    show_done(there, answer, "Declined.", "已否决。")


def _claim(text: str, there: Way) -> dict[str, Any]:
    kind, _, rest = text.partition("=")
    amount, _, ground = rest.partition("=")
    if not (kind and amount and ground):
        told = there.words.say(f"{text}: write KIND=AMOUNT=GROUND", f"{text}：请写作 种类=金额=依据")
        raise CommandFailed(told, ExitCode.USAGE)
    return {"kind": kind, "amount": amount_of(amount, there.words), "ground": ground}


def _kind(is_month: bool) -> str:
    return "months" if is_month else "days"


def _day(day: datetime) -> str:
    return date(day.year, day.month, day.day).isoformat()


def _plain(minor: int) -> str:
    return f"{'-' if minor < 0 else ''}{abs(minor) // 100:,}.{abs(minor) % 100:02d}"


def _table(
    there: Way, title: tuple[str, str], pairs: Sequence[tuple[str, str]], rows: Sequence[Sequence[str]]
) -> None:
    print_table(there.words.say(*title), [there.words.say(*pair) for pair in pairs], rows)
