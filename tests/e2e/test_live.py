"""The live floor over real sockets: the conversation, positions, and every bad input."""

from __future__ import annotations

import asyncio
import secrets
from typing import Any, get_args

import aiohttp
import orjson
import pytest

from gateways.client import ApiClient
from gateways.wire import ServerFrame
from tests.e2e.conftest import House
from tests.frame_schemas import frame_validator
from tests.live import Talk, announcement, bid, host

FIELDS_FOR_GUESTS = {"type", "paddle", "amount", "is_proxy", "terms", "by", "index", "ends_at_us"}
"""Of the records that an English lot makes while it runs; `by` is who of the staff did it."""

COMMAND_ID = "0123456789abcdef" * 2
FRAMES_TOO_FAST = 190
"""Fewer than end a conversation, and more than a connection may send in a second and a half."""


async def record(house: House, lot: int) -> list[dict[str, Any]]:
    await house.caught_up()
    async with ApiClient(house.url, token=house.operator) as api:
        return list((await api.records(lot))["records"])


async def heard_by(talk: Talk, *kinds: str) -> list[dict[str, Any]]:
    """Return what somebody hears until each of the kinds has come."""
    heard: list[dict[str, Any]] = []
    while not {frame["type"] for frame in heard}.issuperset(kinds):
        heard.append(await talk.hear())
    return heard


async def test_hello_tells_who_and_what_is_allowed(house: House) -> None:
    async with house.talk(0) as talk:
        assert talk.hello["type"] == "hello" and talk.hello["version"] == 1
        assert talk.hello["who"]["account"] == house.bidders[0].id
        assert talk.hello["limits"]["frame_bytes_max"] == 16_384
        assert talk.hello["server_time_us"] > 1_700_000_000_000_000
    async with house.talk() as talk:
        assert talk.hello["who"] is None


@pytest.mark.parametrize("is_binary", [False, True], ids=["json", "msgpack"])
async def test_a_bid_is_receipted_and_every_follower_hears_it(house: House, is_binary: bool) -> None:
    lot = await house.open_lot()
    async with house.talk(0, is_binary=is_binary) as bidder, house.talk(is_binary=is_binary) as watcher:
        snapshot = await watcher.subscribe(lot)
        assert snapshot["state"]["asking_price"] == 1_000 and snapshot["you"] is None
        receipt = await bidder.ask(bid(lot, 1_000))
        assert receipt["type"] == "receipt" and receipt["is_leading"] and receipt["asking_price"] == 1_010
        events = await watcher.hear("events")
        assert events["offset"] == receipt["sequence"] == snapshot["offset"] + 1
        assert events["records"][0]["event"] == {"type": "BidPlaced", "paddle": 1, "amount": 1_000}
        assert events["state"]["leader"] == 1
    assert (await record(house, lot))[-1]["link"] == receipt["link"]


async def test_a_refusal_says_what_would_be_accepted(house: House) -> None:
    lot = await house.open_lot()
    async with house.talk(0) as talk:
        await talk.ask(bid(lot, 1_000))
        own = await talk.ask(bid(lot, 1_010))
        assert (own["type"], own["code"]) == ("refusal", "LEADER_MAY_NOT_RAISE")
    async with house.talk(1) as talk:
        low = await talk.ask(bid(lot, 1_005))
        assert (low["code"], low["asking_price"], low["increment"]) == ("BELOW_ASKING_PRICE", 1_010, 10)
        absurd = await talk.ask(bid(lot, 2**52))
        assert (absurd["code"], absurd["largest"]) == ("AMOUNT_OUT_OF_RANGE", 10**15)
        negative = await talk.ask(bid(lot, -5))
        assert negative["code"] == "AMOUNT_OUT_OF_RANGE"


async def test_the_outbid_bidder_is_told_though_he_follows_nothing(house: House) -> None:
    lot = await house.open_lot()
    async with house.talk(0) as first, house.talk(1) as second:
        await first.ask(bid(lot, 1_000))
        await second.ask(bid(lot, 1_050))
        outbid = await first.hear("outbid")
        assert (outbid["lot"], outbid["price"], outbid["asking_price"]) == (lot, 1_050, 1_060)


async def test_a_max_bid_stays_between_the_exchange_and_its_bidder(house: House) -> None:
    lot = await house.open_lot()
    async with house.talk(0) as owner, house.talk() as watcher:
        await watcher.subscribe(lot)
        await owner.subscribe(lot)
        receipt = await owner.ask({"type": "max_bid", "lot": lot, "limit": 5_000})
        assert receipt["is_leading"] and receipt["price"] == 1_000
        events = await watcher.hear("events")
        assert [each["event"]["type"] for each in events["records"]] == ["Withheld", "BidPlaced"]
        assert b"5000" not in orjson.dumps(events)
        again = await owner.subscribe(lot)
        assert (again["you"]["paddle"], again["you"]["limit"]) == (1, 5_000)
    events_seen = [each["event"] for each in await record(house, lot)]
    assert {"type": "Withheld"} in events_seen and "5000" not in str(events_seen), (
        "not even by staff, while it runs"
    )


async def test_ones_own_bids_of_a_round_that_runs_come_back_and_to_nobody_else(house: House) -> None:
    items = [{"item": number, "opening_price": 1_000} for number in (1, 2)]
    rounds = {"phase": "simultaneous", "items": items, "round_us": 3_600_000_000, "activity_basis_points": 0}
    lot = await house.open_lot([rounds])
    bids = [[1, 31_337, 1], [2, 41_414, 1]]
    async with (
        house.talk(0) as owner,
        house.talk(1) as rival,
        house.talk() as watcher,
        house.talk(-1) as desk,
    ):
        heard = [await each.subscribe(lot) for each in (rival, watcher, desk)]
        for number, one in enumerate(bids, 1):
            await owner.say({"type": "item_bids", "id": secrets.token_hex(16), "lot": lot, "bids": [one]})
            told = {frame["type"]: frame for frame in await heard_by(owner, "you", "receipt")}
            assert told["you"]["item_bids"] == bids[:number]
        for each in (rival, watcher, desk):
            heard.append(await each.hear("events"))
            while heard[-1]["offset"] < told["receipt"]["sequence"]:
                heard.append(await each.hear("events"))
    await house.caught_up()
    async with house.talk(0) as owner, house.talk(1) as rival, house.talk() as watcher:
        assert (await owner.subscribe(lot))["you"]["item_bids"] == bids
        others = [await rival.subscribe(lot), await watcher.subscribe(lot)]
    assert others[0]["you"]["item_bids"] == [] and others[1]["you"] is None
    assert not any(str(amount) in str([heard, others]) for _, amount, _ in bids)


async def test_missed_records_come_back_all_or_a_snapshot(house: House) -> None:
    lot = await house.open_lot()
    async with house.talk(0) as talk:
        start = await talk.subscribe(lot)
    async with house.talk(1) as talk:
        for amount in range(1_000, 1_100, 20):
            await talk.ask(bid(lot, amount))
            async with house.talk(2) as rival:
                await rival.ask(bid(lot, amount + 10))
    async with house.talk(0) as talk:
        position = {"epoch": start["epoch"], "offset": start["offset"]}
        caught_up = await talk.subscribe(lot, **position)
        assert caught_up["is_recovered"]
        sequences = [each["sequence"] for each in caught_up["records"]]
        assert sequences == list(range(start["offset"] + 1, caught_up["offset"] + 1)) and len(sequences) == 10
        nothing_missed = await talk.subscribe(lot, epoch=start["epoch"], offset=caught_up["offset"])
        assert nothing_missed["is_recovered"] and nothing_missed["records"] == []
        foreign = await talk.subscribe(lot, epoch="another", offset=start["offset"])
        assert not foreign["is_recovered"] and foreign["state"]["price"] == 1_090


@pytest.mark.parametrize("is_binary", [False, True], ids=["json", "msgpack"])
async def test_every_kind_of_frame_is_heard_in_the_shape_that_is_written_down(
    house: House, is_binary: bool
) -> None:
    lot = await house.open_lot()
    async with (
        house.talk(-1, is_binary=is_binary) as desk,
        house.talk(0, is_binary=is_binary) as first,
        house.talk(1, is_binary=is_binary) as second,
        house.talk(is_binary=is_binary) as watcher,
    ):
        await desk.say({"type": "subscribe", "lot": lot})
        heard = [desk.hello, await watcher.subscribe(lot, view="state")]
        await first.say({"type": "max_bid", "lot": lot, "limit": 5_000, "id": secrets.token_hex(16)})
        heard += await heard_by(first, "you", "receipt")
        heard += [await second.ask(bid(lot, 1)), await second.ask(bid(lot, 6_000))]
        heard += await heard_by(desk, "snapshot", "events", "presence")
        heard += [await first.hear("outbid"), await watcher.hear("state"), await watcher.ask(bid(lot, 7_000))]
        await watcher.say({"type": "ping", "sent": 1.5})
        heard.append(await watcher.hear("pong"))
    described = frame_validator()
    for frame in heard:
        described.validate(frame)
    kinds = {str(frame.__struct_config__.tag) for frame in get_args(ServerFrame)}
    assert {frame["type"] for frame in heard} == kinds


async def test_the_live_protocol_is_served_as_a_document(house: House) -> None:
    async with aiohttp.ClientSession(house.url) as session, session.get("/api/v1/asyncapi.json") as answer:
        assert (answer.status, answer.content_type) == (200, "application/json")
        assert (await answer.json())["asyncapi"] == "3.0.0"


async def test_guests_learn_paddles_and_no_more(house: House) -> None:
    """Nothing that names a person, an account or a secret is among what is told to somebody who has not signed in."""
    lot = await house.open_lot()
    async with house.talk(0) as first, house.talk(1) as second, house.talk() as full, house.talk() as watcher:
        heard = [full.hello, await full.subscribe(lot), await watcher.subscribe(lot, view="state")]
        await first.ask({"type": "max_bid", "lot": lot, "limit": 77_777})
        await second.ask(bid(lot, 2_000))
        while (frame := await watcher.hear())["type"] != "state" or frame["state"]["bids"] < 3:
            heard.append(frame)
        heard.append(frame)
        while (frame := await full.hear())["state"]["bids"] < 3:
            heard.append(frame)
        heard.append(frame)
    assert {frame["type"] for frame in heard} == {"hello", "snapshot", "events", "state"}
    assert all(frame["who"] is None for frame in heard if frame["type"] == "hello")
    text = orjson.dumps(heard).decode()
    assert "77777" not in text and not any(person.name in text for person in house.bidders)
    events = [record["event"] for frame in heard for record in frame.get("records", ())]
    assert {key for event in events for key in event} <= FIELDS_FOR_GUESTS
    staff = {event["by"] for event in events if "by" in event}
    assert not staff & {person.id for person in house.bidders}
    assert {"paddle", "amount"} <= {key for event in events for key in event}


async def test_a_follower_of_the_state_gets_the_latest_only(house: House) -> None:
    lot = await house.open_lot()
    async with house.talk() as watcher, house.talk(0) as first, house.talk(1) as second:
        await watcher.subscribe(lot, view="state")
        for amount in range(1_000, 1_200, 20):
            await first.ask(bid(lot, amount))
            await second.ask(bid(lot, amount + 10))
        frames = 0
        while (await watcher.hear("state"))["state"]["price"] != 1_190:
            frames += 1
        assert frames < 20, "states are conflated"


async def test_a_host_runs_the_lot_and_his_acts_are_on_record(house: House) -> None:
    lot = await house.open_lot(fair_warnings_min=1)
    async with house.talk(-1) as desk, house.talk(0) as bidder:
        await desk.subscribe(lot)
        presence = await desk.hear("presence")
        assert presence["bidders_online"] == 0 and presence["watchers"] == 1
        await bidder.subscribe(lot)
        while (await desk.hear("presence"))["bidders_online"] != 1:
            pass  # other gateways tell what they have a moment later
        await bidder.ask(bid(lot, 1_000))
        early = await desk.ask(host(lot, "hammer"))
        assert (early["code"], early["missing"]) == ("FAIR_WARNINGS_MISSING", 1)
        assert (await desk.ask(host(lot, "pause")))["code"] == "REASON_MISSING"
        await desk.ask(host(lot, "pause", "核实异议 an objection"))
        frozen = await bidder.ask(bid(lot, 2_000))
        assert (frozen["code"], frozen["detail"]) == ("LOT_FROZEN", "核实异议 an objection")
        for act in ("resume", "fair_warning", "hammer"):
            assert (await desk.ask(host(lot, act)))["type"] == "receipt"
        assert (await bidder.ask(bid(lot, 2_000)))["code"] == "LOT_CLOSED"
        assert (await desk.ask(announcement(lot, "再见 goodbye")))["code"] == "LOT_CLOSED"
        other = await bidder.ask(host(lot, "hammer"))
        assert (other["type"], other["code"]) == ("error", "NOT_ALLOWED")
    events = [each["event"] for each in await record(house, lot)]
    assert [event["type"] for event in events[-5:]] == [
        "BidPlaced", "LotFrozen", "LotResumed", "FairWarningGiven", "LotSold",
    ]  # fmt: skip
    assert all(event["by"] for event in events[-4:])
    assert all(each["at_us"] for each in await record(house, lot))


async def test_what_the_host_says_reaches_the_room_and_the_record_and_moves_nothing(house: House) -> None:
    lot = await house.open_lot(fair_warnings_min=1)
    async with house.talk(-1) as desk, house.talk(0) as bidder, house.talk() as guest:
        before = (await guest.subscribe(lot))["state"]
        await bidder.subscribe(lot)
        said = announcement(lot, " 卖方更正：面积 120 ㎡ the area is 120 ㎡ ")
        receipt = await desk.ask({"id": COMMAND_ID, **said})
        assert receipt["type"] == "receipt" and not receipt["is_repeat"]
        assert (await desk.ask({"id": COMMAND_ID, **said}))["is_repeat"], (
            "said once, however often it is sent"
        )
        for talk in (bidder, guest):
            heard = await talk.hear("events")
            assert heard["records"][0]["event"]["text"] == said["text"].strip()
            assert heard["records"][0]["event"]["type"] == "AnnouncementMade"
            assert heard["state"] == before
        assert (await desk.ask(announcement(lot, " \n")))["code"] == "ANNOUNCEMENT_INVALID"
        assert (await bidder.ask(announcement(lot, "free beer")))["code"] == "NOT_ALLOWED"
    spoken = [each for each in await record(house, lot) if each["event"]["type"] == "AnnouncementMade"]
    assert len(spoken) == 1 and spoken[0]["by_name"]


BAD_FRAMES = {
    "not json": "{nonsense",
    "not an object": "[1, 2]",
    "no type": "{}",
    "unknown type": '{"type": "steal"}',
    "unknown field": f'{{"type": "bid", "id": "{COMMAND_ID}", "lot": 1, "amount": 5, "bidder": 7}}',
    "fractional amount": f'{{"type": "bid", "id": "{COMMAND_ID}", "lot": 1, "amount": 10.5}}',
    "amount as text": f'{{"type": "bid", "id": "{COMMAND_ID}", "lot": 1, "amount": "10"}}',
    "amount beyond numbers": f'{{"type": "bid", "id": "{COMMAND_ID}", "lot": 1, "amount": {10**30}}}',
    "lot zero": f'{{"type": "bid", "id": "{COMMAND_ID}", "lot": 0, "amount": 10}}',
    "id too short": '{"type": "bid", "id": "abc", "lot": 1, "amount": 10}',
    "id in capitals": f'{{"type": "bid", "id": "{COMMAND_ID.upper()}", "lot": 1, "amount": 10}}',
    "no id": '{"type": "bid", "lot": 1, "amount": 10}',
    "announcement too long": (
        f'{{"type": "host", "id": "{COMMAND_ID}", "lot": 1, "act": "announce", "text": "{"x" * 501}"}}'
    ),
    "null amount": f'{{"type": "bid", "id": "{COMMAND_ID}", "lot": 1, "amount": null}}',
    "unknown act": f'{{"type": "host", "id": "{COMMAND_ID}", "lot": 1, "act": "burn"}}',
    "long reason": f'{{"type": "host", "id": "{COMMAND_ID}", "lot": 1, "act": "pause", "reason": "{"x" * 501}"}}',
    "nested without end": "[" * 8000,
    "half a surrogate": '{"type": "\\ud800"}',
}


@pytest.mark.parametrize("text", BAD_FRAMES.values(), ids=BAD_FRAMES.keys())
async def test_a_malformed_frame_gets_a_coded_error_and_changes_nothing(house: House, text: str) -> None:
    lot = await house.open_lot()
    before = await record(house, lot)
    async with house.talk(0) as talk:
        await talk.say(text.replace('"lot": 1,', f'"lot": {lot},'))
        error = await talk.hear("error")
        assert (error["code"], error["retryable"]) == ("MALFORMED", False) and error["detail"]
        receipt = await talk.ask(bid(lot, 1_000))
        assert receipt["type"] == "receipt", "the conversation goes on"
    assert len(await record(house, lot)) == len(before) + 1


async def test_a_binary_frame_on_a_text_connection_is_malformed(house: House) -> None:
    async with house.talk(0) as talk:
        await talk.say(b"\x80")
        assert (await talk.hear("error"))["code"] == "MALFORMED"
    async with house.talk(0, is_binary=True) as talk:
        await talk.say(b"\xc1\xff\x00")
        assert (await talk.hear("error"))["code"] == "MALFORMED"


async def test_many_bad_frames_end_the_conversation_for_good(house: House) -> None:
    async with house.talk(0) as talk:
        for _ in range(20):
            await talk.say("nonsense")
        with pytest.raises(ConnectionError):
            while True:
                await talk.hear("error")
        assert talk.socket.close_code == 4501


async def test_an_oversized_frame_ends_the_conversation(house: House) -> None:
    async with house.talk(0) as talk:
        await talk.say("x" * 20_000)
        with pytest.raises(ConnectionError):
            await talk.hear()
        assert talk.socket.close_code == 4500


async def test_who_speaks_too_fast_is_slowed_down_and_nothing_is_half_done(house: House) -> None:
    lot = await house.open_lot()
    async with house.talk(0) as talk:
        frames = [bid(lot, 1) | {"id": secrets.token_hex(16)} for _ in range(FRAMES_TOO_FAST)]
        written = [orjson.dumps(frame).decode() for frame in frames]
        for text in written:
            await talk.say(text)
        answers = [await talk.hear("refusal", "error") for _ in frames]
        assert {answer["id"] for answer in answers} == {frame["id"] for frame in frames}
        limited = [answer for answer in answers if answer["type"] == "error"]
        assert limited and all(each["code"] == "RATE_LIMITED" and each["retryable"] for each in limited)


async def test_a_replayed_frame_gets_the_first_answer(house: House) -> None:
    lot = await house.open_lot()
    frame = bid(lot, 1_000) | {"id": secrets.token_hex(16)}
    async with house.talk(0) as talk, house.talk(1) as other:
        first, again = await talk.ask(frame), await talk.ask(frame)
        assert again["is_repeat"] and again["sequence"] == first["sequence"]
        stolen = await other.ask(frame)
        assert (stolen["type"], stolen["code"]) == ("refusal", "COMMAND_ID_REUSED")
    assert len([each for each in await record(house, lot) if each["event"]["type"] == "BidPlaced"]) == 1


async def test_nobody_and_strangers_may_not_bid(house: House) -> None:
    lot = await house.open_lot()
    async with house.talk() as nobody, house.talk(-1) as staff:
        assert (await nobody.ask(bid(lot, 1_000)))["code"] == "NOT_SIGNED_IN"
        assert (await nobody.ask(host(lot, "hammer")))["code"] == "NOT_SIGNED_IN"
        assert (await staff.ask(bid(lot, 1_000)))["code"] == "NOT_ALLOWED"
    async with ApiClient(house.url, token=house.operator) as api:
        made = await api.create_accounts(
            [{"login": f"s{secrets.token_hex(4)}", "name": "s", "roles": ["bidder"]}]
        )
    async with Talk(house.url, made[0]["token"]) as stranger:
        assert (await stranger.ask(bid(lot, 1_000)))["code"] == "NOT_ADMITTED"
        assert (await stranger.ask(bid(10**9, 1_000)))["code"] == "LOT_UNKNOWN"


async def test_subscriptions_have_bounds(house: House) -> None:
    async with house.talk() as talk:
        await talk.say({"type": "subscribe", "lot": 10**9})
        assert (await talk.hear("error"))["code"] == "LOT_UNKNOWN"
        lot = await house.open_lot()
        await house.caught_up()
        for number in range(64):
            await talk.say({"type": "subscribe", "lot": 10**9 + number})
        for _ in range(64):
            assert (await talk.hear("error"))["code"] == "LOT_UNKNOWN"
        await talk.subscribe(lot)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Authorization": "Bearer lc_wrong"}, 401),
        ({"Sec-WebSocket-Protocol": "soap"}, 400),
    ],
    ids=["foreign origin", "wrong token", "unknown protocol"],
)
async def test_the_door_turns_away_with_a_code(house: House, headers: dict[str, str], status: int) -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(f"{house.url}/api/v1/live", headers=headers)
    assert refused.value.status == status


async def test_one_account_may_not_hold_the_whole_floor(house: House) -> None:
    async with ApiClient(house.url, token=house.operator) as api:
        made = await api.create_accounts(
            [{"login": f"m{secrets.token_hex(4)}", "name": "m", "roles": ["bidder"]}]
        )
    talks = [Talk(house.url, made[0]["token"]) for _ in range(16 * house.gateways + 1)]
    entered = await asyncio.gather(*(talk.__aenter__() for talk in talks), return_exceptions=True)
    try:
        refused = sum(isinstance(each, aiohttp.WSServerHandshakeError) for each in entered)
        assert refused == 1 or (refused > 1 and house.gateways > 1), "each gateway keeps the bound by itself"
    finally:
        for talk in talks:
            if talk.hello:
                await talk.__aexit__(None, None, None)


async def test_health_metrics_and_pages_are_served_with_security_headers(house: House) -> None:
    async with aiohttp.ClientSession(house.url) as session:
        for path in ("/", "/sign-in", "/lots/1", "/me", "/host", "/finance"):
            async with session.get(path) as page:
                assert page.status == 200 and page.content_type == "text/html"
                assert "script-src 'self'" in page.headers["Content-Security-Policy"]
        async with session.get("/livez") as alive, session.get("/readyz") as ready:
            assert (alive.status, ready.status) == (200, 200)
        async with session.get("/metrics") as metrics:
            text = await metrics.text()
    assert "luochui_commit_seconds_count" in text and "luochui_deadline_lateness_seconds" in text


async def test_an_unknown_page_is_answered_with_a_page_for_people_and_a_code_for_programs(
    house: House,
) -> None:
    async with aiohttp.ClientSession(house.url) as session:
        async with session.get("/nowhere", headers={"Accept": "text/html"}) as page:
            assert (page.status, page.content_type) == (404, "text/html")
            assert "没有此页" in await page.text()
        async with session.get("/api/v1/nowhere") as answer:
            assert answer.status == 404 and (await answer.json())["code"]
