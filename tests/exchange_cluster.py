"""An exchange in several processes: engines, and gateways on one port, with a Redis between them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import aiohttp

from tests.exchange_process import READY_SECONDS, Program, operator_token
from tests.kept_numbers import free_port

ANSWER_TIMEOUT = aiohttp.ClientTimeout(total=2)
"""A process that is stopped does not answer at all."""


class Part(Program):
    """A process that has a port to itself beside the one it shares."""

    def __init__(self, data_dir: Path, name: str, *arguments: str) -> None:
        port = free_port()
        self.own_url = f"http://127.0.0.1:{port}"
        super().__init__(data_dir, name, *arguments, "--own-port", str(port))

    async def is_ready(self, http: aiohttp.ClientSession) -> bool:
        """Tell whether it takes commands."""
        try:
            async with http.get(f"{self.own_url}/readyz", timeout=ANSWER_TIMEOUT) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def position(self, http: aiohttp.ClientSession) -> int:
        """Return up to where it knows the journal; 0 for one that stands by."""
        async with http.get(f"{self.own_url}/metrics") as answer:
            found = re.search(
                r'^luochui_journal_position{shard="0"} (\S+)$', await answer.text(), re.MULTILINE
            )
        assert found is not None
        return int(float(found[1]))


class ExchangeCluster:
    """`luochui engine`, with standbys if wanted, and some `luochui gateway`, as processes of their own.

    Args:
        data_dir: of all of them; with the first engine's PostgreSQL, unless flags name another.
        redis_url: of the Redis between them.
        flags: for all of them.
        reach: given the name of one of them, flags for it alone.
        gateways: how many, all on one port.
        standbys: engines of shard 0 beside the first, which need a PostgreSQL that outlives it.
        shards: how many have an engine; more than one need a PostgreSQL of their own.
    """

    def __init__(
        self,
        data_dir: Path,
        redis_url: str,
        *flags: str,
        gateways: int = 2,
        standbys: int = 0,
        shards: int = 1,
        reach: Callable[[str], tuple[str, ...]] = lambda name: (),
    ) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._common = ("--redis-url", redis_url, "--no-demo", *flags)
        self._reach = reach
        self.engines = [self._part(f"engine-{place}", "engine") for place in range(1 + standbys)]
        self.other_engines = [
            self._part(f"engine-of-{shard}", "engine", "--shard", str(shard)) for shard in range(1, shards)
        ]
        self.gateways = [
            self._part(f"gateway-{place}", "gateway", "--port", str(self.port)) for place in range(gateways)
        ]

    def _part(self, name: str, *arguments: str) -> Part:
        return Part(self.data_dir, name, *arguments, *self._common, *self._reach(name))

    @property
    def programs(self) -> list[Part]:
        """All processes, gateways first."""
        return [*self.gateways, *self.other_engines, *self.engines]

    async def caught_up(self) -> None:
        """Wait until every gateway shows what is on record by now."""
        async with aiohttp.ClientSession() as http, asyncio.timeout(READY_SECONDS):
            head = max([await engine.position(http) for engine in self.engines])
            for gateway in self.gateways:
                while await gateway.position(http) < head:
                    await asyncio.sleep(0.005)

    def start(self) -> None:
        """Start all of it and wait until it takes commands."""
        self.start_engine(self.engines[0])
        for standby in self.engines[1:]:
            standby.launch()
        for engine in self.other_engines:
            engine.launch()
            engine.wait_until(partial(_has_a_shard, engine))
        for gateway in self.gateways:
            gateway.launch()
        for gateway in self.gateways:
            self._wait_until_open(gateway, 0)

    async def leading_engine(self, other_than: Part | None = None) -> Part:
        """Wait until an engine has the shard, another one if so wanted, and return it."""
        async with aiohttp.ClientSession() as http, asyncio.timeout(READY_SECONDS):
            while True:
                for engine in self.engines:
                    if engine is not other_than and await engine.is_ready(http):
                        return engine
                await asyncio.sleep(0.05)

    def start_engine(self, engine: Program) -> None:
        """Start an engine and wait until it has its shard, and the office is open."""
        token = self.data_dir / "operator.token"
        engine.launch()
        engine.wait_until(lambda: _has_a_shard(engine) and token.exists())

    def start_gateway(self, gateway: Program) -> None:
        """Start a gateway, again perhaps, and wait until it lets people in."""
        before = gateway.output.count(self.url)
        gateway.launch()
        self._wait_until_open(gateway, before)

    def _wait_until_open(self, gateway: Program, before: int) -> None:
        gateway.wait_until(lambda: gateway.output.count(self.url) > before)

    def stop(self) -> int:
        """Interrupt all of it, gateways first, and return the first exit code that is not 0."""
        codes = [program.stop() for program in self.programs]
        return next((code for code in codes if code), 0)

    def kill(self) -> None:
        """End all of it without any warning."""
        for program in self.programs:
            program.kill()

    @property
    def exit_code(self) -> int | None:
        """The exit code of a process that has ended; None while all run."""
        codes = (program.exit_code for program in self.programs)
        return next((code for code in codes if code is not None), None)

    @property
    def operator_token(self) -> str:
        """The token that the exchange leaves for its operator."""
        return operator_token(self.data_dir)

    @property
    def output(self) -> str:
        """What all of it has printed."""
        return "\n".join(program.output for program in self.programs)


def _has_a_shard(engine: Program) -> bool:
    return "分片引擎" in engine.output
