"""What proves who somebody is: sign-ins and API tokens, and how long a proof is believed without asking again.

Belongs here: their rows, what this process remembers of them, and telling who listens that one has ended.
Does not belong here: passwords (`exchange.passwords`), accounts (`exchange.people`), cookies and headers
(`gateways.identity`).
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, TypeAlias

from msgspec import Struct

from exchange.database import Database, Row, change_under_way
from exchange.ports import Clock, ExchangeError
from exchange.roles import Account, account_of
from matching.units import TimeUs

SESSIONS_PER_ACCOUNT_MAX = 20
TOKENS_PER_ACCOUNT_MAX = 100
REMEMBERED_MAX = 50_000
REMEMBERED_FOR_US = 5_000_000
"""How long a proof is believed without asking the database: what another process revoked ends this much later."""

ADDRESS_CHARACTERS_MAX = 60
PROGRAM_CHARACTERS_MAX = 200
TOKEN_PREFIX = "lc_"
TOKEN_BYTES = 32
HOUR_US = 3_600_000_000

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


class TooManyTokens(ExchangeError):
    """The account holds as many API tokens as it may."""


Revoked: TypeAlias = Callable[[bytes], None]
"""Told the fingerprint of a proof that is no longer good."""


class _Remembered(Struct, frozen=True):
    account: Account
    until_us: TimeUs
    ends_at_us: TimeUs | None


class Proofs:
    """Sign-ins and tokens over PostgreSQL; those that were checked a moment ago are remembered in this process.

    Every method raises StoreUnavailable when the database does not answer.
    """

    def __init__(self, pool: Any, clock: Clock, session_hours: int) -> None:
        """Take a pool that the caller opens and closes, the time to go by, and how long a sign-in lasts."""
        self._database = Database(pool)
        self._clock = clock
        self._session_us = session_hours * HOUR_US
        self._remembered: dict[bytes, _Remembered] = {}
        self._revocations = 0
        self._listeners: list[Revoked] = []

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
        async with self._database.transaction() as statements:
            rows = await statements.rows(DELETE_ONE_SESSION, account_id, sign_in)
        self.forget(row["token_sha256"] for row in rows)
        return bool(rows)

    async def end_sign_ins(self, account_id: int) -> int:
        """End all sign-ins of an account; tell how many there were."""
        async with self._database.transaction() as statements:
            rows = await statements.rows(DELETE_SESSIONS, account_id)
        self.forget(row["token_sha256"] for row in rows)
        return len(rows)

    async def sign_out(self, token: str) -> None:
        """End a session; it is over in this process when this returns."""
        key = fingerprint(token)
        self.forget([key])
        async with self._database.transaction() as statements:
            await statements.run(DELETE_SESSION, key)
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
        async with self._database.transaction() as statements:
            await statements.run(INSERT_TOKENS, keys, list(account_ids), label, self._clock.now_us())
        return tokens

    async def tokens(self, account_id: int) -> list[TokenLabel]:
        """Return the names of an account's API tokens, oldest first."""
        rows = await self._database.rows(SELECT_TOKENS, account_id)
        return [TokenLabel(row["id"], row["label"], row["created_at_us"]) for row in rows]

    async def revoke_token(self, account_id: int, token_id: int) -> bool:
        """End one API token; tell whether there was one."""
        async with self._database.transaction() as statements:
            rows = await statements.rows(DELETE_TOKEN, account_id, token_id)
        self.forget(row["token_sha256"] for row in rows)
        return bool(rows)

    def listen(self, listener: Revoked) -> Callable[[], None]:
        """Call `listener` with the fingerprint of each proof revoked in this process; the answer ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def revoked_elsewhere(self, proof: bytes) -> None:
        """Take notice that another process has revoked a proof, by its fingerprint: it is over here as well."""
        self.forget([proof])

    async def forget_all_of(self, account_id: int) -> None:
        """Read an account anew for each of its proofs, and let its live connections end: its rights have changed."""
        proofs = await self._database.rows(SELECT_PROOFS, account_id)
        self.forget(proof["token_sha256"] for proof in proofs)

    def read_anew(self, account_id: int) -> None:
        """Ask the database for an account at its next request: something of it has changed that is no right of its.

        Its live connections go on. Other processes ask within seconds.
        """
        self._revocations += 1
        for key in [key for key, known in self._remembered.items() if known.account.id == account_id]:
            del self._remembered[key]

    def forget(self, keys: Iterable[bytes]) -> None:
        """Believe proofs, by their fingerprints, no longer without asking the database, and tell who listens.

        Within a change that is once it is durable: who asks the database before reads what was.
        """
        known = list(keys)
        change = change_under_way()
        if change is None:
            self._forget(known)
        else:
            change.afterwards(lambda: self._forget(known))

    def _forget(self, keys: Sequence[bytes]) -> None:
        self._revocations += 1
        for key in keys:
            self._remembered.pop(key, None)
            for listener in list(self._listeners):
                listener(key)

    async def begin_session(self, account: Account, origin: Origin = NOWHERE) -> Session:
        """Sign somebody in who has proven who he is; his oldest sign-in ends where there are too many."""
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
        account = account_of(row)
        until_us = self._clock.now_us() + REMEMBERED_FOR_US
        self._remembered.pop(key, None)
        self._remembered[key] = _Remembered(account, min(until_us, expires_at_us or until_us), expires_at_us)
        if len(self._remembered) > REMEMBERED_MAX:
            del self._remembered[next(iter(self._remembered))]
        return account


def fingerprint(token: str) -> bytes:
    """Return what the exchange keeps of a token."""
    return hashlib.sha256(token.encode()).digest()
