"""Who follows which lot, and what each audience is told. Every frame is encoded once for its audience.

Three audiences: followers of a lot in full get every event at once; its watchers get the latest state in rounds
(`Rounds`); the people whom something concerns personally (outbid, admitted) get that wherever they are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from msgspec import structs

from exchange.measures import Measures
from exchange.ports import EventFeed, FeedEntry
from gateways.live.audience import Audience, Follower
from gateways.live.catching_up import CatchingUp
from gateways.live.presence import Presences
from gateways.live.rounds import Rounds, encoded
from gateways.wire import Events, Outbid, Presence, ServerFrame, View, Yours
from matching.units import LotId, TimeUs

PRESENCE_SECONDS: Final = 1.0
GUESTS_MAX: Final = 500
"""Of those who are neither bidders nor hosts of a lot, how many get its events in full; the rest watch its state."""


class Hub:
    """All sessions of one gateway, by account and by lot."""

    def __init__(
        self,
        feed: EventFeed,
        now_us: Callable[[], TimeUs],
        epoch: str,
        tick_ms: int,
        measures: Measures,
        guests_max: int = GUESTS_MAX,
    ) -> None:
        self._feed = feed
        self._now_us = now_us
        self.epoch = epoch
        self._measures = measures
        self._guests_max = guests_max
        self._audiences: dict[LotId, Audience] = {}
        self._follows: dict[Follower, tuple[Audience, ...]] = {}
        self._sessions: dict[int, set[Follower]] = {}
        self._told: dict[LotId, Presence] = {}
        """What the hosts of each lot know of who is there."""
        self.presences = Presences(
            feed, self._audiences, self._sessions, lambda: asyncio.get_running_loop().time()
        )
        self.catching_up = CatchingUp(feed)
        self._rounds = Rounds(feed, now_us, epoch, tick_ms / 1000, self._follows, measures)

    # -- who is there ------------------------------------------------------------------------------------------

    def enter(self, session: Follower) -> None:
        """Take a session of an account in, for what concerns it personally."""
        self._sessions.setdefault(session.account_id, set()).add(session)

    def leave(self, session: Follower) -> None:
        """Let go of a session and all that it follows."""
        sessions = self._sessions.get(session.account_id, set())
        sessions.discard(session)
        if not sessions:
            self._sessions.pop(session.account_id, None)
        for audience in self._follows.get(session, ()):
            self.unfollow(audience.lot, session)

    @property
    def tick_ms(self) -> int:
        """Return how often the followers of states are told, at present."""
        return round(self._rounds.tick_seconds * 1000)

    @property
    def is_visited(self) -> bool:
        """Tell whether anybody is connected."""
        return bool(self._sessions)

    def sessions_of(self, account_id: int) -> int:
        """Return how many sessions an account has."""
        return len(self._sessions.get(account_id, ()))

    def follow(self, lot: LotId, wanted: View, session: Follower) -> View:
        """Tell a session of a published lot from now on; returns the view that it gets.

        Bidders and hosts of a lot get what they want. Of the others only so many get it in full.
        """
        self.unfollow(lot, session)
        audience = self._audiences.get(lot)
        if audience is None:
            audience = self._audiences[lot] = Audience(lot, self._feed.offset(lot))
        is_guest = not session.is_host and self._feed.own(lot, session.account_id) is None
        view = View.STATE if is_guest and len(audience.guests) >= self._guests_max else wanted
        audience.enter(session, view, is_guest)
        self._follows[session] = (*self._follows.get(session, ()), audience)
        if session.is_host:
            self._told.pop(lot, None)
        return view

    def unfollow(self, lot: LotId, session: Follower) -> None:
        """Tell a session nothing more of a lot."""
        follows = self._follows.get(session, ())
        audience = next((audience for audience in follows if audience.lot == lot), None)
        if audience is None:
            return
        audience.leave(session)
        rest = tuple(other for other in follows if other is not audience)
        if rest:
            self._follows[session] = rest
        else:
            del self._follows[session]
        if not audience.size:
            del self._audiences[lot]
            self._told.pop(lot, None)

    # -- telling -----------------------------------------------------------------------------------------------

    def tell(self, entries: Sequence[FeedEntry]) -> None:
        """Spread what has just become durable."""
        for entry in entries:
            audience = self._audiences.get(entry.lot)
            if audience is not None:
                self._spread(entry, audience)
            for bidder, own in entry.own.items():
                yours = Yours(entry.lot, **structs.asdict(own))
                self._send(yours, self._sessions.get(bidder, ()))
            if entry.outbid:
                self._send(self._outbid(entry), self._sessions.get(entry.outbid, ()))
        self.catching_up.tell(entries)

    async def run(self) -> None:
        """Tell watchers in rounds, and hosts who is there; for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._rounds.run())
            group.create_task(self._tell_presence())

    def _spread(self, entry: FeedEntry, audience: Audience) -> None:
        audience.offset = entry.offset
        if audience.watchers and not audience.is_stale:
            audience.is_stale = True
            self._rounds.call(audience)
        if audience.full:
            frame = Events(entry.lot, self.epoch, entry.offset, self._now_us(), entry.view, entry.records)
            prepared: dict[int, bytes] = {}
            for session in audience.full:
                data = prepared.get(session.opcode)
                if data is None:
                    data = prepared[session.opcode] = encoded(frame, session.opcode)
                session.out.put_with_crowd(data)
            self._measures.deliveries["full"] += len(audience.full)

    def _outbid(self, entry: FeedEntry) -> Outbid:
        return Outbid(entry.lot, entry.view.price, entry.view.asking_price, self._now_us())

    def _send(self, frame: ServerFrame, sessions: Iterable[Follower]) -> None:
        for session in sessions:
            session.out.put(encoded(frame, session.opcode))
            self._measures.deliveries["own"] += 1

    # -- presence ----------------------------------------------------------------------------------------------

    async def _tell_presence(self) -> None:
        while True:
            await asyncio.sleep(PRESENCE_SECONDS)
            for lot, audience in self._audiences.items():
                if audience.hosts:
                    self._tell_hosts(lot, audience)

    def _tell_hosts(self, lot: LotId, audience: Audience) -> None:
        """Tell the hosts who is there, if that has changed; who the bidders are only those who look into the lot."""
        looking_in = audience.hosts & audience.full
        present = self.presences.present(audience, self._now_us(), is_named=bool(looking_in))
        told = self._told.get(lot)
        if told == present:
            return
        self._told[lot] = present
        self._send(present, looking_in)
        counts = Presence(lot, present.bidders_online, present.watchers)
        if told is None or counts != Presence(lot, told.bidders_online, told.watchers):
            self._send(counts, audience.hosts - looking_in)
