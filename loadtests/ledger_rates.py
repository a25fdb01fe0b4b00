"""How many transfers a second the ledger records, beside the ordinary way on the same PostgreSQL in the same run.

The ordinary way is a transaction for each transfer: lock both accounts, check, insert, update. Both are as durable as
the server is. Measured in turns, so that what else the machine does falls on both alike.

Belongs here: the transfers, both ways of recording them, the long measurements over a million of them.
Does not belong here: the report (see `loadtests.bench_ledger`), and the server (see `loadtests.exchange_process`).
"""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from ledger.accounts import Account, AccountFlags, new_account
from ledger.postgres import PostgresLedgerStore
from ledger.transfers import Purpose, Transfer

BATCH_SIZES = (64, 1024)
LAYOUTS = ("spread", "hot")
ROW_LOCK_CONNECTIONS = (1, 4, 16)
MILLION = 1_000_000
CURRENCY = "CNY"
FUNDS = 10**12
"""Minor units that every account has to begin with, so that promises are checked and never broken."""

CREATE = """
DROP SCHEMA IF EXISTS row_lock_ledger CASCADE;
CREATE SCHEMA row_lock_ledger;
CREATE TABLE row_lock_ledger.account (
    code text COLLATE "C" PRIMARY KEY,
    debits bigint NOT NULL DEFAULT 0, credits bigint NOT NULL CHECK (debits <= credits)
);
CREATE TABLE row_lock_ledger.transfer (
    id uuid PRIMARY KEY,
    debit text COLLATE "C" NOT NULL REFERENCES row_lock_ledger.account,
    credit text COLLATE "C" NOT NULL REFERENCES row_lock_ledger.account,
    amount bigint NOT NULL CHECK (amount > 0), currency char(3) NOT NULL, purpose text NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
"""
FILL = "INSERT INTO row_lock_ledger.account (code, credits) SELECT code, $2 FROM unnest($1::text[]) AS new (code)"
DROP = "DROP SCHEMA row_lock_ledger CASCADE"
LOCK = """
SELECT code, debits, credits FROM row_lock_ledger.account WHERE code IN ($1, $2) ORDER BY code FOR UPDATE
"""
INSERT = """
INSERT INTO row_lock_ledger.transfer (id, debit, credit, amount, currency, purpose) VALUES ($1, $2, $3, $4, $5, $6)
"""
DEBIT = "UPDATE row_lock_ledger.account SET debits = debits + $2 WHERE code = $1"
CREDIT = "UPDATE row_lock_ledger.account SET credits = credits + $2 WHERE code = $1"


class Transfers:
    """Transfers at random between so many accounts; in the hot layout one account is on one side of all of them."""

    def __init__(self, accounts: int, seed: int) -> None:
        self.codes = [f"liabilities:deposit:lot-{n % 40 + 1}:bidder-{n}" for n in range(1, accounts + 1)]
        self._random = random.Random(seed)

    def accounts(self) -> list[Account]:
        """Describe the accounts, which may not be overdrawn, and the bank that they are filled from."""
        promise = AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS
        bank = new_account("assets:bank:cny", CURRENCY, AccountFlags.CREDITS_MUST_NOT_EXCEED_DEBITS)
        return [bank, *(new_account(code, CURRENCY, promise) for code in self.codes)]

    def fillings(self) -> list[Transfer]:
        """Give every account its funds."""
        return [self._transfer("assets:bank:cny", code, FUNDS) for code in self.codes]

    def batch(self, size: int, layout: str) -> list[Transfer]:
        """Make the next transfers."""
        return [self._transfer(*self._pair(layout), self._random.randint(1, 1000)) for _ in range(size)]

    def _pair(self, layout: str) -> tuple[str, str]:
        if layout == "spread":
            one, other = self._random.sample(self.codes, 2)
            return one, other
        hot, other = self.codes[0], self._random.choice(self.codes[1:])
        return (hot, other) if self._random.random() < 0.5 else (other, hot)

    def _transfer(self, debit: str, credit: str, amount: int) -> Transfer:
        return Transfer(
            id=UUID(int=self._random.getrandbits(127) + 1),
            debit=debit,
            credit=credit,
            amount=amount,
            currency=CURRENCY,
            purpose=Purpose.DEPOSIT_TOWARDS_PRICE,
            event_at_us=1_700_000_000_000_000,
            reference="6226 0000 0000 0001",
        )


async def measured_rates(
    database_url: str, accounts: int, repetitions: int, seconds: float, say: Callable[[str], None]
) -> dict[str, Any]:
    """Return the rates of the ledger and of row locks, measured in turns.

    Args:
        database_url: PostgreSQL with the ledger's tables, which is filled.
        accounts: how many there are.
        repetitions: of each measurement.
        seconds: length of each measurement.
        say: told what is being done.
    """
    transfers = Transfers(accounts, seed=1)
    rates: dict[str, list[float]] = {}
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(asyncpg.create_pool(database_url, min_size=1, max_size=2))
        store = PostgresLedgerStore(pool)
        row_lock = await stack.enter_async_context(_RowLock(database_url, transfers))
        await _filled(store, transfers)
        for repetition in range(1, repetitions + 1):
            say(f"transfers, repetition {repetition} of {repetitions}")
            for layout in LAYOUTS:
                for size in BATCH_SIZES:
                    rate = await _ledger_rate(store, transfers, size, layout, seconds)
                    rates.setdefault(f"ledger {layout} {size}", []).append(rate)
                for connections in ROW_LOCK_CONNECTIONS:
                    rate = await row_lock.rate(layout, connections, seconds)
                    rates.setdefault(f"row lock {layout} {connections}", []).append(rate)
    return {layout: _layout_report(layout, rates) for layout in LAYOUTS}


def _layout_report(layout: str, rates: dict[str, list[float]]) -> dict[str, Any]:
    batches = {str(size): _summary(rates[f"ledger {layout} {size}"]) for size in BATCH_SIZES}
    locked = {str(count): _summary(rates[f"row lock {layout} {count}"]) for count in ROW_LOCK_CONNECTIONS}
    best = max(figures["per_second"] for figures in locked.values())
    ratios = {size: round(figures["per_second"] / best, 1) for size, figures in batches.items()}
    return {"batches": batches, "row_lock_connections": locked, "batches_to_best_row_lock": ratios}


def _summary(rates: Sequence[float]) -> dict[str, int]:
    return {
        "per_second": round(statistics.median(rates)),
        "per_second_min": round(min(rates)),
        "per_second_max": round(max(rates)),
    }


async def _filled(store: PostgresLedgerStore, transfers: Transfers) -> None:
    opened = await store.post(transfers.fillings(), new_accounts=transfers.accounts())
    assert opened.is_accepted, "the accounts could not be filled"


async def _ledger_rate(
    store: PostgresLedgerStore, transfers: Transfers, size: int, layout: str, seconds: float
) -> float:
    """Post batch after batch over one connection; making the transfers is not counted."""
    spent_s, recorded = 0.0, 0
    while spent_s < seconds:
        batch = transfers.batch(size, layout)
        began_s = time.perf_counter()
        result = await store.post(batch)
        spent_s += time.perf_counter() - began_s
        assert result.is_accepted, "a transfer of the benchmark was refused"
        recorded += size
    return recorded / spent_s


class _RowLock:
    """The ordinary way, in tables of its own."""

    def __init__(self, database_url: str, transfers: Transfers) -> None:
        self._database_url = database_url
        self._transfers = transfers

    async def __aenter__(self) -> _RowLock:
        self._owner = await asyncpg.connect(self._database_url)
        await self._owner.execute(CREATE)
        await self._owner.execute(FILL, self._transfers.codes, FUNDS)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._owner.execute(DROP)
        await self._owner.close()

    async def rate(self, layout: str, connections: int, seconds: float) -> float:
        """Return the transfers a second of so many connections at once."""
        opened = [await asyncpg.connect(self._database_url) for _ in range(connections)]
        try:
            began_s = time.perf_counter()
            working = [self._work(connection, layout, began_s + seconds) for connection in opened]
            recorded = sum(await asyncio.gather(*working))
            return recorded / (time.perf_counter() - began_s)
        finally:
            for connection in opened:
                await connection.close()

    async def _work(self, connection: Any, layout: str, until_s: float) -> int:
        lock, insert, debit, credit = [await connection.prepare(sql) for sql in (LOCK, INSERT, DEBIT, CREDIT)]
        recorded = 0
        while time.perf_counter() < until_s:
            (transfer,) = self._transfers.batch(1, layout)
            async with connection.transaction():
                rows = {row["code"]: row for row in await lock.fetch(transfer.debit, transfer.credit)}
                payer = rows[transfer.debit]
                assert payer["debits"] + transfer.amount <= payer["credits"], "an account was overdrawn"
                await insert.fetch(
                    transfer.id,
                    transfer.debit,
                    transfer.credit,
                    transfer.amount,
                    transfer.currency,
                    str(transfer.purpose),
                )
                await debit.fetch(transfer.debit, transfer.amount)
                await credit.fetch(transfer.credit, transfer.amount)
            recorded += 1
        return recorded


# A million


async def measured_million(database_url: str, accounts: int, say: Callable[[str], None]) -> dict[str, Any]:
    """Record transfers until there are a million, export and verify them from the command line.

    Args: as `measured_rates`, on the same database afterwards.
    """
    transfers = Transfers(accounts, seed=2)
    async with asyncpg.create_pool(database_url, min_size=1, max_size=2) as pool:
        store = PostgresLedgerStore(pool)
        say("recording up to a million transfers")
        began_s, before = time.perf_counter(), await _recorded(store)
        while (missing := MILLION - await _recorded(store)) > 0:
            result = await store.post(transfers.batch(min(missing, BATCH_SIZES[-1]), "spread"))
            assert result.is_accepted, "a transfer of the benchmark was refused"
        loaded_s = time.perf_counter() - began_s
    say("exporting the journal")
    with tempfile.TemporaryDirectory(prefix="luochui-export-") as folder:
        file = Path(folder) / "journal.csv"
        export = await _run(database_url, "ledger", "export", "journal", "--output", str(file))
        with file.open("rb") as lines:
            export |= {"lines": sum(1 for _ in lines), "bytes": file.stat().st_size}
    say("verifying")
    verified = await _run(database_url, "ledger", "verify", "--json")
    proof = orjson.loads(verified.pop("output"))
    export.pop("output")
    return {
        "recorded": {"transfers": MILLION - before, "seconds": round(loaded_s, 1)},
        "journal_csv": export,
        "verify": verified
        | {"is_sound": proof["is_sound"], "checks": {c["name"]: c["examined"] for c in proof["checks"]}},
    }


async def _recorded(store: PostgresLedgerStore) -> int:
    async with store.reading() as reader:
        return (await reader.head()).sequence


async def _run(database_url: str, *arguments: str) -> dict[str, Any]:
    """Run `luochui` to its end; return how long it took and how much memory it had at most."""
    command = [sys.executable, "-m", "gateways.cli", *arguments, "--database-url", database_url]
    return await asyncio.to_thread(_run_here, command)


def _run_here(command: list[str]) -> dict[str, Any]:
    with tempfile.TemporaryFile() as output:
        began_s = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)  # it was waited for here
        seconds = time.perf_counter() - began_s
        output.seek(0)
        return {
            "exit_code": process.returncode,
            "seconds": round(seconds, 1),
            "memory_mb": round(usage.ru_maxrss / 1024, 1),
            "processor_seconds": round(usage.ru_utime + usage.ru_stime, 1),
            "output": output.read(),
        }
