"""The port behind which the ledger is kept.

Here belong the promises that every adapter keeps (one contract-test suite runs over all of them).
Not here: SQL and drivers (adapters), rules of double entry (rules), the life of a deposit (deposits).
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol

import msgspec

from ledger.accounts import Account, AccountCode
from ledger.chain import ChainHead
from ledger.records import Answer, DepositPosition, Draft, ReceiptRecord, ReceiptStatus, Scope, View
from ledger.rules import Outcome
from ledger.transfers import Entry, Posting, Transfer

HISTORY_ROWS: Final = 100
"""Entries on a page of an account's history, if not told otherwise."""


class LedgerUnavailable(Exception):
    """The store cannot be reached; whether the last call was recorded is unknown, so repeat it."""


class LedgerStoreError(Exception):
    """The store refused what the rules accepted: a broken promise, nothing was recorded."""


class PeriodClosed(LedgerStoreError):
    """Something is to be recorded in an accounting day that is closed; nothing was recorded."""


class DraftRefused(Exception):
    """A plan's transfers were refused by the rules; nothing was recorded."""

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        refused = [f"{o.transfer_id}: {o.refusal.name}" for o in outcomes if o.refusal is not None]
        super().__init__("; ".join(refused))
        self.outcomes = tuple(outcomes)


class Cursor(msgspec.Struct, frozen=True):
    """How far a reader of another log has come; `name` is the reader, `position` the last record done."""

    name: str
    position: int


class PostResult(msgspec.Struct, frozen=True):
    """The answer to a batch: an outcome for each transfer in order, and the chain's head after it."""

    outcomes: tuple[Outcome, ...]
    head: ChainHead

    @property
    def is_accepted(self) -> bool:
        """Tell whether every transfer was accepted."""
        return all(outcome.refusal is None for outcome in self.outcomes)


Plan = Callable[[View], Draft[Answer]]
"""A pure function from what is there to what is to be written; it may be called more than once."""


class LedgerReader(Protocol):
    """The ledger at one moment: everything read through one reader belongs together.

    Ordering is as named at each method; the iterators stream and hold no more than a page in memory.
    """

    async def head(self) -> ChainHead:
        """Return the last link of the chain."""

    async def account(self, code: AccountCode) -> Account | None:
        """Return an account with its totals now."""

    async def balance(self, code: AccountCode, at_us: int) -> Account | None:
        """Return an account with its totals as recorded up to and including a moment.

        Args:
            code: the account; None is answered when there is none of that code.
            at_us: microseconds since the Unix epoch, on the ledger's clock (`recorded_at_us`).
        """

    async def history(
        self, code: AccountCode, after_version: int = 0, limit: int = HISTORY_ROWS
    ) -> tuple[Entry, ...]:
        """Return a page of an account's history: each change with the totals and the version after it.

        Args:
            code: the account; a page of an account that is not there is empty.
            after_version: version of the last entry of the page before; 0 for the first page.
            limit: how many entries at most; fewer only at the end of the history.
        """

    def accounts(self, prefix: str = "") -> AsyncIterator[Account]:
        """Stream the accounts whose code begins with a prefix, in order of code."""

    def postings(self, after_sequence: int = 0) -> AsyncIterator[Posting]:
        """Stream the postings behind a position, in order of sequence."""

    def entries(self, account: AccountCode | None = None) -> AsyncIterator[Entry]:
        """Stream entries in order of posting, debit first; of one account, when given, by its version."""

    def positions(
        self, lot_id: int | None = None, bidder_id: int | None = None
    ) -> AsyncIterator[DepositPosition]:
        """Stream the deposits, of one lot or bidder when given, in order of lot and bidder."""

    def receipts(self, status: ReceiptStatus | None = None) -> AsyncIterator[ReceiptRecord]:
        """Stream the bank receipts in the order in which they were booked."""


class LedgerStore(Protocol):
    """Keeps the ledger.

    Ordering: writes are serialised; each sees all that was recorded before it.
    Durability: when a write returns, it is on disk; what a reader sees has been committed.
    Idempotency: transfers are known by id (see `ledger.rules`), so any write can be repeated.
    Cancellation: a cancelled write has been recorded in full or not at all; repeat it to know which.
    Several processes may write at once.
    """

    async def post(
        self,
        batch: Sequence[Transfer],
        *,
        new_accounts: Sequence[Account] = (),
        cursor: Cursor | None = None,
    ) -> PostResult:
        """Record a batch, the accounts that it opens and the move of a cursor, in one transaction.

        Args:
            batch: transfers in order; may be empty, to open accounts or move the cursor only.
            new_accounts: opened if they are not there yet.
            cursor: moved forward to its position, never back. With a cursor the batch is one set: if a
                transfer is refused, nothing at all is recorded and the cursor stays.

        Refuses: any LedgerRefusal, per transfer; without a cursor, a refusal for a passing reason is
            remembered for that id.
        Raises: AccountConflict, LedgerUnavailable, LedgerStoreError; then nothing was recorded, except
            that after LedgerUnavailable it is unknown.
        """

    async def post_planned(self, scope: Scope, plan: Plan[Answer], *, cursor: Cursor | None = None) -> Answer:
        """Let a plan decide on the present state and record what it drafts, in one transaction.

        Nothing can change between what the plan sees and what is recorded. All or nothing.

        Args:
            scope: what the plan wants to see.
            plan: pure; called again if the transaction has to be repeated.
            cursor: moved forward with it.

        Raises: DraftRefused when the rules refuse a transfer of the draft; AccountConflict,
            LedgerUnavailable, LedgerStoreError as `post`; whatever the plan raises.
        """

    async def expire_due(self) -> int:
        """Record the expiry of every hold whose time has run out, and return how many those were.

        Every write of transfers does this first, so nobody can rely on a hold that has run out; a sweep now and
        then gives the money back where nobody writes.

        Raises: LedgerUnavailable, LedgerStoreError.
        """

    async def cursor(self, name: str) -> int:
        """Return the position of a cursor, 0 when it never moved."""

    def reading(self) -> AbstractAsyncContextManager[LedgerReader]:
        """Open a reader on the ledger as it is now.

        Raises: LedgerUnavailable.
        """
