"""Payouts in any order, by anybody, each step perhaps twice, with a bank that answers what it likes.

Beside the ledger runs a naive book: per refund what was released, and per payout a word. After every step the two
agree: what is due, on its way and paid is what was released, never more.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import asyncpg
import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ledger.payouts import Acted, Payout, PayoutRefusal, PayoutState
from ledger.payouts.records import Batched, ResultReport
from ledger.verify import verify
from tests.payouts import (
    MAKER,
    NUMBER,
    PAYING,
    Centre,
    centre_on,
    movement,
    notification,
    status_report,
    transfer_said,
)

PEOPLE = st.sampled_from([1, 2, 3, 0])
LOT_NUMBERS = count(1)
OPEN = {"proposed", "approved", "batched"}
TRANSIT = "liabilities:payout-in-transit:cny"
CLEARING = "assets:bank:cny"


@dataclass
class Noted:
    """A payout in the naive book."""

    bidder: int
    amount: int
    maker: int
    word: str = "proposed"
    enterer: int = 0
    has_account: bool = False
    checker: int = 0
    batch: int = 0


@dataclass
class Book:
    """What a person would note on paper about one lot; of a batch, who made it and who sent it (or None)."""

    released: dict[int, int] = field(default_factory=dict)
    payouts: dict[int, Noted] = field(default_factory=dict)
    batches: dict[int, tuple[int, int | None]] = field(default_factory=dict)
    stopped: set[int] = field(default_factory=set)
    answers: list[bytes] = field(default_factory=list)
    receipts: int = 0

    def with_word(self, bidder: int, *words: str) -> int:
        return sum(one.amount for one in self.payouts.values() if one.bidder == bidder and one.word in words)

    def due(self, bidder: int) -> int:
        gone = self.with_word(bidder, "sent", "paid")
        return self.released[bidder] - gone - self.with_word(bidder, *OPEN)


def has(*words: str) -> Callable[["PayoutMachine"], bool]:
    """Tell whether the book has a payout with one of these words; with any, when none is given."""
    return lambda machine: any(not words or one.word in words for one in machine.book.payouts.values())


class PayoutMachine(RuleBasedStateMachine):
    """One lot of its own for each course of events, all courses on one database."""

    centre: Centre
    runner: asyncio.Runner

    def __init__(self) -> None:
        super().__init__()
        self.lot = next(LOT_NUMBERS)
        self.book = Book()

    def finish(self, work: Any) -> Any:
        return self.runner.run(work)

    def payout(self, payout_id: int) -> Payout:
        found: Payout = self.finish(self.centre.now(payout_id))
        return found

    def chosen(self, data: st.DataObject, *words: str) -> tuple[int, Noted]:
        fitting = [n for n, one in self.book.payouts.items() if not words or one.word in words]
        payout_id = data.draw(st.sampled_from(sorted(fitting)))
        return payout_id, self.book.payouts[payout_id]

    @initialize(amounts=st.lists(st.integers(min_value=1, max_value=500), min_size=1, max_size=3))
    def release(self, amounts: list[int]) -> None:
        self.clearing = self.finish(self.centre.balance(CLEARING)) + sum(amounts)
        self.transit = self.finish(self.centre.balance(TRANSIT))
        self.book.released = dict(enumerate(amounts, 1))

        async def owe() -> None:
            for bidder, amount in self.book.released.items():
                deposit: Any = await self.centre.deposits.open(
                    self.lot, bidder, amount, "CNY", f"竞买人{bidder}"
                )
                name = f"bank-{self.lot}-{bidder}"
                await self.centre.receives(deposit.reference, name, amount, deposit.payer_name)
            await self.centre.owes(self.lot, ())

        self.finish(owe())

    @rule(by=PEOPLE)
    def propose(self, by: int) -> None:
        run = self.finish(self.centre.payouts.propose_refunds_due(by, self.lot))
        expected = {
            bidder: self.book.due(bidder)
            for bidder in self.book.released
            if self.book.due(bidder) > 0 and (by or bidder not in self.book.stopped)
        }
        assert {payout.bidder_id: payout.amount for payout in run.proposed} == expected
        for payout in run.proposed:
            self.book.stopped.discard(payout.bidder_id)
            self.book.payouts[payout.payout_id] = Noted(
                payout.bidder_id, payout.amount, by, enterer=by, has_account=bool(payout.payee_account)
            )

    @precondition(has())
    @rule(data=st.data(), by=PEOPLE)
    def enter_account(self, data: st.DataObject, by: int) -> None:
        payout_id, noted = self.chosen(data)
        answer = self.finish(self.centre.payouts.enter_account(payout_id, NUMBER, by))
        if isinstance(answer, Acted) and answer.is_new:
            assert (noted.word, by > 0) == ("proposed", True)
            noted.enterer, noted.has_account = by, True
        elif isinstance(answer, PayoutRefusal):
            assert noted.word != "proposed" or by == 0

    def approves(self, payout_id: int, noted: Noted, by: int) -> None:
        may = (
            noted.word == "proposed"
            and by > 0
            and noted.has_account
            and by not in (noted.maker, noted.enterer)
        )
        answer = self.finish(self.centre.payouts.approve(payout_id, by))
        assert (isinstance(answer, Acted) and answer.is_new) == may
        if may:
            noted.word, noted.checker = "approved", by

    @precondition(has())
    @rule(data=st.data(), by=PEOPLE)
    def approve_any(self, data: st.DataObject, by: int) -> None:
        self.approves(*self.chosen(data), by)

    @precondition(has("proposed"))
    @rule(data=st.data())
    def approve_as_it_should_be(self, data: st.DataObject) -> None:
        payout_id, noted = self.chosen(data, "proposed")
        if not noted.has_account:
            assert isinstance(self.finish(self.centre.payouts.enter_account(payout_id, NUMBER, 1)), Acted)
            noted.enterer, noted.has_account = 1, True
        self.approves(payout_id, noted, min({1, 2, 3} - {noted.maker, noted.enterer}))

    @precondition(has("approved"))
    @rule(data=st.data())
    def hand_over_as_it_should_be(self, data: st.DataObject) -> None:
        payout_id, noted = self.chosen(data, "approved")
        by = min({1, 2, 3} - {noted.checker})
        answer = self.finish(self.centre.payouts.make_batch("settlement", "001.001.09", by, [payout_id]))
        assert isinstance(answer, Batched)
        assert isinstance(self.finish(self.centre.payouts.send_batch(answer.batch.batch_id, by)), Batched)
        self.book.batches[answer.batch.batch_id] = (by, by)
        noted.word, noted.batch = "sent", answer.batch.batch_id

    @precondition(has())
    @rule(data=st.data(), by=PEOPLE, is_decline=st.booleans())
    def stop(self, data: st.DataObject, by: int, is_decline: bool) -> None:
        payout_id, noted = self.chosen(data)
        may = noted.word in ("proposed", "approved") and by > 0
        act = self.centre.payouts.decline if is_decline else self.centre.payouts.cancel
        answer = self.finish(act(payout_id, by, "stopped"))
        assert (isinstance(answer, Acted) and answer.is_new) == may
        if may:
            noted.word = "declined" if is_decline else "cancelled"
            self.book.stopped.add(noted.bidder)

    @precondition(has("approved"))
    @rule(data=st.data(), by=PEOPLE, version=st.sampled_from(["001.001.03", "001.001.09"]))
    def make_batch(self, data: st.DataObject, by: int, version: str) -> None:
        approved = sorted(number for number, one in self.book.payouts.items() if one.word == "approved")
        chosen = data.draw(st.sets(st.sampled_from(approved), min_size=1))
        answer = self.finish(self.centre.payouts.make_batch("settlement", version, by, chosen))
        assert isinstance(answer, Batched) == (by > 0)
        if isinstance(answer, Batched):
            assert answer.batch.total == sum(self.book.payouts[number].amount for number in chosen)
            self.book.batches[answer.batch.batch_id] = (by, None)
            for number in chosen:
                noted = self.book.payouts[number]
                noted.word, noted.batch = "batched", answer.batch.batch_id

    @precondition(lambda self: self.book.batches)
    @rule(data=st.data(), by=PEOPLE)
    def send(self, data: st.DataObject, by: int) -> None:
        batch_id = data.draw(st.sampled_from(sorted(self.book.batches)))
        maker, sender = self.book.batches[batch_id]
        payouts = [one for one in self.book.payouts.values() if one.batch == batch_id]
        hands = [{one.maker, one.enterer, one.checker, maker, by} - {0} for one in payouts]
        may = sender is None and all(len(persons) > 1 for persons in hands)
        answer = self.finish(self.centre.payouts.send_batch(batch_id, by))
        assert (isinstance(answer, Batched) and answer.is_new) == may
        if may:
            self.book.batches[batch_id] = (maker, by)
            for one in payouts:
                one.word = "sent"

    @precondition(has())
    @rule(
        data=st.data(),
        status=st.sampled_from(["ACSC", "ACCC", "RJCT", "CANC", "ACSP", "PDNG", "XXXX"]),
        code=st.sampled_from(["", "AC01", "AM04", "DU01"]),
    )
    def report(self, data: st.DataObject, status: str, code: str) -> None:
        payout_id, noted = self.chosen(data)
        message = f"LCB{noted.batch:012d}" if noted.batch else ""
        said = [transfer_said(self.payout(payout_id), status, code, "text")]
        self.hand_in(status_report(message, said), {payout_id}, status, code)

    @precondition(has("sent"))
    @rule(data=st.data(), status=st.sampled_from(["RJCT", "ACSC"]))
    def answer_what_was_sent(self, data: st.DataObject, status: str) -> None:
        payout_id, noted = self.chosen(data, "sent")
        said = [transfer_said(self.payout(payout_id), status, "AC01", "text")]
        self.hand_in(status_report(f"LCB{noted.batch:012d}", said), {payout_id}, status, "AC01")

    @precondition(lambda self: self.book.batches)
    @rule(
        data=st.data(),
        status=st.sampled_from(["ACSC", "RJCT", "PART", "ACCP"]),
        code=st.sampled_from(["", "DU01"]),
    )
    def report_whole(self, data: st.DataObject, status: str, code: str) -> None:
        batch_id = data.draw(st.sampled_from(sorted(self.book.batches)))
        payouts = {number for number, one in self.book.payouts.items() if one.batch == batch_id}
        content = status_report(f"LCB{batch_id:012d}", group=status, code=code)
        self.hand_in(content, payouts, status, code)

    @precondition(has())
    @rule(data=st.data(), is_wrong=st.booleans())
    def move(self, data: st.DataObject, is_wrong: bool) -> None:
        payout_id, noted = self.chosen(data)
        amount = noted.amount + is_wrong
        content = notification(movement(f"LCP{payout_id:012d}", f"{amount // 100}.{amount % 100:02d}"))
        self.hand_in(content, {payout_id}, "XXXX" if is_wrong else "ACSC", "")

    @precondition(lambda self: self.book.answers)
    @rule(data=st.data())
    def the_same_answer_again(self, data: st.DataObject) -> None:
        """An old answer may come again whenever it likes; it is worth what a new one would be."""
        report = self.finish(self.centre.reads(data.draw(st.sampled_from(self.book.answers))))
        assert report.was_read_before
        self.note(report)

    def hand_in(self, content: bytes, payouts: set[int], status: str, code: str) -> None:
        self.book.answers.append(content)
        report = self.finish(self.centre.reads(content))
        is_copy = status in ("RJCT", "CANC") and code == "DU01"
        is_final = status in ("ACSC", "ACCC", "RJCT", "CANC") and not is_copy
        moved = {number for number in payouts if self.book.payouts[number].word == "sent" and is_final}
        assert {line.payout_id for line in report.lines if line.outcome in ("paid", "rejected")} == moved
        self.note(report)

    def note(self, report: ResultReport) -> None:
        for line in report.lines:
            if line.outcome in ("paid", "rejected") and line.payout_id is not None:
                noted = self.book.payouts[line.payout_id]
                assert noted.word == "sent", "only what was sent is answered, and once"
                noted.word = line.outcome.value

    @precondition(has("paid"))
    @rule(data=st.data(), by=PEOPLE)
    def take_back(self, data: st.DataObject, by: int) -> None:
        payout_id, noted = self.chosen(data, "paid")
        self.book.receipts += 1
        receipt_id = f"back-{self.lot}-{self.book.receipts}"
        self.finish(self.centre.receives("", receipt_id, noted.amount, "bank"))
        self.clearing += noted.amount
        answer = self.finish(self.centre.payouts.take_back(payout_id, receipt_id, by, "AC04"))
        assert isinstance(answer, Acted) == (by > 0)
        if isinstance(answer, Acted):
            noted.word = "returned"

    @invariant()
    def what_is_due_on_its_way_and_paid_is_what_was_released(self) -> None:
        payouts = self.finish(self.centre.payouts.payouts(lot_id=self.lot))
        assert {payout.payout_id: payout.state.value for payout in payouts} == {
            number: one.word for number, one in self.book.payouts.items()
        }
        due = {refund.bidder_id: refund.amount for refund in self.finish(self.centre.payouts.due(self.lot))}
        for bidder, released in self.book.released.items():
            standing = self.book.with_word(bidder, *OPEN, "sent", "paid")
            assert due.get(bidder, 0) + standing == released

    @invariant()
    def the_bank_and_the_transit_have_moved_by_what_was_paid_and_sent(self) -> None:
        if not self.book.released:
            return
        paid = sum(one.amount for one in self.book.payouts.values() if one.word in ("paid", "returned"))
        sent = sum(one.amount for one in self.book.payouts.values() if one.word == "sent")
        assert self.finish(self.centre.balance(CLEARING)) == self.clearing - paid
        assert self.finish(self.centre.balance(TRANSIT)) == self.transit + sent


def test_payouts_in_any_order(database_url: str) -> None:
    with asyncio.Runner() as runner:
        pool = runner.run(_pool(database_url))
        centre = centre_on(pool)
        runner.run(_opened(centre))
        course = type("Course", (PayoutMachine,), {"centre": centre, "runner": runner})
        run_state_machine_as_test(
            course,
            settings=settings(
                max_examples=25,
                stateful_step_count=80,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
        assert runner.run(centre.payouts.discrepancies()) == []
        assert runner.run(verify(centre.store)).discrepancies == ()
        reached = {payout.state for payout in runner.run(centre.payouts.payouts(limit=10_000))}
        assert reached & {PayoutState.PAID, PayoutState.REJECTED, PayoutState.RETURNED}, "no course went far"
        runner.run(pool.close())


async def _pool(url: str) -> Any:
    return await asyncpg.create_pool(url, min_size=1, max_size=2)


async def _opened(centre: Centre) -> None:
    await centre.deposits.open(999_999, 1, 0, "CNY", "opens the bank account")
    await centre.payouts.register_paying_account(PAYING, MAKER)
