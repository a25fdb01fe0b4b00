"""Handing on what a sale brought: to its seller out of the price, to the treasury out of forfeits.

Here belongs what the ledger knows of it: how much can go, as a proposal that another person approves.
Not here: approving and paying (payouts), who the seller is (whoever calls).
"""

from enum import StrEnum

import msgspec

from ledger.accounts import Account, price_payable, treasury_payable
from ledger.payouts import postgres as payout_rows
from ledger.payouts.proposals import propose
from ledger.payouts.records import Acted, PayoutKind, PayoutRefusal, PayoutWanted
from ledger.postgres import Desk, PostgresLedgerStore
from ledger.units import Amount, Currency


class Payee(msgspec.Struct, frozen=True, kw_only=True):
    """Who is to be paid, as his bank knows him."""

    name: str
    account: str = ""
    bank: str = ""


class ProceedsRefusal(StrEnum):
    """Why nothing is proposed, before payouts are asked."""

    NOTHING_PAYABLE = "nothing_payable"


class Proceeds:
    """Proposes payouts of what sales brought.

    Raises: every method may raise LedgerUnavailable and LedgerStoreError; after LedgerUnavailable repeat it.
    """

    def __init__(self, store: PostgresLedgerStore) -> None:
        self._store = store

    async def propose_seller(
        self, lot_id: int, payee: Payee, by: int, amount: Amount | None = None, currency: Currency = "CNY"
    ) -> Acted | PayoutRefusal | ProceedsRefusal:
        """Propose to pay the seller of a lot what is owed to him, or a part of it.

        What is proposed is spoken for at once, so a second click finds nothing left.

        Refuses: NOTHING_PAYABLE, PayoutRefusal.
        """
        source = price_payable(lot_id, currency)
        return await self._propose(PayoutKind.SELLER, source, payee, by, amount, lot_id)

    async def propose_treasury(
        self, payee: Payee, by: int, amount: Amount | None = None, currency: Currency = "CNY"
    ) -> Acted | PayoutRefusal | ProceedsRefusal:
        """Propose to hand over to the treasury what is its, or a part of it.

        Refuses: NOTHING_PAYABLE, PayoutRefusal.
        """
        return await self._propose(PayoutKind.TREASURY, treasury_payable(currency), payee, by, amount, None)

    async def _propose(
        self,
        kind: PayoutKind,
        source: Account,
        payee: Payee,
        by: int,
        amount: Amount | None,
        lot_id: int | None,
    ) -> Acted | PayoutRefusal | ProceedsRefusal:
        async def work(desk: Desk) -> Acted | PayoutRefusal | ProceedsRefusal:
            known = (await payout_rows.accounts(desk.connection, [source.code])).get(source.code)
            payable = 0 if known is None else known.available_credit
            if payable <= 0:
                return ProceedsRefusal.NOTHING_PAYABLE
            wanted = PayoutWanted(
                kind=kind,
                source_account=source.code,
                amount=payable if amount is None else amount,
                currency=source.currency,
                payee_name=payee.name,
                payee_account=payee.account,
                payee_bank=payee.bank,
                lot_id=lot_id,
            )
            return await propose(desk, wanted, by)

        return await self._store.at_desk(work)
