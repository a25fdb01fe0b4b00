"""The demo centre over the real engine and the real procedure in PostgreSQL, with time that only moves when told."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random

import asyncpg
import pytest
from argon2 import PasswordHasher

from exchange.adapters.clock import SimulatedClock
from exchange.adapters.memory import MemoryJournal, MemoryLease, MemorySnapshots
from exchange.adapters.ring import RingFeed
from exchange.capacities import Capacities
from exchange.catalogue import Catalogue
from exchange.defaulters import Defaulters
from exchange.demo.accounts import DEMO_PASSWORD, ROBOTS, VISITORS
from exchange.demo.bank import DemoBank
from exchange.demo.centre import DemoCentre
from exchange.demo.templates import Rhythm, read_demo_lots, round_of_code
from exchange.engine import Engine
from exchange.identities import Identities
from exchange.lot_search import Search
from exchange.measures import Measures
from exchange.notices import Notices
from exchange.people import Account, People
from exchange.ports import Accepted
from exchange.settlement import Settlement
from exchange.sign_up import SignUps, SignUpState
from ledger.defaults import Defaults
from ledger.deposits import Deposits
from ledger.postgres import PostgresLedgerStore
from ledger.receipts import ReceiptResult
from ledger.register import DepositState
from matching.commands import OpenLot, PlaceBid
from matching.events import BidPlaced, Event, LotAwarded, LotSold, MaxBidLeft, OfferSubmitted
from matching.lot import LotState
from matching.terms import MINUTE_US, SECOND_US
from matching.view import LotView

START_US = 1_790_000_000_000_000
TEMPLATES = {template.key: template for template in read_demo_lots().templates}


@dataclass
class House:
    """A small exchange: procedure in PostgreSQL, journal and ledger in memory."""

    clock: SimulatedClock
    journal: MemoryJournal
    engine: Engine
    people: People
    identities: Identities
    catalogue: Catalogue
    sign_ups: SignUps
    capacities: Capacities
    deposits: Deposits
    settlement: Settlement

    def centre(self, seed: int = 1) -> DemoCentre:
        return DemoCentre(
            people=self.people,
            identities=self.identities,
            catalogue=self.catalogue,
            sign_ups=self.sign_ups,
            capacities=self.capacities,
            bus=self.engine,
            book=self.engine,
            clock=self.clock,
            chance=Random(seed),
        )

    async def second(self, centre: DemoCentre) -> None:
        """Let a second pass: deadlines, then a beat of the centre, then what settlement has to do."""
        self.clock.advance(SECOND_US)
        await self.meet_deadlines()
        await centre.beat()
        await self.settlement.settle_due()

    async def meet_deadlines(self) -> None:
        """Wake the engine, which sleeps by the machine's clock, with a command that it refuses."""
        await self.engine.submit(secrets.token_hex(16), OpenLot(2**40, 0))

    async def account(self, login: str) -> Account:
        account = await self.people.by_login(login)
        assert account is not None
        return account

    def views(self, centre: DemoCentre, state: LotState) -> list[LotView]:
        views = [self.engine.view(one.lot) for one in centre.rounds]
        return [view for view in views if view is not None and view.state is state]


@asynccontextmanager
async def opened(database_url: str) -> AsyncIterator[House]:
    clock = SimulatedClock(START_US)
    pool = await asyncpg.create_pool(database_url, min_size=1, max_size=4)
    lease = MemoryLease()
    journal = MemoryJournal(lease)
    engine = Engine(
        clock=clock, journal=journal, snapshots=MemorySnapshots(), lease=lease, feed=RingFeed(), measures=Measures()
    )  # fmt: skip
    ledger = PostgresLedgerStore(pool)
    deposits = Deposits(ledger, clock.now_us)
    catalogue = Catalogue(pool, engine, engine, clock)
    capacities, defaulters = Capacities(pool, clock), Defaulters(pool, catalogue, Defaults(ledger))
    people = People(pool, clock, hasher=PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1))
    identities = Identities(pool, clock, people)
    sign_ups = SignUps(
        pool, catalogue, deposits, capacities, defaulters, engine, engine, clock, identities=identities
    )
    settlement = Settlement(
        journal=journal,
        book=engine,
        ledger=ledger,
        catalogue=catalogue,
        sign_ups=sign_ups,
        notices=Notices(pool, clock),
        outcome_recorded=engine.outcome_recorded,
    )
    await engine.start()
    running = asyncio.create_task(engine.run())
    try:
        yield House(
            clock, journal, engine, people, identities, catalogue, sign_ups, capacities, deposits, settlement
        )
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await pool.close()


@pytest.mark.slow
async def test_a_quarter_of_an_hour_in_the_demo_centre(database_url: str) -> None:
    async with opened(database_url) as house:
        centre = house.centre()
        await centre.open()
        await house.meet_deadlines()
        await centre.beat()
        assert len(house.views(centre, LotState.OPEN)) >= 9, "live at once"
        assert len(house.views(centre, LotState.ANNOUNCED)) >= 10

        first_hammer_s = 0
        moments_near_hammer = 0
        for second in range(1, 15 * 60):
            await house.second(centre)
            if not first_hammer_s and (await _outcomes(house))[LotState.SOLD]:
                first_hammer_s = second
            assert len(house.views(centre, LotState.OPEN)) >= 6
            assert house.views(centre, LotState.ANNOUNCED)
            if second > 120:
                soon_us = house.clock.now_us() + MINUTE_US
                moments_near_hammer += any(
                    0 < view.ends_at_us <= soon_us for view in house.views(centre, LotState.OPEN)
                )
        assert first_hammer_s <= 60, "a first visitor soon finds a result"
        assert moments_near_hammer / (15 * 60 - 121) > 0.95
        outcomes = await _outcomes(house)
        assert outcomes[LotState.SOLD] >= 8
        await _check_opening(house)
        await _check_formats(house)
        await _check_offers(house)
        await _check_money(house)


async def test_a_restarted_centre_carries_on_where_it_was(database_url: str) -> None:
    async with opened(database_url) as house:
        centre = house.centre()
        await centre.open()
        for _ in range(100):
            await house.second(centre)
        before = {one.key: (one.number, one.lot) for one in centre.rounds}
        records, accounts = len(house.journal.rows), await house.people.accounts(0, 100)

        again = house.centre(seed=2)
        await again.open()
        assert {one.key: (one.number, one.lot) for one in again.rounds} == before
        assert len(house.journal.rows) == records
        assert await house.people.accounts(0, 100) == accounts
        for _ in range(60):
            await house.second(again)
        codes = [card.code for card in (await house.catalogue.search(Search(limit=500))).cards]
        assert len(codes) == len(set(codes))
        assert len(house.journal.rows) > records
        await _check_offers(house)


async def test_a_visitor_pays_bids_and_is_answered_by_robots(database_url: str) -> None:
    async with opened(database_url) as house:
        centre = house.centre()
        await centre.open()
        for _ in range(10):
            await house.second(centre)
        session = await house.people.sign_in("bidder1", DEMO_PASSWORD)
        assert session is not None and session.account.is_demo
        visitor = session.account
        lot = next(one.lot for one in centre.rounds if one.key == "suv")
        state = await house.sign_ups.sign_up(lot, visitor)
        assert isinstance(state, SignUpState)
        bank = DemoBank(house.sign_ups, house.clock)
        outcome = await bank.pay(state.reference, state.missing, state.currency, visitor.name, "receipt-1")
        assert outcome.result is ReceiptResult.CREDITED
        again = await bank.pay(state.reference, state.missing, state.currency, visitor.name, "receipt-1")
        assert again.result is ReceiptResult.DUPLICATE

        answers = 0
        for _ in range(150):
            view = house.engine.view(lot)
            held = house.engine.lot(lot)
            assert view is not None and held is not None
            if view.state is LotState.OPEN and view.leader != held.paddles[visitor.id]:
                answers += bool(view.bids)
                answer = await house.engine.submit(
                    secrets.token_hex(16), PlaceBid(lot, visitor.id, view.asking_price)
                )
                assert isinstance(answer, Accepted)
            await house.second(centre)
        assert answers >= 3


async def test_the_centre_survives_an_outage_of_the_journal(database_url: str) -> None:
    async with opened(database_url) as house:
        centre = house.centre()
        await centre.open()
        for _ in range(20):
            await house.second(centre)
        running = asyncio.create_task(centre.run())
        house.journal.is_available = False
        for _ in range(30):
            house.clock.advance(SECOND_US)
            await asyncio.sleep(0.05)
        assert not running.done()
        house.journal.is_available = True
        records = len(house.journal.rows)
        async with asyncio.timeout(60):
            while len(house.journal.rows) < records + 10:
                house.clock.advance(SECOND_US)
                await asyncio.sleep(0.05)
        assert not running.done()
        running.cancel()
        _, unending = await asyncio.wait({running}, timeout=60)
        assert not unending, "a cancelled centre ends"


async def test_accounts_are_plainly_demo_and_nobody_signs_in_as_a_robot(database_url: str) -> None:
    async with opened(database_url) as house:
        await house.centre().open()
        for wanted in VISITORS:
            account = await house.account(wanted.login)
            assert account.is_demo and account.roles == wanted.roles and "演示" in account.name
        session = await house.people.sign_in("host1", DEMO_PASSWORD)
        assert session is not None
        for robot in ROBOTS:
            account = await house.account(robot.login)
            assert account.is_demo and "演示机器人" in account.name and "Demo robot" in account.name
            assert await house.people.sign_in(robot.login, DEMO_PASSWORD) is None


async def _outcomes(house: House) -> dict[LotState, int]:
    names = [type(row.event).__name__ for row in house.journal.rows if row.is_outcome]
    closed = [
        LotState.SOLD if name == "LotAwarded" else LotState(name.removeprefix("Lot").lower())
        for name in names
    ]
    return {state: closed.count(state) for state in LotState}


async def _check_offers(house: House) -> None:
    """No robot has offered more than the promised part of the reference value, whatever was bid against it."""
    titles = await house.catalogue.titles({row.lot for row in house.journal.rows})
    offers = 0
    for row in house.journal.rows:
        event = row.event
        named = round_of_code(titles[row.lot].code)
        assert named is not None
        for amount in _offered(event):
            assert amount * 100 <= TEMPLATES[named[0]].reference_value * 160
            offers += 1
    assert offers > 20


async def _check_opening(house: House) -> None:
    """The lots of the opening are sold by bids against each other, once."""
    titles = await house.catalogue.titles({row.lot for row in house.journal.rows})
    named = {lot: round_of_code(title.code) for lot, title in titles.items()}
    for key, template in TEMPLATES.items():
        if template.rhythm is Rhythm.OPENING:
            events = [row.event for row in house.journal.rows if named[row.lot] == (key, 1)]
            assert len([event for event in events if isinstance(event, BidPlaced)]) >= 2, key
            assert isinstance(events[-1], LotSold), key
            assert (key, 2) not in named.values()


async def _check_formats(house: House) -> None:
    """Each short lot of another format has ended in a sale at least once, and its next round is published."""
    titles = await house.catalogue.titles({row.lot for row in house.journal.rows})
    named = {lot: round_of_code(title.code) for lot, title in titles.items()}
    sold = {named[row.lot] for row in house.journal.rows if isinstance(row.event, LotSold | LotAwarded)}
    for key, template in TEMPLATES.items():
        if template.rhythm is Rhythm.FORMATS:
            assert (key, 1) in sold and (key, 2) in named.values(), key


def _offered(event: Event) -> list[int]:
    match event:
        case BidPlaced(amount=amount) | MaxBidLeft(limit=amount):
            return [amount]
        case OfferSubmitted(lines=lines):
            return [line.price for line in lines]
    return []


async def _check_money(house: House) -> None:
    """Of every lot that ended, nothing of a deposit is left on hold."""
    ended = {row.lot for row in house.journal.rows if row.is_outcome}
    rows = [row for row in await house.deposits.register() if row.lot_id in ended]
    assert len(rows) > 20
    assert all(row.state is not DepositState.HELD for row in rows)
