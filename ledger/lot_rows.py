"""What the ledger knows of lots beside their deposits, in PostgreSQL: rules, ends, contracts, fees, alarms, defaults.

Here belongs the SQL, and rows to structs and back. Not here: what is allowed and what is done when.
"""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import msgspec

from ledger.accounts import price_payable
from ledger.fees import FeeDue, FeeKind, fee_text, read_fee_terms
from ledger.forfeits import Claim, Party, Share
from ledger.interest import Paid
from ledger.money_rule import InterestFrom, LotRule
from ledger.refund_clock import ClockStart, Level, read_clock
from ledger.units import Amount, Currency

RULE_COLUMNS: Final = """
rulebook, rulebook_digest, refund_clock, refund_from, article_zh, article_en, interest_basis_points, interest_from,
default_order, forfeits_to, seller_commission, service_fee, buyer_commission
"""
LOT_RULES: Final = "SELECT * FROM ledger.lot_rule WHERE lot_id = ANY($1::bigint[])"
ADD_LOT_RULE: Final = f"""
INSERT INTO ledger.lot_rule (lot_id, {RULE_COLUMNS}, registered_by, registered_at_us)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
"""

ADD_LOT_END: Final = "INSERT INTO ledger.lot_end (lot_id, bidding_ended_at_us) VALUES ($1, $2)"
ADD_LOT_CONTRACT: Final = """
INSERT INTO ledger.lot_contract (lot_id, signed_at_us, recorded_by, recorded_at_us) VALUES ($1, $2, $3, $4)
"""
LOT_MOMENTS: Final = """
SELECT settlement.settled_at_us, coalesce(settlement.price > 0, false) AS is_sold,
    lot_end.bidding_ended_at_us, lot_contract.signed_at_us, rule.refund_clock, rule.refund_from
FROM (VALUES (1)) AS only_row
LEFT JOIN ledger.lot_rule rule ON rule.lot_id = $1
LEFT JOIN ledger.settlement ON settlement.lot_id = $1
LEFT JOIN ledger.lot_end ON lot_end.lot_id = $1
LEFT JOIN ledger.lot_contract ON lot_contract.lot_id = $1
"""

# money into and out of each deposit account before its lot ended, with when it happened in the world
DEPOSIT_MOVEMENTS: Final = """
SELECT deposit.bidder_id, transfer.event_at_us,
    CASE entry.side WHEN 'credit' THEN entry.posted_change ELSE -entry.posted_change END AS amount
FROM ledger.deposit
JOIN ledger.entry ON entry.account = deposit.account
JOIN ledger.transfer ON transfer.sequence = entry.sequence
WHERE deposit.lot_id = $1 AND entry.posted_change > 0
ORDER BY deposit.bidder_id, entry.account_version
"""

FEES: Final = """
SELECT lot_id, kind, max(due) AS due, sum(booked)::bigint AS booked, max(step) AS step, min(currency) AS currency
FROM ledger.lot_fee WHERE lot_id = $1 GROUP BY lot_id, kind ORDER BY kind
"""
PRICE_LEFT: Final = """
SELECT coalesce(max(credits_posted - debits_posted - debits_pending), 0) FROM ledger.account WHERE code = $1
"""
ADD_FEE: Final = """
INSERT INTO ledger.lot_fee (lot_id, kind, step, due, booked, currency, booked_by, booked_at_us, transfer_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""

# what is owed back and has not left yet, with everything that its clock goes by
REFUNDS_OWED: Final = """
SELECT deposit.lot_id, deposit.bidder_id, deposit.reference, deposit.payer_name, account.currency,
    account.credits_posted - account.debits_posted AS owed, account.debits_pending AS reserved,
    settlement.settled_at_us, settlement.price > 0 AS is_sold, lot_end.bidding_ended_at_us, lot_contract.signed_at_us,
    decision.decided_at_us AS default_settled_at_us,
    rule.refund_clock, rule.refund_from,
    ARRAY(
        SELECT alert.level FROM ledger.refund_alert alert
        WHERE (alert.lot_id, alert.bidder_id) = (deposit.lot_id, deposit.bidder_id)
    ) AS alerted
FROM ledger.deposit
JOIN ledger.account ON account.code = deposit.refund_account
JOIN ledger.settlement ON settlement.lot_id = deposit.lot_id
LEFT JOIN ledger.lot_rule rule ON rule.lot_id = deposit.lot_id
LEFT JOIN ledger.lot_end ON lot_end.lot_id = deposit.lot_id
LEFT JOIN ledger.lot_contract ON lot_contract.lot_id = deposit.lot_id
LEFT JOIN ledger.default_decision decision ON decision.decision = 'posted'
    AND (decision.lot_id, decision.bidder_id) = (deposit.lot_id, deposit.bidder_id)
WHERE account.credits_posted > account.debits_posted AND ($1::bigint IS NULL OR deposit.lot_id = $1)
    AND ($2::bigint IS NULL OR deposit.bidder_id = $2)
ORDER BY deposit.lot_id, deposit.bidder_id
"""

ADD_ALERT: Final = """
INSERT INTO ledger.refund_alert (lot_id, bidder_id, level, owed, currency, due_at_us, raised_at_us)
VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (lot_id, bidder_id, level) DO NOTHING RETURNING alert_id
"""
ALERTS: Final = "SELECT * FROM ledger.refund_alert WHERE alert_id > $1 ORDER BY alert_id LIMIT $2"

DEFAULT_CASES: Final = """
SELECT deposit.lot_id, deposit.bidder_id, deposit.payer_name, deposit.currency, settlement.settled_at_us,
    hold.amount AS held, ending.kind AS ending, coalesce(rule.default_order, '') AS default_order,
    coalesce(rule.forfeits_to, '') AS forfeits_to,
    proposal.attempt, proposal.forfeited, proposal.default_order AS proposed_order, proposal.claims, proposal.shares,
    proposal.proposed_by, proposal.proposed_at_us,
    decision.decision, decision.reason, decision.decided_by, decision.decided_at_us
FROM ledger.settlement
JOIN ledger.deposit ON deposit.lot_id = settlement.lot_id
    AND deposit.bidder_id = any(settlement.defaulted_bidder_ids)
LEFT JOIN ledger.lot_rule rule ON rule.lot_id = deposit.lot_id
LEFT JOIN ledger.transfer hold ON hold.id = deposit.hold_id
LEFT JOIN ledger.transfer ending ON ending.pending_id = deposit.hold_id
LEFT JOIN LATERAL (
    SELECT * FROM ledger.default_proposal last
    WHERE (last.lot_id, last.bidder_id) = (deposit.lot_id, deposit.bidder_id)
    ORDER BY attempt DESC LIMIT 1
) proposal ON true
LEFT JOIN ledger.default_decision decision
    ON (decision.lot_id, decision.bidder_id, decision.attempt)
        = (proposal.lot_id, proposal.bidder_id, proposal.attempt)
WHERE cardinality(settlement.defaulted_bidder_ids) > 0
    AND ($1::bigint IS NULL OR deposit.lot_id = $1) AND ($2::bigint IS NULL OR deposit.bidder_id = $2)
ORDER BY deposit.lot_id, deposit.bidder_id
"""
DEFAULTERS: Final = """
SELECT DISTINCT unnest(defaulted_bidder_ids) AS bidder_id FROM ledger.settlement WHERE lot_id = ANY($1)
"""
ADD_DEFAULT_PROPOSAL: Final = """
INSERT INTO ledger.default_proposal (
    lot_id, bidder_id, attempt, default_order, forfeited, currency, claims, shares, proposed_by, proposed_at_us
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
ADD_DEFAULT_DECISION: Final = """
INSERT INTO ledger.default_decision (lot_id, bidder_id, attempt, decision, reason, decided_by, decided_at_us)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""

# each row is a promise that does not hold; there are none in a sound ledger
DISCREPANCIES: Final = """
SELECT 'default of bidder ' || bidder_id || ' in lot ' || lot_id || ': its shares are not what was forfeited' AS fault
FROM ledger.default_proposal proposal
WHERE forfeited <> (SELECT coalesce(sum((one ->> 'amount')::bigint), 0) FROM jsonb_array_elements(shares) one)
UNION ALL
SELECT 'default of bidder ' || bidder_id || ' in lot ' || lot_id || ': posted, and the deposit is still held'
FROM ledger.default_decision decision
JOIN ledger.deposit USING (lot_id, bidder_id)
JOIN ledger.account ON account.code = deposit.account
WHERE decision.decision = 'posted'
    AND (account.debits_pending > 0 OR account.credits_posted <> account.debits_posted)
UNION ALL
SELECT 'forfeits of lot ' || substr(code, 27) || ': ' || (credits_posted - debits_posted) || ' went to nobody'
FROM ledger.account WHERE starts_with(code, 'liabilities:forfeited:lot-') AND credits_posted <> debits_posted
UNION ALL
SELECT 'fee of lot ' || fee.lot_id || ': booked in another amount than posted'
FROM ledger.lot_fee fee JOIN ledger.transfer ON transfer.id = fee.transfer_id WHERE transfer.amount <> fee.booked
UNION ALL
SELECT 'fee of lot ' || lot_id || ': more is booked than due'
FROM ledger.lot_fee GROUP BY lot_id, kind HAVING sum(booked) > max(due) OR min(due) <> max(due)
"""

Row = Any  # asyncpg.Record; the driver has no types
Connection = Any


class Moments(msgspec.Struct, frozen=True, kw_only=True):
    """When a lot's bidding ended, when it was settled, when its contract was signed; None for not yet."""

    settled_at_us: int | None
    is_sold: bool
    bidding_ended_at_us: int | None
    signed_at_us: int | None


class OwedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A refund that has not left, and what its clock goes by; `clock` is None where no rule was registered."""

    lot_id: int
    bidder_id: int
    reference: str
    payer_name: str
    currency: Currency
    owed: Amount
    reserved: Amount
    moments: Moments
    default_settled_at_us: int | None
    clock: tuple[str, str] | None
    alerted: frozenset[Level]


class FeeStanding(msgspec.Struct, frozen=True, kw_only=True):
    """What the seller of a lot owes of one kind, and how much of it came out of the price so far, in `step` steps."""

    fee: FeeDue
    booked: Amount
    step: int

    @property
    def left(self) -> Amount:
        """Minor units still to be booked."""
        return self.fee.amount - self.booked


class CaseRow(msgspec.Struct, frozen=True, kw_only=True):
    """A default with its last proposal and what was decided of it."""

    lot_id: int
    bidder_id: int
    payer_name: str
    currency: Currency
    settled_at_us: int
    held: Amount
    is_hold_live: bool
    default_order: str
    forfeits_to: Party | None
    attempt: int
    proposed_order: str
    claims: tuple[Claim, ...]
    shares: tuple[Share, ...]
    proposed_by: int
    proposed_at_us: int
    decision: str
    reason: str
    decided_by: int
    decided_at_us: int


# Rules


async def lot_rule(connection: Connection, lot_id: int) -> LotRule | None:
    """Return the rule that was registered for a lot."""
    return (await lot_rules(connection, [lot_id])).get(lot_id)


async def lot_rules(connection: Connection, lots: Sequence[int]) -> dict[int, LotRule]:
    """Return the rules that were registered for some lots, by lot."""
    return {row["lot_id"]: _rule(row) for row in await connection.fetch(LOT_RULES, list(lots))}


async def add_lot_rule(connection: Connection, rule: LotRule, by: int, at_us: int) -> None:
    """Write a lot's rule."""
    await connection.execute(
        ADD_LOT_RULE,
        rule.lot_id,
        rule.rulebook,
        rule.rulebook_digest,
        rule.refund_clock.text,
        rule.refund_from.value,
        rule.article_zh,
        rule.article_en,
        rule.interest_basis_points,
        rule.interest_from.value,
        rule.default_order,
        rule.forfeits_to.value,
        fee_text(rule.seller_commission),
        fee_text(rule.service_fee),
        fee_text(rule.buyer_commission),
        by,
        at_us,
    )


def _rule(row: Row) -> LotRule:
    return LotRule(
        lot_id=row["lot_id"],
        rulebook=row["rulebook"],
        rulebook_digest=row["rulebook_digest"],
        refund_clock=read_clock(row["refund_clock"]),
        refund_from=ClockStart(row["refund_from"]),
        article_zh=row["article_zh"],
        article_en=row["article_en"],
        interest_basis_points=row["interest_basis_points"],
        interest_from=InterestFrom(row["interest_from"]),
        default_order=row["default_order"],
        forfeits_to=Party(row["forfeits_to"]),
        seller_commission=read_fee_terms(row["seller_commission"]),
        service_fee=read_fee_terms(row["service_fee"]),
        buyer_commission=read_fee_terms(row["buyer_commission"]),
    )


# Moments


async def add_lot_end(connection: Connection, lot_id: int, bidding_ended_at_us: int) -> None:
    """Write when bidding ended for a lot that is settled."""
    await connection.execute(ADD_LOT_END, lot_id, bidding_ended_at_us)


async def add_lot_contract(
    connection: Connection, lot_id: int, signed_at_us: int, by: int, at_us: int
) -> None:
    """Write when the contract of a lot was signed."""
    await connection.execute(ADD_LOT_CONTRACT, lot_id, signed_at_us, by, at_us)


async def lot_moments(connection: Connection, lot_id: int) -> Moments:
    """Return the moments of a lot."""
    return _moments(await connection.fetchrow(LOT_MOMENTS, lot_id))


async def lot_clock(connection: Connection, lot_id: int) -> tuple[Moments, tuple[str, str] | None]:
    """Return the moments of a lot, and its clock with its start; None where no rule was registered."""
    row = await connection.fetchrow(LOT_MOMENTS, lot_id)
    return _moments(row), _clock(row)


def _clock(row: Row) -> tuple[str, str] | None:
    return None if row["refund_clock"] is None else (row["refund_clock"], row["refund_from"])


def _moments(row: Row) -> Moments:
    return Moments(
        settled_at_us=row["settled_at_us"],
        is_sold=row["is_sold"],
        bidding_ended_at_us=row["bidding_ended_at_us"],
        signed_at_us=row["signed_at_us"],
    )


async def deposit_movements(connection: Connection, lot_id: int) -> dict[int, list[Paid]]:
    """Return the money that came into each deposit of a lot and went out again, by bidder, in order."""
    found: dict[int, list[Paid]] = {}
    for row in await connection.fetch(DEPOSIT_MOVEMENTS, lot_id):
        found.setdefault(row["bidder_id"], []).append(Paid(row["amount"], row["event_at_us"]))
    return found


# Fees


async def fees(connection: Connection, lot_id: int) -> list[FeeStanding]:
    """Return what the seller of a lot owes and what was booked of it."""
    return [
        FeeStanding(
            fee=FeeDue(kind=FeeKind(row["kind"]), amount=row["due"], currency=row["currency"]),
            booked=row["booked"],
            step=row["step"],
        )
        for row in await connection.fetch(FEES, lot_id)
    ]


async def add_fee(
    connection: Connection,
    lot_id: int,
    fee: FeeDue,
    step: int,
    booked: Amount,
    by: int,
    at_us: int,
    transfer_id: UUID | None,
) -> None:
    """Write that so much of a fee was booked; 0 when the price could not give anything yet."""
    await connection.execute(
        ADD_FEE, lot_id, fee.kind.value, step, fee.amount, booked, fee.currency, by, at_us, transfer_id
    )


async def price_left(connection: Connection, lot_id: int, currency: Currency) -> Amount:
    """Return what is owed to the seller of a lot and promised to nobody."""
    amount: Amount = await connection.fetchval(PRICE_LEFT, price_payable(lot_id, currency).code)
    return amount


# Clocks


async def refunds_owed(
    connection: Connection, lot_id: int | None = None, bidder_id: int | None = None
) -> list[OwedRow]:
    """Return every refund that has not left, of one lot or bidder when given, in order of lot and bidder."""
    return [_owed(row) for row in await connection.fetch(REFUNDS_OWED, lot_id, bidder_id)]


def _owed(row: Row) -> OwedRow:
    return OwedRow(
        lot_id=row["lot_id"],
        bidder_id=row["bidder_id"],
        reference=row["reference"],
        payer_name=row["payer_name"],
        currency=row["currency"],
        owed=row["owed"],
        reserved=row["reserved"],
        moments=_moments(row),
        default_settled_at_us=row["default_settled_at_us"],
        clock=_clock(row),
        alerted=frozenset(Level(word) for word in row["alerted"]),
    )


async def add_alert(
    connection: Connection,
    owner: tuple[int, int],
    level: Level,
    owed: tuple[Amount, Currency],
    due_at_us: int,
    at_us: int,
) -> int | None:
    """Write an alarm for a lot's bidder and return its number; None when it went off before."""
    number: int | None = await connection.fetchval(ADD_ALERT, *owner, level.value, *owed, due_at_us, at_us)
    return number


async def alerts(connection: Connection, after: int, limit: int) -> Sequence[Row]:
    """Return a page of alarms in order."""
    rows: Sequence[Row] = await connection.fetch(ALERTS, after, limit)
    return rows


# Defaults


async def default_cases(
    connection: Connection, lot_id: int | None = None, bidder_id: int | None = None
) -> list[CaseRow]:
    """Return the defaults of settled lots that concern a deposit, in order of lot and bidder."""
    return [_case(row) for row in await connection.fetch(DEFAULT_CASES, lot_id, bidder_id)]


async def defaulters(connection: Connection, lots: Sequence[int]) -> frozenset[int]:
    """Return who defaulted in any of some lots."""
    return frozenset(row["bidder_id"] for row in await connection.fetch(DEFAULTERS, list(lots)))


async def add_default_proposal(connection: Connection, case: CaseRow) -> None:
    """Write how a deposit is to be divided, as the case names it."""
    await connection.execute(
        ADD_DEFAULT_PROPOSAL,
        case.lot_id,
        case.bidder_id,
        case.attempt,
        case.proposed_order,
        case.held,
        case.currency,
        msgspec.json.encode(case.claims).decode(),
        msgspec.json.encode(case.shares).decode(),
        case.proposed_by,
        case.proposed_at_us,
    )


async def add_default_decision(connection: Connection, case: CaseRow) -> None:
    """Write what the second person said, as the case names it."""
    await connection.execute(
        ADD_DEFAULT_DECISION,
        case.lot_id,
        case.bidder_id,
        case.attempt,
        case.decision,
        case.reason,
        case.decided_by,
        case.decided_at_us,
    )


async def discrepancies(connection: Connection) -> list[str]:
    """Return every promise about defaults and fees that does not hold, in words."""
    return [row["fault"] for row in await connection.fetch(DISCREPANCIES)]


def _case(row: Row) -> CaseRow:
    return CaseRow(
        lot_id=row["lot_id"],
        bidder_id=row["bidder_id"],
        payer_name=row["payer_name"],
        currency=row["currency"],
        settled_at_us=row["settled_at_us"],
        held=row["held"] or 0,
        is_hold_live=row["held"] is not None and row["ending"] is None,
        default_order=row["default_order"],
        forfeits_to=Party(row["forfeits_to"]) if row["forfeits_to"] else None,
        attempt=row["attempt"] or 0,
        proposed_order=row["proposed_order"] or "",
        claims=msgspec.json.decode(row["claims"] or "[]", type=tuple[Claim, ...]),
        shares=msgspec.json.decode(row["shares"] or "[]", type=tuple[Share, ...]),
        proposed_by=row["proposed_by"] or 0,
        proposed_at_us=row["proposed_at_us"] or 0,
        decision=row["decision"] or "",
        reason=row["reason"] or "",
        decided_by=row["decided_by"] or 0,
        decided_at_us=row["decided_at_us"] or 0,
    )
