"""The deposit register: every deposit with its state, amounts and dates, as finance reads it.

Here belong the states and how a state follows from the ledger.
Not here: files (exports) and changing anything.
"""

from enum import StrEnum

import msgspec

from ledger.records import DepositPosition
from ledger.transfers import Kind
from ledger.units import Amount, Currency


class DepositState(StrEnum):
    """Where a deposit is in its life.

    LAPSED ends a deposit for which no money came before its lot did.
    """

    AWAITING_PAYMENT = "awaiting_payment"
    PART_PAID = "part_paid"
    RECEIVED = "received"
    HELD = "held"
    APPLIED_TO_PRICE = "applied_to_price"
    REFUND_DUE = "refund_due"
    LAPSED = "lapsed"


class DepositRow(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the register; amounts in minor units, dates in microseconds or None.

    A winner who paid more than the price took has APPLIED_TO_PRICE and a `refund_due` above 0.
    """

    lot_id: int
    bidder_id: int
    reference: str
    payer_name: str
    state: DepositState
    currency: Currency
    required: Amount
    received: Amount
    held: Amount
    applied: Amount
    refund_due: Amount
    opened_at_us: int
    received_at_us: int | None
    held_at_us: int | None
    settled_at_us: int | None


def deposit_row(position: DepositPosition) -> DepositRow:
    """Return the register's line for a deposit."""
    record, hold = position.record, position.hold
    return DepositRow(
        lot_id=record.lot_id,
        bidder_id=record.bidder_id,
        reference=record.reference,
        payer_name=record.payer_name,
        state=deposit_state(position),
        currency=record.currency,
        required=record.required,
        received=position.deposit.credits_posted,
        held=position.deposit.debits_pending,
        applied=0 if hold is None else hold.ended_amount,
        refund_due=position.refund.available_credit,
        opened_at_us=record.opened_at_us,
        received_at_us=position.received_at_us,
        held_at_us=None if hold is None else hold.held_at_us,
        settled_at_us=None if position.settlement is None else position.settlement.settled_at_us,
    )


def deposit_state(position: DepositPosition) -> DepositState:
    """Tell where a deposit is in its life."""
    if position.settlement is None:
        return _state_before_end(position)
    if position.hold is not None and position.hold.ending is Kind.POST:
        return DepositState.APPLIED_TO_PRICE
    if position.refund.available_credit > 0:
        return DepositState.REFUND_DUE
    return DepositState.LAPSED


def _state_before_end(position: DepositPosition) -> DepositState:
    received = position.deposit.credits_posted
    if position.hold is not None and position.hold.is_live:
        return DepositState.HELD
    if received >= position.record.required:
        return DepositState.RECEIVED
    return DepositState.PART_PAID if received else DepositState.AWAITING_PAYMENT
