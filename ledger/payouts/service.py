"""Payouts as finance works with them: lists, acts, files for the bank, and its answers.

Here belongs the service behind the command line and HTTP; each act is one transaction and may be repeated.
Not here: who may do what (roles are the gateways'), what each act does (proposals, decisions, batches, answers).
"""

import hashlib
from collections.abc import Collection, Sequence

from msgspec.structs import replace

from ledger.payouts import answers, batches, decisions, proposals, withdrawals
from ledger.payouts import postgres as rows
from ledger.payouts.proposals import REFUNDS_AT_ONCE, RefundClock
from ledger.payouts.records import (
    Acted,
    Batch,
    Batched,
    BatchFile,
    FileRefused,
    PayingAccount,
    Payout,
    PayoutEvent,
    PayoutRefusal,
    PayoutState,
    PayoutWanted,
    RefundDue,
    RefundsProposed,
    ResultReport,
)
from ledger.payouts.results import DocumentRefused, answer
from ledger.payouts.rules import SYSTEM
from ledger.postgres import Desk, PostgresLedgerStore

PAGE_PAYOUTS = 500


class Payouts:
    """Leads money out of the ledger, for several processes at once.

    Args:
        store: the ledger in PostgreSQL.
        refund_clock: says until when refunds are due; without it no due date is known.
        refunds_at_once: most refunds proposed in one transaction.

    Raises: every method may raise LedgerUnavailable (repeat the act: if it was done, the answer says so) and
        LedgerStoreError.
    """

    def __init__(
        self,
        store: PostgresLedgerStore,
        refund_clock: RefundClock | None = None,
        refunds_at_once: int = REFUNDS_AT_ONCE,
    ) -> None:
        self._store = store
        self._clock = refund_clock
        self._refunds_at_once = refunds_at_once

    # Lists

    async def due(self, lot_id: int | None = None) -> list[RefundDue]:
        """Return refunds that are owed and not proposed, with the payout before and why it ended."""
        async with self._store.snapshot() as connection:
            found = []
            for refund, settled_at_us in await rows.refunds_due(connection, lot_id):
                due = await proposals.refund_due_at_us(connection, self._clock, refund.lot_id, settled_at_us)
                found.append(replace(refund, due_at_us=due))
            return found

    async def payouts(
        self,
        state: PayoutState | None = None,
        *,
        lot_id: int | None = None,
        bidder_id: int | None = None,
        batch_id: int | None = None,
        after: int = 0,
        limit: int = PAGE_PAYOUTS,
        is_under_way: bool | None = None,
    ) -> list[Payout]:
        """Return a page of payouts in order of id: in a state, of a lot, of a bidder, of a batch when given.

        Args:
            state: proposed, approved, batched, sent, rejected and so on.
            lot_id: of this lot.
            bidder_id: of this bidder.
            batch_id: of this batch.
            after: the last id of the page before.
            limit: most payouts of the page.
            is_under_way: only those that have not ended, or only those that have.
        """
        async with self._store.snapshot() as connection:
            return await rows.payouts_listed(
                connection, state, lot_id, bidder_id, batch_id, after, limit, is_under_way
            )

    async def latest(self, limit: int, *, is_under_way: bool | None = None) -> list[Payout]:
        """Return the latest payouts, the latest first; those that have not ended, or those that have, when asked."""
        async with self._store.snapshot() as connection:
            return await rows.latest_payouts(connection, is_under_way, limit)

    async def payout(self, payout_id: int) -> Payout | None:
        """Return a payout as it stands."""
        async with self._store.snapshot() as connection:
            return (await rows.payouts_by_id(connection, [payout_id])).get(payout_id)

    async def history(self, payout_id: int) -> list[PayoutEvent]:
        """Return every step of a payout in order; nothing for one that is not there."""
        async with self._store.snapshot() as connection:
            return await rows.events(connection, payout_id)

    async def paying_accounts(self) -> list[PayingAccount]:
        """Return the accounts to pay from, in order of name."""
        async with self._store.snapshot() as connection:
            return await rows.paying_accounts(connection)

    async def batches(self, is_sent: bool | None = None, limit: int | None = None) -> list[Batch]:
        """Return batches in order of id; those sent, or those not, when asked; only the latest `limit` when given."""
        async with self._store.snapshot() as connection:
            return await rows.batches_listed(connection, is_sent, limit)

    async def discrepancies(self) -> list[str]:
        """Return every promise of payouts that does not hold; none in a sound ledger."""
        async with self._store.snapshot() as connection:
            return await rows.discrepancies(connection)

    # Acts

    async def propose(self, wanted: PayoutWanted, by: int) -> Acted | PayoutRefusal:
        """Propose one payout (see proposals.propose)."""
        return await self._store.at_desk(lambda desk: proposals.propose(desk, wanted, by))

    async def propose_refunds_due(self, by: int = SYSTEM, lot_id: int | None = None) -> RefundsProposed:
        """Propose a refund of everything that is owed back and spoken for by nobody.

        The system leaves what a person has stopped: that only a person proposes again.

        Args:
            by: who proposes; 0 for the system.
            lot_id: only of this lot.
        """
        proposed: list[Payout] = []
        while True:
            done, may_be_more = await self._store.at_desk(
                lambda desk: proposals.propose_refunds(desk, by, self._clock, lot_id, self._refunds_at_once)
            )
            proposed += done.proposed
            if not may_be_more:
                return replace(done, proposed=tuple(proposed))

    async def enter_account(
        self, payout_id: int, payee_account: str, by: int, payee_bank: str = ""
    ) -> Acted | PayoutRefusal:
        """Say where the money of a proposed payout goes (see decisions.enter_account)."""
        return await self._store.at_desk(
            lambda desk: decisions.enter_account(desk, payout_id, payee_account, payee_bank, by)
        )

    async def approve(self, payout_id: int, by: int) -> Acted | PayoutRefusal:
        """Approve a payout as its second person (see decisions.approve)."""
        return await self._store.at_desk(lambda desk: decisions.approve(desk, payout_id, by))

    async def approve_all(self, payout_ids: Sequence[int], by: int) -> dict[int, Acted | PayoutRefusal]:
        """Approve payouts in one transaction, each with its own answer."""

        async def work(desk: Desk) -> dict[int, Acted | PayoutRefusal]:
            return {payout_id: await decisions.approve(desk, payout_id, by) for payout_id in payout_ids}

        return await self._store.at_desk(work)

    async def decline(self, payout_id: int, by: int, reason: str) -> Acted | PayoutRefusal:
        """Decline a proposed or approved payout, with the reason (see decisions.stop)."""
        return await self._store.at_desk(
            lambda desk: decisions.stop(desk, payout_id, PayoutState.DECLINED, by, reason)
        )

    async def cancel(self, payout_id: int, by: int, reason: str) -> Acted | PayoutRefusal:
        """Cancel a proposed or approved payout, with the reason (see decisions.stop)."""
        return await self._store.at_desk(
            lambda desk: decisions.stop(desk, payout_id, PayoutState.CANCELLED, by, reason)
        )

    # Files

    async def register_paying_account(self, paying: PayingAccount, by: int) -> PayingAccount | PayoutRefusal:
        """Enter an account of the centre to pay from (see batches.register_paying_account)."""
        return await self._store.at_desk(lambda desk: batches.register_paying_account(desk, paying, by))

    async def make_batch(
        self, paid_from: str, version: str, by: int, payout_ids: Collection[int] | None = None
    ) -> Batched | PayoutRefusal:
        """Write approved payouts into a file for the bank (see batches.make_batch)."""
        return await self._store.at_desk(
            lambda desk: batches.make_batch(desk, paid_from, version, by, payout_ids)
        )

    async def batch_file(self, batch_id: int, by: int) -> BatchFile | PayoutRefusal:
        """Return the bytes of a batch, the same every time, and record who took them.

        Refuses: BATCH_UNKNOWN, BATCH_WITHDRAWN.
        """

        async def work(desk: Desk) -> BatchFile | PayoutRefusal:
            batch = await rows.batch_by_id(desk.connection, batch_id)
            if batch is None or batch.is_withdrawn:
                return PayoutRefusal.BATCH_UNKNOWN if batch is None else PayoutRefusal.BATCH_WITHDRAWN
            await rows.add_download(desk.connection, batch_id, by, desk.now_us)
            return BatchFile(batch=batch, content=await rows.batch_content(desk.connection, batch_id))

        return await self._store.at_desk(work)

    async def send_batch(self, batch_id: int, by: int = SYSTEM) -> Batched | PayoutRefusal:
        """Record that a batch has gone to the bank (see batches.send_batch)."""
        return await self._store.at_desk(lambda desk: batches.send_batch(desk, batch_id, by))

    async def propose_withdrawal(self, batch_id: int, by: int, reason: str) -> Batched | PayoutRefusal:
        """Propose that a batch does not go to the bank (see withdrawals.propose_withdrawal)."""
        return await self._store.at_desk(
            lambda desk: withdrawals.propose_withdrawal(desk, batch_id, by, reason)
        )

    async def confirm_withdrawal(self, batch_id: int, by: int) -> Batched | PayoutRefusal:
        """Withdraw a batch as the second person (see withdrawals.confirm_withdrawal)."""
        return await self._store.at_desk(lambda desk: withdrawals.confirm_withdrawal(desk, batch_id, by))

    async def decline_withdrawal(self, batch_id: int, by: int, reason: str) -> Batched | PayoutRefusal:
        """Leave a batch as it was (see withdrawals.decline_withdrawal)."""
        return await self._store.at_desk(
            lambda desk: withdrawals.decline_withdrawal(desk, batch_id, by, reason)
        )

    async def read_results(self, content: bytes, by: int = SYSTEM) -> ResultReport | FileRefused:
        """Read an answer of the bank, pain.002 or camt.054, and do what is clear in it.

        The same answer again changes nothing. What is unknown or contradicts the books is in the report and
        changes nothing.

        Args:
            content: the file's bytes.
            by: who hands it in; 0 for a channel to the bank.

        Refuses: FileRefused; then nothing was read.
        """
        try:
            message = answer(content)
        except DocumentRefused as refused:
            return refused.refused
        sha256 = hashlib.sha256(content).hexdigest()
        return await self._store.at_desk(lambda desk: answers.carry_out(desk, message, sha256, by))

    async def read_movements(self, by: int = SYSTEM) -> ResultReport:
        """Take debits of statements, which bank files have brought, for the answers that they are.

        Repeat it whenever a file was taken; it looks only at payouts that wait for an answer.
        """
        return await self._store.at_desk(lambda desk: answers.carry_out_movements(desk, by))

    async def take_back(
        self, payout_id: int, receipt_id: str, by: int, reason_code: str = "", reason: str = ""
    ) -> Acted | PayoutRefusal:
        """Join a paid payout with the receipt by which it came back (see answers.take_back)."""
        return await self._store.at_desk(
            lambda desk: answers.take_back(desk, payout_id, receipt_id, by, reason_code, reason)
        )
