"""One suite for every journal, snapshot store and lease: memory and PostgreSQL keep the same promises."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import asyncpg
import pytest

from exchange.adapters.lease import PostgresLease
from exchange.adapters.memory import MemoryJournal, MemoryLease, MemorySnapshots
from exchange.adapters.postgres import PostgresJournal, PostgresSnapshots
from exchange.ports import Batch, Fenced, Journal, JournalFailed, Lease, RefusalRow, Snapshot, SnapshotStore
from exchange.records import GENESIS, JournalRow, Record, chained, encode
from matching.events import BidPlaced, LotSold
from matching.refusals import Refusal, Refused


@dataclass
class Stores:
    journal: Journal
    snapshots: SnapshotStore
    lease: Lease


@pytest.fixture(params=["memory", "postgres"])
def address(request: pytest.FixtureRequest) -> str:
    """The database of the adapters under test; none for memory. Not async: it starts a server on first use."""
    return "" if request.param == "memory" else str(request.getfixturevalue("database_url"))


@pytest.fixture
async def stores(address: str) -> AsyncIterator[Stores]:
    if not address:
        lease = MemoryLease()
        yield Stores(MemoryJournal(lease), MemorySnapshots(), lease)
        return
    async with asyncpg.create_pool(address, min_size=1, max_size=3) as pool:
        journal = PostgresJournal(address, pool)
        yield Stores(journal, PostgresSnapshots(pool), PostgresLease(pool))
        await journal.close()


def row(position: int, lot: int, sequence: int, at_us: int = 1_000, is_outcome: bool = False) -> JournalRow:
    event = LotSold(1, 100, 0) if is_outcome else BidPlaced(1, 100 + sequence)
    body = encode(Record(lot, sequence, at_us, "", event))
    return JournalRow(position, lot, sequence, at_us, is_outcome, body, chained(GENESIS, body))


async def test_rows_come_back_as_they_were_appended(stores: Stores) -> None:
    term = await stores.lease.acquire("test")
    rows = [row(1, 5, 1), row(2, 6, 1), row(3, 5, 2)]
    await stores.journal.append(term, Batch(rows[:2], []))
    await stores.journal.append(term, Batch(rows[2:], []))
    assert await stores.journal.head() == 3
    assert await stores.journal.read_from(0, 10) == rows
    assert await stores.journal.read_from(1, 1) == rows[1:2]
    assert await stores.journal.read_lot(5, 0, 10) == [rows[0], rows[2]]
    assert await stores.journal.read_lot(5, 1, 10) == [rows[2]]
    assert rows[0].event == BidPlaced(1, 101)


async def test_an_empty_journal_has_nothing(stores: Stores) -> None:
    assert await stores.journal.head() == 0
    assert await stores.journal.read_from(0, 10) == []
    assert await stores.journal.open_lots() == []
    assert await stores.journal.first_sequence_since(1, 0) == 0
    assert await stores.journal.epoch() == await stores.journal.epoch() != ""


async def test_lots_are_open_until_their_outcome(stores: Stores) -> None:
    term = await stores.lease.acquire("test")
    rows = [row(1, 5, 1), row(2, 6, 1), row(3, 7, 1), row(4, 6, 2, is_outcome=True)]
    await stores.journal.append(term, Batch(rows, []))
    assert await stores.journal.open_lots() == [5, 7]
    assert await stores.journal.read_outcomes(0, 10) == [rows[3]]
    assert await stores.journal.read_outcomes(4, 10) == []


async def test_refusals_are_kept_beside_the_rows(stores: Stores) -> None:
    term = await stores.lease.acquire("test")
    refused = Refused(Refusal.BELOW_ASKING_PRICE, asking_price=110, increment=10)
    early, late = (RefusalRow(5, f"{n:032x}", 101, n, 105, refused) for n in (10, 20))
    await stores.journal.append(term, Batch([row(1, 5, 1)], [early]))
    await stores.journal.append(term, Batch([], [late]))
    assert await stores.journal.read_refusals(5, 0, 10) == [early, late]
    assert await stores.journal.read_refusals(5, 15, 10) == [late]
    assert await stores.journal.read_refusals(6, 0, 10) == []


async def test_the_first_row_since_a_moment(stores: Stores) -> None:
    term = await stores.lease.acquire("test")
    await stores.journal.append(term, Batch([row(n, 5, n, at_us=n * 100) for n in (1, 2, 3)], []))
    assert await stores.journal.first_sequence_since(5, 150) == 2
    assert await stores.journal.first_sequence_since(5, 301) == 0


async def test_an_older_term_appends_nothing(stores: Stores) -> None:
    old = await stores.lease.acquire("old")
    new = await stores.lease.acquire("new")
    assert new > old
    with pytest.raises(Fenced):
        await stores.journal.append(old, Batch([row(1, 5, 1)], []))
    assert await stores.journal.head() == 0
    await stores.journal.append(new, Batch([row(1, 5, 1)], []))


async def test_only_the_owner_renews_and_his_former_term_is_over(stores: Stores) -> None:
    first = await stores.lease.acquire("one")
    second = await stores.lease.renew("one")
    assert second > first
    with pytest.raises(Fenced):
        await stores.journal.append(first, Batch([row(1, 5, 1)], []))
    await stores.journal.append(second, Batch([row(1, 5, 1)], []))
    await stores.lease.acquire("two")
    with pytest.raises(Fenced):
        await stores.lease.renew("one")


async def test_only_the_holder_has_a_pulse_and_his_silence_is_measured(stores: Stores) -> None:
    first = await stores.lease.acquire("one")
    await stores.lease.pulse(first)
    quiet = await stores.lease.quiet_ms()
    assert quiet is not None and 0 <= quiet < 60_000
    second = await stores.lease.acquire("two")
    with pytest.raises(Fenced):
        await stores.lease.pulse(first)
    await stores.lease.pulse(second)


async def test_a_renewal_waits_for_an_append_that_is_still_running(database_url: str) -> None:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=3) as pool:
        journal, lease = PostgresJournal(database_url, pool), PostgresLease(pool)
        term = await lease.acquire("one")
        running = await asyncpg.connect(database_url)
        await running.execute("SELECT set_config('luochui.term', $1, false)", str(term))
        transaction = running.transaction()
        await transaction.start()
        body = row(1, 5, 1).body
        await running.execute("INSERT INTO exchange.journal VALUES (1, 5, 1, 0, false, $1, $1)", body)
        renewal = asyncio.create_task(lease.renew("one"))
        await asyncio.sleep(0.2)
        assert not renewal.done()
        await transaction.commit()
        assert await renewal > term and await journal.head() == 1
        await running.close()


async def test_only_later_snapshots_replace(stores: Stores) -> None:
    assert await stores.snapshots.load(5) is None
    first, second = Snapshot(5, 10, GENESIS, b"ten"), Snapshot(5, 20, GENESIS, b"twenty")
    await stores.snapshots.save([second])
    await stores.snapshots.save([first])
    assert await stores.snapshots.load(5) == second


async def test_a_second_writer_at_the_same_position_fails_for_good(database_url: str) -> None:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=2) as pool:
        journal, lease = PostgresJournal(database_url, pool), PostgresLease(pool)
        term = await lease.acquire("test")
        await journal.append(term, Batch([row(1, 5, 1)], []))
        with pytest.raises(JournalFailed):
            await journal.append(term, Batch([row(1, 5, 1)], []))
        assert await journal.head() == 1
        await journal.close()


@pytest.mark.parametrize("change", ["UPDATE {} SET at_us = 0", "DELETE FROM {}", "TRUNCATE {}"])
@pytest.mark.parametrize("table", ["exchange.journal", "exchange.refusal"])
async def test_the_database_refuses_to_change_what_is_recorded(
    database_url: str, table: str, change: str
) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        with pytest.raises(asyncpg.RestrictViolationError):
            await connection.execute(change.format(table))
    finally:
        await connection.close()


async def test_many_lots_are_read_at_once(stores: Stores) -> None:
    term = await stores.lease.acquire("test")
    rows = [row(n, 5 + n % 3, 1 + (n - 1) // 3, at_us=n * 100) for n in range(1, 13)]
    await stores.journal.append(term, Batch(rows, []))

    async def read(known: dict[int, int], since_us: int) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        async for portion in stores.journal.read_lots(known, since_us):
            for each in portion:
                assert each == rows[each.position - 1]
                found.setdefault(each.lot, []).append(each.sequence)
        return found

    assert await read({}, 0) == {}
    assert await read({5: 0, 7: 0, 99: 0}, 5_000) == {5: [1, 2, 3, 4], 7: [1, 2, 3, 4]}
    assert await read({5: 4, 6: 2, 7: 0}, 5_000) == {6: [3, 4], 7: [1, 2, 3, 4]}
    assert await read({5: 4, 6: 4, 7: 4}, 900) == {5: [3, 4], 6: [4], 7: [4]}
    assert await read({5: 1, 6: 4, 7: 4}, 1_100) == {5: [2, 3, 4], 7: [4]}


async def test_refusals_of_many_lots_are_read_at_once(stores: Stores) -> None:
    term = await stores.lease.acquire("test")
    refused = Refused(Refusal.BELOW_ASKING_PRICE, asking_price=110, increment=10)
    refusals = [RefusalRow(5 + n % 2, f"{n:032x}", 101, n, 105, refused) for n in (10, 11, 20, 21)]
    await stores.journal.append(term, Batch([row(1, 5, 1)], refusals))

    async def read(lots: list[int], since_us: int) -> list[RefusalRow]:
        return [each async for portion in stores.journal.read_refusals_of(lots, since_us) for each in portion]

    assert await read([5, 99], 0) == [refusals[0], refusals[2]]
    assert sorted(await read([5, 6], 11), key=lambda each: each.at_us) == refusals[1:]
    assert await read([], 0) == []


async def test_snapshots_of_many_lots_are_loaded_at_once(stores: Stores) -> None:
    kept = [Snapshot(lot, lot * 2, b"\1" * 32, b"state") for lot in (5, 6, 7)]
    await stores.snapshots.save(kept)
    assert sorted(await stores.snapshots.load_all([7, 99, 5]), key=lambda each: each.lot) == [
        kept[0],
        kept[2],
    ]
    assert await stores.snapshots.load_all([]) == []


async def test_a_shard_that_nobody_ever_held_is_taken_at_once(database_url: str) -> None:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=2) as pool:
        lease = PostgresLease(pool, 7)
        assert await lease.quiet_ms() is None
        assert await lease.acquire_quiet("one", 60_000) == 1
        assert await lease.acquire_quiet("two", 60_000) is None


async def test_who_leaves_a_shard_need_not_be_waited_for(database_url: str) -> None:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=2) as pool:
        lease = PostgresLease(pool)
        term = await lease.acquire("one")
        await lease.pulse(term)
        await lease.leave(term - 1)
        assert await lease.acquire_quiet("two", 60_000) is None, "a former holder has no say"
        await lease.leave(term)
        assert await lease.acquire_quiet("two", 60_000) == term + 1
        with pytest.raises(Fenced):
            await lease.pulse(term)
