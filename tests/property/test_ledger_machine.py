"""Random batches into both adapters side by side: what Python works out and what the database derives is the same."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import asyncpg
import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from msgspec.structs import replace

from ledger.accounts import Account, AccountFlags, new_account
from ledger.memory import MemoryLedgerStore
from ledger.postgres import PostgresLedgerStore
from ledger.store import LedgerStore
from ledger.transfers import ENTIRE_AMOUNT, Entry, Kind, Purpose, Transfer, TransferFlags
from ledger.verify import verify

EXAMPLES = itertools.count(1)
SOON_US, NEVER_US = 1, 10**15
"""Run out before the next batch, whatever the clock; or not before the end of the test."""

ENDS = (Kind.POST, Kind.VOID)
FLAGS = st.sampled_from(
    [
        TransferFlags.NONE,
        TransferFlags.NONE,
        TransferFlags.NONE,
        TransferFlags.LINKED,
        TransferFlags.BALANCING_DEBIT,
        TransferFlags.BALANCING_CREDIT,
        TransferFlags.CLOSING_DEBIT,
        TransferFlags.CLOSING_CREDIT,
    ]
)
MOVES = st.fixed_dictionaries(
    {
        "kind": st.sampled_from([Kind.POSTED, Kind.POSTED, Kind.PENDING, Kind.PENDING, *ENDS]),
        "debit": st.integers(min_value=0, max_value=4),
        "credit": st.integers(min_value=0, max_value=4),
        "amount": st.one_of(st.integers(min_value=0, max_value=60), st.just(ENTIRE_AMOUNT)),
        "pending": st.integers(min_value=0, max_value=15),
        "flags": FLAGS,
        "timeout_us": st.sampled_from([0, 0, SOON_US, NEVER_US]),
    }
)
BATCHES = st.lists(st.lists(MOVES, min_size=1, max_size=6), min_size=1, max_size=6)


class Example:
    """Accounts and ids of its own, so that examples share a database."""

    def __init__(self) -> None:
        self.number = next(EXAMPLES)
        debts, assets = (
            AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS,
            AccountFlags.CREDITS_MUST_NOT_EXCEED_DEBITS,
        )
        flags = (assets, debts, debts, AccountFlags.NONE, AccountFlags.NONE)
        currencies = ("CNY", "CNY", "CNY", "CNY", "USD")
        self.accounts = [
            new_account(f"equity:e{self.number}:a{index}", currency, flag)
            for index, (flag, currency) in enumerate(zip(flags, currencies, strict=True))
        ]
        self.sent: list[Transfer] = []

    def filling(self) -> list[Transfer]:
        return [self.transfer(0, 1, 100), self.transfer(0, 2, 40)]

    def batch(self, moves: list[dict[str, Any]]) -> list[Transfer]:
        return [self.move(**move) for move in moves]

    def move(self, kind: Kind, pending: int, timeout_us: int, **fields: Any) -> Transfer:
        if kind in ENDS:
            ended = self.sent[pending % len(self.sent)].id
            amount = 0 if kind is Kind.VOID else fields["amount"]
            linked = fields["flags"] & TransferFlags.LINKED
            return self._sent(
                Transfer(id=self.id(), kind=kind, pending_id=ended, amount=amount, flags=linked)
            )
        fields["amount"] = min(fields["amount"], 70)
        timeout_us = timeout_us if kind is Kind.PENDING else 0
        return self.transfer(kind=kind, timeout_us=timeout_us, **fields)

    def transfer(self, debit: int, credit: int, amount: int, **fields: Any) -> Transfer:
        codes = self.accounts[debit].code, self.accounts[credit].code
        common = {"currency": "CNY", "purpose": Purpose.DEPOSIT_TOWARDS_PRICE}
        return self._sent(
            Transfer(id=self.id(), debit=codes[0], credit=codes[1], amount=amount, **common, **fields)  # type: ignore[arg-type]
        )

    def id(self) -> UUID:
        return UUID(int=self.number * 10_000 + len(self.sent) + 1)

    def _sent(self, transfer: Transfer) -> Transfer:
        self.sent.append(transfer)
        return transfer

    async def play(self, store: LedgerStore, batches: list[list[Transfer]]) -> list[Any]:
        """Return everything that can be seen from outside, but the times and the place in the chain."""
        seen: list[Any] = []
        for batch in batches:
            result = await store.post(batch, new_accounts=self.accounts)
            seen.append([outcome.refusal for outcome in result.outcomes])
            seen.append([await self.account(store, account.code) for account in self.accounts])
        await store.expire_due()
        async with store.reading() as reader:
            for account in self.accounts:
                seen.append(await reader.account(account.code))
                seen.append([timeless(entry) for entry in await reader.history(account.code, limit=1_000)])
        return seen

    async def account(self, store: LedgerStore, code: str) -> Account | None:
        async with store.reading() as reader:
            return await reader.account(code)


def timeless(entry: Entry) -> Entry:
    return replace(entry, recorded_at_us=0, sequence=0)


class TickingClock:
    """A clock that never shows one time twice."""

    def __init__(self) -> None:
        self._times = itertools.count(1_700_000_000_000_000, 1_000)

    def __call__(self) -> int:
        return next(self._times)


@pytest.fixture
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


def test_both_adapters_do_the_same(database_url: str, loop: asyncio.Runner) -> None:
    pool = loop.run(opened(database_url))
    store = PostgresLedgerStore(pool)

    @settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
    @given(plan=BATCHES)
    def compare(plan: list[list[dict[str, Any]]]) -> None:
        example = Example()
        batches = [example.filling(), *(example.batch(moves) for moves in plan)]
        in_memory = loop.run(example.play(MemoryLedgerStore(TickingClock()), batches))
        in_database = loop.run(example.play(store, batches))
        assert in_database == in_memory

    try:
        compare()
        report = loop.run(verify(store))
        assert report.discrepancies == ()
        holds = next(check for check in report.checks if check.name == "holds")
        assert holds.examined > 0
    finally:
        loop.run(pool.close())


async def opened(url: str) -> Any:
    return await asyncpg.create_pool(url, min_size=1, max_size=1)
