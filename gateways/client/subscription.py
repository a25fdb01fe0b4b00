"""Following one lot: its news in order and without gaps, whatever becomes of the connection.

Belongs here: the position reached, what waits for a slow reader. Does not belong here: the connection.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

from gateways.client.answers import Frame, Update, update_of
from gateways.client.problems import ClientProblem, Unreachable
from gateways.client.room import Room, reduce
from gateways.wire import View


class Floor(Protocol):
    """What a subscription needs of its connection."""

    failure: ClientProblem | None
    updates_waiting_max: int

    async def follow(self, subscription: Subscription) -> None:
        """Ask for everything after the position that is reached."""


class Subscription:
    """The news of one lot, in order and without gaps, across reconnections; an asynchronous iterator."""

    def __init__(self, client: Floor, lot: int, view: View, epoch: str, offset: int) -> None:
        self.lot = lot
        self.view = view
        self.epoch = epoch
        self.offset = offset
        self.phase_seen = 0
        """The phase of what was last looked at here: what is given next is meant for that one."""
        self.end_seen_us = 0
        """When the round or question ends that was last looked at: what is said next answers that one."""
        self.begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._client = client
        self._room = Room(lot)
        self._updates: asyncio.Queue[Update | None] = asyncio.Queue()
        self._awaits_snapshot = True
        self._is_behind = False

    def __aiter__(self) -> AsyncIterator[Update]:
        return self

    async def __anext__(self) -> Update:
        if self._is_behind and self._updates.empty():
            self._is_behind = False
            await self._client.follow(self)
        update = await self._updates.get()
        if update is not None:
            self.phase_seen = int(update.state.get("phase", 0))
            self.end_seen_us = int(update.state.get("ends_at_us", 0))
            return update
        self._updates.put_nowait(None)
        if self._client.failure is not None:
            raise self._client.failure
        raise StopAsyncIteration

    @property
    def room(self) -> Room:
        """The lot by all that has come so far."""
        self.phase_seen, self.end_seen_us = self._room.phase, self._room.ends_at_us
        return self._room

    @property
    def state(self) -> Frame:
        """The lot's public state."""
        return self.room.view

    @property
    def you(self) -> Frame | None:
        """One's own place in the lot; None without a paddle."""
        return self._room.you

    @property
    def is_waiting(self) -> bool:
        """Whether it has been asked for, and no snapshot has come yet."""
        return self._awaits_snapshot

    def notice(self, frame: Frame) -> None:
        """Take over what is told of the lot beside its news."""
        self._room = reduce(self._room, frame)

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
        self.epoch, self.offset = frame["epoch"], frame["offset"]
        self._room = reduce(self._room, frame)
        if self.view is View.STATE:
            while self._updates.qsize() >= 2:  # only the latest states matter
                self._updates.get_nowait()
        self._updates.put_nowait(update_of(frame))
        if not self.begun.done():
            self.begun.set_result(None)
