"""Transfers: the only thing that moves money, and the record each of them leaves.

Here belong the immutable shapes of a transfer, of its posting and of its two entries.
Not here: whether a transfer is allowed (rules) and how postings are linked by hash (chain).
"""

from enum import IntFlag, StrEnum
from typing import Final
from uuid import UUID, uuid5

import msgspec

from ledger.accounts import AccountCode
from ledger.units import AMOUNT_MAX, Amount, Currency

ENTIRE_AMOUNT: Final[Amount] = AMOUNT_MAX
"""Amount of a post that takes all that its pending transfer holds."""

TRANSFER_ID_MAX: Final = UUID(int=2**128 - 1)
_DERIVED: Final = UUID("5b0c6a6e-6f0d-5a0f-9a1b-0d2f5b1f6c11")


class Kind(StrEnum):
    """What a transfer does to the two accounts."""

    POSTED = "posted"
    PENDING = "pending"
    POST = "post"
    VOID = "void"
    EXPIRE = "expire"
    """Made by the ledger alone, when the time of a pending transfer has run out."""


class Purpose(StrEnum):
    """Why money moves; a post or void has the purpose of the pending transfer that it ends."""

    DEPOSIT_RECEIVED = "deposit_received"
    SUSPENSE_RECEIVED = "suspense_received"
    SUSPENSE_ASSIGNED = "suspense_assigned"
    SUSPENSE_SPLIT = "suspense_split"
    DEPOSIT_TOWARDS_PRICE = "deposit_towards_price"
    DEPOSIT_RELEASED = "deposit_released"
    DEPOSIT_FORFEITED = "deposit_forfeited"
    FORFEIT_APPLIED = "forfeit_applied"
    INTEREST_GIVEN = "interest_given"
    COMMISSION_BOOKED = "commission_booked"
    SERVICE_FEE_BOOKED = "service_fee_booked"
    PAYOUT_SENT = "payout_sent"
    PAYOUT_PAID = "payout_paid"
    PAYOUT_REJECTED = "payout_rejected"
    PAYOUT_RETURNED = "payout_returned"
    REVERSAL = "reversal"
    BANK_DIFFERENCE = "bank_difference"


class TransferFlags(IntFlag):
    """How a transfer is decided.

    LINKED joins it to the next of its batch: all of a linked set succeed or none.
    BALANCING_DEBIT and BALANCING_CREDIT move as much of the amount as that account has left.
    CLOSING_DEBIT and CLOSING_CREDIT close that account; only pending transfers may, and a void reopens it.
    """

    NONE = 0
    LINKED = 1
    BALANCING_DEBIT = 2
    BALANCING_CREDIT = 4
    CLOSING_DEBIT = 8
    CLOSING_CREDIT = 16


class Transfer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A movement of one amount from one account to another, named by its maker.

    The id is made and kept by the caller *before* the transfer is posted, so that a retry is the same
    transfer. In a post or void, accounts, currency, purpose, reference and memo that are left empty are
    those of the pending transfer, and a void of amount 0 voids all of it. `timeout_us` is how long a pending
    transfer holds, counted from when it is recorded; 0 is without end. `event_at_us` is when it
    happened in the world, in microseconds since the Unix epoch; when it was recorded is in its Posting.
    """

    id: UUID
    debit: AccountCode = ""
    credit: AccountCode = ""
    amount: Amount = 0
    currency: Currency = ""
    kind: Kind = Kind.POSTED
    purpose: Purpose | None = None
    pending_id: UUID | None = None
    flags: TransferFlags = TransferFlags.NONE
    event_at_us: int = 0
    reference: str = ""
    memo: str = ""
    timeout_us: int = 0

    @property
    def is_linked(self) -> bool:
        """Tell whether the next transfer of the batch shares this one's fate."""
        return bool(self.flags) and TransferFlags.LINKED in self.flags

    @property
    def is_resolving(self) -> bool:
        """Tell whether it ends a pending transfer."""
        return self.kind is Kind.POST or self.kind is Kind.VOID or self.kind is Kind.EXPIRE


class Posting(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A transfer as recorded: complete, with its place in the chain.

    `sequence` counts from 1 without gaps; `recorded_at_us` never falls; `hash` covers everything else
    and the hash before it.
    """

    sequence: int
    transfer: Transfer
    recorded_at_us: int
    hash: bytes


class Side(StrEnum):
    """The leg of a transfer."""

    DEBIT = "debit"
    CREDIT = "credit"


class Entry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One leg of a posting: what it changed in one account and the account's totals after it."""

    sequence: int
    side: Side
    account: AccountCode
    account_version: int
    currency: Currency
    pending_change: Amount
    posted_change: Amount
    debits_pending: Amount
    debits_posted: Amount
    credits_pending: Amount
    credits_posted: Amount
    recorded_at_us: int


def derived_id(*parts: str | int) -> UUID:
    """Derive a transfer id from what the transfer is about, so that doing it again finds it done.

    Args:
        parts: words and numbers that name the movement and nothing else.
    """
    return uuid5(_DERIVED, "|".join(str(part) for part in parts))
