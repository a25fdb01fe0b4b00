"""The life of a deposit: opened, paid, held at admission, applied to the price or owed back.

Here belongs the service that the procedure calls; each method is one transaction of the store and may be
repeated. Not here: the arithmetic of the ledger (rules), bank files, deciding who is admitted or wins.
"""

import secrets
from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec
from stdnum import luhn

from ledger.accounts import bank_clearing, deposit, price_payable, refund_payable, suspense
from ledger.receipts import (
    ReceiptOutcome,
    ReceiptResult,
    booked,
    is_bookable_text,
    plain_reference,
    receipt_refusal,
)
from ledger.records import (
    BankReceipt,
    Deposit,
    DepositPosition,
    Draft,
    ReceiptRecord,
    ReceiptStatus,
    Scope,
    View,
)
from ledger.register import DepositRow, deposit_row
from ledger.settlement import LotOutcome, Settled, SettlementRefusal, settled
from ledger.store import Cursor, LedgerStore
from ledger.transfers import Kind, Purpose, Transfer, derived_id
from ledger.units import Amount, Currency, is_amount, is_currency

REFERENCE_DIGITS: Final = 16
REFERENCE_ATTEMPTS_MAX: Final = 10


class DepositTermsDiffer(Exception):
    """A deposit is to be opened with an amount or currency other than it was."""

    def __init__(self, existing: Deposit) -> None:
        super().__init__(
            f"deposit of bidder {existing.bidder_id} for lot {existing.lot_id} is "
            f"{existing.required} {existing.currency} minor units"
        )
        self.existing = existing


class DepositUnknown(Exception):
    """There is no deposit of this bidder for this lot."""


class LotClosed(msgspec.Struct, frozen=True, kw_only=True):
    """The lot has been settled: it takes no deposit and no hold any more."""

    lot_id: int


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """The deposit is held; `amount` is exactly what the lot requires, in minor units."""

    lot_id: int
    bidder_id: int
    amount: Amount
    currency: Currency
    held_at_us: int
    is_new: bool


class NotEnough(msgspec.Struct, frozen=True, kw_only=True):
    """Too little has been received to hold the deposit; nothing has changed."""

    lot_id: int
    bidder_id: int
    required: Amount
    received: Amount
    currency: Currency

    @property
    def missing(self) -> Amount:
        """Minor units that are still to be paid."""
        return self.required - self.received


class Deposits:
    """Leads deposits through their life, for several processes at once.

    Args:
        store: where the ledger is kept.
        now_us: microseconds since the Unix epoch; stamps openings and holds.
        random_number: returns a number from 0 up to, not including, the one given; for references.

    Raises: every method may raise LedgerUnavailable and LedgerStoreError; after LedgerUnavailable repeat it.
    """

    def __init__(
        self,
        store: LedgerStore,
        now_us: Callable[[], int],
        random_number: Callable[[int], int] = secrets.randbelow,
    ) -> None:
        self._store = store
        self._now_us = now_us
        self._random_number = random_number

    async def open(
        self,
        lot_id: int,
        bidder_id: int,
        required: Amount,
        currency: Currency,
        payer_name: str,
        pay_by_us: int | None = None,
    ) -> Deposit | LotClosed:
        """Open the deposit of a bidder for a lot, or return it when it is open already.

        Args:
            lot_id: the lot.
            bidder_id: the person or company.
            required: minor units; 0 when the lot asks for no deposit.
            currency: of the lot.
            payer_name: whose account the money must come from; that of the first opening stays.
            pay_by_us: when money comes too late, in microseconds; that of the first opening stays.

        Refuses: LotClosed.
        Raises: DepositTermsDiffer; ValueError for an amount, currency or name that cannot be booked.
        """
        _check_terms(required, currency, payer_name)
        for _ in range(REFERENCE_ATTEMPTS_MAX):
            wanted = _new_deposit(
                lot_id,
                bidder_id,
                required,
                currency,
                payer_name,
                self._new_reference(),
                self._now_us(),
                pay_by_us,
            )
            scope = Scope(lot_id=lot_id, bidder_id=bidder_id, reference=wanted.reference)
            opened = await self._store.post_planned(scope, partial(_opened, wanted))
            if opened is not None:
                return opened
        raise AssertionError("references collide: the source of random numbers is broken")

    async def receive(self, receipt: BankReceipt) -> ReceiptOutcome:
        """Book money that arrived at the bank: to its deposit, else to suspense with the reason.

        Part-payments add up. The same receipt again is a duplicate and moves nothing.

        Refuses: ReceiptRefusal, in the outcome; then nothing is booked.
        """
        refusal = receipt_refusal(receipt)
        if refusal is not None:
            return ReceiptOutcome(result=ReceiptResult.REFUSED, refusal=refusal)
        scope = Scope(reference=plain_reference(receipt.reference), receipt_id=receipt.receipt_id)
        return await self._store.post_planned(scope, partial(booked, receipt))

    async def hold(self, lot_id: int, bidder_id: int) -> Held | NotEnough | LotClosed:
        """Hold a bidder's deposit for the lot, exactly what is required; once, however often it is called.

        With nothing required the hold is granted and of amount 0.

        Refuses: LotClosed, NotEnough, in this order.
        Raises: DepositUnknown.
        """
        at_us = self._now_us()
        scope = Scope(lot_id=lot_id, bidder_id=bidder_id)
        return await self._store.post_planned(scope, partial(_held, lot_id, bidder_id, at_us))

    async def settle(self, outcome: LotOutcome, cursor: Cursor | None = None) -> Settled | SettlementRefusal:
        """End all deposits of a lot and move the cursor, in one transaction.

        The winner's hold is applied to the price, up to the price; every other hold is voided; whatever
        is left of any deposit becomes due to be paid back. The same outcome again moves only the cursor.

        Args:
            outcome: how the lot ended.
            cursor: the settling reader's position in the journal, moved with the money.

        Refuses: SettlementRefusal; then no money moves, but the cursor does, so that one lot that needs a
            person does not hold up the others.
        """
        scope = Scope(lot_id=outcome.lot_id)
        return await self._store.post_planned(scope, partial(settled, outcome), cursor=cursor)

    async def register(self, lot_id: int | None = None, bidder_id: int | None = None) -> list[DepositRow]:
        """Return the register, of one lot or bidder when given, in order of lot and bidder."""
        async with self._store.reading() as reader:
            return [deposit_row(position) async for position in reader.positions(lot_id, bidder_id)]

    async def suspense(self) -> list[ReceiptRecord]:
        """Return the receipts in suspense, each with its reason, in the order in which they were booked."""
        async with self._store.reading() as reader:
            return [record async for record in reader.receipts(ReceiptStatus.SUSPENSE)]

    def _new_reference(self) -> str:
        first = 10 ** (REFERENCE_DIGITS - 2)
        digits = str(first + self._random_number(9 * first))
        return digits + str(luhn.calc_check_digit(digits))


def _check_terms(required: Amount, currency: Currency, payer_name: str) -> None:
    if not is_amount(required):
        raise ValueError(f"not an amount: {required}")
    if not is_currency(currency):
        raise ValueError(f"not a currency of the ledger: {currency!r}")
    if not payer_name.strip() or not is_bookable_text(payer_name):
        raise ValueError(f"not a payer's name: {payer_name!r}")


def _new_deposit(
    lot_id: int,
    bidder_id: int,
    required: Amount,
    currency: Currency,
    payer_name: str,
    reference: str,
    opened_at_us: int,
    pay_by_us: int | None,
) -> Deposit:
    return Deposit(
        lot_id=lot_id,
        bidder_id=bidder_id,
        reference=reference,
        required=required,
        currency=currency,
        payer_name=payer_name,
        account=deposit(lot_id, bidder_id, currency).code,
        refund_account=refund_payable(lot_id, bidder_id, currency).code,
        price_account=price_payable(lot_id, currency).code,
        hold_id=derived_id("hold", lot_id, bidder_id),
        opened_at_us=opened_at_us,
        pay_by_us=pay_by_us,
    )


def _opened(wanted: Deposit, view: View) -> Draft[Deposit | LotClosed | None]:
    """Plan an opening; the answer is None when the random reference is somebody else's."""
    existing = view.of_bidder(wanted.lot_id, wanted.bidder_id)
    if existing is not None:
        return Draft(answer=_same_terms(existing.record, wanted))
    if view.settlement is not None:
        return Draft(answer=LotClosed(lot_id=wanted.lot_id))
    if view.with_reference(wanted.reference) is not None:
        return Draft(answer=None)
    lot_id, bidder_id, currency = wanted.lot_id, wanted.bidder_id, wanted.currency
    return Draft(
        answer=wanted,
        accounts=(
            bank_clearing(currency),
            suspense(currency),
            price_payable(lot_id, currency),
            deposit(lot_id, bidder_id, currency),
            refund_payable(lot_id, bidder_id, currency),
        ),
        deposit=wanted,
    )


def _same_terms(existing: Deposit, wanted: Deposit) -> Deposit:
    if (existing.required, existing.currency) != (wanted.required, wanted.currency):
        raise DepositTermsDiffer(existing)
    return existing


def _held(lot_id: int, bidder_id: int, at_us: int, view: View) -> Draft[Held | NotEnough | LotClosed]:
    position = view.of_bidder(lot_id, bidder_id)
    if position is None:
        raise DepositUnknown(f"no deposit of bidder {bidder_id} for lot {lot_id}")
    if position.settlement is not None:
        return Draft(answer=LotClosed(lot_id=lot_id))
    if position.hold is not None:
        assert position.hold.is_live, "only settlement ends a hold"
        return Draft(answer=_answer(position, position.hold.held_at_us, is_new=False))
    record = position.record
    if position.deposit.available_credit < record.required:
        return Draft(answer=_not_enough(position))
    return Draft(answer=_answer(position, at_us, is_new=True), transfers=(_hold_transfer(record, at_us),))


def _answer(position: DepositPosition, held_at_us: int, *, is_new: bool) -> Held:
    record = position.record
    return Held(
        lot_id=record.lot_id,
        bidder_id=record.bidder_id,
        amount=record.required,
        currency=record.currency,
        held_at_us=held_at_us,
        is_new=is_new,
    )


def _not_enough(position: DepositPosition) -> NotEnough:
    record = position.record
    return NotEnough(
        lot_id=record.lot_id,
        bidder_id=record.bidder_id,
        required=record.required,
        received=position.deposit.available_credit,
        currency=record.currency,
    )


def _hold_transfer(record: Deposit, at_us: int) -> Transfer:
    return Transfer(
        id=record.hold_id,
        kind=Kind.PENDING,
        debit=record.account,
        credit=record.price_account,
        amount=record.required,
        currency=record.currency,
        purpose=Purpose.DEPOSIT_TOWARDS_PRICE,
        event_at_us=at_us,
        reference=record.reference,
    )
