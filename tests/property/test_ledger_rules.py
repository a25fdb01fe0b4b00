"""The rules against a naive ledger that keeps only a list of what happened and adds it up every time."""

from copy import copy
from typing import Any
from uuid import UUID

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from ledger.accounts import Account, AccountFlags, new_account
from ledger.chain import ChainHead, head_of, link
from ledger.rules import Books, Decision, LedgerRefusal, decide, expires_at_us
from ledger.transfers import ENTIRE_AMOUNT, Entry, Kind, Posting, Purpose, Transfer, TransferFlags

Totals = tuple[int, int, int, int]

ACCOUNTS = (
    new_account("assets:bank", "CNY", AccountFlags.CREDITS_MUST_NOT_EXCEED_DEBITS),
    new_account("liabilities:one", "CNY", AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS),
    new_account("liabilities:two", "CNY", AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS),
    new_account("equity:free", "CNY", AccountFlags.NONE),
    new_account("assets:dollars", "USD", AccountFlags.NONE),
)
CODES = [account.code for account in ACCOUNTS] + ["assets:nowhere"]
AMOUNTS = st.integers(min_value=0, max_value=60)


class NaiveLedger:
    """A list of rows (kind, debit, credit, amount, pending id) by id; nothing is kept that can be added up."""

    def __init__(self) -> None:
        self.rows: dict[UUID, tuple[Kind, str, str, int, UUID | None]] = {}
        self.failed: set[UUID] = set()
        self.deadlines_us: dict[UUID, int] = {}
        self.expired: set[UUID] = set()

    def expire(self, clock_us: int) -> int:
        """Let every hold that has run out and not ended expire; return how many those were."""
        ended = {pending_id for *_, pending_id in self.rows.values()} | self.expired
        due = {id for id, at_us in self.deadlines_us.items() if at_us <= clock_us and id in self.rows} - ended
        self.expired |= due
        return len(due)

    def totals(self, code: str) -> Totals:
        ended = {pending_id for *_, pending_id in self.rows.values() if pending_id}
        sums = {("debit", True): 0, ("debit", False): 0, ("credit", True): 0, ("credit", False): 0}
        for id, (kind, debit, credit, amount, _) in self.rows.items():
            if kind is Kind.VOID or (kind is Kind.PENDING and (id in ended or id in self.expired)):
                continue
            for side, account in (("debit", debit), ("credit", credit)):
                if account == code:
                    sums[side, kind is Kind.PENDING] += amount
        return sums["debit", True], sums["debit", False], sums["credit", True], sums["credit", False]

    def accepts(self, transfer: Transfer) -> bool:
        """Add the transfer as a row if it may be; a passing refusal is remembered."""
        if transfer.id in self.rows:
            return self._is_same(transfer)
        if transfer.id in self.failed:
            return False
        if transfer.pending_id is not None:
            return self._ends(transfer)
        return self._moves(transfer)

    def _is_same(self, transfer: Transfer) -> bool:
        kind, debit, credit, amount, pending_id = self.rows[transfer.id]
        if (transfer.kind, transfer.pending_id) != (kind, pending_id):
            return False
        if pending_id is None:
            return (transfer.debit, transfer.credit, transfer.amount) == (debit, credit, amount)
        held = self.rows[pending_id][3]
        return self._ended_amount(transfer, held) == amount

    def _ended_amount(self, transfer: Transfer, held: int) -> int:
        if transfer.kind is Kind.VOID:
            return transfer.amount or held
        return held if transfer.amount == ENTIRE_AMOUNT else transfer.amount

    def _ends(self, transfer: Transfer) -> bool:
        pending = self.rows.get(transfer.pending_id)  # type: ignore[arg-type]
        if pending is None:
            if transfer.pending_id != transfer.id:
                self.failed.add(transfer.id)
            return False
        kind, debit, credit, held, _ = pending
        amount = self._ended_amount(transfer, held)
        is_ended = any(row[4] == transfer.pending_id for row in self.rows.values())
        is_ended = is_ended or transfer.pending_id in self.expired
        is_partial_void = transfer.kind is Kind.VOID and amount != held
        if kind is not Kind.PENDING or is_ended or amount > held or is_partial_void:
            return False
        self.rows[transfer.id] = (transfer.kind, debit, credit, amount, transfer.pending_id)
        return True

    def _moves(self, transfer: Transfer) -> bool:
        known = {account.code: account for account in ACCOUNTS}
        debit, credit = known.get(transfer.debit), known.get(transfer.credit)
        if transfer.debit == transfer.credit:
            return False
        if debit is None or credit is None:
            self.failed.add(transfer.id)
            return False
        if {debit.currency, credit.currency} != {"CNY"}:
            return False
        row = (transfer.kind, transfer.debit, transfer.credit, transfer.amount, None)
        after = copy(self)
        after.rows = {**self.rows, transfer.id: row}
        if not (after._keeps(debit, transfer) and after._keeps(credit, transfer)):
            self.failed.add(transfer.id)
            return False
        self.rows = after.rows
        return True

    def _keeps(self, account: Account, transfer: Transfer) -> bool:
        debits_pending, debits_posted, credits_pending, credits_posted = self.totals(account.code)
        if account.flags is AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS and account.code == transfer.debit:
            return debits_pending + debits_posted <= credits_posted
        if account.flags is AccountFlags.CREDITS_MUST_NOT_EXCEED_DEBITS and account.code == transfer.credit:
            return credits_pending + credits_posted <= debits_posted
        return True

    def accepts_all(self, linked_set: list[Transfer]) -> bool:
        """Accept a linked set as one: at the first refusal the rows are as they were before."""
        before = dict(self.rows)
        for transfer in linked_set:
            if not self.accepts(transfer):
                self.rows = before
                return False
        return True


class LedgerMachine(RuleBasedStateMachine):
    """Random batches, with repeated ids, holds ended twice and sets that fail half-way."""

    def __init__(self) -> None:
        super().__init__()
        self.naive = NaiveLedger()
        self.books = Books({account.code: account for account in ACCOUNTS}, {}, {}, set(), ChainHead())
        self.postings: list[Posting] = []
        self.entries: list[Entry] = []
        self.sent: list[Transfer] = []
        self.next_id = 1
        self.clock_us = 1

    @initialize(amount=st.integers(min_value=50, max_value=150))
    def fill(self, amount: int) -> None:
        self.post([self.transfer("assets:bank", "liabilities:one", amount)])

    def transfer(
        self, debit: str, credit: str, amount: int, kind: Kind = Kind.POSTED, timeout_us: int = 0
    ) -> Transfer:
        self.next_id += 1
        return Transfer(
            id=UUID(int=self.next_id),
            debit=debit,
            credit=credit,
            amount=amount,
            currency="CNY",
            kind=kind,
            purpose=Purpose.DEPOSIT_RECEIVED,
            timeout_us=timeout_us,
        )

    @rule(passed_us=st.integers(min_value=1, max_value=5))
    def time_passes(self, passed_us: int) -> None:
        self.clock_us += passed_us

    @rule(passed_us=st.integers(min_value=1, max_value=5))
    def sweep(self, passed_us: int) -> None:
        self.clock_us += passed_us
        self.post([])

    @rule(
        moves=st.lists(
            st.tuples(
                st.sampled_from(CODES),
                st.sampled_from(CODES),
                AMOUNTS,
                st.sampled_from([Kind.POSTED, Kind.PENDING]),
                st.booleans(),
            ),
            min_size=1,
            max_size=4,
        )
    )
    def move(self, moves: list[tuple[str, str, int, Kind, bool]]) -> None:
        batch = []
        for number, (debit, credit, amount, kind, is_linked) in enumerate(moves, start=1):
            transfer = self.transfer(debit, credit, amount, kind)
            if is_linked and number < len(moves):
                transfer = with_link(transfer)
            batch.append(transfer)
        self.post(batch)

    @rule(amount=AMOUNTS, timeout_us=st.integers(min_value=0, max_value=8))
    def hold(self, amount: int, timeout_us: int) -> None:
        held = self.transfer("liabilities:one", "liabilities:two", amount, Kind.PENDING, timeout_us)
        self.naive.deadlines_us |= {held.id: self.clock_us + timeout_us} if timeout_us else {}
        self.post([held])

    @precondition(lambda self: self.holds())
    @rule(
        data=st.data(), is_void=st.booleans(), amount=st.one_of(AMOUNTS, st.just(ENTIRE_AMOUNT), st.just(0))
    )
    def end_a_hold(self, data: st.DataObject, is_void: bool, amount: int) -> None:
        self.end(data.draw(st.sampled_from(self.holds())), is_void, amount)

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), is_void=st.booleans(), amount=AMOUNTS)
    def end_whatever(self, data: st.DataObject, is_void: bool, amount: int) -> None:
        self.end(data.draw(st.sampled_from(self.sent)), is_void, amount)

    @precondition(lambda self: self.holds())
    @rule(data=st.data(), amount=AMOUNTS)
    def end_a_hold_in_a_set_that_may_fail(self, data: st.DataObject, amount: int) -> None:
        hold = data.draw(st.sampled_from(self.holds()))
        self.next_id += 1
        void = Transfer(id=UUID(int=self.next_id), kind=Kind.VOID, pending_id=hold.id)
        self.post([with_link(void), self.transfer("liabilities:one", "liabilities:two", amount)])

    def holds(self) -> list[Transfer]:
        return [posting.transfer for posting in self.postings if posting.transfer.kind is Kind.PENDING]

    def end(self, pending: Transfer, is_void: bool, amount: int) -> None:
        self.next_id += 1
        kind = Kind.VOID if is_void else Kind.POST
        amount = 0 if is_void and amount == ENTIRE_AMOUNT else amount
        self.post([Transfer(id=UUID(int=self.next_id), kind=kind, amount=amount, pending_id=pending.id)])

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        self.post([without_link(data.draw(st.sampled_from(self.sent)))])

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), amount=AMOUNTS)
    def repeat_with_another_amount(self, data: st.DataObject, amount: int) -> None:
        first = data.draw(st.sampled_from(self.sent))
        changed: dict[str, Any] = {**fields(without_link(first)), "amount": amount}
        self.post([Transfer(**changed)])

    def post(self, batch: list[Transfer]) -> None:
        before = self.books.head.sequence
        decision = decide(batch, replace(self.books, due=self.due()), self.clock_us)
        expired = self.naive.expire(self.clock_us)
        is_accepted = [outcome.refusal is None for outcome in decision.outcomes]
        expected: list[bool] = []
        linked_set: list[Transfer] = []
        for transfer in batch:
            linked_set.append(transfer)
            if not transfer.is_linked:
                expected.extend([self.naive.accepts_all(linked_set)] * len(linked_set))
                linked_set = []
        self.keep(decision)
        flags_differ = LedgerRefusal.EXISTS_WITH_DIFFERENT_FLAGS
        for outcome, accepted, wanted in zip(decision.outcomes, is_accepted, expected, strict=True):
            assert accepted == wanted or outcome.refusal is flags_differ, outcome
        assert self.books.head.sequence == before + expired + sum(o.is_new for o in decision.outcomes)
        self.sent.extend(transfer for transfer in batch if transfer not in self.sent)

    def due(self) -> tuple[Posting, ...]:
        timed = [posting for posting in self.postings if posting.transfer.timeout_us]
        live = [posting for posting in timed if posting.transfer.id not in self.books.endings]
        return tuple(posting for posting in live if expires_at_us(posting) <= self.clock_us)

    def keep(self, decision: Decision) -> None:
        self.books.accounts.update(decision.accounts)
        self.books.failed.update(decision.failed)
        self.books.head = decision.head
        self.postings.extend(decision.postings)
        self.entries.extend(decision.entries)
        for posting in decision.postings:
            self.books.postings[posting.transfer.id] = posting
            if posting.transfer.pending_id is not None:
                self.books.endings[posting.transfer.pending_id] = posting.transfer.kind

    @invariant()
    def totals_are_those_of_the_naive_ledger(self) -> None:
        for code, account in self.books.accounts.items():
            assert totals_of(account) == self.naive.totals(code), code

    @invariant()
    def money_is_neither_made_nor_lost(self) -> None:
        totals = [totals_of(account) for account in self.books.accounts.values()]
        assert sum(total[0] for total in totals) == sum(total[2] for total in totals)
        assert sum(total[1] for total in totals) == sum(total[3] for total in totals)

    @invariant()
    def the_same_ids_have_failed(self) -> None:
        assert self.books.failed == self.naive.failed

    @invariant()
    def every_posting_is_linked_and_has_its_entries(self) -> None:
        head = ChainHead()
        versions: dict[str, int] = {}
        for posting in self.postings:
            assert posting == link(head, posting.transfer, posting.recorded_at_us)
            head = head_of(posting)
        assert head == self.books.head
        assert len(self.entries) == 2 * len(self.postings)
        for entry in self.entries:
            assert entry.account_version == versions.get(entry.account, 0) + 1
            versions[entry.account] = entry.account_version


def totals_of(account: Account) -> Totals:
    return account.debits_pending, account.debits_posted, account.credits_pending, account.credits_posted


def fields(transfer: Transfer) -> dict[str, object]:
    return {name: getattr(transfer, name) for name in transfer.__struct_fields__}


def with_link(transfer: Transfer) -> Transfer:
    return Transfer(**{**fields(transfer), "flags": TransferFlags.LINKED})  # type: ignore[arg-type]


def without_link(transfer: Transfer) -> Transfer:
    return Transfer(**{**fields(transfer), "flags": TransferFlags.NONE})  # type: ignore[arg-type]


TestLedger = LedgerMachine.TestCase
TestLedger.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
