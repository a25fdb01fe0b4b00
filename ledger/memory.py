"""The ledger in memory: the same promises without a disk, for tests and for trying things out.

Here belongs the adapter that keeps everything in dictionaries; a write never awaits, so it is atomic.
Not here: durability.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import islice
from uuid import UUID

from msgspec.structs import replace

from ledger.accounts import Account, AccountCode, check_same_definition
from ledger.chain import ChainHead
from ledger.records import (
    Answer,
    Deposit,
    DepositPosition,
    Draft,
    Hold,
    ReceiptRecord,
    ReceiptStatus,
    Scope,
    SettlementRecord,
    View,
)
from ledger.rules import (
    Books,
    Decision,
    LedgerRefusal,
    account_after,
    accounts_named,
    decide,
    expires_at_us,
    ids_named,
)
from ledger.store import HISTORY_ROWS, Cursor, DraftRefused, LedgerReader, LedgerStoreError, Plan, PostResult
from ledger.transfers import Entry, Kind, Posting, Transfer


class MemoryLedgerStore:
    """Keeps the ledger of one process in memory (see LedgerStore for the promises)."""

    def __init__(self, now_us: Callable[[], int]) -> None:
        self._now_us = now_us
        self._accounts: dict[AccountCode, Account] = {}
        self._postings: dict[UUID, Posting] = {}
        self._endings: dict[UUID, Posting] = {}
        self._entries: list[Entry] = []
        self._failed: dict[UUID, LedgerRefusal] = {}
        self._cursors: dict[str, int] = {}
        self._deposits: dict[tuple[int, int], Deposit] = {}
        self._receipts: dict[str, ReceiptRecord] = {}
        self._settlements: dict[int, SettlementRecord] = {}
        self._timed: set[UUID] = set()
        self._head = ChainHead()

    async def post(
        self,
        batch: Sequence[Transfer],
        *,
        new_accounts: Sequence[Account] = (),
        cursor: Cursor | None = None,
    ) -> PostResult:
        """Record a batch (see LedgerStore.post)."""
        accounts = self._with_new(new_accounts)
        decision = self._decided(batch, accounts)
        if cursor is not None and not decision.is_accepted:
            return PostResult(decision.outcomes, self._head)
        self._accounts = accounts
        self._write(decision)
        self._move(cursor)
        return PostResult(decision.outcomes, self._head)

    async def post_planned(self, scope: Scope, plan: Plan[Answer], *, cursor: Cursor | None = None) -> Answer:
        """Record what a plan drafts (see LedgerStore.post_planned)."""
        draft = plan(self._view(scope))
        accounts = self._with_new(draft.accounts)
        decision = self._decided(draft.transfers, accounts)
        if not decision.is_accepted:
            raise DraftRefused(decision.outcomes)
        self._check_new(draft)
        self._accounts = accounts
        self._write(decision)
        self._write_records(draft)
        self._move(cursor)
        return draft.answer

    async def expire_due(self) -> int:
        """Give back what has run out (see LedgerStore.expire_due)."""
        decision = self._decided((), self._accounts)
        self._write(decision)
        return len(decision.postings)

    async def cursor(self, name: str) -> int:
        """Return the position of a cursor (see LedgerStore.cursor)."""
        return self._cursors.get(name, 0)

    def reading(self) -> AbstractAsyncContextManager[LedgerReader]:
        """Open a reader (see LedgerStore.reading)."""
        return self._reading()

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[LedgerReader]:
        positions = [self._position(record) for _, record in sorted(self._deposits.items())]
        yield _MemoryReader(
            self._head,
            dict(self._accounts),
            list(self._postings.values()),
            list(self._entries),
            positions,
            list(self._receipts.values()),
        )

    def _with_new(self, new_accounts: Sequence[Account]) -> dict[AccountCode, Account]:
        accounts = dict(self._accounts)
        for account in new_accounts:
            check_same_definition(accounts.setdefault(account.code, account), account)
        return accounts

    def _decided(self, batch: Sequence[Transfer], accounts: dict[AccountCode, Account]) -> Decision:
        ids = ids_named(batch)
        now_us = self._now_us()
        due = self._due(now_us)
        postings = {id: self._postings[id] for id in ids if id in self._postings}
        named = accounts_named(batch, [*postings.values(), *due])
        books = Books(
            {code: accounts[code] for code in named if code in accounts},
            postings,
            {id: self._endings[id].transfer.kind for id in ids if id in self._endings},
            {id for id in ids if id in self._failed},
            self._head,
            due,
        )
        return decide(batch, books, now_us)

    def _due(self, now_us: int) -> tuple[Posting, ...]:
        at_us = max(now_us, self._head.recorded_at_us)
        due = [self._postings[id] for id in self._timed if expires_at_us(self._postings[id]) <= at_us]
        return tuple(sorted(due, key=lambda pending: (expires_at_us(pending), pending.sequence)))

    def _write(self, decision: Decision) -> None:
        self._accounts.update(decision.accounts)
        for posting in decision.postings:
            self._postings[posting.transfer.id] = posting
            if posting.transfer.timeout_us:
                self._timed.add(posting.transfer.id)
            if posting.transfer.pending_id is not None:
                self._endings[posting.transfer.pending_id] = posting
                self._timed.discard(posting.transfer.pending_id)
        self._entries.extend(decision.entries)
        self._failed.update(decision.failed)
        self._head = decision.head

    def _check_new(self, draft: Draft[Answer]) -> None:
        deposit = draft.deposit
        if deposit is not None:
            is_taken = any(known.reference == deposit.reference for known in self._deposits.values())
            if is_taken or (deposit.lot_id, deposit.bidder_id) in self._deposits:
                raise LedgerStoreError(f"deposit {deposit.reference} exists")
        if draft.receipt is not None and draft.receipt.receipt.receipt_id in self._receipts:
            raise LedgerStoreError(f"receipt {draft.receipt.receipt.receipt_id} exists")
        if draft.settlement is not None and draft.settlement.lot_id in self._settlements:
            raise LedgerStoreError(f"settlement of lot {draft.settlement.lot_id} exists")

    def _write_records(self, draft: Draft[Answer]) -> None:
        if draft.deposit is not None:
            self._deposits[draft.deposit.lot_id, draft.deposit.bidder_id] = draft.deposit
        if draft.receipt is not None:
            self._receipts[draft.receipt.receipt.receipt_id] = draft.receipt
        if draft.settlement is not None:
            self._settlements[draft.settlement.lot_id] = draft.settlement

    def _move(self, cursor: Cursor | None) -> None:
        if cursor is not None:
            self._cursors[cursor.name] = max(self._cursors.get(cursor.name, 0), cursor.position)

    def _view(self, scope: Scope) -> View:
        positions = tuple(
            self._position(record)
            for _, record in sorted(self._deposits.items())
            if _is_in_scope(record, scope)
        )
        lot_id = positions[0].record.lot_id if positions and scope.lot_id is None else scope.lot_id
        return View(
            positions=positions,
            settlement=None if lot_id is None else self._settlements.get(lot_id),
            receipt=None if scope.receipt_id is None else self._receipts.get(scope.receipt_id),
        )

    def _position(self, record: Deposit) -> DepositPosition:
        owner = (record.lot_id, record.bidder_id)
        dates = [
            known.receipt.received_at_us
            for known in self._receipts.values()
            if known.status is ReceiptStatus.CREDITED and (known.lot_id, known.bidder_id) == owner
        ]
        return DepositPosition(
            record=record,
            deposit=self._accounts[record.account],
            refund=self._accounts[record.refund_account],
            hold=self._hold(record.hold_id),
            settlement=self._settlements.get(record.lot_id),
            received_at_us=max(dates, default=None),
        )

    def _hold(self, hold_id: UUID) -> Hold | None:
        posting = self._postings.get(hold_id)
        if posting is None:
            return None
        hold = Hold(amount=posting.transfer.amount, held_at_us=posting.transfer.event_at_us)
        ending = self._endings.get(hold_id)
        if ending is None:
            return hold
        kind, event_at_us = ending.transfer.kind, ending.transfer.event_at_us
        ended_amount = ending.transfer.amount if kind is Kind.POST else 0
        return replace(hold, ending=kind, ended_amount=ended_amount, ended_at_us=event_at_us)


class _MemoryReader:
    """A copy of the ledger at the moment of reading."""

    def __init__(
        self,
        head: ChainHead,
        accounts: dict[AccountCode, Account],
        postings: list[Posting],
        entries: list[Entry],
        positions: list[DepositPosition],
        receipts: list[ReceiptRecord],
    ) -> None:
        self._head = head
        self._accounts = accounts
        self._postings = postings
        self._entries = entries
        self._positions = positions
        self._receipts = receipts

    async def head(self) -> ChainHead:
        return self._head

    async def account(self, code: AccountCode) -> Account | None:
        return self._accounts.get(code)

    async def balance(self, code: AccountCode, at_us: int) -> Account | None:
        account = self._accounts.get(code)
        if account is None:
            return None
        past = [e for e in self._entries if e.account == code and e.recorded_at_us <= at_us]
        return account_after(account, past[-1] if past else None)

    async def history(
        self, code: AccountCode, after_version: int = 0, limit: int = HISTORY_ROWS
    ) -> tuple[Entry, ...]:
        entries = (e for e in self._entries if e.account == code and e.account_version > after_version)
        return tuple(islice(entries, limit))

    async def accounts(self, prefix: str = "") -> AsyncIterator[Account]:
        for code in sorted(self._accounts):
            if code.startswith(prefix):
                yield self._accounts[code]

    async def postings(self, after_sequence: int = 0) -> AsyncIterator[Posting]:
        for posting in self._postings[after_sequence:]:
            yield posting

    async def entries(self, account: AccountCode | None = None) -> AsyncIterator[Entry]:
        for entry in self._entries:
            if account in (None, entry.account):
                yield entry

    async def positions(
        self, lot_id: int | None = None, bidder_id: int | None = None
    ) -> AsyncIterator[DepositPosition]:
        for position in self._positions:
            if lot_id in (None, position.record.lot_id) and bidder_id in (None, position.record.bidder_id):
                yield position

    async def receipts(self, status: ReceiptStatus | None = None) -> AsyncIterator[ReceiptRecord]:
        for receipt in self._receipts:
            if status in (None, receipt.status):
                yield receipt


def _is_in_scope(record: Deposit, scope: Scope) -> bool:
    is_of_lot = scope.lot_id == record.lot_id and scope.bidder_id in (None, record.bidder_id)
    return is_of_lot or scope.reference == record.reference
