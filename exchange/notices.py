"""Notices (公告): what the centre has told the public about a lot or about itself, in the order in which it did.

A notice never changes. What was wrong in one is put right by another, which names it.

Belongs here: publishing and finding notices. Does not belong here: what the exchange itself says in them
(`exchange.notice_texts`), when it does (`exchange.catalogue`, `exchange.settlement`, `exchange.standstill_notices`).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final, TypeAlias

from msgspec import Struct

from exchange.database import Database, Row
from exchange.ports import Clock
from exchange.texts import BothLanguages
from matching.units import LotId, StaffId, TimeUs

PAGE_NOTICES_MAX: Final = 100
LOT_NOTICES_MAX: Final = 1_000
"""How many notices of one lot are told; the first of them, should there ever be more."""

BY_THE_EXCHANGE: Final[StaffId] = 0

NoticeId: TypeAlias = int


class NoticeKind(StrEnum):
    """What a notice is."""

    ANNOUNCEMENT = "announcement"
    """A lot is put up (出让公告、转让公告)."""
    CLARIFICATION = "clarification"
    """An answer to questions (答疑澄清)."""
    CHANGE = "change"
    """Something that was announced is otherwise now (变更公告)."""
    SUSPENSION = "suspension"
    """A lot stands still (中止公告)."""
    RESUMPTION = "resumption"
    """A lot goes on (恢复公告)."""
    TERMINATION = "termination"
    """A lot was taken out of sale (终止公告)."""
    RESULT = "result"
    """How a lot ended (结果公示)."""
    CENTRE = "centre"
    """Something of the centre itself and of no lot (中心通知)."""


class Notice(Struct, frozen=True):
    """A notice as it was published. `body` is plain text; an empty line parts paragraphs.

    `lot` is 0 for the centre's own, `corrects` the notice that this one puts right, 0 for none; `published_by` is 0
    for what the exchange tells by itself.
    """

    id: NoticeId
    lot: LotId
    kind: NoticeKind
    title: BothLanguages
    body: BothLanguages
    published_at_us: TimeUs
    published_by: StaffId
    corrects: NoticeId = 0


class NewNotice(Struct, frozen=True):
    """What is to be told; both languages of both texts."""

    kind: NoticeKind
    title: BothLanguages
    body: BothLanguages


class NoticeRefusal(StrEnum):
    """Why a notice is not published, in order of precedence."""

    LOT_UNKNOWN = "LOT_UNKNOWN"
    NOTICE_UNKNOWN = "NOTICE_UNKNOWN"
    """What it should correct is not there, or is of another lot."""


COLUMNS = """
n.id, coalesce(n.lot, 0) AS lot, n.kind, n.title_zh, n.title_en, n.body_zh, n.body_en, n.published_at_us,
n.published_by, coalesce(n.corrects, 0) AS corrects
"""
IS_PUBLIC = "(n.lot IS NULL OR EXISTS (SELECT FROM exchange.lot l WHERE l.id = n.lot AND l.is_announced))"
INSERT = """
INSERT INTO exchange.notice AS n
       (lot, kind, corrects, title_zh, title_en, body_zh, body_en, published_by, published_at_us)
VALUES (nullif($1::bigint, 0), $2, nullif($3::bigint, 0), $4, $5, $6, $7, $8, $9) RETURNING
"""
INSERT_OF_RECORD = """
INSERT INTO exchange.notice
       (lot, kind, of_record, title_zh, title_en, body_zh, body_en, published_by, published_at_us)
SELECT id, $2, $3, $4 || title_zh, $5 || title_en, $6, $7, $8, $9 FROM exchange.lot WHERE id = $1
ON CONFLICT ON CONSTRAINT notice_told_once DO NOTHING
"""
LOT_EXISTS = "SELECT EXISTS (SELECT FROM exchange.lot WHERE id = $1 AND is_announced)"
NOTICE_OF_LOT = """
SELECT EXISTS (SELECT FROM exchange.notice WHERE id = $1 AND lot IS NOT DISTINCT FROM nullif($2::bigint, 0))
"""
SELECT_OF_LOT = (
    f"SELECT {COLUMNS} FROM exchange.notice n WHERE n.lot = $1 AND {IS_PUBLIC} ORDER BY n.id LIMIT $2"
)
SELECT_ONE = f"SELECT {COLUMNS} FROM exchange.notice n WHERE n.id = $1 AND {IS_PUBLIC}"
SELECT_CORRECTING = f"""
SELECT {COLUMNS} FROM exchange.notice n WHERE n.lot IS NULL AND n.corrects = $1 ORDER BY n.id DESC LIMIT 1
"""
SELECT_LATEST = f"""
SELECT {COLUMNS} FROM exchange.notice n
 WHERE ($1::bigint = 0 OR n.id < $1) AND ($2::text IS NULL OR n.kind = $2) AND {IS_PUBLIC}
 ORDER BY n.id DESC LIMIT $3
"""


class Notices:
    """Notices over PostgreSQL. Every method raises StoreUnavailable when the database does not answer."""

    def __init__(self, pool: Any, clock: Clock) -> None:
        """Take a pool that the caller opens and closes."""
        self._database = Database(pool)
        self._clock = clock

    async def publish(
        self, new: NewNotice, *, by: StaffId, lot: LotId = 0, corrects: NoticeId = 0
    ) -> Notice | NoticeRefusal:
        """Publish what somebody of the staff has written.

        Args:
            new: of kind `centre` exactly where there is no lot.
            by: who publishes it.
            lot: what it is about; 0 for the centre itself.
            corrects: the notice that it puts right, of the same lot; 0 for none.

        Refuses: LOT_UNKNOWN, NOTICE_UNKNOWN.  Raises: NotStorable.
        """
        assert (new.kind is NoticeKind.CENTRE) == (lot == 0), "the centre's own notices are of no lot"
        if lot and not await self._database.value(LOT_EXISTS, lot):
            return NoticeRefusal.LOT_UNKNOWN
        if corrects and not await self._database.value(NOTICE_OF_LOT, corrects, lot):
            return NoticeRefusal.NOTICE_UNKNOWN
        async with self._database.transaction() as statements:
            row = await statements.row(
                INSERT + COLUMNS, lot, new.kind.value, corrects, new.title.zh, new.title.en, new.body.zh,
                new.body.en, by, self._clock.now_us(),
            )  # fmt: skip
        assert row is not None, "an insert that succeeds returns its row"
        return _notice(row)

    async def tell(self, lot: LotId, of_record: int, new: NewNotice, by: StaffId, at_us: TimeUs) -> None:
        """Publish what one of a lot's records means; done again, it changes nothing.

        A lot that is not in the catalogue is left alone.

        Args:
            lot: whose record it is.
            of_record: its sequence.
            new: with a title to which the lot's own is added.
            by: who caused the record, 0 for the clock.
            at_us: when the record was made.
        """
        await self._database.run(
            INSERT_OF_RECORD, lot, new.kind.value, of_record, new.title.zh, new.title.en,
            storable(new.body.zh), storable(new.body.en), by, at_us,
        )  # fmt: skip

    async def of_lot(self, lot: LotId) -> list[Notice]:
        """Return what was published about a lot, oldest first; nothing for a lot that nobody knows."""
        return _notices(await self._database.rows(SELECT_OF_LOT, lot, LOT_NOTICES_MAX))

    async def latest(
        self, limit: int = 20, before_id: NoticeId = 0, kind: NoticeKind | None = None
    ) -> list[Notice]:
        """Return what was published last, latest first.

        Args:
            limit: at most so many, 1 to PAGE_NOTICES_MAX.
            before_id: only those before this one; 0 for no bound.
            kind: only of this kind.
        """
        assert 1 <= limit <= PAGE_NOTICES_MAX, "a page is bounded"
        wanted = None if kind is None else kind.value
        return _notices(await self._database.rows(SELECT_LATEST, before_id, wanted, limit))

    async def get(self, notice: NoticeId) -> Notice | None:
        """Return one notice, None when there is none."""
        row = await self._database.row(SELECT_ONE, notice)
        return None if row is None else _notice(row)

    async def correcting(self, notice: Notice) -> Notice | None:
        """Return the latest notice that puts one right, None for one that stands as it is."""
        if notice.lot:
            later = [one for one in await self.of_lot(notice.lot) if one.corrects == notice.id]
            return later[-1] if later else None
        row = await self._database.row(SELECT_CORRECTING, notice.id)
        return None if row is None else _notice(row)


def storable(text: str) -> str:
    """Return a text without what PostgreSQL keeps in no text: a reason out of the journal may hold anything."""
    return text.replace("\0", "").encode(errors="replace").decode()


def _notices(rows: Sequence[Row]) -> list[Notice]:
    return [_notice(row) for row in rows]


def _notice(row: Row) -> Notice:
    return Notice(
        id=row["id"],
        lot=row["lot"],
        kind=NoticeKind(row["kind"]),
        title=BothLanguages(row["title_zh"], row["title_en"]),
        body=BothLanguages(row["body_zh"], row["body_en"]),
        published_at_us=row["published_at_us"],
        published_by=row["published_by"],
        corrects=row["corrects"],
    )
