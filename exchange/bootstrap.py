"""The composition root: the one place that knows which adapter stands behind which port.

Embedded mode: engine, procedure and ledger in this process, over one PostgreSQL, our own or a given one.

Belongs here: building, in order, and tearing down in the opposite order.
Does not belong here: anything that decides.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import asyncpg
import structlog

from exchange.adapters.clock import SystemClock
from exchange.adapters.postgres import PostgresJournal, PostgresLease, PostgresSnapshots
from exchange.adapters.ring import RingFeed
from exchange.capacities import Capacities
from exchange.catalogue import Catalogue
from exchange.database import DRIVER_ERRORS
from exchange.database_measures import DatabaseMeasures
from exchange.embedded_postgres import EmbeddedPostgres, EmbeddedPostgresError
from exchange.engine import Engine, EngineLimits
from exchange.finance import Finance, finance
from exchange.measures import Measures
from exchange.migrations import Migration, migrate, migration_sources
from exchange.money_rules import MoneyRules
from exchange.people import People, Role
from exchange.ports import Clock, EventFeed, ExchangeError, Hall, Journal
from exchange.rulebooks.library import library
from exchange.settings import Settings
from exchange.settlement import Settlement
from exchange.sign_up import SignUps
from ledger.deposits import Deposits
from ledger.lot_rules import LotRules
from ledger.postgres import PostgresLedgerStore

log = structlog.get_logger(__name__)

OPERATOR = "operator"
OPERATOR_TOKEN_FILE = "operator.token"
WATCH_SECONDS = 0.5


class DatabaseUnusable(ExchangeError):
    """The PostgreSQL that the exchange was given cannot be used."""


Report = Callable[[str, str], None]
"""Told what is being done, in English and in Chinese."""


Part = Callable[[], Coroutine[Any, Any, None]]
"""Something that runs as long as the exchange is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """The parts of a running exchange that every way in needs, wherever its engines are.

    Args:
        hall: the way to the engine, which is in this process or in another.
        settlement: what the hammer leads to; only where an engine is.
        parts: what must run in this process as long as the exchange is open.
    """

    settings: Settings
    clock: Clock
    measures: Measures
    feed: EventFeed
    journal: Journal
    hall: Hall
    ledger: PostgresLedgerStore
    deposits: Deposits
    people: People
    catalogue: Catalogue
    capacities: Capacities
    sign_ups: SignUps
    finance: Finance
    settlement: Settlement | None = None
    parts: tuple[Part, ...] = ()

    def work(self) -> list[Coroutine[Any, Any, None]]:
        """Return what must run as long as the exchange is open; the first to raise ends the process."""
        return [part() for part in self.parts]


@asynccontextmanager
async def opened(settings: Settings, report: Report) -> AsyncIterator[Exchange]:
    """Start the exchange in this process, give it, and stop everything that was started.

    Raises: EmbeddedPostgresError, MigrationError, DatabaseUnusable, JournalUnavailable.
    """
    async with AsyncExitStack() as stack:
        postgres = None if settings.database_url else await _started_postgres(stack, settings, report)
        dsn = settings.database_url or (postgres.dsn() if postgres else "")
        ground = await _ground(stack, settings, dsn, report)
        engine = _engine(ground)
        exchange = _over(ground, engine)
        settlement = _settlement(exchange, engine)
        report("reading the journal", "读取日志")
        await engine.start()
        watching = DatabaseMeasures(ground.pool, ground.measures)
        parts = [engine.run, settlement.run, watching.run, *_office(exchange)]
        if postgres is not None:
            parts.append(partial(_watch, postgres))
        yield replace(exchange, settlement=settlement, parts=tuple(parts))


async def operator_token(exchange: Exchange) -> None:
    """Leave a token in the data folder, so that tools of the same user work without a password."""
    file = exchange.settings.data_dir / OPERATOR_TOKEN_FILE
    if file.exists() and await exchange.people.by_token(file.read_text().strip()) is not None:
        return
    account = await exchange.people.by_login(OPERATOR)
    if account is None:
        roles = (Role.ADMIN, Role.HOST, Role.FINANCE)
        account = await exchange.people.create(OPERATOR, "Operator 操作员", roles, None)
    token = await exchange.people.issue_token(account.id, f"{socket.gethostname()} {file}")
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = file.with_suffix(f".{secrets.token_hex(4)}")
    unfinished.touch(mode=0o600, exist_ok=False)
    unfinished.write_text(token + "\n")
    unfinished.rename(file)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """What everything else stands on."""

    settings: Settings
    pool: asyncpg.Pool
    journal: PostgresJournal
    feed: RingFeed
    clock: Clock = field(default_factory=SystemClock)
    measures: Measures = field(default_factory=Measures)


async def _ground(stack: AsyncExitStack, settings: Settings, dsn: str, report: Report) -> _Ground:
    """Return connections to the migrated database, closed by the stack.  Raises: MigrationError, DatabaseUnusable."""
    try:
        await _migrated(dsn, report)
        pool = await asyncpg.create_pool(dsn, min_size=2, max_size=settings.database_connections_max)
    except DRIVER_ERRORS as error:
        raise DatabaseUnusable(str(error) or type(error).__name__) from error
    stack.push_async_callback(_closed, pool)
    journal = PostgresJournal(dsn, pool, timeout_ms=settings.command_deadline_ms)
    stack.push_async_callback(journal.close)
    return _Ground(settings=settings, pool=pool, journal=journal, feed=RingFeed(settings.feed_ring_events))


def _engine(ground: _Ground) -> Engine:
    settings = ground.settings
    return Engine(
        clock=ground.clock,
        journal=ground.journal,
        snapshots=PostgresSnapshots(ground.pool),
        lease=PostgresLease(ground.pool),
        feed=ground.feed,
        measures=ground.measures,
        limits=EngineLimits(
            inbox_commands_max=settings.inbox_commands_max,
            batch_commands_max=settings.batch_commands_max,
            command_deadline_ms=settings.command_deadline_ms,
            snapshot_every_records=settings.snapshot_every_records,
        ),
        owner=f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}",
    )


def _over(ground: _Ground, hall: Hall) -> Exchange:
    """Return the procedure and the ledger over a hall. Nothing runs in it yet."""
    settings, pool, clock = ground.settings, ground.pool, ground.clock
    ledger = PostgresLedgerStore(pool)
    deposits = Deposits(ledger, clock.now_us)
    money_rules = MoneyRules(LotRules(ledger))
    catalogue = Catalogue(pool, hall, hall, clock, library(settings.rulebooks_dir), money_rules)
    capacities = Capacities(pool, clock)
    return Exchange(
        settings=settings,
        clock=clock,
        measures=ground.measures,
        feed=ground.feed,
        journal=ground.journal,
        hall=hall,
        ledger=ledger,
        deposits=deposits,
        people=People(pool, clock, session_hours=settings.session_hours),
        catalogue=catalogue,
        capacities=capacities,
        sign_ups=SignUps(pool, catalogue, deposits, capacities, hall, hall, clock),
        finance=finance(ledger, clock, ground.measures),
    )


def _settlement(exchange: Exchange, engine: Engine) -> Settlement:
    return Settlement(
        journal=exchange.journal,
        book=engine,
        ledger=exchange.ledger,
        catalogue=exchange.catalogue,
        sign_ups=exchange.sign_ups,
        outcome_recorded=engine.outcome_recorded,
    )


def _office(exchange: Exchange) -> list[Part]:
    """Return what the office does by itself: announcing, admitting, refunding."""
    return [exchange.sign_ups.run, exchange.catalogue.run, exchange.finance.run]


async def _started_postgres(stack: AsyncExitStack, settings: Settings, report: Report) -> EmbeddedPostgres:
    report("starting PostgreSQL", "启动 PostgreSQL")
    postgres = EmbeddedPostgres(settings.data_dir / "postgres")
    await postgres.start()
    stack.push_async_callback(postgres.stop)
    return postgres


async def _migrated(dsn: str, report: Report) -> None:
    def progress(migration: Migration, position: int, count: int) -> None:
        report(
            f"migrating {position}/{count}: {migration.name}", f"迁移 {position}/{count}：{migration.name}"
        )

    connection = await asyncpg.connect(dsn)
    try:
        await migrate(connection, migration_sources(), progress)
    finally:
        await connection.close()


async def _closed(pool: asyncpg.Pool) -> None:
    try:
        await asyncio.wait_for(pool.close(), 5)
    except TimeoutError:
        pool.terminate()


async def _watch(postgres: EmbeddedPostgres) -> None:
    """Bring our own PostgreSQL back when it has died."""
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        if not postgres.is_running:
            log.error("postgres.died", log_file=str(postgres.log_file))
            try:
                await postgres.stop()
                await postgres.start()
            except EmbeddedPostgresError as error:
                log.error("postgres.not_restarted", error=str(error))
