"""The journal's proof finds whatever somebody with all rights in the database has changed."""

from __future__ import annotations

import asyncpg
import pytest

from exchange.adapters.lease import PostgresLease
from exchange.adapters.postgres import PostgresJournal, PostgresSnapshots
from exchange.engine import EngineLimits
from exchange.verification import JournalReport, verify_journal
from matching.commands import HammerLot, LeaveMaxBid, MakeAnnouncement
from tests.floor import HOST, Floor


async def sell(database_url: str, pool: asyncpg.Pool) -> Floor:
    """Put two lots on record, one of them sold."""
    journal = PostgresJournal(database_url, pool)
    limits = EngineLimits(snapshot_every_records=5)
    floor = Floor(journal, PostgresSnapshots(pool), PostgresLease(pool), limits=limits)
    async with floor.running():
        await floor.open_lot(1, duration_us=None, host_may_hammer=True, fair_warnings_min=0)
        await floor.open_lot(2)
        await floor.bid(101, 100)
        await floor.give(LeaveMaxBid(1, 102, 500))
        await floor.bid(103, 200)
        await floor.bid(101, 100, lot=2)
        await floor.give(MakeAnnouncement(1, HOST, "请注意 the hammer is about to fall"))
        await floor.give(HammerLot(1, HOST))
    await journal.close()
    return floor


async def proof(pool: asyncpg.Pool, database_url: str) -> JournalReport:
    return await verify_journal([PostgresJournal(database_url, pool)], PostgresSnapshots(pool))


async def test_an_untouched_journal_is_sound(database_url: str) -> None:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=3) as pool:
        floor = await sell(database_url, pool)
        report = await proof(pool, database_url)
        assert report.is_sound, report.discrepancies
        assert (report.lots, report.records) == (2, await floor.journal.head()) and report.snapshots > 0


TAMPERINGS = {
    "another amount": "UPDATE exchange.journal SET body = replace(convert_from(body, 'UTF8'), '\"amount\":200',"
    " '\"amount\":900')::bytea WHERE lot_id = 1",
    "another time": "UPDATE exchange.journal SET at_us = at_us + 1 WHERE lot_id = 1 AND sequence = 7",
    "another order": "UPDATE exchange.journal SET sequence = sequence + 100 WHERE lot_id = 1 AND sequence = 9",
    "a record gone": "DELETE FROM exchange.journal WHERE lot_id = 1 AND sequence = 8",
    "the last record gone, and one moved up": "DELETE FROM exchange.journal WHERE position = 3",
    "a body of nonsense": "UPDATE exchange.journal SET body = 'nonsense' WHERE lot_id = 2 AND sequence = 3",
    "another link": "UPDATE exchange.journal SET link = sha256('x') WHERE lot_id = 2 AND sequence = 4",
    "another snapshot": "UPDATE exchange.snapshot SET state = state || '\\x00'",
}


@pytest.mark.parametrize("tampering", TAMPERINGS.values(), ids=TAMPERINGS.keys())
async def test_every_tampering_is_found(database_url: str, tampering: str) -> None:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=3) as pool:
        await sell(database_url, pool)
        async with pool.acquire() as connection:
            await connection.execute("SET session_replication_role = replica")
            assert not (await connection.execute(tampering)).endswith(" 0"), "nothing was tampered with"
            await connection.execute("SET session_replication_role = DEFAULT")
        assert not (await proof(pool, database_url)).is_sound
