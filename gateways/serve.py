"""Running one process of the exchange: start, serve, stop. Which processes there are, each command says.

    serve          engine, office and way in, in one process
    serve_with     engine and office, with gateways of its own in front, all on one machine
    serve_engine   engine of one shard, and the office where that is shard 0
    serve_gateway  a way in, to engines that are elsewhere

Belongs here: signals, the order of starting and stopping.
Does not belong here: composing the exchange (`exchange.bootstrap`), routes (`gateways.app`), sockets that listen
(`gateways.listening`), the life of child processes (`gateways.supervisor`).
"""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from typing import Any, TypeAlias

import structlog
from aiohttp import web

from exchange.bootstrap import Exchange, opened, opened_engine, opened_gateway, operator_token
from exchange.demo.card import introduce
from exchange.demo.centre import DemoCentre
from exchange.demo.office import DemoOffice
from exchange.demo.showcase import Showcase
from exchange.ground import Report
from exchange.settings import Settings
from gateways.accepting import PacedSite
from gateways.app import HUB, make_app, make_engine_app
from gateways.listening import BACKLOG, address, exclusive_listener, reserved_port, shared_socket
from gateways.live.neighbours import Neighbours
from gateways.shared_stage import SharedStage
from gateways.supervisor import Launch, Supervisor, Tie

log = structlog.get_logger(__name__)

SHUTDOWN_SECONDS = 3.0
OPEN_SECONDS = 5.0
"""How long a gateway that starts waits for its engines before it lets people in all the same."""

OPEN_POLL_SECONDS = 0.02

Ready: TypeAlias = Callable[[Exchange, str], None]
"""Told the address once requests are answered."""


async def serve(settings: Settings, report: Report, ready: Ready, *, may_move: bool) -> None:
    """Run the whole exchange in this process until an interrupt or a broken promise.

    Args:
        settings: what the operator chose.
        report: told each step of the start, in both languages.
        ready: told the address once requests are answered.
        may_move: whether the next free port may be taken when the usual one is not free.

    Raises: PortTaken, what `opened` raises, and ExceptionGroup when a part of the exchange had to end the process.
    """
    listener = exclusive_listener(settings.host, settings.port, may_move=may_move)
    async with opened(settings, report) as exchange:
        await operator_token(exchange)
        app = make_app(exchange)
        async with asyncio.TaskGroup() as group:
            work = _begun(group, exchange)
            if settings.demo:
                work.append(await _demo(group, exchange, lambda: app[HUB].is_visited, report))
            await _open_until(_interrupt(), app, [listener], lambda: ready(exchange, address(listener)))
            _ended(work)


async def serve_with(
    launches: Callable[[Exchange, int], Sequence[Launch]],
    settings: Settings,
    report: Report,
    ready: Ready,
    *,
    may_move: bool,
) -> None:
    """Run engine and office in this process, and gateways in front of it, until an interrupt or a broken promise.

    SIGHUP replaces the gateways one after the other.

    Args:
        launches: how each gateway is started, given the exchange and the port.

    Raises: PortTaken, GatewayDidNotStart, what `opened_engine` raises, and ExceptionGroup as `serve` does.
    """
    replacement_asked = _signalled(signal.SIGHUP)
    own_listeners = _own_listeners(settings)
    with reserved_port(settings.host, settings.port, may_move=may_move) as reserved:
        async with opened_engine(settings, report, may_wait=False) as exchange:
            await operator_token(exchange)
            supervisor = Supervisor(launches(exchange, reserved.getsockname()[1]))
            try:
                async with asyncio.TaskGroup() as group:
                    work = _begun(group, exchange)
                    if settings.demo:
                        work.append(await _demo(group, exchange, exchange.is_visited, report))
                    own = _open_until(asyncio.Event().wait(), make_engine_app(exchange), own_listeners)
                    work.append(group.create_task(own))
                    report("starting gateways", "启动网关")
                    await supervisor.start()
                    work.append(group.create_task(supervisor.run()))
                    work.append(group.create_task(_replacing(supervisor, replacement_asked)))
                    ready(exchange, address(reserved))
                    await _interrupt()
                    log.info("serve.stopping")
                    await supervisor.stop()
                    _ended(work)
            finally:
                await supervisor.stop()


async def serve_engine(settings: Settings, report: Report, ready: Ready) -> None:
    """Run the engine of one shard until an interrupt or a broken promise; wait first while another one holds it.

    Raises: PortTaken, what `opened_engine` raises, and ExceptionGroup as `serve` does.
    """
    listeners = _own_listeners(settings)
    async with opened_engine(settings, report, may_wait=True) as exchange, asyncio.TaskGroup() as group:
        work = _begun(group, exchange)
        where = address(listeners[0]) if listeners else ""
        work.append(group.create_task(_office(exchange, report, lambda: ready(exchange, where))))
        await _open_until(_interrupt(), make_engine_app(exchange), listeners)
        _ended(work)


async def serve_gateway(settings: Settings, report: Report, ready: Ready, tie: Tie | None) -> None:
    """Run a gateway until an interrupt: it then sees its clients out while others on the same port go on.

    Args:
        tie: the bond to a supervisor, whose end is an interrupt too.

    Raises: PortTaken, what `opened_gateway` raises, and ExceptionGroup as `serve` does.
    """
    shared = shared_socket(settings.host, settings.port)
    listeners = [shared, *_own_listeners(settings)]
    async with opened_gateway(settings, report) as exchange:
        stage = SharedStage(settings.data_dir, exchange.settings.database_url or "")
        listeners.append(stage.listener)
        app = make_app(exchange, stage)
        async with asyncio.TaskGroup() as group:
            work = _begun(group, exchange)
            if exchange.notes is not None:
                work.append(group.create_task(Neighbours(exchange.notes, exchange.people, app[HUB]).run()))
            await _until_open(exchange)
            stopped = _interrupt() if tie is None else _first(_interrupt(), tie.broken())
            if tie is not None:
                work.append(group.create_task(tie.say_ready()))
            await _open_until(stopped, app, listeners, lambda: ready(exchange, address(shared)))
            _ended(work)


def _own_listeners(settings: Settings) -> list[socket.socket]:
    """Return what listens on the port of this process alone, if it has one.  Raises: PortTaken."""
    if not settings.own_port:
        return []
    return [exclusive_listener(settings.host, settings.own_port, may_move=False)]


def _begun(group: asyncio.TaskGroup, exchange: Exchange) -> list[asyncio.Task[None]]:
    return [group.create_task(part) for part in exchange.work()]


def _ended(work: Sequence[asyncio.Task[None]]) -> None:
    for task in work:
        task.cancel()


async def _open_until(
    stopped: Awaitable[object],
    app: web.Application,
    listeners: Sequence[socket.socket],
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Answer requests until the end is asked for, then let what is under way come to its end."""
    runner = web.AppRunner(
        app,
        access_log=None,
        handle_signals=False,
        shutdown_timeout=SHUTDOWN_SECONDS,
        auto_decompress=False,  # a compressed body is refused, so it is not worth inflating
    )
    await runner.setup()
    try:
        for listener in listeners:
            await PacedSite(runner, listener, backlog=BACKLOG).start()
        ready()
        await stopped
        log.info("serve.stopping")
    finally:
        await runner.cleanup()


async def _demo(
    group: asyncio.TaskGroup, exchange: Exchange, is_watched: Callable[[], bool], report: Report
) -> asyncio.Task[None]:
    """Begin the work of the demo centre, once its people and first lots are there."""
    report("opening the demo centre", "布置演示中心")
    showcase = Showcase(exchange.lot_files, exchange.notices)
    centre = DemoCentre(
        people=exchange.people,
        identities=exchange.identities,
        catalogue=exchange.catalogue,
        sign_ups=exchange.sign_ups,
        capacities=exchange.capacities,
        bus=exchange.hall,
        book=exchange.hall,
        clock=exchange.clock,
        is_watched=is_watched,
        showcase=showcase,
    )
    await centre.open()
    await introduce(exchange.centre, exchange.people)
    office = DemoOffice(exchange.people, exchange.finance)
    await office.open()

    async def run() -> None:
        await asyncio.gather(centre.run(), showcase.run(), office.run())

    return group.create_task(run())


async def _office(exchange: Exchange, report: Report, ready: Callable[[], None]) -> None:
    """Begin what an engine's process does beside deciding, once it has its shard."""
    if not exchange.takes_part.is_set():
        report("standing by until the shard has no holder", "等待分片空闲后接管")
        await exchange.takes_part.wait()
    ready()
    if exchange.settings.shard:
        return
    await operator_token(exchange)
    if exchange.settings.demo:
        async with asyncio.TaskGroup() as group:
            await _demo(group, exchange, exchange.is_visited, report)


async def _until_open(exchange: Exchange) -> None:
    """Wait a little for the engines: whoever comes in at once can then bid at once."""
    with suppress(TimeoutError):
        async with asyncio.timeout(OPEN_SECONDS):
            while not exchange.hall.is_writable:
                await asyncio.sleep(OPEN_POLL_SECONDS)


async def _interrupt() -> None:
    """Return when somebody asks the process to end."""
    await _signalled(signal.SIGINT, signal.SIGTERM).wait()


async def _replacing(supervisor: Supervisor, asked: asyncio.Event) -> None:
    """Replace the gateways whenever somebody asks for it; for ever."""
    while True:
        await asked.wait()
        asked.clear()
        await supervisor.replace_all()


def _signalled(*numbers: signal.Signals) -> asyncio.Event:
    event = asyncio.Event()
    for number in numbers:
        asyncio.get_running_loop().add_signal_handler(number, event.set)
    return event


async def _first(*waits: Coroutine[Any, Any, None]) -> None:
    """Return when one of several waits is over, and give up the others."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
