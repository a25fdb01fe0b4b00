"""Bank accounts, files and suspense in PostgreSQL.

Here belong the SQL, and rows to structs and back. Not here: decisions (booking, suspense), postings
(ledger.postgres).
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from ledger.accounts import Account, AccountCode, AccountFlags
from ledger.bank.records import (
    BankAccount,
    BankKey,
    Channel,
    InParts,
    KnownReceipt,
    MovementLine,
    MovementOutcome,
    MovementRow,
    Note,
    OpenDeposit,
    OutcomeTotal,
    StatementLine,
    SuspenseItem,
    SuspenseState,
    TakenFile,
)
from ledger.bank.statements import StatementKind, Warned
from ledger.payouts.postgres import IS_LIVE
from ledger.postgres import columns, receipt_row
from ledger.records import ReceiptRecord, SuspenseReason
from ledger.units import Amount, Currency

BANK_ACCOUNTS: Final = "SELECT * FROM ledger.bank_account ORDER BY slug"
BANK_ACCOUNT: Final = "SELECT * FROM ledger.bank_account WHERE slug = $1"
BANK_ACCOUNT_OF_NUMBER: Final = "SELECT * FROM ledger.bank_account WHERE number = $1 ORDER BY slug"
ADD_BANK_ACCOUNT: Final = """
INSERT INTO ledger.bank_account (
    slug, number, bank_name, holder, currency, account, utc_offset_minutes, opened_by, opened_at_us
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
KEYS: Final = """
SELECT key_id, slug, secret, made_by, made_at_us, ended_at_us
FROM ledger.bank_key LEFT JOIN ledger.bank_key_end USING (key_id)
"""
KEY: Final = f"{KEYS} WHERE key_id = $1"
KEYS_OF_ACCOUNT: Final = f"{KEYS} WHERE slug = $1 ORDER BY made_at_us, key_id"
ADD_KEY: Final = (
    "INSERT INTO ledger.bank_key (key_id, slug, secret, made_by, made_at_us) VALUES ($1, $2, $3, $4, $5)"
)
END_KEY: Final = """
INSERT INTO ledger.bank_key_end (key_id, ended_by, ended_at_us) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING
"""

FILE_WITH_CONTENT: Final = "SELECT file_id FROM ledger.bank_file WHERE sha256 = $1"
FILE_WITH_MESSAGE: Final = "SELECT file_id FROM ledger.bank_file WHERE message_key = $1 AND message_key <> ''"
FILE: Final = "SELECT * FROM ledger.bank_file WHERE file_id = $1"
FILES: Final = """
SELECT * FROM ledger.bank_file WHERE $1::bigint IS NULL OR file_id < $1 ORDER BY file_id DESC LIMIT $2
"""
# the head of the chain is held, so nobody else counts at the same time
NEXT_IDS: Final = """
SELECT
    (SELECT coalesce(max(file_id), 0) + 1 FROM ledger.bank_file) AS file_id,
    (SELECT coalesce(max(statement_id), 0) + 1 FROM ledger.bank_statement) AS statement_id,
    (SELECT coalesce(max(movement_id), 0) + 1 FROM ledger.bank_movement) AS movement_id
"""
ADD_FILE: Final = """
INSERT INTO ledger.bank_file (
    file_id, sha256, bytes, name, channel, format, message_key, warnings, taken_by, taken_at_us
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9, $10)
"""
SAME_STATEMENT: Final = """
SELECT file_id FROM ledger.bank_statement
WHERE slug = $1 AND kind = 'statement' AND name = $2 AND name <> '' AND page = $3
    AND closes_on IS NOT DISTINCT FROM ($4::text)::date
LIMIT 1
"""
CLOSING_BEFORE: Final = """
SELECT closing FROM ledger.bank_statement
WHERE slug = $1 AND closing IS NOT NULL AND ($2::text IS NULL OR closes_on <= ($2::text)::date)
ORDER BY closes_on DESC, statement_id DESC LIMIT 1
"""
ADD_STATEMENT: Final = """
INSERT INTO ledger.bank_statement (
    statement_id, file_id, slug, kind, name, page, currency, opens_on, closes_on, opening, closing, credits, debits,
    movements, chain_gap
) VALUES ($1, $2, $3, $4, $5, $6, $7, ($8::text)::date, ($9::text)::date, $10, $11, $12, $13, $14, $15)
"""
ADD_MOVEMENTS: Final = """
INSERT INTO ledger.bank_movement (
    movement_id, statement_id, slug, line, bank_reference, entry_reference, amount, currency, is_booked, is_reversal,
    booked_on, booked_at_us, value_on, counterparty_name, counterparty_account, counterparty_bank, remittance,
    end_to_end_id, sub_account, outcome, reason, note, note_amount, receipt_id, payout_id
)
SELECT movement_id, statement_id, slug, line, bank_reference, entry_reference, amount, currency, is_booked, is_reversal,
    booked_on::date, booked_at_us, value_on::date, counterparty_name, counterparty_account, counterparty_bank,
    remittance, end_to_end_id, sub_account, outcome, reason, note, note_amount, receipt_id, payout_id
FROM unnest(
    $1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::bigint[], $8::text[],
    $9::boolean[], $10::boolean[], $11::text[], $12::bigint[], $13::text[], $14::text[], $15::text[], $16::text[],
    $17::text[], $18::text[], $19::text[], $20::text[], $21::text[], $22::text[], $23::bigint[], $24::text[],
    $25::bigint[]
) AS new (
    movement_id, statement_id, slug, line, bank_reference, entry_reference, amount, currency, is_booked, is_reversal,
    booked_on, booked_at_us, value_on, counterparty_name, counterparty_account, counterparty_bank, remittance,
    end_to_end_id, sub_account, outcome, reason, note, note_amount, receipt_id, payout_id
)
"""
ADD_RECEIPTS: Final = """
INSERT INTO ledger.receipt (
    receipt_id, reference, amount, currency, payer_name, received_at_us, status, reason, lot_id, bidder_id,
    transfer_id, payer_account, payer_bank
)
SELECT * FROM unnest(
    $1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[], $9::bigint[],
    $10::bigint[], $11::uuid[], $12::text[], $13::text[]
)
"""
RECEIPTS_NAMED: Final = """
SELECT receipt_id, amount, currency, status,
    EXISTS (
        SELECT FROM ledger.suspense_act act WHERE act.receipt_id = receipt.receipt_id AND act.act = 'split'
    ) AS is_split,
    EXISTS (SELECT FROM ledger.suspense_act act WHERE act.receipt_id = receipt.receipt_id)
        OR EXISTS (SELECT FROM ledger.payout_event WHERE source = 'receipt:' || receipt.receipt_id)
        OR EXISTS (SELECT FROM ledger.payout_state WHERE cause = 'receipt:' || receipt.receipt_id) AS is_acted_on
FROM ledger.receipt WHERE receipt_id = any($1::text[])
"""
# collective bookings that have come part by part, with what the parts amount to
ENTRIES_IN_PARTS: Final = """
SELECT slug, entry_reference, sum(amount)::bigint AS amount, min(receipt_id) AS receipt_id
FROM ledger.bank_movement
WHERE entry_reference = any($1::text[]) AND slug = any($2::text[]) AND entry_reference <> ''
    AND outcome <> 'duplicate' AND is_booked
GROUP BY slug, entry_reference
"""

LEDGER_ACCOUNT: Final = "SELECT code, currency, flags FROM ledger.account WHERE code = $1"

PAYING: Final = f"""
SELECT payout_id, state FROM ledger.payout_state
WHERE cause = 'receipt:' || receipt.receipt_id AND cause <> '' AND {IS_LIVE}
"""
TAKEN_BACK: Final = """
SELECT payout_id, acted_by, at_us FROM ledger.payout_event
WHERE source = 'receipt:' || receipt.receipt_id AND state = 'returned'
"""
# A receipt in suspense with its movement, the act that was last done with it, and its payout's state. Payouts know a
# return by its cause, and a payment that came back by the source of its last step.
SUSPENSE: Final = f"""
SELECT receipt.*, movement.remittance, movement.end_to_end_id, movement.slug AS bank_account,
    movement.payout_id AS named_payout_id,
    undone.transfer_id IS NOT NULL AS is_reversed, coalesce(act.step, 0) AS step,
    CASE WHEN act_undone.transfer_id IS NULL THEN act.act END AS act,
    act.lot_id AS assigned_lot_id, act.bidder_id AS assigned_bidder_id, act.acted_by, act.acted_at_us,
    paying.payout_id AS live_payout_id, paying.state AS live_payout_state,
    taken_back.payout_id AS taken_back_payout_id, taken_back.acted_by AS taken_back_by,
    taken_back.at_us AS taken_back_at_us
FROM ledger.receipt
LEFT JOIN LATERAL (
    SELECT * FROM ledger.bank_movement WHERE bank_movement.receipt_id = receipt.receipt_id
    ORDER BY movement_id LIMIT 1
) movement ON true
LEFT JOIN LATERAL (
    SELECT * FROM ledger.suspense_act WHERE suspense_act.receipt_id = receipt.receipt_id ORDER BY step DESC LIMIT 1
) act ON true
LEFT JOIN ledger.reversal_decision act_undone ON act_undone.transfer_id = act.transfer_id AND act_undone.is_confirmed
LEFT JOIN ledger.reversal_decision undone ON undone.transfer_id = receipt.transfer_id AND undone.is_confirmed
LEFT JOIN LATERAL ({PAYING} LIMIT 1) paying ON true
LEFT JOIN LATERAL ({TAKEN_BACK} LIMIT 1) taken_back ON true
WHERE receipt.status = 'suspense'
"""
SUSPENSE_ONE: Final = f"{SUSPENSE} AND receipt.receipt_id = $1"
# Which are open is found first, in order and only as far as the page goes; OFFSET 0 keeps each question one of a single
# receipt. Joined, a large file that nobody can credit is looked at once for every act there has ever been.
SUSPENSE_OPEN: Final = f"""
WITH page AS MATERIALIZED (
    SELECT receipt.receipt_id FROM ledger.receipt
    WHERE receipt.status = 'suspense' AND receipt.booked > $1
        AND NOT EXISTS (
            SELECT FROM ledger.suspense_worked_off gone WHERE gone.receipt_id = receipt.receipt_id OFFSET 0
        )
        AND NOT EXISTS ({PAYING} OFFSET 0) AND NOT EXISTS ({TAKEN_BACK} OFFSET 0)
    ORDER BY receipt.booked LIMIT $2
)
{SUSPENSE} AND receipt.receipt_id IN (SELECT receipt_id FROM page)
ORDER BY receipt.booked
"""
SUSPENSE_ALL: Final = f"{SUSPENSE} AND receipt.booked > $1 ORDER BY receipt.booked LIMIT $2"
STATUS_OF_RECEIPT: Final = "SELECT status FROM ledger.receipt WHERE receipt_id = $1"
ADD_ACT: Final = """
INSERT INTO ledger.suspense_act (
    receipt_id, step, act, lot_id, bidder_id, payout_id, transfer_id, reason, acted_by, acted_at_us
)
SELECT $1, count(*) + 1, $2, $3, $4, $5, $6, $7, $8, $9 FROM ledger.suspense_act WHERE receipt_id = $1
"""
# deposits that still take money; names are compared in the program, as receipts compare them
OPEN_DEPOSITS: Final = """
SELECT deposit.lot_id, deposit.bidder_id, deposit.reference, deposit.payer_name, deposit.currency, deposit.required,
    account.credits_posted AS received, deposit.pay_by_us
FROM ledger.deposit JOIN ledger.account ON account.code = deposit.account
LEFT JOIN ledger.settlement USING (lot_id)
WHERE settlement.lot_id IS NULL AND deposit.currency = any($1::text[])
ORDER BY deposit.lot_id, deposit.bidder_id
"""

# what lies in suspense by its account, and by the receipts: the rows are a promise that does not hold
DISCREPANCIES: Final = f"""
WITH receipts AS (
    SELECT receipt.currency, sum(receipt.amount) AS amount
    FROM ledger.receipt
    WHERE receipt.status = 'suspense'
        AND NOT EXISTS (SELECT FROM ledger.suspense_worked_off gone WHERE gone.receipt_id = receipt.receipt_id)
        AND NOT EXISTS ({TAKEN_BACK})
        AND NOT EXISTS (
            SELECT FROM ledger.payout_state
            WHERE cause = 'receipt:' || receipt.receipt_id AND state IN ('sent', 'paid')
        )
    GROUP BY receipt.currency
), accounts AS (
    SELECT currency, credits_posted - debits_posted AS amount FROM ledger.account
    WHERE code = 'liabilities:suspense:' || lower(currency)
)
SELECT currency, coalesce(accounts.amount, 0) AS on_account, coalesce(receipts.amount, 0) AS by_receipts
FROM accounts FULL JOIN receipts USING (currency)
WHERE coalesce(accounts.amount, 0) <> coalesce(receipts.amount, 0)
"""

STATEMENTS: Final = "SELECT * FROM ledger.bank_statement WHERE file_id = $1 ORDER BY statement_id"
TOTALS: Final = """
SELECT currency, outcome, count(*) AS movements, sum(amount)::bigint AS amount
FROM ledger.bank_movement WHERE statement_id = any($1::bigint[]) GROUP BY currency, outcome ORDER BY currency, outcome
"""
LINES: Final = """
SELECT movement.*, receipt.lot_id, receipt.bidder_id
FROM ledger.bank_movement movement LEFT JOIN ledger.receipt USING (receipt_id)
"""
FIRST_LINES: Final = f"""
{LINES} WHERE statement_id = any($1::bigint[])
ORDER BY movement.outcome <> 'suspense', movement_id LIMIT $2
"""
LINES_AFTER: Final = f"""
{LINES} WHERE statement_id = any($1::bigint[]) AND movement_id > $2 ORDER BY movement_id LIMIT $3
"""
LOTS: Final = """
SELECT DISTINCT receipt.lot_id FROM ledger.bank_movement movement JOIN ledger.receipt USING (receipt_id)
WHERE statement_id = any($1::bigint[]) AND movement.outcome = 'credited' ORDER BY receipt.lot_id
"""

Connection = Any  # asyncpg's; the driver has no types
Row = Any


class NextIds(msgspec.Struct, kw_only=True):
    """The next free number of each kind; counts up while a file is written."""

    file_id: int
    statement_id: int
    movement_id: int


# Accounts and keys


async def bank_accounts(connection: Connection) -> list[BankAccount]:
    """Return the centre's bank accounts in order of name."""
    return [_bank_account(row) for row in await connection.fetch(BANK_ACCOUNTS)]


async def bank_account(connection: Connection, slug: str) -> BankAccount | None:
    """Return a bank account by its short name."""
    row = await connection.fetchrow(BANK_ACCOUNT, slug)
    return None if row is None else _bank_account(row)


async def bank_accounts_of_number(connection: Connection, number: str) -> list[BankAccount]:
    """Return the accounts of a number, one for each currency."""
    return [_bank_account(row) for row in await connection.fetch(BANK_ACCOUNT_OF_NUMBER, number)]


async def add_bank_account(connection: Connection, account: BankAccount) -> None:
    """Write a bank account down."""
    await connection.execute(
        ADD_BANK_ACCOUNT, *(getattr(account, name) for name in account.__struct_fields__)
    )


async def key(connection: Connection, key_id: str) -> BankKey | None:
    """Return a key by its id, ended or not."""
    row = await connection.fetchrow(KEY, key_id)
    return None if row is None else BankKey(**dict(row))


async def keys(connection: Connection, slug: str) -> list[BankKey]:
    """Return the keys of an account in order of making."""
    return [BankKey(**dict(row)) for row in await connection.fetch(KEYS_OF_ACCOUNT, slug)]


async def add_key(connection: Connection, key: BankKey) -> None:
    """Write a key down."""
    await connection.execute(ADD_KEY, key.key_id, key.slug, key.secret, key.made_by, key.made_at_us)


async def end_key(connection: Connection, key_id: str, by: int, at_us: int) -> None:
    """End a key, unless it has ended."""
    await connection.execute(END_KEY, key_id, by, at_us)


def _bank_account(row: Row) -> BankAccount:
    return BankAccount(**dict(row))


# Files


async def file_with_content(connection: Connection, sha256: bytes) -> int | None:
    """Return the file of a content, if it was taken."""
    found: int | None = await connection.fetchval(FILE_WITH_CONTENT, sha256)
    return found


async def file_with_message(connection: Connection, message_key: str) -> int | None:
    """Return the file of a message, if one was taken."""
    found: int | None = await connection.fetchval(FILE_WITH_MESSAGE, message_key)
    return found


async def next_ids(connection: Connection) -> NextIds:
    """Return the next free numbers; only for whoever holds the head of the chain."""
    return NextIds(**dict(await connection.fetchrow(NEXT_IDS)))


async def add_file(connection: Connection, file: TakenFile, warnings: Sequence[Warned]) -> None:
    """Write a file down."""
    await connection.execute(
        ADD_FILE,
        file.file_id,
        bytes.fromhex(file.sha256),
        file.bytes,
        file.name,
        file.channel.value,
        file.format,
        file.message_key,
        msgspec.json.encode(warnings).decode(),
        file.taken_by,
        file.taken_at_us,
    )


async def same_statement(
    connection: Connection, slug: str, name: str, page: int, closes_on: str | None
) -> int | None:
    """Return the file in which a statement of this account, name and day was taken."""
    found: int | None = await connection.fetchval(SAME_STATEMENT, slug, name, page, closes_on)
    return found


async def closing_before(connection: Connection, slug: str, day: str | None) -> Amount | None:
    """Return the last known closing balance of an account up to a day."""
    found: Amount | None = await connection.fetchval(CLOSING_BEFORE, slug, day)
    return found


async def add_statement(connection: Connection, file_id: int, line: StatementLine) -> None:
    """Write a statement down."""
    await connection.execute(
        ADD_STATEMENT,
        line.statement_id,
        file_id,
        line.slug,
        line.kind.value,
        line.name,
        line.page,
        line.currency,
        line.opens_on,
        line.closes_on,
        line.opening,
        line.closing,
        line.credits,
        line.debits,
        line.movements,
        line.chain_gap,
    )


async def add_movements(connection: Connection, first_id: int, rows: Sequence[MovementRow]) -> None:
    """Write movements down, numbered from `first_id`."""
    if rows:
        values = (_movement_row(number, row) for number, row in enumerate(rows, start=first_id))
        await connection.execute(ADD_MOVEMENTS, *columns(values))


async def add_receipts(connection: Connection, records: Sequence[ReceiptRecord]) -> None:
    """Write receipts down, whose transfers are posted."""
    if records:
        await connection.execute(ADD_RECEIPTS, *columns(receipt_row(record) for record in records))


async def receipts_named(connection: Connection, ids: Iterable[str]) -> dict[str, KnownReceipt]:
    """Return the receipts that exist, of those named."""
    rows = await connection.fetch(RECEIPTS_NAMED, list(ids))
    return {
        row["receipt_id"]: KnownReceipt(
            receipt_id=row["receipt_id"],
            amount=row["amount"],
            currency=row["currency"],
            is_in_suspense=row["status"] == "suspense",
            is_split=row["is_split"],
            is_acted_on=row["is_acted_on"],
        )
        for row in rows
    }


async def entries_in_parts(
    connection: Connection, references: Iterable[str], slugs: Iterable[str]
) -> dict[tuple[str, str], InParts]:
    """Return collective bookings whose parts have come, by account and reference."""
    rows = await connection.fetch(ENTRIES_IN_PARTS, list(references), list(slugs))
    return {
        (row["slug"], row["entry_reference"]): InParts(amount=row["amount"], receipt_id=row["receipt_id"])
        for row in rows
    }


def _movement_row(number: int, row: MovementRow) -> tuple[object, ...]:
    movement = row.movement
    return (
        number,
        row.statement_id,
        row.slug,
        movement.line,
        row.bank_reference,
        movement.entry_reference,
        movement.amount,
        movement.currency,
        movement.is_booked,
        movement.is_reversal or movement.is_returned_payment,
        row.booked_on,
        row.booked_at_us,
        row.value_on,
        movement.counterparty_name,
        movement.counterparty_account,
        movement.counterparty_bank,
        movement.remittance,
        movement.end_to_end_id,
        movement.sub_account,
        row.outcome.value,
        "" if row.reason is None else row.reason.value,
        "" if row.note is None else row.note.value,
        row.note_amount,
        row.receipt_id,
        row.payout_id,
    )


async def ledger_account(connection: Connection, code: AccountCode) -> Account:
    """Return an account of the ledger as it is defined, without its balance."""
    row = await connection.fetchrow(LEDGER_ACCOUNT, code)
    return Account(code=row["code"], currency=row["currency"], flags=AccountFlags(row["flags"]))


# Suspense


async def suspense_item(connection: Connection, receipt_id: str) -> SuspenseItem | None:
    """Return a receipt in suspense with what was done with it; nothing is proposed yet."""
    row = await connection.fetchrow(SUSPENSE_ONE, receipt_id)
    return None if row is None else _suspense_item(row)


async def suspense_items(
    connection: Connection, after: int, limit: int, *, only_open: bool
) -> list[SuspenseItem]:
    """Return a page of receipts in suspense in the order in which they were booked."""
    query = SUSPENSE_OPEN if only_open else SUSPENSE_ALL
    return [_suspense_item(row) for row in await connection.fetch(query, after, limit)]


async def is_receipt(connection: Connection, receipt_id: str) -> bool:
    """Tell whether there is a receipt, in suspense or not."""
    return await connection.fetchval(STATUS_OF_RECEIPT, receipt_id) is not None


async def open_deposits(connection: Connection, currencies: Iterable[Currency]) -> list[OpenDeposit]:
    """Return the deposits that still take money, in order of lot and bidder."""
    rows = await connection.fetch(OPEN_DEPOSITS, list(currencies))
    return [OpenDeposit(**dict(row)) for row in rows]


async def discrepancies(connection: Connection) -> list[str]:
    """Return what is wrong between the account of suspense and the receipts in it."""
    return [
        f"suspense {row['currency']}: {row['on_account']} on the account, {row['by_receipts']} by its receipts"
        for row in await connection.fetch(DISCREPANCIES)
    ]


async def add_act(
    connection: Connection,
    receipt_id: str,
    act: str,
    *,
    lot_id: int | None = None,
    bidder_id: int | None = None,
    payout_id: int | None = None,
    transfer_id: UUID | None = None,
    reason: str = "",
    by: int,
    at_us: int,
) -> None:
    """Write down what was done with a receipt in suspense."""
    await connection.execute(
        ADD_ACT, receipt_id, act, lot_id, bidder_id, payout_id, transfer_id, reason, by, at_us
    )


def _suspense_item(row: Row) -> SuspenseItem:
    is_assigned = row["act"] == "assigned"
    state = _suspense_state(row)
    acted_by, acted_at_us = row["acted_by"], row["acted_at_us"]
    if state is SuspenseState.TAKEN_BACK:
        acted_by, acted_at_us = row["taken_back_by"], row["taken_back_at_us"]
    return SuspenseItem(
        position=row["booked"],
        steps=row["step"],
        receipt_id=row["receipt_id"],
        reference=row["reference"],
        amount=row["amount"],
        currency=row["currency"],
        payer_name=row["payer_name"],
        payer_account=row["payer_account"] or "",
        payer_bank=row["payer_bank"] or "",
        received_at_us=row["received_at_us"],
        reason=SuspenseReason(row["reason"]),
        lot_id=row["assigned_lot_id"] if is_assigned else row["lot_id"],
        bidder_id=row["assigned_bidder_id"] if is_assigned else row["bidder_id"],
        remittance=row["remittance"] or "",
        end_to_end_id=row["end_to_end_id"] or "",
        bank_account=row["bank_account"] or "",
        state=state,
        acted_by=acted_by,
        acted_at_us=acted_at_us,
        payout_id=row["taken_back_payout_id"] or row["live_payout_id"] or row["named_payout_id"],
        proposal=None,
    )


def _suspense_state(row: Row) -> SuspenseState:
    if row["is_reversed"]:
        return SuspenseState.REVERSED
    if row["act"] in ("assigned", "split"):
        return SuspenseState(row["act"])
    if row["taken_back_payout_id"] is not None:
        return SuspenseState.TAKEN_BACK
    if row["live_payout_id"] is None:
        return SuspenseState.OPEN
    return SuspenseState.RETURNED if row["live_payout_state"] == "paid" else SuspenseState.RETURN_PROPOSED


# Reports


async def file(connection: Connection, file_id: int) -> tuple[TakenFile, tuple[Warned, ...]] | None:
    """Return a file that was taken, with its warnings."""
    row = await connection.fetchrow(FILE, file_id)
    if row is None:
        return None
    return _file(row), msgspec.json.decode(row["warnings"], type=tuple[Warned, ...])


async def files(connection: Connection, before: int | None, limit: int) -> list[TakenFile]:
    """Return a page of files, the latest first."""
    return [_file(row) for row in await connection.fetch(FILES, before, limit)]


async def statements(connection: Connection, file_id: int) -> list[StatementLine]:
    """Return the statements of a file in its order."""
    return [_statement(row) for row in await connection.fetch(STATEMENTS, file_id)]


async def totals(connection: Connection, statement_ids: Sequence[int]) -> list[OutcomeTotal]:
    """Return what movements of statements amount to, by currency and outcome."""
    return [
        OutcomeTotal(
            currency=row["currency"],
            outcome=MovementOutcome(row["outcome"]),
            movements=row["movements"],
            amount=row["amount"],
        )
        for row in await connection.fetch(TOTALS, statement_ids)
    ]


async def first_lines(connection: Connection, statement_ids: Sequence[int], limit: int) -> list[MovementLine]:
    """Return the first movements of statements, those in suspense before the others."""
    return [_line(row) for row in await connection.fetch(FIRST_LINES, statement_ids, limit)]


async def lines_after(
    connection: Connection, statement_ids: Sequence[int], after: int, limit: int
) -> list[MovementLine]:
    """Return a page of movements of statements in their order."""
    return [_line(row) for row in await connection.fetch(LINES_AFTER, statement_ids, after, limit)]


async def lots(connection: Connection, statement_ids: Sequence[int]) -> list[int]:
    """Return the lots that statements credited money for."""
    return [row["lot_id"] for row in await connection.fetch(LOTS, statement_ids)]


def _file(row: Row) -> TakenFile:
    return TakenFile(
        file_id=row["file_id"],
        sha256=row["sha256"].hex(),
        bytes=row["bytes"],
        name=row["name"],
        channel=Channel(row["channel"]),
        format=row["format"],
        message_key=row["message_key"],
        taken_by=row["taken_by"],
        taken_at_us=row["taken_at_us"],
    )


def _statement(row: Row) -> StatementLine:
    return StatementLine(
        statement_id=row["statement_id"],
        slug=row["slug"],
        kind=StatementKind(row["kind"]),
        name=row["name"],
        page=row["page"],
        currency=row["currency"],
        opens_on=None if row["opens_on"] is None else str(row["opens_on"]),
        closes_on=None if row["closes_on"] is None else str(row["closes_on"]),
        opening=row["opening"],
        closing=row["closing"],
        credits=row["credits"],
        debits=row["debits"],
        movements=row["movements"],
        chain_gap=row["chain_gap"],
    )


def _line(row: Row) -> MovementLine:
    return MovementLine(
        movement_id=row["movement_id"],
        statement_id=row["statement_id"],
        slug=row["slug"],
        line=row["line"],
        bank_reference=row["bank_reference"],
        amount=row["amount"],
        currency=row["currency"],
        booked_on=str(row["booked_on"]),
        booked_at_us=row["booked_at_us"],
        counterparty_name=row["counterparty_name"],
        counterparty_account=row["counterparty_account"],
        remittance=row["remittance"],
        end_to_end_id=row["end_to_end_id"],
        outcome=MovementOutcome(row["outcome"]),
        reason=SuspenseReason(row["reason"]) if row["reason"] else None,
        note=Note(row["note"]) if row["note"] else None,
        note_amount=row["note_amount"],
        receipt_id=row["receipt_id"],
        payout_id=row["payout_id"],
        lot_id=row["lot_id"],
        bidder_id=row["bidder_id"],
    )
