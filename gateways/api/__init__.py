"""The HTTP API under `/api/v1`: one module a noun, each with the table of its operations.

Belongs here: putting the tables together. Does not belong here: SQL, rules, deciding bids, pages.
"""

from __future__ import annotations

import re

import msgspec
from aiohttp import web

from gateways.api import accounts, bank, deposits, documents, exports, lots, openapi, sessions, sign_ups
from gateways.api.errors import errors_as_json
from gateways.api.operation import Operation, handler

PREFIX = "/api/v1"
ALL_PREFIX = "/api/"

OPERATIONS: tuple[Operation, ...] = (
    *sessions.OPERATIONS,
    *lots.OPERATIONS,
    *sign_ups.OPERATIONS,
    *accounts.OPERATIONS,
    *bank.OPERATIONS,
    *deposits.OPERATIONS,
    *exports.OPERATIONS,
    *documents.OPERATIONS,
)


def routes(app: web.Application) -> None:
    """Add the API to an application that holds `gateways.api.services.SERVICES` by the time it serves."""
    app.middlewares.append(errors_as_json(ALL_PREFIX))
    for operation in OPERATIONS:
        path = PREFIX + re.sub(r"\{(\w+)\}", r"{\1:[0-9]{1,16}}", operation.path)
        app.router.add_route(operation.method, path, handler(operation))
    app[documents.OPENAPI] = msgspec.json.encode(openapi.document(OPERATIONS, PREFIX))
