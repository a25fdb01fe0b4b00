"""What gateways tell each other: whose sign-in is over, and who is present. Any of it may get lost, or come twice.

Belongs here: the kinds of notes, their shapes, what is remembered of other gateways.
Does not belong here: how notes travel (`exchange.cluster.gateway_end`), sessions (`gateways.live`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

import msgspec
import structlog
from msgspec import Struct

from matching.units import LotId, Paddle

log = structlog.get_logger(__name__)

REVOKED: Final = "revoked"
"""The fingerprint of a proof of identity that is no longer good."""

PRESENCE: Final = "attendance"

PRESENCE_SECONDS: Final = 1.0
SILENT_SECONDS_MAX: Final = 5.0
"""After so long without a word of visitors there are none."""


class Notes(Protocol):
    """A way to all other gateways."""

    def tell_all(self, kind: str, payload: bytes) -> None:
        """Tell the other gateways something that may get lost, and may come more than once."""

    def on_note(self, kind: str, listener: Callable[[bytes], None]) -> None:
        """Call `listener` with whatever another gateway tells of this kind."""


class Online(Struct, frozen=True, array_like=True):
    """A bidder who is there: his last round trip, 0 before he measured one, and how long he has been silent."""

    paddle: Paddle
    rtt_ms: int
    silent_ms: int


class Roll(Struct, frozen=True, array_like=True):
    """Who follows one lot through one gateway.

    `paddles` has a bit for each bidder, paddle 1 the lowest of the first byte; some of them are in `online`.
    """

    followers: int
    paddles: bytes
    online: tuple[Online, ...]


class Attendance(Struct, frozen=True, array_like=True):
    """What one gateway tells of itself."""

    gateway: str
    is_visited: bool
    """Whether anybody is connected there."""
    wanted: dict[LotId, bool]
    """The lots that a host follows there, and whether he wants to know who the bidders are."""
    present: dict[LotId, Roll]
    """Of those that other gateways want to know of."""


decode_attendance = msgspec.msgpack.Decoder(Attendance).decode
encode = msgspec.msgpack.Encoder().encode


class Visitors:
    """Whether anybody is connected to any gateway, by what they have told in the last seconds.

    Args:
        seconds: a clock that never goes back.
    """

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._seen_at = float("-inf")

    def hear(self, payload: bytes) -> None:
        """Take a note of presence in."""
        try:
            attendance = decode_attendance(payload)
        except msgspec.DecodeError as error:
            log.warning("notes.not_understood", error=str(error))
            return
        if attendance.is_visited:
            self._seen_at = self._seconds()

    @property
    def are_there(self) -> bool:
        """Tell whether anybody was connected in the last seconds."""
        return self._seconds() - self._seen_at < SILENT_SECONDS_MAX
