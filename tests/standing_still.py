"""Processes that stand still for a while, while the kernel goes on acknowledging what is sent to them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from exchange.embedded_postgres import EmbeddedPostgres

needs_proc = pytest.mark.skipif(
    not Path("/proc/self/task").exists(),
    reason="a kernel that does not tell which processes another one has started",
)


def server_processes(postgres: EmbeddedPostgres) -> list[int]:
    """Return the processes of a PostgreSQL that runs, the one first that lets clients in."""
    server = postgres.process_id
    assert server is not None
    children = Path(f"/proc/{server}/task/{server}/children").read_text()
    return [server, *map(int, children.split())]


@contextmanager
def standing_still(processes: Sequence[int]) -> Iterator[None]:
    """Stop some processes, and let them go on afterwards."""
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in reversed(processes):
            os.kill(process, signal.SIGCONT)
