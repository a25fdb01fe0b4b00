"""`luochui ledger write-offs`: differences between books and bank that are booked away, by two persons."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

from gateways.cli.ledger_exchange import (
    AsJson,
    DataDir,
    Speech,
    Token,
    Url,
    ask,
    money,
    print_table,
    show,
    show_done,
    show_proposed,
    way,
)
from gateways.client import DEFAULT_URL
from ledger.reconciliation_records import Against

TEACHING = """Differences booked away, by two persons. 差异核销

\b
  luochui ledger write-offs list
  luochui ledger write-offs propose assets:bank:cny --against bank_charges --movement 5 --note "monthly charge"
  luochui ledger write-offs propose assets:bank:cny --against opening_balance --day 2026-03-01 --note "first statement"
  luochui ledger write-offs confirm 1 --token CHECKER
"""

write_offs = typer.Typer(no_args_is_help=True, add_completion=False, help=TEACHING)

Code = Annotated[str, typer.Argument(metavar="ACCOUNT", help="Such as assets:bank:cny. 账簿账户")]
Number = Annotated[int, typer.Argument(metavar="PROPOSAL", min=1, help="Its number. 提议编号")]


@write_offs.command("list")
def list_write_offs(
    only_open: Annotated[bool, typer.Option("--open", help="Only what waits. 仅待复核")] = False,
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """List differences that are booked away, or wait for a second person. 核销列表"""
    there = way(url, token, data_dir, language, as_json)
    parameters = {"open": "true" if only_open else None}
    answer = ask(there, "GET", "/reconciliation/write-offs", parameters=parameters)
    pairs = (
        ("No.", "编号"),
        ("Account", "账户"),
        ("Against", "对方"),
        ("Amount", "金额"),
        ("Note", "说明"),
        ("Proposed by", "提出"),
        ("Decided by", "复核"),
        ("Done", "结果"),
    )
    rows = [_cells(one, answer["people"]) for one in answer["write_offs"]]
    headings = [there.words.say(*pair) for pair in pairs]
    show(there, answer, lambda: print_table(there.words.say("Write-offs", "核销"), headings, rows))


@write_offs.command("propose")
def propose_write_off(
    code: Code,
    against: Annotated[Against, typer.Option(help="What it is. 核销去向")],
    note: Annotated[str, typer.Option("--note", help="Why; it is kept. 说明（留存）")],
    movement: Annotated[
        list[int] | None, typer.Option("--movement", help="Line of the bank. 银行记录")
    ] = None,
    posting: Annotated[list[int] | None, typer.Option("--posting", help="Its number. 分录编号")] = None,
    day: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Of the first statement, for its opening. 首份对账单日期"),
    ] = None,
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Propose to book a difference away (accountant). 提出核销"""
    there = way(url, token, data_dir, language, as_json)
    body: dict[str, Any] = {
        "account": code,
        "against": against.value,
        "note": note,
        "movement_ids": movement or [],
        "sequences": posting or [],
    }
    if day is not None:
        body["day"] = day.date().isoformat()
    answer = ask(there, "POST", "/reconciliation/write-offs", body)
    show_proposed(there, answer)


@write_offs.command("confirm")
def confirm_write_off(
    proposal: Number,
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Book a difference away that another person proposed (checker). 复核核销"""
    there = way(url, token, data_dir, language, as_json)
    answer = ask(there, "POST", f"/reconciliation/write-offs/{proposal}/confirmation", {})
    show_done(there, answer, "Booked.", "已核销。")


@write_offs.command("decline")
def decline_write_off(
    proposal: Number,
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept. 理由（留存）")],
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Decline a write-off, with the reason (checker). 否决核销"""
    there = way(url, token, data_dir, language, as_json)
    answer = ask(there, "POST", f"/reconciliation/write-offs/{proposal}/decline", {"reason": reason})
    show_done(there, answer, "Declined.", "已否决。")


def _cells(one: dict[str, Any], people: dict[str, str]) -> tuple[str, ...]:
    return (
        str(one["proposal_id"]),
        one["account"],
        one["against"],
        money(one["amount"], one["currency"]),
        one["note"],
        people.get(str(one["proposed_by"]), ""),
        people.get(str(one["decided_by"]), ""),
        {True: "✓", False: "✗", None: "…"}[one["is_confirmed"]],
    )
