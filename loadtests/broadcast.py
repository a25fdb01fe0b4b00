"""Bare broadcasting servers to measure beside ours: `python -m loadtests.broadcast transport|websockets`.

The first line of standard input is the message that greets everybody who connects, each line after it goes to all who
are connected. It prints its port and serves until its input ends. Nothing is asked of a client but the handshake.

Belongs here: a loop over transports, which nothing can undercut in this language, and the `websockets` package's own
broadcast. Does not belong here: other languages' servers (`loadtests.peers`), measuring.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, ClassVar, Final, cast

import uvloop

from loadtests.frames import END_OF_HEADERS, FINAL, SHORT_MAX, TEXT

if TYPE_CHECKING:
    from websockets.asyncio.server import ServerConnection

BACKLOG: Final = 4_096
LINE_BYTES_MAX: Final = 1_048_576
ACCEPT_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

Say = Callable[[bytes], None]


class Listener(asyncio.Protocol):
    """One client: its handshake is answered, and what else it says is not read."""

    connected: ClassVar[set[asyncio.Transport]] = set()

    def __init__(self, greeting: bytes) -> None:
        self._greeting = text_frame(greeting)
        self._head = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the handshake."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Answer the handshake once it is whole."""
        if self._transport in self.connected:
            return
        self._head += data
        if END_OF_HEADERS in self._head:
            self._transport.write(_handshake_answer(self._head) + self._greeting)
            self.connected.add(self._transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Forget the client."""
        self.connected.discard(self._transport)


def _handshake_answer(head: bytes) -> bytes:
    lines = (line.partition(b":") for line in head.split(b"\r\n")[1:])
    fields = {name.strip().lower(): value.strip() for name, _, value in lines}
    accept = base64.b64encode(hashlib.sha1(fields[b"sec-websocket-key"] + ACCEPT_GUID).digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )


def text_frame(payload: bytes) -> bytes:
    """Return a server's text frame."""
    length = len(payload)
    if length <= SHORT_MAX:
        return bytes((FINAL | TEXT, length)) + payload
    if length < 65_536:
        return bytes((FINAL | TEXT, 126)) + length.to_bytes(2, "big") + payload
    return bytes((FINAL | TEXT, 127)) + length.to_bytes(8, "big") + payload


@asynccontextmanager
async def by_transports(listening: socket.socket, greeting: bytes) -> AsyncIterator[Say]:
    """Serve with nothing between the loop and the transports."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Listener(greeting), sock=listening, backlog=BACKLOG)

    def say(message: bytes) -> None:
        frame = text_frame(message)
        for transport in Listener.connected:
            transport.write(frame)

    async with server:
        yield say


@asynccontextmanager
async def by_websockets(listening: socket.socket, greeting: bytes) -> AsyncIterator[Say]:
    """Serve with the `websockets` package, without compression and pings."""
    from websockets.asyncio.server import broadcast, serve  # noqa: PLC0415 - one of several servers, and not always there

    async def stay(connection: ServerConnection) -> None:
        await connection.send(greeting.decode())
        await connection.wait_closed()

    async with serve(
        stay, sock=listening, compression=None, ping_interval=None, backlog=BACKLOG, max_queue=None
    ) as server:
        yield lambda message: broadcast(server.connections, message.decode())


SERVERS: Final = {"transport": by_transports, "websockets": by_websockets}


async def main(kind: str) -> None:
    """Serve until standard input ends."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
    port = listening.getsockname()[1]
    reader = asyncio.StreamReader(limit=LINE_BYTES_MAX)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    async with SERVERS[kind](listening, (await reader.readline()).rstrip(b"\n")) as say:
        print(port, flush=True)
        while line := await reader.readline():
            say(line.rstrip(b"\n"))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
