"""Deposits as finance reads them: the register, what is in suspense, and the proof of the books."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from gateways.api.errors import ApiCode
from gateways.api.finance_roles import READERS
from gateways.api.operation import Asked, Operation
from ledger.proof import prove
from ledger.records import ReceiptRecord
from ledger.register import DepositRow
from ledger.verify import Check


class DepositQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which deposits: those of one lot, or all."""

    lot: Annotated[int, Meta(gt=0, lt=2**53)] | None = None


class Register(Struct, frozen=True):
    """The deposit register. Amounts are minor units of each row's currency."""

    deposits: list[DepositRow]


class SuspenseRow(Struct, frozen=True):
    """A receipt that could not be credited, and why."""

    receipt_id: str
    reference: str
    amount: int
    currency: str
    payer_name: str
    received_at_us: int
    reason: str
    lot: int | None
    bidder: int | None


class Suspense(Struct, frozen=True):
    """The receipts that wait for a person, in the order in which they were booked."""

    receipts: list[SuspenseRow]


class Verification(Struct, frozen=True):
    """The proof of the books at one moment: `head_sequence` and `head_hash` name the last posting looked at."""

    is_sound: bool
    head_sequence: int
    head_hash: str
    checks: tuple[Check, ...]


async def show_register(asked: Asked) -> Register:
    """Show the deposit register."""
    query: DepositQuery = asked.query
    return Register(await asked.services.deposits.register(query.lot))


async def show_suspense(asked: Asked) -> Suspense:
    """Show the receipts that could not be credited."""
    return Suspense([_suspense_row(record) for record in await asked.services.deposits.suspense()])


async def verify_books(asked: Asked) -> Verification:
    """Recompute the ledger from its postings and compare."""
    async with asked.services.whole_ledger() as ledger:
        report = await prove(ledger, asked.services.sign_ups.admissions)
    return Verification(report.is_sound, report.head.sequence, report.head.hash.hex(), report.checks)


def _suspense_row(record: ReceiptRecord) -> SuspenseRow:
    receipt = record.receipt
    return SuspenseRow(
        receipt_id=receipt.receipt_id,
        reference=receipt.reference,
        amount=receipt.amount,
        currency=receipt.currency,
        payer_name=receipt.payer_name,
        received_at_us=receipt.received_at_us,
        reason="" if record.reason is None else record.reason.value,
        lot=record.lot_id,
        bidder=record.bidder_id,
    )


OPERATIONS = (
    Operation("GET", "/deposits", show_register, READERS, query=DepositQuery, answer=Register),
    Operation("GET", "/deposits/suspense", show_suspense, READERS, answer=Suspense),
    Operation(
        "GET",
        "/ledger/verification",
        verify_books,
        READERS,
        answer=Verification,
        codes=(ApiCode.BUSY,),
    ),
)
