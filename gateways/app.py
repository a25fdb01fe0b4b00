"""The web application: pages, HTTP API, live floor, health and metrics, behind one set of security headers.

Belongs here: which path leads where. Does not belong here: what happens there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from exchange.bootstrap import Exchange
from exchange.condition import Lateness, Process
from gateways import api
from gateways.api.services import SERVICES, Services
from gateways.auditing import Auditing
from gateways.identity import HOUR_US, SignInLimit, behind
from gateways.live.door import Door
from gateways.live.hub import Hub
from gateways.live.pauses import collect_when_quiet, watch_pauses
from gateways.live.session import Floor
from gateways.pages import add_pages
from gateways.portal.routes import add_portal
from gateways.rehearsals import REHEARSALS, Rehearsals
from gateways.shared_stage import SharedStage

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; connect-src 'self'; style-src 'self'; "
    "script-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}

BODY_BYTES_MAX = 1_048_576
EXCHANGE = web.AppKey("exchange", Exchange)
HUB = web.AppKey("hub", Hub)
DOOR = web.AppKey("door", Door)


def make_app(exchange: Exchange, stage: SharedStage | None = None) -> web.Application:
    """Return the application over a started exchange.

    Args:
        stage: where rehearsals are, when this gateway has neighbours on its machine.
    """
    app = web.Application(client_max_size=BODY_BYTES_MAX)
    app[EXCHANGE] = exchange
    app[SERVICES] = _services(exchange)
    settings = exchange.settings
    if settings.trusted_proxies:
        app.middlewares.append(behind(settings.trusted_proxies))
    hall, measures = exchange.hall, exchange.measures
    app[HUB] = Hub(exchange.feed, hall.now_us, hall.epoch, settings.watcher_tick_ms, measures)
    app[DOOR] = door = Door(
        Floor.under(
            settings,
            hall=hall,
            feed=exchange.feed,
            journal=exchange.journal,
            hub=app[HUB],
            measures=measures,
        ),
        exchange.people,
        public_origins=settings.public_origins,
        per_account_max=settings.connections_per_account_max,
        per_address_max=settings.connections_per_address_max,
        recheck_seconds=settings.sign_in_recheck_ms / 1000,
    )

    app[REHEARSALS] = rehearsals = Rehearsals(exchange.people, exchange.clock, settings)

    async def keeps_watch(app: web.Application) -> AsyncIterator[None]:
        stop_listening = [exchange.people.listen(one) for one in (door.revoked, rehearsals.revoked)]
        watching = asyncio.create_task(door.watch())
        yield
        for stop in stop_listening:
            stop()
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching

    async def sees_out(app: web.Application) -> None:
        if stage is not None:
            await stage.leave()
        await rehearsals.close()
        await door.drain(settings.drain_ms / 1000)

    app.router.add_get("/api/v1/live", door.enter)
    app.router.add_get("/api/v1/rehearsals/{name:[0-9a-f]{1,40}}/live", rehearsals.enter)
    api.routes(app)
    if stage is not None:
        app.middlewares.append(stage.leading())
    add_portal(app)
    add_pages(app)
    _add_health(app)
    app.cleanup_ctx.extend((_spreading, keeps_watch))
    app.on_shutdown.append(sees_out)
    app.on_response_prepare.append(_add_security_headers)
    return app


def make_engine_app(exchange: Exchange) -> web.Application:
    """Return what an engine's process shows of itself: health and metrics."""
    app = web.Application()
    app[EXCHANGE] = exchange
    _add_health(app)
    return app


def _add_health(app: web.Application) -> None:
    app.router.add_get("/metrics", _metrics)
    app.router.add_get("/livez", _livez)
    app.router.add_get("/readyz", _readyz)


def _services(exchange: Exchange) -> Services:
    settings = exchange.settings
    return Services(
        people=exchange.people,
        accounts=exchange.accounts,
        identities=exchange.identities,
        registrations=exchange.registrations,
        centre=exchange.centre,
        audit=exchange.audit,
        condition=exchange.condition,
        process=partial(_process, exchange),
        settings=settings,
        changes=exchange.changes,
        auditing=Auditing(exchange.audit),
        catalogue=exchange.catalogue,
        statistics=exchange.statistics,
        lot_calendar=exchange.lot_calendar,
        host_desk=exchange.host_desk,
        capacities=exchange.capacities,
        sign_ups=exchange.sign_ups,
        notices=exchange.notices,
        lot_files=exchange.lot_files,
        deposits=exchange.deposits,
        ledger=exchange.ledger,
        finance=exchange.finance,
        book=exchange.hall,
        journal=exchange.journal,
        clock=exchange.clock,
        is_writable=lambda: exchange.hall.is_writable,
        epoch=exchange.hall.epoch,
        is_demo=settings.demo,
        public_origins=settings.public_origins,
        sign_in_limit=SignInLimit(settings.sign_in_attempts_per_minute),
        registration_limit=SignInLimit(settings.registrations_per_hour, HOUR_US),
    )


def _process(exchange: Exchange) -> Process:
    """Return what this process knows of itself."""
    measures = exchange.measures
    return Process(
        is_writable=exchange.hall.is_writable,
        connections=measures.connections,
        slow_clients=measures.slow_clients,
        longest_pause_ms=round(measures.longest_pause_seconds * 1000),
        lateness=None if exchange.settlement is None else Lateness(*measures.lateness()),
    )


async def _spreading(app: web.Application) -> AsyncIterator[None]:
    """Let the hub hear the feed as long as the application runs, and look after pauses and rehearsals."""
    exchange, hub = app[EXCHANGE], app[HUB]
    stop_listening = exchange.feed.listen(hub.tell)
    measures = exchange.measures
    parts = (hub.run(), watch_pauses(measures), collect_when_quiet(measures), app[REHEARSALS].run())
    ticking = [asyncio.create_task(part) for part in parts]
    yield
    stop_listening()
    for task in ticking:
        task.cancel()
    for task in ticking:
        with suppress(asyncio.CancelledError):
            await task


async def _add_security_headers(request: web.Request, response: web.StreamResponse) -> None:
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)


async def _metrics(request: web.Request) -> web.Response:
    exchange = request.app[EXCHANGE]
    exchange.measures.is_writable = exchange.hall.is_writable
    exchange.measures.positions = tuple(exchange.positions())
    text = generate_latest(exchange.measures.registry)
    return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_LATEST})


async def _livez(request: web.Request) -> web.Response:
    return web.Response(text="ok\n")


async def _readyz(request: web.Request) -> web.Response:
    if DOOR in request.app and request.app[DOOR].is_closing:
        return web.Response(status=503, text="this gateway is closing\n")
    if not request.app[EXCHANGE].takes_part.is_set():
        return web.Response(status=503, text="standing by\n")
    if not request.app[EXCHANGE].hall.is_writable:
        return web.Response(status=503, text="commands cannot be taken now\n")
    return web.Response(text="ready\n")
