"""Signing in and out, who one is, and one's own password and sign-ins."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from exchange import __version__
from exchange.centre import Lines, Text
from exchange.people import (
    PASSWORD_CHARACTERS_MAX,
    PASSWORD_CHARACTERS_MIN,
    Account,
    Origin,
    Session,
    SignIn,
)
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


class CentreLine(Struct, frozen=True):
    """What every page says of the centre."""

    name: Lines
    phone: str
    complaint_line: str
    region: str
    footer: Text


class Me(Struct, frozen=True):
    """Who asks, and what kind of exchange this is."""

    account: AccountCard | None
    must_change_password: bool
    may_register: bool
    demo: bool
    version: str
    server_time_us: int
    centre: CentreLine


class PasswordForm(Struct, frozen=True, forbid_unknown_fields=True):
    """Another password for oneself, and the one that was good until now."""

    old: Annotated[str, Meta(min_length=1, max_length=PASSWORD_CHARACTERS_MAX)]
    new: Annotated[str, Meta(min_length=PASSWORD_CHARACTERS_MIN, max_length=PASSWORD_CHARACTERS_MAX)]


class SignIns(Struct, frozen=True):
    """Sign-ins under way, the latest first."""

    sign_ins: list[SignIn]


async def sign_in(asked: Asked) -> web.Response:
    """Sign in with login and password."""
    credentials: Credentials = asked.body
    services, request = asked.services, asked.request
    asked.act.account, asked.act.login = None, credentials.login
    now_us = services.clock.now_us()
    attempt = services.sign_in_limit.begin(request.remote or "", credentials.login, now_us)
    if attempt is None:
        raise ApiError(ApiCode.RATE_LIMITED, "sign-in attempts")
    session = await services.people.sign_in(credentials.login, credentials.password, origin_of(request))
    if session is None:
        raise ApiError(ApiCode.WRONG_CREDENTIALS)
    services.sign_in_limit.give_back(attempt)
    asked.act.account = session.account
    return signed_in(asked, session)


async def sign_out(asked: Asked) -> web.Response:
    """Sign out: the session ends, and its cookie is taken back."""
    token = asked.request.cookies.get(identity.COOKIE)
    if token:
        await asked.services.people.sign_out(token)
    response = json_response(None)
    identity.drop_session(response, asked.request)
    return response


async def change_own_password(asked: Asked) -> web.Response:
    """Choose another password; all one's sign-ins end, and a new one begins."""
    form: PasswordForm = asked.body
    services, account = asked.services, asked.caller
    attempt = services.sign_in_limit.begin(asked.request.remote or "", account.login, services.clock.now_us())
    if attempt is None:
        raise ApiError(ApiCode.RATE_LIMITED, "sign-in attempts")
    session = await services.people.change_password(account, form.old, form.new, origin_of(asked.request))
    if session is None:
        raise ApiError(ApiCode.WRONG_CREDENTIALS)
    services.sign_in_limit.give_back(attempt)
    return signed_in(asked, session)


async def list_own_sign_ins(asked: Asked) -> SignIns:
    """List one's sign-ins that are under way."""
    token = asked.request.cookies.get(identity.COOKIE, "")
    return SignIns(await asked.services.people.sign_ins(asked.caller.id, token))


async def end_own_sign_in(asked: Asked) -> None:
    """End one of one's sign-ins."""
    if not await asked.services.people.end_sign_in(asked.caller.id, asked.ids["sign_in"]):
        raise ApiError(ApiCode.SIGN_IN_UNKNOWN)


async def who_am_i(asked: Asked) -> Me:
    """Tell who asks."""
    account = None if asked.account is None else account_card(asked.account)
    must_change = asked.account is not None and asked.account.must_change_password
    card = (await asked.services.centre.current()).card
    return Me(
        account,
        must_change,
        asked.services.settings.registration_open,
        asked.services.is_demo,
        __version__,
        asked.services.clock.now_us(),
        CentreLine(card.name, card.phone, card.complaint_line, card.region, card.footer),
    )


def account_card(account: Account) -> AccountCard:
    """Return what the owner of an account sees of it."""
    return AccountCard(account.id, account.login, account.name, tuple(role.value for role in account.roles))


def signed_in(asked: Asked, session: Session) -> web.Response:
    """Return the answer that a session begins with, and its cookie."""
    response = json_response(SignedIn(account_card(session.account), session.expires_at_us))
    identity.keep_session(response, asked.request, session, asked.services.clock.now_us())
    return response


def origin_of(request: web.Request) -> Origin:
    """Return where a sign-in comes from, in what its owner may read again."""
    program = request.headers.get("User-Agent", "")
    return Origin(request.remote or "", "".join(sign for sign in program if sign.isprintable()))


OPERATIONS = (
    Operation(
        "POST", "/session", sign_in, ANYONE, body=Credentials, answer=SignedIn,
        codes=(ApiCode.WRONG_CREDENTIALS, ApiCode.RATE_LIMITED), is_noted=True, is_before_password=True,
        in_one=True,
    ),
    Operation(
        "DELETE", "/session", sign_out, SIGNED_IN, status=204, is_noted=True, is_before_password=True, in_one=True,
    ),
    Operation("GET", "/me", who_am_i, ANYONE, answer=Me, is_before_password=True),
    Operation(
        "PUT", "/me/password", change_own_password, SIGNED_IN, body=PasswordForm, answer=SignedIn,
        codes=(ApiCode.WRONG_CREDENTIALS, ApiCode.SAME_PASSWORD, ApiCode.RATE_LIMITED),
        is_noted=True, is_before_password=True,
        in_one=True,
    ),
    Operation("GET", "/me/sign-ins", list_own_sign_ins, SIGNED_IN, answer=SignIns),
    Operation(
        "DELETE", "/me/sign-ins/{sign_in}", end_own_sign_in, SIGNED_IN, status=204,
        codes=(ApiCode.SIGN_IN_UNKNOWN,), is_noted=True,
        in_one=True,
    ),
)  # fmt: skip
