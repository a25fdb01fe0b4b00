"""The proof of the books: everything that can be recomputed from the postings is, and compared.

Here belong the checks and their report. The arithmetic is written out again here, on purpose, and not taken
from the rules: what is checked must not be its own witness.
Not here: repairing anything; a discrepancy is for people.
"""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Final
from uuid import UUID

import msgspec

from ledger.accounts import Account, AccountCode, AccountFlags
from ledger.chain import ChainHead, head_of, link
from ledger.records import DepositPosition, ReceiptRecord, ReceiptStatus
from ledger.store import LedgerReader, LedgerStore
from ledger.transfers import Entry, Kind, Posting, Purpose, Side, Transfer
from ledger.units import Currency, decimal_text

DISCREPANCIES_LISTED_MAX: Final = 100
REFUND_PAYABLE: Final = "liabilities:refund-payable:"
IN_TRANSIT: Final = "liabilities:payout-in-transit:"
_RECEIVED: Final = frozenset({Purpose.DEPOSIT_RECEIVED, Purpose.SUSPENSE_RECEIVED})


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was checked: how many rows, and what was wrong (the first of them, if there are many)."""

    name: str
    examined: int
    discrepancy_count: int
    discrepancies: tuple[str, ...]
    found: tuple[str, ...] = ()
    """What it came to, in words, where there is more to say than that it was right."""


class Admissions(msgspec.Struct, frozen=True, kw_only=True):
    """What the procedure says at one moment, as pairs of lot and bidder.

    `entered` are all who signed up for a lot with a deposit, `admitted` those of them who may bid on a lot that is
    under way.
    """

    entered: frozenset[tuple[int, int]]
    admitted: frozenset[tuple[int, int]]


AdmissionsNow = Callable[[], Awaitable[Admissions]]
"""Reads the sign-ups; asked before and after the ledger, so that nothing that happens meanwhile looks wrong."""


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


async def verify(store: LedgerStore, admissions: AdmissionsNow | None = None) -> Report:
    """Recompute the ledger from its postings and compare: chain, entries, balances, sums, holds, deposits, refunds.

    Streams everything once; memory grows with accounts, live holds and receipts, not with postings.

    Args:
        store: the ledger; written to by others meanwhile, or not.
        admissions: what the procedure knows, where there is one: then holds are compared with live admissions.

    Raises: LedgerUnavailable; whatever `admissions` raises.
    """
    audit = _Audit()
    before = None if admissions is None else await admissions()
    async with store.reading() as reader:
        entries = _EntriesInStep(reader.entries())
        async for posting in reader.postings():
            audit.take(posting, await entries.of(posting.sequence))
        audit.take_rest(await entries.rest())
        head = await reader.head()
        audit.take_head(head)
        await _take_rows(audit, reader)
    if before is not None and admissions is not None:
        audit.take_admissions(before, await admissions())
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
    audit.take_refunds()


class _Finding:
    """A check while it runs."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._examined = 0
        self._count = 0
        self._lines: list[str] = []
        self._found: list[str] = []

    def expect(self, is_right: bool, discrepancy: str) -> None:
        self._examined += 1
        if not is_right:
            self.add(discrepancy)

    def add(self, discrepancy: str) -> None:
        self._count += 1
        if len(self._lines) < DISCREPANCIES_LISTED_MAX:
            self._lines.append(discrepancy)

    def say(self, found: str) -> None:
        self._found.append(found)

    def check(self) -> Check:
        return Check(
            name=self._name,
            examined=self._examined,
            discrepancy_count=self._count,
            discrepancies=tuple(self._lines),
            found=tuple(self._found),
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
        self._refunds = _Finding("refunds")
        self._admissions = _Finding("admissions")
        self._is_asked = False
        self._head = ChainHead()
        self._totals: dict[AccountCode, _Totals] = {}
        self._currencies: dict[AccountCode, Currency] = {}
        self._live: dict[UUID, Transfer] = {}
        self._received: dict[UUID, Transfer] = {}
        self._timed: dict[UUID, int] = {}
        self._held: set[tuple[int, int]] = set()
        self._settled: set[tuple[int, int]] = set()
        self._sum: Counter[tuple[Currency, str]] = Counter()
        self._flows: Counter[tuple[Currency, str]] = Counter()

    def findings(self) -> tuple[_Finding, ...]:
        asked = (self._admissions,) if self._is_asked else ()
        return (
            self._chain,
            self._entries,
            self._balances,
            self._promises,
            self._sums,
            self._holds,
            self._deposits,
            self._receipts,
            self._refunds,
            *asked,
        )

    def take(self, posting: Posting, entries: list[Entry]) -> None:
        self._take_link(posting)
        expected = list(self._moved(posting))
        name = f"posting {posting.sequence}"
        self._entries.expect(entries == expected, f"{name} has entries that do not follow from it")
        transfer = posting.transfer
        if transfer.purpose in _RECEIVED:
            self._received[transfer.id] = transfer
        if transfer.kind is Kind.POSTED or transfer.kind is Kind.POST:
            self._take_flow(transfer)

    def _take_flow(self, transfer: Transfer) -> None:
        """Note what is released for refund, what is on its way to the bank, and what became of it."""
        refund = transfer.credit.startswith(REFUND_PAYABLE) - transfer.debit.startswith(REFUND_PAYABLE)
        transit = transfer.credit.startswith(IN_TRANSIT) - transfer.debit.startswith(IN_TRANSIT)
        if refund and transit:
            self._flows[transfer.currency, "paid"] += transit * transfer.amount
        elif refund:
            self._flows[transfer.currency, "released"] += refund * transfer.amount
        if transit:
            self._flows[transfer.currency, "in transit"] += transit * transfer.amount

    def _take_link(self, posting: Posting) -> None:
        expected = link(self._head, posting.transfer, posting.recorded_at_us)
        name = f"posting {posting.sequence}"
        self._chain.expect(posting == expected, f"{name} does not follow posting {self._head.sequence}")
        self._head = head_of(posting)

    def _moved(self, posting: Posting) -> Iterator[Entry]:
        transfer = posting.transfer
        pending, posted = self._changes(posting)
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

    def _changes(self, posting: Posting) -> tuple[int, int]:
        transfer = posting.transfer
        if transfer.kind is Kind.POSTED:
            return 0, transfer.amount
        if transfer.kind is Kind.PENDING:
            self._live[transfer.id] = transfer
            if transfer.timeout_us:
                self._timed[transfer.id] = posting.recorded_at_us + transfer.timeout_us
            return transfer.amount, 0
        assert transfer.pending_id is not None
        ended = self._live.pop(transfer.pending_id, None)
        expires_at_us = self._timed.pop(transfer.pending_id, None)
        is_in_time = expires_at_us is None or (transfer.kind is Kind.EXPIRE) == (
            posting.recorded_at_us >= expires_at_us
        )
        is_timed = transfer.kind is not Kind.EXPIRE or expires_at_us is not None
        self._holds.expect(
            is_in_time and is_timed, f"transfer {transfer.id} and the time of its hold do not fit together"
        )
        self._holds.expect(ended is not None, f"transfer {transfer.id} ends {transfer.pending_id}, not live")
        pending = 0 if ended is None else -ended.amount
        return pending, transfer.amount if transfer.kind is Kind.POST else 0

    def take_rest(self, entries: list[Entry]) -> None:
        for entry in entries:
            self._entries.add(f"entry of posting {entry.sequence}, which is missing")

    def take_head(self, head: ChainHead) -> None:
        self._chain.expect(head == self._head, f"the head names posting {head.sequence}, not the last one")
        for id, expires_at_us in self._timed.items():
            self._holds.expect(expires_at_us > head.recorded_at_us, f"hold {id} has run out and stands")

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
        for prefix, name in ((REFUND_PAYABLE, "due"), (IN_TRANSIT, "in transit now")):
            if code.startswith(prefix):
                self._flows[account.currency, name] += account.credits_posted - account.debits_posted

    def take_sums(self) -> None:
        for code in self._totals:
            self._balances.add(f"{code} has postings but is not there")
        for (currency, kind), total in self._sum.items():
            self._sums.expect(total == 0, f"{kind} {currency} adds up to {total} minor units, not to 0")
            self._sums.say(f"{kind} {currency}: debits less credits are {decimal_text(total, currency)}")

    def take_refunds(self) -> None:
        """Compare what the accounts say is due and under way with what the postings let out and brought back."""
        for currency in sorted({currency for currency, _ in self._flows}):
            flows = {name: total for (of, name), total in self._flows.items() if of == currency}
            released, paid, due = (flows.get(name, 0) for name in ("released", "paid", "due"))
            self._refunds.expect(
                due == released - paid,
                f"{currency}: {due} minor units are due, but {released} were released and {paid} paid",
            )
            sent, now = flows.get("in transit", 0), flows.get("in transit now", 0)
            self._refunds.expect(
                sent == now, f"{currency}: {now} minor units are in transit, postings make it {sent}"
            )
            texts = [decimal_text(amount, currency) for amount in (released, paid, due, now)]
            self._refunds.say(
                "{}: released {}, handed to the bank {}, due {}; in transit {}".format(currency, *texts)
            )

    def take_admissions(self, before: Admissions, after: Admissions) -> None:
        """Compare live holds with who may bid: nobody may without a hold, and nobody is held who never signed up."""
        self._is_asked = True
        for lot_id, bidder_id in sorted(before.admitted - self._settled):
            self._admissions.expect(
                (lot_id, bidder_id) in self._held,
                f"bidder {bidder_id} may bid on lot {lot_id} without a hold",
            )
        for lot_id, bidder_id in sorted(self._held):
            self._admissions.expect(
                (lot_id, bidder_id) in after.entered,
                f"bidder {bidder_id} is held for lot {lot_id}, not signed up",
            )
        self._admissions.say(
            f"{len(before.admitted)} admitted to lots under way, {len(self._held)} live holds"
        )

    def take_deposit(self, position: DepositPosition) -> None:
        record, hold = position.record, position.hold
        name = f"deposit of bidder {record.bidder_id} for lot {record.lot_id}"
        live = self._live.pop(record.hold_id, None)
        owner = (record.lot_id, record.bidder_id)
        if live is not None:
            self._held.add(owner)
        if position.settlement is not None:
            self._settled.add(owner)
        held = 0 if live is None else live.amount
        self._holds.expect(position.deposit.debits_pending == held, f"{name} holds other than its live hold")
        is_as_required = hold is None or hold.amount == record.required
        self._holds.expect(is_as_required, f"{name} holds other than required")
        if (
            position.settlement is not None
            and record.bidder_id not in position.settlement.defaulted_bidder_ids
        ):
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
