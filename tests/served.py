"""The whole exchange in this process, served over real sockets, with people who speak to it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp.test_utils import TestServer

from exchange.bootstrap import Exchange, opened
from exchange.people import Account, Role
from exchange.ports import Answer
from exchange.settings import Settings
from gateways.app import make_app
from matching.commands import Command
from tests.identities import declared

API = "/api/v1"
PASSWORD = "a long password"


class Person:
    """Somebody with a browser, or a program with a token."""

    def __init__(self, http: aiohttp.ClientSession, account: Account | None) -> None:
        self.http = http
        self.account = account

    async def ask(self, method: str, path: str, body: object = None, **options: Any) -> tuple[int, Any]:
        """Send a request and return status and JSON of the answer, None when it has no content."""
        if body is not None:
            options["json"] = body
        async with self.http.request(method, API + path, **options) as answer:
            has_json = answer.content_type == "application/json"
            return answer.status, await answer.json() if has_json else None

    async def get(self, path: str, **options: Any) -> Any:
        """Return the JSON of an address that must be there."""
        status, answer = await self.ask("GET", path, **options)
        assert status == 200, (status, answer)
        return answer

    async def post(self, path: str, body: object = None, **options: Any) -> Any:
        """Return the JSON of a request that must be fulfilled."""
        status, answer = await self.ask("POST", path, body, **options)
        assert status in (200, 201), (status, answer)
        return answer


class Served:
    """A running exchange and the people before it."""

    def __init__(self, exchange: Exchange, server: TestServer, stack: AsyncExitStack) -> None:
        self.exchange = exchange
        self.server = server
        self._stack = stack

    async def nobody(self, **options: Any) -> Person:
        """Return somebody who has not signed in."""
        jar = aiohttp.CookieJar(unsafe=True)
        http = aiohttp.ClientSession(self.server.make_url("/"), cookie_jar=jar, **options)
        return Person(await self._stack.enter_async_context(http), None)

    async def person(self, login: str, *roles: Role) -> Person:
        """Make an account and sign it in with its password; a bidder has declared who he is."""
        account = await self.exchange.people.create(login, f"Person {login}", roles, PASSWORD)
        await self._identify(account)
        person = await self.nobody()
        await person.post("/session", {"login": login, "password": PASSWORD})
        person.account = account
        return person

    async def program(self, login: str, *roles: Role) -> Person:
        """Make an account and return a program that uses its token."""
        account = await self.exchange.people.create(login, f"Program {login}", roles)
        await self._identify(account)
        token = await self.exchange.people.issue_token(account.id, "test")
        person = await self.nobody(headers={"Authorization": f"Bearer {token}"})
        person.account = account
        return person

    async def _identify(self, account: Account) -> None:
        if Role.BIDDER in account.roles:
            await declared(self.exchange.identities, account)

    async def give(self, command: Command) -> Answer:
        """Hand the engine a command."""
        return await self.exchange.hall.submit(secrets.token_hex(16), command)

    async def settle(self) -> None:
        """Settle every lot that has ended."""
        assert self.exchange.settlement is not None, "the engine is in this process"
        await self.exchange.settlement.settle_due()


@asynccontextmanager
async def served(database_url: str, folder: Path, **settings: Any) -> AsyncIterator[Served]:
    """Start the exchange over a database and serve it on a free port."""
    wanted = Settings(data_dir=folder, database_url=database_url, **{"demo": True, **settings})
    async with AsyncExitStack() as stack:
        exchange = await stack.enter_async_context(opened(wanted, lambda english, chinese: None))
        work = [asyncio.create_task(part) for part in exchange.work()]
        stack.push_async_callback(_ended, work)
        server = TestServer(make_app(exchange))
        await server.start_server()
        stack.push_async_callback(server.close)
        yield Served(exchange, server, stack)


async def _ended(work: list[asyncio.Task[None]]) -> None:
    for task in work:
        task.cancel()
    for task in work:
        with suppress(asyncio.CancelledError):
            await task
