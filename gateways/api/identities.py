"""Who bidders are, over HTTP: one's own declaration, and what the office sees of all and says to them.

Numbers and telephones leave this module masked, but for `disclose_identity`.

Belongs here: what is shown to whom.
Does not belong here: whether a declaration can be so (`exchange.identity_documents`).
"""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, Struct

from exchange.identities import (
    Disclosed,
    FoundIdentities,
    Identity,
    IdentitySearch,
    IdentityState,
    ReviewRefusal,
    Standing,
)
from exchange.identity_documents import REGIONS, Declaration, IdentityRefusal
from exchange.identity_required import IdentityMissing, IdentityRequired, missing_identity
from exchange.people import Role
from exchange.texts import BothLanguages
from gateways.api.accounts import DECLARATION_CODES
from gateways.api.administration import PAGE_ACCOUNTS_MAX, READERS, WRITERS, Reason
from gateways.api.errors import ApiCode, ApiError
from gateways.api.operation import Asked, Operation, only

REVIEW_CODES: Final = tuple(ApiCode[refusal.name] for refusal in ReviewRefusal)


class RegionName(Struct, frozen=True):
    """A region that somebody can name as his."""

    code: str
    name: BothLanguages


class MyIdentity(Struct, frozen=True):
    """Who the caller has declared to be, the latest first.

    `missing` is what keeps him from signing up, if anything does; `required` what this centre asks for.
    """

    required: IdentityRequired
    missing: IdentityMissing | None
    state: IdentityState | None
    history: list[Identity]
    regions: list[RegionName]


class IdentityQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which declarations: in which state, with `q` in name or login or as the account's number."""

    state: IdentityState | None = None
    q: Annotated[str, Meta(max_length=100)] = ""
    limit: Annotated[int, Meta(ge=1, le=PAGE_ACCOUNTS_MAX)] = 50
    offset: Annotated[int, Meta(ge=0, le=10_000_000)] = 0


class AccountIdentity(Struct, frozen=True):
    """What an account has declared, the latest first, and in which state that is."""

    state: IdentityState | None
    is_contested: bool
    history: list[Identity]


class ReviewForm(Struct, frozen=True, forbid_unknown_fields=True):
    """What the centre says to a declaration. The bidder reads the reason; one is needed to return it."""

    is_confirmed: bool
    reason: Annotated[str, Meta(max_length=500)] | None = None


class DisclosureForm(Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody needs the whole number for."""

    reason: Reason


async def show_own_identity(asked: Asked) -> MyIdentity:
    """Show who one has declared to be, and whether that is enough to sign up for a lot."""
    services, account = asked.services, asked.caller.id
    standing = await services.identities.standing(account)
    required = IdentityRequired(services.settings.identity_required)
    return MyIdentity(
        required,
        missing_identity(required, standing),
        None if standing is None else standing.state,
        await services.identities.history(account),
        regions(),
    )


async def declare_own_identity(asked: Asked) -> MyIdentity:
    """Declare who one is; what was declared before stays on record."""
    _declared(await asked.services.identities.declare(asked.caller.id, asked.body, asked.caller.id))
    return await show_own_identity(asked)


async def find_identities(asked: Asked) -> FoundIdentities:
    """Find declarations, those that wait longest first."""
    query: IdentityQuery = asked.query
    return await asked.services.identities.search(
        IdentitySearch(query.state, query.q, query.limit, query.offset)
    )


async def show_identity(asked: Asked) -> AccountIdentity:
    """Show what an account has declared of itself."""
    account = asked.ids["account"]
    if await asked.services.people.get(account) is None:
        raise ApiError(ApiCode.ACCOUNT_UNKNOWN)
    standing = await asked.services.identities.standing(account)
    history = await asked.services.identities.history(account)
    if standing is None:
        return AccountIdentity(None, False, history)
    return AccountIdentity(standing.state, standing.is_contested, history)


async def declare_identity(asked: Asked) -> AccountIdentity:
    """Declare who a bidder is who cannot do so himself, or for whom a program bids."""
    account = asked.ids["account"]
    if not await asked.services.people.with_role([account], Role.BIDDER):
        raise ApiError(ApiCode.ACCOUNT_UNKNOWN, "no bidder")
    standing = _declared(await asked.services.identities.declare(account, asked.body, asked.caller.id))
    asked.say(identity=standing.identity.id)
    return await show_identity(asked)


async def review_identity(asked: Asked) -> Standing:
    """Confirm a declaration, or return it with a reason that the bidder reads."""
    form: ReviewForm = asked.body
    asked.say(is_confirmed=form.is_confirmed)
    reason = (form.reason or "").strip()
    if not form.is_confirmed and not reason:
        raise ApiError(ApiCode.INVALID, "body", ("reason: say what the bidder is to put right",))
    reviewed = await asked.services.identities.review(
        asked.ids["identity"], form.is_confirmed, reason, asked.caller.id
    )
    if isinstance(reviewed, ReviewRefusal):
        raise ApiError(ApiCode[reviewed.name])
    asked.say(account=reviewed.identity.account)
    return reviewed


async def disclose_identity(asked: Asked) -> Disclosed:
    """Show the whole number and telephone of a declaration; who asked and what for stays on record."""
    disclosed = await asked.services.identities.disclosed(asked.ids["identity"])
    if disclosed is None:
        raise ApiError(ApiCode.IDENTITY_UNKNOWN)
    return disclosed


def regions() -> list[RegionName]:
    """Return the regions that somebody can name as his."""
    return [RegionName(code, name) for code, name in REGIONS.items()]


def _declared(standing: Standing | IdentityRefusal) -> Standing:
    if isinstance(standing, IdentityRefusal):
        raise ApiError(ApiCode[standing.name])
    return standing


OPERATIONS = (
    Operation("GET", "/me/identity", show_own_identity, only(Role.BIDDER), answer=MyIdentity),
    Operation(
        "PUT", "/me/identity", declare_own_identity, only(Role.BIDDER), body=Declaration, answer=MyIdentity,
        codes=DECLARATION_CODES, is_noted=True,
        in_one=True,
    ),
    Operation("GET", "/identities", find_identities, READERS, query=IdentityQuery, answer=FoundIdentities),
    Operation(
        "POST", "/identities/{identity}/review", review_identity, WRITERS, body=ReviewForm, answer=Standing,
        codes=REVIEW_CODES,
        in_one=True,
    ),
    Operation(
        "POST", "/identities/{identity}/disclosure", disclose_identity, WRITERS, body=DisclosureForm, answer=Disclosed,
        codes=(ApiCode.IDENTITY_UNKNOWN,),
        in_one=True,
    ),
    Operation(
        "GET", "/accounts/{account}/identity", show_identity, READERS, answer=AccountIdentity,
        codes=(ApiCode.ACCOUNT_UNKNOWN,),
    ),
    Operation(
        "PUT", "/accounts/{account}/identity", declare_identity, WRITERS, body=Declaration, answer=AccountIdentity,
        codes=(ApiCode.ACCOUNT_UNKNOWN, *DECLARATION_CODES),
        in_one=True,
    ),
)  # fmt: skip
