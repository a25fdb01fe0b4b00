"""The money of a simulation: deposits before the sale, settlement after it, over a ledger that is not always there.

The settling reads the journal behind a cursor that moves with the money, as `exchange.settlement` does; that module
needs a PostgreSQL, so its steps are taken here over the ledger in memory, with its own reading of outcomes.

Belongs here: paying in, settling, and what must be true of the books at the end.
Does not belong here: the rules of the ledger.
"""

from __future__ import annotations

import asyncio
import random
from typing import Protocol

from exchange import recovery
from exchange.ports import Journal, JournalUnavailable, SnapshotStore
from exchange.records import JournalRow
from exchange.settlement import PAGE_ROWS, cursor_of, lot_outcome
from ledger.deposits import Deposits, Held
from ledger.memory import MemoryLedgerStore
from ledger.records import Answer, BankReceipt, Deposit, Scope
from ledger.settlement import LotOutcome
from ledger.store import Cursor, LedgerUnavailable, Plan
from ledger.verify import verify
from matching.lot import Lot
from matching.units import BidderId, LotId
from tests.simulation.event_loop import SimulatedLoop
from tests.simulation.faults import Fault, Faults
from tests.simulation.trace import Trace

DEPOSIT = 30_000
RETRY_SECONDS = 0.6


class SimulatedLedger(MemoryLedgerStore):
    """The ledger's store, with a way to it that can break before the transaction and after it."""

    def __init__(self, loop: SimulatedLoop, chance: random.Random, faults: Faults) -> None:
        super().__init__(lambda: loop.now_us + 1)
        self._chance = chance
        self._faults = faults

    def settled(self, shard: int = 0) -> int:
        """Return the position in a shard's journal that settlement has reached."""
        return self._cursors.get(cursor_of(shard), 0)

    async def post_planned(self, scope: Scope, plan: Plan[Answer], *, cursor: Cursor | None = None) -> Answer:
        """Record what a plan drafts; whether it did may not be heard."""
        await asyncio.sleep(self._chance.random() * 0.01)
        if self._faults.strikes(Fault.LEDGER_LOST):
            raise LedgerUnavailable
        answer = await super().post_planned(scope, plan, cursor=cursor)
        await asyncio.sleep(self._chance.random() * 0.01)
        if self._faults.strikes(Fault.LEDGER_ANSWER_LOST):
            raise LedgerUnavailable
        return answer


class Records(Protocol):
    """Who knows what is on record, and notes what is not as it must be."""

    @property
    def rows(self) -> list[JournalRow]:
        """All that is on record."""

    def lot_as_recorded(self, lot: LotId) -> Lot | None:
        """Return a lot as the record makes it."""

    def expect(self, is_so: bool, otherwise: str, *details: object) -> bool:
        """Compare."""


class Treasury:
    """Whoever takes deposits and settles lots."""

    def __init__(
        self,
        ledger: SimulatedLedger,
        loop: SimulatedLoop,
        chance: random.Random,
        trace: Trace,
        journal: Journal,
        snapshots: SnapshotStore,
        shard: int = 0,
    ) -> None:
        self.cursor = cursor_of(shard)
        self.ledger = ledger
        self.deposits = Deposits(ledger, lambda: loop.now_us + 1, chance.randrange)
        self._trace = trace
        self._journal = journal
        self._snapshots = snapshots

    async def take_deposit(self, lot: LotId, bidder: BidderId) -> bool:
        """Open a deposit, receive the money and hold it, repeating each step until it is known to be done.

        Returns: False when the lot had been settled before.
        """
        while True:
            try:
                deposit = await self.deposits.open(lot, bidder, DEPOSIT, "CNY", f"bidder {bidder}")
                if not isinstance(deposit, Deposit):
                    return False
                await self.deposits.receive(_receipt(deposit))
                return isinstance(await self.deposits.hold(lot, bidder), Held)
            except LedgerUnavailable:
                await asyncio.sleep(RETRY_SECONDS)

    async def settle(self) -> None:
        """Settle, for ever, what ends."""
        while True:
            try:
                await self.settle_due()
            except (JournalUnavailable, LedgerUnavailable):
                self._trace.note("treasury", "delayed")
            await asyncio.sleep(RETRY_SECONDS)

    async def settle_due(self) -> None:
        """Settle every lot that has ended and is not settled.  Raises: JournalUnavailable, LedgerUnavailable."""
        position = await self.ledger.cursor(self.cursor)
        for row in await self._journal.read_outcomes(position, PAGE_ROWS):
            held = await recovery.recover_ended(self._journal, self._snapshots, row.lot)
            assert held is not None, "the journal holds every lot that it says has ended"
            await self.pay(lot_outcome(held.lot, row), row)

    async def pay(self, outcome: LotOutcome, row: JournalRow) -> None:
        """Do what an outcome does to the deposits, and move the cursor with it."""
        await self.deposits.settle(outcome, Cursor(self.cursor, row.position))
        self._trace.note("treasury", "settled", outcome.lot_id)


async def check_books(treasury: Treasury, auditor: Records) -> None:
    """Check that every deposit went where the outcome of its lot sends it, once, and that all sums are zero."""
    outcomes = {row.lot: row for row in auditor.rows if row.is_outcome}
    for row in await treasury.deposits.register():
        outcome = outcomes.get(row.lot_id)
        lot = auditor.lot_as_recorded(row.lot_id)
        assert lot is not None and outcome is not None, "every lot has ended"
        is_defaulted, applied = _share(lot, outcome, row.bidder_id, row.held_at_us is not None)
        wanted = (DEPOSIT, 0, 0) if is_defaulted else (0, applied, row.received - applied)
        found = (row.held, row.applied, row.refund_due)
        auditor.expect(
            found == wanted, f"deposit of {row.bidder_id} for lot {row.lot_id}: {found}, not {wanted}"
        )
    report = await verify(treasury.ledger)
    auditor.expect(report.is_sound, f"the books are wrong: {report.discrepancies}")
    async with treasury.ledger.reading() as reader:
        balances = [account.balance async for account in reader.accounts()]
    auditor.expect(sum(balances) == 0, f"the accounts add up to {sum(balances)}")


def _share(lot: Lot, outcome: JournalRow, bidder: BidderId, is_held: bool) -> tuple[bool, int]:
    """Return whether a bidder defaulted, and how much of his deposit went to the price."""
    ended = lot_outcome(lot, outcome)
    if bidder in ended.defaulted_bidder_ids:
        return is_held, 0
    owed = (
        0 if ended.is_purchase else sum(each.amount for each in ended.purchases if each.bidder_id == bidder)
    )
    return False, min(owed, DEPOSIT) if is_held else 0


def _receipt(deposit: Deposit) -> BankReceipt:
    return BankReceipt(
        receipt_id=f"bank-{deposit.lot_id}-{deposit.bidder_id}",
        reference=deposit.reference,
        amount=deposit.required,
        currency=deposit.currency,
        payer_name=deposit.payer_name,
        received_at_us=1,
    )
