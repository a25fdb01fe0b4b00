"""What the comparison of books and bank shows to people, and what people write down about it.

Here belong the shapes only. Not here: comparing (bank_matching), acting (reconciliation).
"""

from datetime import date
from enum import StrEnum
from uuid import UUID

import msgspec

from ledger.accounts import AccountCode
from ledger.bank_matching import DifferenceReason
from ledger.units import Amount, Currency


class BankSide(msgspec.Struct, frozen=True, kw_only=True):
    """One side of a day: opening + came_in - went_out = closing, in minor units."""

    opening: Amount
    came_in: Amount
    went_out: Amount
    closing: Amount


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the bank and the books do not say alike.

    `movement_id` is the bank's line, `sequence` the posting; both only where a match spans days. `reference` and
    `party` say to people what the line is.
    """

    reason: DifferenceReason
    amount: Amount
    movement_id: int | None = None
    sequence: int | None = None
    bank_day: date | None = None
    books_day: date | None = None
    other_amount: Amount | None = None
    suggested: int | None = None
    reference: str = ""
    party: str = ""


class DayReconciliation(msgspec.Struct, frozen=True, kw_only=True):
    """The comparison of one account at the bank on one day.

    `bank` is None where no statement tells balances. `difference` is the bank's closing less that of the books. Of
    `differences`, those of DAY_DIFFERS are explained. `older` lines of days before are unmatched as well.
    """

    account: AccountCode
    currency: Currency
    day: date
    bank: BankSide | None
    books: BankSide
    difference: Amount | None
    differences: tuple[Difference, ...]
    older: int

    @property
    def is_statement_missing(self) -> bool:
        """Tell whether a statement that there must be is not there."""
        return any(one.reason is DifferenceReason.STATEMENT_MISSING for one in self.differences)

    @property
    def unexplained(self) -> tuple[Difference, ...]:
        """The differences for which a person has to do something."""
        return tuple(one for one in self.differences if one.reason is not DifferenceReason.DAY_DIFFERS)

    @property
    def is_balanced(self) -> bool:
        """Tell whether everything of the day is accounted for."""
        return not self.unexplained


class Against(StrEnum):
    """What a difference is booked against."""

    BANK_CHARGES = "bank_charges"
    BANK_INTEREST = "bank_interest"
    OPENING_BALANCE = "opening_balance"


class WriteOff(msgspec.Struct, frozen=True, kw_only=True):
    """A difference that one person wants booked away and another confirms or declines.

    `amount` is what the books lack, negative what they have too much. `is_confirmed` is None while it waits.
    """

    proposal_id: int
    account: AccountCode
    against: Against
    movement_ids: tuple[int, ...]
    sequences: tuple[int, ...]
    amount: Amount
    currency: Currency
    event_at_us: int
    note: str
    proposed_by: int
    proposed_at_us: int
    is_confirmed: bool | None = None
    decision_note: str = ""
    decided_by: int | None = None
    decided_at_us: int | None = None
    transfer_id: UUID | None = None


class Matched(msgspec.Struct, frozen=True, kw_only=True):
    """How many matches were found by what both sides say."""

    account: AccountCode
    matches: int
