"""WebSocket frames by hand, as cheaply as bytes allow: the load must not be dearer than what it measures.

Belongs here: the opening handshake, building client frames, taking server frames apart.
Does not belong here: what the frames say, control frames beyond ping and close.

Source: RFC 6455. A client must mask; the masking key of four zero bytes leaves the payload as it is.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping

TEXT = 0x1
CLOSE = 0x8
PING = 0x9
FINAL = 0x80
MASKED = 0x80
NO_MASK = b"\x00\x00\x00\x00"
SHORT_MAX = 125
END_OF_HEADERS = b"\r\n\r\n"


def opening_request(host: str, port: int, path: str, headers: Mapping[str, str]) -> bytes:
    """Return the HTTP request that opens a WebSocket."""
    lines = {
        "Host": f"{host}:{port}",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        "Sec-WebSocket-Version": "13",
        **headers,
    }
    fields = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"GET {path} HTTP/1.1\r\n{fields}\r\n".encode()


def client_header(length: int, opcode: int = TEXT) -> bytes:
    """Return the header of a client frame with `length` bytes of payload."""
    if length <= SHORT_MAX:
        return bytes((FINAL | opcode, MASKED | length)) + NO_MASK
    return bytes((FINAL | opcode, MASKED | 126)) + length.to_bytes(2, "big") + NO_MASK


def client_frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """Return a whole client frame."""
    return client_header(len(payload), opcode) + payload


def server_frames(data: bytes) -> tuple[list[tuple[int, int, int]], int]:
    """Take apart what has arrived.

    Returns: (opcode, start, end) of every whole frame's payload in `data`, and where the rest begins.
    """
    frames: list[tuple[int, int, int]] = []
    position, size = 0, len(data)
    while size - position >= 2:
        length = data[position + 1]
        start = position + 2
        if length > SHORT_MAX:
            start += 2 if length == 126 else 8
            if start > size:
                break
            length = int.from_bytes(data[position + 2 : start], "big")
        end = start + length
        if end > size:
            break
        frames.append((data[position] & 0xF, start, end))
        position = end
    return frames, position
