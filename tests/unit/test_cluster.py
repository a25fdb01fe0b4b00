"""Engines and gateways apart, over a wire in memory that does whatever one likes: the promises hold all the same."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator

import pytest

from exchange.adapters.memory import MemoryJournal
from exchange.adapters.memory_carrier import MemoryWire
from exchange.cluster.carrier import COMMANDS, NOTES, ROWS, Carrier, answers_for
from exchange.cluster.gateway_end import HallLimits
from exchange.ports import Accepted, Busy, FeedEntry, Fenced, OutcomeUnknown, Rejected
from matching.commands import HammerLot, LeaveMaxBid, PlaceBid
from matching.events import FreezeCause, LotFrozen
from matching.lot import LotState, digest
from matching.refusals import Refusal
from tests.clustered import Cluster, EngineProcess, GatewayProcess, cluster
from tests.floor import HOST, MINUTE_US
from tests.patience import until

SHORT = HallLimits(command_deadline_ms=300)


@pytest.fixture
def wire() -> MemoryWire:
    return MemoryWire()


@pytest.fixture
async def parts(wire: MemoryWire) -> AsyncIterator[Cluster]:
    def carrier(is_engine: bool) -> Carrier:
        return wire.carrier()

    async with cluster(carrier) as parts:
        yield parts


def same_lot(engine: EngineProcess, gateway: GatewayProcess) -> bool:
    held, copy = engine.engine.lot(1), gateway.hall.lot(1)
    return held is not None and copy is not None and digest(held) == digest(copy)


async def test_a_bid_through_a_gateway_is_answered_with_its_record(parts: Cluster) -> None:
    engine, gateway = await parts.engine(), await parts.gateway()
    await gateway.open_lot()
    answer = await gateway.bid(101, 100)
    assert isinstance(answer, Accepted) and not answer.is_repeat
    row = parts.rows[-1]
    assert (answer.sequence, answer.link, answer.at_us) == (row.sequence, row.link, row.at_us)
    assert (answer.party, answer.amount, answer.paddle) == (101, 100, 1)
    refused = await gateway.bid(102, 105)
    assert isinstance(refused, Rejected) and refused.refused.code is Refusal.BELOW_ASKING_PRICE
    assert same_lot(engine, gateway)


async def test_all_gateways_show_the_same_and_tell_who_was_outbid(parts: Cluster) -> None:
    await parts.engine()
    here, there = await parts.gateway(), await parts.gateway()
    told: list[FeedEntry] = []
    there.feed.listen(told.extend)
    await here.open_lot()
    await here.give(LeaveMaxBid(1, 101, 500))
    for amount in range(120, 300, 20):
        await there.bid(102, amount)
    await until(lambda: here.feed.offset(1) == there.feed.offset(1))
    assert here.feed.view(1) == there.feed.view(1) and digest(here.hall.lot(1)) == digest(there.hall.lot(1))  # type: ignore[arg-type]
    records = [record.sequence for entry in told for record in entry.records]
    assert records == list(range(1, len(parts.rows) + 1))
    own = here.feed.own(1, 101)
    assert own is not None and own.limit == 500
    assert not [entry for entry in told if entry.outbid], "the limit was never passed"
    await there.bid(102, 600)
    assert [entry.outbid for entry in told if entry.outbid] == [101]


async def test_repeats_get_the_first_answer_also_through_another_gateway(parts: Cluster) -> None:
    await parts.engine()
    here, there = await parts.gateway(), await parts.gateway()
    await here.open_lot()
    id = secrets.token_hex(16)
    first = await here.bid(101, 100, command_id=id)
    again, elsewhere = await here.bid(101, 100, command_id=id), await there.bid(101, 100, command_id=id)
    assert isinstance(first, Accepted) and isinstance(again, Accepted) and isinstance(elsewhere, Accepted)
    assert again.is_repeat and elsewhere.is_repeat
    assert first.sequence == again.sequence == elsewhere.sequence and first.link == elsewhere.link
    other = await there.bid(102, 110, command_id=id)
    assert isinstance(other, Rejected) and other.refused.code is Refusal.COMMAND_ID_REUSED


async def test_two_people_with_one_id_never_get_each_others_receipt(parts: Cluster) -> None:
    await parts.engine()
    here, there = await parts.gateway(), await parts.gateway()
    await here.open_lot()
    await until(lambda: there.hall.holds(1))
    id = secrets.token_hex(16)
    answers = await asyncio.gather(
        here.bid(101, 100, command_id=id),
        there.bid(102, 100, command_id=id),
        there.bid(102, 100, command_id=id),
    )
    accepted = [answer for answer in answers if isinstance(answer, Accepted)]
    parties = {answer.party for answer in accepted}
    assert len(parties) == 1, "the id belongs to whoever came first"
    for answer in answers:
        if answer.party not in parties:
            assert isinstance(answer, Rejected) and answer.refused.code is Refusal.COMMAND_ID_REUSED


async def test_commands_of_one_caller_keep_their_order(parts: Cluster) -> None:
    await parts.engine()
    gateway = await parts.gateway()
    await gateway.open_lot(leader_may_raise=True)
    answers = await asyncio.gather(*(gateway.bid(101, 100 + 10 * step) for step in range(600)))
    sequences = [answer.sequence for answer in answers if isinstance(answer, Accepted)]
    assert len(sequences) == 600 and sequences == sorted(sequences)


async def test_a_receipt_never_comes_before_its_record_is_shown(parts: Cluster, wire: MemoryWire) -> None:
    await parts.engine()
    gateway = await parts.gateway()
    await gateway.open_lot(leader_may_raise=True)
    wire.fate = lambda topic, entry: (0.05,) if topic == ROWS else (0.0,)
    behind: list[int] = []
    done = asyncio.Event()

    def reply(answer: object) -> None:
        assert isinstance(answer, Accepted)
        if gateway.feed.offset(1) < answer.sequence:
            behind.append(answer.sequence)
        if answer.amount == 300:
            done.set()

    id = secrets.token_hex(16)
    for amount in range(100, 310, 10):
        gateway.hall.post(secrets.token_hex(16) if amount != 200 else id, PlaceBid(1, 101, amount), reply)
    gateway.hall.post(id, PlaceBid(1, 101, 200), reply)
    async with asyncio.timeout(60):
        await done.wait()
    assert behind == []


async def test_rows_that_are_lost_are_read_from_the_journal(parts: Cluster, wire: MemoryWire) -> None:
    engine = await parts.engine()
    gateway = await parts.gateway()
    await gateway.open_lot()
    wire.fate = lambda topic, entry: () if topic == ROWS else (0.0,)
    bidding = asyncio.create_task(gateway.bid(101, 100))
    await until(lambda: engine.engine.position == len(parts.rows) == 6 + 1)
    wire.fate = lambda topic, entry: (0.0,)
    answer = await bidding
    assert isinstance(answer, Accepted) and same_lot(engine, gateway)


async def test_without_any_beat_the_journal_is_asked(parts: Cluster, wire: MemoryWire) -> None:
    engine = await parts.engine()
    here, there = await parts.gateway(), await parts.gateway()
    await here.open_lot()
    await until(lambda: same_lot(engine, there))
    there.carrier.is_cut = True  # type: ignore[attr-defined]
    assert not there.hall.is_writable
    with pytest.raises(Busy):
        await there.bid(102, 100)
    await here.bid(101, 100)
    await until(lambda: same_lot(engine, there))


async def test_entries_that_come_twice_or_late_do_no_harm(parts: Cluster, wire: MemoryWire) -> None:
    engine = await parts.engine()
    gateway = await parts.gateway(SHORT)
    await gateway.open_lot(leader_may_raise=True)
    ways = [(0.0,), (0.0, 0.02), (0.03,), (), (0.0, 0.0, 0.05), (0.01,)]
    count = 0

    def fate(topic: str, entry: bytes) -> tuple[float, ...]:
        nonlocal count
        count += 1
        return ways[count % len(ways)]

    wire.fate = fate
    known: list[Accepted] = []
    for step in range(0, 60, 6):
        bidding = (gateway.bid(101, 100 + 10 * (step + number)) for number in range(6))
        answers = await asyncio.gather(*bidding, return_exceptions=True)
        known += [answer for answer in answers if isinstance(answer, Accepted)]
        assert all(isinstance(answer, Accepted | Rejected | OutcomeUnknown) for answer in answers), answers
    wire.fate = lambda topic, entry: (0.0,)
    await until(lambda: same_lot(engine, gateway))
    assert known and all(parts.rows[answer.sequence - 1].link == answer.link for answer in known)
    amounts = [row.event.amount for row in parts.rows if hasattr(row.event, "amount")]
    assert len(amounts) == len(set(amounts)), "nothing was decided twice"


async def test_a_command_that_expired_on_its_way_is_not_decided(parts: Cluster, wire: MemoryWire) -> None:
    await parts.engine()
    gateway = await parts.gateway(SHORT)
    await gateway.open_lot()
    entries: list[bytes] = []

    def late(topic: str, entry: bytes) -> tuple[float, ...]:
        if topic == COMMANDS:
            entries.append(entry)
            return ()
        return (0.0,)

    wire.fate = late
    with pytest.raises(OutcomeUnknown):
        await gateway.bid(101, 100)
    wire.fate = lambda topic, entry: (0.0,)
    rows = len(parts.rows)
    parts.stores.clock.advance(1_000_000)
    for end in wire.ends:
        end.arrives(COMMANDS, entries[0])
    answer = await gateway.insist(PlaceBid(1, 102, 100))
    assert isinstance(answer, Accepted) and answer.sequence == rows + 1


async def test_too_much_under_way_is_busy(parts: Cluster) -> None:
    await parts.engine()
    gateway = await parts.gateway(HallLimits(commands_max=3))
    await gateway.open_lot()
    answers: list[object] = []
    for number in range(3):
        gateway.hall.post(secrets.token_hex(16), PlaceBid(1, 101, 100 + number), answers.append)
    with pytest.raises(Busy):
        gateway.hall.post(secrets.token_hex(16), PlaceBid(1, 102, 500), answers.append)
    await until(lambda: len(answers) == 3)
    assert isinstance(await gateway.bid(102, 500), Accepted)


async def test_an_engine_that_is_not_heard_decides_nothing_and_freezes_what_was_due(
    parts: Cluster, wire: MemoryWire
) -> None:
    engine, gateway = await parts.engine(), await parts.gateway()
    await gateway.open_lot(duration_us=MINUTE_US, soft_close_window_us=0, outage_notice_us=30_000_000)
    await gateway.bid(101, 100)
    rows = len(parts.rows)
    wire.is_cut = True
    parts.stores.clock.advance(2 * MINUTE_US)
    engine.engine._wake.set()
    for _ in range(200):
        await asyncio.sleep(0)
    assert len(parts.rows) == rows
    wire.is_cut = False
    await until(lambda: len(parts.rows) > rows)
    frozen = parts.rows[-1].event
    assert isinstance(frozen, LotFrozen) and frozen.cause is FreezeCause.OUTAGE
    await until(lambda: gateway.hall.view(1).state is LotState.FROZEN)  # type: ignore[union-attr]


async def test_a_successor_serves_the_same_gateways(parts: Cluster) -> None:
    first = await parts.engine()
    gateway = await parts.gateway()
    await gateway.open_lot()
    await gateway.bid(101, 100)
    await first.kill()
    second = await parts.engine()
    await until(lambda: gateway.hall._counters[0]._term == second.engine.term)
    assert isinstance(await gateway.bid(102, 110), Accepted)
    assert same_lot(second, gateway)


async def test_what_was_given_to_a_former_engine_is_busy_and_never_decided(
    parts: Cluster, wire: MemoryWire
) -> None:
    first = await parts.engine()
    gateway = await parts.gateway()
    await gateway.open_lot()
    await first.kill()
    second = await parts.engine()
    wire.fate = lambda topic, entry: () if topic == ROWS else (0.0,)
    gateway.hall._counters[0]._term = first.engine.term  # it has not heard of the new one yet
    with pytest.raises(Busy):
        await gateway.bid(101, 100)
    assert len(parts.rows) == 5 + 1 and second.engine.position == len(parts.rows)


async def test_what_a_former_engine_recorded_is_never_called_busy(parts: Cluster, wire: MemoryWire) -> None:
    first = await parts.engine()
    gateway = await parts.gateway()
    await gateway.open_lot()
    entries: list[bytes] = []

    def fate(topic: str, entry: bytes) -> tuple[float, ...]:
        entries.extend([entry] if topic == COMMANDS else [])
        return () if topic == ROWS else (0.0,)

    wire.fate = fate
    rows = len(parts.rows)
    bidding = asyncio.create_task(gateway.bid(101, 100))
    await until(lambda: len(parts.rows) == rows + 1)
    await first.kill()
    second = await parts.engine()
    second.end._heard(
        second.engine, entries[-1]
    )  # as a carrier that keeps entries gives them to a new engine
    answer = await bidding
    assert isinstance(answer, Accepted) and answer.sequence == rows + 1 == len(parts.rows)


async def test_entries_that_nobody_understands_are_passed_over(parts: Cluster, wire: MemoryWire) -> None:
    await parts.engine()
    gateway = await parts.gateway()
    await gateway.open_lot()
    stranger = wire.carrier()
    for topic in (COMMANDS, ROWS, NOTES, answers_for(gateway.hall._shared.gateway)):
        for entry in (b"", b"\xc1", b"\x93\x01\x02\x03", b"{}"):
            stranger.send(topic, entry)
    assert isinstance(await gateway.bid(101, 100), Accepted)


async def test_a_zombie_that_wakes_up_after_a_take_over_answers_nothing(
    parts: Cluster, wire: MemoryWire
) -> None:
    zombie = await parts.engine()
    gateway = await parts.gateway(SHORT)
    await gateway.open_lot()
    zombie.engine._proven_at = float("-inf")  # it slept longer than its proof is good for
    await parts.stores.lease.acquire("a successor that has not spoken yet")
    with pytest.raises(OutcomeUnknown):
        await gateway.bid(101, 100, lot=77)  # for this no append is needed
    with pytest.raises(Fenced):
        await asyncio.wait_for(zombie.tasks[0], 60)


async def test_an_outage_of_the_journal_is_busy_and_then_goes_on(parts: Cluster) -> None:
    engine, gateway = await parts.engine(), await parts.gateway()
    await gateway.open_lot()
    journal = parts.stores.journal
    assert isinstance(journal, MemoryJournal)
    journal.loses_answer_of_next_append = True
    in_doubt = await gateway.bid(101, 100)
    assert isinstance(in_doubt, Accepted) and in_doubt.sequence == len(parts.rows)
    journal.is_available = False
    bidding = asyncio.create_task(gateway.bid(102, 110))
    await until(lambda: not engine.engine.is_writable)
    journal.is_available = True
    with pytest.raises(Busy):
        await bidding
    await until(lambda: gateway.hall.is_writable)
    assert isinstance(await gateway.bid(102, 110), Accepted)
    assert same_lot(engine, gateway)


async def test_a_gateway_started_late_knows_every_lot_that_has_not_ended(parts: Cluster) -> None:
    engine = await parts.engine()
    early = await parts.gateway()
    await early.open_lot()
    await early.open_lot(lot=2, duration_us=None, host_may_hammer=True, fair_warnings_min=0)
    await early.bid(101, 100)
    id = secrets.token_hex(16)
    await early.bid(101, 100, lot=2, command_id=id)
    await early.give(HammerLot(2, HOST))
    late = await parts.gateway()
    assert same_lot(engine, late) and late.hall.epoch == engine.engine.epoch
    assert not late.hall.holds(2)
    repeated = await late.bid(101, 100, lot=2, command_id=id)
    assert isinstance(repeated, Accepted) and repeated.is_repeat
    view = late.hall.view(2)
    assert view is not None and view.state is LotState.SOLD
    unknown = await late.bid(101, 100, lot=77)
    assert isinstance(unknown, Rejected) and unknown.refused.code is Refusal.LOT_UNKNOWN
    assert await late.hall.load(77) is None


async def test_gateways_tell_each_other_what_engines_need_not_know(parts: Cluster) -> None:
    await parts.engine()
    here, there = await parts.gateway(), await parts.gateway()
    heard: list[tuple[str, bytes]] = []
    here.hall.on_note("revoked", lambda payload: heard.append(("here", payload)))
    there.hall.on_note("revoked", lambda payload: heard.append(("there", payload)))
    here.hall.tell_all("revoked", b"proof")
    here.hall.tell_all("something else", b"")
    await until(lambda: heard)
    assert heard == [("there", b"proof")]
