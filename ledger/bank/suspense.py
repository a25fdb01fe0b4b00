"""Receipts that nobody could credit, worked off by people: assigned to a deposit or given back.

Here belongs the service; each act is one transaction and is done once. Not here: what is proposed (proposals), how
money is paid out (payouts), admission of a bidder whose deposit is whole now (the exchange's sign-ups).
"""

from typing import Final
from uuid import UUID

from msgspec.structs import replace

from ledger.accounts import suspense
from ledger.bank import postgres as rows
from ledger.bank.proposals import proposal
from ledger.bank.records import (
    Assigned,
    GivenBack,
    SuspenseItem,
    SuspenseRefusal,
    SuspenseState,
)
from ledger.payouts import Acted, PayoutKind, PayoutRefusal, PayoutWanted, propose
from ledger.payouts.rules import account_refusal, is_plain_text
from ledger.postgres import Desk, PostgresLedgerStore
from ledger.receipts import is_bookable_text, is_too_late
from ledger.records import DepositPosition, Draft, Scope, View
from ledger.transfers import Purpose, Transfer, derived_id

PAGE_RECEIPTS: Final = 500


class Suspense:
    """Works off receipts in suspense, for several people at once.

    Args:
        store: the ledger in PostgreSQL.

    Raises: every method may raise LedgerUnavailable (repeat it: what was done is answered as ALREADY_WORKED_OFF)
        and LedgerStoreError.
    """

    def __init__(self, store: PostgresLedgerStore) -> None:
        self._store = store

    async def items(
        self, *, only_open: bool = True, after: int = 0, limit: int = PAGE_RECEIPTS
    ) -> list[SuspenseItem]:
        """Return a page of receipts in suspense, each open one with a proposal.

        Args:
            only_open: leave out what is worked off, or on its way back.
            after: only receipts behind this position.
            limit: at most so many.
        """
        async with self._store.snapshot() as connection:
            found = await rows.suspense_items(connection, after, limit, only_open=only_open)
            currencies = sorted({item.currency for item in found})
            deposits = await rows.open_deposits(connection, currencies) if found else []
        return [
            replace(item, proposal=proposal(item, deposits)) if item.state is SuspenseState.OPEN else item
            for item in found
        ]

    async def item(self, receipt_id: str) -> SuspenseItem | None:
        """Return a receipt in suspense, with a proposal if it is open."""
        async with self._store.snapshot() as connection:
            item = await rows.suspense_item(connection, receipt_id)
            if item is None or item.state is not SuspenseState.OPEN:
                return item
            return replace(
                item, proposal=proposal(item, await rows.open_deposits(connection, [item.currency]))
            )

    async def discrepancies(self) -> list[str]:
        """Return what is wrong between the account of suspense and the receipts in it, in minor units."""
        async with self._store.snapshot() as connection:
            return await rows.discrepancies(connection)

    async def assign(
        self, receipt_id: str, lot_id: int, bidder_id: int, by: int, reason: str
    ) -> Assigned | SuspenseRefusal:
        """Move a receipt from suspense to a deposit; a person answers for it with a reason.

        When the answer says that the deposit is complete, its bidder is due for admission: call SignUps.admit_due.

        Args:
            receipt_id: the receipt.
            lot_id: of the deposit.
            bidder_id: of the deposit.
            by: the person.
            reason: why it is this deposit's, in the person's words.

        Refuses: SuspenseRefusal up to DEADLINE_PASSED: what came in time may be assigned after the deadline, what came
            after it may not.
        """

        async def work(desk: Desk) -> Assigned | SuspenseRefusal:
            item = await rows.suspense_item(desk.connection, receipt_id)
            refusal = _person_refusal(by, reason) or await _item_refusal(desk, receipt_id, item)
            if refusal is not None or item is None:
                return refusal or SuspenseRefusal.RECEIPT_UNKNOWN
            scope = Scope(lot_id=lot_id, bidder_id=bidder_id)
            answer = await desk.plan(
                scope, lambda view: _assigned(item, lot_id, bidder_id, desk.now_us, view)
            )
            if isinstance(answer, Assigned):
                await rows.add_act(
                    desk.connection,
                    receipt_id,
                    "assigned",
                    lot_id=lot_id,
                    bidder_id=bidder_id,
                    transfer_id=_assignment_id(item),
                    reason=reason.strip(),
                    by=by,
                    at_us=desk.now_us,
                )
            return answer

        return await self._store.at_desk(work)

    async def give_back(self, receipt_id: str, by: int) -> GivenBack | SuspenseRefusal | PayoutRefusal:
        """Propose to pay a receipt back to where it came from; it leaves after a second person's approval.

        If that payout ends unpaid, the receipt is open again.

        Args:
            receipt_id: the receipt.
            by: the person.

        Refuses: SuspenseRefusal without those of deposits; PayoutRefusal as `ledger.payouts.propose`.
        """

        async def work(desk: Desk) -> GivenBack | SuspenseRefusal | PayoutRefusal:
            item = await rows.suspense_item(desk.connection, receipt_id)
            refusal = _person_refusal(by) or await _item_refusal(desk, receipt_id, item)
            if refusal is not None or item is None:
                return refusal or SuspenseRefusal.RECEIPT_UNKNOWN
            if not item.payer_name:
                return SuspenseRefusal.PAYEE_NAME_MISSING
            answer = await propose(desk, _wanted(item), by)
            if not isinstance(answer, Acted):
                return answer
            payout_id = answer.payout.payout_id
            await rows.add_act(
                desk.connection, receipt_id, "returned", payout_id=payout_id, by=by, at_us=desk.now_us
            )
            return GivenBack(
                receipt_id=receipt_id, payout_id=payout_id, amount=item.amount, currency=item.currency
            )

        return await self._store.at_desk(work)


def _person_refusal(by: int, reason: str | None = None) -> SuspenseRefusal | None:
    if by <= 0:
        return SuspenseRefusal.PERSON_MISSING
    if reason is not None and not reason.strip():
        return SuspenseRefusal.REASON_MISSING
    if reason is not None and not is_bookable_text(reason):
        return SuspenseRefusal.TEXT_NOT_BOOKABLE
    return None


async def _item_refusal(desk: Desk, receipt_id: str, item: SuspenseItem | None) -> SuspenseRefusal | None:
    if item is not None:
        return None if item.state is SuspenseState.OPEN else SuspenseRefusal.ALREADY_WORKED_OFF
    is_there = await rows.is_receipt(desk.connection, receipt_id)
    return SuspenseRefusal.NOT_IN_SUSPENSE if is_there else SuspenseRefusal.RECEIPT_UNKNOWN


def _assigned(
    item: SuspenseItem, lot_id: int, bidder_id: int, at_us: int, view: View
) -> Draft[Assigned | SuspenseRefusal]:
    position = view.of_bidder(lot_id, bidder_id)
    if position is None:
        return Draft(answer=SuspenseRefusal.DEPOSIT_UNKNOWN)
    if position.record.currency != item.currency:
        return Draft(answer=SuspenseRefusal.WRONG_CURRENCY)
    if position.settlement is not None:
        return Draft(answer=SuspenseRefusal.LOT_CLOSED)
    if is_too_late(item.received_at_us, position.record):
        return Draft(answer=SuspenseRefusal.DEADLINE_PASSED)
    answer = Assigned(
        receipt_id=item.receipt_id,
        lot_id=lot_id,
        bidder_id=bidder_id,
        amount=item.amount,
        currency=item.currency,
        received=position.deposit.credits_posted + item.amount,
        required=position.record.required,
    )
    return Draft(answer=answer, transfers=(_assignment(item, position, at_us),))


def _assignment(item: SuspenseItem, position: DepositPosition, at_us: int) -> Transfer:
    return Transfer(
        id=_assignment_id(item),
        debit=suspense(item.currency).code,
        credit=position.record.account,
        amount=item.amount,
        currency=item.currency,
        purpose=Purpose.SUSPENSE_ASSIGNED,
        event_at_us=at_us,
        reference=item.receipt_id,
        memo=item.payer_name,
    )


def _assignment_id(item: SuspenseItem) -> UUID:
    """Return the id of an assignment's transfer: one for each step, since a reversed one may be followed by another."""
    return derived_id("suspense", item.receipt_id, "assigned", item.steps + 1)


def _wanted(item: SuspenseItem) -> PayoutWanted:
    """Say what is to be paid back; an account or bank that cannot stand in a payment is left for a person to enter."""
    has_account = account_refusal(item.payer_account, "") is None and is_plain_text(item.payer_account)
    has_bank = has_account and account_refusal(item.payer_account, item.payer_bank) is None
    return PayoutWanted(
        kind=PayoutKind.SUSPENSE_RETURN,
        source_account=suspense(item.currency).code,
        amount=item.amount,
        currency=item.currency,
        payee_name=item.payer_name,
        payee_account=item.payer_account if has_account else "",
        payee_bank=item.payer_bank if has_bank else "",
        lot_id=item.lot_id,
        bidder_id=item.bidder_id,
        receipt_id=item.receipt_id,
    )
