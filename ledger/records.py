"""Rows that accompany postings: who deposits for which lot, what the bank sent, what a lot's end was.

Here belong their shapes and the view of them that a plan may look at.
Not here: what is done with them (receipts, settlement, deposits) and how they are kept (store adapters).
"""

from enum import StrEnum
from typing import Generic, TypeVar
from uuid import UUID

import msgspec

from ledger.accounts import Account, AccountCode
from ledger.transfers import Kind, Transfer
from ledger.units import Amount, Currency

Answer = TypeVar("Answer")


class Deposit(msgspec.Struct, frozen=True, kw_only=True):
    """The agreement that a bidder deposits `required` minor units for a lot, under its own reference."""

    lot_id: int
    bidder_id: int
    reference: str
    required: Amount
    currency: Currency
    payer_name: str
    account: AccountCode
    refund_account: AccountCode
    price_account: AccountCode
    hold_id: UUID
    opened_at_us: int
    pay_by_us: int | None = None
    """Until when its money may arrive; None where it may until the lot ends."""


class ReceiptStatus(StrEnum):
    """Where the money of a receipt went, once and for all."""

    CREDITED = "credited"
    SUSPENSE = "suspense"


class SuspenseReason(StrEnum):
    """Why a receipt could not be credited, in order of precedence."""

    PAYMENT_RETURNED = "payment_returned"
    UNKNOWN_REFERENCE = "unknown_reference"
    AMBIGUOUS_REFERENCE = "ambiguous_reference"
    WRONG_CURRENCY = "wrong_currency"
    LOT_CLOSED = "lot_closed"
    DEADLINE_PASSED = "deadline_passed"
    PAYER_MISMATCH = "payer_mismatch"


class BankReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """Money that a bank says has arrived.

    `receipt_id` is the bank's own and the same in every copy of the message; `amount` in minor units. Where the
    bank says it, `payer_account` is the number the money came from and `payer_bank` whose (a BIC or twelve digits).
    """

    receipt_id: str
    reference: str
    amount: Amount
    currency: Currency
    payer_name: str
    received_at_us: int
    payer_account: str = ""
    payer_bank: str = ""


class ReceiptRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt as it was booked; lot and bidder are None when nobody could be found for it."""

    receipt: BankReceipt
    status: ReceiptStatus
    reason: SuspenseReason | None
    lot_id: int | None
    bidder_id: int | None
    transfer_id: UUID


class SettlementRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a lot as it was settled; `source_sequence` is its record's position in the lot's journal.

    `winner_bidder_id` is the buyer where there is exactly one; `price` is what all buyers owe together.
    """

    lot_id: int
    source_sequence: int
    winner_bidder_id: int | None
    price: Amount
    currency: Currency
    settled_at_us: int
    defaulted_bidder_ids: tuple[int, ...] = ()
    """Whose deposits stay as they are, because they did not honour their bids."""


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """A deposit's hold and, once it has ended, how, when and for how much."""

    amount: Amount
    held_at_us: int
    ending: Kind | None = None
    ended_amount: Amount = 0
    ended_at_us: int | None = None

    @property
    def is_live(self) -> bool:
        """Tell whether the money is still promised."""
        return self.ending is None


class DepositPosition(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the ledger knows of one deposit at one moment."""

    record: Deposit
    deposit: Account
    refund: Account
    hold: Hold | None = None
    settlement: SettlementRecord | None = None
    received_at_us: int | None = None


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan asks to see.

    Deposits of a lot (of one bidder, when given), the deposit with a reference, the receipt with an id.
    """

    lot_id: int | None = None
    bidder_id: int | None = None
    reference: str | None = None
    receipt_id: str | None = None


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan sees: the deposits of its scope in order of bidder, the lot's end, the receipt."""

    positions: tuple[DepositPosition, ...] = ()
    settlement: SettlementRecord | None = None
    receipt: ReceiptRecord | None = None

    def of_bidder(self, lot_id: int, bidder_id: int) -> DepositPosition | None:
        """Return the deposit of one bidder for one lot, if it is in view."""
        wanted = (lot_id, bidder_id)
        return next((p for p in self.positions if (p.record.lot_id, p.record.bidder_id) == wanted), None)

    def with_reference(self, reference: str) -> DepositPosition | None:
        """Return the deposit that a payment reference belongs to, if it is in view."""
        return next((p for p in self.positions if p.record.reference == reference), None)


class Draft(msgspec.Struct, Generic[Answer], frozen=True, kw_only=True):
    """What a plan wants written, all or nothing, and the answer it gives if that is done."""

    answer: Answer
    transfers: tuple[Transfer, ...] = ()
    accounts: tuple[Account, ...] = ()
    deposit: Deposit | None = None
    receipt: ReceiptRecord | None = None
    settlement: SettlementRecord | None = None
