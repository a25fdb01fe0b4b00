"""Files that come with a request: the body itself, with its name in a header, or the one part of a form.

Belongs here: reading a file to its bound, sending one. Does not belong here: what is in it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, Final, cast
from urllib.parse import quote, unquote

from aiohttp import BodyPartReader, web
from msgspec import Struct

from gateways.api.errors import ApiCode, ApiError
from gateways.api.operation import CHUNK_BYTES, gathered

NAME_HEADER: Final = "X-File-Name"
"""The file's name, percent-encoded UTF-8; only for people, nothing is decided by it."""

NAME_CHARACTERS_MAX: Final = 200
IN_MEMORY_BYTES: Final = 1_048_576
FORM: Final = "multipart/form-data"
PLAIN: Final = "identity"


class File(Struct, frozen=True):
    """A file as it came."""

    name: str
    content: bytes


async def received(request: web.Request, bytes_max: int) -> File:
    """Read the file of a request, never more than its bound.

    Raises: ApiError: TOO_LARGE, UNSUPPORTED_TYPE for a compressed body, MALFORMED.
    """
    name, chunks = await _opened(request, bytes_max)
    return File(name, await gathered(chunks, bytes_max))


@asynccontextmanager
async def spooled(request: web.Request, bytes_max: int) -> AsyncIterator[tuple[str, BinaryIO]]:
    """Give the name and content of a request's file, kept on disk where it is long.

    Raises: as `received`.
    """
    with SpooledTemporaryFile(IN_MEMORY_BYTES) as file:
        name = await _copied(request, bytes_max, file)
        file.seek(0)
        yield name, cast(BinaryIO, file)


def tidy_name(name: str) -> str:
    """Return a file's name without folders and control characters, not too long."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(sign for sign in last if sign.isprintable())[:NAME_CHARACTERS_MAX]


def attachment(name: str, content: bytes, media: str) -> web.Response:
    """Return a file to be saved under a name."""
    return web.Response(
        body=content,
        headers={
            "Content-Type": media,
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
            "Cache-Control": "no-store",
        },
    )


async def _copied(request: web.Request, bytes_max: int, file: SpooledTemporaryFile[bytes]) -> str:
    """Write the file of a request where it can be read twice, and return its name.  Raises: ApiError."""
    name, chunks = await _opened(request, bytes_max)
    size = 0
    try:
        async for chunk in chunks:
            size += len(chunk)
            if size > bytes_max:
                raise ApiError(ApiCode.TOO_LARGE, f"at most {bytes_max} bytes")
            file.write(chunk)
    except (web.RequestPayloadError, ConnectionError) as error:
        raise ApiError(ApiCode.MALFORMED, "the body breaks off") from error
    return name


async def _opened(request: web.Request, bytes_max: int) -> tuple[str, AsyncIterator[bytes]]:
    """Return the name and the chunks of a request's file.  Raises: ApiError."""
    if (request.content_length or 0) > bytes_max + CHUNK_BYTES:
        raise ApiError(ApiCode.TOO_LARGE, f"at most {bytes_max} bytes")
    if request.headers.get("Content-Encoding", PLAIN) != PLAIN:
        raise ApiError(ApiCode.UNSUPPORTED_TYPE, "send it uncompressed")
    if request.content_type == FORM:
        part = await _file_part(request)
        return tidy_name(part.filename or ""), _chunks(part)
    name = unquote(request.headers.get(NAME_HEADER, ""))
    return tidy_name(name), request.content.iter_chunked(CHUNK_BYTES)


async def _file_part(request: web.Request) -> BodyPartReader:
    try:
        async for part in await request.multipart():
            if isinstance(part, BodyPartReader) and part.filename is not None:
                return part
    except (ValueError, AssertionError) as error:
        raise ApiError(ApiCode.MALFORMED, "the form cannot be read") from error
    raise ApiError(ApiCode.MALFORMED, "the form holds no file")


async def _chunks(part: BodyPartReader) -> AsyncIterator[bytes]:
    while chunk := await part.read_chunk(CHUNK_BYTES):
        yield chunk
