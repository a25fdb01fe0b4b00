"""A Dutch clock: the price comes towards the bidders step by step, and the first who accepts it has won the phase.

Source: sales of bank assets by a Dutch auction, alone or with sealed and best bids after it.
"""

from __future__ import annotations

from typing import Self

from msgspec import structs

from matching.commands import BidderCommand, PlaceBid
from matching.details import Act, PhaseView, Rounds
from matching.events import BidPlaced, Event, LotResumed, PassReason, PhaseBegan, Place, RoundBegan
from matching.phases.phase import Decided, Phase
from matching.phases.standing import Closing, Standing
from matching.refusals import Refusal, Refused
from matching.setting import Setting
from matching.terms.dutch import DutchTerms
from matching.terms.phase import PhaseTerms
from matching.units import AMOUNT_MAX, NOBODY, Amount, Paddle, TimeUs


class DutchPhase(Phase, kw_only=True, tag="dutch"):
    """State of a Dutch clock. Prices are minor units, times microseconds."""

    terms: DutchTerms
    sign: int
    """+1 where the price falls towards the buyers, -1 where it climbs towards the suppliers."""
    opening_price: Amount
    planned_end_us: TimeUs
    """When the clock would have shown its last price long enough."""
    number: int = 1
    """The tick that runs, or that the first pause comes before."""
    is_pause: bool = True

    @classmethod
    def begin(
        cls, terms: PhaseTerms, setting: Setting, index: int, standing: Standing, at_us: TimeUs
    ) -> list[Event]:
        """Return the events that start the clock; none when somebody leads already."""
        assert isinstance(terms, DutchTerms)
        if standing.leader != NOBODY:
            return []
        opening_price, is_pause = setting.terms.opening_price, terms.first_pause_us > 0
        ends_at_us = at_us + (terms.first_pause_us or terms.tick_us)
        return [PhaseBegan(index, ends_at_us), RoundBegan(1, ends_at_us, opening_price, is_pause=is_pause)]

    @classmethod
    def begun(
        cls, terms: PhaseTerms, setting: Setting, event: PhaseBegan, standing: Standing, at_us: TimeUs
    ) -> Self:
        """Return the phase that `event`, recorded at `at_us`, started."""
        assert isinstance(terms, DutchTerms)
        opening_price = setting.terms.opening_price
        ticks = terms.ticks(opening_price, setting.sign)
        return cls(
            terms=terms,
            index=event.index,
            ends_at_us=event.ends_at_us,
            given=standing,
            bids=standing.bids,
            sign=setting.sign,
            opening_price=opening_price,
            planned_end_us=at_us + terms.first_pause_us + ticks * terms.tick_us,
        )

    @classmethod
    def preview(cls, terms: PhaseTerms, setting: Setting) -> PhaseView:
        """Return what can be shown before the opening: the first price and the step."""
        assert isinstance(terms, DutchTerms)
        opening_price = setting.terms.opening_price
        return PhaseView(opening_price, terms.step_at(opening_price))

    @property
    def standing(self) -> Standing:
        """Whoever accepted leads, and has a place; without him the lot has passed, if the terms say so."""
        if self.leader == NOBODY and self.terms.passes_if_unaccepted:
            return structs.replace(self.given, pass_reason=PassReason.NO_BIDS)
        return self._standing_with(self.leader, self.price)

    @property
    def unfinished(self) -> Standing:
        """The same, with the clock still running."""
        return self._standing_with(self.leader, self.price)

    @property
    def called(self) -> Amount:
        """The price of the tick."""
        return self.terms.price_at(self.opening_price, self.sign, self.number)

    def view(self, setting: Setting) -> PhaseView:
        """Return the price and which of the prices it is."""
        ticks = self.terms.ticks(self.opening_price, self.sign)
        detail = Rounds(self.number, ticks, self.called, is_pause=self.is_pause)
        step = self.terms.step_at(self.opening_price)
        if self.leader:
            return PhaseView(0, step, (), detail)
        return PhaseView(self.called, step, () if self.is_pause else (Act.BID,), detail)

    def decide(self, setting: Setting, command: BidderCommand, paddle: Paddle, at_us: TimeUs) -> Decided:
        """Return the end of the clock when the price is accepted exactly, or why not. Changes nothing.

        Refuses: NOT_ELIGIBLE, NOT_TAKEN_NOW, AMOUNT_OUT_OF_RANGE, BELOW_ASKING_PRICE, ABOVE_ASKING_PRICE.
        """
        if self.given.eligible is not None and paddle not in self.given.eligible:
            return Refused(Refusal.NOT_ELIGIBLE)
        if self.is_pause or not isinstance(command, PlaceBid):
            return Refused(Refusal.NOT_TAKEN_NOW)
        called = self.called
        if not 0 < command.amount <= AMOUNT_MAX:
            return Refused(Refusal.AMOUNT_OUT_OF_RANGE, called, largest=called)
        if command.amount != called:
            is_below = command.amount < called
            return Refused(Refusal.BELOW_ASKING_PRICE if is_below else Refusal.ABOVE_ASKING_PRICE, called)
        return self._accepted(paddle, called, at_us)

    def meet_deadline(self, setting: Setting, at_us: TimeUs) -> list[Event] | Closing:
        """Return the next price; after the last one, or once somebody has accepted, the phase is over."""
        number = self.number if self.is_pause else self.number + 1
        if self.leader or number > self.terms.ticks(self.opening_price, self.sign):
            return Closing([], self.standing)
        price = self.terms.price_at(self.opening_price, self.sign, number)
        return [RoundBegan(number, at_us + self.terms.tick_us, price)]

    def apply(self, event: Event, at_us: TimeUs) -> None:
        """Take over one of the phase's events."""
        match event:
            case BidPlaced():
                self.leader, self.price = event.paddle, event.amount
                self.bids += 1
            case RoundBegan():
                self.number, self.is_pause, self.ends_at_us = event.number, event.is_pause, event.ends_at_us
            case LotResumed():
                self.planned_end_us += event.ends_at_us - self.ends_at_us
                super().apply(event, at_us)
            case _:
                super().apply(event, at_us)

    def _accepted(self, paddle: Paddle, price: Amount, at_us: TimeUs) -> list[Event] | Closing:
        placed = BidPlaced(paddle, price)
        if self.terms.keeps_timetable and at_us < self.planned_end_us:
            return [placed, RoundBegan(self.number, self.planned_end_us, price, is_pause=True)]
        return Closing([placed], self._standing_with(paddle, price))

    def _standing_with(self, leader: Paddle, price: Amount) -> Standing:
        if leader == NOBODY:
            return self.given
        places = (Place(leader, price), *(place for place in self.given.places if place.paddle != leader))
        bids = self.given.bids + 1
        return structs.replace(self.given, leader=leader, price=price, limit=0, bids=bids, places=places)
