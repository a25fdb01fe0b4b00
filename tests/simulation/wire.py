"""The carrier between engines and gateways: entries keep their order on each way, and that is all they keep.

An entry may be lost, come twice, or hold up all behind it; an end may be cut off, and notice that only a while later;
everything under way may vanish at once, as when a Redis is flushed.

Belongs here: `exchange.cluster.carrier.Carrier` with faults. Does not belong here: what entries say.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque

from exchange.cluster.carrier import UP_SECONDS_MAX, Heard
from tests.simulation.event_loop import Process, SimulatedLoop
from tests.simulation.faults import Fault, Faults

STALL_US_MAX = 1_500_000
KEPT_US = 10_000_000


class Way:
    """From one end to another: entries that are on it, and when the last of them arrives."""

    def __init__(self) -> None:
        self.entries: deque[tuple[str, bytes]] = deque()
        self.last_due_us = 0


class Wire:
    """What all ends of a shard are connected by."""

    def __init__(self, loop: SimulatedLoop, chance: random.Random, faults: Faults) -> None:
        self._loop = loop
        self._chance = chance
        self._faults = faults
        self._ends: list[WireEnd] = []
        self._ways: dict[tuple[WireEnd, WireEnd], Way] = {}
        self._kept: deque[tuple[int, WireEnd, str, bytes]] = deque()

    def end(self, process: Process) -> WireEnd:
        """Return a new end, in a process."""
        end = WireEnd(self, process)
        self._ends = [each for each in self._ends if each.process.is_alive]
        self._ends.append(end)
        return end

    def flush(self) -> None:
        """Lose everything that is under way, and everything that is kept."""
        self._kept.clear()
        for way in self._ways.values():
            way.entries.clear()

    def carry(self, sender: WireEnd, topic: str, entry: bytes) -> None:
        """Bring an entry to every other end that listens, and keep it for those that come later."""
        if not sender.is_cut:
            self._kept.append((self._loop.now_us, sender, topic, entry))
        for end in self._ends:
            if end is not sender and topic in end.heard and not end.is_cut and not sender.is_cut:
                self._put(sender, end, topic, entry)

    def repeat(self, end: WireEnd, wanted: str, back_us: int) -> None:
        """Bring an end what was sent on a topic before it listened."""
        since_us = self._loop.now_us - back_us
        while self._kept and self._kept[0][0] < self._loop.now_us - KEPT_US:
            self._kept.popleft()
        for at_us, sender, topic, entry in self._kept:
            if topic == wanted and at_us >= since_us:
                self._put(sender, end, topic, entry)

    def _put(self, sender: WireEnd, end: WireEnd, topic: str, entry: bytes) -> None:
        strikes = self._faults.strikes
        if strikes(Fault.ENTRY_LOST):
            return
        way = self._ways.setdefault((sender, end), Way())
        for _ in range(2 if strikes(Fault.ENTRY_DOUBLED) else 1):
            bound_us = STALL_US_MAX if strikes(Fault.ENTRY_LATE) else 3_000
            due_us = max(self._loop.now_us + int(self._chance.random() ** 2 * bound_us), way.last_due_us)
            way.last_due_us = due_us
            way.entries.append((topic, entry))
            end.process.call(due_us - self._loop.now_us, end.arrive, way)

    def cut(self, end: WireEnd, seconds: float) -> None:
        """Cut an end off for a while. It finds that out some time later."""
        end.is_cut = True
        end.cut_at_us = self._loop.now_us
        call_later = self._loop.call_later
        call_later(self._chance.random() * UP_SECONDS_MAX, end.notice)
        call_later(seconds, end.mend)
        call_later(seconds + self._chance.random() * 0.3, end.notice)


class WireEnd:
    """One end: a carrier."""

    def __init__(self, wire: Wire, process: Process) -> None:
        self.process = process
        self.heard: dict[str, Heard] = {}
        self.is_cut = False
        self.cut_at_us = 0
        self.is_up = True
        """What this end believes of itself."""
        self._wire = wire

    def send(self, topic: str, entry: bytes) -> bool:
        """Put an entry on its way."""
        if self.is_up:
            self._wire.carry(self, topic, entry)
        return self.is_up

    def listen(self, topic: str, heard: Heard, back_ms: int = 0) -> None:
        """Hear a topic from now on, and what was said on it shortly before."""
        self.heard[topic] = heard
        if back_ms:
            self._wire.repeat(self, topic, back_ms * 1_000)

    async def run(self) -> None:
        """Stay."""
        await asyncio.Event().wait()

    def arrive(self, way: Way) -> None:
        """Hear the entry that is next on a way, unless it was lost meanwhile."""
        if way.entries:
            topic, entry = way.entries.popleft()
            if not self.is_cut:
                self.heard[topic](entry)

    def notice(self) -> None:
        """Find out whether entries pass."""
        self.is_up = not self.is_cut

    def mend(self) -> None:
        """Let entries pass again."""
        self.is_cut = False
