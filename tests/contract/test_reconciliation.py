"""Comparing the books with the bank on a real database."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date

import asyncpg
import pytest

from ledger.bank.intake import BankIntake
from ledger.bank.records import BankAccountRefusal, IntakeReport
from ledger.bank.registry import BankAccounts, NewBankAccount
from ledger.bank_matching import DifferenceReason, Match, Rule
from ledger.reconciliation import Reconciliation, ReconciliationRefusal, WriteOffNotPosted
from ledger.reconciliation_records import Against, BankSide, DayReconciliation, WriteOff
from ledger.rules import LedgerRefusal
from tests.bank_files import ACCOUNT, Entry, notification, statement
from tests.closing import ACCOUNTANT, BANK, CHECKER, Office, running_office
from tests.payouts import CASHIER, Centre, running_centre


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    async with running_office(database_url) as office:
        yield office


async def compared(office: Office, days_ago: int) -> DayReconciliation:
    await office.reconciliation.reconcile()
    found = await office.reconciliation.day(BANK, office.ago(days_ago))
    assert found is not None
    return found


def reasons(compared: DayReconciliation) -> list[tuple[DifferenceReason, int]]:
    return [(one.reason, one.amount) for one in compared.differences]


def made(answer: object) -> WriteOff:
    assert isinstance(answer, WriteOff), answer
    return answer


async def test_a_day_on_which_both_say_the_same(office: Office) -> None:
    await office.received("r1", 500, office.ago(1))
    await office.received("r2", 70, office.ago(1))
    await office.statement(office.ago(1), [("r1", 500), ("r2", 70)], opening=0)
    day = await compared(office, 1)
    side = BankSide(opening=0, came_in=570, went_out=0, closing=570)
    assert (day.bank, day.books, day.difference) == (side, side, 0)
    assert (day.differences, day.older, day.is_balanced) == ((), 0, True)


async def test_matches_are_found_once(office: Office) -> None:
    await office.received("r1", 500, office.ago(1))
    await office.statement(office.ago(1), [("r1", 500)], opening=0)
    assert [found.matches for found in await office.reconciliation.reconcile()] == [1]
    assert [found.matches for found in await office.reconciliation.reconcile()] == [0]


async def test_two_who_reconcile_at_once_find_it_once(office: Office) -> None:
    await office.received("r1", 500, office.ago(1))
    await office.statement(office.ago(1), [("r1", 500)], opening=0)
    answers = await asyncio.gather(*(office.reconciliation.reconcile() for _ in range(4)))
    assert sum(found.matches for answer in answers for found in answer) == 1


async def test_a_quiet_day_needs_no_statement(office: Office) -> None:
    await office.received("r1", 500, office.ago(1))
    assert (await compared(office, 2)).is_balanced
    assert reasons(await compared(office, 1)) == [
        (DifferenceReason.STATEMENT_MISSING, 500),
        (DifferenceReason.IN_BOOKS_NOT_IN_BANK, 500),
    ]


async def test_what_only_one_side_knows_is_listed(office: Office) -> None:
    await office.received("r1", 500, office.ago(1))
    await office.received("only in the books", 70, office.ago(1))
    (_, fee) = await office.statement(office.ago(1), [("r1", 500), ("fee", -7)], opening=0)
    day = await compared(office, 1)
    assert reasons(day) == [
        (DifferenceReason.IN_BANK_NOT_IN_BOOKS, -7),
        (DifferenceReason.IN_BOOKS_NOT_IN_BANK, 70),
    ]
    assert day.difference == 493 - 570
    assert (day.differences[0].movement_id, day.differences[0].reference) == (fee, "fee")
    assert (await compared(office, 0)).older == 2


async def test_the_same_amount_near_by_is_suggested_and_a_person_decides(office: Office) -> None:
    await office.received("r1", 500, office.ago(2))
    (movement_id,) = await office.statement(office.ago(1), [("another name", 500)], opening=0)
    day = await compared(office, 1)
    (difference,) = day.differences
    assert (difference.reason, difference.suggested) == (DifferenceReason.IN_BANK_NOT_IN_BOOKS, 1)
    match = await office.reconciliation.match(BANK, [movement_id], [1], "seen on paper", CHECKER)
    assert match == Match(rule=Rule.MANUAL, movement_ids=(movement_id,), sequences=(1,))
    day = await compared(office, 1)
    assert reasons(day) == [(DifferenceReason.DAY_DIFFERS, 500)]
    assert day.is_balanced


async def test_what_a_person_cannot_match(office: Office) -> None:
    await office.received("r1", 500, office.ago(1))
    await office.received("r2", 30, office.ago(1))
    one, other = await office.statement(office.ago(1), [("x", 501), ("r2", 30)], opening=0)
    await office.reconciliation.reconcile()
    match = office.reconciliation.match
    assert await match(BANK, [one], [1], "", 1) is ReconciliationRefusal.NOTE_MISSING
    assert await match(BANK, [one], [1], "\x01", 1) is ReconciliationRefusal.NOTE_NOT_BOOKABLE
    assert await match("assets:bank:eur", [one], [1], "n", 1) is ReconciliationRefusal.ACCOUNT_UNKNOWN
    assert await match(BANK, [], [], "n", 1) is ReconciliationRefusal.LINES_MISSING
    assert await match(BANK, [one], [99], "n", 1) is ReconciliationRefusal.LINE_UNKNOWN
    assert await match(BANK, [other], [1], "n", 1) is ReconciliationRefusal.LINE_ALREADY_MATCHED
    assert await match(BANK, [one], [1], "n", 1) is ReconciliationRefusal.SUMS_DIFFER


async def test_a_statement_that_does_not_go_on_is_listed(office: Office) -> None:
    await office.statement(office.ago(3), [("r1", 500)], opening=0)
    await office.statement(office.ago(1), [("r3", 20)], opening=530)
    assert (DifferenceReason.STATEMENT_GAP, 30) in reasons(await compared(office, 1))
    await office.statement(office.ago(2), [("r2", 30)], opening=500)
    assert DifferenceReason.STATEMENT_GAP not in dict(reasons(await compared(office, 1)))


async def test_a_movement_that_two_statements_tell_counts_once(office: Office) -> None:
    await office.received("r1", 500, office.ago(1))
    await office.statement(office.ago(1), [("r1", 500)], opening=0)
    await office.statement(office.ago(1), [("r1", 500)], opening=0)
    assert (await compared(office, 1)).is_balanced


async def test_a_movement_that_one_statement_tells_twice_is_a_duplicate(office: Office) -> None:
    await office.received("r1", 500, office.ago(1))
    await office.statement(office.ago(1), [("r1", 500), ("r1", 500)], opening=0)
    for _ in range(2):
        assert reasons(await compared(office, 1)) == [(DifferenceReason.DUPLICATE_IN_BANK, 500)]


async def test_another_amount_under_the_same_name(office: Office) -> None:
    await office.received("r1", 500, office.ago(1))
    await office.statement(office.ago(1), [("r1", 493)], opening=0)
    day = await compared(office, 1)
    assert [(one.reason, one.amount, one.other_amount) for one in day.differences] == [
        (DifferenceReason.AMOUNT_DIFFERS, 493, 500),
        (DifferenceReason.AMOUNT_DIFFERS, 500, 493),
    ]


async def test_a_late_statement_of_a_closed_day_does_not_stop_the_next(office: Office) -> None:
    await office.received("r1", 500, office.ago(2))
    await office.closed(office.ago(2))
    await office.statement(office.ago(2), [("r1", 500), ("r2", 70)], opening=0)
    await office.received("r2", 70, office.ago(2))
    day = await compared(office, 1)
    assert reasons(day) == [(DifferenceReason.DAY_DIFFERS, 70)]
    assert (day.books.closing, day.is_balanced) == (570, True)
    closed = await office.closed(office.ago(1), "")
    assert (closed.carried_over, closed.open_points) == (1, ())


# Write-offs


async def test_a_fee_is_written_off_by_two_persons(office: Office) -> None:
    await office.received("r1", 500, office.ago(1))
    _, fee = await office.statement(office.ago(1), [("r1", 500), ("fee", -7)], opening=0)
    await office.reconciliation.reconcile()
    books = office.reconciliation
    proposal = made(await books.propose_write_off(BANK, Against.BANK_CHARGES, [fee], [], "fee", ACCOUNTANT))
    assert (proposal.amount, await office.balance(BANK)) == (-7, 500)
    assert await books.write_offs(is_open=True) == [proposal]
    same = await books.confirm_write_off(proposal.proposal_id, ACCOUNTANT)
    assert same is ReconciliationRefusal.SAME_PERSON
    confirmed = made(await books.confirm_write_off(proposal.proposal_id, CHECKER))
    assert (confirmed.is_confirmed, confirmed.decided_by) == (True, CHECKER)
    assert await office.balance("expenses:bank-charges:cny") == 7
    day = await compared(office, 1)
    assert (day.is_balanced, day.difference, day.differences) == (True, 0, ())
    again = await books.confirm_write_off(proposal.proposal_id, CHECKER)
    assert again is ReconciliationRefusal.ALREADY_DECIDED


async def test_an_amount_that_differs_is_written_off_with_its_posting(office: Office) -> None:
    await office.received("r1", 500, office.ago(1))
    (movement_id,) = await office.statement(office.ago(1), [("r1", 493)], opening=0)
    books = office.reconciliation
    proposal = made(
        await books.propose_write_off(
            BANK, Against.BANK_CHARGES, [movement_id], [1], "they kept 7", ACCOUNTANT
        )
    )
    made(await books.confirm_write_off(proposal.proposal_id, CHECKER))
    assert (await compared(office, 1)).is_balanced
    assert await office.balance(BANK) == 493


async def test_checkers_at_once_write_off_once(office: Office) -> None:
    (interest,) = await office.statement(office.ago(1), [("interest", 9)], opening=0)
    await office.received("r1", 1, office.ago(3))
    books = office.reconciliation
    proposal = made(
        await books.propose_write_off(BANK, Against.BANK_INTEREST, [interest], [], "interest", ACCOUNTANT)
    )
    answers = await asyncio.gather(
        *(books.confirm_write_off(proposal.proposal_id, CHECKER + number) for number in range(4))
    )
    assert sum(isinstance(answer, WriteOff) for answer in answers) == 1
    assert await office.balance("income:bank-interest:cny") == -9


async def test_lines_that_were_matched_meanwhile_are_not_written_off(office: Office) -> None:
    await office.received("r1", 500, office.ago(1))
    (movement_id,) = await office.statement(office.ago(1), [("x", 500)], opening=0)
    books = office.reconciliation
    proposal = made(
        await books.propose_write_off(BANK, Against.BANK_INTEREST, [movement_id], [], "interest?", ACCOUNTANT)
    )
    await books.match(BANK, [movement_id], [1], "it is r1", CHECKER)
    answer = await books.confirm_write_off(proposal.proposal_id, CHECKER)
    assert answer is ReconciliationRefusal.LINE_ALREADY_MATCHED
    declined = made(await books.decline_write_off(proposal.proposal_id, ACCOUNTANT, "it was r1"))
    assert (declined.is_confirmed, declined.decision_note) == (False, "it was r1")


async def test_a_write_off_that_the_account_cannot_bear_is_refused(office: Office) -> None:
    await office.received("r1", 5, office.ago(1))
    (fee,) = await office.statement(office.ago(1), [("fee", -7)], opening=0)
    books = office.reconciliation
    proposal = made(await books.propose_write_off(BANK, Against.BANK_CHARGES, [fee], [], "fee", ACCOUNTANT))
    answer = await books.confirm_write_off(proposal.proposal_id, CHECKER)
    assert answer == WriteOffNotPosted(LedgerRefusal.EXCEEDS_DEBITS)


async def test_what_the_bank_held_before_is_booked_by_two_persons(office: Office) -> None:
    await office.received("r1", 500, office.ago(1))
    await office.statement(office.ago(1), [("r1", 500)], opening=1_000)
    books = office.reconciliation
    assert reasons(await compared(office, 1)) == [(DifferenceReason.OPENING_DIFFERS, 1_000)]
    proposal = made(await books.propose_opening(BANK, office.ago(1), "before we began", ACCOUNTANT))
    twin = made(await books.propose_opening(BANK, office.ago(1), "before we began", ACCOUNTANT))
    made(await books.confirm_write_off(proposal.proposal_id, CHECKER))
    day = await compared(office, 1)
    assert (day.is_balanced, day.difference, day.differences) == (True, 0, ())
    assert await office.balance("equity:opening-balance:cny") == -1_000
    answer = await books.confirm_write_off(twin.proposal_id, CHECKER)
    assert answer is ReconciliationRefusal.NOTHING_TO_WRITE_OFF


# Reversals at the bank


async def test_a_posting_and_its_reversal_are_one_match(office: Office) -> None:
    wrong = await office.received("typed twice", 500, office.ago(1))
    proposal = await office.reversals.reverse(wrong.id, ACCOUNTANT, "typed twice")
    assert hasattr(proposal, "proposal_id")
    await office.reversals.confirm(1, CHECKER)
    await office.reconciliation.reconcile()
    assert await office.reconciliation.unmatched(BANK) == []


# Files of the bank, as intake books them


async def taken(office: Office | Centre, content: bytes) -> None:
    report = await BankIntake(office.store).take(content, ACCOUNTANT)
    assert isinstance(report, IntakeReport), report


async def registered(office: Office | Centre) -> None:
    new = NewBankAccount(slug="main", number=ACCOUNT, currency="CNY", is_main=True)
    assert not isinstance(await BankAccounts(office.store).register(new, ACCOUNTANT), BankAccountRefusal)


async def of_march(office: Office) -> DayReconciliation:
    await office.reconciliation.reconcile()
    found = await office.reconciliation.day(BANK, date(2026, 3, 2))
    assert found is not None
    return found


async def test_a_statement_of_the_bank_is_what_it_booked(office: Office) -> None:
    await registered(office)
    entries = [Entry(amount="500.00", reference="B-1"), Entry(amount="70.00", reference="B-2")]
    await taken(office, statement(entries, closing="570.00"))
    day = await of_march(office)
    assert (day.differences, day.difference, day.is_balanced) == ((), 0, True)
    assert day.bank == BankSide(opening=0, came_in=570_00, went_out=0, closing=570_00)


async def test_money_that_was_announced_first_is_matched_with_the_statement(office: Office) -> None:
    await registered(office)
    entries = [Entry(amount="500.00", reference="B-1")]
    await taken(office, notification(entries))
    assert (await of_march(office)).is_statement_missing
    await taken(office, statement(entries, closing="500.00"))
    assert (await of_march(office)).is_balanced


async def test_a_collective_receipt_and_its_parts_in_either_order(office: Office) -> None:
    await registered(office)
    parts = (("P-1", "100.00", "甲公司", ""), ("P-2", "200.00", "乙公司", ""))
    whole, single = (
        Entry(amount="300.00", reference="C-1"),
        Entry(amount="300.00", reference="C-1", parts=parts),
    )
    await taken(office, statement([whole], closing="300.00"))
    assert (await of_march(office)).is_balanced
    await taken(office, notification([single]))
    day = await of_march(office)
    assert (day.is_balanced, day.differences) == (True, ())


async def test_the_parts_of_a_collective_receipt_before_the_whole(office: Office) -> None:
    await registered(office)
    parts = (("P-1", "100.00", "甲公司", ""), ("P-2", "200.00", "乙公司", ""))
    await taken(office, notification([Entry(amount="300.00", reference="C-1", parts=parts)]))
    await taken(office, statement([Entry(amount="300.00", reference="C-1")], closing="300.00"))
    day = await of_march(office)
    assert (day.is_balanced, day.differences) == (True, ())


async def test_a_payout_is_matched_with_the_debit_that_names_it(database_url: str) -> None:
    async with running_centre(database_url) as centre:
        await registered(centre)
        _, (payout,) = await centre.sent()
        debit = Entry(amount="100.00", reference="D-1", is_credit=False, end_to_end_id=payout.end_to_end_id)
        content = statement([debit], opening="100.00", closing="0.00")
        await taken(centre, content)
        await centre.payouts.read_movements(CASHIER)
        books = Reconciliation(centre.store)
        assert [found.matches for found in await books.reconcile()] == [1]
        day = await books.day(BANK, date(2026, 3, 2))
        assert day is not None
        assert (day.difference, reasons(day)) == (0, []), "it is booked on the day of the bank"
        assert [one.reason for one in await books.unmatched(BANK)] == [DifferenceReason.IN_BOOKS_NOT_IN_BANK]


# The database


async def test_the_database_keeps_matches_and_their_sums(office: Office) -> None:
    await office.received("r1", 500, office.ago(1))
    await office.received("r2", 400, office.ago(1))
    one, other = await office.statement(office.ago(1), [("r1", 500), ("x", 401)], opening=0)
    await office.reconciliation.reconcile()
    uneven = f"""
        WITH match AS (INSERT INTO ledger.bank_match VALUES (9, '{BANK}', 'manual', 'n', 1, 1))
        INSERT INTO ledger.bank_match_line VALUES (9, {other}, NULL), (9, NULL, 2)
    """
    for change in (
        uneven,
        "UPDATE ledger.bank_match SET note = 'x'",
        "DELETE FROM ledger.bank_match_line",
        f"INSERT INTO ledger.bank_match_line VALUES (1, {one}, NULL)",
    ):
        with pytest.raises(asyncpg.PostgresError):
            await office.pool.execute(change)
