"""Two shards in one thread: whatever moves, dies or gets lost, each lot has one writer and one record.

`LUOCHUI_SIMULATION_SEEDS` chooses how many seeds are played, one here for twenty of the whole exchange.
"""

from __future__ import annotations

import os

import pytest

from tests.simulation.moves import simulate_moves
from tests.simulation.planted_moves import PLANTED

SEEDS = max(int(os.environ.get("LUOCHUI_SIMULATION_SEEDS", "1000")) // 20, 1)
SEEDS_TO_FIND_A_BUG = 100
TRACED = 60


@pytest.mark.slow
def test_what_is_promised_holds_while_lots_move(capsys: pytest.CaptureFixture[str]) -> None:
    moves = kills = records = commands = moved = 0
    for seed in range(SEEDS):
        report = simulate_moves(seed)
        if report.violations:
            lines = [*report.trace.lines(TRACED), f"moving lots, seed {seed}: {report.violations[0]}"]
            pytest.fail("\n".join(lines), pytrace=False)
        moves, kills, moved = moves + report.moves, kills + report.kills, moved + report.moved_lots
        records, commands = records + report.records, commands + report.commands
    with capsys.disabled():
        print(
            f"\nmoving lots: {SEEDS:,} seeds, {moves:,} moves asked for, {moved:,} lots on record in both shards, "
            f"{kills:,} engines killed, {commands:,} commands, {records:,} records, no promise broken"
        )
    assert moved > SEEDS, "lots that do not move prove nothing"


@pytest.mark.parametrize("bug", PLANTED)
def test_a_planted_bug_is_found(bug: str) -> None:
    assert any(simulate_moves(seed, PLANTED[bug]).violations for seed in range(SEEDS_TO_FIND_A_BUG))


def test_the_same_seed_tells_the_same_story() -> None:
    stories = [simulate_moves(seed).trace.fingerprint for seed in (5, 5, 6)]
    assert stories[0] == stories[1] != stories[2]
