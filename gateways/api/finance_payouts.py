"""Money going out: refunds and other payouts, proposed, approved by a second person, sent, answered by the bank."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from aiohttp import web
from msgspec import Meta, Struct

from gateways.api.errors import ApiCode, ApiError
from gateways.api.finance_answers import names_of, refused
from gateways.api.finance_files import attachment, received
from gateways.api.finance_roles import CASHIERS, CHECKERS, READERS
from gateways.api.operation import Asked, Operation
from ledger.payouts import Acted, Payout, PayoutKind, PayoutRefusal, PayoutState, PayoutWanted
from ledger.payouts.records import (
    Batch,
    Batched,
    FileRefused,
    PayingAccount,
    PayoutEvent,
    RefundDue,
    ResultLine,
)
from ledger.receipts import RECEIPT_AMOUNT_MAX, TEXT_LENGTH_MAX

PAGE_MAX: Final = 500
CHOSEN_MAX: Final = 10_000
RESULT_BYTES_MAX: Final = 16_777_216
XML: Final = "application/xml"
ACT = (ApiCode.REFUSED_BY_LEDGER,)

Id: TypeAlias = Annotated[int, Meta(gt=0, lt=2**53)]
Text: TypeAlias = Annotated[str, Meta(max_length=TEXT_LENGTH_MAX)]
Number: TypeAlias = Annotated[str, Meta(max_length=64)]
Money: TypeAlias = Annotated[int, Meta(gt=0, le=RECEIPT_AMOUNT_MAX)]
Currency: TypeAlias = Annotated[str, Meta(pattern="^[A-Z]{3}$")]
Chosen: TypeAlias = Annotated[list[Id], Meta(min_length=1, max_length=CHOSEN_MAX)]


class PayoutQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which payouts: in a state, of a lot, of a bidder, of a batch; `after` is the last id of the page before.

    `under_way` are those that have not ended (or, false, that have). `latest` turns the order round: the latest first,
    of all or of those; it goes with `limit` and nothing else.
    """

    state: PayoutState | None = None
    lot: Id | None = None
    bidder: Id | None = None
    batch: Id | None = None
    after: Annotated[int, Meta(ge=0, lt=2**53)] = 0
    limit: Annotated[int, Meta(ge=1, le=PAGE_MAX)] = PAGE_MAX
    under_way: bool | None = None
    latest: bool = False


class PayoutPage(Struct, frozen=True):
    """Payouts in order of id; `people` are the names of the accounts that acted."""

    payouts: list[Payout]
    people: dict[int, str]


class PayoutHistory(Struct, frozen=True):
    """A payout and every step of it."""

    payout: Payout
    steps: list[PayoutEvent]
    people: dict[int, str]


class LotQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Of one lot, or of all."""

    lot: Id | None = None


class RefundsDue(Struct, frozen=True):
    """What is owed back and no payout speaks for; `last` is the payout before, with the reason why it ended."""

    refunds: list[RefundDue]


class RefundsForm(Struct, frozen=True, forbid_unknown_fields=True):
    """Propose what is owed back: of one lot, or of all."""

    lot: Id | None = None


class RefundProblem(Struct, frozen=True):
    """A refund that cannot be paid as it stands."""

    source_account: str
    reason: PayoutRefusal


class RefundsMade(Struct, frozen=True):
    """The payouts that were proposed, and what was left to a person."""

    proposed: list[Payout]
    stopped_before: list[str]
    refused: list[RefundProblem]


class PayoutForm(Struct, frozen=True, forbid_unknown_fields=True):
    """A payout to propose; nothing is paid twice for one `cause`."""

    kind: PayoutKind
    source_account: Annotated[str, Meta(min_length=1, max_length=200)]
    amount: Money
    currency: Currency
    payee_name: Annotated[str, Meta(min_length=1, max_length=TEXT_LENGTH_MAX)]
    payee_account: Number = ""
    payee_bank: Number = ""
    lot: Id | None = None
    bidder: Id | None = None
    receipt_id: Text | None = None
    cause: Text = ""


class PayoutActed(Struct, frozen=True):
    """The act was done; `is_new` is false when it had been done before and nothing changed now."""

    payout: Payout
    is_new: bool


class PayeeForm(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the money goes: IBAN or account number, and the bank's BIC or twelve digits where it is known."""

    account: Annotated[str, Meta(min_length=1, max_length=64)]
    bank: Number = ""


class ApprovalsForm(Struct, frozen=True, forbid_unknown_fields=True):
    """Payouts to approve, each for itself."""

    payouts: Annotated[list[Id], Meta(min_length=1, max_length=PAGE_MAX)]


class ApprovalAnswer(Struct, frozen=True):
    """Whether a payout was approved now, had been before, or why it was not."""

    payout_id: int
    is_new: bool
    refusal: PayoutRefusal | None


class ApprovalAnswers(Struct, frozen=True):
    """One answer for each payout."""

    answers: list[ApprovalAnswer]


class ReasonForm(Struct, frozen=True, forbid_unknown_fields=True):
    """Why it is not paid."""

    reason: Annotated[str, Meta(min_length=1, max_length=TEXT_LENGTH_MAX)]


class CameBackForm(Struct, frozen=True, forbid_unknown_fields=True):
    """The receipt in suspense by which a paid payout came back."""

    receipt_id: Annotated[str, Meta(min_length=1, max_length=TEXT_LENGTH_MAX)]
    reason_code: Annotated[str, Meta(max_length=4)] = ""
    reason: Text = ""


class PayingAccountForm(Struct, frozen=True, forbid_unknown_fields=True):
    """An account of the centre to pay from; `account` is its account in the ledger."""

    name: Annotated[str, Meta(pattern="^[a-z0-9-]{1,40}$")]
    account: Annotated[str, Meta(min_length=1, max_length=200)]
    currency: Currency
    holder: Annotated[str, Meta(min_length=1, max_length=TEXT_LENGTH_MAX)]
    number: Annotated[str, Meta(min_length=1, max_length=64)]
    bank: Number = ""
    utc_offset_minutes: Annotated[int, Meta(ge=-840, le=840)] = 480


class PayingAccounts(Struct, frozen=True):
    """The accounts to pay from."""

    accounts: list[PayingAccount]


class BatchQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which batches: sent, not sent, or all; only the latest `limit` when given."""

    sent: bool | None = None
    limit: Annotated[int, Meta(ge=1, le=PAGE_MAX)] | None = None


class BatchForm(Struct, frozen=True, forbid_unknown_fields=True):
    """Payouts to write into a file for the bank; without a choice the oldest approved ones."""

    paid_from: Annotated[str, Meta(pattern="^[a-z0-9-]{1,40}$")]
    version: Annotated[str, Meta(pattern="^001\\.001\\.[0-9]{2}$")] = "001.001.09"
    payouts: Chosen | None = None


class BatchAnswer(Struct, frozen=True):
    """The batch; `is_new` is false when it had been made or sent before."""

    batch: Batch
    file_name: str
    is_new: bool


class BatchList(Struct, frozen=True):
    """Batches in order of id."""

    batches: list[Batch]
    people: dict[int, str]


class ResultAnswer(Struct, frozen=True):
    """What an answer of the bank said and did; `to_clarify` are the lines that want a person's eye."""

    message_name: str
    message_id: str
    was_read_before: bool
    paid: int
    rejected: int
    lines: tuple[ResultLine, ...]
    to_clarify: tuple[ResultLine, ...]


async def list_payouts(asked: Asked) -> PayoutPage:
    """List payouts."""
    query: PayoutQuery = asked.query
    service = asked.services.finance.payouts
    if query.latest:
        payouts = await service.latest(query.limit, is_under_way=query.under_way)
    else:
        payouts = await service.payouts(
            query.state,
            lot_id=query.lot,
            bidder_id=query.bidder,
            batch_id=query.batch,
            after=query.after,
            limit=query.limit,
            is_under_way=query.under_way,
        )
    acted = (person for p in payouts for person in (p.proposed_by, p.account_entered_by, p.approved_by))
    return PayoutPage(payouts, await names_of(asked.services, acted))


async def show_payout(asked: Asked) -> PayoutHistory:
    """Show a payout with every step of it."""
    payouts = asked.services.finance.payouts
    payout = await payouts.payout(asked.ids["payout"])
    if payout is None:
        raise ApiError(ApiCode.NOT_ON_FILE)
    steps = await payouts.history(payout.payout_id)
    return PayoutHistory(payout, steps, await names_of(asked.services, (step.acted_by for step in steps)))


async def list_refunds_due(asked: Asked) -> RefundsDue:
    """List what is owed back and not proposed yet."""
    return RefundsDue(await asked.services.finance.payouts.due(asked.query.lot))


async def propose_refunds(asked: Asked) -> RefundsMade:
    """Propose a refund of everything that is owed back."""
    done = await asked.services.finance.payouts.propose_refunds_due(asked.caller.id, asked.body.lot)
    problems = [RefundProblem(account, reason) for account, reason in done.refused]
    return RefundsMade(list(done.proposed), list(done.stopped_before), problems)


async def propose_payout(asked: Asked) -> PayoutActed:
    """Propose one payout; its money is spoken for at once."""
    form: PayoutForm = asked.body
    wanted = PayoutWanted(
        kind=form.kind,
        source_account=form.source_account,
        amount=form.amount,
        currency=form.currency,
        payee_name=form.payee_name,
        payee_account=form.payee_account,
        payee_bank=form.payee_bank,
        lot_id=form.lot,
        bidder_id=form.bidder,
        receipt_id=form.receipt_id,
        cause=form.cause,
    )
    return _acted(await asked.services.finance.payouts.propose(wanted, asked.caller.id))


async def enter_payee_account(asked: Asked) -> PayoutActed:
    """Say where the money of a payout goes; who approved it must do so again."""
    form: PayeeForm = asked.body
    payouts = asked.services.finance.payouts
    return _acted(await payouts.enter_account(asked.ids["payout"], form.account, asked.caller.id, form.bank))


async def approve_payout(asked: Asked) -> PayoutActed:
    """Approve a payout as its second person."""
    return _acted(await asked.services.finance.payouts.approve(asked.ids["payout"], asked.caller.id))


async def approve_payouts(asked: Asked) -> ApprovalAnswers:
    """Approve several payouts, each with an answer of its own."""
    answers = await asked.services.finance.payouts.approve_all(asked.body.payouts, asked.caller.id)
    return ApprovalAnswers([_approval(payout_id, answer) for payout_id, answer in answers.items()])


async def decline_payout(asked: Asked) -> PayoutActed:
    """Decline a payout before it is in a file; its money is owed again."""
    payouts = asked.services.finance.payouts
    return _acted(await payouts.decline(asked.ids["payout"], asked.caller.id, asked.body.reason))


async def cancel_payout(asked: Asked) -> PayoutActed:
    """Take a payout back before it is in a file; its money is owed again."""
    payouts = asked.services.finance.payouts
    return _acted(await payouts.cancel(asked.ids["payout"], asked.caller.id, asked.body.reason))


async def take_payout_back(asked: Asked) -> PayoutActed:
    """Join a paid payout with the receipt in suspense by which the payee's bank sent it back."""
    form: CameBackForm = asked.body
    payouts = asked.services.finance.payouts
    return _acted(
        await payouts.take_back(
            asked.ids["payout"], form.receipt_id, asked.caller.id, form.reason_code, form.reason
        )
    )


async def list_paying_accounts(asked: Asked) -> PayingAccounts:
    """List the accounts to pay from."""
    return PayingAccounts(await asked.services.finance.payouts.paying_accounts())


async def register_paying_account(asked: Asked) -> PayingAccount:
    """Enter an account of the centre to pay from, once."""
    form: PayingAccountForm = asked.body
    paying = PayingAccount(
        name=form.name,
        account=form.account,
        currency=form.currency,
        holder=form.holder,
        number=form.number,
        bank=form.bank,
        utc_offset_minutes=form.utc_offset_minutes,
    )
    answer = await asked.services.finance.payouts.register_paying_account(paying, asked.caller.id)
    if isinstance(answer, PayoutRefusal):
        raise refused(answer)
    return answer


async def list_batches(asked: Asked) -> BatchList:
    """List the files for the bank."""
    batches = await asked.services.finance.payouts.batches(asked.query.sent, asked.query.limit)
    acted = {person for batch in batches for person in (batch.made_by, batch.sent_by)}
    for batch in batches:
        if batch.withdrawal is not None:
            acted |= {batch.withdrawal.proposed_by, batch.withdrawal.confirmed_by}
    return BatchList(batches, await names_of(asked.services, acted))


async def make_batch(asked: Asked) -> BatchAnswer:
    """Write approved payouts into a file for the bank (pain.001)."""
    form: BatchForm = asked.body
    payouts = asked.services.finance.payouts
    return _batched(await payouts.make_batch(form.paid_from, form.version, asked.caller.id, form.payouts))


async def download_batch(asked: Asked) -> web.Response:
    """Download a batch as XML, the same bytes every time; who took it is recorded."""
    answer = await asked.services.finance.payouts.batch_file(asked.ids["batch"], asked.caller.id)
    if isinstance(answer, PayoutRefusal):
        raise _batch_refused(answer)
    return attachment(answer.batch.file_name, answer.content, XML)


async def mark_batch_sent(asked: Asked) -> BatchAnswer:
    """Record that a batch has gone to the bank; a second time changes nothing."""
    return _batched(await asked.services.finance.payouts.send_batch(asked.ids["batch"], asked.caller.id))


async def propose_withdrawal(asked: Asked) -> BatchAnswer:
    """Propose that a batch does not go to the bank; until it is decided it cannot be sent."""
    payouts = asked.services.finance.payouts
    return _batched(await payouts.propose_withdrawal(asked.ids["batch"], asked.caller.id, asked.body.reason))


async def confirm_withdrawal(asked: Asked) -> BatchAnswer:
    """Withdraw a batch that another person wants withdrawn; its payouts end and their money is owed again."""
    return _batched(
        await asked.services.finance.payouts.confirm_withdrawal(asked.ids["batch"], asked.caller.id)
    )


async def decline_withdrawal(asked: Asked) -> BatchAnswer:
    """Leave a batch as it was, with the reason; it can be sent again."""
    payouts = asked.services.finance.payouts
    return _batched(await payouts.decline_withdrawal(asked.ids["batch"], asked.caller.id, asked.body.reason))


async def read_results(asked: Asked) -> ResultAnswer:
    """Read an answer of the bank, pain.002 or camt.054; the same answer again changes nothing."""
    file = await received(asked.request, RESULT_BYTES_MAX)
    report = await asked.services.finance.payouts.read_results(file.content, asked.caller.id)
    if isinstance(report, FileRefused):
        where = f"line {report.line} " if report.line else ""
        raise ApiError(ApiCode.FILE_REFUSED, report.refusal.value, (f"{where}{report.detail}".strip(),))
    return ResultAnswer(
        message_name=report.message_name,
        message_id=report.message_id,
        was_read_before=report.was_read_before,
        paid=report.paid,
        rejected=report.rejected,
        lines=report.lines,
        to_clarify=report.to_clarify,
    )


def _acted(answer: Acted | PayoutRefusal) -> PayoutActed:
    if answer is PayoutRefusal.PAYOUT_UNKNOWN:
        raise ApiError(ApiCode.NOT_ON_FILE)
    if isinstance(answer, PayoutRefusal):
        raise refused(answer)
    return PayoutActed(answer.payout, answer.is_new)


def _approval(payout_id: int, answer: Acted | PayoutRefusal) -> ApprovalAnswer:
    if isinstance(answer, PayoutRefusal):
        return ApprovalAnswer(payout_id, False, answer)
    return ApprovalAnswer(payout_id, answer.is_new, None)


def _batched(answer: Batched | PayoutRefusal) -> BatchAnswer:
    if isinstance(answer, PayoutRefusal):
        raise _batch_refused(answer)
    return BatchAnswer(answer.batch, answer.batch.file_name, answer.is_new)


def _batch_refused(refusal: PayoutRefusal) -> ApiError:
    return ApiError(ApiCode.NOT_ON_FILE) if refusal is PayoutRefusal.BATCH_UNKNOWN else refused(refusal)


UNKNOWN_OR_REFUSED = (ApiCode.NOT_ON_FILE, *ACT)
OPERATIONS = (
    Operation("GET", "/payouts", list_payouts, READERS, query=PayoutQuery, answer=PayoutPage),
    Operation("POST", "/payouts", propose_payout, CASHIERS, body=PayoutForm, answer=PayoutActed, codes=ACT),
    Operation("GET", "/payouts/refunds-due", list_refunds_due, READERS, query=LotQuery, answer=RefundsDue),
    Operation(
        "POST", "/payouts/refunds", propose_refunds, CASHIERS, body=RefundsForm, answer=RefundsMade,
        is_body_optional=True,
    ),
    Operation(
        "POST", "/payouts/approvals", approve_payouts, CHECKERS, body=ApprovalsForm, answer=ApprovalAnswers
    ),
    Operation(
        "POST", "/payouts/results", read_results, CASHIERS, answer=ResultAnswer, takes_file=True,
        codes=(ApiCode.FILE_REFUSED,),
    ),
    Operation("GET", "/payouts/paying-accounts", list_paying_accounts, READERS, answer=PayingAccounts),
    Operation(
        "POST", "/payouts/paying-accounts", register_paying_account, CASHIERS, body=PayingAccountForm,
        answer=PayingAccount, codes=ACT,
    ),
    Operation("GET", "/payouts/batches", list_batches, READERS, query=BatchQuery, answer=BatchList),
    Operation("POST", "/payouts/batches", make_batch, CASHIERS, body=BatchForm, answer=BatchAnswer, codes=ACT),
    Operation(
        "GET", "/payouts/batches/{batch}/file", download_batch, CASHIERS, media=XML, codes=UNKNOWN_OR_REFUSED
    ),
    Operation(
        "POST", "/payouts/batches/{batch}/withdrawal", propose_withdrawal, CASHIERS, body=ReasonForm,
        answer=BatchAnswer, codes=UNKNOWN_OR_REFUSED,
    ),
    Operation(
        "POST", "/payouts/batches/{batch}/withdrawal/confirmation", confirm_withdrawal, CHECKERS,
        answer=BatchAnswer, codes=UNKNOWN_OR_REFUSED,
    ),
    Operation(
        "POST", "/payouts/batches/{batch}/withdrawal/decline", decline_withdrawal, CHECKERS, body=ReasonForm,
        answer=BatchAnswer, codes=UNKNOWN_OR_REFUSED,
    ),
    Operation(
        "POST", "/payouts/batches/{batch}/sent", mark_batch_sent, CASHIERS, answer=BatchAnswer,
        codes=UNKNOWN_OR_REFUSED,
    ),
    Operation(
        "GET", "/payouts/{payout}", show_payout, READERS, answer=PayoutHistory, codes=(ApiCode.NOT_ON_FILE,)
    ),
    Operation(
        "PUT", "/payouts/{payout}/account", enter_payee_account, CASHIERS, body=PayeeForm, answer=PayoutActed,
        codes=UNKNOWN_OR_REFUSED,
    ),
    Operation(
        "POST", "/payouts/{payout}/approval", approve_payout, CHECKERS, answer=PayoutActed, codes=UNKNOWN_OR_REFUSED
    ),
    Operation(
        "POST", "/payouts/{payout}/decline", decline_payout, CHECKERS, body=ReasonForm, answer=PayoutActed,
        codes=UNKNOWN_OR_REFUSED,
    ),
    Operation(
        "POST", "/payouts/{payout}/cancellation", cancel_payout, CASHIERS, body=ReasonForm, answer=PayoutActed,
        codes=UNKNOWN_OR_REFUSED,
    ),
    Operation(
        "POST", "/payouts/{payout}/return", take_payout_back, CASHIERS, body=CameBackForm, answer=PayoutActed,
        codes=UNKNOWN_OR_REFUSED,
    ),
)  # fmt: skip
