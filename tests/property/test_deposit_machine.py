"""The life of many deposits against a model that only remembers what each bidder paid."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ledger.deposits import Deposits, Held, LotClosed, NotEnough
from ledger.memory import MemoryLedgerStore
from ledger.receipts import ReceiptResult
from ledger.records import BankReceipt, Deposit
from ledger.register import DepositState
from ledger.settlement import LotOutcome, Purchase, Settled, SettlementRefusal
from ledger.store import Cursor
from ledger.verify import verify

NOW_US = 1_700_000_000_000_000
LOTS = st.integers(min_value=1, max_value=2)
BIDDERS = st.integers(min_value=1, max_value=3)
REQUIRED = {1: 100, 2: 0}


@dataclass
class Paid:
    """One bidder's money for one lot, as a person would note it."""

    reference: str
    received: int = 0
    is_held: bool = False
    applied: int = 0
    refund_due: int = 0


@dataclass
class Model:
    """All deposits, the lots that ended and the money nobody could assign."""

    paid: dict[tuple[int, int], Paid] = field(default_factory=dict)
    ended: dict[int, LotOutcome] = field(default_factory=dict)
    suspense: int = 0
    receipts: dict[str, BankReceipt] = field(default_factory=dict)


class DepositMachine(RuleBasedStateMachine):
    """Opens, pays, holds and settles in any order, each step perhaps twice."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.store = MemoryLedgerStore(lambda: NOW_US)
        self.deposits = Deposits(self.store, lambda: NOW_US)
        self.model = Model()

    def teardown(self) -> None:
        self.runner.close()

    def finish(self, work: Any) -> Any:
        return self.runner.run(work)

    @rule(lot_id=LOTS, bidder_id=BIDDERS)
    def open(self, lot_id: int, bidder_id: int) -> None:
        opened = self.finish(
            self.deposits.open(lot_id, bidder_id, REQUIRED[lot_id], "CNY", f"bidder {bidder_id}")
        )
        known = self.model.paid.get((lot_id, bidder_id))
        if known is None and lot_id in self.model.ended:
            assert opened == LotClosed(lot_id=lot_id)
            return
        assert isinstance(opened, Deposit)
        if known is None:
            self.model.paid[lot_id, bidder_id] = Paid(opened.reference)
        else:
            assert opened.reference == known.reference

    @precondition(lambda self: self.model.paid)
    @rule(data=st.data(), amount=st.integers(min_value=1, max_value=120), is_own=st.integers(0, 5))
    def receive(self, data: st.DataObject, amount: int, is_own: int) -> None:
        lot_id, bidder_id = data.draw(st.sampled_from(sorted(self.model.paid)))
        paid = self.model.paid[lot_id, bidder_id]
        receipt = BankReceipt(
            receipt_id=f"bank-{len(self.model.receipts)}",
            reference=paid.reference,
            amount=amount,
            currency="CNY",
            payer_name=f"bidder {bidder_id}" if is_own else "a friend",
            received_at_us=NOW_US,
        )
        self.model.receipts[receipt.receipt_id] = receipt
        outcome = self.finish(self.deposits.receive(receipt))
        if is_own and lot_id not in self.model.ended:
            assert outcome.result is ReceiptResult.CREDITED
            paid.received += amount
        else:
            assert outcome.result is ReceiptResult.SUSPENSE
            self.model.suspense += amount

    @precondition(lambda self: self.model.receipts)
    @rule(data=st.data())
    def receive_again(self, data: st.DataObject) -> None:
        receipt = self.model.receipts[data.draw(st.sampled_from(sorted(self.model.receipts)))]
        assert self.finish(self.deposits.receive(receipt)).result is ReceiptResult.DUPLICATE

    @precondition(lambda self: self.model.paid)
    @rule(data=st.data())
    def hold(self, data: st.DataObject) -> None:
        lot_id, bidder_id = data.draw(st.sampled_from(sorted(self.model.paid)))
        paid = self.model.paid[lot_id, bidder_id]
        answer = self.finish(self.deposits.hold(lot_id, bidder_id))
        if lot_id in self.model.ended:
            assert answer == LotClosed(lot_id=lot_id)
        elif paid.received < REQUIRED[lot_id]:
            assert isinstance(answer, NotEnough)
            assert answer.missing == REQUIRED[lot_id] - paid.received
        else:
            assert isinstance(answer, Held)
            assert answer.is_new == (not paid.is_held)
            paid.is_held = True

    @rule(lot_id=LOTS, data=st.data(), price=st.integers(min_value=0, max_value=150))
    def settle(self, lot_id: int, data: st.DataObject, price: int) -> None:
        held = [bidder for (lot, bidder), paid in self.model.paid.items() if lot == lot_id and paid.is_held]
        buyers = data.draw(st.sets(st.sampled_from(held))) if held else set()
        defaulted = data.draw(st.sets(st.sampled_from(held))) - buyers if held else set()
        outcome = LotOutcome(
            lot_id=lot_id,
            source_sequence=9,
            purchases=tuple(Purchase(bidder_id, price) for bidder_id in sorted(buyers)),
            defaulted_bidder_ids=tuple(sorted(defaulted)),
            decided_at_us=NOW_US,
        )
        answer = self.finish(self.deposits.settle(outcome, Cursor("settlement", lot_id)))
        first = self.model.ended.get(lot_id)
        if first is None:
            self.end(outcome)
            assert isinstance(answer, Settled)
            assert answer.is_new
        elif _recorded(first) == _recorded(outcome):
            assert answer == Settled(lot_id=lot_id, is_new=False)
        else:
            assert answer is SettlementRefusal.OTHER_OUTCOME_SETTLED

    def end(self, outcome: LotOutcome) -> None:
        self.model.ended[outcome.lot_id] = outcome
        for (lot_id, bidder_id), paid in self.model.paid.items():
            if lot_id == outcome.lot_id and bidder_id not in outcome.defaulted_bidder_ids:
                owed = {purchase.bidder_id: purchase.amount for purchase in outcome.purchases}
                paid.applied = min(REQUIRED[lot_id], owed.get(bidder_id, 0))
                paid.refund_due = paid.received - paid.applied

    @invariant()
    def the_register_says_what_was_paid(self) -> None:
        rows = self.finish(self.deposits.register())
        assert {(row.lot_id, row.bidder_id) for row in rows} == set(self.model.paid)
        for row in rows:
            paid = self.model.paid[row.lot_id, row.bidder_id]
            outcome = self.model.ended.get(row.lot_id)
            has_ended = outcome is not None and row.bidder_id not in outcome.defaulted_bidder_ids
            held = REQUIRED[row.lot_id] if paid.is_held and not has_ended else 0
            noted = (paid.received, held, paid.applied, paid.refund_due)
            assert (row.received, row.held, row.applied, row.refund_due) == noted
            is_live = paid.is_held and not has_ended
            assert (row.state is DepositState.HELD) == (is_live and outcome is None)
            assert (row.state is DepositState.DEFAULTED) == (is_live and outcome is not None)

    @invariant()
    def suspense_holds_the_rest(self) -> None:
        records = self.finish(self.deposits.suspense())
        assert sum(record.receipt.amount for record in records) == self.model.suspense

    @invariant()
    def the_books_are_sound(self) -> None:
        assert self.finish(verify(self.store)).discrepancies == ()


TestDeposits = DepositMachine.TestCase
TestDeposits.settings = settings(max_examples=50, stateful_step_count=20, deadline=None)


def _recorded(outcome: LotOutcome) -> tuple[int | None, int, tuple[int, ...]]:
    """What of an outcome a settlement keeps, and compares when the outcome comes again."""
    return outcome.only_buyer_id, outcome.total, outcome.defaulted_bidder_ids
