"""One WebSocket after its handshake: reading, heartbeat, and saying goodbye.

The HTTP library does the handshake; from then on the transport speaks to us directly, so that a message costs no
task switch. Belongs here: the life of a connection. Does not belong here: what is said on it (`Session`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from gateways.live.frames import CLOSE, PING, PONG, TOO_BIG, BadFrame, FrameReader, framed
from gateways.live.returning import farewell
from gateways.wire import CloseCode

GOODBYE_SECONDS = 2.0
"""How long a client may take to answer a close frame."""

Heard = Callable[[int, bytes], None]
"""Told each message: opcode (text or binary) and payload."""


def _unheard(opcode: int, payload: bytes) -> None:
    """Take a message for which nobody is there any more."""


class Connection(asyncio.Protocol):
    """Takes the transport of a finished handshake over from the HTTP protocol, which it tells when all is over."""

    def __init__(
        self, transport: asyncio.Transport, bytes_max: int, heartbeat_seconds: float, heard: Heard
    ) -> None:
        self.transport = transport
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._loop = asyncio.get_running_loop()
        self._http = transport.get_protocol()
        self._reader = FrameReader(bytes_max)
        self._heard = heard
        self._heartbeat_seconds = heartbeat_seconds
        self._heard_at = self._loop.time()
        self._is_leaving = False
        self._timer = self._loop.call_later(heartbeat_seconds, self._beat)
        transport.set_protocol(self)

    @property
    def silent_seconds(self) -> float:
        """Return how long nothing has been heard, not even an answer to the heartbeat."""
        return self._loop.time() - self._heard_at

    def goodbye(self, code: int, reason: str) -> None:
        """Send a close frame, and end the connection when it is answered or not answered in time."""
        if self._is_leaving or self.transport.is_closing():
            return
        self._is_leaving = True
        self._timer.cancel()
        self._timer = self._loop.call_later(GOODBYE_SECONDS, self.transport.abort)
        self._write(CLOSE, code.to_bytes(2, "big") + reason.encode()[:120])

    def let_go(self) -> None:
        """Tell nobody anything any more, and hold on to nobody."""
        self._timer.cancel()
        self._heard = _unheard
        self._http = asyncio.Protocol()
        self.transport.set_protocol(self._http)

    # -- what the transport tells ------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Hand over the messages that are complete."""
        self._heard_at = self._loop.time()
        try:
            messages = self._reader.feed(data)
        except BadFrame as error:
            self._refuse(error)
            return
        for opcode, payload in messages:
            if opcode >= CLOSE:
                self._control(opcode, payload)
            elif not self._is_leaving:
                self._heard(opcode, payload)

    def connection_lost(self, error: Exception | None) -> None:
        """Let go, and let the HTTP protocol let go."""
        self._timer.cancel()
        if not self.closed.done():
            self.closed.set_result(None)
        self._http.connection_lost(error)

    def _refuse(self, error: BadFrame) -> None:
        """End the connection; who sends too much would do it again, so he is told not to come back as he is."""
        if error.close_code == TOO_BIG:
            self.goodbye(CloseCode.FRAME_TOO_LARGE, farewell(CloseCode.FRAME_TOO_LARGE))
        else:
            self.goodbye(error.close_code, str(error))

    # -- control frames ----------------------------------------------------------------------------------------

    def _control(self, opcode: int, payload: bytes) -> None:
        if opcode == PING:
            self._write(PONG, payload)
        elif opcode == CLOSE:
            if not self._is_leaving:
                self._is_leaving = True
                self._write(CLOSE, payload[:2])
            self.transport.close()

    def _beat(self) -> None:
        """Ask a quiet client whether it is there; end the connection of one that does not answer."""
        quiet_seconds = self._loop.time() - self._heard_at
        if quiet_seconds > 2 * self._heartbeat_seconds:
            self.transport.abort()
            return
        if quiet_seconds >= self._heartbeat_seconds / 2:
            self._write(PING, b"")
        self._timer = self._loop.call_later(self._heartbeat_seconds, self._beat)

    def _write(self, opcode: int, payload: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(framed(payload, opcode))
