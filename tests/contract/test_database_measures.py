"""What `/metrics` says about copies of the database, over a real receiver of changes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg
from prometheus_client import generate_latest

from exchange import backups
from exchange.database_measures import DatabaseMeasures
from exchange.measures import Measures
from tests.patience import PATIENCE_SECONDS

SLOT = "luochui_measured"
DROP = (
    "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1 AND NOT active"
)
IS_THERE = "SELECT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = $1)"


def is_shown(rows: Sequence[tuple[Any, ...]]) -> bool:
    """Tell whether the receiver is there; while it makes its slot it is a replica without one."""
    return any(name == SLOT for name, *_ in rows)


async def test_a_receiver_is_shown_with_how_far_it_is_behind(database_url: str, tmp_path: Path) -> None:
    measures = Measures()
    said: list[str] = []
    receiving = asyncio.create_task(
        backups.follow(lambda: database_url, tmp_path / "backups", said.append, slot=SLOT)
    )
    async with asyncpg.create_pool(database_url, min_size=1, max_size=1) as pool:
        try:
            watching = DatabaseMeasures(pool, measures)
            await watching.take()
            give_up_at = time.monotonic() + PATIENCE_SECONDS
            while not (is_shown(measures.replicas) and is_shown(measures.slots)):
                assert time.monotonic() < give_up_at, said
                await asyncio.sleep(0.05)
                await watching.take()
            text = generate_latest(measures.registry).decode()
        finally:
            receiving.cancel()
            with suppress(asyncio.CancelledError):
                await receiving
            give_up_at = time.monotonic() + PATIENCE_SECONDS
            while await pool.fetchval(IS_THERE, SLOT):
                assert time.monotonic() < give_up_at, "the slot is free once its receiver has gone"
                await pool.fetch(DROP, SLOT)
                await asyncio.sleep(0.05)
    assert f'luochui_replica_lag_bytes{{replica="{SLOT}",sync_state="async"}}' in text
    assert f'luochui_slot_kept_bytes{{slot="{SLOT}"}}' in text


def test_two_copies_of_one_name_are_shown_once_by_the_one_further_behind() -> None:
    measures = Measures()
    measures.replicas = [("standby", "sync", 10, 0.5), ("standby", "sync", 70, 0.25)]
    text = generate_latest(measures.registry).decode()
    assert 'luochui_replica_lag_bytes{replica="standby",sync_state="sync"} 70.0' in text
    assert 'luochui_replica_lag_seconds{replica="standby",sync_state="sync"} 0.5' in text
