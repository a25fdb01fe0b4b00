"""What is made of how the machine is."""

from __future__ import annotations

import msgspec
import pytest

from exchange.condition import (
    DAY_US,
    Copy,
    Lateness,
    Level,
    Process,
    Refunds,
    Shard,
    Slot,
    Store,
    findings,
)

NOW_US = 1_800_000_000_000_000
FINE = Store(
    shards=(Shard(0, 3, "machine:1", NOW_US, 1_000_000, 1_234_567),),
    copies=(Copy("standby", "sync", 0, 0.1),),
    slots=(Slot("luochui_backup", True, 1_000),),
    database_bytes=1,
    lots_under_way=1,
    months_archived=0,
    archived_until=None,
    audit_position=0,
    backed_up_at_us=NOW_US - DAY_US,
)
WORKS = Process(True, 5, 0, 3, Lateness(10_000, 0))
NOTHING_OWED = Refunds(0, 0)


def test_where_all_is_well_everything_is_said_to_be() -> None:
    found = findings(FINE, WORKS, NOTHING_OWED, NOW_US)
    assert {finding.level for finding in found} == {Level.GOOD}
    assert {finding.subject for finding in found} == {
        "commands", "shard 0", "deadlines", "copies", "backup", "refunds",
    }  # fmt: skip
    assert all(finding.text.zh and finding.text.en and finding.runbook is None for finding in found)
    assert any("1,234,567" in finding.text.en for finding in found)


@pytest.mark.parametrize(
    ("store", "process", "refunds", "subject", "level", "runbook"),
    [
        ({}, {"is_writable": False}, {}, "commands", Level.BAD, 2),
        ({"shards": (Shard(2, 1, "gone", None, 60_000_000, 5),)}, {}, {}, "shard 2", Level.BAD, 1),
        ({"shards": (Shard(1, 0, "", None, None, 0),)}, {}, {}, "shard 1", Level.BAD, 1),
        ({}, {"lateness": Lateness(100, 1)}, {}, "deadlines", Level.ATTENTION, 4),
        ({"copies": (Copy("standby", "async", 9, 11.0),)}, {}, {}, "copies", Level.ATTENTION, 7),
        ({"slots": (Slot("luochui_backup", False, 5),)}, {}, {}, "copies", Level.BAD, 8),
        ({"slots": (Slot("luochui_backup", True, 2 << 30),)}, {}, {}, "copies", Level.BAD, 8),
        ({"backed_up_at_us": None}, {}, {}, "backup", Level.ATTENTION, 8),
        ({"backed_up_at_us": NOW_US - 3 * DAY_US}, {}, {}, "backup", Level.ATTENTION, 8),
        ({}, {}, {"soon": 2}, "refunds", Level.ATTENTION, 10),
        ({}, {}, {"soon": 2, "overdue": 1}, "refunds", Level.BAD, 10),
    ],
)
def test_what_is_not_well_comes_first_and_says_where_help_stands(
    store: dict[str, object],
    process: dict[str, object],
    refunds: dict[str, object],
    subject: str,
    level: Level,
    runbook: int,
) -> None:
    worst = findings(
        msgspec.structs.replace(FINE, **store),
        msgspec.structs.replace(WORKS, **process),
        msgspec.structs.replace(NOTHING_OWED, **refunds),
        NOW_US,
    )[0]
    assert (worst.subject, worst.level, worst.runbook) == (subject, level, runbook)


def test_a_process_without_an_engine_says_so() -> None:
    process = msgspec.structs.replace(WORKS, lateness=None)
    found = {one.subject: one for one in findings(FINE, process, NOTHING_OWED, NOW_US)}
    assert "/metrics" in found["deadlines"].text.en
