"""Bidders, the host and watchers: they keep the id of what they want, and ask again until they know.

Belongs here: what people do at the other end of the network. Does not belong here: what they must be told (`audit`).
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeAlias

from msgspec import Struct

from exchange.ports import Accepted, Answer, FeedEntry, JournalUnavailable, Rejected, Unanswered
from exchange.records import public_record
from matching.commands import Command
from matching.refusals import Refusal
from matching.units import LotId
from matching.view import LotView, PublicRecord
from tests.simulation.audit import Auditor, Told
from tests.simulation.doors import Door
from tests.simulation.event_loop import Process, SimulatedLoop
from tests.simulation.network import Network
from tests.simulation.trace import Trace

PATIENCE_SECONDS = (0.3, 1.0, 2.5)
BACKOFF_SECONDS = (0.1, 0.3, 1.0, 2.0)
UNKNOWN_LOT_ASKED_MAX = 3


class Person:
    """Somebody who gives commands, and asks with the same id until he has an answer."""

    def __init__(
        self,
        name: str,
        loop: SimulatedLoop,
        chance: random.Random,
        network: Network,
        doors: Sequence[Door],
        auditor: Auditor,
        trace: Trace,
    ) -> None:
        self.process = Process(name, loop)
        self.under_way = 0
        """How many of his commands have no answer yet."""
        self._loop = loop
        self._chance = chance
        self._network = network
        self._doors = doors
        self._auditor = auditor
        self._trace = trace
        self._favourite = doors[0]
        self._asked: dict[str, asyncio.Future[Answer | Unanswered]] = {}

    def gives(self, command: Command) -> asyncio.Task[Answer]:
        """Begin to give a command."""
        return self.process.start(self.give(command))

    async def give(self, command: Command) -> Answer:
        """Give a command, again and again with one id, until there is an answer that is final."""
        command_id = f"{self._chance.getrandbits(128):032x}"
        self._auditor.told[command_id] = Told(command)
        self._trace.note(self.process.name, "wants", command_id[:8], command)
        self.under_way += 1
        unknown = tries = 0
        while True:
            answer = await self._ask(command_id, command)
            if isinstance(answer, Accepted | Rejected):
                unknown += isinstance(answer, Rejected) and answer.refused.code is Refusal.LOT_UNKNOWN
                if isinstance(answer, Accepted) or answer.refused.code is not Refusal.LOT_UNKNOWN:
                    break
                if unknown >= UNKNOWN_LOT_ASKED_MAX:
                    break
            else:
                self._favourite = self._chance.choice(self._doors)
            backoff = BACKOFF_SECONDS[min(tries, len(BACKOFF_SECONDS) - 1)]
            tries += 1
            await asyncio.sleep(backoff * (0.5 + self._chance.random()))
        self.under_way -= 1
        if self._chance.random() < 0.1:
            self.process.call(int(self._chance.random() * 8_000_000), self._send, command_id, command)
        return answer

    async def _ask(self, command_id: str, command: Command) -> Answer | Unanswered | None:
        """Send a command once; None when nothing was heard in time."""
        heard: asyncio.Future[Answer | Unanswered] = self._loop.create_future()
        self._asked[command_id] = heard
        self._send(command_id, command)
        try:
            async with asyncio.timeout(self._chance.choice(PATIENCE_SECONDS)):
                return await heard
        except TimeoutError:
            return None

    def _send(self, command_id: str, command: Command) -> None:
        door = self._favourite

        def reply(answer: Answer | Unanswered) -> None:
            self._network.send(self.process, self._hear, command_id, answer)

        self._network.send(door.process, door.receive, command_id, command, reply)

    def _hear(self, command_id: str, answer: Answer | Unanswered) -> None:
        if not isinstance(answer, Unanswered):
            self._auditor.hears(command_id, answer)
        waiting = self._asked.get(command_id)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)


class Shown(Struct):
    """What a watcher is sent of a lot: its view at `offset`, and the records that end there."""

    offset: int
    view: LotView
    records: list[PublicRecord]
    is_start: bool
    """Whether this begins a subscription; the records follow the watcher's own only where they can."""


Say: TypeAlias = Callable[[Shown], None]


class Watcher:
    """Somebody who follows a lot over connections that break, and goes on where he stopped."""

    def __init__(
        self,
        name: str,
        loop: SimulatedLoop,
        chance: random.Random,
        doors: Sequence[Door],
        auditor: Auditor,
        lot: LotId,
    ) -> None:
        self.process = Process(name, loop)
        self.lot = lot
        self.offset = 0
        """Up to which record he has seen the lot."""
        self.stays = False
        """Whether he keeps the connection that he has."""
        self.jumps = 0
        """How often he was shown a state without the records before it."""
        self._chance = chance
        self._doors = doors
        self._auditor = auditor
        self._connection: object = None

    async def watch(self) -> None:
        """Follow, now at this door, now at that, until he stays."""
        while not self.stays:
            self.connect(self._chance.choice(self._doors))
            await asyncio.sleep(1 + self._chance.random() * 4)

    def connect(self, door: Door) -> None:
        """Leave the last connection and subscribe at a door, from the own place on."""
        connection: deque[Shown] = deque()
        self._connection = connection

        def arrive() -> None:
            shown = connection.popleft()
            if self._connection is connection:
                self.see(shown)

        def say(shown: Shown) -> None:
            connection.append(shown)
            self.process.call(int(self._chance.random() * 20_000), arrive)

        door.process.call(int(self._chance.random() * 20_000), _subscribed, door, self.lot, self.offset, say)

    def see(self, shown: Shown) -> None:
        """Compare what is shown with the record, and with what was seen before."""
        entry = FeedEntry(self.lot, shown.offset, shown.records, shown.view, {})
        self._auditor.published(self.process.name, [entry])
        begins_after = shown.offset - len(shown.records)
        if shown.is_start and begins_after != self.offset:
            self.jumps += 1
        else:
            self._auditor.expect(begins_after == self.offset, f"{self.process.name} misses records")
        self.offset = shown.offset


def _subscribed(door: Door, lot: LotId, offset: int, say: Say) -> None:
    """Show a lot from `offset` on, at the door's end: as a session does, out of the ring or the journal."""
    if door.hall is not None and not _shown(door, lot, door.feed.since(lot, offset), say):
        door.process.start(_subscribed_by_journal(door, lot, offset, say))


async def _subscribed_by_journal(door: Door, lot: LotId, offset: int, say: Say) -> None:
    hall = door.hall
    assert hall is not None
    try:
        if await hall.load(lot) is None:
            return
        rows = await door.journal.read_lot(lot, offset, 1_000)
    except JournalUnavailable:
        return
    records = [public_record(row.record) for row in rows if row.sequence <= door.feed.offset(lot)]
    if not _shown(door, lot, records, say):
        _shown(door, lot, door.feed.since(lot, offset) or [], say)


def _shown(door: Door, lot: LotId, records: list[PublicRecord] | None, say: Say) -> bool:
    """Say where the lot stands and follow it: one synchronous act, so that nothing slips in between."""
    offset, view = door.feed.offset(lot), door.feed.view(lot)
    if records is None or view is None or (records and records[-1].sequence != offset):
        return False

    def follow(entries: Sequence[FeedEntry]) -> None:
        for entry in entries:
            if entry.lot == lot:
                say(Shown(entry.offset, entry.view, entry.records, is_start=False))

    say(Shown(offset, view, records, is_start=True))
    door.feed.listen(follow)
    return True
