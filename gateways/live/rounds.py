"""Rounds: the watchers of all lots are told the latest state once in a tick, which lengthens under load.

A round walks over the watchers in slices and lets the loop free in between. Each watcher gets the state as it is
when its turn comes, so that news during a round replace the old; who follows several lots gets them in one write.

Belongs here: the walk and its pace. Does not belong here: who follows what (`Audience`, `Hub`), events in full.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from time import perf_counter
from typing import Final

from exchange.measures import Measures
from exchange.ports import EventFeed
from gateways.live.audience import Audience, Follower
from gateways.live.frames import TEXT, framed
from gateways.live.slices import in_slices
from gateways.wire import ServerFrame, State, encode_json, encode_msgpack
from matching.units import LotId, TimeUs

LOOP_SHARE: Final = 1 / 3
"""Of the loop's time, what rounds may take: a walk that costs more lengthens the tick."""

TICK_SECONDS_MAX: Final = 2.0
RECENT_RECORDS_MAX: Final = 20
"""How many of the latest records go with a state."""


def encoded(frame: ServerFrame, opcode: int) -> bytes:
    """Return a frame of the protocol, ready for the transport."""
    return framed(encode_json(frame) if opcode == TEXT else encode_msgpack(frame), opcode)


class Rounds:
    """The conflated view of every lot that somebody watches."""

    def __init__(
        self,
        feed: EventFeed,
        now_us: Callable[[], TimeUs],
        epoch: str,
        tick_seconds: float,
        follows: Mapping[Follower, tuple[Audience, ...]],
        measures: Measures,
    ) -> None:
        """Take what the hub shares.

        Args:
            feed: the latest state of each lot.
            now_us: the exchange's time.
            epoch: identity of the journal.
            tick_seconds: least time between two rounds.
            follows: what each session follows, at any time.
            measures: told what each round took.
        """
        self._feed = feed
        self._now_us = now_us
        self._epoch = epoch
        self._tick_seconds_min = tick_seconds
        self._follows = follows
        self._measures = measures
        self._due: dict[LotId, Audience] = {}
        self._sheets: dict[LotId, _Sheet] = {}
        self._called = asyncio.Event()
        self.tick_seconds = tick_seconds

    def call(self, audience: Audience) -> None:
        """Include an audience in the next round."""
        self._due[audience.lot] = audience
        self._called.set()

    async def run(self) -> None:
        """Walk as soon as there is news and a tick has passed since the last walk; for ever."""
        while True:
            await self._called.wait()
            self._called.clear()
            began = perf_counter()
            spent = await self._walk()
            self.tick_seconds = min(max(self._tick_seconds_min, spent / LOOP_SHARE), TICK_SECONDS_MAX)
            self._measures.tick_seconds = self.tick_seconds
            took = perf_counter() - began
            self._measures.round_seconds.observe(took)
            await asyncio.sleep(max(self.tick_seconds - took, self._tick_seconds_min / 2))

    async def _walk(self) -> float:
        """Visit everybody to whom something is due; returns the seconds that this took of the loop."""
        due, self._due = self._due, {}
        visited: dict[Follower, None] = {}
        for audience in due.values():
            self._sheets[audience.lot] = _Sheet(audience.shown, audience.offset)
            visited.update(audience.watchers if audience.is_stale else audience.behind)
            if audience.is_stale:
                audience.shown = self._feed.offset(audience.lot)
            audience.is_stale = False
            audience.behind = {}
        spent = await in_slices(visited, self._visit)
        self._measures.deliveries["state"] += len(visited)
        self._sheets.clear()
        return spent

    def _visit(self, session: Follower) -> None:
        """Tell one watcher where each lot that he watches, and that is due, stands by now."""
        follows = self._follows.get(session, ())
        if len(follows) == 1 and follows[0].lot in self._sheets:
            frame = self._frame(follows[0], session.opcode)
            if not session.out.put_latest(frame):
                self._leave_out(session, follows)
            return
        told = [each for each in follows if each.lot in self._sheets and session in each.watchers]
        frames = [self._frame(audience, session.opcode) for audience in told]
        if frames and not session.out.put_latest(b"".join(frames)):
            self._leave_out(session, told)

    def _leave_out(self, session: Follower, audiences: Iterable[Audience]) -> None:
        for audience in audiences:
            audience.behind[session] = None
            self.call(audience)

    def _frame(self, audience: Audience, opcode: int) -> bytes:
        """Return the state of a lot as it is, encoded for as long as nothing new comes."""
        sheet = self._sheets[audience.lot]
        if sheet.offset != audience.offset:
            sheet.renew(audience.offset)
        return sheet.forms.get(opcode) or self._state(sheet, audience, opcode)

    def _state(self, sheet: _Sheet, audience: Audience, opcode: int) -> bytes:
        lot, feed = audience.lot, self._feed
        view = feed.view(lot)
        assert view is not None, "nobody follows a lot that is not published"
        offset = feed.offset(lot)
        records = feed.since(lot, max(sheet.since, offset - RECENT_RECORDS_MAX)) or []
        state = State(lot, self._epoch, offset, self._now_us(), view, records)
        frame = sheet.forms[opcode] = encoded(state, opcode)
        return frame


class _Sheet:
    """The state of one lot in each form, as of an offset, with the records since an earlier one."""

    def __init__(self, since: int, offset: int) -> None:
        self.since = since
        self.offset = offset
        self.forms: dict[int, bytes] = {}

    def renew(self, offset: int) -> None:
        """Let go of what was encoded: the lot has moved on."""
        self.offset = offset
        self.forms.clear()
