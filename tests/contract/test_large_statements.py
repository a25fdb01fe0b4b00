"""Large bank files: booked ahead in pieces, so that others post in between, and in the end the same as any other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import asyncpg
import pytest

from ledger.bank.intake import BankIntake
from ledger.bank.pieces import AT_ONCE_MAX, PIECE_MOVEMENTS
from ledger.bank.postgres import SUSPENSE_OPEN
from ledger.bank.records import BankAccount, IntakeRefused, IntakeReport, MovementOutcome
from ledger.bank.registry import BankAccounts, NewBankAccount
from ledger.bank.statements import Problem
from ledger.deposits import Deposits
from ledger.postgres import PostgresLedgerStore
from ledger.records import BankReceipt, Deposit
from ledger.verify import verify
from tests.bank_files import ACCOUNT, Entry, notification
from tests.contract.test_bank_intake import kill_while_it_takes, of, opened, received, taken

PIECES = 5
MOVEMENTS = PIECES * PIECE_MOVEMENTS


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Any]:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=8) as pool:
        yield pool


@pytest.fixture
async def store(pool: Any) -> AsyncIterator[PostgresLedgerStore]:
    store = PostgresLedgerStore(pool)
    account = NewBankAccount(slug="icbc", number=ACCOUNT, currency="CNY")
    assert isinstance(await BankAccounts(store).register(account, 5), BankAccount)
    yield store
    assert (await verify(store)).discrepancies == ()


@pytest.fixture
def deposits(store: PostgresLedgerStore) -> Deposits:
    return Deposits(store, lambda: 1_772_000_000_000_000)


def small_payments(reference: str) -> list[Entry]:
    return [
        Entry(amount="1.00", reference=f"R{number}", remittance=reference, end_to_end_id=str(number))
        for number in range(MOVEMENTS)
    ]


def of_everything(deposit: Deposit) -> list[Entry]:
    """Return movements with every fate: credited, too much, in suspense, booked before, out, and parts."""
    return [
        Entry(amount="400.00", reference="A1", remittance=deposit.reference),
        Entry(amount="700.00", reference="A2", remittance=deposit.reference),
        Entry(amount="5.00", reference="A3", remittance="?"),
        Entry(amount="6.00", reference="A4", name="丙公司", remittance=deposit.reference),
        Entry(amount="9.00", reference="A5", remittance="by hand"),
        Entry(amount="2.00", reference="A6", is_credit=False),
        Entry(
            amount="8.00", reference="A7", remittance="?",
            parts=[("P1", "3.00", "甲公司", "?"), ("P2", "5.00", "乙公司", "?")],
        ),
    ]  # fmt: skip


async def test_pieces_come_to_the_same_as_one(store: PostgresLedgerStore, deposits: Deposits) -> None:
    deposit = await opened(deposits)
    by_hand = BankReceipt(
        receipt_id="A5", reference="?", amount=900, currency="CNY", payer_name="甲公司", received_at_us=1
    )
    await deposits.receive(by_hand)
    whole = Entry(amount="8.00", reference="A7", remittance="?")
    await taken(BankIntake(store), notification([whole], message_id="N-0"))
    content = notification(of_everything(deposit))
    at_once, in_pieces = BankIntake(store), BankIntake(store, at_once_max=0)

    expected = await at_once.preview(content, 5)
    surveyed = await in_pieces.preview(content, 5)
    assert isinstance(expected, IntakeReport) and isinstance(surveyed, IntakeReport)
    done = await taken(in_pieces, content)
    for report in (surveyed, done):
        assert of(report) == of(expected)
        assert (report.totals, report.lots, report.movements) == (expected.totals, expected.lots, 8)
        assert report.statements == expected.statements
    assert [surveyed.is_preview, surveyed.file.name, done.is_preview] == [True, done.file.name, False]
    again = await taken(in_pieces, content)
    assert (again.is_new, of(again)) == (False, of(expected))


async def test_others_post_between_the_pieces(
    store: PostgresLedgerStore, deposits: Deposits, pool: Any
) -> None:
    deposit, other = await opened(deposits), await opened(deposits, lot_id=2)
    taking = asyncio.create_task(BankIntake(store).take(notification(small_payments(deposit.reference)), 5))
    number = 0
    while not taking.done():
        number += 1
        await deposits.receive(
            BankReceipt(
                receipt_id=f"S{number}", reference=other.reference, amount=1, currency="CNY", payer_name="甲公司",
                received_at_us=1,
            )
        )  # fmt: skip
    assert isinstance(await taking, IntakeReport)
    assert await received(deposits) == 100 * MOVEMENTS
    order = await pool.fetch(
        "SELECT receipt_id LIKE 'S%' AS is_other FROM ledger.receipt JOIN ledger.transfer ON transfer.id = transfer_id"
        " ORDER BY sequence"
    )
    changes = sum(one["is_other"] != after["is_other"] for one, after in pairwise(order))
    assert changes > 2, "others came before it, in between, and after it"


async def test_a_large_file_that_was_cut_off_is_taken_again(
    store: PostgresLedgerStore, deposits: Deposits, database_url: str, pool: Any
) -> None:
    """The process ends behind the pieces: nothing is in the books twice, and in the end all of it once."""
    deposit = await opened(deposits)
    content = notification(small_payments(deposit.reference))
    await kill_while_it_takes(content, database_url, pool)
    intake = BankIntake(store)
    assert await intake.files() == []
    assert await received(deposits) == 100 * MOVEMENTS
    report = await taken(intake, content)
    assert [(total.outcome, total.movements) for total in report.totals] == [
        (MovementOutcome.DUPLICATE, MOVEMENTS)
    ]
    assert await received(deposits) == 100 * MOVEMENTS
    assert MOVEMENTS > AT_ONCE_MAX


async def test_what_refuses_a_large_file_refuses_it_before_anything_is_booked(
    store: PostgresLedgerStore, deposits: Deposits, pool: Any
) -> None:
    deposit = await opened(deposits)
    payments = small_payments(deposit.reference)
    await taken(
        BankIntake(store),
        notification([Entry(amount="7.00", reference=f"R{MOVEMENTS - 1}")], message_id="N-0"),
    )
    answer = await BankIntake(store).take(notification(payments), 5)
    assert isinstance(answer, IntakeRefused)
    assert answer.problem is Problem.RECEIPT_DIFFERS
    assert await received(deposits) == 0
    assert await pool.fetchval("SELECT count(*) FROM ledger.receipt") == 1


async def test_a_page_of_suspense_is_looked_for_no_further_than_it_goes(pool: Any) -> None:
    """Joined with every act there has been, 50,000 receipts that nobody can credit held the database for hours."""
    async with pool.acquire() as connection, connection.transaction():
        # So that the plan is what it is over many rows, however few there are.
        await connection.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        plan = await connection.fetch(f"EXPLAIN (COSTS OFF) {SUSPENSE_OPEN}", 0, 500)
    lines = [row[0] for row in plan]
    (page,) = (at for at, line in enumerate(lines) if line.strip() == "CTE page")
    assert "Limit" in lines[page + 1] and "receipt_in_order" in lines[page + 2], lines
    assert not any("Join Filter" in line for line in lines), lines
