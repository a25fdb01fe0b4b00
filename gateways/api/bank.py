"""Money coming in: receipts that finance enters, and the demo bank, which sends the same receipts."""

from __future__ import annotations

import secrets
from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from exchange.demo.accounts import bank_number
from exchange.people import Role
from gateways.api.errors import ApiCode, ApiError
from gateways.api.finance_answers import names_of
from gateways.api.finance_roles import CASHIERS, READERS
from gateways.api.operation import BULK_BODY_BYTES_MAX, Asked, Operation, only
from ledger.receipt_entries import PAGE_ENTRIES, ReceiptEntry
from ledger.receipts import RECEIPT_AMOUNT_MAX, TEXT_LENGTH_MAX, ReceiptOutcome
from ledger.records import BankReceipt
from matching.units import TIME_US_MAX

RECEIPTS_MAX = 1_000
DEMO_RECEIPT_PREFIX = "demo-bank-"

Text: TypeAlias = Annotated[str, Meta(max_length=TEXT_LENGTH_MAX)]
ReceiptAmount: TypeAlias = Annotated[int, Meta(gt=0, le=RECEIPT_AMOUNT_MAX)]


class DemoPayment(Struct, frozen=True, forbid_unknown_fields=True):
    """What to pay at the demo bank, in minor units; all that is missing when no amount is given."""

    reference: Text
    amount: ReceiptAmount | None = None


class PaymentOutcome(Struct, frozen=True):
    """What became of a payment, and how much has been received of the deposit in all."""

    state: str
    reason: str | None
    received: int


class ReceiptForm(Struct, frozen=True, forbid_unknown_fields=True):
    """A receipt as the bank's statement gives it; `receipt_id` is the bank's own and the same in every copy."""

    receipt_id: Annotated[str, Meta(min_length=1, max_length=TEXT_LENGTH_MAX)]
    reference: Text
    amount: ReceiptAmount
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")]
    payer_name: Text
    received_at_us: Annotated[int, Meta(ge=0, le=TIME_US_MAX)]


class Receipts(Struct, frozen=True, forbid_unknown_fields=True):
    """Receipts to book, each for itself, in this order."""

    receipts: Annotated[list[ReceiptForm], Meta(min_length=1, max_length=RECEIPTS_MAX)]


class ReceiptAnswer(Struct, frozen=True):
    """What became of one receipt: credited, duplicate, suspense or refused, the last two with the reason."""

    receipt_id: str
    state: str
    reason: str | None
    lot: int | None
    bidder: int | None


class ReceiptAnswers(Struct, frozen=True):
    """One answer for each receipt, in the order given."""

    outcomes: list[ReceiptAnswer]


class EntryQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Entries before one, the latest first."""

    before: Annotated[int, Meta(gt=0, lt=2**53)] | None = None
    limit: Annotated[int, Meta(ge=1, le=PAGE_ENTRIES)] = PAGE_ENTRIES


class EntryPage(Struct, frozen=True):
    """Who handed in which receipt, also repeated and refused ones; `people` are their names."""

    entries: list[ReceiptEntry]
    people: dict[int, str]


async def pay_at_demo_bank(asked: Asked) -> PaymentOutcome:
    """Pay one's own deposit at the demo bank: it sends a bank receipt the way a real bank's comes in."""
    payment: DemoPayment = asked.body
    services = asked.services
    if not services.is_demo:
        raise ApiError(ApiCode.DEMO_ONLY)
    state = await services.sign_ups.by_reference(payment.reference.strip())
    if state is None or state.account != asked.caller.id:
        raise ApiError(ApiCode.NOT_SIGNED_UP)
    amount = payment.amount or state.missing
    if not amount:
        raise ApiError(ApiCode.DEPOSIT_COMPLETE)
    receipt = BankReceipt(
        receipt_id=DEMO_RECEIPT_PREFIX + secrets.token_hex(12),
        reference=state.reference,
        amount=amount,
        currency=state.currency,
        payer_name=asked.caller.name,
        received_at_us=services.clock.now_us(),
        payer_account=bank_number(asked.caller.id),
    )
    outcome = await services.sign_ups.receive(receipt)
    after = await services.sign_ups.state(state.lot, state.account)
    assert after is not None, "a sign-up is never deleted"
    return PaymentOutcome(outcome.result.value, _reason(outcome), after.received)


async def enter_receipts(asked: Asked) -> ReceiptAnswers:
    """Book receipts from a bank statement; the same receipt again is a duplicate and moves nothing."""
    body: Receipts = asked.body
    outcomes = []
    # first, so that whatever is booked has its person
    entered = [form.receipt_id for form in body.receipts]
    await asked.services.finance.receipt_entries.record(entered, asked.caller.id)
    for form in body.receipts:
        receipt = BankReceipt(
            receipt_id=form.receipt_id,
            reference=form.reference,
            amount=form.amount,
            currency=form.currency,
            payer_name=form.payer_name,
            received_at_us=form.received_at_us,
        )
        outcomes.append(_answer(receipt, await asked.services.sign_ups.receive(receipt)))
    return ReceiptAnswers(outcomes)


async def list_receipt_entries(asked: Asked) -> EntryPage:
    """List who handed in which receipt by hand, the latest first."""
    query: EntryQuery = asked.query
    entries = await asked.services.finance.receipt_entries.entries(query.before, query.limit)
    return EntryPage(entries, await names_of(asked.services, (entry.entered_by for entry in entries)))


def _answer(receipt: BankReceipt, outcome: ReceiptOutcome) -> ReceiptAnswer:
    record = outcome.record
    return ReceiptAnswer(
        receipt_id=receipt.receipt_id,
        state=outcome.result.value,
        reason=_reason(outcome),
        lot=None if record is None else record.lot_id,
        bidder=None if record is None else record.bidder_id,
    )


def _reason(outcome: ReceiptOutcome) -> str | None:
    reason = outcome.refusal or outcome.suspense_reason
    return None if reason is None else reason.value


OPERATIONS = (
    Operation(
        "POST", "/demo-bank/payments", pay_at_demo_bank, only(Role.BIDDER), body=DemoPayment, answer=PaymentOutcome,
        codes=(ApiCode.DEMO_ONLY, ApiCode.NOT_SIGNED_UP, ApiCode.DEPOSIT_COMPLETE),
    ),
    Operation(
        "POST", "/bank/receipts", enter_receipts, CASHIERS, body=Receipts, answer=ReceiptAnswers,
        body_bytes_max=BULK_BODY_BYTES_MAX,
    ),
    Operation("GET", "/bank/receipts/entries", list_receipt_entries, READERS, query=EntryQuery, answer=EntryPage),
)  # fmt: skip
