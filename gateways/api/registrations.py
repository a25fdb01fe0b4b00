"""Registering: somebody who has never been here makes an account for himself and is signed in."""

from __future__ import annotations

from aiohttp import web
from msgspec import Struct

from exchange.commitments import Commitment
from exchange.identity_documents import Declaration, IdentityRefusal
from exchange.people import LoginTaken, Session
from exchange.registration import RegistrationRefusal
from exchange.terms_of_use import terms_of_use
from gateways.api.accounts import DECLARATION_CODES, Login, Password
from gateways.api.errors import ApiCode, ApiError
from gateways.api.identities import RegionName, regions
from gateways.api.operation import ANYONE, Asked, Operation
from gateways.api.sessions import SignedIn, origin_of, signed_in
from matching.units import Digest


class RegistrationOffer(Struct, frozen=True):
    """Whether people may register, and what they agree to who do: the text and the digest to send along."""

    is_open: bool
    terms: Commitment
    regions: list[RegionName]


class RegistrationForm(Struct, frozen=True, forbid_unknown_fields=True):
    """An account to make for oneself. `terms` is the SHA-256 of the terms of use that one has read and agrees to."""

    login: Login
    password: Password
    identity: Declaration
    terms: Digest


async def show_registration(asked: Asked) -> RegistrationOffer:
    """Show what registering takes."""
    return RegistrationOffer(asked.services.settings.registration_open, terms_of_use(), regions())


async def register(asked: Asked) -> web.Response:
    """Register as a bidder; a session begins."""
    form: RegistrationForm = asked.body
    services, request = asked.services, asked.request
    asked.act.account, asked.act.login = None, form.login
    if not services.settings.registration_open:
        raise ApiError(ApiCode.REGISTRATION_CLOSED)
    attempt = services.registration_limit.begin(request.remote or "", form.login, services.clock.now_us())
    if attempt is None:
        raise ApiError(ApiCode.RATE_LIMITED, "registrations")
    try:
        made = await services.registrations.register(form.login, form.password, form.identity, form.terms)
    except LoginTaken:
        session = await _come_twice(asked, form)
        if session is None:
            raise
    else:
        if isinstance(made, RegistrationRefusal | IdentityRefusal):
            services.registration_limit.give_back(attempt)
            raise ApiError(ApiCode[made.name])
        session = await services.people.begin_session(made, origin_of(request))
    asked.act.account = session.account
    return signed_in(asked, session)


async def _come_twice(asked: Asked, form: RegistrationForm) -> Session | None:
    """Return a session for somebody whose registration was made, but whose answer was lost, and who sent it again."""
    services = asked.services
    now_us, address = services.clock.now_us(), asked.request.remote or ""
    if not await services.registrations.is_repeat(form.login, form.identity):
        return None
    attempt = services.sign_in_limit.begin(address, form.login, now_us)
    if attempt is None:
        raise ApiError(ApiCode.RATE_LIMITED, "sign-in attempts")
    session = await services.people.sign_in(form.login, form.password, origin_of(asked.request))
    if session is not None:
        services.sign_in_limit.give_back(attempt)
    return session


OPERATIONS = (
    Operation("GET", "/registration", show_registration, ANYONE, answer=RegistrationOffer),
    Operation(
        "POST", "/registration", register, ANYONE, body=RegistrationForm, answer=SignedIn,
        codes=(
            ApiCode.REGISTRATION_CLOSED, ApiCode.RATE_LIMITED, ApiCode.TERMS_DIFFER, ApiCode.LOGIN_TAKEN,
            *DECLARATION_CODES,
        ),
        is_noted=True, is_before_password=True,
        in_one=True,
    ),
)  # fmt: skip
