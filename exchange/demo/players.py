"""What a robot does in a lot of any format: what simulated bidders do, with the patience of a robot on show.

Belongs here: how far a robot goes by now, and when it looks again.
Does not belong here: what can be done in a format (`exchange.simulation.bidders`); lots with nothing but English
bidding, which `robots` plays more finely.
"""

from __future__ import annotations

from random import Random

from msgspec import structs

from exchange.demo.robots import (
    NEVER,
    THINKING_US_MIN,
    Move,
    Seat,
    begins_at_us,
    mean_thinking_us,
    pacing_ceiling,
    thinking_us,
)
from exchange.simulation.bidders import Bidder, next_command
from matching.details import Act
from matching.lot import CLOSED_STATES, Lot, LotState
from matching.terms import SECOND_US, EnglishTerms, FirstRefusalTerms
from matching.units import Amount, DurationUs, TimeUs
from matching.view import LotView

PACED = frozenset({"english", "debt"})
"""Formats in which the price grows with the time of the round; elsewhere robots hold nothing back."""

LOOKS_IN_A_PHASE = 3
"""A phase may last seconds only: a robot means to look this often in what is left of it."""

PATIENCE_US_MIN = THINKING_US_MIN + SECOND_US
QUANTITY_STEPS = 8
"""How far a robot goes in a second dimension, in steps."""


def player(seat: Seat) -> Bidder:
    """Return the robot as simulated bidders are; its paddle comes with its admission."""
    return Bidder(
        id=seat.bidder,
        paddle=0,
        rank=seat.rank,
        limit=seat.valuation,
        quantity_steps=QUANTITY_STEPS,
        sealed={},
        seed=seat.seed,
    )


def next_step(
    lot: Lot,
    view: LotView,
    seat: Seat,
    robot: Bidder,
    planned_us: DurationUs,
    is_against_person: bool,
    now_us: TimeUs,
    chance: Random,
) -> Move:
    """Return what a robot does at `now_us`, and when it looks again.

    Args:
        lot: the lot as the engine holds it; robots look at nothing in it that the public does not see.
        view: its public state.
        seat: the robot and its valuation.
        robot: the same as a simulated bidder; its limit is set to what it would pay by now.
        planned_us: how long the round is meant to be.
        is_against_person: whether somebody who is no robot leads.
        now_us: the moment of deciding.
        chance: the source of everything that the robot leaves to chance.
    """
    if view.state in CLOSED_STATES:
        return Move(None, NEVER)
    if view.state is not LotState.OPEN:
        return Move(None, begins_at_us(view, now_us) + thinking_us(PATIENCE_US_MIN, chance))
    robot.limit = seat.valuation if is_against_person else _limit(lot, view, seat, planned_us, now_us)
    looks_at_us = now_us + thinking_us(_mean_us(view, now_us), chance)
    if _waits(lot, view, robot):
        return Move(None, looks_at_us)
    return Move(next_command(lot, view, robot, chance), looks_at_us)


def _waits(lot: Lot, view: LotView, robot: Bidder) -> bool:
    """Tell whether a holder leaves the bidding to others, because he is asked about the final price afterwards."""
    to_come = lot.terms.programme[view.phase + 1 :]
    return robot.rank > 0 and any(isinstance(terms, FirstRefusalTerms) for terms in to_come)


def _limit(lot: Lot, view: LotView, seat: Seat, planned_us: DurationUs, now_us: TimeUs) -> Amount:
    """Return how far a robot goes by now; where English bidding comes again it leaves something for that."""
    if view.format not in PACED:
        return seat.valuation
    to_come = lot.terms.programme[view.phase + 1 :]
    if any(isinstance(terms, EnglishTerms) for terms in to_come):
        view = structs.replace(view, ends_at_us=max(view.ends_at_us, view.opens_at_us + planned_us))
    return pacing_ceiling(view, seat.valuation, now_us)


def _mean_us(view: LotView, now_us: TimeUs) -> DurationUs:
    usual_us = mean_thinking_us(view, now_us)
    left_us = (view.ends_at_us - now_us) // LOOKS_IN_A_PHASE
    return min(usual_us, max(left_us, PATIENCE_US_MIN)) if Act.ORDER not in view.accepts else usual_us
