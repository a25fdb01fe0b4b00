"""What anyone may see of a lot at one moment: the state that pages and programs show.

Belongs here: the public face of a lot and of its records. Nothing withheld ever passes through it.
"""

from __future__ import annotations

from msgspec import Struct

from matching.details import Act, Detail
from matching.events import Award, FreezeCause, Place, PublicEvent
from matching.lot import Lot, LotState
from matching.phases import FORMATS, PHASES
from matching.phases.english import EnglishPhase
from matching.terms import BidRule, Direction, EnglishTerms, GongTerms, PhaseTerms, SecondDimensionTerms
from matching.units import Amount, LotId, Paddle, Quantity, Sequence, TimeUs

NO_ENGLISH_TERMS = EnglishTerms(
    increments=(), max_bids_allowed=False, soft_close_window_us=0, fair_warnings_min=0
)
"""What the rules of English bidding look like where another format runs."""


class PublicRecord(Struct, frozen=True, gc=False):
    """One record of a lot's journal, as the public sees it."""

    sequence: Sequence
    at_us: TimeUs
    event: PublicEvent


class LotView(Struct, frozen=True):
    """Public state of a lot. Amounts are minor units of `currency`, times microseconds, 0 for none.

    `format` names the running phase, or the first to come; `accepts` says what a bidder can do in it now, and
    `detail` what it shows beyond leader, price and deadline. `bid_rule` to `fair_warnings_min`, and
    `soft_close_window_us`, are the phase's rules of bidding, and those of no bidding where it has none.
    """

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
    format: str = "english"
    direction: Direction = Direction.RISING
    accepts: tuple[Act, ...] = ()
    detail: Detail | None = None
    hammer_quantity: Quantity = 0
    runners_up: tuple[Place, ...] = ()
    awards: tuple[Award, ...] = ()
    takes_late_reserve: bool = False
    """A reserve can still be entered by the person whom the terms name."""


def _bid_rule(terms: PhaseTerms) -> BidRule:
    """Return which amounts are bids; rounds of a gong and a second dimension know whole steps alone."""
    if isinstance(terms, GongTerms | SecondDimensionTerms):
        return BidRule.STEP_MULTIPLE
    rule: BidRule = getattr(terms, "bid_rule", BidRule.FREE)
    return rule


def lot_view(lot: Lot) -> LotView:
    """Return the public state of a lot; before it opens, that of its first phase to come."""
    phase = lot.phase
    terms = lot.terms.programme[0] if phase is None else phase.terms
    shown = PHASES[type(terms)].preview(terms, lot) if phase is None else phase.view(lot)
    english = terms if isinstance(terms, EnglishTerms) else NO_ENGLISH_TERMS
    price = 0 if phase is None else phase.price
    return LotView(
        lot=lot.id,
        state=lot.state,
        currency=lot.terms.currency,
        opening_price=lot.terms.opening_price,
        price=price,
        leader=0 if phase is None else phase.leader,
        asking_price=shown.asking_price,
        increment=shown.increment,
        bid_rule=_bid_rule(terms),
        raise_steps_max=getattr(terms, "raise_steps_max", None) or 0,
        max_bids_allowed=getattr(terms, "max_bids_allowed", False),
        leader_may_raise=getattr(terms, "leader_may_raise", True),
        host_may_hammer=english.host_may_hammer,
        fair_warnings_min=english.fair_warnings_min,
        has_reserve=lot.reserve_price > 0,
        is_reserve_met=lot.sign * price >= lot.sign * lot.reserve_price,
        opens_at_us=lot.terms.opens_at_us,
        ends_at_us=0 if phase is None else phase.due_at_us,
        resumes_at_us=lot.resumes_at_us,
        soft_close_window_us=getattr(terms, "soft_close_window_us", 0),
        freeze_cause=lot.freeze_cause,
        freeze_reason=lot.freeze_reason,
        phase=0 if phase is None else phase.index,
        bidders=len(lot.paddles),
        bids=0 if phase is None else phase.bids,
        extensions=phase.extensions if isinstance(phase, EnglishPhase) else 0,
        warnings=0 if phase is None else phase.warnings,
        winner=lot.winner,
        hammer_price=lot.hammer_price,
        format=FORMATS[type(terms)],
        direction=lot.terms.direction,
        accepts=shown.accepts if lot.state is LotState.OPEN else (),
        detail=shown.detail,
        hammer_quantity=lot.hammer_quantity,
        runners_up=lot.runners_up,
        awards=lot.awards,
        takes_late_reserve=lot.terms.late_reserve is not None
        and not lot.is_reserve_set
        and not lot.is_closed,
    )
