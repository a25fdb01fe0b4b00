"""The bounded way out of a connection, and the pace at which one may speak."""

from __future__ import annotations

import asyncio
import time

import pytest

from gateways.live.frames import TEXT, framed
from gateways.live.outbox import Outbox, OutboxLimits, Tray
from gateways.live.pace import Pace
from gateways.live.slices import SLICE_SECONDS
from tests.loop_time import LoopTime


class Transport(asyncio.WriteTransport):
    """Keeps what is written; `waiting` bytes of it are said to be unread."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.waiting = 0

    def write(self, data: bytes) -> None:  # type: ignore[override]
        self.writes.append(bytes(data))

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return self.waiting


def outbox(transport: Transport, cut: list[str], **limits: int) -> Outbox:
    return Outbox(transport, Tray(), OutboxLimits(**limits), lambda: cut.append("too slow"))


async def test_what_is_put_in_one_tick_leaves_in_one_write() -> None:
    transport = Transport()
    cut: list[str] = []
    box = outbox(transport, cut)
    for number in range(5):
        box.put(b"%d" % number)
    assert transport.writes == []
    await asyncio.sleep(0)
    box.put(b"later")
    await asyncio.sleep(0)
    assert transport.writes == [b"01234", b"later"] and not cut


async def test_one_tick_flushes_all_outboxes() -> None:
    first, second, tray = Transport(), Transport(), Tray()
    for transport in (first, second):
        Outbox(transport, tray, OutboxLimits(), lambda: None).put(b"x")
    await asyncio.sleep(0)
    assert first.writes == second.writes == [b"x"]


async def test_a_reader_who_lets_too_many_bytes_wait_is_cut_once() -> None:
    transport = Transport()
    cut: list[str] = []
    box = outbox(transport, cut, bytes_max=1_000)
    transport.waiting = 1_000
    box.put(b"x")
    await asyncio.sleep(0)
    assert not cut
    transport.waiting = 1_001
    for _ in range(3):
        box.put(b"x")
        await asyncio.sleep(0)
    assert cut == ["too slow"] and len(transport.writes) == 2, "nothing is written to one who was cut"


async def test_a_reader_who_lets_anything_wait_too_long_is_cut_though_nothing_more_comes() -> None:
    transport = Transport()
    cut: list[str] = []
    box = outbox(transport, cut, age_ms_max=20)
    transport.waiting = 1
    box.put(b"x")
    async with asyncio.timeout(60):
        while not cut:
            await asyncio.sleep(0.01)
    assert cut == ["too slow"]


async def test_a_reader_for_whom_something_always_waits_is_not_cut_while_he_reads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    transport, clock = Transport(), LoopTime(monkeypatch)
    cut: list[str] = []
    box = outbox(transport, cut, age_ms_max=20)
    for _ in range(5):
        transport.waiting = 1  # of the byte just written; all before it has left
        box.put(b"x")
        await clock.passes(0.03)
    assert not cut


async def test_what_somebody_waits_for_overtakes_the_crowd_but_not_what_waits_on_its_own_connection() -> None:
    written: list[str] = []
    tray = Tray()

    def box(name: str) -> Outbox:
        transport = Transport()
        transport.write = lambda data: written.append(f"{name} {bytes(data).decode()}")  # type: ignore[method-assign]
        return Outbox(transport, tray, OutboxLimits(), lambda: None)

    boxes = [box(name) for name in "abc"]
    for each in boxes:
        each.put_with_crowd(b"news ")
    boxes[2].put(b"receipt")
    await asyncio.sleep(0)
    assert written == ["c news receipt", "a news ", "b news "]


async def test_a_crowd_is_served_in_slices_and_a_receipt_comes_in_between() -> None:
    written: list[int] = []
    tray = Tray()

    class Slow(Transport):
        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

        def write(self, data: bytes) -> None:  # type: ignore[override]
            written.append(self.number)
            until = time.perf_counter() + SLICE_SECONDS
            while time.perf_counter() < until:
                pass

    boxes = [Outbox(Slow(number), tray, OutboxLimits(), lambda: None) for number in range(5)]
    for each in boxes:
        each.put_with_crowd(b"news")
    await asyncio.sleep(0)
    assert written == [0]
    boxes[4].put(b"receipt")
    await asyncio.sleep(0)
    assert written == [0, 4]
    async with asyncio.timeout(60):
        while len(written) < 5:
            await asyncio.sleep(0)
    assert written == [0, 4, 1, 2, 3], "each once: what was put for the fifth left with its receipt"


async def test_the_latest_is_left_out_for_one_who_has_not_taken_what_came_before() -> None:
    transport = Transport()
    box = outbox(transport, [])
    box.put(b"a")
    assert box.put_latest(b"b") and transport.writes == [b"ab"], "in one write, in order"
    transport.waiting = 1
    assert box.put_latest(b"c"), "and this one waits"
    assert not box.put_latest(b"d") and transport.writes == [b"ab", b"c"]
    box.close()
    assert box.put_latest(b"e"), "nothing is kept for one who has gone"
    await asyncio.sleep(0)
    assert transport.writes == [b"ab", b"c"]


async def test_a_reader_who_catches_up_starts_afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    transport, clock = Transport(), LoopTime(monkeypatch)
    cut: list[str] = []
    box = outbox(transport, cut, age_ms_max=20)
    for waiting in (1, 0, 1):
        transport.waiting = waiting
        box.put(b"x")
        await clock.passes(0.015)
    assert not cut


async def test_a_closed_outbox_sends_nothing() -> None:
    transport = Transport()
    box = outbox(transport, [])
    box.put(b"x")
    box.close()
    await asyncio.sleep(0)
    assert transport.writes == []


@pytest.mark.parametrize(
    ("length", "header"), [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10), (200_000, 10)]
)
def test_frames_carry_their_length_as_rfc_6455_has_it(length: int, header: int) -> None:
    frame = framed(b"x" * length, TEXT)
    assert (frame[0], len(frame)) == (0x81, header + length)
    size = frame[1]
    if header > 2:
        assert size == (126 if header == 4 else 127)
        size = int.from_bytes(frame[2:header], "big")
    assert size == length and not frame[1] & 0x80, "a server does not mask"


def test_a_pace_allows_a_burst_and_then_the_rate() -> None:
    pace = Pace(per_second=10, burst=5, now=0.0)
    assert [pace.allows(0.0) for _ in range(6)] == [True] * 5 + [False]
    assert pace.allows(0.1) and not pace.allows(0.1)
    assert sum(pace.allows(100.0) for _ in range(20)) == 5, "idling saves no more than a burst"
