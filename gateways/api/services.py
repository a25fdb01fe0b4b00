"""What the HTTP API needs of the exchange, handed over once by the composition root."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

from exchange.accounts import Accounts
from exchange.audit import Audit
from exchange.capacities import Capacities
from exchange.catalogue import Catalogue
from exchange.centre import Centre
from exchange.changes import Changes
from exchange.condition import Condition, Process
from exchange.finance import Finance
from exchange.host_desk import HostDesk
from exchange.identities import Identities
from exchange.lot_calendar import LotCalendar
from exchange.lot_files import LotFiles
from exchange.notices import Notices
from exchange.people import People
from exchange.ports import Busy, Clock, Journal, LotBook
from exchange.registration import Registrations
from exchange.settings import Settings
from exchange.sign_up import SignUps
from exchange.statistics import Statistics
from gateways.auditing import Auditing
from gateways.identity import HOUR_US, SignInLimit
from ledger.deposits import Deposits
from ledger.postgres import PostgresLedgerStore

LEDGER_READERS_MAX = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The parts that handlers speak to.

    Args:
        is_writable: whether commands are taken now.
        epoch: identity of the journal, for clients that go on from a position.
        is_demo: whether the demo bank is open.
        process: what this process knows of itself.
        public_origins: origins beside our own whose pages may act.
        ledger_gate: who may read the whole ledger at the same time; each holds a connection for long.
    """

    people: People
    accounts: Accounts
    identities: Identities
    registrations: Registrations
    centre: Centre
    audit: Audit
    condition: Condition
    process: Callable[[], Process]
    settings: Settings
    changes: Changes
    auditing: Auditing
    catalogue: Catalogue
    statistics: Statistics
    lot_calendar: LotCalendar
    host_desk: HostDesk
    capacities: Capacities
    sign_ups: SignUps
    notices: Notices
    lot_files: LotFiles
    deposits: Deposits
    ledger: PostgresLedgerStore
    finance: Finance
    book: LotBook
    journal: Journal
    clock: Clock
    is_writable: Callable[[], bool]
    epoch: str
    is_demo: bool
    public_origins: tuple[str, ...] = ()
    ledger_gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(LEDGER_READERS_MAX))
    sign_in_limit: SignInLimit = field(default_factory=lambda: SignInLimit(10))
    registration_limit: SignInLimit = field(default_factory=lambda: SignInLimit(20, HOUR_US))

    @asynccontextmanager
    async def whole_ledger(self) -> AsyncIterator[PostgresLedgerStore]:
        """Give the ledger to one of the few who may read all of it now.  Raises: Busy."""
        if self.ledger_gate.locked():
            raise Busy("others read the whole ledger")
        async with self.ledger_gate:
            yield self.ledger


SERVICES = web.AppKey("services", Services)
