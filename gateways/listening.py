"""The sockets that a process listens on: alone, or together with others on one port.

Belongs here: ports and how they are shared. Does not belong here: what is answered on them.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator
from contextlib import contextmanager

NEIGHBOURS_MAX = 20
"""How many ports after the usual one are tried when another program has it."""

BACKLOG = 1024


class PortTaken(Exception):
    """Another program listens where we should."""


def exclusive_listener(host: str, port: int, *, may_move: bool) -> socket.socket:
    """Listen on a port that nobody else has: the one named, or one of the next.  Raises: PortTaken."""
    last = port + (NEIGHBOURS_MAX if may_move else 0)
    for tried in range(port, last + 1):
        try:
            return socket.create_server((host, tried), family=_family(host), backlog=BACKLOG)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    raise PortTaken(f"{host}:{port}")


def shared_listener(host: str, port: int) -> socket.socket:
    """Listen on a port together with other processes of ours; the kernel spreads connections over them.

    Raises: PortTaken, when somebody has it who does not share.
    """
    try:
        return socket.create_server((host, port), family=_family(host), backlog=BACKLOG, reuse_port=True)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise PortTaken(f"{host}:{port}") from error


@contextmanager
def reserved_port(host: str, port: int, *, may_move: bool) -> Iterator[socket.socket]:
    """Give a socket that keeps a port for processes that will share it, and does not listen itself.

    Raises: PortTaken.
    """
    with exclusive_listener(host, port, may_move=may_move) as found:
        free = found.getsockname()[1]
    with socket.socket(_family(host), socket.SOCK_STREAM) as reserved:
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            reserved.bind((host, free))
        except OSError as error:
            raise PortTaken(f"{host}:{free}") from error
        yield reserved


def address(listener: socket.socket) -> str:
    """Return the address that people on this machine can open."""
    host, port = listener.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}"


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
