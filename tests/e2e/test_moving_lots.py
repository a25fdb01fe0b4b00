"""An open lot changes its engine while people bid on it: they wait a little, and no receipt is lost."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bidding import bidding_on, further
from tests.e2e.conftest import House, people_of
from tests.exchange_cluster import ExchangeCluster
from tests.redis_server import running_redis


@pytest.fixture
async def two_shards(tmp_path: Path, database_url: str) -> AsyncIterator[House]:
    """Run an exchange whose lots two engines can decide."""
    with running_redis() as redis:
        cluster = ExchangeCluster(tmp_path, redis.url, "--database-url", database_url, shards=2)
        try:
            await asyncio.to_thread(cluster.start)
            yield House(cluster, await people_of(cluster), len(cluster.gateways))
            assert cluster.exit_code is None, cluster.output[-3000:]
            assert await asyncio.to_thread(cluster.stop) == 0
        finally:
            cluster.kill()


async def test_open_lots_move_to_another_engine_and_back_while_people_bid(
    two_shards: House, database_url: str
) -> None:
    async with bidding_on(two_shards) as biddings:
        for shard in (1, 0):
            for bidding in biddings[:2]:
                await moved(bidding.lot, shard, database_url)
            await further(biddings)


async def moved(lot: int, shard: int, database_url: str) -> None:
    """Move a lot by command."""
    words = ["shards", "move", str(lot), "--to", str(shard), "--database-url", database_url]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateways.cli", *words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    output, _ = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == 0, output.decode()
