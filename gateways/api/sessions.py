"""Signing in and out, and who one is."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from exchange import __version__
from exchange.people import PASSWORD_CHARACTERS_MAX, Account
from gateways import identity
from gateways.api.errors import ApiCode, ApiError
from gateways.api.operation import ANYONE, SIGNED_IN, Asked, Operation, json_response


class Credentials(Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody signs in with."""

    login: Annotated[str, Meta(min_length=1, max_length=64)]
    password: Annotated[str, Meta(min_length=1, max_length=PASSWORD_CHARACTERS_MAX)]


class AccountCard(Struct, frozen=True):
    """An account as its owner sees it."""

    id: int
    login: str
    name: str
    roles: tuple[str, ...]


class SignedIn(Struct, frozen=True):
    """A session has begun; the cookie that carries it comes with this answer."""

    account: AccountCard
    expires_at_us: int


class Me(Struct, frozen=True):
    """Who asks, and what kind of exchange this is."""

    account: AccountCard | None
    demo: bool
    version: str
    server_time_us: int


async def sign_in(asked: Asked) -> web.Response:
    """Sign in with login and password."""
    credentials: Credentials = asked.body
    services, request = asked.services, asked.request
    now_us = services.clock.now_us()
    attempt = services.sign_in_limit.begin(request.remote or "", credentials.login, now_us)
    if attempt is None:
        raise ApiError(ApiCode.RATE_LIMITED, "sign-in attempts")
    session = await services.people.sign_in(credentials.login, credentials.password)
    if session is None:
        raise ApiError(ApiCode.WRONG_CREDENTIALS)
    services.sign_in_limit.give_back(attempt)
    response = json_response(SignedIn(account_card(session.account), session.expires_at_us))
    identity.keep_session(response, request, session, now_us)
    return response


async def sign_out(asked: Asked) -> web.Response:
    """Sign out: the session ends, and its cookie is taken back."""
    token = asked.request.cookies.get(identity.COOKIE)
    if token:
        await asked.services.people.sign_out(token)
    response = json_response(None)
    identity.drop_session(response, asked.request)
    return response


async def who_am_i(asked: Asked) -> Me:
    """Tell who asks."""
    account = None if asked.account is None else account_card(asked.account)
    return Me(account, asked.services.is_demo, __version__, asked.services.clock.now_us())


def account_card(account: Account) -> AccountCard:
    """Return what the owner of an account sees of it."""
    return AccountCard(account.id, account.login, account.name, tuple(role.value for role in account.roles))


OPERATIONS = (
    Operation(
        "POST", "/session", sign_in, ANYONE, body=Credentials, answer=SignedIn,
        codes=(ApiCode.WRONG_CREDENTIALS, ApiCode.RATE_LIMITED),
    ),
    Operation("DELETE", "/session", sign_out, SIGNED_IN, status=204),
    Operation("GET", "/me", who_am_i, ANYONE, answer=Me),
)  # fmt: skip
