"""One simulated exchange from its first lot to its closed books: the same seed, the same story.

    storm: people ask, machines die, the database crashes, clocks jump ─► calm: everything works, every question gets
    its answer, every lot ends, every deposit goes where it belongs ─► the auditor compares

Belongs here: who is in the world and what happens to it when.
Does not belong here: what must hold (`audit`), how each part behaves.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog

from exchange.cluster.engine_end import EngineEnd
from exchange.engine import Engine
from exchange.measures import Measures
from matching.commands import AdmitBidder, AnnounceLot, OpenLot, WithdrawLot
from matching.lot import CLOSED_STATES
from matching.terms import LotTerms
from matching.units import LotId, TimeUs
from tests.simulation.audit import Auditor, Violated
from tests.simulation.database import Database, SimulatedJournal, SimulatedLease, SimulatedSnapshots
from tests.simulation.doors import Door, Gateway, Surroundings
from tests.simulation.event_loop import Process, SimulatedLoop, Stuck
from tests.simulation.faults import Fault, Faults
from tests.simulation.machines import Machine
from tests.simulation.network import Network
from tests.simulation.people import Person, Watcher
from tests.simulation.sales import HOST, START_US, Ideas, lots_of
from tests.simulation.trace import Trace
from tests.simulation.treasury import SimulatedLedger, Treasury, check_books
from tests.simulation.wire import Wire

STORM_SECONDS = 10
PATIENCE_SECONDS = 60
STEPS_MAX = 100_000
BIDDERS = 4
SECOND_US = 1_000_000


@dataclass(frozen=True)
class Parts:
    """What the world is built of; a test that plants a bug puts its own part in."""

    engine: Callable[..., Engine] = Engine
    end: Callable[..., EngineEnd] = EngineEnd
    database: Callable[..., Database] = Database
    treasury: Callable[..., Treasury] = Treasury
    emphasis: Mapping[Fault, float] = field(default_factory=dict)
    """Rates of faults that are not left to chance."""
    is_clustered: bool | None = None
    """Whether people come in through gateways; None: as the seed will have it."""


@dataclass(frozen=True)
class Report:
    """What one simulation came to."""

    seed: int
    violations: list[str]
    trace: Trace
    faults: Counter[Fault]
    steps: int
    records: int
    commands: int
    checked: int
    formats: set[str] = field(default_factory=set)


def simulate(seed: int, parts: Parts | None = None) -> Report:
    """Play one seed to its end, or to the first promise that is broken."""
    with silent_log():
        world = World(seed, parts or Parts())
        try:
            world.loop.finish(world.play())
        except (Stuck, Violated) as ended:
            if not world.auditor.violations:
                world.auditor.violated(f"{type(ended).__name__}: {ended}")
        return world.report()


class World:
    """Everything there is, and what happens to it."""

    def __init__(self, seed: int, parts: Parts) -> None:
        self.seed = seed
        self.chance = self._stream("world")
        self.loop = SimulatedLoop(self._stream("order"), STEPS_MAX)
        self.trace = Trace(lambda: self.loop.now_us)
        self.faults = Faults(self._stream("faults"), parts.emphasis)
        self.auditor = Auditor(self.trace, self._clock_of, self._latest_us, self._deaf_us)
        self.auditor.halt = self._halt
        self.database = parts.database(
            self.loop, self._stream("database"), self.faults, self.trace, self.auditor
        )
        journal = SimulatedJournal(self.database, self.auditor)
        snapshots = SimulatedSnapshots(self.database, self.faults)
        by_chance = self.chance.random() < 0.5
        is_clustered = by_chance if parts.is_clustered is None else parts.is_clustered
        self.wire = Wire(self.loop, self._stream("wire"), self.faults) if is_clustered else None
        self.auditor.may_lose_refusals = self.wire is not None
        around = Surroundings(self.loop, self.trace, self.auditor, journal, snapshots, Measures(), self.wire)
        self.machines = [
            Machine(name, self._stream(name), around, SimulatedLease(self.database), parts.engine, parts.end)
            for name in ("machine-0", "machine-1")[: self.chance.choice((1, 2, 2))]
        ]
        self.gateways = [
            Gateway(name, self._stream(name), around)
            for name in ("gateway-0", "gateway-1")[: self.chance.choice((1, 2)) if self.wire else 0]
        ]
        self.doors: list[Door] = [*self.machines, *self.gateways]
        self.by_name = {door.name: door for door in self.doors}
        self.database.kill, self.database.fall = self._kill, self._fall
        self.furthest_ahead_us = 0
        self.network = Network(self._stream("network"), self.faults)
        self.lots = lots_of(self._stream("lots"))
        self.ideas = Ideas(self._stream("ideas"))
        self.people = [self._person(f"person-{number}") for number in range(3)]
        self.watchers = [self._watcher(number) for number in range(2)]
        ledger = SimulatedLedger(self.loop, self._stream("ledger"), self.faults)
        self.treasury = parts.treasury(ledger, self.loop, self.chance, self.trace, journal, snapshots)
        self.treasurer = Process("treasurer", self.loop)

    def _stream(self, name: str) -> random.Random:
        """Return a source of chance of its own, so that one part's draws do not shift another's."""
        return random.Random(f"{self.seed}/{name}")

    @property
    def _open_doors(self) -> Sequence[Door]:
        """Where people come in: the gateways, where there are any."""
        return self.gateways or self.machines

    def _person(self, name: str) -> Person:
        return Person(
            name, self.loop, self._stream(name), self.network, self._open_doors, self.auditor, self.trace
        )

    def _watcher(self, number: int) -> Watcher:
        name = f"watcher-{number}"
        lot = self.chance.choice(list(self.lots))
        return Watcher(name, self.loop, self._stream(name), self._open_doors, self.auditor, lot)

    # -- the story ---------------------------------------------------------------------------------------------

    async def play(self) -> None:
        """Let it all happen, and compare.  Raises: Violated, after the first promise that is broken."""
        self._begin()
        await self._storm()
        await self._calm()
        await self._compare()

    def _begin(self) -> None:
        self.machines[0].boot()
        for door in self.doors[1:]:
            self.loop.call_later(self.chance.random(), door.boot)
        self.treasurer.start(self.treasury.settle())
        for watcher in self.watchers:
            watcher.process.start(watcher.watch())
        for lot, terms in self.lots.items():
            self.people[0].process.start(self._prepare(self.people[0], lot, terms))

    async def _prepare(self, host: Person, lot: LotId, terms: LotTerms) -> None:
        """Announce a lot, admit bidders, those first who pay a deposit, and open it if nobody else does."""
        await host.give(AnnounceLot(lot, HOST, terms))
        for bidder in range(1, BIDDERS + 1):
            if bidder % 2 or await self.treasury.take_deposit(lot, bidder):
                host.gives(AdmitBidder(lot, bidder))
        await asyncio.sleep(1)
        if not terms.opens_at_us:
            await host.give(OpenLot(lot, HOST))

    async def _storm(self) -> None:
        for person in self.people:
            person.process.start(self._ask_on(person))
        while self.loop.now_us < STORM_SECONDS * SECOND_US:
            await self._pass(0.5)
            self._trouble()
        self.faults.are_over = True

    async def _ask_on(self, person: Person) -> None:
        """Let a person give whatever comes to mind."""
        chance = self._stream(f"ideas of {person.process.name}")
        while self.loop.now_us < STORM_SECONDS * SECOND_US:
            await asyncio.sleep(chance.random() ** 2 * 1.2)
            held = list(self.auditor.lots.values())
            under_way = [each for each in held if not each.lot.is_closed]
            if chance.random() < 0.1:
                under_way = held
            if under_way:
                lot = chance.choice(under_way).lot
                person.gives(self.ideas.next(lot, START_US + self.loop.now_us))

    async def _calm(self) -> None:
        """Let everything work again, and wait until all is answered, ended and settled."""
        self.trace.note("world", "calm")
        if not self.database.is_up:
            self.database.restart()
        for door in self.doors:
            if door.end is not None:
                door.end.mend()
                door.end.notice()
            door.process.resume()
            door.boot()
        await self._until("every command is answered", lambda: not any(p.under_way for p in self.people))
        await self._pass(2)
        await self._until("an engine serves", lambda: self._serving() is not None)
        self._expect_no_deadline_passed()
        host = self.people[0]
        ending = [host.gives(WithdrawLot(lot, HOST, "the day is over")) for lot in self.lots]
        await self._until("every lot ends", lambda: all(task.done() for task in ending))
        await self._until("every lot is settled", self._is_settled)
        await self._pass(1)

    def _is_settled(self) -> bool:
        outcomes = [row.position for row in self.auditor.rows if row.is_outcome]
        return not outcomes or self.treasury.ledger.settled() >= outcomes[-1]

    def _expect_no_deadline_passed(self) -> None:
        machine = self._serving()
        assert machine is not None and machine.engine is not None
        for held in self.auditor.lots.values():
            due_us, now_us = held.lot.due_at_us, machine.engine.now_us()
            late = f"lot {held.lot.id} was due at {due_us}, and nothing has happened by {now_us}"
            self.auditor.expect(not 0 < due_us < now_us - SECOND_US, late)

    def _serving(self) -> Machine | None:
        """Return the machine whose engine holds the shard."""
        term = self.database.tables.term
        serving = (m for m in self.machines if m.engine is not None and m.engine.term == term)
        return next(serving, None)

    async def _compare(self) -> None:
        """Compare what is left at the end with what the record makes of it."""
        expect = self.auditor.expect
        machine = self._serving()
        assert machine is not None, "in the calm no engine goes away"
        ways_in: Sequence[Door] = self.gateways or [machine]
        for lot, held in self.auditor.lots.items():
            expect(held.lot.state in CLOSED_STATES, f"lot {lot} is left {held.lot.state}")
            for door in (machine, *ways_in):
                assert door.hall is not None
                shown = door.feed.offset(lot)
                expect(shown in (0, held.lot.sequence), f"{door.name} shows lot {lot} only up to {shown}")
                await door.hall.load(lot)
                served = door.hall.lot(lot)
                is_same = served is not None and self.auditor.is_as_recorded(served)
                expect(is_same, f"{door.name} holds lot {lot} as it is not")
                is_shown = door.feed.offset(lot) == held.lot.sequence
                expect(is_shown, f"{door.name} never showed the end of lot {lot}")
        for watcher in self.watchers:
            watcher.stays = True
            watcher.connect(self.chance.choice(ways_in))
        await self._pass(1)
        for watcher in self.watchers:
            lot_seen = self.auditor.lot_as_recorded(watcher.lot)
            end = 0 if lot_seen is None else lot_seen.sequence
            expect(
                watcher.offset == end, f"{watcher.process.name} saw lot {watcher.lot} up to {watcher.offset}"
            )
        await check_books(self.treasury, self.auditor)
        for snapshot in self.database.tables.snapshots.values():
            self.auditor.check_snapshot(snapshot)
        self._look()

    # -- trouble -----------------------------------------------------------------------------------------------

    def _trouble(self) -> None:
        """Do to the machines and the database what chance has in store for this half second."""
        strikes = self.faults.strikes
        if strikes(Fault.DATABASE_CRASHED):
            self._fall()
        if strikes(Fault.DATABASE_FLICKERED):
            self.database.flicker()
        if strikes(Fault.TREASURER_KILLED):
            self.treasurer.kill()
            self.treasurer = Process("treasurer", self.loop)
            self.treasurer.start(self.treasury.settle())
        if self.wire is not None and strikes(Fault.WIRE_FLUSHED):
            self.wire.flush()
        for machine in self.machines:
            self._trouble_door(machine, Fault.ENGINE_KILLED, Fault.ENGINE_PAUSED)
            self._trouble_machine(machine)
        for gateway in self.gateways:
            self._trouble_door(gateway, Fault.GATEWAY_KILLED, Fault.GATEWAY_PAUSED)

    def _trouble_door(self, door: Door, killed: Fault, paused: Fault) -> None:
        strikes, chance = self.faults.strikes, self.chance
        if not door.process.is_alive:
            if chance.random() < 0.25:
                door.boot()
            return
        if strikes(killed):
            self._kill(door.process)
        elif not door.process.is_paused and strikes(paused):
            self.trace.note(door.name, "stands still")
            door.process.pause()
            self.loop.call_later(chance.random() * 6, self._wake, door.process)
        if self.wire is not None and door.end is not None and not door.end.is_cut and strikes(Fault.WIRE_CUT):
            seconds = chance.random() * 5
            self.trace.note(door.name, "is cut off for", f"{seconds:.3f} s")
            self.wire.cut(door.end, seconds)

    def _trouble_machine(self, machine: Machine) -> None:
        strikes, chance = self.faults.strikes, self.chance
        if machine.engine is None and strikes(Fault.ENGINE_TAKEN_OVER):
            machine.may_take_over = True
        for fault, sign in ((Fault.CLOCK_FORWARD, 1), (Fault.CLOCK_BACK, -1)):
            if strikes(fault):
                machine.clock.wrong_by_us += sign * int(chance.random() ** 2 * 10 * SECOND_US)
                self.furthest_ahead_us = max(self.furthest_ahead_us, machine.clock.wrong_by_us)
                self.trace.note(machine.name, "clock is wrong by", machine.clock.wrong_by_us)

    def _kill(self, process: Process) -> None:
        door = self.by_name.get(process.name)
        if door is not None and door.process is process:
            self.trace.note(door.name, "killed")
            door.die()

    def _wake(self, process: Process) -> None:
        if process.is_alive and process.is_paused:
            self.trace.note(process.name, "goes on")
            process.resume()

    def _fall(self) -> None:
        if self.database.is_up:
            self.database.crash()
            self.loop.call_later(self.chance.random() * 4, self._mend)

    def _mend(self) -> None:
        if not self.database.is_up:
            self.database.restart()

    # -- time --------------------------------------------------------------------------------------------------

    async def _pass(self, seconds: float) -> None:
        """Let some time pass, and look around.  Raises: Violated."""
        await asyncio.sleep(seconds)
        self._look()

    async def _until(self, what: str, is_so: Callable[[], bool]) -> None:
        """Wait for something that has to come about.  Raises: Violated."""
        give_up_at = self.loop.time() + PATIENCE_SECONDS
        while not is_so():
            if self.loop.time() > give_up_at:
                self.auditor.violated(f"in the calm it does not come about that {what}")
            await self._pass(0.2)
            for door in self.doors:
                door.boot()

    def _look(self) -> None:
        if self.loop.errors:
            self.auditor.violated(self.loop.errors[0])
        for error in self.loop.failures:
            self.auditor.violated(f"a task fell over {error!r}")
        if self.auditor.violations:
            raise Violated(self.auditor.violations[0])

    def _clock_of(self, name: str) -> TimeUs:
        return self.by_name[name].clock.now_us()

    def _deaf_us(self, name: str) -> int:
        """Return for how long a machine has heard nobody."""
        end = self.by_name[name].end
        return self.loop.now_us - end.cut_at_us if end is not None and end.is_cut else 0

    def _latest_us(self) -> TimeUs:
        return START_US + self.loop.now_us + self.furthest_ahead_us

    def _halt(self) -> None:
        self.loop.is_halted = True

    def report(self) -> Report:
        """Return what it came to."""
        auditor = self.auditor
        formats = {type(phase).__name__ for terms in self.lots.values() for phase in terms.programme}
        return Report(
            self.seed, auditor.violations, self.trace, self.faults.counts, self.loop.steps, len(auditor.rows),
            len(auditor.told), auditor.checked, formats,
        )  # fmt: skip


@contextmanager
def silent_log() -> Iterator[None]:
    """Let the exchange say nothing to the log meanwhile: the trace says it all, and faster."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    try:
        yield
    finally:
        structlog.configure(**before)
