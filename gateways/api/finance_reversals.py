"""Corrections: a posting is undone by its opposite, proposed by one person and confirmed by another."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final
from uuid import UUID

from msgspec import Meta, Struct

from gateways.api.errors import ApiCode, ApiError
from gateways.api.finance_answers import names_of
from gateways.api.finance_payouts import ReasonForm
from gateways.api.finance_roles import ACCOUNTANTS, CHECKERS, READERS
from gateways.api.operation import Asked, Operation
from ledger.posting_search import FoundPosting, ReversalPreview
from ledger.receipts import TEXT_LENGTH_MAX
from ledger.reversal_records import Reversal
from ledger.reversals import ReversalRefusal, ReversalRefused

PAGE_MAX: Final = 500


class ReversalQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Those that wait for a second person, those that do not, or all; `after` is the last number of the page before."""

    open: bool | None = None
    after: Annotated[int, Meta(ge=0, lt=2**53)] = 0
    limit: Annotated[int, Meta(ge=1, le=PAGE_MAX)] = PAGE_MAX


class ReversalList(Struct, frozen=True):
    """Reversals in order of number."""

    reversals: list[Reversal]
    people: dict[int, str]


class PostingQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Postings by words (payer, memo, reference) or by amount, of a lot, recorded on a day."""

    words: Annotated[str, Meta(max_length=100)] = ""
    amount: Annotated[int, Meta(gt=0, lt=2**53)] | None = None
    lot: Annotated[int, Meta(gt=0, lt=2**53)] | None = None
    day: date | None = None


class Postings(Struct, frozen=True):
    """The latest postings that match, at most fifty."""

    postings: list[FoundPosting]


class PreviewQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """The posting that somebody thinks of undoing."""

    transfer_id: UUID


class ReversalForm(Struct, frozen=True, forbid_unknown_fields=True):
    """The posting to undo, by its transfer id, and why."""

    transfer_id: UUID
    reason: Annotated[str, Meta(min_length=1, max_length=TEXT_LENGTH_MAX)]


async def list_reversals(asked: Asked) -> ReversalList:
    """List reversals with who proposed and who decided."""
    query: ReversalQuery = asked.query
    found = await asked.services.finance.reversals.reversals(query.open, query.after, query.limit)
    persons = (person for one in found for person in (one.proposed_by, one.decided_by))
    return ReversalList(found, await names_of(asked.services, persons))


async def find_postings(asked: Asked) -> Postings:
    """Find postings as a person remembers them: by amount, payer, reference, lot or day."""
    query: PostingQuery = asked.query
    found = await asked.services.finance.postings.find(query.words, query.amount, query.lot, query.day)
    return Postings(found)


async def preview_reversal(asked: Asked) -> ReversalPreview:
    """Show what undoing a posting would make of its two accounts; changes nothing."""
    preview = await asked.services.finance.postings.preview(asked.query.transfer_id)
    if preview is None:
        raise ApiError(ApiCode.NOT_ON_FILE, ReversalRefusal.POSTING_UNKNOWN.value)
    return preview


async def propose_reversal(asked: Asked) -> Reversal:
    """Propose to undo a posting; nothing moves yet."""
    form: ReversalForm = asked.body
    reversals = asked.services.finance.reversals
    return _done(await reversals.reverse(form.transfer_id, asked.caller.id, form.reason))


async def confirm_reversal(asked: Asked) -> Reversal:
    """Post the opposite of what another person wants undone, on an open day."""
    reversals = asked.services.finance.reversals
    return _done(await reversals.confirm(asked.ids["proposal"], asked.caller.id))


async def decline_reversal(asked: Asked) -> Reversal:
    """Decline a reversal, with the reason; it can be proposed again."""
    reversals = asked.services.finance.reversals
    return _done(await reversals.decline(asked.ids["proposal"], asked.caller.id, asked.body.reason))


def _done(answer: Reversal | ReversalRefused) -> Reversal:
    if isinstance(answer, Reversal):
        return answer
    if answer.refusal is ReversalRefusal.PROPOSAL_UNKNOWN:
        raise ApiError(ApiCode.NOT_ON_FILE, answer.refusal.value)
    rule = "" if answer.ledger_refusal is None else answer.ledger_refusal.name
    available = "" if answer.available is None else f"available {answer.available}"
    problem = " ".join(filter(None, (answer.account, rule, available)))
    raise ApiError(ApiCode.REFUSED_BY_LEDGER, answer.refusal.value, (problem,) if problem else ())


REFUSED = (ApiCode.REFUSED_BY_LEDGER,)
DECIDED = (ApiCode.NOT_ON_FILE, *REFUSED)
OPERATIONS = (
    Operation("GET", "/reversals", list_reversals, READERS, query=ReversalQuery, answer=ReversalList),
    Operation("GET", "/ledger/postings", find_postings, READERS, query=PostingQuery, answer=Postings),
    Operation(
        "GET", "/reversals/preview", preview_reversal, READERS, query=PreviewQuery, answer=ReversalPreview,
        codes=(ApiCode.NOT_ON_FILE,),
    ),
    Operation(
        "POST", "/reversals", propose_reversal, ACCOUNTANTS, body=ReversalForm, answer=Reversal, codes=REFUSED
    ),
    Operation(
        "POST", "/reversals/{proposal}/confirmation", confirm_reversal, CHECKERS, answer=Reversal, codes=DECIDED
    ),
    Operation(
        "POST", "/reversals/{proposal}/decline", decline_reversal, CHECKERS, body=ReasonForm, answer=Reversal,
        codes=DECIDED,
    ),
)  # fmt: skip
