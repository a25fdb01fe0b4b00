"""Days and months that are closed: proposed by one person, confirmed by another, chained, and final.

Here belongs the service and what it decides. A posting belongs to the accounting day of its event; if that day had
been closed when it was recorded, it belongs to the first open day (`ledger.booking`). The event stays what it was, so
a settlement or an expiry that comes late is booked today for what happened then, and nothing waits for ever.
Not here: the calendar's arithmetic (accounting_days), SQL (periods_postgres), comparing with the bank (reconciliation).
A closed day is not opened again: what was wrong is reversed on an open day (reversals).
"""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from hashlib import sha256

import msgspec

from ledger import periods_postgres as rows
from ledger.accounting_days import (
    DAY,
    TIME_ZONE,
    accounting_day,
    day_ends_us,
    first_of_month,
    is_time_zone,
    last_of_month,
    next_month,
)
from ledger.period_records import (
    CloseProposal,
    DayClose,
    MonthClose,
    MonthReport,
    OpenPoint,
    Period,
    PeriodState,
    TrialBalanceRow,
)
from ledger.postgres import Desk, PostgresLedgerStore
from ledger.receipts import is_bookable_text
from ledger.reconciliation import open_points_of_day
from ledger.store import PeriodClosed

FIRST_LINK = bytes(32)


class PeriodRefusal(StrEnum):
    """Why a day or month is not closed, in order of precedence."""

    REASON_NOT_BOOKABLE = "reason_not_bookable"
    TIME_ZONE_DIFFERS = "time_zone_differs"
    ALREADY_CLOSED = "already_closed"
    NOT_OVER = "not_over"
    EARLIER_PERIOD_OPEN = "earlier_period_open"
    DAYS_OPEN = "days_open"
    STATEMENT_MISSING = "statement_missing"
    NOT_RECONCILED = "not_reconciled"
    NOT_PROPOSED = "not_proposed"
    SAME_PERSON = "same_person"


class CloseRefused(msgspec.Struct, frozen=True, kw_only=True):
    """A period stays open; `open_points` is what stands against it at the bank, and can be forced with a reason."""

    refusal: PeriodRefusal
    open_points: tuple[OpenPoint, ...] = ()


class Periods:
    """Closes days and months, for several processes at once.

    Args:
        store: the ledger in PostgreSQL.
        time_zone: IANA name of the centre's zone; counts until the first day is closed, then it must stay the same.

    Raises: every method may raise LedgerUnavailable (repeat it) and LedgerStoreError; ValueError for a zone that
        nobody knows.
    """

    def __init__(self, store: PostgresLedgerStore, time_zone: str = TIME_ZONE) -> None:
        if not is_time_zone(time_zone):
            raise ValueError(f"not a time zone: {time_zone!r}")
        self._store = store
        self._time_zone = time_zone

    # Acts

    async def close_day(self, day: date, by: int, reason: str = "") -> CloseProposal | CloseRefused:
        """Propose to close a day, as the first of two persons.

        Days are closed in order and when they are over. The first that is ever closed takes everything before it
        along. With a reason it is proposed in spite of what stands against it at the bank.

        Args:
            day: the accounting day.
            by: who proposes.
            reason: why it is to be closed although statements are missing or differ; empty otherwise.

        Refuses: REASON_NOT_BOOKABLE, TIME_ZONE_DIFFERS, ALREADY_CLOSED, NOT_OVER, EARLIER_PERIOD_OPEN,
            STATEMENT_MISSING, NOT_RECONCILED.
        """

        async def work(desk: Desk) -> CloseProposal | CloseRefused:
            refusal = _reason_refusal(reason) or await self._day_refusal(desk, day)
            if refusal is not None:
                return CloseRefused(refusal=refusal)
            points = await open_points_of_day(desk, day)
            if points and not reason.strip():
                return _points_refused(points)
            return await rows.add_proposal(
                desk.connection,
                CloseProposal(
                    period=Period.DAY,
                    begins_on=day,
                    reason=reason.strip(),
                    open_points=points,
                    proposed_by=by,
                    proposed_at_us=desk.now_us,
                ),
            )

        return await self._store.at_desk(work)

    async def confirm_day(self, day: date, by: int) -> DayClose | CloseRefused:
        """Close a day that another person proposed; from then on it does not change.

        What stands against it is looked at again: what was clear and no longer is, needs a new proposal with a reason.

        Args:
            day: the accounting day.
            by: the second person.

        Refuses: as `close_day`, then NOT_PROPOSED, SAME_PERSON.
        """

        async def work(desk: Desk) -> DayClose | CloseRefused:
            if (refusal := await self._day_refusal(desk, day)) is not None:
                return CloseRefused(refusal=refusal)
            proposal = await rows.proposal(desk.connection, Period.DAY, day)
            points = await open_points_of_day(desk, day)
            if points and proposal is not None and not proposal.reason:
                return _points_refused(points)
            if (refusal := _second_person_refusal(proposal, by)) is not None:
                return CloseRefused(refusal=refusal)
            assert proposal is not None
            return await _closed_day(desk, proposal, points, by, await rows.calendar(desk.connection))

        return await self._store.at_desk(work)

    async def close_month(self, month: date, by: int, reason: str = "") -> CloseProposal | CloseRefused:
        """Propose to close the month of a day, of which every day is closed.

        Refuses: REASON_NOT_BOOKABLE, TIME_ZONE_DIFFERS, ALREADY_CLOSED, NOT_OVER, EARLIER_PERIOD_OPEN, DAYS_OPEN.
        """
        begins_on = first_of_month(month)

        async def work(desk: Desk) -> CloseProposal | CloseRefused:
            refusal = _reason_refusal(reason) or await self._month_refusal(desk, begins_on)
            if refusal is not None:
                return CloseRefused(refusal=refusal)
            return await rows.add_proposal(
                desk.connection,
                CloseProposal(
                    period=Period.MONTH,
                    begins_on=begins_on,
                    reason=reason.strip(),
                    open_points=(),
                    proposed_by=by,
                    proposed_at_us=desk.now_us,
                ),
            )

        return await self._store.at_desk(work)

    async def confirm_month(self, month: date, by: int) -> MonthClose | CloseRefused:
        """Close a month that another person proposed, with its report.

        Refuses: as `close_month`, then NOT_PROPOSED, SAME_PERSON.
        """
        begins_on = first_of_month(month)

        async def work(desk: Desk) -> MonthClose | CloseRefused:
            refusal = await self._month_refusal(desk, begins_on)
            proposal = await rows.proposal(desk.connection, Period.MONTH, begins_on)
            refusal = refusal or _second_person_refusal(proposal, by)
            if refusal is not None:
                return CloseRefused(refusal=refusal)
            assert proposal is not None
            return await _closed_month(desk, proposal, by)

        return await self._store.at_desk(work)

    # Reading

    async def state(self) -> PeriodState:
        """Return what is closed, what comes next and what waits for a second person."""
        async with self._store.snapshot() as connection:
            state = await rows.calendar(connection)
            return msgspec.structs.replace(
                state,
                proposals=await rows.open_proposals(connection),
                last_closed_month=await rows.last_closed_month(connection),
            )

    async def day_closes(self, since: date = date.min, limit: int = 400) -> list[DayClose]:
        """Return closed days in order, from a day on."""
        async with self._store.snapshot() as connection:
            return await rows.day_closes(connection, since, limit)

    async def month_closes(self) -> list[MonthClose]:
        """Return closed months with their reports, in order."""
        async with self._store.snapshot() as connection:
            return await rows.month_closes(connection)

    async def month_report(self, month: date) -> MonthReport:
        """Return the report of a month as the books stand: of a closed month, what was closed."""
        async with self._store.snapshot() as connection:
            return await rows.month_report(connection, first_of_month(month))

    async def trial_balance(self, at_us: int) -> list[TrialBalanceRow]:
        """Return the totals of every account as recorded up to and including a moment, in order of code.

        Args:
            at_us: microseconds since the Unix epoch, on the ledger's clock (`recorded_at_us`).
        """
        async with self._store.snapshot() as connection:
            return await rows.trial_balance_at(connection, at_us)

    async def trial_balance_of_day(self, day: date) -> list[TrialBalanceRow]:
        """Return the totals of every account at the end of an accounting day, in order of code.

        Of a closed day they are what was closed; of an open one they may still change.
        """
        async with self._store.snapshot() as connection:
            return await rows.trial_balance_of_day(connection, day)

    async def discrepancies(self) -> list[str]:
        """Recompute every close from the postings and return what does not hold; nothing in sound books."""
        async with self._store.snapshot() as connection:
            found = await rows.discrepancies(connection)
            link = FIRST_LINK
            for close in await rows.day_closes(connection, date.min, None):
                found += _close_faults(close, link, await rows.trial_balance_of_day(connection, close.day))
                link = bytes.fromhex(close.hash)
            return found

    async def _day_refusal(self, desk: Desk, day: date) -> PeriodRefusal | None:
        state = await self._calendar(desk)
        last = state.last_closed_day
        faults = (
            (state.time_zone != self._time_zone, PeriodRefusal.TIME_ZONE_DIFFERS),
            (last is not None and day <= last, PeriodRefusal.ALREADY_CLOSED),
            (accounting_day(desk.now_us, state.time_zone) <= day, PeriodRefusal.NOT_OVER),
            (last is not None and day != last + DAY, PeriodRefusal.EARLIER_PERIOD_OPEN),
        )
        return next((refusal for is_fault, refusal in faults if is_fault), None)

    async def _month_refusal(self, desk: Desk, month: date) -> PeriodRefusal | None:
        state = await self._calendar(desk)
        closed = await rows.last_closed_month(desk.connection)
        today = accounting_day(desk.now_us, state.time_zone)
        last_day = state.last_closed_day
        first_close = await rows.first_closed_day(desk.connection)
        is_before = first_close is None or last_of_month(month) < first_close
        faults = (
            (state.time_zone != self._time_zone, PeriodRefusal.TIME_ZONE_DIFFERS),
            (closed is not None and month <= closed, PeriodRefusal.ALREADY_CLOSED),
            (today <= last_of_month(month), PeriodRefusal.NOT_OVER),
            (closed is not None and month != next_month(closed), PeriodRefusal.EARLIER_PERIOD_OPEN),
            (last_day is None or last_day < last_of_month(month) or is_before, PeriodRefusal.DAYS_OPEN),
        )
        return next((refusal for is_fault, refusal in faults if is_fault), None)

    async def _calendar(self, desk: Desk) -> PeriodState:
        """Return the calendar, with this centre's zone if nothing has been closed in another."""
        state = await rows.locked_calendar(desk.connection)
        if state.last_closed_day is None and state.time_zone != self._time_zone:
            await rows.set_time_zone(desk.connection, self._time_zone)
            return msgspec.structs.replace(state, time_zone=self._time_zone)
        return state


async def check_open(desk: Desk, event_at_us: int) -> None:
    """Refuse an act of a person that is meant for a closed day.

    For acts in which a person names the day. Postings that follow from something need no check: those for a closed
    day are booked on the first open one.

    Args:
        desk: the transaction in which it would be done.
        event_at_us: when it is said to have happened.

    Raises: PeriodClosed.
    """
    state = await rows.calendar(desk.connection)
    if event_at_us < state.open_from_us:
        raise PeriodClosed(f"{accounting_day(event_at_us, state.time_zone)} is closed")


def canonical_trial_balance(balances: Iterable[TrialBalanceRow]) -> bytes:
    """Spell a trial balance as the text that a close's digest covers: a line for each account, in order of code.

    Source: the line is `code currency debits_pending debits_posted credits_pending credits_posted` and a line feed.
    """
    return "".join(
        f"{row.account} {row.currency} {row.debits_pending} {row.debits_posted} "
        f"{row.credits_pending} {row.credits_posted}\n"
        for row in balances
    ).encode()


def close_hash(close: DayClose) -> bytes:
    """Return the link of a day's close: over the link before and everything that the close says."""
    said = msgspec.json.encode(
        (
            close.day,
            close.ends_at_us,
            close.head_sequence,
            close.head_hash,
            close.transfers,
            close.entries,
            close.carried_over,
            close.accounts,
            close.trial_balance_sha256,
            close.open_points,
            close.reason,
            close.proposed_by,
            close.proposed_at_us,
            close.confirmed_by,
            close.closed_at_us,
        )
    )
    return sha256(bytes.fromhex(close.previous_hash) + said).digest()


def _close_faults(close: DayClose, link: bytes, balances: list[TrialBalanceRow]) -> list[str]:
    digest = sha256(canonical_trial_balance(balances)).hexdigest()
    faults = (
        (close.previous_hash != link.hex(), "does not follow the close before"),
        (close.hash != close_hash(close).hex(), "has another digest than it says"),
        (close.trial_balance_sha256 != digest, "has another trial balance than it says"),
        (close.accounts != len(balances), "has another number of accounts than it says"),
    )
    return [f"close of {close.day}: {text}" for is_fault, text in faults if is_fault]


async def _closed_day(
    desk: Desk, proposal: CloseProposal, points: tuple[OpenPoint, ...], by: int, state: PeriodState
) -> DayClose:
    day = proposal.begins_on
    ends_at_us = day_ends_us(day, state.time_zone)
    figures = await rows.add_day_balances(desk.connection, day, state.open_from_us, ends_at_us)
    head_sequence, head_hash = await rows.head(desk.connection)
    close = DayClose(
        day=day,
        ends_at_us=ends_at_us,
        head_sequence=head_sequence,
        head_hash=head_hash,
        transfers=figures.transfers,
        entries=figures.entries,
        carried_over=figures.carried_over,
        accounts=figures.accounts,
        trial_balance_sha256=figures.trial_balance_sha256,
        open_points=points,
        reason=proposal.reason,
        proposed_by=proposal.proposed_by,
        proposed_at_us=proposal.proposed_at_us,
        confirmed_by=by,
        closed_at_us=desk.now_us,
        previous_hash=await rows.last_close_hash(desk.connection) or FIRST_LINK.hex(),
        hash="",
    )
    close = msgspec.structs.replace(close, hash=close_hash(close).hex())
    await rows.add_day_close(desk.connection, close)
    return close


async def _closed_month(desk: Desk, proposal: CloseProposal, by: int) -> MonthClose:
    month = proposal.begins_on
    report = await rows.month_report(desk.connection, month)
    close = MonthClose(
        month=month,
        report=report,
        report_sha256=sha256(msgspec.json.encode(report)).hexdigest(),
        last_day_hash=await rows.last_close_hash(desk.connection, last_of_month(month)) or "",
        proposed_by=proposal.proposed_by,
        proposed_at_us=proposal.proposed_at_us,
        confirmed_by=by,
        closed_at_us=desk.now_us,
    )
    await rows.add_month_close(desk.connection, close)
    return close


def _reason_refusal(reason: str) -> PeriodRefusal | None:
    return None if is_bookable_text(reason) else PeriodRefusal.REASON_NOT_BOOKABLE


def _second_person_refusal(proposal: CloseProposal | None, by: int) -> PeriodRefusal | None:
    if proposal is None:
        return PeriodRefusal.NOT_PROPOSED
    return PeriodRefusal.SAME_PERSON if proposal.proposed_by == by else None


def _points_refused(points: tuple[OpenPoint, ...]) -> CloseRefused:
    is_missing = any(point.is_statement_missing for point in points)
    refusal = PeriodRefusal.STATEMENT_MISSING if is_missing else PeriodRefusal.NOT_RECONCILED
    return CloseRefused(refusal=refusal, open_points=points)
