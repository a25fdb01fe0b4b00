"""Photos and documents of a lot, kept beside it in the database under the digest of what is in them.

A file that was published once is never deleted: removing takes it out of sight, with a reason, and keeps the row, so
that an audit sees what bidders could see. A content stands here once, whatever number of lots show it.

Belongs here: taking, finding, handing out and removing files. Does not belong here: what is in them
(`exchange.lot_pictures`, `exchange.lot_documents`), uploads over HTTP (`gateways.api.lot_files`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final, TypeAlias

from msgspec import Struct

from exchange.database import Database, Row, Statements
from exchange.lot_documents import SUFFIXES, document_type
from exchange.lot_pictures import (
    THUMBNAIL_TYPE,
    NoPicture,
    TooManyPixels,
    looks_like_picture,
    picture,
)
from exchange.ports import Clock
from exchange.texts import NO_TEXT, BothLanguages
from matching.units import LotId, StaffId, TimeUs

FILE_BYTES_MAX: Final = 20 * 1_048_576
LOT_FILES_MAX: Final = 40
SLICE_BYTES: Final = 524_288
PICTURES_AT_ONCE: Final = 2
NAME_CHARACTERS_MAX: Final = 200

FileId: TypeAlias = int
PICTURE_SUFFIXES: Final = {
    "image/jpeg": (".jpg", ".jpeg"),
    "image/png": (".png",),
    "image/webp": (".webp",),
}


class FileKind(StrEnum):
    """What a file is to a lot."""

    PHOTO = "photo"
    DOCUMENT = "document"


class LotFile(Struct, frozen=True):
    """A file of a lot. `sha256` is in hexadecimal and of what is published; `size` in bytes.

    `width` and `height` are pixels, 0 for documents; `removed_at_us` is 0 as long as the file is shown.
    """

    id: FileId
    lot: LotId
    kind: FileKind
    name: str
    media_type: str
    size: int
    sha256: str
    caption: BothLanguages
    width: int
    height: int
    uploaded_at_us: TimeUs
    removed_at_us: TimeUs = 0
    removed_reason: str = ""


class Content(Struct, frozen=True):
    """What a file, or its thumbnail, consists of; `LotFiles.slices` reads it. `sha256` is in hexadecimal."""

    file: LotFile
    media_type: str
    size: int
    sha256: str


class FileRefusal(StrEnum):
    """Why a file is not taken, or not removed, in order of precedence."""

    LOT_UNKNOWN = "LOT_UNKNOWN"
    FILE_UNKNOWN = "FILE_UNKNOWN"
    FILE_EMPTY = "FILE_EMPTY"
    FILE_TOO_LARGE = "FILE_TOO_LARGE"
    FILE_TYPE_UNKNOWN = "FILE_TYPE_UNKNOWN"
    """It is none of the photos and documents that are taken, or carries macros."""
    PICTURE_DAMAGED = "PICTURE_DAMAGED"
    PICTURE_TOO_LARGE = "PICTURE_TOO_LARGE"
    TOO_MANY_FILES = "TOO_MANY_FILES"


class Prepared(Struct, frozen=True):
    """A file as it will be published, before anything is written."""

    kind: FileKind
    media_type: str
    content: bytes
    width: int = 0
    height: int = 0
    thumbnail: bytes = b""


COLUMNS = """
id, lot, kind, name, media_type, size, encode(sha256, 'hex') AS sha256, caption_zh, caption_en, width, height,
uploaded_at_us, coalesce(removed_at_us, 0) AS removed_at_us, removed_reason
"""
LOCK_LOT = "SELECT id FROM exchange.lot WHERE id = $1 FOR NO KEY UPDATE"
COUNT_SHOWN = "SELECT count(*) FROM exchange.lot_file WHERE lot = $1 AND removed_at_us IS NULL"
SELECT_ALIKE = (
    f"SELECT {COLUMNS} FROM exchange.lot_file WHERE lot = $1 AND sha256 = $2 AND removed_at_us IS NULL"
)
KEEP_CONTENT = "INSERT INTO exchange.file_content (sha256, content) VALUES ($1, $2) ON CONFLICT DO NOTHING"
INSERT_FILE = f"""
INSERT INTO exchange.lot_file (
    lot, kind, name, media_type, size, sha256, thumbnail, width, height, caption_zh, caption_en,
    uploaded_by, uploaded_at_us
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING {COLUMNS}
"""
SELECT_OF_LOT = f"""
SELECT {COLUMNS} FROM exchange.lot_file WHERE lot = $1 AND (removed_at_us IS NULL OR $2) ORDER BY id LIMIT 1000
"""
SELECT_FIRST_PHOTOS = f"""
SELECT DISTINCT ON (lot) {COLUMNS} FROM exchange.lot_file
 WHERE lot = ANY($1::bigint[]) AND kind = 'photo' AND removed_at_us IS NULL ORDER BY lot, id
"""
SELECT_CONTENT = f"""
SELECT {COLUMNS}, encode(CASE WHEN $2 THEN thumbnail ELSE sha256 END, 'hex') AS content_sha256,
       (SELECT octet_length(content) FROM exchange.file_content AS kept
         WHERE kept.sha256 = CASE WHEN $2 THEN thumbnail ELSE lot_file.sha256 END) AS content_size
  FROM exchange.lot_file WHERE id = $1 AND removed_at_us IS NULL AND (thumbnail IS NOT NULL OR NOT $2)
"""
SELECT_SLICE = (
    "SELECT substring(content FROM $2::int FOR $3::int) FROM exchange.file_content WHERE sha256 = $1"
)
REMOVE = f"""
UPDATE exchange.lot_file SET removed_at_us = $2, removed_by = $3, removed_reason = $4
 WHERE id = $1 AND removed_at_us IS NULL RETURNING {COLUMNS}
"""
COPY_FILES = """
INSERT INTO exchange.lot_file (
    lot, kind, name, media_type, size, sha256, thumbnail, width, height, caption_zh, caption_en,
    uploaded_by, uploaded_at_us
)
SELECT $2, kind, name, media_type, size, sha256, thumbnail, width, height, caption_zh, caption_en, $3, $4
  FROM exchange.lot_file WHERE lot = $1 AND removed_at_us IS NULL ORDER BY id
ON CONFLICT (lot, sha256) WHERE removed_at_us IS NULL DO NOTHING
"""


class LotFiles:
    """Files over PostgreSQL. Every method raises StoreUnavailable when the database does not answer."""

    def __init__(self, pool: Any, clock: Clock) -> None:
        """Take a pool that the caller opens and closes."""
        self._database = Database(pool)
        self._clock = clock
        self._darkroom = asyncio.Semaphore(PICTURES_AT_ONCE)

    async def add(
        self, lot: LotId, name: str, content: bytes, *, by: StaffId, caption: BothLanguages = NO_TEXT
    ) -> LotFile | FileRefusal:
        """Take a file for a lot and publish it; the same file again is the one that is there.

        Args:
            lot: also one that has ended: its papers come later.
            name: what people call the file; nothing is decided by it.
            content: as it came; what is published of a photo is made anew from its pixels.
            by: who of the staff publishes it.
            caption: what is to be seen or read in it.

        Refuses: LOT_UNKNOWN, FILE_EMPTY, FILE_TOO_LARGE, FILE_TYPE_UNKNOWN, PICTURE_DAMAGED, PICTURE_TOO_LARGE,
            TOO_MANY_FILES.
        """
        if not content:
            return FileRefusal.FILE_EMPTY
        if len(content) > FILE_BYTES_MAX:
            return FileRefusal.FILE_TOO_LARGE
        async with self._darkroom:
            prepared = await asyncio.to_thread(prepare, content)
        if isinstance(prepared, FileRefusal):
            return prepared
        return await self.add_prepared(lot, name, prepared, by=by, caption=caption)

    async def add_prepared(
        self, lot: LotId, name: str, prepared: Prepared, *, by: StaffId, caption: BothLanguages = NO_TEXT
    ) -> LotFile | FileRefusal:
        """Publish a file that has been prepared, once for several lots.

        Refuses: LOT_UNKNOWN, TOO_MANY_FILES.
        """
        digest = sha256(prepared.content).digest()
        async with self._database.transaction() as statements:
            # The lot's row holds back others who add to it: the bound would not hold otherwise.
            if await statements.value(LOCK_LOT, lot) is None:
                return FileRefusal.LOT_UNKNOWN
            alike = await statements.row(SELECT_ALIKE, lot, digest)
            if alike is not None:
                return _file(alike)
            if await statements.value(COUNT_SHOWN, lot) >= LOT_FILES_MAX:
                return FileRefusal.TOO_MANY_FILES
            thumbnail = await _kept(statements, prepared)
            row = await statements.row(
                INSERT_FILE, lot, prepared.kind.value, named(name, prepared.media_type), prepared.media_type,
                len(prepared.content), digest, thumbnail, prepared.width, prepared.height,
                caption.zh, caption.en, by, self._clock.now_us(),
            )  # fmt: skip
        assert row is not None, "an insert that succeeds returns its row"
        return _file(row)

    async def of_lot(self, lot: LotId, *, with_removed: bool = False) -> list[LotFile]:
        """Return the files of a lot in the order in which they came; those removed only where asked for."""
        return [_file(row) for row in await self._database.rows(SELECT_OF_LOT, lot, with_removed)]

    async def first_photos(self, lots: Sequence[LotId]) -> dict[LotId, LotFile]:
        """Return the first photo of each of several lots that has one."""
        return {row["lot"]: _file(row) for row in await self._database.rows(SELECT_FIRST_PHOTOS, list(lots))}

    async def content(self, file: FileId, *, thumbnail: bool = False) -> Content | None:
        """Return what a file that is shown consists of, or its small picture; None when there is none."""
        row = await self._database.row(SELECT_CONTENT, file, thumbnail)
        if row is None:
            return None
        media_type = THUMBNAIL_TYPE if thumbnail else row["media_type"]
        return Content(_file(row), media_type, row["content_size"], row["content_sha256"])

    async def slices(self, content: Content) -> AsyncIterator[bytes]:
        """Give a content from its beginning to its end, at most SLICE_BYTES at a time."""
        digest = bytes.fromhex(content.sha256)
        for offset in range(0, content.size, SLICE_BYTES):
            yield await self._database.value(SELECT_SLICE, digest, offset + 1, SLICE_BYTES)

    async def remove(self, file: FileId, reason: str, by: StaffId) -> LotFile | FileRefusal:
        """Take a file out of sight; its row and content stay.

        Refuses: FILE_UNKNOWN, also for one that is out of sight already.
        """
        assert reason, "taking a file out of sight has a reason"
        async with self._database.transaction() as statements:
            row = await statements.row(REMOVE, file, self._clock.now_us(), by, reason)
        return FileRefusal.FILE_UNKNOWN if row is None else _file(row)

    async def carry_over(self, earlier: LotId, lot: LotId, by: StaffId) -> None:
        """Show the files of a lot with the lot that sells it again; done again, it changes nothing."""
        async with self._database.transaction() as statements:
            await statements.run(COPY_FILES, earlier, lot, by, self._clock.now_us())


def prepare(content: bytes) -> Prepared | FileRefusal:
    """Return a file as it may be published. Slow for photos: call it in a thread.

    Refuses: FILE_TYPE_UNKNOWN, PICTURE_DAMAGED, PICTURE_TOO_LARGE.
    """
    if not looks_like_picture(content):
        media_type = document_type(content)
        if media_type is None:
            return FileRefusal.FILE_TYPE_UNKNOWN
        return Prepared(FileKind.DOCUMENT, media_type, content)
    try:
        made = picture(content)
    except TooManyPixels:
        return FileRefusal.PICTURE_TOO_LARGE
    except NoPicture:
        return FileRefusal.PICTURE_DAMAGED
    return Prepared(FileKind.PHOTO, made.media_type, made.content, made.width, made.height, made.thumbnail)


def named(name: str, media_type: str) -> str:
    """Return a file's name with the ending that its content has, whatever it was called."""
    suffixes = PICTURE_SUFFIXES.get(media_type) or (SUFFIXES[media_type],)
    tidy = name.strip() or "file"
    if not tidy.lower().endswith(suffixes):
        tidy += suffixes[0]
    return tidy if len(tidy) <= NAME_CHARACTERS_MAX else tidy[: NAME_CHARACTERS_MAX - 8] + suffixes[0]


async def _kept(statements: Statements, prepared: Prepared) -> bytes | None:
    """Keep the contents of a file, and return the digest of its thumbnail."""
    await statements.run(KEEP_CONTENT, sha256(prepared.content).digest(), prepared.content)
    if not prepared.thumbnail:
        return None
    digest = sha256(prepared.thumbnail).digest()
    await statements.run(KEEP_CONTENT, digest, prepared.thumbnail)
    return digest


def _file(row: Row) -> LotFile:
    return LotFile(
        id=row["id"],
        lot=row["lot"],
        kind=FileKind(row["kind"]),
        name=row["name"],
        media_type=row["media_type"],
        size=row["size"],
        sha256=row["sha256"],
        caption=BothLanguages(row["caption_zh"], row["caption_en"]),
        width=row["width"],
        height=row["height"],
        uploaded_at_us=row["uploaded_at_us"],
        removed_at_us=row["removed_at_us"],
        removed_reason=row["removed_reason"],
    )
