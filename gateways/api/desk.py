"""What a host's desk shows beside the live floor: refusals by reason, what each lot under way still waits for, the
sealed offers that wait to be opened, and who was behind the paddles of a lot that is over."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, Struct

from exchange.host_desk import LotAtDesk, Refusals
from exchange.people import Role
from gateways.api.errors import ApiCode, ApiError
from gateways.api.operation import Asked, Operation, only
from matching.lot import ENDED_STATES, Lot
from matching.phases.contest import Stage
from matching.phases.sealed import SealedPhase
from matching.units import TIME_US_MAX, BidderId, Digest, LotId, Paddle

PARTICIPANTS_MAX: Final = 1_000
DECLARED_MAX: Final = 100


class RefusalQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which refusals to count: those at or after a moment."""

    since_us: Annotated[int, Meta(ge=0, le=TIME_US_MAX)] = 0


class Participant(Struct, frozen=True):
    """Who bid under a paddle, and the names of those for whom he bid too.

    `number` shows the ends of the document that a buyer declared, `representative` and `agent` who speaks for an
    organisation; they are told of those who can get the lot, at most 100, and empty where nothing was declared.
    """

    paddle: Paddle
    name: str
    partners: tuple[str, ...]
    number: str = ""
    representative: str = ""
    agent: str = ""


class Participants(Struct, frozen=True):
    """Who took part in a lot that is over, by paddle, at most 1,000; those who can get the lot are among them."""

    lot: LotId
    total: int
    participants: list[Participant]


class SealedOffer(Struct, frozen=True):
    """The offer of a paddle, of which no more is known than the SHA-256 of its file."""

    paddle: Paddle
    handle: Digest


class SealedOffers(Struct, frozen=True):
    """The offers that wait to be opened, by paddle; none before the deadline, and none once they are open."""

    lot: LotId
    offers: list[SealedOffer]


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


async def list_sealed_offers(asked: Asked) -> SealedOffers:
    """List the sealed offers of a lot from their deadline until they are opened: all of them have to be opened at once,
    also those whose bidders do not come."""
    services, lot_id = asked.services, asked.ids["lot"]
    if await services.book.load(lot_id) is None:
        raise ApiError(ApiCode.LOT_UNKNOWN)
    return SealedOffers(lot_id, offers_to_open(services.book.lot(lot_id)))


def offers_to_open(lot: Lot | None) -> list[SealedOffer]:
    """Return the sealed offers of a lot that wait to be opened, by paddle."""
    phase = None if lot is None else lot.phase
    if not isinstance(phase, SealedPhase) or phase.stage is not Stage.OPENING or phase.revealed is not None:
        return []
    return [SealedOffer(paddle, handle) for paddle, handle in sorted(phase.handles.items())]


async def name_participants(asked: Asked) -> Participants:
    """Name who was behind the paddles of a lot, for its minutes and its confirmation; before its end nobody is told."""
    services, lot_id = asked.services, asked.ids["lot"]
    view = await services.book.load(lot_id)
    if view is None:
        raise ApiError(ApiCode.LOT_UNKNOWN)
    if view.state not in ENDED_STATES:
        raise ApiError(ApiCode.LOT_NOT_OVER)
    lot = services.book.lot(lot_id)
    if lot is None:
        raise ApiError(ApiCode.LOT_UNKNOWN)
    first = {view.winner, *(place.paddle for place in view.runners_up), *(one.paddle for one in view.awards)}
    bidders = sorted(lot.paddles.items(), key=lambda one: (one[1] not in first, one[1]))[:PARTICIPANTS_MAX]
    told = {paddle: bidder for bidder, paddle in sorted(bidders, key=lambda one: one[1])}
    partners = {bidder: paddle for bidder, paddle in lot.partners.items() if paddle in told}
    names = await services.people.names({*told.values(), *partners})
    declared = {
        paddle: await _declared(asked, told[paddle]) for paddle in sorted(first & told.keys())[:DECLARED_MAX]
    }
    found = [
        Participant(
            paddle,
            names.get(bidder, ""),
            tuple(names.get(partner, "") for partner, lead in partners.items() if lead == paddle),
            **declared.get(paddle, {}),
        )
        for paddle, bidder in told.items()
    ]
    return Participants(lot_id, len(lot.paddles), found)


async def _declared(asked: Asked, bidder: BidderId) -> dict[str, str]:
    """Return what a paper says of a buyer's own declaration; nothing where there is none."""
    standing = await asked.services.identities.standing(bidder)
    if standing is None:
        return {}
    identity = standing.identity
    return {"number": identity.number, "representative": identity.representative, "agent": identity.agent}


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
    Operation(
        "GET", "/lots/{lot}/sealed-offers", list_sealed_offers, only(Role.HOST, Role.ADMIN), answer=SealedOffers,
        codes=(ApiCode.LOT_UNKNOWN,),
    ),
    Operation(
        "GET", "/lots/{lot}/participants", name_participants, only(Role.HOST, Role.ADMIN), answer=Participants,
        codes=(ApiCode.LOT_UNKNOWN, ApiCode.LOT_NOT_OVER, ApiCode.LOT_ARCHIVED), is_noted=True,
    ),
)  # fmt: skip
