"""Who follows which lot, and what each audience is told. Every frame is encoded once for its audience.

Three audiences: followers of a lot in full get every event at once; followers of its state get the latest state
once in a tick; the people whom something concerns personally (outbid, admitted) get that wherever they are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import msgspec
from msgspec import Struct

from exchange.ports import EventFeed, FeedEntry
from gateways.live.frames import TEXT, framed
from gateways.wire import (
    Events,
    Outbid,
    Presence,
    ServerFrame,
    State,
    View,
    Yours,
    encode_json,
    encode_msgpack,
)
from matching.units import LotId, TimeUs

PRESENCE_SECONDS = 1.0


class Follower(Protocol):
    """What the hub needs to know of a session."""

    account_id: int
    is_host: bool
    opcode: int

    def send(self, frame: bytes) -> None:
        """Put a framed message on its way."""


class Audience(Struct):
    """The followers of one lot."""

    full: set[Follower] = msgspec.field(default_factory=set)
    state: set[Follower] = msgspec.field(default_factory=set)
    is_stale: bool = False
    """The state has changed since its followers were last told."""

    @property
    def is_empty(self) -> bool:
        """Tell whether nobody follows."""
        return not self.full and not self.state


class Hub:
    """All sessions of one gateway, by account and by lot."""

    def __init__(self, feed: EventFeed, now_us: Callable[[], TimeUs], epoch: str, tick_ms: int) -> None:
        self._feed = feed
        self._now_us = now_us
        self.epoch = epoch
        self._tick_seconds = tick_ms / 1000
        self._audiences: dict[LotId, Audience] = {}
        self._sessions: dict[int, set[Follower]] = {}
        self._present: dict[LotId, tuple[int, int]] = {}

    def enter(self, session: Follower) -> None:
        """Take a session of an account in, for what concerns it personally."""
        self._sessions.setdefault(session.account_id, set()).add(session)

    def leave(self, session: Follower) -> None:
        """Let go of a session and all that it follows."""
        sessions = self._sessions.get(session.account_id, set())
        sessions.discard(session)
        if not sessions:
            self._sessions.pop(session.account_id, None)
        for lot in [lot for lot, audience in self._audiences.items() if _follows(audience, session)]:
            self.unfollow(lot, session)

    @property
    def tick_ms(self) -> int:
        """Return how often the followers of states are told, at present."""
        return round(self._tick_seconds * 1000)

    @property
    def is_visited(self) -> bool:
        """Tell whether anybody is connected."""
        return bool(self._sessions)

    def sessions_of(self, account_id: int) -> int:
        """Return how many sessions an account has."""
        return len(self._sessions.get(account_id, ()))

    def follow(self, lot: LotId, view: View, session: Follower) -> None:
        """Tell a session of a lot from now on."""
        self.unfollow(lot, session)
        audience = self._audiences.setdefault(lot, Audience())
        (audience.full if view is View.FULL else audience.state).add(session)
        if session.is_host:
            self._present.pop(lot, None)

    def unfollow(self, lot: LotId, session: Follower) -> None:
        """Tell a session nothing more of a lot."""
        audience = self._audiences.get(lot)
        if audience is not None:
            audience.full.discard(session)
            audience.state.discard(session)
            if audience.is_empty:
                del self._audiences[lot]
                self._present.pop(lot, None)

    def tell(self, entries: Sequence[FeedEntry]) -> None:
        """Spread what has just become durable."""
        for entry in entries:
            audience = self._audiences.get(entry.lot)
            if audience is not None:
                audience.is_stale = bool(audience.state)
                if audience.full:
                    _send(self._events(entry), audience.full)
            for bidder, own in entry.own.items():
                yours = Yours(entry.lot, own.paddle, own.limit, own.rank, own.lines, own.handle)
                _send(yours, self._sessions.get(bidder, ()))
            if entry.outbid:
                _send(self._outbid(entry), self._sessions.get(entry.outbid, ()))

    async def run(self) -> None:
        """Tell the followers of states once in a tick, and hosts who is there; for ever."""
        next_presence = 0.0
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._tick_seconds)
            for lot, audience in self._audiences.items():
                if audience.is_stale:
                    audience.is_stale = False
                    self._tell_state(lot, audience)
            if loop.time() >= next_presence:
                next_presence = loop.time() + PRESENCE_SECONDS
                self._tell_presence()

    def _events(self, entry: FeedEntry) -> Events:
        return Events(entry.lot, self.epoch, entry.offset, self._now_us(), entry.view, entry.records)

    def _outbid(self, entry: FeedEntry) -> Outbid:
        return Outbid(entry.lot, entry.view.price, entry.view.asking_price, self._now_us())

    def _tell_state(self, lot: LotId, audience: Audience) -> None:
        view = self._feed.view(lot)
        if view is not None:
            frame = State(lot, self.epoch, self._feed.offset(lot), self._now_us(), view)
            _send(frame, audience.state)

    def _tell_presence(self) -> None:
        for lot, audience in self._audiences.items():
            everybody = audience.full | audience.state
            hosts = [session for session in everybody if session.is_host]
            if not hosts:
                continue
            bidders = {session.account_id for session in everybody if self._feed.own(lot, session.account_id)}
            present = (len(bidders), len(everybody))
            if self._present.get(lot) != present:
                self._present[lot] = present
                _send(Presence(lot, *present), hosts)


def encoded(frame: ServerFrame, opcode: int) -> bytes:
    """Return a frame of the protocol, ready for the transport."""
    return framed(encode_json(frame) if opcode == TEXT else encode_msgpack(frame), opcode)


def _send(frame: ServerFrame, sessions: Iterable[Follower]) -> None:
    """Send one frame to an audience, encoding it once for each form that is spoken there."""
    prepared: dict[int, bytes] = {}
    for session in sessions:
        data = prepared.get(session.opcode)
        if data is None:
            data = prepared[session.opcode] = encoded(frame, session.opcode)
        session.send(data)


def _follows(audience: Audience, session: Follower) -> bool:
    return session in audience.full or session in audience.state
