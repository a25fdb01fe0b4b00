"""Bank files and suspense on a real PostgreSQL: once, whole, by two at a time, and through crashes."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from ledger.bank.intake import BankIntake
from ledger.bank.pieces import AT_ONCE_MAX
from ledger.bank.records import (
    Assigned,
    BankAccount,
    BankAccountRefusal,
    BankKey,
    Channel,
    GivenBack,
    IntakeRefused,
    IntakeReport,
    MovementOutcome,
    Note,
    Proposal,
    ProposalAct,
    SuspenseRefusal,
    SuspenseState,
    Why,
)
from ledger.bank.registry import BankAccounts, NewBankAccount
from ledger.bank.statements import Caution, Problem
from ledger.bank.suspense import Suspense
from ledger.deposits import Deposits
from ledger.payouts import Acted, Payouts
from ledger.postgres import PostgresLedgerStore
from ledger.receipts import receipt_transfer_id
from ledger.records import BankReceipt, Deposit, SuspenseReason
from ledger.reversal_records import Reversal
from ledger.reversals import ReversalRefusal, ReversalRefused, Reversals
from ledger.settlement import LotOutcome
from ledger.transfers import Purpose
from ledger.verify import verify
from tests.bank_files import ACCOUNT, Entry, notification, statement

NOW_US = 1_772_000_000_000_000
REQUIRED = 100_000
CASHIER, CHECKER = 5, 6


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[Any]:
    async with asyncpg.create_pool(database_url, min_size=1, max_size=12) as pool:
        yield pool


@pytest.fixture
async def store(pool: Any) -> AsyncIterator[PostgresLedgerStore]:
    """Every test ends with the whole ledger verified and the bank's side compared with it."""
    store = PostgresLedgerStore(pool)
    answer = await BankAccounts(store).register(
        NewBankAccount(slug="icbc", number=ACCOUNT, currency="CNY"), CASHIER
    )
    assert isinstance(answer, BankAccount)
    yield store
    assert (await verify(store)).discrepancies == ()
    assert await Suspense(store).discrepancies() == []


@pytest.fixture
def deposits(store: PostgresLedgerStore) -> Deposits:
    return Deposits(store, lambda: NOW_US)


@pytest.fixture
def intake(store: PostgresLedgerStore) -> BankIntake:
    return BankIntake(store)


@pytest.fixture
def desk(store: PostgresLedgerStore) -> Suspense:
    return Suspense(store)


async def opened(
    deposits: Deposits, lot_id: int = 1, bidder_id: int = 7, name: str = "甲公司", **terms: Any
) -> Deposit:
    deposit = await deposits.open(lot_id, bidder_id, REQUIRED, terms.pop("currency", "CNY"), name, **terms)
    assert isinstance(deposit, Deposit)
    return deposit


async def taken(intake: BankIntake, content: bytes, **options: Any) -> IntakeReport:
    report = await intake.take(content, CASHIER, **options)
    assert isinstance(report, IntakeReport), report
    return report


async def refused(intake: BankIntake, content: bytes, **options: Any) -> IntakeRefused:
    answer = await intake.take(content, CASHIER, **options)
    assert isinstance(answer, IntakeRefused), answer
    return answer


async def received(deposits: Deposits, lot_id: int = 1, bidder_id: int = 7) -> int:
    (row,) = await deposits.register(lot_id, bidder_id)
    return row.received


async def counts(pool: Any) -> tuple[int, ...]:
    tables = ("transfer", "receipt", "bank_file", "bank_statement", "bank_movement", "suspense_act")
    return tuple([await pool.fetchval(f"SELECT count(*) FROM ledger.{table}") for table in tables])


def of(report: IntakeReport) -> dict[str, tuple[str, str | None, str | None, int]]:
    return {
        line.bank_reference: (
            line.outcome.value,
            None if line.reason is None else line.reason.value,
            None if line.note is None else line.note.value,
            line.note_amount,
        )
        for line in report.lines
    }


# Credited, or in suspense with a reason


async def test_each_credit_finds_its_deposit_or_its_reason(
    intake: BankIntake, deposits: Deposits, store: PostgresLedgerStore
) -> None:
    first = await opened(deposits, 1, 7)
    second = await opened(deposits, 1, 8, "乙公司")
    dollars = await opened(deposits, 2, 7, currency="USD")
    late = await opened(deposits, 3, 7, pay_by_us=1_772_294_400_000_000)
    ended = await opened(deposits, 4, 7)
    await deposits.settle(LotOutcome(lot_id=4, source_sequence=9, decided_at_us=NOW_US))
    grouped = " ".join(first.reference[place : place + 4] for place in range(0, 16, 4))
    entries = [
        Entry(amount="1000.00", reference="A", remittance=f"保证金 {grouped}"),
        Entry(amount="500.00", reference="B", name="乙公司", end_to_end_id=second.reference),
        Entry(amount="600.00", reference="C", name="乙公司", sub_account="955880" + second.reference),
        Entry(amount="1.00", reference="D", remittance="nothing"),
        Entry(amount="2.00", reference="E", remittance=dollars.reference),
        Entry(amount="3.00", reference="F", remittance=late.reference),
        Entry(amount="4.00", reference="G", remittance=ended.reference),
        Entry(amount="5.00", reference="H", name="丙", remittance=first.reference),
        Entry(amount="6.00", reference="I", remittance=f"{first.reference} / {second.reference}"),
        Entry(amount="7.00", reference="J", remittance=first.reference, is_reversal=True),
        Entry(amount="8.00", reference="K", end_to_end_id="LCP000000000042"),
        Entry(amount="9.00", reference="L", is_credit=False, end_to_end_id="LCP000000000043"),
        Entry(amount="10.00", reference="M", status="PDNG", remittance=first.reference),
    ]
    report = await taken(intake, statement(entries, opening="10.00", closing="2137.00"))
    assert of(report) == {
        "A": ("credited", None, None, 0),
        "B": ("credited", None, "part_paid", 50_000),
        "C": ("credited", None, "overpaid", 10_000),
        "D": ("suspense", "unknown_reference", None, 0),
        "E": ("suspense", "wrong_currency", None, 0),
        "F": ("suspense", "deadline_passed", None, 0),
        "G": ("suspense", "lot_closed", None, 0),
        "H": ("suspense", "payer_mismatch", None, 0),
        "I": ("suspense", "ambiguous_reference", None, 0),
        "J": ("suspense", "payment_returned", None, 0),
        "K": ("suspense", "payment_returned", None, 0),
        "L": ("debit", None, None, 0),
        "M": ("pending", None, None, 0),
    }
    assert report.lots == (1,)
    assert {line.bank_reference: line.payout_id for line in report.lines if line.payout_id} == {
        "K": 42,
        "L": 43,
    }
    assert (await received(deposits, 1, 7), await received(deposits, 1, 8)) == (100_000, 110_000)
    totals = {total.outcome: (total.movements, total.amount) for total in report.totals}
    assert totals == {
        MovementOutcome.CREDITED: (3, 210_000),
        MovementOutcome.SUSPENSE: (8, 3_600),
        MovementOutcome.DEBIT: (1, -900),
        MovementOutcome.PENDING: (1, 1_000),
    }
    async with store.reading() as reader:
        bank = await reader.account("assets:bank:icbc")
        assert bank is not None and bank.balance == 213_600
        receipts = {record.receipt.receipt_id: record.receipt async for record in reader.receipts()}
    assert receipts["icbc:A"].payer_account == "6217000010012345678"


async def test_an_overpayment_within_the_tolerance_is_not_noted(
    store: PostgresLedgerStore, deposits: Deposits
) -> None:
    deposit = await opened(deposits)
    content = notification([Entry(amount="1000.50", reference="A", remittance=deposit.reference)])
    report = await taken(BankIntake(store, overpayment_tolerance=50), content)
    assert of(report)["A"] == ("credited", None, None, 0)


# Each file once, whole


async def test_the_same_content_is_answered_with_the_first_report(
    intake: BankIntake, deposits: Deposits, pool: Any
) -> None:
    deposit = await opened(deposits)
    content = notification([Entry(amount="10.00", reference="A", remittance=deposit.reference)])
    first = await taken(intake, content, name="a.xml")
    before = await counts(pool)
    again = await taken(intake, content, name="b.xml", channel=Channel.WEBHOOK)
    assert (first.is_new, again.is_new) == (True, False)
    assert again.lines == first.lines and again.file == first.file
    assert await intake.report(first.file.file_id) == again
    assert await counts(pool) == before
    assert [file.file_id for file in await intake.files()] == [1]
    assert len(await intake.movements(1)) == 1


async def test_the_same_message_id_with_other_content_is_refused(intake: BankIntake, pool: Any) -> None:
    await taken(intake, notification([Entry(amount="10.00", reference="A")]))
    before = await counts(pool)
    answer = await refused(intake, notification([Entry(amount="11.00", reference="B")]))
    assert (answer.problem, answer.file_id) == (Problem.MESSAGE_ID_REUSED, 1)
    assert await counts(pool) == before


async def test_a_statement_in_another_message_is_refused(intake: BankIntake) -> None:
    entries = [Entry(amount="10.00", reference="A")]
    await taken(intake, statement(entries, closing="10.00"))
    answer = await refused(intake, statement(entries, closing="10.00", message_id="M-2"))
    assert answer.problem is Problem.STATEMENT_ALREADY_TAKEN


@pytest.mark.parametrize(
    ("entries", "closing", "problem"),
    [
        ([Entry(amount="10.00", reference="A")], "10.01", Problem.NOT_BALANCED),
        ([Entry(amount="10.00", reference="A"), Entry(amount="1.001")], "10.00", Problem.AMOUNT_TOO_PRECISE),
        ([Entry(amount="1.00", reference="A"), Entry(amount="2.00", reference="A")], "3.00",
         Problem.DUPLICATE_BANK_REFERENCE),
        ([Entry(amount="10.00", reference="A", currency="USD")], "10.00", Problem.CURRENCY_DIFFERS),
    ],
)  # fmt: skip
async def test_of_a_refused_file_nothing_is_posted(
    intake: BankIntake, pool: Any, entries: list[Entry], closing: str, problem: Problem
) -> None:
    before = await counts(pool)
    answer = await refused(intake, statement(entries, closing=closing))
    assert answer.problem is problem
    assert await counts(pool) == before


async def test_an_account_that_nobody_registered_is_refused(intake: BankIntake) -> None:
    answer = await refused(intake, notification([Entry(amount="10.00")], account="999"))
    assert answer.problem is Problem.ACCOUNT_UNKNOWN
    assert answer.faults[0].detail == "999"


async def test_a_bank_speaks_of_its_own_account_only(intake: BankIntake) -> None:
    content = notification([Entry(amount="10.00", reference="A")])
    answer = await refused(intake, content, channel=Channel.WEBHOOK, sender="boc")
    assert answer.problem is Problem.ACCOUNT_NOT_OF_SENDER
    assert (await taken(intake, content, channel=Channel.WEBHOOK, sender="icbc")).is_new


async def test_a_preview_leaves_nothing_behind(intake: BankIntake, deposits: Deposits, pool: Any) -> None:
    deposit = await opened(deposits)
    content = notification([Entry(amount="10.00", reference="A", remittance=deposit.reference)])
    before = await counts(pool)
    seen = await intake.preview(content, CASHIER)
    assert isinstance(seen, IntakeReport) and seen.is_preview and seen.is_new
    assert await counts(pool) == before
    done = await taken(intake, content)
    assert of(done) == of(seen)


async def test_a_statement_that_does_not_follow_the_last_one_is_taken_with_a_warning(
    intake: BankIntake,
) -> None:
    first = await taken(intake, statement([Entry(amount="10.00", reference="A")], closing="10.00"))
    assert first.statements[0].chain_gap is None
    entries = [Entry(amount="1.00", reference="B", day="2026-03-04")]
    days = {"opens_on": "2026-03-03", "closes_on": "2026-03-04"}
    second = await taken(
        intake, statement(entries, opening="12.00", closing="13.00", message_id="M-2", name="S-2", **days)
    )
    assert second.statements[0].chain_gap == 200
    assert [(w.caution, w.difference) for w in second.warnings] == [(Caution.CHAIN_BROKEN, 200)]
    days = {"opens_on": "2026-03-05", "closes_on": "2026-03-05"}
    third = await taken(
        intake, statement([], opening="13.00", closing="13.00", message_id="M-3", name="S-3", **days)
    )
    assert (third.statements[0].chain_gap, third.warnings) == (0, ())


# The same money by several ways


async def test_advice_then_statement_is_one_receipt(intake: BankIntake, deposits: Deposits) -> None:
    deposit = await opened(deposits)
    entry = Entry(amount="10.00", reference="A", remittance=deposit.reference)
    await taken(intake, notification([entry]))
    report = await taken(intake, statement([entry], closing="10.00"))
    assert of(report)["A"][0] == "duplicate"
    assert await received(deposits) == 1_000


async def test_a_receipt_that_finance_entered_by_hand_is_the_banks(
    intake: BankIntake, deposits: Deposits
) -> None:
    deposit = await opened(deposits)
    await deposits.receive(
        BankReceipt(
            receipt_id="A",
            reference=deposit.reference,
            amount=1_000,
            currency="CNY",
            payer_name="甲公司",
            received_at_us=NOW_US,
        )
    )
    report = await taken(
        intake, notification([Entry(amount="10.00", reference="A", remittance=deposit.reference)])
    )
    assert of(report)["A"][0] == "duplicate"
    assert await received(deposits) == 1_000


async def test_a_known_reference_with_another_amount_refuses_the_file(intake: BankIntake, pool: Any) -> None:
    await taken(intake, notification([Entry(amount="10.00", reference="A")]))
    before = await counts(pool)
    entries = [Entry(amount="5.00", reference="B"), Entry(amount="11.00", reference="A")]
    answer = await refused(intake, notification(entries, message_id="N-2"))
    assert answer.problem is Problem.RECEIPT_DIFFERS
    assert answer.faults[0].line > 0
    assert await counts(pool) == before


async def test_movements_without_reference_are_known_by_what_they_say(
    intake: BankIntake, deposits: Deposits
) -> None:
    deposit = await opened(deposits)
    twice = [Entry(amount="10.00", remittance=deposit.reference)] * 2
    await taken(intake, notification(twice[:1]))
    report = await taken(intake, statement(twice, closing="20.00"))
    assert sorted(line.outcome.value for line in report.lines) == ["credited", "duplicate"]
    assert await received(deposits) == 2_000


PARTS = (("P1", "10.00", "甲公司"), ("P2", "20.00", "丙"))


async def test_parts_then_the_collective_booking(intake: BankIntake, deposits: Deposits) -> None:
    deposit = await opened(deposits)
    parts = [(*part, deposit.reference) for part in PARTS]
    await taken(intake, notification([Entry(amount="30.00", reference="X", parts=parts)]))
    report = await taken(intake, statement([Entry(amount="30.00", reference="X")], closing="30.00"))
    assert of(report) == {"X": ("duplicate", None, Note.BOOKED_IN_PARTS.value, 0)}
    assert await received(deposits) == 1_000


async def test_the_collective_booking_then_its_parts(
    intake: BankIntake, deposits: Deposits, desk: Suspense, store: PostgresLedgerStore
) -> None:
    deposit = await opened(deposits)
    parts = [(*part, deposit.reference) for part in PARTS]
    await taken(intake, statement([Entry(amount="30.00", reference="X")], closing="30.00"))
    report = await taken(intake, notification([Entry(amount="30.00", reference="X", parts=parts)]))
    assert of(report) == {
        "P1": ("credited", None, "part_paid", 99_000),
        "P2": ("suspense", "payer_mismatch", "parts_replace_one", 0),
    }
    whole = await desk.item("icbc:X")
    assert whole is not None and whole.state is SuspenseState.SPLIT
    async with store.reading() as reader:
        bank = await reader.account("assets:bank:icbc")
        held = await reader.account("liabilities:suspense:cny")
    assert bank is not None and held is not None
    assert (bank.balance, held.available_credit) == (3_000, 2_000)
    again = statement([Entry(amount="30.00", reference="X")], closing="30.00", message_id="M-2", name="S-2")
    assert of(await taken(intake, again))["X"][0] == "duplicate"


async def test_parts_of_a_collective_booking_that_was_worked_off_move_nothing(
    intake: BankIntake, deposits: Deposits, desk: Suspense
) -> None:
    deposit = await opened(deposits)
    parts = [(*part, deposit.reference) for part in PARTS]
    await taken(intake, statement([Entry(amount="30.00", reference="X")], closing="30.00"))
    assert isinstance(await desk.assign("icbc:X", 1, 7, CASHIER, "all his"), Assigned)
    report = await taken(intake, notification([Entry(amount="30.00", reference="X", parts=parts)]))
    assert {row[0::2][0] for row in of(report).values()} == {"duplicate"}
    assert await received(deposits) == 3_000


# Other formats


async def test_csv_in_gb18030_and_a_notice_of_the_same_payment(
    intake: BankIntake, deposits: Deposits
) -> None:
    deposit = await opened(deposits)
    text = (
        "本方账号,币种,交易流水号,交易时间,借贷标志,交易金额,对方户名,附言,余额\r\n"
        f"{ACCOUNT},CNY,A,2026-03-02 09:30:00,贷,10.00,甲公司,{deposit.reference},10.00\r\n"
    )
    report = await taken(intake, text.encode("gb18030"))
    assert (report.file.format, of(report)["A"][0]) == ("csv", "credited")
    notice = (
        f'{{"message_id":"W1","account":"{ACCOUNT}","currency":"CNY","movements":[{{"bank_reference":"A",'
        f'"booked_at":"2026-03-02","direction":"credit","amount":"10.00"}}]}}'
    )
    report = await taken(intake, notice.encode(), channel=Channel.WEBHOOK, sender="icbc")
    assert (report.file.format, of(report)["A"][0]) == ("notice", "duplicate")
    assert await received(deposits) == 1_000


# Two at a time, and crashes


async def test_two_connections_take_one_file_once(intake: BankIntake, deposits: Deposits, pool: Any) -> None:
    deposit = await opened(deposits)
    content = notification([Entry(amount="10.00", reference="A", remittance=deposit.reference)])
    reports = await asyncio.gather(*(taken(intake, content) for _ in range(6)))
    assert sorted(report.is_new for report in reports) == [False] * 5 + [True]
    assert await received(deposits) == 1_000
    assert await pool.fetchval("SELECT count(*) FROM ledger.bank_file") == 1


def take_in_process(url: str, content: bytes, times: int) -> None:
    async def work() -> None:
        async with asyncpg.create_pool(url, min_size=1, max_size=2) as pool:
            for _ in range(times):
                await BankIntake(PostgresLedgerStore(pool)).take(content, CASHIER)

    asyncio.run(work())


async def kill_while_it_takes(content: bytes, database_url: str, pool: Any) -> None:
    """Let a process take a file, hold it up where it enters movements, and kill it there."""
    process = multiprocessing.get_context("spawn").Process(
        target=take_in_process, args=(database_url, content, 1)
    )
    waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with pool.acquire() as other, other.transaction():
        # so that it stops in the midst of its work
        await other.execute("LOCK TABLE ledger.bank_movement IN SHARE MODE")
        process.start()
        async with asyncio.timeout(120):
            while await pool.fetchrow(waiting) is None:
                assert process.is_alive(), "it was to be killed at work"
                await asyncio.sleep(0.01)
        process.kill()
        await finished(process)


async def finished(process: Any) -> int | None:
    async with asyncio.timeout(120):
        while process.is_alive():
            await asyncio.sleep(0.02)
    code: int | None = process.exitcode
    return code


async def test_two_processes_take_overlapping_files(
    intake: BankIntake, deposits: Deposits, database_url: str
) -> None:
    deposit = await opened(deposits)
    entries = [
        Entry(amount="1.00", reference=f"R{number}", remittance=deposit.reference, end_to_end_id=str(number))
        for number in range(60)
    ]
    files = [notification(entries[:40], message_id="N-1"), notification(entries[20:], message_id="N-2")]
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(target=take_in_process, args=(database_url, content, 2)) for content in files * 2
    ]
    for process in processes:
        process.start()
    assert [await finished(process) for process in processes] == [0, 0, 0, 0]
    assert await received(deposits) == 6_000
    assert [file.file_id for file in await intake.files()] == [2, 1]


async def test_a_process_killed_in_between_leaves_all_or_nothing(
    intake: BankIntake, deposits: Deposits, database_url: str, pool: Any
) -> None:
    deposit = await opened(deposits)
    entries = [
        Entry(amount="1.00", reference=f"R{number}", remittance=deposit.reference, end_to_end_id=str(number))
        for number in range(AT_ONCE_MAX)
    ]
    content = notification(entries)
    await kill_while_it_takes(content, database_url, pool)
    assert await counts(pool) == (0,) * 6
    report = await taken(intake, content)
    assert report.movements == AT_ONCE_MAX
    assert await received(deposits) == 100 * AT_ONCE_MAX


async def test_the_database_itself_keeps_the_facts(intake: BankIntake, desk: Suspense, pool: Any) -> None:
    await taken(intake, statement([Entry(amount="10.00", reference="A")], closing="10.00"))
    for table in ("bank_account", "bank_file", "bank_statement", "bank_movement", "suspense_act", "bank_key"):
        for change in (f"DELETE FROM ledger.{table}", f"TRUNCATE ledger.{table} CASCADE"):
            with pytest.raises(asyncpg.RestrictViolationError):
                await pool.execute(change)
    with pytest.raises(asyncpg.RestrictViolationError):
        await pool.execute("UPDATE ledger.bank_movement SET amount = 0")
    with pytest.raises(asyncpg.CheckViolationError):
        await pool.execute(
            "INSERT INTO ledger.bank_statement SELECT statement_id + 1, file_id, slug, kind, 'x', page, currency,"
            " opens_on, closes_on, opening, closing + 1, credits, debits, movements, chain_gap"
            " FROM ledger.bank_statement"
        )


# Suspense


async def test_a_mistyped_reference_is_assigned_by_one_click(
    intake: BankIntake, deposits: Deposits, desk: Suspense
) -> None:
    deposit = await opened(deposits)
    await opened(deposits, 2, 8, "乙公司")
    wrong = deposit.reference[:-1] + str((int(deposit.reference[-1]) + 1) % 10)
    await taken(intake, notification([Entry(amount="1000.00", reference="A", name="x", remittance=wrong)]))
    (item,) = await desk.items()
    proposal = item.proposal
    assert proposal is not None and (proposal.act, proposal.why) == (
        ProposalAct.ASSIGN,
        Why.CORRECTED_REFERENCE,
    )
    assert (proposal.lot_id, proposal.bidder_id) == (1, 7)
    answer = await desk.assign(item.receipt_id, 1, 7, CASHIER, "one digit wrong")
    assert isinstance(answer, Assigned) and answer.is_complete
    assert await received(deposits) == REQUIRED
    assert await desk.items() == []
    (after,) = await desk.items(only_open=False)
    assert (after.state, after.acted_by, after.lot_id) == (SuspenseState.ASSIGNED, CASHIER, 1)
    assert await desk.assign(item.receipt_id, 1, 7, CASHIER, "again") is SuspenseRefusal.ALREADY_WORKED_OFF
    assert await desk.give_back(item.receipt_id, CASHIER) is SuspenseRefusal.ALREADY_WORKED_OFF


@pytest.mark.parametrize(
    ("amount", "why"), [("1000.00", Why.SAME_PAYER_AND_AMOUNT), ("3.00", Why.SAME_PAYER)]
)
async def test_a_payer_without_reference_is_found_by_name(
    intake: BankIntake, deposits: Deposits, desk: Suspense, amount: str, why: Why
) -> None:
    await opened(deposits)
    await taken(intake, notification([Entry(amount=amount, reference="A", name="甲 公司")]))
    (item,) = await desk.items()
    assert item.proposal is not None
    assert (item.proposal.act, item.proposal.why) == (ProposalAct.ASSIGN, why)


async def test_nobody_is_guessed(intake: BankIntake, deposits: Deposits, desk: Suspense) -> None:
    await opened(deposits, 1, 7)
    await opened(deposits, 2, 7)
    entries = [Entry(amount="1000.00", reference="A"), Entry(amount="1.00", reference="B", name="")]
    await taken(intake, notification(entries))
    for item in await desk.items():
        assert item.proposal is not None
        assert (item.proposal.act, item.proposal.why) == (ProposalAct.GIVE_BACK, Why.NO_DEPOSIT_FOUND)


async def test_a_receipt_is_given_back_once(
    intake: BankIntake, deposits: Deposits, desk: Suspense, store: PostgresLedgerStore
) -> None:
    deposit = await opened(deposits)
    await taken(
        intake, notification([Entry(amount="5.00", reference="A", name="丙", remittance=deposit.reference)])
    )
    (item,) = await desk.items()
    assert item.reason is SuspenseReason.PAYER_MISMATCH
    assert item.proposal is not None and item.proposal.act is ProposalAct.GIVE_BACK
    answer = await desk.give_back(item.receipt_id, CASHIER)
    assert isinstance(answer, GivenBack) and answer.amount == 500
    assert await desk.give_back(item.receipt_id, CHECKER) is SuspenseRefusal.ALREADY_WORKED_OFF
    assert await desk.assign(item.receipt_id, 1, 7, CHECKER, "no") is SuspenseRefusal.ALREADY_WORKED_OFF
    (payout,) = await Payouts(store).payouts()
    assert (payout.payout_id, payout.payee_name, payout.payee_account) == (
        answer.payout_id,
        "丙",
        "6217000010012345678",
    )
    assert isinstance(await Payouts(store).decline(payout.payout_id, CHECKER, "his own after all"), Acted)
    (item,) = await desk.items()
    assert item.state is SuspenseState.OPEN
    assert isinstance(await desk.assign(item.receipt_id, 1, 7, CHECKER, "his wife's account"), Assigned)


@pytest.mark.parametrize(
    ("lot_id", "by", "reason", "expected"),
    [
        (1, 0, "x", SuspenseRefusal.PERSON_MISSING),
        (1, 5, " ", SuspenseRefusal.REASON_MISSING),
        (1, 5, "a\nb", SuspenseRefusal.TEXT_NOT_BOOKABLE),
        (9, 5, "x", SuspenseRefusal.DEPOSIT_UNKNOWN),
        (2, 5, "x", SuspenseRefusal.WRONG_CURRENCY),
        (3, 5, "x", SuspenseRefusal.LOT_CLOSED),
    ],
)
async def test_what_cannot_be_assigned(
    intake: BankIntake,
    deposits: Deposits,
    desk: Suspense,
    lot_id: int,
    by: int,
    reason: str,
    expected: SuspenseRefusal,
) -> None:
    await opened(deposits, 1, 7)
    await opened(deposits, 2, 7, currency="USD")
    await opened(deposits, 3, 7)
    await deposits.settle(LotOutcome(lot_id=3, source_sequence=9, decided_at_us=NOW_US))
    await taken(intake, notification([Entry(amount="5.00", reference="A")]))
    assert await desk.assign("icbc:A", lot_id, 7, by, reason) is expected


async def test_what_came_in_time_may_be_assigned_after_the_deadline_and_what_came_late_may_not(
    intake: BankIntake, deposits: Deposits, desk: Suspense
) -> None:
    in_time_us = 1_772_380_800_000_000  # the centre's 2 March 2026 begins
    in_time = await opened(deposits, 1, 7, pay_by_us=in_time_us)
    late = await opened(deposits, 2, 7, "乙公司", pay_by_us=in_time_us - 1)
    entries = [
        Entry(amount="5.00", reference="A", remittance="?"),
        Entry(amount="6.00", reference="B", name="乙公司", remittance=late.reference),
    ]
    await taken(intake, notification(entries))
    first, second = await desk.items()
    assert (first.proposal, second.proposal) == (
        Proposal(
            act=ProposalAct.ASSIGN, why=Why.SAME_PAYER, lot_id=1, bidder_id=7, reference=in_time.reference
        ),
        Proposal(act=ProposalAct.GIVE_BACK, why=Why.NOT_ACCEPTABLE),
    )
    assert isinstance(await desk.assign("icbc:A", 1, 7, CASHIER, "his"), Assigned)
    assert await desk.assign("icbc:B", 2, 7, CASHIER, "his") is SuspenseRefusal.DEADLINE_PASSED
    assert isinstance(await desk.give_back("icbc:B", CASHIER), GivenBack)


async def test_receipts_that_are_not_in_suspense(
    intake: BankIntake, deposits: Deposits, desk: Suspense
) -> None:
    deposit = await opened(deposits)
    await taken(intake, notification([Entry(amount="5.00", reference="A", remittance=deposit.reference)]))
    assert await desk.assign("icbc:A", 1, 7, CASHIER, "x") is SuspenseRefusal.NOT_IN_SUSPENSE
    assert await desk.give_back("icbc:Z", CASHIER) is SuspenseRefusal.RECEIPT_UNKNOWN


async def test_one_receipt_is_worked_off_by_one_of_many(
    intake: BankIntake, deposits: Deposits, desk: Suspense
) -> None:
    await opened(deposits, 1, 7)
    await opened(deposits, 1, 8, "乙公司")
    await taken(intake, notification([Entry(amount="5.00", reference="A")]))
    answers = await asyncio.gather(
        *(desk.assign("icbc:A", 1, bidder, CASHIER, "x") for bidder in (7, 8) * 3),
        *(desk.give_back("icbc:A", CASHIER) for _ in range(3)),
    )
    assert sum(not isinstance(answer, SuspenseRefusal) for answer in answers) == 1
    assert {a for a in answers if isinstance(a, SuspenseRefusal)} == {SuspenseRefusal.ALREADY_WORKED_OFF}


def csv_of(reference: str, amount: str) -> bytes:
    head = "account,currency,bank_reference,booked_at,direction,amount"
    return f"{head}\n{ACCOUNT},CNY,{reference},2026-03-02,credit,{amount}\n".encode()


async def reversed_posting(store: PostgresLedgerStore, purpose: Purpose, amount: int = 500) -> object:
    """Undo the only posting of a purpose and amount, by two persons."""
    async with store.reading() as reader:
        every = [posting.transfer async for posting in reader.postings()]
    (found,) = [transfer for transfer in every if (transfer.purpose, transfer.amount) == (purpose, amount)]
    proposal = await Reversals(store).reverse(found.id, CASHIER, "a mistake")
    assert isinstance(proposal, Reversal)
    return await Reversals(store).confirm(proposal.proposal_id, CHECKER)


async def test_a_wrong_assignment_is_reversed_and_made_right(
    intake: BankIntake, deposits: Deposits, desk: Suspense, store: PostgresLedgerStore
) -> None:
    await opened(deposits, 1, 7)
    await opened(deposits, 1, 8, "乙公司")
    await taken(intake, notification([Entry(amount="5.00", reference="A", name="x")]))
    assert isinstance(await desk.assign("icbc:A", 1, 7, CASHIER, "his"), Assigned)
    assert isinstance(await reversed_posting(store, Purpose.SUSPENSE_ASSIGNED), Reversal)
    (item,) = await desk.items()
    assert item.state is SuspenseState.OPEN
    assert isinstance(await desk.give_back("icbc:A", CASHIER), GivenBack)
    (payout,) = await Payouts(store).payouts()
    await Payouts(store).decline(payout.payout_id, CHECKER, "the other one's")
    assert isinstance(await desk.assign("icbc:A", 1, 8, CASHIER, "the other one's"), Assigned)
    assert await desk.assign("icbc:A", 1, 7, CASHIER, "again") is SuspenseRefusal.ALREADY_WORKED_OFF
    assert await received(deposits, 1, 8) == 500


async def test_a_receipt_that_was_reversed_is_no_longer_there(
    intake: BankIntake, deposits: Deposits, desk: Suspense, store: PostgresLedgerStore
) -> None:
    await opened(deposits)
    await taken(intake, notification([Entry(amount="5.00", reference="A")]))
    assert isinstance(await reversed_posting(store, Purpose.SUSPENSE_RECEIVED), Reversal)
    assert await desk.items() == []
    assert await desk.assign("icbc:A", 1, 7, CASHIER, "x") is SuspenseRefusal.ALREADY_WORKED_OFF
    (item,) = await desk.items(only_open=False)
    assert item.state is SuspenseState.REVERSED


async def test_a_receipt_that_was_worked_off_is_not_reversed_out_of_others_money(
    intake: BankIntake, deposits: Deposits, desk: Suspense, store: PostgresLedgerStore
) -> None:
    await opened(deposits)
    await taken(intake, notification([Entry(amount="5.00", reference="A")]))
    await taken(intake, csv_of("B", "9.00"))
    assert isinstance(await desk.assign("icbc:A", 1, 7, CASHIER, "his"), Assigned)
    answer = await Reversals(store).reverse(receipt_transfer_id("icbc:A"), CASHIER, "a mistake")
    assert answer == ReversalRefused(refusal=ReversalRefusal.HAS_LEFT_SUSPENSE)


# Accounts and keys


async def test_an_account_is_registered_once(store: PostgresLedgerStore) -> None:
    accounts = BankAccounts(store)
    new = NewBankAccount(slug="boc", number="BE71 0961 2345 6769", currency="EUR", is_main=True)
    first = await accounts.register(new, CASHIER)
    assert isinstance(first, BankAccount)
    assert (first.account, first.number) == ("assets:bank:eur", "BE71096123456769")
    assert await accounts.register(new, CHECKER) == first
    other = NewBankAccount(slug="boc", number="1", currency="EUR")
    assert await accounts.register(other, CASHIER) is BankAccountRefusal.BANK_ACCOUNT_DIFFERS
    taken = NewBankAccount(slug="boc2", number="BE71096123456769", currency="EUR")
    assert await accounts.register(taken, CASHIER) is BankAccountRefusal.NUMBER_TAKEN
    assert [account.slug for account in await accounts.accounts()] == ["boc", "icbc"]


async def test_a_key_is_shown_once_and_ends(store: PostgresLedgerStore) -> None:
    accounts = BankAccounts(store)
    assert await accounts.make_key("nobody", CASHIER) is BankAccountRefusal.BANK_ACCOUNT_UNKNOWN
    key = await accounts.make_key("icbc", CASHIER)
    assert isinstance(key, BankKey) and len(key.secret) == 32
    assert [shown.secret for shown in await accounts.keys("icbc")] == [b""]
    assert await accounts.live_key(key.key_id) == key
    ended = await accounts.end_key(key.key_id, CHECKER)
    assert isinstance(ended, BankKey) and ended.ended_at_us is not None
    assert await accounts.live_key(key.key_id) is None
    assert await accounts.live_key("nothing") is None
