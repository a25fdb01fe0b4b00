"""When clients come back: the delay that each is told, so that those who were lost together do not return together.

Belongs here: the range of delays for a number of clients, and how a close frame says it.
Does not belong here: closing connections; waiting, which clients do.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from gateways.wire import CloseCode, Farewell, encode_json

RETURNS_PER_SECOND: Final = 1_000
"""At most so many are asked to come back in one second: a fifth of what a core lets in."""

FIRST_MS: Final = 100
SPREAD_MS_MIN: Final = 400
SPREAD_MS_MAX: Final = 60_000


class Delay(Struct, frozen=True):
    """Wait for a random time between these two, in milliseconds, before connecting again."""

    min_ms: int
    max_ms: int


def delay_of(clients: int, after_ms: int = FIRST_MS) -> Delay:
    """Return the delay that spreads the return of so many clients, none of whom comes before `after_ms`."""
    spread_ms = clients * 1_000 // RETURNS_PER_SECOND
    return Delay(after_ms, after_ms + min(max(spread_ms, SPREAD_MS_MIN), SPREAD_MS_MAX))


AT_ONCE: Final = delay_of(1)
NEVER: Final = Delay(0, 0)


def farewell(code: CloseCode, delay: Delay = AT_ONCE) -> str:
    """Return the reason that a close frame of ours carries: JSON, below the 123 bytes that fit."""
    if not code.may_return:
        delay = NEVER
    return encode_json(Farewell(code.name, delay.min_ms, delay.max_ms)).decode()
