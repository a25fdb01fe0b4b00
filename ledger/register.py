"""The deposit register: every deposit with its state, amounts and dates, as finance reads it.

Here belong the states and how a state follows from the ledger.
Not here: files (exports) and changing anything.
"""

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from ledger.records import DepositPosition
from ledger.transfers import Kind
from ledger.units import Amount, Currency


class DepositState(StrEnum):
    """Where a deposit is in its life.

    LAPSED ends a deposit for which no money came before its lot did. REFUND_DUE lasts until the refund has gone to
    the bank, proposed and approved or not; then it is REFUNDED, unless the bank sends it back. DEFAULTED is held after
    its bidder did not honour his bid, until two people have decided who gets it; then it is FORFEITED, with a
    `refund_due` above 0 where a part of it is his again.
    """

    AWAITING_PAYMENT = "awaiting_payment"
    PART_PAID = "part_paid"
    RECEIVED = "received"
    HELD = "held"
    APPLIED_TO_PRICE = "applied_to_price"
    DEFAULTED = "defaulted"
    FORFEITED = "forfeited"
    REFUND_DUE = "refund_due"
    REFUNDED = "refunded"
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


class RegisterSums(msgspec.Struct, frozen=True, kw_only=True):
    """The sums of a register in one currency, in minor units."""

    currency: Currency
    deposits: int
    received: Amount
    held: Amount
    applied: Amount
    refund_due: Amount


def register_sums(register: Iterable[DepositRow]) -> list[RegisterSums]:
    """Return the sums of a register, by currency."""
    by_currency: dict[Currency, list[DepositRow]] = {}
    for row in register:
        by_currency.setdefault(row.currency, []).append(row)
    return [
        RegisterSums(
            currency=currency,
            deposits=len(rows),
            received=sum(row.received for row in rows),
            held=sum(row.held for row in rows),
            applied=sum(row.applied for row in rows),
            refund_due=sum(row.refund_due for row in rows),
        )
        for currency, rows in sorted(by_currency.items())
    ]


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
        refund_due=_owed_back(position),
        opened_at_us=record.opened_at_us,
        received_at_us=position.received_at_us,
        held_at_us=None if hold is None else hold.held_at_us,
        settled_at_us=None if position.settlement is None else position.settlement.settled_at_us,
    )


def deposit_state(position: DepositPosition) -> DepositState:
    """Tell where a deposit is in its life."""
    settlement = position.settlement
    if settlement is None:
        return _state_before_end(position)
    if position.hold is not None and position.record.bidder_id in settlement.defaulted_bidder_ids:
        return DepositState.DEFAULTED if position.hold.is_live else DepositState.FORFEITED
    if position.hold is not None and position.hold.ending is Kind.POST:
        return DepositState.APPLIED_TO_PRICE
    if _owed_back(position) > 0:
        return DepositState.REFUND_DUE
    return DepositState.REFUNDED if position.refund.credits_posted else DepositState.LAPSED


def _owed_back(position: DepositPosition) -> Amount:
    """Return what is owed back; a payout that is only proposed has paid nothing yet."""
    return position.refund.credits_posted - position.refund.debits_posted


def _state_before_end(position: DepositPosition) -> DepositState:
    received = position.deposit.credits_posted
    if position.hold is not None and position.hold.is_live:
        return DepositState.HELD
    if received >= position.record.required:
        return DepositState.RECEIVED
    return DepositState.PART_PAID if received else DepositState.AWAITING_PAYMENT
