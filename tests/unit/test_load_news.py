"""What the swarm makes of the frames it is told: nothing missing, nothing twice."""

from __future__ import annotations

import orjson
import pytest

from gateways.live.frames import PING, TEXT, framed
from loadtests.latencies import Latencies
from loadtests.news import Faults, Told, arrived, follow, is_consistent


def frame(kind: str, offset: int, *sequences: int, **more: object) -> bytes:
    body = {"type": kind, "lot": 7, "epoch": "e", "offset": offset, "server_time_us": 99, "state": {"lot": 7}}
    body |= more
    if sequences:
        body["records"] = [{"sequence": sequence, "event": {"offset": 1}} for sequence in sequences]
    return orjson.dumps(body)


def told(kind: str, offset: int, *sequences: int, **more: object) -> Told:
    (news,) = arrived(framed(frame(kind, offset, *sequences, **more), TEXT)).told
    return news


def test_frames_are_taken_apart_however_they_arrive() -> None:
    data = framed(frame("state", 5), TEXT) + framed(b"", PING) + framed(frame("events", 8, 6, 7, 8), TEXT)
    for cut in range(len(data) + 1):
        first = arrived(data[:cut])
        second = arrived(data[first.used :])
        together = first.told + second.told
        assert [(news.kind, news.offset, news.first, news.sent_at_us) for news in together] == [
            ("state", 5, 0, 99),
            ("events", 8, 6, 99),
        ]
        assert first.controls + second.controls == [(PING, b"")]


@pytest.mark.parametrize(
    ("offset", "news", "gaps", "doubles"),
    [
        (5, told("events", 6, 6), 0, 0),
        (5, told("events", 8, 6, 7, 8), 0, 0),
        (5, told("events", 7, 7), 1, 0),
        (5, told("events", 5, 5), 0, 1),
        (5, told("events", 5), 0, 0),
        (5, told("state", 5), 0, 0),
        (5, told("state", 9), 0, 0),
        (5, told("state", 4), 0, 1),
        (5, told("snapshot", 9, 8, 9), 0, 0),
        (5, told("snapshot", 9, 8, 9, is_recovered=True), 1, 0),
        (5, told("snapshot", 7, 6, 7, is_recovered=True), 0, 0),
        (0, told("snapshot", 7, 6, 7, is_recovered=True), 0, 0),
    ],
)
def test_what_may_follow_what(offset: int, news: Told, gaps: int, doubles: int) -> None:
    faults = Faults()
    assert follow(offset, news, faults) == news.offset
    assert (faults.gaps, faults.doubles) == (gaps, doubles)


def test_frames_without_a_position_change_nothing() -> None:
    faults = Faults()
    assert follow(5, told("presence", 3), faults) == 5
    assert faults.total == 0


def test_a_frame_read_wholly_has_its_records_before_its_offset() -> None:
    assert is_consistent(told("events", 8, 7, 8))
    assert is_consistent(told("state", 8))
    assert not is_consistent(told("events", 8, 6, 8))
    assert not is_consistent(told("events", 9, 7, 8))
    assert not is_consistent(told("state", 8, state={"lot": 6}))


def test_latencies_of_several_processes_add_up() -> None:
    here, there = Latencies(), Latencies()
    here.add(50, times=997)
    there.add(1_000)
    there.add(-3)
    there.add(90_000_000)
    both = Latencies(dict(here.steps())).merge([there])
    assert both.count == 1_000
    assert both.summary() == {"p50_ms": 0.1, "p99_ms": 0.1, "p999_ms": 1.1, "max_ms": 60000.1}
    assert Latencies().quantile_ms(0.5) == 0.0
