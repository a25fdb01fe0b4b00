"""The demo's office over a real ledger: the account and its history, the robots' refunds, and the bank's papers."""

from __future__ import annotations

from datetime import date

import asyncpg
import pytest

from exchange.adapters.clock import SystemClock
from exchange.demo.accounts import ROBOTS, bank_number, made
from exchange.demo.bank_account import ACCOUNT, DemoBankAccount
from exchange.demo.books import DAYS_BEFORE, NUMBER
from exchange.demo.office import LEFT_TO_VISITORS, PAID_TOGETHER, DemoOffice
from exchange.finance import Finance, finance
from exchange.measures import Measures
from exchange.people import People, Role
from ledger.accounting_days import DAY, TIME_ZONE, accounting_day
from ledger.bank.records import IntakeRefused
from ledger.bank.registry import NewBankAccount
from ledger.deposits import Deposits
from ledger.payouts import Acted, PayoutState
from ledger.payouts.records import Batched, FileRefused
from ledger.postgres import PostgresLedgerStore
from ledger.records import BankReceipt, Deposit
from ledger.settlement import LotOutcome, Settled
from ledger.verify import verify
from tests.closing import away_from_midnight
from tests.served import API, Served

AMOUNT = 100_00


async def robots_lose(office: Finance, people: People, lots: range, at_us: int) -> None:
    """Let robots pay for lots and lose them, so that everything is owed back."""
    deposits = Deposits(office.store, lambda: at_us)
    robots = [await made(people, robot, None) for robot in ROBOTS]
    for lot in lots:
        for robot in robots:
            opened = await deposits.open(lot, robot.id, AMOUNT, "CNY", robot.name)
            assert isinstance(opened, Deposit)
            receipt = BankReceipt(
                receipt_id=f"demo-robot-{opened.reference}", reference=opened.reference, amount=AMOUNT, currency="CNY",
                payer_name=robot.name, received_at_us=at_us, payer_account=bank_number(robot.id),
            )  # fmt: skip
            await deposits.receive(receipt)
        outcome = LotOutcome(lot_id=lot, source_sequence=lot, decided_at_us=at_us)
        assert isinstance(await deposits.settle(outcome), Settled)
    await office.propose_refunds()


async def take(office: Finance, bank: DemoBankAccount, day: date) -> bool:
    """Take the demo bank's statement of a day and reconcile; return whether the day agrees then."""
    paper = await bank.statement(day)
    assert not isinstance(await office.intake.take(paper.content, 1, name=paper.name), IntakeRefused)
    await office.reconciliation.reconcile()
    compared = await office.reconciliation.day(ACCOUNT, day)
    assert compared is not None
    return compared.is_balanced


@pytest.fixture
async def clock() -> SystemClock:
    """Tell the time of a day that does not end in the middle of a test."""
    await away_from_midnight()
    return SystemClock()


async def test_the_demo_has_a_bank_a_history_and_robots_who_are_paid_back(
    database_url: str, clock: SystemClock
) -> None:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=6) as pool:
        office, people = finance(PostgresLedgerStore(pool), clock, Measures()), People(pool, clock)
        robots, bank = DemoOffice(people, office), DemoBankAccount(office)
        assert not await bank.is_open()
        for _ in range(2):
            await robots.open()
        assert await bank.is_open()
        assert (await office.deposit_accounts.present())["CNY"].account.number == NUMBER
        assert len(await office.intake.files()) == len(DAYS_BEFORE)
        assert [item.amount for item in await office.suspense.items()] == [120_000_00, 8_800_00]
        today = accounting_day(clock.now_us(), TIME_ZONE)
        days = await office.reconciliation.days(ACCOUNT, today - 2 * DAY, 2)
        assert [day.is_balanced for day in days] == [True, False]
        assert [one.amount for one in days[1].unexplained] == [-15_00]

        wanted = -(-(PAID_TOGETHER + LEFT_TO_VISITORS) // len(ROBOTS))
        await robots_lose(office, people, range(1, wanted), clock.now_us())
        await robots.work()
        assert not await office.payouts.payouts(PayoutState.PAID), "the robots wait until it is worth a file"
        await robots_lose(office, people, range(wanted, wanted + 1), clock.now_us())
        await robots.work()
        assert len(await office.payouts.payouts(PayoutState.PAID)) == PAID_TOGETHER
        left = await office.payouts.payouts(PayoutState.PROPOSED)
        assert len(left) == LEFT_TO_VISITORS
        assert min(one.payout_id for one in left) == 1

        assert await take(office, bank, today)
        assert await bank.untold_days(today, today) == []
        await robots_lose(office, people, range(90, 91), clock.now_us())
        assert await bank.untold_days(today, today) == [today]
        assert await take(office, bank, today), "a second statement of the day goes on from the first"
        report = await verify(office.store)
        assert report.discrepancies == ()


async def test_the_demo_bank_sends_back_what_goes_to_an_account_that_it_does_not_have(
    database_url: str, clock: SystemClock
) -> None:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=6) as pool:
        office, people = finance(PostgresLedgerStore(pool), clock, Measures()), People(pool, clock)
        await DemoOffice(people, office).open()
        await robots_lose(office, people, range(1, 2), clock.now_us())
        first, second, *_ = await office.payouts.payouts(PayoutState.PROPOSED)
        assert isinstance(
            await office.payouts.enter_account(first.payout_id, "62170000000000000000", 71), Acted
        )
        for one in (first, second):
            assert isinstance(await office.payouts.approve(one.payout_id, 72), Acted)
        batched = await office.payouts.make_batch("main", "001.001.09", 71)
        assert isinstance(batched, Batched)
        await office.payouts.send_batch(batched.batch.batch_id, 71)
        paper = await DemoBankAccount(office).answer(batched.batch)
        read = await office.payouts.read_results(paper.content, 71)
        assert not isinstance(read, FileRefused)
        states = {
            one.payout_id: (one.state, one.reason_code) for one in await office.payouts.payouts(batch_id=1)
        }
        assert states == {
            first.payout_id: (PayoutState.REJECTED, "AC01"),
            second.payout_id: (PayoutState.PAID, ""),
        }


async def test_where_finance_has_an_account_already_the_demo_leaves_it_alone(
    database_url: str, clock: SystemClock
) -> None:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=6) as pool:
        office = finance(PostgresLedgerStore(pool), clock, Measures())
        own = NewBankAccount(slug="main", number="0200999", currency="CNY", is_main=True)
        await office.bank_accounts.register(own, 1)
        robots = DemoOffice(People(pool, clock), office)
        await robots.open()
        await robots.work()
        assert [one.number for one in await office.bank_accounts.accounts()] == ["0200999"]
        assert await office.intake.files() == []
        assert not await DemoBankAccount(office).is_open()


async def test_the_demo_banks_papers_are_there_to_be_handed_in(floor: Served) -> None:
    """Whoever tries the desk gets a statement and an answer out of the demo bank, and hands them in as any other."""
    cashier, checker = [await floor.person(role.value, role) for role in (Role.CASHIER, Role.CHECKER)]
    assert (await cashier.ask("GET", "/demo-bank/statement"))[1]["code"] == "DEMO_ONLY"
    office, people = floor.exchange.finance, floor.exchange.people
    await DemoOffice(people, office).open()
    await robots_lose(office, people, range(1, 2), floor.exchange.clock.now_us())
    (first, *_) = (await cashier.get("/payouts"))["payouts"]
    await checker.post(f"/payouts/{first['payout_id']}/approval")
    batch = (await cashier.post("/payouts/batches", {"paid_from": "main"}))["batch"]["batch_id"]
    assert (await cashier.ask("GET", f"/demo-bank/batches/{batch}/answer"))[1]["code"] == "NOT_ON_FILE"
    await cashier.post(f"/payouts/batches/{batch}/sent")

    async with cashier.http.get(f"{API}/demo-bank/batches/{batch}/answer") as paper:
        read = await cashier.post("/payouts/results", None, data=await paper.read())
    assert (read["paid"], read["rejected"], read["to_clarify"]) == (1, 0, [])
    async with cashier.http.get(f"{API}/demo-bank/statement") as paper:
        report = await cashier.post("/bank/files", None, data=await paper.read())
    assert (report["is_new"], report["movements"]) == (True, len(ROBOTS) + 1)
    assert (await checker.ask("GET", "/demo-bank/statement"))[0] == 403
