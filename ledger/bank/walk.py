"""One walk over a file: which account each statement is of, and what is decided of each movement.

Here belongs what every walk does, whatever follows from it: looking (pieces), booking ahead (pieces), writing (intake).
Not here: decisions on single movements (booking), SQL (postgres).
"""

import asyncio
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from typing import Any

from ledger.accounts import Account
from ledger.bank import postgres as rows
from ledger.bank.booking import (
    Booked,
    Knowledge,
    decided,
    made_up_reference,
    receipt_id,
    references_of,
)
from ledger.bank.records import BankAccount, KnownReceipt, StatementLine
from ledger.bank.spool import Spool
from ledger.bank.statements import (
    Balance,
    Caution,
    Fault,
    FileRefused,
    Movement,
    Part,
    Problem,
    Statement,
    StatementEnd,
    StatementKind,
    Warned,
)
from ledger.bank.values import day_text
from ledger.postgres import positions_with
from ledger.units import Amount, decimal_text

Connection = Any  # asyncpg's; the driver has no types
Named = tuple[Movement, str]
"""A movement and the reference by which it is known."""


class Walk(ABC):
    """One walk over the spool of a file.

    Args:
        spool: what is to be booked of the file.
        sender: short name of the only bank account that the file may speak of; None for any.
        tolerance: minor units that a deposit may be overpaid by without a note.
        connection: what is looked up is looked up there; a walk may change it on its way.
        statement_id: number of the first statement.
    """

    def __init__(
        self, spool: Spool, sender: str | None, tolerance: Amount, connection: Connection, statement_id: int
    ) -> None:
        self._spool = spool
        self._sender = sender
        self._tolerance = tolerance
        self._connection = connection
        self._statement_id = statement_id
        self._warnings: list[Warned] = []
        self._account: BankAccount | None = None
        self._bank: Account | None = None
        self._statement: Statement | None = None
        self._gap: Amount | None = None
        self._credits = self._debits = self._movements = 0
        self._made_up: Counter[str] = Counter()

    async def walk(self) -> None:
        """Go through the file from its beginning.  Raises: FileRefused."""
        self._spool.rewind()
        while chunk := await asyncio.to_thread(self._spool.chunk):
            await self._take_chunk(chunk)

    @abstractmethod
    async def _book(self, movements: Sequence[Movement]) -> None:
        """Do what this walk is for with movements of the statement that is open."""

    @abstractmethod
    async def _close(self, line: StatementLine) -> None:
        """Do what this walk is for with a statement that is complete."""

    async def _take_chunk(self, chunk: Sequence[Part]) -> None:
        """Take parts in order; movements between two heads are taken together."""
        movements: list[Movement] = []
        for part in chunk:
            if isinstance(part, Movement):
                movements.append(part)
                continue
            await self._take_movements(movements)
            movements = []
            if isinstance(part, Statement):
                await self._begin(part)
            elif isinstance(part, StatementEnd):
                await self._end(part.statement)
        await self._take_movements(movements)

    async def _take_movements(self, movements: Sequence[Movement]) -> None:
        if movements:
            await self._book(movements)
            for movement in movements:
                self._count(movement)

    def _named(self, movements: Sequence[Movement]) -> list[Named]:
        """Name movements, once each: those without a reference of the bank are told apart by counting."""
        assert self._account is not None, "movements stand in a statement"
        return [(movement, self._reference(movement, self._account)) for movement in movements]

    async def _decided(self, named: Sequence[Named]) -> list[Booked]:
        """Decide what becomes of movements, on what is known by now.  Raises: FileRefused."""
        assert self._account is not None and self._bank is not None, "movements stand in a statement"
        known = await self._knowledge(named, self._account)
        found: list[Booked] = []
        for movement, reference in named:
            _check_currency(movement, self._account)
            made = decided(movement, self._statement_id, self._account, self._bank, reference, known)
            found.append(made)
            if made.draft is not None:
                _remember(made, known)
        return found

    async def _begin(self, statement: Statement) -> None:
        connection = self._connection
        found = await rows.bank_accounts_of_number(connection, statement.account)
        account = _account_for(statement, found)
        if account is None:
            raise FileRefused(_account_fault(statement, found))
        if self._sender not in (None, account.slug):
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
        return await rows.ledger_account(self._connection, account.account)

    async def _chain_gap(self, statement: Statement, account: BankAccount) -> Amount | None:
        opening = statement.opening
        if opening is None:
            return None
        before = await rows.closing_before(self._connection, account.slug, _day(opening))
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
            statement_id=self._statement_id,
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
        await self._close(line)
        self._statement_id += 1
        self._statement = None

    def _reference(self, movement: Movement, account: BankAccount) -> str:
        return movement.bank_reference or made_up_reference(account.slug, movement, self._made_up)

    async def _knowledge(self, named: Sequence[Named], account: BankAccount) -> Knowledge:
        connection = self._connection
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
