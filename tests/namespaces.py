"""A small network of its own: each machine a network namespace, all on one bridge, any two of them to be cut apart.

A cut is silent: what one sends to the other leaves and arrives nowhere, as behind a switch that has forgotten a port,
so that nobody is told by his kernel. Needs the right to make namespaces; whoever may not is skipped.
"""

from __future__ import annotations

import itertools
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.kept_numbers import kept_number

NOWHERE = "02:00:00:00:00:fe"
"""An address of no machine."""

COMMAND_SECONDS = 60
NETWORKS = 200
BRIDGE = "lcb{}"


class Network:
    """The machines, by name, and the wires between them; the test itself is reached as `street`."""

    def __init__(self) -> None:
        number = kept_number("network", (each for each in range(NETWORKS) if not _is_left(each)))
        self._prefix = f"luochui-{number}-"
        self._bridge = BRIDGE.format(number)
        self._subnet = f"10.231.{number + 20}"
        self._ends = (f"lc{number}x{place}" for place in itertools.count())
        self.addresses = {"street": f"{self._subnet}.1"}

    def open(self) -> None:
        """Lay the bridge; skip the test where that is not allowed."""
        if shutil.which("ip") is None:
            pytest.skip("the program ip is absent")
        try:
            _ip("link", "add", self._bridge, "type", "bridge")
        except subprocess.CalledProcessError as error:
            pytest.skip(f"no network namespaces may be made here: {error.stderr.strip()}")
        _ip("addr", "add", f"{self._subnet}.1/24", "dev", self._bridge)
        _ip("link", "set", self._bridge, "up")

    def add(self, name: str) -> str:
        """Put a machine on the bridge and return its address."""
        space, end, address = (
            self._prefix + name,
            next(self._ends),
            f"{self._subnet}.{len(self.addresses) + 1}",
        )
        try:
            _ip("netns", "add", space)
        except subprocess.CalledProcessError as error:
            pytest.skip(f"no network namespaces may be made here: {error.stderr.strip()}")
        self.addresses[name] = address
        _ip("link", "add", end, "type", "veth", "peer", "name", "eth0", "netns", space)
        _ip("link", "set", end, "master", self._bridge, "up")
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
        """Return who forgets whom. The street forgets nobody: it is the network of this machine."""
        return [(here, there) for here, there in ((one, other), (other, one)) if here != "street"]

    def close(self) -> None:
        """Take everything away again, whatever of it is there."""
        for name in self.addresses:
            if name != "street":
                with suppress(subprocess.CalledProcessError):
                    _ip("netns", "del", self._prefix + name)
        with suppress(subprocess.CalledProcessError):
            _ip("link", "del", self._bridge)


@contextmanager
def network(*names: str) -> Iterator[Network]:
    """Give a network with some machines, and take it away afterwards."""
    made = Network()
    made.open()
    try:
        for name in names:
            made.add(name)
        yield made
    finally:
        made.close()


def _is_left(number: int) -> bool:
    """Tell whether a run that was killed has left a network behind."""
    spaces = Path("/run/netns").glob(f"luochui-{number}-*")
    return Path("/sys/class/net", BRIDGE.format(number)).exists() or any(spaces)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True, timeout=COMMAND_SECONDS)
