"""People and programs that use the exchange: accounts, and signing in with a password.

Belongs here: making accounts, finding them, and who may sign in. What proves it from then on is in `exchange.proofs`,
how passwords are hashed in `exchange.passwords`, what an account is in `exchange.roles`; who needs people finds
their words here as well.
Does not belong here: cookies, headers and rate limits (`gateways.identity`), what a role may do in a lot.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from argon2 import PasswordHasher

from exchange.database import NotUnique
from exchange.passwords import (
    PASSWORD_CHARACTERS_MAX,
    PASSWORD_CHARACTERS_MIN,
    Passwords,
    checked_password,
    made_password,
)
from exchange.ports import Clock, ExchangeError
from exchange.proofs import (
    DELETE_SESSIONS,
    NOWHERE,
    REMEMBERED_FOR_US,
    SESSIONS_PER_ACCOUNT_MAX,
    TOKENS_PER_ACCOUNT_MAX,
    Origin,
    Proofs,
    Revoked,
    Session,
    SignIn,
    TokenLabel,
    TooManyTokens,
    fingerprint,
)
from exchange.roles import (
    ACCOUNT_COLUMNS,
    FINANCE_ROLES,
    LOGIN_PATTERN,
    NAME_CHARACTERS_MAX,
    NAME_PATTERN,
    STAFF,
    Account,
    NewAccount,
    Role,
    account_of,
    checked_login,
    checked_name,
)
from matching.units import TimeUs

__all__ = [
    "DELETE_SESSIONS",
    "FINANCE_ROLES",
    "LOGIN_PATTERN",
    "NAME_CHARACTERS_MAX",
    "NAME_PATTERN",
    "NOWHERE",
    "PASSWORD_CHARACTERS_MAX",
    "PASSWORD_CHARACTERS_MIN",
    "REMEMBERED_FOR_US",
    "SESSIONS_PER_ACCOUNT_MAX",
    "STAFF",
    "TOKENS_PER_ACCOUNT_MAX",
    "Account",
    "LoginTaken",
    "NewAccount",
    "Origin",
    "People",
    "Revoked",
    "Role",
    "SamePassword",
    "Session",
    "SignIn",
    "TokenLabel",
    "TooManyTokens",
    "fingerprint",
    "made_password",
]

NAMES_MAX = 10_000

INSERT_ACCOUNTS = f"""
INSERT INTO exchange.account (login, name, roles, password_hash, is_demo, created_at_us, must_change_password)
SELECT new.login, new.name, string_to_array(new.roles, ','), $4, $5, $6, $7
  FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS new (login, name, roles, place)
 ORDER BY new.place
RETURNING {ACCOUNT_COLUMNS}
"""
SELECT_TAKEN = "SELECT login FROM exchange.account WHERE login = ANY($1::text[]) ORDER BY login"
SELECT_WITH_ROLE = (
    "SELECT id FROM exchange.account WHERE id = ANY($1::bigint[]) AND $2 = ANY(roles) AND is_active"
)
SELECT_NAMES = "SELECT id, name FROM exchange.account WHERE id = ANY($1::bigint[])"
SELECT_BY_ID = f"SELECT {ACCOUNT_COLUMNS} FROM exchange.account WHERE id = $1"
SELECT_BY_LOGIN = f"SELECT {ACCOUNT_COLUMNS}, password_hash FROM exchange.account WHERE login = $1"
SELECT_ACCOUNTS = f"SELECT {ACCOUNT_COLUMNS} FROM exchange.account WHERE id > $1 ORDER BY id LIMIT $2"
UPDATE_HASH = "UPDATE exchange.account SET password_hash = $2 WHERE id = $1"
UPDATE_PASSWORD = "UPDATE exchange.account SET password_hash = $2, must_change_password = false WHERE id = $1"


class LoginTaken(ExchangeError):
    """Accounts with these logins are there already; nothing was made."""

    def __init__(self, logins: Sequence[str]) -> None:
        super().__init__(", ".join(logins))
        self.logins = tuple(logins)


class SamePassword(ExchangeError):
    """The new password is the old one."""


class People(Proofs):
    """Accounts over PostgreSQL, together with their proofs.

    Every method raises StoreUnavailable when the database does not answer.
    """

    def __init__(
        self,
        pool: Any,
        clock: Clock,
        *,
        session_hours: int = 12,
        hasher: PasswordHasher | None = None,
    ) -> None:
        """Take a pool that the caller opens and closes.

        Args:
            pool: asyncpg pool.
            clock: the time that sessions go by.
            session_hours: how long a sign-in lasts.
            hasher: cost of a password hash; argon2id with the library's parameters unless given.
        """
        super().__init__(pool, clock, session_hours)
        self._passwords = Passwords(hasher)
        self._names: dict[int, tuple[str, TimeUs]] = {}

    async def create(
        self,
        login: str,
        name: str,
        roles: Sequence[Role],
        password: str | None = None,
        is_demo: bool = False,
        *,
        must_change_password: bool = False,
    ) -> Account:
        """Make an account; without a password only API tokens open it.

        Whose password was chosen by another, or made, must change it before anything else.

        Raises: LoginTaken; ValueError for a login, name or password that cannot be one.
        """
        hashed = None if password is None else await self._passwords.hash(checked_password(password))
        new = [NewAccount(login, name, tuple(roles))]
        made = await self._insert(new, hashed, is_demo, must_change_password)
        return made[0]

    async def create_many(self, new: Sequence[NewAccount], is_demo: bool = False) -> list[Account]:
        """Make accounts without passwords, all or none, in the order given.

        Raises: LoginTaken with every login that is there already; ValueError for one that cannot be one.
        """
        return await self._insert(new, None, is_demo)

    async def get(self, account_id: int) -> Account | None:
        """Return the account with this id."""
        row = await self._database.row(SELECT_BY_ID, account_id)
        return None if row is None else account_of(row)

    async def by_login(self, login: str) -> Account | None:
        """Return the account with this login."""
        row = await self._database.row(SELECT_BY_LOGIN, login.strip().lower())
        return None if row is None else account_of(row)

    async def accounts(self, after: int, limit: int) -> list[Account]:
        """Return at most `limit` accounts whose id is above `after`, ascending."""
        return [account_of(row) for row in await self._database.rows(SELECT_ACCOUNTS, after, limit)]

    async def names(self, account_ids: Collection[int]) -> dict[int, str]:
        """Return the names of some accounts by id, those that are there; a change elsewhere shows within seconds."""
        now_us = self._clock.now_us()
        held = {one: self._names[one] for one in account_ids if one in self._names}
        known = {one: name for one, (name, until_us) in held.items() if now_us < until_us}
        unknown = [one for one in account_ids if one not in known]
        if unknown:
            read = {row["id"]: row["name"] for row in await self._database.rows(SELECT_NAMES, unknown)}
            until_us = now_us + REMEMBERED_FOR_US
            self._names |= {one: (name, until_us) for one, name in read.items()}
            known |= read
        while len(self._names) > NAMES_MAX:
            del self._names[next(iter(self._names))]
        return known

    def renamed(self, account_id: int) -> None:
        """Take notice that an account has another name from now on."""
        self._names.pop(account_id, None)
        self.read_anew(account_id)

    async def with_role(self, account_ids: Sequence[int], role: Role) -> set[int]:
        """Return those of some accounts that are there, active and have the role."""
        rows = await self._database.rows(SELECT_WITH_ROLE, list(account_ids), role.value)
        return {row["id"] for row in rows}

    async def sign_in(self, login: str, password: str, origin: Origin = NOWHERE) -> Session | None:
        """Check a password and begin a session; None when the pair is wrong or the account is not active.

        An unknown login costs the same time as a wrong password.

        Raises: Busy, when too many passwords wait to be checked.
        """
        row = await self._database.row(SELECT_BY_LOGIN, login.strip().lower())
        hashed = None if row is None else row["password_hash"]
        is_right = await self._passwords.is_right(hashed, password)
        if row is None or hashed is None or not is_right or not row["is_active"]:
            return None
        if self._passwords.is_outdated(hashed):
            await self._database.run(UPDATE_HASH, row["id"], await self._passwords.hash(password))
        return await self.begin_session(account_of(row), origin)

    async def change_password(
        self, account: Account, old: str, new: str, origin: Origin = NOWHERE
    ) -> Session | None:
        """Give an account another password, end all its sign-ins and begin one; None when the old one is wrong.

        Raises: SamePassword; ValueError for one that cannot be a password; Busy.
        """
        row = await self._database.row(SELECT_BY_LOGIN, account.login)
        hashed = None if row is None else row["password_hash"]
        if not await self._passwords.is_right(hashed, old):
            return None
        if old == new:
            raise SamePassword(account.login)
        new_hash = await self._passwords.hash(checked_password(new))
        async with self._database.transaction() as statements:
            await statements.run(UPDATE_PASSWORD, account.id, new_hash)
            ended = await statements.rows(DELETE_SESSIONS, account.id)
        self.forget(row["token_sha256"] for row in ended)
        changed = await self.get(account.id)
        assert changed is not None, "accounts are never deleted"
        return await self.begin_session(changed, origin)

    async def hashed(self, password: str) -> str:
        """Return what is kept of a password.  Raises: Busy; ValueError for one that cannot be a password."""
        return await self._passwords.hash(checked_password(password))

    async def new_password(self) -> tuple[str, str]:
        """Return a password that nobody has chosen, and its hash.  Raises: Busy."""
        password = made_password()
        return password, await self._passwords.hash(password)

    async def _insert(
        self,
        new: Sequence[NewAccount],
        hashed: str | None,
        is_demo: bool,
        must_change_password: bool = False,
    ) -> list[Account]:
        logins = [checked_login(one.login) for one in new]
        names = [checked_name(one.name) for one in new]
        roles = [",".join(one.roles) for one in new]
        repeated = sorted({login for login in logins if logins.count(login) > 1}) if len(logins) > 1 else []
        if repeated:
            raise LoginTaken(repeated)
        try:
            async with self._database.transaction() as statements:
                rows = await statements.rows(
                    INSERT_ACCOUNTS,
                    logins,
                    names,
                    roles,
                    hashed,
                    is_demo,
                    self._clock.now_us(),
                    must_change_password,
                )
        except NotUnique as error:
            taken = await self._database.rows(SELECT_TAKEN, logins)
            raise LoginTaken([row["login"] for row in taken]) from error
        made = {row["login"]: account_of(row) for row in rows}
        return [made[login] for login in logins]
