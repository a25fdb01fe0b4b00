"""What programs and pages read about the API itself: the sentences behind its codes, OpenAPI and AsyncAPI documents."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from gateways import messages
from gateways.api.operation import ANYONE, JSON, Asked, Operation, json_response
from gateways.messages import Message

OPENAPI = web.AppKey("openapi", bytes)
"""The document, as bytes of JSON; made once, when the routes are added."""

ASYNCAPI = web.AppKey("asyncapi", bytes)
"""The same for the live protocol."""

DOCUMENT_CACHE = {"Cache-Control": "public, max-age=300"}


async def show_messages(asked: Asked) -> web.Response:
    """Show what each code means and what to do next, in Chinese and English."""
    response = json_response(messages.MESSAGES)
    response.headers.update(DOCUMENT_CACHE)
    return response


async def show_openapi(asked: Asked) -> web.Response:
    """Show this API as an OpenAPI 3.1 document."""
    return web.Response(body=asked.request.app[OPENAPI], content_type=JSON, headers=DOCUMENT_CACHE)


async def show_asyncapi(asked: Asked) -> web.Response:
    """Show the live protocol as an AsyncAPI 3 document."""
    return web.Response(body=asked.request.app[ASYNCAPI], content_type=JSON, headers=DOCUMENT_CACHE)


OPERATIONS = (
    Operation("GET", "/messages", show_messages, ANYONE, answer=dict[str, Message]),
    Operation("GET", "/openapi.json", show_openapi, ANYONE, answer=dict[str, Any]),
    Operation("GET", "/asyncapi.json", show_asyncapi, ANYONE, answer=dict[str, Any]),
)
