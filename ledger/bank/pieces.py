"""Large files: looked at as a whole without holding anybody up, then booked ahead in pieces.

All postings of the ledger have one order, so whoever posts waits for the transaction before his. A file of many
movements therefore takes three walks. The first decides everything on a snapshot: what refuses the file refuses it
here. The second books the receipts, so many to a transaction, and lets others post in between. The third, in one
transaction as for every file, enters the statement with its movements, and finds the receipts booked.

If the process ends between the second and the third, the file is not taken; taken again, it finds its receipts booked,
as if they had been entered by hand. They are what the bank says either way.

Here belong the first two walks. Not here: the third (intake), decisions (booking).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from ledger.accounts import suspense
from ledger.bank import postgres as rows
from ledger.bank.booking import Booked
from ledger.bank.records import MovementLine, MovementOutcome, MovementRow, Note, OutcomeTotal, StatementLine
from ledger.bank.spool import Spool
from ledger.bank.statements import Movement, Statement, Warned
from ledger.bank.walk import Named, Walk
from ledger.postgres import Desk, PostgresLedgerStore
from ledger.records import SuspenseReason
from ledger.units import Amount, Currency

AT_ONCE_MAX: Final = 1_000
"""A file with more movements than this is booked ahead in pieces."""
PIECE_MOVEMENTS: Final = 250
"""So many are booked in one transaction, for which others wait."""


class Ahead(msgspec.Struct, frozen=True):
    """What came of a receipt that was booked ahead."""

    outcome: MovementOutcome
    reason: SuspenseReason | None
    note: Note | None
    note_amount: Amount


class Survey(Walk):
    """The first walk: decides everything on one snapshot, and sums up what would come of it.

    Args:
        lines_max: keep so many movements for the report.
    """

    def __init__(
        self,
        spool: Spool,
        sender: str | None,
        tolerance: Amount,
        connection: Any,
        ids: rows.NextIds,
        lines_max: int,
    ) -> None:
        super().__init__(spool, sender, tolerance, connection, ids.statement_id)
        self._movement_id = ids.movement_id
        self._lines_max = lines_max
        self._suspended: list[MovementLine] = []
        self._others: list[MovementLine] = []
        self._counts: Counter[tuple[Currency, MovementOutcome]] = Counter()
        self._sums: Counter[tuple[Currency, MovementOutcome]] = Counter()
        self.statements: list[StatementLine] = []
        self.lots: set[int] = set()

    @property
    def warnings(self) -> list[Warned]:
        """What a person should look at."""
        return self._warnings

    @property
    def lines(self) -> list[MovementLine]:
        """The first movements, those in suspense before the others."""
        return (self._suspended + self._others)[: self._lines_max]

    @property
    def totals(self) -> list[OutcomeTotal]:
        """How many movements have which outcome."""
        return [
            OutcomeTotal(currency=key[0], outcome=key[1], movements=count, amount=self._sums[key])
            for key, count in sorted(self._counts.items())
        ]

    async def _book(self, movements: Sequence[Movement]) -> None:
        for made in await self._decided(self._named(movements)):
            self._note(made)

    async def _close(self, line: StatementLine) -> None:
        self.statements.append(line)

    def _note(self, made: Booked) -> None:
        row, movement = made.row, made.row.movement
        key = movement.currency, row.outcome
        self._counts[key] += 1
        self._sums[key] += movement.amount
        record = None if made.draft is None else made.draft.answer.record
        if record is not None and record.lot_id is not None and row.outcome is MovementOutcome.CREDITED:
            self.lots.add(record.lot_id)
        kept = self._suspended if row.outcome is MovementOutcome.SUSPENSE else self._others
        if len(kept) < self._lines_max:
            lot, bidder = (None, None) if record is None else (record.lot_id, record.bidder_id)
            kept.append(_line(row, self._movement_id, lot, bidder))
        self._movement_id += 1


class AheadBooking(Walk):
    """The second walk: books the receipts that are new, piece by piece, and remembers what came of them."""

    def __init__(
        self, store: PostgresLedgerStore, spool: Spool, sender: str | None, tolerance: Amount
    ) -> None:
        super().__init__(spool, sender, tolerance, None, 0)
        self._store = store
        self.booked: dict[str, Ahead] = {}
        self._alike: dict[Ahead, Ahead] = {}

    async def _begin(self, statement: Statement) -> None:
        async with self._store.snapshot() as self._connection:
            await super()._begin(statement)

    async def _book(self, movements: Sequence[Movement]) -> None:
        named = self._named(movements)
        for begin in range(0, len(named), PIECE_MOVEMENTS):
            await self._book_piece(named[begin : begin + PIECE_MOVEMENTS])

    async def _book_piece(self, named: Sequence[Named]) -> None:
        async def work(desk: Desk) -> list[Booked]:
            self._connection = desk.connection
            made = [one for one in await self._decided(named) if _is_bookable_ahead(one)]
            await self._post(desk, made)
            return made

        for made in await self._store.at_desk(work):
            self._remember(made.row)

    async def _post(self, desk: Desk, made: Sequence[Booked]) -> None:
        if not made:
            return
        assert self._account is not None and self._bank is not None, "movements stand in a statement"
        transfers = [transfer for one in made if one.draft for transfer in one.draft.transfers]
        await desk.post(transfers, (self._bank, suspense(self._account.currency)))
        records = [one.draft.receipt for one in made if one.draft and one.draft.receipt]
        await rows.add_receipts(desk.connection, records)

    async def _close(self, line: StatementLine) -> None:
        """Leave the statement to the last walk."""

    def _remember(self, row: MovementRow) -> None:
        assert row.receipt_id is not None, "what is booked has a receipt"
        ahead = Ahead(row.outcome, row.reason, row.note, row.note_amount)
        self.booked[row.receipt_id] = self._alike.setdefault(ahead, ahead)


def as_booked_ahead(row: MovementRow, ahead: Mapping[str, Ahead], told: set[str]) -> MovementRow:
    """Return a movement with what came of its receipt when that was booked ahead; `told` are those done before."""
    booked = None if row.receipt_id is None or row.receipt_id in told else ahead.get(row.receipt_id)
    if booked is None or row.receipt_id is None or row.outcome is not MovementOutcome.DUPLICATE:
        return row
    told.add(row.receipt_id)
    return msgspec.structs.replace(
        row, outcome=booked.outcome, reason=booked.reason, note=booked.note, note_amount=booked.note_amount
    )


def _is_bookable_ahead(made: Booked) -> bool:
    """Tell whether a receipt can be booked by itself; parts of one that was booked as a whole replace it together."""
    return made.draft is not None and made.replaces is None


def _line(row: MovementRow, movement_id: int, lot_id: int | None, bidder_id: int | None) -> MovementLine:
    movement = row.movement
    return MovementLine(
        movement_id=movement_id,
        statement_id=row.statement_id,
        slug=row.slug,
        line=movement.line,
        bank_reference=row.bank_reference,
        amount=movement.amount,
        currency=movement.currency,
        booked_on=row.booked_on,
        booked_at_us=row.booked_at_us,
        counterparty_name=movement.counterparty_name,
        counterparty_account=movement.counterparty_account,
        remittance=movement.remittance,
        end_to_end_id=movement.end_to_end_id,
        outcome=row.outcome,
        reason=row.reason,
        note=row.note,
        note_amount=row.note_amount,
        receipt_id=row.receipt_id,
        payout_id=row.payout_id,
        lot_id=lot_id,
        bidder_id=bidder_id,
    )
