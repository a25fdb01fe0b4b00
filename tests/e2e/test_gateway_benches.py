"""The benchmarks of the gateway work: at a size at which their figures say nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from loadtests.fanout import Pauses, pauses_between
from loadtests.peers import TRANSPORT, peers_here, running_peer
from loadtests.swarm import running_swarm

GREETING = (
    b'{"type":"snapshot","lot":1,"epoch":"e","offset":1,"server_time_us":1,"state":{"lot":1},"records":[]}'
)
NEWS = b'{"type":"state","lot":1,"epoch":"e","offset":2,"server_time_us":1,"state":{"lot":1},"records":[]}'


def bench(*arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "loadtests.bench", *arguments, "--json"],
        capture_output=True, timeout=240, check=False, cwd=Path(__file__).parents[2], env=os.environ.copy(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()[-3000:]
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@pytest.mark.slow
def test_fanout_tells_everybody_of_every_single_event(database_url: str) -> None:
    report = bench(
        "fanout", "--watchers", "30", "--events", "2", "--repetitions", "1", "--seconds", "0.5",
        "--deliveries", "60", "--peer", TRANSPORT, "--database-url", database_url,
    )  # fmt: skip
    single = report["single"]["30"]
    assert set(single) == {"luochui", TRANSPORT}
    for row in single.values():
        assert (row["connected"], row["faults"], row["behind"]) == (30, 0, 0)
    assert single[TRANSPORT]["deliveries"] == 60
    frequent = report["frequent"]["30"]
    assert (frequent["events"], frequent["faults"], frequent["behind"]) == (25, 0, 0)


@pytest.mark.slow
def test_connect_brings_everybody_back(database_url: str) -> None:
    report = bench(
        "connect",
        "--connections",
        "40",
        "--repetitions",
        "1",
        "--peer",
        TRANSPORT,
        "--database-url",
        database_url,
    )
    ours = report["servers"]["luochui"]
    assert (ours["connected"], ours["refused"]) == (40, {})
    storm = ours["storms"][0]
    assert (storm["dropped"], storm["connected"]) == (40, 40) and storm["receipts"] > 0
    assert ours["told"]["reconnect_max_ms"] > ours["told"]["reconnect_min_ms"] > 0
    assert report["servers"][TRANSPORT]["connected"] == 40


@pytest.mark.parametrize("name", peers_here())
async def test_a_server_beside_ours_passes_on_what_it_is_told(name: str) -> None:
    async with running_peer(name, GREETING) as peer, running_swarm(peer.url, [1], 3) as swarm:
        assert (await swarm.connect(timeout_s=60)).connected == 3
        await swarm.begin()
        await peer.say(NEWS)
        seen = await swarm.until(2)
    assert (seen.behind, seen.deliveries, seen.faults) == (0, 3, 0)


def test_pauses_are_told_by_their_bounds() -> None:
    bounds = ("0.001", "0.01", "0.02", "+Inf")
    before = Pauses(
        dict(zip(bounds, (5, 6, 7, 7), strict=True)), dict(zip(bounds, (6, 7, 7, 7), strict=True))
    )
    after = Pauses(
        dict(zip(bounds, (10, 13, 15, 15), strict=True)), dict(zip(bounds, (14, 15, 15, 15), strict=True))
    )
    assert pauses_between(before, after) == {
        "beats": 8, "over_10_ms": 1, "held_over_10_ms": 0, "longest_below_s": "0.02",
    }  # fmt: skip
