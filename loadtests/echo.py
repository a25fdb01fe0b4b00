"""A bare WebSocket echo, the ceiling of any gateway in the same language: `python -m loadtests.echo`.

It writes its port on standard output and runs until its standard input ends.
"""

from __future__ import annotations

import asyncio
import socket
import sys

import uvloop
from aiohttp import WSMsgType, web

from gateways.client import API_PREFIX
from gateways.wire import JSON_PROTOCOL


async def echo(request: web.Request) -> web.WebSocketResponse:
    """Send every frame back as it came, without looking at it."""
    response = web.WebSocketResponse(protocols=(JSON_PROTOCOL,), compress=False, decode_text=False)
    await response.prepare(request)
    async for message in response:
        await response.send_frame(message.data, WSMsgType.TEXT)
    return response


async def serve() -> None:
    """Serve until standard input ends."""
    application = web.Application()
    application.router.add_get(f"{API_PREFIX}/live", echo)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    listening = socket.create_server(("127.0.0.1", 0))
    await web.SockSite(runner, listening).start()
    print(listening.getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    uvloop.run(serve())
