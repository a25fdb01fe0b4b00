"""The modules behind the pages, each for itself, in a real browser: money, the live protocol, the reducer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.browser.people import Person, open_building

pytestmark = pytest.mark.browser

PAGES = Path(__file__).resolve().parents[2] / "gateways" / "pages"
NO_PAGE = "<!doctype html><link rel='icon' href='/static/seal.svg'>"


@pytest.fixture
async def person() -> AsyncIterator[Person]:
    """Seat somebody before an empty page from which the modules can be imported."""

    async def blank(request: web.Request) -> web.Response:
        return web.Response(text=NO_PAGE, content_type="text/html")

    app = web.Application()
    app.router.add_get("/", blank)
    app.router.add_static("/static/", PAGES / "static")
    async with (
        TestServer(app, host="127.0.0.1") as server,
        open_building(str(server.make_url("")).rstrip("/")) as building,
    ):
        person = await building.person()
        await person.visit("/")
        yield person
        assert person.complaints == []


async def of_module(person: Person, module: str, expression: str, *arguments: Any) -> Any:
    """Evaluate an expression over `m`, the module, and `a`, the arguments."""
    return await person.page.evaluate(
        f"async (a) => {{ const m = await import('/static/js/{module}.js'); return {expression}; }}",
        list(arguments),
    )


TYPED: list[tuple[str, dict[str, Any]]] = [
    ("12800", {"amount": 12_800_00}),
    ("12,800.5", {"amount": 12_800_50}),
    (" ¥ 300 元 ", {"amount": 300_00}),
    ("１２万", {"amount": 120_000_00}),
    ("1.28万", {"amount": 12_800_00}),
    ("1亿2000万", {"amount": 120_000_000_00}),
    ("10000000000000", {"amount": 10**15}),
    ("", {"problem": "EMPTY"}),
    ("0", {"problem": "ZERO"}),
    ("-5", {"problem": "NOT_AN_AMOUNT"}),
    ("1e5", {"problem": "NOT_AN_AMOUNT"}),
    ("12,34", {"problem": "NOT_AN_AMOUNT"}),
    ("1.5亿2万", {"problem": "NOT_AN_AMOUNT"}),
    ("1.005", {"problem": "TOO_FINE"}),
    ("1.2345678万", {"problem": "TOO_FINE"}),
    ("10000000000000.01", {"problem": "TOO_LARGE"}),
]

WRITTEN = [
    (0, "¥0.00", "零元整"),
    (1, "¥0.01", "壹分"),
    (1_05, "¥1.05", "壹元零伍分"),
    (10_500_00, "¥10,500.00", "壹万零伍佰元整"),
    (100_000_10, "¥100,000.10", "壹拾万元壹角整"),
    (1_005_000_000_00, "¥1,005,000,000.00", "壹拾亿零伍佰万元整"),
    (1_234_000_000_000_00, "¥1,234,000,000,000.00", "壹万贰仟叁佰肆拾亿元整"),
    (10**15, "¥10,000,000,000,000.00", "壹拾万亿元整"),
]


async def test_typed_amounts_are_read_strictly(person: Person) -> None:
    read = await of_module(
        person, "money", "a.map((typed) => m.parseAmount(typed, 'CNY'))", *[typed for typed, _ in TYPED]
    )
    assert list(zip([typed for typed, _ in TYPED], read, strict=True)) == TYPED


async def test_amounts_are_written_in_digits_and_capitals(person: Person) -> None:
    write = (
        "a.map((minor) => [minor, m.formatAmount(minor, 'CNY', { isExact: true }), m.capitalAmount(minor)])"
    )
    written = await of_module(person, "money", write, *[minor for minor, _, _ in WRITTEN])
    assert [tuple(row) for row in written] == WRITTEN


NAMES = {
    "演示竞买人 1 / Demo bidder 1": ["演示竞买人 1", "Demo bidder 1"],
    "大理州": ["大理州"] * 2,
    "North / South Ltd": ["North / South Ltd"] * 2,
    "甲 / 乙": ["甲 / 乙"] * 2,
    "": ["", ""],
}


async def test_a_name_in_both_languages_is_read_in_one(person: Person) -> None:
    read = "a.map((name) => ['zh', 'en'].map((tongue) => (m.setLanguage(tongue), m.half(name))))"
    assert await of_module(person, "language", read, *NAMES) == list(NAMES.values())


async def test_one_of_something_is_no_plural(person: Person) -> None:
    said = await of_module(
        person, "language", "(m.setLanguage('en'), a.map((n) => m.say('n_bids', { n })))", 0, 1, 2
    )
    assert said == ["0 bids", "1 bid", "2 bids"]


CONVERSATION = """
async () => {
  const { LiveConnection } = await import("/static/js/protocol.js");
  const sockets = [];
  const open = () => {
    const socket = { sent: [], send: (text) => socket.sent.push(JSON.parse(text)), close: () => {} };
    socket.hear = (frame) => socket.onmessage({ data: JSON.stringify(frame) });
    sockets.push(socket);
    return socket;
  };
  const states = [];
  const frames = [];
  const onState = (state) => states.push(state);
  const onFrame = (frame) => frames.push(frame.type);
  const live = new LiveConnection({ open, random: () => 0, onState, onFrame });
  const limits = { frames_per_second: 1000, frames_burst: 1000, subscriptions_max: 9, frame_bytes_max: 9999 };
  const hello = { type: "hello", epoch: "e", server_time_us: 1, heartbeat_ms: 60000, limits };
  const about = { lot: 1, epoch: "e", state: {} };
  const snapshot = (offset) => ({ ...about, type: "snapshot", offset, is_recovered: offset > 1, records: [] });
  const events = (sequence) => ({ ...about, type: "events", offset: sequence, records: [{ sequence }] });
  const without = (socket, kind) => socket.sent.filter((frame) => frame.type !== kind);
  const settled = () => new Promise((resolve) => setTimeout(resolve, 20));
"""


async def test_a_gap_is_asked_for_and_nothing_is_shown_before_it_is_filled(person: Person) -> None:
    asked, shown = await person.page.evaluate(
        CONVERSATION
        + """
  live.subscribe(1);
  live.connect();
  sockets[0].hear(hello);
  sockets[0].hear(snapshot(1));
  sockets[0].hear(events(2));
  sockets[0].hear(events(4));
  sockets[0].hear(events(5));
  sockets[0].hear(snapshot(5));
  return [without(sockets[0], "ping"), frames];
}"""
    )
    assert [(frame["epoch"], frame["offset"]) for frame in asked] == [("", -1), ("e", 2)]
    assert shown == ["hello", "snapshot", "events", "snapshot"]


async def test_a_command_keeps_its_id_through_a_lost_connection(person: Person) -> None:
    first, second, answer, states = await person.page.evaluate(
        CONVERSATION
        + """
  live.subscribe(1);
  live.connect();
  sockets[0].hear(hello);
  sockets[0].hear(snapshot(1));
  const answered = live.send({ type: "bid", lot: 1, amount: 5 });
  sockets[0].onclose({ code: 1006 });
  await settled();
  sockets[1].hear(hello);
  sockets[1].hear(snapshot(1));
  const bid = without(sockets[1], "ping").find((frame) => frame.type === "bid");
  sockets[1].hear({ type: "error", code: "OUTCOME_UNKNOWN", id: bid.id });
  await settled();
  sockets[1].hear({ type: "receipt", id: bid.id, sequence: 7 });
  const bids = (socket) => socket.sent.filter((frame) => frame.type === "bid");
  return [bids(sockets[0]), bids(sockets[1]), await answered, states];
}"""
    )
    assert len(first) == 1
    assert len(second) == 2
    assert {frame["id"] for frame in first + second} == {first[0]["id"]}
    assert len(first[0]["id"]) == 32
    assert answer["sequence"] == 7
    assert states == ["connecting", "live", "recovering", "live"]


async def test_the_close_code_says_whether_to_come_back(person: Person) -> None:
    codes = "a.map((code) => m.mayReturn(code))"
    may = await of_module(person, "protocol", codes, 1006, 1001, 4400, 4401, 4402, 4500, 4501, 4502, 4503)
    assert may == [True] * 5 + [False] * 4
    sockets, state, answer = await person.page.evaluate(
        CONVERSATION
        + """
  live.connect();
  sockets[0].hear(hello);
  const answered = live.send({ type: "bid", lot: 1, amount: 5 });
  sockets[0].onclose({ code: 4503 });
  await settled();
  return [sockets.length, live.state, await answered];
}"""
    )
    assert (sockets, state, answer["code"]) == (1, "disconnected", "OUTCOME_UNKNOWN")


async def test_the_ping_with_the_shortest_round_trip_sets_the_clock(person: Person) -> None:
    told = """(() => {
      let nowMs = 1000;
      const clock = new m.ServerClock(() => nowMs);
      clock.hint(9_000_000);
      nowMs = 1100; clock.sample(1000, 6_050_000);
      nowMs = 1210; clock.sample(1200, 6_205_000);
      nowMs = 1500; clock.sample(1300, 7_000_000);
      return [clock.nowUs(), clock.roundTripMs];
    })()"""
    assert await of_module(person, "server_clock", told) == [6_500_000, 10]


VIEW = {"state": "open", "currency": "CNY", "price": 100, "asking_price": 110, "leader": 1, "winner": 0}


async def test_losing_the_lead_shows_until_it_is_won_back(person: Person) -> None:
    frames = [
        {
            "type": "snapshot",
            "epoch": "e",
            "offset": 1,
            "records": [],
            "state": VIEW,
            "you": {"paddle": 1, "limit": 0},
        },
        {"type": "state", "state": {**VIEW, "leader": 2, "price": 110, "asking_price": 120}},
        {"type": "state", "state": {**VIEW, "leader": 3, "price": 120, "asking_price": 130}},
        {"type": "state", "state": {**VIEW, "leader": 1, "price": 130, "asking_price": 140}},
    ]
    rooms = "a[0].reduce((rooms, frame) => [...rooms, m.reduce(rooms.at(-1), frame)], [m.EMPTY_ROOM])"
    assert await of_module(person, "reducer", f"{rooms}.map((room) => room.outbid)", frames) == [
        None,
        None,
        {"price": 110, "asking": 120},
        {"price": 120, "asking": 130},
        None,
    ]


async def test_the_countdown_never_ends_a_lot(person: Person) -> None:
    view = {**VIEW, "ends_at_us": 5_000_000}
    shown = "[4_000_000, 5_000_000, 9_000_000].map((now) => m.countdown(a[0], now).text)"
    assert await of_module(person, "standing", shown, view) == [
        "1.0 s",
        "Waiting for the hammer",
        "Waiting for the hammer",
    ]
