"""What a bidder may bid for in the next round, given what he did in this one.

Belongs here: the activity rule. Does not belong here: how activity comes about (`matching.phases.simultaneous`).

Source: FCC DA-06-238: eligibility, activity requirement, waivers.
"""

from __future__ import annotations

from msgspec import Struct

_WHOLE = 10_000


class Rights(Struct, frozen=True, array_like=True):
    """What a bidder may still do: the points that his bids may take together, and the waivers he has left."""

    points: int
    waivers: int


def activity_required(points: int, share_basis_points: int) -> int:
    """Return how many points must be used to keep `points`: the share, rounded up."""
    return -(-points * share_basis_points // _WHOLE)


def rights_after(rights: Rights, activity: int, share_basis_points: int, *, has_waived: bool) -> Rights:
    """Return the rights after a round in which `activity` points were used.

    Whoever falls short uses up a waiver, asked or unasked. Without one he keeps the points to which his activity would
    have been just enough, rounded down.
    """
    if has_waived:
        return Rights(rights.points, rights.waivers - 1)
    if activity >= activity_required(rights.points, share_basis_points):
        return rights
    if rights.waivers:
        return Rights(rights.points, rights.waivers - 1)
    return Rights(min(rights.points, activity * _WHOLE // share_basis_points), 0)
