"""`luochui ledger lot`: what a sale brought, to its seller, to the centre and to the treasury."""

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
    amount_of,
    ask,
    money,
    print_table,
    show,
    show_done,
    way,
)
from gateways.client import DEFAULT_URL

TEACHING = """What a sale brought. 标的价款

\b
  luochui ledger lot show 12                          its money rule, fees, what the seller can get
  luochui ledger lot fees 12                          take due fees out of the price
  luochui ledger lot seller 12 某公司 --account 6222020200011223344
  luochui ledger lot treasury 某市财政局 --account 0200…
  luochui ledger payouts approve 3 --token CHECKER    another person approves each payout
"""

lot = typer.Typer(no_args_is_help=True, add_completion=False, help=TEACHING)

Lot = Annotated[int, typer.Argument(metavar="LOT", min=1, help="Number of the lot. 标的编号")]
Payee = Annotated[str, typer.Argument(metavar="PAYEE", help="As the bank knows him. 收款人户名")]
Number = Annotated[str, typer.Option("--account", help="IBAN or number; may be entered later. 收款账号")]
Bank = Annotated[str, typer.Option("--bank", help="BIC or twelve digits. 收款行")]
Amount = Annotated[str | None, typer.Option("--amount", help="Else all that is payable. 金额，缺省全部")]


@lot.command("show")
def show_lot(
    number: Lot,
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Show the rule of a lot's money, its fees, and what can go to its seller. 标的款项"""
    there = way(url, token, data_dir, language, as_json)
    answer = ask(there, "GET", f"/lots/{number}/money")

    def told() -> None:
        say, rule, currency = there.words.say, answer["rule"], answer["currency"]
        payable = money(answer["payable"], currency)
        typer.echo(say(f"Refunds within {answer['refund_clock']}", f"退款期限 {answer['refund_clock']}"))
        typer.echo(say(rule["article_en"], rule["article_zh"]))
        typer.echo(say(f"Payable to the seller: {payable}", f"可付转让方：{payable}"))
        headings = [say("Fee", "费用"), say("Due", "应收"), say("Taken", "已收"), say("Left", "未收")]
        rows = [
            (one["kind"], *(money(one[name], currency) for name in ("amount", "booked", "left")))
            for one in answer["fees"]
        ]
        print_table(say("Fees", "费用"), headings, rows)

    show(there, answer, told)


@lot.command("fees")
def take_fees(
    number: Lot,
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Take due fees out of the price, as far as it was paid; again takes nothing twice. 计收费用"""
    there = way(url, token, data_dir, language, as_json)
    answer = ask(there, "POST", f"/lots/{number}/fees", {})
    taken = money(answer["taken"], ask(there, "GET", f"/lots/{number}/money")["currency"])
    show_done(there, answer, f"Taken: {taken}", f"已计收 {taken}")


@lot.command("seller")
def pay_seller(
    number: Lot,
    payee: Payee,
    account: Number = "",
    bank: Bank = "",
    amount: Amount = None,
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Propose to pay the seller of a lot; another person approves it (cashier). 提出付转让方"""
    there = way(url, token, data_dir, language, as_json)
    _propose(there, f"/lots/{number}/seller-payouts", _body(payee, account, bank, amount, there))


@lot.command("treasury")
def pay_treasury(
    payee: Payee,
    account: Number = "",
    bank: Bank = "",
    amount: Amount = None,
    currency: Annotated[str, typer.Option(help="ISO code. 币种")] = "CNY",
    url: Url = DEFAULT_URL,
    token: Token = None,
    data_dir: DataDir = None,
    language: Speech = None,
    as_json: AsJson = False,
) -> None:
    """Propose to hand over what is the treasury's; another person approves it (cashier). 提出上缴"""
    there = way(url, token, data_dir, language, as_json)
    body = {**_body(payee, account, bank, amount, there), "currency": currency}
    _propose(there, "/treasury/payouts", body)


def _body(payee: str, account: str, bank: str, amount: str | None, there: Way) -> dict[str, Any]:
    body: dict[str, Any] = {"payee_name": payee, "payee_account": account, "payee_bank": bank}
    return body if amount is None else {**body, "amount": amount_of(amount, there.words)}


def _propose(there: Way, path: str, body: dict[str, Any]) -> None:
    answer = ask(there, "POST", path, body)
    payout = answer["payout"]
    number, total = payout["payout_id"], money(payout["amount"], payout["currency"])
    told = there.words.say(
        f"Payout {number} of {total}; another person approves it.", f"付款 {number}，{total}，待第二人复核。"
    )
    show(there, answer, lambda: typer.echo(told))
