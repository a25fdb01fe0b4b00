"""What becomes of money that a bank says has arrived.

Here belong the checks of a receipt and the plan that books it: to the deposit that it names, else to suspense.
Not here: reading bank files, and returning or assigning what is in suspense.
"""

import unicodedata
from enum import StrEnum
from typing import Final
from uuid import UUID

import msgspec

from ledger.accounts import Account, bank_clearing, suspense
from ledger.records import (
    BankReceipt,
    Deposit,
    DepositPosition,
    Draft,
    ReceiptRecord,
    ReceiptStatus,
    SuspenseReason,
    View,
)
from ledger.transfers import Purpose, Transfer, derived_id
from ledger.units import Amount, is_currency

RECEIPT_AMOUNT_MAX: Final[Amount] = 10**15
"""Greatest amount of one receipt, in minor units; beyond it somebody mistyped."""
RECEIVED_AT_US_MAX: Final = 4_102_444_800_000_000
"""The year 2100; a receipt of a later time was stamped in other units."""
TEXT_LENGTH_MAX: Final = 200
_CONTROL_OR_SURROGATE: Final = frozenset({"Cc", "Cs"})


class ReceiptRefusal(StrEnum):
    """Why a receipt is not booked at all, in order of precedence."""

    RECEIPT_ID_MISSING = "receipt_id_missing"
    TEXT_NOT_BOOKABLE = "text_not_bookable"
    AMOUNT_NOT_POSITIVE = "amount_not_positive"
    AMOUNT_TOO_LARGE = "amount_too_large"
    CURRENCY_UNKNOWN = "currency_unknown"
    RECEIVED_AT_OUT_OF_RANGE = "received_at_out_of_range"
    EXISTS_WITH_DIFFERENT_REFERENCE = "exists_with_different_reference"
    EXISTS_WITH_DIFFERENT_AMOUNT = "exists_with_different_amount"
    EXISTS_WITH_DIFFERENT_CURRENCY = "exists_with_different_currency"
    EXISTS_WITH_DIFFERENT_PAYER_NAME = "exists_with_different_payer_name"
    EXISTS_WITH_DIFFERENT_RECEIVED_AT = "exists_with_different_received_at"


class ReceiptResult(StrEnum):
    """What became of a receipt."""

    CREDITED = "credited"
    DUPLICATE = "duplicate"
    SUSPENSE = "suspense"
    REFUSED = "refused"


class ReceiptOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a receipt.

    `record` is how it is booked, for a duplicate how it was booked the first time; None when refused.
    """

    result: ReceiptResult
    suspense_reason: SuspenseReason | None = None
    refusal: ReceiptRefusal | None = None
    record: ReceiptRecord | None = None


def receipt_refusal(receipt: BankReceipt) -> ReceiptRefusal | None:
    """Tell why a receipt cannot be booked anywhere; None when it can."""
    texts = (
        receipt.receipt_id,
        receipt.reference,
        receipt.payer_name,
        receipt.payer_account,
        receipt.payer_bank,
    )
    faults = (
        (not receipt.receipt_id.strip(), ReceiptRefusal.RECEIPT_ID_MISSING),
        (not all(is_bookable_text(text) for text in texts), ReceiptRefusal.TEXT_NOT_BOOKABLE),
        (receipt.amount <= 0, ReceiptRefusal.AMOUNT_NOT_POSITIVE),
        (receipt.amount > RECEIPT_AMOUNT_MAX, ReceiptRefusal.AMOUNT_TOO_LARGE),
        (not is_currency(receipt.currency), ReceiptRefusal.CURRENCY_UNKNOWN),
        (not 0 < receipt.received_at_us < RECEIVED_AT_US_MAX, ReceiptRefusal.RECEIVED_AT_OUT_OF_RANGE),
    )
    return next((refusal for is_fault, refusal in faults if is_fault), None)


def is_bookable_text(text: str) -> bool:
    """Tell whether a text can stand in a record: short enough, no control characters."""
    return len(text) <= TEXT_LENGTH_MAX and not any(
        unicodedata.category(character) in _CONTROL_OR_SURROGATE for character in text
    )


def plain_reference(text: str) -> str:
    """Return a payment reference without the blanks and hyphens that people type into it."""
    return unicodedata.normalize("NFKC", text).replace(" ", "").replace("-", "")


def is_same_payer(one: str, other: str) -> bool:
    """Compare two names as a bank writes them: width, case and blanks do not count."""
    return _plain_name(one) == _plain_name(other)


def booked(
    receipt: BankReceipt,
    view: View,
    bank: Account | None = None,
    bar: SuspenseReason | None = None,
) -> Draft[ReceiptOutcome]:
    """Plan the booking of a receipt that passed `receipt_refusal`.

    Args:
        receipt: what the bank says.
        view: the deposit with the receipt's reference and the receipt of the same id, if there are any.
        bank: the account that the money arrived on; the currency's own when not given.
        bar: why it goes to suspense whatever its reference, where its reader knows a reason.
    """
    if view.receipt is not None:
        return Draft(answer=_repeated(receipt, view.receipt))
    bank = bank or bank_clearing(receipt.currency)
    position = view.with_reference(plain_reference(receipt.reference))
    reason = bar or _suspense_reason(receipt, position)
    record = ReceiptRecord(
        receipt=receipt,
        status=ReceiptStatus.CREDITED if reason is None else ReceiptStatus.SUSPENSE,
        reason=reason,
        lot_id=None if position is None else position.record.lot_id,
        bidder_id=None if position is None else position.record.bidder_id,
        transfer_id=receipt_transfer_id(receipt.receipt_id),
    )
    result = ReceiptResult.CREDITED if reason is None else ReceiptResult.SUSPENSE
    return Draft(
        answer=ReceiptOutcome(result=result, suspense_reason=reason, record=record),
        transfers=(_transfer(record, position, bank),),
        accounts=(bank, suspense(receipt.currency)),
        receipt=record,
    )


def is_too_late(received_at_us: int, deposit: Deposit) -> bool:
    """Tell whether money came after its deposit's deadline; a bank that says only the day means its begin."""
    return deposit.pay_by_us is not None and received_at_us > deposit.pay_by_us


def receipt_transfer_id(receipt_id: str) -> UUID:
    """Return the id of the transfer that books a receipt, one for each receipt."""
    return derived_id("receipt", receipt_id)


def _repeated(receipt: BankReceipt, first: ReceiptRecord) -> ReceiptOutcome:
    was = first.receipt
    differences = (
        (receipt.reference != was.reference, ReceiptRefusal.EXISTS_WITH_DIFFERENT_REFERENCE),
        (receipt.amount != was.amount, ReceiptRefusal.EXISTS_WITH_DIFFERENT_AMOUNT),
        (receipt.currency != was.currency, ReceiptRefusal.EXISTS_WITH_DIFFERENT_CURRENCY),
        (receipt.payer_name != was.payer_name, ReceiptRefusal.EXISTS_WITH_DIFFERENT_PAYER_NAME),
        (receipt.received_at_us != was.received_at_us, ReceiptRefusal.EXISTS_WITH_DIFFERENT_RECEIVED_AT),
    )
    refusal = next((refusal for differs, refusal in differences if differs), None)
    if refusal is not None:
        return ReceiptOutcome(result=ReceiptResult.REFUSED, refusal=refusal)
    return ReceiptOutcome(result=ReceiptResult.DUPLICATE, suspense_reason=first.reason, record=first)


def _suspense_reason(receipt: BankReceipt, position: DepositPosition | None) -> SuspenseReason | None:
    if position is None:
        return SuspenseReason.UNKNOWN_REFERENCE
    if receipt.currency != position.record.currency:
        return SuspenseReason.WRONG_CURRENCY
    if position.settlement is not None:
        return SuspenseReason.LOT_CLOSED
    if is_too_late(receipt.received_at_us, position.record):
        return SuspenseReason.DEADLINE_PASSED
    if not is_same_payer(receipt.payer_name, position.record.payer_name):
        return SuspenseReason.PAYER_MISMATCH
    return None


def _transfer(record: ReceiptRecord, position: DepositPosition | None, bank: Account) -> Transfer:
    receipt = record.receipt
    is_credited = record.status is ReceiptStatus.CREDITED and position is not None
    return Transfer(
        id=record.transfer_id,
        debit=bank.code,
        credit=position.record.account if is_credited and position else suspense(receipt.currency).code,
        amount=receipt.amount,
        currency=receipt.currency,
        purpose=Purpose.DEPOSIT_RECEIVED if is_credited else Purpose.SUSPENSE_RECEIVED,
        event_at_us=receipt.received_at_us,
        reference=receipt.receipt_id,
        memo=receipt.payer_name,
    )


def _plain_name(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())
