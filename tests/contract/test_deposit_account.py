"""Where deposits are paid to: the first account by one person, every change by two, and the database insists."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from ledger.bank.deposit_accounts import DepositAccountRefusal, DepositAccounts
from ledger.bank.records import BankAccount, DepositAccountChange
from ledger.bank.registry import BankAccounts, NewBankAccount
from ledger.postgres import PostgresLedgerStore

MAKER, CHECKER = 5, 6


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Any]:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=4) as pool:
        yield pool


@pytest.fixture
async def store(pool: Any) -> PostgresLedgerStore:
    """A centre with an account that takes deposits, and another that somebody has entered since."""
    store = PostgresLedgerStore(pool)
    for slug, number, is_main in (
        ("old", "0200111", True),
        ("new", "0200222", True),
        ("dollars", "0200333", False),
    ):
        currency = "USD" if slug == "dollars" else "CNY"
        new = NewBankAccount(slug=slug, number=number, currency=currency, is_main=is_main)
        assert isinstance(await BankAccounts(store).register(new, MAKER), BankAccount)
    return store


async def told(store: PostgresLedgerStore) -> dict[str, tuple[str, str]]:
    present = await DepositAccounts(store).present()
    return {currency: (one.account.slug, one.replaced) for currency, one in present.items()}


async def proposed(store: PostgresLedgerStore, slug: str = "new", by: int = MAKER) -> DepositAccountChange:
    change = await DepositAccounts(store).propose(slug, by, "the bank has changed")
    assert isinstance(change, DepositAccountChange)
    return change


async def test_who_enters_an_account_does_not_redirect_deposits(store: PostgresLedgerStore) -> None:
    assert await told(store) == {"CNY": ("old", ""), "USD": ("dollars", "")}
    change = await proposed(store)
    assert (await told(store))["CNY"] == ("old", "")
    service = DepositAccounts(store)
    assert await service.confirm(change.proposal_id, MAKER) is DepositAccountRefusal.SAME_PERSON
    done = await service.confirm(change.proposal_id, CHECKER)
    assert isinstance(done, DepositAccountChange) and done.is_confirmed
    assert await told(store) == {"CNY": ("new", "old"), "USD": ("dollars", "")}
    assert (await service.present())["CNY"].since_us == done.decided_at_us
    assert await service.changes() == [done]


async def test_a_change_waits_alone_and_is_decided_once(store: PostgresLedgerStore) -> None:
    service = DepositAccounts(store)
    for slug, by, reason, refusal in (
        ("new", MAKER, " ", DepositAccountRefusal.REASON_MISSING),
        ("new", 0, "why", DepositAccountRefusal.PERSON_MISSING),
        ("nobody", MAKER, "why", DepositAccountRefusal.BANK_ACCOUNT_UNKNOWN),
        ("old", MAKER, "why", DepositAccountRefusal.TAKES_DEPOSITS_ALREADY),
    ):
        assert await service.propose(slug, by, reason) is refusal
    change = await proposed(store)
    assert await service.propose("new", CHECKER, "why") is DepositAccountRefusal.DEPOSIT_ACCOUNT_PROPOSED
    assert await service.decline(change.proposal_id, CHECKER, "") is DepositAccountRefusal.REASON_MISSING
    declined = await service.decline(change.proposal_id, CHECKER, "nobody told us")
    assert isinstance(declined, DepositAccountChange) and declined.is_confirmed is False
    assert await service.confirm(change.proposal_id, CHECKER) is DepositAccountRefusal.ALREADY_DECIDED
    assert await service.confirm(99, CHECKER) is DepositAccountRefusal.PROPOSAL_UNKNOWN
    assert (await told(store))["CNY"] == ("old", "")
    again = await proposed(store)
    assert isinstance(await service.confirm(again.proposal_id, CHECKER), DepositAccountChange)
    assert (await told(store))["CNY"] == ("new", "old")


async def test_the_database_itself_asks_for_a_second_person(store: PostgresLedgerStore, pool: Any) -> None:
    await proposed(store)
    for statement in (
        "INSERT INTO ledger.deposit_account_decision VALUES (1, true, '', 5, 1)",
        "INSERT INTO ledger.deposit_account_proposal VALUES (2, 'CNY', 'new', 'again', 7, 1)",
        "INSERT INTO ledger.deposit_account_proposal VALUES (2, 'USD', 'new', 'another currency', 7, 1)",
        "UPDATE ledger.deposit_account_proposal SET slug = 'old'",
        "DELETE FROM ledger.deposit_account_proposal",
        "TRUNCATE ledger.deposit_account_decision",
    ):
        with pytest.raises(asyncpg.RestrictViolationError):
            await pool.execute(statement)
