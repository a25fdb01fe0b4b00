"""Which account takes deposits, and its change: proposed by one person, confirmed by another."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from gateways.api.errors import ApiCode, ApiError
from gateways.api.finance_answers import names_of, refused
from gateways.api.finance_payouts import ReasonForm
from gateways.api.finance_roles import ACCOUNTANTS, CHECKERS, READERS
from gateways.api.operation import Asked, Operation
from ledger.bank.deposit_accounts import DepositAccountRefusal
from ledger.bank.records import DepositAccountChange
from ledger.receipts import TEXT_LENGTH_MAX


class DepositAccountNow(Struct, frozen=True):
    """The account that takes deposits of its currency, since when, and which one it replaced; empty for none."""

    currency: str
    slug: str
    since_us: int
    replaced: str


class DepositAccounts(Struct, frozen=True):
    """Where deposits are paid to, and every change of it that was ever proposed, in order of number."""

    present: list[DepositAccountNow]
    changes: list[DepositAccountChange]
    people: dict[int, str]


class DepositAccountForm(Struct, frozen=True, forbid_unknown_fields=True):
    """The account that is to take deposits of its currency, by its short name, and why."""

    slug: Annotated[str, Meta(pattern="^[a-z0-9-]{1,40}$")]
    reason: Annotated[str, Meta(min_length=1, max_length=TEXT_LENGTH_MAX)]


async def list_deposit_accounts(asked: Asked) -> DepositAccounts:
    """Tell where deposits are paid to, and who changed that, or wants to."""
    service = asked.services.finance.deposit_accounts
    present, changes = await service.present(), await service.changes()
    persons = (person for one in changes for person in (one.proposed_by, one.decided_by))
    return DepositAccounts(
        [
            DepositAccountNow(currency, one.account.slug, one.since_us, one.replaced)
            for currency, one in sorted(present.items())
        ],
        changes,
        await names_of(asked.services, persons),
    )


async def propose_deposit_account(asked: Asked) -> DepositAccountChange:
    """Propose that another account takes deposits; bidders are told the present one until somebody else confirms."""
    form: DepositAccountForm = asked.body
    service = asked.services.finance.deposit_accounts
    return _done(await service.propose(form.slug, asked.caller.id, form.reason))


async def confirm_deposit_account(asked: Asked) -> DepositAccountChange:
    """Change the account for deposits as another person proposed; every bidder is told the new one from now on."""
    service = asked.services.finance.deposit_accounts
    return _done(await service.confirm(asked.ids["proposal"], asked.caller.id))


async def decline_deposit_account(asked: Asked) -> DepositAccountChange:
    """Decline a change of the account for deposits, with the reason."""
    service = asked.services.finance.deposit_accounts
    return _done(await service.decline(asked.ids["proposal"], asked.caller.id, asked.body.reason))


def _done(answer: DepositAccountChange | DepositAccountRefusal) -> DepositAccountChange:
    if isinstance(answer, DepositAccountChange):
        return answer
    if answer is DepositAccountRefusal.PROPOSAL_UNKNOWN:
        raise ApiError(ApiCode.NOT_ON_FILE, answer.value)
    raise refused(answer)


REFUSED = (ApiCode.REFUSED_BY_LEDGER,)
DECIDED = (ApiCode.NOT_ON_FILE, *REFUSED)
OPERATIONS = (
    Operation("GET", "/bank/deposit-accounts", list_deposit_accounts, READERS, answer=DepositAccounts),
    Operation(
        "POST", "/bank/deposit-accounts", propose_deposit_account, ACCOUNTANTS, body=DepositAccountForm,
        answer=DepositAccountChange, codes=REFUSED,
    ),
    Operation(
        "POST", "/bank/deposit-accounts/{proposal}/confirmation", confirm_deposit_account, CHECKERS,
        answer=DepositAccountChange, codes=DECIDED,
    ),
    Operation(
        "POST", "/bank/deposit-accounts/{proposal}/decline", decline_deposit_account, CHECKERS, body=ReasonForm,
        answer=DepositAccountChange, codes=DECIDED,
    ),
)  # fmt: skip
