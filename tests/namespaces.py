"""A small network of its own: each machine a network namespace, all on one bridge, any two of them to be cut apart.

The test itself stands in a namespace as well, on the street, and so does every process that it starts meanwhile. In the
network of this machine nothing changes: a browser of another test that sees an address come or go gives up what it is
about to fetch (`ERR_NETWORK_CHANGED`).

A cut is silent: what one sends to the other leaves and arrives nowhere, as behind a switch that has forgotten a port,
so that nobody is told by his kernel. Needs the right to make namespaces; whoever may not is skipped.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.kept_numbers import kept_number

NOWHERE = "02:00:00:00:00:fe"
"""An address of no machine."""

SUBNET = "10.231.20"
COMMAND_SECONDS = 60
NETWORKS = 200
BRIDGE = "bridge"
THIS_NETWORK = Path("/proc/thread-self/ns/net")
NEW_NETWORK = 0x40000000
"""CLONE_NEWNET of <linux/sched.h>; `os` has neither of the two calls before Python 3.12."""


class Network:
    """The machines, by name, and the wires between them; the test itself is reached as `street`."""

    def __init__(self) -> None:
        number = kept_number("network", (each for each in range(NETWORKS) if not _is_left(each)))
        self._prefix = f"luochui-{number}-"
        self._ends = (f"end{place}" for place in itertools.count())
        self.addresses = {"street": f"{SUBNET}.1"}

    def open(self) -> None:
        """Lay the bridge in the street."""
        _ip("link", "set", "lo", "up")
        _ip("link", "add", BRIDGE, "type", "bridge")
        _ip("addr", "add", f"{self.addresses['street']}/24", "dev", BRIDGE)
        _ip("link", "set", BRIDGE, "up")

    def add(self, name: str) -> str:
        """Put a machine on the bridge and return its address."""
        space, end, address = (
            self._prefix + name,
            next(self._ends),
            f"{SUBNET}.{len(self.addresses) + 1}",
        )
        try:
            _ip("netns", "add", space)
        except subprocess.CalledProcessError as error:
            pytest.skip(f"no network namespaces may be made here: {error.stderr.strip()}")
        self.addresses[name] = address
        _ip("link", "add", end, "type", "veth", "peer", "name", "eth0", "netns", space)
        _ip("link", "set", end, "master", BRIDGE, "up")
        for command in (("addr", "add", f"{address}/24", "dev", "eth0"), ("link", "set", "eth0", "up")):
            _ip("-n", space, *command)
        _ip("-n", space, "link", "set", "lo", "up")
        return address

    def within(self, name: str) -> tuple[str, ...]:
        """Return the words before a command that let it run on a machine."""
        return ("ip", "netns", "exec", self._prefix + name)

    def cut(self, one: str, other: str) -> None:
        """Let nothing pass between two machines, and tell nobody."""
        for here, there in self._ways(one, other):
            far = self.addresses[there]
            _ip(
                "-n", self._prefix + here, "neigh", "replace", far,
                "lladdr", NOWHERE, "dev", "eth0", "nud", "permanent",
            )  # fmt: skip

    def mend(self, one: str, other: str) -> None:
        """Let everything pass again."""
        for here, there in self._ways(one, other):
            _ip("-n", self._prefix + here, "neigh", "del", self.addresses[there], "dev", "eth0")

    def _ways(self, one: str, other: str) -> list[tuple[str, str]]:
        """Return who forgets whom. The street forgets nobody: the test stands there."""
        return [(here, there) for here, there in ((one, other), (other, one)) if here != "street"]

    def close(self) -> None:
        """Take the machines away again, whichever are there; the street goes with whoever stood in it."""
        for name in self.addresses:
            if name != "street":
                with suppress(subprocess.CalledProcessError):
                    _ip("netns", "del", self._prefix + name)


@contextmanager
def network(*names: str) -> Iterator[Network]:
    """Give a network with some machines, and take it away afterwards; skip the test where that is not allowed."""
    if shutil.which("ip") is None:
        pytest.skip("the program ip is absent")
    with _street():
        made = Network()
        try:
            made.open()
            for name in names:
                made.add(name)
            yield made
        finally:
            made.close()


@contextmanager
def _street() -> Iterator[None]:
    """Put this thread, and whatever it starts, into a network in which there is nothing yet."""
    kernel = ctypes.CDLL(None, use_errno=True)
    with THIS_NETWORK.open() as home:
        if kernel.unshare(NEW_NETWORK) != 0:
            pytest.skip(f"no network namespaces may be made here: {os.strerror(ctypes.get_errno())}")
        try:
            yield
        finally:
            assert kernel.setns(home.fileno(), NEW_NETWORK) == 0, os.strerror(ctypes.get_errno())


def _is_left(number: int) -> bool:
    """Tell whether a run that was killed has left a network behind."""
    return any(Path("/run/netns").glob(f"luochui-{number}-*"))


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True, timeout=COMMAND_SECONDS)
