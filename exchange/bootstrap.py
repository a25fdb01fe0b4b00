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
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import structlog

from exchange.accounts import Accounts
from exchange.adapters.lease import PostgresLease
from exchange.adapters.places import PostgresPlaces
from exchange.adapters.postgres import PostgresJournal, PostgresSnapshots, shards_of
from exchange.adapters.ring import RingFeed
from exchange.adapters.unix_socket import SocketClient, SocketServer, socket_path
from exchange.audit import Audit
from exchange.capacities import Capacities
from exchange.catalogue import Catalogue
from exchange.centre import Centre
from exchange.changes import Changes
from exchange.cluster.carrier import NOTES, Carrier
from exchange.cluster.engine_end import EngineEnd
from exchange.cluster.gateway_end import HallLimits, RemoteHall, ShardLink
from exchange.cluster.messages import decode_note
from exchange.cluster.notes import PRESENCE, Notes, Visitors
from exchange.condition import Condition
from exchange.database_measures import DatabaseMeasures
from exchange.defaulters import Defaulters
from exchange.engine import Engine, EngineLimits
from exchange.finance import Finance, finance
from exchange.ground import Ground, Report, own_ground, shared_ground
from exchange.host_desk import HostDesk
from exchange.identities import Identities
from exchange.identity_required import IdentityRequired
from exchange.journal_months import JournalMonths
from exchange.lot_calendar import LotCalendar
from exchange.lot_files import LotFiles
from exchange.measures import Measures
from exchange.money_rules import MoneyRules
from exchange.moving import Mover
from exchange.notices import Notices
from exchange.people import People, Role
from exchange.ports import Clock, EventFeed, Hall, Journal, JournalUnavailable
from exchange.record_notices import StandstillNotices
from exchange.registration import Registrations
from exchange.rulebooks.library import library
from exchange.settings import Settings
from exchange.settlement import Settlement
from exchange.shards import Placement
from exchange.sign_up import SignUps
from exchange.standby import keep_pulse, see_nobody_holds, term_when_quiet
from exchange.statistics import Statistics
from ledger.defaults import Defaults
from ledger.deposits import Deposits
from ledger.lot_rules import LotRules
from ledger.postgres import PostgresLedgerStore

log = structlog.get_logger(__name__)

OPERATOR = "operator"
OPERATOR_TOKEN_FILE = "operator.token"
LEAVE_SECONDS_MAX = 2.0

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
    accounts: Accounts
    identities: Identities
    registrations: Registrations
    centre: Centre
    audit: Audit
    changes: Changes
    condition: Condition
    catalogue: Catalogue
    statistics: Statistics
    lot_calendar: LotCalendar
    host_desk: HostDesk
    capacities: Capacities
    sign_ups: SignUps
    notices: Notices
    lot_files: LotFiles
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

    Raises: EmbeddedPostgresError, MigrationError, DatabaseUnusable, JournalUnavailable, HeldByAnother.
    """
    async with own_ground(settings, report) as ground, _journal(ground) as journal:
        placement = Placement(PostgresPlaces(ground.pool))
        lease = PostgresLease(ground.pool, settings.shard)
        feed = RingFeed(settings.feed_ring_events)
        engine = _engine(ground, journal, feed, lease, _owner(), placement=placement)
        exchange = _over(ground, journal, feed, engine)
        settlement = _settlement(exchange, engine)
        report("reading the journal", "读取日志")
        await _started(engine, lease, settings)
        parts: list[Part] = [engine.run, partial(keep_pulse, engine), ground.watch]
        parts += [Mover(engine, placement, settings.shard).run, settlement.run, _standstill(exchange).run]
        parts += [*_office(ground, exchange), *_loose_ends(exchange)]
        yield replace(
            exchange, settlement=settlement, positions=_positions(engine, settings), parts=tuple(parts)
        )


@asynccontextmanager
async def opened_engine(settings: Settings, report: Report, *, may_wait: bool) -> AsyncIterator[Exchange]:
    """Start the engine of a shard in this process, for gateways in others.

    Args:
        may_wait: whether the shard may have a holder, who is not disturbed: the engine then starts, as one of the
            `parts`, when that is silent. Otherwise the shard is taken at once, unless its holder lives.

    Raises: EmbeddedPostgresError, MigrationError, DatabaseUnusable, JournalUnavailable, HeldByAnother.
    """
    async with own_ground(settings, report) as ground, _journal(ground) as journal:
        if settings.demo and len(await shards_of(ground.pool)) > 1:
            log.warning("demo.needs_a_single_shard")
            settings = settings.model_copy(update={"demo": False})
        placement = Placement(PostgresPlaces(ground.pool))
        await placement.refresh()
        carrier = _engine_carrier(settings)
        end = EngineEnd(carrier=carrier, clock=ground.clock, shard=settings.shard)
        feed = RingFeed(settings.feed_ring_events)
        lease, owner = PostgresLease(ground.pool, settings.shard), _owner()
        engine = _engine(ground, journal, feed, lease, owner, outside=end, placement=placement)
        visitors = _visitors(carrier)
        exchange = replace(
            _over(ground, journal, feed, engine),
            settings=settings,
            is_visited=lambda: visitors.are_there,
            positions=_positions(engine, settings),
        )
        settlement = _settlement(exchange, engine)
        work: list[Part] = [engine.run, partial(end.run, engine)]
        work += [Mover(engine, placement, settings.shard).run, settlement.run, _standstill(exchange).run]
        if settings.shard == 0:
            work += _office(ground, exchange)
        if settings.demo:
            work += _loose_ends(exchange)
        if may_wait:
            exchange = replace(exchange, takes_part=asyncio.Event())
        else:
            report("reading the journal", "读取日志")
            await _started(engine, lease, settings)
        leading = partial(_lead, engine, lease, owner, settings, exchange.takes_part, work)
        yield replace(exchange, settlement=settlement, parts=(ground.watch, leading))


@asynccontextmanager
async def opened_gateway(settings: Settings, report: Report) -> AsyncIterator[Exchange]:
    """Start what a gateway needs, whether engines are there or not.

    Raises: MigrationError, DatabaseUnusable, JournalUnavailable.
    """
    async with shared_ground(settings, report) as ground, _journal(ground) as journal:
        placement = Placement(PostgresPlaces(ground.pool))
        await placement.refresh()
        feed = RingFeed(settings.feed_ring_events)

        def link_to(shard: int) -> ShardLink:
            journal = PostgresJournal(ground.dsn, ground.pool, shard)
            return ShardLink(_gateway_carrier(settings, shard), journal)

        hall = RemoteHall(
            shards=[link_to(shard) for shard in await shards_of(ground.pool)],
            placement=placement,
            snapshots=PostgresSnapshots(ground.pool),
            feed=feed,
            clock=ground.clock,
            measures=ground.measures,
            limits=HallLimits(settings.inbox_commands_max, settings.command_deadline_ms),
            link_to=link_to,
        )
        report("reading the journal", "读取日志")
        await hall.start()
        exchange = _over(ground, journal, feed, hall)
        parts = (hall.run, *_loose_ends(exchange))
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


@asynccontextmanager
async def _journal(ground: Ground) -> AsyncIterator[PostgresJournal]:
    settings = ground.settings
    journal = PostgresJournal(
        settings.journal_url or ground.dsn,
        ground.pool,
        settings.shard,
        timeout_ms=settings.command_deadline_ms,
    )
    try:
        yield journal
    finally:
        await journal.close()


def _engine(
    ground: Ground, journal: PostgresJournal, feed: RingFeed, lease: PostgresLease, owner: str, **cluster: Any
) -> Engine:
    settings = ground.settings
    return Engine(
        clock=ground.clock,
        journal=journal,
        snapshots=PostgresSnapshots(ground.pool),
        lease=lease,
        feed=feed,
        measures=ground.measures,
        limits=EngineLimits(
            inbox_commands_max=settings.inbox_commands_max,
            batch_commands_max=settings.batch_commands_max,
            command_deadline_ms=settings.command_deadline_ms,
            snapshot_every_records=settings.snapshot_every_records,
        ),
        owner=owner,
        shard=settings.shard,
        **cluster,
    )


async def _started(engine: Engine, lease: PostgresLease, settings: Settings) -> None:
    """Take the shard and rebuild its lots. Over a server of our own, whose folder is locked, nobody else can have it.

    Raises: HeldByAnother, JournalUnavailable.
    """
    if settings.database_url:
        await see_nobody_holds(lease.quiet_ms)
    await engine.start()


async def _lead(
    engine: Engine,
    lease: PostgresLease,
    owner: str,
    settings: Settings,
    takes_part: asyncio.Event,
    work: Sequence[Part],
) -> None:
    """Do an engine's work for ever, having waited for the shard where that has a holder.

    Raises: Fenced, JournalFailed, JournalUnavailable.
    """
    if not takes_part.is_set():
        await engine.start(await term_when_quiet(lease, owner, standby_after_ms=settings.standby_after_ms))
        takes_part.set()
    try:
        async with asyncio.TaskGroup() as group:
            for part in work:
                group.create_task(part())
    finally:
        await _left(lease, engine.term)


async def _left(lease: PostgresLease, term: int) -> None:
    """Let a standby take over at once. When that cannot be said now, it waits for our silence."""
    try:
        async with asyncio.timeout(LEAVE_SECONDS_MAX):
            await lease.leave(term)
    except (JournalUnavailable, TimeoutError) as error:
        log.warning("engine.left_silently", error=str(error))


def _positions(engine: Engine, settings: Settings) -> Callable[[], list[tuple[int, int]]]:
    return lambda: [(settings.shard, engine.position)]


def _owner() -> str:
    """Return a name for this process that no other has."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def _over(ground: Ground, journal: PostgresJournal, feed: RingFeed, hall: Hall) -> Exchange:
    """Return the procedure and the ledger over a hall. Nothing runs in it yet."""
    settings, pool, clock = ground.settings, ground.pool, ground.clock
    ledger = PostgresLedgerStore(pool)
    deposits = Deposits(ledger, clock.now_us)
    money_rules = MoneyRules(LotRules(ledger))
    catalogue = Catalogue(pool, hall, hall, clock, library(settings.rulebooks_dir), money_rules)
    capacities = Capacities(pool, clock)
    defaulters = Defaulters(pool, catalogue, Defaults(ledger))
    people = People(pool, clock, session_hours=settings.session_hours)
    identities = Identities(pool, clock, people)
    return Exchange(
        settings=settings,
        clock=clock,
        measures=ground.measures,
        feed=feed,
        journal=journal,
        hall=hall,
        ledger=ledger,
        deposits=deposits,
        people=people,
        accounts=Accounts(pool, clock, people),
        identities=identities,
        registrations=Registrations(pool, clock, people, identities),
        centre=Centre(pool, clock),
        audit=Audit(pool),
        changes=Changes(pool),
        condition=Condition(pool),
        catalogue=catalogue,
        statistics=Statistics(pool, clock, with_demo=settings.demo),
        lot_calendar=LotCalendar(pool, hall),
        host_desk=HostDesk(pool, clock),
        capacities=capacities,
        sign_ups=SignUps(
            pool,
            catalogue,
            deposits,
            capacities,
            defaulters,
            hall,
            hall,
            clock,
            identities=identities,
            identity_required=IdentityRequired(settings.identity_required),
        ),
        notices=Notices(pool, clock),
        lot_files=LotFiles(pool, clock),
        finance=finance(ledger, clock, ground.measures),
    )


def _settlement(exchange: Exchange, engine: Engine) -> Settlement:
    return Settlement(
        journal=exchange.journal,
        book=engine,
        ledger=exchange.ledger,
        catalogue=exchange.catalogue,
        sign_ups=exchange.sign_ups,
        notices=exchange.notices,
        outcome_recorded=engine.outcome_recorded,
        shard=exchange.settings.shard,
    )


def _standstill(exchange: Exchange) -> StandstillNotices:
    return StandstillNotices(exchange.feed, exchange.journal, exchange.catalogue, exchange.notices)


def _office(ground: Ground, exchange: Exchange) -> list[Part]:
    """Return what is done once for all shards."""
    watching = DatabaseMeasures(ground.pool, ground.measures)
    return [exchange.finance.run, JournalMonths(ground.pool).run, watching.run]


def _loose_ends(exchange: Exchange) -> list[Part]:
    """Return what takes up again the announcements and admissions that were cut off, for whoever makes such."""
    return [exchange.sign_ups.run, exchange.catalogue.run]


def _visitors(carrier: Carrier) -> Visitors:
    """Return whether anybody is connected, as far as gateways tell it."""
    visitors = Visitors(asyncio.get_running_loop().time)

    def hear(entry: bytes) -> None:
        note = decode_note(entry)
        if note.kind == PRESENCE:
            visitors.hear(note.payload)

    carrier.listen(NOTES, hear)
    return visitors


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
