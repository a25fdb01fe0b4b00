"""What banks say: the centre's accounts, statements that are uploaded, notices that banks push, suspense."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Final

from msgspec import Meta, Struct

from gateways.api.errors import ApiCode, ApiError
from gateways.api.finance_answers import names_of, refused
from gateways.api.finance_files import received, spooled
from gateways.api.finance_payouts import Currency, Id, Text
from gateways.api.finance_roles import ACCOUNTANTS, CASHIERS, READERS
from gateways.api.operation import ANYONE, NAME, Asked, Operation
from ledger.bank.records import (
    Assigned,
    BankAccount,
    BankAccountRefusal,
    BankKey,
    Channel,
    GivenBack,
    IntakeRefused,
    IntakeReport,
    MovementLine,
    SuspenseItem,
    SuspenseRefusal,
    TakenFile,
)
from ledger.bank.registry import NewBankAccount
from ledger.bank.statements import FILE_BYTES_MAX, Fault
from ledger.bank.webhook import webhook_refusal
from ledger.payouts import PayoutRefusal
from ledger.receipts import TEXT_LENGTH_MAX
from ledger.store import LedgerUnavailable

NOTICE_BYTES_MAX: Final = 4_194_304
FILES_MAX: Final = 100
MOVEMENTS_MAX: Final = 1_000
SYSTEM: Final = 0

KEY_HEADER: Final = "X-Luochui-Key"
TIMESTAMP_HEADER: Final = "X-Luochui-Timestamp"
SIGNATURE_HEADER: Final = "X-Luochui-Signature"


class BankAccountForm(Struct, frozen=True, forbid_unknown_fields=True):
    """An account of the centre; the main one of a currency is booked on `assets:bank:<currency>`."""

    slug: Annotated[str, Meta(pattern="^[a-z0-9-]{1,40}$")]
    number: Annotated[str, Meta(min_length=1, max_length=64)]
    currency: Currency = "CNY"
    bank_name: Text = ""
    holder: Text = ""
    utc_offset_minutes: Annotated[int, Meta(ge=-840, le=840)] = 480
    is_main: bool = False


class BankAccounts(Struct, frozen=True):
    """The centre's accounts at banks."""

    accounts: list[BankAccount]


class KeyCard(Struct, frozen=True):
    """A key with which a bank signs; never its secret."""

    key_id: str
    slug: str
    made_by: int
    made_at_us: int
    ended_at_us: int | None


class KeyCards(Struct, frozen=True):
    """The keys of a bank account."""

    keys: list[KeyCard]


class KeyMade(Struct, frozen=True):
    """A new key; `secret` in hexadecimal can be read this once."""

    key_id: str
    secret: str


class KeyEndForm(Struct, frozen=True, forbid_unknown_fields=True):
    """Which key is to be believed no more."""

    key_id: Annotated[str, Meta(pattern="^[0-9a-f]{16}$")]


class UploadQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """`accepts_repeats`: a person has seen that movements alike in all but the bank's reference are different."""

    accepts_repeats: bool = False


class FilesQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Files before one, the latest first."""

    before: Id | None = None
    limit: Annotated[int, Meta(ge=1, le=FILES_MAX)] = FILES_MAX


class TakenFiles(Struct, frozen=True):
    """Files that were taken, the latest first."""

    files: list[TakenFile]
    people: dict[int, str]


class MovementsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Movements behind one."""

    after: Annotated[int, Meta(ge=0, lt=2**53)] = 0
    limit: Annotated[int, Meta(ge=1, le=MOVEMENTS_MAX)] = MOVEMENTS_MAX


class Movements(Struct, frozen=True):
    """A page of a file's movements in its order."""

    movements: list[MovementLine]


class SuspenseQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Only what waits for a person, or everything."""

    all: bool = False


class SuspenseList(Struct, frozen=True):
    """Receipts in suspense, each open one with what is proposed."""

    items: list[SuspenseItem]
    people: dict[int, str]


class AssignForm(Struct, frozen=True, forbid_unknown_fields=True):
    """A receipt in suspense and the deposit that it belongs to, with why."""

    receipt_id: Annotated[str, Meta(min_length=1, max_length=TEXT_LENGTH_MAX)]
    lot: Id
    bidder: Id
    reason: Annotated[str, Meta(min_length=1, max_length=TEXT_LENGTH_MAX)]


class ReturnForm(Struct, frozen=True, forbid_unknown_fields=True):
    """A receipt in suspense that is to go back to where it came from."""

    receipt_id: Annotated[str, Meta(min_length=1, max_length=TEXT_LENGTH_MAX)]


async def list_bank_accounts(asked: Asked) -> BankAccounts:
    """List the centre's accounts at banks."""
    return BankAccounts(await asked.services.finance.bank_accounts.accounts())


async def register_bank_account(asked: Asked) -> BankAccount:
    """Enter an account of the centre at a bank, once."""
    form: BankAccountForm = asked.body
    new = NewBankAccount(
        slug=form.slug,
        number=form.number,
        currency=form.currency,
        bank_name=form.bank_name,
        holder=form.holder,
        utc_offset_minutes=form.utc_offset_minutes,
        is_main=form.is_main,
    )
    answer = await asked.services.finance.bank_accounts.register(new, asked.caller.id)
    if isinstance(answer, BankAccountRefusal):
        raise refused(answer)
    return answer


async def list_bank_keys(asked: Asked) -> KeyCards:
    """List the keys with which the bank of an account signs."""
    keys = await asked.services.finance.bank_accounts.keys(asked.names[NAME])
    return KeyCards([_key_card(key) for key in keys])


async def make_bank_key(asked: Asked) -> KeyMade:
    """Make a key for the bank of an account; its secret is shown this once."""
    answer = await asked.services.finance.bank_accounts.make_key(asked.names[NAME], asked.caller.id)
    if isinstance(answer, BankAccountRefusal):
        raise refused(answer)
    return KeyMade(answer.key_id, answer.secret.hex())


async def end_bank_key(asked: Asked) -> KeyCard:
    """End a key: what is signed with it is not believed any more."""
    answer = await asked.services.finance.bank_accounts.end_key(asked.body.key_id, asked.caller.id)
    if isinstance(answer, BankAccountRefusal):
        raise refused(answer)
    return _key_card(answer)


async def take_bank_file(asked: Asked) -> IntakeReport:
    """Take a bank's file, whole or not at all; the same file again is answered with its first report."""
    query: UploadQuery = asked.query
    async with spooled(asked.request, FILE_BYTES_MAX) as (name, content):
        taking = asked.services.finance.intake.take(
            content, asked.caller.id, name=name, accepts_repeats=query.accepts_repeats
        )
        return await _taken(asked, taking, asked.caller.id)


async def preview_bank_file(asked: Asked) -> IntakeReport:
    """Show what taking a bank's file would do now; leaves nothing behind."""
    query: UploadQuery = asked.query
    async with spooled(asked.request, FILE_BYTES_MAX) as (name, content):
        answer = await asked.services.finance.intake.preview(
            content, asked.caller.id, name=name, accepts_repeats=query.accepts_repeats
        )
    if isinstance(answer, IntakeRefused):
        raise _file_refused(answer)
    return answer


async def take_bank_notice(asked: Asked) -> IntakeReport:
    """Take what a bank pushes, signed with its key over `timestamp.body` (HMAC-SHA256)."""
    headers = asked.request.headers
    key = await asked.services.finance.bank_accounts.live_key(headers.get(KEY_HEADER, ""))
    if key is None:
        # before the body is read: whoever has no key has no claim to be heard at length
        raise ApiError(ApiCode.NOTICE_NOT_BELIEVED, BankAccountRefusal.KEY_UNKNOWN.value)
    file = await received(asked.request, NOTICE_BYTES_MAX)
    refusal = webhook_refusal(
        secrets=[key.secret],
        timestamp=headers.get(TIMESTAMP_HEADER, ""),
        signatures=headers.get(SIGNATURE_HEADER, ""),
        body=file.content,
        now_us=asked.services.clock.now_us(),
    )
    if refusal is not None:
        raise ApiError(ApiCode.NOTICE_NOT_BELIEVED, refusal.value)
    taking = asked.services.finance.intake.take(
        file.content, SYSTEM, name=file.name, channel=Channel.WEBHOOK, sender=key.slug
    )
    return await _taken(asked, taking, SYSTEM)


async def list_bank_files(asked: Asked) -> TakenFiles:
    """List the files that were taken."""
    query: FilesQuery = asked.query
    files = await asked.services.finance.intake.files(query.before, query.limit)
    return TakenFiles(files, await names_of(asked.services, (file.taken_by for file in files)))


async def show_bank_file(asked: Asked) -> IntakeReport:
    """Show the report of a file that was taken."""
    report = await asked.services.finance.intake.report(asked.ids["file"])
    if report is None:
        raise ApiError(ApiCode.NOT_ON_FILE)
    return report


async def list_bank_movements(asked: Asked) -> Movements:
    """List the movements of a file that was taken."""
    query: MovementsQuery = asked.query
    intake = asked.services.finance.intake
    return Movements(await intake.movements(asked.ids["file"], query.after, query.limit))


async def list_suspense(asked: Asked) -> SuspenseList:
    """List receipts that could not be credited, each with what is proposed."""
    items = await asked.services.finance.suspense.items(only_open=not asked.query.all)
    return SuspenseList(items, await names_of(asked.services, (item.acted_by for item in items)))


async def assign_receipt(asked: Asked) -> Assigned:
    """Move a receipt from suspense to a deposit, and admit its bidder if that makes it whole."""
    form: AssignForm = asked.body
    answer = await asked.services.finance.suspense.assign(
        form.receipt_id, form.lot, form.bidder, asked.caller.id, form.reason
    )
    if isinstance(answer, SuspenseRefusal):
        raise _suspense_refused(answer)
    if answer.is_complete:
        await asked.services.sign_ups.admit_paid([form.lot])
    return answer


async def give_receipt_back(asked: Asked) -> GivenBack:
    """Propose to pay a receipt in suspense back; another person approves it among the payouts."""
    form: ReturnForm = asked.body
    answer = await asked.services.finance.suspense.give_back(form.receipt_id, asked.caller.id)
    if isinstance(answer, SuspenseRefusal | PayoutRefusal):
        raise _suspense_refused(answer)
    return answer


async def _taken(asked: Asked, taking: Awaitable[IntakeReport | IntakeRefused], by: int) -> IntakeReport:
    """Admit whose deposits are whole now, take debits for the answers to payouts that they are, and answer."""
    services = asked.services
    try:
        answer = await taking
    except LedgerUnavailable as error:
        services.sign_ups.admit_soon(error)
        raise
    if isinstance(answer, IntakeRefused):
        refusal = _file_refused(answer)
        services.sign_ups.admit_soon(refusal)
        raise refusal
    await services.sign_ups.admit_paid(answer.lots)
    await services.finance.payouts.read_movements(by)
    return answer


def _suspense_refused(refusal: SuspenseRefusal | PayoutRefusal) -> ApiError:
    if refusal is SuspenseRefusal.RECEIPT_UNKNOWN:
        return ApiError(ApiCode.NOT_ON_FILE, refusal.value)
    return refused(refusal)


def _file_refused(answer: IntakeRefused) -> ApiError:
    problems = [_fault(fault) for fault in answer.faults]
    if answer.file_id is not None:
        problems.append(f"file {answer.file_id}")
    return ApiError(ApiCode.FILE_REFUSED, answer.problem.value, problems)


def _fault(fault: Fault) -> str:
    """Say one thing that is wrong: where, what, and by how much."""
    where = f"line {fault.line}" if fault.line else ""
    difference = "" if fault.difference is None else f"difference {fault.difference}"
    return " ".join(filter(None, (where, fault.place, fault.problem.value, fault.detail, difference)))


def _key_card(key: BankKey) -> KeyCard:
    return KeyCard(key.key_id, key.slug, key.made_by, key.made_at_us, key.ended_at_us)


REFUSED = (ApiCode.REFUSED_BY_LEDGER,)
FILES = (ApiCode.FILE_REFUSED,)
OPERATIONS = (
    Operation("GET", "/bank/accounts", list_bank_accounts, READERS, answer=BankAccounts),
    Operation(
        "POST", "/bank/accounts", register_bank_account, ACCOUNTANTS, body=BankAccountForm, answer=BankAccount,
        codes=REFUSED,
    ),
    Operation("GET", "/bank/accounts/{name}/keys", list_bank_keys, READERS, answer=KeyCards),
    Operation(
        "POST", "/bank/accounts/{name}/keys", make_bank_key, ACCOUNTANTS, answer=KeyMade, status=201, codes=REFUSED
    ),
    Operation("POST", "/bank/keys/end", end_bank_key, ACCOUNTANTS, body=KeyEndForm, answer=KeyCard, codes=REFUSED),
    Operation("GET", "/bank/files", list_bank_files, READERS, query=FilesQuery, answer=TakenFiles),
    Operation(
        "POST", "/bank/files", take_bank_file, CASHIERS, query=UploadQuery, answer=IntakeReport, takes_file=True,
        codes=FILES,
    ),
    Operation(
        "POST", "/bank/files/preview", preview_bank_file, CASHIERS, query=UploadQuery, answer=IntakeReport,
        takes_file=True, codes=FILES, is_question=True,
    ),
    Operation(
        "GET", "/bank/files/{file}", show_bank_file, READERS, answer=IntakeReport, codes=(ApiCode.NOT_ON_FILE,)
    ),
    Operation(
        "GET", "/bank/files/{file}/movements", list_bank_movements, READERS, query=MovementsQuery, answer=Movements
    ),
    Operation(
        "POST", "/bank/notices", take_bank_notice, ANYONE, answer=IntakeReport, takes_file=True,
        codes=(ApiCode.NOTICE_NOT_BELIEVED, *FILES),
    ),
    Operation("GET", "/suspense", list_suspense, READERS, query=SuspenseQuery, answer=SuspenseList),
    Operation(
        "POST", "/suspense/assignments", assign_receipt, CASHIERS, body=AssignForm, answer=Assigned,
        codes=(ApiCode.NOT_ON_FILE, *REFUSED),
    ),
    Operation(
        "POST", "/suspense/returns", give_receipt_back, CASHIERS, body=ReturnForm, answer=GivenBack,
        codes=(ApiCode.NOT_ON_FILE, *REFUSED),
    ),
)  # fmt: skip
