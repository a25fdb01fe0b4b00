"""What the end of a lot does to its deposits.

Here belongs the pure plan: the winner's hold is applied to the price, everything else is owed back.
Not here: who won and why (matching), the legal clocks of refunds, forfeits after a default.
"""

from enum import StrEnum
from uuid import UUID

import msgspec

from ledger.records import DepositPosition, Draft, SettlementRecord, View
from ledger.transfers import Kind, Purpose, Transfer, derived_id
from ledger.units import Amount, Currency


class LotOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """How a lot ended, as the journal says.

    Args:
        lot_id: the lot.
        source_sequence: position of the deciding record in the lot's journal; part of every transfer id.
        winner_bidder_id: None when the lot passed or was withdrawn.
        price: hammer price in minor units; 0 without a winner.
        currency: of the price and of the lot's deposits.
        decided_at_us: when the lot ended, from the record and not from the clock of the settling process.
    """

    lot_id: int
    source_sequence: int
    winner_bidder_id: int | None = None
    price: Amount = 0
    currency: Currency = "CNY"
    decided_at_us: int


class SettlementRefusal(StrEnum):
    """Why a lot is not settled, in order of precedence."""

    OTHER_OUTCOME_SETTLED = "other_outcome_settled"
    CURRENCY_OF_DEPOSITS_DIFFERS = "currency_of_deposits_differs"


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """A lot is settled; `is_new` is False when it had been before, then nothing has moved.

    `applied` is what went to the price; `released` what became due to be paid back by this call.
    """

    lot_id: int
    is_new: bool
    applied: Amount = 0
    released: Amount = 0


def settled(outcome: LotOutcome, view: View) -> Draft[Settled | SettlementRefusal]:
    """Plan the settlement of a lot.

    Args:
        outcome: how it ended.
        view: all deposits of the lot.

    Refuses: SettlementRefusal; then nothing is drafted.
    """
    record = _record(outcome)
    if view.settlement is not None:
        return Draft(answer=_repeated(record, view.settlement))
    if any(position.record.currency != outcome.currency for position in view.positions):
        return Draft(answer=SettlementRefusal.CURRENCY_OF_DEPOSITS_DIFFERS)
    transfers = [transfer for position in view.positions for transfer in _ended(outcome, position)]
    return Draft(
        answer=Settled(
            lot_id=outcome.lot_id,
            is_new=True,
            applied=sum(transfer.amount for transfer in transfers if transfer.kind is Kind.POST),
            released=sum(transfer.amount for transfer in transfers if transfer.kind is Kind.POSTED),
        ),
        transfers=tuple(transfers),
        settlement=record,
    )


def _record(outcome: LotOutcome) -> SettlementRecord:
    return SettlementRecord(
        lot_id=outcome.lot_id,
        source_sequence=outcome.source_sequence,
        winner_bidder_id=outcome.winner_bidder_id,
        price=outcome.price,
        currency=outcome.currency,
        settled_at_us=outcome.decided_at_us,
    )


def _repeated(record: SettlementRecord, first: SettlementRecord) -> Settled | SettlementRefusal:
    if record != first:
        return SettlementRefusal.OTHER_OUTCOME_SETTLED
    return Settled(lot_id=record.lot_id, is_new=False)


def _ended(outcome: LotOutcome, position: DepositPosition) -> list[Transfer]:
    """Return what ends one deposit: its hold, if there is one, then the release of what is left."""
    hold = position.hold
    is_held = hold is not None and hold.is_live
    applied = 0
    transfers = []
    if hold is not None and is_held:
        is_winner = position.record.bidder_id == outcome.winner_bidder_id
        applied = min(hold.amount, outcome.price) if is_winner else 0
        transfers.append(_end_of_hold(outcome, position, Kind.POST if is_winner else Kind.VOID, applied))
    left = position.deposit.available_credit + (hold.amount if hold is not None and is_held else 0) - applied
    if left > 0:
        transfers.append(_release(outcome, position, left))
    return transfers


def _end_of_hold(outcome: LotOutcome, position: DepositPosition, kind: Kind, amount: Amount) -> Transfer:
    return Transfer(
        id=_transfer_id(outcome, position, kind.value),
        kind=kind,
        pending_id=position.record.hold_id,
        amount=amount,
        event_at_us=outcome.decided_at_us,
        memo=_memo(outcome),
    )


def _release(outcome: LotOutcome, position: DepositPosition, amount: Amount) -> Transfer:
    return Transfer(
        id=_transfer_id(outcome, position, "release"),
        debit=position.record.account,
        credit=position.record.refund_account,
        amount=amount,
        currency=position.record.currency,
        purpose=Purpose.DEPOSIT_RELEASED,
        event_at_us=outcome.decided_at_us,
        reference=position.record.reference,
        memo=_memo(outcome),
    )


def _transfer_id(outcome: LotOutcome, position: DepositPosition, movement: str) -> UUID:
    return derived_id(
        "settlement", outcome.lot_id, outcome.source_sequence, position.record.bidder_id, movement
    )


def _memo(outcome: LotOutcome) -> str:
    return f"lot {outcome.lot_id}, record {outcome.source_sequence}"
