"""Files that were made for the bank and are not to go there, withdrawn by two persons.

What is withdrawn ends unpaid and is owed again, under new numbers: a file that found its way to the bank all the same
pays nothing in the books, and what the bank says of it goes to a person. Here belong the acts over a desk. Every act
may be repeated. Not here: making and sending files (batches).
"""

from msgspec.structs import replace

from ledger.payouts import postgres as rows
from ledger.payouts.decisions import next_step
from ledger.payouts.records import Batch, Batched, PayoutRefusal, PayoutState
from ledger.payouts.rules import SYSTEM, is_plain_text, reservation_end, transfer_id
from ledger.postgres import Desk


async def propose_withdrawal(desk: Desk, batch_id: int, by: int, reason: str) -> Batched | PayoutRefusal:
    """Propose that a batch does not go to the bank; until a second person has said so or not, it cannot be sent.

    Refuses: TEXT_NOT_BOOKABLE, BATCH_UNKNOWN, BATCH_ALREADY_SENT, BATCH_WITHDRAWN, WITHDRAWAL_PROPOSED (by somebody
        else or for another reason), PERSON_MISSING, REASON_MISSING.
    """
    batch = await rows.batch_by_id(desk.connection, batch_id)
    if batch is None or not is_plain_text(reason):
        return PayoutRefusal.BATCH_UNKNOWN if is_plain_text(reason) else PayoutRefusal.TEXT_NOT_BOOKABLE
    known = batch.withdrawal
    if known is not None and (known.proposed_by, known.reason) == (by, reason.strip()):
        return Batched(batch=batch, is_new=False)
    refusal = _refusal(batch)
    if refusal is None and known is not None:
        refusal = PayoutRefusal.WITHDRAWAL_PROPOSED
    refusal = refusal or (PayoutRefusal.PERSON_MISSING if by <= SYSTEM else None)
    refusal = refusal or (None if reason.strip() else PayoutRefusal.REASON_MISSING)
    if refusal is not None:
        return refusal
    await rows.add_withdrawal(desk.connection, batch_id, reason.strip(), by, desk.now_us)
    return await _batched(desk, batch_id)


async def confirm_withdrawal(desk: Desk, batch_id: int, by: int) -> Batched | PayoutRefusal:
    """Withdraw a batch, as another person than proposed it; its money is owed again.

    Refuses: BATCH_UNKNOWN, BATCH_ALREADY_SENT, BATCH_WITHDRAWN (by others), WITHDRAWAL_NOT_PROPOSED, PERSON_MISSING,
        SAME_PERSON.
    """
    batch = await rows.batch_by_id(desk.connection, batch_id)
    if batch is None:
        return PayoutRefusal.BATCH_UNKNOWN
    wanted = batch.withdrawal
    if wanted is not None and wanted.confirmed_by == by:
        return Batched(batch=batch, is_new=False)
    refusal = _refusal(batch) or (PayoutRefusal.WITHDRAWAL_NOT_PROPOSED if wanted is None else None)
    if refusal is not None or wanted is None or by <= SYSTEM or by == wanted.proposed_by:
        return refusal or (PayoutRefusal.SAME_PERSON if by > SYSTEM else PayoutRefusal.PERSON_MISSING)
    await rows.decide_withdrawal(desk.connection, batch, by, desk.now_us, is_confirmed=True)
    await _end(desk, batch, by, wanted.reason)
    return await _batched(desk, batch_id)


async def decline_withdrawal(desk: Desk, batch_id: int, by: int, reason: str) -> Batched | PayoutRefusal:
    """Decline to withdraw a batch, with the reason; whoever proposed it may as well. It can be sent again.

    Refuses: TEXT_NOT_BOOKABLE, BATCH_UNKNOWN, BATCH_ALREADY_SENT, BATCH_WITHDRAWN, WITHDRAWAL_NOT_PROPOSED,
        PERSON_MISSING, REASON_MISSING.
    """
    batch = await rows.batch_by_id(desk.connection, batch_id)
    if batch is None or not is_plain_text(reason):
        return PayoutRefusal.BATCH_UNKNOWN if is_plain_text(reason) else PayoutRefusal.TEXT_NOT_BOOKABLE
    refusal = _refusal(batch) or (PayoutRefusal.WITHDRAWAL_NOT_PROPOSED if batch.withdrawal is None else None)
    refusal = refusal or (PayoutRefusal.PERSON_MISSING if by <= SYSTEM else None)
    refusal = refusal or (None if reason.strip() else PayoutRefusal.REASON_MISSING)
    if refusal is not None:
        return refusal
    await rows.decide_withdrawal(
        desk.connection, batch, by, desk.now_us, is_confirmed=False, reason=reason.strip()
    )
    return await _batched(desk, batch_id)


def _refusal(batch: Batch) -> PayoutRefusal | None:
    if batch.sent_at_us is not None:
        return PayoutRefusal.BATCH_ALREADY_SENT
    return PayoutRefusal.BATCH_WITHDRAWN if batch.is_withdrawn else None


async def _end(desk: Desk, batch: Batch, by: int, reason: str) -> None:
    """End every payout of a batch unpaid and let go of its money."""
    payouts = list((await rows.payouts_of_batches(desk.connection, [batch.batch_id])).values())
    ended = PayoutState.CANCELLED
    await desk.post([reservation_end(payout, ended, desk.now_us) for payout in payouts])
    steps = [
        replace(next_step(payout, ended, by), reason=reason, transfer_id=transfer_id(payout.payout_id, ended))
        for payout in payouts
    ]
    await rows.add_steps(desk.connection, steps, desk.now_us)


async def _batched(desk: Desk, batch_id: int) -> Batched:
    batch = await rows.batch_by_id(desk.connection, batch_id)
    assert batch is not None, "a batch does not go away"
    return Batched(batch=batch, is_new=True)
