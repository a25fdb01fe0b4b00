"""What a host's desk shows beside the live floor: refusals by reason, and what each lot under way still waits for."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from exchange.host_desk import LotAtDesk, Refusals
from exchange.people import Role
from gateways.api.errors import ApiCode, ApiError
from gateways.api.operation import Asked, Operation, only
from matching.units import TIME_US_MAX


class RefusalQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which refusals to count: those at or after a moment."""

    since_us: Annotated[int, Meta(ge=0, le=TIME_US_MAX)] = 0


class Desk(Struct, frozen=True):
    """The lots under way as a host's desk shows them. `is_writable` says that commands are taken: the journal works."""

    is_writable: bool
    lots: list[LotAtDesk]


async def count_refusals(asked: Asked) -> Refusals:
    """Count what bidders were refused in a lot, by reason."""
    query: RefusalQuery = asked.query
    services, lot_id = asked.services, asked.ids["lot"]
    if await services.book.load(lot_id) is None:
        raise ApiError(ApiCode.LOT_UNKNOWN)
    lot = services.book.lot(lot_id)
    return await services.host_desk.refusals(lot_id, query.since_us, {} if lot is None else lot.paddles)


async def show_desk(asked: Asked) -> Desk:
    """Show what the lots under way still wait for."""
    services = asked.services
    return Desk(services.is_writable(), await services.host_desk.lots())


OPERATIONS = (
    Operation("GET", "/desk", show_desk, only(Role.HOST, Role.ADMIN), answer=Desk),
    Operation(
        "GET", "/lots/{lot}/refusals", count_refusals, only(Role.HOST, Role.ADMIN), query=RefusalQuery,
        answer=Refusals, codes=(ApiCode.LOT_UNKNOWN,),
    ),
)  # fmt: skip
