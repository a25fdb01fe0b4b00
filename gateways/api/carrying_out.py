"""Carrying out an operation: its change, its entry in the record of acts and its answer become durable together.

A change that its caller names with a command id, as commands of the live floor are named, is made once: the same id
with the same request gets the first answer, with another one it is refused. What is changed in books of their own (the
ledger, the journal) cannot be part of the transaction; it is on record before it is done.

Belongs here: the order in which that happens. Does not belong here: what entries say (`gateways.auditing`), checking
requests (`gateways.api.operation`).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Final

import msgspec
from aiohttp import web

from exchange.changes import KeptAnswer
from gateways import identity
from gateways.api.errors import ApiCode, ApiError, code_of
from gateways.api.operation import JSON, Asked, Operation, asked_of, json_response
from gateways.api.services import SERVICES
from gateways.auditing import DONE, Act, Manner
from gateways.wire import COMMAND_ID_CHARACTERS, is_command_id

COMMAND_HEADER: Final = "X-Command-Id"


def handler(operation: Operation) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Return the aiohttp handler that serves an operation."""
    manner = manner_of(operation)

    async def serve(request: web.Request) -> web.StreamResponse:
        act, services = Act(), request.app[SERVICES]
        begun = 0
        try:
            asked = await asked_of(operation, request, act)
            if operation.in_one:
                return await _in_one(operation, asked, manner)
            if services.auditing.is_begun_on_record(act, manner):
                begun = await services.auditing.begin(request, act, manner, services.clock.now_us())
            answer = await operation.handle(asked)
        except Exception as error:
            code = code_of(error).value
            await services.auditing.note(request, act, manner, code, services.clock.now_us(), begun)
            raise
        await services.auditing.note(request, act, manner, DONE, services.clock.now_us(), begun)
        return _response(answer, operation.status)

    return serve


def manner_of(operation: Operation) -> Manner:
    """Return how an operation comes on record."""
    is_change = operation.method not in identity.SAFE_METHODS and not operation.is_question
    return Manner(operation.handle.__name__, is_change, operation.is_noted)


async def _in_one(operation: Operation, asked: Asked, manner: Manner) -> web.StreamResponse:
    """Carry out an operation as one change, once for each command id.

    Raises: ApiError: COMMAND_ID_REUSED, DONE_ALREADY; what the operation is refused with.
    """
    command_id = _command_id(asked)
    services = asked.services
    async with services.changes.one() as change:
        name, request = _fingerprints(asked, command_id)
        if command_id:
            await change.begin()
            kept = await services.changes.find(asked.caller.id, name)
            if kept is not None:
                return _again(kept, request)

        async def finish(answer: Any) -> None:
            now_us = services.clock.now_us()
            await services.auditing.add(asked.request, asked.act, manner, DONE, now_us)
            if command_id:
                body = None if _is_once(operation, answer) else msgspec.json.encode(answer)
                kept = KeptAnswer(request, operation.status, body)
                await services.changes.keep(asked.caller.id, name, kept, now_us)
            await change.commit()

        answer = await operation.handle(replace(asked, finish=finish))
        if not change.is_over:
            await finish(answer)
    return _response(answer, operation.status)


def _command_id(asked: Asked) -> str:
    """Return the id that the caller gave; empty for none.  Raises: ApiError."""
    given = asked.request.headers.get(COMMAND_HEADER, "")
    if given and (len(given) != COMMAND_ID_CHARACTERS or not is_command_id(given)):
        problem = f"{COMMAND_HEADER}: {COMMAND_ID_CHARACTERS} characters of lowercase hexadecimal"
        raise ApiError(ApiCode.INVALID, "headers", (problem,))
    return given if asked.account is not None else ""


def _fingerprints(asked: Asked, command_id: str) -> tuple[bytes, bytes]:
    """Return what is kept of an id and of the request: nobody can guess from them what a password was.

    The request is what is asked for, not how it was written.
    """
    body = b"" if asked.body is None else msgspec.json.encode(asked.body)
    head = f"{asked.request.method} {asked.request.raw_path}\n".encode()
    key = command_id.encode()
    return hashlib.sha256(key).digest(), hmac.digest(key, head + body, "sha256")


def _again(kept: KeptAnswer, request: bytes) -> web.Response:
    if kept.request != request:
        raise ApiError(ApiCode.COMMAND_ID_REUSED)
    if kept.answer is None:
        raise ApiError(ApiCode.DONE_ALREADY)
    if kept.status == 204:
        return web.Response(status=204)
    headers = {"Cache-Control": "no-store"}
    return web.Response(status=kept.status, body=kept.answer, content_type=JSON, headers=headers)


def _is_once(operation: Operation, answer: Any) -> bool:
    return operation.is_secret or isinstance(answer, web.StreamResponse)


def _response(answer: Any, status: int) -> web.StreamResponse:
    return answer if isinstance(answer, web.StreamResponse) else json_response(answer, status)
