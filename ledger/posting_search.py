"""Finding a posting that is to be undone, and what that would make of the two accounts.

Here belong the search and the look ahead. Not here: undoing (reversals), reports of postings (exports).
"""

from datetime import date
from typing import Any, Final
from uuid import UUID

import msgspec

from ledger import reversals_postgres
from ledger.accounting_days import TIME_ZONE, day_begins_us, day_ends_us
from ledger.accounts import Account, AccountCode
from ledger.postgres import PostgresLedgerStore, reader_on
from ledger.reversals import ReversalRefusal, reversal_refusal
from ledger.transfers import Kind, Purpose
from ledger.units import Amount, Currency

FOUND_MAX: Final = 50

SEARCH: Final = """
SELECT id, sequence, kind, purpose, debit, credit, amount, currency, reference, memo, event_at_us, recorded_at_us
FROM ledger.transfer
WHERE kind IN ('posted', 'post', 'pending') AND amount > 0
    AND recorded_at_us >= $1 AND recorded_at_us < $2
    AND ($3::bigint IS NULL OR debit ~ ('lot-' || $3 || '(:|$)') OR credit ~ ('lot-' || $3 || '(:|$)'))
    AND (
        ($4 = '' AND $5::bigint IS NULL)
        OR amount = $5
        OR $4 <> '' AND (
            strpos(lower(memo), $4) > 0 OR strpos(lower(reference), $4) > 0
            OR strpos(reference, replace($4, ' ', '')) > 0
            OR (debit, currency) IN (SELECT code, currency FROM paid)
            OR (credit, currency) IN (SELECT code, currency FROM paid)
        )
    )
ORDER BY sequence DESC LIMIT $6
"""
PAID: Final = """
WITH paid AS (
    SELECT 'liabilities:deposit:lot-' || lot_id || ':bidder-' || bidder_id AS code, currency
    FROM ledger.deposit
    WHERE $4 <> '' AND (strpos(lower(payer_name), $4) > 0 OR reference = replace($4, ' ', ''))
)
"""
FOUND: Final = PAID + SEARCH
END_OF_TIME_US: Final = 2**63 - 1

Connection = Any  # asyncpg's; the driver has no types


class FoundPosting(msgspec.Struct, frozen=True, kw_only=True):
    """A posting as a person recognises it; amounts in minor units, times in microseconds since the Unix epoch."""

    transfer_id: UUID
    sequence: int
    kind: Kind
    purpose: Purpose
    debit: AccountCode
    credit: AccountCode
    amount: Amount
    currency: Currency
    reference: str
    memo: str
    event_at_us: int
    recorded_at_us: int


class AccountAfter(msgspec.Struct, frozen=True, kw_only=True):
    """What undoing makes of an account: its posted balance, as debits less credits, before and after.

    `is_enough` is False where the money has gone on, so that undoing would be refused.
    """

    code: AccountCode
    currency: Currency
    before: Amount
    after: Amount
    is_enough: bool


class ReversalPreview(msgspec.Struct, frozen=True, kw_only=True):
    """A posting, why it cannot be undone at all (None when it can), and its accounts before and after."""

    posting: FoundPosting
    refusal: ReversalRefusal | None
    accounts: tuple[AccountAfter, ...]


class PostingSearch:
    """Reads postings for people; changes nothing.

    Args:
        store: the ledger in PostgreSQL.

    Raises: every method may raise LedgerUnavailable (repeat it) and LedgerStoreError.
    """

    def __init__(self, store: PostgresLedgerStore) -> None:
        self._store = store

    async def find(
        self,
        words: str = "",
        amount: Amount | None = None,
        lot_id: int | None = None,
        day: date | None = None,
    ) -> list[FoundPosting]:
        """Return at most FOUND_MAX postings that moved or promised something, the latest first.

        Args:
            words: in the payer's name, the memo or the reference; blanks within a reference do not count.
            amount: minor units; a posting matches by this or by the words.
            lot_id: whose accounts are touched.
            day: on which they were recorded.
        """
        since_us, until_us = (0, END_OF_TIME_US) if day is None else _span(day)
        sought = " ".join(words.lower().split())
        async with self._store.snapshot() as connection:
            rows = await connection.fetch(FOUND, since_us, until_us, lot_id, sought, amount, FOUND_MAX)
        return [_found(dict(row)) for row in rows]

    async def preview(self, transfer_id: UUID) -> ReversalPreview | None:
        """Return what undoing a posting would do now; None when there is no such posting."""
        async with self._store.snapshot() as connection:
            original = await reversals_postgres.posting(connection, transfer_id)
            row = await connection.fetchrow("SELECT * FROM ledger.transfer WHERE id = $1", transfer_id)
            if original is None or row is None:
                return None
            found = _found(dict(row))
            reader = reader_on(connection)
            debit, credit = await reader.account(found.debit), await reader.account(found.credit)
        assert debit is not None and credit is not None, "a posting has both accounts"
        moved = 0 if found.kind is Kind.PENDING else found.amount
        return ReversalPreview(
            posting=found,
            refusal=reversal_refusal(original),
            accounts=(
                _after(debit, -moved, is_enough=not debit.would_credits_exceed_debits(moved)),
                _after(credit, moved, is_enough=not credit.would_debits_exceed_credits(moved)),
            ),
        )


def _after(account: Account, change: Amount, *, is_enough: bool) -> AccountAfter:
    return AccountAfter(
        code=account.code,
        currency=account.currency,
        before=account.balance,
        after=account.balance + change,
        is_enough=is_enough or change == 0,
    )


def _span(day: date) -> tuple[int, int]:
    return day_begins_us(day, TIME_ZONE), day_ends_us(day, TIME_ZONE)


def _found(fields: dict[str, Any]) -> FoundPosting:
    return FoundPosting(
        transfer_id=UUID(int=fields["id"].int),
        kind=Kind(fields["kind"]),
        purpose=Purpose(fields["purpose"]),
        **{
            name: fields[name]
            for name in FoundPosting.__struct_fields__
            if name not in ("transfer_id", "kind", "purpose")
        },
    )
