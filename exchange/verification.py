"""Proving the journal: everything in it is recomputed from its bytes, as a stranger with a copy could.

Belongs here: reading and comparing. Does not belong here: mending anything.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec import Struct

from exchange.lots import HeldLot, started
from exchange.ports import Journal, Snapshot, SnapshotStore
from exchange.records import JournalRow, Record, chained, decode
from matching.events import OUTCOME_EVENTS, LotAnnounced, LotAwarded, LotKnockedDown, LotPassed, LotSold
from matching.lot import digest, outcome
from matching.units import LotId

PAGE_ROWS = 5_000
DISCREPANCIES_MAX = 100

RECOMPUTED = (LotSold, LotKnockedDown, LotAwarded, LotPassed)
"""Ends of bidding that follow from the records before them."""


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
    journal: Journal, snapshots: SnapshotStore, progress: Callable[[int, int], None] | None = None
) -> JournalReport:
    """Recompute numbering, hash chain, lots and snapshots from the bodies of all records.

    Args:
        journal: what is checked, from its first row to its head at the call.
        snapshots: compared with the lots as the records make them.
        progress: told how many rows are done, of how many.

    Raises: JournalUnavailable.
    """
    head, proof = await journal.head(), _Proof()
    while proof.position < head and (rows := await journal.read_from(proof.position, PAGE_ROWS)):
        for row in rows:
            await proof.take(row, snapshots)
        if progress is not None:
            progress(proof.position, head)
    digests = {lot: digest(held.lot) for lot, held in proof.lots.items()}
    return JournalReport(
        proof.records,
        len(proof.lots),
        proof.snapshots_checked,
        digests,
        proof.discrepancies[:DISCREPANCIES_MAX],
    )


class _Proof:
    """What the rows so far add up to."""

    def __init__(self) -> None:
        self.position = 0
        self.records = 0
        self.snapshots_checked = 0
        self.at_us = 0
        self.lots: dict[LotId, HeldLot] = {}
        self.broken: set[LotId] = set()
        self.snapshots: dict[LotId, Snapshot | None] = {}
        self.discrepancies: list[Discrepancy] = []

    async def take(self, row: JournalRow, snapshots: SnapshotStore) -> None:
        """Check one row against all before it, and replay it."""
        self._expect(
            row, row.position == self.position + 1, f"position {row.position} follows {self.position}"
        )
        self.position, self.records = row.position, self.records + 1
        record = self._record(row)
        if record is None or row.lot in self.broken:
            return
        self._expect(row, record.at_us >= self.at_us, "its time lies before that of an earlier record")
        self.at_us = max(self.at_us, record.at_us)
        if not self._replay(row, record):
            self.broken.add(row.lot)
        elif row.lot not in self.snapshots:
            self.snapshots[row.lot] = await snapshots.load(row.lot)
        self._compare_snapshot(row)

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
