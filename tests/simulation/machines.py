"""A machine with a clock of its own that runs an engine, waits behind another, dies, stands still and comes back.

Belongs here: the life of an engine's process, and its front door.
Does not belong here: when it dies (`world`), what it is asked (`people`).
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from exchange.adapters.ring import RingFeed
from exchange.engine import Engine, EngineLimits
from exchange.measures import Measures
from exchange.ports import (
    Answer,
    Busy,
    FeedEntry,
    Fenced,
    JournalFailed,
    JournalUnavailable,
    Lease,
    OutcomeUnknown,
    Reply,
    SnapshotStore,
    Unanswered,
)
from matching.commands import Command
from matching.units import TimeUs
from tests.simulation.audit import Auditor
from tests.simulation.database import SimulatedJournal
from tests.simulation.event_loop import Process, SimulatedLoop
from tests.simulation.sales import START_US
from tests.simulation.trace import Trace

STANDBY_AFTER_MS = 1_500
PULSE_SECONDS = 0.5
POLL_SECONDS = 0.4


class MachineClock:
    """The clock of one machine: true time, and what it is wrong by."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self._loop = loop
        self.wrong_by_us = 0

    def now_us(self) -> TimeUs:
        """Return microseconds since the Unix epoch."""
        return START_US + self._loop.now_us + self.wrong_by_us


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every machine of a simulation works with."""

    loop: SimulatedLoop
    trace: Trace
    auditor: Auditor
    journal: SimulatedJournal
    snapshots: SnapshotStore
    lease: Lease
    engine: Callable[..., Engine]
    measures: Measures


class Machine:
    """Runs one engine process after the other."""

    def __init__(self, name: str, chance: random.Random, around: Surroundings) -> None:
        self.name = name
        self.clock = MachineClock(around.loop)
        self.engine: Engine | None = None
        """The engine that serves here; None while none does."""
        self.feed = RingFeed()
        self.process = Process(name, around.loop)
        self.may_take_over = False
        """Whether the next engine takes the shard from whoever holds it."""
        self.journal = around.journal
        self._around = around
        self._limits = EngineLimits(
            command_deadline_ms=2_000,
            snapshot_every_records=chance.choice((3, 10, 10_000)),
            batch_commands_max=chance.choice((3, 2_000)),
        )
        self._starts = 0

    def boot(self) -> None:
        """Start a new process, unless one runs."""
        if self.process.is_alive and self._starts:
            return
        self._starts += 1
        self.process = Process(self.name, self._around.loop)
        self.process.start(self._serve())

    def die(self) -> None:
        """End the process where it stands."""
        self.process.kill()
        self.engine = None

    async def _serve(self) -> None:
        try:
            await self._stand_by()
            engine = self._new_engine()
            await engine.start()
            self._around.trace.note(self.name, "serves", "term", engine.term)
            self.engine = engine
            self.process.start(self._prove(engine))
            await engine.run()
        except (Fenced, JournalFailed, JournalUnavailable) as error:
            self._around.trace.note(self.name, "ends", type(error).__name__)
        except Exception as error:  # noqa: BLE001  # whatever it is, it must not be
            self._around.auditor.violated(f"{self.name} fell over {error!r}")
        self.die()

    async def _stand_by(self) -> None:
        """Wait until the shard's holder is silent."""
        while not self.may_take_over:
            try:
                quiet_ms = await self._around.lease.quiet_ms()
            except JournalUnavailable:
                quiet_ms = 0
            if quiet_ms is None or quiet_ms >= STANDBY_AFTER_MS:
                return
            await asyncio.sleep(POLL_SECONDS)
        self.may_take_over = False

    def _new_engine(self) -> Engine:
        around = self._around
        self.feed = RingFeed(records_max=50)
        self.feed.listen(self._published)
        return around.engine(
            clock=self.clock,
            journal=around.journal,
            snapshots=around.snapshots,
            lease=around.lease,
            feed=self.feed,
            measures=around.measures,
            limits=self._limits,
            owner=f"{self.name}/{self._starts}",
        )

    async def _prove(self, engine: Engine) -> None:
        """Say now and then that the engine lives; find out when it is not the shard's any more."""
        while True:
            await asyncio.sleep(PULSE_SECONDS)
            try:
                await engine.prove()
            except JournalUnavailable:
                continue
            except Fenced:
                self._around.trace.note(self.name, "ends", "fenced as it proved its term")
                self.die()
                return

    def _published(self, entries: Sequence[FeedEntry]) -> None:
        self._around.auditor.published(self.name, entries)

    # -- the front door ----------------------------------------------------------------------------------------

    def receive(self, command_id: str, command: Command, reply: Reply) -> None:
        """Take a command as a session does: a lot that is not at hand is fetched first."""
        engine = self.engine
        if engine is None:
            reply(Busy(command_id))
        elif engine.holds(command.lot):
            self._post(engine, command_id, command, reply)
        else:
            self.process.start(self._post_to_ended(engine, command_id, command, reply))

    async def _post_to_ended(self, engine: Engine, command_id: str, command: Command, reply: Reply) -> None:
        try:
            await engine.load(command.lot)
        except JournalUnavailable:
            reply(Busy(command_id))
            return
        self._post(engine, command_id, command, reply)

    def _post(self, engine: Engine, command_id: str, command: Command, reply: Reply) -> None:
        heard = self._around.auditor.arrives(command_id)

        def answer(given: Answer | Unanswered) -> None:
            self._around.trace.note(self.name, "answers", command_id[:8], _short(given))
            heard(given)
            reply(given)

        self._around.trace.note(self.name, "takes", command_id[:8], type(command).__name__, command.lot)
        try:
            engine.post(command_id, command, answer)
        except Busy as busy:
            answer(busy)


def _short(answer: Answer | Unanswered) -> str:
    if isinstance(answer, Unanswered):
        return (
            "busy" if isinstance(answer, Busy) else "unknown" if isinstance(answer, OutcomeUnknown) else "?"
        )
    refused = getattr(answer, "refused", None)
    place = f"record {getattr(answer, 'sequence', 0)}" if refused is None else refused.code.name
    return f"{place}{' again' if answer.is_repeat else ''}"
