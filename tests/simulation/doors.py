"""Where people come in: an engine's own process, or a gateway that follows the engines from afar.

Belongs here: taking commands as a session does, and the gateway's process.
Does not belong here: people, the engine's process (`machines`).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from exchange.adapters.ring import RingFeed
from exchange.cluster.gateway_end import HallLimits, OneShard, RemoteHall, ShardLink
from exchange.measures import Measures
from exchange.ports import (
    Accepted,
    Answer,
    Busy,
    FeedEntry,
    Fenced,
    Hall,
    Journal,
    JournalFailed,
    JournalUnavailable,
    OutcomeUnknown,
    Reply,
    SnapshotStore,
    Unanswered,
)
from matching.commands import Command
from matching.units import TimeUs
from tests.simulation.audit import Auditor
from tests.simulation.event_loop import Process, SimulatedLoop
from tests.simulation.sales import START_US
from tests.simulation.trace import Trace
from tests.simulation.wire import Wire, WireEnd

COMMAND_DEADLINE_MS = 2_000
RING_RECORDS = 50


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
    """What every process of a simulation works with."""

    loop: SimulatedLoop
    trace: Trace
    auditor: Auditor
    journal: Journal
    snapshots: SnapshotStore
    measures: Measures
    wire: Wire | None
    """What engines and gateways are connected by; None where people come to the engine itself."""


class Door:
    """A process that people's commands and subscriptions reach; it dies and starts again."""

    def __init__(self, name: str, around: Surroundings) -> None:
        self.name = name
        self.clock = MachineClock(around.loop)
        self.process = Process(name, around.loop)
        self.hall: Hall | None = None
        """The trading, as it is reached from here; None while nothing serves."""
        self.feed = RingFeed()
        self.journal = around.journal
        self.end: WireEnd | None = None
        self.around = around
        self.starts = 0

    def boot(self) -> None:
        """Start a new process, unless one runs."""
        if self.process.is_alive and self.starts:
            return
        self.starts += 1
        self.process = Process(self.name, self.around.loop)
        self.feed = RingFeed(records_max=RING_RECORDS)
        self.feed.listen(self._published)
        self.end = None if self.around.wire is None else self.around.wire.end(self.process)
        self.process.start(self._live())

    def die(self) -> None:
        """End the process where it stands."""
        self.process.kill()
        self.hall = None

    async def serve(self) -> None:
        """Do what the process is for, until it ends."""
        raise AssertionError("every door serves in its own way")

    async def _live(self) -> None:
        try:
            await self.serve()
        except* (Fenced, JournalFailed, JournalUnavailable) as ended:
            self.around.trace.note(self.name, "ends", *(type(error).__name__ for error in ended.exceptions))
        self.die()

    def _published(self, entries: Sequence[FeedEntry]) -> None:
        self.around.auditor.published(self.name, entries)

    # -- commands ----------------------------------------------------------------------------------------------

    def receive(self, command_id: str, command: Command, reply: Reply) -> None:
        """Take a command as a session does: a lot that is not at hand is fetched first."""
        hall = self.hall
        if hall is None:
            reply(Busy(command_id))
        elif hall.holds(command.lot):
            self._post(hall, command_id, command, reply)
        else:
            self.process.start(self._post_to_ended(hall, command_id, command, reply))

    async def _post_to_ended(self, hall: Hall, command_id: str, command: Command, reply: Reply) -> None:
        try:
            await hall.load(command.lot)
        except JournalUnavailable:
            reply(Busy(command_id))
            return
        self._post(hall, command_id, command, reply)

    def _post(self, hall: Hall, command_id: str, command: Command, reply: Reply) -> None:
        auditor, trace = self.around.auditor, self.around.trace
        heard = auditor.arrives(command_id)

        def answer(given: Answer | Unanswered) -> None:
            trace.note(self.name, "answers", command_id[:8], _short(given))
            if isinstance(given, Accepted):
                is_shown = self.feed.offset(given.lot) >= given.sequence
                auditor.expect(is_shown, f"{self.name} answers what it does not show yet: {given}")
            heard(given)
            reply(given)

        trace.note(self.name, "takes", command_id[:8], type(command).__name__, command.lot)
        try:
            hall.post(command_id, command, answer)
        except Busy as busy:
            answer(busy)


class Gateway(Door):
    """A process without an engine: what it shows and answers comes from the engine's machine and the journal."""

    def __init__(self, name: str, chance: random.Random, around: Surroundings) -> None:
        super().__init__(name, around)
        self._patience_ms = chance.choice((500, 5_000))

    async def serve(self) -> None:
        """Follow the journal and carry commands.  Raises: JournalUnavailable, at the start."""
        around = self.around
        assert self.end is not None, "a gateway is connected to engines"
        hall = RemoteHall(
            shards=[ShardLink(self.end, self.journal)],
            placement=OneShard(),
            snapshots=around.snapshots,
            feed=self.feed,
            clock=self.clock,
            measures=around.measures,
            limits=HallLimits(command_deadline_ms=self._patience_ms),
        )
        await hall.start()
        around.trace.note(self.name, "opens")
        self.hall = hall
        await hall.run()


def _short(answer: Answer | Unanswered) -> str:
    if isinstance(answer, Unanswered):
        return "unknown" if isinstance(answer, OutcomeUnknown) else "busy"
    refused = getattr(answer, "refused", None)
    place = f"record {getattr(answer, 'sequence', 0)}" if refused is None else refused.code.name
    return f"{place}{' again' if answer.is_repeat else ''}"
