"""Tables of two-phase transfers from a ledger that is known to be right: every row with its expected result.

What does not apply here, and why:

* timestamps and imported events: the recorder gives the time;
* reserved flags and padding: there are no bytes to reserve;
* account ids that are the greatest number: an account is named by its code;
* a row that is pending, post and void at once: a kind is one of them;
* tables of accounts only: an account is named by its code and opened by the chart of accounts.

Timeouts do apply: a second of the tables is a second of the ledger's clock, and what is due when time has passed is
expired by the next batch, which may be an empty one. One row asks that a timeout overflows: there the clock stands at
the end of what a number can hold.
"""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from ledger.accounts import Account, AccountFlags
from ledger.chain import ChainHead
from ledger.rules import Books, Decision, LedgerRefusal, decide, expires_at_us
from ledger.transfers import Kind, Posting, Purpose, Transfer, TransferFlags
from ledger.units import AMOUNT_MAX

FILE = Path("ledger_twophase/tigerbeetle_tables.json")
LEFT_OUT = {
    "timestamp_must_be_zero",
    "reserved_flag",
    "debit_account_id_must_not_be_int_max",
    "credit_account_id_must_not_be_int_max",
    "imported_event_timeout_must_be_zero",
}
RESULTS = {
    "created": None,
    "exists": None,
    "linked_event_failed": LedgerRefusal.LINKED_TRANSFER_FAILED,
    "linked_event_chain_open": LedgerRefusal.LINKED_SET_OPEN,
    "id_must_not_be_zero": LedgerRefusal.ID_ZERO,
    "id_must_not_be_int_max": LedgerRefusal.ID_MAX,
    "exists_with_different_pending_id": LedgerRefusal.EXISTS_WITH_DIFFERENT_PENDING_ID,
    "exists_with_different_timeout": LedgerRefusal.EXISTS_WITH_DIFFERENT_TIMEOUT,
    "timeout_reserved_for_pending_transfer": LedgerRefusal.TIMEOUT_NOT_ALLOWED,
    "overflows_timeout": LedgerRefusal.OVERFLOWS_TIMEOUT,
    "exists_with_different_debit_account_id": LedgerRefusal.EXISTS_WITH_DIFFERENT_DEBIT,
    "exists_with_different_credit_account_id": LedgerRefusal.EXISTS_WITH_DIFFERENT_CREDIT,
    "exists_with_different_amount": LedgerRefusal.EXISTS_WITH_DIFFERENT_AMOUNT,
    "exists_with_different_user_data_128": LedgerRefusal.EXISTS_WITH_DIFFERENT_REFERENCE,
    "exists_with_different_user_data_64": LedgerRefusal.EXISTS_WITH_DIFFERENT_MEMO,
    "exists_with_different_user_data_32": LedgerRefusal.EXISTS_WITH_DIFFERENT_EVENT_AT,
    "exists_with_different_ledger": LedgerRefusal.EXISTS_WITH_DIFFERENT_CURRENCY,
    "exists_with_different_code": LedgerRefusal.EXISTS_WITH_DIFFERENT_PURPOSE,
    "id_already_failed": LedgerRefusal.ID_ALREADY_FAILED,
    "flags_are_mutually_exclusive": LedgerRefusal.FLAGS_EXCLUDE_EACH_OTHER,
    "debit_account_id_must_not_be_zero": LedgerRefusal.DEBIT_ACCOUNT_MISSING,
    "credit_account_id_must_not_be_zero": LedgerRefusal.CREDIT_ACCOUNT_MISSING,
    "accounts_must_be_different": LedgerRefusal.ACCOUNTS_NOT_DIFFERENT,
    "pending_id_must_be_zero": LedgerRefusal.PENDING_ID_NOT_ALLOWED,
    "pending_id_must_not_be_zero": LedgerRefusal.PENDING_ID_MISSING,
    "pending_id_must_not_be_int_max": LedgerRefusal.PENDING_ID_MAX,
    "pending_id_must_be_different": LedgerRefusal.PENDING_ID_IS_OWN_ID,
    "closing_transfer_must_be_pending": LedgerRefusal.CLOSING_NOT_PENDING,
    "ledger_must_not_be_zero": LedgerRefusal.CURRENCY_UNKNOWN,
    "code_must_not_be_zero": LedgerRefusal.PURPOSE_MISSING,
    "debit_account_not_found": LedgerRefusal.DEBIT_ACCOUNT_NOT_FOUND,
    "credit_account_not_found": LedgerRefusal.CREDIT_ACCOUNT_NOT_FOUND,
    "accounts_must_have_the_same_ledger": LedgerRefusal.ACCOUNTS_OF_DIFFERENT_CURRENCY,
    "transfer_must_have_the_same_ledger_as_accounts": LedgerRefusal.CURRENCY_NOT_OF_ACCOUNTS,
    "pending_transfer_not_found": LedgerRefusal.PENDING_NOT_FOUND,
    "pending_transfer_not_pending": LedgerRefusal.PENDING_NOT_PENDING,
    "pending_transfer_has_different_debit_account_id": LedgerRefusal.PENDING_HAS_DIFFERENT_DEBIT,
    "pending_transfer_has_different_credit_account_id": LedgerRefusal.PENDING_HAS_DIFFERENT_CREDIT,
    "pending_transfer_has_different_ledger": LedgerRefusal.PENDING_HAS_DIFFERENT_CURRENCY,
    "pending_transfer_has_different_code": LedgerRefusal.PENDING_HAS_DIFFERENT_PURPOSE,
    "exceeds_pending_transfer_amount": LedgerRefusal.EXCEEDS_PENDING_AMOUNT,
    "pending_transfer_has_different_amount": LedgerRefusal.PENDING_HAS_DIFFERENT_AMOUNT,
    "pending_transfer_already_posted": LedgerRefusal.PENDING_ALREADY_POSTED,
    "pending_transfer_already_voided": LedgerRefusal.PENDING_ALREADY_VOIDED,
    "pending_transfer_expired": LedgerRefusal.PENDING_EXPIRED,
    "debit_account_already_closed": LedgerRefusal.DEBIT_ACCOUNT_CLOSED,
    "credit_account_already_closed": LedgerRefusal.CREDIT_ACCOUNT_CLOSED,
    "overflows_debits_pending": LedgerRefusal.OVERFLOWS_DEBITS_PENDING,
    "overflows_credits_pending": LedgerRefusal.OVERFLOWS_CREDITS_PENDING,
    "overflows_debits_posted": LedgerRefusal.OVERFLOWS_DEBITS_POSTED,
    "overflows_credits_posted": LedgerRefusal.OVERFLOWS_CREDITS_POSTED,
    "overflows_debits": LedgerRefusal.OVERFLOWS_DEBITS,
    "overflows_credits": LedgerRefusal.OVERFLOWS_CREDITS,
    "exceeds_credits": LedgerRefusal.EXCEEDS_CREDITS,
    "exceeds_debits": LedgerRefusal.EXCEEDS_DEBITS,
}
EITHER_OF_KIND_OR_FLAGS = "exists_with_different_flags"
CURRENCIES = {"L0": "", "L1": "CNY", "L2": "USD", "L6": "GBP", "L9": "EUR"}
PURPOSES = {
    "C0": None,
    "C1": Purpose.DEPOSIT_RECEIVED,
    "C2": Purpose.DEPOSIT_RELEASED,
    "C7": Purpose.SUSPENSE_RECEIVED,
}
ID_MAX = 2**128 - 1
SECOND_US = 1_000_000


def whole(text: str, maximum: int) -> int:
    """Read a number of the tables: -n means the maximum less n, and "-0" the maximum itself."""
    digits = text.lstrip("AT")
    return maximum - int(digits[1:]) if digits.startswith("-") else int(digits)


def account_code(text: str) -> str:
    return "" if text == "A0" else f"equity:{text.lower()}"


def expected_refusal(row: dict[str, Any], existing: Transfer | None) -> LedgerRefusal | None:
    if row["status"] != EITHER_OF_KIND_OR_FLAGS:
        return RESULTS[row["status"]]
    assert existing is not None
    if transfer_of(row).kind is not existing.kind:
        return LedgerRefusal.EXISTS_WITH_DIFFERENT_KIND
    return LedgerRefusal.EXISTS_WITH_DIFFERENT_FLAGS


def kinds_of(row: dict[str, Any]) -> list[Kind]:
    names = {"pending": Kind.PENDING, "post": Kind.POST, "void": Kind.VOID}
    return [kind for name, kind in names.items() if row[name] is not None]


def transfer_of(row: dict[str, Any]) -> Transfer:
    kinds = kinds_of(row)
    flags = TransferFlags.NONE
    for name in ("linked", "balancing_debit", "balancing_credit", "closing_debit", "closing_credit"):
        if row[name] is not None:
            flags |= TransferFlags[name.upper()]
    pending_id = whole(row["pending_id"] or "0", ID_MAX)
    may_be_zero = kinds and kinds[0] in (Kind.POST, Kind.VOID)
    return Transfer(
        id=UUID(int=whole(row["id"], ID_MAX)),
        debit=account_code(row["debit_account_id"]),
        credit=account_code(row["credit_account_id"]),
        amount=whole(row["amount"] or "0", AMOUNT_MAX),
        currency=CURRENCIES[row["ledger"]],
        kind=kinds[0] if kinds else Kind.POSTED,
        purpose=PURPOSES[row["code"]],
        pending_id=UUID(int=pending_id) if pending_id or may_be_zero else None,
        flags=flags,
        reference=row["user_data_128"] or "",
        memo=row["user_data_64"] or "",
        event_at_us=int((row["user_data_32"] or "U0")[1:]),
        timeout_us=int(row["timeout"] or "0") * SECOND_US,
    )


class Bench:
    """A ledger under a table: applies its steps and checks each expected result."""

    def __init__(self) -> None:
        self.books = Books({}, {}, {}, set(), ChainHead())
        self.rows: list[dict[str, Any]] = []
        self.clock_us = 0
        self.checked = 0
        self.left_out = 0

    def run(self, steps: list[dict[str, Any]]) -> None:
        for step in steps:
            getattr(self, step["op"])(step)

    def account(self, step: dict[str, Any]) -> None:
        flags = AccountFlags.NONE
        for name in ("debits_must_not_exceed_credits", "credits_must_not_exceed_debits"):
            if step[name] is not None:
                flags |= AccountFlags[name.upper()]
        code = account_code(step["id"])
        self.books.accounts[code] = Account(code=code, currency=CURRENCIES[step["ledger"]], flags=flags)

    def setup(self, step: dict[str, Any]) -> None:
        account = self.books.accounts[account_code(step["args"][0])]
        totals = [whole(text, AMOUNT_MAX) for text in step["args"][1:]]
        names = ("debits_pending", "debits_posted", "credits_pending", "credits_posted")
        standing: dict[str, Any] = dict(zip(names, totals, strict=True))
        self.books.accounts[account.code] = Account(
            code=account.code, currency=account.currency, flags=account.flags, **standing
        )

    def transfer(self, step: dict[str, Any]) -> None:
        is_impossible = step["status"] in LEFT_OUT or len(kinds_of(step)) > 1
        if is_impossible:
            self.left_out += 1
        else:
            self.rows.append(step)

    def commit(self, step: dict[str, Any]) -> None:
        rows, self.rows = self.rows, []
        batch = [transfer_of(row) for row in rows]
        decision = self.decided(batch)
        for row, transfer, outcome in zip(rows, batch, decision.outcomes, strict=True):
            posting = self.books.postings.get(transfer.id)
            expected = expected_refusal(row, posting.transfer if posting else None)
            assert outcome.refusal == expected, (row, outcome)
            if expected is None:
                assert outcome.is_new == (row["status"] == "created"), row
            self.checked += 1

    def decided(self, batch: list[Transfer]) -> Decision:
        decision = decide(batch, replace(self.books, due=self.due()), self.clock_us)
        self.keep(decision)
        return decision

    def due(self) -> tuple[Posting, ...]:
        timed = [posting for posting in self.books.postings.values() if posting.transfer.timeout_us]
        live = [posting for posting in timed if posting.transfer.id not in self.books.endings]
        return tuple(posting for posting in live if expires_at_us(posting) <= self.clock_us)

    def keep(self, decision: Decision) -> None:
        self.books.accounts.update(decision.accounts)
        self.books.failed.update(decision.failed)
        self.books.head = decision.head
        for posting in decision.postings:
            self.books.postings[posting.transfer.id] = posting
            if posting.transfer.pending_id is not None:
                self.books.endings[posting.transfer.pending_id] = posting.transfer.kind

    def tick(self, step: dict[str, Any]) -> None:
        """Let seconds pass; -n is so many before the end of time."""
        seconds, unit = step["args"]
        assert unit == "seconds", step
        if seconds.startswith("-"):
            self.clock_us = AMOUNT_MAX - int(seconds[1:]) * SECOND_US
        else:
            self.clock_us += int(seconds) * SECOND_US
        self.decided([])

    def lookup_account(self, step: dict[str, Any]) -> None:
        code, *totals, closed = step["args"]
        if not totals:
            assert account_code(code) not in self.books.accounts, step
            return
        account = self.books.accounts[account_code(code)]
        kept = (
            account.debits_pending,
            account.debits_posted,
            account.credits_pending,
            account.credits_posted,
        )
        assert kept == tuple(int(text) for text in totals), step
        assert account.is_closed == (closed != "_"), step
        self.checked += 1

    def lookup_transfer(self, step: dict[str, Any]) -> None:
        id, name, value = step["args"]
        posting = self.books.postings.get(UUID(int=whole(id, ID_MAX)))
        if name == "exists":
            assert (posting is not None) == (value == "true"), step
        else:
            assert posting is not None
            assert posting.transfer.amount == int(value), step
        self.checked += 1


def tables_of(folder: Path) -> list[dict[str, Any]]:
    path = folder / FILE
    if not path.is_file():
        pytest.skip(f"no recorded data: {path} is absent")
    tables: list[dict[str, Any]] = json.loads(path.read_text())["tables"]
    return tables


def test_every_row_of_every_table_gives_its_result(data_folder: Path, subtests: pytest.Subtests) -> None:
    for table in tables_of(data_folder):
        has_transfers = any(step["op"] == "transfer" for step in table["steps"])
        if not has_transfers or table["test"].startswith("imported"):
            continue
        with subtests.test(table=table["test"], part=table["part"]):
            bench = Bench()
            bench.run(table["steps"])
            print(f"{table['test']}: {bench.checked} checked, {bench.left_out} left out")
            assert bench.checked > bench.left_out
