"""Deposits as finance reads them: the register, what is in suspense, and the proof of the books."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from exchange.identity_documents import BidderKind
from exchange.lot_sheets import LotTitle
from exchange.texts import BothLanguages
from gateways.api.errors import ApiCode
from gateways.api.finance_roles import READERS
from gateways.api.operation import Asked, Operation
from ledger.proof import prove
from ledger.records import ReceiptRecord
from ledger.register import DepositRow, DepositState, RegisterSums, register_sums
from ledger.verify import Check

PAGE_DEPOSITS_MAX = 200
LOTS_NAMED_MAX = 500


class DepositQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which deposits: those of one lot, or all."""

    lot: Annotated[int, Meta(gt=0, lt=2**53)] | None = None


class Register(Struct, frozen=True):
    """The deposit register. Amounts are minor units of each row's currency."""

    deposits: list[DepositRow]


class PageQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """A page of the register: of a lot, in a state, with words in the payer's name, the reference or the lot's name."""

    lot: Annotated[int, Meta(gt=0, lt=2**53)] | None = None
    state: DepositState | None = None
    words: Annotated[str, Meta(max_length=100)] = ""
    offset: Annotated[int, Meta(ge=0, lt=2**31)] = 0
    limit: Annotated[int, Meta(ge=0, le=PAGE_DEPOSITS_MAX)] = 20


class LotNamed(Struct, frozen=True):
    """A lot that somebody has signed up for with a deposit."""

    lot: int
    code: str
    title: BothLanguages


class RegisterPage(Struct, frozen=True):
    """A page of the register, the latest first.

    `found` are all deposits that match, `sums` those of the whole register, `lots` the latest lots with deposits,
    `kinds` what the bidders of the page are, by account.
    """

    deposits: list[DepositRow]
    found: int
    sums: list[RegisterSums]
    lots: list[LotNamed]
    kinds: dict[int, BidderKind]


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


async def show_register_page(asked: Asked) -> RegisterPage:
    """Show a page of the deposit register, with what the whole of it adds up to."""
    query: PageQuery = asked.query
    services = asked.services
    register = await services.deposits.register()
    register.sort(key=lambda row: (row.opened_at_us, row.lot_id, row.bidder_id), reverse=True)
    lots = list(dict.fromkeys(row.lot_id for row in register))
    titles = await services.catalogue.titles(lots)
    named = [LotNamed(lot, titles[lot].code, titles[lot].title) for lot in lots if lot in titles]
    found = [row for row in register if _is_asked_for(row, query, titles.get(row.lot_id))]
    page = found[query.offset : query.offset + query.limit]
    on_page = {row.lot_id for row in page}
    shown = [one for place, one in enumerate(named) if place < LOTS_NAMED_MAX or one.lot in on_page]
    kinds = await services.identities.kinds([row.bidder_id for row in page])
    return RegisterPage(page, len(found), register_sums(register), shown, kinds)


async def show_suspense(asked: Asked) -> Suspense:
    """Show the receipts that could not be credited."""
    return Suspense([_suspense_row(record) for record in await asked.services.deposits.suspense()])


async def verify_books(asked: Asked) -> Verification:
    """Recompute the ledger from its postings and compare."""
    async with asked.services.whole_ledger() as ledger:
        report = await prove(ledger, asked.services.sign_ups.admissions)
    return Verification(report.is_sound, report.head.sequence, report.head.hash.hex(), report.checks)


def _is_asked_for(row: DepositRow, query: PageQuery, title: LotTitle | None) -> bool:
    if query.lot not in (None, row.lot_id) or query.state not in (None, row.state):
        return False
    words = query.words.strip().lower()
    digits = words.replace(" ", "").replace("-", "")
    if not words or (digits.isdecimal() and digits in row.reference):
        return True
    name = "" if title is None else f"{title.code} {title.title.zh} {title.title.en}"
    return words in f"{row.payer_name} {name}".lower()


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
    Operation("GET", "/deposits/page", show_register_page, READERS, query=PageQuery, answer=RegisterPage),
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
