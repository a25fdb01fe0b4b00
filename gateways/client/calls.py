"""The HTTP API as programs call it.  Belongs here: one method a call. Does not belong here: the live connection."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, BinaryIO, Self
from urllib.parse import quote, unquote

import aiohttp
import orjson

from gateways.client.addresses import API_PREFIX, DEFAULT_URL, SESSION_COOKIE, exchange_url, identity_headers
from gateways.client.answers import Frame, new_command_id
from gateways.client.problems import ApiProblem, Unreachable

FILE_NAME_HEADER = "X-File-Name"
COMMAND_HEADER = "X-Command-Id"
ATTEMPTS_MAX = 3
PAUSE_SECONDS = 0.5


class ApiClient:
    """The HTTP calls that programs need; amounts are minor units, times microseconds.

    Every method raises ApiProblem when the exchange says no, and Unreachable when it does not answer.

    Args:
        url: the exchange, as http://host:port.
        token: API token; without one, `sign_in` first where a call needs it.
    """

    def __init__(self, url: str = DEFAULT_URL, *, token: str | None = None, timeout_s: float = 60.0) -> None:
        self.url = exchange_url(url)
        self._headers = identity_headers(self.url, token, None)
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        # An exchange on this machine is often named by its address; the ordinary jar drops cookies of those.
        self._session = aiohttp.ClientSession(
            headers=self._headers, timeout=self._timeout, cookie_jar=aiohttp.CookieJar(unsafe=True)
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    @property
    def session(self) -> aiohttp.ClientSession:
        """The HTTP session underneath, to share with `LiveClient`."""
        assert self._session is not None, "use it as `async with ApiClient(...)`"
        return self._session

    @property
    def cookie(self) -> str | None:
        """The session cookie's value after `sign_in`."""
        morsel = self.session.cookie_jar.filter_cookies(self.url.with_path(API_PREFIX)).get(SESSION_COOKIE)
        return None if morsel is None else str(morsel.value)

    async def sign_in(self, login: str, password: str) -> Frame:
        """Sign in and return the account; the session's cookie is kept."""
        answer: Frame = (await self.call("POST", "/session", {"login": login, "password": password}))[
            "account"
        ]
        return answer

    async def me(self) -> Frame:
        """Return {account or None, demo, version}."""
        answer: Frame = await self.call("GET", "/me")
        return answer

    async def lots(self, **filters: str | int) -> Frame:
        """Return {lots, total}; filters are state, category, q, limit, offset."""
        answer: Frame = await self.call("GET", "/lots", parameters=filters)
        return answer

    async def lot(self, lot: int) -> Frame:
        """Return one lot as a person reads it, with its public state in `view`."""
        answer: Frame = await self.call("GET", f"/lots/{lot}")
        return answer

    async def records(self, lot: int, after: int = 0, limit: int = 1000) -> Frame:
        """Return {epoch, records, has_more}: the lot's records after a sequence number."""
        answer: Frame = await self.call(
            "GET", f"/lots/{lot}/records", parameters={"after": after, "limit": limit}
        )
        return answer

    async def publish_lot(self, new_lot: Mapping[str, Any]) -> int:
        """Publish a lot, once, and return its id (host or admin)."""
        return int((await self.once("POST", "/lots", new_lot))["lot"])

    async def admit(self, lot: int, bidders: Sequence[int]) -> list[Frame]:
        """Admit accounts to a lot without deposit (admin); returns [{bidder, paddle}]."""
        answer: list[Frame] | Frame = await self.call(
            "POST", f"/lots/{lot}/admissions", {"bidders": list(bidders)}
        )
        return answer if isinstance(answer, list) else answer["admissions"]

    async def create_accounts(self, accounts: Sequence[Mapping[str, Any]]) -> list[Frame]:
        """Create up to 1,000 accounts for programs (admin); returns [{id, login, token}]."""
        body = {"accounts": list(accounts), "with_tokens": True}
        answer: list[Frame] = (await self.call("POST", "/accounts/bulk", body))["accounts"]
        return answer

    async def declare_identity(self, account: int, declaration: Mapping[str, Any]) -> Frame:
        """Declare who a bidder is (admin), which the centre may ask for before he signs up."""
        answer: Frame = await self.call("PUT", f"/accounts/{account}/identity", declaration)
        return answer

    async def sign_up(self, lot: int) -> Frame:
        """Sign the caller up for a lot; returns the state with the deposit reference."""
        answer: Frame = await self.call("POST", f"/lots/{lot}/sign-up", {})
        return answer

    async def my_sign_up(self, lot: int) -> Frame:
        """Return the caller's sign-up for a lot."""
        answer: Frame = await self.call("GET", f"/lots/{lot}/sign-up")
        return answer

    async def pay_demo(self, reference: str, amount: int | None = None) -> Frame:
        """Pay a deposit through the demo bank; the whole of it unless an amount is given."""
        body: Frame = {"reference": reference} | ({} if amount is None else {"amount": amount})
        answer: Frame = await self.call("POST", "/demo-bank/payments", body)
        return answer

    async def messages(self) -> Frame:
        """Return the sentences for every code, in both languages."""
        answer: Frame = await self.call("GET", "/messages")
        return answer

    async def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        parameters: Mapping[str, str | int] | None = None,
        command_id: str = "",
    ) -> Any:
        """Call the API at `path` below its prefix and return the answer's JSON; None when it is empty.

        Args:
            command_id: 32 lowercase hexadecimal digits that name one intention: repeated with the same request, the
                first answer comes again.
        """
        content = None if body is None else orjson.dumps(body)
        headers = {} if body is None else {"Content-Type": "application/json"}
        if command_id:
            headers[COMMAND_HEADER] = command_id
        answer, _ = await self._answer(method, path, data=content, params=parameters, headers=headers)
        return orjson.loads(answer) if answer else None

    async def once(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        """Change something once, whatever happens to the connection, and return the answer's JSON.

        Raises: ApiProblem; Unreachable, when there was no answer to any attempt: it was done or not.
        """
        command_id = new_command_id()
        for _ in range(ATTEMPTS_MAX - 1):
            try:
                return await self.call(method, path, body, command_id=command_id)
            except Unreachable:
                await asyncio.sleep(PAUSE_SECONDS)
        return await self.call(method, path, body, command_id=command_id)

    async def send_file(
        self, path: str, name: str, content: BinaryIO, parameters: Mapping[str, str | int] | None = None
    ) -> Any:
        """Send a file to the API, as it is read, and return the answer's JSON."""
        headers = {"Content-Type": "application/octet-stream", FILE_NAME_HEADER: quote(name)}
        answer, _ = await self._answer("POST", path, data=content, params=parameters, headers=headers)
        return orjson.loads(answer) if answer else None

    async def fetch_file(self, path: str) -> tuple[str, bytes]:
        """Download a file from the API and return the name that it is to be saved under, and its bytes."""
        content, headers = await self._answer("GET", path)
        _, _, name = headers.get("Content-Disposition", "").partition("UTF-8''")
        return unquote(name), content

    async def _answer(self, method: str, path: str, **options: Any) -> tuple[bytes, Mapping[str, str]]:
        url = self.url.with_path(API_PREFIX + path)
        try:
            async with self.session.request(method, url, **options) as response:
                answer = await response.read()
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise Unreachable(f"{self.url}: {str(error) or 'no answer'}") from error
        if response.status >= 400:
            raise _api_problem(response.status, answer)
        return answer, response.headers


def _api_problem(status: int, content: bytes) -> ApiProblem:
    try:
        answer = orjson.loads(content)
        problems = [str(problem) for problem in answer.get("problems") or ()]
        said = (list(answer.get(name) or ()) for name in ("fields", "violations"))
        return ApiProblem(status, answer["code"], answer.get("detail") or "", problems, *said)
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError):
        return ApiProblem(status, f"HTTP_{status}", content[:200].decode("utf-8", "replace"))
