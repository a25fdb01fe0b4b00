"""The log of the simulated database: frames with checksums, of which a crash may tear the tail.

A transaction is written as frames for its changes and one for its commit; it exists from the moment when that last
frame has reached the platter. After a crash an arbitrary part of what was written but not yet forced is there, the
last of it perhaps broken. Reading stops at the first broken frame, as PostgreSQL's does at the end of its log, and
leaves out every transaction without its commit.

Belongs here: bytes. Does not belong here: tables, locks, answers.
"""

from __future__ import annotations

import random
import struct
import zlib
from typing import TypeAlias

import msgspec
from msgspec import Struct

from exchange.ports import RefusalRow, Snapshot
from exchange.records import JournalRow

_HEADER = struct.Struct("<II")


class RowAppended(Struct, frozen=True, tag=True):
    """A record of the journal."""

    transaction: int
    row: JournalRow


class RefusalAppended(Struct, frozen=True, tag=True):
    """A refusal of the side record."""

    transaction: int
    row: RefusalRow


class TermTaken(Struct, frozen=True, tag=True):
    """The lease has a new term."""

    transaction: int
    term: int
    owner: str


class SnapshotKept(Struct, frozen=True, tag=True):
    """A snapshot was saved."""

    transaction: int
    snapshot: Snapshot


class Committed(Struct, frozen=True, tag=True):
    """The transaction is complete."""

    transaction: int


Change: TypeAlias = RowAppended | RefusalAppended | TermTaken | SnapshotKept
Frame: TypeAlias = Change | Committed

_encode = msgspec.msgpack.Encoder().encode
_decode: msgspec.msgpack.Decoder[Frame] = msgspec.msgpack.Decoder(Frame)


class Disk:
    """One append-only file and the cache before it."""

    def __init__(self) -> None:
        self._platter = bytearray()
        self._cache = bytearray()

    def write(self, frame: Frame) -> None:
        """Write a frame behind the others; it is not durable yet."""
        body = _encode(frame)
        self._cache += _HEADER.pack(len(body), zlib.crc32(body)) + body

    def force(self) -> None:
        """Make everything written so far durable."""
        self._platter += self._cache
        self._cache.clear()

    def crash(self, chance: random.Random, is_torn: bool) -> None:
        """Lose the cache, but for a part of it that chance had already let through, torn or whole."""
        kept = self._cache[: chance.randrange(len(self._cache) + 1)] if self._cache else bytearray()
        if is_torn and kept:
            place = chance.randrange(max(0, len(kept) - 64), len(kept))
            kept[place] ^= chance.randrange(1, 256)
        self._platter += kept
        self._cache.clear()

    def recover(self) -> list[list[Change]]:
        """Return the changes of every complete transaction, in the order of their commits, and cut off the rest."""
        begun: dict[int, list[Change]] = {}
        complete = []
        position, end = 0, 0
        while (frame := self._frame_at(position)) is not None:
            position += _HEADER.size + frame[0]
            change = frame[1]
            if isinstance(change, Committed):
                complete.append(begun.pop(change.transaction, []))
            else:
                begun.setdefault(change.transaction, []).append(change)
            end = position
        del self._platter[end:]
        return self.found(complete, begun)

    def found(self, complete: list[list[Change]], begun: dict[int, list[Change]]) -> list[list[Change]]:
        """Return the transactions that count, of those that are complete and those that were only begun."""
        return complete

    def _frame_at(self, position: int) -> tuple[int, Frame] | None:
        """Return the length and content of the frame that begins here; None where the log ends or is broken."""
        start = position + _HEADER.size
        if start > len(self._platter):
            return None
        length, checksum = _HEADER.unpack_from(self._platter, position)
        body = bytes(self._platter[start : start + length])
        if len(body) < length or zlib.crc32(body) != checksum:
            return None
        return length, _decode.decode(body)
