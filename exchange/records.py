"""The record: one event as the journal keeps it, and the hash chain that ties a lot's records together.

    leaf = SHA-256(body)        link = SHA-256(link before it + leaf)        the link before the first: 32 zero bytes

A withheld record can be published as its leaf alone, and the chain still be checked.

Belongs here: bytes of records, chain, ids that the exchange derives for its own commands.
Does not belong here: where records are stored.
"""

from __future__ import annotations

import hashlib

import msgspec
from msgspec import Struct

from matching.events import Event, public_view
from matching.units import LotId, Sequence, TimeUs
from matching.view import PublicRecord

GENESIS = bytes(32)
NO_COMMAND = ""
"""Command id of records that the clock caused."""


class Record(Struct, frozen=True, gc=False):
    """What the body of a record says."""

    lot: LotId
    sequence: Sequence
    at_us: TimeUs
    command: str
    event: Event


class JournalRow(Struct, frozen=True, gc=False, array_like=True):
    """A record with its place in the journal. `body` is the JSON of its `Record`, byte for byte as it was hashed."""

    position: int
    lot: LotId
    sequence: Sequence
    at_us: TimeUs
    is_outcome: bool
    body: bytes
    link: bytes

    @property
    def record(self) -> Record:
        """The record that the body holds."""
        return decode(self.body)

    @property
    def event(self) -> Event:
        """The event that the record holds."""
        return decode(self.body).event


encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Record).decode


def chained(link: bytes, body: bytes) -> bytes:
    """Return the link of a record whose predecessor has `link`."""
    return hashlib.sha256(link + hashlib.sha256(body).digest()).digest()


def public_record(record: Record) -> PublicRecord:
    """Return the record as the public sees it."""
    return PublicRecord(record.sequence, record.at_us, public_view(record.event))


def derived_id(*parts: str | int) -> str:
    """Return the command id that always belongs to `parts`: for commands that must happen once, retried or not."""
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:32]
