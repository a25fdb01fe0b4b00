"""Making accounts and API tokens."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from msgspec import Meta, Struct

from exchange.identity_documents import Declaration, IdentityRefusal
from exchange.people import (
    LOGIN_PATTERN,
    NAME_CHARACTERS_MAX,
    NAME_PATTERN,
    PASSWORD_CHARACTERS_MAX,
    PASSWORD_CHARACTERS_MIN,
    NewAccount,
    Role,
    TokenLabel,
    made_password,
)
from gateways.api.errors import ApiCode, ApiError
from gateways.api.operation import BULK_BODY_BYTES_MAX, SIGNED_IN, Asked, Operation, only
from gateways.api.sessions import AccountCard, account_card

ACCOUNTS_MAX = 1_000
DECLARATION_CODES: Final = tuple(ApiCode[refusal.name] for refusal in IdentityRefusal)
"""With which a declaration of identity may be refused."""

BULK_LABEL = "made with the account"

Login: TypeAlias = Annotated[str, Meta(pattern=LOGIN_PATTERN)]
Name: TypeAlias = Annotated[str, Meta(max_length=NAME_CHARACTERS_MAX, pattern=NAME_PATTERN)]
Roles: TypeAlias = Annotated[tuple[Role, ...], Meta(min_length=1, max_length=len(Role))]
Password: TypeAlias = Annotated[
    str, Meta(min_length=PASSWORD_CHARACTERS_MIN, max_length=PASSWORD_CHARACTERS_MAX)
]


class AccountForm(Struct, frozen=True, forbid_unknown_fields=True):
    """An account to make: with a password, with one that is made for it, or with an API token instead.

    Whose password is made for him must choose another one when he first signs in. A bidder may come with his
    declaration of who he is, whose name the account then has.
    """

    login: Login
    name: Name
    roles: Roles
    password: Password | None = None
    is_password_made: bool = False
    identity: Declaration | None = None


class AccountMade(Struct, frozen=True):
    """The new account; `token` and `password` can be read this once."""

    account: AccountCard
    token: str | None
    password: str | None = None


class ProgramAccount(Struct, frozen=True, forbid_unknown_fields=True):
    """An account for a program, without a password."""

    login: Login
    name: Name
    roles: Roles


class BulkForm(Struct, frozen=True, forbid_unknown_fields=True):
    """Accounts to make, all or none."""

    accounts: Annotated[list[ProgramAccount], Meta(min_length=1, max_length=ACCOUNTS_MAX)]
    with_tokens: bool = True


class BulkAccount(Struct, frozen=True):
    """An account that was made, with its token where one was wanted."""

    id: int
    login: str
    token: str | None


class BulkMade(Struct, frozen=True):
    """The new accounts, in the order in which they were asked for."""

    accounts: list[BulkAccount]


class TokenForm(Struct, frozen=True, forbid_unknown_fields=True):
    """What a new API token is to be called."""

    label: Annotated[str, Meta(min_length=1, max_length=100)] = "API"


class TokenMade(Struct, frozen=True):
    """A new API token; it can be read this once."""

    token: str


class Tokens(Struct, frozen=True):
    """One's API tokens by name."""

    tokens: list[TokenLabel]


async def make_account(asked: Asked) -> AccountMade:
    """Make an account."""
    form: AccountForm = asked.body
    people = asked.services.people
    refusal = None if form.identity is None else asked.services.identities.refusal_of(form.identity)
    if refusal is not None:
        raise ApiError(ApiCode[refusal.name])
    made = made_password() if form.is_password_made and form.password is None else None
    password = form.password or made
    account = await people.create(
        form.login, form.name, distinct(form.roles), password, must_change_password=made is not None
    )
    asked.say(account=account.id, login=account.login, roles=list(account.roles))
    if form.identity is not None:
        await asked.services.identities.declare(account.id, form.identity, asked.caller.id)
    token = await people.issue_token(account.id, BULK_LABEL) if password is None else None
    return AccountMade(account_card(account), token, made)


async def make_accounts(asked: Asked) -> BulkMade:
    """Make many accounts at once, for programs."""
    form: BulkForm = asked.body
    people = asked.services.people
    new = [NewAccount(one.login, one.name, distinct(one.roles)) for one in form.accounts]
    accounts = await people.create_many(new)
    asked.say(accounts=len(accounts), first=accounts[0].id, last=accounts[-1].id)
    tokens: list[str | None] = [None] * len(accounts)
    if form.with_tokens:
        tokens = list(await people.issue_tokens([account.id for account in accounts], BULK_LABEL))
    made = zip(accounts, tokens, strict=True)
    return BulkMade([BulkAccount(account.id, account.login, token) for account, token in made])


async def issue_token(asked: Asked) -> TokenMade:
    """Make an API token for an account."""
    form: TokenForm = asked.body
    account = await asked.services.people.get(asked.ids["account"])
    if account is None:
        raise ApiError(ApiCode.ACCOUNT_UNKNOWN)
    return TokenMade(await asked.services.people.issue_token(account.id, form.label))


async def issue_own_token(asked: Asked) -> TokenMade:
    """Make an API token for oneself."""
    form: TokenForm = asked.body
    return TokenMade(await asked.services.people.issue_token(asked.caller.id, form.label))


async def list_own_tokens(asked: Asked) -> Tokens:
    """List one's API tokens by name."""
    return Tokens(await asked.services.people.tokens(asked.caller.id))


async def revoke_own_token(asked: Asked) -> None:
    """End one of one's API tokens."""
    if not await asked.services.people.revoke_token(asked.caller.id, asked.ids["token"]):
        raise ApiError(ApiCode.TOKEN_UNKNOWN)


def distinct(roles: tuple[Role, ...]) -> tuple[Role, ...]:
    """Return roles, each once, in the order given."""
    return tuple(dict.fromkeys(roles))


OPERATIONS = (
    Operation(
        "POST", "/accounts", make_account, only(Role.ADMIN), body=AccountForm, answer=AccountMade, status=201,
        codes=(ApiCode.LOGIN_TAKEN, *DECLARATION_CODES),
        in_one=True, is_secret=True,
    ),
    Operation(
        "POST", "/accounts/bulk", make_accounts, only(Role.ADMIN), body=BulkForm, answer=BulkMade, status=201,
        codes=(ApiCode.LOGIN_TAKEN,), body_bytes_max=BULK_BODY_BYTES_MAX,
        in_one=True, is_secret=True,
    ),
    Operation(
        "POST", "/accounts/{account}/tokens", issue_token, only(Role.ADMIN), body=TokenForm, answer=TokenMade,
        status=201, codes=(ApiCode.ACCOUNT_UNKNOWN, ApiCode.TOO_MANY_TOKENS), is_body_optional=True,
        in_one=True, is_secret=True,
    ),
    Operation(
        "POST", "/me/tokens", issue_own_token, SIGNED_IN, body=TokenForm, answer=TokenMade, status=201,
        codes=(ApiCode.TOO_MANY_TOKENS,), is_body_optional=True, is_noted=True,
        in_one=True, is_secret=True,
    ),
    Operation("GET", "/me/tokens", list_own_tokens, SIGNED_IN, answer=Tokens),
    Operation(
        "DELETE", "/me/tokens/{token}", revoke_own_token, SIGNED_IN, status=204, codes=(ApiCode.TOKEN_UNKNOWN,),
        is_noted=True,
        in_one=True,
    ),
)  # fmt: skip
