"""What every carrier promises, and what engines and gateways promise over each of them, whatever it loses."""

from __future__ import annotations

import asyncio
import secrets
import stat
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from exchange.adapters.memory_carrier import MemoryWire
from exchange.adapters.redis_connection import RedisAddress, redis_address
from exchange.adapters.redis_streams import RedisStreams
from exchange.adapters.unix_socket import SocketClient, SocketServer, socket_path
from exchange.cluster.carrier import COMMANDS, NOTES, ROWS, Carrier
from exchange.cluster.gateway_end import HallLimits
from exchange.ports import Accepted, Busy
from matching.commands import PlaceBid
from matching.events import BidPlaced, FreezeCause, LotFrozen
from matching.lot import digest
from tests.clustered import Cluster, EngineProcess, GatewayProcess, cluster, ended
from tests.floor import MINUTE_US
from tests.patience import until
from tests.redis_server import RedisServer, running_redis

KNOCK = b"are you there?"
SHORT = HallLimits(command_deadline_ms=300)
LONG = HallLimits(command_deadline_ms=60_000)


class Line:
    """A carrier of some kind: makes its ends, and can break."""

    def __init__(
        self, make: Callable[[bool], Carrier], breaks: Callable[[], None], mends: Callable[[], None]
    ) -> None:
        self.make = make
        self.breaks = breaks
        self.mends = mends


@pytest.fixture(scope="module")
def redis_server() -> Iterator[RedisServer]:
    with running_redis() as server:
        yield server


@pytest.fixture(params=["memory", "socket", "redis"])
def line(request: pytest.FixtureRequest) -> Iterator[Line]:
    if request.param == "memory":
        wire = MemoryWire()
        yield Line(lambda is_engine: wire.carrier(), lambda: cut(wire, True), lambda: cut(wire, False))
    elif request.param == "socket":
        with tempfile.TemporaryDirectory(prefix="ls-") as folder:
            yield socket_line(Path(folder))
    else:
        server: RedisServer = request.getfixturevalue("redis_server")
        prefix = secrets.token_hex(4)
        yield Line(lambda is_engine: RedisStreams(server.url, prefix=prefix), server.kill, server.start)
        if not server.is_running:
            server.start()


def cut(wire: MemoryWire, is_cut: bool) -> None:
    wire.is_cut = is_cut


def socket_line(folder: Path) -> Line:
    """Return a line over a socket; it breaks with every connection, and mends by itself."""
    servers: list[SocketServer] = []

    def make(is_engine: bool) -> Carrier:
        if not is_engine:
            return SocketClient(socket_path(folder, 0))
        servers.append(SocketServer(socket_path(folder, 0)))
        return servers[-1]

    def breaks() -> None:
        for server in servers:
            for peer in tuple(server._peers):
                peer.abort()

    return Line(make, breaks, lambda: None)


class Ends:
    """Running carriers of one line."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self.tasks: list[asyncio.Task[None]] = []

    async def end(self, is_engine: bool, *topics: str) -> End:
        """Run an end that hears topics."""
        carrier = self._line.make(is_engine)
        end = End(carrier, topics)
        self.tasks.append(asyncio.create_task(carrier.run()))
        await until(lambda: carrier.is_up)
        return end


class End:
    """A carrier, and what has been heard through it."""

    def __init__(self, carrier: Carrier, topics: tuple[str, ...]) -> None:
        self.carrier = carrier
        self.heard: dict[str, list[bytes]] = {topic: [] for topic in topics}
        self.is_reached = False
        for topic in topics:
            carrier.listen(topic, partial(self._hear, topic))

    def _hear(self, topic: str, entry: bytes) -> None:
        if entry == KNOCK:
            self.is_reached = True
        else:
            self.heard[topic].append(entry)

    async def reached_by(self, sender: End, topic: str) -> None:
        """Wait until entries arrive: those sent while the ends find each other may be lost."""
        self.is_reached = False
        async with asyncio.timeout(60):
            while not self.is_reached:
                sender.carrier.send(topic, KNOCK)
                await asyncio.sleep(0.02)


@pytest.fixture
async def ends(line: Line) -> AsyncIterator[Ends]:
    ends = Ends(line)
    yield ends
    await ended(ends.tasks)


async def test_entries_arrive_unaltered_and_in_the_order_of_their_sending(ends: Ends) -> None:
    engine, gateway = await ends.end(True, COMMANDS), await ends.end(False, ROWS)
    await gateway.reached_by(engine, ROWS)
    await engine.reached_by(gateway, COMMANDS)
    down = [b"%d" % number for number in range(200)] + [secrets.token_bytes(3_000_000), b"\x00", b""]
    up = [secrets.token_bytes(number) for number in range(200)]
    for entry in down:
        assert engine.carrier.send(ROWS, entry)
    for entry in up:
        assert gateway.carrier.send(COMMANDS, entry)
    await until(lambda: len(gateway.heard[ROWS]) == len(down) and len(engine.heard[COMMANDS]) == len(up))
    assert gateway.heard[ROWS] == down and engine.heard[COMMANDS] == up


async def test_everybody_hears_what_he_listens_to_and_nothing_else(ends: Ends) -> None:
    engine = await ends.end(True, COMMANDS)
    here, there = await ends.end(False, ROWS, NOTES), await ends.end(False, ROWS, NOTES, "answers:there")
    for gateway in (here, there):
        await gateway.reached_by(engine, ROWS)
    await there.reached_by(here, NOTES)
    engine.carrier.send("answers:there", b"for one")
    here.carrier.send(NOTES, b"for the others")
    engine.carrier.send(ROWS, b"for all")
    await until(lambda: all((*there.heard.values(), here.heard[ROWS])))
    assert there.heard == {ROWS: [b"for all"], NOTES: [b"for the others"], "answers:there": [b"for one"]}
    assert here.heard[ROWS] == [b"for all"] and engine.heard[COMMANDS] == []


async def test_after_a_loss_entries_pass_again(ends: Ends, line: Line) -> None:
    engine, gateway = await ends.end(True, COMMANDS), await ends.end(False, ROWS)
    await gateway.reached_by(engine, ROWS)
    for _ in range(2):
        line.breaks()
        await until(lambda: not gateway.carrier.is_up)
        line.mends()
        await until(lambda: gateway.carrier.is_up and engine.carrier.is_up)
        await gateway.reached_by(engine, ROWS)
        await engine.reached_by(gateway, COMMANDS)


# -- engines and gateways over each carrier ----------------------------------------------------------------


@pytest.fixture
async def parts(line: Line) -> AsyncIterator[Cluster]:
    async with cluster(line.make) as parts:
        yield parts


async def bid_on(gateway: GatewayProcess, bidder: int, amounts: range, known: list[Accepted]) -> None:
    """Place a bid after the other, each until it is answered, and keep the receipts."""
    for amount in amounts:
        answer = await gateway.insist(PlaceBid(1, bidder, amount))
        assert gateway.feed.offset(1) >= (answer.sequence if isinstance(answer, Accepted) else 0)
        if isinstance(answer, Accepted):
            known.append(answer)


async def until_alike(parts: Cluster, engine: EngineProcess, *gateways: GatewayProcess) -> None:
    """Wait until every gateway shows what the engine holds."""
    held = engine.engine.lot(1)
    assert held is not None
    for gateway in gateways:
        await until(lambda gateway=gateway: gateway.feed.offset(1) == held.sequence)  # type: ignore[misc]
        copy = gateway.hall.lot(1)
        assert copy is not None and digest(copy) == digest(held)
        assert gateway.feed.view(1) == engine.engine.view(1)


def assert_on_record(parts: Cluster, known: list[Accepted]) -> None:
    """Every receipt names its record, and none stands there twice."""
    rows = {row.sequence: row for row in parts.rows}
    for receipt in known:
        row = rows[receipt.sequence]
        assert (row.link, row.at_us) == (receipt.link, receipt.at_us)
        assert isinstance(row.event, BidPlaced) and row.event.amount == receipt.amount
    commands = [row.record.command for row in parts.rows if isinstance(row.event, BidPlaced)]
    assert len(commands) == len(set(commands))


async def test_a_lot_is_sold_through_two_gateways(parts: Cluster) -> None:
    engine = await parts.engine()
    here, there = await parts.gateway(), await parts.gateway()
    await here.open_lot(leader_may_raise=True)
    known: list[Accepted] = []
    await asyncio.gather(
        bid_on(here, 101, range(100, 3_000, 20), known), bid_on(there, 102, range(110, 3_000, 20), known)
    )
    await until_alike(parts, engine, here, there)
    assert known
    assert_on_record(parts, known)


async def test_a_carrier_that_breaks_again_and_again_costs_no_acknowledged_bid(
    parts: Cluster, line: Line
) -> None:
    engine = await parts.engine()
    here, there = await parts.gateway(SHORT), await parts.gateway(SHORT)
    await here.open_lot(leader_may_raise=True)
    known: list[Accepted] = []
    bidding = asyncio.gather(
        bid_on(here, 101, range(100, 1_100, 20), known), bid_on(there, 102, range(110, 1_100, 20), known)
    )
    for share in (10, 20, 30):
        await until(lambda share=share: len(known) > share or bidding.done())  # type: ignore[misc]
        line.breaks()
        await asyncio.sleep(0)
        line.mends()
    await bidding
    await until_alike(parts, engine, here, there)
    assert_on_record(parts, known)


async def test_a_successor_takes_over_in_the_middle_of_bidding(parts: Cluster) -> None:
    first = await parts.engine()
    here, there = await parts.gateway(SHORT), await parts.gateway(SHORT)
    await here.open_lot(leader_may_raise=True)
    known: list[Accepted] = []
    bidding = asyncio.gather(
        bid_on(here, 101, range(100, 1_100, 20), known), bid_on(there, 102, range(110, 1_100, 20), known)
    )
    await until(lambda: len(known) > 10)
    await first.kill()
    second = await parts.engine()
    await bidding
    await until_alike(parts, second, here, there)
    assert_on_record(parts, known)
    assert second.engine.term > first.engine.term


async def test_redis_that_forgets_everything_costs_no_acknowledged_bid(redis_server: RedisServer) -> None:
    prefix = secrets.token_hex(4)
    async with cluster(lambda is_engine: RedisStreams(redis_server.url, prefix=prefix)) as parts:
        engine = await parts.engine()
        here, there = await parts.gateway(SHORT), await parts.gateway(SHORT)
        await here.open_lot(leader_may_raise=True)
        known: list[Accepted] = []
        bidding = asyncio.gather(
            bid_on(here, 101, range(100, 2_100, 20), known), bid_on(there, 102, range(110, 2_100, 20), known)
        )
        for share in range(10, 60, 10):
            await until(lambda share=share: len(known) > share or bidding.done())  # type: ignore[misc]
            redis_server.flush()
        await bidding
        await until_alike(parts, engine, here, there)
        assert_on_record(parts, known)


async def test_commands_that_lay_in_redis_are_busy_for_a_new_engine(redis_server: RedisServer) -> None:
    prefix = secrets.token_hex(4)
    async with cluster(lambda is_engine: RedisStreams(redis_server.url, prefix=prefix)) as parts:
        first = await parts.engine()
        gateway = await parts.gateway(LONG)
        await gateway.open_lot()
        await first.kill()
        rows = len(parts.rows)
        bidding = asyncio.create_task(gateway.bid(101, 100))
        await asyncio.sleep(0)
        await parts.engine()
        with pytest.raises(Busy):
            await bidding
        assert len(parts.rows) == rows
        assert isinstance(await gateway.insist(PlaceBid(1, 101, 100)), Accepted)


async def test_while_redis_stands_still_nothing_is_decided_and_what_was_due_is_frozen() -> None:
    with running_redis() as server:
        async with cluster(lambda is_engine: RedisStreams(server.url)) as parts:
            engine, gateway = await parts.engine(), await parts.gateway()
            await gateway.open_lot(duration_us=MINUTE_US, soft_close_window_us=0)
            await gateway.insist(PlaceBid(1, 101, 100))
            rows = len(parts.rows)
            server.pause()
            try:
                await until(lambda: not engine.carrier.is_up and not gateway.hall.is_writable)
                with pytest.raises(Busy):
                    await gateway.bid(102, 110)
                parts.stores.clock.advance(2 * MINUTE_US)
                engine.engine._wake.set()
                for _ in range(100):
                    await asyncio.sleep(0)
                assert len(parts.rows) == rows
            finally:
                server.resume()
            await until(lambda: len(parts.rows) > rows)
            frozen = parts.rows[rows].event
            assert isinstance(frozen, LotFrozen) and frozen.cause is FreezeCause.OUTAGE
            await until(lambda: gateway.feed.offset(1) == len(parts.rows))


async def test_redis_wants_the_password_and_has_databases() -> None:
    with running_redis("--requirepass", "a secret/@") as server:
        path = server.url.removeprefix("unix://")
        inside = RedisStreams(f"unix://:a%20secret%2F%40@{path}?db=3")
        outside = RedisStreams(server.url)
        heard: list[bytes] = []
        for carrier in (inside, outside):
            carrier.listen(ROWS, heard.append)
        running = [asyncio.create_task(carrier.run()) for carrier in (inside, outside)]
        await until(lambda: inside.is_up)
        assert not outside.is_up and not outside.send(ROWS, b"")
        assert inside.send(ROWS, b"to myself")
        await until(lambda: heard == [b"to myself"])
        await ended(running)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://", RedisAddress(host="127.0.0.1")),
        ("redis://one:7000/2", RedisAddress(host="one", port=7000, database=2)),
        ("rediss://me:s%40@one", RedisAddress(host="one", is_secure=True, user="me", password="s@")),
        ("redis://[::1]:7000", RedisAddress(host="::1", port=7000)),
        ("unix:///run/redis.sock?db=1", RedisAddress(path="/run/redis.sock", database=1)),
    ],
)
def test_addresses_of_redis_are_read(url: str, address: RedisAddress) -> None:
    assert redis_address(url) == address


@pytest.mark.parametrize("url", ["http://one", "redis://one:port", "redis://one/database", ""])
def test_what_is_no_address_of_a_redis_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        redis_address(url)


# -- sockets -----------------------------------------------------------------------------------------------


async def test_a_socket_is_closed_to_others_and_gone_afterwards(tmp_path: Path) -> None:
    path = socket_path(tmp_path / "with" / ("a very long name " * 8), 0)
    assert path == socket_path(tmp_path / "with" / ("a very long name " * 8), 0)
    server = SocketServer(path)
    running = asyncio.create_task(server.run())
    await until(lambda: server.is_up)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    await ended([running])
    assert not path.exists()
    path.parent.rmdir()


async def test_a_stranger_at_the_socket_is_shown_out(tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="ls-") as folder:
        server = SocketServer(socket_path(Path(folder), 0))
        running = asyncio.create_task(server.run())
        await until(lambda: server.is_up)
        reader, writer = await asyncio.open_unix_connection(str(socket_path(Path(folder), 0)))
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        async with asyncio.timeout(60):
            await reader.read(-1)
        writer.close()
        assert server.is_up
        await ended([running])
