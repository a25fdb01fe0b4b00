"""The simulated log: a crash at any byte leaves every transaction whole or absent, and none that was forced is lost."""

from __future__ import annotations

import random

import pytest

from exchange.ports import Snapshot
from tests.simulation.disk import Change, Committed, Disk, SnapshotKept

TRANSACTIONS = 6
CHANGES = 3


def change(transaction: int, number: int) -> SnapshotKept:
    return SnapshotKept(transaction, Snapshot(number, transaction, b"link", b"state"))


def written(forced: int) -> Disk:
    """Return a disk with transactions of three changes each, of which the first few are forced."""
    disk = Disk()
    for transaction in range(1, TRANSACTIONS + 1):
        for number in range(CHANGES):
            disk.write(change(transaction, number))
        disk.write(Committed(transaction))
        if transaction == forced:
            disk.force()
    return disk


def transactions_in(complete: list[list[Change]]) -> list[int]:
    for changes in complete:
        assert changes == [change(changes[0].transaction, number) for number in range(CHANGES)]
    return [changes[0].transaction for changes in complete]


@pytest.mark.parametrize("is_torn", [False, True], ids=["cut off", "torn"])
def test_a_crash_leaves_whole_transactions_and_all_that_were_forced(is_torn: bool) -> None:
    found = set()
    for seed in range(300):
        disk = written(forced=2)
        disk.crash(random.Random(seed), is_torn)
        survivors = transactions_in(disk.recover())
        assert survivors == list(range(1, len(survivors) + 1))
        assert len(survivors) >= 2
        found.add(len(survivors))
        assert transactions_in(disk.recover()) == survivors
    assert len(found) > 3


def test_a_log_is_continued_behind_what_was_found() -> None:
    disk = written(forced=2)
    disk.crash(random.Random(7), True)
    before = transactions_in(disk.recover())
    for number in range(CHANGES):
        disk.write(change(99, number))
    disk.write(Committed(99))
    disk.force()
    assert transactions_in(disk.recover()) == [*before, 99]


def test_two_transactions_may_be_written_at_once() -> None:
    disk = Disk()
    for number in range(CHANGES):
        disk.write(change(1, number))
        disk.write(change(2, number))
    disk.write(Committed(2))
    disk.force()
    assert transactions_in(disk.recover()) == [2]
