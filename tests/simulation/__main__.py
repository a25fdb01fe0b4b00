"""Play seeds by hand: one with its whole trace, or many in a row with progress.

python -m tests.simulation --seed 42 --trace
python -m tests.simulation --seeds 100000 --from 1000
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from tests.simulation.faults import Fault
from tests.simulation.world import Report, simulate

PROGRESS_SECONDS = 20.0


def main() -> int:
    """Play what the command line asks for; return how the process ends."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__.split("\n")[0])
    parser.add_argument("--seed", type=int, help="play this seed alone")
    parser.add_argument("--trace", action="store_true", help="print everything that happens in it")
    parser.add_argument("--seeds", type=int, default=1_000, help="how many seeds to play")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first of them")
    given = parser.parse_args()
    return _play_one(given.seed, given.trace) if given.seed is not None else _play(given.first, given.seeds)


def _play_one(seed: int, is_traced: bool) -> int:
    report = simulate(seed)
    if is_traced:
        print("\n".join(report.trace.lines()))
    print(told(report))
    return 1 if report.violations else 0


def _play(first: int, count: int) -> int:
    totals = Totals()
    began_at = told_at = time.monotonic()
    for seed in range(first, first + count):
        report = simulate(seed)
        totals.add(report)
        if report.violations:
            print(told(report), flush=True)
        if time.monotonic() - told_at > PROGRESS_SECONDS:
            told_at = time.monotonic()
            print(f"{totals} in {told_at - began_at:.0f} s", flush=True)
    print(f"{totals} in {time.monotonic() - began_at:.0f} s")
    for fault, times in sorted(totals.faults.items()):
        print(f"  {times:>9,}  {fault}")
    return 1 if totals.failed else 0


class Totals:
    """What many simulations came to together."""

    def __init__(self) -> None:
        self.seeds = self.steps = self.records = self.commands = self.checked = 0
        self.failed: list[int] = []
        self.faults: Counter[Fault] = Counter()

    def add(self, report: Report) -> None:
        """Count one more."""
        self.seeds += 1
        self.steps += report.steps
        self.records += report.records
        self.commands += report.commands
        self.checked += report.checked
        self.faults += report.faults
        if report.violations:
            self.failed.append(report.seed)

    def __str__(self) -> str:
        return (
            f"{self.seeds:,} seeds, {self.steps:,} steps, {self.commands:,} commands, {self.records:,} records, "
            f"{self.checked:,} comparisons, {sum(self.faults.values()):,} faults, {len(self.failed)} failed"
        )


def told(report: Report) -> str:
    """Return what one simulation came to, as people read it, with the line that plays it again."""
    lines = [
        f"seed {report.seed}: {'; '.join(report.violations) or 'sound'}",
        f"  {report.steps} steps, {report.commands} commands, {report.records} records, "
        f"{report.checked} comparisons; {dict(report.faults)}",
        f"  trace {report.trace.fingerprint}; again: python -m tests.simulation --seed {report.seed} --trace",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
