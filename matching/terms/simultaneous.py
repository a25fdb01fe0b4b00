"""Parameters of simultaneous rounds over several items. The behaviour is in `matching.phases.simultaneous`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from matching.problems import Fault, Problem
from matching.terms.items import ITEMS_MAX, SaleItem, item_problems
from matching.terms.phase import Direction, PhaseTerms
from matching.units import AMOUNT_MAX, Amount, BasisPoints, Digest, Paddle, PositiveAmount, Span

POINTS_MAX = 10**9
WHOLE_BASIS_POINTS = 10_000

Points = Annotated[int, Meta(ge=0, le=ITEMS_MAX * POINTS_MAX)]
"""What bidding rights are counted in."""


class RoundItem(SaleItem, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One of the things for sale, what bidding for a unit of it takes, and how many units there are in a clock."""

    points: Annotated[int, Meta(ge=1, le=POINTS_MAX)] = 1
    supply: Annotated[int, Meta(ge=1, le=1_000_000)] = 1


class PaddlePoints(Struct, frozen=True, array_like=True):
    """How many points a bidder begins with."""

    paddle: Paddle
    points: Points


class ItemTies(StrEnum):
    """Who comes first among those who bid the same in one round."""

    TIME = "time"
    """Whoever bid it earlier."""
    SEED = "seed"
    """A shuffle by the seed that the terms declare (`matching.draws.tie_order`)."""


class SimultaneousTerms(PhaseTerms, frozen=True, tag="simultaneous"):
    """Parameters of simultaneous rounds. Times are microseconds, prices minor units.

    Source: FCC DA-06-238 for simultaneous multiple rounds; FCC-1002 style for the clock. The figures are the host's.
    """

    items: Annotated[tuple[RoundItem, ...], Meta(min_length=1, max_length=ITEMS_MAX)]
    round_us: Span
    activity_basis_points: BasisPoints
    """The share of his points that a bidder must use in a round to keep them all; 0 for no activity rule."""
    pause_us: Span = 0
    """Between two rounds."""
    increment_basis_points: BasisPoints = 0
    """The least raise as a share of the price, rounded up."""
    increment_min: PositiveAmount = 1
    """The least raise in minor units."""
    waivers: Annotated[int, Meta(ge=0, le=100)] = 0
    """How often a bidder may fall short of the activity rule without losing points."""
    start_points: Points = 0
    """What every bidder begins with; 0 for as many points as all items take together."""
    points_by_paddle: Annotated[tuple[PaddlePoints, ...], Meta(max_length=1000)] = ()
    """What some begin with instead."""
    ties: ItemTies = ItemTies.TIME
    tie_seed: Digest | None = None
    rounds_max: Annotated[int, Meta(ge=1, le=10_000)] = 1000
    is_clock: bool = False
    """The price of an item is called, and bidders say how many units they want of it at which price up to that."""

    @property
    def all_points(self) -> int:
        """As many points as all items take together."""
        return sum(item.points * item.supply for item in self.items)

    def points_at_start(self, paddle: Paddle) -> int:
        """Return with how many points a bidder begins."""
        for given in self.points_by_paddle:
            if given.paddle == paddle:
                return given.points
        return self.start_points or self.all_points

    def step_from(self, price: Amount) -> Amount:
        """Return the least raise from a price."""
        share = -(-price * self.increment_basis_points // WHOLE_BASIS_POINTS)
        return max(self.increment_min, share)

    def clock_price(self, price: Amount) -> Amount:
        """Return how far the clock goes in a round that begins at a price."""
        return min(price + self.step_from(price), AMOUNT_MAX)

    def problems(self, opening_price: Amount, direction: Direction) -> list[Problem]:
        """List what makes the parameters unusable; empty when they make sense together."""
        problems = super().problems(opening_price, direction) + item_problems(self.items)
        if not self.round_us:
            problems.append(Problem(Fault.ROUND_ZERO, "round_us"))
        if (self.ties is ItemTies.SEED) != (self.tie_seed is not None):
            problems.append(Problem(Fault.TIES_AND_SEED, "tie_seed"))
        if self.is_clock and direction is Direction.FALLING:
            problems.append(Problem(Fault.CLOCK_RISES, "/direction"))
        if self.is_clock and self.waivers:
            problems.append(Problem(Fault.CLOCK_HAS_NO_WAIVERS, "waivers"))
        if not self.is_clock and any(item.supply > 1 for item in self.items):
            problems.append(Problem(Fault.UNITS_NEED_CLOCK, "items"))
        return problems
