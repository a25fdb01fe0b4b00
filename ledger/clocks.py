"""The legal clocks of refunds: what is due when, what presses, what is late, and the alarms about it.

Here belong the lists and the alarms, over a connection that reads one moment of the ledger.
Not here: how a clock counts (refund_clock), paying (payouts), telling people (the procedure).
"""

from enum import StrEnum
from typing import Any

import msgspec

from ledger import lot_rows
from ledger.lot_rows import Moments, OwedRow
from ledger.money_rule import standard_rule
from ledger.postgres import Desk, PostgresLedgerStore
from ledger.refund_clock import ClockStart, Due, Level, RefundClock, due_at, level, read_clock
from ledger.units import Amount, Currency

Connection = Any

ALERTED_LEVELS = (Level.SOON, Level.OVERDUE)


class DueRefund(msgspec.Struct, frozen=True, kw_only=True):
    """A refund that has not left the centre.

    `owed` is all of it, `reserved` what a payout speaks for already; what the bank was told to pay is in neither.
    `from_us` and `due_at_us` are None while the clock waits for the contract. `is_provisional` as in Due.
    """

    lot_id: int
    bidder_id: int
    reference: str
    payer_name: str
    currency: Currency
    owed: Amount
    reserved: Amount
    clock: str
    from_moment: ClockStart
    from_us: int | None
    due_at_us: int | None
    is_provisional: bool
    level: Level


class RefundAlert(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm that went off, once for each deposit and level."""

    alert_id: int
    lot_id: int
    bidder_id: int
    level: Level
    owed: Amount
    currency: Currency
    due_at_us: int
    raised_at_us: int


class ClockRefusal(StrEnum):
    """Why the signing of a contract is not written down, in order of precedence."""

    PERSON_MISSING = "person_missing"
    LOT_NOT_SETTLED = "lot_not_settled"
    SIGNED_IN_THE_FUTURE = "signed_in_the_future"
    SIGNED_BEFORE_BIDDING_ENDED = "signed_before_bidding_ended"
    EXISTS_WITH_OTHER_MOMENT = "exists_with_other_moment"


class ContractSigned(msgspec.Struct, frozen=True, kw_only=True):
    """It is written down when the contract of a lot was signed; `is_new` is False when it had been before."""

    lot_id: int
    signed_at_us: int
    is_new: bool


async def refund_due_at_us(connection: Connection, lot_id: int, settled_at_us: int) -> int | None:
    """Return until when the refunds of a lot are to be paid, in microseconds; None while its clock waits.

    Fits `ledger.payouts` as its RefundClock. A lot without a rule goes by the standard rule.

    Args:
        connection: a desk's or a snapshot's.
        lot_id: a lot that is settled.
        settled_at_us: when it was.
    """
    moments, written = await lot_rows.lot_clock(connection, lot_id)
    clock, start = _clock_of(lot_id, written)
    from_us = _began_at_us(start, moments, settled_at_us)
    return None if from_us is None else due_at(clock, from_us).at_us


async def due(
    connection: Connection,
    now_us: int,
    within_us: int | None = None,
    lot_id: int | None = None,
    bidder_id: int | None = None,
) -> list[DueRefund]:
    """Return the refunds that have not left, the most urgent first; those that wait for a contract come last.

    Args:
        connection: a desk's or a snapshot's.
        now_us: the moment to judge by.
        within_us: only what is due by then or late; None for all.
        lot_id: of one lot only.
        bidder_id: of one bidder only.
    """
    found = [_due_refund(row, now_us) for row in await lot_rows.refunds_owed(connection, lot_id, bidder_id)]
    if within_us is not None:
        found = [one for one in found if one.due_at_us is not None and one.due_at_us <= now_us + within_us]
    return sorted(found, key=_urgency)


class Clocks:
    """Keeps the clocks of refunds.

    Raises: every method may raise LedgerUnavailable and LedgerStoreError; repeat it then.
    """

    def __init__(self, store: PostgresLedgerStore) -> None:
        self._store = store

    async def due(
        self, now_us: int, within_us: int | None = None, lot_id: int | None = None
    ) -> list[DueRefund]:
        """Return the refunds that have not left (see `due`)."""
        async with self._store.snapshot() as connection:
            return await due(connection, now_us, within_us, lot_id)

    async def overdue(self, now_us: int) -> list[DueRefund]:
        """Return the refunds that are late, the latest first."""
        return [one for one in await self.due(now_us) if one.level is Level.OVERDUE]

    async def soon(self, now_us: int) -> list[DueRefund]:
        """Return the refunds whose clock is about to run out and has not."""
        return [one for one in await self.due(now_us) if one.level is Level.SOON]

    async def raise_alerts(self, now_us: int) -> list[RefundAlert]:
        """Write an alarm for each refund that presses or is late and has none of that level; return the new ones.

        Several processes may call it at once: an alarm goes off in one of them.
        """
        async with self._store.snapshot() as connection:
            rows = await lot_rows.refunds_owed(connection)
        judged = [(row, _due_refund(row, now_us)) for row in rows]
        wanted = [one for row, one in judged if one.level in ALERTED_LEVELS and one.level not in row.alerted]
        return await self._alerted(wanted, now_us) if wanted else []

    async def alerts(self, after: int = 0, limit: int = 200) -> list[RefundAlert]:
        """Return the alarms behind a number, in order."""
        async with self._store.snapshot() as connection:
            return [_alert(row) for row in await lot_rows.alerts(connection, after, limit)]

    async def sign_contract(self, lot_id: int, signed_at_us: int, by: int) -> ContractSigned | ClockRefusal:
        """Write down when the contract of a sold lot was signed, once.

        Refuses: ClockRefusal.
        """

        async def work(desk: Desk) -> ContractSigned | ClockRefusal:
            moments = await lot_rows.lot_moments(desk.connection, lot_id)
            if moments.signed_at_us == signed_at_us:
                return ContractSigned(lot_id=lot_id, signed_at_us=signed_at_us, is_new=False)
            refusal = _contract_refusal(moments, signed_at_us, by, desk.now_us)
            if refusal is not None:
                return refusal
            await lot_rows.add_lot_contract(desk.connection, lot_id, signed_at_us, by, desk.now_us)
            return ContractSigned(lot_id=lot_id, signed_at_us=signed_at_us, is_new=True)

        return await self._store.at_desk(work)

    async def _alerted(self, wanted: list[DueRefund], now_us: int) -> list[RefundAlert]:
        async def work(desk: Desk) -> list[RefundAlert]:
            raised = [await _raised(desk, one, now_us) for one in wanted]
            return [alert for alert in raised if alert is not None]

        return await self._store.at_desk(work)


def _began_at_us(start: ClockStart, moments: Moments, settled_at_us: int) -> int | None:
    if start is ClockStart.CONTRACT and moments.is_sold:
        return moments.signed_at_us
    if start is ClockStart.BIDDING_ENDED and moments.bidding_ended_at_us is not None:
        return moments.bidding_ended_at_us
    return settled_at_us


def _clock_of(lot_id: int, written: tuple[str, str] | None) -> tuple[RefundClock, ClockStart]:
    if written is None:
        rule = standard_rule(lot_id)
        return rule.refund_clock, rule.refund_from
    return read_clock(written[0]), ClockStart(written[1])


def _due_refund(row: OwedRow, now_us: int) -> DueRefund:
    clock, start = _clock_of(row.lot_id, row.clock)
    assert row.moments.settled_at_us is not None, "nothing is owed back before a lot is settled"
    # what is left of a defaulter's deposit is owed from the moment at which that was decided
    from_us = row.default_settled_at_us or _began_at_us(start, row.moments, row.moments.settled_at_us)
    end: Due | None = None if from_us is None else due_at(clock, from_us)
    return DueRefund(
        lot_id=row.lot_id,
        bidder_id=row.bidder_id,
        reference=row.reference,
        payer_name=row.payer_name,
        currency=row.currency,
        owed=row.owed,
        reserved=row.reserved,
        clock=clock.text,
        from_moment=start,
        from_us=from_us,
        due_at_us=None if end is None else end.at_us,
        is_provisional=end is not None and end.is_provisional,
        level=level(clock, end, now_us),
    )


def _urgency(one: DueRefund) -> tuple[bool, int, int, int]:
    return one.due_at_us is None, one.due_at_us or 0, one.lot_id, one.bidder_id


async def _raised(desk: Desk, one: DueRefund, now_us: int) -> RefundAlert | None:
    assert one.due_at_us is not None, "what waits raises no alarm"
    owner, owed = (one.lot_id, one.bidder_id), (one.owed, one.currency)
    number = await lot_rows.add_alert(desk.connection, owner, one.level, owed, one.due_at_us, now_us)
    if number is None:
        return None
    return RefundAlert(
        alert_id=number,
        lot_id=one.lot_id,
        bidder_id=one.bidder_id,
        level=one.level,
        owed=one.owed,
        currency=one.currency,
        due_at_us=one.due_at_us,
        raised_at_us=now_us,
    )


def _alert(row: Any) -> RefundAlert:
    return RefundAlert(
        alert_id=row["alert_id"],
        lot_id=row["lot_id"],
        bidder_id=row["bidder_id"],
        level=Level(row["level"]),
        owed=row["owed"],
        currency=row["currency"],
        due_at_us=row["due_at_us"],
        raised_at_us=row["raised_at_us"],
    )


def _contract_refusal(moments: Moments, signed_at_us: int, by: int, now_us: int) -> ClockRefusal | None:
    ended_at_us = moments.bidding_ended_at_us or moments.settled_at_us
    faults = (
        (by <= 0, ClockRefusal.PERSON_MISSING),
        (moments.settled_at_us is None, ClockRefusal.LOT_NOT_SETTLED),
        (signed_at_us > now_us, ClockRefusal.SIGNED_IN_THE_FUTURE),
        (
            ended_at_us is not None and signed_at_us < ended_at_us,
            ClockRefusal.SIGNED_BEFORE_BIDDING_ENDED,
        ),
        (moments.signed_at_us is not None, ClockRefusal.EXISTS_WITH_OTHER_MOMENT),
    )
    return next((refusal for is_fault, refusal in faults if is_fault), None)
