"""How a payout begins: it is proposed, and its money is spoken for.

Here belong the acts over a desk, for the service and for the parts of the ledger that pay out something of their
own. Every act may be repeated. Not here: opening transactions (service), SQL (postgres), decisions (rules).
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import msgspec

from ledger.accounts import AccountCode, payout_in_transit
from ledger.payouts import postgres as rows
from ledger.payouts.postgres import Step
from ledger.payouts.records import (
    Acted,
    Payout,
    PayoutKind,
    PayoutRefusal,
    PayoutState,
    PayoutWanted,
    RefundDue,
    RefundsProposed,
)
from ledger.payouts.rules import (
    STOPPED_BY_PERSON,
    SYSTEM,
    UNPAID_ENDS,
    is_same_wish,
    keeps_account,
    only_account,
    reservation,
    source_refusal,
    tidy,
    transfer_id,
    wanted_refusal,
)
from ledger.postgres import Desk

Connection = Any
RefundClock = Callable[[Connection, int, int], Awaitable[int | None]]
"""Says until when a refund is due: connection, lot, when the lot was settled; None where no rule is known."""

REFUNDS_AT_ONCE: Final = 500
"""Most refunds proposed in one transaction, so that other writers wait for milliseconds."""


class _Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A payout that has been found payable, and the one that ended unpaid before it."""

    wanted: PayoutWanted
    previous_id: int | None


async def propose(desk: Desk, wanted: PayoutWanted, by: int) -> Acted | PayoutRefusal:
    """Propose a payout and reserve its money, so that nothing else can be promised out of it.

    What has a cause is proposed once: again, the answer is the payout that is there, unless it ended unpaid.

    Args:
        desk: the transaction; the payout becomes durable with it.
        wanted: what is to be paid to whom.
        by: who proposes; 0 for the system.

    Refuses: PayoutRefusal up to SOURCE_HAS_TOO_LITTLE; then nothing is written.
    """
    wanted = tidy(wanted)
    refusal = wanted_refusal(wanted)
    if refusal is not None:
        return refusal
    found = await rows.accounts(desk.connection, [wanted.source_account])
    refusal = source_refusal(wanted, found.get(wanted.source_account))
    if refusal is not None and refusal is not PayoutRefusal.SOURCE_HAS_TOO_LITTLE:
        return refusal
    previous = await _previous(desk.connection, wanted)
    if previous is not None and previous.state not in UNPAID_ENDS:
        is_same = is_same_wish(wanted, previous)
        return Acted(payout=previous, is_new=False) if is_same else PayoutRefusal.CAUSE_HAS_OTHER_PAYOUT
    refusal = await _receipt_refusal(desk.connection, wanted) or refusal
    if refusal is not None:
        return refusal
    (payout,) = await _proposed(desk, [_Wish(wanted=wanted, previous_id=_id(previous))], by)
    return Acted(payout=payout, is_new=True)


async def _previous(connection: Connection, wanted: PayoutWanted) -> Payout | None:
    """Return the payout before: of the same cause; without a cause, out of the same account if it ended unpaid."""
    if wanted.cause:
        return await rows.payout_of_cause(connection, wanted.cause)
    if wanted.kind is not PayoutKind.REFUND:
        return None
    last = await rows.last_payouts(connection, [wanted.source_account])
    return next((payout for payout in last.values() if payout.state in UNPAID_ENDS), None)


async def _receipt_refusal(connection: Connection, wanted: PayoutWanted) -> PayoutRefusal | None:
    if wanted.kind is not PayoutKind.SUSPENSE_RETURN:
        return None
    assert wanted.receipt_id is not None, "a return without a receipt is refused before"
    receipt = await rows.suspense_receipt(connection, wanted.receipt_id)
    if receipt is None or receipt[0] < wanted.amount or receipt[1] != wanted.currency:
        return PayoutRefusal.RECEIPT_MISSING
    is_taken = await rows.is_cause_taken(connection, wanted.cause)
    return PayoutRefusal.CAUSE_HAS_OTHER_PAYOUT if is_taken else None


async def propose_refunds(
    desk: Desk, by: int, clock: RefundClock | None, lot_id: int | None, at_once: int
) -> tuple[RefundsProposed, bool]:
    """Propose refunds of what is owed back and spoken for by nobody, at most `at_once` of them.

    Returns: what was done, and whether there may be more.
    """
    due = await rows.refunds_due(desk.connection, lot_id)
    stopped = [refund for refund, _ in due if by == SYSTEM and _is_stopped(refund)]
    open_refunds = [(refund, settled) for refund, settled in due if refund not in stopped]
    known = await rows.payer_accounts(desk.connection, [refund.source_account for refund, _ in open_refunds])
    wishes: list[_Wish] = []
    refused: list[tuple[AccountCode, PayoutRefusal]] = []
    for refund, settled_at_us in open_refunds:
        if len(wishes) == at_once:
            break
        due_at_us = await refund_due_at_us(desk.connection, clock, refund.lot_id, settled_at_us)
        wanted = _refund_wanted(refund, known.get(refund.source_account, set()), due_at_us)
        refusal = wanted_refusal(wanted)
        if refusal is None:
            wishes.append(_Wish(wanted=wanted, previous_id=_id(refund.last)))
        else:
            refused.append((refund.source_account, refusal))
    proposed = await _proposed(desk, wishes, by)
    done = RefundsProposed(
        proposed=tuple(proposed),
        stopped_before=tuple(refund.source_account for refund in stopped),
        refused=tuple(refused),
    )
    return done, len(wishes) + len(refused) < len(open_refunds)


async def refund_due_at_us(
    connection: Connection, clock: RefundClock | None, lot_id: int, settled_at_us: int | None
) -> int | None:
    """Return until when a lot's refunds are due; None where no rule is known or the lot has not ended."""
    if clock is None or settled_at_us is None:
        return None
    return await clock(connection, lot_id, settled_at_us)


def _is_stopped(refund: RefundDue) -> bool:
    return refund.last is not None and refund.last.state in STOPPED_BY_PERSON


def _refund_wanted(refund: RefundDue, known: set[tuple[str, str]], due_at_us: int | None) -> PayoutWanted:
    """Describe a refund to the account that the money came from, as far as it is known and still good."""
    last = refund.last if refund.last is not None and refund.last.state in UNPAID_ENDS else None
    number, bank = only_account(known)
    if last is not None:
        number, bank = (last.payee_account, last.payee_bank) if keeps_account(last) else ("", "")
    return tidy(
        PayoutWanted(
            kind=PayoutKind.REFUND,
            source_account=refund.source_account,
            amount=refund.amount,
            currency=refund.currency,
            payee_name=refund.payee_name,
            payee_account=number,
            payee_bank=bank,
            lot_id=refund.lot_id,
            bidder_id=refund.bidder_id,
            due_at_us=due_at_us,
        )
    )


async def _proposed(desk: Desk, wishes: Sequence[_Wish], by: int) -> list[Payout]:
    """Write payouts and reserve their money, all of them in one go."""
    if not wishes:
        return []
    first = await rows.next_payout_id(desk.connection)
    numbered = list(enumerate(wishes, first))
    for payout_id, wish in numbered:
        await rows.add_payout(desk.connection, payout_id, wish.wanted, wish.previous_id, by, desk.now_us)
    currencies = sorted({wish.wanted.currency for wish in wishes})
    await desk.post(
        [reservation(payout_id, wish.wanted, desk.now_us) for payout_id, wish in numbered],
        [payout_in_transit(currency) for currency in currencies],
    )
    steps = [
        Step(
            payout_id=payout_id,
            step=1,
            state=PayoutState.PROPOSED,
            by=by,
            payee_account=wish.wanted.payee_account,
            payee_bank=wish.wanted.payee_bank,
            transfer_id=transfer_id(payout_id, PayoutState.PROPOSED),
        )
        for payout_id, wish in numbered
    ]
    await rows.add_steps(desk.connection, steps, desk.now_us)
    found = await rows.payouts_by_id(desk.connection, [payout_id for payout_id, _ in numbered])
    return list(found.values())


def _id(payout: Payout | None) -> int | None:
    return None if payout is None else payout.payout_id
