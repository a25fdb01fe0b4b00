"""Who is there: the bidders of a lot counted once, however many gateways they are connected to.

Paddles are numbered from 1, so a set of them is a bit for each: a few bytes for a usual lot, 37 kB for the largest that
may be. Gateways tell each other only of lots that a host looks at somewhere, and name so many bidders at most; those
beyond are counted all the same.

Belongs here: taking the roll of a lot, putting rolls together. Does not belong here: how notes travel, sockets.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from heapq import nsmallest
from itertools import islice
from typing import Final

from exchange.cluster.notes import Attendance, Online, Roll
from exchange.ports import EventFeed
from gateways.live.audience import Audience, Follower
from gateways.wire import BidderOnline, Presence
from matching.units import NOBODY, LotId, Paddle, TimeUs

ELSEWHERE_SECONDS: Final = 10.0
"""How long another gateway's word is believed."""

NAMED_MAX: Final = 300
"""So many bidders of a lot are named to its hosts, those with the lowest paddles; the others are only counted."""

NAMED_IN_ALL_MAX: Final = 3_000
"""So many bidders one gateway names to the others, of all lots together."""

SECOND_US: Final = 1_000_000

NOBODY_THERE: Final = Roll(0, b"", ())


class Presences:
    """What this gateway knows of who follows which lot, here and elsewhere."""

    def __init__(
        self,
        feed: EventFeed,
        audiences: Mapping[LotId, Audience],
        sessions: Mapping[int, set[Follower]],
        seconds: Callable[[], float],
    ) -> None:
        """Take what the hub shares.

        Args:
            feed: knows the paddle behind an account.
            audiences: the followers of each lot here, at any time.
            sessions: the sessions of each account here, at any time.
            seconds: a clock that never goes back.
        """
        self._feed = feed
        self._audiences = audiences
        self._sessions = sessions
        self._seconds = seconds
        self._elsewhere: dict[str, tuple[float, Attendance]] = {}

    # -- among gateways ----------------------------------------------------------------------------------------

    def attendance(self, gateway: str) -> Attendance:
        """Return what the other gateways are told: what hosts look at here, and who is here of what they look at."""
        wanted = {lot: bool(hosts & audience.full) for lot, audience, hosts in self._hosted()}
        asked: dict[LotId, bool] = {}
        for _, told in self._heard():
            for lot, is_named in told.wanted.items():
                asked[lot] = asked.get(lot, False) or is_named
        present: dict[LotId, Roll] = {}
        left = NAMED_IN_ALL_MAX
        for lot, is_named in asked.items():
            audience = self._audiences.get(lot)
            if audience is not None:
                present[lot] = self.roll(audience, min(left, NAMED_MAX) if is_named else 0)
                left -= len(present[lot].online)
        return Attendance(gateway, bool(self._sessions), wanted, present)

    def hear(self, told: Attendance) -> None:
        """Believe another gateway, until it says otherwise or is silent for long."""
        self._elsewhere[told.gateway] = (self._seconds(), told)

    def _hosted(self) -> Iterable[tuple[LotId, Audience, set[Follower]]]:
        return ((lot, each, each.hosts) for lot, each in self._audiences.items() if each.hosts)

    def _heard(self) -> list[tuple[float, Attendance]]:
        since = self._seconds() - ELSEWHERE_SECONDS
        self._elsewhere = {name: told for name, told in self._elsewhere.items() if told[0] >= since}
        return list(self._elsewhere.values())

    # -- taking the roll ---------------------------------------------------------------------------------------

    def roll(self, audience: Audience, named_max: int) -> Roll:
        """Return who follows a lot through this gateway, with at most so many bidders by name."""
        own, lot = self._feed.own, audience.lot
        found = {
            known.paddle: account for account in audience.named if (known := own(lot, account)) is not None
        }
        found.pop(NOBODY, None)
        named = nsmallest(named_max, found) if named_max < len(found) else sorted(found)
        online = tuple(self._online(paddle, found[paddle]) for paddle in named)
        return Roll(audience.size, paddle_set(found), online)

    def _online(self, paddle: Paddle, account: int) -> Online:
        """Tell of a bidder by whichever of his sessions was heard last, of those with a round trip if any has one."""
        sessions = self._sessions.get(account, ())
        latest = min(sessions, key=lambda each: (not each.rtt_ms, each.silent_seconds), default=None)
        if latest is None:
            return Online(paddle, 0, 0)
        return Online(paddle, latest.rtt_ms, round(latest.silent_seconds * 1000))

    def present(self, audience: Audience, now_us: TimeUs, *, is_named: bool) -> Presence:
        """Return what the hosts of a lot are told: followers and bidders everywhere, and who the bidders are."""
        rolls = [self.roll(audience, NAMED_MAX if is_named else 0)]
        rolls += [told.present.get(audience.lot, NOBODY_THERE) for _, told in self._heard()]
        bidders = 0
        heard: dict[Paddle, Online] = {}
        for roll in rolls:
            bidders |= int.from_bytes(roll.paddles, "little")
            for one in roll.online:
                known = heard.get(one.paddle)
                if known is None or one.silent_ms < known.silent_ms:
                    heard[one.paddle] = one
        named = islice(sorted(heard.values(), key=lambda one: one.paddle), NAMED_MAX if is_named else 0)
        online = tuple(_told_of(one, now_us) for one in named)
        return Presence(audience.lot, bidders.bit_count(), sum(roll.followers for roll in rolls), online)


def _told_of(one: Online, now_us: TimeUs) -> BidderOnline:
    """Whole seconds are enough to see who is silent, and change seldom enough to be told."""
    heard_at_us = now_us - one.silent_ms * 1_000
    return BidderOnline(one.paddle, one.rtt_ms, heard_at_us - heard_at_us % SECOND_US)


def paddle_set(paddles: Collection[Paddle]) -> bytes:
    """Return a set of paddles as bits, the lowest first: paddle 1 is bit 0 of the first byte."""
    bits = bytearray((max(paddles, default=0) + 7) >> 3)
    for paddle in paddles:
        bits[(paddle - 1) >> 3] |= 1 << ((paddle - 1) & 7)
    return bytes(bits)
