"""What the demo centre's robot host does: it ends lots that only a host can end, and frees forgotten ones.

Belongs here: a pure policy over a lot's public state.
Does not belong here: lots that the clock ends; those are left to it, and to visitors who play the host.
"""

from __future__ import annotations

from matching.commands import GiveFairWarning, HammerLot, HostCommand, ResumeLot
from matching.events import FreezeCause
from matching.lot import LotState
from matching.terms import MINUTE_US, SECOND_US
from matching.units import DurationUs, StaffId
from matching.view import LotView

SILENCE_BEFORE_WARNING_US = 30 * SECOND_US
SILENCE_BETWEEN_CALLS_US = 10 * SECOND_US
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
    if view.state is not LotState.OPEN or view.ends_at_us:
        return None
    if unchanged_us < (SILENCE_BETWEEN_CALLS_US if view.warnings else SILENCE_BEFORE_WARNING_US):
        return None
    if view.warnings < view.fair_warnings_min:
        return GiveFairWarning(view.lot, by)
    return HammerLot(view.lot, by)
