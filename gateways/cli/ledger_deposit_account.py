"""`luochui ledger bank deposits`: which account takes deposits, and its change by two persons."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gateways.cli.ledger_exchange import (
    AsJson,
    DataDir,
    Speech,
    Token,
    Url,
    Way,
    ask,
    print_table,
    show,
    show_done,
    show_proposed,
    way,
)
from gateways.client import DEFAULT_URL

TEACHING = """Which account takes deposits; changed by two persons. 收取保证金的账户

\b
  luochui ledger bank deposits show
  luochui ledger bank deposits propose new --reason "the bank has changed"
  luochui ledger bank deposits confirm 1 --token CHECKER
"""

deposits = typer.Typer(no_args_is_help=True, add_completion=False, help=TEACHING)

Slug = Annotated[str, typer.Argument(metavar="NAME", help="Short name of the account. 账户简称")]
Why = Annotated[str, typer.Option("--reason", help="Why; it is kept. 理由（留存）")]
Number = Annotated[int, typer.Argument(metavar="PROPOSAL", min=1, help="Its number. 提议编号")]


@deposits.command("show")
def show_deposit_accounts(
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Tell where deposits are paid to, and who changed that or wants to. 收取保证金的账户"""
    there = way(url, token, data_dir, language, as_json)
    answer = ask(there, "GET", "/bank/deposit-accounts")
    show(there, answer, lambda: _print(there, answer))


@deposits.command("propose")
def propose_deposit_account(
    name: Slug,
    reason: Why,
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Propose that this account takes deposits; another person confirms it (accountant). 提出更换保证金账户"""
    there = way(url, token, data_dir, language, as_json)
    answer = ask(there, "POST", "/bank/deposit-accounts", {"slug": name, "reason": reason})
    show_proposed(there, answer)


@deposits.command("confirm")
def confirm_deposit_account(
    proposal: Number,
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Change it as another person proposed: all bidders are told the new one (checker). 复核更换保证金账户"""
    there = way(url, token, data_dir, language, as_json)
    answer = ask(there, "POST", f"/bank/deposit-accounts/{proposal}/confirmation")
    show_done(
        there, answer, f"Deposits are paid to {answer['slug']} now.", f"保证金现由 {answer['slug']} 收取。"
    )


@deposits.command("decline")
def decline_deposit_account(
    proposal: Number,
    reason: Why,
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Decline the change, with the reason (checker). 否决更换保证金账户"""
    there = way(url, token, data_dir, language, as_json)
    answer = ask(there, "POST", f"/bank/deposit-accounts/{proposal}/decline", {"reason": reason})
    show_done(there, answer, "Declined.", "已否决。")


def _print(there: Way, answer: dict[str, Any]) -> None:
    words = there.words
    for one in answer["present"]:
        typer.echo(f"{one['currency']}: {one['slug']}")
    pairs = (
        ("No.", "编号"),
        ("Account", "账户"),
        ("Reason", "理由"),
        ("Proposed by", "提出"),
        ("Decided by", "复核"),
        ("Done", "结果"),
    )
    rows = [
        (
            str(one["proposal_id"]),
            one["slug"],
            one["reason"],
            answer["people"].get(str(one["proposed_by"]), ""),
            answer["people"].get(str(one["decided_by"]), ""),
            {True: "✓", False: "✗", None: "…"}[one["is_confirmed"]],
        )
        for one in answer["changes"]
    ]
    print_table(words.say("Changes", "更换记录"), [words.say(*pair) for pair in pairs], rows)
