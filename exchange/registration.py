"""Making an account for oneself: login, password, who one is, and the terms that one agrees to, all or nothing.

Belongs here: that one act, and knowing it again when it comes twice.
Does not belong here: cookies and how many may come from one address (`gateways.api.registrations`), accounts that staff
make (`people`).
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from exchange.database import Database, NotUnique
from exchange.identities import Identities, day_at_the_centre, enter, said_in
from exchange.identity_documents import Declaration, IdentityRefusal, checked
from exchange.people import INSERT_ACCOUNTS, LoginTaken, People
from exchange.ports import Clock
from exchange.roles import Account, Role, account_of, checked_login
from exchange.terms_of_use import terms_of_use

LOGIN_UNIQUE = "account_login_unique"

INSERT_TERMS = """
INSERT INTO exchange.commitment (sha256, text_zh, text_en) VALUES ($1, $2, $3) ON CONFLICT (sha256) DO NOTHING
"""
INSERT_AGREEMENT = """
INSERT INTO exchange.agreement (account, commitment, agreed_at_us) VALUES ($1, $2, $3)
ON CONFLICT (account, commitment) DO NOTHING
"""


class RegistrationRefusal(StrEnum):
    """Why nobody can register like this, beside what is wrong with his declaration."""

    TERMS_DIFFER = "TERMS_DIFFER"


class Registrations:
    """Accounts that people make for themselves, over PostgreSQL.

    Every method raises StoreUnavailable when the database does not answer; repeat it then.
    """

    def __init__(self, pool: Any, clock: Clock, people: People, identities: Identities) -> None:
        """Take a pool that the caller opens and closes."""
        self._database = Database(pool)
        self._clock = clock
        self._people = people
        self._identities = identities

    async def register(
        self, login: str, password: str, declared: Declaration, agreed_to: str
    ) -> Account | IdentityRefusal | RegistrationRefusal:
        """Make a bidder's account with its declaration.

        Args:
            login: what he signs in with.
            password: of his choice.
            declared: who he is; the account has the name that it declares.
            agreed_to: SHA-256 of the terms of use that he has read, in hexadecimal.

        Refuses: TERMS_DIFFER; what `identity_documents.checked` refuses.
        Raises: LoginTaken; ValueError for a login or password that cannot be one; Busy.
        """
        if agreed_to != terms_of_use().sha256:
            return RegistrationRefusal.TERMS_DIFFER
        whole = self._checked(declared)
        if isinstance(whole, IdentityRefusal):
            return whole
        hashed = await self._people.hashed(password)
        try:
            return await self._entered(checked_login(login), hashed, whole)
        except NotUnique as error:
            if error.constraint == LOGIN_UNIQUE:
                raise LoginTaken([login]) from error
        # Another account has taken the number between the look and the entry: it is seen the second time.
        try:
            return await self._entered(login, hashed, whole)
        except NotUnique as error:
            raise LoginTaken([login]) from error

    async def is_repeat(self, login: str, declared: Declaration) -> bool:
        """Tell whether the account with this login has declared just this: then it may be the same act, come twice.

        Whoever asks must prove with the password that it is.
        """
        account = await self._people.by_login(login)
        standing = None if account is None else await self._identities.row_of(account.id)
        return standing is not None and self._checked(declared) == said_in(standing)

    def _checked(self, declared: Declaration) -> Declaration | IdentityRefusal:
        return checked(declared, day_at_the_centre(self._clock.now_us()))

    async def _entered(self, login: str, hashed: str, whole: Declaration) -> Account:
        now_us, terms = self._clock.now_us(), terms_of_use()
        digest = bytes.fromhex(terms.sha256)
        async with self._database.transaction() as statements:
            of_account = ([login], [whole.name], [Role.BIDDER.value], hashed, False, now_us, False)
            row = await statements.row(INSERT_ACCOUNTS, *of_account)
            assert row is not None, "it was inserted"
            account = account_of(row)
            await statements.run(INSERT_TERMS, digest, terms.text.zh, terms.text.en)
            await statements.run(INSERT_AGREEMENT, account.id, digest, now_us)
            await enter(statements, account.id, whole, account.id, now_us)
        return account
