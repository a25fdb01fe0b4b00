"""Every format through the real exchange: engine, journal in PostgreSQL, a crash after every row, recovery.

One scenario of each format's tables is played twice over real records: once with a snapshot after every record, once
rebuilt from the journal alone. What comes out has to be what the rules alone make of it, row by row.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import islice

import asyncpg
import pytest

from exchange.adapters.clock import SimulatedClock
from exchange.adapters.lease import PostgresLease
from exchange.adapters.postgres import PostgresJournal, PostgresSnapshots
from exchange.engine import EngineLimits
from exchange.ports import Accepted, Rejected
from exchange.verification import verify_journal
from matching.commands import AdmitBidder, AnnounceLot, Command
from matching.events import Event
from matching.lot import apply, decide, digest
from matching.phases import FORMATS
from matching.refusals import Refused
from tests.floor import Floor
from tests.patience import PATIENCE_SECONDS
from tests.tables import (
    test_call_auction,
    test_debt,
    test_draw,
    test_dutch,
    test_english,
    test_first_refusal,
    test_gong,
    test_japanese,
    test_land,
    test_multi_unit,
    test_offers,
    test_order_book,
    test_priority,
    test_reserve_and_freeze,
    test_sealed,
    test_second_dimension,
    test_sell_off,
    test_simultaneous,
    test_turns,
)
from tests.tables.scenario import (
    HOST,
    LOT,
    START_US,
    Letters,
    Row,
    Scenario,
    bidder_of,
    lot_under,
    span_us,
    told,
)

SNAPSHOT_EVERY = {"a snapshot after every record": 1, "the journal alone": 1_000_000}
EACH = 1

FAMILIES = (
    test_english,
    test_priority,
    test_first_refusal,
    test_sell_off,
    test_land,
    test_second_dimension,
    test_offers,
    test_sealed,
    test_draw,
    test_turns,
    test_gong,
    test_dutch,
    test_japanese,
    test_multi_unit,
    test_order_book,
    test_call_auction,
    test_simultaneous,
    test_debt,
    test_reserve_and_freeze,
)


def showpieces() -> Iterator[tuple[str, Scenario]]:
    """Give the first scenarios, of those that an engine can play, of every table of every family."""
    for family in FAMILIES:
        for table, scenarios in vars(family).items():
            if isinstance(scenarios, dict) and isinstance(next(iter(scenarios.values()), None), Scenario):
                playable = ((name, scenario) for name, scenario in scenarios.items() if is_playable(scenario))
                for name, scenario in islice(playable, EACH):
                    yield f"{family.__name__.rpartition('.')[2]} {table.lower()}: {name}", scenario


def is_playable(scenario: Scenario) -> bool:
    """Tell whether an engine meets the deadlines of a scenario in the order of its rows.

    The rules can be asked what happens at a moment before its deadline has been decided, or between two deadlines of
    one moment. An engine never is: it meets every deadline that is due before it decides anything else.
    """
    lot = lot_under(scenario.terms, scenario.admitted, scenario.ranks)
    for row in scenario.rows:
        is_deadline = row.who == "clock"
        if not is_deadline and lot.due_at_us and row.at_us >= lot.due_at_us:
            return False
        decision = decide(lot, row.command, row.at_us)
        if isinstance(decision, Refused):
            continue
        for happened in decision:
            apply(lot, happened, row.at_us)
        if lot.due_at_us and lot.due_at_us <= row.at_us:
            return False
    return True


SHOWPIECES = dict(showpieces())


@asynccontextmanager
async def floor_over(database_url: str, snapshot_every: int) -> AsyncIterator[Floor]:
    """Give an engine over PostgreSQL, with a clock that moves when told."""
    async with asyncpg.create_pool(database_url, min_size=1, max_size=3) as pool:
        journal = PostgresJournal(database_url, pool, timeout_ms=60_000)
        limits = EngineLimits(snapshot_every_records=snapshot_every, command_deadline_ms=60_000)
        clock = SimulatedClock(START_US - span_us("1:00:00"))
        yield Floor(journal, PostgresSnapshots(pool), PostgresLease(pool), clock, limits)
        await journal.close()


class Performance:
    """A scenario on its way through one exchange after the other: each row ends with a crash."""

    def __init__(self, floor: Floor, scenario: Scenario) -> None:
        self.floor = floor
        self.scenario = scenario
        self.records = 0
        self.lot = lot_under(scenario.terms, scenario.admitted, scenario.ranks)
        """What the rules alone make of the records."""

    async def run(self) -> None:
        """Play it all; every row has to make happen what its last column says."""
        async with self.floor.running():
            await self._begin()
        for row in self.scenario.rows:
            self.floor = self.floor.successor()
            async with self.floor.running():
                assert (row, await self._outcome(row)) == (row, row.then)

    async def _begin(self) -> None:
        await self._give(AnnounceLot(LOT, HOST, self.scenario.terms))
        for letter in self.scenario.admitted:
            rank = self.scenario.ranks.get(letter, 0)
            await self._give(AdmitBidder(LOT, bidder_of(letter), rank))
        self.records = len(await self._events_after(0))

    async def _give(self, given: Command) -> None:
        assert isinstance(await self.floor.give(given), Accepted)

    async def _outcome(self, row: Row) -> str:
        """Give the row's command, or let its deadline come, and tell what the journal says of it."""
        clock = self.floor.clock
        clock.advance(row.at_us - clock.now_us())
        if row.who == "clock" and row.then.startswith("refused"):
            # The engine's schedule holds only deadlines that are due: one that was moved is never asked for.
            assert self.floor.engine._sequencer.next_deadline_us != row.at_us
            return row.then
        if row.who == "clock":
            self.floor.engine._wake.set()
            events = await self._until_recorded()
        else:
            command_id = secrets.token_hex(16)
            await self.floor.engine.load(LOT)
            answer = await self.floor.give(row.command, command_id)
            again = await self.floor.give(row.command, command_id)
            assert again.is_repeat and type(again) is type(answer)
            if isinstance(answer, Rejected):
                return self._told(answer.refused)
            events = await self._events_after(self.records)
        self.records += len(events)
        for happened in events:
            apply(self.lot, happened, row.at_us)
        return self._told(events)

    async def _until_recorded(self) -> list[Event]:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (events := await self._events_after(self.records)):
                await asyncio.sleep(0.001)
        return events

    async def _events_after(self, sequence: int) -> list[Event]:
        return [row.event for row in await self.floor.journal.read_lot(LOT, sequence, 10_000)]

    def _told(self, decision: list[Event] | Refused) -> str:
        return told(decision, Letters(self.scenario.rows, self.lot))


@pytest.mark.parametrize("snapshot_every", SNAPSHOT_EVERY.values(), ids=SNAPSHOT_EVERY)
@pytest.mark.parametrize("name", SHOWPIECES)
async def test_a_format_survives_a_crash_after_every_row(
    database_url: str, name: str, snapshot_every: int
) -> None:
    scenario = SHOWPIECES[name]
    async with floor_over(database_url, snapshot_every) as floor:
        performance = Performance(floor, scenario)
        await performance.run()
        report = await verify_journal([floor.journal], floor.snapshots)
        assert report.is_sound, report.discrepancies
        assert report.digests == {LOT: digest(scenario.play())}


def formats_shown() -> Iterator[str]:
    """Name the formats that the showpieces go through."""
    for scenario in SHOWPIECES.values():
        for terms in scenario.terms.programme:
            yield FORMATS[type(terms)]


def test_no_format_is_left_out() -> None:
    assert set(formats_shown()) == set(FORMATS.values())
