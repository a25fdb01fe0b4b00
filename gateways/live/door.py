"""The door of the live floor: who may open a connection, and with which form of frames."""

from __future__ import annotations

from collections import Counter

from aiohttp import web

from exchange.people import Account, People
from gateways import wire
from gateways.identity import account_of, is_foreign, proof_of
from gateways.live.session import Floor, Session
from gateways.wire import CloseCode, ErrorCode

PROTOCOLS = (wire.JSON_PROTOCOL, wire.MSGPACK_PROTOCOL)


class Door:
    """Lets connections in, within the bounds per account and per address, and sees them all out at the end."""

    def __init__(
        self,
        floor: Floor,
        people: People,
        *,
        public_origins: tuple[str, ...],
        per_account_max: int,
        per_address_max: int,
    ) -> None:
        self._floor = floor
        self._people = people
        self._public_origins = public_origins
        self._per_account_max = per_account_max
        self._per_address_max = per_address_max
        self._by_address: Counter[str] = Counter()
        self._sessions: dict[Session, bytes] = {}
        """By what each was let in."""

    async def enter(self, request: web.Request) -> web.StreamResponse:
        """Turn a request into a live conversation; returns when that is over."""
        if is_foreign(request, self._public_origins):
            return _refused(403, ErrorCode.FOREIGN_ORIGIN)
        offered = request.headers.get("Sec-WebSocket-Protocol", "")
        if offered and not any(name.strip() in PROTOCOLS for name in offered.split(",")):
            return _refused(400, ErrorCode.UNKNOWN_PROTOCOL)
        account = await account_of(request, self._people)
        if account is None and "Authorization" in request.headers:
            return _refused(401, ErrorCode.NOT_SIGNED_IN)
        address = request.remote or ""
        if self._by_address[address] >= self._per_address_max:
            return _refused(429, ErrorCode.TOO_MANY_CONNECTIONS)
        if account is not None and self._floor.hub.sessions_of(account.id) >= self._per_account_max:
            return _refused(429, ErrorCode.TOO_MANY_CONNECTIONS)
        self._by_address[address] += 1
        try:
            return await self._converse(request, account)
        finally:
            self._by_address[address] -= 1
            if not self._by_address[address]:
                del self._by_address[address]

    async def _converse(self, request: web.Request, account: Account | None) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=PROTOCOLS, compress=False)
        await socket.prepare(request)
        transport = request.transport
        assert transport is not None, "a prepared socket has a transport"
        session = Session(self._floor, account, socket.ws_protocol)
        self._sessions[session] = proof_of(request)
        try:
            # The handshake has not waited since its answer was written, so no frame can have come before this.
            await session.run(transport)
        finally:
            del self._sessions[session]
        return socket

    def revoked(self, proof: bytes) -> None:
        """End the conversations of those whom this proof let in: it is no longer good."""
        for session in [session for session, own in self._sessions.items() if own == proof]:
            session.end(CloseCode.SIGNED_OUT)

    async def close(self) -> None:
        """Tell every client that it may come back, and end its conversation."""
        for session in tuple(self._sessions):
            session.end(CloseCode.SHUTTING_DOWN)


def _refused(status: int, code: ErrorCode) -> web.Response:
    body: dict[str, object] = {"code": code.value, "detail": "", "problems": []}
    return web.json_response(body, status=status)
