"""Every part of a cluster dies, stops or is cut off in turn, under load: every intention gets exactly one receipt.

A round takes one part away without warning: a gateway, the engine (its standby takes over), Redis (which forgets all),
the contents of Redis, PostgreSQL; or it stops the engine until its standby leads and lets it come back as a zombie; or
it cuts the wire between one process and what it stands on. What has ended is started again, as an init system would.
`LUOCHUI_CRASH_ROUNDS` and `LUOCHUI_CRASH_SEED` choose more rounds and the same choices again.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from exchange.embedded_postgres import DATABASE, PORT, ROLE, EmbeddedPostgres
from tests.bidding import bidding_on, further
from tests.e2e.conftest import House, people_of
from tests.exchange_cluster import ExchangeCluster
from tests.fault_proxy import FaultProxy
from tests.redis_server import RedisServer, running_redis
from tests.seeds import seed
from tests.standing_still import server_processes, standing_still

SEED = seed("LUOCHUI_CRASH_SEED")
BIDDERS = 6
STANDBY_AFTER_MS = 1_500
CUT_SECONDS = (0.2, 4.0)
"""Shorter and longer than what makes a standby take over, a gateway give up an engine, a command be in doubt."""

PROCESSES = ("engine-0", "engine-1", "gateway-0", "gateway-1")
POSTGRES_SOCKET = f".s.PGSQL.{PORT}"

Way = Callable[[random.Random], Awaitable[None]]


class Wires:
    """A wire of its own for every process to Redis, and one to PostgreSQL."""

    def __init__(self, folder: Path, redis: Path, postgres: Path) -> None:
        self._folder = folder
        self.to_redis = {name: FaultProxy(folder / f"{name}.redis", redis) for name in PROCESSES}
        self.to_postgres = {name: FaultProxy(self._server(name), postgres) for name in PROCESSES}

    async def start(self) -> None:
        """Lay them all."""
        for name in PROCESSES:
            self._server(name).parent.mkdir()
            await self.to_redis[name].start()
            await self.to_postgres[name].start()

    async def close(self) -> None:
        """Take them all away."""
        for wire in (*self.to_redis.values(), *self.to_postgres.values()):
            await wire.close()

    def flags(self, name: str) -> tuple[str, ...]:
        """Return the flags by which a process goes its own way."""
        host = quote(str(self._server(name).parent), safe="")
        dsn = f"postgresql://{ROLE}@/{DATABASE}?host={host}&port={PORT}"
        return "--redis-url", f"unix://{self.to_redis[name].path}", "--database-url", dsn

    def _server(self, name: str) -> Path:
        return self._folder / f"{name}.pg" / POSTGRES_SOCKET


class Site:
    """A cluster with everything that it stands on, and the ways to break each part."""

    def __init__(
        self, cluster: ExchangeCluster, postgres: EmbeddedPostgres, redis: RedisServer, wires: Wires
    ) -> None:
        self.cluster = cluster
        self._postgres = postgres
        self._redis = redis
        self._wires = wires
        self.ways: dict[str, Way] = {
            "gateway killed": self._kill_gateway,
            "engine killed": self._kill_engine,
            "engine ended": self._end_engine,
            "engine paused": self._pause_engine,
            "redis killed": self._kill_redis,
            "redis flushed": self._flush_redis,
            "postgresql killed": self._kill_postgres,
            "postgresql stopped for a while": self._stop_postgres,
            "redis cut off": self._cut_from_redis,
            "postgresql cut off": self._cut_from_postgres,
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

    async def _end_engine(self, chance: random.Random) -> None:
        """End it as a deploy would: it says that it leaves, and its standby need not wait for its silence."""
        engine = await self.cluster.leading_engine()
        engine.signal(signal.SIGTERM)

    async def _pause_engine(self, chance: random.Random) -> None:
        """Stop it until its standby has taken over: then it comes back, and must find that it is nobody any more."""
        engine = await self.cluster.leading_engine()
        engine.signal(signal.SIGSTOP)
        try:
            await self.cluster.leading_engine(other_than=engine)
        finally:
            engine.signal(signal.SIGCONT)

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

    async def _stop_postgres(self, chance: random.Random) -> None:
        """Stop all of it for a while: by its own clock the leader may have been silent for too long when it goes on."""
        with standing_still(server_processes(self._postgres)):
            await asyncio.sleep(chance.uniform(*CUT_SECONDS))

    async def _cut_from_redis(self, chance: random.Random) -> None:
        await self._cut(self._wires.to_redis, chance)

    async def _cut_from_postgres(self, chance: random.Random) -> None:
        await self._cut(self._wires.to_postgres, chance)

    async def _cut(self, wires: dict[str, FaultProxy], chance: random.Random) -> None:
        """Cut off the engine that leads, or one of the gateways, for a while."""
        leading = await self.cluster.leading_engine()
        wire = wires[chance.choice([leading, leading, *self.cluster.gateways]).name]
        wire.cut()
        await asyncio.sleep(chance.uniform(*CUT_SECONDS))
        wire.mend(breaks=chance.random() < 0.5)


@asynccontextmanager
async def site(folder: Path) -> AsyncIterator[Site]:
    """Run an engine, its standby and two gateways over a Redis and a PostgreSQL of their own."""
    # In a folder of a short name: a server whose socket does not fit into its own comes back with another one.
    near = tempfile.mkdtemp(prefix="lp-")
    async with EmbeddedPostgres(Path(near)) as postgres:
        with running_redis() as redis, tempfile.TemporaryDirectory(prefix="lw-") as sockets:
            socket = _postgres_socket(postgres)
            wires = Wires(Path(sockets), Path(urlsplit(redis.url).path), socket)
            await wires.start()
            flags = ("--set", f"standby_after_ms={STANDBY_AFTER_MS}")
            cluster = ExchangeCluster(folder / "data", redis.url, *flags, standbys=1, reach=wires.flags)
            try:
                await asyncio.to_thread(cluster.start)
                yield Site(cluster, postgres, redis, wires)
            finally:
                cluster.kill()
                await wires.close()
    shutil.rmtree(near, ignore_errors=True)


def _postgres_socket(postgres: EmbeddedPostgres) -> Path:
    folder = postgres.directory / "socket"
    elsewhere = postgres.directory / "socket.path"
    if not (folder / POSTGRES_SOCKET).exists() and elsewhere.exists():
        folder = Path(elsewhere.read_text(encoding="utf-8"))
    return folder / POSTGRES_SOCKET


@pytest.mark.slow
async def test_no_receipt_is_lost_or_doubled_whatever_part_dies(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(SEED)
    async with site(tmp_path) as cluster_site:
        ways = list(cluster_site.ways)
        rounds = int(os.environ.get("LUOCHUI_CRASH_ROUNDS", "6"))
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
