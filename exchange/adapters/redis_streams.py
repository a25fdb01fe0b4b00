"""A carrier over Redis (7 or later): one stream for each topic of a shard, several entries in each round trip.

Nothing is sent twice, and nothing is kept longer than a minute: Redis carries, it does not remember.

Belongs here: streams, their names and lengths, coming back after a loss. Does not belong here: what is in an entry.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from msgspec import Struct

from exchange.adapters.redis_connection import Command, RedisConnection, RedisLost, connected, redis_address
from exchange.cluster.carrier import COMMANDS, ENTRY_BYTES_MAX, OUTBOX_BYTES_MAX, UP_SECONDS_MAX, Heard

log = structlog.get_logger(__name__)

ENTRIES_MAX = 250
"""How many entries of a topic Redis keeps, about; whoever falls further behind reads the journal."""

COMMAND_ENTRIES_MAX = 5_000
ENTRIES_READ_AT_ONCE = b"100"
KEPT_MS = b"60000"
KEPT_AGAIN_SECONDS = 15.0
BLOCK_MS = b"400"
LOOK_AGAIN_SECONDS = 5.0
"""After so long without an entry it is made sure that the place from which is read lies not in the future."""

BACKOFF_SECONDS_MIN = 0.02
BACKOFF_SECONDS_MAX = 1.0
TOLD_AGAIN_SECONDS = 60.0
TOPICS_MAX = 1_000
_FIELD = b"e"


class _Place(Struct):
    """How far a topic has been heard."""

    heard: Heard
    back_ms: int
    milliseconds: int = 0
    number: int = 0
    is_known: bool = False

    @property
    def id(self) -> bytes:
        """The last entry heard, as Redis names it."""
        return b"%d-%d" % (self.milliseconds, self.number)


class RedisStreams:
    """`Carrier` over the Redis at `url`. All ends of a shard give the same `prefix` and `shard`.

    Raises: ValueError, for an address that is none.
    """

    def __init__(self, url: str, *, shard: int = 0, prefix: str = "luochui") -> None:
        self._address = redis_address(url)
        self._prefix = f"{prefix}:{shard}:".encode()
        self._places: dict[bytes, _Place] = {}
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
        self._places[self._prefix + topic.encode()] = _Place(heard, back_ms)

    async def run(self) -> None:
        """Move entries until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._again_and_again("reading", self._read))
            group.create_task(self._again_and_again("writing", self._write))

    async def _again_and_again(self, what: str, work: Callable[[RedisConnection], Awaitable[None]]) -> None:
        """Do the work over one connection after the other."""
        backoff_seconds = BACKOFF_SECONDS_MIN
        loop = asyncio.get_running_loop()
        told_at = float("-inf")
        while True:
            began_at = loop.time()
            try:
                connection = await connected(self._address, UP_SECONDS_MAX)
                try:
                    await work(connection)
                finally:
                    connection.close()
            except RedisLost as error:
                # An operator is told that it went, and once a minute that it is still away, not of every try.
                if began_at - told_at > TOLD_AGAIN_SECONDS or loop.time() - began_at > BACKOFF_SECONDS_MAX:
                    log.warning("redis.lost", what=what, error=str(error))
                    told_at = loop.time()
            if loop.time() - began_at > BACKOFF_SECONDS_MAX:
                backoff_seconds = BACKOFF_SECONDS_MIN
            await asyncio.sleep(backoff_seconds)
            backoff_seconds = min(backoff_seconds * 2, BACKOFF_SECONDS_MAX)

    # -- writing -----------------------------------------------------------------------------------------------

    async def _write(self, redis: RedisConnection) -> None:
        """Send whatever waits, one round trip after the other.  Raises: RedisLost."""
        probe = (b"XADD", self._prefix + b"probe", b"MAXLEN", b"1", b"*", _FIELD, b"")
        await redis.ask([probe], UP_SECONDS_MAX)  # shows that it can be written, too
        self._is_writing = True
        try:
            while True:
                await self._unsent_some.wait()
                self._unsent_some.clear()
                await redis.ask(self._to_send(), UP_SECONDS_MAX)
        finally:
            # What may or may not have arrived is never sent again: a command must not be decided after all.
            self._is_writing = False
            self._unsent.clear()
            self._unsent_bytes = 0
            # With nothing to send there would be no answer to wait for, and the next connection would be lost as well.
            self._unsent_some.clear()

    def _to_send(self) -> list[Command]:
        """Return the commands that add whatever waits."""
        commands = [self._added(topic, entry) for topic, entry in self._unsent]
        commands += [
            (b"PEXPIRE", self._prefix + topic.encode(), KEPT_MS)
            for topic in {topic for topic, _ in self._unsent}
            if self._is_to_be_kept(topic)
        ]
        self._unsent.clear()
        self._unsent_bytes = 0
        return commands

    def _added(self, topic: str, entry: bytes) -> Command:
        length = COMMAND_ENTRIES_MAX if topic == COMMANDS else ENTRIES_MAX
        return (b"XADD", self._prefix + topic.encode(), b"MAXLEN", b"~", b"%d" % length, b"*", _FIELD, entry)

    def _is_to_be_kept(self, topic: str) -> bool:
        """Tell whether it is time to say that a stream is still used: one that is not goes by itself."""
        now = asyncio.get_running_loop().time()
        if now - self._renewed_at.get(topic, float("-inf")) < KEPT_AGAIN_SECONDS:
            return False
        if len(self._renewed_at) > TOPICS_MAX:
            self._renewed_at.clear()
        self._renewed_at[topic] = now
        return True

    # -- reading -----------------------------------------------------------------------------------------------

    async def _read(self, redis: RedisConnection) -> None:
        """Hear whatever comes.  Raises: RedisLost."""
        try:
            await self._find_places(redis)
            await self._hear_all(redis)
        finally:
            self._read_at = float("-inf")

    async def _hear_all(self, redis: RedisConnection) -> None:
        loop = asyncio.get_running_loop()
        heard_at = loop.time()
        names = tuple(self._places)
        question = (b"XREAD", b"COUNT", ENTRIES_READ_AT_ONCE, b"BLOCK", BLOCK_MS, b"STREAMS", *names)
        while True:
            ids = [place.id for place in self._places.values()]
            (found,) = await redis.ask([(*question, *ids)], UP_SECONDS_MAX)
            self._read_at = loop.time()
            for name, entries in found or ():
                self._hear(self._places[name], entries)
            if found:
                heard_at = self._read_at
            elif self._read_at - heard_at > LOOK_AGAIN_SECONDS:
                await self._find_places(redis)
                heard_at = loop.time()

    async def _find_places(self, redis: RedisConnection) -> None:
        """Go on where one was; from the present where one was not, or where that lies in a future of another clock."""
        ((seconds, microseconds),) = await redis.ask([(b"TIME",)], UP_SECONDS_MAX)
        now_ms = int(seconds) * 1_000 + int(microseconds) // 1_000
        for place in self._places.values():
            if not place.is_known:
                place.is_known = True
                place.milliseconds = now_ms - place.back_ms - 1
            elif place.milliseconds > now_ms:
                place.milliseconds, place.number = now_ms, 0

    def _hear(self, place: _Place, entries: list[Any]) -> None:
        milliseconds, _, number = entries[-1][0].partition(b"-")
        place.milliseconds, place.number = int(milliseconds), int(number)
        for _, fields in entries:
            if len(fields) == 2 and fields[0] == _FIELD:
                place.heard(fields[1])
