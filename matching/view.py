"""What anyone may see of a lot at one moment: the state that pages and programs show.

Belongs here: the public face of a lot and of its records. Nothing withheld ever passes through it.
"""

from __future__ import annotations

from msgspec import Struct

from matching.events import FreezeCause, PublicEvent
from matching.lot import Lot, LotState
from matching.terms import BidRule
from matching.units import Amount, LotId, Paddle, Sequence, TimeUs


class PublicRecord(Struct, frozen=True, gc=False):
    """One record of a lot's journal, as the public sees it."""

    sequence: Sequence
    at_us: TimeUs
    event: PublicEvent


class LotView(Struct, frozen=True):
    """Public state of a lot. Amounts are minor units of `currency`, times microseconds, 0 for none."""

    lot: LotId
    state: LotState
    currency: str
    opening_price: Amount
    price: Amount
    leader: Paddle
    asking_price: Amount
    increment: Amount
    bid_rule: BidRule
    raise_steps_max: int
    max_bids_allowed: bool
    leader_may_raise: bool
    host_may_hammer: bool
    fair_warnings_min: int
    has_reserve: bool
    is_reserve_met: bool
    opens_at_us: TimeUs
    ends_at_us: TimeUs
    resumes_at_us: TimeUs
    soft_close_window_us: int
    freeze_cause: FreezeCause | None
    freeze_reason: str
    phase: int
    bidders: int
    bids: int
    extensions: int
    warnings: int
    winner: Paddle
    hammer_price: Amount


def lot_view(lot: Lot) -> LotView:
    """Return the public state of a lot; before it opens, that of its first phase to come."""
    phase = lot.phase
    terms = lot.terms.programme[0] if phase is None else phase.terms
    price = 0 if phase is None else phase.price
    opening = lot.terms.opening_price
    return LotView(
        lot=lot.id,
        state=lot.state,
        currency=lot.terms.currency,
        opening_price=opening,
        price=price,
        leader=0 if phase is None else phase.leader,
        asking_price=opening if phase is None else phase.asking_price,
        increment=terms.increments[0].increment if phase is None else phase.increment,
        bid_rule=terms.bid_rule,
        raise_steps_max=terms.raise_steps_max or 0,
        max_bids_allowed=terms.max_bids_allowed,
        leader_may_raise=terms.leader_may_raise,
        host_may_hammer=terms.host_may_hammer,
        fair_warnings_min=terms.fair_warnings_min,
        has_reserve=lot.reserve_price > 0,
        is_reserve_met=price >= lot.reserve_price,
        opens_at_us=lot.terms.opens_at_us,
        ends_at_us=0 if phase is None else phase.ends_at_us,
        resumes_at_us=lot.resumes_at_us,
        soft_close_window_us=terms.soft_close_window_us,
        freeze_cause=lot.freeze_cause,
        freeze_reason=lot.freeze_reason,
        phase=0 if phase is None else phase.index,
        bidders=len(lot.paddles),
        bids=0 if phase is None else phase.bids,
        extensions=0 if phase is None else phase.extensions,
        warnings=0 if phase is None else phase.warnings,
        winner=lot.winner,
        hammer_price=lot.hammer_price,
    )
