"""`luochui ledger bank`: the centre's accounts, files of banks, and what nobody could credit."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, BinaryIO

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
    show_done,
    way,
    with_exchange,
)
from gateways.client import DEFAULT_URL, ApiClient

TEACHING = """Bank accounts, statements, suspense. 银行账户、对账单与待查款

\b
  luochui ledger bank open main 0200004509014430001 --main --holder 某中心
  luochui ledger bank deposits propose new --reason "the bank has changed"   where bidders pay: by two persons
  luochui ledger bank import --preview march.xml   look first: nothing is booked
  luochui ledger bank import march.xml             camt.053, camt.054 or CSV; whole or not at all
  luochui ledger bank suspense                     what nobody could credit, with what is proposed
  luochui ledger bank assign RECEIPT 12 7 --reason "he wrote the lot's name"
  luochui ledger bank return RECEIPT               a second person approves it among the payouts
"""

bank = typer.Typer(no_args_is_help=True, add_completion=False, help=TEACHING)

OUTCOMES_ZH = {
    "credited": "已入账",
    "suspense": "待查",
    "duplicate": "此前已入账",
    "debit": "付出",
    "pending": "未记账",
}

Receipt = Annotated[str, typer.Argument(metavar="RECEIPT", help="Number of the receipt. 银行流水号")]
Slug = Annotated[str, typer.Argument(metavar="NAME", help="Short name of the account. 账户简称")]


@bank.command("accounts")
def list_accounts(
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """List the centre's accounts at banks. 银行账户"""
    there = way(url, token, data_dir, language, as_json)
    answer = ask(there, "GET", "/bank/accounts")
    show(there, answer, lambda: _print_accounts(answer["accounts"], there.words))


@bank.command("open")
def open_account(
    name: Slug,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="IBAN or account number. 账号")],
    currency: Annotated[str, typer.Option(help="ISO code. 币种")] = "CNY",
    holder: Annotated[str, typer.Option(help="As the bank writes it. 户名")] = "",
    bank_name: Annotated[str, typer.Option(help="Name of the bank. 开户行")] = "",
    is_main: Annotated[
        bool, typer.Option("--main", help="Booked on assets:bank:<currency>. 作为该币种的主账户")
    ] = False,
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Enter an account of the centre at a bank (accountant). 登记银行账户"""
    there = way(url, token, data_dir, language, as_json)
    body = {"slug": name, "number": number, "currency": currency, "holder": holder, "bank_name": bank_name}
    answer = ask(there, "POST", "/bank/accounts", body | {"is_main": is_main})
    show(there, answer, lambda: _print_accounts([answer], there.words))


@bank.command("key")
def make_key(
    name: Slug,
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Make the key with which a bank signs what it pushes; shown this once. 生成银行推送密钥（仅显示一次）"""
    there = way(url, token, data_dir, language, as_json)
    answer = ask(there, "POST", f"/bank/accounts/{name}/keys")
    show(there, answer, lambda: typer.echo(f"{answer['key_id']} {answer['secret']}"))


@bank.command("import")
def take_files(
    files: Annotated[
        list[typer.FileBinaryRead],
        typer.Argument(metavar="FILE...", help="camt.053, camt.054, CSV. 银行文件"),
    ],
    preview: Annotated[bool, typer.Option("--preview", help="Only look, book nothing. 仅预览")] = False,
    accepts_repeats: Annotated[
        bool,
        typer.Option(
            "--accept-repeats", help="Seen: lines that look alike are different payments. 已核实重复明细"
        ),
    ] = False,
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Take bank files, each whole or not at all; the same file again changes nothing. 导入银行文件"""
    there = way(url, token, data_dir, language, as_json)
    path = "/bank/files/preview" if preview else "/bank/files"
    parameters: dict[str, str | int] = {"accepts_repeats": "true"} if accepts_repeats else {}
    for file in files:
        _show_report(there, with_exchange(there, partial(_sent, path, file, parameters)))


async def _sent(path: str, file: BinaryIO, parameters: dict[str, str | int], api: ApiClient) -> Any:
    return await api.send_file(path, Path(file.name).name, file, parameters)


@bank.command("files")
def list_files(
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """List the files that were taken, the latest first. 已导入文件"""
    there = way(url, token, data_dir, language, as_json)
    answer = ask(there, "GET", "/bank/files")

    def told() -> None:
        pairs = (
            ("No.", "编号"),
            ("Name", "文件名"),
            ("Format", "格式"),
            ("Taken", "导入时间"),
            ("By", "经办"),
        )
        people = answer["people"]
        rows = [
            (
                str(one["file_id"]),
                one["name"],
                one["format"],
                moment(one["taken_at_us"]),
                people.get(str(one["taken_by"]), ""),
            )
            for one in answer["files"]
        ]
        print_table(there.words.say("Files", "文件"), [there.words.say(*pair) for pair in pairs], rows)

    show(there, answer, told)


@bank.command("report")
def show_report(
    number: Annotated[int, typer.Argument(metavar="FILE_NO", min=1, help="Number of the file. 文件编号")],
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Show what became of a file. 查看导入结果"""
    there = way(url, token, data_dir, language, as_json)
    _show_report(there, ask(there, "GET", f"/bank/files/{number}"))


@bank.command("suspense")
def list_suspense(
    everything: Annotated[bool, typer.Option("--all", help="Also what was worked off. 含已处理")] = False,
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """List receipts that nobody could credit, each with what is proposed. 待查款与处理建议"""
    there = way(url, token, data_dir, language, as_json)
    answer = ask(there, "GET", "/suspense", parameters={"all": "true" if everything else None})
    show(there, answer, lambda: _print_suspense(answer["items"], there.words))


@bank.command("assign")
def assign(
    receipt: Receipt,
    lot: Annotated[int, typer.Argument(metavar="LOT", min=1, help="Number of the lot. 标的编号")],
    bidder: Annotated[int, typer.Argument(metavar="BIDDER", min=1, help="Number of the bidder. 竞买人编号")],
    reason: Annotated[str, typer.Option("--reason", help="Why it is this deposit's. 理由")],
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Move a receipt from suspense to a deposit; who is whole is admitted. 待查款入账"""
    there = way(url, token, data_dir, language, as_json)
    body = {"receipt_id": receipt, "lot": lot, "bidder": bidder, "reason": reason}
    answer = ask(there, "POST", "/suspense/assignments", body)
    received = money(answer["received"], answer["currency"])
    show_done(there, answer, f"Received now: {received}", f"已缴：{received}")


@bank.command("return")
def give_back(
    receipt: Receipt,
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Propose to pay a receipt back; another person approves the payout. 待查款退回"""
    there = way(url, token, data_dir, language, as_json)
    answer = ask(there, "POST", "/suspense/returns", {"receipt_id": receipt})
    number = answer["payout_id"]
    show_done(there, answer, f"Payout {number}", f"付款 {number}")


def _show_report(there: Way, report: dict[str, Any]) -> None:
    show(there, report, lambda: _print_report(report, there.words))


def _print_report(report: dict[str, Any], words: Language) -> None:
    name = report["file"]["name"] or report["file"]["format"]
    if report["is_preview"]:
        told = words.say(f"Preview of {name}: nothing booked", f"预览 {name}：未入账")
    elif report["is_new"]:
        told = words.say(f"{name} is taken (no. {report['file']['file_id']})", f"已导入 {name}")
    else:
        told = words.say(f"{name} was taken before; nothing changed", f"{name} 此前已导入")
    typer.echo(told)
    for total in report["totals"]:
        outcome = words.say(total["outcome"], OUTCOMES_ZH.get(total["outcome"], total["outcome"]))
        typer.echo(f"  {outcome}: {total['movements']}, {money(total['amount'], total['currency'])}")
    for warning in report["warnings"]:
        typer.echo(f"  ! {sentence(warning['caution'], words)} {warning['detail']}")
    pairs = (
        ("Line", "行"),
        ("Outcome", "结果"),
        ("Amount", "金额"),
        ("Party", "对方"),
        ("Text", "附言"),
        ("Why", "原因"),
    )
    rows = [
        (
            str(line["line"]),
            words.say(line["outcome"], OUTCOMES_ZH.get(line["outcome"], line["outcome"])),
            money(line["amount"], line["currency"]),
            line["counterparty_name"],
            line["remittance"],
            sentence(line["reason"] or line["note"] or "", words),
        )
        for line in report["lines"]
    ]
    print_table(words.say("Movements", "明细"), [words.say(*pair) for pair in pairs], rows)


def _print_accounts(accounts: Sequence[dict[str, Any]], words: Language) -> None:
    pairs = (("Name", "简称"), ("Number", "账号"), ("Holder", "户名"), ("Ledger", "账簿账户"))
    rows = [(one["slug"], one["number"], one["holder"], one["account"]) for one in accounts]
    print_table(words.say("Bank accounts", "银行账户"), [words.say(*pair) for pair in pairs], rows)


def _print_suspense(items: Sequence[dict[str, Any]], words: Language) -> None:
    pairs = (
        ("Receipt", "流水号"),
        ("Amount", "金额"),
        ("Payer", "付款人"),
        ("Text", "附言"),
        ("Why", "原因"),
        ("State", "状态"),
        ("Proposed", "建议"),
    )
    rows = [
        (
            one["receipt_id"],
            money(one["amount"], one["currency"]),
            one["payer_name"],
            one["remittance"] or one["reference"],
            sentence(one["reason"], words),
            one["state"].replace("_", " "),
            _proposal(one["proposal"], words),
        )
        for one in items
    ]
    print_table(words.say("Suspense", "待查款"), [words.say(*pair) for pair in pairs], rows)


def _proposal(proposal: dict[str, Any] | None, words: Language) -> str:
    if proposal is None:
        return ""
    where = f" {proposal['lot_id']} {proposal['bidder_id']}" if proposal["act"] == "assign" else ""
    return f"{proposal['act'].replace('_', ' ')}{where}: {sentence(proposal['why'], words)}"
