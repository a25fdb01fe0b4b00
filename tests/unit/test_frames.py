"""WebSocket frames to the last byte, and the life of a connection: RFC 6455 as a server has to keep it."""

from __future__ import annotations

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateways.live.connection import Connection
from gateways.live.frames import (
    BINARY,
    CLOSE,
    CONTINUATION,
    FINAL,
    PING,
    PONG,
    PROTOCOL_ERROR,
    TEXT,
    TOO_BIG,
    BadFrame,
    FrameReader,
    Message,
)  # fmt: skip
from tests.loop_time import LoopTime

BYTES_MAX = 70_000


def client_frame(
    payload: bytes, opcode: int, *, mask: bytes = b"\x01\x02\x03\x04", is_final: bool = True
) -> bytes:
    """Return a frame as a browser sends it."""
    length = len(payload)
    if length < 126:
        size = bytes((0x80 | length,))
    elif length < 65_536:
        size = bytes((0x80 | 126,)) + length.to_bytes(2, "big")
    else:
        size = bytes((0x80 | 127,)) + length.to_bytes(8, "big")
    masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    return bytes(((FINAL if is_final else 0) | opcode,)) + size + mask + masked


def read(data: bytes, cut: int | None = None) -> list[Message]:
    """Feed bytes, in pieces of `cut`."""
    reader, messages = FrameReader(BYTES_MAX), []
    for start in range(0, len(data), cut or max(len(data), 1)):
        messages += reader.feed(data[start : start + (cut or len(data))])
    return messages


@pytest.mark.parametrize("length", [0, 1, 3, 4, 5, 125, 126, 127, 65_535, 65_536, 70_000])
def test_a_message_of_any_length_is_unmasked(length: int) -> None:
    payload = bytes(number % 251 for number in range(length))
    assert read(client_frame(payload, TEXT)) == [(TEXT, payload)]
    assert read(client_frame(payload, BINARY, mask=bytes(4))) == [(BINARY, payload)]


@given(
    payloads=st.lists(
        st.tuples(st.sampled_from([TEXT, BINARY, PING, PONG]), st.binary(max_size=125)), max_size=6
    ),
    mask=st.binary(min_size=4, max_size=4),
    cut=st.integers(1, 40),
)
def test_however_the_network_cuts_the_messages_are_the_same(
    payloads: list[Message], mask: bytes, cut: int
) -> None:
    data = b"".join(client_frame(payload, opcode, mask=mask) for opcode, payload in payloads)
    assert read(data, cut) == read(data) == payloads


@given(st.lists(st.binary(max_size=50), min_size=2, max_size=6), st.integers(1, 30))
def test_parts_become_one_message_and_controls_may_stand_between(parts: list[bytes], cut: int) -> None:
    frames = [client_frame(parts[0], TEXT, is_final=False)]
    for number, part in enumerate(parts[1:], 2):
        frames += [
            client_frame(b"still there?", PING),
            client_frame(part, CONTINUATION, is_final=number == len(parts)),
        ]
    messages = read(b"".join(frames), cut)
    assert [message for message in messages if message[0] == TEXT] == [(TEXT, b"".join(parts))]
    assert len(messages) == len(parts)


BAD = {
    "not masked": (b"\x81\x02hi", PROTOCOL_ERROR),
    "reserved bit": (b"\xc1\x80\0\0\0\0", PROTOCOL_ERROR),
    "unknown opcode": (client_frame(b"", 0x3), PROTOCOL_ERROR),
    "unknown control": (client_frame(b"", 0xB), PROTOCOL_ERROR),
    "long ping": (client_frame(b"x" * 126, PING), PROTOCOL_ERROR),
    "cut close": (client_frame(b"", CLOSE, is_final=False), PROTOCOL_ERROR),
    "nothing to continue": (client_frame(b"x", CONTINUATION), PROTOCOL_ERROR),
    "a message inside another": (
        client_frame(b"x", TEXT, is_final=False) + client_frame(b"y", TEXT), PROTOCOL_ERROR,
    ),
    "too long": (client_frame(b"x" * (BYTES_MAX + 1), TEXT), TOO_BIG),
    "too long in parts": (
        client_frame(b"x" * BYTES_MAX, TEXT, is_final=False) + client_frame(b"x", CONTINUATION), TOO_BIG,
    ),
    "absurd length": (b"\x81\xff" + b"\xff" * 8, TOO_BIG),
}  # fmt: skip


@pytest.mark.parametrize(("data", "code"), BAD.values(), ids=BAD.keys())
@pytest.mark.parametrize("cut", [None, 1, 7])
def test_a_bad_frame_is_refused_by_its_code(data: bytes, code: int, cut: int | None) -> None:
    if cut and len(data) > 10_000:
        cut *= 1_000
    with pytest.raises(BadFrame) as refused:
        read(data, cut)
    assert refused.value.close_code == code


def test_a_frame_too_long_is_refused_before_its_payload_has_come() -> None:
    with pytest.raises(BadFrame):
        FrameReader(100).feed(client_frame(b"x" * 101, TEXT)[:8])


def test_empty_parts_without_end_are_bounded() -> None:
    reader = FrameReader(100)
    reader.feed(client_frame(b"x", TEXT, is_final=False))
    with pytest.raises(BadFrame):
        for _ in range(1_000):
            reader.feed(client_frame(b"", CONTINUATION, is_final=False))


# -- Connection --------------------------------------------------------------------------------------------


class Wire(asyncio.Transport):
    """Keeps what is written, and who speaks to it."""

    def __init__(self) -> None:
        super().__init__()
        self.protocol: asyncio.BaseProtocol = asyncio.Protocol()
        self.written: list[bytes] = []
        self.ended = ""

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self.protocol

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self.protocol = protocol

    def write(self, data: bytes) -> None:  # type: ignore[override]
        self.written.append(bytes(data))

    def is_closing(self) -> bool:
        return bool(self.ended)

    def close(self) -> None:
        self.ended = self.ended or "closed"

    def abort(self) -> None:
        self.ended = "aborted"


def connected(heartbeat_seconds: float = 60) -> tuple[Wire, Connection, list[Message]]:
    wire, heard = Wire(), []
    connection = Connection(wire, 1_000, heartbeat_seconds, lambda opcode, data: heard.append((opcode, data)))
    return wire, connection, heard


async def test_messages_are_heard_and_pings_answered() -> None:
    wire, connection, heard = connected()
    connection.data_received(
        client_frame(b"one", TEXT) + client_frame(b"?", PING) + client_frame(b"two", TEXT)
    )
    assert heard == [(TEXT, b"one"), (TEXT, b"two")]
    assert wire.written == [b"\x8a\x01?"]


async def test_a_clients_goodbye_is_answered() -> None:
    wire, connection, _ = connected()
    connection.data_received(client_frame((1000).to_bytes(2, "big"), CLOSE))
    assert wire.written == [b"\x88\x02\x03\xe8"] and wire.ended == "closed"


async def test_our_goodbye_is_said_once_and_nothing_is_heard_after_it() -> None:
    wire, connection, heard = connected()
    connection.goodbye(4400, "SHUTTING_DOWN")
    connection.goodbye(4401, "again")
    connection.data_received(client_frame(b"late", TEXT))
    assert wire.written == [b"\x88\x0f\x11\x30SHUTTING_DOWN"] and not heard and wire.ended == ""
    connection.data_received(client_frame((4400).to_bytes(2, "big"), CLOSE))
    assert len(wire.written) == 1 and wire.ended == "closed"


async def test_a_bad_frame_ends_the_connection_with_its_code() -> None:
    wire, connection, heard = connected()
    connection.data_received(client_frame(b"fine", TEXT) + b"\x81\x02hi")
    assert wire.written[0][2:4] == PROTOCOL_ERROR.to_bytes(2, "big")
    connection.data_received(client_frame(b"more", TEXT))
    assert not [message for message in heard if message[1] == b"more"]


async def test_who_sends_too_much_is_told_not_to_come_back_as_he_is() -> None:
    wire, connection, _ = connected()
    connection.data_received(client_frame(b"x" * 1_001, TEXT))
    assert wire.written[0][2:4] == (4500).to_bytes(2, "big")
    assert json.loads(wire.written[0][4:]) == {
        "code": "FRAME_TOO_LARGE", "reconnect_min_ms": 0, "reconnect_max_ms": 0,
    }  # fmt: skip


async def test_a_quiet_client_is_asked_and_a_dead_one_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = LoopTime(monkeypatch)
    wire, connection, _ = connected(heartbeat_seconds=20)
    for asked in range(1, 5):
        await clock.passes(21)
        assert wire.written == [b"\x89\x00"] * asked
        connection.data_received(client_frame(b"", PONG))
    assert wire.ended == "", "who answers stays"
    for _ in range(3):
        await clock.passes(21)
    assert wire.ended == "aborted"


async def test_a_lost_connection_lets_everything_go(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Exception | None] = []

    class Http(asyncio.Protocol):
        def connection_lost(self, error: Exception | None) -> None:
            told.append(error)

    wire = Wire()
    wire.protocol = Http()
    clock = LoopTime(monkeypatch)
    connection = Connection(wire, 1_000, 20, lambda opcode, data: None)
    connection.connection_lost(None)
    await connection.closed
    await clock.passes(60)
    assert told == [None] and not wire.written
