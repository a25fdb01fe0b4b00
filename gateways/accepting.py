"""Taking new connections in a few at a time, so that thousands who come at once hold nobody up who is there.

Belongs here: the listening side of a socket in the event loop. Does not belong here: which socket that is
(`gateways.listening`), who is let in (`gateways.live.door`).
"""

from __future__ import annotations

import asyncio
import socket
from typing import Final

import structlog
from aiohttp import web

log = structlog.get_logger(__name__)

AT_ONCE: Final = 8
"""Connections taken in one turn of the loop: with their handshakes that is a pause of two or three milliseconds."""

REST_SECONDS: Final = 0.5
"""How long nobody is taken in when the process has no descriptor left."""


class PacedSite(web.SockSite):
    """A listening socket of which each turn of the loop takes a few; the rest wait in the kernel's queue."""

    __slots__ = ("_taking",)

    def __init__(self, runner: web.BaseRunner, listener: socket.socket, *, backlog: int) -> None:
        super().__init__(runner, listener, backlog=backlog)
        self._taking: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen from now on."""
        await web.BaseSite.start(self)
        self._sock.setblocking(False)
        self._sock.listen(self._backlog)
        self._listen()

    async def stop(self) -> None:
        """Listen no more."""
        asyncio.get_running_loop().remove_reader(self._sock)
        self._sock.close()
        await super().stop()

    def _listen(self) -> None:
        if self._sock.fileno() >= 0:
            asyncio.get_running_loop().add_reader(self._sock, self._accept)

    def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(AT_ONCE):
            try:
                connection, _ = self._sock.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                log.warning("site.cannot_accept", error=str(error))
                loop.remove_reader(self._sock)
                loop.call_later(REST_SECONDS, self._listen)
                return
            taking = loop.create_task(self._take(connection))
            self._taking.add(taking)
            taking.add_done_callback(self._taking.discard)

    async def _take(self, connection: socket.socket) -> None:
        """Hand a connection to the HTTP protocol; one that is gone by then is let go."""
        server = self._runner.server
        assert server is not None, "a site belongs to a runner that is set up"
        try:
            connection.setblocking(False)
            if connection.family != socket.AF_UNIX:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await asyncio.get_running_loop().connect_accepted_socket(server, connection)
        except OSError:
            connection.close()
