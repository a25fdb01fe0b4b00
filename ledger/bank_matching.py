"""Which movement of the bank is which posting: by what both say, exactly, or as a suggestion by amount and day.

Here belongs the pure comparison; the same lines in whatever order give the same answer.
Not here: where the lines come from (reconciliation_postgres) and what is done about differences (reconciliation).
"""

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from ledger.units import Amount

SUGGESTION_DAYS_MAX: Final = 7
"""How many days a posting may lie from a movement of the same amount to be suggested for it."""


class Rule(StrEnum):
    """What makes a movement and a posting the same money, the surest first."""

    RECEIPT = "receipt"
    PAYOUT = "payout"
    REVERSAL = "reversal"
    ENTRY = "entry"
    END_TO_END = "end_to_end"
    REFERENCE = "reference"
    MANUAL = "manual"
    WRITE_OFF = "write_off"


BY_KEY: Final = (Rule.RECEIPT, Rule.PAYOUT, Rule.REVERSAL, Rule.ENTRY, Rule.END_TO_END, Rule.REFERENCE)

OF_ONE_LINE: Final = frozenset({Rule.RECEIPT, Rule.PAYOUT, Rule.END_TO_END, Rule.REFERENCE})
"""What is said by one line alone on each side; a second that says it with the same amount is a duplicate."""


class DifferenceReason(StrEnum):
    """Why a line is not matched, or a matched one is still listed, in order of precedence."""

    STATEMENT_MISSING = "statement_missing"
    OPENING_DIFFERS = "opening_differs"
    STATEMENT_GAP = "statement_gap"
    DUPLICATE_IN_BANK = "duplicate_in_bank"
    DUPLICATE_IN_BOOKS = "duplicate_in_books"
    AMOUNT_DIFFERS = "amount_differs"
    IN_BANK_NOT_IN_BOOKS = "in_bank_not_in_books"
    IN_BOOKS_NOT_IN_BANK = "in_books_not_in_bank"
    DAY_DIFFERS = "day_differs"


class Key(msgspec.Struct, frozen=True, order=True):
    """Something that a line says of itself and that its counterpart says too."""

    rule: Rule
    value: str


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A movement of the bank or a posting on its account.

    Args:
        id: movement id, or sequence of the posting.
        day: the bank's day, or the accounting day.
        amount: minor units, what comes in positive.
        keys: what it says of itself.
        is_repeated: a line of its side that says the same, and of the same amount, is matched already.
    """

    id: int
    day: date
    amount: Amount
    keys: tuple[Key, ...] = ()
    is_repeated: bool = False


class Match(msgspec.Struct, frozen=True, kw_only=True):
    """Lines that are the same money: both sides add up to the same. Ids ascend."""

    rule: Rule
    movement_ids: tuple[int, ...]
    sequences: tuple[int, ...]


class Unmatched(msgspec.Struct, frozen=True, kw_only=True):
    """A line without counterpart, and why; one of the two ids is set.

    `other_amount` is what the other side says where amounts differ. `suggested` is a line of the other side with the
    same amount on a near day that is unmatched as well; only a person makes it a match.
    """

    reason: DifferenceReason
    movement_id: int | None
    sequence: int | None
    day: date
    amount: Amount
    other_amount: Amount | None = None
    suggested: int | None = None


class Matching(msgspec.Struct, frozen=True, kw_only=True):
    """The comparison: every line stands in one match or is unmatched."""

    matches: tuple[Match, ...]
    unmatched: tuple[Unmatched, ...]


def matching(bank: Collection[Line], books: Collection[Line]) -> Matching:
    """Compare movements of a bank account with the postings on it.

    Under each key, lines of equal amounts are joined one to one, the earliest first; what is left under the key is
    joined as a whole if both sides add up to the same (a collective booking and its parts; a posting and its
    reversal, which add up to nothing). Repeated until nothing more joins.

    Args:
        bank: movements, each once.
        books: postings, each once.
    """
    sides = _Sides(bank, books)
    while sides.joined_by_key():
        pass
    return Matching(matches=tuple(sides.matches), unmatched=tuple(_unmatched(sides)))


class _Sides:
    """What is left of both sides while they are compared."""

    def __init__(self, bank: Iterable[Line], books: Iterable[Line]) -> None:
        self.bank = {line.id: line for line in sorted(bank, key=_order)}
        self.books = {line.id: line for line in sorted(books, key=_order)}
        self.matches: list[Match] = []
        self.joined_bank: set[tuple[Key, Amount]] = set()
        self.joined_books: set[tuple[Key, Amount]] = set()
        self._bank_under = _by_key(self.bank.values())
        self._books_under = _by_key(self.books.values())
        keys = {*self._bank_under, *self._books_under}
        self.keys = sorted(keys, key=lambda key: (BY_KEY.index(key.rule), key.value))

    def joined_by_key(self) -> bool:
        """Join what can be joined under each key, the surest first; tell whether anything was."""
        before = len(self.matches)
        for key in self.keys:
            self._join(key)
        return len(self.matches) > before

    def under(self, key: Key) -> tuple[list[Line], list[Line]]:
        """Return what is left under a key, of the bank and of the books."""
        return (
            [line for line in self._bank_under.get(key, ()) if line.id in self.bank],
            [line for line in self._books_under.get(key, ()) if line.id in self.books],
        )

    def _join(self, key: Key) -> None:
        bank, books = self.under(key)
        for movement, posting in _pairs(bank, books):
            self._take(key, [movement], [posting])
        bank, books = self.under(key)
        if len(bank) + len(books) > 1 and _total(bank) == _total(books):
            self._take(key, bank, books)

    def _take(self, key: Key, bank: Sequence[Line], books: Sequence[Line]) -> None:
        for line in bank:
            del self.bank[line.id]
            self.joined_bank.update(_said(line))
        for line in books:
            del self.books[line.id]
            self.joined_books.update(_said(line))
        self.matches.append(
            Match(
                rule=key.rule,
                movement_ids=tuple(sorted(line.id for line in bank)),
                sequences=tuple(sorted(line.id for line in books)),
            )
        )


def _order(line: Line) -> tuple[date, int]:
    return line.day, line.id


def _by_key(lines: Iterable[Line]) -> dict[Key, list[Line]]:
    found: defaultdict[Key, list[Line]] = defaultdict(list)
    for line in lines:
        for key in dict.fromkeys(line.keys):
            found[key].append(line)
    return found


def _said(line: Line) -> list[tuple[Key, Amount]]:
    """Return what no second line of its side may say again; parts of one whole say the same of the whole."""
    return [(key, line.amount) for key in line.keys if key.rule in OF_ONE_LINE]


def _total(lines: Iterable[Line]) -> Amount:
    return sum(line.amount for line in lines)


def _pairs(bank: Iterable[Line], books: Iterable[Line]) -> list[tuple[Line, Line]]:
    """Return lines of equal amounts, one to one, in the order in which each side stands."""
    waiting: defaultdict[Amount, list[Line]] = defaultdict(list)
    for posting in books:
        waiting[posting.amount].append(posting)
    return [(movement, waiting[movement.amount].pop(0)) for movement in bank if waiting[movement.amount]]


def _unmatched(sides: _Sides) -> list[Unmatched]:
    others = _other_amounts(sides)
    suggested = _suggested(
        [line for line in sides.bank.values() if (True, line.id) not in others],
        [line for line in sides.books.values() if (False, line.id) not in others],
    )
    found = []
    for is_bank, lines, joined in (
        (True, sides.bank.values(), sides.joined_bank),
        (False, sides.books.values(), sides.joined_books),
    ):
        for line in lines:
            is_duplicate = line.is_repeated or not joined.isdisjoint(_said(line))
            other = others.get((is_bank, line.id))
            found.append(
                Unmatched(
                    reason=_reason(is_bank, is_duplicate, other is not None),
                    movement_id=line.id if is_bank else None,
                    sequence=None if is_bank else line.id,
                    day=line.day,
                    amount=line.amount,
                    other_amount=other,
                    suggested=suggested.get((is_bank, line.id)),
                )
            )
    return found


def _reason(is_bank: bool, is_duplicate: bool, is_other_amount: bool) -> DifferenceReason:
    if is_duplicate:
        return DifferenceReason.DUPLICATE_IN_BANK if is_bank else DifferenceReason.DUPLICATE_IN_BOOKS
    if is_other_amount:
        return DifferenceReason.AMOUNT_DIFFERS
    return DifferenceReason.IN_BANK_NOT_IN_BOOKS if is_bank else DifferenceReason.IN_BOOKS_NOT_IN_BANK


def _other_amounts(sides: _Sides) -> dict[tuple[bool, int], Amount]:
    """Return, for each line left under a key that the other side has too, what the other side amounts to."""
    found: dict[tuple[bool, int], Amount] = {}
    for key in sides.keys:
        bank, books = sides.under(key)
        if bank and books:
            found |= {(True, line.id): found.get((True, line.id), _total(books)) for line in bank}
            found |= {(False, line.id): found.get((False, line.id), _total(bank)) for line in books}
    return found


def _suggested(bank: Sequence[Line], books: Sequence[Line]) -> dict[tuple[bool, int], int]:
    """Join, for a person to decide, lines of the same amount on near days, the nearest first."""
    waiting: defaultdict[tuple[Amount, date], deque[Line]] = defaultdict(deque)
    for posting in books:
        waiting[posting.amount, posting.day].append(posting)
    found: dict[tuple[bool, int], int] = {}
    for days in (
        0,
        *(days for distance in range(1, SUGGESTION_DAYS_MAX + 1) for days in (-distance, distance)),
    ):
        for movement in bank:
            near = waiting.get((movement.amount, movement.day + timedelta(days)))
            if near and (True, movement.id) not in found:
                posting = near.popleft()
                found[True, movement.id] = posting.id
                found[False, posting.id] = movement.id
    return found
