"""One stage for the gateways of a machine: whichever is asked first holds the rehearsals, the others lead there.

Gateways that share a port cannot be told apart from outside, and a rehearsal lives in one process. Each of them
listens on a socket of its own in the data folder; a lock that dies with its holder says which of these is the stage.
What is asked about rehearsals goes to it as it came, and so does the answer.

Belongs here: finding the stage, becoming it, passing requests and conversations on.
Does not belong here: rehearsals (`gateways.rehearsals`); gateways of several machines, which a proxy leads to one.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import secrets
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

import aiohttp
import structlog
from aiohttp import web
from aiohttp.typedefs import LooseHeaders, Middleware
from yarl import URL

from exchange.adapters.unix_socket import socket_named
from gateways.api.errors import ApiCode, ApiError
from gateways.auditing import REQUEST_HEADER, name_of
from gateways.listening import BACKLOG
from gateways.live.returning import farewell
from gateways.wire import CloseCode, ErrorCode

log = structlog.get_logger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Socket = web.WebSocketResponse | aiohttp.ClientWebSocketResponse

PREFIX: Final = "/api/v1/rehearsals"
VISITOR: Final = "X-Luochui-Visitor"
"""Whose request it is, from one gateway to another; believed on our own socket alone."""

TRIES: Final = 30
PAUSE_SECONDS: Final = 0.1
"""A holder that ends lets go within a moment; whoever comes meanwhile waits so long for the next one."""

ANSWER_SECONDS_MAX: Final = 30.0
HEARTBEAT_SECONDS: Final = 20.0
MESSAGE_BYTES_MAX: Final = 4 * 1_048_576
GOODBYE_SECONDS: Final = 2.0

STAYS_HERE: Final = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "keep-alive",
        "sec-websocket-extensions",
        "sec-websocket-key",
        "sec-websocket-protocol",
        "sec-websocket-version",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        REQUEST_HEADER.lower(),
        VISITOR.lower(),
    }
)
"""Headers that are about one connection and not about the request."""

REFUSED: Final = {
    400: ErrorCode.UNKNOWN_PROTOCOL.value,
    401: ErrorCode.NOT_SIGNED_IN.value,
    403: ErrorCode.FOREIGN_ORIGIN.value,
    404: ApiCode.REHEARSAL_UNKNOWN.value,
    429: ErrorCode.TOO_MANY_CONNECTIONS.value,
}
"""Why a door lets nobody in, by the status of its answer."""


class SharedStage:
    """The stage as one gateway sees it. `listener` is to be served; `leave` at the end."""

    def __init__(self, folder: Path, exchange: str) -> None:
        """Listen on a socket of our own.

        Args:
            folder: the data folder, which the gateways of a machine share.
            exchange: what tells exchanges apart that keep their data in the same folder.
        """
        self._key = hashlib.sha256(exchange.encode()).hexdigest()[:8]
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._note = folder / f"rehearsals-{self._key}.lock"
        self._path = socket_named(folder, f"rehearsals-{self._key}-{secrets.token_hex(4)}")
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(os.fspath(self._path))
        self._path.chmod(0o600)
        self.listener.listen(BACKLOG)
        self._lock: int | None = None
        self._led: set[web.WebSocketResponse] = set()
        self._has_left = False

    @property
    def is_here(self) -> bool:
        """Tell whether this gateway holds the rehearsals."""
        return self._lock is not None

    def take(self) -> bool:
        """Become the stage, if nobody is; tell whether it is here."""
        if self.is_here or self._has_left:
            return self.is_here
        lock = os.open(self._note, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        os.ftruncate(lock, 0)
        os.pwrite(lock, os.fsencode(self._path), 0)
        self._lock = lock
        self._clear_away()
        log.info("stage.taken", socket=str(self._path))
        return True

    async def leave(self) -> None:
        """Let another gateway be the stage, and send on whoever was led from here."""
        self._has_left = True
        self._path.unlink(missing_ok=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
        reason = farewell(CloseCode.SHUTTING_DOWN).encode()
        closing = [one.close(code=CloseCode.SHUTTING_DOWN, message=reason) for one in self._led]
        with suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_SECONDS):
                await asyncio.gather(*closing, return_exceptions=True)

    def leading(self) -> Middleware:
        """Return the middleware that leads to the stage what is asked about rehearsals."""

        @web.middleware
        async def lead(request: web.Request, handler: Handler) -> web.StreamResponse:
            if _came_from_neighbour(request):
                if not _is_of_rehearsals(request):
                    raise web.HTTPNotFound
                return await handler(request.clone(remote=request.headers.get(VISITOR, "")))
            if not _is_of_rehearsals(request):
                return await handler(request)
            for _ in range(TRIES):
                if self.take():
                    return await handler(request)
                try:
                    return await self._led_to(self._holder(), request)
                except (FileNotFoundError, aiohttp.ClientConnectorError):
                    await asyncio.sleep(PAUSE_SECONDS)
                except (TimeoutError, aiohttp.ClientError) as error:
                    raise ApiError(ApiCode.BUSY) from error
            raise ApiError(ApiCode.BUSY)

        return lead

    def _holder(self) -> str:
        """Return the socket of whoever holds the rehearsals.  Raises: FileNotFoundError."""
        holder = os.fsdecode(self._note.read_bytes())
        if not holder:
            raise FileNotFoundError(self._note)
        return holder

    async def _led_to(self, holder: str, request: web.Request) -> web.StreamResponse:
        """Let the holder answer.  Raises: ClientConnectorError when it is gone, TimeoutError, ClientError."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=ANSWER_SECONDS_MAX)
        connector = aiohttp.UnixConnector(path=holder)
        async with aiohttp.ClientSession(
            connector=connector, timeout=timeout, auto_decompress=False
        ) as session:
            if request.headers.get("Upgrade", "").lower() == "websocket":
                return await self._conversation(session, request)
            return await _answer(session, request)

    async def _conversation(self, session: aiohttp.ClientSession, request: web.Request) -> web.StreamResponse:
        offered = [name.strip() for name in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
        try:
            inner = await session.ws_connect(
                _address(request),
                headers=_passed_on(request),
                protocols=[name for name in offered if name],
                max_msg_size=MESSAGE_BYTES_MAX,
            )
        except aiohttp.WSServerHandshakeError as error:
            code = REFUSED.get(error.status, ErrorCode.BUSY.value)
            body: dict[str, object] = {"code": code, "detail": "", "problems": []}
            return web.json_response(body, status=error.status)
        protocols = [inner.protocol] if inner.protocol else []
        outer = web.WebSocketResponse(
            protocols=protocols, compress=False, heartbeat=HEARTBEAT_SECONDS, max_msg_size=MESSAGE_BYTES_MAX
        )
        await outer.prepare(request)
        self._led.add(outer)
        try:
            await _converse(outer, inner)
        finally:
            self._led.discard(outer)
        return outer

    def _clear_away(self) -> None:
        """Remove the sockets of gateways that were killed."""
        for path in self._path.parent.glob(f"rehearsals-{self._key}-*.sock"):
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
                trial.setblocking(False)
                try:
                    trial.connect(os.fspath(path))
                except ConnectionRefusedError:
                    path.unlink(missing_ok=True)
                except OSError:
                    continue


def _is_of_rehearsals(request: web.Request) -> bool:
    return request.path == PREFIX or request.path.startswith(f"{PREFIX}/")


def _came_from_neighbour(request: web.Request) -> bool:
    """Tell whether another gateway passed the request on: only they know our socket."""
    way = None if request.transport is None else request.transport.get_extra_info("socket")
    return way is not None and way.family == socket.AF_UNIX


def _address(request: web.Request) -> URL:
    return URL(f"http://stage{request.raw_path}", encoded=True)


def _passed_on(request: web.Request) -> LooseHeaders:
    """Return the headers as they came, and whose request it is."""
    headers = request.headers.copy()
    for name in STAYS_HERE:
        headers.popall(name, None)
    headers["Accept-Encoding"] = "identity"
    headers[VISITOR] = request.remote or ""
    headers[REQUEST_HEADER] = name_of(request)
    return headers


async def _answer(session: aiohttp.ClientSession, request: web.Request) -> web.Response:
    """Pass a request on and its answer back; both are small."""
    body = await request.read()
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS_MAX)
    asking = session.request(
        request.method,
        _address(request),
        headers=_passed_on(request),
        data=body or None,
        timeout=timeout,
        allow_redirects=False,
    )
    async with asking as answer:
        headers = {
            name: value for name, value in answer.headers.items() if name in ("Cache-Control", "Content-Type")
        }
        return web.Response(status=answer.status, body=await answer.read() or None, headers=headers)


async def _converse(outer: Socket, inner: Socket) -> None:
    """Pass every frame on, both ways, until one side ends; the other is told how."""
    ways = [asyncio.create_task(_pass(outer, inner)), asyncio.create_task(_pass(inner, outer))]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        said = [
            way.result() for way in ways if way.done() and not way.cancelled() and way.exception() is None
        ]
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        code, reason = next((one for one in said if one[0]), (int(aiohttp.WSCloseCode.GOING_AWAY), b""))
        for side in (inner, outer):
            await side.close(code=code, message=reason)


async def _pass(source: Socket, target: Socket) -> tuple[int, bytes]:
    """Pass frames on until the source ends; return its close code and reason, 0 when it said none."""
    with suppress(ConnectionError, aiohttp.ClientError):
        while True:
            message = await source.receive()
            if message.type is aiohttp.WSMsgType.TEXT:
                await target.send_str(message.data)
            elif message.type is aiohttp.WSMsgType.BINARY:
                await target.send_bytes(message.data)
            elif message.type is aiohttp.WSMsgType.CLOSE:
                return message.data or 0, str(message.extra or "").encode()
            else:
                break
    return 0, b""
