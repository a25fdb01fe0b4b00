"""A lot as programs see it: the reducer, the clock and the delays, which are pure."""

from __future__ import annotations

from typing import Any

import pytest

from gateways.client import Room, ServerClock, reduce
from gateways.client.returning import (
    BUSY_DELAY_S_MAX,
    RECONNECT_DELAY_S,
    RECONNECT_DELAY_S_MAX,
    retry_delay_s,
)
from gateways.client.room import RECORDS_MAX

Frame = dict[str, Any]


def view(**changes: Any) -> Frame:
    return {
        "state": "open",
        "price": 100,
        "asking_price": 110,
        "leader": 1,
        "winner": 0,
        "ends_at_us": 9,
    } | changes


def frame(kind: str, offset: int, *sequences: int, **changes: Any) -> Frame:
    records = [{"sequence": sequence} for sequence in sequences]
    return {
        "type": kind,
        "lot": 5,
        "epoch": "e",
        "offset": offset,
        "records": records,
        "state": view(),
    } | changes


def snapshot(offset: int, *sequences: int, **changes: Any) -> Frame:
    return frame("snapshot", offset, *sequences, **{"is_recovered": False, "you": {"paddle": 1}} | changes)


def after(*frames: Frame) -> Room:
    room = Room(5)
    for one in frames:
        room = reduce(room, one)
    return room


def sequences(room: Room) -> list[int]:
    return [record["sequence"] for record in room.records]


def test_an_empty_room_knows_nothing() -> None:
    room = Room(5)
    assert (room.state, room.price, room.paddle, room.is_mine, room.is_closed) == ("", 0, 0, False, False)


def test_a_snapshot_and_events_add_up() -> None:
    room = after(snapshot(2, 1, 2), frame("events", 4, 3, 4, state=view(price=120, asking_price=130)))
    assert (room.offset, room.price, room.asking_price, room.ends_at_us) == (4, 120, 130, 9)
    assert sequences(room) == [1, 2, 3, 4]
    assert room.is_mine


def test_records_that_come_twice_stand_once_and_old_ones_go() -> None:
    room = after(snapshot(2, 1, 2), frame("state", 4, 2, 3, 4))
    assert sequences(room) == [1, 2, 3, 4]
    many = after(frame("events", 700, *range(1, 701)))
    assert len(many.records) == RECORDS_MAX and many.records[-1]["sequence"] == 700


def test_a_recovered_snapshot_goes_on_and_a_fresh_one_begins_anew() -> None:
    begun = snapshot(2, 1, 2)
    assert sequences(after(begun, snapshot(4, 3, 4, is_recovered=True))) == [1, 2, 3, 4]
    assert sequences(after(begun, snapshot(9, 9))) == [9]
    assert sequences(after(begun, snapshot(4, 3, 4, is_recovered=True, epoch="other"))) == [3, 4]


def test_losing_the_lead_shows_with_and_without_the_notice() -> None:
    notice = {"type": "outbid", "lot": 5, "price": 120, "asking_price": 130}
    lost = frame("events", 3, 3, state=view(leader=2, price=120))
    for room in (
        after(snapshot(2), notice, lost),
        after(snapshot(2), lost),
        after(snapshot(2), lost, notice),
    ):
        assert room.outbid == 120 and not room.is_mine
    regained = after(snapshot(2), lost, frame("events", 4, 4, state=view(leader=1, price=130)), notice)
    assert regained.outbid == 0 and regained.is_mine


def test_the_end_says_who_has_won() -> None:
    sold = view(state="sold", leader=1, winner=1)
    room = after(snapshot(2), frame("events", 3, 3, state=sold))
    assert room.is_closed and room.is_mine and room.outbid == 0


def test_ones_place_and_who_is_there_are_taken_over_and_other_lots_are_not() -> None:
    room = after(
        snapshot(1, you=None),
        {
            "type": "you",
            "lot": 5,
            "paddle": 7,
            "limit": 900,
            "rank": 0,
            "lines": [],
            "handle": "",
            "item_bids": [[2, 50, 1]],
        },
        {"type": "presence", "lot": 5, "bidders_online": 3, "watchers": 4},
    )
    own = {"paddle": 7, "limit": 900, "rank": 0, "lines": [], "handle": "", "item_bids": [[2, 50, 1]]}
    assert room.you == own and room.item_bids == [[2, 50, 1]]
    assert (room.paddle, room.bidders_online, room.watchers) == (7, 3, 4)
    assert reduce(room, frame("events", 9, 9, lot=6)) is room
    assert reduce(room, {"type": "pong", "sent": 1}) is room


def test_the_clock_goes_by_the_shortest_of_several_recent_exchanges() -> None:
    time_us = [1_000_000]
    clock = ServerClock(lambda: time_us[0])
    clock.hint(1_500_000)
    assert clock.offset_us == 500_000
    clock.take(1_000_000, 1_200_000, 1_700_000)
    clock.take(1_300_000, 1_320_000, 1_911_000)
    clock.take(1_400_000, 1_700_000, 2_500_000)
    assert clock.offset_us == 601_000
    time_us[0] += 119_900_000
    assert clock.now_us() == time_us[0] + 601_000
    time_us[0] += 700_000
    assert clock.offset_us == 950_000, (
        "an exchange of two minutes ago does not count while there is a later one"
    )
    time_us[0] += 700_000_000
    assert clock.offset_us == 950_000
    clock.hint(0)
    assert clock.best is None


@pytest.mark.parametrize("attempt", [0, 1, 4, 10, 5_000])
def test_delays_scatter_between_nothing_and_a_ceiling_that_doubles(attempt: int) -> None:
    ceiling_s = min(RECONNECT_DELAY_S * 2 ** min(attempt, 30), RECONNECT_DELAY_S_MAX)
    assert retry_delay_s(attempt, lambda: 0.0) == 0.0
    assert retry_delay_s(attempt, lambda: 1.0) == ceiling_s
    assert 0.0 <= retry_delay_s(attempt) <= ceiling_s
    assert retry_delay_s(attempt, lambda: 1.0, BUSY_DELAY_S_MAX) == min(ceiling_s, BUSY_DELAY_S_MAX)
