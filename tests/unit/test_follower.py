"""Following a journal whose rows are heard in part, twice, or out of order: all is told, and nothing twice."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from exchange.adapters.memory import MemoryJournal, MemoryLease, MemorySnapshots
from exchange.adapters.ring import RingFeed
from exchange.follower import PAGE_ROWS, PORTION_ROWS, Follower, Tail
from exchange.ports import Accepted, Batch, FeedEntry
from exchange.records import JournalRow
from exchange.sequencer import Envelope, Sequencer
from matching.commands import AdmitBidder, AnnounceLot, Command, LeaveMaxBid, OpenLot, PlaceBid
from matching.lot import digest
from tests.clustered import ended
from tests.floor import HOST, START_US, terms
from tests.patience import until

BIDS = 1_500


class Everything:
    """Awaits every command."""

    def __contains__(self, key: object) -> bool:
        return True


class Written:
    """A journal full of rows, and the batches in which they were written."""

    def __init__(self, journal: MemoryJournal) -> None:
        self.journal = journal
        self.batches: list[list[JournalRow]] = []
        self.answers: list[Accepted] = []
        self.sequencer = Sequencer({}, 0, START_US)
        self._count = 0

    async def write(self, *commands: Command) -> None:
        """Decide commands in one batch and put it on record."""
        envelopes = []
        for command in commands:
            self._count += 1
            envelopes.append(Envelope(f"{self._count:032x}", command, lambda answer: None))
        step = self.sequencer.step(envelopes, START_US + self._count)
        await self.journal.append(0, Batch(step.batch.rows, []))
        self.answers += [answer for _, answer in step.replies if isinstance(answer, Accepted)]
        if step.batch.rows:
            self.batches.append(step.batch.rows)

    async def write_all(self, chance: random.Random) -> None:
        """Write the duel of two bidders, one of whom lets his limit bid: two records for each bid of the other."""
        await self.write(AnnounceLot(1, HOST, terms()))
        await self.write(AdmitBidder(1, 101), AdmitBidder(1, 102), OpenLot(1, HOST))
        await self.write(LeaveMaxBid(1, 101, 10_000_000))
        bid = 0
        while bid < BIDS:
            batch = [PlaceBid(1, 102, 120 + 20 * (bid + number)) for number in range(chance.randint(1, 300))]
            await self.write(*batch)
            bid += len(batch)


class Following:
    """A follower, its tail, and what they told."""

    def __init__(self, written: Written) -> None:
        self.feed = RingFeed()
        self.told: list[FeedEntry] = []
        self.received: list[Accepted] = []
        self.feed.listen(self.told.extend)
        self.follower = Follower(self.feed, MemorySnapshots(), Everything(), self._recorded)
        self.tail = Tail(self.follower, written.journal)

    def _recorded(self, answer: Accepted) -> None:
        assert self.feed.offset(answer.lot) >= answer.sequence
        self.received.append(answer)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        await self.tail.start()
        running = asyncio.create_task(self.tail.run())
        try:
            yield
        finally:
            await ended([running])


def assert_complete(written: Written, following: Following, already: int) -> None:
    """All rows after the first `already` were told once, in order, and never half of a command."""
    rows = written.journal.rows
    records = [record.sequence for entry in following.told for record in entry.records]
    assert records == [row.sequence for row in rows[already:]]
    assert following.received == [answer for answer in written.answers if answer.sequence > already]
    commands = [row.record.command for row in rows]
    ends = {n + 1 for n in range(len(rows)) if n + 1 == len(rows) or commands[n + 1] != commands[n]}
    assert {entry.offset for entry in following.told} <= ends
    copy, held = following.follower.lots[1], written.sequencer.lots[1]
    assert digest(copy.lot) == digest(held.lot) and copy.link == held.link


@pytest.mark.parametrize("seed", range(5))
async def test_whatever_is_heard_everything_is_told_once(seed: int) -> None:
    chance = random.Random(seed)
    written = Written(MemoryJournal(MemoryLease()))
    await written.write_all(chance)
    journal, rows = written.journal, written.journal.rows
    later = journal.rows[1:]
    journal.rows = rows[:1]
    following = Following(written)
    async with following.running():
        journal.rows = rows[:1] + later
        heard = [batch for batch in written.batches[1:] if chance.random() < 0.7]
        heard += chance.sample(heard, len(heard) // 4)
        for index in range(len(heard) - 1):
            if chance.random() < 0.3:
                heard[index], heard[index + 1] = heard[index + 1], heard[index]
        for batch in heard:
            following.tail.hear(batch, batch[-1].position)
            for _ in range(chance.randint(0, 5)):
                await asyncio.sleep(0)
        following.tail.hear([], len(journal.rows))
        await until(lambda: following.tail.position == len(journal.rows))
    assert len(journal.rows) > 2 * PAGE_ROWS > 2 * PORTION_ROWS
    assert_complete(written, following, already=1)


async def test_a_journal_that_goes_away_is_asked_again() -> None:
    written = Written(MemoryJournal(MemoryLease()))
    await written.write(AnnounceLot(1, HOST, terms()))
    following = Following(written)
    async with following.running():
        await written.write(AdmitBidder(1, 101))
        written.journal.is_available = False
        following.tail.hear([], 2)
        await asyncio.sleep(0.05)
        assert following.tail.position == 1
        written.journal.is_available = True
        await until(lambda: following.tail.position == 2)
    assert_complete(written, following, already=1)


async def test_what_waits_for_a_position_comes_after_its_rows() -> None:
    written = Written(MemoryJournal(MemoryLease()))
    await written.write(AnnounceLot(1, HOST, terms()))
    following = Following(written)
    reached: list[int] = []
    async with following.running():
        following.tail.when_reached(1, lambda: reached.append(len(following.received)))
        assert reached == [0], "it has been reached"
        await written.write(AdmitBidder(1, 101), OpenLot(1, HOST))
        following.tail.when_reached(3, lambda: reached.append(len(following.received)))
        assert reached == [0]
        await until(lambda: len(reached) == 2)
    assert reached == [0, 2]
