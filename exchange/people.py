"""People and programs that use the exchange: accounts, passwords, sessions, API tokens, roles.

Belongs here: who somebody is, and what proves it.
Does not belong here: cookies, headers and rate limits (`gateways.identity`), what a role may do in a lot.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Any, TypeAlias

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from msgspec import Struct

from exchange.database import Database, NotUnique, Row
from exchange.ports import Busy, Clock, ExchangeError
from matching.units import TimeUs

LOGIN_PATTERN = r"^[a-z0-9][a-z0-9._@-]{1,63}$(?!\n)"
NAME_CHARACTERS_MAX = 100
NAME_PATTERN = r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x1f\x7f-\x9f\s][^\x00-\x1f\x7f-\x9f]*$(?!\n)"
"""Something that can be seen, and no control characters: the name is booked with deposits."""

PASSWORD_CHARACTERS_MIN = 8
PASSWORD_CHARACTERS_MAX = 200
SESSIONS_PER_ACCOUNT_MAX = 20
TOKENS_PER_ACCOUNT_MAX = 100
REMEMBERED_MAX = 50_000
NAMES_MAX = 10_000
REMEMBERED_FOR_US = 5_000_000
"""How long a proof is believed without asking the database: what another process revoked ends this much later."""

ADDRESS_CHARACTERS_MAX = 60
PROGRAM_CHARACTERS_MAX = 200
PASSWORD_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Nothing that is read for something else: a password that was made is copied by hand."""

HASHINGS_AT_ONCE = 2
HASHINGS_WAITING_MAX = 100
TOKEN_PREFIX = "lc_"
TOKEN_BYTES = 32
HOUR_US = 3_600_000_000

ACCOUNT_COLUMNS = "id, login, name, roles, is_demo, is_active, must_change_password"
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
SELECT_PROOFS = """
SELECT token_sha256 FROM exchange.session WHERE account = $1
 UNION ALL SELECT token_sha256 FROM exchange.api_token WHERE account = $1
"""

DELETE_EXPIRED_SESSIONS = "DELETE FROM exchange.session WHERE expires_at_us <= $1"
DELETE_SURPLUS_SESSIONS = """
DELETE FROM exchange.session WHERE token_sha256 IN (
    SELECT token_sha256 FROM exchange.session WHERE account = $1 ORDER BY created_at_us DESC, token_sha256 OFFSET $2
) RETURNING token_sha256
"""
INSERT_SESSION = """
INSERT INTO exchange.session (token_sha256, account, created_at_us, expires_at_us, address, program)
VALUES ($1, $2, $3, $4, $5, $6)
"""
SELECT_SESSIONS = """
SELECT id, created_at_us, expires_at_us, address, program, token_sha256
  FROM exchange.session WHERE account = $1 AND expires_at_us > $2 ORDER BY created_at_us DESC, id DESC
"""
DELETE_ONE_SESSION = "DELETE FROM exchange.session WHERE account = $1 AND id = $2 RETURNING token_sha256"
DELETE_SESSIONS = "DELETE FROM exchange.session WHERE account = $1 RETURNING token_sha256"
DELETE_SESSION = "DELETE FROM exchange.session WHERE token_sha256 = $1"
SELECT_BY_SESSION = """
SELECT a.id, a.login, a.name, a.roles, a.is_demo, a.is_active, a.must_change_password, s.expires_at_us
  FROM exchange.session s JOIN exchange.account a ON a.id = s.account
 WHERE s.token_sha256 = $1 AND s.expires_at_us > $2
"""

COUNT_TOKENS = "SELECT count(*) FROM exchange.api_token WHERE account = $1"
INSERT_TOKENS = """
INSERT INTO exchange.api_token (token_sha256, account, label, created_at_us)
SELECT new.token, new.account, $3, $4 FROM unnest($1::bytea[], $2::bigint[]) AS new (token, account)
"""
SELECT_TOKENS = "SELECT id, label, created_at_us FROM exchange.api_token WHERE account = $1 ORDER BY id"
DELETE_TOKEN = "DELETE FROM exchange.api_token WHERE account = $1 AND id = $2 RETURNING token_sha256"
SELECT_BY_TOKEN = """
SELECT a.id, a.login, a.name, a.roles, a.is_demo, a.is_active, false AS must_change_password
  FROM exchange.api_token t JOIN exchange.account a ON a.id = t.account
 WHERE t.token_sha256 = $1
"""

SELECT_GOOD = """
SELECT s.token_sha256
  FROM exchange.session s JOIN exchange.account a ON a.id = s.account
 WHERE s.token_sha256 = ANY($1::bytea[]) AND s.expires_at_us > $2 AND a.is_active
 UNION ALL
SELECT t.token_sha256
  FROM exchange.api_token t JOIN exchange.account a ON a.id = t.account
 WHERE t.token_sha256 = ANY($1::bytea[]) AND a.is_active
"""


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


class Session(Struct, frozen=True):
    """A sign-in. `token` is known to the person alone."""

    token: str
    account: Account
    expires_at_us: TimeUs


class SignIn(Struct, frozen=True):
    """A sign-in under way, as its owner recognises it; `is_this` tells that the question came by it."""

    id: int
    created_at_us: TimeUs
    expires_at_us: TimeUs
    address: str
    program: str
    is_this: bool = False


class Origin(Struct, frozen=True):
    """Where a sign-in comes from: network address, and what the browser calls itself."""

    address: str = ""
    program: str = ""


NOWHERE = Origin()


class TokenLabel(Struct, frozen=True):
    """An API token as its owner may see it again: by name, never by value."""

    id: int
    label: str
    created_at_us: TimeUs


class LoginTaken(ExchangeError):
    """Accounts with these logins are there already; nothing was made."""

    def __init__(self, logins: Sequence[str]) -> None:
        super().__init__(", ".join(logins))
        self.logins = tuple(logins)


class SamePassword(ExchangeError):
    """The new password is the old one."""


class TooManyTokens(ExchangeError):
    """The account holds as many API tokens as it may."""


Revoked: TypeAlias = Callable[[bytes], None]
"""Told the fingerprint of a proof that is no longer good."""


class _Remembered(Struct, frozen=True):
    account: Account
    until_us: TimeUs
    ends_at_us: TimeUs | None


class People:
    """Accounts over PostgreSQL; proofs that were checked a moment ago are remembered in this process.

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
        self._database = Database(pool)
        self._clock = clock
        self._session_us = session_hours * HOUR_US
        self._hasher = hasher or PasswordHasher()
        self._hashing = asyncio.Semaphore(HASHINGS_AT_ONCE)
        self._hashings_waiting = 0
        self._decoy = self._hasher.hash(secrets.token_hex(16))
        self._remembered: dict[bytes, _Remembered] = {}
        self._names: dict[int, str] = {}
        self._revocations = 0
        self._listeners: list[Revoked] = []

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
        hashed = None if password is None else await self._hash(checked_password(password))
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
        return None if row is None else _account(row)

    async def by_login(self, login: str) -> Account | None:
        """Return the account with this login."""
        row = await self._database.row(SELECT_BY_LOGIN, login.strip().lower())
        return None if row is None else _account(row)

    async def accounts(self, after: int, limit: int) -> list[Account]:
        """Return at most `limit` accounts whose id is above `after`, ascending."""
        return [_account(row) for row in await self._database.rows(SELECT_ACCOUNTS, after, limit)]

    async def names(self, account_ids: Collection[int]) -> dict[int, str]:
        """Return the names of some accounts by id, those that are there. A name never changes: it is read once."""
        known = {one: self._names[one] for one in account_ids if one in self._names}
        unknown = [one for one in account_ids if one not in known]
        if unknown:
            known |= {row["id"]: row["name"] for row in await self._database.rows(SELECT_NAMES, unknown)}
            self._names |= known
        while len(self._names) > NAMES_MAX:
            del self._names[next(iter(self._names))]
        return known

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
        is_right = await self._verify(hashed or self._decoy, password)
        if row is None or hashed is None or not is_right or not row["is_active"]:
            return None
        if self._hasher.check_needs_rehash(hashed):
            await self._database.run(UPDATE_HASH, row["id"], await self._hash(password))
        return await self._begin_session(_account(row), origin)

    async def change_password(
        self, account: Account, old: str, new: str, origin: Origin = NOWHERE
    ) -> Session | None:
        """Give an account another password, end all its sign-ins and begin one; None when the old one is wrong.

        Raises: SamePassword; ValueError for one that cannot be a password; Busy.
        """
        row = await self._database.row(SELECT_BY_LOGIN, account.login)
        hashed = None if row is None else row["password_hash"]
        is_right = await self._verify(hashed or self._decoy, old)
        if hashed is None or not is_right:
            return None
        if old == new:
            raise SamePassword(account.login)
        new_hash = await self._hash(checked_password(new))
        async with self._database.transaction() as statements:
            await statements.run(UPDATE_PASSWORD, account.id, new_hash)
            ended = await statements.rows(DELETE_SESSIONS, account.id)
        self.forget(row["token_sha256"] for row in ended)
        changed = await self.get(account.id)
        assert changed is not None, "accounts are never deleted"
        return await self._begin_session(changed, origin)

    async def new_password(self) -> tuple[str, str]:
        """Return a password that nobody has chosen, and its hash.  Raises: Busy."""
        password = made_password()
        return password, await self._hash(password)

    async def sign_ins(self, account_id: int, token: str = "") -> list[SignIn]:
        """Return the sign-ins of an account that are under way, the latest first; `token` is that of the asker."""
        rows = await self._database.rows(SELECT_SESSIONS, account_id, self._clock.now_us())
        own = fingerprint(token)
        return [
            SignIn(
                row["id"],
                row["created_at_us"],
                row["expires_at_us"],
                row["address"],
                row["program"],
                row["token_sha256"] == own,
            )
            for row in rows
        ]

    async def end_sign_in(self, account_id: int, sign_in: int) -> bool:
        """End one sign-in of an account; tell whether there was one."""
        rows = await self._database.rows(DELETE_ONE_SESSION, account_id, sign_in)
        self.forget(row["token_sha256"] for row in rows)
        return bool(rows)

    async def end_sign_ins(self, account_id: int) -> int:
        """End all sign-ins of an account; tell how many there were."""
        rows = await self._database.rows(DELETE_SESSIONS, account_id)
        self.forget(row["token_sha256"] for row in rows)
        return len(rows)

    async def forget_all_of(self, account_id: int) -> None:
        """Read an account anew for each of its proofs, and let its live connections end: its rights have changed."""
        proofs = await self._database.rows(SELECT_PROOFS, account_id)
        self.forget(proof["token_sha256"] for proof in proofs)

    async def sign_out(self, token: str) -> None:
        """End a session; it is over in this process when this returns."""
        key = fingerprint(token)
        self.forget([key])
        await self._database.run(DELETE_SESSION, key)
        self.forget([key])

    async def by_session(self, token: str) -> Account | None:
        """Return whose session this is; None when it is over or never was."""
        now_us = self._clock.now_us()
        key = fingerprint(token)
        known = self._recalled(key, now_us)
        if known is not None:
            return known
        row = await self._read_proof(SELECT_BY_SESSION, key, now_us)
        return None if row is None else self._believed(key, row, row["expires_at_us"])

    async def by_token(self, token: str) -> Account | None:
        """Return whose API token this is; None when it is revoked or never was."""
        if not token.startswith(TOKEN_PREFIX):
            return None
        key = fingerprint(token)
        known = self._recalled(key, self._clock.now_us())
        if known is not None:
            return known
        row = await self._read_proof(SELECT_BY_TOKEN, key)
        return None if row is None else self._believed(key, row)

    async def good_of(self, proofs: Collection[bytes]) -> set[bytes]:
        """Return those of some proofs, by their fingerprints, that are good by the database's word, in one question.

        Whatever ended them: a sign-out that was not heard of here, a revoked token, an account that is kept out.
        """
        rows = await self._database.rows(SELECT_GOOD, list(proofs), self._clock.now_us())
        return {row["token_sha256"] for row in rows}

    def ends_at_us(self, proof: bytes) -> TimeUs | None:
        """Return when the proof with this fingerprint ends by itself; None for one that does not.

        Known of proofs that were believed a moment ago.
        """
        known = self._remembered.get(proof)
        return None if known is None else known.ends_at_us

    async def issue_token(self, account_id: int, label: str) -> str:
        """Make an API token for an account that exists; it can be read this once.

        Raises: TooManyTokens.
        """
        if await self._database.value(COUNT_TOKENS, account_id) >= TOKENS_PER_ACCOUNT_MAX:
            raise TooManyTokens(str(TOKENS_PER_ACCOUNT_MAX))
        return (await self.issue_tokens([account_id], label))[0]

    async def issue_tokens(self, account_ids: Sequence[int], label: str) -> list[str]:
        """Make one API token for each of some new accounts, in the order given."""
        tokens = [TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES) for _ in account_ids]
        keys = [fingerprint(token) for token in tokens]
        await self._database.run(INSERT_TOKENS, keys, list(account_ids), label, self._clock.now_us())
        return tokens

    async def tokens(self, account_id: int) -> list[TokenLabel]:
        """Return the names of an account's API tokens, oldest first."""
        rows = await self._database.rows(SELECT_TOKENS, account_id)
        return [TokenLabel(row["id"], row["label"], row["created_at_us"]) for row in rows]

    async def revoke_token(self, account_id: int, token_id: int) -> bool:
        """End one API token; tell whether there was one."""
        rows = await self._database.rows(DELETE_TOKEN, account_id, token_id)
        self.forget(row["token_sha256"] for row in rows)
        return bool(rows)

    def listen(self, listener: Revoked) -> Callable[[], None]:
        """Call `listener` with the fingerprint of each proof revoked in this process; the answer ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def revoked_elsewhere(self, proof: bytes) -> None:
        """Take notice that another process has revoked a proof, by its fingerprint: it is over here as well."""
        self.forget([proof])

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
            rows = await self._database.rows(
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
        made = {row["login"]: _account(row) for row in rows}
        return [made[login] for login in logins]

    async def _begin_session(self, account: Account, origin: Origin) -> Session:
        token = secrets.token_urlsafe(TOKEN_BYTES)
        now_us = self._clock.now_us()
        expires_at_us = now_us + self._session_us
        async with self._database.transaction() as statements:
            await statements.run(DELETE_EXPIRED_SESSIONS, now_us)
            of_origin = origin.address[:ADDRESS_CHARACTERS_MAX], origin.program[:PROGRAM_CHARACTERS_MAX]
            begun = (fingerprint(token), account.id, now_us, expires_at_us, *of_origin)
            await statements.run(INSERT_SESSION, *begun)
            surplus = await statements.rows(DELETE_SURPLUS_SESSIONS, account.id, SESSIONS_PER_ACCOUNT_MAX)
        self.forget(row["token_sha256"] for row in surplus)
        return Session(token, account, expires_at_us)

    async def _read_proof(self, sql: str, *values: object) -> Row | None:
        """Return the row behind a proof, read again when anything was revoked while the answer was on its way."""
        while True:
            seen = self._revocations
            row = await self._database.row(sql, *values)
            if seen == self._revocations:
                return row

    def _recalled(self, key: bytes, now_us: TimeUs) -> Account | None:
        known = self._remembered.get(key)
        return known.account if known is not None and now_us < known.until_us else None

    def _believed(self, key: bytes, row: Row, expires_at_us: TimeUs | None = None) -> Account | None:
        """Return the account of a proof just read from the database, and remember it."""
        if not row["is_active"]:
            return None
        account = _account(row)
        until_us = self._clock.now_us() + REMEMBERED_FOR_US
        self._remembered.pop(key, None)
        self._remembered[key] = _Remembered(account, min(until_us, expires_at_us or until_us), expires_at_us)
        if len(self._remembered) > REMEMBERED_MAX:
            del self._remembered[next(iter(self._remembered))]
        return account

    def forget(self, keys: Iterable[bytes]) -> None:
        """Believe proofs, by their fingerprints, no longer without asking the database, and tell who listens."""
        self._revocations += 1
        for key in list(keys):
            self._remembered.pop(key, None)
            for listener in list(self._listeners):
                listener(key)

    async def _hash(self, password: str) -> str:
        async with self._hashing_turn():
            return await asyncio.to_thread(self._hasher.hash, password)

    async def _verify(self, hashed: str, password: str) -> bool:
        async with self._hashing_turn():
            try:
                return await asyncio.to_thread(self._hasher.verify, hashed, password)
            except (VerificationError, InvalidHashError):
                return False

    @asynccontextmanager
    async def _hashing_turn(self) -> AsyncIterator[None]:
        """Wait for a turn, behind a bounded number of others.  Raises: Busy."""
        if self._hashings_waiting >= HASHINGS_WAITING_MAX:
            raise Busy("too many passwords are being checked")
        self._hashings_waiting += 1
        try:
            async with self._hashing:
                yield
        finally:
            self._hashings_waiting -= 1


def fingerprint(token: str) -> bytes:
    """Return what the exchange keeps of a token."""
    return hashlib.sha256(token.encode()).digest()


def made_password() -> str:
    """Return a password that nobody has chosen, to be read aloud or copied by hand."""
    return "-".join("".join(secrets.choice(PASSWORD_LETTERS) for _ in range(5)) for _ in range(4))


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


def checked_password(password: str) -> str:
    """Return the password. Raises: ValueError when it is too short or too long."""
    if not PASSWORD_CHARACTERS_MIN <= len(password) <= PASSWORD_CHARACTERS_MAX:
        raise ValueError(f"a password has {PASSWORD_CHARACTERS_MIN} to {PASSWORD_CHARACTERS_MAX} characters")
    return password


def _account(row: Row) -> Account:
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
