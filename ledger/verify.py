"""The proof of the books: everything that can be recomputed from the postings is, and compared.

Here belong the checks and their report. The arithmetic is written out again here, on purpose, and not taken
from the rules: what is checked must not be its own witness.
Not here: repairing anything; a discrepancy is for people.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from typing import Final
from uuid import UUID

import msgspec

from ledger.accounts import Account, AccountCode, AccountFlags
from ledger.chain import ChainHead, head_of, link
from ledger.records import DepositPosition, ReceiptRecord, ReceiptStatus
from ledger.store import LedgerReader, LedgerStore
from ledger.transfers import Entry, Kind, Posting, Purpose, Side, Transfer
from ledger.units import Currency

DISCREPANCIES_LISTED_MAX: Final = 100
_RECEIVED: Final = frozenset({Purpose.DEPOSIT_RECEIVED, Purpose.SUSPENSE_RECEIVED})


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was checked: how many rows, and what was wrong (the first of them, if there are many)."""

    name: str
    examined: int
    discrepancy_count: int
    discrepancies: tuple[str, ...]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a verification at one moment, which `head` names."""

    head: ChainHead
    checks: tuple[Check, ...]

    @property
    def discrepancies(self) -> tuple[str, ...]:
        """All that was listed as wrong, each line beginning with the check's name."""
        return tuple(f"{check.name}: {line}" for check in self.checks for line in check.discrepancies)

    @property
    def is_sound(self) -> bool:
        """Tell whether nothing was wrong."""
        return all(check.discrepancy_count == 0 for check in self.checks)


async def verify(store: LedgerStore) -> Report:
    """Recompute the ledger from its postings and compare: chain, entries, balances, sums, holds, deposits.

    Streams everything once; memory grows with accounts, live holds and receipts, not with postings.

    Raises: LedgerUnavailable.
    """
    async with store.reading() as reader:
        audit = _Audit()
        entries = _EntriesInStep(reader.entries())
        async for posting in reader.postings():
            audit.take(posting, await entries.of(posting.sequence))
        audit.take_rest(await entries.rest())
        await _take_rows(audit, reader)
        head = await reader.head()
        audit.take_head(head)
    return Report(head=head, checks=tuple(finding.check() for finding in audit.findings()))


async def _take_rows(audit: "_Audit", reader: LedgerReader) -> None:
    async for account in reader.accounts():
        audit.take_account(account)
    audit.take_sums()
    async for position in reader.positions():
        audit.take_deposit(position)
    async for receipt in reader.receipts():
        audit.take_receipt(receipt)
    audit.take_unreceived()


class _Finding:
    """A check while it runs."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._examined = 0
        self._count = 0
        self._lines: list[str] = []

    def expect(self, is_right: bool, discrepancy: str) -> None:
        self._examined += 1
        if not is_right:
            self.add(discrepancy)

    def add(self, discrepancy: str) -> None:
        self._count += 1
        if len(self._lines) < DISCREPANCIES_LISTED_MAX:
            self._lines.append(discrepancy)

    def check(self) -> Check:
        return Check(
            name=self._name,
            examined=self._examined,
            discrepancy_count=self._count,
            discrepancies=tuple(self._lines),
        )


class _Totals:
    """What the postings so far add up to in one account."""

    __slots__ = ("credits_pending", "credits_posted", "debits_pending", "debits_posted", "version")

    def __init__(self) -> None:
        self.debits_pending = self.debits_posted = 0
        self.credits_pending = self.credits_posted = 0
        self.version = 0

    def values(self) -> tuple[int, int, int, int, int]:
        return (
            self.debits_pending,
            self.debits_posted,
            self.credits_pending,
            self.credits_posted,
            self.version,
        )


class _EntriesInStep:
    """Entries handed out posting by posting, also when rows are missing or too many."""

    def __init__(self, entries: AsyncIterator[Entry]) -> None:
        self._entries = entries
        self._next: Entry | None = None
        self._has_begun = False

    async def of(self, sequence: int) -> list[Entry]:
        """Return the entries up to and including a posting's that were not handed out yet."""
        if not self._has_begun:
            self._has_begun = True
            await self._advance()
        taken = []
        while self._next is not None and self._next.sequence <= sequence:
            taken.append(self._next)
            await self._advance()
        return taken

    async def rest(self) -> list[Entry]:
        return await self.of(2**63)

    async def _advance(self) -> None:
        self._next = await anext(self._entries, None)


class _Audit:
    """The books as they must be, built from the postings one by one."""

    def __init__(self) -> None:
        self._chain = _Finding("chain")
        self._entries = _Finding("entries")
        self._balances = _Finding("balances")
        self._promises = _Finding("promises of accounts")
        self._sums = _Finding("sum per currency")
        self._holds = _Finding("holds")
        self._deposits = _Finding("deposits")
        self._receipts = _Finding("receipts")
        self._head = ChainHead()
        self._totals: dict[AccountCode, _Totals] = {}
        self._currencies: dict[AccountCode, Currency] = {}
        self._live: dict[UUID, Transfer] = {}
        self._received: dict[UUID, Transfer] = {}
        self._sum: Counter[tuple[Currency, str]] = Counter()

    def findings(self) -> tuple[_Finding, ...]:
        return (
            self._chain,
            self._entries,
            self._balances,
            self._promises,
            self._sums,
            self._holds,
            self._deposits,
            self._receipts,
        )

    def take(self, posting: Posting, entries: list[Entry]) -> None:
        self._take_link(posting)
        expected = list(self._moved(posting))
        name = f"posting {posting.sequence}"
        self._entries.expect(entries == expected, f"{name} has entries that do not follow from it")
        if posting.transfer.purpose in _RECEIVED:
            self._received[posting.transfer.id] = posting.transfer

    def _take_link(self, posting: Posting) -> None:
        expected = link(self._head, posting.transfer, posting.recorded_at_us)
        name = f"posting {posting.sequence}"
        self._chain.expect(posting == expected, f"{name} does not follow posting {self._head.sequence}")
        self._head = head_of(posting)

    def _moved(self, posting: Posting) -> Iterator[Entry]:
        transfer = posting.transfer
        pending, posted = self._changes(transfer)
        for side, code in ((Side.DEBIT, transfer.debit), (Side.CREDIT, transfer.credit)):
            self._currencies.setdefault(code, transfer.currency)
            totals = self._totals.setdefault(code, _Totals())
            totals.version += 1
            if side is Side.DEBIT:
                totals.debits_pending += pending
                totals.debits_posted += posted
            else:
                totals.credits_pending += pending
                totals.credits_posted += posted
            yield _entry(posting, side, code, pending, posted, totals)

    def _changes(self, transfer: Transfer) -> tuple[int, int]:
        if transfer.kind is Kind.POSTED:
            return 0, transfer.amount
        if transfer.kind is Kind.PENDING:
            self._live[transfer.id] = transfer
            return transfer.amount, 0
        assert transfer.pending_id is not None
        ended = self._live.pop(transfer.pending_id, None)
        self._holds.expect(ended is not None, f"transfer {transfer.id} ends {transfer.pending_id}, not live")
        pending = 0 if ended is None else -ended.amount
        return pending, transfer.amount if transfer.kind is Kind.POST else 0

    def take_rest(self, entries: list[Entry]) -> None:
        for entry in entries:
            self._entries.add(f"entry of posting {entry.sequence}, which is missing")

    def take_head(self, head: ChainHead) -> None:
        self._chain.expect(head == self._head, f"the head names posting {head.sequence}, not the last one")

    def take_account(self, account: Account) -> None:
        code = account.code
        totals = self._totals.pop(code, _Totals())
        kept = (
            account.debits_pending,
            account.debits_posted,
            account.credits_pending,
            account.credits_posted,
            account.version,
        )
        self._balances.expect(
            kept == totals.values(), f"{code} keeps {kept}, postings give {totals.values()}"
        )
        currency = self._currencies.get(code, account.currency)
        self._balances.expect(currency == account.currency, f"{code} has postings in {currency}")
        self._promises.expect(_keeps_promise(account), f"{code} breaks its promise")
        self._sum[account.currency, "posted"] += account.debits_posted - account.credits_posted
        self._sum[account.currency, "pending"] += account.debits_pending - account.credits_pending

    def take_sums(self) -> None:
        for code in self._totals:
            self._balances.add(f"{code} has postings but is not there")
        for (currency, kind), total in self._sum.items():
            self._sums.expect(total == 0, f"{kind} {currency} adds up to {total} minor units, not to 0")

    def take_deposit(self, position: DepositPosition) -> None:
        record, hold = position.record, position.hold
        name = f"deposit of bidder {record.bidder_id} for lot {record.lot_id}"
        live = self._live.pop(record.hold_id, None)
        held = 0 if live is None else live.amount
        self._holds.expect(position.deposit.debits_pending == held, f"{name} holds other than its live hold")
        is_as_required = hold is None or hold.amount == record.required
        self._holds.expect(is_as_required, f"{name} holds other than required")
        if position.settlement is not None:
            is_ended = live is None and position.deposit.available_credit == 0
            self._deposits.expect(is_ended, f"{name} has money left after the lot's end")

    def take_receipt(self, record: ReceiptRecord) -> None:
        receipt = record.receipt
        transfer = self._received.pop(record.transfer_id, None)
        is_credited = record.status is ReceiptStatus.CREDITED
        purpose = Purpose.DEPOSIT_RECEIVED if is_credited else Purpose.SUSPENSE_RECEIVED
        is_same = transfer is not None and (
            transfer.amount,
            transfer.currency,
            transfer.reference,
            transfer.purpose,
        ) == (receipt.amount, receipt.currency, receipt.receipt_id, purpose)
        self._receipts.expect(is_same, f"receipt {receipt.receipt_id} is not as it was posted")

    def take_unreceived(self) -> None:
        for transfer in self._received.values():
            self._receipts.add(f"transfer {transfer.id} has no receipt")


def _entry(
    posting: Posting, side: Side, code: AccountCode, pending: int, posted: int, totals: _Totals
) -> Entry:
    return Entry(
        sequence=posting.sequence,
        side=side,
        account=code,
        account_version=totals.version,
        currency=posting.transfer.currency,
        pending_change=pending,
        posted_change=posted,
        debits_pending=totals.debits_pending,
        debits_posted=totals.debits_posted,
        credits_pending=totals.credits_pending,
        credits_posted=totals.credits_posted,
        recorded_at_us=posting.recorded_at_us,
    )


def _keeps_promise(account: Account) -> bool:
    if AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS in account.flags:
        return account.debits_pending + account.debits_posted <= account.credits_posted
    if AccountFlags.CREDITS_MUST_NOT_EXCEED_DEBITS in account.flags:
        return account.credits_pending + account.credits_posted <= account.debits_posted
    return True
