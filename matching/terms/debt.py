"""Parameters of a sale for a debt. The behaviour is in `matching.phases.debt`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from matching.increments import IncrementTable, table_problems
from matching.problems import Fault, Problem
from matching.terms.english import BidRule
from matching.terms.items import ITEMS_MAX, SaleItem, item_problems
from matching.terms.phase import DAY_US, MINUTE_US, Direction, PhaseTerms
from matching.units import Amount, AmountOrZero, PositiveAmount, Span


class SaleOrder(StrEnum):
    """Which items are sold first where not all are needed."""

    LISTED = "listed"
    """As the terms list them: those after the one with which the debt is covered are stopped at once."""
    DEAREST = "dearest"
    """The highest price first, so that as few as possible are sold; all stay open to the end."""


class DebtTerms(PhaseTerms, frozen=True, tag="debt"):
    """Parameters of the sale of several items for one debt. Times are microseconds, amounts minor units.

    Source: 民事执行拍卖变卖规定 art. 14 (once what is sold covers debt and costs the rest is stopped, unless the debtor
    agrees that all is sold); 法释〔2016〕18号 art. 20 for the defaults of bidding.
    """

    items: Annotated[tuple[SaleItem, ...], Meta(min_length=1, max_length=ITEMS_MAX)]
    increments: IncrementTable
    debt: PositiveAmount
    costs: AmountOrZero = 0
    """What of the costs of the enforcement has to be covered too."""
    sells_all: bool = False
    """The debtor has agreed that everything is sold, whatever is needed."""
    order: SaleOrder = SaleOrder.LISTED
    bid_rule: BidRule = BidRule.FREE
    duration_us: Span = DAY_US
    soft_close_window_us: Span = 5 * MINUTE_US
    """A bid on any item this near to the end moves the end of all; 0 for a fixed end."""
    extension_us: Span = 5 * MINUTE_US
    """The moved end lies this long after the bid."""
    covered_countdown_us: Span | None = None
    """From when debt and costs are covered, the end lies this long after the last bid; None: it stays where it is."""

    @property
    def target(self) -> Amount:
        """What has to come in: debt and costs."""
        return self.debt + self.costs

    def problems(self, opening_price: Amount, direction: Direction) -> list[Problem]:
        """List what makes the parameters unusable; empty when they make sense together."""
        problems = super().problems(opening_price, direction) + table_problems(self.increments)
        problems += item_problems(self.items)
        if direction is Direction.FALLING:
            problems.append(Problem(Fault.DEBT_PRICES_RISE, "/direction"))
        if not self.duration_us:
            problems.append(Problem(Fault.DURATION_ZERO, "duration_us"))
        if self.soft_close_window_us and not self.extension_us:
            problems.append(Problem(Fault.EXTENSION_ZERO, "extension_us"))
        if self.covered_countdown_us == 0:
            problems.append(Problem(Fault.COVERED_COUNTDOWN_ZERO, "covered_countdown_us"))
        return problems
