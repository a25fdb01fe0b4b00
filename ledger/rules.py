"""The rules of double entry: what a batch of transfers does to the accounts, or why not.

Here belong the refusals and the pure decision; same books and batch, same answer, for ever.
Not here: I/O, clocks, locks and the meaning of a deposit.
"""

from collections.abc import Iterable, MutableMapping, Sequence
from enum import IntEnum
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec.structs import replace

from ledger.accounts import Account, AccountCode
from ledger.chain import ChainHead, head_of, link
from ledger.transfers import (
    ENTIRE_AMOUNT,
    TRANSFER_ID_MAX,
    Entry,
    Kind,
    Posting,
    Side,
    Transfer,
    TransferFlags,
)
from ledger.units import AMOUNT_MAX, Amount, is_amount, is_currency


class LedgerRefusal(IntEnum):
    """Why a transfer is refused, in order of precedence: of several reasons the first listed is the answer.

    The numbers are codes: kept with the ids that stay failed, never used again for another reason.

    Source: the order and the two-phase semantics follow TigerBeetle's, see ledger/README.md.
    """

    LINKED_TRANSFER_FAILED = 1
    LINKED_SET_OPEN = 2
    ID_ZERO = 3
    ID_MAX = 4
    EXISTS_WITH_DIFFERENT_KIND = 10
    EXISTS_WITH_DIFFERENT_FLAGS = 11
    EXISTS_WITH_DIFFERENT_PENDING_ID = 12
    EXISTS_WITH_DIFFERENT_TIMEOUT = 21
    EXISTS_WITH_DIFFERENT_DEBIT = 13
    EXISTS_WITH_DIFFERENT_CREDIT = 14
    EXISTS_WITH_DIFFERENT_AMOUNT = 15
    EXISTS_WITH_DIFFERENT_REFERENCE = 16
    EXISTS_WITH_DIFFERENT_MEMO = 17
    EXISTS_WITH_DIFFERENT_EVENT_AT = 18
    EXISTS_WITH_DIFFERENT_CURRENCY = 19
    EXISTS_WITH_DIFFERENT_PURPOSE = 20
    ID_ALREADY_FAILED = 30
    EXPIRY_NOT_ALLOWED = 44
    FLAGS_EXCLUDE_EACH_OTHER = 31
    AMOUNT_OUT_OF_RANGE = 32
    DEBIT_ACCOUNT_MISSING = 33
    CREDIT_ACCOUNT_MISSING = 34
    ACCOUNTS_NOT_DIFFERENT = 35
    PENDING_ID_NOT_ALLOWED = 36
    PENDING_ID_MISSING = 37
    PENDING_ID_MAX = 38
    PENDING_ID_IS_OWN_ID = 39
    TIMEOUT_NOT_ALLOWED = 43
    CLOSING_NOT_PENDING = 40
    CURRENCY_UNKNOWN = 41
    PURPOSE_MISSING = 42
    DEBIT_ACCOUNT_NOT_FOUND = 50
    CREDIT_ACCOUNT_NOT_FOUND = 51
    ACCOUNTS_OF_DIFFERENT_CURRENCY = 52
    CURRENCY_NOT_OF_ACCOUNTS = 53
    PENDING_NOT_FOUND = 60
    PENDING_NOT_PENDING = 61
    PENDING_HAS_DIFFERENT_DEBIT = 62
    PENDING_HAS_DIFFERENT_CREDIT = 63
    PENDING_HAS_DIFFERENT_CURRENCY = 64
    PENDING_HAS_DIFFERENT_PURPOSE = 65
    EXCEEDS_PENDING_AMOUNT = 66
    PENDING_HAS_DIFFERENT_AMOUNT = 67
    PENDING_ALREADY_POSTED = 68
    PENDING_ALREADY_VOIDED = 69
    PENDING_EXPIRED = 70
    DEBIT_ACCOUNT_CLOSED = 80
    CREDIT_ACCOUNT_CLOSED = 81
    OVERFLOWS_DEBITS_PENDING = 82
    OVERFLOWS_CREDITS_PENDING = 83
    OVERFLOWS_DEBITS_POSTED = 84
    OVERFLOWS_CREDITS_POSTED = 85
    OVERFLOWS_DEBITS = 86
    OVERFLOWS_CREDITS = 87
    OVERFLOWS_TIMEOUT = 90
    EXCEEDS_CREDITS = 88
    EXCEEDS_DEBITS = 89


TRANSIENT: Final = frozenset(
    {
        LedgerRefusal.DEBIT_ACCOUNT_NOT_FOUND,
        LedgerRefusal.CREDIT_ACCOUNT_NOT_FOUND,
        LedgerRefusal.PENDING_NOT_FOUND,
        LedgerRefusal.DEBIT_ACCOUNT_CLOSED,
        LedgerRefusal.CREDIT_ACCOUNT_CLOSED,
        LedgerRefusal.EXCEEDS_CREDITS,
        LedgerRefusal.EXCEEDS_DEBITS,
    }
)
"""Refusals that another moment could have answered otherwise; their id is remembered as failed."""

_BALANCING: Final = TransferFlags.BALANCING_DEBIT | TransferFlags.BALANCING_CREDIT
_CLOSING: Final = TransferFlags.CLOSING_DEBIT | TransferFlags.CLOSING_CREDIT


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """The answer to one transfer.

    Accepted when `refusal` is None; then `posting` is its record, and `is_new` is False if it had been
    recorded before (the same transfer once more).
    """

    transfer_id: UUID
    refusal: LedgerRefusal | None = None
    posting: Posting | None = None
    is_new: bool = False


class Books(msgspec.Struct):
    """What a decision may look at: every account, transfer, ending and failed id that the batch names.

    `due` are the live holds whose time has run out, earliest first; their accounts are among `accounts`.
    """

    accounts: dict[str, Account]
    postings: dict[UUID, Posting]
    endings: dict[UUID, Kind]
    failed: set[UUID]
    head: ChainHead
    due: tuple[Posting, ...] = ()


class Movement(msgspec.Struct, frozen=True, gc=False):
    """A posting, what it changes on both its accounts in minor units, and the accounts after it."""

    posting: Posting
    pending_change: Amount
    posted_change: Amount
    debit: Account
    credit: Account

    def entries(self) -> tuple[Entry, Entry]:
        """Describe both legs by their change and by the accounts after it."""
        return self._entry(Side.DEBIT, self.debit), self._entry(Side.CREDIT, self.credit)

    def _entry(self, side: Side, account: Account) -> Entry:
        return Entry(
            sequence=self.posting.sequence,
            side=side,
            account=account.code,
            account_version=account.version,
            currency=account.currency,
            pending_change=self.pending_change,
            posted_change=self.posted_change,
            debits_pending=account.debits_pending,
            debits_posted=account.debits_posted,
            credits_pending=account.credits_pending,
            credits_posted=account.credits_posted,
            recorded_at_us=self.posting.recorded_at_us,
        )


class Decision(msgspec.Struct, frozen=True):
    """What a batch does: an outcome for each transfer, and the rows to write.

    `postings` begin with the expiries of holds that were due; those have no outcome.
    `accounts` are the changed accounts in their last state; `failed` the ids refused for a passing reason.
    """

    outcomes: tuple[Outcome, ...]
    postings: tuple[Posting, ...]
    movements: tuple["Movement", ...]
    accounts: dict[str, Account]
    failed: dict[UUID, LedgerRefusal]
    head: ChainHead

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Both legs of each posting, debit first."""
        return tuple(entry for movement in self.movements for entry in movement.entries())

    @property
    def is_accepted(self) -> bool:
        """Tell whether every transfer of the batch was accepted."""
        return all(outcome.refusal is None for outcome in self.outcomes)


def decide(batch: Sequence[Transfer], books: Books, recorded_at_us: int) -> Decision:
    """Decide a batch, one transfer after the other, each seeing what those before it did.

    Args:
        batch: transfers in order; linked sets are contiguous.
        books: what the batch names; left untouched.
        recorded_at_us: the time written into new postings.

    Refuses: any LedgerRefusal, per transfer.  Raises: nothing.
    """
    working = _Working(books, recorded_at_us)
    for pending in books.due:
        _expire(pending, working)
    outcomes: list[Outcome] = []
    linked_set: list[Transfer] = []
    for transfer in batch:
        if transfer.is_linked:
            linked_set.append(transfer)
        elif linked_set:
            outcomes.extend(_decide_set([*linked_set, transfer], working))
            linked_set = []
        else:
            outcomes.append(_decide_one(transfer, working))
    if linked_set:
        outcomes.extend(_decide_set(linked_set, working))
    return Decision(
        tuple(outcomes),
        tuple(working.new_postings),
        tuple(working.new_movements),
        working.changed_accounts(),
        working.newly_failed,
        working.head,
    )


def ids_named(batch: Sequence[Transfer]) -> set[UUID]:
    """Return the ids that Books must know about to decide a batch: its own and those that it ends."""
    own = {transfer.id for transfer in batch}
    return own | {transfer.pending_id for transfer in batch if transfer.pending_id is not None}


def accounts_named(batch: Sequence[Transfer], postings: Iterable[Posting]) -> set[AccountCode]:
    """Return the accounts that Books must hold: those of the batch and of the postings that it names."""
    transfers = [*batch, *(posting.transfer for posting in postings)]
    codes = {transfer.debit for transfer in transfers} | {transfer.credit for transfer in transfers}
    return codes - {""}


class _Working:
    """Books under decision, able to return to an earlier moment when a linked set fails."""

    def __init__(self, books: Books, recorded_at_us: int) -> None:
        self.accounts = dict(books.accounts)
        self.postings = dict(books.postings)
        self.endings = dict(books.endings)
        self.failed = set(books.failed)
        self.head = books.head
        self.recorded_at_us = recorded_at_us
        self.at_us = max(recorded_at_us, books.head.recorded_at_us)
        self.newly_failed: dict[UUID, LedgerRefusal] = {}
        self.new_postings: list[Posting] = []
        self.new_movements: list[Movement] = []
        self._before = books.accounts
        self._undo: list[tuple[MutableMapping[Any, Any], Any, Any]] | None = None

    def put(self, mapping: MutableMapping[Any, Any], key: object, value: object) -> None:
        if self._undo is not None:
            self._undo.append((mapping, key, mapping.get(key)))
        mapping[key] = value

    def begin(self) -> tuple[int, ChainHead]:
        self._undo = []
        return len(self.new_postings), self.head

    def end(self) -> None:
        self._undo = None

    def roll_back(self, mark: tuple[int, ChainHead]) -> None:
        assert self._undo is not None, "only a linked set is rolled back"
        for mapping, key, old in reversed(self._undo):
            if old is None:
                del mapping[key]
            else:
                mapping[key] = old
        count, self.head = mark
        del self.new_postings[count:]
        del self.new_movements[count:]

    def remember_failed(self, transfer_id: UUID, refusal: LedgerRefusal) -> None:
        self.failed.add(transfer_id)
        self.newly_failed[transfer_id] = refusal

    def changed_accounts(self) -> dict[str, Account]:
        return {code: account for code, account in self.accounts.items() if account is not self._before[code]}


def _decide_set(linked_set: list[Transfer], working: _Working) -> list[Outcome]:
    mark = working.begin()
    outcomes: list[Outcome] = []
    for transfer in linked_set:
        is_open = transfer.is_linked and len(outcomes) + 1 == len(linked_set)
        outcome = _open_set(transfer) if is_open else _decide_one(transfer, working)
        outcomes.append(outcome)
        if outcome.refusal is not None:
            working.roll_back(mark)
            outcomes = _failed_set(linked_set, len(outcomes) - 1, outcome)
            break
    working.end()
    return outcomes


def _open_set(transfer: Transfer) -> Outcome:
    return Outcome(transfer.id, LedgerRefusal.LINKED_SET_OPEN)


def _failed_set(linked_set: list[Transfer], culprit_index: int, culprit: Outcome) -> list[Outcome]:
    """Answer every transfer of a set of which one was refused: only that one hears its own reason."""
    outcomes = [Outcome(transfer.id, LedgerRefusal.LINKED_TRANSFER_FAILED) for transfer in linked_set]
    outcomes[culprit_index] = culprit
    if linked_set[-1].is_linked:
        outcomes[-1] = _open_set(linked_set[-1])
    return outcomes


def _decide_one(transfer: Transfer, working: _Working) -> Outcome:
    if (refusal := _id_refusal(transfer)) is not None:
        return Outcome(transfer.id, refusal)
    existing = working.postings.get(transfer.id)
    if existing is not None:
        return _repeated(transfer, existing, working)
    if working.failed and transfer.id in working.failed:
        return Outcome(transfer.id, LedgerRefusal.ID_ALREADY_FAILED)
    if transfer.kind is Kind.EXPIRE:
        return Outcome(transfer.id, LedgerRefusal.EXPIRY_NOT_ALLOWED)
    decided = _completed_ending(transfer, working) if transfer.is_resolving else _completed(transfer, working)
    if isinstance(decided, LedgerRefusal):
        if decided in TRANSIENT:
            working.remember_failed(transfer.id, decided)
        return Outcome(transfer.id, decided)
    return _recorded(decided, working)


def _id_refusal(transfer: Transfer) -> LedgerRefusal | None:
    number = transfer.id.int
    if number == 0:
        return LedgerRefusal.ID_ZERO
    if number == TRANSFER_ID_MAX.int:
        return LedgerRefusal.ID_MAX
    return None


# The same id once more


def _repeated(transfer: Transfer, existing: Posting, working: _Working) -> Outcome:
    refusal = _difference(transfer, existing.transfer, working)
    if refusal is not None:
        return Outcome(transfer.id, refusal)
    return Outcome(transfer.id, posting=existing)


def _difference(again: Transfer, first: Transfer, working: _Working) -> LedgerRefusal | None:
    if again.kind != first.kind:
        return LedgerRefusal.EXISTS_WITH_DIFFERENT_KIND
    if again.flags != first.flags:
        return LedgerRefusal.EXISTS_WITH_DIFFERENT_FLAGS
    if again.pending_id != first.pending_id:
        return LedgerRefusal.EXISTS_WITH_DIFFERENT_PENDING_ID
    if again.timeout_us != first.timeout_us:
        return LedgerRefusal.EXISTS_WITH_DIFFERENT_TIMEOUT
    if first.is_resolving:
        assert first.pending_id is not None
        pending = working.postings[first.pending_id].transfer
        again = _inherited(again, pending)
        has_same_amount = _ending_amount(again, pending) == first.amount
    elif again.flags & _BALANCING:
        has_same_amount = again.amount >= first.amount
    else:
        has_same_amount = again.amount == first.amount
    return _field_difference(again, first, has_same_amount)


def _field_difference(again: Transfer, first: Transfer, has_same_amount: bool) -> LedgerRefusal | None:
    differences = (
        (again.debit != first.debit, LedgerRefusal.EXISTS_WITH_DIFFERENT_DEBIT),
        (again.credit != first.credit, LedgerRefusal.EXISTS_WITH_DIFFERENT_CREDIT),
        (not has_same_amount, LedgerRefusal.EXISTS_WITH_DIFFERENT_AMOUNT),
        (again.reference != first.reference, LedgerRefusal.EXISTS_WITH_DIFFERENT_REFERENCE),
        (again.memo != first.memo, LedgerRefusal.EXISTS_WITH_DIFFERENT_MEMO),
        (again.event_at_us != first.event_at_us, LedgerRefusal.EXISTS_WITH_DIFFERENT_EVENT_AT),
        (again.currency != first.currency, LedgerRefusal.EXISTS_WITH_DIFFERENT_CURRENCY),
        (again.purpose != first.purpose, LedgerRefusal.EXISTS_WITH_DIFFERENT_PURPOSE),
    )
    return next((refusal for differs, refusal in differences if differs), None)


# A posted or pending transfer


def _completed(transfer: Transfer, working: _Working) -> Transfer | LedgerRefusal:
    """Return the transfer with its final amount, or why it is refused."""
    if (refusal := _shape_refusal(transfer)) is not None:
        return refusal
    debit = working.accounts.get(transfer.debit)
    credit = working.accounts.get(transfer.credit)
    if debit is None:
        return LedgerRefusal.DEBIT_ACCOUNT_NOT_FOUND
    if credit is None:
        return LedgerRefusal.CREDIT_ACCOUNT_NOT_FOUND
    if (refusal := _accounts_refusal(transfer, debit, credit)) is not None:
        return refusal
    if transfer.flags and transfer.flags & _BALANCING:
        transfer = replace(transfer, amount=_balancing_amount(transfer, debit, credit))
    return _limit_refusal(transfer, debit, credit, working.at_us) or transfer


def _shape_refusal(transfer: Transfer) -> LedgerRefusal | None:
    if not is_amount(transfer.amount):
        return LedgerRefusal.AMOUNT_OUT_OF_RANGE
    if not transfer.debit:
        return LedgerRefusal.DEBIT_ACCOUNT_MISSING
    if not transfer.credit:
        return LedgerRefusal.CREDIT_ACCOUNT_MISSING
    if transfer.debit == transfer.credit:
        return LedgerRefusal.ACCOUNTS_NOT_DIFFERENT
    if transfer.pending_id is not None:
        return LedgerRefusal.PENDING_ID_NOT_ALLOWED
    if transfer.timeout_us and (transfer.kind is not Kind.PENDING or transfer.timeout_us < 0):
        return LedgerRefusal.TIMEOUT_NOT_ALLOWED
    if transfer.flags and transfer.kind is not Kind.PENDING and transfer.flags & _CLOSING:
        return LedgerRefusal.CLOSING_NOT_PENDING
    if not is_currency(transfer.currency):
        return LedgerRefusal.CURRENCY_UNKNOWN
    if transfer.purpose is None:
        return LedgerRefusal.PURPOSE_MISSING
    return None


def _accounts_refusal(transfer: Transfer, debit: Account, credit: Account) -> LedgerRefusal | None:
    if debit.currency != credit.currency:
        return LedgerRefusal.ACCOUNTS_OF_DIFFERENT_CURRENCY
    if transfer.currency != debit.currency:
        return LedgerRefusal.CURRENCY_NOT_OF_ACCOUNTS
    return _closed_refusal(debit, credit)


def _closed_refusal(debit: Account, credit: Account) -> LedgerRefusal | None:
    if debit.is_closed:
        return LedgerRefusal.DEBIT_ACCOUNT_CLOSED
    if credit.is_closed:
        return LedgerRefusal.CREDIT_ACCOUNT_CLOSED
    return None


def _balancing_amount(transfer: Transfer, debit: Account, credit: Account) -> Amount:
    amount = transfer.amount
    if TransferFlags.BALANCING_DEBIT in transfer.flags:
        amount = min(amount, max(debit.available_credit, 0))
    if TransferFlags.BALANCING_CREDIT in transfer.flags:
        amount = min(amount, max(credit.available_debit, 0))
    return amount


def _limit_refusal(transfer: Transfer, debit: Account, credit: Account, at_us: int) -> LedgerRefusal | None:
    amount = transfer.amount
    if transfer.kind is Kind.PENDING:
        if amount + debit.debits_pending > AMOUNT_MAX:
            return LedgerRefusal.OVERFLOWS_DEBITS_PENDING
        if amount + credit.credits_pending > AMOUNT_MAX:
            return LedgerRefusal.OVERFLOWS_CREDITS_PENDING
    if amount + debit.debits_posted > AMOUNT_MAX:
        return LedgerRefusal.OVERFLOWS_DEBITS_POSTED
    if amount + credit.credits_posted > AMOUNT_MAX:
        return LedgerRefusal.OVERFLOWS_CREDITS_POSTED
    if amount + debit.debits_pending + debit.debits_posted > AMOUNT_MAX:
        return LedgerRefusal.OVERFLOWS_DEBITS
    if amount + credit.credits_pending + credit.credits_posted > AMOUNT_MAX:
        return LedgerRefusal.OVERFLOWS_CREDITS
    if at_us + transfer.timeout_us > AMOUNT_MAX:
        return LedgerRefusal.OVERFLOWS_TIMEOUT
    if debit.flags and debit.would_debits_exceed_credits(amount):
        return LedgerRefusal.EXCEEDS_CREDITS
    if credit.flags and credit.would_credits_exceed_debits(amount):
        return LedgerRefusal.EXCEEDS_DEBITS
    return None


# A post or void of a pending transfer


def _completed_ending(transfer: Transfer, working: _Working) -> Transfer | LedgerRefusal:
    """Return the post or void with everything that it takes over, or why it is refused."""
    if (refusal := _ending_shape_refusal(transfer)) is not None:
        return refusal
    assert transfer.pending_id is not None
    found = working.postings.get(transfer.pending_id)
    if found is None:
        return LedgerRefusal.PENDING_NOT_FOUND
    pending = found.transfer
    if (refusal := _pending_refusal(transfer, pending, working)) is not None:
        return refusal
    if transfer.kind is Kind.POST:
        debit, credit = working.accounts[pending.debit], working.accounts[pending.credit]
        if (refusal := _closed_refusal(debit, credit)) is not None:
            return refusal
    return replace(_inherited(transfer, pending), amount=_ending_amount(transfer, pending))


def _ending_shape_refusal(transfer: Transfer) -> LedgerRefusal | None:
    if transfer.flags & (_BALANCING | _CLOSING):
        return LedgerRefusal.FLAGS_EXCLUDE_EACH_OTHER
    if not is_amount(transfer.amount):
        return LedgerRefusal.AMOUNT_OUT_OF_RANGE
    if transfer.pending_id is None or transfer.pending_id.int == 0:
        return LedgerRefusal.PENDING_ID_MISSING
    if transfer.pending_id == TRANSFER_ID_MAX:
        return LedgerRefusal.PENDING_ID_MAX
    if transfer.pending_id == transfer.id:
        return LedgerRefusal.PENDING_ID_IS_OWN_ID
    if transfer.timeout_us:
        return LedgerRefusal.TIMEOUT_NOT_ALLOWED
    return None


def _pending_refusal(transfer: Transfer, pending: Transfer, working: _Working) -> LedgerRefusal | None:
    if pending.kind is not Kind.PENDING:
        return LedgerRefusal.PENDING_NOT_PENDING
    amount = _ending_amount(transfer, pending)
    is_void = transfer.kind is Kind.VOID
    ending = working.endings.get(pending.id)
    faults = (
        (transfer.debit not in ("", pending.debit), LedgerRefusal.PENDING_HAS_DIFFERENT_DEBIT),
        (transfer.credit not in ("", pending.credit), LedgerRefusal.PENDING_HAS_DIFFERENT_CREDIT),
        (transfer.currency not in ("", pending.currency), LedgerRefusal.PENDING_HAS_DIFFERENT_CURRENCY),
        (transfer.purpose not in (None, pending.purpose), LedgerRefusal.PENDING_HAS_DIFFERENT_PURPOSE),
        (amount > pending.amount, LedgerRefusal.EXCEEDS_PENDING_AMOUNT),
        (is_void and amount < pending.amount, LedgerRefusal.PENDING_HAS_DIFFERENT_AMOUNT),
        (ending is Kind.POST, LedgerRefusal.PENDING_ALREADY_POSTED),
        (ending is Kind.VOID, LedgerRefusal.PENDING_ALREADY_VOIDED),
        (ending is Kind.EXPIRE, LedgerRefusal.PENDING_EXPIRED),
    )
    return next((refusal for is_fault, refusal in faults if is_fault), None)


def _ending_amount(transfer: Transfer, pending: Transfer) -> Amount:
    """Return what a post takes or a void gives back, with the words for "all of it" resolved."""
    if transfer.kind is Kind.POST:
        return pending.amount if transfer.amount == ENTIRE_AMOUNT else transfer.amount
    return transfer.amount or pending.amount


def _inherited(transfer: Transfer, pending: Transfer) -> Transfer:
    return replace(
        transfer,
        debit=transfer.debit or pending.debit,
        credit=transfer.credit or pending.credit,
        currency=transfer.currency or pending.currency,
        purpose=transfer.purpose or pending.purpose,
        reference=transfer.reference or pending.reference,
        memo=transfer.memo or pending.memo,
    )


# Recording


def _recorded(transfer: Transfer, working: _Working) -> Outcome:
    return Outcome(transfer.id, posting=_record(transfer, working), is_new=True)


def _record(transfer: Transfer, working: _Working) -> Posting:
    posting = link(working.head, transfer, working.recorded_at_us)
    pending_change, posted_change = changes(transfer, _pending_amount(transfer, working))
    debit = debited(working.accounts[transfer.debit], pending_change, posted_change)
    credit = credited(working.accounts[transfer.credit], pending_change, posted_change)
    if transfer.flags or transfer.pending_id is not None:
        debit, credit = _with_closing(transfer, debit, credit, working)
    working.put(working.accounts, debit.code, debit)
    working.put(working.accounts, credit.code, credit)
    working.put(working.postings, transfer.id, posting)
    if transfer.pending_id is not None:
        working.put(working.endings, transfer.pending_id, transfer.kind)
    working.head = head_of(posting)
    working.new_postings.append(posting)
    working.new_movements.append(Movement(posting, pending_change, posted_change, debit, credit))
    return posting


def _expire(pending: Posting, working: _Working) -> None:
    """Record that a hold's time has run out: it is given back in full, as by a void."""
    held = pending.transfer
    assert held.kind is Kind.PENDING and expires_at_us(pending) <= working.at_us, "only what is due expires"
    working.postings[held.id] = pending
    expiry = Transfer(
        id=expiry_id(working.head, held.id),
        kind=Kind.EXPIRE,
        pending_id=held.id,
        amount=held.amount,
        event_at_us=expires_at_us(pending),
    )
    _record(_inherited(expiry, held), working)


def expires_at_us(pending: Posting) -> int:
    """Return when the time of a hold that carries a timeout runs out, on the ledger's clock."""
    return pending.recorded_at_us + pending.transfer.timeout_us


def expiry_id(head: ChainHead, pending_id: UUID) -> UUID:
    """Make the id of an expiry that is recorded behind a head; nobody can have used it before.

    It is no promise for the future: what may happen once is the end of a hold, not this id.
    """
    return UUID(bytes=sha256(head.hash + pending_id.bytes).digest()[:16])


def _pending_amount(transfer: Transfer, working: _Working) -> Amount:
    return working.postings[transfer.pending_id].transfer.amount if transfer.pending_id else 0


def changes(transfer: Transfer, pending_amount: Amount) -> tuple[Amount, Amount]:
    """Return what a complete transfer changes on both its accounts: pending and posted minor units.

    Args:
        transfer: complete, as recorded.
        pending_amount: amount of the pending transfer that it ends; 0 when it ends none.
    """
    match transfer.kind:
        case Kind.POSTED:
            return 0, transfer.amount
        case Kind.PENDING:
            return transfer.amount, 0
        case Kind.POST:
            return -pending_amount, transfer.amount
        case Kind.VOID | Kind.EXPIRE:
            return -pending_amount, 0


def debited(account: Account, pending_change: Amount, posted_change: Amount) -> Account:
    """Return the account after a debit leg, one version on."""
    return Account(
        code=account.code,
        currency=account.currency,
        flags=account.flags,
        is_closed=account.is_closed,
        debits_pending=account.debits_pending + pending_change,
        debits_posted=account.debits_posted + posted_change,
        credits_pending=account.credits_pending,
        credits_posted=account.credits_posted,
        version=account.version + 1,
    )


def credited(account: Account, pending_change: Amount, posted_change: Amount) -> Account:
    """Return the account after a credit leg, one version on."""
    return Account(
        code=account.code,
        currency=account.currency,
        flags=account.flags,
        is_closed=account.is_closed,
        debits_pending=account.debits_pending,
        debits_posted=account.debits_posted,
        credits_pending=account.credits_pending + pending_change,
        credits_posted=account.credits_posted + posted_change,
        version=account.version + 1,
    )


def _with_closing(
    transfer: Transfer, debit: Account, credit: Account, working: _Working
) -> tuple[Account, Account]:
    """Close the accounts that a closing transfer names; its void or expiry opens them again."""
    is_void = transfer.kind in (Kind.VOID, Kind.EXPIRE)
    flags = transfer.flags
    if is_void and transfer.pending_id is not None:
        flags = working.postings[transfer.pending_id].transfer.flags
    if TransferFlags.CLOSING_DEBIT in flags:
        debit = replace(debit, is_closed=not is_void)
    if TransferFlags.CLOSING_CREDIT in flags:
        credit = replace(credit, is_closed=not is_void)
    return debit, credit


def account_after(account: Account, entry: Entry | None) -> Account:
    """Return an account with the totals that it had after an entry; all 0 before the first."""
    if entry is None:
        return Account(code=account.code, currency=account.currency, flags=account.flags)
    return replace(
        account,
        is_closed=False,
        debits_pending=entry.debits_pending,
        debits_posted=entry.debits_posted,
        credits_pending=entry.credits_pending,
        credits_posted=entry.credits_posted,
        version=entry.account_version,
    )
