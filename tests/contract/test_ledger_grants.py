"""Append-only twice over: a role that owns nothing lacks the right, and the owner meets the triggers."""

import uuid
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from ledger.deposits import Deposits, Held
from ledger.postgres import PostgresLedgerStore
from ledger.records import BankReceipt, Deposit
from ledger.settlement import LotOutcome, Purchase, Settled
from ledger.verify import verify

NOW_US = 1_700_000_000_000_000
REQUIRED = 1_000

TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'ledger' AND table_type = 'BASE TABLE'"
FIRST_COLUMN = """
SELECT column_name FROM information_schema.columns
WHERE table_schema = 'ledger' AND table_name = $1 AND is_generated = 'NEVER' AND is_identity = 'NO'
ORDER BY ordinal_position LIMIT 1
"""
APPEND_ONLY = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_trigger t ON t.tgrelid = c.oid WHERE n.nspname = 'ledger' AND t.tgname = 'append_only'
"""
DERIVED = {"entry", "account"}
"""What only the database itself changes."""


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def application(database_url: str, owner: Any) -> AsyncIterator[Any]:
    """Give a pool of a role that owns nothing and has what `deploy/` gives the program."""
    role = f"application_{uuid.uuid4().hex}"
    await owner.execute(f'CREATE ROLE "{role}" LOGIN')
    await owner.execute("SELECT ledger.grant_application($1)", role)
    async with asyncpg.create_pool(database_url, user=role, min_size=1, max_size=3) as pool:
        assert await pool.fetchval("SELECT current_user") == role
        yield pool
    await owner.execute(f'DROP OWNED BY "{role}"')
    await owner.execute(f'DROP ROLE "{role}"')


async def play_a_lot(store: PostgresLedgerStore) -> None:
    """Take a deposit, hold it, and settle the lot: every table of the core gets its rows."""
    deposits = Deposits(store, lambda: NOW_US)
    deposit = await deposits.open(1, 7, REQUIRED, "CNY", "payer")
    assert isinstance(deposit, Deposit)
    receipt = BankReceipt(
        receipt_id="bank-1",
        reference=deposit.reference,
        amount=REQUIRED,
        currency="CNY",
        payer_name="payer",
        received_at_us=NOW_US,
    )
    await deposits.receive(receipt)
    assert isinstance(await deposits.hold(1, 7), Held)
    outcome = LotOutcome(lot_id=1, source_sequence=1, purchases=(Purchase(7, 500),), decided_at_us=NOW_US)
    assert isinstance(await deposits.settle(outcome), Settled)


async def changes_of(owner: Any, table: str) -> list[str]:
    column = await owner.fetchval(FIRST_COLUMN, table)
    return [
        f"UPDATE ledger.{table} SET {column} = {column}",
        f"DELETE FROM ledger.{table}",
        f"TRUNCATE ledger.{table} CASCADE",
    ]


async def test_the_application_lives_with_its_grants(application: Any) -> None:
    store = PostgresLedgerStore(application)
    await play_a_lot(store)
    assert (await verify(store)).discrepancies == ()


async def test_a_role_that_owns_nothing_may_not_change_the_past(
    application: Any, owner: Any, subtests: pytest.Subtests
) -> None:
    await play_a_lot(PostgresLedgerStore(application))
    append_only = {row["relname"] for row in await owner.fetch(APPEND_ONLY)}
    assert {"transfer", "entry", "refused_transfer", "deposit", "receipt", "settlement"} <= append_only
    for row in await owner.fetch(TABLES):
        table = row["table_name"]
        is_fixed = table in append_only | DERIVED
        for change in await changes_of(owner, table):
            if change.startswith("UPDATE") and not is_fixed:
                continue
            with subtests.test(change), pytest.raises(asyncpg.InsufficientPrivilegeError):
                await application.execute(change)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await application.execute("INSERT INTO ledger.entry SELECT * FROM ledger.entry")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await application.execute("ALTER TABLE ledger.transfer DISABLE TRIGGER append_only")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await application.execute("SET session_replication_role = replica")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await application.execute("SELECT ledger.grant_application(current_user)")


async def test_the_owner_meets_the_triggers(application: Any, owner: Any, subtests: pytest.Subtests) -> None:
    await play_a_lot(PostgresLedgerStore(application))
    append_only = {row["relname"] for row in await owner.fetch(APPEND_ONLY)}
    for table in sorted(append_only):
        for change in await changes_of(owner, table):
            with subtests.test(change), pytest.raises(asyncpg.RestrictViolationError):
                await owner.execute(change)


BY_HAND = {
    "an entry of his own": "INSERT INTO ledger.entry SELECT account, 99, 1, side, currency, 0, 5, 5, 5, 5, 5, 0"
    " FROM ledger.entry LIMIT 1",
    "a total of his own": "UPDATE ledger.account SET credits_posted = credits_posted + 5, version = version + 1",
    "a transfer beyond the head": """
        INSERT INTO ledger.transfer SELECT 99, gen_random_uuid(), kind, debit, credit, 1, currency, purpose, NULL,
            0, 0, '', '', recorded_at_us, hash FROM ledger.transfer WHERE kind = 'posted' LIMIT 1
    """,
    "a head without transfers": "UPDATE ledger.head SET sequence = sequence + 1, hash = sha256('x')",
    "an account with money": "INSERT INTO ledger.account (code, currency, flags, credits_posted)"
    " VALUES ('equity:free', 'CNY', 0, 5)",
    "an account of another spelling": "INSERT INTO ledger.account (code, currency, flags) VALUES ('Bank', 'CNY', 0)",
}


@pytest.mark.parametrize("change", BY_HAND.values(), ids=BY_HAND.keys())
async def test_what_follows_from_transfers_is_not_written_by_hand(
    application: Any, owner: Any, change: str
) -> None:
    store = PostgresLedgerStore(application)
    await play_a_lot(store)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await owner.execute(change)
    assert (await verify(store)).is_sound


FORGED = {
    "an account that is not there": "'posted', debit, 'equity:nobody', 1, currency, purpose, NULL::uuid",
    "an account of another currency": "'posted', debit, credit, 1, 'USD', purpose, NULL::uuid",
    "more than there is": "'posted', credit, debit, 9000000, currency, purpose, NULL::uuid",
    "the end of no hold": "'post', debit, credit, 1, currency, purpose, id",
    "an expiry before its time": "'expire', debit, credit, amount, currency, purpose, id",
}


@pytest.mark.parametrize("values", FORGED.values(), ids=FORGED.keys())
async def test_a_forged_transfer_is_refused_even_with_a_fitting_head(
    application: Any, owner: Any, values: str
) -> None:
    store = PostgresLedgerStore(application)
    await play_a_lot(store)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        async with owner.transaction():
            await owner.execute("UPDATE ledger.head SET sequence = sequence + 1, hash = sha256('x')")
            await owner.execute(f"""
                INSERT INTO ledger.transfer (sequence, id, kind, debit, credit, amount, currency, purpose, pending_id,
                    flags, event_at_us, reference, memo, recorded_at_us, hash)
                SELECT (SELECT sequence FROM ledger.head), gen_random_uuid(), {values}, 0, 0, '', '',
                    (SELECT recorded_at_us FROM ledger.head), sha256('x')
                FROM ledger.transfer WHERE sequence = 1
            """)
    assert (await verify(store)).is_sound
