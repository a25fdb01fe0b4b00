"""The door of the live floor: who may open a connection, with which form of frames, and how all are seen out."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Collection
from functools import partial
from typing import TypeAlias

import structlog
from aiohttp import web
from msgspec import Struct

from exchange.database import StoreFailed, StoreUnavailable
from exchange.people import Account, People
from exchange.waiting import within
from gateways import wire
from gateways.identity import account_of, is_foreign, proof_of
from gateways.live.connection import GOODBYE_SECONDS
from gateways.live.returning import delay_of
from gateways.live.session import Floor, Session
from gateways.live.slices import in_slices
from gateways.wire import CloseCode, ErrorCode
from matching.units import TimeUs

log = structlog.get_logger(__name__)

PROTOCOLS = (wire.JSON_PROTOCOL, wire.MSGPACK_PROTOCOL)
ANSWERS_SECONDS = 5.0
"""How long clients who are sent on wait here for the answers to what they have asked."""

SWEEP_SECONDS = 1.0
"""How often sign-ins that have run out are looked for."""

RECHECK_PROOFS_MAX = 1_000
"""How many sign-ins the database is asked about at once."""

RECHECK_JITTER = 0.25
"""By what part the time between two rechecks varies, so that gateways do not all ask at once."""

ANSWER_SECONDS_MAX = 2.0
"""How long the database is waited for; who cannot be looked up stays."""


class Pass(Struct, frozen=True):
    """By what a session was let in, and until when that is good; None for ever."""

    proof: bytes
    ends_at_us: TimeUs | None


class Handshake(web.WebSocketResponse):
    """The library's part of a conversation: it ends when the session begins."""

    async def write_eof(self, data: bytes = b"") -> None:
        """Say nothing: the session has said goodbye, and an attempt would leave an exception and its frames behind."""


Cast: TypeAlias = Callable[[web.Request, Account | None], Account | None]


def _as_he_is(request: web.Request, account: Account | None) -> Account | None:
    """Let somebody in as who he is."""
    return account


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
        recheck_seconds: float,
        cast: Cast = _as_he_is,
    ) -> None:
        """Take the floor that is behind the door.

        Args:
            floor: what every session shares.
            people: who says whose a proof is, and whether it is good.
            public_origins: origins beside our own whose pages may connect.
            per_account_max: connections of one account.
            per_address_max: connections of one network address.
            recheck_seconds: about how often the database is asked about the sign-ins of all who are here.
            cast: as whom somebody is let in, given his account, or None for nobody's.
        """
        self._cast = cast
        self._floor = floor
        self._people = people
        self._public_origins = public_origins
        self._per_account_max = per_account_max
        self._per_address_max = per_address_max
        self._recheck_seconds = recheck_seconds
        self._by_address: Counter[str] = Counter()
        self._passes: dict[Session, Pass] = {}
        self.is_closing = False
        """Whether nobody is let in any more."""

    async def enter(self, request: web.Request) -> web.StreamResponse:
        """Turn a request into a live conversation; returns when that is over."""
        if is_foreign(request, self._public_origins):
            return _refused(403, ErrorCode.FOREIGN_ORIGIN)
        offered = request.headers.get("Sec-WebSocket-Protocol", "")
        if offered and not any(name.strip() in PROTOCOLS for name in offered.split(",")):
            return _refused(400, ErrorCode.UNKNOWN_PROTOCOL)
        account = await account_of(request, self._people)
        if account is not None and account.must_change_password:
            account = None
        if account is None and "Authorization" in request.headers:
            return _refused(401, ErrorCode.NOT_SIGNED_IN)
        if self.is_closing:
            return _refused(503, ErrorCode.BUSY)
        proof = proof_of(request)
        admission = Pass(proof, None if account is None else self._people.ends_at_us(proof))
        address = request.remote or ""
        if self._by_address[address] >= self._per_address_max:
            return _refused(429, ErrorCode.TOO_MANY_CONNECTIONS)
        if account is not None and self._floor.hub.sessions_of(account.id) >= self._per_account_max:
            return _refused(429, ErrorCode.TOO_MANY_CONNECTIONS)
        self._by_address[address] += 1
        try:
            return await self._converse(request, account, admission)
        finally:
            self._by_address[address] -= 1
            if not self._by_address[address]:
                del self._by_address[address]

    async def _converse(
        self, request: web.Request, account: Account | None, admission: Pass
    ) -> web.WebSocketResponse:
        socket = Handshake(protocols=PROTOCOLS, compress=False)
        await socket.prepare(request)
        transport = request.transport
        assert transport is not None, "a prepared socket has a transport"
        session = Session(self._floor, self._cast(request, account), socket.ws_protocol)
        self._passes[session] = admission
        try:
            # The handshake has not waited since its answer was written, so no frame can have come before this.
            await session.run(transport)
        finally:
            del self._passes[session]
        return socket

    def revoked(self, proof: bytes) -> None:
        """End the conversations of those whom this proof let in: it is no longer good."""
        for session in [session for session, admission in self._passes.items() if admission.proof == proof]:
            session.end(CloseCode.SIGNED_OUT)

    async def watch(self) -> None:
        """End the conversations of those whose sign-in has run out, or has ended unheard; for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._sweep_again_and_again())
            group.create_task(self._recheck_again_and_again())

    async def _sweep_again_and_again(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            await self.sweep(self._floor.hall.now_us())

    async def sweep(self, now_us: TimeUs) -> None:
        """End the conversations of those whose sign-in has run out by now."""
        over = [session for session, admission in self._passes.items() if _is_over(admission, now_us)]
        await in_slices(over, partial(Session.end, code=CloseCode.SIGNED_OUT))

    async def _recheck_again_and_again(self) -> None:
        while True:
            jitter = random.uniform(1 - RECHECK_JITTER, 1 + RECHECK_JITTER)
            await asyncio.sleep(self._recheck_seconds * jitter)
            try:
                await self.recheck()
            except (StoreUnavailable, StoreFailed, TimeoutError) as error:
                log.warning("door.sign_ins_not_rechecked", error=str(error))

    async def recheck(self) -> None:
        """Ask the database about the sign-ins of all who are here, and end the conversations of those that are over.

        That is how a sign-out comes to be heard whose note from another process was lost.

        Raises: StoreUnavailable, StoreFailed, TimeoutError; nobody has lost his conversation by that.
        """
        proofs = list({admission.proof for session, admission in self._passes.items() if session.account_id})
        for first in range(0, len(proofs), RECHECK_PROOFS_MAX):
            some = proofs[first : first + RECHECK_PROOFS_MAX]
            good = await within(ANSWER_SECONDS_MAX, self._people.good_of(some))
            await self._end_those_of(set(some) - good)

    async def _end_those_of(self, proofs: Collection[bytes]) -> None:
        over = [session for session, admission in self._passes.items() if admission.proof in proofs]
        if over:
            log.info("door.sign_ins_over", connections=len(over))
            await in_slices(over, partial(Session.end, code=CloseCode.SIGNED_OUT))

    async def end_all(self, code: CloseCode) -> None:
        """Let nobody in any more and end every conversation; returns when all have gone, or soon after."""
        self.is_closing = True
        await in_slices(tuple(self._passes), partial(Session.end, code=code))
        await self._empty_within(GOODBYE_SECONDS)

    @property
    def is_visited(self) -> bool:
        """Tell whether anybody is here."""
        return bool(self._passes)

    @property
    def under_way(self) -> int:
        """Return how many commands wait for their answer."""
        return sum(session.under_way for session in self._passes)

    async def drain(self, seconds: float = ANSWERS_SECONDS) -> None:
        """Let nobody in any more and send everybody on, each after a delay of its own; returns when all have gone.

        Who may act comes back first, who only watches after that. Commands under way are answered before their
        connection ends; what has no answer after `seconds` is asked again elsewhere, under its id. Bounded by
        `seconds` and the time that a client has for its own goodbye. May be called again.
        """
        self.is_closing = True
        named = [session for session in self._passes if session.account_id]
        nameless = [session for session in self._passes if not session.account_id]
        first = delay_of(len(named))
        await in_slices(named, partial(Session.move_on, delay=first))
        await in_slices(nameless, partial(Session.move_on, delay=delay_of(len(nameless), first.max_ms)))
        if not await self._empty_within(seconds):
            await in_slices(
                tuple(self._passes), partial(Session.end, code=CloseCode.SHUTTING_DOWN, delay=first)
            )
            await self._empty_within(GOODBYE_SECONDS)

    async def _empty_within(self, seconds: float) -> bool:
        """Wait until nobody is left; False when somebody is after so many seconds."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while self._passes and loop.time() < until:
            await asyncio.sleep(0.01)
        return not self._passes


def _is_over(admission: Pass, now_us: TimeUs) -> bool:
    return admission.ends_at_us is not None and admission.ends_at_us <= now_us


def _refused(status: int, code: ErrorCode) -> web.Response:
    body: dict[str, object] = {"code": code.value, "detail": "", "problems": []}
    return web.json_response(body, status=status)
