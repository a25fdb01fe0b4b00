"""What the end of a lot does to its deposits.

Here belongs the pure plan: the winner's hold is applied to the price, everything else is owed back, with interest
and less the seller's fees where the lot's rule says so.
Not here: who won and why (matching), the legal clocks of refunds, forfeits after a default, reading and writing
(lot_settlements).
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from uuid import UUID

import msgspec

from ledger.accounts import Account, interest_expense, price_payable
from ledger.fees import FeeDue, fee, fee_account, fee_purpose
from ledger.interest import Paid, interest
from ledger.money_rule import InterestFrom, LotRule
from ledger.records import DepositPosition, Draft, SettlementRecord, View
from ledger.transfers import Kind, Purpose, Transfer, derived_id
from ledger.units import Amount, Currency


class Purchase(msgspec.Struct, frozen=True):
    """What one buyer owes for his lot, or for his part of it, in minor units."""

    bidder_id: int
    amount: Amount


class LotOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """How a lot ended, as the journal says.

    Args:
        lot_id: the lot.
        source_sequence: position of the deciding record in the lot's journal; part of every transfer id.
        purchases: who bought, each once; none when the lot passed or was withdrawn.
        defaulted_bidder_ids: who did not honour his bid. Nothing of his deposit moves: it is not his to have back
            before it has been decided what it has to cover (法释〔2016〕18号 art. 24).
        currency: of the price and of the lot's deposits.
        decided_at_us: when the lot ended, from the record and not from the clock of the settling process.
        bidding_ended_at_us: when nobody could bid any more; 0 where that was the same moment.
        is_purchase: whether the centre's client buys and the winner is paid (招标, 采购): then nobody's deposit goes to
            the price, and no fee comes out of it.
    """

    lot_id: int
    source_sequence: int
    purchases: tuple[Purchase, ...] = ()
    defaulted_bidder_ids: tuple[int, ...] = ()
    currency: Currency = "CNY"
    decided_at_us: int
    bidding_ended_at_us: int = 0
    is_purchase: bool = False

    @property
    def total(self) -> Amount:
        """What all buyers owe together."""
        return sum(purchase.amount for purchase in self.purchases)

    @property
    def only_buyer_id(self) -> int | None:
        """The buyer, where there is exactly one."""
        return self.purchases[0].bidder_id if len(self.purchases) == 1 else None


class SettlementRefusal(StrEnum):
    """Why a lot is not settled, in order of precedence."""

    OTHER_OUTCOME_SETTLED = "other_outcome_settled"
    CURRENCY_OF_DEPOSITS_DIFFERS = "currency_of_deposits_differs"


class FeeBooked(msgspec.Struct, frozen=True, kw_only=True):
    """What the seller owes of one kind, and how much of it came out of the price at once.

    `transfer_id` is None when the price had nothing to give yet.
    """

    fee: FeeDue
    booked: Amount
    transfer_id: UUID | None


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """A lot is settled; `is_new` is False when it had been before, then nothing has moved.

    `applied` is what went to the price; `released` what became due to be paid back by this call, `interest` what
    became due beside it; `fees` what the seller owes.
    """

    lot_id: int
    is_new: bool
    applied: Amount = 0
    released: Amount = 0
    interest: Amount = 0
    fees: tuple[FeeBooked, ...] = ()


def settled(
    outcome: LotOutcome,
    view: View,
    rule: LotRule | None = None,
    paid: Mapping[int, Sequence[Paid]] | None = None,
) -> Draft[Settled | SettlementRefusal]:
    """Plan the settlement of a lot.

    Args:
        outcome: how it ended.
        view: all deposits of the lot.
        rule: the lot's money rule; without one there is neither interest nor fee.
        paid: what came into each bidder's deposit and when; needed where the rule gives interest.

    Refuses: SettlementRefusal; then nothing is drafted.
    """
    record = _record(outcome)
    if view.settlement is not None:
        return Draft(answer=_repeated(record, view.settlement))
    if any(position.record.currency != outcome.currency for position in view.positions):
        return Draft(answer=SettlementRefusal.CURRENCY_OF_DEPOSITS_DIFFERS)
    honest = [one for one in view.positions if one.record.bidder_id not in outcome.defaulted_bidder_ids]
    purchases = () if outcome.is_purchase else outcome.purchases
    owed = {purchase.bidder_id: purchase.amount for purchase in purchases}
    ends = [
        transfer
        for position in honest
        for transfer in _ended(outcome, position, owed.get(position.record.bidder_id))
    ]
    earned = _interest(outcome, honest, rule, paid or {})
    applied = sum(transfer.amount for transfer in ends if transfer.kind is Kind.POST)
    fees = _fees(outcome, rule, applied)
    return Draft(
        answer=Settled(
            lot_id=outcome.lot_id,
            is_new=True,
            applied=applied,
            released=sum(transfer.amount for transfer in ends if transfer.kind is Kind.POSTED),
            interest=sum(transfer.amount for transfer in earned),
            fees=tuple(fees),
        ),
        transfers=(*ends, *earned, *(_fee_transfer(outcome, one) for one in fees if one.booked)),
        accounts=_accounts(outcome, earned, fees),
        settlement=record,
    )


def _record(outcome: LotOutcome) -> SettlementRecord:
    return SettlementRecord(
        lot_id=outcome.lot_id,
        source_sequence=outcome.source_sequence,
        winner_bidder_id=outcome.only_buyer_id,
        price=outcome.total,
        currency=outcome.currency,
        settled_at_us=outcome.decided_at_us,
        defaulted_bidder_ids=outcome.defaulted_bidder_ids,
    )


def _repeated(record: SettlementRecord, first: SettlementRecord) -> Settled | SettlementRefusal:
    if record != first:
        return SettlementRefusal.OTHER_OUTCOME_SETTLED
    return Settled(lot_id=record.lot_id, is_new=False)


def _ended(outcome: LotOutcome, position: DepositPosition, owed: Amount | None) -> list[Transfer]:
    """Return what ends one deposit: its hold, if there is one, then the release of what is left.

    `owed` is what its bidder has bought for, None for nothing.
    """
    hold = position.hold
    is_held = hold is not None and hold.is_live
    applied = 0
    transfers = []
    if hold is not None and is_held:
        applied = 0 if owed is None else min(hold.amount, owed)
        kind = Kind.VOID if owed is None else Kind.POST
        transfers.append(_end_of_hold(outcome, position, kind, applied))
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


# Interest and fees


def _interest(
    outcome: LotOutcome,
    positions: Sequence[DepositPosition],
    rule: LotRule | None,
    paid: Mapping[int, Sequence[Paid]],
) -> list[Transfer]:
    """Return the interest on every deposit that was honoured, whether it goes back or to the price."""
    if rule is None or not rule.interest_basis_points:
        return []
    is_late = rule.interest_from is InterestFrom.BIDDING_ENDED
    from_us = (outcome.bidding_ended_at_us or outcome.decided_at_us) if is_late else 0
    found = []
    for position in positions:
        parts = paid.get(position.record.bidder_id, ())
        amount = interest(parts, rule.interest_basis_points, from_us, outcome.decided_at_us)
        if amount:
            found.append(_interest_transfer(outcome, position, amount, rule.interest_basis_points))
    return found


def _interest_transfer(
    outcome: LotOutcome, position: DepositPosition, amount: Amount, basis_points: int
) -> Transfer:
    return Transfer(
        id=_transfer_id(outcome, position, "interest"),
        debit=interest_expense(outcome.currency).code,
        credit=position.record.refund_account,
        amount=amount,
        currency=outcome.currency,
        purpose=Purpose.INTEREST_GIVEN,
        event_at_us=outcome.decided_at_us,
        reference=position.record.reference,
        memo=f"{_memo(outcome)}, {basis_points} basis points a year",
    )


def _fees(outcome: LotOutcome, rule: LotRule | None, applied: Amount) -> list[FeeBooked]:
    """Return what the seller owes, each booked as far as the deposits that went to the price can give it."""
    found: list[FeeBooked] = []
    left = applied
    for kind, terms in () if rule is None or outcome.is_purchase else rule.fees:
        due = FeeDue(kind=kind, amount=fee(terms, outcome.total), currency=outcome.currency)
        if due.amount:
            booked = min(due.amount, left)
            left -= booked
            transfer_id = fee_transfer_id(outcome.lot_id, due, 1) if booked else None
            found.append(FeeBooked(fee=due, booked=booked, transfer_id=transfer_id))
    return found


def fee_transfer_id(lot_id: int, due: FeeDue, step: int) -> UUID:
    """Return the id of the transfer that books a fee in its first, second... step."""
    return derived_id("fee", lot_id, due.kind.value, step)


def fee_transfer(lot_id: int, due: FeeDue, step: int, amount: Amount, at_us: int, memo: str = "") -> Transfer:
    """Return the transfer that takes a part of a fee out of the price."""
    return Transfer(
        id=fee_transfer_id(lot_id, due, step),
        debit=price_payable(lot_id, due.currency).code,
        credit=fee_account(due.kind, due.currency).code,
        amount=amount,
        currency=due.currency,
        purpose=fee_purpose(due.kind),
        event_at_us=at_us,
        memo=memo or f"lot {lot_id}",
    )


def _fee_transfer(outcome: LotOutcome, one: FeeBooked) -> Transfer:
    return fee_transfer(outcome.lot_id, one.fee, 1, one.booked, outcome.decided_at_us, _memo(outcome))


def _accounts(
    outcome: LotOutcome, earned: Sequence[Transfer], fees: Sequence[FeeBooked]
) -> tuple[Account, ...]:
    given = (interest_expense(outcome.currency),) if earned else ()
    return (*given, *(fee_account(one.fee.kind, one.fee.currency) for one in fees if one.booked))
