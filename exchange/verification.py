"""Proving the journal: everything in it is recomputed from its bytes, as a stranger with a copy could.

Belongs here: reading and comparing. Does not belong here: mending anything.
"""

from __future__ import annotations

import heapq
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Protocol

import msgspec
from msgspec import Struct

from exchange.lots import HeldLot, started
from exchange.ports import Snapshot, SnapshotStore
from exchange.records import GENESIS, JournalRow, Record, chained, decode
from matching.events import OUTCOME_EVENTS, LotAnnounced, LotAwarded, LotKnockedDown, LotPassed, LotSold
from matching.lot import digest, outcome
from matching.units import LotId

PAGE_ROWS = 5_000
DISCREPANCIES_MAX = 100

RECOMPUTED = (LotSold, LotKnockedDown, LotAwarded, LotPassed)
"""Ends of bidding that follow from the records before them."""


EARLY_ROWS_MAX = 10_000
"""How many rows may wait for a record of their lot that another shard holds, before something must be missing."""


class Rows(Protocol):
    """The rows of one shard, by position: a `Journal`, or one together with files of its archive."""

    async def head(self) -> int:
        """Return the last position."""

    async def read_from(self, position: int, limit: int) -> list[JournalRow]:
        """Return at most `limit` rows after `position`, ascending."""


class Absent(Struct, frozen=True):
    """What lies in the archive and is not looked at.

    `positions` are the last ones of each shard, `lots` the last sequence and link of each lot.
    """

    positions: Mapping[int, int] = {}
    lots: Mapping[LotId, tuple[int, bytes]] = {}


class Discrepancy(Struct, frozen=True):
    """Something that is not as it was recorded; `lot` and `sequence` say where."""

    lot: LotId
    sequence: int
    what: str


class JournalReport(Struct, frozen=True):
    """What was looked at, and what was wrong with it. `digests` fingerprint the state of every lot."""

    records: int
    lots: int
    snapshots: int
    digests: dict[LotId, str]
    discrepancies: list[Discrepancy]

    @property
    def is_sound(self) -> bool:
        """Tell whether everything was as it should be."""
        return not self.discrepancies


async def verify_journal(
    shards: Sequence[Rows],
    snapshots: SnapshotStore,
    progress: Callable[[int, int], None] | None = None,
    absent: Absent | None = None,
) -> JournalReport:
    """Recompute numbering, hash chain, lots and snapshots from the bodies of all records.

    Args:
        shards: what is checked, by shard, each from its first row to its head at the call.
        snapshots: compared with the lots as the records make them.
        progress: told how many rows are done, of how many.
        absent: what must have come before the first rows.

    Raises: JournalUnavailable.
    """
    absent = absent or Absent()
    heads = [await rows.head() for rows in shards]
    first = [absent.positions.get(shard, 0) for shard in range(len(shards))]
    due = sum(heads) - sum(first)
    proof = _Proof(first, absent.lots, may_wait=len(shards) > 1)
    async for shard, row in _merged(shards, first, heads):
        await proof.take(shard, row, snapshots)
        if progress is not None and (proof.records % PAGE_ROWS == 0 or proof.records == due):
            progress(proof.records, due)
    await proof.finish(snapshots)
    digests = {lot: digest(held.lot) for lot, held in proof.lots.items()}
    return JournalReport(
        proof.records,
        len(proof.lots) + len(proof.tails),
        proof.snapshots_checked,
        digests,
        proof.discrepancies[:DISCREPANCIES_MAX],
    )


async def _merged(
    shards: Sequence[Rows], first: Sequence[int], heads: Sequence[int]
) -> AsyncIterator[tuple[int, JournalRow]]:
    """Give the rows of all shards by their time, those of each shard in their order."""
    streams = [_read(rows, first[n], heads[n]) for n, rows in enumerate(shards)]
    heap: list[tuple[int, int, JournalRow]] = []
    for shard, stream in enumerate(streams):
        async for row in stream:
            heap.append((row.at_us, shard, row))
            break
    heapq.heapify(heap)
    while heap:
        _, shard, row = heapq.heappop(heap)
        yield shard, row
        async for following in streams[shard]:
            heapq.heappush(heap, (following.at_us, shard, following))
            break


async def _read(rows: Rows, position: int, head: int) -> AsyncIterator[JournalRow]:
    while position < head and (page := await rows.read_from(position, PAGE_ROWS)):
        for row in page:
            yield row
        position = page[-1].position


class _Proof:
    """What the rows so far add up to."""

    def __init__(
        self, positions: Sequence[int], tails: Mapping[LotId, tuple[int, bytes]], *, may_wait: bool
    ) -> None:
        self.positions = list(positions)
        self.at_us = [0] * len(self.positions)
        self.records = 0
        self.snapshots_checked = 0
        self.lots: dict[LotId, HeldLot] = {}
        self.archived = tails
        self.tails: dict[LotId, tuple[int, bytes]] = {}
        """Last sequence and link of lots whose beginning is not looked at: of these only the chain is checked."""
        self.may_wait = may_wait
        self.early: dict[LotId, dict[int, JournalRow]] = {}
        self.early_count = 0
        self.broken: set[LotId] = set()
        self.snapshots: dict[LotId, Snapshot | None] = {}
        self.discrepancies: list[Discrepancy] = []

    async def take(self, shard: int, row: JournalRow, snapshots: SnapshotStore) -> None:
        """Check a row's place in its shard, then the row itself as soon as all before it in its lot are checked."""
        last = self.positions[shard]
        self._expect(
            row, row.position == last + 1, f"position {row.position} of shard {shard} follows {last}"
        )
        self.positions[shard] = row.position
        self.records += 1
        self._expect(row, row.at_us >= self.at_us[shard], "its time lies before that of an earlier record")
        self.at_us[shard] = max(self.at_us[shard], row.at_us)
        if self.may_wait and row.sequence > self._last_of(row.lot) + 1 and self.early_count < EARLY_ROWS_MAX:
            self.early.setdefault(row.lot, {})[row.sequence] = row
            self.early_count += 1
            return
        await self._check(row, snapshots)
        while (following := self.early.get(row.lot, {}).pop(self._last_of(row.lot) + 1, None)) is not None:
            self.early_count -= 1
            await self._check(following, snapshots)

    async def finish(self, snapshots: SnapshotStore) -> None:
        """Check what still waits: something before it is missing."""
        for rows in self.early.values():
            for _, row in sorted(rows.items()):
                await self._check(row, snapshots)

    def _last_of(self, lot: LotId) -> int:
        """Return the last sequence of a lot that was checked."""
        held = self.lots.get(lot)
        return held.lot.sequence if held is not None else self._tail_of(lot)[0]

    def _tail_of(self, lot: LotId) -> tuple[int, bytes]:
        return self.tails.get(lot) or self.archived.get(lot, (0, GENESIS))

    async def _check(self, row: JournalRow, snapshots: SnapshotStore) -> None:
        """Check one row against all before it in its lot, and replay it."""
        record = self._record(row)
        if record is None or row.lot in self.broken:
            return
        if row.lot in self.archived and row.lot not in self.lots:
            self._follow(row)
            return
        if not self._replay(row, record):
            self.broken.add(row.lot)
        elif row.lot not in self.snapshots:
            self.snapshots[row.lot] = await snapshots.load(row.lot)
        self._compare_snapshot(row)

    def _follow(self, row: JournalRow) -> None:
        """Check the chain of a lot whose beginning lies in the archive."""
        sequence, link = self._tail_of(row.lot)
        self._expect(
            row, row.sequence == sequence + 1, f"it follows record {sequence}, in the archive or here"
        )
        self._expect(row, row.link == chained(link, row.body), "the hash chain breaks here")
        self.tails[row.lot] = row.sequence, row.link

    def _record(self, row: JournalRow) -> Record | None:
        """Return what the body says, when it can be read and says the same as the row's columns."""
        try:
            record = decode(row.body)
        except msgspec.DecodeError as error:
            self._expect(row, False, f"the body cannot be read: {error}")
            self.broken.add(row.lot)
            return None
        named = (record.lot, record.sequence, record.at_us, type(record.event) in OUTCOME_EVENTS)
        self._expect(
            row, named == (row.lot, row.sequence, row.at_us, row.is_outcome), "body and columns differ"
        )
        return record

    def _replay(self, row: JournalRow, record: Record) -> bool:
        """Apply the record to its lot; False when the lot cannot go on from here."""
        held = self.lots.get(row.lot)
        if held is None:
            if not self._expect(row, isinstance(record.event, LotAnnounced), "the lot was never announced"):
                return False
            held = self.lots[row.lot] = started(row.lot, record)
        if not self._expect(
            row, row.sequence == held.lot.sequence + 1, f"it follows record {held.lot.sequence}"
        ):
            return False
        self._expect(row, row.link == chained(held.link, row.body), "the hash chain breaks here")
        self._expect(row, not held.lot.is_closed, "the lot had ended")
        if isinstance(record.event, RECOMPUTED):
            due = outcome(held.lot, record.event.by)
            self._expect(row, due == record.event, f"the bidding makes it {due}, not {record.event}")
        held.replay(row, record)
        return True

    def _compare_snapshot(self, row: JournalRow) -> None:
        held, snapshot = self.lots.get(row.lot), self.snapshots.get(row.lot)
        if held is None or snapshot is None or snapshot.sequence != row.sequence:
            return
        self.snapshots_checked += 1
        is_same = (held.link, msgspec.msgpack.encode(held.lot)) == (snapshot.link, snapshot.state)
        self._expect(row, is_same, "the snapshot differs from what the records make")

    def _expect(self, row: JournalRow, is_so: bool, otherwise: str) -> bool:
        if not is_so:
            self.discrepancies.append(Discrepancy(row.lot, row.sequence, otherwise))
        return is_so
