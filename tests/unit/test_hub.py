"""Who is told what of a lot: parties everything at once, watchers the latest in rounds, hosts who is there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgpack
import orjson
import pytest

from exchange.adapters.ring import RingFeed
from exchange.cluster.notes import Attendance, Online, Roll
from exchange.measures import Measures
from exchange.ports import FeedEntry, Own
from gateways.live import rounds
from gateways.live.frames import BINARY, TEXT
from gateways.live.hub import Hub
from gateways.live.presence import paddle_set
from gateways.live.slices import in_slices
from gateways.wire import View
from matching.events import BidPlaced
from matching.lot import LotState
from matching.units import LotId
from matching.view import LotView, PublicRecord
from tests.floor import Floor
from tests.patience import until

LOT = 1


class Listener:
    """A session that keeps what it is told."""

    def __init__(
        self, account_id: int = 0, *, is_host: bool = False, opcode: int = TEXT, rtt_ms: int = 0
    ) -> None:
        self.account_id = account_id
        self.is_host = is_host
        self.opcode = opcode
        self.rtt_ms = rtt_ms
        self.silent_seconds = 0.0
        self.out = self
        self.heard: list[dict[str, Any]] = []
        self.writes = 0
        self.has_read = True

    def put(self, frame: bytes) -> None:
        self.writes += 1
        self.heard += unframed(frame)

    put_with_crowd = put

    def put_latest(self, frame: bytes) -> bool:
        if self.has_read:
            self.put(frame)
        return self.has_read

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [frame for frame in self.heard if frame["type"] == kind]


def unframed(data: bytes) -> list[dict[str, Any]]:
    """Take apart what a server has written."""
    found = []
    while data:
        opcode, length, start = data[0] & 0xF, data[1], 2
        if length > 125:
            start = 4 if length == 126 else 10
            length = int.from_bytes(data[2:start], "big")
        payload = data[start : start + length]
        found.append(orjson.loads(payload) if opcode == TEXT else msgpack.unpackb(payload))
        data = data[start + length :]
    return found


class Hall:
    """A hub over a feed to which lots are published by hand."""

    def __init__(self, view: LotView, **options: int) -> None:
        self.feed = RingFeed()
        self.measures = Measures()
        self.hub = Hub(self.feed, lambda: 1, "e", 10, self.measures, **options)
        self.feed.listen(self.hub.tell)
        self._view = view
        for lot in (LOT, LOT + 1):
            self.publish(lot, own={101: Own(1)})

    def publish(self, lot: int = LOT, records: int = 1, own: dict[int, Own] | None = None) -> None:
        """Publish so many further records of a lot."""
        first = self.feed.offset(lot) + 1
        added = [PublicRecord(n, n, BidPlaced(1, n)) for n in range(first, first + records)]
        offset = first + records - 1
        self.feed.publish([FeedEntry(lot, offset, added, self._view, own or {})])

    def here(self) -> dict[LotId, Roll]:
        """Return who follows which lot, as another gateway is told when its hosts want to know."""
        self.hub.presences.hear(Attendance("curious", True, {LOT: True, LOT + 1: False}, {}))
        return self.hub.presences.attendance("here").present

    def enter(self, listener: Listener, view: View = View.FULL, *lots: int) -> View:
        self.hub.enter(listener)
        return [self.hub.follow(lot, view, listener) for lot in lots or (LOT,)][-1]


@pytest.fixture
async def hall(request: pytest.FixtureRequest) -> AsyncIterator[Hall]:
    """Give a hub at work."""
    floor = Floor()
    async with floor.running():
        await floor.open_lot()
        view = floor.feed.view(LOT)
        assert view is not None and view.state is LotState.OPEN
    hall = Hall(view, **getattr(request, "param", {}))
    work = asyncio.create_task(hall.hub.run())
    yield hall
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work


async def test_who_follows_in_full_hears_every_event_and_watchers_the_latest(hall: Hall) -> None:
    bidder, host, watcher = Listener(101), Listener(9, is_host=True), Listener(opcode=BINARY)
    for listener, view in ((bidder, View.FULL), (host, View.FULL), (watcher, View.STATE)):
        assert hall.enter(listener, view) is view
    hall.publish()
    await until(lambda: watcher.of("state"))
    for _ in range(5):
        hall.publish()
    assert [frame["offset"] for frame in bidder.of("events")] == [2, 3, 4, 5, 6, 7]
    assert len(host.of("events")) == 6
    await until(lambda: watcher.of("state")[-1]["offset"] == 7)
    last = watcher.of("state")[-1]
    assert len(watcher.of("state")) == 2 and [each["sequence"] for each in last["records"]] == [3, 4, 5, 6, 7]
    await until(lambda: hall.measures.deliveries == {"full": 12, "state": 2})


async def test_a_watcher_gets_the_last_records_only(hall: Hall) -> None:
    watcher = Listener()
    hall.enter(watcher, View.STATE)
    hall.publish(records=50)
    await until(lambda: watcher.of("state"))
    sequences = [each["sequence"] for each in watcher.of("state")[0]["records"]]
    assert sequences == list(range(32, 52)) and len(sequences) == rounds.RECENT_RECORDS_MAX


async def test_the_news_of_several_lots_leave_in_one_write(hall: Hall) -> None:
    watcher = Listener()
    hall.enter(watcher, View.STATE, LOT, LOT + 1)
    hall.publish(LOT)
    hall.publish(LOT + 1)
    await until(lambda: watcher.heard)
    assert watcher.writes == 1 and [frame["lot"] for frame in watcher.of("state")] == [LOT, LOT + 1]


async def test_who_has_not_read_is_left_out_and_told_the_latest_later(hall: Hall) -> None:
    slow, quick = Listener(), Listener()
    slow.has_read = False
    for watcher in (slow, quick):
        hall.enter(watcher, View.STATE)
    hall.publish()
    await until(lambda: quick.heard)
    hall.publish()
    await until(lambda: len(quick.heard) == 2)
    slow.has_read = True
    await until(lambda: slow.heard)
    assert [frame["offset"] for frame in slow.of("state")] == [3]
    assert len(quick.heard) == 2, "the others are not told again"


async def test_news_during_a_round_replace_the_old(hall: Hall) -> None:
    first, second = Listener(), Listener()
    for watcher in (first, second):
        hall.enter(watcher, View.STATE)
    tell = first.put_latest

    def tell_and_publish(frame: bytes) -> bool:
        first.put_latest = tell  # type: ignore[method-assign]
        hall.publish()
        return tell(frame)

    first.put_latest = tell_and_publish  # type: ignore[method-assign]
    hall.publish()
    await until(lambda: first.heard and first.heard[-1]["offset"] == 3)
    assert [frame["offset"] for frame in first.of("state")] == [2, 3]
    assert second.heard[0]["offset"] == 3


async def test_who_leaves_in_the_middle_of_a_round_is_told_nothing_more(hall: Hall) -> None:
    first, second = Listener(), Listener()
    for watcher in (first, second):
        hall.enter(watcher, View.STATE)

    def leave_both(frame: bytes) -> bool:
        hall.hub.leave(first)
        hall.hub.leave(second)
        return True

    first.put_latest = leave_both  # type: ignore[method-assign]
    hall.publish()
    await until(lambda: not hall.hub.is_visited)
    third = Listener()
    hall.enter(third, View.STATE)
    hall.publish()
    await until(lambda: third.heard)
    assert not second.heard and hall.here()[LOT].followers == 1


async def test_who_turns_to_another_lot_in_the_middle_of_a_round_is_told_of_that_alone(hall: Hall) -> None:
    first, second = Listener(), Listener()
    for watcher in (first, second):
        hall.enter(watcher, View.STATE)

    def turn_both(frame: bytes) -> bool:
        for watcher in (first, second):
            hall.hub.follow(LOT + 1, View.STATE, watcher)
            hall.hub.unfollow(LOT, watcher)
        return True

    first.put_latest = turn_both  # type: ignore[method-assign]
    hall.publish(LOT)
    await until(lambda: LOT not in hall.here())
    hall.publish(LOT + 1)
    await until(lambda: second.heard)
    assert [frame["lot"] for frame in second.of("state")] == [LOT + 1]


@pytest.mark.parametrize("hall", [{"guests_max": 2}], indirect=True)
async def test_only_so_many_guests_get_every_event_but_parties_always_do(hall: Hall) -> None:
    guests = [Listener(), Listener(202), Listener(), Listener(203)]
    assert [hall.enter(guest) for guest in guests] == [View.FULL, View.FULL, View.STATE, View.STATE]
    assert hall.enter(Listener(101)) is hall.enter(Listener(9, is_host=True)) is View.FULL
    hall.hub.leave(guests[0])
    assert hall.enter(guests[2]) is View.FULL, "a place is free again"


async def test_hosts_hear_who_is_there_here_and_elsewhere(hall: Hall) -> None:
    host, bidder = Listener(9, is_host=True), Listener(101, rtt_ms=80)
    board = Listener(8, is_host=True)
    hall.enter(host)
    hall.enter(board, View.STATE)
    await until(lambda: host.of("presence"))
    elsewhere = Roll(1_000, paddle_set([1, 2]), (Online(1, 900, 5_000), Online(2, 35, 0)))
    hall.hub.presences.hear(Attendance("another", True, {}, {LOT: elsewhere, 99: elsewhere}))
    hall.enter(bidder)
    hall.enter(Listener(101), View.STATE)
    await until(lambda: host.of("presence")[-1]["watchers"] == 1_004)
    told = host.of("presence")[-1]
    assert told["bidders_online"] == 2, "a bidder with three connections at two gateways counts once"
    assert [(one["paddle"], one["rtt_ms"]) for one in told["online"]] == [(1, 80), (2, 35)], "as heard last"
    await until(lambda: board.of("presence")[-1]["watchers"] == 1_004)
    assert board.of("presence")[-1]["bidders_online"] == 2 and not board.of("presence")[-1]["online"]
    assert hall.here()[LOT] == Roll(4, paddle_set([1]), (Online(1, 80, 0),))
    assert not bidder.of("presence")


async def test_a_costly_walk_lengthens_the_tick(hall: Hall) -> None:
    assert hall.hub.tick_ms == 10

    class Costly(Listener):
        def put_latest(self, frame: bytes) -> bool:
            until_s = asyncio.get_running_loop().time() + 0.02
            while asyncio.get_running_loop().time() < until_s:
                pass
            return super().put_latest(frame)

    watchers = [Costly() for _ in range(3)]
    for watcher in watchers:
        hall.enter(watcher, View.STATE)
    hall.publish()
    await until(lambda: all(watcher.heard for watcher in watchers))
    await until(lambda: hall.hub.tick_ms >= 150)
    assert hall.hub.tick_ms <= rounds.TICK_SECONDS_MAX * 1000


async def test_a_walk_lets_others_in_between_and_says_what_it_took() -> None:
    order: list[str] = []

    def act(item: int) -> None:
        order.append(str(item))
        until_s = asyncio.get_running_loop().time() + 0.003
        while asyncio.get_running_loop().time() < until_s:
            pass

    walk = asyncio.create_task(in_slices(range(3), act))
    await asyncio.sleep(0)
    order.append("another")
    assert await walk >= 0.008
    assert order == ["0", "another", "1", "2"]
