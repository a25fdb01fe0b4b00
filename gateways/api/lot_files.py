"""Photos and documents of lots over HTTP: what a lot has, the files themselves, adding and removing.

A file that staff have uploaded is handed out so that it can do nothing in a browser: with the type that its content
has, in a sandbox, and to be saved rather than shown unless it is a photo or a PDF.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Final
from urllib.parse import quote

import structlog
from aiohttp import web
from msgspec import Meta, Struct

from exchange.lot_documents import PDF
from exchange.lot_files import FILE_BYTES_MAX, Content, FileKind, FileRefusal, LotFile
from exchange.people import Role
from exchange.ports import ExchangeError
from exchange.texts import BothLanguages
from gateways.api.errors import ApiCode, ApiError
from gateways.api.finance_files import received
from gateways.api.operation import ANYONE, Asked, Operation, only

log = structlog.get_logger(__name__)

Caption = Annotated[str, Meta(max_length=200)]

CACHE: Final = "public, max-age=86400, immutable"
"""A file never changes, but it may be removed: after a day nobody's cache shows it any more."""

SANDBOX: Final = "sandbox; default-src 'none'"
PDF_POLICY: Final = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'"
"""Browsers show no PDF in a sandbox; their viewers are one."""


class FilesQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """`removed`: also what was removed, with the reason; for staff."""

    removed: bool = False


class CaptionQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be seen or read in the file."""

    caption_zh: Caption = ""
    caption_en: Caption = ""


class LotFileList(Struct, frozen=True):
    """The files of a lot in the order in which they came."""

    files: list[LotFile]


class FileRemoval(Struct, frozen=True, forbid_unknown_fields=True):
    """Why a file is removed, which the notice of its lot says; the file stays on record."""

    reason: Annotated[str, Meta(min_length=1, max_length=500)]


async def list_lot_files(asked: Asked) -> LotFileList:
    """List the photos and documents of a lot."""
    query: FilesQuery = asked.query
    sees_removed = query.removed and asked.account is not None and asked.account.is_staff
    lot = asked.ids["lot"]
    return LotFileList(await asked.services.lot_files.of_lot(lot, with_removed=sees_removed))


async def add_lot_file(asked: Asked) -> LotFile:
    """Publish a photo or document of a lot: the body is the file, X-File-Name its name."""
    query: CaptionQuery = asked.query
    file = await received(asked.request, FILE_BYTES_MAX)
    caption = BothLanguages(query.caption_zh, query.caption_en)
    lot, by = asked.ids["lot"], asked.caller.id
    return _answered(await asked.services.lot_files.add(lot, file.name, file.content, by=by, caption=caption))


async def remove_lot_file(asked: Asked) -> LotFile:
    """Take a file out of sight, with a reason that is published; it stays on record."""
    removal: FileRemoval = asked.body
    reason = removal.reason.strip()
    if not reason:
        raise ApiError(ApiCode.INVALID, "body", ("reason: say why",))
    return _answered(await asked.services.lot_files.remove(asked.ids["file"], reason, asked.caller.id))


async def read_file(asked: Asked) -> web.StreamResponse:
    """Download a photo or document of a lot."""
    content = await asked.services.lot_files.content(asked.ids["file"])
    return await _handed_out(asked, content)


async def read_thumbnail(asked: Asked) -> web.StreamResponse:
    """Show a photo of a lot small."""
    content = await asked.services.lot_files.content(asked.ids["file"], thumbnail=True)
    return await _handed_out(asked, content)


def _answered(answer: LotFile | FileRefusal) -> LotFile:
    if isinstance(answer, FileRefusal):
        raise ApiError(ApiCode[answer.name])
    return answer


async def _handed_out(asked: Asked, content: Content | None) -> web.StreamResponse:
    """Send a content slice by slice, so that a slow reader of a large file takes little memory."""
    if content is None:
        raise ApiError(ApiCode.FILE_UNKNOWN)
    headers = _headers(content)
    if headers["ETag"] in asked.request.headers.get("If-None-Match", ""):
        return web.Response(status=304, headers=headers)
    slices = asked.services.lot_files.slices(content)
    first = await anext(slices)
    if len(first) == content.size:
        return web.Response(body=first, headers=headers)
    response = web.StreamResponse(headers=headers)
    response.content_length = content.size
    await response.prepare(asked.request)
    await _send(asked.request, response, first, slices)
    return response


async def _send(
    request: web.Request, response: web.StreamResponse, first: bytes, slices: AsyncIterator[bytes]
) -> None:
    """Send a file to its end, or cut the connection: nobody may take a part for the whole."""
    try:
        await response.write(first)
        async for part in slices:
            await response.write(part)
        await response.write_eof()
    except (ExchangeError, ConnectionError) as error:
        log.warning("file.cut", path=request.path, error=str(error) or type(error).__name__)
        if request.transport is not None:
            request.transport.abort()


def _headers(content: Content) -> dict[str, str]:
    file = content.file
    is_pdf = file.media_type == PDF
    manner = "inline" if is_pdf or file.kind is FileKind.PHOTO else "attachment"
    return {
        "Content-Type": content.media_type,
        "Content-Disposition": f"{manner}; filename*=UTF-8''{quote(file.name)}",
        "Content-Security-Policy": PDF_POLICY if is_pdf else SANDBOX,
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": CACHE,
        "ETag": f'"{content.sha256}"',
    }


STAFF: Final = only(Role.ADMIN, Role.HOST)
OPERATIONS = (
    Operation("GET", "/lots/{lot}/files", list_lot_files, ANYONE, query=FilesQuery, answer=LotFileList),
    Operation(
        "POST", "/lots/{lot}/files", add_lot_file, STAFF, query=CaptionQuery, answer=LotFile, status=201,
        takes_file=True,
        codes=(
            ApiCode.LOT_UNKNOWN, ApiCode.FILE_EMPTY, ApiCode.FILE_TOO_LARGE, ApiCode.FILE_TYPE_UNKNOWN,
            ApiCode.PICTURE_DAMAGED, ApiCode.PICTURE_TOO_LARGE, ApiCode.TOO_MANY_FILES,
        ),
        in_one=True,
    ),
    Operation(
        "DELETE", "/files/{file}", remove_lot_file, STAFF, body=FileRemoval, answer=LotFile,
        codes=(ApiCode.FILE_UNKNOWN,),
        in_one=True,
    ),
    Operation(
        "GET", "/files/{file}", read_file, ANYONE, media="application/octet-stream", codes=(ApiCode.FILE_UNKNOWN,),
    ),
    Operation(
        "GET", "/files/{file}/thumbnail", read_thumbnail, ANYONE, media="image/jpeg", codes=(ApiCode.FILE_UNKNOWN,),
    ),
)  # fmt: skip
