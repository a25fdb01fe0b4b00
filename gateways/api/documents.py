"""What programs and pages read about the API itself: the sentences behind its codes, OpenAPI and AsyncAPI documents."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec
from aiohttp import hdrs, web

from gateways import messages
from gateways.api.operation import ANYONE, JSON, Asked, Operation
from gateways.messages import Message
from gateways.smaller import GZIP, smaller, takes_smaller

OPENAPI = web.AppKey("openapi", bytes)
"""The document, as bytes of JSON; made once, when the routes are added."""

ASYNCAPI = web.AppKey("asyncapi", bytes)
"""The same for the live protocol."""

DOCUMENT_CACHE = {"Cache-Control": "public, max-age=300", "Vary": "Accept-Encoding"}


async def show_messages(asked: Asked) -> web.Response:
    """Show what each code means and what to do next, in Chinese and English."""
    return _sent(asked.request, msgspec.json.encode(messages.MESSAGES))


async def show_openapi(asked: Asked) -> web.Response:
    """Show this API as an OpenAPI 3.1 document."""
    return _sent(asked.request, asked.request.app[OPENAPI])


async def show_asyncapi(asked: Asked) -> web.Response:
    """Show the live protocol as an AsyncAPI 3 document."""
    return _sent(asked.request, asked.request.app[ASYNCAPI])


def _sent(request: web.Request, content: bytes) -> web.Response:
    if not takes_smaller(request):
        return web.Response(body=content, content_type=JSON, headers=DOCUMENT_CACHE)
    headers = DOCUMENT_CACHE | {hdrs.CONTENT_ENCODING: GZIP}
    return web.Response(body=_smaller(content), content_type=JSON, headers=headers)


@lru_cache(maxsize=8)
def _smaller(content: bytes) -> bytes:
    """Return one of these few documents made smaller, once."""
    return smaller(content)


OPERATIONS = (
    Operation("GET", "/messages", show_messages, ANYONE, answer=dict[str, Message]),
    Operation("GET", "/openapi.json", show_openapi, ANYONE, answer=dict[str, Any]),
    Operation("GET", "/asyncapi.json", show_asyncapi, ANYONE, answer=dict[str, Any]),
)
