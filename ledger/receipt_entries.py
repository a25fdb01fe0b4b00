"""Who entered receipts by hand, and when.

Here belongs the record of persons. Not here: booking (receipts, deposits), files of banks, which keep their own.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from ledger.postgres import Desk, PostgresLedgerStore

ADD: Final = """
INSERT INTO ledger.receipt_entry (receipt_id, entered_by, entered_at_us)
SELECT entered.receipt_id, $2, $3
  FROM unnest($1::text[]) WITH ORDINALITY AS entered (receipt_id, place) ORDER BY entered.place
"""
LIST: Final = """
SELECT entry, receipt_id, entered_by, entered_at_us FROM ledger.receipt_entry
 WHERE ($1::bigint IS NULL OR entry < $1) ORDER BY entry DESC LIMIT $2
"""
PAGE_ENTRIES: Final = 200


class ReceiptEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody handed in a receipt; `entry` numbers these in order, also repeated and refused ones."""

    entry: int
    receipt_id: str
    entered_by: int
    entered_at_us: int


class ReceiptEntries:
    """Keeps who entered which receipt.

    Raises: every method may raise LedgerUnavailable and LedgerStoreError.
    """

    def __init__(self, store: PostgresLedgerStore) -> None:
        self._store = store

    async def record(self, receipt_ids: Sequence[str], by: int) -> None:
        """Write down that somebody hands in receipts; to be done before they are booked."""

        async def work(desk: Desk) -> None:
            await desk.connection.execute(ADD, list(receipt_ids), by, desk.now_us)

        await self._store.at_desk(work)

    async def entries(self, before: int | None = None, limit: int = PAGE_ENTRIES) -> list[ReceiptEntry]:
        """Return a page of entries, the latest first.

        Args:
            before: only entries with a smaller number.
            limit: at most so many.
        """
        async with self._store.snapshot() as connection:
            rows = await connection.fetch(LIST, before, limit)
        return [ReceiptEntry(**row) for row in rows]
