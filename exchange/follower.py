"""Lots kept by following journals: what a process that does not decide knows of them.

    rows ─► replay ─► feed ─► receipts          one path, whether the rows came from a carrier or were read

Belongs here: copies of lots, replaying rows in bounded portions, closing gaps, publishing what happened.
Does not belong here: how rows travel (`exchange.cluster`), deciding (`exchange.engine`).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Container, Sequence
from typing import TypeAlias

import structlog

from exchange import recovery
from exchange.lots import HeldLot, Touched, started
from exchange.ports import Accepted, Archived, EventFeed, Journal, JournalUnavailable, SnapshotStore
from exchange.records import NO_COMMAND, JournalRow, Record
from exchange.waiting import within
from matching.units import LotId, TimeUs

log = structlog.get_logger(__name__)

PORTION_ROWS = 256
"""Rows replayed before the loop has its turn: about two milliseconds."""

PAGE_ROWS = 1_000
PAGE_LOTS = 500
QUEUED_ROWS_MAX = 50_000
"""Rows heard and not yet replayed; beyond that they are forgotten and read from the journal."""

SILENCE_SECONDS = 1.5
"""After so long without a word the journal is asked by itself."""

POLL_SECONDS = 0.2
READ_SECONDS_MAX = 5.0
"""A journal that does not answer for so long is left alone: rows may come by the carrier meanwhile."""

PROMISED_MAX = 10_000
COLD_LOTS_MAX = 1_000
"""How many lots that have ended are kept at once."""

NO_ANSWERS_SINCE_US: TimeUs = 2**62
"""Later than any record: a copy answers no repeats, so it needs no answers."""

CommandKey: TypeAlias = tuple[LotId, str]
Recorded: TypeAlias = Callable[[Accepted], None]
Replayed: TypeAlias = tuple[JournalRow, Record]


class Follower:
    """Copies of the lots of all shards, published to a feed.

    Args:
        awaited: the commands for whose records somebody waits, by lot and id.
        recorded: told of each awaited command once its records are published.
    """

    def __init__(
        self,
        feed: EventFeed,
        snapshots: SnapshotStore,
        awaited: Container[CommandKey] = (),
        recorded: Recorded = lambda answer: None,
    ) -> None:
        self._feed = feed
        self._snapshots = snapshots
        self._awaited = awaited
        self._recorded = recorded
        self._cold: deque[LotId] = deque()
        self.lots: dict[LotId, HeldLot] = {}
        self.last_at_us: TimeUs = 0
        """The latest moment on record here."""

    async def load(self, journal: Journal, lot: LotId) -> HeldLot | None:
        """Return a lot, fetching one that is not at hand; None for one that the journal does not know.

        Raises: Archived, JournalUnavailable.
        """
        if lot not in self.lots:
            held = await recovery.recover_ended(journal, self._snapshots, lot)
            if held is not None:
                self._keep(held)
        return self.lots.get(lot)

    async def load_open(self, journal: Journal) -> None:
        """Get all lots of a shard that have not ended.  Raises: JournalUnavailable."""
        lots = await journal.open_lots()
        for first in range(0, len(lots), PAGE_LOTS):
            page = lots[first : first + PAGE_LOTS]
            found = await recovery.recover_lots(journal, self._snapshots, page, NO_ANSWERS_SINCE_US)
            for held in found.values():
                self._keep(held)
            await asyncio.sleep(0)

    async def close_gaps(self, journal: Journal, rows: Sequence[JournalRow]) -> None:
        """Fetch what must come before these rows and was not heard: records that came by another shard.

        Raises: Archived, JournalUnavailable.
        """
        while lot := self._gap_before(rows):
            held = self.lots.get(lot)
            if held is not None:
                missed = await journal.read_lot(lot, held.lot.sequence, PAGE_ROWS)
                self._retire(self._take_over([(row, row.record) for row in _whole(missed)]))
                is_there = bool(missed)
            else:
                is_there = await self.load(journal, lot) is not None
            if not is_there:
                raise JournalUnavailable(f"records of lot {lot} were heard of and are not there")

    def _gap_before(self, rows: Sequence[JournalRow]) -> LotId:
        """Return a lot of which records are missing before these; 0 when there is none."""
        reached: dict[LotId, int] = {}
        for row in rows:
            known = reached.get(row.lot)
            if known is None:
                held = self.lots.get(row.lot)
                known = 0 if held is None else held.lot.sequence
            if row.sequence > known + 1:
                return row.lot
            reached[row.lot] = max(known, row.sequence)
        return 0

    def replay(self, replayed: Sequence[Replayed], last_command: str | None) -> None:
        """Take rows over that follow what is known, publish what they did, then tell who waited for them.

        Args:
            replayed: rows with their records, as they stand in the journal; those already known are skipped.
            last_command: the command of the row before them, which has been told.
        """
        ended = self._take_over(replayed)
        for row, record in replayed:
            if record.command != last_command:
                last_command = record.command
                if last_command != NO_COMMAND and (row.lot, last_command) in self._awaited:
                    self._recorded(recovery.answer_on_record(self.lots[row.lot], row, record))
        self._retire(ended)

    def _take_over(self, replayed: Sequence[Replayed]) -> list[LotId]:
        """Replay what is not known yet and publish it; return the lots that have ended with it."""
        touched: dict[LotId, Touched] = {}
        for row, record in replayed:
            held = self.lots.get(row.lot)
            if held is None:
                held = self.lots[row.lot] = started(row.lot, record)
            if row.sequence <= held.lot.sequence:
                continue
            shown = touched.get(row.lot)
            if shown is None:
                shown = touched[row.lot] = Touched(held, held.leader)
            held.replay(row, record)
            shown.show(row.sequence, row.at_us, record.event)
            self.last_at_us = max(self.last_at_us, row.at_us)
        if touched:
            self._feed.publish([shown.entry for shown in touched.values()])
        return [lot for lot, shown in touched.items() if shown.held.lot.is_closed]

    def _keep(self, held: HeldLot) -> None:
        """Keep a lot as recovered, unless its rows have begun to come meanwhile: they bring the rest, without a gap."""
        if held.lot.id in self.lots:
            return
        held.answers.clear()
        self.lots[held.lot.id] = held
        self._feed.publish([held.entry([], held.bidders)])
        self._retire([held.lot.id] if held.lot.is_closed else [])

    def _retire(self, ended: Sequence[LotId]) -> None:
        """Keep lots that have ended only while there is room."""
        self._cold.extend(ended)
        while len(self._cold) > COLD_LOTS_MAX:
            oldest = self._cold.popleft()
            self.lots.pop(oldest, None)
            self._feed.forget(oldest)


class Tail:
    """Follows the journal of one shard: by what is heard of it, and by reading where nothing or too little is heard."""

    def __init__(self, follower: Follower, journal: Journal) -> None:
        self._follower = follower
        self._journal = journal
        self._queue: deque[list[JournalRow]] = deque()
        self._queued = 0
        self._head = 0
        self._last_command: str | None = None
        self._heard_at = float("-inf")
        self._wake = asyncio.Event()
        self._promised: deque[tuple[int, Callable[[], None]]] = deque()
        self.position = 0
        """The journal position up to which rows have been replayed."""

    async def start(self) -> None:
        """Recover the lots that have not ended.  Raises: JournalUnavailable."""
        # The position first: what is recorded meanwhile is then met again, and skipped, but never missed.
        self.position = self._head = await self._journal.head()
        await self._follower.load_open(self._journal)

    def hear(self, rows: list[JournalRow], head: int) -> None:
        """Take note of rows, which must follow each other, and of how far the journal has come."""
        self._heard_at = asyncio.get_running_loop().time()
        self._head = max(self._head, head)
        if rows:
            self._queue.append(rows)
            self._queued += len(rows)
            if self._queued > QUEUED_ROWS_MAX:
                self._queue.clear()
                self._queued = 0
        self._wake.set()

    def hurry(self) -> None:
        """Read the journal at once: something is on record of which nothing was heard."""
        self._head = max(self._head, self.position + 1)
        self._wake.set()

    def when_reached(self, position: int, reached: Callable[[], None]) -> None:
        """Call `reached` once all rows up to a position have been replayed."""
        if position <= self.position:
            reached()
            return
        self._head = max(self._head, position)
        self._promised.append((position, reached))
        if len(self._promised) > PROMISED_MAX:
            self._promised.popleft()
        self._wake.set()

    async def run(self) -> None:
        """Follow, for ever."""
        while True:
            try:
                rows = await self._next()
                await self._take(rows)
            except (Archived, JournalUnavailable) as error:
                log.warning("follower.journal_unavailable", position=self.position, error=str(error))
                await asyncio.sleep(POLL_SECONDS)

    async def _next(self) -> list[JournalRow]:
        """Return the rows that come next, or none after a while.  Raises: JournalUnavailable."""
        self._wake.clear()
        rows = self._from_queue()
        if rows:
            return rows
        if self._queue or self._head > self.position or self._is_silent:
            rows = await self._read()
            if rows:
                return _whole(rows)
            self._head = self.position
        await self._woken()
        return []

    async def _read(self) -> list[JournalRow]:
        """Return what the journal has after the position.  Raises: JournalUnavailable."""
        try:
            return await within(READ_SECONDS_MAX, self._journal.read_from(self.position, PAGE_ROWS))
        except TimeoutError as error:
            raise JournalUnavailable(str(error)) from error

    @property
    def _is_silent(self) -> bool:
        return asyncio.get_running_loop().time() - self._heard_at > SILENCE_SECONDS

    async def _woken(self) -> None:
        """Wait until something is heard, or until it is time to ask the journal."""
        try:
            async with asyncio.timeout(POLL_SECONDS if self._is_silent else SILENCE_SECONDS):
                await self._wake.wait()
        except TimeoutError:
            return

    def _from_queue(self) -> list[JournalRow]:
        """Return the first rows heard that follow the position; none when there are none, or a gap is before them."""
        queue = self._queue
        while queue:
            first = queue[0][0].position
            if first > self.position + 1:
                return []
            rows = queue.popleft()
            self._queued -= len(rows)
            if rows[-1].position > self.position:
                return rows[self.position + 1 - first :]
        return []

    async def _take(self, rows: list[JournalRow]) -> None:
        """Replay rows in portions, giving the loop its turn after each.  Raises: JournalUnavailable."""
        first = 0
        while first < len(rows):
            portion = _portion(rows, first)
            taken = rows[first : first + len(portion)]
            await self._follower.close_gaps(self._journal, taken)
            self._follower.replay(portion, self._last_command)
            self.position = taken[-1].position
            self._last_command = portion[-1][1].command
            self._keep_promises()
            first += len(portion)
            await asyncio.sleep(0)

    def _keep_promises(self) -> None:
        for _ in range(len(self._promised)):
            position, reached = self._promised.popleft()
            if position <= self.position:
                reached()
            else:
                self._promised.append((position, reached))


def _whole(rows: list[JournalRow]) -> list[JournalRow]:
    """Return rows that were read; of a full page without its last command, which may go on after the page."""
    if len(rows) < PAGE_ROWS:
        return rows
    last = rows[-1].record.command
    whole = next((count for count in range(len(rows), 0, -1) if rows[count - 1].record.command != last), 0)
    return rows[:whole] if whole else rows


def _portion(rows: list[JournalRow], first: int) -> list[Replayed]:
    """Return rows from `first` on, at least a portion, never ending within one command: nobody sees half of it."""
    portion: list[Replayed] = []
    for index in range(first, len(rows)):
        row = rows[index]
        record = row.record
        if len(portion) >= PORTION_ROWS:
            last_row, last = portion[-1]
            if (record.command, row.lot) != (last.command, last_row.lot):
                break
        portion.append((row, record))
    return portion
