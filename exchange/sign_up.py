"""From the wish to bid to the paddle: sign-up, deposit reference, bank receipt, hold, admission.

Every step can be repeated, and none is remembered in memory alone: whatever a crash or an outage interrupts,
`admit_due` finishes. Belongs here: the order of these steps. Does not belong here: booking money
(`ledger.deposits`), giving out paddles (`matching.lot`), HTTP.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

import structlog
from msgspec import Struct

from exchange.capacities import Capacities, Capacity
from exchange.catalogue import Catalogue
from exchange.commitments import Commitment, commitment
from exchange.database import Database, Row
from exchange.defaulters import Defaulters
from exchange.identities import Identities, Identity
from exchange.identity_required import IdentityRequired, missing_identity
from exchange.lot_sheets import LotCard
from exchange.people import Account
from exchange.ports import Accepted, Busy, Clock, CommandBus, ExchangeError, LotBook
from exchange.records import derived_id
from exchange.repair import Repair
from ledger.deposits import Deposits, Held, LotClosed, NotEnough
from ledger.receipts import ReceiptOutcome
from ledger.records import BankReceipt, ReceiptStatus
from ledger.register import DepositRow, DepositState
from ledger.store import LedgerUnavailable
from ledger.verify import Admissions
from matching.commands import AdmitBidder
from matching.lot import ENDED_STATES
from matching.refusals import Refusal
from matching.units import NOBODY, BidderId, LotId, Paddle, TimeUs

log = structlog.get_logger(__name__)

ADMISSIONS_AT_ONCE = 64
MINE_MAX = 500
"""Sign-ups that one person sees in his list, the latest."""

SIGN_UP_COLUMNS = (
    "s.lot, s.account, s.reference, s.state, s.paddle, s.commitment, s.committed_at_us, s.identity, "
    "l.deposit, l.deposit_by_us, l.currency, l.outcome"
)
SELECT_SIGN_UP = f"""
SELECT {SIGN_UP_COLUMNS} FROM exchange.sign_up s JOIN exchange.lot l ON l.id = s.lot WHERE s.lot = $1 AND s.account = $2
"""
SELECT_BY_REFERENCE = f"""
SELECT {SIGN_UP_COLUMNS} FROM exchange.sign_up s JOIN exchange.lot l ON l.id = s.lot WHERE s.reference = $1
"""
SELECT_MINE = f"""
SELECT {SIGN_UP_COLUMNS} FROM exchange.sign_up s JOIN exchange.lot l ON l.id = s.lot
 WHERE s.account = $1 ORDER BY s.created_at_us DESC, s.lot DESC LIMIT $2
"""
INSERT_SIGN_UPS = """
INSERT INTO exchange.sign_up (lot, account, reference, state, created_at_us, commitment, committed_at_us, identity)
SELECT $1, new.account, $3, $4, $5::bigint, $6, CASE WHEN $6::bytea IS NULL THEN NULL ELSE $5::bigint END,
       COALESCE($7::bigint, (SELECT identity FROM exchange.identity_standing s WHERE s.account = new.account))
  FROM unnest($2::bigint[]) AS new (account) ON CONFLICT (lot, account) DO NOTHING
"""
INSERT_COMMITMENT = """
INSERT INTO exchange.commitment (sha256, text_zh, text_en) VALUES ($1, $2, $3) ON CONFLICT (sha256) DO NOTHING
"""
UPDATE_PENDING = """
UPDATE exchange.sign_up SET state = 'admission_pending' WHERE lot = $1 AND account = $2 AND state = 'awaiting_deposit'
"""
UPDATE_ADMITTED = """
UPDATE exchange.sign_up s SET state = 'admitted', paddle = given.paddle
  FROM unnest($2::bigint[], $3::bigint[]) AS given (account, paddle)
 WHERE s.lot = $1 AND s.account = given.account AND s.state <> 'admitted'
"""
UPDATE_NOT_ADMITTED = """
UPDATE exchange.sign_up SET state = 'not_admitted'
 WHERE lot = $1 AND account = ANY($2::bigint[]) AND state <> 'admitted'
"""
SELECT_UNFINISHED_LOTS = """
SELECT DISTINCT s.lot FROM exchange.sign_up s JOIN exchange.lot l ON l.id = s.lot
 WHERE s.state IN ('awaiting_deposit', 'admission_pending') AND l.outcome IS NULL ORDER BY s.lot
"""
SELECT_UNFINISHED = """
SELECT account, state FROM exchange.sign_up
 WHERE lot = $1 AND state IN ('awaiting_deposit', 'admission_pending') ORDER BY created_at_us, account
"""
SELECT_WITH_DEPOSIT = """
SELECT s.lot, s.account, s.state = 'admitted' AND l.outcome IS NULL AS is_admitted
  FROM exchange.sign_up s JOIN exchange.lot l ON l.id = s.lot WHERE s.reference <> ''
"""
CLOSE_NOT_ADMITTED = """
UPDATE exchange.sign_up SET state = 'not_admitted'
 WHERE lot = $1 AND state IN ('awaiting_deposit', 'admission_pending')
"""


async def admissions(pool: Any) -> Admissions:
    """Tell the proof of the books who signed up with a deposit, and who of them may bid on a lot under way.

    Raises: StoreUnavailable.
    """
    rows = await Database(pool).rows(SELECT_WITH_DEPOSIT)
    return Admissions(
        entered=frozenset((row["lot"], row["account"]) for row in rows),
        admitted=frozenset((row["lot"], row["account"]) for row in rows if row["is_admitted"]),
    )


class SignUpStatus(StrEnum):
    """How far somebody has come on the way to a paddle."""

    AWAITING_DEPOSIT = "awaiting_deposit"
    ADMISSION_PENDING = "admission_pending"
    ADMITTED = "admitted"
    NOT_ADMITTED = "not_admitted"


class SignUpState(Struct, frozen=True):
    """A sign-up with its deposit. Amounts are minor units of `currency`; `reference` is empty without a deposit."""

    lot: LotId
    account: BidderId
    reference: str
    required: int
    received: int
    currency: str
    state: SignUpStatus
    paddle: Paddle
    deposit_state: DepositState | None = None
    applied: int = 0
    refund_due: int = 0
    deposit_by_us: TimeUs = 0
    """Until when the deposit may arrive; 0 for until the lot ends."""
    commitment: str = ""
    """SHA-256 of the commitment that came with the sign-up; empty where none did."""
    committed_at_us: TimeUs = 0
    identity: int = 0
    """The declaration of who the bidder is that held when he signed up; 0 where there was none."""

    @property
    def missing(self) -> int:
        """Minor units of the deposit that have not come in."""
        return max(0, self.required - self.received)


class SignUpRefusal(StrEnum):
    """Why nobody can sign up, in order of precedence."""

    LOT_UNKNOWN = "LOT_UNKNOWN"
    LOT_CLOSED = "LOT_CLOSED"
    DEPOSIT_DEADLINE_PASSED = "DEPOSIT_DEADLINE_PASSED"
    DEFAULTED_BEFORE = "DEFAULTED_BEFORE"
    BIDS_JOINTLY = "BIDS_JOINTLY"
    IDENTITY_NEEDED = "IDENTITY_NEEDED"
    IDENTITY_RETURNED = "IDENTITY_RETURNED"
    IDENTITY_UNDER_REVIEW = "IDENTITY_UNDER_REVIEW"
    IDENTITY_NOT_CONFIRMED = "IDENTITY_NOT_CONFIRMED"
    COMMITMENT_DIFFERS = "COMMITMENT_DIFFERS"
    DEPOSIT_REQUIRED = "DEPOSIT_REQUIRED"


class Admission(Struct, frozen=True):
    """A bidder and his paddle; 0 when he could not be admitted, or not yet."""

    bidder: BidderId
    paddle: Paddle


class SignUps:
    """Leads people to their paddles, over PostgreSQL, the ledger and the engine.

    Every method raises StoreUnavailable or LedgerUnavailable when the database does not answer; repeat it then.
    """

    def __init__(
        self,
        pool: Any,
        catalogue: Catalogue,
        deposits: Deposits,
        capacities: Capacities,
        defaulters: Defaulters,
        bus: CommandBus,
        book: LotBook,
        clock: Clock,
        *,
        identities: Identities,
        identity_required: IdentityRequired = IdentityRequired.DECLARED,
    ) -> None:
        """Take a pool that the caller opens and closes, the ledger's deposits and the way to the engine."""
        self._pool = pool
        self._database = Database(pool)
        self._catalogue = catalogue
        self._deposits = deposits
        self._capacities = capacities
        self._defaulters = defaulters
        self._bus = bus
        self._book = book
        self._clock = clock
        self._identities = identities
        self._identity_required = identity_required
        self._admitting = Repair("sign_up.admission_delayed", self.admit_due)

    async def sign_up(
        self, lot_id: LotId, account: Account, committed_to: str = ""
    ) -> SignUpState | SignUpRefusal:
        """Enter somebody for a lot, once however often it is called; without a deposit he is admitted at once.

        Args:
            lot_id: the lot.
            account: who.
            committed_to: SHA-256 of the commitment that he has read, in hexadecimal; empty for none.

        Refuses: LOT_UNKNOWN, LOT_CLOSED, DEPOSIT_DEADLINE_PASSED, DEFAULTED_BEFORE (he, or a partner of his, won this
        thing in an earlier sale), BIDS_JOINTLY (the lead bidder signs up for all), what `missing_identity` gives,
        COMMITMENT_DIFFERS (it is another lot's, or another text).
        """
        known = await self.state(lot_id, account.id)
        if known is not None:
            return known
        sheet = await self._catalogue.get(lot_id)
        if sheet is None:
            return SignUpRefusal.LOT_UNKNOWN
        if sheet.card.view.state in ENDED_STATES:
            return SignUpRefusal.LOT_CLOSED
        if 0 < sheet.card.deposit_by_us < self._clock.now_us():
            return SignUpRefusal.DEPOSIT_DEADLINE_PASSED
        if await self._defaulters.barred(lot_id, await self._with_partners(lot_id, [account.id])):
            return SignUpRefusal.DEFAULTED_BEFORE
        if await self._capacities.is_partner(lot_id, account.id):
            return SignUpRefusal.BIDS_JOINTLY
        standing = await self._identities.standing(account.id)
        if (missing := missing_identity(self._identity_required, standing)) is not None:
            return SignUpRefusal[missing.name]
        wanted = commitment(sheet) if committed_to else None
        if wanted is not None and wanted.sha256 != committed_to:
            return SignUpRefusal.COMMITMENT_DIFFERS
        return await self._enter(sheet.card, account, wanted, None if standing is None else standing.identity)

    async def state(self, lot_id: LotId, account_id: int) -> SignUpState | None:
        """Return somebody's sign-up for a lot with its deposit; None when there is none."""
        row = await self._database.row(SELECT_SIGN_UP, lot_id, account_id)
        return None if row is None else await self._with_deposit(row)

    async def by_reference(self, reference: str) -> SignUpState | None:
        """Return the sign-up that a deposit reference belongs to."""
        row = await self._database.row(SELECT_BY_REFERENCE, reference) if reference else None
        return None if row is None else await self._with_deposit(row)

    async def of_account(self, account_id: int) -> list[SignUpState]:
        """Return somebody's latest sign-ups, the newest first."""
        rows = await self._database.rows(SELECT_MINE, account_id, MINE_MAX)
        if not rows:
            return []
        deposits = {row.lot_id: row for row in await self._deposits.register(bidder_id=account_id)}
        return [_state(row, deposits.get(row["lot"])) for row in rows]

    async def receive(self, receipt: BankReceipt) -> ReceiptOutcome:
        """Book money from the bank, and admit its bidder when that makes the deposit whole.

        The one path of every receipt, whichever bank it comes from. What happens after the booking does not
        fail it: an admission that cannot be made now is made by `run`.
        """
        try:
            outcome = await self._deposits.receive(receipt)
        except LedgerUnavailable as error:
            # It may be booked all the same, and then nobody sends it again.
            self._admitting.ask(error)
            raise
        record = outcome.record
        if record is None or record.status is not ReceiptStatus.CREDITED:
            return outcome
        assert record.lot_id is not None and record.bidder_id is not None, "credited receipts name a deposit"
        try:
            await self._admit_if_paid(record.lot_id, record.bidder_id)
        except (ExchangeError, LedgerUnavailable) as error:
            self._admitting.ask(error, lot=record.lot_id, bidder=record.bidder_id)
        return outcome

    async def admit_free(self, lot_id: LotId, bidders: Sequence[BidderId]) -> list[Admission] | SignUpRefusal:
        """Enter and admit several bidders, who exist, for a lot that asks for no deposit.

        Refuses: LOT_UNKNOWN, LOT_CLOSED, DEPOSIT_REQUIRED, DEFAULTED_BEFORE (one of them, or a partner).
        """
        sheet = await self._catalogue.get(lot_id)
        if sheet is None:
            return SignUpRefusal.LOT_UNKNOWN
        if sheet.card.view.state in ENDED_STATES:
            return SignUpRefusal.LOT_CLOSED
        if sheet.card.deposit:
            return SignUpRefusal.DEPOSIT_REQUIRED
        if await self._defaulters.barred(lot_id, await self._with_partners(lot_id, bidders)):
            return SignUpRefusal.DEFAULTED_BEFORE
        await self._insert(lot_id, bidders, "", SignUpStatus.ADMISSION_PENDING)
        return await self._admit_many(lot_id, bidders)

    async def admit_due(self) -> int:
        """Admit everybody whose deposit is whole, or who needs none, and who has no paddle yet; return how many.

        Raises: Busy, OutcomeUnknown; who is left then is left to the next call.
        """
        done = 0
        for row in await self._database.rows(SELECT_UNFINISHED_LOTS):
            done += await self._admit_due_of(row["lot"])
        return done

    async def admit_paid(self, lots: Iterable[LotId]) -> None:
        """Admit whose deposit of some lots has become whole otherwise than by `receive`: by a file, by hand.

        As with `receive`, what cannot be done now is done by `run`.
        """
        for lot_id in lots:
            try:
                await self._admit_due_of(lot_id)
            except (ExchangeError, LedgerUnavailable) as error:
                self._admitting.ask(error, lot=lot_id)

    def admit_soon(self, error: Exception) -> None:
        """Have `run` look for whole deposits: money may have been booked by what `error` cut off."""
        self._admitting.ask(error)

    async def run(self) -> None:
        """Finish, for ever, the admissions that could not be made when they were due, before the start or since."""
        await self._admitting.run()

    async def admissions(self) -> Admissions:
        """Return what the proof of the books compares holds with (see `admissions`)."""
        return await admissions(self._pool)

    async def close(self, lot_id: LotId, paddles: Mapping[BidderId, Paddle]) -> None:
        """Write down who had a paddle when the lot ended, and that nobody else gets one."""
        await self._database.run(UPDATE_ADMITTED, lot_id, list(paddles), list(paddles.values()))
        await self._database.run(CLOSE_NOT_ADMITTED, lot_id)

    async def _with_partners(self, lot_id: LotId, bidders: Sequence[BidderId]) -> list[BidderId]:
        """Return bidders, and those who bid jointly with them."""
        capacities = await self._capacities.of_all(lot_id, bidders)
        partners = [partner.bidder for capacity in capacities.values() for partner in capacity.partners]
        return [*bidders, *partners]

    async def _enter(
        self, card: LotCard, account: Account, committed: Commitment | None, identity: Identity | None
    ) -> SignUpState | SignUpRefusal:
        if card.deposit:
            opened = await self._deposits.open(
                card.lot,
                account.id,
                card.deposit,
                card.currency,
                account.name if identity is None else identity.name,
                pay_by_us=card.deposit_by_us or None,
            )
            if isinstance(opened, LotClosed):
                return SignUpRefusal.LOT_CLOSED
            await self._insert(
                card.lot, [account.id], opened.reference, SignUpStatus.AWAITING_DEPOSIT, committed, identity
            )
        else:
            await self._insert(
                card.lot, [account.id], "", SignUpStatus.ADMISSION_PENDING, committed, identity
            )
            await self._admit_many(card.lot, [account.id])
        state = await self.state(card.lot, account.id)
        assert state is not None, "a sign-up is never deleted"
        return state

    async def _insert(
        self,
        lot_id: LotId,
        accounts: Sequence[int],
        reference: str,
        state: SignUpStatus,
        committed: Commitment | None = None,
        identity: Identity | None = None,
    ) -> None:
        now_us, digest = self._clock.now_us(), None
        if committed is not None:
            digest = bytes.fromhex(committed.sha256)
            await self._database.run(INSERT_COMMITMENT, digest, committed.text.zh, committed.text.en)
        under = None if identity is None else identity.id
        await self._database.run(
            INSERT_SIGN_UPS, lot_id, list(accounts), reference, state.value, now_us, digest, under
        )

    async def _admit_due_of(self, lot_id: LotId) -> int:
        paid = {row.bidder_id for row in await self._deposits.register(lot_id) if _is_paid(row)}
        rows = await self._database.rows(SELECT_UNFINISHED, lot_id)
        due = [
            row["account"]
            for row in rows
            if row["account"] in paid or row["state"] == SignUpStatus.ADMISSION_PENDING
        ]
        for bidder in due:
            if bidder in paid:
                await self._admit_if_paid(lot_id, bidder)
            else:
                await self._admit(lot_id, bidder)
        return len(due)

    async def _admit_if_paid(self, lot_id: LotId, bidder: BidderId) -> None:
        held = await self._deposits.hold(lot_id, bidder)
        match held:
            case NotEnough():
                return
            case LotClosed():
                await self._database.run(UPDATE_NOT_ADMITTED, lot_id, [bidder])
            case Held():
                await self._database.run(UPDATE_PENDING, lot_id, bidder)
                await self._admit(lot_id, bidder)

    async def _admit_many(self, lot_id: LotId, bidders: Sequence[BidderId]) -> list[Admission]:
        """Admit several bidders: their paddles are in the order in which they are named."""
        gate = asyncio.Semaphore(ADMISSIONS_AT_ONCE)
        capacities = await self._capacities.of_all(lot_id, bidders)

        async def admission(bidder: BidderId) -> Admission | None:
            async with gate:
                try:
                    return Admission(bidder, await self._given(lot_id, bidder, capacities[bidder]))
                except ExchangeError as error:
                    self._admitting.ask(error, lot=lot_id, bidder=bidder)
                    return None

        answers = await asyncio.gather(*(admission(bidder) for bidder in bidders))
        await self._write_down(lot_id, [answer for answer in answers if answer is not None])
        return [answer or Admission(bidder, NOBODY) for bidder, answer in zip(bidders, answers, strict=True)]

    async def _admit(self, lot_id: LotId, bidder: BidderId) -> None:
        """Ask the engine for a paddle and write down what it says.

        Raises: Busy, OutcomeUnknown, JournalUnavailable, StoreUnavailable; the sign-up then stays pending.
        """
        capacity = await self._capacities.of(lot_id, bidder)
        await self._write_down(lot_id, [Admission(bidder, await self._given(lot_id, bidder, capacity))])

    async def _write_down(self, lot_id: LotId, answers: Sequence[Admission]) -> None:
        paddles = {answer.bidder: answer.paddle for answer in answers if answer.paddle != NOBODY}
        if paddles:
            await self._database.run(UPDATE_ADMITTED, lot_id, list(paddles), list(paddles.values()))
        refused = [answer.bidder for answer in answers if answer.paddle == NOBODY]
        if refused:
            await self._database.run(UPDATE_NOT_ADMITTED, lot_id, refused)

    async def _given(self, lot_id: LotId, bidder: BidderId, capacity: Capacity) -> Paddle:
        """Return the paddle that the engine gives a bidder, now or before; nobody's when it gives none.

        Raises: Busy, OutcomeUnknown, JournalUnavailable.
        """
        command = AdmitBidder(lot_id, bidder, capacity.rank, capacity.partners)
        answer = await self._bus.submit(derived_id("admit", lot_id, bidder), command)
        if not isinstance(answer, Accepted) and answer.refused.code is Refusal.LOT_UNKNOWN:
            raise Busy(f"lot {lot_id} is not announced yet")
        await self._book.load(lot_id)
        lot = self._book.lot(lot_id)
        return NOBODY if lot is None else lot.paddles.get(bidder, NOBODY)

    async def _with_deposit(self, row: Row) -> SignUpState:
        deposits = await self._deposits.register(row["lot"], row["account"]) if row["reference"] else []
        return _state(row, deposits[0] if deposits else None)


def _is_paid(row: DepositRow) -> bool:
    return row.state in (DepositState.RECEIVED, DepositState.HELD)


def _status(row: Row) -> SignUpStatus:
    """Return how far a sign-up has come; one that was entered while its lot was ending comes no further."""
    status = SignUpStatus(row["state"])
    is_over = row["outcome"] is not None and status is not SignUpStatus.ADMITTED
    return SignUpStatus.NOT_ADMITTED if is_over else status


def _state(row: Row, deposit: DepositRow | None) -> SignUpState:
    return SignUpState(
        lot=row["lot"],
        account=row["account"],
        reference=row["reference"],
        required=row["deposit"],
        received=0 if deposit is None else deposit.received,
        currency=row["currency"],
        state=_status(row),
        paddle=row["paddle"],
        deposit_state=None if deposit is None else deposit.state,
        applied=0 if deposit is None else deposit.applied,
        refund_due=0 if deposit is None else deposit.refund_due,
        deposit_by_us=row["deposit_by_us"],
        commitment=(row["commitment"] or b"").hex(),
        committed_at_us=row["committed_at_us"] or 0,
        identity=row["identity"] or 0,
    )
