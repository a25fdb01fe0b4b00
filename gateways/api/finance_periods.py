"""Closed days and months, and the balances of the books at a moment or at the end of a day."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final

from msgspec import Meta, Struct

from gateways.api.errors import ApiCode, ApiError
from gateways.api.finance_answers import names_of, refused
from gateways.api.finance_payouts import Text
from gateways.api.finance_roles import ACCOUNTANTS, CHECKERS, READERS
from gateways.api.operation import Asked, Operation
from ledger.accounts import Account
from ledger.period_records import (
    CloseProposal,
    DayClose,
    MonthClose,
    MonthReport,
    OpenPoint,
    PeriodState,
    TrialBalanceRow,
)
from ledger.periods import CloseRefused
from ledger.transfers import Entry
from ledger.units import decimal_text
from matching.units import TIME_US_MAX

DAYS_MAX: Final = 400
HISTORY_MAX: Final = 500

Moment = Annotated[int, Meta(ge=0, le=TIME_US_MAX)]
Code = Annotated[str, Meta(min_length=1, max_length=200)]


class Periods(Struct, frozen=True):
    """The calendar of the books; everything before `open_from_us` is closed, `proposals` wait for a second person."""

    state: PeriodState
    people: dict[int, str]


class DayQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Closed days from a day on."""

    since: date = date.min
    limit: Annotated[int, Meta(ge=1, le=DAYS_MAX)] = DAYS_MAX


class DayCloses(Struct, frozen=True):
    """Closed days in order."""

    days: list[DayClose]


class MonthCloses(Struct, frozen=True):
    """Closed months in order, each with its report."""

    months: list[MonthClose]


class MonthQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """A month, by any of its days."""

    month: date


class CloseForm(Struct, frozen=True, forbid_unknown_fields=True):
    """A day, or a month by any of its days; a reason where it is to be closed in spite of open points."""

    day: date
    reason: Text = ""


class ConfirmForm(Struct, frozen=True, forbid_unknown_fields=True):
    """A day, or a month by any of its days, that somebody else proposed to close."""

    day: date


class BalanceQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """At the end of an accounting day, or as recorded up to a moment; without both as of now."""

    day: date | None = None
    at_us: Moment | None = None


class TrialBalance(Struct, frozen=True):
    """The totals of every account, in order of code, in minor units."""

    day: date | None
    at_us: int | None
    accounts: list[TrialBalanceRow]


class AccountQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """An account of the ledger, as recorded up to a moment; `after` is the last version of the page before."""

    account: Code
    at_us: Moment | None = None
    after: Annotated[int, Meta(ge=0, lt=2**53)] = 0
    limit: Annotated[int, Meta(ge=1, le=HISTORY_MAX)] = HISTORY_MAX


class AccountTotals(Struct, frozen=True):
    """An account of the ledger with its totals; `balance` is posted debits less posted credits."""

    code: str
    currency: str
    is_closed: bool
    debits_pending: int
    debits_posted: int
    credits_pending: int
    credits_posted: int
    balance: int
    version: int


class AccountHistory(Struct, frozen=True):
    """An account with its totals, and a page of its changes with the running totals after each."""

    account: AccountTotals
    entries: tuple[Entry, ...]


async def show_periods(asked: Asked) -> Periods:
    """Show what is closed, what comes next and what waits for a second person."""
    state = await asked.services.finance.periods.state()
    proposers = (proposal.proposed_by for proposal in state.proposals)
    return Periods(state, await names_of(asked.services, proposers))


async def list_closed_days(asked: Asked) -> DayCloses:
    """List closed days with their digests."""
    query: DayQuery = asked.query
    return DayCloses(await asked.services.finance.periods.day_closes(query.since, query.limit))


async def list_closed_months(asked: Asked) -> MonthCloses:
    """List closed months with their reports."""
    return MonthCloses(await asked.services.finance.periods.month_closes())


async def show_month(asked: Asked) -> MonthReport:
    """Show the report of a month as the books stand."""
    return await asked.services.finance.periods.month_report(asked.query.month)


async def propose_day(asked: Asked) -> CloseProposal:
    """Propose to close a day."""
    form: CloseForm = asked.body
    answer = await asked.services.finance.periods.close_day(form.day, asked.caller.id, form.reason)
    if isinstance(answer, CloseRefused):
        raise _refused(answer)
    return answer


async def confirm_day(asked: Asked) -> DayClose:
    """Close a day that another person proposed; it does not change from then on."""
    answer = await asked.services.finance.periods.confirm_day(asked.body.day, asked.caller.id)
    if isinstance(answer, CloseRefused):
        raise _refused(answer)
    return answer


async def propose_month(asked: Asked) -> CloseProposal:
    """Propose to close a month, of which every day is closed."""
    form: CloseForm = asked.body
    answer = await asked.services.finance.periods.close_month(form.day, asked.caller.id, form.reason)
    if isinstance(answer, CloseRefused):
        raise _refused(answer)
    return answer


async def confirm_month(asked: Asked) -> MonthClose:
    """Close a month that another person proposed, with its report."""
    answer = await asked.services.finance.periods.confirm_month(asked.body.day, asked.caller.id)
    if isinstance(answer, CloseRefused):
        raise _refused(answer)
    return answer


async def show_trial_balance(asked: Asked) -> TrialBalance:
    """Show the totals of every account at the end of a day, or as recorded up to a moment."""
    query: BalanceQuery = asked.query
    periods = asked.services.finance.periods
    if query.day is not None:
        return TrialBalance(query.day, None, await periods.trial_balance_of_day(query.day))
    at_us = asked.services.clock.now_us() if query.at_us is None else query.at_us
    return TrialBalance(None, at_us, await periods.trial_balance(at_us))


async def show_account(asked: Asked) -> AccountHistory:
    """Show an account of the ledger with its changes."""
    query: AccountQuery = asked.query
    async with asked.services.ledger.reading() as reader:
        if query.at_us is None:
            account = await reader.account(query.account)
        else:
            account = await reader.balance(query.account, query.at_us)
        if account is None:
            raise ApiError(ApiCode.NOT_ON_FILE)
        return AccountHistory(_totals(account), await reader.history(query.account, query.after, query.limit))


def _totals(account: Account) -> AccountTotals:
    return AccountTotals(
        code=account.code,
        currency=account.currency,
        is_closed=account.is_closed,
        debits_pending=account.debits_pending,
        debits_posted=account.debits_posted,
        credits_pending=account.credits_pending,
        credits_posted=account.credits_posted,
        balance=account.balance,
        version=account.version,
    )


def _refused(answer: CloseRefused) -> ApiError:
    error = refused(answer.refusal)
    return ApiError(error.code, error.detail, [_open_point(point) for point in answer.open_points])


def _open_point(point: OpenPoint) -> str:
    if point.is_statement_missing:
        return f"{point.account}: no statement"
    return (
        f"{point.account}: {point.lines} lines, {decimal_text(point.amount, point.currency)} {point.currency}"
    )


REFUSED = (ApiCode.REFUSED_BY_LEDGER,)
OPERATIONS = (
    Operation("GET", "/periods", show_periods, READERS, answer=Periods),
    Operation("GET", "/periods/days", list_closed_days, READERS, query=DayQuery, answer=DayCloses),
    Operation("GET", "/periods/months", list_closed_months, READERS, answer=MonthCloses),
    Operation("GET", "/periods/month-report", show_month, READERS, query=MonthQuery, answer=MonthReport),
    Operation(
        "POST", "/periods/days/proposal", propose_day, ACCOUNTANTS, body=CloseForm, answer=CloseProposal,
        codes=REFUSED,
    ),
    Operation(
        "POST", "/periods/days/confirmation", confirm_day, CHECKERS, body=ConfirmForm, answer=DayClose,
        codes=REFUSED,
    ),
    Operation(
        "POST", "/periods/months/proposal", propose_month, ACCOUNTANTS, body=CloseForm, answer=CloseProposal,
        codes=REFUSED,
    ),
    Operation(
        "POST", "/periods/months/confirmation", confirm_month, CHECKERS, body=ConfirmForm, answer=MonthClose,
        codes=REFUSED,
    ),
    Operation(
        "GET", "/ledger/trial-balance", show_trial_balance, READERS, query=BalanceQuery, answer=TrialBalance
    ),
    Operation(
        "GET", "/ledger/account", show_account, READERS, query=AccountQuery, answer=AccountHistory,
        codes=(ApiCode.NOT_ON_FILE,),
    ),
)  # fmt: skip
