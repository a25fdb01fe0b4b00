"""Which shard a lot lies in, as a process knows it.

A lot that was never moved follows the layout: its number modulo the shards there were when its number came up, so
that adding shards moves no lot. One that was moved has a place of its own. The database decides, and its fence
refuses whoever appends by an older map; this is the map.

Belongs here: the map, its port, and asking for a move. Does not belong here: what an engine does with a lot that
comes or goes (`exchange.moving`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from matching.units import LotId

SHARDS_MAX = 1_024


class Layout(Struct, frozen=True):
    """How many shards take the lots from a number on."""

    from_lot: LotId
    shards: int


class Map(Struct, frozen=True):
    """The whole placement: the layouts in the order of their lots, and the lots with a place of their own."""

    layouts: Sequence[Layout] = (Layout(0, 1),)
    moved: Mapping[LotId, int] = {}


class Move(Struct, frozen=True):
    """A lot that somebody asked to move, and where to."""

    lot: LotId
    to: int


class ShardState(Struct, frozen=True):
    """A shard as `luochui shards list` shows it.

    `quiet_ms` is how long its holder has not been heard of; None: it was never held.
    """

    shard: int
    term: int
    owner: str
    quiet_ms: int | None
    open_lots: int
    takes_new_lots: bool


class MoveRefusal(StrEnum):
    """Why a lot is not moved, in order of precedence."""

    LOT_UNKNOWN = "LOT_UNKNOWN"
    LOT_CLOSED = "LOT_CLOSED"
    SHARD_UNKNOWN = "SHARD_UNKNOWN"
    ALREADY_THERE = "ALREADY_THERE"


def shard_by(layouts: Sequence[Layout], lot: LotId) -> int:
    """Return the shard of a lot that was never moved."""
    return next((lot % layout.shards for layout in reversed(layouts) if lot >= layout.from_lot), 0)


class Places(Protocol):
    """Where lots lie, durably. Every method raises JournalUnavailable."""

    async def read(self) -> Map:
        """Return the whole placement."""

    async def leaving(self, shard: int) -> list[Move]:
        """Return the moves that were asked for of lots in a shard, oldest first."""

    async def arrived(self, shard: int) -> list[LotId]:
        """Return the lots that have a place of their own in a shard and have not ended, ascending."""

    async def forget_move(self, lot: LotId) -> None:
        """Drop what was asked for a lot: it has ended."""

    async def release(self, lot: LotId, shard: int, term: int, to: int) -> None:
        """Place a lot elsewhere, after every append of the shard that is under way and before all later ones.

        Raises: Fenced, when `term` is not the shard's any more; nothing has changed then.
        Cancelling it leaves the lot here or there.
        """


class Placement:
    """The map, kept in memory: `refresh` reads it, everything else only looks."""

    def __init__(self, places: Places) -> None:
        self.places = places
        """Where the map comes from."""
        self._map = Map()

    def shard_of(self, lot: LotId) -> int:
        """Return the shard that a lot lies in, as of the last refresh."""
        moved = self._map.moved.get(lot)
        return shard_by(self._map.layouts, lot) if moved is None else moved

    def is_moved(self, lot: LotId) -> bool:
        """Tell whether a lot has a place of its own: whoever holds it not may be about to."""
        return lot in self._map.moved

    @property
    def shards(self) -> int:
        """How many shards take new lots."""
        return self._map.layouts[-1].shards

    @property
    def shards_in_use(self) -> int:
        """How many shards there are, as far as lots may lie in them."""
        taking = max(layout.shards for layout in self._map.layouts)
        return max(taking, *(shard + 1 for shard in self._map.moved.values()), 0)

    async def refresh(self) -> None:
        """Read the map again.  Raises: JournalUnavailable."""
        self._map = await self.places.read()

    def note(self, lot: LotId, shard: int) -> None:
        """Take a move for done that is about to be: from now on the lot counts as being elsewhere."""
        self._map = Map(self._map.layouts, {**self._map.moved, lot: shard})
