"""Parameters of a draw. The behaviour is in `matching.phases.draw`, the arithmetic in `matching.draws`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from matching.problems import Fault, Problem
from matching.terms.phase import Direction, PhaseTerms
from matching.units import Amount, AmountOrZero, Moment, Span, StaffId, TimeUs

PLACES_MAX = 1000
PARTIES_MAX = 100


class Entrants(StrEnum):
    """Among whom the draw is held."""

    TIED = "tied"
    """Those between whom the phase before could not decide."""
    ELIGIBLE = "eligible"
    """Those whom the phase before let through; everybody admitted where it said nothing."""
    PLACES = "places"
    """Those who made an offer."""
    ADMITTED = "admitted"
    """Everybody admitted."""


class Beacon(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A public source of chance, and which of its rounds decides.

    Round r comes out at `genesis_us + (r - 1) * period_us`. The round that decides is `round`, or, where that one came
    out too early (or none is named), the first that comes out at least `delay_us` after the last seed could be shown.
    """

    source: Annotated[str, Meta(min_length=1, max_length=200)]
    """Which beacon, so that anyone finds it: operator, network, chain hash."""
    genesis_us: Moment
    period_us: Annotated[int, Meta(gt=0, le=86_400_000_000)]
    round: Annotated[int, Meta(ge=0, le=2**53 - 1)] = 0
    delay_us: Span = 0

    def comes_out_at_us(self, number: int) -> TimeUs:
        """Return when round `number` is published."""
        return self.genesis_us + (number - 1) * self.period_us

    def round_after(self, at_us: TimeUs) -> int:
        """Return the round that decides when nothing can be added to the draw after `at_us`."""
        since_us = at_us + self.delay_us - self.genesis_us
        first = max(since_us // self.period_us + 2, 1)
        return max(first, self.round)


class DrawTerms(PhaseTerms, frozen=True, tag="draw"):
    """Parameters of a draw. Times are microseconds.

    Source: 摇号 among those who accept a capped price (Nanchang); 农村产权 竞价优先权 (Jiangsu): first, second and
    third are drawn, and called one after the other; 民事执行拍卖变卖规定 art. 13: priority purchasers of one rank draw.
    """

    entrants: Entrants = Entrants.TIED
    places: Annotated[int, Meta(ge=1, le=PLACES_MAX)] = 3
    """How many are drawn, best first; the later ones are runners-up."""
    others_follow: bool = False
    """After the places drawn come those who stood behind the entrants; else nobody is called after them."""
    only_if_capped: bool = False
    """Left out unless the price has reached its cap."""
    price: AmountOrZero = 0
    """What the first drawn pays, in minor units; 0 for the standing price, or the opening price where there is none."""
    entry_us: Span = 0
    """How long those concerned are asked whether they enter; 0: they all do, unasked."""
    parties: Annotated[tuple[StaffId, ...], Meta(max_length=PARTIES_MAX)] = ()
    """Who may give a seed: the notary, the seller, the supervisor."""
    entrants_may_commit: bool = False
    """Every entrant may give a seed too."""
    parties_min: Annotated[int, Meta(ge=0, le=PARTIES_MAX)] = 0
    """With fewer seeds committed the commit period runs again."""
    commit_us: Span = 0
    reveal_us: Span = 0
    attempts_max: Annotated[int, Meta(ge=1, le=20)] = 3
    """How often the commit period runs before the draw is given up (or held by the beacon alone)."""
    beacon: Beacon | None = None

    @property
    def takes_seeds(self) -> bool:
        """Tell whether anybody may give a seed."""
        return bool(self.parties) or self.entrants_may_commit

    def problems(self, opening_price: Amount, direction: Direction) -> list[Problem]:
        """List what makes the parameters unusable; empty when they make sense together."""
        problems = super().problems(opening_price, direction)
        if self.beacon is None and self.parties_min < 2:
            problems.append(Problem(Fault.DRAW_NEEDS_PARTIES, "parties_min"))
        if not self.entrants_may_commit and self.parties_min > len(self.parties):
            problems.append(Problem(Fault.PARTIES_TOO_FEW, "parties_min", len(self.parties)))
        if len(set(self.parties)) < len(self.parties):
            problems.append(Problem(Fault.PARTY_TWICE, "parties"))
        if self.takes_seeds and not (self.commit_us and self.reveal_us):
            problems.append(Problem(Fault.SEED_TIME_ZERO, "commit_us"))
        if not self.takes_seeds and (self.commit_us or self.reveal_us):
            problems.append(Problem(Fault.SEED_TIME_UNUSED, "commit_us"))
        return problems
