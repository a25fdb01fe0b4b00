"""What administrators do with accounts: finding them, their roles, letting in and keeping out, sign-ins and tokens.

Every change of what an account may do is kept with who made it, when and why, in the transaction that makes it.

Belongs here: accounts as the office sees them. Does not belong here: proving who somebody is (`exchange.people`).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct

from exchange.database import Database, Row, Statements
from exchange.people import DELETE_SESSIONS, People, Role
from exchange.ports import Clock, ExchangeError
from matching.units import TimeUs

ADMINS_LOCK: Final = 0x6C756F6368756961
"""Key of the lock under which admins lose what they have: two at once must not leave none."""

SEARCH_CHARACTERS_MAX = 100
CHANGES_MAX = 200

LISTED_COLUMNS = """
       a.id, a.login, a.name, a.roles, a.is_demo, a.is_active, a.created_at_us, a.must_change_password,
       a.password_hash IS NOT NULL AS has_password,
       (SELECT count(*) FROM exchange.session s WHERE s.account = a.id AND s.expires_at_us > $1) AS sign_ins,
       (SELECT max(s.created_at_us) FROM exchange.session s WHERE s.account = a.id) AS signed_in_at_us,
       (SELECT count(*) FROM exchange.api_token t WHERE t.account = a.id) AS tokens
"""
WANTED = """
 WHERE ($2 = '' OR strpos(a.login, lower($2)) > 0 OR strpos(lower(a.name), lower($2)) > 0 OR a.id::text = $2)
   AND ($3::text IS NULL OR $3 = ANY(a.roles))
   AND ($4::boolean IS NULL OR a.is_active = $4)
"""
SELECT_LISTED = f"SELECT {LISTED_COLUMNS} FROM exchange.account a {WANTED} ORDER BY a.id LIMIT $5 OFFSET $6"
COUNT_LISTED = f"SELECT count(*) FROM exchange.account a {WANTED} AND $1::bigint IS NOT NULL"
SELECT_ONE = f"SELECT {LISTED_COLUMNS} FROM exchange.account a WHERE a.id = $2"

LOCK_ADMINS = "SELECT pg_advisory_xact_lock($1)"
SELECT_FOR_CHANGE = "SELECT id, roles, is_active, is_demo FROM exchange.account WHERE id = $1 FOR UPDATE"
OTHER_ADMINS = """
SELECT EXISTS (SELECT FROM exchange.account WHERE id <> $1 AND is_active AND 'admin' = ANY(roles))
"""
UPDATE_ROLES = "UPDATE exchange.account SET roles = $2 WHERE id = $1"
UPDATE_ACTIVE = "UPDATE exchange.account SET is_active = $2 WHERE id = $1"
UPDATE_PASSWORD = "UPDATE exchange.account SET password_hash = $2, must_change_password = true WHERE id = $1"
INSERT_CHANGE = """
INSERT INTO exchange.account_change (account, kind, roles_before, roles_after, changed_by, changed_at_us, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
SELECT_CHANGES = """
SELECT c.id, c.kind, c.roles_before, c.roles_after, c.changed_by, a.name AS by_name, c.changed_at_us, c.reason
  FROM exchange.account_change c JOIN exchange.account a ON a.id = c.changed_by
 WHERE c.account = $1 ORDER BY c.id DESC LIMIT $2
"""


class ChangeKind(StrEnum):
    """What about an account was changed."""

    ROLES = "roles"
    LET_IN = "let_in"
    KEPT_OUT = "kept_out"
    PASSWORD_RESET = "password_reset"


class AccountRefusal(StrEnum):
    """Why an account stays as it is, in order of precedence."""

    OWN_ACCOUNT = "OWN_ACCOUNT"
    """Nobody takes from himself what only another could give back to him."""
    LAST_ADMIN = "LAST_ADMIN"
    """Nobody would be left who could make an administrator."""


class AccountMissing(ExchangeError):
    """There is no account with this number."""


class AccountSearch(Struct, frozen=True):
    """Which accounts are wanted: part of login or name or the number, a role, whether they are let in."""

    text: str = ""
    role: Role | None = None
    is_active: bool | None = None
    limit: int = 50
    offset: int = 0


class ListedAccount(Struct, frozen=True):
    """An account as the office sees it. `sign_ins` are those under way, `signed_in_at_us` is of the latest known."""

    id: int
    login: str
    name: str
    roles: tuple[Role, ...]
    is_active: bool
    is_demo: bool
    has_password: bool
    must_change_password: bool
    created_at_us: TimeUs
    sign_ins: int
    signed_in_at_us: TimeUs | None
    tokens: int


class FoundAccounts(Struct, frozen=True):
    """A page of accounts, and how many there are in all."""

    accounts: list[ListedAccount]
    total: int


class AccountChange(Struct, frozen=True):
    """One change of what an account may do."""

    id: int
    kind: ChangeKind
    roles_before: tuple[Role, ...]
    roles_after: tuple[Role, ...]
    changed_by: int
    by_name: str
    changed_at_us: TimeUs
    reason: str


class Accounts:
    """Accounts as the office sees and changes them, over PostgreSQL.

    What is taken from somebody is taken in this process when the method returns, and his live connections end.
    Every method raises StoreUnavailable when the database does not answer.
    """

    def __init__(self, pool: Any, clock: Clock, people: People) -> None:
        """Take a pool that the caller opens and closes, and who remembers proofs in this process."""
        self._database = Database(pool)
        self._clock = clock
        self._people = people

    async def search(self, search: AccountSearch) -> FoundAccounts:
        """Return a page of accounts by number, and how many there are."""
        wanted = (self._clock.now_us(), search.text.strip(), search.role, search.is_active)
        rows = await self._database.rows(SELECT_LISTED, *wanted, search.limit, search.offset)
        total = await self._database.value(COUNT_LISTED, *wanted)
        return FoundAccounts([_listed(row) for row in rows], total)

    async def get(self, account: int) -> ListedAccount | None:
        """Return one account as the office sees it."""
        row = await self._database.row(SELECT_ONE, self._clock.now_us(), account)
        return None if row is None else _listed(row)

    async def changes(self, account: int) -> list[AccountChange]:
        """Return the latest changes of an account, at most 200, the latest first."""
        return [_change(row) for row in await self._database.rows(SELECT_CHANGES, account, CHANGES_MAX)]

    async def set_roles(
        self, account: int, roles: Sequence[Role], by: int, reason: str
    ) -> AccountRefusal | None:
        """Give an account these roles and no others. Roles that it has already change nothing.

        Refuses: OWN_ACCOUNT for one's own admin role, LAST_ADMIN.
        Raises: AccountMissing.
        """
        async with self._database.transaction() as statements:
            row = await self._taken(statements, account)
            before = [Role(role) for role in row["roles"]]
            if set(before) == set(roles):
                return None
            if Role.ADMIN in before and Role.ADMIN not in roles:
                if account == by:
                    return AccountRefusal.OWN_ACCOUNT
                if await self._is_last_admin(statements, row):
                    return AccountRefusal.LAST_ADMIN
            await statements.run(UPDATE_ROLES, account, list(roles))
            await self._note(statements, account, ChangeKind.ROLES, before, roles, by, reason)
        await self._people.forget_all_of(account)
        return None

    async def let_in(self, account: int, by: int, reason: str) -> None:
        """Let an account in again; one that is in stays so.  Raises: AccountMissing."""
        async with self._database.transaction() as statements:
            row = await self._taken(statements, account)
            if not row["is_active"]:
                await statements.run(UPDATE_ACTIVE, account, True)
                await self._note(
                    statements, account, ChangeKind.LET_IN, row["roles"], row["roles"], by, reason
                )

    async def keep_out(self, account: int, by: int, reason: str) -> AccountRefusal | None:
        """Keep an account out from now on; one that is out stays so.

        Its sign-ins are over; its tokens rest and hold again once it is let in.

        Refuses: OWN_ACCOUNT, LAST_ADMIN.
        Raises: AccountMissing.
        """
        async with self._database.transaction() as statements:
            row = await self._taken(statements, account)
            if not row["is_active"]:
                return None
            if account == by:
                return AccountRefusal.OWN_ACCOUNT
            if await self._is_last_admin(statements, row):
                return AccountRefusal.LAST_ADMIN
            await statements.run(UPDATE_ACTIVE, account, False)
            ended = await statements.rows(DELETE_SESSIONS, account)
            await self._note(statements, account, ChangeKind.KEPT_OUT, row["roles"], row["roles"], by, reason)
        self._people.forget(row["token_sha256"] for row in ended)
        await self._people.forget_all_of(account)
        return None

    async def reset_password(self, account: int, by: int, reason: str) -> str | AccountRefusal:
        """Give an account a password that can be read this once, and end its sign-ins; API tokens stay.

        Its owner may do nothing with it before he has chosen another one.

        Refuses: OWN_ACCOUNT; one's own password is changed by whoever knows the old one.
        Raises: AccountMissing; Busy, when too many passwords wait to be hashed.
        """
        if account == by:
            return AccountRefusal.OWN_ACCOUNT
        password, hashed = await self._people.new_password()
        async with self._database.transaction() as statements:
            row = await self._taken(statements, account)
            await statements.run(UPDATE_PASSWORD, account, hashed)
            await self._note(
                statements, account, ChangeKind.PASSWORD_RESET, row["roles"], row["roles"], by, reason
            )
            ended = await statements.rows(DELETE_SESSIONS, account)
        self._people.forget(row["token_sha256"] for row in ended)
        return password

    async def _taken(self, statements: Statements, account: int) -> Row:
        """Return an account, held until the transaction ends.  Raises: AccountMissing."""
        await statements.run(LOCK_ADMINS, ADMINS_LOCK)
        row = await statements.row(SELECT_FOR_CHANGE, account)
        if row is None:
            raise AccountMissing(str(account))
        return row

    async def _is_last_admin(self, statements: Statements, row: Row) -> bool:
        if Role.ADMIN not in row["roles"] or not row["is_active"]:
            return False
        return not await statements.value(OTHER_ADMINS, row["id"])

    async def _note(
        self,
        statements: Statements,
        account: int,
        kind: ChangeKind,
        before: Sequence[str],
        after: Sequence[str],
        by: int,
        reason: str,
    ) -> None:
        now_us = self._clock.now_us()
        await statements.run(INSERT_CHANGE, account, kind, list(before), list(after), by, now_us, reason)


def _listed(row: Row) -> ListedAccount:
    return ListedAccount(
        id=row["id"],
        login=row["login"],
        name=row["name"],
        roles=tuple(Role(role) for role in row["roles"]),
        is_active=row["is_active"],
        is_demo=row["is_demo"],
        has_password=row["has_password"],
        must_change_password=row["must_change_password"],
        created_at_us=row["created_at_us"],
        sign_ins=row["sign_ins"],
        signed_in_at_us=row["signed_in_at_us"],
        tokens=row["tokens"],
    )


def _change(row: Row) -> AccountChange:
    return AccountChange(
        row["id"],
        ChangeKind(row["kind"]),
        tuple(Role(role) for role in row["roles_before"]),
        tuple(Role(role) for role in row["roles_after"]),
        row["changed_by"],
        row["by_name"],
        row["changed_at_us"],
        row["reason"],
    )
