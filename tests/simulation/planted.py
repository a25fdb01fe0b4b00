"""Bugs put in on purpose, each of them something that an engineer could write: the simulation has to find them all.

Belongs here: parts of the world with one mistake each, and why somebody might make it.
Does not belong here: the simulation, how fast a mistake is found.
"""

from __future__ import annotations

import asyncio
from typing import Any

from msgspec import structs

from exchange.cluster.engine_end import EngineEnd
from exchange.cluster.messages import Given
from exchange.engine import Engine
from exchange.lots import HeldLot
from exchange.ports import Answer, Busy, Clock, Lease, Unanswered
from exchange.records import JournalRow
from exchange.recovery import save_quietly
from exchange.sequencer import Envelope, Sequencer, Step
from exchange.settlement import CURSOR
from ledger.records import Draft, Scope
from ledger.settlement import LotOutcome
from ledger.store import Cursor
from matching.units import TimeUs
from tests.simulation.database import Database, Work
from tests.simulation.disk import Change, Disk
from tests.simulation.faults import Fault
from tests.simulation.treasury import Treasury
from tests.simulation.world import Parts


class AnswersBeforeCommit(Engine):
    """Answers at once, and lets the disk follow: it is so much faster."""

    async def _record(self, step: Step) -> None:
        for reply, answer in step.replies:
            reply(answer)
        step.replies.clear()
        await super()._record(step)


class ShowsBeforeCommit(Engine):
    """Tells the watchers while the disk still works."""

    async def _record(self, step: Step) -> None:
        self._feed.publish([touched.entry for touched in step.touched.values()])
        await super()._record(step)


class KeepsSnapshotsOfTheFuture(Engine):
    """Takes its snapshots beside the append instead of after it."""

    async def _record(self, step: Step) -> None:
        snapshots = [touched.held.snapshot() for touched in step.touched.values()]
        saving = asyncio.create_task(save_quietly(self._snapshots, snapshots))
        self._saving.add(saving)
        await super()._record(step)


class ForgetsAnswers(Engine):
    """Does not remember over a restart which commands it has answered."""

    async def _rebuild(self) -> None:
        await super()._rebuild()
        for held in self._sequencer.lots.values():
            held.answers.clear()


class KeepsOutagesToItself(Engine):
    """Does not tell what became durable while it could not know."""

    async def _publish_missed(self, held: HeldLot) -> None:
        if not self._feed.offset(held.lot.id):
            await super()._publish_missed(held)


class SaysBusyWhenInDoubt(Engine):
    """Takes an append whose answer was lost for one that failed."""

    def _answer_on_record(self, envelope: Envelope) -> Answer | Unanswered:
        return Busy(envelope.command_id)


class PatientSequencer(Sequencer):
    """Does not mind how late a deadline is met."""

    def _meet_deadlines(self, *arguments: Any) -> None:
        terms = {lot: held.lot.terms for lot, held in self.lots.items()}
        for held in self.lots.values():
            held.lot.terms = structs.replace(held.lot.terms, outage_tolerance_us=10**12)
        super()._meet_deadlines(*arguments)
        for lot, before in terms.items():
            self.lots[lot].lot.terms = before


class ClosesWhatIsOverdue(Engine):
    """Knows of no outage: what is due is decided, however late."""

    async def _rebuild(self) -> None:
        await super()._rebuild()
        self._sequencer.__class__ = PatientSequencer


class FlatteredClock:
    """Shows the deadline for as long as the engine has not met it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.sequencer = Sequencer({}, 0, 0)

    def now_us(self) -> TimeUs:
        """Return the time, or the deadline that has passed."""
        now_us, due_us = self._clock.now_us(), self.sequencer.next_deadline_us
        return now_us if due_us is None else max(min(now_us, due_us), self.sequencer.now_us)


class IsNeverLate(Engine):
    """Dates what it decides too late as if it had been in time."""

    def __init__(self, *, clock: Clock, **others: Any) -> None:
        self._flattered = FlatteredClock(clock)
        super().__init__(clock=self._flattered, **others)

    async def _rebuild(self) -> None:
        await super()._rebuild()
        self._flattered.sequencer = self._sequencer


class BelievesItsOwnClock(Engine):
    """Goes by the clock of its machine, whatever is on record already."""

    async def _rebuild(self) -> None:
        await super()._rebuild()
        self._sequencer.now_us = 0


class LazyLease:
    """Renews without asking the database."""

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._term = 0

    async def acquire(self, owner: str) -> int:
        """Take the shard over."""
        self._term = await self._lease.acquire(owner)
        return self._term

    async def renew(self, owner: str) -> int:
        """Return the term as it was."""
        return self._term

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lease, name)


class TrustsItsTerm(Engine):
    """After an outage goes on under its old term, with an append perhaps still on its way."""

    def __init__(self, *, lease: Lease, **others: Any) -> None:
        super().__init__(lease=LazyLease(lease), **others)


class UnfencedDatabase(Database):
    """Takes an append under any term."""

    def check_term(self, term: int) -> None:
        """Refuse nothing."""


class UnlockedDatabase(Database):
    """Looks at the term at the beginning of an append, and does not keep it from changing until the end."""

    async def transact(self, what: str, work: Work, *, takes_lease_row: bool) -> object:
        """Let the server run a transaction beside all others."""
        return await super().transact(what, work, takes_lease_row=False)


class LenientDisk(Disk):
    """Takes what it finds in its log, whether the commit is there or not."""

    def found(self, complete: list[list[Change]], begun: dict[int, list[Change]]) -> list[list[Change]]:
        """Return everything."""
        return complete + list(begun.values())


class LenientDatabase(Database):
    """Recovers half a transaction."""

    disk = LenientDisk


class NeverDeaf(EngineEnd):
    """Trades on while nobody can be heard."""

    @property
    def is_heard(self) -> bool:
        """Believe the best."""
        return True


class DecidesWhatItsPredecessorWasGiven(EngineEnd):
    """Takes a command over that the engine before it may have called busy."""

    def _turn_away(self, given: Given) -> None:
        assert self._engine is not None
        self._take(self._engine, given)


class MovesTheCursorFirst(Treasury):
    """Notes that a lot is settled, and then settles it."""

    async def pay(self, outcome: LotOutcome, row: JournalRow) -> None:
        """Move the cursor, then the money."""
        await self.ledger.post_planned(
            Scope(), lambda view: Draft(answer=None), cursor=Cursor(CURSOR, row.position)
        )
        await self.deposits.settle(outcome)


PLANTED: dict[str, Parts] = {
    "answers before the commit": Parts(engine=AnswersBeforeCommit),
    "shows before the commit": Parts(engine=ShowsBeforeCommit),
    "snapshots before the commit": Parts(engine=KeepsSnapshotsOfTheFuture),
    "forgets its answers at a restart": Parts(engine=ForgetsAnswers),
    "does not tell what it missed": Parts(engine=KeepsOutagesToItself, emphasis={Fault.ANSWER_LOST: 0.06}),
    "says busy when in doubt": Parts(engine=SaysBusyWhenInDoubt),
    "closes what is overdue": Parts(engine=ClosesWhatIsOverdue),
    "dates back what is overdue": Parts(engine=IsNeverLate),
    "goes by its own clock": Parts(engine=BelievesItsOwnClock),
    "keeps its term after an outage": Parts(engine=TrustsItsTerm, emphasis={Fault.CONNECTION_CUT: 0.08}),
    "trades on while nobody is heard": Parts(
        end=NeverDeaf, is_clustered=True, emphasis={Fault.WIRE_CUT: 0.15}
    ),
    "decides what its predecessor was given": Parts(end=DecidesWhatItsPredecessorWasGiven, is_clustered=True),
    "no fence": Parts(database=UnfencedDatabase),
    "a fence without a lock": Parts(database=UnlockedDatabase, emphasis={Fault.CONNECTION_CUT: 0.08}),
    "half a transaction after a crash": Parts(database=LenientDatabase),
    "moves the cursor before the money": Parts(
        treasury=MovesTheCursorFirst, emphasis={Fault.LEDGER_LOST: 0.2}
    ),
}
