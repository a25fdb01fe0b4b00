"""The composition root: the one place that knows which adapter stands behind which port.

    opened           everything in this process, over one PostgreSQL, our own or a given one
    opened_engine    the engine of one shard, for gateways in other processes; the office too, where that is shard 0
    opened_gateway   what a way in needs, over engines in other processes

Who does which office work: the engine of a shard settles the lots of that shard; the holder of shard 0 proposes
refunds and sounds their alarms; what a process that enters lots or sign-ups could not finish it finishes itself.

Belongs here: building, in order, and tearing down in the opposite order.
Does not belong here: anything that decides.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import asyncpg
import structlog

from exchange.adapters.clock import SystemClock
from exchange.adapters.places import PostgresPlaces
from exchange.adapters.postgres import (
    PostgresJournal,
    PostgresLease,
    PostgresSnapshots,
    pool_options,
    shards_of,
)
from exchange.adapters.ring import RingFeed
from exchange.adapters.unix_socket import SocketClient, SocketServer, socket_path
from exchange.capacities import Capacities
from exchange.catalogue import Catalogue
from exchange.cluster.carrier import NOTES, Carrier
from exchange.cluster.engine_end import EngineEnd
from exchange.cluster.gateway_end import HallLimits, RemoteHall, ShardLink
from exchange.cluster.messages import decode_note
from exchange.cluster.notes import PRESENCE, Notes, Visitors
from exchange.database import DRIVER_ERRORS
from exchange.database_measures import DatabaseMeasures
from exchange.embedded_postgres import EmbeddedPostgres, EmbeddedPostgresError
from exchange.engine import Engine, EngineLimits
from exchange.finance import Finance, finance
from exchange.journal_months import JournalMonths
from exchange.measures import Measures
from exchange.migrations import Migration, migrate, migration_sources
from exchange.money_rules import MoneyRules
from exchange.moving import Mover
from exchange.people import People, Role
from exchange.ports import Clock, EventFeed, ExchangeError, Hall, Journal
from exchange.registry import running_server
from exchange.rulebooks.library import library
from exchange.settings import Settings
from exchange.settlement import Settlement
from exchange.shards import Placement
from exchange.sign_up import SignUps
from exchange.standby import keep_pulse, term_when_quiet
from ledger.deposits import Deposits
from ledger.lot_rules import LotRules
from ledger.postgres import PostgresLedgerStore

log = structlog.get_logger(__name__)

OPERATOR = "operator"
OPERATOR_TOKEN_FILE = "operator.token"
SERVER_CONNECTIONS = 50
"""What our own PostgreSQL lets in, beside the connections of gateways."""

WATCH_SECONDS = 0.5


class DatabaseUnusable(ExchangeError):
    """The PostgreSQL that the exchange was given cannot be used."""


Report = Callable[[str, str], None]
"""Told what is being done, in English and in Chinese."""


Part = Callable[[], Coroutine[Any, Any, None]]
"""Something that runs as long as the exchange is open."""


def _nobody_knows() -> bool:
    return True


def _happened() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """The parts of a running exchange that every way in needs, wherever its engines are.

    Args:
        hall: the way to the engine, which is in this process or in another.
        settlement: what the hammer leads to; only where an engine is.
        notes: the way to other gateways; only in a gateway.
        is_visited: whether anybody is connected to any gateway; for an engine's process.
        takes_part: set once the engine has its shard; a standby waits for that while `parts` run.
        positions: of each shard's journal as far as this process knows it.
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
    notes: Notes | None = None
    is_visited: Callable[[], bool] = _nobody_knows
    takes_part: asyncio.Event = field(default_factory=_happened)
    positions: Callable[[], Iterable[tuple[int, int]]] = tuple
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
        placement = Placement(PostgresPlaces(ground.pool))
        lease = PostgresLease(ground.pool, settings.shard)
        engine = _engine(ground, lease, _owner(), placement=placement, shard=settings.shard)
        exchange = _over(ground, engine)
        settlement = _settlement(exchange, engine)
        report("reading the journal", "读取日志")
        await engine.start()
        watching = DatabaseMeasures(ground.pool, ground.measures)
        mover = Mover(engine, placement, settings.shard)
        keeping: list[Part] = [partial(keep_pulse, engine), mover.run, JournalMonths(ground.pool).run]
        parts = [engine.run, settlement.run, watching.run, *keeping, *_office(exchange)]
        if postgres is not None:
            parts.append(partial(_watch, postgres))
        yield replace(
            exchange, settlement=settlement, positions=_positions(engine, settings), parts=tuple(parts)
        )


@asynccontextmanager
async def opened_engine(settings: Settings, report: Report, *, may_wait: bool) -> AsyncIterator[Exchange]:
    """Start the engine of a shard in this process, for gateways in others.

    Args:
        may_wait: whether the shard may have a holder, who is not disturbed: the engine then starts, as one of the
            `parts`, when that is silent. Otherwise the shard is taken at once.

    Raises: EmbeddedPostgresError, MigrationError, DatabaseUnusable, JournalUnavailable.
    """
    async with AsyncExitStack() as stack:
        postgres = None if settings.database_url else await _started_postgres(stack, settings, report)
        dsn = settings.database_url or (postgres.dsn() if postgres else "")
        ground = await _ground(stack, settings, dsn, report)
        seat = await _seat(ground)
        exchange = replace(
            _over(ground, seat.engine),
            is_visited=seat.is_visited,
            positions=_positions(seat.engine, settings),
        )
        settlement = _settlement(exchange, seat.engine)
        work: list[Part] = [settlement.run, exchange.sign_ups.run, exchange.catalogue.run]
        if settings.shard == 0:
            work.append(exchange.finance.run)
        if may_wait:
            exchange = replace(exchange, takes_part=asyncio.Event())
        else:
            report("reading the journal", "读取日志")
            await seat.engine.start()
        parts: list[Part] = [partial(seat.run, exchange.takes_part, work)]
        if postgres is not None:
            parts.append(partial(_watch, postgres))
        yield replace(exchange, settlement=settlement, parts=tuple(parts))


@asynccontextmanager
async def opened_gateway(settings: Settings, report: Report) -> AsyncIterator[Exchange]:
    """Start what a gateway needs, whether engines are there or not.

    Raises: MigrationError, DatabaseUnusable, JournalUnavailable.
    """
    async with AsyncExitStack() as stack:
        dsn = running_server(settings)
        ground = await _ground(stack, settings, dsn, report)
        placement = Placement(PostgresPlaces(ground.pool))
        await placement.refresh()
        hall = RemoteHall(
            shards=[
                ShardLink(_gateway_carrier(settings, shard), PostgresJournal(dsn, ground.pool, shard))
                for shard in await shards_of(ground.pool)
            ],
            placement=placement,
            snapshots=PostgresSnapshots(ground.pool),
            feed=ground.feed,
            clock=ground.clock,
            measures=ground.measures,
            limits=HallLimits(settings.inbox_commands_max, settings.command_deadline_ms),
        )
        report("reading the journal", "读取日志")
        await hall.start()
        exchange = _over(ground, hall)
        parts = (hall.run, exchange.sign_ups.run, exchange.catalogue.run)
        yield replace(exchange, notes=hall, positions=hall.positions, parts=parts)


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
        await _migrated(settings.journal_url or dsn, report)
        pool = await asyncpg.create_pool(
            dsn, min_size=2, max_size=settings.database_connections_max, **pool_options(settings)
        )
    except DRIVER_ERRORS as error:
        raise DatabaseUnusable(str(error) or type(error).__name__) from error
    stack.push_async_callback(_closed, pool)
    await JournalMonths(pool).keep()
    written = settings.journal_url or dsn
    journal = PostgresJournal(written, pool, settings.shard, timeout_ms=settings.command_deadline_ms)
    stack.push_async_callback(journal.close)
    return _Ground(settings=settings, pool=pool, journal=journal, feed=RingFeed(settings.feed_ring_events))


def _engine(ground: _Ground, lease: PostgresLease, owner: str, **cluster: Any) -> Engine:
    settings = ground.settings
    return Engine(
        clock=ground.clock,
        journal=ground.journal,
        snapshots=PostgresSnapshots(ground.pool),
        lease=lease,
        feed=ground.feed,
        measures=ground.measures,
        limits=EngineLimits(
            inbox_commands_max=settings.inbox_commands_max,
            batch_commands_max=settings.batch_commands_max,
            command_deadline_ms=settings.command_deadline_ms,
            snapshot_every_records=settings.snapshot_every_records,
        ),
        owner=owner,
        **cluster,
    )


def _positions(engine: Engine, settings: Settings) -> Callable[[], list[tuple[int, int]]]:
    return lambda: [(settings.shard, engine.position)]


def _owner() -> str:
    """Return a name for this process that no other has."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


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
        shard=exchange.settings.shard,
    )


def _office(exchange: Exchange) -> list[Part]:
    """Return what the office does by itself: announcing, admitting, refunding."""
    return [exchange.sign_ups.run, exchange.catalogue.run, exchange.finance.run]


class _Seat:
    """The engine of a shard where gateways of other processes reach it."""

    def __init__(self, ground: _Ground, placement: Placement, carrier: Carrier) -> None:
        settings = ground.settings
        self._standby_after_ms = settings.standby_after_ms
        self._lease = PostgresLease(ground.pool, settings.shard)
        self._owner = _owner()
        self._end = EngineEnd(carrier=carrier, clock=ground.clock, shard=settings.shard)
        self.engine = _engine(
            ground, self._lease, self._owner, outside=self._end, placement=placement, shard=settings.shard
        )
        self._mover = Mover(self.engine, placement, settings.shard)
        self._months = JournalMonths(ground.pool)
        self._visitors = Visitors(asyncio.get_running_loop().time)
        carrier.listen(NOTES, self._hear_note)

    def is_visited(self) -> bool:
        """Tell whether anybody is connected to any gateway."""
        return self._visitors.are_there

    async def run(self, takes_part: asyncio.Event, work: Sequence[Part]) -> None:
        """Decide for ever, having waited for the shard where that has a holder.

        Raises: Fenced, JournalFailed, JournalUnavailable.
        """
        if not takes_part.is_set():
            term = await term_when_quiet(self._lease, self._owner, standby_after_ms=self._standby_after_ms)
            await self.engine.start(term)
            takes_part.set()
        async with asyncio.TaskGroup() as group:
            parts: list[Part] = [self.engine.run, partial(self._end.run, self.engine), self._mover.run]
            parts += [self._months.run, *work]
            for part in parts:
                group.create_task(part())

    def _hear_note(self, entry: bytes) -> None:
        note = decode_note(entry)
        if note.kind == PRESENCE:
            self._visitors.hear(note.payload)


async def _seat(ground: _Ground) -> _Seat:
    placement = Placement(PostgresPlaces(ground.pool))
    await placement.refresh()
    return _Seat(ground, placement, _engine_carrier(ground.settings))


def _engine_carrier(settings: Settings) -> Carrier:
    if settings.redis_url:
        return _redis(settings.redis_url, settings.shard)
    return SocketServer(socket_path(settings.data_dir, settings.shard))


def _gateway_carrier(settings: Settings, shard: int) -> Carrier:
    if settings.redis_url:
        return _redis(settings.redis_url, shard)
    return SocketClient(socket_path(settings.data_dir, shard))


def _redis(url: str, shard: int) -> Carrier:
    # Imported where it is needed: an exchange in one process starts without the driver.
    from exchange.adapters.redis_streams import RedisStreams  # noqa: PLC0415

    return RedisStreams(url, shard=shard)


async def _started_postgres(stack: AsyncExitStack, settings: Settings, report: Report) -> EmbeddedPostgres:
    report("starting PostgreSQL", "启动 PostgreSQL")
    connections = SERVER_CONNECTIONS + settings.gateways * (settings.database_connections_max + 1)
    postgres = EmbeddedPostgres(settings.data_dir / "postgres", options={"max_connections": str(connections)})
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
