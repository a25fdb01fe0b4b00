"""The engine: takes whatever commands have arrived, lets the sequencer decide them, makes that durable, tells it.

    run ─► take ─► Sequencer.step (synchronous, pure) ─► Journal.append (one commit) ─► tell

There is no timer between commands: while one commit is under way the next batch collects. Nothing is answered
or published before its commit. When the journal cannot be reached the engine forgets what it holds and rebuilds
it from the journal, exactly as at a start; commands in doubt get the answer that the journal gives.

Belongs here: the loop, group commit, starting, outages.
Does not belong here: order and deadlines (`exchange.sequencer`), rules (`matching`), storage, sessions.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from itertools import islice

import msgspec
import structlog
from msgspec import Struct

from exchange import recovery
from exchange.asking import answered
from exchange.lots import HeldLot
from exchange.measures import Measures
from exchange.ports import (
    Answer,
    Busy,
    Clock,
    EventFeed,
    Fenced,
    Journal,
    JournalUnavailable,
    Lease,
    OutcomeUnknown,
    Outside,
    Reply,
    SnapshotStore,
    Unanswered,
)
from exchange.records import public_record
from exchange.sequencer import Envelope, Sequencer, Step
from exchange.shards import Placement
from exchange.waiting import within
from matching.commands import Command
from matching.lot import Lot
from matching.units import LotId, TimeUs
from matching.view import LotView

log = structlog.get_logger(__name__)

ALARM_SECONDS_MAX = 1.0
COLD_LOTS_MAX = 1_000
"""How many lots that have ended are held at once."""

PROOF_SECONDS_MAX = 1.0
"""How old the last proof of its term may be when an engine with an outside answers without an append."""

LISTENING_SECONDS = 0.02
"""How often an engine that is not heard looks whether it is."""

SNAPSHOTS_AT_ONCE = 100
"""How many snapshots are taken between two steps."""

SNAPSHOT_RECORDS_MIN = 50
"""Fewer records than these are replayed as fast as a snapshot is read."""


class EngineLimits(Struct, frozen=True):
    """The bounds that the engine keeps."""

    inbox_commands_max: int = 20_000
    batch_commands_max: int = 2_000
    batch_deadlines_max: int = 200
    """When lots end by the thousand in one second, the event loop need not stand still until the last is decided."""
    command_deadline_ms: int = 5_000
    snapshot_every_records: int = 2_000
    tail_records_max: int = 50_000
    """Records since the snapshots, of all lots together, that a start may have to replay beside a few of each lot."""
    retry_ms: int = 200


class Departure(Struct, frozen=True):
    """A lot that is to leave, and whom to tell whether it did."""

    lot: LotId
    to: int
    done: asyncio.Future[bool]

    def settle(self, has_left: bool) -> None:
        """Tell whoever still waits."""
        if not self.done.done():
            self.done.set_result(has_left)


class Engine:
    """Single writer of one shard, and its command bus inside the process.

    `start`, then `run` until it raises; `post` and `submit` from the same event loop.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        journal: Journal,
        snapshots: SnapshotStore,
        lease: Lease,
        feed: EventFeed,
        measures: Measures,
        limits: EngineLimits | None = None,
        owner: str = "engine",
        outside: Outside | None = None,
        placement: Placement | None = None,
        shard: int = 0,
    ) -> None:
        self._clock = clock
        self._journal = journal
        self._snapshots = snapshots
        self._lease = lease
        self._feed = feed
        self._measures = measures
        self._limits = limits or EngineLimits()
        self._owner = owner
        self._outside = outside
        self._was_heard = False
        self._placement = placement
        self._shard = shard
        self._proven_at = float("-inf")
        self._sequencer = Sequencer({}, 0, 0)
        self._inbox: deque[Envelope] = deque()
        self._wake = asyncio.Event()
        self._alarm: asyncio.TimerHandle | None = None
        self._told_position = 0
        self._cold: deque[LotId] = deque()
        self._to_fetch: dict[LotId, None] = {}
        """Lots held before an outage that may have ended in it, in order; kept over attempts to rebuild that fail."""
        self._unsaved: dict[LotId, HeldLot] = {}
        """Lots that wait for their snapshot to be taken."""
        self._grown: dict[LotId, HeldLot] = {}
        """Lots that have grown since `_grown_records` was 0, which counts by how much together."""
        self._grown_records = 0
        self._saving: set[asyncio.Task[None]] = set()
        self._departures: deque[Departure] = deque()
        self.term = 0
        """The term under which this engine writes."""
        self.first_term = 0
        """The term with which this engine took the shard over; it has raised it itself since, or nobody has."""
        self.epoch = ""
        """The identity of the journal it writes to."""
        self.is_writable = False
        """Whether commands are taken now."""
        self.outcome_recorded = asyncio.Event()
        """Set after each commit that ends a lot, and at each start; whoever settles clears it."""

    # -- what others see: only what is durable -----------------------------------------------------------------

    def view(self, lot_id: LotId) -> LotView | None:
        """Return the public state of a lot; None when the engine does not hold it."""
        return self._feed.view(lot_id)

    def holds(self, lot_id: LotId) -> bool:
        """Tell whether commands for a lot can be decided as it is; one that has ended may have to be loaded first."""
        return lot_id in self._sequencer.lots

    async def load(self, lot_id: LotId) -> LotView | None:
        """Return the public state of any lot, fetching one that ended before this start.

        Raises: JournalUnavailable.
        """
        if lot_id not in self._sequencer.lots:
            await self._fetch(lot_id)
        return self._feed.view(lot_id)

    def lot(self, lot_id: LotId) -> Lot | None:
        """Return the state on which the next decision is made. It may be ahead of the journal: show none of it."""
        held = self._sequencer.lots.get(lot_id)
        return None if held is None else held.lot

    @property
    def position(self) -> int:
        """The journal position up to which everything is told."""
        return self._told_position

    def now_us(self) -> TimeUs:
        """Return the engine's time: the clock's, but never earlier than anything it has recorded."""
        return max(self._sequencer.now_us, self._clock.now_us())

    # -- the command bus ---------------------------------------------------------------------------------------

    def post(self, command_id: str, command: Command, reply: Reply) -> None:
        """Hand over a command; see `CommandBus.post`.  Raises: Busy."""
        is_full = len(self._inbox) >= self._limits.inbox_commands_max
        if not self.is_writable or is_full or self._is_elsewhere(command.lot):
            self._measures.busy += 1
            raise Busy(command_id)
        self._inbox.append(Envelope(command_id, command, reply))
        self._wake.set()

    async def submit(self, command_id: str, command: Command) -> Answer:
        """Hand over a command and wait for its answer; see `CommandBus.submit`.  Raises: Busy, OutcomeUnknown."""
        seconds = self._limits.command_deadline_ms / 1000
        return await answered(self.post, command_id, command, seconds)

    # -- the loop ----------------------------------------------------------------------------------------------

    async def start(self, term: int | None = None) -> None:
        """Take the shard over and rebuild its lots from the journal.  Raises: JournalUnavailable.

        Args:
            term: one that this owner has taken already, as a standby does; None to take one now.
        """
        self.term = self.first_term = await self._lease.acquire(self._owner) if term is None else term
        self.epoch = await self._journal.epoch()
        await self._rebuild()
        sequencer = self._sequencer
        log.info("engine.started", term=self.term, lots=len(sequencer.lots), position=sequencer.position)

    async def run(self) -> None:
        """Decide and record, for ever.

        Raises: Fenced, JournalFailed. After either the engine must not be used any more.
        """
        while True:
            await self._wake.wait()
            # One turn of the event loop: whoever is at the door already belongs into this batch.
            await asyncio.sleep(0)
            if self._outside is not None and not self._outside.is_heard:
                await self._until_heard(self._outside)
            self._wake.clear()
            while self._departures:
                await self._depart(self._departures.popleft())
            envelopes = self._take()
            step = self._sequencer.step(envelopes, self._clock.now_us(), self._limits.batch_deadlines_max)
            try:
                await self._record(step)
            except JournalUnavailable as error:
                await self._outage(envelopes, error)
            else:
                self._tell(step)
                self._inbox.extendleft(reversed(step.postponed))
            self._set_alarm()

    async def prove(self) -> None:
        """Say that this engine lives, having made sure that its term is not over.

        Raises: Fenced, JournalUnavailable.
        """
        began_at, term = asyncio.get_running_loop().time(), self.term
        try:
            await within(self._limits.command_deadline_ms / 1000, self._lease.pulse(term))
        except TimeoutError as error:
            raise JournalUnavailable(str(error)) from error
        except Fenced:
            if self.term == term and self.is_writable:
                raise
            return  # the engine is raising its term itself just now, and will be told there if it must not
        self._proven_at = max(self._proven_at, began_at)

    async def _until_heard(self, outside: Outside) -> None:
        """Let everything stand while bidders cannot be heard: an outage never closes a lot."""
        if self._was_heard:
            log.warning("engine.not_heard", term=self.term)
        while not outside.is_heard:
            await asyncio.sleep(LISTENING_SECONDS)
        log.info("engine.heard", term=self.term)
        self._was_heard = True

    def _take(self) -> list[Envelope]:
        """Return whatever has arrived, within the bound of a batch."""
        inbox = self._inbox
        if len(inbox) > self._limits.batch_commands_max:
            self._wake.set()
            return [inbox.popleft() for _ in range(self._limits.batch_commands_max)]
        envelopes = list(inbox)
        inbox.clear()
        return envelopes

    async def _record(self, step: Step) -> None:
        """Make the step durable.  Raises: Fenced, JournalUnavailable, JournalFailed."""
        if step.is_empty:
            if step.replies and self._outside is not None:
                await self._prove_for_answers()
            return
        began_at = asyncio.get_running_loop().time()
        try:
            with self._measures.commit_seconds.time():
                await self._journal.append(self.term, step.batch)
        except BaseException:
            self.is_writable = False
            raise
        self._proven_at = began_at
        self._measures.took(step.batch)

    async def _prove_for_answers(self) -> None:
        """Make sure that answers which need no append are this engine's to give: a successor may know better."""
        if asyncio.get_running_loop().time() - self._proven_at < PROOF_SECONDS_MAX:
            return
        try:
            await self.prove()
        except BaseException:
            self.is_writable = False
            raise

    def _tell(self, step: Step) -> None:
        """Publish what has just become durable, then answer: an answer is given from where the lot now stands."""
        self._told_position = self._sequencer.position
        if self._outside is not None and step.batch.rows:
            self._outside.tell(step.batch.rows)
        self._feed.publish([touched.entry for touched in step.touched.values()])
        for reply, answer in step.replies:
            reply(answer)
        for deadline in step.deadlines:
            self._measures.deadline_lateness_seconds.observe(deadline.late_us / 1e6)
        self._keep_snapshots(step)
        for lot in [lot for lot, touched in step.touched.items() if touched.held.lot.is_closed]:
            self._retire(lot)
            self.outcome_recorded.set()

    def _keep_snapshots(self, step: Step) -> None:
        """Snapshot lots that have grown enough since their last one, some at a time, once nothing more urgent is due.

        A lot that has grown much is due by itself; all that have grown at all are, once it is much together.
        Between two steps the lots hold only what is committed.
        """
        every = self._limits.snapshot_every_records
        for lot, touched in step.touched.items():
            self._grown[lot] = touched.held
            if touched.held.needs_snapshot(every):
                self._unsaved[lot] = touched.held
            if touched.held.lot.is_closed:
                del self._grown[lot]
        self._grown_records += len(step.batch.rows)
        if self._grown_records > self._limits.tail_records_max:
            self._unsaved |= {
                lot: held for lot, held in self._grown.items() if held.grown >= SNAPSHOT_RECORDS_MIN
            }
            self._grown, self._grown_records = {}, 0
        due_at_us = self._sequencer.next_deadline_us
        if not self._unsaved or (due_at_us is not None and due_at_us <= self._clock.now_us()):
            return
        some = list(islice(self._unsaved, SNAPSHOTS_AT_ONCE))
        snapshots = [self._unsaved.pop(lot).snapshot() for lot in some]
        saving = asyncio.create_task(recovery.save_quietly(self._snapshots, snapshots))
        self._saving.add(saving)
        saving.add_done_callback(self._saving.discard)
        if self._unsaved:
            self._wake.set()

    def _set_alarm(self) -> None:
        """Wake the loop when the earliest deadline comes."""
        due_at_us = self._sequencer.next_deadline_us
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if due_at_us is not None:
            is_due = due_at_us <= self._sequencer.now_us
            left_seconds = 0.0 if is_due else (due_at_us - self._clock.now_us()) / 1e6
            # The clock may be set while the loop sleeps, so it is looked at again before long.
            delay_seconds = min(max(left_seconds, 0.0), ALARM_SECONDS_MAX)
            self._alarm = asyncio.get_running_loop().call_later(delay_seconds, self._wake.set)

    # -- lots that come and go -----------------------------------------------------------------------------------

    async def release(self, lot: LotId, to: int) -> bool:
        """Let another shard have a lot, between two batches; False when it is not held, or has ended.

        Commands for it are answered busy from then on. Cancelling it leaves the lot here or there.
        """
        departure = Departure(lot, to, asyncio.get_running_loop().create_future())
        self._departures.append(departure)
        self._wake.set()
        return await departure.done

    async def adopt(self, lot: LotId) -> bool:
        """Go on with an open lot that has been placed in this shard; False when that is not possible now.

        A deadline that came meanwhile is decided at once, and by its lateness.  Raises: JournalUnavailable.
        """
        held = await recovery.recover_lot(
            self._journal, self._snapshots, lot, self._clock.now_us() - recovery.ANSWERS_HORIZON_US
        )
        last = await self._journal.read_lot(lot, held.lot.sequence - 1, 1)
        await self._publish_missed(held)
        if not self.is_writable or lot in self._sequencer.lots or held.lot.is_closed:
            return False
        self._sequencer.adopt(held, last[0].at_us)
        log.info("engine.lot_adopted", lot=lot, sequence=held.lot.sequence, shard=self._shard)
        self._wake.set()
        return True

    async def _depart(self, departure: Departure) -> None:
        """Give a lot away for good. What the outage of a journal leaves in doubt the journal decides."""
        lot, placement = departure.lot, self._placement
        held = self._sequencer.lots.get(lot)
        assert placement is not None, "lots move only where there is a placement"
        if held is None or held.lot.is_closed:
            departure.settle(False)
            return
        placement.note(lot, departure.to)
        del self._sequencer.lots[lot]
        waiting = [envelope for envelope in self._inbox if envelope.command.lot == lot]
        self._inbox = deque(envelope for envelope in self._inbox if envelope.command.lot != lot)
        try:
            await placement.places.release(lot, self._shard, self.term, departure.to)
        except JournalUnavailable as error:
            self.is_writable = False
            await self._outage(waiting, error)
            departure.settle(lot not in self._sequencer.lots)
            return
        _answer_all(waiting, Busy)
        self._feed.forget(lot)
        log.info("engine.lot_released", lot=lot, sequence=held.lot.sequence, to=departure.to)
        departure.settle(True)

    def _is_elsewhere(self, lot: LotId) -> bool:
        """Tell whether a lot that is not held may be in other hands, or on its way here."""
        placement = self._placement
        if placement is None or lot in self._sequencer.lots:
            return False
        return placement.is_moved(lot) or placement.shard_of(lot) != self._shard

    # -- starting, and starting again --------------------------------------------------------------------------

    async def _rebuild(self) -> None:
        """Hold exactly what the journal holds, and publish what of it was never told.  Raises: JournalUnavailable."""
        recovered = await recovery.recover(self._journal, self._snapshots, self._clock.now_us())
        if self._placement is not None:
            # Read last: a lot that arrives between two readings is then known to come from elsewhere, or not held yet.
            await self._placement.refresh()
        now_us = max(self._sequencer.now_us, recovered.last_at_us)
        for lot in [
            lot for lot in recovered.lots if self._placement is not None and self._placement.is_moved(lot)
        ]:
            # Its last record may be another shard's, by another clock.
            last = await self._journal.read_lot(lot, recovered.lots[lot].lot.sequence - 1, 1)
            now_us = max(now_us, last[0].at_us)
        self._to_fetch |= {lot: None for lot in self._sequencer.lots if lot not in recovered.lots}
        self._sequencer = Sequencer(recovered.lots, recovered.position, now_us)
        self._cold.clear()
        self._unsaved.clear()
        self._grown = {
            lot: held for lot, held in recovered.lots.items() if held.grown >= SNAPSHOT_RECORDS_MIN
        }
        self._grown_records = sum(held.grown for held in self._grown.values())
        for held in tuple(recovered.lots.values()):
            await self._publish_missed(held)
        while self._to_fetch:
            lot = next(iter(self._to_fetch))
            await self._fetch(lot)
            del self._to_fetch[lot]
        self._told_position = recovered.position
        self.is_writable = True
        self.outcome_recorded.set()
        self._wake.set()
        if self._outside is not None:
            self._outside.tell(())

    async def _publish_missed(self, held: HeldLot) -> None:
        """Publish where a lot stands, with the records after those already published.  Raises: JournalUnavailable."""
        published = self._feed.offset(held.lot.id)
        missed = held.lot.sequence - published
        rows = await self._journal.read_lot(held.lot.id, published, missed) if published and missed else []
        self._feed.publish([held.entry([public_record(row.record) for row in rows], held.bidders)])

    async def _fetch(self, lot: LotId) -> None:
        """Hold a lot that has ended, so that repeats get their first answer.  Raises: JournalUnavailable."""
        held = await recovery.recover_ended(self._journal, self._snapshots, lot)
        if held is None or not held.lot.is_closed or lot in self._sequencer.lots:
            return
        self._sequencer.lots[lot] = held
        await self._publish_missed(held)
        self._retire(lot)

    def _retire(self, lot: LotId) -> None:
        """Hold a lot that has ended only while there is room; let go of the one that ended or was fetched first."""
        self._cold.append(lot)
        if len(self._cold) > COLD_LOTS_MAX:
            oldest = self._cold.popleft()
            self._sequencer.lots.pop(oldest, None)
            self._feed.forget(oldest)

    async def _outage(self, in_doubt: list[Envelope], error: JournalUnavailable) -> None:
        """Refuse new commands until the journal is back, then answer those in doubt by what it says."""
        log.warning("engine.journal_unavailable", in_doubt=len(in_doubt), error=str(error))
        _answer_all(self._inbox, Busy)
        self._inbox.clear()
        deadline_seconds = self._limits.command_deadline_ms / 1000
        # By the clock and not between two attempts: one may wait for long, as for a synchronous copy that is gone.
        giving_up = asyncio.get_running_loop().call_later(deadline_seconds, _give_up, in_doubt)
        try:
            while not self.is_writable:
                await asyncio.sleep(self._limits.retry_ms / 1000)
                # The append in doubt may still be running somewhere: a new term waits for it, or forbids it.
                with suppress(JournalUnavailable):
                    self.term = await self._lease.renew(self._owner)
                    await self._rebuild()
        finally:
            giving_up.cancel()
        log.info("engine.journal_back", in_doubt=len(in_doubt), position=self._sequencer.position)
        for envelope in in_doubt:
            envelope.reply(self._answer_on_record(envelope))

    def _answer_on_record(self, envelope: Envelope) -> Answer | Unanswered:
        held = self._sequencer.lots.get(envelope.command.lot)
        known = None if held is None else held.answers.get(envelope.command_id)
        return Busy(envelope.command_id) if known is None else msgspec.structs.replace(known, is_repeat=True)


def _answer_all(envelopes: Iterable[Envelope], answer: type[Unanswered]) -> None:
    for envelope in envelopes:
        envelope.reply(answer(envelope.command_id))


def _give_up(in_doubt: list[Envelope]) -> None:
    _answer_all(in_doubt, OutcomeUnknown)
    in_doubt.clear()
