"""Several gateways are one exchange: to those who sign out, to hosts, and to bidders while gateways come and go."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
from collections.abc import Iterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import aiohttp
import pytest

from gateways.client import ApiClient
from gateways.wire import CloseCode
from tests.bidding import bidding_on, further
from tests.e2e.conftest import House, people_of
from tests.exchange_process import ExchangeProcess
from tests.live import Talk, host
from tests.patience import PATIENCE_SECONDS, until

BIDDERS_CONNECTIONS = 4
LOOK_AT_PROCESSES_SECONDS = 0.1
LISTENS = "0A"
"""The state of a socket that lets connections in, as the kernel writes it."""

CONNECTIONS = 8
"""That all of them lead to the same of two gateways happens once in 128 times, and does not make a test fail."""


async def test_a_proof_that_is_revoked_ends_its_connections_wherever_they_are(house: House) -> None:
    async with AsyncExitStack() as stack:
        operator = await stack.enter_async_context(ApiClient(house.url, token=house.operator))
        form = {"login": f"r{secrets.token_hex(4)}", "name": "r", "roles": ["bidder"]}
        (made,) = await operator.create_accounts([form])
        person = await stack.enter_async_context(ApiClient(house.url, token=made["token"]))
        talks = [await stack.enter_async_context(Talk(house.url, made["token"])) for _ in range(CONNECTIONS)]
        (label,) = (await person.call("GET", "/me/tokens"))["tokens"]
        await person.call("DELETE", f"/me/tokens/{label['id']}")
        for talk in talks:
            with pytest.raises(ConnectionError):
                await talk.hear("pong")
            assert talk.socket.close_code == CloseCode.SIGNED_OUT


async def test_a_host_sees_everybody_wherever_they_came_in(house: House) -> None:
    lot = await house.open_lot()
    async with AsyncExitStack() as stack:
        for _ in range(CONNECTIONS):
            watcher = await stack.enter_async_context(house.talk())
            await watcher.subscribe(lot, view="state")
        for _ in range(BIDDERS_CONNECTIONS):
            bidder = await stack.enter_async_context(house.talk(0))
            await bidder.subscribe(lot)
            await bidder.say({"type": "ping", "sent": 1, "rtt_ms": 123})
        desk = await stack.enter_async_context(house.talk(-1))
        await desk.subscribe(lot)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                presence = await desk.hear("presence")
                online = [(one["paddle"], one["rtt_ms"]) for one in presence["online"]]
                if presence["watchers"] == CONNECTIONS + BIDDERS_CONNECTIONS + 1 and online == [(1, 123)]:
                    break
        assert presence["bidders_online"] == 1, "however many connections he has, at however many gateways"


@pytest.fixture(scope="module")
def with_gateways(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Run one exchange with two gateway processes."""
    exchange = ExchangeProcess(tmp_path_factory.mktemp("gateways"), "--no-demo", "--gateways", "2")
    try:
        exchange.start()
        yield House(exchange, asyncio.run(people_of(exchange)), 2)
    finally:
        exchange.kill()


def gateways_of(house: House) -> set[int]:
    """Return the processes that the exchange has started as gateways."""
    assert isinstance(house.exchange, ExchangeProcess)
    return {pid for pid, parent in _processes("gateway").items() if parent == house.exchange.process_id}


async def both_gateways_of(house: House) -> set[int]:
    """Wait until two processes that were started as gateways let people in, and return them."""
    assert isinstance(house.exchange, ExchangeProcess)
    port = house.exchange.port
    await until(lambda: _doors(port) == len(gateways_of(house)) == 2, LOOK_AT_PROCESSES_SECONDS)
    return gateways_of(house)


def _doors(port: int) -> int:
    """Count the sockets that listen on a port: one of each gateway."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    places = [line.split()[1:4] for line in lines]
    return sum(here.endswith(f":{port:04X}") and state == LISTENS for here, _, state in places)


def _processes(noun: str) -> dict[int, int]:
    """Return the processes of a noun of the command line, each with its parent."""
    found: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            status = (folder / "stat").read_text()
        except OSError:
            continue
        if b"gateways.cli" in words and noun.encode() in words:
            found[int(folder.name)] = int(status.rpartition(")")[2].split()[1])
    return found


def are_new(house: House, gone: set[int]) -> bool:
    """Tell whether two gateways run, none of which is one of those that had to go."""
    gateways = gateways_of(house)
    return len(gateways) == 2 and gateways.isdisjoint(gone)


async def test_a_deploy_loses_no_receipt(with_gateways: House) -> None:
    """The gateways are replaced one after the other while people bid."""
    assert isinstance(with_gateways.exchange, ExchangeProcess)
    async with bidding_on(with_gateways) as biddings:
        for _ in range(2):
            before = await both_gateways_of(with_gateways)
            with_gateways.exchange.signal(signal.SIGHUP)
            await until(partial(are_new, with_gateways, before), LOOK_AT_PROCESSES_SECONDS)
            await further(biddings)


async def test_a_gateway_that_is_killed_is_started_again_and_loses_no_receipt(with_gateways: House) -> None:
    async with bidding_on(with_gateways) as biddings:
        for place in range(2):
            killed = sorted(await both_gateways_of(with_gateways))[place]
            os.kill(killed, signal.SIGKILL)
            await until(partial(are_new, with_gateways, {killed}), LOOK_AT_PROCESSES_SECONDS)
            await further(biddings)


async def everywhere(house: House) -> list[list[str]]:
    """Return the rehearsals that are listed over each of several connections of their own."""
    found = []
    for _ in range(CONNECTIONS):
        async with ApiClient(house.url, token=house.operator) as api:
            listed = await api.call("GET", "/rehearsals")
            found.append([one["name"] for one in listed["rehearsals"]])
    return found


async def test_a_rehearsal_is_found_through_every_gateway(with_gateways: House) -> None:
    async with AsyncExitStack() as stack:
        operator = await stack.enter_async_context(ApiClient(with_gateways.url, token=with_gateways.operator))
        name = (await operator.call("POST", "/rehearsals", {"bidders": 2, "seed": 7}))["name"]
        assert await everywhere(with_gateways) == [[name]] * CONNECTIONS
        address = f"{with_gateways.url}/api/v1/rehearsals/{name}/live"
        headers = {"Authorization": f"Bearer {with_gateways.operator}"}
        connect = partial(_connected, stack, address, headers)
        desks = [
            await connect("luochui.v1.msgpack" if n % 2 else "luochui.v1.json") for n in range(CONNECTIONS)
        ]
        await desks[0].send_json({"type": "subscribe", "lot": 1})
        open_it = {"type": "host", "id": secrets.token_hex(16), "lot": 1, "act": "open"}
        await desks[0].send_json(open_it)
        while (answer := await asyncio.wait_for(desks[0].receive_json(), PATIENCE_SECONDS)).get(
            "id"
        ) != open_it["id"]:
            pass
        assert answer["type"] == "receipt"
        for person, status in ((with_gateways.bidders[0].token, 403), ("not-a-token", 401)):
            nobody = await stack.enter_async_context(aiohttp.ClientSession())
            whose = {"Authorization": f"Bearer {person}"}
            async with nobody.delete(address.removesuffix("/live"), headers=whose) as answered:
                assert answered.status == status
        await operator.call("DELETE", f"/rehearsals/{name}")
        for desk in desks:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while (said := await desk.receive()).type in (
                    aiohttp.WSMsgType.TEXT,
                    aiohttp.WSMsgType.BINARY,
                ):
                    pass
            assert (said.type, said.data) == (aiohttp.WSMsgType.CLOSE, CloseCode.OVER)
        for _ in range(CONNECTIONS):
            with pytest.raises(aiohttp.WSServerHandshakeError, match="404"):
                await connect("luochui.v1.json")


async def test_when_the_gateway_with_the_rehearsals_is_gone_another_one_takes_them(
    with_gateways: House,
) -> None:
    """Nothing of a rehearsal is kept; but the next one can begin at once, wherever it is asked for."""
    for place in range(2):
        killed = sorted(await both_gateways_of(with_gateways))[place]
        os.kill(killed, signal.SIGKILL)
        await until(partial(are_new, with_gateways, {killed}), LOOK_AT_PROCESSES_SECONDS)
        async with ApiClient(with_gateways.url, token=with_gateways.operator) as api:
            name = (await api.call("POST", "/rehearsals", {"bidders": 1}))["name"]
            for listed in (found := await everywhere(with_gateways)):
                assert listed == found[0]
                assert listed[0] == name
            for one in found[0]:
                await api.call("DELETE", f"/rehearsals/{one}")


async def _connected(
    stack: AsyncExitStack, address: str, headers: dict[str, str], protocol: str
) -> aiohttp.ClientWebSocketResponse:
    """Return a host's connection of its own to a rehearsal."""
    http = await stack.enter_async_context(aiohttp.ClientSession(headers=headers))
    connecting = http.ws_connect(f"{address}?part=host", protocols=(protocol,))
    socket = await stack.enter_async_context(connecting)
    assert socket.protocol == protocol
    return socket


async def test_when_the_engine_ends_its_gateways_end(with_gateways: House) -> None:
    """The last test of its exchange: nobody is left behind on the port."""
    lot = await with_gateways.open_lot()
    gateways = await both_gateways_of(with_gateways)
    async with with_gateways.talk(-1) as desk:
        assert (await desk.ask(host(lot, "withdraw", "the end")))["type"] == "receipt"
    with_gateways.exchange.kill()
    await until(lambda: not gateways & _processes("gateway").keys(), LOOK_AT_PROCESSES_SECONDS)
