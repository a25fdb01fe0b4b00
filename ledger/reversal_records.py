"""A posting that somebody wants undone, and what a second person said.

Here belong the shapes only. Not here: undoing (reversals).
"""

from uuid import UUID

import msgspec

from ledger.transfers import Transfer


class Reversal(msgspec.Struct, frozen=True, kw_only=True):
    """One proposal; `is_confirmed` is None while it waits, `posting_id` the opposite once it is posted."""

    proposal_id: int
    transfer_id: UUID
    reason: str
    proposed_by: int
    proposed_at_us: int
    is_confirmed: bool | None = None
    decision_reason: str = ""
    decided_by: int | None = None
    decided_at_us: int | None = None
    posting_id: UUID | None = None


class Original(msgspec.Struct, frozen=True, kw_only=True):
    """A recorded transfer that is to be reversed: whether it was pending and has ended, or was reversed before.

    `has_left_suspense` says that it brought money to suspense which has been assigned, returned or split since.
    """

    transfer: Transfer
    has_ended: bool
    is_reversed: bool
    has_left_suspense: bool
