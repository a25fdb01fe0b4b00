"""The sockets that a process listens on: alone, or together with others on one port.

Belongs here: ports and how they are shared. Does not belong here: what is answered on them.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

NEIGHBOURS_MAX = 20
"""How many ports after the usual one are tried when another program has it."""

BACKLOG = 1024


class PortTaken(Exception):
    """Another program listens where we should."""


class AddressUnusable(Exception):
    """This machine does not let us listen there: no address of its own, or a port that it keeps for root."""


def exclusive_listener(host: str, port: int, *, may_move: bool) -> socket.socket:
    """Listen on a port that nobody else has: the one named, or one of the next.  Raises: PortTaken, AddressUnusable."""
    last = port + (NEIGHBOURS_MAX if may_move else 0)
    for tried in range(port, last + 1):
        try:
            return socket.create_server((host, tried), family=_family(host), backlog=BACKLOG)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise _unusable(host, port, error) from error
    raise PortTaken(f"{host}:{port}")


def shared_socket(host: str, port: int) -> socket.socket:
    """Return a socket on a port that other processes of ours may share; the kernel spreads connections over them.

    It does not listen yet: from when it does, connections come to it, and nobody should wait there for a start.

    Raises: PortTaken, when somebody has the port who does not share; AddressUnusable.
    """
    shared = socket.socket(_family(host), socket.SOCK_STREAM)
    try:
        shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        shared.bind((host, port))
    except OSError as error:
        shared.close()
        if error.errno != errno.EADDRINUSE:
            raise _unusable(host, port, error) from error
        raise PortTaken(f"{host}:{port}") from error
    return shared


@contextmanager
def reserved_port(host: str, port: int, *, may_move: bool) -> Iterator[socket.socket]:
    """Give a socket that keeps a port for processes that will share it, and never listens itself.

    Raises: PortTaken, AddressUnusable.
    """
    with exclusive_listener(host, port, may_move=may_move) as found:
        free = found.getsockname()[1]
    with shared_socket(host, free) as reserved:
        yield reserved


def address(listener: socket.socket) -> str:
    """Return the address that people on this machine can open."""
    host, port = listener.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}"


def _unusable(host: str, port: int, error: OSError) -> AddressUnusable:
    reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror or error)
    return AddressUnusable(f"{host}:{port} ({reason.partition(' (while')[0]})")


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
