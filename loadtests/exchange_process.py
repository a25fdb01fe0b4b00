"""An exchange of one's own for the length of a measurement: a child process over a temporary folder.

Belongs here: starting it, waiting until it is ready, finding its token and its database, ending it.
Does not belong here: what is then asked of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import aiohttp

READY_TIMEOUT_S = 180.0
STOP_TIMEOUT_S = 30.0
LOG_LINES = 15
PORTS = range(20_000, 32_768)
"""Below those that Linux gives to connections as a rule."""

SETTINGS = {
    "LUOCHUI_FRAMES_PER_SECOND": "100000",
    "LUOCHUI_FRAMES_BURST": "1000000",
    "LUOCHUI_LOG_LEVEL": "warning",
}
"""The rate limit of one connection is lifted: it is there to bound a person, and would bound the measurement."""


class ExchangeFailed(Exception):
    """The exchange did not start, or ended by itself."""


@dataclass(frozen=True, slots=True)
class RunningExchange:
    """A running exchange: its address, the token that may do everything, its database, its process."""

    url: str
    token: str
    database_url: str
    process_id: int


@contextlib.asynccontextmanager
async def running_exchange(
    database_url: str | None = None, settings: Mapping[str, str] = SETTINGS, gateways: int = 0
) -> AsyncIterator[RunningExchange]:
    """Run `luochui run --no-demo` on a free port until the block ends.

    Args:
        database_url: PostgreSQL to use; None for the embedded one in the temporary folder.
        settings: environment variables for it.
        gateways: how many gateway processes stand before the engine; 0: one process does everything.

    Raises: ExchangeFailed.
    """
    with tempfile.TemporaryDirectory(prefix="luochui-bench-", ignore_cleanup_errors=True) as folder:
        directory = Path(folder)
        port = free_port()
        process = _start(directory, port, database_url, settings, gateways)
        try:
            url = f"http://127.0.0.1:{port}"
            await _until_ready(process, url, directory)
            token = (directory / "data" / "operator.token").read_text(encoding="ascii").strip()
            yield RunningExchange(url, token, database_url or _embedded(directory / "data"), process.pid)
        finally:
            await _stop(process)


def _start(
    directory: Path, port: int, database_url: str | None, settings: Mapping[str, str], gateways: int
) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "gateways.cli", "run", "--no-demo", "--port", str(port)]
    command += ["--gateways", str(gateways)] if gateways else []
    command += ["--data-dir", str(directory / "data")]
    if database_url is not None:
        command += ["--database-url", database_url]
    with (directory / "output").open("wb") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **settings},
            start_new_session=True,
        )


async def _until_ready(process: subprocess.Popen[bytes], url: str, directory: Path) -> None:
    until_s = time.monotonic() + READY_TIMEOUT_S
    async with aiohttp.ClientSession() as session:
        while time.monotonic() < until_s:
            if process.poll() is not None:
                raise ExchangeFailed(
                    f"the exchange ended with {process.returncode}:\n{_last_lines(directory)}"
                )
            with contextlib.suppress(aiohttp.ClientError, OSError):
                async with session.get(f"{url}/readyz") as response:
                    if response.status == 200:
                        return
            await asyncio.sleep(0.1)
    raise ExchangeFailed(f"the exchange was not ready in time:\n{_last_lines(directory)}")


async def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask it to end; force it when it does not."""
    process.send_signal(signal.SIGTERM)
    until_s = time.monotonic() + STOP_TIMEOUT_S
    while process.poll() is None and time.monotonic() < until_s:
        await asyncio.sleep(0.05)
    if process.poll() is None:
        process.kill()
        process.wait()


def _embedded(data: Path) -> str:
    """Return the address of the PostgreSQL embedded over this folder, found by its socket.

    Raises: ExchangeFailed.
    """
    candidates = [*data.rglob(".s.PGSQL.*"), *_distant_sockets(data)]
    sockets = [candidate for candidate in candidates if candidate.suffix != ".lock"]
    if not sockets:
        raise ExchangeFailed(f"no PostgreSQL socket below {data}; give --database-url")
    host, port = quote(str(sockets[0].parent), safe=""), sockets[0].name.rpartition(".")[2]
    return f"postgresql://luochui@/luochui?host={host}&port={port}"


def _distant_sockets(data: Path) -> list[Path]:
    """Return sockets outside the folder: a long path does not fit a Unix socket, so a note says where it is."""
    notes = data.rglob("socket.path")
    return [found for note in notes for found in Path(note.read_text(encoding="utf-8")).glob(".s.PGSQL.*")]


def _last_lines(directory: Path) -> str:
    text = (directory / "output").read_text(encoding="utf-8", errors="replace")
    return "\n".join(text.splitlines()[-LOG_LINES:])


def free_port() -> int:
    """Return a port that nobody listens on; none of those that the kernel may meanwhile give to a connection."""
    for port in random.SystemRandom().sample(PORTS, len(PORTS)):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise ExchangeFailed("no port is free")
