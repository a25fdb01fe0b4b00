"""Numbers of this machine that one run of the tests keeps for itself: ports, and whatever else is counted.

Belongs here: agreeing with other runs on who has which number. Does not belong here: what it is used for.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Iterable
from pathlib import Path

PORTS_FROM = 20_000
PORTS_UP_TO = 32_768
"""Where Linux begins as a rule to give out ports of its own choice."""

_chance = random.SystemRandom()
_kept: list[socket.socket] = []
"""One for each number; the kernel lets go of them when the process ends, however it ends."""


def free_port() -> int:
    """Return a TCP port that nobody listens on, and that no other test on this machine gets while this process lives.

    It is not one that the kernel gives to connections by itself. It could do that between the choice and the listener,
    or between two lives of a server; and whoever then tries to reach the server again and again would in the end get
    the server's own port for his side and reach himself.
    """
    kernels_own = Path("/proc/sys/net/ipv4/ip_local_port_range")
    up_to = int(kernels_own.read_text().split()[0]) if kernels_own.exists() else PORTS_UP_TO
    ports = range(PORTS_FROM, max(up_to, PORTS_FROM + 1_000))
    return kept_number("port", (port for port in _shuffled(ports) if _has_no_listener(port)))


def kept_number(what: str, numbers: Iterable[int]) -> int:
    """Return the first of some numbers of a kind that no other process on this machine keeps, and keep it."""
    for number in numbers:
        keeper = socket.socket(socket.AF_UNIX)
        try:
            keeper.bind(f"\0luochui-tests-{what}-{number}")
        except OSError:
            keeper.close()
        else:
            _kept.append(keeper)
            return number
    raise AssertionError(f"every {what} is taken")


def _shuffled(numbers: range) -> list[int]:
    return _chance.sample(numbers, len(numbers))


def _has_no_listener(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True
