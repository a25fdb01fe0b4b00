"""The default of a winner (悔拍): his deposit stays held until two people have decided who gets it.

The first person proposes with claims, the second posts. Posting frees the hold, takes the deposit to the forfeits of
the lot and divides it there to the last minor unit; it happens once. Paying out what the parties got is theirs
(payouts). Here belong the acts and what they move.
Not here: orders and the division (forfeits), who defaulted (the procedure, through settlement), SQL (lot_rows).
"""

from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import replace

from ledger import lot_rows
from ledger.accounts import (
    Account,
    AccountCode,
    commission_income,
    forfeited,
    price_payable,
    refund_payable,
    service_fee_income,
    treasury_payable,
)
from ledger.forfeits import (
    Claim,
    ClaimKind,
    ClaimRefusal,
    DefaultOrder,
    Party,
    Share,
    claims_refusal,
    default_order,
    shares,
)
from ledger.lot_rows import CaseRow
from ledger.money_rule import standard_rule
from ledger.postgres import Desk, PostgresLedgerStore
from ledger.receipts import is_bookable_text
from ledger.records import DepositPosition, Draft, Scope, View
from ledger.transfers import Kind, Purpose, Transfer, derived_id
from ledger.units import Amount, Currency

Connection = Any


class CaseState(StrEnum):
    """Where a default stands: nothing proposed (or the last proposal declined), proposed, or settled for good."""

    OPEN = "open"
    PROPOSED = "proposed"
    SETTLED = "settled"


class DefaultRefusal(StrEnum):
    """Why an act on a default is refused, in order of precedence; ClaimRefusal stands between the two groups."""

    PERSON_MISSING = "person_missing"
    LOT_NOT_SETTLED = "lot_not_settled"
    NOT_DEFAULTED = "not_defaulted"
    NO_DEPOSIT_HELD = "no_deposit_held"

    ALREADY_SETTLED = "already_settled"
    OTHER_PROPOSAL_OPEN = "other_proposal_open"
    NOTHING_PROPOSED = "nothing_proposed"
    SAME_PERSON = "same_person"
    REASON_MISSING = "reason_missing"
    REASON_NOT_BOOKABLE = "reason_not_bookable"


class DefaultProposal(msgspec.Struct, frozen=True, kw_only=True):
    """How a deposit is to be divided. `uncovered` is what the claims ask for beyond it; the defaulter still owes it."""

    attempt: int
    claims: tuple[Claim, ...]
    shares: tuple[Share, ...]
    uncovered: Amount
    proposed_by: int
    proposed_at_us: int


class DefaultCase(msgspec.Struct, frozen=True, kw_only=True):
    """The default of one bidder in one lot; `held` in minor units is what there is to divide.

    `order` is the order of the lot's rule and `forfeits_to` who gets what is left. `decided_by` and `reason` are of
    the last decision, whichever it was; 0 and empty when there is none.
    """

    lot_id: int
    bidder_id: int
    payer_name: str
    currency: Currency
    held: Amount
    state: CaseState
    order: DefaultOrder
    forfeits_to: Party
    proposal: DefaultProposal | None
    decided_by: int
    decided_at_us: int
    reason: str


class CaseActed(msgspec.Struct, frozen=True, kw_only=True):
    """An act was done; `is_new` is False when it had been done before, then nothing has changed now."""

    case: DefaultCase
    is_new: bool


Refused = DefaultRefusal | ClaimRefusal
_Act = Callable[[Desk, CaseRow], Awaitable[bool | Refused]]


class Defaults:
    """Leads defaults to their end.

    Raises: every method may raise LedgerUnavailable and LedgerStoreError; after LedgerUnavailable repeat it.
    """

    def __init__(self, store: PostgresLedgerStore) -> None:
        self._store = store

    async def cases(self, state: CaseState | None = None, lot_id: int | None = None) -> list[DefaultCase]:
        """Return the defaults that concern a deposit, of one state or lot when given, by lot and bidder."""
        async with self._store.snapshot() as connection:
            rows = await lot_rows.default_cases(connection, lot_id)
        found = [_case(row) for row in rows if row.held]
        return [case for case in found if state in (None, case.state)]

    async def defaulters(self, lots: Sequence[int]) -> frozenset[int]:
        """Return who won any of some lots that are settled and did not honour his bid, with a deposit or without."""
        async with self._store.snapshot() as connection:
            return await lot_rows.defaulters(connection, lots)

    async def case(self, lot_id: int, bidder_id: int) -> DefaultCase | None:
        """Return one default; None when there is none that concerns a deposit."""
        async with self._store.snapshot() as connection:
            rows = await lot_rows.default_cases(connection, lot_id, bidder_id)
        return _case(rows[0]) if rows and rows[0].held else None

    async def preview(
        self, lot_id: int, bidder_id: int, claims: Sequence[Claim]
    ) -> tuple[Share, ...] | Refused:
        """Return who would get what, without writing anything.

        Refuses: LOT_NOT_SETTLED, NOT_DEFAULTED, NO_DEPOSIT_HELD, ClaimRefusal.
        """
        async with self._store.snapshot() as connection:
            row = await _row(connection, lot_id, bidder_id)
        return row if isinstance(row, DefaultRefusal) else _divided(row, claims)

    async def settle_default(
        self, lot_id: int, bidder_id: int, claims: Sequence[Claim], by: int
    ) -> CaseActed | Refused:
        """Propose how a defaulter's deposit is divided; a second person posts it.

        The same proposal again changes nothing; another one is refused until this one is declined.

        Args:
            lot_id: the lot.
            bidder_id: who defaulted.
            claims: one of a kind at most; none when all of it goes to whoever gets the rest.
            by: the first person.

        Refuses: PERSON_MISSING, LOT_NOT_SETTLED, NOT_DEFAULTED, NO_DEPOSIT_HELD, ClaimRefusal, ALREADY_SETTLED,
            OTHER_PROPOSAL_OPEN.
        """

        async def act(desk: Desk, row: CaseRow) -> bool | Refused:
            divided = _divided(row, claims)
            if not isinstance(divided, tuple):
                return divided
            if _state(row) is not CaseState.OPEN:
                is_same = row.claims == tuple(claims) and row.proposed_by == by
                return False if is_same else _taken(row)
            await lot_rows.add_default_proposal(
                desk.connection, _proposed(row, tuple(claims), divided, by, desk.now_us)
            )
            return True

        return await self._act(lot_id, bidder_id, by, act)

    async def post(self, lot_id: int, bidder_id: int, by: int) -> CaseActed | Refused:
        """Post the open proposal: the deposit goes where its shares say, once and for all.

        Refuses: PERSON_MISSING, LOT_NOT_SETTLED, NOT_DEFAULTED, NO_DEPOSIT_HELD, NOTHING_PROPOSED, SAME_PERSON.
        """

        async def act(desk: Desk, row: CaseRow) -> bool | Refused:
            state = _state(row)
            if state is CaseState.SETTLED:
                return False
            if state is CaseState.OPEN:
                return DefaultRefusal.NOTHING_PROPOSED
            if by == row.proposed_by:
                return DefaultRefusal.SAME_PERSON
            await _posted(desk, row)
            await lot_rows.add_default_decision(desk.connection, _decided(row, "posted", "", by, desk.now_us))
            return True

        return await self._act(lot_id, bidder_id, by, act)

    async def decline(self, lot_id: int, bidder_id: int, reason: str, by: int) -> CaseActed | Refused:
        """Decline the open proposal; whoever made it may take it back in this way too.

        Refuses: PERSON_MISSING, LOT_NOT_SETTLED, NOT_DEFAULTED, NO_DEPOSIT_HELD, ALREADY_SETTLED, NOTHING_PROPOSED,
            REASON_MISSING, REASON_NOT_BOOKABLE.
        """

        async def act(desk: Desk, row: CaseRow) -> bool | Refused:
            state = _state(row)
            if state is CaseState.SETTLED:
                return DefaultRefusal.ALREADY_SETTLED
            if state is CaseState.OPEN:
                return DefaultRefusal.NOTHING_PROPOSED
            if not reason.strip():
                return DefaultRefusal.REASON_MISSING
            if not is_bookable_text(reason):
                return DefaultRefusal.REASON_NOT_BOOKABLE
            decided = _decided(row, "declined", reason, by, desk.now_us)
            await lot_rows.add_default_decision(desk.connection, decided)
            return True

        return await self._act(lot_id, bidder_id, by, act)

    async def discrepancies(self) -> list[str]:
        """Return every promise about defaults, forfeits and fees that does not hold, in words."""
        async with self._store.snapshot() as connection:
            return await lot_rows.discrepancies(connection)

    async def _act(self, lot_id: int, bidder_id: int, by: int, act: _Act) -> CaseActed | Refused:
        """Do an act on a default in one transaction, and return the case after it."""
        if by <= 0:
            return DefaultRefusal.PERSON_MISSING

        async def work(desk: Desk) -> CaseActed | Refused:
            row = await _row(desk.connection, lot_id, bidder_id)
            if isinstance(row, DefaultRefusal):
                return row
            done = await act(desk, row)
            if not isinstance(done, bool):
                return done
            after = await _row(desk.connection, lot_id, bidder_id)
            assert isinstance(after, CaseRow), "a default does not go away"
            return CaseActed(case=_case(after), is_new=done)

        return await self._store.at_desk(work)


# Reading


async def _row(connection: Connection, lot_id: int, bidder_id: int) -> CaseRow | DefaultRefusal:
    rows = await lot_rows.default_cases(connection, lot_id, bidder_id)
    if rows:
        return rows[0] if rows[0].held else DefaultRefusal.NO_DEPOSIT_HELD
    is_settled = (await lot_rows.lot_moments(connection, lot_id)).settled_at_us is not None
    return DefaultRefusal.NOT_DEFAULTED if is_settled else DefaultRefusal.LOT_NOT_SETTLED


def _state(row: CaseRow) -> CaseState:
    if row.decision == "posted":
        return CaseState.SETTLED
    return CaseState.PROPOSED if row.attempt and not row.decision else CaseState.OPEN


def _taken(row: CaseRow) -> DefaultRefusal:
    is_settled = _state(row) is CaseState.SETTLED
    return DefaultRefusal.ALREADY_SETTLED if is_settled else DefaultRefusal.OTHER_PROPOSAL_OPEN


def _rule(row: CaseRow) -> tuple[DefaultOrder, Party]:
    """Return the order of a lot and who gets the rest; those of the standard rule where none was registered."""
    standard = standard_rule(row.lot_id)
    order = default_order(row.default_order or standard.default_order)
    assert order is not None, "a rule names an order that exists"
    return order, row.forfeits_to or standard.forfeits_to


def _case(row: CaseRow) -> DefaultCase:
    order, forfeits_to = _rule(row)
    return DefaultCase(
        lot_id=row.lot_id,
        bidder_id=row.bidder_id,
        payer_name=row.payer_name,
        currency=row.currency,
        held=row.held,
        state=_state(row),
        order=order,
        forfeits_to=forfeits_to,
        proposal=_proposal(row) if row.attempt else None,
        decided_by=row.decided_by,
        decided_at_us=row.decided_at_us,
        reason=row.reason,
    )


def _proposal(row: CaseRow) -> DefaultProposal:
    return DefaultProposal(
        attempt=row.attempt,
        claims=row.claims,
        shares=row.shares,
        uncovered=sum(share.claimed - share.amount for share in row.shares if share.kind is not None),
        proposed_by=row.proposed_by,
        proposed_at_us=row.proposed_at_us,
    )


# Deciding


def _divided(row: CaseRow, claims: Sequence[Claim]) -> tuple[Share, ...] | ClaimRefusal:
    order, forfeits_to = _rule(row)
    return claims_refusal(claims, order) or shares(row.held, claims, order, forfeits_to)


def _proposed(
    row: CaseRow, claims: tuple[Claim, ...], divided: tuple[Share, ...], by: int, at_us: int
) -> CaseRow:
    return replace(
        row,
        attempt=row.attempt + 1,
        proposed_order=_rule(row)[0].name,
        claims=claims,
        shares=divided,
        proposed_by=by,
        proposed_at_us=at_us,
    )


def _decided(row: CaseRow, decision: str, reason: str, by: int, at_us: int) -> CaseRow:
    return replace(row, decision=decision, reason=reason.strip(), decided_by=by, decided_at_us=at_us)


# What moves


async def _posted(desk: Desk, row: CaseRow) -> None:
    def plan(view: View) -> Draft[None]:
        position = view.of_bidder(row.lot_id, row.bidder_id)
        assert position is not None, "a default concerns a deposit"
        return Draft(
            answer=None,
            transfers=tuple(forfeit_transfers(position, row.shares, desk.now_us)),
            accounts=_accounts(row),
        )

    await desk.plan(Scope(lot_id=row.lot_id, bidder_id=row.bidder_id), plan)


def forfeit_transfers(position: DepositPosition, divided: Sequence[Share], at_us: int) -> list[Transfer]:
    """Return what ends a defaulter's deposit.

    The hold is voided and its amount taken to the forfeits of the lot, in one: a hold can only be posted to the
    price, which it was made for. From there each share goes to its party. What was paid beyond the deposit was
    never at stake and is owed back.

    Args:
        position: with its live hold.
        divided: adds up to the hold.
        at_us: when it was decided.
    """
    hold, record = position.hold, position.record
    assert hold is not None and hold.is_live, "a defaulter's hold lives until his case is settled"
    assert sum(share.amount for share in divided) == hold.amount, "shares add up to what is forfeited"
    pool = forfeited(record.lot_id, record.currency).code
    surplus = position.deposit.available_credit
    forfeit = _moved(
        position, "forfeit", (record.account, pool), hold.amount, Purpose.DEPOSIT_FORFEITED, at_us
    )
    moves = [_void(position, at_us), forfeit]
    if surplus > 0:
        way = (record.account, record.refund_account)
        moves.append(_moved(position, "surplus", way, surplus, Purpose.DEPOSIT_RELEASED, at_us))
    for share in divided:
        if share.amount:
            what = "rest" if share.kind is None else share.kind.value
            target = _account_of(share, record.lot_id, record.bidder_id, record.currency)
            way = (pool, target.code)
            moves.append(_moved(position, what, way, share.amount, Purpose.FORFEIT_APPLIED, at_us))
    return moves


def _account_of(share: Share, lot_id: int, bidder_id: int, currency: Currency) -> Account:
    match share.party:
        case Party.SELLER:
            return price_payable(lot_id, currency)
        case Party.TREASURY:
            return treasury_payable(currency)
        case Party.BIDDER:
            return refund_payable(lot_id, bidder_id, currency)
        case Party.CENTRE:
            is_commission = share.kind is ClaimKind.COMMISSION
            return commission_income(currency) if is_commission else service_fee_income(currency)


def _accounts(row: CaseRow) -> tuple[Account, ...]:
    targets = {
        account.code: account
        for share in row.shares
        for account in [_account_of(share, row.lot_id, row.bidder_id, row.currency)]
    }
    return (forfeited(row.lot_id, row.currency), *targets.values())


def _void(position: DepositPosition, at_us: int) -> Transfer:
    return Transfer(
        id=_transfer_id(position, "void"),
        kind=Kind.VOID,
        pending_id=position.record.hold_id,
        event_at_us=at_us,
        memo="default",
    )


def _moved(
    position: DepositPosition,
    what: str,
    way: tuple[AccountCode, AccountCode],
    amount: Amount,
    purpose: Purpose,
    at_us: int,
) -> Transfer:
    return Transfer(
        id=_transfer_id(position, what),
        debit=way[0],
        credit=way[1],
        amount=amount,
        currency=position.record.currency,
        purpose=purpose,
        event_at_us=at_us,
        reference=position.record.reference,
        memo=f"default, {what}",
    )


def _transfer_id(position: DepositPosition, what: str) -> UUID:
    return derived_id("default", position.record.lot_id, position.record.bidder_id, what)
