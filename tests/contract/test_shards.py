"""Lots lie in shards and move between them while they are open; nobody hears of a lot that is not there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from exchange.adapters.lease import PostgresLease
from exchange.adapters.places import LOTS_OF_NOTICE, PostgresPlaces
from exchange.adapters.postgres import PostgresJournal
from exchange.ports import Accepted, Batch, Busy, Fenced, RefusalRow, Rejected
from exchange.shards import Layout, Map, Move, MoveRefusal, Placement
from exchange.verification import verify_journal
from matching.commands import HammerLot
from matching.lot import LotState
from matching.refusals import Refusal, Refused
from tests.floor import HOST, MINUTE_US, START_US
from tests.halls import Building, Hall, building, row
from tests.patience import until

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(params=["memory", "postgres"])
def address(request: pytest.FixtureRequest) -> str:
    return "" if request.param == "memory" else str(request.getfixturevalue("database_url"))


@pytest.fixture
async def shop(address: str) -> AsyncIterator[Building]:
    async with building(address) as stores:
        yield stores


# -- the map -----------------------------------------------------------------------------------------------


async def test_at_first_everything_lies_in_shard_0(shop: Building) -> None:
    placement = Placement(shop.places)
    await placement.refresh()
    assert [placement.shard_of(lot) for lot in (1, 2, 10**12)] == [0, 0, 0]
    assert placement.shards == 1 and not placement.is_moved(1)


async def test_a_release_places_a_lot_elsewhere_under_the_term(shop: Building) -> None:
    old = await shop.leases[0].acquire("old")
    term = await shop.leases[0].acquire("new")
    await shop.leases[1].acquire("other")
    await shop.journals[0].append(term, Batch([row(1, 5, 1), row(2, 6, 1)], []))
    with pytest.raises(Fenced):
        await shop.places.release(5, 0, old, 1)
    assert await shop.places.arrived(1) == []
    await shop.places.release(5, 0, term, 1)
    placement = Placement(shop.places)
    await placement.refresh()
    assert (placement.shard_of(5), placement.is_moved(5), placement.shard_of(6)) == (1, True, 0)
    assert await shop.places.arrived(1) == [5]
    assert await shop.journals[0].open_lots() == [6] and await shop.journals[1].open_lots() == [5]


async def test_the_fence_refuses_a_lot_that_lies_in_another_shard(shop: Building) -> None:
    first, second = [await lease.acquire("one") for lease in shop.leases]
    here, there = shop.journals
    await here.append(first, Batch([row(1, 5, 1), row(2, 6, 1)], []))
    await shop.places.release(5, 0, first, 1)
    refusal = RefusalRow(5, "c" * 32, 101, START_US, 1, Refused(Refusal.BELOW_ASKING_PRICE))
    for batch in (Batch([row(3, 6, 2), row(4, 5, 2)], []), Batch([], [refusal])):
        with pytest.raises(Fenced):
            await here.append(first, batch)
    with pytest.raises(Fenced):
        await there.append(second, Batch([row(1, 6, 2)], []))
    assert (await here.head(), await there.head()) == (2, 0)
    await there.append(second, Batch([row(1, 5, 2)], [refusal]))
    await here.append(first, Batch([row(3, 6, 2)], []))
    assert [each.sequence for each in await here.read_lot(5, 0, 10)] == [1, 2]
    assert await there.read_lot(5, 0, 10) == await here.read_lot(5, 0, 10)
    assert [each.lot for each in await here.read_from(0, 10)] == [5, 6, 6]
    assert [each.lot for each in await there.read_from(0, 10)] == [5]


# -- moving ------------------------------------------------------------------------------------------------


async def test_an_open_lot_moves_and_the_bidding_goes_on(shop: Building) -> None:
    first, second = Hall(shop, 0), Hall(shop, 1)
    async with first.running(), second.running():
        await first.open_lot(1)
        receipt = await first.bid(1, 101, 100, "a" * 32)
        assert await first.engine.release(1, 1)
        for hall in (first, second):
            with pytest.raises(Busy):
                await hall.bid(1, 102, 110)
        await second.mover.look()
        with pytest.raises(Busy):
            await first.bid(1, 102, 110)
        repeat = await second.bid(1, 101, 100, "a" * 32)
        assert isinstance(receipt, Accepted) and isinstance(repeat, Accepted)
        assert repeat.is_repeat and repeat.link == receipt.link
        assert isinstance(await second.bid(1, 102, 110), Accepted)
        assert second.engine.view(1).bids == 2  # type: ignore[union-attr]
        assert first.engine.view(1) is None
        await second.engine.release(1, 0)
        await first.mover.look()
        assert isinstance(await first.bid(1, 103, 120), Accepted)
    rows = await shop.journals[0].read_lot(1, 0, 100)
    assert [each.sequence for each in rows] == list(range(1, len(rows) + 1))
    report = await verify_journal(shop.journals, shop.snapshots)
    assert report.is_sound, report.discrepancies
    assert report.records == len(rows)


async def test_what_waits_in_the_inbox_when_a_lot_leaves_is_busy_and_not_on_record(shop: Building) -> None:
    first, second = Hall(shop, 0), Hall(shop, 1)
    async with first.running(), second.running():
        await first.open_lot(1)
        await first.open_lot(2)
        leaving = asyncio.create_task(first.engine.release(1, 1))
        await asyncio.sleep(0)
        bids = [asyncio.create_task(first.bid(lot, 101, 100)) for lot in (1, 2, 1)]
        answers = await asyncio.gather(*bids, return_exceptions=True)
        assert await leaving
        assert [type(answer) for answer in answers] == [Busy, Accepted, Busy]
        await second.mover.look()
        assert second.engine.view(1).bids == 0  # type: ignore[union-attr]


async def test_a_deadline_that_came_on_the_way_freezes_the_lot_and_it_goes_on_by_itself(
    shop: Building,
) -> None:
    first, second = Hall(shop, 0), Hall(shop, 1)
    async with first.running(), second.running():
        await first.open_lot(1)
        await first.bid(1, 101, 100)
        await first.engine.release(1, 1)
        shop.clock.advance(70 * MINUTE_US)
        await second.mover.look()
        await until(lambda: second.engine.lot(1).state is LotState.FROZEN)  # type: ignore[union-attr]
        shop.clock.advance(2 * MINUTE_US)
        second.engine._wake.set()
        await until(lambda: second.engine.lot(1).state is LotState.OPEN)  # type: ignore[union-attr]
        assert isinstance(await second.bid(1, 102, 110), Accepted)


async def test_a_lot_that_has_ended_does_not_leave(shop: Building) -> None:
    hall = Hall(shop, 0)
    await shop.leases[1].acquire("other")
    async with hall.running():
        await hall.open_lot(1, host_may_hammer=True, fair_warnings_min=0)
        await hall.bid(1, 101, 100)
        await hall.give(HammerLot(1, HOST))
        assert not await hall.engine.release(1, 1)
        assert isinstance(await hall.bid(1, 102, 110), Rejected)


async def test_a_start_takes_the_lots_of_its_shard_and_no_others(shop: Building) -> None:
    first = Hall(shop, 0)
    await shop.leases[1].acquire("other")
    async with first.running():
        await first.open_lot(1)
        await first.open_lot(2)
        await first.engine.release(1, 1)
    again, second = Hall(shop, 0), Hall(shop, 1)
    async with again.running(), second.running():
        assert (again.engine.holds(1), again.engine.holds(2)) == (False, True)
        assert (second.engine.holds(1), second.engine.holds(2)) == (True, False)
        with pytest.raises(Busy):
            await again.bid(1, 101, 100)


# -- asking for it -----------------------------------------------------------------------------------------


async def test_a_move_is_asked_for_and_carried_out(database_url: str) -> None:
    async with building(database_url) as stores:
        places = stores.places
        assert isinstance(places, PostgresPlaces)
        first, second = Hall(stores, 0), Hall(stores, 1)
        async with first.running(), second.running():
            await first.open_lot(1)
            await first.open_lot(2, host_may_hammer=True, fair_warnings_min=0)
            await first.bid(2, 101, 100)
            await first.give(HammerLot(2, HOST))
            assert await places.ask(9, 1) is MoveRefusal.LOT_UNKNOWN
            assert await places.ask(2, 1) is MoveRefusal.LOT_CLOSED
            assert await places.ask(1, 7) is MoveRefusal.SHARD_UNKNOWN
            assert await places.ask(1, 0) is MoveRefusal.ALREADY_THERE
            assert await places.ask(1, 1) is None
            assert await places.leaving(0) == [Move(1, 1)] and await places.leaving(1) == []
            await first.mover.look()
            assert await places.leaving(0) == []
            await second.mover.look()
            assert isinstance(await second.bid(1, 101, 100), Accepted)
            assert [(state.shard, state.open_lots) for state in await places.states()] == [(0, 0), (1, 1)]


async def test_a_move_in_place_of_a_silent_holder_ends_its_term(database_url: str) -> None:
    async with building(database_url) as stores:
        places = stores.places
        assert isinstance(places, PostgresPlaces)
        first, second = Hall(stores, 0), Hall(stores, 1)
        async with first.running() as deaf, second.running():
            await first.open_lot(1)
            await places.move_from_silent(1, 1)
            await second.mover.look()
            assert isinstance(await second.bid(1, 101, 100), Accepted)
            late = asyncio.create_task(first.bid(1, 102, 100))
            with pytest.raises(Fenced):
                await deaf
            late.cancel()
        assert [each.sequence for each in await stores.journals[1].read_from(0, 10)] == [7]


async def test_more_shards_take_lots_to_come_and_move_none(database_url: str) -> None:
    async with building(database_url) as stores:
        places = stores.places
        assert isinstance(places, PostgresPlaces)
        term = await stores.leases[0].acquire("one")
        await stores.journals[0].append(term, Batch([row(1, 41, 1)], []))
        from_lot = await places.grow(3)
        assert from_lot == 41 + LOTS_OF_NOTICE and await places.grow(3) is None
        placement = Placement(places)
        await placement.refresh()
        assert placement.shards == 3
        assert {placement.shard_of(lot) for lot in range(1, from_lot)} == {0}
        assert [placement.shard_of(from_lot + n) for n in range(3)] == [(from_lot + n) % 3 for n in range(3)]
        read = await places.read()
        assert read == Map([Layout(0, 1), Layout(from_lot, 3)], {})
        lot = from_lot + (1 - from_lot % 3) % 3
        with pytest.raises(Fenced):
            await stores.journals[0].append(term, Batch([row(2, lot, 1)], []))
        second = await stores.leases[1].acquire("two")
        await stores.journals[1].append(second, Batch([row(1, lot, 1)], []))


async def test_an_append_under_way_comes_before_the_move(database_url: str) -> None:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=4) as pool:
        lease, places = PostgresLease(pool), PostgresPlaces(pool)
        term = await lease.acquire("one")
        await PostgresLease(pool, 1).acquire("two")
        async with pool.acquire() as running:
            await running.execute("SELECT set_config('luochui.term', $1, false)", str(term))
            async with running.transaction():
                body = row(1, 5, 1).body
                await running.execute("INSERT INTO exchange.journal VALUES (1, 5, 1, 0, false, $1, $1)", body)
                move = asyncio.create_task(places.release(5, 0, term, 1))
                done, _ = await asyncio.wait([move], timeout=0.3)
                assert not done
            await move
            await running.execute("RESET luochui.term")
        assert await PostgresJournal(database_url, pool, 1).open_lots() == [5]
