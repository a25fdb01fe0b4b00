"""What is known of a payout: why and to whom, where it stands, who did what, the file it went with.

Here belong the shapes and the closed lists of states, kinds and refusals.
Not here: which step may follow which (rules), messages of the bank (initiation, results), SQL (postgres).
"""

from enum import StrEnum

import msgspec

from ledger.accounts import AccountCode
from ledger.units import Amount, Currency


class PayoutKind(StrEnum):
    """Why money leaves; each kind is paid out of accounts of its own (see rules.SOURCES)."""

    REFUND = "refund"
    SUSPENSE_RETURN = "suspense_return"
    SELLER = "seller"
    TREASURY = "treasury"
    FEE = "fee"


class PayoutState(StrEnum):
    """Where a payout stands. DECLINED, CANCELLED, REJECTED and RETURNED are ends: the money is owed again.

    PAID is an end too, unless the payee's bank sends the money back.
    """

    PROPOSED = "proposed"
    APPROVED = "approved"
    BATCHED = "batched"
    SENT = "sent"
    PAID = "paid"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    RETURNED = "returned"


class PayoutRefusal(StrEnum):
    """Why an act is refused, in order of precedence: of several reasons the first is the answer."""

    AMOUNT_NOT_POSITIVE = "amount_not_positive"
    AMOUNT_TOO_LARGE = "amount_too_large"
    CURRENCY_UNKNOWN = "currency_unknown"
    TEXT_NOT_BOOKABLE = "text_not_bookable"
    PAYEE_NAME_MISSING = "payee_name_missing"
    PAYEE_ACCOUNT_MALFORMED = "payee_account_malformed"
    PAYEE_BANK_MALFORMED = "payee_bank_malformed"
    RECEIPT_MISSING = "receipt_missing"
    SOURCE_NOT_OF_KIND = "source_not_of_kind"
    SOURCE_UNKNOWN = "source_unknown"
    SOURCE_OF_OTHER_CURRENCY = "source_of_other_currency"
    CAUSE_HAS_OTHER_PAYOUT = "cause_has_other_payout"
    SOURCE_HAS_TOO_LITTLE = "source_has_too_little"

    PAYOUT_UNKNOWN = "payout_unknown"
    BATCH_UNKNOWN = "batch_unknown"
    PAYING_ACCOUNT_UNKNOWN = "paying_account_unknown"
    PAYING_ACCOUNT_DIFFERS = "paying_account_differs"
    VERSION_UNKNOWN = "version_unknown"
    STATE_DIFFERS = "state_differs"
    NOTHING_TO_BATCH = "nothing_to_batch"
    BATCH_ALREADY_SENT = "batch_already_sent"
    BATCH_WITHDRAWN = "batch_withdrawn"
    WITHDRAWAL_PROPOSED = "withdrawal_proposed"
    WITHDRAWAL_NOT_PROPOSED = "withdrawal_not_proposed"
    PERSON_MISSING = "person_missing"
    SAME_PERSON = "same_person"
    PAYEE_ACCOUNT_MISSING = "payee_account_missing"
    REASON_MISSING = "reason_missing"
    RECEIPT_NOT_THE_RETURN = "receipt_not_the_return"


class FileRefusal(StrEnum):
    """Why an answer of the bank is not read at all, in order of precedence; then nothing has changed."""

    TOO_LARGE = "too_large"
    EMPTY = "empty"
    WRONG_ENCODING = "wrong_encoding"
    NOT_XML = "not_xml"
    DOCTYPE_NOT_ALLOWED = "doctype_not_allowed"
    TOO_COMPLEX = "too_complex"
    MESSAGE_UNKNOWN = "message_unknown"
    ELEMENT_MISSING = "element_missing"
    VALUE_MALFORMED = "value_malformed"


class PayoutWanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be paid out of an account of the ledger.

    `amount` in minor units. `payee_account` is an IBAN or an account number, empty when it is not known yet;
    `payee_bank` a BIC or the twelve digits of a bank in China's payment system (联行号), or empty. `cause` names
    what is paid for: nothing is paid twice for one cause. A suspense return has its receipt as cause.
    """

    kind: PayoutKind
    source_account: AccountCode
    amount: Amount
    currency: Currency
    payee_name: str
    payee_account: str = ""
    payee_bank: str = ""
    lot_id: int | None = None
    bidder_id: int | None = None
    receipt_id: str | None = None
    due_at_us: int | None = None
    cause: str = ""


class Payout(msgspec.Struct, frozen=True, kw_only=True):
    """A payout as it stands.

    `step` counts its events from 1; `reason_code` and `reason` say why it ended unpaid; `previous_id` is the
    payout that ended unpaid before this one; `account_entered_by` is who last said where the money goes (0: it
    goes back to where it came from). Person 0 is the system itself.
    """

    payout_id: int
    kind: PayoutKind
    state: PayoutState
    step: int
    source_account: AccountCode
    amount: Amount
    currency: Currency
    payee_name: str
    payee_account: str
    payee_bank: str
    lot_id: int | None
    bidder_id: int | None
    receipt_id: str | None
    cause: str
    due_at_us: int | None
    previous_id: int | None
    proposed_by: int
    proposed_at_us: int
    account_entered_by: int
    approved_by: int | None
    batch_id: int | None
    reason_code: str
    reason: str
    changed_at_us: int

    @property
    def end_to_end_id(self) -> str:
        """The name under which the bank carries it from end to end."""
        return end_to_end_id(self.payout_id)


class PayoutEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a payout: its state after it, who acted and when, and what he said.

    `source` is the bank's message that a result was read from.
    """

    payout_id: int
    step: int
    state: PayoutState
    acted_by: int
    at_us: int
    payee_account: str
    payee_bank: str
    batch_id: int | None
    reason_code: str
    reason: str
    source: str


class Acted(msgspec.Struct, frozen=True, kw_only=True):
    """An act was done; `is_new` is False when it had been done before, then nothing has changed now."""

    payout: Payout
    is_new: bool


class RefundDue(msgspec.Struct, frozen=True, kw_only=True):
    """Money owed back that no payout speaks for yet.

    `last` is the payout before, if there was one; its reason says why the money is owed again.
    """

    source_account: AccountCode
    amount: Amount
    currency: Currency
    lot_id: int
    bidder_id: int
    payee_name: str
    due_at_us: int | None
    last: Payout | None


class RefundsProposed(msgspec.Struct, frozen=True, kw_only=True):
    """What a run of proposals did: the new payouts, and what it left to a person.

    Left is what a person had stopped before, and what cannot be paid as it stands (`refused`: the account of
    the ledger, and why).
    """

    proposed: tuple[Payout, ...]
    stopped_before: tuple[AccountCode, ...] = ()
    refused: tuple[tuple[AccountCode, PayoutRefusal], ...] = ()


class PayingAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account of the centre at a bank, from which it pays.

    Args:
        name: short name in lower-case letters, digits and hyphens.
        account: the bank's account in the ledger, `assets:bank:...`.
        currency: of both.
        holder: the centre's name, as the bank writes it.
        number: IBAN or account number.
        bank: BIC or the twelve digits of the bank (联行号); empty when the bank does not ask for it.
        utc_offset_minutes: of the bank's days; 480 in China.
    """

    name: str
    account: AccountCode
    currency: Currency
    holder: str
    number: str
    bank: str = ""
    utc_offset_minutes: int = 480


class Withdrawal(msgspec.Struct, frozen=True, kw_only=True):
    """That a file is not to go to the bank, or does not: `confirmed_by` is None until a second person says so."""

    proposal_id: int
    reason: str
    proposed_by: int
    proposed_at_us: int
    confirmed_by: int | None = None
    confirmed_at_us: int | None = None


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """A file for the bank: `payouts` credit transfers of `total` minor units, and when it was sent, if it was.

    `sha256` is the digest of its bytes, in hexadecimal. `withdrawal` stands when somebody wants it withdrawn, or it is.
    """

    batch_id: int
    paid_from: str
    currency: Currency
    version: str
    message_id: str
    payouts: int
    total: Amount
    sha256: str
    made_by: int
    made_at_us: int
    sent_by: int | None
    sent_at_us: int | None
    withdrawal: Withdrawal | None = None

    @property
    def is_withdrawn(self) -> bool:
        """Whether its file is void: its payouts have ended unpaid."""
        return self.withdrawal is not None and self.withdrawal.confirmed_by is not None

    @property
    def file_name(self) -> str:
        """The name under which it is saved."""
        return f"{self.message_id}.{self.version}.xml"


class Batched(msgspec.Struct, frozen=True, kw_only=True):
    """A batch was made or sent; `is_new` is False when it had been before."""

    batch: Batch
    is_new: bool


class BatchFile(msgspec.Struct, frozen=True, kw_only=True):
    """The bytes of a batch, the same at every download."""

    batch: Batch
    content: bytes


class Verdict(StrEnum):
    """What an answer of the bank means for a payout."""

    PAID = "paid"
    REJECTED = "rejected"
    RETURNED = "returned"
    UNDERWAY = "underway"


class LineOutcome(StrEnum):
    """What became of one line of an answer; only PAID and REJECTED have changed anything.

    UNDERWAY, and REPEATED what was known, are as they should be; the others want a person's eye.
    """

    PAID = "paid"
    REJECTED = "rejected"
    REPEATED = "repeated"
    UNDERWAY = "underway"
    STATUS_UNKNOWN = "status_unknown"
    PAYOUT_UNKNOWN = "payout_unknown"
    BATCH_UNKNOWN = "batch_unknown"
    OTHER_BATCH = "other_batch"
    AMOUNT_DIFFERS = "amount_differs"
    FILE_CONTRADICTS_ITSELF = "file_contradicts_itself"
    BANK_SAW_DUPLICATE = "bank_saw_duplicate"
    NOT_SENT = "not_sent"
    CONTRADICTS_STATE = "contradicts_state"
    RETURNED = "returned"
    BANK_HAS_TOO_LITTLE = "bank_has_too_little"


CLEAR_OUTCOMES = frozenset(
    {LineOutcome.PAID, LineOutcome.REJECTED, LineOutcome.REPEATED, LineOutcome.UNDERWAY}
)
"""Outcomes that ask nothing of anybody."""


class ResultLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an answer and what became of it.

    Args:
        subject: end-to-end id of a payout, or message id of a batch.
        status: the bank's own word, e.g. `ACSC`, `RJCT`, `BOOK`.
        reason_code: the bank's code, e.g. `AC01`; empty when it gives none.
        reason: the bank's text.
        line: where it stands in the file, from 1.
    """

    subject: str
    status: str
    outcome: LineOutcome
    payout_id: int | None = None
    reason_code: str = ""
    reason: str = ""
    line: int = 0


class ResultReport(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer of the bank said and did.

    `was_read_before` tells that the same bytes were read before.
    """

    message_name: str
    message_id: str
    sha256: str
    was_read_before: bool
    lines: tuple[ResultLine, ...]

    @property
    def paid(self) -> int:
        """How many payouts became paid by this reading."""
        return sum(line.outcome is LineOutcome.PAID for line in self.lines)

    @property
    def rejected(self) -> int:
        """How many payouts became rejected by this reading."""
        return sum(line.outcome is LineOutcome.REJECTED for line in self.lines)

    @property
    def to_clarify(self) -> tuple[ResultLine, ...]:
        """The lines that changed nothing and want a person's eye."""
        return tuple(line for line in self.lines if line.outcome not in CLEAR_OUTCOMES)


class FileRefused(msgspec.Struct, frozen=True, kw_only=True):
    """An answer could not be read; `line` from 1 where it is known, else 0; `detail` names the element."""

    refusal: FileRefusal
    line: int = 0
    detail: str = ""


def end_to_end_id(payout_id: int) -> str:
    """Return the name of a payout between banks: at most 35 letters and digits."""
    return f"LCP{payout_id:012d}"


def message_id(batch_id: int) -> str:
    """Return the name of a batch between the centre and its bank: at most 35 letters and digits."""
    return f"LCB{batch_id:012d}"
