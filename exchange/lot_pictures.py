"""Photos as they may be published: opened with care, turned upright, without what a camera wrote into them.

A photo is made anew from its pixels. So nothing of the file that came reaches a visitor: no place where it was taken,
no name of a camera's owner, no second file hidden behind the picture.

Belongs here: pixels. Does not belong here: where files are kept (`exchange.lot_files`).
"""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Final

from msgspec import Struct
from PIL import Image, ImageOps

PIXELS_MAX: Final = 60_000_000
"""Of a photo that is opened: a few hundred bytes can claim to be a wall, and opening it would take all memory."""

SIDE_MAX: Final = 4_096
"""Of a photo that is kept; a larger one is brought down to it."""

THUMBNAIL_SIDE: Final = 480
FORMATS: Final = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
MAGIC: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF")
THUMBNAIL_TYPE: Final = "image/jpeg"

_UNREADABLE = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    TypeError,
    KeyError,
    IndexError,
    struct.error,
    zlib.error,
)
"""What the library says of a file that is not what it claims to be."""


class Picture(Struct, frozen=True):
    """A photo as it is published, with a small one for lists."""

    content: bytes
    media_type: str
    width: int
    height: int
    thumbnail: bytes


class TooManyPixels(Exception):
    """The picture is larger than PIXELS_MAX, or says so."""


class NoPicture(Exception):
    """The file is no photo of the formats that are taken, or is damaged."""


def looks_like_picture(content: bytes) -> bool:
    """Tell by its first bytes whether a file claims to be a photo."""
    is_riff = content.startswith(b"RIFF")
    return content.startswith(MAGIC) and (not is_riff or content[8:12] == b"WEBP")


def picture(content: bytes) -> Picture:
    """Return a photo made anew from a file's pixels. Takes up to a second or so: call it in a thread.

    Raises: NoPicture, TooManyPixels.
    """
    try:
        with Image.open(BytesIO(content), formats=tuple(FORMATS)) as opened:
            if opened.width * opened.height > PIXELS_MAX:
                raise TooManyPixels(f"{opened.width} × {opened.height}")
            return _published(opened)
    except Image.DecompressionBombError as error:
        raise TooManyPixels(str(error)) from error
    except _UNREADABLE as error:
        raise NoPicture(str(error)) from error


def _published(opened: Image.Image) -> Picture:
    file_format = opened.format or "JPEG"
    opened.draft("RGB", (SIDE_MAX, SIDE_MAX))
    upright = ImageOps.exif_transpose(opened)
    plain = upright.convert("RGBA" if file_format != "JPEG" and upright.has_transparency_data else "RGB")
    plain.thumbnail((SIDE_MAX, SIDE_MAX))
    small = Image.new("RGB", plain.size, "white")
    small.paste(plain, mask=plain.getchannel("A") if plain.mode == "RGBA" else None)
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    return Picture(
        content=_encoded(plain, file_format),
        media_type=FORMATS[file_format],
        width=plain.width,
        height=plain.height,
        thumbnail=_encoded(small, "JPEG"),
    )


def _encoded(image: Image.Image, file_format: str) -> bytes:
    # What a file carried beside its pixels hangs on the image and would be written again.
    image.info.clear()
    written = BytesIO()
    options = {} if file_format == "PNG" else {"quality": 86}
    image.save(written, file_format, **options)
    return written.getvalue()
