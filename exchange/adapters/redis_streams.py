"""A carrier over Redis (7 or later): one stream for each topic of a shard, several entries in each round trip.

Nothing is sent twice, and nothing is kept longer than a minute: Redis carries, it does not remember.

Belongs here: streams, their names and lengths, coming back after a loss. Does not belong here: what is in an entry.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable
from typing import Any

import structlog
from msgspec import Struct
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from exchange.cluster.carrier import COMMANDS, ENTRY_BYTES_MAX, OUTBOX_BYTES_MAX, UP_SECONDS_MAX, Heard

log = structlog.get_logger(__name__)

ENTRIES_MAX = 250
"""How many entries of a topic Redis keeps, about; whoever falls further behind reads the journal."""

COMMAND_ENTRIES_MAX = 5_000
ENTRIES_READ_AT_ONCE = 100
KEPT_MS = 60_000
KEPT_AGAIN_SECONDS = 15.0
BLOCK_MS = 400
LOOK_AGAIN_SECONDS = 5.0
"""After so long without an entry it is made sure that the place from which is read lies not in the future."""

BACKOFF_SECONDS_MAX = 1.0
_FIELD = b"e"


class _Place(Struct):
    """How far a topic has been heard."""

    heard: Heard
    back_ms: int
    milliseconds: int = 0
    number: int = 0
    is_known: bool = False

    @property
    def id(self) -> str:
        """The last entry heard, as Redis names it."""
        return f"{self.milliseconds}-{self.number}"


class RedisStreams:
    """`Carrier` over the Redis at `url`. All ends of a shard give the same `prefix` and `shard`."""

    def __init__(self, url: str, *, shard: int = 0, prefix: str = "luochui") -> None:
        self._url = url
        self._prefix = f"{prefix}:{shard}:"
        self._places: dict[str, _Place] = {}
        self._unsent: deque[tuple[str, bytes]] = deque()
        self._unsent_bytes = 0
        self._unsent_some = asyncio.Event()
        self._renewed_at: dict[str, float] = {}
        self._is_writing = False
        self._read_at = float("-inf")

    @property
    def is_up(self) -> bool:
        """Whether Redis takes entries and has answered a moment ago."""
        return self._is_writing and asyncio.get_running_loop().time() - self._read_at < UP_SECONDS_MAX

    def send(self, topic: str, entry: bytes) -> bool:
        """Put an entry on its way; it leaves with all others that come before Redis has taken the last ones."""
        if not self._is_writing or self._unsent_bytes > OUTBOX_BYTES_MAX or len(entry) > ENTRY_BYTES_MAX:
            return False
        self._unsent.append((topic, entry))
        self._unsent_bytes += len(entry)
        self._unsent_some.set()
        return True

    def listen(self, topic: str, heard: Heard, back_ms: int = 0) -> None:
        """Hear a topic, from `back_ms` before the first connection on."""
        self._places[self._prefix + topic] = _Place(heard, back_ms)

    async def run(self) -> None:
        """Move entries until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._again_and_again("reading", self._read))
            group.create_task(self._again_and_again("writing", self._write))

    async def _again_and_again(self, what: str, work: Any) -> None:
        backoff_seconds = 0.02
        loop = asyncio.get_running_loop()
        while True:
            began_at = loop.time()
            redis = Redis.from_url(
                self._url,
                single_connection_client=True,
                protocol=2,
                socket_timeout=UP_SECONDS_MAX,
                socket_connect_timeout=UP_SECONDS_MAX,
                retry=Retry(NoBackoff(), 0),
            )
            try:
                await work(redis)
            except (RedisError, OSError, TimeoutError) as error:
                log.warning("redis.lost", what=what, error=f"{type(error).__name__}: {error}")
            finally:
                await redis.aclose()
            if loop.time() - began_at > BACKOFF_SECONDS_MAX:
                backoff_seconds = 0.02
            await asyncio.sleep(backoff_seconds)
            backoff_seconds = min(backoff_seconds * 2, BACKOFF_SECONDS_MAX)

    # -- writing -----------------------------------------------------------------------------------------------

    async def _write(self, redis: Redis) -> None:
        """Send whatever waits, one round trip after the other.  Raises: RedisError, OSError."""
        await _answer(
            redis.xadd(self._prefix + "probe", {_FIELD: b""}, maxlen=1)
        )  # shows that it can be written, too
        self._is_writing = True
        try:
            while True:
                await self._unsent_some.wait()
                self._unsent_some.clear()
                await self._send_all(redis)
        finally:
            # What may or may not have arrived is never sent again: a command must not be decided after all.
            self._is_writing = False
            self._unsent.clear()
            self._unsent_bytes = 0

    async def _send_all(self, redis: Redis) -> None:
        entries = tuple(self._unsent)
        self._unsent.clear()
        self._unsent_bytes = 0
        pipeline = redis.pipeline(transaction=False)
        for topic, entry in entries:
            length = COMMAND_ENTRIES_MAX if topic == COMMANDS else ENTRIES_MAX
            pipeline.xadd(self._prefix + topic, {_FIELD: entry}, maxlen=length, approximate=True)
        for topic in {topic for topic, _ in entries}:
            self._keep(pipeline, topic)
        await _answer(pipeline.execute())

    def _keep(self, pipeline: Any, topic: str) -> None:
        """Let a stream to which nothing is added any more go by itself."""
        now = asyncio.get_running_loop().time()
        if now - self._renewed_at.get(topic, float("-inf")) > KEPT_AGAIN_SECONDS:
            if len(self._renewed_at) > ENTRIES_MAX:
                self._renewed_at.clear()
            self._renewed_at[topic] = now
            pipeline.pexpire(self._prefix + topic, KEPT_MS)

    # -- reading -----------------------------------------------------------------------------------------------

    async def _read(self, redis: Redis) -> None:
        """Hear whatever comes.  Raises: RedisError, OSError."""
        try:
            await self._find_places(redis)
            await self._hear_all(redis)
        finally:
            self._read_at = float("-inf")

    async def _hear_all(self, redis: Redis) -> None:
        loop = asyncio.get_running_loop()
        heard_at = loop.time()
        while True:
            streams: Any = {key: place.id for key, place in self._places.items()}
            found = await _answer(redis.xread(streams, count=ENTRIES_READ_AT_ONCE, block=BLOCK_MS))
            self._read_at = loop.time()
            for key, entries in found or ():
                self._hear(self._places[key.decode()], entries)
            if found:
                heard_at = self._read_at
            elif self._read_at - heard_at > LOOK_AGAIN_SECONDS:
                await self._find_places(redis)
                heard_at = loop.time()

    async def _find_places(self, redis: Redis) -> None:
        """Go on where one was; from the present where one was not, or where that lies in a future of another clock."""
        seconds, microseconds = await _answer(redis.time())
        now_ms = seconds * 1_000 + microseconds // 1_000
        for place in self._places.values():
            if not place.is_known:
                place.is_known = True
                place.milliseconds = now_ms - place.back_ms - 1
            elif place.milliseconds > now_ms:
                place.milliseconds, place.number = now_ms, 0

    def _hear(self, place: _Place, entries: list[tuple[bytes, dict[bytes, bytes]]]) -> None:
        milliseconds, _, number = entries[-1][0].partition(b"-")
        place.milliseconds, place.number = int(milliseconds), int(number)
        for _, fields in entries:
            entry = fields.get(_FIELD)
            if entry is not None:
                place.heard(entry)


async def _answer(asked: Awaitable[Any]) -> Any:
    """Return the driver's answer."""
    try:
        return await asked
    finally:
        # The driver loses a cancellation now and then.
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise asyncio.CancelledError
