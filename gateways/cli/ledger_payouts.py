"""`luochui ledger payouts`: refunds and other money out, from the proposal to the bank's answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from gateways.cli.language import Language
from gateways.cli.ledger_exchange import (
    AsJson,
    DataDir,
    Speech,
    Token,
    Url,
    Way,
    ask,
    moment,
    money,
    print_table,
    sentence,
    show,
    way,
    with_exchange,
)
from gateways.cli.outcomes import CommandFailed
from gateways.client import DEFAULT_URL

TEACHING = """Refunds and other payouts. 退款与其他付款

\b
One person makes, another approves; the bank gets a file once.
  luochui ledger payouts propose                      everything that is owed back
  luochui ledger payouts account 3 6222020200011223344 --bank 102100099996
  luochui ledger payouts approve 3 4 --token CHECKER  a second person
  luochui ledger payouts batch settlement             pain.001, then:
  luochui ledger payouts download 1 -o pay.xml        take it to the bank
  luochui ledger payouts sent 1
  luochui ledger payouts results answer.xml           pain.002 or camt.054
  luochui ledger payouts withdraw 1 --reason "wrong account"   before it is sent, by two persons
"""

payouts = typer.Typer(no_args_is_help=True, add_completion=False, help=TEACHING)

STATES_ZH = {
    "proposed": "待复核",
    "approved": "已复核",
    "batched": "已制文件",
    "sent": "已发送",
    "paid": "已付讫",
    "declined": "已否决",
    "cancelled": "已撤销",
    "rejected": "银行拒付",
    "returned": "已退回",
}
KINDS_ZH = {
    "refund": "退保证金",
    "suspense_return": "退待查款",
    "seller": "付转让方",
    "treasury": "上缴",
    "fee": "服务费",
}

Number = Annotated[int, typer.Argument(metavar="PAYOUT", min=1, help="Number of the payout. 付款编号")]
Numbers = Annotated[list[int], typer.Argument(metavar="PAYOUT...", min=1, help="Numbers. 付款编号")]
BatchNumber = Annotated[int, typer.Argument(metavar="BATCH", min=1, help="Number of the batch. 批次编号")]
Lot = Annotated[int | None, typer.Option("--lot", min=1, help="Only this lot. 仅此标的")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it is kept. 理由（留存）")]


@payouts.command("list")
def list_payouts(
    state: Annotated[str | None, typer.Option(help=" | ".join(STATES_ZH) + ". 状态")] = None,
    lot: Lot = None,
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """List payouts with their state. 付款列表"""
    there = way(url, token, data_dir, language, as_json)
    page = ask(there, "GET", "/payouts", parameters={"state": state, "lot": lot})
    show(there, page, lambda: _print_payouts(page["payouts"], page["people"], there.words))


@payouts.command("show")
def show_payout(
    payout: Number,
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Show a payout with who did what when. 查看一笔付款的全过程"""
    there = way(url, token, data_dir, language, as_json)
    answer = ask(there, "GET", f"/payouts/{payout}")

    def told() -> None:
        _print_payouts([answer["payout"]], answer["people"], there.words)
        print_table(
            there.words.say("Steps", "经过"), _step_headings(there.words), _step_cells(answer, there.words)
        )

    show(there, answer, told)


@payouts.command("owed")
def list_owed(
    lot: Lot = None,
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """List what is owed back and not proposed, with why it was not paid. 应退未提付"""
    there = way(url, token, data_dir, language, as_json)
    answer = ask(there, "GET", "/payouts/refunds-due", parameters={"lot": lot})
    show(there, answer, lambda: _print_owed(answer["refunds"], there.words))


@payouts.command("propose")
def propose_refunds(
    lot: Lot = None,
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Propose a refund of everything that is owed back. 提出全部应退款项"""
    there = way(url, token, data_dir, language, as_json)
    answer = ask(there, "POST", "/payouts/refunds", {} if lot is None else {"lot": lot})

    def told() -> None:
        _print_payouts(answer["proposed"], {}, there.words)
        for problem in answer["refused"]:
            typer.echo(f"{problem['source_account']}: {sentence(problem['reason'], there.words)}")

    show(there, answer, told)


@payouts.command("account")
def enter_account(
    payout: Number,
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="IBAN or account number. 收款账号")],
    bank: Annotated[str, typer.Option(help="BIC, or the bank's twelve digits. BIC 或联行号")] = "",
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Say where the money goes; whoever says it cannot approve it. 录入收款账号"""
    there = way(url, token, data_dir, language, as_json)
    answer = ask(there, "PUT", f"/payouts/{payout}/account", {"account": account, "bank": bank})
    show(there, answer, lambda: _print_payouts([answer["payout"]], {}, there.words))


@payouts.command("approve")
def approve(
    numbers: Numbers,
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Approve payouts as the second person; exit code 1 if one is refused. 复核付款"""
    there = way(url, token, data_dir, language, as_json)
    answers = ask(there, "POST", "/payouts/approvals", {"payouts": numbers})["answers"]

    def told() -> None:
        for one in answers:
            typer.echo(f"{one['payout_id']}: {_approval(one, there.words)}")

    show(there, answers, told)
    if any(one["refusal"] for one in answers):
        raise CommandFailed(there.words.say("Not all were approved.", "未全部复核通过。"))


@payouts.command("decline")
def decline(
    payout: Number,
    reason: Reason,
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Decline a payout before it is in a file (checker). 否决付款"""
    there = way(url, token, data_dir, language, as_json)
    answer = ask(there, "POST", f"/payouts/{payout}/decline", {"reason": reason})
    show(there, answer, lambda: _print_payouts([answer["payout"]], {}, there.words))


@payouts.command("cancel")
def cancel(
    payout: Number,
    reason: Reason,
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Take a payout back before it is in a file (cashier). 撤销付款"""
    there = way(url, token, data_dir, language, as_json)
    answer = ask(there, "POST", f"/payouts/{payout}/cancellation", {"reason": reason})
    show(there, answer, lambda: _print_payouts([answer["payout"]], {}, there.words))


@payouts.command("came-back")
def came_back(
    payout: Number,
    receipt: Annotated[str, typer.Argument(metavar="RECEIPT", help="Its receipt in suspense. 待查流水号")],
    reason: Annotated[str, typer.Option("--reason", help="What the bank says. 银行说明")] = "",
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Join a paid payout with the receipt by which it came back. 登记已付款被退回"""
    there = way(url, token, data_dir, language, as_json)
    answer = ask(there, "POST", f"/payouts/{payout}/return", {"receipt_id": receipt, "reason": reason})
    show(there, answer, lambda: _print_payouts([answer["payout"]], {}, there.words))


@payouts.command("pay-from")
def pay_from(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Name of a new one. 新账户简称")] = None,
    ledger_account: Annotated[
        str, typer.Option(help="Its account in the ledger. 账簿账户")
    ] = "assets:bank:cny",
    number: Annotated[str, typer.Option(help="IBAN or account number. 账号")] = "",
    holder: Annotated[str, typer.Option(help="As the bank writes it. 户名")] = "",
    bank: Annotated[str, typer.Option(help="BIC, or the bank's twelve digits. BIC 或联行号")] = "",
    currency: Annotated[str, typer.Option(help="ISO code. 币种")] = "CNY",
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """List the accounts to pay from, or enter one. 本中心付款账户"""
    there = way(url, token, data_dir, language, as_json)
    if name is not None:
        body = {"name": name, "account": ledger_account, "number": number, "holder": holder, "bank": bank}
        ask(there, "POST", "/payouts/paying-accounts", body | {"currency": currency})
    answer = ask(there, "GET", "/payouts/paying-accounts")

    def told() -> None:
        pairs = (("Name", "简称"), ("Ledger", "账簿账户"), ("Number", "账号"), ("Holder", "户名"))
        rows = [(one["name"], one["account"], one["number"], one["holder"]) for one in answer["accounts"]]
        print_table(there.words.say("Paid from", "付款账户"), _headings(pairs, there.words), rows)

    show(there, answer, told)


@payouts.command("batch")
def make_batch(
    paid_from: Annotated[str, typer.Argument(metavar="PAY_FROM", help="See `pay-from`. 付款账户简称")],
    numbers: Annotated[
        list[int] | None, typer.Argument(metavar="[PAYOUT...]", help="Else all. 缺省全部")
    ] = None,
    version: Annotated[str, typer.Option(help="001.001.09 or 001.001.03. 报文版本")] = "001.001.09",
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Write approved payouts into a file for the bank (pain.001). 生成付款文件"""
    there = way(url, token, data_dir, language, as_json)
    body: dict[str, Any] = {"paid_from": paid_from, "version": version}
    answer = ask(there, "POST", "/payouts/batches", body | ({"payouts": numbers} if numbers else {}))
    show(there, answer, lambda: _print_batches([answer["batch"]], there.words))


@payouts.command("batches")
def list_batches(
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """List the files for the bank. 付款批次"""
    there = way(url, token, data_dir, language, as_json)
    answer = ask(there, "GET", "/payouts/batches")
    show(there, answer, lambda: _print_batches(answer["batches"], there.words))


@payouts.command("download")
def download(
    batch: BatchNumber,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="To write. 写入文件")
    ] = None,
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
) -> None:
    """Save a batch as XML, the same bytes every time. 下载付款文件"""
    there = way(url, token, data_dir, language, as_json=False)
    name, content = with_exchange(there, lambda api: api.fetch_file(f"/payouts/batches/{batch}/file"))
    file = output or Path(Path(name).name)
    try:
        file.write_bytes(content)
    except OSError as error:
        raise CommandFailed(f"Cannot write {file}: {error.strerror}. 无法写入文件") from error
    typer.echo(f"{file}")


@payouts.command("sent")
def mark_sent(
    batch: BatchNumber,
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Record that a batch has gone to the bank; twice is once. 标记批次已发送"""
    _act_on_batch(way(url, token, data_dir, language, as_json), batch, "sent", {})


@payouts.command("withdraw")
def withdraw(
    batch: BatchNumber,
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept. 理由（留存）")],
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Propose that a batch does not go to the bank; another person decides. 提出撤回批次"""
    _act_on_batch(way(url, token, data_dir, language, as_json), batch, "withdrawal", {"reason": reason})


@payouts.command("withdraw-confirm")
def confirm_withdrawal(
    batch: BatchNumber,
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Withdraw a batch as the second person; its money is owed again. 确认撤回批次"""
    _act_on_batch(way(url, token, data_dir, language, as_json), batch, "withdrawal/confirmation", {})


@payouts.command("withdraw-decline")
def decline_withdrawal(
    batch: BatchNumber,
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept. 理由（留存）")],
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Leave a batch as it was; it can be sent again. 否决撤回批次"""
    _act_on_batch(
        way(url, token, data_dir, language, as_json), batch, "withdrawal/decline", {"reason": reason}
    )


@payouts.command("results")
def read_results(
    file: Annotated[
        typer.FileBinaryRead, typer.Argument(metavar="FILE", help="pain.002 or camt.054. 银行回执")
    ],
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Read the bank's answer; exit code 1 if a line wants a person's eye. 导入付款回执"""
    there = way(url, token, data_dir, language, as_json)
    name = Path(file.name).name
    report = with_exchange(there, lambda api: api.send_file("/payouts/results", name, file))
    show(there, report, lambda: _print_results(report, there.words))
    if report["to_clarify"]:
        raise CommandFailed(there.words.say("Some lines are to be clarified.", "有未能处理的记录。"))


def _approval(one: dict[str, Any], words: Language) -> str:
    if one["refusal"]:
        return sentence(one["refusal"], words)
    return words.say("approved", "已复核") if one["is_new"] else words.say("approved before", "此前已复核")


def _headings(pairs: Iterable[tuple[str, str]], words: Language) -> list[str]:
    return [words.say(*pair) for pair in pairs]


def _print_payouts(rows: Sequence[dict[str, Any]], people: dict[str, str], words: Language) -> None:
    pairs = (
        ("No.", "编号"),
        ("Kind", "种类"),
        ("State", "状态"),
        ("Amount", "金额"),
        ("Payee", "收款人"),
        ("Account", "账号"),
        ("Lot", "标的"),
        ("Due", "期限"),
        ("Proposed by", "经办"),
        ("Approved by", "复核"),
        ("Reason", "原因"),
    )
    cells = (
        (
            str(row["payout_id"]),
            words.say(row["kind"].replace("_", " "), KINDS_ZH.get(row["kind"], row["kind"])),
            words.say(row["state"], STATES_ZH.get(row["state"], row["state"])),
            money(row["amount"], row["currency"]),
            row["payee_name"],
            row["payee_account"] or "–",
            "" if row["lot_id"] is None else str(row["lot_id"]),
            moment(row["due_at_us"]),
            _person(row["proposed_by"], people, words),
            _person(row["approved_by"], people, words),
            " ".join(filter(None, (row["reason_code"], row["reason"]))),
        )
        for row in rows
    )
    print_table(words.say("Payouts", "付款"), _headings(pairs, words), cells)


def _person(account_id: int | None, people: dict[str, str], words: Language) -> str:
    if account_id is None:
        return ""
    return words.say("system", "系统") if account_id == 0 else people.get(str(account_id), str(account_id))


def _step_headings(words: Language) -> list[str]:
    return _headings(
        (("Step", "序"), ("State", "状态"), ("When", "时间"), ("Who", "谁"), ("What", "说明")), words
    )


def _step_cells(answer: dict[str, Any], words: Language) -> Iterable[Sequence[str]]:
    for step in answer["steps"]:
        yield (
            str(step["step"]),
            words.say(step["state"], STATES_ZH.get(step["state"], step["state"])),
            moment(step["at_us"]),
            _person(step["acted_by"], answer["people"], words),
            " ".join(
                filter(None, (step["payee_account"], step["reason_code"], step["reason"], step["source"]))
            ),
        )


def _print_owed(refunds: Sequence[dict[str, Any]], words: Language) -> None:
    pairs = (
        ("Lot", "标的"),
        ("Bidder", "竞买人"),
        ("Payee", "收款人"),
        ("Amount", "金额"),
        ("Due", "期限"),
        ("Before", "前次"),
    )
    cells = (
        (
            str(one["lot_id"]),
            str(one["bidder_id"]),
            one["payee_name"],
            money(one["amount"], one["currency"]),
            moment(one["due_at_us"]),
            "" if one["last"] is None else f"{one['last']['payout_id']} {one['last']['reason']}",
        )
        for one in refunds
    )
    print_table(words.say("Owed back, not proposed", "应退未提付"), _headings(pairs, words), cells)


def _act_on_batch(there: Way, batch: int, act: str, body: dict[str, object]) -> None:
    """Ask for an act on a batch, and print how the batch stands after it."""
    answer = ask(there, "POST", f"/payouts/batches/{batch}/{act}", body)
    show(there, answer, lambda: _print_batches([answer["batch"]], there.words))


def _print_batches(batches: Sequence[dict[str, Any]], words: Language) -> None:
    pairs = (
        ("No.", "编号"),
        ("From", "付款账户"),
        ("Version", "版本"),
        ("Payouts", "笔数"),
        ("Total", "合计"),
        ("Made", "生成"),
        ("Sent", "发送"),
        ("Withdrawn", "撤回"),
    )
    cells = (
        (
            str(one["batch_id"]),
            one["paid_from"],
            one["version"],
            str(one["payouts"]),
            money(one["total"], one["currency"]),
            moment(one["made_at_us"]),
            moment(one["sent_at_us"]),
            _withdrawal(one["withdrawal"], words),
        )
        for one in batches
    )
    print_table(words.say("Files for the bank", "付款批次"), _headings(pairs, words), cells)


def _withdrawal(withdrawal: dict[str, Any] | None, words: Language) -> str:
    if withdrawal is None:
        return ""
    at_us = withdrawal["confirmed_at_us"]
    state = words.say("proposed", "待确认") if at_us is None else moment(at_us)
    return f"{state}: {withdrawal['reason']}"


def _print_results(report: dict[str, Any], words: Language) -> None:
    typer.echo(
        words.say(
            f"{report['message_name']} {report['message_id']}: {report['paid']} paid, {report['rejected']} rejected",
            f"{report['message_name']} {report['message_id']}：付讫 {report['paid']} 笔，拒付 {report['rejected']} 笔",
        )
    )
    pairs = (("Subject", "对象"), ("Status", "银行状态"), ("Outcome", "结果"), ("Reason", "原因"))
    cells = (
        (
            line["subject"],
            line["status"],
            sentence(line["outcome"], words),
            " ".join(filter(None, (line["reason_code"], line["reason"]))),
        )
        for line in report["lines"]
    )
    print_table(words.say("Lines", "明细"), _headings(pairs, words), cells)
