"""What a follower of a lot is told, read just far enough to see that nothing is missing and nothing comes twice.

Belongs here: taking what has arrived apart, and what may follow what. Does not belong here: sockets, counting latency.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import orjson

from loadtests.frames import CLOSE, server_frames

STATE: Final = "state"
EVENTS: Final = "events"
SNAPSHOT: Final = "snapshot"
OTHER: Final = ""
"""Frames that say nothing of a lot's position: hello, presence."""

_KINDS = tuple((b'{"type":"%s"' % kind.encode(), kind) for kind in (STATE, EVENTS, SNAPSHOT))
_OFFSET = b'"offset":'
_SENT_AT = b'"server_time_us":'
_FIRST_RECORD = b'"records":[{"sequence":'
_RECOVERED = b'"is_recovered":true'


class Told(NamedTuple):
    """One frame: where the lot stands after it, the first record that it brings (0 for none), when it was made."""

    kind: str
    offset: int = 0
    first: int = 0
    sent_at_us: int = 0
    is_recovered: bool = False
    text: bytes = b""


class Arrived(NamedTuple):
    """What one read brought: news, control frames as (opcode, payload), and how many bytes were whole frames."""

    told: list[Told]
    controls: list[tuple[int, bytes]]
    used: int


def arrived(data: bytes) -> Arrived:
    """Take apart what has arrived; `data[used:]` waits for more."""
    frames, used = server_frames(data)
    told = [told_by(data[start:end]) for opcode, start, end in frames if opcode < CLOSE]
    controls = [(opcode, data[start:end]) for opcode, start, end in frames if opcode >= CLOSE]
    return Arrived(told, controls, used)


def told_by(text: bytes) -> Told:
    """Return what the text of one frame says of a lot's position."""
    kind = next((name for mark, name in _KINDS if text.startswith(mark)), OTHER)
    if kind == OTHER:
        return Told(OTHER, text=text)
    first = _number(text, _FIRST_RECORD)
    return Told(kind, _number(text, _OFFSET), first, _number(text, _SENT_AT), _RECOVERED in text, text)


def _number(text: bytes, mark: bytes) -> int:
    """Return the whole number that follows a mark; 0 when the mark is not there."""
    at = text.find(mark)
    if at < 0:
        return 0
    at = end = at + len(mark)
    while text[end : end + 1].isdigit():
        end += 1
    return int(text[at:end])


@dataclass(slots=True)
class Faults:
    """What must not happen to any follower."""

    gaps: int = 0
    """Something is missing before what came."""
    doubles: int = 0
    """A record came twice, or a state older than the one before."""
    misread: int = 0
    """Frames of the sample whose whole text contradicts itself."""

    @property
    def total(self) -> int:
        """All of them."""
        return self.gaps + self.doubles + self.misread


def follow(offset: int, told: Told, faults: Faults) -> int:
    """Return the position after `told`, having counted what is wrong with its following `offset`.

    A state may repeat the one before, when it was under way while the snapshot was made; it may not go back.
    A snapshot that honours a position continues it; any other is a fresh start.
    """
    if told.kind == OTHER:
        return offset
    if told.kind == STATE or not told.first:
        faults.doubles += told.offset < offset
    elif told.kind == EVENTS or (told.is_recovered and offset):
        faults.gaps += told.first > offset + 1
        faults.doubles += told.first <= offset
    return told.offset


def is_consistent(told: Told) -> bool:
    """Read a frame wholly, with a reader that is not the server's: do its records lead up to its offset?"""
    frame = orjson.loads(told.text)
    if frame["type"] != told.kind or frame["offset"] != told.offset or frame["state"]["lot"] != frame["lot"]:
        return False
    sequences = [record["sequence"] for record in frame.get("records", ())]
    return sequences == list(range(told.offset - len(sequences) + 1, told.offset + 1))
