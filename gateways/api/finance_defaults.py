"""Winners who did not honour their bids: who gets the deposit, proposed by one person and posted by another."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from gateways.api.errors import ApiCode, ApiError
from gateways.api.finance_answers import names_of, refused
from gateways.api.finance_payouts import Id, Money, ReasonForm
from gateways.api.finance_roles import CHECKERS, MAKERS, READERS
from gateways.api.operation import Asked, Operation
from ledger.defaults import CaseActed, CaseState, DefaultCase, DefaultRefusal
from ledger.forfeits import Claim, ClaimKind, ClaimRefusal, Share
from ledger.receipts import TEXT_LENGTH_MAX


class DefaultQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which defaults: in a state, of a lot."""

    state: CaseState | None = None
    lot: Id | None = None


class DefaultCases(Struct, frozen=True):
    """Defaults that concern a deposit; `people` are the names of the accounts that acted."""

    cases: list[DefaultCase]
    people: dict[int, str]


class ClaimForm(Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked for out of the deposit, and on what ground."""

    kind: ClaimKind
    amount: Money
    ground: Annotated[str, Meta(min_length=1, max_length=TEXT_LENGTH_MAX)]


class ClaimsForm(Struct, frozen=True, forbid_unknown_fields=True):
    """All claims, one of a kind at most; none when everything goes to whoever gets the rest."""

    claims: Annotated[list[ClaimForm], Meta(max_length=len(ClaimKind))] = []


class Division(Struct, frozen=True):
    """Who would get what."""

    shares: tuple[Share, ...]


class DefaultActed(Struct, frozen=True):
    """The act was done; `is_new` is false when it had been done before."""

    case: DefaultCase
    is_new: bool


async def list_defaults(asked: Asked) -> DefaultCases:
    """List defaults with what is held, what is proposed and who decided."""
    query: DefaultQuery = asked.query
    cases = await asked.services.finance.defaults.cases(query.state, query.lot)
    proposed = (case.proposal.proposed_by for case in cases if case.proposal is not None)
    persons = {*proposed, *(case.decided_by for case in cases)}
    return DefaultCases(cases, await names_of(asked.services, persons))


async def preview_division(asked: Asked) -> Division:
    """Show who would get what of a defaulter's deposit; writes nothing."""
    lot, bidder = asked.ids["lot"], asked.ids["bidder"]
    answer = await asked.services.finance.defaults.preview(lot, bidder, _claims(asked.body))
    if isinstance(answer, DefaultRefusal | ClaimRefusal):
        raise _refused(answer)
    return Division(answer)


async def propose_division(asked: Asked) -> DefaultActed:
    """Propose how a defaulter's deposit is divided; another person posts it."""
    lot, bidder = asked.ids["lot"], asked.ids["bidder"]
    defaults = asked.services.finance.defaults
    return _acted(await defaults.settle_default(lot, bidder, _claims(asked.body), asked.caller.id))


async def post_division(asked: Asked) -> DefaultActed:
    """Post the proposal of another person: the deposit goes where its shares say, once."""
    lot, bidder = asked.ids["lot"], asked.ids["bidder"]
    return _acted(await asked.services.finance.defaults.post(lot, bidder, asked.caller.id))


async def decline_division(asked: Asked) -> DefaultActed:
    """Decline the open proposal, with the reason."""
    lot, bidder = asked.ids["lot"], asked.ids["bidder"]
    defaults = asked.services.finance.defaults
    return _acted(await defaults.decline(lot, bidder, asked.body.reason, asked.caller.id))


def _claims(form: ClaimsForm) -> list[Claim]:
    return [Claim(kind=one.kind, amount=one.amount, ground=one.ground) for one in form.claims]


def _acted(answer: CaseActed | DefaultRefusal | ClaimRefusal) -> DefaultActed:
    if isinstance(answer, CaseActed):
        return DefaultActed(answer.case, answer.is_new)
    raise _refused(answer)


def _refused(refusal: DefaultRefusal | ClaimRefusal) -> ApiError:
    if refusal is DefaultRefusal.NOT_DEFAULTED:
        return ApiError(ApiCode.NOT_ON_FILE, refusal.value)
    return refused(refusal)


PLACE = "/defaults/{lot}/bidders/{bidder}"
CODES = (ApiCode.NOT_ON_FILE, ApiCode.REFUSED_BY_LEDGER)
OPERATIONS = (
    Operation("GET", "/defaults", list_defaults, READERS, query=DefaultQuery, answer=DefaultCases),
    Operation(
        "POST", f"{PLACE}/division", preview_division, READERS, body=ClaimsForm, answer=Division, codes=CODES,
        is_question=True,
    ),
    Operation(
        "POST", f"{PLACE}/proposal", propose_division, MAKERS, body=ClaimsForm, answer=DefaultActed, codes=CODES
    ),
    Operation("POST", f"{PLACE}/confirmation", post_division, CHECKERS, answer=DefaultActed, codes=CODES),
    Operation(
        "POST", f"{PLACE}/decline", decline_division, CHECKERS, body=ReasonForm, answer=DefaultActed, codes=CODES
    ),
)  # fmt: skip
