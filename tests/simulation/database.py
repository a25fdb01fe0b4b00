"""PostgreSQL as the exchange sees it: transactions under the lease row's lock, a log, a network between, and crashes.

What it promises is what the real one promises: a transaction is whole or absent; the fence compares the term inside the
transaction and keeps the row locked until its end, so that a take-over waits for an append under way; whoever is
answered has his data on the platter. Everything else can go wrong: a request is lost on the way, the connection breaks
while the server goes on, the answer is lost after the commit, the server dies between two frames.

Belongs here: the ports `Journal`, `Lease` and `SnapshotStore` over one simulated server.
Does not belong here: the ledger's store, whoever calls.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

from exchange.adapters.memory import MemoryJournal, MemoryLease
from exchange.ports import Batch, Fenced, JournalFailed, JournalUnavailable, RefusalRow, Snapshot
from exchange.records import JournalRow
from matching.units import LotId, TimeUs
from tests.simulation.disk import (
    Change,
    Committed,
    Disk,
    RefusalAppended,
    RowAppended,
    SnapshotKept,
    TermTaken,
)
from tests.simulation.event_loop import Process, SimulatedLoop, running_process
from tests.simulation.faults import Fault, Faults
from tests.simulation.trace import Trace

T = TypeVar("T")
Work = Callable[[int], tuple[list[Change], object]]
"""What a transaction does, by its number: its changes and its answer. Raises what the server refuses."""

MILLISECOND_US = 1_000
SECOND_US = 1_000_000
APPEND_PATIENCE_S = 5.0
EPOCH = "simulated"
BAD_TIMES = 0.4
"""How much gets lost while the way to the database flickers."""


class Witness(Protocol):
    """Whoever is told what becomes of the journal."""

    def decided(self, process: Process, batch: Batch) -> None:
        """Hear that a process has just asked for a batch to be appended."""

    def committed(self, rows: Sequence[JournalRow], refusals: Sequence[RefusalRow]) -> None:
        """Hear that these are durable, and from now on visible to readers."""

    def violated(self, what: str) -> None:
        """Hear that something happened that must not."""


class Tables:
    """What is committed."""

    def __init__(self) -> None:
        self.journal = MemoryJournal(MemoryLease())
        self.snapshots: dict[LotId, Snapshot] = {}
        self.term = 0
        self.owner = ""

    def apply(self, changes: Iterable[Change]) -> None:
        """Take over the changes of a committed transaction."""
        for change in changes:
            match change:
                case RowAppended(row=row):
                    self.journal.rows.append(row)
                case RefusalAppended(row=refusal):
                    self.journal.refusals.append(refusal)
                case TermTaken(term=term, owner=owner):
                    self.term, self.owner = term, owner
                case SnapshotKept(snapshot=snapshot):
                    kept = self.snapshots.get(snapshot.lot)
                    if kept is None or kept.sequence < snapshot.sequence:
                        self.snapshots[snapshot.lot] = snapshot


class Database:
    """The server, and the way to it."""

    disk: Callable[[], Disk] = Disk

    def __init__(
        self, loop: SimulatedLoop, chance: random.Random, faults: Faults, trace: Trace, witness: Witness
    ) -> None:
        self.is_up = True
        self.tables = Tables()
        self.pulsed_at_us = 0
        """When the holder of the lease was last heard of; not worth a place in the log."""
        self.fall: Callable[[], None] = self.crash
        """How the server crashes in the middle of a commit."""
        self.kill: Callable[[Process], None] = Process.kill
        """How a process that dies while it talks to the database is ended."""
        self._loop = loop
        self._chance = chance
        self._faults = faults
        self._trace = trace
        self._witness = witness
        self._disk = self.disk()
        self._process = Process("database", loop)
        self._lease_row = asyncio.Lock()
        self._transactions = 0
        self._bad_until_us = 0
        self._visible: set[int] = set()
        self._waiting: dict[asyncio.Future[object], Process] = {}

    # -- the life of the server --------------------------------------------------------------------------------

    def crash(self) -> None:
        """End the server in the middle of everything; of its log, a part of what was not forced may be there."""
        self.is_up = False
        self._process.kill()
        self._disk.crash(self._chance, self._faults.strikes(Fault.TAIL_TORN))
        for answer, caller in self._waiting.items():
            caller.call(self._span_us(50), _fail, answer)
        self._waiting.clear()
        self._trace.note("database", "crashed")

    def restart(self) -> None:
        """Start again with what the log holds."""
        self._process = Process("database", self._loop)
        self._lease_row = asyncio.Lock()
        self.tables = Tables()
        complete = self._disk.recover()
        for changes in complete:
            self.tables.apply(changes)
        lost = self._visible - {change.transaction for changes in complete for change in changes}
        assert not lost, f"the simulated server lost transactions {lost} that it had answered"
        for changes in complete:
            self._show(changes)
        self.is_up = True
        self._trace.note("database", "restarted", len(self.tables.journal.rows))

    # -- what callers do ---------------------------------------------------------------------------------------

    async def transact(self, what: str, work: Work, *, takes_lease_row: bool) -> object:
        """Let the server run a transaction and return its answer.

        Raises: what the work raises; JournalUnavailable, after which it is in doubt whether it was run.
        """
        caller = running_process()
        await self._die_perhaps(caller, Fault.ENGINE_KILLED_AT_REQUEST)
        answer: asyncio.Future[object] = self._loop.create_future()
        strikes = self._faults.strikes
        if not self.is_up or strikes(Fault.REQUEST_LOST) or self._flickers():
            caller.call(self._span_us(300), _fail, answer)
        else:
            self._waiting[answer] = caller
            if strikes(Fault.CONNECTION_CUT):
                caller.call(self._span_us(30), _fail, answer)
            self._process.call(self._span_us(1), self._begin, what, work, takes_lease_row, answer)
        try:
            return await answer
        finally:
            self._waiting.pop(answer, None)

    async def read(self, read: Callable[[], T]) -> T:
        """Return something that is committed.  Raises: JournalUnavailable."""
        await running_process().wait(self._span_us(1))
        if not self.is_up or self._faults.strikes(Fault.REQUEST_LOST) or self._flickers():
            raise JournalUnavailable
        return read()

    # -- inside the server -------------------------------------------------------------------------------------

    def _begin(self, what: str, work: Work, takes_lease_row: bool, answer: asyncio.Future[object]) -> None:
        self._process.start(self._transaction(what, work, takes_lease_row, answer))

    async def _transaction(
        self, what: str, work: Work, takes_lease_row: bool, answer: asyncio.Future[object]
    ) -> None:
        if not takes_lease_row:
            await self._run(what, work, answer)
            return
        async with self._lease_row:
            await self._run(what, work, answer)

    async def _run(self, what: str, work: Work, answer: asyncio.Future[object]) -> None:
        self._transactions += 1
        number = self._transactions
        caller = self._waiting.get(answer)
        try:
            changes, value = work(number)
        except (Fenced, JournalFailed) as error:
            self._trace.note("database", type(error).__name__, what)
            self._reply(answer, error)
            return
        for change in changes:
            self._disk.write(change)
        is_slow = self._faults.strikes(Fault.REQUEST_SLOW)
        await self._process.wait(self._span_us(7_000 if is_slow else 2))
        if self._faults.strikes(Fault.ROLLED_BACK):
            self._trace.note("database", "rolled back", what)
            self._reply(answer, JournalUnavailable("rolled back"))
            return
        if self._faults.strikes(Fault.DATABASE_CRASHED_AT_COMMIT):
            self._loop.world.call(self._span_us(2), self.fall)
        self._disk.write(Committed(number))
        await self._process.wait(self._span_us(2))
        self._disk.force()
        self.tables.apply(changes)
        self._trace.note("database", "committed", what)
        self._show(changes)
        if caller is not None and self._faults.strikes(Fault.ENGINE_KILLED_AT_COMMIT):
            self.kill(caller)
        is_lost = self._flickers()
        if self._faults.strikes(Fault.ANSWER_LOST):
            # Who loses one answer often loses the next ones, too.
            is_lost = True
            self.flicker()
        self._reply(answer, JournalUnavailable("the answer was lost") if is_lost else value)

    def _show(self, changes: Sequence[Change]) -> None:
        """Tell the witness of a transaction that nobody could see before."""
        if not changes or changes[0].transaction in self._visible:
            return
        self._visible.add(changes[0].transaction)
        rows = [change.row for change in changes if isinstance(change, RowAppended)]
        refusals = [change.row for change in changes if isinstance(change, RefusalAppended)]
        if rows or refusals:
            self._witness.committed(rows, refusals)

    def _reply(self, answer: asyncio.Future[object], value: object) -> None:
        caller = self._waiting.pop(answer, None)
        if caller is not None:
            caller.call(self._span_us(1), _give, answer, value)

    async def _die_perhaps(self, caller: Process, fault: Fault) -> None:
        if self._faults.strikes(fault):
            self.kill(caller)
            await self._loop.create_future()

    def flicker(self) -> None:
        """Let requests and answers get lost often, for a while."""
        self._bad_until_us = self._loop.now_us + self._span_us(4_000)

    def _flickers(self) -> bool:
        return self._loop.now_us < self._bad_until_us and self._chance.random() < BAD_TIMES

    def _span_us(self, milliseconds: int) -> int:
        """Return a span by chance up to a bound, more often a short one."""
        return int(self._chance.random() ** 2 * milliseconds * MILLISECOND_US)

    # -- the transactions --------------------------------------------------------------------------------------

    def append_of(self, term: int, batch: Batch) -> Work:
        """Return the transaction that appends a batch."""

        def work(number: int) -> tuple[list[Change], object]:
            self.check_term(term)
            if self._faults.strikes(Fault.DISK_FULL):
                raise JournalFailed("no space left on device")
            head = len(self.tables.journal.rows)
            if [row.position for row in batch.rows] != list(range(head + 1, head + 1 + len(batch.rows))):
                self._witness.violated(
                    f"an append at {batch.rows[0].position} passed the fence; head is {head}"
                )
                raise JournalFailed("duplicate position")
            changes: list[Change] = [RowAppended(number, row) for row in batch.rows]
            return changes + [RefusalAppended(number, row) for row in batch.refusals], None

        return work

    def pulse(self, term: int) -> None:
        """Note that the holder of a term lives.  Raises: Fenced."""
        self.check_term(term)
        self.pulsed_at_us = self._loop.now_us

    def check_term(self, term: int) -> None:
        """Refuse an append under a term that is over.  Raises: Fenced."""
        if term != self.tables.term:
            raise Fenced(f"term {term} is over")

    def take_over_of(self, owner: str, may_take: Callable[[], bool]) -> Work:
        """Return the transaction that takes a new term, or answers None where that may not be."""

        def work(number: int) -> tuple[list[Change], object]:
            if not may_take():
                return [], None
            self.pulsed_at_us = self._loop.now_us
            term = self.tables.term + 1
            return [TermTaken(number, term, owner)], term

        return work

    @property
    def quiet_ms(self) -> int | None:
        """How long the holder of the lease has not been heard of."""
        return (self._loop.now_us - self.pulsed_at_us) // MILLISECOND_US if self.tables.term else None


class SimulatedJournal:
    """The journal table, from the caller's side."""

    def __init__(self, database: Database, witness: Witness) -> None:
        self._database = database
        self._witness = witness

    @property
    def _rows(self) -> MemoryJournal:
        return self._database.tables.journal

    async def append(self, term: int, batch: Batch) -> None:
        """Append in one transaction."""
        self._witness.decided(running_process(), batch)
        try:
            async with asyncio.timeout(APPEND_PATIENCE_S):
                work = self._database.append_of(term, batch)
                await self._database.transact("append", work, takes_lease_row=True)
        except TimeoutError as error:
            raise JournalUnavailable("timed out") from error

    async def head(self) -> int:
        """Return the last position."""
        return await self._database.read(lambda: len(self._rows.rows))

    async def read_from(self, position: int, limit: int) -> list[JournalRow]:
        """Return rows after `position`."""
        return await self._database.read(lambda: self._rows.rows[position : position + limit])

    async def read_outcomes(self, position: int, limit: int) -> list[JournalRow]:
        """Return rows after `position` that end a lot."""
        await self._database.read(lambda: None)
        return await self._rows.read_outcomes(position, limit)

    async def read_lot(self, lot: LotId, after: int, limit: int) -> list[JournalRow]:
        """Return rows of one lot after sequence `after`."""
        await self._database.read(lambda: None)
        return await self._rows.read_lot(lot, after, limit)

    async def open_lots(self) -> list[LotId]:
        """Return the lots that have begun and not ended."""
        await self._database.read(lambda: None)
        return await self._rows.open_lots()

    async def first_sequence_since(self, lot: LotId, at_us: TimeUs) -> int:
        """Return the first sequence at or after a moment."""
        await self._database.read(lambda: None)
        return await self._rows.first_sequence_since(lot, at_us)

    async def read_refusals(self, lot: LotId, since_us: TimeUs, limit: int) -> list[RefusalRow]:
        """Return refusals at or after a moment."""
        await self._database.read(lambda: None)
        return await self._rows.read_refusals(lot, since_us, limit)

    async def read_lots(
        self, known: Mapping[LotId, int], since_us: TimeUs
    ) -> AsyncIterator[list[JournalRow]]:
        """Yield the rows of many lots after what is known of each."""
        await self._database.read(lambda: None)
        async for rows in self._rows.read_lots(known, since_us):
            yield rows

    async def read_refusals_of(
        self, lots: Sequence[LotId], since_us: TimeUs
    ) -> AsyncIterator[list[RefusalRow]]:
        """Yield the refusals of many lots at or after a moment."""
        await self._database.read(lambda: None)
        async for refusals in self._rows.read_refusals_of(lots, since_us):
            yield refusals

    async def epoch(self) -> str:
        """Return the journal's identity."""
        return await self._database.read(lambda: EPOCH)


class SimulatedLease:
    """The lease row, from the caller's side."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def acquire(self, owner: str) -> int:
        """Take the shard over; waits for an append under way."""
        term = await self._taken(owner, lambda: True)
        assert term is not None
        return term

    async def acquire_quiet(self, owner: str, quiet_ms: int) -> int | None:
        """Take the shard over from a silent holder; None where he has been heard."""

        def is_silent() -> bool:
            quiet = self._database.quiet_ms
            return quiet is None or quiet >= quiet_ms

        return await self._taken(owner, is_silent)

    async def renew(self, owner: str) -> int:
        """Raise the term of the shard's owner, after an append under way."""

        def is_owner() -> bool:
            if self._database.tables.owner != owner:
                raise Fenced(f"{self._database.tables.owner} has taken over")
            return True

        term = await self._taken(owner, is_owner)
        assert term is not None
        return term

    async def pulse(self, term: int) -> None:
        """Say that the holder lives."""
        await self._database.read(lambda: self._database.pulse(term))

    async def quiet_ms(self) -> int | None:
        """Return how long the holder has been quiet."""
        return await self._database.read(lambda: self._database.quiet_ms)

    async def _taken(self, owner: str, may_take: Callable[[], bool]) -> int | None:
        work = self._database.take_over_of(owner, may_take)
        term = await self._database.transact("term", work, takes_lease_row=True)
        assert term is None or isinstance(term, int)
        return term


class SimulatedSnapshots:
    """The snapshot table, from the caller's side; it may lose what it was given."""

    def __init__(self, database: Database, faults: Faults) -> None:
        self._database = database
        self._faults = faults

    async def save(self, snapshots: Iterable[Snapshot]) -> None:
        """Keep snapshots."""
        given = list(snapshots)

        def work(number: int) -> tuple[list[Change], object]:
            return [SnapshotKept(number, snapshot) for snapshot in given], None

        if not self._faults.strikes(Fault.SNAPSHOT_LOST):
            await self._database.transact("snapshot", work, takes_lease_row=False)

    async def load(self, lot: LotId) -> Snapshot | None:
        """Return the latest snapshot."""
        await self._database.read(lambda: None)
        return self._database.tables.snapshots.get(lot)

    async def load_all(self, lots: Sequence[LotId]) -> list[Snapshot]:
        """Return the latest snapshots."""
        await self._database.read(lambda: None)
        return [kept for lot in lots if (kept := self._database.tables.snapshots.get(lot)) is not None]


def _fail(answer: asyncio.Future[object]) -> None:
    _give(answer, JournalUnavailable("the database is gone"))


def _give(answer: asyncio.Future[object], value: object) -> None:
    if answer.done():
        return
    if isinstance(value, Exception):
        answer.set_exception(value)
    else:
        answer.set_result(value)
