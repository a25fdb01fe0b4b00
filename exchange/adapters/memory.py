"""Journal, snapshots and lease in memory: for unit tests, simulations and rehearsals.

They keep the same promises as the PostgreSQL adapters, except that nothing outlives the process.
"""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

from exchange.ports import Batch, Fenced, JournalUnavailable, RefusalRow, Snapshot
from exchange.records import JournalRow
from exchange.shards import Map, Move, shard_by
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


class MemoryPlaces:
    """Where lots lie, and the journals of the shards."""

    def __init__(self) -> None:
        self.map = Map()
        self.asked: dict[LotId, int] = {}
        self.journals: dict[int, MemoryJournal] = {}

    def shard_of(self, lot: LotId) -> int:
        """Return where a lot lies."""
        moved = self.map.moved.get(lot)
        return shard_by(self.map.layouts, lot) if moved is None else moved

    def rows_of(self, lot: LotId) -> list[JournalRow]:
        """Return all rows of a lot, whichever shards wrote them."""
        rows = [row for journal in self.journals.values() for row in journal.rows if row.lot == lot]
        return sorted(rows, key=lambda row: row.sequence)

    async def read(self) -> Map:
        """Return the placement."""
        return self.map

    async def leaving(self, shard: int) -> list[Move]:
        """Return the moves that were asked for."""
        return [Move(lot, to) for lot, to in self.asked.items() if self.shard_of(lot) == shard]

    async def arrived(self, shard: int) -> list[LotId]:
        """Return the open lots with a place of their own in the shard."""
        placed = sorted(lot for lot, at in self.map.moved.items() if at == shard)
        return [lot for lot in placed if (rows := self.rows_of(lot)) and not rows[-1].is_outcome]

    async def forget_move(self, lot: LotId) -> None:
        """Drop what was asked for a lot."""
        self.asked.pop(lot, None)

    async def release(self, lot: LotId, shard: int, term: int, to: int) -> None:
        """Place a lot elsewhere."""
        self.journals[shard].require_term(term)
        self.map = Map(self.map.layouts, {**self.map.moved, lot: to})
        await self.forget_move(lot)


class MemoryJournal:
    """A journal that can be made unavailable, before an append or after it."""

    def __init__(self, lease: MemoryLease, shard: int = 0, places: MemoryPlaces | None = None) -> None:
        self._lease = lease
        self._shard = shard
        self._places = places or MemoryPlaces()
        self._places.journals[shard] = self
        self._epoch = secrets.token_hex(8)
        self.rows: list[JournalRow] = []
        self.refusals: list[RefusalRow] = []
        self.is_available = True
        self.loses_answer_of_next_append = False

    async def append(self, term: int, batch: Batch) -> None:
        """Keep the batch."""
        self.require_term(term)
        touched = {row.lot for row in batch.rows} | {refusal.lot for refusal in batch.refusals}
        if any(self._places.shard_of(lot) != self._shard for lot in touched):
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
        return [row for row in self._places.rows_of(lot) if row.sequence > after][:limit]

    async def open_lots(self) -> list[LotId]:
        """Return the lots that have begun and not ended."""
        self._check()
        rows = [row for journal in self._places.journals.values() for row in journal.rows]
        open_lots = {row.lot for row in rows} - {row.lot for row in rows if row.is_outcome}
        return sorted(lot for lot in open_lots if self._places.shard_of(lot) == self._shard)

    async def first_sequence_since(self, lot: LotId, at_us: TimeUs) -> int:
        """Return the first sequence at or after a moment."""
        self._check()
        return next((row.sequence for row in self._places.rows_of(lot) if row.at_us >= at_us), 0)

    async def read_refusals(self, lot: LotId, since_us: TimeUs, limit: int) -> list[RefusalRow]:
        """Return refusals at or after a moment."""
        self._check()
        refusals = [each for journal in self._places.journals.values() for each in journal.refusals]
        due = [row for row in refusals if row.lot == lot and row.at_us >= since_us]
        return sorted(due, key=lambda row: row.at_us)[:limit]

    async def read_lots(
        self, known: Mapping[LotId, int], since_us: TimeUs
    ) -> AsyncIterator[list[JournalRow]]:
        """Yield the rows of many lots after what is known of each, lot by lot."""
        self._check()
        for lot, after in known.items():
            rows = self._places.rows_of(lot)
            yield [row for row in rows if row.sequence > after or row.at_us >= since_us]

    async def read_refusals_of(
        self, lots: Sequence[LotId], since_us: TimeUs
    ) -> AsyncIterator[list[RefusalRow]]:
        """Yield the refusals of many lots at or after a moment."""
        for lot in lots:
            yield await self.read_refusals(lot, since_us, sys.maxsize)

    async def epoch(self) -> str:
        """Return the journal's identity."""
        self._check()
        return self._epoch

    def require_term(self, term: int) -> None:
        """Raise JournalUnavailable while there is nobody to ask, and Fenced when the term is over."""
        self._check()
        if term != self._lease.term:
            raise Fenced

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

    async def load_all(self, lots: Sequence[LotId]) -> list[Snapshot]:
        """Return the latest snapshots."""
        return [snapshot for lot in lots if (snapshot := self._snapshots.get(lot)) is not None]
