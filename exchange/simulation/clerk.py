"""What simulated staff does: it opens sealed offers, enters scores, gives seeds and beacon rounds, lets hammers fall.

Belongs here: commands of staff and of the parties of a draw. Does not belong here: bidders, time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from random import Random

from exchange.simulation.bidders import Bidder
from matching.commands import (
    Command,
    CommitSeed,
    ConfirmSale,
    EnterScores,
    GiveFairWarning,
    HammerLot,
    Opening,
    OpenOffers,
    PublishBeacon,
    RevealSeed,
    Score,
    SetReserve,
)
from matching.draws import seed_commitment
from matching.lot import Lot, LotState
from matching.phases.contest import ContestPhase
from matching.phases.draw import DrawPhase
from matching.phases.multi_unit import MultiUnitPhase
from matching.phases.sealed import SealedPhase
from matching.terms.awarding import CombinedScore
from matching.units import Line, StaffId, TimeUs

CLERK: StaffId = 9_001
NOTARY: StaffId = 9_002
"""Gives a seed where a draw names parties of its own."""

RESERVE_PERCENT = 105
"""A late reserve, in percent of the opening price."""


def wishes(
    lot: Lot, people: Sequence[Bidder], at_us: TimeUs, chance: Random, by: StaffId = CLERK
) -> Iterator[Command]:
    """Return what staff, `by`, would do at `at_us`, in turn; what is refused was not yet due."""
    if lot.state is LotState.KNOCKED_DOWN:
        yield ConfirmSale(lot.id, by)
    phase = lot.phase
    if lot.state is not LotState.OPEN or phase is None:
        return
    if lot.terms.late_reserve is not None and not lot.is_reserve_set:
        percent = RESERVE_PERCENT if lot.sign > 0 else 200 - RESERVE_PERCENT
        yield SetReserve(lot.id, lot.terms.late_reserve.by, lot.terms.opening_price * percent // 100)
    if not phase.due_at_us and getattr(phase.terms, "host_may_hammer", False):
        yield GiveFairWarning(lot.id, by) if phase.warnings < _warnings(lot) else HammerLot(lot.id, by)
    if isinstance(phase, ContestPhase):
        yield from _of_contest(lot, phase, people, chance, by)
    if isinstance(phase, DrawPhase):
        yield from _of_draw(lot, phase, people, by)
    if isinstance(phase, MultiUnitPhase) and phase.terms.beacon is not None:
        yield _beacon(lot, phase.beacon_round, by)


def _warnings(lot: Lot) -> int:
    return getattr(lot.phase and lot.phase.terms, "fair_warnings_min", 0)


def _of_contest(
    lot: Lot, phase: ContestPhase, people: Sequence[Bidder], chance: Random, by: StaffId
) -> Iterator[Command]:
    rule = phase.terms.award
    if isinstance(rule, CombinedScore) and rule.needs_points and phase.points is None:
        scores = [Score(one.paddle, chance.randint(rule.points_max // 2, rule.points_max)) for one in people]
        yield EnterScores(lot.id, by, tuple(scores))
    if isinstance(phase, SealedPhase) and phase.holders:
        inside = {handle: amount for one in people for handle, amount in one.sealed.items()}
        openings = tuple(Opening(handle, (Line(inside[handle]),)) for handle in sorted(phase.holders))
        yield OpenOffers(lot.id, by, openings)


def _of_draw(lot: Lot, phase: DrawPhase, people: Sequence[Bidder], by: StaffId) -> Iterator[Command]:
    parties = [(party, _seed_of(lot, party)) for party in phase.terms.parties]
    if phase.terms.entrants_may_commit:
        parties += [(one.id, one.seed) for one in people]
    for party, seed in parties:
        yield CommitSeed(lot.id, party, seed_commitment(seed))
    for party, seed in parties:
        yield RevealSeed(lot.id, party, seed)
    if phase.terms.beacon is not None:
        yield _beacon(lot, phase.beacon_round, by)


def _seed_of(lot: Lot, party: StaffId) -> str:
    return hashlib.sha256(f"{lot.id} party {party}".encode()).hexdigest()


def _beacon(lot: Lot, number: int, by: StaffId) -> PublishBeacon:
    """Return a round of a beacon as a simulation has it: nobody could foresee it, but it can be played again."""
    return PublishBeacon(lot.id, by, number, hashlib.sha256(f"beacon {number}".encode()).hexdigest())
