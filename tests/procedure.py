"""The procedure over a real PostgreSQL and an engine in memory, with parts that can be made to die."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from argon2 import PasswordHasher

from exchange.capacities import Capacities
from exchange.catalogue import Catalogue
from exchange.categories import Category
from exchange.defaulters import Defaulters
from exchange.identities import Identities
from exchange.lot_sheets import NewLot
from exchange.money_rules import MoneyRules
from exchange.notices import Notices
from exchange.people import Account, People, Role
from exchange.ports import Answer, CommandBus
from exchange.relisting import Relisting, lot_again
from exchange.settlement import Settlement
from exchange.sign_up import SignUps, SignUpState
from ledger.defaults import Defaults
from ledger.deposits import Deposits
from ledger.lot_rules import LotRules
from ledger.postgres import PostgresLedgerStore
from ledger.receipts import ReceiptOutcome
from ledger.records import BankReceipt
from matching.commands import Command, HammerLot, OpenLot, PlaceBid, WithdrawLot
from tests.floor import HOST, Floor, terms
from tests.identities import declared

DEPOSIT = 50_00
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""The lowest cost that argon2 allows: tests hash often and guard nothing."""


class Killed(Exception):
    """Stands for the end of the process at this very point."""


class Fuse:
    """Lets a number of operations through and then kills, before an operation or right after it."""

    def __init__(self, operations: int, *, is_after: bool = False) -> None:
        self._left = operations
        self._is_after = is_after

    def before(self) -> None:
        """Count an operation that is about to happen."""
        if not self._is_after:
            self._burn()

    def after(self) -> None:
        """Count an operation that has happened."""
        if self._is_after:
            self._burn()

    def _burn(self) -> None:
        if self._left == 0:
            raise Killed
        self._left -= 1


class FusedBus:
    """A command bus that dies when its fuse burns out."""

    def __init__(self, bus: CommandBus, fuse: Fuse) -> None:
        self._bus = bus
        self._fuse = fuse

    def post(self, command_id: str, command: Command, reply: Any) -> None:
        """Hand over a command."""
        self._bus.post(command_id, command, reply)

    async def submit(self, command_id: str, command: Command) -> Answer:
        """Hand over a command and wait for its answer."""
        self._fuse.before()
        answer = await self._bus.submit(command_id, command)
        self._fuse.after()
        return answer


class FusedLedger(PostgresLedgerStore):
    """A ledger that dies when its fuse burns out."""

    def __init__(self, pool: asyncpg.Pool, fuse: Fuse) -> None:
        super().__init__(pool)
        self._fuse = fuse

    async def at_desk(self, work: Any) -> Any:
        """Do a piece of work in one transaction, a plan among others."""
        self._fuse.before()
        answer = await super().at_desk(work)
        self._fuse.after()
        return answer


class FusedPool:
    """A pool whose single statements and transactions die when the fuse burns out."""

    def __init__(self, pool: asyncpg.Pool, fuse: Fuse) -> None:
        self._pool = pool
        self._fuse = fuse

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[asyncpg.pool.PoolConnectionProxy]:
        """Lend a connection for one transaction."""
        self._fuse.before()
        async with self._pool.acquire() as connection:
            yield connection
        self._fuse.after()

    def __getattr__(self, name: str) -> Any:
        wanted = getattr(self._pool, name)
        if name not in ("execute", "fetch", "fetchrow", "fetchval"):
            return wanted

        async def counted(*arguments: Any) -> Any:
            self._fuse.before()
            answer = await wanted(*arguments)
            self._fuse.after()
            return answer

        return counted


class Procedure:
    """All parts of the procedure over one database and one floor."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        floor: Floor,
        *,
        bus: CommandBus | None = None,
        ledger: PostgresLedgerStore | None = None,
        fuse: Fuse | None = None,
    ) -> None:
        used: Any = pool if fuse is None else FusedPool(pool, fuse)
        self.pool, self.floor = pool, floor
        self.engine = floor.engine
        self.bus: CommandBus = bus or (self.engine if fuse is None else FusedBus(self.engine, fuse))
        self.ledger = ledger or (PostgresLedgerStore(pool) if fuse is None else FusedLedger(pool, fuse))
        self.deposits = Deposits(self.ledger, floor.clock.now_us)
        self.people = People(used, floor.clock, hasher=CHEAP)
        money_rules = MoneyRules(LotRules(self.ledger))
        self.catalogue = Catalogue(used, self.engine, self.bus, floor.clock, money_rules=money_rules)
        self.capacities = Capacities(used, floor.clock)
        self.identities = Identities(pool, floor.clock, self.people)
        defaulters = Defaulters(used, self.catalogue, Defaults(self.ledger))
        self.sign_ups = SignUps(
            used, self.catalogue, self.deposits, self.capacities, defaulters, self.bus, self.engine, floor.clock,
            identities=self.identities,
        )  # fmt: skip
        self.notices = Notices(used, floor.clock)
        self.settlement = Settlement(
            journal=floor.journal,
            book=self.engine,
            ledger=self.ledger,
            catalogue=self.catalogue,
            sign_ups=self.sign_ups,
            notices=self.notices,
            outcome_recorded=self.engine.outcome_recorded,
        )
        self._numbers = itertools.count(1)

    def dying(self, fuse: Fuse) -> Procedure:
        """Return the same procedure with a fuse in everything that lasts."""
        return Procedure(self.pool, self.floor, fuse=fuse)

    def restarted(self, floor: Floor) -> Procedure:
        """Return the procedure of the next process, over the same database and another floor."""
        return Procedure(self.pool, floor)

    async def bidder(self, login: str) -> Account:
        """Make a bidder, who has declared who he is."""
        account = await self.people.create(login, f"Bidder {login}", [Role.BIDDER])
        await declared(self.identities, account)
        return account

    async def publish(self, deposit: int = DEPOSIT, **changes: object) -> int:
        """Publish a lot."""
        return await self.catalogue.publish(new_lot(deposit, **changes), HOST)

    async def pay(
        self, state: SignUpState, payer: Account, amount: int, receipt_id: str | None = None
    ) -> ReceiptOutcome:
        """Let money arrive for a sign-up."""
        receipt = BankReceipt(
            receipt_id=receipt_id or f"receipt-{state.lot}-{payer.id}-{next(self._numbers)}",
            reference=state.reference,
            amount=amount,
            currency=state.currency,
            payer_name=payer.name,
            received_at_us=self.floor.clock.now_us(),
        )
        return await self.sign_ups.receive(receipt)

    async def admitted(self, lot: int, account: Account) -> SignUpState:
        """Sign up, pay and be admitted."""
        state = await self.sign_ups.sign_up(lot, account)
        assert isinstance(state, SignUpState)
        if state.missing:
            await self.pay(state, account, state.missing)
        after = await self.sign_ups.state(lot, account.id)
        assert after is not None
        return after

    async def sold(self, lot: int, winner: Account, amount: int) -> None:
        """Open a lot, bid once and let the hammer fall."""
        await self.floor.give(OpenLot(lot, HOST))
        await self.floor.give(PlaceBid(lot, winner.id, amount))
        await self.floor.give(HammerLot(lot, HOST))

    async def withdrawn(self, lot: int) -> None:
        """Withdraw a lot."""
        await self.floor.give(WithdrawLot(lot, HOST, "withdrawn by the seller"))


def new_lot(deposit: int = DEPOSIT, **changes: object) -> NewLot:
    """Return a lot whose hammer the host may let fall without warnings."""
    of_lot = {name: changes.pop(name) for name in list(changes) if name in NewLot.__struct_fields__}
    lot_terms = terms(**{"host_may_hammer": True, "fair_warnings_min": 0, **changes})
    of_lot = {"category": Category.LAND, "title_zh": "地块", "title_en": "Plot", **of_lot}
    return NewLot(terms=lot_terms, deposit=deposit, **of_lot)  # type: ignore[arg-type]


@asynccontextmanager
async def running_procedure(database_url: str, floor: Floor | None = None) -> AsyncIterator[Procedure]:
    """Run the procedure over a database, with an engine in memory."""
    floor = floor or Floor()
    async with asyncpg.create_pool(database_url, min_size=1, max_size=6) as pool, floor.running():
        yield Procedure(pool, floor)


async def relist(catalogue: Catalogue, lot: int, relisting: Relisting, by: int, now_us: int) -> int:
    """Publish anew a lot that passed, and return its number."""
    return await catalogue.publish(await lot_again(catalogue, lot, relisting, now_us), by)
