"""Who the centre is: its name, where and when people reach it; in versions.

Belongs here: what the centre says of itself on every page, and who changed it when and why.
Does not belong here: settings of a process (`exchange.settings`), rules of sales (`exchange.rulebooks`), where
deposits are paid to: that is the bank account that finance has registered with the ledger (`ledger.bank.registry`).
"""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

import msgspec
import structlog
from msgspec import Meta, Struct

from exchange.database import Database, NotUnique, Row, StoreUnavailable, change_under_way
from exchange.ports import Clock, ExchangeError
from exchange.texts import BothLanguages
from matching.units import TimeUs

log = structlog.get_logger(__name__)

REMEMBERED_FOR_US = 5_000_000
"""How long a version is believed to be the current one; a change made by another process shows this much later."""

LINE_CHARACTERS_MAX = 200
LINK_CHARACTERS_MAX = 500
TEXT_CHARACTERS_MAX = 1_000
ONE_LINE = r"^[^\x00-\x1f\x7f-\x9f]*$(?!\n)"

SELECT_CURRENT = """
SELECT v.version, v.card, v.changed_by, a.name AS by_name, v.changed_at_us, v.reason
  FROM exchange.centre_version v JOIN exchange.account a ON a.id = v.changed_by
 ORDER BY v.version DESC LIMIT 1
"""
SELECT_VERSIONS = """
SELECT v.version, v.card, v.changed_by, a.name AS by_name, v.changed_at_us, v.reason
  FROM exchange.centre_version v JOIN exchange.account a ON a.id = v.changed_by
 WHERE v.version < $1 ORDER BY v.version DESC LIMIT $2
"""
INSERT_VERSION = """
INSERT INTO exchange.centre_version (version, card, changed_by, changed_at_us, reason) VALUES ($1, $2, $3, $4, $5)
"""

Line: TypeAlias = Annotated[str, Meta(max_length=LINE_CHARACTERS_MAX, pattern=ONE_LINE)]
MapLink: TypeAlias = Annotated[
    str, Meta(max_length=LINK_CHARACTERS_MAX, pattern=r"^(https://[^\s\x00-\x1f]+)?$(?!\n)")
]


class Lines(BothLanguages, frozen=True, forbid_unknown_fields=True):
    """A short text in both languages."""

    zh: Line = ""
    en: Line = ""


class Text(BothLanguages, frozen=True, forbid_unknown_fields=True):
    """A text of several lines in both languages."""

    zh: Annotated[str, Meta(max_length=TEXT_CHARACTERS_MAX)] = ""
    en: Annotated[str, Meta(max_length=TEXT_CHARACTERS_MAX)] = ""


class CentreCard(Struct, frozen=True, forbid_unknown_fields=True):
    """What the centre says of itself.

    Args:
        name: of the centre.
        address: where it is.
        contact: whom to ask for.
        phone: of the contact.
        complaint_line: telephone for complaints and objections.
        opening_hours: when people are there.
        map_link: https address of a map with `{latitude}` and `{longitude}` in it; empty: no link.
        region: where lots lie of which nothing else is said, first among those of the public search; empty: nowhere.
        footer: what stands at the end of every page, such as the ICP number.
    """

    name: Lines = Lines("落槌公共资源交易中心", "Luochui Public Resource Trading Centre")
    address: Lines = Lines()
    contact: Lines = Lines()
    phone: Line = ""
    complaint_line: Line = ""
    opening_hours: Lines = Lines()
    map_link: MapLink = ""
    region: Line = ""
    footer: Text = Text()


class _CardOnRecord(CentreCard, frozen=True, forbid_unknown_fields=False):
    """A card as it was written down; one of an earlier release may say what a card does not say any more."""


class CentreVersion(Struct, frozen=True):
    """What held from one moment on. Version 0 is what holds before anybody has entered anything."""

    version: int
    card: CentreCard
    changed_by: int = 0
    by_name: str = ""
    changed_at_us: TimeUs = 0
    reason: str = ""


NOTHING_ENTERED = CentreVersion(0, CentreCard())


class VersionMoved(ExchangeError):
    """Somebody else has changed the card meanwhile; nothing was changed."""


class Centre:
    """The centre's card over PostgreSQL."""

    def __init__(self, pool: Any, clock: Clock) -> None:
        """Take a pool that the caller opens and closes."""
        self._database = Database(pool)
        self._clock = clock
        self._known = NOTHING_ENTERED
        self._known_until_us: TimeUs = 0

    async def current(self) -> CentreVersion:
        """Return what holds now; asked again within a few seconds, it does not ask the database.

        As long as the database does not answer, it is what was known last: every page says it.
        """
        now_us = self._clock.now_us()
        if now_us >= self._known_until_us:
            try:
                row = await self._database.row(SELECT_CURRENT)
            except StoreUnavailable as error:
                log.warning("centre.not_read", error=str(error))
            else:
                self._known = NOTHING_ENTERED if row is None else _version(row)
            self._known_until_us = now_us + REMEMBERED_FOR_US
        return self._known

    async def versions(self, before: int, limit: int) -> list[CentreVersion]:
        """Return at most `limit` versions below `before`, the latest first.  Raises: StoreUnavailable."""
        return [_version(row) for row in await self._database.rows(SELECT_VERSIONS, before, limit)]

    async def change(self, card: CentreCard, seen: int, by: int, reason: str) -> int:
        """Let another card hold from now on, and return its version.

        Args:
            card: the whole card.
            seen: the version on which the change was made.
            by: account of who changes it.
            reason: why, for those who look later.

        Raises: VersionMoved; StoreUnavailable; ValueError for a card without a name.
        """
        if not (card.name.zh.strip() and card.name.en.strip()):
            raise ValueError("the centre has a name in both languages")
        text = msgspec.json.encode(card).decode()
        now_us = self._clock.now_us()
        try:
            async with self._database.transaction() as statements:
                await statements.run(INSERT_VERSION, seen + 1, text, by, now_us, reason)
        except NotUnique as error:
            raise VersionMoved(str(seen)) from error
        self._known_until_us = 0
        change = change_under_way()
        if change is not None:
            change.afterwards(self._read_anew)
        return seen + 1

    def _read_anew(self) -> None:
        self._known_until_us = 0


def _version(row: Row) -> CentreVersion:
    card = CentreCard(*msgspec.structs.astuple(msgspec.json.decode(row["card"], type=_CardOnRecord)))
    return CentreVersion(
        row["version"], card, row["changed_by"], row["by_name"], row["changed_at_us"], row["reason"]
    )
