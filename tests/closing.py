"""A ledger with a few days of history, for the tests of periods, reversals and reconciliation."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import asyncpg

from ledger.accounting_days import TIME_ZONE, accounting_day, day_begins_us, day_ends_us
from ledger.accounts import Account, AccountFlags, bank_clearing, new_account, suspense
from ledger.deposits import Deposits
from ledger.periods import Periods
from ledger.postgres import PostgresLedgerStore
from ledger.receipts import receipt_transfer_id
from ledger.reconciliation import Reconciliation
from ledger.records import BankReceipt
from ledger.reversals import Reversals
from ledger.transfers import Purpose, Transfer, derived_id
from ledger.verify import verify

ACCOUNTANT, CHECKER, THIRD = 11, 12, 13
HOUR_US = 3_600_000_000
NEAR_MIDNIGHT_US = 60_000_000
BANK = bank_clearing("CNY").code
SUSPENSE = suspense("CNY").code
OWED = "liabilities:owed:cny"


@dataclass
class Office:
    """Those who close the books, on a real database."""

    pool: Any
    store: PostgresLedgerStore
    periods: Periods
    reversals: Reversals
    reconciliation: Reconciliation
    movements: int = 0
    statements: int = 0
    accounts: set[str] = field(default_factory=set)
    today: date = field(default_factory=lambda: accounting_day(time.time_ns() // 1000, TIME_ZONE))

    def ago(self, days: int) -> date:
        """Return the accounting day so many days ago."""
        return self.today - timedelta(days=days)

    async def received(self, name: str, amount: int, day: date, hour: int = 12) -> Transfer:
        """Book money that came in on a day, for nobody known."""
        receipt = BankReceipt(
            receipt_id=name,
            reference="unknown",
            amount=amount,
            currency="CNY",
            payer_name="payer",
            received_at_us=day_begins_us(day, TIME_ZONE) + hour * HOUR_US,
        )
        await Deposits(self.store, lambda: 0).receive(receipt)
        async with self.store.reading() as reader:
            found = [posting.transfer async for posting in reader.postings()]
        return next(transfer for transfer in found if transfer.id == receipt_transfer_id(name))

    async def moved(
        self, name: str, amount: int, day: date, debit: str = SUSPENSE, credit: str = OWED
    ) -> Transfer:
        """Book a movement between accounts that are no bank's."""
        transfer = Transfer(
            id=derived_id("test", name),
            debit=debit,
            credit=credit,
            amount=amount,
            currency="CNY",
            purpose=Purpose.SUSPENSE_ASSIGNED,
            event_at_us=day_begins_us(day, TIME_ZONE) + HOUR_US,
            reference=name,
        )
        return await self.posted(transfer)

    async def posted(self, transfer: Transfer) -> Transfer:
        result = await self.store.post([transfer], new_accounts=ACCOUNTS)
        assert result.is_accepted, result.outcomes
        return transfer

    async def closed(self, day: date, reason: str = "no bank in this test") -> Any:
        """Close a day by two persons."""
        proposed = await self.periods.close_day(day, ACCOUNTANT, reason)
        closed = await self.periods.confirm_day(day, CHECKER)
        assert hasattr(proposed, "proposed_at_us"), proposed
        assert hasattr(closed, "hash"), closed
        return closed

    async def balance(self, account: str) -> int:
        async with self.store.reading() as reader:
            found = await reader.account(account)
            return 0 if found is None else found.balance

    async def statement(
        self, day: date, amounts: Sequence[tuple[str, int]], opening: int, *, closing: int | None = None
    ) -> list[int]:
        """Write a statement of the bank as intake would, and return the ids of its movements."""
        await self.store.post([], new_accounts=ACCOUNTS)
        moved = sum(amount for _, amount in amounts)
        self.statements += 1
        ids = []
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute(
                """INSERT INTO ledger.bank_account VALUES ('main', '6222', 'bank', 'centre', 'CNY', $1, 480, 1, 1)
                ON CONFLICT DO NOTHING""",
                BANK,
            )
            digest = hashlib.sha256(str(self.statements).encode()).digest()
            await connection.execute(
                "INSERT INTO ledger.bank_file VALUES ($1, $2, 1, 'file', 'upload', 'csv', '', '[]', 1, 1)",
                self.statements,
                digest,
            )
            await connection.execute(
                """INSERT INTO ledger.bank_statement (statement_id, file_id, slug, kind, name, page, currency,
                    opens_on, closes_on, opening, closing, credits, debits, movements)
                VALUES ($1, $1, 'main', 'statement', 'name', 1, 'CNY', $2, $2, $3, $4, $5, $6, $7)""",
                self.statements,
                day,
                opening,
                opening + moved if closing is None else closing,
                sum(max(amount, 0) for _, amount in amounts),
                sum(max(-amount, 0) for _, amount in amounts),
                len(amounts),
            )
            for reference, amount in amounts:
                self.movements += 1
                ids.append(self.movements)
                await connection.execute(
                    """INSERT INTO ledger.bank_movement (movement_id, statement_id, slug, line, bank_reference,
                        entry_reference, amount, currency, is_booked, is_reversal, booked_on, booked_at_us,
                        counterparty_name, counterparty_account, counterparty_bank, remittance, end_to_end_id,
                        sub_account, outcome, reason, note, note_amount)
                    VALUES ($1, $2, 'main', 1, $3, '', $4, 'CNY', true, false, $5, $6, 'party', '', '', '', '', '',
                        'debit', '', '', 0)""",
                    self.movements,
                    self.statements,
                    reference,
                    amount,
                    day,
                    day_begins_us(day, TIME_ZONE) + 12 * HOUR_US,
                )
        return ids


ACCOUNTS: tuple[Account, ...] = (
    bank_clearing("CNY"),
    suspense("CNY"),
    new_account(OWED, "CNY", AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS),
)


async def away_from_midnight() -> None:
    """Wait for the next accounting day where this one is about to end: a test begins and ends in the same."""
    now_us = time.time_ns() // 1000
    left_us = day_ends_us(accounting_day(now_us, TIME_ZONE), TIME_ZONE) - now_us
    if left_us < NEAR_MIDNIGHT_US:
        await asyncio.sleep((left_us + 100_000) / 1_000_000)


@asynccontextmanager
async def running_office(database_url: str) -> AsyncIterator[Office]:
    """Open the office; when it is left, the whole ledger and every close are verified."""
    await away_from_midnight()
    async with asyncpg.create_pool(database_url, min_size=1, max_size=8) as pool:
        store = PostgresLedgerStore(pool)
        office = Office(pool, store, Periods(store), Reversals(store), Reconciliation(store))
        yield office
        await asyncio.sleep(0)
        assert (await verify(store)).discrepancies == ()
        assert await office.periods.discrepancies() == []
