"""The promises of the ports that have no database behind them: clock, event feed, command bus."""

from __future__ import annotations

import asyncio
import secrets
import time

import pytest

from exchange.adapters.clock import SimulatedClock, SystemClock
from exchange.adapters.ring import RingFeed
from exchange.engine import Engine
from exchange.ports import Accepted, Answer, Busy, Clock, CommandBus, FeedEntry, Own, Unanswered
from matching.commands import PlaceBid
from matching.events import BidPlaced
from matching.lot import Lot
from matching.view import PublicRecord, lot_view
from tests.floor import Floor, terms

# -- Clock -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "clock", [SystemClock(), SimulatedClock(1_800_000_000_000_000)], ids=["system", "simulated"]
)
def test_a_clock_tells_whole_microseconds_since_the_epoch(clock: Clock) -> None:
    assert isinstance(clock.now_us(), int) and 1_700_000_000_000_000 < clock.now_us() < 2**53


def test_the_system_clock_is_the_machines() -> None:
    before, told, after = time.time(), SystemClock().now_us(), time.time()
    assert before * 1e6 - 1 <= told <= after * 1e6 + 1


def test_a_simulated_clock_moves_only_when_told() -> None:
    clock = SimulatedClock(10)
    clock.advance(5)
    assert (clock.now_us(), clock.now_us()) == (15, 15)


# -- EventFeed ---------------------------------------------------------------------------------------------


@pytest.fixture
def feed() -> RingFeed:
    return RingFeed(records_max=5)


def entry(first: int, count: int, lot: int = 1, **places: Own) -> FeedEntry:
    records = [PublicRecord(n, n, BidPlaced(1, n)) for n in range(first, first + count)]
    own = {int(bidder.removeprefix("b")): place for bidder, place in places.items()}
    return FeedEntry(lot, first + count - 1, records, lot_view(Lot(lot, terms())), own)


def sequences(records: list[PublicRecord] | None) -> list[int] | None:
    return None if records is None else [record.sequence for record in records]


def test_a_feed_gives_all_that_was_missed_or_says_that_it_cannot(feed: RingFeed) -> None:
    feed.publish([entry(1, 3)])
    feed.publish([entry(4, 4)])
    assert feed.offset(1) == 7
    assert sequences(feed.since(1, 7)) == []
    assert sequences(feed.since(1, 5)) == [6, 7]
    assert sequences(feed.since(1, 2)) == [3, 4, 5, 6, 7]
    assert feed.since(1, 1) is None, "the ring holds five"
    assert feed.since(1, 8) is None, "nobody was there yet"
    assert feed.since(2, 0) is None


def test_a_feed_never_bridges_a_gap(feed: RingFeed) -> None:
    feed.publish([entry(1, 2)])
    feed.publish([entry(5, 2)])
    assert feed.since(1, 2) is None
    assert sequences(feed.since(1, 4)) == [5, 6]


def test_a_lot_published_without_records_has_a_position(feed: RingFeed) -> None:
    feed.publish([FeedEntry(1, 9, [], lot_view(Lot(1, terms())), {})])
    assert feed.offset(1) == 9 and sequences(feed.since(1, 9)) == [] and feed.since(1, 8) is None


def test_listeners_hear_every_publication_until_they_leave(feed: RingFeed) -> None:
    heard: list[int] = []
    leave = feed.listen(lambda entries: heard.extend(each.offset for each in entries))
    feed.publish([entry(1, 1), entry(1, 1, lot=2)])
    leave()
    feed.publish([entry(2, 1)])
    assert heard == [1, 1]


def test_own_places_are_kept_for_their_owners_and_forgotten_with_the_lot(feed: RingFeed) -> None:
    feed.publish([entry(1, 1, b7=Own(1))])
    feed.publish([entry(2, 1, b7=Own(1, limit=500), b8=Own(2))])
    assert feed.own(1, 7) == Own(1, 500) and feed.own(1, 8) == Own(2) and feed.own(1, 9) is None
    feed.forget(1)
    assert feed.view(1) is None and feed.own(1, 7) is None and feed.offset(1) == 0


# -- CommandBus --------------------------------------------------------------------------------------------


def test_the_engine_is_a_command_bus() -> None:
    bus: type[CommandBus] = Engine
    assert callable(bus.post) and callable(bus.submit)


async def test_commands_of_one_caller_are_taken_in_the_order_of_his_calls() -> None:
    floor = Floor()
    answers: list[Answer | Unanswered] = []
    async with floor.running() as engine:
        await floor.open_lot(leader_may_raise=True)
        for step in range(50):
            engine.post(secrets.token_hex(16), PlaceBid(1, 101, 100 + 10 * step), answers.append)
        await floor.bid(102, 1_000)
    given = [answer for answer in answers if isinstance(answer, Accepted)]
    assert len(given) == 50 and [each.sequence for each in given] == sorted(each.sequence for each in given)


async def test_every_taken_command_is_answered_exactly_once() -> None:
    floor = Floor()
    answers: list[str] = []

    def hear(answer: Answer | Unanswered) -> None:
        answers.append(answer.command_id)

    async with floor.running() as engine:
        await floor.open_lot()
        ids = [secrets.token_hex(16) for _ in range(30)]
        for number, id in enumerate(ids):
            engine.post(id, PlaceBid(1, 101 + number % 3, 100 + number), hear)
        await floor.bid(102, 10_000)
    assert answers == ids


async def test_a_cancelled_caller_does_not_take_his_command_back() -> None:
    floor = Floor()
    async with floor.running() as engine:
        await floor.open_lot()
        bidding = asyncio.create_task(floor.bid(101, 100))
        await asyncio.sleep(0)
        bidding.cancel()
        await floor.bid(102, 110)
        assert engine.view(1).bids == 2  # type: ignore[union-attr]


async def test_a_bus_without_a_running_engine_is_busy() -> None:
    with pytest.raises(Busy):
        await Floor().bid(101, 100)
