"""Rebuilding the lots of a shard from snapshots and journal: at every start, and after every outage.

Belongs here: the one path from durable records to lots in memory.
Does not belong here: deciding anything new.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice

import structlog
from msgspec import Struct

from exchange.lots import ANSWERS_MAX, HeldLot, restored, started
from exchange.ports import (
    Accepted,
    Archived,
    Journal,
    JournalUnavailable,
    RefusalRow,
    Rejected,
    Snapshot,
    SnapshotStore,
)
from exchange.records import NO_COMMAND, JournalRow, Record
from matching import events as event
from matching.units import NOBODY, LotId, TimeUs

log = structlog.get_logger(__name__)

ANSWERS_HORIZON_US = 10 * 60 * 1_000_000
"""Answers at least this old are remembered over a restart; see `exchange.lots.ANSWERS_MAX` why that is enough."""

PAGE_ROWS = 5_000
PAGE_LOTS = 1_000


class Recovered(Struct):
    """All lots that have not ended, as the journal has them, and where the journal ends."""

    lots: dict[LotId, HeldLot]
    position: int
    last_at_us: TimeUs


async def recover(journal: Journal, snapshots: SnapshotStore, now_us: TimeUs) -> Recovered:
    """Return what the journal holds.  Raises: JournalUnavailable."""
    lots: dict[LotId, HeldLot] = {}
    with _nothing_collected():
        for some in _pages(await journal.open_lots()):
            lots |= await recover_lots(journal, snapshots, some, now_us - ANSWERS_HORIZON_US)
    position = await journal.head()
    last = await journal.read_from(position - 1, 1) if position else []
    return Recovered(lots, position, last[0].at_us if last else 0)


async def recover_lots(
    journal: Journal, snapshots: SnapshotStore, lot_ids: Sequence[LotId], since_us: TimeUs
) -> dict[LotId, HeldLot]:
    """Return lots that have begun, as `recover_lot` does each, in three questions to the database for all of them.

    Raises: JournalUnavailable.
    """
    lots = {snapshot.lot: restored(snapshot) for snapshot in await snapshots.load_all(lot_ids)}
    known = {lot: lots[lot].lot.sequence if lot in lots else 0 for lot in lot_ids}
    async for rows in journal.read_lots(known, since_us):
        for row in rows:
            lots[row.lot] = _take_over(lots.get(row.lot), row, since_us)
    assert len(lots) == len(lot_ids), "a lot that the journal names has a first record"
    async for refusals in journal.read_refusals_of(lot_ids, since_us):
        for refusal in refusals:
            lots[refusal.lot].remember(_rejected(refusal))
    return lots


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Spare the search for garbage while only what stays is made, and leave what stays out of every later search.

    With a hundred thousand lots such a search takes longer than rebuilding them, and would stop the event loop.
    """
    was_enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()


def _pages(lots: Iterable[LotId]) -> Iterator[list[LotId]]:
    remaining = iter(lots)
    while page := list(islice(remaining, PAGE_LOTS)):
        yield page


async def recover_lot(journal: Journal, snapshots: SnapshotStore, lot_id: LotId, since_us: TimeUs) -> HeldLot:
    """Return one lot from its snapshot and the records after it, with its answers since `since_us`.

    Raises: JournalUnavailable.
    """
    snapshot = await snapshots.load(lot_id)
    held = None if snapshot is None else restored(snapshot)
    after = 0
    if held is not None:
        recent = await journal.first_sequence_since(lot_id, since_us)
        after = held.lot.sequence if not recent else min(held.lot.sequence, recent - 1)
    while rows := await journal.read_lot(lot_id, after, PAGE_ROWS):
        for row in rows:
            held = _take_over(held, row, since_us)
        after = rows[-1].sequence
    assert held is not None, "a lot that the journal names has a first record"
    for refusal in await journal.read_refusals(lot_id, since_us, ANSWERS_MAX):
        held.remember(_rejected(refusal))
    return held


async def recover_ended(journal: Journal, snapshots: SnapshotStore, lot_id: LotId) -> HeldLot | None:
    """Return a lot that has ended, with the answers of its last minutes; None when the journal has no such lot.

    Of a lot in the archive nothing is left but its last state: its answers are forgotten.

    Raises: JournalUnavailable; Archived, when even that is lost.
    """
    snapshot = await snapshots.load(lot_id)
    try:
        rows = await journal.read_lot(lot_id, snapshot.sequence - 1 if snapshot else 0, 1)
    except Archived:
        if snapshot is None:
            raise
        return restored(snapshot)
    return await recover_lot(journal, snapshots, lot_id, rows[0].at_us - ANSWERS_HORIZON_US) if rows else None


def _rejected(refusal: RefusalRow) -> Rejected:
    """Return the answer that a refusal on record stands for."""
    return Rejected(
        refusal.command_id, refusal.lot, refusal.at_us, refusal.party, refusal.amount, refusal.refused
    )


def _take_over(held: HeldLot | None, row: JournalRow, since_us: TimeUs) -> HeldLot:
    record = row.record
    held = held or started(row.lot, record)
    if record.sequence > held.lot.sequence:
        held.replay(row, record)
    if record.at_us >= since_us and record.command != NO_COMMAND and record.command not in held.answers:
        held.remember(answer_on_record(held, row, record))
    return held


def answer_on_record(held: HeldLot, row: JournalRow, record: Record) -> Accepted:
    """Return the answer that the first record of a command stands for."""
    party, amount, paddle = _party_amount_paddle(held, record.event)
    return Accepted(record.command, row.lot, row.sequence, row.at_us, party, amount, row.link, paddle)


def _party_amount_paddle(held: HeldLot, happened: event.Event) -> tuple[int, int, int]:
    """Return what the first event of a command says of it: who gave it, the figure it named, the bidder's paddle."""
    if isinstance(happened, event.BidderAdmitted):
        return 0, 0, happened.paddle
    amount = event.amount_named(happened)
    paddle = event.paddle_of(happened)
    is_seed_of_bidder = isinstance(happened, event.SeedCommitted | event.SeedRevealed) and paddle != NOBODY
    if hasattr(happened, "by") and not is_seed_of_bidder:
        return happened.by, amount, NOBODY
    return held.bidder_of(paddle), amount, paddle


async def save_quietly(store: SnapshotStore, snapshots: Iterable[Snapshot]) -> None:
    """Save snapshots; when that cannot be done now, a later start is slower and nothing else."""
    try:
        await store.save(snapshots)
    except JournalUnavailable as error:
        log.warning("snapshot.not_saved", error=str(error))
