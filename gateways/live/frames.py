"""The frames of a WebSocket as a server reads and writes them: bytes in, messages out, and back.

The connection's own reader delivers a message for a fraction of what a general stream costs, and it is the hot
path of every bid. Nothing here knows sockets, so it can be tested to the last byte.

Belongs here: RFC 6455 sections 5.2 to 5.5. Does not belong here: the handshake, closing, what a message says.
"""

from __future__ import annotations

from typing import Final, TypeAlias

CONTINUATION: Final = 0x0
TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA

FINAL: Final = 0x80
"""First byte: the frame is the last of its message."""
MASKED: Final = 0x80
"""Second byte: the payload is masked, as every client's must be."""
RESERVED: Final = 0x70
CONTROL: Final = 0x8
LENGTH: Final = 0x7F

PROTOCOL_ERROR: Final = 1002
TOO_BIG: Final = 1009
CONTROL_BYTES_MAX: Final = 125
NO_MASK: Final = bytes(4)

Message: TypeAlias = tuple[int, bytes]
"""Opcode and payload."""


class BadFrame(Exception):
    """What came is no frame that a client may send; the connection must end with `close_code`."""

    def __init__(self, close_code: int, why: str) -> None:
        super().__init__(why)
        self.close_code = close_code


def framed(payload: bytes, opcode: int) -> bytes:
    """Return a whole frame of the server around a payload: not masked, nothing compressed."""
    length = len(payload)
    if length < 126:
        return bytes((FINAL | opcode, length)) + payload
    if length < 65_536:
        return bytes((FINAL | opcode, 126)) + length.to_bytes(2, "big") + payload
    return bytes((FINAL | opcode, 127)) + length.to_bytes(8, "big") + payload


class FrameReader:
    """Puts a client's messages together, however the network has cut them."""

    def __init__(self, bytes_max: int) -> None:
        self._bytes_max = bytes_max
        self._rest = b""
        self._parts: list[bytes] = []
        self._opcode = CONTINUATION
        """Of the message whose parts are being collected."""

    def feed(self, data: bytes) -> list[Message]:
        """Return the messages that are complete with these bytes; what is left waits for more.

        Raises: BadFrame. The reader must not be fed again after it.
        """
        if self._rest:
            data = self._rest + data
        messages: list[Message] = []
        at, end = 0, len(data)
        while end - at >= 2:
            first, second = data[at], data[at + 1]
            length, start = second & LENGTH, at + 6
            if length >= 126:
                wide = 2 if length == 126 else 8
                start += wide
                if end < at + 2 + wide:
                    break
                length = int.from_bytes(data[at + 2 : at + 2 + wide], "big")
            self._check(first, second, length)
            if end < start + length:
                break
            self._take(first, _unmasked(data[start - 4 : start], data[start : start + length]), messages)
            at = start + length
        self._rest = data[at:]
        return messages

    def _check(self, first: int, second: int, length: int) -> None:
        """Refuse a frame by its header, before its payload has come."""
        if not second & MASKED or first & RESERVED:
            raise BadFrame(PROTOCOL_ERROR, "a client's frames are masked and use no extension")
        if first & CONTROL and (length > CONTROL_BYTES_MAX or not first & FINAL):
            raise BadFrame(PROTOCOL_ERROR, "control frames are short and whole")
        if length > self._bytes_max:
            raise BadFrame(TOO_BIG, f"at most {self._bytes_max} bytes")

    def _take(self, first: int, payload: bytes, messages: list[Message]) -> None:
        """Add a frame to the messages, or to the parts of the message under way."""
        opcode = first & 0x0F
        if first & CONTROL:
            if opcode not in (CLOSE, PING, PONG):
                raise BadFrame(PROTOCOL_ERROR, f"opcode {opcode} has no meaning")
            messages.append((opcode, payload))
        elif opcode == CONTINUATION:
            self._continue(first, payload, messages)
        elif opcode not in (TEXT, BINARY) or self._parts:
            raise BadFrame(PROTOCOL_ERROR, "a message begins once, as text or binary")
        elif first & FINAL:
            messages.append((opcode, payload))
        else:
            self._opcode, self._parts = opcode, [payload]

    def _continue(self, first: int, payload: bytes, messages: list[Message]) -> None:
        if not self._parts:
            raise BadFrame(PROTOCOL_ERROR, "nothing is to be continued")
        self._parts.append(payload)
        if sum(map(len, self._parts)) > self._bytes_max or len(self._parts) > self._bytes_max:
            raise BadFrame(TOO_BIG, f"at most {self._bytes_max} bytes")
        if first & FINAL:
            messages.append((self._opcode, b"".join(self._parts)))
            self._parts = []


def _unmasked(mask: bytes, payload: bytes) -> bytes:
    """Undo the mask: as one number, which is the fastest way that Python has."""
    length = len(payload)
    if mask == NO_MASK or not length:
        return payload
    key = (mask * (length // 4 + 1))[:length]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(key, "little")).to_bytes(length, "little")
