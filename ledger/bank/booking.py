"""What becomes of one movement of a statement, decided on what is known.

Here belong the pure decisions: same receipt or new, which deposit, credited or in suspense, what to note.
Not here: SQL and transactions (postgres, intake), checks of a whole file (statements).
"""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from typing import Final
from uuid import UUID

import msgspec

from ledger.accounts import Account
from ledger.bank.records import BankAccount, InParts, KnownReceipt, MovementOutcome, MovementRow, Note
from ledger.bank.references import reference_of_sub_account, references_in
from ledger.bank.statements import Fault, FileRefused, Movement, Problem
from ledger.bank.values import day_text, plain_text
from ledger.receipts import TEXT_LENGTH_MAX, ReceiptOutcome, ReceiptResult, booked, receipt_refusal
from ledger.records import BankReceipt, DepositPosition, Draft, SuspenseReason, View
from ledger.transfers import Purpose, Transfer, derived_id
from ledger.units import Amount

OWN_PAYOUT: Final = re.compile(r"LCP(\d{12,18})", re.ASCII)
"""How our payouts are named between banks (see payouts.records.end_to_end_id)."""
MADE_UP: Final = "~"
"""Begins a reference that is made from a movement's content, because the bank gives none."""


class Booked(msgspec.Struct, frozen=True, kw_only=True):
    """What a movement leads to: its row, the draft of its receipt, and the collective receipt that it replaces."""

    row: MovementRow
    draft: Draft[ReceiptOutcome] | None = None
    replaces: KnownReceipt | None = None


class Knowledge(msgspec.Struct, kw_only=True):
    """What is known when a chunk of movements is decided; grows as they are.

    Args:
        receipts: that exist, by id.
        in_parts: collective bookings whose parts have come, by account and reference.
        positions: deposits by reference.
        received: minor units that this file has added to a deposit so far, by reference.
        tolerance: minor units that a deposit may be overpaid by without a note.
    """

    receipts: dict[str, KnownReceipt]
    in_parts: Mapping[tuple[str, str], InParts]
    positions: Mapping[str, DepositPosition]
    received: Counter[str]
    tolerance: Amount = 0


def receipt_id(slug: str, bank_reference: str) -> str:
    """Return the id of the receipt of a movement: the bank's reference, which is unique on one account."""
    return f"{slug}:{bank_reference}"


def made_up_reference(slug: str, movement: Movement, seen: Counter[str]) -> str:
    """Return a reference made from what a movement says, for banks that give none; the n-th alike is told apart.

    Args:
        slug: the account.
        movement: without a reference of the bank.
        seen: how often each content has come in this file; counted up.
    """
    content = "|".join(
        (
            slug,
            day_text(movement.booked.day),
            str(movement.amount),
            movement.currency,
            movement.counterparty_name,
            movement.counterparty_account,
            movement.end_to_end_id,
            movement.remittance,
        )
    )
    digest = hashlib.sha256(content.encode("utf-8", "replace")).hexdigest()[:24]
    seen[digest] += 1
    return f"{MADE_UP}{digest}-{seen[digest]}"


def references_of(movement: Movement) -> tuple[str, ...]:
    """Return the payment references that a movement names, in what the payer wrote or in where he paid to."""
    written = references_in(movement.remittance, movement.end_to_end_id)
    paid_to = reference_of_sub_account(movement.sub_account)
    return written if not paid_to or paid_to in written else (*written, paid_to)


def decided(
    movement: Movement,
    statement_id: int,
    account: BankAccount,
    bank: Account,
    reference: str,
    known: Knowledge,
) -> Booked:
    """Decide what becomes of a movement.

    Raises: FileRefused with RECEIPT_DIFFERS or RECEIPT_NOT_BOOKABLE; then nothing of the file is taken.
    """
    row = _row(movement, statement_id, account, reference)
    if not movement.is_booked:
        return Booked(row=row)
    if movement.amount <= 0:
        return Booked(row=msgspec.structs.replace(row, outcome=MovementOutcome.DEBIT))
    same = _same_receipt(movement, account.slug, reference, known)
    if same is not None:
        first, note = same
        row = msgspec.structs.replace(row, outcome=MovementOutcome.DUPLICATE, receipt_id=first, note=note)
        return Booked(row=row)
    return _new_receipt(movement, account, bank, reference, row, known)


def split_transfer(receipt: KnownReceipt, bank: Account, suspense: Account, at_us: int) -> Transfer:
    """Return the transfer that takes a collective receipt out of suspense again, so that its parts can be booked."""
    return Transfer(
        id=split_transfer_id(receipt.receipt_id),
        debit=suspense.code,
        credit=bank.code,
        amount=receipt.amount,
        currency=receipt.currency,
        purpose=Purpose.SUSPENSE_SPLIT,
        event_at_us=at_us,
        reference=receipt.receipt_id,
    )


def split_transfer_id(receipt_id: str) -> UUID:
    """Return the id of the transfer that splits a receipt, one for each receipt."""
    return derived_id("suspense", receipt_id, "split")


def _row(movement: Movement, statement_id: int, account: BankAccount, reference: str) -> MovementRow:
    own = OWN_PAYOUT.search(movement.end_to_end_id) or OWN_PAYOUT.search(movement.remittance)
    return MovementRow(
        statement_id=statement_id,
        slug=account.slug,
        movement=movement,
        bank_reference=reference,
        booked_on=day_text(movement.booked.day),
        booked_at_us=movement.booked.at_us(account.utc_offset_minutes),
        value_on=None if movement.valued is None else day_text(movement.valued.day),
        outcome=MovementOutcome.PENDING,
        payout_id=None if own is None else int(own[1]),
    )


def _same_receipt(
    movement: Movement, slug: str, reference: str, known: Knowledge
) -> tuple[str, Note | None] | None:
    """Return the receipt by which the money of a movement was booked before, and what there is to note of it."""
    sum_of = (movement.amount, movement.currency)
    first = known.receipts.get(receipt_id(slug, reference))
    if first is not None and not first.is_split:
        if (first.amount, first.currency) != sum_of:
            raise _differs(movement, f"{reference}: {first.amount} {first.currency}")
        return first.receipt_id, None
    entered = known.receipts.get(
        reference
    )  # as finance enters receipts by hand, under the bank's bare reference
    if entered is not None and (entered.amount, entered.currency) == sum_of:
        return entered.receipt_id, None
    parts = None if movement.entry_reference else known.in_parts.get((slug, reference))
    if parts is not None and parts.receipt_id is not None:
        if parts.amount != movement.amount:
            raise _differs(movement, f"{reference}: {parts.amount} {movement.currency}")
        return parts.receipt_id, Note.BOOKED_IN_PARTS
    return _as_one(movement, slug, known)


def _as_one(movement: Movement, slug: str, known: Knowledge) -> tuple[str, Note] | None:
    """Return the receipt of the collective booking that a movement is a part of, when it cannot be split any more."""
    whole = _whole_receipt(movement, slug, known)
    if whole is None or whole.is_split:
        return None
    if whole.amount != movement.entry_amount:
        raise _differs(movement, f"{movement.entry_reference}: {whole.amount} {whole.currency}")
    is_splittable = whole.is_in_suspense and not whole.is_acted_on
    return None if is_splittable else (whole.receipt_id, Note.BOOKED_AS_ONE)


def _whole_receipt(movement: Movement, slug: str, known: Knowledge) -> KnownReceipt | None:
    if not movement.entry_reference:
        return None
    return known.receipts.get(receipt_id(slug, movement.entry_reference))


def _new_receipt(
    movement: Movement,
    account: BankAccount,
    bank: Account,
    reference: str,
    row: MovementRow,
    known: Knowledge,
) -> Booked:
    named = references_of(movement)
    positions = [known.positions[name] for name in named if name in known.positions]
    bar = _bar(movement, len(positions))
    receipt = _receipt(movement, account.slug, reference, row.booked_at_us, named, positions)
    refusal = receipt_refusal(receipt)
    if refusal is not None:
        raise FileRefused(_fault(Problem.RECEIPT_NOT_BOOKABLE, movement, refusal.value))
    draft = booked(receipt, View(positions=tuple(positions)), bank, bar)
    answer = draft.answer
    assert answer.record is not None, "a receipt that is not there yet and can be booked is booked"
    whole = _whole_receipt(movement, account.slug, known)
    replaces = whole if whole is not None and not whole.is_split else None
    if answer.result is ReceiptResult.CREDITED:
        note, note_amount = _paid(positions[0], movement.amount, known)
        outcome = MovementOutcome.CREDITED
    else:
        note, note_amount, outcome = None, 0, MovementOutcome.SUSPENSE
    if whole is not None:
        note = note or Note.PARTS_REPLACE_ONE
    row = msgspec.structs.replace(
        row,
        outcome=outcome,
        reason=answer.suspense_reason,
        note=note,
        note_amount=note_amount,
        receipt_id=receipt.receipt_id,
    )
    return Booked(row=row, draft=draft, replaces=replaces)


def _bar(movement: Movement, positions: int) -> SuspenseReason | None:
    if movement.is_returned_payment or OWN_PAYOUT.search(movement.end_to_end_id):
        return SuspenseReason.PAYMENT_RETURNED
    return SuspenseReason.AMBIGUOUS_REFERENCE if positions > 1 else None


def _receipt(
    movement: Movement,
    slug: str,
    reference: str,
    received_at_us: int,
    named: tuple[str, ...],
    positions: list[DepositPosition],
) -> BankReceipt:
    if len(positions) == 1:
        text = positions[0].record.reference
    else:
        text = next(iter(named), "") or movement.remittance or movement.end_to_end_id
    return BankReceipt(
        receipt_id=receipt_id(slug, reference),
        reference=plain_text(text),
        amount=movement.amount,
        currency=movement.currency,
        payer_name=movement.counterparty_name[:TEXT_LENGTH_MAX],
        received_at_us=received_at_us,
        payer_account=movement.counterparty_account,
        payer_bank=movement.counterparty_bank,
    )


def _paid(position: DepositPosition, amount: Amount, known: Knowledge) -> tuple[Note | None, Amount]:
    """Note what is missing from a deposit, or too much on it, once this amount is there."""
    reference, required = position.record.reference, position.record.required
    known.received[reference] += amount
    received = position.deposit.credits_posted + known.received[reference]
    if received < required:
        return Note.PART_PAID, required - received
    is_over = received - required > known.tolerance
    return (Note.OVERPAID, received - required) if is_over else (None, 0)


def _differs(movement: Movement, detail: str) -> FileRefused:
    return FileRefused(_fault(Problem.RECEIPT_DIFFERS, movement, detail))


def _fault(problem: Problem, movement: Movement, detail: str) -> Fault:
    return Fault(problem=problem, line=movement.line, place=movement.place, detail=plain_text(detail, 100))
