"""What the centre says of itself, and how that has changed."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from exchange.centre import CentreCard, CentreVersion
from gateways.api.administration import READERS, WRITERS, Reason
from gateways.api.errors import ApiCode, ApiError
from gateways.api.operation import ANYONE, Asked, Operation
from gateways.api.pay_to import PayTo, pay_to

PAGE_VERSIONS_MAX = 200


class CentreForm(Struct, frozen=True, forbid_unknown_fields=True):
    """Another card for the centre. `seen` is the version on which it was written."""

    card: CentreCard
    seen: Annotated[int, Meta(ge=0, lt=2**53)]
    reason: Reason


class CentreNow(Struct, frozen=True):
    """What the centre says of itself now, and where deposits are paid to: the accounts that finance has registered."""

    version: int
    card: CentreCard
    pay_to: list[PayTo]


class CentreQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """A page of versions: so many, below one."""

    before: Annotated[int, Meta(ge=1, lt=2**53)] = 2**53 - 1
    limit: Annotated[int, Meta(ge=1, le=PAGE_VERSIONS_MAX)] = 50


class CentreVersions(Struct, frozen=True):
    """What the centre has said of itself, the latest first."""

    versions: list[CentreVersion]


async def show_centre(asked: Asked) -> CentreNow:
    """Show what the centre says of itself."""
    now = await asked.services.centre.current()
    return CentreNow(now.version, now.card, await pay_to(asked.services))


async def list_centre_versions(asked: Asked) -> CentreVersions:
    """List what the centre has said of itself, who changed it, when and why."""
    query: CentreQuery = asked.query
    return CentreVersions(await asked.services.centre.versions(query.before, query.limit))


async def change_centre(asked: Asked) -> CentreNow:
    """Change what the centre says of itself."""
    form: CentreForm = asked.body
    if not (form.card.name.zh.strip() and form.card.name.en.strip()):
        raise ApiError(ApiCode.INVALID, "body", ("card.name: in both languages",))
    version = await asked.services.centre.change(form.card, form.seen, asked.caller.id, form.reason)
    asked.say(version=version)
    return CentreNow(version, form.card, await pay_to(asked.services))


OPERATIONS = (
    Operation("GET", "/centre", show_centre, ANYONE, answer=CentreNow),
    Operation("GET", "/centre/versions", list_centre_versions, READERS, query=CentreQuery, answer=CentreVersions),
    Operation(
        "PUT", "/centre", change_centre, WRITERS, body=CentreForm, answer=CentreNow,
        codes=(ApiCode.CHANGED_MEANWHILE,),
        in_one=True,
    ),
)  # fmt: skip
