"""The ledger in PostgreSQL: the truth of both deployments.

Here belongs the adapter: SQL, rows to structs and back, and the driver's errors turned into ours.
Not here: what is allowed (rules), and making the pool (composition root).

A write locks the one row of `ledger.head` first, so writers come one after the other and each decides on
what the one before it left; a batch is then written by a single statement, whatever its size.
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
from ledger.rules import Books, Decision, account_after, accounts_named, decide, ids_named
from ledger.store import (
    Cursor,
    DraftRefused,
    LedgerReader,
    LedgerStoreError,
    LedgerUnavailable,
    Plan,
    PostResult,
)
from ledger.transfers import Entry, Kind, Posting, Purpose, Side, Transfer, TransferFlags

ATTEMPTS_MAX: Final = 8
PAUSE_MS: Final = 5
PAGE_ROWS: Final = 1000

LOCK_HEAD: Final = """
SELECT sequence, hash, recorded_at_us, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now_us
FROM ledger.head FOR UPDATE
"""

OPEN_ACCOUNTS: Final = """
INSERT INTO ledger.account (code, currency, flags)
SELECT * FROM unnest($1::text[], $2::text[], $3::smallint[]) ON CONFLICT (code) DO NOTHING
"""

TRANSFER_COLUMNS: Final = """
t.sequence, t.id, t.kind, t.debit, t.credit, t.amount, t.currency, t.purpose, t.pending_id, t.flags,
t.event_at_us, t.reference, t.memo, t.recorded_at_us, t.hash
"""

NAMED_TRANSFERS: Final = f"""
SELECT {TRANSFER_COLUMNS}, ending.kind AS ending
FROM ledger.transfer t LEFT JOIN ledger.transfer ending ON ending.pending_id = t.id
WHERE t.id = any($1::uuid[])
"""

FAILED_IDS: Final = "SELECT id FROM ledger.refused_transfer WHERE id = any($1::uuid[])"

NAMED_ACCOUNTS: Final = "SELECT * FROM ledger.account WHERE code = any($1::text[]) ORDER BY code FOR UPDATE"

RECORD: Final = """
WITH new_transfer AS (
    INSERT INTO ledger.transfer (
        sequence, id, kind, debit, credit, amount, currency, purpose, pending_id, flags,
        event_at_us, reference, memo, recorded_at_us, hash
    )
    SELECT * FROM unnest(
        $1::bigint[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[],
        $9::uuid[], $10::smallint[], $11::bigint[], $12::text[], $13::text[], $14::bigint[], $15::bytea[]
    )
), new_entry AS (
    INSERT INTO ledger.entry (
        sequence, side, account, account_version, currency, pending_change, posted_change,
        debits_pending, debits_posted, credits_pending, credits_posted, recorded_at_us
    )
    SELECT * FROM unnest(
        $16::bigint[], $17::text[], $18::text[], $19::bigint[], $20::text[], $21::bigint[], $22::bigint[],
        $23::bigint[], $24::bigint[], $25::bigint[], $26::bigint[], $27::bigint[]
    )
), changed_account AS (
    UPDATE ledger.account SET
        is_closed = new.is_closed, debits_pending = new.debits_pending, debits_posted = new.debits_posted,
        credits_pending = new.credits_pending, credits_posted = new.credits_posted, version = new.version
    FROM unnest(
        $28::text[], $29::boolean[], $30::bigint[], $31::bigint[], $32::bigint[], $33::bigint[], $34::bigint[]
    ) AS new (code, is_closed, debits_pending, debits_posted, credits_pending, credits_posted, version)
    WHERE account.code = new.code
)
UPDATE ledger.head SET sequence = $35, hash = $36, recorded_at_us = $37
"""

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
    hold_id, opened_at_us
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""

ADD_RECEIPT: Final = """
INSERT INTO ledger.receipt (
    receipt_id, reference, amount, currency, payer_name, received_at_us, status, reason, lot_id, bidder_id,
    transfer_id
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""

ADD_SETTLEMENT: Final = """
INSERT INTO ledger.settlement (
    lot_id, source_sequence, winner_bidder_id, price, currency, settled_at_us
) VALUES ($1, $2, $3, $4, $5, $6)
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
    (
        SELECT max(receipt.received_at_us) FROM ledger.receipt
        WHERE receipt.lot_id = deposit.lot_id AND receipt.bidder_id = deposit.bidder_id
            AND receipt.status = 'credited'
    ) AS received_at_us
FROM ledger.deposit
JOIN ledger.account ON account.code = deposit.account
JOIN ledger.account refund ON refund.code = deposit.refund_account
LEFT JOIN ledger.transfer hold ON hold.id = deposit.hold_id
LEFT JOIN ledger.transfer ending ON ending.pending_id = deposit.hold_id
LEFT JOIN ledger.settlement ON settlement.lot_id = deposit.lot_id
"""

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
LAST_ENTRY: Final = """
SELECT * FROM ledger.entry WHERE account = $1 AND recorded_at_us <= $2
ORDER BY account_version DESC LIMIT 1
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
            decision = await _decided(connection, batch, new_accounts, head, now_us)
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

        async def write(connection: Connection) -> Answer:
            head, now_us = await _locked_head(connection)
            draft = plan(await _view(connection, scope))
            decision = await _decided(connection, draft.transfers, draft.accounts, head, now_us)
            if not decision.is_accepted:
                raise DraftRefused(decision.outcomes)
            await _record(connection, decision, now_us)
            await _write_records(connection, draft)
            await _move(connection, cursor)
            return draft.answer

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
        with _translated():
            async with (
                self._pool.acquire() as connection,
                connection.transaction(isolation="repeatable_read", readonly=True),
            ):
                yield _PostgresReader(connection)

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
) -> Decision:
    await _open_accounts(connection, new_accounts)
    ids = list(ids_named(batch))
    rows = await connection.fetch(NAMED_TRANSFERS, ids) if ids else []
    postings = {row["id"]: _posting(row) for row in rows}
    failed = {row["id"] for row in await connection.fetch(FAILED_IDS, ids)} if ids else set()
    codes = accounts_named(batch, postings.values()) | {account.code for account in new_accounts}
    accounts = {row["code"]: _account(row) for row in await connection.fetch(NAMED_ACCOUNTS, list(codes))}
    for account in new_accounts:
        check_same_definition(accounts[account.code], account)
    endings = {row["id"]: Kind(row["ending"]) for row in rows if row["ending"] is not None}
    return decide(batch, Books(accounts, postings, endings, failed, head), now_us)


async def _open_accounts(connection: Connection, accounts: Sequence[Account]) -> None:
    if accounts:
        in_order = sorted(accounts, key=lambda account: account.code)
        rows = [(account.code, account.currency, int(account.flags)) for account in in_order]
        await connection.execute(OPEN_ACCOUNTS, *_columns(rows))


async def _record(connection: Connection, decision: Decision, now_us: int) -> None:
    if decision.postings:
        await connection.execute(
            RECORD,
            *_columns(_transfer_row(posting) for posting in decision.postings),
            *_columns(_entry_row(entry) for entry in decision.entries),
            *_columns(_account_row(account) for account in decision.accounts.values()),
            decision.head.sequence,
            decision.head.hash,
            decision.head.recorded_at_us,
        )
    if decision.failed:
        rows = [(id, int(refusal)) for id, refusal in decision.failed.items()]
        await connection.execute(REMEMBER_FAILED, *_columns(rows), now_us)


async def _write_records(connection: Connection, draft: Draft[Answer]) -> None:
    if draft.deposit is not None:
        await connection.execute(ADD_DEPOSIT, *_deposit_row(draft.deposit))
    if draft.receipt is not None:
        await connection.execute(ADD_RECEIPT, *_receipt_row(draft.receipt))
    if draft.settlement is not None:
        await connection.execute(ADD_SETTLEMENT, *_settlement_row(draft.settlement))


async def _move(connection: Connection, cursor: Cursor | None) -> None:
    if cursor is not None:
        await connection.execute(MOVE_CURSOR, cursor.name, cursor.position)


def _columns(rows: Iterable[Sequence[object]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _transfer_row(posting: Posting) -> Sequence[object]:
    transfer = posting.transfer
    assert transfer.purpose is not None
    return (
        posting.sequence,
        transfer.id,
        transfer.kind.value,
        transfer.debit,
        transfer.credit,
        transfer.amount,
        transfer.currency,
        transfer.purpose.value,
        transfer.pending_id,
        int(transfer.flags),
        transfer.event_at_us,
        transfer.reference,
        transfer.memo,
        posting.recorded_at_us,
        posting.hash,
    )


def _entry_row(entry: Entry) -> Sequence[object]:
    return (
        entry.sequence,
        entry.side.value,
        entry.account,
        entry.account_version,
        entry.currency,
        entry.pending_change,
        entry.posted_change,
        entry.debits_pending,
        entry.debits_posted,
        entry.credits_pending,
        entry.credits_posted,
        entry.recorded_at_us,
    )


def _account_row(account: Account) -> Sequence[object]:
    return (
        account.code,
        account.is_closed,
        account.debits_pending,
        account.debits_posted,
        account.credits_pending,
        account.credits_posted,
        account.version,
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
    )


def _receipt_row(record: ReceiptRecord) -> Sequence[object]:
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
    )


def _settlement_row(settlement: SettlementRecord) -> Sequence[object]:
    return (
        settlement.lot_id,
        settlement.source_sequence,
        settlement.winner_bidder_id,
        settlement.price,
        settlement.currency,
        settlement.settled_at_us,
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
        ),
        status=ReceiptStatus(row["status"]),
        reason=None if row["reason"] is None else SuspenseReason(row["reason"]),
        lot_id=row["lot_id"],
        bidder_id=row["bidder_id"],
        transfer_id=_uuid(row["transfer_id"]),
    )
