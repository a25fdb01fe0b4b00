"""A carrier over a Unix socket, for processes of one machine: the engine's end listens, gateways connect to it.

    frame = length of the rest (4 bytes)   length of the topic (1 byte)   topic   entry

A frame without a topic is a sign of life, or, with an entry, the list of topics that a gateway wants to hear.

Belongs here: sockets, frames, coming back after a loss. Does not belong here: what is in an entry.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import struct
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog

from exchange.cluster.carrier import ENTRY_BYTES_MAX, OUTBOX_BYTES_MAX, Heard

log = structlog.get_logger(__name__)

SOCKET_PATH_BYTES_MAX = 95
"""The kernel takes 107 bytes; a little is left for the name under which a socket is prepared."""

LIFE_SECONDS = 0.25
SILENCE_SECONDS = 3.0
"""After so long without a sign of life a gateway takes the connection for lost."""

BACKOFF_SECONDS_MAX = 1.0
PEERS_MAX = 1_000

_HEAD = struct.Struct(">IB")
_LIFE = _HEAD.pack(1, 0)


def socket_path(folder: Path, shard: int) -> Path:
    """Return where the engine of a shard listens, for both ends the same."""
    return socket_named(folder, f"engine-{shard}")


def socket_named(folder: Path, name: str) -> Path:
    """Return the path of a socket that processes of one machine know by a name.

    A path that is too long for a socket is replaced by one in a folder of its own, which a note in `folder` names.
    """
    wanted = folder / f"{name}.sock"
    if len(os.fsencode(wanted)) <= SOCKET_PATH_BYTES_MAX:
        return wanted
    note = folder / "sockets.path"
    if not _is_there(note):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = note.with_suffix(f".{secrets.token_hex(4)}")
        unfinished.write_text(tempfile.mkdtemp(prefix="luochui-"), encoding="utf-8")
        unfinished.rename(note)
    return Path(note.read_text(encoding="utf-8")) / wanted.name


def _is_there(note: Path) -> bool:
    """Tell whether the note names a folder that is still there, and is ours alone."""
    try:
        found = Path(note.read_text(encoding="utf-8")).stat()
    except OSError:
        return False
    return found.st_uid == os.getuid() and found.st_mode & 0o077 == 0


class _Peer(asyncio.Protocol):
    """One connection: frames in, frames out."""

    def __init__(self, heard: Callable[[_Peer, str, bytes], None], ended: Callable[[_Peer], None]) -> None:
        self._heard = heard
        self._ended = ended
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None
        self.topics: frozenset[str] = frozenset()
        self.heard_at = asyncio.get_running_loop().time()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self._transport = transport  # type: ignore[assignment]  # uvloop's is none of asyncio's classes

    def connection_lost(self, error: Exception | None) -> None:
        """Say that it is over."""
        self._transport = None
        self._ended(self)

    def data_received(self, data: bytes) -> None:
        """Hear every frame that is complete."""
        self.heard_at = asyncio.get_running_loop().time()
        buffer = self._buffer
        buffer += data
        first = 0
        while len(buffer) - first >= _HEAD.size:
            length, topic_length = _HEAD.unpack_from(buffer, first)
            if not topic_length < length <= ENTRY_BYTES_MAX:
                log.warning("socket.bad_frame", length=length)
                self.abort()
                return
            end = first + 4 + length
            if len(buffer) < end:
                break
            body = first + _HEAD.size
            topic = buffer[body : body + topic_length].decode("ascii", "replace")
            self._heard(self, topic, bytes(buffer[body + topic_length : end]))
            first = end
        del buffer[:first]

    def write(self, frame: bytes) -> bool:
        """Send a frame; False when the other side is gone, or reads too slowly."""
        transport = self._transport
        if transport is None or transport.get_write_buffer_size() > OUTBOX_BYTES_MAX:
            return False
        transport.write(frame)
        return True

    def abort(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.abort()


class SocketServer:
    """The engine's end. Listens as long as `run` runs; passes on what gateways tell each other."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._listeners: dict[str, Heard] = {}
        self._peers: set[_Peer] = set()
        self._is_listening = False

    @property
    def is_up(self) -> bool:
        """Whether gateways can connect."""
        return self._is_listening

    def send(self, topic: str, entry: bytes) -> bool:
        """Send an entry to everybody who hears the topic."""
        if not self._is_listening:
            return False
        self._spread(topic, entry, None)
        return True

    def listen(self, topic: str, heard: Heard, back_ms: int = 0) -> None:
        """Hear a topic. A socket keeps nothing, so nothing sent before can be heard."""
        self._listeners[topic] = heard

    async def run(self) -> None:
        """Listen until cancelled."""
        loop = asyncio.get_running_loop()
        prepared = self._path.with_name(f"{self._path.name}.{secrets.token_hex(3)}")
        server = await loop.create_unix_server(self._connected, str(prepared), backlog=PEERS_MAX)
        try:
            # Closed to others before it has its name; the name is taken from a predecessor in one step.
            prepared.chmod(0o600)
            prepared.rename(self._path)
            own = self._path.stat().st_ino
            self._is_listening = True
            while True:
                for peer in tuple(self._peers):
                    peer.write(_LIFE)
                await asyncio.sleep(LIFE_SECONDS)
        finally:
            self._is_listening = False
            server.close()
            for peer in tuple(self._peers):
                peer.abort()
            with contextlib.suppress(OSError):
                prepared.unlink(missing_ok=True)
                if self._path.stat().st_ino == own:
                    self._path.unlink()

    def _connected(self) -> _Peer:
        peer = _Peer(self._heard, self._peers.discard)
        self._peers.add(peer)
        return peer

    def _heard(self, peer: _Peer, topic: str, entry: bytes) -> None:
        if not topic:
            _choose(peer, entry)
            return
        if topic in self._listeners:
            self._listeners[topic](entry)
        self._spread(topic, entry, peer)

    def _spread(self, topic: str, entry: bytes, sender: _Peer | None) -> None:
        frame = b""
        for peer in tuple(self._peers):
            if topic in peer.topics and peer is not sender:
                frame = frame or _framed(topic, entry)
                if not peer.write(frame):
                    log.warning("socket.peer_too_slow", topic=topic)
                    peer.abort()


class SocketClient:
    """A gateway's end. Connects again and again as long as `run` runs."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._listeners: dict[str, Heard] = {}
        self._peer: _Peer | None = None
        self._lost = asyncio.Event()

    @property
    def is_up(self) -> bool:
        """Whether there is a connection."""
        return self._peer is not None

    def send(self, topic: str, entry: bytes) -> bool:
        """Put an entry on its way."""
        return self._peer is not None and self._peer.write(_framed(topic, entry))

    def listen(self, topic: str, heard: Heard, back_ms: int = 0) -> None:
        """Hear a topic. A socket keeps nothing, so nothing sent before can be heard."""
        self._listeners[topic] = heard

    async def run(self) -> None:
        """Stay connected until cancelled."""
        backoff_seconds = 0.02
        while True:
            try:
                await self._stay_connected()
                backoff_seconds = 0.02
            except OSError as error:
                log.debug("socket.not_connected", path=str(self._path), error=str(error))
            await asyncio.sleep(backoff_seconds)
            backoff_seconds = min(backoff_seconds * 2, BACKOFF_SECONDS_MAX)

    async def _stay_connected(self) -> None:
        """Connect, and return when the connection is lost.  Raises: OSError."""
        loop = asyncio.get_running_loop()
        self._lost.clear()
        async with asyncio.timeout(SILENCE_SECONDS):
            _, peer = await loop.create_unix_connection(
                lambda: _Peer(self._heard, self._ended), str(self._path)
            )
        try:
            peer.write(_framed("", msgspec.msgpack.encode(sorted(self._listeners))))
            self._peer = peer
            while not self._lost.is_set() and loop.time() - peer.heard_at < SILENCE_SECONDS:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LIFE_SECONDS):
                        await self._lost.wait()
        finally:
            self._peer = None
            peer.abort()

    def _heard(self, peer: _Peer, topic: str, entry: bytes) -> None:
        if topic in self._listeners:
            self._listeners[topic](entry)

    def _ended(self, peer: _Peer) -> None:
        self._lost.set()


def _choose(peer: _Peer, entry: bytes) -> None:
    """Note what a gateway wants to hear."""
    if not entry:
        return
    try:
        peer.topics = frozenset(msgspec.msgpack.decode(entry, type=list[str]))
    except msgspec.DecodeError as error:
        log.warning("socket.bad_frame", error=str(error))
        peer.abort()


def _framed(topic: str, entry: bytes) -> bytes:
    name = topic.encode("ascii")
    return _HEAD.pack(1 + len(name) + len(entry), len(name)) + name + entry
