"""A wire between two processes of one machine that can be cut: nothing passes, and nobody is told."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

READ_BYTES = 65_536

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Proxy(ABC):
    """Passes everything on in both directions, until it is cut."""

    def __init__(self) -> None:
        self.delay_s = 0.0
        """How long everything is under way in each direction."""
        self._asks, self._answers = asyncio.Event(), asyncio.Event()
        self._wires: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.mend(breaks=False)

    def cut(self, *, only_answers: bool = False) -> None:
        """Let nothing pass any more, or no answer; who has a connection keeps it, and hears nothing."""
        self._answers.clear()
        if not only_answers:
            self._asks.clear()

    def mend(self, *, breaks: bool) -> None:
        """Let everything pass again: what was held back, or only what comes over new connections."""
        if breaks:
            self._break_all()
        self._asks.set()
        self._answers.set()

    @abstractmethod
    async def _reach(self) -> Streams:
        """Connect with what lies beyond."""

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
        await self._asks.wait()
        beyond, onward = await self._reach()
        try:
            ways = [
                asyncio.create_task(self._pass_on(reader, onward, self._asks)),
                asyncio.create_task(self._pass_on(beyond, writer, self._answers)),
            ]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.wait(ways)
        finally:
            onward.transport.abort()

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passes: asyncio.Event
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(READ_BYTES):
                await asyncio.sleep(self.delay_s)
                await passes.wait()
                writer.write(data)
                await writer.drain()


class FaultProxy(_Proxy):
    """Listens on a Unix socket and passes everything on to another."""

    def __init__(self, path: Path, target: Path) -> None:
        super().__init__()
        self.path = path
        self._target = target

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_unix_server(self._connected, str(self.path))

    async def _reach(self) -> Streams:
        return await asyncio.open_unix_connection(str(self._target))


class TcpFaultProxy(_Proxy):
    """Listens on a port of this machine and passes everything on to another."""

    def __init__(self, target_port: int) -> None:
        super().__init__()
        self.port = 0
        self._target_port = target_port

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listen on a port that is free."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _reach(self) -> Streams:
        return await asyncio.open_connection("127.0.0.1", self._target_port)


@asynccontextmanager
async def laid_wire(target_port: int) -> AsyncIterator[TcpFaultProxy]:
    """Lay a wire to a port of this machine; it breaks when the block ends."""
    proxy = TcpFaultProxy(target_port)
    await proxy.start()
    try:
        yield proxy
    finally:
        proxy.mend(breaks=True)
        await proxy.close()
