"""What a bank's file says: its name, statements with balances, movements, and what is wrong with it.

Here belong the shapes that every format is read into, and what must hold in a file whatever its format: sums,
references, sizes. Pure. Not here: the formats (camt, csv_file, notice), accounts and receipts (intake).
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, TypeAlias

import msgspec

from ledger.bank.values import When
from ledger.units import Amount, Currency, decimal_text

FILE_BYTES_MAX: Final = 64 * 1024 * 1024
PROBLEMS_MAX: Final = 50
"""Problems that are listed of one file; reading stops then."""
MOVEMENTS_MAX: Final = 250_000


class Problem(StrEnum):
    """Why a file is not taken, in order of precedence; nothing of it is booked then."""

    TOO_LARGE = "too_large"
    EMPTY = "empty"
    FORMAT_UNKNOWN = "format_unknown"
    WRONG_ENCODING = "wrong_encoding"
    NOT_XML = "not_xml"
    NOT_CSV = "not_csv"
    NOT_JSON = "not_json"
    DOCTYPE_NOT_ALLOWED = "doctype_not_allowed"
    TOO_COMPLEX = "too_complex"
    MESSAGE_UNKNOWN = "message_unknown"
    COLUMN_MISSING = "column_missing"
    COLUMN_UNKNOWN = "column_unknown"
    ELEMENT_MISSING = "element_missing"
    VALUE_MALFORMED = "value_malformed"
    VALUE_TOO_LONG = "value_too_long"
    DATE_MALFORMED = "date_malformed"
    CURRENCY_MISSING = "currency_missing"
    CURRENCY_UNKNOWN = "currency_unknown"
    AMOUNT_MALFORMED = "amount_malformed"
    AMOUNT_NEGATIVE = "amount_negative"
    AMOUNT_TOO_PRECISE = "amount_too_precise"
    AMOUNT_TOO_LARGE = "amount_too_large"
    TOO_MANY_MOVEMENTS = "too_many_movements"
    DUPLICATE_BANK_REFERENCE = "duplicate_bank_reference"
    DUPLICATE_END_TO_END_ID = "duplicate_end_to_end_id"
    NOT_BALANCED = "not_balanced"
    CURRENCY_DIFFERS = "currency_differs"
    ACCOUNT_UNKNOWN = "account_unknown"
    ACCOUNT_NOT_OF_SENDER = "account_not_of_sender"
    MESSAGE_ID_REUSED = "message_id_reused"
    STATEMENT_ALREADY_TAKEN = "statement_already_taken"
    RECEIPT_DIFFERS = "receipt_differs"
    RECEIPT_NOT_BOOKABLE = "receipt_not_bookable"


class Caution(StrEnum):
    """What a person should know of a file that is taken."""

    BALANCE_MISSING = "balance_missing"
    PARTS_DO_NOT_ADD_UP = "parts_do_not_add_up"
    REPEATED_END_TO_END_ID = "repeated_end_to_end_id"
    CHAIN_BROKEN = "chain_broken"
    CREDIT_REVERSED = "credit_reversed"


class Warned(msgspec.Struct, frozen=True, kw_only=True):
    """A caution, and where it is meant; `difference` in minor units where there is one."""

    caution: Caution
    line: int = 0
    place: str = ""
    detail: str = ""
    difference: Amount | None = None


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong, and where.

    Args:
        problem: what.
        line: in the file, from 1; 0 when it is the whole file.
        place: element or column, such as `/Document/BkToCstmrStmt/Stmt[1]/Ntry[3]/Amt`.
        detail: the text in question, or the figures.
        difference: for NOT_BALANCED, the stated closing less the computed one, in minor units.
    """

    problem: Problem
    line: int = 0
    place: str = ""
    detail: str = ""
    difference: Amount | None = None


class FileRead(msgspec.Struct, frozen=True, kw_only=True):
    """The name of a message: `format` such as `camt.053.001.08`, the sender's id for it, and its page from 1."""

    format: str
    message_id: str = ""
    page: int = 1


class StatementKind(StrEnum):
    """A statement of account claims to be complete; a notification lists some movements."""

    STATEMENT = "statement"
    NOTIFICATION = "notification"


class Balance(msgspec.Struct, frozen=True):
    """A stated balance; negative when overdrawn."""

    amount: Amount
    currency: Currency
    when: When | None


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """The head of a statement; `account` is an IBAN or number without blanks, `currency` may be empty."""

    kind: StatementKind
    name: str
    account: str
    currency: Currency
    page: int = 1
    created: When | None = None
    opening: Balance | None = None
    closing: Balance | None = None
    line: int = 0
    place: str = ""


class StatementEnd(msgspec.Struct, frozen=True):
    """Nothing more follows of the statement before; `statement` is its head once more, as known at its end."""

    statement: Statement


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """Money in (positive) or out (negative), in minor units.

    `bank_reference` is the bank's own, empty where it gives none; `entry_reference` and `entry_amount` are those of
    the collective booking that this is a part of. `sub_account` is the virtual account that it was paid to.
    """

    line: int
    place: str
    bank_reference: str
    amount: Amount
    currency: Currency
    booked: When
    valued: When | None = None
    counterparty_name: str = ""
    counterparty_account: str = ""
    counterparty_bank: str = ""
    remittance: str = ""
    end_to_end_id: str = ""
    sub_account: str = ""
    entry_reference: str = ""
    entry_amount: Amount = 0
    is_booked: bool = True
    is_reversal: bool = False
    is_returned_payment: bool = False
    are_parts_unknown: bool = False


Part: TypeAlias = FileRead | Statement | Movement | StatementEnd | Fault | Warned
"""What a reader yields, in the order of the file: its name, then for each statement head, movements and end."""


class FileRefused(Exception):
    """Reading cannot go on; carries why and where."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"{fault.problem}, line {fault.line}: {fault.detail}")
        self.fault = fault


class Examination(msgspec.Struct, frozen=True, kw_only=True):
    """What a first reading of a whole file found; nothing may be booked of a file with faults."""

    file: FileRead | None
    statements: tuple[Statement, ...]
    movements: int
    faults: tuple[Fault, ...]
    warnings: tuple[Warned, ...]


def examined(parts: Iterable[Part], *, accepts_repeats: bool = False) -> Examination:
    """Read a file to its end and judge it by itself.

    Args:
        parts: of a reader; at most PROBLEMS_MAX faults are read.
        accepts_repeats: take movements that are alike in all but the bank's reference for different ones.
    """
    examiner = _Examiner(accepts_repeats)
    try:
        for part in parts:
            examiner.take(part)
            if len(examiner.faults) >= PROBLEMS_MAX:
                break
    except FileRefused as refused:
        examiner.faults.append(refused.fault)
    return examiner.examination()


class _Examiner:
    """What must hold in a file, followed part by part; memory grows with references only."""

    def __init__(self, accepts_repeats: bool) -> None:
        self._accepts_repeats = accepts_repeats
        self._file: FileRead | None = None
        self._statements: list[Statement] = []
        self._movements = 0
        self._sum = 0
        self._references: dict[tuple[str, bool, str], tuple[int, str]] = {}
        self._repeatable: dict[tuple[str, Amount, str], tuple[int, str]] = {}
        self.faults: list[Fault] = []
        self.warnings: list[Warned] = []

    def take(self, part: Part) -> None:
        match part:
            case Movement():
                self._take_movement(part)
            case Fault():
                self.faults.append(part)
            case Warned():
                self._warn(part)
            case Statement():
                self._statements.append(part)
                self._sum = 0
            case StatementEnd():
                self._end(part.statement)
            case FileRead():
                self._file = part

    def examination(self) -> Examination:
        if self._file is None and not self.faults:
            self.faults.append(Fault(problem=Problem.EMPTY))
        in_order = list(Problem)
        return Examination(
            file=self._file,
            statements=tuple(self._statements),
            movements=self._movements,
            faults=tuple(sorted(self.faults, key=lambda fault: in_order.index(fault.problem))),
            warnings=tuple(self.warnings),
        )

    def _warn(self, warned: Warned) -> None:
        if len(self.warnings) < PROBLEMS_MAX:
            self.warnings.append(warned)

    def _take_movement(self, movement: Movement) -> None:
        self._movements += 1
        if self._movements > MOVEMENTS_MAX:
            raise FileRefused(
                Fault(problem=Problem.TOO_MANY_MOVEMENTS, line=movement.line, detail=f"> {MOVEMENTS_MAX}")
            )
        if movement.is_booked:
            self._sum += movement.amount
        self._check_reference(movement)
        self._check_end_to_end_id(movement)
        if movement.are_parts_unknown:
            self._warn_of(Caution.PARTS_DO_NOT_ADD_UP, movement)
        if movement.is_reversal and movement.amount < 0:
            self._warn_of(Caution.CREDIT_REVERSED, movement)

    def _warn_of(self, caution: Caution, movement: Movement, detail: str = "") -> None:
        self._warn(Warned(caution=caution, line=movement.line, place=movement.place, detail=detail))

    def _check_reference(self, movement: Movement) -> None:
        if not movement.bank_reference:
            return
        account = self._statements[-1].account if self._statements else ""
        key = (account, movement.amount > 0, movement.bank_reference)
        here = (movement.line, movement.place)
        first = self._references.setdefault(key, here)
        if first != here:
            self.faults.append(
                Fault(
                    problem=Problem.DUPLICATE_BANK_REFERENCE,
                    line=movement.line,
                    place=movement.place,
                    detail=f"{movement.bank_reference}: line {first[0]}",
                )
            )

    def _check_end_to_end_id(self, movement: Movement) -> None:
        name = movement.end_to_end_id
        if not name or name.upper().replace(" ", "") == "NOTPROVIDED":
            return
        payer = movement.counterparty_account or movement.counterparty_name
        first = self._repeatable.setdefault((name, movement.amount, payer), (movement.line, movement.place))
        if first == (movement.line, movement.place):
            return
        detail = f"{name}: line {first[0]}"
        if self._accepts_repeats:
            self._warn_of(Caution.REPEATED_END_TO_END_ID, movement, detail)
        else:
            self.faults.append(
                Fault(
                    problem=Problem.DUPLICATE_END_TO_END_ID,
                    line=movement.line,
                    place=movement.place,
                    detail=detail,
                )
            )

    def _end(self, statement: Statement) -> None:
        self._statements[-1] = statement
        opening, closing = statement.opening, statement.closing
        if statement.kind is StatementKind.STATEMENT and (opening is None or closing is None):
            missing = "opening" if opening is None else "closing"
            self._warn(
                Warned(
                    caution=Caution.BALANCE_MISSING,
                    line=statement.line,
                    place=f"{statement.place}/Bal",
                    detail=missing,
                )
            )
        if opening is not None and closing is not None:
            self._check_sum(statement, opening, closing)

    def _check_sum(self, statement: Statement, opening: Balance, closing: Balance) -> None:
        difference = closing.amount - opening.amount - self._sum
        if difference:
            self.faults.append(
                Fault(
                    problem=Problem.NOT_BALANCED,
                    line=statement.line,
                    place=statement.place,
                    detail=_sum_text(opening, closing, self._sum, difference),
                    difference=difference,
                )
            )
        if opening.currency != closing.currency:
            self.faults.append(
                Fault(
                    problem=Problem.CURRENCY_DIFFERS,
                    line=statement.line,
                    place=f"{statement.place}/Bal",
                    detail=f"opening {opening.currency}, closing {closing.currency}",
                )
            )


def _sum_text(opening: Balance, closing: Balance, moved: Amount, difference: Amount) -> str:
    currency = opening.currency
    return (
        f"{decimal_text(opening.amount, currency)} {currency} + {decimal_text(moved, currency)} = "
        f"{decimal_text(opening.amount + moved, currency)} ≠ {decimal_text(closing.amount, closing.currency)} "
        f"{closing.currency} ({decimal_text(difference, currency)})"
    )
