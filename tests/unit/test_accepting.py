"""New connections are taken in a few at a time, all of them, and none once the site has stopped."""

from __future__ import annotations

import asyncio
import socket

import aiohttp
import pytest
from aiohttp import web

from gateways.accepting import AT_ONCE, PacedSite


async def test_a_crowd_that_comes_at_once_is_let_in_to_the_last() -> None:
    together = 10 * AT_ONCE
    waiting = 0
    all_there = asyncio.Event()

    async def greet(request: web.Request) -> web.Response:
        nonlocal waiting
        waiting += 1
        if waiting == together:
            all_there.set()
        await all_there.wait()
        return web.Response(text="hello")

    application = web.Application()
    application.router.add_get("/", greet)
    runner = web.AppRunner(application)
    await runner.setup()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        site = PacedSite(runner, listener, backlog=1_024)
        await site.start()
        assert str(port) in site.name
        url = f"http://127.0.0.1:{port}/"
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:

            async def ask() -> str:
                async with http.get(url) as answer:
                    return await answer.text()

            async with asyncio.timeout(60):
                assert await asyncio.gather(*(ask() for _ in range(together))) == ["hello"] * together
            await site.stop()
            with pytest.raises(aiohttp.ClientConnectorError):
                async with aiohttp.ClientSession() as another:
                    await another.get(url)
    await runner.cleanup()


async def test_who_hangs_up_before_being_taken_in_harms_nobody() -> None:
    async def greet(request: web.Request) -> web.Response:
        return web.Response(text="hello")

    application = web.Application()
    application.router.add_get("/", greet)
    runner = web.AppRunner(application)
    await runner.setup()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        for _ in range(3):
            socket.create_connection(("127.0.0.1", port)).close()
        await PacedSite(runner, listener, backlog=16).start()
        async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{port}/") as answer:
            assert await answer.text() == "hello"
        await runner.cleanup()
