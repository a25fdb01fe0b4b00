"""When to come back after a connection is lost: as the server says, and then after delays that grow and scatter."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable

import aiohttp
import orjson

from gateways.client.answers import Frame
from gateways.client.problems import ClientProblem, ConnectionEnded, Unreachable

RECONNECT_DELAY_S = 0.2
RECONNECT_DELAY_S_MAX = 5.0
BUSY_DELAY_S_MAX = 1.0
"""However often the exchange was busy over a connection that stands: asking costs little, and bidding goes on soon."""
TOLD_DELAY_S_MAX = 120.0
"""However long a server asks us to stay away."""
FINAL_CLOSE_CODES = range(4500, 4600)


def retry_delay_s(
    attempt: int, chance: Callable[[], float] = random.random, most_s: float = RECONNECT_DELAY_S_MAX
) -> float:
    """Return a delay anywhere between nothing and a ceiling that doubles with each attempt, from 0 (full jitter)."""
    return chance() * min(RECONNECT_DELAY_S * (1 << min(attempt, 30)), most_s)


def ended(socket: aiohttp.ClientWebSocketResponse) -> ClientProblem:
    """Return why a connection ended, and with that whether there is a way back."""
    code = socket.close_code or 1006
    if code in FINAL_CLOSE_CODES:
        return ConnectionEnded(code)
    return Unreachable(f"the connection was lost ({code})")


def farewell(closing: aiohttp.WSMessage) -> Frame:
    """Return what the server says in its close frame; nothing, where somebody else closed."""
    with contextlib.suppress(orjson.JSONDecodeError):
        reason = orjson.loads(closing.extra or "")
        if isinstance(reason, dict):
            return reason
    return {}


def told_delay_s(frame: Frame) -> tuple[float, float] | None:
    """Return the seconds between which to come back, if a hello or a farewell says so."""
    least_ms, most_ms = frame.get("reconnect_min_ms"), frame.get("reconnect_max_ms")
    if not isinstance(least_ms, int) or not isinstance(most_ms, int) or not 0 <= least_ms <= most_ms:
        return None
    return least_ms / 1000, min(most_ms / 1000, TOLD_DELAY_S_MAX)
