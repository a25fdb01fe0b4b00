"""Files for the bank: made in the transaction that marks their payouts, sent once.

Here belong the acts over a desk. Every act may be repeated. Not here: the message itself (initiation).
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from itertools import takewhile

from msgspec.structs import replace

from ledger.payouts import postgres as rows
from ledger.payouts.decisions import next_step
from ledger.payouts.initiation import PAYOUTS_MAX, TOTAL_MAX, VERSIONS, Instruction, initiation
from ledger.payouts.records import (
    Batch,
    Batched,
    PayingAccount,
    Payout,
    PayoutRefusal,
    PayoutState,
    message_id,
)
from ledger.payouts.rules import (
    SYSTEM,
    currency_total,
    has_two_persons,
    paying_account_refusal,
    plain_number,
    reservation_end,
    transfer_id,
)
from ledger.postgres import Desk


async def register_paying_account(
    desk: Desk, paying: PayingAccount, by: int
) -> PayingAccount | PayoutRefusal:
    """Enter an account of the centre to pay from, once; its ledger account has to be there.

    Refuses: CURRENCY_UNKNOWN, TEXT_NOT_BOOKABLE, PAYEE_NAME_MISSING, PAYEE_ACCOUNT_MALFORMED,
        PAYEE_BANK_MALFORMED, SOURCE_NOT_OF_KIND, SOURCE_UNKNOWN, SOURCE_OF_OTHER_CURRENCY,
        PAYING_ACCOUNT_DIFFERS (of that name, registered otherwise).
    """
    paying = replace(paying, number=plain_number(paying.number), bank=plain_number(paying.bank))
    refusal = paying_account_refusal(paying)
    if refusal is not None:
        return refusal
    account = (await rows.accounts(desk.connection, [paying.account])).get(paying.account)
    if account is None:
        return PayoutRefusal.SOURCE_UNKNOWN
    if account.currency != paying.currency:
        return PayoutRefusal.SOURCE_OF_OTHER_CURRENCY
    existing = await rows.paying_accounts(desk.connection, paying.name)
    if not existing:
        await rows.add_paying_account(desk.connection, paying, by, desk.now_us)
        return paying
    return paying if existing[0] == paying else PayoutRefusal.PAYING_ACCOUNT_DIFFERS


async def make_batch(
    desk: Desk, paid_from: str, version: str, by: int, payout_ids: Collection[int] | None = None
) -> Batched | PayoutRefusal:
    """Write approved payouts into a file for the bank and mark them, in this one transaction.

    Args:
        desk: the transaction.
        paid_from: name of the account to pay from; the payouts are in its currency.
        version: one of initiation.VERSIONS.
        by: who makes it.
        payout_ids: which; None for the oldest approved ones, as many as a file may hold.

    Refuses: SOURCE_OF_OTHER_CURRENCY, PAYOUT_UNKNOWN, PAYING_ACCOUNT_UNKNOWN, VERSION_UNKNOWN, STATE_DIFFERS,
        NOTHING_TO_BATCH, PERSON_MISSING.
    """
    known = await rows.paying_accounts(desk.connection, paid_from)
    if not known or version not in VERSIONS:
        return PayoutRefusal.VERSION_UNKNOWN if known else PayoutRefusal.PAYING_ACCOUNT_UNKNOWN
    paying = known[0]
    if payout_ids is None:
        payouts = await rows.payouts_to_batch(desk.connection, paying.currency, PAYOUTS_MAX)
    else:
        payouts = list((await rows.payouts_by_id(desk.connection, payout_ids)).values())
        refusal = _choice_refusal(payouts, payout_ids, paying)
        if refusal is PayoutRefusal.STATE_DIFFERS and (again := await _batch_of(desk, payouts, paid_from)):
            return Batched(batch=again, is_new=False)
        if refusal is not None:
            return refusal
    payouts = _fitting(payouts)
    if not payouts or by <= SYSTEM:
        return PayoutRefusal.PERSON_MISSING if payouts else PayoutRefusal.NOTHING_TO_BATCH
    return Batched(batch=await _batched(desk, paying, version, by, payouts), is_new=True)


def _choice_refusal(
    payouts: Sequence[Payout], payout_ids: Collection[int], paying: PayingAccount
) -> PayoutRefusal | None:
    faults = (
        (any(p.currency != paying.currency for p in payouts), PayoutRefusal.SOURCE_OF_OTHER_CURRENCY),
        (len(payouts) < len(set(payout_ids)), PayoutRefusal.PAYOUT_UNKNOWN),
        (any(p.state is not PayoutState.APPROVED for p in payouts), PayoutRefusal.STATE_DIFFERS),
        (len(_fitting(payouts)) < len(payouts), PayoutRefusal.AMOUNT_TOO_LARGE),
    )
    return next((refusal for is_fault, refusal in faults if is_fault), None)


async def _batch_of(desk: Desk, payouts: Sequence[Payout], paid_from: str) -> Batch | None:
    """Return the batch that consists of exactly these payouts, if there is one."""
    batch_ids = {payout.batch_id for payout in payouts}
    batch_id = batch_ids.pop() if len(batch_ids) == 1 else None
    batch = None if batch_id is None else await rows.batch_by_id(desk.connection, batch_id)
    is_same = batch is not None and batch.payouts == len(payouts) and batch.paid_from == paid_from
    return batch if batch is not None and is_same and not batch.is_withdrawn else None


def _fitting(payouts: Iterable[Payout]) -> list[Payout]:
    """Return the first payouts that one file holds."""
    total = 0

    def fits(payout: Payout) -> bool:
        nonlocal total
        total += payout.amount
        return total < TOTAL_MAX

    return list(takewhile(fits, payouts))[:PAYOUTS_MAX]


async def _batched(
    desk: Desk, paying: PayingAccount, version: str, by: int, payouts: Sequence[Payout]
) -> Batch:
    batch_id = await rows.next_batch_id(desk.connection)
    created_at, execute_on = rows.local_times(desk.now_us, paying.utc_offset_minutes)
    content = initiation(
        Instruction(
            batch_id=batch_id,
            version=version,
            paying=paying,
            payouts=payouts,
            created_at=created_at,
            execute_on=execute_on,
        )
    )
    currency, total = currency_total(payouts)
    batch = Batch(
        batch_id=batch_id,
        paid_from=paying.name,
        currency=currency,
        version=version,
        message_id=message_id(batch_id),
        payouts=len(payouts),
        total=total,
        sha256=hashlib.sha256(content).hexdigest(),
        made_by=by,
        made_at_us=desk.now_us,
        sent_by=None,
        sent_at_us=None,
    )
    await rows.add_batch(desk.connection, batch, content)
    steps = [replace(next_step(payout, PayoutState.BATCHED, by), batch_id=batch_id) for payout in payouts]
    await rows.add_steps(desk.connection, steps, desk.now_us)
    return batch


async def send_batch(desk: Desk, batch_id: int, by: int) -> Batched | PayoutRefusal:
    """Record that a batch has gone to the bank, once: its money is in transit from then on.

    Args:
        desk: the transaction.
        batch_id: the batch.
        by: the person who handed it over; 0 for a channel to the bank.

    Refuses: BATCH_UNKNOWN, BATCH_ALREADY_SENT (by somebody else), BATCH_WITHDRAWN, WITHDRAWAL_PROPOSED,
        SAME_PERSON (one person alone had a hand in a payout of it: proposed, entered the
            account, approved, made the file and sends it).
    """
    batch = await rows.batch_by_id(desk.connection, batch_id)
    if batch is None:
        return PayoutRefusal.BATCH_UNKNOWN
    if batch.sent_at_us is not None:
        is_same = batch.sent_by == by
        return Batched(batch=batch, is_new=False) if is_same else PayoutRefusal.BATCH_ALREADY_SENT
    if batch.withdrawal is not None:
        return PayoutRefusal.BATCH_WITHDRAWN if batch.is_withdrawn else PayoutRefusal.WITHDRAWAL_PROPOSED
    payouts = list((await rows.payouts_of_batches(desk.connection, [batch_id])).values())
    if not all(has_two_persons(payout, batch.made_by, by) for payout in payouts):
        return PayoutRefusal.SAME_PERSON
    await desk.post([reservation_end(payout, PayoutState.SENT, desk.now_us) for payout in payouts])
    steps = [
        replace(
            next_step(payout, PayoutState.SENT, by),
            transfer_id=transfer_id(payout.payout_id, PayoutState.SENT),
        )
        for payout in payouts
    ]
    await rows.add_steps(desk.connection, steps, desk.now_us)
    await rows.add_batch_sent(desk.connection, batch_id, by, desk.now_us)
    return Batched(batch=replace(batch, sent_by=by, sent_at_us=desk.now_us), is_new=True)
