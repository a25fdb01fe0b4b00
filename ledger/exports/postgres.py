"""The reports' rows, read from PostgreSQL page by page, and the record of downloads.

Here belong the SQL and the way from its rows to blocks. Not here: what a column means (reports), files (formats).
All of it runs on one connection in one repeatable-read transaction, so that everything belongs to one moment.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import date
from itertools import islice
from typing import Any, Final

import msgspec

from ledger.chain import ChainHead
from ledger.exports.cells import DAY_US, start_us
from ledger.exports.reports import MOVEMENT_COLUMNS, SHAPES, DayOf, Report, ReportWanted, is_journal
from ledger.exports.summaries import DaySum, period_rows
from ledger.exports.tables import Block, Column, Table, block_of
from ledger.postgres import reader_on
from ledger.register import DepositRow, deposit_row
from ledger.units import AMOUNT_MAX

PAGE_ROWS: Final = 256
"""Rows of a page: few enough that writing them holds up nobody else in the process."""

TIME_MAX_US: Final = AMOUNT_MAX

HEAD: Final = "SELECT sequence, hash, recorded_at_us FROM ledger.head"

JOURNAL: Final = """
SELECT sequence, recorded_at_us, event_at_us, id, kind, purpose, debit, credit, amount,
    CASE WHEN kind IN ('posted', 'post') THEN amount ELSE 0 END,
    currency, pending_id, reference, memo, hash
FROM ledger.transfer WHERE recorded_at_us >= $1 AND recorded_at_us < $2 ORDER BY sequence
"""

MOVEMENTS: Final = """
SELECT t.sequence, t.recorded_at_us, t.event_at_us, t.id, t.purpose, t.debit, t.credit, t.amount, t.currency,
    t.reference, t.memo, d.debits_posted, d.credits_posted, c.debits_posted, c.credits_posted
FROM ledger.transfer t
JOIN ledger.entry d ON d.sequence = t.sequence AND d.side = 'debit'
JOIN ledger.entry c ON c.sequence = t.sequence AND c.side = 'credit'
WHERE t.kind IN ('posted', 'post') AND t.amount > 0 ORDER BY t.sequence
"""

TRIAL_BALANCE: Final = """
SELECT account.code, account.currency, e.debits_posted, e.credits_posted,
    greatest(e.debits_posted - e.credits_posted, 0), greatest(e.credits_posted - e.debits_posted, 0),
    e.debits_pending, e.credits_pending
FROM ledger.account JOIN LATERAL (
    SELECT * FROM ledger.entry WHERE entry.account = account.code AND entry.recorded_at_us <= $1
    ORDER BY account_version DESC LIMIT 1
) e ON true
ORDER BY account.code
"""

STATEMENT: Final = """
SELECT e.account_version, e.sequence, e.recorded_at_us, t.event_at_us, t.kind, t.purpose,
    CASE e.side WHEN 'debit' THEN t.credit ELSE t.debit END, t.reference, t.memo, e.currency,
    CASE e.side WHEN 'debit' THEN e.posted_change ELSE 0 END,
    CASE e.side WHEN 'credit' THEN e.posted_change ELSE 0 END,
    CASE sign(e.debits_posted - e.credits_posted) WHEN 1 THEN 'debit' WHEN -1 THEN 'credit' ELSE 'even' END,
    abs(e.debits_posted - e.credits_posted), e.debits_pending, e.credits_pending, t.id
FROM ledger.entry e JOIN ledger.transfer t ON t.sequence = e.sequence
WHERE e.account = $1 AND e.recorded_at_us >= $2 AND e.recorded_at_us < $3 ORDER BY e.account_version
"""

BROUGHT_FORWARD: Final = """
SELECT e.account_version, NULL, NULL, NULL, 'brought_forward', NULL, NULL, NULL, NULL, e.currency, 0, 0,
    CASE sign(e.debits_posted - e.credits_posted) WHEN 1 THEN 'debit' WHEN -1 THEN 'credit' ELSE 'even' END,
    abs(e.debits_posted - e.credits_posted), e.debits_pending, e.credits_pending, NULL
FROM ledger.entry e
WHERE e.account = $1 AND e.recorded_at_us < $2 ORDER BY e.account_version DESC LIMIT 1
"""

RECEIPTS: Final = """
SELECT receipt.booked, receipt.receipt_id, receipt.received_at_us, receipt.reference, receipt.payer_name,
    receipt.payer_account, receipt.currency, receipt.amount, receipt.status, receipt.reason,
    coalesce(receipt.lot_id, last.lot_id), coalesce(receipt.bidder_id, last.bidder_id),
    last.act, last.acted_by, last.acted_at_us,
    CASE
        WHEN receipt.status <> 'suspense' OR last.act IN ('assigned', 'split') OR payout_state.state IN ('sent', 'paid')
        THEN 0 ELSE receipt.amount
    END,
    receipt.transfer_id
FROM ledger.receipt LEFT JOIN LATERAL (
    SELECT * FROM ledger.suspense_act WHERE suspense_act.receipt_id = receipt.receipt_id ORDER BY step DESC LIMIT 1
) last ON true
LEFT JOIN ledger.payout_state ON payout_state.payout_id = last.payout_id
WHERE receipt.received_at_us >= $1 AND receipt.received_at_us < $2 ORDER BY receipt.booked
"""

REFUNDS: Final = """
SELECT deposit.lot_id, deposit.bidder_id, coalesce(last.payee_name, deposit.payer_name), account.code,
    account.currency,
    account.credits_posted - account.debits_posted - account.debits_pending
        + of_state.in_preparation + of_state.in_transit + of_state.paid,
    account.credits_posted - account.debits_posted - account.debits_pending,
    of_state.in_preparation, of_state.in_transit, of_state.paid,
    last.payout_id, coalesce(last.state, 'due'), last.due_at_us, last.payee_account, last.payee_bank,
    last.proposed_by, last.approved_by, last.batch_id, last.changed_at_us, last.reason
FROM ledger.deposit
JOIN ledger.account ON account.code = deposit.refund_account
CROSS JOIN LATERAL (
    SELECT
        coalesce(sum(amount) FILTER (WHERE state IN ('proposed', 'approved', 'batched')), 0)::bigint AS in_preparation,
        coalesce(sum(amount) FILTER (WHERE state = 'sent'), 0)::bigint AS in_transit,
        coalesce(sum(amount) FILTER (WHERE state = 'paid'), 0)::bigint AS paid
    FROM ledger.payout JOIN ledger.payout_state USING (payout_id)
    WHERE payout.source_account = account.code
) of_state
LEFT JOIN LATERAL (
    SELECT * FROM ledger.payout JOIN ledger.payout_state USING (payout_id)
    WHERE payout.source_account = account.code ORDER BY payout_id DESC LIMIT 1
) last ON true
WHERE account.version > 0 AND ($1::bigint IS NULL OR deposit.lot_id = $1)
ORDER BY deposit.lot_id, deposit.bidder_id
"""

LOT_KNOWN: Final = """
SELECT EXISTS (SELECT FROM ledger.deposit WHERE lot_id = $1)
    OR EXISTS (SELECT FROM ledger.settlement WHERE lot_id = $1)
"""
ACCOUNT_KNOWN: Final = "SELECT EXISTS (SELECT FROM ledger.account WHERE code = $1)"

LOT: Final = r"""
WITH of_lot AS MATERIALIZED (
    SELECT code, currency, credits_posted - debits_posted AS balance FROM ledger.account
    WHERE code ~ (':lot-' || $1 || '(:|$)')
), item AS (
    SELECT 1 AS part, 0 AS place, 'price' AS item, winner_bidder_id AS bidder_id, NULL AS debit, NULL AS credit,
        NULL::bigint AS postings, settled_at_us AS first_at_us, settled_at_us AS last_at_us, currency, price,
        NULL::bigint AS amount, NULL::bigint AS balance
    FROM ledger.settlement WHERE lot_id = $1::bigint
    UNION ALL
    SELECT 2, min(t.sequence), t.purpose,
        substring(t.debit || ' ' || t.credit FROM ':lot-' || $1 || ':bidder-(\d+)')::bigint,
        t.debit, t.credit, count(*), min(t.event_at_us), max(t.event_at_us), t.currency, NULL,
        sum(t.amount)::bigint, NULL
    FROM ledger.transfer t
    WHERE t.kind IN ('posted', 'post') AND t.amount > 0 AND t.sequence IN (
        SELECT sequence FROM ledger.entry WHERE account IN (SELECT code FROM of_lot)
    )
    GROUP BY t.purpose, t.debit, t.credit, t.currency
    UNION ALL
    SELECT 3, 0, 'balance', substring(code FROM ':bidder-(\d+)$')::bigint, NULL, code, NULL, NULL, NULL, currency,
        NULL, NULL, balance
    FROM of_lot
)
SELECT row_number() OVER (ORDER BY part, place, credit), item, item.bidder_id, deposit.payer_name, debit, credit,
    postings, first_at_us, last_at_us, item.currency, price, amount, balance
FROM item LEFT JOIN ledger.deposit ON deposit.lot_id = $1::bigint AND deposit.bidder_id = item.bidder_id
ORDER BY part, place, credit
"""

DAY_SUMS: Final = """
SELECT (t.{day_of}_at_us + 28800000000) / 86400000000 AS day_number, t.currency,
    split_part(t.debit, ':', 1) || ':' || split_part(t.debit, ':', 2) AS debit,
    split_part(t.credit, ':', 1) || ':' || split_part(t.credit, ':', 2) AS credit,
    sum(CASE WHEN t.kind IN ('posted', 'post') THEN t.amount ELSE 0 END)::bigint AS moved,
    sum(CASE WHEN t.kind = 'pending' THEN t.amount ELSE 0 END)::bigint AS held,
    coalesce(sum(pending.amount), 0)::bigint AS unheld,
    count(*) AS count, t.purpose = 'reversal' AS is_reversal
FROM ledger.transfer t LEFT JOIN ledger.transfer pending ON pending.id = t.pending_id
WHERE t.{day_of}_at_us < $1
GROUP BY 1, 2, 3, 4, is_reversal ORDER BY 1, 2, 3, 4, is_reversal
"""

COUNTS: Final = {
    Report.DEPOSITS: "SELECT count(*) FROM ledger.deposit WHERE $1::bigint IS NULL OR lot_id = $1",
    Report.RECEIPTS: "SELECT count(*) FROM ledger.receipt",
    Report.JOURNAL: "SELECT sequence FROM ledger.head",
    Report.STATEMENT: "SELECT version FROM ledger.account WHERE code = $1",
    Report.TRIAL_BALANCE: "SELECT count(*) FROM ledger.account WHERE version > 0",
}
"""How many rows there will be, or a little fewer in the end; for showing how far an export is."""

START_DOWNLOAD: Final = """
INSERT INTO ledger.download (
    report, format, parameters, taken_by, taker, channel, head_sequence, head_hash, started_at_us
) VALUES ($1, $2, $3::jsonb, $4, $5, $6, $7, $8, $9) RETURNING download_id
"""

END_DOWNLOAD: Final = """
INSERT INTO ledger.download_end (download_id, outcome, rows, bytes, sha256, ended_at_us)
VALUES ($1, $2, $3, $4, $5, $6)
"""

DOWNLOADS: Final = """
SELECT download_id, report, format, parameters::text AS parameters, taken_by, taker, channel, head_sequence,
    head_hash, started_at_us, coalesce(outcome, 'unfinished') AS outcome, rows, bytes, sha256, ended_at_us
FROM ledger.download LEFT JOIN ledger.download_end USING (download_id)
WHERE $1::bigint IS NULL OR download_id < $1
ORDER BY download_id DESC LIMIT $2
"""

Connection = Any  # the driver has no types
Row = Sequence[Any]


async def head_of_books(connection: Connection) -> ChainHead:
    """Return the last link of the chain that this snapshot sees."""
    row = await connection.fetchrow(HEAD)
    return ChainHead(row["sequence"], row["hash"], row["recorded_at_us"])


async def is_lot_known(connection: Connection, lot_id: int) -> bool:
    """Tell whether the ledger has anything of a lot."""
    return bool(await connection.fetchval(LOT_KNOWN, lot_id))


async def is_account_known(connection: Connection, code: str) -> bool:
    """Tell whether there is an account of this code."""
    return bool(await connection.fetchval(ACCOUNT_KNOWN, code))


async def expected_rows(connection: Connection, wanted: ReportWanted) -> int | None:
    """Return about how many rows a report will have; None when only making it would tell."""
    query = COUNTS.get(wanted.report)
    if query is None:
        return None
    values = [wanted.lot_id if wanted.report is Report.DEPOSITS else wanted.account] if "$1" in query else []
    return int(await connection.fetchval(query, *values) or 0)


def table_of(connection: Connection, wanted: ReportWanted) -> Table:
    """Return the table of a report; its rows are read when they are asked for."""
    shape = SHAPES[wanted.report]
    if is_journal(wanted.format):
        blocks = _pages(connection, MOVEMENT_COLUMNS, MOVEMENTS)
        return Table(wanted.report.value, shape.title_zh, MOVEMENT_COLUMNS, blocks)
    return Table(
        wanted.report.value, shape.title_zh, shape.columns, _blocks(connection, wanted, shape.columns)
    )


def _blocks(
    connection: Connection, wanted: ReportWanted, columns: tuple[Column, ...]
) -> AsyncIterator[Block]:
    from_us, until_us = period_us(wanted)
    match wanted.report:
        case Report.DEPOSITS:
            return _deposits(connection, columns, wanted.lot_id)
        case Report.REFUNDS:
            return _pages(connection, columns, REFUNDS, wanted.lot_id)
        case Report.RECEIPTS:
            return _pages(connection, columns, RECEIPTS, from_us, until_us)
        case Report.JOURNAL:
            return _pages(connection, columns, JOURNAL, from_us, until_us)
        case Report.TRIAL_BALANCE:
            at_us = until_us - 1 if wanted.at_us is None else wanted.at_us
            return _pages(connection, columns, TRIAL_BALANCE, at_us)
        case Report.STATEMENT:
            return _statement(connection, columns, wanted, from_us, until_us)
        case Report.LOT:
            return _pages(connection, columns, LOT, str(wanted.lot_id))
        case Report.DAILY | Report.MONTHLY:
            return _summaries(connection, columns, wanted, until_us)


def period_us(wanted: ReportWanted) -> tuple[int, int]:
    """Return the period of a report: its first moment, and the first one after it."""
    from_us = 0 if wanted.from_day is None else start_us(wanted.from_day)
    until_us = TIME_MAX_US if wanted.until_day is None else start_us(wanted.until_day) + DAY_US
    return from_us, until_us


async def _pages(
    connection: Connection, columns: tuple[Column, ...], query: str, *values: object
) -> AsyncIterator[Block]:
    cursor = await connection.cursor(query, *values)
    while rows := await cursor.fetch(PAGE_ROWS):
        yield block_of(columns, rows)


async def _statement(
    connection: Connection, columns: tuple[Column, ...], wanted: ReportWanted, from_us: int, until_us: int
) -> AsyncIterator[Block]:
    """Yield the entries of an account, below the balance that is brought forward into the period."""
    if wanted.from_day is not None:
        rows = await connection.fetch(BROUGHT_FORWARD, wanted.account, from_us)
        if rows:
            yield block_of(columns, rows)
    async for block in _pages(connection, columns, STATEMENT, wanted.account, from_us, until_us):
        yield block


async def _deposits(
    connection: Connection, columns: tuple[Column, ...], lot_id: int | None
) -> AsyncIterator[Block]:
    rows: list[Row] = []
    async for position in reader_on(connection).positions(lot_id):
        rows.append(_deposit_cells(deposit_row(position)))
        if len(rows) == PAGE_ROWS:
            yield block_of(columns, rows)
            rows = []
    if rows:
        yield block_of(columns, rows)


def _deposit_cells(row: DepositRow) -> Row:
    return (
        row.lot_id,
        row.bidder_id,
        row.reference,
        row.payer_name,
        row.state.value,
        row.currency,
        row.required,
        row.received,
        row.held,
        row.applied,
        row.refund_due,
        row.opened_at_us,
        row.received_at_us,
        row.held_at_us,
        row.settled_at_us,
    )


async def _summaries(
    connection: Connection, columns: tuple[Column, ...], wanted: ReportWanted, until_us: int
) -> AsyncIterator[Block]:
    """Yield days or months; those before the period are folded into the balances."""
    query = DAY_SUMS.format(day_of="event" if wanted.day_of is DayOf.EVENT else "recorded")
    sums = [DaySum(**dict(row)) for row in await connection.fetch(query, until_us)]
    name_of = _month_name if wanted.report is Report.MONTHLY else str
    first = "" if wanted.from_day is None else name_of(wanted.from_day)
    rows = period_rows(sums, name_of, lambda name: name >= first)
    names = [column.name for column in columns if not column.amount_column]
    for page in _batched(([row[name] for name in names] for row in rows), PAGE_ROWS):
        yield block_of(columns, page)


def _month_name(day: date) -> str:
    return f"{day:%Y-%m}"


def _batched(rows: Iterable[Row], size: int) -> Iterable[list[Row]]:
    source = iter(rows)
    while page := list(islice(source, size)):
        yield page


def parameters_json(wanted: ReportWanted) -> str:
    """Return what was asked for beside report and format, as the record of downloads keeps it."""
    asked = msgspec.to_builtins(wanted)
    return msgspec.json.encode(
        {name: asked[name] for name in asked if name not in ("report", "format")}
    ).decode()
