"""A carrier in memory, for tests and simulations: entries pass through the event loop, as badly as one likes.

Belongs here: delivery with faults. Does not belong here: deciding which faults; whoever makes the wire says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import TypeAlias

from exchange.cluster.carrier import Heard

Fate: TypeAlias = Callable[[str, bytes], Iterable[float]]
"""Says of an entry, by its topic, after how many seconds each of its copies arrives; nothing: it is lost."""


def on_time(topic: str, entry: bytes) -> Iterable[float]:
    """Let every entry arrive once, without delay."""
    return (0.0,)


class MemoryWire:
    """What the ends of a shard are connected by."""

    def __init__(self, fate: Fate = on_time) -> None:
        self.fate = fate
        self.is_cut = False
        """Nobody reaches anybody."""
        self.ends: list[MemoryCarrier] = []

    def carrier(self) -> MemoryCarrier:
        """Return a new end."""
        end = MemoryCarrier(self)
        self.ends.append(end)
        return end

    def passes(self, sender: MemoryCarrier, topic: str, entry: bytes) -> None:
        """Send an entry to all other ends that listen, each on a way of its own."""
        loop = asyncio.get_running_loop()
        for end in self.ends:
            if end is sender or topic not in end.heard:
                continue
            for delay_seconds in self.fate(topic, entry):
                if delay_seconds:
                    loop.call_later(delay_seconds, end.arrives, topic, entry)
                else:
                    loop.call_soon(end.arrives, topic, entry)


class MemoryCarrier:
    """One end of a wire. `run` need not run: the event loop is all that it uses."""

    def __init__(self, wire: MemoryWire) -> None:
        self._wire = wire
        self.heard: dict[str, Heard] = {}
        self.is_cut = False
        """This end alone reaches nobody."""

    @property
    def is_up(self) -> bool:
        """Whether entries pass."""
        return not self.is_cut and not self._wire.is_cut

    def send(self, topic: str, entry: bytes) -> bool:
        """Put an entry on its way."""
        if not self.is_up:
            return False
        self._wire.passes(self, topic, entry)
        return True

    def listen(self, topic: str, heard: Heard, back_ms: int = 0) -> None:
        """Hear a topic. Nothing is kept, so nothing sent before can be heard."""
        self.heard[topic] = heard

    def arrives(self, topic: str, entry: bytes) -> None:
        """Hear an entry, unless this end is cut off by now."""
        if self.is_up and topic in self.heard:
            self.heard[topic](entry)

    def leave(self) -> None:
        """Hear nothing more, as a process that has been killed."""
        self.heard.clear()
        if self in self._wire.ends:
            self._wire.ends.remove(self)

    async def run(self) -> None:
        """Wait for ever."""
        await asyncio.Event().wait()
