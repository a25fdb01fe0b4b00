"""Frames made and read by hand, against an implementation that is not ours."""

from __future__ import annotations

import pytest
from wsproto.connection import Connection, ConnectionType
from wsproto.events import TextMessage

from loadtests.frames import CLOSE, TEXT, client_frame, opening_request, server_frames


@pytest.mark.parametrize("length", [0, 1, 125, 126, 1_000, 65_535])
def test_a_server_reads_our_frames(length: int) -> None:
    server = Connection(ConnectionType.SERVER)
    server.receive_data(client_frame(b"x" * length))
    assert [event.data for event in server.events() if isinstance(event, TextMessage)] == ["x" * length]


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65_535, 65_536, 70_000])
def test_we_read_a_servers_frames(length: int) -> None:
    server = Connection(ConnectionType.SERVER)
    data = server.send(TextMessage("y" * length)) + server.send(TextMessage("end"))
    frames, rest = server_frames(data)
    assert [(opcode, data[start:end]) for opcode, start, end in frames] == [
        (TEXT, b"y" * length),
        (TEXT, b"end"),
    ]
    assert rest == len(data)


def test_a_frame_that_has_not_wholly_arrived_waits() -> None:
    server = Connection(ConnectionType.SERVER)
    data = server.send(TextMessage("one")) + server.send(TextMessage("z" * 300))
    for cut in range(5, len(data)):
        frames, rest = server_frames(data[:cut])
        assert len(frames) == 1
        assert rest == 5


def test_a_close_frame_is_told_from_text() -> None:
    frames, _ = server_frames(b"\x88\x02\x11\x30")
    assert [opcode for opcode, _, _ in frames] == [CLOSE]


def test_the_opening_request_carries_who_we_are() -> None:
    request = opening_request("127.0.0.1", 8080, "/api/v1/live", {"Authorization": "Bearer x"}).decode()
    assert request.startswith("GET /api/v1/live HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n")
    assert "\r\nAuthorization: Bearer x\r\n" in request
    assert request.endswith("\r\n\r\n")
