"""Photos and documents of lots over a real database, with real pictures."""

from __future__ import annotations

import asyncio
import zipfile
import zlib
from hashlib import sha256
from io import BytesIO

import asyncpg
import pytest
from PIL import Image

from exchange.lot_files import FILE_BYTES_MAX, LOT_FILES_MAX, FileKind, FileRefusal, LotFile, LotFiles
from exchange.texts import BothLanguages
from tests.floor import HOST
from tests.procedure import Procedure

PDF = b"%PDF-1.4\n% a short one\n%%EOF\n"
ORIENTATION, GPS = 0x0112, 0x8825


def photo(width: int = 900, height: int = 600, file_format: str = "JPEG", **options: object) -> bytes:
    written = BytesIO()
    mode = "RGBA" if file_format != "JPEG" else "RGB"
    Image.new(mode, (width, height), (40, 120, 60, 128)[: len(mode)]).save(written, file_format, **options)
    return written.getvalue()


def office(*names: str) -> bytes:
    written = BytesIO()
    with zipfile.ZipFile(written, "w") as parts:
        for name in ("[Content_Types].xml", *names):
            parts.writestr(name, "<x/>")
    return written.getvalue()


@pytest.fixture
def files(procedure: Procedure) -> LotFiles:
    return LotFiles(procedure.pool, procedure.floor.clock)


async def read(files: LotFiles, file: int, *, thumbnail: bool = False) -> bytes:
    content = await files.content(file, thumbnail=thumbnail)
    assert content is not None
    joined = b"".join([part async for part in files.slices(content)])
    assert (len(joined), sha256(joined).hexdigest()) == (content.size, content.sha256)
    return joined


async def taken(files: LotFiles, lot: int, name: str, content: bytes) -> LotFile:
    file = await files.add(lot, name, content, by=HOST)
    assert isinstance(file, LotFile), file
    return file


async def test_a_photo_is_published_upright_and_without_what_the_camera_wrote(
    procedure: Procedure, files: LotFiles
) -> None:
    lot = await procedure.publish(0)
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    exif.get_ifd(GPS)[1] = "N"
    exif[0x010F] = "A camera of somebody"
    came = photo(exif=exif)
    assert b"A camera of somebody" in came
    caption = BothLanguages("东侧", "East side")
    file = await files.add(lot, "east.jpeg", came, by=HOST, caption=caption)
    assert isinstance(file, LotFile)
    assert (file.kind, file.media_type, file.width, file.height) == (FileKind.PHOTO, "image/jpeg", 600, 900)
    assert (file.name, file.caption, file.removed_at_us) == ("east.jpeg", caption, 0)
    kept = await read(files, file.id)
    assert b"A camera" not in kept and b"Exif" not in kept
    with (
        Image.open(BytesIO(kept)) as shown,
        Image.open(BytesIO(await read(files, file.id, thumbnail=True))) as small,
    ):
        assert not shown.getexif() and shown.size == (600, 900)
        assert small.size == (320, 480) and small.format == "JPEG"
    assert await files.of_lot(lot) == [file]
    assert await files.first_photos([lot, 999]) == {lot: file}


@pytest.mark.parametrize(("file_format", "media"), [("PNG", "image/png"), ("WEBP", "image/webp")])
async def test_other_photos_keep_their_format(
    procedure: Procedure, files: LotFiles, file_format: str, media: str
) -> None:
    file = await taken(files, await procedure.publish(0), "x.jpg", photo(file_format=file_format))
    assert file.media_type == media and file.name == f"x.jpg.{file_format.lower()}"


async def test_documents_are_known_by_what_is_in_them(procedure: Procedure, files: LotFiles) -> None:
    lot = await procedure.publish(0)
    for content, name, expected in (
        (PDF, "rules.exe", "rules.exe.pdf"),
        (office("word/document.xml"), "form.docx", "form.docx"),
        (office("xl/workbook.xml"), "", "file.xlsx"),
        ("宗地图说明\n".encode(), "说明.txt", "说明.txt"),
    ):
        file = await taken(files, lot, name, content)
        assert (file.kind, file.name, file.size) == (FileKind.DOCUMENT, expected, len(content))
        assert await read(files, file.id) == content
        assert await files.content(file.id, thumbnail=True) is None
    long = await taken(files, lot, "n" * 300 + ".pdf", PDF + b"\n")
    assert len(long.name) <= 200 and long.name.endswith(".pdf")
    large = await taken(files, lot, "large.txt", b"0123456789abcdef\n" * 70_000)
    assert len(await read(files, large.id)) == large.size > 1_048_576


async def test_what_cannot_be_published_is_refused_by_name(procedure: Procedure, files: LotFiles) -> None:
    lot = await procedure.publish(0)
    for content, refusal in (
        (b"", FileRefusal.FILE_EMPTY),
        (b"x" * (FILE_BYTES_MAX + 1), FileRefusal.FILE_TOO_LARGE),
        (b"<html><script>\0", FileRefusal.FILE_TYPE_UNKNOWN),
        (b"GIF89a\x01\x00\x01\x00\x00", FileRefusal.FILE_TYPE_UNKNOWN),
        (b"MZ\x90\x00", FileRefusal.FILE_TYPE_UNKNOWN),
        (office("word/document.xml", "word/vbaProject.bin"), FileRefusal.FILE_TYPE_UNKNOWN),
        (office("a.class"), FileRefusal.FILE_TYPE_UNKNOWN),
        (b"PK\x03\x04 no archive", FileRefusal.FILE_TYPE_UNKNOWN),
        (photo()[:400], FileRefusal.PICTURE_DAMAGED),
        (b"\x89PNG\r\n\x1a\nrest", FileRefusal.PICTURE_DAMAGED),
        (_wall(), FileRefusal.PICTURE_TOO_LARGE),
    ):
        assert await files.add(lot, "x.jpg", content, by=HOST) is refusal
    assert await files.add(999, "x.pdf", PDF, by=HOST) is FileRefusal.LOT_UNKNOWN
    assert await procedure.pool.fetchval("SELECT count(*) FROM exchange.file_content") == 0


def _wall() -> bytes:
    """Return a few bytes of PNG that claim to be a picture of 30,000 by 30,000."""
    small = bytearray(photo(file_format="PNG"))
    small[16:24] = (30_000).to_bytes(4) * 2
    # The checksum of the header has to fit, or the library would not come as far.
    small[29:33] = zlib.crc32(bytes(small[12:29])).to_bytes(4)
    return bytes(small)


async def test_the_same_file_is_kept_once_and_lots_are_bounded(procedure: Procedure, files: LotFiles) -> None:
    lot, other = await procedure.publish(0), await procedure.publish(0)
    first = await taken(files, lot, "a.pdf", PDF)
    assert await taken(files, lot, "b.pdf", PDF) == first
    assert (await taken(files, other, "b.pdf", PDF)).sha256 == first.sha256
    assert await procedure.pool.fetchval("SELECT count(*) FROM exchange.file_content") == 1
    texts = [f"{number}".encode() for number in range(LOT_FILES_MAX + 4)]
    answers = await asyncio.gather(*(files.add(lot, "t.txt", text, by=HOST) for text in texts))
    assert sum(answer is FileRefusal.TOO_MANY_FILES for answer in answers) == 5
    assert len(await files.of_lot(lot)) == LOT_FILES_MAX


async def test_a_removed_file_is_out_of_sight_and_on_record(procedure: Procedure, files: LotFiles) -> None:
    lot = await procedure.publish(0)
    file = await taken(files, lot, "a.pdf", PDF)
    gone = await files.remove(file.id, "上传有误", HOST)
    assert isinstance(gone, LotFile) and gone.removed_at_us > 0 and gone.removed_reason == "上传有误"
    assert await files.of_lot(lot) == [] and await files.content(file.id) is None
    assert await files.of_lot(lot, with_removed=True) == [gone]
    assert await files.remove(file.id, "twice", HOST) is FileRefusal.FILE_UNKNOWN
    assert (await taken(files, lot, "a.pdf", PDF)).id != file.id
    for statement in (
        "DELETE FROM exchange.lot_file",
        "UPDATE exchange.lot_file SET name = 'x'",
        "UPDATE exchange.lot_file SET removed_at_us = NULL, removed_by = NULL, removed_reason = ''",
        "DELETE FROM exchange.file_content",
    ):
        with pytest.raises(asyncpg.RestrictViolationError):
            await procedure.pool.execute(statement)


async def test_a_lot_sold_again_shows_the_files_of_the_earlier_one(
    procedure: Procedure, files: LotFiles
) -> None:
    earlier, later = await procedure.publish(0), await procedure.publish(0)
    shown, hidden = await taken(files, earlier, "a.pdf", PDF), await taken(files, earlier, "b.txt", b"old")
    await files.remove(hidden.id, "out of date", HOST)
    for _ in range(2):
        await files.carry_over(earlier, later, HOST)
    assert [(file.name, file.sha256) for file in await files.of_lot(later)] == [(shown.name, shown.sha256)]
