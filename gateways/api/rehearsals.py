"""Rehearsals over HTTP: beginning one, looking at it, taking a paddle, making things go wrong, the review, the end.

Whoever has the name of a rehearsal may watch it; signed in, he may take a paddle; hosts act. Nothing here reaches a
real lot: of one that is named only title and terms are read.
"""

from __future__ import annotations

import secrets
from typing import Annotated

from msgspec import Meta, Struct, structs

from exchange.host_desk import Refusals, RefusedForReason
from exchange.lot_sheets import LotCard
from exchange.people import Role
from exchange.rehearsal.incidents import Incident, IncidentKind
from exchange.rehearsal.review import CLERK, IncidentSeen, Review
from exchange.rehearsal.scene import PLAIN_HALL, BidderCount, Pace, Scene, rehearsed
from exchange.rehearsal.stage import LOT, Cast, NoPaddle, Rehearsal, TermsUnusable
from exchange.rulebooks.drafting import sample
from exchange.rulebooks.rulebook import NAME_PATTERN
from exchange.terms_words import in_words
from exchange.texts import BothLanguages
from gateways.api.errors import ApiCode, ApiError, terms_invalid
from gateways.api.lots import RecordPage, RecordQuery, linked
from gateways.api.operation import ANYONE, NAME, SIGNED_IN, Asked, Operation, only
from gateways.rehearsals import REHEARSALS, HeldRehearsal, Rehearsals, TooManyRehearsals, may_host
from matching.lot import CLOSED_STATES, LotState
from matching.terms import LotTerms, terms_problems
from matching.units import Paddle, TimeUs

SEED_MAX = 2**31
LATEST_MAX = 5
CLERK_NAME = "彩排助理 / Rehearsal's clerk"


class NewRehearsal(Struct, frozen=True, forbid_unknown_fields=True):
    """What to rehearse: a real lot, or a rulebook's sample, or, with neither, a plain sale that the host hammers.

    `pace` shortens every time limit so many times; `seed` decides who the robots are and what goes wrong, 0 for chance.
    """

    lot: Annotated[int, Meta(ge=0, le=2**53 - 1)] = 0
    rulebook: Annotated[str, Meta(pattern=f"{NAME_PATTERN}|^$", max_length=40)] = ""
    bidders: BidderCount = 8
    pace: Pace = 1
    seed: Annotated[int, Meta(ge=0, lt=SEED_MAX)] = 0
    is_scripted: bool = True
    """Whether things go wrong by themselves too, and not only when the host asks for it."""


class RehearsalCard(Struct, frozen=True):
    """A rehearsal under way. `name` is its address; whoever has it may come and watch."""

    name: str
    title: BothLanguages
    by_name: str
    began_at_us: TimeUs
    ends_at_us: TimeUs
    bidders: int
    pace: int
    seed: int
    is_scripted: bool
    copied_from: int
    rulebook: str
    state: LotState


class RehearsalList(Struct, frozen=True):
    """The rehearsals under way, the latest first."""

    rehearsals: list[RehearsalCard]


class RehearsalDetail(RehearsalCard, frozen=True):
    """A rehearsal for somebody who is in it: the lot, his paddle, 0 for none, and what went wrong so far."""

    lot: LotCard
    terms: LotTerms
    paddle: Paddle
    may_host: bool
    incidents: tuple[IncidentSeen, ...]


class RehearsalPaddle(Struct, frozen=True):
    """A paddle in a rehearsal."""

    paddle: Paddle


class WantedIncident(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to go wrong."""

    kind: IncidentKind


async def list_rehearsals(asked: Asked) -> RehearsalList:
    """List the rehearsals under way."""
    return RehearsalList([_card(held) for held in _rehearsals(asked).all])


async def begin_rehearsal(asked: Asked) -> RehearsalCard:
    """Begin a rehearsal; it is announced, and waits for its host to open it."""
    wanted: NewRehearsal = asked.body
    scene = await _scene(asked, wanted)
    problems = terms_problems(scene.terms)
    if problems:
        raise terms_invalid(
            [in_words(problem, scene.terms.currency) for problem in problems], "too short to be played"
        )
    cast = Cast(
        robots=wanted.bidders,
        pace=wanted.pace,
        seed=wanted.seed or secrets.randbelow(SEED_MAX - 1) + 1,
        is_scripted=wanted.is_scripted,
    )
    try:
        held = await _rehearsals(asked).begin(scene, cast, asked.caller)
    except TooManyRehearsals as error:
        raise ApiError(ApiCode.TOO_MANY_REHEARSALS) from error
    except TermsUnusable as error:
        raise ApiError(ApiCode.TERMS_INVALID, str(error)) from error
    return _card(held)


async def show_rehearsal(asked: Asked) -> RehearsalDetail:
    """Show a rehearsal as the caller is in it."""
    held = _held(asked)
    rehearsal = held.rehearsal
    card = _card(held)
    return RehearsalDetail(
        **structs.asdict(card),
        lot=_lot_card(rehearsal),
        terms=structs.replace(rehearsal.scene.terms, reserve_price=0),
        paddle=0 if asked.account is None else rehearsal.paddle_of(asked.account.id),
        may_host=may_host(asked.account),
        incidents=rehearsal.review().incidents,
    )


async def end_rehearsal(asked: Asked) -> None:
    """End a rehearsal; nothing of it remains."""
    await _rehearsals(asked).end(_held(asked).name)


async def take_paddle(asked: Asked) -> RehearsalPaddle:
    """Take part as a bidder, without sign-up and without money; asked again it is the same paddle."""
    try:
        return RehearsalPaddle(await _held(asked).rehearsal.admit(asked.caller.id))
    except NoPaddle as error:
        raise ApiError(ApiCode[error.refusal.name]) from error


async def cause_incident(asked: Asked) -> Incident:
    """Make something go wrong, now or at the moment that it waits for."""
    wanted: WantedIncident = asked.body
    incident = await _held(asked).rehearsal.cause(wanted.kind)
    if incident is None:
        raise ApiError(ApiCode.INCIDENT_NOT_NOW)
    return incident


async def review_rehearsal(asked: Asked) -> Review:
    """Tell how it went so far: incidents with the host's reaction times, his acts, what was refused."""
    return _held(asked).rehearsal.review()


async def read_rehearsal_records(asked: Asked) -> RecordPage:
    """Read the records of a rehearsed lot; once it has ended, hosts also see what was withheld."""
    query: RecordQuery = asked.query
    held = _held(asked)
    rehearsal = held.rehearsal
    rows = await rehearsal.journal.read_lot(LOT, query.after, query.limit + 1)
    sees_all = rehearsal.view.state in CLOSED_STATES and may_host(asked.account)
    pairs = [(row, row.event) for row in rows[: query.limit]]
    actors = {by for _, event in pairs if 0 < (by := getattr(event, "by", 0)) < CLERK}
    names = await asked.services.people.names(actors) | {CLERK: CLERK_NAME}
    records = [linked(row, event, sees_all, names) for row, event in pairs]
    return RecordPage(held.name, records, len(rows) > query.limit)


async def count_rehearsal_refusals(asked: Asked) -> Refusals:
    """Count what bidders were refused in a rehearsal, by reason."""
    rehearsal = _held(asked).rehearsal
    lot = rehearsal.hall.lot(LOT)
    paddles = {} if lot is None else lot.paddles
    rows = [row for row in rehearsal.refusals() if row.party in paddles]
    reasons = []
    for code in sorted({row.refused.code for row in rows}):
        of_code = [row for row in reversed(rows) if row.refused.code is code]
        parties = list(dict.fromkeys(row.party for row in of_code))
        last = tuple(row.at_us for row in of_code[:LATEST_MAX])
        latest = tuple(paddles[party] for party in parties[:LATEST_MAX])
        reasons.append(RefusedForReason(code.name, len(of_code), len(parties), latest, last))
    reasons.sort(key=lambda reason: -reason.count)
    return Refusals(LOT, len(rows), True, reasons)


async def _scene(asked: Asked, wanted: NewRehearsal) -> Scene:
    """Return what is played.  Raises: ApiError."""
    by, catalogue = asked.caller.id, asked.services.catalogue
    if wanted.lot:
        sheet = await catalogue.get(wanted.lot)
        if sheet is None:
            raise ApiError(ApiCode.LOT_UNKNOWN)
        card = sheet.card
        return Scene(
            title=card.title,
            terms=rehearsed(sheet.terms, wanted.pace, by, has_reserve=card.view.has_reserve),
            category=card.category,
            region=card.region,
            seller=card.seller,
            deposit=card.deposit,
            copied_from=card.lot,
        )
    if wanted.rulebook:
        rulebook = catalogue.rulebooks.get(wanted.rulebook)
        if rulebook is None:
            raise ApiError(ApiCode.RULEBOOK_UNKNOWN, wanted.rulebook)
        draft = sample(rulebook)
        return Scene(
            title=rulebook.title,
            terms=rehearsed(draft.terms, wanted.pace, by),
            category=draft.category,
            deposit=draft.deposit,
            rulebook=rulebook.name,
            priority_bidders=rulebook.sample.priority_bidders,
        )
    return structs.replace(PLAIN_HALL, terms=rehearsed(PLAIN_HALL.terms, wanted.pace, by))


def _rehearsals(asked: Asked) -> Rehearsals:
    return asked.request.app[REHEARSALS]


def _held(asked: Asked) -> HeldRehearsal:
    held = _rehearsals(asked).get(asked.names[NAME])
    if held is None:
        raise ApiError(ApiCode.REHEARSAL_UNKNOWN)
    return held


def _card(held: HeldRehearsal) -> RehearsalCard:
    rehearsal = held.rehearsal
    scene, cast = rehearsal.scene, rehearsal.cast
    return RehearsalCard(
        name=held.name,
        title=scene.title,
        by_name=held.by.name,
        began_at_us=rehearsal.began_at_us,
        ends_at_us=held.ends_at_us,
        bidders=cast.robots,
        pace=cast.pace,
        seed=cast.seed,
        is_scripted=cast.is_scripted,
        copied_from=scene.copied_from,
        rulebook=scene.rulebook,
        state=rehearsal.view.state,
    )


def _lot_card(rehearsal: Rehearsal) -> LotCard:
    scene = rehearsal.scene
    return LotCard(
        lot=LOT,
        code="REHEARSAL",
        category=scene.category,
        region=scene.region,
        title=scene.title,
        seller=scene.seller,
        deposit=scene.deposit,
        deposit_by_us=0,
        currency=scene.terms.currency,
        is_demo=False,
        view=rehearsal.view,
        closed_at_us=rehearsal.review().ended_at_us,
    )


UNKNOWN = (ApiCode.REHEARSAL_UNKNOWN,)
HOSTS = only(Role.HOST, Role.ADMIN)
OPERATIONS = (
    Operation("GET", "/rehearsals", list_rehearsals, HOSTS, answer=RehearsalList),
    Operation(
        "POST", "/rehearsals", begin_rehearsal, HOSTS, body=NewRehearsal, answer=RehearsalCard, status=201,
        codes=(
            ApiCode.LOT_UNKNOWN, ApiCode.RULEBOOK_UNKNOWN, ApiCode.TERMS_INVALID, ApiCode.TOO_MANY_REHEARSALS,
        ),
    ),
    Operation("GET", "/rehearsals/{name}", show_rehearsal, ANYONE, answer=RehearsalDetail, codes=UNKNOWN),
    Operation("DELETE", "/rehearsals/{name}", end_rehearsal, HOSTS, status=204, codes=UNKNOWN),
    Operation(
        "POST", "/rehearsals/{name}/paddle", take_paddle, SIGNED_IN, answer=RehearsalPaddle,
        codes=(*UNKNOWN, ApiCode.LOT_CLOSED, ApiCode.TOO_MANY_BIDDERS),
    ),
    Operation(
        "POST", "/rehearsals/{name}/incidents", cause_incident, HOSTS, body=WantedIncident, answer=Incident,
        codes=(*UNKNOWN, ApiCode.INCIDENT_NOT_NOW),
    ),
    Operation("GET", "/rehearsals/{name}/review", review_rehearsal, HOSTS, answer=Review, codes=UNKNOWN),
    Operation(
        "GET", "/rehearsals/{name}/records", read_rehearsal_records, ANYONE, query=RecordQuery, answer=RecordPage,
        codes=UNKNOWN,
    ),
    Operation(
        "GET", "/rehearsals/{name}/refusals", count_rehearsal_refusals, HOSTS, answer=Refusals, codes=UNKNOWN,
    ),
)  # fmt: skip
