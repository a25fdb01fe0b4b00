"""A wire between two processes of one machine that can be cut: nothing passes, and nobody is told."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

READ_BYTES = 65_536


class FaultProxy:
    """Listens on a Unix socket and passes everything on to another, until it is cut."""

    def __init__(self, path: Path, target: Path) -> None:
        self.path = path
        self._target = target
        self._passes = asyncio.Event()
        self._passes.set()
        self._wires: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_unix_server(self._connected, str(self.path))

    def cut(self) -> None:
        """Let nothing pass any more; who has a connection keeps it, and hears nothing."""
        self._passes.clear()

    def mend(self, *, breaks: bool) -> None:
        """Let everything pass again: what was held back, or only what comes over new connections."""
        if breaks:
            self._break_all()
        self._passes.set()

    async def close(self) -> None:
        """End every connection."""
        self._break_all()
        if self._server is not None:
            self._server.close()
        if self._wires:
            await asyncio.wait(self._wires)

    def _break_all(self) -> None:
        for wire in self._wires:
            wire.cancel()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = asyncio.current_task()
        assert wire is not None
        self._wires.add(wire)
        try:
            await self._connect(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass  # the wire is broken: both sides see their connection end
        finally:
            writer.transport.abort()
            self._wires.discard(wire)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._passes.wait()
        beyond, onward = await asyncio.open_unix_connection(str(self._target))
        try:
            ways = [
                asyncio.create_task(self._pass_on(reader, onward)),
                asyncio.create_task(self._pass_on(beyond, writer)),
            ]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.wait(ways)
        finally:
            onward.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(READ_BYTES):
                await self._passes.wait()
                writer.write(data)
                await writer.drain()
