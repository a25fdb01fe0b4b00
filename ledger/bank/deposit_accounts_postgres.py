"""Changes of the account for deposits in PostgreSQL.

Here belongs their SQL, and rows to structs. Not here: what may be changed by whom (deposit_accounts).
"""

from typing import Any, Final

from ledger.bank.records import DepositAccountChange

CHANGES: Final = """
SELECT proposal.*, decision.is_confirmed, coalesce(decision.reason, '') AS decision_reason, decision.decided_by,
    decision.decided_at_us
FROM ledger.deposit_account_proposal proposal LEFT JOIN ledger.deposit_account_decision decision USING (proposal_id)
"""
ALL_CHANGES: Final = f"{CHANGES} ORDER BY proposal_id"
CHANGE: Final = f"{CHANGES} WHERE proposal_id = $1"
ADD_PROPOSAL: Final = """
INSERT INTO ledger.deposit_account_proposal (proposal_id, currency, slug, reason, proposed_by, proposed_at_us)
VALUES ($1, $2, $3, $4, $5, $6)
"""
ADD_DECISION: Final = """
INSERT INTO ledger.deposit_account_decision (proposal_id, is_confirmed, reason, decided_by, decided_at_us)
VALUES ($1, $2, $3, $4, $5)
"""

Connection = Any  # asyncpg's; the driver has no types


async def changes(connection: Connection) -> list[DepositAccountChange]:
    """Return all changes in order of number; a centre changes its bank a few times in its life."""
    return [DepositAccountChange(**dict(row)) for row in await connection.fetch(ALL_CHANGES)]


async def change(connection: Connection, proposal_id: int) -> DepositAccountChange | None:
    """Return a change by its number."""
    row = await connection.fetchrow(CHANGE, proposal_id)
    return None if row is None else DepositAccountChange(**dict(row))


async def add_proposal(connection: Connection, change: DepositAccountChange) -> None:
    """Write down what somebody wants changed; the chain's head, which is held, orders the numbers."""
    await connection.execute(
        ADD_PROPOSAL,
        change.proposal_id,
        change.currency,
        change.slug,
        change.reason,
        change.proposed_by,
        change.proposed_at_us,
    )


async def add_decision(connection: Connection, change: DepositAccountChange) -> None:
    """Write down what the second person said."""
    await connection.execute(
        ADD_DECISION,
        change.proposal_id,
        change.is_confirmed,
        change.decision_reason,
        change.decided_by,
        change.decided_at_us,
    )
