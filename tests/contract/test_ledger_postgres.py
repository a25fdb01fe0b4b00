"""What only the PostgreSQL ledger promises: the database itself refuses changes, and writers may die."""

import asyncio
import multiprocessing
import random
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from ledger.accounts import AccountFlags, new_account
from ledger.deposits import Deposits, Held
from ledger.postgres import Desk, PostgresLedgerStore
from ledger.records import BankReceipt, Deposit
from ledger.rules import LedgerRefusal
from ledger.settlement import LotOutcome, Purchase, Settled
from ledger.store import Cursor, LedgerStoreError, LedgerUnavailable
from ledger.transfers import Kind, Purpose, Transfer, TransferFlags
from ledger.verify import verify
from tests.seeds import seed

NOW_US = 1_700_000_000_000_000
REQUIRED = 1_000


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Any]:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=12) as pool:
        yield pool


@pytest.fixture
def store(pool: Any) -> PostgresLedgerStore:
    return PostgresLedgerStore(pool)


async def admitted(deposits: Deposits, lot_id: int, bidder_id: int) -> Deposit:
    deposit = await deposits.open(lot_id, bidder_id, REQUIRED, "CNY", "payer")
    assert isinstance(deposit, Deposit)
    receipt = BankReceipt(
        receipt_id=f"bank-{lot_id}-{bidder_id}",
        reference=deposit.reference,
        amount=REQUIRED + bidder_id,
        currency="CNY",
        payer_name="payer",
        received_at_us=NOW_US,
    )
    await deposits.receive(receipt)
    assert isinstance(await deposits.hold(lot_id, bidder_id), Held)
    return deposit


def ended(lot_id: int, winner_bidder_id: int | None) -> LotOutcome:
    bought = () if winner_bidder_id is None else (Purchase(winner_bidder_id, 5 * REQUIRED),)
    return LotOutcome(lot_id=lot_id, source_sequence=lot_id * 10, purchases=bought, decided_at_us=NOW_US)


# The database itself refuses

CHANGES = [
    f"{statement.format(table=f'ledger.{table}')}"
    for table, column in {
        "transfer": "amount",
        "entry": "posted_change",
        "refused_transfer": "refusal",
        "deposit": "required",
        "receipt": "amount",
        "settlement": "price",
    }.items()
    for statement in (
        f"UPDATE {{table}} SET {column} = {column}",
        f"UPDATE {{table}} SET {column} = 0 WHERE false",
        "DELETE FROM {table}",
        "TRUNCATE {table} CASCADE",
    )
]


REFUSED = [
    *CHANGES,
    "DELETE FROM ledger.account",
    "TRUNCATE ledger.account CASCADE",
    "UPDATE ledger.account SET flags = 0",
    "UPDATE ledger.account SET currency = 'USD'",
    "UPDATE ledger.account SET debits_posted = debits_posted + 1",
    "UPDATE ledger.account SET credits_posted = credits_posted - 1, version = version + 1",
    "DELETE FROM ledger.head",
    "TRUNCATE ledger.head",
    "UPDATE ledger.head SET sequence = sequence - 1",
    "UPDATE ledger.head SET hash = hash",
]


async def test_the_database_refuses_to_change_the_past(
    store: PostgresLedgerStore, pool: Any, subtests: pytest.Subtests
) -> None:
    await admitted(Deposits(store, lambda: NOW_US), 1, 7)
    for change in REFUSED:
        with subtests.test(change), pytest.raises(asyncpg.RestrictViolationError):
            await pool.execute(change)
    assert (await verify(store)).is_sound


INSERTS = {
    "a balance beyond a promise": """
        UPDATE ledger.account SET debits_posted = credits_posted + 1, version = version + 1
        WHERE code LIKE 'liabilities:deposit:%'
    """,
    "a negative amount": """
        INSERT INTO ledger.transfer SELECT 99, gen_random_uuid(), 'posted', debit, credit, -1, currency,
            purpose, NULL, 0, 0, '', '', 0, hash FROM ledger.transfer WHERE sequence = 1
    """,
    "one account on both sides": """
        INSERT INTO ledger.transfer SELECT 99, gen_random_uuid(), 'posted', debit, debit, 1, currency,
            purpose, NULL, 0, 0, '', '', 0, hash FROM ledger.transfer WHERE sequence = 1
    """,
    "another currency": """
        INSERT INTO ledger.transfer SELECT 99, gen_random_uuid(), 'posted', debit, credit, 1, 'USD',
            purpose, NULL, 0, 0, '', '', 0, hash FROM ledger.transfer WHERE sequence = 1
    """,
    "a post of nothing": """
        INSERT INTO ledger.transfer SELECT 99, gen_random_uuid(), 'post', debit, credit, 1, currency,
            purpose, NULL, 0, 0, '', '', 0, hash FROM ledger.transfer WHERE sequence = 1
    """,
    "the same id twice": """
        INSERT INTO ledger.transfer SELECT 99, id, kind, debit, credit, 1, currency,
            purpose, pending_id, 0, 0, '', '', 0, hash FROM ledger.transfer WHERE sequence = 1
    """,
}


async def test_the_database_repeats_the_invariants(
    store: PostgresLedgerStore, pool: Any, subtests: pytest.Subtests
) -> None:
    await admitted(Deposits(store, lambda: NOW_US), 1, 7)
    for broken, statement in INSERTS.items():
        with subtests.test(broken), pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await pool.execute(statement)
    assert (await verify(store)).is_sound


async def test_a_hold_ends_once_whoever_writes(store: PostgresLedgerStore, pool: Any) -> None:
    deposits = Deposits(store, lambda: NOW_US)
    await admitted(deposits, 1, 7)
    await deposits.settle(ended(1, 7))
    with pytest.raises(asyncpg.UniqueViolationError, match="transfer_ends_once"):
        await pool.execute("""
            INSERT INTO ledger.transfer SELECT 99, gen_random_uuid(), 'void', debit, credit, 0, currency,
                purpose, pending_id, 0, 0, '', '', 0, hash FROM ledger.transfer WHERE kind = 'post'
        """)


# Tampering is found

TAMPERING = {
    "UPDATE ledger.transfer SET amount = amount + 1 WHERE sequence = 1": {"chain", "entries", "balances"},
    "UPDATE ledger.transfer SET amount = amount + 1 WHERE sequence = 2": {"chain", "entries", "holds"},
    "UPDATE ledger.transfer SET memo = 'other' WHERE sequence = 3": {"chain"},
    "UPDATE ledger.transfer SET recorded_at_us = 1 WHERE sequence = 1": {"chain", "entries"},
    "UPDATE ledger.transfer SET hash = sha256('x') WHERE sequence = 2": {"chain"},
    "UPDATE ledger.entry SET debits_posted = debits_posted + 1 WHERE sequence = 1": {"entries"},
    "DELETE FROM ledger.entry WHERE sequence = 2 AND side = 'credit'": {"entries"},
    "UPDATE ledger.account SET credits_posted = credits_posted + 5 WHERE code LIKE '%bidder-8'": {
        "balances",
        "sum per currency",
    },
    "UPDATE ledger.account SET version = version + 1 WHERE code LIKE 'assets:%'": {"balances"},
    "DELETE FROM ledger.entry WHERE sequence = 6; DELETE FROM ledger.transfer WHERE sequence = 6": {
        "chain",
        "balances",
    },
    "UPDATE ledger.head SET hash = sha256('x')": {"chain"},
    "UPDATE ledger.receipt SET amount = amount + 1 WHERE lot_id = 2": {"receipts"},
    "DELETE FROM ledger.receipt WHERE lot_id = 2": {"receipts"},
    "UPDATE ledger.deposit SET required = required + 1 WHERE bidder_id = 8": {"holds"},
}


@pytest.mark.parametrize("tampering", TAMPERING)
async def test_verify_finds_what_was_tampered_with(
    store: PostgresLedgerStore, pool: Any, tampering: str
) -> None:
    deposits = Deposits(store, lambda: NOW_US)
    await admitted(deposits, 1, 7)
    await admitted(deposits, 2, 8)
    await deposits.settle(ended(1, None))
    sound = await verify(store)
    assert sound.is_sound
    assert all(check.examined > 0 for check in sound.checks)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")  # switches triggers off
        await connection.execute(tampering)
    report = await verify(store)
    assert not report.is_sound
    found = {check.name for check in report.checks if check.discrepancy_count}
    assert TAMPERING[tampering] <= found, report.discrepancies


# Losing the connection, being cancelled


async def test_a_closed_pool_is_an_unavailable_ledger(store: PostgresLedgerStore, pool: Any) -> None:
    await pool.close()
    with pytest.raises(LedgerUnavailable):
        await store.post([])
    with pytest.raises(LedgerUnavailable):
        await store.cursor("settlement")
    with pytest.raises(LedgerUnavailable):
        async with store.reading():
            pass


async def test_text_that_the_database_cannot_keep_is_an_error_of_the_store(
    store: PostgresLedgerStore,
) -> None:
    accounts = [new_account(f"equity:{name}", "CNY", AccountFlags.NONE) for name in "ab"]
    wanted = Transfer(
        id=UUID(int=1),
        debit="equity:a",
        credit="equity:b",
        currency="CNY",
        purpose=Purpose.SUSPENSE_RECEIVED,
        memo="a\x00b",
    )
    with pytest.raises(LedgerStoreError):
        await store.post([wanted], new_accounts=accounts)
    async with store.reading() as reader:
        assert await reader.account("equity:a") is None


async def test_a_killed_connection_leaves_all_or_nothing(store: PostgresLedgerStore, pool: Any) -> None:
    deposits = Deposits(store, lambda: NOW_US)
    await admitted(deposits, 1, 7)
    async with pool.acquire() as other, other.transaction():
        await other.execute("SELECT 1 FROM ledger.head FOR UPDATE")
        settling = asyncio.create_task(deposits.settle(ended(1, 7), Cursor("settlement", 10)))
        waiting = (
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        async with asyncio.timeout(60):
            while (pid := await pool.fetchval(waiting)) is None:
                await asyncio.sleep(0.01)
        await other.execute("SELECT pg_terminate_backend($1)", pid)
        with pytest.raises(LedgerUnavailable):
            await settling
    assert await store.cursor("settlement") == 0
    answer = await deposits.settle(ended(1, 7), Cursor("settlement", 10))
    assert isinstance(answer, Settled)
    assert answer.is_new


async def test_a_cancelled_write_can_be_repeated(store: PostgresLedgerStore, pool: Any) -> None:
    deposits = Deposits(store, lambda: NOW_US)
    await admitted(deposits, 1, 7)
    async with pool.acquire() as other, other.transaction():
        await other.execute("SELECT 1 FROM ledger.head FOR UPDATE")
        settling = asyncio.create_task(deposits.settle(ended(1, 7), Cursor("settlement", 10)))
        await asyncio.sleep(0.05)
        settling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await settling
    assert await store.cursor("settlement") == 0
    answer = await deposits.settle(ended(1, 7), Cursor("settlement", 10))
    assert isinstance(answer, Settled)
    assert answer.is_new
    assert (await verify(store)).is_sound


# What a store keeps in mind


async def test_an_account_that_was_rolled_back_is_not_remembered(store: PostgresLedgerStore) -> None:
    accounts = [new_account(f"equity:{name}", "CNY", AccountFlags.NONE) for name in "ab"]

    def moved(number: int, amount: int) -> Transfer:
        return Transfer(
            id=UUID(int=number),
            debit="equity:a",
            credit="equity:b",
            amount=amount,
            currency="CNY",
            purpose=Purpose.DEPOSIT_TOWARDS_PRICE,
        )

    async def fail(desk: Desk) -> None:
        await desk.post([moved(1, 5)], accounts)
        raise ZeroDivisionError

    async def open_and_fail(desk: Desk) -> None:
        await desk.post([], accounts)
        raise ZeroDivisionError

    for work in (open_and_fail, fail):
        with pytest.raises(ZeroDivisionError):
            await store.at_desk(work)
        result = await store.post([moved(2 if work is fail else 3, 7)])
        assert result.outcomes[0].refusal is LedgerRefusal.DEBIT_ACCOUNT_NOT_FOUND
    assert (await store.post([moved(4, 7)], new_accounts=accounts)).is_accepted
    with pytest.raises(ZeroDivisionError):
        await store.at_desk(fail)
    assert (await store.post([moved(1, 5)])).is_accepted
    async with store.reading() as reader:
        account = await reader.account("equity:a")
    assert account is not None
    assert (account.debits_posted, account.version) == (12, 2)


async def test_stores_see_what_the_others_posted(pool: Any) -> None:
    stores = [PostgresLedgerStore(pool) for _ in range(2)]
    promise = AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS
    accounts = [
        new_account("equity:a", "CNY", AccountFlags.NONE),
        new_account("liabilities:customer:b", "CNY", promise),
    ]
    for number in range(1, 9):
        wanted = Transfer(
            id=UUID(int=number),
            debit=accounts[number % 2 == 0].code,
            credit=accounts[number % 2].code,
            amount=10,
            currency="CNY",
            purpose=Purpose.DEPOSIT_TOWARDS_PRICE,
        )
        store = stores[number // 2 % 2]
        assert (await store.post([wanted], new_accounts=accounts)).is_accepted
    assert (await verify(stores[0])).is_sound


# Many at once


async def test_one_settlement_wins_among_many(store: PostgresLedgerStore) -> None:
    deposits = Deposits(store, lambda: NOW_US)
    for bidder_id in (7, 8, 9):
        await admitted(deposits, 1, bidder_id)
    outcomes = [ended(1, 7)] * 6
    answers = await asyncio.gather(*(deposits.settle(outcome) for outcome in outcomes))
    assert sorted(answer.is_new for answer in answers if isinstance(answer, Settled)) == [False] * 5 + [True]
    assert (await verify(store)).is_sound


async def test_receipts_holds_and_settlement_may_race(store: PostgresLedgerStore) -> None:
    deposits = Deposits(store, lambda: NOW_US)

    async def life(bidder_id: int) -> None:
        deposit = await deposits.open(1, bidder_id, REQUIRED, "CNY", "payer")
        if isinstance(deposit, Deposit):
            receipt = BankReceipt(
                receipt_id=f"bank-{bidder_id}",
                reference=deposit.reference,
                amount=REQUIRED,
                currency="CNY",
                payer_name="payer",
                received_at_us=NOW_US,
            )
            await asyncio.gather(deposits.receive(receipt), deposits.receive(receipt))
            await asyncio.gather(deposits.hold(1, bidder_id), deposits.hold(1, bidder_id))

    async def end() -> None:
        await asyncio.sleep(0.15)
        await deposits.settle(ended(1, None))

    await asyncio.gather(end(), *(life(bidder_id) for bidder_id in range(40)))
    rows = await deposits.register(1)
    assert all(row.held == 0 and row.refund_due == row.received for row in rows)
    in_suspense = await deposits.suspense()
    assert sum(row.received for row in rows) + sum(r.receipt.amount for r in in_suspense) == REQUIRED * len(
        rows
    )
    assert (await verify(store)).is_sound


class Bank:
    """Customers who move money at random over their own connections, and one who counts it."""

    ACCOUNTS = 5
    START = 10_000

    def __init__(self, store: PostgresLedgerStore, seed: int) -> None:
        self.store = store
        self.random = random.Random(seed)
        self.refusals: set[LedgerRefusal] = set()
        self.accepted = 0
        self.counted = 0
        self.is_open = True

    async def fill(self) -> None:
        customers = [
            new_account(f"liabilities:customer:c{n}", "CNY", AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS)
            for n in range(self.ACCOUNTS)
        ]
        vault = new_account("assets:vault", "CNY", AccountFlags.CREDITS_MUST_NOT_EXCEED_DEBITS)
        fillings = [self.transfer(vault.code, customer.code, self.START) for customer in customers]
        result = await self.store.post(fillings, new_accounts=[vault, *customers])
        assert result.is_accepted

    def transfer(self, debit: str, credit: str, amount: int, **changes: Any) -> Transfer:
        id = UUID(int=self.random.getrandbits(127) + 1)
        purpose = Purpose.DEPOSIT_TOWARDS_PRICE
        return Transfer(
            id=id, debit=debit, credit=credit, amount=amount, currency="CNY", purpose=purpose, **changes
        )

    def moves(self) -> list[Transfer]:
        one, other = self.random.sample(range(self.ACCOUNTS), 2)
        codes = f"liabilities:customer:c{one}", f"liabilities:customer:c{other}"
        amount = self.random.randint(1, self.START)
        match self.random.randrange(4):
            case 0:
                return [self.transfer(*codes, amount)]
            case 1:
                flags = TransferFlags.LINKED
                back = self.transfer(codes[1], codes[0], self.random.randint(1, self.START))
                return [self.transfer(*codes, amount, flags=flags), back]
            case 2:
                return [self.transfer(*codes, amount, flags=TransferFlags.BALANCING_DEBIT)]
            case _:
                return [self.transfer(*codes, amount, kind=Kind.PENDING)]

    async def customer(self, rounds: int) -> None:
        for _ in range(rounds):
            moves = self.moves()
            result = await self.store.post(moves)
            self.refusals |= {outcome.refusal for outcome in result.outcomes if outcome.refusal is not None}
            self.accepted += sum(outcome.is_new for outcome in result.outcomes)
            if moves[0].kind is Kind.PENDING and result.is_accepted:
                await self.end(moves[0])

    async def end(self, pending: Transfer) -> None:
        """End a hold twice at once; one of the two must fail."""
        ids = [UUID(int=self.random.getrandbits(127) + 1) for _ in range(2)]
        post = Transfer(id=ids[0], kind=Kind.POST, pending_id=pending.id, amount=pending.amount // 2)
        void = Transfer(id=ids[1], kind=Kind.VOID, pending_id=pending.id)
        results = await asyncio.gather(self.store.post([post]), self.store.post([void]))
        assert sorted(result.is_accepted for result in results) == [False, True]
        self.accepted += 1

    async def counting(self) -> None:
        while self.is_open:
            async with self.store.reading() as reader:
                customers = [account async for account in reader.accounts("liabilities:customer:")]
            assert sum(account.balance for account in customers) == -self.ACCOUNTS * self.START
            assert all(account.available_credit >= 0 for account in customers)
            pending_debits = sum(account.debits_pending for account in customers)
            assert pending_debits == sum(account.credits_pending for account in customers)
            self.counted += 1


async def test_a_bank_with_many_customers_keeps_its_sum(store: PostgresLedgerStore) -> None:
    bank = Bank(store, seed("LUOCHUI_TEST_SEED"))
    await bank.fill()
    counting = asyncio.create_task(bank.counting())
    await asyncio.gather(*(bank.customer(rounds=25) for _ in range(8)))
    bank.is_open = False
    await counting
    report = await verify(store)
    assert report.discrepancies == ()
    assert report.head.sequence == bank.accepted + bank.ACCOUNTS
    assert bank.counted > 0
    assert LedgerRefusal.EXCEEDS_CREDITS in bank.refusals
    print(f"{bank.accepted} accepted, counted {bank.counted} times")


# Writers that are killed


def settle_for_ever(url: str, first_lot_id: int) -> None:
    """Play lot after lot, the settlement's cursor beside the money; the test kills this process."""
    asyncio.run(_settle_for_ever(url, first_lot_id))


async def _settle_for_ever(url: str, first_lot_id: int) -> None:
    async with asyncpg.create_pool(url, min_size=1, max_size=4) as pool:
        store = PostgresLedgerStore(pool)
        deposits = Deposits(store, lambda: NOW_US)
        lot_id = first_lot_id
        while True:
            await asyncio.gather(*(admitted(deposits, lot_id, bidder_id) for bidder_id in (7, 8, 9)))
            await deposits.settle(ended(lot_id, 8), Cursor("settlement", lot_id))
            lot_id += 1


async def test_a_writer_killed_at_any_moment_leaves_cursor_and_money_together(
    store: PostgresLedgerStore, database_url: str
) -> None:
    chance = random.Random(seed("LUOCHUI_CRASH_SEED"))
    context = multiprocessing.get_context("spawn")
    for _ in range(3):
        first = await store.cursor("settlement") + 1
        writer = context.Process(target=settle_for_ever, args=(database_url, first), daemon=True)
        writer.start()
        async with asyncio.timeout(120):
            while await store.cursor("settlement") < first:
                assert writer.is_alive(), "the writer ended by itself"
                await asyncio.sleep(0.02)
        await asyncio.sleep(chance.uniform(0, 0.2))
        writer.kill()
        writer.join()
        await check_settled(store)


async def check_settled(store: PostgresLedgerStore) -> None:
    """Check that exactly the lots up to the cursor are settled and all of them in full."""
    done = await store.cursor("settlement")
    async with store.reading() as reader:
        positions = [position async for position in reader.positions()]
    settled = {position.record.lot_id for position in positions if position.settlement is not None}
    assert settled == set(range(1, done + 1))
    rows = await Deposits(store, lambda: NOW_US).register()
    applied = [row for row in rows if row.lot_id <= done and row.bidder_id == 8]
    assert all((row.applied, row.refund_due) == (REQUIRED, 8) for row in applied)
    assert (await verify(store)).discrepancies == ()
    print(f"{done} lots settled before the kill")
