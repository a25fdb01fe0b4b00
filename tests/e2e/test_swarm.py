"""The swarm of watchers before a real exchange: it sees everything, and says so when a connection is cut."""

from __future__ import annotations

import pytest

from loadtests.swarm import SwarmFailed, running_swarm
from tests.e2e.conftest import House
from tests.live import bid
from tests.patience import PATIENCE_SECONDS

WATCHERS = 12


@pytest.mark.parametrize("view", ["full", "state"])
async def test_every_watcher_follows_to_the_end_and_comes_back_to_its_position(
    house: House, view: str
) -> None:
    lot = await house.open_lot()
    await house.caught_up()
    async with running_swarm(house.url, [lot], WATCHERS, view=view, processes=2, sample_every=1) as swarm:
        joined = await swarm.connect()
        assert (joined.connected, joined.refused) == (WATCHERS, {})
        await swarm.begin()
        sequence, asking = await _bids(house, lot, 1_000)
        seen = await swarm.until(sequence, PATIENCE_SECONDS)
        assert (seen.behind, seen.faults, seen.lost) == (0, 0, {})
        assert seen.deliveries >= WATCHERS
        assert seen.sampled == seen.deliveries

        assert await swarm.drop() == WATCHERS
        sequence, _ = await _bids(house, lot, asking)
        joined = await swarm.connect(at_once=WATCHERS)
        assert (joined.connected, joined.refused) == (WATCHERS, {})
        seen = await swarm.until(sequence, PATIENCE_SECONDS)
        assert (seen.connected, seen.behind, seen.faults) == (WATCHERS, 0, 0)


async def test_a_connection_that_is_refused_is_told() -> None:
    async with running_swarm("http://127.0.0.1:1", [1], 2) as swarm:
        joined = await swarm.connect(timeout_s=PATIENCE_SECONDS)
        assert joined.connected == 0
        assert sum(joined.refused.values()) == 2


async def test_a_process_that_ends_is_told() -> None:
    with pytest.raises(SwarmFailed):
        async with running_swarm("http://127.0.0.1:1", [1], 1) as swarm:
            swarm._processes[0].kill()
            await swarm.connect()


async def _bids(house: House, lot: int, asking: int) -> tuple[int, int]:
    """Let two bidders raise each other four times; return the sequence of the last bid and what is asked then.

    They may sit at different gateways, of which one hears later: what a receipt asks holds, not what is shown.
    """
    sequence = 0
    async with house.talk(0) as one, house.talk(1) as other:
        for talk in (one, other, one, other):
            receipt = await talk.ask(bid(lot, asking))
            assert receipt["type"] == "receipt", receipt
            sequence, asking = receipt["sequence"], receipt["asking_price"]
    return sequence, asking
