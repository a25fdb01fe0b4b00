"""Closed periods in PostgreSQL, beside the ledger and in its transactions.

Here belongs the SQL of periods, and rows to structs and back. Not here: when a period may be closed (periods).
"""

from datetime import date
from typing import Any, Final

import msgspec

from ledger.accounting_days import DAY, day_begins_us, last_of_month, next_month
from ledger.period_records import (
    CloseProposal,
    DayClose,
    DayFigures,
    ForcedDay,
    GroupMovement,
    MonthClose,
    MonthReport,
    OpenPoint,
    Period,
    PeriodState,
    PurposeMovement,
    TrialBalanceRow,
)

CALENDAR: Final = "SELECT time_zone, last_closed_day, open_from_us FROM ledger.accounting_calendar"
LOCKED_CALENDAR: Final = f"{CALENDAR} FOR UPDATE"
SET_TIME_ZONE: Final = "UPDATE ledger.accounting_calendar SET time_zone = $1"
HEAD: Final = "SELECT sequence, hash FROM ledger.head"

ADD_PROPOSAL: Final = """
INSERT INTO ledger.close_proposal (period, begins_on, reason, open_points, proposed_by, proposed_at_us)
VALUES ($1, $2, $3, $4, $5, $6)
"""
PROPOSAL: Final = """
SELECT * FROM ledger.close_proposal WHERE period = $1 AND begins_on = $2 ORDER BY proposal_id DESC LIMIT 1
"""
OPEN_PROPOSALS: Final = """
SELECT DISTINCT ON (period, begins_on) * FROM ledger.close_proposal proposal
WHERE NOT EXISTS (SELECT FROM ledger.day_close WHERE period = 'day' AND day = begins_on)
    AND NOT EXISTS (SELECT FROM ledger.month_close WHERE period = 'month' AND month = begins_on)
ORDER BY period, begins_on, proposal_id DESC
"""

# what belongs to the day is added to what the account had at the end of its last closed day
ADD_DAY_BALANCES: Final = """
WITH booked AS MATERIALIZED (
    SELECT sequence, is_carried_over FROM ledger.booking
    WHERE recorded_at_us >= $2 AND booked_at_us >= $2 AND booked_at_us < $3
), moved AS MATERIALIZED (
    SELECT account, currency, count(*) AS entries,
        coalesce(sum(pending_change) FILTER (WHERE side = 'debit'), 0) AS debits_pending,
        coalesce(sum(posted_change) FILTER (WHERE side = 'debit'), 0) AS debits_posted,
        coalesce(sum(pending_change) FILTER (WHERE side = 'credit'), 0) AS credits_pending,
        coalesce(sum(posted_change) FILTER (WHERE side = 'credit'), 0) AS credits_posted
    FROM booked JOIN ledger.entry USING (sequence) GROUP BY account, currency
), added AS (
    INSERT INTO ledger.day_balance
    SELECT moved.account, $1, moved.currency,
        coalesce(before.debits_pending, 0) + moved.debits_pending,
        coalesce(before.debits_posted, 0) + moved.debits_posted,
        coalesce(before.credits_pending, 0) + moved.credits_pending,
        coalesce(before.credits_posted, 0) + moved.credits_posted
    FROM moved LEFT JOIN LATERAL (
        SELECT * FROM ledger.day_balance balance
        WHERE balance.account = moved.account AND balance.day < $1 ORDER BY day DESC LIMIT 1
    ) before ON true
)
SELECT
    (SELECT count(*) FROM booked) AS transfers,
    (SELECT count(*) FROM booked WHERE is_carried_over) AS carried_over,
    (SELECT coalesce(sum(entries), 0)::bigint FROM moved) AS entries
"""

CLOSED_BALANCES: Final = """
SELECT DISTINCT ON (account) account, currency, debits_pending, debits_posted, credits_pending, credits_posted
FROM ledger.day_balance WHERE day <= $1 ORDER BY account, day DESC
"""
TRIAL_BALANCE_DIGEST: Final = f"""
SELECT count(*) AS accounts, sha256(convert_to(coalesce(string_agg(
    concat_ws(' ', account, currency, debits_pending, debits_posted, credits_pending, credits_posted) || chr(10),
    '' ORDER BY account
), ''), 'UTF8')) AS digest
FROM ({CLOSED_BALANCES}) balance
"""

# what is closed up to the day, and what has been booked since on days up to it
TRIAL_BALANCE_OF_DAY: Final = f"""
WITH closed AS ({CLOSED_BALANCES}), moved AS (
    SELECT account, currency,
        coalesce(sum(pending_change) FILTER (WHERE side = 'debit'), 0) AS debits_pending,
        coalesce(sum(posted_change) FILTER (WHERE side = 'debit'), 0) AS debits_posted,
        coalesce(sum(pending_change) FILTER (WHERE side = 'credit'), 0) AS credits_pending,
        coalesce(sum(posted_change) FILTER (WHERE side = 'credit'), 0) AS credits_posted
    FROM ledger.booking JOIN ledger.entry USING (sequence)
    WHERE booking.recorded_at_us >= $2 AND booked_at_us >= $2 AND booked_at_us < $3
    GROUP BY account, currency
)
SELECT account, coalesce(closed.currency, moved.currency) AS currency,
    (coalesce(closed.debits_pending, 0) + coalesce(moved.debits_pending, 0))::bigint AS debits_pending,
    (coalesce(closed.debits_posted, 0) + coalesce(moved.debits_posted, 0))::bigint AS debits_posted,
    (coalesce(closed.credits_pending, 0) + coalesce(moved.credits_pending, 0))::bigint AS credits_pending,
    (coalesce(closed.credits_posted, 0) + coalesce(moved.credits_posted, 0))::bigint AS credits_posted
FROM closed FULL JOIN moved USING (account) ORDER BY account
"""

# the last entry of each account up to the moment: its very last, or looked up in its history
TRIAL_BALANCE_AT: Final = """
SELECT account.code AS account, account.currency,
    coalesce(entry.debits_pending, 0) AS debits_pending, coalesce(entry.debits_posted, 0) AS debits_posted,
    coalesce(entry.credits_pending, 0) AS credits_pending, coalesce(entry.credits_posted, 0) AS credits_posted
FROM ledger.account
LEFT JOIN ledger.entry last ON last.account = account.code AND last.account_version = account.version
LEFT JOIN ledger.entry ON entry.account = account.code AND entry.account_version =
    CASE WHEN last.recorded_at_us <= $1 THEN account.version ELSE ledger.version_at(account.code, $1) END
ORDER BY account.code
"""

DAY_CLOSE_COLUMNS: Final = (
    "day, ends_at_us, head_sequence, head_hash, transfers, entries, carried_over, accounts, trial_balance_sha256, "
    "open_points, reason, proposed_by, proposed_at_us, confirmed_by, closed_at_us, previous_hash, hash"
)
ADD_DAY_CLOSE: Final = f"""
INSERT INTO ledger.day_close ({DAY_CLOSE_COLUMNS})
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
"""
DAY_CLOSES: Final = f"SELECT {DAY_CLOSE_COLUMNS} FROM ledger.day_close WHERE day >= $1 ORDER BY day LIMIT $2"
LAST_CLOSE_HASH: Final = """
SELECT hash FROM ledger.day_close WHERE $1::date IS NULL OR day = $1 ORDER BY day DESC LIMIT 1
"""
FIRST_CLOSED_DAY: Final = "SELECT min(day) FROM ledger.day_close"

LAST_CLOSED_MONTH: Final = "SELECT max(month) FROM ledger.month_close"
MONTH_CLOSES: Final = "SELECT * FROM ledger.month_close ORDER BY month"
ADD_MONTH_CLOSE: Final = """
INSERT INTO ledger.month_close (
    month, report, report_sha256, last_day_hash, proposed_by, proposed_at_us, confirmed_by, closed_at_us
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""

# $1 and $2: the last day before the month and its last day
MONTH_GROUPS: Final = """
WITH opening AS (
    SELECT DISTINCT ON (account) account, debits_posted, credits_posted
    FROM ledger.day_balance WHERE day <= $1 ORDER BY account, day DESC
), closing AS (
    SELECT DISTINCT ON (account) account, currency, debits_posted, credits_posted
    FROM ledger.day_balance WHERE day <= $2 ORDER BY account, day DESC
)
SELECT split_part(account, ':', 1) || ':' || split_part(account, ':', 2) AS "group", closing.currency,
    sum(coalesce(opening.debits_posted, 0) - coalesce(opening.credits_posted, 0))::bigint AS opening,
    sum(closing.debits_posted - coalesce(opening.debits_posted, 0))::bigint AS debits,
    sum(closing.credits_posted - coalesce(opening.credits_posted, 0))::bigint AS credits,
    sum(closing.debits_posted - closing.credits_posted)::bigint AS closing,
    count(*) AS accounts
FROM closing LEFT JOIN opening USING (account)
GROUP BY 1, 2 ORDER BY 1, 2
"""
# $1 and $2: the first moment of what belongs to the month and the first after it
MONTH_PURPOSES: Final = """
SELECT purpose, kind, currency, count(*) AS postings, sum(amount)::bigint AS amount,
    count(*) FILTER (WHERE is_carried_over) AS carried_over
FROM ledger.booking JOIN ledger.transfer USING (sequence)
WHERE booking.recorded_at_us >= $1 AND booked_at_us >= $1 AND booked_at_us < $2
GROUP BY purpose, kind, currency ORDER BY purpose, kind, currency
"""
MONTH_DAYS: Final = f"""
SELECT {DAY_CLOSE_COLUMNS} FROM ledger.day_close WHERE day BETWEEN $1 AND $2 ORDER BY day
"""
MONTH_REVERSALS: Final = """
SELECT count(*) FROM ledger.reversal_decision JOIN ledger.booking ON booking.id = posting_id
WHERE booked_at_us >= $1 AND booked_at_us < $2
"""

# each row is a promise that does not hold; there are none in sound books
DISCREPANCIES: Final = """
SELECT 'posting ' || sequence || ': belongs to ' || booked_at_us || ' us and should belong to ' || should_be AS fault
FROM (
    SELECT booking.sequence, booking.booked_at_us, greatest(
        least(transfer.event_at_us, transfer.recorded_at_us),
        (SELECT max(ends_at_us) FROM ledger.day_close WHERE head_sequence < booking.sequence)
    ) AS should_be
    FROM ledger.booking JOIN ledger.transfer USING (sequence)
) posting WHERE booked_at_us <> should_be
UNION ALL
SELECT 'close of ' || day || ': the chain has another posting at its end than it had'
FROM ledger.day_close JOIN ledger.transfer ON transfer.sequence = head_sequence WHERE transfer.hash <> head_hash
UNION ALL
SELECT 'close of ' || close.day || ': ' || close.transfers || ' postings were closed, there are ' || coalesce(found, 0)
FROM ledger.day_close close LEFT JOIN (
    SELECT day, count(*) AS found FROM ledger.booking
    JOIN LATERAL (
        SELECT day FROM ledger.day_close WHERE ends_at_us > booked_at_us ORDER BY ends_at_us LIMIT 1
    ) closed ON true
    GROUP BY day
) booked USING (day) WHERE coalesce(found, 0) <> close.transfers
UNION ALL
SELECT 'close of ' || balance.day || ': ' || balance.account || ' was closed with other totals than its entries make'
FROM (
    SELECT account, day, sum(debits_pending) OVER days AS debits_pending, sum(debits_posted) OVER days AS debits_posted,
        sum(credits_pending) OVER days AS credits_pending, sum(credits_posted) OVER days AS credits_posted
    FROM (
        SELECT account, close.day,
            coalesce(sum(pending_change) FILTER (WHERE side = 'debit'), 0) AS debits_pending,
            coalesce(sum(posted_change) FILTER (WHERE side = 'debit'), 0) AS debits_posted,
            coalesce(sum(pending_change) FILTER (WHERE side = 'credit'), 0) AS credits_pending,
            coalesce(sum(posted_change) FILTER (WHERE side = 'credit'), 0) AS credits_posted
        FROM ledger.booking
        JOIN LATERAL (
            SELECT day FROM ledger.day_close WHERE ends_at_us > booked_at_us ORDER BY ends_at_us LIMIT 1
        ) close ON true
        JOIN ledger.entry USING (sequence)
        GROUP BY account, close.day
    ) moved WINDOW days AS (PARTITION BY account ORDER BY day)
) made FULL JOIN ledger.day_balance balance USING (account, day)
WHERE (made.debits_pending, made.debits_posted, made.credits_pending, made.credits_posted) IS DISTINCT FROM
    (balance.debits_pending, balance.debits_posted, balance.credits_pending, balance.credits_posted)
"""

Row = Any  # asyncpg.Record; the driver has no types
Connection = Any


# The calendar


async def calendar(connection: Connection) -> PeriodState:
    """Return what is closed."""
    return _state(await connection.fetchrow(CALENDAR))


async def locked_calendar(connection: Connection) -> PeriodState:
    """Return what is closed, and let nobody post or close until this transaction ends."""
    return _state(await connection.fetchrow(LOCKED_CALENDAR))


async def set_time_zone(connection: Connection, time_zone: str) -> None:
    """Set the centre's time zone, while nothing is closed."""
    await connection.execute(SET_TIME_ZONE, time_zone)


async def head(connection: Connection) -> tuple[int, str]:
    """Return the end of the chain."""
    row = await connection.fetchrow(HEAD)
    return row["sequence"], row["hash"].hex()


# Closing


async def add_proposal(connection: Connection, proposal: CloseProposal) -> CloseProposal:
    """Write what somebody wants closed, and return it."""
    await connection.execute(
        ADD_PROPOSAL,
        proposal.period.value,
        proposal.begins_on,
        proposal.reason,
        _json(proposal.open_points),
        proposal.proposed_by,
        proposal.proposed_at_us,
    )
    return proposal


async def proposal(connection: Connection, period: Period, begins_on: date) -> CloseProposal | None:
    """Return the latest proposal of a period."""
    row = await connection.fetchrow(PROPOSAL, period.value, begins_on)
    return None if row is None else _proposal(row)


async def open_proposals(connection: Connection) -> tuple[CloseProposal, ...]:
    """Return what waits for a second person: the latest proposal of each period that is not closed."""
    return tuple(_proposal(row) for row in await connection.fetch(OPEN_PROPOSALS))


async def add_day_balances(
    connection: Connection, day: date, begins_at_us: int, ends_at_us: int
) -> DayFigures:
    """Write the totals of the accounts that moved on a day, and return the day's figures."""
    counts = await connection.fetchrow(ADD_DAY_BALANCES, day, begins_at_us, ends_at_us)
    balance = await connection.fetchrow(TRIAL_BALANCE_DIGEST, day)
    return DayFigures(
        transfers=counts["transfers"],
        entries=counts["entries"],
        carried_over=counts["carried_over"],
        accounts=balance["accounts"],
        trial_balance_sha256=balance["digest"].hex(),
    )


async def add_day_close(connection: Connection, close: DayClose) -> None:
    """Write a close; the calendar follows it."""
    await connection.execute(
        ADD_DAY_CLOSE,
        close.day,
        close.ends_at_us,
        close.head_sequence,
        bytes.fromhex(close.head_hash),
        close.transfers,
        close.entries,
        close.carried_over,
        close.accounts,
        bytes.fromhex(close.trial_balance_sha256),
        _json(close.open_points),
        close.reason,
        close.proposed_by,
        close.proposed_at_us,
        close.confirmed_by,
        close.closed_at_us,
        bytes.fromhex(close.previous_hash),
        bytes.fromhex(close.hash),
    )


async def add_month_close(connection: Connection, close: MonthClose) -> None:
    """Write a month's close with its report."""
    await connection.execute(
        ADD_MONTH_CLOSE,
        close.month,
        _json(close.report),
        bytes.fromhex(close.report_sha256),
        bytes.fromhex(close.last_day_hash),
        close.proposed_by,
        close.proposed_at_us,
        close.confirmed_by,
        close.closed_at_us,
    )


# Reading


async def day_closes(connection: Connection, since: date, limit: int | None) -> list[DayClose]:
    """Return closes in order of day."""
    return [_day_close(row) for row in await connection.fetch(DAY_CLOSES, since, limit)]


async def last_close_hash(connection: Connection, day: date | None = None) -> str | None:
    """Return the link of the last close, or of a day's."""
    digest = await connection.fetchval(LAST_CLOSE_HASH, day)
    return None if digest is None else digest.hex()


async def first_closed_day(connection: Connection) -> date | None:
    """Return the first day that was closed by itself."""
    day: date | None = await connection.fetchval(FIRST_CLOSED_DAY)
    return day


async def last_closed_month(connection: Connection) -> date | None:
    """Return the first day of the last closed month."""
    month: date | None = await connection.fetchval(LAST_CLOSED_MONTH)
    return month


async def month_closes(connection: Connection) -> list[MonthClose]:
    """Return closed months in order."""
    return [_month_close(row) for row in await connection.fetch(MONTH_CLOSES)]


async def trial_balance_at(connection: Connection, at_us: int) -> list[TrialBalanceRow]:
    """Return the totals of every account as recorded up to and including a moment."""
    return [_balance(row) for row in await connection.fetch(TRIAL_BALANCE_AT, at_us)]


async def trial_balance_of_day(connection: Connection, day: date) -> list[TrialBalanceRow]:
    """Return the totals of the accounts that have moved, at the end of an accounting day."""
    state = await calendar(connection)
    ends_at_us = max(day_begins_us(day + DAY, state.time_zone), state.open_from_us)
    rows = await connection.fetch(TRIAL_BALANCE_OF_DAY, day, state.open_from_us, ends_at_us)
    return [_balance(row) for row in rows]


async def month_report(connection: Connection, month: date) -> MonthReport:
    """Return the report of a month, from the closed days in it."""
    time_zone = (await calendar(connection)).time_zone
    last_day = last_of_month(month)
    span = day_begins_us(month, time_zone), day_begins_us(next_month(month), time_zone)
    purposes = await connection.fetch(MONTH_PURPOSES, *span)
    days = [_day_close(row) for row in await connection.fetch(MONTH_DAYS, month, last_day)]
    return MonthReport(
        month=month,
        days_closed=len(days),
        postings=sum(row["postings"] for row in purposes),
        carried_over=sum(row["carried_over"] for row in purposes),
        reversals=await connection.fetchval(MONTH_REVERSALS, *span),
        groups=tuple(
            GroupMovement(**dict(row)) for row in await connection.fetch(MONTH_GROUPS, month - DAY, last_day)
        ),
        purposes=tuple(_purpose(row) for row in purposes),
        forced_days=tuple(
            ForcedDay(day=close.day, reason=close.reason, open_points=close.open_points)
            for close in days
            if close.open_points
        ),
    )


async def discrepancies(connection: Connection) -> list[str]:
    """Return what the rows of closes say otherwise than the postings, a sentence each."""
    return [row["fault"] for row in await connection.fetch(DISCREPANCIES)]


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _state(row: Row) -> PeriodState:
    return PeriodState(
        time_zone=row["time_zone"], last_closed_day=row["last_closed_day"], open_from_us=row["open_from_us"]
    )


def _open_points(text: str) -> tuple[OpenPoint, ...]:
    return msgspec.json.decode(text, type=tuple[OpenPoint, ...])


def _proposal(row: Row) -> CloseProposal:
    return CloseProposal(
        period=Period(row["period"]),
        begins_on=row["begins_on"],
        reason=row["reason"],
        open_points=_open_points(row["open_points"]),
        proposed_by=row["proposed_by"],
        proposed_at_us=row["proposed_at_us"],
    )


def _day_close(row: Row) -> DayClose:
    fields = dict(row)
    for name in ("head_hash", "trial_balance_sha256", "previous_hash", "hash"):
        fields[name] = fields[name].hex()
    fields["open_points"] = _open_points(fields["open_points"])
    return DayClose(**fields)


def _month_close(row: Row) -> MonthClose:
    fields = dict(row)
    fields["report"] = msgspec.json.decode(fields["report"], type=MonthReport)
    for name in ("report_sha256", "last_day_hash"):
        fields[name] = fields[name].hex()
    return MonthClose(**fields)


def _balance(row: Row) -> TrialBalanceRow:
    return TrialBalanceRow(**dict(row))


def _purpose(row: Row) -> PurposeMovement:
    return PurposeMovement(
        purpose=row["purpose"],
        kind=row["kind"],
        currency=row["currency"],
        postings=row["postings"],
        amount=row["amount"],
    )
