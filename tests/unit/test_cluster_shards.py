"""Lots that move between the engines of two shards while gateways follow both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from exchange.adapters.memory import MemoryJournal, MemoryLease, MemoryPlaces, MemorySnapshots
from exchange.adapters.memory_carrier import MemoryWire
from exchange.cluster.carrier import ROWS
from exchange.cluster.gateway_end import HallLimits, ShardLink
from exchange.moving import Mover
from exchange.ports import Accepted
from exchange.records import JournalRow
from exchange.shards import Layout, Map, Placement
from matching.commands import AnnounceLot, PlaceBid
from matching.lot import digest
from tests.clustered import EngineProcess, GatewayProcess, Stores
from tests.floor import HOST, terms
from tests.patience import until

SHARDS = 2


class Shards:
    """Two engines, the wires to them, and as many gateways as one likes."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack
        self.places = MemoryPlaces()
        leases = [MemoryLease() for _ in range(SHARDS)]
        self.journals = [MemoryJournal(leases[shard], shard, self.places) for shard in range(SHARDS)]
        self.journals[1]._epoch = self.journals[0]._epoch  # one database
        snapshots = MemorySnapshots()
        self.stores = [Stores(self.journals[shard], leases[shard], snapshots) for shard in range(SHARDS)]
        self.wires = [MemoryWire() for _ in range(SHARDS)]
        self.engines: list[EngineProcess] = []
        self.movers: list[Mover] = []

    async def start(self) -> None:
        """Start the engines."""
        for shard, stores in enumerate(self.stores):
            placement = Placement(self.places)
            engine = EngineProcess(stores, self.wires[shard].carrier(), shard=shard, placement=placement)
            self._stack.push_async_callback(engine.kill)
            await engine.start()
            self.engines.append(engine)
            self.movers.append(Mover(engine.engine, placement, shard))

    async def gateway(self) -> GatewayProcess:
        """Start a gateway to both."""
        links = [
            ShardLink(wire.carrier(), journal)
            for wire, journal in zip(self.wires, self.journals, strict=True)
        ]
        limits = HallLimits(command_deadline_ms=300)
        gateway = GatewayProcess(self.stores[0], links[0].carrier, limits, links, Placement(self.places))
        self._stack.push_async_callback(gateway.kill)
        await gateway.start()
        return gateway

    async def move(self, lot: int, to: int) -> None:
        """Move a lot, and wait until the other engine goes on with it."""
        self.places.asked[lot] = to
        async with asyncio.timeout(60):
            while not self.engines[to].engine.holds(lot):
                for mover in self.movers:
                    await mover.look()

    @property
    def rows(self) -> list[JournalRow]:
        """All rows of lot 2, whichever shard wrote them."""
        return self.places.rows_of(2)


@pytest.fixture
async def shards() -> AsyncIterator[Shards]:
    async with AsyncExitStack() as stack:
        shards = Shards(stack)
        await shards.start()
        yield shards


async def bid_up(gateway: GatewayProcess, bidder: int, amounts: range, known: list[Accepted]) -> None:
    for amount in amounts:
        answer = await gateway.insist(PlaceBid(2, bidder, amount))
        if isinstance(answer, Accepted):
            assert gateway.feed.offset(2) >= answer.sequence
            known.append(answer)


async def test_a_lot_moves_to_and_fro_while_it_is_bid_on(shards: Shards) -> None:
    here, there = await shards.gateway(), await shards.gateway()
    await here.open_lot(lot=2, leader_may_raise=True)
    known: list[Accepted] = []
    bidding = asyncio.gather(
        bid_up(here, 101, range(100, 2_100, 20), known), bid_up(there, 102, range(110, 2_100, 20), known)
    )
    for turn in range(6):
        enough = len(known) + 10
        await until(lambda enough=enough: len(known) >= enough or bidding.done())  # type: ignore[misc]
        await shards.move(2, 1 - turn % 2)
    await bidding
    rows = shards.rows
    assert [row.sequence for row in rows] == list(range(1, len(rows) + 1))
    assert {row.sequence: row.link for row in rows}.items() >= {
        each.sequence: each.link for each in known
    }.items()
    assert all(journal.rows for journal in shards.journals)
    held = shards.engines[0].engine.lot(2)
    assert held is not None
    for gateway in (here, there):
        await until(lambda gateway=gateway: gateway.feed.offset(2) == len(rows))  # type: ignore[misc]
        assert digest(gateway.hall.lot(2)) == digest(held)  # type: ignore[arg-type]


async def test_rows_of_one_lot_that_overtake_each_other_are_put_in_order(shards: Shards) -> None:
    gateway = await shards.gateway()
    await gateway.open_lot(lot=2, leader_may_raise=True)
    sequences: list[int] = []
    gateway.feed.listen(
        lambda entries: sequences.extend(record.sequence for entry in entries for record in entry.records)
    )
    offset = gateway.feed.offset(2)
    # What the first shard tells from now on comes late, but what the second tells comes at once.
    shards.wires[0].fate = lambda topic, entry: (0.3,) if topic == ROWS else (0.0,)
    bidding = asyncio.create_task(gateway.insist(PlaceBid(2, 101, 100)))
    await until(lambda: len(shards.rows) == offset + 1)
    await shards.move(2, 1)
    first, second = await bidding, await gateway.insist(PlaceBid(2, 102, 200))
    assert isinstance(first, Accepted) and isinstance(second, Accepted)
    await until(lambda: gateway.feed.offset(2) == second.sequence)
    assert sequences == list(range(offset + 1, second.sequence + 1))
    assert (first.sequence, second.sequence) == (offset + 1, offset + 2)


async def test_a_gateway_learns_of_a_shard_that_is_added_while_it_serves(shards: Shards) -> None:
    """Of two shards one is in use; then there are two, and lots begin in the other."""
    added: list[int] = []

    def link_to(shard: int) -> ShardLink:
        added.append(shard)
        return ShardLink(shards.wires[shard].carrier(), shards.journals[shard])

    first = ShardLink(shards.wires[0].carrier(), shards.journals[0])
    gateway = GatewayProcess(
        shards.stores[0], first.carrier, HallLimits(command_deadline_ms=300), [first],
        Placement(shards.places), link_to,
    )  # fmt: skip
    try:
        await gateway.start()
        await gateway.open_lot(lot=2)
        assert not added
        shards.places.map = Map((Layout(0, 1), Layout(3, SHARDS)))
        for mover in shards.movers:
            await mover.look()
        await gateway.open_lot(lot=3)
        assert isinstance(await gateway.insist(PlaceBid(3, 101, 100)), Accepted)
        assert added == [1] and {row.lot for row in shards.journals[1].rows} == {3}
        assert [shard for shard, _ in gateway.hall.positions()] == [0, 1]
        assert gateway.hall.is_writable
        shards.places.map = Map((*shards.places.map.layouts, Layout(1_000, SHARDS + 1)))
        shards.wires.append(MemoryWire())
        shards.journals.append(MemoryJournal(MemoryLease(), SHARDS, shards.places))
        for mover in shards.movers:
            await mover.look()
        gateway.hall.post(f"{7:032x}", AnnounceLot(1_001, HOST, terms()), lambda answer: None)
        await until(lambda: added == [1, 2])
        assert gateway.hall.is_writable, "a shard without an engine does not hold up the others"
    finally:
        await gateway.kill()
