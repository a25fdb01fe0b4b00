"""The server itself, over bare sockets: what happens below requests and frames."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from tests.e2e.conftest import House
from tests.patience import PATIENCE_SECONDS


async def test_a_compressed_body_is_refused_and_never_inflated(house: House) -> None:
    """Inflating what is no gzip at all would break the connection: it stays good for the next request."""
    address = urlsplit(house.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    body = b"no gzip at all"
    writer.write(
        b"POST /api/v1/session HTTP/1.1\r\nHost: %b\r\nContent-Type: application/json\r\n"
        b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b"
        b"GET /livez HTTP/1.1\r\nHost: %b\r\nConnection: close\r\n\r\n"
        % (address.netloc.encode(), len(body), body, address.netloc.encode())
    )
    answers = await asyncio.wait_for(reader.read(), PATIENCE_SECONDS)
    writer.close()
    await writer.wait_closed()
    first, second = answers.split(b"HTTP/1.1 ")[1:]
    assert first.startswith(b"415 ") and b"UNSUPPORTED_TYPE" in first
    assert second.startswith(b"200 ") and second.endswith(b"ok\n")
