"""Closing days and months on a real database."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import date, timedelta
from hashlib import sha256

import asyncpg
import pytest

from ledger.accounting_days import TIME_ZONE, day_begins_us, day_ends_us, first_of_month, last_of_month
from ledger.deposits import Deposits
from ledger.period_records import CloseProposal, DayClose, MonthClose, Period
from ledger.periods import CloseRefused, PeriodRefusal, Periods, canonical_trial_balance, check_open
from ledger.postgres import PERIOD_CLOSED
from ledger.records import BankReceipt, Deposit
from ledger.settlement import LotOutcome, Settled
from ledger.store import LedgerStoreError, PeriodClosed
from tests.closing import ACCOUNTANT, BANK, CHECKER, HOUR_US, OWED, SUSPENSE, THIRD, Office, running_office


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    async with running_office(database_url) as office:
        yield office


def refusal(answer: object) -> PeriodRefusal:
    assert isinstance(answer, CloseRefused), answer
    return answer.refusal


# Two persons, in order, when it is over


async def test_a_day_is_closed_by_two_persons(office: Office) -> None:
    day = office.ago(2)
    await office.moved("nothing at the bank", 0, day)
    proposal = await office.periods.close_day(day, ACCOUNTANT)
    assert isinstance(proposal, CloseProposal)
    assert (await office.periods.state()).last_closed_day is None
    assert [p.begins_on for p in (await office.periods.state()).proposals] == [day]
    assert refusal(await office.periods.confirm_day(day, ACCOUNTANT)) is PeriodRefusal.SAME_PERSON
    closed = await office.periods.confirm_day(day, CHECKER)
    assert isinstance(closed, DayClose)
    assert (closed.transfers, closed.entries, closed.accounts, closed.carried_over) == (1, 2, 2, 0)
    state = await office.periods.state()
    assert (state.last_closed_day, state.open_from_us) == (day, day_ends_us(day, TIME_ZONE))
    assert state.proposals == ()


async def test_a_day_that_is_not_over_is_not_closed(office: Office) -> None:
    assert refusal(await office.periods.close_day(office.today, ACCOUNTANT)) is PeriodRefusal.NOT_OVER


async def test_days_are_closed_without_gaps(office: Office) -> None:
    await office.closed(office.ago(4))
    answer = await office.periods.close_day(office.ago(2), ACCOUNTANT)
    assert refusal(answer) is PeriodRefusal.EARLIER_PERIOD_OPEN
    assert refusal(await office.periods.close_day(office.ago(4), THIRD)) is PeriodRefusal.ALREADY_CLOSED
    assert refusal(await office.periods.confirm_day(office.ago(4), THIRD)) is PeriodRefusal.ALREADY_CLOSED
    await office.closed(office.ago(3))


async def test_nothing_is_closed_that_nobody_proposed(office: Office) -> None:
    assert refusal(await office.periods.confirm_day(office.ago(1), CHECKER)) is PeriodRefusal.NOT_PROPOSED


async def test_a_day_without_its_statement_needs_a_reason(office: Office) -> None:
    day = office.ago(1)
    await office.received("r1", 500, day)
    answer = await office.periods.close_day(day, ACCOUNTANT)
    assert refusal(answer) is PeriodRefusal.STATEMENT_MISSING
    assert isinstance(answer, CloseRefused)
    assert [(point.account, point.is_statement_missing) for point in answer.open_points] == [(BANK, True)]
    closed = await office.closed(day, "the bank is on strike")
    assert (closed.reason, len(closed.open_points)) == ("the bank is on strike", 1)


async def test_a_day_that_differs_from_the_bank_needs_a_reason(office: Office) -> None:
    day = office.ago(1)
    await office.received("r1", 500, day)
    await office.statement(day, [("r1", 500), ("fee", -7)], opening=0)
    assert refusal(await office.periods.close_day(day, ACCOUNTANT)) is PeriodRefusal.NOT_RECONCILED


async def test_a_reconciled_day_is_closed_without_reason(office: Office) -> None:
    day = office.ago(1)
    await office.received("r1", 500, day)
    await office.statement(day, [("r1", 500)], opening=0)
    closed = await office.closed(day, "")
    assert (closed.open_points, closed.reason) == ((), "")


async def test_what_became_wrong_after_the_proposal_is_seen_by_the_second_person(office: Office) -> None:
    day = office.ago(1)
    assert isinstance(await office.periods.close_day(day, ACCOUNTANT), CloseProposal)
    await office.received("late", 500, day)
    assert refusal(await office.periods.confirm_day(day, CHECKER)) is PeriodRefusal.STATEMENT_MISSING


async def test_the_time_zone_stays_once_a_day_is_closed(office: Office) -> None:
    await office.closed(office.ago(2))
    elsewhere = Periods(office.store, "Europe/Lisbon")
    assert refusal(await elsewhere.close_day(office.ago(1), ACCOUNTANT)) is PeriodRefusal.TIME_ZONE_DIFFERS
    with pytest.raises(ValueError, match="Atlantis"):
        Periods(office.store, "Atlantis/Capital")


async def test_another_zone_counts_before_the_first_close(office: Office) -> None:
    elsewhere = Periods(office.store, "America/New_York")
    day = office.ago(3)
    await elsewhere.close_day(day, ACCOUNTANT, "reason")
    closed = await elsewhere.confirm_day(day, CHECKER)
    assert isinstance(closed, DayClose)
    assert closed.ends_at_us == day_ends_us(day, "America/New_York")


# What is closed stays


async def test_nothing_is_recorded_back_into_a_closed_day(office: Office) -> None:
    day = office.ago(1)
    await office.moved("before", 0, day)
    await office.closed(day)
    backdated = day_begins_us(day, TIME_ZONE) + HOUR_US
    async with office.pool.acquire() as connection:
        with pytest.raises(asyncpg.PostgresError) as raised:
            async with connection.transaction():
                await connection.execute("UPDATE ledger.head SET sequence = sequence + 1")
                await connection.execute(
                    """INSERT INTO ledger.transfer (sequence, id, kind, debit, credit, amount, currency, purpose, flags,
                        event_at_us, reference, memo, recorded_at_us, hash)
                    SELECT sequence, gen_random_uuid(), 'posted', $1, $2, 5, 'CNY', 'reversal', 0, $3, '', '', $3,
                        sha256('x') FROM ledger.head""",
                    SUSPENSE,
                    OWED,
                    backdated,
                )
    assert raised.value.sqlstate == PERIOD_CLOSED


CHANGES = [
    "UPDATE ledger.day_close SET transfers = 0",
    "DELETE FROM ledger.day_close",
    "TRUNCATE ledger.day_close CASCADE",
    "UPDATE ledger.day_balance SET debits_posted = 0",
    "DELETE FROM ledger.day_balance",
    "DELETE FROM ledger.carried_over",
    "DELETE FROM ledger.close_proposal",
    "UPDATE ledger.accounting_calendar SET open_from_us = 0",
    "UPDATE ledger.accounting_calendar SET last_closed_day = NULL, open_from_us = 0",
    "UPDATE ledger.accounting_calendar SET last_closed_day = last_closed_day - 1",
    "UPDATE ledger.accounting_calendar SET time_zone = 'UTC'",
    "DELETE FROM ledger.accounting_calendar",
    "INSERT INTO ledger.carried_over VALUES (1, 0)",
    "INSERT INTO ledger.day_balance SELECT account, day, currency, 1, 1, 1, 1 FROM ledger.day_balance",
    "INSERT INTO ledger.day_balance SELECT 'liabilities:owed:cny', max(day), 'CNY', 0, 0, 0, 0 FROM ledger.day_close",
]


@pytest.mark.parametrize("statement", CHANGES)
async def test_the_database_keeps_what_is_closed(office: Office, statement: str) -> None:
    day = office.ago(1)
    await office.received("r1", 500, day)
    await office.closed(day)
    async with office.pool.acquire() as connection:
        with pytest.raises(asyncpg.PostgresError):
            await connection.execute(statement)


async def test_the_database_wants_two_persons_and_the_next_day(office: Office) -> None:
    await office.closed(office.ago(3))
    insert = """
        INSERT INTO ledger.day_close SELECT day + $1::int, $2, head_sequence, head_hash, 0, 0, 0, 0,
            trial_balance_sha256, '[]', '', proposed_by, proposed_at_us, $3, closed_at_us, hash, hash
        FROM ledger.day_close
    """
    ends_at_us = day_ends_us(office.ago(2), TIME_ZONE)
    async with office.pool.acquire() as connection:
        for step, ends, confirmed_by, text in (
            (1, ends_at_us, ACCOUNTANT, "nobody proposed|day_close_by_two"),
            (2, day_ends_us(office.ago(1), TIME_ZONE), CHECKER, "not the next"),
            (1, ends_at_us + 1, CHECKER, "another moment"),
            (1, ends_at_us, CHECKER, "nobody proposed"),
        ):
            with pytest.raises(asyncpg.PostgresError, match=text):
                await connection.execute(insert, step, ends, confirmed_by)


async def test_an_act_of_a_person_for_a_closed_day_is_refused(office: Office) -> None:
    day = office.ago(1)
    await office.closed(day)
    ends_at_us = day_ends_us(day, TIME_ZONE)
    with pytest.raises(PeriodClosed, match=day.isoformat()):
        await office.store.at_desk(lambda desk: check_open(desk, ends_at_us - 1))
    await office.store.at_desk(lambda desk: check_open(desk, ends_at_us))
    assert issubclass(PeriodClosed, LedgerStoreError)


# What comes late


async def test_a_late_event_keeps_its_time_and_is_booked_on_the_first_open_day(office: Office) -> None:
    day = office.ago(3)
    await office.received("in time", 500, day)
    first = await office.closed(day)
    late = await office.received("late", 70, day)
    async with office.store.reading() as reader:
        _, posting = [posting async for posting in reader.postings()]
    assert posting.transfer.event_at_us == late.event_at_us
    row = await office.pool.fetchrow("SELECT * FROM ledger.booking WHERE id = $1", late.id)
    assert (row["booked_at_us"], row["is_carried_over"]) == (day_ends_us(day, TIME_ZONE), True)
    second = await office.closed(office.ago(2))
    assert (second.transfers, second.carried_over) == (1, 1)
    assert second.previous_hash == first.hash
    balances = {row.account: row.balance for row in await office.periods.trial_balance_of_day(day)}
    assert balances == {BANK: 500, SUSPENSE: -500}


async def test_a_lot_that_ended_on_a_closed_day_is_settled(office: Office) -> None:
    day = office.ago(2)
    at_us = day_begins_us(day, TIME_ZONE) + HOUR_US
    deposits = Deposits(office.store, lambda: at_us)
    deposit = await deposits.open(1, 7, 1_000, "CNY", "payer")
    assert isinstance(deposit, Deposit)
    receipt = BankReceipt(
        receipt_id="receipt",
        reference=deposit.reference,
        amount=1_000,
        currency="CNY",
        payer_name="payer",
        received_at_us=at_us,
    )
    await deposits.receive(receipt)
    await deposits.hold(1, 7)
    await office.closed(day)
    settled = await deposits.settle(LotOutcome(lot_id=1, source_sequence=9, decided_at_us=at_us + 1))
    assert isinstance(settled, Settled)
    assert settled.released == 1_000
    closed = await office.closed(office.ago(1))
    assert (closed.transfers, closed.carried_over) == (2, 2)


async def test_an_event_of_the_future_is_booked_when_it_is_recorded(office: Office) -> None:
    await office.moved("tomorrow", 0, office.today + timedelta(days=400))
    row = await office.pool.fetchrow("SELECT * FROM ledger.booking")
    assert row["booked_at_us"] == row["recorded_at_us"]


async def test_days_close_while_others_post(office: Office) -> None:
    """Each posting belongs to the closed day or to the next, and what was closed are those that came before."""
    day = office.ago(1)

    async def post(number: int) -> None:
        await office.received(f"r{number}", 100 + number, day)

    posting = [asyncio.create_task(post(number)) for number in range(40)]
    await asyncio.sleep(0.02)
    closed = await office.closed(day)
    await asyncio.gather(*posting)
    rows = await office.pool.fetch("SELECT is_carried_over, count(*) FROM ledger.booking GROUP BY 1")
    counts = {row["is_carried_over"]: row["count"] for row in rows}
    assert counts.get(False, 0) == closed.transfers
    assert sum(counts.values()) == 40


async def test_two_checkers_close_a_day_once(office: Office) -> None:
    day = office.ago(1)
    await office.periods.close_day(day, ACCOUNTANT)
    answers = await asyncio.gather(
        *(office.periods.confirm_day(day, CHECKER + number) for number in range(4))
    )
    assert sum(isinstance(answer, DayClose) for answer in answers) == 1
    refused = {answer.refusal for answer in answers if isinstance(answer, CloseRefused)}
    assert refused == {PeriodRefusal.ALREADY_CLOSED}


async def test_a_writer_without_the_head_waits_for_the_close(office: Office) -> None:
    """Raw SQL that does not lock the head is held up by the calendar, so it cannot slip into a day being closed."""
    day = office.ago(1)
    await office.moved("before", 0, day)
    async with office.pool.acquire() as raw, office.pool.acquire() as closing:
        transaction = closing.transaction()
        await transaction.start()
        await closing.fetchrow("SELECT * FROM ledger.accounting_calendar FOR UPDATE")
        await raw.execute("SET lock_timeout = '200ms'")
        with pytest.raises(asyncpg.LockNotAvailableError):
            await raw.execute(
                """INSERT INTO ledger.transfer (sequence, id, kind, debit, credit, amount, currency, purpose, flags,
                    event_at_us, reference, memo, recorded_at_us, hash)
                SELECT sequence, gen_random_uuid(), kind, debit, credit, amount, currency, purpose, flags, event_at_us,
                    '', '', recorded_at_us, hash FROM ledger.transfer WHERE false"""
            )
        await transaction.rollback()
        await raw.execute("RESET lock_timeout")


# Trial balances


async def test_the_digest_is_that_of_the_trial_balance(office: Office) -> None:
    for number in (5, 4, 3):
        await office.received(f"r{number}", number * 100, office.ago(number))
        await office.moved(f"m{number}", number * 10, office.ago(number))
    for number in (5, 4, 3):
        closed = await office.closed(office.ago(number))
        balances = await office.periods.trial_balance_of_day(office.ago(number))
        assert closed.trial_balance_sha256 == sha256(canonical_trial_balance(balances)).hexdigest()
        assert sum(row.balance for row in balances) == 0
    assert [row.balance for row in balances] == [1_200, -120, -1_080]


async def test_a_trial_balance_of_a_moment_is_what_was_recorded_by_then(office: Office) -> None:
    await office.received("r1", 500, office.ago(3))
    between = await office.pool.fetchval("SELECT recorded_at_us FROM ledger.head")
    await office.received("r2", 30, office.ago(3))
    then = {row.account: row.balance for row in await office.periods.trial_balance(between)}
    now = {row.account: row.balance for row in await office.periods.trial_balance(time.time_ns() // 1000)}
    assert (then[BANK], now[BANK]) == (500, 530)
    assert sum(then.values()) == sum(now.values()) == 0
    assert (await office.periods.trial_balance(0))[0].balance == 0


async def test_an_open_day_shows_what_is_booked_so_far(office: Office) -> None:
    await office.received("r1", 500, office.ago(2))
    await office.closed(office.ago(2))
    await office.received("r2", 30, office.ago(1))
    await office.received("r3", 4, office.today)
    day = {row.account: row.balance for row in await office.periods.trial_balance_of_day(office.ago(1))}
    assert day[BANK] == 530


# Months


async def test_a_month_is_closed_with_its_report(office: Office) -> None:
    last = first_of_month(office.today) - timedelta(days=1)
    month = first_of_month(last)
    await office.received("r1", 500, last)
    assert refusal(await office.periods.close_month(month, ACCOUNTANT)) is PeriodRefusal.DAYS_OPEN
    await office.closed(last, "no statement")
    assert isinstance(await office.periods.close_month(month, ACCOUNTANT), CloseProposal)
    assert refusal(await office.periods.confirm_month(month, ACCOUNTANT)) is PeriodRefusal.SAME_PERSON
    closed = await office.periods.confirm_month(month, CHECKER)
    assert isinstance(closed, MonthClose)
    report = closed.report
    assert (report.days_closed, report.postings, report.carried_over) == (1, 1, 0)
    assert [(group.group, group.closing) for group in report.groups] == [
        ("assets:bank", 500),
        ("liabilities:suspense", -500),
    ]
    assert [forced.reason for forced in report.forced_days] == ["no statement"]
    assert await office.periods.month_closes() == [closed]
    assert refusal(await office.periods.close_month(month, ACCOUNTANT)) is PeriodRefusal.ALREADY_CLOSED
    running = first_of_month(office.today)
    assert refusal(await office.periods.close_month(running, ACCOUNTANT)) is PeriodRefusal.NOT_OVER
    assert last_of_month(month) == last


async def test_a_changed_close_is_found(database_url: str) -> None:
    async with running_office(database_url) as office:
        await office.received("r1", 500, office.ago(2))
        await office.closed(office.ago(2))
        async with office.pool.acquire() as connection, connection.transaction():
            await connection.execute("ALTER TABLE ledger.day_balance DISABLE TRIGGER append_only")
            await connection.execute("UPDATE ledger.day_balance SET debits_posted = debits_posted + 1")
        found = await office.periods.discrepancies()
        assert any("other totals" in line for line in found)
        assert any("trial balance" in line for line in found)
        await office.pool.execute("UPDATE ledger.day_balance SET debits_posted = debits_posted - 1")


def test_names_of_periods() -> None:
    assert [period.value for period in Period] == ["day", "month"]
    assert date(2026, 11, 1) == first_of_month(date(2026, 11, 20))
