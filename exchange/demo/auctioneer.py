"""What the demo centre's robot host does: ends lots that only a host can end, confirms sales, frees forgotten lots.

Belongs here: a pure policy over a lot's state.
Does not belong here: lots that the clock ends; those are left to it, and to visitors who play the host.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from exchange.simulation.bidders import Bidder
from exchange.simulation.clerk import wishes
from matching.commands import Command, GiveFairWarning, HammerLot, HostCommand, ResumeLot
from matching.events import FreezeCause
from matching.lot import Lot, LotState, decide
from matching.refusals import Refused
from matching.terms import MINUTE_US, SECOND_US
from matching.units import DurationUs, StaffId, TimeUs
from matching.view import LotView

SILENCE_BEFORE_WARNING_US = 30 * SECOND_US
SILENCE_BETWEEN_CALLS_US = 10 * SECOND_US
SILENCE_BEFORE_CONFIRMING_US = 25 * SECOND_US
"""A sale that is knocked down waits so long to be confirmed, so that it is seen, and visitors may do it."""

FROZEN_US_MAX = 10 * MINUTE_US
"""A lot that a visitor paused and left is resumed after this long."""


def next_act(view: LotView, unchanged_us: DurationUs, by: StaffId) -> HostCommand | None:
    """Return what the robot host does now, if anything.

    Args:
        view: public state of the lot.
        unchanged_us: for how long nothing has happened in the lot.
        by: the account of the robot host.
    """
    if view.state is LotState.FROZEN and view.freeze_cause is FreezeCause.HOST:
        return ResumeLot(view.lot, by) if unchanged_us >= FROZEN_US_MAX else None
    if view.state is not LotState.OPEN or view.ends_at_us or not view.host_may_hammer:
        return None
    if unchanged_us < (SILENCE_BETWEEN_CALLS_US if view.warnings else SILENCE_BEFORE_WARNING_US):
        return None
    if view.warnings < view.fair_warnings_min:
        return GiveFairWarning(view.lot, by)
    return HammerLot(view.lot, by)


def clerks_act(
    lot: Lot, robots: Sequence[Bidder], unchanged_us: DurationUs, by: StaffId, now_us: TimeUs, chance: Random
) -> Command | None:
    """Return what the robot host does as the clerk of a lot: confirm a sale, pass on seeds, publish a beacon round.

    Args:
        lot: the lot as the engine holds it.
        robots: the robots in it, whose seeds the clerk passes on.
        unchanged_us: for how long nothing has happened in the lot.
        by: the account of the robot host.
        now_us: the moment of deciding.
        chance: the source of what the clerk makes up.
    """
    if lot.state is LotState.KNOCKED_DOWN and unchanged_us < SILENCE_BEFORE_CONFIRMING_US:
        return None
    wanted = wishes(lot, robots, now_us, chance, by)
    return next((one for one in wanted if not isinstance(decide(lot, one, now_us), Refused)), None)
