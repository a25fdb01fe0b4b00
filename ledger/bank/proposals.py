"""What is proposed for a receipt in suspense: to which deposit it belongs, or that it goes back.

Here belong the pure rules of a proposal; a person always decides. Not here: doing it (suspense).

Our own payment that came back is taken back onto its payout. What is in the wrong currency, for a lot that is
settled, after the deadline or not from the bidder, is given back. With an unknown or ambiguous reference it is assigned
if exactly one open deposit is meant: the payer's own among those named; else one whose reference is one edit away; else
the payer's that misses just this amount; else the payer's only one. Otherwise it is given back.
"""

from collections.abc import Sequence
from typing import Final

from ledger.bank.records import OpenDeposit, Proposal, ProposalAct, SuspenseItem, Why
from ledger.bank.references import REFERENCE_DIGITS, is_one_edit_away, numbers_in
from ledger.receipts import is_same_payer
from ledger.records import SuspenseReason

SEARCHED: Final = frozenset({SuspenseReason.UNKNOWN_REFERENCE, SuspenseReason.AMBIGUOUS_REFERENCE})
LENGTHS: Final = frozenset({REFERENCE_DIGITS - 1, REFERENCE_DIGITS, REFERENCE_DIGITS + 1})


def proposal(item: SuspenseItem, deposits: Sequence[OpenDeposit]) -> Proposal:
    """Propose what to do with a receipt.

    Args:
        item: in suspense, nothing done with it.
        deposits: all that still take money, of its currency at least.
    """
    if item.reason is SuspenseReason.PAYMENT_RETURNED:
        return Proposal(act=ProposalAct.TAKE_BACK, why=Why.OWN_PAYOUT_RETURNED, payout_id=item.payout_id)
    if item.reason not in SEARCHED:
        return Proposal(act=ProposalAct.GIVE_BACK, why=Why.NOT_ACCEPTABLE)
    taking = [deposit for deposit in deposits if _takes(deposit, item)]
    for why, candidates in _candidates(item, taking):
        if len(candidates) == 1:
            return _assign(candidates[0], why)
    return Proposal(act=ProposalAct.GIVE_BACK, why=Why.NO_DEPOSIT_FOUND)


def _takes(deposit: OpenDeposit, item: SuspenseItem) -> bool:
    is_in_time = deposit.pay_by_us is None or item.received_at_us <= deposit.pay_by_us
    return deposit.currency == item.currency and is_in_time


def _candidates(
    item: SuspenseItem, deposits: Sequence[OpenDeposit]
) -> Sequence[tuple[Why, Sequence[OpenDeposit]]]:
    numbers = set(numbers_in((item.reference, item.remittance, item.end_to_end_id), LENGTHS))
    of_payer = [deposit for deposit in deposits if is_same_payer(deposit.payer_name, item.payer_name)]
    named = [deposit for deposit in of_payer if deposit.reference in numbers]
    near = [d for d in deposits if any(is_one_edit_away(d.reference, number) for number in numbers)]
    return (
        (Why.NAMED_DEPOSIT, named),
        (Why.CORRECTED_REFERENCE, near),
        (Why.SAME_PAYER_AND_AMOUNT, [d for d in of_payer if d.missing == item.amount]),
        (Why.SAME_PAYER, [d for d in of_payer if d.missing]),
    )


def _assign(deposit: OpenDeposit, why: Why) -> Proposal:
    return Proposal(
        act=ProposalAct.ASSIGN,
        why=why,
        lot_id=deposit.lot_id,
        bidder_id=deposit.bidder_id,
        reference=deposit.reference,
    )
