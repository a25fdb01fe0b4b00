"""The comparison with the bank in PostgreSQL, beside the ledger and in its transactions.

Here belongs the SQL of statements' figures, lines, matches and write-offs, and rows to structs and back.
Not here: the comparison (bank_matching) and who may do what (reconciliation).
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

import msgspec

from ledger.accounting_days import accounting_day
from ledger.accounts import AccountCode
from ledger.bank_matching import Key, Line, Match, Rule
from ledger.reconciliation_records import Against, BankSide, WriteOff
from ledger.units import Amount, Currency

BANK_ACCOUNTS: Final = """
SELECT code, currency FROM ledger.account WHERE starts_with(code, 'assets:bank:') ORDER BY code
"""

# what has a counterpart already says so where it is looked for again: a second line of the same is a duplicate
UNMATCHED_MOVEMENTS: Final = """
SELECT line.*, EXISTS (
    SELECT FROM ledger.bank_movement other JOIN ledger.bank_match_line USING (movement_id)
    WHERE other.receipt_id = line.receipt_id AND other.amount = line.amount
) OR EXISTS (
    SELECT FROM ledger.bank_movement other JOIN ledger.bank_match_line USING (movement_id)
    WHERE other.slug = line.slug AND other.bank_reference = line.bank_reference AND other.amount = line.amount
        AND line.bank_reference <> '' AND other.entry_reference = line.entry_reference
) AS is_repeated
FROM ledger.bank_line line
WHERE line.account = $1 AND NOT EXISTS (
    SELECT FROM ledger.bank_match_line matched WHERE matched.movement_id = line.movement_id
)
ORDER BY line.movement_id
"""

UNMATCHED_POSTINGS: Final = """
SELECT posting.*, receipt.receipt_id, payout_event.payout_id,
    coalesce(reversal.transfer_id, reversed.transfer_id) AS reversed_id,
    coalesce(part.entry_reference, whole.bank_reference) AS entry_reference
FROM ledger.bank_posting posting
LEFT JOIN ledger.receipt ON receipt.transfer_id = posting.id
LEFT JOIN ledger.payout_event ON payout_event.transfer_id = posting.id
LEFT JOIN ledger.reversal_decision reversal ON reversal.posting_id = posting.id
LEFT JOIN ledger.reversal_decision reversed ON reversed.transfer_id = posting.id AND reversed.is_confirmed
LEFT JOIN ledger.suspense_act split ON split.transfer_id = posting.id AND split.act = 'split'
LEFT JOIN LATERAL (
    SELECT entry_reference FROM ledger.bank_movement movement
    WHERE movement.receipt_id = receipt.receipt_id AND movement.entry_reference <> ''
    ORDER BY movement_id LIMIT 1
) part ON true
LEFT JOIN LATERAL (
    SELECT bank_reference FROM ledger.bank_movement movement
    WHERE movement.receipt_id = split.receipt_id AND movement.bank_reference <> ''
    ORDER BY movement_id LIMIT 1
) whole ON true
WHERE posting.account = $1 AND NOT EXISTS (
    SELECT FROM ledger.bank_match_line matched WHERE matched.sequence = posting.sequence
) AND NOT EXISTS (
    SELECT FROM ledger.write_off_decision decision JOIN ledger.write_off_proposal proposal USING (proposal_id)
    WHERE decision.transfer_id = posting.id AND proposal.against = 'opening_balance'
)
ORDER BY posting.sequence
"""

# Of each account at the bank: what it closes with on the day, as far as statements tell. A statement that goes on
# beyond the day is followed back by its movements.
BANK_SIDE: Final = """
SELECT bank_account.slug,
    EXISTS (
        SELECT FROM ledger.bank_statement statement
        WHERE statement.slug = bank_account.slug AND statement.kind = 'statement' AND (
            statement.closes_on = $2 OR (statement.opens_on <= $2 AND statement.closes_on > $2)
            OR (statement.closes_on IS NULL AND EXISTS (
                SELECT FROM ledger.bank_movement movement
                WHERE movement.statement_id = statement.statement_id AND movement.booked_on = $2
            ))
        )
    ) AS has_statement,
    EXISTS (
        SELECT FROM ledger.bank_statement statement
        WHERE statement.slug = bank_account.slug AND statement.kind = 'statement' AND statement.closes_on > $2
    ) AS has_later_statement,
    coalesce(
        (
            SELECT spanning.closing - coalesce((
                SELECT sum(line.amount) FROM ledger.bank_line line WHERE line.slug = bank_account.slug
                    AND line.booked_on > $2 AND line.booked_on <= spanning.closes_on
            ), 0)::bigint
            FROM ledger.bank_statement spanning
            WHERE spanning.slug = bank_account.slug AND spanning.kind = 'statement' AND spanning.closing IS NOT NULL
                AND spanning.opens_on <= $2 AND spanning.closes_on > $2 AND NOT EXISTS (
                    SELECT FROM ledger.bank_statement exact WHERE exact.slug = bank_account.slug
                        AND exact.kind = 'statement' AND exact.closing IS NOT NULL AND exact.closes_on = $2
                )
            ORDER BY spanning.closes_on, spanning.page DESC, spanning.statement_id DESC LIMIT 1
        ),
        (
            SELECT closing FROM ledger.bank_statement statement
            WHERE statement.slug = bank_account.slug AND statement.kind = 'statement'
                AND statement.closing IS NOT NULL AND statement.closes_on <= $2
            ORDER BY statement.closes_on DESC, statement.page DESC, statement.statement_id DESC LIMIT 1
        )
    ) AS closing,
    (
        SELECT coalesce(sum(line.amount) FILTER (WHERE line.amount > 0), 0)::bigint
        FROM ledger.bank_line line WHERE line.slug = bank_account.slug AND line.booked_on = $2
    ) AS came_in,
    (
        SELECT coalesce(-sum(line.amount) FILTER (WHERE line.amount < 0), 0)::bigint
        FROM ledger.bank_line line WHERE line.slug = bank_account.slug AND line.booked_on = $2
    ) AS went_out
FROM ledger.bank_account WHERE bank_account.account = $1 ORDER BY bank_account.slug
"""
BOOKS_SIDE: Final = """
SELECT coalesce(sum(amount) FILTER (WHERE booked_at_us < $2), 0)::bigint AS opening,
    coalesce(sum(amount) FILTER (WHERE booked_at_us >= $2 AND amount > 0), 0)::bigint AS came_in,
    coalesce(-sum(amount) FILTER (WHERE booked_at_us >= $2 AND amount < 0), 0)::bigint AS went_out,
    count(*) FILTER (WHERE booked_at_us >= $2) AS postings
FROM ledger.bank_posting WHERE account = $1 AND booked_at_us < $3
"""
OPENING_WRITTEN_OFF: Final = """
SELECT coalesce(sum(amount), 0)::bigint
FROM ledger.write_off_proposal JOIN ledger.write_off_decision USING (proposal_id)
WHERE account = $1 AND against = 'opening_balance' AND is_confirmed
"""

MATCHES_OF_DAY: Final = """
WITH touched AS (
    SELECT line.match_id FROM ledger.bank_match_line line
    JOIN ledger.bank_movement movement USING (movement_id)
    JOIN ledger.bank_account USING (slug) WHERE bank_account.account = $1 AND movement.booked_on = $2
    UNION
    SELECT line.match_id FROM ledger.bank_match_line line
    JOIN ledger.booking USING (sequence) JOIN ledger.bank_match USING (match_id)
    WHERE bank_match.account = $1 AND booking.booked_at_us >= $3 AND booking.booked_at_us < $4
)
SELECT line.match_id, line.movement_id, line.sequence, movement.booked_on, movement.amount AS bank_amount,
    posting.booked_at_us, posting.amount AS books_amount,
    coalesce(movement.bank_reference, posting.reference) AS reference,
    coalesce(movement.counterparty_name, posting.memo) AS party
FROM touched JOIN ledger.bank_match_line line USING (match_id)
LEFT JOIN ledger.bank_movement movement ON movement.movement_id = line.movement_id
LEFT JOIN ledger.bank_posting posting ON posting.sequence = line.sequence AND posting.account = $1
ORDER BY line.match_id, line.movement_id, line.sequence
"""

NEXT_MATCH_ID: Final = "SELECT coalesce(max(match_id), 0) + 1 FROM ledger.bank_match"
ADD_MATCHES: Final = """
INSERT INTO ledger.bank_match (match_id, account, rule, note, matched_by, matched_at_us)
SELECT match_id, $3, rule, $4, $5, $6 FROM unnest($1::bigint[], $2::text[]) AS fresh (match_id, rule)
"""
ADD_MATCH_LINES: Final = """
INSERT INTO ledger.bank_match_line (match_id, movement_id, sequence)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])
"""
MOVEMENTS_NAMED: Final = """
SELECT movement_id, amount, booked_at_us, EXISTS (
    SELECT FROM ledger.bank_match_line matched WHERE matched.movement_id = line.movement_id
) AS is_matched
FROM ledger.bank_line line WHERE account = $1 AND movement_id = any($2::bigint[])
"""
POSTINGS_NAMED: Final = """
SELECT sequence, amount, booked_at_us, EXISTS (
    SELECT FROM ledger.bank_match_line matched WHERE matched.sequence = posting.sequence
) AS is_matched
FROM ledger.bank_posting posting WHERE account = $1 AND sequence = any($2::bigint[])
"""

NEXT_WRITE_OFF_ID: Final = "SELECT coalesce(max(proposal_id), 0) + 1 FROM ledger.write_off_proposal"
ADD_WRITE_OFF: Final = """
INSERT INTO ledger.write_off_proposal (
    proposal_id, account, against, movement_ids, sequences, amount, currency, event_at_us, note, proposed_by,
    proposed_at_us
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
"""
WRITE_OFFS: Final = """
SELECT proposal.*, decision.is_confirmed, decision.note AS decision_note, decision.decided_by,
    decision.decided_at_us, decision.transfer_id
FROM ledger.write_off_proposal proposal LEFT JOIN ledger.write_off_decision decision USING (proposal_id)
WHERE ($1::bigint IS NULL OR proposal_id = $1) AND ($2::boolean IS NULL OR (decided_by IS NULL) = $2)
ORDER BY proposal_id
"""
DECIDE_WRITE_OFF: Final = """
INSERT INTO ledger.write_off_decision (proposal_id, is_confirmed, note, decided_by, decided_at_us, transfer_id)
VALUES ($1, $2, $3, $4, $5, $6)
"""

Row = Any  # asyncpg.Record; the driver has no types
Connection = Any


class Told(msgspec.Struct, frozen=True):
    """What a line says of itself to people."""

    reference: str
    party: str


class Lines(msgspec.Struct, frozen=True):
    """The lines of an account that have no counterpart yet, and what they say to people."""

    bank: list[Line]
    books: list[Line]
    told_bank: dict[int, Told]
    told_books: dict[int, Told]


class BankFigures(msgspec.Struct, frozen=True):
    """What statements say of a day: `closing` is None where a statement gives no balance."""

    accounts: int
    has_statement: bool
    is_missing: bool
    came_in: Amount
    went_out: Amount
    closing: Amount | None


class MatchedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a match; one of the two ids is set."""

    match_id: int
    movement_id: int | None
    sequence: int | None
    day: date
    amount: Amount
    told: Told


class NamedLine(msgspec.Struct, frozen=True):
    """A line that a person names."""

    amount: Amount
    at_us: int
    is_matched: bool


# Lines and figures


async def bank_accounts(connection: Connection) -> list[tuple[AccountCode, Currency]]:
    """Return the accounts of the books that stand for money at banks."""
    return [(row["code"], row["currency"]) for row in await connection.fetch(BANK_ACCOUNTS)]


async def unmatched_lines(connection: Connection, account: AccountCode, time_zone: str) -> Lines:
    """Return what has no counterpart yet, on both sides."""
    movements = await connection.fetch(UNMATCHED_MOVEMENTS, account)
    postings = await connection.fetch(UNMATCHED_POSTINGS, account)
    return Lines(
        bank=[_movement_line(row) for row in movements],
        books=[_posting_line(row, time_zone) for row in postings],
        told_bank={
            row["movement_id"]: Told(row["bank_reference"], row["counterparty_name"]) for row in movements
        },
        told_books={row["sequence"]: Told(row["reference"], row["memo"]) for row in postings},
    )


def _movement_line(row: Row) -> Line:
    said = (
        (Rule.RECEIPT, row["receipt_id"]),
        (Rule.PAYOUT, _directed(row["payout_id"], row["amount"])),
        (Rule.ENTRY, row["entry_reference"] or row["bank_reference"]),
        (Rule.END_TO_END, _directed(row["end_to_end_id"], row["amount"])),
        (Rule.REFERENCE, _directed(row["bank_reference"], row["amount"])),
    )
    return Line(
        id=row["movement_id"],
        day=row["booked_on"],
        amount=row["amount"],
        keys=_keys(said),
        is_repeated=row["is_repeated"],
    )


def _posting_line(row: Row, time_zone: str) -> Line:
    reversed_id = row["reversed_id"]
    said = (
        (Rule.RECEIPT, row["receipt_id"]),
        (Rule.PAYOUT, _directed(row["payout_id"], row["amount"])),
        (Rule.REVERSAL, None if reversed_id is None else reversed_id.hex),
        (Rule.ENTRY, row["entry_reference"]),
        (Rule.END_TO_END, _directed(row["reference"], row["amount"])),
        (Rule.REFERENCE, _directed(row["reference"], row["amount"])),
    )
    return Line(
        id=row["sequence"],
        day=accounting_day(row["booked_at_us"], time_zone),
        amount=row["amount"],
        keys=_keys(said),
    )


def _keys(said: Iterable[tuple[Rule, str | None]]) -> tuple[Key, ...]:
    return tuple(Key(rule, value) for rule, value in said if value)


def _directed(value: object, amount: Amount) -> str | None:
    """Return a name with the direction of the money: what goes out and comes back carries the same name."""
    return f"{'in' if amount > 0 else 'out'}:{value}" if value else None


async def bank_figures(connection: Connection, account: AccountCode, day: date) -> BankFigures:
    """Return what statements say of a day, over all accounts at the bank that the account stands for."""
    rows = await connection.fetch(BANK_SIDE, account, day)
    closings = [row["closing"] for row in rows if row["closing"] is not None]
    return BankFigures(
        accounts=len(rows),
        has_statement=any(row["has_statement"] for row in rows),
        is_missing=not rows or not all(row["has_statement"] or row["has_later_statement"] for row in rows),
        came_in=sum(row["came_in"] for row in rows),
        went_out=sum(row["went_out"] for row in rows),
        closing=sum(closings) if closings else None,
    )


async def books_side(
    connection: Connection, account: AccountCode, begins_at_us: int, ends_at_us: int
) -> tuple[BankSide, int]:
    """Return what the books say of a day, and of how many postings."""
    row = await connection.fetchrow(BOOKS_SIDE, account, begins_at_us, ends_at_us)
    closing = row["opening"] + row["came_in"] - row["went_out"]
    side = BankSide(opening=row["opening"], came_in=row["came_in"], went_out=row["went_out"], closing=closing)
    return side, row["postings"]


async def opening_written_off(connection: Connection, account: AccountCode) -> Amount:
    """Return what the bank held before the books began, as far as it has been booked."""
    amount: Amount = await connection.fetchval(OPENING_WRITTEN_OFF, account)
    return amount


async def matches_of_day(
    connection: Connection, account: AccountCode, day: date, span: tuple[int, int], time_zone: str
) -> list[MatchedLine]:
    """Return all lines of the matches that have a line on a day, in order of match."""
    rows = await connection.fetch(MATCHES_OF_DAY, account, day, *span)
    return [_matched_line(row, time_zone) for row in rows]


def _matched_line(row: Row, time_zone: str) -> MatchedLine:
    is_bank = row["movement_id"] is not None
    return MatchedLine(
        match_id=row["match_id"],
        movement_id=row["movement_id"],
        sequence=row["sequence"],
        day=row["booked_on"] if is_bank else accounting_day(row["booked_at_us"], time_zone),
        amount=row["bank_amount"] if is_bank else row["books_amount"],
        told=Told(row["reference"], row["party"]),
    )


# Matches


async def add_matches(
    connection: Connection, account: AccountCode, matches: Sequence[Match], note: str, by: int, at_us: int
) -> None:
    """Write that lines are the same money; the chain's head, which is held, orders the numbers."""
    first: int = await connection.fetchval(NEXT_MATCH_ID)
    numbered = list(enumerate(matches, start=first))
    ids, rules = [id for id, _ in numbered], [match.rule.value for _, match in numbered]
    await connection.execute(ADD_MATCHES, ids, rules, account, note, by, at_us)
    lines: list[tuple[int, int | None, int | None]] = []
    for match_id, match in numbered:
        lines += [(match_id, movement_id, None) for movement_id in match.movement_ids]
        lines += [(match_id, None, sequence) for sequence in match.sequences]
    await connection.execute(ADD_MATCH_LINES, *(list(column) for column in zip(*lines, strict=True)))


async def movements_named(
    connection: Connection, account: AccountCode, movement_ids: Collection[int]
) -> dict[int, NamedLine]:
    """Return movements of an account by their ids; those that are not there are left out."""
    rows = await connection.fetch(MOVEMENTS_NAMED, account, list(movement_ids))
    return {row["movement_id"]: _named(row) for row in rows}


async def postings_named(
    connection: Connection, account: AccountCode, sequences: Collection[int]
) -> dict[int, NamedLine]:
    """Return postings on an account by their sequences; those that are not there are left out."""
    rows = await connection.fetch(POSTINGS_NAMED, account, list(sequences))
    return {row["sequence"]: _named(row) for row in rows}


def _named(row: Row) -> NamedLine:
    return NamedLine(row["amount"], row["booked_at_us"], row["is_matched"])


# Write-offs


async def add_write_off(connection: Connection, write_off: WriteOff) -> WriteOff:
    """Write what somebody wants booked away, and return it with its number."""
    numbered = msgspec.structs.replace(write_off, proposal_id=await connection.fetchval(NEXT_WRITE_OFF_ID))
    await connection.execute(
        ADD_WRITE_OFF,
        numbered.proposal_id,
        numbered.account,
        numbered.against.value,
        list(numbered.movement_ids),
        list(numbered.sequences),
        numbered.amount,
        numbered.currency,
        numbered.event_at_us,
        numbered.note,
        numbered.proposed_by,
        numbered.proposed_at_us,
    )
    return numbered


async def write_offs(
    connection: Connection, proposal_id: int | None = None, is_open: bool | None = None
) -> list[WriteOff]:
    """Return write-offs in order; one by its number, those that wait or those that do not, when asked."""
    return [_write_off(row) for row in await connection.fetch(WRITE_OFFS, proposal_id, is_open)]


async def decide_write_off(
    connection: Connection,
    proposal_id: int,
    is_confirmed: bool,
    note: str,
    by: int,
    at_us: int,
    transfer_id: UUID | None,
) -> None:
    """Write what the second person said."""
    await connection.execute(DECIDE_WRITE_OFF, proposal_id, is_confirmed, note, by, at_us, transfer_id)


def _write_off(row: Row) -> WriteOff:
    return WriteOff(
        proposal_id=row["proposal_id"],
        account=row["account"],
        against=Against(row["against"]),
        movement_ids=tuple(row["movement_ids"]),
        sequences=tuple(row["sequences"]),
        amount=row["amount"],
        currency=row["currency"],
        event_at_us=row["event_at_us"],
        note=row["note"],
        proposed_by=row["proposed_by"],
        proposed_at_us=row["proposed_at_us"],
        is_confirmed=row["is_confirmed"],
        decision_note=row["decision_note"] or "",
        decided_by=row["decided_by"],
        decided_at_us=row["decided_at_us"],
        transfer_id=None if row["transfer_id"] is None else UUID(int=row["transfer_id"].int),
    )
