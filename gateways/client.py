"""A client of the exchange for programs: the live protocol over a WebSocket, and the HTTP calls beside it.

Belongs here: connecting, asking and awaiting answers, coming back after a lost connection, the server's clock.
Does not belong here: the server's codecs (this side uses orjson and msgpack, so that two independent readings of
the protocol meet), rules of bidding, terminals.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, BinaryIO, Self, TypeAlias
from urllib.parse import quote, unquote

import aiohttp
import msgpack
import orjson
from yarl import URL

from gateways.wire import JSON_PROTOCOL, MSGPACK_PROTOCOL, RETRYABLE, RTT_MS_MAX, HostAct, View

DEFAULT_URL = "http://127.0.0.1:8080"
API_PREFIX = "/api/v1"
SESSION_COOKIE = "luochui_session"
FILE_NAME_HEADER = "X-File-Name"

CONNECT_TIMEOUT_S = 10.0
ANSWER_TIMEOUT_S = 10.0
ATTEMPTS_MAX = 8
RECONNECT_DELAY_S = 0.2
RECONNECT_DELAY_S_MAX = 5.0
TOLD_DELAY_S_MAX = 120.0
"""However long a server asks us to stay away."""
PATIENCE_S = 60.0
"""How long a lost connection is tried again before the client gives up."""
UPDATES_WAITING_MAX = 1_000
"""Updates that may wait for a slow reader; then the client lets the rest pass and recovers by position."""
HEARTBEAT_S = 20.0
FRAME_BYTES_MAX = 16 * 1024 * 1024

FINAL_CLOSE_CODES = range(4500, 4600)

Frame: TypeAlias = dict[str, Any]


class ClientProblem(Exception):
    """Something that kept a call from an answer."""


class Unreachable(ClientProblem):
    """No exchange answers at this address, or the connection was lost for longer than our patience."""


class ConnectionEnded(ClientProblem):
    """The server ended the connection, or refused it, in a way that asks us not to come back unchanged."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(f"the exchange ended the connection: {code} {reason}".rstrip())
        self.code = code
        self.reason = reason


class NotTaken(ClientProblem):
    """The frame was not taken and changed nothing; `code` is one of `wire.ErrorCode`."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code} {detail}".rstrip())
        self.code = code
        self.detail = detail


class NoAnswer(ClientProblem):
    """No answer after all attempts; the same command id may be asked again later."""

    def __init__(self, command_id: str, code: str) -> None:
        super().__init__(f"no answer for command {command_id}: {code}")
        self.command_id = command_id
        self.code = code


class ApiProblem(ClientProblem):
    """The HTTP API said no, with a status, a code, and what is wrong."""

    def __init__(self, status: int, code: str, detail: str = "", problems: Sequence[str] = ()) -> None:
        super().__init__(f"{status} {code} {detail}".rstrip())
        self.status = status
        self.code = code
        self.detail = detail
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The command is on durable record; amounts are minor units and describe the lot right after it."""

    id: str
    lot: int
    sequence: int
    at_us: int
    amount: int
    link: str
    is_leading: bool
    price: int
    asking_price: int
    is_repeat: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """The command changed nothing; what would be accepted stands beside the code."""

    id: str
    lot: int
    code: str
    asking_price: int = 0
    increment: int = 0
    largest: int = 0
    missing: int = 0
    detail: str = ""


Answer: TypeAlias = Receipt | Refusal


@dataclass(frozen=True, slots=True)
class Update:
    """News of a lot: a `snapshot`, the next `events`, or the latest `state`.

    `is_recovered` is False when earlier news are lost to us and `state` is a fresh start.
    """

    kind: str
    lot: int
    epoch: str
    offset: int
    server_time_us: int
    state: Frame
    records: list[Frame] = field(default_factory=list)
    you: Frame | None = None
    is_recovered: bool = True


@dataclass(frozen=True, slots=True)
class _TryAgain:
    """No final answer: send the same command again."""

    code: str
    delay_s: float = 0.0


def new_command_id() -> str:
    """Return 128 random bits in hexadecimal: one for each intention."""
    return secrets.token_hex(16)


class Subscription:
    """The news of one lot, in order and without gaps, across reconnections; an asynchronous iterator."""

    def __init__(self, client: LiveClient, lot: int, view: View, epoch: str, offset: int) -> None:
        self.lot = lot
        self.view = view
        self.epoch = epoch
        self.offset = offset
        self.state: Frame = {}
        self.you: Frame | None = None
        self.begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._client = client
        self._updates: asyncio.Queue[Update | None] = asyncio.Queue()
        self._awaits_snapshot = True
        self._is_behind = False

    def __aiter__(self) -> AsyncIterator[Update]:
        return self

    async def __anext__(self) -> Update:
        if self._is_behind and self._updates.empty():
            self._is_behind = False
            await self._client._follow(self)
        update = await self._updates.get()
        if update is not None:
            return update
        self._updates.put_nowait(None)
        if self._client.failure is not None:
            raise self._client.failure
        raise StopAsyncIteration

    def request(self) -> Frame:
        """Return the frame that asks for everything after our position."""
        self._awaits_snapshot = True
        return {
            "type": "subscribe",
            "lot": self.lot,
            "view": str(self.view),
            "epoch": self.epoch,
            "offset": self.offset,
        }

    def take(self, frame: Frame) -> bool:
        """Take a frame over; False when something is missing before it."""
        kind = frame["type"]
        if kind == "snapshot":
            self._awaits_snapshot = False
            self.you = frame["you"]
        elif self._awaits_snapshot or self._is_behind:
            return True
        elif kind == "events" and frame["records"] and frame["records"][0]["sequence"] != self.offset + 1:
            return False
        if self.view is View.FULL and self._updates.qsize() >= self._client.updates_waiting_max:
            self._is_behind = True
            return True
        self._advance(frame)
        return True

    def end(self) -> None:
        """Say that nothing more will come."""
        if not self.begun.done():
            self.begun.set_exception(self._client.failure or Unreachable("the client was closed"))
            self.begun.exception()  # marks it as seen: nobody may be waiting any more
        self._updates.put_nowait(None)

    def _advance(self, frame: Frame) -> None:
        self.epoch, self.offset, self.state = frame["epoch"], frame["offset"], frame["state"]
        if self.view is View.STATE:
            while self._updates.qsize() >= 2:  # only the latest states matter
                self._updates.get_nowait()
        self._updates.put_nowait(_update(frame))
        if not self.begun.done():
            self.begun.set_result(None)


class LiveClient:
    """One live connection, kept up: commands wait for their answer and survive a reconnection.

    Every command keeps its id through all attempts, so that it takes effect once however often it is sent.

    Args:
        url: the exchange, as http://host:port.
        token: API token; or `cookie`, the value of the session cookie; or neither, to watch only.
        protocol: `wire.JSON_PROTOCOL` or `wire.MSGPACK_PROTOCOL`.
        session: HTTP session to share between many clients; its owner closes it.
        on_notice: called with every `outbid` and `presence` frame.
        patience_s: how long a lost connection is tried again.
        answer_timeout_s: how long one attempt waits for its answer.
        attempts_max: attempts of one command before `NoAnswer`.
        updates_waiting_max: updates that may wait for a slow reader of a subscription.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        token: str | None = None,
        cookie: str | None = None,
        protocol: str = JSON_PROTOCOL,
        session: aiohttp.ClientSession | None = None,
        on_notice: Callable[[Frame], None] | None = None,
        patience_s: float = PATIENCE_S,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
        attempts_max: int = ATTEMPTS_MAX,
        updates_waiting_max: int = UPDATES_WAITING_MAX,
    ) -> None:
        self.url = URL(url)
        self.updates_waiting_max = updates_waiting_max
        self.hello: Frame = {}
        self.clock_offset_us = 0
        self.failure: ClientProblem | None = None
        self.reconnections = 0
        self._return_delay_s = (RECONNECT_DELAY_S / 2, RECONNECT_DELAY_S * 1.5)
        self._headers = _identity_headers(self.url, token, cookie)
        self._protocol = protocol
        self._is_binary = protocol == MSGPACK_PROTOCOL
        self._session = session
        self._owns_session = session is None
        self._on_notice = on_notice
        self._patience_s = patience_s
        self._answer_timeout_s = answer_timeout_s
        self._attempts_max = attempts_max
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._connected = asyncio.Event()
        self._supervisor: asyncio.Task[None] | None = None
        self._pending: dict[str, asyncio.Future[Answer | _TryAgain]] = {}
        self._pings: dict[float, asyncio.Future[tuple[int, int]]] = {}
        self._rtt_ms = 0
        """The last round trip that was measured; hosts are told of it with the next ping."""
        self._subscriptions: dict[int, Subscription] = {}
        self._is_closing = False

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def connect(self) -> Frame:
        """Open the connection and return the server's `hello`.

        Raises: Unreachable, ConnectionEnded.
        """
        try:
            await self._open()
        except ClientProblem:
            await self.close()
            raise
        self._supervisor = asyncio.create_task(self._keep_up(), name="live connection")
        return self.hello

    async def close(self) -> None:
        """End the connection; what still waits ends with Unreachable."""
        self._is_closing = True
        if self._supervisor is not None:
            self._supervisor.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._supervisor
            self._supervisor = None
        if self._socket is not None:
            await self._socket.close()
        self._end(Unreachable("the client was closed"))
        if self._owns_session and self._session is not None:
            await self._session.close()

    async def bid(self, lot: int, amount: int, command_id: str | None = None) -> Answer:
        """Offer exactly `amount` minor units; see `command`."""
        return await self.command({"type": "bid", "lot": lot, "amount": amount}, command_id)

    async def max_bid(self, lot: int, limit: int, command_id: str | None = None) -> Answer:
        """Leave a max bid of `limit` minor units; see `command`."""
        return await self.command({"type": "max_bid", "lot": lot, "limit": limit}, command_id)

    async def host(self, lot: int, act: HostAct, reason: str = "", command_id: str | None = None) -> Answer:
        """Act on a lot as its host; see `command`."""
        return await self.command({"type": "host", "lot": lot, "act": str(act), "reason": reason}, command_id)

    async def command(self, frame: Mapping[str, Any], command_id: str | None = None) -> Answer:
        """Send a command until it is answered, always under the same id.

        Busy answers, unknown outcomes, silence and lost connections lead to another attempt.

        Raises: NotTaken, NoAnswer (after all attempts), Unreachable, ConnectionEnded.
        """
        command_id = command_id or new_command_id()
        message = self._encode({**frame, "id": command_id})
        code = ""
        try:
            for attempt in range(self._attempts_max):
                answer = await self._attempt(command_id, message)
                if not isinstance(answer, _TryAgain):
                    return answer
                code = answer.code
                await asyncio.sleep(answer.delay_s * 2**attempt * random.uniform(0.5, 1.5))
        finally:
            self._pending.pop(command_id, None)
        raise NoAnswer(command_id, code)

    async def subscribe(
        self, lot: int, view: View = View.FULL, *, epoch: str = "", offset: int = -1
    ) -> Subscription:
        """Follow a lot, from an earlier position where one is given; returns when the snapshot is there.

        Raises: NotTaken, Unreachable, ConnectionEnded.
        """
        subscription = Subscription(self, lot, view, epoch, offset)
        self._subscriptions[lot] = subscription
        await self._follow(subscription)
        try:
            async with asyncio.timeout(self._answer_timeout_s + self._patience_s):
                await subscription.begun
        except TimeoutError as error:
            raise Unreachable("no snapshot arrived") from error
        return subscription

    async def unsubscribe(self, lot: int) -> None:
        """Stop following a lot."""
        subscription = self._subscriptions.pop(lot, None)
        if subscription is not None:
            await self._send(self._encode({"type": "unsubscribe", "lot": lot}))
            subscription.end()

    async def measure_clock(self, samples: int = 5) -> int:
        """Return the server's clock minus ours in microseconds, from the ping with the shortest round trip.

        Raises: Unreachable, ConnectionEnded.
        """
        best: tuple[int, int] | None = None
        for number in range(samples):
            measured = await self._ping(number + random.random())
            if best is None or measured < best:
                best = measured
        if best is None:
            raise ValueError("at least one sample is needed")
        self.clock_offset_us = best[1]
        return self.clock_offset_us

    def server_now_us(self) -> int:
        """Return the server's time, by our clock and the measured offset."""
        return _now_us() + self.clock_offset_us

    async def _ping(self, mark: float) -> tuple[int, int]:
        """Return (round trip, offset) in microseconds."""
        self._pings[mark] = asyncio.get_running_loop().create_future()
        sent_us = _now_us()
        try:
            await self._send(self._encode({"type": "ping", "sent": mark, "rtt_ms": self._rtt_ms}))
            async with asyncio.timeout(self._answer_timeout_s):
                received_us, server_us = await self._pings[mark]
                self._rtt_ms = min(max(1, (received_us - sent_us) // 1_000), RTT_MS_MAX)
        except TimeoutError as error:
            raise Unreachable("no pong arrived") from error
        finally:
            self._pings.pop(mark, None)
        return received_us - sent_us, server_us - (sent_us + received_us) // 2

    async def _attempt(self, command_id: str, message: bytes) -> Answer | _TryAgain:
        await self._until_connected()
        answer: asyncio.Future[Answer | _TryAgain] = asyncio.get_running_loop().create_future()
        self._pending[command_id] = answer
        await self._send(message)
        try:
            async with asyncio.timeout(self._answer_timeout_s):
                return await answer
        except TimeoutError:
            return _TryAgain("TIMEOUT")
        except Unreachable as error:
            # It was sent, so it may be on record: nobody may take this for "not sent".
            raise NoAnswer(command_id, "UNREACHABLE") from error

    async def _until_connected(self) -> None:
        await self._connected.wait()
        if self.failure is not None:
            raise self.failure

    async def _send(self, message: bytes) -> None:
        """Send a frame. One that is lost with its connection is sent again by whoever awaits its answer."""
        await self._until_connected()
        assert self._socket is not None
        with contextlib.suppress(aiohttp.ClientError, ConnectionError):
            if self._is_binary:
                await self._socket.send_bytes(message)
            else:
                await self._socket.send_frame(message, aiohttp.WSMsgType.TEXT)

    async def _follow(self, subscription: Subscription) -> None:
        await self._send(self._encode(subscription.request()))

    def _encode(self, frame: Frame) -> bytes:
        return msgpack.packb(frame) if self._is_binary else orjson.dumps(frame)

    async def _open(self) -> None:
        """Connect and take the first frame.

        Raises: Unreachable, ConnectionEnded.
        """
        if self._session is None:
            self._session = aiohttp.ClientSession()
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                self._socket = await self._session.ws_connect(
                    self.url.with_path(f"{API_PREFIX}/live"),
                    headers=self._headers,
                    protocols=(self._protocol,),
                    heartbeat=HEARTBEAT_S,
                    max_msg_size=FRAME_BYTES_MAX,
                )
                message = await self._socket.receive()
        except aiohttp.WSServerHandshakeError as error:
            if error.status in (429, 502, 503, 504):
                raise Unreachable(f"{self.url}: {error.status} {error.message}") from error
            raise ConnectionEnded(error.status, error.message) from error
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Unreachable(f"{self.url}: {str(error) or 'no answer'}") from error
        self._greet(message)

    def _greet(self, message: aiohttp.WSMessage) -> None:
        assert self._socket is not None
        if message.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
            raise _ended(self._socket)
        self.hello = self._decode(message)
        self.clock_offset_us = self.hello["server_time_us"] - _now_us()
        self._return_delay_s = _told_delay_s(self.hello) or self._return_delay_s
        self._connected.set()

    def _decode(self, message: aiohttp.WSMessage) -> Frame:
        frame = msgpack.unpackb(message.data) if self._is_binary else orjson.loads(message.data)
        assert isinstance(frame, dict)
        return frame

    async def _keep_up(self) -> None:
        """Read until the connection is lost, come back, go on; until closed, or there is no way back."""
        try:
            while True:
                await self._read()
                await self._come_back()
        except ClientProblem as problem:
            self._end(problem)

    async def _read(self) -> None:
        socket = self._socket
        assert socket is not None
        while (message := await socket.receive()).type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
            await self._take(self._decode(message))
        self._connected.clear()
        if message.type is aiohttp.WSMsgType.CLOSE:
            self._return_delay_s = _told_delay_s(_farewell(message)) or self._return_delay_s
        problem = _ended(socket)
        if isinstance(problem, ConnectionEnded):
            raise problem
        self._try_all_again("CONNECTION_LOST", 0.0)

    async def _come_back(self) -> None:
        """Connect again after the delay that we were told, within our patience; follow every lot again."""
        least_s, most_s = self._return_delay_s
        until_s = time.monotonic() + most_s + self._patience_s
        await asyncio.sleep(random.uniform(least_s, most_s))
        delay_s = RECONNECT_DELAY_S
        while True:
            try:
                await self._open()
                break
            except Unreachable:
                if time.monotonic() > until_s:
                    raise
            await asyncio.sleep(delay_s * random.uniform(0.5, 1.5))
            delay_s = min(delay_s * 2, RECONNECT_DELAY_S_MAX)
        self.reconnections += 1
        for subscription in list(self._subscriptions.values()):
            await self._follow(subscription)

    async def _take(self, frame: Frame) -> None:
        kind = frame["type"]
        if kind == "receipt":
            self._answer(frame["id"], _receipt(frame))
        elif kind == "refusal":
            self._answer(frame["id"], _refusal(frame))
        elif kind == "error":
            self._take_error(frame)
        elif kind == "pong":
            self._take_pong(frame)
        elif kind in ("snapshot", "events", "state"):
            subscription = self._subscriptions.get(frame["lot"])
            if subscription is not None and not subscription.take(frame):
                await self._follow(subscription)
        elif self._on_notice is not None:
            self._on_notice(frame)

    def _answer(self, command_id: str, answer: Answer | _TryAgain) -> None:
        waiting = self._pending.get(command_id)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)

    def _take_pong(self, frame: Frame) -> None:
        waiting = self._pings.get(frame["sent"])
        if waiting is not None and not waiting.done():
            waiting.set_result((_now_us(), frame["server_time_us"]))

    def _take_error(self, frame: Frame) -> None:
        """Route an error to the command it names, else to what we have waited for the longest."""
        code, command_id = frame["code"], frame.get("id", "")
        is_retryable = frame.get("retryable", code in RETRYABLE)
        if is_retryable and command_id:
            self._answer(command_id, _TryAgain(code, RECONNECT_DELAY_S))
        elif is_retryable:
            self._try_all_again(code, RECONNECT_DELAY_S)
        else:
            self._fail_one(command_id, NotTaken(code, frame.get("detail", "")))

    def _fail_one(self, command_id: str, problem: NotTaken) -> None:
        waiting: list[asyncio.Future[Any]] = []
        if command_id:
            waiting.extend(future for key, future in self._pending.items() if key == command_id)
        else:
            waiting.extend(subscription.begun for subscription in self._subscriptions.values())
            waiting.extend(self._pending.values())
        for future in waiting:
            if not future.done():
                future.set_exception(problem)
                return

    def _try_all_again(self, code: str, delay_s: float) -> None:
        for command_id in list(self._pending):
            self._answer(command_id, _TryAgain(code, delay_s))

    def _end(self, problem: ClientProblem) -> None:
        """Fail whatever waits; the first reason stays."""
        if self.failure is not None:
            return
        self.failure = problem
        self._connected.set()  # wakes those who wait for a connection: they find the failure
        waiting: list[asyncio.Future[Any]] = [*self._pending.values()]
        waiting.extend(self._pings.values())
        for future in waiting:
            if not future.done():
                future.set_exception(problem)
        for subscription in self._subscriptions.values():
            subscription.end()


class ApiClient:
    """The HTTP calls that programs need; amounts are minor units, times microseconds.

    Every method raises ApiProblem when the exchange says no, and Unreachable when it does not answer.

    Args:
        url: the exchange, as http://host:port.
        token: API token; without one, `sign_in` first where a call needs it.
    """

    def __init__(self, url: str = DEFAULT_URL, *, token: str | None = None, timeout_s: float = 60.0) -> None:
        self.url = URL(url)
        self._headers = _identity_headers(self.url, token, None)
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        # An exchange on this machine is often named by its address; the ordinary jar drops cookies of those.
        self._session = aiohttp.ClientSession(
            headers=self._headers, timeout=self._timeout, cookie_jar=aiohttp.CookieJar(unsafe=True)
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    @property
    def session(self) -> aiohttp.ClientSession:
        """The HTTP session underneath, to share with `LiveClient`."""
        assert self._session is not None, "use it as `async with ApiClient(...)`"
        return self._session

    @property
    def cookie(self) -> str | None:
        """The session cookie's value after `sign_in`."""
        morsel = self.session.cookie_jar.filter_cookies(self.url.with_path(API_PREFIX)).get(SESSION_COOKIE)
        return None if morsel is None else str(morsel.value)

    async def sign_in(self, login: str, password: str) -> Frame:
        """Sign in and return the account; the session's cookie is kept."""
        answer: Frame = (await self.call("POST", "/session", {"login": login, "password": password}))[
            "account"
        ]
        return answer

    async def me(self) -> Frame:
        """Return {account or None, demo, version}."""
        answer: Frame = await self.call("GET", "/me")
        return answer

    async def lots(self, **filters: str | int) -> Frame:
        """Return {lots, total}; filters are state, category, q, limit, offset."""
        answer: Frame = await self.call("GET", "/lots", parameters=filters)
        return answer

    async def lot(self, lot: int) -> Frame:
        """Return one lot as a person reads it, with its public state in `view`."""
        answer: Frame = await self.call("GET", f"/lots/{lot}")
        return answer

    async def records(self, lot: int, after: int = 0, limit: int = 1000) -> Frame:
        """Return {epoch, records, has_more}: the lot's records after a sequence number."""
        answer: Frame = await self.call(
            "GET", f"/lots/{lot}/records", parameters={"after": after, "limit": limit}
        )
        return answer

    async def publish_lot(self, new_lot: Mapping[str, Any]) -> int:
        """Publish a lot and return its id (host or admin)."""
        return int((await self.call("POST", "/lots", new_lot))["lot"])

    async def admit(self, lot: int, bidders: Sequence[int]) -> list[Frame]:
        """Admit accounts to a lot without deposit (admin); returns [{bidder, paddle}]."""
        answer: list[Frame] | Frame = await self.call(
            "POST", f"/lots/{lot}/admissions", {"bidders": list(bidders)}
        )
        return answer if isinstance(answer, list) else answer["admissions"]

    async def create_accounts(self, accounts: Sequence[Mapping[str, Any]]) -> list[Frame]:
        """Create up to 1,000 accounts for programs (admin); returns [{id, login, token}]."""
        body = {"accounts": list(accounts), "with_tokens": True}
        answer: list[Frame] = (await self.call("POST", "/accounts/bulk", body))["accounts"]
        return answer

    async def sign_up(self, lot: int) -> Frame:
        """Sign the caller up for a lot; returns the state with the deposit reference."""
        answer: Frame = await self.call("POST", f"/lots/{lot}/sign-up", {})
        return answer

    async def my_sign_up(self, lot: int) -> Frame:
        """Return the caller's sign-up for a lot."""
        answer: Frame = await self.call("GET", f"/lots/{lot}/sign-up")
        return answer

    async def pay_demo(self, reference: str, amount: int | None = None) -> Frame:
        """Pay a deposit through the demo bank; the whole of it unless an amount is given."""
        body: Frame = {"reference": reference} | ({} if amount is None else {"amount": amount})
        answer: Frame = await self.call("POST", "/demo-bank/payments", body)
        return answer

    async def messages(self) -> Frame:
        """Return the sentences for every code, in both languages."""
        answer: Frame = await self.call("GET", "/messages")
        return answer

    async def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        parameters: Mapping[str, str | int] | None = None,
    ) -> Any:
        """Call the API at `path` below its prefix and return the answer's JSON; None when it is empty."""
        content = None if body is None else orjson.dumps(body)
        headers = None if body is None else {"Content-Type": "application/json"}
        answer, _ = await self._answer(method, path, data=content, params=parameters, headers=headers)
        return orjson.loads(answer) if answer else None

    async def send_file(
        self, path: str, name: str, content: BinaryIO, parameters: Mapping[str, str | int] | None = None
    ) -> Any:
        """Send a file to the API, as it is read, and return the answer's JSON."""
        headers = {"Content-Type": "application/octet-stream", FILE_NAME_HEADER: quote(name)}
        answer, _ = await self._answer("POST", path, data=content, params=parameters, headers=headers)
        return orjson.loads(answer) if answer else None

    async def fetch_file(self, path: str) -> tuple[str, bytes]:
        """Download a file from the API and return the name that it is to be saved under, and its bytes."""
        content, headers = await self._answer("GET", path)
        _, _, name = headers.get("Content-Disposition", "").partition("UTF-8''")
        return unquote(name), content

    async def _answer(self, method: str, path: str, **options: Any) -> tuple[bytes, Mapping[str, str]]:
        url = self.url.with_path(API_PREFIX + path)
        try:
            async with self.session.request(method, url, **options) as response:
                answer = await response.read()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Unreachable(f"{self.url}: {str(error) or 'no answer'}") from error
        if response.status >= 400:
            raise _api_problem(response.status, answer)
        return answer, response.headers


def _identity_headers(url: URL, token: str | None, cookie: str | None) -> dict[str, str]:
    headers = {"Origin": str(url.origin())}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    elif cookie:
        headers["Cookie"] = f"{SESSION_COOKIE}={cookie}"
    return headers


def _api_problem(status: int, content: bytes) -> ApiProblem:
    try:
        answer = orjson.loads(content)
        problems = [str(problem) for problem in answer.get("problems") or ()]
        return ApiProblem(status, answer["code"], answer.get("detail") or "", problems)
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError):
        return ApiProblem(status, f"HTTP_{status}", content[:200].decode("utf-8", "replace"))


def _ended(socket: aiohttp.ClientWebSocketResponse) -> ClientProblem:
    code = socket.close_code or 1006
    if code in FINAL_CLOSE_CODES:
        return ConnectionEnded(code)
    return Unreachable(f"the connection was lost ({code})")


def _farewell(closing: aiohttp.WSMessage) -> Frame:
    """Return what the server says in its close frame; nothing, where somebody else closed."""
    with contextlib.suppress(orjson.JSONDecodeError):
        reason = orjson.loads(closing.extra or "")
        if isinstance(reason, dict):
            return reason
    return {}


def _told_delay_s(frame: Frame) -> tuple[float, float] | None:
    """Return the seconds between which to come back, if a hello or a farewell says so."""
    least_ms, most_ms = frame.get("reconnect_min_ms"), frame.get("reconnect_max_ms")
    if not isinstance(least_ms, int) or not isinstance(most_ms, int) or not 0 <= least_ms <= most_ms:
        return None
    return least_ms / 1000, min(most_ms / 1000, TOLD_DELAY_S_MAX)


def _receipt(frame: Frame) -> Receipt:
    return Receipt(
        frame["id"],
        frame["lot"],
        frame["sequence"],
        frame["at_us"],
        frame["amount"],
        frame["link"],
        frame["is_leading"],
        frame["price"],
        frame["asking_price"],
        frame["is_repeat"],
    )


def _refusal(frame: Frame) -> Refusal:
    return Refusal(
        frame["id"],
        frame["lot"],
        frame["code"],
        frame.get("asking_price", 0),
        frame.get("increment", 0),
        frame.get("largest", 0),
        frame.get("missing", 0),
        frame.get("detail", ""),
    )


def _update(frame: Frame) -> Update:
    return Update(
        frame["type"],
        frame["lot"],
        frame["epoch"],
        frame["offset"],
        frame["server_time_us"],
        frame["state"],
        frame.get("records", []),
        frame.get("you"),
        frame.get("is_recovered", True),
    )


def _now_us() -> int:
    return time.time_ns() // 1000
