"""Thousands of lots due in the same second: how late each is decided, durable and told, and in which order.

Belongs here: making the lots, waiting for their ends, reading what the journal says of them, the ceiling.
Does not belong here: the report (see `loadtests.bench_close`).
"""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import asyncpg

from exchange.adapters.ring import RingFeed
from exchange.engine import Engine, EngineLimits
from exchange.ports import Accepted, FeedEntry
from exchange.records import JournalRow
from loadtests.engine.room import Room
from loadtests.latencies import Latencies
from matching.commands import AdmitBidder, AnnounceLot, Command, OpenLot, PlaceBid
from matching.increments import Step
from matching.terms import EnglishTerms, LotTerms
from matching.units import LotId, TimeUs

SECOND_US = 1_000_000
PREPARED_AT_ONCE = 200
"""Few, so that little time passes between announcing a lot, which sets its duration, and opening it."""
PREPARATION_S = 2.0
"""Until the first end, for every thousand lots; the command says when that was too short."""
PREPARATION_S_MIN = 3.0
PATIENCE_S = 60.0
TICK_S = 0.001
"""How often the loop is asked whether it still turns."""
SPREAD_SEED = 20
OPENING_PRICE = 1_000
CREATE = """
CREATE TABLE public.ceiling (position bigint NOT NULL, lot_id bigint NOT NULL, sequence bigint NOT NULL,
    at_us bigint NOT NULL, is_outcome boolean NOT NULL, body bytea NOT NULL, link bytea NOT NULL,
    PRIMARY KEY (lot_id, sequence))"""
COLUMNS = ("position", "lot_id", "sequence", "at_us", "is_outcome", "body", "link")


class PreparationTooSlow(Exception):
    """The lots were not all open before the first was due."""


@dataclass(slots=True)
class Closings:
    """What one repetition gave. Lateness is from the moment when the lot was due.

    `decided` is the time that the record carries, `told` the moment when its publication came, after its commit.
    """

    lots: int
    sold: int = 0
    decided: Latencies = field(default_factory=Latencies)
    told: Latencies = field(default_factory=Latencies)
    out_of_order: int = 0
    """Neighbours in the journal where the later one was due earlier, or at the same time with a lower lot."""
    not_closed: int = 0
    longest_pause_ms: float = 0.0
    """Of the event loop, beyond its tick."""
    spread_ms: float = 0.0
    """From the first moment that a lot was due to the last."""
    commits: list[int] = field(default_factory=list)
    """Records in each commit that closed a lot."""
    seconds: float = 0.0
    """From the first end that was due to the last that was told."""
    copy_seconds: float = 0.0
    """The same rows in the same portions, by COPY alone."""

    def figures(self) -> dict[str, Any]:
        """Return what a report shows."""
        sizes = sorted(self.commits)
        return {
            "lots": self.lots,
            "sold": self.sold,
            "decided": self.decided.summary(),
            "told": self.told.summary(),
            "out_of_order": self.out_of_order,
            "not_closed": self.not_closed,
            "spread_ms": round(self.spread_ms, 1),
            "longest_pause_ms": round(self.longest_pause_ms, 1),
            "commits": len(sizes),
            "records_per_commit": {"median": sizes[len(sizes) // 2], "max": sizes[-1]} if sizes else {},
            "seconds": round(self.seconds, 3),
            "copy_seconds": round(self.copy_seconds, 4),
        }


async def measured_closings(
    room: Room,
    lots: int,
    spread_us: int,
    limits: EngineLimits,
    say: Callable[[str], None],
    *,
    first_lot: int = 1,
    lead_s: float | None = None,
) -> Closings:
    """Open the lots, wait until all have ended, and say how that went.

    Args:
        spread_us: the ends lie this far apart at most; 0 for all in the same microsecond.
        first_lot: number of the first lot, beyond every earlier one.
        lead_s: until the first end, in which all must be opened; None for what that many usually take.

    Raises: PreparationTooSlow, and whatever ends an engine.
    """
    async with room.running_engine(limits) as (engine, feed):
        lead_s = max(PREPARATION_S * lots / 1_000, PREPARATION_S_MIN) if lead_s is None else lead_s
        ends = _wanted_ends(range(first_lot, first_lot + lots), spread_us, lead_s)
        return await _measured(room, engine, feed, ends, say)


def _wanted_ends(lots: Iterable[LotId], spread_us: int, lead_s: float) -> dict[LotId, TimeUs]:
    """Return when each lot shall end: by chance within the spread, so that some are due together."""
    chance = random.Random(SPREAD_SEED)
    begins_at_us = time.time_ns() // 1_000 + int(lead_s * SECOND_US)
    return {lot: begins_at_us + chance.randint(0, spread_us) for lot in lots}


async def _measured(
    room: Room, engine: Engine, feed: RingFeed, wanted: dict[int, TimeUs], say: Callable[[str], None]
) -> Closings:
    closings = Closings(len(wanted))
    await _prepare(engine, wanted, say)
    due = {lot: view.ends_at_us for lot in wanted if (view := feed.view(lot))}
    closings.spread_ms = (max(due.values()) - min(due.values())) / 1_000
    told_at_us: dict[int, int] = {}
    all_told = asyncio.Event()

    def listen(entries: Sequence[FeedEntry]) -> None:
        now_us = time.time_ns() // 1_000
        ended = [entry for entry in entries if entry.lot in due and entry.view.state in ("sold", "passed")]
        told_at_us.update((entry.lot, now_us) for entry in ended)
        if ended:
            closings.commits.append(sum(len(entry.records) for entry in ended))
        if len(told_at_us) == len(due):
            all_told.set()

    stop = feed.listen(listen)
    wait_s = (max(due.values()) - time.time_ns() // 1_000) / 1e6 + PATIENCE_S
    beating = asyncio.create_task(_beat(closings, min(due.values())))
    try:
        async with asyncio.timeout(wait_s):
            await all_told.wait()
    except TimeoutError:
        closings.not_closed = len(due) - len(told_at_us)
    finally:
        stop()
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)
    await _read(room, closings, due, told_at_us)
    return closings


async def _prepare(engine: Engine, ends: dict[int, TimeUs], say: Callable[[str], None]) -> None:
    """Announce and open the lots, with two bidders and a bid each.

    Raises: PreparationTooSlow.
    """
    numbers = list(ends)
    for begin in range(0, len(numbers), PREPARED_AT_ONCE):
        some = numbers[begin : begin + PREPARED_AT_ONCE]
        if begin % 1_000 == 0:
            say(f"opening lots: {begin:,} of {len(numbers):,}")
        await _give(engine, [AnnounceLot(lot, 1, _terms(ends[lot])) for lot in some])
        await _give(engine, [OpenLot(lot, 1) for lot in some])
        await _give(engine, [AdmitBidder(lot, bidder) for bidder in (1, 2) for lot in some])
        await _give(engine, [PlaceBid(lot, 1 + lot % 2, OPENING_PRICE) for lot in some])
    left_us = min(ends.values()) - time.time_ns() // 1_000
    if left_us < 0:
        raise PreparationTooSlow(f"the first lot was due {-left_us / 1e6:.1f} s before the last was open")
    say(f"all open; the first is due in {left_us / 1e6:.1f} s")


async def _give(engine: Engine, commands: Sequence[Command]) -> None:
    """Hand the engine commands, all at once, which it must accept."""
    answers = await asyncio.gather(*(engine.submit(secrets.token_hex(16), command) for command in commands))
    refused = next((answer for answer in answers if not isinstance(answer, Accepted)), None)
    assert refused is None, refused


def _terms(ends_at_us: TimeUs) -> LotTerms:
    """Return terms of a lot that is opened at once and ends about then, unless nothing of the time is left."""
    duration_us = max(ends_at_us - time.time_ns() // 1_000, 1)
    phase = EnglishTerms(increments=(Step(0, 100),), soft_close_window_us=0, duration_us=duration_us)
    return LotTerms(
        currency="CNY",
        opening_price=OPENING_PRICE,
        opens_at_us=0,
        programme=(phase,),
        outage_tolerance_us=int(
            PATIENCE_S * SECOND_US
        ),  # an end that is late counts as late here; it freezes no lot
    )


async def _beat(closings: Closings, from_us: TimeUs) -> None:
    """Measure how long the event loop stands still, from a little before the first end on."""
    while True:
        before_s = time.perf_counter()
        await asyncio.sleep(TICK_S)
        if time.time_ns() // 1_000 >= from_us - SECOND_US // 2:
            pause_ms = (time.perf_counter() - before_s - TICK_S) * 1_000
            closings.longest_pause_ms = max(closings.longest_pause_ms, pause_ms)


async def _read(room: Room, closings: Closings, due: dict[int, TimeUs], told_at_us: dict[int, int]) -> None:
    """Compare with the journal, in the order of its positions, and put the same rows there by COPY alone."""
    async with room.pool.acquire() as connection:
        found = await connection.fetch(
            "SELECT position, lot_id, sequence, at_us, is_outcome, body, link FROM exchange.journal"
            " WHERE is_outcome AND lot_id = ANY($1) ORDER BY position",
            list(due),
        )
        rows = [JournalRow(*row.values()) for row in found]
        for row in rows:
            closings.decided.add(row.at_us - due[row.lot])
            closings.told.add(told_at_us.get(row.lot, row.at_us + SECOND_US * 60) - due[row.lot])
        closings.sold = Counter(type(row.event).__name__ for row in rows)["LotSold"]
        closings.not_closed = len(due) - len(rows)
        orders = [(due[row.lot], row.lot) for row in rows]
        closings.out_of_order = sum(later < earlier for earlier, later in pairwise(orders))
        if told_at_us:
            closings.seconds = (max(told_at_us.values()) - min(due.values())) / 1e6
        closings.copy_seconds = await _copied(connection, rows, closings.commits)


async def _copied(
    connection: asyncpg.Connection, rows: Sequence[JournalRow], commits: Sequence[int]
) -> float:
    """Return how long it takes to COPY the rows into a bare table, commit by commit."""
    await connection.execute(CREATE)
    try:
        values = [
            (row.position, row.lot, row.sequence, row.at_us, row.is_outcome, row.body, row.link)
            for row in rows
        ]
        began_s, at = time.perf_counter(), 0
        for size in commits:
            portion = values[at : at + size]
            at += size
            if portion:
                await connection.copy_records_to_table("ceiling", columns=COLUMNS, records=portion)
        return time.perf_counter() - began_s
    finally:
        await connection.execute("DROP TABLE public.ceiling")
