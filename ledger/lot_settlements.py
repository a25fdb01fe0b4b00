"""Settling lots under their money rules: deposits, interest, fees and the start of the refund clock in one transaction.

Here belongs the service. Not here: the plan itself (settlement), reading the journal (the procedure).
"""

from functools import partial

from ledger import lot_rows
from ledger.fees import fee_account
from ledger.money_rule import LotRule
from ledger.postgres import Desk, PostgresLedgerStore
from ledger.records import Scope
from ledger.settlement import LotOutcome, Settled, SettlementRefusal, fee_transfer, settled
from ledger.store import Cursor
from ledger.units import Amount

SYSTEM = 0
"""Who acts when the journal says so and nobody else does."""


class LotSettlements:
    """Settles lots, for several processes at once.

    Raises: every method may raise LedgerUnavailable and LedgerStoreError; after LedgerUnavailable repeat it.
    """

    def __init__(self, store: PostgresLedgerStore) -> None:
        self._store = store

    async def settle(self, outcome: LotOutcome, cursor: Cursor | None = None) -> Settled | SettlementRefusal:
        """End all deposits of a lot under its rule and move the cursor, in one transaction.

        As `Deposits.settle`, and besides: interest becomes due with what it was earned on, the seller's fees come
        out of the price as far as deposits have paid it, and the moment at which bidding ended is kept.

        Args:
            outcome: how the lot ended.
            cursor: the settling reader's position in the journal, moved with the money.

        Refuses: SettlementRefusal; then no money moves, but the cursor does.
        """

        async def work(desk: Desk) -> Settled | SettlementRefusal:
            answer = await _settled_at(desk, outcome)
            await desk.move(cursor)
            return answer

        return await self._store.at_desk(work)

    async def fees(self, lot_id: int) -> list[lot_rows.FeeStanding]:
        """Return what the seller of a lot owes the centre and what was booked of it."""
        async with self._store.snapshot() as connection:
            return await lot_rows.fees(connection, lot_id)

    async def book_fees(self, lot_id: int, by: int) -> Amount:
        """Take what is left of a lot's fees out of the price, as far as the price was paid; return how much.

        To be called when more of the price has come in; called again, it takes nothing twice.
        """

        async def work(desk: Desk) -> Amount:
            taken = 0
            for standing in await lot_rows.fees(desk.connection, lot_id):
                taken += await _booked(desk, lot_id, standing, by)
            return taken

        return await self._store.at_desk(work)


async def _settled_at(desk: Desk, outcome: LotOutcome) -> Settled | SettlementRefusal:
    lot_id = outcome.lot_id
    rule = await lot_rows.lot_rule(desk.connection, lot_id)
    paid = await lot_rows.deposit_movements(desk.connection, lot_id) if _needs_days(rule) else {}
    answer = await desk.plan(Scope(lot_id=lot_id), partial(settled, outcome, rule=rule, paid=paid))
    if isinstance(answer, Settled) and answer.is_new:
        ended_at_us = outcome.bidding_ended_at_us or outcome.decided_at_us
        await lot_rows.add_lot_end(desk.connection, lot_id, ended_at_us)
        for one in answer.fees:
            await lot_rows.add_fee(
                desk.connection, lot_id, one.fee, 1, one.booked, SYSTEM, desk.now_us, one.transfer_id
            )
    return answer


def _needs_days(rule: LotRule | None) -> bool:
    return rule is not None and rule.interest_basis_points > 0


async def _booked(desk: Desk, lot_id: int, standing: lot_rows.FeeStanding, by: int) -> Amount:
    due, step = standing.fee, standing.step + 1
    amount = min(standing.left, await lot_rows.price_left(desk.connection, lot_id, due.currency))
    if amount <= 0:
        return 0
    transfer = fee_transfer(lot_id, due, step, amount, desk.now_us)
    await desk.post([transfer], [fee_account(due.kind, due.currency)])
    await lot_rows.add_fee(desk.connection, lot_id, due, step, amount, by, desk.now_us, transfer.id)
    return amount
