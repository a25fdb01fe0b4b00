"""From sign-up to paddle over a real database: the way, its refusals, and crashes at every step of it."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from exchange.catalogue import TermsInvalid
from exchange.people import Account
from exchange.ports import OutcomeUnknown
from exchange.sign_up import SignUpRefusal, SignUpState, SignUpStatus
from ledger.receipts import ReceiptResult
from ledger.records import SuspenseReason
from ledger.register import DepositState
from ledger.store import LedgerUnavailable
from matching.commands import Command
from matching.events import BidderAdmitted
from tests.floor import MINUTE_US, Floor
from tests.procedure import DEPOSIT, Fuse, Killed, Procedure


@pytest.fixture
async def anna(procedure: Procedure) -> Account:
    return await procedure.bidder("anna")


async def signed_up(procedure: Procedure, lot: int, account: Account) -> SignUpState:
    state = await procedure.sign_ups.sign_up(lot, account)
    assert isinstance(state, SignUpState)
    return state


async def state_of(procedure: Procedure, lot: int, account: Account) -> SignUpState:
    state = await procedure.sign_ups.state(lot, account.id)
    assert state is not None
    return state


async def admissions(procedure: Procedure, lot: int) -> list[BidderAdmitted]:
    rows = await procedure.floor.journal.read_lot(lot, 0, 1_000)
    return [row.event for row in rows if isinstance(row.event, BidderAdmitted)]


async def test_part_payments_add_up_until_the_bidder_has_a_paddle(
    procedure: Procedure, anna: Account
) -> None:
    lot = await procedure.publish()
    state = await signed_up(procedure, lot, anna)
    assert (state.state, state.required, state.received) == (SignUpStatus.AWAITING_DEPOSIT, DEPOSIT, 0)
    assert len(state.reference) == 16
    await procedure.pay(state, anna, DEPOSIT - 1)
    state = await state_of(procedure, lot, anna)
    assert (state.state, state.missing, state.paddle) == (SignUpStatus.AWAITING_DEPOSIT, 1, 0)
    assert state.deposit_state is DepositState.PART_PAID
    await procedure.pay(state, anna, 1)
    state = await state_of(procedure, lot, anna)
    assert (state.state, state.missing, state.paddle) == (SignUpStatus.ADMITTED, 0, 1)
    assert state.deposit_state is DepositState.HELD
    assert [event.bidder for event in await admissions(procedure, lot)] == [anna.id]


async def test_signing_up_again_changes_nothing(procedure: Procedure, anna: Account) -> None:
    lot = await procedure.publish()
    first = await signed_up(procedure, lot, anna)
    both = await asyncio.gather(*(procedure.sign_ups.sign_up(lot, anna) for _ in range(4)))
    assert both == [first] * 4
    admitted = await procedure.admitted(lot, anna)
    assert await signed_up(procedure, lot, anna) == admitted
    assert await procedure.sign_ups.of_account(anna.id) == [admitted]
    assert await procedure.sign_ups.by_reference(first.reference) == admitted
    assert await procedure.sign_ups.by_reference("") is None


async def test_a_receipt_that_comes_twice_counts_once(procedure: Procedure, anna: Account) -> None:
    lot = await procedure.publish()
    state = await signed_up(procedure, lot, anna)
    first = await procedure.pay(state, anna, DEPOSIT, "bank-1")
    again = await procedure.pay(state, anna, DEPOSIT, "bank-1")
    assert (first.result, again.result) == (ReceiptResult.CREDITED, ReceiptResult.DUPLICATE)
    assert (await state_of(procedure, lot, anna)).received == DEPOSIT
    assert len(await admissions(procedure, lot)) == 1


async def test_somebody_elses_money_admits_nobody(procedure: Procedure, anna: Account) -> None:
    lot, ben = await procedure.publish(), await procedure.bidder("ben")
    state = await signed_up(procedure, lot, anna)
    outcome = await procedure.pay(state, ben, DEPOSIT)
    assert outcome.suspense_reason is SuspenseReason.PAYER_MISMATCH
    assert (await state_of(procedure, lot, anna)).state is SignUpStatus.AWAITING_DEPOSIT


async def test_after_the_deadline_money_goes_to_suspense_and_nobody_signs_up(
    procedure: Procedure, anna: Account
) -> None:
    clock, ben, carl = procedure.floor.clock, await procedure.bidder("ben"), await procedure.bidder("carl")
    by_us = clock.now_us() + MINUTE_US
    lot = await procedure.publish(deposit_by_us=by_us)
    state, bens = await signed_up(procedure, lot, anna), await signed_up(procedure, lot, ben)
    assert state.deposit_by_us == by_us
    clock.advance(MINUTE_US)
    assert (await procedure.pay(bens, ben, DEPOSIT)).result is ReceiptResult.CREDITED
    clock.advance(1)
    late = await procedure.pay(state, anna, DEPOSIT, "late-1")
    assert (late.result, late.suspense_reason) == (ReceiptResult.SUSPENSE, SuspenseReason.DEADLINE_PASSED)
    assert (await state_of(procedure, lot, anna)).state is SignUpStatus.AWAITING_DEPOSIT
    assert (await state_of(procedure, lot, ben)).state is SignUpStatus.ADMITTED
    assert await procedure.sign_ups.sign_up(lot, carl) is SignUpRefusal.DEPOSIT_DEADLINE_PASSED
    assert await signed_up(procedure, lot, anna) == await state_of(procedure, lot, anna)


async def test_a_lot_is_not_published_with_a_deadline_that_nobody_could_keep(procedure: Procedure) -> None:
    now_us = procedure.floor.clock.now_us()
    with pytest.raises(TermsInvalid, match="has passed already"):
        await procedure.publish(deposit_by_us=now_us)
    with pytest.raises(TermsInvalid, match="asks for no deposit"):
        await procedure.publish(0, deposit_by_us=now_us + MINUTE_US)


async def test_without_a_deposit_the_paddle_comes_at_once(procedure: Procedure, anna: Account) -> None:
    lot, ben = await procedure.publish(0), await procedure.bidder("ben")
    states = [await signed_up(procedure, lot, account) for account in (anna, ben, anna)]
    assert [(state.state, state.paddle) for state in states] == [
        (SignUpStatus.ADMITTED, 1),
        (SignUpStatus.ADMITTED, 2),
        (SignUpStatus.ADMITTED, 1),
    ]
    assert states[0].reference == ""


async def test_many_are_admitted_where_no_deposit_is_asked_for_and_only_there(procedure: Procedure) -> None:
    lot, dear = await procedure.publish(0), await procedure.publish()
    bidders = [(await procedure.bidder(f"robot-{n}")).id for n in range(100)]
    admitted = await procedure.sign_ups.admit_free(lot, bidders)
    assert isinstance(admitted, list)
    assert [one.bidder for one in admitted] == bidders
    assert sorted(one.paddle for one in admitted) == list(range(1, 101))
    assert await procedure.sign_ups.admit_free(lot, bidders[:2]) == admitted[:2]
    assert await procedure.sign_ups.admit_free(dear, bidders) is SignUpRefusal.DEPOSIT_REQUIRED
    assert await procedure.sign_ups.admit_free(999, bidders) is SignUpRefusal.LOT_UNKNOWN


async def test_nobody_signs_up_for_a_lot_that_is_unknown_or_over(procedure: Procedure, anna: Account) -> None:
    lot = await procedure.publish()
    await procedure.withdrawn(lot)
    for _ in range(2):
        assert await procedure.sign_ups.sign_up(lot, anna) is SignUpRefusal.LOT_CLOSED
        assert await procedure.sign_ups.admit_free(lot, [anna.id]) is SignUpRefusal.LOT_CLOSED
        await procedure.settlement.settle_due()
    assert await procedure.sign_ups.sign_up(999, anna) is SignUpRefusal.LOT_UNKNOWN


async def test_money_that_comes_after_the_end_admits_nobody_and_is_owed_back(
    procedure: Procedure, anna: Account
) -> None:
    lot = await procedure.publish()
    state = await signed_up(procedure, lot, anna)
    await procedure.withdrawn(lot)
    outcome = await procedure.pay(state, anna, DEPOSIT)
    assert outcome.result is ReceiptResult.CREDITED
    assert (await state_of(procedure, lot, anna)).state is SignUpStatus.NOT_ADMITTED
    await procedure.settlement.settle_due()
    after = await state_of(procedure, lot, anna)
    assert (after.state, after.refund_due) == (SignUpStatus.NOT_ADMITTED, DEPOSIT)
    late = await procedure.pay(state, anna, DEPOSIT)
    assert late.suspense_reason is SuspenseReason.LOT_CLOSED
    assert await admissions(procedure, lot) == []


class Forgetful:
    """A way to the engine that loses some answers after the command has been taken."""

    def __init__(self, procedure: Procedure, losses: int) -> None:
        self._engine = procedure.engine
        self._losses = losses

    def post(self, command_id: str, command: Command, reply: object) -> None:
        """Hand over a command."""
        raise AssertionError("the procedure submits")

    async def submit(self, command_id: str, command: Command) -> object:
        """Hand over a command, and perhaps lose the answer."""
        answer = await self._engine.submit(command_id, command)
        self._losses -= 1
        if self._losses >= 0:
            raise OutcomeUnknown(command_id)
        return answer


async def test_an_admission_whose_answer_is_lost_is_finished_in_the_background(
    procedure: Procedure, anna: Account
) -> None:
    lot, free = await procedure.publish(), await procedure.publish(0)
    forgetful = Procedure(procedure.pool, procedure.floor, bus=Forgetful(procedure, 2))  # type: ignore[arg-type]
    pending = [await forgetful.admitted(lot, anna), await forgetful.admitted(free, anna)]
    assert [state.state for state in pending] == [SignUpStatus.ADMISSION_PENDING] * 2
    work = asyncio.create_task(forgetful.sign_ups.run())
    async with asyncio.timeout(60):
        while (await state_of(procedure, free, anna)).state is not SignUpStatus.ADMITTED:
            await asyncio.sleep(0.02)
    work.cancel()
    with suppress(asyncio.CancelledError):
        await work
    for each in (lot, free):
        assert (await state_of(procedure, each, anna)).paddle == 1
        assert len(await admissions(procedure, each)) == 1


@pytest.mark.parametrize("is_after", [False, True])
@pytest.mark.parametrize("deposit", [0, DEPOSIT])
async def test_a_crash_at_any_step_is_finished_by_the_next_start(
    procedure: Procedure, anna: Account, deposit: int, is_after: bool
) -> None:
    deaths = 0
    for operations in range(40):
        lot = await procedure.publish(deposit)
        dying = procedure.dying(Fuse(operations, is_after=is_after))
        try:
            await dying.admitted(lot, anna)
        except Killed:
            deaths += 1
        else:
            break
        await _begun_again(procedure, lot, anna)
        final = await state_of(procedure, lot, anna)
        assert (final.state, final.paddle) == (SignUpStatus.ADMITTED, 1), f"died at operation {operations}"
        assert final.received == deposit
        assert len(await admissions(procedure, lot)) == 1
    assert 4 < deaths < 39


async def _begun_again(procedure: Procedure, lot: int, account: Account) -> None:
    """Do what a start does; then the person and the bank, who had no answer, do what they did again."""
    await procedure.sign_ups.admit_due()
    state = await signed_up(procedure, lot, account)
    if state.required:
        await procedure.pay(state, account, state.required, f"receipt-{lot}-{account.id}-1")


async def test_what_a_crash_left_is_admitted_by_the_start_alone(procedure: Procedure, anna: Account) -> None:
    lot = await procedure.publish()
    state = await signed_up(procedure, lot, anna)
    with pytest.raises(Killed):
        await procedure.dying(Fuse(1)).pay(state, anna, DEPOSIT)
    assert (await state_of(procedure, lot, anna)).deposit_state is DepositState.RECEIVED
    assert await procedure.sign_ups.admit_due() == 1
    assert (await state_of(procedure, lot, anna)).paddle == 1
    assert await procedure.sign_ups.admit_due() == 0


async def test_a_bidder_whom_the_journal_has_admitted_keeps_his_paddle_over_a_restart(
    procedure: Procedure, anna: Account
) -> None:
    lot, free = await procedure.publish(), await _admitted_when_it_died(procedure, anna)
    await procedure.admitted(lot, anna)
    procedure.floor.clock.advance(3_600_000_000)
    after = procedure.restarted(procedure.floor.successor())
    async with after.floor.running():
        await after.sign_ups.admit_due()
        paddles = {state.lot: state.paddle for state in await after.sign_ups.of_account(anna.id)}
        assert (paddles[lot], paddles[free]) == (1, 1)


async def _admitted_when_it_died(procedure: Procedure, account: Account) -> int:
    """Return a lot of which the journal had admitted somebody when the procedure died, and nothing later was done."""
    for operations in range(40):
        lot = await procedure.publish(0)
        with pytest.raises(Killed):
            await procedure.dying(Fuse(operations, is_after=True)).admitted(lot, account)
        if await admissions(procedure, lot):
            return lot
    raise AssertionError("nobody was ever admitted")


async def test_a_ledger_that_cannot_be_reached_fails_the_receipt_and_is_asked_again(
    procedure: Procedure, anna: Account
) -> None:
    lot = await procedure.publish()
    state = await signed_up(procedure, lot, anna)

    class Unanswering(type(procedure.ledger)):  # type: ignore[misc]
        async def post_planned(self, *given: object, **named: object) -> object:
            await super().post_planned(*given, **named)
            raise LedgerUnavailable("the answer is lost")

    cut = Procedure(procedure.pool, procedure.floor, ledger=Unanswering(procedure.pool))
    with pytest.raises(LedgerUnavailable):
        await cut.pay(state, anna, DEPOSIT)
    assert await procedure.sign_ups.admit_due() == 1
    assert (await state_of(procedure, lot, anna)).state is SignUpStatus.ADMITTED


async def test_a_floor_without_the_lot_leaves_the_sign_up_pending(
    procedure: Procedure, anna: Account
) -> None:
    lot = await procedure.publish()
    state = await signed_up(procedure, lot, anna)
    empty = procedure.restarted(Floor())
    async with empty.floor.running():
        await empty.pay(state, anna, DEPOSIT)
    assert (await state_of(procedure, lot, anna)).state is SignUpStatus.ADMISSION_PENDING
    await procedure.sign_ups.admit_due()
    assert (await state_of(procedure, lot, anna)).state is SignUpStatus.ADMITTED
