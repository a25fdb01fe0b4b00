"""The engine over memory: order, idempotency, durability before answers, deadlines, outages, recovery."""

from __future__ import annotations

import asyncio
import secrets

import pytest

from exchange.adapters.memory import MemoryJournal
from exchange.engine import ALARM_SECONDS_MAX, Engine, EngineLimits
from exchange.ports import Accepted, Busy, FeedEntry, Fenced, OutcomeUnknown, Rejected
from exchange.records import GENESIS, chained
from matching.commands import (
    AdmitBidder,
    AnnounceLot,
    BidOnItems,
    HammerLot,
    ItemBid,
    LeaveMaxBid,
    OpenLot,
    PauseLot,
    PlaceBid,
)
from matching.events import FreezeCause, LotFrozen, LotResumed, LotSold, Withheld
from matching.lot import LotState, digest
from matching.refusals import Refusal
from matching.terms import LotTerms, RoundItem, SimultaneousTerms
from tests.floor import HOST, MINUTE_US, SECOND_US, Floor, terms
from tests.loop_time import LoopTime


def digest_of(engine: Engine) -> str:
    lot = engine.lot(1)
    assert lot is not None
    return digest(lot)


def memory_journal(floor: Floor) -> MemoryJournal:
    assert isinstance(floor.journal, MemoryJournal)
    return floor.journal


async def test_a_bid_is_answered_with_its_place_in_the_lots_record() -> None:
    floor = Floor()
    async with floor.running():
        await floor.open_lot()
        answer = await floor.bid(101, 100)
    assert isinstance(answer, Accepted)
    rows = memory_journal(floor).rows
    assert (answer.sequence, answer.link) == (rows[-1].sequence, rows[-1].link)
    assert (answer.paddle, answer.party, answer.amount) == (1, 101, 100)


async def test_records_are_contiguous_and_chained() -> None:
    floor = Floor()
    async with floor.running():
        await floor.open_lot()
        for amount in range(100, 200, 10):
            await floor.bid(101 + amount // 10 % 2, amount)
    link = GENESIS
    for number, row in enumerate(memory_journal(floor).rows, 1):
        link = chained(link, row.body)
        assert (row.position, row.sequence, row.link) == (number, number, link)


async def test_a_repeat_gets_the_first_answer_also_after_a_restart() -> None:
    floor, id = Floor(), secrets.token_hex(16)
    async with floor.running():
        await floor.open_lot()
        first = await floor.bid(101, 100, command_id=id)
        await floor.bid(102, 110)
        again = await floor.bid(101, 100, command_id=id)
    restarted = floor.successor()
    async with restarted.running():
        later = await restarted.bid(101, 100, command_id=id)
    assert isinstance(first, Accepted) and isinstance(again, Accepted) and isinstance(later, Accepted)
    assert (first.is_repeat, again.is_repeat, later.is_repeat) == (False, True, True)
    assert len({(each.sequence, each.at_us, each.link, each.amount) for each in (first, again, later)}) == 1


async def test_a_repeated_refusal_stays_refused_also_after_a_restart() -> None:
    floor, id = Floor(), secrets.token_hex(16)
    async with floor.running():
        await floor.open_lot()
        await floor.bid(101, 150)
        first = await floor.bid(102, 155, command_id=id)
        again = await floor.bid(102, 155, command_id=id)
    restarted = floor.successor()
    async with restarted.running():
        later = await restarted.bid(102, 155, command_id=id)
    for answer in (first, again, later):
        assert isinstance(answer, Rejected)
        assert (answer.refused.code, answer.refused.asking_price) == (Refusal.BELOW_ASKING_PRICE, 160)
    assert [row.command_id for row in memory_journal(floor).refusals] == [id]


@pytest.mark.parametrize(
    "other",
    [PlaceBid(1, 101, 120), PlaceBid(1, 102, 100), HammerLot(1, HOST)],
    ids=["amount", "bidder", "command"],
)
async def test_an_id_used_for_something_else_is_refused(other: PlaceBid | HammerLot) -> None:
    floor, id = Floor(), secrets.token_hex(16)
    async with floor.running() as engine:
        await floor.open_lot()
        await floor.bid(101, 100, command_id=id)
        before = digest_of(engine)
        answer = await floor.give(other, id)
        assert digest_of(engine) == before
    assert isinstance(answer, Rejected) and answer.refused.code is Refusal.COMMAND_ID_REUSED


async def test_nothing_is_answered_or_shown_before_it_is_durable() -> None:
    floor = Floor()
    journal = memory_journal(floor)
    committed = asyncio.Event()
    told: list[FeedEntry] = []
    append = journal.append

    async def slow_append(term: int, batch: object) -> None:
        await committed.wait()
        await append(term, batch)  # type: ignore[arg-type]

    async with floor.running() as engine:
        await floor.open_lot()
        journal.append = slow_append  # type: ignore[method-assign]
        floor.feed.listen(told.extend)
        bidding = asyncio.create_task(floor.bid(101, 100))
        for _ in range(50):
            await asyncio.sleep(0)
        shown = engine.view(1)
        assert shown is not None and shown.price == 0 and not bidding.done() and not told
        committed.set()
        assert isinstance(await bidding, Accepted)
        assert engine.view(1).price == 100 and len(told) == 1  # type: ignore[union-attr]


async def test_a_replay_of_the_journal_gives_the_same_lots() -> None:
    floor = Floor(limits=EngineLimits(snapshot_every_records=7))
    async with floor.running() as engine:
        await floor.open_lot(reserve_price=500)
        for amount in range(100, 400, 10):
            await floor.bid(101 + amount // 10 % 3, amount)
        await floor.give(LeaveMaxBid(1, 101, 900))
        before = digest_of(engine)
    for restarted in (floor.successor(), Floor(floor.journal, None, floor.lease, floor.clock)):
        async with restarted.running() as engine:
            assert digest_of(engine) == before
            own = restarted.feed.own(1, 101)
            assert own is not None and own.limit == 900


async def test_deadlines_come_before_the_bids_of_the_same_moment() -> None:
    floor = Floor()
    async with floor.running():
        await floor.open_lot(duration_us=MINUTE_US, soft_close_window_us=0)
        await floor.bid(101, 100)
        floor.clock.advance(MINUTE_US)
        late = await floor.bid(102, 110)
    assert isinstance(late, Rejected) and late.refused.code is Refusal.LOT_CLOSED
    event = memory_journal(floor).rows[-1].event
    assert event == LotSold(paddle=1, price=100, by=0)


async def test_a_bid_in_the_last_microsecond_is_in_time() -> None:
    floor = Floor()
    async with floor.running():
        await floor.open_lot(duration_us=MINUTE_US, soft_close_window_us=0)
        floor.clock.advance(MINUTE_US - 1)
        assert isinstance(await floor.bid(101, 100), Accepted)


async def test_a_clock_that_steps_back_is_not_followed() -> None:
    floor = Floor()
    async with floor.running():
        await floor.open_lot()
        floor.clock.advance(-30 * SECOND_US)
        await floor.bid(101, 100)
    times = [row.at_us for row in memory_journal(floor).rows]
    assert times == sorted(times)


async def test_a_clock_that_is_set_forward_while_nothing_happens_is_noticed_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    floor, loop_time = Floor(), LoopTime(monkeypatch)
    async with floor.running():
        await floor.open_lot(duration_us=MINUTE_US, soft_close_window_us=0)
        await floor.bid(101, 100)
        floor.clock.advance(MINUTE_US)
        for _ in range(4):
            await loop_time.passes(ALARM_SECONDS_MAX)
    assert memory_journal(floor).rows[-1].event == LotSold(paddle=1, price=100, by=0)


async def test_a_lot_due_while_the_engine_was_down_comes_back_frozen_and_resumes() -> None:
    floor = Floor()
    async with floor.running():
        await floor.open_lot(duration_us=MINUTE_US, outage_notice_us=30 * SECOND_US)
        await floor.bid(101, 100)
    floor.clock.advance(10 * MINUTE_US)
    restarted = floor.successor()
    async with restarted.running() as engine:
        await restarted.pass_time(0)
        frozen = memory_journal(floor).rows[-1].event
        assert isinstance(frozen, LotFrozen) and frozen.cause is FreezeCause.OUTAGE
        assert frozen.resumes_at_us == floor.clock.now_us() + 30 * SECOND_US
        refused = await restarted.bid(102, 110)
        assert isinstance(refused, Rejected) and refused.refused.code is Refusal.LOT_FROZEN
        await restarted.pass_time(30 * SECOND_US)
        resumed = memory_journal(floor).rows[-1].event
        assert isinstance(resumed, LotResumed)
        assert resumed.ends_at_us == floor.clock.now_us() + 5 * MINUTE_US
        assert isinstance(await restarted.bid(102, 110), Accepted)
        assert engine.view(1).state is LotState.OPEN  # type: ignore[union-attr]


async def test_an_outage_of_the_journal_refuses_and_then_goes_on() -> None:
    floor = Floor()
    journal = memory_journal(floor)
    async with floor.running() as engine:
        await floor.open_lot()
        journal.is_available = False
        in_doubt = asyncio.create_task(floor.bid(101, 100))
        while engine.is_writable:
            await asyncio.sleep(0)
        with pytest.raises(Busy):
            await floor.bid(102, 110)
        journal.is_available = True
        with pytest.raises(Busy):
            await in_doubt
        assert isinstance(await floor.bid(102, 100), Accepted)
    assert [row.position for row in journal.rows] == list(range(1, len(journal.rows) + 1))


async def test_a_command_in_doubt_for_too_long_is_told_to_ask_again() -> None:
    floor, id = Floor(limits=EngineLimits(retry_ms=10, command_deadline_ms=100)), secrets.token_hex(16)
    journal = memory_journal(floor)
    heard: list[object] = []
    async with floor.running() as engine:
        await floor.open_lot()
        journal.loses_answer_of_next_append = True
        engine.post(id, PlaceBid(1, 101, 100), heard.append)
        while not journal.refusals and journal.rows[-1].sequence < 7:
            await asyncio.sleep(0)
        journal.is_available = False
        while not heard:
            await asyncio.sleep(0.01)
        assert isinstance(heard[0], OutcomeUnknown) and heard[0].command_id == id
        journal.is_available = True
        while not engine.is_writable:
            await asyncio.sleep(0.01)
        again = await floor.bid(101, 100, command_id=id)
        assert isinstance(again, Accepted) and again.is_repeat


async def test_a_batch_whose_answer_was_lost_is_answered_by_the_journal_and_told() -> None:
    floor = Floor()
    journal = memory_journal(floor)
    told: list[FeedEntry] = []
    async with floor.running() as engine:
        await floor.open_lot()
        floor.feed.listen(told.extend)
        journal.loses_answer_of_next_append = True
        answer = await floor.bid(101, 100)
        assert isinstance(answer, Accepted) and answer.is_repeat
        assert engine.view(1).price == 100  # type: ignore[union-attr]
    assert [record.sequence for entry in told for record in entry.records] == [answer.sequence]


async def test_an_outcome_in_doubt_is_told_once_it_is_known() -> None:
    floor = Floor()
    async with floor.running() as engine:
        await floor.open_lot(duration_us=None, host_may_hammer=True, fair_warnings_min=0)
        await floor.bid(101, 100)
        engine.outcome_recorded.clear()
        memory_journal(floor).loses_answer_of_next_append = True
        assert isinstance(await floor.give(HammerLot(1, HOST)), Accepted)
        assert engine.view(1).state is LotState.SOLD  # type: ignore[union-attr]
        assert engine.outcome_recorded.is_set()


async def test_an_engine_whose_term_is_over_ends_and_answers_nothing() -> None:
    floor = Floor()
    await floor.engine.start()
    running = asyncio.create_task(floor.engine.run())
    await floor.open_lot()
    await floor.lease.acquire("successor")
    bidding = asyncio.create_task(floor.bid(101, 100))
    with pytest.raises(Fenced):
        await running
    assert not bidding.done()
    with pytest.raises(Busy):
        await floor.bid(102, 110)
    bidding.cancel()


async def test_a_full_inbox_answers_busy() -> None:
    floor = Floor(limits=EngineLimits(inbox_commands_max=3))
    async with floor.running() as engine:
        await floor.open_lot()
        for number in range(3):
            engine.post(secrets.token_hex(16), PlaceBid(1, 101, 100 + number), lambda answer: None)
        with pytest.raises(Busy):
            engine.post(secrets.token_hex(16), PlaceBid(1, 101, 200), lambda answer: None)


async def test_commands_for_lots_that_never_were_are_refused() -> None:
    floor = Floor()
    async with floor.running():
        answer = await floor.bid(101, 100, lot=77)
    assert isinstance(answer, Rejected) and answer.refused.code is Refusal.LOT_UNKNOWN


async def test_a_lot_that_ended_before_the_start_is_fetched_when_asked_for() -> None:
    floor, id = Floor(), secrets.token_hex(16)
    async with floor.running():
        await floor.open_lot(duration_us=None, host_may_hammer=True, fair_warnings_min=0)
        await floor.bid(101, 100, command_id=id)
        await floor.give(HammerLot(1, HOST))
    restarted = floor.successor()
    async with restarted.running() as engine:
        assert engine.view(1) is None
        view = await engine.load(1)
        assert view is not None and (view.state, view.hammer_price) == (LotState.SOLD, 100)
        assert isinstance(await restarted.bid(101, 100, command_id=id), Accepted)
        late = await restarted.bid(102, 110)
        assert isinstance(late, Rejected) and late.refused.code is Refusal.LOT_CLOSED
        assert await engine.load(77) is None


async def test_the_feed_withholds_what_is_not_public_and_tells_who_was_outbid() -> None:
    floor = Floor()
    told: list[FeedEntry] = []
    async with floor.running():
        floor.feed.listen(told.extend)
        await floor.open_lot(reserve_price=150)
        await floor.bid(101, 100)
        await floor.give(LeaveMaxBid(1, 102, 140))
        await floor.bid(103, 150)
    records = [record for entry in told for record in entry.records]
    assert [record.sequence for record in records] == list(range(1, len(records) + 1))
    withheld = [record.sequence for record in records if isinstance(record.event, Withheld)]
    assert len(withheld) == 5  # the reserve, three admissions, one max bid
    assert [entry.outbid for entry in told if entry.outbid] == [101, 102]


async def test_bids_of_a_round_are_ones_own_for_as_long_as_it_runs() -> None:
    rounds = SimultaneousTerms(
        items=(RoundItem(1, 100), RoundItem(2, 100)), round_us=MINUTE_US, activity_basis_points=0
    )
    floor = Floor()
    told: list[FeedEntry] = []
    async with floor.running():
        floor.feed.listen(told.extend)
        await floor.give(AnnounceLot(1, HOST, LotTerms("CNY", 100, 0, (rounds,))))
        for bidder in (101, 102):
            await floor.give(AdmitBidder(1, bidder))
        await floor.give(OpenLot(1, HOST))
        for bid in (ItemBid(1, 100), ItemBid(2, 150), ItemBid(1, 110)):
            await floor.give(BidOnItems(1, 101, (bid,)))
    restarted = floor.successor()
    async with restarted.running():
        for feed in (floor.feed, restarted.feed):
            own, other = feed.own(1, 101), feed.own(1, 102)
            assert own is not None and own.item_bids == (ItemBid(1, 110), ItemBid(2, 150))
            assert other is not None and other.item_bids == ()
        restarted.feed.listen(told.extend)
        told.clear()
        await restarted.pass_time(MINUTE_US)
        own = restarted.feed.own(1, 101)
        assert own is not None and own.item_bids == ()
    assert [set(entry.own) for entry in told] == [{101}], "whose bids are over is told, and nobody else"


async def test_what_a_bidder_holds_in_a_clock_is_told_to_him_when_the_round_is_closed() -> None:
    clock = SimultaneousTerms(
        items=(RoundItem(1, 100, supply=5),), round_us=MINUTE_US, activity_basis_points=0,
        is_clock=True, increment_basis_points=2_000,
    )  # fmt: skip
    floor = Floor()
    told: list[FeedEntry] = []
    async with floor.running():
        await floor.give(AnnounceLot(1, HOST, LotTerms("CNY", 100, 0, (clock,))))
        for bidder in (101, 102, 103):
            await floor.give(AdmitBidder(1, bidder))
        await floor.give(OpenLot(1, HOST))
        for bidder, units in ((101, 4), (102, 3)):
            await floor.give(BidOnItems(1, bidder, (ItemBid(1, 0, units),)))
        floor.feed.listen(told.extend)
        await floor.pass_time(MINUTE_US)
        await floor.give(BidOnItems(1, 101, (ItemBid(1, 0, 4),)))
        await floor.pass_time(MINUTE_US)
    (first, _, second) = [{bidder: own.held for bidder, own in entry.own.items()} for entry in told]
    assert first == {101: (ItemBid(1, 100, 4),), 102: (ItemBid(1, 100, 3),)}
    assert second == {101: (ItemBid(1, 100, 4),), 102: (ItemBid(1, 100, 1),)}, (
        "who says nothing gives up what others still want"
    )


async def test_hosts_actions_are_on_record_with_who_and_when() -> None:
    floor = Floor()
    async with floor.running():
        await floor.open_lot()
        answer = await floor.give(PauseLot(1, HOST, "an objection is being examined"))
        missing = await floor.give(PauseLot(1, HOST, " "))
    assert isinstance(answer, Accepted) and isinstance(missing, Rejected)
    row = memory_journal(floor).rows[-1]
    assert row.event == LotFrozen(FreezeCause.HOST, "an objection is being examined", HOST, 0)
    assert row.at_us == answer.at_us


async def test_an_announcement_is_repeated_without_harm() -> None:
    floor, id = Floor(), secrets.token_hex(16)
    async with floor.running():
        first = await floor.give(AnnounceLot(1, HOST, terms()), id)
        again = await floor.give(AnnounceLot(1, HOST, terms()), id)
        other = await floor.give(AnnounceLot(1, HOST, terms()))
        admitted = await floor.give(AdmitBidder(1, 101))
    assert isinstance(first, Accepted) and isinstance(again, Accepted) and again.is_repeat
    assert isinstance(other, Rejected) and other.refused.code is Refusal.LOT_ALREADY_ANNOUNCED
    assert isinstance(admitted, Accepted) and admitted.paddle == 1
