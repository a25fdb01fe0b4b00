"""Connections to PostgreSQL that notice within seconds that nobody is at the other end.

Left alone, the kernel repeats what it has sent for a quarter of an hour before it calls a connection broken, and asks
one on which it only waits after two hours. Whoever waits for an answer would wait as long, and a pool whose
connections were all cut without a word would have none to give.

Belongs here: how long the kernel waits. Does not belong here: what follows from a broken connection.
"""

from __future__ import annotations

import socket
from typing import Any, Final

import asyncpg

CONNECT_SECONDS_MAX: Final = 10.0
"""How long a new connection may take."""

LOST_SECONDS: Final = 8
"""After so long without an acknowledgement of what was sent a connection is broken."""

QUIET_SECONDS: Final = 4
"""After so long without a word the other end is asked whether it is there, then again and again."""

ASKED_EVERY_SECONDS: Final = 2
ASKED_TIMES: Final = 2


class AttentiveConnection(asyncpg.Connection):  # type: ignore[misc]
    """A connection as the driver makes it, over TCP with the waits of this module."""

    def __init__(self, protocol: Any, transport: Any, *others: Any) -> None:
        super().__init__(protocol, transport, *others)
        notice_loss(transport.get_extra_info("socket"))


def notice_loss(wire: socket.socket | None) -> None:
    """Let the kernel tell of a lost connection in seconds; a wire within the machine needs nothing."""
    if wire is None or wire.family not in (socket.AF_INET, socket.AF_INET6):
        return
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    # Other systems than Linux name these differently or have none; there the kernel's own patience holds.
    for option, seconds in (
        ("TCP_KEEPIDLE", QUIET_SECONDS),
        ("TCP_KEEPINTVL", ASKED_EVERY_SECONDS),
        ("TCP_KEEPCNT", ASKED_TIMES),
        ("TCP_USER_TIMEOUT", LOST_SECONDS * 1_000),
    ):
        if hasattr(socket, option):
            wire.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), seconds)
