"""Wires between machines are cut without a word, under load: every intention gets exactly one receipt.

Engine, standby, two gateways, Redis and PostgreSQL each stand in a network namespace of their own. A round cuts one of
the wires for some seconds, longer or shorter than what makes a standby take over or the kernel give a connection up.
`LUOCHUI_CRASH_ROUNDS` and `LUOCHUI_CRASH_SEED` choose more rounds and the same choices again.
"""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import aiohttp
import pytest

from exchange.embedded_postgres import DATABASE, PORT, ROLE
from tests.bidding import Bidding, bidding_on, further
from tests.e2e.conftest import House, people_of
from tests.exchange_process import Program, is_ready, operator_token
from tests.namespaces import Network, network
from tests.patience import PATIENCE_SECONDS
from tests.redis_server import redis_program
from tests.seeds import seed

SEED = seed("LUOCHUI_CRASH_SEED")
ENGINES, GATEWAYS = ("engine-0", "engine-1"), ("gateway-0", "gateway-1")
BIDDERS = 3
STANDBY_AFTER_MS = 1_500
CUT_SECONDS = (1.0, 4.0)
LONG_CUT_SECONDS = (9.0, 14.0)
"""Longer than the kernel waits for an acknowledgement; in every round when more than the usual are asked for."""

USUAL_ROUNDS = 4
SERVER_PORT, OWN_PORT, REDIS_PORT = 8080, 8081, 6379
ANSWER_TIMEOUT = aiohttp.ClientTimeout(total=2)

POSTGRES = """
import asyncio, sys
from pathlib import Path
from exchange.embedded_postgres import EmbeddedPostgres

async def main():
    folder, address, subnet = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    async with EmbeddedPostgres(folder, options={"listen_addresses": address}):
        pass  # the first time makes the cluster, whose rules do not know of other machines
    with (folder / "cluster" / "pg_hba.conf").open("a") as rules:
        rules.write(f"host all all {subnet} trust\\n")
    async with EmbeddedPostgres(folder, options={"listen_addresses": address}):
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""


class Machine(Program):
    """A process of `luochui` on a machine of its own."""

    def __init__(self, data_dir: Path, place: str, town: Network, *arguments: str) -> None:
        self.address = town.addresses[place]
        flags = ("--set", f"host={self.address}", "--own-port", str(OWN_PORT), "--no-demo")
        super().__init__(data_dir, place, *arguments, *flags, within=town.within(place))
        self.url = f"http://{self.address}:{SERVER_PORT}"

    @property
    def operator_token(self) -> str:
        """The token that the exchange leaves for its operator."""
        return operator_token(self.data_dir)

    async def caught_up(self) -> None:
        """Return at once: who speaks to a gateway has spoken to the same before."""


class Site:
    """The town, its machines, and who works on them."""

    def __init__(self, town: Network, folder: Path) -> None:
        self.town = town
        at = town.addresses
        dsn = f"postgresql://{ROLE}@{at['postgres']}:{PORT}/{DATABASE}"
        redis_url, standby = f"redis://{at['redis']}:{REDIS_PORT}", f"standby_after_ms={STANDBY_AFTER_MS}"
        flags = ("--redis-url", redis_url, "--database-url", dsn, "--set", standby)
        self.engines = [Machine(folder, place, town, "engine", *flags) for place in ENGINES]
        self.gateways = [
            Machine(folder, place, town, "gateway", "--port", str(SERVER_PORT), *flags) for place in GATEWAYS
        ]

    def start(self) -> None:
        """Start all of it and wait until it takes commands."""
        first, second = self.engines
        first.launch()
        first.wait_until(lambda: "分片引擎" in first.output and (first.data_dir / "operator.token").exists())
        second.launch()
        for gateway in self.gateways:
            gateway.launch()
        for gateway in self.gateways:
            gateway.wait_until(partial(is_ready, gateway.url))

    async def leading(self) -> str:
        """Wait until an engine has the shard, and return where."""
        async with aiohttp.ClientSession() as http, asyncio.timeout(PATIENCE_SECONDS):
            while True:
                for engine in self.engines:
                    if await _takes_commands(http, engine.address):
                        return engine.name
                await asyncio.sleep(0.1)

    async def tend(self) -> None:
        """Start again whatever has ended, for ever: an engine that was overtaken ends by itself."""
        while True:
            for program in (*self.engines, *self.gateways):
                if program.exit_code is not None:
                    program.launch()
            await asyncio.sleep(0.2)

    def kill(self) -> None:
        """End all of it without any warning."""
        for program in (*self.engines, *self.gateways):
            program.kill()


async def _takes_commands(http: aiohttp.ClientSession, address: str) -> bool:
    try:
        async with http.get(f"http://{address}:{OWN_PORT}/readyz", timeout=ANSWER_TIMEOUT) as answer:
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False


@asynccontextmanager
async def site(folder: Path) -> AsyncIterator[Site]:
    """Run an engine, its standby and two gateways over a Redis and a PostgreSQL, all apart."""
    redis = redis_program()
    with network("postgres", "redis", *ENGINES, *GATEWAYS) as town:
        at = town.addresses
        postgres = subprocess.Popen(
            [*town.within("postgres"), sys.executable, "-c", POSTGRES, str(folder / "postgres"), at["postgres"],
             at["street"] + "/24"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2],
        )  # fmt: skip
        between = subprocess.Popen(
            [*town.within("redis"), redis, "--bind", at["redis"], "--port", str(REDIS_PORT),
             "--protected-mode", "no", "--save", "", "--appendonly", "no", "--dir", str(folder)],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        place = Site(town, folder / "data")
        try:
            assert postgres.stdin is not None and postgres.stdout is not None
            assert await asyncio.to_thread(postgres.stdout.readline) == b"ready\n"
            await asyncio.to_thread(place.start)
            yield place
        finally:
            place.kill()
            between.kill()
            between.wait()
            await asyncio.to_thread(_end, postgres)


def _end(postgres: subprocess.Popen[bytes]) -> None:
    """Let PostgreSQL shut down; kill what starts it, and so it, when it does not."""
    try:
        postgres.communicate(timeout=PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        postgres.kill()
        postgres.wait()


def wires(leading: str) -> list[tuple[str, str]]:
    """Return the wires of a cluster, each kind once."""
    return [
        (leading, "postgres"), (GATEWAYS[0], "redis"), (leading, "redis"), (GATEWAYS[1], "postgres"),
    ]  # fmt: skip


@pytest.mark.slow
async def test_no_receipt_is_lost_or_doubled_whatever_wire_is_cut(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(SEED)
    rounds = int(os.environ.get("LUOCHUI_CRASH_ROUNDS", str(USUAL_ROUNDS)))
    async with site(tmp_path) as place, AsyncExitStack() as stack:
        first, second = place.gateways
        people = await people_of(first, BIDDERS)
        tending = asyncio.create_task(place.tend())
        stack.callback(tending.cancel)
        said = [f"network cuts: seed {SEED}, {rounds} rounds"]
        biddings: list[Bidding] = []
        async with (
            bidding_on(House(first, people)) as here,
            bidding_on(House(second, people)) as there,
        ):
            biddings += [*here, *there]
            for number in range(rounds):
                one, other = wires(await place.leading())[number % USUAL_ROUNDS]
                seconds = chance.uniform(*(CUT_SECONDS if rounds <= USUAL_ROUNDS else LONG_CUT_SECONDS))
                for bidding in biddings:
                    bidding.longest_pause_s = 0.0
                place.town.cut(one, other)
                try:
                    await asyncio.sleep(seconds)
                finally:
                    place.town.mend(one, other)
                mended = time.monotonic()
                await further(biddings)
                longest = max(bidding.longest_pause_s for bidding in biddings)
                said.append(
                    f"network cuts: {one} from {other} for {seconds:.1f} s, longest wait for a receipt "
                    f"{longest:.1f} s, all served {time.monotonic() - mended:.1f} s after"
                )
        bids = sum(len(bidding.receipts) for bidding in biddings)
        said.append(f"network cuts: {rounds} rounds, {bids} bids checked, 0 lost, 0 doubled")
    with capsys.disabled():
        print("", *said, sep="\n")
