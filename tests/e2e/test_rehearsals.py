"""Rehearsals through the doors of a running exchange: roles, bounds, ends, and that nothing of them is kept."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest

from exchange.people import Role
from gateways.app import HUB
from gateways.rehearsals import REHEARSALS, REHEARSALS_MAX, UNSEEN_SECONDS_MAX
from tests.live import Frame
from tests.patience import PATIENCE_SECONDS
from tests.served import Person, Served, served

OF_STAFFS_ACTS = {"exchange.audit", "exchange.session"}
"""What the record of acts says of those who rehearse, and their sign-ins: nothing of the rehearsal."""

SELECT_TABLES = """
SELECT schemaname || '.' || relname FROM pg_stat_user_tables ORDER BY 1
"""


class Seat:
    """A connection to a rehearsal in one of its parts."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def hear(self, is_wanted: Callable[[Frame], bool]) -> Frame:
        """Return the next frame of the wanted kind."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not is_wanted(frame := await self.socket.receive_json()):
                pass
            return dict(frame)

    async def ask(self, frame: Frame) -> Frame:
        """Send a command and return its answer."""
        id = secrets.token_hex(16)
        await self.socket.send_json(frame | {"id": id})
        return await self.hear(lambda answer: answer.get("id") == id)


@asynccontextmanager
async def seat(person: Person, name: str, part: str = "") -> AsyncIterator[Seat]:
    address = f"/api/v1/rehearsals/{name}/live?part={part}"
    async with person.http.ws_connect(address, protocols=("luochui.v1.json",)) as socket:
        sitting = Seat(socket)
        await sitting.hear(lambda frame: frame["type"] == "hello")
        await socket.send_json({"type": "subscribe", "lot": 1})
        await sitting.hear(lambda frame: frame["type"] == "snapshot")
        yield sitting


@pytest.fixture
async def floor(database_url: str, tmp_path: Path) -> AsyncIterator[Served]:
    async with served(database_url, tmp_path, demo=False) as floor:
        yield floor


async def rows_of(database_url: str) -> dict[str, int]:
    """Count the rows of every table."""
    connection = await asyncpg.connect(database_url)
    try:
        tables = [str(row[0]) for row in await connection.fetch(SELECT_TABLES)]
        counts = {table: await connection.fetchval(f"SELECT count(*) FROM {table}") for table in tables}
    finally:
        await connection.close()
    assert {"exchange.lot", "exchange.refusal", "ledger.transfer"} <= counts.keys()
    return {table: count for table, count in counts.items() if table not in OF_STAFFS_ACTS}


async def until(floor: Served, is_true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not is_true():
            await asyncio.sleep(0.02)


async def test_a_rehearsal_is_played_with_robots_and_leaves_nothing_behind(
    floor: Served, database_url: str
) -> None:
    host = await floor.person("host", Role.HOST)
    colleague = await floor.person("colleague", Role.FINANCE)
    before = await rows_of(database_url)
    begun = await host.post("/rehearsals", {"bidders": 5, "pace": 20, "seed": 3, "is_scripted": False})
    name = begun["name"]
    assert (await colleague.post(f"/rehearsals/{name}/paddle"))["paddle"] == 6
    assert (await colleague.get(f"/rehearsals/{name}"))["paddle"] == 6
    async with seat(host, name, "host") as cockpit, seat(colleague, name, "bidder") as bidder:
        present = await cockpit.hear(lambda f: f["type"] == "presence" and f["bidders_online"] == 6)
        assert len(present["online"]) == 6
        refused = await bidder.ask({"type": "host", "lot": 1, "act": "open"})
        assert refused["code"] == "NOT_ALLOWED"
        assert (await cockpit.ask({"type": "host", "lot": 1, "act": "open"}))["type"] == "receipt"
        assert (await bidder.ask({"type": "bid", "lot": 1, "amount": 1}))["code"] == "BELOW_ASKING_PRICE"
        moved = await cockpit.hear(lambda f: f["type"] == "events" and f["state"]["bids"] > 0)
        assert moved["state"]["leader"] != 6
        caused = await host.post(f"/rehearsals/{name}/incidents", {"kind": "complaint"})
        assert caused["at_us"] and len(caused["paddles"]) == 1
        pause = {"type": "host", "lot": 1, "act": "pause", "reason": "核实竞买人反映的情况"}
        assert (await cockpit.ask(pause))["type"] == "receipt"
        withdraw = {"type": "host", "lot": 1, "act": "withdraw", "reason": "彩排结束"}
        assert (await cockpit.ask(withdraw))["type"] == "receipt"
    review = await host.get(f"/rehearsals/{name}/review")
    assert [act["event"] for act in review["acts"]] == ["LotOpened", "LotFrozen", "LotWithdrawn"]
    assert review["incidents"][0]["answered_by"] == "LotFrozen" and review["reaction_us"] > 0
    assert {"code": "BELOW_ASKING_PRICE", "of_host": 0, "of_bidders": 1} in review["refusals"]
    records = await host.get(f"/rehearsals/{name}/records")
    assert [record["sequence"] for record in records["records"]] == list(
        range(1, len(records["records"]) + 1)
    )
    assert (await host.get(f"/rehearsals/{name}/refusals"))["total"] >= 1
    assert (await host.ask("DELETE", f"/rehearsals/{name}"))[0] == 204
    assert (await host.ask("GET", f"/rehearsals/{name}"))[1]["code"] == "REHEARSAL_UNKNOWN"
    assert await rows_of(database_url) == before
    assert not floor.exchange.measures.refused and floor.exchange.measures.records == 0
    assert floor.server.app[HUB].is_visited is False


async def test_a_real_lot_is_rehearsed_without_its_secret_and_without_moving_it(
    floor: Served, database_url: str
) -> None:
    host = await floor.person("host", Role.HOST)
    lot = (await host.post("/lots", REAL_LOT))["lot"]
    before = await rows_of(database_url)
    name = (await host.post("/rehearsals", {"lot": lot, "bidders": 3, "pace": 20, "seed": 1}))["name"]
    shown = await host.get(f"/rehearsals/{name}")
    assert shown["copied_from"] == lot and shown["title"]["zh"] == "地块一"
    assert shown["lot"]["view"]["has_reserve"] and "reserve_price" not in shown["terms"]
    held = floor.server.app[REHEARSALS].get(name)
    assert held is not None and held.rehearsal.scene.terms.reserve_price == 105_00
    async with seat(host, name, "host") as cockpit:
        assert (await cockpit.ask({"type": "host", "lot": 1, "act": "open"}))["type"] == "receipt"
    assert (await host.get(f"/lots/{lot}"))["view"]["state"] == "announced"
    assert await rows_of(database_url) == before


async def test_only_hosts_begin_and_steer_and_whoever_has_the_link_may_watch(floor: Served) -> None:
    host, bidder = await floor.person("host", Role.HOST), await floor.person("bidder", Role.BIDDER)
    nobody = await floor.nobody()
    for person, status in ((bidder, 403), (nobody, 401)):
        assert (await person.ask("POST", "/rehearsals", {}))[0] == status
        assert (await person.ask("GET", "/rehearsals"))[0] == status
    name = (await host.post("/rehearsals", {"bidders": 2}))["name"]
    assert [one["name"] for one in (await host.get("/rehearsals"))["rehearsals"]] == [name]
    for person, status in ((bidder, 403), (nobody, 401)):
        assert (await person.ask("POST", f"/rehearsals/{name}/incidents", {"kind": "fault"}))[0] == status
        assert (await person.ask("DELETE", f"/rehearsals/{name}"))[0] == status
    assert (await nobody.ask("POST", f"/rehearsals/{name}/paddle"))[0] == 401
    assert (await host.ask("POST", f"/rehearsals/{name}/incidents", {"kind": "fault"}))[1][
        "code"
    ] == "INCIDENT_NOT_NOW"
    async with seat(nobody, name, "host") as watcher, seat(bidder, name, "host") as impostor:
        for one in (watcher, impostor):
            answer = await one.ask({"type": "host", "lot": 1, "act": "open"})
            assert answer["type"] == "error" and answer["code"] in ("NOT_SIGNED_IN", "NOT_ALLOWED")
    with pytest.raises(aiohttp.WSServerHandshakeError, match="404"):
        await nobody.http.ws_connect("/api/v1/rehearsals/00/live")


async def test_what_cannot_be_rehearsed_is_refused(floor: Served) -> None:
    host = await floor.person("host", Role.HOST)
    refused: list[tuple[dict[str, Any], str]] = [
        ({"bidders": 51}, "INVALID"),
        ({"pace": 21}, "INVALID"),
        ({"pace": 0}, "INVALID"),
        ({"lot": 999}, "LOT_UNKNOWN"),
        ({"rulebook": "no-such-book"}, "RULEBOOK_UNKNOWN"),
    ]
    for body, code in refused:
        assert (await host.ask("POST", "/rehearsals", body))[1]["code"] == code


async def test_rehearsals_are_few_and_end_when_nobody_looks(floor: Served) -> None:
    host = await floor.person("host", Role.ADMIN)
    names = [(await host.post("/rehearsals", {"bidders": 1}))["name"] for _ in range(REHEARSALS_MAX)]
    assert (await host.ask("POST", "/rehearsals", {}))[1]["code"] == "TOO_MANY_REHEARSALS"
    rehearsals = floor.server.app[REHEARSALS]
    later = asyncio.get_running_loop().time() + UNSEEN_SECONDS_MAX
    async with seat(host, names[0], "host"):
        await rehearsals.sweep(later + 1.0)
        assert [held.name for held in rehearsals.all] == [names[0]]
    await until(floor, lambda: not rehearsals.all[0].door.is_visited)
    await rehearsals.sweep(later + UNSEEN_SECONDS_MAX + 2.0)
    assert rehearsals.all == []


REAL_LOT: dict[str, Any] = {
    "category": "land",
    "title_zh": "地块一",
    "title_en": "Plot one",
    "terms": {
        "currency": "CNY",
        "opening_price": 100_00,
        "opens_at_us": 0,
        "reserve_price": 777_00,
        "programme": [{"phase": "english", "increments": [[0, 10_00]], "host_may_hammer": True}],
    },
}
