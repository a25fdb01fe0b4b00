"""What a bidder is told of his own money, lot by lot: what came in, what is owed back until when, what was paid out.

Here belongs reading it for one person. Not here: what finance reads of everybody (register, clocks, payouts), and
changing anything.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from ledger import lot_rows
from ledger.clocks import DueRefund, due
from ledger.money_rule import LotRule, standard_rule
from ledger.payouts.records import PayoutState
from ledger.postgres import PostgresLedgerStore
from ledger.records import ReceiptStatus, SuspenseReason
from ledger.refund_clock import ClockStart
from ledger.units import Amount, Currency

RECEIPTS_MAX: Final = 500
PAYOUTS_MAX: Final = 500
"""Of one person, the latest."""
ACCOUNT_DIGITS_SHOWN: Final = 4

RECEIPTS: Final = """
SELECT receipt.receipt_id, receipt.lot_id, receipt.amount, receipt.currency, receipt.payer_name, receipt.received_at_us,
    receipt.status, receipt.reason, receipt.status = 'suspense' AND EXISTS (
        SELECT FROM ledger.suspense_worked_off gone WHERE gone.receipt_id = receipt.receipt_id
    ) AS is_worked_off
FROM ledger.receipt
WHERE receipt.bidder_id = $1 AND receipt.lot_id IS NOT NULL AND ($2::bigint IS NULL OR receipt.lot_id = $2)
ORDER BY receipt.booked DESC LIMIT $3
"""
PAYOUTS: Final = """
SELECT payout.payout_id, payout.lot_id, payout.amount, payout.currency, state.state, state.payee_account, state.reason,
    payout.proposed_at_us, state.changed_at_us
FROM ledger.payout JOIN ledger.payout_state state USING (payout_id)
WHERE payout.bidder_id = $1 AND payout.lot_id IS NOT NULL AND ($2::bigint IS NULL OR payout.lot_id = $2)
    AND payout.kind IN ('refund', 'suspense_return')
ORDER BY payout.payout_id DESC LIMIT $3
"""


class OwnReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """Money of the bidder that arrived. In suspense it has a reason, until somebody has dealt with it."""

    receipt_id: str
    amount: Amount
    currency: Currency
    payer_name: str
    received_at_us: int
    status: ReceiptStatus
    reason: SuspenseReason | None
    is_worked_off: bool


class OwnPayout(msgspec.Struct, frozen=True, kw_only=True):
    """Money on its way back to the bidder; of the account that it goes to only the last digits are told."""

    payout_id: int
    amount: Amount
    currency: Currency
    state: PayoutState
    to_account: str
    reason: str
    proposed_at_us: int
    changed_at_us: int


class OwnDeposit(msgspec.Struct, frozen=True, kw_only=True):
    """What a bidder is told of his money in one lot.

    `refund` is what is owed back and has not left, None for nothing. `refund_clock` and `refund_from` say within what
    time a refund is paid (e.g. `working_days:5`) and from what moment; the articles say where that is prescribed.
    """

    lot_id: int
    receipts: tuple[OwnReceipt, ...]
    payouts: tuple[OwnPayout, ...]
    refund: DueRefund | None
    refund_clock: str
    refund_from: ClockStart
    article_zh: str
    article_en: str


class OwnDeposits:
    """Reads a bidder's own money.

    Raises: every method may raise LedgerUnavailable and LedgerStoreError; repeat it then.
    """

    def __init__(self, store: PostgresLedgerStore) -> None:
        self._store = store

    async def of_bidder(self, bidder_id: int, lots: Iterable[int], now_us: int) -> list[OwnDeposit]:
        """Return a bidder's money in some lots, all of one moment, in the order in which the lots are named.

        Args:
            bidder_id: whose.
            lots: those that he signed up for.
            now_us: the moment by which refunds are late or not.
        """
        wanted = list(dict.fromkeys(lots))
        only = wanted[0] if len(wanted) == 1 else None
        async with self._store.snapshot() as connection:
            receipts = await connection.fetch(RECEIPTS, bidder_id, only, RECEIPTS_MAX)
            payouts = await connection.fetch(PAYOUTS, bidder_id, only, PAYOUTS_MAX)
            refunds = {one.lot_id: one for one in await due(connection, now_us, None, only, bidder_id)}
            rules = await lot_rows.lot_rules(connection, wanted)
        return [
            _own(lot, rules.get(lot) or standard_rule(lot), receipts, payouts, refunds.get(lot))
            for lot in wanted
        ]


def _own(
    lot_id: int, rule: LotRule, receipts: list[Any], payouts: list[Any], refund: DueRefund | None
) -> OwnDeposit:
    return OwnDeposit(
        lot_id=lot_id,
        receipts=tuple(_receipt(row) for row in receipts if row["lot_id"] == lot_id),
        payouts=tuple(_payout(row) for row in payouts if row["lot_id"] == lot_id),
        refund=refund,
        refund_clock=rule.refund_clock.text,
        refund_from=rule.refund_from,
        article_zh=rule.article_zh,
        article_en=rule.article_en,
    )


def _receipt(row: Any) -> OwnReceipt:
    return OwnReceipt(
        receipt_id=row["receipt_id"],
        amount=row["amount"],
        currency=row["currency"],
        payer_name=row["payer_name"],
        received_at_us=row["received_at_us"],
        status=ReceiptStatus(row["status"]),
        reason=None if row["reason"] is None else SuspenseReason(row["reason"]),
        is_worked_off=row["is_worked_off"],
    )


def _payout(row: Any) -> OwnPayout:
    return OwnPayout(
        payout_id=row["payout_id"],
        amount=row["amount"],
        currency=row["currency"],
        state=PayoutState(row["state"]),
        to_account=row["payee_account"][-ACCOUNT_DIGITS_SHOWN:],
        reason=row["reason"],
        proposed_at_us=row["proposed_at_us"],
        changed_at_us=row["changed_at_us"],
    )
