"""The ledger in PostgreSQL: the truth of both deployments.

Here belongs the adapter: SQL, rows to structs and back, and the driver's errors turned into ours.
Not here: what is allowed (rules), and making the pool (composition root).

A write locks the one row of `ledger.head` first, so writers come one after the other, no two of them ever wait
for each other, and each decides on what the one before it left. A batch of transfers is then written by a single
statement, whatever its size; the entries and the totals of accounts follow from it in the database, which is how
the database repeats what the rules decided (see `sql/migrations/0008_core.sql`).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import Any, Final, TypeVar
from uuid import UUID

import asyncpg

from ledger.accounts import Account, AccountCode, AccountFlags, check_same_definition
from ledger.chain import ChainHead
from ledger.records import (
    Answer,
    BankReceipt,
    Deposit,
    DepositPosition,
    Draft,
    Hold,
    ReceiptRecord,
    ReceiptStatus,
    Scope,
    SettlementRecord,
    SuspenseReason,
    View,
)
from ledger.rules import (
    Books,
    Decision,
    Outcome,
    account_after,
    accounts_named,
    decide,
    expires_at_us,
    ids_named,
)
from ledger.store import (
    HISTORY_ROWS,
    Cursor,
    DraftRefused,
    LedgerReader,
    LedgerStoreError,
    LedgerUnavailable,
    PeriodClosed,
    Plan,
    PostResult,
)
from ledger.transfers import Entry, Kind, Posting, Purpose, Side, Transfer, TransferFlags

ATTEMPTS_MAX: Final = 8
PAUSE_MS: Final = 5
PAGE_ROWS: Final = 1000
KEPT_ACCOUNTS_MAX: Final = 20_000
PERIOD_CLOSED: Final = "LP001"
"""SQLSTATE with which the database refuses to record anything in a closed day."""

# for the rest of the transaction: a plan that was made and kept while a table was small would read the whole of it
# long after it has grown, and everybody would wait
LOCK_HEAD: Final = """
SELECT sequence, hash, recorded_at_us, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now_us,
    set_config('enable_seqscan', 'off', true)
FROM ledger.head FOR UPDATE
"""

OPEN_ACCOUNTS: Final = """
INSERT INTO ledger.account (code, currency, flags)
SELECT * FROM unnest($1::text[], $2::text[], $3::smallint[]) ON CONFLICT (code) DO NOTHING
"""

TRANSFER_COLUMNS: Final = """
t.sequence, t.id, t.kind, t.debit, t.credit, t.amount, t.currency, t.purpose, t.pending_id, t.flags,
t.event_at_us, t.reference, t.memo, t.timeout_us, t.recorded_at_us, t.hash
"""

# $2 is the time of the last posting: whoever made it has expired all that was due by then
NAMED_TRANSFERS: Final = f"""
SELECT {TRANSFER_COLUMNS}, false AS is_due FROM ledger.transfer t WHERE t.id = any($1::uuid[])
UNION ALL
SELECT {TRANSFER_COLUMNS}, true AS is_due FROM ledger.transfer t
WHERE t.timeout_us > 0 AND t.recorded_at_us + t.timeout_us > $2 AND t.recorded_at_us + t.timeout_us <= $3
"""

ENDINGS: Final = "SELECT pending_id, kind FROM ledger.transfer WHERE pending_id = any($1::uuid[])"

FAILED_IDS: Final = "SELECT id FROM ledger.refused_transfer WHERE id = any($1::uuid[])"

NAMED_ACCOUNTS: Final = "SELECT * FROM ledger.account WHERE code = any($1::text[])"

# first of all: nothing may be written beyond the head
MOVE_HEAD: Final = "UPDATE ledger.head SET sequence = $1, hash = $2, recorded_at_us = $3"

NEW_TRANSFER: Final = (
    *("sequence", "id", "kind", "debit", "credit", "amount", "currency", "purpose", "pending_id", "flags"),
    *("event_at_us", "reference", "memo", "timeout_us", "recorded_at_us", "hash"),
)
REMEMBER_FAILED: Final = """
INSERT INTO ledger.refused_transfer (id, refusal, refused_at_us)
SELECT id, refusal, $3 FROM unnest($1::uuid[], $2::smallint[]) AS failed (id, refusal)
"""

MOVE_CURSOR: Final = """
INSERT INTO ledger.cursor (name, position) VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET position = greatest(cursor.position, excluded.position)
"""

CURSOR: Final = "SELECT position FROM ledger.cursor WHERE name = $1"

ADD_DEPOSIT: Final = """
INSERT INTO ledger.deposit (
    lot_id, bidder_id, reference, required, currency, payer_name, account, refund_account, price_account,
    hold_id, opened_at_us, pay_by_us
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
"""

ADD_RECEIPT: Final = """
INSERT INTO ledger.receipt (
    receipt_id, reference, amount, currency, payer_name, received_at_us, status, reason, lot_id, bidder_id,
    transfer_id, payer_account, payer_bank
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""

ADD_SETTLEMENT: Final = """
INSERT INTO ledger.settlement (
    lot_id, source_sequence, winner_bidder_id, price, currency, settled_at_us, defaulted_bidder_ids
) VALUES ($1, $2, $3, $4, $5, $6, $7)
"""

POSITIONS: Final = """
SELECT
    deposit.*,
    account.flags, account.is_closed, account.version,
    account.debits_pending, account.debits_posted, account.credits_pending, account.credits_posted,
    refund.flags AS refund_flags, refund.is_closed AS refund_is_closed, refund.version AS refund_version,
    refund.debits_pending AS refund_debits_pending, refund.debits_posted AS refund_debits_posted,
    refund.credits_pending AS refund_credits_pending, refund.credits_posted AS refund_credits_posted,
    hold.amount AS hold_amount, hold.event_at_us AS held_at_us,
    ending.kind AS ending, ending.amount AS ended_amount, ending.event_at_us AS ended_at_us,
    settlement.source_sequence, settlement.winner_bidder_id, settlement.price,
    settlement.currency AS price_currency, settlement.settled_at_us,
    settlement.defaulted_bidder_ids,
    greatest((
        SELECT max(receipt.received_at_us) FROM ledger.receipt
        WHERE receipt.lot_id = deposit.lot_id AND receipt.bidder_id = deposit.bidder_id
            AND receipt.status = 'credited'
    ), (
        SELECT max(receipt.received_at_us) FROM ledger.suspense_act act JOIN ledger.receipt USING (receipt_id)
        WHERE act.lot_id = deposit.lot_id AND act.bidder_id = deposit.bidder_id AND act.act = 'assigned'
    )) AS received_at_us
FROM ledger.deposit
JOIN ledger.account ON account.code = deposit.account
JOIN ledger.account refund ON refund.code = deposit.refund_account
LEFT JOIN ledger.transfer hold ON hold.id = deposit.hold_id
LEFT JOIN ledger.transfer ending ON ending.pending_id = deposit.hold_id
LEFT JOIN ledger.settlement ON settlement.lot_id = deposit.lot_id
"""

POSITIONS_WITH_REFERENCE: Final = f"{POSITIONS} WHERE deposit.reference = any($1::text[])"

IN_ORDER_OF_BIDDER: Final = " ORDER BY deposit.lot_id, deposit.bidder_id"

SETTLEMENT: Final = "SELECT *, currency AS price_currency FROM ledger.settlement WHERE lot_id = $1"
RECEIPT: Final = "SELECT * FROM ledger.receipt WHERE receipt_id = $1"
RECEIPTS: Final = "SELECT * FROM ledger.receipt WHERE $1::text IS NULL OR status = $1 ORDER BY booked"

HEAD: Final = "SELECT sequence, hash, recorded_at_us FROM ledger.head"
ACCOUNT: Final = "SELECT * FROM ledger.account WHERE code = $1"
ACCOUNTS: Final = "SELECT * FROM ledger.account WHERE starts_with(code, $1) ORDER BY code"
POSTINGS: Final = f"SELECT {TRANSFER_COLUMNS} FROM ledger.transfer t WHERE sequence > $1 ORDER BY sequence"
ENTRIES: Final = "SELECT * FROM ledger.entry ORDER BY sequence, side DESC"
ENTRIES_OF_ACCOUNT: Final = "SELECT * FROM ledger.entry WHERE account = $1 ORDER BY account_version"
HISTORY: Final = """
SELECT * FROM ledger.entry WHERE account = $1 AND account_version > $2 ORDER BY account_version LIMIT $3
"""
LAST_ENTRY: Final = """
SELECT * FROM ledger.entry WHERE account = $1 AND account_version = ledger.version_at($1, $2)
"""

Row = Any  # asyncpg.Record; the driver has no types
Connection = Any
Result = TypeVar("Result")


class PostgresLedgerStore:
    """Keeps the ledger in PostgreSQL (see LedgerStore for the promises).

    Args:
        pool: an asyncpg pool on a migrated database; the caller closes it.
    """

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self._kept = KeptAccounts()

    async def post(
        self,
        batch: Sequence[Transfer],
        *,
        new_accounts: Sequence[Account] = (),
        cursor: Cursor | None = None,
    ) -> PostResult:
        """Record a batch (see LedgerStore.post)."""

        async def write(connection: Connection) -> PostResult:
            head, now_us = await _locked_head(connection)
            if not batch and not new_accounts:
                await _move(connection, cursor)
                return PostResult((), head)
            decision = await _decided(connection, batch, new_accounts, head, now_us, self._kept)
            if cursor is not None and not decision.is_accepted:
                raise _RolledBack(PostResult(decision.outcomes, head))
            await _record(connection, decision, now_us)
            await _move(connection, cursor)
            return PostResult(decision.outcomes, decision.head)

        try:
            return await self._in_transaction(write)
        except _RolledBack as refused:
            return refused.result

    async def post_planned(self, scope: Scope, plan: Plan[Answer], *, cursor: Cursor | None = None) -> Answer:
        """Record what a plan drafts (see LedgerStore.post_planned)."""

        async def work(desk: Desk) -> Answer:
            answer = await desk.plan(scope, plan)
            await _move(desk.connection, cursor)
            return answer

        return await self.at_desk(work)

    async def at_desk(self, work: "Callable[[Desk], Awaitable[Result]]") -> Result:
        """Do a piece of work in one transaction that nobody else's writing can come between.

        For the parts of the ledger that keep records of their own beside the postings (bank files, payouts,
        periods): their rows and their transfers become durable together or not at all.

        Args:
            work: called with the desk; called again on a new one if the transaction has to be repeated.

        Raises: DraftRefused, AccountConflict, LedgerUnavailable, LedgerStoreError; whatever the work raises.
        """

        async def write(connection: Connection) -> Result:
            head, now_us = await _locked_head(connection)
            return await work(Desk(connection, head, now_us, self._kept))

        return await self._in_transaction(write)

    async def expire_due(self) -> int:
        """Give back what has run out (see LedgerStore.expire_due)."""

        async def write(connection: Connection) -> int:
            head, now_us = await _locked_head(connection)
            decision = await _decided(connection, (), (), head, now_us, self._kept)
            await _record(connection, decision, now_us)
            return len(decision.postings)

        return await self._in_transaction(write)

    async def cursor(self, name: str) -> int:
        """Return the position of a cursor (see LedgerStore.cursor)."""
        with _translated():
            return await self._pool.fetchval(CURSOR, name) or 0

    def reading(self) -> AbstractAsyncContextManager[LedgerReader]:
        """Open a reader on one snapshot of the database (see LedgerStore.reading)."""
        return self._reading()

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[LedgerReader]:
        async with self.snapshot() as connection:
            yield _PostgresReader(connection)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Connection]:
        """Open a connection that reads one moment of the database, holds up nobody and cannot write.

        For the parts of the ledger that keep records of their own, as `at_desk` is for their writing.

        Raises: LedgerUnavailable, LedgerStoreError.
        """
        with _translated():
            async with (
                self._pool.acquire() as connection,
                connection.transaction(isolation="repeatable_read", readonly=True),
            ):
                yield connection

    async def _in_transaction(self, write: Callable[[Connection], Awaitable[Result]]) -> Result:
        """Run one transaction; a deadlock or serialization failure rolled it back, so run it again."""
        for attempt in range(1, ATTEMPTS_MAX + 1):
            try:
                with _translated():
                    async with self._pool.acquire() as connection, connection.transaction():
                        return await write(connection)
            except _Collided as collision:
                if attempt == ATTEMPTS_MAX:
                    raise LedgerUnavailable("too many writers collided") from collision
                await asyncio.sleep(attempt * PAUSE_MS / 1000)
        raise AssertionError("unreachable: the last attempt returns or raises")


class Desk:
    """One transaction that holds the end of the chain: read and write beside the ledger, and post.

    `connection` runs SQL in this transaction; `now_us` is the ledger's clock.
    """

    def __init__(
        self, connection: Connection, head: ChainHead, now_us: int, kept: "KeptAccounts | None" = None
    ) -> None:
        self._kept = kept or KeptAccounts()
        self.connection = connection
        self.now_us = now_us
        self._head = head

    async def post(
        self, transfers: Sequence[Transfer], accounts: Sequence[Account] = ()
    ) -> tuple[Outcome, ...]:
        """Open accounts that are not there yet and record transfers, all or nothing.

        Raises: DraftRefused when the rules refuse one: let it end the transaction; AccountConflict.
        """
        decision = await _decided(self.connection, transfers, accounts, self._head, self.now_us, self._kept)
        if not decision.is_accepted:
            raise DraftRefused(decision.outcomes)
        await _record(self.connection, decision, self.now_us)
        self._head = decision.head
        return decision.outcomes

    async def move(self, cursor: Cursor | None) -> None:
        """Move a cursor forward with this transaction; None moves nothing."""
        await _move(self.connection, cursor)

    async def plan(self, scope: Scope, plan: Plan[Answer]) -> Answer:
        """Let a plan decide on what is there and record its draft, as part of this transaction.

        Raises: as `post`; whatever the plan raises.
        """
        draft = plan(await _view(self.connection, scope))
        return await self.write(draft)

    async def write(self, draft: Draft[Answer]) -> Answer:
        """Record a draft that was planned on what this transaction has read.

        Raises: as `post`.
        """
        await self.post(draft.transfers, draft.accounts)
        await _write_records(self.connection, draft)
        return draft.answer


async def positions_with(connection: Connection, references: Sequence[str]) -> list[DepositPosition]:
    """Return the deposits that payment references belong to, for parts that have a connection of their own."""
    return [_position(row) for row in await connection.fetch(POSITIONS_WITH_REFERENCE, references)]


class KeptAccounts:
    """Accounts as they are behind one head of the chain, so that they need not be read for every batch.

    They are right as long as that is the head: only postings change an account, and the head's hash covers all
    postings. Whoever finds another head, because somebody else posted or his own transaction was rolled back,
    begins anew.
    """

    def __init__(self) -> None:
        self._head: ChainHead | None = None
        self._accounts: dict[AccountCode, Account] = {}

    def behind(self, head: ChainHead) -> dict[AccountCode, Account]:
        """Return what is known behind a head, to be added to by whoever reads more."""
        if head != self._head or len(self._accounts) > KEPT_ACCOUNTS_MAX:
            self._head, self._accounts = head, {}
        return self._accounts

    def move(self, decision: Decision) -> None:
        """Take over what a decision makes of the accounts, for the head that it will leave."""
        self._head = decision.head
        self._accounts.update(decision.accounts)


class _RolledBack(Exception):
    """Carries a refused batch out of the transaction that it rolls back."""

    def __init__(self, result: PostResult) -> None:
        super().__init__("a batch with a cursor was refused")
        self.result = result


class _Collided(Exception):
    """The transaction was rolled back because of another one; it can be run again."""


@contextmanager
def _translated() -> Iterator[None]:
    """Turn the driver's errors into the port's."""
    try:
        yield
    except (asyncpg.SerializationError, asyncpg.DeadlockDetectedError) as error:
        raise _Collided(str(error)) from error
    except (
        asyncpg.PostgresConnectionError,
        asyncpg.OperatorInterventionError,
        asyncpg.InsufficientResourcesError,
        asyncpg.InterfaceError,
        asyncpg.InternalClientError,
        OSError,
    ) as error:
        raise LedgerUnavailable(str(error)) from error
    except asyncpg.PostgresError as error:
        if error.sqlstate == PERIOD_CLOSED:
            raise PeriodClosed(str(error)) from error
        raise LedgerStoreError(str(error)) from error


# Writing


async def _locked_head(connection: Connection) -> tuple[ChainHead, int]:
    row = await connection.fetchrow(LOCK_HEAD)
    return _head(row), row["now_us"]


async def _decided(
    connection: Connection,
    batch: Sequence[Transfer],
    new_accounts: Sequence[Account],
    head: ChainHead,
    now_us: int,
    kept: KeptAccounts,
) -> Decision:
    await _open_accounts(connection, new_accounts)
    known = kept.behind(head)
    reading = asyncio.ensure_future(_named(connection, list(ids_named(batch)), head, now_us))
    try:
        hoped = await _hoped(batch, known, head, now_us)
    except BaseException:
        await asyncio.gather(reading, return_exceptions=True)  # the connection is free again only then
        raise
    failed, rows = await reading
    if hoped is None or failed or rows:
        decision = await _decided_on(connection, batch, new_accounts, failed, rows, head, now_us, known)
    else:
        decision = hoped
    kept.move(decision)
    return decision


async def _hoped(
    batch: Sequence[Transfer], known: dict[AccountCode, Account], head: ChainHead, now_us: int
) -> Decision | None:
    """Decide a batch as if all its ids were new, which they nearly always are, while the database looks for them.

    None where an account is not known.
    """
    codes = accounts_named(batch, ())
    if not batch or not codes <= known.keys():
        return None
    await asyncio.sleep(0)  # the question leaves first
    return decide(batch, Books({code: known[code] for code in codes}, {}, {}, set(), head), now_us)


async def _named(
    connection: Connection, ids: list[UUID], head: ChainHead, now_us: int
) -> tuple[set[UUID], list[Row]]:
    """Return which ids were refused before, and the transfers on record that are named or due."""
    failed = {row["id"] for row in await connection.fetch(FAILED_IDS, ids)} if ids else set()
    return failed, await connection.fetch(NAMED_TRANSFERS, ids, head.recorded_at_us, now_us)


async def _decided_on(
    connection: Connection,
    batch: Sequence[Transfer],
    new_accounts: Sequence[Account],
    failed: set[UUID],
    rows: Sequence[Row],
    head: ChainHead,
    now_us: int,
    known: dict[AccountCode, Account],
) -> Decision:
    """Decide a batch on what is on record of it."""
    postings = {row["id"]: _posting(row) for row in rows}
    endings = await _endings(connection, postings.values())
    due = [_posting(row) for row in rows if row["is_due"] and row["id"] not in endings]
    codes = accounts_named(batch, postings.values()) | {account.code for account in new_accounts}
    accounts = await _named_accounts(connection, codes, known)
    for account in new_accounts:
        check_same_definition(accounts[account.code], account)
    due.sort(key=lambda pending: (expires_at_us(pending), pending.sequence))
    return decide(batch, Books(accounts, postings, endings, failed, head, tuple(due)), now_us)


async def _named_accounts(
    connection: Connection, codes: set[AccountCode], known: dict[AccountCode, Account]
) -> dict[AccountCode, Account]:
    """Return the accounts that are there; what has postings is remembered, the others may be rolled back unseen."""
    missing = [code for code in codes if code not in known]
    rows = await connection.fetch(NAMED_ACCOUNTS, missing) if missing else []
    read = {row["code"]: _account(row) for row in rows}
    known.update((code, account) for code, account in read.items() if account.version)
    return read | {code: known[code] for code in codes if code in known}


async def _endings(connection: Connection, postings: Iterable[Posting]) -> dict[UUID, Kind]:
    ids = [posting.transfer.id for posting in postings if posting.transfer.kind is Kind.PENDING]
    rows = await connection.fetch(ENDINGS, ids) if ids else []
    return {_uuid(row["pending_id"]): Kind(row["kind"]) for row in rows}


async def _open_accounts(connection: Connection, accounts: Sequence[Account]) -> None:
    if accounts:
        in_order = sorted(accounts, key=lambda account: account.code)
        rows = [(account.code, account.currency, int(account.flags)) for account in in_order]
        await connection.execute(OPEN_ACCOUNTS, *columns(rows))


async def _record(connection: Connection, decision: Decision, now_us: int) -> None:
    if decision.postings:
        head = decision.head
        await connection.execute(MOVE_HEAD, head.sequence, head.hash, head.recorded_at_us)
        rows = map(_transfer_row, decision.postings)
        await connection.copy_records_to_table(
            "transfer", schema_name="ledger", columns=NEW_TRANSFER, records=rows
        )
    if decision.failed:
        failed = [(id, int(refusal)) for id, refusal in decision.failed.items()]
        await connection.execute(REMEMBER_FAILED, *columns(failed), now_us)


async def _write_records(connection: Connection, draft: Draft[Answer]) -> None:
    if draft.deposit is not None:
        await connection.execute(ADD_DEPOSIT, *_deposit_row(draft.deposit))
    if draft.receipt is not None:
        await connection.execute(ADD_RECEIPT, *receipt_row(draft.receipt))
    if draft.settlement is not None:
        await connection.execute(ADD_SETTLEMENT, *_settlement_row(draft.settlement))


async def _move(connection: Connection, cursor: Cursor | None) -> None:
    if cursor is not None:
        await connection.execute(MOVE_CURSOR, cursor.name, cursor.position)


def columns(rows: Iterable[Sequence[object]]) -> list[list[object]]:
    """Return rows as columns, the way `unnest` takes them."""
    return [list(column) for column in zip(*rows, strict=True)]


def _transfer_row(posting: Posting) -> Sequence[object]:
    transfer = posting.transfer
    assert transfer.purpose is not None
    return (
        posting.sequence,
        transfer.id,
        transfer.kind,
        transfer.debit,
        transfer.credit,
        transfer.amount,
        transfer.currency,
        transfer.purpose,
        transfer.pending_id,
        int(transfer.flags),
        transfer.event_at_us,
        transfer.reference,
        transfer.memo,
        transfer.timeout_us,
        posting.recorded_at_us,
        posting.hash,
    )


def _deposit_row(deposit: Deposit) -> Sequence[object]:
    return (
        deposit.lot_id,
        deposit.bidder_id,
        deposit.reference,
        deposit.required,
        deposit.currency,
        deposit.payer_name,
        deposit.account,
        deposit.refund_account,
        deposit.price_account,
        deposit.hold_id,
        deposit.opened_at_us,
        deposit.pay_by_us,
    )


def receipt_row(record: ReceiptRecord) -> Sequence[object]:
    """Return a receipt in the order of its columns, as `ADD_RECEIPT` names them."""
    receipt = record.receipt
    return (
        receipt.receipt_id,
        receipt.reference,
        receipt.amount,
        receipt.currency,
        receipt.payer_name,
        receipt.received_at_us,
        record.status.value,
        None if record.reason is None else record.reason.value,
        record.lot_id,
        record.bidder_id,
        record.transfer_id,
        receipt.payer_account or None,
        receipt.payer_bank or None,
    )


def _settlement_row(settlement: SettlementRecord) -> Sequence[object]:
    return (
        settlement.lot_id,
        settlement.source_sequence,
        settlement.winner_bidder_id,
        settlement.price,
        settlement.currency,
        settlement.settled_at_us,
        list(settlement.defaulted_bidder_ids),
    )


# Reading


async def _view(connection: Connection, scope: Scope) -> View:
    positions = await _positions_in_scope(connection, scope)
    settlement = positions[0].settlement if positions else None
    if scope.lot_id is not None and settlement is None:
        row = await connection.fetchrow(SETTLEMENT, scope.lot_id)
        settlement = None if row is None else _settlement(row)
    receipt = None
    if scope.receipt_id is not None:
        row = await connection.fetchrow(RECEIPT, scope.receipt_id)
        receipt = None if row is None else _receipt(row)
    return View(positions=positions, settlement=settlement, receipt=receipt)


async def _positions_in_scope(connection: Connection, scope: Scope) -> tuple[DepositPosition, ...]:
    by_owner, values = _owner_condition(scope.lot_id, scope.bidder_id)
    conditions = [by_owner] if by_owner else []
    if scope.reference is not None:
        values.append(scope.reference)
        conditions.append(f"deposit.reference = ${len(values)}")
    if not conditions:
        return ()
    query = f"{POSITIONS} WHERE {' OR '.join(conditions)} {IN_ORDER_OF_BIDDER}"
    return tuple(_position(row) for row in await connection.fetch(query, *values))


def _owner_condition(lot_id: int | None, bidder_id: int | None) -> tuple[str, list[object]]:
    wanted = [("deposit.lot_id", lot_id), ("deposit.bidder_id", bidder_id)]
    given = [(column, value) for column, value in wanted if value is not None]
    conditions = [f"{column} = ${number}" for number, (column, _) in enumerate(given, start=1)]
    return " AND ".join(conditions), [value for _, value in given]


def reader_on(connection: Connection) -> LedgerReader:
    """Return a reader on a snapshot that the caller holds open, beside what else is read from it."""
    return _PostgresReader(connection)


class _PostgresReader:
    """One snapshot of the ledger, read over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def head(self) -> ChainHead:
        return _head(await self._connection.fetchrow(HEAD))

    async def account(self, code: AccountCode) -> Account | None:
        row = await self._connection.fetchrow(ACCOUNT, code)
        return None if row is None else _account(row)

    async def balance(self, code: AccountCode, at_us: int) -> Account | None:
        account = await self.account(code)
        if account is None:
            return None
        row = await self._connection.fetchrow(LAST_ENTRY, code, at_us)
        return account_after(account, None if row is None else _entry(row))

    async def history(
        self, code: AccountCode, after_version: int = 0, limit: int = HISTORY_ROWS
    ) -> tuple[Entry, ...]:
        rows = await self._connection.fetch(HISTORY, code, after_version, limit)
        return tuple(_entry(row) for row in rows)

    async def accounts(self, prefix: str = "") -> AsyncIterator[Account]:
        async for row in self._rows(ACCOUNTS, prefix):
            yield _account(row)

    async def postings(self, after_sequence: int = 0) -> AsyncIterator[Posting]:
        async for row in self._rows(POSTINGS, after_sequence):
            yield _posting(row)

    async def entries(self, account: AccountCode | None = None) -> AsyncIterator[Entry]:
        rows = self._rows(ENTRIES) if account is None else self._rows(ENTRIES_OF_ACCOUNT, account)
        async for row in rows:
            yield _entry(row)

    async def positions(
        self, lot_id: int | None = None, bidder_id: int | None = None
    ) -> AsyncIterator[DepositPosition]:
        condition, values = _owner_condition(lot_id, bidder_id)
        where = f"WHERE {condition}" if condition else ""
        async for row in self._rows(f"{POSITIONS} {where} {IN_ORDER_OF_BIDDER}", *values):
            yield _position(row)

    async def receipts(self, status: ReceiptStatus | None = None) -> AsyncIterator[ReceiptRecord]:
        async for row in self._rows(RECEIPTS, status):
            yield _receipt(row)

    def _rows(self, query: str, *values: object) -> AsyncIterator[Row]:
        rows: AsyncIterator[Row] = aiter(self._connection.cursor(query, *values, prefetch=PAGE_ROWS))
        return rows


def _head(row: Row) -> ChainHead:
    return ChainHead(row["sequence"], row["hash"], row["recorded_at_us"])


def _account(row: Row, code_column: str = "code", prefix: str = "") -> Account:
    return Account(
        code=row[code_column],
        currency=row["currency"],
        flags=AccountFlags(row[prefix + "flags"]),
        is_closed=row[prefix + "is_closed"],
        debits_pending=row[prefix + "debits_pending"],
        debits_posted=row[prefix + "debits_posted"],
        credits_pending=row[prefix + "credits_pending"],
        credits_posted=row[prefix + "credits_posted"],
        version=row[prefix + "version"],
    )


def _posting(row: Row) -> Posting:
    return Posting(
        sequence=row["sequence"],
        transfer=Transfer(
            id=_uuid(row["id"]),
            debit=row["debit"],
            credit=row["credit"],
            amount=row["amount"],
            currency=row["currency"],
            kind=Kind(row["kind"]),
            purpose=Purpose(row["purpose"]),
            pending_id=None if row["pending_id"] is None else _uuid(row["pending_id"]),
            flags=TransferFlags(row["flags"]),
            event_at_us=row["event_at_us"],
            reference=row["reference"],
            memo=row["memo"],
            timeout_us=row["timeout_us"],
        ),
        recorded_at_us=row["recorded_at_us"],
        hash=row["hash"],
    )


def _uuid(value: UUID) -> UUID:
    """Return the standard library's UUID for the driver's own subclass of it."""
    return UUID(int=value.int)


def _entry(row: Row) -> Entry:
    return Entry(
        sequence=row["sequence"],
        side=Side(row["side"]),
        account=row["account"],
        account_version=row["account_version"],
        currency=row["currency"],
        pending_change=row["pending_change"],
        posted_change=row["posted_change"],
        debits_pending=row["debits_pending"],
        debits_posted=row["debits_posted"],
        credits_pending=row["credits_pending"],
        credits_posted=row["credits_posted"],
        recorded_at_us=row["recorded_at_us"],
    )


def _position(row: Row) -> DepositPosition:
    return DepositPosition(
        record=Deposit(
            lot_id=row["lot_id"],
            bidder_id=row["bidder_id"],
            reference=row["reference"],
            required=row["required"],
            currency=row["currency"],
            payer_name=row["payer_name"],
            account=row["account"],
            refund_account=row["refund_account"],
            price_account=row["price_account"],
            hold_id=_uuid(row["hold_id"]),
            opened_at_us=row["opened_at_us"],
            pay_by_us=row["pay_by_us"],
        ),
        deposit=_account(row, "account"),
        refund=_account(row, "refund_account", "refund_"),
        hold=None if row["hold_amount"] is None else _hold(row),
        settlement=None if row["source_sequence"] is None else _settlement(row),
        received_at_us=row["received_at_us"],
    )


def _hold(row: Row) -> Hold:
    ending = None if row["ending"] is None else Kind(row["ending"])
    return Hold(
        amount=row["hold_amount"],
        held_at_us=row["held_at_us"],
        ending=ending,
        ended_amount=row["ended_amount"] if ending is Kind.POST else 0,
        ended_at_us=row["ended_at_us"],
    )


def _settlement(row: Row) -> SettlementRecord:
    return SettlementRecord(
        lot_id=row["lot_id"],
        source_sequence=row["source_sequence"],
        winner_bidder_id=row["winner_bidder_id"],
        price=row["price"],
        currency=row["price_currency"],
        settled_at_us=row["settled_at_us"],
        defaulted_bidder_ids=tuple(row["defaulted_bidder_ids"]),
    )


def _receipt(row: Row) -> ReceiptRecord:
    return ReceiptRecord(
        receipt=BankReceipt(
            receipt_id=row["receipt_id"],
            reference=row["reference"],
            amount=row["amount"],
            currency=row["currency"],
            payer_name=row["payer_name"],
            received_at_us=row["received_at_us"],
            payer_account=row["payer_account"] or "",
            payer_bank=row["payer_bank"] or "",
        ),
        status=ReceiptStatus(row["status"]),
        reason=None if row["reason"] is None else SuspenseReason(row["reason"]),
        lot_id=row["lot_id"],
        bidder_id=row["bidder_id"],
        transfer_id=_uuid(row["transfer_id"]),
    )
