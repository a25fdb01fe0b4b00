"""Bidding in something else once the price is capped: area to be built, share to be held, cash.

The price stays at its cap, and the leader pays it. Whoever reached the cap opens with a quantity of 0; the quantity
only rises, by whole steps, until a countdown passes without a bid or the phase's own cap is reached. What follows then
decides among all at that cap; a phase that ended below its cap has a winner, and leaves `is_capped` false.

A phase that begins with a quantity goes on from it: the same dimension in a later part of the programme.

Source: see `matching.terms.second_dimension`.
"""

from __future__ import annotations

from typing import Self

from msgspec import field, structs

from matching.commands import BidderCommand, PlaceBid
from matching.details import Act, Dimension, PhaseView
from matching.events import BidPlaced, CapReached, Event, LotExtended, LotResumed, PhaseBegan, Place
from matching.phases.entrants import is_among
from matching.phases.phase import Decided, Phase
from matching.phases.standing import Closing, Standing
from matching.refusals import Refusal, Refused
from matching.setting import Setting
from matching.terms.phase import PhaseTerms
from matching.terms.second_dimension import SecondDimensionTerms
from matching.units import QUANTITY_MAX, Paddle, Quantity, TimeUs


class SecondDimensionPhase(Phase, kw_only=True, tag="second_dimension"):
    """State of one phase of bidding in a second dimension. Times are microseconds, quantities units of the terms."""

    terms: SecondDimensionTerms
    quantity: Quantity = 0
    """What the leader has bid; 0 while it is only the price that he has reached."""
    hard_end_us: TimeUs = 0
    eligible: tuple[Paddle, ...] | None = None
    """Who may bid, in ascending order; None for everybody."""
    offers: dict[Paddle, Quantity] = field(default_factory=dict)
    """The best bid of each paddle here, from the least to the greatest."""
    extensions: int = 0

    @classmethod
    def begin(
        cls, terms: PhaseTerms, setting: Setting, index: int, standing: Standing, at_us: TimeUs
    ) -> list[Event]:
        """Return the event that starts the phase; none unless the price is capped and the quantity is not."""
        assert isinstance(terms, SecondDimensionTerms)
        if not standing.is_capped or _is_stopped(terms, standing.quantity):
            return []
        return [PhaseBegan(index, at_us + terms.duration_us)]

    @classmethod
    def begun(
        cls, terms: PhaseTerms, setting: Setting, event: PhaseBegan, standing: Standing, at_us: TimeUs
    ) -> Self:
        """Return the phase that `event`, recorded at `at_us`, started."""
        assert isinstance(terms, SecondDimensionTerms)
        phase = super().begun(terms, setting, event, standing, at_us)
        phase.quantity = standing.quantity
        phase.hard_end_us = 0 if terms.hard_end_after_us is None else at_us + terms.hard_end_after_us
        phase.eligible = None if standing.eligible is None else tuple(sorted(standing.eligible))
        return phase

    @property
    def standing(self) -> Standing:
        """Who leads at the cap price, with what quantity, and who comes after him."""
        return structs.replace(self.unfinished, is_capped=not self.terms.cap or self._is_stopped)

    @property
    def unfinished(self) -> Standing:
        """The same, with the price still at its cap and the second dimension still open."""
        return structs.replace(
            self.given,
            leader=self.leader,
            limit=0,
            bids=self.bids,
            quantity=self.quantity,
            places=self._places(),
            tied=() if self.offers else self.given.tied,
        )

    @property
    def asking_quantity(self) -> Quantity:
        """The least next bid."""
        return self.quantity + self.terms.step if self.quantity else self.terms.start

    def view(self, setting: Setting) -> PhaseView:
        """Return the least next bid and the step in units of the second dimension, and the price at its cap."""
        terms = self.terms
        detail = Dimension(self.price, terms.unit, terms.cap, self.quantity)
        return PhaseView(self.asking_quantity, terms.step, (Act.BID,), detail)

    def decide(self, setting: Setting, command: BidderCommand, paddle: Paddle, at_us: TimeUs) -> Decided:
        """Return the events of a bid of so many units, or why it is refused.

        Refuses: NOT_ELIGIBLE, NOT_TAKEN_NOW, AMOUNT_OUT_OF_RANGE, LEADER_MAY_NOT_RAISE, BELOW_ASKING_PRICE,
            NOT_ON_STEP, ABOVE_LARGEST_RAISE, ABOVE_CAP.
        """
        if self.eligible is not None and not is_among(self.eligible, paddle):
            return Refused(Refusal.NOT_ELIGIBLE)
        if not isinstance(command, PlaceBid):
            return Refused(Refusal.NOT_TAKEN_NOW)
        refused = self._refusal(command.amount, paddle)
        if refused is not None:
            return refused
        bid = BidPlaced(paddle, command.amount)
        if not _is_stopped(self.terms, command.amount):
            return [bid, *self._extension(at_us)]
        events: list[Event] = [bid, CapReached(command.amount)]
        return Closing(events, self._after(events, at_us))

    def apply(self, event: Event, at_us: TimeUs) -> None:
        """Take over one of the phase's events."""
        match event:
            case BidPlaced():
                self.leader = event.paddle
                self.quantity = event.amount
                self.bids += 1
                self.warnings = 0
                self.offers.pop(event.paddle, None)
                self.offers[event.paddle] = event.amount
            case LotExtended():
                self.ends_at_us = event.ends_at_us
                self.extensions = event.extension
            case LotResumed():
                if self.hard_end_us:
                    self.hard_end_us += event.ends_at_us - self.ends_at_us
                super().apply(event, at_us)
            case _:
                super().apply(event, at_us)

    @property
    def _is_stopped(self) -> bool:
        return _is_stopped(self.terms, self.quantity)

    def _refusal(self, quantity: Quantity, paddle: Paddle) -> Refused | None:
        terms = self.terms
        asking, step = self.asking_quantity, terms.step
        if not 0 < quantity <= QUANTITY_MAX:
            return Refused(Refusal.AMOUNT_OUT_OF_RANGE, asking, step, QUANTITY_MAX)
        # Whoever only reached the price may open the second dimension too: there he has bid nothing yet.
        if paddle == self.leader and self.quantity and not terms.leader_may_raise:
            return Refused(Refusal.LEADER_MAY_NOT_RAISE)
        if quantity < asking:
            return Refused(Refusal.BELOW_ASKING_PRICE, asking, step)
        if (quantity - asking) % step:
            return Refused(Refusal.NOT_ON_STEP, asking, step)
        if terms.raise_steps_max is not None and quantity > asking + terms.raise_steps_max * step:
            return Refused(Refusal.ABOVE_LARGEST_RAISE, asking, step, asking + terms.raise_steps_max * step)
        if terms.cap and quantity > terms.cap:
            return Refused(Refusal.ABOVE_CAP, asking, step, terms.cap - (terms.cap - asking) % step)
        return None

    def _extension(self, at_us: TimeUs) -> list[Event]:
        """Return the moved end after a bid inside the soft-close window."""
        terms = self.terms
        if self.ends_at_us - at_us > terms.soft_close_window_us:
            return []
        if terms.extensions_max is not None and self.extensions >= terms.extensions_max:
            return []
        ends_at_us = at_us + terms.extension_us
        if self.hard_end_us:
            ends_at_us = min(ends_at_us, self.hard_end_us)
        return [LotExtended(ends_at_us, self.extensions + 1)] if ends_at_us > self.ends_at_us else []

    def _after(self, events: list[Event], at_us: TimeUs) -> Standing:
        later = structs.replace(self, offers=dict(self.offers))
        for event in events:
            later.apply(event, at_us)
        return later.standing

    def _places(self) -> tuple[Place, ...]:
        """Those who bid here, the greatest quantity first, then those who only named prices."""
        here = [Place(paddle, self.price, quantity=units) for paddle, units in reversed(self.offers.items())]
        before = [place for place in self.given.places if place.paddle not in self.offers]
        return (*here, *before)


def _is_stopped(terms: SecondDimensionTerms, quantity: Quantity) -> bool:
    """Whether a bid of `quantity` is where the phase ends: at its cap, or less than a step from it."""
    return quantity > 0 and terms.cap > 0 and quantity + terms.step > terms.cap
