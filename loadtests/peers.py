"""Other servers that broadcast, to measure beside ours in the same run, those that this machine has.

Each is sent whole messages and passes them on to whoever is connected; none is asked for positions, identities or bids.

Belongs here: starting them, feeding them, ending them. Does not belong here: what is sent, measuring.
"""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp

from loadtests.exchange_process import free_port

TRANSPORT: Final = "bare transport.write"
NCHAN: Final = "nchan"
WEBSOCKETS: Final = "websockets"
WS: Final = "node ws"

NCHAN_MODULE: Final = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
WS_SERVER: Final = Path(__file__).with_name("broadcast_ws.js")
READY_TIMEOUT_S: Final = 60.0
STOP_TIMEOUT_S: Final = 10.0

NGINX: Final = """
load_module {module};
{user}
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid {folder}/pid;
error_log {folder}/error.log error;
events {{ worker_connections 19900; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  client_body_buffer_size 1m;
  nchan_shared_memory_size 256M;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location = /say {{
      nchan_publisher;
      nchan_channel_id lot;
      nchan_message_buffer_length 1;
      nchan_message_timeout 10m;
    }}
    location = /api/v1/live {{
      nchan_pubsub websocket;
      nchan_subscriber_channel_id lot;
      nchan_publisher_channel_id asked;
      nchan_subscriber_first_message -1;
    }}
  }}
}}
"""


class PeerFailed(Exception):
    """A server beside ours did not start."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A running server: where to connect, what to say to everybody, its process with those below it."""

    name: str
    url: str
    process_id: int
    say: Callable[[bytes], Awaitable[None]]


def peers_here() -> list[str]:
    """Return the names of the servers that this machine can run; the first is the ceiling of this language."""
    found = [TRANSPORT]
    if shutil.which("nginx") and NCHAN_MODULE.exists():
        found.append(NCHAN)
    if importlib.util.find_spec("websockets") is not None:
        found.append(WEBSOCKETS)
    if _has_ws():
        found.append(WS)
    return found


def _has_ws() -> bool:
    """Tell whether node finds the package `ws`: in a folder above, or through NODE_PATH."""
    if shutil.which("node") is None:
        return False
    asked = subprocess.run(
        ["node", "-e", "require.resolve('ws')"],
        check=False,
        capture_output=True,
        cwd=WS_SERVER.parent,
        timeout=30,
    )
    return asked.returncode == 0


@asynccontextmanager
async def running_peer(name: str, greeting: bytes) -> AsyncIterator[Peer]:
    """Run one of `peers_here` until the block ends.

    Args:
        name: which.
        greeting: what everybody who connects is told first.

    Raises: PeerFailed.
    """
    if name == NCHAN:
        async with _nchan(greeting) as peer:
            yield peer
        return
    command = {
        TRANSPORT: [sys.executable, "-m", "loadtests.broadcast", "transport"],
        WEBSOCKETS: [sys.executable, "-m", "loadtests.broadcast", "websockets"],
        WS: ["node", str(WS_SERVER)],
    }[name]
    process = await asyncio.create_subprocess_exec(
        *command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, limit=65_536
    )
    stdin, stdout = process.stdin, process.stdout
    assert stdin is not None and stdout is not None

    async def say(message: bytes) -> None:
        stdin.write(message + b"\n")
        await stdin.drain()

    try:
        await say(greeting)
        async with asyncio.timeout(READY_TIMEOUT_S):
            port = await stdout.readline()
        if not port:
            raise PeerFailed(f"{name} ended with {await process.wait()}")
        yield Peer(name, f"http://127.0.0.1:{int(port)}", process.pid, say)
    except TimeoutError:
        raise PeerFailed(f"{name} did not start") from None
    finally:
        stdin.close()
        await _ended(process)


@asynccontextmanager
async def _nchan(greeting: bytes) -> AsyncIterator[Peer]:
    """Run nginx with nchan over a folder of its own; it is told what to say by HTTP, and keeps the last message.

    What a client says, which is that it subscribes, goes to a channel that nobody follows: otherwise nchan hangs up.
    """
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="luochui-nchan-") as folder:
        user = "user root;" if os.geteuid() == 0 else ""
        text = NGINX.format(module=NCHAN_MODULE, user=user, folder=folder, port=port)
        (Path(folder) / "nginx.conf").write_text(text, encoding="ascii")
        process = await asyncio.create_subprocess_exec(
            "nginx",
            "-p",
            folder,
            "-c",
            f"{folder}/nginx.conf",
            "-e",
            f"{folder}/error.log",
            stdin=subprocess.DEVNULL,
        )
        url = f"http://127.0.0.1:{port}"
        try:
            async with aiohttp.ClientSession(url) as http:

                async def say(message: bytes) -> None:
                    async with http.post(
                        "/say", data=message, headers={"Content-Type": "text/plain"}
                    ) as answer:
                        answer.raise_for_status()

                await _until_said(say, greeting)
                yield Peer(NCHAN, url, process.pid, say)
        finally:
            if process.returncode is None:
                process.terminate()
            await _ended(process)


async def _until_said(say: Callable[[bytes], Awaitable[None]], greeting: bytes) -> None:
    until = asyncio.get_running_loop().time() + READY_TIMEOUT_S
    while True:
        try:
            await say(greeting)
            return
        except aiohttp.ClientError as error:
            if asyncio.get_running_loop().time() > until:
                raise PeerFailed(f"nchan does not answer: {error}") from error
            await asyncio.sleep(0.05)


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Wait until a process that was asked to end has ended; force it after a while."""
    try:
        async with asyncio.timeout(STOP_TIMEOUT_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
