"""Undoing postings on a real database."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any, TypeVar
from uuid import UUID

import asyncpg
import pytest

from ledger.accounting_days import TIME_ZONE, accounting_day, day_ends_us
from ledger.bank.records import Assigned, GivenBack
from ledger.bank.suspense import Suspense
from ledger.deposits import Deposits
from ledger.posting_search import PostingSearch
from ledger.records import BankReceipt, Deposit
from ledger.reversal_records import Reversal
from ledger.reversals import ReversalRefusal, ReversalRefused, reversal, reversal_id
from ledger.rules import LedgerRefusal
from ledger.transfers import Kind, Purpose, Transfer, derived_id
from tests.closing import ACCOUNTANT, BANK, CHECKER, OWED, SUSPENSE, THIRD, Office, running_office

Answer = TypeVar("Answer")


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    async with running_office(database_url) as office:
        yield office


def done(answer: object) -> Reversal:
    assert isinstance(answer, Reversal), answer
    return answer


def refusal(answer: object) -> ReversalRefusal:
    assert isinstance(answer, ReversalRefused), answer
    return answer.refusal


async def undone(office: Office, transfer_id: UUID) -> Reversal:
    proposal = done(await office.reversals.reverse(transfer_id, ACCOUNTANT, "a mistake"))
    return done(await office.reversals.confirm(proposal.proposal_id, CHECKER))


async def test_the_opposite_is_posted_by_two_persons(office: Office) -> None:
    await office.received("r1", 500, office.ago(1))
    wrong = await office.moved("wrong", 200, office.ago(1))
    proposal = done(await office.reversals.reverse(wrong.id, ACCOUNTANT, " a mistake "))
    assert (proposal.reason, proposal.is_confirmed) == ("a mistake", None)
    assert await office.balance(OWED) == -200
    assert (
        refusal(await office.reversals.confirm(proposal.proposal_id, ACCOUNTANT))
        is ReversalRefusal.SAME_PERSON
    )
    confirmed = done(await office.reversals.confirm(proposal.proposal_id, CHECKER))
    assert (confirmed.decided_by, confirmed.posting_id) == (CHECKER, reversal_id(wrong.id))
    assert (await office.balance(OWED), await office.balance(SUSPENSE)) == (0, -500)
    async with office.store.reading() as reader:
        *_, last = [posting.transfer async for posting in reader.postings()]
    assert (last.debit, last.credit, last.amount) == (OWED, SUSPENSE, 200)
    assert (last.purpose, last.reference, last.memo) == (Purpose.REVERSAL, str(wrong.id), "a mistake")
    assert await office.reversals.reversals(is_open=False) == [confirmed]


async def test_a_posting_is_undone_once(office: Office) -> None:
    await office.received("r1", 500, office.ago(1))
    wrong = await office.moved("wrong", 200, office.ago(1))
    await undone(office, wrong.id)
    again = await office.reversals.reverse(wrong.id, THIRD, "again")
    assert refusal(again) is ReversalRefusal.ALREADY_REVERSED


async def test_checkers_at_once_post_it_once(office: Office) -> None:
    await office.received("r1", 500, office.ago(1))
    wrong = await office.moved("wrong", 200, office.ago(1))
    proposal = done(await office.reversals.reverse(wrong.id, ACCOUNTANT, "a mistake"))
    answers = await asyncio.gather(
        *(office.reversals.confirm(proposal.proposal_id, CHECKER + number) for number in range(5))
    )
    assert sum(isinstance(answer, Reversal) for answer in answers) == 1
    assert {answer.refusal for answer in answers if isinstance(answer, ReversalRefused)} == {
        ReversalRefusal.ALREADY_DECIDED
    }
    assert await office.balance(OWED) == 0


async def test_a_reversal_is_not_reversed(office: Office) -> None:
    await office.received("r1", 500, office.ago(1))
    wrong = await office.moved("wrong", 200, office.ago(1))
    confirmed = await undone(office, wrong.id)
    assert confirmed.posting_id is not None
    answer = await office.reversals.reverse(confirmed.posting_id, ACCOUNTANT, "after all")
    assert refusal(answer) is ReversalRefusal.IS_REVERSAL


async def test_money_that_has_gone_on_is_not_taken_back(office: Office) -> None:
    first = await office.received("r1", 500, office.ago(1))
    further = await office.moved("further", 300, office.ago(1))
    proposal = done(await office.reversals.reverse(first.id, ACCOUNTANT, "not ours"))
    answer = await office.reversals.confirm(proposal.proposal_id, CHECKER)
    assert answer == ReversalRefused(
        refusal=ReversalRefusal.BREAKS_PROMISE,
        ledger_refusal=LedgerRefusal.EXCEEDS_CREDITS,
        account=SUSPENSE,
        available=200,
    )
    assert await office.balance(BANK) == 500
    await undone(office, further.id)
    confirmed = done(await office.reversals.confirm(proposal.proposal_id, CHECKER))
    assert confirmed.is_confirmed
    assert await office.balance(BANK) == 0


async def test_what_has_left_suspense_is_brought_back_first(office: Office) -> None:
    deposits = Deposits(office.store, lambda: 1)
    assert isinstance(await deposits.open(1, 7, 500, "CNY", "payer"), Deposit)
    desk = Suspense(office.store)
    first = await office.received("r1", 500, office.ago(1))
    second = await office.received("r2", 500, office.ago(1))
    waiting = done(await office.reversals.reverse(first.id, ACCOUNTANT, "not ours"))
    assert isinstance(await desk.assign("r1", 1, 7, THIRD, "his"), Assigned)
    assert refusal(await office.reversals.confirm(waiting.proposal_id, CHECKER)) is (
        ReversalRefusal.HAS_LEFT_SUSPENSE
    )
    assert isinstance(await desk.give_back("r2", THIRD), GivenBack)
    assert refusal(await office.reversals.reverse(second.id, ACCOUNTANT, "not ours")) is (
        ReversalRefusal.HAS_LEFT_SUSPENSE
    )
    assert await office.balance(BANK) == 1_000


async def test_a_live_hold_is_voided_instead(office: Office) -> None:
    await office.received("r1", 500, office.ago(1))
    hold = Transfer(
        id=derived_id("test", "hold"),
        kind=Kind.PENDING,
        debit=SUSPENSE,
        credit=OWED,
        amount=300,
        currency="CNY",
        purpose=Purpose.SUSPENSE_ASSIGNED,
    )
    await office.posted(hold)
    await undone(office, hold.id)
    async with office.store.reading() as reader:
        account = await reader.account(SUSPENSE)
        *_, last = [posting.transfer async for posting in reader.postings()]
    assert account is not None
    assert (account.debits_pending, account.available_credit) == (0, 500)
    assert (last.kind, last.pending_id) == (Kind.VOID, hold.id)
    assert refusal(await office.reversals.reverse(last.id, ACCOUNTANT, "no")) is ReversalRefusal.MOVED_NOTHING


async def test_an_ended_hold_is_undone_by_what_it_was_posted_with(office: Office) -> None:
    await office.received("r1", 500, office.ago(1))
    hold = Transfer(
        id=derived_id("test", "hold"),
        kind=Kind.PENDING,
        debit=SUSPENSE,
        credit=OWED,
        amount=300,
        currency="CNY",
        purpose=Purpose.SUSPENSE_ASSIGNED,
    )
    await office.posted(hold)
    end = Transfer(id=derived_id("test", "end"), kind=Kind.POST, pending_id=hold.id, amount=250)
    await office.posted(end)
    assert (
        refusal(await office.reversals.reverse(hold.id, ACCOUNTANT, "no")) is ReversalRefusal.HOLD_HAS_ENDED
    )
    await undone(office, end.id)
    assert (await office.balance(SUSPENSE), await office.balance(OWED)) == (-500, 0)


async def test_the_hold_of_a_deposit_ends_with_its_lot(office: Office) -> None:
    deposits = Deposits(office.store, lambda: 1)
    deposit = await deposits.open(1, 7, 0, "CNY", "payer")
    assert isinstance(deposit, Deposit)
    await deposits.hold(1, 7)
    answer = await office.reversals.reverse(deposit.hold_id, ACCOUNTANT, "no")
    assert refusal(answer) in (ReversalRefusal.MOVED_NOTHING, ReversalRefusal.HAS_OWN_PROCEDURE)


async def test_a_posting_of_a_closed_day_is_undone_on_an_open_one(office: Office) -> None:
    await office.received("r1", 500, office.ago(1))
    wrong = await office.moved("wrong", 200, office.ago(1))
    await office.closed(office.ago(1))
    await undone(office, wrong.id)
    row = await office.pool.fetchrow("SELECT * FROM ledger.booking WHERE id = $1", reversal_id(wrong.id))
    assert row["booked_at_us"] >= day_ends_us(office.ago(1), TIME_ZONE)
    assert not row["is_carried_over"]


async def test_a_declined_proposal_can_be_made_again(office: Office) -> None:
    await office.received("r1", 500, office.ago(1))
    wrong = await office.moved("wrong", 200, office.ago(1))
    proposal = done(await office.reversals.reverse(wrong.id, ACCOUNTANT, "a mistake"))
    again = await office.reversals.reverse(wrong.id, THIRD, "me too")
    assert refusal(again) is ReversalRefusal.ALREADY_PROPOSED
    empty = await office.reversals.decline(proposal.proposal_id, CHECKER, " ")
    assert refusal(empty) is ReversalRefusal.REASON_MISSING
    declined = done(await office.reversals.decline(proposal.proposal_id, CHECKER, "it is right"))
    assert (declined.is_confirmed, declined.decision_reason) == (False, "it is right")
    late = await office.reversals.confirm(proposal.proposal_id, THIRD)
    assert refusal(late) is ReversalRefusal.ALREADY_DECIDED
    await undone(office, wrong.id)


async def test_what_cannot_be_proposed(office: Office) -> None:
    wrong = await office.moved("nothing", 0, office.ago(1))
    reverse = office.reversals.reverse
    assert refusal(await reverse(wrong.id, 1, "")) is ReversalRefusal.REASON_MISSING
    assert refusal(await reverse(wrong.id, 1, "a\x00b")) is ReversalRefusal.REASON_NOT_BOOKABLE
    assert refusal(await reverse(derived_id("nobody"), 1, "x")) is ReversalRefusal.POSTING_UNKNOWN
    assert refusal(await reverse(wrong.id, 1, "x")) is ReversalRefusal.MOVED_NOTHING
    assert refusal(await office.reversals.confirm(77, 1)) is ReversalRefusal.PROPOSAL_UNKNOWN


async def test_the_database_wants_a_second_person(office: Office) -> None:
    await office.received("r1", 500, office.ago(1))
    wrong = await office.moved("wrong", 200, office.ago(1))
    proposal = done(await office.reversals.reverse(wrong.id, ACCOUNTANT, "a mistake"))
    for statement in (
        f"INSERT INTO ledger.reversal_decision VALUES (1, '{wrong.id}', true, '', {ACCOUNTANT}, 1, '{wrong.id}')",
        f"INSERT INTO ledger.reversal_decision VALUES (1, '{wrong.id}', true, '', {CHECKER}, 1, NULL)",
        "UPDATE ledger.reversal_proposal SET reason = 'other'",
        "DELETE FROM ledger.reversal_proposal",
    ):
        with pytest.raises(asyncpg.PostgresError):
            await office.pool.execute(statement)
    assert proposal.proposal_id == 1


def test_the_opposite_of_the_opposite_is_the_original() -> None:
    original = Transfer(
        id=derived_id("one"),
        debit="assets:a",
        credit="assets:b",
        amount=5,
        currency="CNY",
        purpose=Purpose.REVERSAL,
    )
    twice = reversal(reversal(original, 1, "x"), 2, "y")
    assert (twice.debit, twice.credit, twice.amount) == (original.debit, original.credit, original.amount)
    assert len({original.id, reversal_id(original.id), twice.id}) == 3


async def test_a_posting_is_found_as_people_remember_it(office: Office) -> None:
    deposit = await Deposits(office.store, lambda: 0).open(12, 7, 900, "CNY", "某 公司")
    assert isinstance(deposit, Deposit)
    await office.received("bank-77", 500, office.ago(1))
    wrong = await office.moved("wrong", 200, office.ago(1))
    paid = await office.moved("paid", 300, office.ago(1), credit=OWED)
    search = PostingSearch(office.store)

    async def found(**wanted: Any) -> list[str]:
        return [posting.reference for posting in await search.find(**wanted)]

    assert await found() == [paid.reference, wrong.reference, "bank-77"]
    assert await found(amount=200, words="200") == ["wrong"]
    assert await found(words=" PAYER ") == ["bank-77"]
    assert await found(words="ban k-77") == ["bank-77"], "blanks within a reference do not count"
    assert await found(words="%") == []
    assert await found(day=accounting_day(time.time_ns() // 1000, TIME_ZONE)) == await found()
    assert await found(day=office.ago(400)) == []

    receipt = BankReceipt(
        receipt_id="bank-78",
        reference=deposit.reference,
        amount=400,
        currency="CNY",
        payer_name="某 公司",
        received_at_us=time.time_ns() // 1000,
    )
    await Deposits(office.store, lambda: 0).receive(receipt)
    grouped = f"{deposit.reference[:4]} {deposit.reference[4:]}"
    for wanted in ({"lot_id": 12}, {"words": "公司"}, {"words": grouped}, {"amount": 400}):
        assert await found(**wanted) == ["bank-78"], wanted
    assert await found(lot_id=1) == []


async def test_both_balances_are_told_before_anything_is_undone(office: Office) -> None:
    first = await office.received("r1", 500, office.ago(1))
    wrong = await office.moved("wrong", 200, office.ago(1))
    search = PostingSearch(office.store)
    preview = await search.preview(wrong.id)
    assert preview is not None and preview.refusal is None
    assert [(one.code, one.before, one.after, one.is_enough) for one in preview.accounts] == [
        (SUSPENSE, -300, -500, True),
        (OWED, -200, 0, True),
    ]
    gone_on = await search.preview(first.id)
    assert gone_on is not None and [one.is_enough for one in gone_on.accounts] == [True, False]
    await undone(office, wrong.id)
    assert await office.balance(SUSPENSE) == preview.accounts[0].after
    again = await search.preview(wrong.id)
    assert again is not None and again.refusal is ReversalRefusal.ALREADY_REVERSED
    assert await search.preview(derived_id("test", "nothing")) is None
