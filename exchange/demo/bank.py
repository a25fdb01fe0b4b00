"""The demo bank: it says that money has arrived, as a real bank would, and the receipt takes the real path.

Belongs here: making receipts for a deposit reference.
Does not belong here: what a receipt does (`exchange.sign_up`, `ledger`).
"""

from __future__ import annotations

import secrets

from exchange.demo.accounts import bank_number
from exchange.ports import Clock
from exchange.sign_up import SignUps
from ledger.receipts import ReceiptOutcome
from ledger.records import BankReceipt
from matching.units import Amount

RECEIPT_PREFIX = "demo-bank-"


class DemoBank:
    """Pays deposits with invented money."""

    def __init__(self, sign_ups: SignUps, clock: Clock) -> None:
        self._sign_ups = sign_ups
        self._clock = clock

    async def pay(
        self,
        reference: str,
        amount: Amount,
        currency: str,
        payer_name: str,
        receipt_id: str = "",
        payer_id: int = 0,
    ) -> ReceiptOutcome:
        """Send the exchange a receipt of `amount` minor units for a deposit reference.

        Args:
            reference: what the payer wrote, right or wrong.
            amount: minor units.
            currency: ISO code.
            payer_name: whose bank account it came from.
            receipt_id: the bank's own number; a payment repeated under the same number is one payment.
            payer_id: account of the payer, who then has a bank account to be paid back to.

        Raises: StoreUnavailable, LedgerUnavailable; whether the payment was made is unknown then.
        """
        receipt = BankReceipt(
            receipt_id=receipt_id or RECEIPT_PREFIX + secrets.token_hex(12),
            reference=reference,
            amount=amount,
            currency=currency,
            payer_name=payer_name,
            received_at_us=self._clock.now_us(),
            payer_account=bank_number(payer_id) if payer_id else "",
        )
        return await self._sign_ups.receive(receipt)
