"""Parameters of a price that comes towards the bidders until one accepts. Behaviour: `matching.phases.dutch`."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from matching.problems import Fault, Problem
from matching.terms.phase import MINUTE_US, SECOND_US, Direction, PhaseTerms
from matching.units import AMOUNT_MAX, Amount, AmountOrZero, BasisPoints, Span

STEPS_MAX = 100_000
WHOLE = 10_000


class DutchTerms(PhaseTerms, frozen=True, tag="dutch"):
    """Parameters of a Dutch clock. It falls from the opening price in a sale and climbs from it in a purchase.

    Times are microseconds, amounts minor units.
    Source: sales of bank assets: 80 steps of 1 % after the opening price, 81 prices of 5 minutes in 405 minutes.
    """

    steps: Annotated[int, Meta(ge=1, le=STEPS_MAX)] = 80
    """So many prices follow the opening price, each a step away from the one before."""
    step: AmountOrZero = 0
    """A fixed step; or else `step_share`."""
    step_share: BasisPoints = 0
    """The step as a share of the opening price in basis points, rounded half up to the minor unit, once."""
    tick_us: Span = 5 * MINUTE_US
    """How long each price stands."""
    first_pause_us: Span = 30 * SECOND_US
    stop_price: AmountOrZero = 0
    """The last price: the floor of a sale, the ceiling of a purchase. A step beyond it leads to it. 0: none."""
    passes_if_unaccepted: bool = True
    """When nobody accepts the lot has passed; else the programme goes on."""
    keeps_timetable: bool = False
    """When somebody accepts, the next phase still waits for the moment at which the whole clock would have run out."""

    def step_at(self, opening_price: Amount) -> Amount:
        """Return the step in minor units."""
        return self.step or (opening_price * self.step_share * 2 + WHOLE) // (2 * WHOLE)

    def price_at(self, opening_price: Amount, sign: int, number: int) -> Amount:
        """Return the price of tick `number`, counted from 1."""
        price = opening_price - sign * (number - 1) * self.step_at(opening_price)
        return sign * max(sign * price, sign * self.stop_price) if self.stop_price else price

    def ticks(self, opening_price: Amount, sign: int) -> int:
        """Return how many prices the clock shows: one more than steps, unless the stop price is reached before."""
        if not self.stop_price:
            return self.steps + 1
        distance = sign * (opening_price - self.stop_price)
        return min(self.steps, -(-distance // self.step_at(opening_price))) + 1

    def problems(self, opening_price: Amount, direction: Direction) -> list[Problem]:
        """List what makes the parameters unusable; empty when they make sense together."""
        problems = super().problems(opening_price, direction)
        sign = direction.sign
        if bool(self.step) == bool(self.step_share):
            problems.append(Problem(Fault.STEP_TWICE, "step"))
        elif not self.step_at(opening_price):
            problems.append(Problem(Fault.STEP_SHARE_TOO_SMALL, "step_share"))
        elif self.price_at(opening_price, sign, self.steps + 1) <= 0:
            problems.append(Problem(Fault.PRICE_FALLS_TO_NOTHING, "steps"))
        elif self.price_at(opening_price, sign, self.steps + 1) > AMOUNT_MAX:
            problems.append(Problem(Fault.PRICE_BEYOND_ALL, "steps"))
        if not self.tick_us:
            problems.append(Problem(Fault.TICK_ZERO, "tick_us"))
        if self.stop_price and sign * (opening_price - self.stop_price) <= 0:
            problems.append(Problem(Fault.STOP_WRONG_SIDE, "stop_price", opening_price))
        return problems
