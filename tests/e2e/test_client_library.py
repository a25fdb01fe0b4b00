"""The client library as programs use it: the program of the README, through a cut wire and a killed server."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from luochui.client import ApiClient, ConnectionState, LiveClient, Receipt, Room
from yarl import URL

from tests.architecture.test_tidiness import PROJECT
from tests.exchange_process import ExchangeProcess
from tests.fault_proxy import TcpFaultProxy, laid_wire
from tests.live import lot_form
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.slow

LIMIT = 2_000


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExchangeProcess]:
    process = ExchangeProcess(tmp_path_factory.mktemp("exchange"), "--no-demo")
    process.start()
    yield process
    process.kill()


class Sale:
    """An open lot with two bidders: the program of the README, and a rival."""

    def __init__(self, lot: int, program: str, rival: str) -> None:
        self.lot = lot
        self.program = program
        self.rival = rival


@pytest.fixture
async def sale(exchange: ExchangeProcess) -> Sale:
    async with ApiClient(exchange.url, token=exchange.operator_token) as api:
        logins = [f"{name}-{os.urandom(4).hex()}" for name in ("program", "rival")]
        made = await api.create_accounts([{"login": x, "name": x, "roles": ["bidder"]} for x in logins])
        lot = await api.publish_lot(lot_form())
        await api.admit(lot, [account["id"] for account in made])
    await hosted(exchange, lot, "open")
    return Sale(lot, *(account["token"] for account in made))


async def hosted(exchange: ExchangeProcess, lot: int, act: str) -> None:
    """Act as the host, by the library too."""
    async with LiveClient(exchange.url, token=exchange.operator_token) as host:
        answer = await host.command({"type": "host", "lot": lot, "act": act})
        assert isinstance(answer, Receipt), answer


def example() -> str:
    """Return the program that the README shows."""
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    (found,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    return str(found)


@asynccontextmanager
async def wire_to(exchange: ExchangeProcess) -> AsyncIterator[TcpFaultProxy]:
    port = URL(exchange.url).port
    assert port is not None
    async with laid_wire(port) as wire:
        yield wire


@asynccontextmanager
async def program(url: str, sale: Sale, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the program of the README beside the test."""
    file = folder / "bidding.py"
    file.write_text(example(), encoding="utf-8")
    paths = os.pathsep.join([str(PROJECT), str(PROJECT / "gateways" / "published")])
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, file, url, str(sale.lot), str(LIMIT)),
        env=os.environ | {"LUOCHUI_TOKEN": sale.program, "PYTHONPATH": paths},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield running
    finally:
        if running.returncode is None:
            running.kill()
        await running.communicate()


async def until(client: LiveClient, lot: int, is_true: Callable[[Room], bool]) -> Room:
    """Follow a lot until something is true of it."""
    subscription = await client.subscribe(lot)
    async with asyncio.timeout(PATIENCE_SECONDS):
        async for _ in subscription:
            if is_true(subscription.room):
                return subscription.room
    raise AssertionError("the lot's news ended")


async def outbid(client: LiveClient, lot: int, least: int) -> Room:
    """Outbid the program and return the room once it has bid again."""
    before = await until(client, lot, lambda room: room.price >= least and not room.is_mine)
    assert isinstance(await client.bid(lot, before.asking_price), Receipt)
    return await until(client, lot, lambda room: room.price > before.asking_price)


async def test_the_program_of_the_readme_bids_through_a_cut_and_a_restart(
    exchange: ExchangeProcess, sale: Sale, tmp_path: Path
) -> None:
    states: list[ConnectionState] = []
    async with wire_to(exchange) as wire, program(wire.url, sale, tmp_path) as running:
        async with LiveClient(
            exchange.url, token=sale.rival, patience_s=PATIENCE_SECONDS, on_state=states.append
        ) as rival:
            assert (await outbid(rival, sale.lot, 1_000)).price == 1_020
            wire.cut()
            assert isinstance(await rival.bid(sale.lot, 1_030), Receipt)
            wire.mend(breaks=True)
            assert (await until(rival, sale.lot, lambda room: room.price > 1_030)).price == 1_040
            exchange.kill()
            exchange.start()
            assert (await outbid(rival, sale.lot, 1_040)).price == 1_060
            too_much = await rival.bid(sale.lot, LIMIT + 10)
            assert isinstance(too_much, Receipt)
        await hosted(exchange, sale.lot, "hammer")
        assert running.stdout is not None
        async with asyncio.timeout(PATIENCE_SECONDS):
            printed = (await running.stdout.read()).decode()
            assert await running.wait() == 0, printed
    assert f"sold at {LIMIT + 10}, to somebody else" in printed.splitlines()
    assert states[:2] == [ConnectionState.CONNECTING, ConnectionState.LIVE]
    assert ConnectionState.RECOVERING in states and states[-1] is ConnectionState.DISCONNECTED


async def test_a_command_is_kept_through_a_cut_and_takes_effect_once(
    exchange: ExchangeProcess, sale: Sale
) -> None:
    async with (
        wire_to(exchange) as wire,
        LiveClient(wire.url, token=sale.program, answer_timeout_s=1.0, attempts_max=1_000) as client,
    ):
        subscription = await client.subscribe(sale.lot)
        wire.cut(only_answers=True)
        bidding = asyncio.create_task(client.bid(sale.lot, 1_000))
        async with LiveClient(exchange.url, token=sale.rival) as rival:
            await until(rival, sale.lot, lambda room: room.price == 1_000)
        (kept,) = client.pending
        wire.mend(breaks=True)
        answer = await bidding
        assert isinstance(answer, Receipt) and answer.is_repeat and answer.id == kept
        async with asyncio.timeout(PATIENCE_SECONDS):
            while subscription.room.price != 1_000:
                await anext(subscription)
        assert client.reconnections == 1 and client.pending == ()
        sequences = [record["sequence"] for record in subscription.room.records]
        assert sequences == list(range(sequences[0], subscription.offset + 1))


async def test_the_clock_is_measured_by_itself_where_that_is_asked_for(
    exchange: ExchangeProcess,
) -> None:
    async with LiveClient(exchange.url, clock_every_s=0.05) as client:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while client.clock.best is None or abs(client.clock_offset_us) >= 1_000_000:
                await asyncio.sleep(0.02)
