"""The followers of one lot, and what the hub needs to know of each.

Belongs here: who follows a lot in which view, and what follows of that. Does not belong here: telling them.
"""

from __future__ import annotations

from collections import Counter
from typing import Protocol

from gateways.wire import View
from matching.units import LotId, Sequence


class WayOut(Protocol):
    """Where framed messages for one session go."""

    def put(self, frame: bytes) -> None:
        """Send a frame that this client waits for, at the end of this tick."""

    def put_with_crowd(self, frame: bytes) -> None:
        """Send a frame that many others get as well, in turn with them."""

    def put_latest(self, frame: bytes) -> bool:
        """Send a frame at once; False when earlier ones still wait, and this one is left out."""


class Follower(Protocol):
    """What the hub needs to know of a session."""

    account_id: int
    """0 for somebody who has not signed in."""
    is_host: bool
    opcode: int
    rtt_ms: int
    """The last round trip that its client measured, 0 for none yet."""

    @property
    def silent_seconds(self) -> float:
        """Return how long nothing has been heard of it."""

    @property
    def out(self) -> WayOut:
        """Where what it is told goes."""


class Audience:
    """The followers of one lot."""

    def __init__(self, lot: LotId, offset: Sequence) -> None:
        self.lot = lot
        self.offset = offset
        """Position of the latest news."""
        self.full: set[Follower] = set()
        """Told every event at once."""
        self.guests: set[Follower] = set()
        """Of those, who were neither bidders nor hosts when they came."""
        self.watchers: dict[Follower, None] = {}
        """Told the state, in rounds, in the order in which they came."""
        self.hosts: set[Follower] = set()
        self.named: Counter[int] = Counter()
        """Accounts of the followers, with how many sessions each has here."""
        self.is_stale = False
        """The state has changed since the last round began."""
        self.behind: dict[Follower, None] = {}
        """Watchers who were left out of a round, because they had not taken what came before."""
        self.shown = offset
        """Position at the beginning of the last round, from which the records of the next one count."""

    @property
    def size(self) -> int:
        """Return how many follow."""
        return len(self.full) + len(self.watchers)

    def enter(self, session: Follower, view: View, is_guest: bool) -> None:
        """Take a follower in who is not there."""
        if view is View.FULL:
            self.full.add(session)
            if is_guest:
                self.guests.add(session)
        else:
            self.watchers[session] = None
        if session.is_host:
            self.hosts.add(session)
        if session.account_id:
            self.named[session.account_id] += 1

    def leave(self, session: Follower) -> None:
        """Let go of a follower who is there."""
        if session in self.full:
            self.full.remove(session)
            self.guests.discard(session)
        else:
            del self.watchers[session]
            self.behind.pop(session, None)
        self.hosts.discard(session)
        if session.account_id:
            self.named[session.account_id] -= 1
            if not self.named[session.account_id]:
                del self.named[session.account_id]
