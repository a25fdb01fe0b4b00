"""Journal, snapshots and lease in memory: for unit tests, simulations and rehearsals.

They keep the same promises as the PostgreSQL adapters, except that nothing outlives the process.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable

from exchange.ports import Batch, Fenced, JournalUnavailable, RefusalRow, Snapshot
from exchange.records import JournalRow
from matching.units import LotId, TimeUs


class MemoryLease:
    """A lease that anyone may take over."""

    def __init__(self) -> None:
        self.term = 0
        self.owner = ""
        self.pulsed_at = time.monotonic()

    async def acquire(self, owner: str) -> int:
        """Take over and return the new term."""
        self.term += 1
        self.pulsed_at = time.monotonic()
        self.owner = owner
        return self.term

    async def acquire_quiet(self, owner: str, quiet_ms: int) -> int | None:
        """Take over from a silent holder."""
        quiet = await self.quiet_ms()
        return None if quiet is not None and quiet < quiet_ms else await self.acquire(owner)

    async def renew(self, owner: str) -> int:
        """Return a new term for the owner who holds the shard."""
        if owner != self.owner:
            raise Fenced
        return await self.acquire(owner)

    async def pulse(self, term: int) -> None:
        """Note that the holder lives."""
        if term != self.term:
            raise Fenced
        self.pulsed_at = time.monotonic()

    async def quiet_ms(self) -> int | None:
        """Return how long ago that was."""
        return None if not self.term else int((time.monotonic() - self.pulsed_at) * 1000)


class MemoryJournal:
    """A journal that can be made unavailable, before an append or after it."""

    def __init__(self, lease: MemoryLease) -> None:
        self._lease = lease
        self._epoch = secrets.token_hex(8)
        self.rows: list[JournalRow] = []
        self.refusals: list[RefusalRow] = []
        self.is_available = True
        self.loses_answer_of_next_append = False

    async def append(self, term: int, batch: Batch) -> None:
        """Keep the batch."""
        self._check()
        if term != self._lease.term:
            raise Fenced
        head = len(self.rows)
        assert [row.position for row in batch.rows] == list(range(head + 1, head + 1 + len(batch.rows)))
        self.rows += batch.rows
        self.refusals += batch.refusals
        if self.loses_answer_of_next_append:
            self.loses_answer_of_next_append = False
            raise JournalUnavailable

    async def head(self) -> int:
        """Return the last position."""
        self._check()
        return len(self.rows)

    async def read_from(self, position: int, limit: int) -> list[JournalRow]:
        """Return rows after `position`."""
        self._check()
        return self.rows[position : position + limit]

    async def read_outcomes(self, position: int, limit: int) -> list[JournalRow]:
        """Return rows after `position` that end a lot."""
        self._check()
        return [row for row in self.rows[position:] if row.is_outcome][:limit]

    async def read_lot(self, lot: LotId, after: int, limit: int) -> list[JournalRow]:
        """Return rows of one lot after sequence `after`."""
        self._check()
        return [row for row in self.rows if row.lot == lot and row.sequence > after][:limit]

    async def open_lots(self) -> list[LotId]:
        """Return the lots that have begun and not ended."""
        self._check()
        ended = {row.lot for row in self.rows if row.is_outcome}
        return sorted({row.lot for row in self.rows} - ended)

    async def first_sequence_since(self, lot: LotId, at_us: TimeUs) -> int:
        """Return the first sequence at or after a moment."""
        self._check()
        return next((row.sequence for row in self.rows if row.lot == lot and row.at_us >= at_us), 0)

    async def read_refusals(self, lot: LotId, since_us: TimeUs, limit: int) -> list[RefusalRow]:
        """Return refusals at or after a moment."""
        self._check()
        return [row for row in self.refusals if row.lot == lot and row.at_us >= since_us][:limit]

    async def epoch(self) -> str:
        """Return the journal's identity."""
        self._check()
        return self._epoch

    def _check(self) -> None:
        if not self.is_available:
            raise JournalUnavailable


class MemorySnapshots:
    """The latest snapshot of each lot."""

    def __init__(self) -> None:
        self._snapshots: dict[LotId, Snapshot] = {}

    async def save(self, snapshots: Iterable[Snapshot]) -> None:
        """Keep snapshots unless later ones are there."""
        for snapshot in snapshots:
            kept = self._snapshots.get(snapshot.lot)
            if kept is None or kept.sequence < snapshot.sequence:
                self._snapshots[snapshot.lot] = snapshot

    async def load(self, lot: LotId) -> Snapshot | None:
        """Return the latest snapshot."""
        return self._snapshots.get(lot)
