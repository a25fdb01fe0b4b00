"""What people decide about a payout: where it goes, yes, no.

Here belong the acts over a desk and the step that all acts take. Every act may be repeated.
Not here: who may act in which role (gateways), what is legal (rules).
"""

from msgspec.structs import replace

from ledger.payouts import postgres as rows
from ledger.payouts.postgres import Step
from ledger.payouts.records import (
    Acted,
    Payout,
    PayoutRefusal,
    PayoutState,
)
from ledger.payouts.rules import (
    STOPPED_BY_PERSON,
    UNPAID_ENDS,
    approval_refusal,
    entry_refusal,
    plain_number,
    reservation_end,
    stop_refusal,
)
from ledger.postgres import Desk
from ledger.transfers import Transfer


async def enter_account(
    desk: Desk, payout_id: int, payee_account: str, payee_bank: str, by: int
) -> Acted | PayoutRefusal:
    """Say where the money goes.

    Refuses: PAYOUT_UNKNOWN, STATE_DIFFERS, PERSON_MISSING, PAYEE_ACCOUNT_MALFORMED, PAYEE_BANK_MALFORMED.
    """
    payout = await payout_by_id(desk, payout_id)
    if payout is None:
        return PayoutRefusal.PAYOUT_UNKNOWN
    payee_account, payee_bank = plain_number(payee_account), plain_number(payee_bank)
    entered = (payout.payee_account, payout.payee_bank, payout.account_entered_by)
    if entered == (payee_account, payee_bank, by) and payout.state not in UNPAID_ENDS:
        return Acted(payout=payout, is_new=False)
    refusal = entry_refusal(payout, payee_account, payee_bank, by)
    if refusal is not None:
        return refusal
    step = next_step(payout, PayoutState.PROPOSED, by)
    return await take_step(desk, payout, replace(step, payee_account=payee_account, payee_bank=payee_bank))


async def approve(desk: Desk, payout_id: int, by: int) -> Acted | PayoutRefusal:
    """Approve a payout, as another person than proposed it and than said where it goes.

    Refuses: PAYOUT_UNKNOWN, STATE_DIFFERS, PERSON_MISSING, SAME_PERSON, PAYEE_ACCOUNT_MISSING.
    """
    payout = await payout_by_id(desk, payout_id)
    if payout is None:
        return PayoutRefusal.PAYOUT_UNKNOWN
    if payout.approved_by == by and payout.state not in UNPAID_ENDS:
        return Acted(payout=payout, is_new=False)
    refusal = approval_refusal(payout, by)
    return refusal or await take_step(desk, payout, next_step(payout, PayoutState.APPROVED, by))


async def stop(desk: Desk, payout_id: int, state: PayoutState, by: int, reason: str) -> Acted | PayoutRefusal:
    """Decline or cancel a payout before it is in a file, and let go of its money.

    Refuses: TEXT_NOT_BOOKABLE, PAYOUT_UNKNOWN, STATE_DIFFERS, PERSON_MISSING, REASON_MISSING.
    """
    assert state in STOPPED_BY_PERSON, "a payout is declined or cancelled"
    payout = await payout_by_id(desk, payout_id)
    if payout is None:
        return PayoutRefusal.PAYOUT_UNKNOWN
    if payout.state is state and payout.reason == reason.strip():
        return Acted(payout=payout, is_new=False)
    refusal = stop_refusal(payout, state, by, reason)
    if refusal is not None:
        return refusal
    step = replace(next_step(payout, state, by), reason=reason.strip())
    return await take_step(desk, payout, step, reservation_end(payout, state, desk.now_us))


async def payout_by_id(desk: Desk, payout_id: int) -> Payout | None:
    return (await rows.payouts_by_id(desk.connection, [payout_id])).get(payout_id)


def next_step(payout: Payout, state: PayoutState, by: int) -> Step:
    return Step(payout_id=payout.payout_id, step=payout.step + 1, state=state, by=by)


async def take_step(desk: Desk, payout: Payout, step: Step, transfer: Transfer | None = None) -> Acted:
    """Post what a step moves, write the step, and return the payout after it."""
    if transfer is not None:
        await desk.post([transfer])
        step = replace(step, transfer_id=transfer.id)
    await rows.add_steps(desk.connection, [step], desk.now_us)
    after = await payout_by_id(desk, payout.payout_id)
    assert after is not None, "a payout does not go away"
    return Acted(payout=after, is_new=True)
