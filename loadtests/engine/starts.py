"""How long an engine needs until it takes commands, and what its lots weigh: one start in a process of its own.

`python -m loadtests.engine.starts DATABASE_URL` starts an engine, and writes one line of JSON.

Belongs here: a start, its memory, and the ceilings of a replay. Does not belong here: making the journal.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
from typing import Any

import asyncpg
import orjson
import uvloop

from exchange import recovery
from exchange.adapters.postgres import PostgresJournal, PostgresSnapshots
from exchange.records import JournalRow
from loadtests.conditions import resident_bytes
from loadtests.engine.room import Room
from loadtests.reporting import keep_log_off_the_report
from matching.lot import digest

START_TIMEOUT_S = 900.0
PAGE_ROWS = 5_000
NOTHING_SINCE_US = 2**62


def measured_start(database_url: str) -> dict[str, Any]:
    """Start an engine in a fresh process and return what it said of it.

    Raises: subprocess.CalledProcessError, subprocess.TimeoutExpired.
    """
    command = [sys.executable, "-m", "loadtests.engine.starts", database_url]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=START_TIMEOUT_S)
    answer: dict[str, Any] = orjson.loads(done.stdout.splitlines()[-1])
    return answer


async def replay_ceilings(pool: asyncpg.Pool, database_url: str) -> dict[str, float]:
    """Measure the parts of a whole replay by themselves: reading every row, and taking each over without a database.

    Returns: seconds of each, and the number of records.
    """
    journal = PostgresJournal(database_url, pool)
    began_s = time.perf_counter()
    rows: list[JournalRow] = []
    while page := await journal.read_from(len(rows), PAGE_ROWS):
        rows += page
    read_s = time.perf_counter() - began_s
    began_s = time.perf_counter()
    for row in rows:
        _ = row.record
    decoded_s = time.perf_counter() - began_s
    return {"records": len(rows), "read_s": round(read_s, 3), "decode_s": round(decoded_s, 3)}


async def same_lots_either_way(pool: asyncpg.Pool, database_url: str, lots: int) -> bool:
    """Tell whether some lots come out of their snapshots exactly as they come out of their whole records."""
    journal, snapshots = PostgresJournal(database_url, pool), PostgresSnapshots(pool)
    some = (await journal.open_lots())[:lots]
    fast = await recovery.recover_lots(journal, snapshots, some, NOTHING_SINCE_US)
    whole = await recovery.recover_lots(journal, _NoSnapshots(), some, NOTHING_SINCE_US)
    return all(
        digest(fast[lot].lot) == digest(whole[lot].lot) and fast[lot].link == whole[lot].link for lot in some
    )


class _NoSnapshots(PostgresSnapshots):
    """What is left when all snapshots are lost."""

    def __init__(self) -> None:
        pass

    async def load_all(self, lots: object) -> list[Any]:
        """Return nothing."""
        return []


async def _start(database_url: str) -> dict[str, Any]:
    async with (
        asyncpg.create_pool(database_url, min_size=2, max_size=8) as pool,
        Room(database_url, pool).engine() as (engine, _),
    ):
        gc.collect()
        before = resident_bytes(os.getpid())
        began_s, processor_s = time.perf_counter(), time.process_time()
        await engine.start()
        seconds = time.perf_counter() - began_s
        processor_s = time.process_time() - processor_s
        assert engine.is_writable
        lots = len(engine._sequencer.lots)
        answers = sum(len(held.answers) for held in engine._sequencer.lots.values())
        grown = resident_bytes(os.getpid()) - before
        return {
            "seconds": round(seconds, 3),
            "processor_s": round(processor_s, 3),
            "lots": lots,
            "position": engine.position,
            "answers": answers,
            "resident_bytes": grown,
            "resident_bytes_per_lot": round(grown / lots) if lots else 0,
        }


if __name__ == "__main__":
    keep_log_off_the_report()
    sys.stdout.buffer.write(orjson.dumps(uvloop.run(_start(sys.argv[1]))) + b"\n")
