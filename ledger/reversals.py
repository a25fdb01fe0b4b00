"""Corrections: a posting is undone by its exact opposite, by two persons, once; nothing is ever changed.

Here belong the service and the pure decision. The opposite is booked on an open day, whatever day the original has.
Not here: SQL (reversals_postgres), stopping or taking back payouts (payouts), ending holds of deposits (settlement).
"""

from enum import StrEnum
from uuid import UUID

import msgspec

from ledger import reversals_postgres as rows
from ledger.accounts import AccountCode
from ledger.postgres import Desk, PostgresLedgerStore
from ledger.receipts import is_bookable_text
from ledger.reversal_records import Original, Reversal
from ledger.rules import LedgerRefusal
from ledger.store import DraftRefused
from ledger.transfers import Kind, Purpose, Transfer, TransferFlags, derived_id
from ledger.units import Amount


class ReversalRefusal(StrEnum):
    """Why a posting is not reversed, in order of precedence."""

    REASON_MISSING = "reason_missing"
    REASON_NOT_BOOKABLE = "reason_not_bookable"
    PROPOSAL_UNKNOWN = "proposal_unknown"
    ALREADY_DECIDED = "already_decided"
    POSTING_UNKNOWN = "posting_unknown"
    IS_REVERSAL = "is_reversal"
    MOVED_NOTHING = "moved_nothing"
    HAS_OWN_PROCEDURE = "has_own_procedure"
    HOLD_HAS_ENDED = "hold_has_ended"
    ALREADY_REVERSED = "already_reversed"
    HAS_LEFT_SUSPENSE = "has_left_suspense"
    ALREADY_PROPOSED = "already_proposed"
    SAME_PERSON = "same_person"
    BREAKS_PROMISE = "breaks_promise"


class ReversalRefused(msgspec.Struct, frozen=True, kw_only=True):
    """A posting is not reversed.

    With BREAKS_PROMISE, `ledger_refusal` says which rule, `account` whose promise it is, and `available` how much of
    it could be moved, in minor units: the money has gone on, and what it went on with has to be reversed first.
    """

    refusal: ReversalRefusal
    ledger_refusal: LedgerRefusal | None = None
    account: AccountCode = ""
    available: Amount | None = None


class Reversals:
    """Undoes postings, for several processes at once.

    Args:
        store: the ledger in PostgreSQL.

    Raises: every method may raise LedgerUnavailable (repeat it) and LedgerStoreError.
    """

    def __init__(self, store: PostgresLedgerStore) -> None:
        self._store = store

    async def reverse(self, transfer_id: UUID, by: int, reason: str) -> Reversal | ReversalRefused:
        """Propose to undo a posting, as the first of two persons; nothing moves yet.

        Args:
            transfer_id: of the posting; a hold that is live is to be voided.
            by: who proposes.
            reason: why.

        Refuses: REASON_MISSING, REASON_NOT_BOOKABLE, POSTING_UNKNOWN, IS_REVERSAL, MOVED_NOTHING,
            HAS_OWN_PROCEDURE, HOLD_HAS_ENDED, ALREADY_REVERSED, HAS_LEFT_SUSPENSE, ALREADY_PROPOSED.
        """

        async def work(desk: Desk) -> Reversal | ReversalRefused:
            refusal = _reason_refusal(reason) or await _posting_refusal(desk, transfer_id)
            if refusal is not None:
                return ReversalRefused(refusal=refusal)
            if await rows.open_proposal_of(desk.connection, transfer_id) is not None:
                return ReversalRefused(refusal=ReversalRefusal.ALREADY_PROPOSED)
            return await rows.add_proposal(desk.connection, transfer_id, reason.strip(), by, desk.now_us)

        return await self._store.at_desk(work)

    async def confirm(self, proposal_id: int, by: int) -> Reversal | ReversalRefused:
        """Post the opposite of what another person wants undone.

        Refuses: PROPOSAL_UNKNOWN, ALREADY_DECIDED, POSTING_UNKNOWN, HOLD_HAS_ENDED, ALREADY_REVERSED,
            HAS_LEFT_SUSPENSE, SAME_PERSON, BREAKS_PROMISE. A proposal that breaks a promise stays, and can be
            confirmed when it no longer does.
        """

        async def work(desk: Desk) -> Reversal | ReversalRefused:
            proposal = await rows.proposal(desk.connection, proposal_id)
            refusal = _decision_refusal(proposal)
            if refusal is None and proposal is not None:
                refusal = await _posting_refusal(desk, proposal.transfer_id)
                if refusal is None and proposal.proposed_by == by:
                    refusal = ReversalRefusal.SAME_PERSON
            if refusal is not None or proposal is None:
                return ReversalRefused(refusal=refusal or ReversalRefusal.PROPOSAL_UNKNOWN)
            original = await rows.posting(desk.connection, proposal.transfer_id)
            assert original is not None, "a posting is never deleted"
            opposite = reversal(original.transfer, desk.now_us, proposal.reason)
            await desk.post([opposite])
            return await rows.decide(
                desk.connection, proposal, is_confirmed=True, by=by, at_us=desk.now_us, posting_id=opposite.id
            )

        try:
            return await self._store.at_desk(work)
        except DraftRefused as refused:
            return await self._promise(proposal_id, refused)

    async def decline(self, proposal_id: int, by: int, reason: str) -> Reversal | ReversalRefused:
        """Decline a reversal, with the reason; its proposer may as well. It can be proposed again.

        Refuses: REASON_MISSING, REASON_NOT_BOOKABLE, PROPOSAL_UNKNOWN, ALREADY_DECIDED.
        """

        async def work(desk: Desk) -> Reversal | ReversalRefused:
            proposal = await rows.proposal(desk.connection, proposal_id)
            refusal = _reason_refusal(reason) or _decision_refusal(proposal)
            if refusal is not None or proposal is None:
                return ReversalRefused(refusal=refusal or ReversalRefusal.PROPOSAL_UNKNOWN)
            return await rows.decide(
                desk.connection, proposal, is_confirmed=False, by=by, at_us=desk.now_us, reason=reason.strip()
            )

        return await self._store.at_desk(work)

    async def reversals(
        self, is_open: bool | None = None, after: int = 0, limit: int = 500
    ) -> list[Reversal]:
        """Return a page of reversals in order of number; those that wait, or those that do not, when asked.

        Args:
            is_open: waiting for a second person.
            after: the last number of the page before.
            limit: most reversals of the page.
        """
        async with self._store.snapshot() as connection:
            return await rows.reversals(connection, is_open, after, limit)

    async def _promise(self, proposal_id: int, refused: DraftRefused) -> ReversalRefused:
        """Say whose promise the opposite would break, and how much could be moved."""
        (rule,) = [outcome.refusal for outcome in refused.outcomes if outcome.refusal is not None]
        async with self._store.reading() as reader, self._store.snapshot() as connection:
            proposal = await rows.proposal(connection, proposal_id)
            original = None if proposal is None else await rows.posting(connection, proposal.transfer_id)
            assert original is not None, "a posting is never deleted"
            is_debit = rule in (LedgerRefusal.EXCEEDS_CREDITS, LedgerRefusal.DEBIT_ACCOUNT_CLOSED)
            code = original.transfer.credit if is_debit else original.transfer.debit
            account = await reader.account(code)
        available = None
        if account is not None and rule in (LedgerRefusal.EXCEEDS_CREDITS, LedgerRefusal.EXCEEDS_DEBITS):
            available = account.available_credit if is_debit else account.available_debit
        return ReversalRefused(
            refusal=ReversalRefusal.BREAKS_PROMISE, ledger_refusal=rule, account=code, available=available
        )


def reversal(original: Transfer, at_us: int, reason: str) -> Transfer:
    """Return what undoes a posting: a void of a live hold, else the same amount the other way round.

    Args:
        original: complete, as recorded.
        at_us: when it is undone; the original's own time may lie in a closed day.
        reason: why.
    """
    if original.kind is Kind.PENDING:
        return Transfer(
            id=reversal_id(original.id),
            kind=Kind.VOID,
            pending_id=original.id,
            event_at_us=at_us,
            reference=original.reference,
            memo=reason,
        )
    return Transfer(
        id=reversal_id(original.id),
        debit=original.credit,
        credit=original.debit,
        amount=original.amount,
        currency=original.currency,
        purpose=Purpose.REVERSAL,
        flags=TransferFlags.NONE,
        event_at_us=at_us,
        reference=str(original.id),
        memo=reason,
    )


def reversal_id(transfer_id: UUID) -> UUID:
    """Return the id of what undoes a posting: one for each, for ever."""
    return derived_id("reversal", transfer_id.hex)


def reversal_refusal(original: Original) -> ReversalRefusal | None:
    """Tell why a posting is not to be reversed at all; None when it may be.

    Payouts and holds of deposits have records beside their postings that would no longer agree: a payout is stopped
    or taken back, a hold ends with its lot, and what has left suspense is brought back there first.
    """
    transfer, is_reversed = original.transfer, original.is_reversed
    assert transfer.purpose is not None, "what is recorded is complete"
    is_hold = transfer.kind is Kind.PENDING
    faults = (
        (transfer.purpose is Purpose.REVERSAL, ReversalRefusal.IS_REVERSAL),
        (transfer.kind in (Kind.VOID, Kind.EXPIRE) or transfer.amount == 0, ReversalRefusal.MOVED_NOTHING),
        (transfer.purpose.value.startswith("payout_"), ReversalRefusal.HAS_OWN_PROCEDURE),
        (is_hold and transfer.purpose is Purpose.DEPOSIT_TOWARDS_PRICE, ReversalRefusal.HAS_OWN_PROCEDURE),
        (is_hold and original.has_ended and not is_reversed, ReversalRefusal.HOLD_HAS_ENDED),
        (is_reversed, ReversalRefusal.ALREADY_REVERSED),
        (original.has_left_suspense, ReversalRefusal.HAS_LEFT_SUSPENSE),
    )
    return next((refusal for is_fault, refusal in faults if is_fault), None)


async def _posting_refusal(desk: Desk, transfer_id: UUID) -> ReversalRefusal | None:
    original = await rows.posting(desk.connection, transfer_id)
    if original is None:
        return ReversalRefusal.POSTING_UNKNOWN
    return reversal_refusal(original)


def _decision_refusal(proposal: Reversal | None) -> ReversalRefusal | None:
    if proposal is None:
        return ReversalRefusal.PROPOSAL_UNKNOWN
    return None if proposal.is_confirmed is None else ReversalRefusal.ALREADY_DECIDED


def _reason_refusal(reason: str) -> ReversalRefusal | None:
    if not reason.strip():
        return ReversalRefusal.REASON_MISSING
    return None if is_bookable_text(reason) else ReversalRefusal.REASON_NOT_BOOKABLE
