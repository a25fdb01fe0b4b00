"""What is written down when a period is closed, and the lists that finance reads of periods.

Here belong the shapes only. Not here: closing (periods), their rows (periods_postgres).
"""

from datetime import date
from enum import StrEnum

import msgspec

from ledger.accounts import AccountCode
from ledger.units import Amount, Currency


class Period(StrEnum):
    """What is closed."""

    DAY = "day"
    MONTH = "month"


class OpenPoint(msgspec.Struct, frozen=True, kw_only=True):
    """What stands against closing a day, for one account of the bank.

    `is_statement_missing`: there is none that covers the day; else `lines` differ and `amount` is how much the
    balances of bank and books differ without a known reason, in minor units.
    """

    account: AccountCode
    currency: Currency
    is_statement_missing: bool
    lines: int = 0
    amount: Amount = 0


class CloseProposal(msgspec.Struct, frozen=True, kw_only=True):
    """A period that the first of two persons wants closed; the latest of a period counts."""

    period: Period
    begins_on: date
    reason: str
    open_points: tuple[OpenPoint, ...]
    proposed_by: int
    proposed_at_us: int


class DayFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What belongs to a day: counts, and the digest of the trial balance at its end."""

    transfers: int
    entries: int
    carried_over: int
    accounts: int
    trial_balance_sha256: str


class DayClose(msgspec.Struct, frozen=True, kw_only=True):
    """A closed day. Digests are lower-case hexadecimal.

    `ends_at_us` is the first moment after the day; `head_*` the end of the chain when it was closed; `carried_over`
    how many of its postings were for events of days that had been closed.
    """

    day: date
    ends_at_us: int
    head_sequence: int
    head_hash: str
    transfers: int
    entries: int
    carried_over: int
    accounts: int
    trial_balance_sha256: str
    open_points: tuple[OpenPoint, ...]
    reason: str
    proposed_by: int
    proposed_at_us: int
    confirmed_by: int
    closed_at_us: int
    previous_hash: str
    hash: str


class TrialBalanceRow(msgspec.Struct, frozen=True, kw_only=True):
    """Totals of one account at a moment or at the end of a day, in minor units."""

    account: AccountCode
    currency: Currency
    debits_pending: Amount
    debits_posted: Amount
    credits_pending: Amount
    credits_posted: Amount

    @property
    def balance(self) -> Amount:
        """Posted debits less posted credits."""
        return self.debits_posted - self.credits_posted


class GroupMovement(msgspec.Struct, frozen=True, kw_only=True):
    """What a group of accounts (the first two parts of their codes) did in a month.

    `opening` and `closing` are posted debits less posted credits.
    """

    group: str
    currency: Currency
    opening: Amount
    debits: Amount
    credits: Amount
    closing: Amount
    accounts: int


class PurposeMovement(msgspec.Struct, frozen=True, kw_only=True):
    """How many postings of a purpose and kind there were in a month, and what they amount to."""

    purpose: str
    kind: str
    currency: Currency
    postings: int
    amount: Amount


class ForcedDay(msgspec.Struct, frozen=True, kw_only=True):
    """A day of the month that was closed in spite of open points."""

    day: date
    reason: str
    open_points: tuple[OpenPoint, ...]


class MonthReport(msgspec.Struct, frozen=True, kw_only=True):
    """A month in figures: what each group of accounts and each purpose moved, and what was out of the ordinary."""

    month: date
    days_closed: int
    postings: int
    carried_over: int
    reversals: int
    groups: tuple[GroupMovement, ...]
    purposes: tuple[PurposeMovement, ...]
    forced_days: tuple[ForcedDay, ...]


class MonthClose(msgspec.Struct, frozen=True, kw_only=True):
    """A closed month with its report and the digest of the report's JSON."""

    month: date
    report: MonthReport
    report_sha256: str
    last_day_hash: str
    proposed_by: int
    proposed_at_us: int
    confirmed_by: int
    closed_at_us: int


class PeriodState(msgspec.Struct, frozen=True, kw_only=True):
    """The calendar of the books: everything before `open_from_us` is closed.

    `proposals` wait for a second person; `last_closed_month` is named by its first day.
    """

    time_zone: str
    last_closed_day: date | None
    open_from_us: int
    proposals: tuple[CloseProposal, ...] = ()
    last_closed_month: date | None = None
