"""What is known of the centre's bank accounts, of files that were taken and of suspense.

Here belong the shapes and closed lists of answers. Not here: what files say (statements), SQL (postgres).
"""

from enum import StrEnum

import msgspec

from ledger.accounts import AccountCode
from ledger.bank.statements import Fault, Movement, Problem, StatementKind, Warned
from ledger.records import SuspenseReason
from ledger.units import Amount, Currency


class BankAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account of the centre at a bank; `account` is its balance in the ledger.

    `number` is an IBAN or a number, without blanks; `utc_offset_minutes` that of the bank's clock.
    """

    slug: str
    number: str
    bank_name: str
    holder: str
    currency: Currency
    account: AccountCode
    utc_offset_minutes: int
    opened_by: int
    opened_at_us: int


class DepositAccountChange(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody wants an account to take the deposits of its currency; `is_confirmed` is None while that waits."""

    proposal_id: int
    currency: Currency
    slug: str
    reason: str
    proposed_by: int
    proposed_at_us: int
    is_confirmed: bool | None = None
    decision_reason: str = ""
    decided_by: int | None = None
    decided_at_us: int | None = None


class BankAccountRefusal(StrEnum):
    """Why an account or key is not registered, in order of precedence."""

    SLUG_MALFORMED = "slug_malformed"
    NUMBER_MALFORMED = "number_malformed"
    TEXT_NOT_BOOKABLE = "text_not_bookable"
    CURRENCY_UNKNOWN = "currency_unknown"
    UTC_OFFSET_OUT_OF_RANGE = "utc_offset_out_of_range"
    PERSON_MISSING = "person_missing"
    BANK_ACCOUNT_DIFFERS = "bank_account_differs"
    NUMBER_TAKEN = "number_taken"
    BANK_ACCOUNT_UNKNOWN = "bank_account_unknown"
    KEY_UNKNOWN = "key_unknown"


class BankKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key with which a bank signs its notices; `secret` is shown when it is made and never again."""

    key_id: str
    slug: str
    secret: bytes = b""
    made_by: int = 0
    made_at_us: int = 0
    ended_at_us: int | None = None


class Channel(StrEnum):
    """The way on which a file came."""

    UPLOAD = "upload"
    WEBHOOK = "webhook"


class MovementOutcome(StrEnum):
    """What was done with a movement. DUPLICATE: its money had been booked before."""

    CREDITED = "credited"
    SUSPENSE = "suspense"
    DUPLICATE = "duplicate"
    DEBIT = "debit"
    PENDING = "pending"


class Note(StrEnum):
    """What a person should know of a movement."""

    PART_PAID = "part_paid"
    OVERPAID = "overpaid"
    BOOKED_IN_PARTS = "booked_in_parts"
    BOOKED_AS_ONE = "booked_as_one"
    PARTS_REPLACE_ONE = "parts_replace_one"


class KnownReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """What must be known of a receipt that a movement may be the same as."""

    receipt_id: str
    amount: Amount
    currency: Currency
    is_in_suspense: bool
    is_split: bool
    is_acted_on: bool


class InParts(msgspec.Struct, frozen=True, kw_only=True):
    """What the known parts of a collective booking amount to, and the receipt of one of them."""

    amount: Amount
    receipt_id: str | None


class MovementRow(msgspec.Struct, frozen=True, kw_only=True):
    """A movement with what was done with it, as it is written."""

    statement_id: int
    slug: str
    movement: Movement
    bank_reference: str
    booked_on: str
    booked_at_us: int
    value_on: str | None
    outcome: MovementOutcome
    reason: SuspenseReason | None = None
    note: Note | None = None
    note_amount: Amount = 0
    receipt_id: str | None = None
    payout_id: int | None = None


class MovementLine(msgspec.Struct, frozen=True, kw_only=True):
    """A movement as it was recorded. `note_amount`: what is missing or too much, in minor units."""

    movement_id: int
    statement_id: int
    slug: str
    line: int
    bank_reference: str
    amount: Amount
    currency: Currency
    booked_on: str
    booked_at_us: int
    counterparty_name: str
    counterparty_account: str
    remittance: str
    end_to_end_id: str
    outcome: MovementOutcome
    reason: SuspenseReason | None
    note: Note | None
    note_amount: Amount
    receipt_id: str | None
    payout_id: int | None
    lot_id: int | None
    bidder_id: int | None


class StatementLine(msgspec.Struct, frozen=True, kw_only=True):
    """A statement as it was recorded; days as `2026-03-01`.

    `chain_gap` is this opening less the closing before it: 0 when nothing is missing between, None when unknown.
    """

    statement_id: int
    slug: str
    kind: StatementKind
    name: str
    page: int
    currency: Currency
    opens_on: str | None
    closes_on: str | None
    opening: Amount | None
    closing: Amount | None
    credits: Amount
    debits: Amount
    movements: int
    chain_gap: Amount | None


class OutcomeTotal(msgspec.Struct, frozen=True, kw_only=True):
    """How many movements of a currency had an outcome, and what they amount to."""

    currency: Currency
    outcome: MovementOutcome
    movements: int
    amount: Amount


class TakenFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was taken, in a list."""

    file_id: int
    sha256: str
    bytes: int
    name: str
    channel: Channel
    format: str
    message_key: str
    taken_by: int
    taken_at_us: int


class IntakeReport(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file: the same for ever, however often it comes again.

    `lines` are its first LINES_MAX movements, those in suspense before the others; `movements` counts all of them.
    `lots` are those that money was credited for: somebody may be due for admission there.
    """

    file: TakenFile
    is_new: bool
    is_preview: bool
    statements: tuple[StatementLine, ...]
    totals: tuple[OutcomeTotal, ...]
    warnings: tuple[Warned, ...]
    movements: int
    lines: tuple[MovementLine, ...]
    lots: tuple[int, ...]


class IntakeRefused(msgspec.Struct, frozen=True, kw_only=True):
    """Why a file was not taken: the first problem in order of precedence, and all that were found.

    Nothing of it is booked. `file_id` names the file that was taken before, where that is the reason.
    """

    problem: Problem
    faults: tuple[Fault, ...]
    file_id: int | None = None


class SuspenseState(StrEnum):
    """Where the money of a receipt in suspense is now."""

    OPEN = "open"
    ASSIGNED = "assigned"
    RETURN_PROPOSED = "return_proposed"
    RETURNED = "returned"
    TAKEN_BACK = "taken_back"
    SPLIT = "split"
    REVERSED = "reversed"


class SuspenseRefusal(StrEnum):
    """Why an act on a receipt in suspense is refused, in order of precedence."""

    PERSON_MISSING = "person_missing"
    REASON_MISSING = "reason_missing"
    TEXT_NOT_BOOKABLE = "text_not_bookable"
    RECEIPT_UNKNOWN = "receipt_unknown"
    NOT_IN_SUSPENSE = "not_in_suspense"
    ALREADY_WORKED_OFF = "already_worked_off"
    DEPOSIT_UNKNOWN = "deposit_unknown"
    WRONG_CURRENCY = "wrong_currency"
    LOT_CLOSED = "lot_closed"
    DEADLINE_PASSED = "deadline_passed"
    PAYEE_NAME_MISSING = "payee_name_missing"


class ProposalAct(StrEnum):
    """What is proposed for a receipt in suspense. TAKE_BACK joins it with the payout that came back."""

    ASSIGN = "assign"
    GIVE_BACK = "give_back"
    TAKE_BACK = "take_back"


class Why(StrEnum):
    """Why something is proposed."""

    CORRECTED_REFERENCE = "corrected_reference"
    SAME_PAYER_AND_AMOUNT = "same_payer_and_amount"
    SAME_PAYER = "same_payer"
    NAMED_DEPOSIT = "named_deposit"
    NO_DEPOSIT_FOUND = "no_deposit_found"
    NOT_ACCEPTABLE = "not_acceptable"
    OWN_PAYOUT_RETURNED = "own_payout_returned"


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """What one click does; lot and bidder for ASSIGN, payout for TAKE_BACK where it is known."""

    act: ProposalAct
    why: Why
    lot_id: int | None = None
    bidder_id: int | None = None
    reference: str = ""
    payout_id: int | None = None


class OpenDeposit(msgspec.Struct, frozen=True, kw_only=True):
    """A deposit that still takes money, as far as proposals need to know it."""

    lot_id: int
    bidder_id: int
    reference: str
    payer_name: str
    currency: Currency
    required: Amount
    received: Amount
    pay_by_us: int | None

    @property
    def missing(self) -> Amount:
        """Minor units that have not come."""
        return max(0, self.required - self.received)


class SuspenseItem(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt in suspense with what was done, else what is proposed.

    `position` is its place in the list; `steps` counts what was ever done with it, also what was undone again.
    """

    position: int
    steps: int
    receipt_id: str
    reference: str
    amount: Amount
    currency: Currency
    payer_name: str
    payer_account: str
    payer_bank: str
    received_at_us: int
    reason: SuspenseReason
    lot_id: int | None
    bidder_id: int | None
    remittance: str
    end_to_end_id: str
    bank_account: str
    state: SuspenseState
    acted_by: int | None
    acted_at_us: int | None
    payout_id: int | None
    proposal: Proposal | None


class Assigned(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt is on a deposit now; whoever assigned it has the sign-ups admit who is due (SignUps.admit_due)."""

    receipt_id: str
    lot_id: int
    bidder_id: int
    amount: Amount
    currency: Currency
    received: Amount
    required: Amount

    @property
    def is_complete(self) -> bool:
        """Tell whether the deposit is whole, so that its bidder is due for admission."""
        return self.received >= self.required


class GivenBack(msgspec.Struct, frozen=True, kw_only=True):
    """A return is proposed; it leaves as every payout does, after a second person's approval."""

    receipt_id: str
    payout_id: int
    amount: Amount
    currency: Currency
