"""The life of a payout on a real database: due, proposed, approved, in a file, sent, answered."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from ledger.accounts import suspense
from ledger.payouts import Acted, PayoutKind, PayoutRefusal, Payouts, PayoutState, PayoutWanted, propose
from ledger.payouts.records import Batched, BatchFile, FileRefusal, FileRefused, LineOutcome, PayingAccount
from ledger.receipts import ReceiptResult
from ledger.records import BankReceipt, Deposit
from ledger.settlement import LotOutcome
from ledger.store import LedgerStoreError
from tests.payouts import (
    BANK,
    CASHIER,
    CHECKER,
    MAKER,
    NUMBER,
    OTHER_CHECKER,
    PAYING,
    START_US,
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
CLEARING = "assets:bank:cny"


@pytest.fixture
async def centre(database_url: str) -> AsyncIterator[Centre]:
    async with running_centre(database_url) as centre:
        yield centre


# Due and proposed


async def test_what_is_released_is_due_until_it_is_proposed(centre: Centre) -> None:
    await centre.owes(1, (7, 8))
    due = await centre.payouts.due()
    assert [(refund.lot_id, refund.bidder_id, refund.amount) for refund in due] == [
        (1, 7, 100_00),
        (1, 8, 100_00),
    ]
    assert all(refund.last is None and refund.due_at_us is None for refund in due)
    run = await centre.payouts.propose_refunds_due()
    assert [(payout.bidder_id, payout.amount, payout.proposed_by) for payout in run.proposed] == [
        (7, 100_00, 0),
        (8, 100_00, 0),
    ]
    assert await centre.payouts.due() == []


async def test_proposing_again_proposes_nothing(centre: Centre) -> None:
    await centre.owes(1, (7, 8))
    await centre.payouts.propose_refunds_due()
    again = await centre.payouts.propose_refunds_due()
    assert (again.proposed, again.stopped_before, again.refused) == ((), (), ())
    assert len(await centre.payouts.payouts()) == 2


async def test_only_the_lot_that_is_asked_for_is_proposed(centre: Centre) -> None:
    await centre.owes(1, (7,))
    await centre.owes(2, (7,))
    run = await centre.payouts.propose_refunds_due(MAKER, lot_id=2)
    assert [payout.lot_id for payout in run.proposed] == [2]
    assert [refund.lot_id for refund in await centre.payouts.due()] == [1]


async def test_more_refunds_than_one_transaction_takes(centre: Centre) -> None:
    await centre.owes(1, (1, 2, 3, 4, 5))
    payouts = Payouts(centre.store, refunds_at_once=2)
    assert len((await payouts.propose_refunds_due()).proposed) == 5


async def test_reserved_money_cannot_be_promised_twice(centre: Centre) -> None:
    payout = await centre.proposed()
    wanted = PayoutWanted(
        kind=PayoutKind.REFUND,
        source_account=REFUND,
        amount=1,
        currency="CNY",
        payee_name="somebody else",
        payee_account=NUMBER,
    )
    assert await centre.payouts.propose(wanted, MAKER) is PayoutRefusal.SOURCE_HAS_TOO_LITTLE
    assert await centre.balance(REFUND) == 0
    assert payout.state is PayoutState.PROPOSED


async def test_a_clock_says_until_when_a_refund_is_due(centre: Centre) -> None:
    async def clock(_: object, lot_id: int, settled_at_us: int) -> int:
        return settled_at_us + lot_id

    payouts = Payouts(centre.store, clock)
    await centre.owes(5, (7,))
    (refund,) = await payouts.due()
    (payout,) = (await payouts.propose_refunds_due()).proposed
    assert refund.due_at_us is not None
    assert payout.due_at_us == refund.due_at_us


async def test_another_part_proposes_inside_its_own_transaction(centre: Centre) -> None:
    await centre.receives("unknown", "stray-1", 50_00, "路人")
    wanted = PayoutWanted(
        kind=PayoutKind.SUSPENSE_RETURN,
        source_account=suspense("CNY").code,
        amount=50_00,
        currency="CNY",
        payee_name="路人",
        payee_account=NUMBER,
        receipt_id="stray-1",
    )
    first = await centre.store.at_desk(lambda desk: propose(desk, wanted, MAKER))
    again = await centre.store.at_desk(lambda desk: propose(desk, wanted, CASHIER))
    assert isinstance(first, Acted)
    assert isinstance(again, Acted)
    assert (first.is_new, again.is_new) == (True, False)
    assert first.payout == again.payout


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"amount": 0}, PayoutRefusal.AMOUNT_NOT_POSITIVE),
        ({"amount": -5, "currency": "XXX"}, PayoutRefusal.AMOUNT_NOT_POSITIVE),
        ({"amount": 10**15 + 1}, PayoutRefusal.AMOUNT_TOO_LARGE),
        ({"currency": "XXX"}, PayoutRefusal.CURRENCY_UNKNOWN),
        ({"payee_name": "a\nb"}, PayoutRefusal.TEXT_NOT_BOOKABLE),
        ({"payee_name": "a\ufffe"}, PayoutRefusal.TEXT_NOT_BOOKABLE),
        ({"payee_name": "  "}, PayoutRefusal.PAYEE_NAME_MISSING),
        ({"payee_account": "账号"}, PayoutRefusal.PAYEE_ACCOUNT_MALFORMED),
        ({"payee_account": "DE89370400440532013001"}, PayoutRefusal.PAYEE_ACCOUNT_MALFORMED),
        ({"payee_bank": "12"}, PayoutRefusal.PAYEE_BANK_MALFORMED),
        ({"kind": PayoutKind.SUSPENSE_RETURN}, PayoutRefusal.RECEIPT_MISSING),
        ({"kind": PayoutKind.SELLER}, PayoutRefusal.SOURCE_NOT_OF_KIND),
        ({"source_account": CLEARING}, PayoutRefusal.SOURCE_NOT_OF_KIND),
        ({"source_account": "liabilities:refund-payable:lot-9:bidder-9"}, PayoutRefusal.SOURCE_UNKNOWN),
        ({"currency": "EUR"}, PayoutRefusal.SOURCE_OF_OTHER_CURRENCY),
        ({"amount": 100_01}, PayoutRefusal.SOURCE_HAS_TOO_LITTLE),
    ],
)
async def test_what_cannot_be_proposed(
    centre: Centre, changes: dict[str, Any], refusal: PayoutRefusal
) -> None:
    await centre.owes(1, (7,))
    fields: dict[str, Any] = {
        "kind": PayoutKind.REFUND,
        "source_account": REFUND,
        "amount": 100_00,
        "currency": "CNY",
        "payee_name": "竞买人7",
        "payee_account": NUMBER,
    }
    assert await centre.payouts.propose(PayoutWanted(**{**fields, **changes}), MAKER) is refusal
    assert await centre.payouts.payouts() == []


async def test_a_cause_is_paid_once_whoever_asks(centre: Centre) -> None:
    await centre.owes(1, (7,))
    wanted = PayoutWanted(
        kind=PayoutKind.REFUND,
        source_account=REFUND,
        amount=40_00,
        currency="CNY",
        payee_name="竞买人7",
        cause="judgement 2026-15",
    )
    first = await centre.payouts.propose(wanted, MAKER)
    assert isinstance(first, Acted)
    other = PayoutWanted(**{**{n: getattr(wanted, n) for n in wanted.__struct_fields__}, "amount": 30_00})
    assert await centre.payouts.propose(other, MAKER) is PayoutRefusal.CAUSE_HAS_OTHER_PAYOUT
    done(await centre.payouts.cancel(first.payout.payout_id, MAKER, "typed wrongly"))
    second = await centre.payouts.propose(other, MAKER)
    assert isinstance(second, Acted)
    assert second.payout.previous_id == first.payout.payout_id


# Four eyes


async def test_without_an_account_nothing_is_approved(centre: Centre) -> None:
    await centre.owes(1, (7,))
    (payout,) = (await centre.payouts.propose_refunds_due()).proposed
    approve = centre.payouts.approve
    assert await approve(payout.payout_id, CHECKER) is PayoutRefusal.PAYEE_ACCOUNT_MISSING
    entered = done(
        await centre.payouts.enter_account(payout.payout_id, "6222 0202 0001 1223 344", MAKER, BANK)
    )
    assert (entered.payee_account, entered.account_entered_by) == (NUMBER, MAKER)
    assert done(await approve(payout.payout_id, CHECKER)).approved_by == CHECKER


async def test_who_proposed_or_entered_the_account_does_not_approve(centre: Centre) -> None:
    await centre.owes(1, (7,))
    (payout,) = (await centre.payouts.propose_refunds_due(MAKER)).proposed
    done(await centre.payouts.enter_account(payout.payout_id, NUMBER, CASHIER))
    for person in (MAKER, CASHIER):
        assert await centre.payouts.approve(payout.payout_id, person) is PayoutRefusal.SAME_PERSON
    assert await centre.payouts.approve(payout.payout_id, 0) is PayoutRefusal.PERSON_MISSING
    assert await centre.payouts.approve(404, CHECKER) is PayoutRefusal.PAYOUT_UNKNOWN


async def test_a_double_click_approves_once(centre: Centre) -> None:
    payout = await centre.approved()
    again = await centre.payouts.approve(payout.payout_id, CHECKER)
    assert again == Acted(payout=payout, is_new=False)
    assert await centre.payouts.approve(payout.payout_id, OTHER_CHECKER) is PayoutRefusal.STATE_DIFFERS
    assert [event.state for event in await centre.payouts.history(payout.payout_id)] == [
        PayoutState.PROPOSED,
        PayoutState.PROPOSED,
        PayoutState.APPROVED,
    ]


async def test_the_account_is_not_changed_after_approval(centre: Centre) -> None:
    payout = await centre.approved()
    answer = await centre.payouts.enter_account(payout.payout_id, "1234567890", MAKER)
    assert answer is PayoutRefusal.STATE_DIFFERS


async def test_many_are_approved_at_once_each_with_its_answer(centre: Centre) -> None:
    await centre.proposed(bidder_ids=(7, 8))
    answers = await centre.payouts.approve_all([1, 2, 3], CHECKER)
    assert [done(answers[1]).state, done(answers[2]).state] == [PayoutState.APPROVED] * 2
    assert answers[3] is PayoutRefusal.PAYOUT_UNKNOWN


@pytest.mark.parametrize("is_approved", [False, True])
async def test_what_is_declined_is_owed_again_and_stays_with_people(
    centre: Centre, is_approved: bool
) -> None:
    payout = await centre.approved() if is_approved else await centre.proposed()
    decline = centre.payouts.decline
    assert await decline(payout.payout_id, CHECKER, " ") is PayoutRefusal.REASON_MISSING
    declined = done(await decline(payout.payout_id, CHECKER, "法院冻结"))
    assert await decline(payout.payout_id, CHECKER, "法院冻结") == Acted(payout=declined, is_new=False)
    assert await centre.payouts.approve(payout.payout_id, OTHER_CHECKER) is PayoutRefusal.STATE_DIFFERS
    (refund,) = await centre.payouts.due()
    assert refund.last == declined
    run = await centre.payouts.propose_refunds_due()
    assert (run.proposed, run.stopped_before) == ((), (REFUND,))
    (again,) = (await centre.payouts.propose_refunds_due(MAKER)).proposed
    assert (again.previous_id, again.payee_account) == (payout.payout_id, NUMBER)


async def test_nothing_is_cancelled_once_it_is_in_a_file(centre: Centre) -> None:
    await centre.batched()
    assert await centre.payouts.cancel(1, MAKER, "too late") is PayoutRefusal.STATE_DIFFERS


# Files


async def test_a_batch_is_its_bytes_for_ever(centre: Centre) -> None:
    batch = await centre.batched(bidder_ids=(7, 8, 9))
    assert (batch.payouts, batch.total, batch.message_id) == (3, 300_00, "LCB000000000001")
    first = await centre.payouts.batch_file(batch.batch_id, CASHIER)
    again = await centre.payouts.batch_file(batch.batch_id, CHECKER)
    assert isinstance(first, BatchFile)
    assert isinstance(again, BatchFile)
    assert first.content == again.content
    assert hashlib.sha256(first.content).hexdigest() == batch.sha256
    assert {payout.state for payout in await centre.payouts.payouts()} == {PayoutState.BATCHED}
    takers = await centre.pool.fetch("SELECT taken_by FROM ledger.payout_batch_download ORDER BY download_id")
    assert [row["taken_by"] for row in takers] == [CASHIER, CHECKER]


async def test_a_double_click_makes_one_batch(centre: Centre) -> None:
    payout = await centre.approved()
    batch = made(await centre.payouts.make_batch("settlement", "001.001.03", CASHIER, [payout.payout_id]))
    again = await centre.payouts.make_batch("settlement", "001.001.03", CASHIER, [payout.payout_id])
    assert again == Batched(batch=batch, is_new=False)
    everything = await centre.payouts.make_batch("settlement", "001.001.03", CASHIER)
    assert everything is PayoutRefusal.NOTHING_TO_BATCH


async def test_what_cannot_be_batched(centre: Centre) -> None:
    payout = await centre.proposed()
    make = centre.payouts.make_batch
    assert await make("nowhere", "001.001.09", CASHIER) is PayoutRefusal.PAYING_ACCOUNT_UNKNOWN
    assert await make("settlement", "001.001.12", CASHIER) is PayoutRefusal.VERSION_UNKNOWN
    assert await make("settlement", "001.001.09", CASHIER) is PayoutRefusal.NOTHING_TO_BATCH
    assert await make("settlement", "001.001.09", CASHIER, [404]) is PayoutRefusal.PAYOUT_UNKNOWN
    one = [payout.payout_id]
    assert await make("settlement", "001.001.09", CASHIER, one) is PayoutRefusal.STATE_DIFFERS
    done(await centre.payouts.approve(payout.payout_id, CHECKER))
    assert await make("settlement", "001.001.09", 0) is PayoutRefusal.PERSON_MISSING


async def test_sent_once_and_then_in_transit(centre: Centre) -> None:
    batch = await centre.batched()
    assert await centre.balance(TRANSIT) == 0
    sent = made(await centre.payouts.send_batch(batch.batch_id, CASHIER))
    assert await centre.balance(TRANSIT) == 100_00
    again = await centre.payouts.send_batch(batch.batch_id, CASHIER)
    assert again == Batched(batch=sent, is_new=False)
    assert await centre.payouts.send_batch(batch.batch_id, CHECKER) is PayoutRefusal.BATCH_ALREADY_SENT
    assert await centre.payouts.send_batch(404, CHECKER) is PayoutRefusal.BATCH_UNKNOWN
    assert await centre.balance(TRANSIT) == 100_00
    assert await centre.payouts.batches(is_sent=True) == [sent]


async def test_no_money_leaves_by_one_persons_hands_alone(centre: Centre) -> None:
    wanted = PayoutWanted(
        kind=PayoutKind.REFUND,
        source_account=REFUND,
        amount=100_00,
        currency="CNY",
        payee_name="竞买人7",
        payee_account=NUMBER,
    )
    await centre.owes(1, (7,))
    await centre.payouts.propose(wanted, 0)
    done(await centre.payouts.approve(1, CHECKER))
    batch = made(await centre.payouts.make_batch("settlement", "001.001.09", CHECKER))
    for alone in (CHECKER, 0):
        assert await centre.payouts.send_batch(batch.batch_id, alone) is PayoutRefusal.SAME_PERSON
    made(await centre.payouts.send_batch(batch.batch_id, CASHIER))


async def test_a_paying_account_is_registered_once(centre: Centre) -> None:
    register = centre.payouts.register_paying_account
    assert await register(PAYING, CHECKER) == PAYING
    fields = {name: getattr(PAYING, name) for name in PAYING.__struct_fields__}
    other = PayingAccount(**{**fields, "number": "999"})
    assert await register(other, MAKER) is PayoutRefusal.PAYING_ACCOUNT_DIFFERS
    stray = PayingAccount(**{**fields, "name": "stray", "account": "assets:bank:nowhere"})
    assert await register(stray, MAKER) is PayoutRefusal.SOURCE_UNKNOWN
    assert await centre.payouts.paying_accounts() == [PAYING]


# Answers of the bank


async def test_paid_by_a_status_report(centre: Centre) -> None:
    batch, (payout,) = await centre.sent()
    before = await centre.balance(CLEARING)
    report = await centre.reads(
        status_report(batch.message_id, [transfer_said(payout, "ACSC", amount="100.00")])
    )
    assert (report.paid, report.rejected, report.to_clarify) == (1, 0, ())
    assert (await centre.now(payout.payout_id)).state is PayoutState.PAID
    assert (await centre.balance(TRANSIT), await centre.balance(CLEARING)) == (0, before - 100_00)


async def test_the_same_result_twice_changes_nothing(centre: Centre) -> None:
    batch, (payout,) = await centre.sent()
    content = status_report(batch.message_id, [transfer_said(payout, "ACSC")])
    await centre.reads(content)
    paid, before = await centre.now(payout.payout_id), await centre.balance(CLEARING)
    again = await centre.reads(content)
    assert again.was_read_before
    assert [line.outcome for line in again.lines] == [LineOutcome.REPEATED]
    booked = await centre.reads(notification(movement(payout.end_to_end_id, "100.00")))
    assert [line.outcome for line in booked.lines] == [LineOutcome.REPEATED]
    assert await centre.now(payout.payout_id) == paid
    assert await centre.balance(CLEARING) == before


async def test_rejected_money_is_owed_again_with_the_reason(centre: Centre) -> None:
    batch, (payout,) = await centre.sent()
    report = await centre.reads(
        status_report(batch.message_id, [transfer_said(payout, "RJCT", "AC01", "账号不存在")])
    )
    assert report.rejected == 1
    rejected = await centre.now(payout.payout_id)
    assert (rejected.state, rejected.reason_code, rejected.reason) == (
        PayoutState.REJECTED,
        "AC01",
        "账号不存在",
    )
    (refund,) = await centre.payouts.due()
    assert (refund.amount, refund.last) == (100_00, rejected)
    (again,) = (await centre.payouts.propose_refunds_due()).proposed
    assert (again.previous_id, again.payee_account) == (payout.payout_id, "")
    assert await centre.payouts.approve(again.payout_id, CHECKER) is PayoutRefusal.PAYEE_ACCOUNT_MISSING


async def test_the_account_stands_where_the_reason_says_nothing_against_it(centre: Centre) -> None:
    batch, (payout,) = await centre.sent()
    await centre.reads(status_report(batch.message_id, [transfer_said(payout, "RJCT", "AM04", "no cover")]))
    (again,) = (await centre.payouts.propose_refunds_due()).proposed
    assert again.payee_account == NUMBER


async def test_a_late_yes_after_a_no_is_reported_and_pays_nothing_twice(centre: Centre) -> None:
    batch, (payout,) = await centre.sent()
    await centre.reads(status_report(batch.message_id, [transfer_said(payout, "RJCT", "AC01", "x")]))
    before = await centre.balance(CLEARING)
    report = await centre.reads(notification(movement(payout.end_to_end_id, "100.00")))
    assert [line.outcome for line in report.to_clarify] == [LineOutcome.CONTRADICTS_STATE]
    assert await centre.balance(CLEARING) == before
    assert (await centre.now(payout.payout_id)).state is PayoutState.REJECTED


async def test_a_late_no_after_a_yes_makes_nothing_due(centre: Centre) -> None:
    batch, (payout,) = await centre.sent()
    await centre.reads(notification(movement(payout.end_to_end_id, "100.00")))
    report = await centre.reads(status_report(batch.message_id, [transfer_said(payout, "RJCT", "AC01", "x")]))
    assert [line.outcome for line in report.to_clarify] == [LineOutcome.CONTRADICTS_STATE]
    assert await centre.payouts.due() == []


async def test_a_result_before_sending_changes_nothing_and_is_good_afterwards(centre: Centre) -> None:
    batch = await centre.batched()
    (payout,) = await centre.payouts.payouts()
    content = status_report(batch.message_id, [transfer_said(payout, "ACSC")])
    early = await centre.reads(content)
    assert [line.outcome for line in early.to_clarify] == [LineOutcome.NOT_SENT]
    assert await centre.now(payout.payout_id) == payout
    made(await centre.payouts.send_batch(batch.batch_id, CASHIER))
    late = await centre.reads(content)
    assert (late.was_read_before, late.paid) == (True, 1)


async def test_partial_acceptance_decides_what_it_names(centre: Centre) -> None:
    batch, (first, second, third) = await centre.sent(bidder_ids=(7, 8, 9))
    said = [transfer_said(first, "ACSC"), transfer_said(second, "RJCT", "AC04", "销户")]
    report = await centre.reads(status_report(batch.message_id, said, group="PART", payment="PART"))
    assert (report.paid, report.rejected, report.to_clarify) == (1, 1, ())
    assert (await centre.now(third.payout_id)).state is PayoutState.SENT


@pytest.mark.parametrize("status", ["ACTC", "ACCP", "ACSP", "ACWC", "PDNG", "RCVD"])
@pytest.mark.parametrize("level", ["group", "payment", "transfer"])
async def test_what_is_on_its_way_stays_in_transit(centre: Centre, status: str, level: str) -> None:
    batch, (payout,) = await centre.sent()
    if level == "transfer":
        content = status_report(batch.message_id, [transfer_said(payout, status)])
    else:
        content = status_report(batch.message_id, **{level: status})
    report = await centre.reads(content)
    assert [line.outcome for line in report.lines] == [LineOutcome.UNDERWAY]
    assert (await centre.now(payout.payout_id)).state is PayoutState.SENT


@pytest.mark.parametrize("level", ["group", "payment"])
async def test_a_rejected_file_makes_all_of_it_due(centre: Centre, level: str) -> None:
    batch, _ = await centre.sent(bidder_ids=(7, 8))
    report = await centre.reads(status_report(batch.message_id, code="FF01", **{level: "RJCT"}))
    assert report.rejected == 2
    assert {refund.last.reason_code for refund in await centre.payouts.due() if refund.last} == {"FF01"}


async def test_a_copy_that_the_bank_rejects_as_a_copy_makes_nothing_due(centre: Centre) -> None:
    """Double refund: the same file is uploaded twice; the bank takes the first and rejects the second."""
    batch, (payout,) = await centre.sent()
    for code in ("DU01", "AM05"):
        report = await centre.reads(
            status_report(batch.message_id, group="RJCT", code=code, message_id=f"bank-{code}")
        )
        assert [line.outcome for line in report.to_clarify] == [LineOutcome.BANK_SAW_DUPLICATE]
    assert await centre.payouts.due() == []
    paid = await centre.reads(notification(movement(payout.end_to_end_id, "100.00")))
    assert paid.paid == 1


async def test_a_file_that_says_yes_and_no_is_not_believed(centre: Centre) -> None:
    batch, (first, second) = await centre.sent(bidder_ids=(7, 8))
    said = [
        transfer_said(first, "ACSC"),
        transfer_said(first, "RJCT", "AC01", "x"),
        transfer_said(second, "ACSC"),
    ]
    report = await centre.reads(status_report(batch.message_id, said))
    assert [line.outcome for line in report.lines] == [LineOutcome.FILE_CONTRADICTS_ITSELF, LineOutcome.PAID]
    whole = await centre.reads(status_report(batch.message_id, [transfer_said(first, "ACSC")], group="RJCT"))
    outcomes = {line.payout_id: line.outcome for line in whole.lines}
    assert outcomes == {
        first.payout_id: LineOutcome.FILE_CONTRADICTS_ITSELF,
        second.payout_id: LineOutcome.CONTRADICTS_STATE,
    }


async def test_what_is_unknown_is_reported(centre: Centre) -> None:
    batch, (payout,) = await centre.sent()
    stray = transfer_said(payout, "ACSC").replace(payout.end_to_end_id, "LCP000000000404")
    foreign = transfer_said(payout, "ACSC").replace(payout.end_to_end_id, "somebody's")
    strange = transfer_said(payout, "XXXX")
    outcomes = []
    for content in (
        status_report(batch.message_id, [stray]),
        status_report(batch.message_id, [foreign]),
        status_report(batch.message_id, [strange]),
        status_report("LCB000000000404", group="ACSC"),
        status_report("LCB000000000404", [transfer_said(payout, "ACSC")]),
        status_report(batch.message_id, [transfer_said(payout, "ACSC", amount="100.01")]),
        status_report(batch.message_id, group="XXXX"),
        notification(movement(payout.end_to_end_id, "10.00")),
    ):
        report = await centre.reads(content)
        outcomes += [line.outcome for line in report.to_clarify]
    assert outcomes == [
        LineOutcome.PAYOUT_UNKNOWN,
        LineOutcome.PAYOUT_UNKNOWN,
        LineOutcome.STATUS_UNKNOWN,
        LineOutcome.BATCH_UNKNOWN,
        LineOutcome.OTHER_BATCH,
        LineOutcome.AMOUNT_DIFFERS,
        LineOutcome.STATUS_UNKNOWN,
        LineOutcome.AMOUNT_DIFFERS,
    ]
    assert (await centre.now(payout.payout_id)).state is PayoutState.SENT


async def test_a_batch_booked_as_one_pays_all_of_it(centre: Centre) -> None:
    batch, _ = await centre.sent(bidder_ids=(7, 8))

    def entry(amount: str) -> str:
        return (
            f'<Ntry><Amt Ccy="CNY">{amount}</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts><NtryDtls>'
            f"<Btch><PmtInfId>{batch.message_id}-1</PmtInfId></Btch></NtryDtls></Ntry>"
        )

    short = await centre.reads(notification(entry("199.99"), message_id="short"))
    assert [line.outcome for line in short.to_clarify] == [LineOutcome.AMOUNT_DIFFERS]
    assert (await centre.reads(notification(entry("200")))).paid == 2


async def test_other_movements_of_the_account_are_no_answers(centre: Centre) -> None:
    _, (payout,) = await centre.sent()
    report = await centre.reads(
        notification(
            movement("NOTPROVIDED", "5.00"),
            movement("rent", "7.00", direction="CRDT"),
            movement(payout.end_to_end_id, "100.00", status="PDNG"),
        )
    )
    assert [line.outcome for line in report.lines] == [LineOutcome.UNDERWAY]


async def test_debits_of_statements_answer_for_the_payouts_that_they_name(centre: Centre) -> None:
    _, (first, second, third) = await centre.sent(bidder_ids=(7, 8, 9))
    await booked_debits(centre, {first.payout_id: 100_00, second.payout_id: 99_00})
    before = await centre.balance(CLEARING)
    report = await centre.payouts.read_movements(CASHIER)
    assert report.paid == 1
    assert [line.outcome for line in report.to_clarify] == [LineOutcome.AMOUNT_DIFFERS]
    states = [(await centre.now(payout.payout_id)).state for payout in (first, second, third)]
    assert states == [PayoutState.PAID, PayoutState.SENT, PayoutState.SENT]
    again = await centre.payouts.read_movements(CASHIER)
    assert again.paid == 0
    assert await centre.balance(CLEARING) == before - 100_00


async def test_without_debits_nothing_is_read(centre: Centre) -> None:
    await centre.sent()
    assert (await centre.payouts.read_movements()).lines == ()
    assert await centre.pool.fetchval("SELECT count(*) FROM ledger.payout_result_reading") == 0


async def booked_debits(centre: Centre, amounts: dict[int, int]) -> None:
    """Write a statement with debits, as the part that reads bank files does."""
    async with centre.pool.acquire() as connection, connection.transaction():
        for statement in STATEMENT:
            await connection.execute(statement)
        for payout_id, amount in amounts.items():
            await connection.execute(DEBIT, payout_id, -amount, f"LCP{payout_id:012d}")


STATEMENT = (
    """
    INSERT INTO ledger.bank_account
    VALUES ('icbc', '1', 'ICBC', 'centre', 'CNY', 'assets:bank:cny', 480, 1, 1)
    """,
    "INSERT INTO ledger.bank_file VALUES (1, sha256('x'), 1, 'x', 'upload', 'camt.053', '', '[]', 1, 1)",
    """
    INSERT INTO ledger.bank_statement (
        statement_id, file_id, slug, kind, name, page, currency, credits, debits, movements
    ) VALUES (1, 1, 'icbc', 'notification', '1', 1, 'CNY', 0, 1, 1)
    """,
)
DEBIT = """
INSERT INTO ledger.bank_movement (
    movement_id, statement_id, slug, line, bank_reference, entry_reference, amount, currency, is_booked,
    is_reversal, booked_on, booked_at_us, counterparty_name, counterparty_account, counterparty_bank, remittance,
    end_to_end_id, sub_account, outcome, reason, note, note_amount, payout_id
) VALUES (
    $1::bigint, 1, 'icbc', $1, $1::bigint::text, '', $2, 'CNY', true,
    false, '2026-03-02', 1, '', '', '', '', $3, '', 'debit', '', '', 0, $1
)
"""


async def test_a_refund_goes_back_to_the_account_it_came_from(centre: Centre) -> None:
    deposit = await centre.deposits.open(1, 7, 100_00, "CNY", "竞买人7")
    assert isinstance(deposit, Deposit)
    for number, account in enumerate(("6222 0202 0001", "622202020001")):
        receipt = BankReceipt(
            receipt_id=f"part-{number}",
            reference=deposit.reference,
            amount=50_00,
            currency="CNY",
            payer_name="竞买人7",
            received_at_us=START_US,
            payer_account=account,
            payer_bank="ICBKCNBJ",
        )
        assert (await centre.deposits.receive(receipt)).result is ReceiptResult.CREDITED
    await centre.deposits.settle(LotOutcome(lot_id=1, source_sequence=9, decided_at_us=START_US))
    (payout,) = (await centre.payouts.propose_refunds_due()).proposed
    assert (payout.payee_account, payout.payee_bank) == ("622202020001", "ICBKCNBJ")
    assert done(await centre.payouts.approve(payout.payout_id, CHECKER)).account_entered_by == 0


async def test_a_receipt_that_was_assigned_is_not_returned(centre: Centre) -> None:
    await centre.receives("unknown", "stray-1", 50_00, "路人")
    await centre.receives("unknown", "stray-2", 50_00, "路人")
    deposit = await centre.deposits.open(3, 7, 100_00, "CNY", "竞买人7")
    assert isinstance(deposit, Deposit)
    insert = (
        "INSERT INTO ledger.suspense_act (receipt_id, step, act, lot_id, bidder_id, transfer_id, reason, acted_by,"
        " acted_at_us) SELECT $1, 1, 'assigned', 3, 7, id, 'his', 1, 1 FROM ledger.transfer ORDER BY sequence LIMIT 1"
    )
    await centre.pool.execute(insert, "stray-1")
    wanted = PayoutWanted(
        kind=PayoutKind.SUSPENSE_RETURN,
        source_account=suspense("CNY").code,
        amount=50_00,
        currency="CNY",
        payee_name="路人",
        receipt_id="stray-1",
    )
    assert await centre.payouts.propose(wanted, MAKER) is PayoutRefusal.CAUSE_HAS_OTHER_PAYOUT
    fields = {name: getattr(wanted, name) for name in wanted.__struct_fields__}
    other = await centre.payouts.propose(PayoutWanted(**{**fields, "receipt_id": "stray-2"}), MAKER)
    assert isinstance(other, Acted)
    with pytest.raises(asyncpg.RestrictViolationError):
        await centre.pool.execute(insert, "stray-2")


async def test_money_that_comes_back_is_taken_back_once(centre: Centre) -> None:
    _, (payout,) = await centre.sent()
    await centre.reads(notification(movement(payout.end_to_end_id, "100.00")))
    back = await centre.reads(
        notification(movement(payout.end_to_end_id, "100.00", direction="CRDT"), message_id="back")
    )
    assert [line.outcome for line in back.to_clarify] == [LineOutcome.RETURNED]
    assert await centre.payouts.due() == []
    assert await centre.receives(payout.end_to_end_id, "return-1", 100_00, "bank") is ReceiptResult.SUSPENSE
    take_back = centre.payouts.take_back
    number = payout.payout_id
    assert await take_back(number, "nothing", CASHIER, "AC04") is PayoutRefusal.RECEIPT_NOT_THE_RETURN
    assert await take_back(number, "return-1", CASHIER) is PayoutRefusal.REASON_MISSING
    returned = done(await take_back(number, "return-1", CASHIER, "AC04", "销户"))
    assert await take_back(number, "return-1", CASHIER, "AC04", "销户") == Acted(
        payout=returned, is_new=False
    )
    (refund,) = await centre.payouts.due()
    assert (refund.amount, refund.last) == (100_00, returned)
    assert await centre.balance(suspense("CNY").code) == 0
    wanted = PayoutWanted(
        kind=PayoutKind.SUSPENSE_RETURN,
        source_account=suspense("CNY").code,
        amount=100_00,
        currency="CNY",
        payee_name="bank",
        receipt_id="return-1",
    )
    await centre.receives("unknown", "stray", 100_00, "路人")
    assert await centre.payouts.propose(wanted, MAKER) is PayoutRefusal.CAUSE_HAS_OTHER_PAYOUT


async def test_what_the_books_of_the_bank_do_not_cover_is_not_booked(centre: Centre) -> None:
    """A payout out of a bank account into which the ledger has booked nothing: reconciliation has to look."""
    from ledger.accounts import AccountFlags, new_account

    other = new_account("assets:bank:other", "CNY", AccountFlags.CREDITS_MUST_NOT_EXCEED_DEBITS)
    await centre.store.post([], new_accounts=[other])
    fields = {name: getattr(PAYING, name) for name in PAYING.__struct_fields__}
    await centre.payouts.register_paying_account(
        PayingAccount(**{**fields, "name": "other", "account": other.code}), MAKER
    )
    payout = await centre.approved()
    batch = made(await centre.payouts.make_batch("other", "001.001.09", CASHIER))
    made(await centre.payouts.send_batch(batch.batch_id, CASHIER))
    report = await centre.reads(notification(movement(payout.end_to_end_id, "100.00")))
    assert [line.outcome for line in report.to_clarify] == [LineOutcome.BANK_HAS_TOO_LITTLE]
    assert (await centre.now(payout.payout_id)).state is PayoutState.SENT


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", FileRefusal.EMPTY),
        (b"<Document>", FileRefusal.NOT_XML),
        (b"<!DOCTYPE x []><x/>", FileRefusal.DOCTYPE_NOT_ALLOWED),
        (b"<Document><Nothing/></Document>", FileRefusal.MESSAGE_UNKNOWN),
        (b"<Document><CstmrPmtStsRpt/></Document>", FileRefusal.ELEMENT_MISSING),
    ],
)
async def test_what_cannot_be_read_leaves_no_trace(
    centre: Centre, content: bytes, refusal: FileRefusal
) -> None:
    refused = await centre.payouts.read_results(content, CASHIER)
    assert isinstance(refused, FileRefused)
    assert refused.refusal is refusal
    assert await centre.pool.fetchval("SELECT count(*) FROM ledger.payout_result_reading") == 0


# The database keeps it so, whoever writes


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger.payout SET amount = 1",
        "DELETE FROM ledger.payout",
        "UPDATE ledger.payout_event SET state = 'paid'",
        "DELETE FROM ledger.payout_event",
        "DELETE FROM ledger.payout_state",
        "UPDATE ledger.payout_state SET state = 'paid'",
        "UPDATE ledger.payout_state SET step = step + 1, state = 'approved', approved_by = 99",
        "UPDATE ledger.payout_batch SET file = 'x'",
        "TRUNCATE ledger.payout_batch_sent",
        "INSERT INTO ledger.payout_batch_sent VALUES (1, 1, 1)",
        "INSERT INTO ledger.payout_event (payout_id, step, state, acted_by, at_us) VALUES (1, 7, 'approved', 99, 1)",
        "INSERT INTO ledger.payout_event (payout_id, step, state, acted_by, at_us) VALUES (1, 6, 'approved', 99, 1)",
        "INSERT INTO ledger.payout_event (payout_id, step, state, acted_by, at_us) VALUES (1, 6, 'paid', 99, 1)",
        "INSERT INTO ledger.payout_event (payout_id, step, state, acted_by, at_us, transfer_id)"
        " SELECT 1, 6, 'paid', 99, 1, transfer_id FROM ledger.payout_event WHERE step = 5",
        "UPDATE ledger.paying_account SET number = 'mine'",
    ],
)
async def test_no_statement_goes_around_the_steps(centre: Centre, statement: str) -> None:
    await centre.sent()
    with pytest.raises((asyncpg.RestrictViolationError, asyncpg.IntegrityConstraintViolationError)):
        await centre.pool.execute(statement)


async def test_the_database_knows_four_eyes_too(centre: Centre) -> None:
    payout = await centre.proposed()
    for person in (MAKER, 0):
        with pytest.raises(asyncpg.RestrictViolationError):
            await centre.pool.execute(
                "INSERT INTO ledger.payout_event (payout_id, step, state, acted_by, at_us)"
                " VALUES ($1, $2, 'approved', $3, 1)",
                payout.payout_id,
                payout.step + 1,
                person,
            )


async def test_a_broken_promise_of_the_database_is_an_error_and_not_a_refusal(centre: Centre) -> None:
    async def work(desk: object) -> None:
        await desk.connection.execute("DELETE FROM ledger.payout")  # type: ignore[attr-defined]

    with pytest.raises(LedgerStoreError):
        await centre.store.at_desk(work)
