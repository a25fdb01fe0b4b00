"""The life of a deposit over every adapter of the ledger."""

from collections.abc import AsyncIterator, Callable
from itertools import count
from typing import Any

import asyncpg
import pytest
from stdnum import luhn

from ledger.deposits import Deposits, DepositTermsDiffer, DepositUnknown, Held, LotClosed, NotEnough
from ledger.memory import MemoryLedgerStore
from ledger.postgres import PostgresLedgerStore
from ledger.receipts import ReceiptRefusal, ReceiptResult
from ledger.records import BankReceipt, Deposit, SuspenseReason
from ledger.register import DepositRow, DepositState
from ledger.settlement import LotOutcome, Purchase, Settled, SettlementRefusal
from ledger.store import Cursor, LedgerStore
from ledger.verify import verify

START_US = 1_700_000_000_000_000
LOT, OTHER_LOT = 12, 13
ANNA, BEN, CARL = 7, 8, 9
REQUIRED = 1_000_00


@pytest.fixture
def now_us() -> Callable[[], int]:
    ticks = count(START_US, 1_000_000)
    return lambda: next(ticks)


@pytest.fixture(params=["memory", "postgres"])
def address(request: pytest.FixtureRequest) -> str | None:
    """Return where the adapter under test keeps the ledger; None is in memory."""
    return None if request.param == "memory" else request.getfixturevalue("database_url")


@pytest.fixture
async def store(address: str | None, now_us: Callable[[], int]) -> AsyncIterator[LedgerStore]:
    """Every test ends with the whole ledger verified, whatever happened in it."""
    if address is None:
        memory = MemoryLedgerStore(now_us)
        yield memory
        assert (await verify(memory)).discrepancies == ()
        return
    async with asyncpg.create_pool(address, min_size=1, max_size=4) as pool:
        yield PostgresLedgerStore(pool)
        assert (await verify(PostgresLedgerStore(pool))).discrepancies == ()


@pytest.fixture
def deposits(store: LedgerStore, now_us: Callable[[], int]) -> Deposits:
    return Deposits(store, now_us)


async def opened(deposits: Deposits, bidder_id: int, required: int = REQUIRED, lot_id: int = LOT) -> Deposit:
    deposit = await deposits.open(lot_id, bidder_id, required, "CNY", f"bidder {bidder_id}")
    assert isinstance(deposit, Deposit)
    return deposit


def receipt_for(deposit: Deposit, amount: int, receipt_id: str = "", **changes: Any) -> BankReceipt:
    fields: dict[str, Any] = {
        "receipt_id": receipt_id or f"bank-{deposit.bidder_id}-{amount}",
        "reference": deposit.reference,
        "amount": amount,
        "currency": "CNY",
        "payer_name": deposit.payer_name,
        "received_at_us": START_US,
    }
    return BankReceipt(**{**fields, **changes})


async def paid(deposits: Deposits, bidder_id: int, amount: int = REQUIRED) -> Deposit:
    deposit = await opened(deposits, bidder_id)
    outcome = await deposits.receive(receipt_for(deposit, amount))
    assert outcome.result is ReceiptResult.CREDITED
    return deposit


async def held(deposits: Deposits, bidder_id: int, amount: int = REQUIRED) -> Deposit:
    deposit = await paid(deposits, bidder_id, amount)
    assert isinstance(await deposits.hold(LOT, bidder_id), Held)
    return deposit


async def row(deposits: Deposits, bidder_id: int) -> DepositRow:
    (line,) = await deposits.register(LOT, bidder_id)
    return line


def ended(winner: int | None = None, price: int = 0, sequence: int = 40, lot_id: int = LOT) -> LotOutcome:
    return LotOutcome(
        lot_id=lot_id,
        source_sequence=sequence,
        purchases=() if winner is None else (Purchase(winner, price),),
        decided_at_us=START_US + 5_000_000,
    )


# Opening


async def test_opening_gives_a_reference_with_a_check_digit(deposits: Deposits) -> None:
    deposit = await opened(deposits, ANNA)
    assert len(deposit.reference) == 16
    assert luhn.is_valid(deposit.reference)
    assert (await row(deposits, ANNA)).state is DepositState.AWAITING_PAYMENT


async def test_opening_again_returns_the_same_deposit(deposits: Deposits) -> None:
    first = await opened(deposits, ANNA)
    assert await opened(deposits, ANNA) == first
    assert (await opened(deposits, BEN)).reference != first.reference
    assert (await opened(deposits, ANNA, lot_id=OTHER_LOT)).reference != first.reference


async def test_opening_on_other_terms_is_an_error(deposits: Deposits) -> None:
    await opened(deposits, ANNA)
    with pytest.raises(DepositTermsDiffer):
        await opened(deposits, ANNA, required=REQUIRED + 1)


async def test_a_reference_that_is_taken_is_drawn_again(store: LedgerStore) -> None:
    numbers = iter([5, 5, 6])
    deposits = Deposits(store, lambda: START_US, lambda limit: next(numbers))
    first, second = await opened(deposits, ANNA), await opened(deposits, BEN)
    assert first.reference[:15] == "100000000000005"
    assert second.reference[:15] == "100000000000006"


@pytest.mark.parametrize(
    ("required", "currency", "payer_name"),
    [(-1, "CNY", "Anna"), (2**63, "CNY", "Anna"), (1, "XXX", "Anna"), (1, "CNY", " "), (1, "CNY", "a\x00")],
)
async def test_terms_that_cannot_be_booked(
    deposits: Deposits, required: int, currency: str, payer_name: str
) -> None:
    with pytest.raises(ValueError, match="not a"):
        await deposits.open(LOT, ANNA, required, currency, payer_name)


# Receiving


async def test_part_payments_add_up(deposits: Deposits) -> None:
    deposit = await opened(deposits, ANNA)
    await deposits.receive(receipt_for(deposit, REQUIRED - 1))
    assert (await row(deposits, ANNA)).state is DepositState.PART_PAID
    await deposits.receive(receipt_for(deposit, 1, received_at_us=START_US + 9))
    line = await row(deposits, ANNA)
    assert line.state is DepositState.RECEIVED
    assert (line.received, line.received_at_us) == (REQUIRED, START_US + 9)


async def test_the_same_receipt_again_is_a_duplicate(deposits: Deposits) -> None:
    receipt = receipt_for(await opened(deposits, ANNA), REQUIRED)
    first = await deposits.receive(receipt)
    again = await deposits.receive(receipt)
    assert again.result is ReceiptResult.DUPLICATE
    assert again.record == first.record
    assert (await row(deposits, ANNA)).received == REQUIRED


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"amount": 1}, ReceiptRefusal.EXISTS_WITH_DIFFERENT_AMOUNT),
        ({"reference": "9" * 16, "amount": 1}, ReceiptRefusal.EXISTS_WITH_DIFFERENT_REFERENCE),
        ({"currency": "USD", "payer_name": "x"}, ReceiptRefusal.EXISTS_WITH_DIFFERENT_CURRENCY),
        ({"payer_name": "x"}, ReceiptRefusal.EXISTS_WITH_DIFFERENT_PAYER_NAME),
        ({"received_at_us": 1}, ReceiptRefusal.EXISTS_WITH_DIFFERENT_RECEIVED_AT),
    ],
)
async def test_a_receipt_id_with_another_body_is_refused(
    deposits: Deposits, changes: dict[str, Any], refusal: ReceiptRefusal
) -> None:
    deposit = await opened(deposits, ANNA)
    await deposits.receive(receipt_for(deposit, REQUIRED, "one"))
    again = await deposits.receive(
        receipt_for(deposit, **{"amount": REQUIRED, "receipt_id": "one", **changes})
    )
    assert (again.result, again.refusal) == (ReceiptResult.REFUSED, refusal)
    assert (await row(deposits, ANNA)).received == REQUIRED
    assert await deposits.suspense() == []


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"receipt_id": "  "}, ReceiptRefusal.RECEIPT_ID_MISSING),
        ({"payer_name": "a\x00b"}, ReceiptRefusal.TEXT_NOT_BOOKABLE),
        ({"reference": "9" * 201}, ReceiptRefusal.TEXT_NOT_BOOKABLE),
        ({"payer_name": "\ud800"}, ReceiptRefusal.TEXT_NOT_BOOKABLE),
        ({"amount": 0}, ReceiptRefusal.AMOUNT_NOT_POSITIVE),
        ({"amount": -5}, ReceiptRefusal.AMOUNT_NOT_POSITIVE),
        ({"amount": 10**15 + 1}, ReceiptRefusal.AMOUNT_TOO_LARGE),
        ({"currency": "cny"}, ReceiptRefusal.CURRENCY_UNKNOWN),
        ({"received_at_us": START_US * 1000}, ReceiptRefusal.RECEIVED_AT_OUT_OF_RANGE),
    ],
)
async def test_a_receipt_that_cannot_be_booked_is_refused(
    deposits: Deposits, changes: dict[str, Any], refusal: ReceiptRefusal
) -> None:
    deposit = await opened(deposits, ANNA)
    outcome = await deposits.receive(receipt_for(deposit, **{"amount": 5, "receipt_id": "one", **changes}))
    assert (outcome.result, outcome.refusal, outcome.record) == (ReceiptResult.REFUSED, refusal, None)
    assert (await row(deposits, ANNA)).received == 0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"reference": "1" * 16}, SuspenseReason.UNKNOWN_REFERENCE),
        ({"reference": ""}, SuspenseReason.UNKNOWN_REFERENCE),
        ({"currency": "USD", "payer_name": "x"}, SuspenseReason.WRONG_CURRENCY),
        ({"payer_name": "somebody else"}, SuspenseReason.PAYER_MISMATCH),
        ({"payer_name": ""}, SuspenseReason.PAYER_MISMATCH),
    ],
)
async def test_money_without_a_place_goes_to_suspense(
    deposits: Deposits, changes: dict[str, Any], reason: SuspenseReason
) -> None:
    deposit = await opened(deposits, ANNA)
    receipt = receipt_for(deposit, 500, **changes)
    outcome = await deposits.receive(receipt)
    assert (outcome.result, outcome.suspense_reason) == (ReceiptResult.SUSPENSE, reason)
    assert (await row(deposits, ANNA)).received == 0
    (record,) = await deposits.suspense()
    assert (record.receipt, record.reason) == (receipt, reason)
    again = await deposits.receive(receipt)
    assert (again.result, again.suspense_reason) == (ReceiptResult.DUPLICATE, reason)


async def test_spelling_of_name_and_reference_does_not_matter(deposits: Deposits) -> None:
    deposit = await deposits.open(LOT, ANNA, 100, "CNY", "中州建设（集团）有限公司")
    assert isinstance(deposit, Deposit)
    spaced = " ".join(deposit.reference[at : at + 4] for at in range(0, 16, 4))
    outcome = await deposits.receive(
        receipt_for(deposit, 100, reference=spaced, payer_name="中州建设(集团) 有限公司")
    )
    assert outcome.result is ReceiptResult.CREDITED


# Holding


async def test_a_hold_takes_exactly_what_is_required(deposits: Deposits) -> None:
    await paid(deposits, ANNA, REQUIRED + 55)
    answer = await deposits.hold(LOT, ANNA)
    assert isinstance(answer, Held)
    assert (answer.amount, answer.is_new) == (REQUIRED, True)
    line = await row(deposits, ANNA)
    assert (line.state, line.held, line.held_at_us) == (DepositState.HELD, REQUIRED, answer.held_at_us)


async def test_holding_again_gives_the_same_answer(deposits: Deposits) -> None:
    await paid(deposits, ANNA)
    first, again = await deposits.hold(LOT, ANNA), await deposits.hold(LOT, ANNA)
    assert isinstance(first, Held)
    assert isinstance(again, Held)
    assert (again.held_at_us, again.is_new) == (first.held_at_us, False)
    assert (await row(deposits, ANNA)).held == REQUIRED


async def test_a_hold_waits_for_the_whole_amount(deposits: Deposits) -> None:
    deposit = await paid(deposits, ANNA, REQUIRED - 1)
    answer = await deposits.hold(LOT, ANNA)
    assert isinstance(answer, NotEnough)
    assert (answer.required, answer.received, answer.missing) == (REQUIRED, REQUIRED - 1, 1)
    await deposits.receive(receipt_for(deposit, 1))
    assert isinstance(await deposits.hold(LOT, ANNA), Held)


async def test_a_lot_without_deposit_holds_nothing_and_grants_it(deposits: Deposits) -> None:
    await opened(deposits, ANNA, required=0)
    answer = await deposits.hold(LOT, ANNA)
    assert isinstance(answer, Held)
    assert answer.amount == 0
    assert (await row(deposits, ANNA)).state is DepositState.HELD


async def test_holding_what_was_never_opened_is_an_error(deposits: Deposits) -> None:
    with pytest.raises(DepositUnknown):
        await deposits.hold(LOT, ANNA)


# Settling


async def test_the_winners_deposit_is_applied_and_the_others_are_released(deposits: Deposits) -> None:
    await held(deposits, ANNA)
    await held(deposits, BEN, REQUIRED + 70)
    await paid(deposits, CARL, 400)
    await opened(deposits, 10)
    answer = await deposits.settle(ended(winner=ANNA, price=9 * REQUIRED))
    assert answer == Settled(lot_id=LOT, is_new=True, applied=REQUIRED, released=REQUIRED + 470)
    lines = await deposits.register(LOT)
    assert [(r.bidder_id, r.state, r.held, r.applied, r.refund_due) for r in lines] == [
        (ANNA, DepositState.APPLIED_TO_PRICE, 0, REQUIRED, 0),
        (BEN, DepositState.REFUND_DUE, 0, 0, REQUIRED + 70),
        (CARL, DepositState.REFUND_DUE, 0, 0, 400),
        (10, DepositState.LAPSED, 0, 0, 0),
    ]
    assert {r.settled_at_us for r in lines} == {START_US + 5_000_000}


async def test_what_the_price_does_not_take_is_owed_to_the_winner(deposits: Deposits) -> None:
    await held(deposits, ANNA, REQUIRED + 5)
    await deposits.settle(ended(winner=ANNA, price=300))
    line = await row(deposits, ANNA)
    assert (line.state, line.applied) == (DepositState.APPLIED_TO_PRICE, 300)
    assert line.refund_due == REQUIRED + 5 - 300


async def test_without_a_winner_everybody_is_released(deposits: Deposits) -> None:
    await held(deposits, ANNA)
    await held(deposits, BEN)
    answer = await deposits.settle(ended())
    assert answer == Settled(lot_id=LOT, is_new=True, applied=0, released=2 * REQUIRED)
    assert {r.state for r in await deposits.register(LOT)} == {DepositState.REFUND_DUE}


async def test_settling_again_moves_nothing(deposits: Deposits, store: LedgerStore) -> None:
    await held(deposits, ANNA)
    await held(deposits, BEN)
    outcome = ended(winner=ANNA, price=5 * REQUIRED)
    await deposits.settle(outcome, Cursor("settlement", 40))
    before = await deposits.register()
    async with store.reading() as reader:
        head = await reader.head()
    again = await deposits.settle(outcome, Cursor("settlement", 40))
    assert again == Settled(lot_id=LOT, is_new=False)
    assert await deposits.register() == before
    async with store.reading() as reader:
        assert await reader.head() == head


async def test_another_outcome_of_a_settled_lot_is_refused(deposits: Deposits) -> None:
    await held(deposits, ANNA)
    await held(deposits, BEN)
    await deposits.settle(ended(winner=ANNA, price=500))
    for other in (ended(winner=BEN, price=500), ended(winner=ANNA, price=500, sequence=41), ended()):
        assert await deposits.settle(other) is SettlementRefusal.OTHER_OUTCOME_SETTLED


async def test_a_price_in_another_currency_is_refused(deposits: Deposits, store: LedgerStore) -> None:
    await held(deposits, ANNA)
    outcome = LotOutcome(lot_id=LOT, source_sequence=1, currency="USD", decided_at_us=START_US)
    refused = await deposits.settle(outcome, Cursor("settlement", 3))
    assert refused is SettlementRefusal.CURRENCY_OF_DEPOSITS_DIFFERS
    assert (await row(deposits, ANNA)).state is DepositState.HELD


async def test_other_lots_are_left_alone(deposits: Deposits) -> None:
    await held(deposits, ANNA)
    await opened(deposits, ANNA, lot_id=OTHER_LOT)
    await deposits.settle(ended(lot_id=OTHER_LOT))
    assert (await row(deposits, ANNA)).state is DepositState.HELD


async def test_a_lot_without_deposits_is_settled_too(deposits: Deposits, store: LedgerStore) -> None:
    answer = await deposits.settle(ended(), Cursor("settlement", 40))
    assert answer == Settled(lot_id=LOT, is_new=True)
    assert await store.cursor("settlement") == 40


async def test_nothing_is_taken_after_the_end(deposits: Deposits) -> None:
    deposit = await held(deposits, ANNA)
    await paid(deposits, BEN)
    await deposits.settle(ended(winner=ANNA, price=500))
    late = await deposits.receive(receipt_for(deposit, 77))
    assert (late.result, late.suspense_reason) == (ReceiptResult.SUSPENSE, SuspenseReason.LOT_CLOSED)
    assert await deposits.hold(LOT, BEN) == LotClosed(lot_id=LOT)
    assert await deposits.open(LOT, CARL, REQUIRED, "CNY", "Carl") == LotClosed(lot_id=LOT)
    assert await opened(deposits, ANNA) == deposit


async def test_a_zero_deposit_of_a_winner_is_applied_as_nothing(deposits: Deposits) -> None:
    for bidder_id in (ANNA, BEN):
        await opened(deposits, bidder_id, required=0)
        await deposits.hold(LOT, bidder_id)
    await deposits.settle(ended(winner=ANNA, price=500))
    states = [line.state for line in await deposits.register(LOT)]
    assert states == [DepositState.APPLIED_TO_PRICE, DepositState.LAPSED]


async def test_the_register_can_be_read_by_bidder(deposits: Deposits) -> None:
    await opened(deposits, ANNA)
    await opened(deposits, BEN)
    await opened(deposits, ANNA, lot_id=OTHER_LOT)
    lines = await deposits.register(bidder_id=ANNA)
    assert [(line.lot_id, line.bidder_id) for line in lines] == [(LOT, ANNA), (OTHER_LOT, ANNA)]
