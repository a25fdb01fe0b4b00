"""The demo centre's account at the demo bank, and what happened on it before the first visitor came.

Two statements go the way of every bank file. They hold what a desk finds in real life: money that names no deposit,
and a charge of the bank that nobody has booked yet.

Belongs here: the account, and these two days. Does not belong here: paying deposits (`exchange.demo.bank`).
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import structlog

from exchange.demo.bank_papers import Line, statement_file
from exchange.finance import Finance
from ledger.accounting_days import TIME_ZONE, accounting_day
from ledger.bank.records import BankAccount, BankAccountRefusal, IntakeRefused
from ledger.bank.registry import NewBankAccount
from ledger.payouts.records import PayingAccount, PayoutRefusal

log = structlog.get_logger(__name__)

SLUG: Final = "main"
NUMBER: Final = "0200000000000000018"
HOLDER: Final = "落槌演示交易中心 / Luochui demo centre"
BANK: Final = "演示银行 / Demo bank"
CURRENCY: Final = "CNY"

COMPANY: Final = "演示企业有限公司 / Demo Company Ltd"
CITIZEN: Final = "演示市民 李某 / Demo citizen Li"
DAYS_BEFORE: Final[dict[int, tuple[Line, ...]]] = {
    2: (
        Line(
            amount=120_000_00, reference="demo-history-1", name=COMPANY, number="6217000000000000011",
            remittance="土地竞买保证金",
        ),
    ),
    1: (
        Line(
            amount=8_800_00, reference="demo-history-2", name=CITIZEN, number="6217000000000000029",
            remittance="保证金 编号见电话",
        ),
        Line(amount=-15_00, reference="demo-history-3", name=BANK, remittance="账户管理费"),
    ),
}  # fmt: skip
"""What moved so many days before the centre first opened, in minor units."""


async def open_books(finance: Finance, by: int) -> None:
    """Register the centre's account and take the statements of the days before, once.

    Where finance has an account already, nothing is done: then the centre is somebody's own.

    Raises: LedgerUnavailable, LedgerStoreError.
    """
    if not await _account(finance, by):
        return
    if not await finance.intake.files(limit=1):
        await _take_history(finance, by)


async def _account(finance: Finance, by: int) -> bool:
    """Register the account, and to pay from it; tell whether the demo's account is the centre's."""
    accounts = await finance.bank_accounts.accounts()
    if accounts and not any(one.number == NUMBER for one in accounts):
        return False
    account = NewBankAccount(
        slug=SLUG, number=NUMBER, currency=CURRENCY, bank_name=BANK, holder=HOLDER, is_main=True
    )
    registered = await finance.bank_accounts.register(account, by)
    if isinstance(registered, BankAccountRefusal):
        log.warning("demo.without_bank_account", refusal=registered.value)
        return False
    await _pay_from(finance, registered, by)
    return True


async def _pay_from(finance: Finance, account: BankAccount, by: int) -> None:
    paying = PayingAccount(
        name=account.slug, account=account.account, currency=CURRENCY, holder=HOLDER, number=NUMBER
    )
    answer = await finance.payouts.register_paying_account(paying, by)
    if isinstance(answer, PayoutRefusal):
        log.warning("demo.without_paying_account", refusal=answer.value)


async def _take_history(finance: Finance, by: int) -> None:
    today = accounting_day(finance.clock.now_us(), TIME_ZONE)
    opening = 0
    for days, lines in sorted(DAYS_BEFORE.items(), reverse=True):
        day = today - timedelta(days=days)
        name = statement_name(day)
        content = statement_file(
            name=name, account=NUMBER, currency=CURRENCY, day=day, opening=opening, lines=lines
        )
        answer = await finance.intake.take(content, by, name=f"{name}.xml")
        assert not isinstance(answer, IntakeRefused), f"the demo bank writes what is taken: {answer}"
        opening += sum(line.amount for line in lines)
    await finance.reconciliation.reconcile(by)


def statement_name(day: date) -> str:
    """Return how the demo bank names its statement of a day."""
    return f"DEMO-{day:%Y%m%d}"
