"""Who did what in the office: entries that are only ever added, each chained to the one before it.

What is in the journal is not in here: bids, and what a host does while a lot runs, are its records already. Entries
hold no secrets and no bodies of requests, only what an operation chooses to say of itself; not even a digest of a body,
for a short password could be guessed from that.

Belongs here: adding, reading and proving entries. Does not belong here: which operations are worth one
(`gateways.auditing`).
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Any, Final, TypeAlias

import msgspec
from msgspec import Struct

from exchange.database import Database, Row
from exchange.texts import BothLanguages
from matching.units import TIME_US_MAX, TimeUs

TEXT_CHARACTERS_MAX: Final = 500
"""Longer texts in an entry are cut: what somebody writes must not make the record grow as he likes."""

ABOUT_MAX: Final = 20
ROWS_AT_ONCE: Final = 2_000

INSERT = """
INSERT INTO exchange.audit (at_us, account, operation, lot, body, is_begun) VALUES ($1, $2, $3, $4, $5, $6)
RETURNING position
"""
INSERT_OPEN = "INSERT INTO exchange.audit_open (position) VALUES ($1)"
DELETE_OPEN = "DELETE FROM exchange.audit_open WHERE position = $1"
SELECT = """
SELECT position, body, link FROM exchange.audit
 WHERE position < $1 AND at_us >= $2 AND at_us < $3
   AND ($4::bigint IS NULL OR account = $4)
   AND ($5::text IS NULL OR operation = $5)
   AND ($6::bigint IS NULL OR lot = $6)
   AND (NOT is_begun OR EXISTS (SELECT FROM exchange.audit_open AS open WHERE open.position = audit.position))
 ORDER BY position DESC LIMIT $7
"""
SELECT_OPERATIONS = """
SELECT name FROM (
    WITH RECURSIVE each AS (
        (SELECT operation AS name FROM exchange.audit ORDER BY operation LIMIT 1)
        UNION ALL
        SELECT (SELECT operation FROM exchange.audit WHERE operation > each.name ORDER BY operation LIMIT 1)
          FROM each WHERE each.name IS NOT NULL
    ) SELECT name FROM each LIMIT 1001
) AS found WHERE name IS NOT NULL
"""
SELECT_ALL = """
SELECT position, at_us, account, operation, lot, body, link, is_begun FROM exchange.audit
 WHERE position > $1 AND position <= $2 ORDER BY position LIMIT $3
"""
SELECT_HEAD = "SELECT position, link FROM exchange.audit_head"

BEGUN: Final = "BEGUN"
"""The code of an entry that was made before its act; the entry with the outcome follows."""

Said: TypeAlias = str | int | bool | list[str] | None
"""What an entry says of one thing."""


class Entry(Struct, frozen=True, omit_defaults=True):
    """Who did what.

    Args:
        at_us: when the answer was given.
        operation: which operation of the HTTP API, by its name in the OpenAPI document.
        code: `OK`, or the code with which it was refused; `BEGUN` before an act whose outcome follows.
        account: who; None for somebody unknown.
        login: of the account, or what somebody unknown claimed.
        roles: what the account was there for at that time.
        address: network address that the request came from.
        request: name of the request; the answer carried it in `X-Request-Id`.
        about: on what, and what of it: numbers in the path, and what the operation chose to say.
        unsaid: refused requests before this one for which there was no entry: there were too many of them.
        begun: position of the entry that was made before this act; 0 for none.
    """

    at_us: TimeUs
    operation: str
    code: str
    account: int | None = None
    login: str = ""
    roles: tuple[str, ...] = ()
    address: str = ""
    request: str = ""
    about: dict[str, Said] = {}
    unsaid: int = 0
    begun: int = 0


class Kept(Struct, frozen=True):
    """An entry in its place in the chain. `link` is hexadecimal."""

    position: int
    link: str
    entry: Entry


class EntrySearch(Struct, frozen=True):
    """Which entries are wanted: below a position, within a time, of one account, operation or lot."""

    before: int = 2**63 - 1
    from_us: TimeUs = 0
    until_us: TimeUs = TIME_US_MAX
    account: int | None = None
    operation: str | None = None
    lot: int | None = None
    limit: int = 50


class FlawKind(StrEnum):
    """In what the record is not as it was written."""

    END_MISSING = "END_MISSING"
    ENTRIES_MISSING = "ENTRIES_MISSING"
    CHANGED = "CHANGED"
    COLUMNS_DIFFER = "COLUMNS_DIFFER"
    CUT_OFF = "CUT_OFF"
    NOT_THE_NOTED = "NOT_THE_NOTED"
    ENDS_BEFORE_NOTED = "ENDS_BEFORE_NOTED"


FLAW_WORDS: Final = {
    FlawKind.END_MISSING: BothLanguages(
        "记录末端的标记丢失，无法确认之后是否还有记录",
        "the end of the chain is missing, so nobody knows whether more followed",
    ),
    FlawKind.ENTRIES_MISSING: BothLanguages(
        "第 {first} 至 {last} 条缺失", "entries {first} to {last} are missing"
    ),
    FlawKind.CHANGED: BothLanguages(
        "本条或其前一条被改动过", "the entry or the one before it has been changed"
    ),
    FlawKind.COLUMNS_DIFFER: BothLanguages(
        "检索字段与记录正文不一致", "the columns say something else than the entry"
    ),
    FlawKind.CUT_OFF: BothLanguages(
        "记录到此为止，而原应到第 {last} 条", "the record ends here, but had reached {last}"
    ),
    FlawKind.NOT_THE_NOTED: BothLanguages(
        "与先前抄录的校验值不符：整条链被重写过",
        "the chain is not the one that was noted: it was written anew",
    ),
    FlawKind.ENDS_BEFORE_NOTED: BothLanguages(
        "记录在先前抄录的位置之前就结束了", "the record ends before the place that was noted"
    ),
}


class Flaw(Struct, frozen=True):
    """Where the record is not as it was written, and in what."""

    position: int
    kind: FlawKind
    what: BothLanguages


class AuditReport(Struct, frozen=True):
    """What reading the whole record showed. `position` and `link` are its end, to be noted elsewhere."""

    entries: int
    position: int
    link: str
    flaws: tuple[Flaw, ...]

    @property
    def is_sound(self) -> bool:
        """Tell whether everything is as it was written."""
        return not self.flaws


class Audit:
    """The record over PostgreSQL. Every method raises StoreUnavailable when the database does not answer."""

    def __init__(self, pool: Any) -> None:
        """Take a pool that the caller opens and closes."""
        self._database = Database(pool)

    async def add(self, entry: Entry) -> int:
        """Add an entry, and return its position. Those who add at the same time stand in line.

        Within a change it becomes durable together with that. One with the code `BEGUN` stays open until the one
        that names it in `begun` is added.
        """
        body = msgspec.json.encode(_bounded(entry))
        lot, is_begun = _lot_of(entry), entry.code == BEGUN
        row = (entry.at_us, entry.account, entry.operation, lot, body, is_begun)
        async with self._database.transaction() as statements:
            position: int = await statements.value(INSERT, *row)
            if is_begun:
                await statements.run(INSERT_OPEN, position)
            if entry.begun:
                await statements.run(DELETE_OPEN, entry.begun)
        return position

    async def search(self, search: EntrySearch) -> list[Kept]:
        """Return entries, the latest first. Of an act with an outcome it is that alone, without `BEGUN`."""
        wanted = (search.before, search.from_us, search.until_us)
        of = (search.account, search.operation, search.lot)
        return [_kept(row) for row in await self._database.rows(SELECT, *wanted, *of, search.limit)]

    async def operations(self) -> list[str]:
        """Return the operations of which there are entries, in alphabetical order."""
        return [row["name"] for row in await self._database.rows(SELECT_OPERATIONS)]

    async def verify(self, known: Kept | None = None, flaws_max: int = 20) -> AuditReport:
        """Read the whole record, and say what is not as it was written.

        Who may do anything in the database can write the whole chain anew. An end of it that was noted elsewhere
        shows that as well.

        Args:
            known: a place in the chain that was noted earlier.
            flaws_max: how many flaws to look for.
        """
        head = await self._database.row(SELECT_HEAD)
        flaws: list[Flaw] = []
        link, at, entries = b"", 0, 0
        if head is None:
            return AuditReport(0, 0, "", (_flaw(0, FlawKind.END_MISSING),))
        async for row in self._all(head["position"]):
            entries += 1
            if row["position"] != at + 1:
                flaws.append(_flaw(row["position"], FlawKind.ENTRIES_MISSING, at + 1, row["position"] - 1))
            elif row["link"] != hashlib.sha256(link + row["body"]).digest():
                flaws.append(_flaw(row["position"], FlawKind.CHANGED))
            if not _agrees(row):
                flaws.append(_flaw(row["position"], FlawKind.COLUMNS_DIFFER))
            link, at = row["link"], row["position"]
            if known is not None and known.position == at and known.link != link.hex():
                flaws.append(_flaw(at, FlawKind.NOT_THE_NOTED))
            if len(flaws) >= flaws_max:
                return AuditReport(entries, at, link.hex(), tuple(flaws))
        if (at, link) != (head["position"], head["link"]):
            flaws.append(_flaw(at, FlawKind.CUT_OFF, last=head["position"]))
        if known is not None and known.position > at:
            flaws.append(_flaw(known.position, FlawKind.ENDS_BEFORE_NOTED))
        return AuditReport(entries, at, link.hex(), tuple(flaws))

    async def _all(self, until: int) -> AsyncIterator[Row]:
        """Give every row up to a position; what is added meanwhile is left to the next time."""
        at = 0
        while rows := await self._database.rows(SELECT_ALL, at, until, ROWS_AT_ONCE):
            for row in rows:
                yield row
            at = rows[-1]["position"]


def _flaw(position: int, kind: FlawKind, first: int = 0, last: int = 0) -> Flaw:
    """Return a flaw in words; `first` and `last` are positions that they name."""
    words = FLAW_WORDS[kind]
    return Flaw(
        position,
        kind,
        BothLanguages(words.zh.format(first=first, last=last), words.en.format(first=first, last=last)),
    )


def _agrees(row: Row) -> bool:
    """Tell whether what a row is looked up by is what its entry says."""
    try:
        entry = msgspec.json.decode(row["body"], type=Entry)
    except msgspec.DecodeError:
        return False
    said = (entry.at_us, entry.account, entry.operation, _lot_of(entry), entry.code == BEGUN)
    return said == (row["at_us"], row["account"], row["operation"], row["lot"], row["is_begun"])


def _lot_of(entry: Entry) -> int | None:
    lot = entry.about.get("lot")
    return lot if isinstance(lot, int) else None


def _bounded(entry: Entry) -> Entry:
    """Return an entry whose texts are not longer than they may be."""
    about = {key: _cut(said) for key, said in list(entry.about.items())[:ABOUT_MAX]}
    return msgspec.structs.replace(
        entry,
        login=entry.login[:TEXT_CHARACTERS_MAX],
        address=entry.address[:TEXT_CHARACTERS_MAX],
        about=about,
    )


def _cut(said: Said) -> Said:
    if isinstance(said, str):
        return said[:TEXT_CHARACTERS_MAX]
    return [text[:TEXT_CHARACTERS_MAX] for text in said[:ABOUT_MAX]] if isinstance(said, list) else said


def _kept(row: Row) -> Kept:
    return Kept(row["position"], row["link"].hex(), msgspec.json.decode(row["body"], type=Entry))
