"""Who bidders are: what they declare of themselves, what the centre says to it, and which of it holds.

Nothing that was declared is ever changed or lost: another declaration follows, and has to be confirmed again. The name
of the account is the name of the latest declaration, because deposits are known by it; sign-ups keep the declaration
under which they were made.

Belongs here: declarations, their review, what holds now. Does not belong here: whether a declaration can be so
(`identity_documents`), who is asked for one (`sign_up`), who may see what (`gateways.api.identities`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct

from exchange.accounts import AccountMissing
from exchange.database import Database, NotUnique, Row, Statements
from exchange.identity_documents import (
    BidderKind,
    Declaration,
    Document,
    IdentityRefusal,
    checked,
    holder_key,
    masked,
)
from exchange.people import People
from exchange.ports import Clock
from matching.units import TimeUs

DAY_US: Final = 86_400_000_000
DECLARATIONS_A_DAY_MAX: Final = 10
HISTORY_MAX: Final = 100
AT_THE_CENTRE: Final = timezone(timedelta(hours=8))

COLUMNS = """
       i.id, i.account, i.kind, i.name, i.document, i.number, i.telephone, i.representative, i.agent, i.region,
       i.declared_by, i.declared_at_us, r.is_confirmed, r.reason, r.reviewed_by, r.reviewed_at_us, n.name AS reviewer
"""
LATEST_REVIEW = """
  LEFT JOIN LATERAL (SELECT * FROM exchange.identity_review WHERE identity = i.id ORDER BY id DESC LIMIT 1) r ON true
  LEFT JOIN exchange.account n ON n.id = r.reviewed_by
"""
SELECT_STANDING = f"""
SELECT {COLUMNS}, s.state, s.stands_for IS NULL AS is_contested
  FROM exchange.identity_standing s JOIN exchange.identity i ON i.id = s.identity {LATEST_REVIEW}
 WHERE s.account = $1
"""
SELECT_KINDS = """
SELECT s.account, i.kind FROM exchange.identity_standing s JOIN exchange.identity i ON i.id = s.identity
 WHERE s.account = ANY ($1::bigint[])
"""
SELECT_HISTORY = f"""
SELECT {COLUMNS} FROM exchange.identity i {LATEST_REVIEW} WHERE i.account = $1 ORDER BY i.id DESC LIMIT $2
"""
SELECT_ONE = f"SELECT {COLUMNS} FROM exchange.identity i {LATEST_REVIEW} WHERE i.id = $1"
WANTED = """
 WHERE ($1::text IS NULL OR s.state = $1)
   AND ($2 = '' OR strpos(lower(i.name), lower($2)) > 0 OR strpos(a.login, lower($2)) > 0 OR a.id::text = $2)
"""
SELECT_FOUND = f"""
SELECT {COLUMNS}, s.state, s.stands_for IS NULL AS is_contested, a.login, a.is_demo
  FROM exchange.identity_standing s JOIN exchange.identity i ON i.id = s.identity
  JOIN exchange.account a ON a.id = s.account {LATEST_REVIEW}
 {WANTED} ORDER BY s.identity LIMIT $3 OFFSET $4
"""
COUNT_FOUND = f"""
SELECT count(*) FROM exchange.identity_standing s JOIN exchange.identity i ON i.id = s.identity
  JOIN exchange.account a ON a.id = s.account {WANTED}
"""
COUNT_WAITING = "SELECT count(*) FROM exchange.identity_standing WHERE state = 'declared'"

LOCK_ACCOUNT = "SELECT id FROM exchange.account WHERE id = $1 FOR NO KEY UPDATE"
COUNT_RECENT = """
SELECT count(*) FROM exchange.identity WHERE account = $1 AND declared_by = $1 AND declared_at_us > $2
"""
INSERT_IDENTITY = """
INSERT INTO exchange.identity (account, kind, name, document, number, telephone, representative, agent, region,
                               declared_by, declared_at_us)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING id
"""
UPSERT_STANDING = """
INSERT INTO exchange.identity_standing (account, identity, state, stands_for)
VALUES ($1, $2, 'declared',
        (SELECT $3::bytea WHERE NOT EXISTS (SELECT FROM exchange.identity_standing o
                                             WHERE o.stands_for = $3 AND o.account <> $1)))
ON CONFLICT (account) DO UPDATE
   SET identity = EXCLUDED.identity, state = EXCLUDED.state, stands_for = EXCLUDED.stands_for
"""
UPDATE_NAME = "UPDATE exchange.account SET name = $2 WHERE id = $1 AND name <> $2"
INSERT_REVIEW = """
INSERT INTO exchange.identity_review (identity, is_confirmed, reason, reviewed_by, reviewed_at_us)
VALUES ($1, $2, $3, $4, $5)
"""
UPDATE_STANDING = "UPDATE exchange.identity_standing SET state = $2, stands_for = $3 WHERE account = $1"
SELECT_HOLDER = """
SELECT a.id, a.login, a.name FROM exchange.identity_standing s JOIN exchange.account a ON a.id = s.account
 WHERE s.stands_for = $1 AND s.account <> $2
"""


class IdentityState(StrEnum):
    """How far the latest declaration of an account has come."""

    DECLARED = "declared"
    CONFIRMED = "confirmed"
    RETURNED = "returned"


class ReviewRefusal(StrEnum):
    """Why the centre cannot say this to a declaration, in order of precedence."""

    IDENTITY_UNKNOWN = "IDENTITY_UNKNOWN"
    IDENTITY_REPLACED = "IDENTITY_REPLACED"
    OWN_IDENTITY = "OWN_IDENTITY"
    IDENTITY_HELD = "IDENTITY_HELD"


class IdentityReview(Struct, frozen=True):
    """What the centre said to a declaration; `reason` is what the bidder reads when it was returned."""

    is_confirmed: bool
    reason: str
    reviewed_by: int
    reviewer: str
    reviewed_at_us: TimeUs


class Identity(Struct, frozen=True, kw_only=True):
    """A declaration as it may be shown: of number and telephone only the ends."""

    id: int
    account: int
    kind: BidderKind
    name: str
    document: Document
    number: str
    telephone: str
    representative: str
    agent: str
    region: str
    declared_by: int | None
    declared_at_us: TimeUs
    review: IdentityReview | None


class Standing(Struct, frozen=True):
    """The declaration of an account that holds. Contested: another account stands for the same number."""

    identity: Identity
    state: IdentityState
    is_contested: bool


class FoundIdentity(Struct, frozen=True):
    """A declaration that holds, as the office finds it."""

    login: str
    is_demo: bool
    standing: Standing


class FoundIdentities(Struct, frozen=True):
    """A page of declarations, the longest waiting first; how many there are, and how many wait to be confirmed."""

    identities: list[FoundIdentity]
    total: int
    waiting: int


class IdentitySearch(Struct, frozen=True):
    """Which declarations are wanted: in which state, with what in name or login, or of which account."""

    state: IdentityState | None = None
    text: str = ""
    limit: int = 50
    offset: int = 0


class Disclosed(Struct, frozen=True):
    """What is masked everywhere else, and who else stands for the number, if anybody does."""

    number: str
    telephone: str
    held_by: int | None
    held_by_login: str


class Identities:
    """Declarations over PostgreSQL. Every method raises StoreUnavailable when the database does not answer."""

    def __init__(self, pool: Any, clock: Clock, people: People) -> None:
        """Take a pool that the caller opens and closes, and who remembers the names of accounts."""
        self._database = Database(pool)
        self._clock = clock
        self._people = people

    async def standing(self, account: int) -> Standing | None:
        """Return the declaration of an account that holds; None where it has made none."""
        row = await self.row_of(account)
        return None if row is None else _standing(row)

    async def kinds(self, accounts: Sequence[int]) -> dict[int, BidderKind]:
        """Return whether each account is a person or an organisation; who declared nothing is left out."""
        rows = await self._database.rows(SELECT_KINDS, list(accounts))
        return {row["account"]: BidderKind(row["kind"]) for row in rows}

    async def row_of(self, account: int) -> Row | None:
        """Return the declaration that holds as it is stored, for `said_in`; nothing of it may be shown."""
        return await self._database.row(SELECT_STANDING, account)

    async def history(self, account: int) -> list[Identity]:
        """Return the declarations of an account, the latest first, at most a hundred."""
        return [_identity(row) for row in await self._database.rows(SELECT_HISTORY, account, HISTORY_MAX)]

    async def search(self, search: IdentitySearch) -> FoundIdentities:
        """Return a page of the declarations that hold."""
        state = None if search.state is None else search.state.value
        wanted = (state, search.text.strip())
        rows = await self._database.rows(SELECT_FOUND, *wanted, search.limit, search.offset)
        total = await self._database.value(COUNT_FOUND, *wanted)
        waiting = await self._database.value(COUNT_WAITING)
        found = [FoundIdentity(row["login"], row["is_demo"], _standing(row)) for row in rows]
        return FoundIdentities(found, total, waiting)

    def refusal_of(self, declared: Declaration) -> IdentityRefusal | None:
        """Return why a first declaration cannot be so; None when it can."""
        whole = checked(declared, day_at_the_centre(self._clock.now_us()))
        return whole if isinstance(whole, IdentityRefusal) else None

    async def declare(
        self, account: int, declared: Declaration, by: int | None
    ) -> Standing | IdentityRefusal:
        """Let a declaration hold from now on; the one that holds already, declared again, changes nothing.

        Args:
            account: of whom it tells, and whose name becomes the one declared.
            declared: number and telephone may be left out where they stay as they are.
            by: who declares it, the same account or staff; None for somebody at the machine itself.

        Refuses: all of IdentityRefusal.
        Raises: AccountMissing.
        """
        try:
            entered = await self._declare(account, declared, by)
        except NotUnique:
            # Another account has taken the number between the look and the entry: it is seen the second time.
            entered = await self._declare(account, declared, by)
        if isinstance(entered, IdentityRefusal):
            return entered
        self._people.renamed(account)
        standing = await self.standing(account)
        assert standing is not None, "declarations are never lost"
        return standing

    async def _declare(self, account: int, declared: Declaration, by: int | None) -> IdentityRefusal | None:
        async with self._database.transaction() as statements:
            if await statements.row(LOCK_ACCOUNT, account) is None:
                raise AccountMissing(str(account))
            before = await statements.row(SELECT_STANDING, account)
            now_us = self._clock.now_us()
            whole = checked(completed(declared, before), day_at_the_centre(now_us))
            if isinstance(whole, IdentityRefusal):
                return whole
            if before is not None and whole == said_in(before) and before["state"] != IdentityState.RETURNED:
                return None
            recent = await statements.value(COUNT_RECENT, account, now_us - DAY_US)
            if by == account and recent >= DECLARATIONS_A_DAY_MAX:
                return IdentityRefusal.TOO_MANY_DECLARATIONS
            await enter(statements, account, whole, by, now_us)
            return None

    async def review(
        self, identity: int, is_confirmed: bool, reason: str, by: int
    ) -> Standing | ReviewRefusal:
        """Confirm a declaration, or return it with a reason; what was said already is not said twice.

        Refuses: IDENTITY_UNKNOWN; IDENTITY_REPLACED, another one holds by now; OWN_IDENTITY; IDENTITY_HELD, another
        account stands for the same number.
        """
        try:
            return await self._review(identity, is_confirmed, reason, by)
        except NotUnique:
            return ReviewRefusal.IDENTITY_HELD

    async def _review(
        self, identity: int, is_confirmed: bool, reason: str, by: int
    ) -> Standing | ReviewRefusal:
        async with self._database.transaction() as statements:
            row = await statements.row(SELECT_ONE, identity)
            if row is None:
                return ReviewRefusal.IDENTITY_UNKNOWN
            account = row["account"]
            await statements.row(LOCK_ACCOUNT, account)
            held = await statements.row(SELECT_STANDING, account)
            assert held is not None, "who has declared something has a declaration that holds"
            if held["id"] != identity:
                return ReviewRefusal.IDENTITY_REPLACED
            if account == by:
                return ReviewRefusal.OWN_IDENTITY
            wanted = IdentityState.CONFIRMED if is_confirmed else IdentityState.RETURNED
            if held["state"] == wanted:
                return _standing(held)
            key = holder_key(said_in(row)) if is_confirmed else None
            if key is not None and await statements.row(SELECT_HOLDER, key, account) is not None:
                return ReviewRefusal.IDENTITY_HELD
            await statements.run(INSERT_REVIEW, identity, is_confirmed, reason, by, self._clock.now_us())
            await statements.run(UPDATE_STANDING, account, wanted.value, key)
            after = await statements.row(SELECT_STANDING, account)
            assert after is not None, "it was there a moment ago"
            return _standing(after)

    async def disclosed(self, identity: int) -> Disclosed | None:
        """Return what is masked of a declaration; None where there is none. Who asks is for the caller to keep."""
        row = await self._database.row(SELECT_ONE, identity)
        if row is None:
            return None
        holder = await self._database.row(SELECT_HOLDER, holder_key(said_in(row)), row["account"])
        by, login = (None, "") if holder is None else (holder["id"], holder["login"])
        return Disclosed(row["number"], row["telephone"], by, login)


async def enter(
    statements: Statements, account: int, whole: Declaration, by: int | None, now_us: TimeUs
) -> None:
    """Enter a declaration that was checked, within a transaction of the caller, and give the account its name."""
    said = (whole.kind, whole.name, whole.document, whole.number, whole.telephone)
    acting = (whole.representative, whole.agent, whole.region)
    identity = await statements.value(INSERT_IDENTITY, account, *said, *acting, by, now_us)
    await statements.run(UPSERT_STANDING, account, identity, holder_key(whole))
    await statements.run(UPDATE_NAME, account, whole.name)


def day_at_the_centre(now_us: TimeUs) -> date:
    """Return the day that it is where the centre is."""
    return datetime.fromtimestamp(now_us // 1_000_000, AT_THE_CENTRE).date()


def completed(declared: Declaration, before: Row | None) -> Declaration:
    """Return a declaration with what it leaves out taken from the one before."""
    if before is None:
        return declared
    is_same_document = before["document"] == declared.document
    number = before["number"] if declared.number is None and is_same_document else declared.number
    telephone = before["telephone"] if declared.telephone is None else declared.telephone
    return Declaration(
        declared.kind, declared.name, declared.document, number, telephone,
        declared.representative, declared.agent, declared.region,
    )  # fmt: skip


def said_in(row: Row) -> Declaration:
    """Return what was declared, of a row of this store."""
    return Declaration(
        BidderKind(row["kind"]), row["name"], Document(row["document"]), row["number"], row["telephone"],
        row["representative"], row["agent"], row["region"],
    )  # fmt: skip


def _standing(row: Row) -> Standing:
    return Standing(_identity(row), IdentityState(row["state"]), row["is_contested"])


def _identity(row: Row) -> Identity:
    review = None
    if row["is_confirmed"] is not None:
        review = IdentityReview(
            row["is_confirmed"], row["reason"], row["reviewed_by"], row["reviewer"], row["reviewed_at_us"]
        )
    return Identity(
        id=row["id"],
        account=row["account"],
        kind=BidderKind(row["kind"]),
        name=row["name"],
        document=Document(row["document"]),
        number=masked(row["number"]),
        telephone=masked(row["telephone"]),
        representative=row["representative"],
        agent=row["agent"],
        region=row["region"],
        declared_by=row["declared_by"],
        declared_at_us=row["declared_at_us"],
        review=review,
    )
