"""Accounts as the office sees and changes them: finding, roles, letting in and keeping out, passwords, sign-ins."""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias

from msgspec import Meta, Struct

from exchange.accounts import AccountChange, AccountRefusal, AccountSearch, FoundAccounts, ListedAccount
from exchange.people import Role, SignIn, TokenLabel
from gateways.api.accounts import Roles, distinct
from gateways.api.errors import ApiCode, ApiError
from gateways.api.operation import Asked, Operation, only
from gateways.api.operation import Roles as Callers

READERS: Final[Callers] = only(Role.ADMIN, Role.AUDITOR)
WRITERS: Final[Callers] = only(Role.ADMIN)
PAGE_ACCOUNTS_MAX = 200

Reason: TypeAlias = Annotated[str, Meta(min_length=1, max_length=500, pattern=r"\S")]


class AccountQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which accounts: with `q` in login or name, or as number; with a role; let in or kept out."""

    q: Annotated[str, Meta(max_length=100)] = ""
    role: Role | None = None
    state: Literal["in", "out"] | None = None
    limit: Annotated[int, Meta(ge=1, le=PAGE_ACCOUNTS_MAX)] = 50
    offset: Annotated[int, Meta(ge=0, le=10_000_000)] = 0


class AccountFile(Struct, frozen=True):
    """All that the office has of an account. Sign-ins and tokens by name only; nobody can use what stands here."""

    account: ListedAccount
    changes: list[AccountChange]
    sign_ins: list[SignIn]
    tokens: list[TokenLabel]


class RolesForm(Struct, frozen=True, forbid_unknown_fields=True):
    """The roles that an account is to have, and why."""

    roles: Roles
    reason: Reason


class StandingForm(Struct, frozen=True, forbid_unknown_fields=True):
    """Whether an account is let in, and why."""

    is_active: bool
    reason: Reason


class StatedReason(Struct, frozen=True, forbid_unknown_fields=True):
    """Why something is done."""

    reason: Reason


class PasswordMade(Struct, frozen=True):
    """A password that can be read this once; its owner chooses another one when he signs in."""

    password: str


async def find_accounts(asked: Asked) -> FoundAccounts:
    """Find accounts."""
    query: AccountQuery = asked.query
    is_active = None if query.state is None else query.state == "in"
    search = AccountSearch(query.q, query.role, is_active, query.limit, query.offset)
    return await asked.services.accounts.search(search)


async def show_account_file(asked: Asked) -> AccountFile:
    """Show an account with its history, its sign-ins and its API tokens."""
    account = asked.ids["account"]
    listed = await asked.services.accounts.get(account)
    if listed is None:
        raise ApiError(ApiCode.ACCOUNT_UNKNOWN)
    people = asked.services.people
    return AccountFile(
        listed,
        await asked.services.accounts.changes(account),
        await people.sign_ins(account),
        await people.tokens(account),
    )


async def set_roles(asked: Asked) -> None:
    """Give an account these roles and no others."""
    form: RolesForm = asked.body
    asked.say(roles=list(form.roles))
    account, by = asked.ids["account"], asked.caller.id
    _checked(await asked.services.accounts.set_roles(account, distinct(form.roles), by, form.reason))


async def set_standing(asked: Asked) -> None:
    """Let an account in, or keep it out with all its sign-ins and tokens."""
    form: StandingForm = asked.body
    asked.say(is_active=form.is_active)
    accounts, account, by = asked.services.accounts, asked.ids["account"], asked.caller.id
    if form.is_active:
        await accounts.let_in(account, by, form.reason)
    else:
        _checked(await accounts.keep_out(account, by, form.reason))


async def reset_password(asked: Asked) -> PasswordMade:
    """Give an account a new password, to be handed over once; its sign-ins end."""
    form: StatedReason = asked.body
    made = await asked.services.accounts.reset_password(asked.ids["account"], asked.caller.id, form.reason)
    if isinstance(made, AccountRefusal):
        raise ApiError(ApiCode[made.name])
    return PasswordMade(made)


async def end_sign_in(asked: Asked) -> None:
    """End one sign-in of an account."""
    if not await asked.services.people.end_sign_in(asked.ids["account"], asked.ids["sign_in"]):
        raise ApiError(ApiCode.SIGN_IN_UNKNOWN)


async def end_sign_ins(asked: Asked) -> None:
    """End all sign-ins of an account."""
    asked.say(ended=await asked.services.people.end_sign_ins(asked.ids["account"]))


async def revoke_token(asked: Asked) -> None:
    """End one API token of an account."""
    if not await asked.services.people.revoke_token(asked.ids["account"], asked.ids["token"]):
        raise ApiError(ApiCode.TOKEN_UNKNOWN)


def _checked(refusal: AccountRefusal | None) -> None:
    if refusal is not None:
        raise ApiError(ApiCode[refusal.name])


OF_CHANGES = (ApiCode.ACCOUNT_UNKNOWN, ApiCode.OWN_ACCOUNT, ApiCode.LAST_ADMIN)
OPERATIONS = (
    Operation("GET", "/accounts", find_accounts, READERS, query=AccountQuery, answer=FoundAccounts),
    Operation(
        "GET", "/accounts/{account}", show_account_file, READERS, answer=AccountFile, codes=(ApiCode.ACCOUNT_UNKNOWN,)
    ),
    Operation(
        "PUT", "/accounts/{account}/roles", set_roles, WRITERS, body=RolesForm, status=204, codes=OF_CHANGES,
        in_one=True,
    ),
    Operation(
        "PUT", "/accounts/{account}/standing", set_standing, WRITERS, body=StandingForm, status=204, codes=OF_CHANGES,
        in_one=True,
    ),
    Operation(
        "POST", "/accounts/{account}/password", reset_password, WRITERS, body=StatedReason, answer=PasswordMade,
        status=201, codes=(ApiCode.ACCOUNT_UNKNOWN, ApiCode.OWN_ACCOUNT),
        in_one=True, is_secret=True,
    ),
    Operation("DELETE", "/accounts/{account}/sign-ins", end_sign_ins, WRITERS, status=204, in_one=True),
    Operation(
        "DELETE", "/accounts/{account}/sign-ins/{sign_in}", end_sign_in, WRITERS, status=204,
        codes=(ApiCode.SIGN_IN_UNKNOWN,),
        in_one=True,
    ),
    Operation(
        "DELETE", "/accounts/{account}/tokens/{token}", revoke_token, WRITERS, status=204,
        codes=(ApiCode.TOKEN_UNKNOWN,),
        in_one=True,
    ),
)  # fmt: skip
