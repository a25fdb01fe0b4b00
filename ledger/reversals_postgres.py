"""Reversals in PostgreSQL, beside the ledger and in its transactions.

Here belongs the SQL of reversals, and rows to structs and back. Not here: what may be reversed (reversals).
"""

from typing import Any, Final
from uuid import UUID

from msgspec.structs import replace

from ledger.reversal_records import Original, Reversal
from ledger.transfers import Kind, Purpose, Transfer, TransferFlags

POSTING: Final = """
SELECT id, kind, debit, credit, amount, currency, purpose, pending_id, flags, event_at_us, reference, memo,
    EXISTS (SELECT FROM ledger.transfer ending WHERE ending.pending_id = transfer.id) AS has_ended,
    EXISTS (
        SELECT FROM ledger.reversal_decision decision WHERE decision.transfer_id = transfer.id AND is_confirmed
    ) AS is_reversed,
    ledger.has_left_suspense(transfer.id) AS has_left_suspense
FROM ledger.transfer WHERE id = $1
"""
REVERSALS: Final = """
SELECT proposal.*, decision.is_confirmed, decision.reason AS decision_reason, decision.decided_by,
    decision.decided_at_us, decision.posting_id
FROM ledger.reversal_proposal proposal LEFT JOIN ledger.reversal_decision decision USING (proposal_id)
"""
REVERSAL: Final = f"{REVERSALS} WHERE proposal_id = $1"
REVERSALS_LISTED: Final = f"""{REVERSALS}
WHERE ($1::boolean IS NULL OR (decided_by IS NULL) = $1) AND proposal_id > $2 ORDER BY proposal_id LIMIT $3
"""
OPEN_PROPOSAL: Final = f"{REVERSALS} WHERE proposal.transfer_id = $1 AND decided_by IS NULL"
NEXT_PROPOSAL_ID: Final = "SELECT coalesce(max(proposal_id), 0) + 1 FROM ledger.reversal_proposal"
ADD_PROPOSAL: Final = """
INSERT INTO ledger.reversal_proposal (proposal_id, transfer_id, reason, proposed_by, proposed_at_us)
VALUES ($1, $2, $3, $4, $5)
"""
DECIDE: Final = """
INSERT INTO ledger.reversal_decision (
    proposal_id, transfer_id, is_confirmed, reason, decided_by, decided_at_us, posting_id
) VALUES ($1, $2, $3, $4, $5, $6, $7)
"""

Row = Any  # asyncpg.Record; the driver has no types
Connection = Any


async def posting(connection: Connection, transfer_id: UUID) -> Original | None:
    """Return a recorded transfer and what has become of it."""
    row = await connection.fetchrow(POSTING, transfer_id)
    if row is None:
        return None
    fields = dict(row)
    known = {name: fields.pop(name) for name in ("has_ended", "is_reversed", "has_left_suspense")}
    fields["id"] = _uuid(fields["id"])
    fields["pending_id"] = None if fields["pending_id"] is None else _uuid(fields["pending_id"])
    fields["kind"] = Kind(fields["kind"])
    fields["purpose"] = Purpose(fields["purpose"])
    fields["flags"] = TransferFlags(fields["flags"])
    return Original(transfer=Transfer(**fields), **known)


async def proposal(connection: Connection, proposal_id: int) -> Reversal | None:
    """Return a proposal by its number."""
    row = await connection.fetchrow(REVERSAL, proposal_id)
    return None if row is None else _reversal(row)


async def open_proposal_of(connection: Connection, transfer_id: UUID) -> Reversal | None:
    """Return the proposal of a posting that waits for a second person."""
    row = await connection.fetchrow(OPEN_PROPOSAL, transfer_id)
    return None if row is None else _reversal(row)


async def reversals(connection: Connection, is_open: bool | None, after: int, limit: int) -> list[Reversal]:
    """Return a page of proposals in order of number."""
    return [_reversal(row) for row in await connection.fetch(REVERSALS_LISTED, is_open, after, limit)]


async def add_proposal(
    connection: Connection, transfer_id: UUID, reason: str, by: int, at_us: int
) -> Reversal:
    """Write what somebody wants undone; the chain's head, which is held, orders the numbers."""
    wanted = Reversal(
        proposal_id=await connection.fetchval(NEXT_PROPOSAL_ID),
        transfer_id=transfer_id,
        reason=reason,
        proposed_by=by,
        proposed_at_us=at_us,
    )
    await connection.execute(ADD_PROPOSAL, wanted.proposal_id, transfer_id, reason, by, at_us)
    return wanted


async def decide(
    connection: Connection,
    wanted: Reversal,
    *,
    is_confirmed: bool,
    by: int,
    at_us: int,
    reason: str = "",
    posting_id: UUID | None = None,
) -> Reversal:
    """Write what the second person said, and return the proposal as it stands."""
    await connection.execute(
        DECIDE, wanted.proposal_id, wanted.transfer_id, is_confirmed, reason, by, at_us, posting_id
    )
    return replace(
        wanted,
        is_confirmed=is_confirmed,
        decision_reason=reason,
        decided_by=by,
        decided_at_us=at_us,
        posting_id=posting_id,
    )


def _reversal(row: Row) -> Reversal:
    return Reversal(
        proposal_id=row["proposal_id"],
        transfer_id=_uuid(row["transfer_id"]),
        reason=row["reason"],
        proposed_by=row["proposed_by"],
        proposed_at_us=row["proposed_at_us"],
        is_confirmed=row["is_confirmed"],
        decision_reason=row["decision_reason"] or "",
        decided_by=row["decided_by"],
        decided_at_us=row["decided_at_us"],
        posting_id=None if row["posting_id"] is None else _uuid(row["posting_id"]),
    )


def _uuid(value: UUID) -> UUID:
    """Return the standard library's UUID for the driver's own subclass of it."""
    return UUID(int=value.int)
