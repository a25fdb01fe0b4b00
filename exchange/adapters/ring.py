"""The event feed inside one process: listeners, and the latest records and state of each lot."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import Struct

from exchange.ports import FeedEntry, Listener, Own
from matching.units import BidderId, LotId
from matching.view import LotView, PublicRecord


class Stream(Struct):
    """What is remembered of one lot."""

    ring: list[PublicRecord]
    """The latest records: a list, because most lots have few, and even an empty deque is as large as a lot's state."""
    view: LotView
    offset: int
    own: dict[BidderId, Own]


class RingFeed:
    """`EventFeed` in memory. Remembers the last `records_max` records of each lot."""

    def __init__(self, records_max: int = 2_000) -> None:
        self._records_max = records_max
        self._streams: dict[LotId, Stream] = {}
        self._listeners: list[Listener] = []

    def publish(self, entries: Sequence[FeedEntry]) -> None:
        """Remember the entries and tell every listener."""
        for entry in entries:
            self._remember(entry)
        for listener in tuple(self._listeners):
            listener(entries)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` for each publication until the answer is called."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def since(self, lot: LotId, offset: int) -> list[PublicRecord] | None:
        """Return all records after `offset`; None when the ring does not reach back that far."""
        stream = self._streams.get(lot)
        if stream is None or offset > stream.offset:
            return None
        if offset == stream.offset:
            return []
        ring = stream.ring
        if not ring or ring[0].sequence > offset + 1:
            return None
        missed = stream.offset - offset
        return ring[-missed:]

    def view(self, lot: LotId) -> LotView | None:
        """Return the state as last published."""
        stream = self._streams.get(lot)
        return None if stream is None else stream.view

    def offset(self, lot: LotId) -> int:
        """Return the sequence up to which the lot is published."""
        stream = self._streams.get(lot)
        return 0 if stream is None else stream.offset

    def own(self, lot: LotId, bidder: BidderId) -> Own | None:
        """Return a bidder's own place as last published."""
        stream = self._streams.get(lot)
        return None if stream is None else stream.own.get(bidder)

    def forget(self, lot: LotId) -> None:
        """Let go of a lot."""
        self._streams.pop(lot, None)

    def _remember(self, entry: FeedEntry) -> None:
        stream = self._streams.get(entry.lot)
        if stream is None:
            stream = self._streams[entry.lot] = Stream([], entry.view, entry.offset, {})
        # A ring never bridges a gap: what is missing between two publications is in the journal.
        if entry.offset - len(entry.records) != stream.offset:
            stream.ring.clear()
        stream.ring += entry.records
        del stream.ring[: -self._records_max]
        stream.view = entry.view
        stream.offset = entry.offset
        stream.own.update(entry.own)
