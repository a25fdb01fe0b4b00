"""Files for the bank that are withdrawn before they are sent, and when the bank paid by its own word."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from ledger.payouts import Payout, PayoutRefusal, PayoutState
from ledger.payouts.records import Batch, Batched, FileRefusal, FileRefused, LineOutcome
from tests.closing import Office, running_office
from tests.payouts import (
    CASHIER,
    CHECKER,
    MAKER,
    NUMBER,
    OTHER_CHECKER,
    Centre,
    done,
    made,
    movement,
    notification,
    running_centre,
    status_report,
    transfer_said,
)

REFUND = "liabilities:refund-payable:lot-1:bidder-7"
TRANSIT = "liabilities:payout-in-transit:cny"


@pytest.fixture
async def centre(database_url: str) -> AsyncIterator[Centre]:
    async with running_centre(database_url) as centre:
        yield centre


async def withdrawn(centre: Centre, batch: Batch) -> Batch:
    made(await centre.payouts.propose_withdrawal(batch.batch_id, CASHIER, "wrong account to pay from"))
    return made(await centre.payouts.confirm_withdrawal(batch.batch_id, CHECKER))


async def sent_again(centre: Centre) -> Payout:
    """Propose, approve and send a refund once more; return its payout."""
    (payout,) = (await centre.payouts.propose_refunds_due(MAKER)).proposed
    done(await centre.payouts.enter_account(payout.payout_id, NUMBER, MAKER))
    done(await centre.payouts.approve(payout.payout_id, CHECKER))
    batch = made(await centre.payouts.make_batch("settlement", "001.001.09", CASHIER))
    made(await centre.payouts.send_batch(batch.batch_id, CASHIER))
    return await centre.now(payout.payout_id)


# Withdrawn by two persons


async def test_what_is_withdrawn_is_owed_again(centre: Centre) -> None:
    batch = await centre.batched(bidder_ids=(7, 8))
    proposed = made(await centre.payouts.propose_withdrawal(batch.batch_id, CASHIER, "wrong account"))
    assert proposed.withdrawal is not None and not proposed.is_withdrawn
    assert await centre.payouts.send_batch(batch.batch_id, CASHIER) is PayoutRefusal.WITHDRAWAL_PROPOSED
    again = await centre.payouts.propose_withdrawal(batch.batch_id, CASHIER, " wrong account ")
    assert again == Batched(batch=proposed, is_new=False)
    assert await centre.payouts.confirm_withdrawal(batch.batch_id, CASHIER) is PayoutRefusal.SAME_PERSON
    confirmed = made(await centre.payouts.confirm_withdrawal(batch.batch_id, CHECKER))
    assert confirmed.is_withdrawn
    repeated = await centre.payouts.confirm_withdrawal(batch.batch_id, CHECKER)
    assert repeated == Batched(batch=confirmed, is_new=False)
    payouts = await centre.payouts.payouts(batch_id=batch.batch_id)
    assert [(one.state, one.reason) for one in payouts] == [(PayoutState.CANCELLED, "wrong account")] * 2
    due = await centre.payouts.due()
    assert [(refund.bidder_id, refund.amount) for refund in due] == [(7, 100_00), (8, 100_00)]
    assert await centre.payouts.batches() == [confirmed]


async def test_a_withdrawn_file_is_given_to_nobody_and_not_sent(centre: Centre) -> None:
    batch = await withdrawn(centre, await centre.batched())
    payouts = centre.payouts
    assert await payouts.batch_file(batch.batch_id, CASHIER) is PayoutRefusal.BATCH_WITHDRAWN
    assert await payouts.send_batch(batch.batch_id, CASHIER) is PayoutRefusal.BATCH_WITHDRAWN
    assert await payouts.decline_withdrawal(batch.batch_id, CHECKER, "x") is PayoutRefusal.BATCH_WITHDRAWN
    assert await payouts.propose_withdrawal(batch.batch_id, MAKER, "x") is PayoutRefusal.BATCH_WITHDRAWN
    (payout,) = await payouts.payouts(batch_id=batch.batch_id)
    chosen = await payouts.make_batch("settlement", "001.001.09", CASHIER, [payout.payout_id])
    assert chosen is PayoutRefusal.STATE_DIFFERS


async def test_the_system_leaves_what_was_withdrawn_to_people(centre: Centre) -> None:
    await withdrawn(centre, await centre.batched())
    run = await centre.payouts.propose_refunds_due()
    assert (run.proposed, run.stopped_before) == ((), (REFUND,))
    assert (await sent_again(centre)).state is PayoutState.SENT


async def test_what_the_bank_says_of_a_withdrawn_file_goes_to_a_person(centre: Centre) -> None:
    batch = await withdrawn(centre, await centre.batched())
    (old,) = await centre.payouts.payouts(batch_id=batch.batch_id)
    new = await sent_again(centre)
    assert new.end_to_end_id != old.end_to_end_id
    paid = movement(old.end_to_end_id, "100.00")
    for answer in (
        status_report(batch.message_id, [transfer_said(old, "ACSC")]),
        status_report(batch.message_id, group="ACSC"),
        notification(paid),
    ):
        report = await centre.reads(answer)
        assert [line.outcome for line in report.to_clarify] == [LineOutcome.CONTRADICTS_STATE]
    assert [(await centre.now(one.payout_id)).state for one in (old, new)] == [
        PayoutState.CANCELLED,
        PayoutState.SENT,
    ]
    assert await centre.balance(TRANSIT) == 100_00


async def test_a_declined_withdrawal_leaves_the_file_as_it_was(centre: Centre) -> None:
    batch = await centre.batched()
    payouts = centre.payouts
    made(await payouts.propose_withdrawal(batch.batch_id, CASHIER, "I thought so"))
    declined = made(await payouts.decline_withdrawal(batch.batch_id, CHECKER, "all is well"))
    assert declined == batch
    assert await payouts.confirm_withdrawal(batch.batch_id, MAKER) is PayoutRefusal.WITHDRAWAL_NOT_PROPOSED
    made(await payouts.send_batch(batch.batch_id, CASHIER))


async def test_what_cannot_be_withdrawn(centre: Centre) -> None:
    batch = await centre.batched()
    payouts = centre.payouts
    for number, by, reason, expected in (
        (404, MAKER, "x", PayoutRefusal.BATCH_UNKNOWN),
        (batch.batch_id, MAKER, "a\nb", PayoutRefusal.TEXT_NOT_BOOKABLE),
        (batch.batch_id, 0, "x", PayoutRefusal.PERSON_MISSING),
        (batch.batch_id, MAKER, " ", PayoutRefusal.REASON_MISSING),
    ):
        assert await payouts.propose_withdrawal(number, by, reason) is expected
    assert await payouts.confirm_withdrawal(404, MAKER) is PayoutRefusal.BATCH_UNKNOWN
    made(await payouts.propose_withdrawal(batch.batch_id, MAKER, "x"))
    assert await payouts.confirm_withdrawal(batch.batch_id, 0) is PayoutRefusal.PERSON_MISSING
    other = await payouts.propose_withdrawal(batch.batch_id, CHECKER, "y")
    assert other is PayoutRefusal.WITHDRAWAL_PROPOSED
    assert await payouts.decline_withdrawal(batch.batch_id, CHECKER, "") is PayoutRefusal.REASON_MISSING
    made(await payouts.decline_withdrawal(batch.batch_id, CHECKER, "no"))
    made(await payouts.send_batch(batch.batch_id, CASHIER))
    late = await payouts.propose_withdrawal(batch.batch_id, MAKER, "too late")
    assert late is PayoutRefusal.BATCH_ALREADY_SENT


async def test_confirming_and_sending_at_once_do_one_of_the_two(centre: Centre) -> None:
    batch = await centre.batched()
    made(await centre.payouts.propose_withdrawal(batch.batch_id, CASHIER, "x"))
    answers = await asyncio.gather(
        *(centre.payouts.confirm_withdrawal(batch.batch_id, by) for by in (CHECKER, OTHER_CHECKER)),
        *(centre.payouts.send_batch(batch.batch_id, CASHIER) for _ in range(3)),
    )
    assert sum(isinstance(answer, Batched) for answer in answers) == 1
    (payout,) = await centre.payouts.payouts(batch_id=batch.batch_id)
    assert payout.state is PayoutState.CANCELLED


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO ledger.payout_batch_sent VALUES (1, 14, 1)",
        "INSERT INTO ledger.payout_withdrawal VALUES (2, 1, 'again', 12, 1)",
        "INSERT INTO ledger.payout_withdrawal_decision VALUES (1, 1, true, '', 14, 1)",
        "UPDATE ledger.payout_withdrawal SET reason = 'another'",
        "INSERT INTO ledger.payout_event (payout_id, step, state, acted_by, at_us, reason, transfer_id)"
        " SELECT 1, 5, 'cancelled', 99, 1, 'x', id FROM ledger.transfer WHERE sequence = 1",
    ],
)
async def test_the_database_knows_it_too(centre: Centre, statement: str) -> None:
    batch = await centre.batched()
    made(await centre.payouts.propose_withdrawal(batch.batch_id, CASHIER, "x"))
    with pytest.raises((asyncpg.RestrictViolationError, asyncpg.IntegrityConstraintViolationError)):
        await centre.pool.execute(statement)


# When the bank paid


async def paid_at_us(centre: Centre, payout: Payout) -> int:
    """Return when a payout was paid, as the books have it."""
    moment: int = await centre.pool.fetchval(
        "SELECT event_at_us FROM ledger.transfer WHERE reference = $1 AND purpose = 'payout_paid'",
        payout.end_to_end_id,
    )
    return moment


def booked(text: str, day: str) -> str:
    return text.replace("</Sts>", f"</Sts><BookgDt>{day}</BookgDt>")


@pytest.mark.parametrize(
    ("day", "moment_us"),
    [
        ("<Dt>2026-03-02</Dt>", 1_772_380_800_000_000),
        ("<DtTm>2026-03-02T10:30:00</DtTm>", 1_772_418_600_000_000),
        ("<DtTm>2026-03-02T10:30:00Z</DtTm>", 1_772_447_400_000_000),
    ],
)
async def test_a_payment_carries_the_time_of_the_bank(centre: Centre, day: str, moment_us: int) -> None:
    _, (payout,) = await centre.sent()
    await centre.reads(notification(booked(movement(payout.end_to_end_id, "100.00"), day)))
    assert await paid_at_us(centre, payout) == moment_us


async def test_a_status_report_may_say_when_it_was_settled(centre: Centre) -> None:
    batch, (payout,) = await centre.sent()
    said = transfer_said(payout, "ACSC").replace(
        "</TxInfAndSts>", "<FctvIntrBkSttlmDt><Dt>2026-03-02</Dt></FctvIntrBkSttlmDt></TxInfAndSts>"
    )
    assert (await centre.reads(status_report(batch.message_id, [said]))).paid == 1
    assert await paid_at_us(centre, payout) == 1_772_380_800_000_000


async def test_a_day_that_is_none_is_refused(centre: Centre) -> None:
    _, (payout,) = await centre.sent()
    content = notification(booked(movement(payout.end_to_end_id, "100.00"), "<Dt>2026-02-30</Dt>"))
    answer = await centre.payouts.read_results(content, CASHIER)
    assert isinstance(answer, FileRefused) and answer.refusal is FileRefusal.VALUE_MALFORMED
    assert (await centre.now(payout.payout_id)).state is PayoutState.SENT


async def test_what_the_bank_paid_on_a_closed_day_is_booked_on_the_first_open_one(
    database_url: str,
) -> None:
    async with running_office(database_url) as office, running_centre(database_url) as centre:
        day = office.ago(2)
        await office.received("r1", 500, day)
        await office.closed(day)
        _, (payout,) = await centre.sent()
        said = booked(movement(payout.end_to_end_id, "100.00"), f"<Dt>{day}</Dt>")
        assert (await centre.reads(notification(said))).paid == 1
        row = await booking_of(office, payout)
        assert (row["event_day"], row["booked_day"], row["is_carried_over"]) == (day, office.ago(1), True)


async def booking_of(office: Office, payout: Payout) -> asyncpg.Record:
    return await office.pool.fetchrow(
        """
        SELECT ledger.accounting_day(event_at_us) AS event_day, ledger.accounting_day(booked_at_us) AS booked_day,
            is_carried_over
        FROM ledger.transfer JOIN ledger.booking USING (sequence)
        WHERE transfer.reference = $1 AND purpose = 'payout_paid'
        """,
        payout.end_to_end_id,
    )
