"""Running the exchange as one process: start, serve, stop.

Belongs here: sockets, signals, the order of starting and stopping.
Does not belong here: composing the exchange (`exchange.bootstrap`), routes (`gateways.app`).
"""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import structlog
from aiohttp import web

from exchange.bootstrap import Exchange, Report, opened, operator_token
from exchange.demo.centre import DemoCentre
from exchange.settings import Settings
from gateways.app import HUB, make_app
from gateways.live.hub import Hub

log = structlog.get_logger(__name__)

NEIGHBOURS_MAX = 20
"""How many ports after the usual one are tried when another program has it."""

BACKLOG = 1024
SHUTDOWN_SECONDS = 3.0


class PortTaken(Exception):
    """Another program listens where we should."""


async def serve(
    settings: Settings,
    report: Report,
    ready: Callable[[Exchange, str], None],
    *,
    may_move: bool,
) -> None:
    """Run the exchange until an interrupt or a broken promise.

    Args:
        settings: what the operator chose.
        report: told each step of the start, in both languages.
        ready: told the address once requests are answered.
        may_move: whether the next free port may be taken when the usual one is not free.

    Raises: PortTaken, what `opened` raises, and ExceptionGroup when a part of the exchange had to end the process.
    """
    listener = _listener(settings, may_move)
    async with opened(settings, report) as exchange:
        await operator_token(exchange)
        await _until_stopped(exchange, listener, report, ready)


async def _until_stopped(
    exchange: Exchange, listener: socket.socket, report: Report, ready: Callable[[Exchange, str], None]
) -> None:
    app = make_app(exchange)
    runner = web.AppRunner(
        app,
        access_log=None,
        handle_signals=False,
        shutdown_timeout=SHUTDOWN_SECONDS,
        auto_decompress=False,  # a compressed body is refused, so it is not worth inflating
    )
    await runner.setup()
    work: list[asyncio.Task[None]] = []
    try:
        async with asyncio.TaskGroup() as group:
            work += [group.create_task(part) for part in exchange.work()]
            if exchange.settings.demo:
                report("opening the demo centre", "布置演示中心")
                work.append(group.create_task(await _demo(exchange, app[HUB])))
            await web.SockSite(runner, listener, backlog=BACKLOG).start()
            ready(exchange, _address(listener))
            await _interrupt()
            log.info("serve.stopping")
            await runner.cleanup()
            for task in work:
                task.cancel()
    finally:
        await runner.cleanup()


async def _demo(exchange: Exchange, hub: Hub) -> Coroutine[Any, Any, None]:
    """Return the work of the demo centre, once its people and first lots are there."""
    centre = DemoCentre(
        people=exchange.people,
        catalogue=exchange.catalogue,
        sign_ups=exchange.sign_ups,
        capacities=exchange.capacities,
        bus=exchange.hall,
        book=exchange.hall,
        clock=exchange.clock,
        is_watched=lambda: hub.is_visited,
    )
    await centre.open()
    return centre.run()


async def _interrupt() -> None:
    """Return when somebody asks the process to end."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()


def _listener(settings: Settings, may_move: bool) -> socket.socket:
    last = settings.port + (NEIGHBOURS_MAX if may_move else 0)
    for port in range(settings.port, last + 1):
        try:
            return socket.create_server(
                (settings.host, port), family=_family(settings.host), backlog=BACKLOG, reuse_port=False
            )
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    raise PortTaken(f"{settings.host}:{settings.port}")


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}"
