"""Books beside the bank: what agrees, what does not, and what people do about it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final, TypeAlias

from msgspec import Meta, Struct

from gateways.api.errors import ApiCode, ApiError
from gateways.api.finance_answers import names_of, refused
from gateways.api.finance_payouts import Id, ReasonForm, Text
from gateways.api.finance_roles import ACCOUNTANTS, CHECKERS, READERS
from gateways.api.operation import Asked, Operation
from ledger.bank_matching import Match
from ledger.reconciliation import ReconciliationRefusal, WriteOffNotPosted
from ledger.reconciliation_records import Against, BankSide, DayReconciliation, Difference, Matched, WriteOff

DAYS_MAX: Final = 62
LINES_MAX: Final = 1_000

Code: TypeAlias = Annotated[str, Meta(min_length=1, max_length=200)]
Ids: TypeAlias = Annotated[list[Id], Meta(max_length=LINES_MAX)]


class BankBooks(Struct, frozen=True):
    """An account of the books that stands for money at a bank."""

    account: str
    currency: str


class BankBooksList(Struct, frozen=True):
    """The accounts that are compared with banks."""

    accounts: list[BankBooks]


class DaysQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """So many days of an account, from one on; of each day at most so many lines of difference."""

    account: Code
    since: date
    days: Annotated[int, Meta(ge=1, le=DAYS_MAX)] = 31
    lines: Annotated[int, Meta(ge=1, le=LINES_MAX)] = LINES_MAX


class DayCompared(Struct, frozen=True):
    """An account on a day; `difference` is the bank's closing less that of the books, None without a statement.

    `open_points` counts what a person has to do something about, also where `differences` are too many to be listed.
    """

    day: date
    bank: BankSide | None
    books: BankSide
    difference: int | None
    differences: tuple[Difference, ...]
    open_points: int
    older: int
    is_balanced: bool
    is_statement_missing: bool


class DaysCompared(Struct, frozen=True):
    """An account day by day."""

    account: str
    days: list[DayCompared]


class UnmatchedQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Of which account."""

    account: Code


class Unmatched(Struct, frozen=True):
    """Lines without counterpart, by day, the bank's first."""

    differences: list[Difference]


class MatchesFound(Struct, frozen=True):
    """How many matches were found now, by account."""

    matched: list[Matched]


class MatchForm(Struct, frozen=True, forbid_unknown_fields=True):
    """Lines that are the same money, and why; `sequences` are postings."""

    account: Code
    movement_ids: Ids
    sequences: Ids
    note: Text


class WriteOffForm(Struct, frozen=True, forbid_unknown_fields=True):
    """What the books lack of lines, or have too much, and against what it is booked.

    Against the opening balance: `day` of the first statement, and no lines.
    """

    account: Code
    against: Against
    note: Text
    movement_ids: Ids = []
    sequences: Ids = []
    day: date | None = None


class WriteOffQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Those that wait for a second person, those that do not, or all."""

    open: bool | None = None


class WriteOffs(Struct, frozen=True):
    """Write-offs in order."""

    write_offs: list[WriteOff]
    people: dict[int, str]


async def list_bank_books(asked: Asked) -> BankBooksList:
    """List the accounts of the books that are compared with banks."""
    found = await asked.services.finance.reconciliation.accounts()
    return BankBooksList([BankBooks(account, currency) for account, currency in found])


async def list_days_compared(asked: Asked) -> DaysCompared:
    """Show an account beside its bank, day by day, with every difference."""
    query: DaysQuery = asked.query
    found = await asked.services.finance.reconciliation.days(query.account, query.since, query.days)
    return DaysCompared(query.account, [_compared(one, query.lines) for one in found])


async def list_unmatched(asked: Asked) -> Unmatched:
    """List every line of an account that has no counterpart."""
    return Unmatched(await asked.services.finance.reconciliation.unmatched(asked.query.account))


async def reconcile(asked: Asked) -> MatchesFound:
    """Find every match that bank and books make by their own words; again finds nothing new."""
    return MatchesFound(await asked.services.finance.reconciliation.reconcile(asked.caller.id))


async def match_lines(asked: Asked) -> Match:
    """Write down that lines are the same money."""
    form: MatchForm = asked.body
    answer = await asked.services.finance.reconciliation.match(
        form.account, form.movement_ids, form.sequences, form.note, asked.caller.id
    )
    if isinstance(answer, ReconciliationRefusal):
        raise _refused(answer)
    return answer


async def list_write_offs(asked: Asked) -> WriteOffs:
    """List differences that are booked away, or wait for it."""
    found = await asked.services.finance.reconciliation.write_offs(asked.query.open)
    persons = (person for one in found for person in (one.proposed_by, one.decided_by))
    return WriteOffs(found, await names_of(asked.services, persons))


async def propose_write_off(asked: Asked) -> WriteOff:
    """Propose to book a difference away; another person confirms it."""
    form: WriteOffForm = asked.body
    service = asked.services.finance.reconciliation
    by = asked.caller.id
    if form.against is Against.OPENING_BALANCE:
        if form.day is None:
            raise ApiError(ApiCode.INVALID, "body", ("day: of the first statement",))
        answer = await service.propose_opening(form.account, form.day, form.note, by)
    else:
        answer = await service.propose_write_off(
            form.account, form.against, form.movement_ids, form.sequences, form.note, by
        )
    return _write_off(answer)


async def confirm_write_off(asked: Asked) -> WriteOff:
    """Book a difference away that another person proposed."""
    service = asked.services.finance.reconciliation
    return _write_off(await service.confirm_write_off(asked.ids["proposal"], asked.caller.id))


async def decline_write_off(asked: Asked) -> WriteOff:
    """Decline a write-off, with the reason."""
    service = asked.services.finance.reconciliation
    return _write_off(
        await service.decline_write_off(asked.ids["proposal"], asked.caller.id, asked.body.reason)
    )


def _compared(one: DayReconciliation, lines: int) -> DayCompared:
    return DayCompared(
        day=one.day,
        bank=one.bank,
        books=one.books,
        difference=one.difference,
        differences=one.differences[:lines],
        open_points=len(one.unexplained),
        older=one.older,
        is_balanced=one.is_balanced,
        is_statement_missing=one.is_statement_missing,
    )


def _write_off(answer: WriteOff | ReconciliationRefusal | WriteOffNotPosted) -> WriteOff:
    if isinstance(answer, WriteOffNotPosted):
        raise ApiError(ApiCode.REFUSED_BY_LEDGER, "", (answer.refusal.name,))
    if isinstance(answer, ReconciliationRefusal):
        raise _refused(answer)
    return answer


def _refused(refusal: ReconciliationRefusal) -> ApiError:
    if refusal is ReconciliationRefusal.PROPOSAL_UNKNOWN:
        return ApiError(ApiCode.NOT_ON_FILE, refusal.value)
    return refused(refusal)


REFUSED = (ApiCode.REFUSED_BY_LEDGER,)
DECIDED = (ApiCode.NOT_ON_FILE, *REFUSED)
OPERATIONS = (
    Operation("GET", "/reconciliation/accounts", list_bank_books, READERS, answer=BankBooksList),
    Operation("GET", "/reconciliation/days", list_days_compared, READERS, query=DaysQuery, answer=DaysCompared),
    Operation("GET", "/reconciliation/unmatched", list_unmatched, READERS, query=UnmatchedQuery, answer=Unmatched),
    Operation("POST", "/reconciliation/run", reconcile, ACCOUNTANTS, answer=MatchesFound),
    Operation(
        "POST", "/reconciliation/matches", match_lines, ACCOUNTANTS, body=MatchForm, answer=Match, codes=REFUSED
    ),
    Operation(
        "GET", "/reconciliation/write-offs", list_write_offs, READERS, query=WriteOffQuery, answer=WriteOffs
    ),
    Operation(
        "POST", "/reconciliation/write-offs", propose_write_off, ACCOUNTANTS, body=WriteOffForm, answer=WriteOff,
        codes=REFUSED,
    ),
    Operation(
        "POST", "/reconciliation/write-offs/{proposal}/confirmation", confirm_write_off, CHECKERS, answer=WriteOff,
        codes=DECIDED,
    ),
    Operation(
        "POST", "/reconciliation/write-offs/{proposal}/decline", decline_write_off, CHECKERS, body=ReasonForm,
        answer=WriteOff, codes=DECIDED,
    ),
)  # fmt: skip
