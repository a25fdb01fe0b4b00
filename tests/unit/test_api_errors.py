"""What goes wrong under the API's prefix is answered as JSON with a code; nothing inside is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from exchange.catalogue import CodeTaken, TermsInvalid
from exchange.database import NotStorable, StoreFailed, StoreUnavailable
from exchange.people import LoginTaken, TooManyTokens
from exchange.ports import Busy, JournalUnavailable, OutcomeUnknown
from exchange.terms_words import in_words
from gateways.api.errors import ApiCode, ApiError, ErrorAnswer, errors_as_json
from ledger.store import LedgerUnavailable
from matching.problems import Fault, Problem

FAILURES = {
    "terms": (
        TermsInvalid([in_words(Problem(Fault.LADDER_EMPTY, "increments"))]),
        422,
        ApiCode.TERMS_INVALID,
    ),
    "code": (CodeTaken("PLOT-1"), 409, ApiCode.CODE_TAKEN),
    "login": (LoginTaken(["anna"]), 409, ApiCode.LOGIN_TAKEN),
    "tokens": (TooManyTokens("100"), 409, ApiCode.TOO_MANY_TOKENS),
    "busy": (Busy("0" * 32), 503, ApiCode.BUSY),
    "unknown": (OutcomeUnknown("0" * 32), 503, ApiCode.OUTCOME_UNKNOWN),
    "store": (StoreUnavailable("connection refused at 10.0.0.7"), 503, ApiCode.STORE_UNAVAILABLE),
    "journal": (JournalUnavailable("connection refused"), 503, ApiCode.STORE_UNAVAILABLE),
    "ledger": (LedgerUnavailable("connection refused"), 503, ApiCode.STORE_UNAVAILABLE),
    "text": (NotStorable("0x00"), 422, ApiCode.INVALID),
    "said": (ApiError(ApiCode.NOT_SIGNED_UP), 404, ApiCode.NOT_SIGNED_UP),
    "statement": (StoreFailed("secret column"), 500, ApiCode.INTERNAL),
    "surprise": (KeyError("secret"), 500, ApiCode.INTERNAL),
    "forbidden": (web.HTTPForbidden, 403, None),
}


@pytest.fixture
async def client() -> AsyncIterator[TestClient[web.Request, web.Application]]:
    async def fail(request: web.Request) -> web.Response:
        error: Any = FAILURES[request.match_info["name"]][0]
        raise error

    app = web.Application(middlewares=[errors_as_json("/api/")])
    app.router.add_get("/api/{name}", fail)
    app.router.add_get("/page/{name}", fail)
    async with TestClient(TestServer(app)) as client:
        yield client


@pytest.mark.parametrize("name", [name for name, (_, _, code) in FAILURES.items() if code is not None])
async def test_a_failure_has_its_status_and_code(
    client: TestClient[web.Request, web.Application], name: str
) -> None:
    _, status, code = FAILURES[name]
    async with client.get(f"/api/{name}") as answer:
        assert answer.status == status
        said = msgspec.json.decode(await answer.read(), type=ErrorAnswer)
        assert said.code == code
        assert ("Retry-After" in answer.headers) == (status == 503)
        text = await answer.text()
    assert "secret" not in text and "10.0.0.7" not in text


async def test_what_nobody_expects_is_logged_under_the_number_that_is_told(
    client: TestClient[web.Request, web.Application],
) -> None:
    with structlog.testing.capture_logs() as logged:
        async with client.get("/api/surprise") as answer:
            detail = (await answer.json())["detail"]
    failed = [line for line in logged if line["event"] == "api.failed"]
    assert [f"incident {line['incident']}" for line in failed] == [detail]
    assert (failed[0]["method"], failed[0]["path"]) == ("GET", "/api/surprise")


async def test_answers_of_the_framework_that_have_no_code_stay_as_they_are(
    client: TestClient[web.Request, web.Application],
) -> None:
    async with client.get("/api/forbidden") as answer:
        assert answer.status == 403
    async with client.get("/page/forbidden") as answer:
        assert (answer.status, answer.content_type) == (403, "text/plain")
