"""The HTTP API under `/api/v1`: one module a noun, each with the table of its operations.

Belongs here: putting the tables together. Does not belong here: SQL, rules, deciding bids, pages.
"""

from __future__ import annotations

import re

import msgspec
from aiohttp import web

from gateways import asyncapi
from gateways.api import (
    accounts,
    administration,
    audit,
    bank,
    centre,
    demo_papers,
    deposits,
    desk,
    documents,
    exports,
    finance_bank,
    finance_clocks,
    finance_defaults,
    finance_deposit_account,
    finance_lots,
    finance_payouts,
    finance_periods,
    finance_reconciliation,
    finance_reversals,
    identities,
    lot_files,
    lots,
    notices,
    openapi,
    own_money,
    registrations,
    rehearsals,
    rulebooks,
    sessions,
    sign_ups,
    system,
)
from gateways.api.carrying_out import handler
from gateways.api.errors import errors_as_json
from gateways.api.operation import NAME, Operation

PREFIX = "/api/v1"
ALL_PREFIX = "/api/"

OPERATIONS: tuple[Operation, ...] = (
    *sessions.OPERATIONS,
    *lots.OPERATIONS,
    *lot_files.OPERATIONS,
    *notices.OPERATIONS,
    *rulebooks.OPERATIONS,
    *rehearsals.OPERATIONS,
    *sign_ups.OPERATIONS,
    *accounts.OPERATIONS,
    *identities.OPERATIONS,
    *registrations.OPERATIONS,
    *own_money.OPERATIONS,
    *administration.OPERATIONS,
    *centre.OPERATIONS,
    *audit.OPERATIONS,
    *system.OPERATIONS,
    *bank.OPERATIONS,
    *deposits.OPERATIONS,
    *desk.OPERATIONS,
    *demo_papers.OPERATIONS,
    *finance_bank.OPERATIONS,
    *finance_payouts.OPERATIONS,
    *finance_clocks.OPERATIONS,
    *finance_defaults.OPERATIONS,
    *finance_deposit_account.OPERATIONS,
    *finance_lots.OPERATIONS,
    *finance_periods.OPERATIONS,
    *finance_reconciliation.OPERATIONS,
    *finance_reversals.OPERATIONS,
    *exports.OPERATIONS,
    *documents.OPERATIONS,
)


def routes(app: web.Application) -> None:
    """Add the API to an application that holds `gateways.api.services.SERVICES` by the time it serves."""
    app.middlewares.append(errors_as_json(ALL_PREFIX))
    for operation in OPERATIONS:
        path = PREFIX + re.sub(r"\{(\w+)\}", _parameter, operation.path)
        app.router.add_route(operation.method, path, handler(operation))
    app[documents.OPENAPI] = msgspec.json.encode(openapi.document(OPERATIONS, PREFIX))
    app[documents.ASYNCAPI] = msgspec.json.encode(asyncapi.document(PREFIX))


def _parameter(found: re.Match[str]) -> str:
    """Return a part of a path as the router takes it: a whole number, or the one that is a name."""
    return f"{{{found[1]}:[a-z0-9-]{{1,40}}}}" if found[1] == NAME else f"{{{found[1]}:[0-9]{{1,16}}}}"
