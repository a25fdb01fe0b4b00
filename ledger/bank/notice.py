"""Notices of single movements as JSON, for banks and bank connectors that push instead of sending files.

Here belongs the reading of this one form. Pure. Not here: the signature under it (webhook).

    {"message_id": "20260301-000017", "account": "6222…", "currency": "CNY", "movements": [{
        "bank_reference": "B20260301000017", "booked_at": "2026-03-01T09:30:00+08:00", "direction": "credit",
        "amount": "20000.00", "counterparty_name": "…", "counterparty_account": "…", "counterparty_bank": "…",
        "remittance": "…", "end_to_end_id": "…", "sub_account": "…"}]}

Every movement needs the bank's own reference: it alone tells a repetition from a second payment of the same amount.
"""

from collections.abc import Iterator
from typing import Annotated, BinaryIO, Final, Literal

import msgspec
from msgspec import Meta

from ledger.bank.camt import PROBLEM_OF
from ledger.bank.documents import pieces
from ledger.bank.statements import (
    Fault,
    FileRead,
    FileRefused,
    Movement,
    Part,
    Problem,
    Statement,
    StatementEnd,
    StatementKind,
)
from ledger.bank.values import AmountFault, minor_units, plain_text, when
from ledger.units import is_currency

FORMAT: Final = "notice"
NOTICE_BYTES_MAX: Final = 4 * 1024 * 1024

Id = Annotated[str, Meta(min_length=1, max_length=100)]
Text = Annotated[str, Meta(max_length=500)]


class NoticeMovement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One movement of a notice; `amount` is a decimal text without sign."""

    bank_reference: Id
    booked_at: Id
    direction: Literal["credit", "debit"]
    amount: Id
    value_date: Text = ""
    counterparty_name: Text = ""
    counterparty_account: Text = ""
    counterparty_bank: Text = ""
    remittance: Text = ""
    end_to_end_id: Text = ""
    sub_account: Text = ""
    is_reversal: bool = False


class Notice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Movements of one account; `message_id` is the sender's and never used again for another content."""

    message_id: Id
    account: Id
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")]
    movements: Annotated[list[NoticeMovement], Meta(min_length=1, max_length=10_000)]


def notice(source: BinaryIO) -> Iterator[Part]:
    """Read a notice.

    Raises: FileRefused.
    """
    found = _decoded(b"".join(pieces(source, NOTICE_BYTES_MAX)))
    if not is_currency(found.currency):
        raise FileRefused(Fault(problem=Problem.CURRENCY_UNKNOWN, place="$.currency", detail=found.currency))
    head = Statement(
        kind=StatementKind.NOTIFICATION,
        name=plain_text(found.message_id),
        account="".join(found.account.split()).upper(),
        currency=found.currency,
        line=1,
        place="$",
    )
    yield FileRead(format=FORMAT, message_id=plain_text(found.message_id))
    yield head
    for number, movement in enumerate(found.movements):
        yield _movement(movement, found.currency, f"$.movements[{number}]")
    yield StatementEnd(head)


def _decoded(content: bytes) -> Notice:
    try:
        return msgspec.json.decode(content, type=Notice)
    except msgspec.ValidationError as error:
        detail, _, place = str(error).partition(" - at `")
        fault = Fault(problem=Problem.VALUE_MALFORMED, line=1, place=place.rstrip("`"), detail=detail[:200])
        raise FileRefused(fault) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FileRefused(Fault(problem=Problem.NOT_JSON, line=1, detail=str(error)[:200])) from error


def _movement(movement: NoticeMovement, currency: str, place: str) -> Movement | Fault:
    units = minor_units(movement.amount, currency)
    if isinstance(units, AmountFault):
        return Fault(problem=PROBLEM_OF[units], line=1, place=f"{place}.amount", detail=movement.amount)
    booked = when(movement.booked_at)
    valued = when(movement.value_date) if movement.value_date else None
    if booked is None or (movement.value_date and valued is None):
        name = "booked_at" if booked is None else "value_date"
        return Fault(problem=Problem.DATE_MALFORMED, line=1, place=f"{place}.{name}")
    is_credit = movement.direction == "credit"
    return Movement(
        line=1,
        place=place,
        bank_reference=plain_text(movement.bank_reference),
        amount=units if is_credit else -units,
        currency=currency,
        booked=booked,
        valued=valued,
        counterparty_name=plain_text(movement.counterparty_name),
        counterparty_account="".join(movement.counterparty_account.split()).upper()[:100],
        counterparty_bank="".join(movement.counterparty_bank.split()).upper()[:100],
        remittance=plain_text(movement.remittance, 500),
        end_to_end_id=plain_text(movement.end_to_end_id, 100),
        sub_account="".join(movement.sub_account.split())[:100],
        is_reversal=movement.is_reversal,
        is_returned_payment=movement.is_reversal and is_credit,
    )
