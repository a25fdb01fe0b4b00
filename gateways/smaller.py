"""Texts of ours sent small to whoever takes them so: what is public, and the same for everybody.

Belongs here: choosing how a text is sent. Does not belong here: answers to people who are signed in, whose length would
tell of what is in them; scripts and styles, of which the build leaves smaller copies beside the files.
"""

from __future__ import annotations

import gzip
from typing import Final

from aiohttp import hdrs, web

GZIP: Final = "gzip"
LEVEL: Final = 6
WORTH_BYTES: Final = 1_000
"""Below that a packet holds it either way."""


def smaller(content: bytes) -> bytes:
    """Return a text as gzip, the same for the same text at all times."""
    return gzip.compress(content, LEVEL, mtime=0)


def takes_smaller(request: web.Request) -> bool:
    """Tell whether a client takes gzip."""
    for accepted in request.headers.get(hdrs.ACCEPT_ENCODING, "").split(","):
        name, _, weight = accepted.partition(";")
        if name.strip().lower() == GZIP:
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
