"""Connections to PostgreSQL over TCP notice that nobody is there any more; those within the machine are left alone."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from exchange.adapters.attentive import LOST_SECONDS, QUIET_SECONDS, AttentiveConnection, notice_loss

pytestmark = pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="a kernel without this wait")


class Seen(AttentiveConnection):
    """Keeps hold of its socket."""

    def __init__(self, protocol: object, transport: asyncio.Transport, *others: object) -> None:
        super().__init__(protocol, transport, *others)
        self.wire = transport.get_extra_info("socket")


async def test_a_connection_over_tcp_is_lost_in_seconds(database_url: str) -> None:
    (folder,), (port,) = (parse_qs(urlsplit(database_url).query)[name] for name in ("host", "port"))

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward, outward = await asyncio.open_unix_connection(f"{folder}/.s.PGSQL.{port}")

        async def copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError):
                while data := await source.read(65_536):
                    sink.write(data)
            sink.close()

        await asyncio.gather(copy(reader, outward), copy(onward, writer))

    relay = await asyncio.start_server(pass_on, "127.0.0.1", 0)
    host, relayed = relay.sockets[0].getsockname()
    parts = urlsplit(database_url)
    connection = await asyncpg.connect(
        host=host, port=relayed, user=parts.username, database=parts.path[1:], connection_class=Seen
    )
    assert await connection.fetchval("SELECT 1") == 1
    wire = connection.wire
    assert wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == LOST_SECONDS * 1_000
    assert wire.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == QUIET_SECONDS
    await connection.close()
    relay.close()
    await relay.wait_closed()


async def test_within_the_machine_nothing_is_set(database_url: str) -> None:
    connection = await asyncpg.connect(database_url, connection_class=AttentiveConnection)
    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()
    notice_loss(None)
