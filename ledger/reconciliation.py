"""The books against the bank, account by account and day by day.

Here belongs the service: finding matches, listing differences, and what people do about them. A match is written down
once and stays; a difference is shown until there is a match, a write-off by two persons, or a statement.
Not here: the comparison itself (bank_matching), SQL (reconciliation_postgres), reading bank files (bank).
"""

from collections.abc import Iterable, Sequence
from datetime import date
from enum import StrEnum
from itertools import groupby
from typing import Final

import msgspec

from ledger import periods_postgres
from ledger import reconciliation_postgres as rows
from ledger.accounting_days import DAY, day_begins_us, day_ends_us
from ledger.accounts import Account, AccountCode, AccountFlags, new_account
from ledger.bank_matching import DifferenceReason, Match, Rule, Unmatched, matching
from ledger.period_records import OpenPoint
from ledger.postgres import Desk, PostgresLedgerStore
from ledger.receipts import is_bookable_text
from ledger.reconciliation_postgres import Connection, Lines, MatchedLine, NamedLine, Told
from ledger.reconciliation_records import (
    Against,
    BankSide,
    DayReconciliation,
    Difference,
    Matched,
    WriteOff,
)
from ledger.rules import LedgerRefusal
from ledger.store import DraftRefused
from ledger.transfers import Purpose, Transfer, derived_id
from ledger.units import Amount, Currency

SYSTEM: Final = 0
"""Who matches when nobody does."""

_COUNTER_ACCOUNTS: Final = {
    Against.BANK_CHARGES: "expenses:bank-charges",
    Against.BANK_INTEREST: "income:bank-interest",
    Against.OPENING_BALANCE: "equity:opening-balance",
}


class ReconciliationRefusal(StrEnum):
    """Why a person's act is not done, in order of precedence."""

    NOTE_MISSING = "note_missing"
    NOTE_NOT_BOOKABLE = "note_not_bookable"
    ACCOUNT_UNKNOWN = "account_unknown"
    LINES_MISSING = "lines_missing"
    LINE_UNKNOWN = "line_unknown"
    LINE_ALREADY_MATCHED = "line_already_matched"
    SUMS_DIFFER = "sums_differ"
    NOTHING_TO_WRITE_OFF = "nothing_to_write_off"
    PROPOSAL_UNKNOWN = "proposal_unknown"
    ALREADY_DECIDED = "already_decided"
    SAME_PERSON = "same_person"


class WriteOffNotPosted(msgspec.Struct, frozen=True):
    """The ledger's rules refuse the posting of a write-off; nothing was recorded."""

    refusal: LedgerRefusal


class Reconciliation:
    """Compares the books with the bank, for several processes at once.

    Args:
        store: the ledger in PostgreSQL.

    Raises: every method may raise LedgerUnavailable (repeat it) and LedgerStoreError.
    """

    def __init__(self, store: PostgresLedgerStore) -> None:
        self._store = store

    # Reading

    async def accounts(self) -> list[tuple[AccountCode, Currency]]:
        """Return the accounts of the books that stand for money at banks."""
        async with self._store.snapshot() as connection:
            return await rows.bank_accounts(connection)

    async def day(self, account: AccountCode, day: date) -> DayReconciliation | None:
        """Return the comparison of an account on a day; None for one that is not an account at a bank."""
        async with self._store.snapshot() as connection:
            currency = dict(await rows.bank_accounts(connection)).get(account)
            return None if currency is None else await _compared(connection, account, currency, day)

    async def days(self, account: AccountCode, since: date, days: int = 31) -> list[DayReconciliation]:
        """Return the comparisons of an account from a day on, in order."""
        async with self._store.snapshot() as connection:
            currency = dict(await rows.bank_accounts(connection)).get(account)
            if currency is None:
                return []
            left = await _left_of(connection, account)
            return [
                await _compared(connection, account, currency, since + number * DAY, left)
                for number in range(days)
            ]

    async def unmatched(self, account: AccountCode) -> list[Difference]:
        """Return every line of an account that has no counterpart, in order of day, the bank's first."""
        async with self._store.snapshot() as connection:
            return await _left_of(connection, account)

    async def write_offs(self, is_open: bool | None = None) -> list[WriteOff]:
        """Return write-offs in order; those that wait for a second person, or those that do not, when asked."""
        async with self._store.snapshot() as connection:
            return await rows.write_offs(connection, is_open=is_open)

    # Acts

    async def reconcile(self, by: int = SYSTEM) -> list[Matched]:
        """Find and write down every match that both sides' own words make; doing it again finds nothing new."""
        return await self._store.at_desk(lambda desk: match_by_key(desk, by))

    async def match(
        self, account: AccountCode, movement_ids: Sequence[int], sequences: Sequence[int], note: str, by: int
    ) -> Match | ReconciliationRefusal:
        """Write down, as a person, that lines are the same money.

        Args:
            account: of the books, such as `assets:bank:cny`.
            movement_ids: lines of the bank; may be empty for postings that add up to nothing.
            sequences: postings; may be empty for movements that add up to nothing.
            note: why.
            by: the person.

        Refuses: NOTE_MISSING, NOTE_NOT_BOOKABLE, ACCOUNT_UNKNOWN, LINES_MISSING, LINE_UNKNOWN,
            LINE_ALREADY_MATCHED, SUMS_DIFFER.
        """

        async def work(desk: Desk) -> Match | ReconciliationRefusal:
            named = await _named(desk.connection, account, movement_ids, sequences, note)
            if isinstance(named, ReconciliationRefusal):
                return named
            if named.lacking != 0:
                return ReconciliationRefusal.SUMS_DIFFER
            match = _match(Rule.MANUAL, movement_ids, sequences)
            await rows.add_matches(desk.connection, account, [match], note.strip(), by, desk.now_us)
            return match

        return await self._store.at_desk(work)

    async def propose_write_off(
        self,
        account: AccountCode,
        against: Against,
        movement_ids: Sequence[int],
        sequences: Sequence[int],
        note: str,
        by: int,
    ) -> WriteOff | ReconciliationRefusal:
        """Propose, as the first of two persons, to book what the books lack of lines or have too much.

        Args:
            account: of the books.
            against: bank charges or bank interest.
            movement_ids: lines of the bank that are not in the books, or with another amount.
            sequences: their postings; alone, what is in the books and not at the bank.
            note: why.
            by: who proposes.

        Refuses: NOTE_MISSING, NOTE_NOT_BOOKABLE, ACCOUNT_UNKNOWN, LINES_MISSING, LINE_UNKNOWN,
            LINE_ALREADY_MATCHED, NOTHING_TO_WRITE_OFF.
        Raises: ValueError for an opening balance, which has no lines (see propose_opening).
        """
        if against is Against.OPENING_BALANCE:
            raise ValueError("an opening balance has no lines")

        async def work(desk: Desk) -> WriteOff | ReconciliationRefusal:
            named = await _named(desk.connection, account, movement_ids, sequences, note)
            if isinstance(named, ReconciliationRefusal):
                return named
            if named.lacking == 0:
                return ReconciliationRefusal.NOTHING_TO_WRITE_OFF
            wanted = _write_off(account, named.currency, against, named.lacking, note, by, desk.now_us)
            return await rows.add_write_off(
                desk.connection,
                msgspec.structs.replace(
                    wanted,
                    movement_ids=tuple(sorted(set(movement_ids))),
                    sequences=tuple(sorted(set(sequences))),
                    event_at_us=named.at_us,
                ),
            )

        return await self._store.at_desk(work)

    async def propose_opening(
        self, account: AccountCode, day: date, note: str, by: int
    ) -> WriteOff | ReconciliationRefusal:
        """Propose to book what the bank held before its first statement, as the first of two persons.

        Args:
            account: of the books.
            day: of the first statement.
            note: why.
            by: who proposes.

        Refuses: NOTE_MISSING, NOTE_NOT_BOOKABLE, ACCOUNT_UNKNOWN, NOTHING_TO_WRITE_OFF.
        """

        async def work(desk: Desk) -> WriteOff | ReconciliationRefusal:
            currency = dict(await rows.bank_accounts(desk.connection)).get(account)
            refusal = _note_refusal(note)
            if refusal is not None or currency is None:
                return refusal or ReconciliationRefusal.ACCOUNT_UNKNOWN
            state = await periods_postgres.calendar(desk.connection)
            compared = await _compared(desk.connection, account, currency, day)
            lacking = next(
                (d.amount for d in compared.differences if d.reason is DifferenceReason.OPENING_DIFFERS), 0
            )
            if lacking == 0:
                return ReconciliationRefusal.NOTHING_TO_WRITE_OFF
            wanted = _write_off(account, currency, Against.OPENING_BALANCE, lacking, note, by, desk.now_us)
            at_us = day_begins_us(day, state.time_zone)
            return await rows.add_write_off(
                desk.connection, msgspec.structs.replace(wanted, event_at_us=at_us)
            )

        return await self._store.at_desk(work)

    async def confirm_write_off(
        self, proposal_id: int, by: int
    ) -> WriteOff | ReconciliationRefusal | WriteOffNotPosted:
        """Book a write-off that another person proposed, and match its lines with it.

        Refuses: LINE_ALREADY_MATCHED, NOTHING_TO_WRITE_OFF (an opening balance that was booked meanwhile),
            PROPOSAL_UNKNOWN, ALREADY_DECIDED, SAME_PERSON; WriteOffNotPosted when the ledger's rules refuse it.
        """

        async def work(desk: Desk) -> WriteOff | ReconciliationRefusal:
            found = await rows.write_offs(desk.connection, proposal_id)
            refusal = _decision_refusal(found, by) or await _stale(desk.connection, found[0])
            if refusal is not None:
                return refusal
            await _post(desk, found[0], by)
            return (await rows.write_offs(desk.connection, proposal_id))[0]

        try:
            return await self._store.at_desk(work)
        except DraftRefused as refused:
            return WriteOffNotPosted(next(o.refusal for o in refused.outcomes if o.refusal is not None))

    async def decline_write_off(
        self, proposal_id: int, by: int, note: str
    ) -> WriteOff | ReconciliationRefusal:
        """Decline a write-off, with the reason; its proposer may as well.

        Refuses: NOTE_MISSING, NOTE_NOT_BOOKABLE, PROPOSAL_UNKNOWN, ALREADY_DECIDED.
        """

        async def work(desk: Desk) -> WriteOff | ReconciliationRefusal:
            found = await rows.write_offs(desk.connection, proposal_id)
            refusal = _note_refusal(note) or _decision_refusal(found, None)
            if refusal is not None:
                return refusal
            await rows.decide_write_off(
                desk.connection, proposal_id, False, note.strip(), by, desk.now_us, None
            )
            return (await rows.write_offs(desk.connection, proposal_id))[0]

        return await self._store.at_desk(work)


async def match_by_key(desk: Desk, by: int = SYSTEM) -> list[Matched]:
    """Write down every match that both sides' own words make, as part of a transaction."""
    state = await periods_postgres.calendar(desk.connection)
    done = []
    for account, _ in await rows.bank_accounts(desk.connection):
        lines = await rows.unmatched_lines(desk.connection, account, state.time_zone)
        found = matching(lines.bank, lines.books).matches
        if found:
            await rows.add_matches(desk.connection, account, found, "", by, desk.now_us)
        done.append(Matched(account=account, matches=len(found)))
    return done


async def open_points_of_day(desk: Desk, day: date) -> tuple[OpenPoint, ...]:
    """Find matches, then return what stands against closing a day; nothing when every account at banks balances."""
    await match_by_key(desk)
    points = []
    for account, currency in await rows.bank_accounts(desk.connection):
        compared = await _compared(desk.connection, account, currency, day)
        if not compared.is_balanced:
            points.append(
                OpenPoint(
                    account=account,
                    currency=currency,
                    is_statement_missing=compared.is_statement_missing,
                    lines=len(compared.unexplained),
                    amount=compared.difference or 0,
                )
            )
    return tuple(points)


# The comparison of a day


async def _compared(
    connection: Connection,
    account: AccountCode,
    currency: Currency,
    day: date,
    left: Sequence[Difference] | None = None,
) -> DayReconciliation:
    """Compare a day; `left` is what the account has unmatched, when it is known already."""
    time_zone = (await periods_postgres.calendar(connection)).time_zone
    span = day_begins_us(day, time_zone), day_ends_us(day, time_zone)
    books, postings = await rows.books_side(connection, account, *span)
    figures = await rows.bank_figures(connection, account, day)
    before = await rows.bank_figures(connection, account, day - DAY)
    opening = before.closing or 0
    if before.closing is None:
        opening = await rows.opening_written_off(connection, account)
    bank = _bank_side(figures, opening)
    if left is None:
        left = await _left_of(connection, account)
    matched = await rows.matches_of_day(connection, account, day, span, time_zone)
    is_busy = figures.came_in + figures.went_out > 0 or postings > _told_elsewhere(matched, day)
    return DayReconciliation(
        account=account,
        currency=currency,
        day=day,
        bank=bank,
        books=books,
        difference=None if bank is None else bank.closing - books.closing,
        differences=(
            *_missing(is_busy and figures.is_missing, books),
            *_gap(bank, figures, is_first=before.closing is None),
            *(one for one in left if _day_of(one) == day),
            *_on_other_days(matched),
        ),
        older=sum(_day_of(one) < day for one in left),
    )


def _bank_side(figures: rows.BankFigures, opening: Amount) -> BankSide | None:
    if figures.closing is None:
        return None
    return BankSide(
        opening=opening, came_in=figures.came_in, went_out=figures.went_out, closing=figures.closing
    )


def _missing(is_missing: bool, books: BankSide) -> list[Difference]:
    if not is_missing:
        return []
    moved = books.came_in - books.went_out
    return [Difference(reason=DifferenceReason.STATEMENT_MISSING, amount=moved)]


def _gap(bank: BankSide | None, figures: rows.BankFigures, *, is_first: bool) -> list[Difference]:
    """Tell by how much a statement does not go on from what was known: something before it is missing."""
    gap = 0 if bank is None else bank.closing - bank.opening - figures.came_in + figures.went_out
    if gap == 0:
        return []
    reason = DifferenceReason.OPENING_DIFFERS if is_first else DifferenceReason.STATEMENT_GAP
    return [Difference(reason=reason, amount=gap)]


async def _left_of(connection: Connection, account: AccountCode) -> list[Difference]:
    """Return every line of an account that has no counterpart, in order of day, the bank's first."""
    time_zone = (await periods_postgres.calendar(connection)).time_zone
    lines = await rows.unmatched_lines(connection, account, time_zone)
    left = matching(lines.bank, lines.books).unmatched
    in_order = sorted(
        left, key=lambda one: (one.day, one.sequence is not None, one.movement_id or one.sequence)
    )
    return [_difference(one, lines) for one in in_order]


def _day_of(one: Difference) -> date:
    day = one.bank_day or one.books_day
    assert day is not None, "a line has its day"
    return day


def _difference(one: Unmatched, lines: Lines) -> Difference:
    is_bank = one.movement_id is not None
    told = _told(one, lines)
    return Difference(
        reason=one.reason,
        amount=one.amount,
        movement_id=one.movement_id,
        sequence=one.sequence,
        bank_day=one.day if is_bank else None,
        books_day=None if is_bank else one.day,
        other_amount=one.other_amount,
        suggested=one.suggested,
        reference=told.reference,
        party=told.party,
    )


def _told(one: Unmatched, lines: Lines) -> Told:
    if one.movement_id is not None:
        return lines.told_bank[one.movement_id]
    assert one.sequence is not None
    return lines.told_books[one.sequence]


def _told_elsewhere(lines: Iterable[MatchedLine], day: date) -> int:
    """Return how many postings of a day need no statement of it: the bank told of them on another, or never will."""
    members = [list(group) for _, group in groupby(lines, key=lambda line: line.match_id)]
    return sum(
        sum(line.sequence is not None and line.day == day for line in group)
        for group in members
        if not any(line.movement_id is not None and line.day == day for line in group)
    )


def _on_other_days(lines: Iterable[MatchedLine]) -> list[Difference]:
    """Return a difference for each match whose two sides stand on different days."""
    found = []
    for _, group in groupby(lines, key=lambda line: line.match_id):
        members = list(group)
        bank = [line for line in members if line.movement_id is not None]
        books = [line for line in members if line.sequence is not None]
        if bank and books and {line.day for line in bank} != {line.day for line in books}:
            found.append(
                Difference(
                    reason=DifferenceReason.DAY_DIFFERS,
                    amount=sum(line.amount for line in bank),
                    movement_id=bank[0].movement_id,
                    sequence=books[0].sequence,
                    bank_day=bank[0].day,
                    books_day=books[0].day,
                    reference=bank[0].told.reference,
                    party=bank[0].told.party,
                )
            )
    return found


# What persons name


class _Named(msgspec.Struct, frozen=True):
    """Lines that a person names: what the books lack of them, and when the latest happened."""

    currency: Currency
    lacking: Amount
    at_us: int


async def _named(
    connection: Connection,
    account: AccountCode,
    movement_ids: Sequence[int],
    sequences: Sequence[int],
    note: str,
) -> _Named | ReconciliationRefusal:
    if (refusal := _note_refusal(note)) is not None:
        return refusal
    currency = dict(await rows.bank_accounts(connection)).get(account)
    if currency is None:
        return ReconciliationRefusal.ACCOUNT_UNKNOWN
    if not movement_ids and not sequences:
        return ReconciliationRefusal.LINES_MISSING
    movements = await rows.movements_named(connection, account, movement_ids)
    postings = await rows.postings_named(connection, account, sequences)
    if set(movement_ids) != movements.keys() or set(sequences) != postings.keys():
        return ReconciliationRefusal.LINE_UNKNOWN
    named = [*movements.values(), *postings.values()]
    if any(line.is_matched for line in named):
        return ReconciliationRefusal.LINE_ALREADY_MATCHED
    lacking = _total(movements.values()) - _total(postings.values())
    return _Named(currency, lacking, max(line.at_us for line in movements.values() or named))


def _total(lines: Iterable[NamedLine]) -> Amount:
    return sum(line.amount for line in lines)


def _match(rule: Rule, movement_ids: Iterable[int], sequences: Iterable[int]) -> Match:
    return Match(
        rule=rule, movement_ids=tuple(sorted(set(movement_ids))), sequences=tuple(sorted(set(sequences)))
    )


def _note_refusal(note: str) -> ReconciliationRefusal | None:
    if not note.strip():
        return ReconciliationRefusal.NOTE_MISSING
    return None if is_bookable_text(note) else ReconciliationRefusal.NOTE_NOT_BOOKABLE


# Write-offs


def _write_off(
    account: AccountCode, currency: Currency, against: Against, amount: Amount, note: str, by: int, at_us: int
) -> WriteOff:
    return WriteOff(
        proposal_id=0,
        account=account,
        against=against,
        movement_ids=(),
        sequences=(),
        amount=amount,
        currency=currency,
        event_at_us=at_us,
        note=note.strip(),
        proposed_by=by,
        proposed_at_us=at_us,
    )


def _decision_refusal(found: Sequence[WriteOff], by: int | None) -> ReconciliationRefusal | None:
    if not found:
        return ReconciliationRefusal.PROPOSAL_UNKNOWN
    if found[0].decided_by is not None:
        return ReconciliationRefusal.ALREADY_DECIDED
    return ReconciliationRefusal.SAME_PERSON if found[0].proposed_by == by else None


async def _stale(connection: Connection, write_off: WriteOff) -> ReconciliationRefusal | None:
    """Tell what has changed since the proposal, so that it would be booked twice."""
    if write_off.against is Against.OPENING_BALANCE:
        booked = await rows.opening_written_off(connection, write_off.account)
        return ReconciliationRefusal.NOTHING_TO_WRITE_OFF if booked else None
    named = await _named(
        connection, write_off.account, write_off.movement_ids, write_off.sequences, write_off.note
    )
    return named if isinstance(named, ReconciliationRefusal) else None


async def _post(desk: Desk, write_off: WriteOff, by: int) -> None:
    transfer, counter = _write_off_transfer(write_off)
    (outcome,) = await desk.post([transfer], [counter])
    assert outcome.posting is not None, "an accepted transfer has its posting"
    await rows.decide_write_off(
        desk.connection, write_off.proposal_id, True, "", by, desk.now_us, transfer.id
    )
    if write_off.against is not Against.OPENING_BALANCE:
        sequences = (*write_off.sequences, outcome.posting.sequence)
        match = _match(Rule.WRITE_OFF, write_off.movement_ids, sequences)
        await rows.add_matches(desk.connection, write_off.account, [match], write_off.note, by, desk.now_us)


def _write_off_transfer(write_off: WriteOff) -> tuple[Transfer, Account]:
    """Return the posting of a write-off and the account that it is booked against."""
    code = f"{_COUNTER_ACCOUNTS[write_off.against]}:{write_off.currency.lower()}"
    counter = new_account(code, write_off.currency, AccountFlags.NONE)
    is_lacking = write_off.amount > 0
    transfer = Transfer(
        id=derived_id("write-off", write_off.proposal_id),
        debit=write_off.account if is_lacking else code,
        credit=code if is_lacking else write_off.account,
        amount=abs(write_off.amount),
        currency=write_off.currency,
        purpose=Purpose.BANK_DIFFERENCE,
        event_at_us=write_off.event_at_us,
        reference=f"write-off-{write_off.proposal_id}",
        memo=write_off.note,
    )
    return transfer, counter
