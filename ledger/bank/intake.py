"""Bank files in: each once, whole or not at all, with a report.

Here belongs the service that takes files; one file is one transaction of the ledger. It is read and judged before, and
booked in chunks out of a spool, so that memory stays flat and others wait for the booking alone. Not here: formats
(reading), decisions on single movements (booking), SQL (postgres), who may do it (roles are the gateways').
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Sequence
from io import BytesIO
from typing import BinaryIO, Final

import msgspec

from ledger.accounts import Account, suspense
from ledger.bank import postgres as rows
from ledger.bank.booking import (
    Booked,
    Knowledge,
    decided,
    made_up_reference,
    receipt_id,
    references_of,
    split_transfer,
    split_transfer_id,
)
from ledger.bank.postgres import NextIds
from ledger.bank.reading import parts
from ledger.bank.records import (
    BankAccount,
    Channel,
    IntakeRefused,
    IntakeReport,
    KnownReceipt,
    MovementLine,
    MovementRow,
    StatementLine,
    TakenFile,
)
from ledger.bank.spool import Spool
from ledger.bank.statements import (
    FILE_BYTES_MAX,
    Balance,
    Caution,
    Examination,
    Fault,
    FileRefused,
    Movement,
    Part,
    Problem,
    Statement,
    StatementEnd,
    StatementKind,
    Warned,
    examined,
)
from ledger.bank.values import day_text, plain_text
from ledger.postgres import Desk, PostgresLedgerStore, positions_with
from ledger.units import Amount, decimal_text

LINES_MAX: Final = 1_000
HASH_BYTES: Final = 1024 * 1024
NAME_LENGTH_MAX: Final = 200


class _Undone(Exception):
    """Carries the report of a preview out of the transaction that it rolls back."""

    def __init__(self, report: IntakeReport) -> None:
        super().__init__("a preview leaves nothing behind")
        self.report = report


class _Taken(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it came, judged by itself."""

    spool: Spool
    sha256: bytes
    size: int
    name: str
    channel: Channel
    sender: str | None
    by: int
    examination: Examination


class BankIntake:
    """Takes files of banks, for several processes at once.

    Args:
        store: the ledger in PostgreSQL.
        overpayment_tolerance: minor units that a deposit may be overpaid by without a note in the report.

    Raises: every method may raise LedgerUnavailable (take the file again: if it was taken, the answer is its
        report) and LedgerStoreError.
    """

    def __init__(self, store: PostgresLedgerStore, *, overpayment_tolerance: Amount = 0) -> None:
        self._store = store
        self._tolerance = overpayment_tolerance

    async def take(
        self,
        content: bytes | BinaryIO,
        by: int,
        *,
        name: str = "",
        channel: Channel = Channel.UPLOAD,
        sender: str | None = None,
        accepts_repeats: bool = False,
    ) -> IntakeReport | IntakeRefused:
        """Take a file: book every movement and receipt of it, or nothing.

        The same content again is answered with the first report.

        Args:
            content: the file, or a seekable binary file object; formats are recognised by content.
            by: who gives it; 0 for a bank that pushes it.
            name: of the file, for people.
            channel: the way on which it came.
            sender: short name of the only bank account that the sender may speak of; None for any.
            accepts_repeats: a person has seen that movements alike in all but the bank's reference are different.

        Refuses: IntakeRefused with a Problem.
        """
        return await self._take(content, by, name, channel, sender, accepts_repeats, is_preview=False)

    async def preview(
        self,
        content: bytes | BinaryIO,
        by: int,
        *,
        name: str = "",
        sender: str | None = None,
        accepts_repeats: bool = False,
    ) -> IntakeReport | IntakeRefused:
        """Tell what `take` would do now; leaves nothing behind.

        Refuses: as `take`.
        """
        return await self._take(content, by, name, Channel.UPLOAD, sender, accepts_repeats, is_preview=True)

    async def report(self, file_id: int) -> IntakeReport | None:
        """Return the report of a file that was taken."""
        async with self._store.snapshot() as connection:
            return await _report(connection, file_id, is_new=False, is_preview=False)

    async def files(self, before: int | None = None, limit: int = 100) -> list[TakenFile]:
        """Return a page of files, the latest first.

        Args:
            before: only files with a smaller id.
            limit: at most so many.
        """
        async with self._store.snapshot() as connection:
            return await rows.files(connection, before, limit)

    async def movements(self, file_id: int, after: int = 0, limit: int = 1_000) -> list[MovementLine]:
        """Return a page of a file's movements in its order.

        Args:
            file_id: the file.
            after: only movements with a greater id.
            limit: at most so many.
        """
        async with self._store.snapshot() as connection:
            ids = [line.statement_id for line in await rows.statements(connection, file_id)]
            return await rows.lines_after(connection, ids, after, limit)

    async def _take(
        self,
        content: bytes | BinaryIO,
        by: int,
        name: str,
        channel: Channel,
        sender: str | None,
        accepts_repeats: bool,
        *,
        is_preview: bool,
    ) -> IntakeReport | IntakeRefused:
        source = BytesIO(content) if isinstance(content, bytes) else content
        with Spool() as spool:
            taken = await asyncio.to_thread(
                _examined, source, spool, name, channel, sender, by, accepts_repeats
            )
            return taken if isinstance(taken, IntakeRefused) else await self._book(taken, is_preview)

    async def _book(self, taken: _Taken, is_preview: bool) -> IntakeReport | IntakeRefused:
        async def work(desk: Desk) -> IntakeReport | IntakeRefused:
            report = await _booked(desk, taken, self._tolerance)
            if is_preview and isinstance(report, IntakeReport):
                raise _Undone(msgspec.structs.replace(report, is_preview=True))
            return report

        try:
            return await self._store.at_desk(work)
        except _Undone as undone:
            return undone.report
        except FileRefused as refused:
            return _refused([refused.fault])


def _examined(
    source: BinaryIO,
    spool: Spool,
    name: str,
    channel: Channel,
    sender: str | None,
    by: int,
    accepts_repeats: bool,
) -> _Taken | IntakeRefused:
    size = source.seek(0, 2)
    if size > FILE_BYTES_MAX:
        return _refused([Fault(problem=Problem.TOO_LARGE, detail=f"{size} > {FILE_BYTES_MAX} bytes")])
    examination = examined(spool.keeping(parts(source)), accepts_repeats=accepts_repeats)
    if examination.faults:
        return _refused(examination.faults)
    return _Taken(
        spool=spool,
        sha256=_sha256(source),
        size=size,
        name=plain_text(name, NAME_LENGTH_MAX),
        channel=channel,
        sender=sender,
        by=by,
        examination=examination,
    )


def _sha256(source: BinaryIO) -> bytes:
    source.seek(0)
    digest = hashlib.sha256()
    while piece := source.read(HASH_BYTES):
        digest.update(piece)
    return digest.digest()


def _refused(faults: Sequence[Fault], file_id: int | None = None) -> IntakeRefused:
    return IntakeRefused(problem=faults[0].problem, faults=tuple(faults), file_id=file_id)


# One file, in the ledger's transaction


async def _booked(desk: Desk, taken: _Taken, tolerance: Amount) -> IntakeReport | IntakeRefused:
    earlier = await rows.file_with_content(desk.connection, taken.sha256)
    if earlier is not None:
        report = await _report(desk.connection, earlier, is_new=False, is_preview=False)
        assert report is not None, "a file that was taken stays"
        return report
    message_key = _message_key(taken.examination)
    earlier = await rows.file_with_message(desk.connection, message_key)
    if earlier is not None:
        fault = Fault(problem=Problem.MESSAGE_ID_REUSED, detail=message_key)
        return _refused([fault], earlier)
    writing = _Writing(desk, taken, tolerance, await rows.next_ids(desk.connection))
    await writing.write()
    await writing.add_file(message_key)
    report = await _report(desk.connection, writing.file_id, is_new=True, is_preview=False)
    assert report is not None, "it was just written"
    return report


def _message_key(examination: Examination) -> str:
    """Name a message by what makes it unique; empty where its format gives no name."""
    file = examination.file
    if file is None or not file.message_id:
        return ""
    account = examination.statements[0].account if examination.statements else ""
    family = file.format.rpartition(".001.")[0] or file.format
    return f"{family}/{account}/{file.message_id}/{file.page}"


class _Writing:
    """One file on its way into the ledger."""

    def __init__(self, desk: Desk, taken: _Taken, tolerance: Amount, ids: NextIds) -> None:
        self._desk = desk
        self._taken = taken
        self._tolerance = tolerance
        self._ids = ids
        self._warnings = list(taken.examination.warnings)
        self._account: BankAccount | None = None
        self._bank: Account | None = None
        self._statement: Statement | None = None
        self._gap: Amount | None = None
        self._credits = self._debits = self._movements = 0
        self._made_up: Counter[str] = Counter()
        self._split: set[str] = set()
        self.file_id = ids.file_id

    async def write(self) -> None:
        spool = self._taken.spool
        spool.rewind()
        while chunk := await asyncio.to_thread(spool.chunk):
            await self._write_chunk(chunk)

    async def add_file(self, message_key: str) -> None:
        taken, file = self._taken, self._taken.examination.file
        assert file is not None, "a file without name has a fault"
        row = TakenFile(
            file_id=self.file_id,
            sha256=taken.sha256.hex(),
            bytes=taken.size,
            name=taken.name,
            channel=taken.channel,
            format=file.format,
            message_key=message_key,
            taken_by=taken.by,
            taken_at_us=self._desk.now_us,
        )
        await rows.add_file(self._desk.connection, row, self._warnings)

    async def _write_chunk(self, chunk: Sequence[Part]) -> None:
        """Write parts in order; movements between two heads are written together."""
        movements: list[Movement] = []
        for part in chunk:
            if isinstance(part, Movement):
                movements.append(part)
                continue
            await self._write_movements(movements)
            movements = []
            if isinstance(part, Statement):
                await self._begin(part)
            elif isinstance(part, StatementEnd):
                await self._end(part.statement)
        await self._write_movements(movements)

    async def _begin(self, statement: Statement) -> None:
        connection = self._desk.connection
        found = await rows.bank_accounts_of_number(connection, statement.account)
        account = _account_for(statement, found)
        if account is None:
            raise FileRefused(_account_fault(statement, found))
        if self._taken.sender not in (None, account.slug):
            raise FileRefused(_statement_fault(Problem.ACCOUNT_NOT_OF_SENDER, statement, account.slug))
        if statement.kind is StatementKind.STATEMENT:
            closes_on = _day(statement.closing)
            earlier = await rows.same_statement(
                connection, account.slug, statement.name, statement.page, closes_on
            )
            if earlier is not None:
                detail = f"{statement.name}: file {earlier}"
                raise FileRefused(_statement_fault(Problem.STATEMENT_ALREADY_TAKEN, statement, detail))
        self._account = account
        self._bank = await self._ledger_account(account)
        self._statement = statement
        self._credits = self._debits = self._movements = 0
        self._gap = await self._chain_gap(statement, account)

    async def _ledger_account(self, account: BankAccount) -> Account:
        """Return the balance that the account's money is booked on, as it is defined."""
        return await rows.ledger_account(self._desk.connection, account.account)

    async def _chain_gap(self, statement: Statement, account: BankAccount) -> Amount | None:
        opening = statement.opening
        if opening is None:
            return None
        before = await rows.closing_before(self._desk.connection, account.slug, _day(opening))
        if before is None:
            return None
        gap = opening.amount - before
        if gap:
            currency = account.currency
            self._warnings.append(
                Warned(
                    caution=Caution.CHAIN_BROKEN,
                    line=statement.line,
                    place=statement.place,
                    detail=f"{decimal_text(before, currency)} != {decimal_text(opening.amount, currency)} {currency}",
                    difference=gap,
                )
            )
        return gap

    async def _end(self, statement: Statement) -> None:
        assert self._account is not None, "a statement begins before it ends"
        line = StatementLine(
            statement_id=self._ids.statement_id,
            slug=self._account.slug,
            kind=statement.kind,
            name=statement.name,
            page=statement.page,
            currency=self._account.currency,
            opens_on=_day(statement.opening),
            closes_on=_day(statement.closing),
            opening=None if statement.opening is None else statement.opening.amount,
            closing=None if statement.closing is None else statement.closing.amount,
            credits=self._credits,
            debits=self._debits,
            movements=self._movements,
            chain_gap=self._gap,
        )
        await rows.add_statement(self._desk.connection, self.file_id, line)
        self._ids.statement_id += 1
        self._statement = None

    # Movements

    async def _write_movements(self, movements: Sequence[Movement]) -> None:
        if not movements:
            return
        assert self._account is not None and self._bank is not None, "movements stand in a statement"
        account, bank = self._account, self._bank
        named = [(movement, self._reference(movement, account)) for movement in movements]
        known = await self._knowledge(named, account)
        outcomes: list[MovementRow] = []
        drafted: list[Booked] = []
        for movement, reference in named:
            _check_currency(movement, account)
            made = decided(movement, self._ids.statement_id, account, bank, reference, known)
            outcomes.append(made.row)
            if made.draft is not None:
                drafted.append(made)
                _remember(made, known)
            self._count(movement)
        await self._post(drafted, bank, account)
        await rows.add_movements(self._desk.connection, self._ids.movement_id, outcomes)
        self._ids.movement_id += len(outcomes)

    def _reference(self, movement: Movement, account: BankAccount) -> str:
        return movement.bank_reference or made_up_reference(account.slug, movement, self._made_up)

    async def _knowledge(self, named: Sequence[tuple[Movement, str]], account: BankAccount) -> Knowledge:
        connection = self._desk.connection
        credits = [(movement, reference) for movement, reference in named if movement.amount > 0]
        bare = {reference for _, reference in credits}
        whole = {movement.entry_reference for movement, _ in credits if movement.entry_reference}
        ids = bare | {receipt_id(account.slug, reference) for reference in bare | whole}
        wanted = {reference for movement, _ in credits for reference in references_of(movement)}
        found = await positions_with(connection, sorted(wanted)) if wanted else []
        return Knowledge(
            receipts=await rows.receipts_named(connection, sorted(ids)) if ids else {},
            in_parts=await rows.entries_in_parts(connection, sorted(bare), [account.slug]) if bare else {},
            positions={position.record.reference: position for position in found},
            received=Counter(),
            tolerance=self._tolerance,
        )

    async def _post(self, drafted: Sequence[Booked], bank: Account, account: BankAccount) -> None:
        if not drafted:
            return
        replaced = {made.replaces.receipt_id: made for made in drafted if made.replaces is not None}
        due = [made for receipt, made in replaced.items() if receipt not in self._split]
        held = suspense(account.currency)
        transfers = [transfer for made in drafted if made.draft for transfer in made.draft.transfers]
        for made in due:
            assert made.replaces is not None
            # after the parts, so that the bank's balance never seems to have gone out
            transfers.append(split_transfer(made.replaces, bank, held, made.row.booked_at_us))
        await self._desk.post(transfers, (bank, held))
        records = [made.draft.receipt for made in drafted if made.draft and made.draft.receipt]
        await rows.add_receipts(self._desk.connection, records)
        for receipt in replaced.keys() - self._split:
            await rows.add_act(
                self._desk.connection,
                receipt,
                "split",
                transfer_id=split_transfer_id(receipt),
                by=self._taken.by,
                at_us=self._desk.now_us,
            )
        self._split |= replaced.keys()

    def _count(self, movement: Movement) -> None:
        if movement.is_booked:
            self._movements += 1
            self._credits += max(movement.amount, 0)
            self._debits += max(-movement.amount, 0)


def _remember(made: Booked, known: Knowledge) -> None:
    """Let the rest of the chunk know of a receipt that is about to be written."""
    receipt = made.row.receipt_id
    assert receipt is not None, "what is drafted has a receipt"
    known.receipts[receipt] = KnownReceipt(
        receipt_id=receipt,
        amount=made.row.movement.amount,
        currency=made.row.movement.currency,
        is_in_suspense=False,
        is_split=False,
        is_acted_on=False,
    )


def _account_for(statement: Statement, found: Sequence[BankAccount]) -> BankAccount | None:
    """Choose the account of a statement's number: that of its currency, else the only one when it names none."""
    if statement.currency:
        return next((account for account in found if account.currency == statement.currency), None)
    return found[0] if len(found) == 1 else None


def _account_fault(statement: Statement, found: Sequence[BankAccount]) -> Fault:
    if not found:
        return _statement_fault(Problem.ACCOUNT_UNKNOWN, statement, statement.account)
    currencies = ", ".join(account.currency for account in found)
    detail = f"{statement.currency or 'no currency'}; {statement.account}: {currencies}"
    return _statement_fault(Problem.CURRENCY_DIFFERS, statement, detail)


def _statement_fault(problem: Problem, statement: Statement, detail: str) -> Fault:
    return Fault(problem=problem, line=statement.line, place=statement.place, detail=detail)


def _check_currency(movement: Movement, account: BankAccount) -> None:
    if movement.currency != account.currency:
        detail = f"{movement.currency}, account in {account.currency}"
        raise FileRefused(
            Fault(problem=Problem.CURRENCY_DIFFERS, line=movement.line, place=movement.place, detail=detail)
        )


def _day(balance: Balance | None) -> str | None:
    return None if balance is None or balance.when is None else day_text(balance.when.day)


async def _report(
    connection: rows.Connection, file_id: int, *, is_new: bool, is_preview: bool
) -> IntakeReport | None:
    found = await rows.file(connection, file_id)
    if found is None:
        return None
    file, warnings = found
    statements = await rows.statements(connection, file_id)
    ids = [line.statement_id for line in statements]
    totals = await rows.totals(connection, ids)
    return IntakeReport(
        file=file,
        is_new=is_new,
        is_preview=is_preview,
        statements=tuple(statements),
        totals=tuple(totals),
        warnings=warnings,
        movements=sum(total.movements for total in totals),
        lines=tuple(await rows.first_lines(connection, ids, LINES_MAX)),
        lots=tuple(await rows.lots(connection, ids)),
    )
