"""Payouts in PostgreSQL, beside the ledger and in its transactions.

Here belongs the SQL of payouts, and rows to structs and back; and how dates are written, which needs a calendar.
Not here: what is allowed (rules) and what is done when (the acts).
"""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final
from uuid import UUID

import msgspec

from ledger.accounts import Account, AccountCode, AccountFlags
from ledger.payouts.records import (
    Batch,
    PayingAccount,
    Payout,
    PayoutEvent,
    PayoutKind,
    PayoutState,
    PayoutWanted,
    RefundDue,
    ResultReport,
    Withdrawal,
)

PAYOUTS: Final = """
SELECT payout.*, state.step, state.state, state.payee_account, state.payee_bank, state.account_entered_by,
    state.approved_by, state.batch_id, state.reason_code, state.reason, state.changed_at_us
FROM ledger.payout JOIN ledger.payout_state state USING (payout_id)
"""
PAYOUTS_BY_ID: Final = f"{PAYOUTS} WHERE payout_id = any($1::bigint[]) ORDER BY payout_id"
PAYOUTS_LISTED: Final = f"""{PAYOUTS}
WHERE ($1::text IS NULL OR state.state = $1) AND ($2::bigint IS NULL OR payout.lot_id = $2)
    AND ($3::bigint IS NULL OR payout.bidder_id = $3) AND ($4::bigint IS NULL OR state.batch_id = $4)
    AND payout_id > $5
    AND ($7::boolean IS NULL OR $7 = (state.state IN ('proposed', 'approved', 'batched', 'sent')))
ORDER BY payout_id LIMIT $6
"""
LATEST_PAYOUTS: Final = f"""{PAYOUTS}
WHERE $1::boolean IS NULL OR $1 = (state.state IN ('proposed', 'approved', 'batched', 'sent'))
ORDER BY payout_id DESC LIMIT $2
"""
PAYOUTS_TO_BATCH: Final = f"""{PAYOUTS}
WHERE state.state = 'approved' AND payout.currency = $1 ORDER BY payout_id LIMIT $2
"""
PAYOUTS_OF_BATCHES: Final = f"{PAYOUTS} WHERE state.batch_id = any($1::bigint[]) ORDER BY payout_id"
PAYOUT_OF_CAUSE: Final = f"{PAYOUTS} WHERE payout.cause = $1 ORDER BY payout_id DESC LIMIT 1"
LAST_PAYOUTS: Final = f"""{PAYOUTS}
WHERE payout_id IN (
    SELECT max(payout_id) FROM ledger.payout WHERE source_account = any($1::text[]) GROUP BY source_account
)
"""
EVENTS: Final = "SELECT * FROM ledger.payout_event WHERE payout_id = $1 ORDER BY step"
NEXT_PAYOUT_ID: Final = "SELECT coalesce(max(payout_id), 0) + 1 FROM ledger.payout"
NEXT_BATCH_ID: Final = "SELECT coalesce(max(batch_id), 0) + 1 FROM ledger.payout_batch"

ADD_PAYOUT: Final = """
INSERT INTO ledger.payout (
    payout_id, kind, source_account, amount, currency, payee_name, lot_id, bidder_id, receipt_id, cause,
    due_at_us, previous_id, proposed_by, proposed_at_us
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
"""
ADD_EVENTS: Final = """
INSERT INTO ledger.payout_event (
    payout_id, step, state, acted_by, at_us, payee_account, payee_bank, batch_id, reason_code, reason, source,
    transfer_id
)
SELECT * FROM unnest(
    $1::bigint[], $2::integer[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::bigint[],
    $9::text[], $10::text[], $11::text[], $12::uuid[]
)
"""

# what is owed back and spoken for by nobody, with the deposit that it comes from
REFUNDS_DUE: Final = """
SELECT account.code, account.currency, deposit.lot_id, deposit.bidder_id, deposit.payer_name,
    account.credits_posted - account.debits_posted - account.debits_pending AS amount,
    settlement.settled_at_us
FROM ledger.deposit
JOIN ledger.account ON account.code = deposit.refund_account
LEFT JOIN ledger.settlement ON settlement.lot_id = deposit.lot_id
WHERE account.credits_posted - account.debits_posted - account.debits_pending > 0 AND NOT account.is_closed
    AND ($1::bigint IS NULL OR deposit.lot_id = $1) AND ($2::text IS NULL OR account.code = $2)
ORDER BY deposit.lot_id, deposit.bidder_id
"""
# where a deposit came from: what was credited to it, and what was assigned to it out of suspense
PAYER_ACCOUNTS: Final = """
SELECT DISTINCT deposit.refund_account,
    coalesce(receipt.payer_account, '') AS number, coalesce(receipt.payer_bank, '') AS bank
FROM ledger.deposit JOIN ledger.receipt USING (lot_id, bidder_id)
WHERE deposit.refund_account = any($1::text[]) AND receipt.status = 'credited'
UNION
SELECT deposit.refund_account, coalesce(receipt.payer_account, ''), coalesce(receipt.payer_bank, '')
FROM ledger.deposit
JOIN ledger.suspense_act act ON (act.lot_id, act.bidder_id) = (deposit.lot_id, deposit.bidder_id)
JOIN ledger.receipt ON receipt.receipt_id = act.receipt_id
WHERE deposit.refund_account = any($1::text[]) AND act.act = 'assigned'
"""
# debits that bank files have brought and that name a payout which waits for them
DEBITS_OF_SENT: Final = """
SELECT movement.movement_id, movement.line, movement.amount, movement.currency, movement.end_to_end_id,
    movement.booked_at_us
FROM ledger.bank_movement movement
JOIN ledger.payout_state state ON state.payout_id = movement.payout_id
WHERE state.state = 'sent' AND movement.outcome = 'debit' AND movement.is_booked AND NOT movement.is_reversal
ORDER BY movement.movement_id LIMIT $1
"""
SUSPENSE_RECEIPT: Final = """
SELECT amount, currency FROM ledger.receipt WHERE receipt_id = $1 AND status = 'suspense'
"""
# of a payout whose money is not owed again; as in the index payout_has_own_cause
IS_LIVE: Final = "state NOT IN ('declined', 'cancelled', 'rejected', 'returned')"
CAUSE_IS_TAKEN: Final = f"""
SELECT EXISTS (SELECT FROM ledger.payout_event WHERE source = $1 AND state = 'returned')
    OR EXISTS (SELECT FROM ledger.suspense_worked_off WHERE 'receipt:' || receipt_id = $1)
    OR EXISTS (SELECT FROM ledger.payout_state WHERE cause = $1 AND {IS_LIVE})
"""
ACCOUNTS: Final = "SELECT * FROM ledger.account WHERE code = any($1::text[]) ORDER BY code"

PAYING_ACCOUNTS: Final = (
    "SELECT * FROM ledger.paying_account WHERE $1::text IS NULL OR name = $1 ORDER BY name"
)
ADD_PAYING_ACCOUNT: Final = """
INSERT INTO ledger.paying_account (
    name, account, currency, holder, number, bank, utc_offset_minutes, registered_by, registered_at_us
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""

BATCHES: Final = """
SELECT batch.batch_id, paid_from, currency, version, message_id, payouts, total, sha256, made_by, made_at_us,
    sent_by, sent_at_us, withdrawal.proposal_id, withdrawal.reason, withdrawal.proposed_by, withdrawal.proposed_at_us,
    withdrawal.decided_by, withdrawal.decided_at_us
FROM ledger.payout_batch batch LEFT JOIN ledger.payout_batch_sent USING (batch_id)
LEFT JOIN (
    SELECT wanted.*, decided_by, decided_at_us
    FROM ledger.payout_withdrawal wanted LEFT JOIN ledger.payout_withdrawal_decision decision USING (proposal_id)
    WHERE is_confirmed IS DISTINCT FROM false
) withdrawal USING (batch_id)
"""
BATCHES_LISTED: Final = (
    f"SELECT * FROM ({BATCHES} WHERE $1::boolean IS NULL OR (sent_at_us IS NOT NULL) = $1"
    " ORDER BY batch_id DESC LIMIT $2) latest ORDER BY batch_id"
)
BATCH: Final = f"{BATCHES} WHERE batch.batch_id = $1"
BATCHES_NAMED: Final = f"{BATCHES} WHERE message_id = any($1::text[]) OR batch.batch_id = any($2::bigint[])"
BATCH_CONTENT: Final = "SELECT file FROM ledger.payout_batch WHERE batch_id = $1"
ADD_BATCH: Final = """
INSERT INTO ledger.payout_batch (
    batch_id, paid_from, currency, version, message_id, payouts, total, file, sha256, made_by, made_at_us
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
ADD_BATCH_SENT: Final = """
INSERT INTO ledger.payout_batch_sent (batch_id, sent_by, sent_at_us) VALUES ($1, $2, $3)
"""
ADD_WITHDRAWAL: Final = """
INSERT INTO ledger.payout_withdrawal (proposal_id, batch_id, reason, proposed_by, proposed_at_us)
SELECT coalesce(max(proposal_id), 0) + 1, $1, $2, $3, $4 FROM ledger.payout_withdrawal
"""
DECIDE_WITHDRAWAL: Final = """
INSERT INTO ledger.payout_withdrawal_decision (
    proposal_id, batch_id, is_confirmed, reason, decided_by, decided_at_us
) VALUES ($1, $2, $3, $4, $5, $6)
"""
ADD_DOWNLOAD: Final = """
INSERT INTO ledger.payout_batch_download (batch_id, taken_by, taken_at_us) VALUES ($1, $2, $3)
"""
WAS_READ: Final = "SELECT EXISTS (SELECT FROM ledger.payout_result_reading WHERE sha256 = $1)"
ADD_READING: Final = """
INSERT INTO ledger.payout_result_reading (sha256, message_name, message_id, report, read_by, read_at_us)
VALUES ($1, $2, $3, $4, $5, $6)
"""

# each row is a promise that does not hold; there are none in a sound ledger
DISCREPANCIES: Final = """
SELECT 'payout ' || payout_id || ': its state is not that of its last event' AS fault
FROM ledger.payout_state state JOIN ledger.payout_event event USING (payout_id)
WHERE event.step = (SELECT max(step) FROM ledger.payout_event last WHERE last.payout_id = state.payout_id)
    AND (event.step, event.state) <> (state.step, state.state)
UNION ALL
SELECT 'payout ' || payout_id || ': a posting of another amount or currency stands behind step ' || step
FROM ledger.payout_event event
JOIN ledger.payout USING (payout_id)
JOIN ledger.transfer ON transfer.id = event.transfer_id
WHERE (transfer.currency, transfer.amount) <> (payout.currency, payout.amount)
UNION ALL
SELECT 'in transit, ' || coalesce(account.currency, own.currency) || ': ' || coalesce(credits_posted - debits_posted, 0)
    || ' and ' || coalesce(credits_pending, 0) || ' reserved are in the ledger, payouts make it '
    || coalesce(own.sent, 0) || ' and ' || coalesce(own.reserved, 0)
FROM (SELECT * FROM ledger.account WHERE starts_with(code, 'liabilities:payout-in-transit:')) account
FULL JOIN (
    SELECT currency, sum(amount) FILTER (WHERE state = 'sent') AS sent,
        sum(amount) FILTER (WHERE state IN ('proposed', 'approved', 'batched')) AS reserved
    FROM ledger.payout JOIN ledger.payout_state USING (payout_id) GROUP BY currency
) own USING (currency)
WHERE coalesce(credits_posted - debits_posted, 0) <> coalesce(own.sent, 0)
    OR coalesce(credits_pending, 0) <> coalesce(own.reserved, 0)
UNION ALL
SELECT 'batch ' || batch_id || ': its payouts are not those of its file'
FROM ledger.payout_batch batch
JOIN (
    SELECT batch_id, count(*) AS payouts, sum(amount) AS total
    FROM ledger.payout_state JOIN ledger.payout USING (payout_id) WHERE batch_id IS NOT NULL GROUP BY batch_id
) own USING (batch_id)
WHERE (own.payouts, own.total) <> (batch.payouts, batch.total) OR sha256(batch.file) <> batch.sha256
"""

Row = Any  # asyncpg.Record; the driver has no types
Connection = Any


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """An event that is to be written: what a payout becomes, by whom, and the posting that goes with it."""

    payout_id: int
    step: int
    state: PayoutState
    by: int
    payee_account: str = ""
    payee_bank: str = ""
    batch_id: int | None = None
    reason_code: str = ""
    reason: str = ""
    source: str = ""
    transfer_id: UUID | None = None


class Debit(msgspec.Struct, frozen=True, kw_only=True):
    """A booked debit of a statement; `amount` in minor units, positive."""

    movement_id: int
    line: int
    amount: int
    currency: str
    end_to_end_id: str
    booked_at_us: int


# Writing


async def add_payout(
    connection: Connection, payout_id: int, wanted: PayoutWanted, previous_id: int | None, by: int, at_us: int
) -> None:
    """Write what is to be paid."""
    await connection.execute(
        ADD_PAYOUT,
        payout_id,
        wanted.kind.value,
        wanted.source_account,
        wanted.amount,
        wanted.currency,
        wanted.payee_name,
        wanted.lot_id,
        wanted.bidder_id,
        wanted.receipt_id,
        wanted.cause,
        wanted.due_at_us,
        previous_id,
        by,
        at_us,
    )


async def add_steps(connection: Connection, steps: Sequence[Step], at_us: int) -> None:
    """Write events; the state of each payout follows them."""
    if steps:
        rows = [_step_row(step, at_us) for step in steps]
        await connection.execute(ADD_EVENTS, *(list(column) for column in zip(*rows, strict=True)))


def _step_row(step: Step, at_us: int) -> Sequence[object]:
    return (
        step.payout_id,
        step.step,
        step.state.value,
        step.by,
        at_us,
        step.payee_account,
        step.payee_bank,
        step.batch_id,
        step.reason_code,
        step.reason,
        step.source,
        step.transfer_id,
    )


async def add_paying_account(connection: Connection, paying: PayingAccount, by: int, at_us: int) -> None:
    """Write an account to pay from."""
    await connection.execute(
        ADD_PAYING_ACCOUNT,
        paying.name,
        paying.account,
        paying.currency,
        paying.holder,
        paying.number,
        paying.bank,
        paying.utc_offset_minutes,
        by,
        at_us,
    )


async def add_batch(connection: Connection, batch: Batch, content: bytes) -> None:
    """Write a batch with its file."""
    await connection.execute(
        ADD_BATCH,
        batch.batch_id,
        batch.paid_from,
        batch.currency,
        batch.version,
        batch.message_id,
        batch.payouts,
        batch.total,
        content,
        bytes.fromhex(batch.sha256),
        batch.made_by,
        batch.made_at_us,
    )


async def add_batch_sent(connection: Connection, batch_id: int, by: int, at_us: int) -> None:
    """Write that a batch went to the bank."""
    await connection.execute(ADD_BATCH_SENT, batch_id, by, at_us)


async def add_withdrawal(connection: Connection, batch_id: int, reason: str, by: int, at_us: int) -> None:
    """Write that somebody wants a batch withdrawn; the chain's head, which is held, orders the numbers."""
    await connection.execute(ADD_WITHDRAWAL, batch_id, reason, by, at_us)


async def decide_withdrawal(
    connection: Connection, batch: Batch, by: int, at_us: int, *, is_confirmed: bool, reason: str = ""
) -> None:
    """Write what the second person says of the open proposal of a batch."""
    assert batch.withdrawal is not None, "there is a proposal to decide on"
    await connection.execute(
        DECIDE_WITHDRAWAL, batch.withdrawal.proposal_id, batch.batch_id, is_confirmed, reason, by, at_us
    )


async def add_download(connection: Connection, batch_id: int, by: int, at_us: int) -> None:
    """Write who took a batch's file."""
    await connection.execute(ADD_DOWNLOAD, batch_id, by, at_us)


async def add_reading(connection: Connection, report: ResultReport, by: int, at_us: int) -> None:
    """Write that an answer of the bank was read, and what came of it."""
    lines = msgspec.json.encode(report.lines).decode()
    sha256 = bytes.fromhex(report.sha256)
    await connection.execute(ADD_READING, sha256, report.message_name, report.message_id, lines, by, at_us)


# Reading


async def next_payout_id(connection: Connection) -> int:
    """Return the number of the next payout; the chain's head, which is held, keeps it from being given twice."""
    number: int = await connection.fetchval(NEXT_PAYOUT_ID)
    return number


async def next_batch_id(connection: Connection) -> int:
    """Return the number of the next batch, under the same lock."""
    number: int = await connection.fetchval(NEXT_BATCH_ID)
    return number


async def payouts_by_id(connection: Connection, payout_ids: Collection[int]) -> dict[int, Payout]:
    """Return payouts by their ids; those that are not there are left out."""
    rows = await connection.fetch(PAYOUTS_BY_ID, list(payout_ids))
    return {row["payout_id"]: _payout(row) for row in rows}


async def payouts_listed(
    connection: Connection,
    state: PayoutState | None,
    lot_id: int | None,
    bidder_id: int | None,
    batch_id: int | None,
    after: int,
    limit: int,
    is_under_way: bool | None = None,
) -> list[Payout]:
    """Return a page of payouts in order of id; those that have not ended, or those that have, when asked."""
    named = None if state is None else state.value
    values = (named, lot_id, bidder_id, batch_id, after, limit, is_under_way)
    return [_payout(row) for row in await connection.fetch(PAYOUTS_LISTED, *values)]


async def latest_payouts(connection: Connection, is_under_way: bool | None, limit: int) -> list[Payout]:
    """Return the latest payouts, the latest first; those that have not ended, or those that have, when asked."""
    return [_payout(row) for row in await connection.fetch(LATEST_PAYOUTS, is_under_way, limit)]


async def payouts_to_batch(connection: Connection, currency: str, limit: int) -> list[Payout]:
    """Return approved payouts of a currency, the oldest first."""
    return [_payout(row) for row in await connection.fetch(PAYOUTS_TO_BATCH, currency, limit)]


async def payouts_of_batches(connection: Connection, batch_ids: Collection[int]) -> dict[int, Payout]:
    """Return all payouts of batches, by id."""
    rows = await connection.fetch(PAYOUTS_OF_BATCHES, list(batch_ids))
    return {row["payout_id"]: _payout(row) for row in rows}


async def payout_of_cause(connection: Connection, cause: str) -> Payout | None:
    """Return the last payout of a cause."""
    row = await connection.fetchrow(PAYOUT_OF_CAUSE, cause)
    return None if row is None else _payout(row)


async def last_payouts(connection: Connection, sources: Collection[AccountCode]) -> dict[AccountCode, Payout]:
    """Return the last payout out of each account that has one."""
    rows = await connection.fetch(LAST_PAYOUTS, list(sources))
    return {row["source_account"]: _payout(row) for row in rows}


async def events(connection: Connection, payout_id: int) -> list[PayoutEvent]:
    """Return the events of a payout in order."""
    return [_event(row) for row in await connection.fetch(EVENTS, payout_id)]


async def refunds_due(
    connection: Connection, lot_id: int | None = None, source: AccountCode | None = None
) -> list[tuple[RefundDue, int | None]]:
    """Return what is owed back and spoken for by nobody, each with when its lot was settled."""
    rows = await connection.fetch(REFUNDS_DUE, lot_id, source)
    last = await last_payouts(connection, [row["code"] for row in rows]) if rows else {}
    return [(_refund_due(row, last.get(row["code"])), row["settled_at_us"]) for row in rows]


async def payer_accounts(
    connection: Connection, sources: Collection[AccountCode]
) -> dict[AccountCode, set[tuple[str, str]]]:
    """Return the accounts and banks that each deposit was paid from; empty texts where it is not known."""
    found: dict[AccountCode, set[tuple[str, str]]] = {}
    for row in await connection.fetch(PAYER_ACCOUNTS, list(sources)):
        found.setdefault(row["refund_account"], set()).add((row["number"], row["bank"]))
    return found


async def suspense_receipt(connection: Connection, receipt_id: str) -> tuple[int, str] | None:
    """Return amount and currency of a receipt that went to suspense."""
    row = await connection.fetchrow(SUSPENSE_RECEIPT, receipt_id)
    return None if row is None else (row["amount"], row["currency"])


async def is_cause_taken(connection: Connection, cause: str) -> bool:
    """Tell whether a receipt has been returned, is about to be, or was taken back as a returned payout."""
    taken: bool = await connection.fetchval(CAUSE_IS_TAKEN, cause)
    return taken


async def accounts(connection: Connection, codes: Collection[AccountCode]) -> dict[AccountCode, Account]:
    """Return accounts of the ledger by code."""
    return {row["code"]: _account(row) for row in await connection.fetch(ACCOUNTS, list(codes))}


async def paying_accounts(connection: Connection, name: str | None = None) -> list[PayingAccount]:
    """Return the accounts to pay from, or the one of a name."""
    return [_paying_account(row) for row in await connection.fetch(PAYING_ACCOUNTS, name)]


async def batches_listed(connection: Connection, is_sent: bool | None, limit: int | None) -> list[Batch]:
    """Return batches in order of id, those sent or those not when asked; the latest, where there are more."""
    return [_batch(row) for row in await connection.fetch(BATCHES_LISTED, is_sent, limit)]


async def batch_by_id(connection: Connection, batch_id: int) -> Batch | None:
    """Return a batch."""
    row = await connection.fetchrow(BATCH, batch_id)
    return None if row is None else _batch(row)


async def batches_named(
    connection: Connection, message_ids: Collection[str], batch_ids: Collection[int]
) -> dict[str, Batch]:
    """Return batches by message id: those of these message ids and those of these ids."""
    rows = await connection.fetch(BATCHES_NAMED, list(message_ids), list(batch_ids))
    return {row["message_id"]: _batch(row) for row in rows}


async def batch_content(connection: Connection, batch_id: int) -> bytes:
    """Return the bytes of a batch that is there."""
    content: bytes = await connection.fetchval(BATCH_CONTENT, batch_id)
    return content


async def was_read(connection: Connection, sha256: str) -> bool:
    """Tell whether an answer with these bytes was read before."""
    found: bool = await connection.fetchval(WAS_READ, bytes.fromhex(sha256))
    return found


async def debits_of_sent(connection: Connection, limit: int) -> list[Debit]:
    """Return booked debits of statements that name a payout which waits for its answer, the oldest first."""
    return [
        Debit(
            movement_id=row["movement_id"],
            line=row["line"],
            amount=-row["amount"],
            currency=row["currency"],
            end_to_end_id=row["end_to_end_id"],
            booked_at_us=row["booked_at_us"],
        )
        for row in await connection.fetch(DEBITS_OF_SENT, limit)
    ]


async def discrepancies(connection: Connection) -> list[str]:
    """Return every promise that does not hold, in words."""
    return [row["fault"] for row in await connection.fetch(DISCREPANCIES)]


def _payout(row: Row) -> Payout:
    return Payout(
        payout_id=row["payout_id"],
        kind=PayoutKind(row["kind"]),
        state=PayoutState(row["state"]),
        step=row["step"],
        source_account=row["source_account"],
        amount=row["amount"],
        currency=row["currency"],
        payee_name=row["payee_name"],
        payee_account=row["payee_account"],
        payee_bank=row["payee_bank"],
        lot_id=row["lot_id"],
        bidder_id=row["bidder_id"],
        receipt_id=row["receipt_id"],
        cause=row["cause"],
        due_at_us=row["due_at_us"],
        previous_id=row["previous_id"],
        proposed_by=row["proposed_by"],
        proposed_at_us=row["proposed_at_us"],
        account_entered_by=row["account_entered_by"],
        approved_by=row["approved_by"],
        batch_id=row["batch_id"],
        reason_code=row["reason_code"],
        reason=row["reason"],
        changed_at_us=row["changed_at_us"],
    )


def _event(row: Row) -> PayoutEvent:
    return PayoutEvent(
        payout_id=row["payout_id"],
        step=row["step"],
        state=PayoutState(row["state"]),
        acted_by=row["acted_by"],
        at_us=row["at_us"],
        payee_account=row["payee_account"],
        payee_bank=row["payee_bank"],
        batch_id=row["batch_id"],
        reason_code=row["reason_code"],
        reason=row["reason"],
        source=row["source"],
    )


def _refund_due(row: Row, last: Payout | None) -> RefundDue:
    return RefundDue(
        source_account=row["code"],
        amount=row["amount"],
        currency=row["currency"],
        lot_id=row["lot_id"],
        bidder_id=row["bidder_id"],
        payee_name=row["payer_name"],
        due_at_us=None,
        last=last,
    )


def _account(row: Row) -> Account:
    return Account(
        code=row["code"],
        currency=row["currency"],
        flags=AccountFlags(row["flags"]),
        is_closed=row["is_closed"],
        debits_pending=row["debits_pending"],
        debits_posted=row["debits_posted"],
        credits_pending=row["credits_pending"],
        credits_posted=row["credits_posted"],
        version=row["version"],
    )


def _paying_account(row: Row) -> PayingAccount:
    return PayingAccount(
        name=row["name"],
        account=row["account"],
        currency=row["currency"],
        holder=row["holder"],
        number=row["number"],
        bank=row["bank"],
        utc_offset_minutes=row["utc_offset_minutes"],
    )


def _batch(row: Row) -> Batch:
    return Batch(
        batch_id=row["batch_id"],
        paid_from=row["paid_from"],
        currency=row["currency"],
        version=row["version"],
        message_id=row["message_id"],
        payouts=row["payouts"],
        total=row["total"],
        sha256=row["sha256"].hex(),
        made_by=row["made_by"],
        made_at_us=row["made_at_us"],
        sent_by=row["sent_by"],
        sent_at_us=row["sent_at_us"],
        withdrawal=None if row["proposal_id"] is None else _withdrawal(row),
    )


def _withdrawal(row: Row) -> Withdrawal:
    return Withdrawal(
        proposal_id=row["proposal_id"],
        reason=row["reason"],
        proposed_by=row["proposed_by"],
        proposed_at_us=row["proposed_at_us"],
        confirmed_by=row["decided_by"],
        confirmed_at_us=row["decided_at_us"],
    )


# Dates


def local_times(at_us: int, utc_offset_minutes: int) -> tuple[str, str]:
    """Return a moment as a message of the bank writes it: date and time with offset, and the date alone."""
    zone = timezone(timedelta(minutes=utc_offset_minutes))
    moment = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)).astimezone(zone)
    return moment.isoformat(timespec="seconds"), moment.date().isoformat()
