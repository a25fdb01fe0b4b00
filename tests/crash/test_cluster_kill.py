"""kill -9 of every part of a cluster in turn, under load: every intention gets exactly one receipt, and its record.

A round ends one part without warning: a gateway, the engine (its standby takes over), Redis (which forgets all), the
contents of Redis, PostgreSQL. What has ended is started again, as an init system would. `LUOCHUI_CRASH_ROUNDS` and
`LUOCHUI_CRASH_SEED` choose more rounds and the same choices again.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from exchange.embedded_postgres import EmbeddedPostgres
from tests.bidding import bidding_on, further
from tests.e2e.conftest import House, people_of
from tests.exchange_cluster import ExchangeCluster
from tests.redis_server import RedisServer, running_redis

SEED = int(os.environ.get("LUOCHUI_CRASH_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
BIDDERS = 6
STANDBY_AFTER_MS = 1_500


class Site:
    """A cluster with everything that it stands on, and the ways to break each part."""

    def __init__(self, cluster: ExchangeCluster, postgres: EmbeddedPostgres, redis: RedisServer) -> None:
        self.cluster = cluster
        self._postgres = postgres
        self._redis = redis
        self.ways: dict[str, Callable[[random.Random], Awaitable[None]]] = {
            "gateway killed": self._kill_gateway,
            "engine killed": self._kill_engine,
            "redis killed": self._kill_redis,
            "redis flushed": self._flush_redis,
            "postgresql killed": self._kill_postgres,
        }

    async def tend(self) -> None:
        """Start again whatever has ended, for ever: an engine that was overtaken ends by itself."""
        while True:
            for program in (*self.cluster.engines, *self.cluster.gateways):
                if program.exit_code is not None:
                    program.launch()
            await asyncio.sleep(0.2)

    async def _kill_gateway(self, chance: random.Random) -> None:
        chance.choice(self.cluster.gateways).signal(signal.SIGKILL)

    async def _kill_engine(self, chance: random.Random) -> None:
        engine = await self.cluster.leading_engine()
        engine.signal(signal.SIGKILL)

    async def _kill_redis(self, chance: random.Random) -> None:
        self._redis.kill()
        await asyncio.sleep(chance.uniform(0, 1))
        await asyncio.to_thread(self._redis.start)

    async def _flush_redis(self, chance: random.Random) -> None:
        await asyncio.to_thread(self._redis.flush)

    async def _kill_postgres(self, chance: random.Random) -> None:
        assert self._postgres.process_id is not None
        os.kill(self._postgres.process_id, signal.SIGKILL)
        await self._postgres.stop()
        await asyncio.sleep(chance.uniform(0, 1))
        await self._postgres.start()


@asynccontextmanager
async def site(folder: Path) -> AsyncIterator[Site]:
    """Run an engine, its standby and two gateways over a Redis and a PostgreSQL of their own."""
    async with EmbeddedPostgres(folder / "postgres") as postgres:
        with running_redis() as redis:
            flags = ("--database-url", postgres.dsn(), "--set", f"standby_after_ms={STANDBY_AFTER_MS}")
            cluster = ExchangeCluster(folder / "data", redis.url, *flags, standbys=1)
            try:
                await asyncio.to_thread(cluster.start)
                yield Site(cluster, postgres, redis)
            finally:
                cluster.kill()


@pytest.mark.slow
async def test_no_receipt_is_lost_or_doubled_whatever_part_dies(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(SEED)
    async with site(tmp_path) as cluster_site:
        ways = list(cluster_site.ways)
        rounds = int(os.environ.get("LUOCHUI_CRASH_ROUNDS", str(len(ways))))
        cluster = cluster_site.cluster
        house = House(cluster, await people_of(cluster, BIDDERS), len(cluster.gateways))
        with capsys.disabled():
            print(f"\ncluster crash: seed {SEED}, {rounds} rounds")
        tending = asyncio.create_task(cluster_site.tend())
        try:
            async with bidding_on(house) as biddings:
                for number in range(rounds):
                    if not number % len(ways):
                        chance.shuffle(ways)
                    way = ways[number % len(ways)]
                    for bidding in biddings:
                        bidding.longest_pause_s = 0.0
                    await cluster_site.ways[way](chance)
                    await further(biddings)
                    longest = max(bidding.longest_pause_s for bidding in biddings)
                    with capsys.disabled():
                        print(f"cluster crash: {way}, longest wait for a receipt {longest:.1f} s")
        finally:
            tending.cancel()
        bids = sum(len(bidding.receipts) for bidding in biddings)
    with capsys.disabled():
        print(f"cluster crash: {bids} bids checked, 0 lost, 0 doubled")
