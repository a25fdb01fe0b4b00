"""Journals to start over, made by the engine itself: every record decided by the rules, every snapshot kept as it does.

Belongs here: simulated days of trading and of waiting. Does not belong here: measuring a start (`starts.py`).
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from exchange.adapters.clock import SimulatedClock
from exchange.engine import Engine, EngineLimits
from exchange.ports import Accepted, Answer, Unanswered
from loadtests.engine.room import Room
from matching.commands import AdmitBidder, AnnounceLot, Command, OpenLot, PlaceBid
from matching.increments import Step
from matching.terms import EnglishTerms, LotTerms

SEED = 20
DAY_US = 24 * 3_600 * 1_000_000
OPENING_PRICE = 100_000
STEP = 1_000
BIDDERS = 20
RECORDS_BEFORE_BIDS = 3 + BIDDERS
"""Announced, opened, its phase begun, and every bidder admitted."""
PORTION = 2_000
PATIENCE_S = 120.0
BUSY_LOTS = 3
"""The power of the skew: of bids, a lot at share x of the list gets those at x ** (1 / this)."""


class HistoryFailed(Exception):
    """The engine refused what a history is made of."""


async def trade(room: Room, lots: int, records: int, limits: EngineLimits, say: Callable[[str], None]) -> int:
    """Fill the journal with a day of bidding in open lots, few of them busy; return its records.

    Raises: HistoryFailed, and whatever ends an engine.
    """
    before_us = time.time_ns() // 1_000 - DAY_US
    clock = SimulatedClock(before_us)
    async with room.running_engine(limits, clock) as (engine, _):
        opening = (each for lot in range(1, lots + 1) for each in _opened(lot, ends_after_us=3 * DAY_US))
        await _give(engine, clock, opening, 0, say)
        bids = records - lots * RECORDS_BEFORE_BIDS
        await _give(engine, clock, _bids(lots, bids), DAY_US // max(bids // PORTION, 1), say)
        return engine.position


async def schedule(room: Room, lots: int, limits: EngineLimits, say: Callable[[str], None]) -> int:
    """Announce lots that open in a month, and nothing more; return the journal's records.

    Raises: HistoryFailed, and whatever ends an engine.
    """
    now_us = time.time_ns() // 1_000
    clock = SimulatedClock(now_us)
    async with room.running_engine(limits, clock) as (engine, _):
        terms = _terms(now_us + 30 * DAY_US, DAY_US)
        await _give(engine, clock, (AnnounceLot(lot, 1, terms) for lot in range(1, lots + 1)), 0, say)
        return engine.position


def _terms(opens_at_us: int, duration_us: int) -> LotTerms:
    steps = (Step(0, STEP), Step(1_000_000, 5 * STEP), Step(10_000_000, 10 * STEP))
    phase = EnglishTerms(increments=steps, duration_us=duration_us)
    return LotTerms(currency="CNY", opening_price=OPENING_PRICE, opens_at_us=opens_at_us, programme=(phase,))


def _opened(lot: int, ends_after_us: int) -> Iterator[Command]:
    yield AnnounceLot(lot, 1, _terms(0, ends_after_us))
    yield OpenLot(lot, 1)
    for bidder in range(1, BIDDERS + 1):
        yield AdmitBidder(lot, bidder)


def _bids(lots: int, count: int) -> Iterator[Command]:
    """Yield bids that are all accepted: each lot's bidders in turn, each a large step higher."""
    chance = random.Random(SEED)
    made = [0] * lots
    for _ in range(count):
        place = int(lots * chance.random() ** BUSY_LOTS)
        made[place] += 1
        amount = OPENING_PRICE + made[place] * 10 * STEP
        yield PlaceBid(1 + place, 1 + made[place] % BIDDERS, amount)


async def _give(
    engine: Engine,
    clock: SimulatedClock,
    commands: Iterable[Command],
    pause_us: int,
    say: Callable[[str], None],
) -> None:
    """Hand the engine commands in portions, with a pause of simulated time after each."""
    remaining, given = iter(commands), 0
    while portion := list(islice(remaining, PORTION)):
        await _give_portion(engine, portion, given)
        given += len(portion)
        clock.advance(pause_us)
        if given % (PORTION * 50) == 0:
            say(f"{given:,} commands decided and recorded")


async def _give_portion(engine: Engine, commands: Sequence[Command], first: int) -> None:
    answered = asyncio.Event()
    refused: list[Answer | Unanswered] = []
    left = len(commands)

    def reply(answer: Answer | Unanswered) -> None:
        nonlocal left
        left -= 1
        if not isinstance(answer, Accepted):
            refused.append(answer)
        if not left:
            answered.set()

    for number, command in enumerate(commands, first):
        engine.post(f"{type(command).__name__[0]}{number:031x}", command, reply)
    async with asyncio.timeout(PATIENCE_S):
        await answered.wait()
    if refused:
        raise HistoryFailed(f"{len(refused)} commands were not accepted, the first: {refused[0]}")
