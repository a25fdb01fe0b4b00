"""Two shards in one thread: open lots move between their engines while people bid, and while nearly all goes wrong.

A second, smaller world beside `world`: engines, movers and memory's journals of two shards on the same virtual loop,
with requests that are slow, lost before the commit or after it, engines that die and come back, and clocks that differ.
Every lot has deposits, and each shard settles what ends in it.

Belongs here: this world, and what must hold of lots that move. Does not belong here: its engines and stores (`shards`),
gateways, torn logs, terms that are fought over (`world`).
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from exchange.lots import HeldLot, started
from exchange.ports import Accepted, Answer, Rejected, Unanswered
from exchange.records import GENESIS, JournalRow, chained
from matching.commands import AdmitBidder, AnnounceLot, Command, OpenLot, WithdrawLot
from matching.events import BidPlaced
from matching.lot import CLOSED_STATES, Lot
from matching.units import LotId
from tests.simulation.audit import Violated
from tests.simulation.event_loop import Process, SimulatedLoop, Stuck
from tests.simulation.faults import Faults
from tests.simulation.sales import HOST, START_US, Ideas, sale_terms
from tests.simulation.shards import SHARDS, MovingParts, ShardMachine, Way, shards_over
from tests.simulation.trace import Trace
from tests.simulation.treasury import SimulatedLedger, Treasury, check_books
from tests.simulation.world import silent_log

LOTS = range(1, 5)
PEOPLE = 3
STORM_SECONDS = 10
PATIENCE_SECONDS = 60
STEPS_MAX = 200_000
ANSWER_SECONDS = 2.5
SECOND_US = 1_000_000


class Moves:
    """The world of one seed."""

    def __init__(self, seed: int, parts: MovingParts) -> None:
        self.chance = random.Random(f"{seed}/moves")
        self.loop = SimulatedLoop(random.Random(f"{seed}/order"), STEPS_MAX)
        self.trace = Trace(lambda: self.loop.now_us)
        self.violations: list[str] = []
        self.moves = self.kills = 0
        self.way = Way(self.chance, self.chance.choice((0.0, 0.01, 0.05)))
        ground = shards_over(self.loop, self.trace, parts, self.way)
        self.places, self.journals = ground.places, ground.journals
        self.machines = [ShardMachine(shard, ground) for shard in range(SHARDS)]
        for machine in self.machines:
            machine.clock.wrong_by_us = self.chance.choice((0, 0, 200_000, SECOND_US))
        self.lots = {lot: sale_terms(self.chance, is_english=lot % 4 != 0) for lot in LOTS}
        self.ideas = Ideas(random.Random(f"{seed}/ideas"))
        self.people = [Process(f"person-{number}", self.loop) for number in range(PEOPLE)]
        self.told: dict[str, tuple[Command, Answer | None]] = {}
        faults = Faults(random.Random(f"{seed}/ledger faults"), {})
        self.faults = faults
        ledger = SimulatedLedger(self.loop, random.Random(f"{seed}/ledger"), faults)
        self.treasuries = [
            Treasury(
                ledger, self.loop, self.chance, self.trace, ground.journals[shard], ground.snapshots, shard
            )
            for shard in range(SHARDS)
        ]

    # -- the story ---------------------------------------------------------------------------------------------

    async def play(self) -> None:
        """Let it all happen, and compare.  Raises: Violated."""
        for machine in self.machines:
            machine.boot()
        settling = Process("treasurers", self.loop)
        for treasury in self.treasuries:
            settling.start(treasury.settle())
        preparing = [self.people[0].start(self._prepare(lot)) for lot in LOTS]
        for number, person in enumerate(self.people):
            person.start(self._ask_on(number))
        while self.loop.now_us < STORM_SECONDS * SECOND_US:
            await asyncio.sleep(0.5)
            self._trouble()
            self._look()
        self.way.is_good = self.faults.are_over = True
        await self._until("every lot is prepared", lambda: all(task.done() for task in preparing))
        ending = [self.people[0].start(self._give(WithdrawLot(lot, HOST, "the day is over"))) for lot in LOTS]
        await self._until("every lot ends", lambda: all(task.done() for task in ending))
        await self._until("every lot is settled", self._is_settled)
        await self._until("everybody is answered", lambda: all(answer for _, answer in self.told.values()))
        await self._compare()

    async def _prepare(self, lot: LotId) -> None:
        await self._give(AnnounceLot(lot, HOST, self.lots[lot]))
        for bidder in range(1, 5):
            if bidder % 2 or await self.treasuries[0].take_deposit(lot, bidder):
                await self._give(AdmitBidder(lot, bidder))
        if not self.lots[lot].opens_at_us:
            await self._give(OpenLot(lot, HOST))

    async def _ask_on(self, number: int) -> None:
        chance = random.Random(f"{self.chance.random()}/{number}")
        while self.loop.now_us < STORM_SECONDS * SECOND_US:
            await asyncio.sleep(chance.random() ** 2)
            lot = self.lot_as_recorded(chance.choice(LOTS))
            if lot is not None and lot.state not in CLOSED_STATES:
                self.people[number].start(self._give(self.ideas.next(lot, START_US + self.loop.now_us)))

    async def _give(self, command: Command) -> None:
        """Give a command, again and again with one id, until there is an answer that is final."""
        command_id = f"{self.chance.getrandbits(128):032x}"
        self.told[command_id] = (command, None)
        while True:
            answer = await self._ask(command_id, command)
            if isinstance(answer, Accepted | Rejected):
                before = self.told[command_id][1]
                assert before is None, "one asks until there is an answer, and then no more"
                self.told[command_id] = (command, answer)
                self.trace.note("person", "hears", command_id[:8], type(answer).__name__)
                return
            await asyncio.sleep(0.1 + self.chance.random() * 0.4)

    async def _ask(self, command_id: str, command: Command) -> Answer | Unanswered | None:
        heard: asyncio.Future[Answer | Unanswered] = self.loop.create_future()
        machine = self.machines[self.places.shard_of(command.lot)]
        if self.chance.random() < 0.1:
            machine = self.chance.choice(self.machines)

        def reply(answer: Answer | Unanswered) -> None:
            self.loop.world.call(int(self.chance.random() * 5_000), _set, heard, answer)

        machine.process.call(int(self.chance.random() * 5_000), machine.receive, command_id, command, reply)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await heard
        except TimeoutError:
            return None

    def _trouble(self) -> None:
        for lot in LOTS:
            if self.chance.random() < 0.25:
                self.moves += 1
                self.places.asked[lot] = 1 - self.places.shard_of(lot)
                self.trace.note("world", "asks to move", lot)
        for machine in self.machines:
            if machine.process.is_alive and self.chance.random() < 0.05:
                self.kills += 1
                self.trace.note(machine.process.name, "killed")
                machine.die()
            elif self.chance.random() < 0.5:
                machine.boot()

    async def _until(self, what: str, is_so: Callable[[], bool]) -> None:
        give_up_at = self.loop.time() + PATIENCE_SECONDS
        while not is_so():
            if self.loop.time() > give_up_at:
                self.expect(False, f"in the calm it does not come about that {what}")
                raise Violated(self.violations[0])
            await asyncio.sleep(0.2)
            for machine in self.machines:
                machine.boot()
            self._look()

    def _is_settled(self) -> bool:
        ledger = self.treasuries[0].ledger
        ends = [
            max((row.position for row in journal.rows if row.is_outcome), default=0)
            for journal in self.journals
        ]
        return all(ledger.settled(shard) >= end for shard, end in enumerate(ends))

    # -- what must hold ----------------------------------------------------------------------------------------

    def expect(self, is_so: bool, otherwise: str, *details: object) -> bool:
        """Compare."""
        if not is_so:
            self.violations.append(" ".join([otherwise, *map(str, details)]))
        return is_so

    @property
    def rows(self) -> list[JournalRow]:
        """All that is on record."""
        return [row for journal in self.journals for row in journal.rows]

    def lot_as_recorded(self, lot: LotId) -> Lot | None:
        """Return a lot as its record makes it, whichever shards wrote it."""
        held: HeldLot | None = None
        for row in self.places.rows_of(lot):
            record = row.record
            if held is None:
                held = started(lot, record)
            held.replay(row, record)
        return None if held is None else held.lot

    def _look(self) -> None:
        for error in (*self.loop.errors, *map(repr, self.loop.failures)):
            self.expect(False, f"a task fell over: {error}")
        for lot in LOTS:
            self._check_chain(lot)
        for shard, journal in enumerate(self.journals):
            positions = [row.position for row in journal.rows]
            is_whole = positions == list(range(1, len(positions) + 1))
            self.expect(is_whole, f"positions of shard {shard} have gaps")
        if self.violations:
            raise Violated(self.violations[0])

    def _check_chain(self, lot: LotId) -> None:
        link, at_us = GENESIS, 0
        for sequence, row in enumerate(self.places.rows_of(lot), 1):
            link = chained(link, row.body)
            is_next = row.sequence == sequence and row.link == link and row.at_us >= at_us
            if not self.expect(is_next, f"record {row.sequence} of lot {lot} does not follow the one before"):
                return
            at_us = row.at_us

    async def _compare(self) -> None:
        by_place = {(row.lot, row.sequence): row for row in self.rows}
        bids = Counter(row.record.command for row in self.rows if isinstance(row.record.event, BidPlaced))
        for command_id, (command, answer) in self.told.items():
            if isinstance(answer, Accepted):
                row = by_place.get((answer.lot, answer.sequence))
                is_there = row is not None and row.link == answer.link and answer.lot == command.lot
                self.expect(is_there, f"command {command_id} was acknowledged and is not on record")
            elif isinstance(answer, Rejected):
                self.expect(not bids[command_id], f"command {command_id} was refused and is on record")
        for lot in LOTS:
            held = self.lot_as_recorded(lot)
            self.expect(held is not None and held.state in CLOSED_STATES, f"lot {lot} is left open")
        if not self.violations:
            await check_books(self.treasuries[0], self)
        self._look()


def _set(heard: asyncio.Future[Answer | Unanswered], answer: Answer | Unanswered) -> None:
    if not heard.done():
        heard.set_result(answer)


@dataclass(frozen=True)
class MovingReport:
    """What one seed came to."""

    violations: list[str]
    trace: Trace
    moves: int
    kills: int
    records: int
    commands: int
    moved_lots: int
    """How many lots have records in both shards."""


def simulate_moves(seed: int, parts: MovingParts | None = None) -> MovingReport:
    """Play one seed to its end, or to the first promise that is broken."""
    with silent_log():
        world = Moves(seed, parts or MovingParts())
        try:
            world.loop.finish(world.play())
        except (Stuck, Violated, AssertionError) as ended:
            if not world.violations:
                world.violations.append(f"{type(ended).__name__}: {ended}")
        both = set.intersection(*({row.lot for row in journal.rows} for journal in world.journals))
        return MovingReport(
            world.violations,
            world.trace,
            world.moves,
            world.kills,
            len(world.rows),
            len(world.told),
            len(both),
        )
