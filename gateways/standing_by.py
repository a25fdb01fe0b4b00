"""What an engine shows of itself while it waits for its shard: that it lives, and that it decides nothing.

Belongs here: health and metrics before there is an exchange to ask. Does not belong here: the wait itself
(`exchange.standby`), and what is shown afterwards (`gateways.app`).
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from exchange.measures import Measures


@asynccontextmanager
async def standing_by(listeners: Sequence[socket.socket]) -> AsyncIterator[None]:
    """Answer on these sockets as long as the block lasts; afterwards they are free for whoever goes on."""
    app = web.Application()
    app.router.add_get("/livez", _livez)
    app.router.add_get("/readyz", _readyz)
    app.router.add_get("/metrics", _metrics)
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
    await runner.setup()
    try:
        for listener in listeners:
            # A twin, because the runner closes what it was given.
            await web.SockSite(runner, listener.dup()).start()
        yield
    finally:
        await runner.cleanup()


async def _livez(request: web.Request) -> web.Response:
    return web.Response(text="ok\n")


async def _readyz(request: web.Request) -> web.Response:
    return web.Response(status=503, text="standing by\n")


async def _metrics(request: web.Request) -> web.Response:
    return web.Response(
        body=generate_latest(Measures().registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
    )
