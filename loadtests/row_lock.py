"""The ordinary way to take bids, for comparison: one transaction for each, the lot's row locked.

Belongs here: the loop and its tables, in a schema of its own on the same PostgreSQL.
Does not belong here: anything of ours; this is what we are compared with.
"""

from __future__ import annotations

import asyncio
import time
from array import array
from dataclasses import dataclass

import asyncpg

CONNECTIONS = (1, 4, 16)
SETTINGS = (
    "server_version",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "wal_sync_method",
    "shared_buffers",
)
CREATE = """
DROP SCHEMA IF EXISTS row_lock_baseline CASCADE;
CREATE SCHEMA row_lock_baseline;
CREATE TABLE row_lock_baseline.lot (id bigint PRIMARY KEY, asking_price bigint NOT NULL);
CREATE TABLE row_lock_baseline.bid (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lot bigint NOT NULL REFERENCES row_lock_baseline.lot, bidder bigint NOT NULL, amount bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO row_lock_baseline.lot VALUES (1, 1);
"""
DROP = "DROP SCHEMA row_lock_baseline CASCADE"
LOCK = "SELECT asking_price FROM row_lock_baseline.lot WHERE id = 1 FOR UPDATE"
INSERT = "INSERT INTO row_lock_baseline.bid (lot, bidder, amount) VALUES (1, $1, $2)"
UPDATE = "UPDATE row_lock_baseline.lot SET asking_price = $1 WHERE id = 1"


@dataclass(frozen=True, slots=True)
class RowLockRate:
    """Bids a second with so many connections; latency in milliseconds."""

    connections: int
    rate: float
    p50_ms: float
    p99_ms: float


async def measure_row_lock(database_url: str, seconds: float) -> list[RowLockRate]:
    """Return the rate for each number of connections."""
    owner = await asyncpg.connect(database_url)
    try:
        await owner.execute(CREATE)
        try:
            return [await _measure(database_url, connections, seconds) for connections in CONNECTIONS]
        finally:
            await owner.execute(DROP)
    finally:
        await owner.close()


async def server_settings(database_url: str) -> dict[str, str]:
    """Return what matters for durability and speed, as the server has it."""
    owner = await asyncpg.connect(database_url)
    try:
        return {name: await owner.fetchval("SELECT current_setting($1)", name) for name in SETTINGS}
    finally:
        await owner.close()


async def _measure(database_url: str, connections: int, seconds: float) -> RowLockRate:
    latencies: array[float] = array("d")
    until_s = time.perf_counter() + seconds
    began_s = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for bidder in range(connections):
            group.create_task(_bid_until(database_url, bidder, until_s, latencies))
    elapsed_s = time.perf_counter() - began_s
    ordered = sorted(latencies)
    p50_s, p99_s = (ordered[int(len(ordered) * share)] for share in (0.5, 0.99))
    return RowLockRate(connections, len(ordered) / elapsed_s, p50_s * 1000, p99_s * 1000)


async def _bid_until(database_url: str, bidder: int, until_s: float, latencies: array[float]) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        lock, insert, update = [await connection.prepare(sql) for sql in (LOCK, INSERT, UPDATE)]
        while (began_s := time.perf_counter()) < until_s:
            async with connection.transaction():
                amount = await lock.fetchval()
                await insert.fetch(bidder, amount)
                await update.fetch(amount + 1)
            latencies.append(time.perf_counter() - began_s)
    finally:
        await connection.close()
