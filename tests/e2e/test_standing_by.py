"""A standby lives and is not ready until it has taken over; a gateway lives and is not ready without an engine."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp

from tests.exchange_cluster import ExchangeCluster
from tests.patience import PATIENCE_SECONDS
from tests.redis_server import running_redis


async def shown(http: aiohttp.ClientSession, url: str, path: str) -> tuple[int, str]:
    async with asyncio.timeout(PATIENCE_SECONDS), http.get(f"{url}/{path}") as answer:
        return answer.status, await answer.text()


async def until(http: aiohttp.ClientSession, url: str, status: int) -> None:
    """Wait until an engine is ready, or says that it is not."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                if (await shown(http, url, "readyz"))[0] == status:
                    return
            except aiohttp.ClientError:
                pass  # not listening yet
            await asyncio.sleep(0.05)


async def test_who_cannot_take_commands_is_alive_and_not_ready(database_url: str, tmp_path: Path) -> None:
    # A leader that ends says so; that a busy machine keeps it silent for a while is no reason to follow it here.
    flags = ("--database-url", database_url, "--set", "standby_after_ms=20000")
    with running_redis() as redis:
        cluster = ExchangeCluster(tmp_path, redis.url, *flags, gateways=1, standbys=1)
        cluster.start()
        leader, standby = cluster.engines
        try:
            async with aiohttp.ClientSession() as http:
                await until(http, leader.own_url, 200)
                await until(http, standby.own_url, 503)
                assert await shown(http, standby.own_url, "livez") == (200, "ok\n")
                assert await shown(http, standby.own_url, "readyz") == (503, "standing by\n")
                assert "luochui_writable 0.0" in (await shown(http, standby.own_url, "metrics"))[1]
                assert await asyncio.to_thread(leader.stop) == 0
                await until(http, standby.own_url, 200)
                assert "luochui_writable 1.0" in (await shown(http, standby.own_url, "metrics"))[1]
                (gateway,) = cluster.gateways
                await until(http, gateway.own_url, 200)
                assert await asyncio.to_thread(standby.stop) == 0
                await until(http, gateway.own_url, 503)
                assert (await shown(http, gateway.own_url, ""))[0] == 200, "who only looks is still served"
            assert await asyncio.to_thread(gateway.stop) == 0
        finally:
            cluster.kill()
