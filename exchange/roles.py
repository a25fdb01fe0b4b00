"""Accounts as everybody knows them: roles, and what a login and a name may be.

Belongs here: values and their bounds. Does not belong here: the database, and what proves who somebody is
(`exchange.people`).
"""

from __future__ import annotations

import re
from enum import StrEnum

from msgspec import Struct

from exchange.database import Row

LOGIN_PATTERN = r"^[a-z0-9][a-z0-9._@-]{1,63}$(?!\n)"
NAME_CHARACTERS_MAX = 100
NAME_PATTERN = r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x1f\x7f-\x9f\s][^\x00-\x1f\x7f-\x9f]*$(?!\n)"
"""Something that can be seen, and no control characters: the name is booked with deposits."""

ACCOUNT_COLUMNS = "id, login, name, roles, is_demo, is_active, must_change_password"


class Role(StrEnum):
    """What somebody is here for; one account may have several."""

    BIDDER = "bidder"
    HOST = "host"
    FINANCE = "finance"
    CASHIER = "cashier"
    CHECKER = "checker"
    ACCOUNTANT = "accountant"
    AUDITOR = "auditor"
    ADMIN = "admin"


FINANCE_ROLES = frozenset({Role.FINANCE, Role.CASHIER, Role.CHECKER, Role.ACCOUNTANT, Role.AUDITOR})
"""Who reads the books. FINANCE acts as cashier, checker and accountant; an AUDITOR changes nothing."""

STAFF = frozenset({Role.HOST, Role.ADMIN}) | FINANCE_ROLES


class Account(Struct, frozen=True):
    """A person or program that can sign in.

    `must_change_password` is of a sign-in: a program with a token has no part in what happens to passwords.
    """

    id: int
    login: str
    name: str
    roles: tuple[Role, ...]
    is_demo: bool = False
    is_active: bool = True
    must_change_password: bool = False

    @property
    def is_staff(self) -> bool:
        """Tell whether the account may see what the public does not."""
        return not STAFF.isdisjoint(self.roles)


class NewAccount(Struct, frozen=True):
    """An account to be made."""

    login: str
    name: str
    roles: tuple[Role, ...]


def checked_login(login: str) -> str:
    """Return the login. Raises: ValueError when it cannot be one."""
    if re.fullmatch(LOGIN_PATTERN, login) is None:
        raise ValueError(f"not a login: {login!r}; use 2 to 64 of a-z 0-9 . _ @ -")
    return login


def checked_name(name: str) -> str:
    """Return the name. Raises: ValueError when it cannot be one."""
    if len(name) > NAME_CHARACTERS_MAX or re.fullmatch(NAME_PATTERN, name) is None:
        raise ValueError(f"not a name: {name!r}; use 1 to {NAME_CHARACTERS_MAX} characters")
    return name


def account_of(row: Row) -> Account:
    """Return the account that a row of ACCOUNT_COLUMNS tells of."""
    roles = tuple(Role(role) for role in row["roles"])
    return Account(
        row["id"],
        row["login"],
        row["name"],
        roles,
        row["is_demo"],
        row["is_active"],
        row["must_change_password"],
    )
