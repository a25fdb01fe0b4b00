"""What engines and gateways say to each other: a few envelopes, in msgpack, each around many things of one turn.

Belongs here: the envelopes and their encoding. Does not belong here: how they travel, what is done with them.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from exchange.ports import Accepted, Rejected
from exchange.records import JournalRow
from matching.commands import Command
from matching.units import TimeUs


class Told(Struct, frozen=True, array_like=True):
    """What the engine tells all gateways: rows that have become durable, or, without rows, that it lives."""

    epoch: str
    """Which journal this is about."""
    term: int
    position: int
    """The journal's last position; a gateway that is behind it has missed something."""
    is_writable: bool
    rows: list[JournalRow]
    now_us: TimeUs
    """What the engine's clock shows: only by that do commands expire."""


class Given(Struct, frozen=True, array_like=True):
    """The commands of one gateway that came within one turn of its loop."""

    epoch: str
    gateway: str
    term: int
    """The term that the gateway knows. An engine under whose term it was not given decides none of them."""
    expires_at_us: TimeUs
    """By the engine's clock, so that no two machines need agree what time it is."""
    first: int
    """The number of the first command; a gateway's numbers only grow."""
    commands: list[tuple[str, Command]]


class Answers(Struct, frozen=True, array_like=True):
    """The engine's answers to one gateway, by the number of the command.

    A first receipt is not among them: it comes out of the rows.
    """

    position: int
    """How far the journal had come: whatever was recorded of the commands called busy lies before it."""
    repeated: list[tuple[int, Accepted]]
    rejected: list[tuple[int, Rejected]]
    busy: list[int]
    unknown: list[int]


class Note(Struct, frozen=True, array_like=True):
    """What one gateway tells the others."""

    sender: str
    kind: str
    payload: bytes


encode = msgspec.msgpack.Encoder().encode
decode_told = msgspec.msgpack.Decoder(Told).decode
decode_given = msgspec.msgpack.Decoder(Given).decode
decode_answers = msgspec.msgpack.Decoder(Answers).decode
decode_note = msgspec.msgpack.Decoder(Note).decode
