"""A bidder's own money over HTTP: where to pay, what came in, what is owed back and until when.

Belongs here: what the caller may read of himself. Does not belong here: what finance reads (`gateways.api.deposits`).
"""

from __future__ import annotations

from msgspec import Struct

from exchange.people import Role
from gateways.api.errors import ApiCode, ApiError
from gateways.api.operation import Asked, Operation, only
from gateways.api.pay_to import PayTo, pay_to
from ledger.own_deposits import OwnDeposit


class MyDeposit(Struct, frozen=True):
    """One's own deposit for a lot, as of `now_us`, and the account to which it is paid, if there is one."""

    now_us: int
    deposit: OwnDeposit
    pay_to: list[PayTo]


class MyDeposits(Struct, frozen=True):
    """One's own deposits in the order of one's sign-ups, the newest first, as of `now_us`."""

    now_us: int
    deposits: list[OwnDeposit]


async def show_my_deposit(asked: Asked) -> MyDeposit:
    """Show one's own deposit for a lot: where to pay, what came in, what is owed back."""
    services, lot_id = asked.services, asked.ids["lot"]
    state = await services.sign_ups.state(lot_id, asked.caller.id)
    if state is None:
        raise ApiError(ApiCode.NOT_SIGNED_UP)
    now_us = services.clock.now_us()
    [deposit] = await services.finance.own_deposits.of_bidder(asked.caller.id, [lot_id], now_us)
    return MyDeposit(now_us, deposit, await pay_to(services, state.currency))


async def list_my_deposits(asked: Asked) -> MyDeposits:
    """List one's own deposits with what came in, what is owed back until when, and what was paid out."""
    services, now_us = asked.services, asked.services.clock.now_us()
    states = await services.sign_ups.of_account(asked.caller.id)
    lots = [state.lot for state in states if state.reference]
    deposits = await services.finance.own_deposits.of_bidder(asked.caller.id, lots, now_us)
    return MyDeposits(now_us, deposits)


OPERATIONS = (
    Operation(
        "GET", "/lots/{lot}/deposit", show_my_deposit, only(Role.BIDDER), answer=MyDeposit,
        codes=(ApiCode.NOT_SIGNED_UP,),
    ),
    Operation("GET", "/me/deposits", list_my_deposits, only(Role.BIDDER), answer=MyDeposits),
)  # fmt: skip
