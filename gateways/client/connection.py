"""One live connection, kept up through every loss: commands under their ids, positions, the server's clock.

Belongs here: connecting, asking and awaiting answers, coming back after a lost connection.
Does not belong here: the server's codecs (this side uses orjson and msgpack, so that two independent readings of
the protocol meet), rules of bidding, terminals.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Any, Self

import aiohttp
import msgpack
import orjson

from gateways.client.addresses import API_PREFIX, DEFAULT_URL, exchange_url, identity_headers
from gateways.client.answers import Answer, Frame, new_command_id, receipt_of, refusal_of
from gateways.client.clock import ServerClock, now_us
from gateways.client.problems import ClientProblem, ConnectionEnded, NoAnswer, NotTaken, Unreachable
from gateways.client.returning import (
    BUSY_DELAY_S_MAX,
    RECONNECT_DELAY_S,
    ended,
    farewell,
    retry_delay_s,
    told_delay_s,
)
from gateways.client.subscription import Subscription
from gateways.wire import (
    AIMED_FRAMES,
    JSON_PROTOCOL,
    MSGPACK_PROTOCOL,
    RETRYABLE,
    ROUND_FRAMES,
    RTT_MS_MAX,
    HostAct,
    View,
)

CONNECT_TIMEOUT_S = 10.0
ANSWER_TIMEOUT_S = 10.0
ATTEMPTS_MAX = 20
"""Of one command: about nine seconds of a busy exchange, longer than a standby needs."""
PATIENCE_S = 60.0
"""How long a lost connection is tried again before the client gives up."""
UPDATES_WAITING_MAX = 1_000
"""Updates that may wait for a slow reader; then the client lets the rest pass and recovers by position."""
HEARTBEAT_S = 20.0
FRAME_BYTES_MAX = 16 * 1024 * 1024
CLOCK_EXCHANGES = 5
"""How many pings measure the clock anew after each connecting."""


class ConnectionState(StrEnum):
    """disconnected → connecting → live → recovering → live …; disconnected again only for good."""

    DISCONNECTED = "disconnected"
    CONNECTING = "connecting"
    LIVE = "live"
    """Connected, and every subscription has reached its position."""
    RECOVERING = "recovering"


def _aimed(frame: Frame, **aim: int | None) -> Frame:
    return {**frame, **{name: value for name, value in aim.items() if value is not None}}


@dataclass(frozen=True, slots=True)
class _TryAgain:
    """No final answer: send the same command again."""

    code: str
    delay_s: float = 0.0


class LiveClient:
    """One live connection, kept up: commands wait for their answer and survive a reconnection.

    Every command keeps its id through all attempts, so that it takes effect once however often it is sent.

    Args:
        url: the exchange, as http://host:port.
        token: API token; or `cookie`, the value of the session cookie; or neither, to watch only.
        protocol: `wire.JSON_PROTOCOL` or `wire.MSGPACK_PROTOCOL`.
        session: HTTP session to share between many clients; its owner closes it.
        on_notice: called with every `outbid` and `presence` frame.
        on_state: called with every new state of the connection.
        clock_every_s: how often the server's clock is measured while connected, by several pings after each
            connecting; 0 for only when `measure_clock` is called.
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
        on_state: Callable[[ConnectionState], None] | None = None,
        clock_every_s: float = 0.0,
        patience_s: float = PATIENCE_S,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
        attempts_max: int = ATTEMPTS_MAX,
        updates_waiting_max: int = UPDATES_WAITING_MAX,
    ) -> None:
        self.url = exchange_url(url)
        self.updates_waiting_max = updates_waiting_max
        self.hello: Frame = {}
        self.clock = ServerClock()
        self.state = ConnectionState.DISCONNECTED
        self.failure: ClientProblem | None = None
        self.reconnections = 0
        self._return_delay_s = (RECONNECT_DELAY_S / 2, RECONNECT_DELAY_S * 1.5)
        self._headers = identity_headers(self.url, token, cookie)
        self._protocol = protocol
        self._is_binary = protocol == MSGPACK_PROTOCOL
        self._session = session
        self._owns_session = session is None
        self._on_notice = on_notice
        self._on_state = on_state
        self._clock_every_s = clock_every_s
        self._measuring: asyncio.Task[None] | None = None
        self._was_live = False
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
        self._become(ConnectionState.CONNECTING)
        try:
            await self._open()
        except ClientProblem:
            await self.close()
            raise
        self._supervisor = asyncio.create_task(self._keep_up(), name="live connection")
        return self.hello

    async def close(self) -> None:
        """End the connection; what still waits ends with Unreachable."""
        self._stop_measuring()
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

    async def bid(
        self, lot: int, amount: int, command_id: str | None = None, *, phase: int | None = None
    ) -> Answer:
        """Offer exactly `amount` minor units, or what the phase bids in; see `command`."""
        return await self.command(
            _aimed({"type": "bid", "lot": lot, "amount": amount}, phase=phase), command_id
        )

    async def max_bid(
        self, lot: int, limit: int, command_id: str | None = None, *, phase: int | None = None
    ) -> Answer:
        """Leave a max bid of `limit` minor units; see `command`."""
        return await self.command(
            _aimed({"type": "max_bid", "lot": lot, "limit": limit}, phase=phase), command_id
        )

    async def seal(
        self, lot: int, handle: str, command_id: str | None = None, *, phase: int | None = None
    ) -> Answer:
        """Hand in a sealed offer by the SHA-256 of its ciphertext, in lowercase hexadecimal; see `command`.

        Only the digest is sent: whoever seals keeps the ciphertext and hands it over at the opening.
        """
        return await self.command(
            _aimed({"type": "seal", "lot": lot, "handle": handle}, phase=phase), command_id
        )

    async def take_back(
        self,
        lot: int,
        command_id: str | None = None,
        *,
        phase: int | None = None,
        ends_at_us: int | None = None,
    ) -> Answer:
        """Take one's hidden or sealed offer back, where the terms let; see `command`."""
        frame = _aimed({"type": "take_back", "lot": lot}, phase=phase, ends_at_us=ends_at_us)
        return await self.command(frame, command_id)

    async def host(self, lot: int, act: HostAct, reason: str = "", command_id: str | None = None) -> Answer:
        """Act on a lot as its host; see `command`."""
        return await self.command({"type": "host", "lot": lot, "act": str(act), "reason": reason}, command_id)

    async def command(self, frame: Mapping[str, Any], command_id: str | None = None) -> Answer:
        """Send a command until it is answered, always under the same id.

        Busy answers, unknown outcomes, silence and lost connections lead to another attempt. What a bidder gives is
        meant for the `phase` that it names; else for that of the lot's subscription when it was last looked at; of a
        lot that is not followed, for the first. In another phase it is refused (MEANT_FOR_ANOTHER_PHASE). A word, bids
        on items and taking back answer, in the same way, the round or question that ends at `ends_at_us`.

        Raises: NotTaken, NoAnswer (after all attempts), Unreachable, ConnectionEnded.
        """
        command_id = command_id or new_command_id()
        followed = self._subscriptions.get(frame.get("lot", 0))
        if followed is not None and frame["type"] in AIMED_FRAMES:
            frame = {"phase": followed.phase_seen, **frame}
            if frame["type"] in ROUND_FRAMES:
                frame = {"ends_at_us": followed.end_seen_us, **frame}
        message = self._encode({**frame, "id": command_id})
        code = ""
        try:
            for attempt in range(self._attempts_max):
                answer = await self._attempt(command_id, message)
                if not isinstance(answer, _TryAgain):
                    return answer
                code = answer.code
                await asyncio.sleep(
                    retry_delay_s(attempt, most_s=BUSY_DELAY_S_MAX) if answer.delay_s else 0.0
                )
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
        await self.follow(subscription)
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

    @property
    def clock_offset_us(self) -> int:
        """The server's clock minus ours in microseconds, as far as it is known."""
        return self.clock.offset_us

    @property
    def pending(self) -> tuple[str, ...]:
        """The ids of the commands that wait for their answer."""
        return tuple(self._pending)

    async def measure_clock(self, samples: int = CLOCK_EXCHANGES) -> int:
        """Return the server's clock minus ours in microseconds, from the ping with the shortest round trip.

        Raises: Unreachable, ConnectionEnded.
        """
        if samples < 1:
            raise ValueError("at least one sample is needed")
        for number in range(samples):
            await self._ping(number + random.random())
        return self.clock.offset_us

    def server_now_us(self) -> int:
        """Return the server's time, by our clock and the measured offset."""
        return self.clock.now_us()

    async def _ping(self, mark: float) -> None:
        """Exchange one ping for a pong.  Raises: Unreachable, ConnectionEnded."""
        self._pings[mark] = asyncio.get_running_loop().create_future()
        sent_us = now_us()
        try:
            await self._send(self._encode({"type": "ping", "sent": mark, "rtt_ms": self._rtt_ms}))
            async with asyncio.timeout(self._answer_timeout_s):
                received_us, server_us = await self._pings[mark]
        except TimeoutError as error:
            raise Unreachable("no pong arrived") from error
        finally:
            self._pings.pop(mark, None)
        exchange = self.clock.take(sent_us, received_us, server_us)
        self._rtt_ms = min(max(1, exchange.round_trip_us // 1_000), RTT_MS_MAX)

    async def _keep_time(self) -> None:
        """Measure the clock by several exchanges, and then again and again, as long as the connection lives."""
        with contextlib.suppress(ClientProblem):
            await self.measure_clock()
            while True:
                await asyncio.sleep(self._clock_every_s)
                await self._ping(random.random())

    def _stop_measuring(self) -> None:
        if self._measuring is not None:
            self._measuring.cancel()
            self._measuring = None

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

    async def follow(self, subscription: Subscription) -> None:
        """Ask for everything after the position that a subscription has reached."""
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
            raise ended(self._socket)
        self.hello = self._decode(message)
        self.clock.hint(self.hello["server_time_us"])
        self._return_delay_s = told_delay_s(self.hello) or self._return_delay_s
        self._connected.set()
        if self._clock_every_s:
            self._measuring = asyncio.create_task(self._keep_time(), name="server's clock")
        self._settle_state()

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
        self._stop_measuring()
        self._become(ConnectionState.RECOVERING if self._was_live else ConnectionState.CONNECTING)
        if message.type is aiohttp.WSMsgType.CLOSE:
            self._return_delay_s = told_delay_s(farewell(message)) or self._return_delay_s
        problem = ended(socket)
        if isinstance(problem, ConnectionEnded):
            raise problem
        self._try_all_again("CONNECTION_LOST", 0.0)

    async def _come_back(self) -> None:
        """Connect again after the delay that we were told, within our patience; follow every lot again."""
        least_s, most_s = self._return_delay_s
        until_s = time.monotonic() + most_s + self._patience_s
        await asyncio.sleep(random.uniform(least_s, most_s))
        for attempt in itertools.count():
            try:
                await self._open()
                break
            except Unreachable:
                if time.monotonic() > until_s:
                    raise
            await asyncio.sleep(retry_delay_s(attempt))
        self.reconnections += 1
        for subscription in list(self._subscriptions.values()):
            await self.follow(subscription)

    async def _take(self, frame: Frame) -> None:
        kind = frame["type"]
        if kind == "receipt":
            self._answer(frame["id"], receipt_of(frame))
        elif kind == "refusal":
            self._answer(frame["id"], refusal_of(frame))
        elif kind == "error":
            self._take_error(frame)
        elif kind == "pong":
            self._take_pong(frame)
        elif kind in ("snapshot", "events", "state"):
            subscription = self._subscriptions.get(frame["lot"])
            if subscription is not None and not subscription.take(frame):
                await self.follow(subscription)
            self._settle_state()
        else:
            self._notice(frame)

    def _notice(self, frame: Frame) -> None:
        """Take over what is told beside news and answers: who leads no more, one's own place, who is there."""
        subscription = self._subscriptions.get(frame.get("lot", 0))
        if subscription is not None:
            subscription.notice(frame)
        if self._on_notice is not None:
            self._on_notice(frame)

    def _settle_state(self) -> None:
        """Be live once every subscription has what it missed."""
        if self._connected.is_set() and not any(each.is_waiting for each in self._subscriptions.values()):
            self._was_live = True
            self._become(ConnectionState.LIVE)

    def _become(self, state: ConnectionState) -> None:
        if state is self.state:
            return
        self.state = state
        if self._on_state is not None:
            self._on_state(state)

    def _answer(self, command_id: str, answer: Answer | _TryAgain) -> None:
        waiting = self._pending.get(command_id)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)

    def _take_pong(self, frame: Frame) -> None:
        waiting = self._pings.get(frame["sent"])
        if waiting is not None and not waiting.done():
            waiting.set_result((now_us(), frame["server_time_us"]))

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
        self._become(ConnectionState.DISCONNECTED)
        self._connected.set()  # wakes those who wait for a connection: they find the failure
        waiting: list[asyncio.Future[Any]] = [*self._pending.values()]
        waiting.extend(self._pings.values())
        for future in waiting:
            if not future.done():
                future.set_exception(problem)
        for subscription in self._subscriptions.values():
            subscription.end()
