"""What is done about an answer of the bank: paid, or owed again.

Here belong the acts over a desk. Every act may be repeated. Not here: what an answer means (results).
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from ledger.accounts import Account, AccountFlags, suspense
from ledger.bank.values import exactly
from ledger.payouts import postgres as rows
from ledger.payouts.decisions import next_step, payout_by_id, take_step
from ledger.payouts.records import (
    Acted,
    Batch,
    LineOutcome,
    Payout,
    PayoutRefusal,
    PayoutState,
    ResultLine,
    ResultReport,
    Verdict,
)
from ledger.payouts.results import (
    BOOKED,
    ID_LENGTH_MAX,
    Answer,
    Judgement,
    Level,
    Said,
    batches_named,
    judgements,
    payouts_named,
)
from ledger.payouts.rules import (
    SYSTEM,
    is_plain_text,
    payment,
    rejection,
    taking_back,
)
from ledger.postgres import Desk
from ledger.units import decimal_text

Connection = Any

MOVEMENTS_AT_ONCE: Final = 1_000


class _Bank(msgspec.Struct, frozen=True, kw_only=True):
    """Where a batch is paid: the ledger's account, and the bank's clock as its offset from UTC."""

    account: Account
    utc_offset_minutes: int


async def carry_out(desk: Desk, message: Answer, sha256: str, by: int) -> ResultReport:
    """Do what an answer of the bank says, as far as it is clear, and record the reading.

    Args:
        desk: the transaction.
        message: the answer.
        sha256: digest of its bytes, in hexadecimal.
        by: who hands it in; 0 for a channel to the bank.
    """
    connection = desk.connection
    payouts = await rows.payouts_by_id(connection, payouts_named(message))
    batch_ids = {payout.batch_id for payout in payouts.values() if payout.batch_id is not None}
    wholes = batches_named(message)
    batches = await rows.batches_named(connection, wholes, batch_ids)
    spoken_of = [batch.batch_id for batch in batches.values() if batch.message_id in wholes]
    payouts |= await rows.payouts_of_batches(connection, spoken_of)
    judged = judgements(message, payouts, batches)
    banks = await _banks(connection, batches.values())
    judged = _covered(judged, banks)
    await _move(desk, judged, banks, f"{message.name} {message.message_id}", by)
    report = ResultReport(
        message_name=message.name,
        message_id=message.message_id,
        sha256=sha256,
        was_read_before=await rows.was_read(connection, sha256),
        lines=tuple(judgement.line for judgement in judged),
    )
    await rows.add_reading(connection, report, by, desk.now_us)
    return report


async def carry_out_movements(desk: Desk, by: int) -> ResultReport:
    """Take the debits of statements that bank files have brought for answers to the payouts that they name.

    Only payouts that wait for an answer are looked at, so doing it again does nothing more.
    """
    debits = await rows.debits_of_sent(desk.connection, MOVEMENTS_AT_ONCE)
    said = tuple(
        Said(
            level=Level.TRANSFER,
            subject=debit.end_to_end_id,
            of_message="",
            status=BOOKED,
            verdict=Verdict.PAID,
            amount=decimal_text(debit.amount, debit.currency),
            currency=debit.currency,
            line=debit.line,
            booked=exactly(debit.booked_at_us),
        )
        for debit in debits
    )
    named = " ".join(str(debit.movement_id) for debit in debits)
    sha256 = hashlib.sha256(named.encode()).hexdigest()
    message = Answer(name="statement", message_id=named[:ID_LENGTH_MAX], said=said)
    if not said:
        return ResultReport(
            message_name=message.name, message_id="", sha256=sha256, was_read_before=False, lines=()
        )
    return await carry_out(desk, message, sha256, by)


async def _banks(connection: Connection, batches: Iterable[Batch]) -> dict[int, _Bank]:
    """Return the bank that each batch is paid by."""
    paying = {account.name: account for account in await rows.paying_accounts(connection)}
    found = await rows.accounts(connection, {account.account for account in paying.values()})
    return {
        batch.batch_id: _Bank(
            account=found[paying[batch.paid_from].account],
            utc_offset_minutes=paying[batch.paid_from].utc_offset_minutes,
        )
        for batch in batches
    }


def _covered(judged: Sequence[Judgement], banks: dict[int, _Bank]) -> list[Judgement]:
    """Leave out payments that the books of the bank account do not cover: something was booked elsewhere."""
    accounts = [bank.account for bank in banks.values()]
    left = {account.code: account.available_debit for account in accounts if _is_bound(account)}

    def is_covered(judgement: Judgement) -> bool:
        payout = judgement.payout
        if payout is None or judgement.verdict is not Verdict.PAID:
            return True
        code = banks[payout.batch_id or 0].account.code
        if payout.amount > left.get(code, payout.amount):
            return False
        if code in left:
            left[code] -= payout.amount
        return True

    return [one if is_covered(one) else Judgement(line=_uncovered(one.line)) for one in judged]


def _is_bound(account: Account) -> bool:
    return AccountFlags.CREDITS_MUST_NOT_EXCEED_DEBITS in account.flags


def _uncovered(line: ResultLine) -> ResultLine:
    return replace(line, outcome=LineOutcome.BANK_HAS_TOO_LITTLE)


async def _move(
    desk: Desk, judged: Sequence[Judgement], banks: dict[int, _Bank], source: str, by: int
) -> None:
    transfers, steps = [], []
    for judgement in judged:
        payout = judgement.payout
        if payout is None or judgement.verdict not in (Verdict.PAID, Verdict.REJECTED):
            continue
        is_paid = judgement.verdict is Verdict.PAID
        line = judgement.line
        if is_paid:
            bank = banks[payout.batch_id or 0]
            transfer = payment(payout, bank.account.code, _paid_at_us(judgement, bank, desk.now_us), source)
        else:
            transfer = rejection(payout, desk.now_us, line.reason_code or line.reason or line.status)
        transfers.append(transfer)
        step = next_step(payout, PayoutState.PAID if is_paid else PayoutState.REJECTED, by)
        steps.append(
            replace(
                step,
                reason_code=line.reason_code if is_paid else line.reason_code or line.status,
                reason=line.reason,
                source=source,
                transfer_id=transfer.id,
            )
        )
    await desk.post(transfers)
    await rows.add_steps(desk.connection, steps, desk.now_us)


def _paid_at_us(judgement: Judgement, bank: _Bank, now_us: int) -> int:
    """Return when the bank paid by its own word, else when its answer is read; a closed day carries it over."""
    booked = judgement.booked
    return now_us if booked is None else booked.at_us(bank.utc_offset_minutes)


async def take_back(
    desk: Desk, payout_id: int, receipt_id: str, by: int, reason_code: str, reason: str
) -> Acted | PayoutRefusal:
    """Join a payout that was paid with the receipt by which the payee's bank sent it back.

    The money lies in suspense, where every receipt without a reference goes; it becomes owed again.

    Refuses: TEXT_NOT_BOOKABLE, PAYOUT_UNKNOWN, STATE_DIFFERS, PERSON_MISSING, REASON_MISSING,
        RECEIPT_NOT_THE_RETURN (not in suspense, another amount or currency, or taken).
    """
    payout = await payout_by_id(desk, payout_id)
    source = f"receipt:{receipt_id}"
    if payout is not None and payout.state is PayoutState.RETURNED:
        last = (await rows.events(desk.connection, payout_id))[-1]
        return Acted(payout=payout, is_new=False) if last.source == source else PayoutRefusal.STATE_DIFFERS
    refusal = _taking_back_refusal(payout, by, reason_code, reason)
    if refusal is not None or payout is None:
        return refusal or PayoutRefusal.PAYOUT_UNKNOWN
    receipt = await rows.suspense_receipt(desk.connection, receipt_id)
    account = suspense(payout.currency).code
    held = (await rows.accounts(desk.connection, [account])).get(account)
    is_there = held is not None and held.available_credit >= payout.amount
    if receipt != (payout.amount, payout.currency) or not is_there:
        return PayoutRefusal.RECEIPT_NOT_THE_RETURN
    if await rows.is_cause_taken(desk.connection, source):
        return PayoutRefusal.RECEIPT_NOT_THE_RETURN
    step = replace(
        next_step(payout, PayoutState.RETURNED, by),
        reason_code=reason_code,
        reason=reason.strip(),
        source=source,
    )
    return await take_step(
        desk, payout, step, taking_back(payout, account, desk.now_us, reason_code or reason)
    )


def _taking_back_refusal(
    payout: Payout | None, by: int, reason_code: str, reason: str
) -> PayoutRefusal | None:
    faults = (
        (not is_plain_text(reason) or not is_plain_text(reason_code), PayoutRefusal.TEXT_NOT_BOOKABLE),
        (payout is None, PayoutRefusal.PAYOUT_UNKNOWN),
        (payout is not None and payout.state is not PayoutState.PAID, PayoutRefusal.STATE_DIFFERS),
        (by <= SYSTEM, PayoutRefusal.PERSON_MISSING),
        (not reason.strip() and not reason_code, PayoutRefusal.REASON_MISSING),
    )
    return next((refusal for is_fault, refusal in faults if is_fault), None)
