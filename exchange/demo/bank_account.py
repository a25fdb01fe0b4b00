"""The centre's account as the demo bank keeps it: what it tells the centre of it, day by day and file by file.

The bank knows of the account what the books know and it has not told yet: receipts that came through the demo bank,
and payments whose file was sent.

Belongs here: what there is to say. Does not belong here: how it is written (`exchange.demo.bank_papers`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final

from msgspec import Struct

from exchange.demo.bank_papers import Line, Settled, answer_file, statement_file
from exchange.demo.books import CURRENCY, NUMBER, SLUG, statement_name
from exchange.finance import Finance
from ledger.accounting_days import TIME_ZONE, accounting_day
from ledger.accounts import bank_clearing
from ledger.payouts import Payout
from ledger.payouts.records import Batch, end_to_end_id
from ledger.payouts.service import PAGE_PAYOUTS
from ledger.reconciliation_records import Difference

ACCOUNT: Final = bank_clearing(CURRENCY).code
REFUSED_ENDING: Final = "0000"
"""Accounts that end so do not exist at the demo bank: a payment to one is sent back."""
UNKNOWN_ACCOUNT: Final = "AC01"
PAGES_MAX: Final = 20
PAYMENT_PREFIX: Final = "LCP"
"""Begins what the centre calls its payments between banks (`ledger.payouts.records.end_to_end_id`)."""


class Paper(Struct, frozen=True):
    """A file of the bank."""

    name: str
    content: bytes


class DemoBankAccount:
    """What the demo bank says of the centre's account.

    Raises: every method may raise LedgerUnavailable and LedgerStoreError.
    """

    def __init__(self, finance: Finance) -> None:
        self._finance = finance

    async def is_open(self) -> bool:
        """Tell whether the centre has its account at the demo bank, and at no other bank besides of that currency."""
        accounts = await self._finance.bank_accounts.accounts()
        return [one.number for one in accounts if one.account == ACCOUNT] == [NUMBER]

    async def untold_days(self, first: date, last: date) -> list[date]:
        """Return the days, in order, of which the bank has more to say than it has said."""
        untold = _untold(await self._finance.reconciliation.unmatched(ACCOUNT))
        days = {one.books_day for one in untold if one.books_day is not None}
        return sorted(day for day in days if first <= day <= last)

    async def statement(self, day: date) -> Paper:
        """Return a statement of a day: what moved and has not been told yet, with the balances around it."""
        compared = await self._finance.reconciliation.day(ACCOUNT, day)
        assert compared is not None, "the account is open"
        untold = sorted(_untold(compared.differences), key=lambda one: one.sequence or 0)
        lines = [_line(one) for one in untold if one.books_day == day]
        opening = 0 if compared.bank is None else compared.bank.closing
        last = max((one.sequence or 0 for one in untold), default=0)
        name = f"{statement_name(day)}-{last}"
        content = statement_file(
            name=name, account=NUMBER, currency=CURRENCY, day=day, opening=opening, lines=lines
        )
        return Paper(f"{name}.xml", content)

    async def answer(self, batch: Batch) -> Paper:
        """Return what the bank says of a file of payments: each paid, or why it was sent back."""
        payouts = await self._of_batch(batch.batch_id)
        settled = [
            Settled(
                end_to_end_id(one.payout_id),
                UNKNOWN_ACCOUNT if one.payee_account.endswith(REFUSED_ENDING) else "",
            )
            for one in payouts
        ]
        day = accounting_day(batch.made_at_us, TIME_ZONE)
        name = f"DEMO-ANSWER-{batch.batch_id}"
        return Paper(
            f"{name}.xml", answer_file(name=name, original=batch.message_id, day=day, settled=settled)
        )

    async def _of_batch(self, batch_id: int) -> list[Payout]:
        found: list[Payout] = []
        for _ in range(PAGES_MAX):
            page = await self._finance.payouts.payouts(
                batch_id=batch_id, after=found[-1].payout_id if found else 0
            )
            found += page
            if len(page) < PAGE_PAYOUTS:
                break
        return found


def _untold(differences: Iterable[Difference]) -> list[Difference]:
    """Return what only the books know, and the bank ought to: receipts, and payments that were made."""
    return [
        one
        for one in differences
        if one.sequence is not None
        and one.movement_id is None
        and (one.amount > 0 or one.reference.startswith(PAYMENT_PREFIX))
    ]


def _line(one: Difference) -> Line:
    is_payment = one.reference.startswith(PAYMENT_PREFIX)
    return Line(
        amount=one.amount,
        reference=f"demo-out-{one.reference}" if is_payment else one.reference.removeprefix(f"{SLUG}:"),
        name=one.party,
        end_to_end_id=one.reference if is_payment else "",
    )
