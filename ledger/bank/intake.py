"""Bank files in: each once, whole or not at all, with a report.

Here belongs the service that takes files. A file is read and judged before, and written out of a spool in one
transaction of the ledger, so that memory stays flat and others wait for the writing alone; the receipts of a large one
are booked ahead in pieces (pieces). Not here: formats (reading), decisions on single movements (booking), SQL
(postgres), who may do it (roles are the gateways').
"""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import BinaryIO, Final

import msgspec

from ledger.accounts import Account, suspense
from ledger.bank import postgres as rows
from ledger.bank.booking import Booked, split_transfer, split_transfer_id
from ledger.bank.pieces import AT_ONCE_MAX, Ahead, AheadBooking, Survey, as_booked_ahead
from ledger.bank.postgres import NextIds
from ledger.bank.reading import parts
from ledger.bank.records import (
    BankAccount,
    Channel,
    IntakeRefused,
    IntakeReport,
    MovementLine,
    StatementLine,
    TakenFile,
)
from ledger.bank.spool import Spool
from ledger.bank.statements import (
    FILE_BYTES_MAX,
    Examination,
    Fault,
    FileRefused,
    Movement,
    Problem,
    examined,
)
from ledger.bank.values import plain_text
from ledger.bank.walk import Walk
from ledger.postgres import Desk, PostgresLedgerStore
from ledger.units import Amount

LINES_MAX: Final = 1_000
NOW: Final = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
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
        at_once_max: the receipts of a file with more movements are booked ahead in pieces.

    Raises: every method may raise LedgerUnavailable (take the file again: if it was taken, the answer is its
        report) and LedgerStoreError.
    """

    def __init__(
        self, store: PostgresLedgerStore, *, overpayment_tolerance: Amount = 0, at_once_max: int = AT_ONCE_MAX
    ) -> None:
        self._store = store
        self._at_once_max = at_once_max
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

        The same content again is answered with the first report. Of a file with more than `at_once_max` movements what
        was booked ahead stays where the taking is cut off, or refused for what happened meanwhile; taken again, the
        file finds it booked.

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
        sha256 = await asyncio.to_thread(_sha256, source)
        known = await self._report_of(sha256, is_preview)
        if known is not None:
            return known
        with Spool() as spool:
            taken = await asyncio.to_thread(
                _examined, source, sha256, spool, name, channel, sender, by, accepts_repeats
            )
            return taken if isinstance(taken, IntakeRefused) else await self._book(taken, is_preview)

    async def _report_of(self, sha256: bytes, is_preview: bool) -> IntakeReport | None:
        """Return the report of a content that was taken, which need not be read again."""
        async with self._store.snapshot() as connection:
            earlier = await rows.file_with_content(connection, sha256)
            if earlier is None:
                return None
            return await _report(connection, earlier, is_new=False, is_preview=is_preview)

    async def _book(self, taken: _Taken, is_preview: bool) -> IntakeReport | IntakeRefused:
        if taken.examination.movements <= self._at_once_max:
            return await self._write(taken, is_preview, {})
        try:
            looked = await self._look(taken)
            if is_preview or isinstance(looked, IntakeRefused) or not looked.is_new:
                return looked
            booking = AheadBooking(self._store, taken.spool, taken.sender, self._tolerance)
            await booking.walk()
        except FileRefused as refused:
            return _refused([refused.fault])
        return await self._write(taken, is_preview=False, ahead=booking.booked)

    async def _look(self, taken: _Taken) -> IntakeReport | IntakeRefused:
        """Tell on a snapshot, for which nobody waits, what would come of a file.  Raises: FileRefused."""
        async with self._store.snapshot() as connection:
            known = await _known_before(connection, taken)
            if known is not None:
                return known
            ids = await rows.next_ids(connection)
            survey = Survey(taken.spool, taken.sender, self._tolerance, connection, ids, LINES_MAX)
            await survey.walk()
            at_us: int = await connection.fetchval(NOW)
        return IntakeReport(
            file=_taken_file(taken, ids.file_id, _message_key(taken.examination), at_us),
            is_new=True,
            is_preview=True,
            statements=tuple(survey.statements),
            totals=tuple(survey.totals),
            warnings=(*taken.examination.warnings, *survey.warnings),
            movements=sum(total.movements for total in survey.totals),
            lines=tuple(survey.lines),
            lots=tuple(sorted(survey.lots)),
        )

    async def _write(
        self, taken: _Taken, is_preview: bool, ahead: Mapping[str, Ahead]
    ) -> IntakeReport | IntakeRefused:
        async def work(desk: Desk) -> IntakeReport | IntakeRefused:
            report = await _booked(desk, taken, self._tolerance, ahead)
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
    sha256: bytes,
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
        sha256=sha256,
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


async def _booked(
    desk: Desk, taken: _Taken, tolerance: Amount, ahead: Mapping[str, Ahead]
) -> IntakeReport | IntakeRefused:
    known = await _known_before(desk.connection, taken)
    if known is not None:
        return known
    writing = _Writing(desk, taken, tolerance, await rows.next_ids(desk.connection), ahead)
    await writing.walk()
    await writing.add_file(_message_key(taken.examination))
    report = await _report(desk.connection, writing.file_id, is_new=True, is_preview=False)
    assert report is not None, "it was just written"
    return report


async def _known_before(connection: rows.Connection, taken: _Taken) -> IntakeReport | IntakeRefused | None:
    """Answer a file that was taken before, or whose message was; None for one that is new."""
    earlier = await rows.file_with_content(connection, taken.sha256)
    if earlier is not None:
        report = await _report(connection, earlier, is_new=False, is_preview=False)
        assert report is not None, "a file that was taken stays"
        return report
    message_key = _message_key(taken.examination)
    earlier = await rows.file_with_message(connection, message_key)
    if earlier is None:
        return None
    return _refused([Fault(problem=Problem.MESSAGE_ID_REUSED, detail=message_key)], earlier)


def _message_key(examination: Examination) -> str:
    """Name a message by what makes it unique; empty where its format gives no name."""
    file = examination.file
    if file is None or not file.message_id:
        return ""
    account = examination.statements[0].account if examination.statements else ""
    family = file.format.rpartition(".001.")[0] or file.format
    return f"{family}/{account}/{file.message_id}/{file.page}"


def _taken_file(taken: _Taken, file_id: int, message_key: str, at_us: int) -> TakenFile:
    file = taken.examination.file
    assert file is not None, "a file without name has a fault"
    return TakenFile(
        file_id=file_id,
        sha256=taken.sha256.hex(),
        bytes=taken.size,
        name=taken.name,
        channel=taken.channel,
        format=file.format,
        message_key=message_key,
        taken_by=taken.by,
        taken_at_us=at_us,
    )


class _Writing(Walk):
    """One file on its way into the ledger."""

    def __init__(
        self, desk: Desk, taken: _Taken, tolerance: Amount, ids: NextIds, ahead: Mapping[str, Ahead]
    ) -> None:
        super().__init__(taken.spool, taken.sender, tolerance, desk.connection, ids.statement_id)
        self._desk = desk
        self._taken = taken
        self._ids = ids
        self._ahead = ahead
        self._warnings.extend(taken.examination.warnings)
        self._told: set[str] = set()
        self._split: set[str] = set()
        self.file_id = ids.file_id

    async def add_file(self, message_key: str) -> None:
        row = _taken_file(self._taken, self.file_id, message_key, self._desk.now_us)
        await rows.add_file(self._desk.connection, row, self._warnings)

    async def _close(self, line: StatementLine) -> None:
        await rows.add_statement(self._connection, self.file_id, line)

    async def _book(self, movements: Sequence[Movement]) -> None:
        found = await self._decided(self._named(movements))
        assert self._account is not None and self._bank is not None, "movements stand in a statement"
        await self._post([made for made in found if made.draft is not None], self._bank, self._account)
        outcomes = [as_booked_ahead(made.row, self._ahead, self._told) for made in found]
        await rows.add_movements(self._connection, self._ids.movement_id, outcomes)
        self._ids.movement_id += len(outcomes)

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
