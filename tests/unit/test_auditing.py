"""Which requests leave an entry in the record of acts, and how many of them."""

from __future__ import annotations

import pytest

from gateways.auditing import (
    ENTRIES_OF_OTHERS_MAX,
    ENTRIES_PER_PERSON_MAX,
    MINUTE_US,
    Room,
    is_on_record,
)


@pytest.mark.parametrize(
    ("is_change", "code", "is_staff", "is_noted", "expected"),
    [
        (True, "OK", True, False, True),
        (True, "INVALID", True, False, True),
        (False, "OK", True, False, False),
        (True, "OK", False, False, False),
        (False, "NOT_ALLOWED", False, False, True),
        (True, "OK", False, True, True),
        (True, "WRONG_CREDENTIALS", False, True, True),
        (True, "RATE_LIMITED", False, True, False),
        (True, "MALFORMED", False, True, False),
        (True, "FOREIGN_ORIGIN", False, False, False),
    ],
)
def test_what_comes_on_record(
    is_change: bool, code: str, is_staff: bool, is_noted: bool, expected: bool
) -> None:
    assert is_on_record(code, is_staff=is_staff, is_change=is_change, is_noted=is_noted) is expected


def test_who_is_refused_again_and_again_fills_no_disk_and_keeps_nobody_else_out() -> None:
    room = Room()
    taken = [room.has_one("anna", 7) for _ in range(ENTRIES_PER_PERSON_MAX + 5)]
    assert taken == [True] * ENTRIES_PER_PERSON_MAX + [False] * 5
    assert room.has_one("ben", 8)
    assert (room.left_out(), room.left_out()) == (5, 0)
    assert room.has_one("anna", MINUTE_US)


def test_all_together_fill_no_disk_either() -> None:
    room = Room()
    assert (
        sum(room.has_one(f"address {n}", 7) for n in range(2 * ENTRIES_OF_OTHERS_MAX))
        == ENTRIES_OF_OTHERS_MAX
    )
    assert room.left_out() == ENTRIES_OF_OTHERS_MAX
