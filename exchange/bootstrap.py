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
from dataclasses import dataclass
from typing import Any

import asyncpg
import structlog

from exchange.adapters.clock import SystemClock
from exchange.adapters.postgres import PostgresJournal, PostgresLease, PostgresSnapshots
from exchange.adapters.ring import RingFeed
from exchange.capacities import Capacities
from exchange.catalogue import Catalogue
from exchange.database import DRIVER_ERRORS
from exchange.embedded_postgres import EmbeddedPostgres, EmbeddedPostgresError
from exchange.engine import Engine, EngineLimits
from exchange.finance import Finance, finance
from exchange.measures import Measures
from exchange.migrations import Migration, migrate, migration_sources
from exchange.money_rules import MoneyRules
from exchange.people import People, Role
from exchange.ports import Clock, EventFeed, ExchangeError, Journal
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
POOL_CONNECTIONS_MAX = 12
WATCH_SECONDS = 0.5


class DatabaseUnusable(ExchangeError):
    """The PostgreSQL that the exchange was given cannot be used."""


Report = Callable[[str, str], None]
"""Told what is being done, in English and in Chinese."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """The parts of a running exchange."""

    settings: Settings
    clock: Clock
    measures: Measures
    feed: EventFeed
    journal: Journal
    engine: Engine
    ledger: PostgresLedgerStore
    deposits: Deposits
    people: People
    catalogue: Catalogue
    capacities: Capacities
    sign_ups: SignUps
    settlement: Settlement
    finance: Finance
    postgres: EmbeddedPostgres | None

    def work(self) -> list[Coroutine[Any, Any, None]]:
        """Return what must run as long as the exchange is open; the first to raise ends the process."""
        work = [self.engine.run(), self.settlement.run(), self.sign_ups.run(), self.catalogue.run()]
        work.append(self.finance.run())
        if self.postgres is not None:
            work.append(_watch(self.postgres))
        return work


@asynccontextmanager
async def opened(settings: Settings, report: Report) -> AsyncIterator[Exchange]:
    """Start the exchange, give it, and stop everything that was started.

    Raises: EmbeddedPostgresError, MigrationError, DatabaseUnusable, JournalUnavailable.
    """
    async with AsyncExitStack() as stack:
        postgres = None if settings.database_url else await _started_postgres(stack, settings, report)
        dsn = settings.database_url or (postgres.dsn() if postgres else "")
        try:
            await _migrated(dsn, report)
            pool = await asyncpg.create_pool(dsn, min_size=2, max_size=POOL_CONNECTIONS_MAX)
        except DRIVER_ERRORS as error:
            raise DatabaseUnusable(str(error) or type(error).__name__) from error
        stack.push_async_callback(_closed, pool)
        journal = PostgresJournal(dsn, pool, timeout_ms=settings.command_deadline_ms)
        stack.push_async_callback(journal.close)
        exchange = _built(settings, pool, journal, postgres)
        report("reading the journal", "读取日志")
        await exchange.engine.start()
        yield exchange


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


def _built(
    settings: Settings, pool: asyncpg.Pool, journal: PostgresJournal, postgres: EmbeddedPostgres | None
) -> Exchange:
    clock = SystemClock()
    measures = Measures()
    feed = RingFeed(settings.feed_ring_events)
    engine = Engine(
        clock=clock,
        journal=journal,
        snapshots=PostgresSnapshots(pool),
        lease=PostgresLease(pool),
        feed=feed,
        measures=measures,
        limits=EngineLimits(
            inbox_commands_max=settings.inbox_commands_max,
            batch_commands_max=settings.batch_commands_max,
            command_deadline_ms=settings.command_deadline_ms,
            snapshot_every_records=settings.snapshot_every_records,
        ),
        owner=f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}",
    )
    ledger = PostgresLedgerStore(pool)
    deposits = Deposits(ledger, clock.now_us)
    money_rules = MoneyRules(LotRules(ledger))
    catalogue = Catalogue(pool, engine, engine, clock, library(settings.rulebooks_dir), money_rules)
    capacities = Capacities(pool, clock)
    sign_ups = SignUps(pool, catalogue, deposits, capacities, engine, engine, clock)
    settlement = Settlement(
        journal=journal,
        book=engine,
        ledger=ledger,
        catalogue=catalogue,
        sign_ups=sign_ups,
        outcome_recorded=engine.outcome_recorded,
    )
    return Exchange(
        settings=settings,
        clock=clock,
        measures=measures,
        feed=feed,
        journal=journal,
        engine=engine,
        ledger=ledger,
        deposits=deposits,
        people=People(pool, clock, session_hours=settings.session_hours),
        catalogue=catalogue,
        capacities=capacities,
        sign_ups=sign_ups,
        settlement=settlement,
        finance=finance(ledger, clock, measures),
        postgres=postgres,
    )


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
